// Big-endian stores and loads at fixed places, for records of fixed size: there are no lengths to
// check. The caller provides the room.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PACKED_H_
#define CAUSEWAY_SETTLEMENT_CORE_PACKED_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace causeway::core {

class Packer {
 public:
  explicit Packer(char* out) : out_(out) {}
  Packer& U8(std::uint8_t value) { return Bytes(&value, 1); }
  Packer& U16(std::uint16_t value) { return Integer(value); }
  Packer& U32(std::uint32_t value) { return Integer(value); }
  Packer& U64(std::uint64_t value) { return Integer(value); }
  Packer& I64(std::int64_t value) { return Integer(static_cast<std::uint64_t>(value)); }
  Packer& U40(std::uint64_t value) {
    U8(static_cast<std::uint8_t>(value >> 32));
    return U32(static_cast<std::uint32_t>(value));
  }
  Packer& Bytes(const void* bytes, std::size_t size) {
    std::memcpy(out_, bytes, size);
    out_ += size;
    return *this;
  }

 private:
  template <typename T>
  Packer& Integer(T value) {
    if constexpr (sizeof(T) == 2) value = static_cast<T>((value << 8) | (value >> 8));
    if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
    return Bytes(&value, sizeof(value));
  }

  char* out_;
};

class Unpacker {
 public:
  explicit Unpacker(const char* in) : in_(in) {}
  std::uint8_t U8() { return static_cast<std::uint8_t>(*in_++); }
  std::uint16_t U16() {
    const auto high = U8();
    return static_cast<std::uint16_t>((high << 8) | U8());
  }
  std::uint32_t U32() {
    std::uint32_t value = 0;
    Bytes(&value, sizeof(value));
    return __builtin_bswap32(value);
  }
  std::uint64_t U64() {
    std::uint64_t value = 0;
    Bytes(&value, sizeof(value));
    return __builtin_bswap64(value);
  }
  std::int64_t I64() { return static_cast<std::int64_t>(U64()); }
  std::uint64_t U40() {
    const std::uint64_t high = U8();
    return (high << 32) | U32();
  }
  void Bytes(void* out, std::size_t size) {
    std::memcpy(out, in_, size);
    in_ += size;
  }
  std::string_view View(std::size_t size) {
    in_ += size;
    return {in_ - size, size};
  }

 private:
  const char* in_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PACKED_H_
