// The ledger engine: ledger, log and journal as one. It takes items and a time, executes them as
// one batch, makes the batch durable, and only then shows it: replies, queries, votes, receipts and
// streams come from here. It reads no clock and starts no thread; the live node (../runtime) and
// the simulator (../../scenarios) drive the same object.
//
// A batch goes through Apply, Seal and Commit, in this order and batch after batch. Execute does
// all three. They may overlap for different batches, each step on a thread of its own: while one
// batch is being synced the next is hashed and the one after is applied. The ledger is then ahead
// of the journal, and whoever reads it must not answer before all that was applied is durable.
//
// Synchronisation: Apply alone, beside neither Admit nor the other const members but Examine (the
// caller's lock).
// Seal and Commit each on one thread at a time, beside everything.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LEDGER_ENGINE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LEDGER_ENGINE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "central-bank-node/engine/indexed_instructions.h"
#include "central-bank-node/engine/log_reads.h"
#include "central-bank-node/engine/opened_batch.h"
#include "settlement/core/batch.h"
#include "settlement/core/ledger.h"
#include "settlement/core/merkle.h"
#include "settlement/core/remembering_verifier.h"
#include "settlement/store/journal.h"
#include "settlement/store/snapshot.h"

namespace causeway::node {

// Entries in one page, and payments that one Execute takes at most.
inline constexpr std::size_t kPageEntriesMax = 1000;
// Batches and entries of the account that one page of its history is looked for in from the new
// end, at most, and batches from the old one when that was not enough.
inline constexpr std::size_t kHistoryBatchesMax = 64;
inline constexpr std::size_t kHistoryEntriesMax = 20'000;
// Lines of one statement, and batches that are read for it, at most.
inline constexpr std::size_t kStatementLinesMax = 10'000;
inline constexpr std::size_t kStatementBatchesMax = 4'096;

// Everything needed to verify one entry offline.
struct Receipt {
  std::string entry;  // leaf bytes
  std::uint64_t entry_index = 0;
  std::vector<core::Hash256> entry_proof;
  std::string batch_header;  // leaf bytes
  std::uint64_t batch_header_index = 0;
  std::vector<core::Hash256> batch_header_proof;
  std::string checkpoint;  // latest; both proofs lead to it
  core::Item item;         // what was signed
  // Of a payment in a bulk: the entry of the bulk, which names who instructed it and what was
  // signed. Empty otherwise.
  std::string bulk_entry;
  std::uint64_t bulk_entry_index = 0;
  std::vector<core::Hash256> bulk_entry_proof;
};

// An entry with the time and date of its batch.
struct DatedEntry {
  core::Entry entry;
  core::LedgerTime time;
  core::BusinessDate date;
};

// Entries in the order of the log.
struct EntryPage {
  std::vector<DatedEntry> entries;
  // Where to go on: the size of the log, as it was then, when nothing is left.
  std::uint64_t next = 0;
};

// The same, newest first.
struct NewestPage {
  std::vector<DatedEntry> entries;
  std::uint64_t older = 0;  // where to go on: 0 when nothing older is left
};

// An account at one moment: where its history is read from.
struct AccountMoment {
  core::AccountAddress address;
  std::uint32_t number = 0;
  core::Amount balance;         // available plus held
  std::uint64_t last_leaf = 0;  // that touched it; 0: none
  std::uint64_t log_size = 0;   // leaves that were applied
};

struct StatementLine {
  core::Posting posting;
  DatedEntry entry;
};
// Where a statement was read to, from its end on.
struct StatementPlace {
  std::uint64_t leaf = 0;  // the entry to go on with
  core::Amount balance;    // available plus held, after that entry

