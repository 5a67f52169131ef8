// A file of payments as a bank's own system writes it: comma-separated values with a first line of
// column names. Every row is checked before anything is signed, and every fault is reported.
#ifndef CAUSEWAY_WALLET_CLI_PAYMENT_FILE_H_
#define CAUSEWAY_WALLET_CLI_PAYMENT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settlement/core/amount.h"
#include "settlement/core/currency.h"
#include "settlement/core/ids.h"

namespace causeway::wallet {

inline constexpr std::size_t kPaymentRowsMax = 16'384;
// Of a row's own reference.
inline constexpr std::size_t kReferenceBytesMax = 140;
// Faults that are kept; the rest is counted.
inline constexpr std::size_t kRowFaultsMax = 1'000;

struct PaymentRow {
  std::uint64_t line = 0;
  core::AccountAddress from;
  core::AccountAddress to;
  core::Amount amount;
  std::optional<core::InstructionId> id;  // none: one is to be made
  std::optional<core::Uetr> uetr;         // none: one is to be made
  std::string purpose;                    // ISO 20022 purpose code, or empty
  std::string reference;  // the bank's own: comes back with the outcome, is not sent
};

// Line and column count from 1; the column in bytes of its line.
struct RowFault {
  std::uint64_t line = 0;
  std::uint64_t column = 0;
  std::string what;
};

struct PaymentFile {
  std::vector<PaymentRow> rows;  // good for nothing when there are faults
  std::vector<RowFault> faults;
  std::size_t faults_found = 0;  // those kept among them
};

// Columns from, to and amount ("150.00" or "150.00 HKD"); id, uetr, purpose and reference may be
// left out, as columns or in a row. Ids differ from row to row.
PaymentFile ReadPaymentFile(const std::string& content, core::Currency currency);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_PAYMENT_FILE_H_
