#include "scenarios/live/request_sender.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "settlement/client/errors.h"
#include "settlement/client/quote_check.h"
#include "settlement/rpc/log.h"

namespace causeway::sim {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

client::ConnectionOptions OptionsFor(const std::string& address, const rpc::TlsFiles& tls) {
  client::ConnectionOptions options;
  options.address = address;
  options.tls = tls;
  return options;
}

core::Rejection Accepted() {
  core::Rejection accepted;
  accepted.outcome = core::Outcome::kAccepted;
  return accepted;
}

// What became of an item that holds one instruction.
absl::StatusOr<InstructionReply> ToReply(const client::LedgerClient::SubmitResult& result) {
  if (!result.ok()) {
    const std::optional<core::Rejection> refusal = client::RejectionOf(result.status());
    if (!refusal) return result.status();
    return InstructionReply{.rejection = *refusal};
  }
  if (result->size() != 1) {
    return absl::DataLossError(
        fmt::format("the ledger tells of {} instructions for an envelope with 1", result->size()));
  }
  const client::InstructionView& view = result->front();
  return InstructionReply{
      .status = view.status, .rejection = view.rejection, .entry_index = view.entry_index};
}

client::QuoteRequest ToQuoteRequest(const AskQuote& ask) {
  return {.taker = ask.taker,
          .sell_currency = ask.sell_currency,
          .buy_currency = ask.buy_currency,
          .sell = ask.sell,
          .buy = ask.buy,
          .sell_account = ask.sell_account,
          .buy_account = ask.buy_account,
          .instruction_id = ask.instruction_id,
          .uetr = ask.uetr};
}

}  // namespace

absl::StatusOr<const client::LedgerClient*> CorridorClients::ByCentralBank(LedgerIndex ledger) {
  auto found = central_banks_.find(ledger);
  if (found == central_banks_.end()) {
    absl::StatusOr<client::LedgerClient> made = client::LedgerClient::Connect(OptionsFor(
        corridor_.addresses().ledgers[ledger], corridor_.files().central_banks[ledger].client.tls));
    if (!made.ok()) return made.status();
    found = central_banks_.emplace(ledger, *std::move(made)).first;
  }
  return &found->second;
}

absl::StatusOr<const client::LedgerClient*> CorridorClients::ByParticipant(
    LedgerIndex ledger, ParticipantIndex participant) {
  const std::pair<LedgerIndex, ParticipantIndex> key(ledger, participant);
  auto found = ledgers_.find(key);
  if (found == ledgers_.end()) {
    absl::StatusOr<client::LedgerClient> made = client::LedgerClient::Connect(OptionsFor(
        corridor_.addresses().ledgers[ledger], corridor_.files().participants[participant].tls));
    if (!made.ok()) return made.status();
    found = ledgers_.emplace(key, *std::move(made)).first;
  }
  return &found->second;
}

absl::StatusOr<const client::BridgeClient*> CorridorClients::Bridge(ParticipantIndex participant) {
  auto found = bridges_.find(participant);
  if (found == bridges_.end()) {
    if (!plan_.bridge) return absl::FailedPreconditionError("the scenario has no bridge");
    absl::StatusOr<client::BridgeClient> made = client::BridgeClient::Connect(
        OptionsFor(corridor_.addresses().bridge, corridor_.files().participants[participant].tls));
    if (!made.ok()) return made.status();
    found = bridges_.emplace(participant, *std::move(made)).first;
  }
  return &found->second;
}

absl::StatusOr<const client::ObserverClient*> CorridorClients::Observer() {
  if (observer_ == nullptr) {
    absl::StatusOr<client::ObserverClient> made = client::ObserverClient::Connect(OptionsFor(
        corridor_.addresses().observer, corridor_.files().participants[plan_.observer].tls));
    if (!made.ok()) return made.status();
    observer_ = std::make_unique<client::ObserverClient>(*std::move(made));
  }
  return observer_.get();
}

RequestSender::RequestSender(const Plan& plan, CorridorClients& clients,
                             std::function<absl::Status()> check_running)
    : plan_(plan), clients_(clients), check_running_(std::move(check_running)) {}

absl::Status RequestSender::UntilKnown(
    milliseconds wait_max,
    const std::function<absl::Status(const client::RetryOptions&)>& attempt) {
  const Clock::time_point end = Clock::now() + wait_max;
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    client::RetryOptions retry;
    retry.deadline = std::clamp(left, milliseconds(1), kRequestSlice);
    retry.attempt_deadline = retry.deadline;
    retry.backoff_max = milliseconds(250);
    absl::Status status = attempt(retry);
    if (status.ok() || !client::IsTransient(status)) return status;
    if (absl::Status running = check_running_(); !running.ok()) return running;
    if (left <= kRequestSlice) return status;
  }
}

absl::StatusOr<Reply> RequestSender::Send(const Request& request) {
  if (const auto* items = std::get_if<SubmitItems>(&request.what)) {
    return SendItems(request, *items);
  }
  if (const auto* balance = std::get_if<ReadBalance>(&request.what)) return Send(request, *balance);
  if (const auto* quote = std::get_if<AskQuote>(&request.what)) return Send(request, *quote);
  if (std::holds_alternative<CarryOrder>(request.what)) {
    return absl::UnimplementedError("orders to abort are carried in virtual time only");
  }
  return Send(request, std::get<SubmitTerms>(request.what));
}

