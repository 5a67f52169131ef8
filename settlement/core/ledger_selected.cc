// A queue whose rules a selector carries out: what it is told, and the booking of what it answers.
//
// Nothing that the selector says is taken on trust: that a payment waits, that its payer covers it
// and its payee may hold it is tested here, on each payment that settles alone and on every account
// of a set, and what fails stops the ledger. So a wrong selector can settle less than it should or
// something else, and can never book an account below minus its credit line.
#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "settlement/core/check.h"
#include "settlement/core/ledger_executor.h"

namespace causeway::core {
namespace {

// Accounts with more than this in any of their balances wait, so that the gross bookings of a set
// cannot overflow.
constexpr std::int64_t kSelectorBalanceMax = std::int64_t{1} << 61;
static_assert(3 * (kSelectorBalanceMax / 4) + kSelectorValueMax / 4 <=
              std::numeric_limits<std::int64_t>::max() / 4);

bool IsWithin(Amount amount) {
  return amount.minor() <= kSelectorBalanceMax && amount.minor() >= -kSelectorBalanceMax;
}

bool MayTakePart(const AccountState& account) {
  return !account.closed && IsWithin(account.available) && IsWithin(account.held) &&
         IsWithin(account.incoming_reserved) && IsWithin(account.credit_line);
}

// What a position beyond all amounts leaves or lacks is beyond them, too.
Amount PositionIn(absl::int128 position) {
  const absl::int128 low = std::max<absl::int128>(position, Amount::Min().minor());
  return Amount::FromMinor(
      static_cast<std::int64_t>(std::min<absl::int128>(low, Amount::Max().minor())));
}

absl::int128 FundsOf(const AccountState& account) {
  return absl::int128(account.available.minor()) + account.credit_line.minor();
}

// What an entry says of why it settled: the algorithm (of offsetting at entry, by a name of its
// own), its version, and which of the batch's sets it belongs to.
std::string RuleOf(const SelectedPayment& selected) {
  std::string rule(QueueAlgorithmName(selected.algorithm));
  if (selected.at_entry) rule += "-entry";
  return rule + "/" + std::to_string(selected.algorithm_version) + " #" +
         std::to_string(selected.set);
}

// Of a payment that waits: all, or where it may settle in parts the smallest one.
Amount LeastThatSettles(const QueueRules& rules, const QueuedPayment& payment) {
  const Amount whole = Amount::FromMinor(payment.settled.minor() + payment.amount.minor());
  if (!MaySplit(rules, whole)) return payment.amount;
  return std::min(payment.amount, rules.splitting.part_min);
}

}  // namespace

SelectorAccount Ledger::State::DescribeForSelector(const AccountState& account,
                                                   LedgerTime now) const {
  SelectorAccount described;
  described.number = account.number;
  described.funds = FundsOf(account);
  if (!account.holding_limit.IsZero()) {
    described.room = absl::int128(account.holding_limit.minor()) - account.available.minor() -
                     account.incoming_reserved.minor();
  }
  described.receipts = queue.ReceiptsOf(account.number, now);
  const AccountTerms* const own = FindTerms(account);
  if (own == nullptr) return described;
  described.reserved_urgent = own->reserved_urgent;
  described.reserved_high = own->reserved_high;
  described.release_threshold = own->release_threshold;
  if (own->multilateral.has_value()) {
    described.multilateral_limit = own->multilateral->limit;
    described.multilateral_position = PositionIn(own->multilateral->position);
  }
  return described;
}

QueueProblem Ledger::State::DescribeQueue(LedgerTime now, std::uint64_t new_from) const {
  QueueProblem problem;
  problem.now = now;
  std::vector<std::uint32_t> debtors;
  for (const auto& [debtor, waiting] : queue.accounts()) debtors.push_back(debtor);
  std::vector<std::uint32_t> creditors;
  for (const auto& [creditor, count] : queue.creditors()) creditors.push_back(creditor);
  std::vector<std::uint32_t> numbers;
  std::set_union(debtors.begin(), debtors.end(), creditors.begin(), creditors.end(),
                 std::back_inserter(numbers));
  absl::flat_hash_map<std::uint32_t, std::uint32_t> position_of;
  position_of.reserve(numbers.size());
  for (const std::uint32_t number : numbers) {
    position_of[number] = static_cast<std::uint32_t>(problem.accounts.size());
    problem.accounts.push_back(DescribeForSelector(accounts[number], now));
  }
  for (std::uint32_t sender = 0; sender < numbers.size(); ++sender) {
    const AccountTerms* const own = FindTerms(accounts[numbers[sender]]);
    if (own == nullptr) continue;
    for (const SenderLimit& limit : own->bilateral) {
      const auto receiver = position_of.find(limit.counterparty);
      if (receiver == position_of.end()) continue;
      problem.limits.push_back({sender, receiver->second, limit.limit, PositionIn(limit.position)});
    }
  }
  const bool order_free = queue.rules().discipline == QueueDiscipline::kFifoBypass ||
                          queue.rules().discipline == QueueDiscipline::kDeferred;
  std::vector<std::pair<std::uint64_t, SelectorPayment>> by_arrival;
  for (const auto& [debtor, waiting] : queue.accounts()) {
    const AccountState& from = accounts[debtor];
    if (from.frozen || !MayTakePart(from) || FundsOf(from) < 0) continue;
    for (const auto& [place, payment] : waiting) {
      if (!MayTakePart(accounts[payment.creditor])) {
        if (order_free) continue;
        break;
      }
      by_arrival.push_back({payment.arrived,
                            {.debtor = position_of.at(debtor),
                             .creditor = position_of.at(payment.creditor),
                             .amount = payment.amount,
                             .settled = payment.settled,
                             .priority = payment.priority,
                             .place = place.since,
                             .submitted = payment.submitted,
                             .is_new = payment.arrived >= new_from}});
    }
  }
  std::sort(by_arrival.begin(), by_arrival.end(),
            [](const auto& left, const auto& right) { return left.first < right.first; });
  problem.payments.reserve(by_arrival.size());
  for (const auto& [arrived, payment] : by_arrival) problem.payments.push_back(payment);
  return problem;
}

QueueProblem Ledger::DescribeQueue() const {
  return state_->DescribeQueue(state_->time, state_->next_index);
}

// Whether the payment, which is covered, may settle in the moment it comes: also by what the
// account keeps from such payments.
LedgerExecutor::MaybeRejection LedgerExecutor::CheckRelease(const AccountState& debtor,
                                                            const Pay& pay) const {
  const absl::int128 usable = state_.selector->UsableAlone(
      state_.queue.rules(), state_.DescribeForSelector(debtor, header_.time), pay.priority,
      std::nullopt);
  if (usable >= pay.amount.amount.minor()) return std::nullopt;
  const absl::int128 least = std::numeric_limits<std::int64_t>::min();
  return Rejection{.outcome = Outcome::kInsufficientFunds,
                   .actual = static_cast<std::int64_t>(std::max(usable, least)),
                   .required = pay.amount.amount.minor(),
                   .rule = pay.debtor.ToString()};
}

void LedgerExecutor::ServeBySelector() {
  std::vector<bool> runs = state_.queue.TakeDue(header_.time);
  if (optimise_asked_ || day_ended_) runs.assign(runs.size(), true);
  const bool runs_any = std::find(runs.begin(), runs.end(), true) != runs.end();
  const bool offsets_any =
      enqueued_any_ && state_.queue.rules().entry_offset != QueueEntryOffset::kNone;
  if (!state_.queue.empty() && (runs_any || offsets_any || MayRelease())) {
    QueueProblem problem = state_.DescribeQueue(header_.time, header_.first_index);
    problem.runs = std::move(runs);
    BookSelected(problem, state_.selector->Select(state_.queue.rules(), problem));
  }
  if (day_ended_) ExpireQueued();
}

// Whether something could settle alone. False is certain, and spares most batches the question.
bool LedgerExecutor::MayRelease() const {
  const QueueRules& rules = state_.queue.rules();
  if (rules.discipline == QueueDiscipline::kDeferred) return false;
  for (const auto& [debtor, waiting] : state_.queue.accounts()) {
    const SelectorAccount account =
        state_.DescribeForSelector(state_.accounts[debtor], header_.time);
    std::array<absl::int128, 3> usable;  // by priority
    for (std::size_t priority = 0; priority < usable.size(); ++priority) {
      usable[priority] = state_.selector->UsableAlone(
          rules, account, static_cast<PaymentPriority>(priority), std::nullopt);
    }
    for (const auto& [place, payment] : waiting) {
      const absl::int128 most = usable[static_cast<std::size_t>(payment.priority)];
      if (most >= LeastThatSettles(rules, payment).minor()) return true;
      const bool lets_pass = rules.discipline == QueueDiscipline::kFifoBypass ||
                             (rules.normal_bypass && payment.priority == PaymentPriority::kNormal);
      if (!lets_pass) break;
    }
  }
  return false;
}

// What the selector named, out of the queue; of a part, what waits is less by it.
LedgerExecutor::TakenPayment LedgerExecutor::Take(const QueueProblem& problem,
                                                  const SelectedPayment& selected) {
  CW_CHECK(selected.payment < problem.payments.size(), "a selector names what waits");
  const SelectorPayment& known = problem.payments[selected.payment];
  const QueuedPayment* waiting =
      state_.queue.FindAt(problem.accounts[known.debtor].number, known.priority, known.place);
  CW_CHECK(waiting != nullptr, "a payment settles once");
  const QueueRules& rules = state_.queue.rules();
  const Amount whole = Amount::FromMinor(waiting->settled.minor() + waiting->amount.minor());
  const bool is_part = selected.amount != waiting->amount;
  if (is_part) {
    CW_CHECK(MaySplit(rules, whole), "a payment that may not be split settles whole");
    CW_CHECK(selected.amount < waiting->amount, "no more than what waits of it settles");
    CW_CHECK(selected.amount >= rules.splitting.part_min, "no part but the last is too small");
    CW_CHECK(++parts_ <= kSelectorPartsMax, "a batch settles so many parts");
  }
  // Sets take it as one payment of what remains.
  CW_CHECK(selected.amount <= LargestPart(rules, whole) || (!is_part && selected.set != 0),
           "no part is too large");
  TakenPayment taken{*waiting, selected.amount};
  if (is_part) {
    state_.queue.SettlePart(taken.payment.key, selected.amount);
  } else {
    state_.queue.Remove(taken.payment.key);
  }
  return taken;
}

void LedgerExecutor::BookSelected(const QueueProblem& problem,
                                  const std::vector<SelectedPayment>& selected) {
  for (std::size_t begin = 0; begin < selected.size();) {
    if (selected[begin].set == 0) {
      BookAlone(Take(problem, selected[begin++]));
      continue;
    }
    std::vector<TakenPayment> set;
    const SelectedPayment& first = selected[begin];
    for (; begin < selected.size() && selected[begin].set == first.set; ++begin) {
      set.push_back(Take(problem, selected[begin]));
    }
    BookSet(set, RuleOf(first));
  }
}

void LedgerExecutor::BookAlone(const TakenPayment& taken) {
  const auto& [payment, amount] = taken;
  const AccountState& debtor = state_.accounts[payment.debtor];
  const AccountState& creditor = state_.accounts[payment.creditor];
  const bool covered = !CheckDebit(debtor, amount, Amount::Zero()) &&
                       !CheckKept(debtor, creditor, amount, payment.priority) &&
                       !CheckCredit(creditor, amount, Amount::Zero());
  CW_CHECK(covered, "what settles alone is covered, and its payee may hold it");
  SettleQueued(payment, amount, Cause::kRelease, "", false);
}

void LedgerExecutor::BookSet(const std::vector<TakenPayment>& set, const std::string& rule) {
  std::map<std::uint32_t, Amount> before;
  for (const auto& [payment, amount] : set) {
    for (const std::uint32_t number : {payment.debtor, payment.creditor}) {
      before.emplace(number, state_.accounts[number].available);
    }
    CW_CHECK(!state_.accounts[payment.debtor].frozen, "a frozen account pays nothing");
    SettleQueued(payment, amount, Cause::kOptimisation, rule, true);
  }
  for (const auto& [number, available] : before) {
    const AccountState& account = state_.accounts[number];
    CheckCovered(account);
    const bool may_hold =
        account.holding_limit.IsZero() || account.available <= available ||
        absl::int128(account.available.minor()) + account.incoming_reserved.minor() <=
            account.holding_limit.minor();
    CW_CHECK(may_hold, "no account grows by a set beyond what it may hold");
  }
  for (const auto& [payment, amount] : set) {
    CW_CHECK(IsKept(payment), "a set leaves what its payers' terms keep");
  }
}

}  // namespace causeway::core
