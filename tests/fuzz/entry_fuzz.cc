// Leaves of a ledger's log.
#include "settlement/core/entry.h"
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway;
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckOneEncoding(bytes, core::DecodeEntry, core::EncodeEntry);
  fuzz::CheckOneEncoding(bytes, core::DecodeBatchHeader, core::EncodeBatchHeader);
  fuzz::CheckOneEncoding(bytes, core::DecodeGenesisLeaf, [](const std::string& genesis) {
    return core::EncodeGenesisLeaf(genesis);
  });
  return 0;
}
