#include "central-bank-node/engine/indexed_instructions.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::node {
namespace {

// Whoever changes which keys are in the index gives this another number: runs of before are then
// not used, and the index is made again from the journal. 2: the legs of settlements, by settlement
// id.
constexpr std::string_view kFingerprintDomain = "causeway/payment-fingerprints/v2";
// Before a settlement's id: longer with it than the bytes of any other key.
constexpr std::string_view kSettlementKey = "settlement";

// The index answers or the process stops: it must not let a repeat through.
template <typename T>
T Answer(absl::StatusOr<T> answer) {
  CW_CHECK(answer.ok(), answer.status().ToString().c_str());
  return *std::move(answer);
}

// A payment of a bulk that has the id: one that repeated an id has it not.
bool IsIt(const IndexedInstructions::Logged& logged, std::uint32_t party,
          const core::RawInstructionId& id) {
  return !logged.instruction.has_value() && logged.party == party && logged.id == id &&
         logged.outcome != core::Outcome::kInstructionIdReused;
}

// Of a bulk or alone.
bool IsPaymentWith(const IndexedInstructions::Logged& logged, std::uint32_t party,
                   const core::RawInstructionId& id) {
  if (!logged.instruction.has_value()) return IsIt(logged, party, id);
  const core::InstructionKey& key = logged.instruction->key;
  return core::InstructionIndex::SpaceOf(logged.party, key.kind) == party &&
         core::RawIdOf(key.id) == id;
}

}  // namespace

store::FingerprintKey IndexedInstructions::KeyOf(std::string_view salt_key) {
  const core::Hash256 secret = core::HmacSha256(salt_key, kFingerprintDomain);
  store::FingerprintKey key;
  std::copy_n(secret.bytes.begin(), key.size(), key.begin());
  return key;
}

IndexedInstructions::IndexedInstructions(std::unique_ptr<store::KeyIndex> keys,
                                         const store::FingerprintKey& key, ReadPayment read)
    : keys_(std::move(keys)), fingerprint_(key), read_(std::move(read)) {}

std::uint64_t IndexedInstructions::FingerprintOf(std::uint32_t party,
                                                 const core::RawInstructionId& id) const {
  std::array<char, 20> key;
  std::memcpy(key.data(), &party, sizeof(party));
  std::memcpy(key.data() + sizeof(party), id.data(), id.size());
  return fingerprint_({key.data(), key.size()});
}

std::uint64_t IndexedInstructions::FingerprintOf(const core::Uetr& uetr) const {
  return fingerprint_(uetr.view());
}

std::uint64_t IndexedInstructions::FingerprintOf(const core::Hash256& settlement_id) const {
  std::array<char, kSettlementKey.size() + sizeof(core::Hash256::bytes)> key;
  std::copy(kSettlementKey.begin(), kSettlementKey.end(), key.begin());
  std::copy(settlement_id.bytes.begin(), settlement_id.bytes.end(),
            key.begin() + kSettlementKey.size());
  return fingerprint_({key.data(), key.size()});
}

// A payment or leg has the same key whether it came alone or packed.
std::uint64_t IndexedInstructions::FingerprintOf(std::uint32_t party,
                                                 const core::InstructionKey& key) const {
  if (const std::optional<std::uint32_t> space = SpaceOf(party, key.kind)) {
    if (const std::optional<core::RawInstructionId> raw = core::RawIdOf(key.id)) {
      return FingerprintOf(*space, *raw);
    }
  }
  const std::string_view text = key.id.text();
  std::array<char, 5 + core::InstructionId::kSizeMax> bytes;
  std::memcpy(bytes.data(), &party, sizeof(party));
  bytes[4] = static_cast<char>(key.kind);
  std::memcpy(bytes.data() + 5, text.data(), text.size());
  return fingerprint_({bytes.data(), 5 + text.size()});
}

