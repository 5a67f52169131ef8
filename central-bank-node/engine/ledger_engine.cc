#include "central-bank-node/engine/ledger_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/settlement.h"

namespace causeway::node {
namespace {

using core::Batch;
using core::Entry;
using core::Hash256;
using core::Item;
using core::ItemResult;

absl::Status Damaged(std::uint64_t block, const std::string& what) {
  return absl::DataLossError(fmt::format("journal block {}: {}", block, what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LedgerEngine>> LedgerEngine::Open(
    const core::Genesis& genesis, Options options, std::unique_ptr<store::Journal> journal) {
  if (options.signer->public_key() != genesis.ledger_key) {
    return absl::FailedPreconditionError(
        "the signing key is not the ledger key that the genesis names");
  }
  if (options.salt_key.size() != 32) {
    return absl::InvalidArgumentError("the salt key must be 32 bytes");
  }
  absl::StatusOr<std::unique_ptr<core::Ledger>> ledger = core::Ledger::Create(genesis);
  if (!ledger.ok()) return ledger.status();
  std::unique_ptr<LedgerEngine> engine(new LedgerEngine());
  engine->options_ = std::move(options);
  engine->ledger_ = *std::move(ledger);
  engine->journal_ = std::move(journal);
  const absl::Status status =
      engine->journal_->block_count() == 0 ? engine->WriteGenesis() : engine->Replay();
  if (!status.ok()) return status;
  return engine;
}

absl::Status LedgerEngine::WriteGenesis() {
  Batch batch;
  batch.genesis = ledger_->genesis().bytes;
  core::MerkleTree tree;
  for (const std::string& leaf : core::LeavesOf(batch)) tree.Append(core::LeafHash(leaf));
  absl::StatusOr<std::string> note = SignHead(tree);
  if (!note.ok()) return note.status();
  batch.checkpoint = *note;
  const store::Block block{
      .number = 0, .first_index = 0, .count = 1, .body = core::EncodeBatch(batch)};
  if (absl::Status status = journal_->Append({&block, 1}, {}); !status.ok()) return status;
  tree_ = std::move(tree);
  checkpoint_ = *std::move(note);
  return absl::OkStatus();
}

absl::Status LedgerEngine::Replay() {
  for (std::uint64_t number = 0; number < journal_->block_count(); ++number) {
    absl::StatusOr<store::Block> block = journal_->Read(number);
    if (!block.ok()) return block.status();
    if (absl::Status status = ReplayBlock(*block); !status.ok()) return status;
  }
  ledger_->CheckConservation();
  absl::StatusOr<core::SignedCheckpoint> head = core::ParseCheckpoint(checkpoint_);
  if (!head.ok()) return head.status();
  const core::Genesis& genesis = ledger_->genesis();
  const absl::Status is_signed =
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
  } else {
    std::vector<core::AdmittedItem> admitted;
    admitted.reserve(batch->items.size());
    for (const Item& item : batch->items) {
      absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
      if (!body.ok()) return Damaged(block.number, std::string(body.status().message()));
      admitted.push_back(core::Ledger::AdmitFromJournal(item.envelope, *std::move(body)));
    }
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
    Index(result.entries);
  }
  for (const std::string& leaf : core::LeavesOf(*batch)) tree_.Append(core::LeafHash(leaf));
  absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(batch->checkpoint);
  if (!note.ok()) return Damaged(block.number, std::string(note.status().message()));
  if (note->checkpoint.size != tree_.size() || note->checkpoint.root != tree_.Root()) {
    return Damaged(block.number, "its checkpoint is not that of its leaves");
  }
  checkpoint_ = batch->checkpoint;
  return absl::OkStatus();
}

absl::StatusOr<std::string> LedgerEngine::SignHead(const core::MerkleTree& tree) const {
  const std::string origin = ledger_->genesis().ledger.ToString();
  return core::SignCheckpoint({.origin = origin, .size = tree.size(), .root = tree.Root()}, origin,
                              *options_.signer);
}

void LedgerEngine::Salt(Entry& entry) const {
  const Hash256 mac = core::HmacSha256(options_.salt_key, core::Writer().U64(entry.index).bytes());
  std::copy_n(mac.bytes.begin(), entry.salt.size(), entry.salt.begin());
}

std::variant<core::AdmittedItem, core::Rejection> LedgerEngine::Admit(const Item& item,
                                                                      core::LedgerTime now) const {
  absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
  if (!body.ok()) {
    const bool too_large = absl::IsResourceExhausted(body.status());
    return core::Rejection{
        .outcome = too_large ? core::Outcome::kBatchTooLarge : core::Outcome::kMalformed,
        .message = std::string(body.status().message())};
  }
  return ledger_->Admit(item.envelope, *std::move(body), now, *options_.verifier);
}

absl::StatusOr<std::vector<ItemReply>> LedgerEngine::Execute(
    core::LedgerTime now, std::span<const Item> items,
    std::span<const core::AdmittedItem> admitted) {
  CW_CHECK(items.size() == admitted.size(), "every admitted item has its bytes");
  core::BatchResult result = ledger_->ApplyBatch(now, admitted);
  if (!result.entries.empty()) {
    Batch batch;
    batch.header = result.header;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (result.results[i].sequenced) batch.items.push_back(items[i]);
    }
    batch.entries.reserve(result.entries.size());
    for (Entry& entry : result.entries) {
      Salt(entry);
      batch.entries.push_back(core::EncodeEntry(entry));
    }
    CW_CHECK(result.header.first_index == tree_.size(), "ledger and log count the same leaves");
    for (const std::string& leaf : core::LeavesOf(batch)) tree_.Append(core::LeafHash(leaf));
    absl::StatusOr<std::string> note = SignHead(tree_);
    if (!note.ok()) return note.status();
    batch.checkpoint = *note;
    const store::Block block{.number = batch.header.number,
                             .first_index = batch.header.first_index,
                             .count = 1 + batch.header.entry_count,
                             .body = core::EncodeBatch(batch)};
    if (absl::Status status = journal_->Append({&block, 1}, {}); !status.ok()) return status;
    checkpoint_ = *std::move(note);
    Index(result.entries);
  }

  std::vector<ItemReply> replies(result.results.size());
  for (std::size_t i = 0; i < replies.size(); ++i) {
    replies[i].result = std::move(result.results[i]);
  }
  if (absl::Status status = AttachVotes(admitted, replies); !status.ok()) return status;
  return replies;
}

absl::Status LedgerEngine::AttachVotes(std::span<const core::AdmittedItem> admitted,
                                       std::span<ItemReply> replies) const {
  // One signature for all votes of the batch, repeats of earlier ones included: a vote says that
  // the hold is durable, which stays true.
  std::vector<std::pair<Hash256, std::uint64_t>> holds;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const ItemResult& result = replies[i].result;
    if (!std::holds_alternative<core::PrepareSettlement>(admitted[i].body) || result.refused) {
      continue;
    }
    // As it stands after the whole batch: a later item of it may have completed the settlement.
    const core::SettlementState* settlement = ledger_->FindSettlement(result.settlement_id);
    CW_CHECK(settlement != nullptr, "a prepare that was not refused is known");
    if (settlement->status != core::InstructionStatus::kPrepared &&
        settlement->status != core::InstructionStatus::kSettled) {
      continue;
    }
    holds.emplace_back(settlement->settlement_id, settlement->hold);
    positions.push_back(i);
  }
  if (holds.empty()) return absl::OkStatus();
  const core::Genesis& genesis = ledger_->genesis();
  absl::StatusOr<std::vector<core::Vote>> votes =
      core::SignVotes(genesis.ledger, genesis.hash, holds, *options_.signer);
  if (!votes.ok()) return votes.status();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    replies[positions[i]].vote = core::EncodeVote((*votes)[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ItemReply>> LedgerEngine::Submit(core::LedgerTime now,
                                                            std::span<const Item> items) {
  std::vector<ItemReply> replies(items.size());
  std::vector<Item> accepted;
  std::vector<core::AdmittedItem> admitted;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto checked = Admit(items[i], now);
    if (auto* refused = std::get_if<core::Rejection>(&checked)) {
      replies[i].result.refused = std::move(*refused);
      continue;
    }
    accepted.push_back(items[i]);
    admitted.push_back(std::move(std::get<core::AdmittedItem>(checked)));
    positions.push_back(i);
  }
  if (accepted.empty()) return replies;
  absl::StatusOr<std::vector<ItemReply>> executed = Execute(now, accepted, admitted);
  if (!executed.ok()) return executed.status();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    replies[positions[i]] = std::move((*executed)[i]);
  }
  return replies;
}

void LedgerEngine::Index(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    for (const core::Posting& posting : entry.postings) {
      std::vector<std::uint64_t>& indices = entries_by_account_[posting.address];
      if (indices.empty() || indices.back() != entry.index) indices.push_back(entry.index);
    }
  }
}

absl::StatusOr<std::string> LedgerEngine::ReadBatchBytes(std::uint64_t number) const {
  absl::StatusOr<store::Block> block = journal_->Read(number);
  if (!block.ok()) return block.status();
  return std::move(block->body);
}

absl::StatusOr<Batch> LedgerEngine::ReadBatch(std::uint64_t number) const {
  absl::StatusOr<std::string> bytes = ReadBatchBytes(number);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Batch> batch = core::DecodeBatch(*bytes);
  if (!batch.ok()) return Damaged(number, std::string(batch.status().message()));
  return batch;
}

absl::StatusOr<std::uint64_t> LedgerEngine::FindBatch(std::uint64_t leaf_index) const {
  return journal_->FindBlock(leaf_index);
}

absl::StatusOr<DatedEntry> LedgerEngine::ReadEntry(std::uint64_t leaf_index) const {
  absl::StatusOr<std::uint64_t> number = FindBatch(leaf_index);
  if (!number.ok()) return number.status();
  absl::StatusOr<Batch> batch = ReadBatch(*number);
  if (!batch.ok()) return batch.status();
  if (*number == 0 || leaf_index == batch->header.first_index) {
    return absl::NotFoundError(fmt::format("leaf {} is not an entry", leaf_index));
  }
  absl::StatusOr<Entry> entry =
      core::DecodeEntry(batch->entries[leaf_index - batch->header.first_index - 1]);
  if (!entry.ok()) return Damaged(*number, std::string(entry.status().message()));
  return DatedEntry{*std::move(entry), batch->header.time, batch->header.date};
}

absl::StatusOr<std::vector<DatedEntry>> LedgerEngine::ListEntries(
    std::uint64_t from_index, std::size_t count,
    const std::optional<core::AccountAddress>& address) const {
  std::vector<DatedEntry> found;
  if (address) {
    const auto indices = entries_by_account_.find(*address);
    if (indices == entries_by_account_.end()) return found;
    auto next = std::lower_bound(indices->second.begin(), indices->second.end(), from_index);
    for (; next != indices->second.end() && found.size() < count; ++next) {
      absl::StatusOr<DatedEntry> entry = ReadEntry(*next);
      if (!entry.ok()) return entry.status();
      found.push_back(*std::move(entry));
    }
    return found;
  }
  if (from_index >= size()) return found;
  absl::StatusOr<std::uint64_t> first = FindBatch(from_index);
  if (!first.ok()) return first.status();
  for (std::uint64_t number = std::max<std::uint64_t>(*first, 1);
       number < batch_count() && found.size() < count; ++number) {
    absl::StatusOr<Batch> batch = ReadBatch(number);
    if (!batch.ok()) return batch.status();
    for (const std::string& bytes : batch->entries) {
      if (found.size() == count) break;
      absl::StatusOr<Entry> entry = core::DecodeEntry(bytes);
      if (!entry.ok()) return Damaged(number, std::string(entry.status().message()));
      if (entry->index < from_index) continue;
      found.push_back({*std::move(entry), batch->header.time, batch->header.date});
    }
  }
  return found;
}

absl::StatusOr<Receipt> LedgerEngine::GetReceipt(std::uint64_t entry_index) const {
  absl::StatusOr<std::uint64_t> number = FindBatch(entry_index);
  if (!number.ok()) return number.status();
  absl::StatusOr<Batch> batch = ReadBatch(*number);
  if (!batch.ok()) return batch.status();
  if (*number == 0 || entry_index == batch->header.first_index) {
    return absl::NotFoundError(fmt::format("leaf {} is not an entry", entry_index));
  }
  Receipt receipt;
  receipt.entry = batch->entries[entry_index - batch->header.first_index - 1];
  receipt.entry_index = entry_index;
  receipt.batch_header = core::EncodeBatchHeader(batch->header);
  receipt.batch_header_index = batch->header.first_index;
  receipt.checkpoint = checkpoint_;
  auto entry_proof = tree_.InclusionProof(entry_index, tree_.size());
  auto header_proof = tree_.InclusionProof(batch->header.first_index, tree_.size());
  if (!entry_proof.ok()) return entry_proof.status();
  if (!header_proof.ok()) return header_proof.status();
  receipt.entry_proof = *std::move(entry_proof);
  receipt.batch_header_proof = *std::move(header_proof);
  absl::StatusOr<Entry> entry = core::DecodeEntry(receipt.entry);
  if (!entry.ok()) return Damaged(*number, std::string(entry.status().message()));
  for (const Item& item : batch->items) {
    if (core::PayloadHash(item.envelope) == entry->payload_hash) receipt.item = item;
  }
  return receipt;
}

absl::StatusOr<std::vector<Hash256>> LedgerEngine::ConsistencyProof(std::uint64_t old_size,
                                                                    std::uint64_t new_size) const {
  return tree_.ConsistencyProof(old_size, new_size);
}

absl::StatusOr<Statement> LedgerEngine::GetStatement(const core::AccountAddress& address,
                                                     core::BusinessDate from,
                                                     core::BusinessDate to) const {
  const core::AccountState* account = ledger_->FindAccount(address);
  if (account == nullptr) return absl::NotFoundError("no account " + address.ToString());
  const std::optional<core::Amount> balance = core::CheckedAdd(account->available, account->held);
  CW_CHECK(balance.has_value(), "available and held fit together");
  // Walk back from the balance of now: it needs no more than the entries since `from`.
  Statement statement{.opening = *balance, .closing = *balance};
  const auto indices = entries_by_account_.find(address);
  if (indices == entries_by_account_.end()) return statement;
  for (auto index = indices->second.rbegin(); index != indices->second.rend(); ++index) {
    absl::StatusOr<DatedEntry> entry = ReadEntry(*index);
    if (!entry.ok()) return entry.status();
    if (entry->date < from) break;
    const std::vector<core::Posting>& postings = entry->entry.postings;
    for (auto posting = postings.rbegin(); posting != postings.rend(); ++posting) {
      if (posting->address != address) continue;
      const auto before = core::CheckedSub(statement.opening, posting->amount);
      CW_CHECK(before.has_value(), "an earlier balance was in range");
      statement.opening = *before;
      if (entry->date > to) {
        statement.closing = *before;
      } else {
        statement.lines.push_back({*posting, *entry});
      }
    }
  }
  std::reverse(statement.lines.begin(), statement.lines.end());
  return statement;
}

}  // namespace causeway::node
