// Where an instruction stands on a ledger.
#ifndef CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_STATE_H_
#define CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_STATE_H_

#include <cstdint>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/core/command.h"
#include "settlement/core/ids.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::core {

// Where an instruction stands.
struct InstructionState {
  InstructionKey key;
  InstructionStatus status = InstructionStatus::kNone;
  Rejection rejection;  // see also SettledPartsOf
  // The entry that made this status. Parts of a payment that settle leave it queued as it was.
  std::uint64_t entry_index = 0;
  Uetr uetr;
  Hash256 settlement_id;
  Hash256 payload_hash;    // of the item that instructed it
  std::uint32_t item = 0;  // position of the payment or leg in that item
  LedgerTime time;
  BusinessDate date;
};

// How a settlement ended on a ledger.
struct EndedSettlement {
  InstructionStatus status = InstructionStatus::kNone;  // kSettled, kAborted or kRejected
  Rejection rejection;
  std::uint64_t hold = 0;  // leaf of the entry that reserved the first leg; 0: none did
  std::uint64_t entry_index =
      0;  // leaf of the entry that ended it: of the last leg, if it has legs
  // Of a single settlement that was prepared or rejected: its legs here, in their order.
  std::vector<InstructionState> legs;
};

// Whether nothing can change it any more.
inline bool IsFinal(InstructionStatus status) {
  switch (status) {
    case InstructionStatus::kSettled:
    case InstructionStatus::kRejected:
    case InstructionStatus::kCancelled:
    case InstructionStatus::kExpired:
    case InstructionStatus::kAborted:
      return true;
    default:
      return false;
  }
}

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_STATE_H_
