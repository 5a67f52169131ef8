// Snapshots as files: there whole or not at all, whatever fails.
#include "settlement/store/snapshot_files.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/store/faulty_file_system.h"

namespace causeway::store {
namespace {

using Frames = std::vector<std::string>;

Frames SomeFrames(std::size_t count) {
  Frames frames;
  for (std::size_t i = 0; i < count; ++i)
    frames.push_back(std::string(1 + 700 * i, "abcdefg"[i % 7]));
  return frames;
}

absl::Status Write(SnapshotStore& store, const Frames& frames, std::uint64_t batches) {
  absl::StatusOr<std::unique_ptr<SnapshotWriter>> writer = store.Create();
  if (!writer.ok()) return writer.status();
  for (const std::string& frame : frames) {
    if (absl::Status added = (*writer)->Append(frame); !added.ok()) return added;
  }
  return (*writer)->Publish(batches);
}

absl::StatusOr<Frames> ReadAll(const SnapshotStore& store, std::uint64_t batches) {
  absl::StatusOr<std::unique_ptr<SnapshotReader>> reader = store.Open(batches);
  if (!reader.ok()) return reader.status();
  Frames frames;
  for (;;) {
    absl::StatusOr<std::string> frame = (*reader)->Next();
    if (absl::IsOutOfRange(frame.status())) return frames;
    if (!frame.ok()) return frame.status();
    frames.push_back(*std::move(frame));
  }
}

TEST(SnapshotFilesTest, GivesBackTheFramesAndKeepsTheNewestTwo) {
  FaultyFileSystem files(1);
  const auto store = MakeSnapshotFiles("/s", files);
  EXPECT_TRUE(store->List()->empty());
  for (const std::uint64_t batches : {3u, 20u, 100u}) {
    ASSERT_TRUE(Write(*store, SomeFrames(batches), batches).ok());
  }
  EXPECT_EQ(*store->List(), (std::vector<std::uint64_t>{100, 20}));
  EXPECT_EQ(*ReadAll(*store, 100), SomeFrames(100));
  EXPECT_EQ(*ReadAll(*store, 20), SomeFrames(20));
  EXPECT_EQ(store->Open(3).status().code(), absl::StatusCode::kNotFound);
}

TEST(SnapshotFilesTest, OneThatWasNotPublishedIsNotThere) {
  FaultyFileSystem files(1);
  const auto store = MakeSnapshotFiles("/s", files);
  {
    auto writer = store->Create();
    ASSERT_TRUE((*writer)->Append("frame").ok());
  }
  EXPECT_TRUE(store->List()->empty());
  EXPECT_TRUE(files.List("/s")->empty()) << "nothing is left";
}

TEST(SnapshotFilesTest, PowerFailureLeavesWholeSnapshotsOnly) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    FaultyFileSystem files(seed);
    const auto store = MakeSnapshotFiles("/s", files);
    ASSERT_TRUE(Write(*store, SomeFrames(30), 1).ok());
    files.FailPowerAfter(static_cast<std::int64_t>(seed % 9));
    const bool published = Write(*store, SomeFrames(60), 2).ok();
    files.FailPowerAfter(0);
    EXPECT_FALSE(Write(*store, SomeFrames(1), 3).ok());
    files.Restart();
    const auto there = store->List();
    ASSERT_TRUE(there.ok());
    ASSERT_FALSE(there->empty()) << seed;
    EXPECT_TRUE(!published || there->front() == 2) << seed;
    for (const std::uint64_t batches : *there) {
      const auto frames = ReadAll(*store, batches);
      ASSERT_TRUE(frames.ok()) << seed << ": " << frames.status().message();
      EXPECT_EQ(*frames, SomeFrames(batches == 1 ? 30 : 60)) << seed;
    }
  }
}

TEST(SnapshotFilesTest, AFailedSyncIsAnErrorAndTheOlderOneStays) {
  FaultyFileSystem files(1);
  const auto store = MakeSnapshotFiles("/s", files);
  ASSERT_TRUE(Write(*store, SomeFrames(10), 1).ok());
  files.FailSyncs(true);
  EXPECT_FALSE(Write(*store, SomeFrames(90), 2).ok());
  EXPECT_EQ(*store->List(), (std::vector<std::uint64_t>{1}));
}

TEST(SnapshotFilesTest, ACutFileIsDamageAndAStrangeOneNoSnapshot) {
  FaultyFileSystem files(1);
  const auto store = MakeSnapshotFiles("/s", files);
  ASSERT_TRUE(Write(*store, SomeFrames(4), 7).ok());
  const std::string path = "/s/00000000000000000007.cwsnap";
  const std::string whole = files.Bytes(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto file = files.Open(path, FileSystem::Mode::kCreate);
    const std::string_view cut = std::string_view(whole).substr(0, size);
    ASSERT_TRUE((*file)->Write(0, {&cut, 1}).ok());
    const auto frames = ReadAll(*store, 7);
    // Between two frames a cut shows only in what the frames say.
    EXPECT_TRUE(!frames.ok() || frames->size() < 4) << size;
  }
  auto file = files.Open(path, FileSystem::Mode::kCreate);
  const std::string_view strange = "not a snapshot at all";
  ASSERT_TRUE((*file)->Write(0, {&strange, 1}).ok());
  EXPECT_EQ(ReadAll(*store, 7).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace causeway::store
