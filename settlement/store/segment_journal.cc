#include "settlement/store/segment_journal.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/store/lmdb_directory.h"
#include "settlement/store/lmdb_index.h"
#include "settlement/store/segment_archive.h"
#include "settlement/store/segment_body.h"
#include "settlement/store/segment_open.h"
#include "settlement/store/segment_scan.h"

namespace causeway::store {
namespace {

constexpr std::uint64_t kGrowthBytesMax = std::uint64_t{32} << 20;
constexpr std::uint64_t kNewerMetaBytesMax = std::uint64_t{4} << 20;
// A small append that reaches new space brings so many zeros with it for those after it: bytes that
// replace zeros sync without a commit of the file system, which the first bytes in reserved space
// need. A large append pays little for that, and would write most of the zeros for nothing.
constexpr std::uint64_t kSmallFrameBytes = std::uint64_t{64} << 10;
constexpr std::uint64_t kZeroedBytes = std::uint64_t{256} << 10;
constexpr std::uint64_t kFrameBytesMax = std::uint64_t{16} << 30;
constexpr std::size_t kOpenFilesMax = 128;
constexpr std::string_view kZeros("\0\0\0\0\0\0\0", 7);

std::string_view Padding(std::uint64_t bytes) { return kZeros.substr(0, Aligned(bytes) - bytes); }

Instance DrawInstance() {
  std::random_device device;
  Instance instance{};
  for (std::uint8_t& byte : instance) byte = static_cast<std::uint8_t>(device());
  return instance;
}

std::uint64_t UnitsUp(std::uint64_t bytes) {
  return (bytes + kSegmentUnitBytes - 1) / kSegmentUnitBytes * kSegmentUnitBytes;
}

}  // namespace

// An append on its way into the open segment.
struct SegmentJournal::Frame {
  FrameHeader header;
  std::vector<std::string> block_fronts;
  std::vector<BlockPlace> places;  // offsets relative to the frame
  std::string meta;                // without its checksum
  SegmentState after;

