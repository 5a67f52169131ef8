// The coordinator of payment versus payment: which ledger to ask for what, when to ask again, and
// when a settlement is ripe for its decision. A pure state machine: events and time go in, effects
// come out; nothing here does input or output, reads a clock, starts a thread or draws a random
// number, and the same calls give the same effects. docs/protocols/pvp.md tells the protocol.
//
// The coordinator decides nothing by itself: Judge says what the decision is at the moment of
// writing, the caller makes the record durable (OnDecided), and OnCertified then lets the
// certificate out. It
// trusts what it is given: signatures, votes and the binding of legs are verified by the caller.
//
// Thread-compatible: one caller at a time.
#ifndef CAUSEWAY_FX_BRIDGE_PVP_COORDINATOR_H_
#define CAUSEWAY_FX_BRIDGE_PVP_COORDINATOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "settlement/core/outcome.h"
#include "settlement/core/settlement.h"

namespace causeway::pvp {

// The numbers are those of causeway.v1.SettlementState.
enum class SettlementState : std::uint8_t {
  kNone = 0,
  kAwaitingSignatures = 1,  // not every payer and approver has signed
  kPreparing = 2,           // the ledgers are asked to prepare; no decision yet
  kCommitted = 3,           // decided and durable: commit; the ledgers book
  kSettled = 4,             // every ledger has booked
  kAborting = 5,            // decided and durable: abort; the ledgers release
  kAborted = 6,             // every ledger has released, or tombstoned the id
  kCertifying = 7,          // decided and durable; waits for the witnesses' cosignatures
  // Never of what is open: not handed in, and to be aborted when it is.
  kAbortOrdered = 8,
};
// "awaiting-signatures", "preparing", ...: for people and reports.
std::string_view SettlementStateName(SettlementState state);

// Somebody who must sign the terms because of a leg on that ledger: its payer, or an approver.
struct RequiredSigner {
  core::LedgerOrigin ledger;
  core::ParticipantId participant;

  friend auto operator<=>(const RequiredSigner&, const RequiredSigner&) = default;
};

struct LedgerProgress {
  core::LedgerOrigin ledger;
  bool prepared = false;  // its vote is verified
  bool complete = false;  // it has carried out the decision
  // How often it was asked for what it is asked for now (to prepare, or once there is a decision to
  // complete), and why the latest attempt that failed did. Counted from the restart, if there was
  // one.
  std::uint32_t attempts = 0;
  std::optional<core::Rejection> failure;
  core::LedgerTime failed;  // the epoch without a failure
};

// Where a settlement stands. Holds no names but those whose signature is missing, and no amounts.
struct SettlementView {
  core::Hash256 settlement_id;
  SettlementState state = SettlementState::kNone;
  std::optional<core::Rejection> rejection;  // why it was, or is about to be, aborted
  core::LedgerTime deadline;
  core::LedgerTime submitted;
  core::LedgerTime decided;  // the epoch while undecided
  std::vector<LedgerProgress> ledgers;
  std::vector<core::ParticipantId> awaiting;  // sorted, each once
  // Of a settlement list, filled in by the engine: how many settlements are in it and, once it is
  // decided, which of them are committed.
  std::uint32_t list_count = 0;
  core::PositionSet list_committed;
};

// The place of an open settlement among all, oldest first. It stays while others end.
struct OpenPlace {
  core::LedgerTime submitted;
  core::Hash256 id;

  friend auto operator<=>(const OpenPlace&, const OpenPlace&) = default;
};

enum class RequestKind : std::uint8_t { kPrepare = 1, kComplete = 2 };

// "Ask this ledger now." The same request may come again: ledgers answer repeats alike.
struct Request {
  RequestKind kind = RequestKind::kPrepare;
  core::Hash256 settlement_id;
  core::LedgerOrigin ledger;
  std::uint32_t attempt = 1;  // counts from 1

  friend bool operator==(const Request&, const Request&) = default;
};

// A vote that the caller has verified (core::VerifyVote, and that ledger and id are those asked).
struct VerifiedVote {
  core::Hash256 hash;  // core::VoteHash
  std::string bytes;   // core::EncodeVote
};

// A decision to be written: what the record says.
struct Judgement {
  core::Hash256 settlement_id;
  core::Verdict verdict = core::Verdict::kNone;
  std::vector<VerifiedVote> votes;  // for a commit: one per ledger, in the order of the terms
  core::Rejection rejection;        // for an abort: why
};

// What open settlements take.
struct Load {
  std::size_t count = 0;
  std::size_t bytes = 0;

