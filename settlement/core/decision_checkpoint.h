// When a checkpoint of a decision log counts: the log's key signed it, and as many witnesses as the
// settlement policy needs cosigned it. Everybody who takes certificates (ledgers, the bridge, the
// client, observers, verifiers of receipts) judges their checkpoints by these functions. Pure; any
// thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_DECISION_CHECKPOINT_H_
#define CAUSEWAY_SETTLEMENT_CORE_DECISION_CHECKPOINT_H_

#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/command.h"
#include "settlement/core/outcome.h"

namespace causeway::core {

// So that all cosignatures and the log's signature fit one note.
inline constexpr std::size_t kPolicyWitnessesMax = 32;

// Whether n witnesses, of which k are needed and f may be faulty (Byzantine, or having lost their
// state), are safe and live:
//   safe  2k - n > f   any two sets of k share a witness that is not faulty, which signs only one
//                      of two histories
//   live  k <= n - f   those that are not faulty are enough
// Both together need n >= 3f + 1. Without witnesses k and f are 0: then the operator of the
// decision log is trusted not to show two logs. InvalidArgument names the field and the numbers; so
// it does for a witness whose name can name no key or stands twice, and for a key that is not
// Ed25519, stands twice, or is the log's or a ledger's (each signs for one purpose).
absl::Status CheckWitnesses(const SettlementPolicy& policy);

// The checkpoint in `note`, when it counts under `policy`; else the refusal (kBadCertificate),
// whose rule is
//   checkpoint               the note does not parse
//   checkpoint.origin        it is of another log
//   checkpoint.signature     the log's key did not sign it, or signed wrongly
//   checkpoint.cosignatures  fewer than witnesses_needed witnesses cosigned it (actual and required
//                            say how many), or a line in the name of a witness and with its key id
//                            does not verify
// A witness counts once, however often it signed. Lines of others are ignored.
std::variant<Checkpoint, Rejection> VerifyDecisionCheckpoint(std::string_view note,
                                                             const SettlementPolicy& policy,
                                                             const SignatureVerifier& verifier);

// Which of the policy's witnesses, by their index, cosigned it validly: rising, each once.
// Unauthenticated as above.
absl::StatusOr<std::vector<std::size_t>> CosignersOf(const SignedCheckpoint& checkpoint,
                                                     const SettlementPolicy& policy,
                                                     const SignatureVerifier& verifier);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_DECISION_CHECKPOINT_H_
