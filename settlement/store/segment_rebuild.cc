#include "settlement/store/segment_rebuild.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "settlement/store/journal_format.h"
#include "settlement/store/segment_open.h"
#include "settlement/store/segment_scan.h"

namespace causeway::store {
namespace {

// One file of a segment, read through.
struct Candidate {
  SealedSegment sealed;  // what it would be recorded as
  bool has_footer = false;
  std::uint64_t size = 0;
  std::vector<MetaWrite> meta;

  // Sealing cuts the file off behind its footer once the index knows.
  bool cut() const { return has_footer && size == sealed.file_bytes; }
};

class Rebuilder {
 public:
  Rebuilder(FileSystem& files, const SegmentPlaces& places, const JournalIdentity& identity)
      : files_(files), places_(places), identity_(identity) {}

  absl::StatusOr<RebuiltIndex> Rebuild() {
    if (absl::Status found = FindInstance(); !found.ok()) return found;
    state_ = EmptyState(identity_, rebuilt_.instance);
    while (true) {
      const absl::StatusOr<bool> sealed = TakeSegment();
      if (!sealed.ok()) return sealed.status();
      if (!*sealed) break;
    }
    if (absl::Status rest = CheckRest(); !rest.ok()) return rest;
    if (absl::Status synced = SyncLastFooter(); !synced.ok()) return synced;
    return std::move(rebuilt_);
  }

 private:
  // From the first file whose header is whole.
  absl::Status FindInstance() {
    const absl::StatusOr<std::vector<std::string>> names = files_.List(places_.journal);
    if (!names.ok()) return names.status();
    absl::Status why = absl::NotFoundError(places_.journal + ": there is no segment");
    origin_ = EmptyHead(identity_).chain;
    for (const std::string& name : *names) {
      if (!ParseSegmentFileName(name).has_value()) continue;
      const std::string path = places_.journal + "/" + name;
      const auto file = files_.Open(path, FileSystem::Mode::kRead);
      if (!file.ok()) return file.status();
      std::string bytes(kSegmentHeaderBytes, '\0');
      const absl::StatusOr<std::size_t> got = (*file)->Read(0, bytes.data(), bytes.size());
      if (!got.ok()) return got.status();
      bytes.resize(*got);
      const absl::StatusOr<SegmentHeader> header = DecodeSegmentHeader(bytes);
      if (!header.ok()) {
        why = InFile(path, header.status());
        continue;
      }
      if (header->origin != origin_) {
        return absl::FailedPreconditionError(path + ": the segment belongs to another journal");
      }
      rebuilt_.instance = header->instance;
      return absl::OkStatus();
    }
    return why;
  }

  SegmentHeader Header() const {
    return {.instance = rebuilt_.instance, .origin = origin_, .before = state_};
  }

  bool IsAnywhere(const std::string& name) const {
    for (const std::string* place : {&places_.journal, &places_.archive, &places_.copy}) {
      if (!place->empty() && files_.Open(*place + "/" + name, FileSystem::Mode::kRead).ok()) {
        return true;
      }
    }
    return false;
  }

  absl::StatusOr<Candidate> Examine(const std::string& path) const {
    const auto file = files_.Open(path, FileSystem::Mode::kRead);
    if (!file.ok()) return file.status();
    absl::StatusOr<WalkedSegment> walked = WalkOpenSegment(**file, Header(), state_);
    if (!walked.ok()) return InFile(path, walked.status());
    const absl::StatusOr<std::uint64_t> size = (*file)->Size();
    if (!size.ok()) return size.status();
    Candidate found;
    found.sealed.before = state_;
    found.sealed.after = walked->after;
    found.sealed.footer_offset = walked->end;
    found.size = *size;
    found.meta = std::move(walked->meta);
    const std::string footer = EncodeFooter(found.sealed, walked->blocks, rebuilt_.instance);
    std::string bytes(footer.size(), '\0');
    const absl::StatusOr<std::size_t> got = (*file)->Read(walked->end, bytes.data(), bytes.size());
    if (!got.ok()) return got.status();
    found.has_footer = *got == footer.size() && bytes == footer;
    return found;
  }

  // Takes the segment that continues what was taken. True: it is sealed, and another one follows.
  absl::StatusOr<bool> TakeSegment() {
    const std::string name = SegmentFileName(state_.head.block_count);
    const std::string here_path = places_.journal + "/" + name;
    absl::StatusOr<Candidate> here = Examine(here_path);
    absl::StatusOr<Candidate> whole = here;
    std::optional<std::string> archive;
    if ((!whole.ok() || !whole->has_footer) && !places_.archive.empty()) {
      whole = Examine(places_.archive + "/" + name);
      if (whole.ok() && whole->has_footer) {
        std::error_code error;
        archive = std::filesystem::absolute(places_.archive, error).lexically_normal().string();
        if (error) return absl::InternalError(places_.archive + ": " + error.message());
      }
    }
    if ((!whole.ok() || !whole->has_footer) && !places_.copy.empty()) {
      whole = Examine(places_.copy + "/" + name);
    }
    if (!whole.ok() || !whole->has_footer) return TakeOpen(here);
    const std::string next = SegmentFileName(whole->sealed.after.head.block_count);
    if (!IsAnywhere(next)) {
      // A file that was not cut never was in the index as sealed: a crash came before.
      if (here.ok() && !here->cut()) return TakeOpen(here);
      return absl::DataLossError(
          fmt::format("{}: was sealed, and the segment after it, {}, is nowhere", name, next));
    }
    for (MetaWrite& write : whole->meta) {
      if (write.value.has_value()) {
        rebuilt_.meta.insert_or_assign(std::move(write.key), *std::move(write.value));
      } else {
        rebuilt_.meta.erase(write.key);
      }
    }
    state_ = whole->sealed.after;
    whole->sealed.archive = std::move(archive);
    rebuilt_.sealed.push_back(std::move(whole->sealed));
    return true;
  }

