#include "scenarios/spec/generator.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

using Int128 = __int128;

// Traffic keeps clear of opening and cut-off, and issues come before what they fund.
constexpr core::Duration kClearOfOpening = core::Duration::FromMinutes(2);
constexpr core::Duration kClearOfCutOff = core::Duration::FromMinutes(2);
constexpr core::Duration kIssueBefore = core::Duration::FromSeconds(30);

// A transaction, or a settlement list, of which the parties are not known yet.
struct Slot {
  std::size_t day = 0;
  std::int64_t micros = 0;  // of the day
  bool pvp = false;
  std::uint32_t count = 1;           // settlements in the list
  std::int64_t value = 0;            // of all of them
  std::vector<std::int64_t> values;  // of each

  std::int64_t legs() const { return pvp ? 2 : 1; }
};

// Who can deal on a day.
struct Market {
  std::vector<bool> joined;                             // by ledger
  std::vector<std::vector<ParticipantIndex>> domestic;  // by ledger: banks of its country
  std::vector<std::vector<ParticipantIndex>> holders;   // by ledger: all banks with an account
  std::vector<std::uint64_t> payment_weights;           // by ledger; zero where nobody can pay
  std::vector<std::uint64_t> pvp_weights;

  static bool AnyWeight(const std::vector<std::uint64_t>& weights) {
    return std::any_of(weights.begin(), weights.end(), [](auto weight) { return weight > 0; });
  }
  bool HasPayments() const { return AnyWeight(payment_weights); }
  bool HasPvp() const {
    return std::count_if(pvp_weights.begin(), pvp_weights.end(),
                         [](auto weight) { return weight > 0; }) >= 2;
  }
};

class Traffic {
 public:
  Traffic(const Plan& plan, const GeneratorInput& input)
      : plan_(plan),
        input_(input),
        schedule_(plan.seed, fmt::format("generator/{}/schedule", input.name)),
        values_(plan.seed, fmt::format("generator/{}/values", input.name)),
        parties_(plan.seed, fmt::format("generator/{}/parties", input.name)),
        directions_(plan.seed, fmt::format("generator/{}/directions", input.name)),
        balances_(plan.participants.size() * plan.ledgers.size(), 0) {}

  absl::StatusOr<std::vector<PlannedAction>> Generate();

 private:
  Market MarketOn(core::BusinessDate date) const;
  bool IsActive(const PlannedParticipant& bank, core::BusinessDate date) const;
  absl::Status DrawSlots();
  absl::Status DrawValues();
  absl::Status AddPayment(const Slot& slot, const std::string& id);
  absl::Status AddPvp(const Slot& slot, const std::string& id);
  absl::StatusOr<std::int64_t> InCurrency(std::int64_t value, LedgerIndex ledger) const;
  // Each of the slot's settlements, and the sum of them.
  absl::StatusOr<std::vector<std::int64_t>> EachInCurrency(const Slot& slot,
                                                           LedgerIndex ledger) const;
  // Whether issues run ahead of issue_total, so that `slot` had better be paid from what is there.
  bool PreferReuse(const Slot& slot) const;
  std::vector<ParticipantIndex> WithBalance(const std::vector<ParticipantIndex>& among,
                                            LedgerIndex ledger, std::int64_t amount) const;
  ParticipantIndex Pick(const std::vector<ParticipantIndex>& among);
  std::vector<ParticipantIndex> PayeesOf(ParticipantIndex payer, LedgerIndex ledger) const;
  // The payer of `amount`: one with money when that is wanted and there is one, else one that is
  // funded first.
  ParticipantIndex PickPayer(const Slot& slot, const std::vector<ParticipantIndex>& among,
                             LedgerIndex ledger, std::int64_t amount, const std::string& issue_id);
  void Move(LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to, std::int64_t amount);
  void ClearAtDayEnd();
  core::LedgerTime TimeOf(const Slot& slot) const {
    return input_.days[slot.day].StartInUtc() + core::Duration::FromMicros(slot.micros);
  }
  std::int64_t& Balance(ParticipantIndex participant, LedgerIndex ledger) {
    return balances_[participant * plan_.ledgers.size() + ledger];
  }

