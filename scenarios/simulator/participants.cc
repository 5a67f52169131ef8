#include "scenarios/simulator/participants.h"

#include <algorithm>
#include <utility>

#include "scenarios/simulator/byzantine.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/envelope.h"

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

namespace {

// Whether a ledger has only put off what it was asked: that leaves no trace, and says nothing of a
// copy that is still on its way.
bool IsPutOff(const sim::Reply& reply) {
  const auto* items = std::get_if<ItemsReply>(&reply);
  if (items == nullptr) return false;
  return std::any_of(items->instructions.begin(), items->instructions.end(),
                     [](const InstructionReply& instruction) {
                       return instruction.status == core::InstructionStatus::kNone &&
                              (instruction.rejection.outcome == core::Outcome::kOverloaded ||
                               instruction.rejection.outcome == core::Outcome::kUnavailable);
                     });
}

}  // namespace

Participants::Participants(World& world, const KeyRing& keys,
                           const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                           BridgeNode* bridge, Mechanism* mechanism,
                           const AccountBehaviours& behaviours,
                           std::function<void(std::size_t, std::size_t)> on_progress)
    : world_(world),
      plan_(world.plan),
      keys_(keys),
      ledgers_(ledgers),
      bridge_(bridge),
      mechanism_(mechanism),
      on_progress_(std::move(on_progress)),
      waits_for_(plan_.actions.size()),
      followers_(plan_.actions.size()),
      running_(plan_.actions.size()),
      results_(plan_.actions.size()),
      agents_(
          world, ledgers, behaviours, [this](ActionIndex action) { Start(action); },
          [this](ActionResult result) { EndWith(std::move(result)); }) {
  for (const PlannedAction& action : plan_.actions) {
    results_[action.index].action = action.index;
    waits_for_[action.index] = static_cast<std::uint32_t>(action.after.size());
    for (const ActionIndex earlier : action.after) followers_[earlier].push_back(action.index);
  }
  for (const PlannedFault& fault : plan_.faults) {
    if (const auto* client = std::get_if<ClientFault>(&fault.what)) {
      faults_[client->action] = client->kind;
    }
  }
}

void Participants::Begin() {
  for (const PlannedAction& action : plan_.actions) {
    if (action.after.empty()) Schedule(action.index);
  }
}

void Participants::Schedule(ActionIndex action) {
  world_.clock.At(plan_.actions[action].time, EventKind::kTimer,
                  [this, action] { FallDue(action); });
}

void Participants::FallDue(ActionIndex action) {
  if (!agents_.Takes(action)) Start(action);
}

NodeIndex Participants::SenderOf(ActionIndex action) const {
  const Request& request = *running_[action]->request;
  return request.by_central_bank ? world_.nodes.CentralBank(*request.ledger())
                                 : world_.nodes.Participant(request.sender);
}

core::LedgerTime Participants::TimeAt(ActionIndex action) const {
  struct Actor {
    const Nodes& nodes;
    NodeIndex operator()(const SetUpLedger& what) const { return nodes.CentralBank(what.ledger); }
    NodeIndex operator()(const ChangeDayPhase& what) const {
      return nodes.CentralBank(what.ledger);
    }
    NodeIndex operator()(const IssueTo& what) const { return nodes.CentralBank(what.ledger); }
    NodeIndex operator()(const RedeemFrom& what) const { return nodes.Participant(what.from); }
    NodeIndex operator()(const PayOneWay& what) const { return nodes.Participant(what.from); }
    NodeIndex operator()(const SwapOnQuote& what) const { return nodes.Participant(what.taker); }
    NodeIndex operator()(const SettlePvp& what) const { return nodes.Participant(what.party); }
    NodeIndex operator()(const FreezeAccount& what) const { return nodes.CentralBank(what.ledger); }
    NodeIndex operator()(const ChargeOvernight& what) const { return nodes.Participant(what.from); }
    NodeIndex operator()(const OverrideFunds& what) const { return nodes.CentralBank(what.ledger); }
    NodeIndex operator()(const OrderAbortOf& what) const { return nodes.CentralBank(what.ledger); }
    NodeIndex operator()(const ChangePolicy& what) const { return nodes.CentralBank(what.ledger); }
    NodeIndex operator()(const ChangeKeys& what) const { return nodes.CentralBank(what.ledger); }
    NodeIndex operator()(const CloseAccountOf& what) const {
      return nodes.CentralBank(what.ledger);
    }
  };
  return world_.clocks.TimeAt(std::visit(Actor{world_.nodes}, plan_.actions[action].what));
}

