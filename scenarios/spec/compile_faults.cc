// What goes wrong: the faults of a scenario, with their nodes and steps found.
#include <algorithm>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/core/quote.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kFaultsMax = 10'000;
constexpr std::size_t kFaultNameSizeMax = 40;
constexpr std::uint32_t kCrashTimesMax = 1'000;
constexpr std::uint32_t kDownMillisDefault = 1'000;
// A fault lasts for up to a day; so does what it puts off.
constexpr std::uint32_t kFaultMillisMax = 24 * 3600 * 1000;
constexpr std::int32_t kDriftPpmMax = 200'000;

}  // namespace

void Compiler::CompileFaults() {
  if (static_cast<std::size_t>(spec_.faults_size()) > kFaultsMax) {
    Fail(root_.Of("faults", 0), fmt::format("faults: at most {} are possible", kFaultsMax));
    return;
  }
  for (int i = 0; i < spec_.faults_size(); ++i) CompileFault(i);
}

void Compiler::CompileFault(int index) {
  const Node node = root_.Child("faults", index);
  const causeway::v1::Fault& spec = spec_.faults(index);
  PlannedFault fault;
  fault.name = spec.name().empty() ? fmt::format("fault-{}", index + 1) : spec.name();
  if (fault.name.size() > kFaultNameSizeMax) {
    Fail(node.Of("name"), fmt::format("name: at most {} characters", kFaultNameSizeMax));
  }
  if (!fault_names_.insert(fault.name).second) {
    Fail(node.Of("name"), fmt::format("a fault {} exists already", core::Quoted(fault.name)));
  }
  if (spec.what_case() == causeway::v1::Fault::WHAT_NOT_SET) {
    Fail(root_.Of("faults", index),
         "a fault must be one of messages, partition, crash, corruption, slow_disk, clock, client, "
         "byzantine_bridge, byzantine_witness, overload");
    return;
  }
  if (spec.duration_ms() > kFaultMillisMax) {
    Fail(node.Of("duration_ms"), fmt::format("duration_ms: at most {}", kFaultMillisMax));
  }
  if (!spec.has_client()) {  // whose time is that of its step
    const auto date = ReadBusinessDay(node.Of("date"), spec.date());
    const auto time = ReadTimeOfDay(node.Of("time"), spec.time());
    if (date && time) fault.begins = date->StartInUtc() + *time;
    fault.ends = fault.begins + core::Duration::FromMillis(spec.duration_ms());
  }
  CompileFaultWhat(node, spec, fault);
  if (fault_groups_.has_value() && std::find(fault_groups_->begin(), fault_groups_->end(),
                                             FaultGroup(fault.name)) == fault_groups_->end()) {
    return;
  }
  plan_.faults.push_back(std::move(fault));
}

void Compiler::CompileFaultWhat(const Node& node, const causeway::v1::Fault& spec,
                                PlannedFault& fault) {
  using causeway::v1::Fault;
  switch (spec.what_case()) {
    case Fault::kMessages:
      fault.what = CompileMessages(node.Child("messages"), spec.messages());
      break;
    case Fault::kPartition: {
      const Node partition = node.Child("partition");
      if (spec.partition().nodes().empty()) {
        Fail(partition.Of("nodes"), "nodes: name those that are cut off");
      }
      fault.what = Partition{ReadNodes(partition, "nodes", spec.partition().nodes()),
                             ReadNodes(partition, "others", spec.partition().others()),
                             spec.partition().one_way()};
      break;
    }
    case Fault::kCrash:
      fault.what = CompileCrash(node.Child("crash"), spec.crash());
      break;
    case Fault::kCorruption: {
      const auto which = ReadNode(node.Child("corruption").Of("node"), spec.corruption().node());
      fault.what = Corruption{which.value_or(0), spec.corruption().metadata()};
      break;
    }
    case Fault::kSlowDisk:
      fault.what = SlowDisk{ReadNodes(node.Child("slow_disk"), "nodes", spec.slow_disk().nodes()),
                            core::Duration::FromMillis(spec.slow_disk().extra_ms_max())};
      break;
    case Fault::kClock:
      fault.what = CompileClock(node.Child("clock"), spec.clock());
      break;
    case Fault::kClient:
      fault.what = CompileClient(node.Child("client"), spec.client());
      break;
    case Fault::kByzantineBridge:
      fault.what = CompileByzantine(node.Child("byzantine_bridge"), spec.byzantine_bridge());
      break;
    case Fault::kOverload:
      fault.what = Overload{
          ReadNodes(node.Child("overload"), "nodes", spec.overload().nodes()),
          ReadPerMille(node.Child("overload").Of("per_mille"), spec.overload().per_mille())};
      break;
    case Fault::kByzantineWitness:
      fault.what = CompileByzantine(node.Child("byzantine_witness"), spec.byzantine_witness());
      break;
    case Fault::WHAT_NOT_SET:
      break;
  }
}

