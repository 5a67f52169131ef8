#include "scenarios/study/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/study/values.h"

namespace causeway::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAccounts[] = "id,owner,balance,posted_collateral\na,A,100,5\nb,B,0.5,0\n";

FolderResult ReadFiles(std::map<std::string, std::string> files, int minor_digits = 2) {
  return ReadFolder(MemoryFolder(std::move(files)), minor_digits);
}

std::vector<std::string> Problems(const FolderResult& result) {
  std::vector<std::string> lines;
  for (const Problem& problem : result.problems.kept()) lines.push_back(problem.ToString());
  return lines;
}

TEST(Folder, ReadsTheThreeFilesOfPssimpyAsTheyAre) {
  const FolderResult result = ReadFiles(
      {{"banks.csv", "name\nA\nB\n"},
       {"accounts.csv", kAccounts},
       {"transactions.csv",
        "sender_account,recipient_account,amount,day,time\na,b,10.25,1,08:30\nb,a,3,2,9:00\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  ASSERT_EQ(result.input.accounts.size(), 2U);
  EXPECT_EQ(result.input.accounts[1].balance, 50);
  EXPECT_EQ(result.input.accounts[0].posted_collateral, 500);
  ASSERT_EQ(result.input.payments.size(), 2U);
  EXPECT_EQ(result.input.payments[0].amount, 1025);
  EXPECT_EQ(result.input.payments[0].due, 8 * kHourUs + 30 * kMinuteUs);
  EXPECT_EQ(result.input.payments[1].due, kDayUs + 9 * kHourUs);
  EXPECT_THAT(result.input.days, ElementsAre("1", "2"));
}

TEST(Folder, TakesColumnsInAnyOrderAndSaysWhichItDoesNotUse) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", "colour,balance,id\nred,1,a\nblue,2,b\n"},
                 {"payments.csv", "time,amount,recipient,sender\n10:00,1,b,a\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  EXPECT_EQ(result.input.accounts[1].balance, 200);
  EXPECT_EQ(result.input.accounts[1].owner, "b");
  EXPECT_THAT(result.notices, ElementsAre("accounts.csv: column \"colour\" is not used"));
}

TEST(Folder, ReadsPrioritiesLimitsLinksAndFlags) {
  const FolderResult result = ReadFiles(
      {{"accounts.csv", kAccounts},
       {"payments.csv",
        "id,sender,recipient,amount,time,priority,link,time_specific,for_customer\n"
        "p1,a,b,1,10:00,urgent,fx-1,yes,no\np2,b,a,1,10:00:00.5,2,fx-1,,1\np3,b,a,1,11:00,,,,\n"},
       {"limits.csv", "account,counterparty,amount\na,,10\na,b,5\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  const Input& input = result.input;
  EXPECT_EQ(input.payments[0].priority, liquidity::Priority::kUrgent);
  EXPECT_EQ(input.payments[1].priority, liquidity::Priority::kHigh);
  EXPECT_EQ(input.payments[2].priority, liquidity::Priority::kNormal);
  EXPECT_EQ(input.payments[1].due, 10 * kHourUs + 500'000);
  EXPECT_TRUE(input.payments[0].time_specific);
  EXPECT_TRUE(input.payments[1].for_customer);
  EXPECT_THAT(input.links, ElementsAre(1, 1, 0));
  EXPECT_EQ(input.payment_ids[1], "p2");
  ASSERT_EQ(input.limits.size(), 2U);
  EXPECT_EQ(input.limits[0].counterparty, kNone);
  EXPECT_EQ(input.limits[1].counterparty, 1U);
}

TEST(Folder, SortsByTimeAndKeepsTheOrderOfTheFileWithinAnInstant) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", kAccounts},
                 {"payments.csv",
                  "sender,recipient,amount,day,time,id\na,b,3,2,10:00,third\n"
                  "a,b,2,1,10:00,first\na,b,1,1,10:00,second\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  EXPECT_THAT(result.input.rows, ElementsAre(2, 3, 1));
  EXPECT_EQ(result.input.payment_ids[2], "third");
  EXPECT_EQ(result.input.payments[1].amount, 100);
}

TEST(Folder, ReportsEveryMalformedFieldOfEveryFile) {
  const FolderResult result = ReadFiles({{"accounts.csv", "id,balance\na,1e3\nb,5\nb,2\n"},
                                         {"payments.csv",
                                          "sender,recipient,amount,day,time\n"
                                          "b,x,1,1,10:00\n"
                                          "b,b,0,1,25:00\n"
                                          "b,a\n"
                                          "b,\"a\"a,1,1,10:00\n"
                                          "b,a,1.005,one,10:00\n"}});
  EXPECT_THAT(
      Problems(result),
      ElementsAre("accounts.csv:2:3: balance \"1e3\": expected a decimal number from 0 with at "
                  "most 2 decimals",
                  "accounts.csv:4:1: id \"b\": is there already: expected each once",
                  "payments.csv:2:3: recipient \"x\": expected the id of an account",
                  "payments.csv:3:5: amount \"0\": expected a decimal number above 0 with at most "
                  "2 decimals",
                  "payments.csv:3:9: time \"25:00\": expected a time of day such as 09:05, in the "
                  "stated form",
                  "payments.csv:3:3: recipient \"b\": expected another account than the sender's",
                  "payments.csv:4:1: has 2 fields: expected 5, as the first line has",
                  "payments.csv:5:6: text after a closing quote: expected a separator or the end "
                  "of the line",
                  "payments.csv:6:5: amount \"1.005\": expected a decimal number above 0 with at "
                  "most 2 decimals",
                  "payments.csv:6:11: day \"one\": expected a number from 0 to 999999 or a date in "
                  "the stated form"));
}

// They were zero: a balance that somebody forgot, a limit that stops all payments of a pair.
TEST(Folder, BlankBalancesAndLimitsAreFaults) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", "id,balance,posted_collateral\na,1,\nb,,\n"},
                 {"payments.csv", "sender,recipient,amount,time\na,b,1,10:00\n"},
                 {"limits.csv", "account,counterparty,amount\na,b,\n"}});
  EXPECT_EQ(Problems(result).size(), 2U);
}

TEST(Folder, CountsProblemsBeyondThoseThatItKeeps) {
  std::string payments = "sender,recipient,amount,time\n";
  for (int i = 0; i < 1500; ++i) payments += "a,b,-1,10:00\n";
  const FolderResult result = ReadFiles({{"accounts.csv", kAccounts}, {"payments.csv", payments}});
  EXPECT_EQ(result.problems.count(), 1500U);
  EXPECT_EQ(result.problems.kept().size(), kProblemsKeptMax);
  EXPECT_THAT(result.problems.ToString(),
              HasSubstr("1500 problems in all, of which the first 1000 are shown"));
}

TEST(Folder, NamesMissingFilesAndColumns) {
  const FolderResult result = ReadFiles({{"accounts.csv", "id,owner\n"}});
  EXPECT_THAT(Problems(result),
              ElementsAre("accounts.csv:1:1: has the columns id, owner: expected one named balance "
                          "as well",
                          "payments.csv: cannot be read, nor transactions.csv"));
}

TEST(Folder, RefusesOwnersThatTheBanksFileLacks) {
  const FolderResult result = ReadFiles({{"banks.csv", "name\nA\nA\n"},
                                         {"accounts.csv", kAccounts},
                                         {"payments.csv", "sender,recipient,amount,time\n"}});
  EXPECT_THAT(Problems(result),
              ElementsAre("banks.csv:3:1: name \"A\": is there already: expected each once",
                          "accounts.csv:3:3: owner \"B\": expected a name that banks.csv lists"));
}

TEST(Folder, ReadsOtherTablesThroughAMapping) {
  const FolderResult result = ReadFiles(
      {{"mapping.csv",
        "table,field,column,form\naccounts,file,ACCO.csv,\naccounts,id,Account ID,\n"
        "accounts,balance,Begin balance,decimal-comma\naccounts,separator,;,\n"
        "payments,file,TRAN.csv,\npayments,sender,Debit account,\npayments,recipient,Credit "
        "account,\npayments,amount,Value,minor\npayments,time,Entry time,HHMMSS\npayments,day,Date,"
        "YYYYMMDD\n"},
       {"ACCO.csv", "Account ID;Begin balance\nx;1,5\ny;0\n"},
       {"TRAN.csv", "Date,Entry time,Debit account,Credit account,Value\n20261130,93005,x,y,7\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  EXPECT_EQ(result.input.accounts[0].balance, 150);
  ASSERT_EQ(result.input.payments.size(), 1U);
  EXPECT_EQ(result.input.payments[0].amount, 7);
  EXPECT_EQ(result.input.payments[0].due, 9 * kHourUs + 30 * kMinuteUs + 5'000'000);
  EXPECT_THAT(result.input.days, ElementsAre("2026-11-30"));
}

TEST(Folder, ReportsMappingsThatMeanNothing) {
  const FolderResult result = ReadFiles({{"mapping.csv",
                                          "table,field,column,form\nusers,id,x,\n"
                                          "payments,colour,x,\npayments,time,x,roman\n"},
                                         {"accounts.csv", kAccounts},
                                         {"payments.csv", "sender,recipient,amount,x\n"}});
  EXPECT_THAT(Problems(result),
              ElementsAre(HasSubstr("mapping.csv:2:1: table \"users\": expected banks, accounts"),
                          HasSubstr("mapping.csv:3:10: field \"colour\": expected one of file"),
                          HasSubstr("mapping.csv:4:17: form \"roman\": expected a form")));
}

TEST(Values, ReadsAmountsExactly) {
  EXPECT_EQ(ParseMinor("12.5", 2), 1250);
  EXPECT_EQ(ParseMinor("12.500000", 2), 1250);
  EXPECT_EQ(ParseMinor("92233720368547758.07", 2), 9223372036854775807);
  for (const char* bad :
       {"", ".5", "5.", "-1", "+1", "1,000", "1 ", "1.005", "1e3", "92233720368547758.08"}) {
    EXPECT_EQ(ParseMinor(bad, 2), std::nullopt) << bad;
  }
}

TEST(Values, ReadsAndWritesTimesOfDay) {
  EXPECT_EQ(ParseTimeOfDay("23:59:59.999999"), kDayUs - 1);
  EXPECT_EQ(ParseTimeOfDay("905", TimeForm::kDigits), 9 * kHourUs + 5 * kMinuteUs);
  EXPECT_EQ(FormatTimeOfDay(9 * kHourUs + 5 * kMinuteUs), "09:05:00");
  EXPECT_EQ(FormatTimeOfDay(1), "00:00:00.000001");
  for (const char* bad : {"", "9", "24:00", "10:60", "10:5", "10:00:", "10:00:00.",
                          "10:00:00.1234567", "10:00x", "-1:00"}) {
    EXPECT_EQ(ParseTimeOfDay(bad), std::nullopt) << bad;
  }
}

TEST(Values, ReadsDaysAsNumbersOrDatesThatExist) {
  EXPECT_EQ(ParseDay("7"), 7);
  EXPECT_EQ(FormatDay(*ParseDay("2026-11-30")), "2026-11-30");
  EXPECT_EQ(ParseDay("30.11.2026", DayForm::kDottedDate), ParseDay("2026-11-30"));
  for (const char* bad : {"", "2026-02-30", "2026-1", "1234567", "x", "-1"}) {
    EXPECT_EQ(ParseDay(bad), std::nullopt) << bad;
  }
}

TEST(Folder, WithTwoTablesOfPaymentsIsRefused) {
  const FolderResult folder =
      ReadFolder(MemoryFolder({{"accounts.csv", "id,balance\na,1\nb,1\n"},
                               {"payments.csv", "sender,recipient,amount,time\na,b,1,09:00\n"},
                               {"transactions.csv", "sender,recipient,amount,time\n"}}),
                 2);
  EXPECT_EQ(folder.problems.ToString(),
            "transactions.csv: lies beside payments.csv: expected one of the two\n");
}

TEST(Folder, ReportsAFaultyHeaderOfAccountsAndNotItsEveryConsequence) {
  const FolderResult folder = ReadFolder(
      MemoryFolder({{"accounts.csv", "name,balance\na,1\nb,1\n"},
                    {"payments.csv",
                     "sender,recipient,amount,time\na,b,1,09:00\nb,a,1,09:00\na,b,x,09:00\n"}}),
      2);
  ASSERT_EQ(folder.problems.count(), 2U) << folder.problems.ToString();
  EXPECT_EQ(folder.problems.kept()[0].file, "accounts.csv");
  EXPECT_EQ(folder.problems.kept()[1].line, 4U);
}

TEST(Folder, ReadsCustomersAndTheirCreditLines) {
  const FolderResult folder =
      ReadFiles({{"accounts.csv", kAccounts},
                 {"customers.csv",
                  "account,customer,credit_line,secured,committed\na,X,30,yes,no\na,Y,5,,yes\n"},
                 {"payments.csv",
                  "sender,recipient,amount,time,customer,recipient_customer\na,b,20,09:00,X,\n"
                  "b,a,1,08:00,,Y\na,b,1,10:00,,\n"}});
  EXPECT_THAT(Problems(folder), IsEmpty());
  ASSERT_EQ(folder.input.customers.size(), 2U);
  EXPECT_EQ(folder.input.customers[0].credit_line, 3000);
  EXPECT_TRUE(folder.input.customers[0].secured);
  EXPECT_TRUE(folder.input.customers[1].committed);
  EXPECT_THAT(folder.input.sender_customers, ElementsAre(kNone, 0, kNone));
  EXPECT_THAT(folder.input.recipient_customers, ElementsAre(1, kNone, kNone));
  EXPECT_TRUE(folder.input.payments[1].for_customer);
  EXPECT_FALSE(folder.input.payments[2].for_customer);
  const FolderResult wrong =
      ReadFiles({{"accounts.csv", kAccounts},
                 {"customers.csv", "account,customer,credit_line\na,X,30\na,X,1\n"},
                 {"payments.csv", "sender,recipient,amount,time,customer\nb,a,20,09:00,X\n"}});
  EXPECT_THAT(
      Problems(wrong),
      ElementsAre(HasSubstr("customers.csv:3:3: customer \"X\": is a customer"),
                  HasSubstr("payments.csv:2:14: customer \"X\": expected a customer that")));
}

}  // namespace
}  // namespace causeway::study
