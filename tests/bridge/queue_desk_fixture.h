// A settlement queue of three members for tests, the ledgers that they have money on, and with
// every flush a comparison of what starts from snapshots and from the log alone come to.
#ifndef CAUSEWAY_TESTS_BRIDGE_QUEUE_DESK_FIXTURE_H_
#define CAUSEWAY_TESTS_BRIDGE_QUEUE_DESK_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fx-bridge/engine/queue_desk.h"
#include "settlement/codec/codec.h"
#include "settlement/core/prng.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {

using core::Outcome;

inline constexpr char kQueueLog[] = "bridge.example/decisions";
inline constexpr std::int64_t kHourMs = 3'600'000;

struct SideOf {
  std::string party;
  std::string currency;
  std::int64_t amount = 0;
};

inline core::LedgerOrigin LedgerIn(const std::string& currency) {
  return Origin("ledger.example/" + std::string(currency == "EUR"   ? "eur"
                                                : currency == "USD" ? "usd"
                                                                    : "jpy"));
}

inline core::QueuedTrade TradeOf(const std::string& reference, const SideOf& one,
                                 const SideOf& other, std::int64_t valid_until_ms = kHourMs) {
  const auto side = [](const SideOf& each) {
    return core::QueuedTrade::Side{Party(each.party),
                                   LedgerIn(each.currency),
                                   {Ccy(each.currency), core::Amount::FromMinor(each.amount)}};
  };
  core::QueuedTrade trade{.queue = Origin(kQueueLog),
                          .reference = Must(core::InstructionId::Parse(reference)),
                          .valid_until = At(valid_until_ms),
                          .sides = {side(one), side(other)}};
  if (trade.sides[1].party < trade.sides[0].party) std::swap(trade.sides[0], trade.sides[1]);
  return trade;
}

inline core::Envelope SignedBy(const std::vector<std::string>& names, std::string_view type,
                               const std::string& payload) {
  std::vector<std::shared_ptr<core::SoftwareSigner>> keys;
  std::vector<const core::Signer*> signers;
  for (const std::string& name : names) {
    keys.push_back(KeyOf(name));
    signers.push_back(keys.back().get());
  }
  return Must(core::SignEnvelope(type, payload, signers));
}

inline core::Envelope Entry(const core::QueuedTrade& trade, const std::vector<std::string>& by) {
  return SignedBy(by, core::kQueuedTradePayloadType, core::EncodeQueuedTrade(trade));
}

inline core::Hash256 IdOf(const core::QueuedTrade& trade) {
  return core::QueuedTradeIdOf(core::EncodeQueuedTrade(trade));
}

inline Outcome OutcomeOf(const std::variant<core::Hash256, core::Rejection>& result) {
  const auto* refused = std::get_if<core::Rejection>(&result);
  return refused == nullptr ? Outcome::kAccepted : refused->outcome;
}

// Members A, B and C with accounts on three ledgers, and what the ledgers hold of each.
class QueueDeskTest : public testing::Test {
 protected:
  QueueDeskTest()
      : disk_(std::shared_ptr<store::Journal>(
            store::NewMemoryJournal(QueueDesk::JournalIdentityOf(Origin(kQueueLog))))) {
    auto keys = std::make_shared<StaticKeyDirectory>();
    for (const char* name : {"A", "B", "C", "D"}) keys->Add(Party(name), KeyOf(name)->public_key());
    keys_ = keys;
    Open();
  }

  QueueOptions Options() {
    QueueOptions options;
    options.decision_log = Origin(kQueueLog);
    options.policy_hash = core::Sha256("policy");
    options.keys = keys_;
    options.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
    for (const char* name : {"A", "B", "C"}) {
      for (const char* currency : {"EUR", "USD", "JPY"}) {
        options.members[Party(name)][LedgerIn(currency)] =
            Address(currency, std::string("BANK") + name);
      }
    }
    options.rules.every = core::Duration::FromSeconds(60);
    options.rules.answer_timeout = core::Duration::FromSeconds(5);
    options.rules.selection = selection_;
    options.rules.exact_max = 10;
    options.trades_max = trades_max_;
    options.known_max = known_max_;
    options.random = [this](std::size_t size) { return random_.Bytes(size); };
    options.snapshots = snapshots_;
    return options;
  }

  void Open() { desk_ = Must(QueueDesk::Open(Options(), disk_.Mount(), now_)); }
  // As after kill -9: what was not flushed is gone.
  void Restart() {
    desk_.reset();
    Open();
  }
  void Flush() {
    ASSERT_TRUE(desk_->Flush().ok());
    if (++flushes_ < 50 || flushes_ % 16 == 0) ExpectSnapshotsTellTheSame();
  }
  // A start from an earlier snapshot and the events since, and one from the log alone, come to the
  // state that this desk is in.
  void ExpectSnapshotsTellTheSame() {
    QueueOptions options = Options();
    if (desk_->options().rules != options.rules) return;  // a test is about to change them
    const QueueSnapshot now = Must(desk_->Snapshot());
    // But for the latest time, which comes first: for who starts it is the start's.
    const auto rest_of = [](const QueueSnapshot& snapshot) { return snapshot.state.substr(8); };
    for (const bool from_snapshot : {true, false}) {
      if (!from_snapshot) options.snapshots = nullptr;
      const auto again = Must(QueueDesk::Open(options, disk_.Mount(), now_));
      ASSERT_TRUE(again->notes().empty());
      ASSERT_EQ(again->replayed_from(),
                from_snapshot && snapshot_blocks_ != 0 ? snapshot_blocks_ : 0);
      ASSERT_EQ(rest_of(Must(again->Snapshot())), rest_of(now)) << from_snapshot;
    }
    if (flushes_ % 3 != 0) return;
    ASSERT_TRUE(WriteQueueSnapshot(now, Origin(kQueueLog), *snapshots_).ok());
    snapshot_blocks_ = now.blocks;
  }

