// The property of canonical formats that the fuzz targets hold on to.
#ifndef CAUSEWAY_TESTS_FUZZ_ONE_ENCODING_H_
#define CAUSEWAY_TESTS_FUZZ_ONE_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "settlement/core/check.h"

namespace causeway::fuzz {

inline std::string_view AsBytes(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What decodes is the one encoding of its value.
template <typename Decode, typename Encode>
void CheckOneEncoding(std::string_view bytes, Decode decode, Encode encode) {
  const auto value = decode(bytes);
  if (value.ok()) CW_CHECK(encode(*value) == bytes, "one value has one encoding");
}

// What decodes can be encoded, and then means the same (protobuf has several spellings).
template <typename Decode, typename Encode>
void CheckRoundTrip(std::string_view bytes, Decode decode, Encode encode) {
  const auto value = decode(bytes);
  if (!value.ok()) return;
  const auto encoded = encode(*value);
  const auto again = decode(encoded);
  CW_CHECK(again.ok(), "what was encoded decodes");
  CW_CHECK(encode(*again) == encoded, "and encodes to the same bytes");
}

}  // namespace causeway::fuzz

#endif  // CAUSEWAY_TESTS_FUZZ_ONE_ENCODING_H_
