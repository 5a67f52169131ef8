#include "scenarios/live/result_collector.h"

#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "settlement/client/errors.h"
#include "settlement/client/retry.h"
#include "settlement/core/batch.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/decision_batch.h"

namespace causeway::sim {
namespace {

using std::chrono::milliseconds;

// Calls that change nothing are repeated like any other.
template <typename Value>
absl::StatusOr<Value> Ask(const std::function<absl::StatusOr<Value>(client::CallOptions)>& call) {
  absl::StatusOr<Value> answer = absl::UnknownError("not asked");
  client::RetryUntilKnown({}, [&](milliseconds deadline) {
    answer = call({deadline});
    return answer.status();
  }).IgnoreError();
  return answer;
}

absl::StatusOr<core::Checkpoint> ReadCheckpoint(const absl::StatusOr<std::string>& note) {
  if (!note.ok()) return note.status();
  const absl::StatusOr<core::SignedCheckpoint> read = core::ParseCheckpoint(*note);
  if (!read.ok()) return read.status();
  return read->checkpoint;
}

// Log size after a batch.
absl::StatusOr<std::uint64_t> SizeAfter(const absl::StatusOr<std::string>& checkpoint) {
  const absl::StatusOr<core::Checkpoint> read = ReadCheckpoint(checkpoint);
  if (!read.ok()) return read.status();
  return read->size;
}
absl::StatusOr<std::uint64_t> SizeAfterBatch(const std::string& bytes) {
  const absl::StatusOr<core::Batch> batch = core::DecodeBatch(bytes);
  if (!batch.ok()) return batch.status();
  return SizeAfter(batch->checkpoint);
}
absl::StatusOr<std::uint64_t> SizeAfterDecisions(const std::string& bytes) {
  const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(bytes);
  if (!batch.ok()) return batch.status();
  return SizeAfter(batch->checkpoint);
}

// Takes batches of a log until it has `size` leaves. One subscription after the other, because one
// may break.
class BatchTaker {
 public:
  using SizeOf = absl::StatusOr<std::uint64_t> (*)(const std::string& bytes);

  BatchTaker(std::uint64_t size, SizeOf size_of) : size_(size), size_of_(size_of) {}

  // Whether to go on.
  bool Take(std::string bytes) {
    const absl::StatusOr<std::uint64_t> size = size_of_(bytes);
    if (!size.ok() || *size > size_) {
      broken_ = !size.ok()
                    ? size.status()
                    : absl::DataLossError(fmt::format(
                          "a batch ends at leaf {}, beyond the checkpoint at {}", *size, size_));
      return false;
    }
    taken_ = *size;
    batches_.push_back(std::move(bytes));
    return taken_ < size_;
  }

  template <typename Subscribe>
  absl::StatusOr<std::vector<std::string>> TakeAll(const Subscribe& subscribe) {
    if (size_ == 0) return batches_;
    const absl::Status status = client::RetryUntilKnown({}, [&](milliseconds) -> absl::Status {
      auto subscription =
          subscribe(taken_, [this](auto event) { return Take(std::move(event.bytes)); });
      if (!subscription.ok()) return subscription.status();
      absl::Status ended = (*subscription)->Wait();
      if (!broken_.ok() || taken_ == size_) return broken_;
      return ended.ok() ? absl::UnavailableError("the stream ended before its time") : ended;
    });
    if (!status.ok()) return status;
    return std::move(batches_);
  }

 private:
  const std::uint64_t size_;
  const SizeOf size_of_;
  std::uint64_t taken_ = 0;  // leaves
  absl::Status broken_;
  std::vector<std::string> batches_;
};

class Collector {
 public:
  Collector(const Plan& plan, CorridorClients& clients) : plan_(plan), clients_(clients) {}