  friend bool operator==(const StatementPlace&, const StatementPlace&) = default;
};
// Balances are available plus held; opening + sum of the lines = closing.
struct Statement {
  core::Amount opening;
  core::Amount closing;
  std::vector<StatementLine> lines;
  std::optional<StatementPlace> older;  // of a page: where the one before it in time ends
};

// What became of one item that was given to Execute.
struct ItemReply {
  core::ItemResult result;
  // For a prepare that stands (kPrepared or kSettled): the encoded vote.
  std::string vote;
};

// What the caller is told where the log cannot be read that the answer needs. The place is for the
// operator, and goes to the log of the node.
core::Rejection Unreadable();

// The payments of a bulk or the legs of a list; none of anything else.
std::span<const core::BulkPayment> PackedIn(const core::AdmittedItem& item);

// A batch between Apply and Commit.
struct PendingBatch {
  std::vector<core::Item> items;
  std::vector<core::AdmittedItem> admitted;
  core::BatchResult result;
  // Holds to vote for, the positions of their items, and the encoded votes once sealed.
  std::vector<core::Hold> holds;
  std::vector<std::size_t> hold_items;
  std::vector<std::string> votes;
  // Once sealed, if anything was sequenced: the log after it, and what is journaled.
  std::uint64_t size = 0;
  core::Hash256 root;
  std::string checkpoint;
  store::Block block;
  absl::Status index_status;  // of the key index
};

class LedgerEngine {
 public:
  struct Options {
    // Signs checkpoints and votes; must be the ledger key of the genesis.
    std::shared_ptr<const core::Signer> signer;
    std::shared_ptr<const core::SignatureVerifier> verifier;
    // Secret of this ledger, 32 bytes: salts of entries are derived from it.
    std::string salt_key;
    // Where payments of bulks are found again: one that was opened with as many durable leaves as
    // the journal has records. None: in memory, about 100 bytes a payment.
    std::unique_ptr<store::KeyIndex> keys;
    // Of the log's tree (core::MerkleTree): above 0, proofs read the journal for what is below.
    int tree_lowest_level = 0;
    // Opening begins with the newest snapshot that is good, and replays what came after it. None:
    // it replays everything. Needs `keys`.
    std::shared_ptr<store::SnapshotStore> snapshots;
  };

  // How a snapshot is written while the ledger goes on.
  struct SnapshotPauses {
    // Calls what it is given at once, while no batch is applied.
    std::function<void(const std::function<void()>&)> between_batches;
    // Returns once that many leaves are durable; all of them are applied.
    std::function<void(std::uint64_t)> until_durable;
  };

  // Starts a new ledger on an empty journal, or replays the journal: every block is decoded and
  // executed again and must give the entries that it holds. DataLoss when it does not,
  // FailedPrecondition when genesis or keys are not those of the journal.
  static absl::StatusOr<std::unique_ptr<LedgerEngine>> Open(
      const core::Genesis& genesis, Options options, std::unique_ptr<store::Journal> journal);

  // Admission of one item: decodes, verifies. Changes nothing; may run at once with other const
  // members.
  std::variant<core::AdmittedItem, core::Rejection> Admit(const core::Item& item) const;

  // The same in steps, of which the first, ledger().KeysOf, and the last need a ledger that nobody
  // changes meanwhile. What an item says, and what came of its signatures; or the refusal.
  struct ExaminedItem {
    core::ItemBody body;
    core::ExaminedEnvelope envelope;
  };
  using ExaminedOrRefusal = std::variant<ExaminedItem, core::Rejection>;
  ExaminedOrRefusal Examine(const core::Item& item,
                            std::span<const std::optional<core::PublicKey>> keys) const;
  // The policy that Admit will verify an examined certificate by, if it will: needs the ledger too.
  // VerifyAhead then verifies it beside everything, which leaves little of that to Admit.
  std::optional<core::SettlementPolicy> PolicyToVerify(const ExaminedOrRefusal& examined) const;
  void VerifyAhead(const ExaminedOrRefusal& examined, const core::SettlementPolicy& policy) const;
  std::variant<core::AdmittedItem, core::Rejection> Admit(ExaminedOrRefusal examined) const;

  // Before an item is applied, what it needs of old history (repeats, citations) can be read, so
  // that Apply reads nothing and cannot fail where a part of the log cannot be read:
  // the leaves that are still to be read into `recall`; none for most items. By the thread that
  // applies, beside const members. An error is the key index's.
  absl::StatusOr<std::vector<IndexedInstructions::Missing>> LeavesToRecall(
      const core::AdmittedItem& item, IndexedInstructions::Recall& recall) const;
  // Reads them. Any thread, beside everything.
  absl::Status ReadLeaves(std::vector<IndexedInstructions::Missing> missing,
                          IndexedInstructions::Recall& recall) const;

