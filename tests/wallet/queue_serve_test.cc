// `causeway-wallet queue serve` against a bridge that lies: it asks for a second settlement of a
// trade that is signed for, while the member's own ledgers say what became of the first. The bridge
// is never asked: it serves no decisions.
#include <gmock/gmock.h>
#include <grpcpp/server_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "causeway/v1/queue_service.grpc.pb.h"
#include "settlement/codec/codec.h"
#include "settlement/core/queued_trade.h"
#include "settlement/core/settlement.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "tests/wallet/wallet_test_util.h"
#include "wallet-cli/trade_book.h"

namespace causeway::wallet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kMinuteMicros = 60'000'000;

std::int64_t RealMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The ledger of VectorReceipt under another name: with an account of ALPHA, and a settlement that
// stands as the test says.
class StandingLedger final : public v1::Ledger::Service {
 public:
  StandingLedger(const std::string& name, const std::string& currency) {
    core::Genesis genesis = *codec::DecodeGenesis(VectorReceipt().genesis);
    genesis.ledger = ParseOrDie<core::LedgerOrigin>(name);
    genesis.currency = ParseOrDie<core::Currency>(currency);
    genesis.liability_account = Address(currency, "ISSUED");
    const std::string bytes = codec::EncodeGenesis(genesis);
    info.set_genesis(bytes);
    info.set_genesis_hash(std::string(core::Sha256(bytes).view()));
    info.set_ledger(name);
    info.set_currency(currency);
    codec::ToProto(genesis.ledger_key, info.mutable_ledger_key());
    info.set_business_date("2022-08-15");
    info.set_phase(v1::DAY_PHASE_OPEN);
    info.add_settlement_policies(std::string(core::Sha256("policy").view()));
    info.set_ledger_time_us(RealMicros());
    account.set_currency(currency);
    account.set_address(Address(currency, "ALPHA0001").ToString());
    account.set_owner("ALPHA");
    account.set_purpose(v1::ACCOUNT_PURPOSE_WALLET);
  }

  v1::LedgerInfo info;
  v1::Account account;
  std::optional<v1::InstructionStatus> status;
  std::vector<std::string> asked_for;

  grpc::Status GetLedger(grpc::ServerContext*, const v1::GetLedgerRequest*,
                         v1::LedgerInfo* response) override {
    *response = info;
    return grpc::Status::OK;
  }
  grpc::Status GetAccount(grpc::ServerContext*, const v1::GetAccountRequest*,
                          v1::Account* response) override {
    *response = account;
    return grpc::Status::OK;
  }
  grpc::Status GetSettlement(grpc::ServerContext* context,
                             const v1::GetLedgerSettlementRequest* request,
                             v1::LedgerSettlement* response) override {
    asked_for.push_back(request->settlement_id());
    if (!status) return rpc::Refuse(core::Outcome::kSenderNotEntitled, "or is not there", *context);
    response->set_settlement_id(request->settlement_id());
    response->set_status(*status);
    return grpc::Status::OK;
  }
};

class LyingQueue final : public v1::SettlementQueue::Service {
 public:
  v1::QueueInfo info;
  v1::MemberRequests requests;
  std::vector<std::string> signed_terms;

  grpc::Status GetQueue(grpc::ServerContext*, const v1::GetQueueRequest*,
                        v1::QueueInfo* response) override {
    *response = info;
    return grpc::Status::OK;
  }
  grpc::Status GetRequests(grpc::ServerContext*, const v1::GetRequestsRequest*,
                           v1::MemberRequests* response) override {
    *response = requests;
    return grpc::Status::OK;
  }
  grpc::Status SignAttempt(grpc::ServerContext*, const v1::SignAttemptRequest* request,
                           v1::SignAttemptResponse*) override {
    signed_terms.push_back(request->terms().payload());
    return grpc::Status::OK;
  }
};

// ALPHA pays 100.00 HKD and gets 13.00 USD.
class QueueServeTest : public WalletFixture {
 protected:
  QueueServeTest() {
    queue_server_ = Serve(queue_);
    hkd_server_ = Serve(hkd_);
    usd_server_ = Serve(usd_);
    queue_.info.set_queue("bridge.example/decisions");
    queue_.info.set_selection("largest");
    v1::QueueMember* member = queue_.info.add_members();
    member->set_participant("ALPHA");
    for (const StandingLedger* ledger : {&hkd_, &usd_}) {
      v1::QueueAccount* account = member->add_accounts();
      account->set_ledger(ledger->info.ledger());
      account->set_account(ledger->account.address());
    }
    EXPECT_EQ(Wallet({"keygen", Path("key"), "--no-passphrase"}).code, 0);
    EnterTrade();
  }

