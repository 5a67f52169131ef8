// `causeway-wallet pay --returns`: what the ledger is told that a payment gives back.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "settlement/codec/codec.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "tests/wallet/fake_ledger.h"
#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

class ReturnTest : public WalletFixture {
 protected:
  ReturnTest() {
    service_.info = VectorLedgerInfo();
    service_.on_submit = [this](grpc::ServerContext&, const v1::SubmitRequest& request,
                                v1::SubmitResponse*) {
      const auto command = codec::DecodeCommand(request.envelope().payload());
      if (command.ok()) cited_ = std::get<core::Pay>(command->action).cites;
      return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "the test has seen enough");
    };
    auto server = rpc::Server::Start({.listen = "127.0.0.1:0"}, {&service_});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    EXPECT_EQ(Wallet({"keygen", Path("alpha"), "--no-passphrase"}).code, 0);
  }
  Run Pay(const std::vector<std::string>& flags) {
    std::vector<std::string> words = {"--insecure",
                                      "--ledger",
                                      server_->address(),
                                      "--participant",
                                      "ALPHA",
                                      "pay",
                                      "--from",
                                      Address("HKD", "ALPHA0001").ToString(),
                                      "--to",
                                      Address("HKD", "BETA0001").ToString(),
                                      "--amount",
                                      "1.00",
                                      "HKD",
                                      "--key",
                                      Path("alpha.pem")};
    words.insert(words.end(), flags.begin(), flags.end());
    return Wallet(words);
  }

  FakeLedger service_;
  std::optional<core::InstructionKey> cited_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(ReturnTest, CitesAPaymentUnlessAnotherKindIsNamed) {
  Pay({"--returns", "INV-1", "--returns-party", "BETA"});
  const core::InstructionKey payment{ParseOrDie<core::ParticipantId>("BETA"),
                                     core::ActionKind::kPay,
                                     ParseOrDie<core::InstructionId>("INV-1")};
  EXPECT_EQ(cited_, payment);
}

TEST_F(ReturnTest, CitesALegOfASettlement) {
  const std::string id(32, 'a');
  Pay({"--returns", id, "--returns-party", "BETA", "--returns-kind", "settlement-leg"});
  const core::InstructionKey leg{ParseOrDie<core::ParticipantId>("BETA"),
                                 core::ActionKind::kSettlementLeg,
                                 ParseOrDie<core::InstructionId>(id)};
  EXPECT_EQ(cited_, leg);
}

TEST_F(ReturnTest, SendsNothingThatCitesAKindThatThereIsNot) {
  const Run run = Pay({"--returns", "INV-1", "--returns-kind", "gift"});
  EXPECT_NE(run.code, 0);
  EXPECT_FALSE(cited_.has_value());
  EXPECT_NE(run.err.find("gift"), std::string::npos) << run.err;
}

// Whoever cannot learn what the first came to must not be led to pay again under a new id.
TEST_F(ReturnTest, AUsedIdThatCannotBeLookedUpIsToBeAskedForFirst) {
  service_.on_submit = [](grpc::ServerContext& context, const v1::SubmitRequest&,
                          v1::SubmitResponse*) {
    return rpc::Refuse({.outcome = core::Outcome::kInstructionIdReused, .rule = "INV-1"}, context);
  };
  const Run run = Pay({"--id", "INV-1"});
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.err.find("ask `status ID` first"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace causeway::wallet
