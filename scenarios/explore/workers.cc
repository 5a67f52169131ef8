#include "scenarios/explore/workers.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "scenarios/explore/small_blocks.h"
#include "settlement/core/bytes.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kLastWordsMax = 2'000;  // bytes of a dying process's standard error
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kKeptBytesMax = 1 << 30;
constexpr int kMappedBytesMin = 32 << 20;  // the most that glibc takes

absl::Status SystemError(const char* what) {
  return absl::InternalError(fmt::format("{}: {}", what, std::strerror(errno)));
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A child that takes jobs `next`, `next` + step, ... below `end`. It says which it begins, and what
// came of it: frames of a number and a sized outcome, empty at the beginning.
class Worker {
 public:
  Worker(std::uint64_t next, std::uint64_t step, std::uint64_t end)
      : next_(next), step_(step), end_(end) {}
  ~Worker() { Close(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  absl::Status Start(const Job& job);
  int fd() const { return fd_; }
  bool running() const { return fd_ >= 0; }
  bool has_jobs() const { return next_ < end_; }
  // Reads what is there. Outcomes go to `out`; at the end of the process, one for a job that it
  // died of.
  void Read(std::vector<std::pair<std::uint64_t, Outcome>>& out);
  void Kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    next_ = end_;
  }

 private:
  [[noreturn]] void Work(const Job& job, int fd);
  void Take(std::vector<std::pair<std::uint64_t, Outcome>>& out);
  void Bury(std::vector<std::pair<std::uint64_t, Outcome>>& out);
  std::string LastWords() const;
  void Close();

  std::uint64_t next_;
  std::uint64_t step_;
  std::uint64_t end_;
  pid_t pid_ = -1;
  int fd_ = -1;
  int error_fd_ = -1;  // standard error of the child, kept in memory
  std::string buffer_;
  std::optional<std::uint64_t> begun_;
};

absl::Status Worker::Start(const Job& job) {
  int fds[2];
  if (::pipe(fds) != 0) return SystemError("cannot make a pipe");
  error_fd_ = ::memfd_create("stderr", 0);
  if (error_fd_ < 0) return SystemError("cannot keep standard error");
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) return SystemError("cannot start a process");
  if (pid_ == 0) {
    ::close(fds[0]);
    ::dup2(error_fd_, STDERR_FILENO);
    Work(job, fds[1]);
  }
  ::close(fds[1]);
  fd_ = fds[0];
  return absl::OkStatus();
}

void Worker::Work(const Job& job, int fd) {
  UseSmallBlocks();
#ifdef __GLIBC__
  // What one job gave back the next takes: it need not go through the system.
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytesMax);
  ::mallopt(M_MMAP_THRESHOLD, kMappedBytesMin);
#endif
  for (; next_ < end_; next_ += step_) {
    core::Writer begin;
    begin.U64(next_).Sized({});
    if (!WriteAll(fd, begin.bytes())) ::_exit(0);
    core::Writer end;
    end.U64(next_).Sized(EncodeOutcome(job(next_)));
    if (!WriteAll(fd, end.bytes())) ::_exit(0);
  }
  // Nothing of the parent's is to be torn down here.
  ::_exit(0);
}

void Worker::Read(std::vector<std::pair<std::uint64_t, Outcome>>& out) {
  char bytes[kReadBytes];
  const ssize_t size = ::read(fd_, bytes, sizeof bytes);
  if (size < 0 && errno == EINTR) return;
  if (size > 0) {
    buffer_.append(bytes, static_cast<std::size_t>(size));
    Take(out);
    return;
  }
  Bury(out);
  Close();
}

