#include "settlement/core/quote.h"

#include <cstddef>

#include "fmt/format.h"

namespace causeway::core {

std::string Quoted(std::string_view input) {
  constexpr std::size_t kShownMax = 64;
  std::string out = "\"";
  for (const char character : input.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7f && character != '"' && character != '\\') {
      out += character;
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  out += '"';
  if (input.size() > kShownMax) out += fmt::format("... ({} bytes)", input.size());
  return out;
}

}  // namespace causeway::core
