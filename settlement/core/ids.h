// Identifiers of parties, accounts, instructions and ledgers. Each is a small value with inline
// storage: copying allocates nothing, any number of threads may read one, and order is that of the
// bytes of its text. Parse accepts exactly one spelling per value, so ToString of what was parsed
// is what was read; InvalidArgument names the kind, the fault and the form expected.
//
// The default value of each is empty ("not set"): its text is "" and Parse never returns it.
#ifndef CAUSEWAY_SETTLEMENT_CORE_IDS_H_
#define CAUSEWAY_SETTLEMENT_CORE_IDS_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "settlement/core/currency.h"

namespace causeway::core {

// At most `kSizeMax` ASCII characters, stored in place. Building block of the types below.
template <std::size_t kSizeMax>
class InlineText {
 public:
  static_assert(kSizeMax < 256, "the size is one byte");

  constexpr InlineText() = default;
  // The caller has checked that `text` fits; what exceeds kSizeMax is cut.
  explicit constexpr InlineText(std::string_view text) {
    for (const char character : text.substr(0, kSizeMax)) characters_[size_++] = character;
  }
  constexpr std::string_view view() const { return {characters_.data(), size_}; }
  constexpr bool empty() const { return size_ == 0; }

  friend constexpr std::strong_ordering operator<=>(const InlineText& left,
                                                    const InlineText& right) {
    return left.view() <=> right.view();
  }
  friend constexpr bool operator==(const InlineText& left, const InlineText& right) {
    return left.view() == right.view();
  }
  template <typename H>
  friend H AbslHashValue(H state, const InlineText& text) {
    return H::combine_contiguous(std::move(state), text.characters_.data(), kSizeMax);
  }

 private:
  std::array<char, kSizeMax> characters_{};  // zeros after the text
  std::uint8_t size_ = 0;
};

// Unique end-to-end transaction reference of a payment (ISO 20022 UETR): an RFC 4122 version 4
// UUID. The default value is nil (all zeros), which no payment may carry.
class Uetr {
 public:
  constexpr Uetr() = default;
  // Canonical lower-case 8-4-4-4-12 form of a version 4, variant 1 UUID.
  static absl::StatusOr<Uetr> Parse(std::string_view text);
  // Sets version and variant over 122 random bits. Randomness is the caller's.
  static Uetr FromRandomBytes(std::array<std::uint8_t, 16> random);
  // 16 bytes as of bytes(), with version and variant checked.
  static absl::StatusOr<Uetr> FromBytes(std::string_view raw);

