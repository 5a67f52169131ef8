#include "fx-bridge/engine/queue_desk.h"

#include <algorithm>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/settlement.h"

namespace causeway::bridge {
namespace {

// Events of one block, so that no block grows without bound.
constexpr std::size_t kQueueEventsPerBlockMax = 4096;
constexpr std::size_t kQueueIdBytes = 8;

absl::Status QueueLogDamaged(std::uint64_t block, std::string_view what) {
  return absl::DataLossError(fmt::format("settlement queue: block {}: {}", block, what));
}

absl::Status CheckQueueOptions(const QueueOptions& options) {
  if (options.keys == nullptr || options.verifier == nullptr || !options.random) {
    return absl::InvalidArgumentError("settlement queue: keys, verifier and random must be given");
  }
  if (absl::Status status = QueueDesk::CheckMembers(options.members); !status.ok()) return status;
  if (options.rules.every <= core::Duration::Zero() ||
      options.rules.answer_timeout <= core::Duration::Zero() ||
      options.settlement_window <= core::Duration::Zero()) {
    return absl::InvalidArgumentError("settlement queue: times must be above zero");
  }
  if (options.rules.exact_max > fx_liquidity::kExactSettlementsMax) {
    return absl::InvalidArgumentError(fmt::format("settlement queue: exact_max: the most is {}",
                                                  fx_liquidity::kExactSettlementsMax));
  }
  if (options.trades_max == 0 || options.trades_max > kQueueTradesMax) {
    return absl::InvalidArgumentError(
        fmt::format("settlement queue: trades_max: must be 1 to {}", kQueueTradesMax));
  }
  return absl::OkStatus();
}

// The greatest multiple of `every` that is not after `now`.
core::LedgerTime LastRunTime(core::LedgerTime now, core::Duration every) {
  return core::LedgerTime::FromMicros(now.micros() - now.micros() % every.micros());
}

}  // namespace

absl::Status QueueDesk::CheckMembers(const QueueMembers& members) {
  if (members.size() < 2 || members.size() > kQueueMembersMax) {
    return absl::InvalidArgumentError(
        fmt::format("members: there are {}; must be 2 to {}", members.size(), kQueueMembersMax));
  }
  std::map<core::LedgerOrigin, core::Currency> currencies;
  for (const auto& [member, accounts] : members) {
    for (const auto& [ledger, account] : accounts) {
      const core::Currency currency = currencies.emplace(ledger, account.currency()).first->second;
      if (currency == account.currency()) continue;
      return absl::InvalidArgumentError(
          fmt::format("members: {} has an account in {} on {}, others in {}", member.text(),
                      account.currency().code(), ledger.text(), currency.code()));
    }
  }
  if (currencies.size() < 2 || currencies.size() > core::kSettlementLedgersMax) {
    return absl::InvalidArgumentError(
        fmt::format("members: have accounts on {} ledgers; must be 2 to {}", currencies.size(),
                    core::kSettlementLedgersMax));
  }
  return absl::OkStatus();
}

store::JournalIdentity QueueDesk::JournalIdentityOf(const core::LedgerOrigin& decision_log) {
  store::JournalIdentity identity;
  identity.kind = kQueueJournalKind;
  identity.name = decision_log.ToString();
  return identity;
}

QueueDesk::QueueDesk(QueueOptions options, std::unique_ptr<store::Journal> journal)
    : options_(std::move(options)),
      journal_(std::move(journal)),
      rules_(options_.rules),
      // What currencies are worth to one another is not known here: trades count alike.
      machine_(options_.rules, [](const fx_queue::Trade&) { return core::Amount::FromMinor(1); }) {}

absl::StatusOr<std::unique_ptr<QueueDesk>> QueueDesk::Open(QueueOptions options,
                                                           std::unique_ptr<store::Journal> journal,
                                                           core::LedgerTime now) {
  if (absl::Status status = CheckQueueOptions(options); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<QueueDesk>> restored =
      Restore(std::move(options), std::move(journal));
  if (!restored.ok()) return restored.status();
  std::unique_ptr<QueueDesk> desk = *std::move(restored);
  if (absl::Status status = desk->Replay(); !status.ok()) return status;
  if (absl::Status status = desk->CheckReplayed(); !status.ok()) return status;
  const core::LedgerTime time = desk->Clamp(now);
  if (!desk->machine_.is_open() || desk->rules_ != desk->options_.rules) {
    desk->Happen(time, QueueRuled{desk->options_.rules});
  }
  desk->to_submit_.clear();
  for (const std::uint32_t attempt : desk->machine_.attempts()) {
    if (desk->machine_.FindAttempt(attempt)->submitted) desk->to_submit_.insert(attempt);
  }
  desk->next_run_ = LastRunTime(time, desk->rules_.every) + desk->rules_.every;
  return desk;
}

absl::Status QueueDesk::Replay() {
  for (std::uint64_t number = replayed_from_; number < journal_->block_count(); ++number) {
    const absl::StatusOr<store::Block> block = journal_->Read(number);
    if (!block.ok()) return block.status();
    log_bytes_ += block->body.size();
    const absl::StatusOr<std::vector<QueueEvent>> events = DecodeQueueEvents(block->body);
    if (!events.ok()) return QueueLogDamaged(number, std::string(events.status().message()));
    if (events->size() != block->count) {
      return QueueLogDamaged(number, "does not hold as many events as it says");
    }
    for (const QueueEvent& event : *events) {
      if (!MayApply(event)) return QueueLogDamaged(number, "has an event that does not follow");
      Apply(event);
      latest_ = event.at;
    }
  }
  return absl::OkStatus();
}

absl::Status QueueDesk::CheckReplayed() const {
  for (const auto& [number, attempt] : attempts_) {
    if (attempt.terms.terms.empty()) {
      return absl::DataLossError(fmt::format("settlement queue: attempt {} has no terms", number));
    }
  }
  for (const auto& [index, record] : trades_) {
    if (record.ended != core::LedgerTime()) continue;
    if (const auto refused = CheckTrade(record.trade.valid_until, record.trade)) {
      return absl::FailedPreconditionError(fmt::format("settlement queue: trade {} waits here: {}",
                                                       record.id.ToHex(),
                                                       core::Describe(*refused)));
    }
  }
  return absl::OkStatus();
}

bool QueueDesk::MayApply(const QueueEvent& event) const {
  if (event.at < latest_) return false;
  if (!machine_.is_open()) return std::holds_alternative<QueueRuled>(event.what);
  if (const auto* made = std::get_if<AttemptMade>(&event.what)) {
    const auto found = attempts_.find(made->attempt);
    return found != attempts_.end() && found->second.terms.terms.empty() &&
           !made->terms.terms.empty();
  }
  if (const auto* ended = std::get_if<AttemptEnded>(&event.what)) {
    const fx_queue::NetAttempt* attempt = machine_.FindAttempt(ended->attempt);
    if (attempt == nullptr || !attempt->submitted) return false;
    return !ended->blamed || (ended->blamed->first < attempt->legs.size() &&
                              FindMember(ended->blamed->second).has_value());
  }
  const auto is_of_party = [](const core::Envelope& envelope, const core::ParticipantId& by) {
    const auto trade = core::DecodeQueuedTrade(envelope.payload);
    return trade.ok() && (trade->sides[0].party == by || trade->sides[1].party == by);
  };
  if (const auto* entered = std::get_if<TradeEntered>(&event.what)) {
    return is_of_party(entered->trade, entered->by);
  }
  if (const auto* withdrawn = std::get_if<TradeWithdrawn>(&event.what)) {
    const auto withdrawal = core::DecodeTradeWithdrawal(withdrawn->withdrawal.payload);
    const auto found = withdrawal.ok() ? index_.find(withdrawal->trade) : index_.end();
    if (found == index_.end()) return false;
    const core::QueuedTrade& trade = trades_.at(found->second).trade;
    return trade.sides[0].party == withdrawn->by || trade.sides[1].party == withdrawn->by;
  }
  return true;
}

core::LedgerTime QueueDesk::Clamp(core::LedgerTime now) {
  latest_ = std::max(latest_, now);
  return latest_;
}

void QueueDesk::Happen(core::LedgerTime at, decltype(QueueEvent::what) what) {
  QueueEvent event{at, std::move(what)};
  Apply(event);
  unsaved_.push_back(std::move(event));
  for (const std::uint32_t attempt : std::exchange(to_make_, {})) MakeTerms(at, attempt);
}

void QueueDesk::Apply(const QueueEvent& event) {
  ForgetOld(event.at);
  std::visit([&](const auto& what) { ApplyOne(event.at, what); }, event.what);
  machine_.ForgetReports();
}

void QueueDesk::ForgetOld(core::LedgerTime at) {
  while (!forget_at_.empty() && forget_at_.begin()->first < at) {
    const fx_queue::TradeIndex index = forget_at_.begin()->second;
    forget_at_.erase(forget_at_.begin());
    machine_.Forget(index);
    const TradeRecord& record = trades_.at(index);
    --known_of_.at(record.first_by);
    index_.erase(record.id);
    trades_.erase(index);
  }
}

void QueueDesk::ApplyOne(core::LedgerTime at, const QueueRuled& event) {
  rules_ = event.rules;
  machine_.SetRules(rules_);
  if (!machine_.is_open()) Carry(at, machine_.Open());
}

void QueueDesk::ApplyOne(core::LedgerTime at, const TradeEntered& event) {
  const core::Hash256 id = core::QueuedTradeIdOf(event.trade.payload);
  const auto [found, added] = index_.emplace(id, trades_named_);
  const fx_queue::TradeIndex index = found->second;
  TradeRecord& record = trades_[index];
  if (added) {
    ++trades_named_;
    const absl::StatusOr<core::QueuedTrade> trade = core::DecodeQueuedTrade(event.trade.payload);
    CW_CHECK(trade.ok(), "what is entered was read before");
    record.id = id;
    record.payload = event.trade.payload;
    record.trade = *trade;
    record.first_entered = at;
    record.indexed = {.party = MemberOf(trade->sides[0].party),
                      .counterparty = MemberOf(trade->sides[1].party),
                      .party_ledger = LedgerOf(trade->sides[0].ledger),
                      .counterparty_ledger = LedgerOf(trade->sides[1].ledger),
                      .party_amount = trade->sides[0].pays.amount,
                      .counterparty_amount = trade->sides[1].pays.amount};
    expiries_.emplace(trade->valid_until, index);
    record.first_by = MemberOf(event.by);
    ++known_of_[record.first_by];
    unmatched_.emplace(index, record.first_by);
    ++unmatched_of_[record.first_by];
  }
  const Queue::Effects effects = machine_.Enter(at, index, record.indexed, MemberOf(event.by));
  const std::optional<Queue::Status> status = machine_.Find(index);
  if (status->place != 0 && EndUnmatched(index)) ++figures_.entered;
  Carry(at, effects);
}

bool QueueDesk::EndUnmatched(fx_queue::TradeIndex index) {
  const auto found = unmatched_.find(index);
  if (found == unmatched_.end()) return false;
  --unmatched_of_[found->second];
  unmatched_.erase(found);
  return true;
}

void QueueDesk::ApplyOne(core::LedgerTime at, const TradeWithdrawn& event) {
  const auto withdrawal = core::DecodeTradeWithdrawal(event.withdrawal.payload);
  CW_CHECK(withdrawal.ok(), "what is withdrawn was read before");
  const fx_queue::TradeIndex index = index_.at(withdrawal->trade);
  Carry(at, machine_.Withdraw(at, index, trades_.at(index).indexed, MemberOf(event.by)));
}

void QueueDesk::ApplyOne(core::LedgerTime at, const TradeExpired& event) {
  const auto found = index_.find(event.trade);
  if (found == index_.end()) return;
  TradeRecord& record = trades_.at(found->second);
  record.expiry_told = true;
  expiries_.erase({record.trade.valid_until, found->second});
  Carry(at, machine_.Expire(at, found->second));
}

void QueueDesk::ApplyOne(core::LedgerTime at, const RunBegan& event) {
  run_began_ = at;
  ++figures_.runs;
  const Queue::Effects effects = machine_.Begin(at, event.run);
  QueueRunView run{.run = event.run, .began = at};
  run.accounts_asked = static_cast<std::uint32_t>(machine_.asked().size());
  for (const auto& [index, reason] : machine_.WaitReasons()) {
    run.waiting += reason == Queue::WaitReason::kTried ? 0 : 1;
  }
  runs_.push_back(std::move(run));
  if (runs_.size() > kQueueRunsKept) runs_.pop_front();
  Carry(at, effects);
}

void QueueDesk::ApplyOne(core::LedgerTime at, const FundsTold& event) {
  const Queue::Account account{LedgerOf(event.ledger), MemberOf(event.by)};
  if (machine_.last_run() == event.run && machine_.asked().contains(account)) {
    if (QueueRunView* run = RunOf(event.run)) ++run->accounts_told;
  }
  Carry(at, machine_.OnFunds(at, event.run, account, event.funds));
}

void QueueDesk::ApplyOne(core::LedgerTime at, const FundsTimeOver& event) {
  Carry(at, machine_.OnFundsTimeout(at, event.run));
}

void QueueDesk::ApplyOne(core::LedgerTime, const AttemptMade& event) {
  std::erase(to_make_, event.attempt);
  AttemptRecord& record = attempts_.at(event.attempt);
  record.terms = event.terms;
  record.settlement_id = core::SettlementIdOf(event.terms.terms);
  const fx_queue::NetAttempt* attempt = machine_.FindAttempt(event.attempt);
  QueueRunView* run = attempt->run == 0 ? nullptr : RunOf(attempt->run);
  if (run == nullptr) return;
  QueueAttemptView set{.attempt = event.attempt, .settlement_id = record.settlement_id};
  for (const fx_queue::TradeIndex index : attempt->trades)
    set.trades.push_back(trades_.at(index).id);
  run->sets.push_back(std::move(set));
}

void QueueDesk::ApplyOne(core::LedgerTime at, const AttemptSigned& event) {
  Carry(at, machine_.OnSignature(event.attempt, MemberOf(event.by), event.signature));
}

void QueueDesk::ApplyOne(core::LedgerTime at, const SigningTimeOver& event) {
  const fx_queue::NetAttempt* attempt = machine_.FindAttempt(event.attempt);
  if (attempt == nullptr || attempt->submitted) return;
  EndAttempt(event.attempt, {.outcome = core::Outcome::kApprovalsMissing,
                             .rule = "not every payer signed in time"});
  Carry(at, machine_.OnSigningTimeout(at, event.attempt));
  attempts_.erase(event.attempt);
}

void QueueDesk::ApplyOne(core::LedgerTime at, const AttemptEnded& event) {
  std::optional<fx_queue::NetBlame> blame;
  if (event.blamed) {
    blame = fx_queue::NetBlame{event.blamed->first, *FindMember(event.blamed->second)};
  }
  EndAttempt(event.attempt, event.outcome);
  ending_ = event.attempt;
  Carry(at, machine_.OnOutcome(at, event.attempt, event.outcome, blame));
  ending_.reset();
  attempts_.erase(event.attempt);
}

void QueueDesk::EndAttempt(std::uint32_t number, const core::Rejection& outcome) {
  const fx_queue::NetAttempt* attempt = machine_.FindAttempt(number);
  const bool settled = outcome.outcome == core::Outcome::kAccepted;
  AttemptRecord& record = attempts_.at(number);
  record.trades.insert(attempt->trades.begin(), attempt->trades.end());
  if (!settled) ++figures_.attempts_refused;
  if (settled && record.trades.size() > 1) ++figures_.sets_settled;
  QueueRunView* run = attempt->run == 0 ? nullptr : RunOf(attempt->run);
  if (run == nullptr) return;
  for (QueueAttemptView& set : run->sets) {
    if (set.attempt == number) set.outcome = outcome;
  }
}

void QueueDesk::Carry(core::LedgerTime at, const Queue::Effects& effects) {
  for (const Queue::Effect& effect : effects) {
    if (const auto* ask = std::get_if<fx_queue::AskNetSignatures>(&effect)) {
      attempts_[ask->attempt].began = machine_.FindAttempt(ask->attempt)->began;
      to_make_.push_back(ask->attempt);
    } else if (const auto* submit = std::get_if<fx_queue::SubmitNetted>(&effect)) {
      to_submit_.insert(submit->attempt);
    } else if (const auto* tell = std::get_if<fx_queue::TellTradeEnd>(&effect)) {
      EndTrade(at, *tell);
    }
  }
}

void QueueDesk::EndTrade(core::LedgerTime at, const fx_queue::TellTradeEnd& tell) {
  TradeRecord& record = trades_.at(tell.trade);
  if (record.ended != core::LedgerTime()) return;  // a repeat was answered
  record.ended = at;
  expiries_.erase({record.trade.valid_until, tell.trade});
  EndUnmatched(tell.trade);
  forget_at_.emplace(std::max(record.trade.valid_until, at + kEndedTradeShown), tell.trade);
  if (tell.outcome.outcome != core::Outcome::kAccepted) {
    ++figures_.returned;
    return;
  }
  const AttemptRecord* attempt = ending_ ? &attempts_.at(*ending_) : nullptr;
  if (attempt != nullptr && attempt->trades.contains(tell.trade)) {
    record.settlement_id = attempt->settlement_id;
    record.together = static_cast<std::uint32_t>(attempt->trades.size());
  } else {
    // A set in which everybody owes what it is owed.
    record.together = 2;
    if (!runs_.empty()) runs_.back().settled_without_payment.push_back(record.id);
  }
  ++(record.together > 1 ? figures_.settled_together : figures_.settled_alone);
}

void QueueDesk::MakeTerms(core::LedgerTime at, std::uint32_t number) {
  const fx_queue::NetAttempt* attempt = machine_.FindAttempt(number);
  CW_CHECK(attempt != nullptr, "what is asked for is under way");
  std::vector<NettedLeg> legs;
  for (const fx_queue::NetLeg& leg : attempt->legs) {
    const core::AccountAddress debtor = AccountOf(leg.from, leg.ledger);
    legs.push_back({.ledger = ledgers_[leg.ledger],
                    .party = members_[leg.from],
                    .debtor = debtor,
                    .creditor = AccountOf(leg.to, leg.ledger),
                    .amount = {debtor.currency(), leg.amount}});
  }
  const NettedNaming naming{
      .policy_hash = options_.policy_hash,
      .deadline = attempt->began + rules_.answer_timeout + options_.settlement_window,
      // Random: a queue that lost its log must not come to ids again that ledgers have seen.
      .id_prefix = "Q" + core::ToHex(options_.random(kQueueIdBytes))};
  Happen(at, AttemptMade{number, MakeNettedTerms(legs, naming, options_.random)});
}

void QueueDesk::OnOutcome(core::LedgerTime now, std::uint32_t attempt,
                          const core::Rejection& outcome) {
  const fx_queue::NetAttempt* found = machine_.FindAttempt(attempt);
  if (found == nullptr || !found->submitted) return;
  AttemptEnded ended{.attempt = attempt, .outcome = outcome};
  const auto blame = fx_queue::BlameOf(
      found->legs, outcome, [this](fx_queue::MemberIndex member, fx_queue::LedgerIndex ledger) {
        return AccountOf(member, ledger).ToString();
      });
  if (blame) {
    ended.blamed = {static_cast<std::uint32_t>(blame->leg), members_[blame->member]};
  }
  Happen(Clamp(now), std::move(ended));
}

void QueueDesk::Tick(core::LedgerTime now) {
  const core::LedgerTime at = Clamp(now);
  if (!machine_.asked().empty() && run_began_ + rules_.answer_timeout <= at) {
    Happen(at, FundsTimeOver{machine_.last_run()});
  }
  for (const std::uint32_t number : machine_.attempts()) {
    const fx_queue::NetAttempt* attempt = machine_.FindAttempt(number);
    if (attempt == nullptr || attempt->submitted) continue;
    if (attempt->began + rules_.answer_timeout <= at) Happen(at, SigningTimeOver{number});
  }
  while (!expiries_.empty() && expiries_.begin()->first < at) {
    Happen(at, TradeExpired{trades_.at(expiries_.begin()->second).id});
  }
  if (next_run_ > at) return;
  const core::LedgerTime due = LastRunTime(at, rules_.every);
  next_run_ = due + rules_.every;
  const auto number = static_cast<std::uint64_t>(due.micros());
  if (machine_.anything_waits() && !machine_.run_under_way() && number > machine_.last_run()) {
    Happen(at, RunBegan{number});
  }
}

core::LedgerTime QueueDesk::next_timer() const {
  core::LedgerTime next = next_run_;
  if (!machine_.asked().empty()) next = std::min(next, run_began_ + rules_.answer_timeout);
  for (const auto& [number, attempt] : attempts_) {
    if (machine_.FindAttempt(number)->submitted) continue;
    next = std::min(next, attempt.began + rules_.answer_timeout);
  }
  if (!expiries_.empty()) {
    next = std::min(next, expiries_.begin()->first + core::Duration::FromMicros(1));
  }
  return next;
}

absl::Status QueueDesk::Flush() {
  std::vector<store::Block> blocks;
  std::uint64_t first = journal_->record_count();
  for (std::size_t begin = 0; begin < unsaved_.size(); begin += kQueueEventsPerBlockMax) {
    const std::size_t end = std::min(unsaved_.size(), begin + kQueueEventsPerBlockMax);
    const std::vector<QueueEvent> events(unsaved_.begin() + static_cast<std::ptrdiff_t>(begin),
                                         unsaved_.begin() + static_cast<std::ptrdiff_t>(end));
    blocks.push_back({.number = journal_->block_count() + blocks.size(),
                      .first_index = first,
                      .count = static_cast<std::uint32_t>(events.size()),
                      .body = EncodeQueueEvents(events)});
    first += events.size();
    log_bytes_ += blocks.back().body.size();
  }
  unsaved_.clear();
  return blocks.empty() ? absl::OkStatus() : journal_->Append(blocks, {});
}

std::vector<QueueSubmission> QueueDesk::TakeSubmissions() {
  std::vector<QueueSubmission> submissions;
  for (const std::uint32_t number : std::exchange(to_submit_, {})) {
    const fx_queue::NetAttempt* attempt = machine_.FindAttempt(number);
    if (attempt == nullptr) continue;
    const NettedTerms& made = attempts_.at(number).terms;
    QueueSubmission submission{
        .attempt = number, .terms = {core::kTermsPayloadType, made.terms, {}}, .legs = made.legs};
    for (const auto& [member, signature] : attempt->signatures) {
      submission.terms.signatures.push_back(signature);
    }
    submissions.push_back(std::move(submission));
  }
  return submissions;
}

}  // namespace causeway::bridge
