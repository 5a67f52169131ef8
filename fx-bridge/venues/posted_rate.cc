#include "fx-bridge/venues/posted_rate.h"

#include "fmt/format.h"

namespace causeway::bridge {
namespace {

// Both amounts of the taker's trade, rounded once, against the taker: it gets less or pays more by
// less than one minor unit.
struct Amounts {
  core::Amount sell;
  core::Amount buy;
};

std::optional<Amounts> ConvertAtRate(const TradeRequest& request, const CurrencyPair& pair,
                                     const core::Rate& rate) {
  const int base_digits = pair.base.minor_digits();
  const int quote_digits = pair.quote.minor_digits();
  const bool sells_base = request.sell == pair.base;
  const auto to_quote = [&](core::Amount base, core::Rounding rounding) {
    return core::ConvertBaseToQuote(base, rate, base_digits, quote_digits, rounding);
  };
  const auto to_base = [&](core::Amount quote, core::Rounding rounding) {
    return core::ConvertQuoteToBase(quote, rate, base_digits, quote_digits, rounding);
  };
  std::optional<core::Amount> other;
  if (request.sell_amount.has_value()) {
    other = sells_base ? to_quote(*request.sell_amount, core::Rounding::kDown)
                       : to_base(*request.sell_amount, core::Rounding::kDown);
    if (!other.has_value()) return std::nullopt;
    return Amounts{*request.sell_amount, *other};
  }
  other = sells_base ? to_base(*request.buy_amount, core::Rounding::kUp)
                     : to_quote(*request.buy_amount, core::Rounding::kUp);
  if (!other.has_value()) return std::nullopt;
  return Amounts{*other, *request.buy_amount};
}

}  // namespace

std::string CheckBoardRate(const BoardRate& rate) {
  if (rate.pair.base == rate.pair.quote) return "a pair is of two currencies";
  if (rate.ask < rate.bid) return "ask is below bid";
  if (rate.base_amount_max.IsNegative()) return "base_amount_max must not be negative";
  core::Amount before = core::Amount::Zero();
  for (const RateTier& tier : rate.tiers) {
    if (tier.base_amount_from <= before) {
      return "tiers must begin above zero, each above the one before";
    }
    if (rate.base_amount_max.IsPositive() && tier.base_amount_from > rate.base_amount_max) {
      return "a tier begins above base_amount_max";
    }
    if (tier.ask < tier.bid) {
      return fmt::format("the tier from {} minor units: ask is below bid",
                         tier.base_amount_from.minor());
    }
    before = tier.base_amount_from;
  }
  return "";
}

PostedPrice PriceAtPosted(const BoardRate& posted, core::LedgerTime now,
                          const TradeRequest& request) {
  PostedPrice price;
  const CurrencyPair& pair = posted.pair;
  const bool sells_base = pair == CurrencyPair{request.sell, request.buy};
  if (!sells_base && pair != CurrencyPair{request.buy, request.sell}) return price;
  price.answer = PostedAnswer::kExpired;
  if (now > posted.valid_until) return price;
  price.bid = posted.bid;
  price.ask = posted.ask;
  auto tier = posted.tiers.begin();
  while (true) {
    price.rate = sells_base ? price.bid : price.ask;
    const std::optional<Amounts> amounts = ConvertAtRate(request, pair, price.rate);
    if (!amounts.has_value()) {
      price.answer = PostedAnswer::kOverflow;
      return price;
    }
    price.sell = amounts->sell;
    price.buy = amounts->buy;
    const core::Amount base = sells_base ? price.sell : price.buy;
    if (tier == posted.tiers.end() || base < tier->base_amount_from) break;
    price.bid = tier->bid;
    price.ask = tier->ask;
    ++tier;
  }
  const core::Amount base = sells_base ? price.sell : price.buy;
  const bool too_large = posted.base_amount_max.IsPositive() && base > posted.base_amount_max;
  const bool good = !too_large && price.sell.IsPositive() && price.buy.IsPositive();
  price.answer = good ? PostedAnswer::kPriced : PostedAnswer::kNotInAmount;
  return price;
}

}  // namespace causeway::bridge
