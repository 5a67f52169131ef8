// What central banks do by order of a court, and changes of policies, keys and accounts: the steps
// that interfere with what is under way.
#include <algorithm>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/quote.h"

namespace causeway::sim {
namespace {

// Ids of steps that become several actions leave room for what is appended to them.
constexpr std::size_t kSplitIdSizeMax = 16;
constexpr std::uint32_t kKeyNumberMax = 99;
constexpr std::uint32_t kPolicyMillisMax = 24 * 3600 * 1000;

}  // namespace

void Compiler::CompileIntervention(const Node& node, const causeway::v1::Step& spec, Due due) {
  if (!plan_.bridge) {
    Fail(node.Of("id"), "this step needs a bridge");
    return;
  }
  if (plan_.mechanism.kind != MechanismKind::kCoordinated) {
    Fail(node.Of("id"), "this step is for MECHANISM_COORDINATED");
  }
  if (!spec_.concurrent()) {
    Fail(node.Of("id"),
         "concurrent: must be true with this step, or it waits for what is under way");
  }
  switch (spec.what_case()) {
    case causeway::v1::Step::kOverride:
      CompileOverride(node.Child("override"), spec.override(), std::move(due));
      break;
    case causeway::v1::Step::kOrderAbort:
      CompileOrderAbort(node.Child("order_abort"), spec.order_abort(), std::move(due));
      break;
    case causeway::v1::Step::kPolicy:
      CompilePolicy(node.Child("policy"), spec.policy(), std::move(due));
      break;
    case causeway::v1::Step::kKeys:
      CompileKeys(node.Child("keys"), spec.keys(), std::move(due));
      break;
    case causeway::v1::Step::kCloseAccount:
      CompileCloseAccount(node.Child("close_account"), spec.close_account(), std::move(due));
      break;
    default:
      CompileDefault(node.Child("default"), spec.default_(), std::move(due));
  }
}

void Compiler::AddIntervention(const Due& due, const std::string& suffix, core::Duration later,
                               PlannedWhat what) {
  AddAction(due.place, due.id + suffix, due.time + later, due.date, std::move(what));
}

bool Compiler::CanSplit(const Due& due) {
  if (due.id.size() <= kSplitIdSizeMax) return true;
  Fail(due.place, fmt::format("id {}: at most {} characters, because this step becomes several "
                              "actions",
                              core::Quoted(due.id), kSplitIdSizeMax));
  return false;
}

void Compiler::CompileOverride(const Node& node, const causeway::v1::OverrideStep& step, Due due) {
  const auto ledger = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
  const auto from = ReadHolder(node.Of("from"), step.from(), ledger);
  const auto to = ReadHolder(node.Of("to"), step.to(), ledger);
  if (!ledger || !from || !to) return;
  if (*from == *to) Fail(node.Of("to"), "from and to are the same participant");
  const auto amount = ReadAmount(node.Of("amount"), step.amount(), plan_.ledgers[*ledger].currency);
  if (step.approvers() > kApprovers) {
    Fail(node.Of("approvers"), fmt::format("approvers: there are {}", kApprovers));
    return;
  }
  if (!amount) return;
  AddIntervention(due, "", {},
                  OverrideFunds{*ledger, *from, *to, *amount,
                                step.approvers() == 0 ? kApprovers : step.approvers()});
}

void Compiler::CompileOrderAbort(const Node& node, const causeway::v1::OrderAbortStep& step,
                                 Due due) {
  const auto ledger = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
  const auto settles = [&](const causeway::v1::Step& other) {
    return other.id() == step.step() && (other.has_pvp() || other.has_swap());
  };
  if (step.step().empty() || std::none_of(spec_.steps().begin(), spec_.steps().end(), settles)) {
    Fail(node.Of("step"),
         fmt::format("step {}: is the id of no pvp or swap step", core::Quoted(step.step())));
    return;
  }
  if (!ledger) return;
  OrderAbortOf order;
  order.ledger = *ledger;
  order.settles = step.step();
  order.unrecorded = step.unrecorded();
  AddIntervention(due, "", {}, std::move(order));
}

// Once actions have their places.
void Compiler::FindOrderedActions() {
  for (PlannedAction& action : plan_.actions) {
    auto* const order = std::get_if<OrderAbortOf>(&action.what);
    if (order == nullptr) continue;
    const auto found =
        std::find_if(plan_.actions.begin(), plan_.actions.end(),
                     [&](const PlannedAction& each) { return each.id == order->settles; });
    CW_CHECK(found != plan_.actions.end(), "every step is an action");
    order->action = found->index;
  }
}

std::vector<std::size_t> Compiler::ReadWitnesses(const Node& node,
                                                 const causeway::v1::PolicyStep& step) {
  std::vector<std::size_t> positions;
  std::uint32_t before = 0;
  for (int i = 0; i < step.witnesses_size(); ++i) {
    const std::uint32_t number = step.witnesses(i);
    if (number <= before || number > core::kPolicyWitnessesMax) {
      Fail(node.Of("witnesses", i),
           fmt::format("witnesses: numbers from 1 to {}, ascending", core::kPolicyWitnessesMax));
      break;
    }
    before = number;
    const std::string name =
        fmt::format("{}/witness-{}", plan_.bridge->decision_log.text(), number);
    std::optional<std::size_t> position = FindWitness(name);
    if (!position) {
      position = plan_.bridge->witnesses.size();
      plan_.bridge->witnesses.push_back({name, DeriveKey(fmt::format("witness/{}", name))});
    }
    positions.push_back(*position);
  }
  return positions;
}

void Compiler::CompilePolicy(const Node& node, const causeway::v1::PolicyStep& step, Due due) {
  std::vector<PlannedPolicy>& policies = plan_.bridge->later_policies;
  const std::uint64_t epoch_before =
      policies.empty() ? plan_.bridge->policy.epoch : policies.back().policy.epoch;
  if (step.epoch() <= epoch_before || (!policies.empty() && due.time < policies.back().known)) {
    Fail(node.Of("epoch"), fmt::format("epoch {}: must be above {}, and the step must not come "
                                       "before the policy step that is listed before it",
                                       step.epoch(), epoch_before));
    return;
  }
  if (UsesVenues(*plan_.bridge)) {
    Fail(node.Of("epoch"), "policy: not in a file with venues, which quote under one policy");
  }
  if (step.spread_ms() > kPolicyMillisMax || step.withdraw_after_ms() > kPolicyMillisMax) {
    Fail(node.Of("spread_ms"),
         fmt::format("spread_ms, withdraw_after_ms: at most {}", kPolicyMillisMax));
    return;
  }
  if (!CanSplit(due)) return;
  PlannedPolicy planned;
  planned.known = due.time;
  planned.spread = core::Duration::FromMillis(step.spread_ms());
  planned.witnesses = ReadWitnesses(node, step);
  core::SettlementPolicy policy = plan_.bridge->policy;
  policy.epoch = step.epoch();
  policy.witnesses.clear();
  for (const std::size_t position : planned.witnesses) {
    const PlannedWitness& witness = plan_.bridge->witnesses[position];
    policy.witnesses.push_back({witness.name, witness.key.key});
  }
  policy.witnesses_needed = step.witnesses_needed();
  policy.witnesses_faulty_max = step.witnesses_faulty_max();
  if (absl::Status status = core::CheckWitnesses(policy); !status.ok()) {
    Fail(node.Of("witnesses_needed"), std::string(status.message()));
    return;
  }
  planned.bytes = codec::EncodePolicy(policy);
  absl::StatusOr<core::SettlementPolicy> decoded = codec::DecodePolicy(planned.bytes);
  CW_CHECK(decoded.ok(), "a policy made of checked parts decodes");
  planned.policy = *std::move(decoded);
  const std::size_t position = policies.size();
  policies.push_back(std::move(planned));
  for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
    const auto ledger = static_cast<LedgerIndex>(l);
    const std::string code(plan_.ledgers[l].currency.code());
    AddIntervention(due, "-" + code, {}, ChangePolicy{ledger, position, false});
    if (step.withdraw_after_ms() == 0) continue;
    AddIntervention(due, "-end-" + code, core::Duration::FromMillis(step.withdraw_after_ms()),
                    ChangePolicy{ledger, position, true});
  }
}