  std::uint64_t bytes() const { return kFrameHeaderBytes + header.content_bytes; }
};

SegmentJournal::SegmentJournal(std::unique_ptr<LmdbIndex> index, FileSystem& files,
                               JournalIdentity identity, const SegmentOptions& options,
                               LoadedSegments loaded)
    : index_(std::move(index)),
      files_(files),
      identity_(std::move(identity)),
      options_(options),
      instance_(loaded.index.instance),
      origin_(loaded.index.origin),
      path_(index_->path()),
      known_(loaded.index.known),
      open_size_(loaded.open_size),
      state_(loaded.state),
      open_end_(loaded.open_end),
      zeroed_end_(loaded.open_end) {
  segments_.reserve(loaded.segments.size());
  for (Segment& segment : loaded.segments) {
    segments_.push_back(std::make_unique<Segment>(std::move(segment)));
  }
  KeepMeta(loaded.meta);
}

SegmentJournal::~SegmentJournal() { Close().IgnoreError(); }

absl::StatusOr<std::unique_ptr<SegmentJournal>> SegmentJournal::Open(
    const std::string& path, const JournalIdentity& identity, const SegmentOptions& options) {
  if (options.segment_bytes == 0 || options.segment_bytes % kSegmentUnitBytes != 0) {
    return absl::InvalidArgumentError(fmt::format("segment_bytes is {}, must be a multiple of {}",
                                                  options.segment_bytes, kSegmentUnitBytes));
  }
  if (!options.archive.empty() && IsSameDirectory(options.archive, path)) {
    return OwnDirectoryError(options.archive);
  }
  FileSystem& files = options.files != nullptr ? *options.files : PosixFileSystem();
  absl::StatusOr<HeldDirectory> directory = HeldDirectory::Acquire(path);
  if (!directory.ok()) return directory.status();
  const Instance instance = options.instance.has_value() ? *options.instance : DrawInstance();
  absl::StatusOr<std::unique_ptr<LmdbIndex>> index = LmdbIndex::Open(
      *std::move(directory), identity, options.map_bytes_max, InitialIndex(identity, instance));
  if (!index.ok()) return InFile(path, index.status());
  absl::StatusOr<LoadedSegments> loaded =
      LoadSegments(**index, files, identity,
                   {.verify_all = options.verify_all, .repair = true, .archive = options.archive});
  if (!loaded.ok()) return InFile(path, loaded.status());
  std::unique_ptr<SegmentJournal> journal(
      new SegmentJournal(*std::move(index), files, identity, options, *std::move(loaded)));
  if (journal->known_.has_open) return journal;
  if (absl::Status begun = journal->SwitchSegment(kSegmentUnitBytes); !begun.ok()) {
    journal->failed_ = true;
    return InFile(path, begun);
  }
  return journal;
}

absl::Status SegmentJournal::Fail(const absl::Status& status) {
  failed_ = true;
  const absl::Status placed = InFile(path_, status);
  return absl::InternalError(
      fmt::format("{}; the outcome of this append is unknown",
                  std::string_view(placed.message().data(), placed.message().size())));
}

SegmentJournal::Frame SegmentJournal::BuildFrame(std::span<const Block> blocks,
                                                 std::span<const MetaWrite> meta) const {
  Frame frame;
  frame.after = State();
  frame.header = {.number = frame.after.frame_count,
                  .first_block = frame.after.head.block_count,
                  .first_index = frame.after.head.record_count,
                  .block_count = static_cast<std::uint32_t>(blocks.size()),
                  .link = frame.after.link};
  frame.block_fronts.reserve(blocks.size());
  frame.places.reserve(blocks.size());
  std::uint64_t content = 0;
  for (const Block& block : blocks) {
    const std::uint64_t offset = kFrameHeaderBytes + content;
    frame.block_fronts.push_back(SealBlock(block, frame.after.head));
    const std::uint64_t front_bytes = frame.block_fronts.back().size();
    frame.header.has_pieces = frame.header.has_pieces || front_bytes > kBlockHeaderBytes;
    content += Aligned(front_bytes + block.body.size());
    CW_CHECK(content < kFrameBytesMax, "one append is below 16 GiB");
    frame.places.push_back({.first_index = block.first_index,
                            .offset_units = static_cast<std::uint32_t>(offset / kSegmentAlignment),
                            .body_bytes = static_cast<std::uint32_t>(block.body.size())});
  }
  if (!meta.empty()) {
    frame.meta = EncodeFrameMeta(meta);
    frame.header.meta_bytes = static_cast<std::uint32_t>(frame.meta.size() + kMetaChecksumBytes);
    content += Aligned(frame.header.meta_bytes);
  }
  frame.header.content_bytes = content;
  return frame;
}

SegmentHeader SegmentJournal::HeaderFor(const SegmentState& before) const {
  return {.instance = instance_, .origin = origin_, .before = before};
}

// Files grow as they fill, so that a small ledger takes little space and a fast one rarely waits.
std::uint64_t SegmentJournal::GrownSize(std::uint64_t needed) const {
  const std::uint64_t step = std::clamp(open_size_, kSegmentUnitBytes, kGrowthBytesMax);
  const std::uint64_t grown = std::min(open_size_ + step, options_.segment_bytes);
  return UnitsUp(std::max(needed, grown));
}

// Makes sure that a frame fits the space that the open segment durably has, with its footer after
// it: neither an append nor a seal then meets a full disk. ResourceExhausted leaves all as it was.
absl::Status SegmentJournal::MakeRoom(std::uint64_t frame_bytes, std::uint64_t blocks) {
  const std::uint64_t present = open_segment().blocks.size();
  std::uint64_t needed = open_end_ + frame_bytes + FooterBytes(present + blocks);
  // A segment is named by its first block, so one without blocks cannot have a successor.
  if (needed > options_.segment_bytes && present > 0) {
    needed = kSegmentHeaderBytes + frame_bytes + FooterBytes(blocks);
    const std::uint64_t ahead = std::min(kGrowthBytesMax, options_.segment_bytes);
    absl::Status switched = SwitchSegment(UnitsUp(std::max(needed, ahead)));
    if (absl::IsResourceExhausted(switched) && needed < ahead) {
      switched = SwitchSegment(UnitsUp(needed));
    }
    return switched;
  }
  return Reserve(needed, GrownSize(needed));
}

// Gives the open segment's file `size` bytes, or at least the `needed` ones.
absl::Status SegmentJournal::Reserve(std::uint64_t needed, std::uint64_t size) {
  if (needed <= open_size_) return absl::OkStatus();
  SegmentFile& file = *open_segment().file;
  absl::Status allocated = file.Allocate(size);
  if (absl::IsResourceExhausted(allocated) && size > UnitsUp(needed)) {
    size = UnitsUp(needed);
    allocated = file.Allocate(size);
  }
  if (!allocated.ok()) return allocated;
  // Durable before anything is written there: a frame beyond the end of its file was truncated.
  if (absl::Status synced = file.Sync(); !synced.ok()) return synced;
  open_size_ = size;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FooterPart>> SegmentJournal::SealOpenSegment(SealedSegment& sealed) {
  const Segment& segment = open_segment();
  sealed = {.before = segment.record.before, .after = State(), .footer_offset = open_end_};
  const std::string footer = EncodeFooter(sealed, segment.blocks, instance_);
  const std::string_view piece = footer;
  absl::Status status = segment.file->Write(open_end_, {&piece, 1});
  if (status.ok()) status = segment.file->Sync();
  if (!status.ok()) return status;
  return FooterPartsOf(footer);
}

// Begins a segment of `size` bytes after sealing the open one, if there is one. Each step is
// durable before the next, and the index changes last: a crash leaves the open segment as it was
// and perhaps a file without frames, which the next opening removes.
absl::Status SegmentJournal::SwitchSegment(std::uint64_t size) {
  const SegmentState before = State();
  const bool sealing = !segments_.empty();
  if (sealing) {
    // A file that was closed has no room for its footer.
    const std::uint64_t needed = open_end_ + FooterBytes(open_segment().blocks.size());
    if (absl::Status room = Reserve(needed, UnitsUp(needed)); !room.ok()) return room;
  }
  absl::StatusOr<std::shared_ptr<SegmentFile>> next =
      CreateSegment(files_, path_, HeaderFor(before), size);
  if (!next.ok()) return next.status();
  std::vector<MetaWrite> system;
  SealedSegment sealed;
  std::vector<FooterPart> parts;
  // Errors from here on leave the index unknown; ResourceExhausted would promise otherwise.
  const auto unknown = [](const absl::Status& status) {
    return absl::InternalError(std::string(status.message().data(), status.message().size()));
  };
  if (sealing) {
    absl::StatusOr<std::vector<FooterPart>> footer = SealOpenSegment(sealed);
    if (!footer.ok()) return unknown(footer.status());
    parts = *std::move(footer);
    system.push_back({SealedKey(sealed.before.head.block_count), EncodeSealedSegment(sealed)});
  }
  const KnownEnd known{.state = before, .open_block = before.head.block_count, .has_open = true};
  system.push_back({kEndKey, EncodeKnownEnd(known)});
  if (absl::Status done = CommitIndex(std::move(system)); !done.ok()) return unknown(done);
  known_ = known;
  if (sealing) {
    // Not synced: an opening finds a longer file and cuts it off again.
    absl::Status cut = open_segment().file->Truncate(sealed.file_bytes);
    if (!cut.ok()) return unknown(cut);
  }
  auto segment = std::make_unique<Segment>();
  segment->record.before = before;
  segment->file = *std::move(next);
  const std::lock_guard lock(mutex_);
  if (sealing) {
    Segment& old = open_segment();
    old.record = std::move(sealed);
    old.sealed = true;
    old.blocks = {};
    old.parts = std::move(parts);
    old.file.reset();  // written no more: the next read opens it for reading
  }
  segments_.push_back(std::move(segment));
  open_end_ = kSegmentHeaderBytes;
  zeroed_end_ = kSegmentHeaderBytes;
  open_size_ = size;
  return absl::OkStatus();
}

// Zeros behind a frame of that size, if they are wanted. The next sync takes them along;
// lost ones are zeros too.
absl::Status SegmentJournal::ZeroAhead(std::uint64_t frame_bytes) {
  const std::uint64_t frame_end = open_end_ + frame_bytes;
  if (frame_end <= zeroed_end_) return absl::OkStatus();
  zeroed_end_ = frame_end;
  if (frame_bytes >= kSmallFrameBytes) return absl::OkStatus();
  static const std::string* const kAhead = new std::string(kZeroedBytes, '\0');
  const std::string_view piece(kAhead->data(), std::min(kZeroedBytes, open_size_ - frame_end));
  zeroed_end_ += piece.size();
  return open_segment().file->Write(frame_end, {&piece, 1});
}

absl::Status SegmentJournal::WriteFrame(Frame& frame, std::span<const Block> blocks) {
  frame.header.offset = open_end_;
  const std::string header = EncodeFrameHeader(frame.header, instance_);
  std::vector<std::string_view> pieces;
  pieces.reserve(3 + 3 * blocks.size());
  pieces.push_back(header);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    pieces.push_back(frame.block_fronts[i]);
    pieces.push_back(blocks[i].body);
    pieces.push_back(Padding(frame.block_fronts[i].size() + blocks[i].body.size()));
  }
  if (frame.header.meta_bytes > 0) {
    SealFrameMeta(frame.meta, frame.header.checksum);
    pieces.push_back(frame.meta);
    pieces.push_back(Padding(frame.meta.size()));
  }
  std::erase_if(pieces, [](std::string_view piece) { return piece.empty(); });
  SegmentFile& file = *open_segment().file;
  if (absl::Status zeroed = ZeroAhead(frame.bytes()); !zeroed.ok()) return zeroed;
  if (absl::Status written = file.Append(open_end_, pieces); !written.ok()) return written;
  return file.Sync();
}

absl::Status SegmentJournal::Append(std::span<const Block> blocks,
                                    std::span<const MetaWrite> meta) {
  CheckMetaWrites(meta);
  if (blocks.empty() && meta.empty()) return absl::OkStatus();
  if (failed_ || closed_) {
    return absl::InternalError(fmt::format(
        "{}: {}", path_,
        failed_ ? "an earlier append failed, its outcome is unknown" : "the journal is closed"));
  }
  Frame frame = BuildFrame(blocks, meta);
  if (absl::Status room = MakeRoom(frame.bytes(), blocks.size()); !room.ok()) {
    return absl::IsResourceExhausted(room) ? room : Fail(room);
  }
  if (absl::Status written = WriteFrame(frame, blocks); !written.ok()) return Fail(written);
  frame.after.frame_count += 1;
  frame.after.link = frame.header.checksum;
  {
    // One moment for both: whoever sees the metadata sees the blocks, and the other way round.
    const std::lock_guard meta_lock(meta_mutex_);
    const std::lock_guard lock(mutex_);
    const std::uint64_t frame_units = open_end_ / kSegmentAlignment;
    for (BlockPlace& place : frame.places) {
      place.offset_units += static_cast<std::uint32_t>(frame_units);
      open_segment().blocks.push_back(place);
    }
    state_ = frame.after;
    open_end_ += frame.bytes();
    KeepMeta(meta);
  }
  if (newer_meta_bytes_ > kNewerMetaBytesMax) {
    if (absl::Status committed = CommitIndex({}); !committed.ok()) return Fail(committed);
  }
  return absl::OkStatus();
}

// With `meta_mutex_` held. What was written and deleted since the index was written last is as if
// it had never been: what lives shortly never gets there.
void SegmentJournal::KeepMeta(std::span<const MetaWrite> meta) {
  const auto bytes_of = [](std::string_view key, const std::optional<std::string>& value) {
    return key.size() + (value.has_value() ? value->size() : 0);
  };
  for (const MetaWrite& write : meta) {
    if (const auto older = newer_meta_.find(write.key); older != newer_meta_.end()) {
      newer_meta_bytes_ -= bytes_of(older->first, older->second);
      newer_meta_.erase(older);
    }
    if (!write.value.has_value()) {
      const auto indexed = index_->Get(IndexSpace::kUser, write.key);
      if (indexed.ok() && !indexed->has_value()) continue;
    }
    newer_meta_bytes_ += bytes_of(write.key, write.value);
    newer_meta_.emplace(write.key, write.value);
  }
}

absl::Status SegmentJournal::CommitIndex(std::vector<MetaWrite> system) {
  std::vector<MetaWrite> user;
  {
    const std::lock_guard lock(meta_mutex_);
    for (const auto& [key, value] : newer_meta_) user.push_back({key, value});
  }
  if (absl::Status committed = index_->Commit(system, user); !committed.ok()) return committed;
  const std::lock_guard lock(meta_mutex_);
  newer_meta_.clear();
  newer_meta_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status SegmentJournal::Close() {
  if (closed_ || failed_) {
    closed_ = true;
    return absl::OkStatus();
  }
  closed_ = true;
  KnownEnd end = known_;
  end.state = State();
  end.open_size = open_end_;
  if (end == known_ && open_size_ == open_end_) return absl::OkStatus();
  // The index first: it then knows both sizes that the file can have.
  if (absl::Status committed = CommitIndex({{kEndKey, EncodeKnownEnd(end)}}); !committed.ok()) {
    return InFile(path_, committed);
  }
  known_ = end;
  SegmentFile& file = *open_segment().file;
  absl::Status cut = file.Truncate(open_end_);
  return cut.ok() ? file.Sync() : cut;
}

absl::Status SegmentJournal::ArchivedError(const Segment& segment) const {
  return absl::FailedPreconditionError(
      fmt::format("{}: blocks {} to {} are archived{}; restore {}/{}", path_, segment.first_block(),
                  segment.record.after.head.block_count - 1,
                  options_.archive.empty() ? "" : fmt::format(" and not in {}", options_.archive),
                  *segment.record.archive, segment.name()));
}

// With `mutex_` held.
std::string SegmentJournal::FileOf(const Segment& segment) const {
  const std::string& directory = segment.record.archive.has_value() ? options_.archive : path_;
  return directory + "/" + segment.name();
}

// What the footer of an archived segment says, of which nothing here is kept at first: without
// `lock`, because an archive may be slow and the writer must not wait for it.
absl::Status SegmentJournal::FindParts(Segment& segment, std::unique_lock<std::mutex>& lock) const {
  while (segment.record.archive.has_value() && segment.parts.empty()) {
    if (options_.archive.empty()) return ArchivedError(segment);
    const SealedSegment sealed = segment.record;
    const std::string path = FileOf(segment);
    lock.unlock();
    const auto file = files_.Open(path, FileSystem::Mode::kRead);
    absl::StatusOr<std::vector<FooterPart>> parts =
        file.ok() ? ReadFooterParts(**file, instance_, origin_, sealed) : file.status();
    lock.lock();
    // It may have been restored meanwhile.
    if (segment.record != sealed) continue;
    if (absl::IsNotFound(parts.status())) return ArchivedError(segment);
    if (!parts.ok()) return InFile(path, parts.status());
    segment.parts = *std::move(parts);
  }
  return absl::OkStatus();
}

absl::StatusOr<FooterPartCache::Places> SegmentJournal::PartOf(
    Segment& segment, std::size_t number, std::unique_lock<std::mutex>& lock) const {
  const std::uint64_t first_block = segment.first_block();
  if (FooterPartCache::Places kept = places_.Find(first_block, number); kept != nullptr) {
    return kept;
  }
  if (segment.file == nullptr) {
    absl::Status opened = OpenFile(segment, lock);
    if (!opened.ok()) return opened;
    return nullptr;
  }
  const std::shared_ptr<SegmentFile> file = segment.file;
  const SealedSegment sealed = segment.record;
  const FooterPart part = segment.parts[number];
  const std::string path = FileOf(segment);
  lock.unlock();
  absl::StatusOr<std::vector<BlockPlace>> read = ReadFooterPart(*file, sealed, number, part);
  lock.lock();
  if (!read.ok()) return InFile(path, read.status());
  auto places = std::make_shared<const std::vector<BlockPlace>>(*std::move(read));
  places_.Keep(first_block, number, places);
  return places;
}

// The file of a segment that has none open, without `lock` as above.
absl::Status SegmentJournal::OpenFile(Segment& segment, std::unique_lock<std::mutex>& lock) const {
  const SealedSegment record = segment.record;
  const std::string path = FileOf(segment);
  lock.unlock();
  absl::StatusOr<std::unique_ptr<SegmentFile>> file = files_.Open(path, FileSystem::Mode::kRead);
  lock.lock();
  // It may have been opened, archived or restored meanwhile.
  if (segment.file != nullptr || segment.record != record) return absl::OkStatus();
  if (absl::IsNotFound(file.status())) {
    if (segment.record.archive.has_value()) return ArchivedError(segment);
    return absl::DataLossError(path + ": the segment is missing");
  }
  if (!file.ok()) return file.status();
  segment.file = *std::move(file);
  opened_.push_back(&segment);
  if (opened_.size() > kOpenFilesMax) {
    opened_.front()->file.reset();
    opened_.pop_front();
  }
  return absl::OkStatus();
}

absl::StatusOr<BlockLocation> SegmentJournal::Locate(std::uint64_t number) const {
  std::unique_lock lock(mutex_);
  if (number >= state_.head.block_count) {
    return absl::NotFoundError(
        fmt::format("block {} is past the end, there are {}", number, state_.head.block_count));
  }
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), number,
      [](std::uint64_t n, const auto& segment) { return n < segment->first_block(); });
  Segment& segment = **(after - 1);
  const std::uint64_t at = number - segment.first_block();
  // Whichever is there may be gone when the other is.
  while (true) {
    if (!segment.sealed) {
      return BlockLocation{
          .file = segment.file, .path = FileOf(segment), .place = segment.blocks[at]};
    }
    if (absl::Status found = FindParts(segment, lock); !found.ok()) return found;
    const auto places = PartOf(segment, at / kFooterPartBlocks, lock);
    if (!places.ok()) return places.status();
    if (*places == nullptr) continue;
    if (segment.file != nullptr) {
      return BlockLocation{.file = segment.file,
                           .path = FileOf(segment),
                           .place = (**places)[at % kFooterPartBlocks]};
    }
    if (absl::Status opened = OpenFile(segment, lock); !opened.ok()) return opened;
  }
}

