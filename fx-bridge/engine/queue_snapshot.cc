#include "fx-bridge/engine/queue_snapshot.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/hash.h"

namespace causeway::bridge {
namespace {

constexpr std::string_view kQueueSnapshotMagic = "causeway/queue-snapshot/v1\n";
constexpr std::size_t kStateBytesPerFrame = std::size_t{4} << 20;

void AddFrame(core::Sha256Hasher& hasher, std::string_view frame) {
  hasher.Update(core::Writer().U32(static_cast<std::uint32_t>(frame.size())).bytes());
  hasher.Update(frame);
}

}  // namespace

absl::Status WriteQueueSnapshot(const QueueSnapshot& snapshot, const core::LedgerOrigin& log,
                                store::SnapshotStore& store) {
  absl::StatusOr<std::unique_ptr<store::SnapshotWriter>> writer = store.Create();
  if (!writer.ok()) return writer.status();
  core::Sha256Hasher hasher;
  const auto append = [&](std::string_view frame) {
    AddFrame(hasher, frame);
    return (*writer)->Append(frame);
  };
  core::Writer head;
  head.Raw(kQueueSnapshotMagic).Sized(log.text()).U64(snapshot.blocks).U64(snapshot.events);
  head.Hash(snapshot.last_block).U64(snapshot.state.size());
  absl::Status added = append(head.bytes());
  const std::string_view state = snapshot.state;
  for (std::size_t from = 0; from < state.size() && added.ok(); from += kStateBytesPerFrame) {
    added = append(state.substr(from, kStateBytesPerFrame));
  }
  if (added.ok()) added = (*writer)->Append(hasher.Finish().view());
  return added.ok() ? (*writer)->Publish(snapshot.blocks) : added;
}

absl::StatusOr<QueueSnapshot> ReadQueueSnapshot(std::uint64_t blocks, const core::LedgerOrigin& log,
                                                const store::SnapshotStore& store) {
  absl::StatusOr<std::unique_ptr<store::SnapshotReader>> frames = store.Open(blocks);
  if (!frames.ok()) return frames.status();
  core::Sha256Hasher hasher;
  absl::StatusOr<std::string> frame = (*frames)->Next();
  if (!frame.ok()) return frame.status();
  AddFrame(hasher, *frame);
  core::Reader head(*frame);
  if (head.Raw(kQueueSnapshotMagic.size()) != kQueueSnapshotMagic || head.Sized() != log.text()) {
    return absl::FailedPreconditionError("it is not of version 1, or of another queue");
  }
  QueueSnapshot snapshot;
  snapshot.blocks = head.U64();
  snapshot.events = head.U64();
  snapshot.last_block = head.Hash();
  const std::uint64_t bytes = head.U64();
  if (!head.Done() || snapshot.blocks != blocks || blocks == 0) {
    return absl::DataLossError("its head is damaged");
  }
  while (snapshot.state.size() < bytes) {
    frame = (*frames)->Next();
    if (!frame.ok()) return frame.status();
    if (frame->size() > bytes - snapshot.state.size()) {
      return absl::DataLossError("a frame has another size");
    }
    AddFrame(hasher, *frame);
    snapshot.state += *frame;
  }
  frame = (*frames)->Next();
  if (!frame.ok()) return frame.status();
  if (*frame != hasher.Finish().view() || !absl::IsOutOfRange((*frames)->Next().status())) {
    return absl::DataLossError("it is damaged");
  }
  return snapshot;
}

}  // namespace causeway::bridge
