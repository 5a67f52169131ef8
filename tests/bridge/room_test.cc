// What is open has bounds, and nobody can take all the room that others need.
#include <gtest/gtest.h>

#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

constexpr std::size_t kUsd = 0, kEur = 1, kGbp = 2;

class RoomTest : public ::testing::Test {
 protected:
  RoomTest() { Restart(); }

  void Restart() {
    BridgeEngine::Options options = world_.Options();
    options.coordinator.open_max = 20;
    engine_.reset();
    engine_ = Must(BridgeEngine::Open(std::move(options), world_.disk->Mount()));
  }
  Deal Between(std::size_t one, std::size_t other, core::LedgerTime deadline,
               const std::vector<std::string>& signers = {"ALPHA", "BETA"}) {
    return world_.MakeDeal("s" + std::to_string(number_++), deadline,
                           {{one, "ALPHA"}, {other, "BETA"}}, signers);
  }
  bool Takes(core::LedgerTime now, const Deal& deal) {
    const auto result = engine_->Submit(now, deal.terms, deal.legs);
    const auto* refused = std::get_if<core::Rejection>(&result);
    if (refused != nullptr) {
      EXPECT_EQ(refused->outcome, core::Outcome::kOverloaded) << core::Describe(*refused);
    }
    return refused == nullptr;
  }
  // Everything that is due is carried to its ledger and back, but to USD while that is dead.
  void Run(core::LedgerTime now) {
    for (bool goes_on = true; goes_on;) {
      engine_->Tick(now);
      ASSERT_TRUE(engine_->Flush(now).ok());
      const std::vector<LedgerRequest> requests = engine_->TakeRequests();
      goes_on = !requests.empty();
      for (const LedgerRequest& request : requests) Carry(now, request);
    }
  }
  void Carry(core::LedgerTime now, const LedgerRequest& request) {
    FakeLedger& ledger = world_.ledger(request.ledger);
    if (usd_is_dead_ && request.ledger == world_.ledgers[kUsd]->origin()) {
      engine_->OnSendFailed(now, request.kind, request.settlement_id, request.ledger);
    } else if (request.kind == RequestKind::kPrepare) {
      engine_->OnPrepareReply(now, request.settlement_id, request.ledger,
                              ledger.Prepare(now, request));
    } else {
      engine_->OnCompleteReply(now, request.settlement_id, request.ledger,
                               ledger.Complete(request));
    }
  }
  bool Settles(core::LedgerTime now, const Deal& deal) {
    if (!Takes(now, deal)) return false;
    Run(now);
    return engine_->Find(deal.id)->state == SettlementState::kSettled;
  }

  World world_{{"a.example/usd", "b.example/eur", "c.example/gbp"}};
  std::unique_ptr<BridgeEngine> engine_;
  bool usd_is_dead_ = false;
  int number_ = 0;
};

// With one bound for all, settlements of a dead ledger, which stay open also when they are aborted,
// stopped every other.
TEST_F(RoomTest, ADeadLedgerDoesNotStopSettlementsAmongOthers) {
  usd_is_dead_ = true;
  int taken = 0;
  while (taken < 20 && Takes(At(taken), Between(kEur, kUsd, At(4000)))) {
    Run(At(taken));
    ++taken;
  }
  EXPECT_EQ(taken, 10);
  EXPECT_TRUE(Settles(At(100), Between(kEur, kGbp, At(4000))));
  Run(At(5000));  // they are aborted
  EXPECT_FALSE(Takes(At(5001), Between(kEur, kUsd, At(9000))));
  EXPECT_TRUE(Settles(At(5001), Between(kEur, kGbp, At(9000))));
  Restart();
  Run(At(5002));
  EXPECT_EQ(engine_->ListOpen().size(), 10u);
  EXPECT_FALSE(Takes(At(5003), Between(kEur, kUsd, At(9000))));
  EXPECT_TRUE(Settles(At(5003), Between(kEur, kGbp, At(9000))));
  usd_is_dead_ = false;
  Run(At(60'000));
  EXPECT_TRUE(engine_->ListOpen().empty());
  EXPECT_TRUE(Settles(At(60'001), Between(kEur, kUsd, At(90'000))));
}

TEST_F(RoomTest, HalfSignedTermsOfOneParticipantLeaveRoomForOthers) {
  int taken = 0;
  while (taken < 20 && Takes(At(0), Between(kEur, kUsd, At(600'000'000), {"ALPHA"}))) ++taken;
  EXPECT_EQ(taken, 3);
  Run(At(0));
  Restart();
  EXPECT_FALSE(Takes(At(1), Between(kEur, kUsd, At(600'000'000), {"ALPHA"})));
  EXPECT_TRUE(Takes(At(1), Between(kEur, kUsd, At(600'000'000), {"BETA"})));
  EXPECT_TRUE(Settles(At(1), Between(kEur, kUsd, At(1000))));
}

TEST_F(RoomTest, UnsignedTermsThatOneParticipantAsksForLeaveRoomForOthers) {
  usd_is_dead_ = true;
  const auto ask = [&](std::string_view asker) {
    const Deal deal = Between(kEur, kUsd, At(1000), {});
    const auto answer = engine_->JudgeDeadline(At(2000), deal.id, deal.terms.payload, Party(asker));
    Run(At(2000));
    return std::holds_alternative<SettlementView>(answer);
  };
  int taken = 0;
  while (taken < 20 && ask("ALPHA")) ++taken;
  EXPECT_EQ(taken, 2);
  EXPECT_TRUE(ask("BETA"));
  EXPECT_TRUE(Takes(At(2001), Between(kEur, kUsd, At(9000))));
  usd_is_dead_ = false;
  Run(At(60'000));
  EXPECT_TRUE(ask("ALPHA"));
}

}  // namespace
}  // namespace causeway::bridge
