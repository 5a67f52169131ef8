// Orders of central banks to abort a settlement: what proves one, and what the bridge does then.
#include "fx-bridge/engine/abort_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fx-bridge/engine/kept_orders.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/entry.h"
#include "settlement/core/merkle.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

using ::testing::HasSubstr;

core::Entry OrderEntry(const core::Hash256& id) {
  core::Entry entry;
  entry.index = 1;
  entry.instruction = {Party("CENTRAL"), core::ActionKind::kOrderAbort,
                       Must(core::InstructionId::Parse("ABT-1"))};
  entry.status = core::InstructionStatus::kSettled;
  entry.cause = core::Cause::kCommand;
  entry.rejection.outcome = core::Outcome::kAccepted;
  entry.settlement_id = id;
  return entry;
}

// The receipt of that entry in a log of two leaves.
AbortOrder ReceiptOf(const core::Entry& entry, std::string_view origin, const core::Signer& key) {
  AbortOrder order;
  order.entry = core::EncodeEntry(entry);
  order.entry_index = entry.index;
  core::MerkleTree log;
  log.Append(core::LeafHash("genesis"));
  log.Append(core::LeafHash(order.entry));
  order.proof = Must(log.InclusionProof(1, 2));
  order.checkpoint =
      Must(core::SignCheckpoint({std::string(origin), 2, log.Root(), {}}, origin, key));
  return order;
}

class AbortOrderTest : public ::testing::Test {
 protected:
  AbortOrderTest() { engine_ = world_.Open(); }

  AbortOrder OrderOf(std::size_t ledger, const core::Hash256& id) {
    return ReceiptOf(OrderEntry(id), world_.ledgers[ledger]->origin().text(),
                     world_.ledgers[ledger]->key());
  }
  void Submit(const Deal& deal) {
    ASSERT_TRUE(
        std::holds_alternative<SettlementView>(engine_->Submit(At(0), deal.terms, deal.legs)));
    ASSERT_TRUE(engine_->Flush(At(0)).ok());
  }
  void CarryAll() {
    for (const LedgerRequest& request : engine_->TakeRequests()) {
      world_.Carry(At(1), request, *engine_);
    }
  }
  // The refusal's message; empty when the order was taken.
  std::string Order(const core::Hash256& id, const AbortOrder& order,
                    core::Outcome refused = core::Outcome::kBadAbortOrder) {
    const auto result = engine_->OrderAbort(At(2), id, order);
    const auto* rejection = std::get_if<core::Rejection>(&result);
    if (rejection == nullptr) return "";
    EXPECT_EQ(rejection->outcome, refused);
    return core::Describe(*rejection);
  }

  World world_{{"a.example/usd", "b.example/eur", "c.example/jpy"}};
  std::unique_ptr<BridgeEngine> engine_;
  const Deal deal_ = world_.Swap("s", At(1000));  // on the first two ledgers
};

TEST_F(AbortOrderTest, AbortsWhatIsNotDecidedThoughEveryVoteIsIn) {
  Submit(deal_);
  CarryAll();  // every vote is in, nothing is written yet
  EXPECT_EQ(Order(deal_.id, OrderOf(1, deal_.id)), "");
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  const SettlementView view = *engine_->Find(deal_.id);
  EXPECT_EQ(view.state, SettlementState::kAborting);
  EXPECT_EQ(view.rejection->outcome, core::Outcome::kAbortOrdered);
  EXPECT_EQ(view.rejection->rule, "b.example/eur entry 1");
  CarryAll();
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  EXPECT_EQ(engine_->Find(deal_.id)->state, SettlementState::kAborted);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(world_.ledgers[i]->entries[deal_.id].status, core::InstructionStatus::kAborted);
  }
}

TEST_F(AbortOrderTest, TheReasonSurvivesARestart) {
  Submit(deal_);
  EXPECT_EQ(Order(deal_.id, OrderOf(0, deal_.id)), "");
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  engine_ = world_.Open();
  const SettlementView view = *engine_->Find(deal_.id);
  EXPECT_EQ(view.state, SettlementState::kAborting);
  EXPECT_EQ(view.rejection->outcome, core::Outcome::kAbortOrdered);
}

TEST_F(AbortOrderTest, ComesTooLateForADecision) {
  Submit(deal_);
  CarryAll();
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  ASSERT_EQ(engine_->Find(deal_.id)->state, SettlementState::kCommitted);
  EXPECT_EQ(Order(deal_.id, OrderOf(0, deal_.id)), "");
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  EXPECT_EQ(engine_->Find(deal_.id)->state, SettlementState::kCommitted);
  CarryAll();
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  EXPECT_EQ(Order(deal_.id, OrderOf(0, deal_.id)), "");
  EXPECT_EQ(engine_->Find(deal_.id)->state, SettlementState::kSettled);
  EXPECT_EQ(engine_->size(), 1u);
}

