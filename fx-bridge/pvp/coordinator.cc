#include "fx-bridge/pvp/coordinator.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::pvp {
namespace {

// Refusals that say nothing about the settlement: the ledger was not able to look at it.
bool MayPass(const core::Rejection& rejection) {
  return rejection.outcome == core::Outcome::kOverloaded ||
         rejection.outcome == core::Outcome::kUnavailable;
}

core::Rejection PastDeadline(core::LedgerTime now, core::LedgerTime deadline) {
  core::Rejection rejection;
  rejection.outcome = core::Outcome::kPastDeadline;
  rejection.message = fmt::format("the deadline {} of the terms is past; it is {}",
                                  deadline.ToString(), now.ToString());
  return rejection;
}

constexpr core::Duration kTick = core::Duration::FromMicros(1);

core::Rejection Full(std::string message) {
  return {.outcome = core::Outcome::kOverloaded, .message = std::move(message)};
}

// Whether `taken` has reached its share of what is free. Rounded up, so that a share of what is
// left is never nothing while something is left.
bool Fills(const Load& taken, const Load& free, std::size_t divisor) {
  return taken.count >= (free.count + divisor - 1) / divisor ||
         taken.bytes >= (free.bytes + divisor - 1) / divisor;
}

template <typename Key>
void Shift(absl::btree_map<Key, Load>& loads, const Key& key, bool up, std::size_t bytes) {
  Load& load = loads[key];
  load.count = up ? load.count + 1 : load.count - 1;
  load.bytes = up ? load.bytes + bytes : load.bytes - bytes;
  if (load.count == 0) loads.erase(key);
}

}  // namespace

std::string_view SettlementStateName(SettlementState state) {
  switch (state) {
    case SettlementState::kNone:
      return "none";
    case SettlementState::kAwaitingSignatures:
      return "awaiting-signatures";
    case SettlementState::kPreparing:
      return "preparing";
    case SettlementState::kCommitted:
      return "committed";
    case SettlementState::kSettled:
      return "settled";
    case SettlementState::kAborting:
      return "aborting";
    case SettlementState::kAborted:
      return "aborted";
    case SettlementState::kCertifying:
      return "certifying";
    case SettlementState::kAbortOrdered:
      return "abort-ordered";
  }
  return "unknown";
}

absl::Status CoordinatorOptions::Check() const {
  if (retry_delay_first <= core::Duration::Zero()) {
    return absl::InvalidArgumentError("retry_delay_first: must be more than zero");
  }
  if (retry_delay_max < retry_delay_first) {
    return absl::InvalidArgumentError("retry_delay_max: must not be below retry_delay_first");
  }
  if (answer_wait_max <= core::Duration::Zero()) {
    return absl::InvalidArgumentError("answer_wait_max: must be more than zero");
  }
  if (open_max == 0) return absl::InvalidArgumentError("open_max: must be 1 or more");
  if (open_bytes_max == 0) return absl::InvalidArgumentError("open_bytes_max: must be 1 or more");
  return absl::OkStatus();
}

Coordinator::Coordinator(const CoordinatorOptions& options) : options_(options) {
  CW_CHECK(options.Check().ok(), "coordinator options are checked by the caller");
}

Coordinator::Settlement& Coordinator::Add(const core::TermsHeader& terms,
                                          core::LedgerTime submitted, Handover handover) {
  Settlement settlement;
  settlement.order = next_order_++;
  settlement.handover = std::move(handover);
  settlement.deadline = terms.deadline;
  settlement.submitted = submitted;
  settlement.timer = core::LedgerTime::Max();
  for (const core::TermsLedger& ledger : terms.ledgers) {
    LedgerState state;
    state.ledger = ledger.ledger;
    state.retry_at = core::LedgerTime::Min();
    settlement.ledgers.push_back(std::move(state));
  }
  CW_CHECK(!settlement.ledgers.empty(), "terms name at least one ledger");
  const auto [place, added] = open_.emplace(terms.settlement_id, std::move(settlement));
  CW_CHECK(added, "a settlement is added once");
  ++load_.count;
  load_.bytes += place->second.handover.bytes;
  Touch(terms.settlement_id);
  return place->second;
}

