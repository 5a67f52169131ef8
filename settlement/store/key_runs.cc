#include "settlement/store/key_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/store/key_runs_probe.h"

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

// A filter in memory has room for the keys of so many tables.
constexpr std::size_t kFilterTables = 6;

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
  index->newer_ = std::make_unique<KeyFilter>(index->FilterKeys());
  index->newer_from_ = index->older_from_ = index->covered_[kInstructions];
  index->filter_bytes_ = index->FilterBytes();
  index->SeeRuns();
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

absl::StatusOr<std::uint64_t> KeyRuns::FindInRun(const RunFile& run,
                                                 std::uint64_t fingerprint) const {
  const absl::StatusOr<std::uint64_t> leaf = run.FindNewest(fingerprint);
  if (!leaf.ok()) return Damaged(run, leaf.status());
  return leaf;
}

// Of each fingerprint the newest leaf in the runs that the filters in memory do not cover.
absl::Status KeyRuns::FindInOlderRuns(std::span<const std::uint64_t> fingerprints,
                                      std::span<std::uint64_t> newest) const {
  std::fill(newest.begin(), newest.end(), kNoLeaf);
  std::array<std::uint8_t, kProbeKeysMax> maybe;
  for (const RunFile* run : older_runs_) {
    if (!run->has_filter()) {
      maybe.fill(1);
    } else if (run->MayHold(fingerprints, maybe.data()) == 0) {
      continue;
    }
    for (std::size_t i = 0; i < fingerprints.size(); ++i) {
      if (maybe[i] == 0 || newest[i] != kNoLeaf) continue;
      const absl::StatusOr<std::uint64_t> found = FindInRun(*run, fingerprints[i]);
      if (!found.ok()) return found.status();
      newest[i] = *found;
    }
    if (run->has_filter() && run->wants_filter()) WakeBackground();
  }
  return absl::OkStatus();
}

// The newest leaf among the keys that the filters in memory cover.
absl::StatusOr<std::uint64_t> KeyRuns::FindInRecent(std::uint64_t fingerprint) const {
  const View view = Pin(KeyFamily::kInstruction);
  std::uint64_t leaf = kNoLeaf;
  for (const Generation* generation : {view.active, view.frozen}) {
    if (generation == nullptr || leaf != kNoLeaf) continue;
    leaf = generation->tables[kInstructions].FindNewest(fingerprint);
  }
  Unpin(view);
  for (auto run = view.runs->rbegin(); run != view.runs->rend() && leaf == kNoLeaf; ++run) {
    const RunFile& file = *run->file;
    if (file.header().to_leaf <= older_from_) break;
    if (file.has_filter() && !file.MayHold(fingerprint)) continue;
    const absl::StatusOr<std::uint64_t> found = FindInRun(file, fingerprint);
    if (!found.ok()) return found.status();
    leaf = *found;
  }
  return leaf;
}

absl::Status KeyRuns::FindOrInsert(std::span<const std::uint64_t> fingerprints,
                                   std::uint64_t first_leaf, std::span<std::uint64_t> candidates) {
  CW_CHECK(fingerprints.size() == candidates.size(), "one candidate for each fingerprint");
  CW_CHECK(first_leaf >= batch_leaf_ && first_leaf >= covered_[kInstructions] &&
               first_leaf + fingerprints.size() <= kLeavesMax,
           "instructions come after those that are there, and leaf indices fit 40 bits");
  for (std::size_t from = 0; from < fingerprints.size(); from += kProbeKeysMax) {
    const std::size_t count = std::min(kProbeKeysMax, fingerprints.size() - from);
    absl::Status status = FindOrInsertSome(fingerprints.subspan(from, count), first_leaf + from,
                                           candidates.subspan(from, count));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status KeyRuns::FindOrInsertSome(std::span<const std::uint64_t> fingerprints,
                                       std::uint64_t first_leaf,
                                       std::span<std::uint64_t> candidates) {
  if (absl::Status status = FindInOlderRuns(fingerprints, candidates); !status.ok()) return status;
  std::array<std::uint8_t, kProbeKeysMax> maybe;
  uncertain_ += TestAndAddKeys(*newer_, older_.get(), fingerprints, maybe.data());
  KeyTable& table = writing_->tables[kInstructions];
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    if (maybe[i] != 0) [[unlikely]] {
      const absl::StatusOr<std::uint64_t> newest = FindInRecent(fingerprints[i]);
      if (!newest.ok()) return newest.status();
      if (*newest != kNoLeaf) candidates[i] = *newest;
    }
    if (candidates[i] == kNoLeaf) table.Insert(fingerprints[i], first_leaf + i);
  }
  return absl::OkStatus();
}

absl::Status KeyRuns::FindNewest(std::span<const std::uint64_t> fingerprints,
                                 std::span<std::uint64_t> newest) const {
  CW_CHECK(fingerprints.size() == newest.size(), "one answer for each fingerprint");
  for (std::size_t from = 0; from < fingerprints.size(); from += kProbeKeysMax) {
    const std::size_t count = std::min(kProbeKeysMax, fingerprints.size() - from);
    absl::Status status =
        FindNewestOfSome(fingerprints.subspan(from, count), newest.subspan(from, count));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status KeyRuns::FindNewestOfSome(std::span<const std::uint64_t> fingerprints,
                                       std::span<std::uint64_t> newest) const {
  if (absl::Status status = FindInOlderRuns(fingerprints, newest); !status.ok()) return status;
  std::array<std::uint8_t, kProbeKeysMax> maybe;
  if (TestKeys(*newer_, older_.get(), fingerprints, maybe.data()) == 0) return absl::OkStatus();
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    if (maybe[i] == 0) continue;
    const absl::StatusOr<std::uint64_t> found = FindInRecent(fingerprints[i]);
    if (!found.ok()) return found.status();
    if (*found != kNoLeaf) newest[i] = *found;
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
        newer_->Prefetch(fingerprints[i + kPrefetchKeys]);
      }
      newer_->TestAndAdd(fingerprints[i]);
    }
    table.Insert(fingerprints[i], first_leaf + i);
  }
}

