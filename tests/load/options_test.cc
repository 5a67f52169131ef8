#include "scenarios/load/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace causeway::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::variant<RunOptions, PrepareOptions, Help> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "causeway-load");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

std::variant<RunOptions, PrepareOptions, Help> ParseRun(std::vector<const char*> arguments) {
  const std::vector<const char*> head = {"run",        "--ledger",      "127.0.0.1:7001",
                                         "--insecure", "--participant", "BANKA",
                                         "--key",      "key.pem"};
  arguments.insert(arguments.begin(), head.begin(), head.end());
  return Parse(std::move(arguments));
}

RunOptions AsRun(std::vector<const char*> arguments) {
  auto parsed = ParseRun(std::move(arguments));
  if (const auto* help = std::get_if<Help>(&parsed)) ADD_FAILURE() << help->text;
  return std::holds_alternative<RunOptions>(parsed) ? std::get<RunOptions>(parsed) : RunOptions();
}

std::string Refused(std::vector<const char*> arguments) {
  auto parsed = ParseRun(std::move(arguments));
  const auto* help = std::get_if<Help>(&parsed);
  if (help == nullptr) return "accepted";
  EXPECT_EQ(help->exit_status, kExitUsage);
  return help->text;
}

TEST(Options, ClosedLoopOfBulksIsTheDefault) {
  const RunOptions options = AsRun({"--duration", "10"});
  EXPECT_EQ(options.mode, Mode::kClosed);
  EXPECT_EQ(options.batch, 8192u);
  EXPECT_EQ(options.in_flight, 16u);
  EXPECT_FALSE(options.single);
  EXPECT_EQ(options.duration_s, 10);
}

TEST(Options, FlagsChooseTheOpenLoop) {
  EXPECT_EQ(AsRun({"--duration", "1", "--rate", "5000"}).mode, Mode::kFixed);
  EXPECT_EQ(AsRun({"--duration", "1", "--rate", "5000", "--poisson"}).mode, Mode::kPoisson);
  EXPECT_EQ(AsRun({"--steps", "1000:1,2000:1"}).mode, Mode::kSteps);
  EXPECT_EQ(AsRun({"--trace", "times.txt"}).mode, Mode::kTrace);
}

TEST(Options, SinglePaymentsAreRequestsOfOne) {
  const RunOptions options = AsRun({"--single", "--payments", "1000", "--in-flight", "256"});
  EXPECT_EQ(options.batch, 1u);
  EXPECT_EQ(options.in_flight, 256u);
}

TEST(Options, AllowedOutcomesAreReadByName) {
  EXPECT_THAT(
      AsRun({"--duration", "1", "--allow", "INSUFFICIENT_FUNDS", "--allow", "ACCOUNT_FROZEN"})
          .allowed,
      ElementsAre(core::Outcome::kInsufficientFunds, core::Outcome::kAccountFrozen));
  EXPECT_THAT(Refused({"--duration", "1", "--allow", "POVERTY"}), HasSubstr("POVERTY"));
}

TEST(Options, ContradictionsAreRefused) {
  EXPECT_THAT(Refused({}), HasSubstr("--duration or --payments"));
  EXPECT_THAT(Refused({"--duration", "1", "--rate", "5", "--steps", "1:1"}), HasSubstr("exclude"));
  EXPECT_THAT(Refused({"--duration", "1", "--single", "--batch", "16"}), HasSubstr("exclude"));
  EXPECT_THAT(Refused({"--payments", "100", "--batch", "16"}), HasSubstr("multiple"));
  EXPECT_THAT(Refused({"--duration", "1", "--batch", "16385"}), HasSubstr("--batch"));
  EXPECT_THAT(Refused({"--duration", "1", "--poisson"}), HasSubstr("--rate"));
}

TEST(Options, ReportWithoutAPlaceIsRefusedBeforeTheLoad) {
  for (const char* flag : {"--json", "--html", "--record-trace"}) {
    EXPECT_THAT(Refused({"--duration", "1", flag, "/no-such-folder/report"}),
                HasSubstr(std::string(flag) + " /no-such-folder/report"));
  }
  EXPECT_EQ(AsRun({"--duration", "1", "--json", "report.json"}).json, "report.json");
}

TEST(Options, HelpIsNoError) {
  const auto parsed = Parse({"--help"});
  const auto& help = std::get<Help>(parsed);
  EXPECT_EQ(help.exit_status, kExitOk);
  EXPECT_THAT(help.text, HasSubstr("prepare"));
}

TEST(Options, PrepareNeedsApproversAndOwner) {
  const auto parsed = Parse({"prepare", "--ledger", "127.0.0.1:1", "--insecure", "--approver-key",
                             "a.pem", "--approver-key", "b.pem", "--owner", "BANKA", "--owner-key",
                             "k.pem", "--accounts", "1000000", "--out", "accounts.txt"});
  const auto* prepare = std::get_if<PrepareOptions>(&parsed);
  ASSERT_NE(prepare, nullptr);
  EXPECT_THAT(prepare->approver_keys, ElementsAre("a.pem", "b.pem"));
  EXPECT_EQ(prepare->accounts, 1'000'000u);
  const auto missing = Parse({"prepare", "--ledger", "127.0.0.1:1", "--insecure"});
  EXPECT_EQ(std::get<Help>(missing).exit_status, kExitUsage);
}

TEST(ConnectionOf, WantsCredentialsOrLoopback) {
  EXPECT_FALSE(ConnectionOf({.ledger = "127.0.0.1:1"}).ok());
  EXPECT_FALSE(ConnectionOf({.ledger = "127.0.0.1:1", .tls_cert = "c", .insecure = true}).ok());
  const auto insecure =
      ConnectionOf({.ledger = "127.0.0.1:1", .insecure = true, .participant = "BANKA"});
  ASSERT_TRUE(insecure.ok());
  EXPECT_EQ(insecure->participant.text(), "BANKA");
  const auto tls = ConnectionOf({.ledger = "h:1", .tls_cert = "c", .tls_key = "k", .tls_ca = "a"});
  ASSERT_TRUE(tls.ok());
  EXPECT_EQ(tls->tls->ca_file, "a");
}

}  // namespace
}  // namespace causeway::load
