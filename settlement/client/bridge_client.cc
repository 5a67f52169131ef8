#include "settlement/client/bridge_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "fmt/format.h"
#include "settlement/client/call.h"
#include "settlement/client/errors.h"
#include "settlement/client/from_proto.h"
#include "settlement/codec/codec.h"

namespace causeway::client {
namespace {

using Stub = v1::Bridge::Stub;

constexpr std::string_view kStateNames[] = {
    "none",    "awaiting-signatures", "preparing",    "committed", "settled", "aborting",
    "aborted", "certifying",          "abort-ordered"};

// In one answer: small enough for any limit of a message.
constexpr std::uint32_t kOpenPageSize = 1'000;

CurrencyPair ReadPair(Fields& fields, const Path& path, const v1::CurrencyPair& pair) {
  return {fields.Parse<core::Currency>({&path, "base"}, pair.base()),
          fields.Parse<core::Currency>({&path, "quote"}, pair.quote())};
}

core::Money ReadMoney(Fields& fields, const Path& path, const v1::Money& money) {
  return {fields.Parse<core::Currency>({&path, "currency"}, money.currency()),
          core::Amount::FromMinor(money.minor_units())};
}

BridgeInfo ReadInfo(Fields& fields, const Path& path, const v1::BridgeInfo& info) {
  BridgeInfo value;
  value.decision_log =
      fields.Parse<core::LedgerOrigin>({&path, "decision_log"}, info.decision_log());
  value.policy_bytes = info.policy();
  absl::StatusOr<core::SettlementPolicy> policy = codec::DecodePolicy(info.policy());
  if (!policy.ok()) {
    fields.Fail({&path, "policy"}, std::string(policy.status().message()));
  } else if (policy->hash.view() != info.policy_hash()) {
    fields.Fail({&path, "policy_hash"}, "is not the SHA-256 of the policy");
  } else {
    value.policy = *std::move(policy);
  }
  value.ledgers = ReadList<core::LedgerOrigin>(
      fields, path, "ledgers", info.ledgers(),
      [](Fields& faults, const Path& place, const std::string& ledger) {
        return faults.Parse<core::LedgerOrigin>(place, ledger);
      });
  value.pairs = ReadList<CurrencyPair>(fields, path, "pairs", info.pairs(), ReadPair);
  for (const v1::BridgeWitness& witness : info.witnesses()) {
    value.witnesses.push_back({witness.name(), witness.reached(), witness.batches(),
                               witness.cosigned(), witness.refusal()});
  }
  return value;
}

Quote ReadQuote(Fields& fields, const Path& path, const v1::Quote& quote) {
  Quote value;
  value.quote_id = quote.quote_id();
  value.provider = fields.Parse<core::ParticipantId>({&path, "provider"}, quote.provider());
  value.pair = ReadPair(fields, {&path, "pair"}, quote.pair());
  value.bid = fields.Parse<core::Rate>({&path, "bid"}, quote.bid());
  value.ask = fields.Parse<core::Rate>({&path, "ask"}, quote.ask());
  value.rate = fields.Parse<core::Rate>({&path, "rate"}, quote.rate());
  value.sell = ReadMoney(fields, {&path, "sell"}, quote.sell());
  value.buy = ReadMoney(fields, {&path, "buy"}, quote.buy());
  value.expires = core::LedgerTime::FromMicros(quote.expires_us());
  value.value_date = quote.value_date();
  value.terms = quote.terms();
  value.legs.assign(quote.legs().begin(), quote.legs().end());
  value.settlement_id = fields.Hash({&path, "settlement_id"}, quote.settlement_id());
  return value;
}

LedgerProgress ReadProgress(Fields& fields, const Path& path, const v1::LedgerProgress& progress) {
  LedgerProgress value;
  value.ledger = fields.Parse<core::LedgerOrigin>({&path, "ledger"}, progress.ledger());
  value.prepared = progress.prepared();
  value.complete = progress.complete();
  value.attempts = progress.attempts();
  if (progress.has_failure()) value.failure = ReadRejection(true, progress.failure());
  value.failed = core::LedgerTime::FromMicros(progress.failed_us());
  return value;
}

SettlementView ReadView(Fields& fields, const Path& path, const v1::SettlementView& view) {
  SettlementView value;
  value.settlement_id = fields.Hash({&path, "settlement_id"}, view.settlement_id());
  value.state = fields.Closed({&path, "state"}, view.state(), SettlementState::kAbortOrdered);
  value.rejection = ReadRejection(view.has_rejection(), view.rejection());
  value.deadline = core::LedgerTime::FromMicros(view.deadline_us());
  value.submitted = core::LedgerTime::FromMicros(view.submitted_us());
  value.decided = core::LedgerTime::FromMicros(view.decided_us());
  value.ledgers = ReadList<LedgerProgress>(fields, path, "ledgers", view.ledgers(), ReadProgress);
  if (view.has_certificate()) {
    absl::StatusOr<core::Certificate> certificate = codec::FromProto(view.certificate());
    if (certificate.ok()) {
      value.certificate = *std::move(certificate);
    } else {
      fields.Fail({&path, "certificate"}, std::string(certificate.status().message()));
    }
  }
  value.awaiting = ReadList<core::ParticipantId>(
      fields, path, "awaiting", view.awaiting(),
      [](Fields& faults, const Path& place, const std::string& party) {
        return faults.Parse<core::ParticipantId>(place, party);
      });
  value.list_count = view.list_count();
  if (!view.list_committed().empty()) {
    std::optional<core::PositionSet> committed =
        core::PositionSet::FromBits(view.list_count(), view.list_committed());
    if (committed.has_value()) {
      value.list_committed = *std::move(committed);
    } else {
      fields.Fail({&path, "list_committed"}, "is not a bit for each settlement of the list");
    }
  }
  return value;
}

absl::StatusOr<SettlementView> ReadViewAnswer(const v1::SettlementView& view) {
  return ReadAnswer("bridge",
                    [&](Fields& fields, const Path& path) { return ReadView(fields, path, view); });
}

}  // namespace

std::string_view SettlementStateName(SettlementState state) {
  const auto number = static_cast<std::size_t>(state);
  return number < std::size(kStateNames) ? kStateNames[number] : "unknown";
}

absl::Status VerifyDecision(const SettlementView& view, std::string_view policy_bytes,
                            std::string_view terms_bytes) {
  if (!view.certificate.has_value()) {
    return absl::FailedPreconditionError("certificate: there is none yet");
  }
  const absl::StatusOr<core::SettlementPolicy> policy = codec::DecodePolicy(policy_bytes);
  if (!policy.ok()) return policy.status();
  const absl::StatusOr<core::TermsHeader> terms = codec::DecodeTerms(terms_bytes);
  if (!terms.ok()) return terms.status();
  const core::Rejection verdict = core::VerifyCertificate(
      {view.settlement_id, *view.certificate}, *policy, &*terms, core::OpenSslSignatureVerifier());
  if (verdict.outcome == core::Outcome::kAccepted) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("certificate: {}: {}", verdict.rule, verdict.message));
}

