#include "central-bank-node/runtime/ledger_requests.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/access.h"
#include "settlement/codec/codec.h"
#include "settlement/core/bulk.h"
#include "settlement/rpc/views.h"

namespace causeway::node {
namespace {

core::Rejection MalformedRequest(std::string_view field, const absl::Status& status) {
  return Refusal(core::Outcome::kMalformed,
                 fmt::format("{}: {}", field, std::string(status.message())));
}

std::optional<core::Rejection> CheckPrivateData(const causeway::v1::SubmitRequest& request) {
  if (static_cast<std::size_t>(request.private_data_size()) > core::kAttachmentsPerItemMax) {
    return Refusal(core::Outcome::kMalformed,
                   fmt::format("private_data: has {} parts; must have at most {}",
                               request.private_data_size(), core::kAttachmentsPerItemMax));
  }
  for (int i = 0; i < request.private_data_size(); ++i) {
    const std::size_t size = request.private_data(i).size();
    if (size <= core::kAttachmentBytesMax) continue;
    return Refusal(core::Outcome::kMalformed,
                   fmt::format("private_data[{}]: has {} bytes; must have at most {}", i, size,
                               core::kAttachmentBytesMax));
  }
  return std::nullopt;
}

}  // namespace

ItemOrRefusal ItemOf(const causeway::v1::SubmitRequest& request) {
  absl::StatusOr<core::Envelope> envelope = codec::FromProto(request.envelope());
  if (!envelope.ok()) return MalformedRequest("envelope", envelope.status());
  if (envelope->payload_type != core::kCommandPayloadType) {
    return Refusal(core::Outcome::kMalformed,
                   fmt::format("envelope.payload_type: is \"{}\"; must be \"{}\" (settlements are "
                               "sent by Prepare and Complete, bulks by SubmitStream)",
                               envelope->payload_type, core::kCommandPayloadType));
  }
  if (auto refused = CheckPrivateData(request)) return *std::move(refused);
  core::Item item{*std::move(envelope), {}};
  for (const std::string& data : request.private_data()) item.attachments.push_back(data);
  return item;
}

ItemOrRefusal StreamItemOf(causeway::v1::SubmitRequest&& request) {
  std::string payload = std::move(*request.mutable_envelope()->mutable_payload());
  request.mutable_envelope()->clear_payload();
  absl::StatusOr<core::Envelope> envelope = codec::FromProto(request.envelope());
  if (!envelope.ok()) return MalformedRequest("envelope", envelope.status());
  envelope->payload = std::move(payload);
  if (absl::Status checked = core::CheckEnvelope(*envelope); !checked.ok()) {
    return MalformedRequest("envelope", checked);
  }
  const bool is_bulk = envelope->payload_type == core::kBulkPayloadType;
  if (!is_bulk && envelope->payload_type != core::kCommandPayloadType) {
    return Refusal(
        core::Outcome::kMalformed,
        fmt::format("envelope.payload_type: is \"{}\"; must be \"{}\" or \"{}\" "
                    "(settlements are sent by Prepare and Complete)",
                    envelope->payload_type, core::kCommandPayloadType, core::kBulkPayloadType));
  }
  if (is_bulk && request.private_data_size() != 0) {
    return Refusal(core::Outcome::kMalformed,
                   "private_data: a bulk has none; send such payments as commands");
  }
  if (auto refused = CheckPrivateData(request)) return *std::move(refused);
  core::Item item{*std::move(envelope), {}};
  for (std::string& data : *request.mutable_private_data()) {
    item.attachments.push_back(std::move(data));
  }
  return item;
}

ItemOrRefusal ItemOf(const causeway::v1::PrepareRequest& request) {
  absl::StatusOr<core::Envelope> terms = codec::FromProto(request.terms());
  if (!terms.ok()) return MalformedRequest("terms", terms.status());
  if (terms->payload_type == core::kSettlementListPayloadType) {
    if (request.legs_size() != 0) {
      return Refusal(core::Outcome::kMalformed, "legs: a settlement list has a part instead");
    }
    return codec::MakePrepareItem(*std::move(terms), request.part());
  }
  if (terms->payload_type != core::kTermsPayloadType || !request.part().empty()) {
    return Refusal(core::Outcome::kMalformed,
                   fmt::format("terms.payload_type: is \"{}\"; must be \"{}\", or with a part "
                               "\"{}\"",
                               terms->payload_type, core::kTermsPayloadType,
                               core::kSettlementListPayloadType));
  }
  if (static_cast<std::size_t>(request.legs_size()) > core::kSettlementLegsMax) {
    return Refusal(core::Outcome::kBatchTooLarge,
                   fmt::format("legs: has {}; must have at most {}", request.legs_size(),
                               core::kSettlementLegsMax));
  }
  std::vector<core::ProvenLeg> legs;
  for (const causeway::v1::ProvenLeg& leg : request.legs()) {
    absl::StatusOr<core::ProvenLeg> decoded = codec::FromProto(leg);
    if (!decoded.ok())
      return MalformedRequest(fmt::format("legs[{}]", legs.size()), decoded.status());
    legs.push_back(*std::move(decoded));
  }
  core::Item item = codec::MakePrepareItem(*std::move(terms), legs);
  if (item.attachments.front().size() > core::kAttachmentBytesMax) {
    return Refusal(core::Outcome::kBatchTooLarge,
                   fmt::format("legs: have {} bytes in all; must have at most {}",
                               item.attachments.front().size(), core::kAttachmentBytesMax));
  }
  return item;
}

ItemOrRefusal ItemOf(const causeway::v1::CompleteRequest& request) {
  if (request.completion().size() > core::kPayloadBytesMax) {
    return Refusal(core::Outcome::kMalformed,
                   fmt::format("completion: has {} bytes; must have at most {}",
                               request.completion().size(), core::kPayloadBytesMax));
  }
  return codec::MakeCompletionItem(request.completion());
}

ItemOrRefusal ItemOf(const causeway::v1::SettleRequest& request) {
  if (request.has_prepare()) return ItemOf(request.prepare());
  if (request.has_complete()) return ItemOf(request.complete());
  return Refusal(core::Outcome::kMalformed, "request: is neither a prepare nor a completion");
}

void ToReply(const ItemReply& reply, causeway::v1::StreamReply* out) {
  if (reply.result.refused) {
    codec::ToProto(*reply.result.refused, out->mutable_rejection());
  } else if (reply.result.bulk != nullptr) {
    ToResults(*reply.result.bulk, /*repeated=*/!reply.result.sequenced, out->mutable_bulk());
  } else {
    ToResponse(reply, out->mutable_response());
  }
}

void ToResults(const core::BulkExecution& bulk, bool repeated, causeway::v1::BulkResults* out) {
  out->set_repeated(repeated);
  out->set_first_index(bulk.first_index);
  out->set_payment_count(static_cast<std::uint32_t>(bulk.results.size()));
  out->set_ledger_time_us(bulk.time.micros());
  out->set_business_date(bulk.date.ToString());
  for (std::size_t i = 0; i < bulk.results.size(); ++i) {
    const core::PaymentResult& result = bulk.results[i];
    if (result.outcome == core::Outcome::kAccepted) continue;
    causeway::v1::BulkRejection* const rejection = out->add_rejections();
    rejection->set_position(static_cast<std::uint32_t>(i));
    rejection->set_outcome(static_cast<causeway::v1::Outcome>(result.outcome));
    rejection->set_detail_actual(result.debtor_after);
    rejection->set_detail_required(result.creditor_after);
  }
}

void ToResponse(const ItemReply& reply, causeway::v1::SubmitResponse* out) {
  for (const core::InstructionState& state : reply.result.instructions) {
    rpc::ToView(state, /*repeated=*/!reply.result.sequenced, out->add_instructions());
  }
}

void ToResponse(const ItemReply& reply, causeway::v1::PrepareResponse* out) {
  const core::ItemResult& result = reply.result;
  out->set_settlement_id(std::string(result.settlement_id.view()));
  out->set_status(rpc::ToProto(result.settlement_status));
  out->set_vote(reply.vote);
  if (result.settlement_status == core::InstructionStatus::kRejected &&
      !result.instructions.empty()) {
    codec::ToProto(result.instructions.front().rejection, out->mutable_rejection());
  }
  out->set_entry_index(reply.vote.empty() ? result.settlement_entry : result.settlement_hold);
}

void ToResponse(const ItemReply& reply, causeway::v1::CompleteResponse* out) {
  out->set_settlement_id(std::string(reply.result.settlement_id.view()));
  out->set_status(rpc::ToProto(reply.result.settlement_status));
  out->set_entry_index(reply.result.settlement_entry);
}

void ToResult(const ItemReply& reply, const causeway::v1::SettleRequest& request,
              causeway::v1::SettleResult* out) {
  if (reply.result.refused) {
    codec::ToProto(*reply.result.refused, out->mutable_rejection());
  } else if (request.has_prepare()) {
    ToResponse(reply, out->mutable_prepare());
  } else {
    ToResponse(reply, out->mutable_complete());
  }
}

}  // namespace causeway::node
