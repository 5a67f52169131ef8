#include "fx-bridge/venues/board_venue.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

constexpr std::size_t kNonceBytes = 16;
// With its prefix it must fit an instruction id, because it is that of the provider's leg.
constexpr std::size_t kQuoteIdRandomBytes = 16;

core::Rejection Refuse(core::Outcome outcome, std::string message) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return rejection;
}

const ProviderAccount* FindAccount(const Provider& provider, const core::Currency& currency) {
  for (const ProviderAccount& account : provider.accounts) {
    if (account.account.currency() == currency) return &account;
  }
  return nullptr;
}

absl::Status CheckRates(const Provider& provider, const std::vector<BoardRate>& rates) {
  const auto invalid = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("provider {}: {}", provider.participant.text(), what));
  };
  std::set<CurrencyPair> pairs;
  for (const BoardRate& rate : rates) {
    const std::string name = fmt::format("{}/{}", rate.pair.base.code(), rate.pair.quote.code());
    if (rate.pair.base == rate.pair.quote)
      return invalid(fmt::format("rate {}: a pair is of two currencies", name));
    if (rate.ask < rate.bid) return invalid(fmt::format("rate {}: ask is below bid", name));
    if (rate.base_amount_max.IsNegative()) {
      return invalid(fmt::format("rate {}: base_amount_max must not be negative", name));
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

// What the taker's side of a trade at a rate is, both amounts.
struct Amounts {
  core::Amount sell;
  core::Amount buy;
};

// Rounded once, against the taker: it gets less or pays more by less than one minor unit.
std::optional<Amounts> ConvertAtRate(const QuoteRequest& request, const CurrencyPair& pair,
                                     const core::Rate& rate) {
  const int base_digits = pair.base.minor_digits();
  const int quote_digits = pair.quote.minor_digits();
  const bool sells_base = request.sell_currency == pair.base;
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

std::optional<core::Rejection> CheckRequest(const QuoteRequest& request) {
  if (request.taker.IsEmpty()) return Refuse(core::Outcome::kMalformed, "taker: must be set");
  if (request.instruction_id.IsEmpty()) {
    return Refuse(core::Outcome::kMalformed, "instruction_id: must be set");
  }
  if (request.sell_currency == request.buy_currency) {
    return Refuse(core::Outcome::kMalformed, "buy_currency: must differ from sell_currency");
  }
  if (request.sell_amount.has_value() == request.buy_amount.has_value()) {
    return Refuse(core::Outcome::kMalformed,
                  "dealt: set exactly one of sell_minor_units and buy_minor_units");
  }
  const core::Amount dealt =
      request.sell_amount.has_value() ? *request.sell_amount : *request.buy_amount;
  if (!dealt.IsPositive()) {
    return Refuse(core::Outcome::kAmountNotPositive,
                  fmt::format("dealt: is {} minor units; must be more than zero", dealt.minor()));
  }
  if (request.sell_account.currency() != request.sell_currency) {
    return Refuse(
        core::Outcome::kWrongCurrency,
        fmt::format("sell_account: is in {}; must be in {}", request.sell_account.currency().code(),
                    request.sell_currency.code()));
  }
  if (request.buy_account.currency() != request.buy_currency) {
    return Refuse(core::Outcome::kWrongCurrency,
                  fmt::format("buy_account: is in {}; must be in {}",
                              request.buy_account.currency().code(), request.buy_currency.code()));
  }
  return std::nullopt;
}

}  // namespace

// One provider's price for a request.
struct BoardVenue::Priced {
  std::size_t provider = 0;
  BoardRate board;
  core::Rate rate;
  core::Amount sell;
  core::Amount buy;
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

std::variant<BoardVenue::Priced, core::Rejection> BoardVenue::BestPrice(
    const QuoteRequest& request) const {
  std::optional<Priced> best;
  bool quoted = false;
  bool overflow = false;
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    if (providers_[i].participant == request.taker) continue;
    for (const BoardRate& board : providers_[i].rates) {
      const CurrencyPair& pair = board.pair;
      const bool sells_base = pair == CurrencyPair{request.sell_currency, request.buy_currency};
      const bool buys_base = pair == CurrencyPair{request.buy_currency, request.sell_currency};
      if (!sells_base && !buys_base) continue;
      quoted = true;
      const core::Rate& rate = sells_base ? board.bid : board.ask;
      const std::optional<Amounts> amounts = ConvertAtRate(request, pair, rate);
      if (!amounts.has_value()) {
        overflow = true;
        continue;
      }
      if (!amounts->sell.IsPositive() || !amounts->buy.IsPositive()) continue;
      const core::Amount base = sells_base ? amounts->sell : amounts->buy;
      if (board.base_amount_max.IsPositive() && base > board.base_amount_max) continue;
      const bool better =
          !best.has_value() ||
          (request.sell_amount.has_value() ? amounts->buy > best->buy : amounts->sell < best->sell);
      if (better) best = Priced{i, board, rate, amounts->sell, amounts->buy};
    }
  }
  if (best.has_value()) return *std::move(best);
  if (overflow) {
    return Refuse(core::Outcome::kAmountOverflow,
                  "dealt: the other side would not fit 64-bit minor units");
  }
  const std::string pair =
      fmt::format("{} for {}", request.sell_currency.code(), request.buy_currency.code());
  return Refuse(core::Outcome::kNoRate,
                quoted ? fmt::format("no provider quotes {} in this amount", pair)
                       : fmt::format("no provider quotes {}", pair));
}

std::variant<Quote, core::Rejection> BoardVenue::RequestQuote(core::LedgerTime now,
                                                              const QuoteRequest& request,
                                                              const RandomSource& random) {
  if (auto refused = CheckRequest(request)) return *refused;
  ForgetExpired(now);
  if (quotes_.size() >= options_.quotes_max) {
    return Refuse(core::Outcome::kOverloaded, "too many quotes are open; try again later");
  }
  auto priced = BestPrice(request);
  if (auto* refused = std::get_if<core::Rejection>(&priced)) return std::move(*refused);
  Quote quote = MakeQuote(now, request, std::get<Priced>(priced), random);
  Open open;
  open.terms = quote.terms;
  open.expires = quote.expires;
  open.provider = std::get<Priced>(priced).provider;
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
  quote.quote_id = "Q-" + core::ToHex(random(kQuoteIdRandomBytes));
  quote.provider = provider.participant;
  quote.pair = priced.board.pair;
  quote.bid = priced.board.bid;
  quote.ask = priced.board.ask;
  quote.rate = priced.rate;
  quote.sell = {request.sell_currency, priced.sell};
  quote.buy = {request.buy_currency, priced.buy};
  quote.expires = now + provider.validity;

  core::Uetr uetr = request.uetr;
  if (uetr.IsNil()) {
    const std::string drawn = random(16);
    CW_CHECK(drawn.size() == 16, "a random source gives the bytes that it is asked for");
    std::array<std::uint8_t, 16> bytes{};
    std::copy(drawn.begin(), drawn.end(), bytes.begin());
    uetr = core::Uetr::FromRandomBytes(bytes);
  }
  core::Leg taker_pays;
  taker_pays.salt = random(kNonceBytes);
  taker_pays.ledger = sell_side.ledger;
  taker_pays.party = request.taker;
  taker_pays.id = request.instruction_id;
  taker_pays.uetr = uetr;
  taker_pays.debtor = request.sell_account;
  taker_pays.creditor = sell_side.account;
  taker_pays.amount = quote.sell;

  core::Leg provider_pays;
  provider_pays.salt = random(kNonceBytes);
  provider_pays.ledger = buy_side.ledger;
  provider_pays.party = provider.participant;
  const auto provider_id = core::InstructionId::Parse(quote.quote_id);
  CW_CHECK(provider_id.ok(), "a quote id is an instruction id");
  provider_pays.id = *provider_id;
  provider_pays.uetr = uetr;
  provider_pays.debtor = buy_side.account;
  provider_pays.creditor = request.buy_account;
  provider_pays.amount = quote.buy;
  quote.legs = {codec::EncodeLeg(taker_pays), codec::EncodeLeg(provider_pays)};

  core::TermsHeader terms;
  terms.policy_hash = options_.policy_hash;
  terms.deadline = quote.expires + options_.settlement_window;
  terms.ledgers = {{sell_side.ledger, 1}, {buy_side.ledger, 1}};
  if (buy_side.ledger < sell_side.ledger) std::swap(terms.ledgers[0], terms.ledgers[1]);
  // Two currencies of one ledger would be one entry with both legs.
  if (buy_side.ledger == sell_side.ledger) terms.ledgers = {{sell_side.ledger, 2}};
  terms.legs_root = core::LegsRoot(quote.legs);
  terms.nonce = random(kNonceBytes);
  terms.quote_id = quote.quote_id;
  quote.terms = codec::EncodeTerms(terms);
  quote.settlement_id = core::SettlementIdOf(quote.terms);
  return quote;
}

std::variant<core::Signature, core::Rejection> BoardVenue::Countersign(core::LedgerTime now,
                                                                       std::string_view quote_id,
                                                                       std::string_view terms) {
  const auto place = quotes_.find(std::string(quote_id));
  if (place == quotes_.end()) {
    return Refuse(core::Outcome::kUnknownQuote,
                  "terms.quote_id: names no open quote; ask for a new one");
  }
  const Open& open = place->second;
  if (now > open.expires) {
    return Refuse(core::Outcome::kQuoteExpired,
                  fmt::format("terms.quote_id: the quote expired at {}; ask for a new one",
                              open.expires.ToString()));
  }
  if (open.terms != terms) {
    return Refuse(core::Outcome::kTermsDifferFromQuote,
                  "terms: are not the exact bytes that were quoted");
  }
  const core::Signer& signer = *providers_[open.provider].signer;
  absl::StatusOr<std::string> signature =
      signer.Sign(core::PreAuthEncoding(core::kTermsPayloadType, terms));
  if (!signature.ok()) {
    return Refuse(core::Outcome::kUnavailable, "the provider's signer does not answer");
  }
  return core::Signature{signer.key_id(), *std::move(signature)};
}

// Expired quotes are kept for the length of the settlement window, so that a late taker is told
// that the quote expired instead of that it never was.
void BoardVenue::ForgetExpired(core::LedgerTime now) {
  while (!by_expiry_.empty()) {
    const auto first = by_expiry_.begin();
    if (first->first.first + options_.settlement_window >= now) break;
    quotes_.erase(first->first.second);
    by_expiry_.erase(first);
  }
}

}  // namespace causeway::bridge
