#include "scenarios/simulator/bridge_node.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "scenarios/simulator/byzantine.h"
#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/market.h"
#include "scenarios/simulator/policy_changes.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/decision_batch.h"

namespace causeway::sim {
namespace {

// An invented commit follows the prepares after this long.
constexpr core::Duration kLieDelay = core::Duration::FromMillis(50);
// Witnesses are shown the second log so often.
constexpr core::Duration kSecondLogEvery = core::Duration::FromMillis(250);

std::shared_ptr<const bridge::KeyDirectory> MakeDirectory(const Plan& plan) {
  auto directory = std::make_shared<bridge::StaticKeyDirectory>();
  for (const PlannedParticipant& participant : plan.participants) {
    directory->Add(participant.id, participant.key.key);
    for (const PlannedParticipant::LaterKey& later : participant.later_keys) {
      directory->Add(participant.id, later.key.key);
    }
  }
  return directory;
}

// Small, so that short runs have runs, snapshots, and starts with and without them.
constexpr std::size_t kDecidedIdsPerRun = 5;
constexpr std::uint64_t kRecordsPerLogSnapshot = 7;
constexpr std::uint32_t kStartsPerLoss = 3;
constexpr std::uint32_t kStartsPerLostSnapshots = 4;

// The outcome, once there is one.
std::optional<SettlementReply> OutcomeOf(const bridge::SettlementView& view) {
  SettlementReply reply;
  if (view.state == bridge::SettlementState::kSettled) {
    reply.status = core::InstructionStatus::kSettled;
    reply.rejection.outcome = core::Outcome::kAccepted;
    reply.committed = view.list_committed;
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

BridgeNode::BridgeNode(World& world, const KeyRing& keys,
                       std::shared_ptr<const core::SignatureVerifier> verifier,
                       const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                       ObserverNode* observer)
    : LogNode(world, world.nodes.Bridge(),
              bridge::BridgeEngine::JournalIdentityOf(world.plan.bridge->decision_log), observer),
      keys_(keys),
      verifier_(std::move(verifier)),
      ledgers_(ledgers),
      random_(world.plan.seed, "bridge/quotes"),
      refused_(world.plan.seed, "bridge/refused-calls") {}

bridge::BridgeEngine::Options BridgeNode::MakeOptions() {
  bridge::BridgeEngine::Options options;
  const PlannedBridge& planned = *world_.plan.bridge;
  options.policies = FirstPolicies(planned, later_policies_);
  options.signer = keys_.decision_log();
  options.verifier = verifier_;
  options.keys = MakeDirectory(world_.plan);
  // A market is its venues', and outlives a bridge that stops; quotes of a board do not.
  if (!world_.plan.bridge->venues.empty() && market_ == nullptr) {
    market_ = MakeMarket(world_.plan, keys_);
  }
  options.venue = market_;
  if (market_ == nullptr) {
    options.venue =
        MakeBoard(world_.plan, keys_,
                  later_policies_ == 0 ? planned.policy.hash
                                       : planned.later_policies[later_policies_ - 1].policy.hash);
  }
  return options;
}

absl::Status BridgeNode::Boot() {
  absl::StatusOr<std::unique_ptr<store::Journal>> journal = OpenJournal();
  if (!journal.ok()) return journal.status();
  bridge::BridgeEngine::Options options = MakeOptions();
  // Derived data is lost at times, and made again from the log.
  if (++starts_ % kStartsPerLoss == 0) *runs_ = {};
  if (starts_ % kStartsPerLostSnapshots == 0) snapshots_ = store::MakeMemorySnapshotStore();
  const std::uint64_t durable = (*journal)->record_count();
  if (runs_->covered == 0 && durable > 0) world_.coverage.Add(Covered::kDecidedIdsReadAgain);
  options.ids = std::make_shared<SimulatedKeyIndex>(runs_, durable, kDecidedIdsPerRun);
  options.snapshots = snapshots_;
  absl::StatusOr<std::unique_ptr<bridge::BridgeEngine>> engine =
      bridge::BridgeEngine::Open(std::move(options), *std::move(journal));
  if (!engine.ok()) return engine.status();
  engine_ = *std::move(engine);
  snapshot_records_ = engine_->snapshot_records();
  if (snapshot_records_ > 0) world_.coverage.Add(Covered::kStartedFromLogSnapshot);
  TellMarket();
  tick_at_.reset();
  for (const bridge::SettlementView& view : engine_->ListOpen()) {
    const bool decided = view.state == bridge::SettlementState::kCommitted ||
                         view.state == bridge::SettlementState::kAborting;
    const bool certifying = view.state == bridge::SettlementState::kCertifying;
    world_.coverage.Add(decided      ? Covered::kResumedDecided
                        : certifying ? Covered::kResumedCertifying
                                     : Covered::kResumedUndecided);
  }
  ReportDecisions();
  world_.checkers->OnBridgeStart(*engine_, *disk());
  BeginPublishing(engine_->batch_count());
  After(core::Duration::Zero(), EventKind::kOther, [this] { ScheduleTick(); });
  return absl::OkStatus();
}

void BridgeNode::Stop() {
  engine_.reset();
  inbox_.clear();
  answers_.clear();
  waiting_.clear();
  busy_ = false;
}

absl::StatusOr<std::string> BridgeNode::ReadBatch(std::uint64_t number) const {
  return engine_->ReadBatchBytes(number);
}

std::string BridgeNode::CheckpointOf(const std::string& batch) const {
  const auto decoded = core::DecodeDecisionBatch(batch);
  CW_CHECK(decoded.ok(), "the engine writes batches that decode");
  return decoded->checkpoint;
}

void BridgeNode::RequestQuote(const AskQuote& ask, QuoteCallback callback) {
  Happen([this, ask, callback = std::move(callback)]() mutable {
    HandleQuote(ask, std::move(callback));
  });
}

void BridgeNode::SubmitSettlement(std::shared_ptr<const SubmitTerms> submit,
                                  SettlementCallback callback) {
  Happen([this, submit = std::move(submit), callback = std::move(callback)]() mutable {
    HandleSubmit(*submit, std::move(callback));
  });
}

void BridgeNode::AskDecision(std::shared_ptr<const SubmitTerms> submit,
                             SettlementCallback callback) {
  Happen([this, submit = std::move(submit), callback = std::move(callback)]() mutable {
    HandleAsk(*submit, std::move(callback));
  });
}

void BridgeNode::Happen(Event happened) {
  if (!up()) {
    world_.coverage.Add(Covered::kMessageToStoppedNode);
    return;
  }
  inbox_.push_back(std::move(happened));
  if (!busy_) Flush();
}

void BridgeNode::Flush() {
  busy_ = true;
  std::vector<Event> inbox = std::move(inbox_);
  inbox_.clear();
  for (Event& happened : inbox) {
    happened();
    if (!up()) return;  // it died of that
  }
  if (!engine_->Flush(now()).ok()) {
    Die();
    return;
  }
  WriteThen([this] { Finish(); });
}

void BridgeNode::Finish() {
  ReportDecisions();
  if (!Publish(engine_->batch_count())) return;
  KeepSnapshot();
  std::vector<Event> answers = std::move(answers_);
  answers_.clear();
  for (Event& answer : answers) answer();
  for (const bridge::LedgerRequest& request : engine_->TakeRequests()) Send(request);
  for (const bridge::WitnessCall& call : engine_->TakeWitnessCalls()) {
    if (!SendToWitness(call)) return;
  }
  for (const core::Hash256& id : engine_->TakeChanged()) {
    const std::optional<bridge::SettlementView> view = engine_->Find(id);
    if (!view) continue;
    CountState(*view);
    Answer(*view);
  }
  TellMarket();
  busy_ = false;
  ScheduleTick();
  if (!inbox_.empty()) Flush();
}

void BridgeNode::KeepSnapshot() {
  if (engine_->size() - snapshot_records_ < kRecordsPerLogSnapshot) return;
  snapshot_records_ = engine_->size();
  const absl::Status written = bridge::WriteLogSnapshot(
      engine_->Snapshot(), world_.plan.bridge->decision_log, {}, *snapshots_);
  CW_CHECK(written.ok(), "memory has room");
}

void BridgeNode::ReportDecisions() {
  const std::uint64_t durable = disk()->synced_blocks();
  reported_ = std::min(reported_, durable);
  for (; reported_ < durable; ++reported_) {
    const absl::StatusOr<std::string> bytes = engine_->ReadBatchBytes(reported_);
    if (!bytes.ok()) return;  // Publish dies of it
    const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(*bytes);
    CW_CHECK(batch.ok(), "the engine writes batches that decode");
    if (batch->decided.size() > 1) world_.coverage.Add(Covered::kSeveralDecidedAtOnce);
    world_.checkers->OnDecisionBatch(*batch, *disk());
  }
}

void BridgeNode::OnClockSet() {
  if (!up()) return;
  tick_at_.reset();
  ScheduleTick();
}

void BridgeNode::ScheduleTick() {
  const std::optional<core::LedgerTime> due = engine_->next_timer();
  if (!due || (tick_at_ && *tick_at_ <= *due)) return;
  tick_at_ = due;
  const core::Duration wait = world_.clocks.TrueTime(index(), *due) - world_.clock.now();
  After(std::max(wait, core::Duration::Zero()), EventKind::kOther, [this, number = ++tick_number_] {
    if (number != tick_number_ || !tick_at_) return;  // an earlier one took its place
    world_.clock.CountTimer();
    tick_at_.reset();
    Happen([this] { engine_->Tick(now()); });
  });
}

void BridgeNode::Send(const bridge::LedgerRequest& request) {
  const bool prepare = request.kind == bridge::RequestKind::kPrepare;
  if (request.attempt > 1) {
    world_.coverage.Add(prepare ? Covered::kPrepareRepeated : Covered::kCompletionRepeated);
  }
  if (ShowsSecondLog(request)) {
    SendSecondLog(request);
    return;
  }
  // What is needed of it when the answer comes.
  bridge::LedgerRequest asked;
  asked.kind = request.kind;
  asked.ledger = request.ledger;
  asked.settlement_id = request.settlement_id;
  auto shared = std::make_shared<const bridge::LedgerRequest>(std::move(asked));
  auto items = std::make_shared<std::vector<core::Item>>();
  if (prepare) {
    items->push_back(bridge::ItemOf(request));
  } else if (equivocated_.empty()) {
    items->push_back(codec::MakeCompletionItem(request.completion));
  } else {
    const auto lie = equivocated_.find(request.settlement_id);
    const std::optional<bridge::SettlementView> view = engine_->Find(request.settlement_id);
    const bool lies = lie != equivocated_.end() && view && !view->ledgers.empty() &&
                      view->state == bridge::SettlementState::kCommitted &&
                      view->ledgers.front().ledger == request.ledger;
    if (lies) world_.coverage.Add(Covered::kBridgeEquivocated);
    items->push_back(codec::MakeCompletionItem(lies ? lie->second : request.completion));
  }
  const std::optional<LedgerIndex> ledger = world_.plan.FindLedger(request.ledger);
  CW_CHECK(ledger.has_value(), "the policy names ledgers of the plan");
  world_.network.Send(index(), world_.nodes.Ledger(*ledger),
                      [this, shared = std::move(shared),
                       items = std::shared_ptr<const std::vector<core::Item>>(std::move(items))] {
                        Arrive(shared, items);
                      });
}

bool BridgeNode::SendToWitness(const bridge::WitnessCall& call) {
  const std::vector<PlannedWitness>& planned = world_.plan.bridge->witnesses;
  const auto found =
      std::find_if(planned.begin(), planned.end(),
                   [&](const PlannedWitness& witness) { return witness.name == call.witness; });
  CW_CHECK(found != planned.end() && witnesses_ != nullptr,
           "the policy names the plan's witnesses");
  const auto position = static_cast<std::size_t>(found - planned.begin());
  if (Withholds(position)) return true;
  WitnessNode& node = *(*witnesses_)[position];
  auto request = std::make_shared<core::WitnessRequest>();
  request->known = call.known;
  for (std::uint64_t i = 0; i < call.batch_count; ++i) {
    absl::StatusOr<std::string> batch = engine_->ReadBatchBytes(call.first_batch + i);
    if (!batch.ok()) {
      Die();
      return false;
    }
    request->batches.push_back(*std::move(batch));
  }
  world_.network.Send(index(), node.index(), [this, &node, request, name = call.witness] {
    node.Submit(*request, [this, &node, name](const witness::Answer& answer) {
      auto reply = std::make_shared<const witness::Answer>(answer);
      world_.network.Send(node.index(), index(), [this, name, reply] {
        Happen([this, name, reply] { engine_->OnWitnessAnswer(now(), name, *reply); });
      });
    });
  });
  return true;
}

// At the ledger.
void BridgeNode::Arrive(const std::shared_ptr<const bridge::LedgerRequest>& request,
                        const std::shared_ptr<const std::vector<core::Item>>& items) {
  LedgerNode& node = *ledgers_[*world_.plan.FindLedger(request->ledger)];
  if (!node.up() && refused_.Bernoulli(1, 2)) {
    world_.coverage.Add(Covered::kCallRefused);
    world_.network.Send(node.index(), index(), [this, request] {
      Happen([this, request] {
        engine_->OnSendFailed(now(), request->kind, request->settlement_id, request->ledger);
      });
    });
    return;
  }
  node.Submit(items, [this, &node, request](const std::vector<node::ItemReply>& replies) {
    auto reply = std::make_shared<const node::ItemReply>(replies.front());
    world_.network.Send(node.index(), index(), [this, request, reply] {
      Happen([this, request, reply] { OnLedgerReply(*request, *reply); });
    });
  });
}

void BridgeNode::OnLedgerReply(const bridge::LedgerRequest& request, const node::ItemReply& reply) {
  if (request.kind == bridge::RequestKind::kPrepare) {
    OnPrepareReply(request, reply);
    return;
  }
  std::variant<core::InstructionStatus, core::Rejection> answer = reply.result.settlement_status;
  if (reply.result.refused) {
    answer = *reply.result.refused;
    world_.coverage.Add(Covered::kCompletionRefused);
  } else if (!reply.result.sequenced) {
    world_.coverage.Add(Covered::kCompletionAnsweredAgain);
  }
  engine_->OnCompleteReply(now(), request.settlement_id, request.ledger, answer);
}

void BridgeNode::OnPrepareReply(const bridge::LedgerRequest& request,
                                const node::ItemReply& reply) {
  std::variant<std::string, core::Rejection> answer;
  if (reply.result.refused) {
    answer = *reply.result.refused;
    const core::Outcome why = reply.result.refused->outcome;
    world_.coverage.Add(Covered::kPrepareRefused);
    if (why == core::Outcome::kPastDeadline) world_.coverage.Add(Covered::kPreparePastDeadline);
    if (why == core::Outcome::kUnknownSettlementPolicy) {
      world_.coverage.Add(Covered::kPrepareRefusedByPolicy);
    }
    if (why == core::Outcome::kUnknownKey || why == core::Outcome::kTermsNotSignedByPayer) {
      world_.coverage.Add(Covered::kRefusedByKey);
    }
    if (why == core::Outcome::kSettlementAborted) {
      world_.coverage.Add(Covered::kLatePrepareMetAbort);
    }
  } else if (!reply.vote.empty()) {
    answer = reply.vote;
    if (!reply.result.sequenced) world_.coverage.Add(Covered::kPrepareAnsweredAgain);
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
  engine_->OnPrepareReply(now(), request.settlement_id, request.ledger, answer);
}

bool BridgeNode::IsKnown(const core::Hash256& id) const {
  const absl::StatusOr<bool> known = engine_->IsKnown(id);
  CW_CHECK(known.ok(), "what is decided is kept in memory here");
  return *known;
}

void BridgeNode::HandleSubmit(const SubmitTerms& submit, SettlementCallback callback) {
  const core::Hash256 id = core::SettlementIdOf(submit.terms.payload);
  const bool known = IsKnown(id);
  const auto answer = engine_->Submit(now(), submit.terms, submit.legs);
  const bool refused = std::holds_alternative<core::Rejection>(answer);
  if (refused) world_.coverage.Add(Covered::kSubmissionRefused);
  if (!refused && known) world_.coverage.Add(Covered::kSubmissionRepeated);
  if (!refused && !known) ConsiderLying(id, submit.terms.payload);
  AnswerSubmission(answer, std::move(callback));
}

void BridgeNode::HandleAsk(const SubmitTerms& submit, SettlementCallback callback) {
  const core::Hash256 id = core::SettlementIdOf(submit.terms.payload);
  const bool known = IsKnown(id);
  const auto answer = engine_->JudgeDeadline(now(), id, submit.terms.payload);
  if (const auto* rejection = std::get_if<core::Rejection>(&answer)) {
    if (rejection->outcome == core::Outcome::kNotFound) return;  // not past yet: asked again
  } else if (!known) {
    world_.coverage.Add(Covered::kAbortedUnseen);
  }
  AnswerSubmission(answer, std::move(callback));
}

void BridgeNode::AnswerSubmission(
    const std::variant<bridge::SettlementView, core::Rejection>& answer,
    SettlementCallback callback) {
  if (const auto* rejection = std::get_if<core::Rejection>(&answer)) {
    if (rejection->outcome == core::Outcome::kUnavailable) {
      Die();  // its operator stops it, to put back from a copy the record that cannot be read
      return;
    }
    SettlementReply reply{.status = core::InstructionStatus::kRejected, .rejection = *rejection};
    answers_.push_back([callback = std::move(callback), reply]() mutable { callback(reply); });
    return;
  }
  const core::Hash256 id = std::get<bridge::SettlementView>(answer).settlement_id;
  waiting_[id].push_back(std::move(callback));
  answers_.push_back([this, id] {
    world_.checkers->OnSubmissionKept(id);
    // It may be over already, when the same terms come again.
    if (const std::optional<bridge::SettlementView> view = engine_->Find(id)) Answer(*view);
  });
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
                                     .uetr = ask.uetr,
                                     .venue = ask.venue};
  std::variant<bridge::Quote, core::Rejection> answer = engine_->RequestQuote(
      now(), request, [this](std::size_t size) { return random_.Bytes(size); });
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
  answers_.push_back(
      [callback = std::move(callback), reply = std::move(reply)]() mutable { callback(reply); });
}

// What became of settlements that the market signed for. One that never was handed in has ended
// when its deadline is past.
void BridgeNode::TellMarket() {
  if (market_ == nullptr) return;
  for (const core::Hash256& id : market_->Undecided()) {
    const std::optional<bridge::SettlementView> view = engine_->Find(id);
    if (!view) {
      if (market_->IsPastDeadline(now(), id)) market_->OnDecided(now(), id, false);
      continue;
    }
    using State = bridge::SettlementState;
    if (view->state == State::kCommitted || view->state == State::kSettled) {
      market_->OnDecided(now(), id, true);
    } else if (view->state == State::kAborting || view->state == State::kAborted) {
      market_->OnDecided(now(), id, false);
    }
  }
}

void BridgeNode::Answer(const bridge::SettlementView& view) {
  const core::Hash256& id = view.settlement_id;
  const auto waiting = waiting_.find(id);
  if (waiting == waiting_.end()) return;
  const std::optional<SettlementReply> reply = OutcomeOf(view);
  if (!reply) return;
  std::vector<SettlementCallback> callbacks = std::move(waiting->second);
  waiting_.erase(waiting);
  world_.checkers->OnOutcomeTold(id, reply->status);
  for (SettlementCallback& callback : callbacks) callback(*reply);
}

void BridgeNode::CountState(const bridge::SettlementView& view) {
  Coverage& coverage = world_.coverage;
  switch (view.state) {
    case bridge::SettlementState::kAwaitingSignatures:
      coverage.Add(Covered::kAwaitingSignatures);
      break;
    case bridge::SettlementState::kPreparing:
      coverage.Add(Covered::kPreparing);
      break;
    case bridge::SettlementState::kCertifying:
      coverage.Add(Covered::kCertifying);
      break;
    case bridge::SettlementState::kCommitted:
      coverage.Add(Covered::kCommitted);
      break;
    case bridge::SettlementState::kSettled:
      coverage.Add(Covered::kSettled);
      break;
    case bridge::SettlementState::kAborting:
      coverage.Add(Covered::kAborting);
      break;
    case bridge::SettlementState::kAborted:
      coverage.Add(Covered::kAborted);
      if (!view.rejection) break;
      if (view.rejection->outcome == core::Outcome::kAbortOrdered) {
        coverage.Add(Covered::kAbortedByOrder);
        world_.checkers->OnAbortedByOrder(view);
        break;
      }
      coverage.Add(view.rejection->outcome == core::Outcome::kPastDeadline
                       ? Covered::kAbortedByDeadline
                       : Covered::kAbortedByRefusal);
      break;
    default:
      break;
  }
}

void BridgeNode::Begin(const ByzantineBridge* fault, core::RandomStream* random) {
  lies_.push_back({fault, random});
}

void BridgeNode::End(const ByzantineBridge* fault) {
  std::erase_if(lies_, [fault](const Lie& lie) { return lie.fault == fault; });
  if (second_ == nullptr || Equivocates() || engine_ == nullptr) return;
  if (!engine_->checkpoint().empty()) second_->Reveal(engine_->checkpoint());
}

bool BridgeNode::Equivocates() const {
  return std::any_of(lies_.begin(), lies_.end(), [](const Lie& lie) {
    return lie.fault->kind == ByzantineBridgeKind::kEquivocate;
  });
}

// A new settlement has come: the operator may lie about it.
void BridgeNode::ConsiderLying(const core::Hash256& id, std::string_view terms) {
  for (const auto& [fault, random] : lies_) {
    if (random->Uniform(kPerMille) >= fault->per_mille) continue;
    const absl::StatusOr<core::TermsHeader> header = codec::DecodeTerms(terms);
    CW_CHECK(header.ok(), "the engine took these terms");
    if (fault->kind != ByzantineBridgeKind::kEquivocate) {
      InventCommit(*header);
    } else if (world_.plan.bridge->policy.witnesses_needed > 0) {
      BeginSecondLog(id, header->policy_hash, *random);
    } else {
      equivocated_[id] = ForgeCompletion(world_.plan, keys_, *header, core::Verdict::kAbort, now());
    }
  }
}

void BridgeNode::InventCommit(const core::TermsHeader& terms) {
  world_.coverage.Add(Covered::kBridgeInventedCommit);
  auto items = std::make_shared<std::vector<core::Item>>();
  items->push_back(codec::MakeCompletionItem(
      ForgeCompletion(world_.plan, keys_, terms, core::Verdict::kCommit, now())));
  // Once they hold what it is about, which takes them a moment.
  After(kLieDelay, EventKind::kOther, [this, header = terms, items = std::move(items)] {
    for (const core::TermsLedger& each : header.ledgers) {
      LedgerNode& node = *ledgers_[*world_.plan.FindLedger(each.ledger)];
      world_.network.Send(index(), node.index(), [this, &node, items] {
        node.Submit(items, [this](const std::vector<node::ItemReply>& replies) {
          if (replies.front().result.refused) world_.coverage.Add(Covered::kCompletionRefused);
        });
      });
    }
  });
}

void BridgeNode::BeginSecondLog(const core::Hash256& id, const core::Hash256& policy_hash,
                                core::RandomStream& random) {
  if (second_ == nullptr) {
    std::vector<std::string> batches;
    for (std::uint64_t number = 0; number < disk()->synced_blocks(); ++number) {
      absl::StatusOr<std::string> batch = engine_->ReadBatchBytes(number);
      if (!batch.ok()) return;
      batches.push_back(*std::move(batch));
    }
    second_ = std::make_unique<SecondLog>(world_, keys_, *witnesses_, std::move(batches), random);
    PushSecondLog();
  }
  if (second_->Has(id)) return;
  second_->Abort(id, policy_hash, now());
  second_->Push();
}

void BridgeNode::PushSecondLog() {
  // The operator's own doing, whether the node is up or not.
  world_.clock.After(kSecondLogEvery, EventKind::kOther, [this] {
    if (Equivocates()) {
      second_->Push();
      PushSecondLog();
    }
  });
}

// To the first ledger of the terms, in place of a commit.
bool BridgeNode::ShowsSecondLog(const bridge::LedgerRequest& request) const {
  if (second_ == nullptr || request.kind != bridge::RequestKind::kComplete || !Equivocates() ||
      !second_->Has(request.settlement_id)) {
    return false;
  }
  const std::optional<bridge::SettlementView> view = engine_->Find(request.settlement_id);
  return view && !view->ledgers.empty() && view->state == bridge::SettlementState::kCommitted &&
         view->ledgers.front().ledger == request.ledger;
}

void BridgeNode::SendSecondLog(const bridge::LedgerRequest& request) {
  world_.coverage.Add(Covered::kBridgeEquivocatedBeforeWitnesses);
  auto items = std::make_shared<std::vector<core::Item>>();
  items->push_back(codec::MakeCompletionItem(second_->MakeCompletion(request.settlement_id)));
  LedgerNode& node = *ledgers_[*world_.plan.FindLedger(request.ledger)];
  world_.network.Send(
      index(), node.index(),
      [this, &node, items, id = request.settlement_id, ledger = request.ledger] {
        node.Submit(items, [this, &node, id, ledger](const std::vector<node::ItemReply>& replies) {
          if (replies.front().result.refused) world_.coverage.Add(Covered::kCompletionRefused);
          // Its own engine is none the wiser, and asks again.
          world_.network.Send(node.index(), index(), [this, id, ledger] {
            Happen([this, id, ledger] {
              engine_->OnSendFailed(now(), bridge::RequestKind::kComplete, id, ledger);
            });
          });
        });
      });
}

}  // namespace causeway::sim
