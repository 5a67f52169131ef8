#include "scenarios/sweep/study_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

// A ring of three who each pay 100 to the next at 09:00 and have nothing: only settling all
// together helps.
class StudyRunsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() /
        fmt::format("causeway-study-runs-{}-{}",
                    ::testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid());
    std::filesystem::create_directories(folder_);
    Write("banks.csv", "name\nX\nY\nZ\n");
    Write("accounts.csv", "id,owner,balance,posted_collateral\nA,X,0,0\nB,Y,0,0\nC,Z,0,0\n");
    Write("transactions.csv",
          "sender_account,recipient_account,amount,day,time\n"
          "A,B,100,1,09:00\nB,C,100,1,09:00\nC,A,100,1,09:00\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  StudyRuns Load() {
    absl::StatusOr<StudyRuns> runs = StudyRuns::Load(folder_.string(), 2);
    EXPECT_TRUE(runs.ok()) << runs.status();
    return *runs;
  }
  static std::string ValueOf(const Indicators& indicators, const std::string& name) {
    for (const auto& [key, value] : indicators) {
      if (key == name) return value;
    }
    ADD_FAILURE() << name;
    return "";
  }

  std::filesystem::path folder_;
};

// Results of a sweep are kept under the digest of its input: another input must not find them.
TEST_F(StudyRunsTest, DigestIsOfTheFilesThatAreReadWhateverTheirNames) {
  Write("mapping.csv", "table,field,column,form\naccounts,file,ACCO.txt,\n");
  Write("ACCO.txt", "id,owner,balance\nA,X,0\nB,Y,0\nC,Z,0\n");
  const std::string before = Load().sha256();
  Write("unused.csv", "id\n1\n");
  EXPECT_EQ(Load().sha256(), before);
  Write("ACCO.txt", "id,owner,balance\nA,X,1\nB,Y,0\nC,Z,0\n");
  EXPECT_NE(Load().sha256(), before);
}

TEST_F(StudyRunsTest, LiquiditySavingSettlesWhatAQueueCannot) {
  const StudyRuns runs = Load();
  const auto queue = runs.Make({{{"lsm", "none"}}, 0});
  const auto saving = runs.Make({{{"lsm", "bilateral+bech-soramaki"}}, 0});
  ASSERT_TRUE(queue.ok()) << queue.status();
  ASSERT_TRUE(saving.ok()) << saving.status();
  EXPECT_EQ(ValueOf(*queue, "settled"), "0");
  EXPECT_EQ(ValueOf(*queue, "value_unsettled"), "300.00");
  EXPECT_EQ(ValueOf(*saving, "settled"), "3");
  EXPECT_EQ(ValueOf(*saving, "value_settled"), "300.00");
  EXPECT_EQ(ValueOf(*saving, "share_settled"), "1.000000");
}

TEST_F(StudyRunsTest, LiquidityIsASetting) {
  const StudyRuns runs = Load();
  const auto none = runs.Make({{{"liquidity", "0"}}, 0});
  const auto all = runs.Make({{{"liquidity", "1"}}, 0});
  ASSERT_TRUE(none.ok() && all.ok());
  EXPECT_EQ(ValueOf(*none, "liquidity_value"), "0.00");
  EXPECT_EQ(ValueOf(*all, "settled"), "3");
  EXPECT_EQ(ValueOf(*all, "delay"), "0.000000");
}

TEST_F(StudyRunsTest, OptionsAreCheckedAndNamed) {
  const StudyRuns runs = Load();
  EXPECT_TRUE(runs.Check({{{"queue", "fifo-bypass"}, {"lsm-every", "2"}}}).ok());
  EXPECT_THAT(std::string(runs.Check({{{"queues", "fifo"}}}).message()),
              HasSubstr("queues: no option of a study; there are queue, lsm, lsm-every"));
  for (const auto& [name, value] : {std::pair("queue", "lifo"),
                                    {"lsm", "bilateral+"},
                                    {"liquidity", "much"},
                                    {"lsm-every", "0"},
                                    {"opens", "50:00"},
                                    {"credit", "some"},
                                    {"entry-offset", "x"}}) {
    const absl::Status wrong = runs.Check({{{name, value}}});
    EXPECT_TRUE(absl::IsInvalidArgument(wrong)) << name;
    EXPECT_THAT(std::string(wrong.message()), HasSubstr(std::string(name) + ": "));
  }
}

TEST_F(StudyRunsTest, OptionsThatDoNotFitTogetherAreFoundBeforeTheFirstRun) {
  EXPECT_THAT(std::string(Load().Check({{{"liquidity", "1"}, {"credit", "collateral"}}}).message()),
              HasSubstr("with liquidity=1, credit=collateral: credit collateral has no effect"));
}

