// Venues, and what providers say about their rates beside the rates.
#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/core/decimal.h"
#include "settlement/core/quote.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kVenueNameSizeMax = 16;
constexpr std::size_t kBookOrdersMax = 10'000;
constexpr std::uint32_t kFeePpmMax = 500'000;
constexpr std::uint32_t kPpm = 1'000'000;
constexpr std::uint64_t kAmplificationE4Max = 10'000'000'000;
constexpr std::uint64_t kOneE18 = 1'000'000'000'000'000'000;
constexpr std::uint32_t kHalfLifeSecondsDefault = 600;
constexpr std::uint32_t kHalfLifeSecondsMax = 7 * 24 * 3600;
// With twelve decimals of the scale any reserves are in the range of the arithmetic.
constexpr std::int64_t kMovingScaleMax = 1'000'000;
constexpr core::Duration kBookValidityDefault = core::Duration::FromSeconds(10);
constexpr core::Duration kPoolValidityDefault = core::Duration::FromSeconds(30);

core::Duration ValidityOf(std::uint32_t seconds, core::Duration otherwise) {
  return seconds == 0 ? otherwise : core::Duration::FromSeconds(seconds);
}

}  // namespace

std::uint32_t Compiler::ReadFee(Place place, std::uint32_t fee_ppm) {
  if (fee_ppm > kFeePpmMax) {
    Fail(place, fmt::format("a fee of {} millionths: at most {}", fee_ppm, kFeePpmMax));
  }
  return fee_ppm;
}

std::optional<std::uint64_t> Compiler::ReadScaled(Place place, const std::string& text, int scale,
                                                  std::uint64_t max) {
  const absl::StatusOr<core::UnsignedDecimal> read =
      core::ParseUnsignedDecimal(text, scale, "number", text);
  if (!read.ok()) {
    Fail(place, std::string(read.status().message()));
    return std::nullopt;
  }
  std::uint64_t value = read->digits;
  for (int i = read->scale; i < scale && value <= max; ++i) {
    value = value > std::numeric_limits<std::uint64_t>::max() / 10 ? max + 1 : value * 10;
  }
  if (value == 0 || value > max) {
    Fail(place, fmt::format("{}: must be above zero and at most {}", core::Quoted(text),
                            core::FormatUnsignedDecimal(max, scale)));
    return std::nullopt;
  }
  return value;
}

void Compiler::CompilePostedTerms(const Node& node, const causeway::v1::BoardRate& posted,
                                  core::Currency base, PlannedBoardRate& rate) {
  if (!posted.base_amount_max().empty()) {
    rate.base_amount_max = ReadAmount(node.Of("base_amount_max"), posted.base_amount_max(), base)
                               .value_or(core::Amount::Zero());
  }
  if (!posted.valid_until().empty()) {
    rate.valid_until = Read<core::LedgerTime>(node.Of("valid_until"), posted.valid_until())
                           .value_or(rate.valid_until);
  }
  core::Amount before = core::Amount::Zero();
  for (int i = 0; i < posted.tiers_size(); ++i) {
    const Node tier = node.Child("tiers", i);
    const auto from =
        ReadAmount(tier.Of("base_amount_from"), posted.tiers(i).base_amount_from(), base);
    const auto bid = Read<core::Rate>(tier.Of("bid"), posted.tiers(i).bid());
    const auto ask = Read<core::Rate>(tier.Of("ask"), posted.tiers(i).ask());
    if (!from || !bid || !ask) continue;
    if (*from <= before) {
      Fail(tier.Of("base_amount_from"), "tiers must begin above the one before");
    }
    if (rate.base_amount_max.IsPositive() && *from > rate.base_amount_max) {
      Fail(tier.Of("base_amount_from"), "the tier begins above base_amount_max");
    }
    if (*ask < *bid) Fail(tier.Of("ask"), "ask is below bid");
    before = *from;
    rate.tiers.push_back({*from, *bid, *ask});
  }
}

void Compiler::CompileProviderLimits(const Node& node, const causeway::v1::FxProviderSpec& spec,
                                     PlannedProvider& provider) {
  for (int i = 0; i < spec.limits_size(); ++i) {
    const Node limit = node.Child("limits", i);
    const auto ledger = ReadLedgerOfCurrency(limit.Of("currency"), spec.limits(i).currency());
    if (!ledger) continue;
    const core::Currency currency = plan_.ledgers[*ledger].currency;
    const auto amount = ReadAmount(limit.Of("amount"), spec.limits(i).amount(), currency);
    if (!amount) continue;
    for (const core::Money& other : provider.limits) {
      if (other.currency != currency) continue;
      Fail(limit.Of("currency"), fmt::format("{} has a limit already", currency.code()));
    }
    provider.limits.push_back({currency, *amount});
  }
  if (!spec.has_last_look_ppm()) return;
  if (spec.last_look_ppm() > kPpm) {
    Fail(node.Of("last_look_ppm"), fmt::format("last_look_ppm: at most {}", kPpm));
  }
  if (spec_.venues_size() == 0) {
    Fail(node.Of("last_look_ppm"), "last_look_ppm is of use at venues only: the board is firm");
  }
  provider.last_look_ppm = spec.last_look_ppm();
}

