// A central bank node in virtual time: a queue, the ledger engine, and a disk that takes its time.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_LEDGER_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_LEDGER_NODE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "central-bank-node/engine/ledger_engine.h"
#include "scenarios/simulator/log_node.h"
#include "scenarios/spec/actor.h"

namespace causeway::sim {

// Items that a simulated node executes as one batch at most.
inline constexpr std::size_t kItemsPerSimulatedBatchMax = 1024;

// While one batch is being written, what arrives waits and forms the next: group commit. Nothing is
// answered, read or published before it is durable.
class LedgerNode : public LogNode {
 public:
  // Borrowed until the callback has run, at the node; it does not when the node stops. One reply
  // per item, in their order.
  using ItemsCallback = absl::AnyInvocable<void(const std::vector<node::ItemReply>&)>;
  using ReadCallback = absl::AnyInvocable<void(const core::Ledger&)>;
  using ReceiptCallback = absl::AnyInvocable<void(const node::Receipt&)>;

  LedgerNode(World& world, LedgerIndex ledger, const KeyRing& keys,
             std::shared_ptr<const core::SignatureVerifier> verifier, ObserverNode* observer);

  using SimulatedNode::Start;
  // A message arrives. `items` is shared, so that a message that is sent again needs no copy.
  virtual void Submit(std::shared_ptr<const std::vector<core::Item>> items, ItemsCallback callback);
  // Answered from what is durable.
  virtual void Read(ReadCallback callback);
  // The receipt of a durable entry. Where it cannot be read the node stops, so that the record is
  // put back from a copy, and the callback does not run.
  void ReadReceipt(std::uint64_t entry_index, ReceiptCallback callback);

  // Null while it is down.
  const node::LedgerEngine* engine() const { return engine_.get(); }
  LedgerIndex ledger() const { return ledger_; }
  // Nothing is under way: what the engine shows is durable.
  virtual bool at_rest() const { return up() && !busy_; }

 protected:
  // What the next batch came to. `entries` are those of the engine's, empty when nothing was
  // sequenced.
  struct Executed {
    std::vector<node::ItemReply> replies;
    core::BatchHeader header;
    std::vector<core::Entry> entries;
    bool packed = false;  // with legs of lists among them
  };
  // Executes items as one batch and appends it to the journal. Known-bad ledgers of tests do it in
  // their own ways.
  virtual absl::StatusOr<Executed> Execute(const std::vector<core::Item>& items);
  absl::Status Boot() override;
  // The checkers see what became durable.
  void Show(const Executed& executed);
  bool PublishAll() { return Publish(engine_->batch_count()); }
  // The node is overloaded.
  static void Refuse(const std::vector<core::Item>& items, ItemsCallback callback);
  node::LedgerEngine& mutable_engine() { return *engine_; }

 private:
  struct Waiting {
    std::shared_ptr<const std::vector<core::Item>> items;  // null for a read
    ItemsCallback on_items;
    ReadCallback on_read;
  };
  struct UnderWay {
    std::vector<Waiting> waiting;
    Executed executed;
  };

  void Stop() override;
  absl::StatusOr<std::string> ReadBatch(std::uint64_t number) const override;
  std::string CheckpointOf(const std::string& batch) const override;
  void Begin();
  void Finish(UnderWay under_way);

  LedgerIndex ledger_;
  std::shared_ptr<const core::Signer> signer_;
  std::shared_ptr<const core::SignatureVerifier> verifier_;
  std::unique_ptr<node::LedgerEngine> engine_;
  std::vector<Waiting> queue_;
  bool busy_ = false;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_LEDGER_NODE_H_
