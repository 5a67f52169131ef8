// What a Ledger holds. Internal to the ledger's own files.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_STATE_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_STATE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "settlement/core/ledger.h"

namespace causeway::core {

// An instruction that waits for the central bank's approvers.
struct AwaitingApproval {
  ActionKind kind = ActionKind::kNone;  // kRequestIssue or kRedeem
  std::size_t account = 0;              // to credit, or whose hold waits
  Amount amount;
};

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

  std::vector<AccountState> accounts;
  absl::flat_hash_map<AccountAddress, std::size_t> account_by_address;
  std::size_t liability = 0;
  // Sum of available and held over all accounts, the liability included: zero between entries.
  absl::int128 total = 0;

  std::deque<InstructionState> instructions;  // stable addresses, in order of arrival
  absl::flat_hash_map<InstructionKey, std::size_t> instruction_by_key;
  absl::flat_hash_map<Uetr, std::vector<std::size_t>> instructions_by_uetr;
  std::map<InstructionKey, AwaitingApproval> awaiting;

  std::map<Hash256, SettlementState> settlements;
  struct Policy {
    SettlementPolicy policy;
    bool in_force = true;
  };
  std::vector<Policy> policies;

  const Participant* FindParticipant(const ParticipantId& id) const {
    const auto found = participant_by_id.find(id);
    return found == participant_by_id.end() ? nullptr : &participants[found->second];
  }
  // Only while the key is not revoked.
  const Participant* FindByKey(const KeyId& key) const;
  const PublicKey* FindKey(const KeyId& key) const;
  AccountState* FindAccount(const AccountAddress& address) {
    const auto found = account_by_address.find(address);
    return found == account_by_address.end() ? nullptr : &accounts[found->second];
  }
  InstructionState* FindInstruction(const InstructionKey& key) {
    const auto found = instruction_by_key.find(key);
    return found == instruction_by_key.end() ? nullptr : &instructions[found->second];
  }
  const Policy* FindPolicy(const Hash256& hash) const;
  const ParticipantId& central_bank() const { return genesis.central_bank.participant; }
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_STATE_H_