ClientFaultKind Participants::FaultOf(ActionIndex action) const {
  const auto found = faults_.find(action);
  return found == faults_.end() ? ClientFaultKind::kNone : found->second;
}

void Participants::Start(ActionIndex action) {
  if (mechanism_ != nullptr && std::holds_alternative<SettlePvp>(plan_.actions[action].what)) {
    mechanism_->Settle(action, [this](const ActionResult& result) { EndWith(result); });
    return;
  }
  running_[action] = std::make_unique<Running>();
  running_[action]->script.emplace(plan_, keys_, plan_.actions[action],
                                   [this](ActionIndex other) { return SettlementUnderWay(other); });
  Continue(action);
}

// As whoever goes to court knows it.
core::Hash256 Participants::SettlementUnderWay(ActionIndex action) const {
  return running_[action] == nullptr ? results_[action].settlement_id
                                     : running_[action]->script->result().settlement_id;
}

void Participants::Continue(ActionIndex action) {
  Running& running = *running_[action];
  std::optional<Request> request = running.script->Next(TimeAt(action));
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
  } else if (const auto* ask = std::get_if<AskQuote>(&request->what)) {
    SendQuoteRequest(action, sequence, *ask);
  } else if (const auto* order = std::get_if<CarryOrder>(&request->what)) {
    SendOrder(action, sequence, *order);
  } else {
    SendTerms(action, sequence, request);
    if (FaultOf(action) == ClientFaultKind::kVanish) {
      world_.coverage.Add(Covered::kClientVanished);
      End(action);
      results_[action].status = ActionStatus::kVanished;
      return;
    }
  }
  world_.clock.After(plan_.network.reply_timeout, EventKind::kOther, [this, action, sequence] {
    if (running_[action] == nullptr || running_[action]->sequence != sequence) return;
    world_.clock.CountTimer();
    Send(action);
  });
}

void Participants::SendItems(ActionIndex action, std::uint32_t sequence, const SubmitItems& submit,
                             const std::shared_ptr<const Request>& request) {
  LedgerNode& node = *ledgers_[submit.ledger];
  const NodeIndex sender = SenderOf(action);
  // Shares ownership with the request: nothing is copied.
  std::shared_ptr<const std::vector<core::Item>> items(request, &submit.items);
  world_.network.Send(sender, node.index(),
                      [this, &node, sender, action, sequence, items = std::move(items)] {
                        node.Submit(items, [this, &node, sender, action,
                                            sequence](const std::vector<node::ItemReply>& replies) {
                          ItemsReply reply = ReadReplies(replies);
                          world_.checkers->OnItemsTold(node.ledger(), reply);
                          Reply(node.index(), sender, action, sequence, std::move(reply));
                        });
                      });
}

void Participants::SendRead(ActionIndex action, std::uint32_t sequence, const ReadBalance& read) {
  LedgerNode& node = *ledgers_[read.ledger];
  const NodeIndex sender = SenderOf(action);
  world_.network.Send(
      sender, node.index(), [this, &node, sender, action, sequence, address = read.account] {
        node.Read([this, &node, sender, action, sequence, address](const core::Ledger& ledger) {
          const core::AccountState* account = ledger.FindAccount(address);
          CW_CHECK(account != nullptr, "the plan opens the accounts that it reads");
          Reply(node.index(), sender, action, sequence, BalanceReply{account->available});
        });
      });
}

void Participants::SendQuoteRequest(ActionIndex action, std::uint32_t sequence,
                                    const AskQuote& ask) {
  CW_CHECK(bridge_ != nullptr, "a plan without a bridge has no settlements");
  const NodeIndex sender = SenderOf(action);
  world_.network.Send(sender, bridge_->index(), [this, sender, action, sequence, ask] {
    bridge_->RequestQuote(ask, [this, sender, action, sequence](const QuoteReply& reply) {
      Reply(bridge_->index(), sender, action, sequence, reply);
    });
  });
}

