// The plots of a study's page.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "scenarios/page/timeline.h"
#include "scenarios/study_page/study_page.h"

namespace causeway::study {
namespace {

constexpr std::size_t kNodesMax = 60;
constexpr std::size_t kLinksMax = 400;
constexpr std::size_t kFlowsMax = 20;
// A queue time below is drawn here: most payments settle at once, and a logarithmic axis has no
// zero.
constexpr double kLeastQueueTime_s = 1;

double Major(const Input& input, std::int64_t minor) {
  double value = static_cast<double>(minor);
  for (int digit = 0; digit < input.minor_digits; ++digit) value /= 10;
  return value;
}

page::Axis ValueAxis(const Input& input, std::string name) {
  return {.name = std::move(name), .unit = UnitOfAmounts(input)};
}

// Of one day the time of day; of several their opening hours, without the nights between them.
page::Axis TimeAxis(const Input& input, const RunResult& result) {
  if (input.days.size() <= 1) {
    return {.name = "time of day", .unit = "", .scale = page::Scale::kTime};
  }
  return {.name = "day and time",
          .unit = "",
          .scale = page::Scale::kDays,
          .hours = {input.days, static_cast<double>(result.opens) / 1000,
                    static_cast<double>(result.closes) / 1000}};
}
// Where a time of a day stands on that axis, in microseconds.
TimeUs Placed(const Input& input, const RunResult& result, std::size_t day, TimeUs time) {
  if (input.days.size() <= 1) return time;
  const TimeUs time_of_day = time - static_cast<TimeUs>(day) * kDaySpanUs;
  return static_cast<TimeUs>(day) * (result.closes - result.opens) +
         std::clamp(time_of_day, result.opens, result.closes) - result.opens;
}
std::size_t DayOf(const Payment& payment) {
  return static_cast<std::size_t>(payment.due / kDaySpanUs);
}

TimeUs BeginOf(const Input& input, const RunResult& result) {
  return input.days.size() <= 1 ? result.opens : 0;
}
TimeUs EndOf(const Input& input, const RunResult& result) {
  const std::size_t last = input.days.size() - 1;
  return Placed(input, result, last, static_cast<TimeUs>(last) * kDaySpanUs + result.closes);
}

std::vector<Flow> LargestFlows(const Indicators& indicators, std::size_t most) {
  std::vector<Flow> flows = indicators.flows;
  std::stable_sort(flows.begin(), flows.end(), [](const Flow& left, const Flow& right) {
    return left.settled.value > right.settled.value;
  });
  if (flows.size() > most) flows.resize(most);
  return flows;
}

}  // namespace

page::Plot FlowNetworkPlot(const Input& input, const Indicators& indicators) {
  std::vector<std::int64_t> values(input.accounts.size());
  for (const Flow& flow : indicators.flows) {
    values[flow.sender] += flow.settled.value;
    values[flow.recipient] += flow.settled.value;
  }
  std::vector<AccountIndex> order;
  for (AccountIndex account = 0; account < values.size(); ++account) {
    if (values[account] > 0) order.push_back(account);
  }
  std::stable_sort(order.begin(), order.end(), [&](AccountIndex left, AccountIndex right) {
    return values[left] > values[right];
  });
  const std::size_t all = order.size();
  if (order.size() > kNodesMax) order.resize(kNodesMax);
  const std::string unit = UnitOfAmounts(input);
  page::NetworkPlot plot{.unit = unit.empty() ? "value" : unit, .group = ""};
  std::map<AccountIndex, std::size_t> places;
  for (const AccountIndex account : order) {
    places[account] = plot.nodes.size();
    plot.nodes.push_back({input.accounts[account].id, "", Major(input, values[account])});
  }
  for (const Flow& flow : indicators.flows) {
    const auto from = places.find(flow.sender);
    const auto to = places.find(flow.recipient);
    if (from == places.end() || to == places.end() || flow.settled.value == 0) continue;
    plot.links.push_back({from->second, to->second, Major(input, flow.settled.value)});
  }
  std::string caption =
      "Who settled with whom: an area for the value that an account paid and received, the width "
      "of a line for the value paid from one to another, with a head that points at who was paid.";
  if (all > order.size()) {
    caption += fmt::format(" The {} of {} accounts with the most value.", order.size(), all);
  }
  if (page::KeepLargestLinks(plot, kLinksMax)) {
    caption += fmt::format(" The {} largest flows among them.", kLinksMax);
  }
  return {.id = "network", .title = "Network map", .caption = caption, .what = std::move(plot)};
}

page::Plot LargestFlowsPlot(const Input& input, const Indicators& indicators) {
  page::BarPlot plot{.value = ValueAxis(input, "value settled"), .category = "from and to"};
  plot.parts = {"payments"};
  plot.values.emplace_back();
  for (const Flow& flow : LargestFlows(indicators, kFlowsMax)) {
    plot.categories.push_back(
        fmt::format("{} → {}", input.accounts[flow.sender].id, input.accounts[flow.recipient].id));
    plot.values[0].push_back(Major(input, flow.settled.value));
  }
  return {.id = "corridors",
          .title = "Largest flows",
          .caption = fmt::format("Value settled from one account to another, the largest {} of {}.",
                                 plot.categories.size(), indicators.flows.size()),
          .what = std::move(plot)};
}

page::Plot CumulativeValuePlot(const Input& input, const RunResult& result) {
  std::vector<page::Change> due;
  std::vector<page::Change> settled;
  for (std::size_t i = 0; i < input.payments.size(); ++i) {
    const Payment& payment = input.payments[i];
    due.push_back(
        {Placed(input, result, DayOf(payment), payment.due), Major(input, payment.amount)});
  }
  ForEachSettlement(input, result,
                    [&](PaymentIndex index, std::int64_t amount, TimeUs time, std::uint32_t) {
                      const std::size_t day = DayOf(input.payments[index]);
                      settled.push_back({Placed(input, result, day, time), Major(input, amount)});
                    });
  page::XyPlot plot{
      .x = TimeAxis(input, result), .y = ValueAxis(input, "value so far"), .series = {}};
  plot.series.push_back(
      page::Timeline("due", std::move(due), BeginOf(input, result), EndOf(input, result)));
  plot.series.push_back(
      page::Timeline("settled", std::move(settled), BeginOf(input, result), EndOf(input, result)));
  return {.id = "throughput",
          .title = "Value due and settled",
          .caption =
              "Summed from the opening; the distance between the lines waits or was "
              "refused.",
          .what = std::move(plot)};
}

page::Plot QueueSamplesPlot(const Input& input, const RunResult& result, bool value) {
  page::XyPlot plot{.x = TimeAxis(input, result),
                    .y = value ? ValueAxis(input, "value in queue")
                               : page::Axis{.name = "payments in queue", .unit = ""},
                    .series = {}};
  std::vector<page::Change> changes;
  double before = 0;
  std::size_t day = 0;
  for (const QueueSample& sample : result.samples) {
    if (sample.between) continue;
    const double now = value ? Major(input, sample.queued_value) : sample.queued_count;
    if (sample.day != day) {
      // What waited at the close ended there, and not overnight.
      const TimeUs closes = static_cast<TimeUs>(day) * kDaySpanUs + result.closes;
      changes.push_back({Placed(input, result, day, closes), -before});
      before = 0;
      day = sample.day;
    }
    changes.push_back({Placed(input, result, day, sample.time), now - before});
    before = now;
  }
  plot.series.push_back(
      page::Timeline("in queue", std::move(changes), BeginOf(input, result), EndOf(input, result)));
  return {.id = value ? "queue-value" : "queue-length",
          .title = value ? "Queue value over time" : "Queue length over time",
          .caption = "As sampled; the highest in each interval where samples are many.",
          .what = std::move(plot)};
}

page::Plot LiquidityInUsePlot(const Input& input, const RunResult& result) {
  std::vector<std::int64_t> outflow(input.accounts.size());
  std::vector<page::Change> changes;
  std::int64_t in_use = 0;
  std::size_t day = 0;
  const auto move = [&](AccountIndex account, std::int64_t by) {
    in_use -= std::max<std::int64_t>(0, outflow[account]);
    outflow[account] += by;
    in_use += std::max<std::int64_t>(0, outflow[account]);
  };
  const auto add = [&](PaymentIndex index, std::int64_t amount, TimeUs time, std::uint32_t) {
    const Payment& payment = input.payments[index];
    if (DayOf(payment) != day) {
      const TimeUs closes =
          static_cast<TimeUs>(day) * kDaySpanUs + result.ClosesOf(static_cast<std::size_t>(day));
      changes.push_back({Placed(input, result, day, closes), -Major(input, in_use)});
      std::fill(outflow.begin(), outflow.end(), 0);
      in_use = 0;
      day = DayOf(payment);
    }
    const std::int64_t before = in_use;
    move(payment.sender, amount);
    move(payment.recipient, -amount);
    if (in_use != before) {
      changes.push_back({Placed(input, result, day, time), Major(input, in_use - before)});
    }
  };
  ForEachSettlement(input, result, add);
  page::XyPlot plot{
      .x = TimeAxis(input, result), .y = ValueAxis(input, "liquidity in use"), .series = {}};
  plot.series.push_back(page::Timeline("liquidity in use", std::move(changes),
                                       BeginOf(input, result), EndOf(input, result)));
  return {.id = "liquidity",
          .title = "Liquidity over time",
          .caption =
              "What accounts have paid more than received since the opening of the day, "
              "summed over those that have.",
          .what = std::move(plot)};
}

namespace {

page::Series QueueTimes(std::string name, const Input& input, const RunResult& result) {
  std::vector<double> seconds;
  for (std::size_t i = 0; i < result.payments.size(); ++i) {
    if (result.payments[i].status != Status::kSettled) continue;
    const TimeUs waited = result.payments[i].settled - input.payments[i].due;
    seconds.push_back(static_cast<double>(std::max<TimeUs>(0, waited)) / 1'000'000);
  }
  std::sort(seconds.begin(), seconds.end());
  return page::Distribution(std::move(name), seconds, kLeastQueueTime_s);
}

page::Plot QueueTimePlotOf(std::vector<page::Series> series) {
  page::XyPlot plot{.x = {.name = "queue time", .unit = "", .scale = page::Scale::kSeconds},
                    .y = {.name = "share settled within", .unit = "%"},
                    .series = std::move(series)};
  return {.id = "delay",
          .title = "Settlement delay",
          .caption =
              "Cumulative distribution of the time from due to settled, of payments that "
              "settled; below one second drawn at one second.",
          .what = std::move(plot)};
}

}  // namespace

page::Plot QueueTimePlot(const Input& input, const RunResult& result) {
  return QueueTimePlotOf({QueueTimes("payments", input, result)});
}

page::Plot QueueTimePlotOf(const std::vector<Part>& parts) {
  std::vector<page::Series> series;
  for (const Part& part : parts) {
    series.push_back(QueueTimes(part.currency, part.input, part.result));
  }
  return QueueTimePlotOf(std::move(series));
}

}  // namespace causeway::study
