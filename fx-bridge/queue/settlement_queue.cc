#include "fx-bridge/queue/settlement_queue.h"

#include <algorithm>

#include "settlement/core/check.h"

namespace causeway::fx_queue {
namespace {

core::Rejection Returned(core::Outcome outcome, std::string rule) {
  return {.outcome = outcome, .rule = std::move(rule)};
}

// In place: g++ 12 sees uninitialized bytes where a variant is moved.
template <typename What>
void Push(SettlementQueue::Effects& effects, What what) {
  effects.emplace_back(std::in_place_type<What>, std::move(what));
}

// Up to what counts: no queue adds up to more.
core::Amount Plus(core::Amount funds, core::Amount more) {
  const core::Amount most = core::Amount::FromMinor(fx_liquidity::kTotalMinorMax);
  const std::optional<core::Amount> sum = core::CheckedAdd(funds, more);
  return sum ? std::min(*sum, most) : most;
}

// Not below zero.
core::Amount Minus(core::Amount funds, core::Amount less) {
  const std::optional<core::Amount> left = core::CheckedSub(funds, less);
  return left ? std::max(*left, core::Amount::Zero()) : core::Amount::Zero();
}

bool PaysOrGets(const Trade& trade, LedgerIndex ledger, MemberIndex member) {
  return (trade.party_ledger == ledger || trade.counterparty_ledger == ledger) &&
         (trade.party == member || trade.counterparty == member);
}

// The settlement may still take place: its time ran out, or a ledger was closed.
bool IsNobodysFault(const core::Rejection& outcome) {
  return outcome.outcome == core::Outcome::kPastDeadline ||
         outcome.outcome == core::Outcome::kLedgerClosed;
}

}  // namespace

SettlementQueue::SettlementQueue(const QueueRules& rules, Valuation value_of)
    : rules_(rules), value_of_(std::move(value_of)) {}

bool SettlementQueue::IsCovered(const Trade& trade) const {
  const auto covers = [this](const Account& account, core::Amount amount) {
    const auto known = funds_.find(account);
    return known == funds_.end() || known->second >= amount;
  };
  return covers(PartyAccount(trade), trade.party_amount) &&
         covers(CounterpartyAccount(trade), trade.counterparty_amount);
}

SettlementQueue::Known& SettlementQueue::Named(TradeIndex id, const Trade& trade, MemberIndex by) {
  CW_CHECK(by == trade.party || by == trade.counterparty, "only its parties speak of a trade");
  Known& known = trades_[id];
  if (!known.ended) known.what = trade;
  ledgers_ = std::max({ledgers_, trade.party_ledger + 1, trade.counterparty_ledger + 1});
  return known;
}

SettlementQueue::Effects SettlementQueue::Enter(core::LedgerTime now, TradeIndex id,
                                                const Trade& trade, MemberIndex by) {
  Known& known = Named(id, trade, by);
  if (known.ended) return {TellTradeEnd{id, known.outcome}};
  known.entered.insert(by);
  Effects effects;
  if (!open_ && known.place == 0) {
    End(id, Returned(core::Outcome::kPastDeadline, "the day is over"), effects);
  } else if (known.entered.size() == 2 && known.place == 0) {
    TakePlace(now, id, effects);
    Release(now, false, effects);
    NoteLevel(now);
  }
  return effects;
}

void SettlementQueue::TakePlace(core::LedgerTime now, TradeIndex id, Effects& effects) {
  Known& trade = trades_.at(id);
  trade.value = ValueOf(trade.what);
  const core::Amount minor = Plus(trade.what.party_amount, trade.what.counterparty_amount);
  if (minor.minor() > kQueuedMinorMax - queued_minor_ ||
      trade.value.minor() > kQueuedMinorMax - queued_value_) {
    End(id, Returned(core::Outcome::kLimitExceeded, "the settlement queue is full"), effects);
    return;
  }
  queued_minor_ += minor.minor();
  queued_value_ += trade.value.minor();
  trade.place = ++places_;
  trade.since = now;
  queue_[trade.place] = id;
  ++waiting_;
  waiting_value_ += trade.value.minor();
  came_to_wait_.push_back(id);
  Stand(trade);
}

void SettlementQueue::Stand(const Known& trade) {
  for (const Account& account : AccountsOf(trade.what)) {
    queues_[account].insert(trade.place);
    changed_.insert(account);
  }
}

void SettlementQueue::Leave(const Known& trade) {
  for (const Account& account : AccountsOf(trade.what)) {
    const auto queue = queues_.find(account);
    if (queue == queues_.end()) continue;  // both of its accounts are one
    queue->second.erase(trade.place);
    if (queue->second.empty()) queues_.erase(queue);
    changed_.insert(account);
  }
}

void SettlementQueue::SetPassedOver(Known& trade, bool passed_over) {
  if (trade.passed_over == passed_over) return;
  trade.passed_over = passed_over;
  if (passed_over) {
    Leave(trade);
  } else {
    Stand(trade);
  }
}

void SettlementQueue::SetUnderWay(TradeIndex id, Known& trade, bool under_way) {
  if (trade.under_way == under_way) return;
  trade.under_way = under_way;
  waiting_ += under_way ? -1U : 1U;
  waiting_value_ += under_way ? -trade.value.minor() : trade.value.minor();
  if (under_way) return;
  came_to_wait_.push_back(id);
  for (const Account& account : AccountsOf(trade.what)) changed_.insert(account);
}

void SettlementQueue::End(TradeIndex id, const core::Rejection& outcome, Effects& effects) {
  Known& trade = trades_.at(id);
  CW_CHECK(!trade.ended, "a trade ends once");
  trade.ended = true;
  trade.outcome = outcome;
  if (trade.place != 0) {
    if (!trade.under_way) {
      --waiting_;
      waiting_value_ -= trade.value.minor();
    }
    queue_.erase(trade.place);
    if (!trade.passed_over) Leave(trade);
    queued_minor_ -= Plus(trade.what.party_amount, trade.what.counterparty_amount).minor();
    queued_value_ -= trade.value.minor();
  }
  trade.under_way = false;
  Push(effects, TellTradeEnd{id, outcome});
}

SettlementQueue::Effects SettlementQueue::Withdraw(core::LedgerTime now, TradeIndex id,
                                                   const Trade& trade, MemberIndex by) {
  Known& known = Named(id, trade, by);
  if (known.ended) return {TellTradeEnd{id, known.outcome}};
  known.withdrawn.insert(by);
  Effects effects;
  EndIfUnwanted(id, effects);
  if (!effects.empty()) Release(now, false, effects);  // what stood behind it
  NoteLevel(now);
  return effects;
}

void SettlementQueue::EndIfUnwanted(TradeIndex id, Effects& effects) {
  const Known& trade = trades_.at(id);
  if (trade.expired && !trade.under_way && !trade.ended) {
    ++returned_;
    End(id, Returned(core::Outcome::kPastDeadline, "no longer valid"), effects);
    return;
  }
  const std::size_t needed = trade.place == 0 ? 1 : 2;
  if (trade.under_way || trade.withdrawn.size() < needed) return;
  ++withdrawn_;
  End(id, Returned(core::Outcome::kRefusedByApprovers, "withdrawn"), effects);
}

SettlementQueue::Effects SettlementQueue::Expire(core::LedgerTime now, TradeIndex id) {
  Effects effects;
  const auto found = trades_.find(id);
  if (found == trades_.end() || found->second.ended) return effects;
  found->second.expired = true;
  EndIfUnwanted(id, effects);
  if (!effects.empty()) Release(now, false, effects);  // what stood behind it
  NoteLevel(now);
  return effects;
}

bool SettlementQueue::IsFirst(const Known& trade) const {
  if (!rules_.ReleasesInOrder()) return true;
  const std::array<Account, 2> accounts = AccountsOf(trade.what);
  return accounts[0] != accounts[1] &&
         std::all_of(accounts.begin(), accounts.end(), [&](const Account& account) {
           return *queues_.at(account).begin() == trade.place;
         });
}

std::set<std::uint64_t> SettlementQueue::TakeCandidates() {
  std::set<std::uint64_t> places;
  if (all_changed_) {
    for (const auto& [place, id] : queue_) {
      if (!trades_.at(id).passed_over) places.insert(place);
    }
  } else {
    for (const Account& account : changed_) {
      const auto queue = queues_.find(account);
      if (queue == queues_.end()) continue;
      if (rules_.ReleasesInOrder()) {
        places.insert(*queue->second.begin());
      } else {
        places.insert(queue->second.begin(), queue->second.end());
      }
    }
  }
  changed_.clear();
  all_changed_ = false;
  return places;
}

void SettlementQueue::Release(core::LedgerTime now, bool for_run, Effects& effects) {
  if (!open_) return;
  // In the order of arrival, as if all were looked at: nothing that gives a trade room is left out,
  // and what begins here only takes.
  for (const std::uint64_t place : TakeCandidates()) {
    const TradeIndex id = queue_.at(place);
    const Known& trade = trades_.at(id);
    if (trade.under_way || !IsFirst(trade) || !IsCovered(trade.what)) continue;
    const std::optional<std::uint32_t> attempt = StartAttempt(now, {id}, std::nullopt, effects);
    CW_CHECK(attempt.has_value(), "a trade has something to pay");
    if (for_run && run_) run_->released.insert(*attempt);
  }
}

SettlementQueue::Effects SettlementQueue::Begin(core::LedgerTime now, std::uint64_t number) {
  Effects effects;
  if (number <= last_run_ || run_ || !open_) return effects;
  last_run_ = number;
  ReturnThoseThatWaitedLongest(now, effects);
  Run run{.number = number};
  for (const auto& [place, id] : queue_) {
    const Known& trade = trades_.at(id);
    if (trade.under_way) continue;
    run.asked.insert(PartyAccount(trade.what));
    run.asked.insert(CounterpartyAccount(trade.what));
  }
  if (!run.asked.empty()) {
    run_ = std::move(run);
    Push(effects, AskFunds{number});
  }
  NoteLevel(now);
  return effects;
}

SettlementQueue::Effects SettlementQueue::OnFunds(core::LedgerTime now, std::uint64_t run,
                                                  Account account, core::Amount funds) {
  Effects effects;
  if (!run_ || run_->number != run || run_->phase != Phase::kAsking ||
      run_->asked.erase(account) == 0) {
    return effects;
  }
  // What is reserved may be held already, and is then counted twice: too little, until the next
  // run.
  const auto reserved = reserved_.find(account);
  funds_[account] = Minus(Plus(std::max(funds, core::Amount::Zero()), core::Amount::Zero()),
                          reserved == reserved_.end() ? core::Amount::Zero() : reserved->second);
  changed_.insert(account);
  if (run_->asked.empty()) OnFundsKnown(now, effects);
  NoteLevel(now);
  return effects;
}

SettlementQueue::Effects SettlementQueue::OnFundsTimeout(core::LedgerTime now, std::uint64_t run) {
  Effects effects;
  if (!run_ || run_->number != run || run_->phase != Phase::kAsking) return effects;
  OnFundsKnown(now, effects);
  NoteLevel(now);
  return effects;
}

void SettlementQueue::OnFundsKnown(core::LedgerTime now, Effects& effects) {
  for (const auto& [place, id] : queue_) {
    Known& trade = trades_.at(id);
    SetPassedOver(trade,
                  !trade.under_way && (run_->asked.contains(PartyAccount(trade.what)) ||
                                       run_->asked.contains(CounterpartyAccount(trade.what))));
  }
  run_->phase = Phase::kReleasing;
  Release(now, true, effects);
  if (run_->released.empty()) Select(now, effects);
}

SettlementQueue::Queued SettlementQueue::MakeQueue() const {
  Queued queued;
  queued.queue.currencies = ledgers_;
  std::map<Account, fx_liquidity::AccountIndex> places;
  std::vector<core::Amount> outgoing;
  const auto place_of = [&](LedgerIndex ledger, MemberIndex member) {
    const auto [found, added] =
        places.emplace(Account{ledger, member},
                       static_cast<fx_liquidity::AccountIndex>(queued.queue.accounts.size()));
    if (added) {
      queued.queue.accounts.push_back({.currency = ledger, .funds = core::Amount::Zero()});
      outgoing.push_back(core::Amount::Zero());
    }
    return found->second;
  };
  std::set<Account> behind;  // something that is not in this queue
  for (const auto& [place, id] : queue_) {
    const Known& trade = trades_.at(id);
    const Trade& what = trade.what;
    if (trade.passed_over) continue;
    const bool stands_behind =
        rules_.ReleasesInOrder() &&
        (behind.contains(PartyAccount(what)) || behind.contains(CounterpartyAccount(what)));
    if (trade.under_way || stands_behind) {
      behind.insert(PartyAccount(what));
      behind.insert(CounterpartyAccount(what));
      continue;
    }
    const std::vector<fx_liquidity::Leg> legs = {
        {place_of(what.party_ledger, what.party), place_of(what.party_ledger, what.counterparty),
         what.party_amount},
        {place_of(what.counterparty_ledger, what.counterparty),
         place_of(what.counterparty_ledger, what.party), what.counterparty_amount}};
    for (const fx_liquidity::Leg& leg : legs) {
      outgoing[leg.payer] = Plus(outgoing[leg.payer], leg.amount);
    }
    queued.queue.Add(legs, trade.value);
    queued.trades.push_back(id);
    const bool full =
        rules_.selection == SettlementSelection::kExact && queued.trades.size() == rules_.exact_max;
    if (full) break;
  }
  // More than an account could pay here makes no difference.
  for (const auto& [account, place] : places) {
    const auto known = funds_.find(account);
    if (known != funds_.end()) {
      queued.queue.accounts[place].funds = std::min(known->second, outgoing[place]);
    }
  }
  CW_CHECK(fx_liquidity::CheckQueue(queued.queue).ok(), "what the queue takes fits");
  return queued;
}

std::vector<TradeIndex> SettlementQueue::Choose(const Queued& queued) const {
  fx_liquidity::Selection selection;
  switch (rules_.selection) {
    case SettlementSelection::kNone:  // to tell a gridlock
      selection = rules_.SelectsInOrder() ? fx_liquidity::LargestSet(queued.queue)
                                          : fx_liquidity::GreedySet(queued.queue);
      break;
    case SettlementSelection::kLargest:
      selection = fx_liquidity::LargestSet(queued.queue);
      break;
    case SettlementSelection::kGreedy:
      selection = fx_liquidity::GreedySet(queued.queue);
      break;
    case SettlementSelection::kExact:
      selection = fx_liquidity::SolveExactly(queued.queue, fx_liquidity::Order::kFree);
      break;
  }
  std::vector<TradeIndex> chosen;
  for (std::size_t i = 0; i < selection.size(); ++i) {
    if (selection[i]) chosen.push_back(queued.trades[i]);
  }
  return chosen;
}

void SettlementQueue::Select(core::LedgerTime now, Effects& effects) {
  const Queued queued = MakeQueue();
  std::vector<TradeIndex> chosen = Choose(queued);
  if (!run_->record && !queued.trades.empty()) {
    RunRecord record{.at = now, .waiting = queued.queue.size()};
    for (const TradeIndex id : queued.trades) {
      record.waiting_value = Plus(record.waiting_value, trades_.at(id).value);
    }
    for (const TradeIndex id : chosen) {
      record.found_value = Plus(record.found_value, trades_.at(id).value);
    }
    record.found = static_cast<std::uint32_t>(chosen.size());
    if (queued.trades.size() <= rules_.exact_max) record.queue = queued.queue;
    run_->record = runs_.size();
    runs_.push_back(std::move(record));
  }
  if (chosen.empty() || rules_.selection == SettlementSelection::kNone ||
      runs_[*run_->record].selections == kSelectionsPerRunMax) {
    run_.reset();
    return;
  }
  ++runs_[*run_->record].selections;
  const std::optional<std::uint32_t> attempt =
      StartAttempt(now, std::move(chosen), run_->record, effects);
  if (attempt) {
    run_->phase = Phase::kSettling;
    run_->attempt = *attempt;
  } else {
    run_.reset();
  }
}

std::optional<std::uint32_t> SettlementQueue::StartAttempt(core::LedgerTime now,
                                                           std::vector<TradeIndex> trades,
                                                           std::optional<std::size_t> record,
                                                           Effects& effects) {
  std::vector<Trade> what;
  what.reserve(trades.size());
  for (const TradeIndex id : trades) what.push_back(trades_.at(id).what);
  const std::optional<NetPositions> positions = NetOf(what);
  CW_CHECK(positions.has_value(), "what the queue takes fits");
  UnderWay under_way{.attempt = {.began = now, .legs = LegsOf(*positions)}, .record = record};
  if (under_way.attempt.legs.empty()) {
    SettleTrades(trades, record, effects);
    return std::nullopt;
  }
  for (const TradeIndex id : trades) SetUnderWay(id, trades_.at(id), true);
  for (const NetLeg& leg : under_way.attempt.legs) {
    const Account account{leg.ledger, leg.from};
    core::Amount& reserved = reserved_[account];
    reserved = Plus(reserved, leg.amount);
    const auto known = funds_.find(account);
    if (known != funds_.end()) known->second = Minus(known->second, leg.amount);
    under_way.attempt.payers.insert(leg.from);
  }
  const std::uint32_t number = ++attempts_;
  under_way.attempt.number = number;
  under_way.attempt.trades = std::move(trades);
  under_way.attempt.run = record ? run_->number : 0;
  under_way_.emplace(number, std::move(under_way));
  Push(effects, AskNetSignatures{number});
  return number;
}

SettlementQueue::UnderWay SettlementQueue::FinishAttempt(std::uint32_t number, bool settled) {
  const auto found = under_way_.find(number);
  UnderWay finished = std::move(found->second);
  under_way_.erase(found);
  for (const NetLeg& leg : finished.attempt.legs) {
    const auto reserved = reserved_.find({leg.ledger, leg.from});
    reserved->second = Minus(reserved->second, leg.amount);
    if (reserved->second.IsZero()) reserved_.erase(reserved);
    const auto known = funds_.find({leg.ledger, settled ? leg.to : leg.from});
    if (known == funds_.end()) continue;
    known->second = Plus(known->second, leg.amount);
    changed_.insert(known->first);
  }
  return finished;
}

void SettlementQueue::SettleTrades(const std::vector<TradeIndex>& trades,
                                   std::optional<std::size_t> record, Effects& effects) {
  for (const TradeIndex id : trades) {
    End(id, {.outcome = core::Outcome::kAccepted}, effects);
    if (!record) continue;
    ++runs_[*record].settled;
    runs_[*record].settled_value = Plus(runs_[*record].settled_value, trades_.at(id).value);
  }
  settled_.push_back(trades);
}

SettlementQueue::Effects SettlementQueue::OnSignature(std::uint32_t attempt, MemberIndex by,
                                                      const core::Signature& signature) {
  const auto found = under_way_.find(attempt);
  if (found == under_way_.end()) return {};
  NetAttempt& current = found->second.attempt;
  if (current.submitted || !current.payers.contains(by)) return {};
  current.signatures[by] = signature;
  if (current.signatures.size() < current.payers.size()) return {};
  current.submitted = true;
  return {SubmitNetted{attempt}};
}

SettlementQueue::Effects SettlementQueue::OnSigningTimeout(core::LedgerTime now,
                                                           std::uint32_t attempt) {
  Effects effects;
  const NetAttempt* current = FindAttempt(attempt);
  // Once it is handed in, only its outcome ends it: it may settle at any moment.
  if (current == nullptr || current->submitted) return effects;
  const UnderWay failed = FinishAttempt(attempt, false);
  const auto is_silent = [&](MemberIndex member) {
    return failed.attempt.payers.contains(member) && !failed.attempt.signatures.contains(member);
  };
  for (const TradeIndex id : failed.attempt.trades) {
    Known& trade = trades_.at(id);
    SetUnderWay(id, trade, false);
    SetPassedOver(trade, is_silent(trade.what.party) || is_silent(trade.what.counterparty));
  }
  Proceed(now, failed, true, effects);
  return effects;
}

SettlementQueue::Effects SettlementQueue::OnOutcome(core::LedgerTime now, std::uint32_t attempt,
                                                    const core::Rejection& outcome,
                                                    const std::optional<NetBlame>& blame) {
  Effects effects;
  const NetAttempt* current = FindAttempt(attempt);
  if (current == nullptr) return effects;
  CW_CHECK(current->submitted, "what was not handed in has no outcome");
  const bool settled = outcome.outcome == core::Outcome::kAccepted;
  const UnderWay finished = FinishAttempt(attempt, settled);
  bool again = false;
  if (settled) {
    SettleTrades(finished.attempt.trades, finished.record, effects);
  } else {
    again = TakeBack(finished, outcome, blame, effects);
  }
  Proceed(now, finished, again, effects);
  return effects;
}

bool SettlementQueue::TakeBack(const UnderWay& failed, const core::Rejection& outcome,
                               const std::optional<NetBlame>& blame, Effects& effects) {
  const NetAttempt& attempt = failed.attempt;
  for (const TradeIndex id : attempt.trades) SetUnderWay(id, trades_.at(id), false);
  const bool payer = blame && attempt.legs[blame->leg].from == blame->member;
  if (payer && outcome.outcome == core::Outcome::kInsufficientFunds) {
    // The ledger had set aside what the legs before this one need.
    const LedgerIndex ledger = attempt.legs[blame->leg].ledger;
    core::Amount funds = core::Amount::FromMinor(std::max<std::int64_t>(0, outcome.actual));
    // What it names would have covered the leg: no estimate. By it the same would be tried again at
    // once, and refused again.
    const bool contradicts = funds >= attempt.legs[blame->leg].amount;
    if (contradicts) {
      for (const TradeIndex id : attempt.trades) {
        Known& trade = trades_.at(id);
        SetPassedOver(trade,
                      attempt.trades.size() == 1 || PaysOrGets(trade.what, ledger, blame->member));
      }
      return attempt.trades.size() > 1;
    }
    for (std::size_t i = 0; i < blame->leg; ++i) {
      const NetLeg& leg = attempt.legs[i];
      if (leg.ledger == ledger && leg.from == blame->member) funds = Plus(funds, leg.amount);
    }
    funds_[{ledger, blame->member}] = funds;
    changed_.insert({ledger, blame->member});
    return true;
  }
  if (blame && attempt.trades.size() > 1) {
    const LedgerIndex ledger = attempt.legs[blame->leg].ledger;
    for (const TradeIndex id : attempt.trades) {
      Known& trade = trades_.at(id);
      SetPassedOver(trade, PaysOrGets(trade.what, ledger, blame->member));
    }
    return true;
  }
  for (const TradeIndex id : attempt.trades) {
    if (attempt.trades.size() == 1 && !IsNobodysFault(outcome)) {
      End(id, outcome, effects);
    } else {
      SetPassedOver(trades_.at(id), true);
    }
  }
  return false;
}

void SettlementQueue::Proceed(core::LedgerTime now, const UnderWay& over, bool again,
                              Effects& effects) {
  // Whatever else was unwanted has ended when it became so.
  for (const TradeIndex id : over.attempt.trades) {
    if (!trades_.at(id).ended) EndIfUnwanted(id, effects);
  }
  const std::uint32_t number = over.attempt.number;
  if (!open_) {
    run_.reset();
    ReturnAll(effects);
  } else if (run_ && run_->phase == Phase::kSettling && run_->attempt == number) {
    if (again) {
      Select(now, effects);
    } else {
      run_.reset();
    }
    Release(now, false, effects);
  } else {
    const bool released = run_ && run_->released.erase(number) > 0;
    Release(now, released, effects);
    if (released && run_->released.empty()) Select(now, effects);
  }
  NoteLevel(now);
}

SettlementQueue::Effects SettlementQueue::Open() {
  open_ = true;
  funds_.clear();
  all_changed_ = true;
  return {};
}

SettlementQueue::Effects SettlementQueue::Close(core::LedgerTime now) {
  Effects effects;
  open_ = false;
  run_.reset();
  ReturnAll(effects);
  NoteLevel(now);
  return effects;
}

void SettlementQueue::ReturnAll(Effects& effects) {
  for (const auto& [id, trade] : trades_) {
    if (trade.ended || trade.under_way) continue;
    if (trade.place != 0) ++returned_;
    End(id,
        trade.place != 0 ? Returned(core::Outcome::kPastDeadline, "the day is over")
                         : Returned(core::Outcome::kApprovalsMissing, "not matched"),
        effects);
  }
}

void SettlementQueue::ReturnThoseThatWaitedLongest(core::LedgerTime now, Effects& effects) {
  if (!rules_.wait_max) return;
  std::vector<TradeIndex> over;
  for (const auto& [place, id] : queue_) {
    const Known& trade = trades_.at(id);
    if (!trade.under_way && trade.since + *rules_.wait_max <= now) over.push_back(id);
  }
  for (const TradeIndex id : over) {
    ++returned_;
    End(id, Returned(core::Outcome::kPastDeadline, "waited too long"), effects);
  }
}

void SettlementQueue::NoteLevel(core::LedgerTime now) {
  for (const TradeIndex id : came_to_wait_) {
    const auto trade = trades_.find(id);
    if (trade != trades_.end() && !trade->second.ended && !trade->second.under_way) {
      trade->second.waited = true;
    }
  }
  came_to_wait_.clear();
  const Level level{
      .at = now, .waiting = waiting_, .value = core::Amount::FromMinor(waiting_value_)};
  const bool changed = levels_.empty() ? level.waiting > 0
                                       : levels_.back().waiting != level.waiting ||
                                             levels_.back().value != level.value;
  if (changed) levels_.push_back(level);
}

void SettlementQueue::Forget(TradeIndex id) {
  const auto found = trades_.find(id);
  if (found == trades_.end()) return;
  CW_CHECK(found->second.ended, "what has not ended is not forgotten");
  trades_.erase(found);
}

void SettlementQueue::ForgetReports() {
  levels_.clear();
  settled_.clear();
  // Those under way point into them.
  const bool recorded = (run_ && run_->record) ||
                        std::any_of(under_way_.begin(), under_way_.end(), [](const auto& each) {
                          return each.second.record.has_value();
                        });
  if (!recorded) runs_.clear();
}

SettlementQueue::Effects SettlementQueue::Resume() const {
  Effects effects;
  for (const auto& [number, under_way] : under_way_) {
    if (under_way.attempt.submitted) {
      Push(effects, SubmitNetted{number});
    } else {
      Push(effects, AskNetSignatures{number});
    }
  }
  if (run_ && run_->phase == Phase::kAsking) Push(effects, AskFunds{run_->number});
  return effects;
}

}  // namespace causeway::fx_queue
