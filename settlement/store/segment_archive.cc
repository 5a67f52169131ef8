#include "settlement/store/segment_archive.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "settlement/store/lmdb_directory.h"
#include "settlement/store/lmdb_index.h"
#include "settlement/store/segment_body.h"
#include "settlement/store/segment_journal.h"
#include "settlement/store/segment_open.h"
#include "settlement/store/segment_rebuild.h"
#include "settlement/store/segment_scan.h"

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCopyBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kCareMapBytes = std::uint64_t{64} << 30;

// A copy on its way: `bytes` of `from` from the beginning, then what `rest` has after them.
struct CopyPlan {
  const SegmentFile* from = nullptr;
  std::uint64_t from_bytes = 0;
  const SegmentFile* rest = nullptr;  // may be null
  std::uint64_t bytes = 0;            // in all
};

absl::Status CopyBytes(const CopyPlan& plan, SegmentFile& to) {
  if (absl::Status room = to.Allocate(plan.bytes); !room.ok()) return room;
  std::string buffer(kCopyBytes, '\0');
  for (std::uint64_t done = 0; done < plan.bytes;) {
    const bool first = done < plan.from_bytes;
    const std::uint64_t end = first ? std::min(plan.from_bytes, plan.bytes) : plan.bytes;
    const std::uint64_t count = std::min(kCopyBytes, end - done);
    const SegmentFile& source = first ? *plan.from : *plan.rest;
    const absl::StatusOr<std::size_t> got = source.Read(done, buffer.data(), count);
    if (!got.ok()) return got.status();
    if (*got < count) {
      return absl::DataLossError(fmt::format("offset {}: the file to copy ends", done + *got));
    }
    const std::string_view piece = std::string_view(buffer).substr(0, count);
    if (absl::Status written = to.Write(done, {&piece, 1}); !written.ok()) return written;
    done += count;
  }
  return to.Sync();
}

// Makes `directory`/`name` by `plan`, after `verify` has accepted it; durable on return.
absl::Status CopyInto(FileSystem& files, const CopyPlan& plan, const std::string& directory,
                      const std::string& name,
                      const std::function<absl::Status(const SegmentFile&)>& verify) {
  const std::string stem = name.substr(0, name.size() - std::string(kSegmentFileSuffix).size());
  const std::string partial = directory + "/" + stem + kPartialSuffix;
  absl::StatusOr<std::unique_ptr<SegmentFile>> file =
      files.Open(partial, FileSystem::Mode::kCreate);
  if (!file.ok()) return file.status();
  absl::Status status = CopyBytes(plan, **file);
  if (status.ok()) status = verify(**file);
  if (!status.ok()) {
    files.Remove(partial).IgnoreError();
    return status;
  }
  status = files.Rename(partial, directory + "/" + name);
  return status.ok() ? files.SyncDirectory(directory) : status;
}

std::string NameOf(const SealedSegment& sealed) {
  return SegmentFileName(sealed.before.head.block_count);
}

absl::StatusOr<std::unique_ptr<LmdbIndex>> OpenIndex(const std::string& path,
                                                     const JournalIdentity& identity) {
  std::error_code error;
  if (!fs::exists(path + "/" + kDataFileName, error)) {
    return absl::NotFoundError(fmt::format("{}: there is no journal", path));
  }
  absl::StatusOr<HeldDirectory> directory = HeldDirectory::Acquire(path);
  if (!directory.ok()) return directory.status();
  absl::StatusOr<std::unique_ptr<LmdbIndex>> index =
      LmdbIndex::Open(*std::move(directory), identity, kCareMapBytes, {});
  if (!index.ok()) return InFile(path, index.status());
  return index;
}

// The index in `directory`, or what is wrong with it.
absl::StatusOr<std::unique_ptr<LmdbIndex>> OpenWhole(HeldDirectory directory,
                                                     const JournalIdentity& identity) {
  if (!directory.HasData()) return absl::DataLossError("it is missing");
  auto index = LmdbIndex::Open(std::move(directory), identity, kCareMapBytes, {});
  if (!index.ok()) return index.status();
  if (absl::Status read = ReadIndex(**index, identity).status(); !read.ok()) return read;
  return index;
}

