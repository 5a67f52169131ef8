// mapping.csv of a study's folder: which file and column a table's fields come from, and in which
// form.
#ifndef CAUSEWAY_SCENARIOS_STUDY_MAPPING_H_
#define CAUSEWAY_SCENARIOS_STUDY_MAPPING_H_

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/study/folder.h"
#include "scenarios/study/table_reader.h"
#include "scenarios/study/values.h"

namespace causeway::study {

struct MappedField {
  std::string name;                  // "amount"
  std::vector<std::string> columns;  // names that its column may have
  bool required = false;
};

struct MappedTable {
  std::string name;                // "payments"
  std::vector<std::string> files;  // the first that there is
  bool required = false;           // the file
  char separator = ',';
  std::vector<MappedField> fields;
  AmountForm amount_form = AmountForm::kDecimal;
  TimeForm time_form = TimeForm::kColons;
  DayForm day_form = DayForm::kNumberOrDate;

  std::vector<Column> Columns() const;
};

struct Mapping {
  MappedTable banks;
  MappedTable accounts;
  MappedTable payments;
  MappedTable limits;
  MappedTable customers;
  MappedTable changes;
};

// Places of fields in the tables.
enum BankField : std::size_t { kBankName };
enum AccountField : std::size_t {
  kAccountId,
  kAccountOwner,
  kAccountBalance,
  kAccountCollateral,
  kAccountCredit,
  kAccountHaircut,
  kAccountReservedUrgent,
  kAccountReservedHigh,
  kAccountThreshold,
  kAccountHoldingLimit,
  kAccountCurrency
};
enum PaymentField : std::size_t {
  kPaymentSender,
  kPaymentRecipient,
  kPaymentAmount,
  kPaymentDay,
  kPaymentTime,
  kPaymentId,
  kPaymentPriority,
  kPaymentLink,
  kPaymentTimeSpecific,
  kPaymentForCustomer,
  kPaymentCustomer,
  kPaymentRecipientCustomer,
  kPaymentSettleBy
};
enum LimitField : std::size_t { kLimitAccount, kLimitCounterparty, kLimitAmount };
enum CustomerField : std::size_t {
  kCustomerAccount,
  kCustomerName,
  kCustomerLine,
  kCustomerSecured,
  kCustomerCommitted
};

enum ChangeField : std::size_t {
  kChangeTime,
  kChangeDay,
  kChangeKind,
  kChangeAccount,
  kChangeCounterparty,
  kChangePayment,
  kChangeValue
};

// The names that PSSimPy's files and ours have.
Mapping DefaultMapping();

// Applies the folder's mapping.csv to `mapping`, if there is one; reports what it cannot mean.
void ReadMapping(const FileSource& source, Mapping& mapping, ProblemList& problems,
                 std::vector<std::string>& notices);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_MAPPING_H_
