// The legs of settlement lists, as the checkers follow them.
#include <utility>

#include "fmt/format.h"
#include "scenarios/simulator/checkers.h"

namespace causeway::sim {

// Of an account that is named by its number. Null when it cannot be done, which is a breach.
core::Amount* Checkers::MoveTo(LedgerIndex ledger, std::uint32_t account, core::Bucket bucket,
                               core::Amount amount, std::int64_t after) {
  const auto& accounts = engines_[ledger]->ledger().accounts();
  if (account >= accounts.size()) {
    Fail(fmt::format("{}: a packed leaf names account {}", NameOf(ledger), account));
    return nullptr;
  }
  Balance& balance = books_[ledger].balances[accounts[account].address];
  core::Amount& moved = bucket == core::Bucket::kAvailable ? balance.available : balance.held;
  const std::optional<core::Amount> sum = core::CheckedAdd(moved, amount);
  const bool may_be = sum && (bucket == core::Bucket::kAvailable
                                  ? IsWithinCredit(ledger, accounts[account].address, *sum)
                                  : !sum->IsNegative());
  if (!may_be || sum->minor() != after) {
    Fail(fmt::format("{}: a packed leaf gives account {} a balance that is wrong or negative",
                     NameOf(ledger), accounts[account].address.text()));
    return nullptr;
  }
  moved = *sum;
  return &moved;
}

void Checkers::OnHeldLeg(LedgerIndex ledger, const core::BulkPayment& leg,
                         const core::PaymentResult& held) {
  MoveTo(ledger, leg.debtor.number, core::Bucket::kAvailable,
         core::Amount::FromMinor(-leg.amount.minor()), held.debtor_after);
  MoveTo(ledger, leg.debtor.number, core::Bucket::kHeld, leg.amount, held.creditor_after);
}

// A leg moves as the decision says, and once.
void Checkers::OnResolvedLeg(LedgerIndex ledger, const core::Hash256& list,
                             const core::ResolvedLeg& leg) {
  const std::string name = list.ToHex().substr(0, 12);
  Settlement& settlement = settlements_[list];
  Side& side = settlement.sides[ledger];
  const bool again = !side.resolved_at.empty() && leg.position <= side.resolved_at.back();
  if (again || !side.listed.Contains(leg.position)) {
    FailAllOrNone(fmt::format("{}: leg {} of list {} is resolved twice, or was never held",
                              NameOf(ledger), leg.position, name));
  }
  side.resolved_at.push_back(leg.position);
  const bool booked = leg.outcome == core::Outcome::kAccepted;
  if (booked != settlement.committed.Contains(leg.position)) {
    FailAllOrNone(fmt::format("{}: settlement {} of list {} is {}, against the votes",
                              NameOf(ledger), leg.position, name, booked ? "booked" : "released"));
  }
  coverage_.Add(booked ? Covered::kListedLegBooked : Covered::kListedLegReleased);
  MoveTo(ledger, leg.leg.debtor, core::Bucket::kHeld,
         core::Amount::FromMinor(-leg.leg.amount.minor()), leg.debtor_held_after);
  MoveTo(ledger, booked ? leg.leg.creditor : leg.leg.debtor, core::Bucket::kAvailable,
         leg.leg.amount, leg.available_after);
}

void Checkers::OnPacked(LedgerIndex ledger, const core::Batch& batch, const core::BulkResults& bulk,
                        const core::Entry& cause) {
  Side& side = settlements_[cause.settlement_id].sides[ledger];
  const auto count = static_cast<std::uint32_t>(bulk.count());
  books_[ledger].leaves = std::max(books_[ledger].leaves, bulk.first_index + count);
  if (bulk.kind == core::BulkKind::kHolds) side.listed = core::PositionSet(count);
  for (std::uint32_t position = 0; position < count; ++position) {
    if (bulk.kind == core::BulkKind::kResolved) {
      const auto leg = core::ReadResolvedLeg(bulk.RecordAt(position));
      if (leg) OnResolvedLeg(ledger, cause.settlement_id, *leg);
      continue;
    }
    const auto held = core::ReadPaymentResult(bulk.RecordAt(position));
    if (bulk.kind != core::BulkKind::kHolds || !held) continue;
    if (held->outcome != core::Outcome::kAccepted) {
      coverage_.Add(Covered::kListedLegRejected);
      continue;
    }
    side.listed.Insert(position);
    OnHeldLeg(ledger, core::PaymentAt(batch, bulk, position), *held);
  }
  const bool resolves = bulk.kind == core::BulkKind::kResolved;
  if (resolves && side.resolved_at.size() != side.listed.Count()) {
    FailAllOrNone(fmt::format("{}: {} of {} legs of list {} are resolved", NameOf(ledger),
                              side.resolved_at.size(), side.listed.Count(),
                              cause.settlement_id.ToHex().substr(0, 12)));
  }
  if (!resolves) coverage_.Add(Covered::kListHeld);
}

}  // namespace causeway::sim