// The central bank fetches the receipt from its ledger, and takes it to the bridge.
void Participants::SendOrder(ActionIndex action, std::uint32_t sequence, const CarryOrder& order) {
  LedgerNode& node = *ledgers_[order.ledger];
  const NodeIndex sender = SenderOf(action);
  if (order.unrecorded) {
    HandInOrder(action, sequence, sender, order.settlement_id,
                std::make_shared<const bridge::AbortOrder>(
                    ForgeAbortOrder(plan_, keys_, order.ledger, order.settlement_id)));
    return;
  }
  world_.network.Send(sender, node.index(), [this, &node, sender, action, sequence, order] {
    node.ReadReceipt(order.entry_index, [this, &node, sender, action, sequence,
                                         order](const node::Receipt& receipt) {
      bridge::AbortOrder proven;
      proven.entry = receipt.entry;
      proven.entry_index = receipt.entry_index;
      proven.proof = receipt.entry_proof;
      proven.checkpoint = receipt.checkpoint;
      auto shared = std::make_shared<const bridge::AbortOrder>(std::move(proven));
      world_.network.Send(node.index(), sender, [this, sender, action, sequence, order, shared] {
        HandInOrder(action, sequence, sender, order.settlement_id, shared);
      });
    });
  });
}

void Participants::HandInOrder(ActionIndex action, std::uint32_t sequence, NodeIndex sender,
                               const core::Hash256& id,
                               std::shared_ptr<const bridge::AbortOrder> order) {
  world_.network.Send(
      sender, bridge_->index(), [this, sender, action, sequence, id, order = std::move(order)] {
        bridge_->RequestAbort(id, order, [this, sender, action, sequence](const OrderReply& reply) {
          Reply(bridge_->index(), sender, action, sequence, reply);
        });
      });
}

void Participants::SendTerms(ActionIndex action, std::uint32_t sequence,
                             const std::shared_ptr<const Request>& request) {
  CW_CHECK(bridge_ != nullptr, "a plan without a bridge has no settlements");
  const auto& submit = std::get<SubmitTerms>(request->what);
  const ClientFaultKind fault = FaultOf(action);
  if (fault == ClientFaultKind::kCarryPast) {
    CarryPast(action, sequence, request->sender, {request, &submit});
    return;
  }
  const auto* pvp = std::get_if<SettlePvp>(&plan_.actions[action].what);
  const bool together = fault == ClientFaultKind::kNone || fault == ClientFaultKind::kVanish;
  if (pvp != nullptr && (pvp->sign_apart || !together)) {
    SendApart(action, sequence, *pvp, submit, fault);
    return;
  }
  HandIn(action, sequence, request->sender, {request, &submit});
}

void Participants::HandIn(ActionIndex action, std::uint32_t sequence, ParticipantIndex sender,
                          std::shared_ptr<const SubmitTerms> terms) {
  const NodeIndex from = world_.nodes.Participant(sender);
  world_.network.Send(from, bridge_->index(),
                      [this, from, action, sequence, terms = std::move(terms)] {
                        bridge_->SubmitSettlement(
                            terms, [this, from, action, sequence](const SettlementReply& reply) {
                              Reply(bridge_->index(), from, action, sequence, reply);
                            });
                      });
}

void Participants::SendApart(ActionIndex action, std::uint32_t sequence, const SettlePvp& pvp,
                             const SubmitTerms& submit, ClientFaultKind fault) {
  const auto signed_by = [&](ParticipantIndex party) {
    SubmitTerms own = submit;
    std::erase_if(own.terms.signatures, [&](const core::Signature& signature) {
      return !keys_.IsKeyOf(party, signature.key_id);
    });
    return std::make_shared<const SubmitTerms>(std::move(own));
  };
  if (fault == ClientFaultKind::kWithholdParty) {
    world_.coverage.Add(Covered::kSignatureWithheldByParty);
  } else {
    HandIn(action, sequence, pvp.party, signed_by(pvp.party));
  }
  if (fault == ClientFaultKind::kWithholdCounterparty) {
    world_.coverage.Add(Covered::kSignatureWithheldByCounterparty);
  } else if (fault == ClientFaultKind::kSignOtherTerms) {
    world_.coverage.Add(Covered::kOtherTermsSigned);
    HandIn(action, sequence, pvp.counterparty,
           std::make_shared<const SubmitTerms>(OtherTerms(pvp, submit)));
  } else {
    HandIn(action, sequence, pvp.counterparty, signed_by(pvp.counterparty));
  }
}

