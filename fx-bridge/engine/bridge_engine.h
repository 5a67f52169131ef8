// The bridge engine: coordinator, decision log, venue and journal as one. It reads no clock and
// starts no thread; the live bridge (../runtime) and the simulator (../../scenarios) drive the same
// object.
//
// Use: give it what happened (Submit, On..., Tick), each with the time; then call Flush, which
// makes submissions and decisions durable as one write; then send what TakeRequests gives and tell
// callers what Find says. Nothing may be told or sent between an event and the Flush after it.
//
//   engine->OnPrepareReply(now, id, ledger, vote);
//   if (!engine->Flush(now).ok()) exit;
//   for (LedgerRequest& request : engine->TakeRequests()) Send(std::move(request));
//
// Times that run backwards count as the latest time that was given.
// Thread-compatible: one caller at a time, but for the members that say otherwise.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_BRIDGE_ENGINE_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_BRIDGE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fx-bridge/engine/abort_order.h"
#include "fx-bridge/engine/decided_ids.h"
#include "fx-bridge/engine/kept_orders.h"
#include "fx-bridge/engine/key_directory.h"
#include "fx-bridge/engine/log_snapshot.h"
#include "fx-bridge/engine/pending.h"
#include "fx-bridge/pvp/certifier.h"
#include "fx-bridge/pvp/coordinator.h"
#include "fx-bridge/venues/quote_desk.h"
#include "settlement/core/batch.h"
#include "settlement/core/decision_batch.h"
#include "settlement/core/envelope.h"
#include "settlement/core/merkle.h"
#include "settlement/core/policy_set.h"
#include "settlement/core/remembering_verifier.h"
#include "settlement/core/settlement.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/journal.h"
#include "settlement/store/key_index.h"
#include "settlement/store/snapshot.h"

namespace causeway::bridge {

inline constexpr char kJournalKind[] = "decision-log";
// Metadata: the certified checkpoint of each policy with witnesses, under its hash in hexadecimal.
inline constexpr char kCertifiedPrefix[] = "certified/";
// Decisions that one journal block holds at most: such that a witness takes it in one message, with
// 16 ledgers in each settlement too.
inline constexpr std::size_t kDecisionsPerBatchMax = 1024;
// A block ends with the decision whose terms and votes reach this. Whoever wants it ends many
// settlements at once with long terms, and one batch is never parted.
inline constexpr std::size_t kDecisionBatchBytesMax = std::size_t{8} << 20;
// How far ahead of now a deadline may lie: holds must not outlive a week.
inline constexpr core::Duration kDeadlineAheadMax = core::kDeadlineAheadMax;
// Complete settlements whose full view is kept in memory; of older ones the decision log tells
// state, ledgers, deadline and time of decision.
inline constexpr std::size_t kFinishedViewsMax = 16'384;
// Submissions of complete settlements are removed from the journal with the next write, or when
// this many wait.
inline constexpr std::size_t kRemovalsWaitingMax = 64;
// Of the decision log's tree where it is not kept as a whole (core::MerkleTree): subtrees of 2^8
// records, of which the last 64 to 128, with 64 bytes a record, are in memory.
inline constexpr int kTreeLowestLevel = 8;
inline constexpr std::uint64_t kTreeRecentSubtrees = 64;

using pvp::OpenPlace;
using pvp::RequestKind;
using pvp::SettlementState;
using pvp::SettlementView;
using pvp::WitnessCall;
using pvp::WitnessView;

// A message for one ledger. The same one may come again.
struct LedgerRequest {
  RequestKind kind = RequestKind::kPrepare;
  core::LedgerOrigin ledger;
  core::Hash256 settlement_id;
  std::uint32_t attempt = 1;
  // kPrepare: the terms with the signatures that this ledger needs, and its legs
  // (codec::MakePrepareItem).
  core::Envelope terms;
  std::vector<core::ProvenLeg> legs;
  // Of a settlement list, in place of legs: this ledger's part.
  std::string part;
  // kComplete: the exact bytes of a Completion (codec::MakeCompletionItem).
  std::string completion;
};

// A request as the item that its ledger sequences.
core::Item ItemOf(LedgerRequest request);

class BridgeEngine {
 public:
  struct Options {
    // The exact bytes of the settlement policies that terms may be under, of one decision log, in
    // any order. The one with the latest epoch is in force: quotes are made under it.
    std::vector<std::string> policies;
    // The decision log's key of these policies.
    std::shared_ptr<const core::Signer> signer;
    std::shared_ptr<const core::SignatureVerifier> verifier;
    std::shared_ptr<const KeyDirectory> keys;
    // May be null: then nothing is quoted or countersigned.
    std::shared_ptr<QuoteDesk> venue;
    pvp::CoordinatorOptions coordinator;
    // Where decided ids are found again: opened with as many durable leaves as the journal has
    // records. Memory is then bounded, but for a quarter of a byte a settlement: of old settlements
    // the journal is read. None: ids and the log's tree are in memory, 110 bytes a settlement.
    std::shared_ptr<store::KeyIndex> ids;
    store::FingerprintKey fingerprint_key{};  // secret, of this bridge
    // Where snapshots of the log lie, with `ids` only; may be null. Opening takes the newest that
    // is good, and reads what the log has since then.
    std::shared_ptr<const store::SnapshotStore> snapshots;
  };

