// What the bridge does by order of a court, and when it is given a new policy.
#include <algorithm>
#include <utility>

#include "scenarios/simulator/bridge_node.h"

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

}  // namespace causeway::sim
