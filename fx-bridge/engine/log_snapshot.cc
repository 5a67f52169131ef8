#include "fx-bridge/engine/log_snapshot.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "settlement/core/field_reader.h"
#include "settlement/core/hash.h"

namespace causeway::bridge {
namespace {

constexpr std::string_view kLogSnapshotMagic = "causeway/decision-log-snapshot/v1\n";
constexpr std::string_view kLogSnapshotDomain = "causeway/decision-log-snapshot-authentication/v1";
constexpr std::size_t kHashesPerFrame = 32'768;  // 1 MiB
constexpr std::size_t kKeysPerFrame = 131'072;   // 1 MiB

// The last frame authenticates all others: who could write the directory and not know the secret
// could otherwise have an id decided a second time.
class FrameAuthenticator {
 public:
  explicit FrameAuthenticator(const store::FingerprintKey& secret)
      : key_(core::HmacSha256(
            std::string_view(reinterpret_cast<const char*>(secret.data()), secret.size()),
            kLogSnapshotDomain)) {}
  void Add(std::string_view frame) {
    hasher_.Update(core::Writer().U32(static_cast<std::uint32_t>(frame.size())).bytes());
    hasher_.Update(frame);
  }
  std::string Finish() {
    return std::string(core::HmacSha256(key_.view(), hasher_.Finish().view()).view());
  }

 private:
  const core::Hash256 key_;
  core::Sha256Hasher hasher_;
};

std::string EncodeHead(const LogSnapshot& snapshot, const core::LedgerOrigin& log) {
  core::Writer writer;
  writer.Raw(kLogSnapshotMagic).Sized(log.text()).U8(kTreeLowestLevel);
  writer.U64(snapshot.batches).U64(snapshot.records).U64(snapshot.keys_from);
  return std::move(writer).Take();
}

absl::StatusOr<LogSnapshot> DecodeHead(std::string_view frame, const core::LedgerOrigin& log) {
  core::Reader reader(frame);
  if (reader.Raw(kLogSnapshotMagic.size()) != kLogSnapshotMagic) {
    return absl::FailedPreconditionError("it is not of version 1");
  }
  if (reader.Sized() != log.text() || reader.U8() != kTreeLowestLevel) {
    return absl::FailedPreconditionError("it is of another log, or its tree of another level");
  }
  LogSnapshot snapshot;
  snapshot.batches = reader.U64();
  snapshot.records = reader.U64();
  snapshot.keys_from = reader.U64();
  if (!reader.Done() || snapshot.keys_from > snapshot.records) {
    return absl::DataLossError("its head is damaged");
  }
  return snapshot;
}

class FrameReader {
 public:
  FrameReader(store::SnapshotReader& frames, const store::FingerprintKey& secret)
      : frames_(frames), authenticator_(secret) {}

  absl::StatusOr<std::string> Next() {
    absl::StatusOr<std::string> frame = frames_.Next();
    if (frame.ok()) authenticator_.Add(*frame);
    return frame;
  }
  // `count` hashes or numbers, in as many frames as WriteLogSnapshot made of them.
  template <typename T, typename Read>
  absl::Status Take(std::uint64_t count, std::size_t per_frame, std::vector<T>& out, Read read) {
    while (out.size() < count) {
      absl::StatusOr<std::string> frame = Next();
      if (!frame.ok()) return frame.status();
      core::Reader reader(*frame);
      const std::uint64_t here = std::min<std::uint64_t>(per_frame, count - out.size());
      for (std::uint64_t i = 0; i < here && reader.ok(); ++i) out.push_back(read(reader));
      if (!reader.Done()) return absl::DataLossError("a frame has another size");
    }
    return absl::OkStatus();
  }
  bool EndsHere() {
    const std::string expected = authenticator_.Finish();
    const absl::StatusOr<std::string> last = frames_.Next();
    return last.ok() && *last == expected && absl::IsOutOfRange(frames_.Next().status());
  }

 private:
  store::SnapshotReader& frames_;
  FrameAuthenticator authenticator_;
};

}  // namespace

absl::Status WriteLogSnapshot(const LogSnapshot& snapshot, const core::LedgerOrigin& log,
                              const store::FingerprintKey& secret, store::SnapshotStore& store) {
  absl::StatusOr<std::unique_ptr<store::SnapshotWriter>> writer = store.Create();
  if (!writer.ok()) return writer.status();
  FrameAuthenticator authenticator(secret);
  const auto append = [&](std::string_view frame) {
    authenticator.Add(frame);
    return (*writer)->Append(frame);
  };
  const auto append_all = [&](const auto& values, std::size_t per_frame, auto write) {
    for (std::size_t from = 0; from < values.size(); from += per_frame) {
      core::Writer frame;
      const std::size_t to = std::min(values.size(), from + per_frame);
      for (std::size_t i = from; i < to; ++i) write(frame, values[i]);
      if (absl::Status added = append(frame.bytes()); !added.ok()) return added;
    }
    return absl::OkStatus();
  };
  const auto hash = [](core::Writer& frame, const core::Hash256& value) { frame.Hash(value); };
  const auto key = [](core::Writer& frame, std::uint64_t value) { frame.U64(value); };
  absl::Status added = append(EncodeHead(snapshot, log));
  if (added.ok()) added = append_all(snapshot.subtrees, kHashesPerFrame, hash);
  if (added.ok()) added = append_all(snapshot.leaves, kHashesPerFrame, hash);
  if (added.ok()) added = append_all(snapshot.keys, kKeysPerFrame, key);
  if (added.ok()) added = (*writer)->Append(authenticator.Finish());
  return added.ok() ? (*writer)->Publish(snapshot.batches) : added;
}

absl::StatusOr<LogSnapshot> ReadLogSnapshot(std::uint64_t batches, const core::LedgerOrigin& log,
                                            const store::FingerprintKey& secret,
                                            const store::SnapshotStore& store) {
  absl::StatusOr<std::unique_ptr<store::SnapshotReader>> frames = store.Open(batches);
  if (!frames.ok()) return frames.status();
  FrameReader reader(**frames, secret);
  const absl::StatusOr<std::string> first = reader.Next();
  if (!first.ok()) return first.status();
  absl::StatusOr<LogSnapshot> snapshot = DecodeHead(*first, log);
  if (!snapshot.ok()) return snapshot;
  if (snapshot->batches != batches || batches == 0) {
    return absl::DataLossError(fmt::format("it says that it is of {} batches", snapshot->batches));
  }
  const std::uint64_t subtrees = snapshot->records >> kTreeLowestLevel;
  const std::uint64_t leaves = snapshot->records - (subtrees << kTreeLowestLevel);
  const auto hash = [](core::Reader& frame) { return frame.Hash(); };
  const auto key = [](core::Reader& frame) { return frame.U64(); };
  absl::Status taken = reader.Take(subtrees, kHashesPerFrame, snapshot->subtrees, hash);
  if (taken.ok()) taken = reader.Take(leaves, kHashesPerFrame, snapshot->leaves, hash);
  if (taken.ok()) {
    taken =
        reader.Take(snapshot->records - snapshot->keys_from, kKeysPerFrame, snapshot->keys, key);
  }
  if (!taken.ok()) return taken;
  if (!reader.EndsHere()) {
    return absl::DataLossError("it is damaged, or was not written by this bridge");
  }
  return snapshot;
}

}  // namespace causeway::bridge
