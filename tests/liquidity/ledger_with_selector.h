// A ledger whose queue a selector carries out, for tests: some banks, each with an account.
#ifndef CAUSEWAY_TESTS_LIQUIDITY_LEDGER_WITH_SELECTOR_H_
#define CAUSEWAY_TESTS_LIQUIDITY_LEDGER_WITH_SELECTOR_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/prng.h"
#include "settlement/liquidity/ledger_selector.h"
#include "tests/core/ledger_fixture.h"

namespace causeway::core {

class LedgerWithSelector : public LedgerFixture {
 protected:
  void SetUp() override {}

  // A new ledger with accounts BANK-0 ... of those balances, on an open day.
  void StartLedger(const std::vector<std::int64_t>& balances,
                   const QueueSelector* selector = &liquidity::LedgerSelector()) {
    auto ledger = Ledger::Create(genesis_, selector);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ledger_ = *std::move(ledger);
    ExpectAccepted(ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kOpen}));
    for (std::size_t i = 0; i < balances.size(); ++i) {
      const std::string bank = BankName(i);
      ExpectAccepted(ByCentralBank(RegisterParticipant{.participant = Party(bank),
                                                       .role = Role::kCommercialBank,
                                                       .country = ParseOrDie<Country>("HK"),
                                                       .keys = {KeyNamed(bank).public_key()}}));
      ExpectAccepted(ByCentralBank(OpenAccount{
          .address = AccountOf(i), .owner = Party(bank), .purpose = AccountPurpose::kSettlement}));
      if (balances[i] > 0) {
        ExpectAccepted(ByCentralBank(Issue{AccountOf(i), Hkd(balances[i]), "RTGS-1"}));
      }
    }
  }
  static std::string BankName(std::size_t bank) { return "BANK-" + std::to_string(bank); }
  AccountAddress AccountOf(std::size_t bank) const {
    return Address("BANK" + std::to_string(bank));
  }
  std::int64_t BalanceOf(std::size_t bank) const {
    return ledger_->FindAccount(AccountOf(bank))->available.minor();
  }
  AdmittedItem PaymentItem(std::size_t from, std::size_t to, std::int64_t minor,
                           std::string_view id,
                           PaymentPriority priority = PaymentPriority::kNormal) {
    Pay pay{.uetr = SomeUetr(7),
            .debtor = AccountOf(from),
            .creditor = AccountOf(to),
            .amount = Hkd(minor),
            .priority = priority};
    return Admitted(MakeCommand(BankName(from), pay, id), {BankName(from)});
  }
  BatchResult Pays(std::size_t from, std::size_t to, std::int64_t minor, std::string_view id,
                   PaymentPriority priority = PaymentPriority::kNormal) {
    return Apply({PaymentItem(from, to, minor, id, priority)});
  }
  InstructionKey KeyOfPayment(std::size_t from, std::string_view id) const {
    return {Party(BankName(from)), ActionKind::kPay, Id(id)};
  }
  std::string StatusOf(std::size_t from, std::string_view id) const {
    return std::string(InstructionStatusName(KnownState(KeyOfPayment(from, id)).status));
  }
  // The ledger that a snapshot of this one makes.
  std::unique_ptr<Ledger> Restored(
      const QueueSelector* selector = &liquidity::LedgerSelector()) const {
    ledger_->StartSnapshot();
    auto restored = Ledger::Restore(genesis_, selector, [&]() -> absl::StatusOr<std::string> {
      return ledger_->NextSnapshotPart();
    });
    ledger_->AbandonSnapshot();
    EXPECT_TRUE(restored.ok()) << restored.status();
    return restored.ok() ? *std::move(restored) : nullptr;
  }
};

// Rules that are sound, with any discipline, release, offset at entry, splitting and optimisations.
inline QueueRules DrawQueueRules(RandomStream& random) {
  const QueueDiscipline disciplines[] = {QueueDiscipline::kFifo, QueueDiscipline::kFifoBypass,
                                         QueueDiscipline::kPriority, QueueDiscipline::kDeferred};
  QueueRules rules;
  rules.discipline = disciplines[random.Uniform(4)];
  rules.queued_max = 1000;
  rules.normal_bypass = rules.discipline == QueueDiscipline::kPriority && random.Bernoulli(1, 2);
  rules.release = static_cast<QueueRelease>(1 + random.Uniform(3));
  if (rules.release == QueueRelease::kReceiptReactive) {
    rules.receipt_window = Duration::FromSeconds(static_cast<std::int64_t>(1 + random.Uniform(60)));
  }
  if (rules.discipline != QueueDiscipline::kDeferred && random.Bernoulli(1, 2)) {
    rules.entry_offset = static_cast<QueueEntryOffset>(1 + random.Uniform(2));
    rules.entry_counter_payments_max = static_cast<std::uint32_t>(1 + random.Uniform(5));
  }
  if (rules.discipline != QueueDiscipline::kDeferred && random.Bernoulli(1, 3)) {
    rules.splitting.part_min = Amount::FromMinor(random.UniformInRange(1, 4));
    rules.splitting.threshold = Amount::FromMinor(random.UniformInRange(0, 12));
    if (random.Bernoulli(1, 2)) {
      rules.splitting.part_max =
          Amount::FromMinor(rules.splitting.part_min.minor() + random.UniformInRange(0, 6));
    }
  }
  rules.limits_bind_all = random.Bernoulli(1, 4);
  const std::uint64_t runs = random.Uniform(4);
  for (std::uint64_t i = 0; i < runs; ++i) {
    QueueRun& run = rules.optimisations.emplace_back();
    run.algorithm = static_cast<QueueAlgorithm>(1 + random.Uniform(9));
    run.first = Duration::FromSeconds(static_cast<std::int64_t>(random.Uniform(20)));
    run.every = Duration::FromSeconds(static_cast<std::int64_t>(random.Uniform(20)));
    run.only_if_previous_settled_nothing = i > 0 && random.Bernoulli(1, 2);
    if (run.algorithm == QueueAlgorithm::kBilateralSingle) {
      run.wait_min = Duration::FromSeconds(static_cast<std::int64_t>(random.Uniform(5)));
      run.counter_payments_max = static_cast<std::uint32_t>(1 + random.Uniform(5));
    }
    if (run.algorithm == QueueAlgorithm::kCycle) {
      run.cycle_banks_max = static_cast<std::uint32_t>(2 + random.Uniform(4));
    }
    if (run.algorithm == QueueAlgorithm::kExact) {
      run.exact_payments_max = static_cast<std::uint32_t>(1 + random.Uniform(10));
    }
  }
  return rules;
}

// Answers with what it is told to.
class FixedSelector : public QueueSelector {
 public:
  explicit FixedSelector(std::vector<SelectedPayment> answer) : answer_(std::move(answer)) {}
  absl::Status CheckRules(const QueueRules&) const override { return absl::OkStatus(); }
  absl::int128 UsableAlone(const QueueRules&, const SelectorAccount& account, PaymentPriority,
                           std::optional<absl::int128>) const override {
    return account.funds;
  }
  std::vector<SelectedPayment> Select(const QueueRules&, const QueueProblem&) const override {
    return answer_;
  }

 private:
  std::vector<SelectedPayment> answer_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_TESTS_LIQUIDITY_LEDGER_WITH_SELECTOR_H_
