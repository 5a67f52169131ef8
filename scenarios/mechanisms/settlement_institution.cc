#include "scenarios/mechanisms/settlement_institution.h"

#include <algorithm>
#include <cstdlib>

#include "absl/numeric/int128.h"
#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

constexpr std::int64_t kHaircutUnit = 1000;
constexpr std::int64_t kPercent = 100;

std::int64_t Fitting(absl::int128 value) {
  CW_CHECK(value >= core::Amount::Min().minor() && value <= core::Amount::Max().minor(),
           "what members have and owe fits 64 bits of minor units");
  return static_cast<std::int64_t>(value);
}

std::int64_t Sum(std::int64_t left, std::int64_t right) {
  return Fitting(absl::int128(left) + right);
}

template <typename Map, typename Key>
std::int64_t ValueAt(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

// What a trade does to the accounts of one of its members.
std::map<LedgerIndex, std::int64_t> ChangesFor(const SettlePvp& trade, bool counterparty) {
  std::map<LedgerIndex, std::int64_t> changes;
  const std::int64_t sign = counterparty ? 1 : -1;
  changes[trade.party_ledger] += sign * trade.party_amount.minor();
  changes[trade.counterparty_ledger] -= sign * trade.counterparty_amount.minor();
  return changes;
}

}  // namespace

core::Amount SettlementInstitution::BalanceOf(ParticipantIndex member, LedgerIndex ledger) const {
  return core::Amount::FromMinor(ValueAt(balances_, Position{member, ledger}));
}

core::Amount SettlementInstitution::HoldingsOf(LedgerIndex ledger) const {
  return core::Amount::FromMinor(ValueAt(holdings_, ledger));
}

bool SettlementInstitution::IsAsked(std::uint32_t transfer) const {
  const auto due = due_.find(transfer);
  return due != due_.end() && due->second.asking;
}

void SettlementInstitution::End(ActionIndex id, const core::Rejection& outcome, Effects& effects) {
  Trade& trade = trades_.at(id);
  CW_CHECK(!trade.ended, "a trade ends once");
  trade.ended = true;
  trade.outcome = outcome;
  effects.emplace_back(std::in_place_type<Tell>, Tell{id, outcome});
}

SettlementInstitution::Effects SettlementInstitution::Enter(ActionIndex id, const SettlePvp& trade,
                                                            ParticipantIndex by) {
  CW_CHECK(by == trade.party || by == trade.counterparty, "only its parties enter a trade");
  Trade& known = trades_[id];
  if (known.ended) return {Tell{id, known.outcome}};
  known.what = trade;
  known.entered.insert(by);
  Effects effects;
  if (!open_) {
    End(id, {.outcome = core::Outcome::kPastDeadline, .rule = "the day is over"}, effects);
  }
  return effects;
}

SettlementInstitution::Effects SettlementInstitution::Open() {
  open_ = true;
  return {};
}

SettlementInstitution::Effects SettlementInstitution::Close() {
  Effects effects;
  open_ = false;
  for (const auto& [id, trade] : trades_) {
    if (trade.ended || trade.in_session) continue;
    End(id,
        trade.entered.size() == 2
            ? core::Rejection{.outcome = core::Outcome::kPastDeadline, .rule = "the day is over"}
            : core::Rejection{.outcome = core::Outcome::kApprovalsMissing, .rule = "not matched"},
        effects);
  }
  return effects;
}

std::vector<ActionIndex> SettlementInstitution::Waiting() const {
  std::vector<ActionIndex> waiting;
  for (const auto& [id, trade] : trades_) {
    if (trade.in_session && !trade.ended) waiting.push_back(id);
  }
  return waiting;
}

SettlementInstitution::Effects SettlementInstitution::BeginSession(std::uint32_t number) {
  Effects effects;
  if (number <= sessions_begun_ || in_session_) return effects;
  sessions_begun_ = number;
  in_session_ = true;
  std::vector<SettlePvp> matched;
  for (auto& [id, trade] : trades_) {
    if (trade.ended || trade.entered.size() < 2) continue;
    trade.in_session = true;
    matched.push_back(trade.what);
  }
  pay_ins_.clear();
  asked_.clear();
  const std::optional<NetPositions> net = NetOf(matched);
  CW_CHECK(net.has_value(), "the compiler bounds the amounts of a scenario");
  for (const auto& [place, amount] : *net) {
    const Position position{place.second, place.first};
    const std::int64_t after = Sum(ValueAt(balances_, position), amount.minor());
    if (after < 0) pay_ins_[position] = -after;
  }
  SettleQueue(effects);
  return effects;
}

