#include "fx-bridge/venues/dealer_venue.h"

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

constexpr std::uint32_t kMillionths = 1'000'000;

absl::Status CheckDealer(const Dealer& dealer) {
  const auto invalid = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("dealer {}: {}", dealer.participant.text(), what));
  };
  if (dealer.participant.IsEmpty()) return invalid("participant: must be set");
  if (dealer.validity <= core::Duration::Zero()) return invalid("validity: must be above zero");
  if (dealer.last_look_ppm && *dealer.last_look_ppm > kMillionths) {
    return invalid(
        fmt::format("last_look: {} millionths; at most {}", *dealer.last_look_ppm, kMillionths));
  }
  std::set<CurrencyPair> pairs;
  for (const BoardRate& rate : dealer.rates) {
    const std::string name = fmt::format("{}/{}", rate.pair.base.code(), rate.pair.quote.code());
    if (const std::string wrong = CheckBoardRate(rate); !wrong.empty()) {
      return invalid(fmt::format("rate {}: {}", name, wrong));
    }
    if (!pairs.insert(rate.pair).second || pairs.contains({rate.pair.quote, rate.pair.base})) {
      return invalid(fmt::format("rate {}: the pair is posted twice", name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DealerVenue>> DealerVenue::Create(
    std::vector<Dealer> dealers, std::shared_ptr<Inventory> inventory) {
  if (inventory == nullptr) return absl::InvalidArgumentError("inventory: must be set");
  std::set<core::ParticipantId> seen;
  for (const Dealer& dealer : dealers) {
    if (absl::Status status = CheckDealer(dealer); !status.ok()) return status;
    if (!seen.insert(dealer.participant).second) {
      return absl::InvalidArgumentError(
          fmt::format("dealer {}: stands in the list twice", dealer.participant.text()));
    }
  }
  return std::unique_ptr<DealerVenue>(new DealerVenue(std::move(dealers), std::move(inventory)));
}

std::vector<CurrencyPair> DealerVenue::pairs() const {
  std::set<CurrencyPair> pairs;
  for (const Dealer& dealer : dealers_) {
    for (const BoardRate& rate : dealer.rates) pairs.insert(rate.pair);
  }
  return {pairs.begin(), pairs.end()};
}

absl::Status DealerVenue::SetRates(const core::ParticipantId& dealer,
                                   std::vector<BoardRate> rates) {
  for (Dealer& each : dealers_) {
    if (each.participant != dealer) continue;
    Dealer changed = each;
    changed.rates = std::move(rates);
    if (absl::Status status = CheckDealer(changed); !status.ok()) return status;
    each = std::move(changed);
    return absl::OkStatus();
  }
  return absl::NotFoundError(fmt::format("dealer {}: does not quote here", dealer.text()));
}

std::vector<DealerVenue::Answer> DealerVenue::Answers(core::LedgerTime now,
                                                      const TradeRequest& request) const {
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < dealers_.size(); ++i) {
    if (dealers_[i].participant == request.taker) continue;
    for (const BoardRate& posted : dealers_[i].rates) {
      const PostedPrice price = PriceAtPosted(posted, now, request);
      if (price.answer != PostedAnswer::kPriced) continue;
      const Answer answer{i, {request.sell, price.sell}, {request.buy, price.buy}, price.rate};
      if (!inventory_->CanPay(dealers_[i].participant, answer.buy)) continue;
      answers.push_back(answer);
    }
  }
  std::stable_sort(answers.begin(), answers.end(), [&](const Answer& a, const Answer& b) {
    if (a.buy.amount != b.buy.amount) return a.buy.amount > b.buy.amount;
    if (a.sell.amount != b.sell.amount) return a.sell.amount < b.sell.amount;
    const bool a_firm = !dealers_[a.dealer].last_look_ppm.has_value();
    const bool b_firm = !dealers_[b.dealer].last_look_ppm.has_value();
    return a_firm && !b_firm;
  });
  return answers;
}

std::variant<Offer, core::Rejection> DealerVenue::DoPrice(core::LedgerTime now,
                                                          const TradeRequest& request) const {
  const std::vector<Answer> answers = Answers(now, request);
  if (answers.empty()) {
    return Refusal(core::Outcome::kNoRate, fmt::format("no dealer quotes {} for {} in this amount",
                                                       request.sell.code(), request.buy.code()));
  }
  const Answer& best = answers.front();
  const Dealer& dealer = dealers_[best.dealer];
  return BilateralOffer(request.taker, dealer.participant, best.sell, best.buy,
                        now + dealer.validity);
}

std::vector<Transfer> DealerVenue::Own(const Offer& offer) {
  CW_CHECK(offer.transfers.size() == 2, "a dealer's offer is bilateral");
  return {offer.transfers[1]};
}

void DealerVenue::DoReserve(const TradeRequest& request, const Offer& offer) {
  inventory_->Reserve(Own(offer));
  requests_.emplace(offer.id, request);
}

void DealerVenue::DoSettle(core::LedgerTime, const Offer& offer) {
  inventory_->Settle(Own(offer));
  // What the taker paid in is the dealer's now.
  inventory_->Receive(offer.transfers[0].payee, offer.sell);
  requests_.erase(offer.id);
}

void DealerVenue::DoRelease(const Offer& offer) {
  inventory_->Release(Own(offer));
  requests_.erase(offer.id);
}

// The inventory was set aside; what is compared is the price alone.
std::optional<core::Rejection> DealerVenue::LastLook(core::LedgerTime now,
                                                     const Offer& offer) const {
  const core::ParticipantId& participant = offer.transfers[1].payer;
  const auto dealer = std::find_if(dealers_.begin(), dealers_.end(), [&](const Dealer& each) {
    return each.participant == participant;
  });
  CW_CHECK(dealer != dealers_.end(), "dealers stay in the list");
  if (!dealer->last_look_ppm.has_value()) return std::nullopt;
  const TradeRequest& request = requests_.at(offer.id);
  const auto refuse = [&](std::string_view why) {
    return Refusal(
        core::Outcome::kQuoteExpired,
        fmt::format("dealer {} refused at its last look: {}; ask again", participant.text(), why));
  };
  for (const BoardRate& posted : dealer->rates) {
    const PostedPrice price = PriceAtPosted(posted, now, request);
    if (price.answer == PostedAnswer::kOtherPair) continue;
    if (price.answer != PostedAnswer::kPriced) break;
    const bool exact_sale = request.sell_amount.has_value();
    const std::int64_t quoted = (exact_sale ? offer.buy : offer.sell).amount.minor();
    const std::int64_t present = (exact_sale ? price.buy : price.sell).minor();
    const auto moved =
        static_cast<unsigned __int128>(quoted > present ? quoted - present : present - quoted);
    const auto allowed = static_cast<unsigned __int128>(quoted) * *dealer->last_look_ppm;
    if (moved * kMillionths > allowed) return refuse("its rate has moved");
    return std::nullopt;
  }
  return refuse("it does not quote this any more");
}

}  // namespace causeway::bridge
