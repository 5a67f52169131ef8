// The folder in which a member keeps the trades that it has agreed to, and what it signed for them.
#include "wallet-cli/trade_book.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
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
  ASSERT_TRUE(book_.NoteSigned(id_, core::Sha256("first")).ok());
  ASSERT_TRUE(book_.NoteSigned(id_, core::Sha256("second")).ok());
  EXPECT_EQ(*book_.SignedFor(id_), core::Sha256("second"));
}

TEST_F(TradeBookTest, WhatCannotBeReadIsNotTakenForNothingSigned) {
  ASSERT_TRUE(book_.Keep(trade_).ok());
  Write(".signed", "half of an i");
  EXPECT_EQ(book_.SignedFor(id_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(TradeBookTest, FolderThatCannotBeWrittenKeepsNothing) {
  std::ofstream(folder_ / "trades") << "a file in its place";
  EXPECT_FALSE(book_.Keep(trade_).ok());
  EXPECT_FALSE(book_.NoteSigned(id_, core::Sha256("first")).ok());
}

}  // namespace
}  // namespace causeway::wallet
