// Payments of a scenario that are those of a study: what is planned, and that a ledger settles them
// as the study's engine does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "scenarios/report/summary.h"
#include "scenarios/study/options.h"
#include "scenarios/study/output.h"
#include "scenarios/study/preset.h"
#include "scenarios/study/runner.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

// A small system with heavy tails: 12 banks, little money.
constexpr char kSmallStudy[] = R"(# proto-message: Study
name: "small" seed: 1 opens: "08:00" closes: "17:00" decimals: 2
banks { count: 12 core: 3 mean_degree: 4 degree_exponent_milli: 2100 reciprocity_milli: 300 }
streams {
  name: "payments" payments_per_day: 600
  values { median: "5000.00" sigma_milli: 2000 } value_max: "5000000.00"
  profile { from: "08:00" to: "12:00" weight: 2 }
  profile { from: "12:00" to: "16:55" weight: 1 }
  urgent_milli: 100
}
settlement { queue: "fifo" liquidity: "0.2" }
)";

// Nothing takes any time: what a ledger does it does when the message is sent.
constexpr char kOneLedger[] =
    R"(name: "one-ledger" seed: 1 concurrent: true modelled_signatures: true
calendar { first_date: "2024-01-08" last_date: "2024-01-09" opens: "08:00" cuts_off: "17:00" }
)";

class PaymentsFromTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = ::testing::TempDir() + "payments_from_" + test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Write("small.txtpb", kSmallStudy);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  static std::string LedgerWith(const std::string& queue, const std::string& from) {
    return std::string(kOneLedger) +
           "ledgers { ledger: \"eu.example/eur\" currency: \"EUR\" central_bank: \"ECB\" country: "
           "\"DE\"\n  " +
           queue + "\n  payments_from { " + from + " } }\n";
  }
  Plan PlanOf(const std::string& text, std::uint64_t seed = 1) const {
    return Compiled(text, {.seed = seed, .directory = folder_});
  }
  // The message of the only finding.
  std::string FindingOf(const std::string& text) const {
    const auto compiled = CompileScenario(text, {.directory = folder_});
    const auto* const findings = std::get_if<std::vector<Finding>>(&compiled);
    if (findings == nullptr || findings->size() != 1) {
      ADD_FAILURE() << "expected one finding, not " << (findings == nullptr ? 0 : findings->size());
      return "";
    }
    EXPECT_GT((*findings)[0].line, 1);
    return (*findings)[0].message;
  }
  study::Preset PresetOf(std::uint64_t seed) const {
    study::ProblemList problems;
    absl::StatusOr<study::Preset> preset =
        study::ParsePreset(kSmallStudy, "small.txtpb", seed, problems);
    if (preset.ok()) return *std::move(preset);
    ADD_FAILURE() << problems.ToString();
    return {};
  }

  std::string folder_;
};

std::vector<const PlannedAction*> PaymentsOf(const Plan& plan) {
  std::vector<const PlannedAction*> payments;
  for (const PlannedAction& action : plan.actions) {
    if (std::holds_alternative<PayOneWay>(action.what)) payments.push_back(&action);
  }
  return payments;
}

// Every payment of a study, and what became of it, against those of a run of a plan that has all of
// them and that no time passes in. The study may settle `later` than the ledger by so much.
void ExpectSame(const study::Input& input, const study::RunResult& studied, const Plan& plan,
                const RunResult& result, core::Duration later = core::Duration::Zero()) {
  const std::vector<const PlannedAction*> planned = PaymentsOf(plan);
  ASSERT_EQ(planned.size(), input.payments.size());
  const core::LedgerTime midnight = plan.ledgers[0].days[0].date.StartInUtc();
  for (std::size_t i = 0; i < planned.size(); ++i) {
    const auto& pay = std::get<PayOneWay>(planned[i]->what);
    const study::Payment& payment = input.payments[i];
    ASSERT_EQ(pay.amount.minor(), payment.amount) << planned[i]->id;
    ASSERT_EQ(planned[i]->time, midnight + core::Duration::FromMicros(payment.due));
    const ActionResult& ended = result.actions[planned[i]->index];
    const study::PaymentResult& settled = studied.payments[i];
    ASSERT_EQ(ended.status == ActionStatus::kSettled, settled.status == study::Status::kSettled)
        << planned[i]->id;
    if (ended.status != ActionStatus::kSettled) {
      EXPECT_EQ(ended.status, ActionStatus::kExpired);
      EXPECT_EQ(settled.status, study::Status::kUnsettled);
      continue;
    }
    const core::LedgerTime there = midnight + core::Duration::FromMicros(settled.settled);
    ASSERT_GE(there, ended.ended) << planned[i]->id;
    ASSERT_LE(there, ended.ended + later) << planned[i]->id;
  }
  for (std::size_t i = 0; i < input.accounts.size(); ++i) {
    EXPECT_EQ(result.ledgers[0].accounts[i].available.minor(), studied.account_days[i].closing)
        << input.accounts[i].id;
  }
  EXPECT_TRUE(result.observer.verified);
  EXPECT_EQ(result.other_breaches, std::vector<std::string>{});
}

