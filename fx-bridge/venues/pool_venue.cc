#include "fx-bridge/venues/pool_venue.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

void Grow(core::Amount& amount, core::Amount by) {
  const auto sum = core::CheckedAdd(amount, by);
  CW_CHECK(sum.has_value(), "a pool's sums were checked when it was priced");
  amount = *sum;
}

void Shrink(core::Amount& amount, core::Amount by) {
  const auto rest = core::CheckedSub(amount, by);
  CW_CHECK(rest.has_value() && !rest->IsNegative(), "a pool releases what it set aside");
  amount = *rest;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PoolVenue>> PoolVenue::Create(Options options) {
  const auto invalid = [](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("pool: {}", what));
  };
  if (options.owner.IsEmpty()) return invalid("owner: must be set");
  if ((options.curve == nullptr) == !options.moving) {
    return invalid("curve: must be set, or moving, and not both");
  }
  if (options.pair.base == options.pair.quote) return invalid("pair: is of two currencies");
  if (!options.reserves.base.IsPositive() || !options.reserves.quote.IsPositive()) {
    return invalid("reserves: must both be above zero");
  }
  if (options.validity <= core::Duration::Zero()) {
    return invalid("validity: must be more than zero");
  }
  std::optional<MovingPeg> peg;
  if (options.moving) {
    if (options.moving->pool.pair != options.pair) return invalid("moving: is of another pair");
    auto made = MovingPeg::Create(options.moving->pool, options.moving->rules, options.reserves);
    if (!made.ok()) return made.status();
    peg = *std::move(made);
  }
  return std::unique_ptr<PoolVenue>(new PoolVenue(std::move(options), std::move(peg)));
}

std::variant<Offer, core::Rejection> PoolVenue::DoPrice(core::LedgerTime now,
                                                        const TradeRequest& request) const {
  const bool sells_base = request.sell == options_.pair.base;
  const CurrencyPair asked = sells_base ? CurrencyPair{request.sell, request.buy}
                                        : CurrencyPair{request.buy, request.sell};
  if (asked != options_.pair || request.taker == options_.owner) {
    return Refusal(core::Outcome::kNoRate,
                   fmt::format("the pool of {}/{} does not quote {} for {} to this taker",
                               options_.pair.base.code(), options_.pair.quote.code(),
                               request.sell.code(), request.buy.code()));
  }
  const Pending& pending = sells_base ? base_sellers_ : quote_sellers_;
  const auto worst = AfterTrade(options_.reserves, sells_base, pending.in, pending.out);
  std::optional<core::Amount> other;
  if (worst && request.sell_amount) {
    other = curve().Out(*worst, sells_base, *request.sell_amount);
  } else if (worst) {
    other = curve().In(*worst, sells_base, *request.buy_amount);
  }
  if (!other) {
    return Refusal(core::Outcome::kNoRate,
                   "the pool does not hold enough for this amount, or the "
                   "amount is too small to pay for");
  }
  const core::Money sell{request.sell, request.sell_amount.value_or(*other)};
  const core::Money buy{request.buy, request.buy_amount.value_or(*other)};
  return BilateralOffer(request.taker, options_.owner, sell, buy, now + options_.validity);
}

void PoolVenue::DoReserve(const TradeRequest&, const Offer& offer) {
  Grow(PendingOf(offer).in, offer.sell.amount);
  Grow(PendingOf(offer).out, offer.buy.amount);
  ++pending_count_;
}

void PoolVenue::Withdraw(const Offer& offer) {
  Shrink(PendingOf(offer).in, offer.sell.amount);
  Shrink(PendingOf(offer).out, offer.buy.amount);
  --pending_count_;
}

void PoolVenue::DoRelease(const Offer& offer) {
  Withdraw(offer);
  RestPeg();
}

void PoolVenue::RestPeg() {
  if (peg_ && pending_count_ == 0) peg_->Rest(options_.reserves);
}

void PoolVenue::DoSettle(core::LedgerTime now, const Offer& offer) {
  Withdraw(offer);
  const auto after =
      AfterTrade(options_.reserves, SellsBase(offer), offer.sell.amount, offer.buy.amount);
  CW_CHECK(after.has_value(), "a pool pays what it set aside");
  options_.reserves = *after;
  if (!peg_) return;
  const bool sells_base = SellsBase(offer);
  peg_->Observe(now, options_.reserves, sells_base ? offer.sell.amount : offer.buy.amount,
                sells_base ? offer.buy.amount : offer.sell.amount);
  RestPeg();
}

}  // namespace causeway::bridge
