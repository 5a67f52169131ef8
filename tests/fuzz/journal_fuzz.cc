// Records of a journal, which come from a disk that may be damaged.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "settlement/core/check.h"
#include "settlement/store/journal_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway::store;  // NOLINT(google-build-using-namespace): one function
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto block = ParseBlock(input, 0); block.ok()) {
    JournalHead head{.chain = block->previous_chain};
    if (FollowChain(*block, head).ok()) {
      JournalHead again{.chain = block->previous_chain};
      const std::string header = SealBlock(
          {.number = 0, .first_index = 0, .count = block->count, .body = std::string(block->body)},
          again);
      CW_CHECK(header == input.substr(0, kBlockHeaderBytes), "one block has one record");
      CW_CHECK(head == again, "a block is followed as it was sealed");
    }
  }
  OpenValue("key", input).status().IgnoreError();
  DecodeHead(input).status().IgnoreError();
  MatchIdentity(input, {.kind = "ledger", .name = "example", .genesis = {}}).IgnoreError();
  return 0;
}
