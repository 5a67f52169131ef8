#include "scenarios/study/options.h"

#include <array>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "scenarios/study/output_text.h"
#include "scenarios/study/values.h"

namespace causeway::study {
namespace {

using liquidity::Algorithm;
using liquidity::Discipline;
using liquidity::EntryOffset;

template <typename Value>
using Word = std::pair<std::string_view, Value>;

constexpr std::array<Word<Discipline>, 5> kDisciplines = {{
    {"fifo", Discipline::kFifo},
    {"fifo-bypass", Discipline::kFifoBypass},
    {"priority", Discipline::kPriority},
    {"immediate", Discipline::kImmediate},
    {"deferred", Discipline::kDeferred},
}};
constexpr std::array<Word<Algorithm>, 10> kAlgorithmWords = {{
    {"none", Algorithm::kNone},
    {"bilateral", Algorithm::kBilateral},
    {"bilateral-single", Algorithm::kBilateralSingle},
    {"bech-soramaki", Algorithm::kBechSoramaki},
    {"greedy", Algorithm::kGreedy},
    {"cycle", Algorithm::kCycle},
    {"all-or-nothing", Algorithm::kAllOrNothing},
    {"partial", Algorithm::kPartial},
    {"multiple", Algorithm::kMultiple},
    {"exact", Algorithm::kExact},
}};
constexpr std::array<Word<EntryOffset>, 3> kEntryOffsets = {{
    {"none", EntryOffset::kNone},
    {"heads", EntryOffset::kHeads},
    {"single", EntryOffset::kSingle},
}};

template <typename Words>
auto Parse(std::string_view text, const Words& words)
    -> absl::StatusOr<typename Words::value_type::second_type> {
  std::string expected;
  for (const auto& [word, value] : words) {
    if (text == word) return value;
    expected += expected.empty() ? "" : ", ";
    expected += word;
  }
  return absl::InvalidArgumentError(fmt::format("\"{}\": expected one of {}", text, expected));
}

template <typename Words, typename Value>
std::string_view WordOf(const Words& words, Value wanted) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return word;
  }
  return "unknown";
}

}  // namespace

absl::StatusOr<Discipline> ParseDiscipline(std::string_view text) {
  return Parse(text, kDisciplines);
}
absl::StatusOr<Algorithm> ParseAlgorithm(std::string_view text) {
  return Parse(text, kAlgorithmWords);
}
absl::StatusOr<EntryOffset> ParseEntryOffset(std::string_view text) {
  return Parse(text, kEntryOffsets);
}
std::string_view DisciplineWord(Discipline discipline) { return WordOf(kDisciplines, discipline); }
std::string_view AlgorithmWord(Algorithm algorithm) { return WordOf(kAlgorithmWords, algorithm); }
std::string_view EntryOffsetWord(EntryOffset offset) { return WordOf(kEntryOffsets, offset); }

absl::StatusOr<core::UnsignedDecimal> ParseAlpha(std::string_view text) {
  return core::ParseUnsignedDecimal(text, kAlphaDecimalsMax, "alpha", text);
}

absl::StatusOr<TimeUs> ParseMinutes(std::string_view text) {
  // A millionth of a minute is 60 microseconds.
  const std::optional<std::int64_t> millionths = ParseMinor(text, 6);
  constexpr std::int64_t kMax = std::int64_t{24} * 60 * 1'000'000;
  if (!millionths || *millionths > kMax || *millionths * 60 < 1'000'000) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\": expected minutes, from a second to a day", text));
  }
  return *millionths * 60;
}

absl::StatusOr<TimeUs> ParseBoundary(std::string_view text) {
  if (text == "24:00") return kDayUs;
  const std::optional<TimeUs> time = ParseTimeOfDay(text);
  if (!time) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\": expected a time of day such as 09:05, up to 24:00", text));
  }
  return *time;
}

Facts FactsOf(const RunOptions& options) {
  std::string lsm;
  for (const Algorithm algorithm : options.lsm) {
    lsm += lsm.empty() ? "" : ",";
    lsm += AlgorithmWord(algorithm);
  }
  return {
      {"queue", std::string(DisciplineWord(options.queue))},
      {"lsm", lsm.empty() ? "none" : lsm},
      {"lsm_every", TimeOfDay(options.lsm_every)},
      {"entry_offset", std::string(EntryOffsetWord(options.entry_offset))},
      {"liquidity", options.alpha
                        ? core::FormatUnsignedDecimal(options.alpha->digits, options.alpha->scale)
                        : "balances"},
      {"credit", options.credit_on_collateral ? "collateral" : "none"},
  };
}

}  // namespace causeway::study
