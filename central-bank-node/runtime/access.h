// Who may send and see what. The technical sender (certificate), the instructing party (signature)
// and the account's owner are three things: signatures and ownership are the ledger's business, the
// sender is judged here. docs/protocols/ledger-api.md has the rules as a table.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_ACCESS_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_ACCESS_H_

#include <optional>
#include <string>

#include "settlement/core/entry.h"
#include "settlement/core/ids.h"
#include "settlement/core/ledger.h"
#include "settlement/core/outcome.h"
#include "settlement/rpc/peer.h"

namespace causeway::node {

enum class Standing {
  // An insecure caller on this machine that named no participant.
  kLocalOperator,
  kCentralBank,
  kObserver,
  kBridge,
  // Any other participant of the ledger.
  kParticipant,
  // A valid certificate, but not registered here (yet).
  kStranger,
};

struct Caller {
  Standing standing = Standing::kStranger;
  core::ParticipantId id;  // empty for kLocalOperator

  // Every account, instruction and entry, and every envelope.
  bool SeesEverything() const {
    return standing == Standing::kLocalOperator || standing == Standing::kCentralBank ||
           standing == Standing::kObserver;
  }
  // Backups and the like (causeway.v1.Operations).
  bool Operates() const {
    return standing == Standing::kLocalOperator || standing == Standing::kCentralBank;
  }
  // Every settlement, and the stream of whole batches.
  bool SeesSettlements() const { return SeesEverything() || standing == Standing::kBridge; }
};

Caller CallerOf(const core::Ledger& ledger, const rpc::Peer& peer);

// kSenderNotEntitled unless the caller may send the item:
//   a command       its instructing party, or the central bank
//   a prepare       a bridge, a payer of one of its legs, or the central bank
//   a completion    everybody: the certificate proves itself
std::optional<core::Rejection> CheckMaySend(const Caller& caller, const core::AdmittedItem& item);

// Whether an entry, account or leg is the caller's to see.
bool MaySee(const core::Ledger& ledger, const Caller& caller, const core::Entry& entry);
bool MaySee(const core::Ledger& ledger, const Caller& caller, const core::AccountState& account);
bool MaySee(const core::Ledger& ledger, const Caller& caller, const core::Leg& leg);

core::Rejection Refusal(core::Outcome outcome, std::string message);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_ACCESS_H_
