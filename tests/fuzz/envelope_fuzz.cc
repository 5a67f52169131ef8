// Stored envelopes.
#include "settlement/core/envelope.h"
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway;
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckOneEncoding(bytes, core::DecodeEnvelope, core::EncodeEnvelope);
  return 0;
}