  const Plan& plan_;
  const GeneratorInput& input_;
  core::RandomStream schedule_;
  core::RandomStream values_;
  core::RandomStream parties_;
  core::RandomStream directions_;
  std::vector<Slot> slots_;
  std::vector<Market> markets_;  // by position in input_.days; equal ones are made once
  std::vector<std::size_t> market_of_day_;
  const Market* market_ = nullptr;  // of the day at hand
  // What this generator's own issues left with whom. Money of others is not counted on.
  std::vector<std::int64_t> balances_;
  Int128 value_all_ = 0;     // of all legs
  Int128 value_so_far_ = 0;  // of the legs that were added
  Int128 issued_so_far_ = 0;
  std::vector<PlannedAction> actions_;
};

bool Traffic::IsActive(const PlannedParticipant& bank, core::BusinessDate date) const {
  if (bank.role != core::Role::kCommercialBank || bank.of_payments) return false;
  bool has_home = false;
  for (const PlannedLedger& ledger : plan_.ledgers) {
    if (ledger.country != bank.country) continue;
    if (ledger.joins <= date) return true;
    has_home = true;
  }
  return !has_home;
}

Market Traffic::MarketOn(core::BusinessDate date) const {
  const std::size_t ledgers = plan_.ledgers.size();
  Market market;
  market.joined.resize(ledgers);
  market.domestic.resize(ledgers);
  market.holders.resize(ledgers);
  market.payment_weights.resize(ledgers);
  market.pvp_weights.resize(ledgers);
  for (std::size_t l = 0; l < ledgers; ++l) {
    const PlannedLedger& ledger = plan_.ledgers[l];
    market.joined[l] = ledger.joins <= date;
    if (!market.joined[l]) continue;
    for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
      const PlannedParticipant& bank = plan_.participants[p];
      if (bank.accounts[l].IsEmpty() || !IsActive(bank, date)) continue;
      market.holders[l].push_back(static_cast<ParticipantIndex>(p));
      if (bank.country == ledger.country) {
        market.domestic[l].push_back(static_cast<ParticipantIndex>(p));
      }
    }
    if (market.holders[l].size() >= 2) market.payment_weights[l] = input_.weights[l];
    if (!market.domestic[l].empty()) market.pvp_weights[l] = input_.weights[l];
  }
  return market;
}

absl::Status Traffic::DrawSlots() {
  for (std::size_t d = 0; d < input_.days.size(); ++d) {
    Market market = MarketOn(input_.days[d]);
    if (markets_.empty() || markets_.back().joined != market.joined) {
      markets_.push_back(std::move(market));
    }
    market_of_day_.push_back(markets_.size() - 1);
  }
  std::vector<std::size_t> payment_days;
  std::vector<std::size_t> pvp_days;
  for (std::size_t d = 0; d < input_.days.size(); ++d) {
    if (markets_[market_of_day_[d]].HasPayments()) payment_days.push_back(d);
    if (markets_[market_of_day_[d]].HasPvp()) pvp_days.push_back(d);
  }
  if (input_.payments > 0 && payment_days.empty()) {
    return absl::InvalidArgumentError("there is no day on which two banks could pay each other");
  }
  if (input_.pvp_settlements > 0 && pvp_days.empty()) {
    return absl::InvalidArgumentError(
        "there is no day on which banks of two currencies could settle");
  }
  const std::int64_t earliest = (input_.opens + kClearOfOpening).micros();
  const std::int64_t latest = (input_.cuts_off - kClearOfCutOff).micros();
  const std::uint32_t lists = input_.pvp_settlements / input_.pvp_per_list +
                              (input_.pvp_settlements % input_.pvp_per_list == 0 ? 0 : 1);
  const std::size_t count = std::size_t{input_.payments} + lists;
  slots_.resize(count);
  std::uint32_t settlements_left = input_.pvp_settlements;
  for (std::size_t i = 0; i < count; ++i) {
    Slot& slot = slots_[i];
    slot.pvp = i >= input_.payments;
    if (slot.pvp) slot.count = std::min(settlements_left, input_.pvp_per_list);
    if (slot.pvp) settlements_left -= slot.count;
    const std::vector<std::size_t>& days = slot.pvp ? pvp_days : payment_days;
    slot.day = days[schedule_.Uniform(days.size())];
    // To the millisecond: reports stay readable.
    slot.micros = schedule_.UniformInRange(earliest / 1000, latest / 1000) * 1000;
  }
  std::stable_sort(slots_.begin(), slots_.end(), [](const Slot& a, const Slot& b) {
    return std::pair(a.day, a.micros) < std::pair(b.day, b.micros);
  });
  return absl::OkStatus();
}

