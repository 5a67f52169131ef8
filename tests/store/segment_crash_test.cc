// What a journal of segments keeps when the power fails, a sync fails or the disk is full.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

#include "settlement/store/segment_journal.h"
#include "tests/store/faulty_file_system.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

using Meta = std::map<std::string, std::string>;

struct Model {
  std::vector<Block> blocks;
  Meta meta;
};

struct Pending {
  std::vector<Block> blocks;
  std::vector<MetaWrite> meta;
};

Model After(const Model& model, const Pending& pending) {
  Model after = model;
  for (const Block& block : pending.blocks) after.blocks.push_back(block);
  for (const MetaWrite& write : pending.meta) {
    if (write.value.has_value()) {
      after.meta[write.key] = *write.value;
    } else {
      after.meta.erase(write.key);
    }
  }
  return after;
}

std::string RandomBytes(TestSequence& sequence, std::size_t size) {
  std::string bytes(size, '\0');
  // Some bodies hold long runs of zeros, as what was allocated does.
  const std::size_t step = sequence.Below(4) == 0 ? 704 : 8;
  for (std::size_t i = 0; i + 8 <= size; i += step) {
    const std::uint64_t word = sequence.Below(~std::uint64_t{0});
    std::memcpy(bytes.data() + i, &word, sizeof(word));
  }
  return bytes;
}

Pending RandomAppend(TestSequence& sequence, const Model& model) {
  Pending pending;
  std::uint64_t number = model.blocks.size();
  std::uint64_t index =
      model.blocks.empty() ? 0 : model.blocks.back().first_index + model.blocks.back().count;
  for (std::uint64_t left = sequence.Below(4); left > 0; --left) {
    const std::size_t size = sequence.Below(sequence.Below(8) == 0 ? 200000 : 6000);
    const auto count = static_cast<std::uint32_t>(1 + sequence.Below(9));
    pending.blocks.push_back({.number = number++,
                              .first_index = index,
                              .count = count,
                              .body = RandomBytes(sequence, size)});
    index += count;
  }
  for (std::uint64_t left = sequence.Below(3); left > 0; --left) {
    MetaWrite write{.key = "k" + std::to_string(sequence.Below(6)), .value = std::nullopt};
    if (sequence.Below(3) > 0) write.value = RandomBytes(sequence, sequence.Below(2000));
    pending.meta.push_back(std::move(write));
  }
  return pending;
}

bool Holds(const SegmentJournal& journal, const Model& model) {
  if (journal.block_count() != model.blocks.size()) return false;
  for (const Block& block : model.blocks) {
    const auto read = journal.Read(block.number);
    if (!read.ok() || read->body != block.body || read->count != block.count ||
        read->first_index != block.first_index) {
      return false;
    }
  }
  const auto meta = journal.ListMeta("");
  return meta.ok() && Meta(meta->begin(), meta->end()) == model.meta;
}

class SegmentCrashTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SegmentJournal>> Open() {
    return SegmentJournal::Open(path_, TestIdentity(),
                                {.segment_bytes = 1 << 20, .files = &files_});
  }
  TemporaryDirectory directory_;
  std::string path_ = directory_.Path("journal");
  FaultyFileSystem files_{1};
};

// One run of random appends with power failures at random points, also while opening.
void RunSeed(std::uint64_t seed) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  const TemporaryDirectory directory;
  TestSequence sequence(seed);
  FaultyFileSystem files(seed * 7 + 1);
  const SegmentOptions options{.segment_bytes = 1 << 20, .files = &files};
  Model model;
  for (int life = 0; life < 12; ++life) {
    // Some lives end while they begin, or soon after a segment is sealed; one in four is orderly.
    const bool orderly = sequence.Below(4) == 0;
    if (!orderly) {
      files.FailPowerAfter(static_cast<std::int64_t>(sequence.Below(life % 3 == 0 ? 8 : 60)));
    }
    auto journal = SegmentJournal::Open(directory.Path("journal"), TestIdentity(), options);
    if (!journal.ok()) {
      ASSERT_TRUE(files.dead()) << journal.status();
      files.Restart();
      continue;
    }
    ASSERT_TRUE(Holds(**journal, model)) << "life " << life;
    std::optional<Pending> pending;
    for (int i = 0; i < 25 && !pending.has_value(); ++i) {
      Pending next = RandomAppend(sequence, model);
      const absl::Status status = (*journal)->Append(next.blocks, next.meta);
      if (status.ok()) {
        model = After(model, next);
      } else {
        ASSERT_TRUE(files.dead()) << status;
        pending = std::move(next);
      }
    }
    journal->reset();
    files.Restart();
    if (!pending.has_value()) continue;
    journal = SegmentJournal::Open(directory.Path("journal"), TestIdentity(), options);
    ASSERT_TRUE(journal.ok()) << journal.status() << " in life " << life;
    const Model with_pending = After(model, *pending);
    const bool arrived = Holds(**journal, with_pending);
    ASSERT_TRUE(arrived || Holds(**journal, model)) << "life " << life;
    if (arrived) model = with_pending;
    // And it goes on from there.
    const Pending next = RandomAppend(sequence, model);
    ASSERT_TRUE((*journal)->Append(next.blocks, next.meta).ok());
    model = After(model, next);
  }
}

