#include "scenarios/simulator/ledger_node.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/store/memory_journal.h"

namespace causeway::sim {

absl::StatusOr<std::unique_ptr<LedgerNode>> LedgerNode::Create(
    const Plan& plan, LedgerIndex ledger, const KeyRing& keys,
    std::shared_ptr<const core::SignatureVerifier> verifier, VirtualClock& clock, Publish publish) {
  const PlannedLedger& planned = plan.ledgers[ledger];
  node::LedgerEngine::Options options{
      .signer = keys.ledger(ledger), .verifier = std::move(verifier), .salt_key = planned.salt_key};
  absl::StatusOr<std::unique_ptr<node::LedgerEngine>> engine = node::LedgerEngine::Open(
      planned.genesis, std::move(options),
      store::NewMemoryJournal(
          {.kind = "ledger", .name = planned.origin.ToString(), .genesis = planned.genesis.hash}));
  if (!engine.ok()) return engine.status();
  std::unique_ptr<LedgerNode> node(
      new LedgerNode(*std::move(engine), clock, plan.network.sync, std::move(publish)));
  node->PublishDurable();  // the genesis
  return node;
}

void LedgerNode::Submit(std::shared_ptr<const std::vector<core::Item>> items,
                        ItemsCallback callback) {
  queue_.push_back({std::move(items), std::move(callback), nullptr});
  if (!busy_) Start();
}

void LedgerNode::Read(ReadCallback callback) {
  queue_.push_back({nullptr, nullptr, std::move(callback)});
  if (!busy_) Start();
}

void LedgerNode::Start() {
  std::size_t count = 0;  // of messages
  std::size_t items = 0;
  while (count < queue_.size()) {
    const std::size_t more = queue_[count].items == nullptr ? 0 : queue_[count].items->size();
    if (items > 0 && items + more > kItemsPerSimulatedBatchMax) break;
    items += more;
    count += 1;
  }
  std::vector<Waiting> batch;
  if (count == queue_.size()) {
    batch.swap(queue_);
  } else {
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  busy_ = true;
  std::vector<node::ItemReply> replies;
  if (items > 0) replies = Execute(batch);
  clock_.After(items > 0 ? sync_ : core::Duration::Zero(),
               [this, batch = std::move(batch), replies = std::move(replies)]() mutable {
                 Finish(std::move(batch), std::move(replies));
               });
}

std::vector<node::ItemReply> LedgerNode::Execute(const std::vector<Waiting>& batch) {
  const std::vector<core::Item>* only = nullptr;
  std::size_t messages = 0;
  for (const Waiting& waiting : batch) {
    if (waiting.items == nullptr) continue;
    only = waiting.items.get();
    messages += 1;
  }
  std::vector<core::Item> together;  // only made when several messages meet
  if (messages > 1) {
    for (const Waiting& waiting : batch) {
      if (waiting.items == nullptr) continue;
      together.insert(together.end(), waiting.items->begin(), waiting.items->end());
    }
    only = &together;
  }
  absl::StatusOr<std::vector<node::ItemReply>> replies = engine_->Submit(clock_.now(), *only);
  CW_CHECK(replies.ok(), "a journal in memory does not fail");
  return *std::move(replies);
}

void LedgerNode::Finish(std::vector<Waiting> batch, std::vector<node::ItemReply> replies) {
  PublishDurable();
  auto next = replies.begin();
  for (Waiting& waiting : batch) {
    if (waiting.items == nullptr) {
      waiting.on_read(engine_->ledger());
      continue;
    }
    const auto end = next + static_cast<std::ptrdiff_t>(waiting.items->size());
    waiting.on_items(
        std::vector<node::ItemReply>(std::make_move_iterator(next), std::make_move_iterator(end)));
    next = end;
  }
  busy_ = false;
  if (!queue_.empty()) Start();
}

void LedgerNode::PublishDurable() {
  for (; published_ < engine_->batch_count(); ++published_) {
    absl::StatusOr<std::string> bytes = engine_->ReadBatchBytes(published_);
    CW_CHECK(bytes.ok(), "a journal in memory does not fail");
    publish_(*bytes);
  }
}

}  // namespace causeway::sim
