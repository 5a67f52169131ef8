#include "fx-bridge/venues/venue.h"

#include <string_view>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

std::optional<core::Rejection> CheckTrade(const TradeRequest& request) {
  if (request.sell == request.buy || request.sell.IsEmpty() || request.buy.IsEmpty()) {
    return Refusal(core::Outcome::kMalformed, "buy: must be a currency other than sell");
  }
  if (request.sell_amount.has_value() == request.buy_amount.has_value()) {
    return Refusal(core::Outcome::kMalformed,
                   "dealt: set exactly one of sell_amount and buy_amount");
  }
  const core::Amount dealt =
      request.sell_amount.has_value() ? *request.sell_amount : *request.buy_amount;
  if (!dealt.IsPositive()) {
    return Refusal(core::Outcome::kAmountNotPositive,
                   fmt::format("dealt: is {} minor units; must be more than zero", dealt.minor()));
  }
  return std::nullopt;
}

void CheckOffer(const TradeRequest& request, const Offer& offer) {
  CW_CHECK(offer.sell.currency == request.sell && offer.buy.currency == request.buy,
           "an offer is in the currencies that were asked for");
  CW_CHECK(offer.sell.amount.IsPositive() && offer.buy.amount.IsPositive(),
           "an offer moves money both ways");
  CW_CHECK(!request.sell_amount || offer.sell.amount == *request.sell_amount,
           "a dealt amount stays exact");
  CW_CHECK(!request.buy_amount || offer.buy.amount == *request.buy_amount,
           "a dealt amount stays exact");
  std::optional<core::Amount> paid = core::Amount::Zero();
  std::optional<core::Amount> received = core::Amount::Zero();
  for (const Transfer& transfer : offer.transfers) {
    CW_CHECK(transfer.payer != transfer.payee, "nobody pays itself");
    CW_CHECK(transfer.amount.amount.IsPositive(), "a transfer moves money");
    if (paid && transfer.payer == offer.taker) {
      paid = core::CheckedAdd(*paid, transfer.amount.amount);
    }
    if (received && transfer.payee == offer.taker) {
      received = core::CheckedAdd(*received, transfer.amount.amount);
    }
  }
  CW_CHECK(paid == offer.sell.amount && received == offer.buy.amount,
           "the taker's transfers are those of the offer");
}

}  // namespace

core::Rejection Refusal(core::Outcome outcome, std::string message) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return rejection;
}

Offer BilateralOffer(const core::ParticipantId& taker, const core::ParticipantId& counterparty,
                     const core::Money& sell, const core::Money& buy, core::LedgerTime expires) {
  return {0, taker, sell, buy, {{taker, counterparty, sell}, {counterparty, taker, buy}}, expires};
}

bool IsBetter(const TradeRequest& request, const Offer& offer, const Offer& other) {
  return request.sell_amount.has_value() ? offer.buy.amount > other.buy.amount
                                         : offer.sell.amount < other.sell.amount;
}

std::optional<core::Rejection> Venue::LastLook(core::LedgerTime, const Offer&) const {
  return std::nullopt;
}

std::variant<Offer, core::Rejection> Venue::Price(core::LedgerTime now,
                                                  const TradeRequest& request) const {
  if (auto refused = CheckTrade(request)) return *std::move(refused);
  auto priced = DoPrice(now, request);
  if (const auto* offer = std::get_if<Offer>(&priced)) CheckOffer(request, *offer);
  return priced;
}

std::variant<Offer, core::Rejection> Venue::Reserve(core::LedgerTime now,
                                                    const TradeRequest& request) {
  Expire(now);
  if (open_.size() >= kOffersMax) {
    return Refusal(core::Outcome::kOverloaded, "too many offers are open; try again later");
  }
  auto priced = Price(now, request);
  auto* offer = std::get_if<Offer>(&priced);
  if (offer == nullptr) return priced;
  offer->id = ++last_id_;
  DoReserve(request, *offer);
  by_expiry_.emplace(std::pair(offer->expires, offer->id), true);
  open_.emplace(offer->id, Open{*offer, false});
  return priced;
}

std::optional<core::Rejection> Venue::Accept(core::LedgerTime now, OfferId id) {
  const auto place = open_.find(id);
  if (place == open_.end()) {
    return Refusal(core::Outcome::kUnknownQuote, "the offer is not open; ask for a new one");
  }
  Open& open = place->second;
  if (open.accepted) return std::nullopt;
  std::optional<core::Rejection> refused;
  if (now > open.offer.expires) {
    refused = Refusal(
        core::Outcome::kQuoteExpired,
        fmt::format("the offer expired at {}; ask for a new one", open.offer.expires.ToString()));
  } else {
    refused = LastLook(now, open.offer);
  }
  if (refused.has_value()) {
    Drop(place);
    return refused;
  }
  by_expiry_.erase(std::pair(open.offer.expires, id));
  open.accepted = true;
  return std::nullopt;
}

bool Venue::Settle(core::LedgerTime now, OfferId id) {
  const auto place = open_.find(id);
  if (place == open_.end() || !place->second.accepted) return false;
  const Offer offer = std::move(place->second.offer);
  open_.erase(place);
  DoSettle(now, offer);
  return true;
}

bool Venue::Release(core::LedgerTime, OfferId id) {
  const auto place = open_.find(id);
  if (place == open_.end()) return false;
  Drop(place);
  return true;
}

void Venue::Drop(OpenOffers::iterator place) {
  const Offer offer = std::move(place->second.offer);
  by_expiry_.erase(std::pair(offer.expires, offer.id));
  open_.erase(place);
  DoRelease(offer);
}

void Venue::Expire(core::LedgerTime now) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first.first < now) {
    const auto place = open_.find(by_expiry_.begin()->first.second);
    CW_CHECK(place != open_.end(), "an offer that may expire is open");
    Drop(place);
  }
}

}  // namespace causeway::bridge
