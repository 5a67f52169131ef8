// Scripts without any driver: what they ask for, and what they make of replies.
#include "scenarios/spec/actor.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "settlement/codec/codec.h"
#include "settlement/core/settlement.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

constexpr core::LedgerTime kNow = core::LedgerTime::FromMicros(1'704'445'200'000'000);

class ActorTest : public ::testing::Test {
 protected:
  ActorTest()
      : plan_(Compiled(TwoCurrenciesWith(R"(
steps { id: "pay" date: "2024-01-04" time: "09:00"
  pay { from: "DE-BANK-1" to: "US-BANK-1" currency: "EUR" amount: "10.00" purpose: "TRAD" } }
steps { id: "pvp" date: "2024-01-04" time: "10:00"
  pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: "10.00"
        counterparty: "US-BANK-1" counterparty_currency: "USD" counterparty_amount: "11.00" } }
steps { id: "redeem" date: "2024-01-05" time: "09:00"
  redeem { from: "DE-BANK-1" currency: "EUR" } }
steps { id: "swap" date: "2024-01-05" time: "10:00"
  swap { taker: "US-BANK-1" sell_currency: "USD" buy_currency: "EUR" sell_amount: "12.00" } })"))),
        keys_(*KeyRing::Create(plan_)) {}

  ActionScript Script(const char* id) const {
    return ActionScript(plan_, *keys_, *FindAction(plan_, id));
  }

  static ItemsReply Items(core::InstructionStatus status, core::Outcome outcome) {
    InstructionReply reply;
    reply.status = status;
    reply.rejection.outcome = outcome;
    return {{reply}};
  }
  static SettlementReply Settlement(core::InstructionStatus status, core::Outcome outcome) {
    SettlementReply reply;
    reply.status = status;
    reply.rejection.outcome = outcome;
    return reply;
  }
  static core::Command CommandOf(const Request& request) {
    return *codec::DecodeCommand(
        std::get<SubmitItems>(request.what).items.front().envelope.payload);
  }

  Plan plan_;
  std::unique_ptr<KeyRing> keys_;
};

TEST_F(ActorTest, PaymentIsOneSignedRequest) {
  ActionScript script = Script("pay");
  const std::optional<Request> request = script.Next(kNow);
  ASSERT_TRUE(request.has_value());
  const core::Command command = CommandOf(*request);
  EXPECT_EQ(command.party.text(), "DE-BANK-1");
  EXPECT_EQ(command.id.text(), "pay");
  EXPECT_EQ(command.valid_until, kNow + kValidFor);
  EXPECT_EQ(std::get<core::Pay>(command.action).purpose, "TRAD");
  script.OnReply(Items(core::InstructionStatus::kSettled, core::Outcome::kAccepted), kNow);
  EXPECT_FALSE(script.Next(kNow).has_value());
  EXPECT_EQ(script.result().status, ActionStatus::kSettled);
  EXPECT_EQ(script.result().uetr, std::get<core::Pay>(command.action).uetr);
}

TEST_F(ActorTest, SameActionTwiceGivesTheSameBytes) {
  const std::optional<Request> first = Script("pvp").Next(kNow);
  const std::optional<Request> second = Script("pvp").Next(kNow);
  EXPECT_EQ(std::get<SubmitTerms>(first->what).terms, std::get<SubmitTerms>(second->what).terms);
  EXPECT_EQ(std::get<SubmitTerms>(first->what).legs, std::get<SubmitTerms>(second->what).legs);
}

TEST_F(ActorTest, RefusalEndsThePayment) {
  ActionScript script = Script("pay");
  script.Next(kNow);
  script.OnReply(Items(core::InstructionStatus::kNone, core::Outcome::kUnknownKey), kNow);
  EXPECT_FALSE(script.Next(kNow).has_value());
  EXPECT_EQ(script.result().status, ActionStatus::kRejected);
  EXPECT_EQ(script.result().rejection.outcome, core::Outcome::kUnknownKey);
}

TEST_F(ActorTest, PvpIsSignedByBothAndBindsItsLegs) {
  ActionScript script = Script("pvp");
  const std::optional<Request> request = script.Next(kNow);
  const auto& submit = std::get<SubmitTerms>(request->what);
  EXPECT_EQ(submit.terms.signatures.size(), 2u);
  const core::TermsHeader terms = *codec::DecodeTerms(submit.terms.payload);
  EXPECT_EQ(terms.legs_root, core::LegsRoot(submit.legs));
  EXPECT_EQ(terms.policy_hash, plan_.bridge->policy.hash);
  EXPECT_EQ(terms.deadline, kNow + plan_.bridge->settlement_deadline);
}

TEST_F(ActorTest, SettlementThatRanOutOfTimeIsTriedAgainUnderFreshTerms) {
  ActionScript script = Script("pvp");
  const std::optional<Request> first = script.Next(kNow);
  script.OnReply(Settlement(core::InstructionStatus::kAborted, core::Outcome::kPastDeadline), kNow);
  const std::optional<Request> second = script.Next(kNow);
  ASSERT_TRUE(second.has_value());
  const auto leg = [](const std::optional<Request>& request) {
    return *codec::DecodeLeg(std::get<SubmitTerms>(request->what).legs.front());
  };
  EXPECT_NE(leg(first).salt, leg(second).salt);
  EXPECT_EQ(leg(first).id.text(), "pvp");
  EXPECT_EQ(leg(second).id.text(), "pvp-A2");
  script.OnReply(Settlement(core::InstructionStatus::kSettled, core::Outcome::kAccepted), kNow);
  EXPECT_EQ(script.result().status, ActionStatus::kSettled);
  EXPECT_EQ(script.result().attempts, 2u);
}

TEST_F(ActorTest, SettlementIsNotTriedForEver) {
  ActionScript script = Script("pvp");
  std::uint32_t requests = 0;
  while (script.Next(kNow)) {
    requests += 1;
    script.OnReply(Settlement(core::InstructionStatus::kAborted, core::Outcome::kPastDeadline),
                   kNow);
  }
  EXPECT_EQ(requests, 1 + kSettlementAttemptsMax);
  EXPECT_EQ(script.result().status, ActionStatus::kAborted);
}

TEST_F(ActorTest, SettlementThatALedgerRefusedIsNotTriedAgain) {
  ActionScript script = Script("pvp");
  script.Next(kNow);
  script.OnReply(Settlement(core::InstructionStatus::kAborted, core::Outcome::kInsufficientFunds),
                 kNow);
  EXPECT_FALSE(script.Next(kNow).has_value());
  EXPECT_EQ(script.result().status, ActionStatus::kAborted);
}

TEST_F(ActorTest, RedemptionReadsTheBalanceThenAsksThenIsApproved) {
  ActionScript script = Script("redeem");
  std::optional<Request> request = script.Next(kNow);
  ASSERT_TRUE(std::holds_alternative<ReadBalance>(request->what));
  script.OnReply(BalanceReply{core::Amount::FromMinor(700)}, kNow);
  request = script.Next(kNow);
  EXPECT_EQ(std::get<core::Redeem>(CommandOf(*request).action).amount.amount.minor(), 700);
  script.OnReply(Items(core::InstructionStatus::kAwaitingApproval, core::Outcome::kAccepted), kNow);
  request = script.Next(kNow);
  EXPECT_TRUE(request->by_central_bank);
  EXPECT_EQ(std::get<core::Approve>(CommandOf(*request).action).instruction.id.text(), "redeem");
  EXPECT_EQ(std::get<SubmitItems>(request->what).items.front().envelope.signatures.size(),
            std::size_t{kApprovers});
  script.OnReply(Items(core::InstructionStatus::kSettled, core::Outcome::kAccepted), kNow);
  EXPECT_FALSE(script.Next(kNow).has_value());
  EXPECT_EQ(script.result().status, ActionStatus::kSettled);
  EXPECT_EQ(script.result().legs.front().amount.minor(), 700);
}

TEST_F(ActorTest, SwapAsksAgainWhenItsQuoteExpired) {
  ActionScript script = Script("swap");
  std::optional<Request> request = script.Next(kNow);
  ASSERT_TRUE(std::holds_alternative<AskQuote>(request->what));
  QuoteReply quote;
  quote.rejection.outcome = core::Outcome::kAccepted;
  quote.terms = "terms";
  script.OnReply(quote, kNow);
  request = script.Next(kNow);
  EXPECT_EQ(std::get<SubmitTerms>(request->what).terms.payload, "terms");
  script.OnReply(Settlement(core::InstructionStatus::kRejected, core::Outcome::kQuoteExpired),
                 kNow);
  request = script.Next(kNow);
  ASSERT_TRUE(std::holds_alternative<AskQuote>(request->what));
  EXPECT_EQ(std::get<AskQuote>(request->what).instruction_id.text(), "swap-A2");
}

TEST_F(ActorTest, SetUpAdmitsEverybodyAndMakesThePolicyKnown) {
  ActionScript script = Script("set-up-EUR");
  const std::optional<Request> request = script.Next(kNow);
  // Five participants with an account each, bridge and observer without, one policy.
  EXPECT_EQ(std::get<SubmitItems>(request->what).items.size(), 5u * 2u + 2u + 1u);
}

}  // namespace
}  // namespace causeway::sim
