#include "scenarios/live/live_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

// What a live run says of the two currencies with `more`. It says so before it starts or writes
// anything.
std::string RefusalToRun(std::string_view more) {
  const Plan plan = Compiled(TwoCurrenciesWith(more));
  const std::string work_dir = ::testing::TempDir() + "/live-session-that-never-starts";
  const auto session = LiveSession::Start(plan, "/no/programs/here", work_dir);
  EXPECT_FALSE(session.ok());
  EXPECT_FALSE(std::filesystem::exists(work_dir));
  if (session.ok()) return "started";
  EXPECT_EQ(session.status().code(), absl::StatusCode::kInvalidArgument) << session.status();
  return std::string(session.status().message());
}

TEST(LiveSessionTest, RefusesBehavioursOfBanks) {
  EXPECT_THAT(RefusalToRun("concurrent: true behaviours { participants: \"DE-BANK-1\" "
                           "defaults { at: \"12:00\" } }"),
              HasSubstr("behaviours are for virtual time: this file runs without --live only"));
}

TEST(LiveSessionTest, RefusesFaults) {
  EXPECT_THAT(RefusalToRun("faults { date: \"2024-01-04\" time: \"10:00\" duration_ms: 1000 "
                           "crash { nodes: \"BRIDGE\" down_ms_max: 1000 } }"),
              HasSubstr("faults and modelled_signatures are for virtual time"));
}

TEST(LiveSessionTest, RefusesVenues) {
  EXPECT_THAT(RefusalToRun("venues { name: \"pool\" pool { participant: \"DEALER\" base: \"EUR\" "
                           "quote: \"USD\" base_amount: \"500.00\" quote_amount: \"500.00\" "
                           "constant_product { fee_ppm: 3000 } } }"),
              HasSubstr("venues, and tiers, limits, largest amounts and validity of posted rates, "
                        "are for virtual time"));
}

}  // namespace
}  // namespace causeway::sim
