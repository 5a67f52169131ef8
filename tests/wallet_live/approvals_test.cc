// Four eyes that see what they approve.
#include <string>
#include <vector>

#include "tests/wallet_live/wallet_at_ledger.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

class ApprovalsAtLedger : public WalletAtLedger {
 protected:
  void RequestIssue(const std::string& id, const std::string& rtgs) {
    ASSERT_EQ(Bank({"request-issue", "--to", Text(Address("ALPHA")), "--amount", "500.00", "--rtgs",
                    rtgs, "--id", id})
                  .code,
              0);
  }
  static std::vector<std::string> ApproveWords(const std::string& id, const std::string& rtgs) {
    return {"approve", id, "--party", "ALPHA", "--kind", "request-issue", "--rtgs", rtgs};
  }
};

TEST_F(ApprovalsAtLedger, PendingListsWhatAwaitsThem) {
  RequestIssue("ISS-1", "R1");
  const Run run = Central({"pending", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json pending = Json::parse(run.out);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0]["instruction"]["id"], "ISS-1");
  EXPECT_EQ(pending[0]["account"], Text(Address("ALPHA")));
  EXPECT_EQ(pending[0]["amount"]["amount"], "500.00");
  EXPECT_EQ(pending[0]["rtgs_reference"], "R1");
  ASSERT_EQ(Central(ApproveWords("ISS-1", "R1")).code, 0);
  EXPECT_EQ(Central({"pending"}).out, "nothing to show\n");
}

// `show` and `cosign` printed an id: neither amount nor account nor the reference of the request.
TEST_F(ApprovalsAtLedger, ASecondApproverSeesAmountAccountAndReference) {
  RequestIssue("ISS-1", "R1");
  const std::string file = home_.Path("approval.json");
  std::vector<std::string> words = ApproveWords("ISS-1", "R1");
  words.insert(words.end(), {"--out", file, "--json"});
  const Run approved = By("CENTRAL", {"central-1"}, words);
  ASSERT_EQ(approved.code, 0) << approved.err;
  EXPECT_EQ(Json::parse(approved.out)["what_is_named"]["amount"]["amount"], "500.00");
  EXPECT_THAT(Central({"show", file}).out, HasSubstr("500.00 HKD"));
  const Run cosigned = By("CENTRAL", {"central-2"}, {"cosign", file}, "y\n");
  ASSERT_EQ(cosigned.code, 0) << cosigned.err;
  EXPECT_THAT(cosigned.err, HasSubstr("500.00 HKD"));
  EXPECT_THAT(cosigned.err, HasSubstr(Text(Address("ALPHA"))));
  EXPECT_THAT(cosigned.err, HasSubstr("rtgs reference  R1"));
  ASSERT_EQ(Central({"submit", file}).code, 0);
  EXPECT_EQ(Available("ALPHA"), 150'000);
}

TEST_F(ApprovalsAtLedger, AnApprovalOfAnotherTransferIsNotSigned) {
  RequestIssue("ISS-1", "R1");
  std::vector<std::string> words = ApproveWords("ISS-1", "OTHER");
  words.insert(words.end(), {"--out", home_.Path("approval.json")});
  const Run run = By("CENTRAL", {"central-1"}, words);
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("names the RTGS transfer \"R1\", the approval \"OTHER\""));
  EXPECT_EQ(home_.Read("approval.json"), "");
  EXPECT_EQ(Available("ALPHA"), 100'000);
}

TEST_F(ApprovalsAtLedger, AnApprovalOfWhatDoesNotAwaitOneIsNotCosigned) {
  RequestIssue("ISS-1", "R1");
  std::vector<std::string> words = ApproveWords("ISS-1", "R1");
  const std::string file = home_.Path("approval.json");
  words.insert(words.end(), {"--out", file});
  ASSERT_EQ(By("CENTRAL", {"central-1"}, words).code, 0);
  ASSERT_EQ(Central(ApproveWords("ISS-1", "R1")).code, 0);
  const Run late = By("CENTRAL", {"central-2"}, {"cosign", file, "--yes"});
  EXPECT_EQ(late.code, 65);
  EXPECT_THAT(late.err, HasSubstr("it does not await approval"));
  // On a machine that does not reach the ledger.
  EXPECT_EQ(home_.Wallet({"cosign", file, "--yes", "--key", home_.Path("central-2.pem")}).code, 64);
  EXPECT_EQ(
      home_.Wallet({"cosign", file, "--yes", "--unseen", "--key", home_.Path("central-2.pem")})
          .code,
      0);
}

// `issue --rtgs R9` twice settled twice.
TEST_F(ApprovalsAtLedger, AnRtgsTransferPaysForOneIssueUnlessAskedOtherwise) {
  const std::vector<std::string> issue = {
      "issue", "--to", Text(Address("ALPHA")), "--amount", "10.00", "--rtgs", "R9"};
  ASSERT_EQ(Central(issue).code, 0);
  const Run again = Central(issue);
  EXPECT_EQ(again.code, 65);
  EXPECT_THAT(again.err, HasSubstr("\"R9\" was used before: issue RTGS-R9 of CENTRAL is settled"));
  RequestIssue("ISS-1", "R9");
  EXPECT_EQ(Central(ApproveWords("ISS-1", "R9")).code, 65);
  EXPECT_EQ(Available("ALPHA"), 101'000);
  std::vector<std::string> meant = issue;
  meant.insert(meant.end(), {"--id", "SECOND-HALF"});
  EXPECT_EQ(Central(meant).code, 0);
  EXPECT_EQ(Available("ALPHA"), 102'000);
}

TEST_F(ApprovalsAtLedger, AnIssueThatFailedDoesNotUseUpItsTransfer) {
  const std::vector<std::string> words = {"issue", "--to",   Text(Address("NOWHERE")), "--amount",
                                          "10.00", "--rtgs", "a transfer with spaces"};
  ASSERT_EQ(Central(words).code, 1);
  std::vector<std::string> right = words;
  right[2] = Text(Address("ALPHA"));
  EXPECT_EQ(Central(right).code, 0);
}

TEST_F(ApprovalsAtLedger, WhatIsInTheWrongStateIsToldItsState) {
  ASSERT_EQ(
      Bank({"redeem", "--from", Text(Address("ALPHA")), "--amount", "2.00", "--id", "RED-1"}).code,
      0);
  ASSERT_EQ(Bank({"cancel", "RED-1", "--kind", "redeem"}).code, 0);
  const Run again = Bank({"cancel", "RED-1", "--kind", "redeem"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("WRONG_INSTRUCTION_STATE"));
  EXPECT_THAT(again.err, HasSubstr("RED-1 of ALPHA is cancelled since"));
}

}  // namespace
}  // namespace causeway::wallet