// Makes the index again when it does not open.
absl::StatusOr<std::unique_ptr<LmdbIndex>> OpenOrRebuildIndex(FileSystem& files,
                                                              const SegmentPlaces& places,
                                                              const JournalIdentity& identity) {
  const std::string& path = places.journal;
  std::error_code error;
  const bool has_segments = HasSegments(files, path);
  if (!fs::exists(path + "/" + kDataFileName, error) && !has_segments) {
    return absl::NotFoundError(fmt::format("{}: there is no journal", path));
  }
  absl::StatusOr<HeldDirectory> directory = HeldDirectory::AcquireForRepair(path);
  if (!directory.ok()) return directory.status();
  absl::StatusOr<std::unique_ptr<LmdbIndex>> index = OpenWhole(*std::move(directory), identity);
  if (index.ok()) return index;
  if (!has_segments) return InFile(path, index.status());
  absl::StatusOr<HeldDirectory> again = HeldDirectory::AcquireForRepair(path);
  if (!again.ok()) return again.status();
  absl::StatusOr<RebuiltIndex> rebuilt = RebuildIndex(files, places, identity);
  if (!rebuilt.ok()) {
    return absl::Status(rebuilt.status().code(),
                        fmt::format("{}/{}: {}; it cannot be made again: {}", path, kDataFileName,
                                    std::string(index.status().message()),
                                    std::string(rebuilt.status().message())));
  }
  if (absl::Status aside = again->SetDataAside(); !aside.ok()) return aside;
  std::vector<MetaWrite> user;
  for (auto& [key, value] : rebuilt->meta) user.push_back({key, std::move(value)});
  return LmdbIndex::Open(*std::move(again), identity, kCareMapBytes, SystemRecords(*rebuilt), user);
}

absl::Status VerifyAll(const LmdbIndex& index, FileSystem& files, const JournalIdentity& identity) {
  return LoadSegments(index, files, identity, {.verify_all = true, .repair = false}).status();
}

absl::Status VerifyArchived(const LmdbIndex& index, FileSystem& files,
                            const JournalIdentity& identity, const std::string& archive) {
  const absl::StatusOr<IndexContents> contents = ReadIndex(index, identity);
  if (!contents.ok()) return InFile(index.path(), contents.status());
  for (const SealedSegment& sealed : contents->sealed) {
    if (!sealed.archive.has_value()) continue;
    const std::string path = archive + "/" + NameOf(sealed);
    const auto file = files.Open(path, FileSystem::Mode::kRead);
    if (absl::IsNotFound(file.status())) {
      return absl::FailedPreconditionError(path + ": the archived segment is missing");
    }
    if (!file.ok()) return file.status();
    absl::Status walked =
        WalkSealedSegment(**file, contents->instance, contents->origin, sealed).status();
    if (!walked.ok()) return InFile(path, walked);
  }
  return absl::OkStatus();
}

// A segment of another journal under the name that a copy is to have must not be overwritten: two
// ledgers share no archive. What is damaged or unfinished may be.
absl::Status CheckNotForeign(FileSystem& files, const std::string& path,
                             const SegmentHeader& header) {
  const auto file = files.Open(path, FileSystem::Mode::kRead);
  if (absl::IsNotFound(file.status())) return absl::OkStatus();
  if (!file.ok()) return file.status();
  absl::Status continues = CheckSegmentHeader(**file, header);
  return absl::IsDataLoss(continues) ? absl::OkStatus() : continues;
}

