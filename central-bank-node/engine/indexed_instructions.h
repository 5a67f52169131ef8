// The final instructions and the payments of bulks of a live ledger: found again by a key index of
// bounded memory (settlement/store/key_index.h), which knows fingerprints and leaves, and by the
// log, which knows the instructions and payments themselves.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_INDEXED_INSTRUCTIONS_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_INDEXED_INSTRUCTIONS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/instruction_index.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_index.h"

namespace causeway::node {

// Synchronised as core::InstructionIndex says; MarkDurable from any thread beside everything.
// Where it must decide and cannot read, it stops the process: a payment that might be a repeat must
// not settle. So whoever executes asks with Missing first, reads that, and gives it with Expect.
class IndexedInstructions final : public core::InstructionIndex {
 public:
  // What is at a leaf: what tells whether a fingerprint's leaf is what is looked for.
  struct Logged {
    std::uint32_t party = 0;
    // Of a payment of a bulk, or (party with kLegs) the hold of a list's leg.
    core::RawInstructionId id{};
    core::Uetr uetr;
    core::Outcome outcome = core::Outcome::kMalformed;
    // Of such a hold: the list, and where in it.
    std::shared_ptr<const ListName> list;
    std::uint32_t position = 0;
    // Of anything else, and then the six above but the party say nothing.
    std::optional<core::InstructionState> instruction;
    // Of an entry that completed a list: the positions that settled. Null: none did.
    std::shared_ptr<const core::PositionSet> settled;
  };
  // What is at a durable leaf.
  using ReadPayment = std::function<absl::StatusOr<Logged>(std::uint64_t leaf)>;
  // A leaf that has to be read. With the fingerprint of the payment of a bulk that is most likely
  // there, if that is all that is asked: another one is read with its whole batch.
  struct Missing {
    std::uint64_t leaf = 0;
    std::optional<std::uint64_t> fingerprint;
  };
  // What executing one item will ask of the log, as it was read before.
  struct Recall {
    absl::flat_hash_map<std::uint64_t, Logged> leaves;
    std::vector<std::uint64_t> fingerprints;  // of the ids of a bulk's payments
  };

  // The secret of the fingerprints, from that of the ledger: what its key index is opened with.
  static store::FingerprintKey KeyOf(std::string_view salt_key);

  IndexedInstructions(std::unique_ptr<store::KeyIndex> keys, const store::FingerprintKey& key,
                      ReadPayment read);

  // What the journal says of the payments of a bulk.
  struct Replay {
    std::uint64_t first_leaf = 0;
    std::vector<bool> is_repeat;
  };
  // Before a batch of the journal is executed again: the keys that the index has already are not
  // looked for in it. `is_new` are those of the batch's entries, `settlements` the ids that its
  // items prepare or complete.
  void ExpectReplay(std::vector<Replay> bulks, absl::flat_hash_set<core::InstructionKey> is_new,
                    std::uint64_t first_leaf, absl::flat_hash_set<core::Hash256> settlements = {});
  // After the last of them.
  void EndReplay();
  // Inserts the keys of a bulk of the journal that is not executed again. One of each payment.
  void Reinsert(std::uint32_t party, std::span<const core::BulkPayment> payments,
                const Replay& replay);
  // The same for an instruction's entry.
  void Reinsert(std::uint32_t party, const core::InstructionState& instruction);
  // The keys of the leaves before this one are here.
  std::uint64_t covered() const { return keys_->covered(); }

  // Adds to `missing` the leaves that recording the instruction or the payments will look at and
  // `recall` lacks: nothing when all are new. What is not durable yet goes into `recall` at once.
  // For the thread that records, between batches, beside readers. An error is the key index's.
  absl::Status AddMissing(std::uint32_t party, const core::InstructionKey& key, Recall& recall,
                          std::vector<Missing>& missing) const;
  absl::Status AddMissing(std::uint32_t party, std::span<const core::BulkPayment> payments,
                          Recall& recall, std::vector<Missing>& missing) const;
  // Of a leg that a return cites, after it was read: the same for the completion of its list.
  absl::Status AddMissingCompletion(std::uint32_t party, const core::InstructionKey& leg,
                                    Recall& recall, std::vector<Missing>& missing) const;
  // The same for looking for a settlement by its id.
  absl::Status AddMissing(const core::Hash256& settlement_id, Recall& recall,
                          std::vector<Missing>& missing) const;
  // Whether that instruction is among what was read, and final.
  absl::StatusOr<bool> IsFinalIn(const Recall& recall, std::uint32_t party,
                                 const core::InstructionKey& key) const;
  std::uint64_t FingerprintOf(std::uint32_t party, const core::RawInstructionId& id) const;
  // What to look into before the log, until EndBatch. `payments` are those of the item, and stay
  // where they are until then; none for an item that is no bulk.
  void Expect(Recall recall, std::span<const core::BulkPayment> payments);

