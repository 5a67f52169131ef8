#include "scenarios/simulator/checkers.h"

#include <algorithm>
#include <utility>

#include "absl/numeric/int128.h"
#include "fmt/format.h"
#include "scenarios/mechanisms/meter.h"
#include "scenarios/simulator/booking_record.h"
#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/observer_node.h"
#include "scenarios/simulator/witness_node.h"
#include "settlement/codec/codec.h"

namespace causeway::sim {
namespace {

bool IsResolved(core::InstructionStatus status) {
  return status == core::InstructionStatus::kSettled || status == core::InstructionStatus::kAborted;
}

// What only a central bank does, and what nothing that is held may be changed by.
bool IsOfCentralBank(core::ActionKind kind) {
  switch (kind) {
    case core::ActionKind::kUpdateKeys:
    case core::ActionKind::kCloseAccount:
    case core::ActionKind::kSetFreeze:
    case core::ActionKind::kSetSettlementPolicy:
    case core::ActionKind::kOperatorOverride:
    case core::ActionKind::kOrderAbort:
      return true;
    default:
      return false;
  }
}

// First digits of an id: enough to find it in a trace.
std::string Short(const core::Hash256& id) { return id.ToHex().substr(0, 12); }

}  // namespace

Checkers::Checkers(const World& world, Coverage& coverage, const core::SignatureVerifier& verifier)
    : world_(world),
      coverage_(coverage),
      verifier_(verifier),
      engines_(world.plan.ledgers.size()),
      books_(world.plan.ledgers.size()),
      witness_chains_(world.plan.bridge ? world.plan.bridge->witnesses.size() : 0) {
  for (Books& books : books_) {
    // Made known by the set-up, before anything else.
    if (world.plan.bridge) books.policies.insert(world.plan.bridge->policy.hash);
  }
  for (const PlannedFault& fault : world.plan.faults) {
    const auto* bridge = std::get_if<ByzantineBridge>(&fault.what);
    if (bridge != nullptr && bridge->kind == ByzantineBridgeKind::kEquivocate) {
      operator_equivocates_ = true;
    }
  }
}

void Checkers::Fail(std::string breach) {
  ++breaches_count_;
  if (others_.size() < kBreachesKeptMax) others_.push_back(std::move(breach));
}

void Checkers::FailAllOrNone(std::string breach) {
  ++breaches_count_;
  if (all_or_none_.size() < kBreachesKeptMax) all_or_none_.push_back(std::move(breach));
}

std::string Checkers::NameOf(LedgerIndex ledger) const {
  return world_.plan.ledgers[ledger].origin.ToString();
}

// What was durable is still there, in the same words. Takes note of what is durable beyond it.
bool Checkers::Follows(std::vector<core::Hash256>& chain, const VirtualDisk& disk,
                       const std::string& log) {
  const std::uint64_t durable = disk.synced_blocks();
  if (durable < chain.size()) {
    Fail(fmt::format("{}: {} of {} durable batches are lost", log, chain.size() - durable,
                     chain.size()));
    return false;
  }
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (disk.ChainAfter(i) == chain[i]) continue;
    Fail(fmt::format("{}: durable batch {} is another one now", log, i));
    return false;
  }
  return true;
}

void Checkers::OnLedgerStart(LedgerIndex ledger, const node::LedgerEngine& engine,
                             const VirtualDisk& disk) {
  engines_[ledger] = &engine;
  Books& books = books_[ledger];
  if (!Follows(books.chain, disk, NameOf(ledger))) return;
  coverage_.Add(Covered::kHoldOverRestart, books.held.size());
  // Batches that were durable when the node stopped and that nobody had heard of.
  for (std::uint64_t number = books.chain.size(); number < disk.synced_blocks(); ++number) {
    const absl::StatusOr<std::string> bytes = engine.ReadBatchBytes(number);
    if (!bytes.ok()) {
      Fail(fmt::format("{}: batch {} cannot be read after a start", NameOf(ledger), number));
      return;
    }
    if (number > 0) ReadBatch(ledger, *bytes);
    books.chain.push_back(disk.ChainAfter(number));
  }
  books.leaves = engine.size();
}

