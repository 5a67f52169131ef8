#include "central-bank-node/runtime/ledger_runtime.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "central-bank-node/runtime/access.h"
#include "central-bank-node/runtime/disk_room.h"
#include "central-bank-node/runtime/ledger_runtime_group.h"
#include "settlement/core/check.h"
#include "settlement/core/settlement_list.h"
#include "settlement/rpc/log.h"

namespace causeway::node {
namespace {

// One caller alone leaves one part in so many of what may be under way to others that may come.
constexpr std::size_t kLeftForOthers = 8;
constexpr std::chrono::minutes kTellNoRoomInterval{1};

std::size_t BytesOf(const core::Item& item) {
  std::size_t bytes = item.envelope.payload.size();
  for (const core::Signature& signature : item.envelope.signatures) {
    bytes += signature.signature.size();
  }
  for (const std::string& attachment : item.attachments) bytes += attachment.size();
  return bytes;
}

// How many instructions it may record: a batch holds so many at most, and the key index has room
// for the keys of one batch.
std::size_t InstructionsOf(const core::AdmittedItem& item, const core::Ledger& ledger) {
  if (const auto* command = std::get_if<core::Command>(&item.body)) {
    const auto* batch = std::get_if<core::PayBatch>(&command->action);
    return batch == nullptr ? 1 : batch->payments.size();
  }
  if (const auto* bulk = std::get_if<core::Bulk>(&item.body)) return bulk->payments.size();
  if (const auto* prepare = std::get_if<core::PrepareSettlement>(&item.body)) {
    return prepare->legs.size();
  }
  if (const auto* list = std::get_if<core::PrepareList>(&item.body)) return list->legs.size();
  if (item.unverified) return 1;  // it records nothing
  const auto& completion = std::get<core::CompleteSettlement>(item.body);
  const core::SettlementState* settlement = ledger.FindSettlement(completion.settlement_id);
  // A prepare that waits before it may make it complete a whole list: more of these in a batch than
  // fit could make a block that nobody can be sent.
  if (settlement == nullptr) return core::kListSettlementsMax;
  if (settlement->list != nullptr) return settlement->list->legs.size();
  return std::max<std::size_t>(1, settlement->legs.size());
}

core::Rejection Stopping() {
  return Refusal(core::Outcome::kUnavailable, "the node is stopping; try again once it is back");
}

core::Rejection Dropped() {
  return Refusal(core::Outcome::kUnavailable,
                 "the caller went away or its deadline passed before this was sequenced; nothing "
                 "was recorded");
}

[[noreturn]] void ExitOutcomeUnknown(const absl::Status& status) {
  rpc::Log("causeway-node",
           fmt::format("the journal or the signing key failed, and whether the batch under way is "
                       "durable is unknown: stopping without answering it; start again to find out "
                       "({})",
                       status.ToString()));
  ::_exit(kOutcomeUnknownExitStatus);
}

}  // namespace

bool LedgerRuntime::Batch::HasRoomFor(std::size_t more_instructions, std::size_t more_bytes) const {
  if (items.empty()) return true;
  return items.size() < core::kItemsPerBatchMax &&
         instructions + more_instructions <= kBatchInstructionsMax &&
         bytes + more_bytes <= kBatchBytesMax;
}

LedgerRuntime::LedgerRuntime(std::unique_ptr<LedgerEngine> engine, RuntimeLimits limits,
                             Clock clock)
    : limits_(limits),
      clock_(std::move(clock)),
      engine_(std::move(engine)),
      pool_(limits.threads),
      query_pool_(limits.query_threads),
      history_pool_(limits.query_threads, kHistoryNiceness),
      recall_pool_(1),
      applied_batches_(kBatchesPerStageMax),
      sealed_batches_(kBatchesPerStageMax),
      sequencer_([this] { Sequence(); }),
      sealer_([this] { SealAll(); }),
      committer_([this] { CommitAll(); }) {
  CW_CHECK(limits.items_max > 0 && limits.bytes_max >= kBatchBytesMax && limits.tasks_max > 0,
           "limits leave room for work");
}

LedgerRuntime::~LedgerRuntime() { Stop(); }

void LedgerRuntime::SetListener(std::function<void()> listener) {
  const std::lock_guard<std::mutex> lock(mutex_);
  listener_ = std::move(listener);
}

void LedgerRuntime::SetFreeBytes(std::function<std::uint64_t()> free_bytes) {
  free_bytes_ = std::move(free_bytes);
}

// With the lock held. Why nothing more can be recorded, if so.
std::optional<core::Rejection> LedgerRuntime::NoRoom(std::size_t bytes) {
  std::string why;
  if (engine_->size() >= limits_.leaves_max) {
    why = "the log of this ledger is full";
  } else if (free_bytes_ &&
             free_bytes_() < kDiskBytesKept + kDiskBytesPerByte * (bytes_under_way_ + bytes)) {
    why = "the disk of this ledger is full";
  } else {
    return std::nullopt;
  }
  const auto now = std::chrono::steady_clock::now();
  if (no_room_told_at_ == std::chrono::steady_clock::time_point() ||
      now - no_room_told_at_ >= kTellNoRoomInterval) {
    no_room_told_at_ = now;
    rpc::Log("causeway-node", why + ": nothing more is recorded, queries go on");
  }
  return Refusal(core::Outcome::kUnavailable,
                 why + "; nothing was recorded, queries go on; try again once there is room");
}

// With the lock held. Below one half of what there is nobody needs a share.
bool LedgerRuntime::ExceedsShare(const std::string& caller, std::size_t Share::*part,
                                 std::size_t more, std::size_t total, std::size_t most) const {
  if (caller.empty() || total + more <= most / 2) return false;
  const auto own = shares_.find(caller);
  const std::size_t others = shares_.size() - (own != shares_.end() ? 1 : 0);
  const std::size_t share =
      others == 0 ? most - most / kLeftForOthers : std::max<std::size_t>(1, most / (others + 1));
  return (own != shares_.end() ? own->second.*part : 0) + more > share;
}

// With the lock held.
void LedgerRuntime::Return(const std::string& caller, const Share& what) {
  if (caller.empty()) return;
  const auto own = shares_.find(caller);
  CW_CHECK(own != shares_.end(), "what is returned was taken");
  Share& left = own->second;
  left.items -= what.items;
  left.bytes -= what.bytes;
  left.tasks -= what.tasks;
  if (left.items == 0 && left.bytes == 0 && left.tasks == 0) shares_.erase(own);
}

std::optional<core::Rejection> LedgerRuntime::Reserve(std::size_t items, std::size_t bytes,
                                                      const std::string& caller) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return Stopping();
  if (items > 0) {
    if (std::optional<core::Rejection> no_room = NoRoom(bytes)) return no_room;
  }
  if (items_under_way_ + items > limits_.items_max ||
      bytes_under_way_ + bytes > limits_.bytes_max) {
    return Refusal(
        core::Outcome::kOverloaded,
        fmt::format("{} envelopes ({} bytes) are under way, of at most {} ({} bytes); "
                    "nothing was recorded, try again later",
                    items_under_way_, bytes_under_way_, limits_.items_max, limits_.bytes_max));
  }
  if (ExceedsShare(caller, &Share::items, items, items_under_way_, limits_.items_max) ||
      ExceedsShare(caller, &Share::bytes, bytes, bytes_under_way_, limits_.bytes_max)) {
    return Refusal(core::Outcome::kOverloaded,
                   "this caller's share of what may be under way is used up; nothing was recorded, "
                   "try again later");
  }
  if (!caller.empty() && (items > 0 || bytes > 0)) {
    Share& own = shares_[caller];
    own.items += items;
    own.bytes += bytes;
  }
  items_under_way_ += items;
  bytes_under_way_ += bytes;
  groups_under_way_ += 1;
  groups_open_ += items > 0 ? 1 : 0;
  return std::nullopt;
}

