// Known-bad variants of the protocol: what a mistake in each of its rules would look like. They are
// nodes that stand in for the real ones in simulations of this folder, which must catch every one.
// Nothing outside of it links them.
#ifndef CAUSEWAY_TESTS_SIMULATION_CANARIES_H_
#define CAUSEWAY_TESTS_SIMULATION_CANARIES_H_

#include <memory>

#include "scenarios/simulator/simulator.h"

namespace causeway::sim {

// Ledgers.
// A hold is released when its deadline has passed.
std::unique_ptr<NodeFactory> ReleaseOnTimeout();
// Signatures on certificates, and on all else, are taken for good.
std::unique_ptr<NodeFactory> CertificateNotChecked();
// Holds are kept in memory only: a restart has forgotten them.
std::unique_ptr<NodeFactory> ForgetsHolds();
// A freeze stops the completion of what was prepared before it.
std::unique_ptr<NodeFactory> FreezeStopsHolds();
// An order of a court to move funds releases what the debtor has held.
std::unique_ptr<NodeFactory> OverrideReleasesHolds();
// A policy that is withdrawn takes what is held under it with it.
std::unique_ptr<NodeFactory> WithdrawalReleasesHolds();

// Bridges.
// Ledgers and clients are told of a decision while it is being written.
std::unique_ptr<NodeFactory> TellsBeforeDurable();
// Orders to abort, and all else, are taken for signed by whom they name.
std::unique_ptr<NodeFactory> BelievesAnyOrder();
// A vote that is missing is made up.
std::unique_ptr<NodeFactory> InventsCommits();
// Shows the last ledger of each settlement other terms than the first: a smaller leg, signed by the
// payer, who is in league with it. Harmless as long as a settlement id is bound to its terms.
std::unique_ptr<NodeFactory> ShowsOtherTerms();

// Witnesses.
// Cosigns while what it cosigns is being written.
std::unique_ptr<NodeFactory> SignsBeforeItPersists();

// While one of these lives, settlement ids are of the nonce alone, in this process and in those
// that it starts.
class IdsOfNonceOnly {
 public:
  IdsOfNonceOnly();
  ~IdsOfNonceOnly();
  IdsOfNonceOnly(const IdsOfNonceOnly&) = delete;
  IdsOfNonceOnly& operator=(const IdsOfNonceOnly&) = delete;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_TESTS_SIMULATION_CANARIES_H_
