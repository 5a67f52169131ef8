// Where an instruction stands on a ledger.
#ifndef CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_STATE_H_
#define CAUSEWAY_SETTLEMENT_CORE_INSTRUCTION_STATE_H_

#include <cstdint>

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
  Rejection rejection;
  std::uint64_t entry_index = 0;  // the entry that made this status
  Uetr uetr;
  Hash256 settlement_id;
  Hash256 payload_hash;    // of the item that instructed it
  std::uint32_t item = 0;  // position of the payment or leg in that item
  LedgerTime time;
  BusinessDate date;
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
