#include "scenarios/spec/compiler.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "scenarios/spec/schedule.h"
#include "settlement/core/quote.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kNameSizeMax = 40;
// The bridge answers only when a settlement is complete, so this lies above any settlement deadline
// in use.
constexpr core::Duration kReplyTimeoutDefault = core::Duration::FromMinutes(10);

bool IsName(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max &&
         std::all_of(text.begin(), text.end(), [](char character) {
           return (character >= 'a' && character <= 'z') ||
                  (character >= '0' && character <= '9') || character == '-';
         });
}

// Two digits, or nothing.
std::optional<int> TwoDigits(std::string_view text) {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
    return std::nullopt;
  }
  return (text[0] - '0') * 10 + (text[1] - '0');
}

}  // namespace

Compiler::Compiler(const ParsedScenario& parsed, const CompileOptions& options)
    : spec_(parsed.scenario()),
      root_(parsed.root()),
      mechanism_(options.mechanism),
      fault_groups_(options.fault_groups),
      directory_(options.directory) {
  plan_.seed = options.seed.value_or(spec_.seed());
}

std::variant<Plan, std::vector<Finding>> Compiler::Compile() {
  CompileHeader();
  CompileCalendar();
  CompileReferenceRates();
  CompileNetwork();
  const std::size_t findings_before = findings_.size();
  CompileLedgers();
  const bool ledgers_good = !plan_.days.empty() && findings_.size() == findings_before;
  CompileParticipants();
  const std::size_t findings_before_payments = findings_.size();
  if (ledgers_good) ReadPaymentsFrom();
  const bool payments_good = findings_.size() == findings_before_payments;
  AddSystemParticipants();
  // What refers to them is worth reading only when they are all there.
  if (ledgers_good && payments_good && plan_.participants.size() == ParticipantCount()) {
    CompileBridge();
    CompileMechanism();
    CompileAccountTerms();
    CompileBehaviours();
    CompileOpeningBalances();
    CompileSteps();
    // Times are drawn within the hours of business: there must be some.
    if (opens_ < cuts_off_) CompileGenerators();
    CompilePaymentsFrom();
    CompileExpectations();
  }
  if (findings_.empty()) {
    Schedule(plan_);
    FindOrderedActions();
    CompileFaults();
  }
  if (findings_.empty()) return std::move(plan_);
  std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return std::move(findings_);
}

std::size_t Compiler::ParticipantCount() const {
  return static_cast<std::size_t>(spec_.participants_size()) + made_participants_ +
         (spec_.has_bridge() ? 1 : 0) + 1;
}

void Compiler::Fail(Place place, std::string message) {
  findings_.push_back({place.line, place.column, std::move(message)});
}

void Compiler::CompileHeader() {
  if (!IsName(spec_.name(), kNameSizeMax)) {
    Fail(root_.Of("name"), fmt::format("name {}: must be 1 to {} of a-z, 0-9 and '-'",
                                       core::Quoted(spec_.name()), kNameSizeMax));
  }
  plan_.name = spec_.name();
  plan_.description = spec_.description();
  if (spec_.suite() != causeway::v1::SUITE_UNSPECIFIED &&
      spec_.suite() != causeway::v1::SUITE_ED25519_SHA256) {
    Fail(root_.Of("suite"),
         "suite: a scenario can use SUITE_ED25519_SHA256 only; keys and signatures of the others "
         "are not reproducible");
  }
  plan_.modelled_signatures = spec_.modelled_signatures();
  plan_.concurrent = spec_.concurrent();
}

void Compiler::CompileReferenceRates() {
  if (!spec_.has_reference_rates()) return;
  const Node node = root_.Child("reference_rates");
  const causeway::v1::ReferenceRates& spec = spec_.reference_rates();
  plan_.value_currency = Read<core::Currency>(node.Of("value_currency"), spec.value_currency());
  for (int i = 0; i < spec.rates_size(); ++i) {
    const Node rate_node = node.Child("rates", i);
    const auto currency = Read<core::Currency>(rate_node.Of("currency"), spec.rates(i).currency());
    const auto rate = Read<core::Rate>(rate_node.Of("rate"), spec.rates(i).rate());
    if (!currency || !rate) continue;
    const bool twice =
        std::any_of(plan_.reference_rates.begin(), plan_.reference_rates.end(),
                    [&](const PlannedReferenceRate& other) { return other.currency == *currency; });
    if (twice || currency == plan_.value_currency) {
      Fail(rate_node.Of("currency"),
           fmt::format("currency {} has a reference rate already", currency->code()));
    }
    plan_.reference_rates.push_back({*currency, *rate});
  }
}