void Checkers::ReadBatch(LedgerIndex ledger, const std::string& bytes) {
  const absl::StatusOr<core::Batch> batch = core::DecodeBatch(bytes);
  if (!batch.ok()) {
    Fail(fmt::format("{}: a durable batch does not decode", NameOf(ledger)));
    return;
  }
  std::size_t next = 0;  // of the packed legs
  for (const std::string& leaf : batch->entries) {
    const absl::StatusOr<core::Entry> entry = core::DecodeEntry(leaf);
    if (!entry.ok()) {
      Fail(fmt::format("{}: a durable entry does not decode", NameOf(ledger)));
      continue;
    }
    OnEntry(ledger, batch->header, *entry);
    if (next < batch->bulks.size() && batch->bulks[next].first_index == entry->index + 1) {
      OnPacked(ledger, *batch, batch->bulks[next++], *entry);
      if (world_.bookings != nullptr) {
        world_.bookings->OnList(batch->header.time, ledger,
                                [&](const core::AccountAddress& account) {
                                  return books_[ledger].balances[account].available;
                                });
      }
    }
  }
  if (next != batch->bulks.size()) {
    Fail(fmt::format("{}: packed leaves follow no entry", NameOf(ledger)));
  }
  CheckOverdrawn(ledger);
}

void Checkers::OnLedgerBatch(LedgerIndex ledger, const core::BatchHeader& header,
                             std::span<const core::Entry> entries, bool packed,
                             const node::LedgerEngine& engine, const VirtualDisk& disk) {
  Books& books = books_[ledger];
  if (header.number != books.chain.size() || disk.synced_blocks() <= header.number) {
    Fail(fmt::format("{}: batch {} is shown before it is durable, or out of turn", NameOf(ledger),
                     header.number));
    return;
  }
  books.chain.push_back(disk.ChainAfter(header.number));
  books.leaves = header.first_index + 1 + header.entry_count;
  if (packed) {
    const absl::StatusOr<std::string> bytes = engine.ReadBatchBytes(header.number);
    if (bytes.ok()) ReadBatch(ledger, *bytes);
    CheckHolds(ledger);
    return;
  }
  for (const core::Entry& entry : entries) OnEntry(ledger, header, entry);
  CheckOverdrawn(ledger);
  CheckHolds(ledger);
}

void Checkers::OnEntry(LedgerIndex ledger, const core::BatchHeader& header,
                       const core::Entry& entry) {
  OnPostings(ledger, entry);
  if (world_.meter != nullptr) world_.meter->OnEntry(world_.clock.now(), ledger, entry);
  if (world_.bookings != nullptr) world_.bookings->OnEntry(header.time, ledger, entry);
  if (IsOfCentralBank(entry.instruction.kind)) OnIntervention(ledger, entry);
  if (entry.instruction.kind == core::ActionKind::kOrderAbort) return;  // no step of its settlement
  if (!entry.settlement_id.IsZero()) {
    OnSettlementEntry(ledger, header, entry);
  } else if (entry.instruction.kind == core::ActionKind::kPay) {
    OnPaymentParts(ledger, entry);
    if (entry.status == core::InstructionStatus::kSettled) coverage_.Add(Covered::kPaymentSettled);
    if (entry.status == core::InstructionStatus::kRejected) {
      coverage_.Add(Covered::kPaymentRejected);
    }
  } else if (entry.status == core::InstructionStatus::kSettled) {
    Books& books = books_[ledger];
    if (entry.instruction.kind == core::ActionKind::kSetFreeze) {
      coverage_.Add(Covered::kHoldOverFreeze, books.held.size());
      books.orders.push_back({entry.index, entry.instruction.kind, {}});
    }
    if (entry.instruction.kind == core::ActionKind::kSetDayPhase) {
      coverage_.Add(Covered::kHoldOverCutOff, books.held.size());
    }
  }
}

