// The settlement queue of a live bridge: the state machine of fx-bridge/queue with its log, its
// members and the terms of what it settles. docs/protocols/settlement-queue.md tells the protocol.
//
// Use as of BridgeEngine: give it what happened, each with the time; then call Flush, which makes
// the events durable as one write; then tell callers what the views say, and hand in what
// TakeSubmissions gives at the bridge. Nothing may be told or handed in between an event and the
// Flush after it. After a restart the log gives the same state again, and what was handed in and
// has no outcome yet is among the first submissions, under the same terms: the bridge answers it
// as the first time.
//
// Reads no clock and starts no thread. Times that run backwards count as the latest that was given.
// Thread-compatible.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_DESK_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_DESK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fx-bridge/engine/key_directory.h"
#include "fx-bridge/engine/netted_terms.h"
#include "fx-bridge/engine/queue_event.h"
#include "fx-bridge/engine/queue_snapshot.h"
#include "fx-bridge/queue/settlement_queue.h"
#include "fx-bridge/venues/quote_desk.h"
#include "settlement/core/queued_trade.h"
#include "settlement/store/journal.h"
#include "settlement/store/snapshot.h"

namespace causeway::bridge {

inline constexpr char kQueueJournalKind[] = "settlement-queue";
// All payers of a set sign one envelope.
inline constexpr std::size_t kQueueMembersMax = core::kSignaturesPerEnvelopeMax;
inline constexpr std::size_t kQueueTradesDefault = 10'000;  // that have not ended
inline constexpr std::size_t kQueueTradesMax = 100'000;
// Of them, those of one member that its counterparty has not entered.
inline constexpr std::size_t kUnmatchedPerMemberMax = 1'000;
// Trades that are known at all. One that has ended is known until its time is over. Nobody takes
// all of that room: a trade counts as that of whoever entered it first, and another is taken while
// a member has fewer than are still free. So n members leave the others at least 1 / (1 + n) of it.
inline constexpr std::size_t kKnownTradesMax = 1'000'000;
// How far ahead the end of a trade's time may lie.
inline constexpr core::Duration kTradeValidityMax = core::Duration::FromHours(7 * 24);
// How long at least a trade that has ended is shown.
inline constexpr core::Duration kEndedTradeShown = core::Duration::FromHours(1);
// Runs that are shown.
inline constexpr std::size_t kQueueRunsKept = 100;

// A snapshot is due when the log has grown by so much, or by the length of the one before if that
// was more.
inline constexpr std::size_t kQueueSnapshotLogBytesMin = std::size_t{4} << 20;

using QueueMembers =
    std::map<core::ParticipantId, std::map<core::LedgerOrigin, core::AccountAddress>>;

struct QueueOptions {
  core::LedgerOrigin decision_log;  // of the bridge: what trades name
  core::Hash256 policy_hash;        // that sets are settled under
  std::shared_ptr<const KeyDirectory> keys;
  std::shared_ptr<const core::SignatureVerifier> verifier;
  // Who may have trades here, and the account of each on each ledger that it pays and is paid by.
  QueueMembers members;
  fx_queue::QueueRules rules;
  // From the end of the time to sign until the deadline of the terms.
  core::Duration settlement_window = core::Duration::FromSeconds(60);
  std::size_t trades_max = kQueueTradesDefault;
  std::size_t known_max = kKnownTradesMax;
  RandomSource random;
  // Where snapshots of the queue lie; may be null. Opening takes the newest that is good, and reads
  // the events that came later.
  std::shared_ptr<const store::SnapshotStore> snapshots;
  std::size_t snapshot_log_bytes_min = kQueueSnapshotLogBytesMin;
};

// Numbers are those of causeway.v1.QueuedTradeState.
enum class QueuedTradeState : std::uint8_t {
  kAwaitingCounterparty = 1,  // one party has entered it
  kWaiting = 2,
  kBeingSettled = 3,
  kSettled = 4,
  kReturned = 5,  // withdrawn, refused or out of time; `outcome` says why
};

struct QueuedTradeView {
  core::Hash256 id;
  std::string payload;  // exact bytes of the trade
  QueuedTradeState state = QueuedTradeState::kAwaitingCounterparty;
  fx_queue::SettlementQueue::WaitReason reason = fx_queue::SettlementQueue::WaitReason::kNone;
  std::vector<core::ParticipantId> entered;    // by whom
  std::vector<core::ParticipantId> withdrawn;  // by whom
  core::LedgerTime first_entered;
  core::LedgerTime since;  // both had entered it; the epoch: not yet
  core::LedgerTime ended;  // the epoch: not yet
  core::Rejection outcome{.outcome = core::Outcome::kAccepted};
  // Of the try that is under way, or that settled it. None for one that settled without a payment.
  std::optional<core::Hash256> settlement_id;
  std::uint32_t together = 0;  // trades in that settlement
};

struct QueueAttemptView {
  std::uint32_t attempt = 0;
  core::Hash256 settlement_id;
  std::vector<core::Hash256> trades;
  std::optional<core::Rejection> outcome;  // kAccepted: settled; none yet: under way
};

struct QueueRunView {
  std::uint64_t run = 0;
  core::LedgerTime began;
  std::uint32_t waiting = 0;  // trades that waited
  std::uint32_t accounts_asked = 0;
  std::uint32_t accounts_told = 0;     // before the time to answer was over
  std::vector<QueueAttemptView> sets;  // in the order in which they were selected
  std::vector<core::Hash256> settled_without_payment;
};

struct QueueFigures {
  std::uint64_t entered = 0;  // by both parties
  std::uint64_t settled_alone = 0;
  std::uint64_t settled_together = 0;
  std::uint64_t sets_settled = 0;
  std::uint64_t attempts_refused = 0;  // or not signed in time
  std::uint64_t returned = 0;          // withdrawn among them
  std::uint64_t runs = 0;
  std::size_t unmatched = 0;  // now
  std::size_t waiting = 0;    // now, those being settled among them
};

// What a member is asked.
struct FundsRequest {
  std::uint64_t run = 0;
  core::LedgerOrigin ledger;
  core::AccountAddress account;
};
struct SignatureRequest {
  std::uint32_t attempt = 0;
  NettedTerms terms;
  std::vector<std::pair<core::Hash256, std::string>> trades;  // the member's own: id, exact bytes
  core::LedgerTime until;
};
struct MemberRequests {
  std::vector<FundsRequest> funds;
  std::vector<SignatureRequest> signatures;
};

// To be handed in at the bridge, and again until the outcome is known.
struct QueueSubmission {
  std::uint32_t attempt = 0;
  core::Envelope terms;
  std::vector<std::string> legs;
};

class QueueDesk {
 public:
  static store::JournalIdentity JournalIdentityOf(const core::LedgerOrigin& decision_log);

