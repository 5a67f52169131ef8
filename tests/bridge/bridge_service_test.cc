// The bridge as its clients see it: over gRPC, against ledgers that answer over gRPC.
#include "fx-bridge/runtime/bridge_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "causeway/v1/ledger_service.grpc.pb.h"
#include "fx-bridge/runtime/ledger_calls.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

using ::testing::ElementsAre;

// A FakeLedger behind the ledger API.
class LedgerStub final : public v1::Ledger::Service {
 public:
  explicit LedgerStub(FakeLedger* ledger) : ledger_(ledger) {}

  grpc::Status SettleMany(grpc::ServerContext*, const v1::SettleManyRequest* request,
                          v1::SettleManyResponse* response) override {
    const std::lock_guard lock(mutex_);
    for (const v1::SettleRequest& one : request->requests()) {
      if (one.has_prepare()) {
        Prepare(one.prepare(), response->add_results());
      } else {
        Complete(one.complete(), response->add_results());
      }
    }
    return grpc::Status::OK;
  }
  core::InstructionStatus StatusOf(const core::Hash256& id) {
    const std::lock_guard lock(mutex_);
    return ledger_->entries[id].status;
  }
  // From now on so many bytes to each refusal to prepare.
  void Say(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    says_ = bytes;
  }

 private:
  void Prepare(const v1::PrepareRequest& request, v1::SettleResult* out) {
    LedgerRequest asked;
    asked.terms = Must(codec::FromProto(request.terms()));
    for (const v1::ProvenLeg& leg : request.legs()) {
      asked.legs.push_back(Must(codec::FromProto(leg)));
    }
    asked.part = request.part();
    const PrepareAnswer answer = ledger_->Prepare(rpc::Now(), asked);
    const auto* refused = std::get_if<core::Rejection>(&answer);
    if (refused != nullptr && !core::IsRecorded(refused->outcome)) {
      codec::ToProto(*refused, out->mutable_rejection());
      return;
    }
    v1::PrepareResponse* const response = out->mutable_prepare();
    if (refused != nullptr) {
      response->set_status(v1::INSTRUCTION_STATUS_REJECTED);
      codec::ToProto(*refused, response->mutable_rejection());
      if (says_ != 0) response->mutable_rejection()->set_message(std::string(says_, 'x'));
      return;
    }
    response->set_status(v1::INSTRUCTION_STATUS_PREPARED);
    response->set_vote(std::get<std::string>(answer));
  }
  void Complete(const v1::CompleteRequest& request, v1::SettleResult* out) {
    LedgerRequest asked;
    asked.completion = request.completion();
    const CompleteAnswer answer = ledger_->Complete(asked);
    if (const auto* refused = std::get_if<core::Rejection>(&answer)) {
      codec::ToProto(*refused, out->mutable_rejection());
      return;
    }
    out->mutable_complete()->set_status(
        static_cast<v1::InstructionStatus>(std::get<core::InstructionStatus>(answer)));
  }

  std::mutex mutex_;
  std::size_t says_ = 0;
  FakeLedger* const ledger_;
};

std::unique_ptr<rpc::Server> Serve(grpc::Service* service, const std::string& listen) {
  rpc::ServerOptions options;
  options.listen = listen;
  return Must(rpc::Server::Start(options, {service}));
}

class BridgeServiceTest : public ::testing::Test {
 protected:
  BridgeServiceTest() : world_({"a.example/usd", "b.example/jpy"}) {
    BoardVenue::Options options;
    options.policy_hash = world_.policy().hash;
    Provider provider;
    provider.participant = Party("DEALER");
    provider.signer = KeyOf("DEALER");
    provider.accounts = {{Origin("a.example/usd"), Address("USD", "DEALER")},
                         {Origin("b.example/jpy"), Address("JPY", "DEALER")}};
    provider.rates = {{{Ccy("USD"), Ccy("JPY")},
                       Must(core::Rate::Parse("147.10")),
                       Must(core::Rate::Parse("147.30")),
                       {}}};
    world_.venue = Must(BoardVenue::Create(options, {provider}));
    for (const auto& ledger : world_.ledgers) {
      stubs_.push_back(std::make_unique<LedgerStub>(ledger.get()));
      servers_.push_back(Serve(stubs_.back().get(), "127.0.0.1:0"));
      addresses_.push_back({ledger->origin(), servers_.back()->address()});
    }
    StartBridge();
  }
  ~BridgeServiceTest() override { StopBridge(); }

