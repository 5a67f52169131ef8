#include "settlement/store/segment_open.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "settlement/store/lmdb_directory.h"
#include "settlement/store/segment_scan.h"

namespace causeway::store {
namespace {

constexpr std::uint64_t kRewrittenBytes = std::uint64_t{1} << 20;  // at a time

absl::StatusOr<std::string> Require(const LmdbIndex& index, std::string_view key) {
  absl::StatusOr<std::optional<std::string>> value = index.Get(IndexSpace::kSystem, key);
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    return absl::DataLossError(fmt::format("the record '{}' is missing", key));
  }
  return **std::move(value);
}

// Overwrites with zeros: what an append finds must be as allocated.
absl::Status ZeroRange(SegmentFile& file, std::uint64_t from, std::uint64_t to) {
  const std::string zeros(kRewrittenBytes, '\0');
  while (from < to) {
    const std::uint64_t count = std::min(kRewrittenBytes, to - from);
    const std::string_view piece = std::string_view(zeros).substr(0, count);
    if (absl::Status written = file.Write(from, {&piece, 1}); !written.ok()) return written;
    from += count;
  }
  return absl::OkStatus();
}

// Writes what is there again: after a failed sync the system may call pages clean that never
// reached the disk, and no later sync would save them.
absl::Status WriteAgain(SegmentFile& file, std::uint64_t from, std::uint64_t to) {
  std::string bytes(std::min(kRewrittenBytes, to - from), '\0');
  while (from < to) {
    const std::uint64_t count = std::min(kRewrittenBytes, to - from);
    const absl::StatusOr<std::size_t> got = file.Read(from, bytes.data(), count);
    if (!got.ok()) return got.status();
    if (*got < count) return absl::DataLossError("the file became shorter");
    const std::string_view piece = std::string_view(bytes).substr(0, count);
    if (absl::Status written = file.Write(from, {&piece, 1}); !written.ok()) return written;
    from += count;
  }
  return absl::OkStatus();
}

class Loader {
 public:
  Loader(const LmdbIndex& index, FileSystem& files, const LoadOptions& options)
      : path_(index.path()), files_(files), options_(options) {}

  absl::StatusOr<LoadedSegments> Load(IndexContents contents) {
    loaded_.index = std::move(contents);
    loaded_.state = loaded_.index.sealed_state;
    if (absl::Status strays = CheckNames(); !strays.ok()) return strays;
    for (const SealedSegment& sealed : loaded_.index.sealed) {
      if (absl::Status status = LoadSealed(sealed); !status.ok()) {
        return InFile(PathOf(sealed.before), status);
      }
    }
    if (!loaded_.index.known.has_open) return std::move(loaded_);
    if (absl::Status status = LoadOpen(); !status.ok()) {
      return InFile(PathOf(loaded_.index.sealed_state), status);
    }
    return std::move(loaded_);
  }

 private:
  std::string PathOf(const SegmentState& before) const {
    return path_ + "/" + SegmentFileName(before.head.block_count);
  }

  // Every segment here must be in the index. One without frames may have been prepared for the
  // index by a process that did not live to enter it.
  absl::Status CheckNames() {
    std::set<std::uint64_t> listed;
    for (const SealedSegment& sealed : loaded_.index.sealed) {
      listed.insert(sealed.before.head.block_count);
    }
    if (loaded_.index.known.has_open) listed.insert(loaded_.index.known.open_block);
    const absl::StatusOr<std::vector<std::string>> names = files_.List(path_);
    if (!names.ok()) return names.status();
    bool removed = false;
    for (const std::string& name : *names) {
      const std::string file = path_ + "/" + name;
      if (name != kPreparedFileName && !name.ends_with(kPartialSuffix)) {
        const std::optional<std::uint64_t> number = ParseSegmentFileName(name);
        if (!number.has_value() || listed.contains(*number)) continue;
        if (absl::Status stray = CheckStray(file); !stray.ok()) return InFile(file, stray);
      }
      if (!options_.repair) continue;
      if (absl::Status status = files_.Remove(file); !status.ok()) return status;
      removed = true;
    }
    return removed ? files_.SyncDirectory(path_) : absl::OkStatus();
  }

  absl::Status CheckStray(const std::string& path) {
    const auto file = files_.Open(path, FileSystem::Mode::kRead);
    if (!file.ok()) return file.status();
    const absl::StatusOr<bool> empty = HasNoFrames(**file);
    if (!empty.ok()) return empty.status();
    if (*empty) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "holds blocks and is not in the journal's index: it belongs to another journal, or "
        "data.mdb is older than the segments beside it");
  }

