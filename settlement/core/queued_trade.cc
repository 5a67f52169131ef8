#include "settlement/core/queued_trade.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

constexpr std::string_view kTradeMagic = "CWTRADE1";
constexpr std::string_view kWithdrawalMagic = "CWTRWD01";
constexpr std::string_view kTradeDomain = "causeway/queued-trade/v1\n";

absl::Status WrongTrade(std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", field, what));
}

template <typename Text>
absl::Status ReadText(std::string_view field, Reader& reader, Text& out) {
  absl::StatusOr<Text> text = Text::Parse(reader.Sized());
  if (!reader.ok()) return WrongTrade(field, "the payload ends too early");
  if (!text.ok()) return WrongTrade(field, std::string(text.status().message()));
  out = *std::move(text);
  return absl::OkStatus();
}

absl::Status ReadSide(std::size_t number, Reader& reader, QueuedTrade::Side& out) {
  const std::string field = fmt::format("sides[{}]", number);
  if (absl::Status read = ReadText(field + ".party", reader, out.party); !read.ok()) return read;
  if (absl::Status read = ReadText(field + ".ledger", reader, out.ledger); !read.ok()) return read;
  if (absl::Status read = ReadText(field + ".currency", reader, out.pays.currency); !read.ok()) {
    return read;
  }
  out.pays.amount = Amount::FromMinor(reader.I64());
  if (!reader.ok()) return WrongTrade(field + ".amount", "the payload ends too early");
  if (!out.pays.amount.IsPositive()) return WrongTrade(field + ".amount", "must be above zero");
  return absl::OkStatus();
}

}  // namespace

std::string EncodeQueuedTrade(const QueuedTrade& trade) {
  Writer writer;
  writer.Raw(kTradeMagic).Sized(trade.queue.text()).Sized(trade.reference.text());
  writer.I64(trade.valid_until.micros());
  for (const QueuedTrade::Side& side : trade.sides) {
    writer.Sized(side.party.text()).Sized(side.ledger.text());
    writer.Sized(side.pays.currency.ToString()).I64(side.pays.amount.minor());
  }
  return std::move(writer).Take();
}

absl::StatusOr<QueuedTrade> DecodeQueuedTrade(std::string_view payload) {
  Reader reader(payload);
  if (reader.Raw(kTradeMagic.size()) != kTradeMagic) {
    return WrongTrade("magic", fmt::format("the payload does not begin with {}", kTradeMagic));
  }
  QueuedTrade trade;
  if (absl::Status read = ReadText("queue", reader, trade.queue); !read.ok()) return read;
  if (absl::Status read = ReadText("reference", reader, trade.reference); !read.ok()) return read;
  trade.valid_until = LedgerTime::FromMicros(reader.I64());
  for (std::size_t i = 0; i < trade.sides.size(); ++i) {
    if (absl::Status read = ReadSide(i, reader, trade.sides[i]); !read.ok()) return read;
  }
  if (!reader.Done()) return WrongTrade("payload", "has bytes too many");
  if (trade.sides[0].party >= trade.sides[1].party) {
    return WrongTrade("sides", "must be two parties, ascending by id");
  }
  if (trade.sides[0].ledger == trade.sides[1].ledger) {
    return WrongTrade("sides", "must pay on different ledgers");
  }
  return trade;
}

Hash256 QueuedTradeIdOf(std::string_view payload) {
  return Sha256(std::string(kTradeDomain) + std::string(payload));
}

std::string EncodeTradeWithdrawal(const TradeWithdrawal& withdrawal) {
  Writer writer;
  writer.Raw(kWithdrawalMagic).Sized(withdrawal.queue.text()).Hash(withdrawal.trade);
  return std::move(writer).Take();
}

absl::StatusOr<TradeWithdrawal> DecodeTradeWithdrawal(std::string_view payload) {
  Reader reader(payload);
  if (reader.Raw(kWithdrawalMagic.size()) != kWithdrawalMagic) {
    return WrongTrade("magic", fmt::format("the payload does not begin with {}", kWithdrawalMagic));
  }
  TradeWithdrawal withdrawal;
  if (absl::Status read = ReadText("queue", reader, withdrawal.queue); !read.ok()) return read;
  withdrawal.trade = reader.Hash();
  if (!reader.Done()) return WrongTrade("payload", "ends too early or has bytes too many");
  return withdrawal;
}

}  // namespace causeway::core
