#include "scenarios/text/text.h"

#include <gtest/gtest.h>

namespace causeway::text {
namespace {

TEST(EscapeHtmlTest, LeavesNoMarkup) {
  EXPECT_EQ(EscapeHtml("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(EscapeHtml("plain"), "plain");
}

TEST(CsvFieldTest, QuotesWhatWouldEndAFieldOrALine) {
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(CsvField("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(CsvField("two\rlines"), "\"two\rlines\"");
}

TEST(CsvFieldTest, LeavesTheRestAsItIs) {
  EXPECT_EQ(CsvField("it's; plain"), "it's; plain");
  EXPECT_EQ(CsvField(""), "");
}

TEST(GroupedTest, SetsCommasBeforeThePointOnly) {
  EXPECT_EQ(Grouped("1234567.8901"), "1,234,567.8901");
  EXPECT_EQ(Grouped("-1234"), "-1,234");
  EXPECT_EQ(Grouped("-123"), "-123");
  EXPECT_EQ(Grouped("0"), "0");
  EXPECT_EQ(Grouped(""), "");
}

}  // namespace
}  // namespace causeway::text
