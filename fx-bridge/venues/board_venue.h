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
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fx-bridge/venues/venue.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/rate.h"
#include "settlement/core/settlement.h"
#include "settlement/core/suite.h"

namespace causeway::bridge {

// `size` random bytes: from the operating system in live programs, from a seeded stream in the
// simulator.
using RandomSource = std::function<std::string(std::size_t size)>;

// What a provider posts on the board.
struct BoardRate {
  CurrencyPair pair;
  core::Rate bid;  // the provider buys base at this
  core::Rate ask;  // and sells it at this; ask >= bid
  // The largest base amount of one quote, in minor units; zero: no limit.
  core::Amount base_amount_max;
};

struct ProviderAccount {
  core::LedgerOrigin ledger;
  core::AccountAddress account;  // its currency is the ledger's
};

struct Provider {
  core::ParticipantId participant;
  std::shared_ptr<const core::Signer> signer;
  std::vector<ProviderAccount> accounts;  // one per currency
  std::vector<BoardRate> rates;
  core::Duration validity = core::Duration::FromSeconds(30);
};

struct QuoteRequest {
  core::ParticipantId taker;
  core::Currency sell_currency;
  core::Currency buy_currency;
  // Exactly one is set: the dealt amount, which stays exact.
  std::optional<core::Amount> sell_amount;
  std::optional<core::Amount> buy_amount;
  core::AccountAddress sell_account;
  core::AccountAddress buy_account;
  core::InstructionId instruction_id;  // for the taker's leg
  core::Uetr uetr;                     // nil: one is drawn
};

struct Quote {
  std::string quote_id;
  core::ParticipantId provider;
  CurrencyPair pair;
  core::Rate bid;
  core::Rate ask;
  core::Rate rate;  // the one that applies to the taker
  core::Money sell;
  core::Money buy;
  core::LedgerTime expires;
  std::string terms;              // exact TermsHeader bytes
  std::vector<std::string> legs;  // exact bytes: 0 the taker pays, 1 the provider pays
  core::Hash256 settlement_id;
};

class BoardVenue {
 public:
  struct Options {
    // SHA-256 of the SettlementPolicy that quoted terms name.
    core::Hash256 policy_hash;
    // The deadline in the terms is this long after the quote's expiry: time to prepare in.
    core::Duration settlement_window = core::Duration::FromSeconds(60);
    // Quotes kept at once: unexpired ones, and expired ones for as long as settlement_window.
    std::size_t quotes_max = 100'000;
  };

  // InvalidArgument names the provider and the field: a rate whose ask is below its bid, a pair
  // without an account for one of its currencies, two accounts of one currency, no signer, a
  // validity that is not positive, two rates for one pair.
  static absl::StatusOr<std::unique_ptr<BoardVenue>> Create(const Options& options,
                                                            std::vector<Provider> providers);

  // The best rate for the taker; the first provider of the configuration among equals. The other
  // side of the dealt amount is rounded once, against the taker. Refuses: kNoRate when nobody
  // quotes the pair or the amount, kAmountNotPositive, kAmountOverflow, kWrongCurrency when an
  // account's currency is not that of its side, kMalformed when not exactly one amount is set,
  // the currencies are equal, or taker or instruction id is not set, kOverloaded.
  std::variant<Quote, core::Rejection> RequestQuote(core::LedgerTime now,
                                                    const QuoteRequest& request,
                                                    const RandomSource& random);

  // The provider's signature under `terms` (exact bytes), which name `quote_id`. Refuses:
  // kUnknownQuote, kQuoteExpired, kTermsDifferFromQuote; kUnavailable when the signer fails.
  std::variant<core::Signature, core::Rejection> Countersign(core::LedgerTime now,
                                                             std::string_view quote_id,
                                                             std::string_view terms);

  // Pairs that can be quoted, sorted, each once.
  std::vector<CurrencyPair> pairs() const;
  const std::vector<Provider>& providers() const { return providers_; }
  // Replaces a provider's rates, checked as in Create. Quotes given before stand.
  absl::Status SetRates(const core::ParticipantId& provider, std::vector<BoardRate> rates);

 private:
  struct Open {
    std::string terms;
    core::LedgerTime expires;
    std::size_t provider = 0;
  };
  struct Priced;

  BoardVenue(const Options& options, std::vector<Provider> providers);
  static absl::Status CheckProvider(const Provider& provider);
  std::variant<Priced, core::Rejection> BestPrice(const QuoteRequest& request) const;
  Quote MakeQuote(core::LedgerTime now, const QuoteRequest& request, const Priced& priced,
                  const RandomSource& random) const;
  void ForgetExpired(core::LedgerTime now);

  Options options_;
  std::vector<Provider> providers_;
  absl::btree_map<std::string, Open> quotes_;
  // Quotes in the order in which they are forgotten.
  absl::btree_map<std::pair<core::LedgerTime, std::string>, bool> by_expiry_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_BOARD_VENUE_H_
