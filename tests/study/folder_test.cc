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
  EXPECT_EQ(result.input.payments[1].due, kDaySpanUs + 9 * kHourUs);
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

TEST(Folder, ReadsTheCurrenciesOfAccounts) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", "id,balance,currency\na,1,EUR\nb,1,USD\nc,1,EUR\n"},
                 {"payments.csv", "sender,recipient,amount,time\na,c,1,10:00\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  EXPECT_THAT(result.input.currencies, ElementsAre("EUR", "USD"));
  EXPECT_EQ(result.input.accounts[1].currency, 1U);
  EXPECT_EQ(result.input.accounts[2].currency, 0U);
}

TEST(Folder, RefusesPaymentsFromOneCurrencyIntoAnotherAndCurrenciesWithoutAName) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", "id,balance,currency\na,1,EUR\nb,1,USD\nc,1,\nd,1,../x\n"},
                 {"payments.csv", "sender,recipient,amount,time\na,b,1,10:00\n"}});
  EXPECT_THAT(Problems(result),
              ElementsAre("accounts.csv:4:5: currency \"\": expected 1 to 16 letters or digits, "
                          "such as EUR",
                          "accounts.csv:5:5: currency \"../x\": expected 1 to 16 letters or "
                          "digits, such as EUR",
                          "payments.csv:2:3: recipient \"b\": is in USD: expected an account in "
                          "EUR, as the sender's"));
}

TEST(Folder, TellsOfTimesAfterMidnight) {
  const FolderResult result = ReadFiles({{"accounts.csv", kAccounts},
                                         {"payments.csv",
                                          "sender,recipient,amount,day,time\na,b,1,1,21:30\n"
                                          "a,b,1,1,26:30\na,b,1,2,21:00\n"}});
  EXPECT_EQ(result.input.payments[1].due, 26 * kHourUs + 30 * kMinuteUs);
  EXPECT_EQ(result.input.payments[2].due, kDaySpanUs + 21 * kHourUs);
  EXPECT_THAT(result.notices, ElementsAre("1 payment with a time from 24:00 on: after midnight, "
                                          "and of the business day before it"));
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
                                          "b,b,0,1,50:00\n"
                                          "b,a\n"
                                          "b,\"a\"a,1,1,10:00\n"
                                          "b,a,1.005,one,10:00\n"}});
  EXPECT_THAT(
      Problems(result),
      ElementsAre(
          "accounts.csv:2:3: balance \"1e3\": expected a decimal number from 0 with at "
          "most 2 decimals",
          "accounts.csv:4:1: id \"b\": is there already: expected each once",
          "payments.csv:2:3: recipient \"x\": expected the id of an account",
          "payments.csv:3:5: amount \"0\": expected a decimal number above 0 with at most "
          "2 decimals",
          "payments.csv:3:9: time \"50:00\": expected a time of day in the form HH:MM, "
          "such as 09:05 or HH:MM:SS, such as 09:05:30",
          "payments.csv:3:3: recipient \"b\": expected another account than the sender's",
          "payments.csv:4:1: has 2 fields: expected 5, as the first line has",
          "payments.csv:5:6: text after a closing quote: expected a separator or the end "
          "of the line",
          "payments.csv:6:5: amount \"1.005\": expected a decimal number above 0 with at "
          "most 2 decimals",
          "payments.csv:6:11: day \"one\": expected a number from 0 to 999999 or a date such "
          "as 2026-11-30"));
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
                          "payments.csv: is not in the folder, nor is transactions.csv"));
}

