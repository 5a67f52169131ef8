// The wallet against a live ledger: commands as a person types them, and what the ledger made of
// them.
#ifndef CAUSEWAY_TESTS_WALLET_LIVE_WALLET_AT_LEDGER_H_
#define CAUSEWAY_TESTS_WALLET_LIVE_WALLET_AT_LEDGER_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "settlement/core/key_file.h"
#include "tests/node/live_service.h"
#include "tests/wallet/wallet_test_util.h"
#include "wallet-cli/render.h"

namespace causeway::wallet {

class WalletAtLedger : public node::LiveServiceTest {
 protected:
  // A folder that is the wallet's home, and the wallet.
  class Home final : public WalletFixture {
   public:
    using WalletFixture::Path;
    using WalletFixture::Read;
    using WalletFixture::Run;
    using WalletFixture::Wallet;
    using WalletFixture::Write;

   private:
    void TestBody() override {}
  };
  using Run = Home::Run;

  void SetUp() override {
    StartService();
    for (const char* name : {"ALPHA", "BETA", "central-1", "central-2"}) {
      const auto pem = core::EncodePrivateKeyPem(*Key(name), "");
      ASSERT_TRUE(pem.ok()) << pem.status();
      home_.Write(std::string(name) + ".pem", *pem);
    }
  }

  // `words` by a participant, signed with the keys of that name.
  Run By(const std::string& participant, const std::vector<std::string>& keys,
         const std::vector<std::string>& words, const std::string& input = "") {
    std::vector<std::string> all = {"--insecure", "--ledger", server_->address(), "--participant",
                                    participant};
    for (const std::string& key : keys) {
      all.emplace_back("--key");
      all.push_back(home_.Path(key + ".pem"));
    }
    all.insert(all.end(), words.begin(), words.end());
    return home_.Wallet(all, input);
  }
  Run Bank(const std::vector<std::string>& words) { return By("ALPHA", {"ALPHA"}, words); }
  Run Central(const std::vector<std::string>& words, const std::string& input = "") {
    return By("CENTRAL", {"central-1", "central-2"}, words, input);
  }
  std::vector<std::string> PayWords(const std::string& amount, const std::string& id) {
    return {
        "pay",  "--from", Text(Address("ALPHA")), "--to", Text(Address("BETA")), "--amount", amount,
        "--id", id};
  }

  Home home_;
};

}  // namespace causeway::wallet

#endif  // CAUSEWAY_TESTS_WALLET_LIVE_WALLET_AT_LEDGER_H_
