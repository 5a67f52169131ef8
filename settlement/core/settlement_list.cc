#include "settlement/core/settlement_list.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/packed.h"

namespace causeway::core {
namespace {

constexpr std::string_view kListMagic = "CWLIST01";
constexpr std::string_view kPartDomain = "causeway/list-part/v1\n";
constexpr std::string_view kListedDomain = "causeway/listed-settlement/v1\n";
constexpr std::size_t kListNonceBytes = 16;

absl::Status WrongList(std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("settlement list: {}: {}", field, what));
}

template <typename Id>
absl::Status ReadListed(std::string_view field, Reader& reader, Id& out) {
  absl::StatusOr<Id> id = Id::Parse(reader.Sized());
  if (!reader.ok()) return WrongList(field, "the payload ends too early");
  if (!id.ok()) return WrongList(field, std::string(id.status().message()));
  out = *std::move(id);
  return absl::OkStatus();
}

absl::Status CheckPartSize(std::string_view part, std::uint32_t count) {
  const std::size_t size = kPartSaltBytes + std::size_t{count} * kBulkPaymentBytes;
  if (part.size() == size) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("part: has {} bytes; must have {}, a salt of {} and {} for each of {} legs",
                  part.size(), size, kPartSaltBytes, kBulkPaymentBytes, count));
}

}  // namespace

bool IsSettlementList(std::string_view payload) { return payload.starts_with(kListMagic); }

std::string EncodeSettlementList(const TermsHeader& terms) {
  CW_CHECK(terms.parts.size() == terms.ledgers.size(), "a list has a part for each ledger");
  Writer writer;
  writer.Raw(kListMagic).Hash(terms.policy_hash).I64(terms.deadline.micros()).Raw(terms.nonce);
  writer.U32(terms.list_count).U32(static_cast<std::uint32_t>(terms.ledgers.size()));
  for (std::size_t i = 0; i < terms.ledgers.size(); ++i) {
    writer.Sized(terms.ledgers[i].ledger.text()).Sized(terms.parts[i].payer.text());
    writer.Hash(terms.parts[i].hash);
  }
  return std::move(writer).Take();
}

absl::StatusOr<TermsHeader> DecodeSettlementList(std::string_view payload) {
  Reader reader(payload);
  if (reader.Raw(kListMagic.size()) != kListMagic) {
    return WrongList("magic", fmt::format("the payload does not begin with {}", kListMagic));
  }
  TermsHeader terms;
  terms.policy_hash = reader.Hash();
  terms.deadline = LedgerTime::FromMicros(reader.I64());
  terms.nonce = reader.Raw(kListNonceBytes);
  terms.list_count = reader.U32();
  const std::size_t ledgers = reader.U32();
  if (!reader.ok()) return WrongList("ledgers", "the payload ends before them");
  if (terms.deadline.micros() <= 0) {
    return WrongList(
        "deadline", fmt::format("is {}; must be microseconds since 1970", terms.deadline.micros()));
  }
  if (terms.list_count == 0) return WrongList("count", "is 0; a list has 1 settlement or more");
  if (terms.list_count > kListSettlementsMax) {
    return absl::ResourceExhaustedError(
        fmt::format("settlement list: count: there are {} settlements; a list has at most {}",
                    terms.list_count, kListSettlementsMax));
  }
  if (ledgers < kListLedgersMin || ledgers > kSettlementLedgersMax) {
    return WrongList("ledgers", fmt::format("there are {}; must be {} to {}", ledgers,
                                            kListLedgersMin, kSettlementLedgersMax));
  }
  for (std::size_t i = 0; i < ledgers; ++i) {
    TermsLedger ledger{.leg_count = terms.list_count};
    ListPart part;
    if (absl::Status read = ReadListed("ledgers.ledger", reader, ledger.ledger); !read.ok()) {
      return read;
    }
    if (absl::Status read = ReadListed("ledgers.payer", reader, part.payer); !read.ok()) {
      return read;
    }
    part.hash = reader.Hash();
    if (!terms.ledgers.empty() && ledger.ledger <= terms.ledgers.back().ledger) {
      return WrongList("ledgers", "must be sorted by origin, each once");
    }
    terms.ledgers.push_back(std::move(ledger));
    terms.parts.push_back(std::move(part));
  }
  if (!reader.Done()) {
    return WrongList("ledgers", "the payload ends before the last, or after it too late");
  }
  terms.settlement_id = SettlementIdOf(payload);
  return terms;
}

std::string EncodeListPart(std::string_view salt, std::span<const BulkPayment> legs) {
  CW_CHECK(salt.size() == kPartSaltBytes, "a part's salt has 16 bytes");
  std::string out(kPartSaltBytes + legs.size() * kBulkPaymentBytes, '\0');
  std::copy(salt.begin(), salt.end(), out.begin());
  char* next = out.data() + kPartSaltBytes;
  for (const BulkPayment& leg : legs) {
    PackPayment(leg, next);
    next += kBulkPaymentBytes;
  }
  return out;
}

absl::StatusOr<std::vector<BulkPayment>> DecodeListPart(std::string_view part,
                                                        std::uint32_t count) {
  if (absl::Status size = CheckPartSize(part, count); !size.ok()) return size;
  std::vector<BulkPayment> legs(count);
  const char* next = part.data() + kPartSaltBytes;
  for (std::uint32_t i = 0; i < count; ++i, next += kBulkPaymentBytes) {
    if (const char* wrong = UnpackPayment(next, legs[i])) {
      return absl::InvalidArgumentError(fmt::format("part: legs[{}]: {}", i, wrong));
    }
  }
  return legs;
}

