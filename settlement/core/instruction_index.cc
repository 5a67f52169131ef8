#include "settlement/core/instruction_index.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "settlement/core/check.h"

namespace causeway::core {
namespace {

struct Key {
  std::uint32_t party = 0;
  RawInstructionId id{};

  friend bool operator==(const Key&, const Key&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Key& key) {
    return H::combine(std::move(state), key.party, key.id);
  }
};

class MemoryInstructionIndex final : public InstructionIndex {
 public:
  void RecordLive(std::uint32_t party, const InstructionState& instruction) override {
    RecordSingle(party, instruction);
    if (instruction.key.kind == ActionKind::kSettlementLeg && instruction.item == 0) {
      settlements_[instruction.settlement_id].hold = instruction.entry_index;
    }
  }

  void RecordFinal(std::uint32_t party, const InstructionState& instruction) override {
    const bool is_new = final_by_key_.try_emplace(instruction.key, finals_.size()).second;
    CW_CHECK(is_new, "an instruction becomes final once");
    if (!instruction.uetr.IsNil()) {
      by_uetr_[instruction.uetr].push_back({instruction.entry_index, finals_.size()});
    }
    if (instruction.key.kind == ActionKind::kSettlementLeg) {
      LegsOf& legs = settlements_[instruction.settlement_id];
      if (legs.count == 0) legs.first = finals_.size();
      CW_CHECK(legs.first + legs.count == finals_.size(), "all legs become final together");
      ++legs.count;
    }
    finals_.push_back(instruction);
    RecordSingle(party, instruction);
  }

  absl::StatusOr<std::optional<EndedSettlement>> FindSettlement(
      const Hash256& settlement_id) const override {
    return FindLegs(settlement_id);
  }
  std::optional<EndedSettlement> FindSettlementToRecord(const Hash256& settlement_id) override {
    return FindLegs(settlement_id);
  }

  absl::StatusOr<std::optional<InstructionState>> FindFinal(
      std::uint32_t /*party*/, const InstructionKey& key) const override {
    return FindIt(key);
  }
  std::optional<InstructionState> FindFinalToRecord(std::uint32_t /*party*/,
                                                    const InstructionKey& key) override {
    return FindIt(key);
  }

  void Record(std::uint32_t party, std::span<const BulkPayment> payments, std::uint64_t first_leaf,
              std::span<std::uint64_t> known) override {
    CW_CHECK(payments.size() == known.size(), "one answer a payment");
    for (std::size_t i = 0; i < payments.size(); ++i) {
      const std::uint64_t leaf = first_leaf + i;
      const auto [place, is_new] = leaf_by_key_.try_emplace(Key{party, payments[i].id}, leaf);
      known[i] = is_new ? kNoLeaf : place->second;
      // A repeated id is an entry of its own, with its UETR.
      by_uetr_[payments[i].uetr].push_back({leaf, kInBulk});
    }
  }

