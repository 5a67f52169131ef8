// Quotes over any number of venues: the best way to trade, directly or over vehicle currencies, as
// terms with one leg for each transfer. What the quote needs is reserved at every venue until the
// quote expires; the venues take their last look when the terms come back signed; and they learn
// how the settlement ended.
//
// Pure. Quotes live in memory only. Thread-compatible.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_MARKET_DESK_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_MARKET_DESK_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "fx-bridge/venues/path.h"
#include "fx-bridge/venues/quote_desk.h"
#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

class MarketDesk : public QuoteDesk {
 public:
  struct Options {
    core::Hash256 policy_hash;
    core::Duration settlement_window = core::Duration::FromSeconds(60);
    // Of them a taker gets another while it has fewer than are still free.
    std::size_t quotes_max = 100'000;
  };
  struct NamedVenue {
    std::string name;  // unique
    std::unique_ptr<Venue> venue;
  };

  // `parties` are all who may be paid or pay at the venues, with their signers and accounts (their
  // rates are not used). InvalidArgument: two of a name, two accounts of one currency, no signer.
  static absl::StatusOr<std::unique_ptr<MarketDesk>> Create(const Options& options,
                                                            std::vector<Provider> parties,
                                                            std::vector<NamedVenue> venues);

  // With request.venue: at that venue alone, and directly. Otherwise the best path over all. Of the
  // quote, provider is the first counterparty, pair is what is sold and bought, and the rates are
  // left at 1: its amounts say what the deal is.
  std::variant<Quote, core::Rejection> RequestQuote(core::LedgerTime now,
                                                    const QuoteRequest& request,
                                                    const RandomSource& random) override;
  // A refusal by one venue releases the quote at all.
  std::variant<std::vector<core::Signature>, core::Rejection> SignQuoted(
      core::LedgerTime now, std::string_view quote_id, std::string_view terms) override;
  std::vector<CurrencyPair> pairs() const override;
  const std::vector<Provider>& providers() const override { return parties_; }

  // How the settlement of a quote was decided. Of no effect for one that is not known here.
  void OnDecided(core::LedgerTime now, const core::Hash256& settlement_id, bool settled);
  // Settlements that were signed for and whose end nobody told, oldest quote first.
  std::vector<core::Hash256> Undecided() const;

  // Whether the deadline of that settlement's terms is past; true for one that is not known here.
  bool IsPastDeadline(core::LedgerTime now, const core::Hash256& settlement_id) const;

  // Null when there is no such venue.
  const Venue* venue(std::string_view name) const;
  std::size_t open_quotes() const { return quotes_.size(); }

 private:
  struct Open {
    Quote quote;
    core::ParticipantId taker;
    std::vector<std::pair<std::size_t, OfferId>> offers;  // venue, offer
    std::vector<std::size_t> signers;                     // places in parties_
    bool signed_for = false;
  };
  using Quotes = absl::btree_map<std::string, Open>;

  MarketDesk(const Options& options, std::vector<Provider> parties, std::vector<NamedVenue> venues)
      : options_(options), parties_(std::move(parties)), venues_(std::move(venues)) {}
  std::vector<Path> Ways(core::LedgerTime now, const QuoteRequest& request) const;
  // Reserves every hop at the amounts of the path; false, and nothing is reserved, when one does
  // not stand any more.
  bool ReservePath(core::LedgerTime now, const QuoteRequest& request, Path& path);
  // The legs of a path, and who signs for them beside the taker. Refuses kNoRate when somebody has
  // no account, or too many would have to sign.
  std::variant<std::vector<QuotedLeg>, core::Rejection> MakeLegs(const QuoteRequest& request,
                                                                 const Path& path,
                                                                 const RandomSource& random,
                                                                 Open& open) const;
  std::optional<std::size_t> PartyOf(const core::ParticipantId& id) const;
  void ReleaseAll(core::LedgerTime now, const Open& open);
  void Forget(Quotes::iterator place);
  void Expire(core::LedgerTime now);

  Options options_;
  std::vector<Provider> parties_;
  std::vector<NamedVenue> venues_;
  Quotes quotes_;
  absl::btree_map<core::ParticipantId, std::size_t> quotes_of_;  // of each taker
  absl::btree_map<core::Hash256, std::string> by_settlement_;
  absl::btree_map<std::pair<core::LedgerTime, std::string>, bool> by_expiry_;  // not signed for
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_MARKET_DESK_H_
