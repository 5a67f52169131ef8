// A program that runs as a child of this one, with its output in a log file.
#ifndef CAUSEWAY_SCENARIOS_LIVE_PROCESS_H_
#define CAUSEWAY_SCENARIOS_LIVE_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace causeway::sim {

// Of a log file: what is shown of it when its process fails.
inline constexpr std::size_t kLogTailBytes = 4096;

struct ProcessSpec {
  std::string name;     // for messages
  std::string program;  // path
  std::vector<std::string> arguments;
  std::string log_file;  // standard output and error are appended to it
};

// Not synchronised. The system ends the child (SIGTERM) when the thread that started it ends, so
// start processes from a thread that lives as long as they shall.
class Process {
 public:
  // NotFound when there is no such program, Internal when the system does not let it start.
  static absl::StatusOr<std::unique_ptr<Process>> Start(ProcessSpec spec);
  // Kills it if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  const ProcessSpec& spec() const { return spec_; }
  pid_t pid() const { return pid_; }
  // False once it has ended; then `ending` says how.
  bool IsRunning();
  // "exited with status 1", "was ended by signal 9".
  std::string Ending() const;

  // SIGKILL, and waits until it is gone.
  void Kill();
  // SIGTERM, and waits for its end. DeadlineExceeded (and it is killed) when that takes longer than
  // `wait_max`; Internal with the end of its log unless it exits with status 0.
  absl::Status Stop(std::chrono::milliseconds wait_max);

  // Waits for the file that the process writes when it serves, and gives its first line. Internal
  // with the end of its log when it ends before, DeadlineExceeded when it takes longer.
  absl::StatusOr<std::string> WaitForReadyFile(const std::string& path,
                                               std::chrono::milliseconds wait_max);

  // "; the end of <log file>:\n..." to add to a message.
  std::string LogTail() const;

 private:
  Process(ProcessSpec spec, pid_t pid);
  // Whether it has ended; waits for that when `block`.
  bool Reap(bool block);

  const ProcessSpec spec_;
  const pid_t pid_;
  std::optional<int> wait_status_;  // once it has ended
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_PROCESS_H_
