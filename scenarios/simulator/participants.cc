#include "scenarios/simulator/participants.h"

#include <algorithm>
#include <utility>

#include "scenarios/simulator/simulator.h"
#include "settlement/core/check.h"

namespace causeway::sim {

ItemsReply ReadReplies(const std::vector<node::ItemReply>& replies) {
  ItemsReply out;
  out.instructions.reserve(replies.size());
  for (const node::ItemReply& reply : replies) {
    InstructionReply& instruction = out.instructions.emplace_back();
    if (reply.result.refused) {
      instruction.rejection = *reply.result.refused;
      continue;
    }
    CW_CHECK(!reply.result.instructions.empty(), "a command has at least one instruction");
    const core::InstructionState& state = reply.result.instructions.front();
    instruction.status = state.status;
    instruction.rejection = state.rejection;
    instruction.entry_index = state.entry_index;
  }
  return out;
}

Participants::Participants(const Plan& plan, const KeyRing& keys, VirtualClock& clock,
                           VirtualNetwork& network,
                           const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                           BridgeNode* bridge,
                           std::function<void(std::size_t, std::size_t)> on_progress)
    : plan_(plan),
      keys_(keys),
      clock_(clock),
      network_(network),
      ledgers_(ledgers),
      bridge_(bridge),
      on_progress_(std::move(on_progress)),
      waits_for_(plan.actions.size()),
      followers_(plan.actions.size()),
      running_(plan.actions.size()),
      results_(plan.actions.size()) {
  for (const PlannedAction& action : plan_.actions) {
    results_[action.index].action = action.index;
    waits_for_[action.index] = static_cast<std::uint32_t>(action.after.size());
    for (const ActionIndex earlier : action.after) followers_[earlier].push_back(action.index);
  }
}

void Participants::Begin() {
  for (const PlannedAction& action : plan_.actions) {
    if (action.after.empty()) Schedule(action.index);
  }
}

void Participants::Schedule(ActionIndex action) {
  clock_.At(plan_.actions[action].time, [this, action] { Start(action); });
}

void Participants::Start(ActionIndex action) {
  running_[action] = std::make_unique<Running>();
  running_[action]->script.emplace(plan_, keys_, plan_.actions[action]);
  Continue(action);
}

void Participants::Continue(ActionIndex action) {
  Running& running = *running_[action];
  std::optional<Request> request = running.script->Next(clock_.now());
  if (!request) {
    End(action);
    return;
  }
  running.request = std::make_shared<const Request>(*std::move(request));
  running.sequence += 1;
  Send(action);
}

void Participants::Send(ActionIndex action) {
  const Running& running = *running_[action];
  const std::uint32_t sequence = running.sequence;
  const std::shared_ptr<const Request>& request = running.request;
  if (const auto* items = std::get_if<SubmitItems>(&request->what)) {
    SendItems(action, sequence, *items, request);
  } else if (const auto* read = std::get_if<ReadBalance>(&request->what)) {
    SendRead(action, sequence, *read);
  } else {
    SendToBridge(action, sequence, request);
  }
  clock_.After(kReplyTimeout, [this, action, sequence] {
    if (running_[action] != nullptr && running_[action]->sequence == sequence) Send(action);
  });
}

void Participants::SendItems(ActionIndex action, std::uint32_t sequence, const SubmitItems& submit,
                             const std::shared_ptr<const Request>& request) {
  LedgerNode& node = *ledgers_[submit.ledger];
  // Shares ownership with the request: nothing is copied.
  std::shared_ptr<const std::vector<core::Item>> items(request, &submit.items);
  network_.Send([this, &node, action, sequence, items = std::move(items)]() mutable {
    node.Submit(std::move(items),
                [this, action, sequence](const std::vector<node::ItemReply>& replies) {
                  Reply(action, sequence, ReadReplies(replies));
                });
  });
}

void Participants::SendRead(ActionIndex action, std::uint32_t sequence, const ReadBalance& read) {
  LedgerNode& node = *ledgers_[read.ledger];
  network_.Send([this, &node, action, sequence, address = read.account] {
    node.Read([this, action, sequence, address](const core::Ledger& ledger) {
      const core::AccountState* account = ledger.FindAccount(address);
      CW_CHECK(account != nullptr, "the plan opens the accounts that it reads");
      Reply(action, sequence, BalanceReply{account->available});
    });
  });
}

void Participants::SendToBridge(ActionIndex action, std::uint32_t sequence,
                                const std::shared_ptr<const Request>& request) {
  CW_CHECK(bridge_ != nullptr, "a plan without a bridge has no settlements");
  if (const auto* ask = std::get_if<AskQuote>(&request->what)) {
    network_.Send([this, action, sequence, ask = *ask]() mutable {
      bridge_->RequestQuote(std::move(ask), [this, action, sequence](QuoteReply reply) {
        Reply(action, sequence, std::move(reply));
      });
    });
    return;
  }
  const auto& submit = std::get<SubmitTerms>(request->what);
  std::shared_ptr<const SubmitTerms> terms(request, &submit);
  network_.Send([this, action, sequence, terms = std::move(terms)]() mutable {
    bridge_->SubmitSettlement(std::move(terms), [this, action, sequence](SettlementReply reply) {
      Reply(action, sequence, std::move(reply));
    });
  });
}

void Participants::Reply(ActionIndex action, std::uint32_t sequence, sim::Reply reply) {
  network_.Send(
      [this, action, sequence, reply = std::move(reply)] { OnReply(action, sequence, reply); });
}

void Participants::OnReply(ActionIndex action, std::uint32_t sequence, const sim::Reply& reply) {
  if (running_[action] == nullptr || running_[action]->sequence != sequence) return;
  // From here on it counts as answered.
  running_[action]->sequence += 1;
  running_[action]->script->OnReply(reply, clock_.now());
  Continue(action);
}

void Participants::End(ActionIndex action) {
  results_[action] = running_[action]->script->result();
  running_[action].reset();
  for (const ActionIndex follower : followers_[action]) {
    waits_for_[follower] -= 1;
    if (waits_for_[follower] == 0) Schedule(follower);
  }
  ended_ += 1;
  if (on_progress_) on_progress_(ended_, plan_.actions.size());
}

}  // namespace causeway::sim
