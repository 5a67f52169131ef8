// What the bridge does by order of a court, and when it is given a new policy.
#include <algorithm>
#include <utility>

#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/checkers.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"

namespace causeway::sim {

void BridgeNode::TakeUp(std::size_t later_policies) {
  later_policies_ = std::max(later_policies_, later_policies);
  StartAgain();
}

void BridgeNode::RequestAbort(const core::Hash256& id,
                              std::shared_ptr<const bridge::AbortOrder> order,
                              OrderCallback callback) {
  Happen([this, id, order = std::move(order), callback = std::move(callback)]() mutable {
    HandleOrder(id, *order, std::move(callback));
  });
}

void BridgeNode::HandleOrder(const core::Hash256& id, const bridge::AbortOrder& order,
                             OrderCallback callback) {
  const auto answer = engine_->OrderAbort(now(), id, order);
  if (const auto* view = std::get_if<bridge::SettlementView>(&answer);
      view != nullptr && view->state == bridge::SettlementState::kAbortOrdered) {
    KeepOrder(id, order, std::move(callback));
    return;
  }
  OrderReply reply;
  reply.rejection.outcome = core::Outcome::kAccepted;
  if (const auto* rejection = std::get_if<core::Rejection>(&answer)) {
    if (rejection->outcome == core::Outcome::kUnavailable) {
      Die();
      return;
    }
    if (rejection->outcome == core::Outcome::kBadAbortOrder) {
      world_.coverage.Add(Covered::kAbortOrderUnproven);
    }
    reply.rejection = *rejection;
  }
  answers_.push_back([this, id, callback = std::move(callback), reply]() mutable {
    const std::optional<bridge::SettlementView> view = engine_->Find(id);
    const bool aborted =
        view && view->rejection && view->rejection->outcome == core::Outcome::kAbortOrdered;
    if (reply.rejection.outcome == core::Outcome::kAccepted && !aborted) {
      // A decision came before it.
      world_.coverage.Add(Covered::kAbortOrderTooLate);
      reply.rejection.outcome = core::Outcome::kWrongInstructionState;
    }
    callback(reply);
  });
}

// The settlement was not handed in: told as soon as the order is durable.
void BridgeNode::KeepOrder(const core::Hash256& id, const bridge::AbortOrder& order,
                           OrderCallback callback) {
  const auto note = core::ParseCheckpoint(order.checkpoint);
  CW_CHECK(note.ok(), "the engine keeps what it has read");
  answers_.push_back(
      [this, id, origin = note->checkpoint.origin, callback = std::move(callback)]() mutable {
        world_.coverage.Add(Covered::kAbortOrderKept);
        world_.checkers->OnOrderKept(id, origin);
        OrderReply reply;
        reply.rejection.outcome = core::Outcome::kAccepted;
        callback(reply);
      });
}

}  // namespace causeway::sim