TEST_F(PaymentsFromTest, EachPaymentOfADrawnDayIsAnInstructionOfItsBankAtItsTime) {
  const Plan plan = PlanOf(LedgerWith("", R"(name: "day" study: "small.txtpb")"), 5);
  const study::Preset preset = PresetOf(5);
  const absl::StatusOr<study::Input> input = study::DrawWorkload(preset.workload);
  ASSERT_TRUE(input.ok());
  const std::vector<const PlannedAction*> payments = PaymentsOf(plan);
  ASSERT_EQ(payments.size(), 600u);
  EXPECT_EQ(payments[0]->id, "day-000001");
  EXPECT_EQ(payments[599]->id, "day-000600");
  std::size_t urgent = 0;
  for (std::size_t i = 0; i < payments.size(); ++i) {
    const auto& pay = std::get<PayOneWay>(payments[i]->what);
    EXPECT_EQ(plan.participants[pay.from].id.text(), input->accounts[input->payments[i].sender].id);
    EXPECT_EQ(plan.participants[pay.to].id.text(),
              input->accounts[input->payments[i].recipient].id);
    const bool is_urgent = pay.priority == core::PaymentPriority::kUrgent;
    EXPECT_EQ(is_urgent, input->payments[i].priority == liquidity::Priority::kUrgent);
    urgent += is_urgent ? 1 : 0;
  }
  EXPECT_GT(urgent, 30u);
  ASSERT_EQ(plan.payments_from.size(), 1u);
  EXPECT_EQ(plan.payments_from[0].path, "small.txtpb");
  EXPECT_EQ(plan.payments_from[0].of, 600u);
}

// The ledger and the engine of studies settle the same payments at the same microsecond, and leave
// the same balances, when messages and writes take no time.
TEST_F(PaymentsFromTest, LedgerSettlesADrawnDayAsTheStudyDoes) {
  const std::string text = LedgerWith("queue { discipline: QUEUE_DISCIPLINE_FIFO }",
                                      R"(name: "day" study: "small.txtpb")");
  std::size_t unsettled = 0;
  std::size_t waited = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const study::Preset preset = PresetOf(seed);
    const absl::StatusOr<study::Input> input = study::DrawWorkload(preset.workload);
    ASSERT_TRUE(input.ok());
    const absl::StatusOr<study::RunResult> studied = study::RunStudy(*input, preset.options);
    ASSERT_TRUE(studied.ok());
    const Plan plan = PlanOf(text, seed);
    ExpectSame(*input, *studied, plan, Simulated(plan));
    for (std::size_t i = 0; i < input->payments.size(); ++i) {
      const study::PaymentResult& payment = studied->payments[i];
      const bool settled = payment.status == study::Status::kSettled;
      unsettled += settled ? 0 : 1;
      waited += settled && payment.settled > input->payments[i].due ? 1 : 0;
    }
  }
  // It is not the case of ample money only.
  EXPECT_GT(unsettled, 20u);
  EXPECT_GT(waited, 100u);
}