absl::StatusOr<Block> SegmentJournal::Read(std::uint64_t number) const {
  absl::StatusOr<BlockLocation> located = Locate(number);
  if (!located.ok()) return located.status();
  return ReadBlock(*std::move(located), number);
}

absl::StatusOr<std::unique_ptr<BodyReader>> SegmentJournal::OpenBody(std::uint64_t number) const {
  absl::StatusOr<BlockLocation> located = Locate(number);
  if (!located.ok()) return located.status();
  return OpenBlockBody(*std::move(located), number);
}

absl::StatusOr<std::uint64_t> SegmentJournal::FindBlock(std::uint64_t index) const {
  std::unique_lock lock(mutex_);
  if (index >= state_.head.record_count) {
    return absl::NotFoundError(
        fmt::format("record {} is past the end, there are {}", index, state_.head.record_count));
  }
  const auto segment_after = std::upper_bound(segments_.begin(), segments_.end(), index,
                                              [](std::uint64_t i, const auto& segment) {
                                                return i < segment->record.before.head.record_count;
                                              });
  // A segment that holds no block yet begins where its predecessor ends.
  Segment& segment = **(segment_after - 1);
  const auto last_from = [index](const auto& from) {
    const auto after =
        std::upper_bound(from.begin(), from.end(), index,
                         [](std::uint64_t i, const auto& item) { return i < item.first_index; });
    return static_cast<std::uint64_t>(after - from.begin()) - 1;
  };
  while (segment.sealed) {
    if (absl::Status found = FindParts(segment, lock); !found.ok()) return found;
    const std::uint64_t part = last_from(segment.parts);
    const auto places = PartOf(segment, part, lock);
    if (!places.ok()) return places.status();
    if (*places == nullptr) continue;
    return segment.first_block() + part * kFooterPartBlocks + last_from(**places);
  }
  return segment.first_block() + last_from(segment.blocks);
}