void Compiler::CompileNetwork() {
  const causeway::v1::NetworkSpec& spec = spec_.network();
  plan_.network = {.latency_min = core::Duration::FromMicros(spec.latency_us_min()),
                   .latency_max = core::Duration::FromMicros(spec.latency_us_max()),
                   .sync = core::Duration::FromMicros(spec.sync_us()),
                   .reply_timeout = spec.reply_timeout_ms() == 0
                                        ? kReplyTimeoutDefault
                                        : core::Duration::FromMillis(spec.reply_timeout_ms())};
  if (spec.latency_us_min() > spec.latency_us_max()) {
    Fail(root_.Child("network").Of("latency_us_min"),
         fmt::format("latency_us_min {} is above latency_us_max {}", spec.latency_us_min(),
                     spec.latency_us_max()));
  }
}

void Compiler::CompileCalendar() {
  if (!spec_.has_calendar()) {
    Fail({1, 1}, "calendar is missing: first_date, last_date, opens and cuts_off are needed");
    return;
  }
  const Node node = root_.Child("calendar");
  const causeway::v1::Calendar& spec = spec_.calendar();
  const auto opens = ReadTimeOfDay(node.Of("opens"), spec.opens());
  const auto cuts_off = ReadTimeOfDay(node.Of("cuts_off"), spec.cuts_off());
  if (opens && cuts_off) {
    opens_ = *opens;
    cuts_off_ = *cuts_off;
    if (opens_ < kSetUpBeforeOpening) {
      Fail(node.Of("opens"), "opens: must be 00:05 or later, because ledgers are set up before");
    }
    if (cuts_off_ < opens_ + core::Duration::FromMinutes(10)) {
      Fail(node.Of("cuts_off"), "cuts_off: must be at least 10 minutes after opens");
    }
    if (cuts_off_ + kCloseAfterCutOff >= core::Duration::FromHours(24)) {
      Fail(node.Of("cuts_off"), "cuts_off: must be before 23:50, because the day closes after it");
    }
  }
  const auto first = Read<core::BusinessDate>(node.Of("first_date"), spec.first_date());
  const auto last = Read<core::BusinessDate>(node.Of("last_date"), spec.last_date());
  if (!first || !last) return;
  // Ledger time counts from the beginning of 1970 and is above zero.
  if (*first <= core::BusinessDate()) {
    Fail(node.Of("first_date"), "first_date: must be 1970-01-02 or later");
    return;
  }
  if (*last < *first) {
    Fail(node.Of("last_date"),
         fmt::format("last_date {} is before first_date {}", last->ToString(), first->ToString()));
    return;
  }
  if (last->days() - first->days() >= kCalendarDaysMax) {
    Fail(node.Of("last_date"),
         fmt::format("the calendar spans more than {} days", kCalendarDaysMax));
    return;
  }
  first_date_ = *first;
  last_date_ = *last;
  CompileHolidays(node, *first, *last);
}

void Compiler::CompileHolidays(const Node& node, core::BusinessDate first,
                               core::BusinessDate last) {
  std::set<core::BusinessDate> holidays;
  const causeway::v1::Calendar& spec = spec_.calendar();
  for (int i = 0; i < spec.holidays_size(); ++i) {
    const Place place = node.Of("holidays", i);
    const auto holiday = Read<core::BusinessDate>(place, spec.holidays(i));
    if (!holiday) continue;
    if (*holiday < first || *holiday > last) {
      Fail(place, fmt::format("holiday {} is outside of the calendar", spec.holidays(i)));
    } else if (!holidays.insert(*holiday).second) {
      Fail(place, fmt::format("holiday {} is given twice", spec.holidays(i)));
    }
  }
  for (core::BusinessDate date = first; date <= last; date = date.AddDays(1)) {
    const core::Weekday weekday = date.weekday();
    const bool weekend = weekday == core::Weekday::kSaturday || weekday == core::Weekday::kSunday;
    if (!weekend && !holidays.contains(date)) plan_.days.push_back(date);
  }
  if (plan_.days.empty()) Fail(node.Of("first_date"), "the calendar has no business day");
}