void LedgerRuntime::Submit(std::vector<core::Item> items, Entitlement entitled,
                           std::function<bool()> abandoned, Replies done,
                           const std::string& caller) {
  const auto group =
      Enter(std::move(items), std::move(entitled), std::move(abandoned), std::move(done), caller);
  if (group != nullptr) AdmitLater(group);
}

std::function<void()> LedgerRuntime::SubmitOrWork(std::vector<core::Item> items,
                                                  Entitlement entitled,
                                                  std::function<bool()> abandoned, Replies done,
                                                  const std::string& caller) {
  const auto group =
      Enter(std::move(items), std::move(entitled), std::move(abandoned), std::move(done), caller);
  if (group == nullptr) return nullptr;
  if (group->items.size() == 1 && IsAlone(*group)) return [this, group] { AdmitOne(group, 0); };
  AdmitLater(group);
  return nullptr;
}

// Null when nothing is left to admit: it is refused, or empty.
std::shared_ptr<LedgerRuntime::Group> LedgerRuntime::Enter(std::vector<core::Item> items,
                                                           Entitlement entitled,
                                                           std::function<bool()> abandoned,
                                                           Replies done,
                                                           const std::string& caller) {
  auto group = std::make_shared<Group>();
  for (const core::Item& item : items) group->bytes += BytesOf(item);
  const std::size_t count = items.size();
  group->items = std::move(items);
  group->admitted.resize(count);
  group->instructions.resize(count);
  group->recalls.resize(count);
  group->replies.resize(count);
  group->entitled = std::move(entitled);
  group->abandoned = std::move(abandoned);
  group->done = std::move(done);
  group->caller = caller;
  group->admissions_left = count;
  if (std::optional<core::Rejection> refused = Reserve(count, group->bytes, caller)) {
    for (ItemReply& reply : group->replies) reply.result.refused = *refused;
    group->done(std::move(group->replies));
    return nullptr;
  }
  if (count == 0) {
    pool_.PostUrgent([this, group] { Answer({&group, 1}); });
    return nullptr;
  }
  return group;
}

