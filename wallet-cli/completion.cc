// Shell completion, made from the same tree of commands that parses the command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "wallet-cli/commands.h"

namespace causeway::wallet {
namespace {

struct Node {
  std::string path;   // "/receipt/get"
  std::string words;  // what may follow
};

std::string LongOptions(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
  return words;
}

void Collect(const CLI::App& app, const std::string& path, const std::string& global,
             std::vector<Node>& nodes) {
  std::string words = LongOptions(app);
  if (!path.empty()) words += global;
  for (const CLI::App* sub : app.get_subcommands({})) words += " " + sub->get_name();
  if (path == "/completion") words += " bash";
  nodes.push_back({path, words.empty() ? words : words.substr(1)});
  for (const CLI::App* sub : app.get_subcommands({})) {
    Collect(*sub, path + "/" + sub->get_name(), global, nodes);
  }
}

}  // namespace

std::string BashCompletion(const CLI::App& app) {
  std::vector<Node> nodes;
  Collect(app, "", LongOptions(app), nodes);
  std::string known;
  std::string cases;
  for (const Node& node : nodes) {
    if (!node.path.empty()) known += (known.empty() ? "" : "|") + node.path;
    cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", node.path, node.words);
  }
  return fmt::format(R"(# bash completion for causeway-wallet
_causeway_wallet() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" path="" words="" word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path/$word" in
      {}) path="$path/$word" ;;
    esac
  done
  case "$path" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _causeway_wallet causeway-wallet
)",
                     known, cases);
}

void AddCompletion(CLI::App& app, Context& context) {
  CLI::App* completion = app.add_subcommand("completion",
                                            "Print a completion script: `eval \"$(causeway-wallet "
                                            "completion bash)\"`");
  completion->add_option("shell", "The shell")->required()->check(CLI::IsMember({"bash"}));
  completion->callback([&app, &context] {
    context.command = [&app, &context]() -> absl::StatusOr<Json> {
      context.out << BashCompletion(app);
      return Json(nullptr);
    };
  });
}

}  // namespace causeway::wallet
