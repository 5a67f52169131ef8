// What the system's own files hold after appends of all sizes, by whichever way they were written.
#include "settlement/store/segment_file.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::string Pattern(TestSequence& sequence, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>('a' + sequence.Below(26));
  return bytes;
}

class SegmentFileTest : public ::testing::Test {
 protected:
  void Open(FileSystem::Mode mode) {
    file_.reset();
    auto file = PosixFileSystem().Open(directory_.Path("file"), mode);
    ASSERT_TRUE(file.ok()) << file.status();
    file_ = *std::move(file);
  }
  // Appends `size` bytes in several pieces, here and to what is expected.
  void Append(std::size_t size) {
    const std::string bytes = Pattern(sequence_, size);
    const std::string_view all = bytes;
    const std::vector<std::string_view> pieces = {
        all.substr(0, size / 3), {}, all.substr(size / 3)};
    ASSERT_TRUE(file_->Append(written_.size(), pieces).ok());
    written_ += bytes;
  }
  // The file is what was written, and zeros up to `size`.
  void ExpectHolds(std::size_t size) {
    ASSERT_TRUE(file_->Sync().ok());
    EXPECT_EQ(*file_->Size(), size);
    std::string bytes(size + 1, 'x');
    ASSERT_EQ(*file_->Read(0, bytes.data(), bytes.size()), size);
    bytes.resize(size);
    std::string expected = written_;
    expected.resize(size);
    EXPECT_TRUE(bytes == expected) << "of " << size << " bytes";
  }

  const TemporaryDirectory directory_;
  TestSequence sequence_{7};
  std::unique_ptr<SegmentFile> file_;
  std::string written_;
};

TEST_F(SegmentFileTest, LargeAndSmallAppendsFollowOneAnotherInReservedSpace) {
  Open(FileSystem::Mode::kCreate);
  ASSERT_TRUE(file_->Allocate(8 * kMiB).ok());
  // From odd places, to the ends of pages, within one page, and over several writes.
  for (const std::size_t size :
       {100'000u, 31'072u, 70'000u, 8u, 65'536u, 1u, 2'500'000u, 4'095u, 300'000u, 300'001u}) {
    Append(size);
    ExpectHolds(8 * kMiB);
  }
}

TEST_F(SegmentFileTest, AFileWithoutReservedSpaceEndsWhereTheLastAppendDid) {
  Open(FileSystem::Mode::kCreate);
  for (const std::size_t size : {200'000u, 70'001u, 5u, 131'072u, 1'500'000u}) {
    Append(size);
    ExpectHolds(written_.size());
  }
}

TEST_F(SegmentFileTest, AnAppendGoesOnWhereAFileWasCutOrWrittenOtherwise) {
  Open(FileSystem::Mode::kCreate);
  ASSERT_TRUE(file_->Allocate(4 * kMiB).ok());
  Append(100'001);
  Open(FileSystem::Mode::kWrite);
  Append(100'002);
  // Other bytes under the end of the last append, in the page that the next begins in.
  const std::string_view other = "other bytes";
  ASSERT_TRUE(file_->Write(written_.size() - other.size(), {&other, 1}).ok());
  written_.replace(written_.size() - other.size(), other.size(), other);
  Append(100'003);
  ExpectHolds(4 * kMiB);
  written_.resize(written_.size() - 5'000);
  ASSERT_TRUE(file_->Truncate(written_.size()).ok());
  ASSERT_TRUE(file_->Allocate(4 * kMiB).ok());
  Append(100'004);
  ExpectHolds(4 * kMiB);
}

TEST_F(SegmentFileTest, RefusesAnAppendBehindTheEnd) {
  Open(FileSystem::Mode::kCreate);
  Append(1000);
  const std::string large(100'000, 'x');
  const std::string_view piece = large;
  EXPECT_FALSE(file_->Append(5'001, {&piece, 1}).ok());
}

}  // namespace
}  // namespace causeway::store
