#include "observer/verifier/reference_watch.h"

#include <gtest/gtest.h>

namespace causeway::observer {
namespace {

ReferenceUse Use(std::uint64_t entry, const std::string& reference,
                 core::ActionKind kind = core::ActionKind::kIssue) {
  ReferenceUse use;
  use.entry_index = entry;
  use.instruction = {*core::ParticipantId::Parse("CENTRAL"), kind,
                     *core::InstructionId::Parse("I-" + std::to_string(entry))};
  use.reference = reference;
  use.account = *core::AccountAddress::Make(*core::Currency::Parse("HKD"), "ALPHA");
  use.amount = {*core::Currency::Parse("HKD"), core::Amount::FromMinor(1'000)};
  return use;
}

TEST(ReferenceWatchTest, EveryRepeatNamesTheFirstUse) {
  ReferenceWatch watch;
  watch.OnUse(Use(3, "A"));
  watch.OnUse(Use(5, "B"));
  watch.OnUse(Use(7, "A"));
  watch.OnUse(Use(9, "A"));
  ASSERT_EQ(watch.repeated().size(), 2u);
  EXPECT_EQ(watch.repeated()[0].use.entry_index, 7u);
  EXPECT_EQ(watch.repeated()[1].use.entry_index, 9u);
  EXPECT_EQ(watch.repeated()[1].first_entry_index, 3u);
  EXPECT_EQ(watch.repeated_count(), 2u);
}

TEST(ReferenceWatchTest, WhatGoesOutIsNotComparedWithWhatComesIn) {
  ReferenceWatch watch;
  watch.OnUse(Use(1, "A", core::ActionKind::kRequestIssue));
  watch.OnUse(Use(2, "A", core::ActionKind::kRedeem));
  EXPECT_EQ(watch.repeated_count(), 0u);
  watch.OnUse(Use(3, "A", core::ActionKind::kIssue));
  EXPECT_EQ(watch.repeated_count(), 1u);
}

TEST(ReferenceWatchTest, ForgetsTheOldestReferenceBeyondItsBound) {
  ReferenceWatch watch(/*remembered=*/2);
  watch.OnUse(Use(1, "A"));
  watch.OnUse(Use(2, "B"));
  EXPECT_EQ(watch.forgotten(), 0u);
  watch.OnUse(Use(3, "C"));
  EXPECT_EQ(watch.forgotten(), 1u);
  watch.OnUse(Use(4, "B"));
  EXPECT_EQ(watch.repeated_count(), 1u);
  watch.OnUse(Use(5, "A"));
  EXPECT_EQ(watch.repeated_count(), 1u);
}

TEST(ReferenceWatchTest, CountsWhatItDoesNotKeep) {
  ReferenceWatch watch;
  for (std::uint64_t entry = 0; entry <= kRepeatedReferencesKept + 5; ++entry) {
    watch.OnUse(Use(entry, "A"));
  }
  EXPECT_EQ(watch.repeated().size(), kRepeatedReferencesKept);
  EXPECT_EQ(watch.repeated_count(), kRepeatedReferencesKept + 5);
}

TEST(ReferenceWatchTest, DescribesTheUse) {
  ReferenceWatch watch;
  watch.OnUse(Use(3, "R 1"));
  watch.OnUse(Use(8, "R 1"));
  const std::string text = Describe(watch.repeated()[0]);
  EXPECT_EQ(text.find("issue I-8 of CENTRAL: 10.00 HKD to HKD"), 0u) << text;
  EXPECT_NE(text.find("under the RTGS reference \"R 1\", which entry 3 named before"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace causeway::observer
