// The settlement queue of a live bridge: who may enter what, a ring that settles as one, and what a
// restart computes from the log.
#include "fx-bridge/engine/queue_desk.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/bridge/queue_desk_fixture.h"

namespace causeway::bridge {
namespace {

TEST_F(QueueDeskTest, TradeOfOnePartyAwaitsTheOther) {
  const core::QueuedTrade trade = TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110});
  EXPECT_EQ(std::get<core::Hash256>(desk_->Enter(now_, Party("A"), Entry(trade, {"A"}))),
            IdOf(trade));
  EXPECT_EQ(StateOf(trade), QueuedTradeState::kAwaitingCounterparty);
  EXPECT_EQ(desk_->Figures().unmatched, 1U);
  ASSERT_EQ(OutcomeOf(desk_->Enter(now_, Party("B"), Entry(trade, {"B"}))), Outcome::kAccepted);
  EXPECT_EQ(StateOf(trade), QueuedTradeState::kBeingSettled);
  EXPECT_EQ(desk_->Figures().unmatched, 0U);
  EXPECT_EQ(desk_->RequestsFor(Party("A")).signatures.size(), 1U);
}

TEST_F(QueueDeskTest, OneEnvelopeMayCarryBothSignatures) {
  const core::QueuedTrade trade = TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110});
  ASSERT_EQ(OutcomeOf(desk_->Enter(now_, Party("A"), Entry(trade, {"A", "B"}))),
            Outcome::kAccepted);
  EXPECT_EQ(desk_->Look(IdOf(trade))->entered.size(), 2U);
}

TEST_F(QueueDeskTest, CoveredTradeSettlesAlone) {
  funds_[{"A", "EUR"}] = 100;
  funds_[{"B", "USD"}] = 110;
  const core::QueuedTrade trade = TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110});
  EnterBoth(trade);
  Work();
  EXPECT_EQ(StateOf(trade), QueuedTradeState::kSettled);
  EXPECT_EQ(funds_[std::pair("A", "USD")], 110);
  EXPECT_EQ(desk_->Figures().settled_alone, 1U);
}

