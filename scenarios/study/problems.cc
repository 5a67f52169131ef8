#include "scenarios/study/problems.h"

#include "fmt/format.h"

namespace causeway::study {

std::string Problem::ToString() const {
  if (line == 0) return fmt::format("{}: {}", file, message);
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

std::string ProblemList::ToString() const {
  std::string text;
  for (const Problem& problem : kept_) text += problem.ToString() + "\n";
  if (count_ > kept_.size()) {
    text +=
        fmt::format("{} problems in all, of which the first {} are shown\n", count_, kept_.size());
  }
  return text;
}

}  // namespace causeway::study
