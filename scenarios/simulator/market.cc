#include "scenarios/simulator/market.h"

#include <algorithm>
#include <utility>

#include "fx-bridge/venues/book_venue.h"
#include "fx-bridge/venues/dealer_venue.h"
#include "fx-bridge/venues/pool_venue.h"
#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

template <typename T>
T Admitted(absl::StatusOr<T> made) {
  CW_CHECK(made.ok(), "the compiler admits only venues that can be made");
  return *std::move(made);
}

bridge::Provider MakeParty(const Plan& plan, const KeyRing& keys, ParticipantIndex index) {
  bridge::Provider party;
  party.participant = plan.participants[index].id;
  party.signer = keys.shared_participant(index);
  for (std::size_t l = 0; l < plan.ledgers.size(); ++l) {
    const core::AccountAddress& account = plan.participants[index].accounts[l];
    if (!account.IsEmpty()) party.accounts.push_back({plan.ledgers[l].origin, account});
  }
  return party;
}

std::vector<bridge::BoardRate> MakeRates(const PlannedProvider& planned) {
  std::vector<bridge::BoardRate> rates;
  for (const PlannedBoardRate& rate : planned.rates) {
    bridge::BoardRate made{{rate.base, rate.quote}, rate.bid, rate.ask};
    made.base_amount_max = rate.base_amount_max;
    made.valid_until = rate.valid_until;
    for (const PlannedRateTier& tier : rate.tiers) {
      made.tiers.push_back({tier.base_amount_from, tier.bid, tier.ask});
    }
    rates.push_back(std::move(made));
  }
  return rates;
}

class Maker {
 public:
  explicit Maker(const Plan& plan) : plan_(plan) {
    for (const PlannedProvider& provider : plan.bridge->providers) {
      for (const core::Money& limit : provider.limits) {
        inventory_->Set(plan.participants[provider.participant].id, limit.currency, limit.amount);
      }
    }
  }

  std::unique_ptr<bridge::Venue> operator()(const PlannedRfq& rfq) const {
    std::vector<bridge::Dealer> dealers;
    for (const ParticipantIndex index : rfq.dealers) {
      for (const PlannedProvider& provider : plan_.bridge->providers) {
        if (provider.participant != index) continue;
        bridge::Dealer dealer;
        dealer.participant = plan_.participants[index].id;
        dealer.rates = MakeRates(provider);
        dealer.validity = provider.quote_validity;
        dealer.last_look_ppm = provider.last_look_ppm;
        dealers.push_back(std::move(dealer));
      }
    }
    return Admitted(bridge::DealerVenue::Create(std::move(dealers), inventory_));
  }

  std::unique_ptr<bridge::Venue> operator()(const PlannedBook& book) const {
    auto venue = std::make_unique<bridge::BookVenue>(PairOf(book.base_ledger, book.quote_ledger),
                                                     book.quote_validity);
    for (const PlannedBookOrder& planned : book.orders) {
      bridge::Order order;
      order.owner = plan_.participants[planned.participant].id;
      order.buys_base = planned.buys_base;
      order.limit = planned.price;
      order.base = planned.base;
      const auto submitted = venue->book().Submit(order);
      const auto* result = std::get_if<bridge::OrderResult>(&submitted);
      CW_CHECK(result != nullptr && result->fills.empty(), "orders of a plan do not cross");
    }
    return venue;
  }

  std::unique_ptr<bridge::Venue> operator()(const PlannedPool& pool) const {
    bridge::PoolVenue::Options options;
    options.owner = plan_.participants[pool.participant].id;
    options.pair = PairOf(pool.base_ledger, pool.quote_ledger);
    options.reserves = {pool.base_amount, pool.quote_amount};
    options.validity = pool.quote_validity;
    if (const auto* product = std::get_if<PlannedConstantProduct>(&pool.curve)) {
      options.curve = Admitted(bridge::ConstantProduct::Create(product->fee_ppm));
    } else {
      const auto& curve = std::get<PlannedHybridCurve>(pool.curve);
      const bridge::HybridPool::Options hybrid = {
          .pair = options.pair,
          .curve = {curve.amplification_e4, curve.gamma_e18},
          .price_scale = curve.price_scale,
          .mid_fee_ppm = curve.mid_fee_ppm,
          .out_fee_ppm = curve.out_fee_ppm,
          .fee_gamma_e18 = curve.fee_gamma_e18};
      if (const auto& scale = curve.moving_scale) {
        options.moving = bridge::PoolVenue::MovingCurve{
            hybrid, {scale->half_life, scale->step_e18, scale->extra_profit_e18}};
      } else {
        options.curve = Admitted(bridge::HybridPool::Create(hybrid));
      }
    }
    return Admitted(bridge::PoolVenue::Create(std::move(options)));
  }

 private:
  bridge::CurrencyPair PairOf(LedgerIndex base, LedgerIndex quote) const {
    return {plan_.ledgers[base].currency, plan_.ledgers[quote].currency};
  }

  const Plan& plan_;
  std::shared_ptr<bridge::Inventory> inventory_ = std::make_shared<bridge::Inventory>();
};

}  // namespace

std::unique_ptr<bridge::BoardVenue> MakeBoard(const Plan& plan, const KeyRing& keys,
                                              const core::Hash256& policy_hash) {
  std::vector<bridge::Provider> providers;
  for (const PlannedProvider& planned : plan.bridge->providers) {
    bridge::Provider provider = MakeParty(plan, keys, planned.participant);
    provider.validity = planned.quote_validity;
    provider.rates = MakeRates(planned);
    provider.limits = planned.limits;
    providers.push_back(std::move(provider));
  }
  bridge::BoardVenue::Options options;
  options.policy_hash = policy_hash;
  options.settlement_window = plan.bridge->settlement_deadline;
  return Admitted(bridge::BoardVenue::Create(options, std::move(providers)));
}

std::unique_ptr<bridge::MarketDesk> MakeMarket(const Plan& plan, const KeyRing& keys) {
  std::vector<bridge::Provider> parties;
  for (const ParticipantIndex index : VenueMakers(plan)) {
    parties.push_back(MakeParty(plan, keys, index));
  }
  const Maker make(plan);
  std::vector<bridge::MarketDesk::NamedVenue> venues;
  for (const PlannedVenue& planned : plan.bridge->venues) {
    venues.push_back({planned.name, std::visit(make, planned.what)});
  }
  bridge::MarketDesk::Options options;
  options.policy_hash = plan.bridge->policy.hash;
  options.settlement_window = plan.bridge->settlement_deadline;
  return Admitted(bridge::MarketDesk::Create(options, std::move(parties), std::move(venues)));
}

std::vector<PoolResult> PoolsOf(const Plan& plan, const bridge::MarketDesk& market) {
  std::vector<PoolResult> pools;
  for (std::size_t i = 0; i < plan.bridge->venues.size(); ++i) {
    const PlannedVenue& planned = plan.bridge->venues[i];
    const auto* pool = std::get_if<PlannedPool>(&planned.what);
    if (pool == nullptr) continue;
    const auto& venue = static_cast<const bridge::PoolVenue&>(*market.venue(planned.name));
    PoolResult& out = pools.emplace_back();
    out.venue = i;
    out.base = venue.reserves().base;
    out.quote = venue.reserves().quote;
    if (const auto* curve = std::get_if<PlannedHybridCurve>(&pool->curve)) {
      out.price_scale = curve->price_scale;
    }
    if (venue.peg() == nullptr) continue;
    out.price_scale = venue.peg()->price_scale();
    out.price_average = venue.peg()->price_average();
  }
  return pools;
}

}  // namespace causeway::sim
