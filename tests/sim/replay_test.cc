#include "scenarios/simulator/replay.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "scenarios/report/trace.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

struct Recorded {
  Plan plan;
  RunResult result;
  std::string bytes;
};

const Recorded& Record() {
  static const Recorded* const recorded = [] {
    auto* made = new Recorded;
    made->plan = Compiled(TwoCurrenciesWith(GeneratorText("traffic", 10, 10)));
    made->result = Simulated(made->plan);
    std::ostringstream out;
    WriteTrace(made->plan, made->result, out);
    made->bytes = out.str();
    return made;
  }();
  return *recorded;
}

Trace Decoded() {
  absl::StatusOr<Trace> trace = DecodeTrace(Record().bytes);
  EXPECT_TRUE(trace.ok()) << trace.status();
  return trace.ok() ? *std::move(trace) : Trace{};
}

TEST(TraceTest, HoldsEveryLog) {
  const Trace trace = Decoded();
  EXPECT_EQ(trace.scenario, "two-currencies");
  EXPECT_EQ(trace.seed, 7u);
  EXPECT_EQ(trace.mode, "simulated");
  ASSERT_EQ(trace.logs.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(trace.logs[i].is_ledger, i < 2);
    EXPECT_EQ(trace.logs[i].batches, Record().result.logs[i].batches);
  }
}

TEST(TraceTest, AnyChangedByteIsNoticed) {
  for (std::size_t i = 0; i < Record().bytes.size(); i += 997) {
    std::string changed = Record().bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_TRUE(absl::IsDataLoss(DecodeTrace(changed).status())) << "byte " << i;
  }
}

TEST(TraceTest, TruncatedFileIsNoticed) {
  const std::string& bytes = Record().bytes;
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, bytes.size() - 1}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeTrace(bytes.substr(0, size)).status())) << size;
  }
}

TEST(ReplayTest, GivesTheSameRoots) {
  const absl::StatusOr<ReplayResult> replayed = ReplayTrace(Decoded());
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_TRUE(replayed->same);
  EXPECT_TRUE(replayed->findings.empty());
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(replayed->logs[i].state_root, Record().result.ledgers[i].state_root);
    EXPECT_EQ(replayed->logs[i].log_root, Record().result.ledgers[i].log_root);
  }
  EXPECT_EQ(replayed->logs[2].log_root, Record().result.decision_log_root);
}

// The digest of the file protects nobody against its author: the logs must speak for themselves.
TEST(ReplayTest, BatchThatWasRewrittenIsFound) {
  Trace trace = Decoded();
  std::string& batch = trace.logs[0].batches[trace.logs[0].batches.size() / 2];
  batch[batch.size() / 2] = static_cast<char>(batch[batch.size() / 2] ^ 1);
  const absl::StatusOr<ReplayResult> replayed = ReplayTrace(trace);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_FALSE(replayed->same);
  EXPECT_FALSE(replayed->findings.empty());
  EXPECT_FALSE(replayed->logs[0].same);
  EXPECT_TRUE(replayed->logs[1].same);
}

TEST(ReplayTest, MissingBatchAtTheEndIsFound) {
  Trace trace = Decoded();
  trace.logs[1].batches.pop_back();
  const absl::StatusOr<ReplayResult> replayed = ReplayTrace(trace);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_FALSE(replayed->same);
  EXPECT_FALSE(replayed->logs[1].same);
}

TEST(ReplayTest, AnotherStateRootIsFound) {
  Trace trace = Decoded();
  trace.logs[0].state_root[0] = static_cast<char>(trace.logs[0].state_root[0] ^ 1);
  const absl::StatusOr<ReplayResult> replayed = ReplayTrace(trace);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_FALSE(replayed->same);
  EXPECT_TRUE(replayed->findings.empty());
}

TEST(ReplayTest, GenesisOfAnotherLedgerIsRefused) {
  Trace trace = Decoded();
  trace.logs[0].genesis = trace.logs[1].genesis;
  EXPECT_TRUE(absl::IsInvalidArgument(ReplayTrace(trace).status()));
}

}  // namespace
}  // namespace causeway::sim