// Runs of a study are at set times, those of a ledger with the first batch from then on. Where
// there is one payment just before each full minute, and a run every minute, they see the same
// queue: the ledger with the batch of that payment, the study a microsecond later.
TEST_F(PaymentsFromTest, LedgerOffsetsADayAsTheStudyDoes) {
  struct Rules {
    const char* discipline;
    const char* algorithm;
    liquidity::Discipline study_discipline;
    liquidity::Algorithm study_algorithm;
  };
  const std::vector<Rules> all = {
      {"FIFO", "BECH_SORAMAKI", liquidity::Discipline::kFifo, liquidity::Algorithm::kBechSoramaki},
      {"FIFO", "BILATERAL", liquidity::Discipline::kFifo, liquidity::Algorithm::kBilateral},
      {"FIFO_BYPASS", "GREEDY", liquidity::Discipline::kFifoBypass, liquidity::Algorithm::kGreedy}};
  study::Preset preset = PresetOf(3);
  preset.workload.streams[0].payments_per_day = 530;
  absl::StatusOr<study::Input> input = study::DrawWorkload(preset.workload);
  ASSERT_TRUE(input.ok());
  for (std::size_t i = 0; i < input->payments.size(); ++i) {
    const auto minute = static_cast<study::TimeUs>(i + 1);
    input->payments[i].due = 8 * study::kHourUs + minute * study::kMinuteUs - 1;
    input->payments[i].priority = liquidity::Priority::kNormal;
    input->payments[i].amount = std::min<std::int64_t>(input->payments[i].amount, 2'000'000);
  }
  ASSERT_TRUE(study::WriteInputFolder(*input, folder_ + "/day").ok());
  for (const Rules& rules : all) {
    study::RunOptions options;
    options.queue = rules.study_discipline;
    options.lsm = {rules.study_algorithm};
    options.lsm_every = study::kMinuteUs;
    options.opens = 8 * study::kHourUs;
    options.closes = 17 * study::kHourUs;
    options.alpha = *study::ParseAlpha("0.02");
    const absl::StatusOr<study::RunResult> studied = study::RunStudy(*input, options);
    ASSERT_TRUE(studied.ok());
    EXPECT_GT(studied->sets, 5u) << rules.algorithm;
    const Plan plan = PlanOf(LedgerWith(
        std::string("queue { discipline: QUEUE_DISCIPLINE_") + rules.discipline +
            " optimisations { algorithm: QUEUE_ALGORITHM_" + rules.algorithm + " every_s: 60 } }",
        R"(name: "day" csv: "day" liquidity: "0.02")"));
    ExpectSame(*input, *studied, plan, Simulated(plan), core::Duration::FromMicros(1));
  }
}

// The cut and the crash of the file delay payments, lose none, and leave the same balances.
TEST_F(PaymentsFromTest, CalibratedDaySettlesWithItsFaultsAsWithoutThem) {
  const absl::StatusOr<Plan> faulty = LoadScenario(ScenarioPath("calibrated-day"));
  ASSERT_TRUE(faulty.ok()) << faulty.status();
  const absl::StatusOr<Plan> calm =
      LoadScenario(ScenarioPath("calibrated-day"), {.fault_groups = std::vector<std::string>()});
  ASSERT_TRUE(calm.ok());
  const absl::StatusOr<RunResult> result = RunSimulation(*faulty, {.measure = true});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(Summarise(*faulty, *result).expectations_met);
  EXPECT_TRUE(result->observer.verified);
  EXPECT_GT(result->ledger_queues[0].settled.at("bech-soramaki").count, 5u);
  const RunResult without = Simulated(*calm);
  for (std::size_t i = 0; i < without.ledgers[0].accounts.size(); ++i) {
    EXPECT_EQ(result->ledgers[0].accounts[i].available, without.ledgers[0].accounts[i].available);
  }
  // What the bank that is cut off owes then arrives once it is back.
  const core::LedgerTime cut = faulty->faults[0].begins;
  std::size_t late = 0;
  for (const PlannedAction* payment : PaymentsOf(*faulty)) {
    if (payment->time < cut || payment->time >= faulty->faults[0].ends) continue;
    if (faulty->participants[std::get<PayOneWay>(payment->what).from].id.text() != "B0001")
      continue;
    EXPECT_GE(result->actions[payment->index].ended, faulty->faults[0].ends) << payment->id;
    late += without.actions[payment->index].ended < faulty->faults[0].ends ? 1 : 0;
  }
  EXPECT_GT(late, 20u);
}

