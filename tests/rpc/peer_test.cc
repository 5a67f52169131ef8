#include "settlement/rpc/peer.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/rpc/echo_server.h"

namespace causeway::rpc {
namespace {

using ::testing::HasSubstr;
using InsecurePeerTest = EchoServerTest;

std::string ErrorOf(const std::vector<std::string>& uris) {
  const absl::StatusOr<core::ParticipantId> id = ParticipantOfUris(uris);
  EXPECT_EQ(id.status().code(), absl::StatusCode::kUnauthenticated);
  return std::string(id.status().message());
}

TEST(ParticipantOfUris, TakesTheOneThatNamesAParticipant) {
  const std::vector<std::string> uris = {"spiffe://example/workload",
                                         "causeway://participant/BANK-A"};
  const absl::StatusOr<core::ParticipantId> id = ParticipantOfUris(uris);
  ASSERT_TRUE(id.ok()) << id.status().message();
  EXPECT_EQ(id->text(), "BANK-A");
}

TEST(ParticipantOfUris, RefusesACertificateThatNamesNobody) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("causeway://participant/"));
  EXPECT_THAT(ErrorOf({"https://bank.example"}), HasSubstr("has no URI"));
}

TEST(ParticipantOfUris, RefusesACertificateThatNamesTwo) {
  EXPECT_THAT(ErrorOf({"causeway://participant/A", "causeway://participant/B"}),
              HasSubstr("exactly one"));
  EXPECT_THAT(ErrorOf({"causeway://participant/A", "causeway://participant/A"}),
              HasSubstr("exactly one"));
}

TEST(ParticipantOfUris, RefusesAnIdThatIsNoParticipantId) {
  for (const char* id : {"", "bank", "A/B", "TOO-LONG-FOR-AN-ID", "A%20B"}) {
    EXPECT_THAT(ErrorOf({std::string("causeway://participant/") + id}), HasSubstr("URI")) << id;
  }
}

TEST_F(InsecurePeerTest, NamesNobodyByItself) {
  Start();
  grpc::ClientContext context;
  SetDeadline(context);
  causeway::v1::LedgerInfo info;
  ASSERT_TRUE(Connect()->GetLedger(&context, {}, &info).ok());
  EXPECT_EQ(info.ledger(), "nobody");
  EXPECT_EQ(info.currency(), "insecure");
}

TEST_F(InsecurePeerTest, IsWhoItSaysInTheMetadata) {
  Start();
  grpc::ClientContext context;
  SetDeadline(context);
  NameParticipant(*core::ParticipantId::Parse("BANK-A"), context);
  causeway::v1::LedgerInfo info;
  ASSERT_TRUE(Connect()->GetLedger(&context, {}, &info).ok());
  EXPECT_EQ(info.ledger(), "BANK-A");
}

TEST_F(InsecurePeerTest, MalformedOrRepeatedMetadataIsRefused) {
  Start();
  auto stub = Connect();
  for (const std::vector<std::string>& values :
       {std::vector<std::string>{"bank a"}, std::vector<std::string>{"A", "B"}}) {
    grpc::ClientContext context;
    SetDeadline(context);
    for (const std::string& value : values) context.AddMetadata(kParticipantMetadataKey, value);
    causeway::v1::LedgerInfo info;
    EXPECT_EQ(stub->GetLedger(&context, {}, &info).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
}

}  // namespace
}  // namespace causeway::rpc