std::optional<IndexedInstructions::Logged> IndexedInstructions::RecentAt(std::uint64_t leaf) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = recent_states_.find(leaf); found != recent_states_.end()) {
    const auto settled = recent_settled_.find(leaf);
    return Logged{.party = found->second.first,
                  .instruction = found->second.second,
                  .settled = settled == recent_settled_.end() ? nullptr : settled->second};
  }
  const auto after = std::upper_bound(
      recent_.begin(), recent_.end(), leaf,
      [](std::uint64_t value, const Recent& recent) { return value < recent.first_leaf; });
  if (after == recent_.begin()) return std::nullopt;
  const Recent& recent = *std::prev(after);
  const std::uint64_t place = leaf - recent.first_leaf;
  if (place >= recent.ids.size()) return std::nullopt;
  return Logged{.party = recent.party,
                .id = recent.ids[place],
                .uetr = recent.uetrs[place],
                .outcome = place < recent.outcomes.size() ? recent.outcomes[place]
                                                          : core::Outcome::kMalformed,
                .list = recent.list,
                .position = static_cast<std::uint32_t>(place)};
}

absl::StatusOr<IndexedInstructions::Logged> IndexedInstructions::LoggedAt(
    std::uint64_t leaf) const {
  if (const auto found = recalled_.find(leaf); found != recalled_.end()) return found->second;
  if (std::optional<Logged> recent = RecentAt(leaf)) return *std::move(recent);
  return read_(leaf);
}

bool IndexedInstructions::IsPayment(std::uint64_t leaf, std::uint32_t party,
                                    const core::RawInstructionId& id) const {
  return IsPaymentWith(Answer(LoggedAt(leaf)), party, id);
}

absl::StatusOr<std::optional<core::InstructionState>> IndexedInstructions::InstructionAt(
    std::uint64_t leaf) const {
  // Another batch of the journal says what is executed again.
  if (leaf >= replay_first_leaf_) {
    const std::lock_guard lock(mutex_);
    const auto found = recent_states_.find(leaf);
    if (found == recent_states_.end()) return std::optional<core::InstructionState>();
    return found->second.second;
  }
  absl::StatusOr<Logged> logged = LoggedAt(leaf);
  if (!logged.ok()) return logged.status();
  return std::move(logged->instruction);
}

absl::StatusOr<std::optional<core::InstructionState>> IndexedInstructions::StateAt(
    std::uint64_t leaf, const core::InstructionKey& key) const {
  absl::StatusOr<std::optional<core::InstructionState>> state = InstructionAt(leaf);
  if (state.ok() && state->has_value() && (*state)->key != key) state->reset();
  return state;
}

absl::Status IndexedInstructions::AddMissing(std::uint32_t party, const core::InstructionKey& key,
                                             Recall& recall, std::vector<Missing>& missing) const {
  return AddLeaves(FingerprintOf(party, key), recall, missing);
}

absl::Status IndexedInstructions::AddMissing(const core::Hash256& settlement_id, Recall& recall,
                                             std::vector<Missing>& missing) const {
  return AddLeaves(FingerprintOf(settlement_id), recall, missing);
}

absl::Status IndexedInstructions::AddLeaves(std::uint64_t fingerprint, Recall& recall,
                                            std::vector<Missing>& missing) const {
  const absl::StatusOr<std::uint64_t> newest = keys_->FindNewest(fingerprint);
  if (!newest.ok()) return newest.status();
  if (*newest == store::kNoLeaf) return absl::OkStatus();
  const auto leaves = keys_->Find(store::KeyFamily::kInstruction, fingerprint);
  if (!leaves.ok()) return leaves.status();
  for (const std::uint64_t leaf : *leaves) Need({leaf, std::nullopt}, recall, missing);
  return absl::OkStatus();
}