bool IsComplete(SettlementState state) {
  return state == SettlementState::kSettled || state == SettlementState::kAborted;
}

std::vector<std::string> WaitsFor(const SettlementView& view) {
  std::vector<std::string> reasons;
  if (IsComplete(view.state)) return reasons;
  if (view.state == SettlementState::kAwaitingSignatures) {
    for (const core::ParticipantId& participant : view.awaiting) {
      reasons.push_back(fmt::format("signature of {}", participant.text()));
    }
    return reasons;
  }
  if (view.state == SettlementState::kCertifying) return {"cosignatures of witnesses"};
  const bool preparing = view.state == SettlementState::kPreparing;
  for (const LedgerProgress& ledger : view.ledgers) {
    if (preparing ? ledger.prepared : ledger.complete) continue;
    reasons.push_back(
        fmt::format("{} of {}", preparing ? "vote" : "acknowledgement", ledger.ledger.text()));
  }
  if (reasons.empty()) reasons.emplace_back("decision");
  return reasons;
}

struct BridgeClient::Impl : ServiceConnection<v1::Bridge> {};

BridgeClient::BridgeClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BridgeClient::~BridgeClient() = default;
BridgeClient::BridgeClient(BridgeClient&&) noexcept = default;
BridgeClient& BridgeClient::operator=(BridgeClient&&) noexcept = default;

