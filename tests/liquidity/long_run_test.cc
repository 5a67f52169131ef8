// Everything at once: random days with all features, all algorithms on schedules, and changes of
// terms in between.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <vector>

#include "tests/liquidity/random_queue.h"

namespace causeway::liquidity {
namespace {

class RandomDay {
 public:
  RandomDay(std::uint64_t seed, Discipline discipline)
      : random_(seed, "long-run"), system_(Draw(random_, discipline)) {
    for (const BankTerms& bank : system_.banks) balances_.push_back(bank.balance.minor());
  }

  void Run() {
    Engine engine = CreateOrDie(system_);
    for (int step = 0; step < 100; ++step) {
      now_ += random_.UniformInRange(0, 3);
      Step(engine);
      engine.CheckInvariants();
    }
    engine.Close(At(now_ + 1), effects_);
    engine.CheckInvariants();
    EXPECT_EQ(engine.queued_count(), 0U);
    Replay(engine);
  }

  const Engine::Effects& effects() const { return effects_; }

 private:
  static RandomSystem Draw(core::RandomStream& random, Discipline discipline) {
    const Features features = {.reservations = random.Bernoulli(1, 2),
                               .limits = random.Bernoulli(1, 2),
                               .holding_limits = random.Bernoulli(1, 3),
                               .credit = random.Bernoulli(1, 2)};
    RandomSystem system = DrawSystem(random, discipline, features);
    Rules& rules = system.rules;
    const bool queues = discipline != Discipline::kImmediate;
    rules.normal_bypass = discipline == Discipline::kPriority && random.Bernoulli(1, 2);
    if (random.Bernoulli(1, 3)) rules.release = Release::kBalanceReactive;
    if (random.Bernoulli(1, 4)) rules.release = Release::kReceiptReactive;
    rules.receipt_window = core::Duration::FromMicros(30);
    if (queues && random.Bernoulli(1, 3)) rules.splitting = {Minor(6), Minor(2), Minor(9)};
    if (queues && discipline != Discipline::kDeferred) {
      rules.entry_offset = static_cast<EntryOffset>(random.Uniform(3));
    }
    for (int i = 1; i < kAlgorithms; ++i) {
      if (!random.Bernoulli(1, 2)) continue;
      Optimisation optimisation;
      optimisation.algorithm = static_cast<Algorithm>(i);
      optimisation.first = At(random.UniformInRange(0, 20));
      optimisation.every = core::Duration::FromMicros(random.UniformInRange(5, 40));
      optimisation.exact_payments_max = 10;
      optimisation.only_if_previous_settled_nothing =
          !rules.optimisations.empty() && random.Bernoulli(1, 3);
      rules.optimisations.push_back(optimisation);
    }
    return system;
  }

  void Step(Engine& engine) {
    const std::uint64_t kind = random_.Uniform(24);
    const auto bank = static_cast<BankIndex>(random_.Uniform(system_.banks.size()));
    const auto other = static_cast<BankIndex>((bank + 1) % system_.banks.size());
    const std::int64_t value = random_.UniformInRange(0, 12);
    const auto payment = static_cast<PaymentId>(random_.Uniform(engine.payments() + 1));
    switch (kind) {
      case 0: {
        const std::int64_t change = value - 4;
        if (engine.ChangeBalance(At(now_), bank, Minor(change), effects_) == Refusal::kNone) {
          balances_[bank] += change;
        }
        break;
      }
      case 1:
        engine.SetCredit(At(now_), bank, Minor(value), 1'000, Minor(2), effects_);
        break;
      case 2:
        engine.SetReservations(At(now_), bank, Minor(value / 3), Minor(value / 4), effects_);
        break;
      case 3:
        engine.SetBilateralLimit(At(now_), bank, other, Minor(value), effects_);
        break;
      case 4:
        engine.SetBilateralLimit(At(now_), bank, other, std::nullopt, effects_);
        break;
      case 5:
        engine.SetMultilateralLimit(At(now_), bank, Minor(value + 5), effects_);
        break;
      case 6:
        engine.SetHoldingLimit(At(now_), bank, Minor(value + 10), effects_);
        break;
      case 7:
        engine.SetHoldingLimit(At(now_), bank, std::nullopt, effects_);
        break;
      case 8:
        engine.Cancel(At(now_), payment, effects_);
        break;
      case 9:
        engine.Reprioritise(At(now_), payment, static_cast<Priority>(value % kPriorities),
                            effects_);
        break;
      case 10:
        engine.MoveToFront(At(now_), payment, effects_);
        break;
      default:
        engine.Submit(At(now_), DrawOrder(random_, system_.banks.size()), effects_);
    }
  }

  // What the effects tell adds up to what the engine has.
  void Replay(const Engine& engine) {
    std::map<PaymentId, std::int64_t> settled;
    core::LedgerTime last;
    for (const Effect& effect : effects_) {
      EXPECT_LE(last, effect.time);
      last = effect.time;
      if (effect.kind != EffectKind::kSettled && effect.kind != EffectKind::kPartSettled) continue;
      const PaymentOrder order = engine.Payment(effect.payment).order;
      balances_[order.sender] -= effect.amount.minor();
      balances_[order.receiver] += effect.amount.minor();
      settled[effect.payment] += effect.amount.minor();
      EXPECT_EQ(effect.cause == Cause::kImmediate || effect.cause == Cause::kQueueRelease,
                effect.set == 0);
    }
    for (BankIndex bank = 0; bank < balances_.size(); ++bank) {
      EXPECT_EQ(engine.Balance(bank).minor(), balances_[bank]);
    }
    for (PaymentId payment = 0; payment < engine.payments(); ++payment) {
      const PaymentView view = engine.Payment(payment);
      if (view.state == PaymentState::kSettled) {
        EXPECT_EQ(settled[payment], view.order.amount.minor());
      } else {
        EXPECT_LT(settled[payment], view.order.amount.minor());
      }
    }
  }

  core::RandomStream random_;
  const RandomSystem system_;
  std::vector<std::int64_t> balances_;
  std::int64_t now_ = 0;
  Engine::Effects effects_;
};

class LongRunTest : public testing::TestWithParam<Discipline> {};

TEST_P(LongRunTest, KeepsAllInvariantsAndTellsAllThatItDoes) {
  std::map<Algorithm, int> settled_by;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    RandomDay day(seed, GetParam());
    day.Run();
    ASSERT_FALSE(testing::Test::HasFailure());
    for (const Effect& effect : day.effects()) {
      if (effect.kind == EffectKind::kSettled && effect.set > 0) ++settled_by[effect.algorithm];
    }
  }
  EXPECT_EQ(settled_by.size() >= 8, GetParam() != Discipline::kImmediate);
}

TEST_P(LongRunTest, GivesTheSameEffectsForTheSameInputs) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomDay one(seed, GetParam());
    RandomDay other(seed, GetParam());
    one.Run();
    other.Run();
    ASSERT_EQ(one.effects(), other.effects()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(All, LongRunTest,
                         testing::Values(Discipline::kImmediate, Discipline::kFifo,
                                         Discipline::kFifoBypass, Discipline::kPriority,
                                         Discipline::kDeferred));

}  // namespace
}  // namespace causeway::liquidity
