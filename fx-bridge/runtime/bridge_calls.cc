#include "fx-bridge/runtime/bridge_calls.h"

#include <fmt/format.h>

#include <algorithm>

#include "settlement/codec/codec.h"
#include "settlement/core/settlement_list.h"

namespace causeway::bridge {
namespace {

// Whether the caller pays in, or approves, one of these legs. That they are the legs of the terms
// is checked by the engine.
bool IsInLegs(const core::ParticipantId& caller, const std::vector<std::string>& legs) {
  return std::any_of(legs.begin(), legs.end(), [&](const std::string& bytes) {
    const absl::StatusOr<core::Leg> leg = codec::DecodeLeg(bytes);
    // What does not decode is refused with its field named, by the engine.
    if (!leg.ok() || leg->party == caller) return true;
    return std::find(leg->approvals.begin(), leg->approvals.end(), caller) != leg->approvals.end();
  });
}

// Whether the caller pays in, or approves, what is submitted.
bool IsPartyTo(const core::ParticipantId& caller, const core::Envelope& terms,
               const std::vector<std::string>& legs) {
  if (terms.payload_type != core::kSettlementListPayloadType) return IsInLegs(caller, legs);
  const absl::StatusOr<core::TermsHeader> list = core::DecodeSettlementList(terms.payload);
  // What does not decode is refused with its field named, by the engine.
  return !list.ok() ||
         std::any_of(list->parts.begin(), list->parts.end(),
                     [&](const core::ListPart& part) { return part.payer == caller; });
}

}  // namespace

void CompletionWaiter::OnEnd() {
  // Not a refusal: a client must not take it for one.
  call_->End(grpc::Status(grpc::StatusCode::UNAVAILABLE,
                          "the bridge is stopping; the submission is durable: ask GetDecision"));
}

void ManyCall::Refuse(int position, const core::Rejection& rejection) {
  codec::ToProto(rejection, result(position).mutable_rejection());
  Done();
}

void ManyWaiter::OnEnd() {
  call_->End(grpc::Status(grpc::StatusCode::UNAVAILABLE,
                          "the bridge is stopping; the submissions are durable: ask GetDecision"));
}

std::optional<Submission> ReadSubmission(int position, const core::ParticipantId& caller,
                                         const v1::SubmitSettlementRequest& request,
                                         core::Rejection& refused) {
  absl::StatusOr<core::Envelope> terms = codec::FromProto(request.terms());
  if (!terms.ok()) {
    refused = Refusal(core::Outcome::kMalformed,
                      fmt::format("terms: {}", std::string(terms.status().message())));
    return std::nullopt;
  }
  std::vector<std::string> legs(request.legs().begin(), request.legs().end());
  if (!caller.IsEmpty() && !IsPartyTo(caller, *terms, legs)) {
    refused = Refusal(core::Outcome::kSenderNotEntitled,
                      fmt::format("legs: {} neither pays nor approves one of them", caller.text()));
    return std::nullopt;
  }
  const core::Hash256 id = core::SettlementIdOf(terms->payload);
  return Submission{position, id, *std::move(terms), std::move(legs), {}};
}

}  // namespace causeway::bridge
