// A snapshot of a ledger's state while the ledger goes on: what a batch is about to change is
// copied first, unless the snapshot has passed it already. Internal to the ledger's own files.
#ifndef CAUSEWAY_SETTLEMENT_CORE_LEDGER_CAPTURE_H_
#define CAUSEWAY_SETTLEMENT_CORE_LEDGER_CAPTURE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/chunked_vector.h"
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

  // As they were.
  // A batch waits while one is kept: no table here is ever made larger by copying it.
  ChunkedVector<AccountState> old_accounts;
  std::vector<std::uint32_t> old_place;  // of each account: one more than in old_accounts; 0: none
  std::map<Hash256, SettlementState> old_settlements;

  // Before each of these may change. What was posted to since the capture began is kept already;
  // other changes of an account leave no such mark, so that it may be given more than once: the
  // first counts.
  void BeforeChange(const AccountState& account) {
    if (account.number < accounts_done || account.number >= accounts) return;
    if (account.last_leaf >= next_index || old_place[account.number] != 0) return;
    old_accounts.push_back(account);
    old_place[account.number] = static_cast<std::uint32_t>(old_accounts.size());
  }
  void BeforeChange(const SettlementState& settlement) {
    if (settlements_done || settlement.entry_index >= next_index) return;
    if (last_settlement.has_value() && settlement.settlement_id <= *last_settlement) return;
    old_settlements.try_emplace(settlement.settlement_id, settlement);
  }
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_LEDGER_CAPTURE_H_
