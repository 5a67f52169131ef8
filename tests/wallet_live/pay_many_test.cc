// Many payments from a file, and the same file again.
#include <string>
#include <vector>

#include "tests/wallet_live/wallet_at_ledger.h"

namespace causeway::wallet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PayManyAtLedger : public WalletAtLedger {
 protected:
  std::string Row(const std::string& amount, const std::string& reference = "") {
    return Text(Address("ALPHA")) + "," + Text(Address("BETA")) + "," + amount + "," + reference +
           "\n";
  }
  std::string File(const std::string& rows) {
    return home_.Write("pay.csv", "from,to,amount,reference\n" + rows);
  }
};

TEST_F(PayManyAtLedger, EachRowIsPaidAndItsOutcomeTold) {
  const std::string file = File(Row("1.00", "rent") + Row("2.50 HKD") + Row("999999.00"));
  const Run run = Bank({"pay-many", file, "--json"});
  EXPECT_EQ(run.code, 1);  // of the third
  EXPECT_THAT(run.err, HasSubstr("1 of 3 payments did not settle"));
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json["settled"], 2);
  EXPECT_EQ(json["payments"][0]["reference"], "rent");
  EXPECT_EQ(json["payments"][0]["line"], 2);
  EXPECT_EQ(json["payments"][2]["rejection"]["outcome"], "INSUFFICIENT_FUNDS");
  EXPECT_EQ(Available("BETA"), 350);
}

// As after a crash: nobody knows what was sent.
TEST_F(PayManyAtLedger, TheSameFileAgainPaysNothingTwice) {
  const std::string file = File(Row("1.00") + Row("1.00"));
  ASSERT_EQ(Bank({"pay-many", file}).code, 0);
  const Run again = Bank({"pay-many", file, "--json"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(Json::parse(again.out)["payments"][1]["repeated"], true);
  EXPECT_EQ(Available("BETA"), 200);
}

// The payments were taken, and no answer came: whether they were recorded nobody can tell.
TEST_F(PayManyAtLedger, WhatGotNoAnswerIsFoundByTheSameCommand) {
  const std::string file = File(Row("1.00") + Row("2.00"));
  journal_->Close();
  const Run lost = Bank({"pay-many", file, "--timeout", "1"});
  EXPECT_EQ(lost.code, 2);
  EXPECT_THAT(lost.err, HasSubstr("run the same command again"));
  const std::string kept = home_.Read("pay.csv.signed");
  EXPECT_EQ(Json::parse(kept)["payments"].size(), 2u);
  journal_->Open();
  const Run again = Bank({"pay-many", file, "--json"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(Json::parse(again.out)["settled"], 2);
  EXPECT_EQ(home_.Read("pay.csv.signed"), kept);
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(PayManyAtLedger, EveryFaultOfTheFileIsToldWithItsPlace) {
  const std::string file = home_.Write("bad.csv",
                                       "id,from,to,amount\n"
                                       "A," +
                                           Text(Address("ALPHA")) +
                                           ",HKD00WRONG,1.00\n"
                                           "B," +
                                           Text(Address("ALPHA")) + "," + Text(Address("BETA")) +
                                           ",-3\n"
                                           "B," +
                                           Text(Address("ALPHA")) + "," + Text(Address("BETA")) +
                                           ",1\n"
                                           "C," +
                                           Text(Address("ALPHA")) + "\n");
  const Run run = Bank({"pay-many", file});
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, AllOf(HasSubstr("bad.csv:2:"), HasSubstr("bad.csv:3:"),
                             HasSubstr("bad.csv:4:1: id \"B\": line 3 has it already"),
                             HasSubstr("bad.csv:5:1: has 2 fields; must have 4"),
                             HasSubstr("nothing was signed or sent")));
  EXPECT_EQ(home_.Read("bad.csv.signed"), "");
  EXPECT_EQ(Available("BETA"), 0);
}

TEST_F(PayManyAtLedger, AnIdThatWasPaidBeforeIsNotPaidAgain) {
  ASSERT_EQ(Bank(PayWords("3.00", "INV-1")).code, 0);
  const std::string file =
      home_.Write("pay.csv", "id,from,to,amount\nINV-1," + Text(Address("ALPHA")) + "," +
                                 Text(Address("BETA")) + ",3.00\n");
  const Run run = Bank({"pay-many", file, "--json"});
  EXPECT_EQ(run.code, 1);
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json["payments"][0]["status"], "refused");
  EXPECT_THAT(json["payments"][0]["rejection"]["message"].get<std::string>(),
              HasSubstr("the same as this one"));
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(PayManyAtLedger, AFileThatChangedSinceItWasSignedIsNotSent) {
  ASSERT_EQ(Bank({"pay-many", File(Row("1.00"))}).code, 0);
  const Run run = Bank({"pay-many", File(Row("1.00") + Row("2.00"))});
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("other content"));
  EXPECT_EQ(Available("BETA"), 100);
}

TEST_F(PayManyAtLedger, CheckSendsNothing) {
  const Run run = Bank({"pay-many", File(Row("1.00") + Row("2.00")), "--check", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(Json::parse(run.out)["total"]["amount"], "3.00");
  EXPECT_EQ(home_.Read("pay.csv.signed"), "");
  EXPECT_EQ(Available("BETA"), 0);
}

}  // namespace
}  // namespace causeway::wallet
