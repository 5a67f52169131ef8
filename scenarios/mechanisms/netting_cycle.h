// Deferred net settlement: trades are collected; at set times they are netted by member and
// currency, and all net positions settle as one settlement of many legs, or none does.
//
// A pure state machine: events and the time go in, effects come out, and the same events give the
// same effects. Whoever drives it keeps the events and carries out the effects once they are
// durable; after a stop it gives the same events again, throws their effects away, and asks Resume
// for those that are still needed.
//
// The unwind rule: a member that does not sign in time, or whose net payment is refused by its
// ledger, is left out with all its trades of the cycle, which are returned unsettled; the positions
// of the others are computed anew and tried again. A try that fails for nobody's fault (a ledger
// that does not answer until the deadline) leaves its trades to the next cycle. When the day
// closes, what is not under way is returned.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_NETTING_CYCLE_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_NETTING_CYCLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/mechanisms/net_settlement.h"
#include "scenarios/spec/plan.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::sim {

class NettingCycle {
 public:
  using Attempt = NetAttempt;
  using AskSignatures = AskNetSignatures;
  using Submit = SubmitNetted;
  using Tell = TellTradeEnd;
  using Effect = std::variant<AskSignatures, Submit, Tell>;
  using Effects = std::vector<Effect>;

  // A party's word on a trade; the second makes it one. A repeat, also one after it has ended, is
  // answered by Tell if it has.
  Effects Enter(ActionIndex id, const SettlePvp& trade, ParticipantIndex by);
  // Cycle `number` begins (from 1, ascending). While one is under way, the next begins when it has
  // ended.
  Effects Begin(core::LedgerTime now, std::uint32_t number);
  // The operator's day: trades that are entered while it is closed are returned.
  Effects Open();
  Effects Close();
  // Not for an attempt that is over, or a member that does not pay in it.
  Effects OnSignature(std::uint32_t attempt, ParticipantIndex by, const core::Signature& signature);
  Effects OnSigningTimeout(core::LedgerTime now, std::uint32_t attempt);
  // How the settlement of an attempt ended: kAccepted when it settled. `to_blame`: whose payment
  // was refused, if one was.
  Effects OnOutcome(core::LedgerTime now, std::uint32_t attempt, const core::Rejection& outcome,
                    std::optional<ParticipantIndex> to_blame);
  Effects Resume() const;

  // Null when none is under way.
  const Attempt* attempt() const { return attempt_ ? &*attempt_ : nullptr; }
  // Null when that one is not under way.
  const Attempt* FindAttempt(std::uint32_t number) const {
    return attempt_ && attempt_->number == number ? &*attempt_ : nullptr;
  }
  bool is_open() const { return open_; }
  std::uint32_t cycles_begun() const { return cycles_begun_; }
  // Those that both parties have entered and that are not over.
  std::size_t open_trades() const;
  // Settled ones, each once.
  std::vector<std::pair<ActionIndex, SettlePvp>> settled_trades() const;

 private:
  struct Trade {
    SettlePvp what;
    std::set<ParticipantIndex> entered;
    bool ended = false;
    core::Rejection outcome;
  };

  void End(ActionIndex id, const core::Rejection& outcome, Effects& effects);
  void StartAttempt(core::LedgerTime now, std::vector<ActionIndex> trades, Effects& effects);
  // Leaves out the members, returns their trades, and tries with the others.
  void Unwind(core::LedgerTime now, const std::set<ParticipantIndex>& members,
              const core::Rejection& reason, Effects& effects);
  void EndCycle(core::LedgerTime now, Effects& effects);
  // What is not under way.
  void ReturnAll(Effects& effects);

  std::map<ActionIndex, Trade> trades_;
  std::optional<Attempt> attempt_;
  std::uint32_t attempts_ = 0;
  std::uint32_t cycles_begun_ = 0;
  bool open_ = false;
  bool waiting_ = false;  // a cycle, for the end of the one under way
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_NETTING_CYCLE_H_
