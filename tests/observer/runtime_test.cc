#include "observer/runtime/runtime.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "observer/runtime/program.h"
#include "observer/runtime/questions.h"
#include "settlement/core/hash.h"
#include "settlement/rpc/peer.h"
#include "tests/observer/runtime_fixture.h"

namespace causeway::observer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(RuntimeTest, FollowsEveryLogAndServesWhatItVerified) {
  StartObserver();
  const TestSettlement settlement = world_.Settle(300, 400);
  Show();
  ASSERT_TRUE(EventuallyVerified());
  const v1::ObserverStatus status = Status();
  EXPECT_EQ(status.settlements_settled(), 1u);
  EXPECT_EQ(status.alerts(), 0u);
  EXPECT_TRUE(status.logs(0).connected());
  EXPECT_EQ(status.logs(0).checkpoint(), world_.hkd.Checkpoint());
  EXPECT_EQ(status.logs(0).state_root(), world_.hkd.ledger().StateRoot().view());
  EXPECT_EQ(status.supplies(0).currency(), "HKD");
  EXPECT_EQ(status.supplies(0).in_circulation(), 200'000);

  grpc::ClientContext account_context;
  v1::GetObservedAccountRequest account_request;
  account_request.set_ledger(world_.hkd.origin());
  account_request.set_address(world_.hkd.Address("ALPHA").ToString());
  v1::Account account;
  ASSERT_TRUE(stub_->GetAccount(&account_context, account_request, &account).ok());
  EXPECT_EQ(account.available(), 99'700);

  grpc::ClientContext settlement_context;
  v1::GetObservedSettlementRequest settlement_request;
  settlement_request.set_settlement_id(std::string(settlement.id.view()));
  v1::ObservedSettlement view;
  ASSERT_TRUE(stub_->GetSettlement(&settlement_context, settlement_request, &view).ok());
  EXPECT_EQ(view.verdict(), "commit");
  EXPECT_TRUE(view.complete());
  EXPECT_EQ(view.ledgers_size(), 2);

  grpc::ClientContext list_context;
  v1::ListSettlementsResponse list;
  ASSERT_TRUE(stub_->ListSettlements(&list_context, v1::ListSettlementsRequest(), &list).ok());
  EXPECT_EQ(list.settlements_size(), 1);

  grpc::ClientContext accounts_context;
  v1::ListObservedAccountsRequest accounts_request;
  accounts_request.set_ledger(world_.thb.origin());
  v1::ListAccountsResponse accounts;
  ASSERT_TRUE(stub_->ListAccounts(&accounts_context, accounts_request, &accounts).ok());
  EXPECT_EQ(accounts.accounts_size(), 3);
}

TEST_F(RuntimeTest, ShowsEveryVerifiedBatchByteForByte) {
  StartObserver();
  world_.Settle(300, 400);
  Show();
  ASSERT_TRUE(EventuallyVerified());
  const auto list = [this](const std::string& log, std::uint64_t from) {
    grpc::ClientContext context;
    v1::ListBatchesRequest request;
    request.set_log(log);
    request.set_from_number(from);
    v1::ListBatchesResponse response;
    EXPECT_TRUE(stub_->ListBatches(&context, request, &response).ok());
    EXPECT_EQ(response.next_number(), 0u);
    return std::vector<std::string>(response.batches().begin(), response.batches().end());
  };
  const std::vector<std::string>& hkd = world_.hkd.batches();
  EXPECT_EQ(list(world_.hkd.origin(), 0), hkd);
  EXPECT_EQ(list(world_.hkd.origin(), hkd.size() - 1), std::vector<std::string>{hkd.back()});
  EXPECT_EQ(list(world_.hkd.origin(), hkd.size()), std::vector<std::string>());
  EXPECT_EQ(list(world_.bridge->origin(), 0), world_.bridge->batches());
}

TEST_F(RuntimeTest, ListsWhatCentralBanksOrdered) {
  world_.Settle(300, 400);
  const core::Hash256 other = core::LeafHash("another settlement");
  world_.hkd.Write({world_.hkd.ByCentral(
      core::OperatorOverride{world_.hkd.Address("BETA"), world_.hkd.Address("ALPHA"),
                             world_.hkd.Money(300), "judgment 12"})});
  world_.thb.Write({world_.thb.ByCentral(core::OrderAbort{other, "judgment 13"})});
  Show();
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  EXPECT_EQ(Status().overrides(), 2u);
  EXPECT_EQ(Status().alerts(), 0u);
  EXPECT_EQ(Status().settlements_open(), 0u);
  grpc::ClientContext context;
  v1::ListOverridesResponse list;
  ASSERT_TRUE(stub_->ListOverrides(&context, v1::ListOverridesRequest(), &list).ok());
  ASSERT_EQ(list.overrides_size(), 2);
  EXPECT_EQ(list.overrides(0).instruction().kind(), v1::ACTION_KIND_OPERATOR_OVERRIDE);
  EXPECT_EQ(list.overrides(0).amount().minor_units(), 300);
  EXPECT_EQ(list.overrides(0).legal_basis(), "judgment 12");
  EXPECT_EQ(list.overrides(1).ledger(), world_.thb.origin());
  EXPECT_EQ(list.overrides(1).settlement_id(), other.view());
}

// What the commands print; captured.
std::string Printed(const std::function<int()>& ask, int exit_status) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(ask(), exit_status);
  return ::testing::internal::GetCapturedStdout();
}

TEST_F(RuntimeTest, ListsRepeatedRtgsReferencesAndCountsThem) {
  for (int i = 0; i < 3; ++i) {
    world_.hkd.Write({world_.hkd.ByCentral(
        core::Issue{world_.hkd.Address("BETA"), world_.hkd.Money(1'000), "CHATS-7"})});
  }
  Show();
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  EXPECT_EQ(Status().repeated_references(), 2u);
  EXPECT_EQ(Status().alerts(), 0u);
  AskOptions options{server_->address(), std::nullopt, false};
  EXPECT_THAT(Printed([&] { return AskStatus(options); }, kExitOk),
              HasSubstr("Repeated RTGS references: 2"));
  EXPECT_THAT(Printed([&] { return AskReferences(options); }, kExitOk),
              HasSubstr("under \"CHATS-7\", which entry "));
  options.json = true;
  const auto json = nlohmann::json::parse(Printed([&] { return AskReferences(options); }, kExitOk));
  ASSERT_EQ(json["repeated_references"].size(), 2u);
  EXPECT_EQ(json["repeated_references"][0]["rtgs_reference"], "CHATS-7");
  EXPECT_EQ(json["repeated_references"][0]["minor_units"], 1'000);
  EXPECT_EQ(json["repeated_references"][1]["first_entry_index"],
            json["repeated_references"][0]["first_entry_index"]);
  EXPECT_EQ(json["repeated_references_count"], 2);
  EXPECT_EQ(json["references_forgotten"], 0);
}

TEST_F(RuntimeTest, AnswersTheQuestionsOfTheCommandLine) {
  world_.Settle(300, 400);
  world_.hkd.Write(
      {world_.hkd.ByCentral(core::SetFreeze{world_.hkd.Address("BETA"), true, "order 5"})});
  Show();
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  AskOptions options{server_->address(), std::nullopt, false};
  EXPECT_THAT(Printed([&] { return AskStatus(options); }, kExitOk),
              AllOf(HasSubstr("hk.example/hkd"), HasSubstr("in circulation 2000.00 HKD"),
                    HasSubstr("1 settled on all ledgers"), HasSubstr("Alerts: 0")));
  EXPECT_THAT(Printed([&] { return AskAlerts(options, 0, std::nullopt); }, kExitOk),
              HasSubstr("No alerts"));
  EXPECT_THAT(Printed([&] { return AskOverrides(options); }, kExitOk),
              HasSubstr("is frozen, on the basis of: order 5"));
  EXPECT_THAT(Printed([&] { return AskReferences(options); }, kExitOk),
              HasSubstr("No RTGS reference was used twice."));
  EXPECT_THAT(Printed([&] { return AskSettlements(options, "", false); }, kExitOk),
              HasSubstr("commit, complete"));
  EXPECT_THAT(Printed([&] { return AskSettlements(options, "", true); }, kExitOk),
              HasSubstr("No settlement is open."));
  EXPECT_THAT(Printed([&] { return AskAccounts(options, world_.hkd.origin()); }, kExitOk),
              AllOf(HasSubstr("ALPHA"), HasSubstr("FROZEN")));
  options.json = true;
  const auto json = nlohmann::json::parse(Printed([&] { return AskOverrides(options); }, kExitOk));
  ASSERT_EQ(json["overrides"].size(), 1u);
  EXPECT_EQ(json["overrides"][0]["kind"], "set-freeze");
  EXPECT_EQ(json["overrides"][0]["frozen"], true);
  EXPECT_EQ(AskSettlements(options, "nonsense", false), kExitUsage);
  EXPECT_EQ(AskAccounts(options, "no.example/such"), kExitUnavailable);
}

TEST_F(RuntimeTest, WritesTheEvidenceOfAlertsToFilesThatItDoesNotOverwrite) {
  std::vector<std::string> batches = world_.hkd.batches();
  batches.push_back("nonsense");
  hkd_.shown.Show(batches, world_.hkd.tree(), world_.hkd.Checkpoint());
  StartObserver();
  ASSERT_TRUE(Eventually([](const v1::ObserverStatus& status) { return status.alerts() == 1; }));
  const std::string folder = ::testing::TempDir() + "/evidence-of-alerts";
  std::filesystem::remove_all(folder);
  const AskOptions options{server_->address(), std::nullopt, false};
  EXPECT_THAT(Printed([&] { return AskAlerts(options, 0, folder); }, kExitAlerts),
              HasSubstr("ALERT malformed-batch (kind 1), number 1"));
  std::ifstream batch(folder + "/alert-1/batch", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(batch), {}), "nonsense");
  EXPECT_EQ(AskAlerts(options, 0, folder), kExitUsage);  // the files are there
  std::filesystem::remove_all(folder);
}

TEST_F(RuntimeTest, ResumesFromItsStoreAfterARestart) {
  world_.Settle(300, 400);
  Show();
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  StopObserver();
  world_.Settle(5, 6);
  Show();
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  EXPECT_EQ(Status().settlements_settled(), 2u);
  EXPECT_EQ(Status().alerts(), 0u);
}

TEST_F(RuntimeTest, ComesBackWhenAnOperatorWasAway) {
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  hkd_.shown.Close();
  hkd_host_.server->Shutdown();
  ASSERT_TRUE(Eventually([](const auto& status) { return !status.logs(0).connected(); }));
  world_.hkd.Write({world_.hkd.Payment("ALPHA", "BETA", 500)});
  FakeLedger again;
  again.shown.Show(world_.hkd.batches(), world_.hkd.tree(), world_.hkd.Checkpoint());
  hkd_host_.server.reset();
  hkd_host_.Start(again);
  EXPECT_TRUE(EventuallyVerified());
  EXPECT_EQ(Status().alerts(), 0u);
  StopObserver();
  again.shown.Close();
  hkd_host_.server->Shutdown();
}

TEST_F(RuntimeTest, AnOperatorThatComesBackShorterIsAnAlert) {
  const std::vector<std::string> old_batches = world_.hkd.batches();
  const core::MerkleTree old_tree = world_.hkd.tree();
  const std::string old_checkpoint = world_.hkd.Checkpoint();
  world_.hkd.Write({world_.hkd.Payment("ALPHA", "BETA", 500)});
  Show();
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  StopObserver();
  hkd_.shown.Show(old_batches, old_tree, old_checkpoint);
  StartObserver();
  ASSERT_TRUE(Eventually([](const auto& status) { return status.alerts() == 1; }));
  EXPECT_TRUE(Status().logs(0).halted());

  grpc::ClientContext context;
  v1::ListAlertsResponse alerts;
  ASSERT_TRUE(stub_->ListAlerts(&context, v1::ListAlertsRequest(), &alerts).ok());
  ASSERT_EQ(alerts.alerts_size(), 1);
  EXPECT_EQ(alerts.alerts(0).kind(), v1::ALERT_KIND_LOG_ROLLED_BACK);
}

// A ledger released what it held by a second decision log, and the one that is shown never comes so
// far.
TEST_F(RuntimeTest, ADecisionLogThatWithholdsWhatItSignedForALedgerIsAnAlert) {
  const TestSettlement settlement = world_.Propose(300, 400);
  world_.hkd.Write({settlement.prepare_hkd});
  TestBridge secret(world_.bridge->policy());
  secret.Write({secret.Abort(core::Sha256("made up")), secret.Abort(settlement.id)});
  world_.hkd.Write({secret.Completion(1)});
  world_.bridge->Write({world_.bridge->Abort(core::Sha256("another"))});
  Show();
  head_every_ = std::chrono::milliseconds(200);
  StartObserver();
  ASSERT_TRUE(Eventually([](const auto& status) { return status.alerts() == 1; }));
  EXPECT_TRUE(Status().logs(2).halted());
  EXPECT_FALSE(Status().logs(0).halted());
  grpc::ClientContext context;
  v1::ListAlertsResponse alerts;
  ASSERT_TRUE(stub_->ListAlerts(&context, v1::ListAlertsRequest(), &alerts).ok());
  EXPECT_EQ(alerts.alerts(0).kind(), v1::ALERT_KIND_LOG_ROLLED_BACK);
}

TEST_F(RuntimeTest, ADecisionLogThatSaysItIsEmptyAndSignedForALedgerIsAnAlert) {
  const TestSettlement settlement = world_.Propose(300, 400);
  world_.hkd.Write({settlement.prepare_hkd});
  TestBridge secret(world_.bridge->policy());
  secret.Write({secret.Abort(settlement.id)});
  world_.hkd.Write({secret.Completion(0)});
  Show();
  bridge_.shown.Show({}, {}, "");
  head_every_ = std::chrono::milliseconds(200);
  StartObserver();
  ASSERT_TRUE(Eventually([](const auto& status) { return status.alerts() == 1; }));
  EXPECT_TRUE(Status().logs(2).halted());
}

// Whom nothing can be proven against: it is slow, or it will never show what it signed.
TEST_F(RuntimeTest, AnOperatorThatNamesAHeadAndShowsNothingOfItIsNotConnected) {
  world_.bridge->Write({world_.bridge->Abort(core::Sha256("first"))});
  Show();
  head_every_ = std::chrono::milliseconds(200);
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  ASSERT_TRUE(Eventually([](const auto& status) { return status.logs(2).connected(); }));
  const std::vector<std::string> first = world_.bridge->batches();
  world_.bridge->Write({world_.bridge->Abort(core::Sha256("second"))});
  bridge_.shown.Show(first, world_.bridge->tree(), world_.bridge->Checkpoint());
  ASSERT_TRUE(Eventually([](const auto& status) { return !status.logs(2).connected(); }));
  EXPECT_EQ(Status().alerts(), 0u);
  Show();
  ASSERT_TRUE(EventuallyVerified());
  EXPECT_TRUE(Eventually([](const auto& status) { return status.logs(2).connected(); }));
}

TEST_F(RuntimeTest, AnOperatorThatComesBackWithAnotherHistoryIsAnAlert) {
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  StopObserver();
  // The same key and genesis, another history, and longer than what was verified.
  TestLedger other("HK", "HKD");
  for (int i = 0; i < 20; ++i) {
    core::RegisterParticipant bank;
    bank.participant = *core::ParticipantId::Parse("BANK" + std::to_string(i));
    bank.role = core::Role::kCommercialBank;
    bank.country = *core::Country::Parse("HK");
    bank.keys = {KeyNamed("BANK" + std::to_string(i))->public_key()};
    other.Write({other.ByCentral(bank)});
  }
  ASSERT_GT(other.tree().size(), world_.hkd.tree().size());
  hkd_.shown.Show(other.batches(), other.tree(), other.Checkpoint());
  StartObserver();
  ASSERT_TRUE(Eventually([](const auto& status) { return status.alerts() == 1; }));
  grpc::ClientContext context;
  v1::ListAlertsResponse alerts;
  ASSERT_TRUE(stub_->ListAlerts(&context, v1::ListAlertsRequest(), &alerts).ok());
  EXPECT_EQ(alerts.alerts(0).kind(), v1::ALERT_KIND_FORKED_LOG);
}

TEST_F(RuntimeTest, WatchersHearOfAnAlert) {
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  grpc::ClientContext context;
  v1::ListAlertsRequest request;
  request.set_from_number(1);
  auto reader = stub_->WatchAlerts(&context, request);
  core::Batch batch = world_.thb.Make({world_.thb.Payment("ALPHA", "BETA", 500)});
  batch.items[0].envelope.signatures[0].signature[5] ^= 1;
  world_.thb.Seal(batch);
  Show();
  v1::Alert alert;
  ASSERT_TRUE(reader->Read(&alert));
  EXPECT_EQ(alert.number(), 1u);
  EXPECT_EQ(alert.kind(), v1::ALERT_KIND_BAD_SIGNATURE);
  context.TryCancel();
  reader->Finish();
}

TEST_F(RuntimeTest, OnlyReadersSeeMoreThanTheStatus) {
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  const auto ask = [this](const char* who) {
    grpc::ClientContext context;
    rpc::NameParticipant(*core::ParticipantId::Parse(who), context);
    v1::ListAlertsResponse alerts;
    return stub_->ListAlerts(&context, v1::ListAlertsRequest(), &alerts);
  };
  EXPECT_TRUE(ask("AUDITOR").ok());
  EXPECT_EQ(ask("ALPHA").error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(RuntimeTest, UnknownThingsAreNotFoundAndBadOnesMalformed) {
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  {
    grpc::ClientContext context;
    v1::GetObservedSettlementRequest request;
    request.set_settlement_id(std::string(32, 'x'));
    v1::ObservedSettlement view;
    EXPECT_EQ(stub_->GetSettlement(&context, request, &view).error_code(),
              grpc::StatusCode::NOT_FOUND);
  }
  {
    grpc::ClientContext context;
    v1::GetObservedSettlementRequest request;
    request.set_settlement_id("short");
    v1::ObservedSettlement view;
    EXPECT_EQ(stub_->GetSettlement(&context, request, &view).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  {
    grpc::ClientContext context;
    v1::GetObservedAccountRequest request;
    request.set_ledger("no.example/x");
    v1::Account account;
    EXPECT_EQ(stub_->GetAccount(&context, request, &account).error_code(),
              grpc::StatusCode::NOT_FOUND);
  }
  {
    grpc::ClientContext context;
    v1::ListBatchesRequest request;
    request.set_log("no.example/x");
    v1::ListBatchesResponse batches;
    EXPECT_EQ(stub_->ListBatches(&context, request, &batches).error_code(),
              grpc::StatusCode::NOT_FOUND);
  }
}

}  // namespace
}  // namespace causeway::observer
