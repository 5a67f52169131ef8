#include "settlement/core/bytes.h"

#include <algorithm>
#include <array>
#include <limits>

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t kNotADigit = 0xff;

std::uint8_t HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<std::uint8_t>(digit - 'A' + 10);
  return kNotADigit;
}

constexpr std::array<std::uint8_t, 256> kBase64Values = [] {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kNotADigit;
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

std::uint8_t Base64Value(char digit) { return kBase64Values[static_cast<unsigned char>(digit)]; }

// A string grows from nothing to the size of an entry by doubling several times; this once.
constexpr std::size_t kFirstRoomBytes = 240;

void MakeRoom(std::string& buffer, std::size_t bytes) {
  const std::size_t needed = buffer.size() + bytes;
  if (needed > buffer.capacity() && needed < kFirstRoomBytes) buffer.reserve(kFirstRoomBytes);
}

// Written out for each byte, not as a loop: compilers then make one instruction of it.
template <typename T, std::size_t... I>
void PutBigEndian(char* out, T value, std::index_sequence<I...> /*bytes*/) {
  ((out[I] = static_cast<char>(static_cast<unsigned char>(value >> (8 * (sizeof(T) - 1 - I))))),
   ...);
}

template <typename T>
void AppendBigEndian(std::string& buffer, T value) {
  MakeRoom(buffer, sizeof(T));
  std::array<char, sizeof(T)> raw;
  PutBigEndian(raw.data(), value, std::make_index_sequence<sizeof(T)>());
  buffer.append(raw.data(), raw.size());
}

template <typename T, std::size_t... I>
T GetBigEndian(const char* raw, std::index_sequence<I...> /*bytes*/) {
  return static_cast<T>(
      (... | (std::uint64_t{static_cast<unsigned char>(raw[I])} << (8 * (sizeof(T) - 1 - I)))));
}

// Zero for bytes that were not there.
template <typename T>
T BigEndian(std::string_view raw) {
  return raw.size() < sizeof(T)
             ? T{0}
             : GetBigEndian<T>(raw.data(), std::make_index_sequence<sizeof(T)>());
}

}  // namespace

std::string Hash256::ToHex() const { return core::ToHex(view()); }

std::optional<Hash256> Hash256::FromBytes(std::string_view raw) {
  Hash256 hash;
  if (raw.size() != hash.bytes.size()) return std::nullopt;
  std::copy(raw.begin(), raw.end(), hash.bytes.begin());
  return hash;
}

std::optional<Hash256> Hash256::FromHex(std::string_view hex) {
  if (hex.size() != 2 * Hash256{}.bytes.size()) return std::nullopt;
  const std::optional<std::string> raw = core::FromHex(hex);
  return raw ? FromBytes(*raw) : std::nullopt;
}

std::string ToHex(std::string_view raw) {
  std::string hex(2 * raw.size(), '0');
  char* out = hex.data();
  for (const char character : raw) {
    const auto byte = static_cast<unsigned char>(character);
    *out++ = kHexDigits[byte >> 4];
    *out++ = kHexDigits[byte & 0x0f];
  }
  return hex;
}

std::optional<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string raw;
  raw.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const std::uint8_t high = HexValue(hex[i]);
    const std::uint8_t low = HexValue(hex[i + 1]);
    if (high == kNotADigit || low == kNotADigit) return std::nullopt;
    raw += static_cast<char>(static_cast<unsigned char>(high << 4 | low));
  }
  return raw;
}

