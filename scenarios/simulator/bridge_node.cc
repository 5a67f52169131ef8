#include "scenarios/simulator/bridge_node.h"

#include <algorithm>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/store/memory_journal.h"

namespace causeway::sim {
namespace {

absl::StatusOr<std::unique_ptr<bridge::BoardVenue>> MakeVenue(const Plan& plan,
                                                              const KeyRing& keys) {
  std::vector<bridge::Provider> providers;
  for (const PlannedProvider& planned : plan.bridge->providers) {
    bridge::Provider provider;
    provider.participant = plan.participants[planned.participant].id;
    provider.signer = keys.shared_participant(planned.participant);
    provider.validity = planned.quote_validity;
    for (std::size_t l = 0; l < plan.ledgers.size(); ++l) {
      const core::AccountAddress& account = plan.participants[planned.participant].accounts[l];
      if (!account.IsEmpty()) provider.accounts.push_back({plan.ledgers[l].origin, account});
    }
    for (const PlannedBoardRate& rate : planned.rates) {
      provider.rates.push_back({.pair = {rate.base, rate.quote},
                                .bid = rate.bid,
                                .ask = rate.ask,
                                .base_amount_max = {}});
    }
    providers.push_back(std::move(provider));
  }
  bridge::BoardVenue::Options options;
  options.policy_hash = plan.bridge->policy.hash;
  options.settlement_window = plan.bridge->settlement_deadline;
  return bridge::BoardVenue::Create(options, std::move(providers));
}

std::shared_ptr<const bridge::KeyDirectory> MakeDirectory(const Plan& plan) {
  auto directory = std::make_shared<bridge::StaticKeyDirectory>();
  for (const PlannedParticipant& participant : plan.participants) {
    directory->Add(participant.id, participant.key.key);
  }
  return directory;
}

// The outcome, once there is one.
std::optional<SettlementReply> OutcomeOf(const bridge::SettlementView& view) {
  SettlementReply reply;
  if (view.state == bridge::SettlementState::kSettled) {
    reply.status = core::InstructionStatus::kSettled;
    reply.rejection.outcome = core::Outcome::kAccepted;
    return reply;
  }
  if (view.state != bridge::SettlementState::kAborted) return std::nullopt;
  reply.status = core::InstructionStatus::kAborted;
  if (view.rejection) {
    reply.rejection = *view.rejection;
  } else {
    reply.rejection.outcome = core::Outcome::kSettlementAborted;
  }
  return reply;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BridgeNode>> BridgeNode::Create(
    const Plan& plan, const KeyRing& keys, std::shared_ptr<const core::SignatureVerifier> verifier,
    VirtualClock& clock, VirtualNetwork& network,
    const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
    const std::vector<std::unique_ptr<WitnessNode>>& witnesses, Publish publish) {
  absl::StatusOr<std::unique_ptr<bridge::BoardVenue>> venue = MakeVenue(plan, keys);
  if (!venue.ok()) return venue.status();
  bridge::BridgeEngine::Options options;
  options.policies = {plan.bridge->policy_bytes};
  options.signer = keys.decision_log();
  options.verifier = std::move(verifier);
  options.keys = MakeDirectory(plan);
  options.venue = *std::move(venue);
  absl::StatusOr<std::unique_ptr<bridge::BridgeEngine>> engine = bridge::BridgeEngine::Open(
      std::move(options),
      store::NewMemoryJournal(bridge::BridgeEngine::JournalIdentityOf(plan.bridge->decision_log)));
  if (!engine.ok()) return engine.status();
  std::unique_ptr<BridgeNode> node(
      new BridgeNode(plan, clock, network, ledgers, witnesses, std::move(publish)));
  node->engine_ = *std::move(engine);
  node->ScheduleTick();  // asks the witnesses, if there are any
  return node;
}

void BridgeNode::RequestQuote(AskQuote ask, QuoteCallback callback) {
  Happen([this, ask = std::move(ask), callback = std::move(callback)]() mutable {
    HandleQuote(ask, std::move(callback));
  });
}

void BridgeNode::SubmitSettlement(std::shared_ptr<const SubmitTerms> submit,
                                  SettlementCallback callback) {
  Happen([this, submit = std::move(submit), callback = std::move(callback)]() mutable {
    HandleSubmit(*submit, std::move(callback));
  });
}

void BridgeNode::Happen(Event happened) {
  inbox_.push_back(std::move(happened));
  if (!busy_) Start();
}

void BridgeNode::Start() {
  busy_ = true;
  std::vector<Event> inbox = std::move(inbox_);
  inbox_.clear();
  for (Event& happened : inbox) happened();
  const absl::Status status = engine_->Flush(clock_.now());
  CW_CHECK(status.ok(), "a journal in memory does not fail");
  clock_.After(plan_.network.sync, [this] { Finish(); });
}

void BridgeNode::Finish() {
  for (; published_ < engine_->batch_count(); ++published_) {
    absl::StatusOr<std::string> bytes = engine_->ReadBatchBytes(published_);
    CW_CHECK(bytes.ok(), "a journal in memory does not fail");
    publish_(*bytes);
  }
  std::vector<Event> answers = std::move(answers_);
  answers_.clear();
  for (Event& answer : answers) answer();
  for (bridge::LedgerRequest& request : engine_->TakeRequests()) Send(std::move(request));
  for (const bridge::WitnessCall& call : engine_->TakeWitnessCalls()) SendToWitness(call);
  for (const core::Hash256& id : engine_->TakeChanged()) Answer(id);
  busy_ = false;
  ScheduleTick();
  if (!inbox_.empty()) Start();
}

void BridgeNode::ScheduleTick() {
  const std::optional<core::LedgerTime> due = engine_->next_timer();
  if (!due || (tick_at_ && *tick_at_ <= *due)) return;
  tick_at_ = due;
  clock_.At(*due, [this, due = *due] {
    if (!tick_at_ || *tick_at_ != due) return;  // an earlier one took its place
    tick_at_.reset();
    Happen([this] { engine_->Tick(clock_.now()); });
  });
}

void BridgeNode::Send(bridge::LedgerRequest request) {
  const std::optional<LedgerIndex> ledger = plan_.FindLedger(request.ledger);
  CW_CHECK(ledger.has_value(), "the policy names ledgers of the plan");
  auto items = std::make_shared<std::vector<core::Item>>();
  items->push_back(bridge::ItemOf(request));
  LedgerNode& node = *ledgers_[*ledger];
  network_.Send([this, &node, request = std::move(request), items = std::move(items)]() mutable {
    node.Submit(std::move(items), [this, request = std::move(request)](
                                      std::vector<node::ItemReply> replies) mutable {
      network_.Send(
          [this, request = std::move(request), reply = std::move(replies.front())]() mutable {
            Happen([this, request = std::move(request), reply = std::move(reply)]() mutable {
              OnLedgerReply(request, std::move(reply));
            });
          });
    });
  });
}

void BridgeNode::SendToWitness(const bridge::WitnessCall& call) {
  const std::vector<PlannedWitness>& planned = plan_.bridge->witnesses;
  const auto found =
      std::find_if(planned.begin(), planned.end(),
                   [&](const PlannedWitness& witness) { return witness.name == call.witness; });
  CW_CHECK(found != planned.end(), "the policy names witnesses of the plan");
  WitnessNode& node = *witnesses_[static_cast<std::size_t>(found - planned.begin())];
  core::WitnessRequest request{{}, call.known};
  for (std::uint64_t i = 0; i < call.batch_count; ++i) {
    absl::StatusOr<std::string> batch = engine_->ReadBatchBytes(call.first_batch + i);
    CW_CHECK(batch.ok(), "a journal in memory does not fail");
    request.batches.push_back(*std::move(batch));
  }
  network_.Send([this, &node, name = call.witness, request = std::move(request)]() mutable {
    node.Submit(std::move(request), [this, name](core::WitnessAnswer answer) {
      network_.Send([this, name, answer = std::move(answer)]() mutable {
        Happen([this, name, answer = std::move(answer)] {
          engine_->OnWitnessAnswer(clock_.now(), name, answer);
        });
      });
    });
  });
}

void BridgeNode::OnLedgerReply(const bridge::LedgerRequest& request, node::ItemReply reply) {
  const core::LedgerTime now = clock_.now();
  if (request.kind == bridge::RequestKind::kComplete) {
    std::variant<core::InstructionStatus, core::Rejection> answer = reply.result.settlement_status;
    if (reply.result.refused) answer = *reply.result.refused;
    engine_->OnCompleteReply(now, request.settlement_id, request.ledger, answer);
    return;
  }
  std::variant<std::string, core::Rejection> answer;
  if (reply.result.refused) {
    answer = *reply.result.refused;
  } else if (!reply.vote.empty()) {
    answer = std::move(reply.vote);
  } else {
    core::Rejection why;
    why.outcome = core::Outcome::kSettlementAborted;
    for (const core::InstructionState& leg : reply.result.instructions) {
      if (leg.status != core::InstructionStatus::kRejected) continue;
      why = leg.rejection;
      break;
    }
    answer = why;
  }
  engine_->OnPrepareReply(now, request.settlement_id, request.ledger, answer);
}

void BridgeNode::HandleSubmit(const SubmitTerms& submit, SettlementCallback callback) {
  std::variant<bridge::SettlementView, core::Rejection> answer =
      engine_->Submit(clock_.now(), submit.terms, submit.legs);
  if (const auto* rejection = std::get_if<core::Rejection>(&answer)) {
    SettlementReply reply{.status = core::InstructionStatus::kRejected, .rejection = *rejection};
    answers_.push_back([callback = std::move(callback), reply]() mutable { callback(reply); });
    return;
  }
  const core::Hash256 id = std::get<bridge::SettlementView>(answer).settlement_id;
  waiting_[id].push_back(std::move(callback));
  // It may be over already, when the same terms come again.
  answers_.push_back([this, id] { Answer(id); });
}

void BridgeNode::HandleQuote(const AskQuote& ask, QuoteCallback callback) {
  const bridge::QuoteRequest request{.taker = ask.taker,
                                     .sell_currency = ask.sell_currency,
                                     .buy_currency = ask.buy_currency,
                                     .sell_amount = ask.sell,
                                     .buy_amount = ask.buy,
                                     .sell_account = ask.sell_account,
                                     .buy_account = ask.buy_account,
                                     .instruction_id = ask.instruction_id,
                                     .uetr = ask.uetr};
  std::variant<bridge::Quote, core::Rejection> answer = engine_->RequestQuote(
      clock_.now(), request, [this](std::size_t size) { return random_.Bytes(size); });
  QuoteReply reply;
  if (auto* quote = std::get_if<bridge::Quote>(&answer)) {
    reply.rejection.outcome = core::Outcome::kAccepted;
    reply.terms = std::move(quote->terms);
    reply.legs = std::move(quote->legs);
    reply.sell = quote->sell.amount;
    reply.buy = quote->buy.amount;
  } else {
    reply.rejection = std::get<core::Rejection>(answer);
  }
  answers_.push_back([callback = std::move(callback), reply = std::move(reply)]() mutable {
    callback(std::move(reply));
  });
}

void BridgeNode::Answer(const core::Hash256& id) {
  const auto waiting = waiting_.find(id);
  if (waiting == waiting_.end()) return;
  const std::optional<bridge::SettlementView> view = engine_->Find(id);
  if (!view) return;
  const std::optional<SettlementReply> reply = OutcomeOf(*view);
  if (!reply) return;
  std::vector<SettlementCallback> callbacks = std::move(waiting->second);
  waiting_.erase(waiting);
  for (SettlementCallback& callback : callbacks) callback(*reply);
}

}  // namespace causeway::sim
