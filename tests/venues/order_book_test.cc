#include "fx-bridge/venues/order_book.h"

#include <algorithm>
#include <string>

#include "fx-bridge/venues/book_venue.h"
#include "gtest/gtest.h"
#include "settlement/core/prng.h"
#include "tests/venues/shorthand.h"

namespace causeway::bridge {
namespace {

CurrencyPair EurUsd() {
  return {core::Currency::Parse("EUR").value(), core::Currency::Parse("USD").value()};
}

Order Limit(std::string_view owner, bool buys, std::string_view price, std::int64_t base,
            TimeInForce tif = TimeInForce::kGoodTillCancelled) {
  Order order;
  order.owner = Bank(owner);
  order.buys_base = buys;
  order.limit = R(price);
  order.base = Minor(base);
  order.time_in_force = tif;
  return order;
}
Order Market(std::string_view owner, bool buys, std::int64_t base,
             TimeInForce tif = TimeInForce::kImmediateOrCancel) {
  Order order = Limit(owner, buys, "1", base, tif);
  order.limit.reset();
  return order;
}

class OrderBookTest : public ::testing::Test {
 protected:
  OrderResult Submit(const Order& order) { return std::get<OrderResult>(book_.Submit(order)); }
  core::Outcome Refused(const Order& order) {
    return std::get<core::Rejection>(book_.Submit(order)).outcome;
  }
  OrderBook book_{EurUsd()};
};

TEST_F(OrderBookTest, TheBetterPriceIsMetFirstAndThenTheEarlierOrder) {
  const OrderId late = Submit(Limit("A", false, "1.1000", 100)).id;
  const OrderId best = Submit(Limit("B", false, "1.0990", 100)).id;
  const OrderId later = Submit(Limit("C", false, "1.1000", 100)).id;
  const OrderResult result = Submit(Market("T", true, 250));
  ASSERT_EQ(result.fills.size(), 3U);
  EXPECT_EQ(result.fills[0].maker, best);
  EXPECT_EQ(result.fills[1].maker, late);
  EXPECT_EQ(result.fills[2].maker, later);
  EXPECT_EQ(result.fills[2].base, Minor(50));
  EXPECT_EQ(book_.Side(false)[0].second.base, Minor(50));
}

TEST_F(OrderBookTest, ALimitOrderDealsAtTheRestingPriceAndRestsWithWhatIsLeft) {
  Submit(Limit("A", false, "1.0990", 100));
  const OrderResult result = Submit(Limit("T", true, "1.1000", 150));
  ASSERT_EQ(result.fills.size(), 1U);
  EXPECT_EQ(result.fills[0].price, R("1.099"));
  EXPECT_EQ(result.resting, Minor(50));
  EXPECT_EQ(book_.best_bid(), R("1.1"));
  EXPECT_EQ(book_.best_ask(), std::nullopt);
}

TEST_F(OrderBookTest, PricesAreEqualByValue) {
  Submit(Limit("A", false, "1.10", 100));
  Submit(Limit("B", false, "1.1000", 100));
  EXPECT_EQ(Submit(Limit("T", true, "1.1", 200)).fills.size(), 2U);
}

TEST_F(OrderBookTest, AFillIsRoundedOnceHalfToEven) {
  Submit(Limit("A", false, "0.5", 100));
  EXPECT_EQ(Submit(Market("T", true, 1)).fills.size(), 0U);          // 0.5 goes to 0: not filled
  EXPECT_EQ(Submit(Market("T", true, 3)).fills[0].quote, Minor(2));  // 1.5
  EXPECT_EQ(Submit(Market("T", true, 5)).fills[0].quote, Minor(2));  // 2.5
  EXPECT_EQ(Submit(Market("T", true, 7)).fills[0].quote, Minor(4));  // 3.5
}

TEST_F(OrderBookTest, AnAmountOfQuoteIsSpentExactly) {
  Submit(Limit("A", false, "1.10", 100));
  Submit(Limit("B", false, "1.30", 1'000));
  Order order = Market("T", true, 1, TimeInForce::kFillOrKill);
  order.base.reset();
  order.quote = Minor(500);
  const OrderResult result = Submit(order);
  ASSERT_EQ(result.fills.size(), 2U);
  EXPECT_EQ(result.fills[0].quote, Minor(110));
  EXPECT_EQ(result.fills[1].quote, Minor(390));
  EXPECT_EQ(result.fills[1].base, Minor(300));
}

TEST_F(OrderBookTest, ImmediateOrCancelDoesNotRest) {
  Submit(Limit("A", false, "1.10", 100));
  const OrderResult result = Submit(Limit("T", true, "1.10", 150, TimeInForce::kImmediateOrCancel));
  EXPECT_EQ(result.fills.size(), 1U);
  EXPECT_EQ(result.unfilled, Minor(50));
  EXPECT_EQ(book_.size(), 0U);
}

TEST_F(OrderBookTest, FillOrKillChangesNothingWhenItCannotBeFilled) {
  Submit(Limit("A", false, "1.10", 100));
  Submit(Limit("B", false, "1.20", 100));
  const OrderResult result = Submit(Limit("T", true, "1.10", 150, TimeInForce::kFillOrKill));
  EXPECT_TRUE(result.fills.empty());
  EXPECT_EQ(result.unfilled, Minor(150));
  EXPECT_EQ(book_.size(), 2U);
  EXPECT_EQ(Submit(Limit("T", true, "1.20", 150, TimeInForce::kFillOrKill)).fills.size(), 2U);
}

TEST_F(OrderBookTest, ASelfTradeCancelsWhatIsLeftOfTheIncomingOrder) {
  Submit(Limit("A", false, "1.09", 100));
  Submit(Limit("T", false, "1.10", 100));
  const OrderResult result = Submit(Limit("T", true, "1.10", 150));
  EXPECT_EQ(result.fills.size(), 1U);
  EXPECT_EQ(result.unfilled, Minor(50));
  EXPECT_EQ(book_.best_bid(), std::nullopt);
  EXPECT_EQ(book_.size(), 1U);
}

TEST_F(OrderBookTest, ASelfTradeCanCancelTheRestingOrderInstead) {
  const OrderId own = Submit(Limit("T", false, "1.09", 100)).id;
  Submit(Limit("A", false, "1.10", 100));
  Order order = Limit("T", true, "1.10", 150);
  order.self_trade = SelfTrade::kCancelResting;
  const OrderResult result = Submit(order);
  EXPECT_EQ(result.cancelled, std::vector<OrderId>{own});
  EXPECT_EQ(result.fills.size(), 1U);
  EXPECT_EQ(result.resting, Minor(50));
}

TEST_F(OrderBookTest, OnlyTheOwnerCancels) {
  const OrderId id = Submit(Limit("A", false, "1.10", 100)).id;
  EXPECT_FALSE(book_.Cancel(Bank("B"), id));
  EXPECT_TRUE(book_.Cancel(Bank("A"), id));
  EXPECT_FALSE(book_.Cancel(Bank("A"), id));
  EXPECT_EQ(book_.best_ask(), std::nullopt);
}

TEST_F(OrderBookTest, WhatDidNotSettleRestsAgainBehindTheOthers) {
  Submit(Limit("A", false, "1.10", 100));
  const OrderId second = Submit(Limit("B", false, "1.10", 100)).id;
  const OrderResult taken = Submit(Market("T", true, 100));
  ASSERT_TRUE(book_.Restore(taken.fills[0]).has_value());
  EXPECT_EQ(book_.Side(false)[0].second.id, second);
  EXPECT_EQ(book_.Side(false)[1].second.owner, Bank("A"));
}

TEST_F(OrderBookTest, WhatDidNotSettleIsCancelledWhenItWouldCrossTheBook) {
  Submit(Limit("A", false, "1.10", 100));
  const OrderResult taken = Submit(Market("T", true, 100));
  Submit(Limit("B", true, "1.11", 100));
  EXPECT_FALSE(book_.Restore(taken.fills[0]).has_value());
  EXPECT_EQ(book_.best_ask(), std::nullopt);
}

TEST_F(OrderBookTest, RefusesOrdersThatCannotRest) {
  Order order = Market("T", true, 100, TimeInForce::kGoodTillCancelled);
  EXPECT_EQ(Refused(order), core::Outcome::kMalformed);
  order = Limit("T", true, "1.1", 100);
  order.quote = Minor(1);
  EXPECT_EQ(Refused(order), core::Outcome::kMalformed);
  order.base.reset();
  EXPECT_EQ(Refused(order), core::Outcome::kMalformed);
  EXPECT_EQ(Refused(Limit("T", true, "1.1", 0)), core::Outcome::kAmountNotPositive);
}

// Price-time priority by the book: one list, searched from the beginning each time.
class NaiveBook {
 public:
  struct Resting {
    std::uint64_t arrival;
    core::ParticipantId owner;
    bool buys;
    core::Rate price;
    std::int64_t base;
  };
  struct Match {
    core::ParticipantId owner;
    core::Rate price;
    std::int64_t base;
    friend bool operator==(const Match&, const Match&) = default;
  };

  // Base quantities only, and prices at which no part rounds to nothing.
  std::vector<Match> Submit(const Order& order) {
    std::vector<Match> matches;
    std::vector<Resting> kept = resting_;
    std::int64_t left = order.base->minor();
    bool self = false;
    while (left > 0) {
      auto best = resting_.end();
      for (auto each = resting_.begin(); each != resting_.end(); ++each) {
        if (each->buys == order.buys_base) continue;
        if (order.limit &&
            (order.buys_base ? each->price > *order.limit : each->price < *order.limit)) {
          continue;
        }
        const bool better = best == resting_.end() || (order.buys_base ? each->price < best->price
                                                                       : each->price > best->price);
        if (better) best = each;  // the earlier one stays among equals
      }
      if (best == resting_.end()) break;
      if (best->owner == order.owner) {
        if (order.self_trade == SelfTrade::kCancelIncoming) {
          self = true;
          break;
        }
        resting_.erase(best);
        continue;
      }
      const std::int64_t base = std::min(left, best->base);
      matches.push_back({best->owner, best->price, base});
      left -= base;
      best->base -= base;
      if (best->base == 0) resting_.erase(best);
    }
    if (order.time_in_force == TimeInForce::kFillOrKill && left > 0) {
      resting_ = kept;
      return {};
    }
    if (order.time_in_force == TimeInForce::kGoodTillCancelled && left > 0 && !self) {
      resting_.push_back({arrivals_, order.owner, order.buys_base, *order.limit, left});
    }
    arrivals_ += 1;
    return matches;
  }
  std::size_t size() const { return resting_.size(); }

 private:
  std::vector<Resting> resting_;  // by arrival
  std::uint64_t arrivals_ = 0;
};

Order DrawOrder(core::RandomStream& random) {
  Order order;
  order.owner = Bank(std::string(1, static_cast<char>('A' + random.Uniform(5))));
  order.buys_base = random.Bernoulli(1, 2);
  order.base = Minor(random.UniformInRange(1, 50));
  order.limit = core::Rate::Make(random.UniformInRange(1'090, 1'110), 3).value();
  const std::uint64_t kind = random.Uniform(6);
  if (kind == 0) order.time_in_force = TimeInForce::kImmediateOrCancel;
  if (kind == 1) order.time_in_force = TimeInForce::kFillOrKill;
  if (kind <= 1 && random.Bernoulli(1, 2)) order.limit.reset();
  if (random.Bernoulli(1, 3)) order.self_trade = SelfTrade::kCancelResting;
  return order;
}

TEST(OrderBookPropertyTest, MatchesLikeTheNaiveBookAndIsNeverCrossed) {
  core::RandomStream random(1, "order-book");
  for (int round = 0; round < 40; ++round) {
    OrderBook book(EurUsd());
    NaiveBook naive;
    for (int i = 0; i < 400; ++i) {
      const Order order = DrawOrder(random);
      const auto result = std::get<OrderResult>(book.Submit(order));
      std::vector<NaiveBook::Match> matches;
      for (const Fill& fill : result.fills) {
        matches.push_back({fill.owner, fill.price, fill.base.minor()});
      }
      ASSERT_EQ(matches, naive.Submit(order)) << round << " " << i;
      ASSERT_EQ(book.size(), naive.size()) << round << " " << i;
      if (book.best_bid() && book.best_ask()) {
        ASSERT_LT(*book.best_bid(), *book.best_ask());
      }
    }
  }
}

TEST(OrderBookPropertyTest, WhatIsSubmittedIsFilledRestsOrIsCancelled) {
  core::RandomStream random(2, "order-book");
  OrderBook book(EurUsd());
  for (int i = 0; i < 5'000; ++i) {
    const Order order = DrawOrder(random);
    const auto before = book.Side(!order.buys_base);
    const auto result = std::get<OrderResult>(book.Submit(order));
    std::int64_t filled = 0;
    for (const Fill& fill : result.fills) filled += fill.base.minor();
    ASSERT_EQ(filled + result.resting.minor() + result.unfilled.minor(), order.base->minor());
    std::int64_t taken = 0;
    for (const auto& [price, resting] : before) taken += resting.base.minor();
    for (const auto& [price, resting] : book.Side(!order.buys_base)) taken -= resting.base.minor();
    if (result.cancelled.empty()) {
      ASSERT_EQ(taken, filled);
    }
    if (!result.fills.empty() && random.Bernoulli(1, 3)) {
      book.Restore(result.fills[random.Uniform(result.fills.size())]);
    }
    if (book.best_bid() && book.best_ask()) {
      ASSERT_LT(*book.best_bid(), *book.best_ask());
    }
  }
}

class BookVenueTest : public ::testing::Test {
 protected:
  BookVenueTest() {
    Place("A", false, "1.1000", 1'000);
    Place("B", false, "1.1010", 1'000);
    Place("A", true, "1.0980", 1'000);
  }
  void Place(std::string_view owner, bool buys, std::string_view price, std::int64_t base) {
    ASSERT_TRUE(
        std::holds_alternative<OrderResult>(venue_.book().Submit(Limit(owner, buys, price, base))));
  }
  TradeRequest BuyEur(std::int64_t minor) const {
    return {Bank("T"), EurUsd().quote, EurUsd().base, std::nullopt, Minor(minor)};
  }
  BookVenue venue_{EurUsd()};
  core::LedgerTime now_ = core::LedgerTime::FromMicros(1);
};

TEST_F(BookVenueTest, AnOfferHasTwoTransfersForEachOrder) {
  const Offer offer = std::get<Offer>(venue_.Reserve(now_, BuyEur(1'500)));
  ASSERT_EQ(offer.transfers.size(), 4U);
  EXPECT_EQ(offer.sell.amount, Minor(1'100 + 550));  // 550.5 goes to the even 550
  EXPECT_EQ(offer.transfers[0], (Transfer{Bank("T"), Bank("A"), {EurUsd().quote, Minor(1'100)}}));
  EXPECT_EQ(offer.transfers[3], (Transfer{Bank("B"), Bank("T"), {EurUsd().base, Minor(500)}}));
}

TEST_F(BookVenueTest, ReservedOrdersCannotBeMetTwice) {
  ASSERT_TRUE(std::holds_alternative<Offer>(venue_.Reserve(now_, BuyEur(1'500))));
  EXPECT_EQ(std::get<core::Rejection>(venue_.Reserve(now_, BuyEur(501))).outcome,
            core::Outcome::kNoRate);
  EXPECT_TRUE(std::holds_alternative<Offer>(venue_.Reserve(now_, BuyEur(500))));
}

TEST_F(BookVenueTest, AnExpiredOfferPutsOrdersBack) {
  const Offer offer = std::get<Offer>(venue_.Reserve(now_, BuyEur(2'000)));
  EXPECT_EQ(venue_.book().best_ask(), std::nullopt);
  venue_.Expire(offer.expires + core::Duration::FromMicros(1));
  EXPECT_EQ(venue_.book().best_ask(), R("1.1"));
  EXPECT_EQ(venue_.book().size(), 3U);
}

TEST_F(BookVenueTest, ASettledOfferLeavesTheBookForGood) {
  const Offer offer = std::get<Offer>(venue_.Reserve(now_, BuyEur(2'000)));
  EXPECT_EQ(venue_.Accept(now_, offer.id), std::nullopt);
  EXPECT_TRUE(venue_.Settle(now_, offer.id));
  EXPECT_EQ(venue_.book().best_ask(), std::nullopt);
}

TEST_F(BookVenueTest, AMarketMakerDoesNotMeetItself) {
  TradeRequest request = BuyEur(100);
  request.taker = Bank("A");
  EXPECT_TRUE(std::holds_alternative<core::Rejection>(venue_.Price(now_, request)));
}

TEST_F(BookVenueTest, TheDealtAmountStaysExactOnEitherSide) {
  core::RandomStream random(3, "book-venue");
  for (int i = 0; i < 500; ++i) {
    const core::Amount dealt = Minor(random.UniformInRange(1, 1'000));
    const bool sells = random.Bernoulli(1, 2);
    TradeRequest request{Bank("T"), EurUsd().quote, EurUsd().base, std::nullopt, std::nullopt};
    if (random.Bernoulli(1, 2)) std::swap(request.sell, request.buy);
    (sells ? request.sell_amount : request.buy_amount) = dealt;
    const auto priced = venue_.Reserve(now_, request);
    const auto* offer = std::get_if<Offer>(&priced);
    if (offer == nullptr) continue;
    EXPECT_EQ(sells ? offer->sell.amount : offer->buy.amount, dealt);
    EXPECT_TRUE(venue_.Release(now_, offer->id));
  }
  EXPECT_EQ(venue_.book().size(), 3U);
}

}  // namespace
}  // namespace causeway::bridge
