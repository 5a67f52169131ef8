#include "settlement/core/currency.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "fmt/format.h"
#include "settlement/core/quote.h"

namespace causeway::core {
namespace {

// ISO 4217 list one (active codes and funds codes) as of 2025, grouped by exponent; codes without a
// minor unit ("N.A." in the list) are left out.
constexpr std::string_view kNoDecimals[] = {
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
    "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
};
constexpr std::string_view kTwoDecimals[] = {
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN",
    "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE",
    "CHF", "CHW", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP",
    "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD",
    "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD",
    "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP",
    "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR",
    "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD",
    "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
    "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS",
    "VED", "VES", "WST", "XAD", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
};
constexpr std::string_view kThreeDecimals[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
constexpr std::string_view kFourDecimals[] = {"CLF", "UYW"};

constexpr std::size_t kLetters = 26;

constexpr std::size_t PlaceOf(std::string_view code) {
  std::size_t place = 0;
  for (const char letter : code) place = place * kLetters + static_cast<std::size_t>(letter - 'A');
  return place;
}

// By code; -1 for one that is not listed. Addresses are read with every posting, and each begins
// with a code.
constexpr auto kMinorDigits = [] {
  std::array<signed char, kLetters * kLetters * kLetters> digits{};
  for (signed char& each : digits) each = -1;
  for (const std::string_view code : kNoDecimals) digits[PlaceOf(code)] = 0;
  for (const std::string_view code : kTwoDecimals) digits[PlaceOf(code)] = 2;
  for (const std::string_view code : kThreeDecimals) digits[PlaceOf(code)] = 3;
  for (const std::string_view code : kFourDecimals) digits[PlaceOf(code)] = 4;
  return digits;
}();

bool AllCapitals(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char character) { return character >= 'A' && character <= 'Z'; });
}

}  // namespace

absl::StatusOr<Currency> Currency::Parse(std::string_view code) {
  if (code.size() != 3 || !AllCapitals(code)) {
    return absl::InvalidArgumentError(fmt::format(
        "currency {}: must be three capital letters (ISO 4217), like HKD", Quoted(code)));
  }
  const signed char minor_digits = kMinorDigits[PlaceOf(code)];
  if (minor_digits < 0) {
    return absl::InvalidArgumentError(
        fmt::format("currency {}: is not an active ISO 4217 code with a minor unit", Quoted(code)));
  }
  return Currency({code[0], code[1], code[2]}, minor_digits);
}

absl::StatusOr<Country> Country::Parse(std::string_view code) {
  if (code.size() != 2 || !AllCapitals(code)) {
    return absl::InvalidArgumentError(fmt::format(
        "country {}: must be two capital letters (ISO 3166-1 alpha-2), like HK", Quoted(code)));
  }
  return Country({code[0], code[1]});
}

}  // namespace causeway::core
