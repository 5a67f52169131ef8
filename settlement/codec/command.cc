// Commands: what participants sign for one ledger.
#include <limits>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/decoders.h"
#include "settlement/codec/fields.h"

namespace causeway::codec {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::size_t kPurposeCharactersMax = 4;
constexpr std::size_t kReferenceCharactersMax = 35;
constexpr std::size_t kReasonCharactersMax = 140;
constexpr Path kRoot{};

// Counts the payments of a batch and the bytes outside of it without building anything: a message
// of a few megabytes can ask for hundreds. Faulty bytes end the count; the parser reports them.
struct BatchScan {
  std::size_t payments = 0;
  std::size_t bytes_outside = 0;
};

void CountPayments(CodedInputStream& input, int end, BatchScan& scan) {
  while (input.CurrentPosition() < end) {
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0 || !WireFormatLite::SkipField(&input, tag)) return;
    scan.payments += static_cast<std::size_t>(WireFormatLite::GetTagFieldNumber(tag) ==
                                              v1::PaymentBatch::kPaymentsFieldNumber);
  }
}

BatchScan ScanBatch(std::string_view payload) {
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(payload.data()),
                         static_cast<int>(payload.size()));
  BatchScan scan;
  while (true) {
    const int start = input.CurrentPosition();
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0) break;
    if (tag == WireFormatLite::MakeTag(v1::Command::kPayBatchFieldNumber,
                                       WireFormatLite::WIRETYPE_LENGTH_DELIMITED)) {
      std::uint32_t size = 0;
      if (!input.ReadVarint32(&size) ||
          size > payload.size() - static_cast<std::size_t>(input.CurrentPosition())) {
        break;
      }
      const CodedInputStream::Limit limit = input.PushLimit(static_cast<int>(size));
      CountPayments(input, input.CurrentPosition() + static_cast<int>(size), scan);
      if (!input.Skip(input.BytesUntilLimit())) break;
      input.PopLimit(limit);
      continue;
    }
    if (!WireFormatLite::SkipField(&input, tag)) break;
    scan.bytes_outside += static_cast<std::size_t>(input.CurrentPosition() - start);
  }
  return scan;
}

// One decoder an action; the name of the field comes with the path.
class ActionDecoder {
 public:
  ActionDecoder(Fields& fields, const Path& path) : fields_(fields), path_(path) {}

  core::Pay Payment(const v1::Payment& message, core::InstructionId id) {
    Unknown(message);
    core::Pay pay;
    pay.id = id;
    pay.uetr = fields_.Uetr({&path_, "uetr"}, message.uetr());
    pay.debtor = Address("debtor_account", message.debtor_account());
    pay.creditor = Address("creditor_account", message.creditor_account());
    pay.amount = Amount(message);
    pay.purpose = fields_.Text({&path_, "purpose"}, message.purpose(), 0, kPurposeCharactersMax);
    pay.private_data_hash =
        fields_.OptionalHash({&path_, "private_data_hash"}, message.private_data_hash());
    if (message.has_cites()) {
      pay.cites = DecodeReference(fields_, {&path_, "cites"}, message.cites());
    }
    pay.priority = Priority(message.priority());
    return pay;
  }

  core::Pay Decode(const v1::Payment& message, core::InstructionId id) {
    if (!message.instruction_id().empty()) {
      fields_.Fail({&path_, "instruction_id"},
                   "must be empty: the command's own instruction_id counts for a single payment");
    }
    return Payment(message, id);
  }

  core::PayBatch Decode(const v1::PaymentBatch& message) {
    Unknown(message);
    core::PayBatch batch;
    if (!fields_.Count({&path_, "payments"}, static_cast<std::size_t>(message.payments_size()), 1,
                       core::kBatchPaymentsMax)) {
      return batch;
    }
    batch.payments.reserve(static_cast<std::size_t>(message.payments_size()));
    for (const v1::Payment& payment : message.payments()) {
      const Path place{&path_, "payments", static_cast<std::int64_t>(batch.payments.size())};
      const auto id =
          fields_.Parse<core::InstructionId>({&place, "instruction_id"}, payment.instruction_id());
      batch.payments.push_back(ActionDecoder(fields_, place).Payment(payment, id));
      if (!fields_.ok()) break;
    }
    return batch;
  }

  core::RequestIssue Decode(const v1::RequestIssue& message) {
    Unknown(message);
    return {Address("creditor_account", message.creditor_account()), Amount(message),
            RtgsReference(message.rtgs_reference())};
  }