BulkPayment LegOfPart(std::string_view part, std::uint32_t position) {
  const std::size_t at = kPartSaltBytes + std::size_t{position} * kBulkPaymentBytes;
  CW_CHECK(at + kBulkPaymentBytes <= part.size(), "the part has that many legs");
  BulkPayment leg;
  UnpackPayment(part.data() + at, leg);
  return leg;
}

Hash256 ListPartHash(std::string_view part) {
  Sha256Hasher hasher;
  return hasher.Update(kPartDomain).Update(part).Finish();
}

Hash256 ListedSettlementId(const Hash256& list_id, std::uint32_t position) {
  return Sha256(Writer().Raw(kListedDomain).Hash(list_id).U32(position).bytes());
}

std::optional<PositionSet> CommittedBy(std::span<const Vote> votes, std::uint32_t count) {
  if (votes.empty() || count == 0) return std::nullopt;
  PositionSet committed = votes.front().listed;
  for (const Vote& vote : votes) {
    if (vote.listed.size() != count) return std::nullopt;
    committed.Intersect(vote.listed);
  }
  return committed;
}

void AppendResolvedLegs(std::span<const ResolvedLeg> legs, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + legs.size() * kResolvedLegBytes);
  char* next = out.data() + start;
  for (const ResolvedLeg& leg : legs) {
    Packer(next)
        .U32(leg.position)
        .U40(leg.hold)
        .U32(leg.leg.debtor)
        .U32(leg.leg.creditor)
        .I64(leg.leg.amount.minor())
        .U16(static_cast<std::uint16_t>(leg.outcome))
        .I64(leg.debtor_held_after)
        .I64(leg.available_after)
        .U40(leg.first_sequence)
        .U40(leg.second_sequence)
        .U40(leg.first_previous)
        .U40(leg.second_previous);
    next += kResolvedLegBytes;
  }
}

std::optional<ResolvedLeg> ReadResolvedLeg(std::string_view bytes) {
  CW_CHECK(bytes.size() == kResolvedLegBytes, "the caller cuts the records");
  Unpacker from(bytes.data());
  ResolvedLeg leg;
  leg.position = from.U32();
  leg.hold = from.U40();
  leg.leg.debtor = from.U32();
  leg.leg.creditor = from.U32();
  leg.leg.amount = Amount::FromMinor(from.I64());
  const std::optional<Outcome> outcome = OutcomeFromNumber(from.U16());
  if (outcome != Outcome::kAccepted && outcome != Outcome::kSettlementAborted) return std::nullopt;
  leg.outcome = *outcome;
  leg.debtor_held_after = from.I64();
  leg.available_after = from.I64();
  leg.first_sequence = from.U40();
  leg.second_sequence = from.U40();
  leg.first_previous = from.U40();
  leg.second_previous = from.U40();
  return leg;
}

void WriteResolvedLeaf(std::uint64_t index, const LeafSalt& salt, const Hash256& list_id,
                       const ResolvedLeg& leg, char* out) {
  Packer(out)
      .U8(kLeafResolved)
      .U8(kLeafVersion)
      .U64(index)
      .Bytes(salt.data(), salt.size())
      .Bytes(list_id.bytes.data(), list_id.bytes.size())
      .U32(leg.position)
      .U40(leg.hold)
      .U32(leg.leg.debtor)
      .U32(leg.leg.creditor)
      .I64(leg.leg.amount.minor())
      .U16(static_cast<std::uint16_t>(leg.outcome))
      .I64(leg.debtor_held_after)
      .I64(leg.available_after)
      .U40(leg.first_sequence)
      .U40(leg.second_sequence);
}

absl::StatusOr<ResolvedLeaf> DecodeResolvedLeaf(std::string_view bytes) {
  if (bytes.size() != kResolvedLeafBytes) {
    return absl::InvalidArgumentError(fmt::format("resolved leg: leaf has {} bytes; must have {}",
                                                  bytes.size(), kResolvedLeafBytes));
  }
  Unpacker from(bytes.data());
  const std::uint8_t kind = from.U8();
  const std::uint8_t version = from.U8();
  if (kind != kLeafResolved || version != kLeafVersion) {
    return absl::InvalidArgumentError(
        fmt::format("resolved leg: kind and version are {} and {}; must be {} and {}", kind,
                    version, kLeafResolved, kLeafVersion));
  }
  ResolvedLeaf leaf;
  leaf.index = from.U64();
  from.Bytes(leaf.salt.data(), leaf.salt.size());
  from.Bytes(leaf.list_id.bytes.data(), leaf.list_id.bytes.size());
  leaf.leg.position = from.U32();
  leaf.leg.hold = from.U40();
  leaf.leg.leg.debtor = from.U32();
  leaf.leg.leg.creditor = from.U32();
  leaf.leg.leg.amount = Amount::FromMinor(from.I64());
  const std::uint16_t number = from.U16();
  const std::optional<Outcome> outcome = OutcomeFromNumber(number);
  if (outcome != Outcome::kAccepted && outcome != Outcome::kSettlementAborted) {
    return absl::InvalidArgumentError(
        fmt::format("resolved leg: outcome: is {}; must be 1 (settled) or 304 (released)", number));
  }
  leaf.leg.outcome = *outcome;
  leaf.leg.debtor_held_after = from.I64();
  leaf.leg.available_after = from.I64();
  leaf.leg.first_sequence = from.U40();
  leaf.leg.second_sequence = from.U40();
  return leaf;
}

}  // namespace causeway::core