void SettlementInstitution::Ask(ParticipantIndex member, LedgerIndex ledger, std::int64_t amount,
                                Effects& effects) {
  const Transfer transfer{++transfers_, sessions_begun_, member, ledger,
                          core::Amount::FromMinor(amount)};
  due_[transfer.number] = {transfer, true, true};
  effects.emplace_back(std::in_place_type<AskPayIn>, AskPayIn{transfer});
}

void SettlementInstitution::AskInstalments(std::size_t position, Effects& effects) {
  const std::int64_t percent = plan_.mechanism.cls.instalments[position].percent;
  for (const auto& [place, total] : pay_ins_) {
    const auto due = Fitting((absl::int128(total) * percent + kPercent - 1) / kPercent);
    std::int64_t& asked = asked_[place];
    if (due <= asked) continue;
    Ask(place.first, place.second, due - asked, effects);
    asked = due;
  }
}

SettlementInstitution::Effects SettlementInstitution::OnInstalment(std::uint32_t session,
                                                                   std::size_t position) {
  Effects effects;
  if (!in_session_ || session != sessions_begun_) return effects;
  AskInstalments(position, effects);
  SettleQueue(effects);
  PayOutAll(effects);
  return effects;
}

SettlementInstitution::Effects SettlementInstitution::EndSession(std::uint32_t session) {
  Effects effects;
  if (!in_session_ || session != sessions_begun_) return effects;
  in_session_ = false;
  for (const ActionIndex id : Waiting()) {
    End(id, {.outcome = core::Outcome::kInsufficientFunds, .rule = "the tests of the institution"},
        effects);
  }
  for (auto& [number, due] : due_) due.asking = false;
  // Who is short has to pay, session or not: others wait for it.
  const std::map<Position, std::int64_t> balances = balances_;
  for (const auto& [place, balance] : balances) {
    if (balance < 0) Ask(place.first, place.second, -balance, effects);
  }
  PayOutAll(effects);
  return effects;
}

SettlementInstitution::Effects SettlementInstitution::OnPaidIn(std::uint32_t transfer) {
  Effects effects;
  const auto due = due_.find(transfer);
  if (due == due_.end() || !due->second.pay_in) return effects;
  const Transfer paid = due->second.transfer;
  due_.erase(due);
  transfers_done_.push_back(paid);
  Add(paid.member, paid.ledger, paid.amount.minor());
  holdings_[paid.ledger] = Sum(ValueAt(holdings_, paid.ledger), paid.amount.minor());
  SettleQueue(effects);
  if (!in_session_) PayOutAll(effects);
  CheckBooks();
  return effects;
}

SettlementInstitution::Effects SettlementInstitution::OnPayInRefused(std::uint32_t transfer) {
  const auto due = due_.find(transfer);
  if (due == due_.end() || !due->second.pay_in) return {};
  const Transfer refused = due->second.transfer;
  const auto asked = asked_.find(Position{refused.member, refused.ledger});
  if (in_session_ && refused.session == sessions_begun_ && asked != asked_.end()) {
    asked->second -= refused.amount.minor();
  }
  due_.erase(due);
  return {};
}

SettlementInstitution::Effects SettlementInstitution::OnPaidOut(std::uint32_t transfer) {
  const auto due = due_.find(transfer);
  if (due == due_.end() || due->second.pay_in) return {};
  Transfer paid = due->second.transfer;
  paid.amount = core::Amount::FromMinor(-paid.amount.minor());
  transfers_done_.push_back(paid);
  due_.erase(due);
  return {};
}

SettlementInstitution::Effects SettlementInstitution::OnPayOutRefused(std::uint32_t transfer) {
  const auto due = due_.find(transfer);
  if (due == due_.end() || due->second.pay_in) return {};
  const Transfer refused = due->second.transfer;
  due_.erase(due);
  Add(refused.member, refused.ledger, refused.amount.minor());
  holdings_[refused.ledger] = Sum(ValueAt(holdings_, refused.ledger), refused.amount.minor());
  CheckBooks();
  return {};
}

void SettlementInstitution::Add(ParticipantIndex member, LedgerIndex ledger, std::int64_t change) {
  std::int64_t& balance = balances_[{member, ledger}];
  balance = Sum(balance, change);
}

