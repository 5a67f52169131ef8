// The order of a central bank to abort a settlement, as the bridge sees it: the receipt of an entry
// of kind order-abort in that bank's own ledger. The ledger has checked the two approvers under the
// keys of the moment; the bridge believes the ledger's signed log, under the key in the settlement
// policy, as it believes its votes. docs/protocols/pvp.md has the reasons. Pure; any thread.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_ABORT_ORDER_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_ABORT_ORDER_H_

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/core/command.h"
#include "settlement/core/outcome.h"
#include "settlement/core/settlement.h"
#include "settlement/core/suite.h"

namespace causeway::bridge {

// Nothing of it is believed yet.
struct AbortOrder {
  std::string entry;  // leaf bytes
  std::uint64_t entry_index = 0;
  std::vector<core::Hash256> proof;  // that the log of the checkpoint holds it there
  std::string checkpoint;            // signed note of the ledger
};

// One that was verified: entry `entry_index` of that ledger, whose log was signed with that key.
struct ProvenOrder {
  core::LedgerOrigin ledger;
  core::KeyId key;
  std::uint64_t entry_index = 0;

  friend bool operator==(const ProvenOrder&, const ProvenOrder&) = default;
};

// Whether it is the order of a ledger of these terms, with that ledger's key in `policy`, which is
// theirs.
bool IsOfTerms(const ProvenOrder& order, const core::TermsHeader& terms,
               const core::SettlementPolicy& policy);
// The reason of an abort by it.
core::Rejection AbortOrderedBy(const ProvenOrder& order);

// Proven when the order is a settled entry of kind order-abort for that settlement, in the log that
// a ledger in its terms signed with its key in `policy` (that of the terms). Else kBadAbortOrder,
// with what is wrong.
std::variant<ProvenOrder, core::Rejection> VerifyAbortOrder(
    const AbortOrder& order, const core::TermsHeader& terms, const core::SettlementPolicy& policy,
    const core::SignatureVerifier& verifier);
// The same for a settlement whose terms are not known: of any ledger of the policies, with its key
// in one of them. `policies` is not empty.
std::variant<ProvenOrder, core::Rejection> VerifyAbortOrder(
    const AbortOrder& order, const core::Hash256& settlement_id,
    std::span<const core::SettlementPolicy> policies, const core::SignatureVerifier& verifier);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_ABORT_ORDER_H_
