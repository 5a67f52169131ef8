// Orders of courts, and changes of policies, keys and accounts, as the checkers follow them.
// Nothing that is held is touched by any of them, and observers see each order for what it is.
#include <algorithm>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/observer_node.h"
#include "settlement/codec/codec.h"

namespace causeway::sim {

void Checkers::OnIntervention(LedgerIndex ledger, const core::Entry& entry) {
  using core::ActionKind;
  Books& books = books_[ledger];
  const ActionKind kind = entry.instruction.kind;
  const bool done = entry.status == core::InstructionStatus::kSettled;
  books.intervened = true;
  const bool moves = kind == ActionKind::kOperatorOverride;
  for (const core::Posting& posting : entry.postings) {
    if (moves && done && posting.bucket == core::Bucket::kAvailable &&
        posting.code == core::TransactionCode::kOverride) {
      continue;
    }
    Fail(fmt::format("{}: entry {} ({}) moves what it may not reach on account {}", NameOf(ledger),
                     entry.index, core::ActionKindName(kind), posting.address.text()));
  }
  if (kind == ActionKind::kOperatorOverride) OnOverride(ledger, entry);
  if (kind == ActionKind::kOrderAbort) OnOrderAbort(ledger, entry);
  if (kind == ActionKind::kSetSettlementPolicy && done) OnPolicyChange(ledger, entry);
  if (kind == ActionKind::kCloseAccount) {
    coverage_.Add(done ? Covered::kAccountClosed : Covered::kAccountNotClosed);
  }
  if (kind == ActionKind::kUpdateKeys && done) {
    // Of a drawn step that adds and revokes at once, the second.
    const auto action = std::find_if(
        world_.plan.actions.begin(), world_.plan.actions.end(), [&](const PlannedAction& each) {
          return std::holds_alternative<ChangeKeys>(each.what) &&
                 std::string_view(entry.instruction.id.text()).starts_with(each.id);
        });
    const auto* change =
        action == world_.plan.actions.end() ? nullptr : &std::get<ChangeKeys>(action->what);
    const bool revokes = change != nullptr && (change->revoke > 0 || change->revokes_all);
    coverage_.Add(revokes ? Covered::kKeyRevoked : Covered::kKeyAdded);
    if (revokes) coverage_.Add(Covered::kHoldOverRevokedKey, books.held.size());
  }
}

void Checkers::OnOverride(LedgerIndex ledger, const core::Entry& entry) {
  if (entry.status != core::InstructionStatus::kSettled) {
    coverage_.Add(Covered::kOverrideRejected);
    if (entry.rejection.outcome == core::Outcome::kFundsHeld) {
      coverage_.Add(Covered::kOverrideMetHold);
    }
    if (entry.rejection.outcome == core::Outcome::kApprovalsMissing) {
      coverage_.Add(Covered::kOverrideSignedByOne);
    }
    return;
  }
  Books& books = books_[ledger];
  books.orders.push_back({entry.index, entry.instruction.kind, {}});
  coverage_.Add(Covered::kOverrideSettled);
  const core::AccountAddress& debtor = entry.postings.front().address;
  if (books.balances[debtor].held.IsPositive()) coverage_.Add(Covered::kOverrideBesideHold);
  const core::AccountState* account =
      engines_[ledger] == nullptr ? nullptr : engines_[ledger]->ledger().FindAccount(debtor);
  if (account != nullptr && account->frozen) coverage_.Add(Covered::kOverrideOfFrozen);
  const auto action = std::find_if(
      world_.plan.actions.begin(), world_.plan.actions.end(),
      [&](const PlannedAction& each) { return each.id == entry.instruction.id.text(); });
  const auto* planned =
      action == world_.plan.actions.end() ? nullptr : std::get_if<OverrideFunds>(&action->what);
  if (planned == nullptr || planned->approvers >= kApprovers) return;
  Fail(fmt::format("{}: override {} is carried out, which {} approver has signed", NameOf(ledger),
                   action->id, planned->approvers));
}

void Checkers::OnOrderAbort(LedgerIndex ledger, const core::Entry& entry) {
  if (entry.status != core::InstructionStatus::kSettled) {
    coverage_.Add(Covered::kAbortOrderRejected);
    return;
  }
  Books& books = books_[ledger];
  books.orders.push_back({entry.index, entry.instruction.kind, entry.settlement_id});
  coverage_.Add(Covered::kAbortOrdered);
  if (books.held.contains(entry.settlement_id)) coverage_.Add(Covered::kAbortOrderedWhileHeld);
}

// Behind an abort by order stands a durable order of a ledger of the settlement.
void Checkers::OnAbortedByOrder(const bridge::SettlementView& view) {
  const auto kept = kept_orders_.lower_bound({view.settlement_id, {}});
  if (kept != kept_orders_.end() && kept->first == view.settlement_id) {
    coverage_.Add(Covered::kAbortedByKeptOrder);
  }
  for (const auto& each : view.ledgers) {
    const std::optional<LedgerIndex> ledger = world_.plan.FindLedger(each.ledger);
    if (!ledger) continue;
    const std::vector<Books::Order>& orders = books_[*ledger].orders;
    const bool ordered = std::any_of(orders.begin(), orders.end(), [&](const Books::Order& order) {
      return order.settlement_id == view.settlement_id;
    });
    if (ordered) return;
  }
  Fail(fmt::format("the bridge: settlement {} is aborted by an order that no ledger of it recorded",
                   view.settlement_id.ToHex().substr(0, 12)));
}

void Checkers::OnOrderKept(const core::Hash256& id, const std::string& ledger) {
  if (settlements_[id].verdict == core::Verdict::kNone) kept_orders_.emplace(id, ledger);
}

// What was ordered before it was handed in never commits.
void Checkers::CheckKeptOrders(const core::DecisionRecord& record,
                               const core::DecidedSettlement& decided) {
  for (auto order = kept_orders_.lower_bound({record.settlement_id, {}});
       order != kept_orders_.end() && order->first == record.settlement_id; ++order) {
    const auto terms = codec::DecodeTerms(decided.terms);
    const auto ledger = core::LedgerOrigin::Parse(order->second);
    if (!terms.ok() || !ledger.ok() || terms->Find(*ledger) == nullptr) continue;
    Fail(
        fmt::format("the bridge: settlement {} is committed, whose abort {} had ordered before it "
                    "was handed in",
                    record.settlement_id.ToHex().substr(0, 12), order->second));
  }
}

void Checkers::OnPolicyChange(LedgerIndex ledger, const core::Entry& entry) {
  Books& books = books_[ledger];
  const std::string_view id = entry.instruction.id.text();
  const PlannedBridge& bridge = *world_.plan.bridge;
  for (const PlannedAction& action : world_.plan.actions) {
    const auto* change = std::get_if<ChangePolicy>(&action.what);
    if (change == nullptr || change->ledger != ledger || !id.starts_with(action.id)) continue;
    if (!change->withdraws) {
      if (id != action.id) continue;
      books.policies.insert(bridge.later_policies[change->policy].policy.hash);
      coverage_.Add(Covered::kPolicyAdded);
      coverage_.Add(Covered::kHoldOverPolicyChange, books.held.size());
      return;
    }
    const auto withdraw = [&](const core::SettlementPolicy& policy) {
      if (id != fmt::format("{}-{}", action.id, policy.epoch)) return;
      books.policies.erase(policy.hash);
      books.withdrawn.insert(policy.hash);
      coverage_.Add(Covered::kPolicyWithdrawn);
      coverage_.Add(Covered::kHoldOverPolicyChange, books.held.size());
    };
    withdraw(bridge.policy);
    for (std::size_t i = 0; i < change->policy; ++i) withdraw(bridge.later_policies[i].policy);
  }
  if (engines_[ledger] == nullptr) return;
  for (const core::Hash256& held : books.held) {
    const core::SettlementState* state = engines_[ledger]->ledger().FindSettlement(held);
    if (state == nullptr || !state->terms) continue;
    if (books.withdrawn.contains(state->terms->policy_hash))
      books.held_under_withdrawn.insert(held);
  }
}

// What is held was held while its policy was in force.
void Checkers::CheckHeldPolicy(LedgerIndex ledger, const core::Hash256& id,
                               const core::Hash256& policy) {
  if (books_[ledger].policies.contains(policy)) return;
  Fail(fmt::format("{}: holds for settlement {} under a policy that is not in force",
                   NameOf(ledger), id.ToHex().substr(0, 12)));
}

// After an order, or a change of rules, the ledger holds what its entries say, and no less.
void Checkers::CheckHolds(LedgerIndex ledger) {
  Books& books = books_[ledger];
  if (!std::exchange(books.intervened, false) || engines_[ledger] == nullptr) return;
  const auto prepared = engines_[ledger]->ledger().PreparedSettlements();
  const bool same =
      prepared.size() == books.held.size() &&
      std::all_of(prepared.begin(), prepared.end(), [&](const core::SettlementState* state) {
        return books.held.contains(state->settlement_id);
      });
  if (same) return;
  FailAllOrNone(
      fmt::format("{}: after an order or a change of rules it holds {} settlements, {} by "
                  "its entries",
                  NameOf(ledger), prepared.size(), books.held.size()));
}

// The observer lists every order that it has seen in the logs, and nothing else.
void Checkers::CheckOrdersSeen(const ObserverNode& observer) {
  for (std::size_t l = 0; l < books_.size(); ++l) {
    const observer::LedgerVerifier* seen =
        observer.corridor()->FindLedger(world_.plan.ledgers[l].origin);
    if (seen == nullptr) continue;
    const std::uint64_t size = seen->log().size();
    std::size_t next = 0;
    const std::vector<observer::Override>& listed = seen->overrides();
    for (const Books::Order& order : books_[l].orders) {
      if (order.entry_index >= size) break;
      const bool is_listed = next < listed.size() &&
                             listed[next].entry_index == order.entry_index &&
                             listed[next].instruction.kind == order.kind &&
                             listed[next].settlement_id == order.settlement_id;
      if (!is_listed) {
        Fail(fmt::format("the observer: does not list entry {} of {}, an order of a central bank",
                         order.entry_index, NameOf(static_cast<LedgerIndex>(l))));
        return;
      }
      ++next;
    }
    coverage_.Add(Covered::kOrderSeenByObserver, next);
    if (next == listed.size()) continue;
    Fail(fmt::format("the observer: lists an order of {} that there was not",
                     NameOf(static_cast<LedgerIndex>(l))));
  }
}

}  // namespace causeway::sim
