#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "settlement/store/snapshot.h"

namespace causeway::store {
namespace {

using Frames = std::vector<std::string>;
using Kept = std::map<std::uint64_t, Frames, std::greater<>>;

class MemoryWriter final : public SnapshotWriter {
 public:
  explicit MemoryWriter(Kept& kept) : kept_(kept) {}
  absl::Status Append(std::string_view frame) override {
    if (frame.empty() || frame.size() > kSnapshotFrameBytesMax) return FrameSizeError(frame.size());
    frames_.emplace_back(frame);
    return absl::OkStatus();
  }
  absl::Status Publish(std::uint64_t batches) override {
    kept_[batches] = std::move(frames_);
    while (kept_.size() > 2) kept_.erase(std::prev(kept_.end()));
    return absl::OkStatus();
  }

 private:
  Kept& kept_;
  Frames frames_;
};

class MemoryReader final : public SnapshotReader {
 public:
  explicit MemoryReader(const Frames& frames) : frames_(frames.begin(), frames.end()) {}
  absl::StatusOr<std::string> Next() override {
    if (frames_.empty()) return absl::OutOfRangeError("the snapshot has no more frames");
    std::string frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }

 private:
  std::deque<std::string> frames_;
};

class MemorySnapshotStore final : public SnapshotStore {
 public:
  absl::StatusOr<std::unique_ptr<SnapshotWriter>> Create() override {
    return std::make_unique<MemoryWriter>(kept_);
  }
  absl::StatusOr<std::vector<std::uint64_t>> List() const override {
    std::vector<std::uint64_t> batches;
    for (const auto& [number, frames] : kept_) batches.push_back(number);
    return batches;
  }
  absl::StatusOr<std::unique_ptr<SnapshotReader>> Open(std::uint64_t batches) const override {
    const auto found = kept_.find(batches);
    if (found == kept_.end()) return absl::NotFoundError("there is no such snapshot");
    return std::make_unique<MemoryReader>(found->second);
  }

 private:
  Kept kept_;
};

}  // namespace

absl::Status FrameSizeError(std::size_t bytes) {
  return absl::ResourceExhaustedError("a frame of a snapshot has " + std::to_string(bytes) +
                                      " bytes; it must have 1 to " +
                                      std::to_string(kSnapshotFrameBytesMax));
}

std::unique_ptr<SnapshotStore> MakeMemorySnapshotStore() {
  return std::make_unique<MemorySnapshotStore>();
}

}  // namespace causeway::store