  static std::unique_ptr<rpc::Server> Serve(grpc::Service& service) {
    auto server = rpc::Server::Start({.listen = "127.0.0.1:0"}, {&service});
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  // Agreed to, by what is in the folder.
  void EnterTrade() {
    core::QueuedTrade trade;
    trade.queue = ParseOrDie<core::LedgerOrigin>("bridge.example/decisions");
    trade.reference = ParseOrDie<core::InstructionId>("DEAL-1");
    trade.valid_until = core::LedgerTime::FromMicros(RealMicros() + 60 * kMinuteMicros);
    trade.sides = {
        {{ParseOrDie<core::ParticipantId>("ALPHA"), Origin(hkd_), MoneyOf("HKD", 10'000)},
         {ParseOrDie<core::ParticipantId>("BETA"), Origin(usd_), MoneyOf("USD", 1'300)}}};
    trade_ = core::EncodeQueuedTrade(trade);
    const core::Envelope envelope =
        *core::SignEnvelope(core::kQueuedTradePayloadType, trade_, *KeyNamed("alpha"));
    EXPECT_TRUE(TradeBook(Path("trades")).Keep(envelope).ok());
  }
  static core::LedgerOrigin Origin(const StandingLedger& ledger) {
    return ParseOrDie<core::LedgerOrigin>(ledger.info.ledger());
  }

  core::Leg LegOf(const StandingLedger& ledger, const std::string& payer, const std::string& from,
                  const std::string& to, std::int64_t minor_units) const {
    core::Leg leg;
    leg.salt = std::string(16, 's');
    leg.ledger = Origin(ledger);
    leg.party = ParseOrDie<core::ParticipantId>(payer);
    leg.id = ParseOrDie<core::InstructionId>("Q-1");
    leg.uetr = core::Uetr::FromRandomBytes({});
    leg.debtor = Address(ledger.info.currency(), from);
    leg.creditor = Address(ledger.info.currency(), to);
    leg.amount = MoneyOf(ledger.info.currency(), minor_units);
    return leg;
  }

  // The bridge asks for a signature of terms that differ in `nonce`. The settlement's id.
  core::Hash256 AskFor(char nonce, std::uint32_t attempt) {
    const std::vector<std::string> legs = {
        codec::EncodeLeg(LegOf(hkd_, "ALPHA", "ALPHA0001", "BETA0001", 10'000)),
        codec::EncodeLeg(LegOf(usd_, "BETA", "BETA0001", "ALPHA0001", 1'300))};
    deadline_ = RealMicros() + kMinuteMicros;
    core::TermsHeader terms{.policy_hash = core::Sha256("policy"),
                            .deadline = core::LedgerTime::FromMicros(deadline_),
                            .nonce = std::string(16, nonce)};
    terms.ledgers = {{Origin(hkd_), 1}, {Origin(usd_), 1}};
    terms.legs_root = core::LegsRoot(legs);
    const std::string bytes = codec::EncodeTerms(terms);
    queue_.requests.Clear();
    v1::SignatureRequest* request = queue_.requests.add_signatures();
    request->set_attempt(attempt);
    request->set_terms(bytes);
    for (const std::string& leg : legs) request->add_legs(leg);
    request->add_trades(trade_);
    request->set_until_us(RealMicros() + kMinuteMicros);
    return core::SettlementIdOf(bytes);
  }

  Run ServeOnce() {
    return Wallet({"--json",        "--insecure",
                   "--bridge",      queue_server_->address(),
                   "--participant", "ALPHA",
                   "--key",         Path("key.pem"),
                   "queue",         "serve",
                   "--trades",      Path("trades"),
                   "--account",     hkd_.account.address() + "@" + hkd_server_->address(),
                   "--account",     usd_.account.address() + "@" + usd_server_->address(),
                   "--poll-ms",     "10",
                   "--rounds",      "1"});
  }
  // The first signature, and what comes of the request for a second.
  Run ServeTwice() {
    first_ = AskFor('1', 1);
    const Run first = ServeOnce();
    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_THAT(first.out, HasSubstr("\"signed\":\"" + first_.ToHex()));
    EXPECT_EQ(queue_.signed_terms.size(), 1U) << first.out << first.err;
    queue_.signed_terms.clear();
    AskFor('2', 2);
    return ServeOnce();
  }

  LyingQueue queue_;
  StandingLedger hkd_{"ledger.example/hkd", "HKD"};
  StandingLedger usd_{"ledger.example/usd", "USD"};
  std::unique_ptr<rpc::Server> queue_server_;
  std::unique_ptr<rpc::Server> hkd_server_;
  std::unique_ptr<rpc::Server> usd_server_;
  std::string trade_;
  std::int64_t deadline_ = 0;  // of what was asked for last
  core::Hash256 first_;
};

TEST_F(QueueServeTest, AsksTheLedgerThatItPaysOnForTheSettlementBefore) {
  hkd_.status = v1::INSTRUCTION_STATUS_PREPARED;
  const Run run = ServeTwice();
  EXPECT_THAT(hkd_.asked_for, ElementsAre(std::string(first_.view())));
  EXPECT_THAT(usd_.asked_for, IsEmpty());
}

TEST_F(QueueServeTest, DoesNotSignASecondTimeWhileTheFirstIsHeld) {
  hkd_.status = v1::INSTRUCTION_STATUS_PREPARED;
  const Run run = ServeTwice();
  EXPECT_THAT(run.out, HasSubstr("not_yet"));
  EXPECT_THAT(queue_.signed_terms, IsEmpty());
}

TEST_F(QueueServeTest, DoesNotSignASecondTimeBeforeTheDeadlineOfWhatTheLedgerDoesNotKnow) {
  const Run run = ServeTwice();
  EXPECT_THAT(run.out, HasSubstr("not_yet"));
  EXPECT_THAT(queue_.signed_terms, IsEmpty());
}

TEST_F(QueueServeTest, NeverSignsForATradeOfWhichALedgerSaidThatItHasSettled) {
  hkd_.status = v1::INSTRUCTION_STATUS_SETTLED;
  EXPECT_THAT(ServeTwice().out, HasSubstr("has settled"));
  hkd_.status = v1::INSTRUCTION_STATUS_ABORTED;
  EXPECT_THAT(ServeOnce().out, HasSubstr("has settled"));
  EXPECT_THAT(queue_.signed_terms, IsEmpty());
}

TEST_F(QueueServeTest, SignsASecondTimeWhenTheLedgerHasReleasedTheFirst) {
  hkd_.status = v1::INSTRUCTION_STATUS_ABORTED;
  ServeTwice();
  EXPECT_EQ(queue_.signed_terms.size(), 1U);
}

TEST_F(QueueServeTest, SignsASecondTimeWhatTheLedgerDoesNotKnowPastTheDeadline) {
  hkd_.info.set_ledger_time_us(RealMicros() + 5 * kMinuteMicros);
  ServeTwice();
  EXPECT_EQ(queue_.signed_terms.size(), 1U);
}

TEST_F(QueueServeTest, DoesNotBelieveThatNothingIsKnownWhenTheAccountIsNotItsOwnThere) {
  hkd_.info.set_ledger_time_us(RealMicros() + 5 * kMinuteMicros);
  hkd_.account.set_owner("BETA");
  const Run run = ServeTwice();
  EXPECT_THAT(run.out, HasSubstr("is not ALPHA's"));
  EXPECT_THAT(queue_.signed_terms, IsEmpty());
}

// It was told about the order of the sides in the format.
TEST_F(QueueServeTest, NobodyIsTheirOwnCounterparty) {
  const Run run = Wallet({"--insecure",
                          "--bridge",
                          queue_server_->address(),
                          "--participant",
                          "ALPHA",
                          "--key",
                          Path("key.pem"),
                          "queue",
                          "enter",
                          "--reference",
                          "DEAL-2",
                          "--counterparty",
                          "ALPHA",
                          "--pay",
                          "100.00 HKD",
                          "--get",
                          "13.00 USD",
                          "--valid-until",
                          "2032-12-01T16:00:00Z",
                          "--trades",
                          Path("trades")});
  EXPECT_EQ(run.code, 65);
  EXPECT_THAT(run.err, HasSubstr("--counterparty: ALPHA is yourself"));
}

}  // namespace
}  // namespace causeway::wallet
