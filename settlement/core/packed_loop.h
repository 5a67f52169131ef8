// What bulks and lists of legs have in common: packed payments, one after the other, each of which
// was recorded before or is executed now.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PACKED_LOOP_H_
#define CAUSEWAY_SETTLEMENT_CORE_PACKED_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "settlement/core/bulk.h"
#include "settlement/core/chunked_vector.h"
#include "settlement/core/instruction_index.h"
#include "settlement/core/ledger_state.h"
#include "settlement/core/outcome.h"

namespace causeway::core {

// Accounts are far apart in memory: those of the payment that comes this many later are asked for
// while this one is executed.
inline constexpr std::size_t kPrefetchDistance = 16;

// Calls `execute(position, payment, result)` for each payment whose id is not known, in their
// order. What it refuses, and what is known, becomes the outcome of the result at that position.
template <typename Execute>
void ExecuteUnknown(const ChunkedVector<AccountState>& accounts,
                    std::span<const BulkPayment> payments, std::span<const std::uint64_t> known,
                    std::span<PaymentResult> results, const Execute& execute) {
  // Inlined by force: g++ takes a call that only prefetches for one without effect.
  const auto prefetch = [&accounts](const AccountRef& ref) __attribute__((always_inline)) {
    if (ref.number >= accounts.size()) return;
    const AccountState* const account = &accounts[ref.number];
    __builtin_prefetch(account, 1);
    __builtin_prefetch(&account->purpose, 1);
  };
  for (std::size_t i = 0; i < payments.size(); ++i) {
    if (i + kPrefetchDistance < payments.size()) {
      prefetch(payments[i + kPrefetchDistance].debtor);
      prefetch(payments[i + kPrefetchDistance].creditor);
    }
    PaymentResult& result = results[i];
    if (known[i] != InstructionIndex::kNoLeaf) {
      result.outcome = Outcome::kInstructionIdReused;
      continue;
    }
    const std::optional<Rejection> rejection = execute(i, payments[i], result);
    if (rejection.has_value()) {
      result.outcome = rejection->outcome;
      result.debtor_after = rejection->actual;
      result.creditor_after = rejection->required;
    }
  }
}

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PACKED_LOOP_H_