  core::Issue Decode(const v1::Issue& message) {
    Unknown(message);
    return {Address("creditor_account", message.creditor_account()), Amount(message),
            RtgsReference(message.rtgs_reference())};
  }

  core::Redeem Decode(const v1::Redeem& message) {
    Unknown(message);
    return {Address("debtor_account", message.debtor_account()), Amount(message)};
  }

  core::Approve Decode(const v1::Approve& message) {
    Unknown(message);
    return {Instruction(message), RtgsReference(message.rtgs_reference())};
  }

  core::Refuse Decode(const v1::Refuse& message) {
    Unknown(message);
    return {Instruction(message), Reason("reason", message.reason())};
  }

  core::Cancel Decode(const v1::Cancel& message) {
    Unknown(message);
    return {Instruction(message)};
  }

  core::RegisterParticipant Decode(const v1::RegisterParticipant& message) {
    return DecodeRegisterParticipant(fields_, path_, message);
  }

  core::UpdateKeys Decode(const v1::UpdateKeys& message) {
    Unknown(message);
    core::UpdateKeys update;
    update.participant =
        fields_.Parse<core::ParticipantId>({&path_, "participant_id"}, message.participant_id());
    update.add = DecodeKeys(fields_, path_, "add", message.add());
    update.revoke = fields_.Hashes(path_, "revoke", message.revoke(), kKeysMax);
    if (message.add().empty() && message.revoke().empty()) {
      fields_.Fail(path_, "changes nothing; must add or revoke a key");
    }
    for (std::size_t i = 0; i < update.revoke.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (update.revoke[i] == update.revoke[j]) {
          fields_.Fail({&path_, "revoke", static_cast<std::int64_t>(i)},
                       "stands in the list twice; name each key once");
        }
      }
    }
    return update;
  }

  core::OpenAccount Decode(const v1::OpenAccount& message) {
    Unknown(message);
    core::OpenAccount open;
    open.address = Address("address", message.address());
    open.owner = fields_.Parse<core::ParticipantId>({&path_, "owner"}, message.owner());
    open.purpose =
        fields_.Closed({&path_, "purpose"}, message.purpose(), core::AccountPurpose::kFees);
    open.holding_limit = core::Amount::FromMinor(message.holding_limit());
    open.credit_line = core::Amount::FromMinor(message.credit_line());
    return open;
  }

  core::CloseAccount Decode(const v1::CloseAccount& message) {
    Unknown(message);
    return {Address("address", message.address())};
  }

  core::SetFreeze Decode(const v1::SetFreeze& message) {
    Unknown(message);
    return {Address("address", message.address()), message.frozen(),
            Reason("legal_basis", message.legal_basis())};
  }

  core::SetLimits Decode(const v1::SetLimits& message) {
    Unknown(message);
    return {Address("address", message.address()), core::Amount::FromMinor(message.holding_limit()),
            core::Amount::FromMinor(message.credit_line())};
  }

  core::SetDayPhase Decode(const v1::SetDayPhase& message) {
    Unknown(message);
    return {fields_.Parse<core::BusinessDate>({&path_, "business_date"}, message.business_date()),
            fields_.Closed({&path_, "phase"}, message.phase(), core::DayPhase::kClosed)};
  }

  core::SetSettlementPolicy Decode(const v1::SetSettlementPolicy& message) {
    Unknown(message);
    return {DecodePolicyBytes(fields_, {&path_, "policy"}, message.policy()), message.withdraw()};
  }

  core::OperatorOverride Decode(const v1::OperatorOverride& message) {
    Unknown(message);
    return {Address("debtor_account", message.debtor_account()),
            Address("creditor_account", message.creditor_account()), Amount(message),
            Reason("legal_basis", message.legal_basis())};
  }

  core::OrderAbort Decode(const v1::OrderAbort& message) {
    Unknown(message);
    return {fields_.Hash({&path_, "settlement_id"}, message.settlement_id()),
            Reason("legal_basis", message.legal_basis())};
  }

  core::LockFunds Decode(const v1::LockFunds& message) {
    Unknown(message);
    return {Address("debtor_account", message.debtor_account()),
            Address("creditor_account", message.creditor_account()),
            Amount(message),
            fields_.Hash({&path_, "hash_lock"}, message.hash_lock()),
            core::LedgerTime::FromMicros(message.expires_us()),
            fields_.Uetr({&path_, "uetr"}, message.uetr())};
  }

  core::ClaimLock Decode(const v1::ClaimLock& message) {
    Unknown(message);
    return {fields_.Parse<core::ParticipantId>({&path_, "locking_party"}, message.locking_party()),
            fields_.Parse<core::InstructionId>({&path_, "lock"}, message.lock()),
            fields_.Hash({&path_, "secret"}, message.secret())};
  }

  core::RefundLock Decode(const v1::RefundLock& message) {
    Unknown(message);
    return {fields_.Parse<core::InstructionId>({&path_, "lock"}, message.lock())};
  }

  core::SetQueueRules Decode(const v1::SetQueueRules& message) {
    return {DecodeQueueRules(fields_, path_, message)};
  }

  core::Reprioritise Decode(const v1::Reprioritise& message) {
    Unknown(message);
    return {Instruction(message), Priority(message.priority())};
  }

  core::OptimiseQueue Decode(const v1::OptimiseQueue& message) {
    Unknown(message);
    return {};
  }

  core::SetReservations Decode(const v1::SetReservations& message) {
    Unknown(message);
    return {Address("address", message.address()), core::Amount::FromMinor(message.urgent()),
            core::Amount::FromMinor(message.high())};
  }

  core::SetReleaseThreshold Decode(const v1::SetReleaseThreshold& message) {
    Unknown(message);
    return {Address("address", message.address()), core::Amount::FromMinor(message.threshold())};
  }

  core::SetSenderLimit Decode(const v1::SetSenderLimit& message) {
    Unknown(message);
    core::SetSenderLimit set;
    set.address = Address("address", message.address());
    set.counterparty = fields_.ParseOptional<core::AccountAddress>({&path_, "counterparty"},
                                                                   message.counterparty());
    if (message.has_limit()) set.limit = core::Amount::FromMinor(message.limit());
    return set;
  }

  core::SetCredit Decode(const v1::SetCredit& message) {
    Unknown(message);
    return {Address("address", message.address()), core::Amount::FromMinor(message.collateral()),
            message.haircut_basis_points(), core::Amount::FromMinor(message.uncollateralised())};
  }

  core::SetCreditPrice Decode(const v1::SetCreditPrice& message) {
    Unknown(message);
    return {message.ppm_per_day(), Address("fees_account", message.fees_account())};
  }

 private:
  core::PaymentPriority Priority(v1::PaymentPriority priority) {
    return fields_.ClosedOrNone({&path_, "priority"}, priority, core::PaymentPriority::kUrgent);
  }
  void Unknown(const google::protobuf::Message& message) { fields_.RefuseUnknown(path_, message); }
  core::AccountAddress Address(std::string_view name, std::string_view text) {
    return fields_.Parse<core::AccountAddress>({&path_, name}, text);
  }
  template <typename Message>
  core::Money Amount(const Message& message) {
    const Path place{&path_, "amount"};
    if (!fields_.Require(place, message.has_amount())) return {};
    return DecodeMoney(fields_, place, message.amount());
  }
  template <typename Message>
  core::InstructionKey Instruction(const Message& message) {
    const Path place{&path_, "instruction"};
    if (!fields_.Require(place, message.has_instruction())) return {};
    return DecodeReference(fields_, place, message.instruction());
  }
  std::string RtgsReference(std::string_view text) {
    return fields_.Text({&path_, "rtgs_reference"}, text, 1, kReferenceCharactersMax);
  }
  std::string Reason(std::string_view name, std::string_view text) {
    return fields_.Text({&path_, name}, text, 1, kReasonCharactersMax);
  }

  Fields& fields_;
  const Path& path_;
};