std::optional<core::Rejection> Coordinator::CheckShares(
    const Handover& handover, const absl::btree_map<core::ParticipantId, Load>& taken,
    std::size_t divisor, std::string_view what) const {
  const Load free = {options_.open_max - load_.count, options_.open_bytes_max - load_.bytes};
  for (const core::ParticipantId& participant : handover.by) {
    const auto place = taken.find(participant);
    if (place == taken.end() || !Fills(place->second, free, divisor)) continue;
    return Full(fmt::format(
        "{} settlements ({} bytes) {} {}, which is the most while {} more ({} bytes) may be open; "
        "try again later",
        place->second.count, place->second.bytes, what, participant.text(), free.count,
        free.bytes));
  }
  return std::nullopt;
}

std::optional<core::Rejection> Coordinator::CheckRoom(const core::TermsHeader& terms,
                                                      const Handover& handover) const {
  if (load_.count >= options_.open_max) {
    return Full(
        fmt::format("{} settlements are open, which is the most; try again later", load_.count));
  }
  if (load_.bytes + handover.bytes > options_.open_bytes_max) {
    return Full(fmt::format("open settlements take {} bytes of at most {}; try again later",
                            load_.bytes, options_.open_bytes_max));
  }
  const Load free = {options_.open_max - load_.count, options_.open_bytes_max - load_.bytes};
  for (const core::TermsLedger& ledger : terms.ledgers) {
    const Load waiting = WaitingFor(ledger.ledger);
    if (waiting.count == 0 || !Fills(waiting, free, 1)) continue;
    return Full(fmt::format(
        "{} settlements ({} bytes) wait for an answer of ledger {}, which is the most while {} "
        "more ({} bytes) may be open; others go on, try this one again later",
        waiting.count, waiting.bytes, ledger.ledger.text(), free.count, free.bytes));
  }
  return std::nullopt;
}

Load Coordinator::WaitingFor(const core::LedgerOrigin& ledger) const {
  const auto place = waiting_.find(ledger);
  return place == waiting_.end() ? Load{} : place->second;
}

void Coordinator::Count(Settlement& settlement) {
  const bool completing = settlement.state == SettlementState::kCommitted ||
                          settlement.state == SettlementState::kAborting;
  // A ledger that did not vote is waited for while its abort is being certified too.
  const bool voting = (settlement.state == SettlementState::kPreparing ||
                       settlement.state == SettlementState::kCertifying) &&
                      settlement.verdict != core::Verdict::kCommit;
  for (LedgerState& ledger : settlement.ledgers) {
    const bool waits = (completing && !ledger.complete) || (voting && !ledger.vote.has_value());
    if (waits == ledger.counted) continue;
    Shift(waiting_, ledger.ledger, waits, settlement.handover.bytes);
    ledger.counted = waits;
  }
  const bool finished = settlement.state == SettlementState::kSettled ||
                        settlement.state == SettlementState::kAborted;
  const bool counts =
      settlement.unseen ? !finished : settlement.state == SettlementState::kAwaitingSignatures;
  if (counts == settlement.counted) return;
  for (const core::ParticipantId& participant : settlement.handover.by) {
    Shift(settlement.unseen ? asked_ : handed_in_, participant, counts, settlement.handover.bytes);
  }
  settlement.counted = counts;
}

std::optional<core::Rejection> Coordinator::Submit(core::LedgerTime now,
                                                   const core::TermsHeader& terms,
                                                   std::vector<RequiredSigner> required,
                                                   Handover handover) {
  if (IsOpen(terms.settlement_id)) {
    core::Rejection rejection;
    rejection.outcome = core::Outcome::kSettlementConflict;
    rejection.message = "the settlement is open already";
    return rejection;
  }
  if (now > terms.deadline) return PastDeadline(now, terms.deadline);
  if (auto full = CheckRoom(terms, handover)) return full;
  if (!required.empty()) {
    if (auto full = CheckShares(handover, handed_in_, kSignerRoomDivisor,
                                "wait to be signed by others than")) {
      return full;
    }
  }
  Settlement& settlement = Add(terms, now, std::move(handover));
  settlement.required = std::move(required);
  if (settlement.required.empty()) {
    StartPreparing(now, terms.settlement_id, settlement);
  } else {
    settlement.state = SettlementState::kAwaitingSignatures;
    ResetTimer(terms.settlement_id, settlement);
  }
  return std::nullopt;
}