absl::StatusOr<BridgeClient> BridgeClient::Connect(const ConnectionOptions& options) {
  absl::StatusOr<std::unique_ptr<Impl>> impl = OpenService<Impl>(options);
  if (!impl.ok()) return impl.status();
  return BridgeClient(*std::move(impl));
}

absl::Status BridgeClient::WaitForConnection(std::chrono::milliseconds deadline) const {
  return impl_->connection.WaitForConnection(deadline);
}

absl::StatusOr<BridgeInfo> BridgeClient::GetBridge(CallOptions call) const {
  const auto response = impl_->Call(&Stub::GetBridge, v1::GetBridgeRequest(), call);
  if (!response.ok()) return response.status();
  return ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
    return ReadInfo(fields, path, *response);
  });
}

absl::StatusOr<Quote> BridgeClient::RequestQuote(const QuoteRequest& request,
                                                 CallOptions call) const {
  if (request.sell.has_value() == request.buy.has_value()) {
    return absl::InvalidArgumentError(
        "quote request: exactly one of the amounts to sell and to buy must be set");
  }
  v1::QuoteRequest message;
  message.set_taker(request.taker.ToString());
  message.set_sell_currency(request.sell_currency.ToString());
  message.set_buy_currency(request.buy_currency.ToString());
  if (request.sell.has_value()) message.set_sell_minor_units(request.sell->minor());
  if (request.buy.has_value()) message.set_buy_minor_units(request.buy->minor());
  message.set_sell_account(request.sell_account.ToString());
  message.set_buy_account(request.buy_account.ToString());
  message.set_instruction_id(request.instruction_id.ToString());
  if (!request.uetr.IsNil()) message.set_uetr(std::string(request.uetr.view()));
  const auto response = impl_->Call(&Stub::RequestQuote, message, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
    return ReadQuote(fields, path, *response);
  });
}

absl::StatusOr<SettlementView> BridgeClient::SubmitSettlement(const core::Envelope& terms,
                                                              std::span<const std::string> legs,
                                                              bool wait, CallOptions call) const {
  v1::SubmitSettlementRequest request;
  codec::ToProto(terms, request.mutable_terms());
  for (const std::string& leg : legs) request.add_legs(leg);
  request.set_wait(wait);
  const auto response = impl_->Call(&Stub::SubmitSettlement, request, call);
  if (!response.ok()) return response.status();
  return ReadViewAnswer(*response);
}

absl::StatusOr<std::vector<BridgeClient::SubmissionResult>> BridgeClient::SubmitSettlements(
    std::span<const Submission> submissions, bool wait, CallOptions call) const {
  v1::SubmitSettlementsRequest request;
  request.set_wait(wait);
  for (const Submission& submission : submissions) {
    v1::SubmitSettlementRequest* const added = request.add_submissions();
    codec::ToProto(submission.terms, added->mutable_terms());
    for (const std::string& leg : submission.legs) added->add_legs(leg);
  }
  const auto response = impl_->Call(&Stub::SubmitSettlements, request, call);
  if (!response.ok()) return response.status();
  if (static_cast<std::size_t>(response->results_size()) != submissions.size()) {
    return absl::InternalError(fmt::format("the bridge answered {} submissions with {} results",
                                           submissions.size(), response->results_size()));
  }
  std::vector<SubmissionResult> results;
  results.reserve(submissions.size());
  for (const v1::SubmissionResult& result : response->results()) {
    if (result.has_view()) {
      results.push_back(ReadViewAnswer(result.view()));
    } else {
      results.emplace_back(result.has_rejection()
                               ? StatusFor(codec::FromProto(result.rejection()))
                               : absl::InternalError("the bridge said nothing of a submission"));
    }
  }
  return results;
}

absl::StatusOr<SettlementView> BridgeClient::SettleUntilKnown(const core::Envelope& terms,
                                                              std::span<const std::string> legs,
                                                              const RetryOptions& retry) const {
  absl::StatusOr<SettlementView> view;
  absl::Status last = RetryUntilKnown(retry, [&](std::chrono::milliseconds deadline) {
    view = SubmitSettlement(terms, legs, /*wait=*/true, {deadline});
    if (!view.ok()) return view.status();
    if (IsComplete(view->state) || view->state == SettlementState::kAwaitingSignatures) {
      return absl::OkStatus();
    }
    return absl::DeadlineExceededError(
        fmt::format("the settlement is {} and not yet complete on every ledger",
                    SettlementStateName(view->state)));
  });
  if (!last.ok()) return last;
  return view;
}

