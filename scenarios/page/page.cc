#include "scenarios/page/page.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/page/assets.h"
#include "scenarios/text/text.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/time.h"

namespace causeway::page {
namespace {

using Json = nlohmann::ordered_json;

std::string_view ScaleName(Scale scale) {
  switch (scale) {
    case Scale::kLinear:
      return "linear";
    case Scale::kLog:
      return "log";
    case Scale::kTime:
      return "time";
    case Scale::kSeconds:
      return "seconds";
    case Scale::kDays:
      return "days";
    case Scale::kNines:
      break;
  }
  return "nines";
}

std::string_view MarkName(Mark mark) {
  switch (mark) {
    case Mark::kLine:
      return "line";
    case Mark::kStep:
      return "step";
    case Mark::kPoints:
      return "points";
    case Mark::kBars:
      break;
  }
  return "bars";
}

Json AxisJson(const Axis& axis) {
  Json json = {{"name", axis.name}, {"unit", axis.unit}, {"scale", ScaleName(axis.scale)}};
  if (axis.scale == Scale::kDays) {
    CW_CHECK(!axis.hours.days.empty() && axis.hours.closes_ms > axis.hours.opens_ms,
             "an axis of days has hours in which they are open");
    json["days"] = axis.hours.days;
    json["opens"] = axis.hours.opens_ms;
    json["closes"] = axis.hours.closes_ms;
  }
  return json;
}

// JSON has no other numbers, and a plot leaves gaps for null.
Json NumbersJson(const std::vector<double>& numbers) {
  Json json = Json::array();
  for (const double number : numbers) {
    const bool whole = std::trunc(number) == number && std::abs(number) < 1e15;
    if (!std::isfinite(number)) {
      json.push_back(nullptr);
    } else if (whole) {
      json.push_back(static_cast<std::int64_t>(number));
    } else {
      json.push_back(number);
    }
  }
  return json;
}

struct PlotData {
  Json operator()(const XyPlot& plot) const {
    Json all = Json::array();
    for (const Series& series : plot.series) {
      const std::size_t size = series.mark == Mark::kBars ? series.y.size() + 1 : series.y.size();
      CW_CHECK(series.x.size() == size || series.y.empty(), "a series has as many x as y");
      CW_CHECK(series.low.size() == series.high.size() &&
                   (series.low.empty() || series.low.size() == series.y.size()),
               "a band is as long as its series");
      CW_CHECK(series.x.size() <= kPlotItemsMax, "a series has too many points for a page");
      Json json = {{"name", series.name},
                   {"mark", MarkName(series.mark)},
                   {"x", NumbersJson(series.x)},
                   {"y", NumbersJson(series.y)}};
      if (!series.low.empty()) {
        json["low"] = NumbersJson(series.low);
        json["high"] = NumbersJson(series.high);
      }
      all.push_back(std::move(json));
    }
    return {{"kind", "xy"}, {"x", AxisJson(plot.x)}, {"y", AxisJson(plot.y)}, {"series", all}};
  }
  Json operator()(const BarPlot& plot) const {
    CW_CHECK(plot.values.size() == plot.parts.size(), "each part of the bars has values");
    CW_CHECK(plot.categories.size() * plot.parts.size() <= kPlotItemsMax, "too many bars");
    Json values = Json::array();
    for (const std::vector<double>& part : plot.values) {
      CW_CHECK(part.size() == plot.categories.size(), "each bar has a value");
      values.push_back(NumbersJson(part));
    }
    return {{"kind", "bars"},
            {"value", AxisJson(plot.value)},
            {"categories", plot.categories},
            {"parts", plot.parts},
            {"values", values}};
  }
  Json operator()(const NetworkPlot& plot) const {
    CW_CHECK(plot.nodes.size() + plot.links.size() <= kPlotItemsMax, "too large a network");
    Json nodes = Json::array();
    for (const NetworkPlot::Node& node : plot.nodes) {
      nodes.push_back({{"name", node.name}, {"group", node.group}, {"size", node.size}});
    }
    Json links = Json::array();
    for (const NetworkPlot::Link& link : plot.links) {
      CW_CHECK(link.from < plot.nodes.size() && link.to < plot.nodes.size(), "a link has its ends");
      links.push_back({{"from", link.from}, {"to", link.to}, {"value", link.value}});
    }
    return {{"kind", "network"},
            {"unit", plot.unit},
            {"group", plot.group},
            {"nodes", nodes},
            {"links", links}};
  }
};

// The shortest decimal that is the number.
std::string Number(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : std::string();
}

std::string TimeText(double milliseconds) {
  if (!std::isfinite(milliseconds)) return "";
  const auto micros = static_cast<std::int64_t>(milliseconds * 1000);
  return core::LedgerTime::FromMicros(micros).ToString();
}

// "1 09:30:00" for a time of an axis of days; the close of the last day, not of others, is of it.
std::string DayText(const OpeningHours& hours, double milliseconds) {
  if (!std::isfinite(milliseconds)) return "";
  const double length = hours.closes_ms - hours.opens_ms;
  const auto last = static_cast<double>(hours.days.size() - 1);
  const double day = std::clamp(std::floor(milliseconds / length), 0.0, last);
  const auto seconds =
      static_cast<std::int64_t>((milliseconds - day * length + hours.opens_ms) / 1000);
  return fmt::format("{} {:02}:{:02}:{:02}", hours.days[static_cast<std::size_t>(day)],
                     seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string AxisText(const Axis& axis, double value) {
  if (axis.scale == Scale::kTime) return TimeText(value);
  if (axis.scale == Scale::kDays) return DayText(axis.hours, value);
  return Number(value);
}

std::string Titled(const Axis& axis) {
  return axis.unit.empty() ? axis.name : fmt::format("{} ({})", axis.name, axis.unit);
}

// The numbers of a plot, for its table.
struct PlotTable {
  Table operator()(const XyPlot& plot) const {
    const bool banded = std::any_of(plot.series.begin(), plot.series.end(),
                                    [](const Series& series) { return !series.low.empty(); });
    Table table;
    table.columns = {{"series"}, {Titled(plot.x), true}, {Titled(plot.y), true}};
    if (banded) table.columns.insert(table.columns.end(), {{"low", true}, {"high", true}});
    for (const Series& series : plot.series) {
      for (std::size_t i = 0; i < series.y.size(); ++i) {
        const double x = series.x[i];
        std::vector<std::string> row = {series.name, AxisText(plot.x, x), Number(series.y[i])};
        if (banded) {
          const bool has = !series.low.empty();
          row.push_back(has ? Number(series.low[i]) : "");
          row.push_back(has ? Number(series.high[i]) : "");
        }
        table.rows.push_back(std::move(row));
      }
    }
    return table;
  }
  Table operator()(const BarPlot& plot) const {
    Table table;
    table.columns = {{plot.category}};
    for (const std::string& part : plot.parts) {
      const std::string unit = plot.value.unit.empty() ? plot.value.name : plot.value.unit;
      table.columns.push_back({fmt::format("{} ({})", part, unit), true});
    }
    for (std::size_t i = 0; i < plot.categories.size(); ++i) {
      std::vector<std::string> row = {plot.categories[i]};
      for (const std::vector<double>& part : plot.values) row.push_back(Number(part[i]));
      table.rows.push_back(std::move(row));
    }
    return table;
  }
  Table operator()(const NetworkPlot& plot) const {
    Table table;
    table.columns = {{"from"}, {"to"}, {plot.unit, true}};
    for (const NetworkPlot::Link& link : plot.links) {
      table.rows.push_back(
          {plot.nodes[link.from].name, plot.nodes[link.to].name, Number(link.value)});
    }
    return table;
  }
};

std::string TableHtml(const Table& table, std::string_view id) {
  // A table of numbers may take more of the window than text does.
  const bool wide = id.empty() && std::any_of(table.columns.begin(), table.columns.end(),
                                              [](const Column& column) { return column.number; });
  std::string html = id.empty()
                         ? fmt::format("<div class=\"scroll{}\"><table>\n", wide ? " wide" : "")
                         : fmt::format("<div class=\"scroll\"><table id=\"{}\">\n", id);
  html += "<thead><tr>";
  for (const Column& column : table.columns) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", column.number ? " class=\"n\"" : "",
                        text::EscapeHtml(column.name));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      html += fmt::format("<td{}>{}</td>",
                          i < table.columns.size() && table.columns[i].number ? " class=\"n\"" : "",
                          text::EscapeHtml(row[i]));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

bool IsEmpty(const Plot& plot) {
  if (const auto* xy = std::get_if<XyPlot>(&plot.what)) {
    return std::all_of(xy->series.begin(), xy->series.end(),
                       [](const Series& series) { return series.y.empty(); });
  }
  if (const auto* bars = std::get_if<BarPlot>(&plot.what)) return bars->categories.empty();
  return std::get<NetworkPlot>(plot.what).nodes.empty();
}

// Writes the parts of a page in order, and collects the plots' data on the way.
class Writer {
 public:
  std::string Body(const Page& page) {
    std::string html = fmt::format("<main>\n<h1>{}</h1>\n", text::EscapeHtml(page.title));
    if (!page.subtitle.empty()) {
      html += fmt::format("<p class=\"subtitle\">{}</p>\n", text::EscapeHtml(page.subtitle));
    }
    if (!page.facts.empty()) html += "<dl class=\"facts\">\n";
    for (const Fact& fact : page.facts) {
      const char* verdict = fact.verdict == Verdict::kGood  ? " class=\"good\""
                            : fact.verdict == Verdict::kBad ? " class=\"bad\""
                                                            : "";
      html += fmt::format("<div><dt>{}</dt><dd{}>{}</dd></div>\n", text::EscapeHtml(fact.name),
                          verdict, text::EscapeHtml(fact.value));
    }
    if (!page.facts.empty()) html += "</dl>\n";
    html +=
        "<noscript><p class=\"note\">Plots are drawn by a script of this page; without it, the "
        "tables below them hold their data.</p></noscript>\n";
    for (const Section& section : page.sections) {
      html += fmt::format("<section>\n<h2>{}</h2>\n", text::EscapeHtml(section.heading));
      for (const auto& part : section.content) {
        html += std::visit([this](const auto& each) { return Html(each); }, part);
      }
      html += "</section>\n";
    }
    return html + "</main>\n";
  }
  const Json& plots() const { return plots_; }

 private:
  std::string Html(const Plot& plot) {
    CW_CHECK(!plot.id.empty() && std::all_of(plot.id.begin(), plot.id.end(),
                                             [](char c) {
                                               return (c >= 'a' && c <= 'z') ||
                                                      (c >= '0' && c <= '9') || c == '-';
                                             }),
             "the id of a plot is of small letters, digits and '-'");
    if (IsEmpty(plot)) {
      return fmt::format("<p class=\"note\">{}: nothing to show.</p>\n",
                         text::EscapeHtml(plot.title));
    }
    Json json = {{"id", plot.id}, {"title", plot.title}};
    json.update(std::visit(PlotData(), plot.what));
    plots_.push_back(std::move(json));
    figures_ += 1;
    const char* kind = std::holds_alternative<XyPlot>(plot.what)    ? "xy"
                       : std::holds_alternative<BarPlot>(plot.what) ? "bars"
                                                                    : "network";
    std::string html =
        fmt::format("<figure>\n<div class=\"plot {}\" id=\"plot-{}\">", kind, plot.id);
    // The height that the bars will have, so that nothing below them moves.
    if (const auto* bars = std::get_if<BarPlot>(&plot.what)) {
      html +=
          fmt::format("<svg width=\"1\" height=\"{}\"></svg>", bars->categories.size() * 26 + 78);
    }
    html += fmt::format(
        "</div>\n<figcaption><b>Figure {}. {}.</b> {}</figcaption>\n"
        "<div class=\"tools\" id=\"tools-{}\"></div>\n"
        "<details class=\"data\"><summary>Data of figure {}</summary>\n{}</details>\n</figure>\n",
        figures_, text::EscapeHtml(plot.title), text::EscapeHtml(plot.caption), plot.id, figures_,
        TableHtml(std::visit(PlotTable(), plot.what), fmt::format("data-{}", plot.id)));
    return html;
  }
  std::string Html(const Table& table) {
    std::string html;
    if (!table.title.empty()) html += fmt::format("<h3>{}</h3>\n", text::EscapeHtml(table.title));
    html += TableHtml(table, "");
    if (!table.note.empty()) {
      html += fmt::format("<p class=\"note\">{}</p>\n", text::EscapeHtml(table.note));
    }
    return html;
  }
  std::string Html(const Text& text) {
    const char* element = text.verbatim ? "pre" : "p";
    return fmt::format("<{0}>{1}</{0}>\n", element, text::EscapeHtml(text.text));
  }

  Json plots_ = Json::array();
  int figures_ = 0;
};

// JSON that may stand in a script element: nothing in it can end the element or begin a comment.
std::string ScriptJson(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char character : text) {
    if (character == '<') {
      safe += "\\u003c";
    } else {
      safe += character;
    }
  }
  return safe;
}

// A source of the content security policy: 'sha256-...' in base64, of the text of an element.
std::string HashSource(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const core::Hash256 hash = core::Sha256(text);
  const std::string_view bytes = hash.view();
  std::string base64;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      base64 += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
    }
  }
  return fmt::format("'sha256-{}'", base64);
}

// Valid UTF-8 of `text`: what is not becomes U+FFFD, as it does in the plots' data.
std::string ValidUtf8(const std::string& text) {
  const Json json = text;
  return Json::parse(json.dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

}  // namespace

bool KeepLargestLinks(NetworkPlot& plot, std::size_t most) {
  if (plot.links.size() <= most) return false;
  std::vector<std::size_t> order(plot.links.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&plot](std::size_t left, std::size_t right) {
    return plot.links[left].value > plot.links[right].value;
  });
  order.resize(most);
  std::sort(order.begin(), order.end());
  std::vector<NetworkPlot::Link> kept;
  kept.reserve(order.size());
  for (const std::size_t i : order) kept.push_back(plot.links[i]);
  plot.links = std::move(kept);
  return true;
}

std::string RenderPage(const Page& page) {
  Writer writer;
  const std::string body = writer.Body(page);
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "script-src {} {} {}; style-src {}; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      HashSource(kD3Script), HashSource(kShapesScript), HashSource(kDrawScript),
      HashSource(kStyleSheet), text::EscapeHtml(page.title), kStyleSheet);
  html += body;
  html += fmt::format("<script type=\"application/json\" id=\"plots\">{}</script>\n",
                      ScriptJson(writer.plots()));
  for (const std::string_view script : {kD3Script, kShapesScript, kDrawScript}) {
    html += "<script>";
    html += script;
    html += "</script>\n";
  }
  html += fmt::format(
      "<footer><details><summary>Licences</summary><pre>{}</pre></details>"
      "</footer>\n</body>\n</html>\n",
      text::EscapeHtml(kD3Licence));
  return ValidUtf8(html);
}

}  // namespace causeway::page
