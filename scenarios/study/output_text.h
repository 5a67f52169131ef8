// Texts that the files of a study have in common.
#ifndef CAUSEWAY_SCENARIOS_STUDY_OUTPUT_TEXT_H_
#define CAUSEWAY_SCENARIOS_STUDY_OUTPUT_TEXT_H_

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/input.h"
#include "scenarios/study/results.h"

namespace causeway::study {

// Lines gathered and handed on in large pieces.
class LineWriter {
 public:
  explicit LineWriter(std::ostream& out) : out_(out) {}
  ~LineWriter() { Flush(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  template <typename... Args>
  void Line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(buffer_), format, std::forward<Args>(args)...);
    buffer_.push_back('\n');
    if (buffer_.size() > kFlushBytes) Flush();
  }
  fmt::memory_buffer& buffer() { return buffer_; }
  void EndLine() {
    buffer_.push_back('\n');
    if (buffer_.size() > kFlushBytes) Flush();
  }

 private:
  static constexpr std::size_t kFlushBytes = 1 << 18;
  void Flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }
  std::ostream& out_;
  fmt::memory_buffer buffer_;
};

std::string Money(std::int64_t minor, int minor_digits);
// "0.123456", or nothing.
std::string Share(const Millionths& share);
// "HH:MM:SS", with six decimals where they are needed; a whole day is "24:00:00".
std::string TimeOfDay(TimeUs time);

// Hours of a day that tables of hours have: 24, or up to the hour in which a longer day closes.
std::size_t HoursShown(const RunResult& result);

// One indicator of a day as the files name it.
struct NamedValue {
  std::string name;
  std::string value;  // empty: not defined
  bool number = true;
};
std::vector<NamedValue> ValuesOf(const DayIndicators& day, int minor_digits);

absl::Status WriteFileAt(const std::string& path, const std::function<void(std::ostream&)>& write);
absl::Status MakeDirectory(const std::string& directory);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_OUTPUT_TEXT_H_
