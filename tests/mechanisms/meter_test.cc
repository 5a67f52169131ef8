// The meter: levels over time, and what of an exchange is at risk when.
#include "scenarios/mechanisms/meter.h"

#include <gtest/gtest.h>

#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

core::LedgerTime AtSecond(std::int64_t seconds) {
  return core::LedgerTime::FromMicros(1'000'000'000) + core::Duration::FromSeconds(seconds);
}

TEST(AmountOverTimeTest, SumsLevelsOverTheTimeThatTheyLasted) {
  AmountOverTime amount;
  amount.Add(AtSecond(0), 100);
  amount.Add(AtSecond(10), 50);
  amount.Add(AtSecond(14), -150);
  EXPECT_EQ(amount.max(), 150);
  EXPECT_EQ(amount.level(), 0);
  EXPECT_EQ(amount.AmountSeconds(AtSecond(100)), 100 * 10 + 150 * 4);
}

TEST(AmountOverTimeTest, LevelThatLastedNoTimeIsNoMaximum) {
  AmountOverTime amount;
  amount.Add(AtSecond(1), 9);
  amount.Add(AtSecond(1), -9);
  amount.Add(AtSecond(2), 5);
  EXPECT_EQ(amount.max(), 5);
  EXPECT_EQ(amount.AmountSeconds(AtSecond(4)), 10);
}

TEST(AmountOverTimeTest, CountsTheLevelThatIsThereNow) {
  AmountOverTime amount;
  amount.Add(AtSecond(0), 7);
  EXPECT_EQ(amount.AmountSeconds(AtSecond(3)), 21);
}

// Two ledgers in the value currency; a settlement with a leg of 100 on each.
class MeterTest : public testing::Test {
 protected:
  static core::Posting PostingOf(const char* account, core::Bucket bucket, std::int64_t amount) {
    core::Posting posting;
    posting.address = *core::AccountAddress::Make(*core::Currency::Parse("USD"), account);
    posting.bucket = bucket;
    posting.amount = core::Amount::FromMinor(amount);
    return posting;
  }
  static core::Entry EntryOf(core::InstructionStatus status) {
    core::Entry entry;
    entry.instruction.kind = core::ActionKind::kSettlementLeg;
    entry.settlement_id = core::Sha256("settlement");
    entry.status = status;
    return entry;
  }
  void Hold(std::int64_t second, LedgerIndex ledger) {
    core::Entry entry = EntryOf(core::InstructionStatus::kPrepared);
    entry.postings = {PostingOf("PAYER", core::Bucket::kAvailable, -100),
                      PostingOf("PAYER", core::Bucket::kHeld, 100)};
    meter_.OnEntry(AtSecond(second), ledger, entry);
  }
  void Book(std::int64_t second, LedgerIndex ledger) {
    core::Entry entry = EntryOf(core::InstructionStatus::kSettled);
    entry.postings = {PostingOf("PAYER", core::Bucket::kHeld, -100),
                      PostingOf("PAYEE", core::Bucket::kAvailable, 100)};
    meter_.OnEntry(AtSecond(second), ledger, entry);
  }

  static Plan TwoLedgers() {
    Plan plan;
    plan.value_currency = *core::Currency::Parse("USD");
    plan.ledgers.resize(2);
    for (PlannedLedger& ledger : plan.ledgers) ledger.currency = *plan.value_currency;
    return plan;
  }

  Plan plan_ = TwoLedgers();
  Meter meter_{plan_};
};

TEST_F(MeterTest, LegThatIsBookedAloneIsAtRiskUntilTheOtherIs) {
  Hold(0, 0);
  Hold(1, 1);
  Book(3, 0);
  Book(5, 1);
  const MechanismResult result = meter_.Finish(AtSecond(60));
  EXPECT_EQ(result.principal_at_risk_max.minor(), 100);
  EXPECT_EQ(result.principal_at_risk_value_seconds, 200);
  EXPECT_EQ(result.principal_lost.minor(), 0);
  EXPECT_EQ(result.currencies[0].locked_amount_seconds, 300);
  EXPECT_EQ(result.currencies[1].locked_amount_seconds, 400);
  EXPECT_EQ(result.currencies[0].liquidity_needed.minor(), 100);
}

TEST_F(MeterTest, LegThatIsBookedAloneForGoodIsLost) {
  Hold(0, 0);
  Hold(0, 1);
  Book(3, 0);
  const MechanismResult result = meter_.Finish(AtSecond(10));
  EXPECT_EQ(result.principal_lost.minor(), 100);
  EXPECT_EQ(result.exchanges_half_done, 1U);
  EXPECT_EQ(result.currencies[1].locked_at_end.minor(), 100);
}

TEST_F(MeterTest, IssuesAndRedemptionsAreNotTheMechanisms) {
  core::Entry entry = EntryOf(core::InstructionStatus::kAwaitingApproval);
  entry.instruction.kind = core::ActionKind::kRedeem;
  entry.settlement_id = {};
  entry.postings = {PostingOf("PAYER", core::Bucket::kAvailable, -100),
                    PostingOf("PAYER", core::Bucket::kHeld, 100)};
  meter_.OnEntry(AtSecond(0), 0, entry);
  const MechanismResult result = meter_.Finish(AtSecond(10));
  EXPECT_EQ(result.currencies[0].locked_max.minor(), 0);
  EXPECT_EQ(result.currencies[0].liquidity_needed.minor(), 0);
}

}  // namespace
}  // namespace causeway::sim
