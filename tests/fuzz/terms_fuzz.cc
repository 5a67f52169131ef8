// What the parties of a settlement sign and carry, and the leaves that a list leaves behind.
#include <string>

#include "settlement/codec/codec.h"
#include "settlement/core/settlement_list.h"
#include "tests/fuzz/one_encoding.h"

namespace {

using namespace causeway;

// A part of as many legs as fit into the bytes.
void CheckListPart(std::string_view bytes) {
  if (bytes.size() < core::kPartSaltBytes) return;
  const auto count =
      static_cast<std::uint32_t>((bytes.size() - core::kPartSaltBytes) / core::kBulkPaymentBytes);
  const auto legs = core::DecodeListPart(bytes, count);
  if (!legs.ok()) return;
  CW_CHECK(core::EncodeListPart(bytes.substr(0, core::kPartSaltBytes), *legs) == bytes,
           "one part has one encoding");
  for (std::uint32_t i = 0; i < count; ++i) {
    CW_CHECK(core::LegOfPart(bytes, i) == (*legs)[i], "a leg is at its place");
  }
}

std::string EncodeResolvedLeaf(const core::ResolvedLeaf& leaf) {
  std::string bytes(core::kResolvedLeafBytes, '\0');
  core::WriteResolvedLeaf(leaf.index, leaf.salt, leaf.list_id, leaf.leg, bytes.data());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckRoundTrip(bytes, codec::DecodeTerms, codec::EncodeTerms);
  fuzz::CheckRoundTrip(bytes, codec::DecodeLeg, codec::EncodeLeg);
  fuzz::CheckRoundTrip(bytes, codec::DecodePolicy, codec::EncodePolicy);
  fuzz::CheckRoundTrip(bytes, codec::DecodeCompletion, codec::EncodeCompletion);
  fuzz::CheckOneEncoding(bytes, core::DecodeSettlementList, core::EncodeSettlementList);
  fuzz::CheckOneEncoding(bytes, core::DecodeResolvedLeaf, EncodeResolvedLeaf);
  CheckListPart(bytes);
  return 0;
}
