#include "fx-bridge/pvp/certifier.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/cosignature.h"
#include "settlement/core/decision_checkpoint.h"

namespace causeway::pvp {

Certifier::Certifier(const core::PolicySet& policies, const core::SignatureVerifier& verifier,
                     const CoordinatorOptions& options)
    : policies_(policies), verifier_(&verifier), options_(options) {
  for (const core::SettlementPolicy& policy : policies_.all()) {
    Policy& entry = entries_.emplace_back();
    entry.policy = &policy;
    for (const core::PolicyWitness& named : policy.witnesses) {
      std::size_t index = 0;
      while (index < witnesses_.size() &&
             (witnesses_[index].name != named.name || witnesses_[index].key != named.key)) {
        ++index;
      }
      if (index == witnesses_.size()) {
        Witness& witness = witnesses_.emplace_back();
        witness.name = named.name;
        witness.key = named.key;
      }
      entry.witnesses.push_back(index);
    }
  }
  // Behind a name stands the key that the latest policy to have the name gives it.
  std::map<std::string_view, std::size_t> in_force;
  for (const Policy& entry : entries_) {
    for (const std::size_t index : entry.witnesses) in_force[witnesses_[index].name] = index;
  }
  for (std::size_t i = 0; i < witnesses_.size(); ++i) {
    if (in_force.at(witnesses_[i].name) == i) continue;
    witnesses_[i].phase = Phase::kRetired;
    witnesses_[i].timer = core::LedgerTime::Max();
  }
}

Certifier::Witness* Certifier::Find(std::string_view name) {
  for (Witness& witness : witnesses_) {
    if (witness.name == name && witness.phase != Phase::kRetired) return &witness;
  }
  return nullptr;
}

void Certifier::Restore(std::uint64_t batches, std::uint64_t size, const std::string& note) {
  batches_ = batches;
  size_ = size;
  if (size > 0) notes_.emplace(size, note);
  for (Policy& entry : entries_) {
    if (entry.policy->witnesses_needed == 0) entry.certified = {size, note};
  }
  Want(policies_.latest().hash);
}

void Certifier::Want(const core::Hash256& policy) {
  for (Policy& entry : entries_) {
    if (entry.policy->hash == policy) entry.wanted = size_;
  }
}

void Certifier::RestoreCertified(const core::Hash256& policy, CertifiedCheckpoint checkpoint) {
  for (Policy& entry : entries_) {
    if (entry.policy->hash != policy || entry.policy->witnesses_needed == 0) continue;
    CW_CHECK(checkpoint.size <= size_, "the log holds what was certified");
    entry.certified = std::move(checkpoint);
  }
  Prune();
}

void Certifier::OnDurable(core::LedgerTime now, std::uint64_t batches, std::uint64_t size,
                          const std::string& note, std::span<const core::Hash256> policies) {
  CW_CHECK(batches > batches_ && size > size_, "a log grows");
  batches_ = batches;
  size_ = size;
  for (Policy& entry : entries_) {
    if (entry.policy->witnesses_needed == 0) entry.certified = {size, note};
  }
  if (witnesses_.empty()) return;
  for (const core::Hash256& policy : policies) Want(policy);
  notes_.emplace(size, note);
  for (Witness& witness : witnesses_) Send(now, witness);
}

// Empty when it has cosigned nothing since the start.
std::string Certifier::LatestOf(const Witness& witness) {
  if (witness.latest_note.empty()) return "";
  core::Note note = *core::ParseNote(witness.latest_note);
  note.signatures.push_back(witness.latest_line);
  return core::FormatNote(note);
}

std::vector<std::string> Certifier::CosignedCheckpoints() const {
  std::vector<std::string> notes;
  for (const Witness& witness : witnesses_) {
    if (std::string note = LatestOf(witness); !note.empty()) notes.push_back(std::move(note));
  }
  return notes;
}

void Certifier::Ask(core::LedgerTime now, Witness& witness) {
  WitnessCall call;
  call.witness = witness.name;
  call.known = LatestOf(witness);
  if (call.known.empty()) call.known = certified(policies_.latest().hash).note;
  witness.phase = Phase::kAsked;
  witness.timer = now + options_.answer_wait_max;
  calls_.push_back(std::move(call));
}

void Certifier::Send(core::LedgerTime now, Witness& witness) {
  if (witness.phase != Phase::kLocated) return;
  while (witness.sent < batches_ && witness.under_way.size() < kWitnessCallsMax) {
    WitnessCall call;
    call.witness = witness.name;
    call.first_batch = witness.sent;
    call.batch_count = std::min(batches_ - witness.sent, kBatchesPerCallMax);
    witness.sent += call.batch_count;
    witness.under_way.push_back(witness.sent);
    witness.timer = now + options_.answer_wait_max;
    calls_.push_back(std::move(call));
  }
}

// Once for all that was under way.
void Certifier::Fail(core::LedgerTime now, Witness& witness) {
  if (witness.phase == Phase::kWaiting) return;
  witness.phase = Phase::kWaiting;
  witness.under_way.clear();
  core::Duration delay = options_.retry_delay_first;
  for (std::uint32_t i = 0; i < witness.failures && delay < options_.retry_delay_max; ++i) {
    delay = delay + delay;
  }
  ++witness.failures;
  witness.timer = now + std::min(delay, options_.retry_delay_max);
}

void Certifier::OnFailed(core::LedgerTime now, std::string_view name) {
  if (Witness* witness = Find(name)) Fail(now, *witness);
}

bool Certifier::AnyWaits() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Policy& policy) { return policy.waits(); });
}

