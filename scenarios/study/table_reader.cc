#include "scenarios/study/table_reader.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "settlement/core/text_rules.h"

namespace causeway::study {
namespace {

// Reports show no more of a field than this.
constexpr std::size_t kShownBytesMax = 60;

std::string_view Shown(std::string_view text) { return text.substr(0, kShownBytesMax); }

}  // namespace

TableReader::TableReader(std::istream& in, std::string file, std::string table,
                         std::vector<Column> columns, char separator, ProblemList& problems,
                         std::vector<std::string>& notices)
    : reader_(in, separator),
      file_(std::move(file)),
      table_(std::move(table)),
      separator_(separator),
      columns_(std::move(columns)),
      problems_(problems),
      notices_(notices),
      places_(columns_.size(), kAbsent) {}

void TableReader::ReportAt(std::uint64_t line, std::uint64_t column, std::string message) {
  problems_.Add({file_, line, column, std::move(message)});
}

void TableReader::Report(std::size_t column, std::string_view expected) {
  if (!Has(column)) return;
  const CsvField& field = record_.fields[places_[column]];
  ReportAt(field.line, field.column,
           fmt::format("{} \"{}\": {}", header_[places_[column]], Shown(field.text), expected));
}

bool TableReader::HeaderIsPlain() {
  const CsvField& first = record_.fields.front();
  if (first.text.substr(0, 2) == "\xFF\xFE" || first.text.substr(0, 2) == "\xFE\xFF" ||
      first.text.find('\0') != std::string_view::npos) {
    ReportAt(first.line, first.column, "is UTF-16: save as \"CSV UTF-8\"");
    return false;
  }
  CheckEncoding();
  if (record_.fields.size() > 1) return is_utf8_;
  for (const char other : {';', '\t', ','}) {
    if (other == separator_ || first.text.find(other) == std::string_view::npos) continue;
    const std::string shown = other == '\t' ? "tab" : fmt::format("'{}'", other);
    const std::string word = other == '\t' ? "tab" : ";";
    ReportAt(
        first.line, first.column,
        table_.empty() ? fmt::format("separator {} found: expected ','", shown)
        : other == ','
            ? fmt::format("separator ',' found: expected '{}', as mapping.csv says", separator_)
            : fmt::format("separator {} found: put \"{},separator,{},\" into mapping.csv", shown,
                          table_, word));
    return false;
  }
  return is_utf8_;
}

// Once: a file in another encoding has many such texts.
void TableReader::CheckEncoding() {
  for (const CsvField& field : record_.fields) {
    const auto is_high = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    if (std::none_of(field.text.begin(), field.text.end(), is_high)) continue;
    std::string text(field.text);
    for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    if (core::IsPlainText(text, false)) continue;
    ReportAt(field.line, field.column, "is not UTF-8: save as \"CSV UTF-8\"");
    is_utf8_ = false;
    return;
  }
}

bool TableReader::ReadHeader() {
  if (!reader_.Next(record_)) {
    ReportAt(0, 0, "is empty: expected a first line with the names of the columns");
    return false;
  }
  if (!record_.fault.empty()) {
    ReportAt(record_.fault_line, record_.fault_column, record_.fault);
    return false;
  }
  if (!HeaderIsPlain()) return false;
  for (const CsvField& field : record_.fields) header_.emplace_back(Trimmed(field.text));
  for (std::size_t place = 0; place < header_.size(); ++place) {
    const auto wants = [&](const Column& column) {
      return std::find(column.names.begin(), column.names.end(), header_[place]) !=
             column.names.end();
    };
    const auto found = std::find_if(columns_.begin(), columns_.end(), wants);
    if (found == columns_.end()) {
      notices_.push_back(
          fmt::format("{}: column \"{}\" is not used", file_, Shown(header_[place])));
      continue;
    }
    std::size_t& mine = places_[static_cast<std::size_t>(found - columns_.begin())];
    if (mine != kAbsent) {
      const CsvField& field = record_.fields[place];
      ReportAt(field.line, field.column,
               fmt::format("column \"{}\" means the same as column \"{}\" before it: expected one",
                           header_[place], header_[mine]));
      header_is_whole_ = false;
    } else {
      mine = place;
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!columns_[i].required || places_[i] != kAbsent) continue;
    ReportAt(record_.line, 1,
             fmt::format("has the columns {}: expected one named {} as well",
                         fmt::join(header_, ", "), fmt::join(columns_[i].names, " or ")));
    header_is_whole_ = false;
  }
  return true;
}

bool TableReader::NextRow() {
  while (reader_.Next(record_)) {
    if (!record_.fault.empty()) {
      ReportAt(record_.fault_line, record_.fault_column, record_.fault);
      continue;
    }
    if (is_utf8_) CheckEncoding();
    if (std::all_of(record_.fields.begin(), record_.fields.end(),
                    [](const CsvField& field) { return Trimmed(field.text).empty(); })) {
      continue;
    }
    if (record_.fields.size() != header_.size()) {
      ReportAt(record_.line, 1,
               fmt::format("has {} fields: expected {}, as the first line has",
                           record_.fields.size(), header_.size()));
    } else {
      return true;
    }
  }
  if (reader_.failed()) ReportAt(0, 0, "cannot be read to its end");
  return false;
}

}  // namespace causeway::study
