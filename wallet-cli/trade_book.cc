#include "wallet-cli/trade_book.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "wallet-cli/context.h"
#include "wallet-cli/envelope_file.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {

std::string TradeBook::PathOf(const core::Hash256& trade, const char* suffix) const {
  return (std::filesystem::path(folder_) / (trade.ToHex() + suffix)).string();
}

absl::Status TradeBook::Keep(const core::Envelope& trade) const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    return absl::InvalidArgumentError(fmt::format("creating {}: {}", folder_, error.message()));
  }
  return WriteFile(PathOf(core::QueuedTradeIdOf(trade.payload), ".trade.json"),
                   FormatEnvelope(trade), /*replace=*/true, /*secret=*/false);
}

bool TradeBook::Has(const core::Hash256& trade) const {
  const absl::StatusOr<std::string> content = ReadFile(PathOf(trade, ".trade.json"));
  if (!content.ok()) return false;
  const absl::StatusOr<core::Envelope> envelope = ParseEnvelope(*content);
  return envelope.ok() && envelope->payload_type == core::kQueuedTradePayloadType &&
         core::QueuedTradeIdOf(envelope->payload) == trade;
}

absl::Status TradeBook::NoteSigned(const core::Hash256& trade,
                                   const core::Hash256& settlement) const {
  return WriteFile(PathOf(trade, ".signed"), settlement.ToHex() + "\n", /*replace=*/true,
                   /*secret=*/false);
}

absl::StatusOr<std::optional<core::Hash256>> TradeBook::SignedFor(
    const core::Hash256& trade) const {
  const std::string path = PathOf(trade, ".signed");
  const absl::StatusOr<std::string> content = ReadFile(path);
  if (absl::IsNotFound(content.status())) return std::optional<core::Hash256>();
  if (!content.ok()) return content.status();
  const std::optional<core::Hash256> settlement =
      core::Hash256::FromHex(std::string_view(*content).substr(0, content->find('\n')));
  if (settlement.has_value()) return settlement;
  return absl::DataLossError(fmt::format("{}: is no settlement id", path));
}

}  // namespace causeway::wallet
