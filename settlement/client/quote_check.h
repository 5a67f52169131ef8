// Before a bank signs: are the terms what was asked for and quoted, and nothing more? The bridge is
// not trusted here; only what stands in the signed bytes and in the legs below them counts.
// Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_QUOTE_CHECK_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_QUOTE_CHECK_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/client/bridge_client.h"
#include "settlement/core/settlement.h"

namespace causeway::client {

// Terms and legs, read together.
struct ReadTerms {
  core::TermsHeader terms;
  std::vector<core::Leg> legs;
};
// FailedPrecondition unless the legs have the root and the counts per ledger that the terms name;
// InvalidArgument for bytes that do not decode.
absl::StatusOr<ReadTerms> ReadTermsAndLegs(std::string_view terms,
                                           std::span<const std::string> legs);

// The terms of `quote`, when they carry out `asked` at the quoted figures:
//   the settlement id is that of the terms, the legs are those of the terms;
//   exactly one leg has the taker as its payer: from sell_account, the sell amount, with the
//   instruction id (and UETR, if one was given) of the request;
//   legs to buy_account bring exactly the buy amount;
//   the dealt amount is the one asked for, and the counter-amount follows from it at `rate` with
//   one rounding of at most one minor unit;
//   the quote has not expired at `now`, and the deadline is not past.
// Else FailedPrecondition with the first difference: do not sign.
absl::StatusOr<ReadTerms> CheckQuote(const QuoteRequest& asked, const Quote& quote,
                                     core::LedgerTime now);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_QUOTE_CHECK_H_
