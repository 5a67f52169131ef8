#include "fx-bridge/runtime/rebuild.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "fx-bridge/engine/pending.h"
#include "fx-bridge/runtime/bridge_files.h"
#include "fx-bridge/runtime/decision_journal.h"
#include "settlement/codec/codec.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/decision_batch.h"
#include "settlement/core/merkle.h"
#include "settlement/core/settlement.h"
#include "settlement/core/settlement_list.h"
#include "settlement/core/suite.h"
#include "settlement/rpc/tls.h"
#include "settlement/store/segment_file.h"
#include "settlement/store/segment_journal.h"

namespace causeway::bridge {
namespace {

constexpr char kWitnessJournalKind[] = "witness";
// Written with one sync.
constexpr std::size_t kBlocksPerAppend = 64;

struct Source {
  std::string path;
  std::unique_ptr<store::SegmentJournal> journal;
};

absl::Status Wrong(const std::string& path, std::uint64_t batch, std::string_view what) {
  return absl::DataLossError(fmt::format("{}: batch {}: {}", path, batch, what));
}

absl::StatusOr<core::PolicySet> ReadPolicies(const std::vector<std::string>& files) {
  std::vector<std::string> policies;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> bytes = rpc::ReadWholeFile(file, kConfigBytesMax);
    if (!bytes.ok()) return bytes.status();
    policies.push_back(*std::move(bytes));
  }
  return codec::DecodePolicies(policies);
}

absl::StatusOr<Source> OpenSource(const std::string& path, const core::LedgerOrigin& log) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    return absl::NotFoundError(fmt::format("{}: is no directory", path));
  }
  store::JournalIdentity identity;
  identity.kind = kWitnessJournalKind;
  identity.name = log.ToString();
  absl::StatusOr<std::unique_ptr<store::SegmentJournal>> journal =
      store::SegmentJournal::Open(path, identity);
  if (!journal.ok()) return journal.status();
  if ((*journal)->block_count() == 0) {
    return absl::NotFoundError(fmt::format("{}: holds no batch of {}", path, log.text()));
  }
  return Source{path, *std::move(journal)};
}

// The last batch of the shorter one is also in the longer one: its checkpoint speaks for all before
// it.
absl::Status CheckSame(const Source& longest, const Source& other) {
  const std::uint64_t last = other.journal->block_count() - 1;
  const absl::StatusOr<store::Block> ours = longest.journal->Read(last);
  if (!ours.ok()) return ours.status();
  const absl::StatusOr<store::Block> theirs = other.journal->Read(last);
  if (!theirs.ok()) return theirs.status();
  if (ours->body == theirs->body) return absl::OkStatus();
  return Wrong(other.path, last,
               fmt::format("{} holds another one: the log has been forked", longest.path));
}

// Takes batches in their order and says what does not follow.
class Follower {
 public:
  explicit Follower(const core::PolicySet& policies) : policies_(policies) {}

  absl::Status Take(const std::string& path, const store::Block& block) {
    const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(block.body);
    if (!batch.ok()) return Wrong(path, block.number, std::string(batch.status().message()));
    if (batch->number != block.number || batch->first_index != tree_.size() ||
        block.first_index != tree_.size() || batch->decided.size() != block.count) {
      return Wrong(path, block.number, "its number, first index or count does not follow");
    }
    for (const core::DecidedSettlement& decided : batch->decided) {
      tree_.Append(core::LeafHash(decided.record));
    }
    absl::StatusOr<core::SignedCheckpoint> checkpoint = core::ParseCheckpoint(batch->checkpoint);
    if (!checkpoint.ok())
      return Wrong(path, block.number, std::string(checkpoint.status().message()));
    last_ = *std::move(checkpoint);
    if (last_.checkpoint.size != tree_.size() || last_.checkpoint.root != tree_.Root()) {
      return Wrong(path, block.number, "its checkpoint is not that of its records");
    }
    return absl::OkStatus();
  }
  // The log's signature on the last checkpoint speaks for all batches.
  absl::Status CheckSignature(const std::string& path, std::uint64_t number) const {
    const absl::Status verified =
        core::VerifyCheckpoint(last_, policies_.decision_log().text(), policies_.decision_log_key(),
                               core::OpenSslSignatureVerifier());
    return verified.ok() ? verified : Wrong(path, number, std::string(verified.message()));
  }
  core::Hash256 root() const { return tree_.Root(); }

 private:
  const core::PolicySet& policies_;
  core::MerkleFrontier tree_;
  core::SignedCheckpoint last_;
};

absl::StatusOr<core::Hash256> Verify(const Source& source, const core::PolicySet& policies) {
  Follower follower(policies);
  const std::uint64_t batches = source.journal->block_count();
  for (std::uint64_t number = 0; number < batches; ++number) {
    const absl::StatusOr<store::Block> block = source.journal->Read(number);
    if (!block.ok()) return block.status();
    if (absl::Status taken = follower.Take(source.path, *block); !taken.ok()) return taken;
  }
  if (absl::Status status = follower.CheckSignature(source.path, batches - 1); !status.ok()) {
    return status;
  }
  return follower.root();
}