  void StartBridge() {
    runtime_ = std::make_unique<BridgeRuntime>(world_.Open(), rpc::Now);
    calls_ = Must(LedgerCalls::Open(addresses_, std::nullopt, {}, runtime_.get()));
    BridgeAccess access;
    access.participants = {Party("ALPHA"), Party("BETA"), Party("GAMMA"), Party("DEALER")};
    access.observers = {Party("WATCH")};
    access.list_open_max = list_open_max_;
    service_ = std::make_unique<BridgeService>(
        runtime_.get(), access, [this](std::size_t size) { return stream_.Bytes(size); });
    runtime_->Start([this](LedgerRequest request) { calls_->Send(std::move(request)); },
                    [](const WitnessCall&) {},
                    [this](const BridgeEngine& engine, const std::vector<core::Hash256>& changed) {
                      service_->OnChanged(engine, changed);
                    });
    server_ = Serve(service_->service(), "127.0.0.1:0");
    stub_ = v1::Bridge::NewStub(Must(rpc::OpenChannel(server_->address(), std::nullopt)));
  }
  void StopBridge() {
    service_->EndStreams();
    runtime_->Stop();
    calls_->Stop();
    service_->EndCalls();
    server_->Shutdown();
    server_.reset();
    service_.reset();
    calls_.reset();
    runtime_.reset();
  }

  static std::unique_ptr<grpc::ClientContext> As(std::string_view participant) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!participant.empty()) rpc::NameParticipant(Party(participant), *context);
    return context;
  }
  static v1::SubmitSettlementRequest RequestOf(const Deal& deal, bool wait) {
    v1::SubmitSettlementRequest request;
    codec::ToProto(deal.terms, request.mutable_terms());
    for (const std::string& leg : deal.legs) request.add_legs(leg);
    request.set_wait(wait);
    return request;
  }
  Deal Swap(std::string_view nonce, core::Duration ahead = core::Duration::FromSeconds(30)) const {
    return world_.Swap(nonce, rpc::Now() + ahead);
  }
  grpc::Status Submit(std::string_view as, const Deal& deal, bool wait, v1::SettlementView* view,
                      core::Outcome* outcome = nullptr) {
    const auto context = As(as);
    const grpc::Status status = stub_->SubmitSettlement(context.get(), RequestOf(deal, wait), view);
    if (outcome != nullptr && !status.ok()) {
      *outcome = rpc::RejectionOf(*context, status).outcome;
    }
    return status;
  }
  v1::QuoteRequest SellUsd() const {
    v1::QuoteRequest request;
    request.set_taker("ALPHA");
    request.set_sell_currency("USD");
    request.set_buy_currency("JPY");
    request.set_sell_minor_units(100'00);
    request.set_sell_account(Address("USD", "ALPHA").ToString());
    request.set_buy_account(Address("JPY", "ALPHA").ToString());
    request.set_instruction_id("SWAP-1");
    return request;
  }

  World world_;
  core::RandomStream stream_{7, "quotes"};
  std::vector<std::unique_ptr<LedgerStub>> stubs_;
  std::vector<std::unique_ptr<rpc::Server>> servers_;
  std::vector<LedgerAddress> addresses_;
  std::unique_ptr<BridgeRuntime> runtime_;
  std::unique_ptr<LedgerCalls> calls_;
  std::size_t list_open_max_ = kListOpenMax;
  std::unique_ptr<BridgeService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::Bridge::Stub> stub_;
};

