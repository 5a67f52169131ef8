#include "central-bank-node/runtime/scrubber.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "central-bank-node/runtime/node_files.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Scrubber::Options kAtOnce{.bytes_per_s = std::uint64_t{1} << 40,
                                    .pause = std::chrono::milliseconds(1),
                                    .first_pass = std::chrono::milliseconds(0)};

// Until so many more passes are finished.
void AwaitPasses(const Scrubber& scrubber, std::uint64_t more) {
  const std::uint64_t wanted = scrubber.status().passes + more;
  for (int i = 0; i < 2000 && scrubber.status().passes < wanted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_GE(scrubber.status().passes, wanted);
}

TEST(Scrubber, TellsDamageWithItsRemedyAsLongAsItIsThere) {
  std::atomic<bool> damaged = true;
  Scrubber scrubber(
      kAtOnce,
      {{.scrub =
            [&](const store::ScrubContext& context) {
              // It may be told to stop in the middle of a pass.
              if (context.pace(1000)) return absl::CancelledError("ended");
              if (damaged) context.damaged("a file: offset 7: is wrong");
              return absl::OkStatus();
            },
        .remedy = "do this"},
       {.scrub = [](const store::ScrubContext&) { return absl::InternalError("cannot be listed"); },
        .remedy = "do that"}});
  AwaitPasses(scrubber, 2);
  EXPECT_THAT(scrubber.status().damaged,
              ElementsAre("a file: offset 7: is wrong; do this", "cannot be listed"));
  EXPECT_GE(scrubber.status().bytes, 2000U);
  damaged = false;
  AwaitPasses(scrubber, 2);
  EXPECT_THAT(scrubber.status().damaged, ElementsAre("cannot be listed"));
}

TEST(Scrubber, ReadsNoFasterThanItIsToldAndStopsAtOnce) {
  std::atomic<int> reads = 0;
  const auto start = std::chrono::steady_clock::now();
  Scrubber scrubber({.bytes_per_s = 1000, .pause = kAtOnce.pause, .first_pass = kAtOnce.pause},
                    {{.scrub =
                          [&](const store::ScrubContext& context) {
                            while (!context.pace(3'000'000)) ++reads;
                            return absl::CancelledError("ended");
                          },
                      .remedy = ""}});
  for (int i = 0; i < 2000 && reads == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  scrubber.Stop();
  EXPECT_EQ(reads, 1) << "the next is due in fifty minutes";
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(5));
}

class ScrubSnapshotsTest : public LiveLedgerTest {
 protected:
  ScrubSnapshotsTest()
      : folder_(fs::path(::testing::TempDir()) / fmt::format("scrub-{}", ::getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~ScrubSnapshotsTest() override { fs::remove_all(folder_); }

  std::vector<std::string> Damage() {
    std::vector<std::string> damaged;
    const absl::Status done = ScrubSnapshots(
        folder_ / "data/snapshots", std::string(32, 's'),
        {.pace = [](std::size_t) { return false; },
         .damaged = [&](std::string damage) { damaged.push_back(std::move(damage)); }});
    EXPECT_TRUE(done.ok()) << done;
    return damaged;
  }

  const fs::path folder_;
};

TEST_F(ScrubSnapshotsTest, TellsTheOneThatIsDamaged) {
  auto opened = OpenLedgerStore(folder_ / "data", genesis_, std::string(32, 's'));
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::shared_ptr<store::SnapshotStore> snapshots = opened->snapshots;
  auto engine = LedgerEngine::Open(genesis_,
                                   {.signer = Key("ledger"),
                                    .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                                    .salt_key = std::string(32, 's'),
                                    .keys = std::move(opened->keys),
                                    .snapshots = snapshots},
                                   std::move(opened->journal));
  ASSERT_TRUE(engine.ok()) << engine.status();
  SetUpParticipants(**engine);
  auto writer = snapshots->Create();
  ASSERT_TRUE(writer.ok()) << writer.status();
  const absl::Status written = (*engine)->WriteSnapshot(
      **writer,
      {.between_batches = [](const auto& step) { step(); }, .until_durable = [](std::uint64_t) {}});
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_THAT(Damage(), IsEmpty());
  const auto file = *fs::directory_iterator(folder_ / "data/snapshots");
  std::fstream bytes(file.path(), std::ios::binary | std::ios::in | std::ios::out);
  bytes.seekp(200);
  bytes.put('\x55');
  bytes.close();
  const std::vector<std::string> damaged = Damage();
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_THAT(damaged.front(), HasSubstr("data/snapshots: the snapshot after"));
}

}  // namespace
}  // namespace causeway::node
