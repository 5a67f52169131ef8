#include "wallet-cli/queue_views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

client::QueuedTradeView EnteredBy(const std::string& party, std::int64_t usd_minor,
                                  const std::string& reference = "DEAL-1") {
  client::QueuedTradeView view;
  view.id = core::Sha256(party + std::to_string(usd_minor) + reference);
  view.state = client::QueuedTradeState::kAwaitingCounterparty;
  view.trade.reference = ParseOrDie<core::InstructionId>(reference);
  view.trade.sides = {
      {{ParseOrDie<core::ParticipantId>("ALPHA"), ParseOrDie<core::LedgerOrigin>("hk.example/hkd"),
        MoneyOf("HKD", 10'000)},
       {ParseOrDie<core::ParticipantId>("BETA"), ParseOrDie<core::LedgerOrigin>("us.example/usd"),
        MoneyOf("USD", usd_minor)}}};
  view.entered = {ParseOrDie<core::ParticipantId>(party)};
  return view;
}

// One deal entered as 111.00 and as 110.00 awaited its counterparty twice, for ever.
TEST(QueueViews, TheSameDealEnteredOtherwiseIsShown) {
  const client::QueuedTradeView mine = EnteredBy("ALPHA", 11'100);
  const client::QueuedTradeView theirs = EnteredBy("BETA", 11'000);
  const Json differs = DiffersJson(mine, {mine, theirs});
  ASSERT_TRUE(differs.is_string());
  EXPECT_EQ(differs.get<std::string>(), "BETA entered amount: BETA pays 110.00 USD");
  EXPECT_THAT(DiffersJson(theirs, {mine, theirs}).get<std::string>(), HasSubstr("111.00 USD"));
}

TEST(QueueViews, OtherDealsAndOnesOwnAreNoDifference) {
  const client::QueuedTradeView mine = EnteredBy("ALPHA", 11'100);
  client::QueuedTradeView agreed = EnteredBy("BETA", 11'000);
  agreed.state = client::QueuedTradeState::kWaiting;
  EXPECT_TRUE(DiffersJson(mine, {mine, EnteredBy("ALPHA", 11'000), agreed,
                                 EnteredBy("BETA", 11'000, "DEAL-2")})
                  .is_null());
}

}  // namespace
}  // namespace causeway::wallet
