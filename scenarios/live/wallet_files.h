// Options of the wallet for each participant of a running corridor:
// participants/<id>/wallet.toml, for `causeway-wallet --config`.
#ifndef CAUSEWAY_SCENARIOS_LIVE_WALLET_FILES_H_
#define CAUSEWAY_SCENARIOS_LIVE_WALLET_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "scenarios/live/corridor.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

// Each writes one file, all or nothing, and gives its path. It names the ledger where there is but
// one: the central bank's, or that of the participant's only account.
absl::StatusOr<std::string> WriteWalletFileOfCentralBank(const Plan& plan, const Corridor& corridor,
                                                         LedgerIndex ledger);
// With a settlement queue at the bridge also the accounts that the agent of a member answers for.
absl::StatusOr<std::string> WriteWalletFile(const Plan& plan, const Corridor& corridor,
                                            ParticipantIndex participant);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_WALLET_FILES_H_
