#include "settlement/core/ids.h"

#include <algorithm>
#include <optional>

#include "fmt/format.h"
#include "settlement/core/bytes.h"
#include "settlement/core/check.h"
#include "settlement/core/quote.h"

namespace causeway::core {
namespace {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsCapital(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsSmall(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsCapitalOrDigit(char c) { return IsCapital(c) || IsDigit(c); }

template <typename Predicate>
bool AllOf(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

absl::Status Refuse(std::string_view kind, std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("{} {}: {}", kind, Quoted(text), why));
}

// Continues the reading of one long decimal number modulo 97, where letters stand for 10 to 35.
int Mod97(std::string_view text, int remainder = 0) {
  for (const char c : text) {
    remainder =
        IsDigit(c) ? (remainder * 10 + (c - '0')) % 97 : (remainder * 100 + (c - 'A' + 10)) % 97;
  }
  return remainder;
}

// ISO/IEC 7064 MOD 97-10: the two digits that, appended, make the whole 1 modulo 97. They range
// from 02 to 98, so 00, 01 and 99 never occur even where they would be congruent.
std::string CheckDigits(int remainder_with_zeros) {
  const int digits = 98 - remainder_with_zeros;
  return {static_cast<char>('0' + digits / 10), static_cast<char>('0' + digits % 10)};
}

// Of an account address.
std::string CheckDigitsOf(Currency currency, std::string_view body) {
  return CheckDigits(Mod97("00", Mod97(currency.code(), Mod97(body))));
}

constexpr std::array<std::size_t, 4> kUuidHyphens = {8, 13, 18, 23};

}  // namespace

absl::StatusOr<Uetr> Uetr::Parse(std::string_view text) {
  constexpr std::string_view kForm =
      "must be a version 4 UUID in lower case, like 8a562c67-ca16-48ba-b074-65581be6f001";
  if (text.size() != 36) return Refuse("UETR", text, kForm);
  std::string hex;
  hex.reserve(32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hyphen =
        std::find(kUuidHyphens.begin(), kUuidHyphens.end(), i) != kUuidHyphens.end();
    if (hyphen ? c != '-' : !(IsDigit(c) || (c >= 'a' && c <= 'f'))) {
      return Refuse("UETR", text, kForm);
    }
    if (!hyphen) hex += c;
  }
  const std::optional<std::string> raw = FromHex(hex);
  CW_CHECK(raw.has_value(), "the digits were checked above");
  absl::StatusOr<Uetr> uetr = FromBytes(*raw);
  if (!uetr.ok()) {
    return Refuse("UETR", text,
                  "must be of version 4 (third group begins with 4) and of the RFC 4122 variant "
                  "(fourth group begins with 8, 9, a or b)");
  }
  return uetr;
}

Uetr Uetr::FromRandomBytes(std::array<std::uint8_t, 16> random) {
  Uetr uetr;
  uetr.bytes_ = random;
  uetr.bytes_[6] = static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40);
  uetr.bytes_[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80);
  return uetr;
}

absl::StatusOr<Uetr> Uetr::FromBytes(std::string_view raw) {
  Uetr uetr;
  if (raw.size() != uetr.bytes_.size()) {
    return absl::InvalidArgumentError(fmt::format("UETR: must be 16 bytes, got {}", raw.size()));
  }
  std::copy(raw.begin(), raw.end(), uetr.bytes_.begin());
  if ((uetr.bytes_[6] & 0xf0) != 0x40 || (uetr.bytes_[8] & 0xc0) != 0x80) {
    return absl::InvalidArgumentError(fmt::format(
        "UETR {}: must be a UUID of version 4 and of the RFC 4122 variant", uetr.ToString()));
  }
  return uetr;
}

std::string Uetr::ToString() const {
  std::string text = ToHex(view());
  for (const std::size_t position : kUuidHyphens) text.insert(position, 1, '-');
  return text;
}

absl::StatusOr<Bic> Bic::Parse(std::string_view text) {
  if (text.size() != 8 && text.size() != 11) {
    return Refuse("BIC", text, "must have 8 or 11 characters (ISO 9362), like HSBCHKHH");
  }
  if (!AllOf(text, IsCapitalOrDigit)) {
    return Refuse("BIC", text, "only capital letters and digits are allowed");
  }
  if (!AllOf(text.substr(4, 2), IsCapital)) {
    return Refuse("BIC", text, "characters 5 and 6 must be the letters of a country");
  }
  Bic bic;
  bic.text_ = InlineText<11>(text);
  return bic;
}

absl::StatusOr<Lei> Lei::Parse(std::string_view text) {
  if (text.size() != 20 || !AllOf(text, IsCapitalOrDigit) || !AllOf(text.substr(18), IsDigit)) {
    return Refuse("LEI", text,
                  "must be 18 capital letters or digits and two check digits (ISO 17442)");
  }
  const std::string_view prefix = text.substr(0, 18);
  const std::string check = CheckDigits(Mod97("00", Mod97(prefix)));
  if (text.substr(18) != check) {
    return Refuse("LEI", text, "the check digits are wrong: mistyped or incomplete");
  }
  Lei lei;
  lei.text_ = InlineText<20>(text);
  return lei;
}

absl::StatusOr<Lei> Lei::Make(std::string_view prefix) {
  if (prefix.size() != 18 || !AllOf(prefix, IsCapitalOrDigit)) {
    return Refuse("LEI prefix", prefix, "must be 18 capital letters or digits (ISO 17442)");
  }
  Lei lei;
  lei.text_ = InlineText<20>(std::string(prefix) + CheckDigits(Mod97("00", Mod97(prefix))));
  return lei;
}

absl::StatusOr<ParticipantId> ParticipantId::Parse(std::string_view text) {
  const auto allowed = [](char c) { return IsCapitalOrDigit(c) || c == '-'; };
  if (text.empty() || text.size() > kSizeMax || !IsCapital(text.front()) || !AllOf(text, allowed)) {
    return Refuse("participant id", text,
                  "must be 1 to 16 capital letters, digits or hyphens and begin with a letter, "
                  "like BANK-A");
  }
  ParticipantId id;
  id.text_ = InlineText<kSizeMax>(text);
  return id;
}

absl::StatusOr<InstructionId> InstructionId::Parse(std::string_view text) {
  if (text.empty() || text.size() > kSizeMax) {
    return Refuse("instruction id", text,
                  fmt::format("must have 1 to {} characters, got {}", kSizeMax, text.size()));
  }
  const auto allowed = [](char c) {
    return IsCapitalOrDigit(c) || IsSmall(c) ||
           std::string_view("/-?:().,'+ ").find(c) != std::string_view::npos;
  };
  if (!AllOf(text, allowed)) {
    return Refuse("instruction id", text,
                  "only letters, digits, space and / - ? : ( ) . , ' + are allowed");
  }
  if (text.front() == '/' || text.back() == '/' || text.find("//") != std::string_view::npos) {
    return Refuse("instruction id", text, "must not begin or end with '/' nor contain \"//\"");
  }
  InstructionId id;
  id.text_ = InlineText<kSizeMax>(text);
  return id;
}

absl::StatusOr<AccountAddress> AccountAddress::Parse(std::string_view text) {
  if (text.size() < 6 || text.size() > kSizeMax || !AllOf(text, IsCapitalOrDigit) ||
      !AllOf(text.substr(0, 3), IsCapital) || !AllOf(text.substr(3, 2), IsDigit)) {
    return Refuse("account address", text,
                  "must be a currency, two check digits and 1 to 29 capital letters or digits, "
                  "like HKD94ALPHA0001");
  }
  const absl::StatusOr<Currency> currency = Currency::Parse(text.substr(0, 3));
  if (!currency.ok()) {
    return Refuse("account address", text, std::string(currency.status().message()));
  }
  if (text.substr(3, 2) != CheckDigitsOf(*currency, text.substr(5))) {
    return Refuse("account address", text, "the check digits are wrong: mistyped or incomplete");
  }
  AccountAddress address;
  address.text_ = InlineText<kSizeMax>(text);
  address.minor_digits_ = static_cast<signed char>(currency->minor_digits());
  return address;
}

absl::StatusOr<AccountAddress> AccountAddress::Make(Currency currency, std::string_view body) {
  if (currency.IsEmpty()) {
    return Refuse("account address body", body, "needs a currency to precede it");
  }
  if (body.empty() || body.size() > kBodySizeMax || !AllOf(body, IsCapitalOrDigit)) {
    return Refuse("account address body", body, "must be 1 to 29 capital letters or digits");
  }
  std::string text = currency.ToString();
  text += CheckDigitsOf(currency, body);
  text += body;
  AccountAddress address;
  address.text_ = InlineText<kSizeMax>(text);
  address.minor_digits_ = static_cast<signed char>(currency.minor_digits());
  return address;
}

absl::StatusOr<LedgerOrigin> LedgerOrigin::Parse(std::string_view text) {
  const auto allowed = [](char c) {
    return IsSmall(c) || IsDigit(c) || c == '.' || c == '-' || c == '/';
  };
  if (text.empty() || text.size() > kSizeMax || !AllOf(text, allowed)) {
    return Refuse("ledger origin", text,
                  "must be 1 to 64 small letters, digits, '.', '-' or '/', "
                  "like hkma.causeway.example/hkd");
  }
  LedgerOrigin origin;
  origin.text_ = InlineText<kSizeMax>(text);
  return origin;
}

}  // namespace causeway::core
