#include "scenarios/explore/small_blocks.h"

#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#define CAUSEWAY_HAS_FEATURE(name) __has_feature(name)
#else
#define CAUSEWAY_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                     \
    CAUSEWAY_HAS_FEATURE(address_sanitizer) || CAUSEWAY_HAS_FEATURE(thread_sanitizer) || \
    CAUSEWAY_HAS_FEATURE(memory_sanitizer)
#define CAUSEWAY_SMALL_BLOCKS 0
#else
#define CAUSEWAY_SMALL_BLOCKS 1
#endif

#if CAUSEWAY_SMALL_BLOCKS
namespace causeway::sim {
namespace {

// Sizes are rounded up to steps; what is larger than the largest comes from malloc.
constexpr std::size_t kStepBytes = 16;
constexpr std::size_t kBlockBytesMax = 2048;
constexpr std::size_t kSizes = kBlockBytesMax / kStepBytes + 1;
// Blocks of one size lie together in a slab. Slabs are taken from address space that is reserved
// once, so that an address tells whether it is of a block, and of which size.
constexpr std::size_t kSlabBytes = std::size_t{64} << 10;
constexpr std::size_t kSlabs = std::size_t{1} << 17;  // 8 GiB

struct FreeBlock {
  FreeBlock* next;
};

// Constant-initialized: objects are made before any initializer has run.
constinit char* region = nullptr;  // null: not in use
constinit std::size_t slabs_used = 0;
constinit std::array<std::uint8_t, kSlabs> steps_of_slab{};
constinit std::array<FreeBlock*, kSizes> free_blocks{};

// Cuts a slab up into blocks of so many steps. Null when there is none left.
FreeBlock* CutSlab(std::size_t steps) {
  if (slabs_used == kSlabs) return nullptr;
  char* const slab = region + slabs_used * kSlabBytes;
  steps_of_slab[slabs_used++] = static_cast<std::uint8_t>(steps);
  const std::size_t bytes = steps * kStepBytes;
  FreeBlock* first = nullptr;
  for (std::size_t at = kSlabBytes / bytes * bytes; at > 0; at -= bytes) {
    first = new (slab + at - bytes) FreeBlock{first};
  }
  return first;
}

void* Make(std::size_t bytes) {
  if (region != nullptr && bytes <= kBlockBytesMax) {
    const std::size_t steps = bytes == 0 ? 1 : (bytes + kStepBytes - 1) / kStepBytes;
    FreeBlock*& list = free_blocks[steps];
    if (list == nullptr) list = CutSlab(steps);
    if (list != nullptr) {
      FreeBlock* const block = list;
      list = block->next;
      // It is the next to be read here, and has often lain unused for long.
      __builtin_prefetch(list, 1);
      return block;
    }
  }
  void* const made = std::malloc(bytes == 0 ? 1 : bytes);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

void Free(void* object) {
  // Of an address before the region the difference is larger than any.
  const auto offset =
      reinterpret_cast<std::uintptr_t>(object) - reinterpret_cast<std::uintptr_t>(region);
  if (region == nullptr || offset >= kSlabs * kSlabBytes) {
    std::free(object);
    return;
  }
  FreeBlock*& list = free_blocks[steps_of_slab[offset / kSlabBytes]];
  list = new (object) FreeBlock{list};
}

}  // namespace

void UseSmallBlocks() {
  if (region != nullptr) return;
  void* const reserved = mmap(nullptr, kSlabs * kSlabBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  // Without address space it is slower, not wrong.
  if (reserved != MAP_FAILED) region = static_cast<char*>(reserved);
}

}  // namespace causeway::sim

void* operator new(std::size_t bytes) { return causeway::sim::Make(bytes); }
void operator delete(void* object) noexcept { causeway::sim::Free(object); }
void operator delete(void* object, std::size_t) noexcept { causeway::sim::Free(object); }

#else  // CAUSEWAY_SMALL_BLOCKS

namespace causeway::sim {
void UseSmallBlocks() {}
}  // namespace causeway::sim

#endif  // CAUSEWAY_SMALL_BLOCKS
