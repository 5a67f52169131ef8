// What goes wrong in a simulated run, as planned: part of a Plan. Plain values.
#ifndef CAUSEWAY_SCENARIOS_SPEC_PLANNED_FAULT_H_
#define CAUSEWAY_SCENARIOS_SPEC_PLANNED_FAULT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "settlement/core/time.h"

namespace causeway::sim {

// Chances are in thousandths.
inline constexpr std::uint32_t kPerMille = 1000;

// Who sends and receives messages, by number: Nodes in plan.h tells which is which.
using NodeIndex = std::uint32_t;

struct FaultyMessages {
  std::vector<NodeIndex> from;  // empty: all
  std::vector<NodeIndex> to;
  std::uint32_t drop_per_mille = 0;
  std::uint32_t duplicate_per_mille = 0;
  std::uint32_t delay_per_mille = 0;
  std::uint32_t reorder_per_mille = 0;
  core::Duration delay_max;
};

struct Partition {
  std::vector<NodeIndex> nodes;
  std::vector<NodeIndex> others;  // empty: all that are not in `nodes`
  bool one_way = false;           // only messages from `nodes` to `others` are lost
};

enum class CrashPoint : std::uint8_t { kAtOnce, kInWrite, kAfterWrite };

struct Crash {
  std::vector<NodeIndex> nodes;
  CrashPoint point = CrashPoint::kAtOnce;
  std::uint32_t times = 1;  // spread over the fault's time; one comes at its beginning
  core::Duration down_max;
};

struct Corruption {
  NodeIndex node = 0;
  bool metadata = false;
};

struct SlowDisk {
  std::vector<NodeIndex> nodes;
  core::Duration extra_max;
};

struct WrongClock {
  std::vector<NodeIndex> nodes;
  core::Duration offset;
  std::int32_t drift_ppm = 0;
};

enum class ClientFaultKind : std::uint8_t {
  kNone,
  kWithholdParty,
  kWithholdCounterparty,
  kVanish,
  kCarryPast,
  kSignOtherTerms,
};

struct ClientFault {
  std::uint32_t action = 0;  // position in Plan::actions
  ClientFaultKind kind = ClientFaultKind::kNone;
};

enum class ByzantineBridgeKind : std::uint8_t { kEquivocate, kInventCommit };

struct ByzantineBridge {
  ByzantineBridgeKind kind = ByzantineBridgeKind::kEquivocate;
  std::uint32_t per_mille = kPerMille;
};

enum class ByzantineWitnessKind : std::uint8_t { kCosignAnything, kBadCosignatures, kOldBackup };

struct ByzantineWitness {
  std::size_t witness = 0;  // position in the policy
  ByzantineWitnessKind kind = ByzantineWitnessKind::kCosignAnything;
};

struct Overload {
  std::vector<NodeIndex> nodes;
  std::uint32_t per_mille = 0;
};

// Faults whose names are alike up to the first point belong together: "withheld.1", "withheld.2".
inline std::string_view FaultGroup(std::string_view name) { return name.substr(0, name.find('.')); }

struct PlannedFault {
  std::string name;  // of its stream, "fault/<name>"
  core::LedgerTime begins;
  core::LedgerTime ends;
  std::variant<FaultyMessages, Partition, Crash, Corruption, SlowDisk, WrongClock, ClientFault,
               ByzantineBridge, Overload, ByzantineWitness>
      what;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_PLANNED_FAULT_H_
