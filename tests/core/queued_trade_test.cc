// The bytes of queued trades and their withdrawals.
#include "settlement/core/queued_trade.h"

#include <gtest/gtest.h>

#include <string>

#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

QueuedTrade SomeTrade() {
  QueuedTrade trade;
  trade.queue = *LedgerOrigin::Parse("bridge.example/decisions");
  trade.reference = *InstructionId::Parse("DEAL-17");
  trade.valid_until = LedgerTime::FromMicros(1'700'000'000'000'000);
  trade.sides[0] = {*ParticipantId::Parse("BANK-A"),
                    *LedgerOrigin::Parse("eu.example/eur"),
                    {*Currency::Parse("EUR"), Amount::FromMinor(10'000)}};
  trade.sides[1] = {*ParticipantId::Parse("BANK-B"),
                    *LedgerOrigin::Parse("us.example/usd"),
                    {*Currency::Parse("USD"), Amount::FromMinor(11'000)}};
  return trade;
}

std::string MessageOf(const QueuedTrade& trade) {
  return std::string(DecodeQueuedTrade(EncodeQueuedTrade(trade)).status().message());
}

TEST(QueuedTradeTest, IsReadAsItWasWritten) {
  const std::string bytes = EncodeQueuedTrade(SomeTrade());
  const absl::StatusOr<QueuedTrade> read = DecodeQueuedTrade(bytes);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, SomeTrade());
  EXPECT_EQ(QueuedTradeIdOf(bytes), Sha256("causeway/queued-trade/v1\n" + bytes));
}

// docs/formats/queued-trade.md shows these bytes.
TEST(QueuedTradeTest, BytesAreThoseOfTheFormat) {
  EXPECT_EQ(ToHex(EncodeQueuedTrade(SomeTrade())),
            "4357545241444531"
            "000000186272696467652e6578616d706c652f6465636973696f6e73"
            "000000074445414c2d3137"
            "00060a24181e4000"
            "0000000642414e4b2d41"
            "0000000e65752e6578616d706c652f657572"
            "00000003455552"
            "0000000000002710"
            "0000000642414e4b2d42"
            "0000000e75732e6578616d706c652f757364"
            "00000003555344"
            "0000000000002af8");
}

TEST(QueuedTradeTest, NoTruncatedOrLongerBytesAreRead) {
  const std::string bytes = EncodeQueuedTrade(SomeTrade());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeQueuedTrade(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeQueuedTrade(bytes + '\0').ok());
}

TEST(QueuedTradeTest, WhatIsReadIsTheOneEncodingOfItsValue) {
  const std::string bytes = EncodeQueuedTrade(SomeTrade());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {1, 32, 128}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const absl::StatusOr<QueuedTrade> read = DecodeQueuedTrade(damaged);
      if (read.ok()) {
        EXPECT_EQ(EncodeQueuedTrade(*read), damaged);
      }
    }
  }
}

TEST(QueuedTradeTest, RefusalsNameTheField) {
  QueuedTrade trade = SomeTrade();
  trade.sides[1].pays.amount = Amount::Zero();
  EXPECT_EQ(MessageOf(trade), "sides[1].amount: must be above zero");
  trade = SomeTrade();
  std::swap(trade.sides[0], trade.sides[1]);
  EXPECT_EQ(MessageOf(trade), "sides: must be two parties, ascending by id");
  trade = SomeTrade();
  trade.sides[1].party = trade.sides[0].party;
  EXPECT_EQ(MessageOf(trade), "sides: must be two parties, ascending by id");
  trade = SomeTrade();
  trade.sides[1].ledger = trade.sides[0].ledger;
  EXPECT_EQ(MessageOf(trade), "sides: must pay on different ledgers");
}

TEST(TradeWithdrawalTest, IsReadAsItWasWritten) {
  const TradeWithdrawal withdrawal{*LedgerOrigin::Parse("bridge.example/decisions"),
                                   Sha256("trade")};
  const std::string bytes = EncodeTradeWithdrawal(withdrawal);
  const absl::StatusOr<TradeWithdrawal> read = DecodeTradeWithdrawal(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, withdrawal);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeTradeWithdrawal(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeTradeWithdrawal(bytes + 'x').ok());
  EXPECT_FALSE(DecodeTradeWithdrawal(EncodeQueuedTrade(SomeTrade())).ok());
}

}  // namespace
}  // namespace causeway::core
