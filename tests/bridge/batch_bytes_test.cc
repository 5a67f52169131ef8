// What one decision batch may have in bytes. A single payer once ended 908 settlements with terms
// of 64 KiB in one tick: their batch of 59 MB was more than a witness takes, and nothing behind it
// was ever certified.
#include <gtest/gtest.h>

#include "settlement/codec/codec.h"
#include "settlement/rpc/tls.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

constexpr std::size_t kTermsBytes = 64 * 1024;

// The same terms to every decoder, as long as terms may be: their nonce is given again and again.
std::string Padded(std::string terms) {
  const std::string nonce =
      "\x2a\x10" + Must(codec::DecodeTerms(terms)).nonce;  // field 5, 16 bytes
  while (terms.size() + nonce.size() <= kTermsBytes) terms += nonce;
  return terms;
}

TEST(BatchBytesTest, LongTermsThatEndAtOnceAreWrittenInBatchesThatAWitnessTakes) {
  constexpr int kCount = 400;
  World world;
  auto engine = world.Open();
  for (int i = 0; i < kCount; ++i) {
    const std::string terms = Padded(world.TermsOfNobody(i));
    const auto known =
        engine->JudgeDeadline(At(2000), core::SettlementIdOf(terms), terms, Party("ALPHA"));
    ASSERT_TRUE(std::holds_alternative<SettlementView>(known)) << i;
  }
  ASSERT_TRUE(engine->Flush(At(2000)).ok());
  EXPECT_EQ(engine->size(), kCount);
  EXPECT_EQ(engine->batch_count(), 4u);
  for (std::uint64_t i = 0; i < engine->batch_count(); ++i) {
    EXPECT_LE(Must(engine->ReadBatchBytes(i)).size(), kDecisionBatchBytesMax + 2 * kTermsBytes);
  }
  engine.reset();
  EXPECT_EQ(world.Open()->size(), kCount);
}

TEST(BatchBytesTest, TermsThatAreNotCanonicalAreRefused) {
  World world;
  auto engine = world.Open();
  Deal deal = world.Swap("s", At(1000));
  const Deal canonical = deal;
  deal.terms.payload = Padded(deal.terms.payload);
  deal.terms.signatures.clear();
  World::Sign("ALPHA", deal.terms);
  const auto result = engine->Submit(At(1), deal.terms, deal.legs);
  ASSERT_TRUE(std::holds_alternative<core::Rejection>(result));
  EXPECT_EQ(std::get<core::Rejection>(result).outcome, core::Outcome::kMalformed);
  EXPECT_NE(std::get<core::Rejection>(result).message.find("canonical"), std::string::npos);
  EXPECT_TRUE(std::holds_alternative<SettlementView>(
      engine->Submit(At(1), canonical.terms, canonical.legs)));
}

}  // namespace
}  // namespace causeway::bridge
