#include "scenarios/simulator/ledger_node.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/queue_watch.h"
#include "settlement/core/batch.h"
#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

store::JournalIdentity IdentityOf(const PlannedLedger& planned) {
  return {.kind = "ledger", .name = planned.origin.ToString(), .genesis = planned.genesis.hash};
}

}  // namespace

LedgerNode::LedgerNode(World& world, LedgerIndex ledger, const KeyRing& keys,
                       std::shared_ptr<const core::SignatureVerifier> verifier,
                       ObserverNode* observer)
    : LogNode(world, world.nodes.Ledger(ledger), IdentityOf(world.plan.ledgers[ledger]), observer),
      ledger_(ledger),
      signer_(keys.ledger(ledger)),
      verifier_(std::move(verifier)) {}

absl::Status LedgerNode::Boot() {
  const PlannedLedger& planned = world_.plan.ledgers[ledger_];
  absl::StatusOr<std::unique_ptr<store::Journal>> journal = OpenJournal();
  if (!journal.ok()) return journal.status();
  node::LedgerEngine::Options options{
      .signer = signer_, .verifier = verifier_, .salt_key = planned.salt_key};
  absl::StatusOr<std::unique_ptr<node::LedgerEngine>> engine =
      node::LedgerEngine::Open(planned.genesis, std::move(options), *std::move(journal));
  if (!engine.ok()) return engine.status();
  engine_ = *std::move(engine);
  disk()->Sync();  // of the genesis, when it is new
  world_.checkers->OnLedgerStart(ledger_, *engine_, *disk());
  BeginPublishing(engine_->batch_count());
  return absl::OkStatus();
}

void LedgerNode::Stop() {
  engine_.reset();
  queue_.clear();
  busy_ = false;
}

absl::StatusOr<std::string> LedgerNode::ReadBatch(std::uint64_t number) const {
  return engine_->ReadBatchBytes(number);
}

std::string LedgerNode::CheckpointOf(const std::string& batch) const {
  const auto decoded = core::DecodeBatch(batch);
  CW_CHECK(decoded.ok(), "the engine writes batches that decode");
  return decoded->checkpoint;
}

void LedgerNode::Submit(std::shared_ptr<const std::vector<core::Item>> items,
                        ItemsCallback callback) {
  if (!up()) {
    world_.coverage.Add(Covered::kMessageToStoppedNode);
    return;
  }
  if (IsOverloaded()) {
    Refuse(*items, std::move(callback));
    return;
  }
  queue_.push_back({std::move(items), std::move(callback), nullptr});
  if (!busy_) Begin();
}

void LedgerNode::Refuse(const std::vector<core::Item>& items, ItemsCallback callback) {
  std::vector<node::ItemReply> replies(items.size());
  for (node::ItemReply& reply : replies) {
    reply.result.refused = core::Rejection{.outcome = core::Outcome::kOverloaded};
  }
  callback(replies);
}

void LedgerNode::Read(ReadCallback callback) {
  if (!up()) {
    world_.coverage.Add(Covered::kMessageToStoppedNode);
    return;
  }
  queue_.push_back({nullptr, nullptr, std::move(callback)});
  if (!busy_) Begin();
}

void LedgerNode::ReadReceipt(std::uint64_t entry_index, ReceiptCallback callback) {
  Read([this, entry_index, callback = std::move(callback)](const core::Ledger&) mutable {
    const absl::StatusOr<node::Receipt> receipt = engine_->GetReceipt(entry_index);
    if (receipt.ok()) {
      callback(*receipt);
    } else {
      // Not at once: others are being answered.
      After(core::Duration::Zero(), EventKind::kOther, [this] { Die(); });
    }
  });
}

