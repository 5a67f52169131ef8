// The ledger of one currency: a deterministic state machine. Verified instructions and time go in,
// entries come out; nothing here reads a clock, draws a random number, or does input or output.
//
// Use: Admit checks what can be checked of one item without changing anything (signatures,
// addressing, certificate); ApplyBatch then executes admitted items in order. Live nodes,
// simulator and observers drive the same object, and the same calls give the same entries.
//
// Not synchronised: const members may run at once, ApplyBatch alone. NextSnapshotPart counts as
// const beside the others, on one thread at a time.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/account_terms.h"
#include "settlement/core/batch.h"
#include "settlement/core/bulk.h"
#include "settlement/core/chunked_vector.h"
#include "settlement/core/command.h"
#include "settlement/core/entry.h"
#include "settlement/core/envelope.h"
#include "settlement/core/instruction_index.h"
#include "settlement/core/instruction_state.h"
#include "settlement/core/outcome.h"
#include "settlement/core/payment_queue.h"
#include "settlement/core/settlement.h"
#include "settlement/core/settlement_list.h"
#include "settlement/core/suite.h"

namespace causeway::core {

// What an item says, decoded (settlement/codec).
using ItemBody = std::variant<Command, PrepareSettlement, CompleteSettlement, Bulk, PrepareList>;

// An item that passed Admit: its signatures are verified.
struct AdmittedItem {
  ItemBody body;
  Hash256 payload_hash;
  std::vector<KeyId> signers;
  // Of a commit whose settlement is not in memory: nothing is at hand to verify its certificate by.
  // It can be answered as a repeat of what is complete, and is never carried out.
  bool unverified = false;
};

// What can be told of an envelope without a ledger, once its signers' keys are at hand: most of the
// work of Admit.
struct ExaminedEnvelope {
  Hash256 payload_hash;
  std::vector<KeyId> signers;        // whose signatures verify
  std::optional<Rejection> refused;  // an envelope or signature that no ledger would take
};
// `keys` are those of Ledger::KeysOf. `body` is what the envelope says.
ExaminedEnvelope Examine(const Envelope& envelope, const ItemBody& body,
                         std::span<const std::optional<PublicKey>> keys,
                         const SignatureVerifier& verifier);

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

// What a payment reads and writes comes first, what names the account after it. Packed without
// regard to cache lines: a second line, asked for ahead, costs less than a fifth of the memory.
struct AccountState {
  Amount available;
  Amount held;
  Amount incoming_reserved;
  Amount holding_limit;  // zero: none
  Amount credit_line;
  std::uint64_t posting_count = 0;
  std::uint64_t last_leaf = 0;     // that touched it; 0: none
  std::uint32_t owner_number = 0;  // position of the owner among the participants
  std::uint16_t check = 0;         // AccountCheckOf(address)
  AccountPurpose purpose = AccountPurpose::kNone;
  bool frozen : 1 = false;
  bool closed : 1 = false;
  bool non_resident : 1 = false;
  bool has_terms : 1 = false;  // Ledger::FindTerms has them

