// A witness whose decided ids lie in files, as those of the live program do.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/witness/witness_engine.h"
#include "settlement/store/key_runs.h"
#include "tests/witness/test_log.h"

namespace causeway::witness {
namespace {

constexpr int kPerBatch = 20;

class IdsOnDiskTest : public ::testing::Test {
 protected:
  IdsOnDiskTest()
      : folder_((std::filesystem::path(::testing::TempDir()) /
                 fmt::format("witness-ids-{}-{}", ::getpid(),
                             ::testing::UnitTest::GetInstance()->current_test_info()->name()))
                    .string()) {
    Reopen();
  }
  ~IdsOnDiskTest() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Reopen() {
    engine_.reset();
    WitnessEngine::Options options;
    options.policies = {PolicyBytes()};
    options.name = WitnessName(0);
    options.signer = KeyNamed(options.name);
    options.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
    // Small tables, so that files are written and merged.
    auto ids = store::KeyRuns::Open({.directory = folder_,
                                     .ledger = core::Sha256(kLog),
                                     .fingerprint_key = {},
                                     .table_keys_max = 64,
                                     .table_keys_min = 64,
                                     .batch_keys_max = 64},
                                    disk_.record_count());
    ASSERT_TRUE(ids.ok()) << ids.status();
    ids_ = ids->get();
    options.ids = *std::move(ids);
    auto engine = WitnessEngine::Open(std::move(options), disk_.Mount());
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }
  Answer Send(std::string batch) {
    const std::vector<Request> requests = {{{std::move(batch)}, ""}};
    auto answers = engine_->Handle(requests, 1);
    EXPECT_TRUE(answers.ok()) << answers.status();
    return answers->front();
  }
  // Aborts of the settlements from `first` on.
  std::string AbortsFrom(int first) {
    std::vector<core::DecidedSettlement> decided;
    for (int i = 0; i < kPerBatch; ++i) decided.push_back(Abort(first + i));
    return log_.Write(std::move(decided));
  }

  const std::string folder_;
  Disk disk_;
  TestLog log_;
  store::KeyRuns* ids_ = nullptr;
  std::unique_ptr<WitnessEngine> engine_;
};

TEST_F(IdsOnDiskTest, RepeatsAreFoundInAllOfHistoryAndOpeningReadsLittleOfIt) {
  constexpr int kBatches = 40;
  for (int batch = 0; batch < kBatches; ++batch) {
    ASSERT_EQ(Send(AbortsFrom(batch * kPerBatch)).refusal, Refusal::kNone);
  }
  ids_->WaitUntilIdle();
  Reopen();
  EXPECT_GE(ids_->covered(), static_cast<std::uint64_t>((kBatches - 8) * kPerBatch));
  EXPECT_EQ(engine_->size(), static_cast<std::uint64_t>(kBatches * kPerBatch));
  ASSERT_EQ(Send(AbortsFrom(kBatches * kPerBatch)).refusal, Refusal::kNone);
  const Answer answer = Send(log_.Write({Abort(1'000'000), Abort(3)}));
  EXPECT_EQ(answer.refusal, Refusal::kRefusing);
  EXPECT_NE(answer.message.find("a second time"), std::string::npos) << answer.message;
}

TEST_F(IdsOnDiskTest, ALostIndexIsMadeAgainFromTheJournal) {
  for (int batch = 0; batch < 10; ++batch) Send(AbortsFrom(batch * kPerBatch));
  engine_.reset();
  std::filesystem::remove_all(folder_);
  Reopen();
  EXPECT_EQ(Send(log_.Write(Abort(7))).refusal, Refusal::kRefusing);
}

}  // namespace
}  // namespace causeway::witness
