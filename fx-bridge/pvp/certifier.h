// How the authority's decisions become certificates: which batches of the decision log to send to
// which witness, when to ask again, and which checkpoint has the cosignatures that a policy needs.
// A pure state machine like the coordinator beside it. docs/protocols/pvp.md, "Witnesses".
//
// Several batches may be under way to a witness at once; it answers with cosignatures of every
// checkpoint that it was sent. The largest checkpoint that enough witnesses cosigned certifies all
// records below it at once, so that a slow or dead witness beyond those needed delays nobody.
// Cosignatures are verified when there are enough of them, and no more than are needed.
//
// Under policies without witnesses a record is certified as soon as it is durable.
//
// Thread-compatible: one caller at a time.
#ifndef CAUSEWAY_FX_BRIDGE_PVP_CERTIFIER_H_
#define CAUSEWAY_FX_BRIDGE_PVP_CERTIFIER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fx-bridge/pvp/coordinator.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/policy_set.h"
#include "settlement/core/suite.h"
#include "settlement/core/witness_messages.h"

namespace causeway::pvp {

// Batches in one call to a witness, and calls under way to one witness, at most.
inline constexpr std::uint64_t kBatchesPerCallMax = 64;
inline constexpr std::size_t kWitnessCallsMax = 4;

// "Send this to that witness now": batches [first_batch, first_batch + batch_count) of the log,
// none to ask how far it is. The same may come again.
struct WitnessCall {
  std::string witness;  // name
  std::uint64_t first_batch = 0;
  std::uint64_t batch_count = 0;
  std::string known;  // core::WitnessRequest::known

  friend bool operator==(const WitnessCall&, const WitnessCall&) = default;
};

// A checkpoint that counts under a policy (core::VerifyDecisionCheckpoint).
struct CertifiedCheckpoint {
  std::uint64_t size = 0;
  std::string note;  // empty before the first, where witnesses are needed
};

// Where a witness stands, for operators.
struct WitnessView {
  std::string name;
  bool reached = false;        // it has answered since this process began
  std::uint64_t batches = 0;   // that it is known to hold
  std::uint64_t cosigned = 0;  // size of the largest checkpoint that it cosigned
  core::WitnessRefusal refusal = core::WitnessRefusal::kNone;
  std::string message;  // of the last refusal
};

class Certifier {
 public:
  // Retries and waits are those of `options`. `verifier` must outlive this.
  Certifier(const core::PolicySet& policies, const core::SignatureVerifier& verifier,
            const CoordinatorOptions& options);
  Certifier(const Certifier&) = delete;
  Certifier& operator=(const Certifier&) = delete;

  // For a restart, before anything else: the log as it is, and then what was certified of it
  // before. `note` is the log's signed checkpoint at `size`.
  void Restore(std::uint64_t batches, std::uint64_t size, const std::string& note);
  // The caller has verified that the log begins with the tree of `checkpoint`.
  void RestoreCertified(const core::Hash256& policy, CertifiedCheckpoint checkpoint);
  // Records under that policy wait for their certificate. (Those under the latest are taken to.)
  void Want(const core::Hash256& policy);

  // The log grew: its newest batch is durable, and `note` its signed checkpoint at `size`. The
  // batch has records under these policies.
  void OnDurable(core::LedgerTime now, std::uint64_t batches, std::uint64_t size,
                 const std::string& note, std::span<const core::Hash256> policies);

  // `root_at(size)` gives the root that the log had at a size up to its own. Where that cannot be
  // read, the answer proves nothing.
  using RootAt = std::function<absl::StatusOr<core::Hash256>(std::uint64_t size)>;
  // FailedPrecondition when the witness holds a checkpoint with this log's own signature that is
  // ahead of the log, or contradicts it: then the log has lost what it signed, and must not go on.
  absl::Status OnAnswer(core::LedgerTime now, std::string_view witness,
                        const core::WitnessAnswer& answer, const RootAt& root_at);
  // Nothing was heard.
  void OnFailed(core::LedgerTime now, std::string_view witness);
  void Tick(core::LedgerTime now);

