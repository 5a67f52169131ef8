#include "scenarios/load/histogram.h"

#include <gtest/gtest.h>

#include <cmath>

namespace causeway::load {
namespace {

TEST(LatencyHistogram, EmptyOneSaysZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.ValueAtPercentile(99), 0);
  EXPECT_EQ(histogram.min_ns(), 0);
  EXPECT_EQ(histogram.max_ns(), 0);
  EXPECT_EQ(histogram.mean_ns(), 0);
  EXPECT_TRUE(histogram.Curve().empty());
}

TEST(LatencyHistogram, KeepsThreeSignificantDigitsOverTheWholeRange) {
  for (std::int64_t value = 1; value < LatencyHistogram::kValueMaxNs / 3; value = value * 3 + 1) {
    LatencyHistogram histogram;
    histogram.Record(value);
    histogram.Record(LatencyHistogram::kValueMaxNs);  // so that the maximum does not help
    const std::int64_t read = histogram.ValueAtPercentile(50);
    EXPECT_GE(read, value);
    EXPECT_LE(static_cast<double>(read - value), static_cast<double>(value) / 1000) << value;
  }
}

TEST(LatencyHistogram, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (std::int64_t value = 1; value <= 1000; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.ValueAtPercentile(50), 500);
  EXPECT_EQ(histogram.ValueAtPercentile(99), 990);
  EXPECT_EQ(histogram.ValueAtPercentile(99.9), 999);
  EXPECT_EQ(histogram.ValueAtPercentile(0), 1);
  EXPECT_EQ(histogram.ValueAtPercentile(100), 1000);
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), 500.5);
}

TEST(LatencyHistogram, NeverSaysMoreThanTheMaximum) {
  LatencyHistogram histogram;
  histogram.Record(1'000'001);
  EXPECT_EQ(histogram.ValueAtPercentile(50), 1'000'001);
  EXPECT_EQ(histogram.ValueAtPercentile(100), 1'000'001);
}

TEST(LatencyHistogram, TakesWhatIsOutOfRangeAsTheNearest) {
  LatencyHistogram histogram;
  histogram.Record(-5);
  histogram.Record(LatencyHistogram::kValueMaxNs + 1);
  EXPECT_EQ(histogram.min_ns(), 0);
  EXPECT_EQ(histogram.max_ns(), LatencyHistogram::kValueMaxNs);
}

TEST(LatencyHistogram, MergedIsAsIfRecordedInOne) {
  LatencyHistogram left;
  LatencyHistogram right;
  LatencyHistogram whole;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const std::int64_t value = i * i * 37;
    (i % 3 == 0 ? left : right).Record(value);
    whole.Record(value);
  }
  left.Merge(right);
  EXPECT_EQ(left.count(), whole.count());
  EXPECT_EQ(left.min_ns(), whole.min_ns());
  EXPECT_EQ(left.max_ns(), whole.max_ns());
  for (const double percentile : {1.0, 50.0, 90.0, 99.0, 99.9}) {
    EXPECT_EQ(left.ValueAtPercentile(percentile), whole.ValueAtPercentile(percentile));
  }
}

TEST(LatencyHistogram, ClearedIsEmpty) {
  LatencyHistogram histogram;
  histogram.Record(77);
  histogram.Clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max_ns(), 0);
  EXPECT_EQ(histogram.ValueAtPercentile(50), 0);
}

TEST(LatencyHistogram, CurveRisesFromTheMedianToTheMaximum) {
  LatencyHistogram histogram;
  for (std::int64_t value = 1; value <= 10'000; ++value) histogram.Record(value * 1000);
  const auto curve = histogram.Curve();
  ASSERT_GT(curve.size(), 10u);
  EXPECT_EQ(curve.front().percentile, 50);
  EXPECT_EQ(curve.back().percentile, 100);
  EXPECT_EQ(curve.back().value_ns, 10'000'000);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    EXPECT_GT(curve[i].percentile, curve[i - 1].percentile);
    EXPECT_GE(curve[i].value_ns, curve[i - 1].value_ns);
  }
}

}  // namespace
}  // namespace causeway::load