  absl::StatusOr<RunResult> Collect(std::vector<ActionResult> actions) {
    result_.mode = "live";
    result_.actions = std::move(actions);
    absl::Status status = CollectQueued();
    for (std::size_t i = 0; i < plan_.ledgers.size() && status.ok(); ++i) {
      status = CollectLedger(static_cast<LedgerIndex>(i));
    }
    if (status.ok() && plan_.bridge) status = CollectBridge();
    if (status.ok()) status = CheckSettlements();
    if (status.ok()) status = CollectObserver();
    if (!status.ok()) return status;
    return std::move(result_);
  }

 private:
  template <typename... Arguments>
  void NotAllOrNone(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    result_.all_or_none_breaches.push_back(
        fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  template <typename... Arguments>
  void OtherBreach(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    result_.other_breaches.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  // Payments that waited for funds when their actions ended: what became of them since.
  absl::Status CollectQueued() {
    for (ActionResult& action : result_.actions) {
      if (action.status != ActionStatus::kQueued) continue;
      const PlannedAction& planned = plan_.actions[action.action];
      const auto& pay = std::get<PayOneWay>(planned.what);
      const absl::StatusOr<const client::LedgerClient*> ledger = clients_.ByCentralBank(pay.ledger);
      if (!ledger.ok()) return ledger.status();
      const auto view = Ask<client::InstructionView>([&](client::CallOptions call) {
        return (*ledger)->GetInstruction({plan_.participants[pay.from].id, core::ActionKind::kPay,
                                          *core::InstructionId::Parse(planned.id)},
                                         call);
      });
      if (!view.ok()) return view.status();
      FollowQueued(view->status, view->time, view->parts, action);
    }
    return absl::OkStatus();
  }

  absl::Status CollectLedger(LedgerIndex index) {
    const PlannedLedger& planned = plan_.ledgers[index];
    const absl::StatusOr<const client::LedgerClient*> client = clients_.ByCentralBank(index);
    if (!client.ok()) return client.status();
    const client::LedgerClient& ledger = **client;
    const absl::StatusOr<core::Checkpoint> head = ReadCheckpoint(
        Ask<std::string>([&](client::CallOptions call) { return ledger.GetCheckpoint(call); }));
    if (!head.ok()) return head.status();
    LedgerResult out;
    out.ledger = index;
    out.log_root = head->root.ToHex();
    out.log_size = head->size;
    if (absl::Status status = CollectBalances(ledger, out); !status.ok()) return status;
    const auto prepared = Ask<client::PreparedSettlements>([&](client::CallOptions call) {
      return ledger.ListPrepared(core::Duration::Zero(), call);
    });
    if (!prepared.ok()) return prepared.status();
    if (!prepared->settlements.empty()) {
      NotAllOrNone("{} holds {} settlements that have no outcome", planned.origin.text(),
                   prepared->settlements.size());
    }
    absl::StatusOr<std::vector<std::string>> batches =
        BatchTaker(out.log_size, SizeAfterBatch).TakeAll([&](std::uint64_t from, auto take) {
          return ledger.Subscribe(from, take);
        });
    if (!batches.ok()) return batches.status();
    result_.logs.push_back({planned.origin.ToString(), planned.genesis.bytes, *std::move(batches)});
    result_.ledgers.push_back(std::move(out));
    return absl::OkStatus();
  }

  absl::Status CollectBalances(const client::LedgerClient& ledger, LedgerResult& out) {
    const auto account = [&](const core::AccountAddress& address) {
      return Ask<client::AccountView>(
          [&](client::CallOptions call) { return ledger.GetAccount(address, call); });
    };
    const absl::StatusOr<client::AccountView> liability =
        account(plan_.ledgers[out.ledger].genesis.liability_account);
    if (!liability.ok()) return liability.status();
    const std::optional<core::Amount> issued = core::CheckedNegate(liability->available);
    if (!issued) return absl::DataLossError("a liability beyond all amounts");
    out.in_circulation = *issued;
    if (!plan_.ledgers[out.ledger].fees.IsEmpty()) {
      const absl::StatusOr<client::AccountView> fees = account(plan_.ledgers[out.ledger].fees);
      if (!fees.ok()) return fees.status();
      out.fees = fees->available;
    }
    for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
      const core::AccountAddress& address = plan_.participants[p].accounts[out.ledger];
      if (address.IsEmpty()) continue;
      const absl::StatusOr<client::AccountView> view = account(address);
      const std::optional<core::Rejection> refusal = client::RejectionOf(view.status());
      if (refusal && refusal->outcome == core::Outcome::kNotFound) {
        OtherBreach("account {} was not opened", address.text());
        continue;
      }
      if (!view.ok()) return view.status();
      out.accounts.push_back(
          {static_cast<ParticipantIndex>(p), address, view->available, view->held});
    }
    return absl::OkStatus();
  }

  absl::Status CollectBridge() {
    const absl::StatusOr<const client::BridgeClient*> client = clients_.Bridge(plan_.observer);
    if (!client.ok()) return client.status();
    const client::BridgeClient& bridge = **client;
    const absl::StatusOr<core::Checkpoint> head = ReadCheckpoint(
        Ask<std::string>([&](client::CallOptions call) { return bridge.GetCheckpoint(call); }));
    if (!head.ok()) return head.status();
    result_.decisions = head->size;
    result_.decision_log_root = head->root.ToHex();
    const auto open = Ask<client::OpenSettlements>(
        [&](client::CallOptions call) { return bridge.ListOpen(core::Duration::Zero(), call); });
    if (!open.ok()) return open.status();
    if (!open->settlements.empty()) {
      NotAllOrNone("the bridge has {} settlements that are not complete", open->settlements.size());
    }
    absl::StatusOr<std::vector<std::string>> batches =
        BatchTaker(head->size, SizeAfterDecisions).TakeAll([&](std::uint64_t from, auto take) {
          return bridge.Subscribe(from, take);
        });
    if (!batches.ok()) return batches.status();
    result_.logs.push_back(
        {plan_.bridge->decision_log.ToString(), plan_.bridge->policy_bytes, *std::move(batches)});
    return absl::OkStatus();
  }

  // Every settlement has one outcome, on all its ledgers.
  absl::Status CheckSettlements() {
    for (const ActionResult& action : result_.actions) {
      const std::string& id = plan_.actions[action.action].id;
      if (action.status == ActionStatus::kPending) OtherBreach("{} did not end", id);
      if (action.settlement_id.IsZero()) continue;
      const bool settled = action.status == ActionStatus::kSettled;
      for (const ActionLeg& leg : action.legs) {
        const absl::StatusOr<bool> here = SettledOn(leg.ledger, action.settlement_id);
        if (!here.ok()) return here.status();
        if (*here == settled) continue;
        NotAllOrNone("settlement {} {} on {}, against its outcome", id,
                     *here ? "settled" : "did not settle", plan_.ledgers[leg.ledger].origin.text());
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> SettledOn(LedgerIndex index, const core::Hash256& settlement_id) {
    const absl::StatusOr<const client::LedgerClient*> ledger = clients_.ByCentralBank(index);
    if (!ledger.ok()) return ledger.status();
    const auto view = Ask<client::LedgerSettlementView>(
        [&](client::CallOptions call) { return (*ledger)->GetSettlement(settlement_id, call); });
    const std::optional<core::Rejection> refusal = client::RejectionOf(view.status());
    if (refusal && refusal->outcome == core::Outcome::kNotFound) return false;
    if (!view.ok()) return view.status();
    return view->status == core::InstructionStatus::kSettled;
  }

  // Leaves of a log by its operator; nothing for a log that is none of the plan's.
  std::optional<std::uint64_t> SizeOf(const core::LedgerOrigin& origin) const {
    if (const auto index = plan_.FindLedger(origin)) return result_.ledgers[*index].log_size;
    if (plan_.bridge && plan_.bridge->decision_log == origin) return result_.decisions;
    return std::nullopt;
  }

  // Whether the observer can be expected to say more.
  bool IsAtTheEnd(const client::ObserverStatus& status) const {
    if (status.alerts > 0) return true;
    std::size_t complete = 0;
    for (const client::VerifiedLog& log : status.logs) {
      if (log.halted) return true;
      if (log.size == SizeOf(log.origin)) complete += 1;
    }
    return complete == plan_.ledgers.size() + (plan_.bridge ? 1 : 0) &&
           status.settlements_open == 0;
  }

  absl::StatusOr<client::ObserverStatus> AwaitObserver(const client::ObserverClient& observer) {
    const auto end = std::chrono::steady_clock::now() + kObserverWaitMax;
    while (true) {
      absl::StatusOr<client::ObserverStatus> status = Ask<client::ObserverStatus>(
          [&](client::CallOptions call) { return observer.GetStatus(call); });
      if (!status.ok() || IsAtTheEnd(*status)) return status;
      if (std::chrono::steady_clock::now() > end) {
        std::string logs;
        for (const client::VerifiedLog& log : status->logs) {
          logs +=
              fmt::format("; {}: {} of {} leaves{}", log.origin.text(), log.size,
                          SizeOf(log.origin).value_or(0), log.connected ? "" : ", no connection");
        }
        return absl::DeadlineExceededError(fmt::format(
            "the observer has not verified everything after {} ms, {} settlements are open{}",
            kObserverWaitMax.count(), status->settlements_open, logs));
      }
      std::this_thread::sleep_for(kObserverPollInterval);
    }
  }

  absl::Status CollectObserver() {
    const absl::StatusOr<const client::ObserverClient*> client = clients_.Observer();
    if (!client.ok()) return client.status();
    const absl::StatusOr<client::ObserverStatus> status = AwaitObserver(**client);
    if (!status.ok()) return status.status();
    const auto alerts = Ask<std::vector<client::Alert>>(
        [&](client::CallOptions call) { return (*client)->ListAlerts(0, call); });
    if (!alerts.ok()) return alerts.status();
    ObserverResult& out = result_.observer;
    out.ran = true;
    out.settlements_settled = status->settlements_settled;
    out.settlements_aborted = status->settlements_aborted;
    out.settlements_open = status->settlements_open;
    for (const client::Alert& alert : *alerts) {
      out.alerts.push_back(fmt::format("{}: {}", alert.origin, alert.message));
      if (alert.kind == client::AlertKind::kSettlementNotAtomic) ++out.alerts_all_or_none;
    }
    out.verified = out.alerts.empty() && out.settlements_open == 0;
    for (const client::VerifiedLog& log : status->logs) CollectVerifiedLog(log);
    return absl::OkStatus();
  }

  // The state roots of the ledgers are those of the observer's own copies, which it made by
  // executing everything again.
  void CollectVerifiedLog(const client::VerifiedLog& log) {
    ObserverResult& out = result_.observer;
    std::string root = result_.decision_log_root;
    if (const auto index = plan_.FindLedger(log.origin)) {
      LedgerResult& ledger = result_.ledgers[*index];
      root = ledger.log_root;
      if (log.state_root) ledger.state_root = log.state_root->ToHex();
    }
    const bool complete = log.size == SizeOf(log.origin) && !log.halted;
    if (complete && log.root.ToHex() != root) {
      out.alerts.push_back(
          fmt::format("{}: the observer was shown another log", log.origin.text()));
      out.verified = false;
    }
    out.verified = out.verified && complete;
  }

  const Plan& plan_;
  CorridorClients& clients_;
  RunResult result_;
};

}  // namespace

absl::StatusOr<RunResult> CollectResult(const Plan& plan, CorridorClients& clients,
                                        std::vector<ActionResult> actions) {
  return Collector(plan, clients).Collect(std::move(actions));
}

}  // namespace causeway::sim
