// What the background thread of KeyRuns does: it writes frozen tables as runs and merges runs.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/store/key_runs.h"

namespace causeway::store {
namespace {

// Between two looks at whether a table waits: a few milliseconds.
constexpr std::size_t kMergeStepKeys = 1 << 17;
// So many runs of the first level make a frozen table wait until they have been merged.
constexpr std::size_t kFirstLevelRunsMax = 8;

// Niceness of the thread. Payments wait for it only when it is a whole table behind, and then leave
// it the processors; until then it takes what they leave.
constexpr int kNiceness = 15;

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

void KeyRuns::Background() {
  // Of this thread alone, on Linux. Where it is refused, others are slower, nothing is wrong.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (!status_.ok()) {
      merge_.reset();
      background_wakes_.wait(lock, [this] { return stop_; });
      break;
    }
    absl::Status status;
    bool merging = false;
    if (frozen_ == nullptr && spare_ == nullptr) {
      lock.unlock();
      Recycle();
    } else if (filter_wanted_ != 0 || retired_filter_ != nullptr) {
      lock.unlock();
      MakeFilter();
    } else if (FrozenIsReady()) {
      const Generation& frozen = *frozen_;
      lock.unlock();
      status = Flush(frozen);
    } else if (merge_ != nullptr) {
      merging = true;
      lock.unlock();
      status = ContinueMerge();
    } else if (const MergePlan plan = PickMerge(); plan.runs != 0) {
      merging = true;
      lock.unlock();
      status = BeginMerge(plan);
    } else {
      idle_ = true;
      writer_wakes_.notify_all();
      const auto wakes = [this] { return stop_ || !idle_ || !status_.ok(); };
      if (MergesWait()) {
        background_wakes_.wait_until(lock, merge_not_before_, wakes);
      } else {
        background_wakes_.wait(lock, wakes);
      }
      idle_ = false;
      continue;
    }
    if (merging && absl::IsResourceExhausted(status)) {
      merge_.reset();  // and its file; the runs that it was to replace are as they were
      merge_not_before_ = std::chrono::steady_clock::now() + options_.merge_pause;
      status = absl::OkStatus();
    }
    if (!status.ok()) FailBackground(status);
    lock.lock();
    counters_.background_seconds = ThreadSeconds();
  }
  lock.unlock();
  merge_.reset();
}

bool KeyRuns::MergesWait() const { return std::chrono::steady_clock::now() < merge_not_before_; }

bool KeyRuns::FrozenIsReady() const {
  if (frozen_ == nullptr || durable_ < frozen_->to_leaf) return false;
  if (MergesWait()) return true;  // more runs make lookups slower, waiting for room stops payments
  for (const auto& runs : runs_) {
    const auto first_level =
        std::count_if(runs->begin(), runs->end(), [](const Run& run) { return run.level == 0; });
    if (static_cast<std::size_t>(first_level) >= kFirstLevelRunsMax) return false;
  }
  return true;
}

// The table that is neither active nor frozen becomes the spare one, once its last reader has left.
void KeyRuns::Recycle() {
  Generation* idle = nullptr;
  {
    const std::lock_guard lock(mutex_);
    idle = active_ == &generations_[0] ? &generations_[1] : &generations_[0];
  }
  while (idle->readers.load(std::memory_order_acquire) != 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  ResetGeneration(*idle, std::max(idle->to_leaf, opened_durable_));
  {
    const std::lock_guard lock(mutex_);
    spare_ = idle;
  }
  writer_wakes_.notify_all();
}

absl::StatusOr<std::shared_ptr<const RunFile>> KeyRuns::WriteRun(KeyFamily family,
                                                                 const Generation& generation,
                                                                 std::uint64_t from_leaf) {
  const KeyTable& table = generation.tables[static_cast<std::size_t>(family)];
  auto writer = RunWriter::Create(options_.directory,
                                  {.family = family,
                                   .scope = scope_,
                                   .number = next_number_++,
                                   .from_leaf = from_leaf,
                                   .to_leaf = generation.to_leaf,
                                   .keys = table.size()},
                                  options_.fault);
  if (!writer.ok()) return writer.status();
  RunWriter& to = **writer;
  table.Drain([&to](std::uint64_t fingerprint, std::uint64_t leaf) { to.Add(fingerprint, leaf); });
  return (*writer)->Finish();
}

// Gives back the filter that went, and makes the next one if it is wanted.
void KeyRuns::MakeFilter() {
  std::unique_ptr<KeyFilter> retired;
  std::uint64_t wanted = 0;
  {
    const std::lock_guard lock(mutex_);
    retired = std::move(retired_filter_);
    wanted = filter_wanted_;
  }
  retired = nullptr;
  auto filter = wanted == 0 ? nullptr : std::make_unique<KeyFilter>(wanted);
  {
    const std::lock_guard lock(mutex_);
    if (filter != nullptr) {
      spare_filter_ = std::move(filter);
      filter_wanted_ = 0;
    }
  }
  writer_wakes_.notify_all();
}

// Only this thread changes the lists of runs, so reading them needs no lock here.
absl::Status KeyRuns::Flush(const Generation& generation) {
  RunLists lists = runs_;
  std::uint64_t written = 0;
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    auto list = std::make_shared<RunList>(*lists[family]);
    const std::uint64_t from_leaf = list->empty() ? 0 : list->back().file->header().to_leaf;
    // A family that lost nothing is covered further than one that is being made anew.
    if (generation.to_leaf <= from_leaf) continue;
    auto file = WriteRun(static_cast<KeyFamily>(family), generation, from_leaf);
    if (!file.ok()) return file.status();
    written += RunFileBytes((*file)->header());
    list->push_back({*std::move(file), 0});
    lists[family] = std::move(list);
  }
  return Publish(std::move(lists), written, &generation);
}