core::Action DecodeAction(Fields& fields, const v1::Command& message, core::InstructionId id) {
  const auto decode = [&fields](std::string_view name, const auto& action) -> core::Action {
    const Path path{&kRoot, name};
    return ActionDecoder(fields, path).Decode(action);
  };
  switch (message.action_case()) {
    case v1::Command::kPay: {
      const Path path{&kRoot, "pay"};
      return ActionDecoder(fields, path).Decode(message.pay(), id);
    }
    case v1::Command::kPayBatch:
      return decode("pay_batch", message.pay_batch());
    case v1::Command::kRequestIssue:
      return decode("request_issue", message.request_issue());
    case v1::Command::kIssue:
      return decode("issue", message.issue());
    case v1::Command::kRedeem:
      return decode("redeem", message.redeem());
    case v1::Command::kApprove:
      return decode("approve", message.approve());
    case v1::Command::kRefuse:
      return decode("refuse", message.refuse());
    case v1::Command::kCancel:
      return decode("cancel", message.cancel());
    case v1::Command::kRegisterParticipant:
      return decode("register_participant", message.register_participant());
    case v1::Command::kUpdateKeys:
      return decode("update_keys", message.update_keys());
    case v1::Command::kOpenAccount:
      return decode("open_account", message.open_account());
    case v1::Command::kCloseAccount:
      return decode("close_account", message.close_account());
    case v1::Command::kSetFreeze:
      return decode("set_freeze", message.set_freeze());
    case v1::Command::kSetLimits:
      return decode("set_limits", message.set_limits());
    case v1::Command::kSetDayPhase:
      return decode("set_day_phase", message.set_day_phase());
    case v1::Command::kSetSettlementPolicy:
      return decode("set_settlement_policy", message.set_settlement_policy());
    case v1::Command::kOperatorOverride:
      return decode("operator_override", message.operator_override());
    case v1::Command::kOrderAbort:
      return decode("order_abort", message.order_abort());
    case v1::Command::kLockFunds:
      return decode("lock_funds", message.lock_funds());
    case v1::Command::kClaimLock:
      return decode("claim_lock", message.claim_lock());
    case v1::Command::kRefundLock:
      return decode("refund_lock", message.refund_lock());
    case v1::Command::kSetQueueRules:
      return decode("set_queue_rules", message.set_queue_rules());
    case v1::Command::kReprioritise:
      return decode("reprioritise", message.reprioritise());
    case v1::Command::kOptimiseQueue:
      return decode("optimise_queue", message.optimise_queue());
    case v1::Command::kSetReservations:
      return decode("set_reservations", message.set_reservations());
    case v1::Command::kSetReleaseThreshold:
      return decode("set_release_threshold", message.set_release_threshold());
    case v1::Command::kSetSenderLimit:
      return decode("set_sender_limit", message.set_sender_limit());
    case v1::Command::kSetCredit:
      return decode("set_credit", message.set_credit());
    case v1::Command::kSetCreditPrice:
      return decode("set_credit_price", message.set_credit_price());
    case v1::Command::ACTION_NOT_SET:
      break;
  }
  fields.Fail({&kRoot, "action"}, "is missing; one action must be set");
  return {};
}

}  // namespace

