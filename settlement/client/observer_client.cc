#include "settlement/client/observer_client.h"

#include <utility>

#include "causeway/v1/observer_service.grpc.pb.h"
#include "settlement/client/call.h"
#include "settlement/client/from_proto.h"

namespace causeway::client {
namespace {

using Stub = v1::Observer::Stub;

constexpr std::string_view kAlertNames[] = {"none",
                                            "malformed-batch",
                                            "bad-signature",
                                            "root-mismatch",
                                            "forked-log",
                                            "entry-differs",
                                            "supply-mismatch",
                                            "settlement-not-atomic",
                                            "invalid-decision",
                                            "log-rolled-back"};

VerifiedLog ReadLog(Fields& fields, const Path& path, const v1::VerifiedLog& log) {
  VerifiedLog value;
  value.origin = fields.Parse<core::LedgerOrigin>({&path, "origin"}, log.origin());
  value.size = log.size();
  // Nothing verified yet has no root.
  value.root = fields.OptionalHash({&path, "root"}, log.root());
  value.checkpoint = log.checkpoint();
  value.connected = log.connected();
  if (!log.state_root().empty()) {
    value.state_root = fields.Hash({&path, "state_root"}, log.state_root());
  }
  value.halted = log.halted();
  return value;
}

CurrencySupply ReadSupply(Fields& fields, const Path& path, const v1::CurrencySupply& supply) {
  return {fields.Parse<core::Currency>({&path, "currency"}, supply.currency()),
          fields.Parse<core::LedgerOrigin>({&path, "ledger"}, supply.ledger()),
          core::Amount::FromMinor(supply.issued()),
          core::Amount::FromMinor(supply.in_circulation())};
}

ObserverStatus ReadObserverStatus(Fields& fields, const Path& path,
                                  const v1::ObserverStatus& status) {
  ObserverStatus value;
  value.logs = ReadList<VerifiedLog>(fields, path, "logs", status.logs(), ReadLog);
  value.supplies =
      ReadList<CurrencySupply>(fields, path, "supplies", status.supplies(), ReadSupply);
  value.settlements_settled = status.settlements_settled();
  value.settlements_aborted = status.settlements_aborted();
  value.settlements_open = status.settlements_open();
  value.alerts = status.alerts();
  return value;
}

ObservedLeg ReadLeg(Fields& fields, const Path& path, const v1::ObservedLeg& leg) {
  return {fields.Parse<core::LedgerOrigin>({&path, "ledger"}, leg.ledger()),
          ReadStatus(fields, {&path, "status"}, leg.status()), leg.entry_index()};
}

ObservedSettlement ReadSettlement(Fields& fields, const Path& path,
                                  const v1::ObservedSettlement& settlement) {
  return {fields.Hash({&path, "settlement_id"}, settlement.settlement_id()), settlement.verdict(),
          ReadList<ObservedLeg>(fields, path, "ledgers", settlement.ledgers(), ReadLeg),
          settlement.complete()};
}

Alert ReadAlert(Fields& fields, const Path& path, const v1::Alert& alert) {
  Alert value;
  value.number = alert.number();
  value.kind = EnumOrNone(fields, {&path, "kind"}, alert.kind(), AlertKind::kLogRolledBack);
  value.origin = alert.origin();
  value.message = alert.message();
  for (const v1::Evidence& evidence : alert.evidence()) {
    value.evidence.push_back({evidence.name(), evidence.content()});
  }
  value.raised = core::LedgerTime::FromMicros(alert.raised_us());
  return value;
}

}  // namespace

std::string_view AlertKindName(AlertKind kind) {
  const auto number = static_cast<std::size_t>(kind);
  return number < std::size(kAlertNames) ? kAlertNames[number] : "unknown";
}

struct ObserverClient::Impl : ServiceConnection<v1::Observer> {};

ObserverClient::ObserverClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ObserverClient::~ObserverClient() = default;
ObserverClient::ObserverClient(ObserverClient&&) noexcept = default;
ObserverClient& ObserverClient::operator=(ObserverClient&&) noexcept = default;

absl::StatusOr<ObserverClient> ObserverClient::Connect(const ConnectionOptions& options) {
  absl::StatusOr<std::unique_ptr<Impl>> impl = OpenService<Impl>(options);
  if (!impl.ok()) return impl.status();
  return ObserverClient(*std::move(impl));
}

absl::Status ObserverClient::WaitForConnection(std::chrono::milliseconds deadline) const {
  return impl_->connection.WaitForConnection(deadline);
}

absl::StatusOr<ObserverStatus> ObserverClient::GetStatus(CallOptions call) const {
  const auto response = impl_->Call(&Stub::GetStatus, v1::GetStatusRequest(), call);
  if (!response.ok()) return response.status();
  return ReadAnswer("observer", [&](Fields& fields, const Path& path) {
    return ReadObserverStatus(fields, path, *response);
  });
}

absl::StatusOr<ObservedSettlement> ObserverClient::GetSettlement(const core::Hash256& settlement_id,
                                                                 CallOptions call) const {
  v1::GetObservedSettlementRequest request;
  request.set_settlement_id(std::string(settlement_id.view()));
  const auto response = impl_->Call(&Stub::GetSettlement, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("observer", [&](Fields& fields, const Path& path) {
    return ReadSettlement(fields, path, *response);
  });
}

absl::StatusOr<std::vector<ObservedSettlement>> ObserverClient::ListSettlements(
    std::uint64_t offset, std::uint32_t page_size, bool open_only, CallOptions call) const {
  v1::ListSettlementsRequest request;
  request.set_offset(offset);
  request.set_page_size(page_size);
  request.set_open_only(open_only);
  const auto response = impl_->Call(&Stub::ListSettlements, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("observer", [&](Fields& fields, const Path& path) {
    return ReadList<ObservedSettlement>(fields, path, "settlements", response->settlements(),
                                        ReadSettlement);
  });
}

absl::StatusOr<AccountView> ObserverClient::GetAccount(const core::LedgerOrigin& ledger,
                                                       const core::AccountAddress& address,
                                                       CallOptions call) const {
  v1::GetObservedAccountRequest request;
  request.set_ledger(ledger.ToString());
  request.set_address(address.ToString());
  const auto response = impl_->Call(&Stub::GetAccount, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("observer", [&](Fields& fields, const Path& path) {
    return ReadAccount(fields, path, *response);
  });
}

absl::StatusOr<std::vector<AccountView>> ObserverClient::ListAccounts(
    const core::LedgerOrigin& ledger, CallOptions call) const {
  v1::ListObservedAccountsRequest request;
  request.set_ledger(ledger.ToString());
  const auto response = impl_->Call(&Stub::ListAccounts, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("observer", [&](Fields& fields, const Path& path) {
    return ReadList<AccountView>(fields, path, "accounts", response->accounts(), ReadAccount);
  });
}

absl::StatusOr<std::vector<Alert>> ObserverClient::ListAlerts(std::uint64_t from_number,
                                                              CallOptions call) const {
  v1::ListAlertsRequest request;
  request.set_from_number(from_number);
  const auto response = impl_->Call(&Stub::ListAlerts, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("observer", [&](Fields& fields, const Path& path) {
    return ReadList<Alert>(fields, path, "alerts", response->alerts(), ReadAlert);
  });
}

absl::StatusOr<std::unique_ptr<Subscription>> ObserverClient::WatchAlerts(
    std::uint64_t from_number, std::function<bool(Alert)> on_alert) const {
  v1::ListAlertsRequest request;
  request.set_from_number(from_number);
  return impl_->connection.Stream<v1::Alert>(
      [stub = impl_->stub.get(), request](grpc::ClientContext* context) {
        return stub->WatchAlerts(context, request);
      },
      [on_alert = std::move(on_alert)](const v1::Alert& message) -> absl::StatusOr<bool> {
        absl::StatusOr<Alert> alert = ReadAnswer("observer", [&](Fields& fields, const Path& path) {
          return ReadAlert(fields, path, message);
        });
        if (!alert.ok()) return alert.status();
        return on_alert(*std::move(alert));
      });
}

}  // namespace causeway::client
