#include "fx-bridge/venues/quote_desk.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

constexpr std::size_t kNonceBytes = 16;
// With its prefix it must fit an instruction id, because it is that of a provider's leg.
constexpr std::size_t kQuoteIdRandomBytes = 16;

}  // namespace

std::optional<core::Rejection> CheckQuoteRequest(const QuoteRequest& request) {
  if (request.taker.IsEmpty()) return Refusal(core::Outcome::kMalformed, "taker: must be set");
  if (request.instruction_id.IsEmpty()) {
    return Refusal(core::Outcome::kMalformed, "instruction_id: must be set");
  }
  if (request.sell_currency == request.buy_currency) {
    return Refusal(core::Outcome::kMalformed, "buy_currency: must differ from sell_currency");
  }
  if (request.sell_amount.has_value() == request.buy_amount.has_value()) {
    return Refusal(core::Outcome::kMalformed,
                   "dealt: set exactly one of sell_minor_units and buy_minor_units");
  }
  const core::Amount dealt =
      request.sell_amount.has_value() ? *request.sell_amount : *request.buy_amount;
  if (!dealt.IsPositive()) {
    return Refusal(core::Outcome::kAmountNotPositive,
                   fmt::format("dealt: is {} minor units; must be more than zero", dealt.minor()));
  }
  if (request.sell_account.currency() != request.sell_currency) {
    return Refusal(
        core::Outcome::kWrongCurrency,
        fmt::format("sell_account: is in {}; must be in {}", request.sell_account.currency().code(),
                    request.sell_currency.code()));
  }
  if (request.buy_account.currency() != request.buy_currency) {
    return Refusal(core::Outcome::kWrongCurrency,
                   fmt::format("buy_account: is in {}; must be in {}",
                               request.buy_account.currency().code(), request.buy_currency.code()));
  }
  return std::nullopt;
}

const ProviderAccount* FindAccount(const Provider& provider, const core::Currency& currency) {
  for (const ProviderAccount& account : provider.accounts) {
    if (account.account.currency() == currency) return &account;
  }
  return nullptr;
}

std::string DrawQuoteId(const RandomSource& random) {
  return "Q-" + core::ToHex(random(kQuoteIdRandomBytes));
}

void MakeQuotedTerms(const core::Hash256& policy_hash, core::LedgerTime deadline,
                     const core::Uetr& uetr, const std::vector<QuotedLeg>& legs,
                     const RandomSource& random, Quote& quote) {
  core::Uetr common = uetr;
  if (common.IsNil()) {
    const std::string drawn = random(16);
    CW_CHECK(drawn.size() == 16, "a random source gives the bytes that it is asked for");
    std::array<std::uint8_t, 16> bytes{};
    std::copy(drawn.begin(), drawn.end(), bytes.begin());
    common = core::Uetr::FromRandomBytes(bytes);
  }
  core::TermsHeader terms;
  terms.policy_hash = policy_hash;
  terms.deadline = deadline;
  quote.legs.clear();
  for (const QuotedLeg& quoted : legs) {
    core::Leg leg;
    leg.salt = random(kNonceBytes);
    leg.ledger = quoted.ledger;
    leg.party = quoted.party;
    leg.id = quoted.id;
    leg.uetr = common;
    leg.debtor = quoted.debtor;
    leg.creditor = quoted.creditor;
    leg.amount = quoted.amount;
    quote.legs.push_back(codec::EncodeLeg(leg));
    const auto place =
        std::find_if(terms.ledgers.begin(), terms.ledgers.end(),
                     [&](const core::TermsLedger& each) { return each.ledger == quoted.ledger; });
    if (place == terms.ledgers.end()) {
      terms.ledgers.push_back({quoted.ledger, 1});
    } else {
      place->leg_count += 1;
    }
  }
  std::sort(terms.ledgers.begin(), terms.ledgers.end(),
            [](const auto& a, const auto& b) { return a.ledger < b.ledger; });
  terms.legs_root = core::LegsRoot(quote.legs);
  terms.nonce = random(kNonceBytes);
  terms.quote_id = quote.quote_id;
  quote.terms = codec::EncodeTerms(terms);
  quote.settlement_id = core::SettlementIdOf(quote.terms);
}

}  // namespace causeway::bridge
