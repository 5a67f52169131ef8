// Of a LedgerRuntime: what is done about items that need old parts of the log first.
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <utility>

#include "central-bank-node/runtime/access.h"
#include "central-bank-node/runtime/ledger_runtime_group.h"
#include "settlement/core/check.h"
#include "settlement/core/quote.h"
#include "settlement/rpc/log.h"

namespace causeway::node {

std::optional<std::uint64_t> RequestApproved(const core::Ledger& ledger,
                                             const core::AdmittedItem& item) {
  const auto* command = std::get_if<core::Command>(&item.body);
  if (command == nullptr || command->party != ledger.genesis().central_bank.participant) {
    return std::nullopt;
  }
  const auto* approve = std::get_if<core::Approve>(&command->action);
  if (approve == nullptr || approve->instruction.kind != core::ActionKind::kRequestIssue) {
    return std::nullopt;
  }
  const std::optional<core::AwaitingInstruction> request =
      ledger.FindAwaiting(approve->instruction);
  if (!request.has_value()) return std::nullopt;
  return request->instruction.entry_index;
}

// An approval has to name the RTGS transfer that the request for it named: approvers who look at
// one and sign for the other would issue against money that never came, or twice against money that
// came once. What the request says stands in the log alone, and this is asked before the approval
// is sequenced: what a journal holds is executed as it was. Without the gate, since it reads.
std::optional<core::Rejection> LedgerRuntime::CheckApproval(const core::AdmittedItem& item,
                                                            std::uint64_t request) const {
  const absl::StatusOr<core::Command> command = engine_->ReadCommand(request);
  if (!command.ok()) {
    ReportUnreadable(command.status());
    return Unreadable();
  }
  const auto& approve = std::get<core::Approve>(std::get<core::Command>(item.body).action);
  const auto* issue = std::get_if<core::RequestIssue>(&command->action);
  CW_CHECK(issue != nullptr, "the log has what the ledger executed");
  if (approve.rtgs_reference == issue->rtgs_reference) return std::nullopt;
  core::Rejection refused =
      Refusal(core::Outcome::kMalformed,
              fmt::format("approve.rtgs_reference: is {}; the request {} of {} names {}: approve "
                          "what it names, or refuse it",
                          core::Quoted(approve.rtgs_reference), approve.instruction.id.text(),
                          approve.instruction.party.text(), core::Quoted(issue->rtgs_reference)));
  refused.rule = "approve.rtgs_reference";
  return refused;
}

// Leaves in the batch what can be applied without reading the log. What cannot goes its own way,
// with whatever follows it in its group, and comes back when all is read.
void LedgerRuntime::RecallBatch(Batch& batch) {
  std::size_t kept = 0;
  std::shared_ptr<Group> away;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    const Batch::Place& place = batch.places[i];
    const std::shared_ptr<Group> group = place.group;
    const auto give_back = [&] {
      group->items[place.position] = std::move(batch.items[i]);
      group->admitted[place.position] = std::move(batch.admitted[i]);
    };
    if (group == away) {
      give_back();
      continue;
    }
    IndexedInstructions::Recall& recall = group->recalls[place.position];
    auto leaves = engine_->LeavesToRecall(batch.admitted[i], recall);
    if (!leaves.ok()) {
      ReportUnreadable(leaves.status());
      group->replies[place.position].result.refused = Unreadable();
      continue;
    }
    if (!leaves->empty()) {
      const std::size_t position = place.position;
      give_back();
      if (RecallLater(group, position, *std::move(leaves))) {
        away = group;
        std::erase(batch.complete, group);
      }
      continue;
    }
    batch.recalls.push_back(std::move(recall));
    if (kept != i) {
      batch.items[kept] = std::move(batch.items[i]);
      batch.admitted[kept] = std::move(batch.admitted[i]);
      batch.places[kept] = batch.places[i];
    }
    ++kept;
  }
  batch.items.resize(kept);
  batch.admitted.erase(batch.admitted.begin() + static_cast<std::ptrdiff_t>(kept),
                       batch.admitted.end());
  batch.places.resize(kept);
}

// Has the leaves read that the group's item at `position` needs, and the group sequenced from there
// on after that. Or refuses the item, when too many wait for the same: false.
bool LedgerRuntime::RecallLater(const std::shared_ptr<Group>& group, std::size_t position,
                                std::vector<IndexedInstructions::Missing> leaves) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (recalls_under_way_ >= limits_.recalls_max ||
        recall_bytes_under_way_ + group->bytes > limits_.recall_bytes_max) {
      group->admitted[position].reset();
      group->replies[position].result.refused = Refusal(
          core::Outcome::kOverloaded,
          fmt::format(
              "{} calls with repeats of old instructions are being looked up, of at most {} "
              "({} bytes); nothing was recorded, try again later",
              recalls_under_way_, limits_.recalls_max, limits_.recall_bytes_max));
      return false;
    }
    recalls_under_way_ += 1;
    recall_bytes_under_way_ += group->bytes;
    group->next = position;
    // It is there when its last items are not taken yet.
    std::erase(sequence_, group);
  }
  recall_pool_.Post([this, group, position, leaves = std::move(leaves)] {
    const absl::Status read = engine_->ReadLeaves(leaves, group->recalls[position]);
    if (!read.ok()) {
      ReportUnreadable(read);
      group->admitted[position].reset();
      group->replies[position].result.refused = Unreadable();
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      recalls_under_way_ -= 1;
      recall_bytes_under_way_ -= group->bytes;
      sequence_.push_front(group);
    }
    admitted_.notify_one();
  });
  return true;
}

void LedgerRuntime::ReportUnreadable(const absl::Status& status) const {
  constexpr std::chrono::seconds kPause(10);
  const std::string message = status.ToString();
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard<std::mutex> lock(report_mutex_);
    if (message == reported_ && now - reported_at_ < kPause) return;
    reported_ = message;
    reported_at_ = now;
  }
  rpc::Log("causeway-node",
           fmt::format("a part of the log cannot be read, and requests that need it are answered "
                       "with UNAVAILABLE; see \"causeway-node check\" ({})",
                       message));
}

}  // namespace causeway::node
