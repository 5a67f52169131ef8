// The plots of a run's page.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "scenarios/page/timeline.h"
#include "scenarios/report/run_page.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kNetworkNodesMax = 60;
constexpr std::size_t kLinksMax = 400;
constexpr std::size_t kNetworkGroupsMax = 7;  // as many as there are colours
constexpr std::size_t kCorridorsMax = 20;
constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr double kLeastDelay_s = 1e-6;

std::string CountryOf(const Plan& plan, ParticipantIndex participant) {
  if (participant == kSomeProvider) return "provider";
  return plan.participants[participant].country.ToString();
}
std::string NameOf(const Plan& plan, ParticipantIndex participant) {
  if (participant == kSomeProvider) return "FX providers";
  return plan.participants[participant].id.ToString();
}

page::Axis ValueAxis(const RunFigures& figures, std::string name) {
  return {.name = std::move(name), .unit = figures.unit};
}
page::Axis TimeAxis() { return {.name = "time", .unit = "UTC", .scale = page::Scale::kTime}; }

// Largest first; names decide between equals.
template <typename Key>
std::vector<std::pair<Key, double>> ByValue(const std::map<Key, double>& values) {
  std::vector<std::pair<Key, double>> sorted(values.begin(), values.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& left, const auto& right) { return left.second > right.second; });
  return sorted;
}

// What transactions that are under way add up to: each counts from when it was due to its end.
template <typename Weight>
page::Series UnderWay(const RunFigures& figures, std::string name, const Weight& weight) {
  std::vector<page::Change> changes;
  changes.reserve(2 * figures.transactions.size());
  for (const Transaction& transaction : figures.transactions) {
    if (transaction.ended_us == transaction.due_us) continue;
    changes.push_back({transaction.due_us, weight(transaction)});
    changes.push_back({transaction.ended_us, -weight(transaction)});
  }
  return page::Timeline(std::move(name), std::move(changes), figures.begin_us, figures.end_us);
}

}  // namespace

page::Plot NetworkPlotOf(const Plan& plan, const RunFigures& figures) {
  std::map<std::pair<ParticipantIndex, ParticipantIndex>, double> links;
  std::map<ParticipantIndex, double> nodes;
  std::map<std::string, double> groups;
  for (const Transfer& transfer : figures.transfers) {
    if (!transfer.settled) continue;
    links[{transfer.from, transfer.to}] += transfer.value;
    for (const ParticipantIndex end : {transfer.from, transfer.to}) {
      nodes[end] += transfer.value;
      groups[CountryOf(plan, end)] += transfer.value;
    }
  }
  std::vector<std::pair<ParticipantIndex, double>> shown = ByValue(nodes);
  const std::size_t all = shown.size();
  if (all > kNetworkNodesMax) shown.resize(kNetworkNodesMax);
  std::vector<std::pair<std::string, double>> coloured = ByValue(groups);
  if (coloured.size() > kNetworkGroupsMax) coloured.resize(kNetworkGroupsMax - 1);
  // By name, so that the map of one network looks alike whatever flows in it.
  std::sort(coloured.begin(), coloured.end());
  const auto rank = [&](const std::string& country) {
    const auto at = std::find_if(coloured.begin(), coloured.end(),
                                 [&](const auto& group) { return group.first == country; });
    return at - coloured.begin();
  };
  std::stable_sort(shown.begin(), shown.end(), [&](const auto& left, const auto& right) {
    return rank(CountryOf(plan, left.first)) < rank(CountryOf(plan, right.first));
  });
  page::NetworkPlot plot{.unit = figures.unit, .group = "country"};
  std::map<ParticipantIndex, std::size_t> places;
  for (const auto& [participant, value] : shown) {
    places[participant] = plot.nodes.size();
    const std::string country = CountryOf(plan, participant);
    const bool has_colour = rank(country) < static_cast<std::ptrdiff_t>(coloured.size());
    plot.nodes.push_back({NameOf(plan, participant), has_colour ? country : "other", value});
  }
  for (const auto& [ends, value] : links) {
    const auto from = places.find(ends.first);
    const auto to = places.find(ends.second);
    if (from == places.end() || to == places.end()) continue;
    plot.links.push_back({from->second, to->second, value});
  }
  std::string caption =
      "Who settled with whom: an area for the value that a participant paid and received, the "
      "width "
      "of a line for the value paid from one to another, in the colour of the payer; colours are "
      "countries.";
  if (all > shown.size()) {
    caption += fmt::format(" The {} of {} participants with the most value.", shown.size(), all);
  }
  if (page::KeepLargestLinks(plot, kLinksMax)) {
    caption += fmt::format(" The {} largest flows among them.", kLinksMax);
  }
  return {.id = "network", .title = "Network map", .caption = caption, .what = std::move(plot)};
}