// A pays B first and gets it back from C at once; when A has defaulted nobody can pay.
TEST_F(StudyRunsTest, BanksDoWhatTheFileOfBehavioursSays) {
  Write("b.txtpb",
        "# proto-message: StudyBehaviours\nseed: 9\n"
        "behaviours { banks: \"A\" defaults { at: \"08:00\" } }\n");
  const absl::StatusOr<StudyRuns> runs =
      StudyRuns::Load(folder_.string(), 2, (folder_ / "b.txtpb").string());
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_EQ(runs->seed(), 9u);
  const auto defaulted = runs->Make({{{"lsm", "bech-soramaki"}}, runs->seed()});
  ASSERT_TRUE(defaulted.ok()) << defaulted.status();
  EXPECT_EQ(ValueOf(*defaulted, "settled"), "0");
  EXPECT_EQ(ValueOf(*Load().Make({{{"lsm", "bech-soramaki"}}, 0}), "settled"), "3");
}

TEST_F(StudyRunsTest, TheSeedOfARunIsThatOfItsBehaviours) {
  std::string transactions = "sender_account,recipient_account,amount,day,time\n";
  for (int i = 0; i < 60; ++i)
    transactions += fmt::format("A,B,1,1,{}:{:02}\n", 10 + i / 30, i % 30);
  Write("transactions.csv", transactions);
  Write("accounts.csv", "id,owner,balance,posted_collateral\nA,X,1000,0\nB,Y,0,0\nC,Z,0,0\n");
  Write("b.txtpb",
        "# proto-message: StudyBehaviours\n"
        "behaviours { banks: \"A\" withhold { from: \"09:00\" to: \"17:00\" probability_milli: 500 "
        "} }\n");
  const absl::StatusOr<StudyRuns> runs =
      StudyRuns::Load(folder_.string(), 2, (folder_ / "b.txtpb").string());
  ASSERT_TRUE(runs.ok()) << runs.status();
  const auto delay_of = [&](std::uint64_t seed) {
    const auto made = runs->Make({{{"lsm", "none"}}, seed});
    EXPECT_TRUE(made.ok()) << made.status();
    return ValueOf(*made, "delay");
  };
  EXPECT_EQ(delay_of(1), delay_of(1));
  EXPECT_NE(delay_of(1), delay_of(2));
}

TEST_F(StudyRunsTest, FaultsOfTheBehavioursAreReported) {
  Write("b.txtpb", "# proto-message: StudyBehaviours\nbehaviours { bank: \"A\" }\n");
  const auto load = [&](const char* name) {
    return StudyRuns::Load(folder_.string(), 2, (folder_ / name).string()).status();
  };
  EXPECT_TRUE(absl::IsInvalidArgument(load("b.txtpb")));
  EXPECT_THAT(std::string(load("b.txtpb").message()),
              HasSubstr("b.txtpb:2:14: behaviours[0]: StudyBehaviour has no field 'bank'"));
  EXPECT_TRUE(absl::IsNotFound(load("none.txtpb")));
}

// Results that were made with other behaviours must not be found.
TEST_F(StudyRunsTest, HashIsOfTheBehavioursToo) {
  const std::string first = "# proto-message: StudyBehaviours\n";
  Write("a.txtpb", first);
  Write("b.txtpb", first + "seed: 2\n");
  const auto hash_with = [&](const char* name) {
    return StudyRuns::Load(folder_.string(), 2, (folder_ / name).string())->sha256();
  };
  EXPECT_NE(hash_with("a.txtpb"), Load().sha256());
  EXPECT_NE(hash_with("a.txtpb"), hash_with("b.txtpb"));
}

TEST_F(StudyRunsTest, HashIsOfAllTables) {
  const std::string before = Load().sha256();
  EXPECT_EQ(Load().sha256(), before);
  Write("accounts.csv", "id,owner,balance,posted_collateral\nA,X,1,0\nB,Y,0,0\nC,Z,0,0\n");
  EXPECT_NE(Load().sha256(), before);
}

TEST_F(StudyRunsTest, FaultsOfTheTablesAreReported) {
  Write("transactions.csv",
        "sender_account,recipient_account,amount,day,time\nA,NOBODY,100,1,09:00\n");
  const absl::StatusOr<StudyRuns> runs = StudyRuns::Load(folder_.string(), 2);
  EXPECT_TRUE(absl::IsInvalidArgument(runs.status()));
  EXPECT_THAT(std::string(runs.status().message()), HasSubstr("NOBODY"));
  EXPECT_FALSE(StudyRuns::Load("/nonexistent", 2).ok());
}

}  // namespace
}  // namespace causeway::sim