void Certifier::Tick(core::LedgerTime now) {
  const bool idle = IsIdle();
  for (Witness& witness : witnesses_) {
    if (witness.timer > now) continue;
    if (idle && witness.phase == Phase::kWaiting && witness.failures > 0) continue;
    if (witness.phase == Phase::kWaiting) {
      Ask(now, witness);
    } else {
      Fail(now, witness);  // the answer did not come
    }
  }
}

// Whether the witness proves how far it is: by the log's own signature, which is compared with the
// log.
absl::StatusOr<bool> Certifier::IsProven(const Witness& witness, const core::WitnessAnswer& answer,
                                         const RootAt& root_at) const {
  if (answer.checkpoint.empty()) return answer.size == 0 && answer.batches == 0;
  const absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(answer.checkpoint);
  const std::string_view origin = policies_.decision_log().text();
  if (!note.ok() || note->checkpoint.origin != origin || note->checkpoint.size != answer.size ||
      !core::VerifyCheckpoint(*note, origin, policies_.decision_log_key(), *verifier_).ok()) {
    return false;
  }
  const core::Checkpoint& held = note->checkpoint;
  if (held.size > size_) {
    return absl::FailedPreconditionError(fmt::format(
        "this decision log has {} records, and witness {} holds a checkpoint of {} with its "
        "signature: the log has lost records. It must not go on under its key",
        size_, witness.name, held.size));
  }
  const absl::StatusOr<core::Hash256> root = root_at(held.size);
  if (!root.ok()) return false;
  if (*root != held.root) {
    return absl::FailedPreconditionError(fmt::format(
        "this decision log has root {} at size {}, and witness {} holds a checkpoint with its "
        "signature and root {} there: it has signed two histories. It must not go on under its key",
        root->ToHex(), held.size, witness.name, held.root.ToHex()));
  }
  return true;
}

void Certifier::KeepLine(Witness& witness, std::uint64_t size, const core::NoteSignature& line) {
  if (line.key_name != witness.name ||
      line.key_id != core::CosignatureKeyId(witness.name, witness.key)) {
    return;
  }
  const auto note = notes_.find(size);
  if (note == notes_.end()) return;
  witness.lines[size] = line;
  if (size < witness.latest_size) return;
  witness.latest_size = size;
  witness.latest_note = note->second;
  witness.latest_line = line;
}

absl::Status Certifier::OnAnswer(core::LedgerTime now, std::string_view name,
                                 const core::WitnessAnswer& answer, const RootAt& root_at) {
  Witness* witness = Find(name);
  if (witness == nullptr) return absl::OkStatus();
  witness->refusal = answer.refusal;
  witness->message = answer.message;
  const absl::StatusOr<bool> proven = IsProven(*witness, answer, root_at);
  if (!proven.ok()) return proven.status();
  const bool goes_on =
      answer.refusal == core::WitnessRefusal::kNone || answer.refusal == core::WitnessRefusal::kGap;
  if (!goes_on || answer.batches > batches_) {
    Fail(now, *witness);  // asked again later
    return absl::OkStatus();
  }
  if (answer.refusal == core::WitnessRefusal::kGap && answer.batches < witness->held) {
    // It holds less than it did: it is shown at once what it cosigned.
    witness->under_way.clear();
    Ask(now, *witness);
    return absl::OkStatus();
  }
  for (const core::Cosigned& cosigned : answer.cosigned) {
    KeepLine(*witness, cosigned.size, cosigned.cosignature);
  }
  if (*proven) {
    Locate(*witness, answer);
  } else if (witness->phase != Phase::kLocated) {
    return absl::OkStatus();
  }
  // Answers may come late and out of order: what was held once is held.
  witness->held = std::max(witness->held, answer.batches);
  if (answer.refusal == core::WitnessRefusal::kGap) {
    witness->under_way.clear();
    witness->sent = witness->held;
  }
  witness->sent = std::max(witness->sent, witness->held);
  std::erase_if(witness->under_way, [&](std::uint64_t end) { return end <= witness->held; });
  witness->failures = 0;
  const bool waits = !witness->under_way.empty() || LacksLineOf(*witness);
  witness->timer = waits ? now + options_.answer_wait_max : core::LedgerTime::Max();
  Send(now, *witness);
  return absl::OkStatus();
}

