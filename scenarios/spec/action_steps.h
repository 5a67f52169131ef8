// One action under way: what ActionScript of actor.h hides. Internal to this library.
#ifndef CAUSEWAY_SCENARIOS_SPEC_ACTION_STEPS_H_
#define CAUSEWAY_SCENARIOS_SPEC_ACTION_STEPS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/spec/actor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/check.h"
#include "settlement/core/prng.h"
#include "settlement/core/settlement.h"

namespace causeway::sim {

inline constexpr std::size_t kSecretBytes = 16;  // salts and nonces

inline core::InstructionId IdOf(std::string_view text) {
  const absl::StatusOr<core::InstructionId> id = core::InstructionId::Parse(text);
  CW_CHECK(id.ok(), "the compiler gives valid instruction ids");
  return *id;
}

inline core::Rejection Accepted() {
  core::Rejection accepted;
  accepted.outcome = core::Outcome::kAccepted;
  return accepted;
}

// One action under way. `stage_` counts the requests of the current attempt.
class ActionScript::Steps {
 public:
  Steps(const Plan& plan, const KeyRing& keys, const PlannedAction& action,
        SettlementOf settlement_of)
      : plan_(plan), keys_(keys), action_(action), settlement_of_(std::move(settlement_of)) {
    result_.action = action.index;
    result_.rejection = Accepted();
  }

  std::optional<Request> Next(core::LedgerTime now) {
    CW_CHECK(!waiting_, "a request is answered before the next is asked for");
    if (result_.status != ActionStatus::kPending) return std::nullopt;
    now_ = now;
    if (result_.attempts == 0) {
      result_.started = now;
      BeginAttempt();
    }
    std::optional<Request> request =
        std::visit([this](const auto& what) { return Ask(what); }, action_.what);
    waiting_ = request.has_value();
    if (!waiting_) result_.ended = now;
    return request;
  }

  void OnReply(const Reply& reply, core::LedgerTime now) {
    CW_CHECK(waiting_, "a reply answers a request");
    waiting_ = false;
    now_ = now;
    stage_ += 1;
    std::visit([this](const auto& what) { Read(what); }, reply);
    if (result_.status != ActionStatus::kPending) result_.ended = now;
  }

  const ActionResult& result() const { return result_; }

 private:
  // What the action asks for at this stage.
  std::optional<Request> Ask(const SetUpLedger& what);
  void AddCredit(LedgerIndex index, std::vector<core::Item>& items) const;
  bool HaveOwnersTerms(LedgerIndex index) const;
  std::vector<core::Item> OwnersTerms(LedgerIndex index) const;
  std::optional<Request> Ask(const ChangeDayPhase& what);
  std::optional<Request> Ask(const IssueTo& what);
  std::optional<Request> Ask(const RedeemFrom& what);
  std::optional<Request> Ask(const PayOneWay& what);
  std::optional<Request> Ask(const SwapOnQuote& what);
  std::optional<Request> Ask(const SettlePvp& what);
  Request AskList(const SettlePvp& what);
  std::optional<Request> Ask(const FreezeAccount& what);
  std::optional<Request> Ask(const ChargeOvernight& what);
  // interventions.cc
  std::optional<Request> Ask(const OverrideFunds& what);
  std::optional<Request> Ask(const OrderAbortOf& what);
  std::optional<Request> Ask(const ChangePolicy& what);
  std::optional<Request> Ask(const ChangeKeys& what);
  std::optional<Request> Ask(const CloseAccountOf& what);

  void Read(const ItemsReply& reply);
  void Read(const BalanceReply& reply);
  void Read(const QuoteReply& reply);
  void Read(const SettlementReply& reply);
  void Read(const OrderReply& reply);

  void CountSettled(const SettlePvp& pvp, const core::PositionSet& committed);
  void BeginAttempt();
  std::string Secret() { return secrets_->Bytes(kSecretBytes); }
  void Reject(const core::Rejection& rejection, ActionStatus status = ActionStatus::kRejected) {
    result_.status = status;
    result_.rejection = rejection;
  }
  core::Item Sign(LedgerIndex ledger, const core::ParticipantId& party, core::InstructionId id,
                  core::Action action, std::span<const core::Signer* const> signers) const;
  // A request of the central bank, signed by its approvers.
  core::Item SignByCentralBank(LedgerIndex ledger, core::InstructionId id,
                               core::Action action) const;
  Request ByCentralBank(LedgerIndex ledger, std::vector<core::Item> items) const;
  Request SubmitTermsOf(std::string_view terms, std::vector<std::string> legs,
                        std::vector<const core::Signer*> signers, ParticipantIndex sender,
                        const char* payload_type = core::kTermsPayloadType);
  // With which a participant signs now.
  const core::Signer& SignerOf(ParticipantIndex participant) const {
    return keys_.participant(participant, now_);
  }
  core::AccountRef RefOf(ParticipantIndex participant, LedgerIndex ledger) const;
  std::string MakePart(LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to,
                       std::span<const ListedPvp> list, core::Amount ListedPvp::*amount);
  core::Leg MakeLeg(LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to,
                    core::Amount amount);
  core::Money MoneyOf(LedgerIndex ledger, core::Amount amount) const {
    return {plan_.ledgers[ledger].currency, amount};
  }

  const Plan& plan_;
  const KeyRing& keys_;
  const PlannedAction& action_;
  ActionResult result_;
  bool waiting_ = false;
  int stage_ = 0;
  core::LedgerTime now_;
  // Salts, nonces and references of this attempt, from the stream "secrets/<action>/<attempt>".
  std::optional<core::RandomStream> secrets_;
  core::InstructionId id_;  // of this attempt
  core::Amount amount_;     // to redeem
  SettlementOf settlement_of_;
  core::Hash256 ordered_;            // to abort
  std::uint64_t ordered_entry_ = 0;  // where the order is in its ledger's log
  QuoteReply quote_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_ACTION_STEPS_H_
