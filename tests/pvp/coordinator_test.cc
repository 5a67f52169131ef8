#include "fx-bridge/pvp/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "settlement/core/hash.h"

namespace causeway::pvp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

core::LedgerOrigin Origin(std::string_view text) { return *core::LedgerOrigin::Parse(text); }
core::ParticipantId Party(std::string_view text) { return *core::ParticipantId::Parse(text); }
core::LedgerTime At(std::int64_t millis) { return core::LedgerTime::FromMicros(millis * 1000); }

core::Rejection Refusal(core::Outcome outcome) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  return rejection;
}

class CoordinatorTest : public ::testing::Test {
 protected:
  static core::TermsHeader Terms(std::string_view name, std::int64_t deadline_ms) {
    core::TermsHeader terms;
    terms.settlement_id = core::Sha256(name);
    terms.deadline = At(deadline_ms);
    terms.ledgers = {{Origin("a/aaa"), 1}, {Origin("b/bbb"), 1}};
    return terms;
  }
  static VerifiedVote Vote(std::string_view name) {
    return {core::Sha256(name), std::string(name)};
  }
  SettlementState StateOf(const core::TermsHeader& terms) const {
    const auto view = coordinator_.Find(terms.settlement_id);
    return view.has_value() ? view->state : SettlementState::kNone;
  }
  Request Prepare(const core::TermsHeader& terms, const core::LedgerOrigin& ledger,
                  std::uint32_t attempt = 1) const {
    return {RequestKind::kPrepare, terms.settlement_id, ledger, attempt};
  }
  Request Complete(const core::TermsHeader& terms, const core::LedgerOrigin& ledger,
                   std::uint32_t attempt = 1) const {
    return {RequestKind::kComplete, terms.settlement_id, ledger, attempt};
  }
  // Submits and takes the first prepare requests away.
  void Start(const core::TermsHeader& terms, core::LedgerTime now) {
    ASSERT_FALSE(coordinator_.Submit(now, terms, {}).has_value());
    ASSERT_THAT(coordinator_.TakeRequests(), SizeIs(2));
  }
  void Decide(const core::TermsHeader& terms, core::LedgerTime now, core::Verdict verdict) {
    const std::vector<Judgement> judgements = coordinator_.Judge(now, 10);
    ASSERT_THAT(judgements, SizeIs(1));
    ASSERT_EQ(judgements[0].verdict, verdict);
    coordinator_.OnDecided(now, terms.settlement_id);
    ASSERT_EQ(StateOf(terms), SettlementState::kCertifying);
    coordinator_.OnCertified(now, terms.settlement_id);
  }

  const core::LedgerOrigin a_ = Origin("a/aaa");
  const core::LedgerOrigin b_ = Origin("b/bbb");
  const core::Rejection lost_ = Refusal(core::Outcome::kUnavailable);
  CoordinatorOptions options_;
  Coordinator coordinator_{options_};
};

TEST_F(CoordinatorTest, AsksEveryLedgerToPrepareWhenNobodyNeedSign) {
  const auto terms = Terms("s", 1000);
  EXPECT_FALSE(coordinator_.Submit(At(0), terms, {}).has_value());
  EXPECT_EQ(StateOf(terms), SettlementState::kPreparing);
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Prepare(terms, a_), Prepare(terms, b_)));
}

TEST_F(CoordinatorTest, WaitsForEverySignatureBeforeItAsks) {
  const auto terms = Terms("s", 1000);
  const RequiredSigner alpha{a_, Party("ALPHA")};
  const RequiredSigner beta{b_, Party("BETA")};
  EXPECT_FALSE(coordinator_.Submit(At(0), terms, {alpha, beta}).has_value());
  EXPECT_EQ(StateOf(terms), SettlementState::kAwaitingSignatures);
  coordinator_.OnSigned(At(1), terms.settlement_id, alpha);
  EXPECT_THAT(coordinator_.Find(terms.settlement_id)->awaiting, ElementsAre(Party("BETA")));
  EXPECT_THAT(coordinator_.TakeRequests(), IsEmpty());
  coordinator_.OnSigned(At(2), terms.settlement_id, beta);
  EXPECT_EQ(StateOf(terms), SettlementState::kPreparing);
  EXPECT_THAT(coordinator_.TakeRequests(), SizeIs(2));
}