absl::StatusOr<core::Command> DecodeCommand(std::string_view payload) {
  Fields fields;
  if (payload.size() <= core::kPayloadBytesMax) {
    const BatchScan scan = ScanBatch(payload);
    if (scan.payments > core::kBatchPaymentsMax) {
      return absl::ResourceExhaustedError(
          fmt::format("pay_batch.payments: has {} payments; the most in one envelope is {}",
                      scan.payments, core::kBatchPaymentsMax));
    }
    if (scan.bytes_outside > kMessageBytesMax) {
      return absl::InvalidArgumentError(
          fmt::format("causeway.v1.Command has {} bytes besides its payments; the most is {}",
                      scan.bytes_outside, kMessageBytesMax));
    }
  }
  google::protobuf::Arena arena;
  auto* message = google::protobuf::Arena::CreateMessage<v1::Command>(&arena);
  if (!fields.ParseMessage(kRoot, payload, core::kPayloadBytesMax, message)) {
    return fields.status();
  }
  fields.RefuseUnknown(kRoot, *message);
  core::Command command;
  command.ledger = fields.Parse<core::LedgerOrigin>({&kRoot, "ledger"}, message->ledger());
  command.genesis_hash = fields.Hash({&kRoot, "genesis_hash"}, message->genesis_hash());
  command.party = fields.Parse<core::ParticipantId>({&kRoot, "instructing_party"},
                                                    message->instructing_party());
  if (!message->has_pay_batch()) {
    command.id =
        fields.Parse<core::InstructionId>({&kRoot, "instruction_id"}, message->instruction_id());
  } else if (!message->instruction_id().empty()) {
    fields.Fail({&kRoot, "instruction_id"},
                "must be empty: each payment of a batch has its own instruction_id");
  }
  if (message->valid_until_us() <= 0) {
    fields.Fail({&kRoot, "valid_until_us"},
                fmt::format("is {}; must be microseconds since 1970-01-01T00:00:00Z",
                            message->valid_until_us()));
  }
  command.valid_until = core::LedgerTime::FromMicros(message->valid_until_us());
  command.action = DecodeAction(fields, *message, command.id);
  if (!fields.ok()) return fields.status();
  return command;
}

