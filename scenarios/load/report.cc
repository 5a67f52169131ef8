#include "scenarios/load/report.h"

#include <array>

#include "fmt/format.h"

namespace causeway::load {
namespace {

using Json = nlohmann::json;

struct Percentile {
  const char* name;
  double value;
};
constexpr std::array<Percentile, 6> kPercentiles = {
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99_9", 99.9}, {"p99_99", 99.99}, {"max", 100}}};

double Micros(std::int64_t ns) { return static_cast<double>(ns) / 1000; }

Json LatencyJson(const LatencyHistogram& histogram) {
  Json json = {{"count", histogram.count()},
               {"min", Micros(histogram.min_ns())},
               {"mean", histogram.mean_ns() / 1000}};
  for (const auto& [name, percentile] : kPercentiles) {
    json[name] = Micros(histogram.ValueAtPercentile(percentile));
  }
  Json curve = Json::array();
  for (const LatencyHistogram::Point& point : histogram.Curve()) {
    curve.push_back({point.percentile, Micros(point.value_ns)});
  }
  json["curve"] = std::move(curve);
  return json;
}

Json OutcomesJson(const std::map<core::Outcome, std::uint64_t>& outcomes) {
  Json json = Json::object();
  for (const auto& [outcome, payments] : outcomes) {
    json[std::string(core::OutcomeName(outcome))] = payments;
  }
  return json;
}

std::string Latency(std::int64_t ns) {
  if (ns < 1'000'000) return fmt::format("{:.1f} us", Micros(ns));
  return fmt::format("{:.2f} ms", Micros(ns) / 1000);
}

}  // namespace

Json ReportJson(const RunDescription& description, const RunResult& result) {
  Json seconds = Json::array();
  for (const Second& second : result.seconds) {
    seconds.push_back({{"payments", second.payments},
                       {"requests", second.requests},
                       {"p50_us", Micros(second.p50_ns)},
                       {"p99_us", Micros(second.p99_ns)},
                       {"max_us", Micros(second.max_ns)}});
  }
  return {{"tool", "causeway-load"},
          {"ledger", description.ledger},
          {"address", description.address},
          {"tls", description.tls},
          {"mode", description.mode},
          {"load", description.load},
          {"single", description.single},
          {"batch", description.batch},
          {"debtors", description.debtors},
          {"creditors", description.creditors},
          {"zipf_exponent", description.zipf_exponent},
          {"seed", description.seed},
          {"payments_per_s", result.payments_per_s()},
          {"requests_per_s", result.requests_per_s()},
          {"measured_s", result.measured_s},
          {"measured_payments", result.measured_payments},
          {"latency_us",
           {{"corrected", LatencyJson(result.corrected)},
            {"uncorrected", LatencyJson(result.uncorrected)}}},
          {"payments",
           {{"settled", result.settled},
            {"repeated", result.repeated},
            {"rejected", OutcomesJson(result.rejected)},
            {"refused", OutcomesJson(result.refused)},
            {"failed", result.failed},
            {"unanswered", result.unanswered},
            {"not_sent", result.not_sent},
            {"unexpected", description.unexpected}}},
          {"sent_late", result.sent_late},
          {"pool_empty", result.pool_empty},
          {"stream_end", std::string(result.stream_end.message())},
          {"first_failure", result.first_failure},
          {"seconds", std::move(seconds)}};
}

std::string ReportText(const RunDescription& description, const RunResult& result) {
  std::string text = fmt::format(
      "{} at {} ({}), {}, {}\n\n  {:>14.0f} payments/s\n  {:>14.1f} requests/s of {} {}\n"
      "  {:>14.2f} s measured, {} payments\n\n",
      description.ledger, description.address, description.tls ? "mutual TLS" : "plain text",
      description.mode == "closed" ? "closed loop" : "open loop", description.load,
      result.payments_per_s(), result.requests_per_s(), description.batch,
      description.single ? "signed payment each" : "payments each", result.measured_s,
      result.measured_payments);
  text += fmt::format("  {:<10} {:>14} {:>14}\n", "latency", "corrected", "uncorrected");
  for (const auto& [name, percentile] : kPercentiles) {
    text += fmt::format("  {:<10} {:>14} {:>14}\n", name,
                        Latency(result.corrected.ValueAtPercentile(percentile)),
                        Latency(result.uncorrected.ValueAtPercentile(percentile)));
  }
  text += fmt::format("\n  {:>14} settled\n", result.settled);
  const auto line = [&text](std::uint64_t payments, std::string_view what) {
    if (payments != 0) text += fmt::format("  {:>14} {}\n", payments, what);
  };
  for (const auto& [outcome, payments] : result.rejected) {
    line(payments, fmt::format("rejected: {}", core::OutcomeName(outcome)));
  }
  for (const auto& [outcome, payments] : result.refused) {
    line(payments, fmt::format("refused: {}", core::OutcomeName(outcome)));
  }
  line(result.repeated, "known before");
  line(result.failed, "failed");
  line(result.unanswered, "unanswered: their outcome is unknown");
  line(result.not_sent, "due and not sent: the load was not carried within --duration and --drain");
  line(description.unexpected, "with an unexpected outcome");
  if (!result.first_failure.empty()) {
    text += fmt::format("\n  the first that did not settle: {}\n", result.first_failure);
  }
  if (!result.stream_end.ok()) {
    text += fmt::format("\n  the stream broke: {}\n", std::string(result.stream_end.message()));
  }
  if (result.sent_late != 0) {
    text += fmt::format(
        "\n  {} requests were sent 1 ms or more after they were due: corrected latencies count "
        "that\n",
        result.sent_late);
  }
  if (result.pool_empty != 0) {
    text += fmt::format(
        "\n  {} times no signed request was ready: sign more ahead (--pool-mib, --warm-up)\n",
        result.pool_empty);
  }
  return text;
}

}  // namespace causeway::load
