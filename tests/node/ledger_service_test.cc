// The calls that change the ledger, and the queries. Streams have a file of their own.
#include "central-bank-node/runtime/ledger_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "settlement/core/merkle.h"
#include "tests/node/live_service.h"

namespace causeway::node {
namespace {

using causeway::v1::INSTRUCTION_STATUS_ABORTED;
using causeway::v1::INSTRUCTION_STATUS_PREPARED;
using causeway::v1::INSTRUCTION_STATUS_REJECTED;
using causeway::v1::INSTRUCTION_STATUS_SETTLED;
using core::Outcome;
using grpc::StatusCode;
using ::testing::HasSubstr;

class LedgerServiceTest : public LiveServiceTest {
 protected:
  void SetUp() override { StartService(); }

  template <typename Request, typename Response>
  using Method = grpc::Status (causeway::v1::Ledger::Stub::*)(grpc::ClientContext*, const Request&,
                                                              Response*);
  // The outcome of a query by each caller.
  template <typename Request, typename Response>
  Outcome Ask(std::string_view caller, Method<Request, Response> method, const Request& request,
              Response* response) {
    response->Clear();
    ClientCall call(caller);
    const grpc::Status status = (*stub_.*method)(&call.context, request, response);
    EXPECT_TRUE(status.ok() || call.Refusal() != Outcome::kAccepted) << status.error_message();
    return call.Refusal();
  }
  template <typename Request, typename Response>
  void ExpectOutcomes(Method<Request, Response> method, const Request& request,
                      const std::vector<std::pair<std::string, Outcome>>& expected) {
    Response response;
    for (const auto& [caller, outcome] : expected) {
      EXPECT_EQ(core::OutcomeName(Ask(caller, method, request, &response)),
                core::OutcomeName(outcome))
          << "caller \"" << caller << "\"";
    }
  }
};

TEST_F(LedgerServiceTest, PaysAndSaysSo) {
  const causeway::v1::Instruction paid = Submit("ALPHA", PayItem("ALPHA", "BETA", 300, "PAY-1"));
  EXPECT_EQ(paid.status(), INSTRUCTION_STATUS_SETTLED);
  EXPECT_EQ(paid.reference().instruction_id(), "PAY-1");
  EXPECT_EQ(paid.business_date(), "2022-08-15");
  EXPECT_FALSE(paid.repeated());
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(LedgerServiceTest, SameBytesAgainGetTheCurrentStatus) {
  const core::Item payment = PayItem("ALPHA", "BETA", 300);
  const causeway::v1::Instruction first = Submit("ALPHA", payment);
  const causeway::v1::Instruction again = Submit("ALPHA", payment);
  EXPECT_TRUE(again.repeated());
  EXPECT_EQ(again.entry_index(), first.entry_index());
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(LedgerServiceTest, OtherBytesUnderAUsedIdAreRefused) {
  Submit("ALPHA", PayItem("ALPHA", "BETA", 300, "PAY-1"));
  ExpectRefused("ALPHA", RequestOf(PayItem("ALPHA", "BETA", 301, "PAY-1")),
                StatusCode::ALREADY_EXISTS, Outcome::kInstructionIdReused);
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(LedgerServiceTest, RecordedRejectionIsAnAnswerAndNoError) {
  const causeway::v1::Instruction rejected = Submit("BETA", PayItem("BETA", "ALPHA", 300));
  EXPECT_EQ(rejected.status(), INSTRUCTION_STATUS_REJECTED);
  EXPECT_EQ(rejected.rejection().outcome(), causeway::v1::OUTCOME_INSUFFICIENT_FUNDS);
  EXPECT_EQ(rejected.rejection().detail_actual(), 0);
  EXPECT_EQ(rejected.rejection().detail_required(), 300);
  EXPECT_GT(rejected.entry_index(), 0U);
}

TEST_F(LedgerServiceTest, InstructionIsSentByItsPartyOrTheCentralBank) {
  const causeway::v1::SubmitRequest payment = RequestOf(PayItem("ALPHA", "BETA", 300));
  for (const char* other : {"BETA", "BRIDGE", "AUDITOR", "STRANGER"}) {
    ExpectRefused(other, payment, StatusCode::PERMISSION_DENIED, Outcome::kSenderNotEntitled);
  }
  ExpectRefused("ALPHA", RequestOf(ByCentral(core::SetFreeze{Address("BETA"), true, "order 1"})),
                StatusCode::PERMISSION_DENIED, Outcome::kSenderNotEntitled);
  Submit("CENTRAL", PayItem("ALPHA", "BETA", 1));
  Submit("", PayItem("ALPHA", "BETA", 2));  // the local operator
  EXPECT_EQ(Available("BETA"), 3);
}

TEST_F(LedgerServiceTest, SignaturesAreCheckedWhoeverSends) {
  core::Item forged = PayItem("ALPHA", "BETA", 300);
  forged.envelope.signatures.front().signature[0] ^= 1;
  ExpectRefused("ALPHA", RequestOf(forged), StatusCode::UNAUTHENTICATED, Outcome::kBadSignature);
  ExpectRefused("ALPHA", RequestOf(Signed("ALPHA", PayOf("ALPHA", "BETA", 1), {"BETA"})),
                StatusCode::PERMISSION_DENIED, Outcome::kNotSignedByParty);
  ExpectRefused("ALPHA", RequestOf(Signed("ALPHA", PayOf("ALPHA", "BETA", 1), {"nobody"})),
                StatusCode::UNAUTHENTICATED, Outcome::kUnknownKey);
  EXPECT_EQ(Available("BETA"), 0);
}

TEST_F(LedgerServiceTest, MalformedRequestsNameTheField) {
  const auto message_of = [&](const causeway::v1::SubmitRequest& request) {
    ClientCall call("ALPHA");
    causeway::v1::SubmitResponse response;
    const grpc::Status status = stub_->Submit(&call.context, request, &response);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(call.Refusal(), Outcome::kMalformed);
    return status.error_message();
  };
  EXPECT_THAT(message_of({}), HasSubstr("envelope"));
  causeway::v1::SubmitRequest request = RequestOf(PayItem("ALPHA", "BETA", 1));
  request.mutable_envelope()->mutable_signatures(0)->set_key_id("short");
  EXPECT_THAT(message_of(request), HasSubstr("signatures[0].key_id"));
  request = RequestOf(PayItem("ALPHA", "BETA", 1));
  request.mutable_envelope()->set_payload("\xff\xff");
  EXPECT_FALSE(message_of(request).empty());
  request.mutable_envelope()->set_payload_type(core::kTermsPayloadType);
  EXPECT_THAT(message_of(request), HasSubstr("payload_type"));
  request = RequestOf(PayItem("ALPHA", "BETA", 1));
  request.add_private_data("data that no payment names");
  EXPECT_THAT(message_of(request), HasSubstr("private_data[0]"));
}

TEST_F(LedgerServiceTest, SubmitManyAnswersEachInItsPlace) {
  causeway::v1::SubmitManyRequest request;
  *request.add_requests() = RequestOf(PayItem("ALPHA", "BETA", 500));
  request.add_requests();                                              // empty: malformed
  *request.add_requests() = RequestOf(PayItem("BETA", "ALPHA", 100));  // not the caller's
  *request.add_requests() = RequestOf(PayItem("ALPHA", "BETA", 200'000));
  ClientCall call("ALPHA");
  causeway::v1::SubmitManyResponse response;
  ASSERT_TRUE(stub_->SubmitMany(&call.context, request, &response).ok());
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).response().instructions(0).status(), INSTRUCTION_STATUS_SETTLED);
  EXPECT_EQ(response.results(1).rejection().outcome(), causeway::v1::OUTCOME_MALFORMED);
  EXPECT_EQ(response.results(2).rejection().outcome(), causeway::v1::OUTCOME_SENDER_NOT_ENTITLED);
  EXPECT_EQ(response.results(3).response().instructions(0).rejection().outcome(),
            causeway::v1::OUTCOME_INSUFFICIENT_FUNDS);
}

TEST_F(LedgerServiceTest, SubmitManyIsBounded) {
  causeway::v1::SubmitManyRequest request;
  for (int i = 0; i < 1025; ++i) request.add_requests();
  ClientCall call("ALPHA");
  causeway::v1::SubmitManyResponse response;
  EXPECT_EQ(stub_->SubmitMany(&call.context, request, &response).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(call.Refusal(), Outcome::kBatchTooLarge);
}

TEST_F(LedgerServiceTest, PaymentBatchAnswersWithEveryPayment) {
  ClientCall call("ALPHA");
  causeway::v1::SubmitResponse response;
  ASSERT_TRUE(stub_->Submit(&call.context, RequestOf(PayBatchItem(1000)), &response).ok());
  ASSERT_EQ(response.instructions_size(), 1000);
  for (const causeway::v1::Instruction& instruction : response.instructions()) {
    EXPECT_EQ(instruction.status(), INSTRUCTION_STATUS_SETTLED);
  }
  EXPECT_EQ(Available("BETA"), 1000);
}

TEST_F(LedgerServiceTest, DeadlineThatPassesLeavesAWholeOutcome) {
  journal_->Close();
  const core::Item payment = PayItem("ALPHA", "BETA", 300, "LATE");
  {
    ClientCall call("ALPHA", std::chrono::milliseconds(200));
    causeway::v1::SubmitResponse response;
    EXPECT_EQ(stub_->Submit(&call.context, RequestOf(payment), &response).error_code(),
              StatusCode::DEADLINE_EXCEEDED);
  }
  // This one comes while the first is stuck in its sync: it may be executed behind it or dropped.
  const core::Item later = PayItem("ALPHA", "BETA", 50, "LATER");
  {
    ClientCall call("ALPHA", std::chrono::milliseconds(200));
    causeway::v1::SubmitResponse response;
    EXPECT_EQ(stub_->Submit(&call.context, RequestOf(later), &response).error_code(),
              StatusCode::DEADLINE_EXCEEDED);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  journal_->Open();
  EXPECT_TRUE(Submit("ALPHA", payment).repeated());
  Submit("ALPHA", later);
  EXPECT_EQ(Available("BETA"), 350) << "each once";
}

TEST_F(LedgerServiceTest, StoppedNodeRefusesAsUnavailable) {
  runtime_->Stop();
  ExpectRefused("ALPHA", RequestOf(PayItem("ALPHA", "BETA", 1)), StatusCode::UNAVAILABLE,
                Outcome::kUnavailable);
  causeway::v1::LedgerInfo info;
  EXPECT_EQ(Ask("ALPHA", &causeway::v1::Ledger::Stub::GetLedger, {}, &info), Outcome::kUnavailable);
}

TEST_F(LedgerServiceTest, LedgerTellsWhatPayloadsMustName) {
  causeway::v1::LedgerInfo info;
  EXPECT_EQ(Ask("STRANGER", &causeway::v1::Ledger::Stub::GetLedger, {}, &info), Outcome::kAccepted);
  EXPECT_EQ(info.ledger(), "hk.example/hkd");
  EXPECT_EQ(info.genesis_hash(), genesis_.hash.view());
  EXPECT_EQ(info.genesis(), genesis_.bytes);
  EXPECT_EQ(info.currency(), "HKD");
  EXPECT_EQ(info.phase(), causeway::v1::DAY_PHASE_OPEN);
  EXPECT_GE(info.ledger_time_us(), kStart.micros());
  EXPECT_EQ(info.batch_payments_max(), core::kBatchPaymentsMax);
}

TEST_F(LedgerServiceTest, AccountIsShownToItsOwnerCentralBankAndObserver) {
  causeway::v1::GetAccountRequest request;
  request.set_address(Text(Address("ALPHA")));
  const std::vector<std::pair<std::string, Outcome>> expected = {
      {"ALPHA", Outcome::kAccepted},
      {"CENTRAL", Outcome::kAccepted},
      {"AUDITOR", Outcome::kAccepted},
      {"", Outcome::kAccepted},
      {"BETA", Outcome::kSenderNotEntitled},
      {"BRIDGE", Outcome::kSenderNotEntitled},
      {"STRANGER", Outcome::kSenderNotEntitled}};
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetAccount, request, expected);
  // Whether an account exists is told to those who would see it only.
  request.set_address(Text(Address("NOWHERE")));
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetAccount, request,
                 {{"CENTRAL", Outcome::kNotFound}, {"BETA", Outcome::kSenderNotEntitled}});
  request.set_address("HKD00WRONG");
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetAccount, request, {{"BETA", Outcome::kMalformed}});
}

TEST_F(LedgerServiceTest, AccountShowsItsBalances) {
  Submit("ALPHA", PayItem("ALPHA", "BETA", 300));
  causeway::v1::GetAccountRequest request;
  request.set_address(Text(Address("ALPHA")));
  causeway::v1::Account account;
  Ask("ALPHA", &causeway::v1::Ledger::Stub::GetAccount, request, &account);
  EXPECT_EQ(account.owner(), "ALPHA");
  EXPECT_EQ(account.currency(), "HKD");
  EXPECT_EQ(account.available(), 99'700);
  EXPECT_EQ(account.posting_count(), 2U);
  EXPECT_EQ(account.purpose(), causeway::v1::ACCOUNT_PURPOSE_SETTLEMENT);
}

TEST_F(LedgerServiceTest, AccountsAreListedByOwner) {
  causeway::v1::ListAccountsResponse response;
  const auto list = [&](std::string_view caller, const std::string& owner) {
    causeway::v1::ListAccountsRequest request;
    request.set_owner(owner);
    Ask(caller, &causeway::v1::Ledger::Stub::ListAccounts, request, &response);
    return response.accounts_size();
  };
  EXPECT_EQ(list("ALPHA", ""), 1);
  EXPECT_EQ(response.accounts(0).address(), Text(Address("ALPHA")));
  EXPECT_EQ(list("CENTRAL", "BETA"), 1);
  EXPECT_EQ(list("", ""), 3);  // with the liability account
  EXPECT_EQ(list("ALPHA", "BETA"), 0);
}

TEST_F(LedgerServiceTest, InstructionIsShownToItsPartiesAndTheUetrFindsIt) {
  core::Pay pay = PayOf("ALPHA", "BETA", 300);
  const core::Uetr uetr = pay.uetr;
  Submit("ALPHA", Signed("ALPHA", std::move(pay), {"ALPHA"}, "PAY-1"));
  causeway::v1::GetInstructionRequest request;
  request.mutable_reference()->set_instructing_party("ALPHA");
  request.mutable_reference()->set_kind(causeway::v1::ACTION_KIND_PAY);
  request.mutable_reference()->set_instruction_id("PAY-1");
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetInstruction, request,
                 {{"ALPHA", Outcome::kAccepted},
                  {"BETA", Outcome::kAccepted},
                  {"AUDITOR", Outcome::kAccepted},
                  {"BRIDGE", Outcome::kSenderNotEntitled},
                  {"STRANGER", Outcome::kSenderNotEntitled}});
  request.mutable_reference()->set_instruction_id("PAY-2");
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetInstruction, request,
                 {{"ALPHA", Outcome::kNotFound}, {"BETA", Outcome::kSenderNotEntitled}});

  causeway::v1::FindByUetrRequest by_uetr;
  by_uetr.set_uetr(std::string(uetr.view()));
  causeway::v1::FindByUetrResponse found;
  Ask("BETA", &causeway::v1::Ledger::Stub::FindByUetr, by_uetr, &found);
  EXPECT_EQ(found.instructions_size(), 1);
  Ask("BRIDGE", &causeway::v1::Ledger::Stub::FindByUetr, by_uetr, &found);
  EXPECT_EQ(found.instructions_size(), 0);
}

TEST_F(LedgerServiceTest, StatementAddsUp) {
  Submit("ALPHA", PayItem("ALPHA", "BETA", 300));
  causeway::v1::GetStatementRequest request;
  request.set_address(Text(Address("ALPHA")));
  request.set_from_date("2022-08-15");
  request.set_to_date("2022-08-16");
  causeway::v1::Statement statement;
  ASSERT_EQ(Ask("ALPHA", &causeway::v1::Ledger::Stub::GetStatement, request, &statement),
            Outcome::kAccepted);
  ASSERT_EQ(statement.lines_size(), 2);
  EXPECT_EQ(statement.opening_balance(), 0);
  EXPECT_EQ(statement.closing_balance(), 99'700);
  EXPECT_EQ(statement.lines(1).posting().amount(), -300);
  EXPECT_EQ(statement.lines(1).counterparty_account(), Text(Address("BETA")));
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetStatement, request,
                 {{"BETA", Outcome::kSenderNotEntitled}});
  request.set_to_date("2022-08-14");
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetStatement, request,
                 {{"ALPHA", Outcome::kMalformed}});
}

// Of 1,500.00 there are 1,000.00; BETA pays 200.00 back.
TEST_F(LedgerServiceTest, WhoeverAsksIsToldHowFarAPaymentHasComeThatSettlesInParts) {
  core::QueueRules rules{.discipline = core::QueueDiscipline::kFifo, .queued_max = 10};
  rules.splitting.part_min = core::Amount::FromMinor(100);
  Submit("CENTRAL", ByCentral(core::SetQueueRules{rules}));
  const core::Item payment = PayItem("ALPHA", "BETA", 150'000, "PARTS");
  const causeway::v1::Instruction waits = Submit("ALPHA", payment);
  EXPECT_EQ(waits.status(), causeway::v1::INSTRUCTION_STATUS_QUEUED);
  EXPECT_EQ(waits.parts().settled(), 100'000);
  EXPECT_EQ(waits.parts().amount(), 150'000);
  Submit("BETA", PayItem("BETA", "ALPHA", 20'000));
  const causeway::v1::Instruction again = Submit("ALPHA", payment);
  EXPECT_TRUE(again.repeated());
  EXPECT_EQ(again.entry_index(), waits.entry_index());
  EXPECT_EQ(again.parts().settled(), 120'000);

  causeway::v1::GetStatementRequest request;
  request.set_address(Text(Address("BETA")));
  request.set_from_date("2022-08-15");
  request.set_to_date("2022-08-15");
  causeway::v1::Statement statement;
  ASSERT_EQ(Ask("BETA", &causeway::v1::Ledger::Stub::GetStatement, request, &statement),
            Outcome::kAccepted);
  ASSERT_EQ(statement.lines_size(), 3);
  EXPECT_EQ(statement.lines(0).posting().amount(), 100'000);
  EXPECT_EQ(statement.lines(0).parts().settled(), 100'000);
  EXPECT_EQ(statement.lines(0).instruction().instruction_id(), "PARTS");
  EXPECT_FALSE(statement.lines(1).has_parts());
  EXPECT_EQ(statement.lines(2).posting().amount(), 20'000);
  EXPECT_EQ(statement.lines(2).parts().settled(), 120'000);
  EXPECT_EQ(statement.lines(2).parts().amount(), 150'000);
  EXPECT_EQ(statement.closing_balance(), 100'000);

  causeway::v1::ListEntriesRequest list;
  list.set_address(Text(Address("BETA")));
  causeway::v1::ListEntriesResponse entries;
  ASSERT_EQ(Ask("BETA", &causeway::v1::Ledger::Stub::ListEntries, list, &entries),
            Outcome::kAccepted);
  ASSERT_EQ(entries.entries_size(), 3);
  EXPECT_EQ(entries.entries(2).status(), causeway::v1::INSTRUCTION_STATUS_QUEUED);
  EXPECT_EQ(entries.entries(2).cause(), causeway::v1::CAUSE_RELEASE);
  EXPECT_EQ(entries.entries(2).parts().settled(), 120'000);

  const core::InstructionKey key{Party("ALPHA"), core::ActionKind::kPay,
                                 *core::InstructionId::Parse("PARTS")};
  Submit("ALPHA", Signed("ALPHA", core::Cancel{key}, {"ALPHA"}));
  const causeway::v1::Instruction ended = Submit("ALPHA", payment);
  EXPECT_EQ(ended.status(), causeway::v1::INSTRUCTION_STATUS_CANCELLED);
  EXPECT_EQ(ended.parts().settled(), 120'000);
  EXPECT_EQ(Available("BETA"), 100'000);
}

TEST_F(LedgerServiceTest, EntriesAreListedPageByPageAndOnlyTheCallersOwn) {
  for (int i = 0; i < 5; ++i) Submit("ALPHA", PayItem("ALPHA", "BETA", 1));
  Submit("BETA", PayItem("BETA", "ALPHA", 1'000));  // rejected: BETA's own all the same
  const auto all = [&](std::string_view caller, const std::string& address) {
    std::vector<std::uint64_t> indices;
    causeway::v1::ListEntriesRequest request;
    request.set_page_size(2);
    request.set_address(address);
    causeway::v1::ListEntriesResponse page;
    do {
      EXPECT_EQ(Ask(caller, &causeway::v1::Ledger::Stub::ListEntries, request, &page),
                Outcome::kAccepted);
      EXPECT_LE(page.entries_size(), 2);
      for (const auto& entry : page.entries()) indices.push_back(entry.index());
      request.set_from_index(page.next_index());
    } while (page.next_index() != 0);
    EXPECT_TRUE(std::is_sorted(indices.begin(), indices.end()));
    return indices.size();
  };
  EXPECT_EQ(all("BETA", ""), 6U);
  EXPECT_EQ(all("ALPHA", ""), 6U);  // the issue, and what it paid
  EXPECT_EQ(all("ALPHA", Text(Address("ALPHA"))), 6U);
  EXPECT_EQ(all("STRANGER", ""), 0U);
  // Everything: 4 registrations, 2 accounts, the day, the issue, and the payments.
  EXPECT_EQ(all("AUDITOR", ""), 14U);
  causeway::v1::ListEntriesRequest request;
  request.set_page_size(1001);
  ExpectOutcomes(&causeway::v1::Ledger::Stub::ListEntries, request,
                 {{"AUDITOR", Outcome::kMalformed}});
}

TEST_F(LedgerServiceTest, AnAccountsNewestEntriesAreListedFirstForThoseWhoMaySeeIt) {
  for (int i = 1; i <= 5; ++i) Submit("ALPHA", PayItem("ALPHA", "BETA", i));
  causeway::v1::ListEntriesRequest request;
  request.set_newest_first(true);
  request.set_address(Text(Address("BETA")));
  request.set_page_size(2);
  std::vector<std::int64_t> amounts;
  causeway::v1::ListEntriesResponse page;
  do {
    ASSERT_EQ(Ask("BETA", &causeway::v1::Ledger::Stub::ListEntries, request, &page),
              Outcome::kAccepted);
    EXPECT_EQ(page.next_index(), 0U);
    for (const auto& entry : page.entries()) amounts.push_back(entry.postings(1).amount());
    request.set_before_index(page.older_index());
  } while (page.older_index() != 0);
  EXPECT_EQ(amounts, (std::vector<std::int64_t>{5, 4, 3, 2, 1}));
  request.set_before_index(0);
  ExpectOutcomes(&causeway::v1::Ledger::Stub::ListEntries, request,
                 {{"ALPHA", Outcome::kSenderNotEntitled}, {"AUDITOR", Outcome::kAccepted}});
  request.set_before_index(1);  // the genesis is none of its entries
  ExpectOutcomes(&causeway::v1::Ledger::Stub::ListEntries, request,
                 {{"BETA", Outcome::kMalformed}});
  request.set_before_index(0);
  request.set_from_index(1);
  ExpectOutcomes(&causeway::v1::Ledger::Stub::ListEntries, request,
                 {{"BETA", Outcome::kMalformed}});
  causeway::v1::ListEntriesRequest wrong;
  wrong.set_newest_first(true);
  ExpectOutcomes(&causeway::v1::Ledger::Stub::ListEntries, wrong,
                 {{"AUDITOR", Outcome::kMalformed}});
  wrong.set_newest_first(false);
  wrong.set_before_index(9);
  ExpectOutcomes(&causeway::v1::Ledger::Stub::ListEntries, wrong,
                 {{"AUDITOR", Outcome::kMalformed}});
}

TEST_F(LedgerServiceTest, ReceiptProvesTheEntryAndShowsTheEnvelopeToItsPartyOnly) {
  const causeway::v1::Instruction paid = Submit("ALPHA", PayItem("ALPHA", "BETA", 300));
  causeway::v1::GetReceiptRequest request;
  *request.mutable_instruction() = paid.reference();
  causeway::v1::Receipt receipt;
  ASSERT_EQ(Ask("BETA", &causeway::v1::Ledger::Stub::GetReceipt, request, &receipt),
            Outcome::kAccepted);
  EXPECT_FALSE(receipt.has_envelope());
  EXPECT_EQ(receipt.entry_index(), paid.entry_index());
  const core::SignedCheckpoint checkpoint = *core::ParseCheckpoint(receipt.checkpoint());
  std::vector<core::Hash256> proof;
  for (const std::string& hash : receipt.entry_proof()) {
    proof.push_back(*core::Hash256::FromBytes(hash));
  }
  EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt.entry()), receipt.entry_index(),
                                    checkpoint.checkpoint.size, proof, checkpoint.checkpoint.root));
  EXPECT_EQ(receipt.genesis(), genesis_.bytes);

  request.set_entry_index(paid.entry_index());
  Ask("ALPHA", &causeway::v1::Ledger::Stub::GetReceipt, request, &receipt);
  EXPECT_TRUE(receipt.has_envelope());
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetReceipt, request,
                 {{"AUDITOR", Outcome::kAccepted},
                  {"BRIDGE", Outcome::kSenderNotEntitled},
                  {"STRANGER", Outcome::kSenderNotEntitled}});
  request.set_entry_index(0);  // the genesis is no entry
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetReceipt, request,
                 {{"AUDITOR", Outcome::kNotFound}, {"ALPHA", Outcome::kSenderNotEntitled}});
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetReceipt, causeway::v1::GetReceiptRequest(),
                 {{"ALPHA", Outcome::kMalformed}});
}

TEST_F(LedgerServiceTest, ConsistencyProofLeadsFromAnOldCheckpointToTheLatest) {
  causeway::v1::CheckpointResponse old_note;
  Ask("STRANGER", &causeway::v1::Ledger::Stub::GetCheckpoint, {}, &old_note);
  const core::Checkpoint old_head = core::ParseCheckpoint(old_note.checkpoint())->checkpoint;
  Submit("ALPHA", PayItem("ALPHA", "BETA", 300));
  causeway::v1::GetConsistencyProofRequest request;
  request.set_old_size(old_head.size);
  causeway::v1::ConsistencyProof answer;
  Ask("STRANGER", &causeway::v1::Ledger::Stub::GetConsistencyProof, request, &answer);
  const core::Checkpoint head = core::ParseCheckpoint(answer.checkpoint())->checkpoint;
  EXPECT_EQ(answer.new_size(), head.size);
  std::vector<core::Hash256> proof;
  for (const std::string& hash : answer.proof()) proof.push_back(*core::Hash256::FromBytes(hash));
  EXPECT_TRUE(core::VerifyConsistency(old_head.size, head.size, old_head.root, head.root, proof));
  request.set_old_size(head.size + 1);
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetConsistencyProof, request,
                 {{"STRANGER", Outcome::kMalformed}});
}

class LedgerSettlementServiceTest : public LedgerServiceTest {
 protected:
  void SetUp() override {
    LedgerServiceTest::SetUp();
    Submit("CENTRAL", SetPolicyItem());
  }
  static causeway::v1::PrepareRequest RequestFor(const Prepare& prepare) {
    causeway::v1::PrepareRequest request;
    codec::ToProto(prepare.terms, request.mutable_terms());
    for (const core::ProvenLeg& leg : prepare.legs) codec::ToProto(leg, request.add_legs());
    return request;
  }
};

TEST_F(LedgerSettlementServiceTest, PrepareIsForTheBridgeAPayerAndTheCentralBank) {
  const causeway::v1::PrepareRequest request = RequestFor(MakePrepare(700, "LEG-1"));
  causeway::v1::PrepareResponse response;
  const auto prepare = [&](std::string_view caller) {
    return Ask(caller, &causeway::v1::Ledger::Stub::Prepare, request, &response);
  };
  for (const char* other : {"BETA", "AUDITOR", "STRANGER"}) {
    EXPECT_EQ(prepare(other), Outcome::kSenderNotEntitled) << other;
  }
  for (const char* sender : {"BRIDGE", "ALPHA", "CENTRAL"}) {
    EXPECT_EQ(prepare(sender), Outcome::kAccepted) << sender;
    EXPECT_EQ(response.status(), INSTRUCTION_STATUS_PREPARED);
    const absl::StatusOr<core::Vote> vote = core::DecodeVote(response.vote());
    ASSERT_TRUE(vote.ok()) << vote.status().message();
    EXPECT_TRUE(core::VerifyVote(*vote, policy_, core::OpenSslSignatureVerifier()).ok());
    EXPECT_EQ(vote->hold, response.entry_index());
  }
}

TEST_F(LedgerSettlementServiceTest, PrepareThatFundsDoNotCoverIsRecordedAsRejected) {
  causeway::v1::PrepareResponse response;
  EXPECT_EQ(Ask("BRIDGE", &causeway::v1::Ledger::Stub::Prepare,
                RequestFor(MakePrepare(100'001, "LEG-1")), &response),
            Outcome::kAccepted);
  EXPECT_EQ(response.status(), INSTRUCTION_STATUS_REJECTED);
  EXPECT_EQ(response.rejection().outcome(), causeway::v1::OUTCOME_INSUFFICIENT_FUNDS);
  EXPECT_TRUE(response.vote().empty());
}

TEST_F(LedgerSettlementServiceTest, AnybodyCarriesTheCertificateAndRepeatsAreHarmless) {
  const Prepare prepare = MakePrepare(700, "LEG-1");
  causeway::v1::PrepareResponse prepared;
  Ask("BRIDGE", &causeway::v1::Ledger::Stub::Prepare, RequestFor(prepare), &prepared);
  causeway::v1::CompleteRequest request;
  request.set_completion(AbortOf(prepare));
  causeway::v1::CompleteResponse response;
  for (const char* sender : {"STRANGER", "BRIDGE"}) {
    EXPECT_EQ(Ask(sender, &causeway::v1::Ledger::Stub::Complete, request, &response),
              Outcome::kAccepted);
    EXPECT_EQ(response.status(), INSTRUCTION_STATUS_ABORTED);
    EXPECT_EQ(response.settlement_id(), prepare.settlement_id.view());
    EXPECT_GT(response.entry_index(), prepared.entry_index());
  }
  EXPECT_EQ(Available("ALPHA"), 100'000);
  EXPECT_EQ(Ask("BRIDGE", &causeway::v1::Ledger::Stub::Prepare, RequestFor(prepare), &prepared),
            Outcome::kSettlementAborted);
}

TEST_F(LedgerSettlementServiceTest, AbortThatComesFirstIsATombstone) {
  const Prepare prepare = MakePrepare(700, "LEG-1");
  causeway::v1::CompleteRequest request;
  request.set_completion(AbortOf(prepare));
  causeway::v1::CompleteResponse response;
  EXPECT_EQ(Ask("BRIDGE", &causeway::v1::Ledger::Stub::Complete, request, &response),
            Outcome::kAccepted);
  EXPECT_EQ(response.status(), INSTRUCTION_STATUS_ABORTED);
  EXPECT_GT(response.entry_index(), 0U);
  // It has no parties; its payers must learn that nothing will be held.
  causeway::v1::GetLedgerSettlementRequest asked;
  asked.set_settlement_id(std::string(prepare.settlement_id.view()));
  causeway::v1::LedgerSettlement shown;
  EXPECT_EQ(Ask("ALPHA", &causeway::v1::Ledger::Stub::GetSettlement, asked, &shown),
            Outcome::kAccepted);
  EXPECT_EQ(shown.status(), INSTRUCTION_STATUS_ABORTED);
  EXPECT_EQ(shown.legs_size(), 0);
}

TEST_F(LedgerSettlementServiceTest, SettlementIsShownToItsPartiesAndListedForTheBridge) {
  const Prepare prepare = MakePrepare(700, "LEG-1");
  causeway::v1::PrepareResponse prepared;
  Ask("BRIDGE", &causeway::v1::Ledger::Stub::Prepare, RequestFor(prepare), &prepared);
  causeway::v1::GetLedgerSettlementRequest request;
  request.set_settlement_id(std::string(prepare.settlement_id.view()));
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetSettlement, request,
                 {{"BRIDGE", Outcome::kAccepted},
                  {"ALPHA", Outcome::kAccepted},
                  {"BETA", Outcome::kAccepted},
                  {"STRANGER", Outcome::kSenderNotEntitled}});
  causeway::v1::LedgerSettlement settlement;
  Ask("ALPHA", &causeway::v1::Ledger::Stub::GetSettlement, request, &settlement);
  ASSERT_EQ(settlement.legs_size(), 1);
  EXPECT_EQ(settlement.legs(0).amount().minor_units(), 700);
  EXPECT_EQ(settlement.status(), INSTRUCTION_STATUS_PREPARED);

  causeway::v1::ListPreparedRequest list;
  causeway::v1::ListPreparedResponse listed;
  Ask("BRIDGE", &causeway::v1::Ledger::Stub::ListPrepared, list, &listed);
  ASSERT_EQ(listed.settlements_size(), 1);
  EXPECT_GE(listed.now_us(), listed.settlements(0).prepared_us());
  EXPECT_GT(listed.settlements(0).deadline_us(), listed.settlements(0).prepared_us());
  EXPECT_EQ(listed.settlements(0).decision_log(), "bridge.example/decisions");
  list.set_age_us_min(3'600'000'000);
  Ask("BRIDGE", &causeway::v1::Ledger::Stub::ListPrepared, list, &listed);
  EXPECT_EQ(listed.settlements_size(), 0);
  ExpectOutcomes(&causeway::v1::Ledger::Stub::ListPrepared, list,
                 {{"ALPHA", Outcome::kSenderNotEntitled}});
  request.set_settlement_id("short");
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetSettlement, request,
                 {{"BRIDGE", Outcome::kMalformed}});
  request.set_settlement_id(std::string(32, 'x'));
  ExpectOutcomes(&causeway::v1::Ledger::Stub::GetSettlement, request,
                 {{"BRIDGE", Outcome::kNotFound}, {"ALPHA", Outcome::kSenderNotEntitled}});
}

}  // namespace
}  // namespace causeway::node