  // Whether enough witnesses have answered since the start to be sure that the log is not behind
  // anything that was certified: w - needed + faulty_max + 1 of w, of every policy with witnesses
  // that has enough keys left to certify anything. What is decided before that could contradict
  // what was decided in an earlier life.
  bool MayDecide() const;

  // Verifies what there is enough of. Whether any policy's certified checkpoint grew.
  bool Certify();
  // Valid until the next change. `policy` is one of the set.
  const CertifiedCheckpoint& certified(const core::Hash256& policy) const;

  std::vector<WitnessCall> TakeCalls();
  // When Tick has something to do next.
  std::optional<core::LedgerTime> next_timer() const;
  std::vector<WitnessView> Witnesses() const;
  // As BridgeEngine::CosignedCheckpoints.
  std::vector<std::string> CosignedCheckpoints() const;

 private:
  enum class Phase {
    kRetired,  // the latest policy with its name gives that another key: it is not reached any more
    kWaiting,  // for the time to ask
    kAsked,    // how far it is
    kLocated,  // what it lacks is sent as it comes
  };
  struct Witness {
    std::string name;
    core::PublicKey key;
    Phase phase = Phase::kWaiting;
    bool reached = false;
    std::uint64_t held = 0;                // batches
    std::uint64_t sent = 0;                // batches, at least `held`
    std::vector<std::uint64_t> under_way;  // the end of each call's batches, rising
    std::uint32_t failures = 0;
    core::LedgerTime timer = core::LedgerTime::Min();    // to ask, or to give up; Max: none
    std::map<std::uint64_t, core::NoteSignature> lines;  // by size; not verified
    std::string latest_note;  // the log's, that it cosigned last, and its line
    core::NoteSignature latest_line;
    std::uint64_t latest_size = 0;
    core::WitnessRefusal refusal = core::WitnessRefusal::kNone;
    std::string message;
  };
  struct Policy {
    const core::SettlementPolicy* policy = nullptr;
    std::vector<std::size_t> witnesses;  // indices, in the policy's order
    CertifiedCheckpoint certified;
    std::uint64_t wanted = 0;  // the size above which nothing waits to be certified
    bool waits() const { return policy->witnesses_needed > 0 && certified.size < wanted; }
  };

  Witness* Find(std::string_view name);
  static std::string LatestOf(const Witness& witness);
  void Ask(core::LedgerTime now, Witness& witness);
  void Send(core::LedgerTime now, Witness& witness);
  void Fail(core::LedgerTime now, Witness& witness);
  absl::StatusOr<bool> IsProven(const Witness& witness, const core::WitnessAnswer& answer,
                                const RootAt& root_at) const;
  void Locate(Witness& witness, const core::WitnessAnswer& answer);
  bool LacksLineOf(const Witness& witness) const;
  void KeepLine(Witness& witness, std::uint64_t size, const core::NoteSignature& line);
  // Whether nothing waits for a witness: then those that do not answer are not asked.
  bool IsIdle() const { return MayDecide() && !AnyWaits(); }
  bool AnyWaits() const;
  bool CertifyAt(Policy& policy, std::uint64_t size, const std::string& note);
  void Prune();

  core::PolicySet policies_;
  const core::SignatureVerifier* verifier_;
  CoordinatorOptions options_;
  std::vector<Witness> witnesses_;
  std::vector<Policy> entries_;  // as policies_.all()
  std::uint64_t batches_ = 0;
  std::uint64_t size_ = 0;
  std::map<std::uint64_t, std::string> notes_;  // the log's, by size, from the last certified on
  std::vector<WitnessCall> calls_;
};

}  // namespace causeway::pvp

#endif  // CAUSEWAY_FX_BRIDGE_PVP_CERTIFIER_H_
