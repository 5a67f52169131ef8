#include "settlement/core/offsetting.h"

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

class Selection {
 public:
  Selection(std::span<const OffsettingAccount> accounts,
            std::span<const OffsettingPayment> payments, bool keep_order)
      : payments_(payments), keep_order_(keep_order), selected_(payments.size(), true) {
    accounts_.resize(accounts.size());
    for (std::size_t i = 0; i < accounts.size(); ++i) {
      CW_CHECK(accounts[i].funds >= 0, "nobody waits with less than nothing");
      accounts_[i].given = accounts[i];
    }
    for (std::uint32_t i = 0; i < payments.size(); ++i) {
      const OffsettingPayment& payment = payments[i];
      CW_CHECK(payment.sender != payment.receiver && payment.amount.IsPositive(),
               "what is queued moves money");
      accounts_[payment.sender].sent.push_back(i);
      accounts_[payment.receiver].received.push_back(i);
      accounts_[payment.sender].growth -= payment.amount.minor();
      accounts_[payment.receiver].growth += payment.amount.minor();
    }
  }

  std::vector<bool> Run() {
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) Suspect(i);
    while (!suspects_.empty()) {
      const std::uint32_t i = suspects_.back();
      suspects_.pop_back();
      accounts_[i].suspected = false;
      while (accounts_[i].given.funds + accounts_[i].growth < 0) DropLastSent(i);
      while (accounts_[i].given.room.has_value() &&
             accounts_[i].growth > *accounts_[i].given.room) {
        DropLastReceived(i);
      }
    }
    return std::move(selected_);
  }

 private:
  struct Account {
    OffsettingAccount given;
    absl::int128 growth = 0;              // by all that is selected
    std::vector<std::uint32_t> sent;      // the last one is looked at next
    std::vector<std::uint32_t> received;  // the same
    bool suspected = false;
  };

  void Suspect(std::uint32_t account) {
    if (accounts_[account].suspected) return;
    accounts_[account].suspected = true;
    suspects_.push_back(account);
  }

  void Drop(std::uint32_t payment) {
    if (!selected_[payment]) return;
    selected_[payment] = false;
    const OffsettingPayment& dropped = payments_[payment];
    accounts_[dropped.sender].growth += dropped.amount.minor();
    accounts_[dropped.receiver].growth -= dropped.amount.minor();
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
                                       std::span<const OffsettingPayment> payments,
                                       bool keep_order) {
  return Selection(accounts, payments, keep_order).Run();
}

}  // namespace causeway::core
