#include "wallet-cli/payment_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <utility>

#include "settlement/core/quote.h"
#include "settlement/csv/csv_reader.h"

namespace causeway::wallet {
namespace {

constexpr std::array<std::string_view, 7> kColumns = {"from", "to",      "amount",   "id",
                                                      "uetr", "purpose", "reference"};
constexpr std::size_t kRequiredColumns = 3;

std::string_view WithoutSpaces(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool IsPurposeCode(std::string_view text) {
  return text.size() <= 4 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

class PaymentFileReader {
 public:
  PaymentFileReader(std::istream& in, core::Currency currency) : csv_(in), currency_(currency) {}

  PaymentFile Read() {
    if (!ReadHeader()) return std::move(file_);
    while (csv_.Next(record_)) {
      if (!record_.fault.empty()) {
        AddFault(record_.fault_line, record_.fault_column, record_.fault);
      } else if (file_.rows.size() == kPaymentRowsMax) {
        AddFault(record_.line, 1, fmt::format("more than {} payments", kPaymentRowsMax));
        break;
      } else {
        ReadRow();
      }
    }
    if (file_.rows.empty() && file_.faults.empty()) AddFault(1, 1, "no payments");
    return std::move(file_);
  }

 private:
  void AddFault(std::uint64_t line, std::uint64_t column, std::string what) {
    if (++file_.faults_found > kRowFaultsMax) return;
    file_.faults.push_back({line, column, std::move(what)});
  }
  void AddFault(const csv::CsvField& field, std::string_view what) {
    AddFault(field.line, field.column, std::string(what));
  }

  bool ReadHeader() {
    if (!csv_.Next(record_)) {
      AddFault(1, 1, "is empty: the first line must name the columns from, to and amount");
      return false;
    }
    if (!record_.fault.empty()) {
      AddFault(record_.fault_line, record_.fault_column, record_.fault);
      return false;
    }
    for (const csv::CsvField& field : record_.fields) {
      const auto known = std::find(kColumns.begin(), kColumns.end(), WithoutSpaces(field.text));
      if (known == kColumns.end()) {
        AddFault(field, fmt::format("column {}: must be one of {}", core::Quoted(field.text),
                                    "from, to, amount, id, uetr, purpose, reference"));
        continue;
      }
      const auto place = static_cast<std::size_t>(known - kColumns.begin());
      if (std::find(places_.begin(), places_.end(), place) != places_.end()) {
        AddFault(field, fmt::format("column {} is there twice", *known));
      }
      places_.push_back(place);
    }
    for (std::size_t i = 0; i < kRequiredColumns; ++i) {
      if (std::find(places_.begin(), places_.end(), i) == places_.end()) {
        AddFault(record_.line, 1, fmt::format("there is no column {}", kColumns[i]));
      }
    }
    return file_.faults.empty();
  }

  void ReadRow() {
    if (record_.fields.size() != places_.size()) {
      AddFault(record_.line, 1,
               fmt::format("has {} fields; must have {}, as the first line", record_.fields.size(),
                           places_.size()));
      return;
    }
    const std::size_t faults_before = file_.faults_found;
    PaymentRow row{.line = record_.line,
                   .from = {},
                   .to = {},
                   .amount = {},
                   .id = {},
                   .uetr = {},
                   .purpose = {},
                   .reference = {}};
    const csv::CsvField* to = nullptr;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] == 1) to = &record_.fields[i];
      ReadField(record_.fields[i], places_[i], row);
    }
    if (file_.faults_found != faults_before) return;
    if (row.from == row.to) AddFault(*to, "to: is the account that pays");
    file_.rows.push_back(std::move(row));
  }

  // `place` as in kColumns.
  void ReadField(const csv::CsvField& field, std::size_t place, PaymentRow& row) {
    const std::string_view text = WithoutSpaces(field.text);
    if (place >= kRequiredColumns && text.empty()) return;
    switch (place) {
      case 0:
      case 1:
        return ReadAccount(field, text, kColumns[place], place == 0 ? row.from : row.to);
      case 2:
        return ReadAmount(field, text, row);
      case 3:
        return ReadId(field, text, row);
      case 4:
        return Take(field, "uetr", core::Uetr::Parse(text), row.uetr);
      case 5:
        row.purpose = std::string(text);
        if (!IsPurposeCode(text)) {
          AddFault(field, "purpose: must be an ISO 20022 code of up to four of A-Z and 0-9");
        }
        return;
      default:
        row.reference = std::string(text);
        if (text.size() > kReferenceBytesMax) {
          AddFault(field, fmt::format("reference: has {} bytes; must have at most {}", text.size(),
                                      kReferenceBytesMax));
        }
    }
  }

  template <typename T>
  void Take(const csv::CsvField& field, std::string_view name, const absl::StatusOr<T>& parsed,
            std::optional<T>& out) {
    if (parsed.ok()) {
      out = *parsed;
    } else {
      AddFault(field, fmt::format("{}: {}", name, std::string(parsed.status().message())));
    }
  }

  void ReadAccount(const csv::CsvField& field, std::string_view text, std::string_view name,
                   core::AccountAddress& out) {
    std::optional<core::AccountAddress> address;
    Take(field, name, core::AccountAddress::Parse(text), address);
    if (!address.has_value()) return;
    if (address->currency() != currency_) {
      AddFault(field, fmt::format("{}: {} is no account in {}, the currency of this ledger", name,
                                  text, currency_.code()));
    }
    out = *address;
  }

  void ReadAmount(const csv::CsvField& field, std::string_view text, PaymentRow& row) {
    const std::size_t space = text.find(' ');
    if (space != std::string_view::npos && WithoutSpaces(text.substr(space)) != currency_.code()) {
      AddFault(field, fmt::format("amount {}: the currency here is {}", core::Quoted(text),
                                  currency_.code()));
      return;
    }
    const absl::StatusOr<core::Amount> amount =
        core::ParseAmount(text.substr(0, space), currency_.minor_digits());
    if (!amount.ok()) {
      AddFault(field, fmt::format("amount: {}", std::string(amount.status().message())));
    } else if (!amount->IsPositive()) {
      AddFault(field, fmt::format("amount {}: must be above zero", core::Quoted(text)));
    } else {
      row.amount = *amount;
    }
  }

  void ReadId(const csv::CsvField& field, std::string_view text, PaymentRow& row) {
    Take(field, "id", core::InstructionId::Parse(text), row.id);
    if (!row.id.has_value()) return;
    const auto [first, is_new] = lines_.emplace(*row.id, field.line);
    if (!is_new) {
      AddFault(field,
               fmt::format("id {}: line {} has it already", core::Quoted(text), first->second));
    }
  }

  csv::CsvReader csv_;
  csv::CsvRecord record_;
  const core::Currency currency_;
  std::vector<std::size_t> places_;                     // of each field, in kColumns
  std::map<core::InstructionId, std::uint64_t> lines_;  // of ids
  PaymentFile file_;
};

}  // namespace

PaymentFile ReadPaymentFile(const std::string& content, core::Currency currency) {
  std::istringstream in(content);
  return PaymentFileReader(in, currency).Read();
}

}  // namespace causeway::wallet