  // What is wrong with the open segment's file, if anything is, shows when it is opened.
  absl::StatusOr<bool> TakeOpen(const absl::StatusOr<Candidate>& here) {
    const std::string name = SegmentFileName(state_.head.block_count);
    rebuilt_.known = {.state = state_, .open_block = state_.head.block_count, .has_open = true};
    if (here.ok()) {
      // A clean close leaves nothing behind the last frame.
      if (here->size != here->sealed.footer_offset) return false;
      rebuilt_.known.state = here->sealed.after;
      rebuilt_.known.open_size = here->size;
      return false;
    }
    std::string path = places_.journal + "/" + name;
    auto file = files_.Open(path, FileSystem::Mode::kRead);
    if (absl::IsNotFound(file.status()) && !places_.copy.empty()) {
      path = places_.copy + "/" + name;
      file = files_.Open(path, FileSystem::Mode::kRead);
    }
    if (absl::IsNotFound(file.status())) {
      return absl::DataLossError(fmt::format(
          "{} is neither in the journal nor in an archive or a copy that was given", name));
    }
    if (!file.ok()) return file.status();
    const absl::StatusOr<std::uint64_t> size = (*file)->Size();
    if (!size.ok()) return size.status();
    if (*size % kSegmentUnitBytes != 0) rebuilt_.known.open_size = *size;
    return false;
  }

  // A segment that nothing leads to: one before it is damaged or missing.
  absl::Status CheckRest() const {
    const absl::StatusOr<std::vector<std::string>> names = files_.List(places_.journal);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      const std::optional<std::uint64_t> number = ParseSegmentFileName(name);
      if (!number.has_value() || *number <= state_.head.block_count) continue;
      const std::string path = places_.journal + "/" + name;
      const auto file = files_.Open(path, FileSystem::Mode::kRead);
      if (!file.ok()) return file.status();
      const absl::StatusOr<bool> empty = HasNoFrames(**file);
      if (!empty.ok()) return empty.status();
      if (*empty) continue;
      const absl::Status why =
          Examine(places_.journal + "/" + SegmentFileName(state_.head.block_count)).status();
      return absl::DataLossError(
          fmt::format("{}: no place has the segment of block {}, which leads to it, whole{}", path,
                      state_.head.block_count,
                      why.ok() ? "" : fmt::format(" ({})", std::string(why.message()))));
    }
    return absl::OkStatus();
  }

  // A crash may have come between a footer and its sync.
  absl::Status SyncLastFooter() const {
    if (rebuilt_.sealed.empty() || rebuilt_.sealed.back().archive.has_value()) {
      return absl::OkStatus();
    }
    const SealedSegment& sealed = rebuilt_.sealed.back();
    auto file = files_.Open(places_.journal + "/" + SegmentFileName(sealed.before.head.block_count),
                            FileSystem::Mode::kWrite);
    if (absl::IsNotFound(file.status())) return absl::OkStatus();
    if (!file.ok()) return file.status();
    std::string bytes(sealed.file_bytes - sealed.footer_offset, '\0');
    const absl::StatusOr<std::size_t> got =
        (*file)->Read(sealed.footer_offset, bytes.data(), bytes.size());
    if (!got.ok()) return got.status();
    const std::string_view piece = std::string_view(bytes).substr(0, *got);
    absl::Status again = (*file)->Write(sealed.footer_offset, {&piece, 1});
    return again.ok() ? (*file)->Sync() : again;
  }

  FileSystem& files_;
  const SegmentPlaces& places_;
  const JournalIdentity& identity_;
  core::Hash256 origin_;
  SegmentState state_;  // after what was taken
  RebuiltIndex rebuilt_;
};

}  // namespace

bool HasSegments(FileSystem& files, const std::string& path) {
  const absl::StatusOr<std::vector<std::string>> names = files.List(path);
  return names.ok() && std::any_of(names->begin(), names->end(), [](const std::string& name) {
           return ParseSegmentFileName(name).has_value();
         });
}

absl::StatusOr<RebuiltIndex> RebuildIndex(FileSystem& files, const SegmentPlaces& places,
                                          const JournalIdentity& identity) {
  return Rebuilder(files, places, identity).Rebuild();
}

std::vector<MetaWrite> SystemRecords(const RebuiltIndex& rebuilt) {
  std::vector<MetaWrite> records = {
      {kInstanceKey, std::string(rebuilt.instance.begin(), rebuilt.instance.end())},
      {kEndKey, EncodeKnownEnd(rebuilt.known)}};
  for (const SealedSegment& sealed : rebuilt.sealed) {
    records.push_back({SealedKey(sealed.before.head.block_count), EncodeSealedSegment(sealed)});
  }
  return records;
}

}  // namespace causeway::store