TEST_F(SegmentCrashTest, PowerFailuresLeaveWhatWasAcknowledgedAndNothingMixed) {
  // More of them by hand: CAUSEWAY_CRASH_SEEDS=1000.
  const char* const more = std::getenv("CAUSEWAY_CRASH_SEEDS");
  const std::uint64_t seeds = more != nullptr ? std::strtoull(more, nullptr, 10) : 10;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RunSeed(seed);
    if (HasFailure()) FAIL() << "RunSeed(" << seed << ") replays this";
  }
}

// A process that ends by a failed sync or is killed; the next one shows what it finds; then,
// without more appends, the power fails, while that one opens or after it did.
void RunRestartSeed(std::uint64_t seed) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  const TemporaryDirectory directory;
  TestSequence sequence(seed);
  FaultyFileSystem files(seed * 5 + 3);
  const SegmentOptions options{.segment_bytes = 1 << 20, .files = &files};
  const auto open = [&] {
    return SegmentJournal::Open(directory.Path("journal"), TestIdentity(), options);
  };
  Model model;
  for (int life = 0; life < 8; ++life) {
    auto journal = open();
    ASSERT_TRUE(journal.ok()) << journal.status() << " in life " << life;
    ASSERT_TRUE(Holds(**journal, model)) << "life " << life;
    const int appends = static_cast<int>(sequence.Below(6));
    const bool failing = sequence.Below(2) == 0;
    if (!failing) files.FailPowerAfter(static_cast<std::int64_t>(sequence.Below(12)));
    std::optional<Pending> pending;
    for (int i = 0; i < 8 && !pending.has_value(); ++i) {
      if (failing && i == appends) files.FailSyncs(true);
      Pending next = RandomAppend(sequence, model);
      if ((*journal)->Append(next.blocks, next.meta).ok()) {
        model = After(model, next);
      } else {
        pending = std::move(next);
      }
    }
    journal->reset();
    files.FailSyncs(false);
    files.RestartProcess();
    if (!pending.has_value()) continue;
    const Model with_pending = After(model, *pending);
    if (sequence.Below(3) == 0) files.FailPowerAfter(static_cast<std::int64_t>(sequence.Below(4)));
    journal = open();
    if (journal.ok()) {
      const bool arrived = Holds(**journal, with_pending);
      ASSERT_TRUE(arrived || Holds(**journal, model)) << "life " << life;
      if (arrived) model = with_pending;
      files.FailPowerAfter(0);
      journal->reset();
    }
    files.Restart();
    journal = open();
    ASSERT_TRUE(journal.ok()) << journal.status() << " in life " << life;
    if (Holds(**journal, with_pending)) model = with_pending;
    ASSERT_TRUE(Holds(**journal, model)) << "what was shown is gone, life " << life;
  }
}

// An opening once accepted the last whole frame and did not sync it: what a process had shown after
// a restart could be gone after a power failure, and after a failed sync no plain sync saves it.
TEST_F(SegmentCrashTest, WhatARestartShowsOutlivesAPowerFailure) {
  const char* const more = std::getenv("CAUSEWAY_CRASH_SEEDS");
  const std::uint64_t seeds = more != nullptr ? std::strtoull(more, nullptr, 10) : 12;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RunRestartSeed(seed);
    if (HasFailure()) FAIL() << "RunRestartSeed(" << seed << ") replays this";
  }
}

// A closed file had no room for its footer: sealing it after a reopening made it longer by the
// footer, a crash before the index knew left it so, and the next opening called it truncated.
TEST_F(SegmentCrashTest, ASegmentThatWasClosedIsSealedInRoomOfItsOwn) { RunSeed(74); }

TEST_F(SegmentCrashTest, AnAppendOfBlocksCostsOneSync) {
  auto journal = Open();
  ASSERT_TRUE(journal.ok()) << journal.status();
  BlockMaker maker;
  ASSERT_TRUE((*journal)->Append(std::vector<Block>{maker.Next(1, "first")}, {}).ok());
  const std::uint64_t before = files_.syncs();
  const std::vector<Block> blocks = {maker.Next(1, "a"), maker.Next(2, std::string(9000, 'b'))};
  ASSERT_TRUE((*journal)->Append(blocks, {}).ok());
  EXPECT_EQ(files_.syncs(), before + 1);
  const std::vector<MetaWrite> meta = {{"k", "v"}};
  ASSERT_TRUE((*journal)->Append(std::vector<Block>{maker.Next(1, "c")}, meta).ok());
  EXPECT_EQ(files_.syncs(), before + 2) << "metadata travel with the blocks";
}

