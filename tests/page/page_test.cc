#include "scenarios/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace causeway::page {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHostile[] = "</script><script>alert(1)</script>\"'&<!--\xff";

Plot SomePlot(const std::string& name) {
  XyPlot plot{.x = {.name = "time", .unit = "h"}, .y = {.name = "value", .unit = "USD"}};
  plot.series.push_back({.name = name, .x = {1, 2, 3}, .y = {4, 5.5, 6}, .low = {}, .high = {}});
  return {.id = "some", .title = name, .caption = name, .what = plot};
}

Page PageWith(Plot plot) {
  Page page{.title = "A page", .subtitle = "", .facts = {}, .sections = {}};
  page.sections.push_back({"Section", {std::move(plot)}});
  return page;
}

// The data of the plots, as the page's script reads it.
nlohmann::json PlotsOf(const std::string& html) {
  const std::string begin = "<script type=\"application/json\" id=\"plots\">";
  const std::size_t at = html.find(begin) + begin.size();
  return nlohmann::json::parse(html.substr(at, html.find("</script>", at) - at));
}

std::size_t CountOf(const std::string& html, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = html.find(what); at != std::string::npos; at = html.find(what, at + 1)) {
    count += 1;
  }
  return count;
}

TEST(RenderPageTest, SamePageGivesTheSameBytes) {
  EXPECT_EQ(RenderPage(PageWith(SomePlot("a"))), RenderPage(PageWith(SomePlot("a"))));
}

TEST(RenderPageTest, PolicyForbidsEveryRequestAndEveryOtherScript) {
  const std::string html = RenderPage(PageWith(SomePlot("a")));
  EXPECT_THAT(html, HasSubstr("default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(html, Not(HasSubstr("unsafe-inline")));
  EXPECT_THAT(html, Not(HasSubstr(" src=")));
  EXPECT_THAT(html, Not(HasSubstr("<link")));
  EXPECT_THAT(html, Not(HasSubstr("@import")));
  EXPECT_THAT(html, Not(HasSubstr("url(")));
  EXPECT_THAT(html, Not(HasSubstr("fetch(")));
  EXPECT_THAT(html, Not(HasSubstr("XMLHttpRequest")));
}

TEST(RenderPageTest, HostileTextsStayTexts) {
  Page page = PageWith(SomePlot(kHostile));
  page.title = page.subtitle = kHostile;
  page.facts.push_back({kHostile, kHostile});
  page.sections[0].heading = kHostile;
  page.sections[0].content.push_back(Table{kHostile, {{kHostile}}, {{kHostile}}, kHostile});
  page.sections[0].content.push_back(Text{kHostile, true});
  const std::string html = RenderPage(page);
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("<!--")));
  EXPECT_EQ(CountOf(html, "<script"), CountOf(RenderPage(PageWith(SomePlot("a"))), "<script"));
  EXPECT_EQ(CountOf(html, "</script"), CountOf(html, "<script"));
  EXPECT_THAT(html, Not(HasSubstr("\xff")));
  EXPECT_EQ(PlotsOf(html)[0]["title"], "</script><script>alert(1)</script>\"'&<!--\xef\xbf\xbd");
}

TEST(RenderPageTest, PlotHasItsDataForTheScriptAndForReaders) {
  const std::string html = RenderPage(PageWith(SomePlot("a")));
  const nlohmann::json plot = PlotsOf(html)[0];
  EXPECT_EQ(plot["kind"], "xy");
  EXPECT_EQ(plot["series"][0]["y"], nlohmann::json({4, 5.5, 6}));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\" class=\"n\">value (USD)</th>"));
  EXPECT_THAT(html, HasSubstr("<tr><td>a</td><td class=\"n\">2</td><td class=\"n\">5.5</td></tr>"));
}

TEST(RenderPageTest, BandsStandInTheTableToo) {
  Plot plot = SomePlot("a");
  auto& series = std::get<XyPlot>(plot.what).series[0];
  series.low = {1, 2, 3};
  series.high = {7, 8, 9};
  EXPECT_THAT(RenderPage(PageWith(plot)),
              HasSubstr("<td class=\"n\">5.5</td><td class=\"n\">2</td><td class=\"n\">8</td>"));
}

