#include "settlement/core/offsetting.h"

#include <algorithm>
#include <array>

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

class Selection {
 public:
  Selection(std::span<const OffsettingAccount> accounts,
            std::span<const OffsettingPayment> payments, std::span<const OffsettingLimit> limits,
            bool keep_order)
      : payments_(payments), keep_order_(keep_order), selected_(payments.size(), true) {
    accounts_.resize(accounts.size());
    for (std::size_t i = 0; i < accounts.size(); ++i) {
      CW_CHECK(accounts[i].funds >= 0, "nobody waits with less than nothing");
      accounts_[i].given = accounts[i];
      if (accounts[i].multilateral_room.has_value()) {
        accounts_[i].multilateral = Limit{.room = *accounts[i].multilateral_room};
      }
    }
    for (const OffsettingLimit& limit : limits) {
      accounts_[limit.sender].bilateral.push_back({.receiver = limit.receiver, .room = limit.room});
    }
    for (std::uint32_t i = 0; i < payments.size(); ++i) {
      const OffsettingPayment& payment = payments[i];
      CW_CHECK(payment.sender != payment.receiver && payment.amount.IsPositive(),
               "what is queued moves money");
      accounts_[payment.sender].sent.push_back(i);
      accounts_[payment.receiver].received.push_back(i);
      Count(payment, payment.amount.minor());
    }
  }

  std::vector<bool> Run() {
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) Suspect(i);
    while (!suspects_.empty()) {
      const std::uint32_t i = suspects_.back();
      suspects_.pop_back();
      accounts_[i].suspected = false;
      while (!IsCovered(accounts_[i])) DropLastSent(i);
      while (accounts_[i].given.room.has_value() &&
             accounts_[i].growth > *accounts_[i].given.room) {
        DropLastReceived(i);
      }
    }
    return std::move(selected_);
  }

 private:
  // What normal payments to those that it counts come to within the selection.
  struct Limit {
    std::uint32_t receiver = 0;  // unused in the multilateral one
    absl::int128 room = 0;
    absl::int128 paid = 0;
    absl::int128 received = 0;

    bool IsKept() const { return paid == 0 || paid - received <= room; }
  };
  struct Account {
    OffsettingAccount given;
    absl::int128 growth = 0;            // by all that is selected
    std::array<absl::int128, 3> out{};  // what it pays of that, by priority
    std::optional<Limit> multilateral;
    std::vector<Limit> bilateral;
    std::vector<std::uint32_t> sent;      // the last one is looked at next
    std::vector<std::uint32_t> received;  // the same
    bool suspected = false;
  };

  static std::size_t IndexOf(PaymentPriority priority) {
    return static_cast<std::size_t>(priority);
  }

  // Whether it keeps what docs/liquidity.md says of sets.
  static bool IsCovered(const Account& account) {
    const OffsettingAccount& given = account.given;
    const absl::int128 after = given.funds + account.growth;
    if (after < 0) return false;
    const absl::int128 normal = account.out[IndexOf(PaymentPriority::kNormal)];
    const absl::int128 high = account.out[IndexOf(PaymentPriority::kHigh)];
    if (normal + high == 0) return true;
    const absl::int128 urgent_left = std::max<absl::int128>(
        0, given.reserved_urgent - account.out[IndexOf(PaymentPriority::kUrgent)]);
    if (after < urgent_left) return false;
    if (normal == 0) return true;
    const absl::int128 high_left = std::max<absl::int128>(0, given.reserved_high - high);
    if (after < urgent_left + high_left + given.release_threshold) return false;
    if (account.multilateral.has_value() && !account.multilateral->IsKept()) return false;
    return std::all_of(account.bilateral.begin(), account.bilateral.end(),
                       [](const Limit& limit) { return limit.IsKept(); });
  }

  static Limit* LimitFor(Account& account, std::uint32_t other) {
    for (Limit& limit : account.bilateral) {
      if (limit.receiver == other) return &limit;
    }
    return account.multilateral.has_value() ? &*account.multilateral : nullptr;
  }

  // Into the selection, or with a negative amount out of it.
  void Count(const OffsettingPayment& payment, absl::int128 amount) {
    Account& sender = accounts_[payment.sender];
    Account& receiver = accounts_[payment.receiver];
    sender.growth -= amount;
    receiver.growth += amount;
    sender.out[IndexOf(payment.priority)] += amount;
    if (payment.priority != PaymentPriority::kNormal) return;
    if (Limit* limit = LimitFor(sender, payment.receiver)) limit->paid += amount;
    if (Limit* limit = LimitFor(receiver, payment.sender)) limit->received += amount;
  }

  void Suspect(std::uint32_t account) {
    if (accounts_[account].suspected) return;
    accounts_[account].suspected = true;
    suspects_.push_back(account);
  }

  void Drop(std::uint32_t payment) {
    if (!selected_[payment]) return;
    selected_[payment] = false;
    const OffsettingPayment& dropped = payments_[payment];
    Count(dropped, -absl::int128(dropped.amount.minor()));
    Suspect(dropped.sender);
    Suspect(dropped.receiver);
  }

  void DropLastSent(std::uint32_t account) {
    std::vector<std::uint32_t>& sent = accounts_[account].sent;
    CW_CHECK(!sent.empty(), "an account that sends nothing lacks nothing");
    Drop(sent.back());
    sent.pop_back();
  }

  void DropLastReceived(std::uint32_t account) {
    std::vector<std::uint32_t>& received = accounts_[account].received;
    CW_CHECK(!received.empty(), "an account that receives nothing does not grow");
    const std::uint32_t payment = received.back();
    received.pop_back();
    if (!selected_[payment]) return;
    if (!keep_order_) return Drop(payment);
    // Nothing behind it may pass.
    std::vector<std::uint32_t>& sent = accounts_[payments_[payment].sender].sent;
    while (selected_[payment]) {
      Drop(sent.back());
      sent.pop_back();
    }
  }

  std::span<const OffsettingPayment> payments_;
  bool keep_order_;
  std::vector<bool> selected_;
  std::vector<Account> accounts_;
  std::vector<std::uint32_t> suspects_;
};

}  // namespace

std::vector<bool> SelectByBechSoramaki(std::span<const OffsettingAccount> accounts,
                                       std::span<const OffsettingPayment> payments, bool keep_order,
                                       std::span<const OffsettingLimit> limits) {
  return Selection(accounts, payments, limits, keep_order).Run();
}

}  // namespace causeway::core