  // The identity of the journal that belongs to that log: for whoever opens it.
  static store::JournalIdentity JournalIdentityOf(const core::LedgerOrigin& decision_log);

  // Replays the journal from the newest snapshot on (or starts a new log on an empty one) and
  // resumes what is open: the next Tick and Flush ask every ledger again. Snapshots that are not
  // good are no error (see notes). InvalidArgument names the option that is wrong;
  // FailedPrecondition when an open settlement is under another policy; DataLoss with the
  // place when the journal contradicts itself (a root that does not follow, an id decided twice).
  static absl::StatusOr<std::unique_ptr<BridgeEngine>> Open(
      Options options, std::unique_ptr<store::Journal> journal);

  // Hands in terms with one or more signatures and the exact bytes of all legs; of a settlement
  // list the parts of all its ledgers, in their order. The same terms again add their signatures;
  // terms that name a quote get the provider's. The view, or the refusal:
  //   kMalformed                 terms or a leg do not decode; the field is named. Or more
  //                              signatures are needed than an envelope carries
  //   kUnknownSettlementPolicy   the terms name none of the policies
  //   kUnknownLedger             a ledger that the policy lacks
  //   kLegNotInTerms             legs that do not give the root, or the counts per ledger
  //   kPastDeadline, kValidUntilTooFar
  //   kUnknownKey, kBadSignature, kTermsNotSignedByPayer (no signature of a party to the terms)
  //   kUnknownQuote, kQuoteExpired, kTermsDifferFromQuote
  //   kOverloaded                too many are open, or their legs take too many bytes, or a
  //   ledger's
  //                              or participant's share of that is taken (pvp::CoordinatorOptions)
  // A settlement that is known already is answered with its view, whatever its state; kUnavailable
  // when that cannot be read, as of Look.
  std::variant<SettlementView, core::Rejection> Submit(core::LedgerTime now,
                                                       const core::Envelope& terms,
                                                       std::vector<std::string> legs);

  // kNoRate without a venue; else as QuoteDesk::RequestQuote.
  std::variant<Quote, core::Rejection> RequestQuote(core::LedgerTime now,
                                                    const QuoteRequest& request,
                                                    const RandomSource& random);

  // What a ledger answered. A vote that does not verify counts as no answer. A status that does not
  // carry out the decision counts as no answer, and is counted in contradictions().
  void OnPrepareReply(core::LedgerTime now, const core::Hash256& id,
                      const core::LedgerOrigin& ledger,
                      const std::variant<std::string, core::Rejection>& vote_or_refusal);
  void OnCompleteReply(
      core::LedgerTime now, const core::Hash256& id, const core::LedgerOrigin& ledger,
      const std::variant<core::InstructionStatus, core::Rejection>& status_or_refusal);
  // No answer came: the call failed or timed out. `why` is for an operator.
  void OnSendFailed(core::LedgerTime now, RequestKind kind, const core::Hash256& id,
                    const core::LedgerOrigin& ledger, std::string_view why = "no answer came");

  // What a witness answered to a WitnessCall, and that nothing came. When the witness proves that
  // this log has lost records that it signed, or signed others, every later Flush says so.
  void OnWitnessAnswer(core::LedgerTime now, std::string_view witness,
                       const core::WitnessAnswer& answer);
  void OnWitnessFailed(core::LedgerTime now, std::string_view witness);