TEST_F(CoordinatorTest, AbortsWhatIsNotSignedByItsDeadline) {
  const auto terms = Terms("s", 1000);
  coordinator_.Submit(At(0), terms, {{a_, Party("ALPHA")}});
  EXPECT_EQ(coordinator_.next_timer(), At(1000) + core::Duration::FromMicros(1));
  coordinator_.Tick(At(1001));
  Decide(terms, At(1001), core::Verdict::kAbort);
  EXPECT_EQ(StateOf(terms), SettlementState::kAborting);
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Complete(terms, a_), Complete(terms, b_)));
}

TEST_F(CoordinatorTest, RefusesASubmissionPastTheDeadline) {
  const auto refused = coordinator_.Submit(At(1001), Terms("s", 1000), {});
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->outcome, core::Outcome::kPastDeadline);
  EXPECT_EQ(coordinator_.open_count(), 0U);
}

TEST_F(CoordinatorTest, TakesASubmissionAtTheDeadlineItself) {
  EXPECT_FALSE(coordinator_.Submit(At(1000), Terms("s", 1000), {}).has_value());
}

TEST_F(CoordinatorTest, RefusesAnOpenSettlementAsConflict) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  EXPECT_EQ(coordinator_.Submit(At(1), terms, {})->outcome, core::Outcome::kSettlementConflict);
}

TEST_F(CoordinatorTest, RefusesMoreThanItMayHoldOpen) {
  options_.open_max = 1;
  coordinator_ = Coordinator(options_);
  Start(Terms("s", 1000), At(0));
  EXPECT_EQ(coordinator_.Submit(At(0), Terms("t", 1000), {})->outcome, core::Outcome::kOverloaded);
}

// Settlements that touch a dead ledger stay open, also when they are aborted, until it
// acknowledges.
TEST_F(CoordinatorTest, DeadLedgersLeaveRoomForOthers) {
  options_.open_max = 24;
  coordinator_ = Coordinator(options_);
  const auto between = [](std::string_view name, std::string_view one, std::string_view other) {
    core::TermsHeader terms = Terms(name, 1000);
    terms.ledgers = {{Origin(one), 1}, {Origin(other), 1}};
    return terms;
  };
  // b answers always; a and then c never do.
  std::vector<core::TermsHeader> taken;
  for (const char* dead : {"a/aaa", "c/ccc"}) {
    for (int i = 0; i < 100; ++i) {
      const auto terms = between(dead + std::to_string(i), "b/bbb", dead);
      const auto refused = coordinator_.Submit(At(0), terms, {});
      if (refused.has_value()) {
        EXPECT_EQ(refused->outcome, core::Outcome::kOverloaded);
        EXPECT_NE(refused->message.find(dead), std::string::npos) << refused->message;
        break;
      }
      coordinator_.OnPrepared(At(1), terms.settlement_id, b_, Vote("b"));
      taken.push_back(terms);
    }
  }
  EXPECT_EQ(coordinator_.WaitingFor(Origin("a/aaa")).count, 12U);
  EXPECT_EQ(coordinator_.WaitingFor(Origin("c/ccc")).count, 6U);
  EXPECT_EQ(coordinator_.WaitingFor(b_).count, 0U);
  const auto alive = between("alive", "b/bbb", "d/ddd");
  EXPECT_FALSE(coordinator_.Submit(At(2), alive, {}).has_value());

  // Their deadlines pass: they are aborted, and wait for the same ledgers.
  coordinator_.OnPrepared(At(3), alive.settlement_id, b_, Vote("b"));
  coordinator_.OnPrepared(At(3), alive.settlement_id, Origin("d/ddd"), Vote("d"));
  coordinator_.Tick(At(1001));
  for (const Judgement& judgement : coordinator_.Judge(At(1001), 100)) {
    coordinator_.OnDecided(At(1001), judgement.settlement_id);
    coordinator_.OnCertified(At(1001), judgement.settlement_id);
    coordinator_.OnCompleted(At(1002), judgement.settlement_id, b_);
    coordinator_.OnCompleted(At(1002), judgement.settlement_id, Origin("d/ddd"));
  }
  EXPECT_EQ(coordinator_.open_count(), taken.size());
  EXPECT_EQ(coordinator_.WaitingFor(Origin("a/aaa")).count, 12U);
  EXPECT_FALSE(coordinator_.Submit(At(0), between("more", "b/bbb", "d/ddd"), {}).has_value());
  // One comes back.
  for (const core::TermsHeader& terms : taken) {
    coordinator_.OnCompleted(At(1003), terms.settlement_id, Origin("a/aaa"));
  }
  EXPECT_EQ(coordinator_.WaitingFor(Origin("a/aaa")), Load{});
  EXPECT_FALSE(coordinator_.Submit(At(0), between("again", "a/aaa", "b/bbb"), {}).has_value());
}

