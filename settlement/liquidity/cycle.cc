#include <algorithm>

#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {
namespace {

// Edges that a run looks at in search of rings where order is free. The number of rings grows
// without bound in the number of banks; a run must end.
constexpr std::uint32_t kEdgesMax = 1'000'000;

// Payments that a run looks at, where order is free, to complete rings of linked payments.
constexpr std::uint32_t kLooksMax = 1'000'000;

}  // namespace

// Where order is kept, each bank has one payment that could go next, so rings share no bank and all
// are found by following heads.
Settled Engine::State::RunCycleOfHeads(const Optimisation& optimisation, Effects& effects) {
  Settled settled;
  std::uint32_t looks = kLooksMax;
  bool again = true;
  while (again) {
    again = false;
    // The start from which a bank was first reached, plus one; zero: not reached.
    std::vector<BankIndex> reached_from(banks.size(), 0);
    for (BankIndex begin = 0; begin < banks.size(); ++begin) {
      BankIndex bank = begin;
      std::vector<PaymentId> path;
      while (reached_from[bank] == 0 && Front(bank) != kNoPayment) {
        reached_from[bank] = begin + 1;
        path.push_back(Front(bank));
        bank = nodes[path.back()].receiver;
      }
      if (path.empty() || reached_from[bank] != begin + 1) continue;
      const auto ring = std::find_if(path.begin(), path.end(), [&](PaymentId payment) {
        return nodes[payment].sender == bank;
      });
      path.erase(path.begin(), ring);
      if (path.size() > optimisation.cycle_banks_max) continue;
      again = (rules.links_settle_together
                   ? TryRing(path, optimisation.cycle_banks_max, looks, effects, settled)
                   : TrySet(path, {Cause::kCycle, Algorithm::kCycle}, effects, settled)) ||
              again;
    }
    Retry(effects);
  }
  return settled;
}

namespace {

// Rings of the oldest payments of pairs, each found once, from its bank of lowest index.
class RingSearch {
 public:
  RingSearch(Engine::State& state, std::uint32_t banks_max, Engine::Effects& effects)
      : state_(state), banks_max_(banks_max), effects_(effects), on_path_(state.banks.size()) {}

  // Settles the first ring found from `begin` that fits. True when there was one.
  bool SettleOne(BankIndex begin) {
    begin_ = begin;
    return Visit(begin);
  }

  bool exhausted() const { return edges_ >= kEdgesMax; }
  const Settled& settled() const { return settled_; }

 private:
  bool Visit(BankIndex bank) {
    on_path_[bank] = true;
    bool done = false;
    for (std::uint32_t pair = state_.pairs.FirstOfSender(bank); pair != PairIndex::kNoPair && !done;
         pair = state_.pairs[pair].next_of_sender) {
      const PairIndex::Pair& edge = state_.pairs[pair];
      if (edge.head == kNoPayment || edge.receiver < begin_) continue;
      if (++edges_ >= kEdgesMax) break;
      const PaymentId oldest = OldestOf(pair);
      if (oldest == kNoPayment) continue;
      if (edge.receiver == begin_) {
        std::vector<PaymentId> ring = path_;
        ring.push_back(oldest);
        done = Try(ring);
      } else if (!on_path_[edge.receiver] && path_.size() + 1 < banks_max_) {
        path_.push_back(oldest);
        done = Visit(edge.receiver);
        path_.pop_back();
      }
    }
    on_path_[bank] = false;
    return done;
  }

  PaymentId OldestOf(std::uint32_t pair) {
    if (!state_.rules.links_settle_together) return state_.pairs[pair].head;
    std::uint32_t left = kEdgesMax - edges_;
    const PaymentId oldest = state_.OldestWhole(pair, {}, left);
    edges_ = kEdgesMax - left;
    return oldest;
  }

  bool Try(std::vector<PaymentId>& ring) {
    if (state_.rules.links_settle_together) {
      return state_.TryRing(ring, banks_max_, looks_, effects_, settled_);
    }
    return state_.TrySet(ring, {Cause::kCycle, Algorithm::kCycle}, effects_, settled_);
  }

  Engine::State& state_;
  const std::uint32_t banks_max_;
  Engine::Effects& effects_;
  std::vector<bool> on_path_;
  std::vector<PaymentId> path_;
  BankIndex begin_ = 0;
  std::uint32_t edges_ = 0;
  std::uint32_t looks_ = kLooksMax;
  Settled settled_;
};

}  // namespace

Settled Engine::State::RunCycle(const Optimisation& optimisation, Effects& effects) {
  if (QueueOrder() != Order::kFree) return RunCycleOfHeads(optimisation, effects);
  RingSearch search(*this, optimisation.cycle_banks_max, effects);
  bool again = true;
  while (again && !search.exhausted()) {
    again = false;
    for (BankIndex begin = 0; begin < banks.size() && !search.exhausted(); ++begin) {
      while (!search.exhausted() && search.SettleOne(begin)) again = true;
    }
    Retry(effects);
  }
  return search.settled();
}

}  // namespace causeway::liquidity
