// What is wrong with the files of a study: all of it, with its place, up to a stated number.
#ifndef CAUSEWAY_SCENARIOS_STUDY_PROBLEMS_H_
#define CAUSEWAY_SCENARIOS_STUDY_PROBLEMS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace causeway::study {

// More than these are counted and not kept.
inline constexpr std::size_t kProblemsKeptMax = 1000;

// One fault of a file. Line and column count from 1, the column in bytes; 0 stands for the file as
// a whole. `message` says what was found and what was expected.
struct Problem {
  std::string file;
  std::uint64_t line = 0;
  std::uint64_t column = 0;
  std::string message;

  // "payments.csv:12:5: amount "1,5": expected a decimal number"
  std::string ToString() const;
  friend bool operator==(const Problem&, const Problem&) = default;
};

class ProblemList {
 public:
  void Add(Problem problem) {
    ++count_;
    if (kept_.size() < kProblemsKeptMax) kept_.push_back(std::move(problem));
  }
  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }  // those not kept too
  const std::vector<Problem>& kept() const { return kept_; }
  // One line each, and a last one when there are more than were kept.
  std::string ToString() const;

 private:
  std::uint64_t count_ = 0;
  std::vector<Problem> kept_;
};

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_PROBLEMS_H_
