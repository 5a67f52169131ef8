// A member of a settlement queue whose bridge lies: it asks for a second signature for a trade.
// What the member's own ledgers say of the first decides.
#include "settlement/client/signed_trades.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "settlement/core/hash.h"
#include "wallet-cli/trade_book.h"

namespace causeway::wallet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Status = core::InstructionStatus;

const core::LedgerTime kSignedNow = core::LedgerTime::FromMicros(1'700'000'000'000'000);
const core::LedgerTime kFirstDeadline = kSignedNow + core::Duration::FromSeconds(60);
const core::LedgerTime kLongAfter =
    kFirstDeadline + client::kPastDeadlineMargin + core::Duration::FromMicros(1);

core::LedgerOrigin SignedLedger(const std::string& name) {
  return *core::LedgerOrigin::Parse("ledger.example/" + name);
}

// It pays on two ledgers in the first settlement, which is for both trades.
class SignedTradesTest : public testing::Test {
 protected:
  SignedTradesTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    first_ = {core::Sha256("first"), kFirstDeadline, {trade_, other_}, {eur_, usd_}};
    second_ = {core::Sha256("second"), kLongAfter, {trade_}, {eur_}};
  }
  ~SignedTradesTest() override { std::filesystem::remove_all(folder_); }

  void Say(const core::LedgerOrigin& ledger, std::optional<Status> status,
           core::LedgerTime now = kSignedNow) {
    says_[ledger] = {now, status};
  }
  void BothSay(std::optional<Status> status, core::LedgerTime now = kSignedNow) {
    Say(eur_, status, now);
    Say(usd_, status, now);
  }
  // A book of its own for every call: only what is in the folder counts, as after a crash.
  absl::Status Claim(const client::CheckedAttempt& attempt) {
    TradeBook book(folder_.string());
    return client::ClaimTrades(attempt, book, [this](const auto& ledger, const auto& settlement) {
      return Answer(ledger, settlement);
    });
  }
  absl::StatusOr<client::SettlementStanding> Answer(const core::LedgerOrigin& ledger,
                                                    const core::Hash256& settlement) {
    asked_.push_back(settlement);
    const auto found = says_.find(ledger);
    if (found == says_.end()) return absl::UnavailableError("not reached");
    return found->second;
  }
  client::SignedSettlement Noted(const core::Hash256& trade) const {
    const auto noted = TradeBook(folder_.string()).SignedFor(trade);
    EXPECT_TRUE(noted.ok() && noted->has_value());
    return noted.ok() && noted->has_value() ? **noted : client::SignedSettlement();
  }
  // The first is signed, and the bridge asks for the second.
  absl::Status AskedAgain() {
    const absl::Status first = Claim(first_);
    EXPECT_TRUE(first.ok()) << first;
    return Claim(second_);
  }

  const core::LedgerOrigin eur_ = SignedLedger("eur");
  const core::LedgerOrigin usd_ = SignedLedger("usd");
  const core::Hash256 trade_ = core::Sha256("trade");
  const core::Hash256 other_ = core::Sha256("other trade");
  std::filesystem::path folder_;
  client::CheckedAttempt first_;
  client::CheckedAttempt second_;
  std::map<core::LedgerOrigin, client::SettlementStanding> says_;
  std::vector<core::Hash256> asked_;
};

