#include <gtest/gtest.h>

#include "settlement/core/envelope.h"
#include "tests/core/ledger_fixture.h"

namespace causeway::core {
namespace {

class LedgerAdminTest : public LedgerFixture {
 protected:
  // A signed envelope; the body is given because decoding is the codec's part.
  std::variant<AdmittedItem, Rejection> AdmitSigned(const Command& command,
                                                    std::vector<std::string> signers,
                                                    std::string_view payload = "payload") {
    std::vector<const Signer*> keys;
    for (const std::string& name : signers) keys.push_back(&KeyNamed(name));
    envelope_ = *SignEnvelope(kCommandPayloadType, payload, keys);
    return ledger_->Admit(envelope_, command, verifier_);
  }
  static Outcome OutcomeOf(const std::variant<AdmittedItem, Rejection>& admitted) {
    const auto* rejection = std::get_if<Rejection>(&admitted);
    return rejection == nullptr ? Outcome::kAccepted : rejection->outcome;
  }

  Envelope envelope_;
  OpenSslSignatureVerifier verifier_;
};

TEST_F(LedgerAdminTest, AdmitsWhatItsPartySigned) {
  const Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  const auto admitted = AdmitSigned(command, {"ALPHA"});
  ASSERT_EQ(OutcomeOf(admitted), Outcome::kAccepted);
  ExpectAccepted(ApplyOne(std::get<AdmittedItem>(admitted)));
}

TEST_F(LedgerAdminTest, RefusesSignaturesThatDoNotStand) {
  const Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  EXPECT_EQ(OutcomeOf(AdmitSigned(command, {"BETA"})), Outcome::kNotSignedByParty);
  EXPECT_EQ(OutcomeOf(AdmitSigned(command, {"ALPHA", "stranger"})), Outcome::kUnknownKey);
  AdmitSigned(command, {"ALPHA"});
  envelope_.payload += " altered";
  EXPECT_EQ(OutcomeOf(ledger_->Admit(envelope_, command, verifier_)), Outcome::kBadSignature);
}

TEST_F(LedgerAdminTest, RefusesPayloadsForOtherLedgers) {
  Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  command.genesis_hash = Sha256("another genesis");
  EXPECT_EQ(OutcomeOf(AdmitSigned(command, {"ALPHA"})), Outcome::kWrongLedger);
  command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  command.ledger = ParseOrDie<LedgerOrigin>("th.example/thb");
  EXPECT_EQ(OutcomeOf(AdmitSigned(command, {"ALPHA"})), Outcome::kWrongLedger);
}

// Both were called "another ledger or genesis".
TEST_F(LedgerAdminTest, SaysWhetherLedgerOrGenesisIsAnother) {
  const auto told = [&](const Command& command) {
    const auto refused = AdmitSigned(command, {"ALPHA"});
    return Describe(std::get<Rejection>(refused));
  };
  Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  command.genesis_hash = Sha256("another genesis");
  EXPECT_NE(told(command).find("genesis hash " + command.genesis_hash.ToHex()), std::string::npos);
  command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  command.ledger = ParseOrDie<LedgerOrigin>("th.example/thb");
  EXPECT_NE(told(command).find("the ledger th.example/thb"), std::string::npos);
}

// Whether it is a repeat, which has an answer at any time, is known only when it is executed.
TEST_F(LedgerAdminTest, AdmitsWhateverItsTimeAndRefusesItThen) {
  Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  for (const auto& [valid_until, outcome] :
       {std::pair(now_ - Duration::FromMicros(1), Outcome::kPastValidUntil),
        std::pair(now_ + kValidUntilAheadMax + Duration::FromMicros(1),
                  Outcome::kValidUntilTooFar)}) {
    command.valid_until = valid_until;
    const auto admitted = AdmitSigned(command, {"ALPHA"});
    ASSERT_EQ(OutcomeOf(admitted), Outcome::kAccepted);
    ExpectRefused(ApplyOne(std::get<AdmittedItem>(admitted)), outcome);
  }
}

TEST_F(LedgerAdminTest, RevokedKeySignsNothingAndIsNeverTakenAgain) {
  const PublicKey fresh = KeyNamed("ALPHA-2").public_key();
  ExpectAccepted(By("ALPHA", UpdateKeys{.participant = Party("ALPHA"), .add = {fresh}}));
  const UpdateKeys revoke{.participant = Party("ALPHA"), .revoke = {KeyNamed("ALPHA").key_id()}};
  // The key that goes cannot be the only one that signs its going.
  ExpectRejected(By("ALPHA", revoke), Outcome::kInvalidField);
  ExpectAccepted(ApplyOne(Admitted(MakeCommand("ALPHA", revoke), {"ALPHA-2"})));
  EXPECT_EQ(OutcomeOf(AdmitSigned(MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5)), {"ALPHA"})),
            Outcome::kUnknownKey);
  ExpectRejected(ByCentralBank(UpdateKeys{.participant = Party("BETA"),
                                          .add = {KeyNamed("ALPHA").public_key()}}),
                 Outcome::kAlreadyExists);
}

