#include "settlement/client/queue_client.h"

#include <iterator>
#include <utility>

#include "causeway/v1/queue_service.grpc.pb.h"
#include "settlement/client/call.h"
#include "settlement/client/from_proto.h"
#include "settlement/codec/codec.h"

namespace causeway::client {
namespace {

using QueueStub = v1::SettlementQueue::Stub;

constexpr std::string_view kTradeStateNames[] = {
    "none", "awaiting-counterparty", "waiting", "being-settled", "settled", "returned"};
constexpr std::string_view kWaitReasonNames[] = {"next-run", "being-settled", "funds", "order",
                                                 "passed-over"};

core::Hash256 ReadHashAt(Fields& fields, const Path& path, const std::string& raw) {
  return fields.Hash(path, raw);
}

core::ParticipantId ReadParticipant(Fields& fields, const Path& path, const std::string& text) {
  return fields.Parse<core::ParticipantId>(path, text);
}

QueuedTradeView ReadTrade(Fields& fields, const Path& path, const v1::QueuedTradeView& view) {
  QueuedTradeView value;
  value.id = fields.Hash({&path, "trade_id"}, view.trade_id());
  value.bytes = view.trade();
  absl::StatusOr<core::QueuedTrade> trade = core::DecodeQueuedTrade(view.trade());
  if (!trade.ok()) {
    fields.Fail({&path, "trade"}, std::string(trade.status().message()));
  } else if (core::QueuedTradeIdOf(view.trade()) != value.id) {
    fields.Fail({&path, "trade_id"}, "is not that of the trade");
  } else {
    value.trade = *std::move(trade);
  }
  value.state = fields.Closed({&path, "state"}, view.state(), QueuedTradeState::kReturned);
  value.reason = EnumOrNone(fields, {&path, "reason"}, view.reason(), QueueWaitReason::kPassedOver);
  value.entered =
      ReadList<core::ParticipantId>(fields, path, "entered", view.entered(), ReadParticipant);
  value.withdrawn =
      ReadList<core::ParticipantId>(fields, path, "withdrawn", view.withdrawn(), ReadParticipant);
  value.first_entered = core::LedgerTime::FromMicros(view.first_entered_us());
  value.waits_since = core::LedgerTime::FromMicros(view.waits_since_us());
  value.ended = core::LedgerTime::FromMicros(view.ended_us());
  value.rejection = ReadRejection(view.has_rejection(), view.rejection());
  if (!view.settlement_id().empty()) {
    value.settlement_id = fields.Hash({&path, "settlement_id"}, view.settlement_id());
  }
  value.together = view.together();
  return value;
}

FundsRequest ReadFunds(Fields& fields, const Path& path, const v1::FundsRequest& request) {
  return {request.run(), fields.Parse<core::LedgerOrigin>({&path, "ledger"}, request.ledger()),
          fields.Parse<core::AccountAddress>({&path, "account"}, request.account())};
}

SignatureRequest ReadSignature(Fields&, const Path&, const v1::SignatureRequest& request) {
  SignatureRequest value;
  value.attempt = request.attempt();
  value.terms = request.terms();
  value.legs.assign(request.legs().begin(), request.legs().end());
  value.trades.assign(request.trades().begin(), request.trades().end());
  value.until = core::LedgerTime::FromMicros(request.until_us());
  return value;
}

QueueInfo ReadQueue(Fields& fields, const Path& path, const v1::QueueInfo& info) {
  QueueInfo value;
  value.queue = fields.Parse<core::LedgerOrigin>({&path, "queue"}, info.queue());
  value.interval = core::Duration::FromMicros(info.interval_us());
  value.selection = info.selection();
  value.bypass = info.bypass();
  value.answer_max = core::Duration::FromMicros(info.answer_us_max());
  const Path place{&path, "members"};
  for (const v1::QueueMember& member : info.members()) {
    QueueAccounts& accounts = value.members[fields.Parse<core::ParticipantId>(
        {&place, "participant"}, member.participant())];
    for (const v1::QueueAccount& account : member.accounts()) {
      const auto ledger = fields.Parse<core::LedgerOrigin>({&place, "ledger"}, account.ledger());
      accounts[ledger] = fields.Parse<core::AccountAddress>({&place, "account"}, account.account());
    }
  }
  value.entered = info.entered();
  value.settled_alone = info.settled_alone();
  value.settled_together = info.settled_together();
  value.sets_settled = info.sets_settled();
  value.attempts_refused = info.attempts_refused();
  value.returned = info.returned();
  value.runs = info.runs();
  value.unmatched = info.unmatched();
  value.waiting = info.waiting();
  return value;
}

QueueSetView ReadSet(Fields& fields, const Path& path, const v1::QueueSetView& set) {
  QueueSetView value;
  value.attempt = set.attempt();
  value.settlement_id = fields.Hash({&path, "settlement_id"}, set.settlement_id());
  value.size = set.size();
  value.trades = ReadList<core::Hash256>(fields, path, "trade_ids", set.trade_ids(), ReadHashAt);
  if (set.has_outcome()) {
    // The one place where the message may say that all is well.
    const bool settled = set.outcome().outcome() == v1::OUTCOME_ACCEPTED;
    value.outcome = ReadRejection(!settled, set.outcome());
  }
  return value;
}

QueueRunView ReadRun(Fields& fields, const Path& path, const v1::QueueRunView& run) {
  QueueRunView value;
  value.run = run.run();
  value.began = core::LedgerTime::FromMicros(run.began_us());
  value.waiting = run.waiting();
  value.accounts_asked = run.accounts_asked();
  value.accounts_told = run.accounts_told();
  value.sets = ReadList<QueueSetView>(fields, path, "sets", run.sets(), ReadSet);
  value.settled_without_payment = ReadList<core::Hash256>(
      fields, path, "settled_without_payment", run.settled_without_payment(), ReadHashAt);
  return value;
}

absl::StatusOr<QueuedTradeView> ReadTradeAnswer(
    const absl::StatusOr<v1::QueuedTradeView>& response) {
  if (!response.ok()) return response.status();
  return ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
    return ReadTrade(fields, path, *response);
  });
}

}  // namespace

