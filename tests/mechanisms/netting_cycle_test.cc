// Deferred net settlement, event by event.
#include "scenarios/mechanisms/netting_cycle.h"

#include <gtest/gtest.h>

#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

using core::Amount;
using core::Outcome;

constexpr ParticipantIndex kA = 0;
constexpr ParticipantIndex kB = 1;
constexpr ParticipantIndex kC = 2;
const core::LedgerTime kNow = core::LedgerTime::Min() + core::Duration::FromHours(9);

SettlePvp Trade(ParticipantIndex party, std::int64_t pays, ParticipantIndex counterparty,
                std::int64_t gets) {
  return {.party = party,
          .counterparty = counterparty,
          .party_ledger = 0,
          .counterparty_ledger = 1,
          .party_amount = Amount::FromMinor(pays),
          .counterparty_amount = Amount::FromMinor(gets)};
}

void EnterByBoth(NettingCycle& cycle, ActionIndex id, const SettlePvp& trade) {
  EXPECT_TRUE(cycle.Enter(id, trade, trade.party).empty());
  EXPECT_TRUE(cycle.Enter(id, trade, trade.counterparty).empty());
}

// The outcomes that effects tell, by trade.
std::map<ActionIndex, Outcome> Told(const NettingCycle::Effects& effects) {
  std::map<ActionIndex, Outcome> told;
  for (const NettingCycle::Effect& effect : effects) {
    if (const auto* tell = std::get_if<NettingCycle::Tell>(&effect)) {
      EXPECT_TRUE(told.emplace(tell->trade, tell->outcome.outcome).second);
    }
  }
  return told;
}

bool Asks(const NettingCycle::Effects& effects) {
  return !effects.empty() && std::holds_alternative<NettingCycle::AskSignatures>(effects.back());
}

// All payers of the attempt sign.
void SignAll(NettingCycle& cycle) {
  const NettingCycle::Attempt attempt = *cycle.attempt();
  NettingCycle::Effects effects;
  for (const ParticipantIndex payer : attempt.payers) {
    effects = cycle.OnSignature(attempt.number, payer, {});
  }
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<NettingCycle::Submit>(effects.front()));
}

class NettingCycleTest : public testing::Test {
 protected:
  NettingCycleTest() { cycle_.Open(); }

  NettingCycle cycle_;
};

TEST_F(NettingCycleTest, OpposingTradesLeaveOnlyTheirDifferenceToPay) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  EnterByBoth(cycle_, 2, Trade(kB, 30, kA, 35));
  ASSERT_TRUE(Asks(cycle_.Begin(kNow, 1)));
  const std::vector<NetLeg> expected = {{0, kA, kB, Amount::FromMinor(70)},
                                        {1, kB, kA, Amount::FromMinor(75)}};
  EXPECT_EQ(cycle_.attempt()->legs, expected);
}

TEST_F(NettingCycleTest, SettledCycleEndsAllItsTradesOnce) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  EnterByBoth(cycle_, 2, Trade(kB, 30, kC, 35));
  cycle_.Begin(kNow, 1);
  SignAll(cycle_);
  const core::Rejection accepted{.outcome = Outcome::kAccepted};
  const std::map<ActionIndex, Outcome> expected = {{1, Outcome::kAccepted},
                                                   {2, Outcome::kAccepted}};
  EXPECT_EQ(Told(cycle_.OnOutcome(kNow, 1, accepted, std::nullopt)), expected);
  EXPECT_TRUE(cycle_.OnOutcome(kNow, 1, accepted, std::nullopt).empty());
  EXPECT_EQ(cycle_.settled_trades().size(), 2U);
  EXPECT_TRUE(cycle_.Begin(kNow, 2).empty());
}

TEST_F(NettingCycleTest, MemberThatCannotFundIsLeftOutWithAllItsTrades) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  EnterByBoth(cycle_, 2, Trade(kB, 30, kC, 35));
  cycle_.Begin(kNow, 1);
  SignAll(cycle_);
  const auto effects = cycle_.OnOutcome(kNow, 1, {.outcome = Outcome::kInsufficientFunds}, kC);
  EXPECT_EQ(Told(effects), (std::map<ActionIndex, Outcome>{{2, Outcome::kInsufficientFunds}}));
  ASSERT_TRUE(Asks(effects));
  EXPECT_EQ(cycle_.attempt()->number, 2U);
  const std::vector<NetLeg> expected = {{0, kA, kB, Amount::FromMinor(100)},
                                        {1, kB, kA, Amount::FromMinor(110)}};
  EXPECT_EQ(cycle_.attempt()->legs, expected);
}

TEST_F(NettingCycleTest, MemberThatDoesNotSignInTimeIsLeftOut) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  EnterByBoth(cycle_, 2, Trade(kA, 30, kC, 35));
  cycle_.Begin(kNow, 1);
  cycle_.OnSignature(1, kA, {});
  cycle_.OnSignature(1, kC, {});
  const auto effects = cycle_.OnSigningTimeout(kNow, 1);
  EXPECT_EQ(Told(effects), (std::map<ActionIndex, Outcome>{{1, Outcome::kNotSignedByParty}}));
  EXPECT_TRUE(Asks(effects));
}

