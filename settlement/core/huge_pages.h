// Memory in pages of 2 MiB where the system has them: a table that is read at random places then
// costs a cache miss each time and no walk of the page tables. Only speed depends on whether the
// system grants them.
#ifndef CAUSEWAY_SETTLEMENT_CORE_HUGE_PAGES_H_
#define CAUSEWAY_SETTLEMENT_CORE_HUGE_PAGES_H_

#include <cstddef>

namespace causeway::core {

inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// `bytes`, a multiple of kHugePageBytes, of zeros, aligned to kHugePageBytes. Without memory the
// process stops. Given back by FreePages with the same size.
void* AllocatePages(std::size_t bytes);
// What is touched of them from now on may become huge pages, each of which is cleared as a whole.
void AdviseHugePages(void* pages, std::size_t bytes);
void FreePages(void* pages, std::size_t bytes);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_HUGE_PAGES_H_