void LedgerRuntime::AdmitLater(const std::shared_ptr<Group>& group) {
  for (std::size_t position = 0; position < group->items.size(); ++position) {
    pool_.Post([this, group, position] { AdmitOne(group, position); });
  }
}

void LedgerRuntime::AdmitOne(const std::shared_ptr<Group>& group, std::size_t position) {
  ItemReply& reply = group->replies[position];
  if (group->Abandoned()) {
    reply.result.refused = Dropped();
  } else {
    const core::Item& item = group->items[position];
    std::vector<std::optional<core::PublicKey>> keys;
    if (!item.envelope.signatures.empty()) {
      const auto lock = gate_.Read();
      keys = engine_->ledger().KeysOf(item.envelope);
    }
    // Without the gate, which the sequencer waits for: this takes most of the time.
    auto examined = engine_->Examine(item, keys);
    VerifyCertificate(examined);
    auto lock = gate_.Read();
    auto checked = engine_->Admit(std::move(examined));
    if (auto* refused = std::get_if<core::Rejection>(&checked)) {
      reply.result.refused = std::move(*refused);
    } else {
      auto& admitted = std::get<core::AdmittedItem>(checked);
      if (group->entitled) reply.result.refused = group->entitled(engine_->ledger(), admitted);
      if (!reply.result.refused) {
        group->instructions[position] = InstructionsOf(admitted, engine_->ledger());
        const std::optional<std::uint64_t> request = RequestApproved(engine_->ledger(), admitted);
        lock.unlock();
        if (request.has_value()) reply.result.refused = CheckApproval(admitted, *request);
        if (!reply.result.refused) group->admitted[position] = std::move(admitted);
      }
    }
  }
  if (group->admissions_left.fetch_sub(1) != 1) return;
  // The last one hands the whole group on, so that its items stay in their order.
  HandOn(group);
}

// Of a completion, likewise without the gate.
void LedgerRuntime::VerifyCertificate(const LedgerEngine::ExaminedOrRefusal& examined) const {
  const auto* item = std::get_if<LedgerEngine::ExaminedItem>(&examined);
  if (item == nullptr || !std::holds_alternative<core::CompleteSettlement>(item->body)) return;
  std::optional<core::SettlementPolicy> policy;
  {
    const auto lock = gate_.Read();
    policy = engine_->PolicyToVerify(examined);
  }
  if (policy.has_value()) engine_->VerifyAhead(examined, *policy);
}

