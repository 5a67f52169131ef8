#include <algorithm>
#include <array>
#include <numeric>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {
namespace {

// In the manner of the heuristics that Guentzer, Jungnickel and Leclerc (1998) give for the bank
// clearing problem: from everything that waits, drop what brings a bank back within its means at
// the least loss; then put back whatever fits after all. Order in the queues is not kept, but a
// bank drops its payments of lower priority first. Partners are dropped and put back together.
class GreedySearch {
 public:
  explicit GreedySearch(Engine::State& state) : state_(state), of_bank_(state.banks.size()) {
    for (const PaymentId payment : state.AllQueued()) {
      if (!state.IsWhole(payment)) continue;
      state_.CountFlow(payment);
      of_bank_[state_.nodes[payment].sender].payments.push_back(payment);
    }
    for (Outgoing& outgoing : of_bank_) Sort(outgoing);
    if (!state.rules.links_settle_together) return;
    index_of_.resize(state.nodes.size());
    for (const Outgoing& outgoing : of_bank_) {
      for (std::uint32_t i = 0; i < outgoing.payments.size(); ++i) {
        index_of_[outgoing.payments[i]] = i;
      }
    }
  }
  GreedySearch(const GreedySearch&) = delete;
  GreedySearch& operator=(const GreedySearch&) = delete;

  std::vector<PaymentId> Find() {
    DropUntilAllFit();
    PutBack();
    state_.ClearFlows();
    std::vector<PaymentId> kept;
    for (Outgoing& outgoing : of_bank_) {
      for (std::size_t i = 0; i < outgoing.payments.size(); ++i) {
        if (!outgoing.dropped[i]) kept.push_back(outgoing.payments[i]);
      }
    }
    return kept;
  }

 private:
  struct Outgoing {
    // By priority, least urgent first; then by value, smallest first; then by arrival.
    std::vector<PaymentId> payments;
    std::vector<bool> dropped;
    std::vector<std::uint32_t> next_kept;      // where to look on from i; union-find, paths halved
    std::vector<std::uint32_t> previous_kept;  // one more than where to look back from i - 1
    std::array<std::uint32_t, kPriorities + 1> starts = {0, 0, 0, 0};  // of each priority
  };

  void Sort(Outgoing& outgoing) const {
    const auto before = [&](PaymentId left, PaymentId right) {
      const Priority left_priority = state_.PriorityOf(left);
      const Priority right_priority = state_.PriorityOf(right);
      if (left_priority != right_priority) return left_priority > right_priority;
      const std::int64_t left_amount = state_.nodes[left].amount;
      const std::int64_t right_amount = state_.nodes[right].amount;
      return left_amount != right_amount ? left_amount < right_amount : left < right;
    };
    std::sort(outgoing.payments.begin(), outgoing.payments.end(), before);
    const std::size_t count = outgoing.payments.size();
    outgoing.dropped.assign(count, false);
    outgoing.next_kept.resize(count + 1);
    std::iota(outgoing.next_kept.begin(), outgoing.next_kept.end(), 0U);
    outgoing.previous_kept = outgoing.next_kept;
    for (std::size_t c = 0; c < kPriorities; ++c) {
      // Place c holds priority kNormal - c.
      const auto at = std::partition_point(
          outgoing.payments.begin(), outgoing.payments.end(), [&](PaymentId payment) {
            return kPriorities - 1 - static_cast<int>(state_.PriorityOf(payment)) <=
                   static_cast<int>(c);
          });
      outgoing.starts[c + 1] = static_cast<std::uint32_t>(at - outgoing.payments.begin());
    }
  }

  static std::uint32_t Follow(std::vector<std::uint32_t>& links, std::uint32_t from) {
    while (links[from] != from) from = links[from] = links[links[from]];
    return from;
  }

  // By how much the bank's conditions on funds are missed; zero when they are met.
  std::int64_t Shortfall(BankIndex bank) const {
    BankState& state = state_.banks[bank];
    state_.RollWindow(state);
    const Flows& flow = state_.flows[bank];
    const std::int64_t after = state.Funds() + flow.in - flow.Out();
    std::int64_t short_by = -after;
    const std::int64_t urgent = std::max<std::int64_t>(0, state.reserved_urgent - flow.out[0]);
    const std::int64_t high = std::max<std::int64_t>(0, state.reserved_high - flow.out[1]);
    if (flow.out[1] + flow.out[2] > 0) short_by = std::max(short_by, urgent - after);
    if (flow.out[2] > 0) {
      std::int64_t kept = urgent + high;
      if (state_.rules.release == Release::kBalanceReactive) kept += state.release_threshold;
      short_by = std::max(short_by, kept - after);
      if (state_.rules.release == Release::kReceiptReactive) {
        short_by = std::max(short_by, flow.out[2] - state.receipts - flow.in);
      }
    }
    return std::max<std::int64_t>(0, short_by);
  }

