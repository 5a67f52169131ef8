#include "tests/bench/corridor_load.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "settlement/client/quote_check.h"
#include "settlement/core/checkpoint.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

constexpr char kPayer[] = "BANK-A";
constexpr char kPayee[] = "BANK-B";
constexpr char kDealer[] = "DEALER";
constexpr char kEuro[] = "EUR";
constexpr char kDollar[] = "USD";
constexpr char kEuroCentralBank[] = "EU-CENTRAL-BANK";
constexpr char kDollarCentralBank[] = "US-CENTRAL-BANK";

constexpr core::Amount kPaymentAmount = core::Amount::FromMinor(1);
constexpr core::Amount kSwapAmount = core::Amount::FromMinor(10'00);

constexpr std::chrono::milliseconds kConnectWait{60'000};
constexpr double kObserverWaitSeconds = 300;
constexpr std::chrono::milliseconds kObserverPause{2};
// A call that failed for want of time or room is made again with the same bytes.
constexpr client::RetryOptions kRetry{.deadline = std::chrono::milliseconds(180'000),
                                      .attempt_deadline = std::chrono::milliseconds(60'000)};

// Connects `client` as `options` say and waits for the connection.
template <typename Client>
absl::Status ConnectTo(const absl::StatusOr<client::ConnectionOptions>& options,
                       std::unique_ptr<Client>& client) {
  if (!options.ok()) return options.status();
  absl::StatusOr<Client> connected = Client::Connect(*options);
  if (!connected.ok()) return connected.status();
  client = std::make_unique<Client>(*std::move(connected));
  return client->WaitForConnection(kConnectWait);
}

template <typename T>
absl::Status Take(absl::StatusOr<T> result, T& place) {
  if (result.ok()) place = *std::move(result);
  return result.status();
}

absl::Status FirstError(std::initializer_list<absl::Status> statuses) {
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status AllSettled(const absl::StatusOr<std::vector<client::InstructionView>>& views,
                        std::size_t expected) {
  if (!views.ok()) return views.status();
  if (views->size() != expected) {
    return absl::InternalError(
        fmt::format("{} instructions were answered with {}", expected, views->size()));
  }
  for (const client::InstructionView& view : *views) {
    if (view.status == core::InstructionStatus::kSettled) continue;
    return absl::FailedPreconditionError(
        fmt::format("payment {} is {}, not settled: {}", view.key.id.text(),
                    core::InstructionStatusName(view.status), core::Describe(view.rejection)));
  }
  return absl::OkStatus();
}

core::LedgerTime WallClock() {
  return core::LedgerTime::FromMicros(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

}  // namespace

absl::StatusOr<std::unique_ptr<CorridorLoad>> CorridorLoad::Connect(const BenchCorridor& corridor) {
  std::unique_ptr<CorridorLoad> load(new CorridorLoad());
  for (const auto& [currency, central_bank] :
       {std::pair(kEuro, kEuroCentralBank), std::pair(kDollar, kDollarCentralBank)}) {
    if (absl::Status status = load->ConnectLedger(corridor, currency, central_bank); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = load->ConnectBanks(corridor); !status.ok()) return status;
  load->valid_until_ = load->ledgers_.front().info.time + core::Duration::FromHours(24);
  return load;
}

absl::Status CorridorLoad::ConnectLedger(const BenchCorridor& corridor, const std::string& currency,
                                         const std::string& central_bank) {
  Ledger& ledger = ledgers_.emplace_back();
  if (absl::Status status =
          ConnectTo(corridor.LedgerConnection(currency, central_bank), ledger.central_bank);
      !status.ok()) {
    return status;
  }
  return Take(ledger.central_bank->GetInfo(), ledger.info);
}

absl::Status CorridorLoad::ConnectBanks(const BenchCorridor& corridor) {
  return FirstError({ConnectTo(corridor.LedgerConnection(kEuro, kPayer), bank_),
                     ConnectTo(corridor.BridgeConnection(kPayer), bridge_),
                     ConnectTo(corridor.ObserverConnection(kEuroCentralBank), observer_),
                     Take(corridor.Signer(kPayer), signer_),
                     Take(core::ParticipantId::Parse(kPayer), payer_),
                     Take(corridor.Account(kPayer, kEuro), payer_eur_),
                     Take(corridor.Account(kPayer, kDollar), payer_usd_),
                     Take(corridor.Account(kPayee, kEuro), payee_eur_),
                     Take(corridor.Account(kDealer, kEuro), dealer_eur_)});
}

absl::StatusOr<core::InstructionId> CorridorLoad::NewId() {
  return core::InstructionId::Parse(fmt::format("BENCH-{:010}", ++instructions_));
}

absl::StatusOr<core::Pay> CorridorLoad::NewPayment() {
  const absl::StatusOr<core::InstructionId> id = NewId();
  if (!id.ok()) return id.status();
  const absl::StatusOr<core::Uetr> uetr = client::NewUetr();
  if (!uetr.ok()) return uetr.status();
  return core::Pay{.id = *id,
                   .uetr = *uetr,
                   .debtor = payer_eur_,
                   .creditor = payee_eur_,
                   .amount = {payer_eur_.currency(), kPaymentAmount}};
}

absl::StatusOr<core::Envelope> CorridorLoad::NewEnvelope(std::size_t payments) {
  core::PayBatch batch;
  for (std::size_t i = 0; i < payments; ++i) {
    absl::StatusOr<core::Pay> payment = NewPayment();
    if (!payment.ok()) return payment.status();
    batch.payments.push_back(*std::move(payment));
  }
  core::InstructionId id;  // of a batch: none
  core::Action action = std::move(batch);
  if (payments == 1) {
    core::Pay single = std::get<core::PayBatch>(action).payments.front();
    id = std::exchange(single.id, {});
    action = std::move(single);
  }
  return client::SignCommand(client::MakeCommand(client::AddressOf(ledgers_.front().info.genesis),
                                                 payer_, id, valid_until_, std::move(action)),
                             *signer_);
}

absl::StatusOr<Sample> CorridorLoad::PayByEnvelope(std::size_t calls, std::size_t payments,
                                                   std::size_t in_flight) {
  std::vector<core::Envelope> envelopes(calls);
  for (core::Envelope& envelope : envelopes) {
    if (absl::Status status = Take(NewEnvelope(payments), envelope); !status.ok()) return status;
  }
  absl::StatusOr<Sample> sample = RunInFlight(calls, in_flight, [&](std::size_t number) {
    return AllSettled(bank_->SubmitUntilKnown(envelopes[number], {}, kRetry), payments);
  });
  if (sample.ok()) payments_ += calls * payments;
  return sample;
}

absl::StatusOr<Sample> CorridorLoad::PayByMany(std::size_t calls, std::size_t envelopes,
                                               std::size_t in_flight) {
  std::vector<std::vector<core::Item>> requests(calls);
  for (std::vector<core::Item>& items : requests) {
    items.resize(envelopes);
    for (core::Item& item : items) {
      if (absl::Status status = Take(NewEnvelope(1), item.envelope); !status.ok()) return status;
    }
  }
  absl::StatusOr<Sample> sample = RunInFlight(calls, in_flight, [&](std::size_t number) {
    const auto results = bank_->SubmitManyUntilKnown(requests[number], kRetry);
    if (!results.ok()) return results.status();
    for (const client::LedgerClient::SubmitResult& result : *results) {
      if (absl::Status status = AllSettled(result, 1); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
  if (sample.ok()) payments_ += calls * envelopes;
  return sample;
}

absl::StatusOr<core::Hash256> CorridorLoad::SwapOnce(const core::InstructionId& id) {
  const client::QuoteRequest request{.taker = payer_,
                                     .sell_currency = payer_eur_.currency(),
                                     .buy_currency = payer_usd_.currency(),
                                     .sell = kSwapAmount,
                                     .sell_account = payer_eur_,
                                     .buy_account = payer_usd_,
                                     .instruction_id = id};
  const absl::StatusOr<client::Quote> quote = bridge_->RequestQuote(request);
  if (!quote.ok()) return quote.status();
  const absl::StatusOr<client::ReadTerms> checked =
      client::CheckQuote(request, *quote, WallClock());
  if (!checked.ok()) return checked.status();
  const core::Signer* signer = signer_.get();
  const absl::StatusOr<core::Envelope> terms = client::SignTerms(quote->terms, {&signer, 1});
  if (!terms.ok()) return terms.status();
  const absl::StatusOr<client::SettlementView> view =
      bridge_->SettleUntilKnown(*terms, quote->legs, kRetry);
  if (!view.ok()) return view.status();
  bool complete = view->state == client::SettlementState::kSettled && view->ledgers.size() == 2;
  for (const client::LedgerProgress& ledger : view->ledgers) complete &= ledger.complete;
  if (complete) return view->settlement_id;
  return absl::FailedPreconditionError(fmt::format(
      "settlement {} is {}, not settled on both ledgers: {}", view->settlement_id.ToHex(),
      client::SettlementStateName(view->state), core::Describe(view->rejection)));
}

absl::Status CorridorLoad::CheckSettled(const std::vector<core::Hash256>& settlements) const {
  for (const Ledger& ledger : ledgers_) {
    for (const core::Hash256& id : settlements) {
      const absl::StatusOr<client::LedgerSettlementView> view =
          ledger.central_bank->GetSettlement(id);
      if (!view.ok()) return view.status();
      if (view->status == core::InstructionStatus::kSettled) continue;
      return absl::InternalError(fmt::format(
          "the bridge calls settlement {} settled, but on {} it is {}", id.ToHex(),
          ledger.info.genesis.ledger.text(), core::InstructionStatusName(view->status)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Sample> CorridorLoad::Swap(std::size_t swaps, std::size_t in_flight) {
  std::vector<core::InstructionId> ids(swaps);
  for (core::InstructionId& id : ids) {
    if (absl::Status status = Take(NewId(), id); !status.ok()) return status;
  }
  std::vector<core::Hash256> settlements(swaps);
  absl::StatusOr<Sample> sample = RunInFlight(swaps, in_flight, [&](std::size_t number) {
    return Take(SwapOnce(ids[number]), settlements[number]);
  });
  if (!sample.ok()) return sample;
  swaps_ += swaps;
  if (absl::Status status = CheckSettled(settlements); !status.ok()) return status;
  return sample;
}

absl::StatusOr<double> CorridorLoad::WaitForObserver() const {
  const double start = Now();
  for (const Ledger& ledger : ledgers_) {
    const absl::StatusOr<std::string> note = ledger.central_bank->GetCheckpoint();
    if (!note.ok()) return note.status();
    const absl::StatusOr<core::SignedCheckpoint> checkpoint = core::ParseCheckpoint(*note);
    if (!checkpoint.ok()) return checkpoint.status();
    bool verified = false;
    while (!verified) {
      const absl::StatusOr<client::ObserverStatus> status = observer_->GetStatus();
      if (!status.ok()) return status.status();
      if (status->alerts != 0) {
        return absl::InternalError(fmt::format("the observer raised {} alerts", status->alerts));
      }
      for (const client::VerifiedLog& log : status->logs) {
        verified |=
            log.origin == ledger.info.genesis.ledger && log.size >= checkpoint->checkpoint.size;
      }
      if (verified) break;
      if (RunsInterrupted()) return absl::CancelledError("interrupted");
      if (Now() - start > kObserverWaitSeconds) {
        return absl::DeadlineExceededError(fmt::format(
            "the observer has not verified {} to entry {} after {:.0f} s",
            ledger.info.genesis.ledger.text(), checkpoint->checkpoint.size, kObserverWaitSeconds));
      }
      std::this_thread::sleep_for(kObserverPause);
    }
  }
  return Now() - start;
}

absl::Status CorridorLoad::CheckBalances() const {
  const client::LedgerClient& ledger = *ledgers_.front().central_bank;
  const std::pair<core::AccountAddress, std::int64_t> expected[] = {
      {payee_eur_, static_cast<std::int64_t>(payments_) * kPaymentAmount.minor()},
      {dealer_eur_, static_cast<std::int64_t>(swaps_) * kSwapAmount.minor()}};
  for (const auto& [address, minor] : expected) {
    const absl::StatusOr<client::AccountView> account = ledger.GetAccount(address);
    if (!account.ok()) return account.status();
    if (account->available.minor() == minor && account->held.minor() == 0) continue;
    return absl::InternalError(fmt::format("{} has {} minor units and {} held, expected {} and 0",
                                           address.text(), account->available.minor(),
                                           account->held.minor(), minor));
  }
  return absl::OkStatus();
}

}  // namespace causeway::bench
