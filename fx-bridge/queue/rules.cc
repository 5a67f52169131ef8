#include "fx-bridge/queue/rules.h"

namespace causeway::fx_queue {

std::string_view SettlementSelectionName(SettlementSelection selection) {
  switch (selection) {
    case SettlementSelection::kNone:
      return "none";
    case SettlementSelection::kLargest:
      return "largest";
    case SettlementSelection::kGreedy:
      return "greedy";
    case SettlementSelection::kExact:
      return "exact";
  }
  return "unknown";
}

std::optional<SettlementSelection> SettlementSelectionFromNumber(std::uint8_t number) {
  if (number < static_cast<std::uint8_t>(SettlementSelection::kNone) ||
      number > static_cast<std::uint8_t>(SettlementSelection::kExact)) {
    return std::nullopt;
  }
  return static_cast<SettlementSelection>(number);
}

}  // namespace causeway::fx_queue
