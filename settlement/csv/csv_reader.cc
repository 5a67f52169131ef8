#include "settlement/csv/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace causeway::csv {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Goes through the fields of one record of which some are between quotes.
class QuotedScanner {
 public:
  struct Field {
    std::size_t from = 0;
    std::size_t to = 0;
    bool doubled = false;  // has quotes that stand for one each
    std::uint64_t line = 0;
    std::uint64_t column = 0;
  };

  QuotedScanner(std::string_view text, char separator, std::uint64_t line)
      : text_(text), separator_(separator), line_(line) {}

  // Reads a field. Says what is wrong, or nothing: then the record goes on if a separator follows.
  std::string ScanField(Field& field) {
    field.line = line_;
    field.column = column();
    field.from = at_;
    if (!Sees('"')) {
      while (at_ < text_.size() && !Sees(separator_) && !Sees('\n') && !Sees('"')) ++at_;
      field.to = at_;
      if (Sees('"')) {
        return "a quote within a field that does not begin with one: expected \"\" within quotes";
      }
      if (field.to > field.from && text_[field.to - 1] == '\r' && !Sees(separator_)) --field.to;
      return "";
    }
    return ScanQuoted(field);
  }

  // True when a separator follows, which it passes over; false at the end of the record.
  bool SkipSeparator() {
    if (!Sees(separator_)) return false;
    ++at_;
    return true;
  }

  std::size_t at() const { return at_; }
  std::size_t line_start() const { return line_start_; }
  std::uint64_t line() const { return line_; }
  std::uint64_t column() const { return at_ - line_start_ + 1; }

 private:
  bool Sees(char character) const { return at_ < text_.size() && text_[at_] == character; }

  std::string ScanQuoted(Field& field) {
    const QuotedScanner at_opening = *this;
    field.from = ++at_;
    for (;; ++at_) {
      if (at_ >= text_.size()) {
        *this = at_opening;
        return fmt::format("a quote that is not closed: expected a second \" within {} bytes",
                           kCsvRecordBytesMax);
      }
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
      if (text_[at_] != '"') continue;
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
      field.doubled = true;
      ++at_;
    }
    field.to = at_++;
    if (Sees('\r') && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    if (at_ < text_.size() && !Sees(separator_) && !Sees('\n')) {
      if (line_ != at_opening.line_) {
        // One that was never closed has met the first quote of a later field: the lines between
        // are records of their own.
        *this = at_opening;
        return "a quote that is not closed at the end of its field: expected a second \" and then "
               "a "
               "separator or the end of the line";
      }
      return "text after a closing quote: expected a separator or the end of the line";
    }
    return "";
  }

  std::string_view text_;
  char separator_;
  std::uint64_t line_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
};

}  // namespace

CsvReader::CsvReader(std::istream& in, char separator) : in_(in), separator_(separator) {
  buffer_.resize(kChunkBytes + 2 * kCsvRecordBytesMax);
}

bool CsvReader::Fill() {
  if (ended_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t room = buffer_.size() - end_;
  if (room == 0) return false;
  in_.read(buffer_.data() + end_, static_cast<std::streamsize>(room));
  const auto read = static_cast<std::size_t>(in_.gcount());
  end_ += read;
  if (read < room) ended_ = true;
  return read > 0;
}

std::size_t CsvReader::FindLineEnd(std::size_t known) {
  for (;;) {
    const char* from = buffer_.data() + begin_ + known;
    const std::size_t left = end_ - begin_ - known;
    if (const void* found = std::memchr(from, '\n', left)) {
      return static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) - begin_;
    }
    if (left > kCsvRecordBytesMax) return std::string::npos;
    known = end_ - begin_;
    if (!Fill()) return end_ - begin_;
  }
}

void CsvReader::SkipLine() {
  for (;;) {
    const void* found = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
    if (found != nullptr) {
      begin_ = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) + 1;
      ++line_;
      return;
    }
    begin_ = end_;
    if (!Fill()) return;
  }
}

void CsvReader::Fault(CsvRecord& record, std::uint64_t line, std::uint64_t column,
                      std::string what) {
  record.fields.clear();
  record.fault = std::move(what);
  record.fault_line = line;
  record.fault_column = column;
  SkipLine();
}

bool CsvReader::SkipEmptyLines() {
  for (;;) {
    if (end_ - begin_ < 3) Fill();
    if (at_start_) {
      at_start_ = false;
      if (end_ - begin_ >= 3 && std::string_view(buffer_.data() + begin_, 3) == kByteOrderMark) {
        begin_ += 3;
        continue;
      }
    }
    if (begin_ == end_) return false;
    if (buffer_[begin_] == '\n') {
      ++begin_;
    } else if (buffer_[begin_] == '\r' && begin_ + 1 < end_ && buffer_[begin_ + 1] == '\n') {
      begin_ += 2;
    } else {
      return true;
    }
    ++line_;
  }
}

bool CsvReader::Next(CsvRecord& record) {
  record.fields.clear();
  record.fault.clear();
  if (!SkipEmptyLines()) return false;
  record.line = line_;
  const std::size_t end = FindLineEnd(0);
  if (end == std::string::npos || end > kCsvRecordBytesMax) {
    Fault(record, line_, 1,
          fmt::format("a line of more than {} bytes: expected a record", kCsvRecordBytesMax));
    return true;
  }
  if (std::memchr(buffer_.data() + begin_, '"', end) == nullptr) {
    SplitPlain(end, record);
  } else {
    SplitQuoted(record);
  }
  return true;
}

void CsvReader::SplitPlain(std::size_t length, CsvRecord& record) {
  const char* const line = buffer_.data() + begin_;
  const char* const next = line + length;
  const char* const end = length > 0 && next[-1] == '\r' ? next - 1 : next;
  const char* field = line;
  for (const char* at = line;; ++at) {
    if (at != end && *at != separator_) continue;
    record.fields.push_back({{field, static_cast<std::size_t>(at - field)},
                             line_,
                             static_cast<std::uint64_t>(field - line) + 1});
    if (at == end) break;
    field = at + 1;
  }
  begin_ = std::min(begin_ + length + 1, end_);
  ++line_;
}

void CsvReader::SplitQuoted(CsvRecord& record) {
  while (end_ - begin_ <= kCsvRecordBytesMax && Fill()) {  // all that may belong to the record
  }
  const std::string_view text(buffer_.data() + begin_,
                              std::min(end_ - begin_, kCsvRecordBytesMax + 1));
  QuotedScanner scanner(text, separator_, line_);
  std::string fault;
  std::vector<QuotedScanner::Field> fields;
  do {
    fields.emplace_back();
    fault = scanner.ScanField(fields.back());
    if (!fault.empty()) {
      // Goes on at the line after the one that holds the fault.
      begin_ += scanner.line_start();
      line_ = scanner.line();
      Fault(record, scanner.line(), scanner.column(), std::move(fault));
      return;
    }
  } while (scanner.SkipSeparator());
  std::size_t doubled = 0;
  if (unquoted_.size() < fields.size()) unquoted_.resize(fields.size());
  for (const QuotedScanner::Field& field : fields) {
    std::string_view content = text.substr(field.from, field.to - field.from);
    if (field.doubled) {
      std::string& resolved = unquoted_[doubled++];
      resolved.clear();
      for (std::size_t i = 0; i < content.size(); ++i) {
        resolved += content[i];
        if (content[i] == '"') ++i;
      }
      content = resolved;
    }
    record.fields.push_back({content, field.line, field.column});
  }
  begin_ = std::min(begin_ + scanner.at() + 1, end_);
  line_ = scanner.line() + 1;
}

}  // namespace causeway::csv
