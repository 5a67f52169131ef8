#include "settlement/store/key_runs_memory.h"

#include <sys/mman.h>

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
  // Page by page, not by one MADV_POPULATE_WRITE: that keeps the process's map of memory locked for
  // as long as it takes, and whatever thread gives memory back meanwhile waits for it.
  constexpr std::size_t kPageBytes = 4096;
  auto* const bytes = static_cast<volatile char*>(data_);
  for (std::size_t at = 0; at < bytes_; at += kPageBytes) bytes[at] = 0;
}

}  // namespace causeway::store
