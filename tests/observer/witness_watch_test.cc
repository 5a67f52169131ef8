// What the live observer makes of the witnesses of a decision log.
#include "observer/runtime/witness_watch.h"

#include <string>

#include "causeway/v1/witness_service.grpc.pb.h"
#include "settlement/codec/codec.h"
#include "settlement/core/cosignature.h"
#include "tests/observer/runtime_fixture.h"

namespace causeway::observer {
namespace {

class WitnessedRuntimeTest : public RuntimeTest {
 protected:
  WitnessedRuntimeTest() {
    world_.Settle(300, 400);
    Show();
    core::SettlementPolicy policy = world_.bridge->policy();
    policy.epoch += 1;
    for (const char* name : {"w1", "w2", "w3", "w4"}) {
      policy.witnesses.push_back({name, KeyNamed(name)->public_key()});
    }
    policy.witnesses_needed = 3;
    policy.witnesses_faulty_max = 1;
    config_.bridge->policies.push_back(codec::EncodePolicy(policy));
    witness_host_.Start(witness_);
    config_.bridge->witnesses = {{"w1", witness_host_.address()}};
  }
  ~WitnessedRuntimeTest() override {
    StopObserver();
    if (witness_host_.server != nullptr) witness_host_.server->Shutdown();
  }

  // The log's note with the cosignature of w1.
  static std::string Cosigned(const std::string& bytes) {
    core::SignedCheckpoint note = *core::ParseCheckpoint(bytes);
    note.signatures.push_back(
        *core::Cosign(core::CheckpointText(note.checkpoint), "w1", *KeyNamed("w1"), 1000));
    return core::FormatCheckpoint(note);
  }
  std::string OtherHistory() const {
    return SignedNote(world_.bridge->origin(), 1, core::LeafHash("other"), "bridge");
  }

  FakeWitness witness_;
  Host witness_host_;
};

TEST_F(WitnessedRuntimeTest, AWitnessIsAskedAndShownWhatWasVerified) {
  v1::CosignResponse answer;
  answer.set_size(1);
  answer.set_checkpoint(Cosigned(world_.bridge->Checkpoint()));
  witness_.Say(answer);
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  ASSERT_TRUE(Eventually([&](const v1::ObserverStatus& status) {
    return witness_.known() == world_.bridge->Checkpoint() && status.witnesses(0).reached();
  }));
  const v1::ObserverStatus status = Status();
  EXPECT_EQ(status.witnesses(0).name(), "w1");
  EXPECT_EQ(status.witnesses(0).size(), 1U);
  EXPECT_EQ(status.witnesses(0).cosigned(), 1U);
  EXPECT_EQ(status.alerts(), 0U);
}

TEST_F(WitnessedRuntimeTest, AWitnessThatCosignedAnotherHistoryIsAnAlert) {
  v1::CosignResponse answer;
  answer.set_size(1);
  answer.set_checkpoint(Cosigned(OtherHistory()));
  witness_.Say(answer);
  StartObserver();
  ASSERT_TRUE(Eventually([](const v1::ObserverStatus& status) { return status.alerts() == 1; }));
  grpc::ClientContext context;
  v1::ListAlertsResponse alerts;
  ASSERT_TRUE(stub_->ListAlerts(&context, v1::ListAlertsRequest(), &alerts).ok());
  EXPECT_EQ(alerts.alerts(0).kind(), v1::ALERT_KIND_FORKED_LOG);
  EXPECT_EQ(alerts.alerts(0).origin(), world_.bridge->origin());
}

TEST_F(WitnessedRuntimeTest, TheEvidenceOfAWitnessIsShownAndJudgedByItsSignatures) {
  v1::CosignResponse answer;
  answer.set_size(1);
  answer.set_refusal(v1::WITNESS_REFUSAL_REFUSING);
  answer.set_message("found something");
  v1::WitnessState state;
  state.set_refusing(true);
  state.mutable_evidence()->set_kind(v1::WitnessEvidence::KIND_INVALID_RECORD);
  state.mutable_evidence()->set_message("found something");
  state.mutable_evidence()->set_batch("bytes");
  // It claims a second history that the log did not sign.
  state.mutable_evidence()->set_theirs(
      SignedNote(world_.bridge->origin(), 1, core::LeafHash("other"), "somebody"));
  witness_.Say(answer, state);
  StartObserver();
  ASSERT_TRUE(EventuallyVerified());
  ASSERT_TRUE(
      Eventually([](const v1::ObserverStatus& status) { return status.witnesses(0).refusing(); }));
  EXPECT_EQ(Status().witnesses(0).evidence().kind(), v1::WitnessEvidence::KIND_INVALID_RECORD);
  EXPECT_EQ(Status().witnesses(0).evidence().batch(), "");
  EXPECT_EQ(Status().witnesses(0).cosigned(), 0U);
  EXPECT_EQ(Status().alerts(), 0U);
  state.mutable_evidence()->set_theirs(OtherHistory());
  witness_.Say(answer, state);
  EXPECT_TRUE(Eventually([](const v1::ObserverStatus& status) { return status.alerts() == 1; }));
}

TEST_F(WitnessedRuntimeTest, AWitnessThatIsGoneIsSaidToBe) {
  StartObserver();
  ASSERT_TRUE(
      Eventually([](const v1::ObserverStatus& status) { return status.witnesses(0).reached(); }));
  witness_host_.server->Shutdown();
  witness_host_.server.reset();
  EXPECT_TRUE(Eventually([](const v1::ObserverStatus& status) {
    return !status.witnesses(0).reached() &&
           status.witnesses(0).message().find("does not answer") == 0;
  }));
}

}  // namespace
}  // namespace causeway::observer
