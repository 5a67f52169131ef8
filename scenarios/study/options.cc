#include "scenarios/study/options.h"

#include <algorithm>
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
using liquidity::Release;

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
constexpr std::array<Word<Release>, 3> kReleases = {{
    {"funds", Release::kFunds},
    {"receipts", Release::kReceiptReactive},
    {"balance", Release::kBalanceReactive},
}};
constexpr std::array<Word<bool>, 2> kYesOrNo = {{{"no", false}, {"yes", true}}};
constexpr std::array<Word<bool>, 2> kTurns = {{{"all", false}, {"until-settled", true}}};
constexpr std::array<Word<bool>, 2> kBound = {{{"normal", false}, {"all", true}}};
constexpr std::array<Word<bool>, 2> kPvp = {{{"measured", false}, {"together", true}}};
constexpr std::array<Word<bool>, 2> kCredit = {{{"none", false}, {"collateral", true}}};

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
std::string WordOf(const Words& words, Value wanted) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return std::string(word);
  }
  return "unknown";
}

absl::Status Wrong(std::string_view text, std::string_view expected) {
  return absl::InvalidArgumentError(fmt::format("\"{}\": expected {}", text, expected));
}

// One option: its name, its help, how a text sets it, and how it reads back.
struct Option {
  std::string_view name;
  std::string_view help;
  absl::Status (*set)(RunOptions&, std::string_view, int minor_digits);
  std::string (*text)(const RunOptions&, int minor_digits);
};

template <typename Target, typename Value>
absl::Status Take(Target& target, const absl::StatusOr<Value>& value) {
  if (!value.ok()) return value.status();
  target = *value;
  return absl::OkStatus();
}

absl::Status TakeCount(std::uint32_t& target, std::string_view text, std::uint32_t most) {
  const std::optional<std::int64_t> count = ParseMinor(text, 0, AmountForm::kMinor);
  if (!count || *count < 1 || *count > most) {
    return Wrong(text, fmt::format("a whole number from 1 to {}", most));
  }
  target = static_cast<std::uint32_t>(*count);
  return absl::OkStatus();
}

template <typename Target>
absl::Status TakeMoney(Target& target, std::string_view text, int minor_digits) {
  const std::optional<std::int64_t> minor = ParseMinor(text, minor_digits);
  if (!minor || *minor > liquidity::kTotalMinorMax) {
    return Wrong(text,
                 fmt::format("a decimal number from 0 with at most {} decimals", minor_digits));
  }
  target = *minor;
  return absl::OkStatus();
}

absl::Status TakeAmount(core::Amount& target, std::string_view text, int minor_digits) {
  std::int64_t minor = 0;
  absl::Status taken = TakeMoney(minor, text, minor_digits);
  if (taken.ok()) target = core::Amount::FromMinor(minor);
  return taken;
}

absl::Status TakePercent(std::uint32_t& basis_points, std::string_view text) {
  const std::optional<std::uint32_t> points = ParseBasisPoints(text);
  if (!points) {
    return absl::InvalidArgumentError(fmt::format("\"{}\": {}", text, kHaircutExpected));
  }
  basis_points = *points;
  return absl::OkStatus();
}

absl::Status TakeShare(std::optional<FundsShare>& target, std::string_view text) {
  const absl::StatusOr<FundsShare> share =
      core::ParseUnsignedDecimal(text, kAlphaDecimalsMax, "share", text);
  if (!share.ok() || share->digits > 1'000'000'000'000) {
    return Wrong(text, "a share such as 0.25, of the funds at the opening");
  }
  target = *share;
  return absl::OkStatus();
}

absl::Status TakeAlgorithms(RunOptions& options, std::string_view text) {
  std::vector<Algorithm> algorithms;
  for (;;) {
    const std::size_t end = text.find_first_of(",+");
    const absl::StatusOr<Algorithm> algorithm = ParseAlgorithm(text.substr(0, end));
    if (!algorithm.ok()) return algorithm.status();
    if (*algorithm != Algorithm::kNone) algorithms.push_back(*algorithm);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  options.lsm = std::move(algorithms);
  return absl::OkStatus();
}

// "12:00=0.5,14:30=0.75"
absl::Status TakeTargets(RunOptions& options, std::string_view text) {
  constexpr std::string_view kExpected =
      "times of day and shares such as 12:00=0.5,14:30=0.75, by ascending time";
  std::vector<ThroughputTarget> targets;
  for (std::string_view rest = text;;) {
    const std::size_t end = rest.find(',');
    const std::string_view one = rest.substr(0, end);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) return Wrong(text, kExpected);
    const absl::StatusOr<TimeUs> by = ParseBoundary(one.substr(0, equals));
    const std::optional<std::int64_t> share = ParseMinor(one.substr(equals + 1), 6);
    const bool ascends = by.ok() && (targets.empty() || targets.back().by < *by);
    if (!ascends || !share || *share > 1'000'000) return Wrong(text, kExpected);
    targets.push_back({*by, *share});
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (targets.size() > kThroughputTargetsMax) {
    return Wrong(text, fmt::format("at most {} targets", kThroughputTargetsMax));
  }
  options.targets = std::move(targets);
  return absl::OkStatus();
}

std::string TargetsText(const RunOptions& options) {
  std::string text;
  for (const ThroughputTarget& target : options.targets) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", TimeOfDay(target.by),
                        Money(target.millionths, 6));
  }
  return text;
}

