// What the system's own files hold after appends of all sizes, by whichever way they were written.
#include "settlement/store/segment_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/store_test_util.h"

namespace {

// A file system that cannot reserve space, and how large its file is at each write: these two take
// the place of the C library's.
bool cannot_reserve = false;
bool size_is_ahead = false;

}  // namespace

extern "C" int fallocate(int fd, int mode, off_t offset, off_t size) {
  if (cannot_reserve) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, size));
}

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  struct stat status {};
  if (cannot_reserve && fstat(fd, &status) == 0 && status.st_size > offset) size_is_ahead = true;
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

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

// A crash while the space is made must not leave a file that claims what it does not have.
TEST_F(SegmentFileTest, WhereSpaceCannotBeReservedTheSizeGrowsWithTheZeros) {
  Open(FileSystem::Mode::kCreate);
  Append(1'000);
  cannot_reserve = true;
  size_is_ahead = false;
  const absl::Status allocated = file_->Allocate(3 * kMiB + 5);
  cannot_reserve = false;
  ASSERT_TRUE(allocated.ok()) << allocated;
  EXPECT_FALSE(size_is_ahead);
  struct stat status {};
  ASSERT_EQ(stat(directory_.Path("file").c_str(), &status), 0);
  EXPECT_GE(static_cast<std::size_t>(status.st_blocks) * 512, 3 * kMiB);
  ExpectHolds(3 * kMiB + 5);
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
