// Instructions as the ledger executes them: the decoded form of what participants sign. The numbers
// of all enums are those of proto/causeway/v1/command.proto, where each field is documented; the
// exact signed bytes travel beside the decoded form and are what is hashed and journaled.
#ifndef CAUSEWAY_SETTLEMENT_CORE_COMMAND_H_
#define CAUSEWAY_SETTLEMENT_CORE_COMMAND_H_

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "settlement/core/amount.h"
#include "settlement/core/bytes.h"
#include "settlement/core/currency.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"
#include "settlement/core/time.h"

namespace causeway::core {

inline constexpr char kCommandPayloadType[] = "application/vnd.causeway.command.v1+protobuf";
inline constexpr char kTermsPayloadType[] = "application/vnd.causeway.terms.v1+protobuf";
inline constexpr char kCompletionPayloadType[] = "application/vnd.causeway.completion.v1+protobuf";

// Payments that one envelope may hold.
inline constexpr std::size_t kBatchPaymentsMax = 8192;
// Payments that a queue may hold: one batch may release or end them all, so they fit in a block,
// and their keys in what the index of keys takes with a batch.
inline constexpr std::uint32_t kQueuedMax = 32'768;
// How far ahead of ledger time a valid-until may lie.
inline constexpr Duration kValidUntilAheadMax = Duration::FromHours(7 * 24);

enum class InstructionStatus : std::uint8_t {
  kNone = 0,
  kAwaitingApproval = 1,
  kWarehoused = 2,  // reserved
  kQueued = 3,
  kPrepared = 4,
  kSettled = 5,
  kRejected = 6,
  kCancelled = 7,
  kExpired = 8,
  kAborted = 9,
};

enum class Cause : std::uint8_t {
  kNone = 0,
  kCommand = 1,
  kApproval = 2,
  kCertificate = 3,
  kRelease = 4,       // out of the queue, alone
  kOptimisation = 5,  // out of the queue, with others
  kTimer = 6,         // reserved
  kEndOfDay = 7,
};

enum class ActionKind : std::uint8_t {
  kNone = 0,
  kPay = 1,
  kRequestIssue = 2,
  kIssue = 3,
  kRedeem = 4,
  kApprove = 5,
  kRefuse = 6,
  kCancel = 7,
  kRegisterParticipant = 8,
  kUpdateKeys = 9,
  kOpenAccount = 10,
  kCloseAccount = 11,
  kSetFreeze = 12,
  kSetLimits = 13,
  kSetDayPhase = 14,
  kSetSettlementPolicy = 15,
  kOperatorOverride = 16,
  kSettlementLeg = 17,
  kPrepare = 18,
  kComplete = 19,
  kPayBulk = 20,
  kOrderAbort = 21,
  kLockFunds = 22,
  kClaimLock = 23,
  kRefundLock = 24,
  kSetQueueRules = 25,
  kReprioritise = 26,
  kOptimiseQueue = 27,
};
inline constexpr ActionKind kActionKindLast = ActionKind::kOptimiseQueue;

enum class Role : std::uint8_t {
  kNone = 0,
  kCentralBank = 1,
  kCommercialBank = 2,
  kFxProvider = 3,
  kBridge = 4,
  kObserver = 5,
};

enum class AccountPurpose : std::uint8_t {
  kNone = 0,
  kSettlement = 1,
  kWallet = 2,
  kIssuerLiability = 3,
  kRtgsBacking = 4,  // reserved
  kCredit = 5,       // reserved
  kFees = 6,
};

enum class DayPhase : std::uint8_t { kNone = 0, kOpen = 1, kCutOff = 2, kClosed = 3 };

// In the words of T2. A queue that has two levels uses kUrgent and kNormal.
enum class PaymentPriority : std::uint8_t { kNormal = 0, kHigh = 1, kUrgent = 2 };

// How payments wait that are not covered.
enum class QueueDiscipline : std::uint8_t {
  kNone = 0,        // they do not: they are rejected
  kFifo = 1,        // an account's payments settle in the order of arrival
  kFifoBypass = 2,  // in that order, but one that cannot settle lets later ones pass
  kPriority = 3,    // urgent before high before normal, each in the order of arrival
};

// What settles several queued payments together.
enum class QueueOptimisation : std::uint8_t {
  kNone = 0,
  kBechSoramaki = 1,  // multilateral offsetting: offsetting.h
};

// "pay", "request-issue", ... and "settled", "awaiting-approval", ...: for people and reports.
std::string_view ActionKindName(ActionKind kind);
std::string_view InstructionStatusName(InstructionStatus status);
std::string_view RoleName(Role role);
std::string_view PaymentPriorityName(PaymentPriority priority);       // "normal", ...
std::string_view QueueDisciplineName(QueueDiscipline discipline);     // "fifo", ...
std::string_view QueueOptimisationName(QueueOptimisation algorithm);  // "bech-soramaki", ...
std::string_view DayPhaseName(DayPhase phase);

struct Money {
  Currency currency;
  Amount amount;
  friend bool operator==(const Money&, const Money&) = default;
};

// The key under which an instruction id is unique on a ledger, for ever.
struct InstructionKey {
  ParticipantId party;
  ActionKind kind = ActionKind::kNone;
  InstructionId id;

