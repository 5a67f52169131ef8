// The merge of neighbouring runs into one, in steps between which its thread may do other things.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MERGE_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MERGE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "settlement/store/key_runs_file.h"

namespace causeway::store {

inline constexpr std::size_t kMergeRuns = 4;

class RunMerge {
 public:
  // Of runs of one family that follow one another, oldest first, into the run `number`.
  static absl::StatusOr<std::unique_ptr<RunMerge>> Begin(
      const std::string& directory, std::vector<std::shared_ptr<const RunFile>> inputs,
      std::uint64_t number, const IoFault& fault);

  // Merges about `keys` more. True when there is nothing left: then Finish.
  absl::StatusOr<bool> Step(std::size_t keys);
  absl::StatusOr<std::shared_ptr<const RunFile>> Finish() { return writer_->Finish(); }
  const std::vector<std::shared_ptr<const RunFile>>& inputs() const { return inputs_; }
  // The input whose damage made Step fail, or null.
  const RunFile* damaged() const { return damaged_; }

 private:
  RunMerge() = default;
  // Takes the next key of source `index`; drops the source at its end.
  absl::Status Advance(std::size_t index);

  // A source's next key is kept beside the others', where choosing the least is cheap.
  std::vector<std::shared_ptr<const RunFile>> inputs_;
  std::vector<std::unique_ptr<RunCursor>> sources_;  // not at their ends, oldest first
  std::vector<std::uint64_t> heads_;
  std::unique_ptr<RunWriter> writer_;
  const RunFile* damaged_ = nullptr;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MERGE_H_
