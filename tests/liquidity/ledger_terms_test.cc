// The terms of accounts on a live ledger against the engine of studies: the same payments, the same
// terms and changes of them come to the same balances, queues, reservations and charges.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "settlement/core/prng.h"
#include "settlement/liquidity/engine.h"
#include "settlement/liquidity/ledger_selector.h"
#include "tests/core/ledger_fixture.h"

namespace causeway::liquidity {
namespace {

using core::Amount;
using core::PaymentPriority;

constexpr std::size_t kBanks = 4;
constexpr std::uint32_t kPricePpm = 40'000;

class LedgerTermsAgainstEngine : public core::LedgerFixture {
 protected:
  // Four banks with 30,000 minor units each, fees, and a price of credit; both sides know it.
  void SetUp() override {
    ledger_ = *core::Ledger::Create(genesis_, &LedgerSelector());
    for (std::size_t i = 0; i < kBanks; ++i) {
      const std::string bank = BankName(i);
      ExpectAccepted(
          ByCentralBank(core::RegisterParticipant{.participant = Party(bank),
                                                  .role = core::Role::kCommercialBank,
                                                  .country = *core::Country::Parse("HK"),
                                                  .keys = {KeyNamed(bank).public_key()}}));
      ExpectAccepted(
          ByCentralBank(core::OpenAccount{.address = Address(bank),
                                          .owner = Party(bank),
                                          .purpose = core::AccountPurpose::kSettlement}));
    }
    ExpectAccepted(ByCentralBank(core::OpenAccount{.address = Address("FEES"),
                                                   .owner = Party("CENTRAL"),
                                                   .purpose = core::AccountPurpose::kFees}));
    ExpectAccepted(ByCentralBank(core::SetDayPhase{genesis_.business_date, core::DayPhase::kOpen}));
    for (std::size_t i = 0; i < kBanks; ++i) {
      ExpectAccepted(ByCentralBank(core::Issue{Address(BankName(i)), Hkd(kFunds), "RTGS-1"}));
    }
    ExpectAccepted(ByCentralBank(core::SetCreditPrice{kPricePpm, Address("FEES")}));
  }