void Checkers::OnPostings(LedgerIndex ledger, const core::Entry& entry) {
  Books& books = books_[ledger];
  if (entry.cause != core::Cause::kOptimisation) CheckOverdrawn(ledger);
  const core::AccountAddress& liability = world_.plan.ledgers[ledger].genesis.liability_account;
  absl::int128 sum = 0;
  for (const core::Posting& posting : entry.postings) {
    sum += posting.amount.minor();
    Balance& balance = books.balances[posting.address];
    const bool available = posting.bucket == core::Bucket::kAvailable;
    core::Amount& bucket = available ? balance.available : balance.held;
    const std::optional<core::Amount> after = core::CheckedAdd(bucket, posting.amount);
    if (!after || *after != posting.balance_after) {
      Fail(fmt::format("{}: entry {} gives account {} another balance than its postings",
                       NameOf(ledger), entry.index, posting.address.text()));
      return;
    }
    bucket = *after;
    if (bucket.IsNegative() && (posting.address != liability || !available)) {
      if (available && IsWithinCredit(ledger, posting.address, bucket)) continue;
      if (entry.cause == core::Cause::kOptimisation && available) {
        books.overdrawn.insert(posting.address);
        continue;
      }
      Fail(fmt::format("{}: entry {} makes account {} negative", NameOf(ledger), entry.index,
                       posting.address.text()));
    }
  }
  if (sum != 0) {
    Fail(fmt::format("{}: the postings of entry {} do not sum to zero", NameOf(ledger),
                     entry.index));
  }
}

// What the entries of a payment that settles in parts say of it is what their postings moved; it
// settles when that is all of it, and once.
void Checkers::OnPaymentParts(LedgerIndex ledger, const core::Entry& entry) {
  std::map<core::InstructionKey, absl::int128>& in_parts = books_[ledger].in_parts;
  const std::optional<core::SettledParts> parts = core::SettledPartsOf(entry.rejection);
  const auto found = in_parts.find(entry.instruction);
  if (!parts.has_value() && found == in_parts.end()) return;
  absl::int128 moved = found == in_parts.end() ? 0 : found->second;
  for (const core::Posting& posting : entry.postings) {
    if (posting.amount.IsPositive()) moved += posting.amount.minor();
  }
  const bool told = parts.has_value() && parts->settled.minor() == moved;
  const bool all = told && parts->settled == parts->amount;
  if (!told || all != (entry.status == core::InstructionStatus::kSettled)) {
    Fail(fmt::format("{}: entry {} does not say how much of its payment has settled",
                     NameOf(ledger), entry.index));
  }
  if (core::IsFinal(entry.status)) {
    in_parts.erase(entry.instruction);
  } else {
    in_parts[entry.instruction] = moved;
  }
}

// By the credit that the plan gives it.
bool Checkers::IsWithinCredit(LedgerIndex ledger, const core::AccountAddress& address,
                              core::Amount available) const {
  if (!available.IsNegative()) return true;
  for (const PlannedAccountTerms& terms : world_.plan.ledgers[ledger].account_terms) {
    if (world_.plan.AccountOf(terms.holder, ledger) != address) continue;
    const core::Amount on_collateral =
        core::CollateralCredit(terms.collateral, terms.haircut_basis_points);
    const absl::int128 line = absl::int128(on_collateral.minor()) + terms.uncollateralised.minor();
    return absl::int128(available.minor()) + line >= 0;
  }
  return false;
}

void Checkers::CheckOverdrawn(LedgerIndex ledger) {
  Books& books = books_[ledger];
  for (const core::AccountAddress& address : books.overdrawn) {
    if (IsWithinCredit(ledger, address, books.balances[address].available)) continue;
    Fail(fmt::format("{}: payments that settled together leave account {} negative", NameOf(ledger),
                     address.text()));
  }
  books.overdrawn.clear();
}

