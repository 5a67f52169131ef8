#include "scenarios/simulator/observer_node.h"

#include <algorithm>
#include <utility>

#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/log_node.h"
#include "scenarios/simulator/policy_changes.h"

namespace causeway::sim {
namespace {

// Batches that came before their turn; more are asked for again.
constexpr std::size_t kEarlyBatchesMax = 4096;
// Logs are asked for their heads each time that so many batches have arrived.
constexpr std::uint64_t kAskHeadsEvery = 32;

}  // namespace

ObserverNode::ObserverNode(World& world, const core::SignatureVerifier& verifier)
    : SimulatedNode(world, world.nodes.Observer()), verifier_(verifier) {}

void ObserverNode::Follow(LogNode* log) { logs_[log->index()].node = log; }

void ObserverNode::TakeUp(std::size_t later_policies) {
  later_policies_ = std::max(later_policies_, later_policies);
  StartAgain();
}

void ObserverNode::Stop() {
  corridor_.reset();
  for (auto& [index, log] : logs_) {
    log.early.clear();
    log.head.clear();
  }
}

absl::Status ObserverNode::Boot() {
  corridor_ = std::make_unique<observer::CorridorVerifier>(verifier_);
  if (world_.plan.bridge) {
    absl::Status added =
        corridor_->AddDecisionLog(FirstPolicies(*world_.plan.bridge, later_policies_));
    if (!added.ok()) return added;
  }
  for (const PlannedLedger& ledger : world_.plan.ledgers) {
    absl::Status added = corridor_->AddLedger(ledger.origin, ledger.genesis.hash);
    if (!added.ok()) return added;
  }
  for (const auto& [index, log] : logs_) {
    for (const auto& bytes : log.accepted) Feed(index, *bytes, false);
  }
  return absl::OkStatus();
}

bool ObserverNode::Feed(NodeIndex log, const std::string& bytes, bool is_new) {
  observer::Step step = log == world_.nodes.Bridge()
                            ? corridor_->OnDecisionBatch(bytes)
                            : corridor_->OnLedgerBatch(world_.plan.ledgers[log].origin, bytes);
  if (is_new) Keep(std::move(step.findings));
  return step.accepted;
}

void ObserverNode::Keep(std::vector<observer::Finding> findings) {
  for (observer::Finding& finding : findings) {
    world_.checkers->OnFinding();
    findings_.push_back(std::move(finding));
  }
}

// The answer takes for as long as it can: until the log's next batch, or until it is asked again.
// Batches of the other logs, with certificates, overtake it. No message, so that what is found does
// not depend on whether it is looked for.
void ObserverNode::AskHeads() {
  for (auto& [index, log] : logs_) {
    TakeHead(index, log);
    log.head = log.node->Head();
  }
}

void ObserverNode::TakeHead(NodeIndex index, Followed& log) {
  if (log.head.empty()) return;
  const std::string origin = index == world_.nodes.Bridge()
                                 ? world_.plan.bridge->decision_log.ToString()
                                 : world_.plan.ledgers[index].origin.ToString();
  Keep(corridor_->OnHead(origin, std::exchange(log.head, "")));
}

void ObserverNode::OnBatch(NodeIndex log, std::uint64_t number,
                           std::shared_ptr<const std::string> bytes) {
  if (!up()) {
    world_.coverage.Add(Covered::kMessageToStoppedNode);
    return;
  }
  if (++batches_count_ % kAskHeadsEvery == 0) AskHeads();
  Followed& followed = logs_[log];
  TakeHead(log, followed);
  if (number > followed.accepted.size()) {
    if (followed.early.size() < kEarlyBatchesMax) followed.early.emplace(number, std::move(bytes));
  } else if (number == followed.accepted.size()) {
    followed.early.insert_or_assign(number, std::move(bytes));
    while (!followed.early.empty() && followed.early.begin()->first == followed.accepted.size()) {
      auto next = followed.early.extract(followed.early.begin());
      if (!Feed(log, *next.mapped(), true)) break;
      followed.accepted.push_back(std::move(next.mapped()));
    }
    while (!followed.early.empty() && followed.early.begin()->first < followed.accepted.size()) {
      followed.early.erase(followed.early.begin());
    }
  } else {
    world_.coverage.Add(Covered::kObserverCaughtUp);
  }
  if (!world_.plan.NodesStop()) return;
  const std::uint64_t have = followed.accepted.size();
  world_.network.Send(index(), log, [node = followed.node, have] { node->OnAcknowledged(have); });
}

const std::string* ObserverNode::FindCopy(NodeIndex log, std::uint64_t number) const {
  const auto found = logs_.find(log);
  if (found == logs_.end() || number >= found->second.accepted.size()) return nullptr;
  return found->second.accepted[number].get();
}

}  // namespace causeway::sim
