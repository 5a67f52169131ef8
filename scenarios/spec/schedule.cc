#include "scenarios/spec/schedule.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "fmt/format.h"

namespace causeway::sim {
namespace {

constexpr ActionIndex kNone = ~ActionIndex{0};
constexpr std::string_view kRedemptionPrefix = "redeem-";  // steps cannot have such ids

// The order of actions that are due at the same time.
int RankOf(const PlannedWhat& what) {
  if (std::holds_alternative<SetUpLedger>(what)) return 0;
  if (const auto* change = std::get_if<ChangeDayPhase>(&what)) {
    if (change->phase == core::DayPhase::kOpen) return 1;
    return change->phase == core::DayPhase::kCutOff ? 4 : 6;
  }
  if (std::holds_alternative<ChargeOvernight>(what)) return 1;  // added after its opening
  if (std::holds_alternative<IssueTo>(what)) return 2;
  return std::holds_alternative<RedeemFrom>(what) ? 5 : 3;
}

std::string CompactDate(core::BusinessDate date) {
  return fmt::format("{:02}{:02}{:02}", date.year() % 100, date.month(), date.day());
}

// An account, as places in the plan.
struct Holder {
  ParticipantIndex participant;
  LedgerIndex ledger;
};

// The accounts whose balance an action reads or changes.
class Touched {
 public:
  explicit Touched(const Plan& plan) : plan_(plan), makers_(VenueMakers(plan)) {}

  const std::vector<Holder>& By(const PlannedWhat& what) {
    holders_.clear();
    std::visit(*this, what);
    return holders_;
  }

  void operator()(const SetUpLedger&) {}
  void operator()(const ChangeDayPhase&) {}
  void operator()(const IssueTo& issue) { Add(issue.to, issue.ledger); }
  void operator()(const RedeemFrom& redeem) { Add(redeem.from, redeem.ledger); }
  void operator()(const PayOneWay& pay) {
    Add(pay.from, pay.ledger);
    Add(pay.to, pay.ledger);
  }
  void operator()(const SwapOnQuote& swap) {
    Add(swap.taker, swap.sell_ledger);
    Add(swap.payee, swap.buy_ledger);
    // Which provider gives the best price is known only when it is asked.
    for (const PlannedProvider& provider : plan_.bridge->providers) {
      Add(provider.participant, swap.sell_ledger);
      Add(provider.participant, swap.buy_ledger);
    }
    // At venues it may pass through any currency, and any maker of theirs.
    for (const ParticipantIndex maker : makers_) {
      for (std::size_t l = 0; l < plan_.ledgers.size(); ++l) {
        Add(maker, static_cast<LedgerIndex>(l));
      }
    }
  }
  void operator()(const SettlePvp& pvp) {
    Add(pvp.party, pvp.party_ledger);
    Add(pvp.counterparty, pvp.party_ledger);
    Add(pvp.party, pvp.counterparty_ledger);
    Add(pvp.counterparty, pvp.counterparty_ledger);
  }
  void operator()(const FreezeAccount& freeze) { Add(freeze.holder, freeze.ledger); }
  void operator()(const ChargeOvernight& charge) { Add(charge.from, charge.ledger); }
  void operator()(const OverrideFunds& order) {
    Add(order.from, order.ledger);
    Add(order.to, order.ledger);
  }
  // Neither touches an account; see Orderer.
  void operator()(const OrderAbortOf&) {}
  void operator()(const ChangePolicy&) {}
  void operator()(const ChangeKeys& change) { Add(change.holder, change.ledger); }
  void operator()(const CloseAccountOf& close) { Add(close.holder, close.ledger); }

 private:
  void Add(ParticipantIndex participant, LedgerIndex ledger) {
    if (!plan_.AccountOf(participant, ledger).IsEmpty()) holders_.push_back({participant, ledger});
  }

  const Plan& plan_;
  const std::vector<ParticipantIndex> makers_;
  std::vector<Holder> holders_;
};

// What a holder may keep over night; nothing: anything.
std::optional<core::Amount> OvernightLimit(const PlannedLedger& ledger,
                                           const PlannedParticipant& holder) {
  if (!ledger.overnight) return std::nullopt;
  return holder.country == ledger.country ? ledger.overnight->resident_limit
                                          : ledger.overnight->non_resident_limit;
}

class DayAdder {
 public:
  explicit DayAdder(Plan& plan) : plan_(plan) {}

  void AddAll() {
    for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
      const PlannedLedger& ledger = plan_.ledgers[i];
      const auto index = static_cast<LedgerIndex>(i);
      Add(fmt::format("set-up-{}", ledger.currency.code()),
          ledger.days.front().opens - kSetUpBeforeOpening, ledger.joins, SetUpLedger{index});
      for (std::size_t d = 0; d < ledger.days.size(); ++d) AddDay(index, d);
    }
  }

