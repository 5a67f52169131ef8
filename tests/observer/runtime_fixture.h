// The live observer against operators in this process: their gRPC services serve the logs of a test
// corridor, honest or not.
#ifndef CAUSEWAY_TESTS_OBSERVER_RUNTIME_FIXTURE_H_
#define CAUSEWAY_TESTS_OBSERVER_RUNTIME_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "causeway/v1/ledger_service.grpc.pb.h"
#include "causeway/v1/observer_service.grpc.pb.h"
#include "observer/runtime/runtime.h"
#include "observer/runtime/service.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "settlement/store/memory_journal.h"
#include "tests/observer/fake_operators.h"
#include "tests/observer/test_corridor.h"
#include "tests/store/shared_journal.h"

namespace causeway::observer {

inline constexpr std::chrono::seconds kWaitMax{20};

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
          return std::make_unique<store::SharedJournal>(kept);
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
         [this] { service_->OnAlert(); }, std::chrono::milliseconds(5), head_every_},
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
  std::chrono::milliseconds head_every_ = kHeadEvery;
  std::map<std::string, std::shared_ptr<store::Journal>> disk_;
  FakeLedger hkd_, thb_;
  FakeBridge bridge_;
  Host hkd_host_, thb_host_, bridge_host_;
  std::unique_ptr<ObserverService> service_;
  std::unique_ptr<ObserverRuntime> runtime_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::Observer::Stub> stub_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_TESTS_OBSERVER_RUNTIME_FIXTURE_H_
