// The live observer against operators in this process: their gRPC services serve the logs of a test
// corridor, honest or not.
#include "observer/runtime/runtime.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "causeway/v1/ledger_service.grpc.pb.h"
#include "causeway/v1/observer_service.grpc.pb.h"
#include "causeway/v1/witness_service.grpc.pb.h"
#include "observer/runtime/service.h"
#include "settlement/codec/codec.h"
#include "settlement/core/cosignature.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "settlement/store/memory_journal.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

namespace v1 = causeway::v1;

constexpr std::chrono::seconds kWaitMax{20};

// What an operator shows: batches, and a tree to prove from. Thread-safe.
class Shown {
 public:
  void Show(std::vector<std::string> batches, core::MerkleTree tree, std::string checkpoint) {
    const std::lock_guard<std::mutex> lock(mutex_);
    batches_ = std::move(batches);
    tree_ = std::move(tree);
    checkpoint_ = std::move(checkpoint);
    changed_.notify_all();
  }
  // Streams from the batch that contains leaf `from` until the caller goes away or Close.
  template <typename Message>
  grpc::Status Stream(std::uint64_t from, grpc::ServerContext* context,
                      grpc::ServerWriter<Message>* writer,
                      const std::function<std::uint64_t(const std::string&)>& first_index) {
    std::unique_lock<std::mutex> lock(mutex_);
    std::size_t next = 0;
    while (next < batches_.size() && first_index(batches_[next]) < from) ++next;
    while (!context->IsCancelled() && !closed_) {
      if (next == batches_.size()) {
        changed_.wait_for(lock, std::chrono::milliseconds(10));
        continue;
      }
      Message message;
      message.set_number(next);
      message.set_batch(batches_[next++]);
      lock.unlock();
      writer->Write(message);
      lock.lock();
    }
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping");
  }
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  std::string checkpoint() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return checkpoint_;
  }
  grpc::Status Prove(std::uint64_t old_size, std::uint64_t new_size, v1::ConsistencyProof* out) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto proof = tree_.ConsistencyProof(old_size, new_size);
    if (!proof.ok()) return rpc::ToGrpc(proof.status());
    for (const core::Hash256& hash : *proof) out->add_proof(std::string(hash.view()));
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> batches_;
  core::MerkleTree tree_;
  std::string checkpoint_;
  bool closed_ = false;
};

class FakeLedger final : public v1::Ledger::Service {
 public:
  Shown shown;

  grpc::Status GetCheckpoint(grpc::ServerContext*, const v1::GetCheckpointRequest*,
                             v1::CheckpointResponse* response) override {
    response->set_checkpoint(shown.checkpoint());
    return grpc::Status::OK;
  }
  grpc::Status GetConsistencyProof(grpc::ServerContext*,
                                   const v1::GetConsistencyProofRequest* request,
                                   v1::ConsistencyProof* response) override {
    return shown.Prove(request->old_size(), request->new_size(), response);
  }
  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         grpc::ServerWriter<v1::BatchMessage>* writer) override {
    return shown.Stream<v1::BatchMessage>(
        request->from_index(), context, writer,
        [](const std::string& batch) { return core::DecodeBatch(batch)->header.first_index; });
  }
};

class FakeBridge final : public v1::Bridge::Service {
 public:
  Shown shown;

  grpc::Status GetDecisionCheckpoint(grpc::ServerContext*, const v1::GetDecisionCheckpointRequest*,
                                     v1::DecisionCheckpoint* response) override {
    response->set_checkpoint(shown.checkpoint());
    return grpc::Status::OK;
  }
  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeDecisionsRequest* request,
                         grpc::ServerWriter<v1::DecisionBatchMessage>* writer) override {
    return shown.Stream<v1::DecisionBatchMessage>(
        request->from_index(), context, writer,
        [](const std::string& batch) { return core::DecodeDecisionBatch(batch)->first_index; });
  }
};

// Says what the test wants; remembers what it was shown.
class FakeWitness final : public v1::Witness::Service {
 public:
  void Say(const v1::CosignResponse& answer, const v1::WitnessState& state = {}) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answer_ = answer;
    state_ = state;
  }
  std::string known() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return known_;
  }

  grpc::Status Cosign(grpc::ServerContext*, const v1::CosignRequest* request,
                      v1::CosignResponse* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (request->batches_size() > 0) return {grpc::StatusCode::PERMISSION_DENIED, "no bridge"};
    known_ = request->known();
    *response = answer_;
    return grpc::Status::OK;
  }
  grpc::Status GetWitness(grpc::ServerContext*, const v1::GetWitnessRequest*,
                          v1::WitnessState* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    *response = state_;
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  v1::CosignResponse answer_;
  v1::WitnessState state_;
  std::string known_;
};

// A server on a port of its own; a later one may take the same port.
struct Host {
  int port = 0;
  std::unique_ptr<grpc::Server> server;

  void Start(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    ASSERT_NE(server, nullptr);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port); }
};

