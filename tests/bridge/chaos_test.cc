// Settlements under loss, duplication, delay and reordering of every message, and crashes of the
// bridge at any point, a write that fails included. Whatever the seed: each settlement ends on one
// outcome everywhere, no commit lacks a vote, and no id is decided twice.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <set>

#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

constexpr std::int64_t kFaultsEndMs = 60'000;
constexpr std::int64_t kSimulationEndMs = 3'600'000;
constexpr int kSettlements = 12;

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed)
      : random_(seed, "chaos"), world_({"a.example/usd", "b.example/eur", "c.example/jpy"}) {}

  void Run() {
    Boot();
    for (int i = 0; i < kSettlements; ++i) PlanSettlement(i);
    PlanCrashes();
    while (!events_.empty() && now_ms_ < kSimulationEndMs) {
      const auto first = events_.begin();
      now_ms_ = std::max(now_ms_, first->first.first);
      const std::function<void()> action = std::move(first->second);
      events_.erase(first);
      action();
    }
    Check();
  }

 private:
  core::LedgerTime Now() const { return At(now_ms_); }
  bool Faulty() const { return now_ms_ < kFaultsEndMs; }
  bool Chance(std::uint64_t percent) { return Faulty() && random_.Bernoulli(percent, 100); }
  void In(std::int64_t delay_ms, std::function<void()> action) {
    events_.emplace(std::pair(now_ms_ + delay_ms, sequence_++), std::move(action));
  }
  std::int64_t Latency() { return 1 + random_.NextExponentialMicros(200'000) / 1000; }

  void Boot() {
    engine_ = world_.Open();
    ++boots_;
    engine_->Tick(Now());
    Pump();
  }

  void Crash() {
    engine_.reset();
    In(random_.UniformInRange(1, 3000), [this] { Boot(); });
  }

  void PlanCrashes() {
    for (int i = 0; i < 8; ++i) {
      const std::int64_t at_ms = random_.UniformInRange(0, kFaultsEndMs);
      const std::uint64_t kind = random_.Uniform(3);
      In(at_ms, [this, kind] {
        if (engine_ == nullptr) return;
        if (kind == 0) {
          Crash();
        } else {
          *world_.disk->fault = kind == 1 ? Disk::Fault::kBefore : Disk::Fault::kAfter;
        }
      });
    }
  }

  // Makes things durable and sends what may leave. False when the process died of it.
  bool Pump() {
    if (!engine_->Flush(Now()).ok()) {
      Crash();
      return false;
    }
    for (LedgerRequest& request : engine_->TakeRequests()) Send(std::move(request));
    if (const auto timer = engine_->next_timer()) {
      const std::int64_t at_ms = timer->micros() / 1000 + 1;
      In(std::max<std::int64_t>(1, at_ms - now_ms_), [this, boot = boots_] {
        if (engine_ == nullptr || boot != boots_) return;
        engine_->Tick(Now());
        Pump();
      });
    }
    return true;
  }

  void Send(LedgerRequest request) {
    const int copies = Chance(15) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (Chance(20)) {
        // Lost on the way there: the sender hears of it, or does not.
        if (Chance(50)) Reply(request, [this, request] { Failed(request); });
        continue;
      }
      In(Latency(), [this, request] { Arrive(request); });
    }
  }

  void Arrive(const LedgerRequest& request) {
    FakeLedger& ledger = world_.ledger(request.ledger);
    if (Chance(10)) {
      Reply(request, [this, request] {
        engine_->OnPrepareReply(Now(), request.settlement_id, request.ledger,
                                Refusal(core::Outcome::kOverloaded));
      });
      return;
    }
    if (request.kind == RequestKind::kPrepare) {
      const PrepareAnswer answer = ledger.Prepare(Now(), request);
      Reply(request, [this, request, answer] {
        engine_->OnPrepareReply(Now(), request.settlement_id, request.ledger, answer);
      });
    } else {
      const CompleteAnswer answer = ledger.Complete(request);
      Reply(request, [this, request, answer] {
        engine_->OnCompleteReply(Now(), request.settlement_id, request.ledger, answer);
      });
    }
  }

  void Failed(const LedgerRequest& request) {
    engine_->OnSendFailed(Now(), request.kind, request.settlement_id, request.ledger);
  }

  // Replies may be lost, doubled, and reach a process that knows nothing of the question.
  void Reply(const LedgerRequest&, const std::function<void()>& deliver) {
    const int copies = Chance(15) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (Chance(20)) continue;
      In(Latency(), [this, deliver] {
        if (engine_ == nullptr) return;
        deliver();
        Pump();
      });
    }
  }

  void PlanSettlement(int number) {
    static const std::vector<std::vector<std::pair<std::size_t, std::string>>> kShapes = {
        {{0, "ALPHA"}, {1, "BETA"}},
        {{0, "ALPHA"}, {1, "BETA"}, {2, "GAMMA"}},
        {{2, "BETA"}, {0, "GAMMA"}, {2, "ALPHA"}},
        {{1, "ALPHA"}},
    };
    // Every third is a list of settlements; the first two shapes have one leg on each ledger.
    const bool is_list = number % 3 == 0;
    const auto& shape = kShapes[random_.Uniform(is_list ? 2 : kShapes.size())];
    const std::int64_t start_ms = random_.UniformInRange(0, 40'000);
    const std::int64_t deadline_ms = start_ms + random_.UniformInRange(200, 30'000);
    const std::string nonce = "settlement " + std::to_string(number);
    std::set<std::string> payers;
    for (const auto& [ledger, payer] : shape) payers.insert(payer);
    const auto count = static_cast<std::uint32_t>(1 + random_.Uniform(20));
    const Deal unsigned_deal = is_list
                                   ? world_.MakeListDeal(nonce, At(deadline_ms), count, shape, {})
                                   : world_.MakeDeal(nonce, At(deadline_ms), shape, {});
    if (is_list) {
      for (const auto& [ledger, payer] : shape) {
        core::PositionSet& held = world_.ledgers[ledger]->holds[unsigned_deal.id];
        held = core::PositionSet(count);
        for (std::uint32_t i = 0; i < count; ++i) {
          if (random_.Bernoulli(4, 5)) held.Insert(i);
        }
      }
    }
    if (random_.Bernoulli(1, 6)) {
      world_.ledgers[shape[0].first]->refuses[unsigned_deal.id] = core::Outcome::kInsufficientFunds;
    }
    terms_[unsigned_deal.id] = unsigned_deal.terms.payload;
    // Every payer hands in its own signature, some of them never.
    for (const std::string& payer : payers) {
      if (random_.Bernoulli(1, 15)) continue;
      Deal deal = unsigned_deal;
      World::Sign(payer, deal.terms);
      In(start_ms + random_.UniformInRange(0, 300), [this, deal] { Client(deal); });
    }
    // Somebody asks about the deadline, also of settlements that the bridge never got.
    In(deadline_ms + 5000, [this, unsigned_deal] { Ask(unsigned_deal); });
  }

  // A client repeats its submission until the bridge has answered it durably.
  void Client(const Deal& deal) {
    if (engine_ != nullptr) {
      const auto answer = engine_->Submit(Now(), deal.terms, deal.legs);
      if (Pump() && !Chance(20)) {
        if (std::holds_alternative<SettlementView>(answer)) accepted_.insert(deal.id);
        return;
      }
    }
    In(500, [this, deal] { Client(deal); });
  }

  void Ask(const Deal& deal) {
    if (engine_ != nullptr) {
      engine_->JudgeDeadline(Now(), deal.id, deal.terms.payload);
      if (Pump()) {
        accepted_.insert(deal.id);
        return;
      }
    }
    In(500, [this, deal] { Ask(deal); });
  }

  void Check() {
    ASSERT_NE(engine_, nullptr);
    EXPECT_TRUE(engine_->ListOpen().empty()) << "liveness: settlements are open at the end";
    EXPECT_EQ(engine_->contradictions(), 0U);
    std::map<core::Hash256, core::Verdict> verdicts;
    for (std::uint64_t number = 0; number < engine_->batch_count(); ++number) {
      const auto batch = Must(core::DecodeDecisionBatch(Must(engine_->ReadBatchBytes(number))));
      for (const core::DecidedSettlement& decided : batch.decided) {
        const auto record = Must(core::DecodeDecisionRecord(decided.record));
        EXPECT_TRUE(verdicts.emplace(record.settlement_id, record.verdict).second)
            << "an id is decided twice";
        CheckRecord(record, decided);
      }
    }
    for (const core::Hash256& id : accepted_) {
      EXPECT_TRUE(verdicts.contains(id)) << "an accepted settlement has no decision";
    }
    for (const auto& [id, verdict] : verdicts) CheckLedgers(id, verdict);
    for (const auto& ledger : world_.ledgers) {
      for (const auto& [id, entry] : ledger->entries) {
        EXPECT_TRUE(verdicts.contains(id)) << "a ledger holds what nobody decided";
        EXPECT_LE(entry.resolutions, 1) << "a hold is resolved twice";
      }
    }
  }

  void CheckRecord(const core::DecisionRecord& record, const core::DecidedSettlement& decided) {
    if (record.verdict != core::Verdict::kCommit) return;
    const core::TermsHeader header = Must(codec::DecodeTerms(decided.terms));
    EXPECT_LE(record.decided, header.deadline);
    ASSERT_EQ(decided.votes.size(), header.ledgers.size());
    for (std::size_t i = 0; i < decided.votes.size(); ++i) {
      const core::Vote vote = Must(core::DecodeVote(decided.votes[i]));
      EXPECT_EQ(vote.statement.ledger, header.ledgers[i].ledger);
      EXPECT_EQ(vote.settlement_id, record.settlement_id);
      EXPECT_TRUE(core::VerifyVote(vote, world_.policy(), *world_.verifier).ok());
    }
  }

  // Of a list, each settlement by itself is committed on all ledgers or on none, and only where all
  // of them held it.
  void CheckList(const core::Hash256& id, const core::TermsHeader& header) {
    core::PositionSet held_by_all;
    for (const core::TermsLedger& each : header.ledgers) {
      const FakeLedger::Entry& entry = world_.ledger(each.ledger).entries[id];
      ASSERT_EQ(entry.held.size(), header.list_count);
      if (held_by_all.empty()) held_by_all = entry.held;
      held_by_all.Intersect(entry.held);
    }
    for (const core::TermsLedger& each : header.ledgers) {
      EXPECT_EQ(world_.ledger(each.ledger).entries[id].committed, held_by_all);
    }
    const auto view = engine_->Find(id);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->list_count, header.list_count);
    EXPECT_EQ(view->list_committed, held_by_all);
    listed += static_cast<int>(held_by_all.Count());
  }

  void CheckLedgers(const core::Hash256& id, core::Verdict verdict) {
    const core::TermsHeader header = Must(codec::DecodeTerms(terms_.at(id)));
    if (header.is_list() && verdict == core::Verdict::kCommit) CheckList(id, header);
    for (const core::TermsLedger& each : header.ledgers) {
      const FakeLedger::Entry& entry = world_.ledger(each.ledger).entries[id];
      if (verdict == core::Verdict::kCommit) {
        EXPECT_EQ(entry.status, core::InstructionStatus::kSettled);
        EXPECT_TRUE(entry.terms.has_value()) << "settled without a hold";
      } else {
        EXPECT_TRUE(entry.status == core::InstructionStatus::kAborted ||
                    entry.status == core::InstructionStatus::kRejected);
      }
    }
    const auto view = engine_->Find(id);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->state, verdict == core::Verdict::kCommit ? SettlementState::kSettled
                                                             : SettlementState::kAborted);
    (verdict == core::Verdict::kCommit ? commits : aborts) += 1;
  }

 public:
  int commits = 0;
  int aborts = 0;
  int listed = 0;  // settlements of lists that were committed

 private:
  core::RandomStream random_;
  World world_;
  std::unique_ptr<BridgeEngine> engine_;
  int boots_ = 0;
  std::int64_t now_ms_ = 0;
  std::uint64_t sequence_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> events_;
  std::map<core::Hash256, std::string> terms_;
  std::set<core::Hash256> accepted_;
};

TEST(ChaosTest, EverySettlementEndsOnOneOutcomeEverywhere) {
  std::uint64_t first = 1;
  std::uint64_t last = 60;
  if (const char* chosen = std::getenv("CAUSEWAY_SEED")) {
    first = last = std::strtoull(chosen, nullptr, 10);
  }
  int commits = 0;
  int aborts = 0;
  int listed = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Chaos chaos(seed);
    chaos.Run();
    commits += chaos.commits;
    aborts += chaos.aborts;
    listed += chaos.listed;
    if (::testing::Test::HasFailure()) {
      FAIL() << "replay with: CAUSEWAY_SEED=" << seed << " bridge_test --gtest_filter=ChaosTest.*";
    }
  }
  // The test would prove little if one of the two outcomes never came about.
  if (first != last) {
    EXPECT_GT(commits, 50);
    EXPECT_GT(aborts, 50);
    EXPECT_GT(listed, 200);
  }
}

}  // namespace
}  // namespace causeway::bridge
