// The bytes of settlement lists, their parts, votes and leaves.
#include "settlement/core/settlement_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

template <typename T>
T ParsedAs(std::string_view text) {
  return *T::Parse(text);
}

TermsHeader SomeList(std::uint32_t count = 3) {
  TermsHeader terms{.policy_hash = Sha256("policy"),
                    .deadline = LedgerTime::FromMicros(1'700'000'000'000'000),
                    .nonce = std::string(16, 'n'),
                    .list_count = count};
  terms.ledgers = {{ParsedAs<LedgerOrigin>("hk.example/hkd"), count},
                   {ParsedAs<LedgerOrigin>("th.example/thb"), count}};
  terms.parts = {{ParsedAs<ParticipantId>("ALPHA"), Sha256("part 1")},
                 {ParsedAs<ParticipantId>("BETA"), Sha256("part 2")}};
  return terms;
}

BulkPayment SomeLeg(std::uint8_t seed) {
  BulkPayment leg;
  leg.debtor = {seed, 7};
  leg.creditor = {seed + 1U, 8};
  leg.amount = Amount::FromMinor(seed * 100);
  leg.purpose = {'F', 'X', 0, 0};
  leg.id.fill(seed);
  std::array<std::uint8_t, 16> random{};
  random.fill(seed);
  leg.uetr = Uetr::FromRandomBytes(random);
  return leg;
}

TEST(SettlementListTest, IsReadAsItWasWritten) {
  const std::string bytes = EncodeSettlementList(SomeList());
  EXPECT_TRUE(IsSettlementList(bytes));
  const auto terms = DecodeSettlementList(bytes);
  ASSERT_TRUE(terms.ok()) << terms.status().message();
  EXPECT_EQ(terms->settlement_id, SettlementIdOf(bytes));
  EXPECT_EQ(terms->list_count, 3u);
  EXPECT_EQ(terms->parts, SomeList().parts);
  EXPECT_EQ(terms->ledgers, SomeList().ledgers);
  EXPECT_EQ(EncodeSettlementList(*terms), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeSettlementList(bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeSettlementList(bytes + "x").ok());
}

TEST(SettlementListTest, RefusesWhatIsOutOfBounds) {
  EXPECT_FALSE(DecodeSettlementList(EncodeSettlementList(SomeList(0))).ok());
  const TermsHeader large = SomeList(static_cast<std::uint32_t>(kListSettlementsMax) + 1);
  EXPECT_TRUE(
      absl::IsResourceExhausted(DecodeSettlementList(EncodeSettlementList(large)).status()));
  TermsHeader one = SomeList();
  one.ledgers.pop_back();
  one.parts.pop_back();
  EXPECT_FALSE(DecodeSettlementList(EncodeSettlementList(one)).ok()) << "one ledger";
  TermsHeader unsorted = SomeList();
  std::swap(unsorted.ledgers[0], unsorted.ledgers[1]);
  EXPECT_FALSE(DecodeSettlementList(EncodeSettlementList(unsorted)).ok());
  TermsHeader no_deadline = SomeList();
  no_deadline.deadline = LedgerTime::FromMicros(0);
  EXPECT_FALSE(DecodeSettlementList(EncodeSettlementList(no_deadline)).ok());
}

TEST(SettlementListTest, APartHasItsLegsInOrder) {
  const std::vector<BulkPayment> legs = {SomeLeg(1), SomeLeg(2)};
  const std::string part = EncodeListPart(std::string(16, 's'), legs);
  const auto decoded = DecodeListPart(part, 2);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(*decoded, legs);
  EXPECT_EQ(LegOfPart(part, 1), legs[1]);
  EXPECT_FALSE(DecodeListPart(part, 1).ok());
  EXPECT_FALSE(DecodeListPart(part, 3).ok());
  std::string wrong = part;
  wrong[16 + kBulkPaymentBytes + 46] = 0;  // the version of the second UETR
  EXPECT_FALSE(DecodeListPart(wrong, 2).ok());
  EXPECT_NE(ListPartHash(part), ListPartHash(EncodeListPart(std::string(16, 't'), legs)));
}

TEST(SettlementListTest, CommitsWhatEveryVoteHolds) {
  std::vector<Vote> votes(2);
  votes[0].listed = *PositionSet::FromBits(9, std::string("\x0f\x01", 2));
  votes[1].listed = *PositionSet::FromBits(9, std::string("\x3c\x01", 2));
  const auto committed = CommittedBy(votes, 9);
  ASSERT_TRUE(committed.has_value());
  EXPECT_EQ(committed->bits(), std::string("\x0c\x01", 2));
  EXPECT_EQ(committed->Count(), 3u);
  EXPECT_TRUE(committed->Contains(8));
  EXPECT_FALSE(committed->Contains(9));
  EXPECT_FALSE(CommittedBy(votes, 8).has_value());
  EXPECT_FALSE(CommittedBy({}, 9).has_value());
  EXPECT_FALSE(PositionSet::FromBits(9, std::string("\x0f\x02", 2)).has_value())
      << "a bit after the last";
  EXPECT_FALSE(PositionSet::FromBits(9, "\x0f").has_value());
}

TEST(SettlementListTest, AVoteOnAListIsReadAsItWasWritten) {
  Vote vote;
  vote.settlement_id = Sha256("list");
  vote.hold = 12;
  vote.listed = *PositionSet::FromBits(3, "\x05");
  vote.statement = {ParsedAs<LedgerOrigin>("hk.example/hkd"), Sha256("genesis"), 1, Sha256("root"),
                    "signature"};
  const std::string bytes = EncodeVote(vote);
  const auto decoded = DecodeVote(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded->listed, vote.listed);
  EXPECT_EQ(EncodeVote(*decoded), bytes);
  const Hash256 hash = VoteHash(vote);
  vote.listed = *PositionSet::FromBits(3, "\x07");
  EXPECT_NE(VoteHash(vote), hash);
  EXPECT_NE(VoteLeaf(vote.settlement_id, 12, vote.listed),
            VoteLeaf(vote.settlement_id, 12, decoded->listed));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeVote(bytes.substr(0, size)).ok()) << size;
  }
}

