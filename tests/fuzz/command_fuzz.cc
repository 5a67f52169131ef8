// What participants sign for one ledger, and the genesis.
#include "settlement/codec/codec.h"
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway;
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckRoundTrip(bytes, codec::DecodeCommand, codec::EncodeCommand);
  fuzz::CheckRoundTrip(bytes, codec::DecodeGenesis, codec::EncodeGenesis);
  return 0;
}
