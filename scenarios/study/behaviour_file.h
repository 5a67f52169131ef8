// What banks do, as presets and files of behaviours say it (proto/causeway/v1/study.proto).
#ifndef CAUSEWAY_SCENARIOS_STUDY_BEHAVIOUR_FILE_H_
#define CAUSEWAY_SCENARIOS_STUDY_BEHAVIOUR_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "causeway/v1/study.pb.h"
#include "scenarios/study/behaviour.h"
#include "scenarios/study/input.h"
#include "scenarios/study/problems.h"

namespace causeway::study {

// Reads one behaviour after the other and reports every field that is wrong by its path.
class BehaviourReader {
 public:
  // `ranks` is how many banks may be named by rank, each with `accounts_each` accounts in a row; 0:
  // none may. `days` are the names of the days, in order. All must outlive this but `file`.
  BehaviourReader(const std::vector<Account>& accounts, const std::vector<std::string>& days,
                  std::uint32_t ranks, std::uint32_t accounts_each, std::string file,
                  ProblemList& problems)
      : accounts_(accounts),
        days_(days),
        ranks_(ranks),
        each_(accounts_each),
        file_(std::move(file)),
        problems_(problems) {}

  void Read(const std::string& path, const v1::StudyBehaviour& from);
  std::vector<BehaviourOf> Take() { return std::move(behaviours_); }

 private:
  void Report(std::string message) { problems_.Add({file_, 0, 0, std::move(message)}); }
  void SetTime(const std::string& path, const std::string& text, TimeUs& target);
  WithholdUnderStress ReadWithhold(const std::string& path, const v1::StudyWithhold& from);
  DefaultAt ReadDefault(const std::string& path, const v1::StudyDefault& from);
  void ReadRanks(const std::string& path, const v1::StudyBehaviour& from,
                 const StockBehaviour& behaviour);
  void ReadNames(const std::string& path, const v1::StudyBehaviour& from,
                 const StockBehaviour& behaviour);
  std::optional<StockBehaviour> ReadStrategy(const std::string& path,
                                             const v1::StudyBehaviour& from);

  const std::vector<Account>& accounts_;
  const std::vector<std::string>& days_;
  std::uint32_t ranks_;
  std::uint32_t each_;
  std::string file_;
  ProblemList& problems_;
  std::vector<BehaviourOf> behaviours_;
};

// What the accounts of a folder do.
struct FolderBehaviours {
  std::vector<BehaviourOf> behaviours;
  std::uint64_t seed = 0;  // the file's own
  std::vector<Account> accounts;

  // Streams are "study/behaviours/behaviour/<account's id>", rooted in `root_seed`.
  BehaviourFactory Make(std::uint64_t root_seed) const {
    return MakeBehaviours(behaviours, accounts, root_seed, "behaviours");
  }
};

// Of a text whose first line is "# proto-message: StudyBehaviours". Nothing, with everything that
// is wrong and its place in `file`, when it is not sound.
std::optional<FolderBehaviours> ParseBehaviours(std::string_view text, const std::string& file,
                                                const Input& input, ProblemList& problems);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_BEHAVIOUR_FILE_H_
