#include "fx-bridge/venues/path.h"

#include <algorithm>
#include <set>

#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

// Grows paths from the side whose amount is dealt: forward from an exact sale, backward from an
// exact purchase.
class Search {
 public:
  Search(core::LedgerTime now, const TradeRequest& request, const std::vector<Venue*>& venues)
      : now_(now), request_(request), venues_(venues), forward_(request.sell_amount.has_value()) {
    pairs_.resize(venues.size());
    for (std::size_t i = 0; i < venues.size(); ++i) {
      for (const CurrencyPair& pair : venues[i]->pairs()) {
        pairs_[i].insert(pair);
        currencies_.insert(pair.base);
        currencies_.insert(pair.quote);
      }
    }
  }

  std::vector<Path> Run() {
    const core::Currency start = forward_ ? request_.sell : request_.buy;
    const core::Amount dealt = forward_ ? *request_.sell_amount : *request_.buy_amount;
    for (std::size_t hops = 1; hops <= kHopsMax; ++hops) {
      met_ = {start};
      Grow(start, dealt, hops);
    }
    // Found by fewer hops first, then in the order of currencies: ties keep that order.
    std::stable_sort(paths_.begin(), paths_.end(), [this](const Path& a, const Path& b) {
      return forward_ ? a.buy.amount > b.buy.amount : a.sell.amount < b.sell.amount;
    });
    return std::move(paths_);
  }

 private:
  void Grow(core::Currency at, core::Amount amount, std::size_t hops_left) {
    const core::Currency goal = forward_ ? request_.buy : request_.sell;
    for (const core::Currency next : currencies_) {
      if ((hops_left == 1) != (next == goal) || met_.contains(next)) continue;
      std::optional<Hop> hop = BestHop(at, next, amount);
      if (!hop.has_value()) continue;
      const core::Amount other = forward_ ? hop->offer.buy.amount : hop->offer.sell.amount;
      hops_.push_back(*std::move(hop));
      if (hops_left == 1) {
        Add();
      } else {
        met_.insert(next);
        Grow(next, other, hops_left - 1);
        met_.erase(next);
      }
      hops_.pop_back();
    }
  }

  std::optional<Hop> BestHop(core::Currency at, core::Currency next, core::Amount amount) const {
    TradeRequest trade{request_.taker, forward_ ? at : next, forward_ ? next : at, {}, {}};
    (forward_ ? trade.sell_amount : trade.buy_amount) = amount;
    std::optional<Hop> best;
    for (std::size_t i = 0; i < venues_.size(); ++i) {
      if (!pairs_[i].contains({at, next}) && !pairs_[i].contains({next, at})) continue;
      auto priced = venues_[i]->Price(now_, trade);
      auto* offer = std::get_if<Offer>(&priced);
      if (offer == nullptr) continue;
      if (!best || IsBetter(trade, *offer, best->offer)) best = Hop{i, std::move(*offer)};
    }
    return best;
  }

  void Add() {
    Path path;
    path.hops = hops_;
    if (!forward_) std::reverse(path.hops.begin(), path.hops.end());
    path.sell = path.hops.front().offer.sell;
    path.buy = path.hops.back().offer.buy;
    paths_.push_back(std::move(path));
  }

  const core::LedgerTime now_;
  const TradeRequest& request_;
  const std::vector<Venue*>& venues_;
  const bool forward_;
  std::vector<std::set<CurrencyPair>> pairs_;  // by venue
  std::set<core::Currency> currencies_;
  std::set<core::Currency> met_;
  std::vector<Hop> hops_;
  std::vector<Path> paths_;
};

// Transfers of a hop that the taker pays, or is paid.
std::vector<Transfer> Of(const Hop& hop, const core::ParticipantId& taker, bool paid_by_taker) {
  std::vector<Transfer> out;
  for (const Transfer& transfer : hop.offer.transfers) {
    if ((transfer.payer == taker) == paid_by_taker) out.push_back(transfer);
  }
  return out;
}

// Pairs what comes in with what goes out in the order of both; their sums are equal.
void Connect(std::vector<Transfer> in, std::vector<Transfer> out, std::vector<Transfer>& joined) {
  std::size_t i = 0;
  std::size_t o = 0;
  while (i < in.size() && o < out.size()) {
    core::Amount& from = in[i].amount.amount;
    core::Amount& to = out[o].amount.amount;
    const core::Amount part = std::min(from, to);
    if (in[i].payer != out[o].payee) {
      joined.push_back({in[i].payer, out[o].payee, {in[i].amount.currency, part}});
    }
    from = *core::CheckedSub(from, part);
    to = *core::CheckedSub(to, part);
    if (from.IsZero()) ++i;
    if (to.IsZero()) ++o;
  }
  CW_CHECK(i == in.size() && o == out.size(), "a hop sells what the one before it bought");
}

}  // namespace

std::vector<Path> FindPaths(core::LedgerTime now, const TradeRequest& request,
                            const std::vector<Venue*>& venues) {
  CW_CHECK(request.sell_amount.has_value() != request.buy_amount.has_value(),
           "one side of a trade is dealt");
  return Search(now, request, venues).Run();
}

std::vector<Transfer> JoinTransfers(const core::ParticipantId& taker,
                                    const std::vector<Hop>& hops) {
  CW_CHECK(!hops.empty(), "a path has hops");
  std::vector<Transfer> joined = Of(hops.front(), taker, true);
  for (std::size_t i = 0; i + 1 < hops.size(); ++i) {
    Connect(Of(hops[i], taker, false), Of(hops[i + 1], taker, true), joined);
  }
  const std::vector<Transfer> last = Of(hops.back(), taker, false);
  joined.insert(joined.end(), last.begin(), last.end());
  return joined;
}

}  // namespace causeway::bridge
