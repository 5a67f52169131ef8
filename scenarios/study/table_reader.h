// One table of a study: columns by name, in any order, with every fault reported in its place.
#ifndef CAUSEWAY_SCENARIOS_STUDY_TABLE_READER_H_
#define CAUSEWAY_SCENARIOS_STUDY_TABLE_READER_H_

#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/study/problems.h"
#include "settlement/csv/csv_reader.h"

namespace causeway::study {

using csv::CsvField;
using csv::CsvReader;
using csv::CsvRecord;

struct Column {
  std::vector<std::string> names;  // any of them, as the header has it; case matters
  bool required = false;
};

class TableReader {
 public:
  // `in`, `problems` and `notices` must outlive the reader. `file` is its name in reports, `table`
  // the one that mapping.csv knows it by; nothing for mapping.csv itself.
  TableReader(std::istream& in, std::string file, std::string table, std::vector<Column> columns,
              char separator, ProblemList& problems, std::vector<std::string>& notices);

  // Reads the first record. False, with a problem, when no row could be told: the file is empty, or
  // of another encoding or separator. A required column that is missing and one that stands there
  // twice are problems, and the rows can be read all the same, for what else is wrong. Columns that
  // nobody asked for are a notice.
  bool ReadHeader();

  // After ReadHeader: whether the file has every required column, and no column twice.
  bool header_is_whole() const { return header_is_whole_; }

  // The next row of the right form; those of a wrong one are reported and passed over, those of
  // empty fields passed over. The first text that is not UTF-8 is reported.
  bool NextRow();

  // Of the columns given, by place. A column that the file lacks has empty text. Spaces and
  // tabulators around a text are not part of it, nor of a column's name.
  bool Has(std::size_t column) const { return places_[column] != kAbsent; }
  std::string_view Text(std::size_t column) const {
    return Has(column) ? Trimmed(record_.fields[places_[column]].text) : std::string_view();
  }
  // Where a field begins, to report it later; zeros when the file lacks its column.
  std::uint64_t LineOf(std::size_t column) const {
    return Has(column) ? record_.fields[places_[column]].line : 0;
  }
  std::uint64_t ColumnOf(std::size_t column) const {
    return Has(column) ? record_.fields[places_[column]].column : 0;
  }
  const std::string& file() const { return file_; }
  // Reports the field: `<name> "<text>": <expected>`. Of a column that the file lacks nothing: that
  // was reported once, if it had to be there.
  void Report(std::size_t column, std::string_view expected);

 private:
  static constexpr std::size_t kAbsent = ~std::size_t{0};

  static std::string_view Trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
  }

  // Whether the file can be read as it was meant; reports it if not.
  bool HeaderIsPlain();
  void CheckEncoding();

  void ReportAt(std::uint64_t line, std::uint64_t column, std::string message);

  CsvReader reader_;
  std::string file_;
  std::string table_;
  char separator_;
  bool is_utf8_ = true;  // so far
  bool header_is_whole_ = true;
  std::vector<Column> columns_;
  ProblemList& problems_;
  std::vector<std::string>& notices_;
  std::vector<std::size_t> places_;  // by column: place in a record
  std::vector<std::string> header_;
  CsvRecord record_;
};

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_TABLE_READER_H_
