// One line for the operator on standard error: UTC time, program, message. For what happens a few
// times in a run (start, stop, a peer lost), never per call. Any thread; lines do not mix.
#ifndef CAUSEWAY_SETTLEMENT_RPC_LOG_H_
#define CAUSEWAY_SETTLEMENT_RPC_LOG_H_

#include <string_view>

#include "settlement/core/time.h"

namespace causeway::rpc {

void Log(std::string_view program, std::string_view message);

// The wall clock. The programs' runtimes read it here, and nothing below them reads it at all.
core::LedgerTime Now();

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_LOG_H_
