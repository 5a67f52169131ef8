#include "observer/runtime/service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "causeway/v1/observer_service.grpc.pb.h"
#include "fmt/format.h"
#include "observer/runtime/render.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/stream.h"
#include "settlement/rpc/views.h"

namespace causeway::observer {
namespace {

namespace v1 = causeway::v1;
using core::Outcome;

constexpr int kWatchThreads = 1;

void ToView(const ObservedSettlement& settlement, v1::ObservedSettlement* out) {
  out->set_settlement_id(std::string(settlement.settlement_id.view()));
  if (settlement.verdict != core::Verdict::kNone) {
    out->set_verdict(std::string(core::VerdictName(settlement.verdict)));
  }
  for (const ObservedLeg& leg : settlement.ledgers) {
    v1::ObservedLeg* view = out->add_ledgers();
    view->set_ledger(leg.ledger.ToString());
    view->set_status(rpc::ToProto(leg.status));
    view->set_entry_index(leg.entry_index);
  }
  out->set_complete(settlement.complete);
}

}  // namespace

class ObserverService::Impl final : public v1::Observer::CallbackService {
 public:
  explicit Impl(Options options) : options_(std::move(options)), hub_(kWatchThreads) {}

  rpc::StreamHub& hub() { return hub_; }

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  static Reactor* Finish(Context* context, const grpc::Status& status) {
    Reactor* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  // OK when the caller may ask for more than the status.
  grpc::Status CheckReader(grpc::ServerContextBase& context) const {
    const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(context);
    if (!peer.ok()) return rpc::ToGrpc(peer.status());
    if (peer->IsLocalOperator()) return grpc::Status::OK;
    const auto& readers = options_.readers;
    if (std::find(readers.begin(), readers.end(), *peer->participant) != readers.end()) {
      return grpc::Status::OK;
    }
    return rpc::Refuse(Outcome::kSenderNotEntitled,
                       fmt::format("certificate: is of {}; must be of a participant that the "
                                   "observer's configuration names in `readers`",
                                   peer->participant->text()),
                       context);
  }

  // A call of a reader that reads the engine and answers at once.
  Reactor* Answer(Context* context, const std::function<grpc::Status(const AuditEngine&)>& answer) {
    grpc::Status status = CheckReader(*context);
    if (status.ok()) {
      options_.read([&](const AuditEngine& engine) { status = answer(engine); });
    }
    return Finish(context, status);
  }

  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* /*request*/,
                     v1::ObserverStatus* response) override {
    const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context);
    if (!peer.ok()) return Finish(context, rpc::ToGrpc(peer.status()));
    options_.read([&](const AuditEngine& engine) { FillStatus(engine, response); });
    for (v1::WatchedWitness& witness : options_.witnesses()) {
      *response->add_witnesses() = std::move(witness);
    }
    return Finish(context, grpc::Status::OK);
  }

  void FillStatus(const AuditEngine& engine, v1::ObserverStatus* response) const {
    const CorridorStatus status = engine.corridor().Status();
    for (const LogStatus& log : status.logs) {
      v1::VerifiedLog* view = response->add_logs();
      view->set_origin(log.origin);
      view->set_size(log.size);
      view->set_root(std::string(log.root.view()));
      view->set_checkpoint(log.checkpoint);
      view->set_connected(options_.is_connected(log.origin));
      if (log.state_root.has_value()) view->set_state_root(std::string(log.state_root->view()));
      view->set_halted(log.halted);
    }
    for (const LedgerSupply& supply : status.supplies) {
      if (supply.supply.currency.IsEmpty()) continue;  // its genesis has not come yet
      v1::CurrencySupply* view = response->add_supplies();
      view->set_currency(supply.supply.currency.ToString());
      view->set_ledger(supply.ledger.ToString());
      view->set_issued(supply.supply.issued.minor());
      view->set_in_circulation(supply.supply.in_circulation.minor());
    }
    response->set_settlements_settled(status.settlements.settled);
    response->set_settlements_aborted(status.settlements.aborted);
    response->set_settlements_open(status.settlements.open);
    response->set_alerts(engine.alerts().size());
    response->set_overrides(status.overrides_count);
    response->set_repeated_references(status.repeated_references_count);
  }

