// Random days of payments that settle in parts on a ledger.
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/liquidity/ledger_with_selector.h"

namespace causeway::core {
namespace {

// Payments of random days, by what the log says that they moved.
class LedgerPartsDays : public LedgerWithSelector {
 protected:
  struct Known {
    std::size_t from = 0;
    std::size_t to = 0;
    std::int64_t amount = 0;
    std::int64_t moved = 0;
  };

  void TakeDay(std::uint64_t seed) {
    RandomStream random(seed, "parts-day");
    known_.clear();
    balances_ = {20, 10, 0, 0};
    StartLedger(balances_);
    QueueRules rules = DrawQueueRules(random);
    if (rules.discipline == QueueDiscipline::kDeferred) rules.discipline = QueueDiscipline::kFifo;
    rules.splitting = {Amount::FromMinor(random.UniformInRange(0, 10)),
                       Amount::FromMinor(random.UniformInRange(1, 4)),
                       Amount::FromMinor(random.Bernoulli(1, 2) ? 6 : 0)};
    ExpectAccepted(ByCentralBank(SetQueueRules{rules}));
    for (int step = 0; step < 40 && !HasFailure(); ++step) {
      now_ = now_ + Duration::FromSeconds(static_cast<std::int64_t>(random.Uniform(10)));
      TakeBatch(Apply(DrawItems(step, random)));
      if (step % 10 == 9) {
        const std::unique_ptr<Ledger> twin = Restored();
        ASSERT_NE(twin, nullptr);
        EXPECT_EQ(twin->StateRoot(), ledger_->StateRoot());
      }
    }
    for (const DayPhase phase : {DayPhase::kCutOff, DayPhase::kClosed}) {
      TakeBatch(Apply({Admitted(MakeCommand("CENTRAL", SetDayPhase{ledger_->date(), phase}),
                                {"central-1", "central-2"})}));
    }
    EXPECT_TRUE(ledger_->queue().empty());
  }

  std::vector<AdmittedItem> DrawItems(int step, RandomStream& random) {
    std::vector<AdmittedItem> items;
    if (random.Bernoulli(1, 6) && !known_.empty()) {
      const auto one =
          std::next(known_.begin(), static_cast<std::ptrdiff_t>(random.Uniform(known_.size())));
      const std::string payer = BankName(one->second.from);
      const Cancel cancel{KeyOfPayment(one->second.from, one->first)};
      items.push_back(Admitted(MakeCommand(payer, cancel), {payer}));
    }
    const std::uint64_t payments = random.Uniform(4);
    for (std::uint64_t i = 0; i < payments; ++i) {
      const std::string id = std::to_string(step) + "-" + std::to_string(i);
      Known payment;
      payment.from = random.Uniform(4);
      payment.to = (payment.from + 1 + random.Uniform(3)) % 4;
      payment.amount = random.UniformInRange(1, 25);
      known_[id] = payment;
      items.push_back(PaymentItem(payment.from, payment.to, payment.amount, id,
                                  static_cast<PaymentPriority>(random.Uniform(3))));
    }
    return items;
  }

  void TakeBatch(const BatchResult& batch) {
    for (const Entry& entry : batch.entries) {
      if (entry.instruction.kind != ActionKind::kPay) continue;
      Known& payment = known_.at(entry.instruction.id.ToString());
      if (!entry.postings.empty()) {
        const std::int64_t moved = entry.postings.at(1).amount.minor();
        payment.moved += moved;
        balances_[payment.from] -= moved;
        balances_[payment.to] += moved;
      }
      if (const auto parts = SettledPartsOf(entry.rejection)) {
        ++entries_[InstructionStatusName(entry.status)];
        EXPECT_EQ(parts->settled.minor(), payment.moved);
        EXPECT_EQ(parts->amount.minor(), payment.amount);
      }
    }
    for (std::size_t bank = 0; bank < balances_.size(); ++bank) {
      EXPECT_EQ(BalanceOf(bank), balances_[bank]);
    }
    std::int64_t waiting = 0;
    for (const auto& [id, payment] : known_) waiting += ExpectAccounted(id, payment);
    EXPECT_EQ(ledger_->queue().value().minor(), waiting);
  }

  // What waits of it.
  std::int64_t ExpectAccounted(const std::string& id, const Known& payment) {
    const InstructionState state = KnownState(KeyOfPayment(payment.from, id));
    const auto parts = SettledPartsOf(state.rejection);
    if (state.status == InstructionStatus::kQueued) {
      const QueuedPayment& queued = *ledger_->queue().Find(state.key);
      EXPECT_EQ(queued.settled.minor(), payment.moved);
      EXPECT_EQ(queued.amount.minor(), payment.amount - payment.moved);
      EXPECT_EQ(queued.arrived, state.entry_index);
      return queued.amount.minor();
    }
    if (state.status == InstructionStatus::kSettled) {
      EXPECT_EQ(payment.moved, payment.amount);
    } else {
      EXPECT_EQ(parts.has_value() ? parts->settled.minor() : 0, payment.moved) << id;
    }
    return 0;
  }

  std::map<std::string, Known> known_;
  std::vector<std::int64_t> balances_;
  std::map<std::string_view, int> entries_;  // with figures of parts, by status
};

TEST_F(LedgerPartsDays, CountEveryUnitOnceWhateverEndsAPayment) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    TakeDay(seed);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  for (const char* status : {"queued", "settled", "cancelled", "expired"}) {
    EXPECT_GT(entries_[status], 20) << status;
  }
}

}  // namespace
}  // namespace causeway::core
