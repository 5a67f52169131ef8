// A sequence that grows without moving what it holds: elements lie in chunks of equal size, so that
// growth neither copies nor needs twice the memory, and references stay valid. Chunks that are
// whole huge pages are allocated as such.
#ifndef CAUSEWAY_SETTLEMENT_CORE_CHUNKED_VECTOR_H_
#define CAUSEWAY_SETTLEMENT_CORE_CHUNKED_VECTOR_H_

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "settlement/core/huge_pages.h"

namespace causeway::core {

// Only what ledgers need of a vector. `kChunkSize` is a power of two.
template <typename T, std::size_t kChunkSize = std::size_t{1} << 14>
class ChunkedVector {
  static_assert((kChunkSize & (kChunkSize - 1)) == 0, "positions are split by shift and mask");

 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t position) {
    return chunks_[position / kChunkSize][position % kChunkSize];
  }
  const T& operator[](std::size_t position) const {
    return chunks_[position / kChunkSize][position % kChunkSize];
  }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ % kChunkSize == 0) {
      chunks_.push_back(Chunk(NewChunk()));
    }
    (*this)[size_] = std::move(value);
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
  static constexpr std::size_t kChunkBytes = kChunkSize * sizeof(T);
  static constexpr bool kIsHuge = kChunkBytes % kHugePageBytes == 0;
  struct DeleteChunk {
    void operator()(T* chunk) const {
      if constexpr (kIsHuge) {
        std::destroy_n(chunk, kChunkSize);
        FreeHugePages(chunk, kChunkBytes);
      } else {
        delete[] chunk;
      }
    }
  };
  using Chunk = std::unique_ptr<T[], DeleteChunk>;

  static T* NewChunk() {
    if constexpr (kIsHuge) {
      T* const chunk = static_cast<T*>(AllocateHugePages(kChunkBytes));
      std::uninitialized_value_construct_n(chunk, kChunkSize);
      return chunk;
    } else {
      return new T[kChunkSize]();
    }
  }

  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_CHUNKED_VECTOR_H_
