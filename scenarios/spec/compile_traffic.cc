// What participants do: opening balances, explicit steps and generators.
#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/core/decimal.h"
#include "settlement/core/quote.h"
#include "settlement/core/settlement_list.h"

namespace causeway::sim {
namespace {

// Ids of steps and generators leave room for what is appended to them.
constexpr std::size_t kActionIdSizeMax = 30;
constexpr std::size_t kGeneratorNameSizeMax = 16;
constexpr std::uint32_t kSigmaMilliMax = 10'000;
constexpr std::size_t kPurposeSizeMax = 4;
constexpr std::uint32_t kValueDaysMax = 10;
constexpr std::uint32_t kWithdrawAfterSecondsMax = 24 * 3600;

// Ids that the schedule gives begin so.
constexpr std::array<std::string_view, 8> kReservedPrefixes = {
    "set-up-", "open-", "cut-off-", "close-", "redeem-", "fund-", "sweep-", "charge-"};

bool Any(const std::vector<std::uint64_t>& weights) {
  return std::any_of(weights.begin(), weights.end(), [](auto weight) { return weight > 0; });
}

bool UsesLedger(const PlannedWhat& what, LedgerIndex ledger) {
  struct Uses {
    LedgerIndex ledger;
    bool operator()(const SetUpLedger& set_up) const { return set_up.ledger == ledger; }
    bool operator()(const ChangeDayPhase& change) const { return change.ledger == ledger; }
    bool operator()(const IssueTo& issue) const { return issue.ledger == ledger; }
    bool operator()(const RedeemFrom& redeem) const { return redeem.ledger == ledger; }
    bool operator()(const PayOneWay& pay) const { return pay.ledger == ledger; }
    bool operator()(const SwapOnQuote& swap) const {
      return swap.sell_ledger == ledger || swap.buy_ledger == ledger;
    }
    bool operator()(const SettlePvp& pvp) const {
      return pvp.party_ledger == ledger || pvp.counterparty_ledger == ledger;
    }
    bool operator()(const FreezeAccount& freeze) const { return freeze.ledger == ledger; }
    bool operator()(const ChargeOvernight& charge) const { return charge.ledger == ledger; }
    // Of the central bank, which works outside of hours too.
    bool operator()(const OverrideFunds&) const { return false; }
    bool operator()(const OrderAbortOf&) const { return false; }
    bool operator()(const ChangePolicy&) const { return false; }
    bool operator()(const ChangeKeys&) const { return false; }
    bool operator()(const CloseAccountOf&) const { return false; }
  };
  return std::visit(Uses{ledger}, what);
}

// The day of a ledger on which `time` lies, or the next one; the end when there is none.
std::vector<PlannedDay>::const_iterator DayFrom(const PlannedLedger& ledger,
                                                core::LedgerTime time) {
  return std::find_if(ledger.days.begin(), ledger.days.end(),
                      [&](const PlannedDay& day) { return time < day.cuts_off; });
}

}  // namespace

void Compiler::Warehouse(const PlannedWhat& what, core::LedgerTime& time,
                         core::BusinessDate& date) const {
  std::vector<const PlannedLedger*> needed;
  for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
    const PlannedLedger& ledger = plan_.ledgers[l];
    if (!UsesLedger(what, static_cast<LedgerIndex>(l))) continue;
    needed.push_back(&ledger);
    const auto day = DayFrom(ledger, time);
    const bool open = day != ledger.days.end() && time >= day->opens;
    if (!open && !ledger.warehouses) return;
  }
  // Each turn moves to a later opening, until all are open or one has no more days.
  core::LedgerTime moved = time;
  for (bool all_open = false; !all_open;) {
    all_open = true;
    for (const PlannedLedger* ledger : needed) {
      const auto day = DayFrom(*ledger, moved);
      if (day == ledger->days.end()) return;
      if (day->opens <= moved) continue;
      moved = day->opens;
      all_open = false;
    }
  }
  if (moved == time || needed.empty()) return;
  time = moved;
  date = DayFrom(*needed.front(), moved)->date;
}

void Compiler::AddAction(Place place, std::string id, core::LedgerTime time,
                         core::BusinessDate date, PlannedWhat what) {
  if (!ids_.insert(id).second) {
    Fail(place, fmt::format("the id {} exists already", core::Quoted(id)));
  }
  if (own_hours_) Warehouse(what, time, date);
  plan_.actions.push_back({0, std::move(id), time, date, std::move(what), {}});
  if (plan_.actions.size() == kActionsMax + 1) {
    Fail(place, fmt::format("the scenario has more than {} actions", kActionsMax));
  }
}

