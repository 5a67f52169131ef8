#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "settlement/codec/codec.h"
#include "tests/codec/expect.h"
#include "tests/codec/sample.h"

namespace causeway::codec {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

core::Item CommandItem(const v1::Command& command, std::vector<std::string> attachments) {
  return {{core::kCommandPayloadType, command.SerializeAsString(), {}}, std::move(attachments)};
}

std::string Fault(const core::Item& item) {
  const auto body = DecodeItemBody(item);
  return body.ok() ? "ok" : std::string(body.status().message());
}

TEST(ItemBodyTest, ACommand) {
  const core::ItemBody body = *DecodeItemBody(CommandItem(sample::PayCommand(), {}));
  EXPECT_TRUE(std::holds_alternative<core::Command>(body));
  EXPECT_THAT(Fault(CommandItem(sample::EmptyCommand(), {})), StartsWith("action: is missing"));
}

TEST(ItemBodyTest, ABatchThatIsTooLargeStaysDistinguishable) {
  v1::Command command = sample::BatchCommand();
  for (std::size_t i = 0; i < core::kBatchPaymentsMax; ++i) {
    command.mutable_pay_batch()->add_payments();
  }
  EXPECT_TRUE(absl::IsResourceExhausted(DecodeItemBody(CommandItem(command, {})).status()));
}

TEST(ItemBodyTest, PrivateDataIsThatOfThePaymentsInTheirOrder) {
  const v1::Command batch = sample::BatchCommand();  // P-1, P-2, P-3
  EXPECT_EQ(Fault(CommandItem(batch, {"data of P-1", "data of P-2", "data of P-3"})), "ok");
  EXPECT_EQ(Fault(CommandItem(batch, {"data of P-1", "data of P-3"})), "ok");
  EXPECT_THAT(Fault(CommandItem(batch, {"data of P-2", "data of P-1"})),
              StartsWith("private_data[1]: "));
  EXPECT_THAT(Fault(CommandItem(batch, {"data of P-1", "data of P-1"})),
              StartsWith("private_data[1]: "));
  EXPECT_THAT(Fault(CommandItem(batch, {"something else"})), StartsWith("private_data[0]: "));
}

TEST(ItemBodyTest, ACommandThatPaysNothingHasNoPrivateData) {
  v1::Command command = sample::EmptyCommand();
  command.mutable_close_account()->set_address(sample::Address("ALPHA0001").ToString());
  EXPECT_EQ(Fault(CommandItem(command, {})), "ok");
  EXPECT_THAT(Fault(CommandItem(command, {"data"})), StartsWith("private_data[0]: "));
}

core::Item PrepareItem() {
  return MakePrepareItem({core::kTermsPayloadType, sample::Terms().SerializeAsString(), {}},
                         {*FromProto(sample::ProvenLeg()), *FromProto(sample::ProvenLeg())});
}

TEST(ItemBodyTest, APrepare) {
  const core::ItemBody body = *DecodeItemBody(PrepareItem());
  const auto& prepare = std::get<core::PrepareSettlement>(body);
  EXPECT_EQ(prepare.terms.settlement_id, core::SettlementIdOf(sample::Terms().SerializeAsString()));
  ASSERT_THAT(prepare.legs, SizeIs(2));
  EXPECT_EQ(prepare.legs[0].bytes, sample::Leg().SerializeAsString());
}

TEST(ItemBodyTest, APrepareHasItsLegsInOneAttachment) {
  core::Item item = PrepareItem();
  item.attachments.push_back("more");
  EXPECT_THAT(Fault(item), StartsWith("attachments: a prepare has 2; must have one"));
  item.attachments.clear();
  EXPECT_THAT(Fault(item), StartsWith("attachments: a prepare has 0"));
  item.attachments = {""};
  EXPECT_THAT(Fault(item), StartsWith("legs: has 0 elements; must have 1 to 1024"));
  item.attachments = {"\xff"};
  EXPECT_THAT(Fault(item), HasSubstr("not a well-formed causeway.v1.PrepareAttachment"));
}

TEST(ItemBodyTest, FaultsInALegAreNamedByTheirPath) {
  v1::PrepareAttachment attachment;
  *attachment.add_legs() = sample::ProvenLeg();
  v1::Leg leg = sample::Leg();
  leg.mutable_amount()->set_currency("HKX");
  attachment.add_legs()->set_leg(leg.SerializeAsString());
  core::Item item = PrepareItem();
  item.attachments = {attachment.SerializeAsString()};
  EXPECT_THAT(Fault(item), StartsWith("legs[1].leg.amount.currency: "));
}

TEST(ItemBodyTest, UnknownFieldsOfAnAttachmentAreRefused) {
  v1::PrepareAttachment attachment;
  *attachment.add_legs() = sample::ProvenLeg();
  ExpectUnknownFieldsRefused(attachment, [](const std::string& bytes) {
    core::Item item = PrepareItem();
    item.attachments = {bytes};
    return DecodeItemBody(item);
  });
}

TEST(ItemBodyTest, ACompletion) {
  const core::Item item = MakeCompletionItem(sample::Completion().SerializeAsString());
  const core::ItemBody body = *DecodeItemBody(item);
  EXPECT_EQ(EncodeCompletion(std::get<core::CompleteSettlement>(body)), item.envelope.payload);
}

TEST(ItemBodyTest, ACompletionIsUnsignedAndAlone) {
  core::Item item = MakeCompletionItem(sample::Completion().SerializeAsString());
  item.attachments = {"more"};
  EXPECT_THAT(Fault(item), StartsWith("a completion has no signatures and no attachments"));
  item.attachments.clear();
  item.envelope.signatures = {{core::Hash256{}, "signature"}};
  EXPECT_THAT(Fault(item), StartsWith("a completion has no signatures and no attachments"));
}

TEST(ItemBodyTest, OtherPayloadTypesAreRefused) {
  EXPECT_THAT(Fault({{"text/plain", "hello", {}}, {}}), StartsWith("payload_type: 'text/plain'"));
}

}  // namespace
}  // namespace causeway::codec
