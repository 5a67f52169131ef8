// Trades that wait at a bridge until they can settle (docs/protocols/settlement-queue.md): what
// both parties sign to enter one, and what a party signs to take it back. Both sign the same bytes,
// so a trade that both have entered is agreed in every particular. Formats:
// docs/formats/queued-trade.md. Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_QUEUED_TRADE_H_
#define CAUSEWAY_SETTLEMENT_CORE_QUEUED_TRADE_H_

#include <array>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/command.h"
#include "settlement/core/ids.h"
#include "settlement/core/time.h"

namespace causeway::core {

inline constexpr char kQueuedTradePayloadType[] = "application/vnd.causeway.queued-trade.v1";
inline constexpr char kTradeWithdrawalPayloadType[] =
    "application/vnd.causeway.trade-withdrawal.v1";

// Each of the two pays the other.
struct QueuedTrade {
  struct Side {
    ParticipantId party;
    LedgerOrigin ledger;  // that it pays on
    Money pays;           // more than zero

    friend bool operator==(const Side&, const Side&) = default;
  };

  LedgerOrigin queue;         // the decision log of the bridge
  InstructionId reference;    // by which the two tell their trades apart
  LedgerTime valid_until;     // not entered after it; returned when it has not settled by then
  std::array<Side, 2> sides;  // ascending by party, on different ledgers

  friend bool operator==(const QueuedTrade&, const QueuedTrade&) = default;
};

// The caller keeps to what is said above.
std::string EncodeQueuedTrade(const QueuedTrade& trade);
// InvalidArgument names the field. Takes nothing that EncodeQueuedTrade would not have written.
absl::StatusOr<QueuedTrade> DecodeQueuedTrade(std::string_view payload);
// SHA-256("causeway/queued-trade/v1\n" || the exact payload bytes).
Hash256 QueuedTradeIdOf(std::string_view payload);

struct TradeWithdrawal {
  LedgerOrigin queue;
  Hash256 trade;  // its id

  friend bool operator==(const TradeWithdrawal&, const TradeWithdrawal&) = default;
};

std::string EncodeTradeWithdrawal(const TradeWithdrawal& withdrawal);
absl::StatusOr<TradeWithdrawal> DecodeTradeWithdrawal(std::string_view payload);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_QUEUED_TRADE_H_
