// Paying, asking and reconciling at a live ledger.
#include <string>
#include <vector>

#include "tests/wallet_live/wallet_at_ledger.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class InstructionsAtLedger : public WalletAtLedger {};

// The same command line again was answered with "use a new one": the one advice that pays twice.
TEST_F(InstructionsAtLedger, ARepeatedPaymentIsToldThatTheFirstSettled) {
  ASSERT_EQ(Bank(PayWords("3.00", "INV-1")).code, 0);
  const Run again = Bank(PayWords("3.00", "INV-1"));
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("INV-1 of ALPHA is settled"));
  EXPECT_THAT(again.err, HasSubstr("3.00 HKD from " + Text(Address("ALPHA"))));
  EXPECT_THAT(again.err, HasSubstr("the same as this one: do not send it again under a new id"));
  EXPECT_THAT(again.err, Not(HasSubstr("use a new one")));
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(InstructionsAtLedger, AnIdOfAnotherPaymentIsToldWhichOne) {
  ASSERT_EQ(Bank(PayWords("3.00", "INV-1")).code, 0);
  std::vector<std::string> other = PayWords("4.00", "INV-1");
  other.emplace_back("--json");
  const Run run = Bank(other);
  EXPECT_EQ(run.code, 1);
  const Json error = Json::parse(run.err)["error"];
  EXPECT_EQ(error["rejection"]["outcome"], "INSTRUCTION_ID_REUSED");
  EXPECT_EQ(error["details"]["same"], false);
  EXPECT_EQ(error["details"]["earlier"]["instructs"]["amount"]["amount"], "3.00");
}

TEST_F(InstructionsAtLedger, APaymentThatWasRejectedMayBeMadeAgainUnderANewId) {
  ASSERT_EQ(Bank(PayWords("999999.00", "INV-1")).code, 1);
  const Run again = Bank(PayWords("999999.00", "INV-1"));
  EXPECT_THAT(again.err, HasSubstr("will not settle: a new attempt needs a new id"));
}

// `status RED-1` said that there was no such payment while the redemption awaited approval.
TEST_F(InstructionsAtLedger, StatusFindsAnInstructionOfAnyKind) {
  ASSERT_EQ(
      Bank({"redeem", "--from", Text(Address("ALPHA")), "--amount", "2.00", "--id", "RED-1"}).code,
      0);
  const Run run = Bank({"status", "RED-1", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json status = Json::parse(run.out);
  EXPECT_EQ(status["instruction"]["kind"], "redeem");
  EXPECT_EQ(status["status"], "awaiting-approval");
  EXPECT_EQ(status["instructs"]["amount"]["amount"], "2.00");
  const Run none = Bank({"status", "RED-2"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("of any kind"));
}

TEST_F(InstructionsAtLedger, StatusShowsEveryKindThatHasTheId) {
  ASSERT_EQ(Bank(PayWords("3.00", "X-1")).code, 0);
  ASSERT_EQ(
      Bank({"redeem", "--from", Text(Address("ALPHA")), "--amount", "2.00", "--id", "X-1"}).code,
      0);
  EXPECT_EQ(Json::parse(Bank({"status", "X-1", "--json"}).out).size(), 2u);
  const Run receipt = Bank({"receipt", "get", "X-1", "--out", home_.Path("r.json")});
  EXPECT_EQ(receipt.code, 64);
  EXPECT_THAT(receipt.err, HasSubstr("one of pay, redeem"));
  EXPECT_EQ(Bank({"receipt", "get", "X-1", "--kind", "redeem", "--out", home_.Path("r.json")}).code,
            0);
}

// One answer had "1000.00 HKD" in one text and "100000 (minor units)" in the other.
TEST_F(InstructionsAtLedger, FiguresOfARejectionAreMoneyWhereverTheyStand) {
  std::vector<std::string> words = PayWords("999999.00", "INV-1");
  words.emplace_back("--json");
  const std::string answer = Bank(words).err;
  EXPECT_THAT(answer, HasSubstr("available 1000.00 HKD, needed 999999.00 HKD"));
  EXPECT_THAT(answer, Not(HasSubstr("minor units")));
  for (const std::vector<std::string>& asked :
       {std::vector<std::string>{"history"}, {"history", "--json"}, {"status", "INV-1"}}) {
    const std::string shown = Bank(asked).out;
    EXPECT_THAT(shown, HasSubstr("available 1000.00 HKD, needed 999999.00 HKD"));
    EXPECT_THAT(shown, Not(HasSubstr("minor units")));
  }
}

TEST_F(InstructionsAtLedger, HistoryShowsWhatMovedNothingYet) {
  ASSERT_EQ(Bank({"request-issue", "--to", Text(Address("ALPHA")), "--amount", "5.00", "--rtgs",
                  "R1", "--id", "ISS-1"})
                .code,
            0);
  const Run run = Bank({"history", "--from-index", "1"});
  ASSERT_EQ(run.code, 0) << run.err;
  const std::size_t line = run.out.find("request-issue ISS-1");
  ASSERT_NE(line, std::string::npos);
  EXPECT_THAT(run.out.substr(line, run.out.find('\n', line) - line), HasSubstr("5.00 HKD"));
}

TEST_F(InstructionsAtLedger, AListingThatEndsEarlySaysSo) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Bank(PayWords("1.00", "P-" + std::to_string(i))).code, 0);
  const std::string account = Text(Address("ALPHA"));
  EXPECT_THAT(Bank({"history", account, "--count", "2"}).err, HasSubstr("more follow"));
  EXPECT_THAT(Bank({"history", account, "--newest", "--count", "2"}).err, HasSubstr("more follow"));
  EXPECT_EQ(Bank({"history", "--account", account}).err, "");
  EXPECT_EQ(Bank({"balance", "--account", account}).code, 0);
}

TEST_F(InstructionsAtLedger, AnybodysAccountIsResolvedForABulk) {
  const Run run = Bank({"resolve", Text(Address("BETA")), Text(Address("NOWHERE")), "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json accounts = Json::parse(run.out);
  EXPECT_EQ(accounts[0]["number"], 2);
  EXPECT_EQ(accounts[0]["number_check"], core::AccountCheckOf(Address("BETA")));
  EXPECT_EQ(accounts[1]["exists"], false);
}

// Two full batches of one day were more than a statement could have.
TEST_F(InstructionsAtLedger, ABusyDayHasAStatement) {
  for (int i = 0; i < 2; ++i) Submit("ALPHA", PayItem("ALPHA", "BETA", 1));
  for (int i = 0; i < 2; ++i) {
    node::ClientCall call("ALPHA");
    causeway::v1::SubmitResponse response;
    ASSERT_TRUE(stub_->Submit(&call.context, RequestOf(PayBatchItem(8192)), &response).ok());
  }
  const Run run = Bank({"history", Text(Address("ALPHA")), "--from-date", "2022-08-15", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json statement = Json::parse(run.out);
  ASSERT_EQ(statement["lines"].size(), 1u + 2u + 2u * 8192u);
  for (std::size_t i = 0; i < statement["lines"].size(); ++i) {
    ASSERT_EQ(statement["lines"][i]["sequence"], i + 1);
  }
  EXPECT_EQ(statement["opening_balance"]["minor_units"], 0);
  EXPECT_EQ(statement["closing_balance"]["minor_units"], 100'000 - 2 - 2 * 8192);
}

}  // namespace
}  // namespace causeway::wallet