page::Plot CorridorPlotOf(const Plan& plan, const RunFigures& figures) {
  const auto corridor = [&](const Transfer& transfer) {
    return fmt::format("{} → {}", CountryOf(plan, transfer.from), CountryOf(plan, transfer.to));
  };
  std::map<std::string, double> corridors;
  bool settlements = false;
  bool payments = false;
  for (const Transfer& transfer : figures.transfers) {
    if (!transfer.settled) continue;
    corridors[corridor(transfer)] += transfer.value;
    (transfer.of_settlement ? settlements : payments) = true;
  }
  std::vector<std::pair<std::string, double>> shown = ByValue(corridors);
  const std::size_t all = shown.size();
  if (all > kCorridorsMax) shown.resize(kCorridorsMax);
  page::BarPlot plot{.value = ValueAxis(figures, "value settled"), .category = "corridor"};
  std::map<std::string, std::size_t> places;
  for (const auto& each : shown) {
    places[each.first] = plot.categories.size();
    plot.categories.push_back(each.first);
  }
  for (const bool of_settlement : {false, true}) {
    if (!(of_settlement ? settlements : payments)) continue;
    plot.parts.emplace_back(of_settlement ? "legs of PvP settlements" : "payments");
    std::vector<double>& values = plot.values.emplace_back(shown.size(), 0.0);
    for (const Transfer& transfer : figures.transfers) {
      const auto place = places.find(corridor(transfer));
      if (!transfer.settled || transfer.of_settlement != of_settlement || place == places.end()) {
        continue;
      }
      values[place->second] += transfer.value;
    }
  }
  std::string caption = "Value settled from the payer's country to the payee's.";
  if (all > shown.size()) caption += fmt::format(" The largest {} of {}.", shown.size(), all);
  return {
      .id = "corridors", .title = "Flows by corridor", .caption = caption, .what = std::move(plot)};
}

page::Plot ValuePlotOf(const Plan& plan, const RunFigures& figures) {
  // Days when there are several, else half hours.
  const bool daily = plan.days.size() > 1;
  const std::int64_t width_us = daily ? kDayUs : kDayUs / 48;
  const std::int64_t first = figures.begin_us / width_us;
  const auto bins = static_cast<std::size_t>(figures.end_us / width_us - first + 1);
  page::XyPlot plot{.x = TimeAxis(), .y = ValueAxis(figures, "value settled"), .series = {}};
  page::Series& series = plot.series.emplace_back();
  series.name = "value settled";
  series.mark = page::Mark::kBars;
  series.y.resize(bins);
  for (const Transaction& transaction : figures.transactions) {
    if (!transaction.settled) continue;
    series.y[static_cast<std::size_t>(transaction.ended_us / width_us - first)] +=
        transaction.value;
  }
  for (std::size_t i = 0; i <= bins; ++i) {
    series.x.push_back(static_cast<double>((first + static_cast<std::int64_t>(i)) * width_us) /
                       1000);
  }
  return {.id = "value",
          .title = "Value settled over time",
          .caption = fmt::format("Value of payments and of all legs of settlements, by {} of their "
                                 "end.",
                                 daily ? "day" : "half hour"),
          .what = std::move(plot)};
}

page::Plot QueueLengthPlotOf(const RunFigures& figures) {
  page::XyPlot plot{.x = TimeAxis(), .y = {.name = "transactions", .unit = ""}, .series = {}};
  plot.series.push_back(UnderWay(figures, "waiting", [](const Transaction&) { return 1.0; }));
  return {.id = "queue-length",
          .title = "Queue length over time",
          .caption =
              "Payments and settlements that were due and had not ended: those in queues and "
              "those being made. Where changes are many, the most in each interval.",
          .what = std::move(plot)};
}

page::Plot QueueValuePlotOf(const RunFigures& figures) {
  page::XyPlot plot{.x = TimeAxis(), .y = ValueAxis(figures, "value"), .series = {}};
  plot.series.push_back(UnderWay(figures, "value waiting",
                                 [](const Transaction& transaction) { return transaction.value; }));
  return {.id = "queue-value",
          .title = "Queue value over time",
          .caption =
              "Value of the same, all legs. Where changes are many, the highest in each "
              "interval.",
          .what = std::move(plot)};
}

page::Plot LiquidityPlotOf(const Plan& plan, const RunResult& result, const RunFigures& figures) {
  page::XyPlot plot{.x = TimeAxis(),
                    .y = {.name = "money in circulation",
                          .unit = figures.HasValues() ? figures.unit : "of each currency"},
                    .series = {}};
  for (LedgerIndex ledger = 0; ledger < plan.ledgers.size(); ++ledger) {
    plot.series.push_back(page::Timeline(plan.ledgers[ledger].currency.ToString(),
                                         MoneyChangesOf(plan, result, figures, ledger),
                                         figures.begin_us, figures.end_us));
  }
  return {.id = "liquidity",
          .title = "Liquidity over time",
          .caption =
              "Central bank money that banks have: issued and not redeemed. Where changes "
              "are many, the most in each interval.",
          .what = std::move(plot)};
}

page::Plot DelayPlotOf(const RunFigures& figures) {
  page::XyPlot plot{.x = {.name = "settlement delay", .unit = "", .scale = page::Scale::kSeconds},
                    .y = {.name = "share settled within", .unit = "%"},
                    .series = {}};
  for (const Kinds kinds : {Kinds::kPayments, Kinds::kSettlements}) {
    const DelayFigures delays = DelaysOf(figures, kinds);
    if (delays.seconds.empty()) continue;
    plot.series.push_back(page::Distribution(
        kinds == Kinds::kPayments ? "payments" : "PvP settlements", delays.seconds, kLeastDelay_s));
  }
  return {.id = "delay",
          .title = "Settlement delay",
          .caption =
              "Cumulative distribution of the time from when a transaction was due to when "
              "its participant knew that it had settled; of those that settled.",
          .what = std::move(plot)};
}

}  // namespace causeway::sim