TEST_F(PaymentsFromTest, SampleIsOfTheSamePaymentsAndBoundsAreItsOwn) {
  const Plan all = PlanOf(LedgerWith("", R"(name: "day" study: "small.txtpb")"));
  const Plan some = PlanOf(LedgerWith("", R"(name: "day" study: "small.txtpb" payments: 200)"));
  const std::vector<const PlannedAction*> payments = PaymentsOf(some);
  ASSERT_EQ(payments.size(), 200u);
  for (const PlannedAction* payment : payments) {
    const PlannedAction* const same = FindAction(all, payment->id);
    ASSERT_NE(same, nullptr);
    EXPECT_EQ(same->time, payment->time);
    EXPECT_EQ(std::get<PayOneWay>(same->what).amount, std::get<PayOneWay>(payment->what).amount);
  }
  const auto issued = [](const Plan& plan) {
    std::int64_t sum = 0;
    for (const PlannedAction& action : plan.actions) {
      const auto* const issue = std::get_if<IssueTo>(&action.what);
      if (issue != nullptr) sum += issue->amount.minor();
    }
    return sum;
  };
  EXPECT_GT(issued(some), 0);
  EXPECT_LT(issued(some), issued(all));
  EXPECT_EQ(some.payments_from[0].payments, 200u);
  EXPECT_EQ(some.payments_from[0].of, 600u);
}

// What generators draw, and what other entries do, stays as it was.
TEST_F(PaymentsFromTest, GeneratorsAndOtherEntriesDrawTheSameBesideIt) {
  const std::string generator = GeneratorText("gen", 20, 10);
  std::string text = TwoCurrenciesWith(generator);
  const Plan without = Compiled(text);
  const std::string ledger = R"(central_bank: "EU-CB" country: "DE")";
  const std::string first = R"( payments_from { name: "a" study: "small.txtpb" })";
  const std::string second =
      R"( payments_from { name: "b" study: "small.txtpb" draws_as: "other" })";
  const auto with = [&](const std::string& entries) {
    std::string changed = text;
    changed.replace(changed.find(ledger), ledger.size(), ledger + entries);
    return PlanOf(changed, 7);
  };
  const Plan one = with(first);
  const Plan both = with(second + first);
  const auto same = [](const Plan& plan, const Plan& other, const std::string& prefix) {
    std::size_t count = 0;
    for (const PlannedAction& action : plan.actions) {
      if (action.id.substr(0, prefix.size()) != prefix) continue;
      const PlannedAction* const there = FindAction(other, action.id);
      ASSERT_NE(there, nullptr) << action.id;
      EXPECT_EQ(there->time, action.time);
      if (const auto* const pay = std::get_if<PayOneWay>(&action.what)) {
        const auto& others = std::get<PayOneWay>(there->what);
        EXPECT_EQ(pay->amount, others.amount);
        EXPECT_EQ(plan.participants[pay->from].id, other.participants[others.from].id);
        EXPECT_EQ(plan.participants[pay->to].id, other.participants[others.to].id);
      }
      ++count;
    }
    EXPECT_GT(count, 29u) << prefix;
  };
  same(without, both, "gen-");
  same(one, both, "a-");
  // Both entries pay between the same banks, and not the same payments.
  EXPECT_EQ(one.participants.size(), both.participants.size());
  ASSERT_NE(FindAction(both, "b-000001"), nullptr);
  EXPECT_NE(FindAction(both, "b-000001")->time, FindAction(both, "a-000001")->time);
}

TEST_F(PaymentsFromTest, BanksOfAFolderAreThoseParticipantsThatTheScenarioNames) {
  Write("two/accounts.csv", "id,owner,balance\nx1,alpha,100.00\nx2,beta bank,50.00\n");
  Write("two/payments.csv",
        "sender,recipient,amount,day,time,priority\nx1,x2,30.00,1,09:30,urgent\n");
  const Plan plan = PlanOf(
      LedgerWith("", R"(name: "two" csv: "two" banks { bank: "alpha" participant: "DE-BANK" })") +
      R"(participants { id: "DE-BANK" role: ROLE_COMMERCIAL_BANK country: "DE" })");
  ASSERT_EQ(plan.participants.size(), 3u);  // and the observer
  EXPECT_EQ(plan.participants[1].id.text(), "BETA-BANK");
  EXPECT_FALSE(plan.participants[0].of_payments);
  const RunResult result = Simulated(plan);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK", "EUR"), 7000);
  EXPECT_EQ(BalanceOf(plan, result, "BETA-BANK", "EUR"), 8000);
  EXPECT_EQ(ResultOf(plan, result, "two-000001").status, ActionStatus::kSettled);
}