TEST_F(SegmentCrashTest, SmallAppendsLandInZerosThatOneOfThemBrought) {
  auto journal = Open();
  ASSERT_TRUE(journal.ok()) << journal.status();
  BlockMaker maker;
  const auto writes_of = [&](int appends, std::size_t bytes) {
    const std::uint64_t before = files_.writes();
    for (int i = 0; i < appends; ++i) {
      const Block block = maker.Next(1, std::string(bytes, 'x'));
      EXPECT_TRUE((*journal)->Append({&block, 1}, {}).ok());
    }
    return files_.writes() - before;
  };
  EXPECT_EQ(writes_of(1, 1000), 2u) << "the block, and zeros behind it";
  EXPECT_EQ(writes_of(100, 1000), 100u);
  EXPECT_EQ(writes_of(5, 70'000), 5u) << "large ones bring none";
  EXPECT_EQ(writes_of(3, 1000), 4u);
}

TEST_F(SegmentCrashTest, AFailedSyncIsAnUnknownOutcomeAndNotRetried) {
  auto journal = Open();
  ASSERT_TRUE(journal.ok()) << journal.status();
  BlockMaker maker;
  const std::vector<Block> kept = {maker.Next(1, "kept")};
  ASSERT_TRUE((*journal)->Append(kept, {}).ok());
  files_.FailSyncs(true);
  const std::vector<Block> lost = {maker.Next(1, "lost")};
  const absl::Status status = (*journal)->Append(lost, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.ToString().find("outcome of this append is unknown"), std::string::npos);
  EXPECT_EQ((*journal)->block_count(), 1u);
  files_.FailSyncs(false);
  EXPECT_EQ((*journal)->Append(lost, {}).code(), absl::StatusCode::kInternal);
  journal->reset();
  files_.Restart();
  journal = Open();
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_GE((*journal)->block_count(), 1u);
  EXPECT_EQ((*journal)->Read(0)->body, "kept");
}

TEST_F(SegmentCrashTest, AFullDiskRefusesBeforeAnythingIsWrittenAndTheJournalGoesOn) {
  auto journal = Open();
  ASSERT_TRUE(journal.ok()) << journal.status();
  BlockMaker maker;
  files_.SetCapacity(std::uint64_t{5} << 19);  // 2.5 MiB: two segments of 1 MiB
  std::vector<Block> acknowledged;
  std::optional<Block> refused;
  for (int i = 0; i < 100 && !refused.has_value(); ++i) {
    const Block block = maker.Next(1, std::string(100000, static_cast<char>('a' + i % 26)));
    const absl::Status status = (*journal)->Append({&block, 1}, {});
    if (status.ok()) {
      acknowledged.push_back(block);
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
      refused = block;
    }
  }
  ASSERT_TRUE(refused.has_value());
  EXPECT_GT(acknowledged.size(), 15u);
  EXPECT_EQ((*journal)->block_count(), acknowledged.size());
  files_.SetCapacity(std::uint64_t{8} << 20);
  EXPECT_TRUE((*journal)->Append({&*refused, 1}, {}).ok()) << "room came back";
  acknowledged.push_back(*refused);
  journal->reset();
  journal = Open();
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_TRUE(Holds(**journal, {.blocks = acknowledged, .meta = {}}));
}

TEST_F(SegmentCrashTest, AFlippedBitOfAnyFrameButATornLastOneIsFoundOnOpening) {
  std::vector<Block> blocks;
  BlockMaker maker;
  TestSequence sequence(5);
  {
    auto journal = Open();
    ASSERT_TRUE(journal.ok()) << journal.status();
    for (int i = 0; i < 6; ++i) {
      std::string body(600, '\0');
      for (char& byte : body) byte = static_cast<char>(1 + sequence.Below(255));
      blocks.push_back(maker.Next(1, body));
      ASSERT_TRUE((*journal)->Append({&blocks.back(), 1}, {}).ok());
    }
    // Killed before it wrote more, and not closed: the index knows of no block.
    files_.FailPowerAfter(0);
    const Block never = maker.Next(1, std::string(2 << 20, 'n'));
    ASSERT_FALSE((*journal)->Append({&never, 1}, {}).ok());
  }
  files_.Restart();
  const std::string segment = path_ + "/segment-00000000000000000000.cws";
  const std::uint64_t end = files_.Bytes(segment).find_last_not_of('\0') + 1;
  for (int round = 0; round < 150; ++round) {
    // Not of the version: another version is not damage.
    const std::uint64_t place = 6 + sequence.Below(end - 6);
    const int bit = static_cast<int>(sequence.Below(8));
    files_.FlipBit(segment, place, bit);
    const auto journal = Open();
    if (journal.ok()) {
      ADD_FAILURE() << "opened with a flipped bit at offset " << place;
      break;
    }
    EXPECT_EQ(journal.status().code(), absl::StatusCode::kDataLoss) << journal.status();
    EXPECT_NE(journal.status().ToString().find(segment + ": offset"), std::string::npos)
        << journal.status();
    files_.FlipBit(segment, place, bit);
  }
  auto journal = Open();
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_TRUE(Holds(**journal, {.blocks = blocks, .meta = {}}));
}

}  // namespace
}  // namespace causeway::store
