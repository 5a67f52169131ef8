#include "settlement/core/policy_set.h"

#include <gtest/gtest.h>

#include "settlement/core/hash.h"
#include "settlement/core/suite.h"

namespace causeway::core {
namespace {

PublicKey KeyNamed(std::string_view name) {
  return (*SoftwareSigner::FromEd25519Seed(Sha256(name).view()))->public_key();
}

SettlementPolicy Policy(std::uint64_t epoch) {
  SettlementPolicy policy;
  policy.hash = Sha256("policy " + std::to_string(epoch));
  policy.epoch = epoch;
  policy.decision_log = *LedgerOrigin::Parse("bridge.example/decisions");
  policy.decision_log_key = KeyNamed("log");
  return policy;
}

void ExpectRefused(std::vector<SettlementPolicy> policies, const std::string& why) {
  const absl::Status status = PolicySet::Make(std::move(policies)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_NE(std::string(status.message()).find(why), std::string::npos) << status;
}

TEST(PolicySetTest, OrdersByEpochAndFindsByHash) {
  const absl::StatusOr<PolicySet> set = PolicySet::Make({Policy(7), Policy(2), Policy(4)});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->earliest().epoch, 2u);
  EXPECT_EQ(set->latest().epoch, 7u);
  EXPECT_EQ(set->Find(Policy(4).hash)->epoch, 4u);
  EXPECT_EQ(set->Find(Sha256("another")), nullptr);
  EXPECT_EQ(set->decision_log().text(), "bridge.example/decisions");
}

TEST(PolicySetTest, RefusesNoneAndTooMany) {
  ExpectRefused({}, "there are 0 settlement policies");
  std::vector<SettlementPolicy> many;
  for (std::size_t i = 0; i <= kPoliciesPerLogMax; ++i) many.push_back(Policy(i));
  ExpectRefused(many, "there are 65 settlement policies");
}

TEST(PolicySetTest, RefusesTwoPoliciesOfOneEpoch) {
  SettlementPolicy other = Policy(1);
  other.hash = Sha256("other");
  ExpectRefused({Policy(1), other}, "both have epoch 1");
}

TEST(PolicySetTest, RefusesAPolicyThatIsGivenTwice) {
  ExpectRefused({Policy(1), Policy(2), Policy(1)}, "is given twice");
}

TEST(PolicySetTest, RefusesPoliciesOfDifferentLogs) {
  SettlementPolicy other = Policy(2);
  other.decision_log = *LedgerOrigin::Parse("other.example/decisions");
  ExpectRefused({Policy(1), other}, "they must be of one log");
}

TEST(PolicySetTest, RefusesASecondKeyOfTheLog) {
  SettlementPolicy other = Policy(2);
  other.decision_log_key = KeyNamed("another");
  ExpectRefused({Policy(1), other}, "different keys of decision log");
}

SettlementPolicy Witnessed(std::uint64_t epoch, const std::vector<std::string>& names_and_keys) {
  SettlementPolicy policy = Policy(epoch);
  for (std::size_t i = 0; i < names_and_keys.size(); i += 2) {
    policy.witnesses.push_back({names_and_keys[i], KeyNamed(names_and_keys[i + 1])});
  }
  return policy;
}

TEST(PolicySetTest, RefusesAWitnessKeyThatAnEarlierEpochHadReplaced) {
  const SettlementPolicy first = Witnessed(1, {"w1", "key", "w2", "other"});
  const SettlementPolicy replaced = Witnessed(2, {"w1", "new key", "w2", "other"});
  ASSERT_TRUE(PolicySet::Make({first, replaced}).ok());
  ExpectRefused({first, replaced, Witnessed(3, {"w1", "key", "w2", "other"})},
                "epoch 3 gives witness 'w1' a key that epoch 2 had retired");
  ExpectRefused({first, replaced, Witnessed(3, {"w3", "key"})},
                "epoch 3 gives witness 'w3' a key that epoch 2 had retired");
  // In the epoch itself too.
  ExpectRefused({first, Witnessed(2, {"w1", "new key", "w3", "key"})},
                "epoch 2 gives witness 'w3' a key that epoch 2 had retired");
}

TEST(PolicySetTest, TakesAWitnessThatLeftAndComesBackWithItsKey) {
  EXPECT_TRUE(
      PolicySet::Make({Witnessed(1, {"w1", "key", "w2", "other"}), Witnessed(2, {"w2", "other"}),
                       Witnessed(3, {"w1", "key", "w2", "other"})})
          .ok());
}

}  // namespace
}  // namespace causeway::core
