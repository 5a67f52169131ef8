// Values of the settlement queue as JSON, as views.h.
#ifndef CAUSEWAY_WALLET_CLI_QUEUE_VIEWS_H_
#define CAUSEWAY_WALLET_CLI_QUEUE_VIEWS_H_

#include <vector>

#include "settlement/client/queue_client.h"
#include "wallet-cli/render.h"

namespace causeway::wallet {

// `now` is the clock that its age is counted by.
Json QueuedTradeJson(const client::QueuedTradeView& view, core::LedgerTime now);
// In what a trade that awaits its counterparty differs from one that this counterparty has entered
// under the same reference, among `trades`: both wait for ever. Null: there is none.
Json DiffersJson(const client::QueuedTradeView& view,
                 const std::vector<client::QueuedTradeView>& trades);
Json QueueRunJson(const client::QueueRunView& run);
Json QueueInfoJson(const client::QueueInfo& info);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_QUEUE_VIEWS_H_
