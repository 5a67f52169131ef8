#include "settlement/core/decision_checkpoint.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/cosignature.h"

namespace causeway::core {
namespace {

absl::Status CheckNumbers(std::int64_t n, std::int64_t k, std::int64_t f) {
  if (n == 0 && k == 0 && f == 0) return absl::OkStatus();
  if (n > static_cast<std::int64_t>(kPolicyWitnessesMax)) {
    return absl::InvalidArgumentError(
        fmt::format("witnesses: there are {}; the most is {}", n, kPolicyWitnessesMax));
  }
  const std::string numbers =
      fmt::format("with {} witnesses, witnesses_needed {} and witnesses_faulty_max {}", n, k, f);
  if (k > n - f) {
    return absl::InvalidArgumentError(
        fmt::format("witnesses_needed: {}, faulty witnesses can keep the rest from deciding: "
                    "needed must be at most witnesses - faulty = {}",
                    numbers, n - f));
  }
  if (2 * k - n <= f) {
    return absl::InvalidArgumentError(
        fmt::format("witnesses_needed: {}, two histories can both be cosigned: 2 * needed - "
                    "witnesses = {} must be more than faulty = {}",
                    numbers, 2 * k - n, f));
  }
  return absl::OkStatus();
}

absl::Status CheckWitnessKey(const SettlementPolicy& policy, std::size_t index) {
  const PublicKey& key = policy.witnesses[index].key;
  const auto fault = [index](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("witnesses[{}].key: {}", index, what));
  };
  // Simulations may model signatures, of witnesses too.
  if (key.suite != SuiteId::kEd25519Sha256 && key.suite != SuiteId::kModelled) {
    return fault(fmt::format("is of suite {}; a witness's key is Ed25519", SuiteName(key.suite)));
  }
  if (key == policy.decision_log_key) {
    return fault("is the decision log's; a witness has a key of its own");
  }
  for (const PolicyLedger& ledger : policy.ledgers) {
    if (key == ledger.key) {
      return fault(fmt::format("is that of ledger {}; a witness's key signs nothing else",
                               ledger.ledger.text()));
    }
  }
  for (std::size_t earlier = 0; earlier < index; ++earlier) {
    if (key == policy.witnesses[earlier].key) {
      return fault(fmt::format("is that of witnesses[{}] too; each has its own", earlier));
    }
  }
  return absl::OkStatus();
}

Rejection BadCheckpoint(std::string rule, std::string message) {
  Rejection rejection;
  rejection.outcome = Outcome::kBadCertificate;
  rejection.rule = std::move(rule);
  rejection.message = std::move(message);
  return rejection;
}

}  // namespace

absl::Status CheckWitnesses(const SettlementPolicy& policy) {
  if (absl::Status status = CheckNumbers(static_cast<std::int64_t>(policy.witnesses.size()),
                                         policy.witnesses_needed, policy.witnesses_faulty_max);
      !status.ok()) {
    return status;
  }
  for (std::size_t i = 0; i < policy.witnesses.size(); ++i) {
    const std::string& name = policy.witnesses[i].name;
    if (absl::Status status = CheckNoteKeyName(name); !status.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("witnesses[{}].name: {}", i, std::string(status.message())));
    }
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (name != policy.witnesses[earlier].name) continue;
      return absl::InvalidArgumentError(
          fmt::format("witnesses[{}].name: {} stands in the list twice", i, name));
    }
    if (absl::Status status = CheckWitnessKey(policy, i); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::size_t>> CosignersOf(const SignedCheckpoint& checkpoint,
                                                     const SettlementPolicy& policy,
                                                     const SignatureVerifier& verifier) {
  std::vector<std::size_t> cosigners;
  if (policy.witnesses.empty()) return cosigners;
  const std::string text = CheckpointText(checkpoint.checkpoint);
  for (std::size_t i = 0; i < policy.witnesses.size(); ++i) {
    const PolicyWitness& witness = policy.witnesses[i];
    bool cosigned = false;
    for (const NoteSignature& line : checkpoint.signatures) {
      if (line.key_name != witness.name) continue;
      absl::Status verified = VerifyCosignature(text, line, witness.name, witness.key, verifier);
      if (absl::IsNotFound(verified)) continue;  // another key under that name
      if (!verified.ok()) return verified;
      cosigned = true;
    }
    if (cosigned) cosigners.push_back(i);
  }
  return cosigners;
}

std::variant<Checkpoint, Rejection> VerifyDecisionCheckpoint(std::string_view note,
                                                             const SettlementPolicy& policy,
                                                             const SignatureVerifier& verifier) {
  absl::StatusOr<SignedCheckpoint> parsed = ParseCheckpoint(note);
  if (!parsed.ok()) return BadCheckpoint("checkpoint", std::string(parsed.status().message()));
  const std::string_view origin = policy.decision_log.text();
  if (parsed->checkpoint.origin != origin) {
    return BadCheckpoint("checkpoint.origin",
                         fmt::format("checkpoint is of log '{}'; the policy's decision log is '{}'",
                                     parsed->checkpoint.origin, origin));
  }
  const absl::Status signature =
      VerifyCheckpoint(*parsed, origin, policy.decision_log_key, verifier);
  if (!signature.ok())
    return BadCheckpoint("checkpoint.signature", std::string(signature.message()));
  const absl::StatusOr<std::vector<std::size_t>> cosigners = CosignersOf(*parsed, policy, verifier);
  if (!cosigners.ok()) {
    return BadCheckpoint("checkpoint.cosignatures", std::string(cosigners.status().message()));
  }
  if (cosigners->size() < policy.witnesses_needed) {
    Rejection rejection = BadCheckpoint(
        "checkpoint.cosignatures",
        fmt::format("{} of the {} witnesses in the policy cosigned the checkpoint of size {}; "
                    "must be {} or more",
                    cosigners->size(), policy.witnesses.size(), parsed->checkpoint.size,
                    policy.witnesses_needed));
    rejection.actual = static_cast<std::int64_t>(cosigners->size());
    rejection.required = policy.witnesses_needed;
    return rejection;
  }
  return std::move(parsed->checkpoint);
}

}  // namespace causeway::core
