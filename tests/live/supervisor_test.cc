#include "scenarios/live/supervisor.h"

#include <gtest/gtest.h>

#include <string>

namespace causeway::sim {
namespace {

using std::chrono::milliseconds;

TEST(SupervisorTest, RunGivesWhatTheTaskGave) {
  Supervisor supervisor;
  EXPECT_TRUE(supervisor.Run([] { return absl::OkStatus(); }).ok());
  EXPECT_TRUE(absl::IsNotFound(supervisor.Run([] { return absl::NotFoundError("no"); })));
}

TEST(SupervisorTest, TasksRunInTheOrderOfTheirTimes) {
  Supervisor supervisor;
  std::string order;
  const auto now = Supervisor::Clock::now();
  supervisor.At(now + milliseconds(40), [&] { order += "c"; });
  supervisor.At(now + milliseconds(20), [&] { order += "a"; });
  supervisor.At(now + milliseconds(20), [&] { order += "b"; });
  supervisor.WaitUntilIdle();
  EXPECT_EQ(order, "abc");
}

TEST(SupervisorTest, AllTasksRunOnOneThread) {
  Supervisor supervisor;
  std::thread::id first;
  std::thread::id second;
  supervisor.At(Supervisor::Clock::now(), [&] { first = std::this_thread::get_id(); });
  supervisor.WaitUntilIdle();
  supervisor.At(Supervisor::Clock::now(), [&] { second = std::this_thread::get_id(); });
  supervisor.WaitUntilIdle();
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
}

TEST(SupervisorTest, TheEndDropsWhatIsNotDue) {
  bool ran = false;
  {
    Supervisor supervisor;
    supervisor.At(Supervisor::Clock::now() + std::chrono::hours(1), [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace causeway::sim
