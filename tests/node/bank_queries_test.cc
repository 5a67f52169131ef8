// What a bank and a central bank ask a ledger before they pay, approve and reconcile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/node/live_service.h"

namespace causeway::node {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BankQueriesTest : public LiveServiceTest {
 protected:
  using Stub = causeway::v1::Ledger::Stub;

  void SetUp() override { StartService(); }

  // The outcome of a query; kAccepted: it was answered.
  template <typename Request, typename Response>
  core::Outcome Query(std::string_view caller,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const Request& request, Response* response) {
    response->Clear();
    ClientCall call(caller);
    const grpc::Status status = (*stub_.*method)(&call.context, request, response);
    message_ = status.error_message();
    return call.Refusal();
  }
  causeway::v1::InstructionStatus RequestIssue(const std::string& bank, const std::string& id,
                                               const std::string& rtgs) {
    return Submit(bank, Signed(bank, core::RequestIssue{Address(bank), Hkd(500), rtgs}, {bank}, id))
        .status();
  }
  core::Item Approval(const std::string& bank, const std::string& id, const std::string& rtgs) {
    return ByCentral(core::Approve{
        {Party(bank), core::ActionKind::kRequestIssue, *core::InstructionId::Parse(id)}, rtgs});
  }
  std::vector<std::string> AwaitingIds(std::string_view caller) {
    std::vector<std::string> ids;
    causeway::v1::ListAwaitingRequest request;
    request.set_page_size(1);
    causeway::v1::ListAwaitingResponse page;
    do {
      EXPECT_EQ(Query(caller, &Stub::ListAwaiting, request, &page), core::Outcome::kAccepted);
      for (const auto& one : page.instructions()) {
        ids.push_back(one.reference().instruction_id());
        *request.mutable_after() = one.reference();
      }
    } while (page.more());
    return ids;
  }
  causeway::v1::GetStatementRequest StatementRequest(std::uint32_t page_lines) {
    causeway::v1::GetStatementRequest request;
    request.set_address(Text(Address("ALPHA")));
    request.set_from_date("2022-08-15");
    request.set_to_date("2022-08-15");
    request.set_page_lines(page_lines);
    return request;
  }