TEST_F(AbortOrderTest, AbortsWhatIsHandedInAfterIt) {
  const auto kept = engine_->OrderAbort(At(0), deal_.id, OrderOf(1, deal_.id));
  ASSERT_TRUE(std::holds_alternative<SettlementView>(kept));
  EXPECT_EQ(std::get<SettlementView>(kept).state, SettlementState::kAbortOrdered);
  EXPECT_EQ(std::get<SettlementView>(kept).rejection->rule, "b.example/eur entry 1");
  EXPECT_FALSE(engine_->Find(deal_.id).has_value());
  ASSERT_TRUE(engine_->Flush(At(0)).ok());
  Submit(deal_);
  const SettlementView view = *engine_->Find(deal_.id);
  EXPECT_EQ(view.state, SettlementState::kAborting);
  EXPECT_EQ(view.rejection->outcome, core::Outcome::kAbortOrdered);
  EXPECT_EQ(view.rejection->rule, "b.example/eur entry 1");
  for (const LedgerRequest& request : engine_->TakeRequests()) {
    EXPECT_EQ(request.kind, RequestKind::kComplete);
  }
  EXPECT_EQ(engine_->kept_orders(), 0u);
}

TEST_F(AbortOrderTest, AnOrderThatCameFirstSurvivesARestart) {
  EXPECT_EQ(Order(deal_.id, OrderOf(0, deal_.id)), "");
  EXPECT_EQ(Order(deal_.id, OrderOf(1, deal_.id)), "");
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  engine_ = world_.Open();
  EXPECT_EQ(engine_->kept_orders(), 1u);
  Submit(deal_);
  EXPECT_EQ(engine_->Find(deal_.id)->state, SettlementState::kAborting);
  engine_ = world_.Open();  // the order went with the record
  EXPECT_EQ(engine_->kept_orders(), 0u);
}

TEST_F(AbortOrderTest, AnOrderThatWasNotFlushedIsForgotten) {
  EXPECT_EQ(Order(deal_.id, OrderOf(0, deal_.id)), "");
  engine_ = world_.Open();
  EXPECT_EQ(engine_->kept_orders(), 0u);
}

TEST_F(AbortOrderTest, AnOrderOfALedgerThatIsNotInTheTermsHasNoEffect) {
  EXPECT_EQ(Order(deal_.id, OrderOf(2, deal_.id)), "");
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  Submit(deal_);
  EXPECT_EQ(engine_->Find(deal_.id)->state, SettlementState::kPreparing);
  CarryAll();
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  EXPECT_EQ(engine_->Find(deal_.id)->state, SettlementState::kCommitted);
  EXPECT_EQ(engine_->kept_orders(), 0u);
}

TEST_F(AbortOrderTest, WhatWasNotHandedInNeedsAProofToo) {
  EXPECT_THAT(Order(deal_.id, OrderOf(0, core::Sha256("another"))),
              HasSubstr("orders the abort of settlement"));
  const AbortOrder stranger =
      ReceiptOf(OrderEntry(deal_.id), "x.example/xxx", *KeyOf("x.example/xxx"));
  EXPECT_THAT(Order(deal_.id, stranger), HasSubstr("no ledger of the policies"));
  const AbortOrder forged =
      ReceiptOf(OrderEntry(deal_.id), world_.ledgers[0]->origin().text(), *KeyOf("somebody"));
  EXPECT_THAT(Order(deal_.id, forged), HasSubstr("order.checkpoint: "));
  EXPECT_EQ(engine_->kept_orders(), 0u);
}

TEST(KeptOrdersTest, ALedgerFillsItsOwnRoomOnly) {
  KeptOrders orders;
  ProvenOrder order{Must(core::LedgerOrigin::Parse("a.example/usd")), core::Sha256("key"), 1};
  const auto id_of = [](std::size_t i) { return core::Sha256(std::to_string(i)); };
  for (std::size_t i = 0; i < kKeptOrdersPerLedgerMax; ++i) {
    ASSERT_TRUE(orders.Keep(id_of(i), order));
  }
  EXPECT_TRUE(orders.Keep(id_of(0), order)) << "a repeat takes no room";
  EXPECT_FALSE(orders.Keep(core::Sha256("more"), order));
  EXPECT_EQ(orders.Find(core::Sha256("more")), nullptr);
  order.ledger = Must(core::LedgerOrigin::Parse("b.example/eur"));
  EXPECT_TRUE(orders.Keep(core::Sha256("more"), order));
  order.ledger = Must(core::LedgerOrigin::Parse("a.example/usd"));
  orders.Remove(id_of(7));
  EXPECT_TRUE(orders.Keep(core::Sha256("another"), order));
}

