#include "scenarios/study/mapping.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "fmt/format.h"

namespace causeway::study {
namespace {

constexpr std::string_view kMappingFile = "mapping.csv";
enum MappingField : std::size_t { kTable, kField, kColumn, kForm };

bool SetForm(MappedTable& table, std::string_view field, std::string_view form) {
  if (form.empty()) return true;
  const auto choose = [form](auto& target, const auto& forms) {
    for (const auto& [name, value] : forms) {
      if (form != name) continue;
      target = value;
      return true;
    }
    return false;
  };
  using Amounts = std::array<std::pair<std::string_view, AmountForm>, 4>;
  using Times = std::array<std::pair<std::string_view, TimeForm>, 4>;
  using Days = std::array<std::pair<std::string_view, DayForm>, 4>;
  if (field == "amount" || field == "balance" || field == "credit_line" || field == "value") {
    return choose(table.amount_form, Amounts{{{"decimal", AmountForm::kDecimal},
                                              {"decimal-comma", AmountForm::kDecimalComma},
                                              {"minor", AmountForm::kMinor},
                                              {"rounded", AmountForm::kRounded}}});
  }
  if (field == "time") {
    return choose(table.time_form, Times{{{"HH:MM", TimeForm::kColons},
                                          {"HH:MM:SS", TimeForm::kColons},
                                          {"HHMM", TimeForm::kDigits},
                                          {"HHMMSS", TimeForm::kDigitsWithSeconds}}});
  }
  if (field == "day") {
    return choose(table.day_form, Days{{{"number", DayForm::kNumberOrDate},
                                        {"YYYY-MM-DD", DayForm::kNumberOrDate},
                                        {"YYYYMMDD", DayForm::kCompactDate},
                                        {"DD.MM.YYYY", DayForm::kDottedDate}}});
  }
  return false;
}

// Applies one row: a field's column and form, or one of the table's own "file" and "separator".
void ApplyRow(TableReader& row, MappedTable& table) {
  const std::string_view field = row.Text(kField);
  const std::string_view column = row.Text(kColumn);
  if (field == "file") {
    table.files = {std::string(column)};
    return;
  }
  if (field == "separator") {
    if (column == "tab") {
      table.separator = '\t';
    } else if (column.size() == 1 && column != "\"") {
      table.separator = column[0];
    } else {
      row.Report(kColumn, "expected one character that is no quote, or tab");
    }
    return;
  }
  const auto found = std::find_if(table.fields.begin(), table.fields.end(),
                                  [field](const MappedField& each) { return each.name == field; });
  if (found == table.fields.end()) {
    std::string names = "file, separator";
    for (const MappedField& each : table.fields) names += ", " + each.name;
    row.Report(kField, fmt::format("expected one of {}", names));
    return;
  }
  if (!column.empty()) found->columns = {std::string(column)};
  if (!SetForm(table, field, row.Text(kForm))) {
    row.Report(kForm, "expected a form that docs/formats/study.md lists for this field");
  }
}

}  // namespace

std::vector<Column> MappedTable::Columns() const {
  std::vector<Column> columns;
  columns.reserve(fields.size());
  for (const MappedField& field : fields) columns.push_back({field.columns, field.required});
  return columns;
}

Mapping DefaultMapping() {
  Mapping mapping;
  mapping.banks = {.name = "banks", .files = {"banks.csv"}};
  mapping.banks.fields = {{"name", {"name"}, true}};
  mapping.accounts = {.name = "accounts", .files = {"accounts.csv"}, .required = true};
  mapping.accounts.fields = {{"id", {"id"}, true},
                             {"owner", {"owner"}, false},
                             {"balance", {"balance"}, true},
                             {"posted_collateral", {"posted_collateral"}, false},
                             {"credit_limit", {"credit_limit"}, false},
                             {"haircut", {"haircut"}, false},
                             {"reserved_urgent", {"reserved_urgent"}, false},
                             {"reserved_high", {"reserved_high"}, false},
                             {"release_threshold", {"release_threshold"}, false},
                             {"holding_limit", {"holding_limit"}, false},
                             {"currency", {"currency"}, false}};
  mapping.payments = {
      .name = "payments", .files = {"payments.csv", "transactions.csv"}, .required = true};
  mapping.payments.fields = {{"sender", {"sender", "sender_account"}, true},
                             {"recipient", {"recipient", "recipient_account"}, true},
                             {"amount", {"amount"}, true},
                             {"day", {"day"}, false},
                             {"time", {"time"}, true},
                             {"id", {"id"}, false},
                             {"priority", {"priority"}, false},
                             {"link", {"link"}, false},
                             {"time_specific", {"time_specific"}, false},
                             {"for_customer", {"for_customer"}, false},
                             {"customer", {"customer"}, false},
                             {"recipient_customer", {"recipient_customer"}, false},
                             {"settle_by", {"settle_by"}, false}};
  mapping.limits = {.name = "limits", .files = {"limits.csv"}};
  mapping.limits.fields = {{"account", {"account"}, true},
                           {"counterparty", {"counterparty"}, false},
                           {"amount", {"amount"}, true}};
  mapping.customers = {.name = "customers", .files = {"customers.csv"}};
  mapping.customers.fields = {{"account", {"account"}, true},
                              {"customer", {"customer"}, true},
                              {"credit_line", {"credit_line"}, true},
                              {"secured", {"secured"}, false},
                              {"committed", {"committed"}, false}};
  mapping.changes = {.name = "changes", .files = {"changes.csv"}};
  mapping.changes.fields = {{"time", {"time"}, true},
                            {"day", {"day"}, false},
                            {"change", {"change"}, true},
                            {"account", {"account"}, false},
                            {"counterparty", {"counterparty"}, false},
                            {"payment", {"payment"}, false},
                            {"value", {"value"}, false}};
  return mapping;
}

void ReadMapping(const FileSource& source, Mapping& mapping, ProblemList& problems,
                 std::vector<std::string>& notices) {
  const std::unique_ptr<std::istream> in = source.Open(std::string(kMappingFile));
  if (in == nullptr) return;
  TableReader row(*in, std::string(kMappingFile),
                  {{{"table"}, true}, {{"field"}, true}, {{"column"}, true}, {{"form"}, false}},
                  ',', problems, notices);
  if (!row.ReadHeader()) return;
  while (row.NextRow()) {
    bool known = false;
    for (MappedTable* table : {&mapping.banks, &mapping.accounts, &mapping.payments,
                               &mapping.limits, &mapping.customers, &mapping.changes}) {
      if (row.Text(kTable) != table->name) continue;
      known = true;
      ApplyRow(row, *table);
    }
    if (!known)
      row.Report(kTable, "expected banks, accounts, payments, limits, customers or changes");
  }
}

}  // namespace causeway::study
