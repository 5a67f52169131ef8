#include "central-bank-node/runtime/caller_accounts.h"

#include <utility>

#include "settlement/core/check.h"

namespace causeway::node {

CallerAccount::Opened CallerAccount::Open(const std::shared_ptr<CallerAccount>& account,
                                          Kind kind) {
  const CallerLimits& limits = account->limits_;
  const std::size_t most = kind == Kind::kCall           ? limits.calls_max
                           : kind == Kind::kSubmitStream ? limits.submit_streams_max
                                                         : limits.subscriptions_max;
  std::size_t& open = account->open_[static_cast<std::size_t>(kind)];
  {
    const std::lock_guard<std::mutex> lock(account->mutex_);
    if (open >= most || (kind == Kind::kCall && account->bytes_ >= limits.bytes_max)) {
      return nullptr;
    }
    open += 1;
  }
  return Opened(&open, [account](std::size_t* counted) {
    const std::lock_guard<std::mutex> lock(account->mutex_);
    *counted -= 1;
  });
}

void CallerAccount::Add(std::size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  bytes_ += bytes;
}

void CallerAccount::Release(std::size_t bytes) {
  std::vector<std::function<void()>> woken;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CW_CHECK(bytes <= bytes_, "what is released was added");
    bytes_ -= bytes;
    if (bytes_ < limits_.bytes_max) woken.swap(waiting_);
  }
  for (const std::function<void()>& wake : woken) wake();
}

bool CallerAccount::HasRoomOrWaits(std::function<void()> wake) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes_ < limits_.bytes_max) return true;
  waiting_.push_back(std::move(wake));
  return false;
}

std::size_t CallerAccount::bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

std::shared_ptr<CallerAccount> CallerAccounts::Of(const std::string& caller) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::weak_ptr<CallerAccount>& known = accounts_[caller];
  std::shared_ptr<CallerAccount> account = known.lock();
  if (account == nullptr) known = account = std::make_shared<CallerAccount>(limits_);
  if (accounts_.size() >= sweep_at_) {
    std::erase_if(accounts_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = 64 + 2 * accounts_.size();
  }
  return account;
}

}  // namespace causeway::node
