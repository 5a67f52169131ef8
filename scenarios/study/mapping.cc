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

// False, with the `names` that the field's form may have, when it is none of them.
bool SetForm(MappedTable& table, std::string_view field, std::string_view form,
             std::string& names) {
  if (form.empty()) return true;
  const auto choose = [&](auto& target, const auto& forms) {
    for (const auto& each : forms) {
      names += (names.empty() ? "" : ", ") + std::string(each.name);
      if (form != each.name) continue;
      target = each.value;
      return true;
    }
    return false;
  };
  if (field == "amount" || field == "balance" || field == "credit_line" || field == "value") {
    return choose(table.amount_form, kAmountForms);
  }
  if (field == "time") {
    return choose(table.time_form, kTimeForms);
  }
  if (field == "day") {
    return choose(table.day_form, kDayForms);
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
  std::string names;
  if (!SetForm(table, field, row.Text(kForm), names)) {
    row.Report(kForm, names.empty() ? fmt::format("expected nothing: {} has one form only", field)
                                    : fmt::format("expected one of {}", names));
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
  TableReader row(*in, std::string(kMappingFile), "",
                  {{{"table"}, true}, {{"field"}, true}, {{"column"}, true}, {{"form"}, false}},
                  ',', problems, notices);
  if (!row.ReadHeader() || !row.header_is_whole()) return;
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
