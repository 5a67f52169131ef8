// What somebody can forge with the decision log's key alone: certificates from a log that is not
// the one it shows, which ledgers that demand votes and, with witnesses, cosignatures refuse; and
// orders of courts, which a bridge that asks for the ledger's signature refuses.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_BYZANTINE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_BYZANTINE_H_

#include <string>

#include "fx-bridge/engine/abort_order.h"
#include "scenarios/spec/actor.h"
#include "settlement/core/settlement.h"

namespace causeway::sim {

// The exact bytes of a Completion for the terms: a record of its own in a log of one record. A
// commit comes with votes of every ledger that no ledger signed.
std::string ForgeCompletion(const Plan& plan, const KeyRing& keys, const core::TermsHeader& terms,
                            core::Verdict verdict, core::LedgerTime now);

// An order to abort that no ledger has recorded: an entry in a log of its own, whose checkpoint
// bears the ledger's name and key id, and the decision log's signature.
bridge::AbortOrder ForgeAbortOrder(const Plan& plan, const KeyRing& keys, LedgerIndex ledger,
                                   const core::Hash256& id);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_BYZANTINE_H_
