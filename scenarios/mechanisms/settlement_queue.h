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
// A pure state machine, driven as NettingCycle is.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "fx-bridge/liquidity/pvp_queue.h"
#include "scenarios/mechanisms/net_settlement.h"
#include "scenarios/spec/plan.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// Selections of one run, at most: each but the last was refused, and corrected an estimate.
inline constexpr std::uint32_t kSelectionsPerRunMax = 8;
// The amounts of all trades that wait add up to no more than this, in minor units of whatever
// currency, and so do their values.
inline constexpr std::int64_t kQueuedMinorMax = fx_liquidity::kTotalMinorMax / 4;

class SettlementQueue {
 public:
  // What one member has on one ledger.
  using Account = std::pair<LedgerIndex, ParticipantIndex>;

  // Members shall say what they have on the accounts of asked().
  struct AskFunds {
    std::uint64_t run = 0;
  };
  using Effect = std::variant<AskNetSignatures, SubmitNetted, TellTradeEnd, AskFunds>;
  using Effects = std::vector<Effect>;

  // `plan` outlives it.
  explicit SettlementQueue(const Plan& plan);

  // A party's word on a trade; the second makes it one. A repeat, also one after it has ended, is
  // answered by TellTradeEnd if it has.
  Effects Enter(core::LedgerTime now, ActionIndex id, const SettlePvp& trade, ParticipantIndex by);
  // A party takes a trade back. Before both have entered it either does that alone; afterwards it
  // ends when both have, unless it is being tried: then when that has failed. A repeat is answered
  // as one of Enter.
  Effects Withdraw(core::LedgerTime now, ActionIndex id, const SettlePvp& trade,
                   ParticipantIndex by);
  // Run `number` begins (ascending). Not while one is under way, nor when nothing waits.
  Effects Begin(core::LedgerTime now, std::uint64_t number);
  Effects OnFunds(core::LedgerTime now, std::uint64_t run, Account account, core::Amount funds);
  Effects OnFundsTimeout(core::LedgerTime now, std::uint64_t run);
  // Not for an attempt that is over, or a member that does not pay in it.
  Effects OnSignature(std::uint32_t attempt, ParticipantIndex by, const core::Signature& signature);
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
  // Null when that one is over.
  const NetAttempt* FindAttempt(std::uint32_t number) const;
  // Attempts under way.
  std::vector<std::uint32_t> attempts() const;
  // The accounts that the run waits to hear of; empty when it does not.
  std::set<Account> asked() const;

  // For reports.
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
    // Of at most PlannedSettlementQueue::exact_max trades.
    std::optional<fx_liquidity::PvpQueue> queue;
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
  const std::vector<std::vector<ActionIndex>>& settled() const { return settled_; }
  std::vector<std::pair<ActionIndex, SettlePvp>> settled_trades() const;
  // Its place in the order of arrival; the trade is known.
  std::uint64_t PlaceOf(ActionIndex id) const { return trades_.at(id).place; }
  // How many ever waited, and what waited when its time was over.
  std::uint64_t waited() const;
  std::uint64_t returned() const { return returned_; }
  std::uint64_t withdrawn() const { return withdrawn_; }
  // What a trade counts for: both legs in the value currency; without reference rates for both, 1.
  core::Amount ValueOf(const SettlePvp& trade) const;

 private:
  struct Trade {
    SettlePvp what;
    std::set<ParticipantIndex> entered;
    std::set<ParticipantIndex> withdrawn;  // those who have withdrawn it
    std::uint64_t place = 0;  // in the order of arrival, from 1; 0: not both have entered it
    core::LedgerTime since;   // it has its place
    core::Amount value;
    bool under_way = false;
    bool passed_over = false;
    bool waited = false;
    bool ended = false;
    core::Rejection outcome;
  };
  struct UnderWay {
    NetAttempt attempt;
    std::optional<std::size_t> record;  // of the run that selected it; none: tried alone
  };
  enum class Phase : std::uint8_t { kAsking, kReleasing, kSettling };
  struct Run {
    std::uint64_t number = 0;
    Phase phase = Phase::kAsking;
    std::set<Account> asked;
    std::set<std::uint32_t> released;  // attempts that it waits for
    std::uint32_t attempt = 0;         // of the set
    std::optional<std::size_t> record;
  };
  // What is in the queue of a selection.
  struct Queued {
    fx_liquidity::PvpQueue queue;
    std::vector<ActionIndex> trades;
  };

  static Account PartyAccount(const SettlePvp& trade) { return {trade.party_ledger, trade.party}; }
  static Account CounterpartyAccount(const SettlePvp& trade) {
    return {trade.counterparty_ledger, trade.counterparty};
  }
  // As far as is known.
  bool IsCovered(const SettlePvp& trade) const;
  // What a party says about its trade; remembered, unless the trade has ended.
  Trade& Named(ActionIndex id, const SettlePvp& trade, ParticipantIndex by);
  void TakePlace(core::LedgerTime now, ActionIndex id, Effects& effects);
  void End(ActionIndex id, const core::Rejection& outcome, Effects& effects);
  // Unless it is being tried, or one of the two still wants it.
  void EndIfWithdrawn(ActionIndex id, Effects& effects);
  // Tries what can settle alone.
  void Release(core::LedgerTime now, bool for_run, Effects& effects);
  void OnFundsKnown(core::LedgerTime now, Effects& effects);
  Queued MakeQueue() const;
  std::vector<ActionIndex> Choose(const Queued& queued) const;
  void Select(core::LedgerTime now, Effects& effects);
  // Nothing when everybody owes what it is owed: then the trades have settled.
  std::optional<std::uint32_t> StartAttempt(core::LedgerTime now, std::vector<ActionIndex> trades,
                                            std::optional<std::size_t> record, Effects& effects);
  UnderWay FinishAttempt(std::uint32_t number, bool settled);
  void SettleTrades(const std::vector<ActionIndex>& trades, std::optional<std::size_t> record,
                    Effects& effects);
  // What a refused attempt leaves of its trades. Whether the run may select again.
  bool TakeBack(const UnderWay& failed, const core::Rejection& outcome,
                const std::optional<NetBlame>& blame, Effects& effects);
  // After an attempt of that number is over.
  void Proceed(core::LedgerTime now, std::uint32_t number, bool again, Effects& effects);
  void ReturnAll(Effects& effects);
  void ReturnThoseThatWaitedLongest(core::LedgerTime now, Effects& effects);
  // At the end of every event that may change what waits.
  void NoteLevel(core::LedgerTime now);

  const Plan& plan_;
  const PlannedSettlementQueue& rules_;
  std::map<ActionIndex, Trade> trades_;
  std::map<std::uint64_t, ActionIndex> queue_;  // by place: those that have not ended
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
  std::vector<std::vector<ActionIndex>> settled_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_H_