TEST_F(PaymentsFromTest, TimesAreOnTheLedgersClocksFromTheMidnightBeforeItOpens) {
  Write("two/accounts.csv", "id,balance\nA,100.00\nB,50.00\n");
  Write("two/payments.csv",
        "sender,recipient,amount,day,time\nA,B,30.00,1,23:30\nA,B,30.00,1,25:00\n");
  const Plan plan = PlanOf(LedgerWith(
      R"(hours { utc_offset: "-05:00" opens: "21:00" opens_day_before: true cuts_off: "19:00" })",
      R"(name: "two" csv: "two" first_date: "2024-01-09")"));
  // Of Tuesday's business day, which opens on Monday evening.
  EXPECT_EQ(FindAction(plan, "two-000001")->time.ToString(), "2024-01-09T04:30:00.000000Z");
  EXPECT_EQ(FindAction(plan, "two-000002")->time.ToString(), "2024-01-09T06:00:00.000000Z");
  EXPECT_EQ(FindAction(plan, "two-000002")->date.ToString(), "2024-01-09");
}

TEST_F(PaymentsFromTest, TermsOfAFoldersAccountsAreThoseOfTheLedgersAccounts) {
  Write("two/accounts.csv", "id,balance,credit_limit\nA,10.00,25.00\nB,0.00,0.00\n");
  Write("two/payments.csv",
        "sender,recipient,amount,day,time\nA,B,30.00,1,09:00\nA,B,6.00,1,10:00\n");
  Write("two/limits.csv", "account,counterparty,amount\nB,A,5.00\n");
  const Plan plan = PlanOf(LedgerWith("", R"(name: "two" csv: "two")"));
  ASSERT_EQ(plan.ledgers[0].account_terms.size(), 2u);
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "two-000001").status, ActionStatus::kSettled);
  EXPECT_EQ(ResultOf(plan, result, "two-000002").status, ActionStatus::kRejected);
  EXPECT_EQ(BalanceOf(plan, result, "A", "EUR"), -2000);
}

// Each day begins with its own share of its own bounds, and ends with nothing.
TEST_F(PaymentsFromTest, OfSeveralDaysEachBeginsAnewOnALedgerThatIsRedeemed) {
  std::string study = kSmallStudy;
  study.insert(study.find("opens:"), "days: 2 ");
  Write("small.txtpb", study);
  const std::string entry = R"(name: "day" study: "small.txtpb" payments: 300)";
  EXPECT_THAT(FindingOf(LedgerWith("", entry)), HasSubstr("redeem_at_cut_off"));
  const Plan plan = PlanOf(LedgerWith("redeem_at_cut_off: true", entry));
  std::size_t second = 0;
  for (const PlannedAction* payment : PaymentsOf(plan)) {
    second += payment->date.ToString() == "2024-01-09" ? 1 : 0;
  }
  EXPECT_GT(second, 100u);
  const RunResult result = Simulated(plan);
  EXPECT_EQ(result.ledgers[0].in_circulation, core::Amount::Zero());
  std::size_t settled = 0;
  for (const PlannedAction* payment : PaymentsOf(plan)) {
    settled += result.actions[payment->index].status == ActionStatus::kSettled ? 1 : 0;
  }
  EXPECT_GT(settled, 100u);
}

