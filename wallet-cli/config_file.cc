#include "wallet-cli/config_file.h"

#include <fmt/format.h>

#include <iterator>
#include <sstream>

#include "settlement/codec/near_word.h"
#include "settlement/core/quote.h"

namespace causeway::wallet {
namespace {

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kSpaces) - first + 1));
}

std::string WithoutComment(std::string_view text) {
  return Trimmed(text.substr(0, text.find('#')));
}

std::string WithoutQuotes(std::string text) {
  const bool quoted = text.size() > 1 && text.front() == text.back() &&
                      (text.front() == '"' || text.front() == '\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// Parts of "queue.enter" or of a key "pay.purpose".
std::vector<std::string> Parts(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t dot = text.find('.');
    parts.push_back(WithoutQuotes(Trimmed(text.substr(0, dot))));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

std::string Listed(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

[[noreturn]] void Refuse(std::size_t line, const std::string& what) {
  throw CLI::ConfigError(fmt::format("{}: {}", line, what));
}

const CLI::App& CommandOf(const CLI::App& app, std::size_t line,
                          const std::vector<std::string>& path, std::size_t length) {
  const CLI::App* at = &app;
  for (std::size_t i = 0; i < length; ++i) {
    std::vector<std::string> commands;
    const CLI::App* next = nullptr;
    for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
      commands.push_back(command->get_name());
      if (command->get_name() == path[i]) next = command;
    }
    if (next == nullptr) {
      Refuse(line, fmt::format("{} is no command of {}{}", core::Quoted(path[i]), at->get_name(),
                               DidYouMean(path[i], commands)));
    }
    at = next;
  }
  return *at;
}

// `path` ends in the key.
void CheckKey(const CLI::App& app, std::size_t line, const std::vector<std::string>& path) {
  const CLI::App& of = CommandOf(app, line, path, path.size() - 1);
  std::vector<std::string> keys;
  for (const CLI::Option* option : of.get_options()) {
    if (!option->get_configurable()) continue;
    for (const std::string& name : option->get_lnames()) {
      if (name == path.back()) return;
      keys.push_back(name);
    }
  }
  Refuse(line, fmt::format("{} is no option of {}{}; there are {}", core::Quoted(path.back()),
                           of.get_name(), DidYouMean(path.back(), keys), Listed(keys)));
}

// Goes through the lines as CLI::ConfigBase does, which tells nothing of where a key stands.
void CheckKeys(const CLI::App& app, const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> section;
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    const std::string content = Trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[' && content.back() == ']') {
      const std::string name = Trimmed(content.substr(1, content.size() - 2));
      section = name == "default" ? std::vector<std::string>() : Parts(name);
      CommandOf(app, number, section, section.size());
      continue;
    }
    const std::size_t equals = content.find('=');
    std::vector<std::string> path = section;
    for (std::string& part : Parts(WithoutComment(content.substr(0, equals)))) {
      path.push_back(std::move(part));
    }
    CheckKey(app, number, path);
    if (equals == std::string::npos) continue;
    std::string value = WithoutComment(content.substr(equals + 1));
    // A list may go on over lines.
    while (value.size() > 1 && value.front() == '[' && value.back() != ']' &&
           std::getline(lines, line)) {
      ++number;
      value += Trimmed(line);
    }
  }
}

}  // namespace

std::string DidYouMean(std::string_view word, const std::vector<std::string>& words) {
  const std::size_t nearest = codec::NearestWord(word, words);
  return nearest == words.size() ? "" : fmt::format(" (did you mean {}?)", words[nearest]);
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  const std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  CheckKeys(*app_, text);
  std::istringstream again(text);
  return CLI::ConfigTOML::from_config(again);
}

}  // namespace causeway::wallet
