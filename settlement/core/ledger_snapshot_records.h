// The records in the parts of a snapshot (docs/formats/snapshot.md). Internal to the ledger's own
// files. What is read is checked; the first fault is the reader's, and what comes after it is
// without meaning.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_SNAPSHOT_RECORDS_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_SNAPSHOT_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/core/field_reader.h"
#include "settlement/core/ledger.h"

namespace causeway::core {

// What a count of records is held against: shorter than any of them.
inline constexpr std::size_t kRecordBytesMin = 4;

template <typename Enum>
void WriteEnum(Enum value, Writer& writer) {
  writer.U8(static_cast<std::uint8_t>(value));
}

inline void WriteCount(std::size_t count, Writer& writer) {
  writer.U32(static_cast<std::uint32_t>(count));
}

void WriteInstructionKey(const InstructionKey& key, Writer& writer);
InstructionKey ReadInstructionKey(FieldReader& reader);
void WriteParticipant(const Participant& participant, Writer& writer);
Participant ReadParticipant(FieldReader& reader);
void WritePolicy(const SettlementPolicy& policy, Writer& writer);
SettlementPolicy ReadPolicy(FieldReader& reader);
void WriteAccount(const AccountState& account, Writer& writer);
AccountState ReadAccount(FieldReader& reader, const std::vector<Participant>& participants);
void WriteInstruction(const InstructionState& instruction, Writer& writer);
InstructionState ReadInstruction(FieldReader& reader);
void WriteSettlement(const SettlementState& settlement, Writer& writer);
SettlementState ReadSettlement(FieldReader& reader);
// Those of the account with that number. Also how the state root has them.
void WriteAccountTerms(std::uint32_t number, const AccountTerms& terms, Writer& writer);
// `time` is the ledger's: nothing is counted beyond it.
AccountTerms ReadAccountTerms(LedgerTime time, FieldReader& reader, std::uint32_t& number);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_SNAPSHOT_RECORDS_H_
