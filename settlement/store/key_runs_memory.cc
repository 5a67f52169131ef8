#include "settlement/store/key_runs_memory.h"

#include <sys/mman.h>

#include <cstring>

#include "settlement/core/check.h"

namespace causeway::store {

PageMemory::PageMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CW_CHECK(data_ != MAP_FAILED, "there is memory for the key index");
  // Advice only: without huge pages it is slower, not wrong.
  (void)madvise(data_, bytes, MADV_HUGEPAGE);
}

PageMemory::~PageMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

void PageMemory::Touch() {
  if (data_ == nullptr || madvise(data_, bytes_, MADV_POPULATE_WRITE) == 0) return;
  std::memset(data_, 0, bytes_);  // before Linux 5.14
}

}  // namespace causeway::store
