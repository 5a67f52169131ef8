#include "scenarios/report/ledger_indicators.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "scenarios/report/live_calendar.h"
#include "scenarios/report/run_page.h"
#include "scenarios/spec/schedule.h"
#include "scenarios/study/options.h"
#include "settlement/core/account_terms.h"

namespace causeway::sim {
namespace {

using study::kDaySpanUs;
using study::TimeUs;

// What two participants were to settle on one ledger.
struct Demand {
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
  core::Amount amount;
  core::PaymentPriority priority = core::PaymentPriority::kNormal;
};

// The bookings of a run, by what they are of.
class BookingIndex {
 public:
  explicit BookingIndex(const std::vector<Booking>& bookings) : bookings_(bookings) {
    for (std::size_t i = 0; i < bookings.size(); ++i) {
      const Booking& booking = bookings[i];
      if (booking.payment) {
        if (booking.part) {
          parts_[*booking.payment].push_back(i);
        } else {
          payments_.emplace(*booking.payment, i);
        }
      } else {
        legs_[{booking.ledger, booking.settlement_id}].push_back(i);
      }
    }
  }
  std::vector<std::size_t> LegsOf(LedgerIndex ledger, const core::Hash256& settlement) const {
    const auto found = legs_.find({ledger, settlement});
    return found == legs_.end() ? std::vector<std::size_t>() : found->second;
  }
  // Of a payment, the parts that settled before the rest.
  std::vector<std::size_t> PartsOf(ActionIndex payment) const {
    const auto found = parts_.find(payment);
    return found == parts_.end() ? std::vector<std::size_t>() : found->second;
  }
  // The place of the demand's own booking.
  std::optional<std::size_t> Find(LedgerIndex ledger, const ActionResult& action,
                                  const Demand& demand) const {
    const auto payment = payments_.find(action.action);
    if (payment != payments_.end()) return payment->second;
    if (action.settlement_id.IsZero()) return std::nullopt;
    for (const std::size_t place : LegsOf(ledger, action.settlement_id)) {
      const Booking& booking = bookings_[place];
      if (booking.from == demand.from && booking.to == demand.to &&
          booking.amount == demand.amount) {
        return place;
      }
    }
    return std::nullopt;
  }
  const Booking& operator[](std::size_t place) const { return bookings_[place]; }
  std::size_t size() const { return bookings_.size(); }

 private:
  const std::vector<Booking>& bookings_;
  std::map<ActionIndex, std::size_t> payments_;
  std::map<ActionIndex, std::vector<std::size_t>> parts_;
  std::map<std::pair<LedgerIndex, core::Hash256>, std::vector<std::size_t>> legs_;
};

// The business days of a ledger as a study's.
class DayFrame {
 public:
  DayFrame(const Plan& plan, const RunResult& result, LedgerIndex ledger)
      : days_(plan.ledgers[ledger].days) {
    TimeUs before = 0;  // whole days between a midnight and the business date's
    for (const PlannedDay& day : days_) {
      const TimeUs early = day.date.StartInUtc().micros() - day.opens.micros();
      if (early > 0)
        before = std::max(before, (early + study::kDayUs - 1) / study::kDayUs * study::kDayUs);
    }
    for (const PlannedDay& day : days_) {
      midnights_.push_back(day.date.StartInUtc().micros() - before);
      closes_.push_back((day.cuts_off + kCloseAfterCutOff).micros());
    }
    // What waits may still settle in the batch that closes the day, which comes a moment later.
    for (const ActionResult& action : result.actions) {
      const PlannedAction& planned = plan.actions[action.action];
      const auto* change = std::get_if<ChangeDayPhase>(&planned.what);
      if (change == nullptr || change->ledger != ledger ||
          change->phase != core::DayPhase::kClosed) {
        continue;
      }
      for (std::size_t d = 0; d < days_.size(); ++d) {
        if (days_[d].date == planned.date) {
          closes_[d] = std::max(closes_[d], action.ended.micros());
        }
      }
    }
  }