TEST_F(SignedTradesTest, SignsATradeThatItNeverSignedForAndAsksNobody) {
  EXPECT_TRUE(Claim(first_).ok());
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(SignedTradesTest, NotesWhatItSignsBeforeTheSignatureIsMade) {
  ASSERT_TRUE(Claim(first_).ok());
  const client::SignedSettlement expected{first_.settlement_id, kFirstDeadline, {eur_, usd_}};
  EXPECT_EQ(Noted(trade_), expected);
  EXPECT_EQ(Noted(other_), expected);
}

TEST_F(SignedTradesTest, DoesNotSignAgainWhileTheFirstIsHeld) {
  BothSay(Status::kPrepared, kLongAfter);
  const absl::Status again = AskedAgain();
  EXPECT_TRUE(absl::IsUnavailable(again)) << again;
  EXPECT_THAT(std::string(again.message()), HasSubstr("holds"));
  EXPECT_EQ(Noted(trade_).settlement_id, first_.settlement_id);
}

TEST_F(SignedTradesTest, NeverSignsAgainForATradeThatHasSettled) {
  BothSay(Status::kSettled);
  EXPECT_TRUE(absl::IsFailedPrecondition(AskedAgain()));
  EXPECT_TRUE(Noted(trade_).settled);
  // Whatever is said later, and although nobody is asked.
  BothSay(Status::kAborted, kLongAfter);
  asked_.clear();
  EXPECT_TRUE(absl::IsFailedPrecondition(Claim(second_)));
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(Noted(trade_).settlement_id, first_.settlement_id);
}

TEST_F(SignedTradesTest, OneLedgerThatHasBookedIsEnough) {
  Say(eur_, Status::kAborted);
  Say(usd_, Status::kSettled);
  EXPECT_TRUE(absl::IsFailedPrecondition(AskedAgain()));
  EXPECT_TRUE(Noted(trade_).settled);
}

TEST_F(SignedTradesTest, SignsAgainWhenEveryLedgerItPaysOnHasRefusedOrReleased) {
  Say(eur_, Status::kRejected);
  Say(usd_, Status::kAborted);
  EXPECT_TRUE(AskedAgain().ok());
  EXPECT_THAT(asked_, ElementsAre(first_.settlement_id, first_.settlement_id));
  EXPECT_EQ(Noted(trade_), (client::SignedSettlement{second_.settlement_id, kLongAfter, {eur_}}));
  EXPECT_EQ(Noted(other_).settlement_id, first_.settlement_id);
}

TEST_F(SignedTradesTest, OneLedgerThatMayBookStillIsEnoughToWait) {
  Say(eur_, Status::kAborted, kLongAfter);
  Say(usd_, Status::kPrepared, kLongAfter);
  EXPECT_TRUE(absl::IsUnavailable(AskedAgain()));
}

TEST_F(SignedTradesTest, DoesNotSignAgainWhatALedgerDoesNotKnowBeforeTheDeadline) {
  BothSay(std::nullopt, kFirstDeadline);
  const absl::Status again = AskedAgain();
  EXPECT_TRUE(absl::IsUnavailable(again)) << again;
  EXPECT_THAT(std::string(again.message()), HasSubstr("does not know"));
}

TEST_F(SignedTradesTest, DoesNotSignAgainWithinTheMarginAfterTheDeadline) {
  BothSay(std::nullopt, kFirstDeadline + client::kPastDeadlineMargin);
  EXPECT_TRUE(absl::IsUnavailable(AskedAgain()));
}

TEST_F(SignedTradesTest, SignsAgainWhatNoLedgerKnowsPastTheDeadline) {
  BothSay(std::nullopt, kLongAfter);
  EXPECT_TRUE(AskedAgain().ok());
}

TEST_F(SignedTradesTest, TheDeadlineIsPastByEachLedgersOwnClock) {
  Say(eur_, std::nullopt, kLongAfter);
  Say(usd_, std::nullopt, kSignedNow);
  EXPECT_TRUE(absl::IsUnavailable(AskedAgain()));
}

TEST_F(SignedTradesTest, DoesNotSignAgainWhenALedgerDoesNotAnswer) {
  Say(eur_, Status::kAborted, kLongAfter);
  EXPECT_TRUE(absl::IsUnavailable(AskedAgain()));
}

TEST_F(SignedTradesTest, LeavesNothingNotedForATradeWhenAnotherOfTheSetIsNotFree) {
  client::CheckedAttempt one = first_;
  one.trades = {trade_};
  ASSERT_TRUE(Claim(one).ok());
  BothSay(Status::kPrepared);
  client::CheckedAttempt set = second_;
  set.trades = {other_, trade_};
  EXPECT_TRUE(absl::IsUnavailable(Claim(set)));
  const auto noted = TradeBook(folder_.string()).SignedFor(other_);
  EXPECT_TRUE(noted.ok() && !noted->has_value());
}

TEST_F(SignedTradesTest, SignsTheSameSettlementAgainAfterACrashBeforeItAnswered) {
  ASSERT_TRUE(Claim(first_).ok());  // and the program ends here
  EXPECT_TRUE(Claim(first_).ok());
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(SignedTradesTest, ACrashBeforeItAnsweredBindsItAsIfItHad) {
  ASSERT_TRUE(Claim(first_).ok());  // and the program ends here: nobody knows whether it was sent
  BothSay(std::nullopt);
  EXPECT_TRUE(absl::IsUnavailable(Claim(second_)));
}

TEST_F(SignedTradesTest, ACrashBetweenTheNotesOfASetLeavesEveryTradeBound) {
  client::CheckedAttempt half = first_;
  half.trades = {trade_};
  ASSERT_TRUE(Claim(half).ok());  // and the program ends before the other trade is noted
  BothSay(std::nullopt);
  EXPECT_TRUE(absl::IsUnavailable(Claim(second_)));
  EXPECT_TRUE(Claim(first_).ok());
  EXPECT_EQ(Noted(other_).settlement_id, first_.settlement_id);
}

TEST_F(SignedTradesTest, DoesNotSignWhenItsRecordsCannotBeWritten) {
  std::filesystem::remove_all(folder_);
  EXPECT_FALSE(Claim(first_).ok());
}

TEST_F(SignedTradesTest, TellsWhatNoLedgerKnowsFromWhatOneHolds) {
  const client::SignedSettlement before{first_.settlement_id, kFirstDeadline, {eur_, usd_}};
  const auto ask = [this](const auto& ledger, const auto& id) { return Answer(ledger, id); };
  BothSay(std::nullopt);
  EXPECT_EQ(client::StandingOf(before, ask).end, client::SignedEnd::kUnknown);
  Say(usd_, Status::kPrepared);
  EXPECT_EQ(client::StandingOf(before, ask).end, client::SignedEnd::kOpen);
}

}  // namespace
}  // namespace causeway::wallet
