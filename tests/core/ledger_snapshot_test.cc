// Snapshots: a ledger from the parts is the ledger that they were made of, whatever happened
// between two parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/prng.h"
#include "tests/core/settlement_fixture.h"

namespace causeway::core {
namespace {

class LedgerSnapshotTest : public SettlementFixture {
 protected:
  std::vector<std::string> RestOfSnapshot(Ledger& ledger) {
    std::vector<std::string> parts;
    for (std::string part = ledger.NextSnapshotPart(); !part.empty();
         part = ledger.NextSnapshotPart()) {
      parts.push_back(std::move(part));
    }
    return parts;
  }
  std::vector<std::string> SnapshotOf(Ledger& ledger) {
    ledger.StartSnapshot();
    return RestOfSnapshot(ledger);
  }
  absl::StatusOr<std::unique_ptr<Ledger>> Restored(const std::vector<std::string>& parts) {
    std::size_t next = 0;
    return Ledger::Restore(genesis_, nullptr, [&]() -> absl::StatusOr<std::string> {
      if (next == parts.size()) return absl::OutOfRangeError("no more parts");
      return parts[next++];
    });
  }

  // Accounts ALPHA0 ... of bank ALPHA and BETA0 ... of BETA, and funds for ALPHA's.
  void OpenMany(int count) {
    std::vector<AdmittedItem> items;
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(i);
      for (const char* bank : {"ALPHA", "BETA"}) {
        items.push_back(
            Admitted(MakeCommand("CENTRAL", OpenAccount{.address = Address(bank + number),
                                                        .owner = Party(bank),
                                                        .purpose = AccountPurpose::kWallet}),
                     {"central-1", "central-2"}));
      }
      items.push_back(Admitted(
          MakeCommand("CENTRAL", Issue{Address("ALPHA" + number), Hkd(1'000), "RTGS-" + number}),
          {"central-1", "central-2"}));
    }
    for (const ItemResult& result : Apply(std::move(items)).results) ExpectAccepted(result);
  }

  // A batch of payments from ALPHA's accounts to BETA's, all drawn evenly.
  void PayBetween(RandomStream& random, int accounts, std::uint64_t payments) {
    const auto count = static_cast<std::uint64_t>(accounts);
    std::vector<AdmittedItem> items;
    for (std::uint64_t i = 0; i < payments; ++i) {
      const std::string from = "ALPHA" + std::to_string(random.Uniform(count));
      const std::string to = "BETA" + std::to_string(random.Uniform(count));
      items.push_back(Admitted(MakeCommand("ALPHA", PayOf(from, to, 1)), {"ALPHA"}));
    }
    if (!items.empty()) Apply(std::move(items));
  }

  // Something that changes accounts, instructions or participants.
  void DoSomething(RandomStream& random, int accounts) {
    const auto one_of = [&](std::string_view bank) {
      return std::string(bank) +
             std::to_string(random.Uniform(static_cast<std::uint64_t>(accounts)));
    };
    now_ = now_ + Duration::FromMillis(1);
    switch (random.Uniform(9)) {
      case 0:
        ByCentralBank(SetFreeze{.address = Address(one_of("ALPHA")),
                                .frozen = random.Uniform(2) == 0,
                                .legal_basis = "order"});
        break;
      case 1:
        ByCentralBank(SetLimits{.address = Address(one_of("BETA")),
                                .holding_limit = Amount::FromMinor(5'000),
                                .credit_line = Amount::FromMinor(10)});
        break;
      case 2: {
        const ItemResult asked = By("ALPHA", RequestIssue{Address("ALPHA"), Hkd(10), "RTGS"});
        if (random.Uniform(2) == 0) break;
        ByCentralBank(Approve{asked.instructions.at(0).key});
        break;
      }
      case 3:
        By("ALPHA", Redeem{Address("ALPHA"), Hkd(1)});
        break;
      case 4:
        open_.push_back(MakePrepare(3, "S-" + std::to_string(++settlements_)));
        Prepare(open_.back());
        break;
      case 5:
        if (open_.size() < 40) break;  // so that many wait
        Complete(
            Decide(open_.front(), random.Uniform(2) == 0 ? Verdict::kCommit : Verdict::kAbort));
        open_.pop_front();
        break;
      default: {
        const std::string from = one_of("ALPHA");
        const std::string to = one_of("BETA");
        By("ALPHA", PayOf(from, to, random.UniformInRange(1, 20)));
      }
    }
  }

  std::deque<PrepareSettlement> open_;
  int settlements_ = 0;
};

TEST_F(LedgerSnapshotTest, ASettlementThatHasEndedDoesNotBelongIntoOne) {
  Prepare(MakePrepare(3, "S-1"));
  std::vector<std::string> parts = SnapshotOf(*ledger_);
  ASSERT_TRUE(Restored(parts).ok());
  constexpr char kSettlements = 5;
  constexpr std::size_t kStatusAt = 1 + 4 + 32;  // behind the part's kind, its count and the id
  for (std::string& part : parts) {
    if (part.front() != kSettlements) continue;
    ASSERT_EQ(part[kStatusAt], static_cast<char>(InstructionStatus::kPrepared));
    part[kStatusAt] = static_cast<char>(InstructionStatus::kAborted);
  }
  const auto restored = Restored(parts);
  ASSERT_FALSE(restored.ok());
  EXPECT_NE(std::string(restored.status().message()).find("not prepared"), std::string::npos);
}

TEST_F(LedgerSnapshotTest, ARestoredLedgerIsTheOneThatItWasMadeOf) {
  OpenMany(3);
  By("ALPHA", PayOf("ALPHA0", "BETA1", 100));
  By("ALPHA", PayOf("ALPHA0", "BETA1", 100'000));  // rejected
  By("ALPHA", RequestIssue{Address("ALPHA"), Hkd(10), "RTGS"});
  const PrepareSettlement settled = MakePrepare(700, "S-1");
  Prepare(settled);
  Complete(Decide(settled, Verdict::kCommit));
  Prepare(MakePrepare(10, "S-2"));
  Prepare(MakePrepare(1'000'000, "S-3"));                            // rejected
  Complete(Decide(MakePrepare(10, "S-4"), Verdict::kAbort, false));  // a tombstone
  const auto parts = SnapshotOf(*ledger_);
  const auto restored = Restored(parts);
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  EXPECT_EQ((*restored)->StateRoot(), ledger_->StateRoot());
  EXPECT_EQ((*restored)->next_index(), ledger_->next_index());
  EXPECT_EQ(SnapshotOf(**restored), parts) << "one state, one encoding";
}

TEST_F(LedgerSnapshotTest, ARestoredLedgerKnowsWhichSettlementsItMayNotPrepare) {
  const PrepareSettlement prepare = MakePrepare(10, "S-1");
  ByCentralBank(OrderAbort{prepare.terms.settlement_id, "judgment 13"});
  const auto parts = SnapshotOf(*ledger_);
  auto restored = Restored(parts);
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  EXPECT_EQ((*restored)->StateRoot(), ledger_->StateRoot());
  EXPECT_EQ(SnapshotOf(**restored), parts) << "one state, one encoding";
  ledger_ = *std::move(restored);
  EXPECT_EQ(Prepare(prepare).refused->outcome, Outcome::kAbortOrdered);
}

TEST_F(LedgerSnapshotTest, ARestoredLedgerGoesOnAsTheOther) {
  OpenMany(3);
  ItemResult asked = By("ALPHA", RequestIssue{Address("ALPHA"), Hkd(10), "RTGS"}, "ASKED");
  auto restored = Restored(SnapshotOf(*ledger_));
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  const auto on_both = [&](AdmittedItem item) {
    const std::vector<AdmittedItem> items{item};
    const BatchResult one = ledger_->ApplyBatch(now_, items);
    const BatchResult other = (*restored)->ApplyBatch(now_, items);
    EXPECT_EQ(one.header, other.header);
    ASSERT_EQ(one.entries.size(), other.entries.size());
    for (std::size_t i = 0; i < one.entries.size(); ++i) {
      EXPECT_EQ(EncodeEntry(one.entries[i]), EncodeEntry(other.entries[i]));
    }
  };
  on_both(Admitted(MakeCommand("CENTRAL", Approve{asked.instructions.at(0).key}),
                   {"central-1", "central-2"}));
  on_both(Admitted(MakeCommand("ALPHA", PayOf("ALPHA1", "BETA2", 5)), {"ALPHA"}));
  on_both(Admitted(MakeCommand("ALPHA", PayOf("ALPHA1", "BETA2", 5), "ASKED"), {"ALPHA"}));
  EXPECT_EQ((*restored)->StateRoot(), ledger_->StateRoot());
}

// The property that snapshots beside a running ledger rest on.
TEST_F(LedgerSnapshotTest, BatchesBetweenPartsDoNotShowInTheSnapshot) {
  constexpr int kAccounts = 9'000;  // several parts of accounts
  OpenMany(kAccounts);
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    RandomStream random(seed, "snapshot test");
    for (int i = 0; i < 20; ++i) DoSomething(random, kAccounts);
    const auto expected = SnapshotOf(*ledger_);
    ASSERT_GT(expected.size(), 5u);
    ledger_->StartSnapshot();
    std::vector<std::string> parts;
    for (;;) {
      const std::uint64_t steps = random.Uniform(60);
      for (std::uint64_t i = 0; i < steps; ++i) DoSomething(random, kAccounts);
      std::string part = ledger_->NextSnapshotPart();
      if (part.empty()) break;
      parts.push_back(std::move(part));
    }
    EXPECT_EQ(parts, expected) << "seed " << seed;
  }
}

// From nothing between two parts to each account changed between them, again and again, some of
// the snapshots given up on the way: what is copied lies where older copies were.
TEST_F(LedgerSnapshotTest, NoInterleavingOfPartsAndPaymentsShowsInTheSnapshot) {
  constexpr int kAccounts = 3'000;  // of each bank
  OpenMany(kAccounts);
  RandomStream random(7, "interleavings");
  for (int round = 0; round < 8; ++round) {
    const auto expected = SnapshotOf(*ledger_);
    const bool ends = round % 3 != 1;
    std::vector<std::string> parts;
    ledger_->StartSnapshot();
    while (ends || parts.size() < expected.size() / 2) {
      const std::uint64_t most = std::array<std::uint64_t, 3>{0, 40, 6'000}[random.Uniform(3)];
      PayBetween(random, kAccounts, most);
      if (random.Uniform(4) == 0) DoSomething(random, kAccounts);
      std::string part = ledger_->NextSnapshotPart();
      if (part.empty()) break;
      parts.push_back(std::move(part));
    }
    if (!ends) {
      ledger_->AbandonSnapshot();
    } else {
      EXPECT_EQ(parts, expected) << "round " << round;
    }
    EXPECT_EQ(ledger_->SnapshotCopiesBytes(), 0u);
  }
}

TEST_F(LedgerSnapshotTest, CopiesAreGivenUpWithThePartThatTakesThem) {
  constexpr int kAccounts = 3'000;
  OpenMany(kAccounts);
  RandomStream random(8, "copies");
  PayBetween(random, kAccounts, 20'000);
  ledger_->StartSnapshot();
  EXPECT_EQ(ledger_->SnapshotCopiesBytes(), 0u);
  PayBetween(random, kAccounts, 20'000);
  std::size_t copied = ledger_->SnapshotCopiesBytes();
  // Nearly all of 6,000 accounts, and the rest of a block for each thousand.
  EXPECT_GT(copied, 5'500u * 24);
  EXPECT_LT(copied, 6'000u * 26);
  constexpr char kAccountsPart = 4;
  for (std::string part = ledger_->NextSnapshotPart(); !part.empty();
       part = ledger_->NextSnapshotPart()) {
    if (part.front() != kAccountsPart) continue;
    EXPECT_LT(ledger_->SnapshotCopiesBytes(), copied);
    copied = ledger_->SnapshotCopiesBytes();
    // What was given is not copied any more.
    ByCentralBank(SetFreeze{.address = Address("LIABILITY"), .frozen = true, .legal_basis = "x"});
    EXPECT_EQ(ledger_->SnapshotCopiesBytes(), copied);
  }
  EXPECT_EQ(copied, 0u);
}

// As a node does it at its limit.
TEST_F(LedgerSnapshotTest, PartsTakenBeforeBatchesBoundWhatIsCopied) {
  constexpr int kAccounts = 9'000;
  constexpr std::size_t kMost = 48'000;  // a sixth of what all accounts would take
  constexpr std::uint64_t kPaymentsABatch = 20;
  constexpr std::size_t kBlock = 512;  // that each account of a batch may begin
  OpenMany(kAccounts);
  const auto expected = SnapshotOf(*ledger_);
  RandomStream random(9, "bound");
  ledger_->StartSnapshot();
  std::vector<std::string> parts;
  std::size_t peak = 0;
  for (;;) {
    PayBetween(random, kAccounts, kPaymentsABatch);
    peak = std::max(peak, ledger_->SnapshotCopiesBytes());
    if (ledger_->SnapshotCopiesBytes() < kMost && parts.size() < expected.size() / 2) continue;
    std::string part = ledger_->NextSnapshotPart();
    if (part.empty()) break;
    parts.push_back(std::move(part));
  }
  EXPECT_EQ(parts, expected);
  EXPECT_GE(peak, kMost) << "there was something to bound";
  EXPECT_LT(peak, kMost + 2 * kPaymentsABatch * kBlock);
}

TEST_F(LedgerSnapshotTest, PartsStaySmallWhateverWaits) {
  std::vector<AdmittedItem> items;
  for (int i = 0; i < 5'000; ++i) {
    items.push_back(
        Admitted(MakeCommand("ALPHA", RequestIssue{Address("ALPHA"), Hkd(10), "RTGS"}), {"ALPHA"}));
  }
  Apply(std::move(items));
  const auto parts = SnapshotOf(*ledger_);
  EXPECT_GT(parts.size(), 5u);
  for (const std::string& part : parts) EXPECT_LT(part.size(), std::size_t{512} << 10);
  const auto restored = Restored(parts);
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  EXPECT_EQ((*restored)->StateRoot(), ledger_->StateRoot());
}

TEST_F(LedgerSnapshotTest, AnAbandonedSnapshotLeavesNothingBehind) {
  ledger_->StartSnapshot();
  EXPECT_FALSE(ledger_->NextSnapshotPart().empty());
  ledger_->AbandonSnapshot();
  EXPECT_TRUE(ledger_->NextSnapshotPart().empty());
  By("ALPHA", PayOf("ALPHA", "BETA", 1));
  EXPECT_EQ((*Restored(SnapshotOf(*ledger_)))->StateRoot(), ledger_->StateRoot());
}

TEST_F(LedgerSnapshotTest, RefusesWhatIsNoSnapshotOfThisLedger) {
  const auto parts = SnapshotOf(*ledger_);
  EXPECT_EQ(Restored({}).status().code(), absl::StatusCode::kOutOfRange) << "the source's error";
  auto short_of_one = parts;
  short_of_one.erase(short_of_one.begin() + 1);
  EXPECT_EQ(Restored(short_of_one).status().code(), absl::StatusCode::kInvalidArgument);
  auto turned_round = parts;
  std::swap(turned_round[0], turned_round[1]);
  EXPECT_EQ(Restored(turned_round).status().code(), absl::StatusCode::kInvalidArgument);
  genesis_.bytes = "genesis of another ledger";
  genesis_.hash = Sha256(genesis_.bytes);
  EXPECT_EQ(Restored(parts).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LedgerSnapshotTest, NoTruncationAndNoFlippedByteCrashes) {
  By("ALPHA", PayOf("ALPHA", "BETA", 1));
  By("ALPHA", RequestIssue{Address("ALPHA"), Hkd(10), "RTGS"});
  Prepare(MakePrepare(10, "S-1"));
  const auto parts = SnapshotOf(*ledger_);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    for (std::size_t at = 0; at < parts[part].size(); ++at) {
      auto damaged = parts;
      damaged[part].resize(at);
      EXPECT_FALSE(Restored(damaged).ok()) << part << ": " << at;
      damaged = parts;
      damaged[part][at] = static_cast<char>(damaged[part][at] ^ 0x41);
      // Most are noticed here; the node authenticates the whole (central-bank-node/engine).
      Restored(damaged).status().IgnoreError();
    }
  }
}

}  // namespace
}  // namespace causeway::core