void Worker::Take(std::vector<std::pair<std::uint64_t, Outcome>>& out) {
  std::size_t used = 0;
  for (;;) {
    core::Reader reader(std::string_view(buffer_).substr(used));
    const std::uint64_t number = reader.U64();
    const std::string_view frame = reader.Sized();
    if (!reader.ok()) break;
    used = buffer_.size() - reader.remaining();
    if (frame.empty()) {
      begun_ = number;
      continue;
    }
    absl::StatusOr<Outcome> outcome = DecodeOutcome(frame);
    if (!outcome.ok()) continue;  // both ends are this program
    begun_.reset();
    next_ = number + step_;
    out.emplace_back(number, *std::move(outcome));
  }
  buffer_.erase(0, used);
}

void Worker::Bury(std::vector<std::pair<std::uint64_t, Outcome>>& out) {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (!begun_) return;
  Outcome outcome;
  const std::string cause = WIFSIGNALED(status)
                                ? fmt::format("signal {}", WTERMSIG(status))
                                : fmt::format("exit status {}", WEXITSTATUS(status));
  outcome.breaches.push_back(fmt::format("the process died ({}): {}", cause, LastWords()));
  next_ = *begun_ + step_;
  out.emplace_back(*begun_, std::move(outcome));
  begun_.reset();
}

std::string Worker::LastWords() const {
  const off_t size = ::lseek(error_fd_, 0, SEEK_END);
  if (size <= 0) return "it said nothing";
  const auto kept = std::min<std::size_t>(kLastWordsMax, static_cast<std::size_t>(size));
  std::string words(kept, '\0');
  const ssize_t read = ::pread(error_fd_, words.data(), kept, size - static_cast<off_t>(kept));
  words.resize(read < 0 ? 0 : static_cast<std::size_t>(read));
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words;
}

void Worker::Close() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }
  if (fd_ >= 0) ::close(fd_);
  if (error_fd_ >= 0) ::close(error_fd_);
  fd_ = error_fd_ = -1;
  buffer_.clear();
}

std::uint64_t ChildrenCpuMicros() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

}  // namespace

absl::Status RunJobs(std::uint64_t first, std::uint64_t count, std::uint32_t processes,
                     const Job& job,
                     const std::function<bool(std::uint64_t number, const Outcome&)>& on_outcome,
                     WorkersUsage* usage) {
  const std::uint64_t cpu_before = ChildrenCpuMicros();
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t i = 0; i < processes && i < count; ++i) {
    workers.push_back(std::make_unique<Worker>(first + i, processes, first + count));
    if (absl::Status started = workers.back()->Start(job); !started.ok()) return started;
  }
  bool goes_on = true;
  std::vector<std::pair<std::uint64_t, Outcome>> outcomes;
  for (;;) {
    std::vector<pollfd> polled;
    for (const auto& worker : workers) {
      if (worker->running()) polled.push_back({worker->fd(), POLLIN, 0});
    }
    if (polled.empty()) break;
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
      return SystemError("cannot wait for processes");
    }
    for (const pollfd& ready : polled) {
      if (ready.revents == 0) continue;
      const auto worker = std::find_if(workers.begin(), workers.end(),
                                       [&](const auto& each) { return each->fd() == ready.fd; });
      (*worker)->Read(outcomes);
      if (!(*worker)->running() && (*worker)->has_jobs() && goes_on) {
        if (absl::Status started = (*worker)->Start(job); !started.ok()) return started;
      }
    }
    for (const auto& [number, outcome] : std::exchange(outcomes, {})) {
      if (goes_on && !on_outcome(number, outcome)) {
        goes_on = false;
        for (const auto& worker : workers) worker->Kill();
      }
    }
  }
  if (usage != nullptr) usage->cpu_us = ChildrenCpuMicros() - cpu_before;
  return absl::OkStatus();
}

absl::StatusOr<Outcome> RunAlone(const std::function<Outcome()>& job) {
  Outcome result;
  const absl::Status status = RunJobs(
      0, 1, 1, [&job](std::uint64_t) { return job(); },
      [&result](std::uint64_t, const Outcome& outcome) {
        result = outcome;
        return true;
      });
  if (!status.ok()) return status;
  return result;
}

}  // namespace causeway::sim