std::optional<core::Rejection> Coordinator::SubmitExpired(core::LedgerTime now,
                                                          const core::TermsHeader& terms,
                                                          Handover handover) {
  CW_CHECK(now > terms.deadline, "only an expired settlement is aborted unseen");
  if (auto full = CheckRoom(terms, handover)) return full;
  if (auto full =
          CheckShares(handover, asked_, kAskerRoomDivisor, "are being aborted unseen for")) {
    return full;
  }
  Settlement& settlement = Add(terms, now, std::move(handover));
  settlement.unseen = true;
  settlement.state = SettlementState::kPreparing;
  settlement.rejection = PastDeadline(now, terms.deadline);
  MarkRipe(terms.settlement_id, settlement);
  ResetTimer(terms.settlement_id, settlement);
  return std::nullopt;
}

Coordinator::Settlement* Coordinator::FindUndecided(const core::Hash256& id) {
  const auto place = open_.find(id);
  if (place == open_.end() || place->second.verdict != core::Verdict::kNone) return nullptr;
  return &place->second;
}

Coordinator::LedgerState* Coordinator::FindLedger(Settlement& settlement,
                                                  const core::LedgerOrigin& ledger) {
  for (LedgerState& state : settlement.ledgers) {
    if (state.ledger == ledger) return &state;
  }
  return nullptr;
}

void Coordinator::OnSigned(core::LedgerTime now, const core::Hash256& id,
                           const RequiredSigner& signer) {
  Settlement* settlement = FindUndecided(id);
  if (settlement == nullptr || settlement->state != SettlementState::kAwaitingSignatures) return;
  if (std::erase(settlement->required, signer) == 0) return;
  Touch(id);
  if (settlement->required.empty()) StartPreparing(now, id, *settlement);
}

void Coordinator::StartPreparing(core::LedgerTime now, const core::Hash256& id,
                                 Settlement& settlement) {
  settlement.state = SettlementState::kPreparing;
  Touch(id);
  if (now > settlement.deadline) {
    settlement.rejection = PastDeadline(now, settlement.deadline);
    MarkRipe(id, settlement);
  } else {
    AskDue(now, id, settlement);
  }
  ResetTimer(id, settlement);
}

void Coordinator::Ask(core::LedgerTime now, RequestKind kind, const core::Hash256& id,
                      LedgerState& ledger) {
  ++ledger.attempts;
  ledger.retry_at = now + options_.answer_wait_max;
  requests_.push_back({kind, id, ledger.ledger, ledger.attempts});
}

void Coordinator::AskDue(core::LedgerTime now, const core::Hash256& id, Settlement& settlement) {
  const bool decided = settlement.verdict != core::Verdict::kNone;
  const RequestKind kind = decided ? RequestKind::kComplete : RequestKind::kPrepare;
  for (LedgerState& ledger : settlement.ledgers) {
    const bool answered = decided ? ledger.complete : ledger.vote.has_value();
    if (!answered && ledger.retry_at <= now) Ask(now, kind, id, ledger);
  }
}

void Coordinator::OnPrepared(core::LedgerTime, const core::Hash256& id,
                             const core::LedgerOrigin& ledger, VerifiedVote vote) {
  Settlement* settlement = FindUndecided(id);
  if (settlement == nullptr || settlement->state != SettlementState::kPreparing) return;
  LedgerState* state = FindLedger(*settlement, ledger);
  if (state == nullptr || state->vote.has_value()) return;
  state->vote = std::move(vote);
  Touch(id);
  const bool all = std::all_of(settlement->ledgers.begin(), settlement->ledgers.end(),
                               [](const LedgerState& each) { return each.vote.has_value(); });
  if (all) MarkRipe(id, *settlement);
  ResetTimer(id, *settlement);
}

