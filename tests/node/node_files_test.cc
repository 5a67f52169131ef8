#include "central-bank-node/runtime/node_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "settlement/core/key_file.h"

namespace causeway::node {
namespace {

using ::testing::HasSubstr;

constexpr char kSpec[] = R"(
ledger: "hk.example/hkd"
currency: "HKD"
central_bank { participant_id: "CENTRAL" role: ROLE_CENTRAL_BANK country: "HK" }
liability_account: "HKD94ALPHA0001"
suites: SUITE_ED25519_SHA256
business_date: "2022-08-15"
approvers_needed: 2
created_us: 1660521600000000
)";

class NodeFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              fmt::format("node-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    for (const char* name : {"ledger", "first", "second"}) {
      const auto key = core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view());
      Write(fmt::format("{}.pub", name), *core::EncodePublicKeyPem((*key)->public_key()));
      Write(fmt::format("{}.pem", name), *core::EncodePrivateKeyPem(**key, ""));
    }
    spec_ = {
        Write("spec.txtpb", kSpec), Path("ledger.pub"), {Path("first.pub"), Path("second.pub")}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }
  std::string ErrorOf(const std::string& spec) {
    spec_.spec_path = Write("spec.txtpb", spec);
    const absl::StatusOr<core::Genesis> genesis = MakeGenesis(spec_);
    EXPECT_EQ(genesis.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(genesis.status().message());
  }

  std::filesystem::path folder_;
  GenesisSpec spec_;
};

TEST_F(NodeFilesTest, GenesisIsMadeFromTextAndPublicKeyFiles) {
  const absl::StatusOr<core::Genesis> made = MakeGenesis(spec_);
  ASSERT_TRUE(made.ok()) << made.status().message();
  const absl::StatusOr<core::Genesis> read = ReadGenesis(Write("genesis", made->bytes));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->hash, made->hash);
  EXPECT_EQ(read->ledger.text(), "hk.example/hkd");
  EXPECT_EQ(read->central_bank.keys.size(), 2U);
  EXPECT_EQ(read->ledger_key,
            *core::DecodePublicKeyPem(*core::EncodePublicKeyPem(made->ledger_key)));
}

TEST_F(NodeFilesTest, SameSpecGivesTheSameGenesisWhateverItsOrder) {
  const core::Hash256 hash = MakeGenesis(spec_)->hash;
  std::string reversed;
  for (std::string rest = kSpec; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    reversed = rest.substr(0, end + 1) + reversed;
    rest.erase(0, end + 1);
  }
  spec_.spec_path = Write("reversed.txtpb", reversed);
  EXPECT_EQ(MakeGenesis(spec_)->hash, hash);
}

TEST_F(NodeFilesTest, ErrorsInTheSpecNameTheirPlaceOrField) {
  EXPECT_THAT(ErrorOf("ledger: \"hk.example/hkd\"\ncurency: \"HKD\"\n"), HasSubstr(":2:"));
  EXPECT_THAT(ErrorOf(kSpec + std::string("approvers_needed: 2")), HasSubstr("approvers_needed"));
  std::string wrong = kSpec;
  wrong.replace(wrong.find("08-15"), 5, "13-15");
  EXPECT_THAT(ErrorOf(wrong), HasSubstr("business_date"));
  spec_.approver_key_paths = {Path("first.pub")};
  EXPECT_THAT(ErrorOf(kSpec), HasSubstr("keys"));
}

TEST_F(NodeFilesTest, SignerIsReadWithItsPassphraseFile) {
  EXPECT_TRUE(ReadSigner(Path("ledger.pem"), "").ok());
  const auto key = core::SoftwareSigner::FromEd25519Seed(core::Sha256("ledger").view());
  const std::string locked = Write("locked.pem", *core::EncodePrivateKeyPem(**key, "open sesame"));
  const std::string right = Write("right", "open sesame\n");
  const absl::StatusOr<std::shared_ptr<const core::Signer>> signer = ReadSigner(locked, right);
  ASSERT_TRUE(signer.ok()) << signer.status().message();
  EXPECT_EQ((*signer)->key_id(), (*key)->key_id());
  const absl::Status wrong = ReadSigner(locked, Write("wrong", "close sesame\n")).status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("locked.pem"));
  EXPECT_EQ(std::string(wrong.message()).find("sesame"), std::string::npos);
  EXPECT_EQ(ReadSigner(Path("none.pem"), "").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(NodeFilesTest, SaltKeyIs64HexadecimalDigits) {
  const std::string digits(64, 'a');
  EXPECT_EQ(*ReadSaltKey(Write("salt", digits + "\n")), std::string(32, '\xaa'));
  EXPECT_EQ(ReadSaltKey(Write("salt", digits))->size(), 32U);
  for (const std::string& wrong : {std::string(), digits.substr(2), digits + "00",
                                   std::string(64, 'x'), std::string(300, 'a')}) {
    EXPECT_EQ(ReadSaltKey(Write("salt", wrong)).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace causeway::node