// Files as they are until somebody wants an end: from then on nothing is read, and whatever copies
// or verifies ends with Cancelled.
class StoppableFiles final : public FileSystem {
 public:
  // Both outlive it and the files that it opens. No `stopped`: never.
  StoppableFiles(FileSystem& files, const std::function<bool()>& stopped)
      : files_(files), stopped_(stopped) {}

  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(const std::string& path, Mode mode) override {
    absl::StatusOr<std::unique_ptr<SegmentFile>> file = files_.Open(path, mode);
    if (!file.ok()) return file.status();
    return std::make_unique<File>(*std::move(file), stopped_);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return files_.Rename(from, to);
  }
  absl::Status Remove(const std::string& path) override { return files_.Remove(path); }
  absl::Status SyncDirectory(const std::string& path) override {
    return files_.SyncDirectory(path);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    return files_.List(path);
  }

 private:
  class File final : public SegmentFile {
   public:
    File(std::unique_ptr<SegmentFile> file, const std::function<bool()>& stopped)
        : file_(std::move(file)), stopped_(stopped) {}

    absl::Status Write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
      return file_->Write(offset, pieces);
    }
    absl::Status Append(std::uint64_t offset, std::span<const std::string_view> pieces) override {
      return file_->Append(offset, pieces);
    }
    absl::Status Allocate(std::uint64_t size) override { return file_->Allocate(size); }
    absl::Status Truncate(std::uint64_t size) override { return file_->Truncate(size); }
    absl::Status Sync() override { return file_->Sync(); }
    absl::StatusOr<std::size_t> Read(std::uint64_t offset, char* bytes,
                                     std::size_t size) const override {
      if (stopped_ && stopped_()) return absl::CancelledError("stopped before its end");
      return file_->Read(offset, bytes, size);
    }
    absl::StatusOr<std::uint64_t> Size() const override { return file_->Size(); }

   private:
    const std::unique_ptr<SegmentFile> file_;
    const std::function<bool()>& stopped_;
  };

  FileSystem& files_;
  const std::function<bool()>& stopped_;
};

// Puts segments right, one by one.
class Repairer {
 public:
  Repairer(LmdbIndex& index, FileSystem& files, IndexContents contents, std::string source)
      : index_(index), files_(files), contents_(std::move(contents)), source_(std::move(source)) {}

  absl::Status RepairAll() {
    for (const SealedSegment& sealed : contents_.sealed) {
      const auto verify = [&](const SegmentFile& file) {
        return WalkSealedSegment(file, contents_.instance, contents_.origin, sealed).status();
      };
      SealedSegment here = sealed;
      here.archive.reset();
      absl::Status status = Repair(sealed.before, sealed.file_bytes, verify);
      if (sealed.archive.has_value() && absl::IsNotFound(status)) continue;  // stays archived
      if (!status.ok()) return Unrepaired(sealed.before, status);
      if (!sealed.archive.has_value()) continue;
      const MetaWrite write{SealedKey(sealed.before.head.block_count), EncodeSealedSegment(here)};
      if (absl::Status done = index_.Commit({&write, 1}, {}); !done.ok()) return done;
    }
    if (!contents_.known.has_open) return absl::OkStatus();
    const SegmentState& before = contents_.sealed_state;
    absl::Status status = Repair(before, 0, [&](const SegmentFile& file) {
      return WalkOpenSegment(file, HeaderFor(before), contents_.known.state).status();
    });
    return status.ok() ? NoteOpenSize() : Unrepaired(before, status);
  }

 private:
  // A backup's copy of an open segment has no room behind its frames. An index that does not know
  // that size calls it truncated.
  absl::Status NoteOpenSize() {
    const std::string name = SegmentFileName(contents_.known.open_block);
    const auto file = files_.Open(index_.path() + "/" + name, FileSystem::Mode::kRead);
    if (!file.ok()) return file.status();
    const absl::StatusOr<std::uint64_t> size = (*file)->Size();
    if (!size.ok()) return size.status();
    if (*size % kSegmentUnitBytes == 0 || *size == contents_.known.open_size) {
      return absl::OkStatus();
    }
    const absl::StatusOr<WalkedSegment> walked =
        WalkOpenSegment(**file, HeaderFor(contents_.sealed_state), contents_.known.state);
    if (!walked.ok() || walked->end != *size) return absl::OkStatus();  // it was truncated
    contents_.known.open_size = *size;
    const MetaWrite write{kEndKey, EncodeKnownEnd(contents_.known)};
    return index_.Commit({&write, 1}, {});
  }

