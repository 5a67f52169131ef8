#include "settlement/liquidity/sender_limits.h"

#include <algorithm>
#include <limits>

namespace causeway::liquidity {
namespace {

bool IsBefore(const SenderLimits::Position& position, BankIndex counterparty) {
  return position.counterparty < counterparty;
}

}  // namespace

void SenderLimits::SetBilateral(BankIndex counterparty, std::optional<std::int64_t> limit) {
  Position* found = Find(counterparty);
  if (found == nullptr) {
    if (!limit.has_value()) return;
    const auto at = std::lower_bound(bilateral_.begin(), bilateral_.end(), counterparty, IsBefore);
    found = &*bilateral_.insert(at, Position{.counterparty = counterparty});
  }
  if (found->active != limit.has_value()) {
    if (limit.has_value()) {
      ++active_bilateral_;
      found->position = 0;
    } else {
      --active_bilateral_;
    }
    found->active = limit.has_value();
  }
  found->limit = limit.value_or(0);
}

void SenderLimits::SetMultilateral(std::optional<std::int64_t> limit) {
  if (!multilateral_.active) multilateral_.position = 0;
  multilateral_.active = limit.has_value();
  multilateral_.limit = limit.value_or(0);
}

std::int64_t SenderLimits::Room(BankIndex counterparty) const {
  const Position* found = Find(counterparty);
  if (found != nullptr && found->active) return found->Room();
  if (multilateral_.active) return multilateral_.Room();
  return std::numeric_limits<std::int64_t>::max();
}

void SenderLimits::CountPaid(BankIndex counterparty, std::int64_t amount) {
  if (Position* counting = Counting(counterparty)) counting->position += amount;
}

void SenderLimits::CountReceived(BankIndex counterparty, std::int64_t amount) {
  if (Position* counting = Counting(counterparty)) counting->position -= amount;
}

void SenderLimits::ClearTrial() {
  for (Position& position : bilateral_) position.trial_out = position.trial_in = 0;
  multilateral_.trial_out = multilateral_.trial_in = 0;
}

void SenderLimits::TryPaying(BankIndex counterparty, std::int64_t amount) {
  if (Position* counting = Counting(counterparty)) counting->trial_out += amount;
}

void SenderLimits::TryReceiving(BankIndex counterparty, std::int64_t amount) {
  if (Position* counting = Counting(counterparty)) counting->trial_in += amount;
}

bool SenderLimits::TrialFits() const {
  if (multilateral_.active && !multilateral_.TrialFits()) return false;
  return std::all_of(bilateral_.begin(), bilateral_.end(), [](const Position& position) {
    return !position.active || position.TrialFits();
  });
}

SenderLimits::Position* SenderLimits::Find(BankIndex counterparty) {
  const auto at = std::lower_bound(bilateral_.begin(), bilateral_.end(), counterparty, IsBefore);
  return at != bilateral_.end() && at->counterparty == counterparty ? &*at : nullptr;
}

const SenderLimits::Position* SenderLimits::Find(BankIndex counterparty) const {
  const auto at = std::lower_bound(bilateral_.begin(), bilateral_.end(), counterparty, IsBefore);
  return at != bilateral_.end() && at->counterparty == counterparty ? &*at : nullptr;
}

SenderLimits::Position* SenderLimits::Counting(BankIndex counterparty) {
  Position* found = Find(counterparty);
  if (found != nullptr && found->active) return found;
  return multilateral_.active ? &multilateral_ : nullptr;
}

}  // namespace causeway::liquidity