void Compiler::CompileExpectations() {
  for (int i = 0; i < spec_.expectations_size(); ++i) CompileExpectation(i);
}

void Compiler::CompileExpectation(int index) {
  const Node node = root_.Child("expectations", index);
  const causeway::v1::Expectation& spec = spec_.expectations(index);
  using Kind = PlannedExpectation::Kind;
  PlannedExpectation out;
  switch (spec.what_case()) {
    case causeway::v1::Expectation::kSettled:
      out = {.kind = Kind::kSettled, .count = spec.settled(), .value = {}, .balance = {}};
      break;
    case causeway::v1::Expectation::kRejected:
      out = {.kind = Kind::kRejected, .count = spec.rejected(), .value = {}, .balance = {}};
      break;
    case causeway::v1::Expectation::kBreaches:
      out = {.kind = Kind::kBreaches, .count = spec.breaches(), .value = {}, .balance = {}};
      break;
    case causeway::v1::Expectation::kSettledValue:
      out.kind = Kind::kSettledValue;
      CompileValueRange(node.Child("settled_value"), spec.settled_value(), out);
      break;
    case causeway::v1::Expectation::kIssuedValue:
      out.kind = Kind::kIssuedValue;
      CompileValueRange(node.Child("issued_value"), spec.issued_value(), out);
      break;
    case causeway::v1::Expectation::kAllOrNone:
    case causeway::v1::Expectation::kConserved: {
      const bool all_or_none = spec.what_case() == causeway::v1::Expectation::kAllOrNone;
      out.kind = all_or_none ? Kind::kAllOrNone : Kind::kConserved;
      if (all_or_none ? !spec.all_or_none() : !spec.conserved()) {
        Fail(node.Of(all_or_none ? "all_or_none" : "conserved"),
             "only true can be expected: leave the expectation out otherwise");
      }
      break;
    }
    case causeway::v1::Expectation::kBalance: {
      out.kind = Kind::kBalance;
      const Node balance = node.Child("balance");
      const auto ledger = ReadLedgerOfCurrency(balance.Of("currency"), spec.balance().currency());
      const auto holder =
          ReadHolder(balance.Of("participant"), spec.balance().participant(), ledger);
      if (!ledger || !holder) return;
      const core::Currency currency = plan_.ledgers[*ledger].currency;
      const absl::StatusOr<core::Amount> amount =
          core::ParseAmount(spec.balance().amount(), currency.minor_digits());
      if (!amount.ok()) {
        Fail(balance.Of("amount"), std::string(amount.status().message()));
        return;
      }
      out.balance = {*holder, *ledger, *amount};
      break;
    }
    case causeway::v1::Expectation::WHAT_NOT_SET:
      Fail(root_.Of("expectations", index), "an expectation must say what is expected");
      return;
  }
  plan_.expectations.push_back(out);
}

void Compiler::CompileValueRange(const Node& node, const causeway::v1::ValueRange& range,
                                 PlannedExpectation& out) {
  const auto currency = Read<core::Currency>(node.Of("currency"), range.currency());
  if (!currency) return;
  if (!plan_.value_currency || *currency != *plan_.value_currency) {
    Fail(node.Of("currency"), "currency: must be the value currency of reference_rates");
    return;
  }
  for (const PlannedLedger& ledger : plan_.ledgers) {
    if (!plan_.ValueOf(ledger.currency, core::Amount::FromMinor(1))) {
      Fail(node.Of("currency"),
           fmt::format("{} has no reference rate to sum values with", ledger.currency.code()));
    }
  }
  if (!range.min().empty()) out.value.min = ReadAmount(node.Of("min"), range.min(), *currency);
  if (!range.max().empty()) out.value.max = ReadAmount(node.Of("max"), range.max(), *currency);
  if (range.min().empty() && range.max().empty()) {
    Fail(node.Of("min"), "min or max must be given");
  }
  if (out.value.min && out.value.max && *out.value.max < *out.value.min) {
    Fail(node.Of("max"), fmt::format("max {} is below min {}", range.max(), range.min()));
  }
}

