#include "settlement/core/bulk.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/entry.h"
#include "settlement/core/hash.h"
#include "settlement/core/packed.h"

namespace causeway::core {
namespace {

constexpr std::string_view kMagic = "CWBULK01";
constexpr std::string_view kSaltDomain = "causeway/payment-salts/v1\n";
constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::size_t kLeavesAtOnce = 16;  // 2 KiB of messages

absl::Status Wrong(std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("bulk.{}: {}", field, what));
}

// An identifier in its own spelling.
template <typename Id>
absl::Status ReadId(std::string_view field, Reader& reader, Id& out) {
  absl::StatusOr<Id> id = Id::Parse(reader.Sized());
  if (!reader.ok()) return Wrong(field, "the payload ends too early");
  if (!id.ok()) return Wrong(field, std::string(id.status().message()));
  out = *std::move(id);
  return absl::OkStatus();
}

// The purpose code is up to 4 printable characters, with zeros after them.
bool IsPurpose(const std::array<char, 4>& purpose) {
  bool ended = false;
  for (const char character : purpose) {
    const bool is_letter_or_digit =
        (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9');
    if (ended ? character != 0 : (character != 0 && !is_letter_or_digit)) return false;
    ended = character == 0;
  }
  return true;
}

bool IsVersion4(const std::uint8_t* uetr) {
  return (uetr[6] & 0xf0) == 0x40 && (uetr[8] & 0xc0) == 0x80;
}

}  // namespace

void PackPayment(const BulkPayment& payment, char* out) {
  Packer(out)
      .U32(payment.debtor.number)
      .U32(payment.creditor.number)
      .U16(payment.debtor.check)
      .U16(payment.creditor.check)
      .Bytes(payment.purpose.data(), payment.purpose.size())
      .I64(payment.amount.minor())
      .Bytes(payment.id.data(), payment.id.size())
      .Bytes(payment.uetr.bytes().data(), 16);
}

const char* UnpackPayment(const char* in, BulkPayment& payment) {
  Unpacker from(in);
  payment.debtor.number = from.U32();
  payment.creditor.number = from.U32();
  payment.debtor.check = from.U16();
  payment.creditor.check = from.U16();
  from.Bytes(payment.purpose.data(), payment.purpose.size());
  payment.amount = Amount::FromMinor(from.I64());
  from.Bytes(payment.id.data(), payment.id.size());
  std::array<std::uint8_t, 16> uetr{};
  from.Bytes(uetr.data(), uetr.size());
  if (!IsVersion4(uetr.data())) return "uetr: is no UUID of version 4 (RFC 4122)";
  payment.uetr = Uetr::FromRandomBytes(uetr);  // changes nothing: the fixed bits are in place
  if (!IsPurpose(payment.purpose)) {
    return "purpose: must be up to 4 of A-Z and 0-9, with zeros after them";
  }
  return nullptr;
}

InstructionId InstructionIdOf(const RawInstructionId& raw) {
  std::array<char, 32> text{};
  for (std::size_t i = 0; i < raw.size(); ++i) {
    text[2 * i] = kHexDigits[raw[i] >> 4];
    text[2 * i + 1] = kHexDigits[raw[i] & 0xf];
  }
  absl::StatusOr<InstructionId> id = InstructionId::Parse({text.data(), text.size()});
  CW_CHECK(id.ok(), "hexadecimal digits are an instruction id");
  return *std::move(id);
}

std::optional<RawInstructionId> RawIdOf(const InstructionId& id) {
  const std::string_view text = id.text();
  if (text.size() != 32) return std::nullopt;
  RawInstructionId raw{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char digit = text[i];
    std::uint8_t value = 0;
    if (digit >= '0' && digit <= '9') {
      value = static_cast<std::uint8_t>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      value = static_cast<std::uint8_t>(digit - 'a' + 10);
    } else {
      return std::nullopt;
    }
    raw[i / 2] = static_cast<std::uint8_t>((raw[i / 2] << 4) | value);
  }
  return raw;
}

std::uint16_t AccountCheckOf(const AccountAddress& address) {
  const Hash256 hash = Sha256(address.text());
  return static_cast<std::uint16_t>((hash.bytes[0] << 8) | hash.bytes[1]);
}

std::string EncodeBulk(const Bulk& bulk) {
  Writer writer;
  writer.Raw(kMagic).Sized(bulk.ledger.text()).Hash(bulk.genesis_hash).Sized(bulk.party.text());
  writer.Raw({reinterpret_cast<const char*>(bulk.id.data()), bulk.id.size()});
  writer.I64(bulk.valid_until.micros()).U32(static_cast<std::uint32_t>(bulk.payments.size()));
  std::string out = std::move(writer).Take();
  const std::size_t start = out.size();
  out.resize(start + bulk.payments.size() * kBulkPaymentBytes);
  char* next = out.data() + start;
  for (const BulkPayment& payment : bulk.payments) {
    PackPayment(payment, next);
    next += kBulkPaymentBytes;
  }
  return out;
}

absl::StatusOr<Bulk> DecodeBulk(std::string_view payload) {
  Reader reader(payload);
  if (reader.Raw(kMagic.size()) != kMagic) {
    return Wrong("magic", fmt::format("the payload does not begin with {}", kMagic));
  }
  Bulk bulk;
  if (absl::Status read = ReadId("ledger", reader, bulk.ledger); !read.ok()) return read;
  bulk.genesis_hash = reader.Hash();
  if (absl::Status read = ReadId("instructing_party", reader, bulk.party); !read.ok()) return read;
  const std::string_view id = reader.Raw(bulk.id.size());
  std::copy(id.begin(), id.end(), bulk.id.begin());
  bulk.valid_until = LedgerTime::FromMicros(reader.I64());
  const std::size_t count = reader.U32();
  if (!reader.ok()) return Wrong("payments", "the payload ends before them");
  if (count == 0) return Wrong("payments", "there are none; a bulk has 1 or more");
  if (count > kBulkPaymentsMax) {
    return absl::ResourceExhaustedError(
        fmt::format("bulk.payments: there are {}; a bulk has at most {}", count, kBulkPaymentsMax));
  }
  if (reader.remaining() != count * kBulkPaymentBytes) {
    return Wrong("payments", fmt::format("{} payments of {} bytes are announced, {} bytes follow",
                                         count, kBulkPaymentBytes, reader.remaining()));
  }
  const char* next = reader.Raw(reader.remaining()).data();
  bulk.payments.reserve(count);
  for (std::size_t i = 0; i < count; ++i, next += kBulkPaymentBytes) {
    if (const char* wrong = UnpackPayment(next, bulk.payments.emplace_back())) {
      return Wrong(fmt::format("payments[{}]", i), wrong);
    }
  }
  return bulk;
}

BulkPayment PaymentFromEnd(std::string_view payload, std::size_t from_end) {
  const std::size_t bytes = from_end * kBulkPaymentBytes;
  CW_CHECK(from_end > 0 && bytes <= payload.size(), "the payload has that many payments");
  BulkPayment payment;
  UnpackPayment(payload.data() + payload.size() - bytes, payment);
  return payment;
}

void AppendPaymentResults(std::span<const PaymentResult> results, std::string& out) {
  out.reserve(out.size() + results.size() * kPaymentResultBytes);
  // By way of a few in the cache: room in a string would be filled with zeros first.
  std::array<char, 64 * kPaymentResultBytes> some;
  std::size_t used = 0;
  for (const PaymentResult& result : results) {
    if (used == some.size()) out.append(some.data(), std::exchange(used, 0));
    Packer(some.data() + used)
        .U16(static_cast<std::uint16_t>(result.outcome))
        .I64(result.debtor_after)
        .I64(result.creditor_after)
        .U40(result.debtor_sequence)
        .U40(result.creditor_sequence)
        .U40(result.debtor_previous)
        .U40(result.creditor_previous);
    used += kPaymentResultBytes;
  }
  out.append(some.data(), used);
}

std::optional<PaymentResult> ReadPaymentResult(std::string_view bytes) {
  CW_CHECK(bytes.size() == kPaymentResultBytes, "the caller cuts the records");
  Unpacker from(bytes.data());
  const std::optional<Outcome> outcome = OutcomeFromNumber(from.U16());
  // An id that is taken leaves a trace in its bulk, though not under the id.
  if (!outcome || (!IsRecorded(*outcome) && *outcome != Outcome::kInstructionIdReused)) {
    return std::nullopt;
  }
  PaymentResult result{.outcome = *outcome};
  result.debtor_after = from.I64();
  result.creditor_after = from.I64();
  result.debtor_sequence = from.U40();
  result.creditor_sequence = from.U40();
  result.debtor_previous = from.U40();
  result.creditor_previous = from.U40();
  return result;
}

void WritePaymentLeaf(std::uint64_t index, const LeafSalt& salt, std::uint32_t position,
                      const BulkPayment& payment, const PaymentResult& result, char* out,
                      std::uint8_t kind) {
  Packer(out)
      .U8(kind)
      .U8(kLeafVersion)
      .U64(index)
      .Bytes(salt.data(), salt.size())
      .Bytes(payment.id.data(), payment.id.size())
      .Bytes(payment.uetr.bytes().data(), 16)
      .U32(payment.debtor.number)
      .U32(payment.creditor.number)
      .U16(payment.debtor.check)
      .U16(payment.creditor.check)
      .Bytes(payment.purpose.data(), payment.purpose.size())
      .I64(payment.amount.minor())
      .U16(static_cast<std::uint16_t>(result.outcome))
      .I64(result.debtor_after)
      .I64(result.creditor_after)
      .U40(result.debtor_sequence)
      .U40(result.creditor_sequence)
      .U32(position);
}

void HashPaymentLeaves(std::uint64_t first_index, std::span<const LeafSalt> salts,
                       std::span<const BulkPayment> payments,
                       std::span<const PaymentResult> results, std::span<Hash256> hashes,
                       std::uint8_t kind) {
  const std::size_t count = payments.size();
  CW_CHECK(salts.size() == count && results.size() == count && hashes.size() == count,
           "one of each a payment");
  Sha256Messages<1 + kPaymentLeafBytes, kLeavesAtOnce> messages;
  for (std::size_t done = 0; done < count; done += kLeavesAtOnce) {
    const std::size_t end = std::min(done + kLeavesAtOnce, count);
    for (std::size_t i = done; i < end; ++i) {
      char* const message = messages.at(i - done);  // begins with the zero of a leaf
      WritePaymentLeaf(first_index + i, salts[i], static_cast<std::uint32_t>(i), payments[i],
                       results[i], message + 1, kind);
    }
    messages.Hash(hashes.subspan(done, end - done));
  }
}

absl::StatusOr<PaymentLeaf> DecodePaymentLeaf(std::string_view bytes) {
  if (bytes.size() != kPaymentLeafBytes) {
    return absl::InvalidArgumentError(
        fmt::format("payment leaf has {} bytes; must have {}", bytes.size(), kPaymentLeafBytes));
  }
  Unpacker from(bytes.data());
  const std::uint8_t kind = from.U8();
  const std::uint8_t version = from.U8();
  if ((kind != kLeafPayment && kind != kLeafHold) || version != kLeafVersion) {
    return absl::InvalidArgumentError(
        fmt::format("payment leaf: kind and version are {} and {}; must be {} (or {} for a hold) "
                    "and {}",
                    kind, version, kLeafPayment, kLeafHold, kLeafVersion));
  }
  PaymentLeaf leaf;
  leaf.is_hold = kind == kLeafHold;
  leaf.index = from.U64();
  from.Bytes(leaf.salt.data(), leaf.salt.size());
  BulkPayment& payment = leaf.payment;
  from.Bytes(payment.id.data(), payment.id.size());
  std::array<std::uint8_t, 16> uetr{};
  from.Bytes(uetr.data(), uetr.size());
  if (!IsVersion4(uetr.data())) {
    return absl::InvalidArgumentError("payment leaf: uetr: is no UUID of version 4");
  }
  payment.uetr = Uetr::FromRandomBytes(uetr);
  payment.debtor.number = from.U32();
  payment.creditor.number = from.U32();
  payment.debtor.check = from.U16();
  payment.creditor.check = from.U16();
  from.Bytes(payment.purpose.data(), payment.purpose.size());
  payment.amount = Amount::FromMinor(from.I64());
  const std::uint16_t number = from.U16();
  const std::optional<Outcome> outcome = OutcomeFromNumber(number);
  if (!outcome || (!IsRecorded(*outcome) && *outcome != Outcome::kInstructionIdReused)) {
    return absl::InvalidArgumentError(
        fmt::format("payment leaf: outcome: {} is none that is recorded", number));
  }
  leaf.result.outcome = *outcome;
  leaf.result.debtor_after = from.I64();
  leaf.result.creditor_after = from.I64();
  leaf.result.debtor_sequence = from.U40();
  leaf.result.creditor_sequence = from.U40();
  leaf.position = from.U32();
  return leaf;
}

PaymentSalts::Key PaymentSalts::KeyOf(std::string_view ledger_salt_key,
                                      std::uint64_t batch_number) {
  const Hash256 mac =
      HmacSha256(ledger_salt_key, Writer().Raw(kSaltDomain).U64(batch_number).bytes());
  Key key{};
  std::copy_n(mac.bytes.begin(), key.size(), key.begin());
  return key;
}

namespace {

// Looked up by name once, like the MAC of hash.cc.
const EVP_CIPHER* FetchedAes() {
  static const EVP_CIPHER* const kAes = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);
  CW_CHECK(kAes != nullptr, "libcrypto offers AES");
  return kAes;
}

}  // namespace

void PaymentSalts::Fill(const Key& key, std::uint64_t first_index, std::span<LeafSalt> salts) {
  if (salts.empty()) return;
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  CW_CHECK(context != nullptr, "no memory for a cipher context");
  CW_CHECK(EVP_EncryptInit_ex(context.get(), FetchedAes(), nullptr, key.data(), nullptr) == 1,
           "AES takes a key of its size");
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  // One cipher block each: eight zero bytes and the index.
  for (std::size_t i = 0; i < salts.size(); ++i) {
    salts[i].fill(0);
    const std::uint64_t index = __builtin_bswap64(first_index + i);
    std::memcpy(salts[i].data() + 8, &index, sizeof(index));
  }
  auto* const bytes = salts.front().data();
  int written = 0;
  const int size = static_cast<int>(salts.size() * sizeof(LeafSalt));
  CW_CHECK(EVP_EncryptUpdate(context.get(), bytes, &written, bytes, size) == 1 && written == size,
           "AES encrypts whole blocks");
}

}  // namespace causeway::core
