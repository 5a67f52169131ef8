#include "scenarios/live/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "fmt/format.h"

namespace causeway::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{5};
constexpr int kExitCannotExecute = 127;
constexpr mode_t kLogMode = 0600;

// Between fork and exec: only what is safe after fork in a program with threads.
[[noreturn]] void Execute(const char* program, char* const* arguments, int log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kExitCannotExecute);  // it ended before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int input = open("/dev/null", O_RDONLY);
  if (input >= 0) dup2(input, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(program, arguments);
  _exit(kExitCannotExecute);
}

}  // namespace

Process::Process(ProcessSpec spec, pid_t pid) : spec_(std::move(spec)), pid_(pid) {}

absl::StatusOr<std::unique_ptr<Process>> Process::Start(ProcessSpec spec) {
  if (access(spec.program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(
        fmt::format("{}: no program {} that may be executed", spec.name, spec.program));
  }
  const int log = open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kLogMode);
  if (log < 0) {
    return absl::InternalError(
        fmt::format("{}: cannot write {}: {}", spec.name, spec.log_file, std::strerror(errno)));
  }
  std::vector<char*> arguments;
  arguments.push_back(spec.program.data());
  for (std::string& argument : spec.arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Execute(spec.program.c_str(), arguments.data(), log, parent);
  const int error = errno;
  close(log);
  if (pid < 0) {
    return absl::InternalError(
        fmt::format("{}: the system starts no process: {}", spec.name, std::strerror(error)));
  }
  return std::unique_ptr<Process>(new Process(std::move(spec), pid));
}

Process::~Process() { Kill(); }

bool Process::Reap(bool block) {
  if (wait_status_) return true;
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended == 0) return false;
  wait_status_ = status;
  return true;
}

bool Process::IsRunning() { return !Reap(/*block=*/false); }

std::string Process::Ending() const {
  if (!wait_status_) return "runs";
  if (WIFSIGNALED(*wait_status_)) {
    return fmt::format("was ended by signal {}", WTERMSIG(*wait_status_));
  }
  return fmt::format("exited with status {}", WEXITSTATUS(*wait_status_));
}

void Process::Kill() {
  if (Reap(/*block=*/false)) return;
  kill(pid_, SIGKILL);
  Reap(/*block=*/true);
}

absl::Status Process::Stop(std::chrono::milliseconds wait_max) {
  if (!Reap(/*block=*/false)) kill(pid_, SIGTERM);
  const Clock::time_point end = Clock::now() + wait_max;
  while (!Reap(/*block=*/false)) {
    if (Clock::now() >= end) {
      Kill();
      return absl::DeadlineExceededError(fmt::format("{} did not end within {} ms of SIGTERM{}",
                                                     spec_.name, wait_max.count(), LogTail()));
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  if (WIFEXITED(*wait_status_) && WEXITSTATUS(*wait_status_) == 0) return absl::OkStatus();
  return absl::InternalError(fmt::format("{} {}{}", spec_.name, Ending(), LogTail()));
}

absl::StatusOr<std::string> Process::WaitForReadyFile(const std::string& path,
                                                      std::chrono::milliseconds wait_max) {
  const Clock::time_point end = Clock::now() + wait_max;
  while (true) {
    std::string line;
    if (std::ifstream file(path); file && std::getline(file, line) && !line.empty()) return line;
    if (!IsRunning()) {
      return absl::InternalError(
          fmt::format("{} {} before it served{}", spec_.name, Ending(), LogTail()));
    }
    if (Clock::now() >= end) {
      return absl::DeadlineExceededError(
          fmt::format("{} does not serve after {} ms{}", spec_.name, wait_max.count(), LogTail()));
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

std::string Process::LogTail() const {
  std::ifstream file(spec_.log_file, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
  if (size <= 0) return fmt::format("; its log {} is empty", spec_.log_file);
  const auto tail = static_cast<std::streamoff>(kLogTailBytes);
  file.seekg(size > tail ? size - tail : 0);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return fmt::format("; the end of {}:\n{}", spec_.log_file, text);
}

}  // namespace causeway::sim
