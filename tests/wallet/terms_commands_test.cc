// The wallet's commands for liquidity terms, and what it shows of them.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "settlement/client/from_proto.h"
#include "settlement/codec/codec.h"
#include "settlement/rpc/server.h"
#include "tests/wallet/fake_ledger.h"
#include "tests/wallet/wallet_test_util.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

class TermsCommandsTest : public WalletFixture {
 protected:
  TermsCommandsTest() {
    service_.info = VectorLedgerInfo();
    service_.on_submit = [this](grpc::ServerContext&, const v1::SubmitRequest& request,
                                v1::SubmitResponse*) {
      const auto command = codec::DecodeCommand(request.envelope().payload());
      if (command.ok()) action_ = command->action;
      return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "the test has seen enough");
    };
    auto server = rpc::Server::Start({.listen = "127.0.0.1:0"}, {&service_});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    EXPECT_EQ(Wallet({"keygen", Path("alpha"), "--no-passphrase"}).code, 0);
  }
  Run Instructs(std::vector<std::string> words) {
    action_.reset();
    for (const std::string& word :
         {std::string("--insecure"), std::string("--ledger"), server_->address(),
          std::string("--participant"), std::string("ALPHA"), std::string("--key"),
          Path("alpha.pem")}) {
      words.push_back(word);
    }
    return Wallet(words);
  }
  template <typename Action>
  Action Sent(std::vector<std::string> words) {
    const Run run = Instructs(std::move(words));
    EXPECT_TRUE(action_.has_value() && std::holds_alternative<Action>(*action_)) << run.err;
    return action_.has_value() ? std::get<Action>(*action_) : Action{};
  }

  const std::string alpha_ = Address("HKD", "ALPHA0001").ToString();
  const std::string beta_ = Address("HKD", "BETA0001").ToString();
  FakeLedger service_;
  std::optional<core::Action> action_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(TermsCommandsTest, WhatAnOwnerKeepsBack) {
  const auto both = Sent<core::SetReservations>(
      {"set-reservations", alpha_, "--urgent", "500.00", "HKD", "--high", "1.50"});
  EXPECT_EQ(both.address.ToString(), alpha_);
  EXPECT_EQ(both.urgent.minor(), 50'000);
  EXPECT_EQ(both.high.minor(), 150);
  EXPECT_EQ(Sent<core::SetReservations>({"set-reservations", alpha_}).urgent, core::Amount());
  EXPECT_EQ(
      Sent<core::SetReleaseThreshold>({"set-release-threshold", alpha_, "--threshold", "2.00"})
          .threshold.minor(),
      200);
}

TEST_F(TermsCommandsTest, LimitsAreBilateralOrMultilateralSetOrLifted) {
  const auto bilateral =
      Sent<core::SetSenderLimit>({"set-sender-limit", alpha_, "--to", beta_, "--limit", "0.00"});
  EXPECT_EQ(bilateral.counterparty.ToString(), beta_);
  EXPECT_EQ(bilateral.limit, core::Amount::Zero());
  const auto lifted = Sent<core::SetSenderLimit>({"set-sender-limit", alpha_, "--lift"});
  EXPECT_TRUE(lifted.counterparty.IsEmpty());
  EXPECT_FALSE(lifted.limit.has_value());
  for (const auto& words : {std::vector<std::string>{"set-sender-limit", alpha_},
                            {"set-sender-limit", alpha_, "--lift", "--limit", "1.00"}}) {
    EXPECT_EQ(Instructs(words).code, 65);
    EXPECT_FALSE(action_.has_value());
  }
}

TEST_F(TermsCommandsTest, CreditAndItsPrice) {
  const auto credit =
      Sent<core::SetCredit>({"set-credit", alpha_, "--collateral", "1000.00",
                             "--haircut-basis-points", "750", "--uncollateralised", "5.00"});
  EXPECT_EQ(credit.collateral.minor(), 100'000);
  EXPECT_EQ(credit.haircut_basis_points, 750u);
  EXPECT_EQ(credit.uncollateralised.minor(), 500);
  const auto price = Sent<core::SetCreditPrice>({"set-credit-price", beta_, "--ppm-per-day", "25"});
  EXPECT_EQ(price.ppm_per_day, 25u);
  EXPECT_EQ(price.fees_account.ToString(), beta_);
  EXPECT_EQ(Instructs({"set-credit", alpha_, "--haircut-basis-points", "10001"}).code, 64);
  EXPECT_EQ(Instructs({"set-credit-price", beta_, "--ppm-per-day", "1000001"}).code, 64);
}

TEST_F(TermsCommandsTest, APaymentHasAPriority) {
  const auto pays = [&](const std::string& priority) {
    return Instructs({"pay", "--from", alpha_, "--to", beta_, "--amount", "1.00", "HKD",
                      "--priority", priority});
  };
  pays("urgent");
  ASSERT_TRUE(action_.has_value());
  EXPECT_EQ(std::get<core::Pay>(*action_).priority, core::PaymentPriority::kUrgent);
  EXPECT_EQ(pays("whenever").code, 65);
}

TEST_F(TermsCommandsTest, AnAccountIsShownWithItsTerms) {
  v1::Account account;
  account.set_address(alpha_);
  account.set_owner("ALPHA");
  account.set_purpose(v1::ACCOUNT_PURPOSE_SETTLEMENT);
  account.set_currency("HKD");
  const auto shown = [&]() -> Json {
    codec::Fields fields;
    const codec::Path path{};
    const client::AccountView view = client::ReadAccount(fields, path, account);
    EXPECT_TRUE(fields.ok()) << fields.status();
    return AccountJson(view);
  };
  EXPECT_FALSE(shown().contains("terms"));
  account.mutable_terms()->set_reserved_urgent(50'000);
  v1::SenderLimit* limit = account.mutable_terms()->add_bilateral_limits();
  limit->set_counterparty(beta_);
  limit->set_limit(7);
  limit->set_position(-3);
  account.mutable_terms()->set_credit_charge(12);
  const Json terms = shown()["terms"];
  EXPECT_EQ(terms["reserved_urgent"]["amount"], "500.00");
  EXPECT_EQ(terms["multilateral_limit"], nullptr);
  EXPECT_EQ(terms["bilateral_limits"][0]["counterparty"], beta_);
  EXPECT_EQ(terms["bilateral_limits"][0]["position"]["amount"], "-0.03");
  EXPECT_EQ(terms["credit_charge"]["amount"], "0.12");
}

}  // namespace
}  // namespace causeway::wallet
