// Sends the requests of action scripts (scenarios/spec/actor.h) to a live corridor, through the
// client library and each under the certificate of its sender, and reads the replies. What got no
// answer is sent again as it is until its outcome is known.
#ifndef CAUSEWAY_SCENARIOS_LIVE_REQUEST_SENDER_H_
#define CAUSEWAY_SCENARIOS_LIVE_REQUEST_SENDER_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/live/corridor.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"
#include "settlement/client/bridge_client.h"
#include "settlement/client/ledger_client.h"
#include "settlement/client/observer_client.h"
#include "settlement/client/retry.h"

namespace causeway::sim {

// For one request with all its repeats, on top of the settlement deadline where it starts one.
inline constexpr std::chrono::milliseconds kRequestWaitMax{60'000};
// Between two looks at whether the processes still run.
inline constexpr std::chrono::milliseconds kRequestSlice{5'000};

// Connections of everybody to everybody, made when first asked for. Not synchronised; the clients
// themselves may be used from any thread. The corridor and the plan must outlive it.
class CorridorClients {
 public:
  CorridorClients(const Plan& plan, const Corridor& corridor) : plan_(plan), corridor_(corridor) {}

  // Pointers stay valid as long as this object.
  absl::StatusOr<const client::LedgerClient*> ByCentralBank(LedgerIndex ledger);
  absl::StatusOr<const client::LedgerClient*> ByParticipant(LedgerIndex ledger,
                                                            ParticipantIndex participant);
  // As any participant; the plan must have a bridge.
  absl::StatusOr<const client::BridgeClient*> Bridge(ParticipantIndex participant);
  // As the observer itself, which reads everything.
  absl::StatusOr<const client::ObserverClient*> Observer();

 private:
  const Plan& plan_;
  const Corridor& corridor_;
  std::map<LedgerIndex, client::LedgerClient> central_banks_;
  std::map<std::pair<LedgerIndex, ParticipantIndex>, client::LedgerClient> ledgers_;
  std::map<ParticipantIndex, client::BridgeClient> bridges_;
  std::unique_ptr<client::ObserverClient> observer_;
};

// Not synchronised.
class RequestSender {
 public:
  // `check_running` says whether it makes sense to go on waiting (Corridor::CheckRunning).
  RequestSender(const Plan& plan, CorridorClients& clients,
                std::function<absl::Status()> check_running);

  // A refusal is a reply. An error means that the outcome stayed unknown, that a process ended, or
  // that a quote is not what was asked for, so that no bank would sign it.
  absl::StatusOr<Reply> Send(const Request& request);

 private:
  absl::StatusOr<Reply> SendItems(const Request& request, const SubmitItems& what);
  absl::StatusOr<Reply> Send(const Request& request, const ReadBalance& what);
  absl::StatusOr<Reply> Send(const Request& request, const AskQuote& what);
  absl::StatusOr<Reply> Send(const Request& request, const SubmitTerms& what);

  // Repeats `attempt`, which itself repeats within the slice that it is given, until its status is
  // not transient, `wait_max` is over or a process has ended.
  absl::Status UntilKnown(std::chrono::milliseconds wait_max,
                          const std::function<absl::Status(const client::RetryOptions&)>& attempt);

  const Plan& plan_;
  CorridorClients& clients_;
  const std::function<absl::Status()> check_running_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_REQUEST_SENDER_H_
