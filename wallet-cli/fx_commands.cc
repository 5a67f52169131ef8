// Currency against currency, payment versus payment, over the bridge.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <ostream>
#include <utility>

#include "settlement/client/commands.h"
#include "settlement/client/errors.h"
#include "settlement/client/quote_check.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

struct SwapFlags {
  std::string from;
  std::string to;
  std::vector<std::string> sell;
  std::vector<std::string> buy;
  std::string id;
  std::string uetr;
  bool yes = false;
};

core::LedgerTime WallClock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return core::LedgerTime::FromMicros(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

absl::StatusOr<client::QuoteRequest> MakeRequest(const Context& context, const SwapFlags& flags) {
  client::QuoteRequest request;
  const absl::StatusOr<core::ParticipantId> taker = context.Participant();
  if (!taker.ok()) return taker.status();
  const absl::StatusOr<core::AccountAddress> from = ParseAddress("--from", flags.from);
  if (!from.ok()) return from.status();
  const absl::StatusOr<core::AccountAddress> to = ParseAddress("--to", flags.to);
  if (!to.ok()) return to.status();
  if (flags.sell.empty() == flags.buy.empty()) {
    return Usage("give exactly one of --sell and --buy: the other amount follows from the rate");
  }
  const absl::StatusOr<core::Money> dealt = flags.buy.empty()
                                                ? ParseMoney("--sell", flags.sell, from->currency())
                                                : ParseMoney("--buy", flags.buy, to->currency());
  if (!dealt.ok()) return dealt.status();
  const absl::StatusOr<core::InstructionId> id =
      flags.id.empty() ? client::NewInstructionId("SWAP") : core::InstructionId::Parse(flags.id);
  if (!id.ok()) return Annotate("--id", id.status());
  const absl::StatusOr<core::Uetr> uetr =
      flags.uetr.empty() ? client::NewUetr() : core::Uetr::Parse(flags.uetr);
  if (!uetr.ok()) return Annotate("--uetr", uetr.status());
  request.taker = *taker;
  request.sell_currency = from->currency();
  request.buy_currency = to->currency();
  (flags.buy.empty() ? request.sell : request.buy) = dealt->amount;
  request.sell_account = *from;
  request.buy_account = *to;
  request.instruction_id = *id;
  request.uetr = *uetr;
  return request;
}

// A quote whose terms are what was asked for, and what they say.
struct CheckedQuote {
  client::Quote quote;
  client::ReadTerms read;
};
absl::StatusOr<CheckedQuote> AskForQuote(const client::BridgeClient& bridge,
                                         const client::QuoteRequest& request) {
  absl::StatusOr<client::Quote> quote = bridge.RequestQuote(request);
  if (!quote.ok()) return quote.status();
  absl::StatusOr<client::ReadTerms> read = client::CheckQuote(request, *quote, WallClock());
  if (!read.ok()) return Annotate("the bridge's quote is not what was asked for", read.status());
  return CheckedQuote{*std::move(quote), *std::move(read)};
}

absl::StatusOr<Json> Quote(Context& context, const SwapFlags& flags) {
  const absl::StatusOr<client::QuoteRequest> request = MakeRequest(context, flags);
  if (!request.ok()) return request.status();
  const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
  if (!bridge.ok()) return bridge.status();
  const absl::StatusOr<CheckedQuote> checked = AskForQuote(*bridge, *request);
  if (!checked.ok()) return checked.status();
  return QuoteJson(checked->quote);
}

// Where the payer's own ledger can be asked, the terms must be for it and under a policy that its
// central bank made known: the ledger would refuse them otherwise, after the signature was given.
absl::Status CheckWithLedger(const Context& context, const client::QuoteRequest& request,
                             const client::ReadTerms& read) {
  if (context.options.ledger.empty()) return absl::OkStatus();
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const client::LedgerInfo& info = ledger->info;
  if (info.genesis.currency != request.sell_currency) return absl::OkStatus();
  for (const core::Leg& leg : read.legs) {
    if (leg.party == request.taker && leg.ledger != info.genesis.ledger) {
      return absl::FailedPreconditionError(
          fmt::format("do not sign: the payer's leg is on {}, your ledger is {}", leg.ledger.text(),
                      info.genesis.ledger.text()));
    }
  }
  for (const core::Hash256& policy : info.settlement_policies) {
    if (policy == read.terms.policy_hash) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      fmt::format("do not sign: the settlement policy {} of the terms is not in force on {}",
                  read.terms.policy_hash.ToHex(), info.genesis.ledger.text()));
}

absl::StatusOr<Json> Outcome(const client::QuoteRequest& request, const client::Quote& quote,
                             const client::SettlementView& view) {
  Json json = {{"instruction_id", request.instruction_id.ToString()},
               {"uetr", request.uetr.ToString()},
               {"sell", MoneyJson(quote.sell)},
               {"buy", MoneyJson(quote.buy)},
               {"rate", quote.rate.ToString()},
               {"provider", quote.provider.ToString()}};
  json.update(SettlementJson(view));
  if (view.state != client::SettlementState::kAborted) return json;
  core::Rejection rejection = view.rejection;
  if (rejection.outcome == core::Outcome::kAccepted) {
    rejection.outcome = core::Outcome::kSettlementAborted;
  }
  // The number of a leg says nothing to whoever did not see the terms.
  if (rejection.rule.starts_with("leg ")) {
    const std::string own = request.sell_account.ToString();
    rejection.rule =
        rejection.rule.ends_with(own) ? "your leg: " + own : "the provider's " + rejection.rule;
  }
  rejection = InMoney(std::move(rejection));
  return WithDetails(Annotate("the swap was aborted on all ledgers, nothing was paid",
                              client::StatusFor(rejection)),
                     json);
}

absl::StatusOr<Json> Swap(Context& context, const SwapFlags& flags) {
  const absl::StatusOr<client::QuoteRequest> request = MakeRequest(context, flags);
  if (!request.ok()) return request.status();
  // Keys first: a passphrase must not be typed against a quote that runs out.
  const auto signers = context.LoadSigners();
  if (!signers.ok()) return signers.status();
  const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
  if (!bridge.ok()) return bridge.status();
  const absl::StatusOr<CheckedQuote> checked = AskForQuote(*bridge, *request);
  if (!checked.ok()) return checked.status();
  const client::Quote& quote = checked->quote;
  if (absl::Status agreed = CheckWithLedger(context, *request, checked->read); !agreed.ok()) {
    return agreed;
  }
  if (!flags.yes) {
    context.err << RenderText(QuoteJson(quote));
    if (!context.Confirm("Sign and settle these terms?")) {
      return absl::FailedPreconditionError("not confirmed; nothing was signed");
    }
    if (quote.expires <= WallClock()) {
      return absl::FailedPreconditionError(
          "the quote expired before it was confirmed; nothing was signed");
    }
  }
  const absl::StatusOr<core::Envelope> envelope = client::SignTerms(quote.terms, Borrow(*signers));
  if (!envelope.ok()) return envelope.status();
  client::RetryOptions retry;
  retry.deadline = context.Timeout();
  const absl::StatusOr<client::SettlementView> view =
      bridge->SettleUntilKnown(*envelope, quote.legs, retry);
  if (view.ok()) return Outcome(*request, quote, *view);
  const absl::Status failed = WithDetails(
      Annotate(fmt::format("settlement {}", quote.settlement_id.ToHex()), view.status()),
      {{"settlement_id", quote.settlement_id.ToHex()}});
  if (!client::OutcomeUnknown(view.status())) return failed;
  return Unknown(failed, fmt::format("ask `status --settlement {}`", quote.settlement_id.ToHex()));
}

void AddSwapFlags(CLI::App& command, SwapFlags& flags) {
  command.add_option("--from", flags.from, "Account of yours that pays the sold currency")
      ->required();
  command.add_option("--to", flags.to, "Account that receives the bought currency")->required();
  command.add_option("--sell", flags.sell, "Amount to sell exactly, such as 1000.00 HKD")
      ->expected(1, 2);
  command.add_option("--buy", flags.buy, "Amount to buy exactly, such as 100.00 AED")
      ->expected(1, 2);
  command.add_option("--id", flags.id, "Instruction id of your leg; a new one if left out");
  command.add_option("--uetr", flags.uetr, "End-to-end reference; a new one if left out");
}

}  // namespace

void AddFxCommands(CLI::App& app, Context& context) {
  auto quote_flags = std::make_shared<SwapFlags>();
  CLI::App* quote = app.add_subcommand("quote", "Ask for a price; binds nobody but the provider");
  AddSwapFlags(*quote, *quote_flags);
  quote->callback([&context, quote_flags] {
    context.command = [&context, quote_flags] { return Quote(context, *quote_flags); };
  });

  auto swap_flags = std::make_shared<SwapFlags>();
  CLI::App* swap = app.add_subcommand("swap", "Quote, confirm, sign and settle a swap");
  AddSwapFlags(*swap, *swap_flags);
  swap->add_flag("--yes", swap_flags->yes, "Do not ask: sign any quote for this amount");
  swap->callback([&context, swap_flags] {
    context.command = [&context, swap_flags] { return Swap(context, *swap_flags); };
  });
}

}  // namespace causeway::wallet
