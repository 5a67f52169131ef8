#include "settlement/client/receipt.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <utility>

#include "causeway/v1/ledger_service.pb.h"
#include "settlement/client/from_proto.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"
#include "settlement/core/settlement.h"

namespace causeway::client {
namespace {

absl::Status Annotate(std::string_view part, const absl::Status& status) {
  return absl::Status(status.code(), fmt::format("{}: {}", part, std::string(status.message())));
}

absl::Status Unproven(std::string_view what) {
  return absl::UnauthenticatedError(std::string(what));
}

absl::Status CheckIncluded(std::string_view part, std::string_view leaf, std::uint64_t index,
                           std::span<const core::Hash256> proof,
                           const core::Checkpoint& checkpoint) {
  if (core::VerifyInclusion(core::LeafHash(leaf), index, checkpoint.size, proof, checkpoint.root)) {
    return absl::OkStatus();
  }
  return Unproven(
      fmt::format("{}: the proof does not lead from leaf {} to the root of the "
                  "checkpoint of size {}",
                  part, index, checkpoint.size));
}

absl::StatusOr<core::Genesis> CheckGenesis(const Receipt& receipt,
                                           const core::Hash256& genesis_hash) {
  if (core::Sha256(receipt.genesis) != genesis_hash) {
    return Unproven(fmt::format("genesis: hashes to {}, not to the {} that was pinned",
                                core::Sha256(receipt.genesis).ToHex(), genesis_hash.ToHex()));
  }
  absl::StatusOr<core::Genesis> genesis = codec::DecodeGenesis(receipt.genesis);
  if (!genesis.ok()) return Annotate("genesis", genesis.status());
  return genesis;
}

absl::StatusOr<core::Checkpoint> CheckSignedCheckpoint(const Receipt& receipt,
                                                       const core::Genesis& genesis,
                                                       const core::SignatureVerifier& verifier) {
  absl::StatusOr<core::SignedCheckpoint> parsed = core::ParseCheckpoint(receipt.checkpoint);
  if (!parsed.ok()) return Annotate("checkpoint", parsed.status());
  if (parsed->checkpoint.origin != genesis.ledger.text()) {
    return Unproven(fmt::format("checkpoint: is of {}, not of the ledger {}",
                                parsed->checkpoint.origin, genesis.ledger.text()));
  }
  const absl::Status signed_by_ledger =
      core::VerifyCheckpoint(*parsed, genesis.ledger.text(), genesis.ledger_key, verifier);
  if (!signed_by_ledger.ok()) {
    return Unproven(fmt::format("checkpoint: {}", std::string(signed_by_ledger.message())));
  }
  return std::move(parsed->checkpoint);
}

// Leaf `index`, which says that it is leaf `own_index`, is the log's and of the header's batch.
absl::Status CheckPlace(std::string_view part, std::uint64_t own_index, std::uint64_t index,
                        const core::BatchHeader& header) {
  if (own_index != index) {
    return Unproven(
        fmt::format("{}: says that it is leaf {}, and is leaf {}", part, own_index, index));
  }
  if (index <= header.first_index || index - header.first_index > header.entry_count) {
    return Unproven(fmt::format("batch header: its batch does not hold leaf {}", index));
  }
  return absl::OkStatus();
}

absl::Status CheckHeader(const Receipt& receipt, VerifiedReceipt& verified) {
  if (absl::Status status =
          CheckIncluded("batch header", receipt.batch_header, receipt.batch_header_index,
                        receipt.batch_header_proof, verified.checkpoint);
      !status.ok()) {
    return status;
  }
  absl::StatusOr<core::BatchHeader> header = core::DecodeBatchHeader(receipt.batch_header);
  if (!header.ok()) return Annotate("batch header", header.status());
  if (header->first_index != receipt.batch_header_index) {
    return Unproven(fmt::format("batch header: says that it is leaf {}, and is leaf {}",
                                header->first_index, receipt.batch_header_index));
  }
  verified.header = *std::move(header);
  return absl::OkStatus();
}

// An entry, in the log and in the batch of the header.
absl::Status CheckEntry(std::string_view part, std::string_view leaf, std::uint64_t index,
                        std::span<const core::Hash256> proof, VerifiedReceipt& verified) {
  absl::Status status = CheckIncluded(part, leaf, index, proof, verified.checkpoint);
  if (!status.ok()) return status;
  absl::StatusOr<core::Entry> entry = core::DecodeEntry(leaf);
  if (!entry.ok()) return Annotate(part, entry.status());
  if (status = CheckPlace(part, entry->index, index, verified.header); !status.ok()) return status;
  verified.entry = *std::move(entry);
  return absl::OkStatus();
}

// A payment in a bulk, and the entry of the bulk right before its payments.
absl::Status CheckPayment(const Receipt& receipt, VerifiedReceipt& verified) {
  absl::Status status = CheckIncluded("entry", receipt.entry, receipt.entry_index,
                                      receipt.entry_proof, verified.checkpoint);
  if (!status.ok()) return status;
  absl::StatusOr<core::PaymentLeaf> payment = core::DecodePaymentLeaf(receipt.entry);
  if (!payment.ok()) return Annotate("entry", payment.status());
  status = CheckPlace("entry", payment->index, receipt.entry_index, verified.header);
  if (!status.ok()) return status;
  status = CheckEntry("bulk entry", receipt.bulk_entry, receipt.bulk_entry_index,
                      receipt.bulk_entry_proof, verified);
  if (!status.ok()) return status;
  if (verified.entry.instruction.kind !=
      (payment->is_hold ? core::ActionKind::kPrepare : core::ActionKind::kPayBulk)) {
    return Unproven("bulk entry: is not of a bulk, or of a list for a leg of one");
  }
  if (receipt.bulk_entry_index + 1 + payment->position != receipt.entry_index) {
    return Unproven(fmt::format("entry: is payment {} of another bulk than that of leaf {}",
                                payment->position, receipt.bulk_entry_index));
  }
  verified.payment = *std::move(payment);
  return absl::OkStatus();
}

// A leg of a list that was settled or released, after the entry of the list's completion. Which
// leaf it is says nothing of its position: legs that were never held have none.
absl::Status CheckResolved(const Receipt& receipt, VerifiedReceipt& verified) {
  absl::Status status = CheckIncluded("entry", receipt.entry, receipt.entry_index,
                                      receipt.entry_proof, verified.checkpoint);
  if (!status.ok()) return status;
  absl::StatusOr<core::ResolvedLeaf> leaf = core::DecodeResolvedLeaf(receipt.entry);
  if (!leaf.ok()) return Annotate("entry", leaf.status());
  status = CheckPlace("entry", leaf->index, receipt.entry_index, verified.header);
  if (!status.ok()) return status;
  status = CheckEntry("bulk entry", receipt.bulk_entry, receipt.bulk_entry_index,
                      receipt.bulk_entry_proof, verified);
  if (!status.ok()) return status;
  if (verified.entry.instruction.kind != core::ActionKind::kComplete ||
      verified.entry.settlement_id != leaf->list_id ||
      receipt.bulk_entry_index >= receipt.entry_index) {
    return Unproven("bulk entry: is not of the completion of the leg's list");
  }
  verified.resolved = *std::move(leaf);
  return absl::OkStatus();
}

// Header and entry, each in the log and the second in the batch of the first.
absl::Status CheckLeaves(const Receipt& receipt, VerifiedReceipt& verified) {
  if (absl::Status status = CheckHeader(receipt, verified); !status.ok()) return status;
  if (receipt.entry.starts_with(static_cast<char>(core::kLeafResolved))) {
    return CheckResolved(receipt, verified);
  }
  if (!receipt.bulk_entry.empty()) return CheckPayment(receipt, verified);
  return CheckEntry("entry", receipt.entry, receipt.entry_index, receipt.entry_proof, verified);
}

absl::Status CheckSignedBulk(const core::Envelope& envelope, const VerifiedReceipt& verified) {
  absl::StatusOr<core::Bulk> bulk = core::DecodeBulk(envelope.payload);
  if (!bulk.ok()) return Annotate("envelope", bulk.status());
  if (bulk->ledger != verified.genesis.ledger || bulk->genesis_hash != verified.genesis.hash) {
    return Unproven("envelope: is addressed to another ledger");
  }
  if (!verified.payment.has_value()) return absl::OkStatus();
  const core::PaymentLeaf& leaf = *verified.payment;
  if (leaf.position >= bulk->payments.size() || bulk->payments[leaf.position] != leaf.payment) {
    return Unproven(fmt::format("envelope: its payment {} is not the entry's", leaf.position));
  }
  return absl::OkStatus();
}

absl::Status CheckSignedItem(const core::Envelope& envelope, VerifiedReceipt& verified) {
  if (core::PayloadHash(envelope) != verified.entry.payload_hash) {
    return Unproven("envelope: is not what the entry says was signed");
  }
  if (envelope.payload_type == core::kTermsPayloadType ||
      envelope.payload_type == core::kSettlementListPayloadType) {
    if (core::SettlementIdOf(envelope.payload) != verified.entry.settlement_id) {
      return Unproven("envelope: its terms are not of the entry's settlement");
    }
    return absl::OkStatus();
  }
  if (envelope.payload_type == core::kBulkPayloadType) return CheckSignedBulk(envelope, verified);
  if (envelope.payload_type != core::kCommandPayloadType) return absl::OkStatus();
  absl::StatusOr<core::Command> command = codec::DecodeCommand(envelope.payload);
  if (!command.ok()) return Annotate("envelope", command.status());
  if (command->ledger != verified.genesis.ledger ||
      command->genesis_hash != verified.genesis.hash) {
    return Unproven("envelope: is addressed to another ledger");
  }
  verified.command = *std::move(command);
  return absl::OkStatus();
}

}  // namespace

std::string FormatReceipt(const Receipt& receipt) {
  v1::Receipt message;
  message.set_entry(receipt.entry);
  message.set_entry_index(receipt.entry_index);
  for (const core::Hash256& hash : receipt.entry_proof) {
    message.add_entry_proof(std::string(hash.view()));
  }
  message.set_batch_header(receipt.batch_header);
  message.set_batch_header_index(receipt.batch_header_index);
  for (const core::Hash256& hash : receipt.batch_header_proof) {
    message.add_batch_header_proof(std::string(hash.view()));
  }
  message.set_checkpoint(receipt.checkpoint);
  if (receipt.envelope.has_value()) {
    codec::ToProto(*receipt.envelope, message.mutable_envelope());
  }
  message.set_genesis(receipt.genesis);
  message.set_bulk_entry(receipt.bulk_entry);
  message.set_bulk_entry_index(receipt.bulk_entry_index);
  for (const core::Hash256& hash : receipt.bulk_entry_proof) {
    message.add_bulk_entry_proof(std::string(hash.view()));
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  // A reader in another language should find every field of a receipt, index 0 too.
  options.always_print_primitive_fields = true;
  std::string json;
  CW_CHECK(google::protobuf::util::MessageToJsonString(message, &json, options).ok(),
           "a message of bytes and numbers has a JSON form");
  return json;
}

absl::StatusOr<Receipt> ParseReceipt(std::string_view json) {
  if (json.size() > kReceiptBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("receipt: {} bytes; the most is {}", json.size(), kReceiptBytesMax));
  }
  v1::Receipt message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("receipt: is not the JSON of a receipt: {}", parsed.ToString()));
  }
  Fields fields;
  Receipt receipt = ReadReceipt(fields, Path{nullptr, "receipt"}, message);
  if (!fields.ok()) return fields.status();
  return receipt;
}

absl::StatusOr<VerifiedReceipt> VerifyReceipt(const Receipt& receipt,
                                              const core::Hash256& genesis_hash,
                                              const core::SignatureVerifier& verifier) {
  VerifiedReceipt verified;
  absl::StatusOr<core::Genesis> genesis = CheckGenesis(receipt, genesis_hash);
  if (!genesis.ok()) return genesis.status();
  verified.genesis = *std::move(genesis);
  absl::StatusOr<core::Checkpoint> checkpoint =
      CheckSignedCheckpoint(receipt, verified.genesis, verifier);
  if (!checkpoint.ok()) return checkpoint.status();
  verified.checkpoint = *std::move(checkpoint);
  if (absl::Status status = CheckLeaves(receipt, verified); !status.ok()) return status;
  if (receipt.envelope.has_value()) {
    if (absl::Status status = CheckSignedItem(*receipt.envelope, verified); !status.ok()) {
      return status;
    }
  }
  return verified;
}

absl::StatusOr<VerifiedReceipt> VerifyReceipt(const Receipt& receipt,
                                              const core::Hash256& genesis_hash) {
  return VerifyReceipt(receipt, genesis_hash, core::OpenSslSignatureVerifier(1));
}

}  // namespace causeway::client