void LedgerNode::Begin() {
  std::size_t count = 0;  // of messages
  std::vector<core::Item> gathered;
  std::size_t size = 0;
  while (count < queue_.size()) {
    const Waiting& next = queue_[count];
    const std::size_t more = next.items == nullptr ? 0 : next.items->size();
    if (size > 0 && size + more > kItemsPerSimulatedBatchMax) break;
    size += more;
    count += 1;
  }
  // Most batches are one message, whose items need not be copied.
  const std::shared_ptr<const std::vector<core::Item>> only =
      count == 1 ? queue_.front().items : nullptr;
  for (std::size_t i = 0; i < count && only == nullptr; ++i) {
    if (queue_[i].items == nullptr) continue;
    gathered.insert(gathered.end(), queue_[i].items->begin(), queue_[i].items->end());
  }
  const std::vector<core::Item>& items = only != nullptr ? *only : gathered;
  UnderWay under_way;
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  under_way.waiting.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  busy_ = true;
  if (items.empty()) {
    After(core::Duration::Zero(), EventKind::kOther,
          [this, under_way = std::move(under_way)]() mutable { Finish(std::move(under_way)); });
    return;
  }
  absl::StatusOr<Executed> executed = Execute(items);
  if (!executed.ok()) {
    Die();
    return;
  }
  under_way.executed = *std::move(executed);
  Write([this, under_way = std::move(under_way)]() mutable { Finish(std::move(under_way)); });
}

absl::StatusOr<LedgerNode::Executed> LedgerNode::Execute(const std::vector<core::Item>& items) {
  const core::LedgerTime at = now();
  Executed executed;
  executed.replies.resize(items.size());
  std::vector<core::Item> accepted;
  std::vector<core::AdmittedItem> admitted;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto checked = engine_->Admit(items[i]);
    if (auto* refused = std::get_if<core::Rejection>(&checked)) {
      executed.replies[i].result.refused = std::move(*refused);
      continue;
    }
    accepted.push_back(items[i]);
    admitted.push_back(std::move(std::get<core::AdmittedItem>(checked)));
    positions.push_back(i);
  }
  if (accepted.empty()) return executed;
  const std::unique_ptr<node::PendingBatch> pending =
      engine_->Apply(at, std::move(accepted), std::move(admitted));
  if (absl::Status sealed = engine_->Seal(*pending); !sealed.ok()) return sealed;
  node::PendingBatch* const batch = pending.get();
  if (absl::Status appended = engine_->Commit({&batch, 1}); !appended.ok()) return appended;
  std::vector<node::ItemReply> replies = engine_->TakeReplies(*pending);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    executed.replies[positions[i]] = std::move(replies[i]);
  }
  executed.header = pending->result.header;
  executed.entries = std::move(pending->result.entries);
  executed.packed = !pending->result.bulks.empty();
  return executed;
}

void LedgerNode::Show(const Executed& executed) {
  if (executed.entries.empty()) return;
  world_.checkers->OnLedgerBatch(ledger_, executed.header, executed.entries, executed.packed,
                                 *engine_, *disk());
  if (world_.queue_watch != nullptr) {
    world_.queue_watch->OnBatch(world_.clock.now(), ledger_, executed.entries, engine_->ledger());
  }
}

void LedgerNode::Finish(UnderWay under_way) {
  const Executed& executed = under_way.executed;
  Show(executed);
  if (!PublishAll()) return;
  std::size_t next = 0;
  for (Waiting& waiting : under_way.waiting) {
    if (waiting.items == nullptr) {
      waiting.on_read(engine_->ledger());
      continue;
    }
    const auto begin = executed.replies.begin() + static_cast<std::ptrdiff_t>(next);
    next += waiting.items->size();
    const auto end = executed.replies.begin() + static_cast<std::ptrdiff_t>(next);
    if (under_way.waiting.size() == 1) {
      waiting.on_items(executed.replies);
    } else {
      waiting.on_items(std::vector<node::ItemReply>(begin, end));
    }
  }
  busy_ = false;
  if (!queue_.empty()) Begin();
}

}  // namespace causeway::sim