FaultyMessages Compiler::CompileMessages(const Node& node, const causeway::v1::MessageFault& spec) {
  FaultyMessages messages;
  messages.from = ReadNodes(node, "from", spec.from());
  messages.to = ReadNodes(node, "to", spec.to());
  messages.drop_per_mille = ReadPerMille(node.Of("drop_per_mille"), spec.drop_per_mille());
  messages.duplicate_per_mille =
      ReadPerMille(node.Of("duplicate_per_mille"), spec.duplicate_per_mille());
  messages.delay_per_mille = ReadPerMille(node.Of("delay_per_mille"), spec.delay_per_mille());
  messages.reorder_per_mille = ReadPerMille(node.Of("reorder_per_mille"), spec.reorder_per_mille());
  messages.delay_max = core::Duration::FromMillis(spec.delay_ms_max());
  if (spec.delay_ms_max() > kFaultMillisMax) {
    Fail(node.Of("delay_ms_max"), fmt::format("delay_ms_max: at most {}", kFaultMillisMax));
  }
  return messages;
}

Crash Compiler::CompileCrash(const Node& node, const causeway::v1::CrashFault& spec) {
  Crash crash;
  crash.nodes = ReadNodes(node, "nodes", spec.nodes());
  const Nodes nodes(plan_);
  const std::optional<ParticipantIndex> operated_by = plan_.mechanism.operated_by;
  const bool all_stop = std::all_of(crash.nodes.begin(), crash.nodes.end(), [&](NodeIndex each) {
    return each <= nodes.Observer() || each >= nodes.Witness(0) ||
           (operated_by && each == nodes.Participant(*operated_by));
  });
  if (spec.nodes().empty() || !all_stop) {
    Fail(node.Of("nodes"),
         "nodes: name ledgers, the bridge, the observer or witnesses, or who runs the mechanism; "
         "for banks see "
         "the faults of clients");
  }
  switch (spec.point()) {
    case causeway::v1::CRASH_POINT_IN_WRITE:
      crash.point = CrashPoint::kInWrite;
      break;
    case causeway::v1::CRASH_POINT_AFTER_WRITE:
      crash.point = CrashPoint::kAfterWrite;
      break;
    default:
      crash.point = CrashPoint::kAtOnce;
  }
  crash.times = std::max(spec.times(), 1U);
  if (crash.times > kCrashTimesMax) {
    Fail(node.Of("times"), fmt::format("times: at most {}", kCrashTimesMax));
  }
  const std::uint32_t down_ms = spec.down_ms_max() == 0 ? kDownMillisDefault : spec.down_ms_max();
  if (down_ms > kFaultMillisMax) {
    Fail(node.Of("down_ms_max"), fmt::format("down_ms_max: at most {}", kFaultMillisMax));
  }
  crash.down_max = core::Duration::FromMillis(down_ms);
  return crash;
}

WrongClock Compiler::CompileClock(const Node& node, const causeway::v1::ClockFault& spec) {
  if (spec.drift_ppm() < -kDriftPpmMax || spec.drift_ppm() > kDriftPpmMax) {
    Fail(node.Of("drift_ppm"),
         fmt::format("drift_ppm: must lie between {} and {}", -kDriftPpmMax, kDriftPpmMax));
  }
  return {ReadNodes(node, "nodes", spec.nodes()), core::Duration::FromMillis(spec.offset_ms()),
          spec.drift_ppm()};
}

ClientFault Compiler::CompileClient(const Node& node, const causeway::v1::ClientFault& spec) {
  ClientFault fault;
  fault.kind = static_cast<ClientFaultKind>(spec.kind());
  if (fault.kind == ClientFaultKind::kNone || !causeway::v1::ClientFaultKind_IsValid(spec.kind())) {
    Fail(node.Of("kind"), "kind: say how the client misbehaves");
  }
  const auto action =
      std::find_if(plan_.actions.begin(), plan_.actions.end(),
                   [&](const PlannedAction& each) { return each.id == spec.step(); });
  if (action == plan_.actions.end()) {
    Fail(node.Of("step"), fmt::format("there is no step {}", core::Quoted(spec.step())));
    return fault;
  }
  fault.action = action->index;
  const bool pvp = std::holds_alternative<SettlePvp>(action->what);
  if (pvp && plan_.mechanism.kind != MechanismKind::kCoordinated &&
      fault.kind != ClientFaultKind::kWithholdParty &&
      fault.kind != ClientFaultKind::kWithholdCounterparty) {
    Fail(node.Of("kind"), fmt::format("kind: with mechanism {} a party can only withhold",
                                      MechanismName(plan_.mechanism.kind)));
  }
  const bool swap = std::holds_alternative<SwapOnQuote>(action->what);
  if (!pvp && !(swap && fault.kind == ClientFaultKind::kVanish)) {
    Fail(node.Of("step"),
         "step: must be a pvp, or a swap whose taker vanishes; other clients have nothing to "
         "withhold");
  } else if (pvp && fault.kind == ClientFaultKind::kSignOtherTerms &&
             !std::get<SettlePvp>(action->what).list.empty()) {
    Fail(node.Of("kind"), "kind: other terms are signed for single settlements only");
  }
  return fault;
}

