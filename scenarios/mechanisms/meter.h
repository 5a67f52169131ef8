// Measures what a mechanism costs and risks, from the entries of the ledgers as they become
// durable: the same figures for every mechanism, because they come from postings and not from what
// the mechanism says of itself. docs/mechanisms.md defines each figure.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_METER_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_METER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "settlement/core/entry.h"

namespace causeway::sim {

// An amount over time: its greatest level, and the sum of level times time. What changes at one
// moment changes at once: a level that lasted no time was never there.
class AmountOverTime {
 public:
  // Times do not decrease.
  void Add(core::LedgerTime now, std::int64_t change);
  std::int64_t level() const { return level_; }
  // Of those that lasted, and the one that is there now.
  std::int64_t max() const { return std::max(max_, level_); }
  // Minor units times seconds until `now`, rounded down.
  std::int64_t AmountSeconds(core::LedgerTime now) const;

 private:
  std::int64_t level_ = 0;
  std::int64_t max_ = 0;
  core::LedgerTime since_ = core::LedgerTime::Min();
  absl::int128 minor_micros_ = 0;
};

class Meter {
 public:
  // `plan` outlives the meter.
  explicit Meter(const Plan& plan);

  // What will be locked, or paid, by that instruction is one of the two legs of a trade.
  struct LockLink {
    ActionIndex trade = 0;
    bool second = false;  // the counterparty's
    core::LedgerTime expires;
  };
  void Link(LedgerIndex ledger, const core::InstructionKey& lock, const LockLink& link) {
    links_[{ledger, lock}] = link;
  }

  // A batch became durable at `now` with this entry in it.
  void OnEntry(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry);
  MechanismResult Finish(core::LedgerTime now) const;

 private:
  // Legs that belong together: what a payer risks is that its own is booked and the others are not.
  struct Exchange {
    std::uint32_t legs = 0;
    std::uint32_t booked = 0;
    std::uint32_t released = 0;
    std::int64_t booked_value = 0;
    std::int64_t at_risk = 0;
  };
  struct Account {
    std::int64_t net = 0;     // of what settlements moved
    std::int64_t lowest = 0;  // that it ever was
  };

  // The exchange that an entry is a leg of; null: of none.
  Exchange* Find(LedgerIndex ledger, const core::Entry& entry);
  void OnOption(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry,
                const LockLink& link);
  void OnLeg(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry);
  std::int64_t ValueOf(LedgerIndex ledger, core::Amount amount) const;
  // Money on an account of a settlement institution waits to be paid out.
  bool IsInstitution(LedgerIndex ledger, const core::AccountAddress& account) const;

  const Plan& plan_;
  std::vector<AmountOverTime> locked_;  // by ledger
  AmountOverTime at_risk_;              // in the value currency
  std::map<core::Hash256, Exchange> exchanges_;
  std::map<ActionIndex, Exchange> linked_;
  std::map<std::pair<LedgerIndex, core::InstructionKey>, LockLink> links_;
  struct OpenOption {
    std::size_t position = 0;
    core::LedgerTime began;
    core::LedgerTime expires;
  };
  std::map<ActionIndex, OpenOption> open_options_;
  std::vector<MechanismResult::Option> options_;
  std::vector<std::map<core::AccountAddress, Account>> accounts_;  // by ledger
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_METER_H_
