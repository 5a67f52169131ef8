// Settlement on an institution's books: the three tests, the schedule, pay-outs.
#include "scenarios/mechanisms/settlement_institution.h"

#include <gtest/gtest.h>

namespace causeway::sim {
namespace {

using core::Amount;
using core::Outcome;
using Effects = SettlementInstitution::Effects;

constexpr ParticipantIndex kBankA = 0;
constexpr ParticipantIndex kBankB = 1;
constexpr ParticipantIndex kBankC = 2;

// Two currencies, of which both units are worth one of the value currency.
Plan TestPlan() {
  Plan plan;
  plan.value_currency = *core::Currency::Parse("USD");
  plan.ledgers.resize(2);
  plan.ledgers[0].currency = *core::Currency::Parse("USD");
  plan.ledgers[1].currency = *core::Currency::Parse("EUR");
  plan.reference_rates = {{plan.ledgers[1].currency, *core::Rate::Parse("1")}};
  plan.mechanism.cls.instalments = {{core::Duration::Zero(), 30},
                                    {core::Duration::FromMinutes(10), 100}};
  plan.mechanism.cls.haircut_per_mille = 100;
  plan.mechanism.cls.short_limit = Amount::FromMinor(500);
  plan.mechanism.cls.short_limit_all = Amount::FromMinor(800);
  return plan;
}

SettlePvp PvpOf(ParticipantIndex party, std::int64_t pays, ParticipantIndex counterparty,
                std::int64_t gets) {
  return {.party = party,
          .counterparty = counterparty,
          .party_ledger = 0,
          .counterparty_ledger = 1,
          .party_amount = Amount::FromMinor(pays),
          .counterparty_amount = Amount::FromMinor(gets)};
}

template <typename T>
std::vector<T> Of(const Effects& effects) {
  std::vector<T> found;
  for (const SettlementInstitution::Effect& effect : effects) {
    if (const T* each = std::get_if<T>(&effect)) found.push_back(*each);
  }
  return found;
}

std::map<ActionIndex, Outcome> Outcomes(const Effects& effects) {
  std::map<ActionIndex, Outcome> outcomes;
  for (const auto& tell : Of<SettlementInstitution::Tell>(effects)) {
    EXPECT_TRUE(outcomes.emplace(tell.trade, tell.outcome.outcome).second);
  }
  return outcomes;
}

class SettlementInstitutionTest : public testing::Test {
 protected:
  SettlementInstitutionTest() { institution_.Open(); }

