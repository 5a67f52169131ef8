#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "settlement/codec/codec.h"
#include "settlement/core/envelope.h"
#include "settlement/core/hash.h"
#include "tests/codec/expect.h"
#include "tests/codec/sample.h"
#include "tests/vectors/read_vector.h"

namespace causeway::codec {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string Fault(const v1::Command& command) { return FaultOf(command, DecodeCommand); }

nlohmann::json Vector(std::size_t position) {
  return nlohmann::json::parse(causeway::testing::ReadVector("command.json"))["commands"][position];
}

// The command of that action, from the samples.
v1::Command Sample(v1::Command::ActionCase action) {
  for (const v1::Command& command : sample::AllCommands()) {
    if (command.action_case() == action) return command;
  }
  return {};
}

TEST(DecodeCommandTest, GoldenBytesOfAPayment) {
  const std::string payload = *core::FromHex(Vector(0)["payload"].get<std::string>());
  const core::Command command = *DecodeCommand(payload);
  EXPECT_EQ(command.ledger.text(), "hkma.example/hkd");
  EXPECT_EQ(command.party.text(), "ALPHA");
  EXPECT_EQ(command.valid_until.ToString(), "2022-08-15T02:00:00.000000Z");
  const auto& pay = std::get<core::Pay>(command.action);
  EXPECT_EQ(pay.id.text(), "INV-2022-0001");
  EXPECT_EQ(pay.uetr, sample::SomeUetr());
  EXPECT_EQ(pay.debtor, sample::Address("ALPHA0001"));
  EXPECT_EQ(pay.amount.amount.minor(), 250000);
  EXPECT_EQ(pay.purpose, "TRAD");
  EXPECT_EQ(pay.private_data_hash, core::Sha256("private"));
  EXPECT_EQ(pay.cites.kind, core::ActionKind::kNone);
  EXPECT_EQ(EncodeCommand(command), payload);
  EXPECT_EQ(core::PayloadHash({core::kCommandPayloadType, payload, {}}).ToHex(),
            Vector(0)["payload_hash"].get<std::string>());
}

TEST(DecodeCommandTest, GoldenBytesOfABatch) {
  const std::string payload = *core::FromHex(Vector(1)["payload"].get<std::string>());
  const core::Command command = *DecodeCommand(payload);
  const auto& batch = std::get<core::PayBatch>(command.action);
  ASSERT_THAT(batch.payments, SizeIs(2));
  EXPECT_TRUE(command.id.IsEmpty());
  EXPECT_EQ(batch.payments[0].id.text(), "P-1");
  EXPECT_EQ(batch.payments[1].amount.amount.minor(), -1);
  EXPECT_EQ(EncodeCommand(command), payload);
}

TEST(DecodeCommandTest, GoldenBytesOfHashTimeLocks) {
  const auto decoded = [](std::size_t position) {
    const std::string bytes = *core::FromHex(Vector(position)["payload"].get<std::string>());
    core::Command command = *DecodeCommand(bytes);
    EXPECT_EQ(EncodeCommand(command), bytes);
    return command;
  };
  const core::Command lock = decoded(4);
  const core::Command claim = decoded(5);
  const auto& locked = std::get<core::LockFunds>(lock.action);
  const auto& claimed = std::get<core::ClaimLock>(claim.action);
  EXPECT_EQ(locked.creditor, sample::Address("BETA0001"));
  EXPECT_EQ(locked.amount.amount.minor(), 250000);
  EXPECT_EQ(locked.expires, lock.valid_until + core::Duration::FromHours(1));
  EXPECT_EQ(claimed.locking_party, lock.party);
  EXPECT_EQ(claimed.lock, lock.id);
  EXPECT_EQ(core::Sha256(claimed.secret.view()), locked.hash_lock);
  EXPECT_EQ(std::get<core::RefundLock>(decoded(6).action).lock, lock.id);
}

TEST(DecodeCommandTest, GoldenBytesOfWhatTwoApproversOrder) {
  const std::string override_bytes = *core::FromHex(Vector(2)["payload"].get<std::string>());
  const core::Command transfer = *DecodeCommand(override_bytes);
  const auto& order = std::get<core::OperatorOverride>(transfer.action);
  EXPECT_EQ(order.debtor, sample::Address("ALPHA0001"));
  EXPECT_EQ(order.amount.amount.minor(), 250000);
  EXPECT_EQ(order.legal_basis, "Judgment 12/2022");
  EXPECT_EQ(EncodeCommand(transfer), override_bytes);

  const std::string abort_bytes = *core::FromHex(Vector(3)["payload"].get<std::string>());
  const core::Command abort = *DecodeCommand(abort_bytes);
  EXPECT_EQ(std::get<core::OrderAbort>(abort.action).settlement_id, core::Sha256("settlement"));
  EXPECT_EQ(std::get<core::OrderAbort>(abort.action).legal_basis, "Judgment 13/2022");
  EXPECT_EQ(EncodeCommand(abort), abort_bytes);
}

TEST(DecodeCommandTest, GoldenBytesOfLiquidityTerms) {
  const auto decoded = [](std::size_t position) {
    const std::string bytes = *core::FromHex(Vector(position)["payload"].get<std::string>());
    core::Command command = *DecodeCommand(bytes);
    EXPECT_EQ(EncodeCommand(command), bytes);
    return command.action;
  };
  const core::AccountAddress alpha = sample::Address("ALPHA0001");
  const auto reservations = std::get<core::SetReservations>(decoded(7));
  EXPECT_EQ(reservations.address, alpha);
  EXPECT_EQ(reservations.urgent.minor(), 50'000);
  EXPECT_EQ(reservations.high.minor(), 150);
  EXPECT_EQ(std::get<core::SetReleaseThreshold>(decoded(8)).threshold.minor(), 200);
  const auto limit = std::get<core::SetSenderLimit>(decoded(9));
  EXPECT_EQ(limit.counterparty, sample::Address("BETA0001"));
  EXPECT_EQ(limit.limit, core::Amount::Zero());
  const auto lifted = std::get<core::SetSenderLimit>(decoded(10));
  EXPECT_TRUE(lifted.counterparty.IsEmpty());
  EXPECT_FALSE(lifted.limit.has_value());
  const auto credit = std::get<core::SetCredit>(decoded(11));
  EXPECT_EQ(credit.collateral.minor(), 100'000);
  EXPECT_EQ(credit.haircut_basis_points, 750u);
  EXPECT_EQ(credit.uncollateralised.minor(), 500);
  EXPECT_EQ(std::get<core::SetCreditPrice>(decoded(12)).ppm_per_day, 25u);
}

TEST(DecodeCommandTest, EveryActionMakesARoundTrip) {
  const auto commands = sample::AllCommands();
  EXPECT_THAT(commands, SizeIs(std::variant_size_v<core::Action>));
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::string payload = commands[i].SerializeAsString();
    ASSERT_TRUE(DecodeCommand(payload).ok()) << DecodeCommand(payload).status();
    EXPECT_EQ(DecodeCommand(payload)->action.index(), i);
    ExpectRoundTrip(payload, DecodeCommand, EncodeCommand);
  }
}

TEST(DecodeCommandTest, ASenderLimitOfZeroIsNoneThatIsLifted) {
  core::SetSenderLimit set{.address = sample::Address("ALPHA0001")};
  for (const auto& limit : {std::optional<core::Amount>(), std::optional(core::Amount::Zero())}) {
    set.limit = limit;
    core::Command command = *DecodeCommand(sample::PayCommand().SerializeAsString());
    command.action = set;
    const std::string payload = EncodeCommand(command);
    const auto decoded = std::get<core::SetSenderLimit>(DecodeCommand(payload)->action);
    EXPECT_EQ(decoded.limit, limit);
    EXPECT_TRUE(decoded.counterparty.IsEmpty()) << "the multilateral limit";
    EXPECT_EQ(EncodeCommand(*DecodeCommand(payload)), payload);
  }
}

TEST(DecodeCommandTest, UnknownFieldsAreRefusedWhereverTheyStand) {
  for (const v1::Command& command : sample::AllCommands()) {
    ExpectUnknownFieldsRefused(command, DecodeCommand);
  }
}

TEST(DecodeCommandTest, BytesThatAreNoMessageAreRefused) {
  EXPECT_THAT(std::string(DecodeCommand("\xff\xff").status().message()),
              HasSubstr("not a well-formed causeway.v1.Command"));
  v1::Command command = sample::PayCommand();
  std::string payload = command.SerializeAsString();
  payload.insert(payload.size(), "\x1a\x02\xff\xfe");  // instructing_party that is not UTF-8
  EXPECT_FALSE(DecodeCommand(payload).ok());
}

TEST(DecodeCommandTest, AMissingActionIsRefused) {
  EXPECT_THAT(Fault(sample::EmptyCommand()), StartsWith("action: is missing"));
}

struct Change {
  std::function<void(v1::Command&)> change;
  std::string fault;  // beginning with the path
};

void ExpectFaults(const v1::Command& good, const std::vector<Change>& changes) {
  ASSERT_EQ(Fault(good), "ok");
  for (const Change& change : changes) {
    v1::Command bad = good;
    change.change(bad);
    EXPECT_THAT(Fault(bad), StartsWith(change.fault));
  }
}

TEST(DecodeCommandTest, FieldsOfTheCommandAreChecked) {
  ExpectFaults(sample::PayCommand(),
               {{[](auto& c) { c.set_ledger("HKMA"); }, "ledger: "},
                {[](auto& c) { c.clear_ledger(); }, "ledger: "},
                {[](auto& c) { c.set_genesis_hash("short"); }, "genesis_hash: has 5 bytes"},
                {[](auto& c) { c.clear_instructing_party(); }, "instructing_party: "},
                {[](auto& c) { c.clear_instruction_id(); }, "instruction_id: "},
                {[](auto& c) { c.set_instruction_id(std::string(36, 'a')); }, "instruction_id: "},
                {[](auto& c) { c.set_valid_until_us(0); }, "valid_until_us: is 0"},
                {[](auto& c) { c.set_valid_until_us(-1); }, "valid_until_us: is -1"}});
}

TEST(DecodeCommandTest, FieldsOfAPaymentAreChecked) {
  ExpectFaults(
      sample::PayCommand(),
      {{[](auto& c) { c.mutable_pay()->set_instruction_id("P"); },
        "pay.instruction_id: must be empty"},
       {[](auto& c) { c.mutable_pay()->clear_uetr(); }, "pay.uetr: "},
       {[](auto& c) { c.mutable_pay()->set_uetr(std::string(16, '\0')); }, "pay.uetr: "},
       {[](auto& c) { c.mutable_pay()->set_debtor_account("HKD00ALPHA0001"); },
        "pay.debtor_account: "},
       {[](auto& c) { c.mutable_pay()->clear_creditor_account(); }, "pay.creditor_account: "},
       {[](auto& c) { c.mutable_pay()->clear_amount(); }, "pay.amount: is missing"},
       {[](auto& c) { c.mutable_pay()->mutable_amount()->set_currency("HKX"); },
        "pay.amount.currency: "},
       {[](auto& c) { c.mutable_pay()->set_purpose("TRADE"); }, "pay.purpose: has 5 characters"},
       {[](auto& c) { c.mutable_pay()->set_purpose("A\n"); }, "pay.purpose: "},
       {[](auto& c) { c.mutable_pay()->set_private_data_hash("x"); },
        "pay.private_data_hash: has 1 bytes"},
       {[](auto& c) { c.mutable_pay()->set_private_data_hash(std::string(32, '\0')); },
        "pay.private_data_hash: is 32 zero bytes"},
       {[](auto& c) { c.mutable_pay()->mutable_cites()->clear_kind(); },
        "pay.cites.kind: is 0; must be 1 to 33"},
       {[](auto& c) { c.mutable_pay()->mutable_cites()->set_kind(v1::ActionKind(34)); },
        "pay.cites.kind: is 34"},
       {[](auto& c) { c.mutable_pay()->mutable_cites()->clear_instruction_id(); },
        "pay.cites.instruction_id: "},
       {[](auto& c) { c.mutable_pay()->mutable_cites()->set_instructing_party("a"); },
        "pay.cites.instructing_party: "}});
}

TEST(DecodeCommandTest, AnyAmountDecodes) {
  for (const std::int64_t minor : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    v1::Command command = sample::PayCommand();
    command.mutable_pay()->mutable_amount()->set_minor_units(minor);
    const auto decoded = DecodeCommand(command.SerializeAsString());
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(std::get<core::Pay>(decoded->action).amount.amount.minor(), minor);
  }
}

TEST(DecodeCommandTest, FieldsOfABatchAreChecked) {
  ExpectFaults(
      sample::BatchCommand(),
      {{[](auto& c) { c.set_instruction_id("B"); }, "instruction_id: must be empty"},
       {[](auto& c) { c.mutable_pay_batch()->clear_payments(); },
        "pay_batch.payments: has 0 elements"},
       {[](auto& c) { c.mutable_pay_batch()->mutable_payments(1)->clear_instruction_id(); },
        "pay_batch.payments[1].instruction_id: "},
       {[](auto& c) { c.mutable_pay_batch()->mutable_payments(2)->clear_amount(); },
        "pay_batch.payments[2].amount: is missing"}});
}

TEST(DecodeCommandTest, TheLargestBatchIsTakenAndOneMoreIsTooLarge) {
  v1::Command command = sample::BatchCommand();
  command.mutable_pay_batch()->clear_payments();
  v1::Payment payment = sample::Payment("P-1");
  payment.clear_cites();
  for (std::size_t i = 0; i < core::kBatchPaymentsMax; ++i) {
    payment.set_instruction_id("P-" + std::to_string(i));
    *command.mutable_pay_batch()->add_payments() = payment;
  }
  EXPECT_EQ(Fault(command), "ok");
  *command.mutable_pay_batch()->add_payments() = sample::Payment("ONE-MORE");
  const auto decoded = DecodeCommand(command.SerializeAsString());
  EXPECT_TRUE(absl::IsResourceExhausted(decoded.status())) << decoded.status();
  EXPECT_THAT(std::string(decoded.status().message()),
              HasSubstr("has 8193 payments; the most in one envelope is 8192"));
}

TEST(DecodeCommandTest, ABatchInPiecesIsCountedAsOne) {
  // Protobuf merges a repeated submessage: two halves make one batch.
  v1::Command half = sample::BatchCommand();
  half.mutable_pay_batch()->clear_payments();
  for (std::size_t i = 0; i < core::kBatchPaymentsMax / 2 + 1; ++i) {
    half.mutable_pay_batch()->add_payments();
  }
  const std::string bytes = half.SerializeAsString();
  EXPECT_TRUE(absl::IsResourceExhausted(DecodeCommand(bytes + bytes).status()));
}

TEST(DecodeCommandTest, AnythingButABatchIsSmall) {
  v1::Command command = Sample(v1::Command::kUpdateKeys);
  for (int i = 0; i < 40000; ++i) command.mutable_update_keys()->add_add();
  EXPECT_THAT(Fault(command), HasSubstr("bytes besides its payments; the most is 65536"));
  EXPECT_TRUE(absl::IsInvalidArgument(
      DecodeCommand(std::string(core::kPayloadBytesMax + 1, '\0')).status()));
}

TEST(DecodeCommandTest, FieldsOfIssuesAndRedemptionsAreChecked) {
  ExpectFaults(Sample(v1::Command::kRequestIssue),
               {{[](auto& c) { c.mutable_request_issue()->clear_creditor_account(); },
                 "request_issue.creditor_account: "},
                {[](auto& c) { c.mutable_request_issue()->clear_amount(); },
                 "request_issue.amount: is missing"},
                {[](auto& c) { c.mutable_request_issue()->clear_rtgs_reference(); },
                 "request_issue.rtgs_reference: has 0 characters; must have 1 to 35"}});
  ExpectFaults(
      Sample(v1::Command::kIssue),
      {{[](auto& c) { c.mutable_issue()->set_creditor_account("x"); }, "issue.creditor_account: "},
       {[](auto& c) { c.mutable_issue()->clear_amount(); }, "issue.amount: is missing"},
       {[](auto& c) { c.mutable_issue()->set_rtgs_reference(std::string(36, 'r')); },
        "issue.rtgs_reference: has 36 characters"}});
  ExpectFaults(
      Sample(v1::Command::kRedeem),
      {{[](auto& c) { c.mutable_redeem()->clear_debtor_account(); }, "redeem.debtor_account: "},
       {[](auto& c) { c.mutable_redeem()->clear_amount(); }, "redeem.amount: is missing"}});
}

TEST(DecodeCommandTest, FieldsOfApprovalsAreChecked) {
  ExpectFaults(
      Sample(v1::Command::kApprove),
      {{[](auto& c) { c.mutable_approve()->clear_instruction(); },
        "approve.instruction: is missing"},
       {[](auto& c) { c.mutable_approve()->mutable_instruction()->clear_kind(); },
        "approve.instruction.kind: "},
       {[](auto& c) { c.mutable_approve()->clear_rtgs_reference(); }, "approve.rtgs_reference: "}});
  ExpectFaults(
      Sample(v1::Command::kRefuse),
      {{[](auto& c) { c.mutable_refuse()->clear_instruction(); }, "refuse.instruction: "},
       {[](auto& c) { c.mutable_refuse()->clear_reason(); }, "refuse.reason: has 0 characters"},
       {[](auto& c) { c.mutable_refuse()->set_reason(std::string(141, 'r')); },
        "refuse.reason: has 141 characters; must have 1 to 140"}});
  ExpectFaults(Sample(v1::Command::kCancel),
               {{[](auto& c) { c.mutable_cancel()->clear_instruction(); },
                 "cancel.instruction: is missing"}});
}

TEST(DecodeCommandTest, LengthsOfTextsCountCharacters) {
  v1::Command command = Sample(v1::Command::kRefuse);
  std::string reason;
  for (int i = 0; i < 140; ++i) reason += "\xe0\xb8\x81";  // a Thai letter, three bytes
  command.mutable_refuse()->set_reason(reason);
  EXPECT_EQ(Fault(command), "ok");
}

TEST(DecodeCommandTest, FieldsOfParticipantsAreChecked) {
  ExpectFaults(
      Sample(v1::Command::kRegisterParticipant),
      {{[](auto& c) { c.mutable_register_participant()->set_participant_id("lower"); },
        "register_participant.participant_id: "},
       {[](auto& c) { c.mutable_register_participant()->clear_role(); },
        "register_participant.role: is 0; must be 1 to 5"},
       {[](auto& c) { c.mutable_register_participant()->set_country("HKG"); },
        "register_participant.country: "},
       {[](auto& c) { c.mutable_register_participant()->set_bic("HSBC"); },
        "register_participant.bic: "},
       {[](auto& c) { c.mutable_register_participant()->set_lei("529900T8BM49AURSDO00"); },
        "register_participant.lei: "},
       {[](auto& c) { c.mutable_register_participant()->mutable_keys(1)->clear_suite(); },
        "register_participant.keys[1].suite: is 0"},
       {[](auto& c) {
          c.mutable_register_participant()->mutable_keys(0)->set_suite(v1::SUITE_SM2_SM3);
        },
        "register_participant.keys[0].key: "},
       {[](auto& c) { c.mutable_register_participant()->mutable_keys(0)->set_key("short"); },
        "register_participant.keys[0].key: "},
       {[](auto& c) { *c.mutable_register_participant()->add_keys() = sample::Key('a'); },
        "register_participant.keys[2]: stands in the list twice"},
       {[](auto& c) {
          for (int i = 0; i < 64; ++i) c.mutable_register_participant()->add_keys();
        },
        "register_participant.keys: has 66 elements; must have 0 to 64"}});
  ExpectFaults(Sample(v1::Command::kUpdateKeys),
               {{[](auto& c) { c.mutable_update_keys()->clear_participant_id(); },
                 "update_keys.participant_id: "},
                {[](auto& c) {
                   c.mutable_update_keys()->clear_add();
                   c.mutable_update_keys()->clear_revoke();
                 },
                 "update_keys: changes nothing"},
                {[](auto& c) { c.mutable_update_keys()->set_revoke(0, "short"); },
                 "update_keys.revoke[0]: has 5 bytes; must have 32"},
                {[](auto& c) { c.mutable_update_keys()->add_revoke(sample::HashBytes('r')); },
                 "update_keys.revoke[1]: stands in the list twice"}});
}

TEST(DecodeCommandTest, FieldsOfAccountsAreChecked) {
  ExpectFaults(
      Sample(v1::Command::kOpenAccount),
      {{[](auto& c) { c.mutable_open_account()->clear_address(); }, "open_account.address: "},
       {[](auto& c) { c.mutable_open_account()->clear_owner(); }, "open_account.owner: "},
       {[](auto& c) { c.mutable_open_account()->clear_purpose(); },
        "open_account.purpose: is 0; must be 1 to 6"}});
  ExpectFaults(
      Sample(v1::Command::kCloseAccount),
      {{[](auto& c) { c.mutable_close_account()->clear_address(); }, "close_account.address: "}});
  ExpectFaults(
      Sample(v1::Command::kSetFreeze),
      {{[](auto& c) { c.mutable_set_freeze()->clear_address(); }, "set_freeze.address: "},
       {[](auto& c) { c.mutable_set_freeze()->clear_legal_basis(); }, "set_freeze.legal_basis: "},
       {[](auto& c) { c.mutable_set_freeze()->set_legal_basis(std::string(141, 'l')); },
        "set_freeze.legal_basis: has 141"}});
  ExpectFaults(
      Sample(v1::Command::kSetLimits),
      {{[](auto& c) { c.mutable_set_limits()->clear_address(); }, "set_limits.address: "}});
}

TEST(DecodeCommandTest, FieldsOfTheRestAreChecked) {
  ExpectFaults(Sample(v1::Command::kSetDayPhase),
               {{[](auto& c) { c.mutable_set_day_phase()->set_business_date("2022-8-15"); },
                 "set_day_phase.business_date: "},
                {[](auto& c) { c.mutable_set_day_phase()->clear_phase(); },
                 "set_day_phase.phase: is 0; must be 1 to 3"}});
  ExpectFaults(Sample(v1::Command::kSetSettlementPolicy),
               {{[](auto& c) { c.mutable_set_settlement_policy()->set_policy("\xff"); },
                 "set_settlement_policy.policy: the bytes are not a well-formed"},
                {[](auto& c) { c.mutable_set_settlement_policy()->clear_policy(); },
                 "set_settlement_policy.policy.decision_log: "},
                {[](auto& c) {
                   v1::SettlementPolicy policy = sample::Policy();
                   policy.mutable_ledgers(0)->clear_key();
                   c.mutable_set_settlement_policy()->set_policy(policy.SerializeAsString());
                 },
                 "set_settlement_policy.policy.ledgers[0].key: is missing"}});
  ExpectFaults(Sample(v1::Command::kOperatorOverride),
               {{[](auto& c) { c.mutable_operator_override()->clear_debtor_account(); },
                 "operator_override.debtor_account: "},
                {[](auto& c) { c.mutable_operator_override()->clear_creditor_account(); },
                 "operator_override.creditor_account: "},
                {[](auto& c) { c.mutable_operator_override()->clear_amount(); },
                 "operator_override.amount: is missing"},
                {[](auto& c) { c.mutable_operator_override()->clear_legal_basis(); },
                 "operator_override.legal_basis: "}});
  ExpectFaults(
      Sample(v1::Command::kLockFunds),
      {{[](auto& c) { c.mutable_lock_funds()->clear_amount(); }, "lock_funds.amount: is missing"},
       {[](auto& c) { c.mutable_lock_funds()->set_hash_lock("short"); }, "lock_funds.hash_lock: "},
       {[](auto& c) { c.mutable_lock_funds()->clear_uetr(); }, "lock_funds.uetr: "},
       {[](auto& c) { c.mutable_lock_funds()->clear_creditor_account(); },
        "lock_funds.creditor_account: "}});
  ExpectFaults(
      Sample(v1::Command::kClaimLock),
      {{[](auto& c) { c.mutable_claim_lock()->clear_locking_party(); },
        "claim_lock.locking_party: "},
       {[](auto& c) { c.mutable_claim_lock()->clear_lock(); }, "claim_lock.lock: "},
       {[](auto& c) { c.mutable_claim_lock()->set_secret("short"); }, "claim_lock.secret: "}});
  ExpectFaults(Sample(v1::Command::kRefundLock),
               {{[](auto& c) { c.mutable_refund_lock()->clear_lock(); }, "refund_lock.lock: "}});
  ExpectFaults(Sample(v1::Command::kOrderAbort),
               {{[](auto& c) { c.mutable_order_abort()->set_settlement_id("short"); },
                 "order_abort.settlement_id: "},
                {[](auto& c) { c.mutable_order_abort()->clear_legal_basis(); },
                 "order_abort.legal_basis: "}});
  ExpectFaults(
      Sample(v1::Command::kSetQueueRules),
      {{[](auto& c) { c.mutable_set_queue_rules()->set_discipline(v1::QueueDiscipline(6)); },
        "set_queue_rules.discipline: is 6; must be 0 to 5"},
       {[](auto& c) { c.mutable_set_queue_rules()->set_optimisation(v1::QueueOptimisation(2)); },
        "set_queue_rules.optimisation: is 2; must be 0 to 1"},
       {[](auto& c) { c.mutable_set_queue_rules()->set_release(v1::QueueRelease(4)); },
        "set_queue_rules.release: is 4; must be 0 to 3"},
       {[](auto& c) { c.mutable_set_queue_rules()->set_entry_offset(v1::QueueEntryOffset(3)); },
        "set_queue_rules.entry_offset: is 3; must be 0 to 2"},
       {[](auto& c) {
          c.mutable_set_queue_rules()->mutable_optimisations(1)->set_algorithm(
              v1::QueueAlgorithm(10));
        },
        "set_queue_rules.optimisations[1].algorithm: is 10; must be 0 to 9"},
       {[](auto& c) {
          for (int i = 0; i < 15; ++i) c.mutable_set_queue_rules()->add_optimisations();
        },
        "set_queue_rules.optimisations: has 17; at most 16"}});
  ExpectFaults(Sample(v1::Command::kReprioritise),
               {{[](auto& c) { c.mutable_reprioritise()->set_priority(v1::PaymentPriority(3)); },
                 "reprioritise.priority: is 3; must be 0 to 2"},
                {[](auto& c) { c.mutable_reprioritise()->clear_instruction(); },
                 "reprioritise.instruction: is missing"}});
}

TEST(ParseQueueRulesTest, ReadsTheFieldsOfSetQueueRules) {
  const absl::StatusOr<core::QueueRules> rules = ParseQueueRules(
      "discipline: QUEUE_DISCIPLINE_PRIORITY normal_bypass: true queued_max: 100\n"
      "optimisations { algorithm: QUEUE_ALGORITHM_CYCLE every_us: 60000000 cycle_banks_max: 4 }");
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(rules->discipline, core::QueueDiscipline::kPriority);
  EXPECT_TRUE(rules->normal_bypass);
  ASSERT_EQ(rules->optimisations.size(), 1u);
  EXPECT_EQ(rules->optimisations[0].every, core::Duration::FromSeconds(60));
  EXPECT_EQ(*ParseQueueRules(""), core::QueueRules{});
}

TEST(ParseQueueRulesTest, SaysWhereTheTextIsWrong) {
  EXPECT_EQ(ParseQueueRules("discipline: QUEUE_DISCIPLINE_FIFO\nqueued: 3")
                .status()
                .message()
                .substr(0, 4),
            "2:1:");
}

}  // namespace
}  // namespace causeway::codec