void Compiler::CompileOpeningBalances() {
  for (int i = 0; i < spec_.participants_size(); ++i) {
    const Node node = root_.Child("participants", i);
    const causeway::v1::ParticipantSpec& spec = spec_.participants(i);
    for (int j = 0; j < spec.opening_balances_size(); ++j) {
      const Node balance = node.Child("opening_balances", j);
      const causeway::v1::OpeningBalance& opening = spec.opening_balances(j);
      const auto ledger = ReadLedgerOfCurrency(balance.Of("currency"), opening.currency());
      const auto holder = ReadHolder(balance.Of("currency"), spec.id(), ledger);
      if (!ledger || !holder) continue;
      const auto amount =
          ReadAmount(balance.Of("amount"), opening.amount(), plan_.ledgers[*ledger].currency);
      if (!amount) continue;
      const core::BusinessDate date = plan_.ledgers[*ledger].joins;
      AddAction(balance.Of("currency"), fmt::format("fund-{}-{}", opening.currency(), spec.id()),
                plan_.ledgers[*ledger].days.front().opens + kOpeningIssueAfterOpening, date,
                IssueTo{*ledger, *holder, *amount});
    }
  }
}

void Compiler::CompileSteps() {
  for (int i = 0; i < spec_.steps_size(); ++i) CompileStep(i);
}

void Compiler::CompileStep(int index) {
  const Node node = root_.Child("steps", index);
  const causeway::v1::Step& spec = spec_.steps(index);
  std::string id = spec.id().empty() ? fmt::format("step-{:04}", index + 1) : spec.id();
  const absl::StatusOr<core::InstructionId> parsed = core::InstructionId::Parse(id);
  if (!parsed.ok()) {
    Fail(node.Of("id"), std::string(parsed.status().message()));
  } else if (id.size() > kActionIdSizeMax) {
    Fail(node.Of("id"),
         fmt::format("id {}: at most {} characters", core::Quoted(id), kActionIdSizeMax));
  }
  for (const std::string_view prefix : kReservedPrefixes) {
    if (std::string_view(id).substr(0, prefix.size()) == prefix) {
      Fail(node.Of("id"),
           fmt::format("id {}: \"{}\" begins the ids of the schedule", core::Quoted(id), prefix));
    }
  }
  const auto date = ReadBusinessDay(node.Of("date"), spec.date());
  const auto time = ReadTimeOfDay(node.Of("time"), spec.time());
  if (time && !own_hours_ && (*time < opens_ || *time >= cuts_off_)) {
    Fail(node.Of("time"), fmt::format("time {} is not between opening and cut-off", spec.time()));
  }
  if (spec.what_case() >= causeway::v1::Step::kOverride) {
    if (!date || !time) return;
    CompileIntervention(node, spec,
                        {std::move(id), date->StartInUtc() + *time, *date, node.Of("id")});
    return;
  }
  std::optional<PlannedWhat> what;
  switch (spec.what_case()) {
    case causeway::v1::Step::kPay:
      what = CompilePay(node.Child("pay"), spec.pay());
      break;
    case causeway::v1::Step::kSwap:
      what = CompileSwap(node.Child("swap"), spec.swap());
      break;
    case causeway::v1::Step::kPvp:
      what = CompilePvp(node.Child("pvp"), spec.pvp());
      break;
    case causeway::v1::Step::kIssue:
      what = CompileIssue(node.Child("issue"), spec.issue());
      break;
    case causeway::v1::Step::kRedeem:
      what = CompileRedeem(node.Child("redeem"), spec.redeem());
      break;
    case causeway::v1::Step::kFreeze:
      what = CompileFreeze(node.Child("freeze"), spec.freeze());
      break;
    default:
      Fail(root_.Of("steps", index),
           "a step must be one of pay, swap, pvp, issue, redeem, freeze, override, order_abort, "
           "policy, keys, close_account, default");
      return;
  }
  if (!what || !date || !time) return;
  for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
    if (UsesLedger(*what, static_cast<LedgerIndex>(l)) && *date < plan_.ledgers[l].joins) {
      Fail(node.Of("date"), fmt::format("{} joins only on {}", plan_.ledgers[l].origin.text(),
                                        plan_.ledgers[l].joins.ToString()));
    }
  }
  core::LedgerTime due = date->StartInUtc() + *time;
  core::BusinessDate business_date = *date;
  if (const auto* pvp = std::get_if<SettlePvp>(&*what); pvp && spec.pvp().value_days() > 0) {
    MoveToValueDate(node.Child("pvp").Of("value_days"), *pvp, spec.pvp().value_days(), due,
                    business_date);
  }
  AddAction(node.Of("id"), std::move(id), due, business_date, *std::move(what));
}

