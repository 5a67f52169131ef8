// Settlement lists on the ledger: the same rules as for single settlements, by account number.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "settlement/core/prng.h"
#include "tests/core/settlement_fixture.h"

namespace causeway::core {
namespace {

class LedgerListTest : public SettlementFixture {
 protected:
  AccountRef Ref(std::string_view body) const {
    const AccountState* account = ledger_->FindAccount(Address(body));
    return {.number = account->number, .check = account->check};
  }
  static RawInstructionId Raw(std::uint8_t seed) {
    RawInstructionId raw{};
    raw.fill(seed);
    return raw;
  }
  BulkPayment LegOf(std::string_view from, std::string_view to, std::int64_t minor_units,
                    std::uint8_t id) const {
    BulkPayment leg;
    leg.debtor = Ref(from);
    leg.creditor = Ref(to);
    leg.amount = Amount::FromMinor(minor_units);
    leg.id = Raw(id);
    leg.uetr = SomeUetr(id);
    return leg;
  }
  // ALPHA pays the legs here; the far part is only a hash.
  PrepareList ListOf(std::vector<BulkPayment> legs, char nonce = 'n') const {
    PrepareList prepare;
    prepare.legs = std::move(legs);
    prepare.part_hash = ListPartHash(EncodeListPart(std::string(16, 's'), prepare.legs));
    TermsHeader terms{
        .policy_hash = policy_.hash,
        .deadline = now_ + Duration::FromMinutes(1),
        .ledgers = {{genesis_.ledger, 0}, {far_, 0}},
        .nonce = std::string(16, nonce),
        .list_count = static_cast<std::uint32_t>(prepare.legs.size()),
        .parts = {{Party("ALPHA"), prepare.part_hash}, {Party("BETA"), Sha256("far part")}}};
    const auto decoded = DecodeSettlementList(EncodeSettlementList(terms));
    EXPECT_TRUE(decoded.ok()) << decoded.status().message();
    prepare.terms = *decoded;
    return prepare;
  }
  AdmittedItem Given(const PrepareList& prepare) {
    return {.body = prepare,
            .payload_hash = Sha256(EncodeSettlementList(prepare.terms)),
            .signers = {KeyNamed("ALPHA").key_id()}};
  }
  ItemResult PrepareIt(const PrepareList& prepare) { return ApplyOne(Given(prepare)); }
  std::vector<Outcome> OutcomesOf(const PrepareList& prepare) {
    const ItemResult result = PrepareIt(prepare);
    EXPECT_FALSE(result.refused.has_value());
    std::vector<Outcome> outcomes;
    for (const PaymentResult& leg : result.bulk->results) outcomes.push_back(leg.outcome);
    return outcomes;
  }
  Vote ListVote(const std::string& key, const LedgerOrigin& ledger, const Hash256& genesis_hash,
                const Hash256& id, std::uint64_t hold, PositionSet held) {
    const std::vector<Hold> holds = {{id, hold, std::move(held)}};
    return SignVotes(ledger, genesis_hash, holds, KeyNamed(key))->front();
  }
  // The far ledger holds `far_held`; this one what it holds.
  CompleteSettlement DecideList(const PrepareList& prepare, Verdict verdict,
                                const PositionSet& far_held) {
    const Hash256& id = prepare.terms.settlement_id;
    CompleteSettlement completion{.settlement_id = id};
    Certificate& certificate = completion.certificate;
    certificate.record = {
        .settlement_id = id, .verdict = verdict, .policy_hash = policy_.hash, .decided = now_};
    const SettlementState* here = ledger_->FindSettlement(id);
    if (verdict == Verdict::kCommit && here != nullptr && here->list != nullptr) {
      certificate.votes = {
          ListVote("ledger", genesis_.ledger, genesis_.hash, id, here->hold, here->list->held),
          ListVote("far", far_, Sha256("far"), id, 9, far_held)};
    }
    Seal(certificate);
    return completion;
  }
  void Seal(Certificate& certificate) {
    certificate.record.vote_hashes.clear();
    for (const Vote& vote : certificate.votes) {
      certificate.record.vote_hashes.push_back(VoteHash(vote));
    }
    certificate.record_bytes = EncodeDecisionRecord(certificate.record);
    MerkleTree log;
    log.Append(LeafHash(certificate.record_bytes));
    const std::string origin = policy_.decision_log.ToString();
    certificate.checkpoint = *SignCheckpoint({.origin = origin, .size = 1, .root = log.Root()},
                                             origin, KeyNamed("bridge"));
  }
  static PositionSet All(std::uint32_t size) {
    PositionSet set(size);
    for (std::uint32_t i = 0; i < size; ++i) set.Insert(i);
    return set;
  }
};

TEST_F(LedgerListTest, EverySettlementIsHeldOrRejectedByItself) {
  const std::uint64_t index = ledger_->next_index();
  const PrepareList prepare =
      ListOf({LegOf("ALPHA", "BETA", 60'000, 1), LegOf("ALPHA", "BETA", 60'000, 2),
              LegOf("ALPHA", "BETA", 40'000, 3)});
  const BatchResult result = Apply({Given(prepare)});
  ASSERT_EQ(result.entries.size(), 1u);
  EXPECT_EQ(result.entries[0].instruction.kind, ActionKind::kPrepare);
  EXPECT_EQ(result.entries[0].settlement_id, prepare.terms.settlement_id);
  ASSERT_EQ(result.bulks.size(), 1u);
  const BulkExecution& execution = *result.bulks[0];
  EXPECT_EQ(execution.kind, BulkKind::kHolds);
  EXPECT_EQ(execution.first_index, index + 2);
  EXPECT_EQ(execution.results[0].outcome, Outcome::kAccepted);
  EXPECT_EQ(execution.results[0].debtor_after, 40'000) << "available";
  EXPECT_EQ(execution.results[0].creditor_after, 60'000) << "held";
  EXPECT_EQ(execution.results[1].outcome, Outcome::kInsufficientFunds);
  EXPECT_EQ(execution.results[2].outcome, Outcome::kAccepted);
  EXPECT_EQ(Available("ALPHA"), 0);
  EXPECT_EQ(Held("ALPHA"), 100'000);
  EXPECT_EQ(Account("BETA").incoming_reserved.minor(), 100'000);
  const SettlementState* held = ledger_->FindSettlement(prepare.terms.settlement_id);
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->hold, index + 1);
  EXPECT_EQ(held->list->held.bits(), "\x05");
}

TEST_F(LedgerListTest, ACommitSettlesWhatAllHoldAndReleasesTheRest) {
  const PrepareList prepare =
      ListOf({LegOf("ALPHA", "BETA", 1'000, 1), LegOf("ALPHA", "BETA", 2'000, 2),
              LegOf("ALPHA", "BETA", 500'000, 3)});
  PrepareIt(prepare);
  PositionSet far_held(3);
  far_held.Insert(1);
  far_held.Insert(2);
  const CompleteSettlement commit = DecideList(prepare, Verdict::kCommit, far_held);
  const ItemResult done = Complete(commit);
  EXPECT_EQ(done.settlement_status, InstructionStatus::kSettled);
  ASSERT_NE(done.bulk, nullptr);
  ASSERT_EQ(done.bulk->resolved.size(), 2u) << "what was not held has no leaf";
  EXPECT_EQ(done.bulk->resolved[0].outcome, Outcome::kSettlementAborted);
  EXPECT_EQ(done.bulk->resolved[1].outcome, Outcome::kAccepted);
  EXPECT_EQ(done.bulk->resolved[1].position, 1u);
  EXPECT_EQ(Available("ALPHA"), 98'000);
  EXPECT_EQ(Held("ALPHA"), 0);
  EXPECT_EQ(Available("BETA"), 2'000);
  EXPECT_EQ(Account("BETA").incoming_reserved.minor(), 0);
  EXPECT_EQ(ledger_->FindSettlement(prepare.terms.settlement_id), nullptr)
      << "what is complete leaves memory";

  const ItemResult repeat = Complete(commit);
  EXPECT_FALSE(repeat.sequenced);
  EXPECT_FALSE(repeat.refused.has_value());
  EXPECT_EQ(repeat.settlement_status, InstructionStatus::kSettled);
  ExpectRefused(PrepareIt(prepare), Outcome::kSettlementConflict);
  const CompleteSettlement abort = DecideList(prepare, Verdict::kAbort, far_held);
  ExpectRefused(Complete(abort), Outcome::kSettlementConflict);
  EXPECT_EQ(Available("BETA"), 2'000);
}

TEST_F(LedgerListTest, AReturnMayCiteALegThatSettledAndNoOther) {
  const PrepareList prepare =
      ListOf({LegOf("ALPHA", "BETA", 1'000, 1), LegOf("ALPHA", "BETA", 2'000, 2),
              LegOf("ALPHA", "BETA", 500'000, 3)});
  const auto give_back = [&](std::uint8_t leg) {
    Pay back = PayOf("BETA", "ALPHA", 100);
    back.cites = {Party("ALPHA"), ActionKind::kSettlementLeg, InstructionIdOf(Raw(leg))};
    return By("BETA", back);
  };
  ByCentralBank(Issue{Address("BETA"), Hkd(1'000), "RTGS-2"});
  PrepareIt(prepare);
  ExpectRejected(give_back(2), Outcome::kWrongInstructionState);
  PositionSet far_held(3);
  far_held.Insert(1);
  far_held.Insert(2);
  Complete(DecideList(prepare, Verdict::kCommit, far_held));
  ExpectRejected(give_back(1), Outcome::kWrongInstructionState);  // released
  ExpectRejected(give_back(3), Outcome::kWrongInstructionState);  // never held here
  ExpectRejected(give_back(4), Outcome::kWrongInstructionState);  // of no list
  const std::int64_t before = Available("ALPHA");
  ExpectAccepted(give_back(2));
  EXPECT_EQ(Available("ALPHA"), before + 100);
}

TEST_F(LedgerListTest, AReturnDoesNotCiteALegOfAnAbortedList) {
  const PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 1'000, 1)});
  PrepareIt(prepare);
  Complete(DecideList(prepare, Verdict::kAbort, {}));
  ByCentralBank(Issue{Address("BETA"), Hkd(1'000), "RTGS-2"});
  Pay back = PayOf("BETA", "ALPHA", 100);
  back.cites = {Party("ALPHA"), ActionKind::kSettlementLeg, InstructionIdOf(Raw(1))};
  ExpectRejected(By("BETA", back), Outcome::kWrongInstructionState);
}

TEST_F(LedgerListTest, AnAbortReleasesAll) {
  const PrepareList prepare =
      ListOf({LegOf("ALPHA", "BETA", 1'000, 1), LegOf("ALPHA", "BETA", 2'000, 2)});
  PrepareIt(prepare);
  const ItemResult done = Complete(DecideList(prepare, Verdict::kAbort, {}));
  EXPECT_EQ(done.settlement_status, InstructionStatus::kAborted);
  EXPECT_EQ(done.bulk->resolved.size(), 2u);
  EXPECT_EQ(Available("ALPHA"), 100'000);
  EXPECT_EQ(Held("ALPHA"), 0);
  ExpectRefused(PrepareIt(prepare), Outcome::kSettlementAborted);
}

TEST_F(LedgerListTest, AnAbortThatComesFirstIsATombstone) {
  const PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 1'000, 1)});
  Complete(DecideList(prepare, Verdict::kAbort, {}));
  ExpectRefused(PrepareIt(prepare), Outcome::kSettlementAborted);
  EXPECT_EQ(Available("ALPHA"), 100'000);
}

TEST_F(LedgerListTest, ARepeatedPrepareHoldsOnce) {
  const PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 1'000, 1)});
  const ItemResult first = PrepareIt(prepare);
  const ItemResult repeat = PrepareIt(prepare);
  EXPECT_FALSE(repeat.sequenced);
  EXPECT_EQ(repeat.settlement_hold, first.settlement_hold);
  EXPECT_EQ(repeat.settlement_status, InstructionStatus::kPrepared);
  EXPECT_EQ(Held("ALPHA"), 1'000);
}

TEST_F(LedgerListTest, LegsShareTheirIdsWithThoseOfSingleSettlements) {
  const std::string first = InstructionIdOf(Raw(1)).ToString();
  const std::string second = InstructionIdOf(Raw(2)).ToString();
  ExpectAccepted(Prepare(MakePrepare(10, first)));
  EXPECT_EQ(OutcomesOf(ListOf({LegOf("ALPHA", "BETA", 10, 1), LegOf("ALPHA", "BETA", 10, 2),
                               LegOf("ALPHA", "BETA", 10, 2)})),
            (std::vector{Outcome::kInstructionIdReused, Outcome::kAccepted,
                         Outcome::kInstructionIdReused}));
  ExpectRefused(Prepare(MakePrepare(10, second)), Outcome::kInstructionIdReused);
  EXPECT_EQ(Held("ALPHA"), 20);
  // Payments have ids of their own.
  ExpectAccepted(By("ALPHA", PayOf("ALPHA", "BETA", 10), second));
}

TEST_F(LedgerListTest, RefusesWhatDoesNotConcernItOrIsNotSigned) {
  PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 10, 1)});
  AdmittedItem unsigned_item = Given(prepare);
  unsigned_item.signers = {KeyNamed("BETA").key_id()};
  ExpectRefused(ApplyOne(unsigned_item), Outcome::kTermsNotSignedByPayer);
  prepare.part_hash = Sha256("another part");
  ExpectRefused(PrepareIt(prepare), Outcome::kLegNotInTerms);
  PrepareList late = ListOf({LegOf("ALPHA", "BETA", 10, 1)});
  late.terms.deadline = now_ + Duration::FromMicros(-1);
  ExpectRefused(PrepareIt(late), Outcome::kPastDeadline);
  PrepareList foreign = ListOf({LegOf("ALPHA", "BETA", 10, 1)});
  foreign.terms.policy_hash = Sha256("no policy");
  ExpectRefused(PrepareIt(foreign), Outcome::kUnknownSettlementPolicy);
  EXPECT_EQ(Held("ALPHA"), 0);
}

TEST_F(LedgerListTest, ACommitNeedsAVoteOfEveryLedgerOnThisList) {
  const PrepareList prepare =
      ListOf({LegOf("ALPHA", "BETA", 10, 1), LegOf("ALPHA", "BETA", 10, 2)});
  PrepareIt(prepare);
  CompleteSettlement short_one = DecideList(prepare, Verdict::kCommit, All(2));
  short_one.certificate.votes.pop_back();
  Seal(short_one.certificate);
  EXPECT_EQ(AdmitOutcome(short_one), Outcome::kVotesMissing);
  // A vote on a list of another size, and one on a single settlement.
  for (const PositionSet& listed : {All(3), PositionSet()}) {
    CompleteSettlement other = DecideList(prepare, Verdict::kCommit, All(2));
    other.certificate.votes[1] =
        ListVote("far", far_, Sha256("far"), prepare.terms.settlement_id, 9, listed);
    Seal(other.certificate);
    EXPECT_EQ(AdmitOutcome(other), Outcome::kVotesMissing) << listed.size();
  }
  // This ledger's own key on a hold that it does not have.
  CompleteSettlement forged = DecideList(prepare, Verdict::kCommit, All(2));
  forged.certificate.votes[0] =
      ListVote("ledger", genesis_.ledger, genesis_.hash, prepare.terms.settlement_id, 3, All(2));
  Seal(forged.certificate);
  EXPECT_EQ(AdmitOutcome(forged), Outcome::kAccepted);
  ExpectRefused(ApplyOne({.body = forged, .payload_hash = Sha256("completion")}),
                Outcome::kVotesMissing);
  EXPECT_EQ(Held("ALPHA"), 20);
}

TEST_F(LedgerListTest, ACommitThatWasNotVerifiedIsOnlyARepeat) {
  const PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 10, 1)});
  const AdmittedItem early = AdmitCompletion(DecideList(prepare, Verdict::kCommit, All(1)));
  EXPECT_TRUE(early.unverified);
  ExpectRefused(ApplyOne(early), Outcome::kUnknownSettlement);
  PrepareIt(prepare);
  ExpectRefused(ApplyOne(early), Outcome::kUnknownSettlement);
  EXPECT_EQ(Held("ALPHA"), 10);
  Complete(DecideList(prepare, Verdict::kCommit, All(1)));
  const ItemResult repeat = ApplyOne(early);
  EXPECT_FALSE(repeat.sequenced);
  EXPECT_FALSE(repeat.refused.has_value());
  EXPECT_EQ(repeat.settlement_status, InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 10);
}

TEST_F(LedgerListTest, AnAbortIsNotOrderedOfWhatIsComplete) {
  const PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 10, 1)});
  PrepareIt(prepare);
  const OrderAbort order{prepare.terms.settlement_id, "Some Act, s. 3"};
  ExpectAccepted(ByCentralBank(order));
  Complete(DecideList(prepare, Verdict::kCommit, All(1)));
  const ItemResult late = ByCentralBank(order);
  ASSERT_EQ(late.instructions.size(), 1u);
  EXPECT_EQ(late.instructions[0].rejection.outcome, Outcome::kWrongInstructionState);
}

// Instruction ids have room for 35 hexadecimal digits of a list's id.
TEST_F(LedgerListTest, AListWhoseIdBeginsLikeAnotherIsRefused) {
  const auto with_id_like = [](PrepareList prepare, const PrepareList& other) {
    prepare.terms.settlement_id = other.terms.settlement_id;
    prepare.terms.settlement_id.bytes.back() ^= 1;
    return prepare;
  };
  const PrepareList first = ListOf({LegOf("ALPHA", "BETA", 10, 1)}, 'a');
  const PrepareList second = with_id_like(ListOf({LegOf("ALPHA", "BETA", 20, 2)}, 'b'), first);
  const CompleteSettlement abort = DecideList(second, Verdict::kAbort, {});
  PrepareIt(first);
  ExpectRefused(PrepareIt(second), Outcome::kInstructionIdReused);
  ExpectRefused(Complete(abort), Outcome::kInstructionIdReused);
  Complete(DecideList(first, Verdict::kCommit, All(1)));
  ExpectRefused(PrepareIt(second), Outcome::kInstructionIdReused);
  ExpectRefused(Complete(abort), Outcome::kInstructionIdReused);
  ExpectRefused(Complete(DecideList(second, Verdict::kCommit, All(1))),
                Outcome::kUnknownSettlement);
  EXPECT_FALSE(ledger_->FindCompletion(second.terms.settlement_id)->has_value());
  EXPECT_TRUE(ledger_->FindCompletion(first.terms.settlement_id)->has_value());
  // An abort that comes before its prepare takes the key as well.
  const PrepareList third = ListOf({LegOf("ALPHA", "BETA", 30, 3)}, 'c');
  Complete(DecideList(third, Verdict::kAbort, {}));
  ExpectRefused(PrepareIt(with_id_like(ListOf({LegOf("ALPHA", "BETA", 40, 4)}, 'd'), third)),
                Outcome::kInstructionIdReused);
  EXPECT_EQ(Available("ALPHA"), 100'000 - 10);
}

TEST_F(LedgerListTest, LooksForLegsOnlyOfWhatItMayHold) {
  const PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 10, 1)});
  EXPECT_TRUE(ledger_->MayComeToPacked(Given(prepare)));
  AdmittedItem unsigned_item = Given(prepare);
  unsigned_item.signers = {KeyNamed("BETA").key_id()};
  EXPECT_FALSE(ledger_->MayComeToPacked(unsigned_item));
  PrepareList other = prepare;
  other.part_hash = Sha256("another part");
  EXPECT_FALSE(ledger_->MayComeToPacked(Given(other)));
  PrepareIt(prepare);
  EXPECT_FALSE(ledger_->MayComeToPacked(Given(prepare)));
}

TEST_F(LedgerListTest, AFreezeAfterThePrepareDoesNotTouchTheHolds) {
  const PrepareList prepare = ListOf({LegOf("ALPHA", "BETA", 10, 1)});
  PrepareIt(prepare);
  ByCentralBank(SetFreeze{Address("ALPHA"), true, "order 1"});
  ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kCutOff});
  EXPECT_EQ(Complete(DecideList(prepare, Verdict::kCommit, All(1))).settlement_status,
            InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 10);
}

TEST_F(LedgerListTest, ASnapshotHasTheListsAsTheyWereWhenItBegan) {
  const PrepareList kept = ListOf({LegOf("ALPHA", "BETA", 10, 1)}, 'a');
  const PrepareList resolved =
      ListOf({LegOf("ALPHA", "BETA", 20, 2), LegOf("ALPHA", "BETA", 900'000, 3)}, 'b');
  PrepareIt(kept);
  PrepareIt(resolved);
  const Hash256 root = ledger_->StateRoot();
  ledger_->StartSnapshot();
  // Meanwhile one is completed, and another comes.
  Complete(DecideList(resolved, Verdict::kCommit, All(2)));
  PrepareIt(ListOf({LegOf("ALPHA", "BETA", 30, 4)}, 'c'));
  const auto restored = Ledger::Restore(genesis_, nullptr, [this]() -> absl::StatusOr<std::string> {
    return ledger_->NextSnapshotPart();
  });
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  EXPECT_EQ((*restored)->StateRoot(), root);
  const SettlementState* list = (*restored)->FindSettlement(resolved.terms.settlement_id);
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->list->held.bits(), "\x01");
  EXPECT_EQ(list->list->legs[0].amount.minor(), 20);
  EXPECT_EQ(list->terms->parts, resolved.terms.parts);
}

// Random settlements as a list and one by one must do the same to every account, whatever of them
// the other ledger holds.
TEST_F(LedgerListTest, DoesWhatTheSameSettlementsDoOneByOne) {
  const std::vector<std::string> names = {"ALPHA", "BETA", "GAMMA", "DELTA"};
  struct Wanted {
    std::string from;
    std::string to;
    std::int64_t amount = 0;
    bool far_holds = false;
  };
  RandomStream random(20231107, "list twin");
  std::vector<Wanted> wanted;
  for (int i = 0; i < 200; ++i) {
    Wanted one{names[random.Uniform(4)], names[random.Uniform(4)]};
    one.amount = static_cast<std::int64_t>(random.Uniform(20'000));
    one.far_holds = random.Bernoulli(80, 100);
    wanted.push_back(one);
  }
  const auto open_accounts = [this] {
    for (const char* body : {"GAMMA", "DELTA"}) {
      ExpectAccepted(ByCentralBank(OpenAccount{.address = Address(body),
                                               .owner = Party("ALPHA"),
                                               .purpose = AccountPurpose::kSettlement,
                                               .holding_limit = Amount::FromMinor(30'000),
                                               .credit_line = Amount::FromMinor(5'000)}));
    }
  };
  open_accounts();
  std::vector<BulkPayment> legs;
  PositionSet far_held(static_cast<std::uint32_t>(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    legs.push_back(
        LegOf(wanted[i].from, wanted[i].to, wanted[i].amount, static_cast<std::uint8_t>(i)));
    if (wanted[i].far_holds) far_held.Insert(static_cast<std::uint32_t>(i));
  }
  const PrepareList list = ListOf(legs);
  const std::vector<Outcome> listed = OutcomesOf(list);
  std::map<std::string, AccountState> held;
  for (const std::string& name : names) held[name] = Account(name);
  Complete(DecideList(list, Verdict::kCommit, far_held));
  std::map<std::string, AccountState> after;
  for (const std::string& name : names) after[name] = Account(name);

  // The same start on a ledger of its own.
  ledger_ = *Ledger::Create(genesis_, nullptr);
  SetUp();
  open_accounts();
  std::vector<PrepareSettlement> singles;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    PrepareSettlement one = MakePrepare(
        wanted[i].amount, InstructionIdOf(Raw(static_cast<std::uint8_t>(i))).ToString());
    one.legs[0].leg.debtor = Address(wanted[i].from);
    one.legs[0].leg.creditor = Address(wanted[i].to);
    const ItemResult result = Prepare(one);
    ASSERT_FALSE(result.refused.has_value()) << i;
    const InstructionState& leg = result.instructions.at(0);
    EXPECT_EQ(OutcomeName(leg.rejection.outcome), OutcomeName(listed[i])) << i;
    singles.push_back(std::move(one));
  }
  const auto expect_same = [&](const std::map<std::string, AccountState>& expected) {
    for (const auto& [name, account] : expected) {
      EXPECT_EQ(Account(name).available, account.available) << name;
      EXPECT_EQ(Account(name).held, account.held) << name;
      EXPECT_EQ(Account(name).incoming_reserved, account.incoming_reserved) << name;
      EXPECT_EQ(Account(name).posting_count, account.posting_count) << name;
    }
  };
  expect_same(held);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (listed[i] != Outcome::kAccepted) continue;
    Complete(Decide(singles[i], wanted[i].far_holds ? Verdict::kCommit : Verdict::kAbort));
  }
  expect_same(after);
}

}  // namespace
}  // namespace causeway::core