TEST(KeptOrdersTest, WhatIsWrittenIsRestored) {
  KeptOrders orders;
  const core::Hash256 id = core::Sha256("id");
  const ProvenOrder first{Must(core::LedgerOrigin::Parse("a.example/usd")), core::Sha256("k"), 5};
  const ProvenOrder second{Must(core::LedgerOrigin::Parse("b.example/eur")), core::Sha256("l"), 9};
  orders.Keep(id, first);
  orders.Keep(id, second);
  const std::vector<store::MetaWrite> meta = orders.TakeMeta();
  ASSERT_EQ(meta.size(), 1u);
  EXPECT_TRUE(orders.TakeMeta().empty());
  KeptOrders again;
  ASSERT_TRUE(again.Restore(meta[0].key, *meta[0].value).ok());
  EXPECT_THAT(*again.Find(id), ::testing::ElementsAre(first, second));
  again.Remove(id);
  const std::vector<store::MetaWrite> removed = again.TakeMeta();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].key, meta[0].key);
  EXPECT_FALSE(removed[0].value.has_value());
  EXPECT_FALSE(again.Restore("ordered/xy", *meta[0].value).ok());
  EXPECT_FALSE(again.Restore(meta[0].key, meta[0].value->substr(1)).ok());
}

TEST_F(AbortOrderTest, MustBeOfALedgerInTheTerms) {
  Submit(deal_);
  EXPECT_THAT(Order(deal_.id, OrderOf(2, deal_.id)), HasSubstr("no ledger of the terms"));
  const AbortOrder stranger =
      ReceiptOf(OrderEntry(deal_.id), "x.example/xxx", *KeyOf("x.example/xxx"));
  EXPECT_THAT(Order(deal_.id, stranger), HasSubstr("no ledger of the terms"));
  ASSERT_TRUE(engine_->Flush(At(2)).ok());
  EXPECT_EQ(engine_->Find(deal_.id)->state, SettlementState::kPreparing);
}

TEST_F(AbortOrderTest, MustBeSignedByThatLedger) {
  Submit(deal_);
  const AbortOrder forged =
      ReceiptOf(OrderEntry(deal_.id), world_.ledgers[0]->origin().text(), *KeyOf("somebody"));
  EXPECT_THAT(Order(deal_.id, forged), HasSubstr("order.checkpoint: "));
}

TEST_F(AbortOrderTest, MustBeInTheLog) {
  Submit(deal_);
  AbortOrder order = OrderOf(0, deal_.id);
  core::Entry other = OrderEntry(deal_.id);
  other.salt[0] = 1;
  order.entry = core::EncodeEntry(other);
  EXPECT_THAT(Order(deal_.id, order), HasSubstr("order.entry_proof: does not lead"));
  order = OrderOf(0, deal_.id);
  order.entry_index = 7;
  EXPECT_THAT(Order(deal_.id, order), HasSubstr("order.entry_proof: does not lead"));
}

TEST_F(AbortOrderTest, MustBeASettledOrderForThatSettlement) {
  Submit(deal_);
  const auto order = [&](const core::Entry& entry) {
    return Order(deal_.id,
                 ReceiptOf(entry, world_.ledgers[0]->origin().text(), world_.ledgers[0]->key()));
  };
  core::Entry payment = OrderEntry(deal_.id);
  payment.instruction.kind = core::ActionKind::kPay;
  EXPECT_THAT(order(payment), HasSubstr("is pay settled; must be order-abort settled"));
  core::Entry rejected = OrderEntry(deal_.id);
  rejected.status = core::InstructionStatus::kRejected;
  rejected.rejection.outcome = core::Outcome::kApprovalsMissing;
  EXPECT_THAT(order(rejected), HasSubstr("is order-abort rejected"));
  EXPECT_THAT(order(OrderEntry(core::Sha256("another"))),
              HasSubstr("orders the abort of settlement"));
  AbortOrder broken = OrderOf(0, deal_.id);
  broken.checkpoint = "no note";
  EXPECT_THAT(Order(deal_.id, broken), HasSubstr("order.checkpoint: "));
}

}  // namespace
}  // namespace causeway::bridge
