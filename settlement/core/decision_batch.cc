#include "settlement/core/decision_batch.h"

#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/bytes.h"

namespace causeway::core {
namespace {

constexpr std::uint8_t kFormatVersion = 1;
// Record, terms and votes: two lengths and a count.
constexpr std::size_t kDecidedBytesMin = 12;

absl::StatusOr<DecidedSettlement> ReadDecided(std::size_t position, Reader& reader) {
  DecidedSettlement decided;
  decided.record = reader.Sized();
  decided.terms = reader.Sized();
  const std::size_t count = reader.U32();
  if (reader.ok() && count > kSettlementLedgersMax) {
    return absl::InvalidArgumentError(
        fmt::format("decision batch: decided[{}].votes: there are {}; the most is {}", position,
                    count, kSettlementLedgersMax));
  }
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    decided.votes.emplace_back(reader.Sized());
  }
  return decided;
}

}  // namespace

std::string EncodeDecisionBatch(const DecisionBatch& batch) {
  Writer writer;
  writer.U8(kFormatVersion).U64(batch.number).U64(batch.first_index).I64(batch.time.micros());
  writer.U32(static_cast<std::uint32_t>(batch.decided.size()));
  for (const DecidedSettlement& decided : batch.decided) {
    writer.Sized(decided.record).Sized(decided.terms);
    writer.U32(static_cast<std::uint32_t>(decided.votes.size()));
    for (const std::string& vote : decided.votes) writer.Sized(vote);
  }
  writer.Sized(batch.checkpoint);
  return std::move(writer).Take();
}

std::uint64_t PeekDecisionBatchNumber(std::string_view bytes) {
  Reader reader(bytes);
  reader.U8();  // version
  const std::uint64_t number = reader.U64();
  return reader.ok() ? number : 0;
}

absl::StatusOr<DecisionBatch> DecodeDecisionBatch(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t version = reader.U8();
  if (reader.ok() && version != kFormatVersion) {
    return absl::InvalidArgumentError(fmt::format(
        "decision batch: version: is {}; this program reads {}", version, kFormatVersion));
  }
  DecisionBatch batch;
  batch.number = reader.U64();
  batch.first_index = reader.U64();
  batch.time = LedgerTime::FromMicros(reader.I64());
  const std::size_t count = reader.U32();
  if (reader.ok() && (count == 0 || count > reader.remaining() / kDecidedBytesMin)) {
    return absl::InvalidArgumentError(fmt::format(
        "decision batch: decided: count {} must be 1 or more, and the bytes that follow must hold "
        "so many",
        count));
  }
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    absl::StatusOr<DecidedSettlement> decided = ReadDecided(i, reader);
    if (!decided.ok()) return decided.status();
    batch.decided.push_back(*std::move(decided));
  }
  batch.checkpoint = reader.Sized();
  if (!reader.Done()) {
    return absl::InvalidArgumentError(
        reader.ok() ? fmt::format("decision batch has {} bytes too many", reader.remaining())
                    : std::string("decision batch ends too early"));
  }
  return batch;
}

}  // namespace causeway::core
