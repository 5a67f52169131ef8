#include "wallet-cli/render.h"

#include <gtest/gtest.h>

#include "tests/wallet/wallet_test_util.h"
#include "wallet-cli/envelope_file.h"
#include "wallet-cli/names.h"
#include "wallet-cli/values.h"

namespace causeway::wallet {
namespace {

TEST(Render, ARecordIsLinesOfKeyAndValue) {
  EXPECT_EQ(RenderText({{"a", "x"}, {"long_key", true}, {"none", nullptr}}),
            "a         x\nlong key  yes\n");
}

TEST(Render, ARowPerObjectWithFiguresToTheRight) {
  const Json rows = {{{"account", "A"}, {"available", MoneyJson(MoneyOf("HKD", 5))}},
                     {{"account", "BB"}, {"available", MoneyJson(MoneyOf("HKD", 1'234'567))}}};
  EXPECT_EQ(RenderText(rows),
            "account     available\n"
            "A            0.05 HKD\n"
            "BB       12345.67 HKD\n");
}

TEST(Render, TablesInARecordStandBelowIt) {
  const Json record = {{"name", "x"}, {"lines", {{{"n", 1}}, {{"n", 22}}}}};
  EXPECT_EQ(RenderText(record), "name  x\n\nlines:\n n\n 1\n22\n");
}

TEST(Render, AnEmptyListSaysSo) { EXPECT_EQ(RenderText(Json::array()), "nothing to show\n"); }

TEST(Render, StrangersTextCannotSteerTheTerminal) {
  EXPECT_EQ(RenderText({{"reason", "a\x1b[2Jb"}}), "reason  a\\x1b[2Jb\n");
}

TEST(Render, MoneyHasTheMinorDigitsOfItsCurrency) {
  EXPECT_EQ(RenderText(MoneyJson(MoneyOf("JPY", 150))), "150 JPY\n");
  EXPECT_EQ(RenderText(MoneyJson(MoneyOf("KWD", -1))), "-0.001 KWD\n");
}

TEST(Views, AnEnvelopeFileReadsBack) {
  const auto envelope = client::SignCommand(PayCommand(), *KeyNamed("alpha"));
  ASSERT_TRUE(envelope.ok());
  const auto again = ParseEnvelope(FormatEnvelope(*envelope));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *envelope);
}

TEST(Views, FilesThatAreNoEnvelopesAreRefused) {
  for (const char* text : {"", "[]", "{}", R"({"payload_type": "t", "payload": "*"})",
                           R"({"payload_type": "t", "payload": "", "signatures": 1})",
                           R"({"payload_type": "t", "payload": "", "signatures": [1]})",
                           R"({"payload_type": "t", "payload": "", "signatures": [{}]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseEnvelope(text).status())) << text;
  }
}

TEST(Views, NamesOfClosedSetsReadBack) {
  EXPECT_EQ(*ParseActionKind("redeem"), core::ActionKind::kRedeem);
  EXPECT_EQ(*ParseRole("fx-provider"), core::Role::kFxProvider);
  EXPECT_EQ(*ParsePurpose("wallet"), core::AccountPurpose::kWallet);
  EXPECT_FALSE(ParseActionKind("none").ok());
  EXPECT_FALSE(ParseRole("king").ok());
}

}  // namespace
}  // namespace causeway::wallet
