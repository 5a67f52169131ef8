// A node that keeps a log, a ledger's or the bridge's: its disk, and the stream of its batches to
// the observer.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_LOG_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_LOG_NODE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "scenarios/simulator/simulated_node.h"

namespace causeway::sim {

class ObserverNode;

// What the observer has not acknowledged is sent again after this long, then after twice that.
inline constexpr core::Duration kResendDelayFirst = core::Duration::FromSeconds(1);
inline constexpr core::Duration kResendDelayMax = core::Duration::FromSeconds(8);
// Batches that are sent again at once.
inline constexpr std::uint64_t kResentBatchesMax = 64;

// The journal on the disk. A damaged block is put back from what the observer has of the log of the
// node `log`; it may be null.
absl::StatusOr<std::unique_ptr<store::Journal>> OpenRepaired(VirtualDisk& disk,
                                                             const ObserverNode* observer,
                                                             NodeIndex log);

class LogNode : public SimulatedNode {
 public:
  // The log's number is the node's. `observer` may be null, and outlives the node otherwise.
  LogNode(World& world, NodeIndex index, store::JournalIdentity identity, ObserverNode* observer)
      : SimulatedNode(world, index),
        disk_(std::move(identity), world.coverage),
        observer_(observer) {
    Keep(disk_);
  }

  // A message of the observer: it has so many batches.
  void OnAcknowledged(std::uint64_t batches);

  // The checkpoint of what is durable; empty while the node is down, and before the first batch.
  std::string Head() const;

 protected:
  virtual absl::StatusOr<std::string> ReadBatch(std::uint64_t number) const = 0;
  virtual std::string CheckpointOf(const std::string& batch) const = 0;

  // The journal on the disk; a damaged block is put back from the observer's copy, if it has one.
  absl::StatusOr<std::unique_ptr<store::Journal>> OpenJournal();
  // For Boot: the observer may have all batches that are there, or not.
  void BeginPublishing(std::uint64_t batches);
  // So many are durable now; sends those that are new. False when the node died of reading them.
  bool Publish(std::uint64_t batches);

 private:
  bool SendBatches(std::uint64_t from, std::uint64_t to);
  void ScheduleResend();

  VirtualDisk disk_;
  ObserverNode* observer_;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
  bool heard_ = false;  // from the observer in this life
  bool timer_set_ = false;
  core::Duration resend_delay_ = kResendDelayFirst;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_LOG_NODE_H_