TEST_F(LedgerAdminTest, KeyRevokedBetweenAdmissionAndExecutionIsRefused) {
  ExpectAccepted(By("ALPHA", UpdateKeys{.participant = Party("ALPHA"),
                                        .add = {KeyNamed("ALPHA-2").public_key()}}));
  const AdmittedItem waiting = Admitted(MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5)), {"ALPHA"});
  ExpectAccepted(
      ApplyOne(Admitted(MakeCommand("ALPHA", UpdateKeys{.participant = Party("ALPHA"),
                                                        .revoke = {KeyNamed("ALPHA").key_id()}}),
                        {"ALPHA-2"})));
  ExpectRefused(ApplyOne(waiting), Outcome::kNotSignedByParty);
}

TEST_F(LedgerAdminTest, KeyRevokedWhileItsSignatureIsVerifiedIsRefused) {
  ExpectAccepted(By("ALPHA", UpdateKeys{.participant = Party("ALPHA"),
                                        .add = {KeyNamed("ALPHA-2").public_key()}}));
  const Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  ASSERT_EQ(OutcomeOf(AdmitSigned(command, {"ALPHA"})), Outcome::kAccepted);
  const ExaminedEnvelope examined =
      Examine(envelope_, command, ledger_->KeysOf(envelope_), verifier_);
  EXPECT_EQ(OutcomeOf(ledger_->Admit(command, examined, verifier_)), Outcome::kAccepted);
  ExpectAccepted(
      ApplyOne(Admitted(MakeCommand("ALPHA", UpdateKeys{.participant = Party("ALPHA"),
                                                        .revoke = {KeyNamed("ALPHA").key_id()}}),
                        {"ALPHA-2"})));
  EXPECT_EQ(OutcomeOf(ledger_->Admit(command, examined, verifier_)), Outcome::kNotSignedByParty);
}

TEST_F(LedgerAdminTest, CentralBankKeepsEnoughApprovers) {
  const UpdateKeys one{.participant = Party("CENTRAL"), .revoke = {KeyNamed("central-3").key_id()}};
  ExpectAccepted(ByCentralBank(one));
  const UpdateKeys another{.participant = Party("CENTRAL"),
                           .revoke = {KeyNamed("central-2").key_id()}};
  ExpectRejected(ByCentralBank(another), Outcome::kInvalidField);
}

TEST_F(LedgerAdminTest, RegistrationRefusesDuplicatesAndASecondIssuer) {
  RegisterParticipant again{.participant = Party("ALPHA"),
                            .role = Role::kCommercialBank,
                            .country = ParseOrDie<Country>("HK"),
                            .keys = {KeyNamed("fresh").public_key()}};
  ExpectRejected(ByCentralBank(again), Outcome::kAlreadyExists);
  again.participant = Party("GAMMA");
  again.keys = {KeyNamed("ALPHA").public_key()};
  ExpectRejected(ByCentralBank(again), Outcome::kAlreadyExists);
  again.keys = {KeyNamed("fresh").public_key()};
  again.role = Role::kCentralBank;
  ExpectRejected(ByCentralBank(again), Outcome::kInvalidField);
  again.role = Role::kCommercialBank;
  again.keys = {PublicKey{SuiteId::kP256Sha256, KeyNamed("fresh").public_key().bytes}};
  ExpectRejected(ByCentralBank(again), Outcome::kInvalidField);
}

TEST_F(LedgerAdminTest, ServicerOpensWalletsWithoutCreditOnly) {
  const OpenAccount wallet{
      .address = Address("ALPHAW1"), .owner = Party("ALPHA"), .purpose = AccountPurpose::kWallet};
  ExpectAccepted(By("ALPHA", wallet));
  OpenAccount credit = wallet;
  credit.address = Address("ALPHAW2");
  credit.credit_line = Amount::FromMinor(1);
  ExpectRejected(By("ALPHA", credit), Outcome::kNotAuthorised);
  ExpectRejected(By("BETA", OpenAccount{.address = Address("ALPHAW3"),
                                        .owner = Party("ALPHA"),
                                        .purpose = AccountPurpose::kWallet}),
                 Outcome::kNotAuthorised);
}