  // Of the least urgent payments in the set, the smallest that makes up the shortfall alone, or
  // else the largest.
  std::uint32_t Choose(BankIndex bank) {
    Outgoing& outgoing = of_bank_[bank];
    const std::int64_t short_by = Shortfall(bank);
    for (std::size_t c = 0; c < kPriorities; ++c) {
      const std::uint32_t begin = outgoing.starts[c];
      const std::uint32_t end = outgoing.starts[c + 1];
      if (begin == end || Follow(outgoing.next_kept, begin) >= end) continue;
      const auto enough = std::partition_point(
          outgoing.payments.begin() + begin, outgoing.payments.begin() + end,
          [&](PaymentId payment) { return state_.nodes[payment].amount < short_by; });
      const auto at = static_cast<std::uint32_t>(enough - outgoing.payments.begin());
      const std::uint32_t found = short_by == 0 ? end : Follow(outgoing.next_kept, at);
      return found < end ? found : Follow(outgoing.previous_kept, end) - 1;
    }
    CW_CHECK(false, "a bank that pays nothing in the set meets its conditions");
    return 0;
  }

  // Of a payment, and of its partner if it has one: both are in the set or neither.
  template <typename Visit>
  void ForBoth(PaymentId payment, const Visit& visit) const {
    visit(payment);
    if (state_.LinkOf(payment) != 0) visit(state_.PartnerOf(payment));
  }

  void Drop(BankIndex bank, std::uint32_t index) {
    Outgoing& outgoing = of_bank_[bank];
    outgoing.dropped[index] = true;
    outgoing.next_kept[index] = index + 1;
    outgoing.previous_kept[index + 1] = index;
    state_.CountFlow(outgoing.payments[index], /*back=*/true);
  }

  void DropUntilAllFit() {
    std::vector<BankIndex> work(state_.touched);
    std::vector<bool> listed(state_.banks.size(), false);
    for (const BankIndex bank : work) listed[bank] = true;
    for (std::size_t next = 0; next < work.size(); ++next) {
      const BankIndex bank = work[next];
      listed[bank] = false;
      while (state_.flows[bank].Out() > 0 && !state_.PayerFits(bank)) {
        const std::uint32_t index = Choose(bank);
        const PaymentId chosen = of_bank_[bank].payments[index];
        Drop(bank, index);
        if (state_.LinkOf(chosen) != 0) {
          const PaymentId partner = state_.PartnerOf(chosen);
          Drop(state_.nodes[partner].sender, index_of_[partner]);
        }
        ListPayees(chosen, listed, work);
      }
    }
  }

  void ListPayees(PaymentId payment, std::vector<bool>& listed,
                  std::vector<BankIndex>& work) const {
    ForBoth(payment, [&](PaymentId each) {
      const BankIndex payee = state_.nodes[each].receiver;
      if (listed[payee]) return;
      listed[payee] = true;
      work.push_back(payee);
    });
  }

  // Counts a payment and its partner in again, if they fit.
  bool FitsAgain(PaymentId payment) {
    bool fits = true;
    ForBoth(payment, [&](PaymentId each) { state_.CountFlow(each); });
    ForBoth(payment, [&](PaymentId each) {
      const Node& node = state_.nodes[each];
      fits = fits && state_.Fits(node.sender, state_.flows[node.sender]) &&
             state_.Fits(node.receiver, state_.flows[node.receiver]);
    });
    if (fits) return true;
    ForBoth(payment, [&](PaymentId each) { state_.CountFlow(each, /*back=*/true); });
    return false;
  }

  // Puts dropped payments back, most urgent and largest first, until none is left that would fit.
  void PutBack() {
    std::vector<BankIndex> work(state_.touched);
    std::vector<bool> listed(state_.banks.size(), false);
    for (const BankIndex bank : work) listed[bank] = true;
    for (std::size_t next = 0; next < work.size(); ++next) {
      const BankIndex bank = work[next];
      listed[bank] = false;
      Outgoing& outgoing = of_bank_[bank];
      for (std::size_t i = outgoing.payments.size(); i-- > 0;) {
        if (!outgoing.dropped[i]) continue;
        const PaymentId payment = outgoing.payments[i];
        const Flows& flow = state_.flows[bank];
        const std::int64_t left = state_.banks[bank].Funds() + flow.in - flow.Out();
        const bool linked = state_.LinkOf(payment) != 0;
        const std::int64_t needed =
            linked ? state_.PairNeeds(payment) : state_.nodes[payment].amount;
        if (needed > left || !FitsAgain(payment)) continue;  // most fail by the first
        outgoing.dropped[i] = false;
        if (linked) {
          const PaymentId partner = state_.PartnerOf(payment);
          of_bank_[state_.nodes[partner].sender].dropped[index_of_[partner]] = false;
        }
        ListPayees(payment, listed, work);
      }
    }
  }

  Engine::State& state_;
  std::vector<Outgoing> of_bank_;
  std::vector<std::uint32_t> index_of_;  // by payment, in its bank's; only with links
};

}  // namespace

Settled Engine::State::RunGreedy(Effects& effects) {
  Settled settled;
  std::vector<PaymentId> set = GreedySearch(*this).Find();
  // It may not fit where payees may hold no more: dropping looks at payers only.
  TrySet(set, {Cause::kMultilateralRun, Algorithm::kGreedy}, effects, settled);
  return settled;
}

}  // namespace causeway::liquidity
