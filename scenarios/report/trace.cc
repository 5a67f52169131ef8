#include "scenarios/report/trace.h"

#include <optional>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

constexpr std::uint8_t kKindLedger = 1;
constexpr std::uint8_t kKindDecisionLog = 2;
constexpr std::size_t kDigestBytes = 32;

// Writes and hashes at once.
class HashedStream {
 public:
  explicit HashedStream(std::ostream& out) : out_(out) {}
  void Write(std::string_view bytes) {
    hasher_.Update(bytes);
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  void WriteSized(std::string_view bytes) {
    core::Writer size;
    size.U32(static_cast<std::uint32_t>(bytes.size()));
    Write(size.bytes());
    Write(bytes);
  }
  void Finish() {
    const core::Hash256 digest = hasher_.Finish();
    out_.write(digest.view().data(), static_cast<std::streamsize>(digest.view().size()));
  }

 private:
  std::ostream& out_;
  core::Sha256Hasher hasher_;
};

core::Hash256 HashOfHex(const std::string& hex) {
  return core::Hash256::FromHex(hex).value_or(core::Hash256{});
}

void WriteLog(const Plan& plan, const RunResult& result, std::size_t index, HashedStream& out) {
  const RunResult::LogTrace& log = result.logs[index];
  const bool is_ledger = index < plan.ledgers.size();
  core::Writer head;
  head.U8(is_ledger ? kKindLedger : kKindDecisionLog).Sized(log.origin).Sized(log.genesis);
  if (is_ledger) {
    const LedgerResult& ledger = result.ledgers[index];
    head.Sized(HashOfHex(ledger.state_root).view())
        .Hash(HashOfHex(ledger.log_root))
        .U64(ledger.log_size);
  } else {
    head.Sized("").Hash(HashOfHex(result.decision_log_root)).U64(result.decisions);
  }
  head.U32(static_cast<std::uint32_t>(log.batches.size()));
  out.Write(head.bytes());
  for (const std::string& batch : log.batches) out.WriteSized(batch);
}

bool ReadLog(core::Reader& reader, TraceLog& log) {
  const std::uint8_t kind = reader.U8();
  if (kind != kKindLedger && kind != kKindDecisionLog) return false;
  log.is_ledger = kind == kKindLedger;
  log.origin = reader.Sized();
  log.genesis = reader.Sized();
  log.state_root = reader.Sized();
  log.log_root = reader.Hash();
  log.log_size = reader.U64();
  const std::uint32_t batches = reader.U32();
  for (std::uint32_t i = 0; i < batches && reader.ok(); ++i) {
    log.batches.emplace_back(reader.Sized());
  }
  return reader.ok() && log.state_root.size() == (log.is_ledger ? kDigestBytes : 0);
}

}  // namespace

void WriteTrace(const Plan& plan, const RunResult& result, std::ostream& out) {
  HashedStream stream(out);
  core::Writer head;
  head.Raw(kTraceMagic)
      .Sized(plan.name)
      .U64(plan.seed)
      .Sized(plan.source_sha256)
      .Sized(result.mode)
      .U32(static_cast<std::uint32_t>(result.logs.size()));
  stream.Write(head.bytes());
  for (std::size_t i = 0; i < result.logs.size(); ++i) WriteLog(plan, result, i, stream);
  stream.Finish();
}

absl::StatusOr<Trace> DecodeTrace(std::string_view bytes) {
  if (bytes.size() < kTraceMagic.size() + kDigestBytes ||
      bytes.substr(0, kTraceMagic.size()) != kTraceMagic) {
    return absl::DataLossError("this is not a trace of causeway-sim, version 1");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kDigestBytes);
  if (core::Sha256(body).view() != bytes.substr(body.size())) {
    return absl::DataLossError(
        "the trace is truncated or was changed: its SHA-256 at the end does not match");
  }
  core::Reader reader(body.substr(kTraceMagic.size()));
  Trace trace;
  trace.scenario = reader.Sized();
  trace.seed = reader.U64();
  trace.source_sha256 = reader.Sized();
  trace.mode = reader.Sized();
  const std::uint32_t logs = reader.U32();
  if (logs > kTraceLogsMax) {
    return absl::DataLossError(
        fmt::format("the trace has {} logs; at most {} are possible", logs, kTraceLogsMax));
  }
  for (std::uint32_t i = 0; i < logs; ++i) {
    if (!ReadLog(reader, trace.logs.emplace_back())) {
      return absl::DataLossError(fmt::format("log {} of the trace does not decode", i));
    }
  }
  if (!reader.Done()) return absl::DataLossError("the trace has bytes after its last log");
  return trace;
}

}  // namespace causeway::sim
