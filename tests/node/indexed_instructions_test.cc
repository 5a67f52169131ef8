#include "central-bank-node/engine/indexed_instructions.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "settlement/core/hash.h"
#include "settlement/core/ledger.h"
#include "settlement/core/prng.h"
#include "settlement/store/memory_key_index.h"

namespace causeway::node {
namespace {

// An index in which nearly everything collides: fingerprints are cut down to a few.
class CollidingKeys final : public store::KeyIndex {
 public:
  explicit CollidingKeys(std::uint64_t fingerprints)
      : keys_(std::make_unique<store::MemoryKeyIndex>()), fingerprints_(fingerprints) {}

  absl::Status FindOrInsert(std::span<const std::uint64_t> fingerprints, std::uint64_t first_leaf,
                            std::span<std::uint64_t> candidates) override {
    return keys_->FindOrInsert(Cut(fingerprints), first_leaf, candidates);
  }
  absl::Status FindNewest(std::span<const std::uint64_t> fingerprints,
                          std::span<std::uint64_t> newest) const override {
    return keys_->FindNewest(Cut(fingerprints), newest);
  }
  void Insert(store::KeyFamily family, std::span<const std::uint64_t> fingerprints,
              std::uint64_t first_leaf) override {
    keys_->Insert(family, Cut(fingerprints), first_leaf);
  }
  absl::Status EndBatch(std::uint64_t next_leaf) override { return keys_->EndBatch(next_leaf); }
  void MarkDurable(std::uint64_t leaves) override { keys_->MarkDurable(leaves); }
  absl::StatusOr<std::vector<std::uint64_t>> Find(store::KeyFamily family,
                                                  std::uint64_t fingerprint,
                                                  std::uint64_t from_leaf,
                                                  std::size_t limit) const override {
    return keys_->Find(family, fingerprint % fingerprints_, from_leaf, limit);
  }
  std::uint64_t covered() const override { return keys_->covered(); }
  absl::Status status() const override { return keys_->status(); }

 private:
  std::vector<std::uint64_t> Cut(std::span<const std::uint64_t> fingerprints) const {
    std::vector<std::uint64_t> cut;
    for (const std::uint64_t fingerprint : fingerprints) cut.push_back(fingerprint % fingerprints_);
    return cut;
  }

