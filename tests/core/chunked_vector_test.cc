#include "settlement/core/chunked_vector.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace causeway::core {
namespace {

// A chunk of this type is whole huge pages, another's is not.
struct Counted {
  static inline int alive = 0;
  explicit Counted(std::size_t number_given) : number(number_given) { ++alive; }
  Counted(const Counted& other) : number(other.number) { ++alive; }
  Counted(Counted&& other) noexcept : number(other.number) { ++alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }
  std::size_t number;
  char rest[120] = {};
};

template <std::size_t kChunkSize>
void ExpectMakesEachOnceAndMovesNone(std::size_t count) {
  {
    ChunkedVector<Counted, kChunkSize> vector;
    vector.push_back(Counted(0));
    const Counted* const first = &vector[0];
    EXPECT_EQ(Counted::alive, 1);
    for (std::size_t i = 1; i < count; ++i) vector.push_back(Counted(i));
    EXPECT_EQ(Counted::alive, static_cast<int>(count));
    EXPECT_EQ(&vector[0], first);
    std::size_t next = 0;
    for (const Counted& each : std::as_const(vector)) EXPECT_EQ(each.number, next++);
    EXPECT_EQ(next, count);

    ChunkedVector<Counted, kChunkSize> taken = std::move(vector);
    EXPECT_EQ(&taken[0], first);
    EXPECT_EQ(taken.back().number, count - 1);
    taken = ChunkedVector<Counted, kChunkSize>();
    EXPECT_TRUE(taken.empty());
    EXPECT_EQ(Counted::alive, 0);
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(ChunkedVectorTest, MakesEachElementOnceAndMovesNoneInSmallChunks) {
  ExpectMakesEachOnceAndMovesNone<8>(100);
}

TEST(ChunkedVectorTest, MakesEachElementOnceAndMovesNoneInChunksOfHugePages) {
  static_assert(sizeof(Counted) == 128);
  ExpectMakesEachOnceAndMovesNone<16384>(2 * 16384 + 5);
}

TEST(ChunkedVectorTest, HoldsWhatCanOnlyBeMoved) {
  ChunkedVector<std::unique_ptr<int>, 4> vector;
  for (int i = 0; i < 9; ++i) vector.push_back(std::make_unique<int>(i));
  EXPECT_EQ(*vector[8], 8);
}

}  // namespace
}  // namespace causeway::core