void Coordinator::OnPrepareRefused(core::LedgerTime now, const core::Hash256& id,
                                   const core::LedgerOrigin& ledger,
                                   const core::Rejection& rejection) {
  if (MayPass(rejection)) {
    OnFailed(now, RequestKind::kPrepare, id, ledger, rejection);
    return;
  }
  Settlement* settlement = FindUndecided(id);
  if (settlement == nullptr || settlement->state != SettlementState::kPreparing) return;
  const LedgerState* state = FindLedger(*settlement, ledger);
  // A ledger that has voted is bound by its vote, whatever a late message says.
  if (state == nullptr || state->vote.has_value() || settlement->rejection.has_value()) return;
  settlement->rejection = rejection;
  Touch(id);
  MarkRipe(id, *settlement);
  ResetTimer(id, *settlement);
}

void Coordinator::OnCompleted(core::LedgerTime, const core::Hash256& id,
                              const core::LedgerOrigin& ledger) {
  const auto place = open_.find(id);
  if (place == open_.end()) return;
  Settlement& settlement = place->second;
  const bool committed = settlement.state == SettlementState::kCommitted;
  if (!committed && settlement.state != SettlementState::kAborting) return;
  LedgerState* state = FindLedger(settlement, ledger);
  if (state == nullptr || state->complete) return;
  state->complete = true;
  Touch(id);
  const bool all = std::all_of(settlement.ledgers.begin(), settlement.ledgers.end(),
                               [](const LedgerState& each) { return each.complete; });
  if (!all) {
    ResetTimer(id, settlement);
    return;
  }
  settlement.state = committed ? SettlementState::kSettled : SettlementState::kAborted;
  Count(settlement);
  --load_.count;
  load_.bytes -= settlement.handover.bytes;
  finished_.push_back(ViewOf(id, settlement));
  timers_.erase({settlement.timer, id});
  open_.erase(place);
}

void Coordinator::OnFailed(core::LedgerTime now, RequestKind kind, const core::Hash256& id,
                           const core::LedgerOrigin& ledger, const core::Rejection& why) {
  const auto place = open_.find(id);
  if (place == open_.end()) return;
  Settlement& settlement = place->second;
  const bool preparing = settlement.state == SettlementState::kPreparing;
  const bool completing = settlement.state == SettlementState::kCommitted ||
                          settlement.state == SettlementState::kAborting;
  if (kind == RequestKind::kPrepare ? !preparing : !completing) return;
  LedgerState* state = FindLedger(settlement, ledger);
  if (state == nullptr) return;
  // Only ever earlier: a late failure of an old attempt must not put off the retry of a newer one.
  state->retry_at = std::min(state->retry_at, now + RetryDelay(state->attempts));
  state->failure = why;
  state->failed = now;
  ResetTimer(id, settlement);
}

void Coordinator::Abort(const core::Hash256& id, const core::Rejection& why) {
  Settlement* settlement = FindUndecided(id);
  if (settlement == nullptr) return;
  // What made it ripe for an abort before stays the reason.
  if (!settlement->rejection.has_value()) settlement->rejection = why;
  Touch(id);
  MarkRipe(id, *settlement);
  ResetTimer(id, *settlement);
}

void Coordinator::Tick(core::LedgerTime now) {
  // Collected first: handling a timer sets the next one.
  std::vector<core::Hash256> due;
  for (const auto& [time, id] : timers_) {
    if (time > now) break;
    due.push_back(id);
  }
  for (const core::Hash256& id : due) {
    Settlement& settlement = open_.find(id)->second;
    const bool undecided = settlement.verdict == core::Verdict::kNone;
    if (undecided && now > settlement.deadline) {
      settlement.rejection = PastDeadline(now, settlement.deadline);
      Touch(id);
      MarkRipe(id, settlement);
    } else {
      AskDue(now, id, settlement);
    }
    ResetTimer(id, settlement);
  }
}

void Coordinator::MarkRipe(const core::Hash256& id, const Settlement& settlement) {
  ripe_.insert({settlement.order, id});
}