  // InvalidArgument unless there are 2 to kQueueMembersMax, with accounts on at least two ledgers,
  // in one currency on each.
  static absl::Status CheckMembers(const QueueMembers& members);

  // Computes the state from the newest snapshot and the journal after it, or starts an empty queue.
  // Snapshots that are not good are no error (see notes). InvalidArgument names the option that is
  // wrong; DataLoss with the place when the journal contradicts itself.
  static absl::StatusOr<std::unique_ptr<QueueDesk>> Open(QueueOptions options,
                                                         std::unique_ptr<store::Journal> journal,
                                                         core::LedgerTime now);

  // A party, or the operator for parties (`caller` empty), brings a signed trade: it is entered by
  // each of its parties whose signature is there. The trade's id, or the refusal:
  //   kMalformed             not a trade, or its type is another; the field is named
  //   kWrongLedger           for another queue
  //   kPastValidUntil, kValidUntilTooFar
  //   kUnknownParticipant, kUnknownAccount, kWrongCurrency: a party is no member, or has no account
  //                          here on a ledger of the trade, or not in its currency
  //   kSenderNotEntitled     the caller is no party
  //   kUnknownKey, kBadSignature, kNotSignedByParty
  //   kOverloaded            too many trades
  // What a party has said already changes nothing; a trade that has ended is only shown.
  std::variant<core::Hash256, core::Rejection> Enter(core::LedgerTime now,
                                                     const core::ParticipantId& caller,
                                                     const core::Envelope& envelope);
  // As Enter, and kNotFound for a trade that is not known.
  std::variant<core::Hash256, core::Rejection> Withdraw(core::LedgerTime now,
                                                        const core::ParticipantId& caller,
                                                        const core::Envelope& envelope);
  // A member's answers. kNotFound when it is not, or no longer, asked.
  std::optional<core::Rejection> TellFunds(core::LedgerTime now, const core::ParticipantId& member,
                                           std::uint64_t run, const core::LedgerOrigin& ledger,
                                           core::Amount funds);
  // `signed_terms` are the terms that it was asked for; kMalformed when they are others,
  // kUnknownKey, kBadSignature, kNotSignedByParty.
  std::optional<core::Rejection> Sign(core::LedgerTime now, const core::ParticipantId& member,
                                      std::uint32_t attempt, const core::Envelope& signed_terms);
  // How the settlement of a submission ended on all ledgers: kAccepted, or why it did not settle.
  // Only what is final may come here. Nothing happens for an attempt that is over.
  void OnOutcome(core::LedgerTime now, std::uint32_t attempt, const core::Rejection& outcome);
  // Begins runs and ends times. Call it at next_timer().
  void Tick(core::LedgerTime now);