  // Asks the authority to judge a deadline. When it is past and the settlement is undecided, the
  // next Flush aborts it; with the exact bytes of the terms header, also one that was never handed
  // in here. The view as of now, kNotFound for an id that is unknown and cannot be judged,
  // kMalformed or kUnknownSettlementPolicy when `terms` (may be empty) are not terms of this id
  // under one of the policies, kOverloaded as of Submit. Ids that were never handed in count as
  // `asker`'s, which may be empty, until their abort is carried out.
  std::variant<SettlementView, core::Rejection> JudgeDeadline(
      core::LedgerTime now, const core::Hash256& id, std::string_view terms,
      const core::ParticipantId& asker = {});

  // A central bank whose ledger is in the terms ordered the abort: when the order is proven and
  // there is no decision yet, the next Flush aborts. The view as of now, which may be of a decision
  // that came before the order; kBadAbortOrder (abort_order.h). An id that was not handed in here
  // is aborted when it is, if the ledger is in its terms: the order is durable with the next Flush,
  // and the view, which Look does not give, says kAbortOrdered; kOverloaded when that ledger has
  // too many of them (kKeptOrdersPerLedgerMax).
  std::variant<SettlementView, core::Rejection> OrderAbort(core::LedgerTime now,
                                                           const core::Hash256& id,
                                                           const AbortOrder& order);

  // Repeats requests that are due and finds deadlines that passed. Call it at next_timer().
  void Tick(core::LedgerTime now);

  // Writes everything that waits: submissions, and the decisions of all settlements that are ripe,
  // as one durable write, one block and one signed checkpoint; then releases requests and changes.
  // Requests to complete are released when the record is certified: at once under a policy without
  // witnesses. Where witnesses are needed, nothing is decided before enough of them have answered
  // (pvp::Certifier::MayDecide).
  // Of no cost when nothing waits. On any error the process must exit: what is durable is unknown,
  // or, when rolled_back() says so, a witness holds more of this log than its journal.
  absl::Status Flush(core::LedgerTime now);
  bool rolled_back() const { return !rolled_back_.ok(); }

  // Released requests, in order. Each is to be sent once; answers come back through On....
  std::vector<LedgerRequest> TakeRequests();
  // Calls to witnesses, of batches that ReadBatchBytes gives; answers come back through
  // OnWitness....
  std::vector<WitnessCall> TakeWitnessCalls() { return certifier_.TakeCalls(); }
  // Settlements whose view changed, sorted, each once.
  std::vector<core::Hash256> TakeChanged();

  // The view, kNotFound, or kUnavailable for one that was decided and whose record cannot be read
  // in the journal, with its place: that a copy must be put back does not stop what else goes on.
  std::variant<SettlementView, core::Rejection> Look(const core::Hash256& id) const;
  // Whether it is open or decided, which costs less than a view. An error is the index's.
  absl::StatusOr<bool> IsKnown(const core::Hash256& id) const;
  // As Look, without the reason.
  std::optional<SettlementView> Find(const core::Hash256& id) const;
  std::vector<SettlementView> ListOpen() const;  // oldest first
  // The places of what is open, in order, or behind `after`; Find gives the views.
  std::vector<OpenPlace> OpenPlaces(const std::optional<OpenPlace>& after) const {
    return coordinator_.OpenPlaces(after);
  }
  // Ids with an order to abort and no decision.
  std::size_t kept_orders() const { return orders_.size(); }
  bool HasKeptOrder(const core::Hash256& id) const { return orders_.Find(id) != nullptr; }
  // Whether `participant` pays in, or approves, that open settlement. False for one that is
  // complete or unknown.
  bool IsParty(const core::Hash256& id, const core::ParticipantId& participant) const;
  // NotFound when there is no durable decision, or when the witnesses have not cosigned it yet.
  absl::StatusOr<core::Certificate> MakeCertificate(const core::Hash256& id) const;
  // When Tick has something to do; never later than that.
  std::optional<core::LedgerTime> next_timer() const;
  std::vector<WitnessView> Witnesses() const { return certifier_.Witnesses(); }

