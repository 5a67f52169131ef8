// Memory of the key index: anonymous pages, zero at first, huge where the system has them (a probe
// of a large table is then one cache miss and no walk of the page tables).
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MEMORY_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace causeway::store {

// Owns the pages. Move-only. Without memory the process stops.
class PageMemory {
 public:
  PageMemory() = default;
  explicit PageMemory(std::size_t bytes);
  ~PageMemory();
  PageMemory(PageMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  PageMemory& operator=(PageMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  std::size_t bytes() const { return bytes_; }
  // Makes the system give all pages now, so that later use does not fault. For new memory: a system
  // that cannot be asked for it has them zeroed.
  void Touch();

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// One key as the tables hand it to the writer of a run.
struct KeyEntry {
  std::uint64_t fingerprint = 0;
  std::uint64_t leaf = 0;

  friend bool operator<(const KeyEntry& left, const KeyEntry& right) {
    return left.fingerprint != right.fingerprint ? left.fingerprint < right.fingerprint
                                                 : left.leaf < right.leaf;
  }
};

// Functions that only prefetch: g++ 12 takes them for functions without effect, and drops calls
// that it has not inlined by then.
#define CAUSEWAY_PREFETCH_INLINE [[gnu::always_inline]] inline

// floor(fingerprint / 2^64 * count): maps fingerprints to 0 .. count - 1 and keeps their order.
inline std::uint64_t ScaleFingerprint(std::uint64_t fingerprint, std::uint64_t count) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(fingerprint) * count) >> 64);
}

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MEMORY_H_