// As core::ValueDate, over the days of the scenario.
void Compiler::MoveToValueDate(Place place, const SettlePvp& pvp, std::uint32_t value_days,
                               core::LedgerTime& time, core::BusinessDate& date) {
  if (value_days > kValueDaysMax) {
    Fail(place, fmt::format("value_days {}: at most {}", value_days, kValueDaysMax));
    return;
  }
  std::uint32_t left = value_days;
  for (const PlannedDay& day : plan_.ledgers[pvp.party_ledger].days) {
    if (day.date < date) continue;
    const std::vector<PlannedDay>& others = plan_.ledgers[pvp.counterparty_ledger].days;
    const auto other = std::find_if(others.begin(), others.end(),
                                    [&](const PlannedDay& each) { return each.date == day.date; });
    if (other == others.end()) continue;
    if (left > 0) {
      --left;
      continue;
    }
    time = std::max(day.opens, other->opens);
    date = day.date;
    if (time >= std::min(day.cuts_off, other->cuts_off)) {
      Fail(place,
           fmt::format("the ledgers are not open together on the value date {}", date.ToString()));
    }
    return;
  }
  Fail(place, "value_days: the value date is after the end of the calendar");
}

std::optional<PlannedWhat> Compiler::CompilePay(const Node& node,
                                                const causeway::v1::PaymentStep& step) {
  const auto ledger = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
  const auto from = ReadHolder(node.Of("from"), step.from(), ledger);
  const auto to = ReadHolder(node.Of("to"), step.to(), ledger);
  if (step.purpose().size() > kPurposeSizeMax) {
    Fail(node.Of("purpose"), fmt::format("purpose {}: at most {} characters",
                                         core::Quoted(step.purpose()), kPurposeSizeMax));
  }
  if (!ledger || !from || !to) return std::nullopt;
  if (*from == *to) Fail(node.Of("to"), "from and to are the same participant");
  const auto amount = ReadAmount(node.Of("amount"), step.amount(), plan_.ledgers[*ledger].currency);
  if (!amount) return std::nullopt;
  if (step.priority() < 0 || step.priority() > causeway::v1::PAYMENT_PRIORITY_URGENT) {
    Fail(node.Of("priority"), "priority: there is none of that number");
    return std::nullopt;
  }
  return PayOneWay{*ledger, *from,          *to,
                   *amount, step.purpose(), static_cast<core::PaymentPriority>(step.priority())};
}

std::optional<PlannedWhat> Compiler::CompileSwap(const Node& node,
                                                 const causeway::v1::SwapStep& step) {
  const auto sell = ReadLedgerOfCurrency(node.Of("sell_currency"), step.sell_currency());
  const auto buy = ReadLedgerOfCurrency(node.Of("buy_currency"), step.buy_currency());
  const auto taker = ReadHolder(node.Of("taker"), step.taker(), sell);
  const auto payee = step.payee().empty() ? ReadHolder(node.Of("taker"), step.taker(), buy)
                                          : ReadHolder(node.Of("payee"), step.payee(), buy);
  if (step.sell_amount().empty() == step.buy_amount().empty()) {
    Fail(node.Of("sell_amount"), "exactly one of sell_amount and buy_amount must be given");
    return std::nullopt;
  }
  if (!sell || !buy || !taker || !payee || !plan_.bridge) return std::nullopt;
  if (*sell == *buy) Fail(node.Of("buy_currency"), "sell_currency and buy_currency must differ");
  if (plan_.bridge->providers.empty() && plan_.bridge->venues.empty()) {
    Fail(node.Of("taker"), "a swap needs an FX provider: fx_providers is empty");
  }
  SwapOnQuote swap{*taker, *payee, *sell, *buy, {}, {}, step.venue()};
  const std::vector<PlannedVenue>& venues = plan_.bridge->venues;
  if (!step.venue().empty() &&
      std::none_of(venues.begin(), venues.end(),
                   [&](const PlannedVenue& venue) { return venue.name == step.venue(); })) {
    Fail(node.Of("venue"), fmt::format("venue {} is not among venues", core::Quoted(step.venue())));
  }
  if (!step.sell_amount().empty()) {
    swap.sell =
        ReadAmount(node.Of("sell_amount"), step.sell_amount(), plan_.ledgers[*sell].currency);
  } else {
    swap.buy = ReadAmount(node.Of("buy_amount"), step.buy_amount(), plan_.ledgers[*buy].currency);
  }
  return swap;
}

