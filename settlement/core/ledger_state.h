// What a Ledger holds. Internal to the ledger's own files.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_STATE_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_STATE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/numeric/int128.h"
#include "settlement/core/account_copies.h"
#include "settlement/core/ledger.h"
#include "settlement/core/ledger_capture.h"

namespace causeway::core {

class FieldReader;

// An instruction that waits for the central bank's approvers.
struct AwaitingApproval {
  ActionKind kind = ActionKind::kNone;  // kRequestIssue or kRedeem
  std::size_t account = 0;              // to credit, or whose hold waits
  Amount amount;
};

// In the snapshot's state part, after all else, when there are any; ledger_lock.cc.
void WriteLocks(const std::map<InstructionKey, FundsLock>& locks, Writer& writer);
std::map<InstructionKey, FundsLock> ReadLocks(FieldReader& reader);

inline InstructionKey KeyOf(const Leg& leg) {
  return {leg.party, ActionKind::kSettlementLeg, leg.id};
}

// Hash maps here are looked up and never iterated: their order differs between runs. Whatever is
// listed, hashed into the state root or searched in order is a vector or a std::map.
struct Ledger::State {
  Genesis genesis;

  LedgerTime time;
  BusinessDate date;
  DayPhase phase = DayPhase::kClosed;
  bool opened_before = false;
  std::uint64_t policy_version = 1;
  std::uint64_t next_index = 1;  // leaf 0 is the genesis
  std::uint64_t next_batch = 1;

  std::vector<Participant> participants;
  absl::flat_hash_map<ParticipantId, std::size_t> participant_by_id;
  absl::flat_hash_map<KeyId, std::size_t> participant_by_key;  // revoked keys too: never reused

  ChunkedVector<AccountState> accounts;
  // Numbers of accounts, found by address: four bytes each, because there are millions.
  struct AddressHash {
    using is_transparent = void;
    const ChunkedVector<AccountState>* accounts;
    std::size_t operator()(const AccountAddress& address) const { return absl::HashOf(address); }
    std::size_t operator()(std::uint32_t number) const {
      return absl::HashOf((*accounts)[number].address);
    }
  };
  struct AddressEqual {
    using is_transparent = void;
    const ChunkedVector<AccountState>* accounts;
    bool operator()(std::uint32_t left, std::uint32_t right) const { return left == right; }
    bool operator()(std::uint32_t number, const AccountAddress& address) const {
      return (*accounts)[number].address == address;
    }
    bool operator()(const AccountAddress& address, std::uint32_t number) const {
      return (*accounts)[number].address == address;
    }
  };
  absl::flat_hash_set<std::uint32_t, AddressHash, AddressEqual> account_by_address{
      0, AddressHash{&accounts}, AddressEqual{&accounts}};
  std::size_t liability = 0;
  // Sum of available and held over all accounts, the liability included: zero between entries.
  absl::int128 total = 0;

  // Those that are not final: what waits for approvers or for funds, the legs of prepared
  // settlements.
  std::map<InstructionKey, InstructionState> live;
  std::multimap<Uetr, InstructionKey> live_by_uetr;
  std::uint64_t instructions_recorded = 0;
  std::map<InstructionKey, AwaitingApproval> awaiting;
  PaymentQueue queue;
  const QueueSelector* selector = nullptr;  // that it may have; not owned

  std::map<InstructionKey, FundsLock> locks;

  std::map<std::uint32_t, AccountTerms> terms;  // by number of the account
  CreditPrice credit_price;

  // Instructions that are final, and payments of bulks.
  std::unique_ptr<InstructionIndex> payments;

  std::map<Hash256, SettlementState> settlements;  // that are prepared
  // Ids whose abort was ordered before they were prepared here, with the order's entry: they are
  // not prepared any more.
  std::map<Hash256, std::uint64_t> abort_orders;
  struct Policy {
    SettlementPolicy policy;
    bool in_force = true;
  };
  std::vector<Policy> policies;

  AccountCopies account_copies;            // of the snapshot under way
  std::unique_ptr<LedgerCapture> capture;  // that snapshot, if any

  // Whether anybody ever had liquidity terms that still count.
  bool has_terms() const { return !terms.empty() || credit_price.fees_account != 0; }
  const AccountTerms* FindTerms(const AccountState& account) const {
    return account.has_terms ? &terms.at(account.number) : nullptr;
  }
  const Participant* FindParticipant(const ParticipantId& id) const {
    const auto found = participant_by_id.find(id);
    return found == participant_by_id.end() ? nullptr : &participants[found->second];
  }
  // Only while the key is not revoked.
  const Participant* FindByKey(const KeyId& key) const;
  const PublicKey* FindKey(const KeyId& key) const;
  // False stays false: a key is nobody else's later, and what is revoked stays so.
  bool IsSignedBy(const AdmittedItem& item, const ParticipantId& party) const;
  const ParticipantId& OwnerOf(const AccountState& account) const {
    return participants[account.owner_number].id;
  }
  // Opens it; its number is its position.
  void AddAccount(AccountState account) {
    account.number = static_cast<std::uint32_t>(accounts.size());
    account.check = AccountCheckOf(account.address);
    accounts.push_back(account);
    account_by_address.insert(accounts.back().number);
  }
  std::size_t PositionOf(const AccountAddress& address) const {
    return *account_by_address.find(address);
  }
  // Those that may be changed come from here: a snapshot under way keeps them as they were.
  AccountState& AccountToChange(std::size_t number) {
    AccountState& account = accounts[number];
    if (capture != nullptr) capture->BeforeChange(account);
    return account;
  }
  AccountState* FindAccountToChange(const AccountAddress& address) {
    const auto found = account_by_address.find(address);
    return found == account_by_address.end() ? nullptr : &AccountToChange(*found);
  }
  void BeforeChange(const SettlementState& settlement) const {
    if (capture != nullptr) capture->BeforeChange(settlement);
  }
  const AccountState* FindAccount(const AccountAddress& address) const {
    const auto found = account_by_address.find(address);
    return found == account_by_address.end() ? nullptr : &accounts[*found];
  }
  std::optional<std::uint32_t> PartyNumber(const ParticipantId& id) const {
    const auto found = participant_by_id.find(id);
    if (found == participant_by_id.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found->second);
  }
  // The key space of packed payments or legs that the key belongs to, if it belongs to one.
  std::optional<std::uint32_t> PackedParty(const InstructionKey& key) const {
    const std::optional<std::uint32_t> party = PartyNumber(key.party);
    return party.has_value() ? InstructionIndex::SpaceOf(*party, key.kind) : std::nullopt;
  }
  absl::StatusOr<std::optional<InstructionState>> FindInstruction(const InstructionKey& key) const;
  // The same while a batch is executed.
  std::optional<InstructionState> FindKnown(const InstructionKey& key);
  void SetLive(const InstructionState& instruction);
  void RemoveLive(const InstructionKey& key);
  absl::StatusOr<std::uint64_t> FindInBulks(const InstructionKey& key) const;
  // The same while a batch is executed.
  std::uint64_t FindKnownInBulks(const InstructionKey& key);
  // What a selector is told of an account, and of what waits: new is what came with that leaf or
  // later. Optimisations are the caller's to choose.
  SelectorAccount DescribeForSelector(const AccountState& account, LedgerTime now) const;
  QueueProblem DescribeQueue(LedgerTime now, std::uint64_t new_from) const;
  const Policy* FindPolicy(const Hash256& hash) const;
  const ParticipantId& central_bank() const { return genesis.central_bank.participant; }
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_STATE_H_