TEST(RenderPageTest, NumberThatIsNoneIsAGap) {
  Plot plot = SomePlot("a");
  std::get<XyPlot>(plot.what).series[0].y[1] = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(PlotsOf(RenderPage(PageWith(plot)))[0]["series"][0]["y"][1].is_null());
}

TEST(RenderPageTest, TimesAreReadable) {
  Plot plot = SomePlot("a");
  auto& xy = std::get<XyPlot>(plot.what);
  xy.x.scale = Scale::kTime;
  xy.series[0].x = {0, 500, 1000};
  EXPECT_THAT(RenderPage(PageWith(plot)), HasSubstr("1970-01-01T00:00:00.500000Z"));
}

// Two days of eight hours from 09:00: the 13th hour is 14:00 of the second.
TEST(RenderPageTest, TimesOfSeveralDaysNameTheDay) {
  Plot plot = SomePlot("a");
  auto& xy = std::get<XyPlot>(plot.what);
  const double hour_ms = 3'600'000;
  xy.x = {.name = "day and time",
          .unit = "",
          .scale = Scale::kDays,
          .hours = {{"2026-11-30", "2026-12-01"}, 9 * hour_ms, 17 * hour_ms}};
  xy.series[0].x = {0, 13 * hour_ms, 16 * hour_ms};
  const std::string html = RenderPage(PageWith(plot));
  EXPECT_THAT(html, HasSubstr("2026-11-30 09:00:00"));
  EXPECT_THAT(html, HasSubstr("2026-12-01 14:00:00"));
  EXPECT_THAT(html, HasSubstr("2026-12-01 17:00:00"));
  EXPECT_EQ(PlotsOf(html)[0]["x"]["days"][1], "2026-12-01");
}

// Of five days the page once showed three, and no sign of the others.
TEST(RenderPageTest, TablesOfNumbersMayUseTheWidthOfTheWindow) {
  Page page{.title = "A page", .subtitle = "", .facts = {}, .sections = {}};
  page.sections.push_back({"Section",
                           {Table{"", {{"what"}, {"day 1", true}}, {{"a", "1"}}, ""},
                            Table{"", {{"what"}, {"value"}}, {{"b", "a long text"}}, ""}}});
  const std::string html = RenderPage(page);
  EXPECT_EQ(CountOf(html, "<div class=\"scroll wide\">"), 1U);
  EXPECT_EQ(CountOf(html, "<div class=\"scroll\">"), 1U);
}

TEST(RenderPageTest, PlotOfNothingIsSaidAndNotDrawn) {
  const Plot plot{.id = "none", .title = "Nothing", .caption = "", .what = BarPlot()};
  const std::string html = RenderPage(PageWith(plot));
  EXPECT_THAT(html, HasSubstr("Nothing: nothing to show."));
  EXPECT_TRUE(PlotsOf(html).empty());
}

TEST(RenderPageTest, LicenceOfTheLibraryIsKept) {
  const std::string html = RenderPage(PageWith(SomePlot("a")));
  EXPECT_THAT(html, HasSubstr("Copyright 2010-2021 Mike Bostock"));
  EXPECT_THAT(html, HasSubstr("Redistributions in binary form must reproduce"));
}

TEST(KeepLargestLinksTest, OrderStays) {
  NetworkPlot plot;
  plot.links = {{0, 1, 5}, {1, 0, 1}, {0, 2, 7}, {2, 0, 5}};
  EXPECT_FALSE(KeepLargestLinks(plot, 4));
  EXPECT_TRUE(KeepLargestLinks(plot, 2));
  ASSERT_EQ(plot.links.size(), 2u);
  EXPECT_EQ(plot.links[0].value, 5);
  EXPECT_EQ(plot.links[0].to, 1u);
  EXPECT_EQ(plot.links[1].value, 7);
}

TEST(RenderPageDeathTest, LinkOutOfTheNetworkIsABug) {
  NetworkPlot network;
  network.nodes.push_back({"a", "", 1});
  network.links.push_back({0, 1, 1});
  const Plot plot{.id = "map", .title = "Map", .caption = "", .what = network};
  EXPECT_DEATH(RenderPage(PageWith(plot)), "a link has its ends");
}

}  // namespace
}  // namespace causeway::page
