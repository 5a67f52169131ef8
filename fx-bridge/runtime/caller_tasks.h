// Tasks that wait for one thread, of many callers: none of them takes all the room, and none has to
// wait for all that another one asked for before it. Not thread-safe.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_CALLER_TASKS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_CALLER_TASKS_H_

#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace causeway::bridge {

template <typename Task>
class CallerTasks {
 public:
  // At most `waiting_max` wait, those of Prepend aside.
  explicit CallerTasks(std::size_t waiting_max) : waiting_max_(waiting_max) {}

  // False when nothing more may wait, or when the caller has no fewer waiting than there is room
  // for more: so n callers leave the others at least 1 / (1 + n) of the room. The empty caller,
  // which is this machine's own, has no share.
  bool Add(const std::string& caller, Task task) {
    if (count_ >= waiting_max_) return false;
    std::deque<Task>& own = waiting_[caller];
    const bool exceeds = !caller.empty() && own.size() >= waiting_max_ - count_;
    if (!exceeds) {
      own.push_back(std::move(task));
      ++count_;
    }
    return !exceeds;  // a caller that exceeds its share has something waiting
  }
  // Comes before all that waits, and is never refused: how many there are, others bound.
  void Prepend(Task task) { first_.push_back(std::move(task)); }

  bool empty() const { return count_ == 0 && first_.empty(); }

  // Moves behind `tasks` all of Prepend, and then of callers at most `count_max`: one of each in
  // turn, each caller's in their order.
  void Take(std::size_t count_max, std::vector<Task>& tasks) {
    for (Task& task : first_) tasks.push_back(std::move(task));
    first_.clear();
    auto next = waiting_.upper_bound(last_);
    for (std::size_t taken = 0; taken < count_max && count_ > 0; ++taken) {
      if (next == waiting_.end()) next = waiting_.begin();
      tasks.push_back(std::move(next->second.front()));
      next->second.pop_front();
      --count_;
      last_ = next->first;
      next = next->second.empty() ? waiting_.erase(next) : std::next(next);
    }
  }

 private:
  const std::size_t waiting_max_;
  std::vector<Task> first_;
  std::map<std::string, std::deque<Task>> waiting_;  // none is empty
  std::size_t count_ = 0;                            // in waiting_
  std::string last_;                                 // whose was taken last
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_CALLER_TASKS_H_
