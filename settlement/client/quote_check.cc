#include "settlement/client/quote_check.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <utility>

#include "settlement/codec/codec.h"

namespace causeway::client {
namespace {

std::string Text(const core::Money& money) {
  return fmt::format("{} {}", core::FormatAmount(money.amount, money.currency.minor_digits()),
                     money.currency.code());
}

absl::Status Differs(std::string_view what) {
  return absl::FailedPreconditionError(fmt::format("do not sign: {}", what));
}

absl::Status CheckFigures(const QuoteRequest& asked, const Quote& quote) {
  if (asked.sell.has_value() == asked.buy.has_value()) {
    return absl::InvalidArgumentError("the request: exactly one of sell and buy must be set");
  }
  if (quote.sell.currency != asked.sell_currency || quote.buy.currency != asked.buy_currency) {
    return Differs(fmt::format("the quote sells {} for {}, asked was {} for {}",
                               quote.sell.currency.code(), quote.buy.currency.code(),
                               asked.sell_currency.code(), asked.buy_currency.code()));
  }
  if (asked.sell.has_value() && quote.sell.amount != *asked.sell) {
    return Differs(fmt::format("the quote sells {}, asked was {}", Text(quote.sell),
                               Text({asked.sell_currency, *asked.sell})));
  }
  if (asked.buy.has_value() && quote.buy.amount != *asked.buy) {
    return Differs(fmt::format("the quote buys {}, asked was {}", Text(quote.buy),
                               Text({asked.buy_currency, *asked.buy})));
  }
  return absl::OkStatus();
}

// The counter-amount is the dealt one at the rate, whichever way the part below one minor unit was
// rounded.
absl::Status CheckRate(const QuoteRequest& asked, const Quote& quote) {
  const bool sells_base = quote.pair.base == asked.sell_currency;
  if (quote.pair != (sells_base ? CurrencyPair{asked.sell_currency, asked.buy_currency}
                                : CurrencyPair{asked.buy_currency, asked.sell_currency})) {
    return Differs(
        fmt::format("the quote is for {}/{}", quote.pair.base.code(), quote.pair.quote.code()));
  }
  const int base_digits = quote.pair.base.minor_digits();
  const int quote_digits = quote.pair.quote.minor_digits();
  const core::Amount dealt = asked.sell.has_value() ? quote.sell.amount : quote.buy.amount;
  const core::Amount counter = asked.sell.has_value() ? quote.buy.amount : quote.sell.amount;
  const bool dealt_is_base = sells_base == asked.sell.has_value();
  const auto convert = dealt_is_base ? core::ConvertBaseToQuote : core::ConvertQuoteToBase;
  const auto down = convert(dealt, quote.rate, base_digits, quote_digits, core::Rounding::kDown);
  const auto up = convert(dealt, quote.rate, base_digits, quote_digits, core::Rounding::kUp);
  if (!down.has_value() || !up.has_value() || counter < *down || counter > *up) {
    return Differs(fmt::format("{} for {} is not at the quoted rate {}", Text(quote.sell),
                               Text(quote.buy), quote.rate.ToString()));
  }
  return absl::OkStatus();
}

absl::Status CheckTakerLeg(const QuoteRequest& asked, const Quote& quote, const core::Leg& leg) {
  if (leg.debtor != asked.sell_account) {
    return Differs(fmt::format("the payer's leg debits {}, not {}", leg.debtor.text(),
                               asked.sell_account.text()));
  }
  if (leg.amount != quote.sell) {
    return Differs(
        fmt::format("the payer's leg is {}, quoted was {}", Text(leg.amount), Text(quote.sell)));
  }
  if (leg.id != asked.instruction_id) {
    return Differs(fmt::format("the payer's leg has instruction id {}, not {}", leg.id.text(),
                               asked.instruction_id.text()));
  }
  if (!asked.uetr.IsNil() && leg.uetr != asked.uetr) {
    return Differs("the payer's leg has another UETR than the request");
  }
  return absl::OkStatus();
}

absl::Status CheckLegs(const QuoteRequest& asked, const Quote& quote,
                       const std::vector<core::Leg>& legs) {
  int paying = 0;
  core::Amount received;
  for (const core::Leg& leg : legs) {
    if (leg.party == asked.taker) {
      ++paying;
      if (absl::Status status = CheckTakerLeg(asked, quote, leg); !status.ok()) return status;
      continue;
    }
    if (leg.debtor == asked.sell_account) {
      return Differs(
          fmt::format("{} is to pay from the account {}", leg.party.text(), leg.debtor.text()));
    }
    if (leg.creditor != asked.buy_account) continue;
    const auto sum = core::CheckedAdd(received, leg.amount.amount);
    if (leg.amount.currency != asked.buy_currency || !leg.amount.amount.IsPositive() ||
        !sum.has_value()) {
      return Differs(fmt::format("a leg brings {} to {}", Text(leg.amount), leg.creditor.text()));
    }
    received = *sum;
  }
  if (paying != 1) {
    return Differs(
        fmt::format("{} legs have {} as payer; one was asked for", paying, asked.taker.text()));
  }
  if (received != quote.buy.amount) {
    return Differs(fmt::format("the legs bring {} to {}, quoted was {}",
                               Text({asked.buy_currency, received}), asked.buy_account.text(),
                               Text(quote.buy)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReadTerms> ReadTermsAndLegs(std::string_view terms,
                                           std::span<const std::string> legs) {
  ReadTerms read;
  absl::StatusOr<core::TermsHeader> header = codec::DecodeTerms(terms);
  if (!header.ok()) return header.status();
  read.terms = *std::move(header);
  std::map<core::LedgerOrigin, std::uint32_t> counts;
  for (const std::string& bytes : legs) {
    absl::StatusOr<core::Leg> leg = codec::DecodeLeg(bytes);
    if (!leg.ok()) return leg.status();
    ++counts[leg->ledger];
    read.legs.push_back(*std::move(leg));
  }
  if (core::LegsRoot(legs) != read.terms.legs_root) {
    return Differs("the legs shown are not those that the terms bind");
  }
  for (const core::TermsLedger& ledger : read.terms.ledgers) {
    const auto found = counts.find(ledger.ledger);
    if (found == counts.end() || found->second != ledger.leg_count) {
      return Differs(fmt::format("the terms count {} legs on {}, shown are {}", ledger.leg_count,
                                 ledger.ledger.text(), found == counts.end() ? 0 : found->second));
    }
  }
  if (counts.size() != read.terms.ledgers.size()) {
    return Differs("a leg is on a ledger that the terms do not name");
  }
  return read;
}

absl::StatusOr<ReadTerms> CheckQuote(const QuoteRequest& asked, const Quote& quote,
                                     core::LedgerTime now) {
  if (absl::Status status = CheckFigures(asked, quote); !status.ok()) return status;
  if (absl::Status status = CheckRate(asked, quote); !status.ok()) return status;
  absl::StatusOr<ReadTerms> read = ReadTermsAndLegs(quote.terms, quote.legs);
  if (!read.ok()) return read.status();
  if (read->terms.settlement_id != quote.settlement_id) {
    return Differs("the settlement id is not that of the terms");
  }
  if (read->terms.quote_id != quote.quote_id) {
    return Differs("the terms name another quote");
  }
  if (quote.expires <= now) {
    return Differs(fmt::format("the quote expired at {}", quote.expires.ToString()));
  }
  if (read->terms.deadline <= now) {
    return Differs(fmt::format("the terms' deadline {} is past", read->terms.deadline.ToString()));
  }
  if (absl::Status status = CheckLegs(asked, quote, read->legs); !status.ok()) return status;
  return read;
}

}  // namespace causeway::client