void Checkers::OnSettlementEntry(LedgerIndex ledger, const core::BatchHeader& header,
                                 const core::Entry& entry) {
  Settlement& settlement = settlements_[entry.settlement_id];
  Side& side = settlement.sides[ledger];
  // That a list is held is an entry that is settled; it stands here for one leg, and the legs
  // follow.
  const bool held_list = entry.instruction.kind == core::ActionKind::kPrepare;
  if (entry.status == core::InstructionStatus::kPrepared || held_list) {
    if (side.status != core::InstructionStatus::kNone &&
        side.status != core::InstructionStatus::kPrepared) {
      FailAllOrNone(fmt::format("{}: settlement {} is held after it ended", NameOf(ledger),
                                Short(entry.settlement_id)));
      return;
    }
    if (side.legs_held++ == 0) {
      side.hold = entry.index;
      books_[ledger].held.insert(entry.settlement_id);
      coverage_.Add(Covered::kPrepared);
      CheckTerms(ledger, entry.settlement_id);
    }
    side.status = core::InstructionStatus::kPrepared;
  } else if (entry.status == core::InstructionStatus::kRejected) {
    if (side.status == core::InstructionStatus::kNone) coverage_.Add(Covered::kPrepareRejected);
    side.status = entry.status;
  } else if (IsResolved(entry.status)) {
    OnResolved(ledger, header, entry, settlement, side);
  }
}

void Checkers::OnResolved(LedgerIndex ledger, const core::BatchHeader& header,
                          const core::Entry& entry, Settlement& settlement, Side& side) {
  const core::Hash256& id = entry.settlement_id;
  const bool booked = entry.status == core::InstructionStatus::kSettled;
  const bool tombstone = !booked && side.status == core::InstructionStatus::kNone;
  const bool first = side.legs_resolved == 0;
  if (tombstone) {
    coverage_.Add(Covered::kTombstone);
  } else if (side.legs_resolved++ >= side.legs_held || (!first && side.status != entry.status)) {
    FailAllOrNone(fmt::format("{}: a hold of settlement {} is resolved twice, or was never there",
                              NameOf(ledger), Short(id)));
  } else if (first) {
    coverage_.Add(booked ? Covered::kBooked : Covered::kReleased);
    if (books_[ledger].held_under_withdrawn.erase(id) > 0) {
      coverage_.Add(Covered::kHoldUnderWithdrawnPolicyResolved);
    }
    if (header.time > side.deadline) coverage_.Add(Covered::kHoldPastDeadline);
    books_[ledger].held.erase(id);
  }
  side.status = entry.status;
  if (entry.cause != core::Cause::kCertificate) {
    FailAllOrNone(
        fmt::format("{}: settlement {} ended without a certificate", NameOf(ledger), Short(id)));
  }
  const core::Verdict shown = booked ? core::Verdict::kCommit : core::Verdict::kAbort;
  if (settlement.verdict != shown) {
    FailAllOrNone(fmt::format("{}: settlement {} is {}, and the decision log says {}",
                              NameOf(ledger), Short(id), booked ? "booked" : "released",
                              settlement.verdict == core::Verdict::kNone
                                  ? "nothing durable"
                                  : core::VerdictName(settlement.verdict)));
  }
  for (const auto& [other, there] : settlement.sides) {
    if (other == ledger || !IsResolved(there.status) || there.status == entry.status) continue;
    FailAllOrNone(fmt::format("settlement {} is {} on {} and not so on {}", Short(id),
                              booked ? "booked" : "released", NameOf(ledger), NameOf(other)));
  }
}

// All ledgers hold for the same terms.
void Checkers::CheckTerms(LedgerIndex ledger, const core::Hash256& id) {
  const core::SettlementState* state =
      engines_[ledger] == nullptr ? nullptr : engines_[ledger]->ledger().FindSettlement(id);
  if (state == nullptr || !state->terms) return;
  core::Writer writer;
  writer.Hash(state->terms->legs_root).Hash(state->terms->policy_hash);
  writer.I64(state->terms->deadline.micros()).Raw(state->terms->nonce);
  CheckHeldPolicy(ledger, id, state->terms->policy_hash);
  Settlement& settlement = settlements_[id];
  settlement.sides[ledger].deadline = state->terms->deadline;
  const core::Hash256 terms = core::LeafHash(writer.bytes());
  if (settlement.terms.IsZero()) {
    settlement.terms = terms;
  } else if (settlement.terms != terms) {
    FailAllOrNone(fmt::format("{}: holds other terms for settlement {} than another ledger does",
                              NameOf(ledger), Short(id)));
  }
}

