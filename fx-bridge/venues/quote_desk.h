// Whoever turns requests into quotes: terms that are ready to sign and bind those who quoted until
// they expire. docs/protocols/quotes.md tells the rules.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_QUOTE_DESK_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_QUOTE_DESK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "fx-bridge/venues/posted_rate.h"
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
  // The most that it may owe of a currency over quotes that can still settle; a currency that is
  // not listed has no limit.
  std::vector<core::Money> limits = {};
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
  std::string venue = {};              // where to deal; empty: wherever it is best
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

class QuoteDesk {
 public:
  virtual ~QuoteDesk() = default;

  // A quote for an exact amount. Refuses: kNoRate when nobody quotes the pair or the amount,
  // kAmountNotPositive, kAmountOverflow, kWrongCurrency when an account's currency is not that of
  // its side, kMalformed when not exactly one amount is set, the currencies are equal, or taker or
  // instruction id is not set, kOverloaded.
  virtual std::variant<Quote, core::Rejection> RequestQuote(core::LedgerTime now,
                                                            const QuoteRequest& request,
                                                            const RandomSource& random) = 0;
  // The signatures of all others than the taker who pay under `terms` (exact bytes), which name
  // `quote_id`. Refuses: kUnknownQuote, kQuoteExpired, kTermsDifferFromQuote; kUnavailable when a
  // signer fails.
  virtual std::variant<std::vector<core::Signature>, core::Rejection> SignQuoted(
      core::LedgerTime now, std::string_view quote_id, std::string_view terms) = 0;

  // Pairs that can be quoted, sorted, each once.
  virtual std::vector<CurrencyPair> pairs() const = 0;
  // Everybody who may quote here.
  virtual const std::vector<Provider>& providers() const = 0;
};

// What is wrong with a request, whoever may answer it.
std::optional<core::Rejection> CheckQuoteRequest(const QuoteRequest& request);

// Terms of a quote: two legs or more, each of a transfer.
struct QuotedLeg {
  core::LedgerOrigin ledger;
  core::ParticipantId party;
  core::InstructionId id;
  core::AccountAddress debtor;
  core::AccountAddress creditor;
  core::Money amount;
};
// Sets terms, legs and settlement id of `quote`, whose quote_id is set. `uetr` nil: one is drawn.
void MakeQuotedTerms(const core::Hash256& policy_hash, core::LedgerTime deadline,
                     const core::Uetr& uetr, const std::vector<QuotedLeg>& legs,
                     const RandomSource& random, Quote& quote);
std::string DrawQuoteId(const RandomSource& random);

const ProviderAccount* FindAccount(const Provider& provider, const core::Currency& currency);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_QUOTE_DESK_H_