void Compiler::CompileVenues() {
  for (int i = 0; i < spec_.venues_size(); ++i) CompileVenue(i);
}

void Compiler::CompileVenue(int index) {
  const Node node = root_.Child("venues", index);
  const causeway::v1::VenueSpec& spec = spec_.venues(index);
  if (spec.name().empty() || spec.name().size() > kVenueNameSizeMax ||
      spec.name().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    Fail(node.Of("name"), fmt::format("name {}: must be 1 to {} of a-z, 0-9 and '-'",
                                      core::Quoted(spec.name()), kVenueNameSizeMax));
  }
  for (const PlannedVenue& other : plan_.bridge->venues) {
    if (other.name == spec.name()) {
      Fail(node.Of("name"), fmt::format("a venue {} exists already", core::Quoted(spec.name())));
    }
  }
  const auto add = [&](auto what) {
    if (what.has_value()) plan_.bridge->venues.push_back({spec.name(), *std::move(what)});
  };
  switch (spec.what_case()) {
    case causeway::v1::VenueSpec::kRfq:
      return add(CompileRfq(node.Child("rfq"), spec.rfq()));
    case causeway::v1::VenueSpec::kBook:
      return add(CompileBook(node.Child("book"), spec.book()));
    case causeway::v1::VenueSpec::kPool:
      return add(CompilePool(node.Child("pool"), spec.pool()));
    case causeway::v1::VenueSpec::WHAT_NOT_SET:
      Fail(root_.Of("venues", index), "a venue must be one of rfq, book, pool");
  }
}

std::optional<PlannedRfq> Compiler::CompileRfq(const Node& node,
                                               const causeway::v1::RfqVenueSpec& spec) {
  PlannedRfq rfq;
  for (int i = 0; i < spec.dealers_size(); ++i) {
    const auto dealer = ReadParty(node.Of("dealers", i), spec.dealers(i));
    if (!dealer) return std::nullopt;
    const std::vector<PlannedProvider>& providers = plan_.bridge->providers;
    if (std::none_of(providers.begin(), providers.end(), [&](const PlannedProvider& provider) {
          return provider.participant == *dealer;
        })) {
      Fail(node.Of("dealers", i),
           fmt::format("participant {} has no rates in fx_providers", spec.dealers(i)));
    }
    if (std::find(rfq.dealers.begin(), rfq.dealers.end(), *dealer) != rfq.dealers.end()) {
      Fail(node.Of("dealers", i), fmt::format("dealer {} is listed twice", spec.dealers(i)));
    }
    rfq.dealers.push_back(*dealer);
  }
  if (spec.dealers_size() == 0) {
    for (const PlannedProvider& provider : plan_.bridge->providers) {
      rfq.dealers.push_back(provider.participant);
    }
  }
  return rfq;
}

std::optional<PlannedBook> Compiler::CompileBook(const Node& node,
                                                 const causeway::v1::BookVenueSpec& spec) {
  const auto base = ReadLedgerOfCurrency(node.Of("base"), spec.base());
  const auto quote = ReadLedgerOfCurrency(node.Of("quote"), spec.quote());
  if (!base || !quote) return std::nullopt;
  if (*base == *quote) Fail(node.Of("quote"), "base and quote must differ");
  if (static_cast<std::size_t>(spec.orders_size()) > kBookOrdersMax) {
    Fail(node.Of("orders", 0), fmt::format("orders: at most {}", kBookOrdersMax));
    return std::nullopt;
  }
  PlannedBook book{*base, *quote, ValidityOf(spec.quote_validity_s(), kBookValidityDefault), {}};
  std::optional<core::Rate> best_bid;
  std::optional<core::Rate> best_ask;
  for (int i = 0; i < spec.orders_size(); ++i) {
    const Node order = node.Child("orders", i);
    const causeway::v1::BookOrderSpec& read = spec.orders(i);
    const auto owner = ReadHolder(order.Of("participant"), read.participant(), base);
    ReadHolder(order.Of("participant"), read.participant(), quote);
    const auto price = Read<core::Rate>(order.Of("price"), read.price());
    const auto amount =
        ReadAmount(order.Of("base_amount"), read.base_amount(), plan_.ledgers[*base].currency);
    if (!owner || !price || !amount) continue;
    if (read.buys() ? best_ask && *price >= *best_ask : best_bid && *price <= *best_bid) {
      Fail(order.Of("price"),
           fmt::format("price {} crosses an order of the other side before it", read.price()));
    }
    std::optional<core::Rate>& best = read.buys() ? best_bid : best_ask;
    if (!best || (read.buys() ? *price > *best : *price < *best)) best = *price;
    book.orders.push_back({*owner, read.buys(), *price, *amount});
  }
  return book;
}