  // In force, and its exact bytes.
  const core::SettlementPolicy& policy() const { return policies_.latest(); }
  const std::string& policy_bytes() const { return policy_bytes_; }
  // Verifies what is signed ahead of Submit, on any thread: what was verified once is remembered.
  void VerifyAhead(const core::Envelope& terms) const;
  // Likewise a ledger's vote, ahead of OnPrepareReply.
  void VerifyVoteAhead(const std::string& vote) const;
  const QuoteDesk* venue() const { return options_.venue.get(); }
  const std::string& checkpoint() const { return checkpoint_; }  // signed note, latest
  // No record is earlier, whatever the clock says. The epoch when nothing was ever handed in.
  core::LedgerTime latest_time() const { return latest_; }
  // With the cosignatures that the policy in force needs. Empty before the first.
  const std::string& certified_checkpoint() const {
    return certifier_.certified(policies_.latest().hash).note;
  }
  // Of each witness that cosigned since the start, the latest checkpoint with its cosignature.
  std::vector<std::string> CosignedCheckpoints() const { return certifier_.CosignedCheckpoints(); }
  std::uint64_t size() const { return tree_.size(); }  // decision records
  core::Hash256 root() const { return tree_.Root(); }

  // The four that follow read the journal alone and, unlike all else, may be called from other
  // threads at any time: what they show is durable.
  std::uint64_t batch_count() const { return journal_->block_count(); }
  std::uint64_t record_count() const { return journal_->record_count(); }
  // As journaled (core::DecodeDecisionBatch): what subscribers get. NotFound past the end.
  absl::StatusOr<std::string> ReadBatchBytes(std::uint64_t number) const;
  // The batch that holds record `index`. NotFound past the end.
  absl::StatusOr<std::uint64_t> FindBatch(std::uint64_t index) const;

  // What a later start then need not read, of all that is written: to be called after Flush, when
  // that is durable, for WriteLogSnapshot. Copies 8 bytes each of the newest kRecentIds records and
  // an eighth of a byte of each other. With Options::ids only (checked).
  LogSnapshot Snapshot() const;
  // The records that opening took from a snapshot.
  std::uint64_t snapshot_records() const { return snapshot_records_; }
  // Why opening did not take a snapshot, newest first: for the log.
  const std::vector<std::string>& notes() const { return notes_; }

  // Replies of ledgers that went against a durable decision: zero unless a ledger is faulty.
  std::uint64_t contradictions() const { return contradictions_; }

 private:
  // What is kept of an open settlement: the content of its "pending/..." metadata, and once decided
  // its proof.
  struct OpenSettlement {
    core::TermsHeader header;
    core::Envelope terms;
    std::vector<std::string> legs;  // exact bytes; of a list its parts; none when aborted unseen
    std::vector<core::Leg> decoded_legs;        // of a single settlement
    std::vector<pvp::RequiredSigner> required;  // sorted, each once; payers and approvers
    core::LedgerTime submitted;
    std::optional<core::Rejection> rejection;
    core::Verdict verdict = core::Verdict::kNone;  // of the record
    std::string record;                            // empty: undecided
    std::uint64_t record_index = 0;                // in the log
    std::vector<std::string> votes;
    std::string completion;
    core::PositionSet committed;  // of a list, once decided

    std::size_t Bytes() const;
  };