  Reactor* GetSettlement(Context* context, const v1::GetObservedSettlementRequest* request,
                         v1::ObservedSettlement* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      const absl::StatusOr<core::Hash256> id =
          codec::HashFrom(request->settlement_id(), "settlement_id");
      if (!id.ok()) {
        return rpc::Refuse(Outcome::kMalformed, std::string(id.status().message()), *context);
      }
      const std::optional<ObservedSettlement> settlement =
          engine.corridor().settlements().Find(*id);
      if (!settlement.has_value()) {
        return rpc::Refuse(Outcome::kNotFound,
                           fmt::format("settlement_id: {} is on no log in view", id->ToHex()),
                           *context);
      }
      ToView(*settlement, response);
      return grpc::Status::OK;
    });
  }

  Reactor* ListSettlements(Context* context, const v1::ListSettlementsRequest* request,
                           v1::ListSettlementsResponse* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      if (request->page_size() > kSettlementsPageMax) {
        return rpc::Refuse(Outcome::kMalformed,
                           fmt::format("page_size: is {}; must be at most {}", request->page_size(),
                                       kSettlementsPageMax),
                           *context);
      }
      const std::size_t count =
          request->page_size() == 0 ? kSettlementsPageDefault : request->page_size();
      for (const ObservedSettlement& settlement :
           engine.corridor().settlements().List(request->offset(), count, request->open_only())) {
        ToView(settlement, response->add_settlements());
      }
      return grpc::Status::OK;
    });
  }

  // The observer's copy of a ledger, or null with the refusal in `status`.
  static const core::Ledger* FindCopy(const AuditEngine& engine, const std::string& name,
                                      Context& context, grpc::Status* status) {
    const absl::StatusOr<core::LedgerOrigin> origin = core::LedgerOrigin::Parse(name);
    if (!origin.ok()) {
      *status =
          rpc::Refuse(Outcome::kMalformed,
                      fmt::format("ledger: {}", std::string(origin.status().message())), context);
      return nullptr;
    }
    const LedgerVerifier* ledger = engine.corridor().FindLedger(*origin);
    if (ledger != nullptr && ledger->ledger() != nullptr) return ledger->ledger();
    *status = rpc::Refuse(
        Outcome::kNotFound,
        fmt::format("ledger: '{}' is not followed, or nothing of it has come yet", name), context);
    return nullptr;
  }

  Reactor* GetAccount(Context* context, const v1::GetObservedAccountRequest* request,
                      v1::Account* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      grpc::Status status;
      const core::Ledger* ledger = FindCopy(engine, request->ledger(), *context, &status);
      if (ledger == nullptr) return status;
      const absl::StatusOr<core::AccountAddress> address =
          core::AccountAddress::Parse(request->address());
      if (!address.ok()) {
        return rpc::Refuse(Outcome::kMalformed,
                           fmt::format("address: {}", std::string(address.status().message())),
                           *context);
      }
      const core::AccountState* account = ledger->FindAccount(*address);
      if (account == nullptr) {
        return rpc::Refuse(
            Outcome::kNotFound,
            fmt::format("address: {} is not on ledger '{}'", request->address(), request->ledger()),
            *context);
      }
      rpc::ToView(*ledger, *account, response);
      return grpc::Status::OK;
    });
  }

  Reactor* ListAccounts(Context* context, const v1::ListObservedAccountsRequest* request,
                        v1::ListAccountsResponse* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      grpc::Status status;
      const core::Ledger* ledger = FindCopy(engine, request->ledger(), *context, &status);
      if (ledger == nullptr) return status;
      for (const core::AccountState& account : ledger->accounts()) {
        rpc::ToView(*ledger, account, response->add_accounts());
      }
      return grpc::Status::OK;
    });
  }

  Reactor* ListBatches(Context* context, const v1::ListBatchesRequest* request,
                       v1::ListBatchesResponse* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      absl::StatusOr<std::vector<std::string>> batches =
          engine.ReadBatches(request->log(), request->from_number(), kBatchBytesPerAnswer);
      if (absl::IsNotFound(batches.status())) {
        return rpc::Refuse(Outcome::kNotFound,
                           fmt::format("log: {}", std::string(batches.status().message())),
                           *context);
      }
      if (!batches.ok()) return rpc::ToGrpc(batches.status());
      const std::uint64_t next = request->from_number() + batches->size();
      if (next < engine.BatchCountOf(request->log())) response->set_next_number(next);
      for (std::string& batch : *batches) response->add_batches(std::move(batch));
      return grpc::Status::OK;
    });
  }

  Reactor* ListOverrides(Context* context, const v1::ListOverridesRequest* /*request*/,
                         v1::ListOverridesResponse* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      for (const LedgerOverride& seen : engine.corridor().Overrides()) {
        *response->add_overrides() = ViewOf(seen);
      }
      return grpc::Status::OK;
    });
  }

  Reactor* ListRepeatedReferences(Context* context,
                                  const v1::ListRepeatedReferencesRequest* /*request*/,
                                  v1::ListRepeatedReferencesResponse* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      for (const LedgerRepeatedReference& seen : engine.corridor().RepeatedReferences()) {
        *response->add_references() = ViewOf(seen);
      }
      const CorridorStatus status = engine.corridor().Status(/*with_state_roots=*/false);
      response->set_count(status.repeated_references_count);
      response->set_forgotten(status.references_forgotten);
      return grpc::Status::OK;
    });
  }

  Reactor* ListAlerts(Context* context, const v1::ListAlertsRequest* request,
                      v1::ListAlertsResponse* response) override {
    return Answer(context, [&](const AuditEngine& engine) {
      std::size_t bytes = 0;
      for (const v1::Alert& alert : engine.alerts()) {
        if (alert.number() < request->from_number()) continue;
        if (bytes >= kAlertBytesPerAnswer) break;
        bytes += alert.ByteSizeLong();
        *response->add_alerts() = alert;
      }
      return grpc::Status::OK;
    });
  }

  // Alerts one after the other, from a number on.
  class AlertSource final : public rpc::StreamSource<v1::Alert> {
   public:
    AlertSource(const Options* options, std::uint64_t next, grpc::Status refusal)
        : options_(options), next_(next), refusal_(std::move(refusal)) {}

    rpc::Pull Next(v1::Alert* message, grpc::Status* status) override {
      if (!refusal_.ok()) {
        *status = refusal_;
        return rpc::Pull::kEnd;
      }
      rpc::Pull pull = rpc::Pull::kNothing;
      options_->read([&](const AuditEngine& engine) {
        if (next_ > engine.alerts().size()) return;
        *message = engine.alerts()[next_ - 1];
        ++next_;
        pull = rpc::Pull::kMessage;
      });
      return pull;
    }

   private:
    const Options* const options_;
    std::uint64_t next_;
    const grpc::Status refusal_;
  };

  grpc::ServerWriteReactor<v1::Alert>* WatchAlerts(Context* context,
                                                   const v1::ListAlertsRequest* request) override {
    std::uint64_t next = request->from_number();
    if (next == 0) {
      options_.read([&](const AuditEngine& engine) { next = engine.alerts().size() + 1; });
    }
    return hub_.Open<v1::Alert>(
        std::make_unique<AlertSource>(&options_, next, CheckReader(*context)));
  }

  const Options options_;
  rpc::StreamHub hub_;
};

ObserverService::ObserverService(Options options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

ObserverService::~ObserverService() = default;

grpc::Service* ObserverService::service() { return impl_.get(); }

void ObserverService::OnAlert() { impl_->hub().Wake(); }

void ObserverService::EndStreams() {
  impl_->hub().EndAll(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the observer stops"));
}

}  // namespace causeway::observer