std::optional<PlannedWhat> Compiler::CompilePvp(const Node& node,
                                                const causeway::v1::PvpStep& step) {
  const auto first = ReadLedgerOfCurrency(node.Of("party_currency"), step.party_currency());
  const auto second =
      ReadLedgerOfCurrency(node.Of("counterparty_currency"), step.counterparty_currency());
  const auto party = ReadHolder(node.Of("party"), step.party(), first);
  const auto counterparty = ReadHolder(node.Of("counterparty"), step.counterparty(), second);
  if (!first || !second || !party || !counterparty) return std::nullopt;
  // Each receives what the other pays.
  ReadHolder(node.Of("party"), step.party(), second);
  ReadHolder(node.Of("counterparty"), step.counterparty(), first);
  if (*party == *counterparty) {
    Fail(node.Of("counterparty"), "party and counterparty are the same participant");
  }
  if (*first == *second) {
    Fail(node.Of("counterparty_currency"), "the two currencies must differ");
  }
  SettlePvp pvp;
  pvp.party = *party;
  pvp.counterparty = *counterparty;
  pvp.party_ledger = *first;
  pvp.counterparty_ledger = *second;
  pvp.sign_apart = step.sign_apart();
  pvp.withdraw_after = ReadWithdrawAfter(node, step.withdraw_after_s());
  const bool read = step.list_size() > 0 ? ReadList(node, step, pvp) : ReadAmounts(node, step, pvp);
  if (!read) return std::nullopt;
  return pvp;
}

std::optional<core::Duration> Compiler::ReadWithdrawAfter(const Node& node, std::uint32_t seconds) {
  if (seconds > kWithdrawAfterSecondsMax) {
    Fail(node.Of("withdraw_after_s"),
         fmt::format("withdraw_after_s: at most {}", kWithdrawAfterSecondsMax));
  }
  if (seconds == 0) return std::nullopt;
  return core::Duration::FromSeconds(seconds);
}

bool Compiler::ReadAmounts(const Node& node, const causeway::v1::PvpStep& step, SettlePvp& pvp) {
  const auto first = ReadAmount(node.Of("party_amount"), step.party_amount(),
                                plan_.ledgers[pvp.party_ledger].currency);
  const auto second = ReadAmount(node.Of("counterparty_amount"), step.counterparty_amount(),
                                 plan_.ledgers[pvp.counterparty_ledger].currency);
  if (!first || !second) return false;
  pvp.party_amount = *first;
  pvp.counterparty_amount = *second;
  return true;
}

bool Compiler::ReadList(const Node& node, const causeway::v1::PvpStep& step, SettlePvp& pvp) {
  if (!step.party_amount().empty() || !step.counterparty_amount().empty()) {
    Fail(node.Of("list"), "list: takes the place of party_amount and counterparty_amount");
    return false;
  }
  if (static_cast<std::size_t>(step.list_size()) > core::kListSettlementsMax) {
    Fail(node.Of("list"), fmt::format("list: at most {} settlements", core::kListSettlementsMax));
    return false;
  }
  for (int i = 0; i < step.list_size(); ++i) {
    const Node item = node.Child("list", i);
    const auto first = ReadAmount(item.Of("party_amount"), step.list(i).party_amount(),
                                  plan_.ledgers[pvp.party_ledger].currency);
    const auto second =
        ReadAmount(item.Of("counterparty_amount"), step.list(i).counterparty_amount(),
                   plan_.ledgers[pvp.counterparty_ledger].currency);
    if (!first || !second) return false;
    const auto party_sum = core::CheckedAdd(pvp.party_amount, *first);
    const auto counterparty_sum = core::CheckedAdd(pvp.counterparty_amount, *second);
    if (!party_sum || !counterparty_sum) {
      Fail(node.Of("list", i), "list: the amounts do not fit into 64 bits together");
      return false;
    }
    pvp.party_amount = *party_sum;
    pvp.counterparty_amount = *counterparty_sum;
    pvp.list.push_back({*first, *second});
  }
  return true;
}

