// Between the protobuf messages of proto/causeway/v1 and the values of settlement/core. Decoding is
// strict: unknown fields, missing required fields, wrong sizes and texts that are not canonical are
// errors (InvalidArgument) that name the field by its path ("pay.amount.currency"), what was wrong
// and what would be right. Encoding is for those who make payloads to sign; what was signed is
// never encoded again. Pure functions; any thread. No gRPC here.
#ifndef CAUSEWAY_SETTLEMENT_CODEC_CODEC_H_
#define CAUSEWAY_SETTLEMENT_CODEC_CODEC_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "causeway/v1/command.pb.h"
#include "causeway/v1/common.pb.h"
#include "causeway/v1/settlement.pb.h"
#include "settlement/core/batch.h"
#include "settlement/core/command.h"
#include "settlement/core/ledger.h"
#include "settlement/core/policy_set.h"
#include "settlement/core/settlement.h"

namespace causeway::codec {

// Payload bytes of each signed or hashed type, and back.
// DecodeCommand gives ResourceExhausted, before it reads them, for more than
// core::kBatchPaymentsMax payments in one batch (OUTCOME_BATCH_TOO_LARGE).
// The sign of amounts is not checked: the ledger rejects it, on record.
absl::StatusOr<core::Command> DecodeCommand(std::string_view payload);
std::string EncodeCommand(const core::Command& command);
// Terms: of a single settlement, or a settlement list (core/settlement_list.h).
absl::StatusOr<core::TermsHeader> DecodeTerms(std::string_view bytes);
std::string EncodeTerms(const core::TermsHeader& terms);
// Whether `bytes`, which decoded to `terms`, are what EncodeTerms makes of them: InvalidArgument
// when not. Asked where terms are taken, and not of what is recorded: bytes that say no more can be
// made as long as one likes (a field given twice counts once).
absl::Status CheckTermsForm(const core::TermsHeader& terms, std::string_view bytes);
absl::StatusOr<core::Leg> DecodeLeg(std::string_view bytes);
std::string EncodeLeg(const core::Leg& leg);
absl::StatusOr<core::SettlementPolicy> DecodePolicy(std::string_view bytes);
std::string EncodePolicy(const core::SettlementPolicy& policy);
// Of the exact bytes of each policy of one decision log, in any order. Errors begin with `field`,
// or for a policy that does not decode with `field` and its place ("policies[1]"); else as of
// PolicySet::Make.
absl::StatusOr<core::PolicySet> DecodePolicies(std::span<const std::string> policies,
                                               std::string_view field = "policies");
// The rules of a ledger's queue, from the text form of a SetQueueRules message. Errors begin with
// line and column, or name the field. Whether the rules are sound is the ledger's to say.
absl::StatusOr<core::QueueRules> ParseQueueRules(std::string_view text);
absl::StatusOr<core::Genesis> DecodeGenesis(std::string_view bytes);
std::string EncodeGenesis(const core::Genesis& genesis);
absl::StatusOr<core::CompleteSettlement> DecodeCompletion(std::string_view bytes);
std::string EncodeCompletion(const core::CompleteSettlement& completion);

// What an item says, by its payload type: what Ledger::Admit takes. Items of the journal decode
// too. Errors as of the payload's own decoder. Attachments must be bound by the payload: those of a
// command have the private_data_hash of its payments, in their order; a prepare has one, with all
// legs on the ledger, that of a list its part; a completion has none, and no signatures.
absl::StatusOr<core::ItemBody> DecodeItemBody(const core::Item& item);
// A prepare as the item that a ledger sequences.
core::Item MakePrepareItem(core::Envelope terms, const std::vector<core::ProvenLeg>& legs);
// The prepare of a settlement list, with the ledger's part.
core::Item MakePrepareItem(core::Envelope list, std::string part);
// A completion as the item that a ledger sequences.
core::Item MakeCompletionItem(std::string completion_bytes);

// Parts of messages, either way. From* check.
void ToProto(const core::Envelope& envelope, causeway::v1::Envelope* out);
absl::StatusOr<core::Envelope> FromProto(const causeway::v1::Envelope& envelope);
void ToProto(const core::PublicKey& key, causeway::v1::PublicKey* out);
absl::StatusOr<core::PublicKey> FromProto(const causeway::v1::PublicKey& key);
void ToProto(const core::Money& money, causeway::v1::Money* out);
absl::StatusOr<core::Money> FromProto(const causeway::v1::Money& money);
void ToProto(const core::ProvenLeg& leg, causeway::v1::ProvenLeg* out);
absl::StatusOr<core::ProvenLeg> FromProto(const causeway::v1::ProvenLeg& leg);
void ToProto(const core::Certificate& certificate, causeway::v1::Certificate* out);
absl::StatusOr<core::Certificate> FromProto(const causeway::v1::Certificate& certificate);
void ToProto(const core::Rejection& rejection, causeway::v1::Rejection* out);
// Of the message as many bytes as follow are read, and of the rule as many as an entry may have.
inline constexpr std::size_t kRejectionMessageBytesMax = 1024;
// Never kAccepted: an outcome that is unknown here, or none of a refusal, becomes kMalformed.
core::Rejection FromProto(const causeway::v1::Rejection& rejection);
void ToProto(const core::InstructionKey& key, causeway::v1::InstructionReference* out);
absl::StatusOr<core::InstructionKey> FromProto(const causeway::v1::InstructionReference& key);
// InvalidArgument unless exactly 32 bytes; `field` names it in the message.
absl::StatusOr<core::Hash256> HashFrom(std::string_view raw, std::string_view field);

}  // namespace causeway::codec

#endif  // CAUSEWAY_SETTLEMENT_CODEC_CODEC_H_
