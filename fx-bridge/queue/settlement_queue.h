// PvP settlements that lack liquidity wait, and settle together when they can: gridlock resolution
// over several currencies (fx-bridge/liquidity) before the bridge. ADR 0015 gives the reasons.
//
// A trade that both parties have entered is tried by itself. When a ledger refuses it for lack of
// funds it waits. At every run the members say what they have; what can settle alone is tried
// again, and of the rest a set is selected whose net positions settle as one settlement of many
// legs, or not at all. What the queue takes accounts to have are estimates: wrong ones cost a
// refusal or a delay and nothing else, because ledgers test every hold.
//
// Order: unless the rules let trades bypass one another, with kNone and kLargest a trade is settled
// only when no other waits before it in the queue of either account that pays in it (first in,
// first out by bank and currency), those that are passed over apart: trades of members or ledgers
// that did not answer, until the next run.
//
// A pure state machine: events with their time in, effects out. An operator keeps the events, and
// computes the same state from them after a restart; then Resume says what to do again. The live
// bridge (fx-bridge/engine/queue_desk.h) and the simulator drive the same one.
#ifndef CAUSEWAY_FX_BRIDGE_QUEUE_SETTLEMENT_QUEUE_H_
#define CAUSEWAY_FX_BRIDGE_QUEUE_SETTLEMENT_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "fx-bridge/liquidity/pvp_queue.h"
#include "fx-bridge/queue/net_settlement.h"
#include "fx-bridge/queue/rules.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::fx_queue {

// Selections of one run, at most: each but the last was refused, and corrected an estimate.
inline constexpr std::uint32_t kSelectionsPerRunMax = 8;
// The amounts of all trades that wait add up to no more than this, in minor units of whatever
// currency, and so do their values.
inline constexpr std::int64_t kQueuedMinorMax = fx_liquidity::kTotalMinorMax / 4;

class SettlementQueue {
 public:
  // What one member has on one ledger.
  using Account = std::pair<LedgerIndex, MemberIndex>;

  // Members shall say what they have on the accounts of asked().
  struct AskFunds {
    std::uint64_t run = 0;
  };
  using Effect = std::variant<AskNetSignatures, SubmitNetted, TellTradeEnd, AskFunds>;
  using Effects = std::vector<Effect>;

  // What a trade counts for, at least zero.
  using Valuation = std::function<core::Amount(const Trade&)>;

  SettlementQueue(const QueueRules& rules, Valuation value_of);

  // From now on.
  void SetRules(const QueueRules& rules) {
    rules_ = rules;
    all_changed_ = true;
  }

  // A party's word on a trade; the second makes it one. A repeat, also one after it has ended, is
  // answered by TellTradeEnd if it has.
  Effects Enter(core::LedgerTime now, TradeIndex id, const Trade& trade, MemberIndex by);
  // A party takes a trade back. Before both have entered it either does that alone; afterwards it
  // ends when both have, unless it is being tried: then when that has failed. A repeat is answered
  // as one of Enter.
  Effects Withdraw(core::LedgerTime now, TradeIndex id, const Trade& trade, MemberIndex by);
  // The time of a trade is over: it is returned, unless it is being tried; then when that has
  // failed.
  Effects Expire(core::LedgerTime now, TradeIndex id);
  // Run `number` begins (ascending). Not while one is under way, nor when nothing waits.
  Effects Begin(core::LedgerTime now, std::uint64_t number);
  Effects OnFunds(core::LedgerTime now, std::uint64_t run, Account account, core::Amount funds);
  Effects OnFundsTimeout(core::LedgerTime now, std::uint64_t run);
  // Not for an attempt that is over, or a member that does not pay in it.
  Effects OnSignature(std::uint32_t attempt, MemberIndex by, const core::Signature& signature);
  Effects OnSigningTimeout(core::LedgerTime now, std::uint32_t attempt);
  // How the settlement of an attempt ended: kAccepted when it settled. `blame`: whose payment was
  // refused, if one was.
  Effects OnOutcome(core::LedgerTime now, std::uint32_t attempt, const core::Rejection& outcome,
                    const std::optional<NetBlame>& blame);
  // The operator's day: trades that are entered while it is closed are returned, and at its close
  // what waits.
  Effects Open();
  Effects Close(core::LedgerTime now);
  Effects Resume() const;

