// Bulks, results, leaves and salts against golden bytes that another program wrote.
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "settlement/core/bulk.h"
#include "settlement/core/envelope.h"
#include "settlement/core/merkle.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

class BulkVectorsTest : public ::testing::Test {
 protected:
  std::string Bytes(const nlohmann::json& value) const {
    return *FromHex(value.get<std::string>());
  }

  const nlohmann::json vector_ = nlohmann::json::parse(testing::ReadVector("bulk.json"));
};

TEST_F(BulkVectorsTest, PayloadIsReadAndWrittenAsTheFormatSays) {
  const std::string payload = Bytes(vector_["payload"]);
  const auto bulk = DecodeBulk(payload);
  ASSERT_TRUE(bulk.ok()) << bulk.status();
  EXPECT_EQ(EncodeBulk(*bulk), payload);
  EXPECT_EQ(bulk->party.text(), "ALPHA");
  ASSERT_EQ(bulk->payments.size(), 2u);
  EXPECT_EQ(bulk->payments[0].amount.minor(), 250'000);
  const Envelope envelope{.payload_type = kBulkPayloadType, .payload = payload, .signatures = {}};
  EXPECT_EQ(PayloadHash(envelope).ToHex(), vector_["payload_hash"].get<std::string>());
}

TEST_F(BulkVectorsTest, ResultsAndLeavesAreThoseOfTheFormat) {
  const auto bulk = DecodeBulk(Bytes(vector_["payload"]));
  ASSERT_TRUE(bulk.ok()) << bulk.status();
  const std::string results = Bytes(vector_["results"]);
  ASSERT_EQ(results.size(), bulk->payments.size() * kPaymentResultBytes);
  const auto batch = vector_["batch"].get<std::uint64_t>();
  const PaymentSalts::Key key = PaymentSalts::KeyOf(Bytes(vector_["ledger_salt_key"]), batch);
  EXPECT_EQ(std::string(key.begin(), key.end()), Bytes(vector_["payment_salts"]));
  const auto first = vector_["first_index"].get<std::uint64_t>();
  std::array<LeafSalt, 2> salts{};
  PaymentSalts::Fill(key, first, salts);
  for (std::size_t i = 0; i < bulk->payments.size(); ++i) {
    const std::string record = results.substr(i * kPaymentResultBytes, kPaymentResultBytes);
    const auto result = ReadPaymentResult(record);
    ASSERT_TRUE(result.has_value());
    std::string written;
    AppendPaymentResults({&*result, 1}, written);
    EXPECT_EQ(written, record);
    std::string leaf(kPaymentLeafBytes, '\0');
    WritePaymentLeaf(first + i, salts[i], static_cast<std::uint32_t>(i), bulk->payments[i], *result,
                     leaf.data());
    EXPECT_EQ(leaf, Bytes(vector_["leaves"][i]));
    EXPECT_EQ(LeafHash(leaf).ToHex(), vector_["leaf_hashes"][i].get<std::string>());
  }
}

}  // namespace
}  // namespace causeway::core