  friend auto operator<=>(const InstructionKey&, const InstructionKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const InstructionKey& key) {
    return H::combine(std::move(state), key.party, key.kind, key.id);
  }
};

struct Pay {
  InstructionId id;  // in a PayBatch: the payment's own; else that of the command
  Uetr uetr;
  AccountAddress debtor;
  AccountAddress creditor;
  Money amount;
  std::string purpose;
  Hash256 private_data_hash;  // zero: none
  InstructionKey cites;       // a payment or leg that settled; kind kNone: none
  PaymentPriority priority = PaymentPriority::kNormal;
};
struct PayBatch {
  std::vector<Pay> payments;  // 1..kBatchPaymentsMax
};
struct RequestIssue {
  AccountAddress creditor;
  Money amount;
  std::string rtgs_reference;
};
struct Issue {
  AccountAddress creditor;
  Money amount;
  std::string rtgs_reference;
};
struct Redeem {
  AccountAddress debtor;
  Money amount;
};
struct Approve {
  InstructionKey instruction;
  std::string rtgs_reference;
};
struct Refuse {
  InstructionKey instruction;
  std::string reason;
};
struct Cancel {
  InstructionKey instruction;
};
struct RegisterParticipant {
  ParticipantId participant;
  Role role = Role::kNone;
  Country country;
  Bic bic;  // empty: none
  Lei lei;  // empty: none
  std::vector<PublicKey> keys;
};
struct UpdateKeys {
  ParticipantId participant;
  std::vector<PublicKey> add;
  std::vector<KeyId> revoke;
};
struct OpenAccount {
  AccountAddress address;
  ParticipantId owner;
  AccountPurpose purpose = AccountPurpose::kNone;
  Amount holding_limit;  // zero: none
  Amount credit_line;
};
struct CloseAccount {
  AccountAddress address;
};
struct SetFreeze {
  AccountAddress address;
  bool frozen = false;
  std::string legal_basis;
};
struct SetLimits {
  AccountAddress address;
  Amount holding_limit;
  Amount credit_line;
};
struct SetDayPhase {
  BusinessDate date;
  DayPhase phase = DayPhase::kNone;
};
struct OperatorOverride {
  AccountAddress debtor;
  AccountAddress creditor;
  Money amount;
  std::string legal_basis;
};
struct OrderAbort {
  Hash256 settlement_id;
  std::string legal_basis;
};

// A hash time-lock: an amount is reserved for the payee, who gets it against the secret, the 32
// bytes whose SHA-256 is `hash_lock`, until `expires`; after it, it can only go back.
struct LockFunds {
  AccountAddress debtor;
  AccountAddress creditor;
  Money amount;
  Hash256 hash_lock;
  LedgerTime expires;
  Uetr uetr;
};
struct ClaimLock {
  ParticipantId locking_party;
  InstructionId lock;
  Hash256 secret;
};
struct RefundLock {
  InstructionId lock;  // of the instructing party
};

// The rules of a ledger's queue. Without any, nothing is ever queued.
struct QueueRules {
  QueueDiscipline discipline = QueueDiscipline::kNone;
  QueueOptimisation optimisation = QueueOptimisation::kNone;
  // From one optimisation to the next, at least; zero: at the end of every batch that could have
  // changed what it settles.
  Duration optimise_every;
  std::uint32_t queued_max = 0;  // payments that wait at once; 1 to kQueuedMax

  friend bool operator==(const QueueRules&, const QueueRules&) = default;
};
struct SetQueueRules {
  QueueRules rules;
};
// Moves a queued payment behind those of its new priority.
struct Reprioritise {
  InstructionKey instruction;
  PaymentPriority priority = PaymentPriority::kNormal;
};
// Asks for an optimisation at the end of this batch, whatever the rules' interval.
struct OptimiseQueue {};

struct PolicyLedger {
  LedgerOrigin ledger;
  Hash256 genesis_hash;
  PublicKey key;
};
struct PolicyWitness {
  std::string name;
  PublicKey key;
};
// Who decides settlements and who votes. Named by the SHA-256 of its exact bytes.
struct SettlementPolicy {
  Hash256 hash;
  std::uint64_t epoch = 0;
  LedgerOrigin decision_log;
  PublicKey decision_log_key;
  std::vector<PolicyLedger> ledgers;
  std::vector<PolicyWitness> witnesses;
  std::uint32_t witnesses_needed = 0;
  std::uint32_t witnesses_faulty_max = 0;

  const PolicyLedger* Find(const LedgerOrigin& ledger) const;
};
struct SetSettlementPolicy {
  SettlementPolicy policy;
  bool withdraw = false;
};

using Action =
    std::variant<Pay, PayBatch, RequestIssue, Issue, Redeem, Approve, Refuse, Cancel,
                 RegisterParticipant, UpdateKeys, OpenAccount, CloseAccount, SetFreeze, SetLimits,
                 SetDayPhase, SetSettlementPolicy, OperatorOverride, OrderAbort, LockFunds,
                 ClaimLock, RefundLock, SetQueueRules, Reprioritise, OptimiseQueue>;
ActionKind KindOf(const Action& action);  // kPay for a PayBatch

struct Command {
  LedgerOrigin ledger;
  Hash256 genesis_hash;
  ParticipantId party;
  InstructionId id;  // empty for a PayBatch
  LedgerTime valid_until;
  Action action;
};

// What a ledger starts from; its exact bytes are leaf 0.
struct Genesis {
  LedgerOrigin ledger;
  Currency currency;
  PublicKey ledger_key;
  RegisterParticipant central_bank;
  AccountAddress liability_account;
  std::vector<SuiteId> suites;
  BusinessDate business_date;
  std::uint32_t approvers_needed = 2;
  LedgerTime created;
  Hash256 hash;       // SHA-256 of `bytes`
  std::string bytes;  // as read
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_COMMAND_H_