// Takes the runs as they are now. Those that the filters in memory cover are not asked one by one.
void KeyRuns::SeeRuns() {
  {
    const std::lock_guard lock(mutex_);
    seen_runs_ = runs_[kInstructions];
    seen_changes_ = runs_changes_.load(std::memory_order_relaxed);
  }
  older_runs_.clear();
  for (auto run = seen_runs_->rbegin(); run != seen_runs_->rend(); ++run) {
    const RunHeader& header = run->file->header();
    if (header.from_leaf < older_from_ && header.keys != 0) older_runs_.push_back(run->file.get());
  }
}

// Tables grow with the ledger; filters ahead of them, so that there need not be many.
std::uint64_t KeyRuns::FilterKeys() const {
  return kFilterTables * std::min(options_.table_keys_max, 4 * writing_->keys_max);
}

// Whether `tables` more tables of keys are too many for the filter that keys are added to.
bool KeyRuns::FilterIsFullSoon(std::size_t tables) const {
  return newer_->keys() + tables * writing_->keys_max > newer_->capacity();
}

std::uint64_t KeyRuns::FilterBytes() const {
  std::uint64_t bytes = 0;
  for (const KeyFilter* filter :
       {older_.get(), newer_.get(), spare_filter_.get(), retired_filter_.get()}) {
    if (filter != nullptr) bytes += filter->memory_bytes();
  }
  return bytes;
}

// Under mutex_, when a generation begins. The keys that no filter in memory covers from now on are
// in runs: there is one frozen generation at most, and it is the one before this.
void KeyRuns::RotateFilters() {
  retired_filter_ = std::move(older_);
  older_ = std::move(newer_);
  newer_ = std::move(spare_filter_);
  older_from_ = newer_from_;
  newer_from_ = batch_leaf_;
}

absl::Status KeyRuns::EndBatch(std::uint64_t next_leaf) {
  CW_CHECK(next_leaf >= batch_leaf_, "batches end in the order of their leaves");
  batch_leaf_ = next_leaf;
  if (runs_changes_.load(std::memory_order_relaxed) != seen_changes_) SeeRuns();
  if (writing_->tables[kInstructions].size() < writing_->keys_max &&
      writing_->tables[kUetrs].size() < writing_->keys_max) {
    return status();
  }
  const auto ready = [this] {
    return spare_ != nullptr && (filter_wanted_ == 0 || spare_filter_ != nullptr);
  };
  {
    std::unique_lock lock(mutex_);
    if (!ready() && status_.ok()) {
      const auto start = std::chrono::steady_clock::now();
      writer_wakes_.wait(lock, [&] { return ready() || !status_.ok(); });
      counters_.waited_seconds +=
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    if (!status_.ok()) return status_;
    writing_->to_leaf = next_leaf;
    frozen_ = writing_;
    active_ = spare_;
    writing_ = spare_;
    spare_ = nullptr;
    idle_ = false;
    if (spare_filter_ != nullptr && FilterIsFullSoon(1)) RotateFilters();
    // Made ahead: this generation and the next may each be twice as large as the one before.
    if (spare_filter_ == nullptr && FilterIsFullSoon(3)) {
      filter_wanted_ = FilterKeys();
    }
    filter_bytes_ = FilterBytes();
    counters_.uncertain = uncertain_;
  }
  SeeRuns();
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
  if (absl::IsDataLoss(status)) SetAside(run);
  FailBackground(status);
  return status;
}

void KeyRuns::SetAside(const RunFile& run) {
  (void)std::rename(run.path().c_str(), (run.path() + ".damaged").c_str());
}

absl::Status KeyRuns::Scrub(const ScrubContext& context) const {
  RunLists lists;
  {
    const std::lock_guard lock(mutex_);
    lists = runs_;
  }
  for (const auto& runs : lists) {
    for (const Run& run : *runs) {
      const absl::Status whole = run.file->Verify(context);
      if (absl::IsCancelled(whole)) return whole;
      if (absl::IsDataLoss(whole)) SetAside(*run.file);
      if (!whole.ok()) context.damaged(std::string(whole.message()));
      if (run.file->has_filter() && run.file->wants_filter()) {
        context.damaged(run.file->path() + ": its filter is damaged, and is made again now");
        WakeBackground();
      }
    }
  }
  return absl::OkStatus();
}

void KeyRuns::WakeBackground() const {
  const std::lock_guard lock(mutex_);
  idle_ = false;
  background_wakes_.notify_all();
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