void LedgerRuntime::HandOn(const std::shared_ptr<Group>& group) {
  Batch batch;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    sequence_.push_back(group);
    if (MayGoAlone(*group)) {
      goes_alone_ = true;
      batch = TakeBatch(lock);
    }
  }
  if (batch.complete.empty()) {
    admitted_.notify_one();
  } else {
    GoAlone(std::move(batch));
  }
}

bool LedgerRuntime::IsAlone(const Group& group) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return groups_open_ == 1 && group.bytes <= kAloneBytesMax;
}

// With the lock held. When nothing else is open no stage has work, and none gets any before the
// sequencer may go on.
bool LedgerRuntime::MayGoAlone(const Group& group) const {
  if (groups_open_ != 1 || group.bytes > kAloneBytesMax) return false;
  std::size_t instructions = 0;
  for (const std::size_t count : group.instructions) instructions += count;
  return instructions <= kAloneInstructionsMax;
}

void LedgerRuntime::GoAlone(Batch batch) {
  const bool added = GoThrough(batch);
  bool others_wait = false;
  {
    // Before the answer: whoever answers may wait for what others do, and who got it comes again.
    const std::lock_guard<std::mutex> lock(mutex_);
    goes_alone_ = false;
    groups_open_ -= batch.complete.size();
    others_wait = !sequence_.empty();
  }
  if (others_wait) admitted_.notify_one();
  Answer(batch.complete);
  if (added && listener_) listener_();
}

// All stages, one after the other. Whether leaves were added.
bool LedgerRuntime::GoThrough(Batch& batch) {
  RecallBatch(batch);
  bool added = false;
  if (!batch.items.empty()) {
    ApplyBatch(batch);
    SealBatch(batch);
    added = Commit({&batch, 1});
  }
  TakeReplies(batch);
  return added;
}

void LedgerRuntime::Sequence() {
  for (;;) {
    // Taken only when the next stage has room: what comes until then joins the same batch.
    applied_batches_.WaitForRoom();
    Batch batch;
    bool stages_are_empty = false;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      admitted_.wait(lock, [this] {
        return finished_ ||
               (!sequence_.empty() && !goes_alone_ && (batches_in_stages_ == 0 || ManyWait()));
      });
      if (sequence_.empty()) break;
      WaitForMore(lock);
      stages_are_empty = batches_in_stages_ == 0;
      batch = TakeBatch(lock);
      last_instructions_ = batch.instructions;
    }
    if (stages_are_empty && batch.instructions < kOverlapInstructionsMin) {
      const bool added = GoThrough(batch);
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        groups_open_ -= batch.complete.size();
      }
      AnswerLater(std::move(batch.complete));
      if (added && listener_) listener_();
      continue;
    }
    RecallBatch(batch);
    if (batch.items.empty() && batch.complete.empty()) continue;  // all of it is read ahead first
    if (!batch.items.empty()) ApplyBatch(batch);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      batches_in_stages_ += 1;
    }
    // Batches without items too: their refusals speak of a ledger that must be durable first.
    applied_batches_.Push(std::move(batch));
  }
  applied_batches_.Close();
}

// With the lock held: whether what waits is worth a batch beside those in the stages.
bool LedgerRuntime::ManyWait() const {
  std::size_t waiting = 0;
  for (const std::shared_ptr<Group>& group : sequence_) {
    for (const std::size_t instructions : group->instructions) waiting += instructions;
    if (waiting >= kOverlapInstructionsMin) return true;
  }
  return false;
}

// With the lock held, which it gives up meanwhile: something is open, so that nobody goes alone.
void LedgerRuntime::WaitForMore(std::unique_lock<std::mutex>& lock) {
  const auto begin = last_began_ + kBatchSpacing;
  if (last_instructions_ >= kSpacedInstructionsMin && !ManyWait() && !finished_ &&
      std::chrono::steady_clock::now() < begin) {
    lock.unlock();
    std::this_thread::sleep_until(begin);
    lock.lock();
  }
  last_began_ = std::chrono::steady_clock::now();
}

