// What is wrong with a file is said with line and column.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

// The place of the first occurrence of `needle`.
std::pair<int, int> PlaceOf(const std::string& text, const std::string& needle) {
  const std::size_t at = text.find(needle);
  EXPECT_NE(at, std::string::npos) << needle;
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const std::size_t line_start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return {static_cast<int>(line) + 1, static_cast<int>(at - line_start) + 1};
}

std::string Replaced(std::string text, const std::string& old, const std::string& by) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), by);
}

// The one finding is about the place where `at` stands, and says `says`.
void ExpectOne(const std::string& text, const std::string& at, const std::string& says) {
  const std::vector<Finding> findings = Findings(text);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].message, HasSubstr(says));
  EXPECT_EQ(std::pair(findings[0].line, findings[0].column), PlaceOf(text, at))
      << findings[0].message;
}

TEST(LintTest, GoodFileHasNoFindings) { EXPECT_TRUE(Findings(kTwoCurrencies).empty()); }

TEST(LintTest, EveryScenarioOfTheTreeIsGood) {
  for (const char* name :
       {"first-swap", "witnessed-swap", "mbridge-pilot-2022", "settlement-queue"}) {
    const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath(name));
    EXPECT_TRUE(plan.ok()) << plan.status();
  }
}

TEST(LintTest, WitnessesMustBeSafeAndLive) {
  const std::string bridge = "bridge { id: \"BRIDGE\" decision_log: \"bridge.example/decisions\" }";
  std::string text = kTwoCurrencies;
  text.replace(text.find(bridge), bridge.size(),
               "bridge { id: \"BRIDGE\" decision_log: \"bridge.example/decisions\"\n"
               "  witnesses: 3 witnesses_faulty_max: 1\n  witnesses_needed: 2 }");
  ExpectOne(text, "witnesses_needed: 2", "2 * needed - witnesses = 1 must be more than faulty = 1");
}

// Drawing times of payments within hours that were none used to stop the program.
TEST(LintTest, HoursThatAreNoneAreReportedBesideAGenerator) {
  const std::string text =
      Replaced(TwoCurrenciesWith("generators { name: \"g\" payments: 1 value_median: \"1.00\" }"),
               "opens: \"08:00\"", "opens: \"25:00\"");
  ASSERT_FALSE(Findings(text).empty());
  EXPECT_THAT(Findings(text)[0].message, HasSubstr("25:00"));
}

TEST(LintTest, SyntaxErrorNamesItsPlace) {
  const std::vector<Finding> findings = Findings("name: \"x\"\nseed: : 3\n");
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_EQ(findings[0].column, 7);
}

TEST(LintTest, AllUnknownFieldsAreNamed) {
  const std::vector<Finding> findings =
      Findings(TwoCurrenciesWith("colour: \"red\"\nexpectations { colours: 3 }\n"));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[0].message, HasSubstr("colour"));
  EXPECT_THAT(findings[1].message, HasSubstr("colours"));
  EXPECT_EQ(findings[1].line, findings[0].line + 1);
}

TEST(LintTest, AnUnknownValueIsNamedWithItsFieldAndTheNearest) {
  ExpectOne(Replaced(kTwoCurrencies, "ledger: \"eu.example/eur\"",
                     "ledger: \"eu.example/eur\" queue { discipline: FIFO_BYPAS }"),
            "FIFO_BYPAS",
            "ledgers[0].queue.discipline: 'FIFO_BYPAS' is no QueueDiscipline (did you mean "
            "QUEUE_DISCIPLINE_FIFO_BYPASS?)");
}

TEST(LintTest, ErrorsOfMeaningComeTogetherInTheOrderOfLines) {
  std::string text = Replaced(kTwoCurrencies, "opens: \"08:00\"", "opens: \"8:00\"");
  text = Replaced(text, "currency: \"USD\" central", "currency: \"EUR\" central");
  text = Replaced(text, "id: \"US-BANK-2\"", "id: \"US-BANK1\"");
  const std::vector<Finding> findings = Findings(text);
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_THAT(findings[0].message, HasSubstr("HH:MM"));
  EXPECT_THAT(findings[1].message, HasSubstr("has a ledger already"));
  EXPECT_THAT(findings[2].message, HasSubstr("exists already"));
}

TEST(LintTest, FaultsOfParticipantsAndStepsComeTogether) {
  const std::vector<Finding> findings =
      Findings(Replaced(TwoCurrenciesWith(R"(steps { date: "2024-01-04" time: "09:00"
    pay { from: "NOBODY" to: "DE-BANK-1" currency: "EUR" amount: "1.00" } })"),
                        "country: \"US\" }\nparticipants {\n  id: \"DEALER\"",
                        "country: \"US\" bic: \"X\" }\nparticipants {\n  id: \"DEALER\""));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[1].message, HasSubstr("\"NOBODY\""));
}

TEST(LintTest, LedgerThatIsListedTwice) {
  ExpectOne(Replaced(kTwoCurrencies, "us.example/usd", "eu.example/eur"),
            "ledger: \"eu.example/eur\" currency: \"USD\"", "listed twice");
}

TEST(LintTest, DateBeforeLedgerTime) {
  ExpectOne(Replaced(kTwoCurrencies, "2024-01-04", "1969-12-31"), "first_date",
            "1970-01-02 or later");
}

