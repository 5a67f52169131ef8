#include "fx-bridge/venues/board_venue.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

absl::Status CheckRates(const Provider& provider, const std::vector<BoardRate>& rates) {
  const auto invalid = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("provider {}: {}", provider.participant.text(), what));
  };
  std::set<CurrencyPair> pairs;
  for (const BoardRate& rate : rates) {
    const std::string name = fmt::format("{}/{}", rate.pair.base.code(), rate.pair.quote.code());
    if (const std::string wrong = CheckBoardRate(rate); !wrong.empty()) {
      return invalid(fmt::format("rate {}: {}", name, wrong));
    }
    if (!pairs.insert(rate.pair).second || pairs.contains({rate.pair.quote, rate.pair.base})) {
      return invalid(fmt::format("rate {}: the pair is posted twice", name));
    }
    for (const core::Currency& currency : {rate.pair.base, rate.pair.quote}) {
      if (FindAccount(provider, currency) != nullptr) continue;
      return invalid(fmt::format("rate {}: there is no account in {}", name, currency.code()));
    }
  }
  return absl::OkStatus();
}

TradeRequest TradeOf(const QuoteRequest& request) {
  return {request.taker, request.sell_currency, request.buy_currency, request.sell_amount,
          request.buy_amount};
}

}  // namespace

// One provider's price for a request.
struct BoardVenue::Priced {
  std::size_t provider = 0;
  CurrencyPair pair;
  PostedPrice price;
};

BoardVenue::BoardVenue(const Options& options, std::vector<Provider> providers)
    : options_(options), providers_(std::move(providers)) {}

absl::StatusOr<std::unique_ptr<BoardVenue>> BoardVenue::Create(const Options& options,
                                                               std::vector<Provider> providers) {
  if (options.settlement_window <= core::Duration::Zero() || options.quotes_max == 0) {
    return absl::InvalidArgumentError("settlement_window and quotes_max: must be more than zero");
  }
  std::set<core::ParticipantId> seen;
  for (const Provider& provider : providers) {
    if (absl::Status status = CheckProvider(provider); !status.ok()) return status;
    if (!seen.insert(provider.participant).second) {
      return absl::InvalidArgumentError(
          fmt::format("provider {}: stands in the list twice", provider.participant.text()));
    }
  }
  return std::unique_ptr<BoardVenue>(new BoardVenue(options, std::move(providers)));
}

absl::Status BoardVenue::CheckProvider(const Provider& provider) {
  const auto invalid = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("provider {}: {}", provider.participant.text(), what));
  };
  if (provider.participant.IsEmpty()) return invalid("participant: must be set");
  if (provider.signer == nullptr) return invalid("signer: must be set");
  if (provider.validity <= core::Duration::Zero()) {
    return invalid("validity: must be more than zero");
  }
  for (const ProviderAccount& account : provider.accounts) {
    if (FindAccount(provider, account.account.currency()) != &account) {
      return invalid(fmt::format("accounts: two are in {}", account.account.currency().code()));
    }
  }
  for (const core::Money& limit : provider.limits) {
    if (!limit.amount.IsPositive()) return invalid("limits: must be more than zero");
    const bool twice = std::any_of(
        provider.limits.begin(), provider.limits.end(),
        [&](const auto& each) { return &each != &limit && each.currency == limit.currency; });
    if (twice) return invalid(fmt::format("limits: two are in {}", limit.currency.code()));
  }
  return CheckRates(provider, provider.rates);
}

absl::Status BoardVenue::SetRates(const core::ParticipantId& participant,
                                  std::vector<BoardRate> rates) {
  for (Provider& provider : providers_) {
    if (provider.participant != participant) continue;
    if (absl::Status status = CheckRates(provider, rates); !status.ok()) return status;
    provider.rates = std::move(rates);
    return absl::OkStatus();
  }
  return absl::NotFoundError(fmt::format("provider {}: is not on the board", participant.text()));
}

std::vector<CurrencyPair> BoardVenue::pairs() const {
  std::set<CurrencyPair> pairs;
  for (const Provider& provider : providers_) {
    for (const BoardRate& rate : provider.rates) pairs.insert(rate.pair);
  }
  return {pairs.begin(), pairs.end()};
}