// A fault of the first line hid those of all rows, and of the tables that name them.
TEST(Folder, ReportsTheRowsBelowAFaultyFirstLine) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", "id,owner,balance,balance\na,A,1,1\nb,B,x,1\nc,C,1\n"},
                 {"payments.csv", "sender,recipient,time\na,b,10:00\na,z,25:99\n"},
                 {"limits.csv", "account,counterparty,amount\nq,b,-1\na,a,1\n"}});
  EXPECT_THAT(
      Problems(result),
      ElementsAre(
          HasSubstr("accounts.csv:1:18: column \"balance\" means the same"),
          HasSubstr("accounts.csv:3:5: balance \"x\": expected a decimal number from 0"),
          "accounts.csv:4:1: has 3 fields: expected 4, as the first line has",
          HasSubstr("payments.csv:1:1: has the columns sender, recipient, time: expected one "
                    "named amount"),
          HasSubstr("payments.csv:3:3: recipient \"z\": expected the id of an account"),
          HasSubstr("payments.csv:3:5: time \"25:99\": expected a time of day"),
          HasSubstr("limits.csv:2:1: account \"q\": expected the id of an account"),
          HasSubstr("limits.csv:2:5: amount \"-1\": expected a decimal number from 0"),
          HasSubstr("limits.csv:3:3: counterparty \"a\": expected another account")));
}

// What names a row that cannot be told is no fault of its own.
TEST(Folder, AsksForNoNamesThatAMissingColumnWouldHave) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", "owner,balance\nA,x\n"},
                 {"customers.csv", "account,credit_line\na,1\n"},
                 {"payments.csv", "sender,recipient,amount,time,customer\na,b,0,10:00,k\n"}});
  EXPECT_THAT(Problems(result),
              ElementsAre(HasSubstr("accounts.csv:1:1: has the columns owner, balance"),
                          HasSubstr("accounts.csv:2:3: balance \"x\": expected"),
                          HasSubstr("customers.csv:1:1: has the columns account, credit_line"),
                          HasSubstr("payments.csv:2:5: amount \"0\": expected")));
}

// On a disk that tells capitals apart, Accounts.csv was said to be a file that cannot be read.
TEST(Folder, TellsWhatAMissingFileIsCalledInstead) {
  const FolderResult result = ReadFiles({{"Accounts.csv", kAccounts}, {"PAYMENTS.CSV", ""}});
  EXPECT_THAT(
      Problems(result),
      ElementsAre(
          "accounts.csv: is not in the folder, but Accounts.csv is: expected accounts.csv",
          "payments.csv: is not in the folder, but PAYMENTS.CSV is: expected payments.csv"));
}

TEST(Folder, SaysThatThereIsNothingToSettle) {
  const FolderResult result = ReadFiles(
      {{"accounts.csv", kAccounts}, {"payments.csv", "sender,recipient,amount,time\n,,,\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  EXPECT_THAT(result.notices,
              ElementsAre("the table of payments holds none: there is nothing to settle"));
}

// As spreadsheets export below the last row that somebody cleared.
TEST(Folder, PassesOverLinesOfEmptyFields) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", std::string(kAccounts) + ",,,\n , ,\"\",\n,,,,,\n"},
                 {"payments.csv", "sender,recipient,amount,time\n,,,\na,b,1,10:00\n,,,\n"}});
  EXPECT_THAT(Problems(result), IsEmpty());
  EXPECT_EQ(result.input.accounts.size(), 2U);
  ASSERT_EQ(result.input.payments.size(), 1U);
  EXPECT_EQ(result.input.rows[0], 1U);
}

// What a European spreadsheet exports was eight columns that are not used, and a missing one.
TEST(Folder, NamesTheMappingOfAnotherSeparatorOnce) {
  const FolderResult result =
      ReadFiles({{"accounts.csv", "id;owner;balance\na;A;1,5\n"},
                 {"payments.csv", "sender\trecipient\tamount\ttime\na\tb\t1\t10:00\n"}});
  EXPECT_THAT(
      Problems(result),
      ElementsAre(
          "accounts.csv:1:1: separator ';' found: put \"accounts,separator,;,\" into mapping.csv",
          "payments.csv:1:1: separator tab found: put \"payments,separator,tab,\" into "
          "mapping.csv"));
  EXPECT_THAT(result.notices, IsEmpty());
  EXPECT_THAT(Problems(ReadFiles({{"mapping.csv", "table;field;column;form\n"},
                                  {"accounts.csv", kAccounts},
                                  {"payments.csv", "sender,recipient,amount,time\n"}})),
              ElementsAre("mapping.csv:1:1: separator ';' found: expected ','"));
}

