#include "wallet-cli/wallet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "settlement/core/key_file.h"
#include "tests/wallet/wallet_test_util.h"
#include "wallet-cli/envelope_file.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class WalletTest : public WalletFixture {
 protected:
  // Nothing listens on port 1.
  std::vector<std::string> Unreachable(std::vector<std::string> words) {
    for (const char* word : {"--ledger", "127.0.0.1:1", "--insecure", "--participant", "ALPHA"}) {
      words.emplace_back(word);
    }
    return words;
  }
  std::string MakeKey(const std::string& name) {
    EXPECT_EQ(Wallet({"keygen", Path(name), "--no-passphrase"}).code, 0);
    return Path(name + ".pem");
  }
};

TEST_F(WalletTest, KeygenWritesAnEncryptedKeyThatItsPassphraseOpens) {
  const Run run = Wallet({"keygen", Path("bank")}, "correct horse\ncorrect horse\n");
  ASSERT_EQ(run.code, 0) << run.err;
  const std::string pem = Read("bank.pem");
  EXPECT_THAT(pem, HasSubstr("ENCRYPTED PRIVATE KEY"));
  const auto signer = core::DecodePrivateKeyPem(pem, "correct horse");
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_FALSE(core::DecodePrivateKeyPem(pem, "wrong").ok());
  const auto key = core::DecodePublicKeyPem(Read("bank.pub.pem"));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(*key, (*signer)->public_key());
  struct stat properties {};
  ASSERT_EQ(stat(Path("bank.pem").c_str(), &properties), 0);
  EXPECT_EQ(properties.st_mode & 0777, 0600u);
}

TEST_F(WalletTest, KeygenMakesKeysOfTheOtherSuiteToo) {
  const std::string passphrase = Write("passphrase", "horse\n");
  const Run run =
      Wallet({"keygen", Path("p"), "--suite", "p256-sha256", "--passphrase-file", passphrase});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_TRUE(core::DecodePrivateKeyPem(Read("p.pem"), "horse").ok());
}

TEST_F(WalletTest, KeygenDoesNotTakeTwoDifferentPassphrases) {
  EXPECT_EQ(Wallet({"keygen", Path("bank")}, "one\ntwo\n").code, 65);
  EXPECT_EQ(Read("bank.pem"), "");
}

TEST_F(WalletTest, KeygenDoesNotReplaceAKey) {
  MakeKey("bank");
  const std::string before = Read("bank.pem");
  const Run run = Wallet({"keygen", Path("bank"), "--no-passphrase"});
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("bank.pem"));
  EXPECT_EQ(Read("bank.pem"), before);
}

TEST_F(WalletTest, KeygenDoesNotKnowReservedSuites) {
  EXPECT_EQ(Wallet({"keygen", Path("k"), "--no-passphrase", "--suite", "sm2-sm3"}).code, 65);
  EXPECT_EQ(Wallet({"keygen", Path("k"), "--no-passphrase", "--suite", "rot13"}).code, 65);
}

