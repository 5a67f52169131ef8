#include "fx-bridge/engine/pending.h"

#include <utility>

#include "absl/status/status.h"
#include "settlement/core/bytes.h"
#include "settlement/core/settlement.h"

namespace causeway::bridge {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

}  // namespace

std::string PendingKey(const core::Hash256& id) { return kPendingPrefix + id.ToHex(); }

std::optional<core::Hash256> ParsePendingKey(std::string_view key) {
  constexpr std::string_view kPrefix = kPendingPrefix;
  if (!key.starts_with(kPrefix)) return std::nullopt;
  std::optional<core::Hash256> id = core::Hash256::FromHex(key.substr(kPrefix.size()));
  if (!id.has_value() || PendingKey(*id) != key) return std::nullopt;
  return id;
}

std::string EncodePending(const Pending& pending) {
  core::Writer writer;
  writer.U8(kFormatVersion).I64(pending.submitted.micros());
  writer.Sized(core::EncodeEnvelope(pending.terms));
  writer.U32(static_cast<std::uint32_t>(pending.legs.size()));
  for (const std::string& leg : pending.legs) writer.Sized(leg);
  writer.U8(pending.rejection.has_value() ? 1 : 0);
  if (pending.rejection.has_value()) {
    const core::Rejection& rejection = *pending.rejection;
    writer.U16(static_cast<std::uint16_t>(rejection.outcome));
    writer.I64(rejection.actual).I64(rejection.required);
    writer.Sized(rejection.rule).Sized(rejection.message);
  }
  return std::move(writer).Take();
}

absl::StatusOr<Pending> DecodePending(std::string_view bytes) {
  core::Reader reader(bytes);
  if (reader.U8() != kFormatVersion) {
    return absl::InvalidArgumentError("version: is not one that this program reads (1)");
  }
  Pending pending;
  pending.submitted = core::LedgerTime::FromMicros(reader.I64());
  absl::StatusOr<core::Envelope> terms = core::DecodeEnvelope(reader.Sized());
  if (!terms.ok()) return terms.status();
  pending.terms = *std::move(terms);
  const std::uint32_t count = reader.U32();
  if (count > core::kSettlementLegsMax) return absl::InvalidArgumentError("legs: too many");
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    pending.legs.emplace_back(reader.Sized());
  }
  const std::uint8_t has_rejection = reader.U8();
  if (has_rejection > 1) return absl::InvalidArgumentError("has rejection: must be 0 or 1");
  if (has_rejection == 1) {
    core::Rejection rejection;
    const auto outcome = core::OutcomeFromNumber(reader.U16());
    if (!outcome.has_value()) return absl::InvalidArgumentError("rejection: unknown outcome");
    rejection.outcome = *outcome;
    rejection.actual = reader.I64();
    rejection.required = reader.I64();
    rejection.rule = reader.Sized();
    rejection.message = reader.Sized();
    pending.rejection = std::move(rejection);
  }
  if (!reader.Done()) return absl::InvalidArgumentError("ends too early or has bytes too many");
  return pending;
}

}  // namespace causeway::bridge