TEST(SettlementListTest, AResolvedLegIsReadAsItWasWritten) {
  const ResolvedLeg leg{.position = 4,
                        .hold = 1234,
                        .leg = {5, 6, Amount::FromMinor(700)},
                        .outcome = Outcome::kSettlementAborted,
                        .debtor_held_after = 8,
                        .available_after = -9,
                        .first_sequence = 10,
                        .second_sequence = 11,
                        .first_previous = 12,
                        .second_previous = 13};
  std::string record;
  AppendResolvedLegs({&leg, 1}, record);
  ASSERT_EQ(record.size(), kResolvedLegBytes);
  EXPECT_EQ(ReadResolvedLeg(record), leg);
  std::string bytes(kResolvedLeafBytes, '\0');
  WriteResolvedLeaf(77, LeafSalt{1, 2}, Sha256("list"), leg, bytes.data());
  const auto leaf = DecodeResolvedLeaf(bytes);
  ASSERT_TRUE(leaf.ok()) << leaf.status().message();
  EXPECT_EQ(leaf->index, 77u);
  EXPECT_EQ(leaf->list_id, Sha256("list"));
  ResolvedLeg shown = leg;
  shown.first_previous = shown.second_previous = 0;
  EXPECT_EQ(leaf->leg, shown);
  record[25] = 0;
  record[26] = 99;  // no outcome of a leg
  EXPECT_FALSE(ReadResolvedLeg(record).has_value());
  EXPECT_FALSE(DecodeResolvedLeaf(bytes.substr(1)).ok());
}

TEST(SettlementListTest, SettlementsHaveIdsOfTheirOwn) {
  EXPECT_NE(ListedSettlementId(Sha256("list"), 0), ListedSettlementId(Sha256("list"), 1));
  EXPECT_NE(ListedSettlementId(Sha256("list"), 0), ListedSettlementId(Sha256("other"), 0));
}

}  // namespace
}  // namespace causeway::core
