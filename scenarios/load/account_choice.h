// Which accounts pay and are paid: all alike, or a few of them much more often.
#ifndef CAUSEWAY_SCENARIOS_LOAD_ACCOUNT_CHOICE_H_
#define CAUSEWAY_SCENARIOS_LOAD_ACCOUNT_CHOICE_H_

#include <cstdint>

#include "settlement/core/prng.h"

namespace causeway::load {

// Ranks 1 to `count` with probability proportional to rank^-exponent, by rejection-inversion
// (Hörmann and Derflinger, 1996): constant time and memory, whatever the count.
class ZipfSampler {
 public:
  // `count` at least 1, `exponent` above 0.
  ZipfSampler(std::uint64_t count, double exponent);

  std::uint64_t Sample(core::RandomStream& random) const;

 private:
  double H(double x) const;
  double HIntegral(double x) const;
  double HIntegralInverse(double x) const;

  std::uint64_t count_;
  double exponent_;
  double integral_first_;
  double integral_count_;
  double threshold_;
};

// Positions 0 to `count` - 1: uniform for exponent 0, else by Zipf. Hot positions are spread over
// the whole range, as hot accounts are on a ledger.
class AccountChoice {
 public:
  AccountChoice(std::uint64_t count, double zipf_exponent);

  std::uint64_t Choose(core::RandomStream& random) const;

 private:
  std::uint64_t count_;
  bool uniform_;
  ZipfSampler zipf_;
  std::uint64_t stride_;  // no divisor in common with count_
};

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_ACCOUNT_CHOICE_H_