TEST_F(PaymentsFromTest, WhatIsWrongIsSaidWhereItStands) {
  const auto finding = [&](const std::string& entry, const std::string& more = "") {
    return FindingOf(LedgerWith("", entry) + more);
  };
  EXPECT_THAT(finding(R"(name: "a")"), HasSubstr("one of study and csv"));
  EXPECT_THAT(finding(R"(name: "A" study: "small.txtpb")"), HasSubstr("must be 1 to 16 of a-z"));
  EXPECT_THAT(finding(R"(name: "a" study: "none.txtpb")"), HasSubstr("study: cannot read "));
  EXPECT_THAT(finding(R"(name: "a" csv: "none")"), HasSubstr("no such folder"));
  EXPECT_THAT(finding(R"(name: "a" study: "small.txtpb" payments: 601)"),
              HasSubstr("payments: 601 of 600 cannot be drawn"));
  EXPECT_THAT(finding(R"(name: "a" study: "small.txtpb" liquidity: "much")"),
              HasSubstr("liquidity"));
  EXPECT_THAT(finding(R"(name: "a" study: "small.txtpb" first_date: "2024-01-06")"),
              HasSubstr("first_date: 2024-01-06 is no business day"));
  EXPECT_THAT(finding(R"(name: "a" study: "small.txtpb" banks { bank: "B0099" participant: "X" })",
                      R"(participants { id: "X" role: ROLE_COMMERCIAL_BANK country: "DE" })"),
              HasSubstr("bank \"B0099\" has no account in the source"));
  EXPECT_THAT(finding(R"(name: "a" study: "small.txtpb" banks { bank: "B0001" participant: "X" })"),
              HasSubstr("participant \"X\" is not listed"));
  Write("plain.txtpb", "name: \"no-study\"\n");
  EXPECT_THAT(finding(R"(name: "a" study: "plain.txtpb")"), HasSubstr("no preset of a study"));
  std::string study = kSmallStudy;
  study.replace(study.find("count: 12"), 9, "count: 12 cuont: 1");
  Write("typo.txtpb", study);
  EXPECT_THAT(finding(R"(name: "a" study: "typo.txtpb")"), HasSubstr("typo.txtpb:3:"));
}

TEST_F(PaymentsFromTest, DecimalsOfTheCurrencyAreAskedFor) {
  std::string text = LedgerWith("", R"(name: "a" study: "small.txtpb")");
  text.replace(text.find("\"EUR\""), 5, "\"JPY\"");
  EXPECT_THAT(FindingOf(text), HasSubstr("has amounts of 2 decimals, and JPY has 0"));
}

TEST_F(PaymentsFromTest, FaultsOfAFolderAreAllSaidWithTheirOwnPlace) {
  Write("bad/accounts.csv", "id,balance\nA,100.00\nB,50.00\n");
  Write("bad/payments.csv",
        "sender,recipient,amount,day,time\nA,B,30.001,1,09:00\nA,C,6.00,1,10:00\nA,B,6.00,1,x\n");
  const auto compiled =
      CompileScenario(LedgerWith("", R"(name: "a" csv: "bad")"), {.directory = folder_});
  const auto* const findings = std::get_if<std::vector<Finding>>(&compiled);
  ASSERT_NE(findings, nullptr);
  ASSERT_EQ(findings->size(), 3u);
  EXPECT_THAT((*findings)[0].message, HasSubstr("csv: payments.csv:2:5: "));
  EXPECT_THAT((*findings)[1].message, HasSubstr("csv: payments.csv:3:3: "));
  EXPECT_THAT((*findings)[2].message, HasSubstr("csv: payments.csv:4:"));
  for (const Finding& finding : *findings) EXPECT_GT(finding.line, 1);
}

TEST_F(PaymentsFromTest, WhatALedgerHasNoWordForIsRefused) {
  const std::string accounts = "id,balance\nA,100.00\nB,50.00\n";
  const std::string payments = "sender,recipient,amount,day,time\nA,B,30.00,1,09:00\n";
  const std::string entry = R"(name: "a" csv: "two")";
  Write("two/payments.csv", payments);
  Write("two/accounts.csv", "id,balance,holding_limit\nA,100.00,\nB,50.00,60.00\n");
  EXPECT_THAT(FindingOf(LedgerWith("", entry)), HasSubstr("account B has a holding limit"));
  Write("two/accounts.csv", "id,owner,balance\nA,X,100.00\nB,X,50.00\n");
  EXPECT_THAT(FindingOf(LedgerWith("", entry)), HasSubstr("both participant X's"));
  Write("two/accounts.csv", "id,balance\nA,100.00\nB,50.00\n");
  Write("two/changes.csv", "time,change,account,value\n10:00,add-balance,A,1.00\n");
  EXPECT_THAT(FindingOf(LedgerWith("", entry)), HasSubstr("changes within the day"));
}

}  // namespace
}  // namespace causeway::sim
