// The bytes of snapshots on disk, which a bridge of another day must read or refuse: those of
// docs/formats, made by tests/vectors.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "fmt/format.h"
#include "fx-bridge/engine/log_snapshot.h"
#include "fx-bridge/engine/queue_snapshot.h"
#include "settlement/store/snapshot_files.h"
#include "tests/bridge/fixture.h"
#include "tests/vectors/read_vector.h"

namespace causeway::bridge {
namespace {

constexpr char kDecisions[] = "bridge.example/decisions";

std::string Unhex(const nlohmann::json& hex) { return *core::FromHex(hex.get<std::string>()); }
core::Hash256 HashIn(const nlohmann::json& hex) {
  const std::string bytes = Unhex(hex);
  return core::Reader(bytes).Hash();
}

class SnapshotBytesTest : public ::testing::Test {
 protected:
  SnapshotBytesTest()
      : folder_((std::filesystem::path(::testing::TempDir()) /
                 fmt::format("snapshot-bytes-{}", ::getpid()))
                    .string()) {
    std::filesystem::create_directories(folder_);
    snapshots_ = store::MakeSnapshotFiles(folder_);
  }
  ~SnapshotBytesTest() override { std::filesystem::remove_all(folder_); }

  std::string PathOf(std::uint64_t batches) const {
    return fmt::format("{}/{:020}.cwsnap", folder_, batches);
  }
  std::string FileOf(std::uint64_t batches) const {
    std::ifstream file(PathOf(batches), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void SetFile(std::uint64_t batches, const std::string& bytes) const {
    std::ofstream(PathOf(batches), std::ios::binary) << bytes;
  }

  const std::string folder_;
  std::unique_ptr<store::SnapshotStore> snapshots_;
};

TEST_F(SnapshotBytesTest, ADecisionLogsAreThoseOfItsFormat) {
  const auto vector = nlohmann::json::parse(testing::ReadVector("decision-log-snapshot.json"));
  store::FingerprintKey secret{};
  const std::string key = Unhex(vector["secret"]);
  ASSERT_EQ(key.size(), secret.size());
  std::copy(key.begin(), key.end(), secret.begin());
  LogSnapshot snapshot{.batches = vector["batches"],
                       .records = vector["records"],
                       .subtrees = {},
                       .leaves = {},
                       .keys_from = vector["keys_from"],
                       .keys = {}};
  for (const auto& hash : vector["subtrees"]) snapshot.subtrees.push_back(HashIn(hash));
  for (const auto& hash : vector["leaves"]) snapshot.leaves.push_back(HashIn(hash));
  for (const auto& hex : vector["keys"]) {
    snapshot.keys.push_back(std::stoull(hex.get<std::string>(), nullptr, 16));
  }
  const std::string golden = Unhex(vector["file"]);
  const core::LedgerOrigin log = Origin(kDecisions);

  ASSERT_TRUE(WriteLogSnapshot(snapshot, log, secret, *snapshots_).ok());
  EXPECT_EQ(FileOf(snapshot.batches), golden);
  SetFile(snapshot.batches, golden);
  const auto read = ReadLogSnapshot(snapshot.batches, log, secret, *snapshots_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, snapshot);
  EXPECT_FALSE(ReadLogSnapshot(snapshot.batches, log, {}, *snapshots_).ok());
}

TEST_F(SnapshotBytesTest, ASettlementQueuesAreThoseOfItsFormat) {
  const auto vector = nlohmann::json::parse(testing::ReadVector("queue-snapshot.json"));
  const QueueSnapshot snapshot{.blocks = vector["blocks"],
                               .events = vector["events"],
                               .last_block = HashIn(vector["last_block"]),
                               .state = Unhex(vector["state"])};
  const std::string golden = Unhex(vector["file"]);
  const core::LedgerOrigin log = Origin(kDecisions);

  ASSERT_TRUE(WriteQueueSnapshot(snapshot, log, *snapshots_).ok());
  EXPECT_EQ(FileOf(snapshot.blocks), golden);
  SetFile(snapshot.blocks, golden);
  const auto read = ReadQueueSnapshot(snapshot.blocks, log, *snapshots_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, snapshot);
  EXPECT_FALSE(ReadQueueSnapshot(snapshot.blocks, Origin("other.example/log"), *snapshots_).ok());
}

}  // namespace
}  // namespace causeway::bridge