std::vector<Judgement> Coordinator::Judge(core::LedgerTime now, std::size_t count_max,
                                          const std::function<bool(const Judgement&)>& fills) {
  std::vector<Judgement> judgements;
  bool full = false;
  while (!ripe_.empty() && !full && judgements.size() < count_max) {
    const core::Hash256 id = ripe_.begin()->second;
    ripe_.erase(ripe_.begin());
    Settlement& settlement = open_.find(id)->second;
    CW_CHECK(settlement.verdict == core::Verdict::kNone, "a settlement is judged once");
    Judgement judgement;
    judgement.settlement_id = id;
    if (!settlement.rejection.has_value() && now > settlement.deadline) {
      settlement.rejection = PastDeadline(now, settlement.deadline);
    }
    if (settlement.rejection.has_value()) {
      judgement.verdict = core::Verdict::kAbort;
      judgement.rejection = *settlement.rejection;
    } else {
      judgement.verdict = core::Verdict::kCommit;
      for (const LedgerState& ledger : settlement.ledgers) {
        CW_CHECK(ledger.vote.has_value(), "a commit has a vote of every ledger in the terms");
        judgement.votes.push_back(*ledger.vote);
      }
    }
    settlement.verdict = judgement.verdict;
    ResetTimer(id, settlement);
    full = fills && fills(judgement);
    judgements.push_back(std::move(judgement));
  }
  return judgements;
}

void Coordinator::OnDecided(core::LedgerTime now, const core::Hash256& id) {
  const auto place = open_.find(id);
  CW_CHECK(place != open_.end(), "a decision is of an open settlement");
  Settlement& settlement = place->second;
  CW_CHECK(settlement.verdict != core::Verdict::kNone, "a decision is judged before it is durable");
  CW_CHECK(settlement.state == SettlementState::kPreparing ||
               settlement.state == SettlementState::kAwaitingSignatures,
           "a settlement is decided once");
  settlement.state = SettlementState::kCertifying;
  settlement.decided = now;
  Touch(id);
  ResetTimer(id, settlement);
}

void Coordinator::OnCertified(core::LedgerTime now, const core::Hash256& id) {
  const auto place = open_.find(id);
  CW_CHECK(place != open_.end(), "a certificate is of an open settlement");
  Settlement& settlement = place->second;
  CW_CHECK(settlement.state == SettlementState::kCertifying,
           "a settlement is certified once, after it is decided");
  settlement.state = settlement.verdict == core::Verdict::kCommit ? SettlementState::kCommitted
                                                                  : SettlementState::kAborting;
  for (LedgerState& ledger : settlement.ledgers) {
    ledger.attempts = 0;
    ledger.retry_at = core::LedgerTime::Min();
    ledger.failure.reset();
    ledger.failed = {};
  }
  Touch(id);
  AskDue(now, id, settlement);
  ResetTimer(id, settlement);
}

void Coordinator::RestoreDecided(const core::TermsHeader& terms, core::Verdict verdict,
                                 core::LedgerTime submitted, core::LedgerTime decided,
                                 const std::optional<core::Rejection>& rejection, bool certified,
                                 Handover handover) {
  CW_CHECK(verdict != core::Verdict::kNone, "a restored decision has a verdict");
  Settlement& settlement = Add(terms, submitted, std::move(handover));
  settlement.verdict = verdict;
  settlement.state =
      verdict == core::Verdict::kCommit ? SettlementState::kCommitted : SettlementState::kAborting;
  if (!certified) settlement.state = SettlementState::kCertifying;
  settlement.decided = decided;
  settlement.rejection = rejection;
  ResetTimer(terms.settlement_id, settlement);
}

void Coordinator::RestoreUndecided(const core::TermsHeader& terms, core::LedgerTime submitted,
                                   std::vector<RequiredSigner> required, Handover handover) {
  Settlement& settlement = Add(terms, submitted, std::move(handover));
  settlement.required = std::move(required);
  settlement.state = settlement.required.empty() ? SettlementState::kPreparing
                                                 : SettlementState::kAwaitingSignatures;
  ResetTimer(terms.settlement_id, settlement);
}