void LedgerRuntime::ApplyBatch(Batch& batch) {
  snapshot_pressure_.WaitForRoom();
  const auto lock = gate_.Write();
  batch.pending = engine_->Apply(clock_(), std::move(batch.items), std::move(batch.admitted),
                                 std::move(batch.recalls));
  applied_ += 1;
  NoteSnapshotCopies();
}

// With the gate held, for writing or by whoever takes parts of the snapshot.
void LedgerRuntime::NoteSnapshotCopies() {
  const core::Ledger& ledger = engine_->ledger();
  snapshot_pressure_.Set(ledger.SnapshotCopiesBytes(),
                         std::max(limits_.snapshot_copies_bytes_max,
                                  kSnapshotCopiesBytesPerAccount * ledger.accounts().size()));
}

void LedgerRuntime::SealBatch(Batch& batch) {
  if (batch.pending == nullptr) return;
  if (absl::Status sealed = engine_->Seal(*batch.pending); !sealed.ok()) {
    ExitOutcomeUnknown(sealed);
  }
}

bool LedgerRuntime::Commit(std::span<const Batch> batches) {
  std::vector<PendingBatch*> pending;
  for (const Batch& batch : batches) {
    if (batch.pending != nullptr) pending.push_back(batch.pending.get());
  }
  const std::uint64_t size_before = engine_->size();
  if (absl::Status committed = engine_->Commit(pending); !committed.ok()) {
    ExitOutcomeUnknown(committed);
  }
  {
    const std::lock_guard<std::mutex> lock(commit_mutex_);
    committed_ += pending.size();
  }
  committed_changed_.notify_all();
  return engine_->size() != size_before;
}

void LedgerRuntime::SealAll() {
  for (;;) {
    std::vector<Batch> next = applied_batches_.PopOne();
    if (next.empty()) break;
    SealBatch(next.front());
    sealed_batches_.Push(std::move(next.front()));
  }
  sealed_batches_.Close();
}

void LedgerRuntime::CommitAll() {
  for (;;) {
    std::vector<Batch> batches = sealed_batches_.PopAll();
    if (batches.empty()) return;
    const bool added = Commit(batches);
    std::size_t complete = 0;
    for (Batch& batch : batches) {
      TakeReplies(batch);
      complete += batch.complete.size();
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      groups_open_ -= complete;
      batches_in_stages_ -= batches.size();
    }
    admitted_.notify_one();
    for (Batch& batch : batches) AnswerLater(std::move(batch.complete));
    if (added && listener_) listener_();
  }
}

void LedgerRuntime::TakeReplies(Batch& batch) {
  if (batch.pending == nullptr) return;
  std::vector<ItemReply> replies = engine_->TakeReplies(*batch.pending);
  CW_CHECK(replies.size() == batch.places.size(), "every item has its reply");
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const Batch::Place& place = batch.places[i];
    place.group->replies[place.position] = std::move(replies[i]);
  }
}

absl::StatusOr<std::uint64_t> LedgerRuntime::WriteSnapshot(store::SnapshotStore& snapshots,
                                                           const std::function<void()>& rest) {
  absl::StatusOr<std::unique_ptr<store::SnapshotWriter>> writer = snapshots.Create();
  if (!writer.ok()) return writer.status();
  std::uint64_t held = 0;
  const LedgerEngine::SnapshotPauses pauses{
      // Others may read meanwhile: a snapshot changes nothing that they see.
      .between_batches =
          [this, &rest](const std::function<void()>& step) {
            if (rest && snapshot_pressure_.MayRest()) rest();
            const auto lock = gate_.Read();
            step();
            NoteSnapshotCopies();
          },
      .until_durable =
          [this, &held](std::uint64_t leaves) {
            held = leaves;
            std::unique_lock<std::mutex> lock(commit_mutex_);
            committed_changed_.wait(lock, [&] { return engine_->size() >= leaves; });
          }};
  if (absl::Status written = engine_->WriteSnapshot(**writer, pauses); !written.ok()) {
    return written;
  }
  return held;
}

void LedgerRuntime::WaitForCommit(std::uint64_t batch) const {
  std::unique_lock<std::mutex> lock(commit_mutex_);
  committed_changed_.wait(lock, [&] { return committed_ >= batch; });
}