// Whether something waits for the cosignature of this witness, which holds the whole log: it comes
// with the answer to another call, or was lost with it, and is then asked for.
bool Certifier::LacksLineOf(const Witness& witness) const {
  return witness.held == batches_ && !witness.lines.contains(size_) && AnyWaits();
}

void Certifier::Locate(Witness& witness, const core::WitnessAnswer& answer) {
  witness.phase = Phase::kLocated;
  witness.reached = true;
  witness.held = answer.batches;
  witness.sent = answer.batches;
  witness.under_way.clear();
  if (answer.checkpoint.empty()) return;
  const core::SignedCheckpoint note = *core::ParseCheckpoint(answer.checkpoint);
  for (const core::NoteSignature& line : note.signatures) KeepLine(witness, answer.size, line);
}

bool Certifier::MayDecide() const {
  return std::all_of(entries_.begin(), entries_.end(), [this](const Policy& entry) {
    const std::size_t needed = entry.policy->witnesses_needed;
    if (needed == 0) return true;
    std::size_t live = 0;
    std::size_t reached = 0;
    for (const std::size_t index : entry.witnesses) {
      if (witnesses_[index].phase != Phase::kRetired) ++live;
      if (witnesses_[index].reached) ++reached;
    }
    // Under one with too few keys left nothing is certified any more.
    if (live < needed) return true;
    // Never more than `needed`, because a policy is safe: 2k - w > f.
    return reached >= entry.witnesses.size() - needed + entry.policy->witnesses_faulty_max + 1;
  });
}

// Whether enough valid cosignatures of that checkpoint are there. Those that are not valid go.
bool Certifier::CertifyAt(Policy& policy, std::uint64_t size, const std::string& note) {
  const std::size_t needed = policy.policy->witnesses_needed;
  const auto has_line = [&](std::size_t index) { return witnesses_[index].lines.contains(size); };
  std::size_t there = static_cast<std::size_t>(
      std::count_if(policy.witnesses.begin(), policy.witnesses.end(), has_line));
  if (there < needed) return false;
  core::Note cosigned = *core::ParseNote(note);
  std::size_t valid = 0;
  for (const std::size_t index : policy.witnesses) {
    if (valid == needed || there < needed) break;
    Witness& witness = witnesses_[index];
    const auto line = witness.lines.find(size);
    if (line == witness.lines.end()) continue;
    if (core::VerifyCosignature(cosigned.text, line->second, witness.name, witness.key, *verifier_)
            .ok()) {
      cosigned.signatures.push_back(line->second);
      ++valid;
    } else {
      witness.lines.erase(line);
      witness.refusal = core::WitnessRefusal::kMalformed;
      witness.message = fmt::format("its cosignature of size {} does not verify", size);
      --there;
    }
  }
  if (valid < needed) return false;
  policy.certified = {size, core::FormatNote(cosigned)};
  return true;
}

bool Certifier::Certify() {
  bool grew = false;
  for (Policy& policy : entries_) {
    if (!policy.waits()) continue;
    for (auto note = notes_.rbegin(); note != notes_.rend(); ++note) {
      if (note->first <= policy.certified.size) break;
      if (!CertifyAt(policy, note->first, note->second)) continue;
      grew = true;
      break;
    }
  }
  if (grew) Prune();
  return grew;
}

// What is below everything that is certified, or asked for, serves nobody any more. The latest
// stays for witnesses that say how far they are.
void Certifier::Prune() {
  std::uint64_t lowest = size_;
  for (const Policy& policy : entries_) {
    if (policy.waits()) lowest = std::min(lowest, policy.certified.size);
  }
  notes_.erase(notes_.begin(), notes_.lower_bound(lowest));
  for (Witness& witness : witnesses_) {
    witness.lines.erase(witness.lines.begin(), witness.lines.lower_bound(lowest));
  }
}

const CertifiedCheckpoint& Certifier::certified(const core::Hash256& policy) const {
  for (const Policy& entry : entries_) {
    if (entry.policy->hash == policy) return entry.certified;
  }
  CW_CHECK(false, "a record is under a policy of the set");
  return entries_.back().certified;
}

std::vector<WitnessCall> Certifier::TakeCalls() { return std::exchange(calls_, {}); }

std::optional<core::LedgerTime> Certifier::next_timer() const {
  std::optional<core::LedgerTime> next;
  const bool idle = IsIdle();
  for (const Witness& witness : witnesses_) {
    if (witness.timer == core::LedgerTime::Max()) continue;
    if (idle && witness.phase == Phase::kWaiting && witness.failures > 0) continue;
    if (!next.has_value() || witness.timer < *next) next = witness.timer;
  }
  return next;
}

std::vector<WitnessView> Certifier::Witnesses() const {
  std::vector<WitnessView> views;
  for (const Witness& witness : witnesses_) {
    views.push_back({witness.name, witness.reached, witness.held, witness.latest_size,
                     witness.refusal, witness.message});
  }
  return views;
}

}  // namespace causeway::pvp