TEST_F(QueueDeskTest, RingThatNoGrossOrderSettlesIsOneSettlement) {
  FundRing();
  for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
  Work();
  EXPECT_EQ(settlements_, 0);
  for (const core::QueuedTrade& trade : Ring()) {
    EXPECT_EQ(StateOf(trade), QueuedTradeState::kWaiting);
    EXPECT_NE(desk_->Look(IdOf(trade))->reason, fx_queue::SettlementQueue::WaitReason::kNone);
  }
  NextRun();
  Work();
  EXPECT_EQ(settlements_, 1);
  for (const core::QueuedTrade& trade : Ring()) {
    const QueuedTradeView view = *desk_->Look(IdOf(trade));
    EXPECT_EQ(view.state, QueuedTradeState::kSettled);
    EXPECT_EQ(view.together, 3U);
    EXPECT_TRUE(view.settlement_id.has_value());
  }
  EXPECT_EQ(funds_[std::pair("C", "USD")], 120);
  EXPECT_EQ(funds_[std::pair("B", "JPY")], 15'000);
  const QueueRunView run = desk_->Runs().front();
  ASSERT_EQ(run.sets.size(), 1U);
  EXPECT_EQ(run.sets[0].trades.size(), 3U);
  EXPECT_EQ(run.sets[0].outcome->outcome, Outcome::kAccepted);
  EXPECT_EQ(run.accounts_asked, 6U);
  EXPECT_EQ(run.accounts_told, 6U);
}

TEST_F(QueueDeskTest, MemberWhoTellsTooMuchCostsARefusalAndNoMore) {
  FundRing();
  for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
  Work();
  NextRun();
  const auto honest = funds_;
  funds_[{"B", "USD"}] = 50;  // paid away since it was told
  for (const char* name : {"A", "C"}) AnswerFunds(name);
  for (const FundsRequest& request : desk_->RequestsFor(Party("B")).funds) {
    desk_->TellFunds(now_, Party("B"), request.run, request.ledger,
                     core::Amount::FromMinor(1'000'000));
  }
  Work();
  EXPECT_EQ(settlements_, 0);
  EXPECT_GE(desk_->Figures().attempts_refused, 1U);
  funds_ = honest;
  NextRun();
  Work();
  EXPECT_EQ(settlements_, 1);
}

TEST_F(QueueDeskTest, SilentMemberIsPassedOverUntilTheNextRun) {
  FundRing();
  for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
  Work();
  NextRun();
  for (const char* name : {"A", "B"}) AnswerFunds(name);
  now_ = now_ + core::Duration::FromSeconds(5);
  desk_->Tick(now_);
  Flush();
  EXPECT_EQ(desk_->Look(IdOf(Ring()[1]))->reason,
            fx_queue::SettlementQueue::WaitReason::kPassedOver);
  Work();
  NextRun();
  Work();
  EXPECT_EQ(settlements_, 1);
}

TEST_F(QueueDeskTest, RestartBetweenSelectionAndOutcomeSettlesOnce) {
  FundRing();
  for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
  Work();
  NextRun();
  for (const char* name : {"A", "B", "C"}) AnswerFunds(name);
  Flush();
  const SignatureRequest asked = desk_->RequestsFor(Party("B")).signatures.at(0);
  Restart();
  EXPECT_EQ(desk_->RequestsFor(Party("B")).signatures.at(0).terms, asked.terms);
  for (const char* name : {"A", "B", "C"}) SignAll(name);
  Flush();
  const std::vector<QueueSubmission> first = desk_->TakeSubmissions();
  ASSERT_EQ(first.size(), 1U);
  const core::Rejection outcome = Settle(first[0]);  // and then the bridge is killed
  Restart();
  const std::vector<QueueSubmission> again = desk_->TakeSubmissions();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].terms, first[0].terms);
  EXPECT_EQ(Settle(again[0]), outcome);
  desk_->OnOutcome(now_, again[0].attempt, outcome);
  Flush();
  Restart();
  EXPECT_TRUE(desk_->TakeSubmissions().empty());
  EXPECT_EQ(settlements_, 1);
  for (const core::QueuedTrade& trade : Ring()) {
    EXPECT_EQ(StateOf(trade), QueuedTradeState::kSettled);
  }
}

TEST_F(QueueDeskTest, EventsThatWereNotFlushedDidNotHappen) {
  const core::QueuedTrade trade = TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110});
  desk_->Enter(now_, Party("A"), Entry(trade, {"A"}));
  Restart();
  EXPECT_FALSE(desk_->Look(IdOf(trade)).has_value());
}

TEST_F(QueueDeskTest, WithdrawalNeedsBothOnceBothHaveEntered) {
  const core::QueuedTrade trade = TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110});
  EnterBoth(trade);
  Work();
  const auto withdraw = [&](const std::string& name) {
    return OutcomeOf(
        desk_->Withdraw(now_, Party(name),
                        SignedBy({name}, core::kTradeWithdrawalPayloadType,
                                 core::EncodeTradeWithdrawal({Origin(kQueueLog), IdOf(trade)}))));
  };
  EXPECT_EQ(withdraw("C"), Outcome::kSenderNotEntitled);
  EXPECT_EQ(withdraw("A"), Outcome::kAccepted);
  EXPECT_EQ(StateOf(trade), QueuedTradeState::kWaiting);
  EXPECT_EQ(desk_->Look(IdOf(trade))->withdrawn.size(), 1U);
  EXPECT_EQ(withdraw("B"), Outcome::kAccepted);
  EXPECT_EQ(StateOf(trade), QueuedTradeState::kReturned);
  EXPECT_EQ(desk_->Look(IdOf(trade))->outcome.outcome, Outcome::kRefusedByApprovers);
}