std::optional<PlannedPool> Compiler::CompilePool(const Node& node,
                                                 const causeway::v1::PoolVenueSpec& spec) {
  const auto base = ReadLedgerOfCurrency(node.Of("base"), spec.base());
  const auto quote = ReadLedgerOfCurrency(node.Of("quote"), spec.quote());
  const auto owner = ReadHolder(node.Of("participant"), spec.participant(), base);
  if (!base || !quote || !owner) return std::nullopt;
  ReadHolder(node.Of("participant"), spec.participant(), quote);
  if (*base == *quote) Fail(node.Of("quote"), "base and quote must differ");
  const auto base_amount =
      ReadAmount(node.Of("base_amount"), spec.base_amount(), plan_.ledgers[*base].currency);
  const auto quote_amount =
      ReadAmount(node.Of("quote_amount"), spec.quote_amount(), plan_.ledgers[*quote].currency);
  if (!base_amount || !quote_amount) return std::nullopt;
  PlannedPool pool{*owner,
                   *base,
                   *quote,
                   *base_amount,
                   *quote_amount,
                   ValidityOf(spec.quote_validity_s(), kPoolValidityDefault),
                   {}};
  switch (spec.curve_case()) {
    case causeway::v1::PoolVenueSpec::kConstantProduct: {
      const Node curve = node.Child("constant_product");
      pool.curve =
          PlannedConstantProduct{ReadFee(curve.Of("fee_ppm"), spec.constant_product().fee_ppm())};
      break;
    }
    case causeway::v1::PoolVenueSpec::kHybrid: {
      const auto curve = CompileHybridCurve(node.Child("hybrid"), spec.hybrid());
      if (!curve) return std::nullopt;
      pool.curve = *curve;
      break;
    }
    case causeway::v1::PoolVenueSpec::CURVE_NOT_SET:
      Fail(node.Of("participant"), "a pool must have a curve: constant_product or hybrid");
      return std::nullopt;
  }
  return pool;
}

std::optional<PlannedHybridCurve> Compiler::CompileHybridCurve(
    const Node& node, const causeway::v1::HybridCurveSpec& spec) {
  const auto amplification =
      ReadScaled(node.Of("amplification"), spec.amplification(), 4, kAmplificationE4Max);
  const auto gamma = ReadScaled(node.Of("gamma"), spec.gamma(), 18, kOneE18);
  const auto fee_gamma = ReadScaled(node.Of("fee_gamma"), spec.fee_gamma(), 18, kOneE18);
  const auto scale = Read<core::Rate>(node.Of("price_scale"), spec.price_scale());
  if (!amplification || !gamma || !fee_gamma || !scale) return std::nullopt;
  PlannedHybridCurve curve{*amplification,
                           *gamma,
                           *scale,
                           ReadFee(node.Of("mid_fee_ppm"), spec.mid_fee_ppm()),
                           ReadFee(node.Of("out_fee_ppm"), spec.out_fee_ppm()),
                           *fee_gamma,
                           {}};
  if (curve.out_fee_ppm < curve.mid_fee_ppm) {
    Fail(node.Of("out_fee_ppm"), "out_fee_ppm must not be below mid_fee_ppm");
  }
  if (!spec.has_moving_scale()) return curve;
  curve.moving_scale = CompileMovingScale(node.Child("moving_scale"), spec.moving_scale());
  if (!curve.moving_scale) return std::nullopt;
  if (*scale > core::Rate::Make(kMovingScaleMax, 0).value()) {
    Fail(node.Of("price_scale"), fmt::format("price_scale {}: at most {} with moving_scale",
                                             spec.price_scale(), kMovingScaleMax));
  }
  return curve;
}

std::optional<PlannedMovingScale> Compiler::CompileMovingScale(
    const Node& node, const causeway::v1::MovingScaleSpec& spec) {
  const std::uint32_t half_life_s =
      spec.half_life_s() == 0 ? kHalfLifeSecondsDefault : spec.half_life_s();
  if (half_life_s > kHalfLifeSecondsMax) {
    Fail(node.Of("half_life_s"), fmt::format("half_life_s: at most {}", kHalfLifeSecondsMax));
  }
  const auto step = ReadScaled(node.Of("step"), spec.step(), 18, kOneE18);
  const auto extra = spec.extra_profit().empty() ? std::optional<std::uint64_t>(0)
                                                 : ReadScaled(node.Of("extra_profit"),
                                                              spec.extra_profit(), 18, kOneE18 - 1);
  if (!step || !extra) return std::nullopt;
  return PlannedMovingScale{core::Duration::FromSeconds(half_life_s), *step, *extra};
}

}  // namespace causeway::sim