std::string ToBase64(std::string_view raw) {
  std::string text((raw.size() + 2) / 3 * 4, '=');
  const auto* in = reinterpret_cast<const unsigned char*>(raw.data());
  char* out = text.data();
  std::size_t left = raw.size();
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    const std::uint32_t bits = std::uint32_t{in[0]} << 16 | std::uint32_t{in[1]} << 8 | in[2];
    out[0] = kBase64Digits[bits >> 18];
    out[1] = kBase64Digits[bits >> 12 & 0x3f];
    out[2] = kBase64Digits[bits >> 6 & 0x3f];
    out[3] = kBase64Digits[bits & 0x3f];
  }
  if (left == 0) return text;
  const std::uint32_t bits =
      std::uint32_t{in[0]} << 16 | (left == 2 ? std::uint32_t{in[1]} << 8 : 0U);
  out[0] = kBase64Digits[bits >> 18];
  out[1] = kBase64Digits[bits >> 12 & 0x3f];
  if (left == 2) out[2] = kBase64Digits[bits >> 6 & 0x3f];
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string();
  std::string raw(text.size() / 4 * 3, '\0');
  char* out = raw.data();
  const auto write = [&out](std::uint32_t bits, std::size_t byte_count) {
    const std::array<char, 3> bytes = {static_cast<char>(bits >> 16 & 0xff),
                                       static_cast<char>(bits >> 8 & 0xff),
                                       static_cast<char>(bits & 0xff)};
    out = std::copy_n(bytes.begin(), byte_count, out);
  };
  std::string_view last = text.substr(text.size() - 4);
  for (std::size_t i = 0; i + 4 < text.size(); i += 4) {
    const std::uint32_t first = Base64Value(text[i]);
    const std::uint32_t second = Base64Value(text[i + 1]);
    const std::uint32_t third = Base64Value(text[i + 2]);
    const std::uint32_t fourth = Base64Value(text[i + 3]);
    // A digit has six bits.
    if (((first | second | third | fourth) & 0xc0) != 0) return std::nullopt;
    write(first << 18 | second << 12 | third << 6 | fourth, 3);
  }
  if (last.ends_with('=')) last.remove_suffix(1);
  if (last.ends_with('=')) last.remove_suffix(1);
  std::uint32_t bits = 0;
  for (const char digit : last) {
    const std::uint8_t value = Base64Value(digit);
    if (value == kNotADigit) return std::nullopt;
    bits = bits << 6 | value;
  }
  const std::size_t byte_count = last.size() - 1;  // two digits or more are left
  bits <<= 6 * (4 - last.size());
  // Bits beyond the last byte must be zero, or one value would have several spellings.
  if ((bits & ((1U << (8 * (3 - byte_count))) - 1U)) != 0) return std::nullopt;
  write(bits, byte_count);
  raw.resize(raw.size() - (3 - byte_count));
  return raw;
}

Writer& Writer::U8(std::uint8_t value) {
  AppendBigEndian(buffer_, value);
  return *this;
}

Writer& Writer::U16(std::uint16_t value) {
  AppendBigEndian(buffer_, value);
  return *this;
}

Writer& Writer::U32(std::uint32_t value) {
  AppendBigEndian(buffer_, value);
  return *this;
}

Writer& Writer::U64(std::uint64_t value) {
  AppendBigEndian(buffer_, value);
  return *this;
}

Writer& Writer::I64(std::int64_t value) { return U64(static_cast<std::uint64_t>(value)); }

Writer& Writer::Raw(std::string_view bytes) {
  MakeRoom(buffer_, bytes.size());
  buffer_.append(bytes);
  return *this;
}

Writer& Writer::Hash(const Hash256& hash) { return Raw(hash.view()); }

Writer& Writer::Sized(std::string_view bytes) { return Size(bytes.size()).Raw(bytes); }

Writer& Writer::Size(std::size_t bytes) {
  CW_CHECK(bytes <= std::numeric_limits<std::uint32_t>::max(),
           "a sized part of a canonical encoding is below 4 GiB");
  return U32(static_cast<std::uint32_t>(bytes));
}

std::uint8_t Reader::U8() { return BigEndian<std::uint8_t>(Raw(1)); }
std::uint16_t Reader::U16() { return BigEndian<std::uint16_t>(Raw(2)); }
std::uint32_t Reader::U32() { return BigEndian<std::uint32_t>(Raw(4)); }
std::uint64_t Reader::U64() { return BigEndian<std::uint64_t>(Raw(8)); }
std::int64_t Reader::I64() { return static_cast<std::int64_t>(U64()); }

std::string_view Reader::Raw(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view part = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return part;
}

Hash256 Reader::Hash() { return Hash256::FromBytes(Raw(32)).value_or(Hash256{}); }

std::string_view Reader::Sized() {
  const std::uint32_t size = U32();
  return Raw(size);
}

}  // namespace causeway::core