TEST_F(CoordinatorTest, BytesOfADeadLedgerLeaveRoomToo) {
  options_.open_bytes_max = 1000;
  coordinator_ = Coordinator(options_);
  const auto submit = [&](const std::string& name, std::size_t bytes) {
    return coordinator_.Submit(At(0), Terms(name, 1000), {}, {bytes, {}});
  };
  EXPECT_FALSE(submit("s", 600).has_value());
  EXPECT_EQ(submit("t", 100)->outcome, core::Outcome::kOverloaded);
  core::TermsHeader other = Terms("other", 1000);
  other.ledgers = {{Origin("c/ccc"), 1}};
  EXPECT_EQ(coordinator_.Submit(At(0), other, {}, {401, {}})->outcome, core::Outcome::kOverloaded);
  EXPECT_FALSE(coordinator_.Submit(At(0), other, {}, {400, {}}).has_value());
}

TEST_F(CoordinatorTest, WhatOneParticipantLeavesHalfSignedLeavesRoomForOthers) {
  options_.open_max = 90;
  coordinator_ = Coordinator(options_);
  const RequiredSigner other{b_, Party("OTHER")};
  const auto half_signed = [&](const std::string& name, std::string_view by) {
    return coordinator_.Submit(At(0), Terms(name, 1'000'000), {other}, {100, {Party(by)}});
  };
  std::size_t taken = 0;
  while (!half_signed("s" + std::to_string(taken), "GREEDY").has_value()) ++taken;
  EXPECT_EQ(taken, 10U);
  EXPECT_FALSE(half_signed("t", "MODEST").has_value());
  EXPECT_FALSE(
      coordinator_.Submit(At(0), Terms("whole", 1000), {}, {100, {Party("GREEDY")}}).has_value());
  // What the others have signed counts no more.
  coordinator_.OnSigned(At(1), Terms("s0", 0).settlement_id, other);
  EXPECT_FALSE(half_signed("u", "GREEDY").has_value());
  EXPECT_EQ(half_signed("v", "GREEDY")->outcome, core::Outcome::kOverloaded);
}

TEST_F(CoordinatorTest, UnseenIdsThatOneParticipantAsksForLeaveRoomForOthers) {
  options_.open_max = 170;
  coordinator_ = Coordinator(options_);
  const auto ask = [&](const std::string& name, std::string_view by) {
    return coordinator_.SubmitExpired(At(1001), Terms(name, 1000), {100, {Party(by)}});
  };
  std::size_t taken = 0;
  while (!ask("s" + std::to_string(taken), "GREEDY").has_value()) ++taken;
  EXPECT_EQ(taken, 10U);
  EXPECT_FALSE(ask("t", "MODEST").has_value());
  for (const Judgement& judgement : coordinator_.Judge(At(1001), 100)) {
    coordinator_.OnDecided(At(1001), judgement.settlement_id);
    coordinator_.OnCertified(At(1001), judgement.settlement_id);
    coordinator_.OnCompleted(At(1002), judgement.settlement_id, a_);
    coordinator_.OnCompleted(At(1002), judgement.settlement_id, b_);
  }
  EXPECT_EQ(coordinator_.load(), Load{});
  EXPECT_FALSE(ask("u", "GREEDY").has_value());
}

