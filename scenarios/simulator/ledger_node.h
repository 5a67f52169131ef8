// A central bank node in virtual time: a queue, the ledger engine, and a disk that takes its time.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_LEDGER_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_LEDGER_NODE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "central-bank-node/engine/ledger_engine.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

// Items that a simulated node executes as one batch at most.
inline constexpr std::size_t kItemsPerSimulatedBatchMax = 1024;

// While one batch is being written, what arrives waits and forms the next: group commit. Nothing is
// answered, read or published before it is durable.
class LedgerNode {
 public:
  // Borrowed until the callback has run. One reply per item, in their order.
  using ItemsCallback = absl::AnyInvocable<void(std::vector<node::ItemReply>)>;
  using ReadCallback = absl::AnyInvocable<void(const core::Ledger&)>;
  // Called with every durable batch, in order.
  using Publish = absl::AnyInvocable<void(const std::string& batch)>;

  static absl::StatusOr<std::unique_ptr<LedgerNode>> Create(
      const Plan& plan, LedgerIndex ledger, const KeyRing& keys,
      std::shared_ptr<const core::SignatureVerifier> verifier, VirtualClock& clock,
      Publish publish);

  // A message arrives. `items` is shared, so that a message that is sent again needs no copy.
  void Submit(std::shared_ptr<const std::vector<core::Item>> items, ItemsCallback callback);
  // Answered from what is durable.
  void Read(ReadCallback callback);

  const node::LedgerEngine& engine() const { return *engine_; }

 private:
  struct Waiting {
    std::shared_ptr<const std::vector<core::Item>> items;  // null for a read
    ItemsCallback on_items;
    ReadCallback on_read;
  };

  LedgerNode(std::unique_ptr<node::LedgerEngine> engine, VirtualClock& clock, core::Duration sync,
             Publish publish)
      : engine_(std::move(engine)), clock_(clock), sync_(sync), publish_(std::move(publish)) {}
  void Start();
  std::vector<node::ItemReply> Execute(const std::vector<Waiting>& batch);
  void Finish(std::vector<Waiting> batch, std::vector<node::ItemReply> replies);
  void PublishDurable();

  std::unique_ptr<node::LedgerEngine> engine_;
  VirtualClock& clock_;
  core::Duration sync_;
  Publish publish_;
  std::vector<Waiting> queue_;
  bool busy_ = false;
  std::uint64_t published_ = 0;  // batches
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_LEDGER_NODE_H_