bool BoardVenue::WithinLimits(std::size_t provider, const core::ParticipantId& taker,
                              const core::Money& owed) const {
  for (const core::Money& limit : providers_[provider].limits) {
    if (limit.currency != owed.currency) continue;
    const auto all = owed_.find(std::pair(provider, owed.currency));
    const auto own = owed_to_.find(std::tuple(taker, provider, owed.currency));
    const auto after =
        core::CheckedAdd(all == owed_.end() ? core::Amount::Zero() : all->second, owed.amount);
    const auto own_after =
        core::CheckedAdd(own == owed_to_.end() ? core::Amount::Zero() : own->second, owed.amount);
    if (!after.has_value() || !own_after.has_value() || *after > limit.amount) return false;
    return *own_after <= core::CheckedSub(limit.amount, *after).value_or(core::Amount::Zero());
  }
  return true;
}

std::variant<BoardVenue::Priced, core::Rejection> BoardVenue::BestPrice(
    core::LedgerTime now, const QuoteRequest& request) const {
  const TradeRequest trade = TradeOf(request);
  std::optional<Priced> best;
  bool quoted = false;
  bool overflow = false;
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    if (providers_[i].participant == request.taker) continue;
    for (const BoardRate& board : providers_[i].rates) {
      const PostedPrice price = PriceAtPosted(board, now, trade);
      if (price.answer == PostedAnswer::kOtherPair) continue;
      quoted = true;
      if (price.answer == PostedAnswer::kOverflow) overflow = true;
      if (price.answer != PostedAnswer::kPriced) continue;
      if (!WithinLimits(i, request.taker, {request.buy_currency, price.buy})) continue;
      const bool better =
          !best.has_value() || (request.sell_amount.has_value() ? price.buy > best->price.buy
                                                                : price.sell < best->price.sell);
      if (better) best = Priced{i, board.pair, price};
    }
  }
  if (best.has_value()) return *std::move(best);
  if (overflow) {
    return Refusal(core::Outcome::kAmountOverflow,
                   "dealt: the other side would not fit 64-bit minor units");
  }
  const std::string pair =
      fmt::format("{} for {}", request.sell_currency.code(), request.buy_currency.code());
  return Refusal(core::Outcome::kNoRate,
                 quoted ? fmt::format("no provider quotes {} in this amount", pair)
                        : fmt::format("no provider quotes {}", pair));
}

std::variant<Quote, core::Rejection> BoardVenue::RequestQuote(core::LedgerTime now,
                                                              const QuoteRequest& request,
                                                              const RandomSource& random) {
  if (auto refused = CheckQuoteRequest(request)) return *refused;
  ForgetExpired(now);
  if (quotes_.size() >= options_.quotes_max) {
    return Refusal(core::Outcome::kOverloaded, "too many quotes are open; try again later");
  }
  const auto own = quotes_of_.find(request.taker);
  if (own != quotes_of_.end() && own->second >= options_.quotes_max - quotes_.size()) {
    return Refusal(core::Outcome::kOverloaded,
                   fmt::format("{} quotes of {} are open, which is its share; try again later",
                               own->second, request.taker.text()));
  }
  auto priced = BestPrice(now, request);
  if (auto* refused = std::get_if<core::Rejection>(&priced)) return std::move(*refused);
  Quote quote = MakeQuote(now, request, std::get<Priced>(priced), random);
  Open open;
  open.terms = quote.terms;
  open.taker = request.taker;
  open.expires = quote.expires;
  open.provider = std::get<Priced>(priced).provider;
  open.owed = quote.buy;
  core::Amount& owed = owed_[std::pair(open.provider, open.owed.currency)];
  owed = core::CheckedAdd(owed, open.owed.amount).value_or(core::Amount::Max());
  core::Amount& owed_to = owed_to_[std::tuple(open.taker, open.provider, open.owed.currency)];
  owed_to = core::CheckedAdd(owed_to, open.owed.amount).value_or(core::Amount::Max());
  ++quotes_of_[open.taker];
  const bool added = quotes_.emplace(quote.quote_id, std::move(open)).second;
  CW_CHECK(added, "quote ids are random and do not repeat");
  by_expiry_.emplace(std::pair(quote.expires, quote.quote_id), true);
  return quote;
}

