// What batches copy for a snapshot is bounded: the snapshot makes haste, then batches wait for it.
#include "central-bank-node/runtime/snapshot_pressure.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "settlement/store/snapshot.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

constexpr std::chrono::milliseconds kWhile(100);

// One snapshot at a time, in memory, written as slowly as `before_frame` takes.
class SlowSnapshots final : public store::SnapshotStore {
 public:
  // Given the number of each frame before it is written; an error is the writer's.
  explicit SlowSnapshots(std::function<absl::Status(std::size_t)> before_frame)
      : before_frame_(std::move(before_frame)) {}

  absl::StatusOr<std::unique_ptr<store::SnapshotWriter>> Create() override {
    frames_.clear();
    return std::make_unique<SlowWriter>(*this);
  }
  absl::StatusOr<std::vector<std::uint64_t>> List() const override {
    return absl::UnimplementedError("nobody reads these");
  }
  absl::StatusOr<std::unique_ptr<store::SnapshotReader>> Open(std::uint64_t) const override {
    return absl::UnimplementedError("nobody reads these");
  }
  const std::vector<std::string>& frames() const { return frames_; }

 private:
  class SlowWriter final : public store::SnapshotWriter {
   public:
    explicit SlowWriter(SlowSnapshots& store) : store_(store) {}
    absl::Status Append(std::string_view frame) override {
      absl::Status may = store_.before_frame_(store_.frames_.size());
      if (may.ok()) store_.frames_.emplace_back(frame);
      return may;
    }
    absl::Status Publish(std::uint64_t) override { return absl::OkStatus(); }

   private:
    SlowSnapshots& store_;
  };

  const std::function<absl::Status(std::size_t)> before_frame_;
  std::vector<std::string> frames_;
};

// Closed until somebody opens it.
class Door {
 public:
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void AwaitSomebody() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return reached_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  bool reached_ = false;
};

class SnapshotPressureTest : public LiveLedgerTest {
 protected:
  static bool IsReady(const std::future<std::vector<ItemReply>>& replies) {
    return replies.wait_for(kWhile) == std::future_status::ready;
  }
  std::vector<std::string> FramesOfAQuietSnapshot() {
    SlowSnapshots quiet([](std::size_t) { return absl::OkStatus(); });
    EXPECT_TRUE(runtime_->WriteSnapshot(quiet).ok());
    return quiet.frames();
  }
};

TEST_F(SnapshotPressureTest, HalfOfTheMostLeavesNoTimeToRest) {
  SnapshotPressure pressure;
  EXPECT_TRUE(pressure.MayRest());
  pressure.Set(49, 100);
  EXPECT_TRUE(pressure.MayRest());
  pressure.Set(50, 100);
  EXPECT_FALSE(pressure.MayRest());
  pressure.WaitForRoom();  // there is some
  pressure.Set(50, 102);
  EXPECT_TRUE(pressure.MayRest());
}

TEST_F(SnapshotPressureTest, BatchesAtTheLimitWaitForTheSnapshotWhichIsThatOfItsBeginning) {
  StartRuntime({.snapshot_copies_bytes_max = 1});
  const std::vector<std::string> expected = FramesOfAQuietSnapshot();
  Door disk;
  SlowSnapshots snapshots([&](std::size_t) {
    disk.Pass();
    return absl::OkStatus();
  });
  std::thread keeper([&] { EXPECT_TRUE(runtime_->WriteSnapshot(snapshots).ok()); });
  disk.AwaitSomebody();
  // The first finds nothing copied, and copies both of its accounts.
  EXPECT_FALSE(SubmitOne(PayItem("ALPHA", "BETA", 1)).result.refused);
  auto second = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)));
  auto third = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)));
  EXPECT_FALSE(IsReady(second));
  EXPECT_EQ(Available("BETA"), 1) << "queries do not wait";
  disk.Open();
  EXPECT_FALSE(second.get().front().result.refused);
  EXPECT_FALSE(third.get().front().result.refused);
  keeper.join();
  EXPECT_EQ(Available("BETA"), 3);
  EXPECT_EQ(snapshots.frames(), expected);
}

TEST_F(SnapshotPressureTest, BatchesGoOnWhenTheSnapshotIsGivenUp) {
  StartRuntime({.snapshot_copies_bytes_max = 1});
  Door disk;
  SlowSnapshots snapshots([&](std::size_t) {
    disk.Pass();
    return absl::ResourceExhaustedError("the disk is full");
  });
  std::thread keeper(
      [&] { EXPECT_TRUE(absl::IsResourceExhausted(runtime_->WriteSnapshot(snapshots).status())); });
  disk.AwaitSomebody();
  EXPECT_FALSE(SubmitOne(PayItem("ALPHA", "BETA", 1)).result.refused);
  auto second = SubmitSoon(List(PayItem("ALPHA", "BETA", 1)));
  EXPECT_FALSE(IsReady(second));
  disk.Open();
  EXPECT_FALSE(second.get().front().result.refused);
  keeper.join();
}

TEST_F(SnapshotPressureTest, ASnapshotThatBatchesCopyMuchForRestsNoMore) {
  // One block of copies is half of the most.
  StartRuntime({.snapshot_copies_bytes_max = 1024});
  const auto rests_with = [&](bool pays) {
    int rests = 0;
    SlowSnapshots snapshots([&](std::size_t frame) {
      // The first two frames are the head and the state; all accounts are in the third.
      if (pays && frame == 1) {
        EXPECT_FALSE(SubmitOne(PayItem("ALPHA", "BETA", 1)).result.refused);
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(runtime_->WriteSnapshot(snapshots, [&] { ++rests; }).ok());
    return rests;
  };
  const int quiet = rests_with(false);
  EXPECT_EQ(rests_with(true), quiet - 1) << "before the part that takes the copies";
}

}  // namespace
}  // namespace causeway::node
