// A settlement queue of many trades looks only at what an event may have given room.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "fx-bridge/queue/settlement_queue.h"
#include "settlement/core/prng.h"

namespace causeway::fx_queue {
namespace {

constexpr MemberIndex kMembers = 6;
constexpr LedgerIndex kLedgers = 3;

core::LedgerTime At(std::int64_t second) {
  return core::LedgerTime::Min() + core::Duration::FromSeconds(second);
}

// Enters drawn trades and answers what the queue asks, on a clock of one second an event.
class DrawnDay {
 public:
  DrawnDay(const QueueRules& rules, std::uint64_t seed)
      : queue_(rules, [](const Trade& trade) { return trade.party_amount; }),
        random_(seed, "queue-of-many") {
    queue_.Open();
  }

  SettlementQueue& queue() { return queue_; }
  std::uint32_t Draw(std::uint32_t below) {
    return static_cast<std::uint32_t>(random_.Uniform(below));
  }

  void EnterOne() {
    const TradeIndex id = ++trades_;
    Trade trade{.party = Draw(kMembers), .party_ledger = Draw(kLedgers)};
    trade.counterparty = (trade.party + 1 + Draw(kMembers - 1)) % kMembers;
    trade.counterparty_ledger = (trade.party_ledger + 1 + Draw(kLedgers - 1)) % kLedgers;
    trade.party_amount = core::Amount::FromMinor(1 + Draw(1000));
    trade.counterparty_amount = core::Amount::FromMinor(1 + Draw(1000));
    Note(queue_.Enter(At(++now_), id, trade, trade.party));
    Note(queue_.Enter(At(now_), id, trade, trade.counterparty));
  }

  // Ends the oldest attempt: it settles, or its first payer has no more than `funds`.
  void EndOne(std::optional<std::int64_t> funds) {
    if (asked_.empty()) return;
    const std::uint32_t number = asked_.front();
    asked_.erase(asked_.begin());
    const NetAttempt* attempt = queue_.FindAttempt(number);
    if (attempt == nullptr) return;
    const std::set<MemberIndex> payers = attempt->payers;
    for (const MemberIndex payer : payers) queue_.OnSignature(number, payer, {});
    core::Rejection outcome{.outcome = core::Outcome::kAccepted};
    std::optional<NetBlame> blame;
    if (funds) {
      outcome = {.outcome = core::Outcome::kInsufficientFunds, .actual = *funds};
      blame = NetBlame{.leg = 0, .member = attempt->legs[0].from};
    }
    Note(queue_.OnOutcome(At(++now_), number, outcome, blame));
  }
  bool asks() const { return !asked_.empty(); }

 private:
  void Note(const SettlementQueue::Effects& effects) {
    for (const auto& effect : effects) {
      if (const auto* ask = std::get_if<AskNetSignatures>(&effect)) asked_.push_back(ask->attempt);
    }
  }

  SettlementQueue queue_;
  core::RandomStream random_;
  std::int64_t now_ = 0;
  TradeIndex trades_ = 0;
  std::vector<std::uint32_t> asked_;
};

QueueRules RulesWith(SettlementSelection selection, bool bypass) {
  return {.every = core::Duration::FromSeconds(60),
          .selection = selection,
          .bypass = bypass,
          .exact_max = 6};
}

// WaitReasons looks at the whole queue. Whatever has room there must have been tried.
TEST(QueueOfMany, NothingThatHasRoomIsLeftOut) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (const bool bypass : {false, true}) {
      DrawnDay day(RulesWith(SettlementSelection::kLargest, bypass), seed);
      for (int event = 0; event < 200; ++event) {
        if (day.Draw(2) == 0) {
          day.EnterOne();
        } else {
          day.EndOne(day.Draw(3) == 0 ? std::optional<std::int64_t>(day.Draw(1500)) : std::nullopt);
        }
        for (const auto& [id, reason] : day.queue().WaitReasons()) {
          EXPECT_EQ(day.queue().WaitReasonOf(id), reason);
          ASSERT_NE(reason, SettlementQueue::WaitReason::kNone)
              << "trade " << id << " after event " << event << " with seed " << seed;
        }
      }
    }
  }
}

TEST(QueueOfMany, LevelsCountWhatWaitsAndIsNotTried) {
  DrawnDay day(RulesWith(SettlementSelection::kLargest, false), 7);
  for (int event = 0; event < 300; ++event) {
    if (day.Draw(2) == 0) {
      day.EnterOne();
    } else {
      day.EndOne(day.Draw(2) == 0 ? std::optional<std::int64_t>(300) : std::nullopt);
    }
    std::uint32_t waiting = 0;
    core::Amount value;
    for (const auto& [id, reason] : day.queue().WaitReasons()) {
      EXPECT_EQ(day.queue().WaitReasonOf(id), reason);
      if (reason == SettlementQueue::WaitReason::kTried) continue;
      ++waiting;
      value = *core::CheckedAdd(value, day.queue().Find(id)->what.party_amount);
    }
    const std::vector<SettlementQueue::Level>& levels = day.queue().levels();
    ASSERT_EQ(levels.empty() ? 0 : levels.back().waiting, waiting);
    ASSERT_EQ(levels.empty() ? core::Amount() : levels.back().value, value);
  }
}

// Twenty thousand that nearly all wait took minutes when each event looked at them all.
TEST(QueueOfMany, TwentyThousandTradesThatWaitTakeSeconds) {
  DrawnDay day(RulesWith(SettlementSelection::kLargest, false), 1);
  const std::clock_t begin = std::clock();
  for (int i = 0; i < 20'000; ++i) {
    day.EnterOne();
    while (day.asks()) day.EndOne(500);
  }
  EXPECT_GT(day.queue().queued(), 19'000u);
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 20);
}

}  // namespace
}  // namespace causeway::fx_queue
