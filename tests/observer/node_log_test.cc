// The logs of the real ledger node, as the observer sees them.
#include <gtest/gtest.h>

#include "central-bank-node/engine/ledger_engine.h"
#include "observer/verifier/ledger_verifier.h"
#include "settlement/store/memory_journal.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

class NodeLogTest : public ::testing::Test {
 protected:
  NodeLogTest() : verifier_(world_.hkd.genesis().ledger, world_.hkd.genesis().hash, *signatures_) {
    const core::Genesis& genesis = world_.hkd.genesis();
    node::LedgerEngine::Options options;
    options.signer = KeyNamed(world_.hkd.key());
    options.verifier = signatures_;
    options.salt_key = std::string(32, 's');
    auto journal = store::NewMemoryJournal({"ledger", genesis.ledger.ToString(), genesis.hash});
    engine_ = *node::LedgerEngine::Open(genesis, std::move(options), std::move(journal));
    // What the test's own log holds so far: banks, accounts, policy, funds.
    for (const std::string& batch : world_.hkd.batches()) {
      const core::Batch decoded = *core::DecodeBatch(batch);
      if (decoded.header.number > 0) Submit(decoded.header.time, decoded.items);
    }
  }

  void Submit(core::LedgerTime now, const std::vector<core::Item>& items) {
    const auto replies = engine_->Submit(now, items);
    ASSERT_TRUE(replies.ok()) << replies.status().message();
    now_ = now;
  }

  TestCorridor world_;
  std::shared_ptr<core::OpenSslSignatureVerifier> signatures_ =
      std::make_shared<core::OpenSslSignatureVerifier>();
  LedgerVerifier verifier_;
  std::unique_ptr<node::LedgerEngine> engine_;
  core::LedgerTime now_;
};

TEST_F(NodeLogTest, EveryBatchVerifies) {
  TestLedger& client = world_.hkd;
  const core::Item payment = client.Payment("ALPHA", "BETA", 500);
  core::Item forged = client.Payment("ALPHA", "BETA", 600);
  forged.envelope.signatures[0].signature[5] ^= 1;
  Submit(now_ + core::Duration::FromSeconds(1),
         {payment, forged, client.Payment("BETA", "ALPHA", 999'999'999)});
  Submit(now_, {payment});  // a repeat leaves no trace
  Submit(now_ + core::Duration::FromSeconds(1), {world_.Propose(300, 400).prepare_hkd});
  for (std::uint64_t number = 0; number < engine_->batch_count(); ++number) {
    const std::optional<Finding> finding = verifier_.OnBatch(*engine_->ReadBatchBytes(number));
    ASSERT_FALSE(finding.has_value()) << finding->message;
  }
  EXPECT_EQ(verifier_.log().root(), engine_->root());
  EXPECT_EQ(verifier_.StateRoot(), engine_->ledger().StateRoot());
  EXPECT_EQ(verifier_.transitions().size(), 1u);
  EXPECT_FALSE(verifier_.OnHead(engine_->checkpoint()).has_value());
}

}  // namespace
}  // namespace causeway::observer
