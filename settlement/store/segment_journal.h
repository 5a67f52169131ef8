// Journal for ledgers: block bytes in preallocated, checksummed segment files, identity, metadata
// and the list of segments in LMDB. An append costs one data sync; LMDB is written when a segment
// is sealed and when the journal is closed. Format and rules: docs/formats/journal.md; why:
// docs/adr/0006-segments-for-journal-bytes.md.
//
// Threads: one writer at a time calls Append and Close. Const members, Archive and Restore may run
// beside it.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_JOURNAL_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_JOURNAL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/journal.h"
#include "settlement/store/scrub.h"
#include "settlement/store/segment_file.h"
#include "settlement/store/segment_format.h"
#include "settlement/store/segment_places.h"

namespace causeway::store {

class LmdbIndex;
struct BlockLocation;
struct LoadedSegments;
struct Segment;

struct SegmentOptions {
  // A segment is sealed when the next append would make it longer. A multiple of 1 MiB. A single
  // append that needs more gets a longer segment.
  std::uint64_t segment_bytes = std::uint64_t{256} << 20;
  // Verifies every block on opening, not only those of the open segment.
  bool verify_all = false;
  std::uint64_t map_bytes_max = std::uint64_t{64} << 30;  // of LMDB: metadata only
  FileSystem* files = nullptr;                            // null: the system's. Borrowed.
  // Where archived segments are read from: any directory that has their files. Empty: nowhere, and
  // their blocks are refused. Never the journal's own.
  std::string archive;
  std::optional<Instance> instance;  // of a new journal; drawn at random when absent
};

class SegmentJournal final : public Journal {
 public:
  // Opens the journal in directory `path`, or creates it there when there is none. Refuses, with
  // file, offset and block: FailedPrecondition for a foreign journal or segment, or a journal that
  // is open elsewhere; DataLoss for damaged, truncated or missing files; ResourceExhausted for a
  // new journal without room; Internal for an error of the system. Cuts off an append that a crash
  // left unfinished.
  static absl::StatusOr<std::unique_ptr<SegmentJournal>> Open(const std::string& path,
                                                              const JournalIdentity& identity,
                                                              const SegmentOptions& options = {});
  ~SegmentJournal() override;  // closes, and forgets errors

  // Journal. Blocks of archived segments that are not to be had from SegmentOptions::archive:
  // FailedPrecondition that names the file to restore.
  // Metadata are kept in the segments too: small and few is cheap.
  absl::Status Append(std::span<const Block> blocks, std::span<const MetaWrite> meta) override;
  absl::StatusOr<Block> Read(std::uint64_t number) const override;
  absl::StatusOr<std::unique_ptr<BodyReader>> OpenBody(std::uint64_t number) const override;
  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override;
  std::uint64_t block_count() const override { return State().head.block_count; }
  std::uint64_t record_count() const override { return State().head.record_count; }
  core::Hash256 head() const override { return State().head.chain; }
  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const override;
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const override;

  // Records the end in the index, which makes any later damage to it visible, and gives back
  // reserved space. No append may follow.
  absl::Status Close();

  // Moves the sealed segments that hold only blocks before `before_block` to `directory`, which may
  // be on another disk and is created when missing. Each is verified there before it is removed
  // here. FailedPrecondition when it is the journal's own directory, by whatever name, or holds
  // segments of another journal. Their blocks are read from SegmentOptions::archive from then on,
  // until Restore. Cancelled soon after `stopped` says so; what was moved until then is.
  absl::Status Archive(std::uint64_t before_block, const std::string& directory,
                       const std::function<bool()>& stopped = nullptr);
  // Whether every block can be read: FailedPrecondition names the first archived segment that is
  // not in SegmentOptions::archive, DataLoss one whose footer there is damaged.
  absl::Status CheckReadable() const;
  std::size_t archived_count() const;
  // Copies every archived segment that `directory` holds back into the journal, verified. NotFound
  // when it holds none.
  absl::Status Restore(const std::string& directory);
  // Writes a verified copy of the journal into `directory`, which must be empty or missing: all
  // that is durable at some moment after the call began, without the archived segments. Appends may
  // go on. Cancelled soon after `stopped` says so; what is in the directory then is no copy.
  absl::Status Backup(const std::string& directory,
                      const std::function<bool()>& stopped = nullptr) const;
  // Reads and verifies every sealed segment that is here, beside everything else, and tells what is
  // damaged. The open one was verified at opening. Cancelled when the context says so.
  absl::Status Scrub(const ScrubContext& context) const;
  // The same for the archived ones, in SegmentOptions::archive; reads nothing without one. When it
  // cannot be listed, the error of that.
  absl::Status ScrubArchive(const ScrubContext& context) const;

