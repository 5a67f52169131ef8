// What a wallet shows of a payment that settles in parts.
#include <gtest/gtest.h>

#include <string>

#include "causeway/v1/ledger_service.pb.h"
#include "settlement/client/from_proto.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

v1::Instruction Queued(std::int64_t settled, std::int64_t amount) {
  v1::Instruction message;
  message.set_status(v1::INSTRUCTION_STATUS_QUEUED);
  message.mutable_parts()->set_settled(settled);
  message.mutable_parts()->set_amount(amount);
  return message;
}

std::string Fault(const v1::Instruction& message) {
  client::Fields fields;
  client::ReadInstruction(fields, {nullptr, "instruction"}, message);
  return fields.ok() ? "" : std::string(fields.status().message());
}

TEST(PartsTest, AnInstructionSaysWhatHasSettledOfItAndWhatNot) {
  client::Fields fields;
  const client::InstructionView view =
      client::ReadInstruction(fields, {nullptr, "instruction"}, Queued(4'000, 10'000));
  ASSERT_TRUE(fields.ok()) << fields.status();
  const Json json = InstructionJson(view, *core::Currency::Parse("HKD"));
  EXPECT_EQ(json["status"], "queued");
  EXPECT_EQ(json["parts"]["settled"]["minor_units"], 4'000);
  EXPECT_EQ(json["parts"]["not_settled"]["minor_units"], 6'000);
  EXPECT_EQ(json["parts"]["amount"]["minor_units"], 10'000);
}

TEST(PartsTest, OneThatSettlesInOnePieceSaysNothingOfParts) {
  client::Fields fields;
  v1::Instruction message;
  message.set_status(v1::INSTRUCTION_STATUS_SETTLED);
  const client::InstructionView view =
      client::ReadInstruction(fields, {nullptr, "instruction"}, message);
  EXPECT_FALSE(view.parts.has_value());
  EXPECT_FALSE(InstructionJson(view, *core::Currency::Parse("HKD")).contains("parts"));
}

TEST(PartsTest, FiguresThatNoPaymentHasAreAFaultOfTheAnswer) {
  EXPECT_EQ(Fault(Queued(10'000, 10'000)), "");
  for (const auto& [settled, amount] : {std::pair{0, 10}, std::pair{-1, 10}, std::pair{11, 10}}) {
    EXPECT_NE(Fault(Queued(settled, amount)).find("instruction.parts"), std::string::npos)
        << settled << " of " << amount;
  }
}

}  // namespace
}  // namespace causeway::wallet