  // On any error the process must exit: what is durable is unknown.
  absl::Status Flush();
  // The state as of the last Flush, with nothing after it, for WriteQueueSnapshot. Errors are the
  // journal's.
  absl::StatusOr<QueueSnapshot> Snapshot() const;
  // The snapshot is, or is being, written.
  void OnSnapshot(const QueueSnapshot& snapshot);
  bool IsSnapshotDue() const;
  // The blocks that opening did not read, because a snapshot has their events.
  std::uint64_t replayed_from() const { return replayed_from_; }
  // Why opening did not take a snapshot, newest first: for the log.
  const std::vector<std::string>& notes() const { return notes_; }
  // Each once, and again after a restart.
  std::vector<QueueSubmission> TakeSubmissions();
  core::LedgerTime next_timer() const;

  bool IsMember(const core::ParticipantId& participant) const {
    return options_.members.contains(participant);
  }
  bool IsKnown(const core::Hash256& trade) const { return index_.contains(trade); }
  std::optional<QueuedTradeView> Look(const core::Hash256& id) const;
  // Of a trade that is known.
  bool IsParty(const core::Hash256& trade, const core::ParticipantId& participant) const;
  // In the order in which they were entered first: of `party`, or all when it is empty; those that
  // have ended only when asked for. At most `count_max`.
  std::vector<QueuedTradeView> List(const core::ParticipantId& party, bool ended,
                                    std::size_t count_max) const;
  MemberRequests RequestsFor(const core::ParticipantId& member) const;
  // Latest first.
  std::vector<QueueRunView> Runs() const { return {runs_.rbegin(), runs_.rend()}; }
  QueueFigures Figures() const;
  const QueueOptions& options() const { return options_; }

 private:
  using Queue = fx_queue::SettlementQueue;

  struct TradeRecord {
    core::Hash256 id;
    std::string payload;
    core::QueuedTrade trade;
    fx_queue::Trade indexed;
    fx_queue::MemberIndex first_by = 0;  // who entered it first
    core::LedgerTime first_entered;
    core::LedgerTime ended;
    std::optional<core::Hash256> settlement_id;  // that settled it
    std::uint32_t together = 0;
    bool expiry_told = false;

    template <typename Archive, typename Self>
    static void VisitState(Archive& archive, Self& self);
  };
  struct AttemptRecord {
    NettedTerms terms;  // empty until it is made
    core::Hash256 settlement_id;
    core::LedgerTime began;
    std::set<fx_queue::TradeIndex> trades;  // once it ends

    template <typename Archive, typename Self>
    static void VisitState(Archive& archive, Self& self);
  };

  explicit QueueDesk(QueueOptions options, std::unique_ptr<store::Journal> journal);
  // What computes from the events alone.
  template <typename Archive, typename Self>
  static void VisitState(Archive& archive, Self& self);
  static absl::StatusOr<std::unique_ptr<QueueDesk>> Restore(
      QueueOptions options, std::unique_ptr<store::Journal> journal);
  absl::Status ReadSnapshot(std::uint64_t blocks, const store::SnapshotStore& snapshots);
  absl::Status Replay();
  absl::Status CheckReplayed() const;
  // What may not be applied to this state: of events from the journal.
  bool MayApply(const QueueEvent& event) const;

