// Board rates: FX providers post a bid and an ask per currency pair, and whoever asks gets the best
// of them as terms ready to sign. A quote binds its provider until it expires: the venue
// countersigns exactly the terms that it quoted, and nothing else. docs/protocols/quotes.md tells
// the rules.
//
// Pure: time and random bytes are given. Quotes live in memory only; after a restart they are
// unknown, and the taker asks again. Thread-compatible.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_BOARD_VENUE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_BOARD_VENUE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fx-bridge/venues/quote_desk.h"

namespace causeway::bridge {

class BoardVenue : public QuoteDesk {
 public:
  struct Options {
    // SHA-256 of the SettlementPolicy that quoted terms name.
    core::Hash256 policy_hash;
    // The deadline in the terms is this long after the quote's expiry: time to prepare in.
    core::Duration settlement_window = core::Duration::FromSeconds(60);
    // Quotes kept at once: unexpired ones, and expired ones for as long as settlement_window. A
    // taker gets another while it has fewer than are still free: quotes oblige it to nothing.
    std::size_t quotes_max = 100'000;
  };

  // InvalidArgument names the provider and the field: a rate whose ask is below its bid, a pair
  // without an account for one of its currencies, two accounts of one currency, no signer, a
  // validity that is not positive, two rates for one pair, tiers that do not rise, a limit that is
  // not positive.
  static absl::StatusOr<std::unique_ptr<BoardVenue>> Create(const Options& options,
                                                            std::vector<Provider> providers);

  // The best rate for the taker among providers within their limits; the first provider of the
  // configuration among equals. A provider owes one taker no more than it then still may owe
  // others, so one of n takers that ask for all they can get leaves 1 / (1 + n) of a limit. The
  // other side of the dealt amount is rounded once, against the taker.
  std::variant<Quote, core::Rejection> RequestQuote(core::LedgerTime now,
                                                    const QuoteRequest& request,
                                                    const RandomSource& random) override;

  // The provider's signature under `terms` (exact bytes), which name `quote_id`. Refuses:
  // kUnknownQuote, kQuoteExpired, kTermsDifferFromQuote; kUnavailable when the signer fails.
  std::variant<core::Signature, core::Rejection> Countersign(core::LedgerTime now,
                                                             std::string_view quote_id,
                                                             std::string_view terms);

  std::variant<std::vector<core::Signature>, core::Rejection> SignQuoted(
      core::LedgerTime now, std::string_view quote_id, std::string_view terms) override;

  std::vector<CurrencyPair> pairs() const override;
  const std::vector<Provider>& providers() const override { return providers_; }
  // Replaces a provider's rates, checked as in Create. Quotes given before stand.
  absl::Status SetRates(const core::ParticipantId& provider, std::vector<BoardRate> rates);

 private:
  struct Open {
    std::string terms;
    core::ParticipantId taker;
    core::LedgerTime expires;
    std::size_t provider = 0;
    core::Money owed;  // by the provider
  };
  struct Priced;

  BoardVenue(const Options& options, std::vector<Provider> providers);
  static absl::Status CheckProvider(const Provider& provider);
  std::variant<Priced, core::Rejection> BestPrice(core::LedgerTime now,
                                                  const QuoteRequest& request) const;
  Quote MakeQuote(core::LedgerTime now, const QuoteRequest& request, const Priced& priced,
                  const RandomSource& random) const;
  void ForgetExpired(core::LedgerTime now);
  bool WithinLimits(std::size_t provider, const core::ParticipantId& taker,
                    const core::Money& owed) const;

  Options options_;
  std::vector<Provider> providers_;
  absl::btree_map<std::string, Open> quotes_;
  // Quotes in the order in which they are forgotten.
  absl::btree_map<std::pair<core::LedgerTime, std::string>, bool> by_expiry_;
  // What providers owe over the quotes kept, by place and currency. Counted where there is a limit.
  absl::btree_map<std::pair<std::size_t, core::Currency>, core::Amount> owed_;
  // Of that what each taker is owed, and how many of the quotes are its own.
  absl::btree_map<std::tuple<core::ParticipantId, std::size_t, core::Currency>, core::Amount>
      owed_to_;
  absl::btree_map<core::ParticipantId, std::size_t> quotes_of_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_BOARD_VENUE_H_