  SegmentHeader HeaderFor(const SegmentState& before) const {
    return {.instance = contents_.instance, .origin = contents_.origin, .before = before};
  }

  static absl::Status Unrepaired(const SegmentState& before, const absl::Status& status) {
    return absl::DataLossError(
        fmt::format("{} could not be put right: {}", SegmentFileName(before.head.block_count),
                    std::string_view(status.message().data(), status.message().size())));
  }

  // `bytes`: of the whole file; 0: as long as it is, or as the copy is.
  absl::Status Repair(const SegmentState& before, std::uint64_t bytes,
                      const std::function<absl::Status(const SegmentFile&)>& verify) {
    const std::string name = SegmentFileName(before.head.block_count);
    auto present = files_.Open(index_.path() + "/" + name, FileSystem::Mode::kRead);
    if (!present.ok() && !absl::IsNotFound(present.status())) return present.status();
    if (present.ok() && verify(**present).ok()) return absl::OkStatus();
    const auto copy = files_.Open(source_ + "/" + name, FileSystem::Mode::kRead);
    if (!copy.ok()) return copy.status();
    // A whole copy; else the frames of one that was made earlier, and the rest of what is here.
    const absl::StatusOr<std::uint64_t> copy_size = (*copy)->Size();
    if (!copy_size.ok()) return copy_size.status();
    if (verify(**copy).ok() && *copy_size >= bytes) {
      const std::uint64_t size = bytes == 0 ? *copy_size : bytes;
      // An open segment's copy may end before what is here does: only a missing one is taken so.
      if (bytes != 0 || !present.ok()) {
        const CopyPlan plan{.from = copy->get(), .from_bytes = size, .bytes = size};
        return CopyInto(files_, plan, index_.path(), name, verify);
      }
    }
    if (!present.ok()) return absl::DataLossError(source_ + "/" + name + " does not verify whole");
    const absl::StatusOr<WalkedSegment> walked = WalkOpenSegment(**copy, HeaderFor(before), before);
    if (!walked.ok()) return InFile(source_ + "/" + name, walked.status());
    const absl::StatusOr<std::uint64_t> present_size = (*present)->Size();
    if (!present_size.ok()) return present_size.status();
    const CopyPlan plan{.from = copy->get(),
                        .from_bytes = std::min(walked->end, *present_size),
                        .rest = present->get(),
                        .bytes = *present_size};
    return CopyInto(files_, plan, index_.path(), name, verify);
  }

  LmdbIndex& index_;
  FileSystem& files_;
  IndexContents contents_;
  std::string source_;
};

}  // namespace

bool IsSameDirectory(const std::string& a, const std::string& b) {
  std::error_code error;
  const bool same = fs::equivalent(a, b, error);
  if (!error) return same;
  const auto name_of = [](const std::string& path) {
    std::error_code failed;
    const fs::path name = fs::weakly_canonical(fs::absolute(path, failed), failed);
    return name.has_filename() ? name : name.parent_path();
  };
  return name_of(a) == name_of(b);
}

absl::Status VerifySegmentJournal(const std::string& path, const JournalIdentity& identity,
                                  const std::string& archive, FileSystem& files) {
  const absl::StatusOr<std::unique_ptr<LmdbIndex>> index = OpenIndex(path, identity);
  if (!index.ok()) return index.status();
  absl::Status verified = VerifyAll(**index, files, identity);
  if (!verified.ok() || archive.empty()) return verified;
  return VerifyArchived(**index, files, identity, archive);
}

