// `causeway-wallet watch` against a ledger that goes away.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settlement/core/checkpoint.h"
#include "settlement/rpc/server.h"
#include "tests/wallet/fake_ledger.h"
#include "tests/wallet/wallet_test_util.h"
#include "wallet-cli/context.h"

namespace causeway::wallet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class WatchTest : public WalletFixture {
 protected:
  WatchTest() {
    service_.info = VectorLedgerInfo();
    service_.checkpoint = VectorReceipt().checkpoint;
    service_.entries_per_watch = 2;
    service_.watch_end = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the ledger stops");
    auto server = rpc::Server::Start({.listen = "127.0.0.1:0"}, {&service_});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  Run Watch(const std::vector<std::string>& flags) {
    std::vector<std::string> words = {"--insecure",    "--ledger", server_->address(),
                                      "--participant", "ALPHA",    "watch"};
    words.insert(words.end(), flags.begin(), flags.end());
    return Wallet(words);
  }

  FakeLedger service_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(WatchTest, GoesOnWithTheNextEntryWhenTheStreamIsLost) {
  const Run run = Watch({"--from-index", "5", "--count", "3"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(service_.watched_from, ElementsAre(5u, 7u));
  EXPECT_THAT(run.err, HasSubstr("the stream was lost"));
  EXPECT_THAT(run.err, HasSubstr("resuming from entry 7 in 500 ms"));
  EXPECT_THAT(run.out, Not(HasSubstr("resuming")));
}

TEST_F(WatchTest, MissesNothingThatComesWhileNothingWasSeen) {
  // "From now on" is an index too: an entry of the time without a connection is behind it.
  service_.entries_per_watch = 0;
  service_.after_watch = [this] { service_.entries_per_watch = 1; };
  const Run run = Watch({"--count", "1"});
  EXPECT_EQ(run.code, 0) << run.err;
  const std::uint64_t size = core::ParseCheckpoint(service_.checkpoint)->checkpoint.size;
  EXPECT_THAT(service_.watched_from, ElementsAre(size, size));
}

TEST_F(WatchTest, TellsProgramsInJson) {
  const Run run = Watch({"--json", "--from-index", "5", "--count", "3"});
  EXPECT_EQ(run.code, 0) << run.err;
  const Json told = Json::parse(run.err);
  EXPECT_EQ(told["resuming"]["from_index"], 7);
  EXPECT_EQ(told["resuming"]["pause_ms"], 500);
}

TEST_F(WatchTest, EndsWhenTheLedgerRefuses) {
  service_.watch_end = grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not yours");
  const Run run = Watch({"--from-index", "5"});
  EXPECT_EQ(run.code, static_cast<int>(ExitCode::kPermission)) << run.err;
  EXPECT_THAT(service_.watched_from, ElementsAre(5u));
  EXPECT_THAT(run.err, Not(HasSubstr("resuming")));
}

TEST_F(WatchTest, DoesNotGoOnWithAnotherLedger) {
  service_.after_watch = [this] {
    core::Genesis other = *codec::DecodeGenesis(service_.info.genesis());
    other.business_date = *core::BusinessDate::Parse("2030-01-02");
    const std::string bytes = codec::EncodeGenesis(other);
    service_.info.set_genesis(bytes);
    service_.info.set_genesis_hash(std::string(core::Sha256(bytes).view()));
  };
  const Run run = Watch({"--from-index", "5"});
  EXPECT_NE(run.code, 0);
  EXPECT_THAT(run.err, HasSubstr("it is another one"));
  EXPECT_THAT(service_.watched_from, ElementsAre(5u));
}

}  // namespace
}  // namespace causeway::wallet