Quote BoardVenue::MakeQuote(core::LedgerTime now, const QuoteRequest& request, const Priced& priced,
                            const RandomSource& random) const {
  const Provider& provider = providers_[priced.provider];
  const ProviderAccount& sell_side = *FindAccount(provider, request.sell_currency);
  const ProviderAccount& buy_side = *FindAccount(provider, request.buy_currency);
  Quote quote;
  quote.quote_id = DrawQuoteId(random);
  quote.provider = provider.participant;
  quote.pair = priced.pair;
  quote.bid = priced.price.bid;
  quote.ask = priced.price.ask;
  quote.rate = priced.price.rate;
  quote.sell = {request.sell_currency, priced.price.sell};
  quote.buy = {request.buy_currency, priced.price.buy};
  quote.expires = now + provider.validity;
  const auto provider_id = core::InstructionId::Parse(quote.quote_id);
  CW_CHECK(provider_id.ok(), "a quote id is an instruction id");
  MakeQuotedTerms(options_.policy_hash, quote.expires + options_.settlement_window, request.uetr,
                  {{sell_side.ledger, request.taker, request.instruction_id, request.sell_account,
                    sell_side.account, quote.sell},
                   {buy_side.ledger, provider.participant, *provider_id, buy_side.account,
                    request.buy_account, quote.buy}},
                  random, quote);
  return quote;
}

std::variant<core::Signature, core::Rejection> BoardVenue::Countersign(core::LedgerTime now,
                                                                       std::string_view quote_id,
                                                                       std::string_view terms) {
  const auto place = quotes_.find(std::string(quote_id));
  if (place == quotes_.end()) {
    return Refusal(core::Outcome::kUnknownQuote,
                   "terms.quote_id: names no open quote; ask for a new one");
  }
  const Open& open = place->second;
  if (now > open.expires) {
    return Refusal(core::Outcome::kQuoteExpired,
                   fmt::format("terms.quote_id: the quote expired at {}; ask for a new one",
                               open.expires.ToString()));
  }
  if (open.terms != terms) {
    return Refusal(core::Outcome::kTermsDifferFromQuote,
                   "terms: are not the exact bytes that were quoted");
  }
  const core::Signer& signer = *providers_[open.provider].signer;
  absl::StatusOr<std::string> signature =
      signer.Sign(core::PreAuthEncoding(core::kTermsPayloadType, terms));
  if (!signature.ok()) {
    return Refusal(core::Outcome::kUnavailable, "the provider's signer does not answer");
  }
  return core::Signature{signer.key_id(), *std::move(signature)};
}

std::variant<std::vector<core::Signature>, core::Rejection> BoardVenue::SignQuoted(
    core::LedgerTime now, std::string_view quote_id, std::string_view terms) {
  auto signature = Countersign(now, quote_id, terms);
  if (auto* refused = std::get_if<core::Rejection>(&signature)) return std::move(*refused);
  return std::vector{std::get<core::Signature>(std::move(signature))};
}

// Expired quotes are kept for the length of the settlement window, so that a late taker is told
// that the quote expired instead of that it never was.
void BoardVenue::ForgetExpired(core::LedgerTime now) {
  while (!by_expiry_.empty()) {
    const auto first = by_expiry_.begin();
    if (first->first.first + options_.settlement_window >= now) break;
    const auto place = quotes_.find(first->first.second);
    CW_CHECK(place != quotes_.end(), "a quote that is forgotten was kept");
    // No settlement of it can begin any more, and one that began holds the provider's money by now.
    const Open& open = place->second;
    core::Amount& owed = owed_[std::pair(open.provider, open.owed.currency)];
    owed = core::CheckedSub(owed, open.owed.amount).value_or(core::Amount::Zero());
    const auto owed_to = owed_to_.find(std::tuple(open.taker, open.provider, open.owed.currency));
    CW_CHECK(owed_to != owed_to_.end(), "what a taker is owed was counted");
    owed_to->second =
        core::CheckedSub(owed_to->second, open.owed.amount).value_or(core::Amount::Zero());
    if (owed_to->second.IsZero()) owed_to_.erase(owed_to);
    if (--quotes_of_.at(open.taker) == 0) quotes_of_.erase(open.taker);
    quotes_.erase(place);
    by_expiry_.erase(first);
  }
}

}  // namespace causeway::bridge
