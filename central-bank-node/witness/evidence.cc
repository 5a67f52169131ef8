#include "central-bank-node/witness/evidence.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/core/bytes.h"

namespace causeway::witness {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

}  // namespace

std::string_view EvidenceKindName(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::kNone:
      return "none";
    case EvidenceKind::kForkedLog:
      return "forked-log";
    case EvidenceKind::kInvalidRecord:
      return "invalid-record";
    case EvidenceKind::kStateLost:
      return "state-lost";
  }
  return "unknown";
}

std::string EncodeEvidence(const Evidence& evidence) {
  core::Writer writer;
  writer.U8(kFormatVersion).U8(static_cast<std::uint8_t>(evidence.kind)).U64(evidence.epoch);
  writer.Hash(evidence.key).Sized(evidence.message).Sized(evidence.ours);
  writer.Sized(evidence.theirs).Sized(evidence.batch);
  return std::move(writer).Take();
}

absl::StatusOr<Evidence> DecodeEvidence(std::string_view bytes) {
  core::Reader reader(bytes);
  const std::uint8_t version = reader.U8();
  const std::uint8_t kind = reader.U8();
  Evidence evidence;
  evidence.epoch = reader.U64();
  evidence.key = reader.Hash();
  evidence.message = reader.Sized();
  evidence.ours = reader.Sized();
  evidence.theirs = reader.Sized();
  evidence.batch = reader.Sized();
  if (!reader.Done()) {
    return absl::InvalidArgumentError("evidence ends too early, or has bytes too many");
  }
  if (version != kFormatVersion || kind == 0 ||
      kind > static_cast<std::uint8_t>(EvidenceKind::kStateLost)) {
    return absl::InvalidArgumentError(
        fmt::format("evidence: version and kind: are {} and {}; this program reads version {} and "
                    "kinds 1 to 3",
                    version, kind, kFormatVersion));
  }
  evidence.kind = static_cast<EvidenceKind>(kind);
  return evidence;
}

}  // namespace causeway::witness
