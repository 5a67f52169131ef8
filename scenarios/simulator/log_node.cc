#include "scenarios/simulator/log_node.h"

#include <algorithm>
#include <utility>

#include "scenarios/simulator/observer_node.h"

namespace causeway::sim {

absl::StatusOr<std::unique_ptr<store::Journal>> OpenRepaired(VirtualDisk& disk,
                                                             const ObserverNode* observer,
                                                             NodeIndex log) {
  for (;;) {
    absl::StatusOr<std::unique_ptr<store::Journal>> journal = disk.Open();
    const std::optional<std::uint64_t> damaged = disk.damaged_block();
    if (journal.ok() || !damaged || observer == nullptr) return journal;
    const std::string* copy = observer->FindCopy(log, *damaged);
    if (copy == nullptr || !disk.Repair(*damaged, *copy)) return journal;
  }
}

absl::StatusOr<std::unique_ptr<store::Journal>> LogNode::OpenJournal() {
  return OpenRepaired(disk_, observer_, index());
}

void LogNode::BeginPublishing(std::uint64_t batches) {
  acknowledged_ = 0;
  heard_ = false;
  timer_set_ = false;
  resend_delay_ = kResendDelayFirst;
  sent_ = batches;
  // The last one makes the observer say what it has.
  if (observer_ != nullptr && batches > 0)
    After(core::Duration::Zero(), EventKind::kOther, [this] {
      if (SendBatches(sent_ - 1, sent_)) ScheduleResend();
    });
}

bool LogNode::Publish(std::uint64_t batches) {
  if (observer_ == nullptr || batches == sent_) return true;
  const std::uint64_t from = std::exchange(sent_, batches);
  if (!SendBatches(from, batches)) return false;
  ScheduleResend();
  return true;
}

bool LogNode::SendBatches(std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t number = from; number < to; ++number) {
    absl::StatusOr<std::string> bytes = ReadBatch(number);
    if (!bytes.ok()) {
      Die();
      return false;
    }
    auto shared = std::make_shared<const std::string>(*std::move(bytes));
    world_.network.Send(index(), observer_->index(), [this, number, shared = std::move(shared)] {
      observer_->OnBatch(index(), number, shared);
    });
  }
  return true;
}

void LogNode::OnAcknowledged(std::uint64_t batches) {
  if (!up()) return;
  heard_ = true;
  if (batches <= acknowledged_) return;
  acknowledged_ = batches;
  resend_delay_ = kResendDelayFirst;
}

std::string LogNode::Head() const {
  if (!up() || sent_ == 0) return "";
  const absl::StatusOr<std::string> batch = ReadBatch(sent_ - 1);
  return batch.ok() ? CheckpointOf(*batch) : "";
}

void LogNode::ScheduleResend() {
  // Else nothing is lost.
  if (timer_set_ || !world_.plan.NodesStop()) return;
  timer_set_ = true;
  After(resend_delay_, EventKind::kOther, [this] {
    timer_set_ = false;
    if (acknowledged_ >= sent_) return;
    world_.clock.CountTimer();
    resend_delay_ = std::min(resend_delay_ + resend_delay_, kResendDelayMax);
    const std::uint64_t from = heard_ ? acknowledged_ : sent_ - 1;
    if (SendBatches(from, std::min(sent_, from + kResentBatchesMax))) ScheduleResend();
  });
}

}  // namespace causeway::sim