  void EnterBoth(const core::QueuedTrade& trade) {
    for (const core::QueuedTrade::Side& side : trade.sides) {
      const std::string name = side.party.ToString();
      ASSERT_EQ(OutcomeOf(desk_->Enter(now_, side.party, Entry(trade, {name}))),
                Outcome::kAccepted);
    }
    Flush();
  }

  // Three trades over three currencies: nobody has the euros that it pays first.
  std::vector<core::QueuedTrade> Ring() const {
    return {TradeOf("R-1", {"A", "EUR", 100}, {"B", "USD", 110}),
            TradeOf("R-2", {"B", "EUR", 100}, {"C", "JPY", 15'000}),
            TradeOf("R-3", {"C", "EUR", 100}, {"A", "USD", 120})};
  }
  void FundRing() {
    funds_[{"A", "USD"}] = 10;
    funds_[{"B", "USD"}] = 110;
    funds_[{"C", "JPY"}] = 15'000;
  }

  void AnswerFunds(const std::string& name) {
    for (const FundsRequest& request : desk_->RequestsFor(Party(name)).funds) {
      const std::string currency = request.account.currency().ToString();
      EXPECT_FALSE(desk_->TellFunds(now_, Party(name), request.run, request.ledger,
                                    core::Amount::FromMinor(funds_[{name, currency}])));
    }
  }
  void SignAll(const std::string& name) {
    for (const SignatureRequest& request : desk_->RequestsFor(Party(name)).signatures) {
      EXPECT_FALSE(desk_->Sign(now_, Party(name), request.attempt,
                               SignedBy({name}, core::kTermsPayloadType, request.terms.terms)));
    }
  }
  void AnswerAll() {
    for (const char* name : {"A", "B", "C"}) AnswerFunds(name);
    for (const char* name : {"A", "B", "C"}) SignAll(name);
    Flush();
  }

  // What the ledgers would say: the first leg that is not covered refuses it. Repeats are answered
  // like the first time.
  core::Rejection Settle(const QueueSubmission& submission) {
    const core::Hash256 id = core::SettlementIdOf(submission.terms.payload);
    const auto before = decided_.find(id);
    if (before != decided_.end()) return before->second;
    core::Rejection outcome{.outcome = Outcome::kAccepted};
    auto left = funds_;
    for (std::size_t i = 0; i < submission.legs.size(); ++i) {
      const core::Leg leg = Must(codec::DecodeLeg(submission.legs[i]));
      const std::string currency = leg.amount.currency.ToString();
      std::int64_t& funds = left[{leg.party.ToString(), currency}];
      if (funds < leg.amount.amount.minor()) {
        outcome = {.outcome = Outcome::kInsufficientFunds,
                   .actual = funds,
                   .rule = "leg " + std::to_string(i)};
        break;
      }
      funds -= leg.amount.amount.minor();
    }
    if (outcome.outcome == Outcome::kAccepted) {
      for (const std::string& bytes : submission.legs) {
        const core::Leg leg = Must(codec::DecodeLeg(bytes));
        const std::string payee = leg.creditor.ToString().substr(9);
        left[{payee, leg.amount.currency.ToString()}] += leg.amount.amount.minor();
      }
      funds_ = left;
      ++settlements_;
    }
    decided_[id] = outcome;
    return outcome;
  }

  // Hands in what is to be handed in; how many.
  std::size_t HandIn() {
    const std::vector<QueueSubmission> submissions = desk_->TakeSubmissions();
    for (const QueueSubmission& each : submissions) {
      desk_->OnOutcome(now_, each.attempt, Settle(each));
    }
    Flush();
    return submissions.size();
  }
  // Until nothing moves.
  void Work() {
    do {
      AnswerAll();
    } while (HandIn() > 0);
  }
  void NextRun() {
    now_ = desk_->next_timer();
    desk_->Tick(now_);
    Flush();
  }

  QueuedTradeState StateOf(const core::QueuedTrade& trade) const {
    return desk_->Look(IdOf(trade))->state;
  }

  core::RandomStream random_{7, "queue"};
  core::LedgerTime now_ = At(1000);
  Disk disk_;
  std::shared_ptr<const KeyDirectory> keys_;
  fx_queue::SettlementSelection selection_ = fx_queue::SettlementSelection::kLargest;
  std::size_t trades_max_ = 100;
  std::size_t known_max_ = kKnownTradesMax;
  std::unique_ptr<QueueDesk> desk_;
  std::map<std::pair<std::string, std::string>, std::int64_t> funds_;
  std::map<core::Hash256, core::Rejection> decided_;
  int settlements_ = 0;
  std::shared_ptr<store::SnapshotStore> snapshots_ = store::MakeMemorySnapshotStore();
  std::uint64_t snapshot_blocks_ = 0;  // of the newest
  int flushes_ = 0;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_TESTS_BRIDGE_QUEUE_DESK_FIXTURE_H_
