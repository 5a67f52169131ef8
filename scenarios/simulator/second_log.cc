#include "scenarios/simulator/second_log.h"

#include <algorithm>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/decision_batch.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kBatchesPerPushMax = 64;

}  // namespace

SecondLog::SecondLog(World& world, const KeyRing& keys,
                     const std::vector<std::unique_ptr<WitnessNode>>& witnesses,
                     std::vector<std::string> batches, core::RandomStream& random)
    : world_(world),
      keys_(keys),
      witnesses_(witnesses),
      batches_(std::move(batches)),
      shown_(witnesses.size()) {
  for (const std::string& bytes : batches_) {
    const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(bytes);
    CW_CHECK(batch.ok(), "the engine writes batches that decode");
    for (const core::DecidedSettlement& decided : batch->decided) {
      tree_.Append(core::LeafHash(decided.record));
    }
  }
  for (const PlannedFault& fault : world_.plan.faults) {
    const auto* witness = std::get_if<ByzantineWitness>(&fault.what);
    if (witness == nullptr || witness->kind != ByzantineWitnessKind::kCosignAnything) continue;
    shown_[witness->witness].in_league = true;
  }
  std::vector<std::size_t> candidates;
  // Those of the first policy: the operator does not know who will join.
  const core::SettlementPolicy& policy = world_.plan.bridge->policy;
  for (std::size_t i = 0; i < policy.witnesses.size(); ++i) {
    if (!shown_[i].in_league) candidates.push_back(i);
  }
  const std::size_t spared = policy.witnesses.size() - policy.witnesses_needed;
  for (std::size_t i = 0; i < spared && !candidates.empty(); ++i) {
    const auto chosen =
        candidates.begin() + static_cast<std::ptrdiff_t>(random.Uniform(candidates.size()));
    shown_[*chosen].deceived = true;
    candidates.erase(chosen);
  }
}

void SecondLog::Abort(const core::Hash256& id, const core::Hash256& policy_hash,
                      core::LedgerTime now) {
  Record& made = records_[id];
  made.index = tree_.size();
  made.record.settlement_id = id;
  made.record.verdict = core::Verdict::kAbort;
  made.record.policy_hash = policy_hash;
  made.record.decided = now;
  core::DecisionBatch batch;
  batch.number = batches_.size();
  batch.first_index = tree_.size();
  batch.time = now;
  core::DecidedSettlement& decided = batch.decided.emplace_back();
  decided.record = core::EncodeDecisionRecord(made.record);
  tree_.Append(core::LeafHash(decided.record));
  const std::string origin = world_.plan.bridge->decision_log.ToString();
  absl::StatusOr<std::string> note =
      core::SignCheckpoint({origin, tree_.size(), tree_.Root(), {}}, origin, *keys_.decision_log());
  CW_CHECK(note.ok(), "keys of a plan sign");
  signed_[tree_.size()].note = *note;
  batch.checkpoint = *std::move(note);
  batches_.push_back(core::EncodeDecisionBatch(batch));
}

std::string SecondLog::MakeCompletion(const core::Hash256& id) const {
  const Record& record = records_.at(id);
  auto best = signed_.upper_bound(record.index);
  for (auto it = best; it != signed_.end(); ++it) {
    if (it->second.lines.size() >= best->second.lines.size()) best = it;
  }
  core::CompleteSettlement completion;
  completion.settlement_id = id;
  core::Certificate& certificate = completion.certificate;
  certificate.record = record.record;
  certificate.record_bytes = core::EncodeDecisionRecord(record.record);
  certificate.index = record.index;
  auto proof = tree_.InclusionProof(record.index, best->first);
  CW_CHECK(proof.ok(), "the second log holds its records");
  certificate.proof = *std::move(proof);
  absl::StatusOr<core::Note> note = core::ParseNote(best->second.note);
  CW_CHECK(note.ok(), "notes that were signed parse");
  const core::SettlementPolicy* policy = world_.plan.bridge->FindPolicy(record.record.policy_hash);
  CW_CHECK(policy != nullptr, "terms of a plan are under one of its policies");
  std::size_t needed = policy->witnesses_needed;
  for (const auto& [witness, line] : best->second.lines) {
    if (needed-- == 0) break;
    note->signatures.push_back(line);
  }
  certificate.checkpoint = core::FormatNote(*note);
  return codec::EncodeCompletion(completion);
}

bool SecondLog::Withholds(std::size_t witness) const {
  return shown_[witness].deceived || witnesses_[witness]->has_lost_state();
}

void SecondLog::Push() {
  for (std::size_t i = 0; i < shown_.size(); ++i) {
    const bool is_shown = shown_[i].in_league || Withholds(i);
    if (!is_shown || shown_[i].refuses || shown_[i].held >= batches_.size()) continue;
    WitnessNode& node = *witnesses_[i];
    auto request = std::make_shared<core::WitnessRequest>();
    const auto begin = batches_.begin() + static_cast<std::ptrdiff_t>(shown_[i].held);
    const std::size_t count = std::min(batches_.size() - shown_[i].held, kBatchesPerPushMax);
    request->batches.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    world_.network.Send(world_.nodes.Bridge(), node.index(), [this, &node, i, request] {
      node.SubmitSecond(*request, [this, &node, i](const witness::Answer& answer) {
        auto reply = std::make_shared<const witness::Answer>(answer);
        world_.network.Send(node.index(), world_.nodes.Bridge(),
                            [this, i, reply] { OnAnswer(i, *reply); });
      });
    });
  }
}

void SecondLog::OnAnswer(std::size_t witness, const core::WitnessAnswer& answer) {
  Shown& shown = shown_[witness];
  shown.refuses = answer.refusal == core::WitnessRefusal::kRefusing;
  const bool lacks = answer.refusal == core::WitnessRefusal::kGap;
  shown.held = lacks ? answer.batches : std::max(shown.held, answer.batches);
  for (const core::Cosigned& cosigned : answer.cosigned) {
    const auto size = signed_.find(cosigned.size);
    if (size != signed_.end()) size->second.lines[witness] = cosigned.cosignature;
  }
}

void SecondLog::Reveal(const std::string& checkpoint) {
  for (std::size_t i = 0; i < shown_.size(); ++i) {
    if (!shown_[i].deceived) continue;
    WitnessNode& node = *witnesses_[i];
    auto request = std::make_shared<core::WitnessRequest>();
    request->known = checkpoint;
    world_.network.Send(world_.nodes.Observer(), node.index(),
                        [&node, request] { node.Submit(*request, [](const witness::Answer&) {}); });
  }
}

}  // namespace causeway::sim
