// What participants do, without a transport: a script turns one planned action into signed
// requests, one after the other, and reads the replies. The simulator sends them over its virtual
// network, the live runner over gRPC; neither knows how an instruction or terms are made.
//
//   ActionScript script(plan, keys, action);
//   while (std::optional<Request> request = script.Next(now)) {
//     Reply reply = ... send *request; on a lost reply send the same request again ...
//     script.OnReply(reply);
//   }
//   const ActionResult& result = script.result();
//
// A request is idempotent: the same bytes may be sent any number of times.
#ifndef CAUSEWAY_SCENARIOS_SPEC_ACTOR_H_
#define CAUSEWAY_SCENARIOS_SPEC_ACTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "settlement/core/batch.h"
#include "settlement/core/command.h"
#include "settlement/core/outcome.h"
#include "settlement/core/position_set.h"
#include "settlement/core/suite.h"

namespace causeway::sim {

// How long a script's instructions stay valid, from the ledger time at which they are signed.
inline constexpr core::Duration kValidFor = core::Duration::FromHours(24);

// The signers of all keys of a plan. Immutable; any thread. Must outlive the scripts that use it;
// the plan must outlive it.
class KeyRing {
 public:
  using MakeSigner =
      std::function<absl::StatusOr<std::shared_ptr<const core::Signer>>(const PlannedKey&)>;

  // An error only for a seed that the suite refuses, which no compiled plan has. With modelled
  // signatures the simulator gives the signers; without them they are Ed25519's.
  static absl::StatusOr<std::unique_ptr<KeyRing>> Create(const Plan& plan,
                                                         const MakeSigner& make_signer = {});

  // The key that a participant has from the start.
  const core::Signer& participant(ParticipantIndex index) const { return *participants_[index]; }
  // The one that it signs with then.
  const core::Signer& participant(ParticipantIndex index, core::LedgerTime now) const;
  // Whether it is one of the participant's.
  bool IsKeyOf(ParticipantIndex index, const core::KeyId& key) const;
  const std::shared_ptr<const core::Signer>& shared_participant(ParticipantIndex index) const {
    return participants_[index];
  }
  const std::shared_ptr<const core::Signer>& ledger(LedgerIndex index) const {
    return ledgers_[index];
  }
  // kApprovers of them.
  const std::vector<const core::Signer*>& approvers(LedgerIndex index) const {
    return approvers_[index];
  }
  // Null when the plan has no bridge.
  const std::shared_ptr<const core::Signer>& decision_log() const { return decision_log_; }
  const std::shared_ptr<const core::Signer>& witness(std::size_t index) const {
    return witnesses_[index];
  }

 private:
  KeyRing() = default;

  struct LaterSigner {
    std::shared_ptr<const core::Signer> signer;
    core::LedgerTime added;
  };

  std::vector<std::shared_ptr<const core::Signer>> participants_;
  std::vector<std::vector<LaterSigner>> later_;  // by participant, in the order in which they count
  std::vector<std::shared_ptr<const core::Signer>> ledgers_;
  std::vector<std::shared_ptr<const core::Signer>> owned_approvers_;
  std::vector<std::vector<const core::Signer*>> approvers_;
  std::shared_ptr<const core::Signer> decision_log_;
  std::vector<std::shared_ptr<const core::Signer>> witnesses_;
};

// Envelopes for one ledger, each an item (without attachments), to be executed in their order. Over
// gRPC: Submit for one, SubmitMany for several.
struct SubmitItems {
  LedgerIndex ledger = 0;
  std::vector<core::Item> items;
};
// The available balance of one of the sender's own accounts.
struct ReadBalance {
  LedgerIndex ledger = 0;
  core::AccountAddress account;
};
// Over gRPC: Bridge.RequestQuote.
struct AskQuote {
  core::ParticipantId taker;
  core::Currency sell_currency;
  core::Currency buy_currency;
  std::optional<core::Amount> sell;  // exactly one of the two
  std::optional<core::Amount> buy;
  core::AccountAddress sell_account;
  core::AccountAddress buy_account;
  core::InstructionId instruction_id;
  core::Uetr uetr;
  std::string venue = {};  // empty: wherever it is best
};
// Over gRPC: Bridge.SubmitSettlement with wait. Of a settlement list the legs are its parts. When
// the wait ends without an outcome, send it again.
struct SubmitTerms {
  core::Envelope terms;
  std::vector<std::string> legs;
};

// The receipt of an order to abort, from the ledger that has it to the bridge. Over gRPC:
// Ledger.GetReceipt and Bridge.RequestAbort.
struct CarryOrder {
  LedgerIndex ledger = 0;
  core::Hash256 settlement_id;
  std::uint64_t entry_index = 0;
  bool unrecorded = false;  // there is none: what is carried is made up
};

struct Request {
  // Who sends it: the technical sender. The central bank of `ledger` when `by_central_bank`.
  ParticipantIndex sender = 0;
  bool by_central_bank = false;
  std::variant<SubmitItems, ReadBalance, AskQuote, SubmitTerms, CarryOrder> what;

  // The ledger that it goes to, at first; none for the bridge.
  std::optional<LedgerIndex> ledger() const;
};

// Where one instruction of a SubmitItems stands; `rejection` says why when it was rejected, or
// refused (status kNone).
struct InstructionReply {
  core::InstructionStatus status = core::InstructionStatus::kNone;
  core::Rejection rejection;  // kAccepted unless rejected or refused
  std::uint64_t entry_index = 0;
};
// One for each item, in their order. (Scripts send items with one instruction each.)
struct ItemsReply {
  std::vector<InstructionReply> instructions;
};
struct BalanceReply {
  core::Amount available;
};
struct QuoteReply {
  core::Rejection rejection;  // kAccepted when there is a quote
  std::string terms;          // exact bytes, to be signed
  std::vector<std::string> legs;
  core::Amount sell;
  core::Amount buy;
};
// The outcome of a settlement: settled (every ledger has booked), aborted (every ledger has
// released), or refused (kRejected: nothing was started).
struct SettlementReply {
  core::InstructionStatus status = core::InstructionStatus::kNone;
  core::Rejection rejection;
  core::PositionSet committed = {};  // of a list that settled: which of its settlements did
};
// What the bridge said to an order to abort.
struct OrderReply {
  core::Rejection rejection;  // kAccepted: the settlement is aborted by it
};
using Reply = std::variant<ItemsReply, BalanceReply, QuoteReply, SettlementReply, OrderReply>;
// The settlement that an action has under way, or had last; zero while there is none.
using SettlementOf = std::function<core::Hash256(ActionIndex)>;

class ActionScript {
 public:
  // `plan`, `keys` and `action` must outlive the script. `settlement_of` is asked by orders to
  // abort alone; without it, they find nothing to abort.
  ActionScript(const Plan& plan, const KeyRing& keys, const PlannedAction& action,
               SettlementOf settlement_of = {});
  ~ActionScript();
  ActionScript(ActionScript&&) noexcept;
  ActionScript& operator=(ActionScript&&) noexcept;

  // The next request, signed for validity from `now` (ledger time: virtual, or the wall clock), or
  // nothing when the action has ended. Each request must be answered by OnReply before the next.
  std::optional<Request> Next(core::LedgerTime now);
  // The alternative of `reply` must be that of the request.
  void OnReply(const Reply& reply, core::LedgerTime now);

  // Complete once Next gave nothing.
  const ActionResult& result() const;

 private:
  class Steps;
  std::unique_ptr<Steps> steps_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_ACTOR_H_
