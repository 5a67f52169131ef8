#include "settlement/rpc/tls.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "settlement/rpc/peer.h"
#include "tests/rpc/echo_server.h"

namespace causeway::rpc {
namespace {

using ::testing::HasSubstr;

TEST(ParseHostPort, ReadsNamesAndAddresses) {
  EXPECT_EQ(ParseHostPort("127.0.0.1:7001")->host, "127.0.0.1");
  EXPECT_EQ(ParseHostPort("127.0.0.1:7001")->port, 7001);
  EXPECT_EQ(ParseHostPort("node.example:0")->port, 0);
  EXPECT_EQ(ParseHostPort("[::1]:65535")->host, "::1");
}

TEST(ParseHostPort, RefusesWhatIsNotHostAndPort) {
  for (const char* text : {"", "host", "host:", ":7001", "host:65536", "host:-1", "host:70x",
                           "::1:7001", "[::1]", "host: 1"}) {
    EXPECT_EQ(ParseHostPort(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(FormatHostPort, PutsIpv6InBrackets) {
  EXPECT_EQ(FormatHostPort("::1", 7), "[::1]:7");
  EXPECT_EQ(FormatHostPort("localhost", 7), "localhost:7");
}

TEST(IsLoopback, KnowsTheLoopbackAddressesOnly) {
  for (const char* host : {"127.0.0.1", "127.8.9.10", "::1", "localhost"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "::2", "localhost.example",
                           "127.0.0.1.example", "example", ""}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(InsecureConnections, AreRefusedBeyondLoopback) {
  for (const char* address : {"0.0.0.0:7001", "10.1.2.3:7001", "[::]:7001", "bank.example:7001"}) {
    const auto server = MakeServerCredentials(std::nullopt, address);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition) << address;
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("loopback"));
    EXPECT_EQ(MakeChannelCredentials(std::nullopt, address).status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(OpenChannel(address, std::nullopt).status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_TRUE(MakeServerCredentials(std::nullopt, "127.0.0.1:0").ok());
  EXPECT_TRUE(MakeChannelCredentials(std::nullopt, "[::1]:1").ok());
}

// An authority with certificates for a server and for clients, made by the openssl program.
class TlsTest : public EchoServerTest {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              fmt::format("tls-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    MakeAuthority("ca");
    server_tls_ = MakeCertificate("ca", "server", "IP:127.0.0.1,DNS:localhost");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  void Run(const std::string& command) const {
    ASSERT_EQ(
        std::system(fmt::format("cd '{}' && {} 2>openssl.log", folder_.string(), command).c_str()),
        0)
        << command;
  }
  void MakeAuthority(const std::string& name) const {
    Run(
        fmt::format("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                    "-subj '/CN={0}' -keyout {0}.key -out {0}.pem",
                    name));
  }
  TlsFiles MakeCertificate(const std::string& authority, const std::string& name,
                           const std::string& alternative_names) const {
    std::ofstream(Path(name + ".ext")) << "subjectAltName=" << alternative_names << "\n";
    Run(
        fmt::format("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                    "-subj '/CN={0}' -keyout {0}.key -out {0}.csr",
                    name));
    Run(
        fmt::format("openssl x509 -req -in {0}.csr -CA {1}.pem -CAkey {1}.key -CAcreateserial "
                    "-days 2 -extfile {0}.ext -out {0}.pem",
                    name, authority));
    return {Path(name + ".pem"), Path(name + ".key"), Path("ca.pem")};
  }
  grpc::Status Call(const std::optional<TlsFiles>& tls, causeway::v1::LedgerInfo* info,
                    bool claim_other_participant = false) {
    grpc::ClientContext context;
    SetDeadline(context, 5);
    if (claim_other_participant) NameParticipant(*core::ParticipantId::Parse("CENTRAL"), context);
    return Connect(tls)->GetLedger(&context, {}, info);
  }

  std::filesystem::path folder_;
  TlsFiles server_tls_;
};

TEST_F(TlsTest, CertificateNamesTheParticipantAndMetadataDoesNot) {
  Start(server_tls_);
  const TlsFiles bank = MakeCertificate("ca", "bank", "URI:causeway://participant/BANK-A");
  causeway::v1::LedgerInfo info;
  const grpc::Status status = Call(bank, &info, /*claim_other_participant=*/true);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(info.ledger(), "BANK-A");
  EXPECT_EQ(info.currency(), "tls");
}

TEST_F(TlsTest, CertificateWithoutParticipantIsUnauthenticated) {
  Start(server_tls_);
  const TlsFiles nobody = MakeCertificate("ca", "nobody", "DNS:bank.example");
  causeway::v1::LedgerInfo info;
  EXPECT_EQ(Call(nobody, &info).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TlsTest, CertificateWithTwoParticipantsIsUnauthenticated) {
  Start(server_tls_);
  const TlsFiles both = MakeCertificate(
      "ca", "both", "URI:causeway://participant/BANK-A,URI:causeway://participant/BANK-B");
  causeway::v1::LedgerInfo info;
  EXPECT_EQ(Call(both, &info).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TlsTest, CertificateOfAnotherAuthorityDoesNotConnect) {
  Start(server_tls_);
  MakeAuthority("other");
  const TlsFiles stranger =
      MakeCertificate("other", "mallory", "URI:causeway://participant/BANK-A");
  causeway::v1::LedgerInfo info;
  EXPECT_EQ(Call(stranger, &info).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, PlainTextDoesNotConnect) {
  Start(server_tls_);
  causeway::v1::LedgerInfo info;
  EXPECT_EQ(Call(std::nullopt, &info).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ServerForAnotherHostIsRefusedByTheClient) {
  Start(MakeCertificate("ca", "elsewhere", "DNS:elsewhere.example"));
  const TlsFiles bank = MakeCertificate("ca", "bank", "URI:causeway://participant/BANK-A");
  causeway::v1::LedgerInfo info;
  EXPECT_EQ(Call(bank, &info).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  TlsFiles files = server_tls_;
  files.certificate_file = Path("missing.pem");
  auto status = MakeServerCredentials(files, "0.0.0.0:1").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("missing.pem"));

  files = server_tls_;
  files.private_key_file = files.certificate_file;
  status = MakeChannelCredentials(files, "bank.example:1").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("private key"));

  Run("openssl ec -in server.key -aes256 -passout pass:secret -out locked.key");
  files.private_key_file = Path("locked.key");
  status = MakeServerCredentials(files, "0.0.0.0:1").status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("encrypted"));
}

}  // namespace
}  // namespace causeway::rpc
