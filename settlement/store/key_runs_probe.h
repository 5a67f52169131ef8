// Asks filters for many keys at once: a cache line a key and filter, fetched ahead, and with the
// wide registers of the processor where it has them. Answers are the same without.
//
// Functions without state; threads as the filters say.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_PROBE_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_PROBE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "settlement/store/key_runs_filter.h"

namespace causeway::store {

// At most so many keys a call.
inline constexpr std::size_t kProbeKeysMax = 1024;

// In order: maybe[i] is 1 when fingerprints[i] may have been added to one of the filters before,
// earlier ones of this call included, and 0 when it surely was not; adds it to `newer`. `older` may
// be null. Returns how many may.
std::size_t TestAndAddKeys(KeyFilter& newer, const KeyFilter* older,
                           std::span<const std::uint64_t> fingerprints, std::uint8_t* maybe);
// The same, adding nothing.
std::size_t TestKeys(const KeyFilter& newer, const KeyFilter* older,
                     std::span<const std::uint64_t> fingerprints, std::uint8_t* maybe);

// The filter of a run (key_runs_run_filter.h) where it is mapped.
struct MappedRunFilter {
  const char* bytes = nullptr;
  std::uint64_t blocks = 0;
  std::uint64_t run_number = 0;
};
// Which keys a run may hold; a damaged block rules nothing out, and sets `damaged`.
std::size_t TestRunKeys(const MappedRunFilter& filter, std::span<const std::uint64_t> fingerprints,
                        std::uint8_t* maybe, bool& damaged);

// For tests: as on a processor without wide registers.
void UseWideRegisters(bool use);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_PROBE_H_
