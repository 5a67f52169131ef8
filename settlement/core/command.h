// Instructions as the ledger executes them: the decoded form of what participants sign. The numbers
// of all enums are those of proto/causeway/v1/command.proto, where each field is documented; the
// exact signed bytes travel beside the decoded form and are what is hashed and journaled.
#ifndef CAUSEWAY_SETTLEMENT_CORE_COMMAND_H_
#define CAUSEWAY_SETTLEMENT_CORE_COMMAND_H_

#include <compare>
#include <cstdint>
#include <optional>
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
  kSetReservations = 28,
  kSetReleaseThreshold = 29,
  kSetSenderLimit = 30,
  kSetCredit = 31,
  kSetCreditPrice = 32,
  kCreditCharge = 33,  // the ledger's own, at the end of a day
};
inline constexpr ActionKind kActionKindLast = ActionKind::kCreditCharge;

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
  kImmediate = 4,   // none waits, but the rules' release is kept: else rejected
  kDeferred = 5,    // all wait for an optimisation: periodic netting
};

// What settles several queued payments together, by rules of old.
enum class QueueOptimisation : std::uint8_t {
  kNone = 0,
  kBechSoramaki = 1,  // multilateral offsetting: offsetting.h
};

// The same by the rules of docs/liquidity.md, which has each in full.
enum class QueueAlgorithm : std::uint8_t {
  kNone = 0,
  kBilateral = 1,
  kBilateralSingle = 2,
  kBechSoramaki = 3,
  kGreedy = 4,
  kCycle = 5,
  kAllOrNothing = 6,
  kPartial = 7,
  kMultiple = 8,
  kExact = 9,
};

// When normal payments are released, besides being covered.
enum class QueueRelease : std::uint8_t {
  kNone = 0,             // not chosen: as kFunds
  kFunds = 1,            // nothing else
  kReceiptReactive = 2,  // out of what the account received in the current window only
  kBalanceReactive = 3,  // only while the account keeps its release threshold
};

// Offsetting of a new payment that is not covered alone.
enum class QueueEntryOffset : std::uint8_t {
  kNone = 0,
  kHeads = 1,   // against the head of the payee's queue and what follows it, order kept
  kSingle = 2,  // against the payee's oldest payments to the payer, up to a number
};

// "pay", "request-issue", ... and "settled", "awaiting-approval", ...: for people and reports.
std::string_view ActionKindName(ActionKind kind);
std::string_view InstructionStatusName(InstructionStatus status);
std::string_view RoleName(Role role);
std::string_view PaymentPriorityName(PaymentPriority priority);       // "normal", ...
std::string_view QueueDisciplineName(QueueDiscipline discipline);     // "fifo", ...
std::string_view QueueOptimisationName(QueueOptimisation algorithm);  // "bech-soramaki", ...
std::string_view QueueAlgorithmName(QueueAlgorithm algorithm);        // "greedy", ...
std::string_view QueueReleaseName(QueueRelease release);              // "funds", ...
std::string_view QueueEntryOffsetName(QueueEntryOffset offset);       // "heads", ...
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

// One of the optimisations of a ledger's queue.
struct QueueRun {
  QueueAlgorithm algorithm = QueueAlgorithm::kNone;
  // Due so long after the business day opens (or the rules are set on an open day), then every
  // `every`; zero: from then on with every batch. Runs at the end of the batch in which it is due.
  Duration first;
  Duration every;
  // Only when the one before it in the list ran in this batch and settled nothing, or was passed
  // over for the same reason: with kAllOrNothing, kPartial, kMultiple the sequence of TARGET2.
  bool only_if_previous_settled_nothing = false;
  // kBilateralSingle: how long a payment must have waited, and the most counter-payments tried.
  Duration wait_min;
  std::uint32_t counter_payments_max = 0;
  std::uint32_t cycle_banks_max = 0;     // kCycle: the most accounts in a ring
  std::uint32_t exact_payments_max = 0;  // kExact: the most payments looked at, from the oldest

  friend bool operator==(const QueueRun&, const QueueRun&) = default;
};
inline constexpr std::uint32_t kQueueRunsMax = 16;

// Payments that may settle in parts. All zero: none may.
struct QueueSplitting {
  Amount threshold;  // payments of at least this value
  Amount part_min;   // no part but the last is smaller
  Amount part_max;   // no part is larger; zero: no such bound

  friend bool operator==(const QueueSplitting&, const QueueSplitting&) = default;
};

// The rules of a ledger's queue. Without any, nothing is ever queued.
struct QueueRules {
  QueueDiscipline discipline = QueueDiscipline::kNone;
  QueueOptimisation optimisation = QueueOptimisation::kNone;
  // From one optimisation to the next, at least; zero: at the end of every batch that could have
  // changed what it settles.
  Duration optimise_every;
  std::uint32_t queued_max = 0;  // payments that wait at once; 1 to kQueuedMax

  // Any of what follows makes the rules those of docs/liquidity.md, which a QueueSelector carries
  // out; `optimisation` and `optimise_every` are then unset.
  bool normal_bypass = false;  // kPriority: normal payments let later normal ones pass
  QueueRelease release = QueueRelease::kNone;
  // kReceiptReactive: windows of this length follow one another from the opening of the day.
  Duration receipt_window;
  QueueEntryOffset entry_offset = QueueEntryOffset::kNone;
  std::uint32_t entry_counter_payments_max = 0;
  std::vector<QueueRun> optimisations;  // in the order in which they run; at most kQueueRunsMax
  QueueSplitting splitting;
  bool limits_bind_all = false;  // sender limits bind normal payments only, or all

  // Whether they are the rules of docs/liquidity.md.
  bool NeedSelector() const;

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

// Liquidity terms of an account: account_terms.h. Those that its owner sets replace what there was.
struct SetReservations {
  AccountAddress address;
  Amount urgent;
  Amount high;
};
struct SetReleaseThreshold {
  AccountAddress address;
  Amount threshold;  // zero: none
};
struct SetSenderLimit {
  AccountAddress address;
  AccountAddress counterparty;  // empty: the multilateral limit
  std::optional<Amount> limit;  // nothing lifts it
};
// Those of the central bank.
struct SetCredit {
  AccountAddress address;
  Amount collateral;
  std::uint32_t haircut_basis_points = 0;
  Amount uncollateralised;
};
struct SetCreditPrice {
  std::uint32_t ppm_per_day = 0;
  AccountAddress fees_account;
};

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
                 ClaimLock, RefundLock, SetQueueRules, Reprioritise, OptimiseQueue, SetReservations,
                 SetReleaseThreshold, SetSenderLimit, SetCredit, SetCreditPrice>;
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
