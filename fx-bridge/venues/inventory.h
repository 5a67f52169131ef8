// What those who quote have to pay with. Set aside for an offer, it cannot be promised twice; it
// goes when the offer settles, and comes back when it does not. Money that is received can be paid
// on once it has settled.
//
// Pure. Thread-compatible.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_INVENTORY_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_INVENTORY_H_

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

struct Stock {
  core::Amount available;
  core::Amount reserved;
};

class Inventory {
 public:
  // What `owner` has of a currency. Until it is set, nothing limits or counts it.
  void Set(const core::ParticipantId& owner, const core::Currency& currency, core::Amount amount);
  // Nothing where it was not set.
  std::optional<Stock> Find(const core::ParticipantId& owner, const core::Currency& currency) const;

  bool CanPay(const core::ParticipantId& owner, const core::Money& money) const;
  // All payers of `transfers` can pay; else it stops the process: ask first.
  void Reserve(const std::vector<Transfer>& transfers);
  // Of what was reserved before.
  void Settle(const std::vector<Transfer>& transfers);
  void Release(const std::vector<Transfer>& transfers);
  // Money from somebody who was not asked to set it aside. Saturates at the largest amount.
  void Receive(const core::ParticipantId& owner, const core::Money& money);

 private:
  using Key = std::pair<core::ParticipantId, core::Currency>;
  Stock* Of(const core::ParticipantId& owner, const core::Currency& currency);

  absl::btree_map<Key, Stock> stocks_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_INVENTORY_H_