  std::size_t size() const { return days_.size(); }
  // The first day that closes at `time` or later; the last for what comes after all.
  std::size_t DayOf(std::int64_t time_us) const {
    const auto found = std::lower_bound(closes_.begin(), closes_.end(), time_us);
    return std::min(static_cast<std::size_t>(found - closes_.begin()), days_.size() - 1);
  }
  TimeUs On(std::size_t day, std::int64_t time_us) const {
    const TimeUs time = std::clamp<TimeUs>(time_us - midnights_[day], 0, kDaySpanUs - 1);
    return static_cast<TimeUs>(day) * kDaySpanUs + time;
  }
  std::int64_t opens_us(std::size_t day) const { return days_[day].opens.micros(); }
  std::int64_t closes_us(std::size_t day) const { return closes_[day]; }
  TimeUs OpensAt(std::size_t day) const { return On(day, opens_us(day)); }
  TimeUs ClosesAt(std::size_t day) const { return On(day, closes_us(day)); }
  std::string NameOf(std::size_t day) const { return days_[day].date.ToString(); }

 private:
  const std::vector<PlannedDay>& days_;
  std::vector<std::int64_t> midnights_;
  std::vector<std::int64_t> closes_;
};

study::Status StatusOf(ActionStatus status) {
  switch (status) {
    case ActionStatus::kSettled:
      return study::Status::kSettled;
    case ActionStatus::kRejected:
    case ActionStatus::kAborted:
    case ActionStatus::kSkipped:
      return study::Status::kRejected;
    case ActionStatus::kWithheld:
      return study::Status::kWithheld;
    default:
      return study::Status::kUnsettled;
  }
}

liquidity::Priority PriorityOf(core::PaymentPriority priority) {
  if (priority == core::PaymentPriority::kUrgent) return liquidity::Priority::kUrgent;
  return priority == core::PaymentPriority::kHigh ? liquidity::Priority::kHigh
                                                  : liquidity::Priority::kNormal;
}

// Whether the mechanism decides on all legs of a settlement at once. Of the others it is the
// mechanism's figures that tell what was at risk, and for how long.
bool IsAllOrNone(const Plan& plan) { return plan.mechanism.kind != MechanismKind::kHtlc; }

class PartMaker {
 public:
  PartMaker(const Plan& plan, const RunResult& result, const BookingIndex& bookings,
            LedgerIndex ledger)
      : plan_(plan),
        run_(result),
        bookings_(bookings),
        ledger_(ledger),
        frame_(plan, result, ledger) {}

  study::Part Make() {
    AddAccounts();
    for (std::size_t day = 0; day < frame_.size(); ++day) {
      part_.input.days.push_back(frame_.NameOf(day));
    }
    for (const ActionResult& action : run_.actions) AddAction(action);
    AddPayments();
    AddPaymentParts();
    AddHours();
    AddSets();
    AddCharges();
    AddAccountDays();
    AddCredit();
    AddSamples();
    AddLinks();
    return std::move(part_);
  }

 private:
  // A payment as it stands before it is sorted.
  struct Drawn {
    study::Payment payment;
    study::PaymentResult result;
    ActionIndex action = 0;
    std::uint32_t link = 0;
    std::size_t order = 0;           // of its booking, or behind all of them
    std::vector<std::size_t> parts;  // bookings
    std::string algorithm;
    bool booked = false;
  };

  void AddAccounts();
  void AddAction(const ActionResult& action);
  std::vector<Demand> DemandsOf(const ActionResult& action) const;
  void AddDemand(const ActionResult& action, const Demand& demand);
  void AddPayments();
  void AddPaymentParts();
  void AddHours();
  void AddSets();
  void AddMoney(const ActionResult& action);
  void AddAccountDays();
  void AddCharges();
  void AddCredit();
  void AddSamples();
  void AddLinks();
  std::size_t Place(ParticipantIndex participant) const { return places_.at(participant); }

