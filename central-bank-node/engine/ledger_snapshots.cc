// Snapshots of the ledger engine: the ledger's state and the log's tree as of some batch, so that
// opening replays only what came after (docs/formats/snapshot.md).
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "central-bank-node/engine/ledger_engine.h"
#include "central-bank-node/engine/snapshot_check.h"
#include "settlement/codec/codec.h"
#include "settlement/core/bytes.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/field_reader.h"
#include "settlement/core/hash.h"
#include "settlement/liquidity/ledger_selector.h"

namespace causeway::node {
namespace {

using core::Hash256;

constexpr std::string_view kSnapshotMagic = "causeway/snapshot/v2\n";
constexpr std::string_view kSecretDomain = "causeway/snapshot-authentication/v1";
constexpr std::size_t kRootsPerFrame = 32768;  // 1 MiB

// Only this ledger's own node can have written a snapshot: the last frame authenticates all others
// by a key made of the ledger's salt key.
class Authenticator {
 public:
  explicit Authenticator(std::string_view salt_key)
      : key_(core::HmacSha256(salt_key, kSecretDomain)) {}
  void Add(std::string_view frame) {
    hasher_.Update(core::Writer().U32(static_cast<std::uint32_t>(frame.size())).bytes());
    hasher_.Update(frame);
  }
  std::string Finish() {
    return std::string(core::HmacSha256(key_.view(), hasher_.Finish().view()).view());
  }

