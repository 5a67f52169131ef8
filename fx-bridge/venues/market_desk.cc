#include "fx-bridge/venues/market_desk.h"

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

// One for the taker, the others for who else pays.
constexpr std::size_t kSignersMax = core::kSignaturesPerEnvelopeMax - 1;
constexpr std::size_t kLegIdRandomBytes = 16;

core::InstructionId IdOf(std::string_view text) {
  const auto id = core::InstructionId::Parse(text);
  CW_CHECK(id.ok(), "ids that the desk makes are instruction ids");
  return *id;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MarketDesk>> MarketDesk::Create(const Options& options,
                                                               std::vector<Provider> parties,
                                                               std::vector<NamedVenue> venues) {
  if (options.settlement_window <= core::Duration::Zero() || options.quotes_max == 0) {
    return absl::InvalidArgumentError("settlement_window and quotes_max: must be more than zero");
  }
  std::set<core::ParticipantId> seen;
  for (const Provider& party : parties) {
    const auto invalid = [&](std::string_view what) {
      return absl::InvalidArgumentError(
          fmt::format("party {}: {}", party.participant.text(), what));
    };
    if (party.signer == nullptr) return invalid("signer: must be set");
    if (!seen.insert(party.participant).second) return invalid("stands in the list twice");
    for (const ProviderAccount& account : party.accounts) {
      if (FindAccount(party, account.account.currency()) == &account) continue;
      return invalid(fmt::format("accounts: two are in {}", account.account.currency().code()));
    }
  }
  std::set<std::string> names;
  for (const NamedVenue& venue : venues) {
    if (venue.venue == nullptr || !names.insert(venue.name).second) {
      return absl::InvalidArgumentError(
          fmt::format("venue {}: stands in the list twice, or is missing", venue.name));
    }
  }
  return std::unique_ptr<MarketDesk>(
      new MarketDesk(options, std::move(parties), std::move(venues)));
}

std::vector<CurrencyPair> MarketDesk::pairs() const {
  std::set<CurrencyPair> pairs;
  for (const NamedVenue& venue : venues_) {
    for (const CurrencyPair& pair : venue.venue->pairs()) pairs.insert(pair);
  }
  return {pairs.begin(), pairs.end()};
}

const Venue* MarketDesk::venue(std::string_view name) const {
  for (const NamedVenue& venue : venues_) {
    if (venue.name == name) return venue.venue.get();
  }
  return nullptr;
}

std::optional<std::size_t> MarketDesk::PartyOf(const core::ParticipantId& id) const {
  for (std::size_t i = 0; i < parties_.size(); ++i) {
    if (parties_[i].participant == id) return i;
  }
  return std::nullopt;
}

std::vector<Path> MarketDesk::Ways(core::LedgerTime now, const QuoteRequest& request) const {
  const TradeRequest trade{request.taker, request.sell_currency, request.buy_currency,
                           request.sell_amount, request.buy_amount};
  std::vector<Venue*> all;
  for (const NamedVenue& venue : venues_) all.push_back(venue.venue.get());
  if (request.venue.empty()) return FindPaths(now, trade, all);
  std::vector<Path> ways;
  for (std::size_t i = 0; i < venues_.size(); ++i) {
    if (venues_[i].name != request.venue) continue;
    auto priced = venues_[i].venue->Price(now, trade);
    if (const auto* offer = std::get_if<Offer>(&priced)) {
      ways.push_back({{{i, *offer}}, offer->sell, offer->buy});
    }
  }
  return ways;
}

bool MarketDesk::ReservePath(core::LedgerTime now, const QuoteRequest& request, Path& path) {
  for (std::size_t i = 0; i < path.hops.size(); ++i) {
    Hop& hop = path.hops[i];
    TradeRequest trade{request.taker, hop.offer.sell.currency, hop.offer.buy.currency, {}, {}};
    // From the side that the taker dealt, as the path was priced.
    if (request.sell_amount.has_value()) {
      trade.sell_amount = hop.offer.sell.amount;
    } else {
      trade.buy_amount = hop.offer.buy.amount;
    }
    auto reserved = venues_[hop.venue].venue->Reserve(now, trade);
    auto* offer = std::get_if<Offer>(&reserved);
    const bool same =
        offer != nullptr && offer->sell == hop.offer.sell && offer->buy == hop.offer.buy;
    if (offer != nullptr) hop.offer = std::move(*offer);
    if (same) continue;
    // An earlier hop of this path took what this one was priced with.
    for (std::size_t done = 0; done < i + (offer != nullptr ? 1 : 0); ++done) {
      venues_[path.hops[done].venue].venue->Release(now, path.hops[done].offer.id);
    }
    return false;
  }
  return true;
}

std::variant<std::vector<QuotedLeg>, core::Rejection> MarketDesk::MakeLegs(
    const QuoteRequest& request, const Path& path, const RandomSource& random, Open& open) const {
  std::vector<QuotedLeg> legs;
  std::set<core::ParticipantId> paid;  // who has a leg already
  for (const Transfer& transfer : JoinTransfers(request.taker, path.hops)) {
    const bool taker_pays = transfer.payer == request.taker;
    const bool taker_gets = transfer.payee == request.taker;
    const auto payer = PartyOf(transfer.payer);
    const auto payee = PartyOf(transfer.payee);
    const core::Currency& currency = transfer.amount.currency;
    const ProviderAccount* from =
        taker_pays || !payer ? nullptr : FindAccount(parties_[*payer], currency);
    const ProviderAccount* to =
        taker_gets || !payee ? nullptr : FindAccount(parties_[*payee], currency);
    if ((!taker_pays && from == nullptr) || (!taker_gets && to == nullptr)) {
      return Refusal(core::Outcome::kNoRate,
                     fmt::format("{} or {} has no account in {}", transfer.payer.text(),
                                 transfer.payee.text(), currency.code()));
    }
    // An id is unique for whoever pays: the first leg of each has one that can be foreseen.
    core::InstructionId id = taker_pays ? request.instruction_id : IdOf(open.quote.quote_id);
    if (!paid.insert(transfer.payer).second) {
      id = IdOf("L-" + core::ToHex(random(kLegIdRandomBytes)));
    } else if (!taker_pays) {
      open.signers.push_back(*payer);
    }
    // One of the two sides is another's: its account tells the ledger.
    legs.push_back({from != nullptr ? from->ledger : to->ledger, transfer.payer, id,
                    from != nullptr ? from->account : request.sell_account,
                    to != nullptr ? to->account : request.buy_account, transfer.amount});
  }
  if (open.signers.size() > kSignersMax) {
    return Refusal(core::Outcome::kNoRate,
                   fmt::format("{} parties would have to sign beside the taker, of at most {}; "
                               "deal in smaller amounts",
                               open.signers.size(), kSignersMax));
  }
  return legs;
}

std::variant<Quote, core::Rejection> MarketDesk::RequestQuote(core::LedgerTime now,
                                                              const QuoteRequest& request,
                                                              const RandomSource& random) {
  if (auto refused = CheckQuoteRequest(request)) return *std::move(refused);
  Expire(now);
  if (quotes_.size() >= options_.quotes_max) {
    return Refusal(core::Outcome::kOverloaded, "too many quotes are open; try again later");
  }
  const auto own = quotes_of_.find(request.taker);
  if (own != quotes_of_.end() && own->second >= options_.quotes_max - quotes_.size()) {
    return Refusal(core::Outcome::kOverloaded,
                   fmt::format("{} quotes of {} are open, which is its share; try again later",
                               own->second, request.taker.text()));
  }
  if (!request.venue.empty() && venue(request.venue) == nullptr) {
    return Refusal(core::Outcome::kNoRate, fmt::format("there is no venue {}", request.venue));
  }
  core::Rejection refused = Refusal(
      core::Outcome::kNoRate,
      fmt::format("nobody quotes {} for {} in this amount, directly or over other currencies",
                  request.sell_currency.code(), request.buy_currency.code()));
  for (Path& path : Ways(now, request)) {
    Open open;
    open.quote.quote_id = DrawQuoteId(random);
    auto made = MakeLegs(request, path, random, open);
    if (auto* why = std::get_if<core::Rejection>(&made)) {
      refused = std::move(*why);
      continue;
    }
    if (!ReservePath(now, request, path)) continue;
    Quote& quote = open.quote;
    quote.provider = path.hops.front().offer.transfers.front().payee;
    quote.pair = {request.sell_currency, request.buy_currency};
    quote.sell = path.sell;
    quote.buy = path.buy;
    quote.expires = core::LedgerTime::Max();
    for (const Hop& hop : path.hops) {
      quote.expires = std::min(quote.expires, hop.offer.expires);
      open.offers.emplace_back(hop.venue, hop.offer.id);
    }
    MakeQuotedTerms(options_.policy_hash, quote.expires + options_.settlement_window, request.uetr,
                    std::get<std::vector<QuotedLeg>>(made), random, quote);
    Quote given = quote;
    open.taker = request.taker;
    ++quotes_of_[request.taker];
    by_settlement_.emplace(given.settlement_id, given.quote_id);
    by_expiry_.emplace(std::pair(given.expires, given.quote_id), true);
    quotes_.emplace(given.quote_id, std::move(open));
    return given;
  }
  return refused;
}

std::variant<std::vector<core::Signature>, core::Rejection> MarketDesk::SignQuoted(
    core::LedgerTime now, std::string_view quote_id, std::string_view terms) {
  const auto place = quotes_.find(std::string(quote_id));
  if (place == quotes_.end()) {
    return Refusal(core::Outcome::kUnknownQuote,
                   "terms.quote_id: names no open quote; ask for a new one");
  }
  Open& open = place->second;
  if (!open.signed_for && now > open.quote.expires) {
    return Refusal(core::Outcome::kQuoteExpired,
                   fmt::format("terms.quote_id: the quote expired at {}; ask for a new one",
                               open.quote.expires.ToString()));
  }
  if (open.quote.terms != terms) {
    return Refusal(core::Outcome::kTermsDifferFromQuote,
                   "terms: are not the exact bytes that were quoted");
  }
  std::vector<core::Signature> signatures;
  for (const std::size_t party : open.signers) {
    const core::Signer& signer = *parties_[party].signer;
    absl::StatusOr<std::string> signature =
        signer.Sign(core::PreAuthEncoding(core::kTermsPayloadType, terms));
    if (!signature.ok()) {
      return Refusal(core::Outcome::kUnavailable, "a provider's signer does not answer");
    }
    signatures.push_back({signer.key_id(), *std::move(signature)});
  }
  for (const auto& [venue, offer] : open.offers) {
    auto refused = venues_[venue].venue->Accept(now, offer);
    if (!refused.has_value()) continue;
    ReleaseAll(now, open);
    Forget(place);
    return *std::move(refused);
  }
  open.signed_for = true;
  by_expiry_.erase(std::pair(open.quote.expires, open.quote.quote_id));
  return signatures;
}

void MarketDesk::OnDecided(core::LedgerTime now, const core::Hash256& settlement_id, bool settled) {
  const auto known = by_settlement_.find(settlement_id);
  if (known == by_settlement_.end()) return;
  const auto place = quotes_.find(known->second);
  CW_CHECK(place != quotes_.end(), "a settlement's quote is kept until it is decided");
  const Open open = place->second;
  CW_CHECK(!settled || open.signed_for, "nothing settles without the signatures of who pays");
  Forget(place);
  if (!settled) {
    ReleaseAll(now, open);
    return;
  }
  for (const auto& [venue, offer] : open.offers) {
    CW_CHECK(venues_[venue].venue->Settle(now, offer), "an accepted offer is kept until it ends");
  }
}

std::vector<core::Hash256> MarketDesk::Undecided() const {
  std::vector<std::pair<core::LedgerTime, core::Hash256>> found;
  for (const auto& [id, open] : quotes_) {
    if (open.signed_for) found.emplace_back(open.quote.expires, open.quote.settlement_id);
  }
  std::sort(found.begin(), found.end());
  std::vector<core::Hash256> ids;
  for (const auto& [expires, id] : found) ids.push_back(id);
  return ids;
}

bool MarketDesk::IsPastDeadline(core::LedgerTime now, const core::Hash256& settlement_id) const {
  const auto known = by_settlement_.find(settlement_id);
  if (known == by_settlement_.end()) return true;
  return now > quotes_.at(known->second).quote.expires + options_.settlement_window;
}

void MarketDesk::ReleaseAll(core::LedgerTime now, const Open& open) {
  for (const auto& [venue, offer] : open.offers) venues_[venue].venue->Release(now, offer);
}

void MarketDesk::Expire(core::LedgerTime now) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first.first < now) {
    const auto place = quotes_.find(by_expiry_.begin()->first.second);
    CW_CHECK(place != quotes_.end(), "a quote that may expire is kept");
    ReleaseAll(now, place->second);
    Forget(place);
  }
}

void MarketDesk::Forget(Quotes::iterator place) {
  const Open& open = place->second;
  by_settlement_.erase(open.quote.settlement_id);
  by_expiry_.erase(std::pair(open.quote.expires, open.quote.quote_id));
  if (--quotes_of_.at(open.taker) == 0) quotes_of_.erase(open.taker);
  quotes_.erase(place);
}

}  // namespace causeway::bridge