// Latin-1 once went through to output that is no UTF-8.
TEST(Folder, WantsUtf8AndSaysHowToSaveIt) {
  const std::string payments = "sender,recipient,amount,time\n";
  EXPECT_THAT(Problems(ReadFiles({{"accounts.csv", "id,balance\nZ\xFCrich,1\nGen\xE8ve,1\n"},
                                  {"payments.csv", payments}})),
              ElementsAre("accounts.csv:2:1: is not UTF-8: save as \"CSV UTF-8\""));
  using std::string_literals::operator""s;
  EXPECT_THAT(Problems(ReadFiles(
                  {{"accounts.csv", "\xFF\xFEi\0d\0,\0b\0\n\0"s}, {"payments.csv", payments}})),
              ElementsAre("accounts.csv:1:1: is UTF-16: save as \"CSV UTF-8\""));
  EXPECT_THAT(
      Problems(ReadFiles({{"accounts.csv", "id,balance\nZürich,1\n"}, {"payments.csv", payments}})),
      IsEmpty());
}

// "1000.50" is a decimal number, and not the one of the form decimal-comma.
TEST(Folder, NamesTheFormOfAValueThatHasAnother) {
  const FolderResult result = ReadFiles({{"mapping.csv",
                                          "table,field,column,form\n"
                                          "accounts,balance,balance,decimal-comma\n"
                                          "payments,amount,amount,minor\n"
                                          "payments,time,time,HHMMSS\n"
                                          "payments,day,day,DD/MM/YYYY\n"},
                                         {"accounts.csv", "id,balance\na,1000.50\nb,0\n"},
                                         {"payments.csv",
                                          "sender,recipient,amount,time,day\n"
                                          "a,b,100.5,9:05:00 AM,11/30/2026\n"}});
  EXPECT_THAT(
      Problems(result),
      ElementsAre(
          "accounts.csv:2:3: balance \"1000.50\": expected a number from 0 with at most 2 decimals "
          "in the form decimal-comma, such as 1234,50",
          "payments.csv:2:5: amount \"100.5\": expected a number above 0 in the form minor, such "
          "as 123450",
          "payments.csv:2:22: day \"11/30/2026\": expected a date in the form DD/MM/YYYY, such as "
          "30/11/2026",
          "payments.csv:2:11: time \"9:05:00 AM\": expected a time of day in the form HHMMSS, such "
          "as 090530"));
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
  EXPECT_THAT(
      Problems(result),
      ElementsAre(HasSubstr("mapping.csv:2:1: table \"users\": expected banks, accounts"),
                  HasSubstr("mapping.csv:3:10: field \"colour\": expected one of file"),
                  HasSubstr("mapping.csv:4:17: form \"roman\": expected one of HH:MM, HH:MM:SS, "
                            "HHMM, HHMMSS, day-fraction")));
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

TEST(Values, ReadsAmountsInGroupsOfThreeDigits) {
  using enum AmountForm;
  for (const char* good : {"1,234,567.50", "1 234 567.5",
                           "1\xC2\xA0"
                           "234\xC2\xA0"
                           "567.5",
                           "1234567.50"}) {
    EXPECT_EQ(ParseMinor(good, 2, kDecimalGrouped), 123456750) << good;
  }
  for (const char* good : {"1.234.567,50", "1 234 567,5",
                           "1\xE2\x80\xAF"
                           "234\xE2\x80\xAF"
                           "567,5",
                           "1234567,50"}) {
    EXPECT_EQ(ParseMinor(good, 2, kDecimalCommaGrouped), 123456750) << good;
  }
  for (const char* bad : {"", "1,50", ",100", "1,2345", "1234,567", "1,234 567", "1,,234", "1,234,",
                          "1.234,50", "1,234.567", "-1,000"}) {
    EXPECT_EQ(ParseMinor(bad, 2, kDecimalGrouped), std::nullopt) << bad;
  }
}

TEST(Values, ReadsTimesAsSpreadsheetsCountThem) {
  const auto read = [](const char* text) { return ParseTimeOfDay(text, TimeForm::kFractionOfDay); };
  EXPECT_EQ(read("0"), 0);
  EXPECT_EQ(read("0.5"), 12 * kHourUs);
  EXPECT_EQ(read("0,378"), 9 * kHourUs + 4 * kMinuteUs + 19'200'000);
  // 09:05:00, as it is written.
  EXPECT_EQ(read("0.378472222222222"), 9 * kHourUs + 5 * kMinuteUs);
  for (const char* bad : {"", "1", "1.5", "-0.5", "0.9999999999999999", "09:05"}) {
    EXPECT_EQ(read(bad), std::nullopt) << bad;
  }
}

TEST(Values, ReadsAndWritesTimesOfDay) {
  EXPECT_EQ(ParseTimeOfDay("47:59:59.999999"), kDaySpanUs - 1);
  EXPECT_EQ(ParseTimeOfDay("905", TimeForm::kDigits), 9 * kHourUs + 5 * kMinuteUs);
  EXPECT_EQ(FormatTimeOfDay(9 * kHourUs + 5 * kMinuteUs), "09:05:00");
  EXPECT_EQ(FormatTimeOfDay(1), "00:00:00.000001");
  for (const char* bad : {"", "9", "48:00", "10:60", "10:5", "10:00:", "10:00:00.",
                          "10:00:00.1234567", "10:00x", "-1:00"}) {
    EXPECT_EQ(ParseTimeOfDay(bad), std::nullopt) << bad;
  }
}

TEST(Values, ReadsDaysAsNumbersOrDatesThatExist) {
  EXPECT_EQ(ParseDay("7"), 7);
  EXPECT_EQ(FormatDay(*ParseDay("2026-11-30")), "2026-11-30");
  EXPECT_EQ(ParseDay("30.11.2026", DayForm::kDottedDate), ParseDay("2026-11-30"));
  EXPECT_EQ(ParseDay("30/11/2026", DayForm::kDayFirst), ParseDay("2026-11-30"));
  EXPECT_EQ(ParseDay("11/30/2026", DayForm::kMonthFirst), ParseDay("2026-11-30"));
  EXPECT_EQ(ParseDay("11/30/2026", DayForm::kDayFirst), std::nullopt);
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

// $ printf 'id,balance\na,1\nb,0\n' > accounts.csv; printf 'x' > TRAN.txt
// $ sha256sum TRAN.txt accounts.csv | sha256sum
TEST(Folder, DigestOfFilesIsThatOfCommonPrograms) {
  const MemoryFolder folder({{"accounts.csv", "id,balance\na,1\nb,0\n"}, {"TRAN.txt", "x"}});
  const absl::StatusOr<std::string> hash = HashOfFiles(folder, {"TRAN.txt", "accounts.csv"});
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(*hash, "5f245abd97a1dcd7a095cb2f63ec41288794d4b8dc78563da46fcfb13cd40d7d");
  EXPECT_FALSE(HashOfFiles(folder, {"none.csv"}).ok());
}

TEST(Folder, ReadsByWhenAPaymentIsToSettle) {
  const std::string accounts = "id,balance\na,1\nb,0\n";
  const FolderResult good =
      ReadFolder(MemoryFolder({{"accounts.csv", accounts},
                               {"payments.csv",
                                "sender,recipient,amount,day,time,settle_by\na,b,1,2,09:00,12:00\n"
                                "a,b,1,1,10:00,\n"}}),
                 0);
  ASSERT_TRUE(good.problems.empty()) << good.problems.ToString();
  EXPECT_THAT(good.input.settle_by, ::testing::ElementsAre(kNoTime, kDaySpanUs + 12 * kHourUs));
  EXPECT_FALSE(good.input.payments[0].time_specific);
  EXPECT_TRUE(good.input.payments[1].time_specific);
  const FolderResult bad = ReadFolder(
      MemoryFolder(
          {{"accounts.csv", accounts},
           {"payments.csv", "sender,recipient,amount,time,settle_by\na,b,1,09:00,08:59\n"}}),
      0);
  EXPECT_EQ(bad.problems.ToString(),
            "payments.csv:2:13: settle_by \"08:59\": expected a time of day not before the "
            "payment's own, or nothing\n");
}

TEST(Folder, ReadsFloatingPointOfPssimpyExactlyAndSaysWhatItRounds) {
  const std::map<std::string, std::string> files = {
      {"banks.csv", "name\nb1\nb2\n"},
      {"accounts.csv", ",id,owner,balance,posted_collateral\n0,a,b1,100.0,0\n1,b,b2,1e2,0\n"},
      {"transactions.csv",
       ",sender_account,recipient_account,amount,day,time\n0,a,b,12.3456789,1,08:50\n"
       "1,b,a,2.5e-1,1,08:55\n2,b,a,0.125,1,09:00\n3,b,a,0.135,1,09:00\n"}};
  const FolderResult read = ReadFolder(MemoryFolder(files), 2);
  ASSERT_TRUE(read.problems.empty()) << read.problems.ToString();
  EXPECT_EQ(read.input.accounts[1].balance, 10'000);
  EXPECT_EQ(read.input.payments[0].amount, 1'235);
  EXPECT_EQ(read.input.payments[1].amount, 25);
  EXPECT_EQ(read.input.payments[2].amount, 12);  // half to even
  EXPECT_EQ(read.input.payments[3].amount, 14);
  EXPECT_THAT(read.notices,
              ::testing::Contains("transactions.csv: 3 amounts of more than 2 decimals, rounded "
                                  "half-even; the first is \"12.3456789\""));
}

TEST(Folder, PassesOverSpacesAroundFields) {
  const FolderResult read = ReadFolder(
      MemoryFolder({{"accounts.csv", "id, balance\na, 1\n b ,\t0 \n"},
                    {"payments.csv", "sender, recipient, amount, time\na, b, 1, 09:00\n"}}),
      0);
  ASSERT_TRUE(read.problems.empty()) << read.problems.ToString();
  EXPECT_EQ(read.input.accounts[1].id, "b");
  EXPECT_EQ(read.input.payments.size(), 1U);
}

TEST(Folder, SaysHowMuchIsTooMuch) {
  const FolderResult read = ReadFolder(
      MemoryFolder(
          {{"accounts.csv",
            "id,balance\na,99999999999999999999\nb,11000000000000000\n"
            "c,11000000000000000\n"},
           {"payments.csv", "sender,recipient,amount,time\na,b,20000000000000000.00,09:00\n"}}),
      2);
  EXPECT_EQ(read.problems.ToString(),
            "accounts.csv:2:3: balance \"99999999999999999999\": expected at most "
            "11529215046068469.76\n"
            "accounts.csv:4:3: balance \"11000000000000000\": expected all balances to come to at "
            "most 1152921504606846976 minor units\n"
            "payments.csv:2:5: amount \"20000000000000000.00\": expected at most "
            "11529215046068469.76\n");
}

TEST(Folder, WantsEachPaymentsIdOnce) {
  const FolderResult read =
      ReadFolder(MemoryFolder({{"accounts.csv", "id,balance\na,1\nb,0\n"},
                               {"payments.csv",
                                "id,sender,recipient,amount,time\nx,a,b,1,09:00\n,a,b,1,09:00\n"
                                ",a,b,1,09:00\nx,b,a,1,09:00\n"}}),
                 0);
  EXPECT_EQ(read.problems.ToString(),
            "payments.csv:5:1: id \"x\": is there already: expected each once\n");
}

}  // namespace
}  // namespace causeway::study