  bool is_open() const { return open_; }
  // Whether a run would find anything.
  bool anything_waits() const;
  std::uint64_t last_run() const { return last_run_; }
  bool run_under_way() const { return run_.has_value(); }
  // Null when that one is over.
  const NetAttempt* FindAttempt(std::uint32_t number) const;
  // What is known of a trade; nothing when it was never named, or is forgotten.
  struct Status {
    Trade what;
    std::set<MemberIndex> entered;
    std::set<MemberIndex> withdrawn;
    std::uint64_t place = 0;   // in the order of arrival; 0: not both have entered it
    core::LedgerTime since;    // it has its place
    bool under_way = false;    // it is being tried
    bool passed_over = false;  // until the next run
    bool ended = false;
    core::Rejection outcome;  // kAccepted: settled
  };
  std::optional<Status> Find(TradeIndex id) const;
  // Why trades that have a place have not settled, for all that have not ended.
  enum class WaitReason : std::uint8_t {
    kNone = 0,        // none: it is tried at the next run
    kTried = 1,       // it is being tried
    kFunds = 2,       // one of its payers has too little, as far as is known
    kOrder = 3,       // another waits before it
    kPassedOver = 4,  // a member did not answer, or a ledger, or a try ended in time or hours
  };
  std::map<TradeIndex, WaitReason> WaitReasons() const;
  // Of one, without looking at the whole queue; kNone for one that has no place, or has ended.
  WaitReason WaitReasonOf(TradeIndex id) const;
  // Trades that have a place and have not ended.
  std::size_t queued() const { return queue_.size(); }
  // Attempts under way.
  std::vector<std::uint32_t> attempts() const;
  // The accounts that the run waits to hear of; empty when it does not.
  std::set<Account> asked() const;

  // All of it but what is for reports alone, which must have been forgotten just before
  // (ForgetReports), to a state_fields.h archive; or from one into a queue that is new.
  template <typename Archive, typename Self>
  static void VisitState(Archive& archive, Self& self) {
    archive(self.rules_, self.ledgers_, self.trades_, self.queue_, self.queues_, self.changed_,
            self.all_changed_, self.waiting_, self.waiting_value_, self.came_to_wait_,
            self.queued_minor_, self.queued_value_, self.funds_, self.reserved_, self.under_way_,
            self.run_, self.places_, self.attempts_, self.last_run_, self.returned_,
            self.withdrawn_, self.open_, self.runs_);
  }

  // One that has ended is unknown from now on: the caller sees to it that nobody names it again.
  void Forget(TradeIndex id);

  // For reports. A program that runs for months forgets them: ForgetReports.
  void ForgetReports();
  //
  // What a run found. The queue is that of the first selection, after what could settle alone had.
  struct RunRecord {
    core::LedgerTime at;
    std::uint32_t waiting = 0;
    core::Amount waiting_value;
    std::uint32_t found = 0;  // could settle together; with kNone it is not settled
    core::Amount found_value;
    std::uint32_t selections = 0;
    std::uint32_t settled = 0;
    core::Amount settled_value;
    // Of at most QueueRules::exact_max trades.
    std::optional<fx_liquidity::PvpQueue> queue;

    // Without the queue, which nothing but a report looks at.
    template <typename Archive, typename Self>
    static void VisitState(Archive& archive, Self& self) {
      archive(self.at, self.waiting, self.waiting_value, self.found, self.found_value,
              self.selections, self.settled, self.settled_value);
    }
  };
  const std::vector<RunRecord>& runs() const { return runs_; }
  // What waits, and is not being tried, changed to this.
  struct Level {
    core::LedgerTime at;
    std::uint32_t waiting = 0;
    core::Amount value;
  };
  const std::vector<Level>& levels() const { return levels_; }
  // Settled trades in the order in which they settled; those of one vector together.
  const std::vector<std::vector<TradeIndex>>& settled() const { return settled_; }
  std::vector<std::pair<TradeIndex, Trade>> settled_trades() const;
  // Its place in the order of arrival; the trade is known.
  std::uint64_t PlaceOf(TradeIndex id) const { return trades_.at(id).place; }
  // How many ever waited, and what waited when its time was over.
  std::uint64_t waited() const;
  std::uint64_t returned() const { return returned_; }
  std::uint64_t withdrawn() const { return withdrawn_; }
  core::Amount ValueOf(const Trade& trade) const { return value_of_(trade); }

 private:
  struct Known {
    Trade what;
    std::set<MemberIndex> entered;
    std::set<MemberIndex> withdrawn;  // those who have withdrawn it
    std::uint64_t place = 0;  // in the order of arrival, from 1; 0: not both have entered it
    core::LedgerTime since;   // it has its place
    core::Amount value;
    bool under_way = false;
    bool passed_over = false;
    bool waited = false;
    bool expired = false;  // its time is over
    bool ended = false;
    core::Rejection outcome;

    template <typename Archive, typename Self>
    static void VisitState(Archive& archive, Self& self) {
      archive(self.what, self.entered, self.withdrawn, self.place, self.since, self.value,
              self.under_way, self.passed_over, self.waited, self.expired, self.ended,
              self.outcome);
    }
  };
  struct UnderWay {
    NetAttempt attempt;
    std::optional<std::size_t> record;  // of the run that selected it; none: tried alone

    template <typename Archive, typename Self>
    static void VisitState(Archive& archive, Self& self) {
      archive(self.attempt, self.record);
    }
  };
  enum class Phase : std::uint8_t { kAsking, kReleasing, kSettling };
  struct Run {
    std::uint64_t number = 0;
    Phase phase = Phase::kAsking;
    std::set<Account> asked;
    std::set<std::uint32_t> released;  // attempts that it waits for
    std::uint32_t attempt = 0;         // of the set
    std::optional<std::size_t> record;

