// What a bridge can forge with the decision log's key alone: certificates from a log that is not
// the one it shows. Ledgers that demand votes and, with witnesses, cosignatures refuse them.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_BYZANTINE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_BYZANTINE_H_

#include <string>

#include "scenarios/spec/actor.h"
#include "settlement/core/settlement.h"

namespace causeway::sim {

// The exact bytes of a Completion for the terms: a record of its own in a log of one record. A
// commit comes with votes of every ledger that no ledger signed.
std::string ForgeCompletion(const Plan& plan, const KeyRing& keys, const core::TermsHeader& terms,
                            core::Verdict verdict, core::LedgerTime now);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_BYZANTINE_H_
