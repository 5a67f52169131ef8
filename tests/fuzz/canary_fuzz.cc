// Fails on inputs that begin with "sing": shows that the harness reports a fault of a target.
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = causeway::fuzz::AsBytes(data, size);
  CW_CHECK(bytes.substr(0, 4) != "sing", "the canary sings");
  return 0;
}
