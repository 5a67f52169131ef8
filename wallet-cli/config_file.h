// The wallet's configuration file: its options by their long names, TOML. A key that is none is
// refused with its line, because an option that silently does nothing is worse than none.
#ifndef CAUSEWAY_WALLET_CLI_CONFIG_FILE_H_
#define CAUSEWAY_WALLET_CLI_CONFIG_FILE_H_

#include <CLI/CLI.hpp>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::wallet {

// Of `words` the one that was meant, as " (did you mean ...?)"; nothing when none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& words);

// What CLI11 reads `--config` with.
class ConfigFile : public CLI::ConfigTOML {
 public:
  // `app` must outlive this: its options, and under [command] those of its commands, are the keys.
  explicit ConfigFile(const CLI::App& app) : app_(&app) {}

  // Throws, as CLI11 wants it, CLI::ConfigError with "LINE: what" for the first key or section that
  // does not exist; the message names the nearest and all that do.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::App* app_;
};

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_CONFIG_FILE_H_
