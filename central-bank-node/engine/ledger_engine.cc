#include "central-bank-node/engine/ledger_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/settlement.h"
#include "settlement/liquidity/ledger_selector.h"

namespace causeway::node {
namespace {

using core::Batch;
using core::Entry;
using core::Hash256;
using core::Item;
using core::ItemResult;

// The hashes of a batch's leaves as it is sealed.
std::vector<Hash256> HashLeaves(const Batch& batch, const core::BatchResult& result,
                                std::span<const core::AdmittedItem> admitted) {
  std::vector<Hash256> hashes;
  hashes.reserve(1 + std::size_t{batch.header.entry_count});
  hashes.push_back(core::LeafHash(core::EncodeBatchHeader(batch.header)));
  auto bulk = result.bulks.begin();
  std::vector<core::LeafSalt> salts;
  for (const std::string& entry : batch.entries) {
    hashes.push_back(core::LeafHash(entry));
    const std::uint64_t next_index = batch.header.first_index + hashes.size();
    if (bulk == result.bulks.end() || (*bulk)->first_index != next_index) continue;
    const core::BulkExecution& execution = **bulk++;
    const core::ItemBody& body = admitted[execution.item].body;
    if (execution.kind == core::BulkKind::kResolved) {
      const Hash256& list_id = std::get<core::CompleteSettlement>(body).settlement_id;
      salts.resize(execution.resolved.size());
      core::PaymentSalts::Fill(batch.payment_salts, next_index, salts);
      std::array<char, core::kResolvedLeafBytes> leaf{};
      for (std::size_t i = 0; i < salts.size(); ++i) {
        core::WriteResolvedLeaf(next_index + i, salts[i], list_id, execution.resolved[i],
                                leaf.data());
        hashes.push_back(core::LeafHash({leaf.data(), leaf.size()}));
      }
      continue;
    }
    const bool holds = execution.kind == core::BulkKind::kHolds;
    const std::vector<core::BulkPayment>& payments =
        holds ? std::get<core::PrepareList>(body).legs : std::get<core::Bulk>(body).payments;
    salts.resize(payments.size());
    core::PaymentSalts::Fill(batch.payment_salts, next_index, salts);
    const std::size_t place = hashes.size();
    hashes.resize(place + payments.size());
    core::HashPaymentLeaves(next_index, salts, payments, execution.results,
                            std::span(hashes).subspan(place),
                            holds ? core::kLeafHold : core::kLeafPayment);
  }
  CW_CHECK(bulk == result.bulks.end(), "every bulk follows its entry");
  return hashes;
}

}  // namespace

absl::Status LedgerEngine::Damaged(std::uint64_t block, const std::string& what) {
  return absl::DataLossError(fmt::format("journal block {}: {}", block, what));
}

absl::StatusOr<std::unique_ptr<LedgerEngine>> LedgerEngine::Open(
    const core::Genesis& genesis, Options options, std::unique_ptr<store::Journal> journal) {
  if (options.signer->public_key() != genesis.ledger_key) {
    return absl::FailedPreconditionError(
        "the signing key is not the ledger key that the genesis names");
  }
  if (options.salt_key.size() != 32) {
    return absl::InvalidArgumentError("the salt key must be 32 bytes");
  }
  std::unique_ptr<LedgerEngine> engine(new LedgerEngine());
  std::unique_ptr<core::InstructionIndex> payments;
  if (options.keys != nullptr) {
    auto indexed = std::make_unique<IndexedInstructions>(
        std::move(options.keys), IndexedInstructions::KeyOf(options.salt_key),
        [raw = engine.get()](std::uint64_t leaf) { return raw->ReadLogged(leaf); });
    engine->payments_ = indexed.get();
    payments = std::move(indexed);
  }
  CW_CHECK(options.snapshots == nullptr || payments != nullptr,
           "payments before a snapshot are found in the key index only");
  engine->genesis_ = genesis;
  engine->options_ = std::move(options);
  engine->certificate_verifier_ =
      std::make_unique<core::RememberingVerifier>(engine->options_.verifier);
  engine->journal_ = std::move(journal);
  if (absl::Status restored = engine->Restore(payments); !restored.ok()) return restored;
  if (engine->ledger_ == nullptr) {
    absl::StatusOr<std::unique_ptr<core::Ledger>> ledger =
        core::Ledger::Create(genesis, &liquidity::LedgerSelector(), std::move(payments));
    if (!ledger.ok()) return ledger.status();
    engine->ledger_ = *std::move(ledger);
    engine->tree_ = engine->NewTree();
  }
  engine->NoteParticipants();
  const absl::Status status =
      engine->journal_->block_count() == 0 ? engine->WriteGenesis() : engine->Replay();
  if (!status.ok()) return status;
  return engine;
}

core::MerkleTree LedgerEngine::NewTree() {
  if (options_.tree_lowest_level == 0) return {};
  return core::MerkleTree(
      options_.tree_lowest_level,
      [this](std::uint64_t first, std::uint64_t count) { return LeafHashes(first, count); });
}

absl::Status LedgerEngine::WriteGenesis() {
  Batch batch;
  batch.genesis = ledger_->genesis().bytes;
  tree_.Append(core::LeafHash(core::EncodeGenesisLeaf(batch.genesis)));
  absl::StatusOr<std::string> note = SignHead(tree_.size(), tree_.Root());
  if (!note.ok()) return note.status();
  batch.checkpoint = *note;
  const store::Block block{
      .number = 0, .first_index = 0, .count = 1, .body = core::EncodeBatch(batch)};
  if (absl::Status status = journal_->Append({&block, 1}, {}); !status.ok()) return status;
  durable_ = {.batches = 1, .size = 1, .root = tree_.Root(), .checkpoint = *std::move(note)};
  return absl::OkStatus();
}

absl::Status LedgerEngine::Replay() {
  for (std::uint64_t number = durable_.batches; number < journal_->block_count(); ++number) {
    absl::StatusOr<store::Block> block = journal_->Read(number);
    if (!block.ok()) return block.status();
    if (absl::Status status = ReplayBlock(*block); !status.ok()) return status;
  }
  if (payments_ != nullptr) payments_->EndReplay();
  ledger_->CheckConservation();
  absl::StatusOr<core::SignedCheckpoint> head = core::ParseCheckpoint(durable_.checkpoint);
  if (!head.ok()) return head.status();
  const core::Genesis& genesis = ledger_->genesis();
  absl::Status is_signed =
      core::VerifyCheckpoint(*head, genesis.ledger.text(), genesis.ledger_key, *options_.verifier);
  if (is_signed.ok()) return is_signed;
  return Damaged(journal_->block_count() - 1, std::string(is_signed.message()));
}

absl::Status LedgerEngine::ReplayBlock(const store::Block& block) {
  absl::StatusOr<Batch> batch = core::DecodeBatch(block.body);
  if (!batch.ok()) return Damaged(block.number, std::string(batch.status().message()));
  if (block.number == 0) {
    if (batch->genesis != ledger_->genesis().bytes) {
      return absl::FailedPreconditionError(
          "the journal was started from another genesis than the one given");
    }
    tree_.Append(core::LeafHash(core::EncodeGenesisLeaf(batch->genesis)));
  } else {
    std::vector<core::AdmittedItem> admitted;
    admitted.reserve(batch->items.size());
    for (const Item& item : batch->items) {
      absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
      if (!body.ok()) return Damaged(block.number, std::string(body.status().message()));
      admitted.push_back(core::Ledger::AdmitFromJournal(item.envelope, *std::move(body)));
    }
    if (absl::Status expected = ExpectReplay(*batch); !expected.ok()) return expected;
    core::BatchResult result = ledger_->ApplyBatch(batch->header.time, admitted);
    if (result.header != batch->header || result.entries.size() != batch->entries.size()) {
      return Damaged(block.number, "executing it again gives another batch header");
    }
    for (std::size_t i = 0; i < result.entries.size(); ++i) {
      Salt(result.entries[i]);
      if (core::EncodeEntry(result.entries[i]) == batch->entries[i]) continue;
      return Damaged(block.number,
                     fmt::format("executing it again gives another entry at index {} (or the salt "
                                 "key is not the journal's)",
                                 result.entries[i].index));
    }
    if (!core::SameBulks(result, *batch)) {
      return Damaged(block.number, "executing it again gives other results of its bulks");
    }
    tree_.Append(HashLeaves(*batch, result, admitted));
  }
  absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(batch->checkpoint);
  if (!note.ok()) return Damaged(block.number, std::string(note.status().message()));
  if (note->checkpoint.size != tree_.size() || note->checkpoint.root != tree_.Root()) {
    return Damaged(block.number, "its checkpoint is not that of its leaves");
  }
  durable_ = {.batches = block.number + 1,
              .size = tree_.size(),
              .root = tree_.Root(),
              .checkpoint = batch->checkpoint};
  if (payments_ == nullptr) return absl::OkStatus();
  NoteParticipants();
  payments_->MarkDurable(durable_.size);
  return payments_->EndBatch(durable_.size);
}

// Positions never change, and whoever is in the log is on the ledger.
void LedgerEngine::NoteParticipants() {
  const std::vector<core::Participant>& participants = ledger_->participants();
  const std::lock_guard lock(numbers_mutex_);
  while (numbers_.size() < participants.size()) {
    const auto number = static_cast<std::uint32_t>(numbers_.size());
    numbers_.emplace(participants[number].id, number);
  }
}

absl::Status LedgerEngine::ExpectReplay(const Batch& batch) {
  if (payments_ == nullptr) return absl::OkStatus();
  std::vector<IndexedInstructions::Replay> bulks;
  for (const core::BulkResults& bulk : batch.bulks) {
    if (bulk.kind != core::BulkKind::kResolved) bulks.push_back(ReplayOf(bulk));
  }
  absl::flat_hash_set<core::InstructionKey> is_new;
  // What the journal prepares or completes had not ended before; what an order names may have.
  absl::flat_hash_set<Hash256> settlements;
  for (const std::string& bytes : batch.entries) {
    absl::StatusOr<Entry> entry = core::DecodeEntry(bytes);
    if (!entry.ok()) return Damaged(batch.header.number, std::string(entry.status().message()));
    is_new.insert(entry->instruction);
    const bool is_order = entry->instruction.kind == core::ActionKind::kOrderAbort;
    if (!is_order && !entry->settlement_id.IsZero()) settlements.insert(entry->settlement_id);
  }
  payments_->ExpectReplay(std::move(bulks), std::move(is_new), batch.header.first_index,
                          std::move(settlements));
  return absl::OkStatus();
}

IndexedInstructions::Replay LedgerEngine::ReplayOf(const core::BulkResults& bulk) {
  IndexedInstructions::Replay replay{.first_leaf = bulk.first_index};
  for (std::size_t at = 0; at < bulk.results.size(); at += core::kPaymentResultBytes) {
    const auto result = core::ReadPaymentResult(
        std::string_view(bulk.results).substr(at, core::kPaymentResultBytes));
    replay.is_repeat.push_back(result.has_value() &&
                               result->outcome == core::Outcome::kInstructionIdReused);
  }
  return replay;
}

absl::StatusOr<std::string> LedgerEngine::SignHead(std::uint64_t size, const Hash256& root) const {
  const std::string origin = ledger_->genesis().ledger.ToString();
  return core::SignCheckpoint({.origin = origin, .size = size, .root = root}, origin,
                              *options_.signer);
}

void LedgerEngine::Salt(Entry& entry) const {
  const Hash256 mac = core::HmacSha256(options_.salt_key, core::Writer().U64(entry.index).bytes());
  std::copy_n(mac.bytes.begin(), entry.salt.size(), entry.salt.begin());
}

LedgerEngine::ExaminedOrRefusal LedgerEngine::Examine(
    const Item& item, std::span<const std::optional<core::PublicKey>> keys) const {
  absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
  if (!body.ok()) {
    const bool too_large = absl::IsResourceExhausted(body.status());
    return core::Rejection{
        .outcome = too_large ? core::Outcome::kBatchTooLarge : core::Outcome::kMalformed,
        .message = std::string(body.status().message())};
  }
  if (const auto* prepare = std::get_if<core::PrepareSettlement>(&*body)) {
    // Here, and not where items are decoded: what the journal has stays readable.
    const absl::Status form = codec::CheckTermsForm(prepare->terms, item.envelope.payload);
    if (!form.ok()) {
      return core::Rejection{.outcome = core::Outcome::kMalformed,
                             .message = "payload: " + std::string(form.message())};
    }
  }
  core::ExaminedEnvelope envelope = core::Examine(item.envelope, *body, keys, *options_.verifier);
  return ExaminedItem{*std::move(body), std::move(envelope)};
}

std::optional<core::SettlementPolicy> LedgerEngine::PolicyToVerify(
    const ExaminedOrRefusal& examined) const {
  const auto* item = std::get_if<ExaminedItem>(&examined);
  const auto* completion =
      item == nullptr ? nullptr : std::get_if<core::CompleteSettlement>(&item->body);
  if (completion == nullptr) return std::nullopt;
  // Of a settlement that is not in memory a commit is not verified at all: see Ledger::Admit.
  if (ledger_->FindSettlement(completion->settlement_id) == nullptr) return std::nullopt;
  const core::SettlementPolicy* policy =
      ledger_->FindPolicy(completion->certificate.record.policy_hash);
  return policy == nullptr ? std::nullopt : std::optional(*policy);
}

void LedgerEngine::VerifyAhead(const ExaminedOrRefusal& examined,
                               const core::SettlementPolicy& policy) const {
  const auto& completion =
      std::get<core::CompleteSettlement>(std::get<ExaminedItem>(examined).body);
  core::VerifyCertificateAhead(completion.certificate, policy, *certificate_verifier_);
}

std::variant<core::AdmittedItem, core::Rejection> LedgerEngine::Admit(
    ExaminedOrRefusal examined) const {
  if (auto* refused = std::get_if<core::Rejection>(&examined)) return std::move(*refused);
  auto& [body, envelope] = std::get<ExaminedItem>(examined);
  const bool is_certificate = std::holds_alternative<core::CompleteSettlement>(body);
  const core::SignatureVerifier& verifier =
      is_certificate ? *certificate_verifier_ : *options_.verifier;
  return ledger_->Admit(std::move(body), std::move(envelope), verifier);
}

std::variant<core::AdmittedItem, core::Rejection> LedgerEngine::Admit(const Item& item) const {
  return Admit(Examine(item, ledger_->KeysOf(item.envelope)));
}

std::unique_ptr<PendingBatch> LedgerEngine::Apply(
    core::LedgerTime now, std::vector<Item> items, std::vector<core::AdmittedItem> admitted,
    std::vector<IndexedInstructions::Recall> recalls) {
  CW_CHECK(items.size() == admitted.size(), "every admitted item has its bytes");
  CW_CHECK(recalls.empty() || recalls.size() == items.size(), "all items have one, or none has");
  auto pending = std::make_unique<PendingBatch>();
  pending->items = std::move(items);
  pending->admitted = std::move(admitted);
  for (std::size_t i = 0; payments_ != nullptr && i < recalls.size(); ++i) {
    payments_->Expect(std::move(recalls[i]), PackedIn(pending->admitted[i]));
  }
  pending->result = ledger_->ApplyBatch(now, pending->admitted);
  CollectHolds(*pending);
  if (payments_ != nullptr) {
    NoteParticipants();
    pending->index_status = payments_->EndBatch(ledger_->next_index());
  }
  if (!pending->result.entries.empty()) {
    const core::BatchHeader& header = pending->result.header;
    const std::lock_guard lock(log_mutex_);
    under_way_[header.number] = {.first_index = header.first_index,
                                 .count = 1 + header.entry_count};
  }
  return pending;
}

absl::Status LedgerEngine::Seal(PendingBatch& pending) {
  if (!pending.index_status.ok()) return pending.index_status;
  // A vote says that the hold is durable: it leaves with the replies, which wait for that.
  if (absl::Status status = SignVotes(pending); !status.ok()) return status;
  if (pending.result.entries.empty()) return absl::OkStatus();
  Batch batch;
  batch.header = pending.result.header;
  std::vector<std::size_t> places(pending.items.size());  // of each item in the batch
  for (std::size_t i = 0; i < pending.items.size(); ++i) {
    if (!pending.result.results[i].sequenced) continue;
    places[i] = batch.items.size();
    batch.items.push_back(std::move(pending.items[i]));
  }
  batch.entries.reserve(pending.result.entries.size());
  for (Entry& entry : pending.result.entries) {
    Salt(entry);
    batch.entries.push_back(core::EncodeEntry(entry));
  }
  for (const auto& bulk : pending.result.bulks) {
    batch.bulks.push_back(core::PackResults(*bulk, places[bulk->item]));
  }
  if (!batch.bulks.empty()) {
    batch.payment_salts = core::PaymentSalts::KeyOf(options_.salt_key, batch.header.number);
  }
  const std::vector<Hash256> hashes = HashLeaves(batch, pending.result, pending.admitted);
  {
    const std::lock_guard lock(tree_mutex_);
    CW_CHECK(batch.header.first_index == tree_.size(), "ledger and log count the same leaves");
    tree_.Append(hashes);
    pending.size = tree_.size();
    pending.root = tree_.Root();
  }
  absl::StatusOr<std::string> note = SignHead(pending.size, pending.root);
  if (!note.ok()) return note.status();
  batch.checkpoint = *std::move(note);
  pending.checkpoint = batch.checkpoint;
  pending.block = {.number = batch.header.number,
                   .first_index = batch.header.first_index,
                   .count = 1 + batch.header.entry_count,
                   .body = core::EncodeBatch(batch)};
  const std::lock_guard lock(log_mutex_);
  under_way_[batch.header.number].sealed = &pending.block;
  sealed_.notify_all();
  return absl::OkStatus();
}

absl::Status LedgerEngine::Commit(std::span<PendingBatch* const> pending) {
  std::vector<store::Block> blocks;
  blocks.reserve(pending.size());
  {
    const std::lock_guard lock(log_mutex_);
    for (PendingBatch* batch : pending) {
      if (batch->checkpoint.empty()) continue;
      blocks.push_back(std::move(batch->block));
      under_way_[blocks.back().number].sealed = &blocks.back();
    }
  }
  if (blocks.empty()) return absl::OkStatus();
  absl::Status appended = journal_->Append(blocks, {});
  const std::lock_guard lock(log_mutex_);
  if (!appended.ok()) {
    // Until the process ends readers find these as batches under way, at the places where they are.
    not_durable_.push_back(std::move(blocks));
    return appended;
  }
  for (const PendingBatch* batch : pending) {
    if (batch->checkpoint.empty()) continue;
    const std::uint64_t number = batch->result.header.number;
    under_way_.erase(number);
    durable_ = {.batches = number + 1,
                .size = batch->size,
                .root = batch->root,
                .checkpoint = batch->checkpoint};
  }
  if (payments_ != nullptr) payments_->MarkDurable(durable_.size);
  return absl::OkStatus();
}

std::vector<ItemReply> LedgerEngine::TakeReplies(PendingBatch& pending) const {
  std::vector<ItemReply> replies(pending.result.results.size());
  for (std::size_t i = 0; i < replies.size(); ++i) {
    replies[i].result = std::move(pending.result.results[i]);
  }
  for (std::size_t i = 0; i < pending.votes.size(); ++i) {
    replies[pending.hold_items[i]].vote = std::move(pending.votes[i]);
  }
  return replies;
}

absl::Status LedgerEngine::CompleteReply(ItemReply& reply) const {
  ItemResult& result = reply.result;
  if (result.sequenced || result.refused || result.bulk != nullptr || result.instructions.empty() ||
      result.instructions.front().key.kind != core::ActionKind::kPayBulk) {
    return absl::OkStatus();
  }
  absl::StatusOr<core::BulkExecution> first = ReadBulk(result.instructions.front().entry_index);
  if (!first.ok()) {
    result.refused = Unreadable();
    return first.status();
  }
  result.bulk = std::make_shared<const core::BulkExecution>(*std::move(first));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ItemReply>> LedgerEngine::Execute(
    core::LedgerTime now, std::vector<Item> items, std::vector<core::AdmittedItem> admitted,
    std::vector<IndexedInstructions::Recall> recalls) {
  const std::unique_ptr<PendingBatch> pending =
      Apply(now, std::move(items), std::move(admitted), std::move(recalls));
  if (absl::Status status = Seal(*pending); !status.ok()) return status;
  PendingBatch* const batch = pending.get();
  if (absl::Status status = Commit({&batch, 1}); !status.ok()) return status;
  std::vector<ItemReply> replies = TakeReplies(*pending);
  for (ItemReply& reply : replies) CompleteReply(reply).IgnoreError();  // the reply says it
  return replies;
}

void LedgerEngine::CollectHolds(PendingBatch& pending) const {
  // Repeats of earlier prepares included: a vote says that the hold is durable, which stays true.
  for (std::size_t i = 0; i < pending.admitted.size(); ++i) {
    const ItemResult& result = pending.result.results[i];
    const core::ItemBody& body = pending.admitted[i].body;
    const bool is_list = std::holds_alternative<core::PrepareList>(body);
    if ((!is_list && !std::holds_alternative<core::PrepareSettlement>(body)) || result.refused) {
      continue;
    }
    // As it stands after the whole batch: of what a later item of it completed no vote is given.
    const core::SettlementState* settlement = ledger_->FindSettlement(result.settlement_id);
    const bool was_settled =
        !is_list && result.settlement_status == core::InstructionStatus::kSettled;
    if (settlement == nullptr && !was_settled) continue;
    pending.holds.push_back({result.settlement_id, result.settlement_hold,
                             is_list ? settlement->list->held : core::PositionSet()});
    pending.hold_items.push_back(i);
  }
}

// One signature for all votes of the batch.
absl::Status LedgerEngine::SignVotes(PendingBatch& pending) const {
  if (pending.holds.empty()) return absl::OkStatus();
  const core::Genesis& genesis = ledger_->genesis();
  absl::StatusOr<std::vector<core::Vote>> votes =
      core::SignVotes(genesis.ledger, genesis.hash, pending.holds, *options_.signer);
  if (!votes.ok()) return votes.status();
  // It comes back with the certificate.
  const core::VoteStatement& statement = votes->front().statement;
  certificate_verifier_->Remember(options_.signer->public_key(), core::VoteStatementText(statement),
                                  statement.signature);
  for (const core::Vote& vote : *votes) pending.votes.push_back(core::EncodeVote(vote));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ItemReply>> LedgerEngine::Submit(core::LedgerTime now,
                                                            std::span<const Item> items) {
  std::vector<ItemReply> replies(items.size());
  std::vector<Item> accepted;
  std::vector<core::AdmittedItem> admitted;
  std::vector<IndexedInstructions::Recall> recalls;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto checked = Admit(items[i]);
    if (auto* refused = std::get_if<core::Rejection>(&checked)) {
      replies[i].result.refused = std::move(*refused);
      continue;
    }
    auto& item = std::get<core::AdmittedItem>(checked);
    IndexedInstructions::Recall recall;
    if (absl::Status recalled = Recall(item, recall); !recalled.ok()) {
      replies[i].result.refused = Unreadable();
      continue;
    }
    accepted.push_back(items[i]);
    admitted.push_back(std::move(item));
    recalls.push_back(std::move(recall));
    positions.push_back(i);
  }
  if (accepted.empty()) return replies;
  absl::StatusOr<std::vector<ItemReply>> executed =
      Execute(now, std::move(accepted), std::move(admitted), std::move(recalls));
  if (!executed.ok()) return executed.status();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    replies[positions[i]] = std::move((*executed)[i]);
  }
  return replies;
}

}  // namespace causeway::node
