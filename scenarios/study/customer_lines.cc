// BCBS 248 B(ii): what correspondents' customers draw of the credit lines that accounts give them.
#include <algorithm>

#include "scenarios/study/account_indicators.h"

namespace causeway::study {
namespace {

// Positions of customers through one day: what was paid for each, less what was received for it.
class CustomerWalk {
 public:
  CustomerWalk(const Input& input, std::size_t day, std::vector<CustomerUse>& uses,
               AccountIndicators* accounts)
      : input_(input),
        uses_(uses.data() + day * input.customers.size()),
        accounts_(accounts),
        positions_(input.customers.size(), 0),
        drawn_(input.accounts.size(), 0) {}

  void Move(std::uint32_t customer, std::int64_t by) {
    if (customer == kNone) return;
    std::int64_t& position = positions_[customer];
    std::int64_t& drawn = drawn_[input_.customers[customer].account];
    drawn -= std::max<std::int64_t>(0, position);
    position += by;
    drawn += std::max<std::int64_t>(0, position);
    moved_.push_back(customer);
  }
  // At an instant that others can see: not within a set.
  void Look() {
    for (const std::uint32_t customer : moved_) {
      const AccountIndex account = input_.customers[customer].account;
      uses_[customer].peak = std::max(uses_[customer].peak, positions_[customer]);
      accounts_[account].customer_lines_use =
          std::max(accounts_[account].customer_lines_use, drawn_[account]);
    }
    moved_.clear();
  }

 private:
  const Input& input_;
  CustomerUse* uses_;
  AccountIndicators* accounts_;
  std::vector<std::int64_t> positions_;
  std::vector<std::int64_t> drawn_;  // of all lines of an account together
  std::vector<std::uint32_t> moved_;
};

}  // namespace

std::vector<CustomerUse> CustomerUsesOf(const Input& input, const RunResult& result,
                                        std::vector<AccountIndicators>& accounts) {
  if (input.customers.empty()) return {};
  std::vector<CustomerUse> uses(input.days.size() * input.customers.size());
  std::vector<CustomerWalk> walks;
  for (std::size_t day = 0; day < input.days.size(); ++day) {
    walks.emplace_back(input, day, uses, accounts.data() + day * input.accounts.size());
  }
  CustomerWalk* open = nullptr;
  std::uint32_t open_set = 0;
  ForEachSettlement(
      input, result, [&](PaymentIndex payment, std::int64_t amount, TimeUs, std::uint32_t set) {
        CustomerWalk* const walk =
            &walks[static_cast<std::size_t>(input.payments[payment].due / kDaySpanUs)];
        if (open != nullptr && (set == 0 || set != open_set || walk != open)) open->Look();
        open = walk;
        open_set = set;
        if (!input.sender_customers.empty()) walk->Move(input.sender_customers[payment], amount);
        if (!input.recipient_customers.empty())
          walk->Move(input.recipient_customers[payment], -amount);
      });
  if (open != nullptr) open->Look();
  for (std::size_t i = 0; i < input.customers.size(); ++i) {
    for (std::size_t day = 0; day < input.days.size(); ++day) {
      accounts[day * input.accounts.size() + input.customers[i].account].customer_lines +=
          input.customers[i].credit_line;
    }
  }
  return uses;
}

}  // namespace causeway::study