absl::Status IndexedInstructions::AddMissing(std::uint32_t party,
                                             std::span<const core::BulkPayment> payments,
                                             Recall& recall, std::vector<Missing>& missing) const {
  if (recall.fingerprints.empty()) {
    recall.fingerprints.reserve(payments.size());
    for (const core::BulkPayment& payment : payments) {
      recall.fingerprints.push_back(FingerprintOf(party, payment.id));
    }
  }
  std::vector<std::uint64_t> newest(payments.size());
  if (absl::Status found = keys_->FindNewest(recall.fingerprints, newest); !found.ok()) {
    return found;
  }
  for (std::size_t i = 0; i < payments.size(); ++i) {
    if (newest[i] == store::kNoLeaf) continue;
    if (Need({newest[i], recall.fingerprints[i]}, recall, missing)) continue;
    if (IsPaymentWith(recall.leaves.at(newest[i]), party, payments[i].id)) continue;
    // Another key with the same fingerprint: an older one may be it.
    const auto leaves = keys_->Find(store::KeyFamily::kInstruction, recall.fingerprints[i]);
    if (!leaves.ok()) return leaves.status();
    for (const std::uint64_t leaf : *leaves) Need({leaf, std::nullopt}, recall, missing);
  }
  return absl::OkStatus();
}

