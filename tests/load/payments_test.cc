#include "scenarios/load/payments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "causeway/v1/ledger_service.pb.h"
#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"

namespace causeway::load {
namespace {

using ::testing::HasSubstr;

class PaymentsTest : public ::testing::Test {
 protected:
  PaymentsTest() {
    signer_ = *core::SoftwareSigner::FromEd25519Seed(core::Sha256("bank").view());
    plan_.ledger.ledger = *core::LedgerOrigin::Parse("hk.example/hkd");
    plan_.party = *core::ParticipantId::Parse("BANKA");
    plan_.signer = signer_.get();
    plan_.valid_until = core::LedgerTime::FromMicros(1'660'500'000'000'000);
    plan_.seed = 9;
    for (std::uint32_t number = 5; number < 9; ++number) {
      LoadAccount account;
      account.address =
          *core::AccountAddress::Make(*core::Currency::Parse("HKD"), "A" + std::to_string(number));
      account.ref = {number, core::AccountCheckOf(account.address)};
      plan_.debtors.push_back(account);
    }
    plan_.creditors = plan_.debtors;
  }

  PaymentMaker Maker() { return *PaymentMaker::Create(plan_); }
  static core::Envelope EnvelopeOf(const Request& request) {
    causeway::v1::StreamRequest message;
    EXPECT_TRUE(message.ParseFromString(*request.bytes));  // its first field may be missing
    return *codec::FromProto(message.request().envelope());
  }

  std::unique_ptr<core::SoftwareSigner> signer_;
  PaymentPlan plan_;
};

TEST_F(PaymentsTest, BulkHasItsPaymentsBetweenDifferentAccounts) {
  plan_.batch = 500;
  const auto request = Maker().Make(3);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->payments, 500u);
  const core::Envelope envelope = EnvelopeOf(*request);
  EXPECT_EQ(envelope.payload_type, core::kBulkPayloadType);
  const auto bulk = core::DecodeBulk(envelope.payload);
  ASSERT_TRUE(bulk.ok()) << bulk.status();
  ASSERT_EQ(bulk->payments.size(), 500u);
  std::set<core::RawInstructionId> ids;
  for (const core::BulkPayment& payment : bulk->payments) {
    EXPECT_NE(payment.debtor.number, payment.creditor.number);
    EXPECT_EQ(payment.amount.minor(), 1);
    ids.insert(payment.id);
  }
  EXPECT_EQ(ids.size(), 500u);
}

TEST_F(PaymentsTest, SingleIsACommandWithOnePayment) {
  plan_.single = true;
  const auto request = Maker().Make(0);
  ASSERT_TRUE(request.ok()) << request.status();
  const auto command = codec::DecodeCommand(EnvelopeOf(*request).payload);
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->party.text(), "BANKA");
  EXPECT_TRUE(std::holds_alternative<core::Pay>(command->action));
}

TEST_F(PaymentsTest, SamePlanAndNumberMakeTheSamePayments) {
  plan_.batch = 10;
  EXPECT_EQ(EnvelopeOf(*Maker().Make(7)).payload, EnvelopeOf(*Maker().Make(7)).payload);
  EXPECT_NE(EnvelopeOf(*Maker().Make(7)).payload, EnvelopeOf(*Maker().Make(8)).payload);
  const std::string before = EnvelopeOf(*Maker().Make(7)).payload;
  plan_.seed = 10;
  EXPECT_NE(EnvelopeOf(*Maker().Make(7)).payload, before);
}

TEST_F(PaymentsTest, OneAccountCannotPayItself) {
  plan_.debtors.resize(1);
  plan_.creditors = plan_.debtors;
  EXPECT_THAT(std::string(PaymentMaker::Create(plan_).status().message()),
              HasSubstr("only account"));
}

TEST_F(PaymentsTest, AccountsAreReadAsTheyWereWritten) {
  const auto read = ParseAccounts(FormatAccounts(plan_.debtors));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, plan_.debtors);
  EXPECT_THAT(std::string(ParseAccounts("# x\n1 HKD00NONSENSE\n").status().message()),
              HasSubstr("line 2"));
  EXPECT_FALSE(ParseAccounts("x HKD\n").ok());
  EXPECT_FALSE(ParseAccounts("17\n").ok());
}

TEST(RequestPool, MakesEachRequestOnceAndThenIsExhausted) {
  RequestPool pool({.requests = 100, .bytes_max = 10, .threads = 3}, [](std::uint64_t number) {
    return Request{std::make_shared<std::string>("xyz"), static_cast<std::uint32_t>(number)};
  });
  std::set<std::uint32_t> taken;
  while (const auto request = pool.Take()) taken.insert(request->payments);
  EXPECT_EQ(taken.size(), 100u);
  EXPECT_TRUE(pool.exhausted());
  EXPECT_FALSE(pool.TryTake().has_value());
}

TEST(RequestPool, StaysWithinItsMemory) {
  std::atomic<int> made{0};
  RequestPool pool({.bytes_max = 100, .threads = 1}, [&made](std::uint64_t) {
    made += 1;
    return Request{std::make_shared<std::string>(std::string(40, 'x')), 1};
  });
  ASSERT_TRUE(pool.Fill().ok());
  EXPECT_EQ(made, 3);  // full once it holds 100 bytes or more
  EXPECT_FALSE(pool.exhausted());
}

TEST(RequestPool, FillingEndsWhenPatienceDoes) {
  RequestPool pool({.threads = 1}, [](std::uint64_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Request{std::make_shared<std::string>("x"), 1};
  });
  EXPECT_TRUE(pool.Fill(std::chrono::milliseconds(20)).ok());  // a full pool would take days
  EXPECT_TRUE(pool.Take().has_value());
}

TEST(RequestPool, ErrorEndsIt) {
  RequestPool pool({.threads = 2}, [](std::uint64_t number) -> absl::StatusOr<Request> {
    if (number == 5) return absl::InternalError("no ink");
    return Request{std::make_shared<std::string>("x"), 1};
  });
  EXPECT_FALSE(pool.Fill().ok());
  EXPECT_FALSE(pool.Take().has_value());
  EXPECT_EQ(pool.status().message(), "no ink");
}

}  // namespace
}  // namespace causeway::load