  std::uint32_t number = 0;  // position among the accounts
  AccountAddress address;
};
static_assert(sizeof(AccountState) == 104, "ten million accounts fit in 1.5 GB");

// Where a settlement, or a settlement list as a whole, stands on this ledger. It is in memory while
// it is prepared: what has ended is found in the log (Ledger::FindEnded).
struct SettlementState {
  Hash256 settlement_id;
  // kPrepared; of one that was read from the log also kSettled, kAborted or kRejected.
  InstructionStatus status = InstructionStatus::kNone;
  std::optional<TermsHeader> terms;  // there is always one
  std::vector<Leg> legs;             // those on this ledger
  Rejection rejection;
  std::uint64_t hold = 0;  // leaf index of the entry that reserved the first leg
  std::uint64_t entry_index = 0;
  LedgerTime prepared;
  std::shared_ptr<const HeldList> list;  // of a list
};

// A hash time-lock. One that has ended stays, so that the payer of its counterpart can read the
// secret here.
struct FundsLock {
  InstructionKey key;        // of the LockFunds
  std::uint32_t debtor = 0;  // numbers of accounts
  std::uint32_t creditor = 0;
  Amount amount;
  Hash256 hash_lock;
  LedgerTime expires;
  InstructionStatus status = InstructionStatus::kNone;  // kPrepared, kSettled (claimed) or kExpired
  Hash256 secret;                                       // once it is claimed
};

// A request to issue, or a redemption, that waits for the central bank's approvers.
struct AwaitingInstruction {
  InstructionState instruction;
  AccountAddress account;  // to credit, or whose hold waits
  Amount amount;
};

// What became of the payments of a bulk, or of the legs of a settlement list: when they were to be
// held, or when they were resolved.
struct BulkExecution {
  BulkKind kind = BulkKind::kPayments;
  std::size_t item = 0;           // position of the bulk among the items of its batch
  std::uint64_t first_index = 0;  // leaf of the first payment; the others follow
  LedgerTime time;
  BusinessDate date;
  std::vector<PaymentResult> results;  // of payments and holds
  std::vector<ResolvedLeg> resolved;
};

// What became of one item.
struct ItemResult {
  // Set when the item was refused before sequencing: it left no trace.
  std::optional<Rejection> refused;
  // Whether it is new in the log. False for a refusal and for an exact repeat.
  bool sequenced = false;
  // A command: one for each instruction in it. A prepare or completion: the legs. A bulk: the bulk
  // as a whole, whose entry comes right before its payments.
  std::vector<InstructionState> instructions;
  // Of a bulk that is new in the log; the engine adds it for a repeat.
  std::shared_ptr<const BulkExecution> bulk;
  // For prepare and complete. The entry is that which made the status, the hold as of
  // SettlementState.
  Hash256 settlement_id;
  InstructionStatus settlement_status = InstructionStatus::kNone;
  std::uint64_t settlement_entry = 0;
  std::uint64_t settlement_hold = 0;
};

struct BatchResult {
  BatchHeader header;
  std::vector<Entry> entries;  // without salts; empty when nothing was sequenced
  // The payments of bulks, whose leaves lie among the entries: in order of leaf index.
  std::vector<std::shared_ptr<const BulkExecution>> bulks;
  std::vector<ItemResult> results;  // one for each item given
};

// Under which the entry of a completion is recorded: of a settlement list, and of an abort that
// came before its prepare. And that of the prepare of a list.
//
// An instruction id has room for 35 of the 64 hexadecimal digits of a settlement's id: 140 bits.
// Entries have been recorded so, and no encoding in 35 characters of text holds 256 bits. Whoever
// makes two lists with the same 140 bits (2^70 steps) gets one of them refused, as an id that is
// taken: entries name the whole id, and what is found under a key counts for no other settlement.
// To hit the id of somebody else's list takes 2^140.
InstructionKey CompletionKeyOf(const ParticipantId& central_bank, const Hash256& settlement_id);
InstructionKey PrepareKeyOf(const ParticipantId& central_bank, const Hash256& list_id);

// What a batch journals of it, when the bulk is item `item` of the batch's items.
BulkResults PackResults(const BulkExecution& execution, std::size_t item);
// For a batch of the journal that was executed again: whether its bulks came to the same.
bool SameBulks(const BatchResult& result, const Batch& batch);

class Ledger {
 public:
  // InvalidArgument names the field of the genesis that is wrong.
  // `selector` carries out queue rules that need one, and outlives the ledger; with null, such
  // rules are rejected, so that this copy of the ledger differs from others rather than pass over
  // them: whatever executes the log of a ledger gives liquidity::LedgerSelector(). Payments of
  // bulks are found again by `payments`: in memory when none is given.
  static absl::StatusOr<std::unique_ptr<Ledger>> Create(
      const Genesis& genesis, const QueueSelector* selector,
      std::unique_ptr<InstructionIndex> payments = nullptr);
  // The ledger that a snapshot was made of, from its parts in their order; `next_part` gives one at
  // a time, and its error is the answer. InvalidArgument for parts of another ledger or that are
  // not those of a snapshot. `payments` must know the payments up to the snapshot, and is taken
  // only when this succeeds. `selector` as in Create; InvalidArgument when the snapshot's queue
  // needs one and there is none.
  static absl::StatusOr<std::unique_ptr<Ledger>> Restore(
      const Genesis& genesis, const QueueSelector* selector,
      const std::function<absl::StatusOr<std::string>()>& next_part);
  // Of a ledger that was restored, before the first batch: where the payments up to the snapshot
  // are found.
  void SetIndex(std::unique_ptr<InstructionIndex> payments);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Checks signatures, addressing and certificates. The item as admitted, or the refusal (never one
  // that is recorded). Whether it came in its time is ApplyBatch's to judge, which knows repeats;
  // so is what a commit means whose settlement is not in memory (AdmittedItem::unverified). Looks
  // at nothing but memory.
  std::variant<AdmittedItem, Rejection> Admit(const Envelope& envelope, ItemBody body,
                                              const SignatureVerifier& verifier) const;

  // The same in steps, for whoever changes the ledger meanwhile: KeysOf, Examine, and this. Only
  // the first and the last look at the ledger, and neither verifies the envelope's signatures.
  std::variant<AdmittedItem, Rejection> Admit(ItemBody body, ExaminedEnvelope examined,
                                              const SignatureVerifier& verifier) const;
  // Of each signature, in their order; none: no participant has the key.
  std::vector<std::optional<PublicKey>> KeysOf(const Envelope& envelope) const;

  // For an item of the node's own journal, whose signatures were verified before it was written:
  // as Admit without cryptography.
  static AdmittedItem AdmitFromJournal(const Envelope& envelope, ItemBody body);

  // Executes items in order at ledger time max(now, time of the last batch). Whatever an item says,
  // the others are executed as if each had come alone. With nothing sequenced, nothing changes: no
  // batch, no leaf. Afterwards the ledger has been checked: postings balance in every entry, and
  // the sum of all accounts is zero; a breach stops the process.
  BatchResult ApplyBatch(LedgerTime now, std::span<const AdmittedItem> items);

  // What a payment by itself (an admitted Command with Pay) would come to if it were the only item
  // of the next batch: kAccepted when it would settle at once, else why not. One that would wait in
  // the queue has insufficient funds, one whose id is known reuses it, kUnavailable where the log
  // cannot be read. Changes nothing; beside no other call, as ApplyBatch.
  Rejection WouldSettle(LedgerTime now, const AdmittedItem& payment) const;

  // Recounts every balance from the accounts. ApplyBatch keeps the running sum; this is the slow
  // check behind it, for start, snapshots and tests. Stops the process on a breach.
  void CheckConservation() const;

  // A snapshot is the state as it is when StartSnapshot is called, in parts of some 100 KiB
  // (docs/formats/snapshot.md). Batches may be applied between two parts, not beside one: what they
  // change is copied first, unless its part was given already. The same state gives the same bytes.
  void StartSnapshot();            // ends one that was begun
  std::string NextSnapshotPart();  // empty: that was all
  void AbandonSnapshot();
  // Memory of the accounts that were copied for it and whose parts were not given yet, in whole
  // blocks. A batch adds at most 64 bytes for each account that it may change, mostly 24, and each
  // part of accounts gives up what it held: whoever takes parts before more batches bounds it. Of
  // settlements there are never more copies than were prepared when the snapshot began.
  std::size_t SnapshotCopiesBytes() const;

  const Genesis& genesis() const;
  LedgerTime time() const;
  BusinessDate date() const;
  DayPhase phase() const;
  std::uint64_t next_index() const;         // leaves so far
  std::uint64_t next_batch_number() const;  // 1 after creation
  Amount issued() const;                    // minus the balance of the liability account

  const Participant* FindParticipant(const ParticipantId& id) const;
  // The position of a participant among them all.
  std::optional<std::uint32_t> PartyNumber(const ParticipantId& id) const;
  const std::vector<Participant>& participants() const;  // in order of registration
  const AccountState* FindAccount(const AccountAddress& address) const;
  const ParticipantId& OwnerOf(const AccountState& account) const;
  // In order of opening: the position is the account's number.
  const ChunkedVector<AccountState>& accounts() const;
  const InstructionIndex& payments() const;  // those of bulks
  // With an index on disk the next three read the log, and have its errors.
  // The leaf of the payment of a bulk, or of the hold of a list, with that key; or
  // InstructionIndex::kNoLeaf.
  absl::StatusOr<std::uint64_t> FindInBulks(const InstructionKey& key) const;
  // Of a payment of a bulk, nothing.
  absl::StatusOr<std::optional<InstructionState>> FindInstruction(const InstructionKey& key) const;
  // What has that UETR, from a leaf on: at most `count`, which is 1 or more.
  absl::StatusOr<InstructionIndex::UetrPage> FindByUetr(const Uetr& uetr, std::uint64_t from_leaf,
                                                        std::size_t count) const;
  // The keys that executing an item would look for in `payments()`, but for those of the payments
  // of a bulk or the legs of a list: its own, those of its payments or legs, and those that it
  // cites. What is not final is not looked for there.
  std::vector<InstructionKey> KeysLookedFor(const AdmittedItem& item) const;
  // Whether executing a bulk or a list can come to its payments or legs: not of a list that is
  // known, not signed by who pays, or not this ledger's. What is false stays false.
  bool MayComeToPacked(const AdmittedItem& item) const;
  // The settlement whose id executing an item would look for in `payments()`, if it would.
  std::optional<Hash256> SettlementLookedFor(const AdmittedItem& item) const;
  // While it is prepared.
  const SettlementState* FindSettlement(const Hash256& settlement_id) const;
  // How it ended; nothing of one that is prepared or that this ledger does not know. May read the
  // log.
  absl::StatusOr<std::optional<EndedSettlement>> FindEnded(const Hash256& settlement_id) const;
  // The lock of that LockFunds; null: it locked nothing.
  const FundsLock* FindLock(const InstructionKey& key) const;
  // How a list, or a settlement that was never prepared, was completed. May read the log.
  absl::StatusOr<std::optional<InstructionState>> FindCompletion(
      const Hash256& settlement_id) const;
  std::vector<const SettlementState*> PreparedSettlements() const;  // by settlement id
  const SettlementPolicy* FindPolicy(const Hash256& hash) const;    // in force or withdrawn
  std::vector<Hash256> PoliciesInForce() const;                     // in order of arrival

  // The liquidity terms of an account of this ledger; null: it has none.
  const AccountTerms* FindTerms(const AccountState& account) const;
  const CreditPrice& credit_price() const;
  // What the account owes for drawn credit as of ledger time: what it would be charged if the day
  // ended then. Nothing when that fits no amount.
  std::optional<Amount> CreditChargeSoFar(const AccountState& account) const;

  // What awaits approval, by key, behind `after`: at most `count`. Of one party, unless that is
  // empty.
  std::vector<AwaitingInstruction> AwaitingAfter(const InstructionKey& after, std::size_t count,
                                                 const ParticipantId& party) const;
  std::optional<AwaitingInstruction> FindAwaiting(const InstructionKey& key) const;

  // The payments that wait for funds, and the rules that they wait by.
  const PaymentQueue& queue() const;
  // What waits as a selector is told of it, with no optimisation chosen and nothing new.
  QueueProblem DescribeQueue() const;

  // SHA-256 over the canonical encoding of the state (docs/formats/state-root.md). Linear in the
  // number of accounts: for reports, replays and audits.
  Hash256 StateRoot() const;

 private:
  struct State;
  friend class LedgerExecutor;
  friend class SnapshotReader;
  friend class SnapshotWriter;
  template <typename Signed>
  std::optional<Rejection> CheckInstruction(const AdmittedItem& item, const Signed& what) const;
  std::variant<AdmittedItem, Rejection> AdmitCompletion(ItemBody body, const Hash256& payload_hash,
                                                        const SignatureVerifier& verifier) const;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_H_
