// Reads what a running node has on its disk, from time to time and slowly, and tells what is
// damaged before somebody needs it: in the log, and to whoever asks
// (causeway.v1.Operations.GetScrub). The node goes on; what puts each thing right is told with it.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SCRUBBER_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SCRUBBER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "settlement/store/scrub.h"
#include "settlement/store/snapshot.h"

namespace causeway::node {

// The snapshots of a ledger in `directory`, one frame after the other: context.damaged for each
// that its node would not use. Cancelled when the pace says so.
absl::Status ScrubSnapshots(const std::string& directory, const std::string& salt_key,
                            const store::ScrubContext& context);

class Scrubber {
 public:
  struct Options {
    std::uint64_t bytes_per_s = 8 << 20;                             // 1 or more
    std::chrono::milliseconds pause = std::chrono::hours(1);         // between two passes
    std::chrono::milliseconds first_pass = std::chrono::seconds(5);  // after the start
  };
  // A part of what is on the disk. `remedy` is told with the damage.
  struct Part {
    std::function<absl::Status(const store::ScrubContext&)> scrub;
    std::string remedy;
  };
  struct Status {
    std::uint64_t passes = 0;  // that were finished since the start
    std::uint64_t bytes = 0;   // read since the start
    // By the last finished pass or by the one under way: file, place, what is wrong and what to do.
    std::vector<std::string> damaged;
  };

  // What the parts use must outlive it.
  Scrubber(Options options, std::vector<Part> parts);
  // As Stop.
  ~Scrubber();
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  // Ends the thread soon.
  void Stop();
  // Any thread.
  Status status() const;

 private:
  void Run();
  bool Pass();
  // True: it is to end.
  bool WaitUntil(std::chrono::steady_clock::time_point time);
  bool Pace(std::size_t bytes);
  void Tell(std::string damage);

  const Options options_;
  const std::vector<Part> parts_;
  std::chrono::steady_clock::time_point next_read_;
  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  bool stopping_ = false;
  Status last_;                         // damaged: by the last finished pass
  std::vector<std::string> under_way_;  // damaged, by the pass under way
  std::thread thread_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SCRUBBER_H_
