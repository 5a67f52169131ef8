// What a run, or many, exercised: one counter for each kind of fault and each transition of the
// protocol. A counter that stays at zero says what the runs prove nothing about. Plain values.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_COVERAGE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_COVERAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::sim {

enum class Covered : std::uint8_t {
  // Faults that took effect.
  kMessageDropped,
  kMessageDuplicated,
  kMessageDelayed,
  kMessageReordered,
  kMessageCutOneWay,
  kMessageCutBothWays,
  kMessageToStoppedNode,
  kCallRefused,
  kOverloaded,
  kCrashAtRest,
  kCrashInWrite,
  kCrashAfterWrite,
  kCrashOfLedger,
  kCrashOfBridge,
  kCrashOfObserver,
  kCrashOfWitness,
  kRestartStorm,
  kUnsyncedWriteLost,
  kUnsyncedWriteKept,
  kTornWriteRecovered,
  kBlockCorrupted,
  kMetadataCorrupted,
  kCorruptionDetected,
  kBlockRepairedFromCopy,
  kNodeStayedDown,
  kSlowWrite,
  kClockJumpedAhead,
  kClockJumpedBack,
  kClockDrifted,
  kSignatureWithheldByParty,
  kSignatureWithheldByCounterparty,
  kClientVanished,
  kTermsCarriedPastBridge,
  kOtherTermsSigned,
  kBridgeEquivocated,
  kBridgeInventedCommit,
  kBridgeEquivocatedBeforeWitnesses,
  kWitnessCosignedSecondLog,
  kWitnessSignedWrongly,
  kWitnessLostState,
  // The coordinator.
  kAwaitingSignatures,
  kPreparing,
  kCertifying,
  kCommitted,
  kSettled,
  kAborting,
  kAborted,
  kAbortedByRefusal,
  kAbortedByDeadline,
  kAbortedUnseen,
  kSubmissionRefused,
  kSubmissionRepeated,
  kPrepareRepeated,
  kCompletionRepeated,
  kResumedUndecided,
  kResumedDecided,
  kResumedCertifying,
  kStartedFromLogSnapshot,
  kDecidedIdsReadAgain,  // their index was lost
  kSeveralDecidedAtOnce,
  kListCommitted,
  kListCommittedInPart,
  // The witnesses.
  kCosigned,
  kSeveralCosignedAtOnce,
  kBatchesAnsweredAgain,
  kWitnessLackedBatches,
  kWitnessFoundFork,
  kWitnessFoundLostState,
  kWitnessRefused,
  // The ledgers.
  kPrepared,
  kPrepareRejected,
  kPrepareRefused,
  kPreparePastDeadline,
  kPrepareAnsweredAgain,
  kLatePrepareMetAbort,
  kBooked,
  kReleased,
  kTombstone,
  kCompletionAnsweredAgain,
  kCompletionRefused,
  kHoldOverRestart,
  kHoldOverFreeze,
  kHoldOverCutOff,
  kHoldPastDeadline,
  kListHeld,
  kListedLegRejected,
  kListedLegBooked,
  kListedLegReleased,
  kPaymentSettled,
  kPaymentRejected,
  kSwapSettled,
  // The other mechanisms, which drawn networks have in the profile "mechanisms" alone: trades as
  // their parties know them in the end, and stops of whoever runs one.
  kCrashOfOperator,
  kHtlcSettled,
  kHtlcReturned,
  kHtlcHalfDone,
  kNettingSettled,
  kNettingReturned,
  kSharedLedgerSettled,
  kSharedLedgerReturned,
  kClsSettled,
  kClsReturned,
  kQueueSettled,
  kQueueReturned,
  // Orders of courts, and changes of policies, keys and accounts, which drawn networks have in the
  // profile "interventions" alone.
  kOverrideSettled,
  kOverrideRejected,
  kOverrideMetHold,
  kOverrideBesideHold,
  kOverrideOfFrozen,
  kOverrideSignedByOne,
  kAbortOrdered,
  kAbortOrderedWhileHeld,
  kAbortOrderRejected,
  kAbortedByOrder,
  kAbortOrderTooLate,
  kAbortOrderUnproven,
  kAbortOrderKept,      // of a settlement that was not handed in
  kAbortedByKeptOrder,  // as soon as it was
  kOrderSeenByObserver,
  kPolicyAdded,
  kPolicyWithdrawn,
  kHoldOverPolicyChange,
  kHoldUnderWithdrawnPolicyResolved,
  kPrepareRefusedByPolicy,
  kCommittedUnderLaterPolicy,
  kWitnessJoined,
  kKeyAdded,
  kKeyRevoked,
  kHoldOverRevokedKey,
  kRefusedByKey,
  kAccountClosed,
  kAccountNotClosed,
  // What watches.
  kObserverCaughtUp,
  kFullRecount,
  kDrained,
  kCount,
};

inline constexpr std::size_t kCoveredCount = static_cast<std::size_t>(Covered::kCount);

// "message-dropped", ...: for reports.
std::string_view CoveredName(Covered what);

class Coverage {
 public:
  void Add(Covered what, std::uint64_t times = 1) {
    counts_[static_cast<std::size_t>(what)] += times;
  }
  std::uint64_t operator[](Covered what) const { return counts_[static_cast<std::size_t>(what)]; }
  void Merge(const Coverage& other) {
    for (std::size_t i = 0; i < kCoveredCount; ++i) counts_[i] += other.counts_[i];
  }

  friend bool operator==(const Coverage&, const Coverage&) = default;

 private:
  std::array<std::uint64_t, kCoveredCount> counts_{};
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_COVERAGE_H_
