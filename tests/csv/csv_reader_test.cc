#include "settlement/csv/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace causeway::csv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a reader made of a text: each record as its fields, or as its fault.
std::vector<std::vector<std::string>> ReadAll(const std::string& text, char separator = ',') {
  std::istringstream in(text);
  CsvReader reader(in, separator);
  CsvRecord record;
  std::vector<std::vector<std::string>> all;
  while (reader.Next(record)) {
    std::vector<std::string>& fields = all.emplace_back();
    for (const CsvField& field : record.fields) fields.emplace_back(field.text);
    if (!record.fault.empty()) {
      fields.push_back(std::to_string(record.fault_line) + ":" +
                       std::to_string(record.fault_column) + ": " + record.fault);
    }
  }
  return all;
}

TEST(CsvReader, SplitsRecordsAtLineBreaksAndFieldsAtCommas) {
  EXPECT_THAT(ReadAll("a,b\n1,\n,2\n"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1", ""), ElementsAre("", "2")));
}

TEST(CsvReader, TakesCarriageReturnsWithLineFeedsAndAFileThatEndsWithoutEither) {
  EXPECT_THAT(ReadAll("a,b\r\n1,2"), ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2")));
  EXPECT_THAT(ReadAll("a,\"b\"\r\n\"1\",2\r\n"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2")));
}

TEST(CsvReader, PassesOverAByteOrderMarkAndEmptyLines) {
  EXPECT_THAT(ReadAll("\xEF\xBB\xBF\n\r\na\n\n\nb\n\n"),
              ElementsAre(ElementsAre("a"), ElementsAre("b")));
  EXPECT_THAT(ReadAll(""), IsEmpty());
}

TEST(CsvReader, KeepsSeparatorsLineBreaksAndDoubledQuotesWithinQuotes) {
  EXPECT_THAT(
      ReadAll("\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\nx,y,z\n"),
      ElementsAre(ElementsAre("a,b", "say \"no\"", "two\nlines"), ElementsAre("x", "y", "z")));
}

TEST(CsvReader, SplitsAtAnotherSeparator) {
  EXPECT_THAT(ReadAll("a;b,c\n", ';'), ElementsAre(ElementsAre("a", "b,c")));
}

TEST(CsvReader, TellsTheLineAndColumnOfEachField) {
  std::istringstream in("head\n\"two\nlines\",x\nab,cd\n");
  CsvReader reader(in);
  CsvRecord record;
  ASSERT_TRUE(reader.Next(record));
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.line, 2U);
  EXPECT_EQ(record.fields[1].line, 3U);
  EXPECT_EQ(record.fields[1].column, 8U);
  ASSERT_TRUE(reader.Next(record));
  EXPECT_EQ(record.line, 4U);
  EXPECT_EQ(record.fields[1].column, 4U);
}

TEST(CsvReader, GoesOnAfterAQuoteWithinAField) {
  EXPECT_THAT(ReadAll("a\"b,c\nd\n"),
              ElementsAre(ElementsAre(HasSubstr("1:2: a quote within a field")), ElementsAre("d")));
}

TEST(CsvReader, GoesOnAfterTextBehindAClosingQuote) {
  EXPECT_THAT(
      ReadAll("x,\"a\"b\nd\n"),
      ElementsAre(ElementsAre(HasSubstr("1:6: text after a closing quote")), ElementsAre("d")));
  EXPECT_THAT(ReadAll("\"a\nb\"c\nd\n"),
              ElementsAre(ElementsAre(HasSubstr("1:1: a quote that is not closed")),
                          ElementsAre(HasSubstr("2:2: a quote within a field")), ElementsAre("d")));
}

TEST(CsvReader, GoesOnAtTheLineAfterAQuoteThatIsNeverClosed) {
  EXPECT_THAT(ReadAll("a,\"b\nc,d\n"),
              ElementsAre(ElementsAre(HasSubstr("1:3: a quote that is not closed")),
                          ElementsAre("c", "d")));
}

TEST(CsvReader, GoesOnAfterALineThatIsTooLong) {
  const std::string text = "a\n" + std::string(3'000'000, 'x') + "\nb\n";
  EXPECT_THAT(ReadAll(text),
              ElementsAre(ElementsAre("a"), ElementsAre(HasSubstr("2:1: a line of more than")),
                          ElementsAre("b")));
}

TEST(CsvReader, ReadsStreamsManyTimesAsLongAsItsBuffer) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) {
    text += std::to_string(i) + (i % 7 == 0 ? ",\"a \"\"b\"\"\"\r\n" : ",plain\n");
  }
  std::istringstream in(text);
  CsvReader reader(in);
  CsvRecord record;
  for (int i = 0; i < 300'000; ++i) {
    ASSERT_TRUE(reader.Next(record));
    ASSERT_EQ(record.line, static_cast<std::uint64_t>(i) + 1);
    ASSERT_EQ(record.fields.size(), 2U) << record.fault;
    ASSERT_EQ(record.fields[0].text, std::to_string(i));
    ASSERT_EQ(record.fields[1].text, i % 7 == 0 ? "a \"b\"" : "plain");
  }
  EXPECT_FALSE(reader.Next(record));
}

// Its next quote is that of another field, lines later: the records between are not lost.
TEST(CsvReader, GoesOnAfterTheLineOfAQuoteThatWasNotClosed) {
  EXPECT_THAT(ReadAll("\"a,b\nc,d\ne,\"f\"\n"),
              ElementsAre(ElementsAre(HasSubstr("1:1: a quote that is not closed")),
                          ElementsAre("c", "d"), ElementsAre("e", "f")));
}

}  // namespace
}  // namespace causeway::csv
