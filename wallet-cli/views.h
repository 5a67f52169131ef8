// Values of the client library as JSON. The field names are part of the program's interface: they
// follow proto/causeway/v1, identifiers and hashes are text, money has the shape of MoneyJson
// (values.h).
#ifndef CAUSEWAY_WALLET_CLI_VIEWS_H_
#define CAUSEWAY_WALLET_CLI_VIEWS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "settlement/client/bridge_client.h"
#include "settlement/client/receipt.h"
#include "settlement/client/views.h"
#include "settlement/client/witness_client.h"
#include "settlement/core/command.h"
#include "wallet-cli/render.h"

namespace causeway::wallet {

Json InfoJson(const client::LedgerInfo& info);
// `currency`: that of its ledger, for figures of a rejection.
Json InstructionJson(const client::InstructionView& view, core::Currency currency = {});
Json AccountJson(const client::AccountView& account);
Json StatementJson(const client::Statement& statement);
Json EntryJson(const client::EntryView& entry, core::Currency currency = {});
// The same on one line of a table: what it moved instead of its postings.
Json EntrySummaryJson(const client::EntryView& entry, core::Currency currency = {});
// {"from", "to", "amount"} of what the postings of an entry moved; null where they did not.
Json MovedJson(const std::vector<core::Posting>& postings);
Json QuoteJson(const client::Quote& quote);
Json SettlementJson(const client::SettlementView& view);
// One that is not complete, on one line of a table: age, deadline and what it waits for; `now` is
// the bridge's clock. With `details` also each ledger by itself.
Json OpenSettlementJson(const client::SettlementView& view, core::LedgerTime now, bool details);
// One that holds money on a ledger, by that ledger's clock.
Json OpenHoldJson(const client::LedgerSettlementView& view, core::LedgerTime now);
// A witness as the bridge sees it, whose log has `log_size` records.
Json BridgeWitnessJson(const client::BridgeWitness& witness, std::uint64_t log_size);
// A witness as it shows itself. With `details` its evidence as a whole. `log_size`: of the bridge's
// log, if that was asked.
Json WitnessJson(const client::WitnessState& state, std::optional<std::uint64_t> log_size,
                 bool details);
Json ReceiptJson(const client::VerifiedReceipt& receipt);
// What a command says: shown before it is signed a second time, and by `show`.
Json CommandJson(const core::Command& command);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_VIEWS_H_
