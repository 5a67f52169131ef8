#include "fx-bridge/venues/path.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "fx-bridge/venues/book_venue.h"
#include "fx-bridge/venues/dealer_venue.h"
#include "fx-bridge/venues/pool_venue.h"
#include "gtest/gtest.h"
#include "settlement/core/prng.h"
#include "tests/venues/shorthand.h"

namespace causeway::bridge {
namespace {

// Five currencies; whoever deals is drawn, and so are the rates.
class PathTest : public ::testing::Test {
 protected:
  const std::vector<core::Currency> currencies_ = {Cur("CHF"), Cur("EUR"), Cur("JPY"), Cur("KWD"),
                                                   Cur("USD")};
  void AddDealer(std::string_view id, core::Currency base, core::Currency quote,
                 std::string_view bid, std::string_view ask) {
    Dealer dealer;
    dealer.participant = Bank(id);
    dealer.rates = {
        {{base, quote}, core::Rate::Parse(bid).value(), core::Rate::Parse(ask).value()}};
    Keep(DealerVenue::Create({dealer}, inventory_).value());
  }
  void Keep(std::unique_ptr<Venue> venue) {
    venues_.push_back(venue.get());
    owned_.push_back(std::move(venue));
  }
  std::shared_ptr<Inventory> inventory_ = std::make_shared<Inventory>();
  std::vector<std::unique_ptr<Venue>> owned_;
  std::vector<Venue*> venues_;
};

TEST_F(PathTest, PassesThroughAVehicleCurrencyWhenNobodyQuotesDirectly) {
  AddDealer("A", Cur("EUR"), Cur("USD"), "1.1", "1.2");
  AddDealer("B", Cur("USD"), Cur("JPY"), "150", "151");
  const TradeRequest request{Bank("T"), Cur("EUR"), Cur("JPY"), Minor(10'000), std::nullopt};
  const std::vector<Path> paths = FindPaths(Now(), request, venues_);
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_EQ(paths[0].buy.amount, Minor(16'500));
  const std::vector<Transfer> transfers = JoinTransfers(Bank("T"), paths[0].hops);
  EXPECT_EQ(transfers,
            (std::vector<Transfer>{{Bank("T"), Bank("A"), {Cur("EUR"), Minor(10'000)}},
                                   {Bank("A"), Bank("B"), {Cur("USD"), Minor(11'000)}},
                                   {Bank("B"), Bank("T"), {Cur("JPY"), Minor(16'500)}}}));
}

TEST_F(PathTest, AnExactPurchaseIsPricedFromItsEnd) {
  AddDealer("A", Cur("EUR"), Cur("USD"), "1.1", "1.2");
  AddDealer("B", Cur("USD"), Cur("JPY"), "150", "151");
  const TradeRequest request{Bank("T"), Cur("JPY"), Cur("EUR"), std::nullopt, Minor(10'000)};
  const std::vector<Path> paths = FindPaths(Now(), request, venues_);
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_EQ(paths[0].hops[0].offer.buy.amount, Minor(12'000));  // 120.00 USD for 100.00 EUR
  EXPECT_EQ(paths[0].sell.amount, Minor(18'120));
}

TEST_F(PathTest, TheDirectWayWinsATie) {
  AddDealer("A", Cur("EUR"), Cur("CHF"), "2", "2");
  AddDealer("B", Cur("CHF"), Cur("USD"), "1", "1");
  AddDealer("C", Cur("EUR"), Cur("USD"), "2", "2");
  const TradeRequest request{Bank("T"), Cur("EUR"), Cur("USD"), Minor(100), std::nullopt};
  const std::vector<Path> paths = FindPaths(Now(), request, venues_);
  ASSERT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths[0].hops.size(), 1U);
  EXPECT_EQ(paths[0].buy, paths[1].buy);
}

TEST_F(PathTest, WhatOneWouldPayToItselfIsLeftOut) {
  AddDealer("A", Cur("EUR"), Cur("USD"), "1.1", "1.2");
  AddDealer("A", Cur("USD"), Cur("JPY"), "150", "151");
  const TradeRequest request{Bank("T"), Cur("EUR"), Cur("JPY"), Minor(10'000), std::nullopt};
  const auto transfers = JoinTransfers(Bank("T"), FindPaths(Now(), request, venues_)[0].hops);
  EXPECT_EQ(transfers.size(), 2U);
}

TEST_F(PathTest, SeveralPayersMeetSeveralPayees) {
  auto first = std::make_unique<BookVenue>(CurrencyPair{Cur("EUR"), Cur("USD")});
  auto second = std::make_unique<BookVenue>(CurrencyPair{Cur("USD"), Cur("CHF")});
  const auto place = [](BookVenue& venue, std::string_view owner, std::int64_t base) {
    Order order;
    order.owner = Bank(owner);
    order.buys_base = true;
    order.limit = core::Rate();
    order.base = Minor(base);
    ASSERT_TRUE(std::holds_alternative<OrderResult>(venue.book().Submit(order)));
  };
  place(*first, "A", 60);
  place(*first, "B", 60);
  place(*second, "C", 70);
  place(*second, "B", 70);
  Keep(std::move(first));
  Keep(std::move(second));
  const TradeRequest request{Bank("T"), Cur("EUR"), Cur("CHF"), Minor(100), std::nullopt};
  const auto transfers = JoinTransfers(Bank("T"), FindPaths(Now(), request, venues_)[0].hops);
  const core::Currency usd = Cur("USD");
  std::vector<Transfer> middle;
  std::copy_if(transfers.begin(), transfers.end(), std::back_inserter(middle),
               [&](const Transfer& transfer) { return transfer.amount.currency == usd; });
  // 60 of A and 40 of B go to C, which gets 70, and B, which would pay 30 to itself.
  EXPECT_EQ(middle, (std::vector<Transfer>{{Bank("A"), Bank("C"), {usd, Minor(60)}},
                                           {Bank("B"), Bank("C"), {usd, Minor(10)}}}));
}

// Tries every sequence of venues and currencies, one after the other.
class Exhaustive {
 public:
  Exhaustive(const TradeRequest& request, const std::vector<Venue*>& venues,
             const std::vector<core::Currency>& currencies)
      : request_(request), venues_(venues), currencies_(currencies) {}

  std::optional<core::Amount> Best() {
    const bool sale = request_.sell_amount.has_value();
    Try({sale ? request_.sell : request_.buy}, sale ? *request_.sell_amount : *request_.buy_amount);
    return best_;
  }

 private:
  void Try(std::vector<core::Currency> met, core::Amount amount) {
    const bool sale = request_.sell_amount.has_value();
    if (met.back() == (sale ? request_.buy : request_.sell)) {
      if (!best_ || (sale ? amount > *best_ : amount < *best_)) best_ = amount;
      return;
    }
    if (met.size() > kHopsMax) return;
    for (const core::Currency next : currencies_) {
      if (std::find(met.begin(), met.end(), next) != met.end()) continue;
      for (Venue* venue : venues_) {
        TradeRequest trade{
            request_.taker, sale ? met.back() : next, sale ? next : met.back(), {}, {}};
        (sale ? trade.sell_amount : trade.buy_amount) = amount;
        const auto priced = venue->Price(Now(), trade);
        const auto* offer = std::get_if<Offer>(&priced);
        if (offer == nullptr) continue;
        std::vector<core::Currency> longer = met;
        longer.push_back(next);
        Try(longer, sale ? offer->buy.amount : offer->sell.amount);
      }
    }
  }

  const TradeRequest& request_;
  const std::vector<Venue*>& venues_;
  const std::vector<core::Currency>& currencies_;
  std::optional<core::Amount> best_;
};

class PathPropertyTest : public PathTest {
 protected:
  core::Rate DrawRate(core::RandomStream& random) {
    return core::Rate::Make(random.UniformInRange(500, 2'000), 3).value();
  }
  void DrawVenue(core::RandomStream& random, int number) {
    const core::Currency base = currencies_[random.Uniform(currencies_.size())];
    const core::Currency quote = currencies_[random.Uniform(currencies_.size())];
    if (base == quote) return;
    const std::string owner = "V" + std::to_string(number);
    const std::uint64_t kind = random.Uniform(3);
    if (kind == 0) {
      const core::Rate bid = DrawRate(random);
      const core::Rate ask = std::max(bid, DrawRate(random));
      AddDealer(owner, base, quote, bid.ToString(), ask.ToString());
    } else if (kind == 1) {
      PoolVenue::Options options;
      options.owner = Bank(owner);
      options.pair = {base, quote};
      options.reserves = {Minor(random.UniformInRange(1'000, 10'000'000)),
                          Minor(random.UniformInRange(1'000, 10'000'000))};
      options.curve = ConstantProduct::Create(500).value();
      Keep(PoolVenue::Create(std::move(options)).value());
    } else {
      auto book = std::make_unique<BookVenue>(CurrencyPair{base, quote});
      for (int i = 0; i < 4; ++i) {
        Order order;
        order.owner = Bank(owner);
        order.buys_base = random.Bernoulli(1, 2);
        order.limit = DrawRate(random);
        order.base = Minor(random.UniformInRange(1'000, 100'000));
        ASSERT_TRUE(std::holds_alternative<OrderResult>(book->book().Submit(order)));
      }
      Keep(std::move(book));
    }
  }
};

TEST_F(PathPropertyTest, TheFirstPathIsTheBestThatExhaustiveSearchFinds) {
  core::RandomStream random(1, "path");
  int found = 0;
  for (int round = 0; round < 150; ++round) {
    owned_.clear();
    venues_.clear();
    for (int i = 0; i < 8; ++i) DrawVenue(random, i);
    TradeRequest request{Bank("T"), currencies_[0], currencies_[4], {}, {}};
    (random.Bernoulli(1, 2) ? request.sell_amount : request.buy_amount) =
        Minor(random.UniformInRange(1, 50'000));
    const std::vector<Path> paths = FindPaths(Now(), request, venues_);
    const auto best = Exhaustive(request, venues_, currencies_).Best();
    ASSERT_EQ(!paths.empty(), best.has_value()) << round;
    if (paths.empty()) continue;
    const bool sale = request.sell_amount.has_value();
    ASSERT_EQ(sale ? paths[0].buy.amount : paths[0].sell.amount, *best) << round;
    found += 1;
  }
  EXPECT_GT(found, 50);
}

TEST_F(PathPropertyTest, JoinedTransfersLeaveEverybodyWithTheSame) {
  core::RandomStream random(2, "path");
  for (int round = 0; round < 100; ++round) {
    owned_.clear();
    venues_.clear();
    for (int i = 0; i < 8; ++i) DrawVenue(random, i % 3);
    TradeRequest request{Bank("T"), currencies_[0], currencies_[4], Minor(5'000), {}};
    for (const Path& path : FindPaths(Now(), request, venues_)) {
      std::map<std::pair<core::ParticipantId, core::Currency>, std::int64_t> net;
      for (const Hop& hop : path.hops) {
        for (const Transfer& each : hop.offer.transfers) {
          net[{each.payer, each.amount.currency}] -= each.amount.amount.minor();
          net[{each.payee, each.amount.currency}] += each.amount.amount.minor();
        }
      }
      for (const Transfer& each : JoinTransfers(Bank("T"), path.hops)) {
        ASSERT_NE(each.payer, each.payee);
        net[{each.payer, each.amount.currency}] += each.amount.amount.minor();
        net[{each.payee, each.amount.currency}] -= each.amount.amount.minor();
      }
      for (const auto& [who, left] : net) ASSERT_EQ(left, 0) << who.first.text();
    }
  }
}

}  // namespace
}  // namespace causeway::bridge