absl::Status RepairSegmentJournal(const std::string& path, const JournalIdentity& identity,
                                  const std::string& source, const std::string& archive,
                                  FileSystem& files) {
  const absl::StatusOr<std::unique_ptr<LmdbIndex>> index =
      OpenOrRebuildIndex(files, {.journal = path, .archive = archive, .copy = source}, identity);
  if (!index.ok()) return index.status();
  absl::StatusOr<IndexContents> contents = ReadIndex(**index, identity);
  if (!contents.ok()) return InFile(path, contents.status());
  absl::Status repaired = Repairer(**index, files, *std::move(contents), source).RepairAll();
  return repaired.ok() ? repaired : InFile(path, repaired);
}

std::vector<SealedSegment> SegmentJournal::SealedSegments() const {
  const std::lock_guard lock(mutex_);
  std::vector<SealedSegment> sealed;
  for (const auto& segment : segments_) {
    if (segment->sealed) sealed.push_back(segment->record);
  }
  return sealed;
}

absl::Status SegmentJournal::SetArchive(SealedSegment sealed, std::vector<FooterPart> parts) {
  const MetaWrite write{SealedKey(sealed.before.head.block_count), EncodeSealedSegment(sealed)};
  if (absl::Status done = index_->Commit({&write, 1}, {}); !done.ok()) return done;
  const std::lock_guard lock(mutex_);
  for (const auto& segment : segments_) {
    if (segment->first_block() != sealed.before.head.block_count || !segment->sealed) continue;
    std::erase(opened_, segment.get());
    segment->file.reset();
    segment->parts = std::move(parts);
    segment->record = std::move(sealed);
    break;
  }
  return absl::OkStatus();
}

