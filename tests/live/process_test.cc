#include "scenarios/live/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace causeway::sim {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kLongEnough{20'000};

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    char pattern[] = "/tmp/causeway-process-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~ProcessTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  // A process that runs this shell script.
  absl::StatusOr<std::unique_ptr<Process>> Start(const std::string& script) {
    return Process::Start({.name = "the program",
                           .program = "/bin/sh",
                           .arguments = {"-c", script},
                           .log_file = Path("log.txt")});
  }
  // Until the script has come to where it writes its ready file.
  static void Await(Process& process, const std::string& path) {
    const auto line = process.WaitForReadyFile(path, kLongEnough);
    ASSERT_TRUE(line.ok()) << line.status();
  }

  std::string folder_;
};

TEST_F(ProcessTest, GivesTheFirstLineOfTheReadyFile) {
  auto process = Start("echo 127.0.0.1:7001 > " + Path("ready") + "; exec sleep 60");
  ASSERT_TRUE(process.ok()) << process.status();
  const auto line = (*process)->WaitForReadyFile(Path("ready"), kLongEnough);
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(*line, "127.0.0.1:7001");
  EXPECT_TRUE((*process)->IsRunning());
}

TEST_F(ProcessTest, AProcessThatEndsBeforeItServesIsToldWithTheEndOfItsLog) {
  auto process = Start("echo the address is in use >&2; exit 69");
  ASSERT_TRUE(process.ok()) << process.status();
  const auto line = (*process)->WaitForReadyFile(Path("ready"), kLongEnough);
  EXPECT_TRUE(absl::IsInternal(line.status()));
  EXPECT_THAT(std::string(line.status().message()), HasSubstr("exited with status 69"));
  EXPECT_THAT(std::string(line.status().message()), HasSubstr("the address is in use"));
}

TEST_F(ProcessTest, AProcessThatDoesNotServeIsGivenUp) {
  auto process = Start("exec sleep 60");
  ASSERT_TRUE(process.ok()) << process.status();
  const auto line = (*process)->WaitForReadyFile(Path("ready"), milliseconds(50));
  EXPECT_TRUE(absl::IsDeadlineExceeded(line.status())) << line.status();
}

TEST_F(ProcessTest, AProgramThatIsNotThereIsNamed) {
  const auto process = Process::Start({.name = "the program",
                                       .program = Path("missing"),
                                       .arguments = {},
                                       .log_file = Path("log.txt")});
  EXPECT_TRUE(absl::IsNotFound(process.status()));
  EXPECT_THAT(std::string(process.status().message()), HasSubstr(Path("missing")));
}

TEST_F(ProcessTest, StopAsksWithSigtermAndWantsExitStatusZero) {
  auto process =
      Start("trap 'exit 0' TERM; echo x > " + Path("ready") + "; while true; do sleep 0.01; done");
  ASSERT_TRUE(process.ok()) << process.status();
  Await(**process, Path("ready"));
  const absl::Status stopped = (*process)->Stop(kLongEnough);
  EXPECT_TRUE(stopped.ok()) << stopped;
}

TEST_F(ProcessTest, StopTellsOfAnotherExitStatus) {
  auto process =
      Start("trap 'exit 3' TERM; echo x > " + Path("ready") + "; while true; do sleep 0.01; done");
  ASSERT_TRUE(process.ok()) << process.status();
  Await(**process, Path("ready"));
  const absl::Status stopped = (*process)->Stop(kLongEnough);
  EXPECT_TRUE(absl::IsInternal(stopped)) << stopped;
  EXPECT_THAT(std::string(stopped.message()), HasSubstr("exited with status 3"));
}

TEST_F(ProcessTest, StopKillsWhatDoesNotEnd) {
  auto process =
      Start("trap '' TERM; echo x > " + Path("ready") + "; while true; do sleep 0.01; done");
  ASSERT_TRUE(process.ok()) << process.status();
  Await(**process, Path("ready"));
  const absl::Status stopped = (*process)->Stop(milliseconds(100));
  EXPECT_TRUE(absl::IsDeadlineExceeded(stopped)) << stopped;
  EXPECT_FALSE((*process)->IsRunning());
}

TEST_F(ProcessTest, KillIsSigkillAndLeavesNothing) {
  auto process = Start("exec sleep 60");
  ASSERT_TRUE(process.ok()) << process.status();
  const pid_t pid = (*process)->pid();
  (*process)->Kill();
  EXPECT_EQ((*process)->Ending(), "was ended by signal 9");
  EXPECT_EQ(kill(pid, 0), -1);  // reaped: no such process
}

TEST_F(ProcessTest, AProcessEndsWithTheThreadThatStartedIt) {
  std::unique_ptr<Process> process;
  std::thread([&] {
    auto started = Start("echo x > " + Path("ready") + "; exec sleep 60");
    ASSERT_TRUE(started.ok()) << started.status();
    process = *std::move(started);
    Await(*process, Path("ready"));
  }).join();
  ASSERT_NE(process, nullptr);
  const auto end = std::chrono::steady_clock::now() + kLongEnough;
  while (process->IsRunning() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_FALSE(process->IsRunning());
}

}  // namespace
}  // namespace causeway::sim
