#include "settlement/store/key_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "settlement/core/check.h"

namespace causeway::store {
namespace {

constexpr std::size_t kInstructions = static_cast<std::size_t>(KeyFamily::kInstruction);
constexpr std::size_t kUetrs = static_cast<std::size_t>(KeyFamily::kUetr);
// How far ahead of the key that is looked at cache lines are fetched. One key's at a time:
// processors drop what is asked for in bursts.
constexpr std::size_t kPrefetchKeys = 24;

// One number for ledger and secret: neither may change under a directory of runs.
std::uint64_t ScopeOf(const core::Hash256& ledger, const FingerprintKey& key) {
  return KeyFingerprinter(key)("causeway key runs of " + std::string(ledger.view()));
}

std::string_view FamilyName(std::size_t family) {
  return family == kInstructions ? "instruction ids" : "UETRs";
}

// It is replaced when it has grown by half.
std::uint64_t FilterCapacity(std::uint64_t keys) { return keys + keys / 2; }

std::size_t RoomFor(std::size_t keys_max, std::size_t batch_keys_max) {
  return keys_max + 2 * batch_keys_max;
}

}  // namespace

KeyRuns::KeyRuns(Options options, std::uint64_t durable_leaves)
    : options_(std::move(options)),
      scope_(ScopeOf(options_.ledger, options_.fingerprint_key)),
      opened_durable_(durable_leaves),
      writing_(&generations_[0]),
      active_(&generations_[0]),
      durable_(durable_leaves) {
  for (auto& runs : runs_) runs = std::make_shared<RunList>();
}

absl::StatusOr<std::unique_ptr<KeyRuns>> KeyRuns::Open(Options options,
                                                       std::uint64_t durable_leaves) {
  if (options.table_keys_max == 0 || options.batch_keys_max == 0 ||
      options.table_keys_min > options.table_keys_max) {
    return absl::InvalidArgumentError(
        "the tables of a key index hold at least one key, and the first ones at most as many as "
        "the "
        "later ones");
  }
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) return RunSystemError("creation", options.directory, error.value());
  std::unique_ptr<KeyRuns> index(new KeyRuns(std::move(options), durable_leaves));
  if (absl::Status status = index->Recover(); !status.ok()) return status;
  index->ResetGeneration(*index->active_, durable_leaves);
  index->thread_ = std::thread([raw = index.get()] { raw->Background(); });
  return index;
}

KeyRuns::~KeyRuns() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  background_wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status KeyRuns::Recover() {
  absl::StatusOr<KeyManifest> manifest = LoadKeyManifest(options_.directory, options_.fault);
  if (!manifest.ok()) {
    if (absl::IsDataLoss(manifest.status())) {
      notes_.emplace_back(manifest.status().message());
    } else if (!absl::IsNotFound(manifest.status())) {
      return manifest.status();
    }
    manifest = KeyManifest{};
  } else if (manifest->scope != scope_) {
    notes_.push_back(
        fmt::format("{}: its runs are of another ledger or fingerprint key", options_.directory));
    manifest->runs = {};
  }
  next_number_ = manifest->next_number;
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    absl::Status status = RecoverFamily(static_cast<KeyFamily>(family), manifest->runs[family]);
    if (!status.ok()) return status;
  }
  if (absl::Status status = RecoverFilter(); !status.ok()) return status;
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    covered_[family] = CoveredBy(*runs_[family]);
  }
  // First the manifest forgets what was not taken, then it goes.
  const KeyManifest kept = ManifestOf(runs_);
  if (!(kept == *manifest)) {
    absl::Status status = StoreKeyManifest(options_.directory, kept, options_.fault);
    if (!status.ok()) return status;
  }
  return DeleteStrangers();
}