absl::Status SegmentJournal::Archive(std::uint64_t before_block, const std::string& directory,
                                     const std::function<bool()>& stopped) {
  const std::lock_guard lock(archive_mutex_);
  StoppableFiles files(files_, stopped);
  std::error_code error;
  const std::string archive = fs::absolute(directory, error).lexically_normal().string();
  if (error) return absl::InternalError(fmt::format("{}: {}", directory, error.message()));
  if (absl::Status made = MakeDirectories(archive); !made.ok()) return made;
  if (IsSameDirectory(archive, path_)) return OwnDirectoryError(directory);
  for (SealedSegment& sealed : SealedSegments()) {
    if (sealed.after.head.block_count > before_block) break;
    if (sealed.archive.has_value()) continue;
    const std::string here = path_ + "/" + NameOf(sealed);
    const auto file = files.Open(here, FileSystem::Mode::kRead);
    if (!file.ok()) return file.status();
    const std::string there = archive + "/" + NameOf(sealed);
    if (absl::Status free = CheckNotForeign(files, there, HeaderFor(sealed.before)); !free.ok()) {
      return InFile(there, free);
    }
    const CopyPlan plan{
        .from = file->get(), .from_bytes = sealed.file_bytes, .bytes = sealed.file_bytes};
    absl::Status status =
        CopyInto(files, plan, archive, NameOf(sealed), [&](const SegmentFile& copy) {
          return WalkSealedSegment(copy, instance_, origin_, sealed).status();
        });
    if (!status.ok()) return InFile(here, status);
    sealed.archive = archive;
    if (status = SetArchive(sealed, {}); !status.ok()) return InFile(path_, status);
    status = files_.Remove(here);
    if (status.ok()) status = files_.SyncDirectory(path_);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SegmentJournal::CheckReadable() const {
  for (const SealedSegment& sealed : SealedSegments()) {
    if (!sealed.archive.has_value()) continue;
    absl::Status read = Locate(sealed.before.head.block_count).status();
    if (!read.ok()) return read;
  }
  return absl::OkStatus();
}

std::size_t SegmentJournal::archived_count() const {
  const std::vector<SealedSegment> sealed = SealedSegments();
  return static_cast<std::size_t>(
      std::count_if(sealed.begin(), sealed.end(),
                    [](const SealedSegment& segment) { return segment.archive.has_value(); }));
}

absl::Status SegmentJournal::Restore(const std::string& directory) {
  const std::lock_guard lock(archive_mutex_);
  bool restored = false;
  for (SealedSegment& sealed : SealedSegments()) {
    if (!sealed.archive.has_value()) continue;
    const std::string source = directory + "/" + NameOf(sealed);
    const auto file = files_.Open(source, FileSystem::Mode::kRead);
    if (absl::IsNotFound(file.status())) continue;
    if (!file.ok()) return file.status();
    absl::StatusOr<std::vector<FooterPart>> parts =
        ReadFooterParts(**file, instance_, origin_, sealed);
    if (!parts.ok()) return InFile(source, parts.status());
    const CopyPlan plan{
        .from = file->get(), .from_bytes = sealed.file_bytes, .bytes = sealed.file_bytes};
    absl::Status status =
        CopyInto(files_, plan, path_, NameOf(sealed), [&](const SegmentFile& copy) {
          return WalkSealedSegment(copy, instance_, origin_, sealed).status();
        });
    if (!status.ok()) return InFile(source, status);
    sealed.archive.reset();
    status = SetArchive(sealed, *std::move(parts));
    if (!status.ok()) return InFile(path_, status);
    restored = true;
  }
  if (restored) return absl::OkStatus();
  return absl::NotFoundError(fmt::format("{}: holds no archived segment of {}", directory, path_));
}

absl::Status SegmentJournal::Backup(const std::string& directory,
                                    const std::function<bool()>& stopped) const {
  const std::lock_guard lock(archive_mutex_);
  StoppableFiles files(files_, stopped);
  if (absl::Status made = MakeDirectories(directory); !made.ok()) return made;
  std::error_code error;
  if (!fs::is_empty(directory, error) || error) {
    return absl::FailedPreconditionError(
        fmt::format("{}: a backup needs an empty directory of its own", directory));
  }
  // The index first: what it lists is in the files by then, and stays there.
  if (absl::Status copied = index_->CopyTo(directory); !copied.ok()) return copied;
  const absl::StatusOr<std::unique_ptr<LmdbIndex>> copy = OpenIndex(directory, identity_);
  if (!copy.ok()) return copy.status();
  const absl::StatusOr<IndexContents> contents = ReadIndex(**copy, identity_);
  if (!contents.ok()) return InFile(directory, contents.status());
  const auto accept = [](const SegmentFile&) { return absl::OkStatus(); };  // verified below
  const auto copy_segment = [&](const std::string& name, std::uint64_t bytes) -> absl::Status {
    const auto file = files.Open(path_ + "/" + name, FileSystem::Mode::kRead);
    if (!file.ok()) return file.status();
    return CopyInto(files, {.from = file->get(), .from_bytes = bytes, .bytes = bytes}, directory,
                    name, accept);
  };
  for (const SealedSegment& sealed : contents->sealed) {
    if (sealed.archive.has_value()) continue;
    absl::Status status = copy_segment(NameOf(sealed), sealed.file_bytes);
    if (!status.ok()) return status;
  }
  KnownEnd known = contents->known;
  {
    const std::lock_guard state_lock(mutex_);
    for (const auto& segment : segments_) {
      if (segment->first_block() != known.open_block) continue;
      // Sealed since, or still open: all its frames up to here are durable.
      known.open_size = segment->sealed ? segment->record.footer_offset : open_end_;
    }
  }
  absl::Status status = copy_segment(SegmentFileName(known.open_block), known.open_size);
  if (!status.ok()) return status;
  const MetaWrite write{kEndKey, EncodeKnownEnd(known)};
  if (status = (*copy)->Commit({&write, 1}, {}); !status.ok()) return InFile(directory, status);
  if (status = files_.SyncDirectory(directory); !status.ok()) return status;
  return VerifyAll(**copy, files, identity_);
}

}  // namespace causeway::store