  absl::Status LoadSealed(const SealedSegment& sealed) {
    Segment segment{.record = sealed, .sealed = true};
    if (sealed.archive.has_value()) {
      loaded_.segments.push_back(std::move(segment));
      return RemoveArchived(sealed);
    }
    auto file = files_.Open(PathOf(sealed.before), FileSystem::Mode::kRead);
    if (absl::IsNotFound(file.status())) {
      return absl::DataLossError("the segment is missing, and the index does not call it archived");
    }
    if (!file.ok()) return file.status();
    const IndexContents& index = loaded_.index;
    if (options_.verify_all) {
      absl::Status walked =
          WalkSealedSegment(**file, index.instance, index.origin, sealed).status();
      if (!walked.ok()) return walked;
    }
    absl::StatusOr<std::vector<FooterPart>> parts =
        ReadFooterParts(**file, index.instance, index.origin, sealed);
    if (!parts.ok()) return parts.status();
    segment.parts = *std::move(parts);
    if (absl::Status cut = FinishSealing(**file, sealed); !cut.ok()) return cut;
    loaded_.segments.push_back(std::move(segment));
    return absl::OkStatus();
  }

  absl::Status RemoveArchived(const SealedSegment& sealed) {
    if (!options_.repair || options_.archive.empty()) return absl::OkStatus();
    const std::string here = PathOf(sealed.before);
    const auto left = files_.Open(here, FileSystem::Mode::kRead);
    if (absl::IsNotFound(left.status())) return absl::OkStatus();
    if (!left.ok()) return left.status();
    const auto there =
        files_.Open(options_.archive + "/" + SegmentFileName(sealed.before.head.block_count),
                    FileSystem::Mode::kRead);
    const IndexContents& index = loaded_.index;
    if (!there.ok() || !WalkSealedSegment(**there, index.instance, index.origin, sealed).ok()) {
      return absl::OkStatus();
    }
    absl::Status removed = files_.Remove(here);
    return removed.ok() ? files_.SyncDirectory(path_) : removed;
  }

  // Sealing ends with cutting off what was allocated and not used.
  absl::Status FinishSealing(const SegmentFile& file, const SealedSegment& sealed) {
    const absl::StatusOr<std::uint64_t> size = file.Size();
    if (!size.ok()) return size.status();
    if (*size == sealed.file_bytes || !options_.repair) return absl::OkStatus();
    auto writable = files_.Open(PathOf(sealed.before), FileSystem::Mode::kWrite);
    if (!writable.ok()) return writable.status();
    return (*writable)->Truncate(sealed.file_bytes);
  }

  absl::Status LoadOpen() {
    const IndexContents& index = loaded_.index;
    const auto mode = options_.repair ? FileSystem::Mode::kWrite : FileSystem::Mode::kRead;
    auto file = files_.Open(PathOf(index.sealed_state), mode);
    if (absl::IsNotFound(file.status())) {
      return absl::DataLossError("the segment is missing, the index says that it is open");
    }
    if (!file.ok()) return file.status();
    const absl::StatusOr<std::uint64_t> size = (*file)->Size();
    if (!size.ok()) return size.status();
    if (*size != index.known.open_size && (*size == 0 || *size % kSegmentUnitBytes != 0)) {
      return absl::DataLossError(fmt::format(
          "the file was truncated: it has {} bytes, neither a multiple of {} nor the {} that it was"
          " closed with",
          *size, kSegmentUnitBytes, index.known.open_size));
    }
    const SegmentHeader header{
        .instance = index.instance, .origin = index.origin, .before = index.sealed_state};
    absl::StatusOr<WalkedSegment> walked = WalkOpenSegment(**file, header, index.known.state);
    if (!walked.ok()) return walked.status();
    if (options_.repair) {
      if (absl::Status settled = Settle(**file, *walked); !settled.ok()) return settled;
    }
    loaded_.state = walked->after;
    loaded_.open_end = walked->end;
    loaded_.open_size = *size;
    loaded_.meta = std::move(walked->meta);
    loaded_.segments.push_back({.record = {.before = index.sealed_state},
                                .sealed = false,
                                .blocks = std::move(walked->blocks),
                                .file = *std::move(file)});
    return absl::OkStatus();
  }

  // Makes what was found durable before anybody sees it. An append begins only after the sync of
  // the one before, so the last frame alone can be unsynced: its process was killed before its
  // sync, or saw it fail.
  absl::Status Settle(SegmentFile& file, const WalkedSegment& walked) const {
    if (walked.after.frame_count > loaded_.index.known.state.frame_count) {
      absl::Status again = WriteAgain(file, walked.last_frame, walked.end);
      if (!again.ok()) return again;
    }
    absl::Status zeroed = ZeroRange(file, walked.end, walked.dirty_end);
    return zeroed.ok() ? file.Sync() : zeroed;
  }