std::vector<Request> Coordinator::TakeRequests() { return std::exchange(requests_, {}); }

std::vector<core::Hash256> Coordinator::TakeChanged() {
  std::vector<core::Hash256> changed(changed_.begin(), changed_.end());
  changed_.clear();
  return changed;
}

std::vector<SettlementView> Coordinator::TakeFinished() { return std::exchange(finished_, {}); }

SettlementView Coordinator::ViewOf(const core::Hash256& id, const Settlement& settlement) {
  SettlementView view;
  view.settlement_id = id;
  view.state = settlement.state;
  view.rejection = settlement.rejection;
  view.deadline = settlement.deadline;
  view.submitted = settlement.submitted;
  view.decided = settlement.decided;
  for (const LedgerState& ledger : settlement.ledgers) {
    // A vote that a commit rests on is known, also when a restart has forgotten the reply.
    const bool prepared = ledger.vote.has_value() || settlement.verdict == core::Verdict::kCommit;
    view.ledgers.push_back(
        {ledger.ledger, prepared, ledger.complete, ledger.attempts, ledger.failure, ledger.failed});
  }
  for (const RequiredSigner& signer : settlement.required) {
    view.awaiting.push_back(signer.participant);
  }
  std::sort(view.awaiting.begin(), view.awaiting.end());
  view.awaiting.erase(std::unique(view.awaiting.begin(), view.awaiting.end()), view.awaiting.end());
  return view;
}

std::optional<SettlementView> Coordinator::Find(const core::Hash256& id) const {
  const auto place = open_.find(id);
  if (place == open_.end()) return std::nullopt;
  return ViewOf(id, place->second);
}

std::vector<SettlementView> Coordinator::ListOpen() const {
  std::vector<std::pair<std::uint64_t, const core::Hash256*>> order;
  for (const auto& [id, settlement] : open_) order.emplace_back(settlement.order, &id);
  std::sort(order.begin(), order.end());
  std::vector<SettlementView> views;
  views.reserve(order.size());
  for (const auto& [number, id] : order) views.push_back(ViewOf(*id, open_.find(*id)->second));
  return views;
}

std::vector<OpenPlace> Coordinator::OpenPlaces(const std::optional<OpenPlace>& after) const {
  std::vector<OpenPlace> places;
  for (const auto& [id, settlement] : open_) {
    const OpenPlace place{settlement.submitted, id};
    if (!after.has_value() || *after < place) places.push_back(place);
  }
  std::sort(places.begin(), places.end());
  return places;
}

std::optional<core::LedgerTime> Coordinator::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Coordinator::ResetTimer(const core::Hash256& id, Settlement& settlement) {
  Count(settlement);
  timers_.erase({settlement.timer, id});
  core::LedgerTime timer = core::LedgerTime::Max();
  const bool judged = settlement.verdict != core::Verdict::kNone;
  const bool ripe = !judged && ripe_.contains({settlement.order, id});
  switch (settlement.state) {
    case SettlementState::kAwaitingSignatures:
      if (!judged && !ripe) timer = settlement.deadline + kTick;
      break;
    case SettlementState::kPreparing:
      if (judged || ripe) break;
      timer = settlement.deadline + kTick;
      for (const LedgerState& ledger : settlement.ledgers) {
        if (!ledger.vote.has_value()) timer = std::min(timer, ledger.retry_at);
      }
      break;
    case SettlementState::kCommitted:
    case SettlementState::kAborting:
      for (const LedgerState& ledger : settlement.ledgers) {
        if (!ledger.complete) timer = std::min(timer, ledger.retry_at);
      }
      break;
    default:
      break;
  }
  settlement.timer = timer;
  if (timer != core::LedgerTime::Max()) timers_.insert({timer, id});
}

core::Duration Coordinator::RetryDelay(std::uint32_t attempts) const {
  core::Duration delay = options_.retry_delay_first;
  for (std::uint32_t i = 1; i < attempts && delay < options_.retry_delay_max; ++i) {
    delay = delay + delay;
  }
  return std::min(delay, options_.retry_delay_max);
}

}  // namespace causeway::pvp