  void RecordLive(std::uint32_t party, const core::InstructionState& instruction) override;
  void RecordFinal(std::uint32_t party, const core::InstructionState& instruction) override;
  absl::StatusOr<std::optional<core::InstructionState>> FindFinal(
      std::uint32_t party, const core::InstructionKey& key) const override;
  std::optional<core::InstructionState> FindFinalToRecord(std::uint32_t party,
                                                          const core::InstructionKey& key) override;
  absl::StatusOr<std::optional<core::EndedSettlement>> FindSettlement(
      const core::Hash256& settlement_id) const override;
  std::optional<core::EndedSettlement> FindSettlementToRecord(
      const core::Hash256& settlement_id) override;
  void Record(std::uint32_t party, std::span<const core::BulkPayment> payments,
              std::uint64_t first_leaf, std::span<std::uint64_t> known) override;
  void SetResults(std::uint64_t first_leaf, std::span<const core::PaymentResult> results) override;
  void SetList(std::uint64_t first_leaf, std::uint32_t count, const ListName& list) override;
  void RecordSettled(std::uint64_t completion, std::uint64_t first_leaf,
                     const core::PositionSet& settled) override;
  absl::StatusOr<std::uint64_t> Find(std::uint32_t party,
                                     const core::RawInstructionId& id) const override;
  std::uint64_t FindToRecord(std::uint32_t party, const core::InstructionKey& key,
                             const core::RawInstructionId& id) override;
  bool IsSettled(std::uint64_t leaf) const override;
  absl::StatusOr<UetrPage> FindByUetr(const core::Uetr& uetr, std::uint64_t from_leaf,
                                      std::size_t count) const override;

  // Every payment of the leaves before `next_leaf` was recorded. An error means that the node must
  // stop before long: answers stay right, but there may be no room for more than one more batch.
  absl::Status EndBatch(std::uint64_t next_leaf);
  void MarkDurable(std::uint64_t leaves);

 private:
  struct Recent {
    std::uint64_t first_leaf = 0;
    std::uint32_t party = 0;
    std::vector<core::RawInstructionId> ids;
    std::vector<core::Uetr> uetrs;
    std::vector<core::Outcome> outcomes;
    std::shared_ptr<const ListName> list;
  };

  std::uint64_t FingerprintOf(const core::Uetr& uetr) const;
  std::uint64_t FingerprintOf(const core::Hash256& settlement_id) const;
  std::uint64_t FingerprintOf(std::uint32_t party, const core::InstructionKey& key) const;
  std::optional<Logged> RecentAt(std::uint64_t leaf) const;
  absl::StatusOr<Logged> LoggedAt(std::uint64_t leaf) const;
  absl::Status AddLeaves(std::uint64_t fingerprint, Recall& recall,
                         std::vector<Missing>& missing) const;
  absl::StatusOr<std::optional<core::InstructionState>> InstructionAt(std::uint64_t leaf) const;
  absl::StatusOr<std::optional<core::InstructionState>> StateAt(
      std::uint64_t leaf, const core::InstructionKey& key) const;
  bool IsPayment(std::uint64_t leaf, std::uint32_t party, const core::RawInstructionId& id) const;
  bool Need(const Missing& leaf, Recall& recall, std::vector<Missing>& missing) const;
  void TakeFingerprints(std::uint32_t party, std::span<const core::BulkPayment> payments);
  void RecordReplayed(std::uint32_t party, std::span<const core::BulkPayment> payments,
                      std::uint64_t first_leaf, std::span<std::uint64_t> known);
  void KeepRecent(std::uint32_t party, std::span<const core::BulkPayment> payments,
                  std::uint64_t first_leaf);

  const std::unique_ptr<store::KeyIndex> keys_;
  const store::KeyFingerprinter fingerprint_;
  const ReadPayment read_;
  std::deque<Replay> replays_;
  absl::flat_hash_set<core::InstructionKey> replay_is_new_;
  absl::flat_hash_set<core::Hash256> replay_settlements_;
  // Leaves that are not before it are of the batch that is executed again, or of later ones.
  std::uint64_t replay_first_leaf_ = store::kNoLeaf;
  // Payments of bulks from here on are not executed again yet.
  std::uint64_t replay_end_ = store::kNoLeaf;
  bool replaying_ = false;
  std::vector<std::uint64_t> fingerprints_;  // scratch
  absl::flat_hash_map<std::uint64_t, Logged> recalled_;
  // Of the ids of the bulks whose payments lie there.
  std::vector<std::pair<const core::BulkPayment*, std::vector<std::uint64_t>>> prepared_;

  // Of leaves that MarkDurable has not named, because the log may not show them yet.
  mutable std::mutex mutex_;
  std::deque<Recent> recent_;  // oldest first
  // By leaf, with the party.
  std::map<std::uint64_t, std::pair<std::uint32_t, core::InstructionState>> recent_states_;
  // By the leaf of the list's completion.
  std::map<std::uint64_t, std::shared_ptr<const core::PositionSet>> recent_settled_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_INDEXED_INSTRUCTIONS_H_
