#include "settlement/store/segment_scrub.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "settlement/store/segment_journal.h"
#include "settlement/store/segment_open.h"
#include "settlement/store/segment_scan.h"

namespace causeway::store {
namespace {

absl::Status ReadOnlyError() { return absl::FailedPreconditionError("a scrub changes nothing"); }

class ScrubbedFile final : public SegmentFile {
 public:
  ScrubbedFile(std::unique_ptr<SegmentFile> file, const std::string& path,
               const ScrubContext& context)
      : file_(std::move(file)),
        advised_(open(path.c_str(), O_RDONLY | O_CLOEXEC)),
        context_(context) {}
  ~ScrubbedFile() override {
    if (advised_ >= 0) close(advised_);
  }

  absl::Status Write(std::uint64_t, std::span<const std::string_view>) override {
    return ReadOnlyError();
  }
  absl::Status Append(std::uint64_t, std::span<const std::string_view>) override {
    return ReadOnlyError();
  }
  absl::Status Allocate(std::uint64_t) override { return ReadOnlyError(); }
  absl::Status Truncate(std::uint64_t) override { return ReadOnlyError(); }
  absl::Status Sync() override { return ReadOnlyError(); }
  absl::StatusOr<std::size_t> Read(std::uint64_t offset, char* bytes,
                                   std::size_t size) const override {
    if (context_.pace(size)) return absl::CancelledError("the scrub was ended");
    DropCached(offset, size);
    absl::StatusOr<std::size_t> got = file_->Read(offset, bytes, size);
    DropCached(offset, size);
    return got;
  }
  absl::StatusOr<std::uint64_t> Size() const override { return file_->Size(); }

 private:
  // So that the read comes from the disk, and leaves nothing in the page cache. Advice: a system
  // may do otherwise.
  void DropCached(std::uint64_t offset, std::size_t size) const {
    if (advised_ < 0) return;
    (void)posix_fadvise(advised_, static_cast<off_t>(offset), static_cast<off_t>(size),
                        POSIX_FADV_DONTNEED);
  }

  const std::unique_ptr<SegmentFile> file_;
  const int advised_;  // the same file, for advice alone; -1: there is none of that name
  const ScrubContext& context_;
};

class ScrubbedFiles final : public FileSystem {
 public:
  ScrubbedFiles(FileSystem& files, const ScrubContext& context)
      : files_(files), context_(context) {}

  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(const std::string& path, Mode mode) override {
    if (mode != Mode::kRead) return ReadOnlyError();
    absl::StatusOr<std::unique_ptr<SegmentFile>> file = files_.Open(path, mode);
    if (!file.ok()) return file.status();
    return std::make_unique<ScrubbedFile>(*std::move(file), path, context_);
  }
  absl::Status Rename(const std::string&, const std::string&) override { return ReadOnlyError(); }
  absl::Status Remove(const std::string&) override { return ReadOnlyError(); }
  absl::Status SyncDirectory(const std::string&) override { return ReadOnlyError(); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    return files_.List(path);
  }

 private:
  FileSystem& files_;
  const ScrubContext& context_;
};

}  // namespace

std::unique_ptr<FileSystem> MakeScrubbedFiles(FileSystem& files, const ScrubContext& context) {
  return std::make_unique<ScrubbedFiles>(files, context);
}

absl::Status SegmentJournal::Scrub(const ScrubContext& context) const {
  return ScrubSegments(context, false);
}

absl::Status SegmentJournal::ScrubArchive(const ScrubContext& context) const {
  if (options_.archive.empty() || archived_count() == 0) return absl::OkStatus();
  // One that is not there at all is told once, not segment by segment.
  const absl::StatusOr<std::vector<std::string>> there = files_.List(options_.archive);
  if (!there.ok()) return there.status();
  return ScrubSegments(context, true);
}

absl::Status SegmentJournal::ScrubSegments(const ScrubContext& context, bool archived) const {
  const std::unique_ptr<FileSystem> files = MakeScrubbedFiles(files_, context);
  const auto verify = [&](const std::string& path, const SealedSegment& sealed) -> absl::Status {
    const auto file = files->Open(path, FileSystem::Mode::kRead);
    if (absl::IsNotFound(file.status())) return absl::DataLossError("the segment is missing");
    if (!file.ok()) return file.status();
    return WalkSealedSegment(**file, instance_, origin_, sealed).status();
  };
  const std::string& directory = archived ? options_.archive : path_;
  for (const SealedSegment& sealed : SealedSegments()) {
    if (sealed.archive.has_value() != archived) continue;
    const std::string path = directory + "/" + SegmentFileName(sealed.before.head.block_count);
    const absl::Status whole = verify(path, sealed);
    if (absl::IsCancelled(whole)) return whole;
    if (whole.ok()) continue;
    // It may have been archived or restored meanwhile.
    for (const SealedSegment& now : SealedSegments()) {
      if (now == sealed) context.damaged(std::string(InFile(path, whole).message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace causeway::store
