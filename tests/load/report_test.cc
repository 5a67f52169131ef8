#include "scenarios/load/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace causeway::load {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RunDescription SomeDescription() {
  return {.ledger = "hk.example/hkd",
          .address = "127.0.0.1:7001",
          .mode = "fixed",
          .load = "5000 payments/s, evenly",
          .batch = 100,
          .debtors = 10,
          .creditors = 20,
          .seed = 77};
}

RunResult SomeResult() {
  RunResult result;
  result.measured_s = 2;
  result.measured_payments = 10'000;
  result.measured_requests = 100;
  for (std::int64_t i = 1; i <= 100; ++i) {
    result.corrected.Record(i * 2'000'000);
    result.uncorrected.Record(i * 1'000'000);
  }
  result.seconds = {{.payments = 6000, .requests = 60}, {.payments = 4000, .requests = 40}};
  result.settled = 9'990;
  result.rejected[core::Outcome::kInsufficientFunds] = 10;
  result.first_failure = "too <poor> & sad";
  return result;
}

TEST(RunResult, UnexpectedIsWhatDidNotSettleButTheAllowed) {
  RunResult result = SomeResult();
  result.refused[core::Outcome::kMalformed] = 3;
  result.unanswered = 4;
  result.failed = 1;
  result.repeated = 2;
  EXPECT_EQ(result.Unexpected({}), 20u);
  EXPECT_EQ(result.Unexpected({core::Outcome::kInsufficientFunds}), 10u);
  result.not_sent = 5;
  EXPECT_EQ(result.Unexpected({}), 25u);
}

TEST(Report, WhatWasDueAndNotSentIsToldInEveryForm) {
  RunResult result = SomeResult();
  result.not_sent = 139'891;
  EXPECT_EQ(ReportJson(SomeDescription(), result)["payments"]["not_sent"], 139'891);
  EXPECT_THAT(ReportText(SomeDescription(), result), HasSubstr("139891 due and not sent"));
  EXPECT_THAT(ReportHtml(SomeDescription(), result), HasSubstr("139891"));
}

TEST(Report, JsonHasRatesLatenciesAndOutcomes) {
  const nlohmann::json json = ReportJson(SomeDescription(), SomeResult());
  EXPECT_EQ(json["payments_per_s"], 5000.0);
  EXPECT_EQ(json["requests_per_s"], 50.0);
  EXPECT_NEAR(json["latency_us"]["corrected"]["p50"].get<double>(), 100'000, 100);
  EXPECT_NEAR(json["latency_us"]["uncorrected"]["p99"].get<double>(), 99'000, 99);
  EXPECT_EQ(json["payments"]["rejected"]["INSUFFICIENT_FUNDS"], 10);
  EXPECT_EQ(json["seconds"].size(), 2u);
  EXPECT_EQ(json["seed"], 77);
}

TEST(Report, PageNeedsNothingFromOutsideAndEscapesWhatItShows) {
  RunDescription description = SomeDescription();
  description.unexpected = 10;
  const std::string html = ReportHtml(description, SomeResult());
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(html, HasSubstr("too &lt;poor&gt; &amp; sad"));
  EXPECT_THAT(html, Not(HasSubstr("<poor>")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, Not(HasSubstr("nan,")));  // a number that is none, in a plot
  EXPECT_THAT(html, Not(HasSubstr(",nan")));
  EXPECT_THAT(html, Not(HasSubstr("inf")));
}

TEST(Report, EmptyRunMakesAReportToo) {
  const RunResult nothing;
  EXPECT_THAT(ReportHtml(SomeDescription(), nothing), HasSubstr("</html>"));
  EXPECT_THAT(ReportText(SomeDescription(), nothing), HasSubstr("0 payments/s"));
  EXPECT_EQ(ReportJson(SomeDescription(), nothing)["payments_per_s"], 0.0);
}

TEST(Report, TextShowsBothLatenciesAndWhatFailed) {
  RunDescription description = SomeDescription();
  description.unexpected = 10;
  const std::string text = ReportText(description, SomeResult());
  EXPECT_THAT(text, HasSubstr("corrected"));
  EXPECT_THAT(text, HasSubstr("INSUFFICIENT_FUNDS"));
  EXPECT_THAT(text, HasSubstr("unexpected"));
  EXPECT_THAT(text, HasSubstr("too <poor> & sad"));
}

}  // namespace
}  // namespace causeway::load