std::string AlgorithmsText(const RunOptions& options) {
  std::string text;
  for (const Algorithm algorithm : options.lsm) {
    text += text.empty() ? "" : ",";
    text += AlgorithmWord(algorithm);
  }
  return text.empty() ? "none" : text;
}

std::string ShareText(const std::optional<FundsShare>& share) {
  return share ? core::FormatUnsignedDecimal(share->digits, share->scale) : "";
}
std::string TimeText(const std::optional<TimeUs>& time) { return time ? TimeOfDay(*time) : ""; }
std::string MoneyText(core::Amount amount, int minor_digits) {
  return core::FormatAmount(amount, minor_digits);
}

using R = RunOptions;
using S = std::string_view;

// The main ones first: FactsOf tells so many always.
constexpr std::size_t kAlwaysTold = 6;
constexpr std::array kOptions = {
    Option{"queue",
           "fifo, fifo-bypass, priority, immediate (no queue) or deferred (nothing but runs)",
           [](R& o, S t, int) { return Take(o.queue, ParseDiscipline(t)); },
           [](const R& o, int) { return std::string(DisciplineWord(o.queue)); }},
    Option{"lsm",
           "What settles queued payments together; several, joined by commas, run in turn: none, "
           "bilateral, bilateral-single, bech-soramaki, greedy, cycle, all-or-nothing, partial, "
           "multiple, exact",
           [](R& o, S t, int) { return TakeAlgorithms(o, t); },
           [](const R& o, int) { return AlgorithmsText(o); }},
    Option{"lsm-every", "Minutes between its runs (15)",
           [](R& o, S t, int) { return Take(o.lsm_every, ParseMinutes(t)); },
           [](const R& o, int) { return TimeOfDay(o.lsm_every); }},
    Option{"entry-offset", "Against the payee's queue at entry: none, heads or single",
           [](R& o, S t, int) { return Take(o.entry_offset, Parse(t, kEntryOffsets)); },
           [](const R& o, int) { return WordOf(kEntryOffsets, o.entry_offset); }},
    Option{"liquidity",
           "ALPHA: each bank begins each day with LB + ALPHA (UB - LB) of its own bounds",
           [](R& o, S t, int) { return Take(o.alpha, ParseAlpha(t)); },
           [](const R& o, int) {
             return o.alpha ? ShareText(o.alpha)
                            : std::string(o.liquidity_total ? "total" : "balances");
           }},
    Option{"credit", "none, or collateral: what is posted gives a credit line",
           [](R& o, S t, int) { return Take(o.credit_on_collateral, Parse(t, kCredit)); },
           [](const R& o, int) { return WordOf(kCredit, o.credit_on_collateral); }},
    Option{"liquidity-total",
           "AMOUNT: each bank begins each day with its LB, and a part of the rest of AMOUNT in "
           "proportion to what it is to send",
           [](R& o, S t, int digits) { return TakeMoney(o.liquidity_total, t, digits); },
           [](const R& o, int digits) {
             return o.liquidity_total ? Money(*o.liquidity_total, digits) : std::string();
           }},
    Option{"credit-share",
           "SHARE of what liquidity or liquidity-total give that is collateral for credit, not "
           "balance",
           [](R& o, S t, int) { return TakeShare(o.credit_share, t); },
           [](const R& o, int) { return ShareText(o.credit_share); }},
    Option{"haircut", "PERCENT of collateral that gives no credit (0)",
           [](R& o, S t, int) { return TakePercent(o.haircut_basis_points, t); },
           [](const R& o, int) {
             return Money(static_cast<std::int64_t>(o.haircut_basis_points), 2);
           }},
    Option{"stress-credit-loss",
           "PERCENT that credit lines lose in BCBS 248's market-wide stress (30), which names none",
           [](R& o, S t, int) { return TakePercent(o.stress_credit_loss_basis_points, t); },
           [](const R& o, int) {
             return Money(static_cast<std::int64_t>(o.stress_credit_loss_basis_points), 2);
           }},
    Option{"credit-price", "Millionths of the drawn credit that a day of 24 hours costs (0)",
           [](R& o, S t, int) {
             const auto price = ParseMinor(t, 0, AmountForm::kMinor);
             if (!price || *price > 1'000'000) return Wrong(t, "millionths, from 0 to 1000000");
             o.credit_price_ppm_per_day = *price;
             return absl::OkStatus();
           },
           [](const R& o, int) { return fmt::format("{}", o.credit_price_ppm_per_day); }},
    Option{"normal-bypass", "With priority: yes lets normal payments pass normal ones (no)",
           [](R& o, S t, int) { return Take(o.normal_bypass, Parse(t, kYesOrNo)); },
           [](const R& o, int) { return WordOf(kYesOrNo, o.normal_bypass); }},
    Option{"lsm-turns",
           "all of lsm at each run, or until-settled: each only when the one before it settled "
           "nothing (all)",
           [](R& o, S t, int) { return Take(o.lsm_until_settled, Parse(t, kTurns)); },
           [](const R& o, int) { return WordOf(kTurns, o.lsm_until_settled); }},
    Option{"counter-payments", "single, bilateral-single: the most counter-payments tried (10)",
           [](R& o, S t, int) { return TakeCount(o.counter_payments_max, t, 1'000'000); },
           [](const R& o, int) { return fmt::format("{}", o.counter_payments_max); }},
    Option{"offset-after", "bilateral-single: minutes that a payment must have waited (1)",
           [](R& o, S t, int) { return Take(o.offset_after, ParseMinutes(t)); },
           [](const R& o, int) { return TimeOfDay(o.offset_after); }},
    Option{
        "cycle-banks", "cycle: the most accounts in a ring, 2 to 16 (5)",
        [](R& o, S t, int) { return TakeCount(o.cycle_banks_max, t, liquidity::kCycleBanksMax); },
        [](const R& o, int) { return fmt::format("{}", o.cycle_banks_max); }},
    Option{"exact-payments", "exact: how many of the oldest payments it looks at, 1 to 28 (16)",
           [](R& o, S t, int) {
             return TakeCount(o.exact_payments_max, t, liquidity::kExactPaymentsMax);
           },
           [](const R& o, int) { return fmt::format("{}", o.exact_payments_max); }},
    Option{"queue-max", "Payments that may wait at once; more are refused",
           [](R& o, S t, int) { return TakeCount(o.queue_max, t, liquidity::kPaymentsMax); },
           [](const R& o, int) { return fmt::format("{}", o.queue_max); }},
    Option{"release",
           "What normal payments settle out of: funds, receipts (receipt-reactive) or balance "
           "(above release-threshold)",
           [](R& o, S t, int) { return Take(o.release, Parse(t, kReleases)); },
           [](const R& o, int) { return WordOf(kReleases, o.release); }},
    Option{"receipt-window",
           "With release receipts: minutes after which receipts count anew (1440)",
           [](R& o, S t, int) { return Take(o.receipt_window, ParseMinutes(t)); },
           [](const R& o, int) { return TimeOfDay(o.receipt_window); }},
    Option{"release-threshold",
           "With release balance: SHARE of its funds at the opening that each account keeps",
           [](R& o, S t, int) { return TakeShare(o.release_threshold, t); },
           [](const R& o, int) { return ShareText(o.release_threshold); }},
    Option{"reserve-urgent", "SHARE of its funds that each account keeps for urgent payments",
           [](R& o, S t, int) { return TakeShare(o.reserve_urgent, t); },
           [](const R& o, int) { return ShareText(o.reserve_urgent); }},
    Option{"reserve-high", "SHARE of its funds that each keeps for urgent and high payments",
           [](R& o, S t, int) { return TakeShare(o.reserve_high, t); },
           [](const R& o, int) { return ShareText(o.reserve_high); }},
    Option{"reserve-until", "HH:MM at which all reservations end; without it, at the close",
           [](R& o, S t, int) { return Take(o.reserve_until, ParseBoundary(t)); },
           [](const R& o, int) { return TimeText(o.reserve_until); }},
    Option{"promote-at", "HH:MM from which on all payments are urgent, those that wait too",
           [](R& o, S t, int) { return Take(o.promote_at, ParseBoundary(t)); },
           [](const R& o, int) { return TimeText(o.promote_at); }},
    Option{"bilateral-limit",
           "SHARE of its funds that each may have paid another beyond what it received from it",
           [](R& o, S t, int) { return TakeShare(o.bilateral_limit, t); },
           [](const R& o, int) { return ShareText(o.bilateral_limit); }},
    Option{"multilateral-limit",
           "The same towards all others together to which it has no bilateral limit",
           [](R& o, S t, int) { return TakeShare(o.multilateral_limit, t); },
           [](const R& o, int) { return ShareText(o.multilateral_limit); }},
    Option{"limits-bind", "normal payments only, or all (normal)",
           [](R& o, S t, int) { return Take(o.limits_bind_all, Parse(t, kBound)); },
           [](const R& o, int) { return WordOf(kBound, o.limits_bind_all); }},
    Option{"split-part-min", "AMOUNT: payments may settle in parts, none but the last smaller",
           [](R& o, S t, int digits) { return TakeAmount(o.splitting.part_min, t, digits); },
           [](const R& o, int digits) { return MoneyText(o.splitting.part_min, digits); }},
    Option{"split-part-max", "AMOUNT: no part is larger",
           [](R& o, S t, int digits) { return TakeAmount(o.splitting.part_max, t, digits); },
           [](const R& o, int digits) { return MoneyText(o.splitting.part_max, digits); }},
    Option{"split-from", "AMOUNT: only payments of at least so much settle in parts",
           [](R& o, S t, int digits) { return TakeAmount(o.splitting.threshold, t, digits); },
           [](const R& o, int digits) { return MoneyText(o.splitting.threshold, digits); }},
    Option{"targets",
           "HH:MM=SHARE,...: throughput targets, by which time so much of what each submits is to "
           "have settled",
           [](R& o, S t, int) { return TakeTargets(o, t); },
           [](const R& o, int) { return TargetsText(o); }},
    Option{"pvp",
           "measured, or together: the two payments of a link settle in one instant or not at all "
           "(measured)",
           [](R& o, S t, int) { return Take(o.pvp_together, Parse(t, kPvp)); },
           [](const R& o, int) { return WordOf(kPvp, o.pvp_together); }},
    Option{"opens", "HH:MM of every day; without it the whole hour before all payments",
           [](R& o, S t, int) { return Take(o.opens, ParseBoundary(t)); },
           [](const R&, int) { return std::string(); }},
    Option{"closes",
           "HH:MM up to 48:00 (after midnight from 24:00 on); without it the whole hour after all "
           "payments",
           [](R& o, S t, int) { return Take(o.closes, ParseBoundary(t)); },
           [](const R&, int) { return std::string(); }},
    Option{"sample-every", "Minutes between the times of queue.csv (15)",
           [](R& o, S t, int) { return Take(o.sample_every, ParseMinutes(t)); },
           [](const R& o, int) { return TimeOfDay(o.sample_every); }},
};

