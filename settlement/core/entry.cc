#include "settlement/core/entry.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/field_reader.h"

namespace causeway::core {
namespace {

constexpr std::size_t kRuleBytesMax = 1024;  // 140 characters of UTF-8, with room
// An encoded posting with an address of no characters: what a count is held against.
constexpr std::size_t kPostingBytesMin = 4 + 1 + 1 + 8 + 8 + 8 + 8;

absl::Status Malformed(std::string_view leaf, std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}: {}: {}", leaf, field, what));
}

// The end of every decoder: all read, nothing left.
absl::Status CheckEnd(std::string_view leaf, const Reader& reader) {
  if (reader.Done()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      reader.ok() ? fmt::format("{} has {} bytes too many", leaf, reader.remaining())
                  : fmt::format("{} ends too early", leaf));
}

absl::Status CheckStart(std::string_view leaf, std::uint8_t kind, Reader& reader) {
  const std::uint8_t read = reader.U8();
  const std::uint8_t version = reader.U8();
  if (!reader.ok()) return absl::OkStatus();  // CheckEnd says so
  if (read != kind) return Malformed(leaf, "kind", fmt::format("is {}; must be {}", read, kind));
  if (version != kLeafVersion) {
    return Malformed(leaf, "version",
                     fmt::format("is {}; this program reads {}", version, kLeafVersion));
  }
  return absl::OkStatus();
}

Rejection ReadRejection(FieldReader& reader) {
  Rejection rejection;
  const std::uint16_t number = reader.raw().U16();
  const std::optional<Outcome> outcome = OutcomeFromNumber(number);
  if (!outcome.has_value() || !IsRecorded(*outcome)) {
    reader.Fault("outcome", fmt::format("{} is none that is recorded", number));
  }
  rejection.outcome = outcome.value_or(Outcome::kMalformed);
  rejection.actual = reader.raw().I64();
  rejection.required = reader.raw().I64();
  rejection.rule = reader.raw().Sized();
  if (rejection.rule.size() > kRuleBytesMax) {
    reader.Fault("rule",
                 fmt::format("has {} bytes; the most is {}", rejection.rule.size(), kRuleBytesMax));
  }
  return rejection;
}

Posting ReadPosting(FieldReader& reader) {
  Posting posting;
  posting.address = reader.Parsed<AccountAddress>("postings.address");
  posting.bucket = reader.Closed("postings.bucket", Bucket{1}, Bucket::kHeld);
  posting.code = reader.Closed("postings.code", TransactionCode{1}, TransactionCode::kCreditCharge);
  posting.amount = Amount::FromMinor(reader.raw().I64());
  posting.balance_after = Amount::FromMinor(reader.raw().I64());
  posting.sequence = reader.raw().U64();
  posting.previous = reader.raw().U64();
  return posting;
}

}  // namespace

bool IsPart(const Entry& entry) {
  return entry.status == InstructionStatus::kQueued && SettledPartsOf(entry.rejection).has_value();
}

std::string EncodeGenesisLeaf(std::string_view genesis_bytes) {
  Writer writer;
  writer.U8(kLeafGenesis).U8(kLeafVersion).Sized(genesis_bytes);
  return std::move(writer).Take();
}

absl::StatusOr<std::string> DecodeGenesisLeaf(std::string_view bytes) {
  Reader reader(bytes);
  if (absl::Status start = CheckStart("genesis leaf", kLeafGenesis, reader); !start.ok()) {
    return start;
  }
  const std::string_view genesis = reader.Sized();
  if (absl::Status end = CheckEnd("genesis leaf", reader); !end.ok()) return end;
  return std::string(genesis);
}

std::string EncodeBatchHeader(const BatchHeader& header) {
  Writer writer;
  writer.U8(kLeafBatchHeader).U8(kLeafVersion).U64(header.number).U64(header.first_index);
  writer.I64(header.time.micros()).U32(static_cast<std::uint32_t>(header.date.days()));
  writer.U8(static_cast<std::uint8_t>(header.phase)).U64(header.policy_version);
  writer.U32(header.entry_count).Sized(header.commitments);
  return std::move(writer).Take();
}

