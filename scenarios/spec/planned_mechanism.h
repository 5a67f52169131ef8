// How the PvP settlements of a plan are made, and the terms of it: part of a Plan. Plain values.
// docs/mechanisms.md defines the mechanisms.
#ifndef CAUSEWAY_SCENARIOS_SPEC_PLANNED_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SPEC_PLANNED_MECHANISM_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fx-bridge/queue/rules.h"
#include "settlement/core/amount.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// Positions in Plan::ledgers, Plan::participants and Plan::actions.
using LedgerIndex = fx_queue::LedgerIndex;
using ParticipantIndex = fx_queue::MemberIndex;
using ActionIndex = fx_queue::TradeIndex;

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

using fx_queue::SettlementSelection;
using fx_queue::SettlementSelectionName;
// `every` counts from the opening; `wait_max` empty: until the day closes.
using PlannedSettlementQueue = fx_queue::QueueRules;

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