    template <typename Archive, typename Self>
    static void VisitState(Archive& archive, Self& self) {
      archive(self.number, self.phase, self.asked, self.released, self.attempt, self.record);
    }
  };
  // What is in the queue of a selection.
  struct Queued {
    fx_liquidity::PvpQueue queue;
    std::vector<TradeIndex> trades;
  };

  static Account PartyAccount(const Trade& trade) { return {trade.party_ledger, trade.party}; }
  static Account CounterpartyAccount(const Trade& trade) {
    return {trade.counterparty_ledger, trade.counterparty};
  }
  static std::array<Account, 2> AccountsOf(const Trade& trade) {
    return {PartyAccount(trade), CounterpartyAccount(trade)};
  }
  // As far as is known.
  bool IsCovered(const Trade& trade) const;
  // What a party says about its trade; remembered, unless the trade has ended.
  Known& Named(TradeIndex id, const Trade& trade, MemberIndex by);
  void TakePlace(core::LedgerTime now, TradeIndex id, Effects& effects);
  void End(TradeIndex id, const core::Rejection& outcome, Effects& effects);
  // Withdrawn, or its time is over. Unless it is being tried, or one of the two still wants it.
  void EndIfUnwanted(TradeIndex id, Effects& effects);
  // Every change of what waits, and of what stands in whose queue, is made by these.
  void Stand(const Known& trade);
  void Leave(const Known& trade);
  void SetPassedOver(Known& trade, bool passed_over);
  void SetUnderWay(TradeIndex id, Known& trade, bool under_way);
  // Nobody stands before it, where that matters.
  bool IsFirst(const Known& trade) const;
  // Places of trades that may have become able to settle alone since this was last asked.
  std::set<std::uint64_t> TakeCandidates();
  // Tries what can settle alone.
  void Release(core::LedgerTime now, bool for_run, Effects& effects);
  void OnFundsKnown(core::LedgerTime now, Effects& effects);
  Queued MakeQueue() const;
  std::vector<TradeIndex> Choose(const Queued& queued) const;
  void Select(core::LedgerTime now, Effects& effects);
  // Nothing when everybody owes what it is owed: then the trades have settled.
  std::optional<std::uint32_t> StartAttempt(core::LedgerTime now, std::vector<TradeIndex> trades,
                                            std::optional<std::size_t> record, Effects& effects);
  UnderWay FinishAttempt(std::uint32_t number, bool settled);
  void SettleTrades(const std::vector<TradeIndex>& trades, std::optional<std::size_t> record,
                    Effects& effects);
  // What a refused attempt leaves of its trades. Whether the run may select again.
  bool TakeBack(const UnderWay& failed, const core::Rejection& outcome,
                const std::optional<NetBlame>& blame, Effects& effects);
  // After an attempt of that number is over.
  void Proceed(core::LedgerTime now, const UnderWay& over, bool again, Effects& effects);
  void ReturnAll(Effects& effects);
  void ReturnThoseThatWaitedLongest(core::LedgerTime now, Effects& effects);
  // At the end of every event that may change what waits.
  void NoteLevel(core::LedgerTime now);

  QueueRules rules_;
  Valuation value_of_;
  std::uint32_t ledgers_ = 0;  // above all that were named
  std::map<TradeIndex, Known> trades_;
  std::map<std::uint64_t, TradeIndex> queue_;  // by place: those that have not ended
  // Of those the ones that are not passed over, by place, of each account that they pay from.
  std::map<Account, std::set<std::uint64_t>> queues_;
  // Since Release last looked: a trade became the first of these accounts' queues, or may have, or
  // they may have more funds.
  std::set<Account> changed_;
  bool all_changed_ = false;
  // What waits and is not being tried, and its value; what came to wait since the last NoteLevel.
  std::uint32_t waiting_ = 0;
  std::int64_t waiting_value_ = 0;
  std::vector<TradeIndex> came_to_wait_;
  std::int64_t queued_minor_ = 0;
  std::int64_t queued_value_ = 0;
  std::map<Account, core::Amount> funds_;     // estimates, without what is reserved
  std::map<Account, core::Amount> reserved_;  // by attempts under way
  std::map<std::uint32_t, UnderWay> under_way_;
  std::optional<Run> run_;
  std::uint64_t places_ = 0;
  std::uint32_t attempts_ = 0;
  std::uint64_t last_run_ = 0;
  std::uint64_t returned_ = 0;
  std::uint64_t withdrawn_ = 0;
  bool open_ = false;
  std::vector<RunRecord> runs_;
  std::vector<Level> levels_;
  std::vector<std::vector<TradeIndex>> settled_;
};

}  // namespace causeway::fx_queue

#endif  // CAUSEWAY_FX_BRIDGE_QUEUE_SETTLEMENT_QUEUE_H_
