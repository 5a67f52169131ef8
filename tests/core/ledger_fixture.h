// A small ledger for tests: a central bank with three approvers, two banks with funded accounts,
// business day open. Items are admitted without cryptography where a test is not about signatures.
#ifndef CAUSEWAY_TESTS_CORE_LEDGER_FIXTURE_H_
#define CAUSEWAY_TESTS_CORE_LEDGER_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/hash.h"
#include "settlement/core/ledger.h"
#include "settlement/core/suite.h"

namespace causeway::core {

template <typename T>
T ParseOrDie(std::string_view text) {
  auto parsed = T::Parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return *parsed;
}

class LedgerFixture : public ::testing::Test {
 protected:
  static constexpr std::int64_t kStartMicros = 1'660'500'000'000'000;

  LedgerFixture() {
    genesis_.ledger = ParseOrDie<LedgerOrigin>("hk.example/hkd");
    genesis_.currency = ParseOrDie<Currency>("HKD");
    genesis_.ledger_key = KeyNamed("ledger").public_key();
    genesis_.central_bank = {
        .participant = Party("CENTRAL"),
        .role = Role::kCentralBank,
        .country = ParseOrDie<Country>("HK"),
        .keys = {KeyNamed("central-1").public_key(), KeyNamed("central-2").public_key(),
                 KeyNamed("central-3").public_key()}};
    genesis_.liability_account = Address("LIABILITY");
    genesis_.suites = {SuiteId::kEd25519Sha256};
    genesis_.business_date = ParseOrDie<BusinessDate>("2022-08-15");
    genesis_.created = LedgerTime::FromMicros(kStartMicros);
    genesis_.bytes = "genesis of the test ledger";
    genesis_.hash = Sha256(genesis_.bytes);
    auto ledger = Ledger::Create(genesis_, nullptr);
    EXPECT_TRUE(ledger.ok()) << ledger.status().message();
    ledger_ = *std::move(ledger);
  }

  // Registers ALPHA and BETA, opens an account each, opens the day and issues 1,000.00 to ALPHA.
  void SetUp() override {
    for (const char* bank : {"ALPHA", "BETA"}) {
      ExpectAccepted(ByCentralBank(RegisterParticipant{.participant = Party(bank),
                                                       .role = Role::kCommercialBank,
                                                       .country = ParseOrDie<Country>("HK"),
                                                       .keys = {KeyNamed(bank).public_key()}}));
      ExpectAccepted(ByCentralBank(OpenAccount{
          .address = Address(bank), .owner = Party(bank), .purpose = AccountPurpose::kSettlement}));
    }
    ExpectAccepted(ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kOpen}));
    ExpectAccepted(ByCentralBank(Issue{Address("ALPHA"), Hkd(100'000), "RTGS-1"}));
  }

  static ParticipantId Party(std::string_view name) { return ParseOrDie<ParticipantId>(name); }
  static InstructionId Id(std::string_view text) { return ParseOrDie<InstructionId>(text); }
  AccountAddress Address(std::string_view body) const {
    return *AccountAddress::Make(ParseOrDie<Currency>("HKD"), body);
  }
  static Money Hkd(std::int64_t minor_units) {
    return {ParseOrDie<Currency>("HKD"), Amount::FromMinor(minor_units)};
  }
  static Uetr SomeUetr(std::uint8_t seed) {
    std::array<std::uint8_t, 16> random{};
    random.fill(seed);
    return Uetr::FromRandomBytes(random);
  }

  const SoftwareSigner& KeyNamed(const std::string& name) {
    auto& key = keys_[name];
    if (key == nullptr) key = *SoftwareSigner::FromEd25519Seed(Sha256(name).view());
    return *key;
  }

  Command MakeCommand(std::string_view party, Action action, std::string_view id = "") {
    Command command{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = Party(party),
                    .valid_until = now_ + Duration::FromHours(1),
                    .action = std::move(action)};
    if (!std::holds_alternative<PayBatch>(command.action)) {
      command.id = id.empty() ? Id("AUTO-" + std::to_string(++automatic_)) : Id(id);
    }
    return command;
  }
  // As Admit gives it, without cryptography. The payload hash stands for the payload's bytes.
  AdmittedItem Admitted(Command command, std::vector<std::string> signers,
                        std::string_view payload = "") {
    const std::string text =
        payload.empty() ? "payload " + std::to_string(++automatic_) : std::string(payload);
    AdmittedItem item{.body = std::move(command), .payload_hash = Sha256(text)};
    for (const std::string& name : signers) item.signers.push_back(KeyNamed(name).key_id());
    return item;
  }
  BatchResult Apply(std::vector<AdmittedItem> items) {
    BatchResult result = ledger_->ApplyBatch(now_, items);
    ledger_->CheckConservation();
    return result;
  }
  ItemResult ApplyOne(AdmittedItem item) {
    std::vector<AdmittedItem> items;
    items.push_back(std::move(item));
    return Apply(std::move(items)).results.front();
  }
  ItemResult ByCentralBank(Action action, std::string_view id = "") {
    return ApplyOne(
        Admitted(MakeCommand("CENTRAL", std::move(action), id), {"central-1", "central-2"}));
  }
  InstructionState KnownState(const InstructionKey& key) const {
    return **ledger_->FindInstruction(key);
  }
  ItemResult By(const std::string& party, Action action, std::string_view id = "") {
    return ApplyOne(Admitted(MakeCommand(party, std::move(action), id), {party}));
  }
  Pay PayOf(std::string_view from, std::string_view to, std::int64_t minor_units) {
    return {.uetr = SomeUetr(7),
            .debtor = Address(from),
            .creditor = Address(to),
            .amount = Hkd(minor_units)};
  }
  static void ExpectAccepted(const ItemResult& result) {
    ASSERT_FALSE(result.refused.has_value()) << Describe(*result.refused);
    for (const InstructionState& state : result.instructions) {
      EXPECT_NE(state.status, InstructionStatus::kRejected) << Describe(state.rejection);
    }
  }
  // Recorded as rejected with that outcome.
  static void ExpectRejected(const ItemResult& result, Outcome outcome) {
    ASSERT_FALSE(result.refused.has_value()) << Describe(*result.refused);
    ASSERT_EQ(result.instructions.size(), 1u);
    EXPECT_EQ(result.instructions[0].status, InstructionStatus::kRejected);
    EXPECT_EQ(OutcomeName(result.instructions[0].rejection.outcome), OutcomeName(outcome));
    EXPECT_TRUE(IsRecorded(outcome));
  }
  // Refused without a trace.
  static void ExpectRefused(const ItemResult& result, Outcome outcome) {
    ASSERT_TRUE(result.refused.has_value());
    EXPECT_EQ(OutcomeName(result.refused->outcome), OutcomeName(outcome));
    EXPECT_FALSE(result.sequenced);
  }
  const AccountState& Account(std::string_view body) const {
    return *ledger_->FindAccount(Address(body));
  }
  std::int64_t Available(std::string_view body) const { return Account(body).available.minor(); }
  std::int64_t Held(std::string_view body) const { return Account(body).held.minor(); }

  Genesis genesis_;
  std::unique_ptr<Ledger> ledger_;
  LedgerTime now_ = LedgerTime::FromMicros(kStartMicros) + Duration::FromHours(1);

 private:
  std::map<std::string, std::unique_ptr<SoftwareSigner>> keys_;
  int automatic_ = 0;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_TESTS_CORE_LEDGER_FIXTURE_H_