std::optional<PlannedWhat> Compiler::CompileIssue(const Node& node,
                                                  const causeway::v1::IssueStep& step) {
  const auto ledger = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
  const auto to = ReadHolder(node.Of("to"), step.to(), ledger);
  if (!ledger || !to) return std::nullopt;
  const auto amount = ReadAmount(node.Of("amount"), step.amount(), plan_.ledgers[*ledger].currency);
  if (!amount) return std::nullopt;
  return IssueTo{*ledger, *to, *amount};
}

std::optional<PlannedWhat> Compiler::CompileRedeem(const Node& node,
                                                   const causeway::v1::RedeemStep& step) {
  const auto ledger = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
  const auto from = ReadHolder(node.Of("from"), step.from(), ledger);
  if (!ledger || !from) return std::nullopt;
  RedeemFrom redeem{*ledger, *from, std::nullopt};
  if (!step.amount().empty()) {
    redeem.amount = ReadAmount(node.Of("amount"), step.amount(), plan_.ledgers[*ledger].currency);
    if (!redeem.amount) return std::nullopt;
  }
  return redeem;
}

std::optional<PlannedWhat> Compiler::CompileFreeze(const Node& node,
                                                   const causeway::v1::FreezeStep& step) {
  const auto ledger = ReadLedgerOfCurrency(node.Of("currency"), step.currency());
  const auto holder = ReadHolder(node.Of("participant"), step.participant(), ledger);
  if (!ledger || !holder) return std::nullopt;
  return FreezeAccount{*ledger, *holder, step.lift()};
}

void Compiler::CompileGenerators() {
  for (int i = 0; i < spec_.generators_size(); ++i) CompileGenerator(i);
}

void Compiler::ReadTrafficName(Place place, const std::string& name) {
  const absl::StatusOr<core::InstructionId> id = core::InstructionId::Parse(name);
  if (!id.ok() || name.size() > kGeneratorNameSizeMax ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    Fail(place, fmt::format("name {}: must be 1 to {} of a-z, 0-9 and '-'", core::Quoted(name),
                            kGeneratorNameSizeMax));
  }
  if (!generator_names_.insert(name).second) {
    Fail(place, fmt::format("a generator {} exists already", core::Quoted(name)));
  }
}

void Compiler::CompileGenerator(int index) {
  const std::size_t findings_before = findings_.size();
  const Node node = root_.Child("generators", index);
  const causeway::v1::Generator& spec = spec_.generators(index);
  GeneratorInput input;
  input.name = spec.name();
  ReadTrafficName(node.Of("name"), spec.name());
  input.payments = spec.payments();
  input.pvp_settlements = spec.pvp_settlements();
  if (std::size_t{input.payments} + input.pvp_settlements > kActionsMax) {
    Fail(node.Of("payments"), fmt::format("at most {} transactions", kActionsMax));
    return;
  }
  input.pvp_per_list = std::max(1U, spec.pvp_settlements_per_list());
  if (input.pvp_per_list > core::kListSettlementsMax) {
    Fail(node.Of("pvp_settlements_per_list"),
         fmt::format("pvp_settlements_per_list: at most {}", core::kListSettlementsMax));
  }
  input.opens = opens_;
  input.cuts_off = cuts_off_;
  core::BusinessDate first = plan_.days.front();
  core::BusinessDate last = plan_.days.back();
  if (!spec.first_date().empty()) {
    first = Read<core::BusinessDate>(node.Of("first_date"), spec.first_date()).value_or(first);
  }
  if (!spec.last_date().empty()) {
    last = Read<core::BusinessDate>(node.Of("last_date"), spec.last_date()).value_or(last);
  }
  std::copy_if(plan_.days.begin(), plan_.days.end(), std::back_inserter(input.days),
               [&](core::BusinessDate date) { return date >= first && date <= last; });
  if (input.days.empty()) {
    Fail(node.Of("first_date"), "no business day lies between first_date and last_date");
  }
  input.pvp_foreign_per_mille =
      ReadPerMille(node.Of("pvp_foreign_per_mille"), spec.pvp_foreign_per_mille());
  if (input.pvp_foreign_per_mille > 0 && spec.fund_by_issue()) {
    Fail(node.Of("pvp_foreign_per_mille"),
         "pvp_foreign_per_mille: banks are funded in their own currency; not with fund_by_issue");
  }
  const auto withdraw_after = ReadWithdrawAfter(node, spec.withdraw_after_s());
  ReadGeneratorValues(node, spec, input);
  ReadGeneratorWeights(node, spec, input);
  if (findings_.size() != findings_before) return;
  absl::StatusOr<std::vector<PlannedAction>> actions = GenerateTraffic(plan_, input);
  if (!actions.ok()) {
    Fail(root_.Of("generators", index), std::string(actions.status().message()));
    return;
  }
  for (PlannedAction& action : *actions) {
    if (auto* pvp = std::get_if<SettlePvp>(&action.what)) pvp->withdraw_after = withdraw_after;
    AddAction(node.Of("name"), std::move(action.id), action.time, action.date,
              std::move(action.what));
  }
}