absl::StatusOr<BatchHeader> DecodeBatchHeader(std::string_view bytes) {
  constexpr std::string_view kLeaf = "batch header";
  Reader reader(bytes);
  if (absl::Status start = CheckStart(kLeaf, kLeafBatchHeader, reader); !start.ok()) return start;
  BatchHeader header;
  header.number = reader.U64();
  header.first_index = reader.U64();
  header.time = LedgerTime::FromMicros(reader.I64());
  const auto days = static_cast<std::int32_t>(reader.U32());
  const std::uint8_t phase = reader.U8();
  header.policy_version = reader.U64();
  header.entry_count = reader.U32();
  header.commitments = reader.Sized();
  if (absl::Status end = CheckEnd(kLeaf, reader); !end.ok()) return end;
  const std::optional<BusinessDate> date = BusinessDate::FromDays(days);
  if (!date.has_value()) {
    return Malformed(kLeaf, "date",
                     fmt::format("{} days after 1970-01-01 is outside the calendar; "
                                 "must be within the years 1 to 9999",
                                 days));
  }
  header.date = *date;
  // Only the genesis, which is batch 0, comes before there is a phase.
  if (phase > static_cast<std::uint8_t>(DayPhase::kClosed) || (phase == 0 && header.number != 0)) {
    return Malformed(kLeaf, "phase", fmt::format("is {}; must be 1 to 3", phase));
  }
  header.phase = static_cast<DayPhase>(phase);
  return header;
}

std::string EncodeEntry(const Entry& entry) {
  Writer writer;
  writer.U8(kLeafEntry).U8(kLeafVersion).U64(entry.index);
  writer.Raw({reinterpret_cast<const char*>(entry.salt.data()), entry.salt.size()});
  writer.Sized(entry.instruction.party.text());
  writer.U8(static_cast<std::uint8_t>(entry.instruction.kind));
  writer.Sized(entry.instruction.id.text());
  writer.U8(static_cast<std::uint8_t>(entry.status));
  writer.U8(static_cast<std::uint8_t>(entry.cause));
  writer.U16(static_cast<std::uint16_t>(entry.rejection.outcome));
  writer.I64(entry.rejection.actual).I64(entry.rejection.required).Sized(entry.rejection.rule);
  writer.Raw(entry.uetr.view()).Hash(entry.payload_hash).U32(entry.item);
  writer.Hash(entry.settlement_id);
  writer.U32(static_cast<std::uint32_t>(entry.postings.size()));
  for (const Posting& posting : entry.postings) {
    writer.Sized(posting.address.text());
    writer.U8(static_cast<std::uint8_t>(posting.bucket));
    writer.U8(static_cast<std::uint8_t>(posting.code));
    writer.I64(posting.amount.minor()).I64(posting.balance_after.minor()).U64(posting.sequence);
    writer.U64(posting.previous);
  }
  return std::move(writer).Take();
}

absl::StatusOr<Entry> DecodeEntry(std::string_view bytes) {
  FieldReader reader("entry", bytes);
  if (absl::Status start = CheckStart("entry", kLeafEntry, reader.raw()); !start.ok()) return start;
  Entry entry;
  entry.index = reader.raw().U64();
  const std::string_view salt = reader.raw().Raw(entry.salt.size());
  std::copy(salt.begin(), salt.end(), entry.salt.begin());
  entry.instruction.party = reader.Parsed<ParticipantId>("instruction.party");
  entry.instruction.kind = reader.Closed("instruction.kind", ActionKind{1}, kActionKindLast);
  entry.instruction.id = reader.Parsed<InstructionId>("instruction.id");
  entry.status = reader.Closed("status", InstructionStatus{1}, InstructionStatus::kAborted);
  entry.cause = reader.Closed("cause", Cause{1}, Cause::kEndOfDay);
  entry.rejection = ReadRejection(reader);
  entry.uetr = reader.ReadUetr("uetr");
  entry.payload_hash = reader.raw().Hash();
  entry.item = reader.raw().U32();
  entry.settlement_id = reader.raw().Hash();
  const std::size_t count = reader.Count("postings", kPostingBytesMin);
  entry.postings.reserve(count);
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    entry.postings.push_back(ReadPosting(reader));
  }
  if (absl::Status end = reader.Finish(); !end.ok()) return end;
  return entry;
}

}  // namespace causeway::core
