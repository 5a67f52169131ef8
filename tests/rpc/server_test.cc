#include "settlement/rpc/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "tests/rpc/echo_server.h"

namespace causeway::rpc {
namespace {

using ::testing::HasSubstr;

class ServerTest : public EchoServerTest {
 protected:
  ServerTest()
      : ready_file_(fmt::format("{}/ready-{}-{}", ::testing::TempDir(), ::getpid(),
                                ::testing::UnitTest::GetInstance()->current_test_info()->name())) {}

  static std::string Contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // grpc.health.v1: SERVING is 1 in field 1 of the response, NOT_SERVING 2.
  std::string Health() {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
        OpenChannel(server_->address(), std::nullopt);
    grpc::ClientContext context;
    SetDeadline(context);
    // The generated stubs of the health service are in no Debian package; its messages read as any
    // other with one varint field.
    const causeway::v1::GetLedgerRequest request;
    causeway::v1::ConsistencyProof response;
    std::promise<grpc::Status> done;
    grpc::TemplatedGenericStub<causeway::v1::GetLedgerRequest, causeway::v1::ConsistencyProof> stub(
        *channel);
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    const grpc::Status status = done.get_future().get();
    if (!status.ok()) return status.error_message();
    return response.old_size() == 1 ? "SERVING" : "NOT_SERVING";
  }

  const std::string ready_file_;
};

TEST_F(ServerTest, ReadyFileNamesTheBoundAddressAndGoesWithTheServer) {
  Start(std::nullopt, ready_file_);
  EXPECT_GT(server_->port(), 0);
  EXPECT_EQ(server_->address(), fmt::format("127.0.0.1:{}", server_->port()));
  EXPECT_EQ(Contents(ready_file_), server_->address() + "\n");
  server_->Shutdown();
  EXPECT_FALSE(std::filesystem::exists(ready_file_));
}

TEST_F(ServerTest, StaleReadyFileIsRemovedWhenTheServerCannotStart) {
  std::ofstream(ready_file_) << "127.0.0.1:1\n";
  Start();
  EchoService other;
  const auto second = Server::Start({server_->address(), std::nullopt, ready_file_}, {&other});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->address()));
  EXPECT_FALSE(std::filesystem::exists(ready_file_));
}

TEST_F(ServerTest, HealthSaysWhetherItServes) {
  Start();
  EXPECT_EQ(Health(), "SERVING");
  server_->SetServing(false);
  EXPECT_EQ(Health(), "NOT_SERVING");
}

TEST_F(ServerTest, RefusesToListenWithoutTlsBeyondLoopback) {
  const auto server = Server::Start({"0.0.0.0:0", std::nullopt, ""}, {&service_});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ServeUntilStopped, StopSignalDrainsAndShutsDown) {
  // In a process of its own, where no thread was started before the signals were blocked.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string ready_file = fmt::format("{}/ready-{}", ::testing::TempDir(), ::getpid());
  EXPECT_EXIT(
      {
        BlockStopSignals();
        EchoService service;
        auto server = Server::Start({"127.0.0.1:0", std::nullopt, ready_file}, {&service});
        const bool was_ready = std::filesystem::exists(ready_file);
        bool drained = false;
        ::kill(::getpid(), SIGTERM);
        ServeUntilStopped(**server, [&] { drained = true; });
        ::_exit(was_ready && drained && !std::filesystem::exists(ready_file) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

// Nanoseconds of a turn of the calling thread on a processor; 0: the system does not say.
std::uint64_t TurnNs() {
  std::array<std::uint64_t, 6> attributes{};  // sched_attr, whose runtime is the fourth word
  const long got = ::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof(attributes), 0);
  return got == 0 ? attributes[3] : 0;
}

TEST(PreferLatency, ThreadsThatAreStartedLaterHaveShortTurnsToo) {
  // On a thread of its own: the others keep theirs.
  std::thread([] {
    const std::uint64_t before = TurnNs();
    if (before <= 100'000) GTEST_SKIP() << "turns are short here, or the system does not say";
    PreferLatency();
    std::thread([before] { EXPECT_LT(TurnNs(), before); }).join();
  }).join();
}

TEST(ServeTest, TellsWhatItDoesFromStartToStop) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        BlockStopSignals();
        EchoService service;
        bool drained = false;
        ::kill(::getpid(), SIGTERM);
        const absl::Status status = Serve("causeway-echo", {"127.0.0.1:0", std::nullopt, ""},
                                          {&service}, [&] { drained = true; });
        ::_exit(status.ok() && drained ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "serving on 127.0.0.1:.*no TLS.*\n.*stopping.*\n.*stopped");
}

TEST(ServeTest, DoesNotDrainWhatDidNotStart) {
  bool drained = false;
  const absl::Status status =
      Serve("causeway-echo", {"0.0.0.0:0", std::nullopt, ""}, {}, [&] { drained = true; });
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(drained);
}

TEST(ExitStatusOf, SaysWhoseTroubleItWas) {
  EXPECT_EQ(ExitStatusOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitStatusOf(absl::DataLossError("")), 65);
  EXPECT_EQ(ExitStatusOf(absl::NotFoundError("")), 65);
  EXPECT_EQ(ExitStatusOf(absl::UnavailableError("")), 69);
  EXPECT_EQ(ExitStatusOf(absl::InternalError("")), 70);
}

TEST(WriteFileAtomically, ReplacesTheWholeFileAndLeavesNothingElse) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / fmt::format("atomic-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "file").string();
  ASSERT_TRUE(WriteFileAtomically(path, std::string(100'000, 'a')).ok());
  ASSERT_TRUE(WriteFileAtomically(path, "b").ok());
  std::ifstream file(path);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(file), {}}), "b");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  EXPECT_EQ(WriteFileAtomically((folder / "no" / "file").string(), "b").code(),
            absl::StatusCode::kUnavailable);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace causeway::rpc
