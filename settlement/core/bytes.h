// Byte strings, and the canonical binary encoding of everything that the system itself writes and
// hashes (entries, batch headers, votes, decision records): integers are big-endian and of fixed
// width, variable parts carry a 32-bit length. One value has exactly one encoding.
// The format pages in docs/formats/ are written in terms of these few rules.
//
// Owned bytes are std::string and borrowed bytes std::string_view throughout: it is what protobuf,
// LMDB values and OpenSSL meet in.
#ifndef CAUSEWAY_SETTLEMENT_CORE_BYTES_H_
#define CAUSEWAY_SETTLEMENT_CORE_BYTES_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace causeway::core {

// A SHA-256 (or SM3) digest, or any other 32-byte identifier.
struct Hash256 {
  std::array<std::uint8_t, 32> bytes{};

  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  bool IsZero() const { return *this == Hash256{}; }
  std::string ToHex() const;  // 64 lower-case digits
  // Exactly 32 bytes, else nothing.
  static std::optional<Hash256> FromBytes(std::string_view raw);
  // Exactly 64 hexadecimal digits, else nothing.
  static std::optional<Hash256> FromHex(std::string_view hex);

  friend auto operator<=>(const Hash256&, const Hash256&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Hash256& hash) {
    return H::combine(std::move(state), hash.bytes);
  }
};

std::string ToHex(std::string_view raw);
// Even number of hexadecimal digits, else nothing.
std::optional<std::string> FromHex(std::string_view hex);
// RFC 4648 section 4 (standard alphabet, padded).
std::string ToBase64(std::string_view raw);
// Strict: padding required, no white space, else nothing.
std::optional<std::string> FromBase64(std::string_view text);

// Appends canonical encodings to a buffer that it owns.
class Writer {
 public:
  // Makes room for `bytes` bytes in all: for encodings of megabytes.
  Writer& Reserve(std::size_t bytes) {
    buffer_.reserve(bytes);
    return *this;
  }
  Writer& U8(std::uint8_t value);
  Writer& U16(std::uint16_t value);
  Writer& U32(std::uint32_t value);
  Writer& U64(std::uint64_t value);
  Writer& I64(std::int64_t value);        // two's complement
  Writer& Raw(std::string_view bytes);    // no length: for parts of fixed size
  Writer& Hash(const Hash256& hash);      // 32 bytes
  Writer& Sized(std::string_view bytes);  // U32 length, then the bytes
  Writer& Size(std::size_t bytes);        // the U32 length alone: the caller writes the bytes

  const std::string& bytes() const& { return buffer_; }
  std::string Take() && { return std::move(buffer_); }

 private:
  std::string buffer_;
};

// Reads what Writer wrote. After the first short read every call returns a zero value and ok() is
// false, so a decoder reads all its fields and checks once at the end. Borrows the input.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t U8();
  std::uint16_t U16();
  std::uint32_t U32();
  std::uint64_t U64();
  std::int64_t I64();
  std::string_view Raw(std::size_t size);
  Hash256 Hash();
  std::string_view Sized();

  bool ok() const { return ok_; }
  // True when every read succeeded and nothing is left over: one value, one encoding.
  bool Done() const { return ok_ && rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  // Makes ok() false: for a decoder that meets a value outside its field's range.
  void Fail() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_BYTES_H_
