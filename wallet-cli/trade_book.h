// A folder with the queued trades that this member has agreed to, and what it signed for them: what
// `queue serve` checks requests against. Its files: docs/formats/trade-book.md.
#ifndef CAUSEWAY_WALLET_CLI_TRADE_BOOK_H_
#define CAUSEWAY_WALLET_CLI_TRADE_BOOK_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/signed_trades.h"
#include "settlement/core/envelope.h"
#include "settlement/core/queued_trade.h"

namespace causeway::wallet {

class TradeBook final : public client::SignedTrades {
 public:
  explicit TradeBook(std::string folder) : folder_(std::move(folder)) {}
  ~TradeBook() override;
  TradeBook(const TradeBook&) = delete;
  TradeBook& operator=(const TradeBook&) = delete;

  // Creates the folder when it is not there. A repeat writes the same, and undoes NoteReturned.
  // Durable on return.
  absl::Status Keep(const core::Envelope& trade) const;
  // That the trade was withdrawn: nothing is signed for it any more. Durable on return.
  absl::Status NoteReturned(const core::Hash256& trade) const;
  // Whether the trade is here, with bytes that give this id, and was not withdrawn.
  bool Has(const core::Hash256& trade) const;

  // To be held by who signs, until this object ends: of two programs that sign from one folder,
  // each could miss what the other signs. FailedPrecondition while another program holds it.
  absl::Status HoldForSigning();
  absl::Status NoteSigned(const core::Hash256& trade,
                          const client::SignedSettlement& settlement) override;
  absl::StatusOr<std::optional<client::SignedSettlement>> SignedFor(
      const core::Hash256& trade) const override;

 private:
  std::string PathOf(const core::Hash256& trade, const char* suffix) const;
  absl::Status MakeFolder() const;
  // What was renamed into the folder stays there when the power fails.
  absl::Status SyncFolder() const;

  std::string folder_;
  int lock_ = -1;
};

// The content of <id>.signed. DataLoss when it is none.
std::string FormatSigned(const client::SignedSettlement& settlement);
absl::StatusOr<client::SignedSettlement> ParseSigned(std::string_view text);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_TRADE_BOOK_H_
