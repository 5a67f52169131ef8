// Who owns the accounts of a study. Payments settle by account; indicators of banks, their bounds
// and what `--liquidity` gives them are of all accounts of an owner in one currency together.
#ifndef CAUSEWAY_SCENARIOS_STUDY_BANKS_H_
#define CAUSEWAY_SCENARIOS_STUDY_BANKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/study/input.h"
#include "scenarios/study/results.h"

namespace causeway::study {

struct Bank {
  std::string owner;
  std::vector<AccountIndex> accounts;  // ascending, at least one
};

// In the order of their first accounts. An account without an owner is a bank of its own, named by
// the account's id. An owner with accounts in several currencies is a bank in each, named
// "OWNER.CURRENCY": money of one does nothing in another.
class Ownership {
 public:
  explicit Ownership(const Input& input);

  std::size_t size() const { return all_.size(); }
  const Bank& operator[](std::size_t bank) const { return all_[bank]; }
  std::uint32_t Of(AccountIndex account) const { return of_[account]; }
  // Then places of banks are those of accounts.
  bool HaveOneAccountEach() const { return all_.size() == of_.size(); }

 private:
  std::vector<Bank> all_;
  std::vector<std::uint32_t> of_;  // by account
};

// The input as if each bank had one account, in the place of the bank: of what indicators of single
// accounts are made of, accounts, days, payments and customers. Payments keep their places; one
// between two accounts of a bank has it as sender and recipient, and moves no position.
Input ByBank(const Input& input, const Ownership& banks);
// day * banks + bank: sums of RunResult::account_days.
std::vector<AccountDay> ByBank(const std::vector<AccountDay>& days, const Ownership& banks);

// `whole` over places by their weights, which are not negative: it is all given out, rounded so
// that no first so many get more than a minor unit off their part. Without any weight the first
// gets all.
std::vector<std::int64_t> SplitByWeight(std::int64_t whole,
                                        const std::vector<std::int64_t>& weights);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_BANKS_H_
