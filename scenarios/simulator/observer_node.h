// The observer in virtual time: takes the batches of all logs in any order, verifies them in
// theirs, and keeps what it believed, as the live one does in its audit store.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_OBSERVER_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_OBSERVER_NODE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "observer/verifier/corridor_verifier.h"
#include "scenarios/simulator/simulated_node.h"

namespace causeway::sim {

class LogNode;

class ObserverNode final : public SimulatedNode {
 public:
  // `verifier` outlives the node.
  ObserverNode(World& world, const core::SignatureVerifier& verifier);

  using SimulatedNode::Start;
  // Whose log it is, to acknowledge what came; before the first batch.
  void Follow(LogNode* log);
  // A message arrives: batch `number` of the log of that node.
  void OnBatch(NodeIndex log, std::uint64_t number, std::shared_ptr<const std::string> bytes);
  // Its operator gives it so many of the plan's later policies, and starts it again.
  void TakeUp(std::size_t later_policies);
  // What it keeps of a log; null when it has no such batch. Its disk outlasts its crashes.
  const std::string* FindCopy(NodeIndex log, std::uint64_t number) const;

  // Null while it is down.
  observer::CorridorVerifier* corridor() { return corridor_.get(); }
  const observer::CorridorVerifier* corridor() const { return corridor_.get(); }
  // Findings of all its lives.
  const std::vector<observer::Finding>& findings() const { return findings_; }

 private:
  struct Followed {
    LogNode* node = nullptr;
    std::string head;  // that the log gave when it was asked last, until it is taken
    std::vector<std::shared_ptr<const std::string>> accepted;
    std::map<std::uint64_t, std::shared_ptr<const std::string>> early;
  };

  void Stop() override;
  absl::Status Boot() override;
  bool Feed(NodeIndex log, const std::string& bytes, bool is_new);
  void Keep(std::vector<observer::Finding> findings);
  void AskHeads();
  void TakeHead(NodeIndex index, Followed& log);

  const core::SignatureVerifier& verifier_;
  std::unique_ptr<observer::CorridorVerifier> corridor_;
  std::map<NodeIndex, Followed> logs_;
  std::size_t later_policies_ = 0;
  std::vector<observer::Finding> findings_;
  std::uint64_t batches_count_ = 0;  // that arrived, of all logs
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_OBSERVER_NODE_H_