TEST_F(CoordinatorTest, CommitsWithAVoteOfEveryLedgerInTheOrderOfTheTerms) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, b_, Vote("vote of b"));
  EXPECT_FALSE(coordinator_.HasRipe());
  coordinator_.OnPrepared(At(2), terms.settlement_id, a_, Vote("vote of a"));
  ASSERT_TRUE(coordinator_.HasRipe());
  const auto judgements = coordinator_.Judge(At(2), 10);
  ASSERT_THAT(judgements, SizeIs(1));
  EXPECT_EQ(judgements[0].verdict, core::Verdict::kCommit);
  ASSERT_THAT(judgements[0].votes, SizeIs(2));
  EXPECT_EQ(judgements[0].votes[0].bytes, "vote of a");
  EXPECT_EQ(judgements[0].votes[1].bytes, "vote of b");
}

TEST_F(CoordinatorTest, TellsNobodyBeforeTheDecisionIsDurable) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1), terms.settlement_id, b_, Vote("b"));
  coordinator_.Judge(At(1), 10);
  EXPECT_EQ(StateOf(terms), SettlementState::kPreparing);
  EXPECT_THAT(coordinator_.TakeRequests(), IsEmpty());
  coordinator_.OnDecided(At(1), terms.settlement_id);
  coordinator_.OnCertified(At(1), terms.settlement_id);
  EXPECT_EQ(StateOf(terms), SettlementState::kCommitted);
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Complete(terms, a_), Complete(terms, b_)));
}

TEST_F(CoordinatorTest, JudgesTheDeadlineWhenItWrites) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(999), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1000), terms.settlement_id, b_, Vote("b"));
  const auto judgements = coordinator_.Judge(At(1001), 10);
  ASSERT_THAT(judgements, SizeIs(1));
  EXPECT_EQ(judgements[0].verdict, core::Verdict::kAbort);
  EXPECT_EQ(judgements[0].rejection.outcome, core::Outcome::kPastDeadline);
  EXPECT_THAT(judgements[0].votes, IsEmpty());
}

TEST_F(CoordinatorTest, CommitsAtTheDeadlineItself) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(999), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1000), terms.settlement_id, b_, Vote("b"));
  EXPECT_EQ(coordinator_.Judge(At(1000), 10)[0].verdict, core::Verdict::kCommit);
}

TEST_F(CoordinatorTest, AbortsOnADefiniteRefusalAndTellsEveryLedger) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepareRefused(At(2), terms.settlement_id, b_,
                                Refusal(core::Outcome::kInsufficientFunds));
  Decide(terms, At(2), core::Verdict::kAbort);
  EXPECT_EQ(StateOf(terms), SettlementState::kAborting);
  EXPECT_EQ(coordinator_.Find(terms.settlement_id)->rejection->outcome,
            core::Outcome::kInsufficientFunds);
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Complete(terms, a_), Complete(terms, b_)));
}

TEST_F(CoordinatorTest, AsksAgainAfterARefusalThatMayPass) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepareRefused(At(10), terms.settlement_id, b_,
                                Refusal(core::Outcome::kOverloaded));
  EXPECT_FALSE(coordinator_.HasRipe());
  coordinator_.Tick(At(110));
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Prepare(terms, b_, 2)));
}

TEST_F(CoordinatorTest, IgnoresARefusalByALedgerThatHasVoted) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepareRefused(At(2), terms.settlement_id, a_,
                                Refusal(core::Outcome::kInsufficientFunds));
  coordinator_.OnPrepared(At(3), terms.settlement_id, b_, Vote("b"));
  EXPECT_EQ(coordinator_.Judge(At(3), 10)[0].verdict, core::Verdict::kCommit);
}

