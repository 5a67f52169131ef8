#include "settlement/core/bytes.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

TEST(HexTest, KnownValues) {
  EXPECT_EQ(ToHex(std::string("\x00\x7f\xff", 3)), "007fff");
  EXPECT_EQ(FromHex("007FfF"), std::string("\x00\x7f\xff", 3));
  EXPECT_EQ(FromHex(""), "");
}

TEST(HexTest, RefusesOddLengthAndOtherCharacters) {
  EXPECT_EQ(FromHex("abc"), std::nullopt);
  EXPECT_EQ(FromHex("0g"), std::nullopt);
  EXPECT_EQ(FromHex("0x12"), std::nullopt);
  EXPECT_EQ(FromHex(" 12 "), std::nullopt);
}

TEST(Hash256Test, ReadsOnlyItsExactSize) {
  const std::string hex(64, 'a');
  ASSERT_TRUE(Hash256::FromHex(hex).has_value());
  EXPECT_EQ(Hash256::FromHex(hex)->ToHex(), hex);
  EXPECT_FALSE(Hash256::FromHex(hex + "aa").has_value());
  EXPECT_FALSE(Hash256::FromHex(hex.substr(2)).has_value());
  EXPECT_FALSE(Hash256::FromHex(std::string(63, 'a') + "g").has_value());
  EXPECT_FALSE(Hash256::FromBytes(std::string(31, 'x')).has_value());
  EXPECT_EQ(Hash256::FromBytes(std::string(32, 'x'))->view(), std::string(32, 'x'));
}

TEST(Hash256Test, DefaultIsZeroAndOrderIsThatOfTheBytes) {
  EXPECT_TRUE(Hash256{}.IsZero());
  const Hash256 low = *Hash256::FromHex("01" + std::string(62, 'f'));
  const Hash256 high = *Hash256::FromHex("80" + std::string(62, '0'));
  EXPECT_LT(low, high);
  EXPECT_FALSE(low.IsZero());
}

TEST(Base64Test, VectorsOfRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [raw, text] : vectors) {
    EXPECT_EQ(ToBase64(raw), text);
    EXPECT_EQ(FromBase64(text), raw);
  }
}

TEST(Base64Test, HasOneSpellingPerValue) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "====", "A===", "=AAA",
                           "Zm9v\n", "Zm 9", "Zm_v", "AA=A", "Zg==="}) {
    EXPECT_EQ(FromBase64(text), std::nullopt) << text;
  }
}

TEST(Base64Test, RandomBytesRoundTrip) {
  RandomStream random(1, "base64");
  for (std::size_t size = 0; size < 100; ++size) {
    const std::string raw = random.Bytes(size);
    EXPECT_EQ(FromBase64(ToBase64(raw)), raw);
    EXPECT_EQ(FromHex(ToHex(raw)), raw);
  }
}

TEST(WriterTest, IntegersAreBigEndianAndFixedWidth) {
  Writer writer;
  writer.U8(0x01).U16(0x0203).U32(0x04050607).U64(0x08090a0b0c0d0e0f).I64(-2);
  EXPECT_EQ(ToHex(writer.bytes()), "0102030405060708090a0b0c0d0e0ffffffffffffffffe");
}

TEST(WriterTest, SizedPartsCarryTheirLength) {
  Writer writer;
  writer.Sized("abc").Sized("").Raw("z");
  EXPECT_EQ(ToHex(std::move(writer).Take()), "00000003616263000000007a");
}

TEST(ReaderTest, ReadsBackWhatWasWritten) {
  const Hash256 hash = *Hash256::FromHex(std::string(64, '7'));
  Writer writer;
  writer.U8(255).U16(65535).U32(1).U64(std::numeric_limits<std::uint64_t>::max());
  writer.I64(std::numeric_limits<std::int64_t>::min()).Hash(hash).Sized("body").Raw("xy");
  Reader reader(writer.bytes());
  EXPECT_EQ(reader.U8(), 255);
  EXPECT_EQ(reader.U16(), 65535);
  EXPECT_EQ(reader.U32(), 1U);
  EXPECT_EQ(reader.U64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.I64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.Hash(), hash);
  EXPECT_EQ(reader.Sized(), "body");
  EXPECT_FALSE(reader.Done());
  EXPECT_EQ(reader.remaining(), 2U);
  EXPECT_EQ(reader.Raw(2), "xy");
  EXPECT_TRUE(reader.Done());
}

TEST(ReaderTest, EverythingAfterAShortReadIsZeroAndNotOk) {
  Writer writer;
  writer.U16(7).U8(9);
  Reader reader(writer.bytes());
  EXPECT_EQ(reader.U32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0U);
  EXPECT_TRUE(reader.Hash().IsZero());
  EXPECT_EQ(reader.Sized(), "");
  EXPECT_FALSE(reader.Done());
}

TEST(ReaderTest, LengthBeyondTheInputIsAShortRead) {
  Writer writer;
  writer.U32(0xffffffff).Raw("abc");
  Reader reader(writer.bytes());
  EXPECT_EQ(reader.Sized(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ReaderTest, FailIsFinal) {
  Reader reader("");
  EXPECT_TRUE(reader.Done());
  reader.Fail();
  EXPECT_FALSE(reader.Done());
}

}  // namespace
}  // namespace causeway::core
