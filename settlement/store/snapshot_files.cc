#include "settlement/store/snapshot_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

#include "settlement/core/bytes.h"

namespace causeway::store {
namespace {

constexpr std::string_view kSnapshotMagic = "CWSNAP01";
constexpr std::string_view kSnapshotSuffix = ".cwsnap";
constexpr std::string_view kUnfinished = "writing.cwsnap.part";
constexpr std::size_t kNameDigits = 20;
constexpr std::size_t kSnapshotsKept = 2;
constexpr std::size_t kSnapshotBufferBytes = std::size_t{1} << 20;
// The journal's syncs wait for what the same disk has to write: a little at a time, not all of it
// at the end.
constexpr std::uint64_t kSyncEveryBytes = std::uint64_t{1} << 20;

std::string SnapshotNameOf(std::uint64_t batches) {
  return fmt::format("{:020}{}", batches, kSnapshotSuffix);
}

std::optional<std::uint64_t> SnapshotBatchesOf(std::string_view name) {
  if (name.size() != kNameDigits + kSnapshotSuffix.size() || !name.ends_with(kSnapshotSuffix)) {
    return std::nullopt;
  }
  std::uint64_t batches = 0;
  for (const char digit : name.substr(0, kNameDigits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    batches = 10 * batches + static_cast<std::uint64_t>(digit - '0');
  }
  return SnapshotNameOf(batches) == name ? std::optional(batches) : std::nullopt;
}

absl::StatusOr<std::vector<std::uint64_t>> ListFiles(FileSystem& files, const std::string& path) {
  absl::StatusOr<std::vector<std::string>> names = files.List(path);
  if (!names.ok()) return names.status();
  std::vector<std::uint64_t> found;
  for (const std::string& name : *names) {
    if (const std::optional<std::uint64_t> batches = SnapshotBatchesOf(name))
      found.push_back(*batches);
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

class FileWriter final : public SnapshotWriter {
 public:
  FileWriter(FileSystem& files, std::string directory, std::unique_ptr<SegmentFile> file)
      : files_(files), directory_(std::move(directory)), file_(std::move(file)) {
    buffer_ = kSnapshotMagic;
  }
  ~FileWriter() override {
    if (file_ != nullptr) files_.Remove(UnfinishedPath()).IgnoreError();
  }

  absl::Status Append(std::string_view frame) override {
    if (frame.empty() || frame.size() > kSnapshotFrameBytesMax) return FrameSizeError(frame.size());
    buffer_ += core::Writer().U32(static_cast<std::uint32_t>(frame.size())).bytes();
    buffer_ += frame;
    if (buffer_.size() < kSnapshotBufferBytes) return absl::OkStatus();
    return Flush(buffer_.size() / kAppendPageBytes * kAppendPageBytes);
  }

  absl::Status Publish(std::uint64_t batches) override {
    if (absl::Status flushed = Flush(buffer_.size()); !flushed.ok()) return flushed;
    if (absl::Status synced = file_->Sync(); !synced.ok()) return synced;
    absl::Status renamed =
        files_.Rename(UnfinishedPath(), directory_ + "/" + SnapshotNameOf(batches));
    if (!renamed.ok()) return renamed;
    file_.reset();
    if (absl::Status synced = files_.SyncDirectory(directory_); !synced.ok()) return synced;
    // It is there; old ones that stay only take room, and the next one tries again.
    RemoveOld().IgnoreError();
    return absl::OkStatus();
  }

 private:
  std::string UnfinishedPath() const { return directory_ + "/" + std::string(kUnfinished); }

  // The first `bytes` of the buffer; whole pages but for the last time.
  absl::Status Flush(std::size_t bytes) {
    const std::string_view piece = std::string_view(buffer_).substr(0, bytes);
    absl::Status written = file_->Append(offset_, {&piece, 1});
    offset_ += bytes;
    buffer_.erase(0, bytes);
    if (!written.ok() || offset_ - synced_ < kSyncEveryBytes) return written;
    synced_ = offset_;
    return file_->Sync();
  }

  absl::Status RemoveOld() {
    absl::StatusOr<std::vector<std::uint64_t>> there = ListFiles(files_, directory_);
    if (!there.ok()) return there.status();
    for (std::size_t i = kSnapshotsKept; i < there->size(); ++i) {
      absl::Status removed = files_.Remove(directory_ + "/" + SnapshotNameOf((*there)[i]));
      if (!removed.ok()) return removed;
    }
    return absl::OkStatus();
  }

  FileSystem& files_;
  const std::string directory_;
  std::unique_ptr<SegmentFile> file_;
  std::string buffer_;
  std::uint64_t offset_ = 0;
  std::uint64_t synced_ = 0;
};

class FileReader final : public SnapshotReader {
 public:
  FileReader(std::string path, std::unique_ptr<SegmentFile> file)
      : path_(std::move(path)), file_(std::move(file)) {}

  absl::StatusOr<std::string> Next() override {
    if (!begun_) {
      absl::StatusOr<std::string> magic = Take(kSnapshotMagic.size());
      if (!magic.ok()) return magic.status();
      if (*magic != kSnapshotMagic) return Damaged("is no snapshot of format version 1");
      begun_ = true;
    }
    absl::StatusOr<std::string> size = Take(sizeof(std::uint32_t));
    if (!size.ok()) return size.status();
    if (size->empty()) return absl::OutOfRangeError(path_ + " has no more frames");
    const std::size_t bytes = core::Reader(*size).U32();
    if (size->size() < sizeof(std::uint32_t) || bytes == 0 || bytes > kSnapshotFrameBytesMax) {
      return Damaged("is damaged");
    }
    absl::StatusOr<std::string> frame = Take(bytes);
    if (frame.ok() && frame->size() < bytes) return Damaged("is cut short");
    return frame;
  }

 private:
  absl::Status Damaged(std::string_view what) const {
    return absl::DataLossError(fmt::format("{} {} (near byte {})", path_, what, offset_));
  }

  // Fewer only at the end of the file.
  absl::StatusOr<std::string> Take(std::size_t size) {
    while (buffer_.size() - taken_ < size) {
      buffer_.erase(0, taken_);
      taken_ = 0;
      const std::size_t before = buffer_.size();
      buffer_.resize(before + kSnapshotBufferBytes);
      absl::StatusOr<std::size_t> got =
          file_->Read(offset_, buffer_.data() + before, kSnapshotBufferBytes);
      if (!got.ok()) return got.status();
      buffer_.resize(before + *got);
      offset_ += *got;
      if (*got == 0) break;
    }
    std::string bytes = buffer_.substr(taken_, size);
    taken_ += bytes.size();
    return bytes;
  }

  const std::string path_;
  const std::unique_ptr<SegmentFile> file_;
  bool begun_ = false;
  std::uint64_t offset_ = 0;
  std::string buffer_;
  std::size_t taken_ = 0;
};

class SnapshotFiles final : public SnapshotStore {
 public:
  SnapshotFiles(std::string path, FileSystem& files) : path_(std::move(path)), files_(files) {}

  absl::StatusOr<std::unique_ptr<SnapshotWriter>> Create() override {
    absl::StatusOr<std::unique_ptr<SegmentFile>> file =
        files_.Open(path_ + "/" + std::string(kUnfinished), FileSystem::Mode::kCreate);
    if (!file.ok()) return file.status();
    return std::make_unique<FileWriter>(files_, path_, *std::move(file));
  }

  absl::StatusOr<std::vector<std::uint64_t>> List() const override {
    return ListFiles(files_, path_);
  }

  absl::StatusOr<std::unique_ptr<SnapshotReader>> Open(std::uint64_t batches) const override {
    std::string path = path_ + "/" + SnapshotNameOf(batches);
    absl::StatusOr<std::unique_ptr<SegmentFile>> file = files_.Open(path, FileSystem::Mode::kRead);
    if (!file.ok()) return file.status();
    return std::make_unique<FileReader>(std::move(path), *std::move(file));
  }

 private:
  const std::string path_;
  FileSystem& files_;
};

}  // namespace

std::unique_ptr<SnapshotStore> MakeSnapshotFiles(std::string path, FileSystem& files) {
  return std::make_unique<SnapshotFiles>(std::move(path), files);
}

}  // namespace causeway::store