std::optional<std::int64_t> SettlementInstitution::Value(LedgerIndex ledger,
                                                         std::int64_t amount) const {
  // Rates convert what is not below zero.
  const auto value =
      plan_.ValueOf(plan_.ledgers[ledger].currency, core::Amount::FromMinor(std::abs(amount)));
  if (!value) return std::nullopt;
  return amount < 0 ? -value->minor() : value->minor();
}

bool SettlementInstitution::PassesTests(ParticipantIndex member,
                                        const std::map<LedgerIndex, std::int64_t>& changes) const {
  const PlannedCls& cls = plan_.mechanism.cls;
  absl::int128 adjusted = 0;  // thousandths
  absl::int128 short_all = 0;
  for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
    const auto ledger = static_cast<LedgerIndex>(i);
    const std::int64_t after =
        Sum(ValueAt(balances_, Position{member, ledger}), ValueAt(changes, ledger));
    const std::optional<std::int64_t> value = Value(ledger, after);
    if (!value) return false;
    const std::int64_t haircut =
        *value < 0 ? -std::int64_t{cls.haircut_per_mille} : std::int64_t{cls.haircut_per_mille};
    adjusted += absl::int128(*value) * (kHaircutUnit - haircut);
    if (*value >= 0) continue;
    if (-absl::int128(*value) > cls.short_limit.minor()) return false;
    short_all -= *value;
  }
  return adjusted >= 0 && short_all <= cls.short_limit_all.minor();
}

void SettlementInstitution::SettleQueue(Effects& effects) {
  if (!in_session_) return;
  bool again = true;
  while (again) {
    again = false;
    for (const ActionIndex id : Waiting()) {
      const SettlePvp& trade = trades_.at(id).what;
      const auto of_party = ChangesFor(trade, false);
      const auto of_counterparty = ChangesFor(trade, true);
      if (!PassesTests(trade.party, of_party) ||
          !PassesTests(trade.counterparty, of_counterparty)) {
        continue;
      }
      for (const auto& [ledger, change] : of_party) Add(trade.party, ledger, change);
      for (const auto& [ledger, change] : of_counterparty) Add(trade.counterparty, ledger, change);
      End(id, {.outcome = core::Outcome::kAccepted}, effects);
      again = true;
    }
  }
  CheckBooks();
}

std::int64_t SettlementInstitution::StillToPay(ParticipantIndex member, LedgerIndex ledger) const {
  std::int64_t net = 0;
  for (const ActionIndex id : Waiting()) {
    const SettlePvp& trade = trades_.at(id).what;
    if (trade.party == member) net = Sum(net, ValueAt(ChangesFor(trade, false), ledger));
    if (trade.counterparty == member) net = Sum(net, ValueAt(ChangesFor(trade, true), ledger));
  }
  return std::max<std::int64_t>(0, -net);
}

void SettlementInstitution::PayOutAll(Effects& effects) {
  for (auto& [place, balance] : balances_) {
    const auto [member, ledger] = place;
    const std::int64_t amount =
        std::min(balance - StillToPay(member, ledger), ValueAt(holdings_, ledger));
    if (amount <= 0 || !PassesTests(member, {{ledger, -amount}})) continue;
    const Transfer transfer{++transfers_, sessions_begun_, member, ledger,
                            core::Amount::FromMinor(amount)};
    due_[transfer.number] = {transfer, false, false};
    balance -= amount;
    holdings_[ledger] -= amount;
    effects.emplace_back(std::in_place_type<PayOut>, PayOut{transfer});
  }
  CheckBooks();
}

// On every ledger the institution has what its members have on balance, to the minor unit.
void SettlementInstitution::CheckBooks() const {
  std::map<LedgerIndex, absl::int128> sums;
  for (const auto& [place, balance] : balances_) sums[place.second] += balance;
  for (const auto& [ledger, sum] : sums) {
    CW_CHECK(sum == ValueAt(holdings_, ledger), "the books show what the institution has");
    CW_CHECK(ValueAt(holdings_, ledger) >= 0, "the institution pays what it has");
  }
}

SettlementInstitution::Effects SettlementInstitution::Resume() const {
  Effects effects;
  for (const auto& [number, due] : due_) {
    if (!due.pay_in) {
      effects.emplace_back(std::in_place_type<PayOut>, PayOut{due.transfer});
    } else {
      effects.emplace_back(std::in_place_type<AskPayIn>, AskPayIn{due.transfer});
    }
  }
  return effects;
}

}  // namespace causeway::sim