  std::string ToString() const;  // 36 characters
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  std::string_view view() const {  // the 16 raw bytes
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool IsNil() const { return *this == Uetr{}; }

  friend auto operator<=>(const Uetr&, const Uetr&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Uetr& uetr) {
    return H::combine(std::move(state), uetr.bytes_);
  }

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

// Business identifier code (ISO 9362:2014): 4 capital letters or digits (business party prefix), 2
// letters (country), 2 capital letters or digits (business party suffix), and optionally 3 more
// (branch). The 8-character form and the one with branch "XXX" stay distinct values.
class Bic {
 public:
  constexpr Bic() = default;
  static absl::StatusOr<Bic> Parse(std::string_view text);

  std::string_view text() const { return text_.view(); }
  std::string ToString() const { return std::string(text()); }
  bool IsEmpty() const { return text_.empty(); }
  std::string_view country() const { return text().substr(IsEmpty() ? 0 : 4, 2); }

  friend auto operator<=>(const Bic&, const Bic&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Bic& bic) {
    return H::combine(std::move(state), bic.text_);
  }

 private:
  InlineText<11> text_;
};

// Legal entity identifier (ISO 17442): 18 capital letters or digits and two check digits by
// ISO/IEC 7064 MOD 97-10.
class Lei {
 public:
  constexpr Lei() = default;
  static absl::StatusOr<Lei> Parse(std::string_view text);
  // Appends the check digits to the first 18 characters.
  static absl::StatusOr<Lei> Make(std::string_view prefix);

  std::string_view text() const { return text_.view(); }
  std::string ToString() const { return std::string(text()); }
  bool IsEmpty() const { return text_.empty(); }

  friend auto operator<=>(const Lei&, const Lei&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Lei& lei) {
    return H::combine(std::move(state), lei.text_);
  }

 private:
  InlineText<20> text_;
};

// The short name under which a ledger registers a participant: 1 to 16 characters of A-Z, 0-9 and
// '-', beginning with a letter.
class ParticipantId {
 public:
  static constexpr std::size_t kSizeMax = 16;

  constexpr ParticipantId() = default;
  static absl::StatusOr<ParticipantId> Parse(std::string_view text);

  std::string_view text() const { return text_.view(); }
  std::string ToString() const { return std::string(text()); }
  bool IsEmpty() const { return text_.empty(); }

  friend auto operator<=>(const ParticipantId&, const ParticipantId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const ParticipantId& id) {
    return H::combine(std::move(state), id.text_);
  }

 private:
  InlineText<kSizeMax> text_;
};

// Instruction identification as ISO 20022 payments carry it (Max35Text restricted to the FIN X
// character set): 1 to 35 of letters, digits, space and / - ? : ( ) . , ' +; not beginning or
// ending with '/', and without "//". Part of the idempotency key.
class InstructionId {
 public:
  static constexpr std::size_t kSizeMax = 35;

  constexpr InstructionId() = default;
  static absl::StatusOr<InstructionId> Parse(std::string_view text);

  std::string_view text() const { return text_.view(); }
  std::string ToString() const { return std::string(text()); }
  bool IsEmpty() const { return text_.empty(); }

  friend auto operator<=>(const InstructionId&, const InstructionId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const InstructionId& id) {
    return H::combine(std::move(state), id.text_);
  }

 private:
  InlineText<kSizeMax> text_;
};

// Address of an account on a ledger, at most 34 characters so that it fits Othr/Id of ISO 20022:
//
//   <currency: 3 letters><check: 2 digits><body: 1 to 29 of A-Z and 0-9>     e.g. HKD94ALPHA0001
//
// The check digits are those of an IBAN with the currency in the country's place: letters count as
// 10 (A) to 35 (Z), and body + currency + check, read as one decimal number, is 1 modulo 97
// (ISO/IEC 7064 MOD 97-10). A letter mistaken for another letter, or a digit for another digit, is
// always caught; of other errors about one in 97 slips through.
class AccountAddress {
 public:
  static constexpr std::size_t kSizeMax = 34;
  static constexpr std::size_t kBodySizeMax = 29;

  AccountAddress() = default;
  static absl::StatusOr<AccountAddress> Parse(std::string_view text);
  // Computes the check digits. `currency` must not be empty.
  static absl::StatusOr<AccountAddress> Make(Currency currency, std::string_view body);

  std::string_view text() const { return text_.view(); }
  std::string ToString() const { return std::string(text()); }
  bool IsEmpty() const { return text_.empty(); }
  Currency currency() const {
    if (IsEmpty()) return {};
    const std::string_view code = text();
    return Currency({code[0], code[1], code[2]}, minor_digits_);
  }
  std::string_view body() const { return text().substr(IsEmpty() ? 0 : 5); }

  friend std::strong_ordering operator<=>(const AccountAddress& left, const AccountAddress& right) {
    return left.text_ <=> right.text_;
  }
  friend bool operator==(const AccountAddress& left, const AccountAddress& right) {
    return left.text_ == right.text_;
  }
  template <typename H>
  friend H AbslHashValue(H state, const AccountAddress& address) {
    return H::combine(std::move(state), address.text_);
  }

 private:
  InlineText<kSizeMax> text_;
  // Of the currency, which the text begins with: there are millions of these.
  signed char minor_digits_ = 0;
};

// The name of a log, the first line of its checkpoints (C2SP tlog-checkpoint "origin"): 1 to 64
// characters of a-z, 0-9, '.', '-' and '/'. By custom a DNS name of the operator and a path without
// a scheme: "hkma.causeway.example/hkd".
class LedgerOrigin {
 public:
  static constexpr std::size_t kSizeMax = 64;

  constexpr LedgerOrigin() = default;
  static absl::StatusOr<LedgerOrigin> Parse(std::string_view text);

  std::string_view text() const { return text_.view(); }
  std::string ToString() const { return std::string(text()); }
  bool IsEmpty() const { return text_.empty(); }

  friend auto operator<=>(const LedgerOrigin&, const LedgerOrigin&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const LedgerOrigin& origin) {
    return H::combine(std::move(state), origin.text_);
  }

 private:
  InlineText<kSizeMax> text_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_IDS_H_
