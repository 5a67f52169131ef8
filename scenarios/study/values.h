// The values of fields, as text: times of day, days and amounts in the forms that files have.
#ifndef CAUSEWAY_SCENARIOS_STUDY_VALUES_H_
#define CAUSEWAY_SCENARIOS_STUDY_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/study/input.h"

namespace causeway::study {

enum class TimeForm {
  kColons,             // "9:05", "09:05", "09:05:30" or "09:05:30.25", with up to 6 decimals
  kDigits,             // "905", "0905" (HHMM)
  kDigitsWithSeconds,  // "90530", "090530" (HHMMSS)
};
// Since midnight, below kDaySpanUs: what comes after the next midnight has hours from 24 on.
std::optional<TimeUs> ParseTimeOfDay(std::string_view text, TimeForm form = TimeForm::kColons);
// "09:05:30", with six decimals only where they are needed.
std::string FormatTimeOfDay(TimeUs time);

enum class DayForm {
  kNumberOrDate,  // "1", "2", ... up to 999999, or "2026-11-30"
  kCompactDate,   // "20261130"
  kDottedDate,    // "30.11.2026"
};
// Numbers are themselves; dates are kDateBase + days since 1970-01-01, so the two never mix.
inline constexpr std::int64_t kDateBase = 10'000'000;
std::optional<std::int64_t> ParseDay(std::string_view text, DayForm form = DayForm::kNumberOrDate);
std::string FormatDay(std::int64_t day);

enum class AmountForm {
  kDecimal,       // "1234.50"
  kDecimalComma,  // "1234,50"
  kMinor,         // "123450"
  // As programs write binary floating point, which it never becomes: "1234.5", "1e3", "12.3456789";
  // of more decimals than a unit has rounded half-even. See ParseRounded.
  kRounded,
};
// In minor units. No sign, grouping or exponent; zeros after the last decimal that a unit may have
// are passed over, as programs write "12.000000". Nothing when it does not fit 63 bits.
std::optional<std::int64_t> ParseMinor(std::string_view text, int minor_digits,
                                       AmountForm form = AmountForm::kDecimal);

struct RoundedMinor {
  std::int64_t minor = 0;
  bool rounded = false;  // the text says more than `minor` does
};
// A decimal number without sign, with an exponent or without one, rounded half-even to minor units
// by its digits. Nothing when it does not fit 63 bits.
std::optional<RoundedMinor> ParseRounded(std::string_view text, int minor_digits);

// A percentage from 0 to 100 with up to two decimals, in hundredths of it: "12.5" is 1250.
std::optional<std::uint32_t> ParseBasisPoints(std::string_view text);
inline constexpr std::string_view kHaircutExpected =
    "expected a percentage from 0 to 100 with at most 2 decimals";

// "urgent" or "1", "high" or "2", "normal" or "3" or nothing.
std::optional<liquidity::Priority> ParsePriority(std::string_view text);

// The name of a currency, which is that of a folder of results too: letters and digits.
inline constexpr std::size_t kCurrencyBytesMax = 16;
bool IsCurrencyName(std::string_view text);

// "yes", "true" or "1"; "no", "false", "0" or nothing.
std::optional<bool> ParseFlag(std::string_view text);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_VALUES_H_
