// Questions to a running observer: what `causeway-observer status`, `alerts`, `overrides`,
// `settlements` and `accounts` print. Each returns the exit status; what is wrong goes to standard
// error. With `json` the answer of the service as it is in
// proto/causeway/v1/observer_service.proto, one JSON object.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_QUESTIONS_H_
#define CAUSEWAY_OBSERVER_RUNTIME_QUESTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "settlement/rpc/tls.h"

namespace causeway::observer {

inline constexpr int kExitUnavailable = 69;  // the observer is not reached, or refuses

struct AskOptions {
  std::string address;               // "host:port"
  std::optional<rpc::TlsFiles> tls;  // unset: plain text, on loopback only
  bool json = false;
};

// How far each log is verified, supplies, counts, witnesses. kExitAlerts when there are alerts.
int AskStatus(const AskOptions& options);

// Alerts from a number on, oldest first. kExitAlerts when there are any. With `evidence` every
// piece is written to a file of its own, DIRECTORY/alert-NUMBER/NAME; of a name that an alert has
// more than once, the later ones as NAME-2 and so on. The directory is made; files that are there
// are not overwritten.
int AskAlerts(const AskOptions& options, std::uint64_t from_number,
              const std::optional<std::string>& evidence);

// What central banks ordered against owners and settlements.
int AskOverrides(const AskOptions& options);

// RTGS references that entries name more than once. kExitOk also when there are some: the ledgers
// did as they were told.
int AskReferences(const AskOptions& options);

// One settlement by its id, 64 hexadecimal digits; empty: all of them, or those that are open.
int AskSettlements(const AskOptions& options, const std::string& settlement_id, bool open_only);

// Accounts of a ledger, by the observer's own copy.
int AskAccounts(const AskOptions& options, const std::string& ledger);

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_QUESTIONS_H_
