#include "scenarios/sweep/sweep_page.h"

#include <algorithm>

#include "fmt/format.h"
#include "scenarios/sweep/columns.h"
#include "scenarios/text/text.h"

namespace causeway::sim {
namespace {

bool IsSetting(const SweepDescription& description, const std::string& name) {
  return std::any_of(description.settings.begin(), description.settings.end(),
                     [&](const Setting& setting) { return setting.path == name; });
}

// "delay_by_value_s" as "delay by value" in "s"; amounts in their unit.
page::Axis AxisOf(const SweepDescription& description, const std::string& name,
                  const std::string& label) {
  if (!label.empty()) return {.name = label, .unit = ""};
  page::Axis axis{.name = name, .unit = ""};
  if (IsSetting(description, name)) return axis;
  const std::string currency(CurrencyOfColumn(name));
  if (name.size() > 2 && name.ends_with("_s")) {
    axis.name = name.substr(0, name.size() - 2);
    axis.unit = "s";
  } else if (IsAmountColumn(name)) {
    const std::string& of_currency = description.unit_of_currencies;
    axis.unit = currency.empty() ? description.unit : of_currency.empty() ? currency : of_currency;
  }
  if (name.find_first_of(".[") == std::string::npos || !currency.empty()) {
    for (char& character : axis.name) {
      if (character == '_') character = ' ';
    }
  }
  return axis;
}

// What a study's option and its indicator of these names are.
std::string StudyLabel(const SweepDescription& description, const std::string& name) {
  if (name == "liquidity" && IsSetting(description, name))
    return "liquidity ALPHA = (L-LB)/(UB-LB)";
  return name == "delay" || name.ends_with(".delay") ? name + " (0 to 1)" : "";
}

bool IsLiquidityDelay(const Curve& curve) {
  const auto of_currency = [](const std::string& name) {
    const std::string_view currency = CurrencyOfColumn(name);
    return currency.empty() ? name : name.substr(currency.size() + 1);
  };
  const std::string x = of_currency(curve.x);
  return (x == "liquidity" || x == "liquidity_value" || x == "usage") &&
         of_currency(curve.y).starts_with("delay");
}

page::Plot CurvePlot(const SweepDescription& description, const Curve& curve) {
  const auto label = [&](const std::string& given, const std::string& name) {
    return given.empty() ? StudyLabel(description, name) : given;
  };
  page::XyPlot plot{.x = AxisOf(description, curve.x, label(description.x_label, curve.x)),
                    .y = AxisOf(description, curve.y, label(description.y_label, curve.y)),
                    .series = {}};
  for (const CurveLine& line : curve.lines) {
    page::Series& series = plot.series.emplace_back();
    series.name = line.name.empty() ? curve.y : line.name;
    series.mark = page::Mark::kPoints;
    for (const CurvePoint& point : line.points) {
      series.x.push_back(point.x.mean);
      series.y.push_back(point.y.mean);
      series.low.push_back(point.y.low);
      series.high.push_back(point.y.high);
    }
  }
  const std::string caption =
      description.seeds > 1
          ? fmt::format(
                "Each point is the mean of {} runs that differ in the seed only; the band is "
                "its 95% confidence interval (Student's t over seeds), within the range that the "
                "indicator has.",
                description.seeds)
          : std::string("Each point is one run, so there is no confidence interval.");
  return {.id = "curve",
          .title = IsLiquidityDelay(curve) ? std::string("Liquidity-delay curve")
                                           : fmt::format("{} over {}", plot.y.name, plot.x.name),
          .caption = caption,
          .what = std::move(plot)};
}

page::Table CurveTable(const Curve& curve) {
  const auto is_setting = [&](const Point& point) {
    return std::any_of(point.begin(), point.end(),
                       [&](const auto& each) { return each.first == curve.x; });
  };
  page::Table table{.title = "Points of the curve", .columns = {}, .rows = {}, .note = ""};
  for (const CurveLine& line : curve.lines) {
    for (const CurvePoint& point : line.points) {
      if (table.columns.empty()) {
        for (const auto& each : point.point) table.columns.push_back({each.first});
        table.columns.push_back({"runs", true});
        if (!is_setting(point.point)) table.columns.push_back({curve.x, true});
        table.columns.push_back({curve.y, true});
        table.columns.push_back({"95% interval", true});
      }
      std::vector<std::string> row;
      for (const auto& each : point.point) row.push_back(each.second);
      row.push_back(fmt::format("{}", point.y.count));
      if (!is_setting(point.point)) row.push_back(fmt::format("{:.6g}", point.x.mean));
      row.push_back(fmt::format("{:.6g}", point.y.mean));
      row.push_back(point.y.count < 2 ? std::string("none")
                                      : fmt::format("{:.6g} to {:.6g}", point.y.low, point.y.high));
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

page::Table SettingTable(const SweepDescription& description) {
  page::Table table{
      .title = "Settings", .columns = {{"field"}, {"values"}}, .rows = {}, .note = ""};
  for (const Setting& setting : description.settings) {
    std::string values;
    for (const std::string& value : setting.values) values += (values.empty() ? "" : ", ") + value;
    table.rows.push_back({setting.path, values});
  }
  table.rows.push_back({"seed", description.seeds == 1
                                    ? fmt::format("{}", description.first_seed)
                                    : fmt::format("{} to {}", description.first_seed,
                                                  description.first_seed + description.seeds - 1)});
  return table;
}

}  // namespace

page::Page SweepPage(const SweepDescription& description, const SweepResult& result,
                     const Curve& curve) {
  page::Page page;
  page.title = fmt::format("Sweep of {}", description.name);
  page.subtitle = description.description;
  page.facts = {{"runs", text::Grouped(fmt::format("{}", result.rows.size()))},
                {"seeds", fmt::format("{}", description.seeds)},
                {"failed", fmt::format("{}", result.failures.size()),
                 result.failures.empty() ? page::Verdict::kNone : page::Verdict::kBad}};
  page.sections.push_back({"Curve", {CurvePlot(description, curve), CurveTable(curve)}});
  page.sections.push_back({"Settings", {SettingTable(description)}});
  page::Section again{.heading = "Reproduce", .content = {}};
  again.content.push_back(
      page::Table{.title = "",
                  .columns = {{"what"}, {"value"}},
                  .rows = {{"program", fmt::format("causeway-sim {}", CAUSEWAY_VERSION)},
                           {"source", description.name},
                           {"SHA-256 of the source", description.sha256}},
                  .note = ""});
  again.content.push_back(page::Text{"This command makes the same files to the byte:", false});
  again.content.push_back(page::Text{description.command, true});
  if (!description.text.empty()) again.content.push_back(page::Text{description.text, true});
  page.sections.push_back(std::move(again));
  return page;
}

}  // namespace causeway::sim
