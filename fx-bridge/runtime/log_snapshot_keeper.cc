#include "fx-bridge/runtime/log_snapshot_keeper.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "settlement/rpc/log.h"

namespace causeway::bridge {

LogSnapshotKeeper::LogSnapshotKeeper(Options options)
    : options_(std::move(options)),
      held_records_(options_.held_records),
      thread_([this] { Run(); }) {}

LogSnapshotKeeper::~LogSnapshotKeeper() { Stop(); }

void LogSnapshotKeeper::OnDurable(const BridgeEngine& engine) {
  if (engine.size() - held_records_ < options_.every_records) return;
  {
    const std::lock_guard lock(mutex_);
    if (writing_ || next_.has_value()) return;
  }
  LogSnapshot snapshot = engine.Snapshot();
  held_records_ = snapshot.records;
  {
    const std::lock_guard lock(mutex_);
    next_ = std::move(snapshot);
  }
  wakes_.notify_one();
}

void LogSnapshotKeeper::Run() {
  for (;;) {
    LogSnapshot snapshot;
    {
      std::unique_lock lock(mutex_);
      writing_ = false;
      wakes_.wait(lock, [this] { return stopping_ || next_.has_value(); });
      if (!next_.has_value()) return;
      snapshot = *std::exchange(next_, std::nullopt);
      writing_ = true;
    }
    Write(snapshot);
  }
}

void LogSnapshotKeeper::Write(const LogSnapshot& snapshot) {
  const absl::Status written =
      WriteLogSnapshot(snapshot, options_.log, options_.secret, *options_.snapshots);
  if (written.ok()) return;
  rpc::Log("causeway-bridge",
           fmt::format("no snapshot of the decision log was written, a restart reads more: {}",
                       std::string(written.message())));
}

void LogSnapshotKeeper::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LogSnapshotKeeper::WriteLast(const BridgeEngine& engine) {
  if (engine.size() - held_records_ >= options_.last_records_min) Write(engine.Snapshot());
}

}  // namespace causeway::bridge
