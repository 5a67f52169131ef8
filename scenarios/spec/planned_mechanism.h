// How the PvP settlements of a plan are made, and the terms of it: part of a Plan. Plain values.
// docs/mechanisms.md defines the mechanisms.
#ifndef CAUSEWAY_SCENARIOS_SPEC_PLANNED_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SPEC_PLANNED_MECHANISM_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "settlement/core/amount.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// Positions in Plan::ledgers, Plan::participants and Plan::actions.
using LedgerIndex = std::uint32_t;
using ParticipantIndex = std::uint32_t;
using ActionIndex = std::uint32_t;

// Numbers are those of causeway.v1.Mechanism.
enum class MechanismKind : std::uint8_t {
  kCoordinated = 1,
  kHtlc = 2,
  kNettingCycle = 3,
  kSharedLedger = 4,
  kClsStyle = 5,
  kSettlementQueue = 6,
};
inline constexpr std::array kMechanismKinds = {
    MechanismKind::kCoordinated,  MechanismKind::kHtlc,     MechanismKind::kNettingCycle,
    MechanismKind::kSharedLedger, MechanismKind::kClsStyle, MechanismKind::kSettlementQueue};
// "coordinated", "netting_cycle": as in reports and on the command line.
std::string_view MechanismName(MechanismKind kind);
std::optional<MechanismKind> MechanismFromName(std::string_view name);
// Whether somebody runs it: the operator of the plan.
bool NeedsOperator(MechanismKind kind);

struct PlannedHtlc {
  core::Duration first_timeout;   // of the party's lock
  core::Duration second_timeout;  // of the counterparty's
  core::Duration claim_margin;
  std::uint32_t volatility_per_mille = 0;  // of a year
};

struct PlannedNetting {
  std::vector<core::Duration> times;  // of day, ascending
  core::Duration signing_timeout;
};

struct PlannedSharedLedger {
  core::Duration matching_timeout;  // of one side, until the other comes
};

// A part of what a member owes falls due.
struct PlannedInstalment {
  core::Duration after;       // the beginning of the session
  std::uint32_t percent = 0;  // of all, with the instalments before
};
struct PlannedCls {
  std::vector<core::Duration> sessions;  // when they begin, times of day, ascending
  core::Duration session_length;
  std::vector<PlannedInstalment> instalments;  // ascending; the last is all
  std::uint32_t haircut_per_mille = 0;
  // Of a member, in the value currency: short in one currency, and in all together.
  core::Amount short_limit;
  core::Amount short_limit_all;
};

// Which of the trades that wait settle together. Numbers are those of
// causeway.v1.SettlementSelection.
enum class SettlementSelection : std::uint8_t {
  kNone = 1,     // one by one only
  kLargest = 2,  // the largest set that keeps first in, first out by bank and currency
  kGreedy = 3,   // in any order, a set that no further trade could join
  kExact = 4,    // in any order, the set of most value among those that wait longest
};
// "largest": as in reports.
std::string_view SettlementSelectionName(SettlementSelection selection);

struct PlannedSettlementQueue {
  core::Duration every;  // between runs, from the opening
  SettlementSelection selection = SettlementSelection::kLargest;
  bool bypass = false;                     // what can settle alone passes what waits before it
  core::Duration answer_timeout;           // for members to say what they have, and to sign
  std::optional<core::Duration> wait_max;  // none: until the day closes
  std::uint32_t exact_max = 0;             // trades that the exact solver looks at

  // First in, first out by bank and currency, of what settles alone and of what is selected.
  bool ReleasesInOrder() const {
    return !bypass &&
           (selection == SettlementSelection::kNone || selection == SettlementSelection::kLargest);
  }
  bool SelectsInOrder() const {
    return selection == SettlementSelection::kLargest ||
           (selection == SettlementSelection::kNone && !bypass);
  }
};

struct PlannedMechanism {
  MechanismKind kind = MechanismKind::kCoordinated;
  std::optional<ParticipantIndex> operated_by;  // there when the mechanism needs one
  PlannedHtlc htlc;
  PlannedNetting netting;
  PlannedSharedLedger shared_ledger;
  PlannedCls cls;
  PlannedSettlementQueue settlement_queue;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_PLANNED_MECHANISM_H_