void Checkers::OnBridgeStart(const bridge::BridgeEngine& engine, const VirtualDisk& disk) {
  if (!Follows(decision_chain_, disk, "the decision log")) return;
  for (const core::Hash256& id : kept_) {
    if (engine.Find(id).has_value()) continue;
    Fail(fmt::format("the bridge has forgotten settlement {}, which it had accepted", Short(id)));
  }
  for (const auto& [id, ledger] : kept_orders_) {
    if (settlements_[id].verdict != core::Verdict::kNone || engine.HasKeptOrder(id)) continue;
    Fail(fmt::format("the bridge has forgotten the order of {} to abort settlement {}", ledger,
                     Short(id)));
  }
}

void Checkers::OnDecisionBatch(const core::DecisionBatch& batch, const VirtualDisk& disk) {
  if (batch.number < decision_chain_.size()) return;  // read again after a start
  if (batch.number > decision_chain_.size()) {
    Fail("the decision log has a gap");
    return;
  }
  decision_chain_.push_back(disk.ChainAfter(batch.number));
  for (const core::DecidedSettlement& decided : batch.decided) {
    const absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(decided.record);
    if (!record.ok()) {
      Fail("a decision record does not decode");
      continue;
    }
    kept_.erase(record->settlement_id);
    Settlement& settlement = settlements_[record->settlement_id];
    if (settlement.verdict != core::Verdict::kNone) {
      FailAllOrNone(fmt::format("settlement {} is decided twice", Short(record->settlement_id)));
    }
    settlement.verdict = record->verdict;
    if (record->verdict == core::Verdict::kCommit) CheckKeptOrders(*record, decided);
    if (record->verdict == core::Verdict::kCommit) CheckCommit(*record, decided);
    for (const auto& [ledger, side] : settlement.sides) {
      if (!IsResolved(side.status)) continue;
      FailAllOrNone(fmt::format("{}: settlement {} had ended before its decision was durable",
                                NameOf(ledger), Short(record->settlement_id)));
    }
  }
}

// Behind a commit stand the votes of all ledgers, and behind each vote a durable hold.
void Checkers::CheckCommit(const core::DecisionRecord& record,
                           const core::DecidedSettlement& decided) {
  const std::string name = Short(record.settlement_id);
  const absl::StatusOr<core::TermsHeader> terms = codec::DecodeTerms(decided.terms);
  const core::SettlementPolicy* policy =
      terms.ok() ? world_.plan.bridge->FindPolicy(terms->policy_hash) : nullptr;
  if (policy == nullptr || decided.votes.size() != terms->ledgers.size()) {
    FailAllOrNone(fmt::format("the commit of settlement {} lacks terms or votes", name));
    return;
  }
  if (policy != &world_.plan.bridge->policy) coverage_.Add(Covered::kCommittedUnderLaterPolicy);
  const Settlement& settlement = settlements_[record.settlement_id];
  std::vector<core::Vote> votes;
  for (std::size_t i = 0; i < decided.votes.size(); ++i) {
    const absl::StatusOr<core::Vote> vote = core::DecodeVote(decided.votes[i]);
    const std::optional<LedgerIndex> ledger = world_.plan.FindLedger(terms->ledgers[i].ledger);
    const bool valid = vote.ok() && ledger && vote->settlement_id == record.settlement_id &&
                       vote->statement.ledger == terms->ledgers[i].ledger &&
                       core::VerifyVote(*vote, *policy, verifier_).ok();
    const auto side = ledger ? settlement.sides.find(*ledger) : settlement.sides.end();
    if (valid && side != settlement.sides.end() && side->second.legs_held > 0 &&
        side->second.hold == vote->hold && side->second.listed == vote->listed) {
      votes.push_back(*vote);
      continue;
    }
    FailAllOrNone(fmt::format("settlement {} is committed without a hold and vote of {}", name,
                              terms->ledgers[i].ledger.text()));
  }
  if (!terms->is_list()) return;
  const auto committed = core::CommittedBy(votes, terms->list_count);
  if (!committed || votes.size() != terms->ledgers.size()) return;
  settlements_[record.settlement_id].committed = *committed;
  coverage_.Add(Covered::kListCommitted);
  if (committed->Count() < committed->size()) coverage_.Add(Covered::kListCommittedInPart);
}