  friend bool operator==(const Load&, const Load&) = default;
};

// What a settlement brings with it, for the shares below.
struct Handover {
  std::size_t bytes = 0;  // of its terms and legs
  // Who handed it in: those whose signature it has, or who asked for its deadline to be judged.
  std::vector<core::ParticipantId> by;
};

// Nobody takes all the room that open settlements have (open_max, open_bytes_max). A new settlement
// is taken while each ledger in its terms is waited for by less than what is still free, and, if
// signatures are missing, while what those who have signed wait to be joined in is less than an
// eighth of what is free. So n dead ledgers and m participants leave the others at least
// 1 / (1 + n + m / 8) of the room, whatever they do.
inline constexpr std::size_t kSignerRoomDivisor = 8;
// Likewise for ids that somebody made known only to have them aborted.
inline constexpr std::size_t kAskerRoomDivisor = 16;

struct CoordinatorOptions {
  // A request is repeated this long after the first failure, then after twice that, and so on.
  core::Duration retry_delay_first = core::Duration::FromMillis(100);
  core::Duration retry_delay_max = core::Duration::FromSeconds(10);
  // Without any answer, a request counts as lost after this time. Longer than a call's deadline.
  core::Duration answer_wait_max = core::Duration::FromSeconds(15);
  // Settlements that may be open at once, and bytes of their terms and legs, in memory and in the
  // journal's metadata. What one ledger or participant may take of that is above.
  std::size_t open_max = 100'000;
  std::size_t open_bytes_max = std::size_t{512} * 1024 * 1024;

  // InvalidArgument names the field that is not positive, or the pair that is in the wrong order.
  absl::Status Check() const;
};

class Coordinator {
 public:
  // `options` must pass Check.
  explicit Coordinator(const CoordinatorOptions& options);

  // A settlement that is not known yet. `required` is sorted, each once; empty when nobody need
  // sign any more. Refuses: kSettlementConflict when it is open already, kPastDeadline when
  // now > deadline, kOverloaded, with what is full, when there is no room for it.
  std::optional<core::Rejection> Submit(core::LedgerTime now, const core::TermsHeader& terms,
                                        std::vector<RequiredSigner> required,
                                        Handover handover = {});
  // `signer` has signed. With the last of them, the ledgers are asked to prepare. Of no effect for
  // a settlement that is decided, or for who signed already.
  void OnSigned(core::LedgerTime now, const core::Hash256& id, const RequiredSigner& signer);
  // Makes an id that was never submitted known, to abort it: now > deadline (checked). The caller
  // has verified that the id was never decided. kOverloaded as in Submit.
  std::optional<core::Rejection> SubmitExpired(core::LedgerTime now, const core::TermsHeader& terms,
                                               Handover handover = {});

  // Answers of ledgers. Those to questions that are settled meanwhile, or that name a settlement or
  // ledger that is not open, have no effect. A refusal that may pass (kOverloaded, kUnavailable)
  // counts as a failure to send; any other refusal to prepare is definite.
  void OnPrepared(core::LedgerTime now, const core::Hash256& id, const core::LedgerOrigin& ledger,
                  VerifiedVote vote);
  void OnPrepareRefused(core::LedgerTime now, const core::Hash256& id,
                        const core::LedgerOrigin& ledger, const core::Rejection& rejection);
  void OnCompleted(core::LedgerTime now, const core::Hash256& id, const core::LedgerOrigin& ledger);
  // Nothing was heard (a lost call, a time-out), or nothing that answers the question; `why` is for
  // views.
  void OnFailed(core::LedgerTime now, RequestKind kind, const core::Hash256& id,
                const core::LedgerOrigin& ledger, const core::Rejection& why);

  // Somebody entitled wants it aborted: makes an open settlement without a decision ripe for its
  // abort, whatever votes are in. Of no effect for any other.
  void Abort(const core::Hash256& id, const core::Rejection& why);

  // Repeats what is due, and makes settlements whose deadline is past ripe for their abort.
  void Tick(core::LedgerTime now);

  // Whether Judge has anything to say.
  bool HasRipe() const { return !ripe_.empty(); }
  // The decisions of at most `count_max` ripe settlements, oldest first, judged at `now`: commit if
  // a vote of every ledger in the terms is in, no ledger refused, and now <= deadline; else abort.
  // Each is given once: the caller makes all of them durable and calls OnDecided, or stops for
  // good. `fills`, if any, is asked about each in turn: none follows one that it says yes to.
  std::vector<Judgement> Judge(core::LedgerTime now, std::size_t count_max,
                               const std::function<bool(const Judgement&)>& fills = nullptr);
  // The decision is durable. Nobody is told before there is a certificate.
  void OnDecided(core::LedgerTime now, const core::Hash256& id);
  // There is a certificate: the ledgers are asked to complete. After OnDecided, once.
  void OnCertified(core::LedgerTime now, const core::Hash256& id);

