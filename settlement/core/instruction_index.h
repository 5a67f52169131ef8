// Where what is final is found again, over the whole history of a ledger: instructions that
// settled, were rejected, cancelled or aborted, by their key and by UETR, the legs of a single
// settlement also by its id, and the payments of bulks. What is not final yet lies in the ledger
// itself. The answers are exact and part of what a ledger decides by, so that every implementation
// gives the same: in memory below (simulator, observers), and over runs on disk and the log in
// central-bank-node.
#ifndef CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_INDEX_H_
#define CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_INDEX_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/instruction_state.h"
#include "settlement/core/position_set.h"

namespace causeway::core {

// Not synchronised: const members may run at once, others alone.
//
// What answers a query (the const members) may fail where the log cannot be read. What decides
// (those for the thread that records, and IsSettled) always answers, or stops the process: whoever
// executes sees to it first that all that is needed can be read.
class InstructionIndex {
 public:
  // Stands for no leaf: leaf 0 is the genesis.
  static constexpr std::uint64_t kNoLeaf = 0;
  // Added to a party's position for the legs that it pays in settlements: they have a key space of
  // their own, that legs of lists (by Record) share with those of single settlements.
  static constexpr std::uint32_t kLegs = std::uint32_t{1} << 31;
  // Which key space, and the kind of instruction in it, a packed payment of `party` belongs to.
  static constexpr ActionKind KindOfParty(std::uint32_t party) {
    return (party & kLegs) != 0 ? ActionKind::kSettlementLeg : ActionKind::kPay;
  }
  // The key space of an instruction that a packed one could be; nothing for other kinds.
  static constexpr std::optional<std::uint32_t> SpaceOf(std::uint32_t party, ActionKind kind) {
    if (kind == ActionKind::kPay) return party;
    if (kind == ActionKind::kSettlementLeg) return party | kLegs;
    return std::nullopt;
  }

  // Which settlement list legs belong to, and under which key its completion is recorded.
  struct ListName {
    Hash256 list_id;
    std::uint32_t central_bank = 0;  // its position on the ledger
    InstructionKey completion;       // CompletionKeyOf
  };

  // Something with a UETR.
  struct UetrHit {
    std::uint64_t leaf = kNoLeaf;                 // of the entry that made it final
    std::optional<InstructionState> instruction;  // none for a payment of a bulk
  };
  struct UetrPage {
    std::vector<UetrHit> found;         // ascending by leaf
    std::uint64_t next_leaf = kNoLeaf;  // where more may be; kNoLeaf: nowhere
  };

  virtual ~InstructionIndex() = default;

  // Takes an instruction that is not final, by its first entry. Once each, and RecordFinal follows.
  // `party`, here and below, is the participant's position on the ledger.
  virtual void RecordLive(std::uint32_t /*party*/, const InstructionState& /*instruction*/) {}
  // Takes an instruction that became final by the entry at its entry_index. Once each.
  virtual void RecordFinal(std::uint32_t party, const InstructionState& instruction) = 0;
  // The final instruction with that key; payments of bulks are none.
  virtual absl::StatusOr<std::optional<InstructionState>> FindFinal(
      std::uint32_t party, const InstructionKey& key) const = 0;
  // The same, for the thread that records, and faster where most are not there.
  virtual std::optional<InstructionState> FindFinalToRecord(std::uint32_t party,
                                                            const InstructionKey& key) = 0;

  // The single settlement with that id, once its legs are final. That of a list, or of an abort
  // that came before its prepare, is no leg: it is found by its key (CompletionKeyOf).
  virtual absl::StatusOr<std::optional<EndedSettlement>> FindSettlement(
      const Hash256& settlement_id) const = 0;
  // The same, for the thread that records, and faster where most are not there.
  virtual std::optional<EndedSettlement> FindSettlementToRecord(const Hash256& settlement_id) = 0;

  // Takes the payments of a bulk in their order, payment i at leaf first_leaf + i; or with kLegs in
  // `party` the legs of a list. When an earlier
  // payment of that party has the id, single ones included, in this call or before, known[i] is its
  // leaf and nothing is taken; else known[i] is kNoLeaf.
  virtual void Record(std::uint32_t party, std::span<const BulkPayment> payments,
                      std::uint64_t first_leaf, std::span<std::uint64_t> known) = 0;
  // What became of the payments of the latest Record, for IsSettled.
  virtual void SetResults(std::uint64_t first_leaf, std::span<const PaymentResult> results) = 0;
  // Of the `count` legs of the latest Record: their list.
  virtual void SetList(std::uint64_t first_leaf, std::uint32_t count, const ListName& list) = 0;
  // Takes what the legs of a list came to whose holds lie from `first_leaf` on, when it is
  // completed by the entry at `completion`: the positions that settled; of the others none did.
  virtual void RecordSettled(std::uint64_t completion, std::uint64_t first_leaf,
                             const PositionSet& settled) = 0;

  // The leaf of the payment of a bulk with that id, or kNoLeaf.
  virtual absl::StatusOr<std::uint64_t> Find(std::uint32_t party,
                                             const RawInstructionId& id) const = 0;
  // The same, for the thread that records, and faster where most are not there. `key` is that of a
  // single payment with the id.
  virtual std::uint64_t FindToRecord(std::uint32_t party, const InstructionKey& key,
                                     const RawInstructionId& id) = 0;
  // `leaf` is one that Find gave. A leg is settled once its list is completed and its settlement
  // was among those that the completion carried out.
  virtual bool IsSettled(std::uint64_t leaf) const = 0;
  // What has that UETR and is final, from a leaf on: at most `count`, which is 1 or more, and
  // perhaps fewer although there are more.
  virtual absl::StatusOr<UetrPage> FindByUetr(const Uetr& uetr, std::uint64_t from_leaf,
                                              std::size_t count) const = 0;
};

// Keeps everything in memory: about 100 bytes a payment of a bulk, 400 any other instruction and
// 100 more a single settlement.
std::unique_ptr<InstructionIndex> MakeMemoryInstructionIndex();

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_INDEX_H_
