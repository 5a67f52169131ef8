// What the ledger and the observer show: values of the core as messages of the API. Pure functions;
// any thread. No gRPC here.
#ifndef CAUSEWAY_SETTLEMENT_RPC_VIEWS_H_
#define CAUSEWAY_SETTLEMENT_RPC_VIEWS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "causeway/v1/common.pb.h"
#include "causeway/v1/ledger_service.pb.h"
#include "settlement/core/entry.h"
#include "settlement/core/ledger.h"

namespace causeway::rpc {

// The API numbers its enums as the core does; these name the conversion.
causeway::v1::InstructionStatus ToProto(core::InstructionStatus status);
causeway::v1::DayPhase ToProto(core::DayPhase phase);
causeway::v1::AccountPurpose ToProto(core::AccountPurpose purpose);

// Each fills `out` as given, for what the sources have; it must be empty before.
void ToView(const core::InstructionState& state, bool repeated, causeway::v1::Instruction* out);
// An account of the ledger, with its terms.
void ToView(const core::Ledger& ledger, const core::AccountState& account,
            causeway::v1::Account* out);
void ToView(const core::Posting& posting, causeway::v1::Posting* out);
// `time` and `date` are those of the entry's batch.
void ToView(const core::Entry& entry, core::LedgerTime time, core::BusinessDate date,
            causeway::v1::EntryView* out);
// One line of a statement: `posting` is one of those of `entry`.
void ToView(const core::Posting& posting, const core::Entry& entry, core::LedgerTime time,
            core::BusinessDate date, causeway::v1::StatementLine* out);
// Only the legs for which `visible` holds.
void ToView(const core::SettlementState& settlement,
            const std::function<bool(const core::Leg&)>& visible,
            causeway::v1::LedgerSettlement* out);

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_VIEWS_H_
