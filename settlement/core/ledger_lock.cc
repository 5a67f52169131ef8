// Hash time-locks: funds are reserved for a payee who shows a secret in time. Two locks under one
// hash on two ledgers make an exchange without a coordinator, with the risks that
// docs/mechanisms.md tells. As with a prepared settlement, what was reserved can be claimed or
// taken back whatever the day's phase and whether an account is frozen meanwhile.
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/field_reader.h"
#include "settlement/core/hash.h"
#include "settlement/core/ledger_executor.h"

namespace causeway::core {
namespace {

// How far ahead a lock may expire: as a settlement's deadline.
constexpr Duration kLockAheadMax = Duration::FromHours(7 * 24);
// Shorter than any lock in a snapshot.
constexpr std::size_t kLockBytesMin = 4;
// Of one party that the ledger keeps. Those that have ended are kept for a while, so that the other
// side of an exchange finds the secret here.
constexpr std::size_t kLocksOfPartyMax = 1024;
constexpr Duration kEndedLockKept = Duration::FromHours(24);

}  // namespace

LedgerExecutor::MaybeRejection LedgerExecutor::DoLockFunds(const Context& context,
                                                           const ParticipantId& party,
                                                           const LockFunds& action) {
  if (state_.phase != DayPhase::kOpen) {
    return Rejection{.outcome = Outcome::kLedgerClosed,
                     .rule = std::string(DayPhaseName(state_.phase))};
  }
  if (auto rejection = CheckMoney(action.amount)) return rejection;
  if (action.expires <= header_.time || action.expires > header_.time + kLockAheadMax) {
    return Rejection{.outcome = Outcome::kInvalidField, .rule = "expires"};
  }
  AccountState* debtor = nullptr;
  AccountState* creditor = nullptr;
  if (auto rejection = FindOpen(action.debtor, debtor)) return rejection;
  if (state_.OwnerOf(*debtor) != party) {
    return Rejection{.outcome = Outcome::kNotAccountOwner, .rule = action.debtor.ToString()};
  }
  if (auto rejection = FindOpen(action.creditor, creditor)) return rejection;
  if (debtor == creditor) {
    return Rejection{.outcome = Outcome::kSameAccount, .rule = action.debtor.ToString()};
  }
  const Amount amount = action.amount.amount;
  if (auto rejection = CheckDebit(*debtor, amount, Amount::Zero())) return rejection;
  if (auto rejection = CheckCredit(*creditor, amount, Amount::Zero())) return rejection;
  if (const std::size_t kept = ForgetOldLocks(party); kept >= kLocksOfPartyMax) {
    return Rejection{.outcome = Outcome::kLimitExceeded,
                     .actual = static_cast<std::int64_t>(kept),
                     .required = static_cast<std::int64_t>(kLocksOfPartyMax),
                     .rule = "hash time-locks of one party"};
  }
  Entry& entry = Add(context, InstructionStatus::kPrepared, Cause::kCommand);
  Post(entry, *debtor, Bucket::kAvailable, TransactionCode::kHold, Negative(amount));
  Post(entry, *debtor, Bucket::kHeld, TransactionCode::kHold, amount);
  const auto promised = CheckedAdd(creditor->incoming_reserved, amount);
  CW_CHECK(promised.has_value(), "the check of the credit bounds what is promised");
  creditor->incoming_reserved = *promised;
  Record(entry);
  state_.locks[context.key] = {.key = context.key,
                               .debtor = debtor->number,
                               .creditor = creditor->number,
                               .amount = amount,
                               .hash_lock = action.hash_lock,
                               .expires = action.expires,
                               .status = InstructionStatus::kPrepared,
                               .secret = {}};
  return std::nullopt;
}

// Of a party; how many are left.
std::size_t LedgerExecutor::ForgetOldLocks(const ParticipantId& party) {
  std::size_t kept = 0;
  auto next = state_.locks.lower_bound({party, ActionKind::kNone, {}});
  while (next != state_.locks.end() && next->first.party == party) {
    const FundsLock& lock = next->second;
    const bool old =
        lock.status != InstructionStatus::kPrepared && header_.time > lock.expires + kEndedLockKept;
    if (old) {
      next = state_.locks.erase(next);
    } else {
      ++kept;
      ++next;
    }
  }
  return kept;
}

LedgerExecutor::MaybeRejection LedgerExecutor::FindLocked(const InstructionKey& key,
                                                          FundsLock*& lock) {
  const auto found = state_.locks.find(key);
  if (found == state_.locks.end() || found->second.status != InstructionStatus::kPrepared) {
    return Rejection{.outcome = Outcome::kWrongInstructionState, .rule = key.id.ToString()};
  }
  lock = &found->second;
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoClaimLock(const Context& context,
                                                           const ParticipantId& party,
                                                           const ClaimLock& claim) {
  FundsLock* lock = nullptr;
  const InstructionKey key{claim.locking_party, ActionKind::kLockFunds, claim.lock};
  if (auto rejection = FindLocked(key, lock)) return rejection;
  const AccountState& creditor = state_.accounts[lock->creditor];
  if (state_.OwnerOf(creditor) != party) {
    return Rejection{.outcome = Outcome::kNotAccountOwner, .rule = creditor.address.ToString()};
  }
  if (header_.time > lock->expires) {
    return Rejection{.outcome = Outcome::kLockExpired, .rule = lock->expires.ToString()};
  }
  if (Sha256(claim.secret.view()) != lock->hash_lock) {
    return Rejection{.outcome = Outcome::kWrongSecret, .rule = claim.lock.ToString()};
  }
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  lock->secret = claim.secret;
  EndLock(context, *lock, true);
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoRefundLock(const Context& context,
                                                            const ParticipantId& party,
                                                            const RefundLock& refund) {
  FundsLock* lock = nullptr;
  const InstructionKey key{party, ActionKind::kLockFunds, refund.lock};
  if (auto rejection = FindLocked(key, lock)) return rejection;
  if (header_.time <= lock->expires) {
    return Rejection{.outcome = Outcome::kLockNotExpired, .rule = lock->expires.ToString()};
  }
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  EndLock(context, *lock, false);
  return std::nullopt;
}

void LedgerExecutor::EndLock(const Context& by, FundsLock& lock, bool claimed) {
  lock.status = claimed ? InstructionStatus::kSettled : InstructionStatus::kExpired;
  const Context context{.item = by.item, .key = lock.key, .uetr = state_.live.at(lock.key).uetr};
  Entry& entry = Add(context, lock.status, Cause::kCommand);
  AccountState& debtor = state_.AccountToChange(lock.debtor);
  AccountState& creditor = state_.AccountToChange(lock.creditor);
  const auto promised = CheckedSub(creditor.incoming_reserved, lock.amount);
  CW_CHECK(promised && !promised->IsNegative(), "a lock ends what it promised");
  creditor.incoming_reserved = *promised;
  const TransactionCode code = claimed ? TransactionCode::kSettlement : TransactionCode::kRelease;
  Post(entry, debtor, Bucket::kHeld, code, Negative(lock.amount));
  Post(entry, claimed ? creditor : debtor, Bucket::kAvailable, code, lock.amount);
  Record(entry);
}

void WriteLocks(const std::map<InstructionKey, FundsLock>& locks, Writer& writer) {
  writer.U32(static_cast<std::uint32_t>(locks.size()));
  for (const auto& [key, lock] : locks) {
    writer.Sized(key.party.text())
        .Sized(key.id.text())
        .U32(lock.debtor)
        .U32(lock.creditor)
        .I64(lock.amount.minor())
        .Hash(lock.hash_lock)
        .I64(lock.expires.micros())
        .U8(static_cast<std::uint8_t>(lock.status))
        .Hash(lock.secret);
  }
}

std::map<InstructionKey, FundsLock> ReadLocks(FieldReader& reader) {
  std::map<InstructionKey, FundsLock> locks;
  const std::size_t count = reader.Count("locks", kLockBytesMin);
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    FundsLock lock;
    lock.key.party = reader.Parsed<ParticipantId>("lock.party");
    lock.key.kind = ActionKind::kLockFunds;
    lock.key.id = reader.Parsed<InstructionId>("lock.id");
    lock.debtor = reader.raw().U32();
    lock.creditor = reader.raw().U32();
    lock.amount = Amount::FromMinor(reader.raw().I64());
    lock.hash_lock = reader.raw().Hash();
    lock.expires = LedgerTime::FromMicros(reader.raw().I64());
    lock.status =
        reader.Closed("lock.status", InstructionStatus::kPrepared, InstructionStatus::kExpired);
    lock.secret = reader.raw().Hash();
    locks[lock.key] = lock;
  }
  return locks;
}

}  // namespace causeway::core
