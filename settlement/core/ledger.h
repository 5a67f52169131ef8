// The ledger of one currency: a deterministic state machine. Verified instructions and time go in,
// entries come out; nothing here reads a clock, draws a random number, or does input or output.
//
// Use: Admit checks what can be checked of one item without changing anything (signatures,
// addressing, certificate); ApplyBatch then executes admitted items in order. Live nodes,
// simulator and observers drive the same object, and the same calls give the same entries.
//
// Not synchronised: const members may run at once, ApplyBatch alone.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/batch.h"
#include "settlement/core/command.h"
#include "settlement/core/entry.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/settlement.h"
#include "settlement/core/suite.h"

namespace causeway::core {

// What an item says, decoded (settlement/codec).
using ItemBody = std::variant<Command, PrepareSettlement, CompleteSettlement>;

// An item that passed Admit: its signatures are verified.
struct AdmittedItem {
  ItemBody body;
  Hash256 payload_hash;
  std::vector<KeyId> signers;
};

struct Participant {
  ParticipantId id;
  Role role = Role::kNone;
  Country country;
  Bic bic;
  Lei lei;
  struct Key {
    PublicKey key;
    KeyId id;
    bool revoked = false;
  };
  std::vector<Key> keys;  // in the order of registration, revoked ones too
};

struct AccountState {
  AccountAddress address;
  ParticipantId owner;
  AccountPurpose purpose = AccountPurpose::kNone;
  Amount available;
  Amount held;
  Amount incoming_reserved;
  Amount holding_limit;  // zero: none
  Amount credit_line;
  bool frozen = false;
  bool closed = false;
  bool non_resident = false;
  std::uint64_t posting_count = 0;
};

// Where an instruction stands.
struct InstructionState {
  InstructionKey key;
  InstructionStatus status = InstructionStatus::kNone;
  Rejection rejection;
  std::uint64_t entry_index = 0;  // the entry that made this status
  Uetr uetr;
  Hash256 settlement_id;
  Hash256 payload_hash;    // of the item that instructed it
  std::uint32_t item = 0;  // position of the payment or leg in that item
  LedgerTime time;
  BusinessDate date;
};

// Where a settlement stands on this ledger.
struct SettlementState {
  Hash256 settlement_id;
  // kPrepared, kSettled, kAborted (released, or a tombstone that was never prepared), kRejected.
  InstructionStatus status = InstructionStatus::kNone;
  std::optional<TermsHeader> terms;  // none for a tombstone
  std::vector<Leg> legs;             // those on this ledger
  Rejection rejection;
  std::uint64_t hold = 0;  // leaf index of the entry that reserved the first leg
  std::uint64_t entry_index = 0;
  LedgerTime prepared;
};

// What became of one item.
struct ItemResult {
  // Set when the item was refused before sequencing: it left no trace.
  std::optional<Rejection> refused;
  // Whether it is new in the log. False for a refusal and for an exact repeat.
  bool sequenced = false;
  // A command: one for each instruction in it. A prepare or completion: the legs.
  std::vector<InstructionState> instructions;
  // For prepare and complete.
  Hash256 settlement_id;
  InstructionStatus settlement_status = InstructionStatus::kNone;
};

struct BatchResult {
  BatchHeader header;
  std::vector<Entry> entries;       // without salts; empty when nothing was sequenced
  std::vector<ItemResult> results;  // one for each item given
};

class Ledger {
 public:
  // InvalidArgument names the field of the genesis that is wrong.
  static absl::StatusOr<std::unique_ptr<Ledger>> Create(const Genesis& genesis);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Checks signatures, addressing and validity in time at `now`, and certificates. The item as
  // admitted, or the refusal (never one that is recorded).
  std::variant<AdmittedItem, Rejection> Admit(const Envelope& envelope, ItemBody body,
                                              LedgerTime now,
                                              const SignatureVerifier& verifier) const;

  // For an item of the node's own journal, whose signatures were verified before it was written:
  // as Admit without cryptography.
  static AdmittedItem AdmitFromJournal(const Envelope& envelope, ItemBody body);

  // Executes items in order at ledger time max(now, time of the last batch). Whatever an item says,
  // the others are executed as if each had come alone. With nothing sequenced, nothing changes: no
  // batch, no leaf. Afterwards the ledger has been checked: postings balance in every entry, and
  // the sum of all accounts is zero; a breach stops the process.
  BatchResult ApplyBatch(LedgerTime now, std::span<const AdmittedItem> items);

  // Recounts every balance from the accounts. ApplyBatch keeps the running sum; this is the slow
  // check behind it, for start, snapshots and tests. Stops the process on a breach.
  void CheckConservation() const;

  const Genesis& genesis() const;
  LedgerTime time() const;
  BusinessDate date() const;
  DayPhase phase() const;
  std::uint64_t next_index() const;         // leaves so far
  std::uint64_t next_batch_number() const;  // 1 after creation
  Amount issued() const;                    // minus the balance of the liability account

  const Participant* FindParticipant(const ParticipantId& id) const;
  // The participant whose unrevoked key that is.
  const Participant* FindParticipantByKey(const KeyId& key) const;
  const std::vector<Participant>& participants() const;  // in order of registration
  const AccountState* FindAccount(const AccountAddress& address) const;
  const std::vector<AccountState>& accounts() const;  // in order of opening
  // Null when the ledger never recorded it.
  const InstructionState* FindInstruction(const InstructionKey& key) const;
  std::vector<const InstructionState*> FindByUetr(const Uetr& uetr) const;  // oldest first
  const SettlementState* FindSettlement(const Hash256& settlement_id) const;
  std::vector<const SettlementState*> PreparedSettlements() const;  // by settlement id
  const SettlementPolicy* FindPolicy(const Hash256& hash) const;    // in force or withdrawn
  std::vector<Hash256> PoliciesInForce() const;                     // in order of arrival

  // SHA-256 over the canonical encoding of the state (docs/formats/state-root.md). Linear in the
  // number of accounts: for reports, replays and audits.
  Hash256 StateRoot() const;

 private:
  struct State;
  friend class LedgerExecutor;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_H_