absl::StatusOr<SettlementView> BridgeClient::GetDecision(const core::Hash256& settlement_id,
                                                         std::string_view terms,
                                                         CallOptions call) const {
  v1::GetDecisionRequest request;
  request.set_settlement_id(std::string(settlement_id.view()));
  request.set_terms(std::string(terms));
  const auto response = impl_->Call(&Stub::GetDecision, request, call);
  if (!response.ok()) return response.status();
  return ReadViewAnswer(*response);
}

absl::StatusOr<SettlementView> BridgeClient::RequestAbort(const core::Hash256& settlement_id,
                                                          const Receipt& order,
                                                          CallOptions call) const {
  v1::RequestAbortRequest request;
  request.set_settlement_id(std::string(settlement_id.view()));
  request.mutable_order()->set_entry(order.entry);
  request.mutable_order()->set_entry_index(order.entry_index);
  for (const core::Hash256& hash : order.entry_proof) {
    request.mutable_order()->add_entry_proof(std::string(hash.view()));
  }
  request.mutable_order()->set_checkpoint(order.checkpoint);
  const auto response = impl_->Call(&Stub::RequestAbort, request, call);
  if (!response.ok()) return response.status();
  return ReadViewAnswer(*response);
}

absl::StatusOr<OpenSettlements> BridgeClient::ListOpen(core::Duration age_min,
                                                       CallOptions call) const {
  v1::ListOpenRequest request;
  request.set_age_us_min(age_min.micros());
  request.set_page_size(kOpenPageSize);
  OpenSettlements all;
  do {
    const auto response = impl_->Call(&Stub::ListOpen, request, call);
    if (!response.ok()) return response.status();
    if (response->settlements().empty() && !response->next_page_token().empty()) {
      return absl::InternalError("bridge: a page of open settlements is empty and not the last");
    }
    absl::StatusOr<std::vector<SettlementView>> page =
        ReadAnswer("bridge", [&](Fields& fields, const Path& path) {
          return ReadList<SettlementView>(fields, path, "settlements", response->settlements(),
                                          ReadView);
        });
    if (!page.ok()) return page.status();
    all.now = core::LedgerTime::FromMicros(response->now_us());
    std::move(page->begin(), page->end(), std::back_inserter(all.settlements));
    request.set_page_token(response->next_page_token());
  } while (!request.page_token().empty());
  return all;
}

absl::StatusOr<std::string> BridgeClient::GetCheckpoint(CallOptions call) const {
  auto response =
      impl_->Call(&Stub::GetDecisionCheckpoint, v1::GetDecisionCheckpointRequest(), call);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_checkpoint());
}

absl::StatusOr<std::unique_ptr<Subscription>> BridgeClient::Watch(
    const core::Hash256& settlement_id, std::function<bool(SettlementView)> on_change) const {
  v1::WatchSettlementRequest request;
  request.set_settlement_id(std::string(settlement_id.view()));
  return impl_->connection.Stream<v1::SettlementView>(
      [stub = impl_->stub.get(), request](grpc::ClientContext* context) {
        return stub->WatchSettlement(context, request);
      },
      [on_change =
           std::move(on_change)](const v1::SettlementView& message) -> absl::StatusOr<bool> {
        absl::StatusOr<SettlementView> view = ReadViewAnswer(message);
        if (!view.ok()) return view.status();
        return on_change(*std::move(view));
      });
}

absl::StatusOr<std::unique_ptr<Subscription>> BridgeClient::Subscribe(
    std::uint64_t from_index, std::function<bool(DecisionBatchEvent)> on_batch) const {
  v1::SubscribeDecisionsRequest request;
  request.set_from_index(from_index);
  return impl_->connection.Stream<v1::DecisionBatchMessage>(
      [stub = impl_->stub.get(), request](grpc::ClientContext* context) {
        return stub->Subscribe(context, request);
      },
      [on_batch =
           std::move(on_batch)](const v1::DecisionBatchMessage& message) -> absl::StatusOr<bool> {
        return on_batch(DecisionBatchEvent{message.number(), message.batch()});
      });
}

}  // namespace causeway::client