TEST_F(QueueDeskTest, TradeIsReturnedWhenItsTimeIsOverAndNotTakenAgain) {
  const core::QueuedTrade trade =
      TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110}, /*valid_until_ms=*/30'000);
  EnterBoth(trade);
  Work();
  now_ = At(30'001);
  desk_->Tick(now_);
  Flush();
  EXPECT_EQ(StateOf(trade), QueuedTradeState::kReturned);
  EXPECT_EQ(desk_->Look(IdOf(trade))->outcome.outcome, Outcome::kPastDeadline);
  // Much later it is forgotten, and its bytes are too old.
  now_ = At(2 * kHourMs);
  EnterBoth(TradeOf("NEW", {"A", "EUR", 1}, {"B", "USD", 1}, 3 * kHourMs));
  EXPECT_FALSE(desk_->Look(IdOf(trade)).has_value());
  EXPECT_EQ(OutcomeOf(desk_->Enter(now_, Party("A"), Entry(trade, {"A"}))),
            Outcome::kPastValidUntil);
}

TEST_F(QueueDeskTest, WhatIsWrongIsRefusedAndChangesNothing) {
  const core::QueuedTrade trade = TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110});
  const auto enter = [&](const core::QueuedTrade& each, const std::string& caller,
                         const std::string& signer) {
    return OutcomeOf(desk_->Enter(now_, Party(caller), Entry(each, {signer})));
  };
  EXPECT_EQ(enter(trade, "C", "A"), Outcome::kSenderNotEntitled);
  EXPECT_EQ(enter(trade, "A", "C"), Outcome::kNotSignedByParty);
  EXPECT_EQ(enter(trade, "A", "STRANGER"), Outcome::kUnknownKey);
  EXPECT_EQ(enter(TradeOf("T", {"A", "EUR", 1}, {"D", "USD", 1}), "A", "A"),
            Outcome::kUnknownParticipant);
  core::QueuedTrade other = trade;
  other.queue = Origin("other.example/decisions");
  EXPECT_EQ(enter(other, "A", "A"), Outcome::kWrongLedger);
  other = trade;
  other.sides[0].pays.currency = Ccy("GBP");
  EXPECT_EQ(enter(other, "A", "A"), Outcome::kWrongCurrency);
  other = trade;
  other.sides[0].ledger = Origin("ledger.example/gbp");
  EXPECT_EQ(enter(other, "A", "A"), Outcome::kUnknownAccount);
  other = trade;
  other.valid_until = now_ + core::Duration::FromHours(200);
  EXPECT_EQ(enter(other, "A", "A"), Outcome::kValidUntilTooFar);
  core::Envelope forged = Entry(trade, {"A"});
  forged.payload = core::EncodeQueuedTrade(TradeOf("U", {"A", "EUR", 100}, {"B", "USD", 110}));
  EXPECT_EQ(OutcomeOf(desk_->Enter(now_, Party("A"), forged)), Outcome::kBadSignature);
  core::Envelope typed = Entry(trade, {"A"});
  typed.payload_type = core::kTermsPayloadType;
  EXPECT_EQ(OutcomeOf(desk_->Enter(now_, Party("A"), typed)), Outcome::kMalformed);
  EXPECT_TRUE(desk_->List({}, true, 10).empty());
  const std::uint64_t events = *disk_.appends;
  Flush();
  EXPECT_EQ(*disk_.appends, events + 1);  // the rules alone, of the first start
  Restart();
  Flush();
  EXPECT_EQ(*disk_.appends, events + 1);
}

TEST_F(QueueDeskTest, FullQueueIsOverloaded) {
  trades_max_ = 2;
  Restart();
  for (const char* reference : {"T-1", "T-2"}) {
    EnterBoth(TradeOf(reference, {"A", "EUR", 100}, {"B", "USD", 110}));
  }
  const core::QueuedTrade third = TradeOf("T-3", {"A", "EUR", 100}, {"B", "USD", 110});
  EXPECT_EQ(OutcomeOf(desk_->Enter(now_, Party("A"), Entry(third, {"A"}))), Outcome::kOverloaded);
}