// A run is durable, with its name, before the manifest names it.
absl::Status KeyRuns::Publish(RunLists lists, std::uint64_t written, const Generation* flushed) {
  absl::Status status = SyncRunDirectory(options_.directory, options_.fault);
  if (status.ok()) status = StoreKeyManifest(options_.directory, ManifestOf(lists), options_.fault);
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  runs_.swap(lists);
  runs_changes_.fetch_add(1, std::memory_order_relaxed);
  if (flushed != nullptr) frozen_ = nullptr;
  counters_.written_bytes += written;
  return absl::OkStatus();
}

KeyManifest KeyRuns::ManifestOf(const RunLists& lists) const {
  KeyManifest manifest{.scope = scope_, .next_number = next_number_};
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    for (const Run& run : *lists[family]) {
      const RunHeader& header = run.file->header();
      manifest.runs[family].push_back(
          {run.level, header.number, header.from_leaf, header.to_leaf, header.keys});
    }
  }
  return manifest;
}

// The oldest runs of the lowest level that has enough of them. Levels never rise from old to new,
// so the runs of a level are neighbours. When nothing is to be merged, a run that wants a filter.
KeyRuns::MergePlan KeyRuns::PickMerge() const {
  MergePlan plan;
  if (MergesWait()) return plan;
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    const RunList& runs = *runs_[family];
    std::size_t begin = 0;
    for (std::size_t end = 1; end <= runs.size(); ++end) {
      if (end < runs.size() && runs[end].level == runs[begin].level) continue;
      if (end - begin >= kMergeRuns && (plan.runs == 0 || runs[begin].level < plan.level)) {
        plan = {family, begin, kMergeRuns, runs[begin].level};
      }
      begin = end;
    }
  }
  return plan.runs != 0 ? plan : PickRewrite();
}

KeyRuns::MergePlan KeyRuns::PickRewrite() const {
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    const RunList& runs = *runs_[family];
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].file->wants_filter()) return {family, i, 1, runs[i].level};
    }
  }
  return {};
}

std::uint64_t KeyRuns::FreeBytes() const {
  if (options_.free_bytes) return options_.free_bytes();
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(options_.directory, error);
  return error ? std::numeric_limits<std::uint64_t>::max() : space.available;
}

absl::Status KeyRuns::BeginMerge(const MergePlan& plan) {
  std::vector<std::shared_ptr<const RunFile>> inputs;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < plan.runs; ++i) {
    inputs.push_back((*runs_[plan.family])[plan.first + i].file);
    bytes += RunFileBytes(inputs.back()->header());
  }
  if (FreeBytes() < bytes + options_.merge_room_bytes) {
    return absl::ResourceExhaustedError("the disk has no room for a merge");
  }
  auto merge =
      RunMerge::Begin(options_.directory, std::move(inputs), next_number_++, options_.fault);
  if (!merge.ok()) return merge.status();
  merge_ = *std::move(merge);
  merge_plan_ = plan;
  return absl::OkStatus();
}

absl::Status KeyRuns::ContinueMerge() {
  const absl::StatusOr<bool> done = merge_->Step(kMergeStepKeys);
  if (!done.ok()) {
    return merge_->damaged() == nullptr ? done.status()
                                        : Damaged(*merge_->damaged(), done.status());
  }
  return *done ? FinishMerge() : absl::OkStatus();
}

absl::Status KeyRuns::FinishMerge() {
  auto file = merge_->Finish();
  if (!file.ok()) return file.status();
  const std::uint64_t written = RunFileBytes((*file)->header());
  RunLists lists = runs_;
  // Runs that came meanwhile are behind those of the plan.
  auto list = std::make_shared<RunList>(*lists[merge_plan_.family]);
  const auto first = list->begin() + static_cast<std::ptrdiff_t>(merge_plan_.first);
  const std::string merged = (*file)->path();
  first->file = *std::move(file);
  const bool merged_several = merge_plan_.runs > 1;
  if (merged_several) first->level = static_cast<std::uint8_t>(merge_plan_.level + 1);
  list->erase(first + 1, first + static_cast<std::ptrdiff_t>(merge_plan_.runs));
  lists[merge_plan_.family] = std::move(list);
  if (absl::Status status = Publish(std::move(lists), written, nullptr); !status.ok()) {
    // Should the manifest name it all the same, the next one does not, and an opening makes anew
    // what it does not find.
    (void)unlink(merged.c_str());
    return status;
  }
  // Whoever still looks into them has them open; what stays behind goes at the next opening.
  for (const auto& input : merge_->inputs()) (void)unlink(input->path().c_str());
  merge_.reset();
  const std::lock_guard lock(mutex_);
  ++(merged_several ? counters_.merges : counters_.rewritten);
  return absl::OkStatus();
}

}  // namespace causeway::store