namespace {

void Encode(const core::Pay& pay, v1::Payment* out) {
  out->set_uetr(std::string(pay.uetr.view()));
  out->set_debtor_account(pay.debtor.ToString());
  out->set_creditor_account(pay.creditor.ToString());
  ToProto(pay.amount, out->mutable_amount());
  out->set_purpose(pay.purpose);
  if (!pay.private_data_hash.IsZero()) {
    out->set_private_data_hash(std::string(pay.private_data_hash.view()));
  }
  if (pay.cites.kind != core::ActionKind::kNone) ToProto(pay.cites, out->mutable_cites());
  out->set_priority(static_cast<v1::PaymentPriority>(pay.priority));
}

// Sets the action of a command: one overload for each, so that a new one cannot be forgotten.
struct ActionEncoder {
  v1::Command* out;

  void operator()(const core::Pay& pay) const { Encode(pay, out->mutable_pay()); }
  void operator()(const core::PayBatch& batch) const {
    v1::PaymentBatch* message = out->mutable_pay_batch();
    for (const core::Pay& pay : batch.payments) {
      v1::Payment* payment = message->add_payments();
      payment->set_instruction_id(pay.id.ToString());
      Encode(pay, payment);
    }
  }
  void operator()(const core::RequestIssue& issue) const {
    v1::RequestIssue* message = out->mutable_request_issue();
    message->set_creditor_account(issue.creditor.ToString());
    ToProto(issue.amount, message->mutable_amount());
    message->set_rtgs_reference(issue.rtgs_reference);
  }
  void operator()(const core::Issue& issue) const {
    v1::Issue* message = out->mutable_issue();
    message->set_creditor_account(issue.creditor.ToString());
    ToProto(issue.amount, message->mutable_amount());
    message->set_rtgs_reference(issue.rtgs_reference);
  }
  void operator()(const core::Redeem& redeem) const {
    v1::Redeem* message = out->mutable_redeem();
    message->set_debtor_account(redeem.debtor.ToString());
    ToProto(redeem.amount, message->mutable_amount());
  }
  void operator()(const core::Approve& approve) const {
    v1::Approve* message = out->mutable_approve();
    ToProto(approve.instruction, message->mutable_instruction());
    message->set_rtgs_reference(approve.rtgs_reference);
  }
  void operator()(const core::Refuse& refuse) const {
    v1::Refuse* message = out->mutable_refuse();
    ToProto(refuse.instruction, message->mutable_instruction());
    message->set_reason(refuse.reason);
  }
  void operator()(const core::Cancel& cancel) const {
    ToProto(cancel.instruction, out->mutable_cancel()->mutable_instruction());
  }
  void operator()(const core::RegisterParticipant& participant) const {
    EncodeRegisterParticipant(participant, out->mutable_register_participant());
  }
  void operator()(const core::UpdateKeys& update) const {
    v1::UpdateKeys* message = out->mutable_update_keys();
    message->set_participant_id(update.participant.ToString());
    for (const core::PublicKey& key : update.add) ToProto(key, message->add_add());
    for (const core::KeyId& key : update.revoke) message->add_revoke(std::string(key.view()));
  }
  void operator()(const core::OpenAccount& open) const {
    v1::OpenAccount* message = out->mutable_open_account();
    message->set_address(open.address.ToString());
    message->set_owner(open.owner.ToString());
    message->set_purpose(static_cast<v1::AccountPurpose>(open.purpose));
    message->set_holding_limit(open.holding_limit.minor());
    message->set_credit_line(open.credit_line.minor());
  }
  void operator()(const core::CloseAccount& close) const {
    out->mutable_close_account()->set_address(close.address.ToString());
  }
  void operator()(const core::SetFreeze& freeze) const {
    v1::SetFreeze* message = out->mutable_set_freeze();
    message->set_address(freeze.address.ToString());
    message->set_frozen(freeze.frozen);
    message->set_legal_basis(freeze.legal_basis);
  }
  void operator()(const core::SetLimits& limits) const {
    v1::SetLimits* message = out->mutable_set_limits();
    message->set_address(limits.address.ToString());
    message->set_holding_limit(limits.holding_limit.minor());
    message->set_credit_line(limits.credit_line.minor());
  }
  void operator()(const core::SetDayPhase& day) const {
    v1::SetDayPhase* message = out->mutable_set_day_phase();
    message->set_business_date(day.date.ToString());
    message->set_phase(static_cast<v1::DayPhase>(day.phase));
  }
  void operator()(const core::SetSettlementPolicy& set) const {
    v1::SetSettlementPolicy* message = out->mutable_set_settlement_policy();
    message->set_policy(EncodePolicy(set.policy));
    message->set_withdraw(set.withdraw);
  }
  void operator()(const core::OperatorOverride& transfer) const {
    v1::OperatorOverride* message = out->mutable_operator_override();
    message->set_debtor_account(transfer.debtor.ToString());
    message->set_creditor_account(transfer.creditor.ToString());
    ToProto(transfer.amount, message->mutable_amount());
    message->set_legal_basis(transfer.legal_basis);
  }
  void operator()(const core::OrderAbort& order) const {
    v1::OrderAbort* message = out->mutable_order_abort();
    message->set_settlement_id(std::string(order.settlement_id.view()));
    message->set_legal_basis(order.legal_basis);
  }
  void operator()(const core::LockFunds& lock) const {
    v1::LockFunds* message = out->mutable_lock_funds();
    message->set_debtor_account(lock.debtor.ToString());
    message->set_creditor_account(lock.creditor.ToString());
    ToProto(lock.amount, message->mutable_amount());
    message->set_hash_lock(std::string(lock.hash_lock.view()));
    message->set_expires_us(lock.expires.micros());
    message->set_uetr(std::string(lock.uetr.view()));
  }
  void operator()(const core::ClaimLock& claim) const {
    v1::ClaimLock* message = out->mutable_claim_lock();
    message->set_locking_party(claim.locking_party.ToString());
    message->set_lock(claim.lock.ToString());
    message->set_secret(std::string(claim.secret.view()));
  }
  void operator()(const core::RefundLock& refund) const {
    out->mutable_refund_lock()->set_lock(refund.lock.ToString());
  }
  void operator()(const core::SetQueueRules& set) const {
    ToProto(set.rules, out->mutable_set_queue_rules());
  }
  void operator()(const core::Reprioritise& change) const {
    v1::Reprioritise* message = out->mutable_reprioritise();
    ToProto(change.instruction, message->mutable_instruction());
    message->set_priority(static_cast<v1::PaymentPriority>(change.priority));
  }
  void operator()(const core::OptimiseQueue&) const { out->mutable_optimise_queue(); }
  void operator()(const core::SetReservations& set) const {
    v1::SetReservations* message = out->mutable_set_reservations();
    message->set_address(set.address.ToString());
    message->set_urgent(set.urgent.minor());
    message->set_high(set.high.minor());
  }
  void operator()(const core::SetReleaseThreshold& set) const {
    v1::SetReleaseThreshold* message = out->mutable_set_release_threshold();
    message->set_address(set.address.ToString());
    message->set_threshold(set.threshold.minor());
  }
  void operator()(const core::SetSenderLimit& set) const {
    v1::SetSenderLimit* message = out->mutable_set_sender_limit();
    message->set_address(set.address.ToString());
    message->set_counterparty(set.counterparty.ToString());
    if (set.limit.has_value()) message->set_limit(set.limit->minor());
  }
  void operator()(const core::SetCredit& set) const {
    v1::SetCredit* message = out->mutable_set_credit();
    message->set_address(set.address.ToString());
    message->set_collateral(set.collateral.minor());
    message->set_haircut_basis_points(set.haircut_basis_points);
    message->set_uncollateralised(set.uncollateralised.minor());
  }
  void operator()(const core::SetCreditPrice& set) const {
    v1::SetCreditPrice* message = out->mutable_set_credit_price();
    message->set_ppm_per_day(set.ppm_per_day);
    message->set_fees_account(set.fees_account.ToString());
  }
};

}  // namespace

std::string EncodeCommand(const core::Command& command) {
  v1::Command message;
  message.set_ledger(command.ledger.ToString());
  message.set_genesis_hash(std::string(command.genesis_hash.view()));
  message.set_instructing_party(command.party.ToString());
  message.set_instruction_id(command.id.ToString());
  message.set_valid_until_us(command.valid_until.micros());
  std::visit(ActionEncoder{&message}, command.action);
  return message.SerializeAsString();
}

}  // namespace causeway::codec