TEST_F(QueueDeskTest, SignatureOverOtherTermsOrByOthersIsRefused) {
  FundRing();
  for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
  const SignatureRequest asked = desk_->RequestsFor(Party("A")).signatures.at(0);
  const auto sign = [&](const std::string& member, const std::string& key,
                        const std::string& terms) {
    const auto refused = desk_->Sign(now_, Party(member), asked.attempt,
                                     SignedBy({key}, core::kTermsPayloadType, terms));
    return refused ? refused->outcome : Outcome::kAccepted;
  };
  EXPECT_EQ(sign("A", "A", asked.terms.terms + "x"), Outcome::kMalformed);
  EXPECT_EQ(sign("A", "B", asked.terms.terms), Outcome::kNotSignedByParty);
  EXPECT_EQ(sign("A", "STRANGER", asked.terms.terms), Outcome::kUnknownKey);
  EXPECT_EQ(sign("C", "C", asked.terms.terms), Outcome::kNotFound);
  EXPECT_EQ(sign("A", "A", asked.terms.terms), Outcome::kAccepted);
  EXPECT_EQ(sign("A", "A", asked.terms.terms), Outcome::kAccepted);  // a repeat
}

TEST_F(QueueDeskTest, RulesAreThoseOfTheStartInWhichAnEventHappened) {
  FundRing();
  for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
  Work();
  selection_ = fx_queue::SettlementSelection::kNone;
  Restart();
  NextRun();
  Work();
  EXPECT_EQ(settlements_, 0);
  selection_ = fx_queue::SettlementSelection::kGreedy;
  Restart();
  NextRun();
  Work();
  EXPECT_EQ(settlements_, 1);
  Restart();
  EXPECT_EQ(desk_->Figures().sets_settled, 1U);
}

TEST_F(QueueDeskTest, DamagedLogIsNotTaken) {
  for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
  Flush();
  const store::Block good = Must(disk_.Read(disk_.block_count() - 1));
  for (const std::string& body : {good.body + "x", good.body.substr(0, good.body.size() - 1),
                                  EncodeQueueEvents({{At(0), AttemptMade{99, {"terms", {}}}}}),
                                  EncodeQueueEvents({{now_, AttemptEnded{.attempt = 1}}})}) {
    Disk damaged{std::shared_ptr<store::Journal>(
        store::NewMemoryJournal(QueueDesk::JournalIdentityOf(Origin(kQueueLog))))};
    std::vector<store::Block> blocks;
    for (std::uint64_t i = 0; i < disk_.block_count(); ++i) blocks.push_back(Must(disk_.Read(i)));
    blocks.push_back({disk_.block_count(), disk_.record_count(), 1, body});
    ASSERT_TRUE(damaged.Append(blocks, {}).ok());
    const auto opened = QueueDesk::Open(Options(), damaged.Mount(), now_);
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << opened.status().message();
  }
}

TEST_F(QueueDeskTest, MemberWithTradesThatWaitMayNotBeTakenOut) {
  EnterBoth(TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110}));
  QueueOptions without = Options();
  without.members.erase(Party("B"));
  const auto opened = QueueDesk::Open(std::move(without), disk_.Mount(), now_);
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition);
}

