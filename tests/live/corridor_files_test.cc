#include "scenarios/live/corridor_files.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>

#include "causeway/v1/config.pb.h"
#include "fmt/format.h"
#include "scenarios/spec/scenario_file.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

std::string QueueScenario() {
  std::ifstream file(CAUSEWAY_SOURCE_DIR "/scenarios/settlement-queue.txtpb");
  return {std::istreambuf_iterator<char>(file), {}};
}

Plan PlanOf(const std::string& text) {
  auto compiled = CompileScenario(text);
  EXPECT_TRUE(std::holds_alternative<Plan>(compiled));
  return std::get<Plan>(std::move(compiled));
}

class BridgeConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() /
        fmt::format("causeway-corridor-files-{}-{}",
                    ::testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::Status Write(const Plan& plan) {
    const absl::StatusOr<CorridorFiles> files = WriteCorridorFiles(plan, folder_.string());
    if (!files.ok()) return files.status();
    absl::Status written = WriteBridgeConfig(plan, *files, {"h:1", "h:2", "h:3"}, {});
    if (!written.ok()) return written;
    std::ifstream file(files->bridge_config);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config_));
    return written;
  }

  std::filesystem::path folder_;
  v1::BridgeConfig config_;
};

TEST_F(BridgeConfigTest, ServesTheSettlementQueueOfTheScenario) {
  const absl::Status written = Write(PlanOf(QueueScenario()));
  ASSERT_TRUE(written.ok()) << written;
  const v1::BridgeSettlementQueue& queue = config_.settlement_queue();
  EXPECT_EQ(queue.interval_s(), 2);
  EXPECT_EQ(queue.selection(), "largest");
  EXPECT_EQ(queue.answer_ms_max(), 5'000);
  EXPECT_EQ(queue.settlement_window_s(), 60);
  ASSERT_EQ(queue.members_size(), 3);  // the operator is none
  EXPECT_EQ(queue.members(0).participant(), "BANK-A");
  ASSERT_EQ(queue.members(0).accounts_size(), 3);
  EXPECT_EQ(queue.members(0).accounts(2).ledger(), "jp.causeway.example/jpy");
  EXPECT_THAT(queue.members(0).accounts(2).account(), HasSubstr("BANKA"));
}

TEST_F(BridgeConfigTest, ServesNoQueueOfAScenarioWithAnotherMechanism) {
  std::string text = QueueScenario();
  const std::string mechanism = "MECHANISM_SETTLEMENT_QUEUE";
  text.replace(text.find(mechanism), mechanism.size(), "MECHANISM_COORDINATED");
  const absl::Status written = Write(PlanOf(text));
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_FALSE(config_.has_settlement_queue());
}

TEST_F(BridgeConfigTest, SaysThatAQueueHasMoreMembersThanABridgeServes) {
  std::string text = QueueScenario();
  for (int i = 0; i < 14; ++i) {
    text += fmt::format(
        "participants {{ id: \"MORE-{}\" role: ROLE_COMMERCIAL_BANK country: \"DE\" }}\n", i);
  }
  const absl::Status written = Write(PlanOf(text));
  EXPECT_TRUE(absl::IsInvalidArgument(written));
  EXPECT_THAT(std::string(written.message()),
              HasSubstr("17 participants have accounts on two ledgers or more; the bridge serves 2 "
                        "to 16 members"));
}

}  // namespace
}  // namespace causeway::sim