 private:
  struct Frame;

  SegmentJournal(std::unique_ptr<LmdbIndex> index, FileSystem& files, JournalIdentity identity,
                 const SegmentOptions& options, LoadedSegments loaded);
  SegmentState State() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  Frame BuildFrame(std::span<const Block> blocks, std::span<const MetaWrite> meta) const;
  absl::Status MakeRoom(std::uint64_t frame_bytes, std::uint64_t blocks);
  absl::Status Reserve(std::uint64_t needed, std::uint64_t size);
  absl::Status SwitchSegment(std::uint64_t size);
  absl::StatusOr<std::vector<FooterPart>> SealOpenSegment(SealedSegment& sealed);
  absl::Status ZeroAhead(std::uint64_t frame_bytes);
  absl::Status WriteFrame(Frame& frame, std::span<const Block> blocks);
  void KeepMeta(std::span<const MetaWrite> meta);
  // Writes `system` and all metadata that the index lacks.
  absl::Status CommitIndex(std::vector<MetaWrite> system);
  absl::Status Fail(const absl::Status& status);
  std::uint64_t GrownSize(std::uint64_t needed) const;
  SegmentHeader HeaderFor(const SegmentState& before) const;
  Segment& open_segment() const { return *segments_.back(); }
  absl::Status OpenFile(Segment& segment, std::unique_lock<std::mutex>& lock) const;
  absl::StatusOr<BlockLocation> Locate(std::uint64_t number) const;
  absl::Status ArchivedError(const Segment& segment) const;
  std::string FileOf(const Segment& segment) const;
  absl::Status FindParts(Segment& segment, std::unique_lock<std::mutex>& lock) const;
  // The places of part `number` of a sealed segment that has its parts; null: somebody changed
  // where it lies meanwhile, look again.
  absl::StatusOr<FooterPartCache::Places> PartOf(Segment& segment, std::size_t number,
                                                 std::unique_lock<std::mutex>& lock) const;
  std::vector<SealedSegment> SealedSegments() const;
  absl::Status ScrubSegments(const ScrubContext& context, bool archived) const;
  // Sets where a sealed segment lies, in the index and here. `parts`: of one that is here.
  absl::Status SetArchive(SealedSegment sealed, std::vector<FooterPart> parts);

  std::unique_ptr<LmdbIndex> index_;  // holds the directory
  FileSystem& files_;
  const JournalIdentity identity_;
  SegmentOptions options_;
  Instance instance_;
  core::Hash256 origin_;
  std::string path_;

  // The writer's.
  bool failed_ = false;
  bool closed_ = false;
  KnownEnd known_;               // what the index has
  std::uint64_t open_size_ = 0;  // of the open segment's file, durable

  mutable std::mutex archive_mutex_;  // one of Archive, Restore and Backup; taken before the others
  mutable std::mutex mutex_;
  SegmentState state_;            // durable
  std::uint64_t open_end_ = 0;    // of the last frame in the open segment
  std::uint64_t zeroed_end_ = 0;  // up to it, frames and zeros were written to the open segment
  std::vector<std::unique_ptr<Segment>> segments_;
  mutable std::deque<Segment*> opened_;  // sealed segments whose file is open
  mutable FooterPartCache places_;       // of sealed segments

  // Metadata that the index lacks. Taken before `mutex_` where both are.
  mutable std::mutex meta_mutex_;
  std::map<std::string, std::optional<std::string>, std::less<>> newer_meta_;
  std::uint64_t newer_meta_bytes_ = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_JOURNAL_H_
