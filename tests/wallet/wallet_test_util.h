// What the tests of the client library and of the wallet share.
#ifndef CAUSEWAY_TESTS_WALLET_WALLET_TEST_UTIL_H_
#define CAUSEWAY_TESTS_WALLET_WALLET_TEST_UTIL_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "settlement/client/commands.h"
#include "settlement/client/receipt.h"
#include "settlement/core/command.h"
#include "settlement/core/hash.h"
#include "settlement/core/suite.h"
#include "tests/vectors/read_vector.h"
#include "wallet-cli/wallet.h"

namespace causeway::wallet {

template <typename T>
T ParseOrDie(std::string_view text) {
  const auto parsed = T::Parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *parsed;
}

inline core::AccountAddress Address(std::string_view currency, std::string_view body) {
  return *core::AccountAddress::Make(ParseOrDie<core::Currency>(currency), body);
}

inline core::Money MoneyOf(std::string_view currency, std::int64_t minor_units) {
  return {ParseOrDie<core::Currency>(currency), core::Amount::FromMinor(minor_units)};
}

inline std::unique_ptr<core::SoftwareSigner> KeyNamed(std::string_view name) {
  return *core::Ed25519SignerFromSeed(core::Sha256(name).view());
}

// The receipt of tests/vectors, made by a program that shares no code with ours.
inline client::Receipt VectorReceipt() {
  const auto receipt = client::ParseReceipt(testing::ReadVector("receipt-file.json"));
  EXPECT_TRUE(receipt.ok()) << receipt.status();
  return *receipt;
}
inline core::Hash256 VectorGenesisHash() { return core::Sha256(VectorReceipt().genesis); }

inline core::Command PayCommand(const core::Hash256& genesis_hash = core::Sha256("genesis")) {
  core::Pay pay;
  pay.uetr = core::Uetr::FromRandomBytes({1, 2, 3});
  pay.debtor = Address("HKD", "ALPHA0001");
  pay.creditor = Address("HKD", "BETA0001");
  pay.amount = MoneyOf("HKD", 15'000);
  return client::MakeCommand({ParseOrDie<core::LedgerOrigin>("hkma.example/hkd"), genesis_hash},
                             ParseOrDie<core::ParticipantId>("ALPHA"),
                             ParseOrDie<core::InstructionId>("INV-1"),
                             core::LedgerTime::FromMicros(1'660'525'200'000'000), pay);
}

// A wallet in a folder of its own, which is also its home, so that no config of the machine counts.
class WalletFixture : public ::testing::Test {
 protected:
  struct Run {
    int code = -1;
    std::string out;
    std::string err;
  };

  WalletFixture() {
    folder_ = std::filesystem::temp_directory_path() /
              ("causeway-wallet-test-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    setenv("HOME", folder_.c_str(), 1);
    unsetenv("XDG_CONFIG_HOME");
    for (const char* variable :
         {"CAUSEWAY_CONFIG", "CAUSEWAY_LEDGER", "CAUSEWAY_BRIDGE", "CAUSEWAY_TLS_CERT",
          "CAUSEWAY_TLS_KEY", "CAUSEWAY_TLS_CA", "CAUSEWAY_PARTICIPANT", "CAUSEWAY_GENESIS_HASH"}) {
      unsetenv(variable);
    }
  }
  ~WalletFixture() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Write(const std::string& name, std::string_view content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  Run Wallet(std::vector<std::string> words, const std::string& input = "") const {
    std::vector<const char*> argv = {"causeway-wallet"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    Run run;
    run.code = RunWallet(static_cast<int>(argv.size()), argv.data(), in, out, err);
    run.out = out.str();
    run.err = err.str();
    return run;
  }

  std::filesystem::path folder_;
};

}  // namespace causeway::wallet

#endif  // CAUSEWAY_TESTS_WALLET_WALLET_TEST_UTIL_H_