TEST_F(BridgeServiceTest, AQuoteIsTakenAndSettledOnBothLedgers) {
  v1::Quote quote;
  const grpc::Status quoted = stub_->RequestQuote(As("ALPHA").get(), SellUsd(), &quote);
  ASSERT_TRUE(quoted.ok()) << quoted.error_message();
  EXPECT_EQ(quote.buy().minor_units(), 14710);
  EXPECT_EQ(quote.provider(), "DEALER");
  Deal deal;
  deal.terms.payload_type = core::kTermsPayloadType;
  deal.terms.payload = quote.terms();
  World::Sign("ALPHA", deal.terms);
  deal.legs.assign(quote.legs().begin(), quote.legs().end());
  v1::SettlementView view;
  const grpc::Status status = Submit("ALPHA", deal, /*wait=*/true, &view);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_SETTLED);
  EXPECT_EQ(view.certificate().votes_size(), 2);
  const core::Hash256 id = *core::Hash256::FromBytes(view.settlement_id());
  for (const auto& stub : stubs_) EXPECT_EQ(stub->StatusOf(id), core::InstructionStatus::kSettled);
}

TEST_F(BridgeServiceTest, AnAbortTellsWhy) {
  const Deal deal = Swap("s");
  world_.ledgers[1]->refuses[deal.id] = core::Outcome::kInsufficientFunds;
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/true, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_ABORTED);
  EXPECT_EQ(view.rejection().outcome(), v1::OUTCOME_INSUFFICIENT_FUNDS);
}

TEST_F(BridgeServiceTest, ASettlementWaitsForALedgerThatIsDownAndSettlesWhenItIsBack) {
  const std::string address = servers_[1]->address();
  servers_[1].reset();
  const Deal deal = Swap("s");
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  servers_[1] = Serve(stubs_[1].get(), address);
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/true, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_SETTLED);
}

