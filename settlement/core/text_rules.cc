#include "settlement/core/text_rules.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace causeway::core {
namespace {

// Takes one code point off the front of `text`, which is not empty; nothing when it is malformed.
std::optional<std::uint32_t> TakeCodePoint(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  std::size_t size = 1;
  std::uint32_t least = 0;  // below it a shorter form would have done
  std::uint32_t point = lead;
  if (lead >= 0xf0 && lead < 0xf8) {
    size = 4;
    least = 0x10000;
    point = lead & 0x07U;
  } else if (lead >= 0xe0 && lead < 0xf0) {
    size = 3;
    least = 0x800;
    point = lead & 0x0fU;
  } else if (lead >= 0xc0 && lead < 0xe0) {
    size = 2;
    least = 0x80;
    point = lead & 0x1fU;
  } else if (lead >= 0x80) {
    return std::nullopt;
  }
  if (text.size() < size) return std::nullopt;
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<std::uint8_t>(text[i]);
    if ((next & 0xc0U) != 0x80U) return std::nullopt;
    point = (point << 6U) | (next & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  if (point < least || point > 0x10ffff || surrogate) return std::nullopt;
  text.remove_prefix(size);
  return point;
}

// Of the bytes that begin `text`, those from `least` (0x20 or 0x21) to 0x7f: nearly always all.
std::size_t AsciiFrom(std::uint8_t least, std::string_view text) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x80 * kEach;
  std::size_t size = 0;
  // Eight at once. A byte below `least` borrows, and one above 0x7f has its high bit.
  for (; size + sizeof(std::uint64_t) <= text.size(); size += sizeof(std::uint64_t)) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + size, sizeof(bytes));
    if (((bytes | (bytes - least * kEach)) & kHighBits) != 0) break;
  }
  while (size < text.size() &&
         static_cast<std::uint8_t>(text[size] - static_cast<char>(least)) < 0x80 - least) {
    ++size;
  }
  return size;
}

bool IsUnicodeSpace(std::uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
         point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

}  // namespace

bool IsPlainText(std::string_view text, bool newlines) {
  for (;;) {
    text.remove_prefix(AsciiFrom(0x20, text));
    if (text.empty()) return true;
    const std::optional<std::uint32_t> point = TakeCodePoint(text);
    if (!point.has_value()) return false;
    if (*point < 0x20 && !(newlines && *point == '\n')) return false;
  }
}

bool HasUnicodeSpace(std::string_view text) {
  for (;;) {
    text.remove_prefix(AsciiFrom(0x21, text));
    if (text.empty()) return false;
    const std::optional<std::uint32_t> point = TakeCodePoint(text);
    if (!point.has_value()) return false;
    if (IsUnicodeSpace(*point)) return true;
  }
}

// Every byte but those that continue a character.
std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

std::string_view CutText(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t size = bytes_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace causeway::core
