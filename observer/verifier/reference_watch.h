// RTGS references that entries of one ledger name more than once. An issue rests on a transfer of
// reserves in the RTGS system, a redemption on the pay-out there; the ledger cannot know whether
// one transfer pays for two, so whoever audits is told which entries to ask about. Not
// synchronised.
#ifndef CAUSEWAY_OBSERVER_VERIFIER_REFERENCE_WATCH_H_
#define CAUSEWAY_OBSERVER_VERIFIER_REFERENCE_WATCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "settlement/core/command.h"
#include "settlement/core/ids.h"
#include "settlement/core/time.h"

namespace causeway::observer {

// The latest references that others are compared with; of a reference 16 bytes of its SHA-256 and
// the entry are kept, in all at most about 20 MiB a ledger.
inline constexpr std::size_t kReferencesRemembered = 262'144;
// Repeats that are kept for the report; the rest is counted.
inline constexpr std::size_t kRepeatedReferencesKept = 1'000;

// An issue or a redemption that settled.
struct ReferenceUse {
  std::uint64_t entry_index = 0;
  core::LedgerTime time;
  core::InstructionKey instruction;  // of kind kIssue, kRequestIssue or kRedeem
  std::string reference;
  core::AccountAddress account;  // that got the money, or gave it back
  core::Money amount;
};

struct RepeatedReference {
  ReferenceUse use;
  std::uint64_t first_entry_index = 0;  // that named it first
};

// "issue I-2 of HKMA: 10.00 HKD to ..., under the RTGS reference "R1", which entry 5 named before":
// for people and reports.
std::string Describe(const RepeatedReference& repeated);

class ReferenceWatch {
 public:
  explicit ReferenceWatch(std::size_t remembered = kReferencesRemembered)
      : remembered_max_(remembered) {}

  // The next use, in the order of the log. Issues are compared with issues, redemptions with
  // redemptions: one system's references of what comes in and what goes out may be the same.
  void OnUse(const ReferenceUse& use);

  const std::vector<RepeatedReference>& repeated() const { return repeated_; }  // those kept
  std::uint64_t repeated_count() const { return repeated_count_; }              // all
  // References that are compared with no more: later ones took their place.
  std::uint64_t forgotten() const { return forgotten_; }

 private:
  using Key = std::array<std::uint64_t, 2>;
  static Key KeyOf(const ReferenceUse& use);

  std::size_t remembered_max_;
  absl::flat_hash_map<Key, std::uint64_t> first_;  // looked up only, never gone through
  std::deque<Key> order_;                          // in which they came
  std::vector<RepeatedReference> repeated_;
  std::uint64_t repeated_count_ = 0;
  std::uint64_t forgotten_ = 0;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_VERIFIER_REFERENCE_WATCH_H_
