// The engine against NaiveEngine: the same inputs must settle the same payments, in the same order,
// for the same cause, and leave the same balances.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "tests/liquidity/naive_engine.h"
#include "tests/liquidity/random_queue.h"

namespace causeway::liquidity {
namespace {

class Differential {
 public:
  Differential(const RandomSystem& system, std::uint64_t seed)
      : engine_(CreateOrDie(system)),
        naive_(system.rules, system.banks, system.limits),
        banks_(system.banks.size()),
        links_(system.rules.links_settle_together),
        random_(seed, "differential-steps") {}

  void Step() {
    now_ += random_.UniformInRange(0, 3);
    const std::uint64_t kind = random_.Uniform(20);
    const std::uint32_t payments = engine_.payments();
    if (kind < 14 || payments == 0) {
      PaymentOrder order = DrawOrder(random_, banks_);
      if (links_) order.link = DrawLink();
      engine_.Submit(At(now_), order, effects_);
      naive_.Submit(now_, order);
      return;
    }
    const auto payment = static_cast<PaymentId>(random_.Uniform(payments));
    switch (kind) {
      case 14:
      case 15: {
        const auto bank = static_cast<BankIndex>(random_.Uniform(banks_));
        const std::int64_t change = random_.UniformInRange(-6, 9);
        engine_.ChangeBalance(At(now_), bank, Minor(change), effects_);
        naive_.ChangeBalance(now_, bank, change);
        break;
      }
      case 16:
        engine_.Cancel(At(now_), payment, effects_);
        naive_.Cancel(now_, payment);
        break;
      case 17: {
        const auto priority = static_cast<Priority>(random_.Uniform(kPriorities));
        engine_.Reprioritise(At(now_), payment, priority, effects_);
        naive_.Reprioritise(now_, payment, priority);
        break;
      }
      case 18:
        engine_.MoveToFront(At(now_), payment, effects_);
        naive_.MoveToEnd(now_, payment, /*to_front=*/true);
        break;
      default:
        engine_.MoveToEnd(At(now_), payment, effects_);
        naive_.MoveToEnd(now_, payment, /*to_front=*/false);
    }
  }

  // What differs, or nothing.
  std::string Difference() const {
    engine_.CheckInvariants();
    std::vector<NaiveEngine::Settlement> settled;
    for (const Effect& effect : effects_) {
      if (effect.kind != EffectKind::kSettled && effect.kind != EffectKind::kPartSettled) continue;
      settled.push_back({effect.payment, effect.amount.minor(), effect.cause});
    }
    if (settled != naive_.settlements()) {
      return fmt::format("settled {} times, and not the same, where {} were right", settled.size(),
                         naive_.settlements().size());
    }
    for (BankIndex bank = 0; bank < banks_; ++bank) {
      if (engine_.Balance(bank).minor() != naive_.balance(bank)) return "balances";
    }
    for (PaymentId payment = 0; payment < engine_.payments(); ++payment) {
      const bool waits = engine_.Payment(payment).state == PaymentState::kQueued;
      if (waits != naive_.Waits(payment)) return "what waits";
    }
    return "";
  }

  std::size_t released() const {
    std::size_t count = 0;
    for (const Effect& effect : effects_) count += effect.cause == Cause::kQueueRelease ? 1 : 0;
    return count;
  }

 private:
  // A new one, one of the last few, which may be complete already, or none.
  std::uint32_t DrawLink() {
    const std::uint64_t kind = random_.Uniform(5);
    if (kind < 2) return ++last_link_;
    if (kind == 4 || last_link_ == 0) return 0;
    return last_link_ - static_cast<std::uint32_t>(random_.Uniform(std::min(last_link_, 3U)));
  }

  Engine engine_;
  NaiveEngine naive_;
  const std::size_t banks_;
  const bool links_;
  std::uint32_t last_link_ = 0;
  core::RandomStream random_;
  std::int64_t now_ = 0;
  Engine::Effects effects_;
};

struct Variant {
  std::string name;
  Discipline discipline;
  Release release = Release::kFunds;
  bool normal_bypass = false;
  bool splitting = false;
  bool queues = true;
  bool links = false;
};

class DisciplineTest : public testing::TestWithParam<Variant> {};

TEST_P(DisciplineTest, SettlesWhatThePlainRulesSettle) {
  std::size_t released = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    core::RandomStream random(seed, "differential-system");
    const Features features = {.reservations = random.Bernoulli(1, 2),
                               .limits = random.Bernoulli(1, 2),
                               .holding_limits = random.Bernoulli(1, 4),
                               .credit = random.Bernoulli(1, 2)};
    RandomSystem system = DrawSystem(random, GetParam().discipline, features);
    system.rules.release = GetParam().release;
    system.rules.receipt_window = core::Duration::FromMicros(40);
    system.rules.normal_bypass = GetParam().normal_bypass;
    system.rules.links_settle_together = GetParam().links;
    if (GetParam().splitting) system.rules.splitting = {Minor(6), Minor(2), Minor(9)};
    Differential run(system, seed);
    for (int step = 0; step < 80; ++step) run.Step();
    ASSERT_EQ(run.Difference(), "") << "seed " << seed;
    released += run.released();
  }
  EXPECT_EQ(released > 0, GetParam().queues);  // the systems are such that queues matter
}

INSTANTIATE_TEST_SUITE_P(
    All, DisciplineTest,
    testing::Values(
        Variant{.name = "Immediate", .discipline = Discipline::kImmediate, .queues = false},
        Variant{.name = "Fifo", .discipline = Discipline::kFifo},
        Variant{.name = "FifoBypass", .discipline = Discipline::kFifoBypass},
        Variant{.name = "Priority", .discipline = Discipline::kPriority},
        Variant{.name = "PriorityNormalBypass",
                .discipline = Discipline::kPriority,
                .normal_bypass = true},
        Variant{.name = "FifoReceiptReactive",
                .discipline = Discipline::kFifo,
                .release = Release::kReceiptReactive},
        Variant{.name = "BypassBalanceReactive",
                .discipline = Discipline::kFifoBypass,
                .release = Release::kBalanceReactive},
        Variant{.name = "FifoSplitting", .discipline = Discipline::kFifo, .splitting = true},
        Variant{
            .name = "BypassSplitting", .discipline = Discipline::kFifoBypass, .splitting = true},
        Variant{.name = "FifoLinks", .discipline = Discipline::kFifo, .links = true},
        Variant{.name = "BypassLinks", .discipline = Discipline::kFifoBypass, .links = true},
        Variant{.name = "PriorityLinks", .discipline = Discipline::kPriority, .links = true},
        Variant{.name = "PriorityNormalBypassLinks",
                .discipline = Discipline::kPriority,
                .normal_bypass = true,
                .links = true},
        Variant{.name = "BypassReceiptReactiveLinks",
                .discipline = Discipline::kFifoBypass,
                .release = Release::kReceiptReactive,
                .links = true},
        Variant{.name = "PriorityBalanceReactiveLinks",
                .discipline = Discipline::kPriority,
                .release = Release::kBalanceReactive,
                .normal_bypass = true,
                .links = true}),
    [](const testing::TestParamInfo<Variant>& tested) { return tested.param.name; });

}  // namespace
}  // namespace causeway::liquidity