void Checkers::OnWitnessStart(WitnessNode& node) {
  std::vector<core::Hash256>& chain = witness_chains_[node.position()];
  if (node.has_lost_state()) return;  // one of those that the policy counts as faulty
  if (!Follows(chain, *node.disk(), node.engine()->name())) return;
  for (std::uint64_t number = chain.size(); number < node.disk()->synced_blocks(); ++number) {
    chain.push_back(node.disk()->ChainAfter(number));
  }
}

// It cosigns what is durable, and goes on as long as nobody lied to it.
void Checkers::OnWitnessAnswers(WitnessNode& node, std::span<const witness::Answer> answers) {
  if (node.has_lost_state()) return;
  const VirtualDisk& disk = *node.disk();
  std::vector<core::Hash256>& chain = witness_chains_[node.position()];
  for (std::uint64_t number = chain.size(); number < disk.synced_blocks(); ++number) {
    chain.push_back(disk.ChainAfter(number));
  }
  for (const witness::Answer& answer : answers) {
    if (answer.batches > disk.synced_blocks()) {
      Fail(fmt::format("{} says that it holds {} batches, of which {} are durable",
                       node.engine()->name(), answer.batches, disk.synced_blocks()));
    }
    for (const core::Cosigned& cosigned : answer.cosigned) {
      if (cosigned.size <= disk.synced_records()) continue;
      Fail(fmt::format("{} cosigned size {} before it was durable", node.engine()->name(),
                       cosigned.size));
    }
  }
  if (node.engine()->evidence().has_value() && !operator_equivocates_) {
    Fail(fmt::format("{} signs no more, and nobody has lied to it: {}", node.engine()->name(),
                     node.engine()->evidence()->message));
  }
}

void Checkers::OnOutcomeTold(const core::Hash256& id, core::InstructionStatus status) {
  const auto found = settlements_.find(id);
  const bool settled = status == core::InstructionStatus::kSettled;
  const core::Verdict told = settled ? core::Verdict::kCommit : core::Verdict::kAbort;
  if (found == settlements_.end() || found->second.verdict != told) {
    FailAllOrNone(fmt::format("a client is told that settlement {} {}, which is not so", Short(id),
                              settled ? "settled" : "aborted"));
    return;
  }
  for (const auto& [ledger, side] : found->second.sides) {
    if ((side.status == core::InstructionStatus::kSettled) == settled &&
        side.status != core::InstructionStatus::kPrepared) {
      continue;
    }
    FailAllOrNone(fmt::format("a client is told that settlement {} {}, and on {} it is not so",
                              Short(id), settled ? "settled" : "aborted", NameOf(ledger)));
  }
}

void Checkers::OnItemsTold(LedgerIndex ledger, const ItemsReply& reply) {
  for (const InstructionReply& instruction : reply.instructions) {
    if (instruction.status == core::InstructionStatus::kNone) continue;
    if (instruction.entry_index < books_[ledger].leaves) continue;
    Fail(fmt::format("{}: a client was told of entry {}, which is not durable", NameOf(ledger),
                     instruction.entry_index));
  }
}