void Compiler::ReadGeneratorValues(const Node& node, const causeway::v1::Generator& spec,
                                   GeneratorInput& input) {
  if (!plan_.value_currency) {
    Fail(node.Of("value_median"), "a generator needs reference_rates and its value_currency");
    return;
  }
  const core::Currency currency = *plan_.value_currency;
  input.median =
      ReadAmount(node.Of("value_median"), spec.value_median(), currency).value_or(core::Amount());
  const auto optional_amount = [&](const char* field, const std::string& text) {
    return text.empty() ? std::nullopt : ReadAmount(node.Of(field), text, currency);
  };
  input.min = optional_amount("value_min", spec.value_min());
  input.max = optional_amount("value_max", spec.value_max());
  input.total = optional_amount("value_total", spec.value_total());
  input.issue_total = optional_amount("issue_total", spec.issue_total());
  if (input.min && input.max && *input.max < *input.min) {
    Fail(node.Of("value_max"),
         fmt::format("value_max {} is below value_min {}", spec.value_max(), spec.value_min()));
  }
  input.fund_by_issue = spec.fund_by_issue();
  if (input.issue_total && !input.fund_by_issue) {
    Fail(node.Of("issue_total"), "issue_total is of use with fund_by_issue only");
  }
  if (spec.value_sigma().empty()) return;
  const absl::StatusOr<core::UnsignedDecimal> sigma =
      core::ParseUnsignedDecimal(spec.value_sigma(), 3, "value_sigma", spec.value_sigma());
  if (!sigma.ok()) {
    Fail(node.Of("value_sigma"), std::string(sigma.status().message()));
    return;
  }
  std::uint64_t milli = std::min<std::uint64_t>(sigma->digits, kSigmaMilliMax + 1);
  for (int scale = sigma->scale; scale < 3; ++scale) milli *= 10;
  if (milli > kSigmaMilliMax) {
    Fail(node.Of("value_sigma"), fmt::format("value_sigma {}: at most 10", spec.value_sigma()));
    return;
  }
  input.sigma_milli = static_cast<std::uint32_t>(milli);
}

void Compiler::ReadGeneratorWeights(const Node& node, const causeway::v1::Generator& spec,
                                    GeneratorInput& input) {
  input.weights.assign(plan_.ledgers.size(), spec.currency_weights_size() == 0 ? 1 : 0);
  for (int i = 0; i < spec.currency_weights_size(); ++i) {
    const Node weight = node.Child("currency_weights", i);
    const auto ledger =
        ReadLedgerOfCurrency(weight.Of("currency"), spec.currency_weights(i).currency());
    if (ledger) input.weights[*ledger] += spec.currency_weights(i).weight();
  }
  if (!Any(input.weights)) Fail(node.Of("currency_weights"), "all currency weights are zero");
  if (!plan_.value_currency) return;
  for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
    const core::Currency currency = plan_.ledgers[l].currency;
    if (input.weights[l] > 0 && !plan_.ValueOf(currency, core::Amount::FromMinor(1))) {
      Fail(node.Of("currency_weights"),
           fmt::format("{} has no reference rate to convert values with", currency.code()));
    }
  }
}

}  // namespace causeway::sim