TEST_F(BridgeServiceTest, ARestartedBridgeGoesOn) {
  servers_[1].reset();
  const Deal deal = Swap("s");
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  StopBridge();
  servers_[1] = Serve(stubs_[1].get(), addresses_[1].address);
  StartBridge();
  ASSERT_TRUE(Submit("BETA", deal, /*wait=*/true, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_SETTLED);
}

TEST_F(BridgeServiceTest, AWatcherSeesTheSettlementToItsEnd) {
  const Deal deal = world_.MakeDeal("s", rpc::Now() + core::Duration::FromSeconds(30),
                                    {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA"});
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  EXPECT_THAT(std::vector<std::string>(view.awaiting().begin(), view.awaiting().end()),
              ElementsAre("BETA"));
  v1::WatchSettlementRequest request;
  request.set_settlement_id(std::string(deal.id.view()));
  const auto context = As("ALPHA");
  const auto reader = stub_->WatchSettlement(context.get(), request);
  ASSERT_TRUE(reader->Read(&view));
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_AWAITING_SIGNATURES);
  Deal second = deal;
  second.terms.signatures.clear();
  World::Sign("BETA", second.terms);
  v1::SettlementView ignored;
  ASSERT_TRUE(Submit("BETA", second, /*wait=*/false, &ignored).ok());
  while (reader->Read(&view)) {
  }
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_SETTLED);
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(BridgeServiceTest, AnObserverFollowsTheDecisionLog) {
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", Swap("s"), /*wait=*/true, &view).ok());
  const auto context = As("WATCH");
  const auto reader = stub_->Subscribe(context.get(), v1::SubscribeDecisionsRequest());
  v1::DecisionBatchMessage message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.number(), 0U);
  ASSERT_TRUE(Submit("ALPHA", Swap("t"), /*wait=*/true, &view).ok());
  ASSERT_TRUE(reader->Read(&message));
  const auto batch = Must(core::DecodeDecisionBatch(message.batch()));
  EXPECT_EQ(batch.first_index, 1U);
  context->TryCancel();
  reader->Finish();
}

TEST_F(BridgeServiceTest, ASubscriberThatHasSeenMoreThanThereIsGetsOutOfRange) {
  v1::SubscribeDecisionsRequest request;
  request.set_from_index(1);
  const auto context = As("WATCH");
  const auto reader = stub_->Subscribe(context.get(), request);
  v1::DecisionBatchMessage message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(BridgeServiceTest, TheDecisionLogIsNotForBanks) {
  const auto context = As("ALPHA");
  const auto reader = stub_->Subscribe(context.get(), v1::SubscribeDecisionsRequest());
  v1::DecisionBatchMessage message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(BridgeServiceTest, AStrangerMayNotCall) {
  v1::BridgeInfo info;
  EXPECT_EQ(stub_->GetBridge(As("STRANGER").get(), v1::GetBridgeRequest(), &info).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(stub_->GetBridge(As("ALPHA").get(), v1::GetBridgeRequest(), &info).ok());
  EXPECT_EQ(info.policy(), world_.policy_bytes);
  EXPECT_EQ(info.pairs_size(), 1);
}

TEST_F(BridgeServiceTest, TermsAreTakenOnlyFromTheirParties) {
  v1::SettlementView view;
  core::Outcome outcome = core::Outcome::kAccepted;
  EXPECT_FALSE(Submit("GAMMA", Swap("s"), /*wait=*/false, &view, &outcome).ok());
  EXPECT_EQ(outcome, core::Outcome::kSenderNotEntitled);
}

TEST_F(BridgeServiceTest, ManySubmissionsAreAnsweredEachByItself) {
  const core::LedgerTime deadline = rpc::Now() + core::Duration::FromSeconds(30);
  const Deal list =
      world_.MakeListDeal("list", deadline, 3, {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA", "BETA"});
  const Deal single = Swap("single");
  const Deal strange =
      world_.MakeDeal("strange", deadline, {{0, "GAMMA"}, {1, "BETA"}}, {"GAMMA", "BETA"});
  const Deal late = Swap("late", core::Duration::FromSeconds(-1));
  v1::SubmitSettlementsRequest request;
  request.set_wait(true);
  for (const Deal* deal : {&list, &strange, &single, &late}) {
    *request.add_submissions() = RequestOf(*deal, false);
  }
  v1::SubmitSettlementsResponse response;
  const grpc::Status status = stub_->SubmitSettlements(As("ALPHA").get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).view().state(), v1::SETTLEMENT_STATE_SETTLED);
  EXPECT_EQ(response.results(0).view().settlement_id(), list.id.view());
  EXPECT_EQ(response.results(0).view().list_count(), 3U);
  EXPECT_EQ(response.results(1).rejection().outcome(), v1::OUTCOME_SENDER_NOT_ENTITLED);
  EXPECT_EQ(response.results(2).view().state(), v1::SETTLEMENT_STATE_SETTLED);
  EXPECT_FALSE(response.results(2).view().has_certificate());
  EXPECT_EQ(response.results(3).rejection().outcome(), v1::OUTCOME_PAST_DEADLINE);
  for (const auto& stub : stubs_) {
    EXPECT_EQ(stub->StatusOf(list.id), core::InstructionStatus::kSettled);
    EXPECT_EQ(stub->StatusOf(single.id), core::InstructionStatus::kSettled);
    EXPECT_EQ(stub->StatusOf(strange.id), core::InstructionStatus::kNone);
  }
  // The same again is answered as before; without waiting too.
  request.set_wait(false);
  ASSERT_TRUE(stub_->SubmitSettlements(As("ALPHA").get(), request, &response).ok());
  EXPECT_EQ(response.results(0).view().state(), v1::SETTLEMENT_STATE_SETTLED);
}

TEST_F(BridgeServiceTest, ManySubmissionsAreOneToALimit) {
  v1::SubmitSettlementsRequest request;
  v1::SubmitSettlementsResponse response;
  EXPECT_EQ(stub_->SubmitSettlements(As("ALPHA").get(), request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (std::size_t i = 0; i <= kSubmissionsPerCallMax; ++i) request.add_submissions();
  const grpc::Status status = stub_->SubmitSettlements(As("ALPHA").get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("must have 1 to 4096"), std::string::npos)
      << status.error_message();
}

TEST_F(BridgeServiceTest, AStoppingBridgeEndsManySubmissionsThatWait) {
  servers_[1].reset();
  v1::SubmitSettlementsRequest request;
  request.set_wait(true);
  const Deal deal = Swap("s");
  *request.add_submissions() = RequestOf(deal, false);
  grpc::Status status;
  std::thread waiting([&] {
    v1::SubmitSettlementsResponse response;
    status = stub_->SubmitSettlements(As("ALPHA").get(), request, &response);
  });
  v1::GetDecisionRequest ask;
  ask.set_settlement_id(std::string(deal.id.view()));
  v1::SettlementView view;
  while (!stub_->GetDecision(As("ALPHA").get(), ask, &view).ok()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  StopBridge();
  waiting.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(status.error_message().find("the submissions are durable"), std::string::npos)
      << status.error_message();
  StartBridge();
}

TEST_F(BridgeServiceTest, AQuoteIsGivenOnlyToItsTaker) {
  v1::Quote quote;
  EXPECT_EQ(stub_->RequestQuote(As("BETA").get(), SellUsd(), &quote).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(BridgeServiceTest, AnOpenSettlementIsShownToPartiesAndObserversOnly) {
  const Deal deal = world_.MakeDeal("s", rpc::Now() + core::Duration::FromSeconds(30),
                                    {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA"});
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  v1::GetDecisionRequest request;
  request.set_settlement_id(std::string(deal.id.view()));
  for (const char* allowed : {"ALPHA", "BETA", "WATCH", ""}) {
    EXPECT_TRUE(stub_->GetDecision(As(allowed).get(), request, &view).ok()) << allowed;
    v1::ListOpenResponse open;
    ASSERT_TRUE(stub_->ListOpen(As(allowed).get(), v1::ListOpenRequest(), &open).ok());
    EXPECT_EQ(open.settlements_size(), 1);
  }
  EXPECT_EQ(stub_->GetDecision(As("GAMMA").get(), request, &view).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  v1::ListOpenResponse open;
  ASSERT_TRUE(stub_->ListOpen(As("GAMMA").get(), v1::ListOpenRequest(), &open).ok());
  EXPECT_EQ(open.settlements_size(), 0);
}

TEST_F(BridgeServiceTest, AListOfOpenSettlementsHasTheOldestAndTheLogSaysThatThereAreMore) {
  StopBridge();
  list_open_max_ = 2;
  StartBridge();
  v1::ListOpenResponse open;
  std::vector<std::string> ids;
  std::string told;
  for (const char* name : {"1", "2", "3"}) {
    const Deal deal = world_.MakeDeal(name, rpc::Now() + core::Duration::FromSeconds(30),
                                      {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA"});
    v1::SettlementView view;
    ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
    ids.emplace_back(deal.id.view());
    EXPECT_EQ(told, "");
    ::testing::internal::CaptureStderr();
    EXPECT_TRUE(stub_->ListOpen(As("WATCH").get(), v1::ListOpenRequest(), &open).ok());
    told = ::testing::internal::GetCapturedStderr();
  }
  ASSERT_EQ(open.settlements_size(), 2);
  EXPECT_EQ(open.settlements(0).settlement_id(), ids[0]);
  EXPECT_EQ(open.settlements(1).settlement_id(), ids[1]);
  EXPECT_NE(told.find("ListOpen showed 'WATCH' the oldest 2 open settlements"), std::string::npos)
      << told;
}

TEST_F(BridgeServiceTest, PagesOfOpenSettlementsGoOnWhereTheyWereWhileSettlementsEnd) {
  const core::LedgerTime deadline = rpc::Now() + core::Duration::FromSeconds(30);
  const auto deal = [&](int number, const std::vector<std::string>& signers) {
    return world_.MakeDeal(std::to_string(number), deadline, {{0, "ALPHA"}, {1, "BETA"}}, signers);
  };
  v1::SettlementView view;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Submit("ALPHA", deal(i, {"ALPHA"}), /*wait=*/false, &view).ok());
  }
  v1::ListOpenRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  int pages = 0;
  ::testing::internal::CaptureStderr();
  do {
    v1::ListOpenResponse open;
    ASSERT_TRUE(stub_->ListOpen(As("WATCH").get(), request, &open).ok());
    for (const v1::SettlementView& each : open.settlements()) seen.push_back(each.settlement_id());
    request.set_page_token(open.next_page_token());
    ++pages;
    if (pages == 1) {
      StopBridge();  // a token outlasts the bridge
      StartBridge();
      // Two that were shown end, and one that was not.
      for (const int i : {0, 1, 2}) {
        ASSERT_TRUE(Submit("BETA", deal(i, {"ALPHA", "BETA"}), /*wait=*/true, &view).ok());
        ASSERT_EQ(view.state(), v1::SETTLEMENT_STATE_SETTLED);
      }
    }
  } while (!request.page_token().empty());
  // Who follows pages need not be told that there are more.
  EXPECT_EQ(::testing::internal::GetCapturedStderr().find("ListOpen showed"), std::string::npos);
  EXPECT_EQ(pages, 2);
  ASSERT_EQ(seen.size(), 4u);
  const int shown[] = {0, 1, 3, 4};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(seen[i], deal(shown[i], {"ALPHA"}).id.view());
  }
}

TEST_F(BridgeServiceTest, APageTokenThatWasNotGivenIsRefused) {
  v1::ListOpenRequest request;
  request.set_page_token("short");
  v1::ListOpenResponse open;
  const auto context = As("WATCH");
  EXPECT_EQ(stub_->ListOpen(context.get(), request, &open).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(rpc::RejectionOf(*context)->outcome, core::Outcome::kMalformed);
}

TEST_F(BridgeServiceTest, AnOperatorSeesWhatAnOpenSettlementWaitsForAndWhy) {
  servers_[1].reset();
  const Deal deal = Swap("s");
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  v1::ListOpenResponse open;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  do {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(stub_->ListOpen(As("WATCH").get(), v1::ListOpenRequest(), &open).ok());
    ASSERT_EQ(open.settlements_size(), 1);
  } while (!open.settlements(0).ledgers(0).prepared() ||
           open.settlements(0).ledgers(1).attempts() < 2);
  EXPECT_GE(open.now_us(), open.settlements(0).submitted_us());
  const v1::LedgerProgress& up = open.settlements(0).ledgers(0);
  EXPECT_EQ(up.attempts(), 1u);
  EXPECT_FALSE(up.has_failure());
  const v1::LedgerProgress& down = open.settlements(0).ledgers(1);
  EXPECT_EQ(down.ledger(), "b.example/jpy");
  EXPECT_FALSE(down.prepared());
  EXPECT_EQ(down.failure().outcome(), v1::OUTCOME_UNAVAILABLE);
  EXPECT_FALSE(down.failure().message().empty());
  EXPECT_GT(down.failed_us(), open.settlements(0).submitted_us());
  // How the bridge reaches a ledger is not for parties.
  ASSERT_TRUE(stub_->ListOpen(As("ALPHA").get(), v1::ListOpenRequest(), &open).ok());
  EXPECT_FALSE(open.settlements(0).ledgers(1).has_failure());
  EXPECT_EQ(open.settlements(0).ledgers(1).attempts(), 0u);
}

TEST_F(BridgeServiceTest, AnOrderToAbortIsRefusedUnlessItIsProven) {
  const Deal deal = world_.MakeDeal("s", rpc::Now() + core::Duration::FromSeconds(30),
                                    {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA"});
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  v1::RequestAbortRequest request;
  request.set_settlement_id(std::string(deal.id.view()));
  request.mutable_order()->set_entry("no entry");
  const auto context = As("GAMMA");
  EXPECT_FALSE(stub_->RequestAbort(context.get(), request, &view).ok());
  EXPECT_EQ(rpc::RejectionOf(*context)->outcome, core::Outcome::kBadAbortOrder);
  request.set_settlement_id("short");
  EXPECT_EQ(stub_->RequestAbort(As("GAMMA").get(), request, &view).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(stub_->RequestAbort(As("NOBODY").get(), request, &view).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(BridgeServiceTest, WhoPresentsExpiredTermsGetsThemAborted) {
  const Deal deal = Swap("s", core::Duration::FromMicros(-1));
  v1::GetDecisionRequest request;
  request.set_settlement_id(std::string(deal.id.view()));
  request.set_terms(deal.terms.payload);
  v1::SettlementView view;
  ASSERT_TRUE(stub_->GetDecision(As("ALPHA").get(), request, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_ABORTING);
  EXPECT_TRUE(view.has_certificate());
}

TEST_F(BridgeServiceTest, ARefusalCarriesItsOutcome) {
  Deal deal = Swap("s");
  deal.terms.signatures[0].signature[3] ^= 1;
  v1::SettlementView view;
  core::Outcome outcome = core::Outcome::kAccepted;
  EXPECT_FALSE(Submit("ALPHA", deal, /*wait=*/false, &view, &outcome).ok());
  EXPECT_EQ(outcome, core::Outcome::kBadSignature);
}

TEST_F(BridgeServiceTest, AClientThatStopsWaitingLeavesTheSettlementAlone) {
  servers_[1].reset();
  const Deal deal = Swap("s");
  v1::SettlementView view;
  const auto context = As("ALPHA");
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  EXPECT_EQ(stub_->SubmitSettlement(context.get(), RequestOf(deal, true), &view).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  servers_[1] = Serve(stubs_[1].get(), addresses_[1].address);
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/true, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_SETTLED);
}

TEST_F(BridgeServiceTest, AStoppingBridgeEndsCallsThatWait) {
  servers_[1].reset();
  grpc::Status status;
  const Deal deal = Swap("s");
  std::thread client([&] {
    v1::SettlementView view;
    status = Submit("ALPHA", deal, /*wait=*/true, &view);
  });
  v1::GetDecisionRequest request;
  request.set_settlement_id(std::string(deal.id.view()));
  v1::SettlementView view;
  while (!stub_->GetDecision(As("ALPHA").get(), request, &view).ok()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  StopBridge();
  client.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  StartBridge();
}

TEST_F(BridgeServiceTest, OfALongRefusalTheBridgeKeepsTheBeginning) {
  const Deal deal = Swap("s");
  world_.ledgers[1]->refuses[deal.id] = core::Outcome::kInsufficientFunds;
  stubs_[1]->Say(std::size_t{1} << 20);
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/true, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_ABORTED);
  EXPECT_EQ(view.rejection().message(), std::string(codec::kRejectionMessageBytesMax, 'x'));
}

TEST_F(BridgeServiceTest, AnAnswerOfALedgerThatIsTooLargeIsNone) {
  const Deal deal = Swap("s");
  world_.ledgers[1]->refuses[deal.id] = core::Outcome::kInsufficientFunds;
  stubs_[1]->Say(std::size_t{20} << 20);
  v1::SettlementView view;
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/false, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_PREPARING);
  stubs_[1]->Say(10);
  ASSERT_TRUE(Submit("ALPHA", deal, /*wait=*/true, &view).ok());
  EXPECT_EQ(view.state(), v1::SETTLEMENT_STATE_ABORTED);
}

}  // namespace
}  // namespace causeway::bridge