absl::Status KeyRuns::RecoverFamily(KeyFamily family, const std::vector<ManifestRun>& runs) {
  auto list = std::make_shared<RunList>();
  for (const ManifestRun& run : runs) {
    if (run.to_leaf > opened_durable_) {
      notes_.push_back(fmt::format("{}: holds keys of leaves up to {}, and the journal ends at {}",
                                   RunFileName(family, run.number), run.to_leaf, opened_durable_));
      break;
    }
    auto file = RunFile::Open(options_.directory, family, run.number, options_.fault);
    if (!file.ok()) {
      if (!absl::IsNotFound(file.status()) && !absl::IsDataLoss(file.status())) {
        return file.status();
      }
      notes_.emplace_back(file.status().message());
      break;
    }
    const RunHeader& header = (*file)->header();
    if (header.scope != scope_ || header.from_leaf != run.from_leaf ||
        header.to_leaf != run.to_leaf || header.keys != run.keys) {
      notes_.push_back(fmt::format("{}: is not the run that the manifest names", (*file)->path()));
      break;
    }
    list->push_back({*std::move(file), run.level});
  }
  if (list->size() != runs.size()) {
    notes_.push_back(fmt::format("of the {} runs of {}, the oldest {} are taken", runs.size(),
                                 FamilyName(static_cast<std::size_t>(family)), list->size()));
  }
  runs_[static_cast<std::size_t>(family)] = std::move(list);
  return absl::OkStatus();
}

// Reads, and so verifies, every page of the instruction ids.
absl::Status KeyRuns::RecoverFilter() {
  const RunList& runs = *runs_[kInstructions];
  std::uint64_t keys = 0;
  for (const Run& run : runs) keys += run.file->header().keys;
  const std::uint64_t later = opened_durable_ - std::min(opened_durable_, CoveredBy(runs));
  filter_ = KeyFilter(FilterCapacity(keys + later + GenerationKeys(opened_durable_)));
  filter_bytes_ = filter_.memory_bytes();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    RunCursor cursor(runs[i].file);
    while (cursor.Next()) filter_.TestAndAdd(cursor.fingerprint());
    if (cursor.status().ok()) continue;
    if (!absl::IsDataLoss(cursor.status())) return cursor.status();
    // What the filter has of it already makes no difference to the answers.
    notes_.emplace_back(cursor.status().message());
    auto whole = std::make_shared<RunList>(runs);
    whole->resize(i);
    runs_[kInstructions] = std::move(whole);
    break;
  }
  return absl::OkStatus();
}