absl::Status Traffic::DrawValues() {
  Int128 sum = 0;
  for (Slot& slot : slots_) {
    for (std::uint32_t i = 0; i < slot.count; ++i) {
      std::int64_t value = values_.NextLogNormal(input_.median.minor(), input_.sigma_milli);
      if (input_.min) value = std::max(value, input_.min->minor());
      if (input_.max) value = std::min(value, input_.max->minor());
      slot.values.push_back(std::max<std::int64_t>(value, 1));
      sum += Int128{slot.values.back()} * slot.legs();
    }
  }
  for (Slot& slot : slots_) {
    Int128 all = 0;
    for (std::int64_t& value : slot.values) {
      if (input_.total && sum > 0) {
        const Int128 scaled = Int128{value} * input_.total->minor() / sum;
        value = std::max<std::int64_t>(static_cast<std::int64_t>(scaled), 1);
      }
      all += value;
    }
    if (all > core::Amount::Max().minor() / 2) {
      return absl::InvalidArgumentError("the values of one list do not fit together");
    }
    slot.value = static_cast<std::int64_t>(all);
    value_all_ += all * slot.legs();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> Traffic::InCurrency(std::int64_t value, LedgerIndex ledger) const {
  const core::Currency currency = plan_.ledgers[ledger].currency;
  if (currency == *plan_.value_currency) return value;
  for (const PlannedReferenceRate& reference : plan_.reference_rates) {
    if (reference.currency != currency) continue;
    const std::optional<core::Amount> converted = core::ConvertBaseToQuote(
        core::Amount::FromMinor(value), reference.rate, plan_.value_currency->minor_digits(),
        currency.minor_digits(), core::Rounding::kHalfEven);
    // Half of the range is left to balances.
    if (!converted || converted->minor() > core::Amount::Max().minor() / 2) break;
    return std::max<std::int64_t>(converted->minor(), 1);
  }
  return absl::InvalidArgumentError(
      fmt::format("a value of {} minor units has no amount in {}", value, currency.code()));
}

absl::StatusOr<std::vector<std::int64_t>> Traffic::EachInCurrency(const Slot& slot,
                                                                  LedgerIndex ledger) const {
  std::vector<std::int64_t> amounts;
  Int128 sum = 0;
  for (const std::int64_t value : slot.values) {
    const absl::StatusOr<std::int64_t> amount = InCurrency(value, ledger);
    if (!amount.ok()) return amount.status();
    amounts.push_back(*amount);
    sum += *amount;
  }
  if (sum > core::Amount::Max().minor() / 2) {
    return absl::InvalidArgumentError("the amounts of one list do not fit together");
  }
  return amounts;
}

bool Traffic::PreferReuse(const Slot& slot) const {
  if (!input_.fund_by_issue || !input_.issue_total) return false;
  return (issued_so_far_ + slot.value) * value_all_ >
         Int128{input_.issue_total->minor()} * (value_so_far_ + slot.value);
}

std::vector<ParticipantIndex> Traffic::WithBalance(const std::vector<ParticipantIndex>& among,
                                                   LedgerIndex ledger, std::int64_t amount) const {
  std::vector<ParticipantIndex> rich;
  for (const ParticipantIndex bank : among) {
    if (balances_[bank * plan_.ledgers.size() + ledger] >= amount) rich.push_back(bank);
  }
  return rich;
}

ParticipantIndex Traffic::Pick(const std::vector<ParticipantIndex>& among) {
  return among[parties_.Uniform(among.size())];
}

std::vector<ParticipantIndex> Traffic::PayeesOf(ParticipantIndex payer, LedgerIndex ledger) const {
  std::vector<ParticipantIndex> abroad;
  std::vector<ParticipantIndex> all;
  for (const ParticipantIndex bank : market_->holders[ledger]) {
    if (bank == payer) continue;
    all.push_back(bank);
    if (plan_.participants[bank].country != plan_.participants[payer].country) {
      abroad.push_back(bank);
    }
  }
  return abroad.empty() ? all : abroad;
}

ParticipantIndex Traffic::PickPayer(const Slot& slot, const std::vector<ParticipantIndex>& among,
                                    LedgerIndex ledger, std::int64_t amount,
                                    const std::string& issue_id) {
  if (PreferReuse(slot)) {
    const std::vector<ParticipantIndex> rich = WithBalance(among, ledger, amount);
    if (!rich.empty()) return Pick(rich);
  }
  const ParticipantIndex payer = Pick(among);
  if (input_.fund_by_issue) {
    actions_.push_back({0,
                        issue_id,
                        TimeOf(slot) - kIssueBefore,
                        input_.days[slot.day],
                        IssueTo{ledger, payer, core::Amount::FromMinor(amount)},
                        {}});
    Balance(payer, ledger) += amount;
    issued_so_far_ += slot.value;
  }
  return payer;
}

void Traffic::Move(LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to,
                   std::int64_t amount) {
  if (!input_.fund_by_issue) return;
  Balance(from, ledger) -= amount;
  Balance(to, ledger) += amount;
}

absl::Status Traffic::AddPayment(const Slot& slot, const std::string& id) {
  std::vector<std::uint64_t> weights = market_->payment_weights;
  const bool reuse = PreferReuse(slot);
  if (reuse) {
    // Only currencies in which somebody holds enough, if there are any.
    for (std::size_t l = 0; l < weights.size(); ++l) {
      if (weights[l] == 0) continue;
      const auto ledger = static_cast<LedgerIndex>(l);
      const absl::StatusOr<std::int64_t> amount = InCurrency(slot.value, ledger);
      if (!amount.ok()) return amount.status();
      if (WithBalance(market_->holders[l], ledger, *amount).empty()) weights[l] = 0;
    }
    if (!Market::AnyWeight(weights)) weights = market_->payment_weights;
  }
  const auto ledger = static_cast<LedgerIndex>(parties_.Weighted(weights));
  const absl::StatusOr<std::int64_t> amount = InCurrency(slot.value, ledger);
  if (!amount.ok()) return amount.status();
  // Money is issued to banks of the currency's own country; others pay on what they received.
  const bool from_holders =
      market_->domestic[ledger].empty() ||
      (reuse && !WithBalance(market_->holders[ledger], ledger, *amount).empty());
  const std::vector<ParticipantIndex>& payers =
      from_holders ? market_->holders[ledger] : market_->domestic[ledger];
  const ParticipantIndex payer = PickPayer(slot, payers, ledger, *amount, id + "-f1");
  const ParticipantIndex payee = Pick(PayeesOf(payer, ledger));
  Move(ledger, payer, payee, *amount);
  value_so_far_ += slot.value;
  actions_.push_back({0,
                      id,
                      TimeOf(slot),
                      input_.days[slot.day],
                      PayOneWay{ledger, payer, payee, core::Amount::FromMinor(*amount), ""},
                      {}});
  return absl::OkStatus();
}

absl::Status Traffic::AddPvp(const Slot& slot, const std::string& id) {
  std::vector<std::uint64_t> weights = market_->pvp_weights;
  const auto first = static_cast<LedgerIndex>(parties_.Weighted(weights));
  weights[first] = 0;
  const auto second = static_cast<LedgerIndex>(parties_.Weighted(weights));
  const absl::StatusOr<std::vector<std::int64_t>> firsts = EachInCurrency(slot, first);
  if (!firsts.ok()) return firsts.status();
  const absl::StatusOr<std::vector<std::int64_t>> seconds = EachInCurrency(slot, second);
  if (!seconds.ok()) return seconds.status();
  const std::int64_t first_amount =
      std::accumulate(firsts->begin(), firsts->end(), std::int64_t{0});
  const std::int64_t second_amount =
      std::accumulate(seconds->begin(), seconds->end(), std::int64_t{0});
  // Each needs an account in the currency that it receives.
  const auto common = [&](LedgerIndex pays, LedgerIndex receives) {
    std::vector<ParticipantIndex> banks;
    for (const ParticipantIndex bank : market_->domestic[pays]) {
      if (!plan_.AccountOf(bank, receives).IsEmpty()) banks.push_back(bank);
    }
    return banks;
  };
  const std::vector<ParticipantIndex> parties = common(first, second);
  std::vector<ParticipantIndex> counterparties = common(second, first);
  if (parties.empty()) {
    return absl::InvalidArgumentError("no bank has accounts in both currencies of a settlement");
  }
  const ParticipantIndex party = PickPayer(slot, parties, first, first_amount, id + "-f1");
  std::erase(counterparties, party);
  if (counterparties.empty()) {
    return absl::InvalidArgumentError("no second bank has accounts in both currencies");
  }
  value_so_far_ += slot.value;
  const ParticipantIndex counterparty =
      PickPayer(slot, counterparties, second, second_amount, id + "-f2");
  value_so_far_ += slot.value;
  SettlePvp pvp{.party = party,
                .counterparty = counterparty,
                .party_ledger = first,
                .counterparty_ledger = second,
                .party_amount = core::Amount::FromMinor(first_amount),
                .counterparty_amount = core::Amount::FromMinor(second_amount)};
  for (std::size_t i = 0; i < slot.values.size() && input_.pvp_per_list > 1; ++i) {
    pvp.list.push_back(
        {core::Amount::FromMinor((*firsts)[i]), core::Amount::FromMinor((*seconds)[i])});
  }
  if (directions_.Uniform(1000) < input_.pvp_foreign_per_mille) {
    std::swap(pvp.party_ledger, pvp.counterparty_ledger);
    std::swap(pvp.party_amount, pvp.counterparty_amount);
    for (auto& each : pvp.list) std::swap(each.party_amount, each.counterparty_amount);
  }
  Move(pvp.party_ledger, party, counterparty, pvp.party_amount.minor());
  Move(pvp.counterparty_ledger, counterparty, party, pvp.counterparty_amount.minor());
  actions_.push_back({0, id, TimeOf(slot), input_.days[slot.day], std::move(pvp), {}});
  return absl::OkStatus();
}

void Traffic::ClearAtDayEnd() {
  for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
    if (!plan_.ledgers[l].redeem_at_cut_off) continue;
    for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
      balances_[p * plan_.ledgers.size() + l] = 0;
    }
  }
}

absl::StatusOr<std::vector<PlannedAction>> Traffic::Generate() {
  absl::Status status = DrawSlots();
  if (status.ok()) status = DrawValues();
  if (!status.ok()) return status;
  const std::size_t digits = std::max<std::size_t>(4, std::to_string(slots_.size()).size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (i > 0 && slots_[i].day != slots_[i - 1].day) ClearAtDayEnd();
    market_ = &markets_[market_of_day_[slots_[i].day]];
    const std::string id = fmt::format("{}-{:0{}}", input_.name, i + 1, digits);
    status = slots_[i].pvp ? AddPvp(slots_[i], id) : AddPayment(slots_[i], id);
    if (!status.ok()) return status;
  }
  return std::move(actions_);
}

}  // namespace

absl::StatusOr<std::vector<PlannedAction>> GenerateTraffic(const Plan& plan,
                                                           const GeneratorInput& input) {
  return Traffic(plan, input).Generate();
}

}  // namespace causeway::sim
