#include "scenarios/live/live_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "settlement/rpc/log.h"

namespace causeway::sim {

absl::StatusOr<std::unique_ptr<LiveSession>> LiveSession::Start(const Plan& plan,
                                                                const std::string& bin_dir,
                                                                const std::string& work_dir) {
  if (plan.bridge && UsesVenues(*plan.bridge)) {
    return absl::InvalidArgumentError(
        "venues, and tiers, limits, largest amounts and validity of posted rates, are for virtual "
        "time: this file runs without --live only");
  }
  if (std::any_of(plan.ledgers.begin(), plan.ledgers.end(), [](const PlannedLedger& ledger) {
        return !ledger.account_terms.empty() || ledger.credit_price_ppm_per_day > 0;
      })) {
    return absl::InvalidArgumentError(
        "terms of accounts and a price of credit are for virtual time: this file runs without "
        "--live only");
  }
  if (!plan.behaviours.empty()) {
    return absl::InvalidArgumentError(
        "behaviours are for virtual time: this file runs without --live only");
  }
  if (std::any_of(plan.actions.begin(), plan.actions.end(),
                  [](const PlannedAction& action) { return IsIntervention(action.what); })) {
    return absl::InvalidArgumentError(
        "orders of courts, and changes of policies, keys and accounts, are for virtual time: this "
        "file runs without --live only");
  }
  if (!plan.faults.empty() || plan.modelled_signatures) {
    return absl::InvalidArgumentError(
        "faults and modelled_signatures are for virtual time: this file runs without --live only");
  }
  if (!plan.payments_from.empty()) {
    return absl::InvalidArgumentError(
        "payments_from is for virtual time: this file runs without --live only");
  }
  for (const PlannedLedger& ledger : plan.ledgers) {
    if (ledger.genesis.created <= rpc::Now()) continue;
    return absl::FailedPreconditionError(
        fmt::format("{} begins at {}, which is yet to come: a live run needs a calendar that "
                    "begins in the past",
                    ledger.origin.text(), ledger.genesis.created.ToString()));
  }
  auto session = std::unique_ptr<LiveSession>(new LiveSession(plan));
  absl::StatusOr<std::unique_ptr<KeyRing>> keys = KeyRing::Create(plan);
  if (!keys.ok()) return keys.status();
  session->keys_ = *std::move(keys);
  absl::StatusOr<CorridorFiles> files = WriteCorridorFiles(plan, work_dir);
  if (!files.ok()) return files.status();
  absl::StatusOr<std::unique_ptr<Corridor>> corridor =
      Corridor::Start(plan, *std::move(files), bin_dir);
  if (!corridor.ok()) return corridor.status();
  session->corridor_ = *std::move(corridor);
  session->clients_ = std::make_unique<CorridorClients>(plan, *session->corridor_);
  session->sender_ = std::make_unique<RequestSender>(
      plan, *session->clients_,
      [corridor = session->corridor_.get()] { return corridor->CheckRunning(); });
  return session;
}

absl::StatusOr<ActionResult> LiveSession::Perform(const PlannedAction& action) {
  ActionScript script(plan_, *keys_, action);
  while (const std::optional<Request> request = script.Next(rpc::Now())) {
    const absl::StatusOr<Reply> reply = sender_->Send(*request);
    if (!reply.ok()) {
      return absl::Status(reply.status().code(),
                          fmt::format("{} ({}): {}", action.id, KindName(action.what),
                                      std::string(reply.status().message())));
    }
    script.OnReply(*reply, rpc::Now());
  }
  return script.result();
}

absl::Status LiveSession::Stop() {
  // A server that stops waits a while for its clients to hang up.
  sender_.reset();
  clients_.reset();
  return corridor_->Stop();
}

}  // namespace causeway::sim
