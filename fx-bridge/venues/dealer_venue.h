// Request for quote: dealers answer a request, each at its posted rates and within its inventory,
// and the best answer for the taker is the offer. Dealers may reserve themselves a last look. With
// none that does, it is a board of firm rates.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_DEALER_VENUE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_DEALER_VENUE_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fx-bridge/venues/inventory.h"
#include "fx-bridge/venues/posted_rate.h"
#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

struct Dealer {
  core::ParticipantId participant;
  std::vector<BoardRate> rates;
  core::Duration validity = core::Duration::FromSeconds(30);
  // A last look: when the taker accepts, the dealer compares the amount that it quoted with the one
  // that it would quote now, and refuses if they differ by more than so many millionths of the
  // quoted one, in whichever direction. Nothing: its quotes are firm.
  std::optional<std::uint32_t> last_look_ppm;
};

class DealerVenue : public Venue {
 public:
  // Inventories of the dealers; shared with other venues on which they deal. InvalidArgument names
  // the dealer and what is wrong.
  static absl::StatusOr<std::unique_ptr<DealerVenue>> Create(std::vector<Dealer> dealers,
                                                             std::shared_ptr<Inventory> inventory);

  std::vector<CurrencyPair> pairs() const override;

  // Every dealer's answer to a request, best first; ties: firm before last look, then in the order
  // of the configuration. Empty when nobody answers.
  struct Answer {
    std::size_t dealer = 0;
    core::Money sell;
    core::Money buy;
    core::Rate rate;
  };
  std::vector<Answer> Answers(core::LedgerTime now, const TradeRequest& request) const;

  const std::vector<Dealer>& dealers() const { return dealers_; }
  // Replaces a dealer's rates, checked as in Create. Offers stand, but for a last look.
  absl::Status SetRates(const core::ParticipantId& dealer, std::vector<BoardRate> rates);

 protected:
  std::variant<Offer, core::Rejection> DoPrice(core::LedgerTime now,
                                               const TradeRequest& request) const override;
  void DoReserve(const TradeRequest& request, const Offer& offer) override;
  void DoSettle(core::LedgerTime now, const Offer& offer) override;
  void DoRelease(const Offer& offer) override;
  std::optional<core::Rejection> LastLook(core::LedgerTime now, const Offer& offer) const override;

 private:
  DealerVenue(std::vector<Dealer> dealers, std::shared_ptr<Inventory> inventory)
      : dealers_(std::move(dealers)), inventory_(std::move(inventory)) {}
  // What only the dealer pays: the taker's money is not the venue's to set aside.
  static std::vector<Transfer> Own(const Offer& offer);

  std::vector<Dealer> dealers_;
  std::shared_ptr<Inventory> inventory_;
  absl::btree_map<OfferId, TradeRequest> requests_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_DEALER_VENUE_H_
