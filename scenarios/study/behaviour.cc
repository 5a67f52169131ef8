#include "scenarios/study/behaviour.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/prng.h"

namespace causeway::study {
namespace {

using Wide = __int128;

class DelayBehaviour : public Behaviour {
 public:
  explicit DelayBehaviour(DelayTradeOff terms) : terms_(terms) {}
  bool Submits(const BehaviourView& view, const Payment& payment, bool) override {
    if (view.balance - view.queued >= payment.amount) return true;
    const TimeUs waited = view.now - view.due;
    return Wide{waited} * terms_.delay_ppm_per_hour >= Wide{kHourUs} * terms_.liquidity_ppm;
  }

 private:
  DelayTradeOff terms_;
};

class ReceiptBehaviour : public Behaviour {
 public:
  explicit ReceiptBehaviour(ReceiptReactive terms) : terms_(terms) {}
  bool Submits(const BehaviourView& view, const Payment& payment, bool) override {
    if (view.now >= terms_.pays_all_from) return true;
    const Wide allowance = Wide{view.opening} * terms_.allowance_milli / 1000;
    return Wide{view.sent} + view.queued + payment.amount <= view.received + allowance;
  }

 private:
  ReceiptReactive terms_;
};

bool FallsShort(std::int64_t missing, std::int64_t expected, std::uint32_t milli) {
  return milli > 0 && missing > 0 && Wide{missing} * 1000 >= Wide{expected} * milli;
}

// Always, when nothing is stated.
bool IsUnder(const Stress& stress, const BehaviourView& view) {
  const bool any = stress.receipts_missing_milli > 0 || stress.counterparty_missing_milli > 0 ||
                   stress.balance_below_milli > 0;
  return !any || FallsShort(view.missing, view.expected, stress.receipts_missing_milli) ||
         FallsShort(view.missing_from_recipient, view.expected_from_recipient,
                    stress.counterparty_missing_milli) ||
         (stress.balance_below_milli > 0 &&
          Wide{view.balance} * 1000 < Wide{view.opening} * stress.balance_below_milli);
}

class WithholdBehaviour : public Behaviour {
 public:
  WithholdBehaviour(WithholdUnderStress terms, std::uint64_t seed, std::string stream)
      : terms_(terms), seed_(seed), stream_(std::move(stream)) {}
  bool Submits(const BehaviourView& view, const Payment& payment, bool first) override {
    if (payment.priority == liquidity::Priority::kUrgent) return true;
    const TimeUs due = std::max(view.due, view.opens);
    if (due < terms_.from || due >= terms_.to || view.now >= terms_.to) return true;
    if (!IsUnder(terms_.stress, view)) return true;
    // What is asked about again has been picked.
    return first && !Picks(view.name);
  }

 private:
  bool Picks(const PaymentName& name) const {
    core::RandomStream stream(seed_, fmt::format("{}/{}/{}", stream_, name.text, name.number));
    return stream.Bernoulli(terms_.probability_milli, 1000);
  }

  WithholdUnderStress terms_;
  std::uint64_t seed_;
  std::string stream_;
};

class DefaultBehaviour : public Behaviour {
 public:
  explicit DefaultBehaviour(DefaultAt terms) : terms_(terms) {}
  bool Submits(const BehaviourView& view, const Payment&, bool) override {
    return view.day_starts + view.now < terms_.at;
  }

 private:
  DefaultAt terms_;
};

}  // namespace

std::unique_ptr<Behaviour> MakeBehaviour(const StockBehaviour& behaviour, std::uint64_t seed,
                                         std::string stream) {
  if (const auto* delay = std::get_if<DelayTradeOff>(&behaviour)) {
    return std::make_unique<DelayBehaviour>(*delay);
  }
  if (const auto* receipts = std::get_if<ReceiptReactive>(&behaviour)) {
    return std::make_unique<ReceiptBehaviour>(*receipts);
  }
  if (const auto* withhold = std::get_if<WithholdUnderStress>(&behaviour)) {
    return std::make_unique<WithholdBehaviour>(*withhold, seed, std::move(stream));
  }
  return std::make_unique<DefaultBehaviour>(std::get<DefaultAt>(behaviour));
}

BehaviourFactory MakeBehaviours(std::vector<BehaviourOf> behaviours,
                                const std::vector<Account>& accounts, std::uint64_t seed,
                                std::string root) {
  if (behaviours.empty()) return nullptr;
  std::vector<std::string> ids;
  for (const Account& account : accounts) ids.push_back(account.id);
  return [behaviours = std::move(behaviours), ids = std::move(ids), seed,
          root = std::move(root)](AccountIndex account) -> std::unique_ptr<Behaviour> {
    const StockBehaviour* chosen = nullptr;
    for (const BehaviourOf& of : behaviours) {
      if (of.first <= account && account <= of.last) chosen = &of.behaviour;
    }
    if (chosen == nullptr) return nullptr;
    return MakeBehaviour(*chosen, seed, fmt::format("study/{}/behaviour/{}", root, ids[account]));
  };
}

}  // namespace causeway::study