// Keeps what was appended when the engine that holds it is closed.
class KeptJournal final : public store::Journal {
 public:
  explicit KeptJournal(std::shared_ptr<store::Journal> kept) : kept_(std::move(kept)) {}
  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite> meta) override {
    return kept_->Append(blocks, meta);
  }
  absl::StatusOr<store::Block> Read(std::uint64_t number) const override {
    return kept_->Read(number);
  }
  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override {
    return kept_->FindBlock(index);
  }
  std::uint64_t block_count() const override { return kept_->block_count(); }
  std::uint64_t record_count() const override { return kept_->record_count(); }
  core::Hash256 head() const override { return kept_->head(); }
  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const override {
    return kept_->GetMeta(key);
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const override {
    return kept_->ListMeta(prefix);
  }

 private:
  std::shared_ptr<store::Journal> kept_;
};

class RuntimeTest : public ::testing::Test {
 protected:
  RuntimeTest() {
    Show();
    hkd_host_.Start(hkd_);
    thb_host_.Start(thb_);
    bridge_host_.Start(bridge_);
    config_.ledgers = {
        {world_.hkd.genesis().ledger, world_.hkd.genesis().hash, hkd_host_.address()},
        {world_.thb.genesis().ledger, world_.thb.genesis().hash, thb_host_.address()}};
    config_.bridge = FollowedBridge{
        world_.bridge->policy().decision_log, {world_.policy_bytes}, bridge_host_.address()};
    config_.readers = {*core::ParticipantId::Parse("AUDITOR")};
  }
  ~RuntimeTest() override {
    StopObserver();
    for (Shown* shown : {&hkd_.shown, &thb_.shown, &bridge_.shown}) shown->Close();
    for (Host* host : {&hkd_host_, &thb_host_, &bridge_host_}) host->server->Shutdown();
  }

  // The operators show everything that is written.
  void Show() {
    hkd_.shown.Show(world_.hkd.batches(), world_.hkd.tree(), world_.hkd.Checkpoint());
    thb_.shown.Show(world_.thb.batches(), world_.thb.tree(), world_.thb.Checkpoint());
    bridge_.shown.Show(world_.bridge->batches(), world_.bridge->tree(),
                       world_.bridge->Checkpoint());
  }