SubmitTerms Participants::OtherTerms(const SettlePvp& pvp, const SubmitTerms& submit) const {
  absl::StatusOr<core::TermsHeader> header = codec::DecodeTerms(submit.terms.payload);
  CW_CHECK(header.ok() && submit.legs.size() == 2, "the scripts make terms that decode");
  absl::StatusOr<core::Leg> leg = codec::DecodeLeg(submit.legs[1]);
  CW_CHECK(leg.ok(), "the scripts make legs that decode");
  leg->amount.amount = core::Amount::FromMinor(1);
  SubmitTerms other;
  other.legs = {submit.legs[0], codec::EncodeLeg(*leg)};
  header->legs_root = core::LegsRoot(other.legs);
  const core::Signer* signer = &keys_.participant(pvp.counterparty);
  absl::StatusOr<core::Envelope> envelope =
      core::SignEnvelope(core::kTermsPayloadType, codec::EncodeTerms(*header), {&signer, 1});
  CW_CHECK(envelope.ok(), "terms can be signed with the plan's keys");
  other.terms = *std::move(envelope);
  return other;
}

void Participants::CarryPast(ActionIndex action, std::uint32_t sequence, ParticipantIndex sender,
                             std::shared_ptr<const SubmitTerms> terms) {
  world_.coverage.Add(Covered::kTermsCarriedPastBridge);
  const absl::StatusOr<core::TermsHeader> header = codec::DecodeTerms(terms->terms.payload);
  CW_CHECK(header.ok(), "the scripts make terms that decode");
  const NodeIndex from = world_.nodes.Participant(sender);
  for (const core::TermsLedger& each : header->ledgers) {
    LedgerNode& node = *ledgers_[*plan_.FindLedger(each.ledger)];
    if (header->is_list()) {
      const auto part = static_cast<std::size_t>(&each - header->ledgers.data());
      auto items = std::make_shared<const std::vector<core::Item>>(
          1, codec::MakePrepareItem(terms->terms, terms->legs[part]));
      world_.network.Send(from, node.index(), [&node, items] {
        node.Submit(items, [](const std::vector<node::ItemReply>&) {});
      });
      continue;
    }
    std::vector<core::ProvenLeg> legs;
    for (std::size_t i = 0; i < terms->legs.size(); ++i) {
      absl::StatusOr<core::Leg> leg = codec::DecodeLeg(terms->legs[i]);
      CW_CHECK(leg.ok(), "the scripts make legs that decode");
      if (leg->ledger != each.ledger) continue;
      legs.push_back({terms->legs[i], *std::move(leg), static_cast<std::uint32_t>(i),
                      core::LegProof(terms->legs, i)});
    }
    auto items = std::make_shared<const std::vector<core::Item>>(
        1, codec::MakePrepareItem(terms->terms, legs));
    world_.network.Send(from, node.index(), [&node, items] {
      node.Submit(items, [](const std::vector<node::ItemReply>&) {});
    });
  }
  const core::Duration wait = header->deadline - world_.clock.now();
  world_.clock.After(
      std::max(wait, core::Duration::Zero()) + core::Duration::FromSeconds(1), EventKind::kTimer,
      [this, from, action, sequence, terms = std::move(terms)] {
        world_.network.Send(from, bridge_->index(), [this, from, action, sequence, terms] {
          bridge_->AskDecision(terms, [this, from, action, sequence](const SettlementReply& reply) {
            Reply(bridge_->index(), from, action, sequence, reply);
          });
        });
      });
}

void Participants::Reply(NodeIndex from, NodeIndex to, ActionIndex action, std::uint32_t sequence,
                         sim::Reply reply) {
  world_.network.Send(from, to, [this, action, sequence, reply = std::move(reply)] {
    OnReply(action, sequence, reply);
  });
}

void Participants::OnReply(ActionIndex action, std::uint32_t sequence, const sim::Reply& reply) {
  if (running_[action] == nullptr || running_[action]->sequence != sequence) return;
  if (IsPutOff(reply)) return;  // it is sent again
  // From here on it counts as answered.
  running_[action]->sequence += 1;
  running_[action]->script->OnReply(reply, TimeAt(action));
  if (std::holds_alternative<SwapOnQuote>(plan_.actions[action].what) &&
      running_[action]->script->result().status == ActionStatus::kSettled) {
    world_.coverage.Add(Covered::kSwapSettled);
  }
  Continue(action);
}

void Participants::End(ActionIndex action) {
  ActionResult result = running_[action]->script->result();
  running_[action].reset();
  EndWith(std::move(result));
}

void Participants::EndWith(ActionResult result) {
  const ActionIndex action = result.action;
  agents_.OnEnded(result);
  results_[action] = std::move(result);
  for (const ActionIndex follower : followers_[action]) {
    waits_for_[follower] -= 1;
    if (waits_for_[follower] == 0) Schedule(follower);
  }
  ended_ += 1;
  if (on_progress_) on_progress_(ended_, plan_.actions.size());
}

}  // namespace causeway::sim