// As an absolute path without links, which nothing could be renamed to, and without a slash at its
// end.
std::filesystem::path WholePath(const std::string& path, std::error_code& error) {
  std::filesystem::path whole = std::filesystem::absolute(path, error);
  if (!error) whole = std::filesystem::weakly_canonical(whole, error);
  return whole.has_filename() ? whole : whole.parent_path();
}

absl::Status CheckFree(const std::filesystem::path& directory) {
  std::error_code error;
  const bool there = std::filesystem::exists(directory, error);
  if (!error && there && !std::filesystem::is_empty(directory, error) && !error) {
    return absl::AlreadyExistsError(fmt::format(
        "{}: is not empty; name a directory that is not there yet", directory.string()));
  }
  if (!error) return absl::OkStatus();
  return absl::InternalError(fmt::format("{}: {}", directory.string(), error.message()));
}

// Which ledgers have carried a decision out stood in the journal that is lost. So every decision is
// open again, as one that was aborted unseen is: ledgers answer the certificate that they have
// followed already as they did the first time.
absl::Status OpenAgain(const store::Block& block, std::vector<store::MetaWrite>& meta) {
  const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(block.body);
  if (!batch.ok()) return batch.status();
  for (const core::DecidedSettlement& decided : batch->decided) {
    if (decided.terms.empty()) continue;  // an abort of which nobody can say whom to tell
    const absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(decided.record);
    if (!record.ok()) return record.status();
    Pending pending;
    pending.submitted = record->decided;
    pending.terms.payload_type = core::IsSettlementList(decided.terms)
                                     ? core::kSettlementListPayloadType
                                     : core::kTermsPayloadType;
    pending.terms.payload = decided.terms;
    meta.push_back({PendingKey(record->settlement_id), EncodePending(pending)});
  }
  return absl::OkStatus();
}

absl::Status Copy(const store::Journal& from, store::Journal& to) {
  std::vector<store::Block> blocks;
  std::vector<store::MetaWrite> meta;
  for (std::uint64_t number = 0; number < from.block_count(); ++number) {
    absl::StatusOr<store::Block> block = from.Read(number);
    if (!block.ok()) return block.status();
    if (absl::Status opened = OpenAgain(*block, meta); !opened.ok()) return opened;
    blocks.push_back(*std::move(block));
    if (blocks.size() < kBlocksPerAppend && number + 1 < from.block_count()) continue;
    if (absl::Status written = to.Append(blocks, meta); !written.ok()) return written;
    blocks.clear();
    meta.clear();
  }
  return absl::OkStatus();
}

absl::Status CopyInto(const std::string& directory, const core::LedgerOrigin& log,
                      const store::Journal& from) {
  const absl::StatusOr<std::unique_ptr<store::Journal>> journal =
      OpenDecisionJournal(directory, log);
  return journal.ok() ? Copy(from, **journal) : journal.status();
}

// Makes the journal beside its place and moves it there when it is whole.
absl::Status CopyAside(const std::string& data_directory, const core::LedgerOrigin& log,
                       const store::Journal& from) {
  std::error_code error;
  const std::filesystem::path directory = WholePath(data_directory, error);
  const std::string unfinished = directory.string() + kUnfinishedSuffix;
  if (!error) std::filesystem::remove_all(unfinished, error);
  if (error) return absl::InternalError(fmt::format("{}: {}", unfinished, error.message()));
  absl::Status status = CopyInto(unfinished, log, from);
  store::FileSystem& files = store::PosixFileSystem();
  if (status.ok()) status = files.Rename(unfinished, directory.string());
  if (!status.ok()) {
    std::filesystem::remove_all(unfinished, error);
    return status;
  }
  return files.SyncDirectory(directory.parent_path().string());
}

}  // namespace

absl::StatusOr<RebuiltLog> RebuildDecisionLog(const RebuildOptions& options) {
  const absl::StatusOr<core::PolicySet> policies = ReadPolicies(options.policy_files);
  if (!policies.ok()) return policies.status();
  if (options.from.empty()) return absl::InvalidArgumentError("from: name a witness's directory");
  if (absl::Status free = CheckFree(options.data_directory); !free.ok()) return free;
  std::vector<Source> sources;
  for (const std::string& path : options.from) {
    absl::StatusOr<Source> source = OpenSource(path, policies->decision_log());
    if (!source.ok()) return source.status();
    sources.push_back(*std::move(source));
  }
  const Source& longest = *std::max_element(
      sources.begin(), sources.end(), [](const Source& left, const Source& right) {
        return left.journal->block_count() < right.journal->block_count();
      });
  for (const Source& source : sources) {
    if (absl::Status same = CheckSame(longest, source); !same.ok()) return same;
  }
  const absl::StatusOr<core::Hash256> root = Verify(longest, *policies);
  if (!root.ok()) return root.status();
  absl::Status copied =
      CopyAside(options.data_directory, policies->decision_log(), *longest.journal);
  if (!copied.ok()) return copied;
  return RebuiltLog{longest.path, longest.journal->block_count(), longest.journal->record_count(),
                    *root};
}

}  // namespace causeway::bridge
