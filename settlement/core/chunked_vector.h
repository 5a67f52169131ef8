// A sequence that grows without moving what it holds: elements lie in chunks of equal size, so that
// growth neither copies nor needs twice the memory, and references stay valid. Chunks that are
// whole huge pages are allocated as such. An element is made when it is added and not before: a
// sequence of a few touches a page or two, whatever the size of its chunk.
//
// The table of chunks does not move either: while one thread appends, others may read elements
// whose appending they have learned of by some synchronisation of their own.
#ifndef CAUSEWAY_SETTLEMENT_CORE_CHUNKED_VECTOR_H_
#define CAUSEWAY_SETTLEMENT_CORE_CHUNKED_VECTOR_H_

#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "settlement/core/check.h"
#include "settlement/core/huge_pages.h"

namespace causeway::core {

// Only what ledgers need of a vector. A chunk is a huge page, or as many as hold `kChunkSize`.
template <typename T, std::size_t kChunkSize = kHugePageBytes / sizeof(T)>
class ChunkedVector {
 public:
  // 2^32 elements with the chunks of accounts: as many as have numbers.
  static constexpr std::size_t kChunksMax = std::size_t{1} << 18;

  ChunkedVector() = default;
  ~ChunkedVector() { Clear(); }
  ChunkedVector(ChunkedVector&& other) noexcept { Swap(other); }
  ChunkedVector& operator=(ChunkedVector&& other) noexcept {
    ChunkedVector taken(std::move(other));
    Swap(taken);
    return *this;
  }
  ChunkedVector(const ChunkedVector&) = delete;
  ChunkedVector& operator=(const ChunkedVector&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t position) { return *At(position); }
  const T& operator[](std::size_t position) const { return *At(position); }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ % kChunkSize == 0) {
      // Address space only: a page of it takes memory once it is used.
      if (chunks_.empty()) chunks_.reserve(kChunksMax);
      CW_CHECK(chunks_.size() < kChunksMax, "the table of chunks has room");
      chunks_.push_back(Chunk(NewChunk()));
      if (size_ > 0) AdviseHuge(chunks_.back().get());
    } else if (size_ == kFewElements) {
      AdviseHuge(chunks_.front().get());
    }
    std::construct_at(At(size_), std::move(value));
    ++size_;
  }

  template <typename Owner, typename Value>
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = Value*;
    using reference = Value&;

    Iterator() = default;
    Iterator(Owner* owner, std::size_t position) : owner_(owner), position_(position) {}
    reference operator*() const { return (*owner_)[position_]; }
    pointer operator->() const { return &(*owner_)[position_]; }
    Iterator& operator++() {
      ++position_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++position_;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    Owner* owner_ = nullptr;
    std::size_t position_ = 0;
  };
  using iterator = Iterator<ChunkedVector, T>;
  using const_iterator = Iterator<const ChunkedVector, const T>;
  iterator begin() { return {this, 0}; }
  iterator end() { return {this, size_}; }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size_}; }

 private:
  static constexpr bool kIsHuge = (kChunkSize + 1) * sizeof(T) > kHugePageBytes;
  static constexpr std::size_t kChunkBytes =
      kIsHuge ? (kChunkSize * sizeof(T) + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes
              : kChunkSize * sizeof(T);
  // Up to here the first chunk is no reason to clear a huge page.
  static constexpr std::size_t kFewElements = kChunkSize / 64 + 1;
  // Of memory alone: the elements are destroyed before.
  struct DeleteChunk {
    void operator()(T* chunk) const {
      if constexpr (kIsHuge) {
        FreePages(chunk, kChunkBytes);
      } else {
        ::operator delete (chunk, std::align_val_t{alignof(T)});
      }
    }
  };
  using Chunk = std::unique_ptr<T, DeleteChunk>;

  static T* NewChunk() {
    if constexpr (kIsHuge) {
      return static_cast<T*>(AllocatePages(kChunkBytes));
    } else {
      return static_cast<T*>(::operator new (kChunkBytes, std::align_val_t{alignof(T)}));
    }
  }
  static void AdviseHuge(T* chunk) {
    if constexpr (kIsHuge) AdviseHugePages(chunk, kChunkBytes);
  }
  T* At(std::size_t position) const {
    return chunks_[position / kChunkSize].get() + position % kChunkSize;
  }
  void Clear() {
    for (std::size_t i = 0; i < size_; ++i) std::destroy_at(At(i));
    size_ = 0;
    chunks_.clear();
  }
  void Swap(ChunkedVector& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(size_, other.size_);
  }

  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_CHUNKED_VECTOR_H_
