#include "scenarios/sweep/field_path.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "causeway/v1/scenario.pb.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

causeway::v1::Scenario SomeScenario() {
  causeway::v1::Scenario scenario;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
name: "some"
calendar { first_date: "2024-01-04" holidays: "2024-01-05" holidays: "2024-01-06" }
participants { id: "A" opening_balances { currency: "EUR" amount: "1.00" } }
participants { id: "B" opening_balances { currency: "EUR" amount: "2.00" }
                       opening_balances { currency: "USD" amount: "3.00" } }
generators { name: "g" payments: 5 })",
                                                            &scenario));
  return scenario;
}

// The message of the error that setting the path gives.
std::string ErrorOf(std::string_view path, std::string_view value) {
  causeway::v1::Scenario scenario = SomeScenario();
  const absl::Status set = SetField(scenario, path, value);
  EXPECT_TRUE(absl::IsInvalidArgument(set)) << path << ": " << set;
  return std::string(set.message());
}

TEST(SetFieldTest, SetsNumbersTextsTruthsAndEnums) {
  causeway::v1::Scenario scenario = SomeScenario();
  ASSERT_TRUE(SetField(scenario, "generators[0].payments", "17").ok());
  ASSERT_TRUE(SetField(scenario, "generators[0].fund_by_issue", "true").ok());
  ASSERT_TRUE(SetField(scenario, "calendar.opens", "08:30").ok());
  ASSERT_TRUE(SetField(scenario, "mechanism", "MECHANISM_COORDINATED").ok());
  EXPECT_EQ(scenario.generators(0).payments(), 17u);
  EXPECT_TRUE(scenario.generators(0).fund_by_issue());
  EXPECT_EQ(scenario.calendar().opens(), "08:30");
  EXPECT_EQ(scenario.mechanism(), causeway::v1::MECHANISM_COORDINATED);
}

TEST(SetFieldTest, ValueThatIsTheDefaultReplacesToo) {
  causeway::v1::Scenario scenario = SomeScenario();
  ASSERT_TRUE(SetField(scenario, "generators[0].payments", "0").ok());
  EXPECT_EQ(scenario.generators(0).payments(), 0u);
}

TEST(SetFieldTest, StarSetsEveryElement) {
  causeway::v1::Scenario scenario = SomeScenario();
  ASSERT_TRUE(SetField(scenario, "participants[*].opening_balances[*].amount", "9.00").ok());
  EXPECT_EQ(scenario.participants(0).opening_balances(0).amount(), "9.00");
  EXPECT_EQ(scenario.participants(1).opening_balances(0).amount(), "9.00");
  EXPECT_EQ(scenario.participants(1).opening_balances(1).amount(), "9.00");
}

TEST(SetFieldTest, StarPassesOverElementsWithoutTheField) {
  causeway::v1::Scenario scenario = SomeScenario();
  scenario.mutable_participants(0)->clear_opening_balances();
  ASSERT_TRUE(SetField(scenario, "participants[*].opening_balances[*].amount", "9.00").ok());
  EXPECT_EQ(scenario.participants(0).opening_balances_size(), 0);
  EXPECT_EQ(scenario.participants(1).opening_balances(0).amount(), "9.00");
  scenario.mutable_participants(1)->clear_opening_balances();
  EXPECT_FALSE(SetField(scenario, "participants[*].opening_balances[*].amount", "9.00").ok());
}

TEST(SetFieldTest, SetsOneElementOfRepeatedValues) {
  causeway::v1::Scenario scenario = SomeScenario();
  ASSERT_TRUE(SetField(scenario, "calendar.holidays[1]", "2024-01-08").ok());
  EXPECT_EQ(scenario.calendar().holidays(0), "2024-01-05");
  EXPECT_EQ(scenario.calendar().holidays(1), "2024-01-08");
}

TEST(SetFieldTest, UnknownFieldIsNamedWithThoseThereAre) {
  EXPECT_THAT(ErrorOf("generators[0].paymnts", "1"),
              HasSubstr("generators[0].paymnts: Generator has no field 'paymnts'; it has name, "
                        "payments, pvp_settlements"));
}

TEST(SetFieldTest, WrongValueIsToldWhatIsRight) {
  EXPECT_THAT(ErrorOf("generators[0].payments", "many"),
              HasSubstr("'many' is not a whole number from 0 to 4294967295"));
  EXPECT_THAT(ErrorOf("generators[0].payments", "-1"), HasSubstr("is not a whole number"));
  EXPECT_THAT(ErrorOf("generators[0].payments", "1 name: \"x\""), HasSubstr("is not a whole"));
  EXPECT_THAT(ErrorOf("generators[0].fund_by_issue", "perhaps"), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf("mechanism", "MECHANISM_X"), HasSubstr("one of MECHANISM_UNSPECIFIED, "));
}

TEST(SetFieldTest, IndexMustBeThere) {
  EXPECT_THAT(ErrorOf("generators[1].payments", "1"),
              HasSubstr("the file has 1 'generators', so the last is generators[0]"));
  EXPECT_THAT(ErrorOf("steps[0].date", "1"), HasSubstr("the file has no 'steps'"));
  EXPECT_THAT(ErrorOf("generators.payments", "1"), HasSubstr("such as generators[0], or all"));
  EXPECT_THAT(ErrorOf("name[0]", "x"), HasSubstr("leave out the index"));
}

TEST(SetFieldTest, PathMustEndAtAValue) {
  EXPECT_THAT(ErrorOf("calendar", "x"), HasSubstr("'calendar' is a Calendar"));
  EXPECT_THAT(ErrorOf("name.more", "x"), HasSubstr("'name' has no fields, so 'more' cannot"));
  EXPECT_THAT(ErrorOf("bridge.id", "x"), HasSubstr("the file has no 'bridge'"));
}

TEST(SetFieldTest, PathMustBeOne) {
  for (const char* path : {"", ".", "generators[0", "generators[x].payments", "generators[-1].x",
                           "generators[].payments", "generators[0]."}) {
    EXPECT_FALSE(ErrorOf(path, "1").empty());
  }
}

}  // namespace
}  // namespace causeway::sim
