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

// What is drawn how often. Numbers are the most of each; a seed draws up to that.
struct Profile {
  std::string_view name;
  std::string_view description;
  std::uint32_t ledgers_max = 4;  // 2 or more
  std::uint32_t banks_max = 4;    // 2 or more
  std::uint32_t settlements_max = 24;
  std::uint32_t payments_max = 12;
  std::uint32_t faults_max = 8;
  // Relative weights of the kinds of fault, in the order of the messages in scenario.proto:
  // messages, partition, crash, corruption, slow disk, clock, client, byzantine bridge, overload.
  std::vector<std::uint64_t> fault_weights;
  // The bridge's lies are harmless ones, which correct ledgers refuse; or those that k = 0 cannot
  // rule out too.
  bool bridge_equivocates = false;
};

// "mixed" (the default), "calm", "crashes", "network", "clients", "equivocation".
const std::vector<Profile>& Profiles();
// Null for a name that is not among them.
const Profile* FindProfile(std::string_view name);

causeway::v1::Scenario DrawScenario(std::uint64_t seed, const Profile& profile,
                                    bool modelled_signatures);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_DRAW_H_