ByzantineBridge Compiler::CompileByzantine(const Node& node,
                                           const causeway::v1::ByzantineBridgeFault& spec) {
  ByzantineBridge fault;
  if (!plan_.bridge) Fail(node.Of("kind"), "byzantine_bridge: the scenario has no bridge");
  switch (spec.kind()) {
    case causeway::v1::BYZANTINE_BRIDGE_KIND_EQUIVOCATE:
      fault.kind = ByzantineBridgeKind::kEquivocate;
      break;
    case causeway::v1::BYZANTINE_BRIDGE_KIND_INVENT_COMMIT:
      fault.kind = ByzantineBridgeKind::kInventCommit;
      break;
    default:
      Fail(node.Of("kind"), "kind: say how the bridge lies");
  }
  if (spec.per_mille() != 0) {
    fault.per_mille = ReadPerMille(node.Of("per_mille"), spec.per_mille());
  }
  return fault;
}

ByzantineWitness Compiler::CompileByzantine(const Node& node,
                                            const causeway::v1::ByzantineWitnessFault& spec) {
  ByzantineWitness fault;
  const std::optional<std::size_t> witness = FindWitness(spec.witness());
  if (!witness) {
    Fail(node.Of("witness"), fmt::format("there is no witness {}", core::Quoted(spec.witness())));
  }
  fault.witness = witness.value_or(0);
  switch (spec.kind()) {
    case causeway::v1::BYZANTINE_WITNESS_KIND_COSIGN_ANYTHING:
      fault.kind = ByzantineWitnessKind::kCosignAnything;
      break;
    case causeway::v1::BYZANTINE_WITNESS_KIND_BAD_COSIGNATURES:
      fault.kind = ByzantineWitnessKind::kBadCosignatures;
      break;
    case causeway::v1::BYZANTINE_WITNESS_KIND_OLD_BACKUP:
      fault.kind = ByzantineWitnessKind::kOldBackup;
      break;
    default:
      Fail(node.Of("kind"), "kind: say what the witness does wrong");
  }
  return fault;
}

std::optional<std::size_t> Compiler::FindWitness(const std::string& name) const {
  if (!plan_.bridge) return std::nullopt;
  const std::vector<PlannedWitness>& witnesses = plan_.bridge->witnesses;
  const auto found =
      std::find_if(witnesses.begin(), witnesses.end(),
                   [&](const PlannedWitness& witness) { return witness.name == name; });
  if (found == witnesses.end()) return std::nullopt;
  return static_cast<std::size_t>(found - witnesses.begin());
}

std::uint32_t Compiler::ReadPerMille(Place place, std::uint32_t per_mille) {
  if (per_mille > kPerMille) {
    Fail(place, fmt::format("{}: a chance is in thousandths, at most {}", per_mille, kPerMille));
  }
  return per_mille;
}

std::vector<NodeIndex> Compiler::ReadNodes(
    const Node& node, const char* field,
    const google::protobuf::RepeatedPtrField<std::string>& names) {
  std::vector<NodeIndex> nodes;
  for (int i = 0; i < names.size(); ++i) {
    const auto found = ReadNode(node.Of(field, i), names.Get(i));
    if (!found) continue;
    const auto ledgers = static_cast<NodeIndex>(plan_.ledgers.size());
    if (plan_.mechanism.kind != MechanismKind::kSharedLedger || *found >= ledgers) {
      nodes.push_back(*found);
      continue;
    }
    // They are one process.
    for (NodeIndex ledger = 0; ledger < ledgers; ++ledger) nodes.push_back(ledger);
  }
  return nodes;
}

std::optional<NodeIndex> Compiler::ReadNode(Place place, const std::string& name) {
  const Nodes nodes(plan_);
  for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
    const auto ledger = static_cast<LedgerIndex>(i);
    if (plan_.ledgers[i].origin.text() == name) return nodes.Ledger(ledger);
    if (plan_.ledgers[i].central_bank.text() == name) return nodes.CentralBank(ledger);
  }
  for (std::size_t i = 0; i < plan_.participants.size(); ++i) {
    if (plan_.participants[i].id.text() != name) continue;
    if (plan_.participants[i].role == core::Role::kBridge) return nodes.Bridge();
    if (plan_.participants[i].role == core::Role::kObserver) return nodes.Observer();
    return nodes.Participant(static_cast<ParticipantIndex>(i));
  }
  if (const std::optional<std::size_t> witness = FindWitness(name)) return nodes.Witness(*witness);
  Fail(place,
       fmt::format("there is no node {}: name a ledger's origin, a witness, or the id of the "
                   "bridge, the observer, a bank or a central bank",
                   core::Quoted(name)));
  return std::nullopt;
}

}  // namespace causeway::sim
