// Payments that wait for funds: how they come into a ledger's queue and out of it.
//
// What waits is looked at once, at the end of a batch that changed anything: first each account's
// payments alone, as far as they are covered, then with the others' by the rules' optimisation. The
// payments that one optimisation settles are tested on the net and booked gross, one entry each,
// right after one another: only after the last of them are balances what holds for all accounts.
#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "settlement/core/check.h"
#include "settlement/core/ledger_executor.h"
#include "settlement/core/offsetting.h"

namespace causeway::core {
namespace {

// Accounts with more than this in any of their balances take no part in optimisations, so that the
// gross bookings of a set cannot overflow: all that waits comes to at most kQueuedValueMax.
constexpr std::int64_t kOffsettingBalanceMax = std::int64_t{1} << 61;
static_assert(3 * (kOffsettingBalanceMax / 4) + kQueuedValueMax / 4 <=
              std::numeric_limits<std::int64_t>::max() / 4);

// Of an account's payments that cannot settle, bypass passes so many: what a batch costs does not
// grow with the square of what waits.
constexpr int kPassedMax = 64;

bool IsOrdinary(Amount amount) {
  return amount.minor() <= kOffsettingBalanceMax && amount.minor() >= -kOffsettingBalanceMax;
}

bool MayOffset(const AccountState& account) {
  return !account.closed && IsOrdinary(account.available) && IsOrdinary(account.held) &&
         IsOrdinary(account.incoming_reserved) && IsOrdinary(account.credit_line);
}

}  // namespace

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetQueueRules(const Context& context,
                                                               const ParticipantId& party,
                                                               const SetQueueRules& action) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  const QueueRules& rules = action.rules;
  std::string wrong = WhyInvalid(rules);
  if (wrong.empty() && rules.NeedSelector()) {
    const absl::Status checked =
        state_.selector == nullptr
            ? absl::InvalidArgumentError("rules: nothing here carries them out")
            : state_.selector->CheckRules(rules);
    wrong = std::string(checked.message());
  }
  if (!wrong.empty()) return Rejection{.outcome = Outcome::kInvalidField, .rule = wrong};
  if (!state_.queue.empty()) {
    return Rejection{.outcome = Outcome::kWrongInstructionState,
                     .actual = static_cast<std::int64_t>(state_.queue.size()),
                     .rule = "payments are queued"};
  }
  state_.queue.SetRules(rules);
  if (next_phase_ == DayPhase::kOpen) state_.queue.StartDay(header_.time);
  state_.policy_version += 1;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoReprioritise(const Context& context,
                                                              const ParticipantId& party,
                                                              const Reprioritise& action) {
  if (action.instruction.party != party) {
    return Rejection{.outcome = Outcome::kNotAuthorised, .rule = "only the instructing party"};
  }
  if (state_.queue.Find(action.instruction) == nullptr) {
    return Rejection{.outcome = Outcome::kWrongInstructionState,
                     .rule = action.instruction.id.ToString()};
  }
  QueuedPayment payment = state_.queue.Remove(action.instruction);
  const Entry& entry = Add(context, InstructionStatus::kSettled, Cause::kCommand);
  payment.priority = action.priority;
  payment.since = entry.index;
  state_.queue.Insert(payment);
  Record(entry);
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoOptimiseQueue(const Context& context,
                                                               const ParticipantId& party) {
  if (party != state_.central_bank()) {
    return Rejection{.outcome = Outcome::kNotAuthorised, .rule = "central bank only"};
  }
  optimise_asked_ = true;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::Enqueue(const Context& context,
                                                       const AccountState& debtor,
                                                       const AccountState& creditor, const Pay& pay,
                                                       TransactionCode code) {
  if (auto rejection = state_.queue.CheckRoom(debtor.owner_number, pay.amount.amount)) {
    return rejection;
  }
  const Entry& entry = Add(context, InstructionStatus::kQueued, Cause::kCommand);
  state_.queue.Insert({.key = context.key,
                       .owner = debtor.owner_number,
                       .debtor = debtor.number,
                       .creditor = creditor.number,
                       .amount = pay.amount.amount,
                       .priority = pay.priority,
                       .code = code,
                       .since = entry.index,
                       .arrived = entry.index,
                       .submitted = header_.time});
  enqueued_any_ = true;
  Record(entry);
  return std::nullopt;
}

// The entry by which a payment, or a part of it, leaves the queue. It bears the payload of its own
// instruction.
Entry& LedgerExecutor::AddFromQueue(const QueuedPayment& payment, Amount settles,
                                    InstructionStatus status, Cause cause, std::string rule) {
  const InstructionState& waiting = state_.live.at(payment.key);
  Rejection accepted = PartsWith(payment, settles);
  accepted.rule = std::move(rule);
  return Append({.key = payment.key, .position = waiting.item, .uetr = waiting.uetr},
                waiting.payload_hash, status, cause, accepted);
}

// How far the payment comes when so much of what waits settles; nothing of one that never settles
// in parts.
Rejection LedgerExecutor::PartsWith(const QueuedPayment& payment, Amount settles) {
  const bool in_parts =
      !payment.settled.IsZero() || (!settles.IsZero() && settles != payment.amount);
  if (!in_parts) return {.outcome = Outcome::kAccepted};
  const std::optional<Amount> settled = CheckedAdd(payment.settled, settles);
  const std::optional<Amount> whole = CheckedAdd(payment.settled, payment.amount);
  CW_CHECK(settled.has_value() && whole.has_value(), "a payment is what it was");
  return AcceptedInParts({*settled, *whole});
}

// Ends what waits of it: what has settled stays so.
void LedgerExecutor::CancelQueued(const Context& by, const InstructionKey& key) {
  const QueuedPayment payment = state_.queue.Remove(key);
  const InstructionState& waiting = state_.live.at(key);
  Record(Append({.key = key, .position = waiting.item, .uetr = waiting.uetr}, by.item->payload_hash,
                InstructionStatus::kCancelled, Cause::kCommand,
                PartsWith(payment, Amount::Zero())));
}

// All of what waits, or a part: then the rest waits on. Out of the queue, or reduced there, is it
// already; `payment` is as it was before.
void LedgerExecutor::SettleQueued(const QueuedPayment& payment, Amount amount, Cause cause,
                                  std::string rule, bool in_set) {
  const InstructionStatus status =
      amount == payment.amount ? InstructionStatus::kSettled : InstructionStatus::kQueued;
  Entry& entry = AddFromQueue(payment, amount, status, cause, std::move(rule));
  AccountState& debtor = state_.AccountToChange(payment.debtor);
  AccountState& creditor = state_.AccountToChange(payment.creditor);
  Post(entry, debtor, Bucket::kAvailable, payment.code, Negative(amount));
  Post(entry, creditor, Bucket::kAvailable, payment.code, amount);
  CountReceipts(debtor.number, creditor.number, amount, payment.priority);
  CountPayment(debtor, creditor, amount, payment.priority);
  Record(entry, in_set);
}

void LedgerExecutor::ServeQueue(std::span<ItemResult> results) {
  const bool nothing_new = next_index_ == header_.first_index + 1;
  if (nothing_new || state_.queue.rules().discipline == QueueDiscipline::kNone) return;
  recorded_.clear();
  if (state_.queue.selects()) {
    ServeBySelector();
  } else if (!state_.queue.empty()) {
    ReleaseAndOptimise();
  }
  // Who asked in this batch is told where it stands after it.
  absl::flat_hash_map<InstructionKey, std::size_t> served;
  for (std::size_t i = 0; i < recorded_.size(); ++i) served[recorded_[i].key] = i;
  for (ItemResult& result : results) {
    for (InstructionState& instruction : result.instructions) {
      if (instruction.status != InstructionStatus::kQueued) continue;
      const auto found = served.find(instruction.key);
      if (found != served.end()) {
        instruction = recorded_[found->second];
      } else if (state_.queue.Find(instruction.key) == nullptr) {
        instruction = *state_.FindKnown(instruction.key);  // cancelled in this batch
      }
    }
  }
}

void LedgerExecutor::ReleaseAndOptimise() {
  ReleaseCovered();
  const bool ends = day_ended_;
  if (state_.queue.rules().optimisation != QueueOptimisation::kNone &&
      (ends || optimise_asked_ || header_.time >= state_.queue.next_optimisation)) {
    Optimise();
    state_.queue.next_optimisation = header_.time + state_.queue.rules().optimise_every;
  }
  if (ends) ExpireQueued();
}

void LedgerExecutor::ReleaseCovered() {
  std::set<std::uint32_t> to_look_at;
  for (const auto& [debtor, queue] : state_.queue.accounts()) to_look_at.insert(debtor);
  while (!to_look_at.empty()) {
    const std::uint32_t debtor = *to_look_at.begin();
    to_look_at.erase(to_look_at.begin());
    std::optional<QueuePlace> passed;
    int passed_count = 0;
    while (const PaymentQueue::OfAccount* queue = state_.queue.Find(debtor)) {
      const auto next = passed.has_value() ? queue->upper_bound(*passed) : queue->begin();
      if (next == queue->end()) break;
      const QueuedPayment payment = next->second;
      const AccountState& from = state_.accounts[debtor];
      const AccountState& to = state_.accounts[payment.creditor];
      // The first is what the second tests first, without words for a person.
      const bool covered =
          absl::int128(from.available.minor()) + from.credit_line.minor() >= payment.amount.minor();
      if (!covered || CheckDebit(from, payment.amount, Amount::Zero()).has_value() ||
          CheckKept(from, to, payment.amount, payment.priority).has_value() ||
          CheckCredit(to, payment.amount, Amount::Zero()).has_value()) {
        if (state_.queue.rules().discipline != QueueDiscipline::kFifoBypass) break;
        if (++passed_count > kPassedMax) break;
        passed = next->first;
        continue;
      }
      state_.queue.Remove(payment.key);
      SettleQueued(payment, payment.amount, Cause::kRelease, "", false);
      if (state_.queue.Find(payment.creditor) != nullptr) to_look_at.insert(payment.creditor);
    }
  }
}

void LedgerExecutor::FillTerms(const AccountState& account, OffsettingAccount& offsetting) const {
  const AccountTerms* const terms = state_.FindTerms(account);
  if (terms == nullptr) return;
  offsetting.reserved_urgent = terms->reserved_urgent.minor();
  offsetting.reserved_high = terms->reserved_high.minor();
  if (DoThresholdsBind()) offsetting.release_threshold = terms->release_threshold.minor();
  if (terms->multilateral.has_value()) offsetting.multilateral_room = terms->multilateral->Room();
}

void LedgerExecutor::Optimise() {
  const bool keep_order = state_.queue.rules().discipline != QueueDiscipline::kFifoBypass;
  std::vector<OffsettingAccount> accounts;
  std::vector<std::uint32_t> numbers;
  absl::flat_hash_map<std::uint32_t, std::uint32_t> position_of;
  const auto position = [&](std::uint32_t number) {
    const auto [found, is_new] =
        position_of.try_emplace(number, static_cast<std::uint32_t>(accounts.size()));
    if (is_new) {
      const AccountState& account = state_.accounts[number];
      OffsettingAccount& offsetting = accounts.emplace_back();
      offsetting.funds = absl::int128(account.available.minor()) + account.credit_line.minor();
      if (!account.holding_limit.IsZero()) {
        offsetting.room = std::max<absl::int128>(0, absl::int128(account.holding_limit.minor()) -
                                                        account.available.minor() -
                                                        account.incoming_reserved.minor());
      }
      FillTerms(account, offsetting);
      numbers.push_back(number);
    }
    return found->second;
  };
  std::vector<OffsettingPayment> payments;
  std::vector<const QueuedPayment*> candidates;
  for (const auto& [debtor, queue] : state_.queue.accounts()) {
    const AccountState& from = state_.accounts[debtor];
    if (from.frozen || !MayOffset(from)) continue;
    for (const auto& [place, payment] : queue) {
      if (!MayOffset(state_.accounts[payment.creditor])) {
        if (keep_order) break;
        continue;
      }
      payments.push_back(
          {position(debtor), position(payment.creditor), payment.amount, payment.priority});
      candidates.push_back(&payment);
    }
  }
  std::vector<OffsettingLimit> limits;
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    const AccountTerms* terms = state_.FindTerms(state_.accounts[numbers[i]]);
    if (terms == nullptr) continue;
    for (const SenderLimit& limit : terms->bilateral) {
      const auto other = position_of.find(limit.counterparty);
      if (other != position_of.end()) limits.push_back({i, other->second, limit.Room()});
    }
  }
  const std::vector<bool> selected = SelectByBechSoramaki(accounts, payments, keep_order, limits);
  std::vector<InstructionKey> together;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (selected[i]) together.push_back(candidates[i]->key);
  }
  const std::string rule = std::string(QueueOptimisationName(QueueOptimisation::kBechSoramaki)) +
                           "/" + std::to_string(kBechSoramakiVersion);
  std::vector<QueuedPayment> settled;
  for (const InstructionKey& key : together) {
    settled.push_back(state_.queue.Remove(key));
    SettleQueued(settled.back(), settled.back().amount, Cause::kOptimisation, rule, true);
  }
  for (const std::uint32_t number : numbers) CheckCovered(state_.accounts[number]);
  for (const QueuedPayment& payment : settled) {
    CW_CHECK(IsKept(payment), "a set leaves what its payers' terms keep");
  }
}

void LedgerExecutor::ExpireQueued() {
  while (!state_.queue.empty()) {
    const InstructionKey key = state_.queue.accounts().begin()->second.begin()->second.key;
    const QueuedPayment payment = state_.queue.Remove(key);
    Record(
        AddFromQueue(payment, Amount::Zero(), InstructionStatus::kExpired, Cause::kEndOfDay, ""));
  }
}

}  // namespace causeway::core
