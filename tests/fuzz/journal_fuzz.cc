// Records of a journal, which come from a disk that may be damaged.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "settlement/core/check.h"
#include "settlement/store/journal_format.h"
#include "settlement/store/segment_format.h"

namespace {

using namespace causeway::store;  // NOLINT(google-build-using-namespace): one program

// A block that is verified whole is verified by each of its pieces, and no other record is it.
void CheckBlock(std::string_view input) {
  const auto block = ParseBlock(input, 0);
  if (!block.ok()) return;
  const auto front = ParseBlockFront(input, 0);
  CW_CHECK(front.ok() && VerifyFront(*front).ok(), "a block has a front");
  CW_CHECK(RecordBytes(input) == input.size(), "a header tells the size of its record");
  for (std::size_t i = 0; front->has_pieces() && i < PiecesOf(front->body_bytes); ++i) {
    CW_CHECK(VerifyPiece(*front, i, block->body.substr(i * kPieceBytes, kPieceBytes)).ok(),
             "a body is its pieces");
  }
  JournalHead head{.chain = block->previous_chain};
  if (!FollowChain(*block, head).ok()) return;
  // Older versions wrote long bodies without pieces; nobody does so now.
  if (!front->has_pieces() && PiecesOf(front->body_bytes) > 0) return;
  JournalHead again{.chain = block->previous_chain};
  const std::string sealed = SealBlock(
      {.number = 0, .first_index = 0, .count = block->count, .body = std::string(block->body)},
      again);
  CW_CHECK(sealed == input.substr(0, front->bytes()), "one block has one record");
  CW_CHECK(head == again, "a block is followed as it was sealed");
}

void CheckFrame(std::string_view input) {
  Instance instance{};
  for (std::size_t i = 0; i < instance.size(); ++i) instance[i] = static_cast<std::uint8_t>(i);
  auto frame = DecodeFrameHeader(input, instance);
  if (!frame.has_value()) return;
  CW_CHECK(EncodeFrameHeader(*frame, instance) == input.substr(0, kFrameHeaderBytes),
           "one frame has one header");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  CheckBlock(input);
  CheckFrame(input);
  OpenValue("key", input).status().IgnoreError();
  DecodeHead(input).status().IgnoreError();
  MatchIdentity(input, {.kind = "ledger", .name = "example", .genesis = {}}).IgnoreError();
  return 0;
}