std::string_view QueuedTradeStateName(QueuedTradeState state) {
  const auto number = static_cast<std::size_t>(state);
  return number < std::size(kTradeStateNames) ? kTradeStateNames[number] : "unknown";
}

std::string_view QueueWaitReasonName(QueueWaitReason reason) {
  const auto number = static_cast<std::size_t>(reason);
  return number < std::size(kWaitReasonNames) ? kWaitReasonNames[number] : "unknown";
}

absl::StatusOr<core::Envelope> SignTrade(const core::QueuedTrade& trade,
                                         std::span<const core::Signer* const> signers) {
  const std::string payload = core::EncodeQueuedTrade(trade);
  // What the bridge would refuse as malformed is not signed.
  if (const auto read = core::DecodeQueuedTrade(payload); !read.ok()) return read.status();
  return core::SignEnvelope(core::kQueuedTradePayloadType, payload, signers);
}

absl::StatusOr<core::Envelope> SignTradeWithdrawal(const core::TradeWithdrawal& withdrawal,
                                                   std::span<const core::Signer* const> signers) {
  return core::SignEnvelope(core::kTradeWithdrawalPayloadType,
                            core::EncodeTradeWithdrawal(withdrawal), signers);
}

struct QueueClient::Impl : ServiceConnection<v1::SettlementQueue> {};

QueueClient::QueueClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QueueClient::~QueueClient() = default;
QueueClient::QueueClient(QueueClient&&) noexcept = default;
QueueClient& QueueClient::operator=(QueueClient&&) noexcept = default;

absl::StatusOr<QueueClient> QueueClient::Connect(const ConnectionOptions& options) {
  absl::StatusOr<std::unique_ptr<Impl>> impl = OpenService<Impl>(options);
  if (!impl.ok()) return impl.status();
  return QueueClient(*std::move(impl));
}

absl::StatusOr<QueuedTradeView> QueueClient::EnterTrade(const core::Envelope& trade,
                                                        CallOptions call) const {
  v1::EnterTradeRequest request;
  codec::ToProto(trade, request.mutable_trade());
  return ReadTradeAnswer(impl_->Call(&QueueStub::EnterTrade, request, call));
}

absl::StatusOr<QueuedTradeView> QueueClient::WithdrawTrade(const core::Envelope& withdrawal,
                                                           CallOptions call) const {
  v1::WithdrawTradeRequest request;
  codec::ToProto(withdrawal, request.mutable_withdrawal());
  return ReadTradeAnswer(impl_->Call(&QueueStub::WithdrawTrade, request, call));
}

absl::StatusOr<QueuedTradeView> QueueClient::GetTrade(const core::Hash256& id,
                                                      CallOptions call) const {
  v1::GetTradeRequest request;
  request.set_trade_id(std::string(id.view()));
  return ReadTradeAnswer(impl_->Call(&QueueStub::GetTrade, request, call));
}

absl::StatusOr<QueuedTrades> QueueClient::ListTrades(bool ended, CallOptions call) const {
  v1::ListTradesRequest request;
  request.set_ended(ended);
  const auto response = impl_->Call(&QueueStub::ListTrades, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
    return QueuedTrades{
        core::LedgerTime::FromMicros(response->now_us()),
        ReadList<QueuedTradeView>(fields, path, "trades", response->trades(), ReadTrade)};
  });
}

absl::StatusOr<QueueInfo> QueueClient::GetQueue(CallOptions call) const {
  const auto response = impl_->Call(&QueueStub::GetQueue, v1::GetQueueRequest(), call);
  if (!response.ok()) return response.status();
  return ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
    return ReadQueue(fields, path, *response);
  });
}

absl::StatusOr<std::vector<QueueRunView>> QueueClient::ListRuns(CallOptions call) const {
  const auto response = impl_->Call(&QueueStub::ListRuns, v1::ListRunsRequest(), call);
  if (!response.ok()) return response.status();
  return ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
    return ReadList<QueueRunView>(fields, path, "runs", response->runs(), ReadRun);
  });
}

absl::StatusOr<MemberRequests> QueueClient::GetRequests(CallOptions call) const {
  const auto response = impl_->Call(&QueueStub::GetRequests, v1::GetRequestsRequest(), call);
  if (!response.ok()) return response.status();
  return ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
    return MemberRequests{
        ReadList<FundsRequest>(fields, path, "funds", response->funds(), ReadFunds),
        ReadList<SignatureRequest>(fields, path, "signatures", response->signatures(),
                                   ReadSignature)};
  });
}

absl::Status QueueClient::TellFunds(std::uint64_t run, const core::LedgerOrigin& ledger,
                                    core::Amount funds, CallOptions call) const {
  v1::TellFundsRequest request;
  request.set_run(run);
  request.set_ledger(ledger.ToString());
  request.set_minor_units(funds.minor());
  return impl_->Call(&QueueStub::TellFunds, request, call).status();
}

absl::Status QueueClient::SignAttempt(std::uint32_t attempt, const core::Envelope& terms,
                                      CallOptions call) const {
  v1::SignAttemptRequest request;
  request.set_attempt(attempt);
  codec::ToProto(terms, request.mutable_terms());
  return impl_->Call(&QueueStub::SignAttempt, request, call).status();
}

}  // namespace causeway::client