  void Begin(core::QueueDiscipline discipline, bool optimises) {
    Rules rules{.discipline = discipline == core::QueueDiscipline::kNone   ? Discipline::kImmediate
                              : discipline == core::QueueDiscipline::kFifo ? Discipline::kFifo
                                                                           : Discipline::kPriority,
                .release = Release::kBalanceReactive,
                .splitting = {splitting_.threshold, splitting_.part_min, splitting_.part_max},
                .limits_bind_normal_only = !limits_bind_all_,
                .credit_price_ppm_per_day = kPricePpm};
    if (optimises) rules.optimisations.push_back({.algorithm = Algorithm::kBechSoramaki});
    const std::vector<BankTerms> banks(kBanks, BankTerms{.balance = Amount::FromMinor(kFunds)});
    auto engine = Engine::Create(rules, banks, {}, now_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = std::make_unique<Engine>(*std::move(engine));
    if (discipline == core::QueueDiscipline::kNone) return;
    if (selects_) {
      core::QueueRules selected{.discipline = discipline,
                                .queued_max = core::kQueuedMax,
                                .release = core::QueueRelease::kBalanceReactive,
                                .splitting = splitting_,
                                .limits_bind_all = limits_bind_all_};
      if (optimises) {
        selected.optimisations.push_back({.algorithm = core::QueueAlgorithm::kBechSoramaki});
      }
      ExpectAccepted(ByCentralBank(core::SetQueueRules{selected}));
      return;
    }
    ExpectAccepted(ByCentralBank(
        core::SetQueueRules{{.discipline = discipline,
                             .optimisation = optimises ? core::QueueOptimisation::kBechSoramaki
                                                       : core::QueueOptimisation::kNone,
                             .optimise_every = core::Duration::FromHours(24),
                             .queued_max = core::kQueuedMax}}));
  }

  static std::string BankName(std::size_t i) { return "BANK" + std::to_string(i); }
  BankIndex Random(core::RandomStream& random) {
    return static_cast<BankIndex>(random.Uniform(kBanks));
  }
  static Amount Some(core::RandomStream& random) {
    return Amount::FromMinor(random.UniformInRange(0, 20'000));
  }

  void Pay(core::RandomStream& random) {
    const BankIndex from = Random(random);
    const auto to = static_cast<BankIndex>((from + 1 + random.Uniform(kBanks - 1)) % kBanks);
    const Amount amount = Amount::FromMinor(random.UniformInRange(1, 25'000));
    const auto priority = random.Uniform(2) == 0 ? PaymentPriority::kNormal
                                                 : static_cast<PaymentPriority>(random.Uniform(3));
    core::Pay pay = PayOf(BankName(from), BankName(to), amount.minor());
    pay.priority = priority;
    By(BankName(from), pay);
    const Priority same = priority == PaymentPriority::kUrgent ? Priority::kUrgent
                          : priority == PaymentPriority::kHigh ? Priority::kHigh
                                                               : Priority::kNormal;
    engine_->Submit(now_, {from, to, amount, same}, effects_);
  }

  // Whether the ledger took it; the engine must answer the same.
  void Change(core::RandomStream& random) {
    const BankIndex bank = Random(random);
    const core::AccountAddress address = Address(BankName(bank));
    const Amount amount = Some(random);
    core::ItemResult result;
    Refusal refusal = Refusal::kNone;
    switch (random.Uniform(5)) {
      case 0: {
        const Amount high = Some(random);
        result = By(BankName(bank), core::SetReservations{address, amount, high});
        refusal = engine_->SetReservations(now_, bank, amount, high, effects_);
        break;
      }
      case 1:
        result = By(BankName(bank), core::SetReleaseThreshold{address, amount});
        refusal = engine_->SetReleaseThreshold(now_, bank, amount, effects_);
        break;
      case 2: {
        const auto to = static_cast<BankIndex>((bank + 1 + random.Uniform(kBanks - 1)) % kBanks);
        std::optional<Amount> limit = amount;
        if (bilateral_[{bank, to}] && random.Uniform(3) == 0) limit.reset();
        bilateral_[{bank, to}] = limit.has_value();
        result = By(BankName(bank), core::SetSenderLimit{address, Address(BankName(to)), limit});
        refusal = engine_->SetBilateralLimit(now_, bank, to, limit, effects_);
        break;
      }
      case 3: {
        std::optional<Amount> limit = amount;
        if (multilateral_[bank] && random.Uniform(3) == 0) limit.reset();
        multilateral_[bank] = limit.has_value();
        result = By(BankName(bank), core::SetSenderLimit{address, {}, limit});
        refusal = engine_->SetMultilateralLimit(now_, bank, limit, effects_);
        break;
      }
      default: {
        const auto haircut = static_cast<std::uint32_t>(random.Uniform(10'001));
        const Amount further = Amount::FromMinor(random.UniformInRange(0, 3'000));
        result = ByCentralBank(core::SetCredit{address, amount, haircut, further});
        refusal = engine_->SetCredit(now_, bank, amount, haircut, further, effects_);
      }
    }
    const bool accepted = result.instructions.at(0).status == core::InstructionStatus::kSettled;
    ASSERT_EQ(accepted, refusal == Refusal::kNone);
    ++changes_[accepted];
  }

  // Until neither has anything more to settle: an optimisation lets the engine release at once what
  // the ledger looks at with its next batch.
  void OptimiseBoth() {
    for (int round = 0; round < 4; ++round) {
      ExpectAccepted(ByCentralBank(core::OptimiseQueue{}));
      offset_ += engine_->RunOptimisation(now_, 0, effects_);
    }
  }

  void ExpectSame(const std::string& what) {
    engine_->AdvanceTo(now_, effects_);
    ASSERT_EQ(ledger_->queue().size(), engine_->queued_count()) << what;
    ASSERT_EQ(ledger_->queue().value(), engine_->queued_value()) << what;
    for (std::size_t i = 0; i < kBanks; ++i) {
      const BankView view = engine_->Bank(static_cast<BankIndex>(i));
      const core::AccountState& account = Account(BankName(i));
      ASSERT_EQ(account.available, view.balance) << what << ", bank " << i;
      ASSERT_EQ(account.credit_line, view.credit_line) << what << ", bank " << i;
      ASSERT_EQ(ledger_->CreditChargeSoFar(account), view.credit_charge) << what << ", bank " << i;
      const core::AccountTerms* terms = ledger_->FindTerms(account);
      ASSERT_EQ(terms == nullptr ? Amount() : terms->reserved_urgent, view.reserved_urgent) << what;
      ASSERT_EQ(terms == nullptr ? Amount() : terms->reserved_high, view.reserved_high) << what;
    }
  }

  void Compare(std::uint64_t seed, core::QueueDiscipline discipline, bool optimises) {
    Begin(discipline, optimises);
    core::RandomStream random(seed, "ledger terms against the engine");
    for (int step = 0; step < 120; ++step) {
      now_ = now_ + core::Duration::FromMicros(random.UniformInRange(1, 600'000'000));
      if (random.Uniform(4) == 0) {
        Change(random);
      } else {
        Pay(random);
      }
      if (optimises) OptimiseBoth();
      ExpectSame("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      if (HasFatalFailure()) return;
    }
  }

  // A ledger of its own.
  void Again() {
    bilateral_.clear();
    multilateral_.clear();
    SetUp();
  }

  static constexpr std::int64_t kFunds = 30'000;
  bool selects_ = false;  // the ledger's rules are such that a selector carries them out
  bool limits_bind_all_ = false;
  core::QueueSplitting splitting_;
  std::unique_ptr<Engine> engine_;
  Engine::Effects effects_;
  std::map<std::pair<BankIndex, BankIndex>, bool> bilateral_;
  std::map<BankIndex, bool> multilateral_;
  std::map<bool, int> changes_;
  std::uint32_t offset_ = 0;
};

TEST_F(LedgerTermsAgainstEngine, WithoutAQueueTheSameIsRejected) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    if (seed > 0) Again();
    Compare(seed, core::QueueDiscipline::kNone, false);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(changes_[true], 500);
  EXPECT_GT(changes_[false], 2) << "credit lines in use";
}

TEST_F(LedgerTermsAgainstEngine, WithAQueueTheSameWaitsAndIsReleased) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    if (seed > 0) Again();
    Compare(seed, seed % 2 == 0 ? core::QueueDiscipline::kFifo : core::QueueDiscipline::kPriority,
            false);
    if (HasFatalFailure()) return;
  }
}

TEST_F(LedgerTermsAgainstEngine, OffsettingSettlesTheSameSets) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    if (seed > 0) Again();
    Compare(seed, seed % 2 == 0 ? core::QueueDiscipline::kFifo : core::QueueDiscipline::kPriority,
            true);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(offset_, 20u);
}

TEST_F(LedgerTermsAgainstEngine, ASelectorKeepsThemToo) {
  selects_ = true;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    if (seed > 0) Again();
    Compare(seed, seed % 2 == 0 ? core::QueueDiscipline::kFifo : core::QueueDiscipline::kPriority,
            seed % 4 >= 2);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(offset_, 20u);
}

TEST_F(LedgerTermsAgainstEngine, LimitsThatBindAllPrioritiesBindTheSame) {
  selects_ = true;
  limits_bind_all_ = true;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    if (seed > 0) Again();
    Compare(seed, seed % 2 == 0 ? core::QueueDiscipline::kFifo : core::QueueDiscipline::kPriority,
            seed % 4 >= 2);
    if (HasFatalFailure()) return;
  }
}

TEST_F(LedgerTermsAgainstEngine, PartsKeepToTheSameTerms) {
  selects_ = true;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    if (seed > 0) Again();
    limits_bind_all_ = seed % 3 == 0;
    splitting_ = {.threshold = Amount::FromMinor(static_cast<std::int64_t>(seed % 5) * 2'000),
                  .part_min = Amount::FromMinor(1 + static_cast<std::int64_t>(seed) * 100),
                  .part_max = Amount::FromMinor(seed % 2 == 0 ? 0 : 9'000)};
    Compare(seed, seed % 2 == 0 ? core::QueueDiscipline::kFifo : core::QueueDiscipline::kPriority,
            seed % 4 >= 2);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace causeway::liquidity
