// Tasks of many callers for one thread: whose turn it is, and who may add more.
#include "fx-bridge/runtime/caller_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace causeway::bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int> Taken(CallerTasks<int>& tasks, std::size_t count_max = 100) {
  std::vector<int> taken;
  tasks.Take(count_max, taken);
  return taken;
}

TEST(CallerTasksTest, CallersComeInTurnAndEachInItsOrder) {
  CallerTasks<int> tasks(100);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(tasks.Add("A", 10 + i));
  ASSERT_TRUE(tasks.Add("B", 20));
  ASSERT_TRUE(tasks.Add("", 30));
  EXPECT_THAT(Taken(tasks), ElementsAre(10, 20, 30, 11, 12));
  EXPECT_TRUE(tasks.empty());
}

TEST(CallerTasksTest, WhoWasNotTakenIsTheNext) {
  CallerTasks<int> tasks(100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(tasks.Add("A", i));
  EXPECT_THAT(Taken(tasks, 2), ElementsAre(0, 1));
  ASSERT_TRUE(tasks.Add("B", 100));
  EXPECT_THAT(Taken(tasks, 2), ElementsAre(100, 2));
  EXPECT_FALSE(tasks.empty());
}

TEST(CallerTasksTest, AnswersComeBeforeAllThatCallersAsk) {
  CallerTasks<int> tasks(2);
  ASSERT_TRUE(tasks.Add("", 1));
  ASSERT_TRUE(tasks.Add("", 2));
  for (int i = 0; i < 3; ++i) tasks.Prepend(-i);
  EXPECT_THAT(Taken(tasks, 1), ElementsAre(0, -1, -2, 1));
  EXPECT_THAT(Taken(tasks, 1), ElementsAre(2));
  EXPECT_THAT(Taken(tasks, 1), IsEmpty());
}

TEST(CallerTasksTest, OneCallerLeavesHalfOfTheRoomToOthers) {
  CallerTasks<int> tasks(100);
  int taken = 0;
  while (tasks.Add("A", 0)) ++taken;
  EXPECT_EQ(taken, 50);
  taken = 0;
  while (tasks.Add("B", 0)) ++taken;
  EXPECT_EQ(taken, 25);
  taken = 0;
  while (tasks.Add("", 0)) ++taken;
  EXPECT_EQ(taken, 25) << "this machine's own have no share";
  EXPECT_FALSE(tasks.Add("C", 0));
  EXPECT_EQ(Taken(tasks).size(), 100u);
  EXPECT_TRUE(tasks.Add("A", 0));
}

}  // namespace
}  // namespace causeway::bridge