  void SetResults(std::uint64_t first_leaf, std::span<const PaymentResult> results) override {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].outcome != Outcome::kAccepted) not_settled_.insert(first_leaf + i);
    }
  }

  void SetList(std::uint64_t first_leaf, std::uint32_t count, const ListName& /*list*/) override {
    settled_of_list_.insert_or_assign(first_leaf, PositionSet(count));
  }
  void RecordSettled(std::uint64_t /*completion*/, std::uint64_t first_leaf,
                     const PositionSet& settled) override {
    settled_of_list_.insert_or_assign(first_leaf, settled);
  }

  absl::StatusOr<std::uint64_t> Find(std::uint32_t party,
                                     const RawInstructionId& id) const override {
    return LeafInBulks(party, id);
  }
  std::uint64_t FindToRecord(std::uint32_t party, const InstructionKey& /*key*/,
                             const RawInstructionId& id) override {
    return LeafInBulks(party, id);
  }

  bool IsSettled(std::uint64_t leaf) const override {
    const auto after = settled_of_list_.upper_bound(leaf);
    if (after != settled_of_list_.begin()) {
      const auto& [first_leaf, settled] = *std::prev(after);
      const std::uint64_t position = leaf - first_leaf;
      if (position < settled.size()) return settled.Contains(static_cast<std::uint32_t>(position));
    }
    return !not_settled_.contains(leaf);
  }

  absl::StatusOr<UetrPage> FindByUetr(const Uetr& uetr, std::uint64_t from_leaf,
                                      std::size_t count) const override {
    UetrPage page;
    const auto all = by_uetr_.find(uetr);
    if (all == by_uetr_.end()) return page;
    auto next =
        std::lower_bound(all->second.begin(), all->second.end(), from_leaf,
                         [](const WithUetr& one, std::uint64_t leaf) { return one.leaf < leaf; });
    for (; next != all->second.end() && page.found.size() < count; ++next) {
      UetrHit& hit = page.found.emplace_back();
      hit.leaf = next->leaf;
      if (next->position != kInBulk) hit.instruction = finals_[next->position];
    }
    if (next != all->second.end()) page.next_leaf = next->leaf;
    return page;
  }

 private:
  // What a packed payment or leg may not use again; the first entry of an instruction counts.
  void RecordSingle(std::uint32_t party, const InstructionState& instruction) {
    const std::optional<std::uint32_t> space = SpaceOf(party, instruction.key.kind);
    const std::optional<RawInstructionId> id = RawIdOf(instruction.key.id);
    if (!space.has_value() || !id.has_value()) return;
    const bool is_new = leaf_by_key_.try_emplace(Key{*space, *id}, instruction.entry_index).second;
    if (is_new) single_.insert(instruction.entry_index);
  }

  static constexpr std::size_t kInBulk = ~std::size_t{0};
  struct WithUetr {
    std::uint64_t leaf = 0;
    std::size_t position = kInBulk;  // in finals_
  };

  // Of a single settlement.
  struct LegsOf {
    std::uint64_t hold = 0;
    std::size_t first = 0;  // in finals_
    std::size_t count = 0;  // that are final
  };

  std::optional<EndedSettlement> FindLegs(const Hash256& settlement_id) const {
    const auto found = settlements_.find(settlement_id);
    if (found == settlements_.end() || found->second.count == 0) return std::nullopt;
    const LegsOf& legs = found->second;
    EndedSettlement ended{.hold = legs.hold};
    for (std::size_t i = 0; i < legs.count; ++i) ended.legs.push_back(finals_[legs.first + i]);
    ended.status = ended.legs.back().status;
    ended.rejection = ended.legs.back().rejection;
    ended.entry_index = ended.legs.back().entry_index;
    return ended;
  }
  std::optional<InstructionState> FindIt(const InstructionKey& key) const {
    const auto found = final_by_key_.find(key);
    if (found == final_by_key_.end()) return std::nullopt;
    return finals_[found->second];
  }
  std::uint64_t LeafInBulks(std::uint32_t party, const RawInstructionId& id) const {
    const auto found = leaf_by_key_.find(Key{party, id});
    return found == leaf_by_key_.end() || single_.contains(found->second) ? kNoLeaf : found->second;
  }

  std::deque<InstructionState> finals_;  // in the order of their entries
  absl::flat_hash_map<InstructionKey, std::size_t> final_by_key_;
  absl::flat_hash_map<Uetr, std::vector<WithUetr>> by_uetr_;  // ascending by leaf
  absl::flat_hash_map<Hash256, LegsOf> settlements_;

  // Payments and legs, single ones with an id that a bulk or list could have included.
  absl::flat_hash_map<Key, std::uint64_t> leaf_by_key_;
  absl::flat_hash_set<std::uint64_t> single_;
  absl::flat_hash_set<std::uint64_t> not_settled_;
  std::map<std::uint64_t, PositionSet> settled_of_list_;  // by the leaf of the first hold
};

}  // namespace

std::unique_ptr<InstructionIndex> MakeMemoryInstructionIndex() {
  return std::make_unique<MemoryInstructionIndex>();
}

}  // namespace causeway::core