absl::Status IndexedInstructions::AddMissingCompletion(std::uint32_t party,
                                                       const core::InstructionKey& leg,
                                                       Recall& recall,
                                                       std::vector<Missing>& missing) const {
  const std::optional<core::RawInstructionId> id = core::RawIdOf(leg.id);
  if (!id.has_value() || recall.leaves.empty()) return absl::OkStatus();
  const auto named = keys_->Find(store::KeyFamily::kInstruction, FingerprintOf(party, leg));
  if (!named.ok()) return named.status();
  std::vector<std::shared_ptr<const ListName>> lists;
  for (const std::uint64_t leaf : *named) {
    const auto found = recall.leaves.find(leaf);
    if (found == recall.leaves.end() || found->second.list == nullptr) continue;
    if (IsIt(found->second, party | kLegs, *id)) lists.push_back(found->second.list);
  }
  for (const auto& list : lists) {
    absl::Status added = AddMissing(list->central_bank, list->completion, recall, missing);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> IndexedInstructions::IsFinalIn(const Recall& recall, std::uint32_t party,
                                                    const core::InstructionKey& key) const {
  if (recall.leaves.empty()) return false;
  const auto named = keys_->Find(store::KeyFamily::kInstruction, FingerprintOf(party, key));
  if (!named.ok()) return named.status();
  return std::any_of(named->begin(), named->end(), [&](std::uint64_t leaf) {
    const auto found = recall.leaves.find(leaf);
    return found != recall.leaves.end() && found->second.instruction.has_value() &&
           found->second.instruction->key == key &&
           core::IsFinal(found->second.instruction->status);
  });
}

// Whether it has to be read.
bool IndexedInstructions::Need(const Missing& leaf, Recall& recall,
                               std::vector<Missing>& missing) const {
  if (recall.leaves.contains(leaf.leaf)) return false;
  if (std::optional<Logged> recent = RecentAt(leaf.leaf)) {
    recall.leaves.emplace(leaf.leaf, *std::move(recent));
    return false;
  }
  missing.push_back(leaf);
  return true;
}

void IndexedInstructions::Expect(Recall recall, std::span<const core::BulkPayment> payments) {
  recalled_.merge(recall.leaves);
  if (recall.fingerprints.size() != payments.size() || payments.empty()) return;
  prepared_.emplace_back(payments.data(), std::move(recall.fingerprints));
}

// Sets `fingerprints_` to those of the ids.
void IndexedInstructions::TakeFingerprints(std::uint32_t party,
                                           std::span<const core::BulkPayment> payments) {
  for (auto& [place, fingerprints] : prepared_) {
    if (place != payments.data() || fingerprints.size() != payments.size()) continue;
    fingerprints_ = std::move(fingerprints);
    return;
  }
  fingerprints_.resize(payments.size());
  for (std::size_t i = 0; i < payments.size(); ++i) {
    fingerprints_[i] = FingerprintOf(party, payments[i].id);
  }
}

absl::StatusOr<std::optional<core::InstructionState>> IndexedInstructions::FindFinal(
    std::uint32_t party, const core::InstructionKey& key) const {
  const auto leaves = keys_->Find(store::KeyFamily::kInstruction, FingerprintOf(party, key));
  if (!leaves.ok()) return leaves.status();
  if (!leaves->empty()) {
    // What is not durable yet is here as a whole, whatever it began with.
    const std::lock_guard lock(mutex_);
    const auto recent = recent_states_.find(leaves->back());
    if (recent != recent_states_.end() && recent->second.second.key == key &&
        core::IsFinal(recent->second.second.status)) {
      return recent->second.second;
    }
  }
  // What instructed it is said by its first entry, what became of it by its last.
  std::optional<core::InstructionState> first;
  std::optional<core::InstructionState> last;
  for (const std::uint64_t leaf : *leaves) {
    absl::StatusOr<std::optional<core::InstructionState>> state = StateAt(leaf, key);
    if (!state.ok()) return state.status();
    if (!state->has_value()) continue;
    if (!first.has_value()) first = *state;
    last = *std::move(state);
  }
  if (!last.has_value() || !core::IsFinal(last->status)) {
    return std::optional<core::InstructionState>();
  }
  last->payload_hash = first->payload_hash;
  last->item = first->item;
  return last;
}

std::optional<core::InstructionState> IndexedInstructions::FindFinalToRecord(
    std::uint32_t party, const core::InstructionKey& key) {
  if (replay_is_new_.contains(key)) return std::nullopt;
  const std::uint64_t newest = Answer(keys_->FindNewest(FingerprintOf(party, key)));
  if (newest == store::kNoLeaf) return std::nullopt;
  return Answer(FindFinal(party, key));
}

absl::StatusOr<std::optional<core::EndedSettlement>> IndexedInstructions::FindSettlement(
    const core::Hash256& settlement_id) const {
  const auto leaves = keys_->Find(store::KeyFamily::kInstruction, FingerprintOf(settlement_id));
  if (!leaves.ok()) return leaves.status();
  core::EndedSettlement ended;
  core::Hash256 prepared_by;
  std::uint64_t before = kNoLeaf;
  for (const std::uint64_t leaf : *leaves) {
    // A leg may lie under one fingerprint by its own key too.
    if (std::exchange(before, leaf) == leaf) continue;
    absl::StatusOr<std::optional<core::InstructionState>> state = InstructionAt(leaf);
    if (!state.ok()) return state.status();
    if (!state->has_value() || (*state)->settlement_id != settlement_id ||
        (*state)->key.kind != core::ActionKind::kSettlementLeg) {
      continue;
    }
    core::InstructionState& leg = **state;
    if (core::IsFinal(leg.status)) {
      ended.legs.push_back(std::move(leg));
    } else if (leg.item == 0) {
      ended.hold = leaf;
      prepared_by = leg.payload_hash;
    }
  }
  if (ended.legs.empty()) return std::optional<core::EndedSettlement>();
  // What instructed a leg is said by its first entry, what became of it by its last.
  if (ended.hold != 0) {
    for (core::InstructionState& leg : ended.legs) leg.payload_hash = prepared_by;
  }
  const core::InstructionState& last = ended.legs.back();
  ended.status = last.status;
  ended.rejection = last.rejection;
  ended.entry_index = last.entry_index;
  return std::optional(std::move(ended));
}

std::optional<core::EndedSettlement> IndexedInstructions::FindSettlementToRecord(
    const core::Hash256& settlement_id) {
  if (replay_settlements_.contains(settlement_id)) return std::nullopt;
  const std::uint64_t newest = Answer(keys_->FindNewest(FingerprintOf(settlement_id)));
  if (newest == store::kNoLeaf) return std::nullopt;
  return Answer(FindSettlement(settlement_id));
}

absl::StatusOr<core::InstructionIndex::UetrPage> IndexedInstructions::FindByUetr(
    const core::Uetr& uetr, std::uint64_t from_leaf, std::size_t count) const {
  absl::StatusOr<std::vector<std::uint64_t>> leaves =
      keys_->Find(store::KeyFamily::kUetr, FingerprintOf(uetr), from_leaf, count + 1);
  if (!leaves.ok()) return leaves.status();
  UetrPage page;
  if (leaves->size() > count) {
    page.next_leaf = leaves->back();
    leaves->pop_back();
  }
  for (const std::uint64_t leaf : *leaves) {
    const absl::StatusOr<Logged> logged = LoggedAt(leaf);
    if (!logged.ok()) return logged.status();
    if (!logged->instruction.has_value()) {
      if (logged->uetr == uetr) page.found.push_back({leaf, std::nullopt});
      continue;
    }
    if (logged->instruction->uetr != uetr) continue;
    // As a whole: its first entry may be another one.
    absl::StatusOr<std::optional<core::InstructionState>> state =
        FindFinal(logged->party, logged->instruction->key);
    if (!state.ok()) return state.status();
    if (state->has_value()) page.found.push_back({leaf, **std::move(state)});
  }
  return page;
}

// The same steps: the status says which of the two it is.
void IndexedInstructions::RecordLive(std::uint32_t party,
                                     const core::InstructionState& instruction) {
  RecordFinal(party, instruction);
}

void IndexedInstructions::RecordFinal(std::uint32_t party,
                                      const core::InstructionState& instruction) {
  {
    const std::lock_guard lock(mutex_);
    recent_states_.emplace(instruction.entry_index, std::pair(party, instruction));
  }
  // Twice in one batch: the second must be found although the journal shows one entry of it.
  replay_is_new_.erase(instruction.key);
  if (core::IsFinal(instruction.status)) replay_settlements_.erase(instruction.settlement_id);
  Reinsert(party, instruction);
}

void IndexedInstructions::Reinsert(std::uint32_t party, const core::InstructionState& instruction) {
  const std::uint64_t leaf = instruction.entry_index;
  keys_->Insert(store::KeyFamily::kInstruction, FingerprintOf(party, instruction.key), leaf);
  // Where a settlement was held is said by its first leg alone.
  if (instruction.key.kind == core::ActionKind::kSettlementLeg &&
      (core::IsFinal(instruction.status) || instruction.item == 0)) {
    keys_->Insert(store::KeyFamily::kInstruction, FingerprintOf(instruction.settlement_id), leaf);
  }
  // While it is not final the ledger itself knows its UETR.
  if (instruction.uetr.IsNil() || !core::IsFinal(instruction.status)) return;
  keys_->Insert(store::KeyFamily::kUetr, FingerprintOf(instruction.uetr), leaf);
}

void IndexedInstructions::KeepRecent(std::uint32_t party,
                                     std::span<const core::BulkPayment> payments,
                                     std::uint64_t first_leaf) {
  Recent recent{.first_leaf = first_leaf, .party = party};
  recent.ids.reserve(payments.size());
  recent.uetrs.reserve(payments.size());
  for (const core::BulkPayment& payment : payments) {
    recent.ids.push_back(payment.id);
    recent.uetrs.push_back(payment.uetr);
  }
  const std::lock_guard lock(mutex_);
  recent_.push_back(std::move(recent));
}

void IndexedInstructions::Record(std::uint32_t party, std::span<const core::BulkPayment> payments,
                                 std::uint64_t first_leaf, std::span<std::uint64_t> known) {
  if (replaying_) {
    RecordReplayed(party, payments, first_leaf, known);
    return;
  }
  KeepRecent(party, payments, first_leaf);
  TakeFingerprints(party, payments);
  const absl::Status found = keys_->FindOrInsert(fingerprints_, first_leaf, known);
  CW_CHECK(found.ok(), found.ToString().c_str());
  for (std::size_t i = 0; i < payments.size(); ++i) {
    if (known[i] == store::kNoLeaf) {
      known[i] = kNoLeaf;
      continue;
    }
    // Repeats are rare, and two keys with one fingerprint rarer still.
    const core::RawInstructionId& id = payments[i].id;
    if (IsPayment(known[i], party, id)) continue;
    known[i] = kNoLeaf;
    for (const std::uint64_t leaf :
         Answer(keys_->Find(store::KeyFamily::kInstruction, fingerprints_[i]))) {
      if (leaf < first_leaf + i && IsPayment(leaf, party, id)) known[i] = leaf;
    }
    if (known[i] == kNoLeaf) {
      keys_->Insert(store::KeyFamily::kInstruction, fingerprints_[i], first_leaf + i);
    }
  }
  for (std::size_t i = 0; i < payments.size(); ++i) {
    fingerprints_[i] = FingerprintOf(payments[i].uetr);
  }
  keys_->Insert(store::KeyFamily::kUetr, fingerprints_, first_leaf);
}

void IndexedInstructions::ExpectReplay(std::vector<Replay> bulks,
                                       absl::flat_hash_set<core::InstructionKey> is_new,
                                       std::uint64_t first_leaf,
                                       absl::flat_hash_set<core::Hash256> settlements) {
  replays_.assign(std::make_move_iterator(bulks.begin()), std::make_move_iterator(bulks.end()));
  replay_is_new_ = std::move(is_new);
  replay_settlements_ = std::move(settlements);
  replay_first_leaf_ = first_leaf;
  replay_end_ = first_leaf;
  replaying_ = true;
}

void IndexedInstructions::EndReplay() {
  replays_.clear();
  replay_is_new_.clear();
  replay_settlements_.clear();
  replay_first_leaf_ = store::kNoLeaf;
  replay_end_ = store::kNoLeaf;
  replaying_ = false;
}

void IndexedInstructions::RecordReplayed(std::uint32_t party,
                                         std::span<const core::BulkPayment> payments,
                                         std::uint64_t first_leaf, std::span<std::uint64_t> known) {
  Replay replay;
  if (!replays_.empty()) {
    replay = std::move(replays_.front());
    replays_.pop_front();
  }
  // Anything else comes out as another entry or result, and is found there.
  if (replay.first_leaf != first_leaf || replay.is_repeat.size() != payments.size()) {
    replay = {.first_leaf = first_leaf, .is_repeat = std::vector<bool>(payments.size())};
  }
  Reinsert(party, payments, replay);
  replay_end_ = first_leaf + payments.size();
  for (std::size_t i = 0; i < payments.size(); ++i) {
    known[i] = replay.is_repeat[i] ? first_leaf : kNoLeaf;  // some leaf
  }
}

void IndexedInstructions::Reinsert(std::uint32_t party, std::span<const core::BulkPayment> payments,
                                   const Replay& replay) {
  CW_CHECK(replay.is_repeat.size() == payments.size(), "one for each payment");
  const std::uint64_t first_leaf = replay.first_leaf;
  const std::uint64_t covered = keys_->covered();
  if (first_leaf + payments.size() <= covered) return;
  fingerprints_.resize(payments.size());
  // Neighbours together, up to the next repeat.
  std::size_t from = 0;
  for (std::size_t i = 0; i <= payments.size(); ++i) {
    if (i < payments.size() && !replay.is_repeat[i]) {
      fingerprints_[i] = FingerprintOf(party, payments[i].id);
      continue;
    }
    if (i > from) {
      keys_->Insert(store::KeyFamily::kInstruction,
                    std::span(fingerprints_).subspan(from, i - from), first_leaf + from);
    }
    from = i + 1;
  }
  for (std::size_t i = 0; i < payments.size(); ++i) {
    fingerprints_[i] = FingerprintOf(payments[i].uetr);
  }
  keys_->Insert(store::KeyFamily::kUetr, fingerprints_, first_leaf);
}

void IndexedInstructions::SetResults(std::uint64_t first_leaf,
                                     std::span<const core::PaymentResult> results) {
  const std::lock_guard lock(mutex_);
  if (recent_.empty() || recent_.back().first_leaf != first_leaf) return;  // a replay
  recent_.back().outcomes.reserve(results.size());
  for (const core::PaymentResult& result : results) {
    recent_.back().outcomes.push_back(result.outcome);
  }
}

void IndexedInstructions::SetList(std::uint64_t first_leaf, std::uint32_t count,
                                  const ListName& list) {
  const std::lock_guard lock(mutex_);
  if (recent_.empty() || recent_.back().first_leaf != first_leaf) return;  // a replay
  CW_CHECK(recent_.back().ids.size() == count, "one list of the legs recorded last");
  recent_.back().list = std::make_shared<const ListName>(list);
}

void IndexedInstructions::RecordSettled(std::uint64_t completion, std::uint64_t /*first_leaf*/,
                                        const core::PositionSet& settled) {
  const std::lock_guard lock(mutex_);
  recent_settled_.emplace(completion, std::make_shared<const core::PositionSet>(settled));
}

absl::StatusOr<std::uint64_t> IndexedInstructions::Find(std::uint32_t party,
                                                        const core::RawInstructionId& id) const {
  const auto leaves = keys_->Find(store::KeyFamily::kInstruction, FingerprintOf(party, id));
  if (!leaves.ok()) return leaves.status();
  for (const std::uint64_t leaf : *leaves) {
    if (leaf >= replay_end_) continue;
    const absl::StatusOr<Logged> logged = LoggedAt(leaf);
    if (!logged.ok()) return logged.status();
    if (IsIt(*logged, party, id)) return leaf;
  }
  return kNoLeaf;
}

std::uint64_t IndexedInstructions::FindToRecord(std::uint32_t party,
                                                const core::InstructionKey& key,
                                                const core::RawInstructionId& id) {
  // An entry of its own is new in the batch that is executed again: then no bulk has the id.
  if (replay_is_new_.contains(key)) return kNoLeaf;
  const std::uint64_t newest = Answer(keys_->FindNewest(FingerprintOf(party, id)));
  return newest == store::kNoLeaf ? kNoLeaf : Answer(Find(party, id));
}

bool IndexedInstructions::IsSettled(std::uint64_t leaf) const {
  const Logged logged = Answer(LoggedAt(leaf));
  if (logged.list == nullptr) return logged.outcome == core::Outcome::kAccepted;
  // Where it was held is said there; what became of it, by the completion of its list.
  const ListName& list = *logged.list;
  const auto completion = Answer(FindFinal(list.central_bank, list.completion));
  if (!completion.has_value() || completion->settlement_id != list.list_id) return false;
  const Logged done = Answer(LoggedAt(completion->entry_index));
  return done.settled != nullptr && done.settled->Contains(logged.position);
}

absl::Status IndexedInstructions::EndBatch(std::uint64_t next_leaf) {
  recalled_.clear();
  prepared_.clear();
  return keys_->EndBatch(next_leaf);
}

void IndexedInstructions::MarkDurable(std::uint64_t leaves) {
  keys_->MarkDurable(leaves);
  const std::lock_guard lock(mutex_);
  while (!recent_.empty() && recent_.front().first_leaf + recent_.front().ids.size() <= leaves) {
    recent_.pop_front();
  }
  recent_states_.erase(recent_states_.begin(), recent_states_.lower_bound(leaves));
  recent_settled_.erase(recent_settled_.begin(), recent_settled_.lower_bound(leaves));
}

}  // namespace causeway::node