void Checkers::Recount(const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                       ObserverNode* observer) {
  coverage_.Add(Covered::kFullRecount);
  for (const auto& node : ledgers) {
    if (node->at_rest()) RecountLedger(*node);
  }
  if (observer == nullptr || observer->corridor() == nullptr) return;
  CheckOrdersSeen(*observer);
  for (const observer::Finding& finding : observer->corridor()->Recount()) {
    Fail(fmt::format("the observer: {}: {}", finding.origin, finding.message));
  }
}

void Checkers::RecountLedger(const LedgerNode& node) {
  const core::Ledger& ledger = node.engine()->ledger();
  const Books& books = books_[node.ledger()];
  const core::AccountAddress& liability =
      world_.plan.ledgers[node.ledger()].genesis.liability_account;
  absl::int128 total = 0;
  std::size_t with_money = 0;
  for (std::size_t i = 0; i < ledger.accounts().size(); ++i) {
    const core::AccountState& account = ledger.accounts()[i];
    total += account.available.minor();
    total += account.held.minor();
    const auto balance = books.balances.find(account.address);
    const Balance expected = balance == books.balances.end() ? Balance{} : balance->second;
    with_money += balance == books.balances.end() ? 0 : 1;
    if (account.available != expected.available || account.held != expected.held) {
      Fail(fmt::format("{}: account {} differs from the sum of its postings", NameOf(node.ledger()),
                       account.address.text()));
    }
    const bool negative = account.address != liability &&
                          !IsWithinCredit(node.ledger(), account.address, account.available);
    if (negative || account.held.IsNegative() || account.incoming_reserved.IsNegative()) {
      Fail(
          fmt::format("{}: account {} is negative", NameOf(node.ledger()), account.address.text()));
    }
  }
  if (total != 0 || with_money != books.balances.size()) {
    Fail(fmt::format("{}: the accounts do not sum to zero, or one is missing",
                     NameOf(node.ledger())));
  }
  const auto prepared = ledger.PreparedSettlements();
  if (prepared.size() != books.held.size()) {
    Fail(fmt::format("{}: {} settlements are held, {} by its entries", NameOf(node.ledger()),
                     prepared.size(), books.held.size()));
  }
}

void Checkers::CheckDrained(const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                            const BridgeNode* bridge, bool too_few_witnesses,
                            const ObserverNode* observer) {
  coverage_.Add(Covered::kDrained);
  const bool bridge_gone = too_few_witnesses || (bridge != nullptr && bridge->down_for_good());
  const auto is_gone = [&](const core::LedgerOrigin& origin) {
    const std::optional<LedgerIndex> ledger = world_.plan.FindLedger(origin);
    return ledger && ledgers[*ledger]->down_for_good();
  };
  const auto touches_gone = [&](const auto& origins) {
    return bridge_gone || std::any_of(origins.begin(), origins.end(),
                                      [&](const auto& each) { return is_gone(each.ledger); });
  };
  for (const auto& node : ledgers) {
    if (node->down_for_good()) continue;
    if (!node->up()) Fail(fmt::format("{}: does not start again", NameOf(node->ledger())));
    if (!node->up()) continue;
    for (const core::SettlementState* state : node->engine()->ledger().PreparedSettlements()) {
      if (state->terms && touches_gone(state->terms->ledgers)) continue;
      FailAllOrNone(fmt::format("{}: settlement {} is still held, long after the last fault",
                                NameOf(node->ledger()), Short(state->settlement_id)));
    }
  }
  if (bridge != nullptr && !bridge_gone) {
    if (!bridge->up()) {
      Fail("the bridge does not start again");
      return;
    }
    for (const bridge::SettlementView& view : bridge->engine()->ListOpen()) {
      if (touches_gone(view.ledgers)) continue;
      FailAllOrNone(fmt::format("the bridge: settlement {} is still {}, long after the last fault",
                                Short(view.settlement_id), pvp::SettlementStateName(view.state)));
    }
  }
  if (observer != nullptr && !observer->up()) Fail("the observer does not start again");
}

}  // namespace causeway::sim
