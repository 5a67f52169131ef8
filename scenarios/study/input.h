// What a study runs: accounts, payments and limits, from files or from a generator.
#ifndef CAUSEWAY_SCENARIOS_STUDY_INPUT_H_
#define CAUSEWAY_SCENARIOS_STUDY_INPUT_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settlement/liquidity/types.h"

namespace causeway::study {

// Place of an account in Input::accounts, of a payment in Input::payments.
using AccountIndex = std::uint32_t;
using PaymentIndex = std::uint32_t;
inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

// Microseconds. A point in time counts from the midnight before the first day of the study opens;
// day n (from 0) begins at n * kDaySpanUs, and its times of day run to 48:00. So a business day may
// run over midnight (21:00 to 43:00) and not meet the next one; nothing happens between two days.
using TimeUs = std::int64_t;
inline constexpr TimeUs kMinuteUs = 60'000'000;
inline constexpr TimeUs kHourUs = 60 * kMinuteUs;
inline constexpr TimeUs kDayUs = 24 * kHourUs;
inline constexpr TimeUs kDaySpanUs = 2 * kDayUs;
inline constexpr TimeUs kNoTime = -1;

// Amounts are in minor units of the account's currency.
struct Account {
  std::string id;
  std::string owner;  // the bank; several accounts may have one owner
  std::int64_t balance = 0;
  std::int64_t posted_collateral = 0;
  std::int64_t credit_limit = 0;  // how far below zero the balance may go
  // Of the collateral, what does not count; nothing: RunOptions::haircut_basis_points.
  std::optional<std::uint32_t> haircut_basis_points;
  // Kept for urgent payments, for urgent and high ones, and by balance-reactive release.
  std::int64_t reserved_urgent = 0;
  std::int64_t reserved_high = 0;
  std::int64_t release_threshold = 0;
  std::optional<std::int64_t> holding_limit;  // the most that receipts may raise its balance to
  std::uint32_t currency = 0;                 // place in Input::currencies
};

struct Payment {
  std::int64_t amount = 0;  // above zero
  TimeUs due = 0;           // when its sender submits it
  AccountIndex sender = 0;
  AccountIndex recipient = 0;  // another account of the same currency
  liquidity::Priority priority = liquidity::Priority::kNormal;
  // Its sender's obligation to settle it by a time (BCBS 248 A(iv)), that of Input::settle_by or
  // the close; so named in the file.
  bool time_specific = false;
  // Made on behalf of a correspondent's customer (BCBS 248 B(i)).
  bool for_customer = false;
  std::uint32_t drawn = 0;  // number among those of a generator, from 1; 0: not of one
};

// How much more `account` may have paid than received, at any time of a day: in all
// (counterparty = kNone), or towards one other account.
struct Limit {
  AccountIndex account = 0;
  AccountIndex counterparty = kNone;
  std::int64_t amount = 0;
};

// What an account lets a correspondent's customer draw within a day (BCBS 248 B(ii)).
struct CustomerLine {
  AccountIndex account = 0;
  std::string customer;
  std::int64_t credit_line = 0;
  bool secured = false;
  bool committed = false;
};

// What changes within a day. Those from kCancel on are of a payment that waits.
enum class ChangeKind : std::uint8_t {
  kAddBalance,  // money from outside, and to it
  kTakeBalance,
  kCreditLimit,
  kCollateral,
  kReserveUrgent,
  kReserveHigh,
  kReleaseThreshold,
  kHoldingLimit,
  kBilateralLimit,
  kMultilateralLimit,
  kCancel,
  kMakeUrgent,
  kMakeHigh,
  kMakeNormal,
  kToFront,
  kToEnd,
};

struct Change {
  TimeUs time = 0;  // a point in time
  ChangeKind kind = ChangeKind::kAddBalance;
  AccountIndex account = kNone;
  AccountIndex counterparty = kNone;  // kBilateralLimit
  PaymentIndex payment = kNone;       // place in Input::payments
  std::optional<std::int64_t> value;  // nothing lifts a limit
  std::uint32_t row = 0;              // in the file, from 1
};

// Texts of the same number as something else, kept together: a million short strings would cost
// more than what they name.
class TextColumn {
 public:
  void Append(std::string_view text) {
    bytes_ += text;
    ends_.push_back(bytes_.size());
  }
  bool empty() const { return ends_.empty(); }
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::uint64_t> ends_;
};

// What names a payment among those of its input, whatever else there is: its id; or the stream that
// it was drawn for and its number in it; or, of a file and without an id, its row.
struct PaymentName {
  std::string_view text;
  std::uint64_t number = 0;
};

// The payments that were drawn for one stream are those from its first one on (Payment::drawn).
struct DrawnStream {
  std::string name;
  std::uint32_t first = 1;
};

struct Input {
  std::string name;      // of the preset or the folder
  int minor_digits = 2;  // decimals of an amount, in every currency
  // Names of the currencies that accounts are in, in the order in which they come first. Empty: one
  // that has no name.
  std::vector<std::string> currencies;
  // The one that amounts of all of them are stated in; empty: each in its own.
  std::string stated_in;
  std::vector<Account> accounts;
  // By due time; at the same time in the order of the file.
  std::vector<Payment> payments;
  TextColumn payment_ids;            // as `payments`, or empty: then they are numbered from 1
  std::vector<std::uint32_t> rows;   // as `payments`: number in the file, from 1
  std::vector<DrawnStream> streams;  // of a generator, in the order of drawing
  // As `payments`, or empty: payments with the same number other than 0 are legs of one settlement.
  std::vector<std::uint32_t> links;
  // As `payments`, or empty: points in time by which time-specific ones are to settle, or kNoTime:
  // by the close.
  std::vector<TimeUs> settle_by;
  std::vector<Limit> limits;
  std::vector<Change> changes;  // by time; at the same time in the order of the file
  std::vector<CustomerLine> customers;
  // As `payments`, or empty: places in `customers`, or kNone. For whom the sender pays, and for
  // whom the recipient receives.
  std::vector<std::uint32_t> sender_customers;
  std::vector<std::uint32_t> recipient_customers;
  std::vector<std::string> days;  // their names, in order

  // Its text lives as long as this.
  PaymentName NameOf(PaymentIndex payment) const {
    if (!payment_ids.empty() && !payment_ids[payment].empty()) return {payment_ids[payment], 0};
    const std::uint32_t drawn = payments[payment].drawn;
    if (drawn == 0) return {"", rows[payment]};
    const auto after = std::upper_bound(
        streams.begin(), streams.end(), drawn,
        [](std::uint32_t value, const DrawnStream& stream) { return value < stream.first; });
    const DrawnStream& stream = *std::prev(after);
    return {stream.name, drawn - stream.first + 1};
  }
};

// What amounts of an input of one currency are in; empty where nothing says so.
inline std::string UnitOfAmounts(const Input& input) {
  if (!input.stated_in.empty()) return input.stated_in;
  return input.currencies.size() == 1 ? input.currencies.front() : std::string();
}

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_INPUT_H_