void Compiler::CompileKeys(const Node& node, const causeway::v1::KeysStep& step, Due due) {
  const auto party = ReadParty(node.Of("participant"), step.participant());
  std::optional<LedgerIndex> only;
  if (!step.currency().empty()) {
    only = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
    if (!only) return;
  }
  if (!party || !CanSplit(due)) return;
  if ((step.add() == 0 && step.revoke() == 0) || step.add() == 1 || step.add() > kKeyNumberMax ||
      step.add() == step.revoke()) {
    Fail(node.Of("add"),
         fmt::format("add: a number from 2 to {}, or revoke that of another key", kKeyNumberMax));
    return;
  }
  PlannedParticipant& participant = plan_.participants[*party];
  if (step.add() > 0) AddLaterKey(participant, step.add(), due.time);
  if (step.revoke() > 0 && participant.FindKey(step.revoke()) == nullptr) {
    Fail(node.Of("revoke"), fmt::format("revoke: no step before it adds key {}", step.revoke()));
    return;
  }
  for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
    const auto ledger = static_cast<LedgerIndex>(l);
    if (only && *only != ledger) continue;
    if (participant.accounts[l].IsEmpty()) continue;
    AddIntervention(due, fmt::format("-{}", plan_.ledgers[l].currency.code()), {},
                    ChangeKeys{ledger, *party, step.add(), step.revoke(), false});
  }
}

void Compiler::AddLaterKey(PlannedParticipant& participant, std::uint32_t number,
                           core::LedgerTime time) {
  std::vector<PlannedParticipant::LaterKey>& keys = participant.later_keys;
  const auto known = std::find_if(keys.begin(), keys.end(),
                                  [&](const auto& each) { return each.number == number; });
  if (known != keys.end()) {
    known->added = std::max(known->added, time);
  } else {
    keys.push_back(
        {number, DeriveKey(fmt::format("participant/{}/{}", participant.id.text(), number)), time});
  }
  std::stable_sort(keys.begin(), keys.end(),
                   [](const auto& left, const auto& right) { return left.added < right.added; });
}

void Compiler::CompileCloseAccount(const Node& node, const causeway::v1::CloseAccountStep& step,
                                   Due due) {
  const auto ledger = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
  const auto holder = ReadHolder(node.Of("participant"), step.participant(), ledger);
  if (!ledger || !holder) return;
  AddIntervention(due, "", {}, CloseAccountOf{*ledger, *holder});
}

void Compiler::CompileDefault(const Node& node, const causeway::v1::DefaultStep& step, Due due) {
  const auto party = ReadParty(node.Of("participant"), step.participant());
  if (!party || !CanSplit(due)) return;
  for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
    if (plan_.participants[*party].accounts[l].IsEmpty()) continue;
    const auto ledger = static_cast<LedgerIndex>(l);
    const std::string code(plan_.ledgers[l].currency.code());
    AddIntervention(due, "-freeze-" + code, {}, FreezeAccount{ledger, *party, false});
    AddIntervention(due, "-keys-" + code, {}, ChangeKeys{ledger, *party, 0, 0, true});
  }
}

}  // namespace causeway::sim
