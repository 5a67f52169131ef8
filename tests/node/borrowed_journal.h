// A journal that outlives the engines that open it and counts what they read.
#ifndef CAUSEWAY_TESTS_NODE_BORROWED_JOURNAL_H_
#define CAUSEWAY_TESTS_NODE_BORROWED_JOURNAL_H_

#include <atomic>
#include <cstdint>

#include "tests/store/shared_journal.h"

namespace causeway::node {

class BorrowedJournal final : public store::SharedJournal {
 public:
  using SharedJournal::SharedJournal;

  absl::StatusOr<store::Block> Read(std::uint64_t number) const override {
    reads_ += 1;
    return SharedJournal::Read(number);
  }

  std::uint64_t reads() const { return reads_; }

 private:
  mutable std::atomic<std::uint64_t> reads_ = 0;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_TESTS_NODE_BORROWED_JOURNAL_H_
