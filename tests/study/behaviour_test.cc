#include "scenarios/study/behaviour.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "scenarios/study/behaviour_file.h"
#include "scenarios/study/receipts.h"
#include "scenarios/study/runner.h"

namespace causeway::study {
namespace {

// Three accounts with 100 each and `payments`, from 08:00 to 18:00, with `behaviour` for the first.
RunResult RunWith(StockBehaviour behaviour, std::vector<Payment> payments,
                  std::vector<std::string> days = {"1"}) {
  Input input;
  input.accounts = {{"a", "a", 100}, {"b", "b", 100}, {"c", "c", 100}};
  input.payments = std::move(payments);
  input.rows.resize(input.payments.size());
  std::iota(input.rows.begin(), input.rows.end(), 1);
  input.days = std::move(days);
  RunOptions options;
  options.opens = 8 * kHourUs;
  options.closes = 18 * kHourUs;
  options.behaviours = MakeBehaviours({{0, 0, behaviour}}, input.accounts, 1, "test");
  return *RunStudy(input, options);
}

TEST(DelayTradeOff, PaysAtOnceWhatItHasAndTheRestWhenWaitingHasCostAsMuch) {
  const DelayTradeOff terms{.delay_ppm_per_hour = 10, .liquidity_ppm = 25};
  const RunResult result = RunWith(terms, {{80, 9 * kHourUs, 0, 1}, {80, 9 * kHourUs, 0, 2}});
  EXPECT_EQ(result.payments[0].submitted, 9 * kHourUs);
  EXPECT_EQ(result.payments[1].submitted, 11 * kHourUs + 30 * kMinuteUs);
}

TEST(DelayTradeOff, PaysWhenReceiptsCoverThePayment) {
  const DelayTradeOff terms{.delay_ppm_per_hour = 0, .liquidity_ppm = 25};
  const RunResult result =
      RunWith(terms, {{150, 9 * kHourUs, 0, 1}, {60, 10 * kHourUs + kMinuteUs / 2, 2, 0}});
  EXPECT_EQ(result.payments[0].settled, 10 * kHourUs + kMinuteUs);
}

TEST(ReceiptReactive, PaysItsAllowanceThenWhatItReceivesAndAtLastEverything) {
  const ReceiptReactive terms{.allowance_milli = 500, .pays_all_from = 17 * kHourUs};
  const RunResult result = RunWith(terms, {{40, 9 * kHourUs, 0, 1},
                                           {40, 9 * kHourUs, 0, 1},
                                           {5, 9 * kHourUs, 0, 1},
                                           {35, 12 * kHourUs, 2, 0},
                                           {90, 13 * kHourUs, 0, 1}});
  EXPECT_EQ(result.payments[0].submitted, 9 * kHourUs);
  EXPECT_EQ(result.payments[1].submitted, 12 * kHourUs);  // asked again after what is due then
  EXPECT_EQ(result.payments[2].submitted, 9 * kHourUs);
  EXPECT_EQ(result.payments[4].submitted, 17 * kHourUs);
}

TEST(WithholdUnderStress, KeepsBackWhatFallsDueWithinItsTimeButForUrgentPayments) {
  const WithholdUnderStress terms{10 * kHourUs, 15 * kHourUs, 1000};
  Payment urgent{1, 11 * kHourUs, 0, 1, liquidity::Priority::kUrgent};
  const RunResult result = RunWith(terms, {{1, 9 * kHourUs, 0, 1},
                                           {1, 10 * kHourUs, 0, 1},
                                           urgent,
                                           {1, 11 * kHourUs, 1, 0},
                                           {1, 15 * kHourUs, 0, 1}});
  EXPECT_EQ(result.payments[0].settled, 9 * kHourUs);
  EXPECT_EQ(result.payments[1].settled, 15 * kHourUs);
  EXPECT_EQ(result.payments[2].settled, 11 * kHourUs);
  EXPECT_EQ(result.payments[3].settled, 11 * kHourUs);
  EXPECT_EQ(result.payments[4].settled, 15 * kHourUs);
}

TEST(WithholdUnderStress, KeepsBackAboutItsShare) {
  std::vector<Payment> payments;
  for (TimeUs i = 0; i < 1000; ++i)
    payments.push_back(
        {1, 9 * kHourUs + i * 1'000'000, i % 2 == 0 ? 0U : 1U, i % 2 == 0 ? 1U : 0U});
  const RunResult result = RunWith(WithholdUnderStress{9 * kHourUs, 16 * kHourUs, 300}, payments);
  int held = 0;
  for (std::size_t i = 0; i < 1000; i += 2)
    held += result.payments[i].submitted > payments[i].due ? 1 : 0;
  EXPECT_NEAR(held, 150, 31);  // three standard deviations of 500 draws
}

// All day, every payment, under `stress`.
WithholdUnderStress AllUnder(Stress stress) { return {0, kDaySpanUs, 1000, stress}; }

// b cannot pay a its 150 of 09:00 before it has 50 of c at 12:00; `more` has the payments of a.
std::vector<Payment> WithAReceiptThatIsLate(std::vector<Payment> more) {
  more.push_back({150, 9 * kHourUs, 1, 0});
  more.push_back({50, 12 * kHourUs, 2, 1});
  std::stable_sort(more.begin(), more.end(),
                   [](const Payment& a, const Payment& b) { return a.due < b.due; });
  return more;
}

// When the payments of a settled, in the order in which they fell due; kNoTime: never.
std::vector<TimeUs> SettledOfTheFirst(const StockBehaviour& behaviour,
                                      const std::vector<Payment>& payments) {
  const RunResult result = RunWith(behaviour, payments);
  std::vector<TimeUs> times;
  for (std::size_t i = 0; i < payments.size(); ++i) {
    if (payments[i].sender != 0) continue;
    const PaymentResult& of = result.payments[i];
    times.push_back(of.status == Status::kSettled ? of.settled : kNoTime);
  }
  return times;
}

TEST(WithholdUnderStress, KeepsBackWhileReceiptsAreMissing) {
  const std::vector<Payment> payments =
      WithAReceiptThatIsLate({{1, 9 * kHourUs + kMinuteUs - 1, 0, 2},
                              {1, 9 * kHourUs + kMinuteUs, 0, 2},
                              {1, 10 * kHourUs, 0, 2},
                              {1, 13 * kHourUs, 0, 2}});
  EXPECT_EQ(
      SettledOfTheFirst(AllUnder({.receipts_missing_milli = 1000}), payments),
      (std::vector<TimeUs>{9 * kHourUs + kMinuteUs - 1, 12 * kHourUs, 12 * kHourUs, 13 * kHourUs}));
}

TEST(WithholdUnderStress, BearsWithReceiptsMissingBelowItsShareOfTheDays) {
  // 150 of 400 are missing: 375 thousandths.
  const std::vector<Payment> payments =
      WithAReceiptThatIsLate({{1, 10 * kHourUs, 0, 2}, {250, 17 * kHourUs, 2, 0}});
  EXPECT_EQ(SettledOfTheFirst(AllUnder({.receipts_missing_milli = 376}), payments),
            std::vector<TimeUs>{10 * kHourUs});
  EXPECT_EQ(SettledOfTheFirst(AllUnder({.receipts_missing_milli = 375}), payments),
            std::vector<TimeUs>{12 * kHourUs});
}

TEST(WithholdUnderStress, KeepsBackOnlyFromTheCounterpartyThatDoesNotPay) {
  const std::vector<Payment> payments =
      WithAReceiptThatIsLate({{1, 10 * kHourUs, 0, 2}, {1, 10 * kHourUs, 0, 1}});
  EXPECT_EQ(SettledOfTheFirst(AllUnder({.counterparty_missing_milli = 500}), payments),
            (std::vector<TimeUs>{10 * kHourUs, 12 * kHourUs}));
}

TEST(WithholdUnderStress, KeepsBackWhileItsBalanceIsBelowAShareOfTheOpeningOne) {
  const std::vector<Payment> payments = {{51, 9 * kHourUs, 0, 1},
                                         {1, 10 * kHourUs, 0, 2},
                                         {1, 12 * kHourUs, 2, 0},
                                         {1, 13 * kHourUs, 0, 2}};
  // From 51 back to 50 at noon, which what it kept back then takes it below again.
  EXPECT_EQ(SettledOfTheFirst(AllUnder({.balance_below_milli = 500}), payments),
            (std::vector<TimeUs>{9 * kHourUs, 12 * kHourUs, kNoTime}));
}

TEST(WithholdUnderStress, KeepsBackNoLongerThanItsTimeAndNothingUrgentOrThatNoDrawPicks) {
  const Stress stress = {.receipts_missing_milli = 1};
  Payment urgent{1, 10 * kHourUs, 0, 2, liquidity::Priority::kUrgent};
  const std::vector<Payment> payments = WithAReceiptThatIsLate({{1, 10 * kHourUs, 0, 2}, urgent});
  EXPECT_EQ(
      SettledOfTheFirst(WithholdUnderStress{9 * kHourUs, 11 * kHourUs, 1000, stress}, payments),
      (std::vector<TimeUs>{11 * kHourUs, 10 * kHourUs}));
  EXPECT_EQ(SettledOfTheFirst(WithholdUnderStress{9 * kHourUs, 11 * kHourUs, 0, stress}, payments),
            (std::vector<TimeUs>{10 * kHourUs, 10 * kHourUs}));
}

TEST(Receipts, OfADayThatSettleInPartsAreMissingByTheRest) {
  Input input;
  input.accounts = {{"a", "a"}, {"b", "b"}, {"c", "c"}};
  input.payments = {{10, 9 * kHourUs, 1, 0}, {30, 9 * kHourUs, 2, 0}, {5, 19 * kHourUs, 2, 0}};
  std::vector<std::unique_ptr<Behaviour>> behaviours(3);
  behaviours[0] = MakeBehaviour(DefaultAt{}, 1, "x");
  Receipts receipts(input, behaviours);
  receipts.BeginDay(0, 3, 8 * kHourUs, 18 * kHourUs);
  EXPECT_EQ(receipts.Of(0).expected, 40);  // what is due after the close is not
  receipts.OnSettled(1, 7);
  receipts.AdvanceTo(9 * kHourUs + kReceiptMissingAfter - 1);
  EXPECT_EQ(receipts.Of(0).missing, 0);
  receipts.AdvanceTo(9 * kHourUs + kReceiptMissingAfter);
  EXPECT_EQ(receipts.Of(0).missing, 33);
  EXPECT_EQ(receipts.From(2, 0).missing, 23);
  receipts.OnSettled(1, 23);
  EXPECT_EQ(receipts.From(2, 0).missing, 0);
  EXPECT_EQ(receipts.From(2, 0).expected, 30);
  EXPECT_EQ(receipts.Of(0).missing, 10);
  receipts.BeginDay(3, 3, kDaySpanUs, kDaySpanUs + 1);
  EXPECT_EQ(receipts.Of(0).missing, 0);
}

TEST(DefaultAt, SubmitsNothingFromThenOnAndKeepsWhatItGets) {
  const RunResult result =
      RunWith(DefaultAt{12 * kHourUs},
              {{10, 11 * kHourUs, 0, 1}, {10, 12 * kHourUs, 0, 1}, {50, 13 * kHourUs, 2, 0}});
  EXPECT_EQ(result.payments[0].status, Status::kSettled);
  EXPECT_EQ(result.payments[1].status, Status::kWithheld);
  EXPECT_EQ(result.account_days[0].closing, 140);
}

TEST(DefaultAt, LastsForAllDaysThatFollow) {
  const RunResult result = RunWith(DefaultAt{12 * kHourUs},
                                   {{10, 11 * kHourUs, 0, 1},
                                    {10, kDaySpanUs + 9 * kHourUs, 0, 1},
                                    {50, kDaySpanUs + 9 * kHourUs, 1, 0},
                                    {10, 2 * kDaySpanUs + 17 * kHourUs, 0, 1}},
                                   {"1", "2", "3"});
  EXPECT_EQ(result.payments[0].status, Status::kSettled);
  EXPECT_EQ(result.payments[1].status, Status::kWithheld);
  EXPECT_EQ(result.payments[2].status, Status::kSettled);
  EXPECT_EQ(result.payments[3].status, Status::kWithheld);
  EXPECT_EQ(result.account_days.back().closing, 100);  // of c, which had no part in it
  EXPECT_EQ(result.account_days[6].closing, 140);      // of a on the third day
}

TEST(DefaultAt, MayBeOnALaterDay) {
  const RunResult result = RunWith(DefaultAt{kDaySpanUs + 12 * kHourUs},
                                   {{10, 13 * kHourUs, 0, 1},
                                    {10, kDaySpanUs + 11 * kHourUs, 0, 1},
                                    {10, kDaySpanUs + 12 * kHourUs, 0, 1}},
                                   {"1", "2"});
  EXPECT_EQ(result.payments[0].status, Status::kSettled);
  EXPECT_EQ(result.payments[1].status, Status::kSettled);
  EXPECT_EQ(result.payments[2].status, Status::kWithheld);
}

TEST(Behaviours, OfOneAccountLeaveTheDrawsOfOthersAsTheyWere) {
  const WithholdUnderStress terms{0, kDayUs, 500};
  const auto draws = [&](std::vector<BehaviourOf> of) {
    const std::vector<Account> accounts = {{"a", "a"}, {"b", "b"}, {"c", "c"}};
    const auto behaviour = MakeBehaviours(std::move(of), accounts, 3, "x")(1);
    std::vector<bool> drawn;
    for (std::uint64_t i = 0; i < 100; ++i) {
      drawn.push_back(behaviour->Submits({.now = 1, .name = {"", i}}, Payment{1, 1, 1, 0}, true));
    }
    return drawn;
  };
  EXPECT_EQ(draws({{1, 1, terms}}), draws({{0, 0, terms}, {1, 1, terms}, {2, 2, DefaultAt{}}}));
}

TEST(Behaviours, DrawForEachPaymentByItsNameWhateverWasAskedBefore) {
  const auto behaviour = [] { return MakeBehaviour(WithholdUnderStress{0, kDayUs, 500}, 3, "x"); };
  const auto submits = [](Behaviour& of, const PaymentName& name) {
    return of.Submits({.now = 1, .name = name}, Payment{1, 1, 1, 0}, true);
  };
  const auto forward = behaviour();
  std::vector<bool> drawn;
  for (std::uint64_t i = 0; i < 100; ++i) drawn.push_back(submits(*forward, {"s", i}));
  const auto backward = behaviour();
  for (std::uint64_t i = 100; i-- > 0;) {
    submits(*backward, {"other", i});
    EXPECT_EQ(submits(*backward, {"s", i}), drawn[i]) << i;
  }
  EXPECT_GT(std::count(drawn.begin(), drawn.end(), true), 20);
  EXPECT_GT(std::count(drawn.begin(), drawn.end(), false), 20);
}

TEST(PaymentNames, AreIdsOrNumbersInAStreamOrRows) {
  Input input;
  input.payments.resize(4);
  input.rows = {3, 1, 4, 2};
  EXPECT_EQ(input.NameOf(0).number, 3U);
  EXPECT_EQ(input.NameOf(0).text, "");
  input.streams = {{"none", 1}, {"first", 1}, {"second", 3}};
  for (std::size_t i = 0; i < 4; ++i) input.payments[i].drawn = input.rows[i];
  EXPECT_EQ(input.NameOf(0).text, "second");
  EXPECT_EQ(input.NameOf(0).number, 1U);
  EXPECT_EQ(input.NameOf(3).text, "first");
  EXPECT_EQ(input.NameOf(3).number, 2U);
  for (const char* id : {"p", "q", "r", ""}) input.payment_ids.Append(id);
  EXPECT_EQ(input.NameOf(2).text, "r");
  EXPECT_EQ(input.NameOf(2).number, 0U);
  input.payments[3].drawn = 0;
  EXPECT_EQ(input.NameOf(3).text, "");  // has neither
  EXPECT_EQ(input.NameOf(3).number, 2U);
}

TEST(Behaviours, OfAnyKindCanBeWrittenOutsideOfTheLibrary) {
  // Pays every payment exactly an hour after it was due.
  class HourLater : public Behaviour {
   public:
    bool Submits(const BehaviourView& view, const Payment& payment, bool) override {
      return view.now >= payment.due + kHourUs;
    }
  };
  Input input;
  input.accounts = {{"a", "a", 100}, {"b", "b", 100}};
  input.payments = {{1, 9 * kHourUs, 0, 1}};
  input.rows = {1};
  input.days = {"1"};
  RunOptions options;
  options.opens = 8 * kHourUs;
  options.closes = 18 * kHourUs;
  options.behaviours = [](AccountIndex) { return std::make_unique<HourLater>(); };
  EXPECT_EQ(RunStudy(input, options)->payments[0].settled, 10 * kHourUs);
}

std::string BehaviourProblems(const std::string& text, const Input& input) {
  ProblemList problems;
  ParseBehaviours(text, "b.txtpb", input, problems);
  return problems.ToString();
}

// Two accounts of bank A, one of B; two days.
Input ThreeAccounts() {
  Input input;
  input.accounts.resize(3);
  input.accounts[0].id = "a1";
  input.accounts[1].id = "a2";
  input.accounts[0].owner = input.accounts[1].owner = "A";
  input.accounts[2].id = input.accounts[2].owner = "b";
  input.days = {"1", "2026-03-02"};
  return input;
}

TEST(BehaviourFile, NamesAccountsByIdOrOwner) {
  ProblemList problems;
  const std::optional<FolderBehaviours> file = ParseBehaviours(
      "# proto-message: StudyBehaviours\nseed: 3\n"
      "behaviours { banks: \"A\" defaults { at: \"10:00\" } }\n"
      "behaviours { banks: \"a2\" delay { delay_ppm_per_hour: 1 liquidity_ppm: 1 } }\n",
      "b.txtpb", ThreeAccounts(), problems);
  ASSERT_TRUE(file.has_value()) << problems.ToString();
  EXPECT_EQ(file->seed, 3u);
  const BehaviourFactory factory = file->Make(file->seed);
  EXPECT_EQ(factory(2), nullptr);
  BehaviourView view;
  view.now = view.due = 11 * kHourUs;
  view.balance = 100;
  Payment payment;
  payment.amount = 1;
  EXPECT_FALSE(factory(0)->Submits(view, payment, true));  // has defaulted
  EXPECT_TRUE(factory(1)->Submits(view, payment, true));   // the later one counts
}

TEST(BehaviourFile, NamesTheDayOfADefault) {
  ProblemList problems;
  const std::optional<FolderBehaviours> file = ParseBehaviours(
      "# proto-message: StudyBehaviours\n"
      "behaviours { banks: \"b\" defaults { at: \"10:00\" day: \"2026-03-02\" } }\n",
      "b.txtpb", ThreeAccounts(), problems);
  ASSERT_TRUE(file.has_value()) << problems.ToString();
  const BehaviourFactory factory = file->Make(file->seed);
  BehaviourView view;
  view.now = 11 * kHourUs;
  EXPECT_TRUE(factory(2)->Submits(view, Payment(), true));
  view.day_starts = kDaySpanUs;
  EXPECT_FALSE(factory(2)->Submits(view, Payment(), true));
}

TEST(BehaviourFile, WithholdsUnderStressAllDayWhenItNamesNoTimes) {
  ProblemList problems;
  const std::optional<FolderBehaviours> file = ParseBehaviours(
      "# proto-message: StudyBehaviours\nbehaviours { banks: \"b\" withhold { probability_milli: "
      "1000 "
      "stress { receipts_missing_milli: 100 counterparty_missing_milli: 200 balance_below_milli: "
      "300 } } }\n",
      "b.txtpb", ThreeAccounts(), problems);
  ASSERT_TRUE(file.has_value()) << problems.ToString();
  const std::unique_ptr<Behaviour> behaviour = file->Make(file->seed)(2);
  const auto submits = [&](BehaviourView view) {
    view.now = view.due = 40 * kHourUs;
    view.opening = view.expected = view.expected_from_recipient = 1000;
    return behaviour->Submits(view, Payment(), true);
  };
  EXPECT_TRUE(submits({.balance = 300, .missing = 99, .missing_from_recipient = 199}));
  EXPECT_FALSE(submits({.balance = 300, .missing = 100}));
  EXPECT_FALSE(submits({.balance = 300, .missing_from_recipient = 200}));
  EXPECT_FALSE(submits({.balance = 299}));
}

TEST(BehaviourFile, ReportsWhatIsWrongWithIt) {
  const std::string first = "# proto-message: StudyBehaviours\n";
  EXPECT_EQ(BehaviourProblems("behaviours {}", ThreeAccounts()),
            "b.txtpb:1:1: expected the line \"# proto-message: StudyBehaviours\"\n");
  EXPECT_EQ(BehaviourProblems(first + "nonsense: 1\n", ThreeAccounts()).substr(0, 14),
            "b.txtpb:2:1: S");
  EXPECT_EQ(BehaviourProblems(first + "behaviours { banks: \"C\" defaults { at: \"99:00\" } }",
                              ThreeAccounts()),
            "b.txtpb: behaviours[0].defaults.at \"99:00\": expected a time of day such as 09:05, "
            "up to 48:00\n"
            "b.txtpb: behaviours[0].banks \"C\": expected the id of an account, or of an owner\n");
  EXPECT_EQ(BehaviourProblems(first + "behaviours { banks: \"b\" defaults { at: \"10:00\" "
                                      "day: \"3\" } }",
                              ThreeAccounts()),
            "b.txtpb: behaviours[0].defaults.day \"3\": expected one of the days, 1 to "
            "2026-03-02\n");
  EXPECT_EQ(BehaviourProblems(first + "behaviours { banks: \"b\" withhold { stress {} } }",
                              ThreeAccounts()),
            "b.txtpb: behaviours[0].withhold.stress: expected receipts_missing_milli, "
            "counterparty_missing_milli or balance_below_milli above 0\n");
  EXPECT_EQ(BehaviourProblems(first + "behaviours { banks: \"b\" withhold { stress { "
                                      "receipts_missing_milli: 1001 } } }",
                              ThreeAccounts()),
            "b.txtpb: behaviours[0].withhold.stress: receipts that are missing are expected to be "
            "at most 1000 thousandths\n");
  EXPECT_EQ(BehaviourProblems(first + "behaviours { first_bank: 1 last_bank: 1 "
                                      "defaults { at: \"10:00\" } }",
                              ThreeAccounts()),
            "b.txtpb: behaviours[0].banks: expected ids of accounts, or of owners\n");
}

}  // namespace
}  // namespace causeway::study
