#include "settlement/store/journal.h"

#include <utility>

#include "fmt/format.h"

namespace causeway::store {
namespace {

class WholeBody final : public BodyReader {
 public:
  explicit WholeBody(Block block) : block_(std::move(block)) {}

  std::uint64_t size() const override { return block_.body.size(); }
  absl::StatusOr<std::string> Read(std::uint64_t offset, std::uint64_t size) override {
    if (absl::Status within = CheckBodyRange(block_.number, block_.body.size(), offset, size);
        !within.ok()) {
      return within;
    }
    return block_.body.substr(offset, size);
  }

 private:
  const Block block_;
};

}  // namespace

std::unique_ptr<BodyReader> WholeBodyOf(Block block) {
  return std::make_unique<WholeBody>(std::move(block));
}

absl::Status CheckBodyRange(std::uint64_t number, std::uint64_t body_bytes, std::uint64_t offset,
                            std::uint64_t size) {
  if (offset <= body_bytes && size <= body_bytes - offset) return absl::OkStatus();
  return absl::OutOfRangeError(fmt::format(
      "the body of block {} has {} bytes, asked for {} from {}", number, body_bytes, size, offset));
}

absl::StatusOr<std::unique_ptr<BodyReader>> Journal::OpenBody(std::uint64_t number) const {
  absl::StatusOr<Block> block = Read(number);
  if (!block.ok()) return block.status();
  return WholeBodyOf(*std::move(block));
}

}  // namespace causeway::store
