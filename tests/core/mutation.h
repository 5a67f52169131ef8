// What every canonical format must stand: bytes that are cut short, run on or changed are refused,
// or are the one encoding of another value; never a crash, never two encodings of one value.
#ifndef CAUSEWAY_TESTS_CORE_MUTATION_H_
#define CAUSEWAY_TESTS_CORE_MUTATION_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace causeway::testing {

template <typename Decode, typename Encode>
void ExpectOneEncoding(const std::string& good, Decode decode, Encode encode) {
  const auto whole = decode(std::string_view(good));
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_EQ(encode(*whole), good);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto decoded = decode(std::string_view(good).substr(0, size));
    EXPECT_FALSE(decoded.ok()) << "cut to " << size << " bytes";
    EXPECT_TRUE(decoded.ok() || absl::IsInvalidArgument(decoded.status())) << decoded.status();
  }
  EXPECT_FALSE(decode(std::string_view(good + '\0')).ok()) << "one byte too many";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const unsigned change : {0x01U, 0x80U, 0xFFU}) {
      std::string changed = good;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ change);
      const auto decoded = decode(std::string_view(changed));
      EXPECT_TRUE(!decoded.ok() || encode(*decoded) == changed) << "byte " << i << " changed";
    }
  }
}

}  // namespace causeway::testing

#endif  // CAUSEWAY_TESTS_CORE_MUTATION_H_
