#include "fx-bridge/liquidity/pvp_queue.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::fx_liquidity {
namespace {

absl::Status CheckLegs(const PvpQueue& queue, std::uint32_t settlement, std::int64_t& total) {
  const auto wrong = [&](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("settlements[{}]: {}", settlement, what));
  };
  const std::uint32_t begin = queue.first_legs[settlement];
  const std::uint32_t end = queue.first_legs[settlement + 1];
  if (begin >= end || end > queue.legs.size() || end - begin > kLegsPerSettlementMax) {
    return wrong(fmt::format("legs: 1 to {} must be given", kLegsPerSettlementMax));
  }
  for (std::uint32_t i = begin; i < end; ++i) {
    const Leg& leg = queue.legs[i];
    if (leg.payer >= queue.accounts.size() || leg.payee >= queue.accounts.size()) {
      return wrong("a leg names no account");
    }
    if (leg.payer == leg.payee) return wrong("a leg pays from an account to itself");
    if (queue.accounts[leg.payer].currency != queue.accounts[leg.payee].currency) {
      return wrong("the accounts of a leg are of two currencies");
    }
    if (!leg.amount.IsPositive() || leg.amount.minor() > kTotalMinorMax - total) {
      return wrong("the amount of a leg is not positive, or the sum of all too large");
    }
    total += leg.amount.minor();
  }
  return absl::OkStatus();
}

}  // namespace

void PvpQueue::Add(const std::vector<Leg>& settlement_legs, core::Amount value) {
  if (first_legs.empty()) first_legs.push_back(0);
  legs.insert(legs.end(), settlement_legs.begin(), settlement_legs.end());
  first_legs.push_back(static_cast<std::uint32_t>(legs.size()));
  values.push_back(value);
}

absl::Status CheckQueue(const PvpQueue& queue) {
  if (queue.accounts.size() > kAccountsMax || queue.values.size() > kSettlementsMax) {
    return absl::InvalidArgumentError("too many accounts or settlements");
  }
  std::int64_t total = 0;
  for (std::size_t i = 0; i < queue.accounts.size(); ++i) {
    const Account& account = queue.accounts[i];
    const bool fits =
        !account.funds.IsNegative() && account.funds.minor() <= kTotalMinorMax - total;
    if (!fits || account.currency >= queue.currencies) {
      return absl::InvalidArgumentError(
          fmt::format("accounts[{}]: unknown currency, or funds negative or too large", i));
    }
    total += account.funds.minor();
  }
  if (queue.values.empty()) return absl::OkStatus();
  if (queue.first_legs.size() != queue.values.size() + 1 || queue.first_legs.front() != 0 ||
      queue.first_legs.back() != queue.legs.size()) {
    return absl::InvalidArgumentError("first_legs: one for each settlement, and the end");
  }
  std::int64_t values = 0;
  for (std::uint32_t i = 0; i < queue.size(); ++i) {
    absl::Status checked = CheckLegs(queue, i, total);
    if (!checked.ok()) return checked;
    if (queue.values[i].IsNegative() || queue.values[i].minor() > kTotalMinorMax - values) {
      return absl::InvalidArgumentError(
          fmt::format("settlements[{}]: value negative, or the sum of all too large", i));
    }
    values += queue.values[i].minor();
  }
  return absl::OkStatus();
}

bool IsFeasible(const PvpQueue& queue, const Selection& set, Order order) {
  CW_CHECK(set.size() == queue.values.size(), "one choice for each settlement");
  std::vector<std::int64_t> after(queue.accounts.size());
  for (std::size_t i = 0; i < after.size(); ++i) after[i] = queue.accounts[i].funds.minor();
  std::vector<bool> passed_over(queue.accounts.size(), false);
  for (std::uint32_t settlement = 0; settlement < queue.size(); ++settlement) {
    const std::uint32_t end = queue.first_legs[settlement + 1];
    for (std::uint32_t i = queue.first_legs[settlement]; i < end; ++i) {
      const Leg& leg = queue.legs[i];
      if (!set[settlement]) {
        passed_over[leg.payer] = true;
        continue;
      }
      if (order == Order::kKept && passed_over[leg.payer]) return false;
      after[leg.payer] -= leg.amount.minor();
      after[leg.payee] += leg.amount.minor();
    }
  }
  return std::all_of(after.begin(), after.end(), [](std::int64_t left) { return left >= 0; });
}

QueueState Diagnose(const PvpQueue& queue, Order order) {
  if (queue.values.empty()) return QueueState::kEmpty;
  if (CountOf(LargestSet(queue)) > 0) return QueueState::kGridlock;
  if (order == Order::kKept) return QueueState::kDeadlock;
  if (CountOf(GreedySet(queue)) > 0) return QueueState::kGridlock;
  if (queue.size() > kExactSettlementsMax) return QueueState::kUndecided;
  return CountOf(SolveExactly(queue, order)) > 0 ? QueueState::kGridlock : QueueState::kDeadlock;
}

std::vector<Saving> SavingsOf(const PvpQueue& queue, const Selection& set) {
  CW_CHECK(set.size() == queue.values.size(), "one choice for each settlement");
  std::vector<std::int64_t> position(queue.accounts.size(), 0);
  std::vector<std::int64_t> lowest(queue.accounts.size(), 0);
  std::vector<std::int64_t> settled(queue.currencies, 0);
  for (std::uint32_t settlement = 0; settlement < queue.size(); ++settlement) {
    if (!set[settlement]) continue;
    const std::uint32_t begin = queue.first_legs[settlement];
    const std::uint32_t end = queue.first_legs[settlement + 1];
    for (std::uint32_t i = begin; i < end; ++i) {
      const Leg& leg = queue.legs[i];
      position[leg.payer] -= leg.amount.minor();
      position[leg.payee] += leg.amount.minor();
      settled[queue.accounts[leg.payer].currency] += leg.amount.minor();
    }
    // A settlement's own legs net: positions count between settlements only.
    for (std::uint32_t i = begin; i < end; ++i) {
      const AccountIndex payer = queue.legs[i].payer;
      lowest[payer] = std::min(lowest[payer], position[payer]);
    }
  }
  std::vector<std::int64_t> one_by_one(queue.currencies, 0);
  std::vector<std::int64_t> together(queue.currencies, 0);
  for (std::size_t i = 0; i < position.size(); ++i) {
    one_by_one[queue.accounts[i].currency] -= lowest[i];
    together[queue.accounts[i].currency] -= std::min<std::int64_t>(0, position[i]);
  }
  std::vector<Saving> savings;
  for (CurrencyIndex currency = 0; currency < queue.currencies; ++currency) {
    savings.push_back({core::Amount::FromMinor(settled[currency]),
                       core::Amount::FromMinor(one_by_one[currency]),
                       core::Amount::FromMinor(together[currency])});
  }
  return savings;
}

core::Amount ValueOf(const PvpQueue& queue, const Selection& set) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set[i]) value += queue.values[i].minor();
  }
  return core::Amount::FromMinor(value);
}

std::uint32_t CountOf(const Selection& set) {
  return static_cast<std::uint32_t>(std::count(set.begin(), set.end(), true));
}

}  // namespace causeway::fx_liquidity