  // Executes admitted items as one batch. items[i] is what admitted[i] was made of, recalls[i] what
  // was read for it; without recalls the log is read now, and an error of that stops the process.
  // The ledger is then ahead of the journal.
  std::unique_ptr<PendingBatch> Apply(core::LedgerTime now, std::vector<core::Item> items,
                                      std::vector<core::AdmittedItem> admitted,
                                      std::vector<IndexedInstructions::Recall> recalls = {});
  // Hashes the leaves, signs votes and the head of the log, and encodes the block.
  absl::Status Seal(PendingBatch& pending);
  // Makes sealed batches durable, all by one sync, and shows them. An error of this or of Seal
  // means that the outcome is unknown: the process must exit without answering.
  absl::Status Commit(std::span<PendingBatch* const> pending);
  // What to answer, once the batch is committed and not before, in the order of its items;
  // CompleteReply then adds what has to be read.
  std::vector<ItemReply> TakeReplies(PendingBatch& pending) const;
  // Adds to the reply to a repeated bulk what it came to the first time. When the log cannot be
  // read, the reply becomes a refusal (kUnavailable) and the error is returned. Any thread, beside
  // everything.
  absl::Status CompleteReply(ItemReply& reply) const;

  // Apply, Seal and Commit of one batch, and its replies.
  absl::StatusOr<std::vector<ItemReply>> Execute(
      core::LedgerTime now, std::vector<core::Item> items, std::vector<core::AdmittedItem> admitted,
      std::vector<IndexedInstructions::Recall> recalls = {});

  // Admit and Execute of items that come together: refusals stand in their places.
  absl::StatusOr<std::vector<ItemReply>> Submit(core::LedgerTime now,
                                                std::span<const core::Item> items);

  // Writes a snapshot of the state as it is at the first pause, and publishes it. One at a time,
  // beside everything. After an error the ledger is as before, without that snapshot.
  absl::Status WriteSnapshot(store::SnapshotWriter& writer, const SnapshotPauses& pauses);
  // What Open met that somebody should know: snapshots that it could not use.
  const std::vector<std::string>& notes() const { return notes_; }
  // Of the snapshot that Open began with; 0: none.
  std::uint64_t snapshot_leaves() const { return snapshot_leaves_; }

  // Ahead of the journal while batches are under way.
  const core::Ledger& ledger() const { return *ledger_; }

  // The end of what is durable. It moves on while batches are under way: whoever needs two of these
  // to agree takes them from one head.
  struct Head {
    std::uint64_t batches = 0;
    std::uint64_t size = 0;  // leaves
    core::Hash256 root;
    std::string checkpoint;  // signed note
  };
  Head head() const;
  std::string checkpoint() const { return head().checkpoint; }
  std::uint64_t size() const { return head().size; }
  core::Hash256 root() const { return head().root; }
  std::uint64_t batch_count() const { return head().batches; }

  // What follows reads batches under way too, as soon as they are sealed.

  // NotFound past the end.
  absl::StatusOr<core::Batch> ReadBatch(std::uint64_t number) const;
  // As encoded in the journal: what subscribers get.
  absl::StatusOr<std::string> ReadBatchBytes(std::uint64_t number) const;
  absl::StatusOr<std::uint64_t> FindBatch(std::uint64_t leaf_index) const;
  // NotFound when `leaf_index` is no entry (a batch header, the genesis, or past the end).
  absl::StatusOr<DatedEntry> ReadEntry(std::uint64_t leaf_index) const;
  // Nothing for an unknown account.
  std::optional<AccountMoment> MomentOf(const core::AccountAddress& address) const;

