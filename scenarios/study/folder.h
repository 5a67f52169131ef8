// Reads the folder of a study: CSV tables of accounts, payments and limits. docs/formats/study.md
// tells every column.
#ifndef CAUSEWAY_SCENARIOS_STUDY_FOLDER_H_
#define CAUSEWAY_SCENARIOS_STUDY_FOLDER_H_

#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/study/input.h"
#include "scenarios/study/problems.h"

namespace causeway::study {

// Where files come from: a folder on disk, or the memory of a test.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Nothing when there is no such file.
  virtual std::unique_ptr<std::istream> Open(const std::string& name) const = 0;
};

class DiskFolder : public FileSource {
 public:
  explicit DiskFolder(std::string path) : path_(std::move(path)) {}
  std::unique_ptr<std::istream> Open(const std::string& name) const override;

 private:
  std::string path_;
};

class MemoryFolder : public FileSource {
 public:
  explicit MemoryFolder(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  std::unique_ptr<std::istream> Open(const std::string& name) const override;

 private:
  std::map<std::string, std::string> files_;
};

struct FolderResult {
  Input input;  // of use only when there are no problems
  ProblemList problems;
  std::vector<std::string> notices;  // for people: what was read and not used
};

// Reads accounts.csv, payments.csv or transactions.csv, and, where they are, banks.csv and
// limits.csv; mapping.csv may name other files, columns and forms. Every fault of every file is
// reported. `minor_digits` (0..6) is how many decimals an amount may have.
FolderResult ReadFolder(const FileSource& source, int minor_digits);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_FOLDER_H_