  std::string path_;
  FileSystem& files_;
  LoadOptions options_;
  LoadedSegments loaded_;
};

}  // namespace

std::string SealedKey(std::uint64_t first_block) {
  return fmt::format("{}{:020}", kSealedPrefix, first_block);
}

absl::Status OwnDirectoryError(const std::string& archive) {
  return absl::FailedPreconditionError(fmt::format(
      "{}: is the directory of the journal itself; an archive must be another one", archive));
}

absl::Status InFile(const std::string& place, const absl::Status& status) {
  const std::string_view message(status.message().data(), status.message().size());
  if (message.starts_with(place)) return status;
  return absl::Status(status.code(), fmt::format("{}: {}", place, message));
}

std::vector<MetaWrite> InitialIndex(const JournalIdentity& identity, const Instance& instance) {
  const KnownEnd known{.state = EmptyState(identity, instance)};
  return {{kInstanceKey, std::string(instance.begin(), instance.end())},
          {kEndKey, EncodeKnownEnd(known)}};
}

absl::StatusOr<IndexContents> ReadIndex(const LmdbIndex& index, const JournalIdentity& identity) {
  IndexContents contents;
  const absl::StatusOr<std::string> instance = Require(index, kInstanceKey);
  if (!instance.ok()) return instance.status();
  if (instance->size() != contents.instance.size()) {
    return absl::DataLossError("the record of the instance is malformed");
  }
  std::copy(instance->begin(), instance->end(), contents.instance.begin());
  const absl::StatusOr<std::string> end = Require(index, kEndKey);
  if (!end.ok()) return end.status();
  const absl::StatusOr<KnownEnd> known = DecodeKnownEnd(*end);
  if (!known.ok()) return known.status();
  contents.known = *known;
  contents.origin = EmptyHead(identity).chain;
  contents.sealed_state = EmptyState(identity, contents.instance);
  const auto records = index.List(IndexSpace::kSystem, kSealedPrefix);
  if (!records.ok()) return records.status();
  for (const auto& [key, value] : *records) {
    absl::StatusOr<SealedSegment> sealed = DecodeSealedSegment(value);
    if (!sealed.ok()) return sealed.status();
    if (key != SealedKey(contents.sealed_state.head.block_count) ||
        sealed->before != contents.sealed_state) {
      return absl::DataLossError(
          fmt::format("the index has the record '{}' where the segment of block {} belongs", key,
                      contents.sealed_state.head.block_count));
    }
    contents.sealed_state = sealed->after;
    contents.sealed.push_back(*std::move(sealed));
  }
  const std::uint64_t next = contents.sealed_state.head.block_count;
  if (contents.known.has_open ? contents.known.open_block != next : !contents.sealed.empty()) {
    return absl::DataLossError(fmt::format(
        "the index names block {} as the first of the open segment, the sealed ones end before {}",
        contents.known.open_block, next));
  }
  return contents;
}

absl::StatusOr<LoadedSegments> LoadSegments(const LmdbIndex& index, FileSystem& files,
                                            const JournalIdentity& identity,
                                            const LoadOptions& options) {
  absl::StatusOr<IndexContents> contents = ReadIndex(index, identity);
  if (!contents.ok()) return InFile(index.path() + "/" + kDataFileName, contents.status());
  return Loader(index, files, options).Load(*std::move(contents));
}

absl::StatusOr<std::shared_ptr<SegmentFile>> CreateSegment(FileSystem& files,
                                                           const std::string& directory,
                                                           const SegmentHeader& header,
                                                           std::uint64_t size) {
  const std::string prepared = directory + "/" + kPreparedFileName;
  absl::StatusOr<std::unique_ptr<SegmentFile>> file =
      files.Open(prepared, FileSystem::Mode::kCreate);
  if (!file.ok()) return file.status();
  if (absl::Status allocated = (*file)->Allocate(size); !allocated.ok()) {
    file->reset();
    absl::Status removed = files.Remove(prepared);
    return absl::IsResourceExhausted(allocated) && !removed.ok() ? removed : allocated;
  }
  const std::string bytes = EncodeSegmentHeader(header);
  const std::string_view piece = bytes;
  absl::Status status = (*file)->Write(0, {&piece, 1});
  if (status.ok()) status = (*file)->Sync();
  if (status.ok()) {
    status =
        files.Rename(prepared, directory + "/" + SegmentFileName(header.before.head.block_count));
  }
  if (status.ok()) status = files.SyncDirectory(directory);
  if (!status.ok()) return status;
  return std::shared_ptr<SegmentFile>(*std::move(file));
}

}  // namespace causeway::store
