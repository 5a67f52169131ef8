#include "scenarios/study/folder.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "fmt/format.h"
#include "scenarios/study/changes.h"
#include "scenarios/study/mapping.h"
#include "scenarios/study/payment_ids.h"
#include "scenarios/study/table_reader.h"
#include "scenarios/study/values.h"
#include "settlement/core/check.h"

namespace causeway::study {
namespace {

constexpr std::size_t kTextBytesMax = 200;  // of an id or a name
std::string DayExpected(DayForm form) {
  return fmt::format("expected {}", form == DayForm::kNumberOrDate
                                        ? "a number from 0 to 999999 or a date such as 2026-11-30"
                                        : fmt::format("a date in the form {}", Described(form)));
}
std::string TimeExpected(TimeForm form) {
  return fmt::format("expected a time of day in the form {}", Described(form));
}
// `of` is "from 0" or "above 0".
std::string AmountExpected(AmountForm form, std::string_view of, int minor_digits) {
  const std::string decimals = fmt::format("with at most {} decimals", minor_digits);
  if (form == AmountForm::kDecimal)
    return fmt::format("expected a decimal number {} {}", of, decimals);
  if (form == AmountForm::kRounded)
    return fmt::format("expected a decimal number {}, such as 1234.5 or 1e3", of);
  return fmt::format("expected a number {} {}in the form {}", of,
                     form == AmountForm::kMinor ? "" : decimals + " ", Described(form));
}

constexpr std::string_view kOnce = "is there already: expected each once";

// The hash containers of Abseil look up its own string_view only.
absl::string_view Key(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::size_t kCurrenciesMax = 1000;

class FolderReader {
 public:
  FolderReader(const FileSource& source, int minor_digits)
      : source_(source), mapping_(DefaultMapping()) {
    result_.input.minor_digits = minor_digits;
    // PSSimPy writes amounts as the floating point that they are there.
    if (source.Open("transactions.csv") != nullptr) {
      mapping_.accounts.amount_form = AmountForm::kRounded;
      mapping_.payments.amount_form = AmountForm::kRounded;
    }
    most_expected_ = fmt::format(
        "expected at most {}",
        core::FormatAmount(core::Amount::FromMinor(liquidity::kTotalMinorMax), minor_digits));
  }

  FolderResult Read() {
    ReadMapping(source_, mapping_, result_.problems, result_.notices);
    ForEachRow(mapping_.banks, {}, [this](TableReader& row) { AddBank(row); });
    knows_accounts_ = ForEachRow(mapping_.accounts, {kAccountId},
                                 [this](TableReader& row) { AddAccount(row); }) == Rows::kTold;
    customers_told_ = ForEachRow(mapping_.customers, {kCustomerAccount, kCustomerName},
                                 [this](TableReader& row) { AddCustomer(row); });
    knows_payments_ = ForEachRow(mapping_.payments, {},
                                 [this](TableReader& row) { AddPayment(row); }) == Rows::kTold;
    ForEachRow(mapping_.limits, {}, [this](TableReader& row) { AddLimit(row); });
    ForEachRow(mapping_.changes, {}, [this](TableReader& row) { AddChange(row); });
    if (result_.problems.empty()) {
      NumberDays();
      SortByTime();
      PlaceChanges();
    }
    for (const auto& [file, rounded] : rounded_) {
      result_.notices.push_back(fmt::format(
          "{}: {} amount{} of more than {} decimals, rounded half-even; the first is \"{}\"", file,
          rounded.count, rounded.count == 1 ? "" : "s", result_.input.minor_digits, rounded.first));
    }
    if (past_midnight_ > 0) {
      result_.notices.push_back(
          fmt::format("{} payment{} with a time from 24:00 on: after midnight, and of the business "
                      "day before it",
                      past_midnight_, past_midnight_ == 1 ? "" : "s"));
    }
    if (knows_payments_ && row_ == 0 && result_.problems.empty()) {
      result_.notices.emplace_back("the table of payments holds none: there is nothing to settle");
    }
    result_.files = source_.opened();
    return std::move(result_);
  }

 private:
  enum class Rows {
    kNone,    // there is no such file
    kUntold,  // none could be told, or not what they are called by
    kTold,
  };
  // `names`: the columns by which other tables call the rows.
  template <typename Function>
  Rows ForEachRow(const MappedTable& table, std::initializer_list<std::size_t> names,
                  Function function) {
    std::string file;
    std::unique_ptr<std::istream> in;
    for (const std::string& name : table.files) {
      std::unique_ptr<std::istream> opened = source_.Open(name);
      if (opened == nullptr) continue;
      if (in != nullptr) {
        result_.problems.Add(
            {name, 0, 0, fmt::format("lies beside {}: expected one of the two", file)});
        break;
      }
      file = name;
      in = std::move(opened);
    }
    if (in == nullptr) {
      if (table.required) {
        result_.problems.Add({table.files.front(), 0, 0, WhyMissing(table.files)});
      }
      return Rows::kNone;
    }
    TableReader row(*in, file, table.name, table.Columns(), table.separator, result_.problems,
                    result_.notices);
    if (!row.ReadHeader()) return Rows::kUntold;
    while (row.NextRow()) function(row);
    const bool has_names = std::all_of(names.begin(), names.end(),
                                       [&row](std::size_t column) { return row.Has(column); });
    return has_names ? Rows::kTold : Rows::kUntold;
  }

  std::string WhyMissing(const std::vector<std::string>& files) const {
    const auto small = [](std::string text) {
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      return text;
    };
    for (const std::string& there : source_.Names()) {
      for (const std::string& file : files) {
        if (there == file) return fmt::format("{} cannot be read", there);
        if (small(there) != small(file)) continue;
        return fmt::format("is not in the folder, but {} is: expected {}", there, file);
      }
    }
    if (files.size() < 2) return "is not in the folder";
    return fmt::format("is not in the folder, nor is {}", files[1]);
  }

  // In minor units; notes what was rounded. Nothing when it is no amount.
  std::optional<std::int64_t> Minor(const TableReader& row, std::size_t field, AmountForm form) {
    const std::string_view text = row.Text(field);
    const int digits = result_.input.minor_digits;
    if (form != AmountForm::kRounded) return ParseMinor(text, digits, form);
    if (const auto plain = ParseMinor(text, digits, AmountForm::kDecimal)) return plain;
    const auto parsed = ParseRounded(text, digits);
    if (!parsed) return std::nullopt;
    if (parsed->rounded) {
      Rounded& rounded = rounded_[row.file()];
      if (rounded.count++ == 0) rounded.first = text;
    }
    return parsed->minor;
  }

  // Also of a number that is too large to be read.
  static bool IsTooLarge(std::string_view text, const std::optional<std::int64_t>& minor) {
    if (minor) return *minor > liquidity::kTotalMinorMax;
    constexpr std::size_t kDigitsOfAny = 12;  // with up to 6 decimals they fit
    return text.find_first_not_of("0123456789") > kDigitsOfAny &&
           text.find_first_not_of("0123456789.,") == std::string_view::npos &&
           text.size() > kDigitsOfAny;
  }

  // A blank is zero only where most accounts have nothing.
  std::optional<std::int64_t> Money(TableReader& row, std::size_t field, AmountForm form,
                                    bool may_be_blank = false) {
    if (!row.Has(field) || (may_be_blank && row.Text(field).empty())) return 0;
    std::optional<std::int64_t> amount = Minor(row, field, form);
    if (IsTooLarge(row.Text(field), amount)) {
      row.Report(field, most_expected_);
      return std::nullopt;
    }
    if (!amount) {
      row.Report(field, AmountExpected(form, "from 0", result_.input.minor_digits));
    }
    return amount;
  }

  // An id or name that is not empty.
  std::optional<std::string_view> Name(TableReader& row, std::size_t field) {
    const std::string_view text = row.Text(field);
    if (!text.empty() && text.size() <= kTextBytesMax) return text;
    row.Report(field, fmt::format("expected 1 to {} bytes", kTextBytesMax));
    return std::nullopt;
  }

  void AddBank(TableReader& row) {
    const auto name = Name(row, kBankName);
    if (!name) return;
    has_banks_ = true;
    if (!banks_.emplace(Key(*name)).second) row.Report(kBankName, kOnce);
  }

  void AddAccount(TableReader& row) {
    const auto id = Name(row, kAccountId);
    Account account;
    account.owner = row.Text(kAccountOwner);
    if (account.owner.empty() && id) account.owner = *id;
    if (has_banks_ && row.Has(kAccountOwner) && !banks_.contains(account.owner)) {
      row.Report(kAccountOwner, "expected a name that banks.csv lists");
    }
    const AmountForm form = mapping_.accounts.amount_form;
    const auto balance = Money(row, kAccountBalance, form);
    const auto collateral = Money(row, kAccountCollateral, form, true);
    const auto credit = Money(row, kAccountCredit, form, true);
    const auto reserved_urgent = Money(row, kAccountReservedUrgent, form, true);
    const auto reserved_high = Money(row, kAccountReservedHigh, form, true);
    const auto threshold = Money(row, kAccountThreshold, form, true);
    if (!row.Text(kAccountHoldingLimit).empty()) {
      account.holding_limit = Money(row, kAccountHoldingLimit, form);
    }
    if (!row.Text(kAccountHaircut).empty()) {
      account.haircut_basis_points = ParseBasisPoints(row.Text(kAccountHaircut));
      if (!account.haircut_basis_points) row.Report(kAccountHaircut, kHaircutExpected);
    }
    account.currency = Currency(row);
    if (!id) return;
    if (balance && *balance > liquidity::kTotalMinorMax - balances_) {
      row.Report(kAccountBalance,
                 fmt::format("expected all balances to come to at most {} minor units",
                             liquidity::kTotalMinorMax));
    } else {
      balances_ += balance.value_or(0);
    }
    // An account with a wrong amount is known all the same, so that its payments are not faults
    // too.
    account.id = *id;
    account.balance = balance.value_or(0);
    account.posted_collateral = collateral.value_or(0);
    account.credit_limit = credit.value_or(0);
    account.reserved_urgent = reserved_urgent.value_or(0);
    account.reserved_high = reserved_high.value_or(0);
    account.release_threshold = threshold.value_or(0);
    const auto index = static_cast<AccountIndex>(result_.input.accounts.size());
    if (!accounts_.emplace(account.id, index).second) {
      row.Report(kAccountId, kOnce);
      return;
    }
    result_.input.accounts.push_back(std::move(account));
  }

  // The place of an account's currency; without the column all are in one that has no name.
  std::uint32_t Currency(TableReader& row) {
    if (!row.Has(kAccountCurrency)) return 0;
    const std::string text(row.Text(kAccountCurrency));
    if (!IsCurrencyName(text)) {
      row.Report(kAccountCurrency,
                 fmt::format("expected 1 to {} letters or digits, such as EUR", kCurrencyBytesMax));
      return 0;
    }
    std::vector<std::string>& names = result_.input.currencies;
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
      if (names.size() == kCurrenciesMax) {
        row.Report(kAccountCurrency, fmt::format("expected at most {}", kCurrenciesMax));
        return 0;
      }
      names.push_back(text);
      return static_cast<std::uint32_t>(names.size() - 1);
    }
    return static_cast<std::uint32_t>(found - names.begin());
  }

  // False when it was reported: money of one currency is none of another.
  bool AreOfOneCurrency(TableReader& row, AccountIndex sender, AccountIndex recipient) {
    const Input& input = result_.input;
    if (input.accounts[sender].currency == input.accounts[recipient].currency) return true;
    row.Report(kPaymentRecipient,
               fmt::format("is in {}: expected an account in {}, as the sender's",
                           input.currencies[input.accounts[recipient].currency],
                           input.currencies[input.accounts[sender].currency]));
    return false;
  }

  std::optional<AccountIndex> FindAccount(TableReader& row, std::size_t field) {
    const auto found = accounts_.find(Key(row.Text(field)));
    if (found != accounts_.end()) return found->second;
    // Without a table of accounts none is known, which has been said once.
    if (knows_accounts_) row.Report(field, "expected the id of an account");
    return std::nullopt;
  }

  std::optional<std::int64_t> Day(TableReader& row) {
    if (!row.Has(kPaymentDay)) return 1;
    const std::string_view text = row.Text(kPaymentDay);
    if (text == day_text_) return day_;
    const auto day = ParseDay(text, mapping_.payments.day_form);
    if (!day) {
      row.Report(kPaymentDay, DayExpected(mapping_.payments.day_form));
      return std::nullopt;
    }
    day_text_ = text;
    day_ = *day;
    return day;
  }

  // kNoTime when the field is empty; nothing when it was reported.
  std::optional<TimeUs> SettleBy(TableReader& row, const std::optional<TimeUs>& due);
  // 0 when it was reported.
  std::int64_t PaymentAmount(TableReader& row);
  void AddPayment(TableReader& row);
  void AddLinkAndId(TableReader& row);
  void AddFaultyId(TableReader& row);

  void AddLimit(TableReader& row) {
    Limit limit;
    const auto account = FindAccount(row, kLimitAccount);
    std::optional<AccountIndex> counterparty = kNone;  // all
    if (!row.Text(kLimitCounterparty).empty()) counterparty = FindAccount(row, kLimitCounterparty);
    const auto amount = Money(row, kLimitAmount, mapping_.limits.amount_form);
    if (!account || !counterparty || !amount) return;
    limit.counterparty = *counterparty;
    if (*account == limit.counterparty) {
      row.Report(kLimitCounterparty, "expected another account than the one with the limit");
      return;
    }
    limit.account = *account;
    limit.amount = *amount;
    if (!limits_.emplace(limit.account, limit.counterparty).second) {
      row.Report(kLimitAccount, "has such a limit already: expected one for each counterparty");
      return;
    }
    result_.input.limits.push_back(limit);
  }

  void AddCustomer(TableReader& row) {
    const auto account = FindAccount(row, kCustomerAccount);
    const auto name = Name(row, kCustomerName);
    const auto line = Money(row, kCustomerLine, mapping_.customers.amount_form);
    const auto secured = ParseFlag(row.Text(kCustomerSecured));
    if (!secured) row.Report(kCustomerSecured, "expected yes or no");
    const auto committed = ParseFlag(row.Text(kCustomerCommitted));
    if (!committed) row.Report(kCustomerCommitted, "expected yes or no");
    if (!account || !name || !line || !secured || !committed) return;
    const auto index = static_cast<std::uint32_t>(result_.input.customers.size());
    if (!customers_.emplace(std::pair(*account, std::string(*name)), index).second) {
      row.Report(kCustomerName, "is a customer of this account already: expected each once");
      return;
    }
    result_.input.customers.push_back({*account, std::string(*name), *line, *secured, *committed});
  }

  // The place of an account's customer; kNone when the field is empty, nothing when it is wrong.
  std::optional<std::uint32_t> FindCustomer(TableReader& row, std::size_t field,
                                            const std::optional<AccountIndex>& account) {
    if (row.Text(field).empty()) return kNone;
    if (!account) return std::nullopt;
    const auto found = customers_.find({*account, std::string(row.Text(field))});
    if (found != customers_.end()) return found->second;
    if (customers_told_ == Rows::kUntold) return std::nullopt;  // which has been said once
    row.Report(field, customers_told_ == Rows::kTold
                          ? "expected a customer that customers.csv lists for the account"
                          : "expected a file customers.csv that lists it");
    return std::nullopt;
  }

  void AddChange(TableReader& row);
  bool ReadChange(TableReader& row, Change& change);
  // By its id, or without ids by its row's number; one of a faulty row too.
  bool KnowsPayment(const std::string& id) const;

  // Days become 0, 1, 2, ... in their order.
  void NumberDays();
  // Changes find their days and payments, and stand in the order of time.
  void PlaceChanges();
  void SortByTime();

  NotingSource source_;
  Mapping mapping_;
  FolderResult result_;
  std::string most_expected_;
  bool has_banks_ = false;
  bool knows_accounts_ = false;
  Rows customers_told_ = Rows::kNone;
  std::map<std::pair<AccountIndex, std::string>, std::uint32_t> customers_;
  // A change as its file has it: without a day it is made on each.
  struct WrittenChange {
    Change change;
    std::optional<std::int64_t> day;
    std::uint64_t day_line = 0;  // where it stands
    std::uint64_t day_column = 0;
    std::string payment;
  };
  std::vector<WrittenChange> changes_;
  std::uint32_t change_row_ = 0;
  absl::flat_hash_set<std::string> banks_;
  absl::flat_hash_map<std::string, AccountIndex> accounts_;
  absl::flat_hash_set<std::pair<AccountIndex, AccountIndex>> limits_;
  absl::flat_hash_map<std::string, std::uint32_t> links_;
  std::string day_text_ = "\n";  // of the row before; no field of one line is this
  std::int64_t day_ = 0;
  std::vector<std::int32_t> payment_days_;  // as payments: what the file says, until numbered
  std::uint32_t row_ = 0;
  std::int64_t total_ = 0;
  std::int64_t balances_ = 0;
  // By file: amounts with more decimals than there are.
  struct Rounded {
    std::uint64_t count = 0;
    std::string first;
  };
  std::map<std::string, Rounded> rounded_;
  std::uint64_t past_midnight_ = 0;  // payments
  bool knows_payments_ = false;
  bool has_ids_ = false;
  PaymentIds ids_;
};

std::int64_t FolderReader::PaymentAmount(TableReader& row) {
  const std::optional<std::int64_t> read =
      Minor(row, kPaymentAmount, mapping_.payments.amount_form);
  const bool too_large = IsTooLarge(row.Text(kPaymentAmount), read);
  const std::int64_t amount = read.value_or(0);
  if (amount == 0 || too_large) {
    row.Report(kPaymentAmount, too_large ? most_expected_
                                         : AmountExpected(mapping_.payments.amount_form, "above 0",
                                                          result_.input.minor_digits));
    return 0;
  }
  if (amount > liquidity::kTotalMinorMax - total_) {
    row.Report(kPaymentAmount,
               fmt::format("expected all payments to come to at most {} minor units",
                           liquidity::kTotalMinorMax));
    return 0;
  }
  return amount;
}

std::optional<TimeUs> FolderReader::SettleBy(TableReader& row, const std::optional<TimeUs>& due) {
  if (row.Text(kPaymentSettleBy).empty()) return kNoTime;
  const auto by = ParseTimeOfDay(row.Text(kPaymentSettleBy), mapping_.payments.time_form);
  if (by && (!due || *by >= *due)) return by;
  row.Report(kPaymentSettleBy, "expected a time of day not before the payment's own, or nothing");
  return std::nullopt;
}

void FolderReader::AddPayment(TableReader& row) {
  ++row_;
  has_ids_ = row.Has(kPaymentId);
  Input& input = result_.input;
  const auto sender = FindAccount(row, kPaymentSender);
  const auto recipient = FindAccount(row, kPaymentRecipient);
  const std::int64_t amount = PaymentAmount(row);
  const auto day = Day(row);
  const auto time = ParseTimeOfDay(row.Text(kPaymentTime), mapping_.payments.time_form);
  if (!time) row.Report(kPaymentTime, TimeExpected(mapping_.payments.time_form));
  const auto priority = ParsePriority(row.Text(kPaymentPriority));
  if (!priority) row.Report(kPaymentPriority, "expected urgent, high or normal, or 1, 2 or 3");
  const auto time_specific = ParseFlag(row.Text(kPaymentTimeSpecific));
  if (!time_specific) row.Report(kPaymentTimeSpecific, "expected yes or no");
  const auto settle_by = SettleBy(row, time);
  const auto for_customer = ParseFlag(row.Text(kPaymentForCustomer));
  if (!for_customer) row.Report(kPaymentForCustomer, "expected yes or no");
  if (sender && recipient && *sender == *recipient) {
    row.Report(kPaymentRecipient, "expected another account than the sender's");
    return AddFaultyId(row);
  }
  if (sender && recipient && !AreOfOneCurrency(row, *sender, *recipient)) return AddFaultyId(row);
  const auto customer = FindCustomer(row, kPaymentCustomer, sender);
  const auto recipient_customer = FindCustomer(row, kPaymentRecipientCustomer, recipient);
  if (!sender || !recipient || amount == 0 || !day || !time || !priority || !time_specific ||
      !settle_by || !for_customer || !customer || !recipient_customer) {
    return AddFaultyId(row);
  }
  if (row.Has(kPaymentCustomer)) input.sender_customers.push_back(*customer);
  if (row.Has(kPaymentRecipientCustomer)) input.recipient_customers.push_back(*recipient_customer);
  if (row.Has(kPaymentSettleBy)) input.settle_by.push_back(*settle_by);
  total_ += amount;
  input.payments.push_back({amount, *time, *sender, *recipient, *priority,
                            *time_specific || *settle_by != kNoTime,
                            *for_customer || *customer != kNone});
  payment_days_.push_back(static_cast<std::int32_t>(*day));
  if (*time >= kDayUs) ++past_midnight_;
  input.rows.push_back(row_);
  AddLinkAndId(row);
}

void FolderReader::AddFaultyId(TableReader& row) {
  if (!row.Text(kPaymentId).empty() && !ids_.AddFaulty(row.Text(kPaymentId))) {
    row.Report(kPaymentId, kOnce);
  }
}

void FolderReader::AddLinkAndId(TableReader& row) {
  Input& input = result_.input;
  if (row.Has(kPaymentId)) {
    input.payment_ids.Append(row.Text(kPaymentId));
    if (!row.Text(kPaymentId).empty() && !ids_.AddLast(input.payment_ids)) {
      row.Report(kPaymentId, kOnce);
    }
  }
  if (!row.Has(kPaymentLink)) return;
  const std::string_view link = row.Text(kPaymentLink);
  std::uint32_t number = 0;
  if (!link.empty()) {
    number = links_.emplace(Key(link), static_cast<std::uint32_t>(links_.size() + 1)).first->second;
  }
  input.links.push_back(number);
}

// What the row names besides its time; false when it was reported.
bool FolderReader::ReadChange(TableReader& row, Change& change) {
  const auto missing = [&row](std::string_view what) {
    row.Report(kChangeKind, what);
    return false;
  };
  if (IsOfPayment(change.kind)) {
    return !row.Text(kChangePayment).empty() || missing("expected the id of a payment beside it");
  }
  if (!row.Has(kChangeAccount)) return missing("expected a column account");
  const auto account = FindAccount(row, kChangeAccount);
  change.account = account.value_or(kNone);
  bool good = account.has_value();
  if (NeedsCounterparty(change.kind)) {
    if (!row.Has(kChangeCounterparty)) return missing("expected a column counterparty");
    const auto counterparty = FindAccount(row, kChangeCounterparty);
    change.counterparty = counterparty.value_or(kNone);
    good = good && counterparty.has_value();
  }
  if (row.Text(kChangeValue).empty()) {
    return (MayLackValue(change.kind) || missing("expected an amount beside it")) && good;
  }
  change.value = Money(row, kChangeValue, mapping_.changes.amount_form);
  return good && change.value.has_value();
}

void FolderReader::AddChange(TableReader& row) {
  WrittenChange written;
  written.change.row = ++change_row_;
  const auto kind = ParseChangeKind(row.Text(kChangeKind));
  if (!kind) row.Report(kChangeKind, fmt::format("expected one of {}", ChangeKindNames()));
  const auto time = ParseTimeOfDay(row.Text(kChangeTime), mapping_.changes.time_form);
  if (!time) row.Report(kChangeTime, TimeExpected(mapping_.changes.time_form));
  if (!row.Text(kChangeDay).empty()) {
    written.day = ParseDay(row.Text(kChangeDay), mapping_.changes.day_form);
    if (!written.day) return row.Report(kChangeDay, DayExpected(mapping_.changes.day_form));
  }
  if (!kind || !time) return;
  written.change.kind = *kind;
  written.change.time = *time;
  written.payment = row.Text(kChangePayment);
  written.day_line = row.LineOf(kChangeDay);
  written.day_column = row.ColumnOf(kChangeDay);
  if (!ReadChange(row, written.change)) return;
  if (IsOfPayment(*kind) && knows_payments_ && !KnowsPayment(written.payment)) {
    return row.Report(kChangePayment, has_ids_ ? "expected the id of a payment"
                                               : "expected the number of a payment's row, from 1");
  }
  changes_.push_back(std::move(written));
}

bool FolderReader::KnowsPayment(const std::string& id) const {
  if (has_ids_) return ids_.Contains(id);
  const std::optional<std::int64_t> number = ParseMinor(id, 0, AmountForm::kMinor);
  return number && *number >= 1 && *number <= row_ && id == fmt::format("{}", *number);
}

void FolderReader::PlaceChanges() {
  if (changes_.empty()) return;
  Input& input = result_.input;
  absl::flat_hash_map<std::string, PaymentIndex> payment_of_id;
  for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
    const std::string id = input.payment_ids.empty() ? fmt::format("{}", input.rows[i])
                                                     : std::string(input.payment_ids[i]);
    payment_of_id.emplace(id, i);
  }
  for (const WrittenChange& written : changes_) {
    Change change = written.change;
    if (IsOfPayment(change.kind)) {
      const auto found = payment_of_id.find(written.payment);
      CW_CHECK(found != payment_of_id.end(), "a change's payment is known since it was read");
      change.payment = found->second;
      change.time += input.payments[change.payment].due / kDaySpanUs * kDaySpanUs;
      input.changes.push_back(change);
      continue;
    }
    bool known = !written.day.has_value();
    for (std::size_t day = 0; day < input.days.size(); ++day) {
      if (written.day && FormatDay(*written.day) != input.days[day]) continue;
      known = true;
      input.changes.push_back(change);
      input.changes.back().time += static_cast<TimeUs>(day) * kDaySpanUs;
    }
    if (!known) {
      result_.problems.Add({mapping_.changes.files.front(), written.day_line, written.day_column,
                            "day: expected one on which there are payments"});
    }
  }
  std::stable_sort(input.changes.begin(), input.changes.end(),
                   [](const Change& a, const Change& b) { return a.time < b.time; });
}

void FolderReader::NumberDays() {
  std::vector<std::int32_t> days = payment_days_;
  days.erase(std::unique(days.begin(), days.end()), days.end());
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  for (const std::int32_t day : days) result_.input.days.push_back(FormatDay(day));
  if (days.empty()) result_.input.days.emplace_back("1");
  std::int32_t last = -1;
  TimeUs start = 0;
  for (std::size_t i = 0; i < payment_days_.size(); ++i) {
    if (payment_days_[i] != last) {
      last = payment_days_[i];
      start = kDaySpanUs * (std::lower_bound(days.begin(), days.end(), last) - days.begin());
    }
    result_.input.payments[i].due += start;
    if (!result_.input.settle_by.empty() && result_.input.settle_by[i] != kNoTime) {
      result_.input.settle_by[i] += start;
    }
  }
  payment_days_ = {};
}

void FolderReader::SortByTime() {
  Input& input = result_.input;
  const auto earlier = [](const Payment& a, const Payment& b) { return a.due < b.due; };
  if (std::is_sorted(input.payments.begin(), input.payments.end(), earlier)) return;
  std::vector<std::uint32_t> order(input.payments.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return input.payments[a].due < input.payments[b].due;
  });
  const auto arrange = [&order](auto& items) {
    if (items.empty()) return;
    std::remove_reference_t<decltype(items)> arranged;
    arranged.reserve(items.size());
    for (const std::uint32_t from : order) arranged.push_back(items[from]);
    items = std::move(arranged);
  };
  arrange(input.payments);
  arrange(input.rows);
  arrange(input.links);
  arrange(input.settle_by);
  arrange(input.sender_customers);
  arrange(input.recipient_customers);
  if (input.payment_ids.empty()) return;
  TextColumn ids;
  for (const std::uint32_t from : order) ids.Append(input.payment_ids[from]);
  input.payment_ids = std::move(ids);
}

}  // namespace

FolderResult ReadFolder(const FileSource& source, int minor_digits) {
  return FolderReader(source, minor_digits).Read();
}

}  // namespace causeway::study
