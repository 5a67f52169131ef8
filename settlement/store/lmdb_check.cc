#include "settlement/store/lmdb_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "fmt/format.h"

namespace causeway::store {
namespace {

// LMDB 0.9's file format on a 64-bit machine (mdb.c: MDB_page, MDB_meta, MDB_db, MDB_node). All
// integers are in the machine's order, as LMDB writes them.
constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kDataVersion = 1;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
constexpr std::uint64_t kMetaPages = 2;
constexpr std::size_t kPageBytesMin = 512;
constexpr std::size_t kPageBytesMax = 32768;
constexpr std::size_t kPageHeaderBytes = 16;
constexpr std::size_t kNodeHeaderBytes = 8;
constexpr std::size_t kDbBytes = 48;
constexpr std::size_t kMetaBytes = 24 + 2 * kDbBytes + 16;
constexpr std::size_t kMetaPageBytes = kPageHeaderBytes + kMetaBytes;
constexpr int kDepthMax = 32;

constexpr std::uint16_t kBranchPage = 0x01;
constexpr std::uint16_t kLeafPage = 0x02;
constexpr std::uint16_t kOverflowPage = 0x04;
constexpr std::uint16_t kMetaPage = 0x08;
constexpr std::uint16_t kBigData = 0x01;
constexpr std::uint16_t kSubDatabase = 0x02;
constexpr std::uint16_t kIntegerKey = 0x08;

template <typename T>
T Load(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

struct Db {
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t entries = 0;
  std::uint64_t root = kNoPage;
};

Db LoadDb(std::string_view bytes, std::size_t offset) {
  return {.flags = Load<std::uint16_t>(bytes, offset + 4),
          .depth = Load<std::uint16_t>(bytes, offset + 6),
          .entries = Load<std::uint64_t>(bytes, offset + 32),
          .root = Load<std::uint64_t>(bytes, offset + 40)};
}

struct Meta {
  std::uint64_t page_bytes = 0;
  Db free_pages;
  Db names;
  std::uint64_t last_page = 0;
  std::uint64_t transaction = 0;
};

// One node of a leaf page: its data lie in the page or, when long, on pages of their own.
struct Leaf {
  std::string_view key;
  std::uint16_t flags = 0;
  std::string_view data;  // empty when on pages of their own
  std::uint64_t overflow_page = kNoPage;
  std::uint64_t data_bytes = 0;
};

class File {
 public:
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  absl::StatusOr<std::uint64_t> Size() const {
    struct stat status {};
    if (fd_ < 0 || fstat(fd_, &status) != 0) return absl::InternalError(std::strerror(errno));
    return static_cast<std::uint64_t>(status.st_size);
  }

  absl::Status Read(std::uint64_t offset, std::size_t size, std::string& bytes) const {
    bytes.resize(size);
    for (std::size_t done = 0; done < size;) {
      const ssize_t got =
          pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return absl::InternalError(std::strerror(errno));
      if (got == 0) {
        return absl::DataLossError(
            fmt::format("the file ends within the {} bytes at offset {}", size, offset));
      }
      done += static_cast<std::size_t>(got);
    }
    return absl::OkStatus();
  }

 private:
  int fd_;
};

// What a tree's keys must look like, and where the walk through it stands.
struct Tree {
  std::string_view name;
  bool integer_keys = false;
  std::uint16_t depth = 0;
  absl::FunctionRef<absl::Status(const Leaf&)> visit;
  std::uint64_t entries = 0;
  std::optional<std::string> last_key;
  std::optional<std::string> separator;  // the next key is at least this

  bool Less(std::string_view a, std::string_view b) const {
    if (!integer_keys) return a < b;
    return Load<std::uint64_t>(a, 0) < Load<std::uint64_t>(b, 0);
  }
  bool Fits(std::string_view key) const { return !integer_keys || key.size() == 8; }
};

class Checker {
 public:
  explicit Checker(const std::string& path) : file_(path) {}

  absl::Status Check(std::span<const LmdbDatabase> databases);

 private:
  absl::Status CheckMetaPages();
  absl::StatusOr<Meta> ReadMeta(std::uint64_t page, std::uint64_t offset) const;
  absl::Status CheckTree(std::string_view name, const Db& db, bool integer_keys,
                         absl::FunctionRef<absl::Status(const Leaf&)> visit);
  absl::Status CheckPage(Tree& tree, std::uint64_t number, int depth);
  absl::Status CheckBranch(Tree& tree, std::uint64_t number, std::string_view page, int depth);
  absl::Status CheckLeaf(Tree& tree, std::uint64_t number, std::string_view page);
  absl::Status CheckOverflow(const Tree& tree, std::uint64_t number, std::uint64_t data_bytes);
  absl::Status CheckFreeList(const Leaf& leaf);
  absl::Status CheckName(const Leaf& leaf, std::span<const LmdbDatabase> databases);
  // Says that the page is in use; each page is in use once.
  absl::Status Claim(std::uint64_t first, std::uint64_t count, std::string_view user);
  // The bounds of node `index` of a page whose header has been checked.
  absl::StatusOr<std::string_view> NodeAt(std::uint64_t number, std::string_view page,
                                          std::size_t index) const;

  File file_;
  std::uint64_t file_bytes_ = 0;
  Meta meta_;
  std::vector<bool> claimed_;
  std::size_t names_found_ = 0;
};

absl::Status Damaged(std::uint64_t page, std::string_view what) {
  return absl::DataLossError(fmt::format("page {}: {}", page, what));
}

std::size_t NodeCount(std::string_view page) {
  return (Load<std::uint16_t>(page, 12) - kPageHeaderBytes) / sizeof(std::uint16_t);
}

absl::StatusOr<Meta> Checker::ReadMeta(std::uint64_t page, std::uint64_t offset) const {
  std::string bytes;
  if (absl::Status read = file_.Read(offset, kMetaPageBytes, bytes); !read.ok()) return read;
  if (Load<std::uint32_t>(bytes, 16) != kMagic) {
    // Page 0 tells what the file is; page 1 is looked at only in a file that is LMDB's.
    if (page != 0) return Damaged(page, "the meta page does not carry LMDB's magic");
    return absl::FailedPreconditionError("is not an LMDB file, or its first page is lost");
  }
  if (const auto version = Load<std::uint32_t>(bytes, 20); version != kDataVersion) {
    return absl::FailedPreconditionError(fmt::format(
        "has LMDB data version {} in meta page {}, expected {}", version, page, kDataVersion));
  }
  Meta meta{.page_bytes = Load<std::uint32_t>(bytes, 40),
            .free_pages = LoadDb(bytes, 40),
            .names = LoadDb(bytes, 40 + kDbBytes),
            .last_page = Load<std::uint64_t>(bytes, 40 + 2 * kDbBytes),
            .transaction = Load<std::uint64_t>(bytes, 48 + 2 * kDbBytes)};
  if (Load<std::uint64_t>(bytes, 0) != page || Load<std::uint16_t>(bytes, 10) != kMetaPage) {
    return Damaged(page, "the meta page has a wrong header");
  }
  if (Load<std::uint64_t>(bytes, 24) != 0) return Damaged(page, "asks for a fixed address");
  if (!std::has_single_bit(meta.page_bytes) || meta.page_bytes < kPageBytesMin ||
      meta.page_bytes > kPageBytesMax) {
    return Damaged(page, fmt::format("the page size {} is impossible", meta.page_bytes));
  }
  if (meta.free_pages.flags != kIntegerKey || meta.names.flags != 0) {
    return Damaged(page, "the main trees have unexpected flags");
  }
  return meta;
}

absl::Status Checker::CheckMetaPages() {
  const absl::StatusOr<std::uint64_t> size = file_.Size();
  if (!size.ok()) return size.status();
  file_bytes_ = *size;
  if (file_bytes_ < kMetaPageBytes) {
    return absl::DataLossError(
        fmt::format("is truncated: {} bytes, fewer than the first page of a journal", file_bytes_));
  }
  const absl::StatusOr<Meta> first = ReadMeta(0, 0);
  if (!first.ok()) return first.status();
  const absl::StatusOr<Meta> second = ReadMeta(1, first->page_bytes);
  if (!second.ok()) return second.status();
  if (first->page_bytes != second->page_bytes) {
    return Damaged(1, "the meta pages disagree about the page size");
  }
  // Transaction n is written to meta page n mod 2, and none is skipped: any other pair shows that
  // one of the two is not what was written last.
  const std::uint64_t a = first->transaction;
  const std::uint64_t b = second->transaction;
  const bool fresh = a == 0 && b == 0;
  if (!fresh && (a % 2 != 0 || b % 2 != 1 || (a + 1 != b && b + 1 != a))) {
    return absl::DataLossError(fmt::format(
        "the meta pages name transactions {} and {}, which do not follow each other", a, b));
  }
  meta_ = a < b ? *second : *first;
  const std::uint64_t pages = file_bytes_ / meta_.page_bytes;
  if (meta_.last_page < kMetaPages - 1 || meta_.last_page >= pages) {
    return absl::DataLossError(
        fmt::format("is truncated: {} bytes are {} pages of {}, the last used page is number {}",
                    file_bytes_, pages, meta_.page_bytes, meta_.last_page));
  }
  return absl::OkStatus();
}

absl::Status Checker::Claim(std::uint64_t first, std::uint64_t count, std::string_view user) {
  if (first < kMetaPages || first > meta_.last_page || count > meta_.last_page - first + 1) {
    return absl::DataLossError(fmt::format("{} refers to {} pages from {}, the last used is {}",
                                           user, count, first, meta_.last_page));
  }
  for (std::uint64_t page = first; page < first + count; ++page) {
    if (claimed_[page]) return Damaged(page, fmt::format("{} uses it a second time", user));
    claimed_[page] = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> Checker::NodeAt(std::uint64_t number, std::string_view page,
                                                 std::size_t index) const {
  const auto offset = Load<std::uint16_t>(page, kPageHeaderBytes + 2 * index);
  const auto upper = Load<std::uint16_t>(page, 14);
  if (offset < upper || offset % 2 != 0 || offset + kNodeHeaderBytes > page.size()) {
    return Damaged(number, fmt::format("node {} lies outside the page", index));
  }
  const std::string_view node = page.substr(offset);
  if (kNodeHeaderBytes + Load<std::uint16_t>(node, 6) > node.size()) {
    return Damaged(number, fmt::format("the key of node {} reaches out of the page", index));
  }
  return node;
}

absl::Status Checker::CheckTree(std::string_view name, const Db& db, bool integer_keys,
                                absl::FunctionRef<absl::Status(const Leaf&)> visit) {
  Tree tree{.name = name,
            .integer_keys = integer_keys,
            .depth = db.depth,
            .visit = visit,
            .entries = 0,
            .last_key = std::nullopt,
            .separator = std::nullopt};
  if (db.root != kNoPage) {
    if (db.depth < 1 || db.depth > kDepthMax) {
      return absl::DataLossError(fmt::format("tree {} has depth {}", name, db.depth));
    }
    if (absl::Status page = CheckPage(tree, db.root, 1); !page.ok()) return page;
  }
  if (tree.entries != db.entries) {
    return absl::DataLossError(fmt::format("tree {} has {} entries, its descriptor says {}", name,
                                           tree.entries, db.entries));
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckPage(Tree& tree, std::uint64_t number, int depth) {
  if (absl::Status claim = Claim(number, 1, tree.name); !claim.ok()) return claim;
  std::string page;
  if (absl::Status read = file_.Read(number * meta_.page_bytes, meta_.page_bytes, page);
      !read.ok()) {
    return read;
  }
  const bool leaf = depth == tree.depth;
  const auto lower = Load<std::uint16_t>(page, 12);
  const auto upper = Load<std::uint16_t>(page, 14);
  if (Load<std::uint64_t>(page, 0) != number ||
      Load<std::uint16_t>(page, 10) != (leaf ? kLeafPage : kBranchPage)) {
    return Damaged(number,
                   fmt::format("is not a {} page of tree {}", leaf ? "leaf" : "branch", tree.name));
  }
  // A leaf holds one node or more, a branch two or more.
  const std::size_t lower_min = kPageHeaderBytes + (leaf ? 2 : 4);
  if (lower < lower_min || lower % 2 != 0 || lower > upper || upper > page.size()) {
    return Damaged(number, fmt::format("has impossible bounds in tree {}", tree.name));
  }
  return leaf ? CheckLeaf(tree, number, page) : CheckBranch(tree, number, page, depth);
}

absl::Status Checker::CheckBranch(Tree& tree, std::uint64_t number, std::string_view page,
                                  int depth) {
  for (std::size_t i = 0; i < NodeCount(page); ++i) {
    const absl::StatusOr<std::string_view> node = NodeAt(number, page, i);
    if (!node.ok()) return node.status();
    if (i > 0) {  // the first node stands for everything below the second's key
      const std::string_view key = node->substr(kNodeHeaderBytes, Load<std::uint16_t>(*node, 6));
      if (!tree.Fits(key) || (tree.last_key.has_value() && !tree.Less(*tree.last_key, key))) {
        return Damaged(number,
                       fmt::format("separator {} of tree {} is out of order", i, tree.name));
      }
      tree.separator = std::string(key);
    }
    const std::uint64_t child = Load<std::uint16_t>(*node, 0) |
                                std::uint64_t{Load<std::uint16_t>(*node, 2)} << 16 |
                                std::uint64_t{Load<std::uint16_t>(*node, 4)} << 32;
    if (absl::Status below = CheckPage(tree, child, depth + 1); !below.ok()) return below;
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckLeaf(Tree& tree, std::uint64_t number, std::string_view page) {
  for (std::size_t i = 0; i < NodeCount(page); ++i) {
    const absl::StatusOr<std::string_view> node = NodeAt(number, page, i);
    if (!node.ok()) return node.status();
    const auto key_bytes = Load<std::uint16_t>(*node, 6);
    Leaf leaf{.key = node->substr(kNodeHeaderBytes, key_bytes),
              .flags = Load<std::uint16_t>(*node, 4),
              .data = {},
              .overflow_page = kNoPage,
              .data_bytes = Load<std::uint32_t>(*node, 0)};
    if (!tree.Fits(leaf.key) || leaf.key.empty() ||
        (tree.last_key.has_value() && !tree.Less(*tree.last_key, leaf.key)) ||
        (tree.separator.has_value() && tree.Less(leaf.key, *tree.separator))) {
      return Damaged(number, fmt::format("key {} of tree {} is out of order", i, tree.name));
    }
    const bool big = (leaf.flags & kBigData) != 0;
    const std::uint64_t inside_bytes = big ? sizeof(std::uint64_t) : leaf.data_bytes;
    if ((leaf.flags & ~(kBigData | kSubDatabase)) != 0 ||
        inside_bytes > node->size() - kNodeHeaderBytes - key_bytes) {
      return Damaged(number, fmt::format("node {} of tree {} is malformed", i, tree.name));
    }
    leaf.data = node->substr(kNodeHeaderBytes + key_bytes, inside_bytes);
    if (big) {
      leaf.overflow_page = Load<std::uint64_t>(leaf.data, 0);
      leaf.data = {};
      absl::Status overflow = CheckOverflow(tree, leaf.overflow_page, leaf.data_bytes);
      if (!overflow.ok()) return overflow;
    }
    tree.last_key = std::string(leaf.key);
    tree.separator.reset();
    ++tree.entries;
    if (absl::Status visited = tree.visit(leaf); !visited.ok()) return visited;
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckOverflow(const Tree& tree, std::uint64_t number,
                                    std::uint64_t data_bytes) {
  // A value that was replaced by a shorter one keeps its pages, so there may be more than needed.
  const std::uint64_t pages_min = (kPageHeaderBytes - 1 + data_bytes) / meta_.page_bytes + 1;
  if (number > meta_.last_page) {
    return absl::DataLossError(fmt::format("tree {} refers to page {}, the last used is {}",
                                           tree.name, number, meta_.last_page));
  }
  std::string header;
  absl::Status read = file_.Read(number * meta_.page_bytes, kPageHeaderBytes, header);
  if (!read.ok()) return read;
  const auto pages = Load<std::uint32_t>(header, 12);
  if (Load<std::uint64_t>(header, 0) != number ||
      Load<std::uint16_t>(header, 10) != kOverflowPage || pages < pages_min) {
    return Damaged(number, fmt::format("does not begin the {} pages of a value in tree {}",
                                       pages_min, tree.name));
  }
  return Claim(number, pages, tree.name);
}

absl::Status Checker::CheckFreeList(const Leaf& leaf) {
  std::string list(leaf.data);
  if (leaf.overflow_page != kNoPage) {
    absl::Status read =
        file_.Read(leaf.overflow_page * meta_.page_bytes + kPageHeaderBytes, leaf.data_bytes, list);
    if (!read.ok()) return read;
  }
  const std::size_t slots = list.size() / sizeof(std::uint64_t);
  if (slots == 0 || Load<std::uint64_t>(list, 0) > slots - 1) {
    return absl::DataLossError("a list of free pages is malformed");
  }
  if (Load<std::uint64_t>(leaf.key, 0) > meta_.transaction) {
    return absl::DataLossError("a list of free pages comes from a later transaction");
  }
  const auto count = Load<std::uint64_t>(list, 0);
  std::uint64_t previous = kNoPage;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const auto page = Load<std::uint64_t>(list, i * sizeof(std::uint64_t));
    if (page >= previous) return absl::DataLossError("a list of free pages is out of order");
    if (absl::Status claim = Claim(page, 1, "the free list"); !claim.ok()) return claim;
    previous = page;
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckName(const Leaf& leaf, std::span<const LmdbDatabase> databases) {
  const auto found = std::find_if(databases.begin(), databases.end(),
                                  [&](const LmdbDatabase& db) { return db.name == leaf.key; });
  if (found == databases.end() || leaf.flags != kSubDatabase || leaf.data.size() != kDbBytes) {
    return absl::FailedPreconditionError(
        fmt::format("is an LMDB file of something else: it holds '{}'", leaf.key));
  }
  const Db db = LoadDb(leaf.data, 0);
  if (db.flags != (found->integer_keys ? kIntegerKey : 0)) {
    return absl::DataLossError(fmt::format("database {} has flags {:#x}", leaf.key, db.flags));
  }
  ++names_found_;
  return CheckTree(found->name, db, found->integer_keys, [](const Leaf& record) {
    if (record.flags == 0 || record.flags == kBigData) return absl::OkStatus();
    return absl::DataLossError("a record claims to be a database");
  });
}

absl::Status Checker::Check(std::span<const LmdbDatabase> databases) {
  if (absl::Status metas = CheckMetaPages(); !metas.ok()) return metas;
  claimed_.assign(meta_.last_page + 1, false);
  absl::Status names = CheckTree("(names)", meta_.names, /*integer_keys=*/false,
                                 [&](const Leaf& leaf) { return CheckName(leaf, databases); });
  if (!names.ok()) return names;
  if (names_found_ != databases.size()) {
    return absl::FailedPreconditionError("is an LMDB file, but not a journal of Causeway");
  }
  return CheckTree("(free pages)", meta_.free_pages, /*integer_keys=*/true,
                   [&](const Leaf& leaf) { return CheckFreeList(leaf); });
}

}  // namespace

absl::Status CheckLmdbFile(const std::string& path, std::span<const LmdbDatabase> databases) {
  absl::Status checked = Checker(path).Check(databases);
  if (checked.ok()) return checked;
  return absl::Status(checked.code(), fmt::format("{}: {}", path,
                                                  std::string_view(checked.message().data(),
                                                                   checked.message().size())));
}

}  // namespace causeway::store
