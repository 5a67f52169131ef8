#include "tests/codec/sample.h"

#include <array>
#include <utility>

#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"

namespace causeway::codec::sample {
namespace {

constexpr char kLedger[] = "hkma.example/hkd";
constexpr std::int64_t kTimeUs = 1660525200000000;  // 2022-08-15T01:00:00Z

void Set(v1::Money* money) {
  money->set_currency("HKD");
  money->set_minor_units(250000);
}

void Set(v1::InstructionReference* reference) {
  reference->set_instructing_party("ALPHA");
  reference->set_kind(v1::ACTION_KIND_REDEEM);
  reference->set_instruction_id("R-1");
}

void Set(v1::RegisterParticipant* participant) {
  participant->set_participant_id("HKMA");
  participant->set_role(v1::ROLE_CENTRAL_BANK);
  participant->set_country("HK");
  participant->set_bic("HSBCHKHH");
  participant->set_lei(core::Lei::Make("529900T8BM49AURSDO")->ToString());
  *participant->add_keys() = Key('a');
  *participant->add_keys() = Key('b');
}

v1::Command SixActions(int which) {
  v1::Command command = EmptyCommand();
  const std::string account = Address("ALPHA0001").ToString();
  switch (which) {
    case 0:
      command.mutable_request_issue()->set_creditor_account(account);
      Set(command.mutable_request_issue()->mutable_amount());
      command.mutable_request_issue()->set_rtgs_reference("CHATS-0001");
      break;
    case 1:
      command.mutable_issue()->set_creditor_account(account);
      Set(command.mutable_issue()->mutable_amount());
      command.mutable_issue()->set_rtgs_reference("CHATS-0001");
      break;
    case 2:
      command.mutable_redeem()->set_debtor_account(account);
      Set(command.mutable_redeem()->mutable_amount());
      break;
    case 3:
      Set(command.mutable_approve()->mutable_instruction());
      command.mutable_approve()->set_rtgs_reference("CHATS-0001");
      break;
    case 4:
      Set(command.mutable_refuse()->mutable_instruction());
      command.mutable_refuse()->set_reason("no cover");
      break;
    default:
      Set(command.mutable_cancel()->mutable_instruction());
      break;
  }
  return command;
}

v1::Command AdministrativeAction(int which) {
  v1::Command command = EmptyCommand();
  const std::string account = Address("ALPHA0001").ToString();
  switch (which) {
    case 0:
      Set(command.mutable_register_participant());
      break;
    case 1:
      command.mutable_update_keys()->set_participant_id("ALPHA");
      *command.mutable_update_keys()->add_add() = Key('n');
      command.mutable_update_keys()->add_revoke(HashBytes('r'));
      break;
    case 2:
      command.mutable_open_account()->set_address(account);
      command.mutable_open_account()->set_owner("ALPHA");
      command.mutable_open_account()->set_purpose(v1::ACCOUNT_PURPOSE_WALLET);
      command.mutable_open_account()->set_holding_limit(1000);
      command.mutable_open_account()->set_credit_line(5);
      break;
    case 3:
      command.mutable_close_account()->set_address(account);
      break;
    case 4:
      command.mutable_set_freeze()->set_address(account);
      command.mutable_set_freeze()->set_frozen(true);
      command.mutable_set_freeze()->set_legal_basis("Order 7 of 2022");
      break;
    case 5:
      command.mutable_set_limits()->set_address(account);
      command.mutable_set_limits()->set_holding_limit(1);
      command.mutable_set_limits()->set_credit_line(2);
      break;
    case 6:
      command.mutable_set_day_phase()->set_business_date("2022-08-15");
      command.mutable_set_day_phase()->set_phase(v1::DAY_PHASE_CUT_OFF);
      break;
    case 7:
      command.mutable_set_settlement_policy()->set_policy(Policy().SerializeAsString());
      command.mutable_set_settlement_policy()->set_withdraw(true);
      break;
    case 8:
      command.mutable_operator_override()->set_debtor_account(account);
      command.mutable_operator_override()->set_creditor_account(Address("BETA0001").ToString());
      Set(command.mutable_operator_override()->mutable_amount());
      command.mutable_operator_override()->set_legal_basis("Judgment 12/2022");
      break;
    case 9:
      command.mutable_order_abort()->set_settlement_id(std::string(32, 's'));
      command.mutable_order_abort()->set_legal_basis("Judgment 13/2022");
      break;
    case 10:
      command.mutable_lock_funds()->set_debtor_account(account);
      command.mutable_lock_funds()->set_creditor_account(Address("BETA0001").ToString());
      Set(command.mutable_lock_funds()->mutable_amount());
      command.mutable_lock_funds()->set_hash_lock(std::string(32, 'h'));
      command.mutable_lock_funds()->set_expires_us(1'660'500'000'000'000);
      command.mutable_lock_funds()->set_uetr(std::string(SomeUetr().view()));
      break;
    case 11:
      command.mutable_claim_lock()->set_locking_party("ALPHA");
      command.mutable_claim_lock()->set_lock("L-1");
      command.mutable_claim_lock()->set_secret(std::string(32, 's'));
      break;
    case 12:
      command.mutable_refund_lock()->set_lock("L-1");
      break;
    case 13:
      command.mutable_set_queue_rules()->set_discipline(v1::QUEUE_DISCIPLINE_PRIORITY);
      command.mutable_set_queue_rules()->set_optimisation(v1::QUEUE_OPTIMISATION_BECH_SORAMAKI);
      command.mutable_set_queue_rules()->set_optimise_every_us(120'000'000);
      command.mutable_set_queue_rules()->set_queued_max(1000);
      command.mutable_set_queue_rules()->set_normal_bypass(true);
      command.mutable_set_queue_rules()->set_release(v1::QUEUE_RELEASE_RECEIPT_REACTIVE);
      command.mutable_set_queue_rules()->set_receipt_window_us(3'600'000'000);
      command.mutable_set_queue_rules()->set_entry_offset(v1::QUEUE_ENTRY_OFFSET_SINGLE);
      command.mutable_set_queue_rules()->set_entry_counter_payments_max(10);
      for (const auto algorithm :
           {v1::QUEUE_ALGORITHM_BILATERAL_SINGLE, v1::QUEUE_ALGORITHM_CYCLE}) {
        v1::QueueRun* run = command.mutable_set_queue_rules()->add_optimisations();
        run->set_algorithm(algorithm);
        run->set_first_us(1);
        run->set_every_us(2);
        run->set_only_if_previous_settled_nothing(true);
        run->set_wait_min_us(3);
        run->set_counter_payments_max(4);
        run->set_cycle_banks_max(5);
        run->set_exact_payments_max(6);
      }
      command.mutable_set_queue_rules()->mutable_splitting()->set_threshold(1000);
      command.mutable_set_queue_rules()->mutable_splitting()->set_part_min(10);
      command.mutable_set_queue_rules()->mutable_splitting()->set_part_max(100);
      command.mutable_set_queue_rules()->set_limits_bind_all(true);
      break;
    case 14:
      Set(command.mutable_reprioritise()->mutable_instruction());
      command.mutable_reprioritise()->set_priority(v1::PAYMENT_PRIORITY_URGENT);
      break;
    case 15:
      command.mutable_optimise_queue();
      break;
    case 16:
      command.mutable_set_reservations()->set_address(account);
      command.mutable_set_reservations()->set_urgent(300);
      command.mutable_set_reservations()->set_high(200);
      break;
    case 17:
      command.mutable_set_release_threshold()->set_address(account);
      command.mutable_set_release_threshold()->set_threshold(100);
      break;
    case 18:
      command.mutable_set_sender_limit()->set_address(account);
      command.mutable_set_sender_limit()->set_counterparty(Address("BETA0001").ToString());
      command.mutable_set_sender_limit()->set_limit(0);
      break;
    case 19:
      command.mutable_set_credit()->set_address(account);
      command.mutable_set_credit()->set_collateral(1'000'000);
      command.mutable_set_credit()->set_haircut_basis_points(750);
      command.mutable_set_credit()->set_uncollateralised(5);
      break;
    default:
      command.mutable_set_credit_price()->set_ppm_per_day(25);
      command.mutable_set_credit_price()->set_fees_account(account);
      break;
  }
  return command;
}

}  // namespace

std::unique_ptr<core::SoftwareSigner> NewSigner(char fill) {
  return *core::Ed25519SignerFromSeed(std::string(32, fill));
}

core::AccountAddress Address(std::string_view body) {
  return *core::AccountAddress::Make(*core::Currency::Parse("HKD"), body);
}

core::Uetr SomeUetr() { return *core::Uetr::Parse("8a562c67-ca16-48ba-b074-65581be6f001"); }

v1::PublicKey Key(char fill) {
  v1::PublicKey key;
  key.set_suite(v1::SUITE_ED25519_SHA256);
  key.set_key(NewSigner(fill)->public_key().bytes);
  return key;
}

std::string HashBytes(char fill) { return std::string(32, fill); }

v1::SettlementPolicy Policy() {
  v1::SettlementPolicy policy;
  policy.set_epoch(3);
  policy.set_decision_log("bridge.example/decisions");
  *policy.mutable_decision_log_key() = Key('l');
  v1::PolicyLedger* ledger = policy.add_ledgers();
  ledger->set_ledger(kLedger);
  ledger->set_genesis_hash(HashBytes('g'));
  *ledger->mutable_key() = Key('h');
  return policy;
}

v1::TermsHeader Terms() {
  v1::TermsHeader terms;
  terms.set_policy_hash(HashBytes('p'));
  terms.set_deadline_us(kTimeUs);
  v1::TermsLedger* first = terms.add_ledgers();
  first->set_ledger("bot.example/thb");
  first->set_leg_count(2);
  v1::TermsLedger* second = terms.add_ledgers();
  second->set_ledger(kLedger);
  second->set_leg_count(1);
  terms.set_legs_root(HashBytes('m'));
  terms.set_nonce(std::string(16, 'n'));
  terms.set_quote_id("Q-1");
  return terms;
}

v1::Leg Leg() {
  v1::Leg leg;
  leg.set_salt(std::string(16, 's'));
  leg.set_ledger(kLedger);
  leg.set_instructing_party("ALPHA");
  leg.set_instruction_id("SWAP-7");
  leg.set_uetr(std::string(SomeUetr().view()));
  leg.set_debtor_account(Address("ALPHA0001").ToString());
  leg.set_creditor_account(Address("BETA0001").ToString());
  Set(leg.mutable_amount());
  leg.set_private_data_hash(HashBytes('d'));
  leg.add_approvals("BETA");
  leg.add_approvals("SCREENING");
  return leg;
}

v1::ProvenLeg ProvenLeg() {
  v1::ProvenLeg proven;
  proven.set_leg(Leg().SerializeAsString());
  proven.set_index(1);
  proven.add_proof(HashBytes('x'));
  proven.add_proof(HashBytes('y'));
  return proven;
}

v1::Completion Completion() {
  const std::array<std::pair<core::Hash256, std::uint64_t>, 1> holds = {
      {{core::Sha256("settlement"), 7}}};
  const auto ledger_key = NewSigner('h');
  const std::vector<core::Vote> votes = *core::SignVotes(
      *core::LedgerOrigin::Parse(kLedger), core::Sha256("genesis"), holds, *ledger_key);
  core::DecisionRecord record;
  record.settlement_id = core::Sha256("settlement");
  record.verdict = core::Verdict::kCommit;
  record.policy_hash = core::Sha256("policy");
  record.vote_hashes = {core::VoteHash(votes[0])};

  v1::Completion completion;
  completion.set_settlement_id(std::string(record.settlement_id.view()));
  v1::Certificate* certificate = completion.mutable_certificate();
  certificate->set_record(core::EncodeDecisionRecord(record));
  certificate->set_index(1);
  certificate->add_proof(HashBytes('x'));
  certificate->set_checkpoint("a checkpoint");
  certificate->add_votes(core::EncodeVote(votes[0]));
  return completion;
}

v1::Genesis Genesis() {
  v1::Genesis genesis;
  genesis.set_ledger(kLedger);
  genesis.set_currency("HKD");
  *genesis.mutable_ledger_key() = Key('h');
  Set(genesis.mutable_central_bank());
  genesis.set_liability_account(Address("ISSUER").ToString());
  genesis.add_suites(v1::SUITE_ED25519_SHA256);
  genesis.add_suites(v1::SUITE_P256_SHA256);
  genesis.set_business_date("2022-08-15");
  genesis.set_approvers_needed(2);
  genesis.set_created_us(kTimeUs);
  return genesis;
}

v1::Payment Payment(std::string_view instruction_id) {
  v1::Payment payment;
  payment.set_instruction_id(std::string(instruction_id));
  payment.set_uetr(std::string(SomeUetr().view()));
  payment.set_debtor_account(Address("ALPHA0001").ToString());
  payment.set_creditor_account(Address("BETA0001").ToString());
  Set(payment.mutable_amount());
  payment.set_purpose("TRAD");
  const core::Hash256 data = core::Sha256("data of " + std::string(instruction_id));
  payment.set_private_data_hash(std::string(data.view()));
  Set(payment.mutable_cites());
  return payment;
}

v1::Command EmptyCommand() {
  v1::Command command;
  command.set_ledger(kLedger);
  command.set_genesis_hash(HashBytes('g'));
  command.set_instructing_party("ALPHA");
  command.set_instruction_id("I-1");
  command.set_valid_until_us(kTimeUs);
  return command;
}

v1::Command PayCommand() {
  v1::Command command = EmptyCommand();
  *command.mutable_pay() = Payment("");
  return command;
}

v1::Command BatchCommand() {
  v1::Command command = EmptyCommand();
  command.clear_instruction_id();
  for (const std::string_view id : {"P-1", "P-2", "P-3"}) {
    *command.mutable_pay_batch()->add_payments() = Payment(id);
  }
  return command;
}

std::vector<v1::Command> AllCommands() {
  std::vector<v1::Command> commands = {PayCommand(), BatchCommand()};
  for (int i = 0; i < 6; ++i) commands.push_back(SixActions(i));
  for (int i = 0; i < 21; ++i) commands.push_back(AdministrativeAction(i));
  return commands;
}

}  // namespace causeway::codec::sample
