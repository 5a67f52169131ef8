// Snapshots of the settlement queue, written on a thread of their own while the queue goes on.
#include "fx-bridge/runtime/queue_runtime.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "fmt/format.h"
#include "tests/bridge/queue_desk_fixture.h"

namespace causeway::bridge {
namespace {

// Snapshots whose writing begins when the test lets it, or fails.
class HeldSnapshots final : public store::SnapshotStore {
 public:
  explicit HeldSnapshots(std::shared_ptr<store::SnapshotStore> store) : store_(std::move(store)) {}

  absl::StatusOr<std::unique_ptr<store::SnapshotWriter>> Create() override {
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    if (fails_) return absl::ResourceExhaustedError("the disk is full");
    changed_.wait(lock, [this] { return !held_; });
    return store_->Create();
  }
  absl::StatusOr<std::vector<std::uint64_t>> List() const override { return store_->List(); }
  absl::StatusOr<std::unique_ptr<store::SnapshotReader>> Open(std::uint64_t number) const override {
    return store_->Open(number);
  }

  void Hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void Fail(bool fails) {
    const std::lock_guard lock(mutex_);
    fails_ = fails;
  }
  int begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  const std::shared_ptr<store::SnapshotStore> store_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool fails_ = false;
  int begun_ = 0;
};

class QueueRuntimeTest : public QueueDeskTest {
 protected:
  static constexpr std::size_t kSnapshotLogBytes = 4'000;  // of a dozen trades

  QueueRuntimeTest() : bridge_(world_.Open(), [this] { return now_; }) {
    trades_max_ = kQueueTradesMax;
    QueueOptions options = Options();
    options.snapshot_log_bytes_min = kSnapshotLogBytes;
    desk_.reset();
    runtime_ = std::make_unique<QueueRuntime>(Must(QueueDesk::Open(options, disk_.Mount(), now_)),
                                              &bridge_, held_);
    runtime_->Start();
  }

  // Returns when it is durable and the caller is answered.
  void EnterOne() {
    const auto trade = TradeOf(fmt::format("M-{}", entered_++), {"A", "EUR", 1}, {"B", "USD", 1});
    const auto outcome = std::make_shared<std::promise<Outcome>>();
    const auto told = std::make_shared<Outcome>(Outcome::kUnavailable);
    const auto refused = runtime_->Post(
        [told, trade](QueueDesk& desk, core::LedgerTime now) {
          *told = OutcomeOf(desk.Enter(now, Party("A"), Entry(trade, {"A"})));
        },
        [told, outcome](const QueueDesk&) { outcome->set_value(*told); });
    ASSERT_FALSE(refused.has_value());
    ASSERT_EQ(outcome->get_future().get(), Outcome::kAccepted);
  }
  // Trades are entered until so many snapshots were begun.
  void EnterUntilBegun(int snapshots) {
    for (int i = 0; i < 1'000 && held_->begun() < snapshots; ++i) EnterOne();
    ASSERT_GE(held_->begun(), snapshots);
  }

  World world_;
  BridgeRuntime bridge_;  // which the queue asks for the time alone: nothing settles here
  const std::shared_ptr<HeldSnapshots> held_ = std::make_shared<HeldSnapshots>(snapshots_);
  std::unique_ptr<QueueRuntime> runtime_;
  std::size_t entered_ = 0;
};

TEST_F(QueueRuntimeTest, TradesAreEnteredWhileASnapshotIsWrittenAndNoOtherBegins) {
  held_->Hold(true);
  EnterUntilBegun(1);
  for (int i = 0; i < 100; ++i) EnterOne();
  EXPECT_EQ(held_->begun(), 1);
  held_->Hold(false);
  EnterUntilBegun(2);
  runtime_->Stop();
  const std::vector<std::uint64_t> there = Must(snapshots_->List());
  ASSERT_EQ(there.size(), 2u);
  EXPECT_GE(there[0], there[1] + 100) << "each is of when it was begun";
}

TEST_F(QueueRuntimeTest, AStartFromThemKnowsAllThatWasEntered) {
  EnterUntilBegun(3);
  EnterOne();
  runtime_->Stop();
  runtime_.reset();
  const std::uint64_t newest = Must(snapshots_->List()).front();
  Restart();
  EXPECT_EQ(desk_->replayed_from(), newest);
  EXPECT_EQ(desk_->Figures().unmatched, entered_);
  const std::string with = Must(desk_->Snapshot()).state;
  snapshots_ = nullptr;
  Restart();
  EXPECT_EQ(desk_->replayed_from(), 0u);
  EXPECT_EQ(Must(desk_->Snapshot()).state, with);
}

TEST_F(QueueRuntimeTest, AQueueGoesOnWhenASnapshotFailsAndWritesTheNextOne) {
  held_->Fail(true);
  EnterUntilBegun(1);
  EnterOne();
  held_->Fail(false);
  EnterUntilBegun(2);
  runtime_->Stop();
  EXPECT_FALSE(Must(snapshots_->List()).empty());
}

}  // namespace
}  // namespace causeway::bridge
