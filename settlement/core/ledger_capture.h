// A snapshot of a ledger's state while the ledger goes on: what a batch is about to change is
// copied first, unless the snapshot has passed it already, and the copy goes when the snapshot
// comes to it. Internal to the ledger's own files.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_CAPTURE_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_CAPTURE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "settlement/core/account_copies.h"
#include "settlement/core/ledger.h"

namespace causeway::core {

struct LedgerCapture {
  // The state is that before this leaf.
  std::uint64_t next_index = 0;
  std::deque<std::string> first;  // parts that are made at once, until they are given

  std::size_t accounts = 0;
  std::size_t accounts_done = 0;
  std::optional<Hash256> last_settlement;
  bool settlements_done = false;
  bool end_done = false;

  AccountCopies* accounts_kept = nullptr;  // the state's
  // As they were. No more than were prepared when the snapshot began, each of which the state has
  // given up or changed since.
  std::map<Hash256, SettlementState> old_settlements;

  // Before each of these may change. What was posted to since the snapshot began is kept already.
  void BeforeChange(const AccountState& account) {
    if (account.number < accounts_done || account.number >= accounts) return;
    if (account.last_leaf >= next_index) return;
    accounts_kept->Keep(account);
  }
  void BeforeChange(const SettlementState& settlement) {
    if (settlements_done || settlement.entry_index >= next_index) return;
    if (last_settlement.has_value() && settlement.settlement_id <= *last_settlement) return;
    old_settlements.try_emplace(settlement.settlement_id, settlement);
  }
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_CAPTURE_H_
