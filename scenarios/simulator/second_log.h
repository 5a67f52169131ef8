// The second log that a lying operator of the bridge keeps under the decision log's key: it begins
// like the first and goes on with aborts. The operator shows it to as many witnesses as the first
// log can do without, and to those that are in league with it or have lost their state, and gathers
// their cosignatures. Where the policy is safe they are never enough.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_SECOND_LOG_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_SECOND_LOG_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/simulator/virtual_world.h"
#include "scenarios/simulator/witness_node.h"
#include "scenarios/spec/actor.h"
#include "settlement/core/merkle.h"
#include "settlement/core/settlement.h"

namespace causeway::sim {

class SecondLog {
 public:
  // `batches` of the first log, in their order, up to where the second one leaves it. `random`
  // says whom it deceives. References outlive this.
  SecondLog(World& world, const KeyRing& keys,
            const std::vector<std::unique_ptr<WitnessNode>>& witnesses,
            std::vector<std::string> batches, core::RandomStream& random);

  // Adds a batch that aborts that settlement, once.
  void Abort(const core::Hash256& id, const core::Hash256& policy_hash, core::LedgerTime now);
  bool Has(const core::Hash256& id) const { return records_.contains(id); }
  // The exact bytes of a Completion that aborts it, with the cosignatures that are there.
  std::string MakeCompletion(const core::Hash256& id) const;

  // Whether that witness is not shown the first log any more.
  bool Withholds(std::size_t witness) const;
  // Sends what each lacks to those whom it is shown.
  void Push();
  // Somebody shows the deceived a checkpoint of the first log.
  void Reveal(const std::string& checkpoint);

 private:
  struct Record {
    std::uint64_t index = 0;
    core::DecisionRecord record;
  };
  struct Shown {
    bool deceived = false;
    bool in_league = false;
    bool refuses = false;
    std::uint64_t held = 0;  // batches
  };
  // Of one size.
  struct Signed {
    std::string note;
    std::map<std::size_t, core::NoteSignature> lines;  // by witness
  };

  void OnAnswer(std::size_t witness, const core::WitnessAnswer& answer);

  World& world_;
  const KeyRing& keys_;
  const std::vector<std::unique_ptr<WitnessNode>>& witnesses_;
  std::vector<std::string> batches_;
  core::MerkleTree tree_;
  std::map<core::Hash256, Record> records_;  // its own
  std::map<std::uint64_t, Signed> signed_;   // by size
  std::vector<Shown> shown_;                 // by witness
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_SECOND_LOG_H_
