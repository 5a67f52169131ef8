// A node that is shown a signed head of its ledger runs only a log that contains it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "central-bank-node/runtime/node_files.h"
#include "settlement/core/checkpoint.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

class ContainedHeadTest : public LiveLedgerTest {
 protected:
  ContainedHeadTest()
      : file_(std::string(::testing::TempDir()) + fmt::format("head-{}", ::getpid())) {}
  ~ContainedHeadTest() override { std::filesystem::remove(file_); }

  absl::StatusCode CodeFor(const std::string& note) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << note;
    return runtime_->Read(
        [&](const LedgerEngine& engine) { return CheckContains(engine, file_).code(); });
  }
  std::string Signed(std::uint64_t size, const core::Hash256& root,
                     const std::string& signer = "ledger") {
    const std::string origin = genesis_.ledger.ToString();
    return *core::SignCheckpoint({.origin = origin, .size = size, .root = root, .extensions = {}},
                                 origin, *Key(signer));
  }
  LedgerEngine::Head Head() {
    return runtime_->Read([](const LedgerEngine& engine) { return engine.head(); });
  }

  const std::string file_;
};

TEST_F(ContainedHeadTest, HeadsThatTheLogWentThroughAreContained) {
  StartRuntime();
  const LedgerEngine::Head before = Head();
  SubmitOne(PayItem("ALPHA", "BETA", 1));
  EXPECT_GT(Head().size, before.size);
  EXPECT_EQ(CodeFor(before.checkpoint), absl::StatusCode::kOk);
  EXPECT_EQ(CodeFor(Head().checkpoint), absl::StatusCode::kOk);
}

TEST_F(ContainedHeadTest, ALogThatIsShorterOrAnotherIsRefused) {
  StartRuntime();
  const LedgerEngine::Head head = Head();
  EXPECT_EQ(CodeFor(Signed(head.size + 1, head.root)), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeFor(Signed(head.size, core::Sha256("another"))), absl::StatusCode::kDataLoss);
}

TEST_F(ContainedHeadTest, WhatTheLedgerDidNotSignProvesNothing) {
  StartRuntime();
  const LedgerEngine::Head head = Head();
  EXPECT_EQ(CodeFor(Signed(head.size, head.root, "ALPHA")), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeFor("no note"), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace causeway::node
