#include "settlement/core/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>

#include "settlement/core/check.h"

namespace causeway::core {

void* AllocatePages(std::size_t bytes) {
  CW_CHECK(bytes > 0 && bytes % kHugePageBytes == 0, "whole huge pages are allocated");
  // One more than asked for has an aligned place in it; what is around that goes back.
  void* const mapped = mmap(nullptr, bytes + kHugePageBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CW_CHECK(mapped != MAP_FAILED, "there is memory");
  char* const begin = static_cast<char*>(mapped);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(begin) % kHugePageBytes;
  char* const pages = past == 0 ? begin : begin + (kHugePageBytes - past);
  const auto before = static_cast<std::size_t>(pages - begin);
  if (before > 0) munmap(begin, before);
  munmap(pages + bytes, kHugePageBytes - before);
  return pages;
}

void AdviseHugePages(void* pages, std::size_t bytes) {
  // Advice only: without huge pages it is slower, not wrong.
  (void)madvise(pages, bytes, MADV_HUGEPAGE);
}

void FreePages(void* pages, std::size_t bytes) { munmap(pages, bytes); }

}  // namespace causeway::core