TEST_F(CoordinatorTest, IgnoresAVoteOfALedgerThatIsNotInTheTerms) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1), terms.settlement_id, Origin("c/ccc"), Vote("c"));
  EXPECT_FALSE(coordinator_.HasRipe());
}

TEST_F(CoordinatorTest, DoublesTheDelayUpToItsCap) {
  const auto terms = Terms("s", 100'000'000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(0), terms.settlement_id, a_, Vote("a"));
  std::vector<std::int64_t> delays_ms;
  std::int64_t now_ms = 0;
  for (int i = 0; i < 9; ++i) {
    coordinator_.OnFailed(At(now_ms), RequestKind::kPrepare, terms.settlement_id, b_, lost_);
    const std::int64_t next_ms = coordinator_.next_timer()->micros() / 1000;
    delays_ms.push_back(next_ms - now_ms);
    now_ms = next_ms;
    coordinator_.Tick(At(now_ms));
    ASSERT_THAT(coordinator_.TakeRequests(), SizeIs(1));
  }
  EXPECT_THAT(delays_ms, ElementsAre(100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000));
}

TEST_F(CoordinatorTest, AsksAgainWhenNoAnswerComes) {
  const auto terms = Terms("s", 100'000);
  Start(terms, At(0));
  EXPECT_EQ(coordinator_.next_timer(), At(15'000));
  coordinator_.Tick(At(14'999));
  EXPECT_THAT(coordinator_.TakeRequests(), IsEmpty());
  coordinator_.Tick(At(15'000));
  EXPECT_THAT(coordinator_.TakeRequests(),
              ElementsAre(Prepare(terms, a_, 2), Prepare(terms, b_, 2)));
}

TEST_F(CoordinatorTest, ALateFailureDoesNotPutOffTheNextAttempt) {
  const auto terms = Terms("s", 100'000);
  Start(terms, At(0));
  coordinator_.OnFailed(At(10), RequestKind::kPrepare, terms.settlement_id, a_, lost_);
  coordinator_.OnFailed(At(100), RequestKind::kPrepare, terms.settlement_id, a_, lost_);
  EXPECT_EQ(coordinator_.next_timer(), At(110));
}

TEST_F(CoordinatorTest, ADeadLedgerDelaysOnlySettlementsThatTouchIt) {
  const auto stuck = Terms("s", 100'000);
  auto other = Terms("t", 100'000);
  other.ledgers = {{a_, 1}, {Origin("c/ccc"), 1}};
  Start(stuck, At(0));
  Start(other, At(0));
  coordinator_.OnFailed(At(1), RequestKind::kPrepare, stuck.settlement_id, b_, lost_);
  coordinator_.OnPrepared(At(1), other.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1), other.settlement_id, Origin("c/ccc"), Vote("c"));
  Decide(other, At(1), core::Verdict::kCommit);
  EXPECT_EQ(StateOf(other), SettlementState::kCommitted);
  EXPECT_EQ(StateOf(stuck), SettlementState::kPreparing);
}

TEST_F(CoordinatorTest, ShowsWhichLedgerItWaitsForHowOftenItAskedAndWhyThatFailed) {
  const auto terms = Terms("s", 100'000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnFailed(At(2), RequestKind::kPrepare, terms.settlement_id, b_, lost_);
  coordinator_.Tick(At(200));
  coordinator_.OnFailed(At(210), RequestKind::kPrepare, terms.settlement_id, b_,
                        Refusal(core::Outcome::kOverloaded));
  std::vector<LedgerProgress> ledgers = coordinator_.Find(terms.settlement_id)->ledgers;
  EXPECT_TRUE(ledgers[0].prepared);
  EXPECT_EQ(ledgers[0].attempts, 1u);
  EXPECT_FALSE(ledgers[0].failure.has_value());
  EXPECT_FALSE(ledgers[1].prepared);
  EXPECT_EQ(ledgers[1].attempts, 2u);
  EXPECT_EQ(ledgers[1].failure, Refusal(core::Outcome::kOverloaded));
  EXPECT_EQ(ledgers[1].failed, At(210));
  // What it waits for after the decision is another thing, and counts anew.
  coordinator_.OnPrepared(At(220), terms.settlement_id, b_, Vote("b"));
  Decide(terms, At(220), core::Verdict::kCommit);
  ledgers = coordinator_.Find(terms.settlement_id)->ledgers;
  EXPECT_EQ(ledgers[1].attempts, 1u);
  EXPECT_FALSE(ledgers[1].failure.has_value());
}

TEST_F(CoordinatorTest, AbortsByOrderBeforeTheDecisionWhateverVotesAreIn) {
  const core::Rejection ordered = Refusal(core::Outcome::kAbortOrdered);
  const auto waiting = Terms("s", 1000);
  ASSERT_FALSE(
      coordinator_.Submit(At(0), waiting, {RequiredSigner{a_, Party("ALPHA")}}).has_value());
  coordinator_.Abort(waiting.settlement_id, ordered);
  Decide(waiting, At(1), core::Verdict::kAbort);
  coordinator_.TakeRequests();

  const auto voted = Terms("t", 1000);
  Start(voted, At(2));
  coordinator_.OnPrepared(At(3), voted.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(3), voted.settlement_id, b_, Vote("b"));
  ASSERT_TRUE(coordinator_.HasRipe());  // for its commit
  coordinator_.Abort(voted.settlement_id, ordered);
  Decide(voted, At(3), core::Verdict::kAbort);
  EXPECT_EQ(coordinator_.Find(voted.settlement_id)->rejection, ordered);
}

TEST_F(CoordinatorTest, AnOrderAfterTheDecisionChangesNothing) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1), terms.settlement_id, b_, Vote("b"));
  Decide(terms, At(1), core::Verdict::kCommit);
  coordinator_.Abort(terms.settlement_id, Refusal(core::Outcome::kAbortOrdered));
  EXPECT_FALSE(coordinator_.HasRipe());
  EXPECT_EQ(StateOf(terms), SettlementState::kCommitted);
  coordinator_.Abort(core::Sha256("unknown"), Refusal(core::Outcome::kAbortOrdered));
  EXPECT_FALSE(coordinator_.HasRipe());
}

TEST_F(CoordinatorTest, SettlesWhenEveryLedgerHasBooked) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1), terms.settlement_id, b_, Vote("b"));
  Decide(terms, At(1), core::Verdict::kCommit);
  coordinator_.OnCompleted(At(2), terms.settlement_id, a_);
  EXPECT_THAT(coordinator_.TakeFinished(), IsEmpty());
  coordinator_.OnCompleted(At(3), terms.settlement_id, b_);
  const auto finished = coordinator_.TakeFinished();
  ASSERT_THAT(finished, SizeIs(1));
  EXPECT_EQ(finished[0].state, SettlementState::kSettled);
  EXPECT_EQ(finished[0].decided, At(1));
  EXPECT_FALSE(coordinator_.IsOpen(terms.settlement_id));
  EXPECT_FALSE(coordinator_.next_timer().has_value());
}

TEST_F(CoordinatorTest, IgnoresACompletionBeforeTheDecision) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnCompleted(At(1), terms.settlement_id, a_);
  EXPECT_FALSE(coordinator_.Find(terms.settlement_id)->ledgers[0].complete);
}

TEST_F(CoordinatorTest, RepeatsACompletionUntilItIsAcknowledgedEvenPastTheDeadline) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1), terms.settlement_id, b_, Vote("b"));
  Decide(terms, At(1), core::Verdict::kCommit);
  coordinator_.TakeRequests();
  coordinator_.OnCompleted(At(2), terms.settlement_id, a_);
  coordinator_.OnFailed(At(2), RequestKind::kComplete, terms.settlement_id, b_, lost_);
  coordinator_.Tick(At(5000));
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Complete(terms, b_, 2)));
  EXPECT_FALSE(coordinator_.HasRipe());
}

