#include "scenarios/load/arrivals.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "fmt/format.h"
#include "settlement/core/prng.h"

namespace causeway::load {
namespace {

constexpr double kSecondNs = 1e9;

std::int64_t Rounded(double value_ns) { return static_cast<std::int64_t>(std::llround(value_ns)); }

class FixedArrivals final : public Arrivals {
 public:
  explicit FixedArrivals(double rate_per_s) : gap_ns_(kSecondNs / rate_per_s) {}
  // Multiplied, not summed: rounding does not grow.
  std::optional<std::int64_t> Next() override {
    return Rounded(static_cast<double>(number_++) * gap_ns_);
  }

 private:
  const double gap_ns_;
  std::uint64_t number_ = 0;
};

class SteppedArrivals final : public Arrivals {
 public:
  explicit SteppedArrivals(std::vector<RateStep> steps) : steps_(std::move(steps)) {}

  std::optional<std::int64_t> Next() override {
    while (step_ < steps_.size()) {
      const RateStep& step = steps_[step_];
      const double length_ns = step.duration_s * kSecondNs;
      if (step.rate_per_s > 0) {
        const double offset_ns = static_cast<double>(number_) * kSecondNs / step.rate_per_s;
        if (offset_ns < length_ns) {
          ++number_;
          return Rounded(begin_ns_ + offset_ns);
        }
      }
      begin_ns_ += length_ns;
      number_ = 0;
      ++step_;
    }
    return std::nullopt;
  }

 private:
  const std::vector<RateStep> steps_;
  std::size_t step_ = 0;
  std::uint64_t number_ = 0;  // in the step
  double begin_ns_ = 0;
};

class PoissonArrivals final : public Arrivals {
 public:
  PoissonArrivals(double rate_per_s, std::uint64_t seed)
      : gap_ns_(kSecondNs / rate_per_s), random_(seed, "load/arrivals") {}

  std::optional<std::int64_t> Next() override {
    // 53 random bits: above 0 and at most 1.
    const double uniform = (static_cast<double>(random_.NextU64() >> 11) + 1) * 0x1p-53;
    now_ns_ -= std::log(uniform) * gap_ns_;
    return Rounded(now_ns_);
  }

 private:
  const double gap_ns_;
  core::RandomStream random_;
  double now_ns_ = 0;
};

class ReplayedArrivals final : public Arrivals {
 public:
  explicit ReplayedArrivals(std::vector<std::int64_t> times_ns) : times_ns_(std::move(times_ns)) {}
  std::optional<std::int64_t> Next() override {
    if (next_ == times_ns_.size()) return std::nullopt;
    return times_ns_[next_++];
  }

 private:
  const std::vector<std::int64_t> times_ns_;
  std::size_t next_ = 0;
};

// The part of `text` before the mark, which is cut off with it.
std::string_view CutPart(std::string_view& text, char mark) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

bool ParseNumber(std::string_view text, double& number) {
  return absl::SimpleAtod({text.data(), text.size()}, &number) && std::isfinite(number);
}

}  // namespace

std::unique_ptr<Arrivals> FixedRate(double rate_per_s) {
  return std::make_unique<FixedArrivals>(rate_per_s);
}

std::unique_ptr<Arrivals> SteppedRate(std::vector<RateStep> steps) {
  return std::make_unique<SteppedArrivals>(std::move(steps));
}

std::unique_ptr<Arrivals> PoissonRate(double rate_per_s, std::uint64_t seed) {
  return std::make_unique<PoissonArrivals>(rate_per_s, seed);
}

std::unique_ptr<Arrivals> Replay(std::vector<std::int64_t> times_ns) {
  return std::make_unique<ReplayedArrivals>(std::move(times_ns));
}

absl::StatusOr<std::vector<RateStep>> ParseSteps(std::string_view text) {
  std::vector<RateStep> steps;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view part = CutPart(rest, ',');
    const std::string whole(part);
    RateStep step;
    const std::string_view rate = CutPart(part, ':');
    if (!ParseNumber(rate, step.rate_per_s) || !ParseNumber(part, step.duration_s) ||
        step.rate_per_s < 0 || step.duration_s <= 0) {
      return absl::InvalidArgumentError(
          fmt::format("step \"{}\": must be RATE:SECONDS, such as 1000:10", whole));
    }
    steps.push_back(step);
  }
  if (steps.empty()) return absl::InvalidArgumentError("there is no step; give RATE:SECONDS,...");
  return steps;
}

absl::StatusOr<std::vector<std::int64_t>> ParseTrace(std::string_view text) {
  std::vector<std::int64_t> times;
  for (std::size_t line = 1; !text.empty(); ++line) {
    std::string_view content = CutPart(text, '\n');
    if (content.ends_with('\r')) content.remove_suffix(1);
    if (content.empty() || content.front() == '#') continue;
    std::int64_t time = 0;
    const char* const end = content.data() + content.size();
    const auto [rest, error] = std::from_chars(content.data(), end, time);
    if (error != std::errc() || rest != end || time < 0) {
      return absl::InvalidArgumentError(fmt::format(
          "line {}: \"{}\" is no time; must be nanoseconds since the start", line, content));
    }
    if (!times.empty() && time < times.back()) {
      return absl::InvalidArgumentError(fmt::format(
          "line {}: {} is before {} above it; times never fall", line, time, times.back()));
    }
    times.push_back(time);
  }
  return times;
}

std::string FormatTrace(const std::vector<std::int64_t>& times_ns) {
  std::string text = "# send times in nanoseconds since the start\n";
  for (const std::int64_t time : times_ns) text += fmt::format("{}\n", time);
  return text;
}

}  // namespace causeway::load