  std::unique_ptr<store::KeyIndex> keys_;
  const std::uint64_t fingerprints_;
};

// What the log would say of each leaf.
using Log = std::vector<IndexedInstructions::Logged>;

// `reads` counts how often the log is asked.
std::unique_ptr<IndexedInstructions> Indexed(std::uint64_t fingerprints, const Log& log,
                                             int* reads = nullptr) {
  return std::make_unique<IndexedInstructions>(
      std::make_unique<CollidingKeys>(fingerprints),
      IndexedInstructions::KeyOf(std::string(32, 's')),
      [&log, reads](std::uint64_t leaf) -> absl::StatusOr<IndexedInstructions::Logged> {
        if (reads != nullptr) ++*reads;
        return log.at(leaf);
      });
}

// Reads ahead what recording them will ask for, as the node does.
void ReadAhead(IndexedInstructions& indexed, const Log& log, std::uint32_t party,
               std::span<const core::BulkPayment> payments) {
  IndexedInstructions::Recall recall;
  for (;;) {
    std::vector<IndexedInstructions::Missing> missing;
    ASSERT_TRUE(indexed.AddMissing(party, payments, recall, missing).ok());
    if (missing.empty()) break;
    for (const auto& wanted : missing) recall.leaves.emplace(wanted.leaf, log.at(wanted.leaf));
  }
  indexed.Expect(std::move(recall), payments);
}

std::vector<core::BulkPayment> RandomPayments(core::RandomStream& random) {
  std::vector<core::BulkPayment> payments(1 + random.Uniform(20));
  for (core::BulkPayment& payment : payments) {
    payment.id[0] = static_cast<std::uint8_t>(random.Uniform(200));
    std::array<std::uint8_t, 16> uetr{};
    uetr[0] = static_cast<std::uint8_t>(random.Uniform(100));
    payment.uetr = core::Uetr::FromRandomBytes(uetr);
  }
  return payments;
}

// Leaves, and for what is no payment of a bulk its id.
std::vector<std::pair<std::uint64_t, std::string>> AllWith(const core::Uetr& uetr,
                                                           std::size_t page_size,
                                                           const core::InstructionIndex& index) {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  std::uint64_t from = 0;
  do {
    const auto page = *index.FindByUetr(uetr, from, page_size);
    EXPECT_LE(page.found.size(), page_size);
    for (const auto& hit : page.found) {
      all.emplace_back(hit.leaf, hit.instruction ? hit.instruction->key.id.ToString() : "");
    }
    from = page.next_leaf;
  } while (from != core::InstructionIndex::kNoLeaf);
  return all;
}

// A payment that came alone, or another instruction, unless its id is taken; and what both say of
// one that may be there.
void RecordOneAlone(core::RandomStream& random, std::uint32_t party, IndexedInstructions& indexed,
                    core::InstructionIndex& memory, Log& log) {
  const auto some_key = [&] {
    const core::BulkPayment payment = RandomPayments(random).front();
    return core::InstructionKey{
        .party = *core::ParticipantId::Parse("P" + std::to_string(party)),
        .kind = random.Bernoulli(1, 2) ? core::ActionKind::kPay : core::ActionKind::kIssue,
        .id = random.Bernoulli(1, 2)
                  ? core::InstructionIdOf(payment.id)
                  : *core::InstructionId::Parse("I-" + std::to_string(random.Uniform(50)))};
  };
  core::InstructionState state{.key = some_key(),
                               .status = core::InstructionStatus::kSettled,
                               .entry_index = log.size(),
                               .uetr = RandomPayments(random).front().uetr};
  const std::optional<core::RawInstructionId> raw = core::RawIdOf(state.key.id);
  const bool taken = memory.FindFinal(party, state.key)->has_value() ||
                     (state.key.kind == core::ActionKind::kPay && raw.has_value() &&
                      *memory.Find(party, *raw) != core::InstructionIndex::kNoLeaf);
  if (!taken) {
    EXPECT_FALSE(indexed.FindFinalToRecord(party, state.key).has_value());
    indexed.RecordFinal(party, state);
    memory.RecordFinal(party, state);
    log.push_back({.party = party, .instruction = state});
    EXPECT_TRUE(indexed.EndBatch(log.size()).ok());
  }
  const core::InstructionKey probe = some_key();
  const auto expected = *memory.FindFinal(party, probe);
  for (const auto& found :
       {*indexed.FindFinal(party, probe), indexed.FindFinalToRecord(party, probe)}) {
    ASSERT_EQ(found.has_value(), expected.has_value());
    if (!found.has_value()) continue;
    EXPECT_EQ(found->entry_index, expected->entry_index);
  }
  const core::Uetr uetr = RandomPayments(random).front().uetr;
  EXPECT_EQ(AllWith(uetr, 1 + random.Uniform(5), indexed), AllWith(uetr, 100, memory));
}

class IndexedInstructionsTest : public ::testing::TestWithParam<std::uint64_t> {};

// Against the plain one in memory, over random bulks with many repeats: few fingerprints make
// every answer a question to the log, many make it one to the index.
TEST_P(IndexedInstructionsTest, AnswersAsTheIndexInMemoryDoes) {
  core::RandomStream random(GetParam(), "indexed payments");
  Log log(1);  // the genesis
  int reads = 0;
  const std::unique_ptr<IndexedInstructions> indexed = Indexed(GetParam(), log, &reads);
  const std::unique_ptr<core::InstructionIndex> memory = core::MakeMemoryInstructionIndex();
  for (int bulk = 0; bulk < 60; ++bulk) {
    const auto party = static_cast<std::uint32_t>(random.Uniform(3));
    const std::vector<core::BulkPayment> payments = RandomPayments(random);
    const std::uint64_t first_leaf = log.size();
    std::vector<std::uint64_t> known(payments.size());
    std::vector<std::uint64_t> expected(payments.size());
    const bool reads_ahead = bulk % 2 == 0;
    if (reads_ahead) ReadAhead(*indexed, log, party, payments);
    const int reads_before = reads;
    indexed->Record(party, payments, first_leaf, known);
    if (reads_ahead) {
      EXPECT_EQ(reads, reads_before) << "what was read ahead is not read again";
    }
    memory->Record(party, payments, first_leaf, expected);
    EXPECT_EQ(known, expected);
    std::vector<core::PaymentResult> results(payments.size());
    for (std::size_t i = 0; i < payments.size(); ++i) {
      results[i].outcome = known[i] != core::InstructionIndex::kNoLeaf
                               ? core::Outcome::kInstructionIdReused
                               : (random.Bernoulli(1, 5) ? core::Outcome::kInsufficientFunds
                                                         : core::Outcome::kAccepted);
      log.push_back({.party = party,
                     .id = payments[i].id,
                     .uetr = payments[i].uetr,
                     .outcome = results[i].outcome});
    }
    indexed->SetResults(first_leaf, results);
    memory->SetResults(first_leaf, results);
    ASSERT_TRUE(indexed->EndBatch(log.size()).ok());
    if (random.Bernoulli(1, 3)) indexed->MarkDurable(log.size());
    const core::BulkPayment probe = RandomPayments(random).front();
    RecordOneAlone(random, party, *indexed, *memory, log);
    const std::uint64_t found = *indexed->Find(party, probe.id);
    EXPECT_EQ(found, *memory->Find(party, probe.id));
    if (found != core::InstructionIndex::kNoLeaf) {
      EXPECT_EQ(indexed->IsSettled(found), memory->IsSettled(found));
    }
  }
}

// Legs of lists: held, then settled or not, with what is durable in between.
TEST_P(IndexedInstructionsTest, AgreesWithTheIndexInMemoryOnWhatBecameOfLegs) {
  core::RandomStream random(GetParam(), "indexed legs");
  Log log(1);
  const std::unique_ptr<IndexedInstructions> indexed = Indexed(GetParam(), log);
  const std::unique_ptr<core::InstructionIndex> memory = core::MakeMemoryInstructionIndex();
  const auto central_bank = *core::ParticipantId::Parse("CENTRAL");
  struct Open {
    core::InstructionIndex::ListName name;
    std::uint64_t first_leaf = 0;
    core::PositionSet held;
  };
  std::vector<Open> open;
  const auto compare = [&] {
    for (int id = 0; id < 200; ++id) {
      const core::RawInstructionId raw{static_cast<std::uint8_t>(id)};
      const std::uint64_t found = *indexed->Find(1 | core::InstructionIndex::kLegs, raw);
      ASSERT_EQ(found, *memory->Find(1 | core::InstructionIndex::kLegs, raw));
      if (found == core::InstructionIndex::kNoLeaf) continue;
      EXPECT_EQ(indexed->IsSettled(found), memory->IsSettled(found)) << "leaf " << found;
    }
  };
  for (std::uint8_t step = 0; step < 40; ++step) {
    if (open.empty() || random.Bernoulli(1, 2)) {
      const std::vector<core::BulkPayment> legs = RandomPayments(random);
      const auto count = static_cast<std::uint32_t>(legs.size());
      const core::Hash256 id = core::Sha256(std::string(1, static_cast<char>(step)));
      Open list{.name = {.list_id = id,
                         .central_bank = 0,
                         .completion = core::CompletionKeyOf(central_bank, id)},
                .first_leaf = log.size(),
                .held = core::PositionSet(count)};
      std::vector<std::uint64_t> known(count);
      std::vector<core::PaymentResult> results(count);
      memory->Record(1 | core::InstructionIndex::kLegs, legs, list.first_leaf, known);
      indexed->Record(1 | core::InstructionIndex::kLegs, legs, list.first_leaf, known);
      const auto name = std::make_shared<const core::InstructionIndex::ListName>(list.name);
      for (std::uint32_t i = 0; i < count; ++i) {
        results[i].outcome = known[i] != core::InstructionIndex::kNoLeaf
                                 ? core::Outcome::kInstructionIdReused
                                 : (random.Bernoulli(1, 5) ? core::Outcome::kInsufficientFunds
                                                           : core::Outcome::kAccepted);
        if (results[i].outcome == core::Outcome::kAccepted) list.held.Insert(i);
        log.push_back({.party = 1 | core::InstructionIndex::kLegs,
                       .id = legs[i].id,
                       .uetr = legs[i].uetr,
                       .outcome = results[i].outcome,
                       .list = name,
                       .position = i});
      }
      for (core::InstructionIndex* index :
           {memory.get(), static_cast<core::InstructionIndex*>(indexed.get())}) {
        index->SetResults(list.first_leaf, results);
        index->SetList(list.first_leaf, count, list.name);
      }
      open.push_back(std::move(list));
    } else {
      const Open list = open.back();
      open.pop_back();
      core::PositionSet settled(list.held.size());
      for (std::uint32_t i = 0; i < settled.size(); ++i) {
        if (list.held.Contains(i) && random.Bernoulli(2, 3)) settled.Insert(i);
      }
      const core::InstructionState completion{.key = list.name.completion,
                                              .status = core::InstructionStatus::kSettled,
                                              .entry_index = log.size(),
                                              .settlement_id = list.name.list_id};
      for (core::InstructionIndex* index :
           {memory.get(), static_cast<core::InstructionIndex*>(indexed.get())}) {
        index->RecordFinal(0, completion);
        index->RecordSettled(completion.entry_index, list.first_leaf, settled);
      }
      log.push_back({.party = 0,
                     .instruction = completion,
                     .settled = std::make_shared<const core::PositionSet>(settled)});
    }
    ASSERT_TRUE(indexed->EndBatch(log.size()).ok());
    compare();
    if (random.Bernoulli(1, 3)) indexed->MarkDurable(log.size());
  }
}

TEST_P(IndexedInstructionsTest, KnowsAfterAReplayWhatItKnewBefore) {
  core::RandomStream random(GetParam() + 1, "indexed payments");
  Log log(1);
  std::vector<std::pair<std::uint32_t, std::vector<core::BulkPayment>>> bulks;
  std::unique_ptr<IndexedInstructions> indexed = Indexed(GetParam(), log);
  const auto record = [&](std::uint32_t party, const std::vector<core::BulkPayment>& payments) {
    std::vector<std::uint64_t> known(payments.size());
    indexed->Record(party, payments, log.size(), known);
    for (std::size_t i = 0; i < payments.size(); ++i) {
      log.push_back({.party = party,
                     .id = payments[i].id,
                     .uetr = payments[i].uetr,
                     .outcome = known[i] == core::InstructionIndex::kNoLeaf
                                    ? core::Outcome::kAccepted
                                    : core::Outcome::kInstructionIdReused});
    }
    EXPECT_TRUE(indexed->EndBatch(log.size()).ok());
    indexed->MarkDurable(log.size());
  };
  for (int bulk = 0; bulk < 20; ++bulk) {
    bulks.emplace_back(static_cast<std::uint32_t>(random.Uniform(2)), RandomPayments(random));
    record(bulks.back().first, bulks.back().second);
  }
  std::vector<std::uint64_t> before;
  for (int id = 0; id < 200; ++id) {
    before.push_back(*indexed->Find(1, core::RawInstructionId{static_cast<std::uint8_t>(id)}));
  }

  indexed = Indexed(GetParam(), log);
  std::uint64_t leaf = 1;
  for (const auto& [party, payments] : bulks) {
    std::vector<bool> is_repeat;
    for (std::size_t i = 0; i < payments.size(); ++i) {
      is_repeat.push_back(log[leaf + i].outcome == core::Outcome::kInstructionIdReused);
    }
    indexed->ExpectReplay({{.first_leaf = leaf, .is_repeat = is_repeat}}, {}, leaf);
    std::vector<std::uint64_t> known(payments.size());
    indexed->Record(party, payments, leaf, known);
    for (std::size_t i = 0; i < payments.size(); ++i) {
      EXPECT_EQ(known[i] != core::InstructionIndex::kNoLeaf, is_repeat[i]);
    }
    leaf += payments.size();
    ASSERT_TRUE(indexed->EndBatch(leaf).ok());
    indexed->MarkDurable(leaf);
  }
  for (int id = 0; id < 200; ++id) {
    EXPECT_EQ(*indexed->Find(1, core::RawInstructionId{static_cast<std::uint8_t>(id)}), before[id]);
  }
}

TEST(IndexedInstructionsByUetrTest, FindsEveryPaymentWithAUetr) {
  Log log(1);
  const std::unique_ptr<IndexedInstructions> indexed = Indexed(1, log);
  std::vector<core::BulkPayment> payments(3);
  for (std::uint8_t i = 0; i < 3; ++i) payments[i].id[0] = i;
  std::array<std::uint8_t, 16> other{9};
  payments[1].uetr = core::Uetr::FromRandomBytes(other);
  std::vector<std::uint64_t> known(3);
  indexed->Record(0, payments, 1, known);
  using Found = std::vector<std::pair<std::uint64_t, std::string>>;
  EXPECT_EQ(AllWith(payments[1].uetr, 1, *indexed), (Found{{2, ""}}));
  EXPECT_EQ(AllWith(payments[0].uetr, 1, *indexed), (Found{{1, ""}, {3, ""}}));
  EXPECT_EQ(AllWith(payments[0].uetr, 9, *indexed), (Found{{1, ""}, {3, ""}}));
}

INSTANTIATE_TEST_SUITE_P(Fingerprints, IndexedInstructionsTest,
                         ::testing::Values(1, 7, 1000, ~std::uint64_t{0}));

}  // namespace
}  // namespace causeway::node