  // Applies what happened and keeps it for the next Flush.
  void Happen(core::LedgerTime at, decltype(QueueEvent::what) what);
  void Apply(const QueueEvent& event);
  void ApplyOne(core::LedgerTime at, const QueueRuled& event);
  void ApplyOne(core::LedgerTime at, const TradeEntered& event);
  void ApplyOne(core::LedgerTime at, const TradeWithdrawn& event);
  void ApplyOne(core::LedgerTime at, const TradeExpired& event);
  void ApplyOne(core::LedgerTime at, const RunBegan& event);
  void ApplyOne(core::LedgerTime at, const FundsTold& event);
  void ApplyOne(core::LedgerTime at, const FundsTimeOver& event);
  void ApplyOne(core::LedgerTime at, const AttemptMade& event);
  void ApplyOne(core::LedgerTime at, const AttemptSigned& event);
  void ApplyOne(core::LedgerTime at, const SigningTimeOver& event);
  void ApplyOne(core::LedgerTime at, const AttemptEnded& event);
  void Carry(core::LedgerTime at, const Queue::Effects& effects);
  void EndTrade(core::LedgerTime at, const fx_queue::TellTradeEnd& tell);
  void EndAttempt(std::uint32_t number, const core::Rejection& outcome);
  void ForgetOld(core::LedgerTime at);
  void MakeTerms(core::LedgerTime at, std::uint32_t attempt);

  core::LedgerTime Clamp(core::LedgerTime now);
  std::optional<core::Rejection> CheckTrade(core::LedgerTime now,
                                            const core::QueuedTrade& trade) const;
  std::optional<core::Rejection> CheckRoom(const std::vector<core::ParticipantId>& signers) const;
  // Who of the trade's parties signed.
  std::variant<std::vector<core::ParticipantId>, core::Rejection> Signers(
      const core::Envelope& envelope, const core::QueuedTrade& trade) const;
  fx_queue::MemberIndex MemberOf(const core::ParticipantId& participant);
  std::optional<fx_queue::MemberIndex> FindMember(const core::ParticipantId& participant) const;
  fx_queue::LedgerIndex LedgerOf(const core::LedgerOrigin& ledger);
  core::AccountAddress AccountOf(fx_queue::MemberIndex member, fx_queue::LedgerIndex ledger) const;
  // Not, or no longer, a trade that one party has entered.
  bool EndUnmatched(fx_queue::TradeIndex index);
  QueuedTradeView ViewOf(fx_queue::TradeIndex index) const;
  QueueRunView* RunOf(std::uint64_t run);

  QueueOptions options_;
  std::unique_ptr<store::Journal> journal_;
  std::vector<QueueEvent> unsaved_;
  std::uint64_t replayed_from_ = 0;
  std::vector<std::string> notes_;
  std::size_t log_bytes_ = 0;  // since the last snapshot
  std::size_t snapshot_bytes_ = 0;
  core::LedgerTime latest_;
  core::LedgerTime next_run_;

  // What follows computes from the events alone.
  fx_queue::QueueRules rules_;
  Queue machine_;
  std::vector<core::ParticipantId> members_;  // by the machine's numbers, in order of appearance
  std::vector<core::LedgerOrigin> ledgers_;
  std::map<fx_queue::TradeIndex, TradeRecord> trades_;
  std::map<core::Hash256, fx_queue::TradeIndex> index_;
  fx_queue::TradeIndex trades_named_ = 0;
  std::set<std::pair<core::LedgerTime, fx_queue::TradeIndex>> expiries_;  // of those not ended
  std::set<std::pair<core::LedgerTime, fx_queue::TradeIndex>> forget_at_;
  std::map<fx_queue::TradeIndex, fx_queue::MemberIndex> unmatched_;  // who has entered it
  std::map<fx_queue::MemberIndex, std::size_t> unmatched_of_;        // how many of each
  std::map<fx_queue::MemberIndex, std::size_t> known_of_;            // entered first by each
  std::map<std::uint32_t, AttemptRecord> attempts_;                  // under way
  std::deque<QueueRunView> runs_;
  QueueFigures figures_;
  core::LedgerTime run_began_;

  // Of the event that is being applied.
  std::vector<std::uint32_t> to_make_;
  std::optional<std::uint32_t> ending_;  // attempt that ends by it
  std::set<std::uint32_t> to_submit_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_DESK_H_