  // The next four read the log alone: beside everything, once the moment's leaves are durable.
  // Entries from a leaf index on, at most `count`.
  absl::StatusOr<EntryPage> ListEntries(std::uint64_t from_index, std::size_t count) const;
  // Those that touch the account. Perhaps fewer than there are, or none, and then more from `next`.
  absl::StatusOr<EntryPage> ListEntriesOf(const AccountMoment& account, std::uint64_t from_index,
                                          std::size_t count) const;
  // The newest of those before leaf `before`, which is 0 (any) or `older` of a page of the same
  // account: InvalidArgument for others. Perhaps fewer than `count`, which is 1 or more, but not
  // none when there are any. Reads one batch an entry at most.
  absl::StatusOr<NewestPage> ListNewestOf(const AccountMoment& account, std::uint64_t before,
                                          std::size_t count) const;
  // Dates are inclusive. ResourceExhausted when it would take too much (kStatementLinesMax).
  absl::StatusOr<Statement> GetStatement(const AccountMoment& account, core::BusinessDate from,
                                         core::BusinessDate to) const;
  // A page of it, of `lines` or a few more (an entry's lines stay together), 1 or more: the newest,
  // or the one that ends at `place`. InvalidArgument for a place that is none of this account.
  absl::StatusOr<Statement> GetStatementPage(const AccountMoment& account, core::BusinessDate from,
                                             core::BusinessDate to, std::size_t lines,
                                             const std::optional<StatementPlace>& place) const;

  absl::StatusOr<Receipt> GetReceipt(std::uint64_t entry_index) const;
  // OutOfRange unless old_size <= new_size <= size().
  absl::StatusOr<std::vector<core::Hash256>> ConsistencyProof(std::uint64_t old_size,
                                                              std::uint64_t new_size) const;

  // The command that made an entry, as its party signed it; NotFound when none did.
  absl::StatusOr<core::Command> ReadCommand(std::uint64_t entry_index) const;

  // A payment's or other instruction's status by its key, over the whole history.
  absl::StatusOr<std::optional<core::InstructionState>> FindInstruction(
      const core::InstructionKey& key) const;
  // Of one UETR, oldest first.
  struct InstructionPage {
    std::vector<core::InstructionState> instructions;
    std::uint64_t next_index = 0;  // where more may be; 0: nowhere
  };
  // From a leaf index on, at most `count`, which is 1 or more. Reads about one batch each.
  absl::StatusOr<InstructionPage> FindByUetr(const core::Uetr& uetr, std::uint64_t from_index,
                                             std::size_t count) const;
  // A single settlement that was prepared or rejected here and has ended, as it was when it ended;
  // nothing for another id. One that is prepared is found in the ledger.
  absl::StatusOr<std::optional<core::SettlementState>> ReadSettlement(
      const core::Hash256& settlement_id) const;
  // How a settlement list, or a settlement that was never prepared, was completed; nothing when it
  // was not.
  absl::StatusOr<std::optional<core::InstructionState>> FindCompletion(
      const core::Hash256& settlement_id) const {
    return ledger_->FindCompletion(settlement_id);
  }
  // The terms of a list that was prepared here; nothing for another id.
  absl::StatusOr<std::optional<core::TermsHeader>> ReadList(const core::Hash256& list_id) const;
  // Reads for a query what it could not go on without, or finds out why that cannot be read. Any
  // thread, beside everything, without LogReads in place.
  void Load(LogReads& reads) const;
  // What a bulk came to, by the leaf of its entry: for the answer to a repeat.
  absl::StatusOr<core::BulkExecution> ReadBulk(std::uint64_t entry_index) const;

 private:
  // A batch that is applied and not yet durable.
  struct UnderWay {
    std::uint64_t first_index = 0;
    std::uint64_t count = 0;
    const store::Block* sealed = nullptr;
  };

  static absl::Status Damaged(std::uint64_t block, const std::string& what);

