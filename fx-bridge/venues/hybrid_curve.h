// The concentrated hybrid curve of two currencies from M. Egorov, "Automatic market-making with
// dynamic peg" (Curve v2, 2021), in exact integer arithmetic.
//
// With balances x and y in one unit of account, S = x + y, P = xy and K0 = 4P / D^2, the curve of
// size D is
//     K D (S - D) + P - D^2 / 4 = 0,    K = A K0 g^2 / (g + 1 - K0)^2.
// Multiplied by its denominators this compares two products of whole numbers (Reaches below), so
// that nothing is rounded in a comparison: Newton's steps only look for the place, and the answer
// is the exact last or first integer on the right side of the curve. docs/fx-venues.md shows that
// there is one root in the range searched, and how large the products become.
//
// Pure and stateless.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_HYBRID_CURVE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_HYBRID_CURVE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "fx-bridge/venues/wide_uint.h"

namespace causeway::bridge {

class HybridCurve {
 public:
  // Balances are below 2^127.
  static constexpr std::size_t kBalanceBitsMax = 127;
  static constexpr std::uint64_t kAmplificationE4Max = 10'000'000'000;      // A = 1,000,000
  static constexpr std::uint64_t kGammaE18Max = 1'000'000'000'000'000'000;  // 1
  // Steps that a search may take: every fourth halves the range that is left.
  static constexpr int kStepsMax = 4 * 132;

  struct Parameters {
    std::uint64_t amplification_e4 = 0;  // A, in ten-thousandths
    std::uint64_t gamma_e18 = 0;         // g, in units of 10^-18
  };

  // InvalidArgument names the parameter that is not in 1..its maximum.
  static absl::Status Check(const Parameters& parameters);
  explicit HybridCurve(const Parameters& parameters);  // checked before

  // Whether balances lie on the curve of size d or outside of it.
  bool Reaches(const WideUint& x, const WideUint& y, const WideUint& d) const;
  // The largest d that positive balances reach. Never falls when a balance grows. `steps` (may be
  // null) counts evaluations.
  WideUint SizeOf(const WideUint& x, const WideUint& y, int* steps = nullptr) const;
  // The smallest y that reaches d > 0 together with x > 0; `known` is one that does.
  WideUint OtherBalance(const WideUint& x, const WideUint& d, const WideUint& known,
                        int* steps = nullptr) const;

 private:
  WideUint amplified_;  // 16 A g^2, A in ten-thousandths and g in 10^-18
  WideUint one_plus_gamma_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_HYBRID_CURVE_H_