  explicit BridgeEngine(Options options, core::PolicySet policies,
                        std::unique_ptr<store::Journal> journal);
  core::MerkleTree NewTree() const;
  absl::Status Replay();
  // The first batch that the snapshot lacks; 0 without one.
  std::uint64_t RestoreSnapshot();
  absl::Status RestoreSnapshotFrom(std::uint64_t batches);
  absl::Status ReadIdsBefore(std::uint64_t batch);
  absl::Status ReplayBlock(const store::Block& block);
  absl::Status ReplayIds(const core::DecisionBatch& batch);
  absl::Status RestorePending();
  absl::Status RestoreOrders();
  // Makes it ripe for its abort if a kept order is one of its terms.
  void FollowOrders(const core::Hash256& id);
  // Of a settlement that is not complete: its pending metadata, and its record if it has one.
  struct Resumed {
    core::Hash256 id;
    Pending pending;
    std::optional<std::uint64_t> record;
    core::DecidedSettlement decided;
  };
  absl::Status FindRecords(std::vector<Resumed>& resumed) const;
  absl::Status RestoreOne(Resumed resumed);
  std::optional<core::Rejection> CheckTerms(core::LedgerTime now,
                                            const core::TermsHeader& header) const;
  std::optional<core::Rejection> ReadLegs(std::vector<std::string> legs,
                                          OpenSettlement& into) const;
  std::optional<core::Rejection> ReadParts(std::vector<std::string> parts,
                                           OpenSettlement& into) const;
  std::optional<core::Rejection> CheckSignatures(const core::Envelope& envelope) const;
  std::optional<core::Rejection> MergeSignatures(const core::Envelope& envelope,
                                                 OpenSettlement& into) const;
  bool SignsForAny(const core::KeyId& key, const OpenSettlement& settlement) const;
  std::vector<pvp::RequiredSigner> Missing(const OpenSettlement& settlement) const;
  static pvp::Handover HandoverOf(const OpenSettlement& settlement,
                                  const std::vector<pvp::RequiredSigner>& missing);
  std::optional<core::Rejection> CheckSignaturesFit(const OpenSettlement& settlement) const;
  std::optional<core::Rejection> Countersign(core::LedgerTime now, OpenSettlement& settlement);
  std::variant<SettlementView, core::Rejection> AddSignatures(core::LedgerTime now,
                                                              const core::Envelope& envelope,
                                                              const std::vector<std::string>& legs,
                                                              const core::Hash256& id);
  std::variant<SettlementView, core::Rejection> KeepOrder(const core::Hash256& id,
                                                          const AbortOrder& order);
  absl::StatusOr<SettlementView> ReadView(const core::Hash256& id, std::uint64_t index) const;
  static void AddListTo(SettlementView& view, const core::TermsHeader& header,
                        const core::PositionSet& committed);
  static core::PositionSet CommittedOf(const core::TermsHeader& header,
                                       const std::vector<std::string>& votes);
  void AddOpen(const core::Hash256& id, OpenSettlement settlement);
  absl::StatusOr<std::vector<core::Hash256>> LeafHashes(std::uint64_t first,
                                                        std::uint64_t count) const;
  core::LedgerTime Clamp(core::LedgerTime now);
  absl::Status Write(core::LedgerTime now, std::span<const pvp::Judgement> judgements);
  absl::StatusOr<store::Block> MakeBlock(core::LedgerTime now,
                                         std::span<const pvp::Judgement> judgements);
  std::vector<store::MetaWrite> TakeMeta(bool writes_anyway);
  void ReleaseCertified(core::LedgerTime now);
  void Release();
  void Finish(std::vector<SettlementView> finished);
  absl::StatusOr<LedgerRequest> MakeRequest(const pvp::Request& request);
  void FillPrepare(const OpenSettlement& settlement, LedgerRequest& request) const;
  absl::StatusOr<core::DecidedSettlement> ReadDecided(std::uint64_t index) const;
  absl::StatusOr<core::Hash256> ReadId(std::uint64_t index) const;
  absl::StatusOr<core::Certificate> MakeCertificateOf(std::uint64_t index,
                                                      const std::string& record,
                                                      const std::vector<std::string>& votes) const;
  absl::Status RestoreCertified();

  Options options_;
  std::unique_ptr<const core::RememberingVerifier> verifier_;
  core::PolicySet policies_;
  std::string policy_bytes_;
  std::unique_ptr<store::Journal> journal_;
  pvp::Coordinator coordinator_;
  pvp::Certifier certifier_;
  absl::Status rolled_back_;
  // Settlements whose record, by its index, waits for its cosignatures.
  std::map<std::uint64_t, core::Hash256> uncertified_;
  bool certified_unsaved_ = false;
  core::MerkleTree tree_;
  std::uint64_t snapshot_records_ = 0;
  std::vector<std::string> notes_;
  // The batch that was read last: many lie in one.
  mutable std::optional<core::DecisionBatch> last_read_;
  std::string checkpoint_;
  core::LedgerTime latest_;
  DecidedIds decided_;
  absl::btree_map<core::Hash256, OpenSettlement> open_;
  std::set<core::Hash256> unsaved_;
  KeptOrders orders_;
  std::vector<core::Hash256> removals_;
  absl::btree_map<core::Hash256, SettlementView> finished_;
  std::deque<core::Hash256> finished_order_;
  std::vector<LedgerRequest> requests_;
  std::set<core::Hash256> changed_;
  std::uint64_t contradictions_ = 0;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_BRIDGE_ENGINE_H_