const Option* FindOption(std::string_view name) {
  for (const Option& option : kOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<Discipline> ParseDiscipline(std::string_view text) {
  return Parse(text, kDisciplines);
}
absl::StatusOr<Algorithm> ParseAlgorithm(std::string_view text) {
  return Parse(text, kAlgorithmWords);
}
std::string_view DisciplineWord(Discipline discipline) {
  for (const auto& [word, value] : kDisciplines) {
    if (value == discipline) return word;
  }
  return "unknown";
}
std::string_view AlgorithmWord(Algorithm algorithm) {
  for (const auto& [word, value] : kAlgorithmWords) {
    if (value == algorithm) return word;
  }
  return "unknown";
}

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
  if (text == "48:00") return kDaySpanUs;
  const std::optional<TimeUs> time = ParseTimeOfDay(text);
  if (!time) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\": expected a time of day such as 09:05, up to 48:00", text));
  }
  return *time;
}

std::vector<OptionHelp> AllOptions() {
  std::vector<OptionHelp> all;
  all.reserve(kOptions.size());
  for (const Option& option : kOptions) {
    all.push_back({std::string(option.name), std::string(option.help)});
  }
  return all;
}

std::string OptionNames() {
  std::string names;
  for (const Option& option : kOptions) {
    names += names.empty() ? "" : ", ";
    names += option.name;
  }
  return names;
}

bool IsOption(std::string_view name) { return FindOption(name) != nullptr; }

absl::Status SetOption(RunOptions& options, std::string_view name, std::string_view value,
                       int minor_digits) {
  const Option* const option = FindOption(name);
  if (option == nullptr) {
    return absl::NotFoundError(fmt::format("no option of a study; there are {}", OptionNames()));
  }
  return option->set(options, value, minor_digits);
}

Facts FactsOf(const RunOptions& options, int minor_digits) {
  const RunOptions defaults;
  Facts facts;
  for (std::size_t i = 0; i < kOptions.size(); ++i) {
    std::string text = kOptions[i].text(options, minor_digits);
    if (i >= kAlwaysTold && text == kOptions[i].text(defaults, minor_digits)) continue;
    std::string name(kOptions[i].name);
    std::replace(name.begin(), name.end(), '-', '_');
    facts.emplace_back(std::move(name), std::move(text));
  }
  return facts;
}

}  // namespace causeway::study
