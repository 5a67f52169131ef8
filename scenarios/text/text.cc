#include "scenarios/text/text.h"

#include <algorithm>
#include <cstddef>

namespace causeway::text {

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char character : text) {
    switch (character) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char character : text) {
    out += character;
    if (character == '"') out += '"';
  }
  return out + "\"";
}

std::string Grouped(std::string decimal) {
  const std::size_t point = std::min(decimal.find('.'), decimal.size());
  const std::size_t first = !decimal.empty() && decimal.front() == '-' ? 1 : 0;
  for (std::size_t place = point; place > first + 3;) {
    place -= 3;
    decimal.insert(place, 1, ',');
  }
  return decimal;
}

}  // namespace causeway::text
