// The events of the settlement queue's log as bytes.
#include "fx-bridge/engine/queue_event.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settlement/core/queued_trade.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

TEST(QueueEventTest, EveryKindIsReadAsItWasWrittenAndNothingElse) {
  const auto signed_by = [](std::string_view name) {
    return Must(core::SignEnvelope(core::kQueuedTradePayloadType, "trade", *KeyOf(name)));
  };
  fx_queue::QueueRules rules;
  rules.every = core::Duration::FromSeconds(60);
  rules.wait_max = core::Duration::FromSeconds(7);
  const std::vector<QueueEvent> events = {
      {At(1), QueueRuled{rules}},
      {At(2), TradeEntered{Party("A"), signed_by("A")}},
      {At(3), TradeWithdrawn{Party("B"), signed_by("B")}},
      {At(4), TradeExpired{core::Sha256("trade")}},
      {At(5), RunBegan{17}},
      {At(6), FundsTold{17, Party("A"), Origin("ledger.example/eur"), core::Amount::FromMinor(5)}},
      {At(7), FundsTimeOver{17}},
      {At(8), AttemptMade{3, {"terms", {"leg", "another"}}}},
      {At(9), AttemptSigned{3, Party("A"), {core::Sha256("key"), "signature"}}},
      {At(10), SigningTimeOver{3}},
      {At(11),
       AttemptEnded{3,
                    {.outcome = core::Outcome::kInsufficientFunds, .actual = 4, .rule = "leg 0"},
                    std::pair{0U, Party("A")}}}};
  const std::string body = EncodeQueueEvents(events);
  const auto read = DecodeQueueEvents(body);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, events);
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(DecodeQueueEvents(std::string_view(body).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeQueueEvents(body + '\0').ok());
  for (std::size_t at = 0; at < body.size(); ++at) {
    std::string damaged = body;
    damaged[at] = static_cast<char>(damaged[at] ^ 64);
    const auto other = DecodeQueueEvents(damaged);
    if (other.ok()) {
      EXPECT_EQ(EncodeQueueEvents(*other), damaged) << at;
    }
  }
}

}  // namespace
}  // namespace causeway::bridge
