#include "wallet-cli/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::wallet {
namespace {

struct Cell {
  std::string text;
  bool right = false;  // figures stand to the right
};

std::string Printable(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    safe += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return safe;
}

// Terminal columns, near enough: code points.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string Heading(std::string_view key) {
  std::string heading(key);
  std::replace(heading.begin(), heading.end(), '_', ' ');
  return heading;
}

bool IsMoney(const Json& value) {
  return value.is_object() && value.contains("minor_units") && value.contains("amount");
}

bool IsInstruction(const Json& value) {
  return value.is_object() && value.size() == 3 && value.contains("party") &&
         value.contains("kind") && value.contains("id");
}

bool IsRejection(const Json& value) {
  return value.is_object() && value.contains("outcome") && value.contains("message");
}

// What stands below the lines of a record, indented under its name.
bool IsSection(const Json& value) {
  return value.is_object() && !IsMoney(value) && !IsInstruction(value) && !IsRejection(value);
}

bool IsTable(const Json& value) {
  return value.is_array() && !value.empty() && value.front().is_object() &&
         !IsMoney(value.front()) && !IsInstruction(value.front());
}

std::string Text(const Json& value, std::string_view key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_string() ? Printable(found->get<std::string>()) : "";
}

Cell CellOf(const Json& value) {
  if (value.is_null()) return {""};
  if (value.is_string()) return {Printable(value.get<std::string>())};
  if (value.is_boolean()) return {value.get<bool>() ? "yes" : "no"};
  if (value.is_number()) return {value.dump(), true};
  if (IsMoney(value)) {
    return {fmt::format("{} {}", Text(value, "amount"), Text(value, "currency")), true};
  }
  if (IsInstruction(value)) {
    return {fmt::format("{} {} {}", Text(value, "party"), Text(value, "kind"), Text(value, "id"))};
  }
  if (IsRejection(value)) {
    return {fmt::format("{}: {}", Text(value, "outcome"), Text(value, "message"))};
  }
  std::string joined;
  for (const auto& [key, element] : value.items()) {
    if (!joined.empty()) joined += ", ";
    if (value.is_object()) joined += Heading(key) + " ";
    joined += CellOf(element).text;
  }
  return {joined};
}

std::string Padded(const Cell& cell, std::size_t width) {
  const std::string fill(width - std::min(width, Width(cell.text)), ' ');
  return cell.right ? fill + cell.text : cell.text + fill;
}

std::string TrimmedRight(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string RenderTable(const Json& rows) {
  std::vector<std::string> keys;
  for (const Json& row : rows) {
    for (const auto& [key, value] : row.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  std::vector<std::vector<Cell>> cells(1);
  for (const std::string& key : keys) cells[0].push_back({Heading(key)});
  for (const Json& row : rows) {
    std::vector<Cell>& line = cells.emplace_back();
    for (const std::string& key : keys) {
      line.push_back(row.contains(key) ? CellOf(row.at(key)) : Cell{});
    }
  }
  std::string text;
  std::vector<std::size_t> widths(keys.size(), 0);  // 0: nothing in that column
  for (std::size_t column = 0; column < keys.size(); ++column) {
    for (std::size_t row = 1; row < cells.size(); ++row) {
      widths[column] = std::max(widths[column], Width(cells[row][column].text));
      cells[0][column].right |= cells[row][column].right;
    }
    if (widths[column] > 0) widths[column] = std::max(widths[column], Width(keys[column]));
  }
  for (const auto& line : cells) {
    std::string joined;
    for (std::size_t column = 0; column < keys.size(); ++column) {
      if (widths[column] == 0) continue;
      if (!joined.empty()) joined += "  ";
      joined += Padded(line[column], widths[column]);
    }
    text += TrimmedRight(std::move(joined)) + "\n";
  }
  return text;
}

std::string RenderRecord(const Json& record, std::string_view indent) {
  const auto is_line = [](const Json& value) { return !IsTable(value) && !IsSection(value); };
  std::size_t width = 0;
  for (const auto& [key, value] : record.items()) {
    if (is_line(value) && !CellOf(value).text.empty()) {
      width = std::max(width, Width(Heading(key)));
    }
  }
  std::string lines;
  std::string below;
  for (const auto& [key, value] : record.items()) {
    if (IsTable(value)) {
      below += "\n" + Heading(key) + ":\n" + RenderTable(value);
    } else if (IsSection(value)) {
      below += "\n" + Heading(key) + ":\n" + RenderRecord(value, "  ");
    } else if (const Cell cell = CellOf(value); !cell.text.empty()) {
      lines += std::string(indent) + Padded({Heading(key)}, width) + "  " + cell.text + "\n";
    }
  }
  return lines + below;
}

}  // namespace

std::string RenderText(const Json& value) {
  if (value.is_null()) return "";
  if (IsTable(value)) return RenderTable(value);
  if (value.is_array() && value.empty()) return "nothing to show\n";
  if (value.is_object() && !IsMoney(value)) return RenderRecord(value, "");
  return CellOf(value).text + "\n";
}

}  // namespace causeway::wallet
