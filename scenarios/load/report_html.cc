// The page: tables and two plots in SVG, without scripts, fonts or anything from outside.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "scenarios/load/report.h"
#include "scenarios/text/text.h"

namespace causeway::load {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 300;
constexpr double kLeft = 80;
constexpr double kRight = 20;
constexpr double kTop = 20;
constexpr double kBottom = 40;

constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;"
    "color:#1b1f24}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}"
    "table{border-collapse:collapse}td,th{padding:.2em 1em .2em 0;text-align:left;"
    "font-variant-numeric:tabular-nums}td.n,th.n{text-align:right}"
    "svg{width:100%;height:auto;background:#fafbfc;border:1px solid #d0d7de}"
    ".axis{stroke:#57606a;stroke-width:1}.grid{stroke:#d8dee4;stroke-width:1}"
    "text{font:12px system-ui,sans-serif;fill:#57606a}.bad{color:#b35900;font-weight:600}";
constexpr std::string_view kBlue = "#0550ae";
constexpr std::string_view kOrange = "#bc4c00";

struct Series {
  std::string name;
  std::string_view colour;
  std::vector<std::pair<double, double>> points;  // in units of the axes
};
struct Tick {
  double at = 0;
  std::string label;
};
struct Axis {
  double low = 0;
  double high = 1;
  std::vector<Tick> ticks;
  std::string name;
};

double Place(double value, const Axis& axis, double begin, double end) {
  return begin + (value - axis.low) / (axis.high - axis.low) * (end - begin);
}

// A step of 1, 2 or 5 times a power of ten, so that `range` has about five.
double NiceStep(double range) {
  const double raw = range / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::string Short(double value) {
  if (value >= 1e6) return fmt::format("{:g}M", value / 1e6);
  if (value >= 1e3) return fmt::format("{:g}k", value / 1e3);
  return fmt::format("{:g}", value);
}

Axis LinearAxis(double high, std::string name) {
  Axis axis{.low = 0, .high = std::max(high, 1.0), .ticks = {}, .name = std::move(name)};
  const double step = NiceStep(axis.high);
  axis.high = std::ceil(axis.high / step) * step;
  for (double at = 0; at <= axis.high + step / 2; at += step) axis.ticks.push_back({at, Short(at)});
  return axis;
}

std::string Plot(const Axis& x, const Axis& y, const std::vector<Series>& all) {
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">", kWidth, kHeight);
  for (const Tick& tick : y.ticks) {
    const double at = Place(tick.at, y, kHeight - kBottom, kTop);
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
        kLeft, kWidth - kRight, at, at, kLeft - 8, at + 4, text::EscapeHtml(tick.label));
  }
  for (const Tick& tick : x.ticks) {
    const double at = Place(tick.at, x, kLeft, kWidth - kRight);
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>"
        "<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        at, at, kTop, kHeight - kBottom, at, kHeight - kBottom + 16, text::EscapeHtml(tick.label));
  }
  svg += fmt::format(
      "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><text x=\"8\" y=\"14\">{}</text>",
      kWidth - kRight, kHeight - 6, text::EscapeHtml(x.name), text::EscapeHtml(y.name));
  double legend = kLeft + 160;
  for (const Series& series : all) {
    svg += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"",
                       series.colour);
    for (const auto& [at, value] : series.points) {
      svg += fmt::format("{:.1f},{:.1f} ", Place(at, x, kLeft, kWidth - kRight),
                         Place(std::clamp(value, y.low, y.high), y, kHeight - kBottom, kTop));
    }
    svg += fmt::format("\"/><text x=\"{}\" y=\"14\" style=\"fill:{}\">{}</text>", legend,
                       series.colour, text::EscapeHtml(series.name));
    legend += 160;
  }
  return svg + "</svg>\n";
}

std::string ThroughputPlot(const RunResult& result) {
  Series series{"payments per second", kBlue, {}};
  double highest = 0;
  // The last second is seldom a whole one.
  const std::size_t whole = result.seconds.size() > 1 ? result.seconds.size() - 1 : 1;
  for (std::size_t i = 0; i < std::min(whole, result.seconds.size()); ++i) {
    const auto payments = static_cast<double>(result.seconds[i].payments);
    series.points.emplace_back(static_cast<double>(i) + 0.5, payments);
    highest = std::max(highest, payments);
  }
  return Plot(LinearAxis(static_cast<double>(whole), "seconds"), LinearAxis(highest, "payments/s"),
              {series});
}

// Percentiles by their distance to 100%, both axes logarithmic.
double Nines(double percentile) { return -std::log10(1 - percentile / 100); }

Series CurveOf(const LatencyHistogram& histogram, std::string name, std::string_view colour) {
  Series series{std::move(name), colour, {}};
  const double last =
      histogram.count() == 0 ? 1 : std::log10(static_cast<double>(histogram.count()));
  for (const LatencyHistogram::Point& point : histogram.Curve()) {
    const double at = point.percentile >= 100 ? last : Nines(point.percentile);
    const double value_us = std::max(static_cast<double>(point.value_ns) / 1000, 1e-3);
    series.points.emplace_back(at, std::log10(value_us));
  }
  return series;
}

