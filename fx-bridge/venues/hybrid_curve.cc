#include "fx-bridge/venues/hybrid_curve.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

constexpr std::uint64_t kOneE4 = 10'000;
constexpr std::uint64_t kOneE18 = 1'000'000'000'000'000'000;

// Where Newton's method leads from the last point, in whole steps up or down.
struct Step {
  bool known = false;  // false: the slope has the wrong sign here
  bool up = false;
  WideUint size;
};

// Finds the border between low, for which `holds` is `at_low`, and high, for which it is not.
// Newton's steps converge from one side and may leave the far end where it was; a step that does
// not move is made one, and every fourth halves the range, which bounds the search.
template <typename Holds, typename NewtonStep>
void FindBorder(const Holds& holds, const NewtonStep& newton, bool at_low, WideUint& low,
                WideUint& high, WideUint point, int* steps) {
  int taken = 0;
  while (high - low > 1) {
    CW_CHECK(++taken <= HybridCurve::kStepsMax, "the search for a root is bounded");
    const Step step = taken % 4 == 0 ? Step{} : newton(point);
    WideUint next = (low + high) / 2;
    if (step.known && step.up) next = point + step.size;
    if (step.known && !step.up && step.size <= point) next = point - step.size;
    next = std::clamp(next, low + 1, high - 1);
    if (holds(next) == at_low) {
      low = next;
    } else {
      high = next;
    }
    point = next;
  }
  if (steps != nullptr) *steps += taken;
}

Step Difference(const WideUint& left, const WideUint& right, const WideUint& slope) {
  const bool up = left < right;
  return {true, up, (up ? right - left : left - right) / slope};
}

}  // namespace

absl::Status HybridCurve::Check(const Parameters& parameters) {
  if (parameters.amplification_e4 == 0 || parameters.amplification_e4 > kAmplificationE4Max) {
    return absl::InvalidArgumentError(
        fmt::format("amplification: {} ten-thousandths; must be 1 to {}",
                    parameters.amplification_e4, kAmplificationE4Max));
  }
  if (parameters.gamma_e18 == 0 || parameters.gamma_e18 > kGammaE18Max) {
    return absl::InvalidArgumentError(fmt::format("gamma: {} in units of 10^-18; must be 1 to {}",
                                                  parameters.gamma_e18, kGammaE18Max));
  }
  return absl::OkStatus();
}

HybridCurve::HybridCurve(const Parameters& parameters)
    : amplified_(WideUint(16) * WideUint(parameters.amplification_e4) *
                 WideUint(parameters.gamma_e18) * WideUint(parameters.gamma_e18)),
      one_plus_gamma_(WideUint(kOneE18) + WideUint(parameters.gamma_e18)) {
  CW_CHECK(Check(parameters).ok(), "parameters are checked before they are used");
}

// 16 A g^2 P D^3 (S - D) >= (D^2 - 4P) W^2 with W = (g + 1) D^2 - 4P, all over whole numbers.
bool HybridCurve::Reaches(const WideUint& x, const WideUint& y, const WideUint& d) const {
  const WideUint sum = x + y;
  if (sum < d) return false;
  const WideUint product = x * y;
  const WideUint d2 = d * d;
  const WideUint p4 = product * 4;
  if (p4 >= d2) return true;
  const WideUint w = one_plus_gamma_ * d2 - WideUint(kOneE18) * p4;
  return amplified_ * product * d2 * d * (sum - d) >= WideUint(kOneE4) * (d2 - p4) * w * w;
}

WideUint HybridCurve::SizeOf(const WideUint& x, const WideUint& y, int* steps) const {
  CW_CHECK(!x.IsZero() && !y.IsZero(), "a curve has both balances");
  CW_CHECK(std::max(x, y).BitLength() <= kBalanceBitsMax, "balances are in range");
  const WideUint sum = x + y;
  const WideUint p4 = x * y * 4;
  const auto holds = [&](const WideUint& d) { return Reaches(x, y, d); };
  if (holds(sum)) return sum;
  WideUint low = SquareRoot(p4);  // the geometric mean reaches itself
  WideUint high = sum;
  const WideUint c = amplified_ * x * y;
  const WideUint q = WideUint(kOneE18) * p4;
  const auto newton = [&](const WideUint& d) -> Step {
    const WideUint d2 = d * d;
    const WideUint w = one_plus_gamma_ * d2 - q;
    const WideUint deep = d2 - p4;
    const WideUint left = c * d2 * d * (sum - d);
    const WideUint right = WideUint(kOneE4) * deep * w * w;
    // -(left - right)' = c D^2 (4 D - 3 S) + 2 E4 W D (W + 2 (g + 1) (D^2 - 4P))
    const WideUint falling =
        c * d2 * d * 4 + WideUint(kOneE4) * 2 * w * d * (w + one_plus_gamma_ * deep * 2);
    const WideUint rising = c * d2 * sum * 3;
    if (falling <= rising) return {};
    return Difference(right, left, falling - rising);
  };
  FindBorder(holds, newton, true, low, high, high, steps);
  return low;
}

WideUint HybridCurve::OtherBalance(const WideUint& x, const WideUint& d, const WideUint& known,
                                   int* steps) const {
  CW_CHECK(!x.IsZero() && !d.IsZero(), "a curve has a size and a balance");
  CW_CHECK(std::max(x, known).BitLength() <= kBalanceBitsMax, "balances are in range");
  CW_CHECK(Reaches(x, known, d), "the search begins at a balance that reaches the curve");
  const WideUint d2 = d * d;
  const auto holds = [&](const WideUint& y) { return Reaches(x, y, d); };
  WideUint low = d > x ? d - x : WideUint();
  if (holds(low)) return low;
  WideUint high = known;
  const WideUint w0 = one_plus_gamma_ * d2;
  const WideUint c = amplified_ * x * d2 * d;
  const auto newton = [&](const WideUint& y) -> Step {
    const WideUint p4 = x * y * 4;
    if (p4 >= d2 || x + y < d) return {};
    const WideUint w = w0 - WideUint(kOneE18) * p4;
    const WideUint deep = d2 - p4;
    const WideUint left = c * y * (x + y - d);
    const WideUint right = WideUint(kOneE4) * deep * w * w;
    // (left - right)' = c (2 y + x - D) + 4 x E4 W (W + 2 E18 (D^2 - 4P))
    const WideUint slope =
        c * (y + y + x - d) + WideUint(4 * kOneE4) * x * w * (w + WideUint(kOneE18) * deep * 2);
    return Difference(left, right, slope);
  };
  FindBorder(holds, newton, false, low, high, high, steps);
  return high;
}

}  // namespace causeway::bridge
