// What the parties of a settlement sign and carry.
#include "settlement/codec/codec.h"
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway;
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckRoundTrip(bytes, codec::DecodeTerms, codec::EncodeTerms);
  fuzz::CheckRoundTrip(bytes, codec::DecodeLeg, codec::EncodeLeg);
  fuzz::CheckRoundTrip(bytes, codec::DecodePolicy, codec::EncodePolicy);
  fuzz::CheckRoundTrip(bytes, codec::DecodeCompletion, codec::EncodeCompletion);
  return 0;
}