  void Enter(ActionIndex id, const SettlePvp& trade) {
    institution_.Enter(id, trade, trade.party);
    institution_.Enter(id, trade, trade.counterparty);
  }
  // All that is asked for arrives; what follows from it.
  Effects PayIn(const Effects& effects) {
    Effects all;
    for (const auto& ask : Of<SettlementInstitution::AskPayIn>(effects)) {
      const Effects more = institution_.OnPaidIn(ask.transfer.number);
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }

  Plan plan_ = TestPlan();
  SettlementInstitution institution_{plan_};
};

TEST_F(SettlementInstitutionTest, TradeWithinTheLimitsSettlesBeforeAnybodyHasPaid) {
  // Two opposite trades: what A is short of in the first it has in the second.
  Enter(1, PvpOf(kBankA, 300, kBankB, 300));
  const Effects effects = institution_.BeginSession(1);
  // After the trade alone A is short of 300, worth 330, and has 300, worth 270.
  EXPECT_TRUE(Outcomes(effects).empty());
  plan_.mechanism.cls.haircut_per_mille = 0;
  EXPECT_EQ(Outcomes(institution_.OnInstalment(1, 0)),
            (std::map<ActionIndex, Outcome>{{1, Outcome::kAccepted}}));
  EXPECT_EQ(institution_.BalanceOf(kBankA, 0).minor(), -300);
  EXPECT_EQ(institution_.BalanceOf(kBankA, 1).minor(), 300);
}

TEST_F(SettlementInstitutionTest, AdjustedAccountValueMayNotFallBelowZero) {
  Enter(1, PvpOf(kBankA, 300, kBankB, 300));
  institution_.BeginSession(1);
  const Effects asked = institution_.OnInstalment(1, 0);
  ASSERT_EQ(Of<SettlementInstitution::AskPayIn>(asked).size(), 2U);
  EXPECT_EQ(Of<SettlementInstitution::AskPayIn>(asked)[0].transfer.amount.minor(), 90);
  // With 90 of 300 each: 270 at 0.9 against 210 short at 1.1, and now the first can settle.
  EXPECT_EQ(Outcomes(PayIn(asked)), (std::map<ActionIndex, Outcome>{{1, Outcome::kAccepted}}));
}

TEST_F(SettlementInstitutionTest, ShortPositionInOneCurrencyIsLimited) {
  plan_.mechanism.cls.haircut_per_mille = 0;
  Enter(1, PvpOf(kBankA, 501, kBankB, 501));
  EXPECT_TRUE(Outcomes(institution_.BeginSession(1)).empty());
  Enter(2, PvpOf(kBankA, 500, kBankC, 500));
  institution_.EndSession(1);
  EXPECT_EQ(Outcomes(institution_.BeginSession(2)),
            (std::map<ActionIndex, Outcome>{{2, Outcome::kAccepted}}));
}

TEST_F(SettlementInstitutionTest, SumOfShortPositionsIsLimited) {
  plan_.mechanism.cls.haircut_per_mille = 0;
  plan_.mechanism.cls.short_limit_all = Amount::FromMinor(299);
  Enter(1, PvpOf(kBankA, 300, kBankB, 300));
  EXPECT_TRUE(Outcomes(institution_.BeginSession(1)).empty());
  plan_.mechanism.cls.short_limit_all = Amount::FromMinor(300);
  EXPECT_EQ(Outcomes(institution_.OnInstalment(1, 0)).size(), 1U);
}

TEST_F(SettlementInstitutionTest, FundingIsNettedAndSettlementIsNot) {
  Enter(1, PvpOf(kBankA, 400, kBankB, 400));
  Enter(2, PvpOf(kBankB, 390, kBankA, 380));
  institution_.BeginSession(1);
  Effects asked = institution_.OnInstalment(1, 1);
  std::int64_t sum = 0;
  for (const auto& ask : Of<SettlementInstitution::AskPayIn>(asked)) {
    sum += ask.transfer.amount.minor();
  }
  EXPECT_EQ(sum, 10 + 20);
}

TEST_F(SettlementInstitutionTest, FullFundingSettlesEverythingAndPaysItAllOut) {
  plan_.mechanism.cls.haircut_per_mille = 0;
  Enter(1, PvpOf(kBankA, 400, kBankB, 410));
  Enter(2, PvpOf(kBankB, 390, kBankC, 380));
  institution_.BeginSession(1);
  Effects effects = PayIn(institution_.OnInstalment(1, 1));
  EXPECT_EQ(Outcomes(effects).size(), 2U);
  effects = institution_.EndSession(1);
  for (const auto& out : Of<SettlementInstitution::PayOut>(effects)) {
    institution_.OnPaidOut(out.transfer.number);
  }
  for (ParticipantIndex member = 0; member < 3; ++member) {
    for (LedgerIndex ledger = 0; ledger < 2; ++ledger) {
      EXPECT_TRUE(institution_.BalanceOf(member, ledger).IsZero());
      EXPECT_TRUE(institution_.HoldingsOf(ledger).IsZero());
    }
  }
  EXPECT_TRUE(institution_.Resume().empty());
}

TEST_F(SettlementInstitutionTest, TradesOfAMemberThatDoesNotPayAreReturnedAndTheOtherIsPaidBack) {
  Enter(1, PvpOf(kBankA, 400, kBankB, 400));
  institution_.BeginSession(1);
  const Effects asked = institution_.OnInstalment(1, 1);
  // B pays in its euro, A nothing.
  for (const auto& ask : Of<SettlementInstitution::AskPayIn>(asked)) {
    if (ask.transfer.member == kBankB) institution_.OnPaidIn(ask.transfer.number);
  }
  const Effects effects = institution_.EndSession(1);
  EXPECT_EQ(Outcomes(effects), (std::map<ActionIndex, Outcome>{{1, Outcome::kInsufficientFunds}}));
  const auto out = Of<SettlementInstitution::PayOut>(effects);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].transfer.member, kBankB);
  EXPECT_EQ(out[0].transfer.amount.minor(), 400);
  EXPECT_FALSE(institution_.IsAsked(Of<SettlementInstitution::AskPayIn>(asked)[0].transfer.number));
}

TEST_F(SettlementInstitutionTest, WhoIsShortWhenTheSessionEndsStillHasToPay) {
  plan_.mechanism.cls.haircut_per_mille = 0;
  Enter(1, PvpOf(kBankA, 300, kBankB, 300));
  institution_.BeginSession(1);
  const Effects ended = institution_.EndSession(1);
  const auto asked = Of<SettlementInstitution::AskPayIn>(ended);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_TRUE(Of<SettlementInstitution::PayOut>(ended).empty());
  // Both are short; who has not paid is not paid either.
  EXPECT_TRUE(institution_.OnPaidIn(asked[0].transfer.number).empty());
  const Effects paid = institution_.OnPaidIn(asked[1].transfer.number);
  EXPECT_EQ(Of<SettlementInstitution::PayOut>(paid).size(), 2U);
}

TEST_F(SettlementInstitutionTest, RefusedPayOutStaysOnTheBooks) {
  Enter(1, PvpOf(kBankA, 400, kBankB, 400));
  institution_.BeginSession(1);
  PayIn(institution_.OnInstalment(1, 1));
  const auto out = Of<SettlementInstitution::PayOut>(institution_.EndSession(1));
  ASSERT_FALSE(out.empty());
  const SettlementInstitution::Transfer& transfer = out[0].transfer;
  institution_.OnPayOutRefused(transfer.number);
  EXPECT_EQ(institution_.BalanceOf(transfer.member, transfer.ledger), transfer.amount);
}

TEST_F(SettlementInstitutionTest, PaymentCountsOnceHoweverOftenItIsReported) {
  Enter(1, PvpOf(kBankA, 400, kBankB, 400));
  institution_.BeginSession(1);
  const auto asked = Of<SettlementInstitution::AskPayIn>(institution_.OnInstalment(1, 0));
  institution_.OnPaidIn(asked[0].transfer.number);
  institution_.OnPaidIn(asked[0].transfer.number);
  EXPECT_EQ(institution_.HoldingsOf(asked[0].transfer.ledger), asked[0].transfer.amount);
}

TEST_F(SettlementInstitutionTest, RefusedPayInIsAskedForAgainWithTheNextInstalment) {
  Enter(1, PvpOf(kBankA, 400, kBankB, 400));
  institution_.BeginSession(1);
  const auto first = Of<SettlementInstitution::AskPayIn>(institution_.OnInstalment(1, 0));
  institution_.OnPayInRefused(first[0].transfer.number);
  const auto second = Of<SettlementInstitution::AskPayIn>(institution_.OnInstalment(1, 1));
  EXPECT_EQ(second[0].transfer.amount.minor(), 400);
  EXPECT_EQ(second[1].transfer.amount.minor(), 280);
}

TEST_F(SettlementInstitutionTest, PayInThatComesAfterItsSessionIsPaidBack) {
  Enter(1, PvpOf(kBankA, 400, kBankB, 400));
  institution_.BeginSession(1);
  const auto asked = Of<SettlementInstitution::AskPayIn>(institution_.OnInstalment(1, 1));
  institution_.EndSession(1);
  const auto out =
      Of<SettlementInstitution::PayOut>(institution_.OnPaidIn(asked[0].transfer.number));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].transfer.amount, asked[0].transfer.amount);
}

TEST_F(SettlementInstitutionTest, ResumeNamesWhatIsStillToBePaid) {
  Enter(1, PvpOf(kBankA, 400, kBankB, 400));
  institution_.BeginSession(1);
  EXPECT_TRUE(institution_.Resume().empty());
  institution_.OnInstalment(1, 0);
  EXPECT_EQ(Of<SettlementInstitution::AskPayIn>(institution_.Resume()).size(), 2U);
}

}  // namespace
}  // namespace causeway::sim
