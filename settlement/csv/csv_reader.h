// Reads comma-separated values as RFC 4180 has them, record by record, from a stream of any length.
// The C libraries that Debian carries stop at the first fault or do not tell where it is; a
// bank or a researcher wants all faults of a file with their places, so this goes on after each.
#ifndef CAUSEWAY_SETTLEMENT_CSV_CSV_READER_H_
#define CAUSEWAY_SETTLEMENT_CSV_CSV_READER_H_

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::csv {

// Longer records are a fault; they are passed over to the end of their line.
inline constexpr std::size_t kCsvRecordBytesMax = 64 * 1024;

struct CsvField {
  std::string_view text;     // without the quotes around it
  std::uint64_t line = 0;    // where it begins, from 1
  std::uint64_t column = 0;  // in bytes of that line, from 1
};

struct CsvRecord {
  std::vector<CsvField> fields;  // valid until the next call of Next; empty when there is a fault
  std::uint64_t line = 0;        // of its first byte, from 1
  std::string fault;             // empty, or what is wrong with its form
  std::uint64_t fault_line = 0;
  std::uint64_t fault_column = 0;
};

// Lines end in LF or CR LF; the last one may end with the file. A byte order mark of UTF-8 at the
// beginning and empty lines are passed over. White space belongs to its field.
class CsvReader {
 public:
  // `in` must outlive the reader. `separator` is neither a quote nor a line break.
  explicit CsvReader(std::istream& in, char separator = ',');

  // The next record; false at the end of the stream. After a fault reading goes on at the next line
  // (for a quote that is never closed, or only amid text of a later line: the line after the one on
  // which it was opened).
  bool Next(CsvRecord& record);

  // Whether the stream ended because it could not be read.
  bool failed() const { return in_.bad(); }

 private:
  // Makes at least one more byte available unless the stream has ended.
  bool Fill();
  bool SkipEmptyLines();
  // The length of the line at begin_ without its LF, of which the first `known` bytes have none;
  // npos when it is longer than a record may be. Reads on as needed.
  std::size_t FindLineEnd(std::size_t known);
  void SplitPlain(std::size_t length, CsvRecord& record);
  void SplitQuoted(CsvRecord& record);
  void Fault(CsvRecord& record, std::uint64_t line, std::uint64_t column, std::string what);
  void SkipLine();

  std::istream& in_;
  char separator_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what is unread
  std::size_t end_ = 0;
  bool ended_ = false;
  bool at_start_ = true;
  std::uint64_t line_ = 1;             // of begin_
  std::vector<std::string> unquoted_;  // fields with doubled quotes, resolved
};

}  // namespace causeway::csv

#endif  // CAUSEWAY_SETTLEMENT_CSV_CSV_READER_H_
