#include "central-bank-node/runtime/scrubber.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "central-bank-node/engine/snapshot_check.h"
#include "settlement/core/check.h"
#include "settlement/rpc/log.h"
#include "settlement/store/segment_scrub.h"
#include "settlement/store/snapshot_files.h"

namespace causeway::node {
namespace {

constexpr int kScrubNiceness = 19;
// A scrub that waited does not make up for it.
constexpr std::chrono::seconds kScrubLagMax(1);

// Last in line for processors and disk. Where the system refuses, others are slower and nothing is
// wrong.
void GiveWay() {
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kScrubNiceness);
#ifdef SYS_ioprio_set
  constexpr int kOfThisThread = 1;
  constexpr int kOnlyWhenIdle = 3 << 13;
  (void)syscall(SYS_ioprio_set, kOfThisThread, 0, kOnlyWhenIdle);
#endif
}

}  // namespace

absl::Status ScrubSnapshots(const std::string& directory, const std::string& salt_key,
                            const store::ScrubContext& context) {
  const std::unique_ptr<store::FileSystem> files =
      store::MakeScrubbedFiles(store::PosixFileSystem(), context);
  const std::unique_ptr<store::SnapshotStore> snapshots =
      store::MakeSnapshotFiles(directory, *files);
  const absl::StatusOr<std::vector<std::uint64_t>> there = snapshots->List();
  if (!there.ok()) return there.status();
  for (const std::uint64_t batches : *there) {
    auto reader = snapshots->Open(batches);
    if (absl::IsNotFound(reader.status())) continue;  // a newer one replaced it meanwhile
    const absl::Status whole = reader.ok() ? CheckSnapshot(**reader, salt_key) : reader.status();
    if (absl::IsCancelled(whole)) return whole;
    if (whole.ok()) continue;
    context.damaged(directory + ": the snapshot after " + std::to_string(batches) +
                    " batches: " + std::string(whole.message()));
  }
  return absl::OkStatus();
}

Scrubber::Scrubber(Options options, std::vector<Part> parts)
    : options_(options), parts_(std::move(parts)) {
  CW_CHECK(options_.bytes_per_s > 0, "a scrub reads something");
  thread_ = std::thread([this] { Run(); });
}

Scrubber::~Scrubber() { Stop(); }

void Scrubber::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Scrubber::Status Scrubber::status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Status status = last_;
  for (const std::string& damage : under_way_) {
    if (std::find(status.damaged.begin(), status.damaged.end(), damage) == status.damaged.end()) {
      status.damaged.push_back(damage);
    }
  }
  return status;
}

void Scrubber::Run() {
  GiveWay();
  if (WaitUntil(std::chrono::steady_clock::now() + options_.first_pass)) return;
  while (!Pass()) {
    if (WaitUntil(std::chrono::steady_clock::now() + options_.pause)) return;
  }
}

// True: it was stopped.
bool Scrubber::Pass() {
  for (const Part& part : parts_) {
    const store::ScrubContext context{
        .pace = [this](std::size_t bytes) { return Pace(bytes); },
        .damaged = [&](std::string damage) { Tell(std::move(damage) + "; " + part.remedy); }};
    const absl::Status done = part.scrub(context);
    if (absl::IsCancelled(done)) return true;
    if (!done.ok()) Tell(std::string(done.message()));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  ++last_.passes;
  last_.damaged = std::move(under_way_);
  under_way_.clear();
  return stopping_;
}

bool Scrubber::WaitUntil(std::chrono::steady_clock::time_point time) {
  std::unique_lock<std::mutex> lock(mutex_);
  return wakes_.wait_until(lock, time, [this] { return stopping_; });
}

bool Scrubber::Pace(std::size_t bytes) {
  next_read_ = std::max(next_read_, std::chrono::steady_clock::now() - kScrubLagMax);
  if (WaitUntil(next_read_)) return true;
  const std::chrono::duration<double> takes(static_cast<double>(bytes) /
                                            static_cast<double>(options_.bytes_per_s));
  next_read_ += std::chrono::duration_cast<std::chrono::steady_clock::duration>(takes);
  const std::lock_guard<std::mutex> lock(mutex_);
  last_.bytes += bytes;
  return stopping_;
}

void Scrubber::Tell(std::string damage) {
  rpc::Log("causeway-node", "scrub: " + damage);
  const std::lock_guard<std::mutex> lock(mutex_);
  under_way_.push_back(std::move(damage));
}

}  // namespace causeway::node
