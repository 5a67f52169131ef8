// What the ledger engine shows of its log: batches, entries, receipts, proofs and instructions.
// Histories are in ledger_history.cc.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"

namespace causeway::node {
namespace {

using core::Batch;
using core::Entry;
using core::Hash256;

absl::Status NoEntry(std::uint64_t leaf_index) {
  return absl::NotFoundError(fmt::format("leaf {} is not an entry", leaf_index));
}

// A query that may not wait for the disk (LogReads) stops here and is run again.
absl::Status ReadsFirst() { return absl::UnavailableError("the log is read without the ledger"); }

// Which legs of a list the completion at `leaf` settled; null when there were none.
absl::StatusOr<std::shared_ptr<const core::PositionSet>> SettledBy(const Batch& batch,
                                                                   std::uint64_t leaf) {
  const auto bulk = std::find_if(batch.bulks.begin(), batch.bulks.end(), [&](const auto& each) {
    return each.kind == core::BulkKind::kResolved && each.first_index == leaf + 1;
  });
  if (bulk == batch.bulks.end()) return nullptr;
  std::vector<std::uint32_t> positions;  // ascending
  for (std::uint32_t i = 0; i < bulk->count(); ++i) {
    const std::optional<core::ResolvedLeg> leg = core::ReadResolvedLeg(bulk->RecordAt(i));
    if (!leg.has_value()) {
      return absl::DataLossError(fmt::format("the completion at leaf {} cannot be read", leaf));
    }
    if (leg->outcome == core::Outcome::kAccepted) positions.push_back(leg->position);
  }
  core::PositionSet settled(positions.empty() ? 0 : positions.back() + 1);
  for (const std::uint32_t position : positions) settled.Insert(position);
  return std::make_shared<const core::PositionSet>(std::move(settled));
}

core::InstructionState StateOf(const DatedEntry& dated) {
  const Entry& entry = dated.entry;
  return {.key = entry.instruction,
          .status = entry.status,
          .rejection = entry.rejection,
          .entry_index = entry.index,
          .uetr = entry.uetr,
          .settlement_id = entry.settlement_id,
          .payload_hash = entry.payload_hash,
          .item = entry.item,
          .time = dated.time,
          .date = dated.date};
}

}  // namespace

core::Rejection Unreadable() {
  return {.outcome = core::Outcome::kUnavailable,
          .message =
              "this node cannot read the part of its log that the answer needs; nothing "
              "new was recorded, and its operator is told the place: try again later"};
}

LedgerEngine::Head LedgerEngine::head() const {
  const std::lock_guard lock(log_mutex_);
  return durable_;
}

std::optional<std::string> LedgerEngine::SealedBytes(std::uint64_t number) const {
  std::unique_lock lock(log_mutex_);
  auto found = under_way_.find(number);
  if (found == under_way_.end()) return std::nullopt;
  sealed_.wait(lock, [&] {
    found = under_way_.find(number);
    return found == under_way_.end() || found->second.sealed != nullptr;
  });
  if (found == under_way_.end()) return std::nullopt;
  return found->second.sealed->body;
}

absl::StatusOr<std::string> LedgerEngine::ReadBatchBytes(std::uint64_t number) const {
  if (std::optional<std::string> sealed = SealedBytes(number)) return *std::move(sealed);
  absl::StatusOr<store::Block> block = journal_->Read(number);
  if (!block.ok()) return block.status();
  return std::move(block->body);
}

absl::StatusOr<std::unique_ptr<OpenedBatch>> LedgerEngine::OpenBatch(std::uint64_t number) const {
  if (std::optional<std::string> sealed = SealedBytes(number)) {
    return std::make_unique<OpenedBatch>(
        number, store::WholeBodyOf({.number = number, .body = *std::move(sealed)}));
  }
  absl::StatusOr<std::unique_ptr<store::BodyReader>> body = journal_->OpenBody(number);
  if (!body.ok()) return body.status();
  return std::make_unique<OpenedBatch>(number, *std::move(body));
}

absl::StatusOr<Batch> LedgerEngine::ReadBatch(std::uint64_t number) const {
  absl::StatusOr<std::string> bytes = ReadBatchBytes(number);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Batch> batch = core::DecodeBatch(*bytes);
  if (!batch.ok()) return Damaged(number, std::string(batch.status().message()));
  return batch;
}

LogReads::SharedBatch LedgerEngine::BatchAt(std::uint64_t number) const {
  if (LogReads* const reads = LogReads::Current()) {
    const LogReads::SharedBatch* const known = reads->Find(number);
    if (known != nullptr) return *known;
    return ReadsFirst();
  }
  absl::StatusOr<Batch> batch = ReadBatch(number);
  if (!batch.ok()) return batch.status();
  return std::make_shared<const Batch>(*std::move(batch));
}

void LedgerEngine::Load(LogReads& reads) const {
  CW_CHECK(LogReads::Current() == nullptr, "what is loaded is read from the log");
  if (const std::optional<std::uint64_t> leaf = reads.wanted_leaf()) {
    reads.AddLeaf(*leaf, FindBatch(*leaf));
  }
  if (const auto wanted = reads.wanted_payment()) {
    const auto& [number, leaf] = *wanted;
    absl::StatusOr<std::unique_ptr<OpenedBatch>> batch = OpenBatch(number);
    LogReads::Payment payment = batch.ok() ? (*batch)->FindPayment(leaf) : batch.status();
    // Its batch is what will be asked for next.
    if (payment.ok() && !payment->has_value()) reads.Add(number, (*batch)->Whole());
    reads.AddPayment(leaf, std::move(payment));
  }
  if (const std::optional<std::uint64_t> number = reads.wanted_batch()) {
    reads.Add(*number, BatchAt(*number));
  }
}

absl::StatusOr<std::uint64_t> LedgerEngine::FindBatch(std::uint64_t leaf_index) const {
  {
    const std::lock_guard lock(log_mutex_);
    for (const auto& [number, batch] : under_way_) {
      if (leaf_index >= batch.first_index && leaf_index < batch.first_index + batch.count) {
        return number;
      }
    }
  }
  if (LogReads* const reads = LogReads::Current()) {
    const absl::StatusOr<std::uint64_t>* const known = reads->FindLeaf(leaf_index);
    if (known != nullptr) return *known;
    return ReadsFirst();
  }
  return journal_->FindBlock(leaf_index);
}

absl::StatusOr<std::vector<Hash256>> LedgerEngine::LeafHashes(std::uint64_t first,
                                                              std::uint64_t count) const {
  std::vector<Hash256> hashes;
  hashes.reserve(count);
  absl::StatusOr<std::uint64_t> number = FindBatch(first);
  if (!number.ok()) return number.status();
  for (std::uint64_t next = *number; hashes.size() < count; ++next) {
    const LogReads::SharedBatch batch = BatchAt(next);
    if (!batch.ok()) return batch.status();
    absl::StatusOr<std::vector<std::string>> leaves = core::LeavesOf(**batch);
    if (!leaves.ok()) return Damaged(next, std::string(leaves.status().message()));
    const std::uint64_t batch_first = (*batch)->header.first_index;
    const std::uint64_t skipped = first > batch_first ? first - batch_first : 0;
    for (std::size_t i = skipped; i < leaves->size() && hashes.size() < count; ++i) {
      hashes.push_back(core::LeafHash((*leaves)[i]));
    }
  }
  return hashes;
}

absl::StatusOr<std::uint32_t> LedgerEngine::NumberOf(const core::ParticipantId& id,
                                                     std::uint64_t leaf) const {
  const std::lock_guard lock(numbers_mutex_);
  const auto found = numbers_.find(id);
  if (found != numbers_.end()) return found->second;
  return absl::DataLossError(fmt::format("the entry at leaf {} is of no participant", leaf));
}

absl::StatusOr<IndexedInstructions::Logged> LedgerEngine::LoggedIn(const Batch& batch,
                                                                   std::uint64_t leaf) const {
  const std::optional<core::EntryPlace> place = core::FindEntry(batch, leaf);
  if (!place.has_value()) {
    return absl::DataLossError(fmt::format("the key index names leaf {}, which is no entry", leaf));
  }
  absl::StatusOr<Entry> entry = core::DecodeEntry(batch.entries[place->entry]);
  if (!entry.ok()) return entry.status();
  const absl::StatusOr<std::uint32_t> party = NumberOf(entry->instruction.party, leaf);
  if (!party.ok()) return party.status();
  if (place->bulk == nullptr) {
    IndexedInstructions::Logged logged{.party = *party};
    if (entry->instruction.kind == core::ActionKind::kComplete) {
      auto settled = SettledBy(batch, leaf);
      if (!settled.ok()) return settled.status();
      logged.settled = *std::move(settled);
    }
    logged.instruction =
        StateOf({.entry = *std::move(entry), .time = batch.header.time, .date = batch.header.date});
    return logged;
  }
  const bool is_hold = place->bulk->kind == core::BulkKind::kHolds;
  const std::optional<core::PaymentResult> result =
      place->bulk->kind == core::BulkKind::kResolved
          ? std::nullopt
          : core::ReadPaymentResult(place->bulk->RecordAt(place->position));
  if (!result.has_value()) {
    return absl::DataLossError(fmt::format("the payment at leaf {} cannot be read", leaf));
  }
  const core::BulkPayment payment = core::PaymentAt(batch, *place->bulk, place->position);
  if (is_hold) {
    // The entry before it is the central bank's; who pays stands in the list.
    const absl::StatusOr<core::ParticipantId> payer = PayerOf(batch.items[place->bulk->item]);
    if (!payer.ok()) return payer.status();
    const absl::StatusOr<std::uint32_t> position = NumberOf(*payer, leaf);
    if (!position.ok()) return position.status();
    const Hash256& list_id = entry->settlement_id;
    return IndexedInstructions::Logged{
        .party = *position | core::InstructionIndex::kLegs,
        .id = payment.id,
        .uetr = payment.uetr,
        .outcome = result->outcome,
        .list = std::make_shared<const core::InstructionIndex::ListName>(
            core::InstructionIndex::ListName{
                .list_id = list_id,
                .central_bank = *party,
                .completion = core::CompletionKeyOf(entry->instruction.party, list_id)}),
        .position = place->position};
  }
  return IndexedInstructions::Logged{
      .party = *party, .id = payment.id, .uetr = payment.uetr, .outcome = result->outcome};
}

absl::StatusOr<IndexedInstructions::Logged> LedgerEngine::ReadLogged(std::uint64_t leaf) const {
  const std::lock_guard lock(logged_mutex_);
  if (logged_ != nullptr && core::FindEntry(*logged_, leaf).has_value()) {
    return LoggedIn(*logged_, leaf);
  }
  absl::StatusOr<std::uint64_t> number = FindBatch(leaf);
  if (!number.ok()) return number.status();
  LogReads* const reads = LogReads::Current();
  if (reads != nullptr && !reads->Has(*number)) {
    const LogReads::Payment* const known = reads->FindPayment(*number, leaf);
    if (known == nullptr) return ReadsFirst();
    if (!known->ok()) return known->status();
    if (const std::optional<core::FoundPayment>& found = **known) {
      const absl::StatusOr<std::uint32_t> party = NumberOf(found->bulk.instruction.party, leaf);
      if (!party.ok()) return party.status();
      return IndexedInstructions::Logged{.party = *party,
                                         .id = found->payment.id,
                                         .uetr = found->payment.uetr,
                                         .outcome = found->result.outcome};
    }
  }
  LogReads::SharedBatch batch = BatchAt(*number);
  if (!batch.ok()) return batch.status();
  logged_ = *std::move(batch);
  return LoggedIn(*logged_, leaf);
}

// Where the instruction of a packed entry stands now: a leg that is held may be resolved since.
absl::StatusOr<core::InstructionState> LedgerEngine::LatestOf(const DatedEntry& packed) const {
  core::InstructionState state = StateOf(packed);
  if (state.status != core::InstructionStatus::kPrepared) return state;
  const absl::StatusOr<std::uint64_t> number = FindBatch(packed.entry.index);
  if (!number.ok()) return number.status();
  const LogReads::SharedBatch batch = BatchAt(*number);
  if (!batch.ok()) return batch.status();
  const std::optional<core::EntryPlace> place = core::FindEntry(**batch, packed.entry.index);
  if (!place.has_value() || place->bulk == nullptr) return NoEntry(packed.entry.index);
  const absl::StatusOr<Entry> whole = core::DecodeEntry((*batch)->entries[place->entry]);
  if (!whole.ok()) return whole.status();
  const auto completion = FindCompletion(whole->settlement_id);
  if (!completion.ok()) return completion.status();
  if (!completion->has_value()) return state;
  const core::InstructionState* const done = &**completion;
  const absl::StatusOr<std::uint64_t> number_done = FindBatch(done->entry_index);
  if (!number_done.ok()) return number_done.status();
  const LogReads::SharedBatch batch_done = BatchAt(*number_done);
  if (!batch_done.ok()) return batch_done.status();
  for (const core::BulkResults& bulk : (*batch_done)->bulks) {
    if (bulk.first_index != done->entry_index + 1) continue;
    for (std::uint32_t i = 0; i < bulk.count(); ++i) {
      const std::optional<core::ResolvedLeg> leg = core::ReadResolvedLeg(bulk.RecordAt(i));
      if (!leg.has_value() || leg->hold != packed.entry.index) continue;
      const absl::StatusOr<DatedEntry> entry = EntryAt(**batch_done, bulk.first_index + i);
      if (!entry.ok()) return entry.status();
      core::InstructionState latest = StateOf(*entry);
      latest.payload_hash = state.payload_hash;  // of what instructed it
      return latest;
    }
  }
  return absl::DataLossError(
      fmt::format("the completion at leaf {} says nothing of a leg", done->entry_index));
}

absl::StatusOr<DatedEntry> LedgerEngine::EntryAt(const Batch& batch,
                                                 std::uint64_t leaf_index) const {
  const std::optional<core::EntryPlace> place = core::FindEntry(batch, leaf_index);
  if (!place.has_value()) return NoEntry(leaf_index);
  absl::StatusOr<Entry> entry = place->bulk != nullptr
                                    ? PaymentEntry(batch, *place)
                                    : core::DecodeEntry(batch.entries[place->entry]);
  if (!entry.ok()) return Damaged(batch.header.number, std::string(entry.status().message()));
  return DatedEntry{*std::move(entry), batch.header.time, batch.header.date};
}

absl::StatusOr<DatedEntry> LedgerEngine::EntryOf(OpenedBatch& batch,
                                                 std::uint64_t leaf_index) const {
  const LogReads::Payment payment = batch.FindPayment(leaf_index);
  if (!payment.ok()) return payment.status();
  if (payment->has_value()) return Dated(**payment);
  const LogReads::SharedBatch whole = batch.Whole();
  if (!whole.ok()) return whole.status();
  return EntryAt(**whole, leaf_index);
}

absl::StatusOr<DatedEntry> LedgerEngine::ReadEntry(std::uint64_t leaf_index) const {
  absl::StatusOr<std::uint64_t> number = FindBatch(leaf_index);
  if (!number.ok()) return number.status();
  LogReads* const reads = LogReads::Current();
  if (reads == nullptr) {
    absl::StatusOr<std::unique_ptr<OpenedBatch>> opened = OpenBatch(*number);
    if (!opened.ok()) return opened.status();
    return EntryOf(**opened, leaf_index);
  }
  if (!reads->Has(*number)) {
    const LogReads::Payment* const known = reads->FindPayment(*number, leaf_index);
    if (known == nullptr) return ReadsFirst();
    if (!known->ok()) return known->status();
    if (known->value().has_value()) return Dated(*known->value());
  }
  const LogReads::SharedBatch batch = BatchAt(*number);
  if (!batch.ok()) return batch.status();
  return EntryAt(**batch, leaf_index);
}

namespace {

// The leaf at a place that is packed; `whole` is the entry before its bulk.
absl::StatusOr<std::string> PackedLeaf(const Batch& batch, const core::EntryPlace& place,
                                       const Entry& whole) {
  const core::BulkResults& bulk = *place.bulk;
  const std::uint64_t index = bulk.first_index + place.position;
  core::LeafSalt salt{};
  core::PaymentSalts::Fill(batch.payment_salts, index, {&salt, 1});
  if (bulk.kind == core::BulkKind::kResolved) {
    const std::optional<core::ResolvedLeg> leg =
        core::ReadResolvedLeg(bulk.RecordAt(place.position));
    if (!leg.has_value()) return absl::InvalidArgumentError("a leg's outcome is not known");
    std::string leaf(core::kResolvedLeafBytes, '\0');
    core::WriteResolvedLeaf(index, salt, whole.settlement_id, *leg, leaf.data());
    return leaf;
  }
  const std::optional<core::PaymentResult> result =
      core::ReadPaymentResult(bulk.RecordAt(place.position));
  if (!result.has_value()) {
    return absl::InvalidArgumentError("a payment's outcome is none that is recorded");
  }
  std::string leaf(core::kPaymentLeafBytes, '\0');
  core::WritePaymentLeaf(
      index, salt, place.position, core::PaymentAt(batch, bulk, place.position), *result,
      leaf.data(), bulk.kind == core::BulkKind::kHolds ? core::kLeafHold : core::kLeafPayment);
  return leaf;
}

}  // namespace

absl::StatusOr<Receipt> LedgerEngine::GetReceipt(std::uint64_t entry_index) const {
  absl::StatusOr<std::uint64_t> number = FindBatch(entry_index);
  if (!number.ok()) return number.status();
  const LogReads::SharedBatch shared = BatchAt(*number);
  if (!shared.ok()) return shared.status();
  const Batch& batch = **shared;
  const Head end = head();
  const std::optional<core::EntryPlace> place = core::FindEntry(batch, entry_index);
  if (!place.has_value() || entry_index >= end.size) return NoEntry(entry_index);
  Receipt receipt;
  receipt.entry_index = entry_index;
  receipt.entry = batch.entries[place->entry];
  receipt.batch_header = core::EncodeBatchHeader(batch.header);
  receipt.batch_header_index = batch.header.first_index;
  receipt.checkpoint = end.checkpoint;
  absl::StatusOr<Entry> entry = core::DecodeEntry(receipt.entry);
  if (!entry.ok()) return Damaged(*number, std::string(entry.status().message()));
  if (place->bulk != nullptr) {
    absl::StatusOr<std::string> leaf = PackedLeaf(batch, *place, *entry);
    if (!leaf.ok()) return Damaged(*number, std::string(leaf.status().message()));
    receipt.bulk_entry = std::exchange(receipt.entry, *std::move(leaf));
    receipt.bulk_entry_index = entry->index;
  }
  for (const core::Item& item : batch.items) {
    if (core::PayloadHash(item.envelope) == entry->payload_hash) receipt.item = item;
  }
  const std::lock_guard lock(tree_mutex_);
  auto entry_proof = tree_.InclusionProof(entry_index, end.size);
  auto header_proof = tree_.InclusionProof(receipt.batch_header_index, end.size);
  if (!entry_proof.ok()) return entry_proof.status();
  if (!header_proof.ok()) return header_proof.status();
  receipt.entry_proof = *std::move(entry_proof);
  receipt.batch_header_proof = *std::move(header_proof);
  if (place->bulk == nullptr) return receipt;
  auto bulk_proof = tree_.InclusionProof(receipt.bulk_entry_index, end.size);
  if (!bulk_proof.ok()) return bulk_proof.status();
  receipt.bulk_entry_proof = *std::move(bulk_proof);
  return receipt;
}

absl::StatusOr<core::Command> LedgerEngine::ReadCommand(std::uint64_t entry_index) const {
  const absl::StatusOr<std::uint64_t> number = FindBatch(entry_index);
  if (!number.ok()) return number.status();
  const LogReads::SharedBatch batch = BatchAt(*number);
  if (!batch.ok()) return batch.status();
  const absl::StatusOr<DatedEntry> entry = EntryAt(**batch, entry_index);
  if (!entry.ok()) return entry.status();
  for (const core::Item& item : (*batch)->items) {
    if (item.envelope.payload_type != core::kCommandPayloadType) continue;
    if (core::PayloadHash(item.envelope) != entry->entry.payload_hash) continue;
    absl::StatusOr<core::Command> command = codec::DecodeCommand(item.envelope.payload);
    if (!command.ok()) return Damaged(*number, std::string(command.status().message()));
    return command;
  }
  return absl::NotFoundError(fmt::format("no command made the entry at leaf {}", entry_index));
}

absl::StatusOr<std::vector<Hash256>> LedgerEngine::ConsistencyProof(std::uint64_t old_size,
                                                                    std::uint64_t new_size) const {
  if (const std::uint64_t end = size(); new_size > end) {
    return absl::OutOfRangeError(fmt::format("size {} is past the end, {}", new_size, end));
  }
  const std::lock_guard lock(tree_mutex_);
  return tree_.ConsistencyProof(old_size, new_size);
}

absl::StatusOr<std::optional<core::InstructionState>> LedgerEngine::FindInstruction(
    const core::InstructionKey& key) const {
  absl::StatusOr<std::optional<core::InstructionState>> known = ledger_->FindInstruction(key);
  if (!known.ok() || known->has_value()) return known;
  const absl::StatusOr<std::uint64_t> leaf = ledger_->FindInBulks(key);
  if (!leaf.ok()) return leaf.status();
  if (*leaf == core::InstructionIndex::kNoLeaf) return std::optional<core::InstructionState>();
  absl::StatusOr<DatedEntry> entry = ReadEntry(*leaf);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<core::InstructionState> latest = LatestOf(*entry);
  if (!latest.ok()) return latest.status();
  return std::optional<core::InstructionState>(*std::move(latest));
}

absl::StatusOr<LedgerEngine::InstructionPage> LedgerEngine::FindByUetr(const core::Uetr& uetr,
                                                                       std::uint64_t from_index,
                                                                       std::size_t count) const {
  absl::StatusOr<core::InstructionIndex::UetrPage> found =
      ledger_->FindByUetr(uetr, from_index, count);
  if (!found.ok()) return found.status();
  static_assert(core::InstructionIndex::kNoLeaf == 0, "as where no more are");
  InstructionPage page{.instructions = {}, .next_index = found->next_leaf};
  for (core::InstructionIndex::UetrHit& hit : found->found) {
    if (hit.instruction.has_value()) {
      page.instructions.push_back(*std::move(hit.instruction));
      continue;
    }
    absl::StatusOr<DatedEntry> entry = ReadEntry(hit.leaf);
    if (!entry.ok()) return entry.status();
    absl::StatusOr<core::InstructionState> latest = LatestOf(*entry);
    if (!latest.ok()) return latest.status();
    page.instructions.push_back(*std::move(latest));
  }
  return page;
}

absl::StatusOr<std::optional<core::TermsHeader>> LedgerEngine::ReadList(
    const core::Hash256& list_id) const {
  std::optional<core::TermsHeader> none;
  const auto prepared =
      ledger_->FindInstruction(core::PrepareKeyOf(genesis_.central_bank.participant, list_id));
  if (!prepared.ok()) return prepared.status();
  if (!prepared->has_value() || (*prepared)->settlement_id != list_id) return none;
  const absl::StatusOr<std::uint64_t> number = FindBatch((*prepared)->entry_index);
  if (!number.ok()) return number.status();
  const LogReads::SharedBatch batch = BatchAt(*number);
  if (!batch.ok()) return batch.status();
  for (const core::Item& item : (*batch)->items) {
    if (core::PayloadHash(item.envelope) != (*prepared)->payload_hash) continue;
    absl::StatusOr<core::TermsHeader> terms = core::DecodeSettlementList(item.envelope.payload);
    if (!terms.ok()) return Damaged(*number, std::string(terms.status().message()));
    return std::optional(*std::move(terms));
  }
  return Damaged(*number, "it has the entry of a list and not the list");
}

absl::StatusOr<core::BulkExecution> LedgerEngine::ReadBulk(std::uint64_t entry_index) const {
  absl::StatusOr<std::uint64_t> number = FindBatch(entry_index);
  if (!number.ok()) return number.status();
  absl::StatusOr<Batch> batch = ReadBatch(*number);
  if (!batch.ok()) return batch.status();
  for (const core::BulkResults& bulk : batch->bulks) {
    if (bulk.first_index != entry_index + 1) continue;
    core::BulkExecution execution{.item = bulk.item,
                                  .first_index = bulk.first_index,
                                  .time = batch->header.time,
                                  .date = batch->header.date};
    for (std::uint32_t i = 0; i < bulk.count(); ++i) {
      const std::optional<core::PaymentResult> result = core::ReadPaymentResult(bulk.RecordAt(i));
      if (!result.has_value()) {
        return Damaged(*number, "a payment's outcome is none that is recorded");
      }
      execution.results.push_back(*result);
    }
    return execution;
  }
  return absl::NotFoundError(fmt::format("leaf {} is not the entry of a bulk", entry_index));
}

}  // namespace causeway::node
