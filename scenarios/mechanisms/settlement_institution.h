// A settlement institution in the manner of CLS: members hand in trades; at the beginning of a
// session each member's trades of that session are netted by currency, and what a member owes on
// balance it pays in, on the ledgers, by a schedule. The trades themselves settle gross and one by
// one on the institution's books, each when both members' accounts pass three tests afterwards:
//
//  1. the adjusted account value is not below zero: balances above zero count for less, and those
//     below zero for more than their value at the reference rates, by the haircut;
//  2. no short position in a currency exceeds the limit for one currency;
//  3. the sum of the short positions does not exceed the limit for all.
//
// A trade that does not pass waits; what has not settled when the session ends is returned.
// Balances above zero are paid out when the schedule's times come and at the end, as far as the
// institution has the currency and the member's account value stays above zero without it.
//
// A pure state machine, driven as NettingCycle is.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_INSTITUTION_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_INSTITUTION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/mechanisms/netting_cycle.h"
#include "scenarios/spec/plan.h"
#include "settlement/core/outcome.h"

namespace causeway::sim {

class SettlementInstitution {
 public:
  // A payment between a member and the institution on a ledger.
  struct Transfer {
    std::uint32_t number = 0;   // counts them, from 1
    std::uint32_t session = 0;  // in which, or after which, it fell due
    ParticipantIndex member = 0;
    LedgerIndex ledger = 0;
    core::Amount amount;
  };
  // A member shall pay: asked for while IsAsked, and watched for while IsDue.
  struct AskPayIn {
    Transfer transfer;
  };
  // The institution pays a member.
  struct PayOut {
    Transfer transfer;
  };
  // A trade has ended: kAccepted when it is settled.
  struct Tell {
    ActionIndex trade = 0;
    core::Rejection outcome;
  };
  using Effect = std::variant<AskPayIn, PayOut, Tell>;
  using Effects = std::vector<Effect>;

  // `plan` gives the terms and the reference rates, and outlives this.
  explicit SettlementInstitution(const Plan& plan) : plan_(plan) {}

  // As NettingCycle::Enter.
  Effects Enter(ActionIndex id, const SettlePvp& trade, ParticipantIndex by);
  Effects Open();
  Effects Close();
  // Session `number` begins, from 1, ascending; the one before has ended.
  Effects BeginSession(std::uint32_t number);
  // The time of instalment `position` of the schedule has come.
  Effects OnInstalment(std::uint32_t session, std::size_t position);
  Effects EndSession(std::uint32_t session);
  // The money is on the institution's account. A repeat changes nothing.
  Effects OnPaidIn(std::uint32_t transfer);
  // It will not come any more: the ledger refused it, or its time is over. What it was for is asked
  // for again with the next instalment or after the session.
  Effects OnPayInRefused(std::uint32_t transfer);
  Effects OnPaidOut(std::uint32_t transfer);
  // The ledger refused a pay-out: the member has it on the institution's books again.
  Effects OnPayOutRefused(std::uint32_t transfer);
  Effects Resume() const;

  std::uint32_t sessions_begun() const { return sessions_begun_; }
  bool in_session() const { return in_session_; }
  bool is_open() const { return open_; }
  // Of a member, on the institution's books.
  core::Amount BalanceOf(ParticipantIndex member, LedgerIndex ledger) const;
  // What the institution has on its account: the sum of the members' balances.
  core::Amount HoldingsOf(LedgerIndex ledger) const;
  // Those on the ledgers; a pay-out has a negative amount.
  const std::vector<Transfer>& transfers_done() const { return transfers_done_; }
  // Whether it is not known what became of the payment of that number.
  bool IsDue(std::uint32_t transfer) const { return due_.contains(transfer); }
  bool IsAsked(std::uint32_t transfer) const;

 private:
  using Position = std::pair<ParticipantIndex, LedgerIndex>;
  struct Trade {
    SettlePvp what;
    std::set<ParticipantIndex> entered;
    bool in_session = false;
    bool ended = false;
    core::Rejection outcome;
  };
  struct Due {
    Transfer transfer;
    bool pay_in = false;
    bool asking = false;  // for a pay-in: not since its session ended
  };

  void End(ActionIndex id, const core::Rejection& outcome, Effects& effects);
  void AskInstalments(std::size_t position, Effects& effects);
  // Settles what passes the tests, until nothing more does.
  void SettleQueue(Effects& effects);
  void PayOutAll(Effects& effects);
  // What the member's trades that wait would take from it, on balance.
  std::int64_t StillToPay(ParticipantIndex member, LedgerIndex ledger) const;
  // After these changes.
  bool PassesTests(ParticipantIndex member,
                   const std::map<LedgerIndex, std::int64_t>& changes) const;
  std::vector<ActionIndex> Waiting() const;
  void Ask(ParticipantIndex member, LedgerIndex ledger, std::int64_t amount, Effects& effects);
  // In the value currency; nothing for one that cannot be expressed in it.
  std::optional<std::int64_t> Value(LedgerIndex ledger, std::int64_t amount) const;
  void Add(ParticipantIndex member, LedgerIndex ledger, std::int64_t change);
  void CheckBooks() const;

  const Plan& plan_;
  std::map<ActionIndex, Trade> trades_;
  std::map<Position, std::int64_t> balances_;
  std::map<LedgerIndex, std::int64_t> holdings_;
  // Of the session: what each has to pay in, and what it was asked for so far.
  std::map<Position, std::int64_t> pay_ins_;
  std::map<Position, std::int64_t> asked_;
  std::map<std::uint32_t, Due> due_;  // transfers that are not done
  std::vector<Transfer> transfers_done_;
  std::uint32_t transfers_ = 0;
  std::uint32_t sessions_begun_ = 0;
  bool in_session_ = false;
  bool open_ = false;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_INSTITUTION_H_
