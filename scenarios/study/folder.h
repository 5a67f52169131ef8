// Reads the folder of a study: CSV tables of accounts, payments and limits. docs/formats/study.md
// tells every column.
#ifndef CAUSEWAY_SCENARIOS_STUDY_FOLDER_H_
#define CAUSEWAY_SCENARIOS_STUDY_FOLDER_H_

#include <string>
#include <vector>

#include "scenarios/study/file_source.h"
#include "scenarios/study/input.h"
#include "scenarios/study/problems.h"

namespace causeway::study {

struct FolderResult {
  Input input;  // of use only when there are no problems
  ProblemList problems;
  std::vector<std::string> notices;  // for people: what was read and not used
  std::vector<std::string> files;    // that were read, by name, each once
};

// Reads accounts.csv, payments.csv or transactions.csv, and, where they are, banks.csv and
// limits.csv; mapping.csv may name other files, columns and forms. Every fault of every file is
// reported. `minor_digits` (0..6) is how many decimals an amount may have.
FolderResult ReadFolder(const FileSource& source, int minor_digits);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_FOLDER_H_