absl::StatusOr<Reply> RequestSender::SendItems(const Request& request, const SubmitItems& what) {
  const absl::StatusOr<const client::LedgerClient*> ledger =
      request.by_central_bank ? clients_.ByCentralBank(what.ledger)
                              : clients_.ByParticipant(what.ledger, request.sender);
  if (!ledger.ok()) return ledger.status();
  std::vector<client::LedgerClient::SubmitResult> results;
  const absl::Status known =
      UntilKnown(kRequestWaitMax, [&](const client::RetryOptions& retry) -> absl::Status {
        if (what.items.size() == 1) {
          const core::Item& item = what.items.front();
          results = {(*ledger)->SubmitUntilKnown(item.envelope, item.attachments, retry)};
          return results.front().status();
        }
        auto many = (*ledger)->SubmitManyUntilKnown(what.items, retry);
        if (!many.ok()) return many.status();
        results = *std::move(many);
        for (const auto& result : results) {
          if (client::IsTransient(result.status())) return result.status();
        }
        return absl::OkStatus();
      });
  if (!known.ok() && !client::RejectionOf(known)) return known;
  if (client::IsTransient(known)) return known;
  ItemsReply reply;
  for (const auto& result : results) {
    absl::StatusOr<InstructionReply> instruction = ToReply(result);
    if (!instruction.ok()) return instruction.status();
    reply.instructions.push_back(*std::move(instruction));
  }
  return reply;
}

absl::StatusOr<Reply> RequestSender::Send(const Request& request, const ReadBalance& what) {
  const absl::StatusOr<const client::LedgerClient*> ledger =
      clients_.ByParticipant(what.ledger, request.sender);
  if (!ledger.ok()) return ledger.status();
  BalanceReply reply;
  const absl::Status known = UntilKnown(kRequestWaitMax, [&](const client::RetryOptions& retry) {
    return client::RetryUntilKnown(retry, [&](milliseconds deadline) {
      const absl::StatusOr<client::AccountView> account =
          (*ledger)->GetAccount(what.account, {deadline});
      if (account.ok()) reply.available = account->available;
      return account.status();
    });
  });
  if (!known.ok()) return known;
  return reply;
}

absl::StatusOr<Reply> RequestSender::Send(const Request& request, const AskQuote& what) {
  const absl::StatusOr<const client::BridgeClient*> bridge = clients_.Bridge(request.sender);
  if (!bridge.ok()) return bridge.status();
  const client::QuoteRequest asked = ToQuoteRequest(what);
  client::Quote quote;
  const absl::Status known = UntilKnown(kRequestWaitMax, [&](const client::RetryOptions& retry) {
    return client::RetryUntilKnown(retry, [&](milliseconds deadline) {
      absl::StatusOr<client::Quote> given = (*bridge)->RequestQuote(asked, {deadline});
      if (given.ok()) quote = *std::move(given);
      return given.status();
    });
  });
  if (!known.ok()) {
    const std::optional<core::Rejection> refusal = client::RejectionOf(known);
    if (!refusal || client::IsTransient(known)) return known;
    return QuoteReply{.rejection = *refusal, .terms = {}, .legs = {}, .sell = {}, .buy = {}};
  }
  const absl::StatusOr<client::ReadTerms> checked = client::CheckQuote(asked, quote, rpc::Now());
  if (!checked.ok()) return checked.status();
  return QuoteReply{.rejection = Accepted(),
                    .terms = std::move(quote.terms),
                    .legs = std::move(quote.legs),
                    .sell = quote.sell.amount,
                    .buy = quote.buy.amount};
}

absl::StatusOr<Reply> RequestSender::Send(const Request& request, const SubmitTerms& what) {
  const absl::StatusOr<const client::BridgeClient*> bridge = clients_.Bridge(request.sender);
  if (!bridge.ok()) return bridge.status();
  const auto settlement_wait = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(
                                   plan_.bridge->settlement_deadline.micros())) +
                               kRequestWaitMax;
  client::SettlementView view;
  const absl::Status known =
      UntilKnown(settlement_wait, [&](const client::RetryOptions& retry) -> absl::Status {
        absl::StatusOr<client::SettlementView> answer =
            (*bridge)->SettleUntilKnown(what.terms, what.legs, retry);
        if (answer.ok()) view = *std::move(answer);
        return answer.status();
      });
  if (!known.ok()) {
    const std::optional<core::Rejection> refusal = client::RejectionOf(known);
    if (!refusal || client::IsTransient(known)) return known;
    return SettlementReply{.status = core::InstructionStatus::kRejected, .rejection = *refusal};
  }
  if (view.state == client::SettlementState::kSettled) {
    return SettlementReply{.status = core::InstructionStatus::kSettled,
                           .rejection = Accepted(),
                           .committed = view.list_committed};
  }
  if (view.state == client::SettlementState::kAborted) {
    return SettlementReply{.status = core::InstructionStatus::kAborted,
                           .rejection = view.rejection};
  }
  return absl::FailedPreconditionError(fmt::format("settlement {} is {} after everybody has signed",
                                                   view.settlement_id.ToHex(),
                                                   client::SettlementStateName(view.state)));
}

}  // namespace causeway::sim