  void StartObserver() {
    auto store = AuditStore::Open(
        [this](const store::JournalIdentity& identity)
            -> absl::StatusOr<std::unique_ptr<store::Journal>> {
          std::shared_ptr<store::Journal>& kept = disk_[identity.name];
          if (kept == nullptr) kept = store::NewMemoryJournal(identity);
          return std::make_unique<KeptJournal>(kept);
        },
        config_);
    ASSERT_TRUE(store.ok());
    auto engine = AuditEngine::Open(config_, *std::move(store), signatures_,
                                    [] { return core::LedgerTime::FromMicros(42); });
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    service_ = std::make_unique<ObserverService>(ObserverService::Options{
        [this](const auto& read) { runtime_->Read(read); },
        [this](std::string_view origin) { return runtime_->IsConnected(origin); },
        [this] { return runtime_->Witnesses(); }, config_.readers});
    auto runtime = ObserverRuntime::Start(
        {config_, std::nullopt, [](const absl::Status& status) { FAIL() << status.message(); },
         [this] { service_->OnAlert(); }, std::chrono::milliseconds(5)},
        *std::move(engine));
    ASSERT_TRUE(runtime.ok()) << runtime.status().message();
    runtime_ = *std::move(runtime);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    auto server = rpc::Server::Start(options, {service_->service()});
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = *std::move(server);
    stub_ = v1::Observer::NewStub(
        grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
  }
  void StopObserver() {
    if (service_ != nullptr) service_->EndStreams();
    if (server_ != nullptr) server_->Shutdown(std::chrono::milliseconds(1000));
    if (runtime_ != nullptr) runtime_->Stop();
    server_.reset();
    runtime_.reset();
    service_.reset();
  }

  v1::ObserverStatus Status() {
    grpc::ClientContext context;
    v1::ObserverStatus status;
    EXPECT_TRUE(stub_->GetStatus(&context, v1::GetStatusRequest(), &status).ok());
    return status;
  }
  // Whether `condition` comes to hold.
  bool Eventually(const std::function<bool(const v1::ObserverStatus&)>& condition) {
    const auto end = std::chrono::steady_clock::now() + kWaitMax;
    while (std::chrono::steady_clock::now() < end) {
      if (condition(Status())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  bool EventuallyVerified() {
    return Eventually([this](const v1::ObserverStatus& status) {
      return status.logs(0).size() == world_.hkd.tree().size() &&
             status.logs(1).size() == world_.thb.tree().size() &&
             status.logs(2).size() == world_.bridge->tree().size();
    });
  }

  TestCorridor world_;
  core::OpenSslSignatureVerifier signatures_;
  ObserverConfig config_;
  std::map<std::string, std::shared_ptr<store::Journal>> disk_;
  FakeLedger hkd_, thb_;
  FakeBridge bridge_;
  Host hkd_host_, thb_host_, bridge_host_;
  std::unique_ptr<ObserverService> service_;
  std::unique_ptr<ObserverRuntime> runtime_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::Observer::Stub> stub_;
};

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

class WitnessedRuntimeTest : public RuntimeTest {
 protected:
  WitnessedRuntimeTest() {
    world_.Settle(300, 400);
    Show();
    core::SettlementPolicy policy = world_.bridge->policy();
    policy.epoch += 1;
    for (const char* name : {"w1", "w2", "w3", "w4"}) {
      policy.witnesses.push_back({name, KeyNamed(name)->public_key()});
    }
    policy.witnesses_needed = 3;
    policy.witnesses_faulty_max = 1;
    config_.bridge->policies.push_back(codec::EncodePolicy(policy));
    witness_host_.Start(witness_);
    config_.bridge->witnesses = {{"w1", witness_host_.address()}};
  }
  ~WitnessedRuntimeTest() override {
    StopObserver();
    if (witness_host_.server != nullptr) witness_host_.server->Shutdown();
  }

  // The log's note with the cosignature of w1.
  static std::string Cosigned(const std::string& bytes) {
    core::SignedCheckpoint note = *core::ParseCheckpoint(bytes);
    note.signatures.push_back(
        *core::Cosign(core::CheckpointText(note.checkpoint), "w1", *KeyNamed("w1"), 1000));
    return core::FormatCheckpoint(note);
  }
  std::string OtherHistory() const {
    return SignedNote(world_.bridge->origin(), 1, core::LeafHash("other"), "bridge");
  }

  FakeWitness witness_;
  Host witness_host_;
};

TEST_F(WitnessedRuntimeTest, AWitnessIsAskedAndShownWhatWasVerified) {
  v1::CosignResponse answer;
  answer.set_size(1);
  answer.set_checkpoint(Cosigned(world_.bridge->Checkpoint()));
  witness_.Say(answer);
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  ASSERT_TRUE(Eventually([&](const v1::ObserverStatus& status) {
    return witness_.known() == world_.bridge->Checkpoint() && status.witnesses(0).reached();
  }));
  const v1::ObserverStatus status = Status();
  EXPECT_EQ(status.witnesses(0).name(), "w1");
  EXPECT_EQ(status.witnesses(0).size(), 1U);
  EXPECT_EQ(status.witnesses(0).cosigned(), 1U);
  EXPECT_EQ(status.alerts(), 0U);
}

TEST_F(WitnessedRuntimeTest, AWitnessThatCosignedAnotherHistoryIsAnAlert) {
  v1::CosignResponse answer;
  answer.set_size(1);
  answer.set_checkpoint(Cosigned(OtherHistory()));
  witness_.Say(answer);
  StartObserver();
  ASSERT_TRUE(Eventually([](const v1::ObserverStatus& status) { return status.alerts() == 1; }));
  grpc::ClientContext context;
  v1::ListAlertsResponse alerts;
  ASSERT_TRUE(stub_->ListAlerts(&context, v1::ListAlertsRequest(), &alerts).ok());
  EXPECT_EQ(alerts.alerts(0).kind(), v1::ALERT_KIND_FORKED_LOG);
  EXPECT_EQ(alerts.alerts(0).origin(), world_.bridge->origin());
}

TEST_F(WitnessedRuntimeTest, TheEvidenceOfAWitnessIsShownAndJudgedByItsSignatures) {
  v1::CosignResponse answer;
  answer.set_size(1);
  answer.set_refusal(v1::WITNESS_REFUSAL_REFUSING);
  answer.set_message("found something");
  v1::WitnessState state;
  state.set_refusing(true);
  state.mutable_evidence()->set_kind(v1::WitnessEvidence::KIND_INVALID_RECORD);
  state.mutable_evidence()->set_message("found something");
  state.mutable_evidence()->set_batch("bytes");
  // It claims a second history that the log did not sign.
  state.mutable_evidence()->set_theirs(
      SignedNote(world_.bridge->origin(), 1, core::LeafHash("other"), "somebody"));
  witness_.Say(answer, state);
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  ASSERT_TRUE(
      Eventually([](const v1::ObserverStatus& status) { return status.witnesses(0).refusing(); }));
  EXPECT_EQ(Status().witnesses(0).evidence().kind(), v1::WitnessEvidence::KIND_INVALID_RECORD);
  EXPECT_EQ(Status().witnesses(0).evidence().batch(), "");
  EXPECT_EQ(Status().witnesses(0).cosigned(), 0U);
  EXPECT_EQ(Status().alerts(), 0U);
  state.mutable_evidence()->set_theirs(OtherHistory());
  witness_.Say(answer, state);
  EXPECT_TRUE(Eventually([](const v1::ObserverStatus& status) { return status.alerts() == 1; }));
}

TEST_F(WitnessedRuntimeTest, AWitnessThatIsGoneIsSaidToBe) {
  StartObserver();
  ASSERT_TRUE(
      Eventually([](const v1::ObserverStatus& status) { return status.witnesses(0).reached(); }));
  witness_host_.server->Shutdown();
  witness_host_.server.reset();
  EXPECT_TRUE(Eventually([](const v1::ObserverStatus& status) {
    return !status.witnesses(0).reached() &&
           status.witnesses(0).message().find("does not answer") == 0;
  }));
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
