// The values of fields, as text: times of day, days and amounts in the forms that files have.
#ifndef CAUSEWAY_SCENARIOS_STUDY_VALUES_H_
#define CAUSEWAY_SCENARIOS_STUDY_VALUES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/study/input.h"

namespace causeway::study {

// A form that mapping.csv may name for a field, with a text in it.
template <typename Value>
struct Form {
  std::string_view name;
  Value value;
  std::string_view example;
};

enum class TimeForm {
  kColons,             // "9:05", "09:05", "09:05:30" or "09:05:30.25", with up to 6 decimals
  kDigits,             // "905", "0905" (HHMM)
  kDigitsWithSeconds,  // "90530", "090530" (HHMMSS)
  // "0.378", "0,378": how spreadsheets count time. Rounded to the microsecond.
  kFractionOfDay,
};
inline constexpr std::array<Form<TimeForm>, 5> kTimeForms = {
    {{"HH:MM", TimeForm::kColons, "09:05"},
     {"HH:MM:SS", TimeForm::kColons, "09:05:30"},
     {"HHMM", TimeForm::kDigits, "0905"},
     {"HHMMSS", TimeForm::kDigitsWithSeconds, "090530"},
     {"day-fraction", TimeForm::kFractionOfDay, "0.378"}}};
// Since midnight, below kDaySpanUs: what comes after the next midnight has hours from 24 on.
std::optional<TimeUs> ParseTimeOfDay(std::string_view text, TimeForm form = TimeForm::kColons);
// "09:05:30", with six decimals only where they are needed.
std::string FormatTimeOfDay(TimeUs time);

enum class DayForm {
  kNumberOrDate,  // "1", "2", ... up to 999999, or "2026-11-30"
  kCompactDate,   // "20261130"
  kDottedDate,    // "30.11.2026"
  kDayFirst,      // "30/11/2026"
  kMonthFirst,    // "11/30/2026"
};
inline constexpr std::array<Form<DayForm>, 6> kDayForms = {
    {{"number", DayForm::kNumberOrDate, "1"},
     {"YYYY-MM-DD", DayForm::kNumberOrDate, "2026-11-30"},
     {"YYYYMMDD", DayForm::kCompactDate, "20261130"},
     {"DD.MM.YYYY", DayForm::kDottedDate, "30.11.2026"},
     {"DD/MM/YYYY", DayForm::kDayFirst, "30/11/2026"},
     {"MM/DD/YYYY", DayForm::kMonthFirst, "11/30/2026"}}};
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
  // With groups of three digits, or without any: "1,000.50", "1 000.50"; and "1.000,50",
  // "1 000,50". The spaces may be those that do not break a line (U+00A0, U+202F).
  kDecimalGrouped,
  kDecimalCommaGrouped,
};
inline constexpr std::array<Form<AmountForm>, 6> kAmountForms = {
    {{"decimal", AmountForm::kDecimal, "1234.50"},
     {"decimal-comma", AmountForm::kDecimalComma, "1234,50"},
     {"decimal-grouped", AmountForm::kDecimalGrouped, "1,234.50"},
     {"decimal-comma-grouped", AmountForm::kDecimalCommaGrouped, "1.234,50"},
     {"minor", AmountForm::kMinor, "123450"},
     {"rounded", AmountForm::kRounded, "1234.5000001"}}};

// "HHMM, such as 0905" of a form's value: what a text in it looks like.
std::string Described(TimeForm form);
std::string Described(DayForm form);
std::string Described(AmountForm form);
// In minor units. No sign or exponent, grouping where the form has it; zeros after the last decimal
// that a unit may have are passed over, as programs write "12.000000". Nothing when it does not fit
// 63 bits.
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