 private:
  const Hash256 key_;
  core::Sha256Hasher hasher_;
};

// The first frame.
struct SnapshotHead {
  Hash256 genesis;
  std::uint64_t batches = 0;  // that the snapshot holds: 0 to batches - 1
  std::uint64_t leaves = 0;
  std::uint8_t tree_level = 0;
};

std::string EncodeHead(const SnapshotHead& head) {
  core::Writer writer;
  writer.Raw(kSnapshotMagic)
      .Hash(head.genesis)
      .U64(head.batches)
      .U64(head.leaves)
      .U8(head.tree_level);
  return std::move(writer).Take();
}

absl::StatusOr<SnapshotHead> DecodeHead(std::string_view frame) {
  core::FieldReader reader("snapshot", frame);
  if (reader.raw().Raw(kSnapshotMagic.size()) != kSnapshotMagic) {
    reader.Fault("format", "is not that of version 2");
  }
  SnapshotHead head;
  head.genesis = reader.raw().Hash();
  head.batches = reader.raw().U64();
  head.leaves = reader.raw().U64();
  head.tree_level = reader.raw().U8();
  if (absl::Status end = reader.Finish(); !end.ok()) return end;
  return head;
}

absl::StatusOr<std::vector<Hash256>> DecodeRoots(std::string_view frame) {
  if (frame.size() % sizeof(Hash256::bytes) != 0) {
    return absl::InvalidArgumentError("snapshot: tree: is not a list of hashes");
  }
  core::Reader reader(frame);
  std::vector<Hash256> roots;
  while (reader.remaining() > 0) roots.push_back(reader.Hash());
  return roots;
}

}  // namespace

absl::Status CheckSnapshot(store::SnapshotReader& reader, std::string_view salt_key) {
  Authenticator authenticator(salt_key);
  std::string last;
  for (bool first = true;; first = false) {
    absl::StatusOr<std::string> frame = reader.Next();
    if (absl::IsOutOfRange(frame.status())) break;
    if (!frame.ok()) return frame.status();
    if (!first) authenticator.Add(last);
    last = *std::move(frame);
  }
  if (last == authenticator.Finish()) return absl::OkStatus();
  return absl::DataLossError("it is damaged, or was not written by this ledger's node");
}

absl::Status LedgerEngine::WriteSnapshot(store::SnapshotWriter& writer,
                                         const SnapshotPauses& pauses) {
  Authenticator authenticator(options_.salt_key);
  const auto append = [&](std::string_view frame) {
    authenticator.Add(frame);
    return writer.Append(frame);
  };
  SnapshotHead head{.genesis = ledger_->genesis().hash,
                    .tree_level = static_cast<std::uint8_t>(options_.tree_lowest_level)};
  pauses.between_batches([&] {
    ledger_->StartSnapshot();
    head.batches = ledger_->next_batch_number();
    head.leaves = ledger_->next_index();
  });
  const auto write = [&]() -> absl::Status {
    if (absl::Status added = append(EncodeHead(head)); !added.ok()) return added;
    for (;;) {
      std::string part;
      pauses.between_batches([&] { part = ledger_->NextSnapshotPart(); });
      if (part.empty()) break;
      if (absl::Status added = append(part); !added.ok()) return added;
    }
    // The snapshot must not be ahead of the journal.
    pauses.until_durable(head.leaves);
    std::vector<Hash256> roots;
    {
      const std::lock_guard lock(tree_mutex_);
      roots = tree_.SubtreeRoots(head.leaves);
    }
    for (std::size_t from = 0; from < roots.size(); from += kRootsPerFrame) {
      core::Writer frame;
      const std::size_t to = std::min(roots.size(), from + kRootsPerFrame);
      for (std::size_t i = from; i < to; ++i) frame.Hash(roots[i]);
      if (absl::Status added = append(frame.bytes()); !added.ok()) return added;
    }
    if (absl::Status added = writer.Append(authenticator.Finish()); !added.ok()) return added;
    return writer.Publish(head.batches);
  };
  absl::Status written = write();
  if (!written.ok()) pauses.between_batches([&] { ledger_->AbandonSnapshot(); });
  return written;
}

absl::Status LedgerEngine::Restore(std::unique_ptr<core::InstructionIndex>& payments) {
  if (options_.snapshots == nullptr || journal_->block_count() == 0) return absl::OkStatus();
  absl::StatusOr<std::vector<std::uint64_t>> there = options_.snapshots->List();
  if (!there.ok()) {
    notes_.push_back("snapshots are not used: " + std::string(there.status().message()));
    return absl::OkStatus();
  }
  for (const std::uint64_t batches : *there) {
    absl::Status restored = RestoreFrom(batches, payments);
    if (restored.ok()) return ReinsertKeys();
    notes_.push_back(fmt::format("the snapshot after {} batches is not used: {}", batches,
                                 std::string(restored.message())));
  }
  return absl::OkStatus();
}

absl::Status LedgerEngine::RestoreFrom(std::uint64_t batches,
                                       std::unique_ptr<core::InstructionIndex>& payments) {
  if (batches > journal_->block_count()) {
    return absl::FailedPreconditionError(
        fmt::format("the journal has only {} batches", journal_->block_count()));
  }
  absl::StatusOr<std::unique_ptr<store::SnapshotReader>> reader = options_.snapshots->Open(batches);
  if (!reader.ok()) return reader.status();
  Authenticator authenticator(options_.salt_key);
  const auto next = [&]() -> absl::StatusOr<std::string> {
    absl::StatusOr<std::string> frame = (*reader)->Next();
    if (frame.ok()) authenticator.Add(*frame);
    return frame;
  };
  absl::StatusOr<std::string> first = next();
  if (!first.ok()) return first.status();
  absl::StatusOr<SnapshotHead> head = DecodeHead(*first);
  if (!head.ok()) return head.status();
  if (head->batches != batches || head->batches == 0) {
    return absl::DataLossError(fmt::format("it says that it is of {} batches", head->batches));
  }
  if (head->tree_level != options_.tree_lowest_level) {
    return absl::FailedPreconditionError(
        fmt::format("its tree begins at level {}, this node's at {}", head->tree_level,
                    options_.tree_lowest_level));
  }

  // Nothing of this engine changes, and the payment index is not taken, before all is verified.
  absl::StatusOr<std::unique_ptr<core::Ledger>> ledger =
      core::Ledger::Restore(genesis_, &liquidity::LedgerSelector(), next);
  if (!ledger.ok()) return ledger.status();
  core::MerkleTree tree = NewTree();
  const std::uint64_t subtrees = head->leaves >> head->tree_level;
  for (std::uint64_t taken = 0; taken < subtrees;) {
    absl::StatusOr<std::string> frame = next();
    if (!frame.ok()) return frame.status();
    absl::StatusOr<std::vector<Hash256>> roots = DecodeRoots(*frame);
    if (!roots.ok()) return roots.status();
    if (roots->size() > subtrees - taken) return absl::DataLossError("its tree has too many nodes");
    tree.AppendSubtrees(*roots);
    taken += roots->size();
  }
  const std::string expected = authenticator.Finish();
  absl::StatusOr<std::string> last = (*reader)->Next();
  if (!last.ok()) return last.status();
  if (*last != expected || !absl::IsOutOfRange((*reader)->Next().status())) {
    return absl::DataLossError("it is damaged, or was not written by this ledger's node");
  }
  if ((*ledger)->next_batch_number() != head->batches || (*ledger)->next_index() != head->leaves) {
    return absl::DataLossError("its parts are not of one state");
  }

  absl::StatusOr<core::Batch> batch = ReadBatch(head->batches - 1);
  if (!batch.ok()) return batch.status();
  if (tree.size() < head->leaves) {
    absl::StatusOr<std::vector<Hash256>> leaves =
        LeafHashes(tree.size(), head->leaves - tree.size());
    if (!leaves.ok()) return leaves.status();
    tree.Append(*leaves);
  }
  absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(batch->checkpoint);
  if (!note.ok()) return Damaged(head->batches - 1, std::string(note.status().message()));
  if (note->checkpoint.size != tree.size() || note->checkpoint.root != tree.Root()) {
    return absl::FailedPreconditionError("its log is not that of the journal");
  }
  ledger_ = *std::move(ledger);
  ledger_->SetIndex(std::move(payments));
  tree_ = std::move(tree);
  snapshot_leaves_ = head->leaves;
  durable_ = {.batches = head->batches,
              .size = tree_.size(),
              .root = tree_.Root(),
              .checkpoint = std::move(batch->checkpoint)};
  return absl::OkStatus();
}

// The packed payments or legs of an item, and who pays them; null when it has none.
std::pair<core::ParticipantId, const std::vector<core::BulkPayment>*> LedgerEngine::PackedOf(
    const core::ItemBody& body) const {
  if (const auto* bulk = std::get_if<core::Bulk>(&body)) return {bulk->party, &bulk->payments};
  const auto* list = std::get_if<core::PrepareList>(&body);
  if (list == nullptr) return {{}, nullptr};
  for (std::size_t i = 0; i < list->terms.ledgers.size(); ++i) {
    if (list->terms.ledgers[i].ledger == genesis_.ledger) {
      return {list->terms.parts[i].payer, &list->legs};
    }
  }
  return {{}, nullptr};
}

// The key index may be behind the snapshot: it keeps the newest keys in memory.
absl::Status LedgerEngine::ReinsertKeys() {
  if (payments_ == nullptr || payments_->covered() >= durable_.size) return absl::OkStatus();
  absl::StatusOr<std::uint64_t> first = journal_->FindBlock(payments_->covered());
  if (!first.ok()) return first.status();
  for (std::uint64_t number = *first; number < durable_.batches; ++number) {
    absl::StatusOr<core::Batch> batch = ReadBatch(number);
    if (!batch.ok()) return batch.status();
    for (const core::BulkResults& results : batch->bulks) {
      if (results.kind == core::BulkKind::kResolved) continue;  // the holds have the keys
      if (results.item >= batch->items.size()) return Damaged(number, "a bulk is not among items");
      absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(batch->items[results.item]);
      if (!body.ok()) return Damaged(number, std::string(body.status().message()));
      const auto [payer, payments] = PackedOf(*body);
      const core::Participant* party =
          payments == nullptr ? nullptr : ledger_->FindParticipant(payer);
      if (party == nullptr || results.count() != payments->size()) {
        return Damaged(number, "its bulk is none of a participant, or has other results");
      }
      auto position = static_cast<std::uint32_t>(party - ledger_->participants().data());
      if (results.kind == core::BulkKind::kHolds) position |= core::InstructionIndex::kLegs;
      payments_->Reinsert(position, *payments, ReplayOf(results));
    }
    if (absl::Status inserted = ReinsertFinals(*batch); !inserted.ok()) return inserted;
    const std::uint64_t leaves = batch->header.first_index + 1 + batch->header.entry_count;
    payments_->MarkDurable(leaves);
    if (absl::Status ended = payments_->EndBatch(leaves); !ended.ok()) return ended;
  }
  return absl::OkStatus();
}

absl::Status LedgerEngine::ReinsertFinals(const core::Batch& batch) {
  for (const std::string& bytes : batch.entries) {
    absl::StatusOr<core::Entry> entry = core::DecodeEntry(bytes);
    if (!entry.ok()) return Damaged(batch.header.number, std::string(entry.status().message()));
    if (core::IsPart(*entry)) continue;  // the index knows the first entry and the last
    const core::Participant* party = ledger_->FindParticipant(entry->instruction.party);
    if (party == nullptr) return Damaged(batch.header.number, "an entry is of no participant");
    payments_->Reinsert(static_cast<std::uint32_t>(party - ledger_->participants().data()),
                        {.key = entry->instruction,
                         .status = entry->status,
                         .entry_index = entry->index,
                         .uetr = entry->uetr,
                         .settlement_id = entry->settlement_id,
                         .item = entry->item});
  }
  return absl::OkStatus();
}

}  // namespace causeway::node