absl::Status KeyRuns::DeleteStrangers() const {
  std::vector<std::string> known;
  for (const auto& runs : runs_) {
    for (const Run& run : *runs) {
      known.push_back(std::filesystem::path(run.file->path()).filename().string());
    }
  }
  std::error_code error;
  std::vector<std::filesystem::path> strangers;
  for (std::filesystem::directory_iterator it(options_.directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string extension = it->path().extension().string();
    const std::string name = it->path().filename().string();
    if ((extension == ".run" || extension == ".damaged" || name == kNewKeyManifestName) &&
        std::find(known.begin(), known.end(), name) == known.end()) {
      strangers.push_back(it->path());
    }
  }
  for (const auto& path : strangers) {
    if (!error) std::filesystem::remove(path, error);
  }
  if (error) return RunSystemError("cleaning", options_.directory, error.value());
  return absl::OkStatus();
}

std::size_t KeyRuns::GenerationKeys(std::uint64_t leaves) const {
  return std::min<std::uint64_t>(options_.table_keys_max,
                                 std::max<std::uint64_t>(options_.table_keys_min, leaves));
}

void KeyRuns::ResetGeneration(Generation& generation, std::uint64_t leaves) const {
  generation.keys_max = GenerationKeys(leaves);
  for (KeyTable& table : generation.tables) {
    table.Reset(RoomFor(generation.keys_max, options_.batch_keys_max));
  }
  generation.to_leaf = 0;
}

std::uint64_t KeyRuns::covered() const {
  return std::min(covered_[kInstructions], covered_[kUetrs]);
}

// --- looking and inserting ---------------------------------------------------------------------

std::uint64_t KeyRuns::CoveredBy(const RunList& runs) {
  return runs.empty() ? 0 : runs.back().file->header().to_leaf;
}

KeyRuns::View KeyRuns::Pin(KeyFamily family) const {
  const std::lock_guard lock(mutex_);
  View view{active_, frozen_, runs_[static_cast<std::size_t>(family)]};
  active_->readers.fetch_add(1, std::memory_order_relaxed);
  if (frozen_ != nullptr) frozen_->readers.fetch_add(1, std::memory_order_relaxed);
  return view;
}

void KeyRuns::Unpin(const View& view) {
  view.active->readers.fetch_sub(1, std::memory_order_release);
  if (view.frozen != nullptr) view.frozen->readers.fetch_sub(1, std::memory_order_release);
}

absl::StatusOr<std::uint64_t> KeyRuns::FindNewestIn(const View& view,
                                                    std::uint64_t fingerprint) const {
  for (const Generation* generation : {view.active, view.frozen}) {
    if (generation == nullptr) continue;
    const std::uint64_t leaf = generation->tables[kInstructions].FindNewest(fingerprint);
    if (leaf != kNoLeaf) return leaf;
  }
  for (auto run = view.runs->rbegin(); run != view.runs->rend(); ++run) {
    const absl::StatusOr<std::uint64_t> leaf = run->file->FindNewest(fingerprint);
    if (!leaf.ok()) return Damaged(*run->file, leaf.status());
    if (*leaf != kNoLeaf) return *leaf;
  }
  return kNoLeaf;
}

absl::Status KeyRuns::FindOrInsert(std::span<const std::uint64_t> fingerprints,
                                   std::uint64_t first_leaf, std::span<std::uint64_t> candidates) {
  CW_CHECK(fingerprints.size() == candidates.size(), "one candidate for each fingerprint");
  CW_CHECK(first_leaf >= batch_leaf_ && first_leaf >= covered_[kInstructions] &&
               first_leaf + fingerprints.size() <= kLeavesMax,
           "instructions come after those that are there, and leaf indices fit 40 bits");
  const View view = Pin(KeyFamily::kInstruction);
  KeyTable& table = writing_->tables[kInstructions];
  absl::Status status;
  const std::size_t count = fingerprints.size();
  for (std::size_t i = 0; i < std::min(kPrefetchKeys, count); ++i) {
    filter_.Prefetch(fingerprints[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kPrefetchKeys < count) filter_.Prefetch(fingerprints[i + kPrefetchKeys]);
    candidates[i] = kNoLeaf;
    if (filter_.TestAndAdd(fingerprints[i])) [[unlikely]] {
      ++uncertain_;
      const absl::StatusOr<std::uint64_t> newest = FindNewestIn(view, fingerprints[i]);
      if (!newest.ok()) {
        status = newest.status();
        break;
      }
      candidates[i] = *newest;
      if (*newest != kNoLeaf) continue;
    }
    table.Insert(fingerprints[i], first_leaf + i);
  }
  Unpin(view);
  return status;
}

absl::Status KeyRuns::FindNewest(std::span<const std::uint64_t> fingerprints,
                                 std::span<std::uint64_t> newest) const {
  CW_CHECK(fingerprints.size() == newest.size(), "one answer for each fingerprint");
  const std::size_t count = fingerprints.size();
  for (std::size_t i = 0; i < std::min(kPrefetchKeys, count); ++i) {
    filter_.Prefetch(fingerprints[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kPrefetchKeys < count) filter_.Prefetch(fingerprints[i + kPrefetchKeys]);
    newest[i] = kNoLeaf;
    if (!filter_.Test(fingerprints[i])) continue;
    const View view = Pin(KeyFamily::kInstruction);
    const absl::StatusOr<std::uint64_t> found = FindNewestIn(view, fingerprints[i]);
    Unpin(view);
    if (!found.ok()) return found.status();
    newest[i] = *found;
  }
  return absl::OkStatus();
}

void KeyRuns::Insert(KeyFamily family, std::span<const std::uint64_t> fingerprints,
                     std::uint64_t first_leaf) {
  CW_CHECK(first_leaf >= batch_leaf_ && first_leaf + fingerprints.size() <= kLeavesMax,
           "keys come batch after batch, and leaf indices fit 40 bits");
  const std::uint64_t covered = covered_[static_cast<std::size_t>(family)];
  if (first_leaf < covered) {
    const std::size_t skip = std::min<std::uint64_t>(covered - first_leaf, fingerprints.size());
    fingerprints = fingerprints.subspan(skip);
    first_leaf += skip;
  }
  KeyTable& table = writing_->tables[static_cast<std::size_t>(family)];
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    if (family == KeyFamily::kInstruction) {
      if (i + kPrefetchKeys < fingerprints.size()) {
        filter_.Prefetch(fingerprints[i + kPrefetchKeys]);
      }
      filter_.TestAndAdd(fingerprints[i]);
    }
    table.Insert(fingerprints[i], first_leaf + i);
  }
}

// The background thread made a larger filter over all but the active generation.
void KeyRuns::AdoptFilter() {
  std::unique_ptr<KeyFilter> next;
  {
    const std::lock_guard lock(mutex_);
    if (next_filter_ == nullptr) return;
    next.swap(next_filter_);
    filter_bytes_ = next->memory_bytes();
  }
  // In the order of its partitions, each of which the cache holds.
  writing_->tables[kInstructions].ForEach(
      [&](std::uint64_t fingerprint) { next->TestAndAdd(fingerprint); });
  filter_ = std::move(*next);
}

absl::Status KeyRuns::EndBatch(std::uint64_t next_leaf) {
  CW_CHECK(next_leaf >= batch_leaf_, "batches end in the order of their leaves");
  batch_leaf_ = next_leaf;
  AdoptFilter();
  if (writing_->tables[kInstructions].size() < writing_->keys_max &&
      writing_->tables[kUetrs].size() < writing_->keys_max) {
    return status();
  }
  {
    std::unique_lock lock(mutex_);
    if (spare_ == nullptr && status_.ok()) {
      const auto start = std::chrono::steady_clock::now();
      writer_wakes_.wait(lock, [this] { return spare_ != nullptr || !status_.ok(); });
      counters_.waited_seconds +=
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    if (!status_.ok()) return status_;
  }
  AdoptFilter();  // the one that was made before the table that was waited for
  {
    const std::lock_guard lock(mutex_);
    writing_->to_leaf = next_leaf;
    frozen_ = writing_;
    active_ = spare_;
    writing_ = spare_;
    spare_ = nullptr;
    idle_ = false;
    const std::uint64_t soon = filter_.keys() + writing_->keys_max;
    if (soon > filter_.capacity()) filter_wanted_ = FilterCapacity(soon);
    counters_.uncertain = uncertain_;
  }
  background_wakes_.notify_all();
  return absl::OkStatus();
}

void KeyRuns::MarkDurable(std::uint64_t leaves) {
  {
    const std::lock_guard lock(mutex_);
    if (leaves <= durable_) return;
    durable_ = leaves;
    if (frozen_ == nullptr || durable_ < frozen_->to_leaf) return;
    idle_ = false;
  }
  background_wakes_.notify_all();
}

absl::StatusOr<std::vector<std::uint64_t>> KeyRuns::Find(KeyFamily family,
                                                         std::uint64_t fingerprint,
                                                         std::uint64_t from_leaf,
                                                         std::size_t limit) const {
  std::vector<std::uint64_t> recent;
  const View view = Pin(family);
  for (const Generation* generation : {view.active, view.frozen}) {
    if (generation == nullptr) continue;
    generation->tables[static_cast<std::size_t>(family)].FindAll(fingerprint, recent);
  }
  Unpin(view);
  std::vector<std::uint64_t> leaves;
  for (const Run& run : *view.runs) {
    const absl::Status status = run.file->FindAll(fingerprint, from_leaf, limit, leaves);
    if (!status.ok()) return Damaged(*run.file, status);
  }
  std::sort(recent.begin(), recent.end());
  for (const std::uint64_t leaf : recent) {
    if (leaves.size() >= limit) break;
    if (leaf >= from_leaf) leaves.push_back(leaf);
  }
  return leaves;
}

// --- status ------------------------------------------------------------------------------------

// Moved aside, so that the next opening does not take it and the caller makes it anew.
absl::Status KeyRuns::Damaged(const RunFile& run, const absl::Status& status) const {
  if (absl::IsDataLoss(status)) {
    (void)std::rename(run.path().c_str(), (run.path() + ".damaged").c_str());
  }
  FailBackground(status);
  return status;
}

void KeyRuns::FailBackground(const absl::Status& status) const {
  {
    const std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = status;
  }
  background_wakes_.notify_all();
  writer_wakes_.notify_all();
}

absl::Status KeyRuns::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

KeyRuns::Stats KeyRuns::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = counters_;
  stats.memory_bytes = filter_bytes_;
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    stats.runs[family] = runs_[family]->size();
    for (const Run& run : *runs_[family]) {
      stats.run_keys[family] += run.file->header().keys;
      stats.disk_bytes[family] += RunFileBytes(run.file->header());
      stats.memory_bytes += run.file->memory_bytes();
    }
  }
  for (const Generation* generation : {active_, frozen_, spare_}) {
    if (generation == nullptr) continue;
    for (const KeyTable& table : generation->tables) stats.memory_bytes += table.memory_bytes();
  }
  return stats;
}

void KeyRuns::WaitUntilIdle() {
  std::unique_lock lock(mutex_);
  writer_wakes_.wait(lock, [this] { return idle_ || !status_.ok(); });
}

}  // namespace causeway::store
