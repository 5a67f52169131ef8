#include "central-bank-node/runtime/snapshot_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "settlement/rpc/log.h"

namespace causeway::node {
namespace {

// How often the thread looks: leaves come too fast for waking it at each batch.
constexpr std::chrono::milliseconds kLookEvery(250);
// Fewer are replayed in less time than it takes to write a snapshot of a large ledger.
constexpr std::uint64_t kLastSnapshotLeavesMin = 100'000;
// A rest is as long as the work before it, but no longer than this: a disk that stands still must
// not delay a snapshot by minutes.
constexpr std::chrono::milliseconds kRestMax(100);

}  // namespace

SnapshotKeeper::SnapshotKeeper(LedgerRuntime* runtime,
                               std::shared_ptr<store::SnapshotStore> snapshots,
                               std::uint64_t every_leaves, std::uint64_t held_leaves,
                               std::function<bool()> has_room)
    : runtime_(runtime),
      snapshots_(std::move(snapshots)),
      every_leaves_(std::max<std::uint64_t>(every_leaves, 1)),
      has_room_(std::move(has_room)),
      last_leaves_(held_leaves),
      thread_([this] { Run(); }) {}

SnapshotKeeper::~SnapshotKeeper() { Stop(); }

void SnapshotKeeper::Run() {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wakes_.wait_for(lock, kLookEvery, [this] { return stopping_; });
      if (stopping_) return;
    }
    if (runtime_->DurableLeaves() - last_leaves_ >= every_leaves_) Write();
  }
}

void SnapshotKeeper::Write() {
  if (has_room_ && !has_room_()) return;
  last_leaves_ = runtime_->DurableLeaves();
  const auto start = std::chrono::steady_clock::now();
  works_since_ = start;
  const absl::StatusOr<std::uint64_t> held =
      runtime_->WriteSnapshot(*snapshots_, [this] { Rest(); });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (!held.ok()) {
    rpc::Log("causeway-node", fmt::format("no snapshot was written, a restart replays more: {}",
                                          std::string(held.status().message())));
    return;
  }
  last_leaves_ = *held;
  rpc::Log("causeway-node",
           fmt::format("wrote a snapshot of the first {} leaves in {:.2f} s", *held, took.count()));
}

void SnapshotKeeper::Rest() {
  const auto worked = std::chrono::steady_clock::now() - works_since_;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    wakes_.wait_for(lock, std::min<std::chrono::steady_clock::duration>(worked, kRestMax),
                    [this] { return stopping_; });
  }
  works_since_ = std::chrono::steady_clock::now();
}

void SnapshotKeeper::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SnapshotKeeper::WriteLast() {
  const std::uint64_t enough = std::min(every_leaves_, kLastSnapshotLeavesMin);
  if (runtime_->DurableLeaves() - last_leaves_ >= enough) Write();
}

}  // namespace causeway::node
