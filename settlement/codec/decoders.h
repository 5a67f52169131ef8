// Decoders of messages that stand inside others: each reads all fields of one message, with faults
// going to `fields` under `path`. Internal to settlement/codec.
#ifndef CAUSEWAY_SETTLEMENT_CODEC_DECODERS_H_
#define CAUSEWAY_SETTLEMENT_CODEC_DECODERS_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "causeway/v1/command.pb.h"
#include "causeway/v1/common.pb.h"
#include "causeway/v1/settlement.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "settlement/codec/fields.h"
#include "settlement/core/command.h"
#include "settlement/core/settlement.h"

namespace causeway::codec {

// Keys that one message may hold.
inline constexpr std::size_t kKeysMax = 64;
// Bytes of every payload but a payment batch (whose limit is that of an envelope).
inline constexpr std::size_t kMessageBytesMax = 64 * 1024;

core::Money DecodeMoney(Fields& fields, const Path& path, const v1::Money& money);
core::PublicKey DecodeKey(Fields& fields, const Path& path, const v1::PublicKey& key);
// `name` of `path`: at most kKeysMax keys, none twice.
std::vector<core::PublicKey> DecodeKeys(
    Fields& fields, const Path& path, std::string_view name,
    const google::protobuf::RepeatedPtrField<v1::PublicKey>& keys);
core::InstructionKey DecodeReference(Fields& fields, const Path& path,
                                     const v1::InstructionReference& reference);
core::RegisterParticipant DecodeRegisterParticipant(Fields& fields, const Path& path,
                                                    const v1::RegisterParticipant& message);
void EncodeRegisterParticipant(const core::RegisterParticipant& value,
                               v1::RegisterParticipant* out);
core::QueueRules DecodeQueueRules(Fields& fields, const Path& path,
                                  const v1::SetQueueRules& message);
void ToProto(const core::QueueRules& rules, v1::SetQueueRules* out);
core::SettlementPolicy DecodePolicyBytes(Fields& fields, const Path& path, std::string_view bytes);
core::ProvenLeg DecodeProvenLeg(Fields& fields, const Path& path, const v1::ProvenLeg& proven);
core::Certificate DecodeCertificate(Fields& fields, const Path& path,
                                    const v1::Certificate& certificate);

}  // namespace causeway::codec

#endif  // CAUSEWAY_SETTLEMENT_CODEC_DECODERS_H_
