// Settlement lists as docs/formats has them, written by code of its own
// (tests/vectors/make_format_vectors.py).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "settlement/core/hash.h"
#include "settlement/core/settlement_list.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

class SettlementListVectorsTest : public ::testing::Test {
 protected:
  static std::string Bytes(const nlohmann::json& hex) { return *FromHex(hex.get<std::string>()); }

  const nlohmann::json vector_ = nlohmann::json::parse(testing::ReadVector("settlement-list.json"));
};

TEST_F(SettlementListVectorsTest, TheListAndItsPartsAreReadAndWritten) {
  const std::string bytes = Bytes(vector_["list"]);
  const auto list = DecodeSettlementList(bytes);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(EncodeSettlementList(*list), bytes);
  EXPECT_EQ(list->settlement_id.ToHex(), vector_["list_id"].get<std::string>());
  EXPECT_EQ(list->list_count, 2U);
  ASSERT_EQ(list->parts.size(), vector_["parts"].size());
  for (std::size_t i = 0; i < list->parts.size(); ++i) {
    const std::string part = Bytes(vector_["parts"][i]);
    EXPECT_EQ(ListPartHash(part), list->parts[i].hash);
    const auto legs = DecodeListPart(part, list->list_count);
    ASSERT_TRUE(legs.ok()) << legs.status();
    EXPECT_EQ(EncodeListPart(part.substr(0, kPartSaltBytes), *legs), part);
    EXPECT_EQ((*legs)[1].amount.minor(), i == 0 ? 7'100'000 : 1'570'000);
  }
  for (std::uint32_t position = 0; position < list->list_count; ++position) {
    EXPECT_EQ(ListedSettlementId(list->settlement_id, position).ToHex(),
              vector_["settlement_ids"][position].get<std::string>());
  }
}

TEST_F(SettlementListVectorsTest, VotesSayWhichSettlementsACommitCarriesOut) {
  std::vector<Vote> votes;
  DecisionRecord record = *DecodeDecisionRecord(Bytes(vector_["record"]));
  for (const nlohmann::json& row : vector_["votes"]) {
    const std::string bytes = Bytes(row["encoded"]);
    const auto vote = DecodeVote(bytes);
    ASSERT_TRUE(vote.ok()) << vote.status();
    EXPECT_EQ(EncodeVote(*vote), bytes);
    EXPECT_EQ(VoteHash(*vote).ToHex(), row["vote_hash"].get<std::string>());
    EXPECT_EQ(VoteHash(*vote), record.vote_hashes[votes.size()]);
    EXPECT_EQ(LeafHash(VoteLeaf(vote->settlement_id, vote->hold, vote->listed)),
              vote->statement.root);
    std::vector<std::uint32_t> held;
    for (std::uint32_t i = 0; i < vote->listed.size(); ++i) {
      if (vote->listed.Contains(i)) held.push_back(i);
    }
    EXPECT_EQ(held, row["held"].get<std::vector<std::uint32_t>>());
    votes.push_back(*vote);
  }
  const auto committed = CommittedBy(votes, 2);
  ASSERT_TRUE(committed.has_value());
  EXPECT_TRUE(committed->Contains(0));
  EXPECT_FALSE(committed->Contains(1));
}

TEST_F(SettlementListVectorsTest, LeavesOfAHoldAndOfItsEndAreThoseOfTheFormat) {
  const auto legs = DecodeListPart(Bytes(vector_["parts"][1]), 2);
  ASSERT_TRUE(legs.ok()) << legs.status();
  LeafSalt salt{};
  for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<std::uint8_t>(96 + i);
  const PaymentResult result{.debtor_after = 215'000,
                             .creditor_after = 785'000,
                             .debtor_sequence = 3,
                             .creditor_sequence = 4};
  std::string hold(kPaymentLeafBytes, '\0');
  WritePaymentLeaf(10, salt, 0, (*legs)[0], result, hold.data(), kLeafHold);
  EXPECT_EQ(hold, Bytes(vector_["hold_leaf"]));

  const auto resolved = ReadResolvedLeg(Bytes(vector_["resolved_record"]));
  ASSERT_TRUE(resolved.has_value());
  EXPECT_EQ(resolved->outcome, Outcome::kSettlementAborted);
  std::string leaf(kResolvedLeafBytes, '\0');
  WriteResolvedLeaf(16, salt, *Hash256::FromHex(vector_["list_id"].get<std::string>()), *resolved,
                    leaf.data());
  EXPECT_EQ(leaf, Bytes(vector_["resolved_leaf"]));
  std::string record;
  AppendResolvedLegs({&*resolved, 1}, record);
  EXPECT_EQ(record, Bytes(vector_["resolved_record"]));
}

}  // namespace
}  // namespace causeway::core