 private:
  void AddDay(LedgerIndex index, std::size_t number) {
    const PlannedLedger& ledger = plan_.ledgers[index];
    const PlannedDay& day = ledger.days[number];
    const std::string name = fmt::format("{}-{}", CompactDate(day.date), ledger.currency.code());
    Add(fmt::format("open-{}", name), day.opens, day.date,
        ChangeDayPhase{index, core::DayPhase::kOpen});
    Add(fmt::format("cut-off-{}", name), day.cuts_off, day.date,
        ChangeDayPhase{index, core::DayPhase::kCutOff});
    Add(fmt::format("close-{}", name), day.cuts_off + kCloseAfterCutOff, day.date,
        ChangeDayPhase{index, core::DayPhase::kClosed});
    for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
      const PlannedParticipant& holder = plan_.participants[p];
      if (holder.accounts[index].IsEmpty()) continue;
      const auto from = static_cast<ParticipantIndex>(p);
      const std::string id = fmt::format("{}-{}", name, holder.id.text());
      const core::LedgerTime after_cut_off = day.cuts_off + kRedeemAfterCutOff;
      const std::optional<core::Amount> limit = OvernightLimit(ledger, holder);
      if (ledger.redeem_at_cut_off) {
        Add(fmt::format("{}{}", kRedemptionPrefix, id), after_cut_off, day.date,
            RedeemFrom{index, from, std::nullopt});
      } else if (limit && ledger.overnight->sweep) {
        Add(fmt::format("sweep-{}", id), after_cut_off, day.date,
            RedeemFrom{index, from, std::nullopt, *limit});
      }
      // Nothing moves between close and opening: what is there first was there all night.
      if (limit && !ledger.overnight->sweep && number > 0) {
        const auto nights =
            static_cast<std::uint32_t>(day.date.days() - ledger.days[number - 1].date.days());
        Add(fmt::format("charge-{}", id), day.opens, day.date,
            ChargeOvernight{index, from, *limit, nights});
      }
    }
  }

  void Add(std::string id, core::LedgerTime time, core::BusinessDate date, PlannedWhat what) {
    plan_.actions.push_back({0, std::move(id), time, date, std::move(what), {}});
  }

  Plan& plan_;
};

bool IsRedemptionOfAll(const PlannedWhat& what) {
  const auto* redeem = std::get_if<RedeemFrom>(&what);
  return redeem != nullptr && !redeem->amount.has_value() && redeem->keep.IsZero();
}

// Leaves out the schedule's redemptions of accounts that nothing touched since they were redeemed
// before: there is nothing on them.
void RemoveIdleRedemptions(Plan& plan) {
  std::vector<bool> touched(plan.participants.size() * plan.ledgers.size(), false);
  Touched touch(plan);
  const auto idle = [&](const PlannedAction& action) {
    const bool redeems_all = IsRedemptionOfAll(action.what);
    bool empty =
        std::string_view(action.id).substr(0, kRedemptionPrefix.size()) == kRedemptionPrefix;
    for (const Holder& holder : touch.By(action.what)) {
      const std::size_t place = holder.participant * plan.ledgers.size() + holder.ledger;
      empty = empty && !touched[place];
      touched[place] = !redeems_all;
    }
    return empty;
  };
  std::vector<PlannedAction> kept;
  kept.reserve(plan.actions.size());
  for (PlannedAction& action : plan.actions) {
    if (!idle(action)) kept.push_back(std::move(action));
  }
  plan.actions = std::move(kept);
}

// Finds what every action waits for, in one pass.
class Orderer {
 public:
  explicit Orderer(Plan& plan)
      : plan_(plan),
        touched_(plan),
        last_phase_(plan.ledgers.size(), kNone),
        last_policy_(plan.ledgers.size(), kNone),
        last_touch_(plan.participants.size() * plan.ledgers.size(), kNone) {}

  void Order(PlannedAction& action) {
    if (const auto* set_up = std::get_if<SetUpLedger>(&action.what)) {
      last_phase_[set_up->ledger] = action.index;
    } else if (const auto* change = std::get_if<ChangeDayPhase>(&action.what)) {
      AddAfter(action, last_phase_[change->ledger]);
      // The last action of every account stands for all before it.
      for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
        AddAfter(action, last_touch_[p * plan_.ledgers.size() + change->ledger]);
      }
      last_phase_[change->ledger] = action.index;
    } else if (const auto* order = std::get_if<OrderAbortOf>(&action.what)) {
      AddAfter(action, last_phase_[order->ledger]);
    } else if (const auto* policy = std::get_if<ChangePolicy>(&action.what)) {
      AddAfter(action, last_phase_[policy->ledger]);
      // A ledger refuses an epoch below one that it knows, for good.
      AddAfter(action, last_policy_[policy->ledger]);
      last_policy_[policy->ledger] = action.index;
    } else {
      for (const Holder& holder : touched_.By(action.what)) {
        ActionIndex& last = last_touch_[holder.participant * plan_.ledgers.size() + holder.ledger];
        AddAfter(action, last_phase_[holder.ledger]);
        AddAfter(action, last);
        // Concurrent actions wait for the money that they are funded with, and not for each other.
        if (!plan_.concurrent || std::holds_alternative<IssueTo>(action.what)) last = action.index;
      }
    }
    std::sort(action.after.begin(), action.after.end());
    action.after.erase(std::unique(action.after.begin(), action.after.end()), action.after.end());
  }

 private:
  void AddAfter(PlannedAction& action, ActionIndex earlier) {
    if (earlier != kNone && earlier != action.index) action.after.push_back(earlier);
  }

  Plan& plan_;
  Touched touched_;
  std::vector<ActionIndex> last_phase_;   // by ledger
  std::vector<ActionIndex> last_policy_;  // by ledger
  std::vector<ActionIndex> last_touch_;   // by participant and ledger
};

}  // namespace

void Schedule(Plan& plan) {
  DayAdder(plan).AddAll();
  std::stable_sort(plan.actions.begin(), plan.actions.end(),
                   [](const PlannedAction& a, const PlannedAction& b) {
                     return std::pair(a.time, RankOf(a.what)) < std::pair(b.time, RankOf(b.what));
                   });
  RemoveIdleRedemptions(plan);
  Orderer orderer(plan);
  for (std::size_t i = 0; i < plan.actions.size(); ++i) {
    plan.actions[i].index = static_cast<ActionIndex>(i);
    orderer.Order(plan.actions[i]);
  }
}

}  // namespace causeway::sim