// Everything that a desk shows.
std::string Shown(const QueueDesk& desk) {
  std::string shown;
  for (const QueuedTradeView& view : desk.List({}, true, 1000)) {
    shown += view.id.ToHex() + std::to_string(static_cast<int>(view.state)) +
             std::to_string(static_cast<int>(view.reason)) + std::to_string(view.together) +
             std::to_string(view.since.micros()) + std::to_string(view.ended.micros()) +
             (view.settlement_id ? view.settlement_id->ToHex() : "") +
             core::Describe(view.outcome) + "\n";
  }
  for (const QueueRunView& run : desk.Runs()) {
    shown += std::to_string(run.run) + " " + std::to_string(run.waiting) + " " +
             std::to_string(run.accounts_told);
    for (const QueueAttemptView& set : run.sets) {
      shown += " " + set.settlement_id.ToHex() + std::to_string(set.trades.size()) +
               (set.outcome ? core::Describe(*set.outcome) : "");
    }
    shown += "\n";
  }
  for (const char* name : {"A", "B", "C"}) {
    const MemberRequests requests = desk.RequestsFor(Party(name));
    for (const FundsRequest& each : requests.funds) shown += each.account.ToString();
    for (const SignatureRequest& each : requests.signatures) {
      shown +=
          core::ToHex(core::Sha256(each.terms.terms).view()) + std::to_string(each.trades.size());
    }
  }
  const QueueFigures figures = desk.Figures();
  return shown + std::to_string(figures.entered) + " " + std::to_string(figures.settled_alone) +
         " " + std::to_string(figures.settled_together) + " " + std::to_string(figures.returned) +
         " " + std::to_string(figures.attempts_refused);
}

class RandomQueueDesk : public QueueDeskTest, public testing::WithParamInterface<int> {};

// Random trades, answers, silences, withdrawals, restarts: a desk that is opened from the log shows
// what the running one shows, money is conserved, and every trade settles at most once.
INSTANTIATE_TEST_SUITE_P(Seeds, RandomQueueDesk, testing::Range(0, 20));