  LedgerEngine() = default;
  // What a batch under way is journaled as, once it is sealed; nothing for another number.
  std::optional<std::string> SealedBytes(std::uint64_t number) const;
  absl::StatusOr<std::unique_ptr<OpenedBatch>> OpenBatch(std::uint64_t number) const;
  // The entry at a leaf of a batch that was opened.
  absl::StatusOr<DatedEntry> EntryOf(OpenedBatch& batch, std::uint64_t leaf_index) const;
  core::Entry EntryOf(const core::FoundPayment& found, bool is_hold = false) const;
  DatedEntry Dated(const core::FoundPayment& payment) const;
  LogReads::SharedBatch BatchAt(std::uint64_t number) const;
  absl::Status WriteGenesis();
  core::MerkleTree NewTree();
  absl::Status Restore(std::unique_ptr<core::InstructionIndex>& payments);
  absl::Status RestoreFrom(std::uint64_t batches,
                           std::unique_ptr<core::InstructionIndex>& payments);
  absl::Status ReinsertKeys();
  std::pair<core::ParticipantId, const std::vector<core::BulkPayment>*> PackedOf(
      const core::ItemBody& body) const;
  absl::Status ReinsertFinals(const core::Batch& batch);
  absl::Status Replay();
  absl::Status ReplayBlock(const store::Block& block);
  absl::Status ExpectReplay(const core::Batch& batch);
  // Who pays the legs of a list here.
  absl::StatusOr<core::ParticipantId> PayerOf(const core::Item& item) const;
  absl::StatusOr<core::Entry> ResolvedEntry(const core::Batch& batch,
                                            const core::EntryPlace& place) const;
  absl::StatusOr<core::InstructionState> LatestOf(const DatedEntry& packed) const;
  static IndexedInstructions::Replay ReplayOf(const core::BulkResults& bulk);
  absl::StatusOr<std::string> SignHead(std::uint64_t size, const core::Hash256& root) const;
  void Salt(core::Entry& entry) const;
  void CollectHolds(PendingBatch& pending) const;
  absl::Status SignVotes(PendingBatch& pending) const;
  absl::StatusOr<DatedEntry> EntryAt(const core::Batch& batch, std::uint64_t leaf_index) const;
  void NoteParticipants();
  absl::StatusOr<bool> IsKnown(const core::AdmittedItem& item,
                               const IndexedInstructions::Recall& recall) const;
  absl::Status Recall(const core::AdmittedItem& item, IndexedInstructions::Recall& recall) const;
  absl::StatusOr<std::uint32_t> NumberOf(const core::ParticipantId& id, std::uint64_t leaf) const;
  absl::StatusOr<IndexedInstructions::Logged> LoggedIn(const core::Batch& batch,
                                                       std::uint64_t leaf) const;
  absl::StatusOr<IndexedInstructions::Logged> ReadLogged(std::uint64_t leaf) const;
  absl::StatusOr<std::optional<IndexedInstructions::Logged>> ReadLikely(
      OpenedBatch& batch, const IndexedInstructions::Missing& wanted) const;
  absl::StatusOr<std::vector<core::Hash256>> LeafHashes(std::uint64_t first,
                                                        std::uint64_t count) const;
  absl::StatusOr<core::Entry> PaymentEntry(const core::Batch& batch,
                                           const core::EntryPlace& place) const;
  absl::StatusOr<bool> WalkBack(const AccountMoment& account, std::size_t batches_max,
                                const std::function<bool(const DatedEntry&)>& take) const;
  absl::StatusOr<EntryPage> ScanEntriesOf(const AccountMoment& account, std::uint64_t from_index,
                                          std::size_t count) const;

  core::Genesis genesis_;
  Options options_;
  // For certificates, whose checkpoint and vote statements are shared by many.
  std::unique_ptr<const core::RememberingVerifier> certificate_verifier_;
  std::vector<std::string> notes_;
  std::uint64_t snapshot_leaves_ = 0;
  std::unique_ptr<core::Ledger> ledger_;
  IndexedInstructions* payments_ = nullptr;  // the ledger's, when it has a key index
  std::unique_ptr<store::Journal> journal_;

  // Of what is sealed: proofs are made at sizes that are durable. Whoever holds its mutex may take
  // log_mutex_, not the other way round.
  mutable std::mutex tree_mutex_;
  core::MerkleTree tree_;

  // The participants' positions on the ledger, for threads that may not look at it.
  mutable std::mutex numbers_mutex_;
  absl::flat_hash_map<core::ParticipantId, std::uint32_t> numbers_;

  // The batch that ReadLogged read last: repeats of one bulk lie together.
  mutable std::mutex logged_mutex_;
  mutable std::shared_ptr<const core::Batch> logged_;

  mutable std::mutex log_mutex_;
  mutable std::condition_variable sealed_;
  Head durable_;
  std::map<std::uint64_t, UnderWay> under_way_;         // by batch number
  std::vector<std::vector<store::Block>> not_durable_;  // of appends that failed
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LEDGER_ENGINE_H_
