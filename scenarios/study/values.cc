#include "scenarios/study/values.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "settlement/core/time.h"
#include "settlement/liquidity/rules.h"

namespace causeway::study {
namespace {

bool IsDigit(char character) { return character >= '0' && character <= '9'; }

// A number of 1 to `digits_max` (at most 9) digits at the beginning of `text`, which it takes off.
std::optional<std::int64_t> TakeNumber(std::string_view& text, std::size_t digits_max) {
  std::int64_t value = 0;
  std::size_t size = 0;
  for (; size < text.size() && size < digits_max && IsDigit(text[size]); ++size) {
    value = value * 10 + (text[size] - '0');
  }
  if (size == 0) return std::nullopt;
  text.remove_prefix(size);
  return value;
}

bool TakeChar(std::string_view& text, char character) {
  if (text.empty() || text.front() != character) return false;
  text.remove_prefix(1);
  return true;
}

// A decimal below 1 of a day, to the nearest microsecond.
std::optional<TimeUs> ParseFractionOfDay(std::string_view text) {
  constexpr int kDecimals = 15;  // as many as spreadsheets write
  std::string plain(text);
  const std::size_t comma = plain.find(',');
  if (comma != std::string::npos) plain[comma] = '.';
  const std::optional<RoundedMinor> fraction = ParseRounded(plain, kDecimals);
  if (!fraction) return std::nullopt;
  constexpr __int128 kOne = 1'000'000'000'000'000;
  const __int128 micros = (__int128{fraction->minor} * kDayUs + kOne / 2) / kOne;
  if (micros >= kDayUs) return std::nullopt;
  return static_cast<TimeUs>(micros);
}

std::optional<TimeUs> MakeTime(std::int64_t hours, std::int64_t minutes, std::int64_t seconds) {
  if (hours > 47 || minutes > 59 || seconds > 59) return std::nullopt;
  return hours * kHourUs + minutes * kMinuteUs + seconds * 1'000'000;
}

std::optional<std::int64_t> DateKey(std::int64_t year, std::int64_t month, std::int64_t day) {
  const auto date = core::BusinessDate::FromCivil(static_cast<int>(year), static_cast<int>(month),
                                                  static_cast<int>(day));
  if (!date || year < 1900) return std::nullopt;
  return kDateBase + date->days();
}

}  // namespace

std::optional<TimeUs> ParseTimeOfDay(std::string_view text, TimeForm form) {
  if (form == TimeForm::kFractionOfDay) return ParseFractionOfDay(text);
  if (form != TimeForm::kColons) {
    const bool seconds = form == TimeForm::kDigitsWithSeconds;
    const std::size_t size_max = seconds ? 6 : 4;
    if (text.size() > size_max || text.size() + 1 < size_max) return std::nullopt;
    const std::optional<std::int64_t> number = TakeNumber(text, size_max);
    if (!number || !text.empty()) return std::nullopt;
    const std::int64_t with_seconds = seconds ? *number : *number * 100;
    return MakeTime(with_seconds / 10'000, with_seconds / 100 % 100, with_seconds % 100);
  }
  const auto hours = TakeNumber(text, 2);
  if (!hours || !TakeChar(text, ':') || text.size() < 2 || !IsDigit(text[1])) return std::nullopt;
  const auto minutes = TakeNumber(text, 2);
  if (!minutes) return std::nullopt;
  if (text.empty()) return MakeTime(*hours, *minutes, 0);
  if (!TakeChar(text, ':') || text.size() < 2 || !IsDigit(text[1])) return std::nullopt;
  const auto seconds = TakeNumber(text, 2);
  if (!seconds) return std::nullopt;
  std::int64_t micros = 0;
  if (TakeChar(text, '.')) {
    const std::size_t size = text.size();
    const auto fraction = TakeNumber(text, 6);
    if (!fraction) return std::nullopt;
    micros = *fraction;
    for (std::size_t i = size - text.size(); i < 6; ++i) micros *= 10;
  }
  const std::optional<TimeUs> time = MakeTime(*hours, *minutes, *seconds);
  if (!text.empty() || !time) return std::nullopt;
  return *time + micros;
}

std::string FormatTimeOfDay(TimeUs time) {
  const std::int64_t seconds = time / 1'000'000;
  std::string text =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (time % 1'000'000 != 0) text += fmt::format(".{:06}", time % 1'000'000);
  return text;
}

std::optional<std::int64_t> ParseDay(std::string_view text, DayForm form) {
  if (form == DayForm::kCompactDate) {
    if (text.size() != 8) return std::nullopt;
    const auto number = TakeNumber(text, 8);
    if (!number || !text.empty()) return std::nullopt;
    return DateKey(*number / 10'000, *number / 100 % 100, *number % 100);
  }
  const auto first = TakeNumber(text, 6);
  if (!first) return std::nullopt;
  if (text.empty()) return form == DayForm::kNumberOrDate ? first : std::nullopt;
  const bool slashed = form == DayForm::kDayFirst || form == DayForm::kMonthFirst;
  const char mark = form == DayForm::kDottedDate ? '.' : slashed ? '/' : '-';
  if (!TakeChar(text, mark)) return std::nullopt;
  const auto second = TakeNumber(text, 2);
  if (!second || !TakeChar(text, mark)) return std::nullopt;
  const auto third = TakeNumber(text, 4);
  if (!third || !text.empty()) return std::nullopt;
  if (mark == '-') return DateKey(*first, *second, *third);
  return form == DayForm::kMonthFirst ? DateKey(*third, *first, *second)
                                      : DateKey(*third, *second, *first);
}

std::string FormatDay(std::int64_t day) {
  if (day < kDateBase) return fmt::format("{}", day);
  const auto date = core::BusinessDate::FromDays(static_cast<std::int32_t>(day - kDateBase));
  return date ? date->ToString() : fmt::format("{}", day);
}

namespace {

// A decimal number: its digits, of which the point stands `exponent` places from the last.
struct DecimalText {
  std::string digits;
  std::int64_t exponent = 0;
};

std::optional<DecimalText> TakeDecimal(std::string_view text) {
  DecimalText number;
  const auto take_digits = [&text, &number] {
    const std::size_t before = number.digits.size();
    while (!text.empty() && IsDigit(text.front())) {
      number.digits += text.front();
      text.remove_prefix(1);
    }
    return number.digits.size() - before;
  };
  if (take_digits() == 0) return std::nullopt;
  if (TakeChar(text, '.')) {
    const std::size_t decimals = take_digits();
    if (decimals == 0) return std::nullopt;
    number.exponent = -static_cast<std::int64_t>(decimals);
  }
  if (TakeChar(text, 'e') || TakeChar(text, 'E')) {
    const bool negative = TakeChar(text, '-');
    if (!negative) TakeChar(text, '+');
    const std::optional<std::int64_t> exponent = TakeNumber(text, 4);
    if (!exponent) return std::nullopt;
    number.exponent += negative ? -*exponent : *exponent;
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<RoundedMinor> ParseRounded(std::string_view text, int minor_digits) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::optional<DecimalText> number = TakeDecimal(text);
  if (!number) return std::nullopt;
  const auto size = static_cast<std::int64_t>(number->digits.size());
  // So many of the digits, and zeros after them, are whole minor units.
  const std::int64_t whole = size + number->exponent + minor_digits;
  std::int64_t value = 0;
  for (std::int64_t i = 0; i < whole; ++i) {
    const std::int64_t digit = i < size ? number->digits[static_cast<std::size_t>(i)] - '0' : 0;
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (whole >= size) return RoundedMinor{value, false};
  // What is left, as a decimal fraction of a unit, against one half.
  const std::string zeros(static_cast<std::size_t>(whole < 0 ? -whole : 0), '0');
  const std::string rest =
      zeros + number->digits.substr(static_cast<std::size_t>(whole < 0 ? 0 : whole));
  const bool exact = rest.find_first_not_of('0') == std::string::npos;
  const bool half = rest[0] == '5' && rest.find_first_not_of('0', 1) == std::string::npos;
  const bool up = half ? value % 2 != 0 : rest[0] >= '5';
  if (up && value == kMax) return std::nullopt;
  return RoundedMinor{value + (up ? 1 : 0), !exact};
}

namespace {

// `text` without the marks between groups of three digits: all the same, a space or `mark`. Nothing
// when the groups are not of three.
std::optional<std::string> Ungrouped(std::string_view text, char mark, char point) {
  const std::array<std::string_view, 4> marks = {std::string_view(&mark, 1), " ", "\xC2\xA0",
                                                 "\xE2\x80\xAF"};
  const std::string_view whole = text.substr(0, text.find(point));
  std::string plain;
  std::string_view used;
  std::size_t group = 0;
  for (std::size_t at = 0; at < whole.size();) {
    if (IsDigit(whole[at])) {
      plain += whole[at++];
      ++group;
      continue;
    }
    const auto found = std::find_if(marks.begin(), marks.end(), [&](std::string_view each) {
      return whole.substr(at, each.size()) == each;
    });
    const bool first = used.empty();
    if (found == marks.end() || (!first && *found != used)) return std::nullopt;
    if (group == 0 || (first ? group > 3 : group != 3)) return std::nullopt;
    used = *found;
    group = 0;
    at += used.size();
  }
  if (!used.empty() && group != 3) return std::nullopt;
  return plain.append(text.substr(whole.size()));
}

template <typename Value, std::size_t kSize>
std::string DescribedIn(const std::array<Form<Value>, kSize>& forms, Value value) {
  std::string text;
  for (const Form<Value>& form : forms) {
    if (form.value != value) continue;
    text += fmt::format("{}{}, such as {}", text.empty() ? "" : " or ", form.name, form.example);
  }
  return text;
}

}  // namespace

std::string Described(TimeForm form) { return DescribedIn(kTimeForms, form); }
std::string Described(DayForm form) { return DescribedIn(kDayForms, form); }
std::string Described(AmountForm form) { return DescribedIn(kAmountForms, form); }

std::optional<std::int64_t> ParseMinor(std::string_view text, int minor_digits, AmountForm form) {
  if (form == AmountForm::kDecimalGrouped || form == AmountForm::kDecimalCommaGrouped) {
    const bool comma = form == AmountForm::kDecimalCommaGrouped;
    const auto plain = Ungrouped(text, comma ? '.' : ',', comma ? ',' : '.');
    if (!plain) return std::nullopt;
    return ParseMinor(*plain, minor_digits,
                      comma ? AmountForm::kDecimalComma : AmountForm::kDecimal);
  }
  if (form == AmountForm::kRounded) {
    const std::optional<RoundedMinor> rounded = ParseRounded(text, minor_digits);
    return rounded ? std::optional(rounded->minor) : std::nullopt;
  }
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const char point = form == AmountForm::kDecimalComma ? ',' : '.';
  std::int64_t value = 0;
  const auto push = [&value](std::int64_t digit) {
    if (value > (kMax - digit) / 10) return false;
    value = value * 10 + digit;
    return true;
  };
  std::size_t at = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    if (!push(text[at] - '0')) return std::nullopt;
  }
  if (at == 0) return std::nullopt;
  if (form == AmountForm::kMinor) return at == text.size() ? std::optional(value) : std::nullopt;
  int decimals = 0;
  if (at < text.size()) {
    if (text[at] != point || ++at == text.size()) return std::nullopt;
    for (; at < text.size(); ++at) {
      if (!IsDigit(text[at])) return std::nullopt;
      if (decimals == minor_digits) {
        if (text[at] != '0') return std::nullopt;
        continue;
      }
      if (!push(text[at] - '0')) return std::nullopt;
      ++decimals;
    }
  }
  for (; decimals < minor_digits; ++decimals) {
    if (!push(0)) return std::nullopt;
  }
  return value;
}

std::optional<std::uint32_t> ParseBasisPoints(std::string_view text) {
  const std::optional<std::int64_t> hundredths = ParseMinor(text, 2);
  if (!hundredths || *hundredths > liquidity::kHaircutBasisPointsMax) return std::nullopt;
  return static_cast<std::uint32_t>(*hundredths);
}

std::optional<liquidity::Priority> ParsePriority(std::string_view text) {
  using liquidity::Priority;
  if (text.empty() || text == "normal" || text == "3") return Priority::kNormal;
  if (text == "high" || text == "2") return Priority::kHigh;
  if (text == "urgent" || text == "1") return Priority::kUrgent;
  return std::nullopt;
}

bool IsCurrencyName(std::string_view text) {
  return !text.empty() && text.size() <= kCurrencyBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

std::optional<bool> ParseFlag(std::string_view text) {
  if (text.empty() || text == "no" || text == "false" || text == "0") return false;
  if (text == "yes" || text == "true" || text == "1") return true;
  return std::nullopt;
}

}  // namespace causeway::study
