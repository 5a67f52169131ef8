#include "central-bank-node/runtime/journal_care.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "central-bank-node/runtime/node_files.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class JournalCareTest : public LiveLedgerTest {
 protected:
  JournalCareTest()
      : folder_(fs::path(::testing::TempDir()) / fmt::format("care-{}", ::getpid())),
        data_(folder_ / "data") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~JournalCareTest() override { fs::remove_all(folder_); }

  // A ledger with a few batches, and the care of its journal.
  void Open(const JournalCare::Directories& directories) {
    auto journal = store::SegmentJournal::Open(data_, LedgerJournalIdentity(genesis_));
    ASSERT_TRUE(journal.ok()) << journal.status();
    care_ = std::make_unique<JournalCare>(journal->get(), genesis_, directories);
    auto engine =
        LedgerEngine::Open(genesis_,
                           {.signer = Key("ledger"),
                            .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                            .salt_key = std::string(32, 's')},
                           *std::move(journal));
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
    SetUpParticipants(*engine_);
  }
  void Close() {
    care_.reset();
    engine_.reset();
  }
  std::string backups() const { return folder_ / "backups"; }

  const fs::path folder_;
  const std::string data_;
  std::unique_ptr<JournalCare> care_;
  std::unique_ptr<LedgerEngine> engine_;
};

TEST_F(JournalCareTest, BackupIsAJournalThatEndsWhereTheLedgerWas) {
  Open({.backup_root = backups(), .archive = {}});
  fs::create_directories(backups() + "/daily.unfinished/left-behind");
  const auto report = care_->Backup("daily");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->directory, backups() + "/daily");
  EXPECT_EQ(report->batches, engine_->batch_count());
  EXPECT_EQ(report->checkpoint, engine_->checkpoint());
  EXPECT_TRUE(CheckJournal(genesis_, report->directory).ok());
  EXPECT_FALSE(fs::exists(backups() + "/daily.unfinished"));
}

TEST_F(JournalCareTest, StopLeavesNothingOfABackup) {
  Open({.backup_root = backups(), .archive = folder_ / "archive"});
  care_->Stop();
  EXPECT_EQ(care_->Backup("daily").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(fs::exists(backups() + "/daily"));
  EXPECT_FALSE(fs::exists(backups() + "/daily.unfinished"));
}

TEST_F(JournalCareTest, BackupNeedsARootAndAFreshPlainName) {
  Open({.backup_root = backups(), .archive = {}});
  ASSERT_TRUE(care_->Backup("a.B_3-x").ok());
  EXPECT_EQ(care_->Backup("a.B_3-x").status().code(), absl::StatusCode::kFailedPrecondition);
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("-a"),
        std::string("a b"), std::string("a.unfinished"), std::string(65, 'a'),
        std::string("a\0b", 3)}) {
    EXPECT_EQ(care_->Backup(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  JournalCare without(nullptr, genesis_, {});
  EXPECT_EQ(without.Backup("a").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(without.Archive(1).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JournalCareTest, CareOfAStoppedNodeRefusesWhatIsNotThereOrInUse) {
  EXPECT_EQ(CheckJournal(genesis_, data_).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RepairJournal(genesis_, data_, data_).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RestoreJournal(genesis_, data_, data_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(data_));
  Open({});
  EXPECT_EQ(CheckJournal(genesis_, data_).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JournalCareTest, FlippedBitIsFoundAndRepairedFromABackup) {
  Open({.backup_root = backups(), .archive = {}});
  const auto report = care_->Backup("before");
  ASSERT_TRUE(report.ok()) << report.status();
  Close();
  const std::string segment = data_ + "/segment-00000000000000000000.cws";
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 + 200);
  file.put('\x55');
  file.close();
  const absl::Status damaged = CheckJournal(genesis_, data_);
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(damaged.message()), HasSubstr(segment + ": offset 4"));
  const absl::Status repaired = RepairJournal(genesis_, data_, report->directory);
  ASSERT_TRUE(repaired.ok()) << repaired;
  EXPECT_TRUE(CheckJournal(genesis_, data_).ok());
}

}  // namespace
}  // namespace causeway::node