TEST_F(LedgerAdminTest, DayPhasesFollowOneAnotherAndTakeEffectWithTheNextBatch) {
  const BusinessDate date = genesis_.business_date;
  ExpectRejected(ByCentralBank(SetDayPhase{date, DayPhase::kClosed}), Outcome::kWrongDayPhase);
  // The payment comes behind the cut-off in the same batch, whose header still says open.
  const BatchResult both =
      Apply({Admitted(MakeCommand("CENTRAL", SetDayPhase{date, DayPhase::kCutOff}), {"central-1"}),
             Admitted(MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5)), {"ALPHA"})});
  EXPECT_EQ(both.header.phase, DayPhase::kOpen);
  ExpectAccepted(both.results[1]);
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "BETA", 5)), Outcome::kLedgerClosed);
  ExpectAccepted(By("ALPHA", Redeem{Address("ALPHA"), Hkd(5)}));
  ExpectAccepted(ByCentralBank(SetDayPhase{date, DayPhase::kClosed}));
  ExpectRejected(ByCentralBank(SetDayPhase{date, DayPhase::kOpen}), Outcome::kWrongDayPhase);
  ExpectAccepted(ByCentralBank(SetDayPhase{date.AddDays(1), DayPhase::kOpen}));
  EXPECT_EQ(ledger_->date(), date.AddDays(1));
  ExpectRejected(By("ALPHA", SetDayPhase{date.AddDays(1), DayPhase::kCutOff}),
                 Outcome::kNotAuthorised);
}

TEST_F(LedgerAdminTest, LedgerTimeIsMonotoneAndAnEmptyBatchLeavesNoLeaf) {
  const LedgerTime before = ledger_->time();
  const std::uint64_t leaves = ledger_->next_index();
  now_ = before - Duration::FromHours(2);
  Command late = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 1));
  EXPECT_TRUE(Apply({Admitted(late, {"stranger"})}).entries.empty());
  EXPECT_EQ(ledger_->next_index(), leaves);
  late.valid_until = before + Duration::FromHours(1);
  const BatchResult result = Apply({Admitted(late, {"ALPHA"})});
  EXPECT_EQ(result.header.time, before);
  EXPECT_EQ(ledger_->next_index(), leaves + 2);
}

TEST_F(LedgerAdminTest, SettlementPolicyNamesThisLedgerAndItsEpochGrows) {
  SettlementPolicy policy{.hash = Sha256("policy 1"),
                          .epoch = 1,
                          .decision_log = ParseOrDie<LedgerOrigin>("bridge.example/decisions"),
                          .decision_log_key = KeyNamed("bridge").public_key()};
  ExpectRejected(ByCentralBank(SetSettlementPolicy{policy}), Outcome::kInvalidField);
  policy.ledgers = {{genesis_.ledger, genesis_.hash, genesis_.ledger_key}};
  ExpectAccepted(ByCentralBank(SetSettlementPolicy{policy}));
  ExpectRejected(ByCentralBank(SetSettlementPolicy{policy}), Outcome::kAlreadyExists);
  policy.hash = Sha256("policy 2");
  ExpectRejected(ByCentralBank(SetSettlementPolicy{policy}), Outcome::kInvalidField);
  policy.epoch = 2;
  policy.witnesses_needed = 3;
  ExpectRejected(ByCentralBank(SetSettlementPolicy{policy}), Outcome::kInvalidField);
  for (const char* name : {"w1", "w2", "w3", "w4"}) {
    policy.witnesses.push_back({name, KeyNamed(name).public_key()});
  }
  policy.witnesses_faulty_max = 2;
  ExpectRejected(ByCentralBank(SetSettlementPolicy{policy}), Outcome::kInvalidField);
  policy.witnesses_faulty_max = 1;
  ExpectAccepted(ByCentralBank(SetSettlementPolicy{policy}));
}

TEST_F(LedgerAdminTest, StateRootTellsAnyDifference) {
  const Hash256 before = ledger_->StateRoot();
  By("ALPHA", PayOf("ALPHA", "BETA", 1));
  EXPECT_NE(ledger_->StateRoot(), before);
  EXPECT_EQ(ledger_->StateRoot(), ledger_->StateRoot());
}

TEST_F(LedgerAdminTest, GenesisThatCannotWorkIsRefused) {
  Genesis genesis = genesis_;
  genesis.approvers_needed = 1;
  EXPECT_FALSE(Ledger::Create(genesis, nullptr).ok());
  genesis = genesis_;
  genesis.central_bank.keys.resize(1);
  EXPECT_FALSE(Ledger::Create(genesis, nullptr).ok());
  genesis = genesis_;
  genesis.bytes += "x";
  EXPECT_FALSE(Ledger::Create(genesis, nullptr).ok());
  genesis = genesis_;
  genesis.central_bank.keys[1] = genesis.central_bank.keys[0];
  EXPECT_FALSE(Ledger::Create(genesis, nullptr).ok());
}

}  // namespace
}  // namespace causeway::core