TEST_P(RandomQueueDesk, RestartComputesTheSameState) {
  core::RandomStream draw(static_cast<std::uint64_t>(GetParam()), "desk");
  const std::vector<std::string> names = {"A", "B", "C"};
  const std::vector<std::string> currencies = {"EUR", "USD", "JPY"};
  selection_ = static_cast<fx_queue::SettlementSelection>(2 + draw.Uniform(3));
  Restart();
  for (const std::string& name : names) {
    for (const std::string& currency : currencies) {
      funds_[{name, currency}] = static_cast<std::int64_t>(draw.Uniform(60));
    }
  }
  std::map<std::string, std::int64_t> total;
  for (const auto& [account, amount] : funds_) total[account.second] += amount;
  std::vector<core::QueuedTrade> trades;
  for (int step = 0; step < 150; ++step) {
    switch (draw.Uniform(8)) {
      case 0:
      case 1: {
        const std::size_t one = draw.Uniform(3);
        const std::size_t pays = draw.Uniform(3);
        const auto amount = [&] { return static_cast<std::int64_t>(1 + draw.Uniform(80)); };
        trades.push_back(TradeOf("T-" + std::to_string(step),
                                 {names[one], currencies[pays], amount()},
                                 {names[(one + 1) % 3], currencies[(pays + 1) % 3], amount()},
                                 now_.micros() / 1000 + 600'000));
        EnterBoth(trades.back());
        break;
      }
      case 2:
        NextRun();
        break;
      case 3:
        AnswerAll();
        break;
      case 4:
        AnswerFunds(names[draw.Uniform(3)]);
        SignAll(names[draw.Uniform(3)]);
        break;
      case 5:
        HandIn();
        break;
      case 6:
        if (trades.empty()) break;
        for (const core::QueuedTrade::Side& side : trades[draw.Uniform(trades.size())].sides) {
          (void)desk_->Withdraw(
              now_, side.party,
              SignedBy({side.party.ToString()}, core::kTradeWithdrawalPayloadType,
                       core::EncodeTradeWithdrawal(
                           {Origin(kQueueLog), IdOf(trades[draw.Uniform(trades.size())])})));
        }
        break;
      default:
        now_ = now_ + core::Duration::FromMillis(static_cast<std::int64_t>(draw.Uniform(7000)));
        desk_->Tick(now_);
        break;
    }
    Flush();
    const std::string shown = Shown(*desk_);
    if (draw.Uniform(3) == 0) {
      Restart();
      Flush();
    }
    ASSERT_EQ(Shown(*desk_), shown) << "step " << step;
  }
  std::map<std::string, std::int64_t> end;
  for (const auto& [account, amount] : funds_) {
    EXPECT_GE(amount, 0);
    end[account.second] += amount;
  }
  EXPECT_EQ(end, total);
}

// What a member enters and takes back at once is known until its time is over: one alone could so
// close the queue to everybody for a week.
TEST_F(QueueDeskTest, WhoEntersAndWithdrawsTakesNoMoreThanItsShareOfWhatIsKnown) {
  known_max_ = 20;
  Restart();
  const auto enter = [&](const std::string& reference, const std::string& by,
                         const std::string& other) {
    const core::QueuedTrade trade =
        TradeOf(reference, {by, "EUR", 1}, {other, "USD", 1}, 7 * 24 * kHourMs);
    const Outcome outcome = OutcomeOf(desk_->Enter(now_, Party(by), Entry(trade, {by})));
    if (outcome != Outcome::kAccepted) return outcome;
    return OutcomeOf(
        desk_->Withdraw(now_, Party(by),
                        SignedBy({by}, core::kTradeWithdrawalPayloadType,
                                 core::EncodeTradeWithdrawal({Origin(kQueueLog), IdOf(trade)}))));
  };
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(enter("A-" + std::to_string(i), "A", "B"), Outcome::kAccepted) << i;
  }
  EXPECT_EQ(desk_->Figures().unmatched, 0u);
  EXPECT_EQ(enter("A-10", "A", "B"), Outcome::kOverloaded);
  EXPECT_EQ(enter("A-10", "A", "C"), Outcome::kOverloaded);
  Flush();
  Restart();  // the log tells whose they are
  EXPECT_EQ(enter("A-10", "A", "B"), Outcome::kOverloaded);
  EXPECT_EQ(enter("B-0", "B", "A"), Outcome::kAccepted);
  EXPECT_EQ(enter("C-0", "C", "A"), Outcome::kAccepted);
  now_ = now_ + core::Duration::FromHours(8 * 24);
  desk_->Tick(now_);
  Flush();
  const core::QueuedTrade later =
      TradeOf("A-11", {"A", "EUR", 1}, {"B", "USD", 1}, 9 * 24 * kHourMs);
  EXPECT_EQ(OutcomeOf(desk_->Enter(now_, Party("A"), Entry(later, {"A"}))), Outcome::kAccepted);
}

// A ledger that says too little and names enough: the queue tried the trade again at once, for
// ever.
TEST_F(QueueDeskTest, WhatALedgerRefusesAgainstItsOwnFiguresWaitsForTheNextRun) {
  const core::QueuedTrade trade = TradeOf("T", {"A", "EUR", 100}, {"B", "USD", 110});
  EnterBoth(trade);
  const auto attempts = [&] {
    int count = 0;
    for (int i = 0; i < 10; ++i) {
      AnswerAll();
      for (const QueueSubmission& each : desk_->TakeSubmissions()) {
        ++count;
        desk_->OnOutcome(now_, each.attempt,
                         {.outcome = Outcome::kInsufficientFunds,
                          .actual = 1'000'000,
                          .required = 100,
                          .rule = "leg 0"});
        Flush();
      }
    }
    return count;
  };
  EXPECT_EQ(attempts(), 1);
  EXPECT_EQ(StateOf(trade), QueuedTradeState::kWaiting);
  EXPECT_EQ(desk_->Look(IdOf(trade))->reason, fx_queue::SettlementQueue::WaitReason::kPassedOver);
  funds_[{"A", "EUR"}] = 100;
  funds_[{"B", "USD"}] = 110;
  now_ = desk_->next_timer();
  desk_->Tick(now_);
  Flush();
  EXPECT_EQ(attempts(), 1) << "a run later";
}

}  // namespace
}  // namespace causeway::bridge