  const Plan& plan_;
  const RunResult& run_;
  const BookingIndex& bookings_;
  LedgerIndex ledger_;
  DayFrame frame_;
  study::Part part_;
  std::map<ParticipantIndex, std::size_t> places_;
  std::vector<Drawn> drawn_;
  // Money from outside, or to it, by when it was due.
  struct Move {
    std::int64_t due_us = 0;
    std::size_t account = 0;
    std::int64_t amount = 0;
  };
  std::vector<Move> moves_;
};

void PartMaker::AddAccounts() {
  const PlannedLedger& ledger = plan_.ledgers[ledger_];
  part_.currency = ledger.currency.ToString();
  part_.input.name = ledger.origin.ToString();
  part_.input.minor_digits = ledger.currency.minor_digits();
  part_.input.currencies = {part_.currency};
  for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
    const PlannedParticipant& participant = plan_.participants[p];
    if (participant.accounts[ledger_].IsEmpty()) continue;
    places_.emplace(static_cast<ParticipantIndex>(p), part_.input.accounts.size());
    study::Account account;
    account.id = account.owner = participant.id.ToString();
    part_.input.accounts.push_back(std::move(account));
  }
}

// What a transaction has on this ledger.
std::vector<Demand> PartMaker::DemandsOf(const ActionResult& action) const {
  const PlannedWhat& what = plan_.actions[action.action].what;
  std::vector<Demand> demands;
  if (const auto* pay = std::get_if<PayOneWay>(&what)) {
    if (pay->ledger == ledger_) {
      demands.push_back({pay->from, pay->to, pay->amount, pay->priority});
    }
  } else if (const auto* pvp = std::get_if<SettlePvp>(&what)) {
    // Of a list what settled of it.
    const bool listed = !pvp->list.empty() && action.legs.size() == 2 && action.list_settled > 0;
    if (pvp->party_ledger == ledger_) {
      demands.push_back({pvp->party, pvp->counterparty,
                         listed ? action.legs[0].amount : pvp->party_amount,
                         core::PaymentPriority::kNormal});
    }
    if (pvp->counterparty_ledger == ledger_) {
      demands.push_back({pvp->counterparty, pvp->party,
                         listed ? action.legs[1].amount : pvp->counterparty_amount,
                         core::PaymentPriority::kNormal});
    }
  } else if (const auto* swap = std::get_if<SwapOnQuote>(&what)) {
    for (const std::size_t place : bookings_.LegsOf(ledger_, action.settlement_id)) {
      const Booking& booking = bookings_[place];
      demands.push_back({booking.from, booking.to, booking.amount, core::PaymentPriority::kNormal});
    }
    const ParticipantIndex provider = ProviderOf(plan_, *swap);
    if (demands.empty() && provider != kSomeProvider && action.legs.size() == 2) {
      const ActionLeg& sell = action.legs[0];
      const ActionLeg& buy = action.legs[1];
      if (sell.ledger == ledger_) demands.push_back({swap->taker, provider, sell.amount, {}});
      if (buy.ledger == ledger_) demands.push_back({provider, swap->payee, buy.amount, {}});
    }
  }
  // A provider that swaps for itself pays nobody, and where one has no account nothing is due.
  demands.erase(std::remove_if(demands.begin(), demands.end(),
                               [this](const Demand& demand) {
                                 return demand.from == demand.to || !demand.amount.IsPositive() ||
                                        places_.count(demand.from) == 0 ||
                                        places_.count(demand.to) == 0;
                               }),
                demands.end());
  return demands;
}

void PartMaker::AddAction(const ActionResult& action) {
  if (!IsTransaction(plan_.actions[action.action].what)) return AddMoney(action);
  for (const Demand& demand : DemandsOf(action)) AddDemand(action, demand);
}

void PartMaker::AddDemand(const ActionResult& action, const Demand& demand) {
  const PlannedAction& planned = plan_.actions[action.action];
  Drawn drawn;
  drawn.action = action.action;
  const bool linked = !std::holds_alternative<PayOneWay>(planned.what) && IsAllOrNone(plan_);
  drawn.link = linked ? action.action + 1 : 0;
  drawn.order = bookings_.size() + action.action;
  drawn.payment.amount = demand.amount.minor();
  drawn.payment.sender = static_cast<study::AccountIndex>(Place(demand.from));
  drawn.payment.recipient = static_cast<study::AccountIndex>(Place(demand.to));
  drawn.payment.priority = PriorityOf(demand.priority);
  drawn.result.status = StatusOf(action.status);
  const std::optional<std::size_t> place = bookings_.Find(ledger_, action, demand);
  std::int64_t settled_us = action.ended.micros();
  if (place) {
    const Booking& booking = bookings_[*place];
    drawn.result.status = study::Status::kSettled;
    drawn.booked = true;
    drawn.order = *place;
    drawn.algorithm = booking.algorithm;
    drawn.result.set = booking.set;
    drawn.result.cause =
        booking.waited ? liquidity::Cause::kQueueRelease : liquidity::Cause::kImmediate;
    settled_us = booking.time.micros();
  } else if (const auto legs = bookings_.LegsOf(ledger_, action.settlement_id);
             drawn.result.status == study::Status::kSettled && !legs.empty()) {
    // Of a settlement of nets.
    drawn.order = legs.front();
    settled_us = bookings_[legs.front()].time.micros();
  }
  const bool settled = drawn.result.status == study::Status::kSettled;
  const std::int64_t due_us = planned.time.micros();
  drawn.parts = bookings_.PartsOf(action.action);
  // What waits ends with its day: that of its parts.
  if (!settled && !drawn.parts.empty()) {
    settled_us = bookings_[drawn.parts.back()].time.micros();
  }
  const std::size_t day = frame_.DayOf(settled || !drawn.parts.empty() ? settled_us : due_us);
  drawn.payment.due = frame_.On(day, due_us);
  if (settled) {
    drawn.result.settled = std::max(frame_.On(day, settled_us), drawn.payment.due);
    if (!place) drawn.result.cause = liquidity::Cause::kImmediate;
  } else if (due_us > frame_.closes_us(day)) {
    drawn.result.status = study::Status::kLate;
  }
  const bool started = action.attempts > 0 && action.started.micros() > due_us;
  drawn.result.submitted = std::max(
      frame_.OpensAt(day), started ? frame_.On(day, action.started.micros()) : drawn.payment.due);
  drawn_.push_back(std::move(drawn));
}

void PartMaker::AddPayments() {
  std::stable_sort(drawn_.begin(), drawn_.end(),
                   [](const Drawn& a, const Drawn& b) { return a.payment.due < b.payment.due; });
  study::Input& input = part_.input;
  for (const Drawn& drawn : drawn_) {
    input.payments.push_back(drawn.payment);
    input.payment_ids.Append(plan_.actions[drawn.action].id);
    input.rows.push_back(drawn.action + 1);
    input.links.push_back(drawn.link);
    part_.result.payments.push_back(drawn.result);
    if (drawn.result.status == study::Status::kSettled) {
      part_.result.settlement_order.push_back(
          static_cast<study::PaymentIndex>(input.payments.size() - 1));
    }
  }
  // By day, and as the ledger booked them: those of a set in a row.
  std::stable_sort(part_.result.settlement_order.begin(), part_.result.settlement_order.end(),
                   [&](study::PaymentIndex a, study::PaymentIndex b) {
                     return std::tuple(drawn_[a].result.settled, drawn_[a].order) <
                            std::tuple(drawn_[b].result.settled, drawn_[b].order);
                   });
}

// Parts that settled before the rest of their payments, in the order of everything that settled.
void PartMaker::AddPaymentParts() {
  study::RunResult& result = part_.result;
  struct Booked {
    study::SettledPart part;
    std::size_t place = 0;
  };
  std::vector<Booked> booked;
  for (std::size_t i = 0; i < drawn_.size(); ++i) {
    if (drawn_[i].parts.empty()) continue;
    result.settled_in_parts.resize(drawn_.size(), 0);
    const auto day = static_cast<std::size_t>(drawn_[i].payment.due / kDaySpanUs);
    for (const std::size_t place : drawn_[i].parts) {
      const Booking& booking = bookings_[place];
      Booked& next = booked.emplace_back();
      next.place = place;
      next.part.settled = std::max(frame_.On(day, booking.time.micros()), drawn_[i].payment.due);
      next.part.amount = booking.amount.minor();
      next.part.payment = static_cast<study::PaymentIndex>(i);
      next.part.cause = liquidity::Cause::kQueueRelease;
      result.settled_in_parts[i] += next.part.amount;
    }
  }
  std::sort(booked.begin(), booked.end(), [](const Booked& a, const Booked& b) {
    return std::tuple(a.part.settled, a.place) < std::tuple(b.part.settled, b.place);
  });
  for (Booked& next : booked) {
    const auto after = std::partition_point(
        result.settlement_order.begin(), result.settlement_order.end(),
        [&](study::PaymentIndex payment) {
          return std::tuple(drawn_[payment].result.settled, drawn_[payment].order) <
                 std::tuple(next.part.settled, next.place);
        });
    next.part.after = static_cast<std::size_t>(after - result.settlement_order.begin());
    result.parts.push_back(next.part);
  }
}

void PartMaker::AddHours() {
  study::RunResult& result = part_.result;
  result.opens = kDaySpanUs;
  for (std::size_t day = 0; day < frame_.size(); ++day) {
    const TimeUs midnight = static_cast<TimeUs>(day) * kDaySpanUs;
    result.opens = std::min(result.opens, frame_.OpensAt(day) - midnight);
    // What is due at the very close still counts.
    result.day_closes.push_back(std::min(frame_.ClosesAt(day) - midnight + 1, kDaySpanUs - 1));
    result.closes = std::max(result.closes, result.day_closes.back());
  }
}

// Numbers sets from 1, makes sets of what has no booking of its own and settled at one instant, and
// says how sets settled.
void PartMaker::AddSets() {
  study::RunResult& result = part_.result;
  const std::vector<study::PaymentIndex>& order = result.settlement_order;
  for (std::size_t begin = 0; begin < order.size();) {
    const Drawn& first = drawn_[order[begin]];
    std::size_t end = begin + 1;
    for (; end < order.size(); ++end) {
      const Drawn& next = drawn_[order[end]];
      if (next.booked != first.booked || next.result.settled != first.result.settled) break;
      // Of nets: those of one settlement. What the logs do not tell: those of one instant.
      const bool of_nets = std::min(first.order, next.order) < bookings_.size();
      const bool same = first.booked ? first.result.set != 0 && next.result.set == first.result.set
                                     : !of_nets || next.order == first.order;
      if (!same) break;
    }
    const bool is_set = first.booked ? first.result.set != 0 : end - begin > 1;
    const std::uint32_t number = is_set ? ++result.sets : 0;
    std::set<study::AccountIndex> accounts;
    for (std::size_t i = begin; i < end; ++i) {
      accounts.insert(drawn_[order[i]].payment.sender);
      accounts.insert(drawn_[order[i]].payment.recipient);
    }
    const auto algorithm = study::ParseAlgorithm(first.algorithm);
    for (std::size_t i = begin; i < end; ++i) {
      study::PaymentResult& of = result.payments[order[i]];
      of.set = number;
      if (!is_set) continue;
      of.algorithm = algorithm.ok() ? *algorithm : liquidity::Algorithm::kNone;
      of.cause = of.algorithm == liquidity::Algorithm::kCycle ? liquidity::Cause::kCycle
                 : accounts.size() == 2                       ? liquidity::Cause::kBilateralQueue
                                                              : liquidity::Cause::kMultilateralRun;
    }
    begin = end;
  }
}

// What an action that is no transaction brought to accounts, or took from them.
void PartMaker::AddMoney(const ActionResult& action) {
  if (action.status != ActionStatus::kSettled) return;
  const PlannedAction& planned = plan_.actions[action.action];
  const auto add = [&](ParticipantIndex holder, std::int64_t amount) {
    moves_.push_back({planned.time.micros(), Place(holder), amount});
  };
  const auto moved = [&] {
    return action.legs.empty() ? std::int64_t{0} : action.legs.front().amount.minor();
  };
  if (const auto* issue = std::get_if<IssueTo>(&planned.what)) {
    if (issue->ledger == ledger_) add(issue->to, issue->amount.minor());
  } else if (const auto* redeem = std::get_if<RedeemFrom>(&planned.what)) {
    if (redeem->ledger == ledger_) add(redeem->from, -moved());
  } else if (const auto* charge = std::get_if<ChargeOvernight>(&planned.what)) {
    if (charge->ledger == ledger_) add(charge->from, -moved());
  } else if (const auto* order = std::get_if<OverrideFunds>(&planned.what)) {
    if (order->ledger != ledger_) return;
    add(order->from, -order->amount.minor());
    add(order->to, order->amount.minor());
  }
}

void PartMaker::AddAccountDays() {
  std::stable_sort(moves_.begin(), moves_.end(),
                   [](const Move& a, const Move& b) { return a.due_us < b.due_us; });
  const std::size_t accounts = part_.input.accounts.size();
  // When the first payment of each day was due; without one the opening.
  std::vector<TimeUs> begins(frame_.size());
  for (std::size_t day = 0; day < frame_.size(); ++day) begins[day] = frame_.OpensAt(day);
  for (auto payment = part_.input.payments.rbegin(); payment != part_.input.payments.rend();
       ++payment) {
    const auto day = static_cast<std::size_t>(payment->due / kDaySpanUs);
    begins[day] = std::max(payment->due, frame_.OpensAt(day));
  }
  std::vector<std::int64_t> balances(accounts, 0);
  std::size_t next_move = 0;
  std::size_t next_settled = 0;
  std::size_t next_part = 0;
  const auto pay = [&](const study::Payment& payment, std::int64_t amount) {
    balances[payment.sender] -= amount;
    balances[payment.recipient] += amount;
  };
  const std::vector<study::PaymentIndex>& order = part_.result.settlement_order;
  for (std::size_t day = 0; day < frame_.size(); ++day) {
    const auto before = [&](std::size_t move, TimeUs time) {
      return move < moves_.size() && (frame_.DayOf(moves_[move].due_us) < day ||
                                      (frame_.DayOf(moves_[move].due_us) == day &&
                                       frame_.On(day, moves_[move].due_us) <= time));
    };
    for (; before(next_move, begins[day]); ++next_move) {
      balances[moves_[next_move].account] += moves_[next_move].amount;
    }
    std::vector<study::AccountDay> of_day(accounts);
    for (std::size_t i = 0; i < accounts; ++i) of_day[i].opening = balances[i];
    const TimeUs end = static_cast<TimeUs>(day + 1) * kDaySpanUs;
    for (; before(next_move, end); ++next_move) {
      balances[moves_[next_move].account] += moves_[next_move].amount;
      of_day[moves_[next_move].account].added += moves_[next_move].amount;
    }
    for (; next_settled < order.size() && part_.input.payments[order[next_settled]].due < end;
         ++next_settled) {
      const study::PaymentIndex index = order[next_settled];
      pay(part_.input.payments[index], part_.result.Rest(part_.input, index));
    }
    const std::vector<study::SettledPart>& parts = part_.result.parts;
    for (; next_part < parts.size() && part_.input.payments[parts[next_part].payment].due < end;
         ++next_part) {
      pay(part_.input.payments[parts[next_part].payment], parts[next_part].amount);
    }
    for (std::size_t i = 0; i < accounts; ++i) of_day[i].closing = balances[i];
    part_.result.account_days.insert(part_.result.account_days.end(), of_day.begin(), of_day.end());
  }
}

// Charges for drawn credit, which no action makes.
void PartMaker::AddCharges() {
  for (const CreditUse& use : run_.credit_uses) {
    if (use.ledger != ledger_ || use.charge.IsZero()) continue;
    moves_.push_back({use.time.micros(), Place(use.participant), -use.charge.minor()});
  }
}

// Lines are those of the terms, which are set before the first day and do not change.
void PartMaker::AddCredit() {
  const std::size_t accounts = part_.input.accounts.size();
  std::vector<study::AccountDay>& of_days = part_.result.account_days;
  for (const PlannedAccountTerms& terms : plan_.ledgers[ledger_].account_terms) {
    const std::int64_t on_collateral =
        core::CollateralCredit(terms.collateral, terms.haircut_basis_points).minor();
    for (std::size_t day = 0; day < frame_.size(); ++day) {
      study::AccountDay& of_day = of_days[day * accounts + Place(terms.holder)];
      of_day.credit_limit = on_collateral + terms.uncollateralised.minor();
      of_day.collateral_credit = on_collateral;
    }
  }
  std::vector<std::int64_t> drawn(accounts, 0);  // by now
  std::vector<CreditUse> uses;
  std::copy_if(run_.credit_uses.begin(), run_.credit_uses.end(), std::back_inserter(uses),
               [&](const CreditUse& use) { return use.ledger == ledger_; });
  std::size_t next = 0;
  for (std::size_t day = 0; day < frame_.size(); ++day) {
    study::AccountDay* const of_day = of_days.data() + day * accounts;
    for (; next < uses.size() && uses[next].time.micros() < frame_.opens_us(day); ++next) {
      drawn[Place(uses[next].participant)] = uses[next].drawn.minor();
    }
    for (std::size_t i = 0; i < accounts; ++i) of_day[i].peak_credit = drawn[i];
    for (; next < uses.size() && frame_.DayOf(uses[next].time.micros()) <= day; ++next) {
      const std::size_t place = Place(uses[next].participant);
      drawn[place] = uses[next].drawn.minor();
      of_day[place].credit_charge += uses[next].charge.minor();
      // What a charge draws is drawn when the day is over.
      if (!uses[next].charge.IsZero()) continue;
      of_day[place].peak_credit = std::max(of_day[place].peak_credit, drawn[place]);
    }
  }
}

void PartMaker::AddSamples() {
  const LedgerQueueResult* queue = nullptr;
  for (const LedgerQueueResult& each : run_.ledger_queues) {
    if (each.ledger == ledger_) queue = &each;
  }
  std::size_t next = 0;
  study::QueueSample level;  // in force
  for (std::size_t day = 0; day < frame_.size(); ++day) {
    const auto add = [&](TimeUs time) {
      level.time = time;
      level.day = static_cast<std::uint32_t>(day);
      part_.result.samples.push_back(level);
    };
    const auto take = [&] {
      const LedgerQueueResult::Level& from = queue->levels[next++];
      level.queued_count = from.waiting;
      level.queued_value = from.value.minor();
      level.state = from.state;
    };
    const auto comes_by = [&](std::int64_t time_us) {
      return queue != nullptr && next < queue->levels.size() &&
             queue->levels[next].at.micros() <= time_us;
    };
    while (comes_by(frame_.opens_us(day))) take();
    add(frame_.OpensAt(day));
    while (comes_by(frame_.closes_us(day))) {
      const std::int64_t at_us = queue->levels[next].at.micros();
      take();
      add(frame_.On(day, at_us));
    }
    add(static_cast<TimeUs>(day) * kDaySpanUs + part_.result.day_closes[day]);
  }
}

// A settlement that settled did so on all its ledgers, by one decision: its legs count as together,
// though each ledger books a moment after it. Business days of ledgers are not the same points in
// time, so links are told for each.
void PartMaker::AddLinks() {
  std::vector<study::LinkOutcome>& links = part_.result.links;
  for (std::size_t i = 0; i < part_.input.payments.size(); ++i) {
    const std::uint32_t link = part_.input.links[i];
    if (link == 0) continue;
    if (link >= links.size()) links.resize(link + std::size_t{1});
    const study::PaymentResult& of = part_.result.payments[i];
    const bool settled = of.status == study::Status::kSettled;
    links[link].open = links[link].open || !settled;
    if (settled) links[link].first = links[link].last = of.settled;
  }
}

}  // namespace

std::vector<study::Part> LedgerParts(const Plan& plan, const RunResult& run) {
  const bool live = run.mode == "live";
  const RunResult on_calendar = live ? OnCalendar(plan, run) : RunResult();
  const RunResult& result = live ? on_calendar : run;
  std::vector<study::Part> parts;
  const BookingIndex bookings(result.bookings);
  for (std::size_t ledger = 0; ledger < plan.ledgers.size(); ++ledger) {
    parts.push_back(PartMaker(plan, result, bookings, static_cast<LedgerIndex>(ledger)).Make());
  }
  for (study::Part& part : parts) {
    part.indicators = study::ComputeIndicators(part.input, part.result);
  }
  return parts;
}

}  // namespace causeway::sim
