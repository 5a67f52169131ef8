// Options and input of a study as the liquidity engine wants them: its rules, and the terms of each
// account on each day.
#ifndef CAUSEWAY_SCENARIOS_STUDY_TERMS_H_
#define CAUSEWAY_SCENARIOS_STUDY_TERMS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/study/banks.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/input.h"
#include "scenarios/study/runner.h"
#include "settlement/liquidity/rules.h"

namespace causeway::study {

// `opens` is a point in time.
liquidity::Rules RulesOf(const RunOptions& options, TimeUs opens);

// What accounts begin a day with.
struct DayTerms {
  std::vector<liquidity::BankTerms> banks;
  std::vector<liquidity::BilateralLimit> limits;
};

class TermsMaker {
 public:
  // Both must outlive this. `closes` is of every day.
  TermsMaker(const Input& input, const RunOptions& options, TimeUs closes);

  // FailedPrecondition when `liquidity_total` is less than the lower bounds of a day. `balances`
  // are those of the input at the opening of the day; not used with alpha or a total. `first` and
  // `end` are the payments of the day.
  absl::StatusOr<DayTerms> Of(std::size_t day, const std::vector<std::int64_t>& balances,
                              PaymentIndex first, PaymentIndex end) const;

  // A change that was made to an account's terms stands on the days that follow, in place of what
  // the input and the options say: `Of` has it from now on. Not with alpha or a total for credit
  // and collateral, which these give anew each day. What changes a balance or a payment is none.
  void Carry(const Change& change);

 private:
  // What changes left of an account's terms; nothing: as at the beginning.
  struct Carried {
    std::optional<std::int64_t> credit_limit;
    std::optional<std::int64_t> collateral;
    std::optional<std::int64_t> reserved_urgent;
    std::optional<std::int64_t> reserved_high;
    std::optional<std::int64_t> release_threshold;
    std::optional<std::optional<std::int64_t>> holding_limit;  // nothing in it: lifted
    std::optional<std::optional<std::int64_t>> multilateral_limit;
  };
  void SetKept(AccountIndex index, liquidity::BankTerms& bank) const;
  void ApplyCarried(DayTerms& terms) const;

  bool GivesLiquidity() const { return options_.alpha || options_.liquidity_total; }
  absl::StatusOr<std::vector<std::int64_t>> Endowments(std::size_t day, PaymentIndex first,
                                                       PaymentIndex end) const;
  std::vector<std::int64_t> SplitOverAccounts(std::size_t day,
                                              const std::vector<std::int64_t>& of_banks) const;
  const Bounds* BoundsOfBanks(std::size_t day) const {
    return (bank_bounds_.empty() ? bounds_ : bank_bounds_).data() + day * banks_.size();
  }
  void AddLimits(PaymentIndex first, PaymentIndex end, DayTerms& terms) const;

  const Input& input_;
  const RunOptions& options_;
  TimeUs closes_;
  // With alpha or a total: day * accounts + account, and day * banks + bank.
  Ownership banks_;
  std::vector<Bounds> bounds_;
  std::vector<Bounds> bank_bounds_;  // empty where each bank has one account
  std::map<AccountIndex, Carried> carried_;
  std::map<std::pair<AccountIndex, AccountIndex>, std::optional<std::int64_t>> carried_limits_;
};

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_TERMS_H_