  // For a restart: a settlement that was decided before, not known to be complete. All its ledgers
  // are asked to complete at the next Tick, or, when it is not `certified` yet, by OnCertified.
  void RestoreDecided(const core::TermsHeader& terms, core::Verdict verdict,
                      core::LedgerTime submitted, core::LedgerTime decided,
                      const std::optional<core::Rejection>& rejection, bool certified = true,
                      Handover handover = {});
  // For a restart: an undecided settlement. Its ledgers are asked to prepare at the next Tick, or,
  // with `required` not empty, when the rest has signed.
  // What is restored is taken whether there is room or not.
  void RestoreUndecided(const core::TermsHeader& terms, core::LedgerTime submitted,
                        std::vector<RequiredSigner> required, Handover handover = {});

  // Requests since the last call, in the order in which they arose.
  std::vector<Request> TakeRequests();
  // Settlements whose view changed since the last call, sorted, each once.
  std::vector<core::Hash256> TakeChanged();
  // Settlements that became kSettled or kAborted since the last call. They are forgotten with this.
  std::vector<SettlementView> TakeFinished();

  bool IsOpen(const core::Hash256& id) const { return open_.contains(id); }
  std::optional<SettlementView> Find(const core::Hash256& id) const;
  std::vector<SettlementView> ListOpen() const;  // oldest first
  // The places of all, in order, or of those behind `after`.
  std::vector<OpenPlace> OpenPlaces(const std::optional<OpenPlace>& after) const;
  std::size_t open_count() const { return open_.size(); }
  // All that is open, and what of it waits for an answer of that ledger.
  const Load& load() const { return load_; }
  Load WaitingFor(const core::LedgerOrigin& ledger) const;
  // When Tick has something to do next; in the past for what is due now (after a restart).
  std::optional<core::LedgerTime> next_timer() const;

 private:
  struct LedgerState {
    core::LedgerOrigin ledger;
    std::optional<VerifiedVote> vote;
    bool complete = false;
    std::uint32_t attempts = 0;              // of the current kind of request
    core::LedgerTime retry_at;               // when the current request is made again
    std::optional<core::Rejection> failure;  // of the current kind of request, the latest
    core::LedgerTime failed;
    bool counted = false;  // in waiting_
  };
  struct Settlement {
    std::uint64_t order = 0;  // of arrival
    SettlementState state = SettlementState::kNone;
    core::LedgerTime deadline;
    core::LedgerTime submitted;
    core::LedgerTime decided;
    core::Verdict verdict = core::Verdict::kNone;  // set by Judge
    std::optional<core::Rejection> rejection;
    std::vector<LedgerState> ledgers;  // in the order of the terms
    std::vector<RequiredSigner> required;
    Handover handover;
    bool unseen = false;     // made known to be aborted: counts as its askers' while it is open
    bool counted = false;    // in handed_in_ or asked_
    core::LedgerTime timer;  // its place in timers_
  };
  using OpenMap = absl::btree_map<core::Hash256, Settlement>;

  Settlement& Add(const core::TermsHeader& terms, core::LedgerTime submitted, Handover handover);
  std::optional<core::Rejection> CheckRoom(const core::TermsHeader& terms,
                                           const Handover& handover) const;
  std::optional<core::Rejection> CheckShares(
      const Handover& handover, const absl::btree_map<core::ParticipantId, Load>& taken,
      std::size_t divisor, std::string_view what) const;
  // Brings what ledgers and participants are counted for up to date.
  void Count(Settlement& settlement);
  Settlement* FindUndecided(const core::Hash256& id);
  static LedgerState* FindLedger(Settlement& settlement, const core::LedgerOrigin& ledger);
  void StartPreparing(core::LedgerTime now, const core::Hash256& id, Settlement& settlement);
  void Ask(core::LedgerTime now, RequestKind kind, const core::Hash256& id, LedgerState& ledger);
  void AskDue(core::LedgerTime now, const core::Hash256& id, Settlement& settlement);
  void MarkRipe(const core::Hash256& id, const Settlement& settlement);
  void Touch(const core::Hash256& id) { changed_.insert(id); }
  void ResetTimer(const core::Hash256& id, Settlement& settlement);
  core::Duration RetryDelay(std::uint32_t attempts) const;
  static SettlementView ViewOf(const core::Hash256& id, const Settlement& settlement);

  CoordinatorOptions options_;
  OpenMap open_;
  Load load_;
  absl::btree_map<core::LedgerOrigin, Load> waiting_;     // for that ledger's answer
  absl::btree_map<core::ParticipantId, Load> handed_in_;  // and signatures are missing
  absl::btree_map<core::ParticipantId, Load> asked_;      // unseen, and open
  std::uint64_t next_order_ = 0;
  std::set<std::pair<core::LedgerTime, core::Hash256>> timers_;
  std::set<std::pair<std::uint64_t, core::Hash256>> ripe_;  // by order of arrival
  std::vector<Request> requests_;
  std::set<core::Hash256> changed_;
  std::vector<SettlementView> finished_;
};

}  // namespace causeway::pvp

#endif  // CAUSEWAY_FX_BRIDGE_PVP_COORDINATOR_H_
