// The operator of a mechanism that settles many trades as one settlement of their net positions:
// it has the net payers sign, hands in at the bridge, and tells its machine how that ended.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_NET_OPERATOR_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_NET_OPERATOR_H_

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fx-bridge/engine/netted_terms.h"
#include "scenarios/mechanisms/net_settlement.h"
#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/mechanism.h"

namespace causeway::sim {

// What all net payers of an attempt sign.
using NettedTerms = bridge::NettedTerms;
// The same for the same attempt, so that it can be made again after a restart.
NettedTerms MakeNettedTerms(const Plan& plan, const NetAttempt& attempt,
                            core::Duration signing_timeout);
core::Signature SignNetted(const core::Signer& signer, const std::string& terms);
// A member's own reckoning, from its trades: whether the legs pay what it owes and what it is owed.
bool IsRightFor(const Plan& plan, ParticipantIndex member, const std::vector<ActionIndex>& trades,
                const std::vector<NetLeg>& legs);

// Whose payment a refusal is about: the payer of the leg that it names, or the payee when it names
// the payee's account. Nothing for a refusal that names no leg, or that is the ledger's hours.
std::optional<NetBlame> ToBlame(const Plan& plan, const std::vector<NetLeg>& legs,
                                const core::Rejection& rejection);

// `Machine` has FindAttempt, OnSignature and OnSigningTimeout, and makes the effects of
// net_settlement.h among its own.
template <typename Machine>
class NetOperator : public MachineNode<Machine> {
 public:
  using Tell = std::function<void(const TellTradeEnd&)>;
  using Effects = typename Machine::Effects;

  NetOperator(World& world, const KeyRing& keys, BridgeNode& bridge, core::Duration signing_timeout,
              Tell tell)
      : MachineNode<Machine>(world, world.nodes.Participant(*world.plan.mechanism.operated_by)),
        keys_(keys),
        bridge_(bridge),
        signing_timeout_(signing_timeout),
        tell_(std::move(tell)) {}

  // Null while it is down.
  const Machine* running() const { return this->machine(); }

 protected:
  using MachineNode<Machine>::world_;
  // What happens at a time, when it is that.
  using EventAt = std::function<Effects(Machine&, core::LedgerTime)>;

  virtual Effects OnOutcome(Machine& machine, core::LedgerTime now, std::uint32_t attempt,
                            const core::Rejection& outcome,
                            const std::optional<NetBlame>& blame) const = 0;

  void At(core::LedgerTime time, EventAt event) {
    const core::LedgerTime now = this->now();
    const core::Duration delay = time <= now ? core::Duration::Zero() : time - now;
    this->After(delay, EventKind::kTimer, [this, event = std::move(event)] { HappenNow(event); });
  }
  void HappenNow(const EventAt& event) {
    this->Happen([event, at = this->now()](Machine& machine) { return event(machine, at); });
  }

  // Of the effects of net_settlement.h. The first asks, and again until they have signed or their
  // time is over.
  void Carry(const AskNetSignatures& ask) {
    AskSignatures(ask.attempt);
    At(this->now() + signing_timeout_,
       [number = ask.attempt](Machine& machine, core::LedgerTime at) {
         return machine.OnSigningTimeout(at, number);
       });
  }
  void Carry(const SubmitNetted& submit) { HandIn(submit.attempt); }
  void Carry(const TellTradeEnd& tell) { tell_(tell); }

 private:
  // Null when that attempt is over, or the node is down.
  const NetAttempt* Find(std::uint32_t attempt) const {
    return this->machine() == nullptr ? nullptr : this->machine()->FindAttempt(attempt);
  }

  void AskSignatures(std::uint32_t attempt) {
    const NetAttempt* current = Find(attempt);
    if (current == nullptr || current->submitted) return;
    const auto terms = std::make_shared<const NettedTerms>(
        MakeNettedTerms(world_.plan, *current, signing_timeout_));
    for (const ParticipantIndex payer : current->payers) {
      if (!current->signatures.contains(payer)) AskOne(*current, payer, terms);
    }
    this->After(world_.plan.network.reply_timeout, EventKind::kTimer,
                [this, attempt] { AskSignatures(attempt); });
  }

  void AskOne(const NetAttempt& current, ParticipantIndex payer,
              std::shared_ptr<const NettedTerms> terms) {
    const NodeIndex member = world_.nodes.Participant(payer);
    world_.network.Send(this->index(), member,
                        [this, attempt = current.number, payer, member, terms = std::move(terms),
                         trades = current.trades, legs = current.legs] {
                          if (!IsRightFor(world_.plan, payer, trades, legs)) return;
                          world_.network.Send(
                              member, this->index(),
                              [this, attempt, payer, terms,
                               signature = SignNetted(keys_.participant(payer), terms->terms)] {
                                OnSigned(attempt, payer, *terms, signature);
                              });
                        });
  }

  void OnSigned(std::uint32_t attempt, ParticipantIndex payer, const NettedTerms& terms,
                const core::Signature& signature) {
    const NetAttempt* current = this->up() ? Find(attempt) : nullptr;
    // After a restart that lost it, an attempt may have come to other terms under its number.
    if (current == nullptr || current->submitted ||
        terms.terms != MakeNettedTerms(world_.plan, *current, signing_timeout_).terms) {
      return;
    }
    HappenNow([attempt, payer, signature](Machine& machine, core::LedgerTime) {
      return machine.OnSignature(attempt, payer, signature);
    });
  }

  // Hands in, and again until the outcome is known.
  void HandIn(std::uint32_t attempt) {
    const NetAttempt* current = Find(attempt);
    if (current == nullptr) return;
    const NettedTerms made = MakeNettedTerms(world_.plan, *current, signing_timeout_);
    auto submit = std::make_shared<SubmitTerms>();
    submit->terms = {std::string(core::kTermsPayloadType), made.terms, {}};
    for (const auto& [payer, signature] : current->signatures) {
      submit->terms.signatures.push_back(signature);
    }
    submit->legs = made.legs;
    const auto on_reply = [this, attempt, legs = current->legs](const SettlementReply& reply) {
      if (!this->up() || Find(attempt) == nullptr) return;
      core::Rejection outcome = reply.rejection;
      if (reply.status == core::InstructionStatus::kSettled) {
        outcome.outcome = core::Outcome::kAccepted;
      }
      HappenNow([this, attempt, outcome, blame = ToBlame(world_.plan, legs, outcome)](
                    Machine& machine, core::LedgerTime at) {
        return OnOutcome(machine, at, attempt, outcome, blame);
      });
    };
    world_.network.Send(this->index(), bridge_.index(), [this, submit, on_reply] {
      bridge_.SubmitSettlement(submit, [this, on_reply](const SettlementReply& reply) {
        world_.network.Send(bridge_.index(), this->index(), [on_reply, reply] { on_reply(reply); });
      });
    });
    this->After(world_.plan.network.reply_timeout, EventKind::kTimer,
                [this, attempt] { HandIn(attempt); });
  }

  const KeyRing& keys_;
  BridgeNode& bridge_;
  core::Duration signing_timeout_;
  Tell tell_;
};

// What settled trades moved, gross.
std::vector<Movement> MovementsOf(const std::vector<std::pair<ActionIndex, SettlePvp>>& settled);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_NET_OPERATOR_H_
