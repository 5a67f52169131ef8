// Items: envelopes with their attachments, as ledgers sequence and journal them.
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/decoders.h"
#include "settlement/codec/fields.h"
#include "settlement/core/hash.h"

namespace causeway::codec {
namespace {

constexpr Path kRoot{};

// Whether each attachment is the private data of a payment, in the order of the payments. Data of
// a payment may be left out (its parties have it); data that no payment names may not be added.
absl::Status CheckPrivateData(const core::Command& command, const core::Item& item) {
  if (item.attachments.empty()) return absl::OkStatus();
  std::vector<core::Hash256> named;
  if (const auto* pay = std::get_if<core::Pay>(&command.action); pay != nullptr) {
    named.push_back(pay->private_data_hash);
  } else if (const auto* batch = std::get_if<core::PayBatch>(&command.action); batch != nullptr) {
    for (const core::Pay& payment : batch->payments) named.push_back(payment.private_data_hash);
  }
  auto next = named.begin();
  for (std::size_t i = 0; i < item.attachments.size(); ++i) {
    const core::Hash256 hash = core::Sha256(item.attachments[i]);
    while (next != named.end() && *next != hash) ++next;
    if (next == named.end()) {
      return absl::InvalidArgumentError(fmt::format(
          "private_data[{}]: its SHA-256 is {}, which is not the private_data_hash of a payment "
          "here; must be the data of payments, in their order",
          i, hash.ToHex()));
    }
    ++next;
  }
  return absl::OkStatus();
}

absl::StatusOr<core::PrepareSettlement> DecodePrepare(const core::Item& item) {
  absl::StatusOr<core::TermsHeader> terms = DecodeTerms(item.envelope.payload);
  if (!terms.ok()) return terms.status();
  if (terms->is_list()) {
    return absl::InvalidArgumentError(
        fmt::format("payload: is a settlement list; its payload_type must be {}",
                    core::kSettlementListPayloadType));
  }
  if (item.attachments.size() != 1) {
    return absl::InvalidArgumentError(
        fmt::format("attachments: a prepare has {}; must have one, with the legs on this ledger",
                    item.attachments.size()));
  }
  Fields fields;
  v1::PrepareAttachment message;
  if (!fields.ParseMessage(kRoot, item.attachments[0], core::kAttachmentBytesMax, &message)) {
    return fields.status();
  }
  fields.RefuseUnknown(kRoot, message);
  core::PrepareSettlement prepare;
  prepare.terms = *std::move(terms);
  if (fields.Count({&kRoot, "legs"}, static_cast<std::size_t>(message.legs_size()), 1,
                   core::kSettlementLegsMax)) {
    for (const v1::ProvenLeg& leg : message.legs()) {
      const Path place{&kRoot, "legs", static_cast<std::int64_t>(prepare.legs.size())};
      prepare.legs.push_back(DecodeProvenLeg(fields, place, leg));
      if (!fields.ok()) break;
    }
  }
  if (!fields.ok()) return fields.status();
  return prepare;
}

absl::StatusOr<core::PrepareList> DecodePrepareList(const core::Item& item) {
  absl::StatusOr<core::TermsHeader> terms = core::DecodeSettlementList(item.envelope.payload);
  if (!terms.ok()) return terms.status();
  if (item.attachments.size() != 1) {
    return absl::InvalidArgumentError(
        fmt::format("attachments: a settlement list has {}; must have one, the part of this ledger",
                    item.attachments.size()));
  }
  absl::StatusOr<std::vector<core::BulkPayment>> legs =
      core::DecodeListPart(item.attachments[0], terms->list_count);
  if (!legs.ok()) return legs.status();
  return core::PrepareList{.terms = *std::move(terms),
                           .part_hash = core::ListPartHash(item.attachments[0]),
                           .legs = *std::move(legs)};
}

}  // namespace

absl::StatusOr<core::ItemBody> DecodeItemBody(const core::Item& item) {
  const std::string& type = item.envelope.payload_type;
  if (type == core::kCommandPayloadType) {
    absl::StatusOr<core::Command> command = DecodeCommand(item.envelope.payload);
    if (!command.ok()) return command.status();
    if (absl::Status data = CheckPrivateData(*command, item); !data.ok()) return data;
    return core::ItemBody(*std::move(command));
  }
  if (type == core::kTermsPayloadType) {
    absl::StatusOr<core::PrepareSettlement> prepare = DecodePrepare(item);
    if (!prepare.ok()) return prepare.status();
    return core::ItemBody(*std::move(prepare));
  }
  if (type == core::kCompletionPayloadType) {
    if (!item.attachments.empty() || !item.envelope.signatures.empty()) {
      return absl::InvalidArgumentError(
          "a completion has no signatures and no attachments: its certificate proves itself");
    }
    absl::StatusOr<core::CompleteSettlement> completion = DecodeCompletion(item.envelope.payload);
    if (!completion.ok()) return completion.status();
    return core::ItemBody(*std::move(completion));
  }
  if (type == core::kBulkPayloadType) {
    if (!item.attachments.empty()) {
      return absl::InvalidArgumentError("a bulk has no attachments");
    }
    absl::StatusOr<core::Bulk> bulk = core::DecodeBulk(item.envelope.payload);
    if (!bulk.ok()) return bulk.status();
    return core::ItemBody(*std::move(bulk));
  }
  if (type == core::kSettlementListPayloadType) {
    absl::StatusOr<core::PrepareList> list = DecodePrepareList(item);
    if (!list.ok()) return list.status();
    return core::ItemBody(*std::move(list));
  }
  return absl::InvalidArgumentError(
      fmt::format("payload_type: '{}' is none that a ledger takes; must be {}, {}, {}, {} or {}",
                  type, core::kCommandPayloadType, core::kBulkPayloadType, core::kTermsPayloadType,
                  core::kSettlementListPayloadType, core::kCompletionPayloadType));
}

core::Item MakePrepareItem(core::Envelope terms, const std::vector<core::ProvenLeg>& legs) {
  v1::PrepareAttachment message;
  for (const core::ProvenLeg& leg : legs) ToProto(leg, message.add_legs());
  return core::Item{std::move(terms), {message.SerializeAsString()}};
}

core::Item MakePrepareItem(core::Envelope list, std::string part) {
  return core::Item{std::move(list), {std::move(part)}};
}

core::Item MakeCompletionItem(std::string completion_bytes) {
  return core::Item{core::Envelope{core::kCompletionPayloadType, std::move(completion_bytes), {}},
                    {}};
}

}  // namespace causeway::codec
