// A bridge engine in the small world, and what tests do with it again and again.
#ifndef CAUSEWAY_TESTS_BRIDGE_ENGINE_FIXTURE_H_
#define CAUSEWAY_TESTS_BRIDGE_ENGINE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <variant>
#include <vector>

#include "fx-bridge/engine/bridge_engine.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {

class BridgeEngineTest : public ::testing::Test {
 protected:
  std::variant<SettlementView, core::Rejection> Submit(core::LedgerTime now, const Deal& deal) {
    return engine_->Submit(now, deal.terms, deal.legs);
  }
  core::Outcome OutcomeOfSubmit(core::LedgerTime now, const Deal& deal) {
    const auto result = Submit(now, deal);
    const auto* rejection = std::get_if<core::Rejection>(&result);
    return rejection == nullptr ? core::Outcome::kAccepted : rejection->outcome;
  }
  void Flush(core::LedgerTime now) { ASSERT_TRUE(engine_->Flush(now).ok()); }
  // Flushes, carries every request to its ledger and the answer back, until nothing is asked.
  void Run(core::LedgerTime now) {
    for (;;) {
      Flush(now);
      const std::vector<LedgerRequest> requests = engine_->TakeRequests();
      if (requests.empty()) return;
      for (const LedgerRequest& request : requests) Carry(now, request);
    }
  }
  void Carry(core::LedgerTime now, const LedgerRequest& request) {
    world_.Carry(now, request, *engine_);
  }
  SettlementState StateOf(const Deal& deal) const {
    const auto view = engine_->Find(deal.id);
    return view.has_value() ? view->state : SettlementState::kNone;
  }
  void Restart() {
    engine_.reset();
    engine_ = world_.Open();
  }

  World world_;
  std::unique_ptr<BridgeEngine> engine_ = world_.Open();
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_TESTS_BRIDGE_ENGINE_FIXTURE_H_