  std::string message_;
};

// A bulk names accounts by number and check. Both were told to the account's owner alone, so that
// no bank could pay another by bulk.
TEST_F(BankQueriesTest, AnyParticipantLearnsWhatABulkNamesAnAccountBy) {
  causeway::v1::ResolveAccountsRequest request;
  request.add_addresses(Text(Address("BETA")));
  request.add_addresses(Text(Address("NOWHERE")));
  causeway::v1::ResolveAccountsResponse resolved;
  ASSERT_EQ(Query("ALPHA", &Stub::ResolveAccounts, request, &resolved), core::Outcome::kAccepted);
  ASSERT_EQ(resolved.accounts_size(), 2);
  EXPECT_TRUE(resolved.accounts(0).exists());
  EXPECT_FALSE(resolved.accounts(1).exists());

  causeway::v1::GetAccountRequest own;
  own.set_address(Text(Address("BETA")));
  causeway::v1::Account account;
  ASSERT_EQ(Query("BETA", &Stub::GetAccount, own, &account), core::Outcome::kAccepted);
  EXPECT_EQ(resolved.accounts(0).number(), account.number());
  EXPECT_EQ(resolved.accounts(0).number_check(), account.number_check());
  EXPECT_EQ(Query("STRANGER", &Stub::ResolveAccounts, request, &resolved),
            core::Outcome::kSenderNotEntitled);
}

TEST_F(BankQueriesTest, AddressesToResolveAreBoundedAndChecked) {
  causeway::v1::ResolveAccountsRequest request;
  causeway::v1::ResolveAccountsResponse resolved;
  EXPECT_EQ(Query("ALPHA", &Stub::ResolveAccounts, request, &resolved), core::Outcome::kMalformed);
  request.add_addresses("HKD00WRONG");
  EXPECT_EQ(Query("ALPHA", &Stub::ResolveAccounts, request, &resolved), core::Outcome::kMalformed);
  EXPECT_THAT(message_, HasSubstr("addresses[0]"));
  for (int i = 0; i < 1024; ++i) request.add_addresses(Text(Address("BETA")));
  EXPECT_EQ(Query("ALPHA", &Stub::ResolveAccounts, request, &resolved),
            core::Outcome::kBatchTooLarge);
}

// No command listed what awaits approval, and nothing showed its amount.
TEST_F(BankQueriesTest, WhatAwaitsApprovalIsListedWithItsAmountAndRtgsReference) {
  RequestIssue("ALPHA", "ISS-1", "R1");
  Submit("ALPHA", Signed("ALPHA", core::Redeem{Address("ALPHA"), Hkd(70)}, {"ALPHA"}, "RED-1"));
  causeway::v1::ListAwaitingResponse page;
  ASSERT_EQ(Query("CENTRAL", &Stub::ListAwaiting, {}, &page), core::Outcome::kAccepted);
  ASSERT_EQ(page.instructions_size(), 2);
  EXPECT_FALSE(page.more());
  const auto& request = page.instructions(0);
  EXPECT_EQ(request.reference().instruction_id(), "ISS-1");
  EXPECT_EQ(request.account(), Text(Address("ALPHA")));
  EXPECT_EQ(request.amount().minor_units(), 500);
  EXPECT_EQ(request.rtgs_reference(), "R1");
  EXPECT_GT(request.entry_index(), 0U);
  EXPECT_EQ(request.business_date(), "2022-08-15");
  EXPECT_EQ(page.instructions(1).reference().instruction_id(), "RED-1");
  EXPECT_EQ(page.instructions(1).rtgs_reference(), "");
  EXPECT_EQ(Submit("CENTRAL", Approval("ALPHA", "ISS-1", "R1")).status(),
            causeway::v1::INSTRUCTION_STATUS_SETTLED);
  EXPECT_THAT(AwaitingIds("CENTRAL"), ElementsAre("RED-1"));
}

TEST_F(BankQueriesTest, ABankSeesOnlyWhatOfItsOwnAwaitsApproval) {
  RequestIssue("ALPHA", "A-1", "R1");
  RequestIssue("BETA", "B-1", "R2");
  RequestIssue("BETA", "B-2", "R3");
  EXPECT_THAT(AwaitingIds("AUDITOR"), ElementsAre("A-1", "B-1", "B-2"));
  EXPECT_THAT(AwaitingIds("ALPHA"), ElementsAre("A-1"));
  EXPECT_THAT(AwaitingIds("BETA"), ElementsAre("B-1", "B-2"));
  EXPECT_THAT(AwaitingIds("STRANGER"), ElementsAre());
}

// The request named R1; an approval that named another transfer settled all the same.
TEST_F(BankQueriesTest, AnApprovalNamesTheRtgsTransferOfItsRequest) {
  ASSERT_EQ(RequestIssue("ALPHA", "ISS-1", "R1"),
            causeway::v1::INSTRUCTION_STATUS_AWAITING_APPROVAL);
  const std::int64_t before = Available("ALPHA");
  ClientCall call("CENTRAL");
  causeway::v1::SubmitResponse response;
  const grpc::Status other =
      stub_->Submit(&call.context, RequestOf(Approval("ALPHA", "ISS-1", "OTHER")), &response);
  EXPECT_EQ(other.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(call.Refusal(), core::Outcome::kMalformed);
  EXPECT_THAT(other.error_message(), HasSubstr("\"OTHER\""));
  EXPECT_THAT(other.error_message(), HasSubstr("\"R1\""));
  EXPECT_EQ(Available("ALPHA"), before);

  const core::Item right = Approval("ALPHA", "ISS-1", "R1");
  EXPECT_EQ(Submit("CENTRAL", right).status(), causeway::v1::INSTRUCTION_STATUS_SETTLED);
  EXPECT_EQ(Available("ALPHA"), before + 500);
  EXPECT_TRUE(Submit("CENTRAL", right).repeated());
}

// Whoever is not the central bank must not learn a request's reference by a wrong approval.
TEST_F(BankQueriesTest, AnApprovalByABankIsNotToldTheReference) {
  RequestIssue("ALPHA", "ISS-1", "R1");
  const core::InstructionKey key{Party("ALPHA"), core::ActionKind::kRequestIssue,
                                 *core::InstructionId::Parse("ISS-1")};
  const causeway::v1::Instruction rejected =
      Submit("BETA", Signed("BETA", core::Approve{key, "GUESS"}, {"BETA"}));
  EXPECT_EQ(rejected.status(), causeway::v1::INSTRUCTION_STATUS_REJECTED);
  EXPECT_EQ(rejected.rejection().outcome(), causeway::v1::OUTCOME_NOT_AUTHORISED);
}

// A day of two full bulks had no statement at all.
TEST_F(BankQueriesTest, PagesOfAStatementJoinToTheWhole) {
  for (int i = 1; i <= 7; ++i) Submit("ALPHA", PayItem("ALPHA", "BETA", i));
  causeway::v1::Statement whole;
  ASSERT_EQ(Query("ALPHA", &Stub::GetStatement, StatementRequest(0), &whole),
            core::Outcome::kAccepted);
  EXPECT_EQ(whole.older_page(), "");
  causeway::v1::GetStatementRequest request = StatementRequest(3);
  std::vector<std::uint64_t> sequences;  // newest first
  std::vector<int> sizes;
  std::int64_t end = whole.closing_balance();
  causeway::v1::Statement page;
  do {
    ASSERT_EQ(Query("ALPHA", &Stub::GetStatement, request, &page), core::Outcome::kAccepted);
    EXPECT_EQ(page.closing_balance(), end);
    std::int64_t sum = page.opening_balance();
    for (const auto& line : page.lines()) sum += line.posting().amount();
    EXPECT_EQ(sum, page.closing_balance());
    for (int i = page.lines_size(); i > 0; --i) {
      sequences.push_back(page.lines(i - 1).posting().sequence());
    }
    sizes.push_back(page.lines_size());
    end = page.opening_balance();
    request.set_older_page(page.older_page());
    // What comes meanwhile is not in the pages of before.
    Submit("ALPHA", PayItem("ALPHA", "BETA", 9));
  } while (!page.older_page().empty());
  EXPECT_EQ(end, whole.opening_balance());
  EXPECT_THAT(sizes, ElementsAre(3, 3, 2));
  EXPECT_THAT(sequences, ElementsAre(8, 7, 6, 5, 4, 3, 2, 1));
}

TEST_F(BankQueriesTest, AWrongPlaceInAStatementIsRefused) {
  Submit("ALPHA", PayItem("ALPHA", "BETA", 1));
  Submit("ALPHA", PayItem("ALPHA", "BETA", 2));
  causeway::v1::Statement page;
  const auto outcome = [&](std::string_view caller,
                           const causeway::v1::GetStatementRequest& asked) {
    return Query(caller, &Stub::GetStatement, asked, &page);
  };
  causeway::v1::GetStatementRequest request = StatementRequest(10'001);
  EXPECT_EQ(outcome("ALPHA", request), core::Outcome::kMalformed);
  request = StatementRequest(1);
  ASSERT_EQ(outcome("ALPHA", request), core::Outcome::kAccepted);
  const std::string place = page.older_page();
  request.set_older_page(place);
  request.set_page_lines(0);
  EXPECT_EQ(outcome("ALPHA", request), core::Outcome::kMalformed);
  EXPECT_THAT(message_, HasSubstr("page_lines"));
  request.set_page_lines(1);
  request.set_older_page(place + "x");
  EXPECT_EQ(outcome("ALPHA", request), core::Outcome::kMalformed);
  request.set_older_page(std::string(7, '\0') + '\1' + place.substr(8));  // of another's entry
  EXPECT_EQ(outcome("ALPHA", request), core::Outcome::kMalformed);
  request.set_older_page(place.substr(0, 8) + '\x7f' + std::string(7, '\xff'));
  EXPECT_EQ(outcome("ALPHA", request), core::Outcome::kMalformed);
  EXPECT_THAT(message_, HasSubstr("balance"));
  request.set_older_page(place);
  EXPECT_EQ(outcome("ALPHA", request), core::Outcome::kAccepted);
  EXPECT_EQ(outcome("BETA", request), core::Outcome::kSenderNotEntitled);
}

}  // namespace
}  // namespace causeway::node