LedgerRuntime::Batch LedgerRuntime::TakeBatch(std::unique_lock<std::mutex>& lock) {
  CW_CHECK(lock.owns_lock(), "the queue is the mutex's");
  Batch batch;
  while (!sequence_.empty()) {
    const std::shared_ptr<Group>& group = sequence_.front();
    if (group->next == 0 && group->Abandoned()) {
      group->dropped = true;
      group->next = group->items.size();
    }
    for (; group->next < group->items.size(); ++group->next) {
      std::optional<core::AdmittedItem>& admitted = group->admitted[group->next];
      if (!admitted.has_value()) continue;
      core::Item& item = group->items[group->next];
      const std::size_t instructions = group->instructions[group->next];
      const std::size_t bytes = BytesOf(item);
      if (!batch.HasRoomFor(instructions, bytes)) return batch;
      batch.instructions += instructions;
      batch.bytes += bytes;
      batch.items.push_back(std::move(item));
      batch.admitted.push_back(*std::move(admitted));
      batch.places.push_back({group, group->next});
    }
    batch.complete.push_back(group);
    sequence_.pop_front();
  }
  return batch;
}

void LedgerRuntime::AnswerLater(std::vector<std::shared_ptr<Group>> groups) {
  const auto shared = std::make_shared<std::vector<std::shared_ptr<Group>>>(std::move(groups));
  for (std::size_t from = 0; from < shared->size(); from += kAnswersPerTask) {
    const std::size_t count = std::min(kAnswersPerTask, shared->size() - from);
    pool_.PostUrgent([this, shared, from, count] { Answer({shared->data() + from, count}); });
  }
}

void LedgerRuntime::Answer(std::span<const std::shared_ptr<Group>> groups) {
  std::size_t items = 0;
  std::size_t bytes = 0;
  for (const std::shared_ptr<Group>& group : groups) {
    if (group->dropped) {
      for (ItemReply& reply : group->replies) reply.result.refused = Dropped();
    }
    for (ItemReply& reply : group->replies) {
      if (absl::Status read = engine_->CompleteReply(reply); !read.ok()) ReportUnreadable(read);
    }
    group->done(std::move(group->replies));
    items += group->items.size();
    bytes += group->bytes;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::shared_ptr<Group>& group : groups) {
    // One without items and bytes has no share.
    if (group->items.empty() && group->bytes == 0) continue;
    Return(group->caller, {.items = group->items.size(), .bytes = group->bytes, .tasks = 0});
  }
  items_under_way_ -= items;
  bytes_under_way_ -= bytes;
  groups_under_way_ -= groups.size();
  drained_.notify_all();
}

std::optional<core::Rejection> LedgerRuntime::Post(std::function<void()> task,
                                                   const std::string& caller) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return Stopping();
    if (tasks_under_way_ >= limits_.tasks_max ||
        ExceedsShare(caller, &Share::tasks, 1, tasks_under_way_, limits_.tasks_max)) {
      return Refusal(core::Outcome::kOverloaded,
                     fmt::format("{} queries are under way; try again later", tasks_under_way_));
    }
    tasks_under_way_ += 1;
    if (!caller.empty()) shares_[caller].tasks += 1;
  }
  query_pool_.Post([this, task = std::move(task), caller] {
    task();
    const std::lock_guard<std::mutex> lock(mutex_);
    Return(caller, {.items = 0, .bytes = 0, .tasks = 1});
    tasks_under_way_ -= 1;
    drained_.notify_all();
  });
  return std::nullopt;
}

void LedgerRuntime::Stop() {
  const std::lock_guard<std::mutex> stop(stop_mutex_);
  if (!sequencer_.joinable()) return;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    stopping_ = true;
    drained_.wait(lock, [this] { return groups_under_way_ == 0 && tasks_under_way_ == 0; });
    finished_ = true;
  }
  admitted_.notify_all();
  sequencer_.join();
  sealer_.join();
  committer_.join();
  pool_.Stop();
  query_pool_.Stop();
  history_pool_.Stop();
  recall_pool_.Stop();
}

}  // namespace causeway::node
