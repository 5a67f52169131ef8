// The folder in which a member keeps the trades that it has agreed to, and what it signed for them.
#include "wallet-cli/trade_book.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "settlement/core/hash.h"
#include "settlement/core/suite.h"

namespace causeway::wallet {
namespace {

class TradeBookTest : public testing::Test {
 protected:
  TradeBookTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()),
        book_((folder_ / "trades").string()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    const auto key = *core::SoftwareSigner::FromEd25519Seed(core::Sha256("A").view());
    trade_ = *core::SignEnvelope(core::kQueuedTradePayloadType, "the bytes of a trade", *key);
    id_ = core::QueuedTradeIdOf(trade_.payload);
  }
  ~TradeBookTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& suffix, const std::string& content) const {
    std::ofstream(folder_ / "trades" / (id_.ToHex() + suffix), std::ios::binary) << content;
  }

  static client::SignedSettlement Signed(const std::string& name) {
    return {core::Sha256(name),
            *core::LedgerTime::Parse("2026-12-01T16:00:00Z"),
            {*core::LedgerOrigin::Parse("ledger.example/eur"),
             *core::LedgerOrigin::Parse("ledger.example/usd")}};
  }

  std::filesystem::path folder_;
  TradeBook book_;
  core::Envelope trade_;
  core::Hash256 id_;
};

TEST_F(TradeBookTest, HasWhatWasKeptAndNothingElse) {
  EXPECT_FALSE(book_.Has(id_));
  ASSERT_TRUE(book_.Keep(trade_).ok());
  ASSERT_TRUE(book_.Keep(trade_).ok());  // a repeat
  EXPECT_TRUE(book_.Has(id_));
  EXPECT_FALSE(book_.Has(core::Sha256("another")));
}

TEST_F(TradeBookTest, DoesNotHaveATradeThatWasWithdrawnUntilItIsEnteredAgain) {
  ASSERT_TRUE(book_.Keep(trade_).ok());
  ASSERT_TRUE(book_.NoteReturned(id_).ok());
  ASSERT_TRUE(book_.NoteReturned(id_).ok());  // a repeat
  EXPECT_FALSE(book_.Has(id_));
  ASSERT_TRUE(book_.Keep(trade_).ok());
  EXPECT_TRUE(book_.Has(id_));
}

TEST_F(TradeBookTest, DoesNotHaveATradeWhoseFileHoldsOtherBytes) {
  ASSERT_TRUE(book_.Keep(trade_).ok());
  Write(".trade.json", "{}");
  EXPECT_FALSE(book_.Has(id_));
  core::Envelope other = trade_;
  other.payload += "x";
  ASSERT_TRUE(book_.Keep(other).ok());
  std::filesystem::copy_file(
      folder_ / "trades" / (core::QueuedTradeIdOf(other.payload).ToHex() + ".trade.json"),
      folder_ / "trades" / (id_.ToHex() + ".trade.json"),
      std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(book_.Has(id_));
}

TEST_F(TradeBookTest, TellsWhatWasSignedLast) {
  ASSERT_TRUE(book_.Keep(trade_).ok());
  EXPECT_FALSE(book_.SignedFor(id_)->has_value());
  client::SignedSettlement signed_last = Signed("first");
  ASSERT_TRUE(book_.NoteSigned(id_, signed_last).ok());
  EXPECT_EQ(*book_.SignedFor(id_), signed_last);
  signed_last = Signed("second");
  signed_last.settled = true;
  ASSERT_TRUE(book_.NoteSigned(id_, signed_last).ok());
  EXPECT_EQ(*book_.SignedFor(id_), signed_last);
}

TEST_F(TradeBookTest, WritesWhatItsPageSays) {
  ASSERT_TRUE(book_.Keep(trade_).ok());
  ASSERT_TRUE(book_.NoteSigned(id_, Signed("first")).ok());
  std::ifstream file(folder_ / "trades" / (id_.ToHex() + ".signed"), std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(content, "settlement " + core::Sha256("first").ToHex() +
                         "\ndeadline 2026-12-01T16:00:00.000000Z\n"
                         "pays-on ledger.example/eur\npays-on ledger.example/usd\nend signed\n");
}

TEST_F(TradeBookTest, WhatCannotBeReadIsNotTakenForNothingSigned) {
  ASSERT_TRUE(book_.Keep(trade_).ok());
  const std::string good = FormatSigned(Signed("first"));
  ASSERT_TRUE(ParseSigned(good).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    Write(".signed", good.substr(0, size));
    EXPECT_EQ(book_.SignedFor(id_).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  for (const std::string& wrong : {good + "x", good + good,
                                   "settlement " + core::Sha256("first").ToHex() +
                                       "\ndeadline 2026-12-01T16:00:00.000000Z\nend signed\n"}) {
    EXPECT_FALSE(ParseSigned(wrong).ok()) << wrong;
  }
}

TEST_F(TradeBookTest, IsHeldByOneSigner) {
  ASSERT_TRUE(book_.HoldForSigning().ok());
  {
    TradeBook other((folder_ / "trades").string());
    EXPECT_TRUE(absl::IsFailedPrecondition(other.HoldForSigning()));
    EXPECT_TRUE(other.Keep(trade_).ok());  // entering trades goes on beside it
  }
}

TEST_F(TradeBookTest, FolderThatCannotBeWrittenKeepsNothing) {
  std::ofstream(folder_ / "trades") << "a file in its place";
  EXPECT_FALSE(book_.Keep(trade_).ok());
  EXPECT_FALSE(book_.NoteSigned(id_, Signed("first")).ok());
  EXPECT_FALSE(book_.HoldForSigning().ok());
}

}  // namespace
}  // namespace causeway::wallet