std::string LatencyPlot(const RunResult& result) {
  const Series corrected = CurveOf(result.corrected, "corrected", kBlue);
  const Series uncorrected = CurveOf(result.uncorrected, "uncorrected", kOrange);
  Axis x{.low = Nines(50), .high = 1, .ticks = {}, .name = "percentile"};
  Axis y{.low = 1e9, .high = -1e9, .ticks = {}, .name = "latency"};
  for (const Series* series : {&corrected, &uncorrected}) {
    for (const auto& [at, value] : series->points) {
      x.high = std::max(x.high, at);
      y.low = std::min(y.low, std::floor(value));
      y.high = std::max(y.high, std::ceil(value + 1e-9));
    }
  }
  if (y.low >= y.high) y = {.low = 0, .high = 1, .ticks = {}, .name = "latency"};
  constexpr std::array<std::pair<double, const char*>, 7> kNamed = {{{50, "50%"},
                                                                     {90, "90%"},
                                                                     {99, "99%"},
                                                                     {99.9, "99.9%"},
                                                                     {99.99, "99.99%"},
                                                                     {99.999, "99.999%"},
                                                                     {99.9999, "99.9999%"}}};
  for (const auto& [percentile, label] : kNamed) {
    if (Nines(percentile) <= x.high) x.ticks.push_back({Nines(percentile), label});
  }
  for (double at = y.low; at <= y.high; ++at) {
    const double us = std::pow(10, at);
    y.ticks.push_back({at, us < 1000  ? fmt::format("{:g} us", us)
                           : us < 1e6 ? fmt::format("{:g} ms", us / 1e3)
                                      : fmt::format("{:g} s", us / 1e6)});
  }
  return Plot(x, y, {corrected, uncorrected});
}

std::string Row(std::string_view name, std::string_view value) {
  return fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", text::EscapeHtml(name),
                     text::EscapeHtml(value));
}

std::string LatencyTable(const RunResult& result) {
  std::string html =
      "<table><tr><th>percentile</th><th class=\"n\">corrected</th>"
      "<th class=\"n\">uncorrected</th></tr>\n";
  for (const double percentile : {50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto cell = [&](const LatencyHistogram& histogram) {
      return fmt::format("<td class=\"n\">{:.3f} ms</td>",
                         static_cast<double>(histogram.ValueAtPercentile(percentile)) / 1e6);
    };
    html += fmt::format("<tr><td>{:g}%</td>{}{}</tr>\n", percentile, cell(result.corrected),
                        cell(result.uncorrected));
  }
  return html + "</table>\n";
}

std::string OutcomeTable(const RunDescription& description, const RunResult& result) {
  std::string html = "<table>\n" + Row("settled", fmt::format("{}", result.settled));
  for (const auto& [outcome, payments] : result.rejected) {
    html +=
        Row(fmt::format("rejected: {}", core::OutcomeName(outcome)), fmt::format("{}", payments));
  }
  for (const auto& [outcome, payments] : result.refused) {
    html +=
        Row(fmt::format("refused: {}", core::OutcomeName(outcome)), fmt::format("{}", payments));
  }
  html += Row("known before", fmt::format("{}", result.repeated));
  html += Row("failed", fmt::format("{}", result.failed));
  html += Row("unanswered", fmt::format("{}", result.unanswered));
  html += Row("due and not sent", fmt::format("{}", result.not_sent));
  html += "</table>\n";
  if (description.unexpected != 0) {
    html +=
        fmt::format("<p class=\"bad\">{} payments with an unexpected outcome; the first: {}</p>\n",
                    description.unexpected, text::EscapeHtml(result.first_failure));
  }
  if (!result.stream_end.ok()) {
    html += fmt::format("<p class=\"bad\">the stream broke: {}</p>\n",
                        text::EscapeHtml(std::string(result.stream_end.message())));
  }
  return html;
}

}  // namespace

std::string ReportHtml(const RunDescription& description, const RunResult& result) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>Load on {0}</title><style>{1}</style></head><body>\n<h1>Load on {0}</h1>\n"
      "<p>{2:.0f} payments/s, {3:.1f} requests/s over {4:.2f} s.</p>\n<table>\n",
      text::EscapeHtml(description.ledger), kStyle, result.payments_per_s(),
      result.requests_per_s(), result.measured_s);
  html +=
      Row("address", description.address + (description.tls ? " (mutual TLS)" : " (plain text)"));
  html += Row("load",
              (description.mode == "closed" ? "closed loop, " : "open loop, ") + description.load);
  html +=
      Row("requests", description.single ? std::string("single signed payments")
                                         : fmt::format("bulks of {} payments", description.batch));
  html += Row("accounts",
              fmt::format("{} pay, {} are paid, {}", description.debtors, description.creditors,
                          description.zipf_exponent > 0
                              ? fmt::format("Zipf {:g}", description.zipf_exponent)
                              : std::string("uniform")));
  html += Row("seed", fmt::format("{}", description.seed));
  html += "</table>\n<h2>Throughput</h2>\n" + ThroughputPlot(result);
  html +=
      "<h2>Latency</h2>\n<p>Corrected: from when a request was due. Uncorrected: from when it "
      "was sent.</p>\n";
  html += LatencyPlot(result) + LatencyTable(result);
  html += "<h2>Outcomes</h2>\n" + OutcomeTable(description, result);
  return html + "</body></html>\n";
}

}  // namespace causeway::load