std::optional<core::Amount> Compiler::ReadAmount(Place place, std::string_view text,
                                                 core::Currency currency) {
  const absl::StatusOr<core::Amount> amount = core::ParseAmount(text, currency.minor_digits());
  if (!amount.ok()) {
    Fail(place, std::string(amount.status().message()));
    return std::nullopt;
  }
  if (!amount->IsPositive()) {
    Fail(place, fmt::format("amount {}: must be above zero", core::Quoted(text)));
    return std::nullopt;
  }
  return *amount;
}

// "HH:MM", "HH:MM:SS" or "HH:MM:SS.mmm".
std::optional<core::Duration> Compiler::ReadTimeOfDay(Place place, std::string_view text,
                                                      int hours_end) {
  constexpr std::size_t kWithMillis = 12;
  std::array<int, 3> parts{};
  const std::string_view clock = text.size() == kWithMillis ? text.substr(0, 8) : text;
  bool good = (clock.size() == 5 || clock.size() == 8) && clock[2] == ':' &&
              (clock.size() == 5 || clock[5] == ':');
  for (std::size_t i = 0; good && i * 3 < clock.size(); ++i) {
    const std::optional<int> part = TwoDigits(clock.substr(i * 3, 2));
    good = part.has_value() && *part < (i == 0 ? hours_end : 60);
    if (good) parts[i] = *part;
  }
  std::int64_t millis = 0;
  if (good && text.size() == kWithMillis) {
    good = text[8] == '.';
    for (std::size_t i = 9; i < kWithMillis; ++i) {
      good = good && text[i] >= '0' && text[i] <= '9';
      millis = millis * 10 + (text[i] - '0');
    }
  }
  if (!good) {
    Fail(place, fmt::format("time {}: must be \"HH:MM\", \"HH:MM:SS\" or \"HH:MM:SS.mmm\", 00:00 "
                            "to {}:59:59.999",
                            core::Quoted(text), hours_end - 1));
    return std::nullopt;
  }
  return core::Duration::FromSeconds(parts[0] * 3600 + parts[1] * 60 + parts[2]) +
         core::Duration::FromMillis(millis);
}

std::optional<core::BusinessDate> Compiler::ReadBusinessDay(Place place, std::string_view text) {
  const auto date = Read<core::BusinessDate>(place, text);
  if (!date) return std::nullopt;
  // Ledgers with hours of their own do business on days of their own.
  if (own_hours_ && *date >= first_date_ && *date <= last_date_) return date;
  if (!std::binary_search(plan_.days.begin(), plan_.days.end(), *date)) {
    Fail(place, fmt::format("{} is no business day of the calendar", date->ToString()));
    return std::nullopt;
  }
  return date;
}

std::optional<LedgerIndex> Compiler::ReadLedgerOfCurrency(Place place, std::string_view code) {
  const auto currency = Read<core::Currency>(place, code);
  if (!currency) return std::nullopt;
  for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
    if (plan_.ledgers[i].currency == *currency) return static_cast<LedgerIndex>(i);
  }
  Fail(place, fmt::format("currency {} has no ledger in this scenario", code));
  return std::nullopt;
}

std::optional<ParticipantIndex> Compiler::ReadParty(Place place, std::string_view id) {
  for (std::size_t i = 0; i < file_participants_; ++i) {
    if (plan_.participants[i].id.text() == id) return static_cast<ParticipantIndex>(i);
  }
  Fail(place, fmt::format("participant {} is not listed in participants", core::Quoted(id)));
  return std::nullopt;
}

std::optional<ParticipantIndex> Compiler::ReadHolder(Place place, std::string_view id,
                                                     std::optional<LedgerIndex> ledger) {
  const auto party = ReadParty(place, id);
  if (!party || !ledger) return std::nullopt;
  if (plan_.AccountOf(*party, *ledger).IsEmpty()) {
    Fail(place, fmt::format("participant {} has no account on {}", id,
                            plan_.ledgers[*ledger].origin.text()));
    return std::nullopt;
  }
  return party;
}

}  // namespace causeway::sim