TEST_F(NettingCycleTest, TimeoutDoesNotUnwindWhatWasHandedIn) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  cycle_.Begin(kNow, 1);
  SignAll(cycle_);
  EXPECT_TRUE(cycle_.OnSigningTimeout(kNow, 1).empty());
  EXPECT_EQ(cycle_.attempt()->number, 1U);
}

TEST_F(NettingCycleTest, FailureThatIsNobodysFaultLeavesTheTradesToTheNextCycle) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  cycle_.Begin(kNow, 1);
  SignAll(cycle_);
  const core::Rejection late{.outcome = Outcome::kPastDeadline};
  EXPECT_TRUE(cycle_.OnOutcome(kNow, 1, late, std::nullopt).empty());
  EXPECT_EQ(cycle_.open_trades(), 1U);
  EXPECT_TRUE(Asks(cycle_.Begin(kNow, 2)));
}

TEST_F(NettingCycleTest, CycleThatFallsDueDuringAnotherBeginsAfterIt) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  cycle_.Begin(kNow, 1);
  EnterByBoth(cycle_, 2, Trade(kB, 30, kC, 35));
  EXPECT_TRUE(cycle_.Begin(kNow, 2).empty());
  SignAll(cycle_);
  EXPECT_TRUE(Asks(cycle_.OnOutcome(kNow, 1, {.outcome = Outcome::kAccepted}, std::nullopt)));
  EXPECT_EQ(cycle_.attempt()->trades, std::vector<ActionIndex>{2});
}

TEST_F(NettingCycleTest, CloseReturnsWhatIsNotUnderWay) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  cycle_.Begin(kNow, 1);
  SignAll(cycle_);
  cycle_.Enter(2, Trade(kA, 1, kB, 1), kA);
  EXPECT_EQ(Told(cycle_.Close()),
            (std::map<ActionIndex, Outcome>{{2, Outcome::kApprovalsMissing}}));
  const auto late = cycle_.Enter(3, Trade(kA, 1, kB, 1), kA);
  EXPECT_EQ(Told(late), (std::map<ActionIndex, Outcome>{{3, Outcome::kPastDeadline}}));
  const auto effects = cycle_.OnOutcome(kNow, 1, {.outcome = Outcome::kPastDeadline}, std::nullopt);
  EXPECT_EQ(Told(effects), (std::map<ActionIndex, Outcome>{{1, Outcome::kPastDeadline}}));
}

TEST_F(NettingCycleTest, TradesThatCancelOutSettleWithoutAPayment) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  EnterByBoth(cycle_, 2, Trade(kB, 100, kA, 110));
  EXPECT_EQ(Told(cycle_.Begin(kNow, 1)).size(), 2U);
  EXPECT_EQ(cycle_.attempt(), nullptr);
}

TEST_F(NettingCycleTest, ResumeAsksForWhatIsStillNeeded) {
  EnterByBoth(cycle_, 1, Trade(kA, 100, kB, 110));
  EXPECT_TRUE(cycle_.Resume().empty());
  cycle_.Begin(kNow, 1);
  EXPECT_TRUE(Asks(cycle_.Resume()));
  SignAll(cycle_);
  ASSERT_EQ(cycle_.Resume().size(), 1U);
  EXPECT_TRUE(std::holds_alternative<NettingCycle::Submit>(cycle_.Resume().front()));
}

TEST(NettingLegsTest, LegsBringEveryPositionToZeroWithFewerPaymentsThanMembers) {
  core::RandomStream random(1, "netting-legs");
  for (int round = 0; round < 200; ++round) {
    std::vector<SettlePvp> trades;
    for (int i = 0; i < 40; ++i) {
      const auto party = static_cast<ParticipantIndex>(random.Uniform(7));
      const auto other = static_cast<ParticipantIndex>((party + 1 + random.Uniform(6)) % 7);
      trades.push_back(
          Trade(party, random.UniformInRange(1, 1000), other, random.UniformInRange(1, 1000)));
    }
    NetPositions positions = *NetOf(trades);
    std::map<LedgerIndex, std::size_t> count;
    for (const NetLeg& leg : LegsOf(positions)) {
      ++count[leg.ledger];
      EXPECT_TRUE(leg.amount.IsPositive());
      Amount& from = positions[{leg.ledger, leg.from}];
      Amount& to = positions[{leg.ledger, leg.to}];
      from = *core::CheckedAdd(from, leg.amount);
      to = *core::CheckedSub(to, leg.amount);
    }
    for (const auto& [place, net] : positions) EXPECT_TRUE(net.IsZero());
    for (const auto& [ledger, legs] : count) EXPECT_LT(legs, 7U);
  }
}

TEST(NettingLegsTest, PositionThatDoesNotFitIsNotComputed) {
  const std::int64_t most = Amount::Max().minor();
  EXPECT_FALSE(NetOf({Trade(kA, most, kB, 1), Trade(kA, most, kB, 1)}).has_value());
}

}  // namespace
}  // namespace causeway::sim
