// ISO 4217 currencies and ISO 3166 countries, as small values.
#ifndef CAUSEWAY_SETTLEMENT_CORE_CURRENCY_H_
#define CAUSEWAY_SETTLEMENT_CORE_CURRENCY_H_

#include <array>
#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace causeway::core {

// An ISO 4217 alphabetic code that is in force and has a minor unit. Precious metals, the SDR and
// the testing codes have none and are refused, as are withdrawn codes.
// The default value is empty: it stands for "not set", has no code and parses from nothing.
class Currency {
 public:
  constexpr Currency() = default;

  // Exactly three capital letters that name a listed currency, else InvalidArgument.
  static absl::StatusOr<Currency> Parse(std::string_view code);

  // Three letters (none when empty); the view lives as long as this object.
  std::string_view code() const { return {letters_.data(), IsEmpty() ? 0U : letters_.size()}; }
  std::string ToString() const { return std::string(code()); }
  bool IsEmpty() const { return letters_[0] == '\0'; }

  // Decimals between the currency and its minor unit: 2 for USD, 0 for JPY, 3 for KWD, 4 for CLF.
  // 0 when empty.
  int minor_digits() const { return minor_digits_; }

  friend std::strong_ordering operator<=>(const Currency& left, const Currency& right) {
    return left.letters_ <=> right.letters_;
  }
  friend bool operator==(const Currency& left, const Currency& right) {
    return left.letters_ == right.letters_;
  }
  template <typename H>
  friend H AbslHashValue(H state, const Currency& currency) {
    return H::combine(std::move(state), currency.letters_);
  }

 private:
  friend class AccountAddress;  // which keeps the letters in its text
  Currency(std::array<char, 3> letters, signed char minor_digits)
      : letters_(letters), minor_digits_(minor_digits) {}

  std::array<char, 3> letters_{};
  signed char minor_digits_ = 0;
};

// An ISO 3166-1 alpha-2 code. Only the form is checked, because the list changes more often than
// this program does, and user-assigned codes (XK among them) are in everyday use.
// The default value is empty.
class Country {
 public:
  constexpr Country() = default;

  // Exactly two capital letters, else InvalidArgument.
  static absl::StatusOr<Country> Parse(std::string_view code);

  // Two letters (none when empty); the view lives as long as this object.
  std::string_view code() const { return {letters_.data(), IsEmpty() ? 0U : letters_.size()}; }
  std::string ToString() const { return std::string(code()); }
  bool IsEmpty() const { return letters_[0] == '\0'; }

  friend auto operator<=>(const Country&, const Country&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Country& country) {
    return H::combine(std::move(state), country.letters_);
  }

 private:
  explicit Country(std::array<char, 2> letters) : letters_(letters) {}

  std::array<char, 2> letters_{};
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_CURRENCY_H_
