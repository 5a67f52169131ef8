// A folder with the queued trades that this member has agreed to, and what it signed for them: what
// `queue serve` checks requests against. Of a trade, <id>.trade.json is the signed trade as an
// envelope in the file form, and <id>.signed the hexadecimal id of the settlement that was signed
// for it last.
#ifndef CAUSEWAY_WALLET_CLI_TRADE_BOOK_H_
#define CAUSEWAY_WALLET_CLI_TRADE_BOOK_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/envelope.h"
#include "settlement/core/queued_trade.h"

namespace causeway::wallet {

class TradeBook {
 public:
  explicit TradeBook(std::string folder) : folder_(std::move(folder)) {}

  // Creates the folder when it is not there. A repeat writes the same.
  absl::Status Keep(const core::Envelope& trade) const;
  // Whether the trade is here, with bytes that give this id.
  bool Has(const core::Hash256& trade) const;
  // Durable on return.
  absl::Status NoteSigned(const core::Hash256& trade, const core::Hash256& settlement) const;
  // Nothing when none was signed for it. An error when it cannot be told: then nothing is to be
  // signed.
  absl::StatusOr<std::optional<core::Hash256>> SignedFor(const core::Hash256& trade) const;

 private:
  std::string PathOf(const core::Hash256& trade, const char* suffix) const;

  std::string folder_;
};

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_TRADE_BOOK_H_
