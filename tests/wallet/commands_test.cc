#include "settlement/client/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "settlement/codec/codec.h"
#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

TEST(Commands, ASignedCommandReadsBackAndVerifies) {
  const auto signer = KeyNamed("alpha");
  const core::Command command = PayCommand();
  const auto envelope = client::SignCommand(command, *signer);
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(envelope->payload_type, core::kCommandPayloadType);
  const auto read = codec::DecodeCommand(envelope->payload);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->party, command.party);
  EXPECT_EQ(std::get<core::Pay>(read->action).amount, std::get<core::Pay>(command.action).amount);
  const core::PublicKey key = signer->public_key();
  const auto signers = core::VerifyAll(
      *envelope, [&](const core::KeyId&) { return &key; }, core::OpenSslSignatureVerifier(1));
  ASSERT_TRUE(signers.ok()) << signers.status();
  EXPECT_EQ(signers->size(), 1u);
}

TEST(Commands, WhatEveryLedgerWouldRefuseIsNotSigned) {
  core::Command command = PayCommand();
  std::get<core::Pay>(command.action).purpose = "TOO LONG";
  const auto envelope = client::SignCommand(command, *KeyNamed("alpha"));
  EXPECT_TRUE(absl::IsInvalidArgument(envelope.status()));
  EXPECT_THAT(std::string(envelope.status().message()), HasSubstr("pay.purpose"));
}

TEST(Commands, TermsThatDoNotDecodeAreNotSigned) {
  const auto signer = KeyNamed("alpha");
  const core::Signer* const signers[] = {signer.get()};
  EXPECT_FALSE(client::SignTerms("no terms", signers).ok());
}

TEST(Commands, NewInstructionIdsAreUniqueAndWellFormed) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = client::NewInstructionId("PAY");
    ASSERT_TRUE(id.ok()) << id.status();
    EXPECT_TRUE(id->text().starts_with("PAY-"));
    EXPECT_TRUE(seen.insert(id->ToString()).second);
  }
}

TEST(Commands, InstructionIdPrefixesThatDoNotFitAreRefused) {
  EXPECT_FALSE(client::NewInstructionId("").ok());
  EXPECT_FALSE(client::NewInstructionId("LONGER-THAN-FOURTEEN").ok());
  EXPECT_TRUE(client::NewInstructionId("FOURTEEN-CHARS").ok());
}

TEST(Commands, NewUetrsDiffer) { EXPECT_NE(*client::NewUetr(), *client::NewUetr()); }

}  // namespace
}  // namespace causeway::wallet
