// Draws a scenario from a seed: a small network, its traffic of payments and settlements, and what
// goes wrong. A pure function: the same seed and profile give the same scenario everywhere.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_DRAW_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_DRAW_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "causeway/v1/scenario.pb.h"

namespace causeway::sim {

// Witnesses of a network: so many, of whom a certificate needs so many, and the policy bears so
// many faulty ones; and how many do misbehave.
struct WitnessDraw {
  std::uint32_t witnesses = 0;
  std::uint32_t needed = 0;
  std::uint32_t faulty_max = 0;
  std::uint32_t faulty = 0;  // above faulty_max for networks that must fail
};

// What is drawn how often. Numbers are the most of each; a seed draws up to that.
struct Profile {
  std::string_view name;
  std::string_view description;
  std::uint32_t ledgers_max = 4;       // 2 or more
  std::uint32_t banks_max = 4;         // 2 or more
  std::uint32_t settlements_max = 80;  // lists count as one
  std::uint32_t payments_max = 40;
  std::uint32_t faults_max = 8;
  // Relative weights of the kinds of fault, in the order of the messages in scenario.proto:
  // messages, partition, crash, corruption, slow disk, clock, client, byzantine bridge, overload,
  // byzantine witness.
  std::vector<std::uint64_t> fault_weights;
  // One of these is drawn, all alike. None: no witnesses.
  std::vector<WitnessDraw> witnesses = {};
  // The bridge keeps two logs without witnesses too, which nothing rules out. Otherwise it invents
  // commits, and keeps two logs where there are witnesses.
  bool bridge_equivocates = false;
  // Relative weights of the kinds of faulty witness, in the order of ByzantineWitnessKind.
  std::vector<std::uint64_t> witness_weights = {3, 1, 2};
  // One of these is drawn, all alike: no swaps and no lists then, and clients only withhold. None:
  // the coordinated one.
  std::vector<causeway::v1::Mechanism> mechanisms = {};
  // Courts order, and central banks change policies, keys and accounts.
  bool interventions = false;
};

inline constexpr std::string_view kMechanismsProfile = "mechanisms";
inline constexpr std::string_view kInterventionsProfile = "interventions";

// "mixed" (the default), "calm", "crashes", "network", "clients", "witnesses", "mechanisms",
// "interventions", "equivocation".
const std::vector<Profile>& Profiles();
// Null for a name that is not among them.
const Profile* FindProfile(std::string_view name);

causeway::v1::Scenario DrawScenario(std::uint64_t seed, const Profile& profile,
                                    bool modelled_signatures);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_DRAW_H_