TEST_F(CoordinatorTest, AbortsAnUnseenSettlementThatIsExpired) {
  const auto terms = Terms("s", 1000);
  EXPECT_FALSE(coordinator_.SubmitExpired(At(1001), terms).has_value());
  Decide(terms, At(1001), core::Verdict::kAbort);
  EXPECT_THAT(coordinator_.TakeRequests(), SizeIs(2));
  coordinator_.OnCompleted(At(1002), terms.settlement_id, a_);
  coordinator_.OnCompleted(At(1002), terms.settlement_id, b_);
  EXPECT_EQ(coordinator_.TakeFinished()[0].state, SettlementState::kAborted);
}

TEST_F(CoordinatorTest, JudgesOldestFirstAndNoMoreThanAsked) {
  const auto first = Terms("x", 1000);
  const auto second = Terms("a", 1000);
  Start(first, At(0));
  Start(second, At(0));
  coordinator_.Tick(At(1001));
  const auto judgements = coordinator_.Judge(At(1001), 1);
  ASSERT_THAT(judgements, SizeIs(1));
  EXPECT_EQ(judgements[0].settlement_id, first.settlement_id);
  EXPECT_TRUE(coordinator_.HasRipe());
}

TEST_F(CoordinatorTest, ARestoredDecisionIsCarriedToEveryLedgerAgain) {
  const auto terms = Terms("s", 1000);
  coordinator_.RestoreDecided(terms, core::Verdict::kCommit, At(0), At(5), std::nullopt);
  EXPECT_EQ(StateOf(terms), SettlementState::kCommitted);
  coordinator_.Tick(At(2000));
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Complete(terms, a_), Complete(terms, b_)));
}