absl::StatusOr<std::optional<std::string>> SegmentJournal::GetMeta(std::string_view key) const {
  {
    const std::lock_guard lock(meta_mutex_);
    if (const auto newer = newer_meta_.find(key); newer != newer_meta_.end()) return newer->second;
  }
  auto value = index_->Get(IndexSpace::kUser, key);
  if (!value.ok()) return InFile(path_, value.status());
  return value;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> SegmentJournal::ListMeta(
    std::string_view prefix) const {
  // Held over both, so that what is newer here is newer than what is read there.
  const std::lock_guard lock(meta_mutex_);
  auto older = index_->List(IndexSpace::kUser, prefix);
  if (!older.ok()) return InFile(path_, older.status());
  std::map<std::string, std::string> merged;
  for (auto& record : *older) merged.insert(std::move(record));
  for (auto it = newer_meta_.lower_bound(prefix);
       it != newer_meta_.end() && std::string_view(it->first).starts_with(prefix); ++it) {
    if (it->second.has_value()) {
      merged.insert_or_assign(it->first, *it->second);
    } else {
      merged.erase(it->first);
    }
  }
  return std::vector<std::pair<std::string, std::string>>(std::make_move_iterator(merged.begin()),
                                                          std::make_move_iterator(merged.end()));
}

}  // namespace causeway::store
