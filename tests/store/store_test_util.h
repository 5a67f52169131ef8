// What the tests of the store share: directories that go away, and blocks.
#ifndef CAUSEWAY_TESTS_STORE_STORE_TEST_UTIL_H_
#define CAUSEWAY_TESTS_STORE_STORE_TEST_UTIL_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/hash.h"
#include "settlement/store/journal.h"

namespace causeway::store {

// Removed with everything in it at the end of the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "causeway-store-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline JournalIdentity TestIdentity() {
  return {.kind = "ledger", .name = "ledger.example/hkd", .genesis = core::Sha256("genesis")};
}

inline std::string ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void WriteWholeFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Makes blocks that continue one another.
class BlockMaker {
 public:
  Block Next(std::uint32_t count, std::string body) {
    Block block{
        .number = number_++, .first_index = index_, .count = count, .body = std::move(body)};
    index_ += count;
    return block;
  }

 private:
  std::uint64_t number_ = 0;
  std::uint64_t index_ = 0;
};

// A deterministic sequence of its own, so that the tests are the same everywhere.
class TestSequence {
 public:
  explicit TestSequence(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Below(std::uint64_t limit) {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (z ^ (z >> 31)) % limit;
  }

 private:
  std::uint64_t state_;
};

inline std::string SequenceOf(TestSequence& sequence, std::size_t bytes) {
  std::string made(bytes, '\0');
  for (char& byte : made) byte = static_cast<char>(sequence.Below(256));
  return made;
}

// The record of a block as versions before pieces wrote it (docs/formats/journal.md).
inline std::string OldRecord(const Block& block, const core::Hash256& previous_chain) {
  core::Writer writer;
  writer.Raw("CWJB").U16(1).U64(block.number).U64(block.first_index).U32(block.count);
  writer.U32(static_cast<std::uint32_t>(block.body.size())).Hash(previous_chain);
  const core::Hash256 checksum = core::Sha256(std::string(writer.bytes()) + block.body);
  writer.Hash(checksum).Raw(block.body);
  return std::move(writer).Take();
}

inline void ExpectSameBlock(const Block& actual, const Block& expected) {
  EXPECT_EQ(actual.number, expected.number);
  EXPECT_EQ(actual.first_index, expected.first_index);
  EXPECT_EQ(actual.count, expected.count);
  EXPECT_TRUE(actual.body == expected.body) << "block " << expected.number;
}

}  // namespace causeway::store

#endif  // CAUSEWAY_TESTS_STORE_STORE_TEST_UTIL_H_