TEST_F(CoordinatorTest, ARestoredSubmissionIsPreparedAgain) {
  const auto terms = Terms("s", 1000);
  coordinator_.RestoreUndecided(terms, At(0), {});
  coordinator_.Tick(At(500));
  EXPECT_THAT(coordinator_.TakeRequests(), ElementsAre(Prepare(terms, a_), Prepare(terms, b_)));
}

TEST_F(CoordinatorTest, ARestoredSubmissionThatExpiredMeanwhileIsAborted) {
  const auto terms = Terms("s", 1000);
  coordinator_.RestoreUndecided(terms, At(0), {});
  coordinator_.Tick(At(1001));
  EXPECT_THAT(coordinator_.TakeRequests(), IsEmpty());
  Decide(terms, At(1001), core::Verdict::kAbort);
}

TEST_F(CoordinatorTest, NamesEveryViewThatChangedOnce) {
  const auto terms = Terms("s", 1000);
  Start(terms, At(0));
  EXPECT_THAT(coordinator_.TakeChanged(), ElementsAre(terms.settlement_id));
  EXPECT_THAT(coordinator_.TakeChanged(), IsEmpty());
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  coordinator_.OnPrepared(At(1), terms.settlement_id, a_, Vote("a"));
  EXPECT_THAT(coordinator_.TakeChanged(), ElementsAre(terms.settlement_id));
}

TEST_F(CoordinatorTest, RefusesOptionsThatContradictEachOther) {
  options_.retry_delay_max = core::Duration::FromMillis(1);
  EXPECT_FALSE(options_.Check().ok());
}

TEST_F(CoordinatorTest, ADecisionThatFillsIsTheLastOfItsBatch) {
  for (const char* name : {"one", "two", "three"}) Start(Terms(name, 1000), At(0));
  coordinator_.Tick(At(1001));
  const auto fills = [](const Judgement& judgement) {
    return judgement.settlement_id == core::Sha256("two");
  };
  EXPECT_THAT(coordinator_.Judge(At(1001), 10, fills), SizeIs(2));
  EXPECT_TRUE(coordinator_.HasRipe());
  EXPECT_THAT(coordinator_.Judge(At(1001), 10, fills), SizeIs(1));
}

}  // namespace
}  // namespace causeway::pvp