TEST_F(WalletTest, AddressMakesAndChecks) {
  const Run made = Wallet({"address", "make", "HKD", "ALPHA0001", "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(Json::parse(made.out)["account"], "HKD94ALPHA0001");
  EXPECT_EQ(Wallet({"address", "check", "HKD94ALPHA0001"}).code, 0);
  const Run wrong = Wallet({"address", "check", "HKD94ALPHA0002"});
  EXPECT_EQ(wrong.code, 65);
  EXPECT_THAT(wrong.err, HasSubstr("check digits"));
}

TEST_F(WalletTest, TheCommandLineIsChecked) {
  EXPECT_EQ(Wallet({}).code, 64);
  EXPECT_EQ(Wallet({"no-such-command"}).code, 64);
  EXPECT_EQ(Wallet({"pay", "--no-such-flag"}).code, 64);
  EXPECT_EQ(Wallet({"pay", "--from", "X"}).code, 64);
  EXPECT_EQ(Wallet({"day", "lunch"}).code, 64);
  EXPECT_EQ(Wallet({"info", "--timeout", "0"}).code, 64);
}

// What was missing was told before what was not understood: "A subcommand is required", "--from is
// required".
TEST_F(WalletTest, AWordThatIsNotUnderstoodIsNamed) {
  const Run command = Wallet({"frobnicate"});
  EXPECT_EQ(command.code, 64);
  EXPECT_THAT(command.err, HasSubstr("\"frobnicate\" is no command of causeway-wallet"));
  const Run option = Wallet({"pay", "--form", "HKD94ALPHA0001"});
  EXPECT_EQ(option.code, 64);
  EXPECT_THAT(option.err, HasSubstr("\"--form\" is no option of `pay` (did you mean --from?)"));
  EXPECT_THAT(Wallet({"receipt", "gte"}).err, HasSubstr("(did you mean get?)"));
  EXPECT_THAT(Wallet({"info", "now"}).err, HasSubstr("\"now\" is a word too many for `info`"));
  EXPECT_THAT(Wallet({"pay"}).err, HasSubstr("--from is required"));
}

TEST_F(WalletTest, HelpListsTheKindsOfInstructions) {
  EXPECT_THAT(Wallet({"status", "--help"}).out, HasSubstr("settlement-leg"));
  EXPECT_THAT(Wallet({"receipt", "get", "--help"}).out, HasSubstr("request-issue"));
}

TEST_F(WalletTest, HelpAndVersionAreNoErrors) {
  const Run help = Wallet({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("Exit codes"));
  EXPECT_EQ(Wallet({"swap", "--help"}).code, 0);
  EXPECT_THAT(Wallet({"--version"}).out, HasSubstr("causeway-wallet"));
}

TEST_F(WalletTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(Wallet({"info"}).err, HasSubstr("--ledger"));
  EXPECT_THAT(Wallet({"info", "--ledger", "127.0.0.1:1"}).err, HasSubstr("--tls-cert"));
  const Run run = Wallet({"redeem", "--from", "HKD94ALPHA0001", "--amount", "1"});
  EXPECT_EQ(run.code, 64);
  EXPECT_THAT(run.err, HasSubstr("--participant"));
}

TEST_F(WalletTest, PlainTextIsForLoopbackOnly) {
  const Run run = Wallet({"info", "--ledger", "192.0.2.1:7001", "--insecure"});
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("loopback"));
}

TEST_F(WalletTest, AnUnreachableLedgerIsUnavailable) {
  const Run run = Wallet(Unreachable({"info", "--json"}));
  EXPECT_EQ(run.code, 69);
  EXPECT_EQ(Json::parse(run.err)["error"]["exit_code"], 69);
  EXPECT_EQ(run.out, "");
}

// Nothing was sent, because the ledger's identity is asked for first.
TEST_F(WalletTest, APaymentToAnUnreachableLedgerIsUnavailableNotUnknown) {
  const std::string key = MakeKey("alpha");
  EXPECT_EQ(Wallet(Unreachable({"pay", "--from", "HKD94ALPHA0001", "--to", "HKD94ALPHA0001",
                                "--amount", "1.00", "HKD", "--key", key}))
                .code,
            69);
}

TEST_F(WalletTest, AWrongPassphraseIsAQuestionOfPermission) {
  ASSERT_EQ(Wallet({"keygen", Path("alpha")}, "right\nright\n").code, 0);
  const std::string wrong = Write("wrong", "wrong\n");
  EXPECT_EQ(Wallet(Unreachable({"redeem", "--from", "HKD94ALPHA0001", "--amount", "1", "--key",
                                Path("alpha.pem"), "--passphrase-file", wrong}))
                .code,
            77);
}

TEST_F(WalletTest, AMissingKeyFileIsBadData) {
  const Run run = Wallet(Unreachable(
      {"redeem", "--from", "HKD94ALPHA0001", "--amount", "1", "--key", Path("none.pem")}));
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("none.pem"));
}

TEST_F(WalletTest, TheConfigFileSetsWhatTheCommandLineLeavesOut) {
  std::filesystem::create_directories(folder_ / ".config/causeway");
  Write(".config/causeway/wallet.toml", "ledger = \"127.0.0.1:1\"\ninsecure = true\n");
  const Run run = Wallet({"info"});
  EXPECT_EQ(run.code, 69) << run.err;
  EXPECT_THAT(run.err, HasSubstr("127.0.0.1:1"));
}

TEST_F(WalletTest, TheEnvironmentOverridesTheConfigFileAndTheCommandLineBoth) {
  const std::string config = Write("wallet.toml", "ledger = \"127.0.0.1:1\"\ninsecure = true\n");
  setenv("CAUSEWAY_CONFIG", config.c_str(), 1);
  setenv("CAUSEWAY_LEDGER", "127.0.0.1:2", 1);
  EXPECT_THAT(Wallet({"info"}).err, HasSubstr("127.0.0.1:2"));
  EXPECT_THAT(Wallet({"info", "--ledger", "127.0.0.1:3"}).err, HasSubstr("127.0.0.1:3"));
}

TEST_F(WalletTest, AMisspeltKeyOfTheConfigFileIsNamedWithItsLineAndTheKeysThatThereAre) {
  const std::string config = Write("wallet.toml",
                                   "# of the bank\n\ninsecure = true\n"
                                   "  legder = \"127.0.0.1:1\"  # here\n");
  const Run run = Wallet({"info", "--config", config});
  EXPECT_EQ(run.code, 64);
  EXPECT_EQ(run.err, "causeway-wallet: " + config +
                         ":4: \"legder\" is no option of causeway-wallet (did you mean ledger?); "
                         "there are ledger, bridge, tls-cert, tls-key, tls-ca, insecure, "
                         "participant, genesis-hash, key, passphrase-file, timeout, json\n");
}

TEST_F(WalletTest, AKeyBehindAListOfTheConfigFileHasItsOwnLine) {
  const std::string config =
      Write("wallet.toml", "key = [\"a.pem\",\n  \"b.pem\"]\ninsecur = true\n");
  const Run run = Wallet({"info", "--config", config});
  EXPECT_EQ(run.code, 64);
  EXPECT_THAT(run.err, HasSubstr(":3: \"insecur\" is no option"));
}

TEST_F(WalletTest, ASectionOfTheConfigFileHasTheOptionsOfItsCommand) {
  const auto refusal = [this](const std::string& text) {
    const Run run = Wallet({"info", "--config", Write("wallet.toml", text)});
    EXPECT_EQ(run.code, 64) << text;
    return run.err;
  };
  EXPECT_THAT(refusal("[pay]\npurpos = \"TRAD\"\n"),
              HasSubstr(":2: \"purpos\" is no option of pay (did you mean purpose?); there are "));
  EXPECT_THAT(refusal("[pai]\npurpose = \"TRAD\"\n"),
              HasSubstr(":1: \"pai\" is no command of causeway-wallet (did you mean pay?)"));
  EXPECT_THAT(refusal("config = \"other.toml\"\n"), HasSubstr(":1: \"config\" is no option"));
  const std::string good = Write(
      "wallet.toml", "ledger = \"127.0.0.1:1\"\ninsecure = true\n[pay]\npurpose = \"TRAD\"\n");
  EXPECT_EQ(Wallet({"info", "--config", good}).code, 69);
}

TEST_F(WalletTest, AReceiptIsVerifiedOffline) {
  const std::string file = Write("r.json", testing::ReadVector("receipt-file.json"));
  const Run run =
      Wallet({"receipt", "verify", file, "--genesis-hash", VectorGenesisHash().ToHex(), "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json["proven"], true);
  EXPECT_EQ(json["status"], "settled");
  EXPECT_EQ(json["signed_instruction"]["amount"]["amount"], "2500.00");
}

TEST_F(WalletTest, AReceiptOfAnotherLedgerProvesNothing) {
  const std::string file = Write("r.json", testing::ReadVector("receipt-file.json"));
  const Run run = Wallet({"receipt", "verify", file, "--genesis-hash", std::string(64, 'a')});
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("pinned"));
  EXPECT_EQ(run.out, "");
}

TEST_F(WalletTest, AReceiptWithoutAPinnedGenesisIsNotVerified) {
  const std::string file = Write("r.json", testing::ReadVector("receipt-file.json"));
  EXPECT_EQ(Wallet({"receipt", "verify", file}).code, 64);
}

TEST_F(WalletTest, ASecondApproverSignsTheSameBytesOnAnotherMachine) {
  const std::string second = MakeKey("second");
  const auto envelope = client::SignCommand(PayCommand(), *KeyNamed("first"));
  const std::string file = Write("payment.json", FormatEnvelope(*envelope));
  const Run run = Wallet({"cosign", file, "--key", second}, "y\n");
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("150.00 HKD"));
  const auto cosigned = ParseEnvelope(Read("payment.json"));
  ASSERT_TRUE(cosigned.ok()) << cosigned.status();
  EXPECT_EQ(cosigned->payload, envelope->payload);
  ASSERT_EQ(cosigned->signatures.size(), 2u);
  EXPECT_EQ(cosigned->signatures[0], envelope->signatures[0]);
}

TEST_F(WalletTest, WhatIsNotConfirmedIsNotSigned) {
  const std::string second = MakeKey("second");
  const auto envelope = client::SignCommand(PayCommand(), *KeyNamed("first"));
  const std::string file = Write("payment.json", FormatEnvelope(*envelope));
  EXPECT_EQ(Wallet({"cosign", file, "--key", second}, "n\n").code, 65);
  EXPECT_EQ(Wallet({"cosign", file, "--key", second}, "").code, 65);
  EXPECT_EQ(ParseEnvelope(Read("payment.json"))->signatures.size(), 1u);
}

TEST_F(WalletTest, OneKeyDoesNotSignTwice) {
  const std::string key = MakeKey("second");
  const auto envelope = client::SignCommand(PayCommand(), *KeyNamed("first"));
  const std::string file = Write("payment.json", FormatEnvelope(*envelope));
  ASSERT_EQ(Wallet({"cosign", file, "--key", key, "--yes"}).code, 0);
  EXPECT_EQ(Wallet({"cosign", file, "--key", key, "--yes"}).code, 65);
}

TEST_F(WalletTest, AnInstructionForAnotherLedgerIsNotCosigned) {
  const std::string second = MakeKey("second");
  const auto envelope = client::SignCommand(PayCommand(), *KeyNamed("first"));
  const std::string file = Write("payment.json", FormatEnvelope(*envelope));
  EXPECT_EQ(
      Wallet({"cosign", file, "--key", second, "--yes", "--genesis-hash", std::string(64, 'a')})
          .code,
      65);
}

TEST_F(WalletTest, ShowTellsWhatAFileSays) {
  const auto envelope = client::SignCommand(PayCommand(), *KeyNamed("first"));
  const std::string file = Write("payment.json", FormatEnvelope(*envelope));
  const Run run = Wallet({"show", file, "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json["action"], "pay");
  EXPECT_EQ(json["instruction_id"], "INV-1");
  EXPECT_EQ(json["amount"]["minor_units"], 15000);
}

// Told before anybody is asked for a key or a connection.
TEST_F(WalletTest, RulesOfAQueueThatNoLedgerWouldTakeAreNamedByField) {
  const std::string file = Write("rules.txtpb",
                                 "discipline: QUEUE_DISCIPLINE_FIFO queued_max: 10\n"
                                 "optimisations { algorithm: QUEUE_ALGORITHM_CYCLE }\n");
  const Run run = Wallet(Unreachable({"queue-rules", file}));
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("optimisations[0].cycle_banks_max: 2 to 16 with cycle"));
  const Run parts =
      Wallet(Unreachable({"queue-rules", Write("parts.txtpb",
                                               "discipline: QUEUE_DISCIPLINE_FIFO queued_max: 10\n"
                                               "splitting { threshold: 100 }\n")}));
  EXPECT_EQ(parts.code, 65);
  EXPECT_THAT(parts.err, HasSubstr("splitting.part_min: at least one minor unit"));
  const Run misspelt = Wallet(Unreachable({"queue-rules", Write("other.txtpb", "queue: 1")}));
  EXPECT_EQ(misspelt.code, 65);
  EXPECT_THAT(misspelt.err, HasSubstr("1:1: SetQueueRules has no field 'queue'"));
}

TEST_F(WalletTest, ShowTellsTheRulesOfAQueue) {
  core::QueueRules rules{.discipline = core::QueueDiscipline::kPriority, .queued_max = 10};
  rules.normal_bypass = true;
  rules.optimisations = {{.algorithm = core::QueueAlgorithm::kAllOrNothing}};
  rules.splitting = {core::Amount::FromMinor(300), core::Amount::FromMinor(10),
                     core::Amount::FromMinor(200)};
  rules.limits_bind_all = true;
  core::Command command = PayCommand();
  command.action = core::SetQueueRules{rules};
  const auto envelope = client::SignCommand(command, *KeyNamed("first"));
  const Run run = Wallet({"show", Write("rules.json", FormatEnvelope(*envelope)), "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json["normal_bypass"], true);
  EXPECT_EQ(json["optimisations"][0]["algorithm"], "all-or-nothing");
  EXPECT_EQ(json["splitting"], (Json{{"threshold", 300}, {"part_min", 10}, {"part_max", 200}}));
  EXPECT_EQ(json["limits_bind_all"], true);
}

TEST_F(WalletTest, CompletionKnowsEveryCommand) {
  const Run run = Wallet({"completion", "bash"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("complete -o default -F _causeway_wallet causeway-wallet"));
  EXPECT_THAT(run.out, HasSubstr("/receipt/verify"));
  EXPECT_THAT(run.out, HasSubstr("--legal-basis"));
}

TEST_F(WalletTest, ErrorsGoToTheErrorStreamOnly) {
  const Run run = Wallet({"address", "check", "nonsense"});
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace causeway::wallet