TEST(LintTest, DateThatDoesNotExist) {
  const std::string text = Replaced(kTwoCurrencies, "2024-01-08", "2024-02-30");
  ExpectOne(text, "last_date", "2024-02-30");
}

TEST(LintTest, LastDateBeforeFirst) {
  ExpectOne(Replaced(kTwoCurrencies, "2024-01-08", "2024-01-03"), "last_date", "is before");
}

TEST(LintTest, RoleOfACentralBank) {
  ExpectOne(Replaced(kTwoCurrencies, "ROLE_COMMERCIAL_BANK", "ROLE_CENTRAL_BANK"),
            "role: ROLE_CENTRAL", "ROLE_COMMERCIAL_BANK or ROLE_FX_PROVIDER");
}

TEST(LintTest, UnknownParticipant) {
  ExpectOne(TwoCurrenciesWith(R"(steps { date: "2024-01-04" time: "09:00"
    pay { from: "NOBODY" to: "DE-BANK-1" currency: "EUR" amount: "1.00" } })"),
            "from:", "\"NOBODY\" is not listed");
}

TEST(LintTest, CurrencyWithoutLedger) {
  ExpectOne(TwoCurrenciesWith(R"(steps { date: "2024-01-04" time: "09:00"
    issue { to: "DE-BANK-1" currency: "JPY" amount: "1" } })"),
            "currency: \"JPY\"", "JPY has no ledger");
}

TEST(LintTest, AmountWithTooManyDecimals) {
  ExpectOne(TwoCurrenciesWith(R"(steps { date: "2024-01-04" time: "09:00"
    issue { to: "DE-BANK-1" currency: "EUR" amount: "1.001" } })"),
            "amount: \"1.001\"", "1.001");
}

TEST(LintTest, AmountThatIsNotPositive) {
  ExpectOne(TwoCurrenciesWith(R"(steps { date: "2024-01-04" time: "09:00"
    issue { to: "DE-BANK-1" currency: "EUR" amount: "0.00" } })"),
            "amount: \"0.00\"", "above zero");
}

TEST(LintTest, StepOnAWeekend) {
  ExpectOne(TwoCurrenciesWith(R"(steps { date: "2024-01-06" time: "09:00"
    issue { to: "DE-BANK-1" currency: "EUR" amount: "1.00" } })"),
            "date: \"2024-01-06\"", "no business day");
}

TEST(LintTest, StepAfterCutOff) {
  ExpectOne(TwoCurrenciesWith(R"(steps { date: "2024-01-04" time: "17:00"
    issue { to: "DE-BANK-1" currency: "EUR" amount: "1.00" } })"),
            "time: \"17:00\"", "between opening and cut-off");
}

TEST(LintTest, RepeatedId) {
  const std::vector<Finding> findings = Findings(TwoCurrenciesWith(R"(
steps { id: "x" date: "2024-01-04" time: "09:00"
  issue { to: "DE-BANK-1" currency: "EUR" amount: "1.00" } }
steps { id: "x" date: "2024-01-04" time: "09:00"
  issue { to: "DE-BANK-1" currency: "EUR" amount: "1.00" } })"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].message, HasSubstr("\"x\" exists already"));
}

TEST(LintTest, SwapWithBothAmounts) {
  ExpectOne(TwoCurrenciesWith(R"(steps { date: "2024-01-04" time: "09:00"
    swap { taker: "DE-BANK-1" sell_currency: "EUR" buy_currency: "USD"
           sell_amount: "1.00" buy_amount: "1.00" } })"),
            "sell_amount", "exactly one");
}

TEST(LintTest, PvpWithoutABridge) {
  std::string text = kTwoCurrencies;
  const std::size_t bridge = text.find("bridge {");
  text.erase(bridge, text.find('\n', bridge) - bridge);
  const std::vector<Finding> findings = Findings(text);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].message, HasSubstr("bridge is missing"));
}

TEST(LintTest, BoardRateWithAskBelowBid) {
  ExpectOne(Replaced(kTwoCurrencies, "ask: \"1.20\"", "ask: \"1.00\""), "ask:", "below bid");
}

TEST(LintTest, GeneratorWithoutReferenceRates) {
  std::string text = TwoCurrenciesWith(GeneratorText("g", 1, 0));
  const std::size_t rates = text.find("reference_rates");
  text.erase(rates, text.find('\n', rates) - rates);
  ExpectOne(text, "value_median", "reference_rates");
}

TEST(LintTest, ExpectationOfAnotherCurrency) {
  ExpectOne(TwoCurrenciesWith("expectations { settled_value { currency: \"EUR\" min: \"1.00\" } }"),
            "currency: \"EUR\" min", "value currency");
}

TEST(LintTest, SuiteWhoseSignaturesAreNotReproducible) {
  ExpectOne(TwoCurrenciesWith("suite: SUITE_P256_SHA256\n"), "suite:", "SUITE_ED25519_SHA256");
}

TEST(LintTest, MessageShowsFileLineAndColumn) {
  EXPECT_EQ(FormatFinding("a.txtpb", {12, 5, "wrong"}), "a.txtpb:12:5: wrong");
}

TEST(LintTest, FileThatIsNotThere) {
  EXPECT_TRUE(absl::IsNotFound(LoadScenario("/nonexistent.txtpb").status()));
}

}  // namespace
}  // namespace causeway::sim
