// What accounts are to receive over a day, and what of it is missing: for the behaviours of their
// banks.
#ifndef CAUSEWAY_SCENARIOS_STUDY_RECEIPTS_H_
#define CAUSEWAY_SCENARIOS_STUDY_RECEIPTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scenarios/study/behaviour.h"
#include "scenarios/study/input.h"

namespace causeway::study {

// Of one day at a time. A payment is missing from kReceiptMissingAfter after it fell due, with the
// opening at the earliest, until it has settled; with splitting what has not settled of it is.
class Receipts {
 public:
  struct Sums {
    std::int64_t expected = 0;
    std::int64_t missing = 0;
  };

  // `input` and `behaviours`, by account, outlive this. Without any behaviour nothing is noted, and
  // by payer only for accounts that have one.
  Receipts(const Input& input, const std::vector<std::unique_ptr<Behaviour>>& behaviours)
      : input_(input), behaviours_(behaviours) {}

  // The day's payments are first..last-1, by due time; those due at `closes` or later are of no
  // account. Points in time.
  void BeginDay(PaymentIndex first, PaymentIndex last, TimeUs opens, TimeUs closes);
  // A part of `payment` has settled, or all of it.
  void OnSettled(PaymentIndex payment, std::int64_t amount);
  // Makes Of and From those of `now`, which does not go back within a day.
  void AdvanceTo(TimeUs now);
  Sums Of(AccountIndex account) const { return sums_[account]; }
  // What `payer` is to pay `account`, which has a behaviour.
  Sums From(AccountIndex payer, AccountIndex account) const;

 private:
  static std::uint64_t Pair(AccountIndex payer, AccountIndex account) {
    return std::uint64_t{payer} << 32 | account;
  }
  void AddMissing(const Payment& payment, std::int64_t amount);

  const Input& input_;
  const std::vector<std::unique_ptr<Behaviour>>& behaviours_;
  TimeUs opens_ = 0;
  TimeUs closes_ = 0;
  PaymentIndex first_ = 0;
  PaymentIndex next_ = 0;  // the first that has not been due for long enough
  PaymentIndex last_ = 0;
  std::vector<std::int64_t> settled_;  // as payments from first_ on
  std::vector<Sums> sums_;             // by account
  absl::flat_hash_map<std::uint64_t, Sums> by_payer_;
};

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_RECEIPTS_H_
