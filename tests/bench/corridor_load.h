// The traffic of corridor_bench: a bank that pays and swaps over settlement/client, against the
// corridor of data/corridor.txtpb. Everything that it sends must settle; anything else is an error.
#ifndef CAUSEWAY_TESTS_BENCH_CORRIDOR_LOAD_H_
#define CAUSEWAY_TESTS_BENCH_CORRIDOR_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/bridge_client.h"
#include "settlement/client/commands.h"
#include "settlement/client/ledger_client.h"
#include "settlement/client/observer_client.h"
#include "settlement/core/envelope.h"
#include "settlement/core/suite.h"
#include "tests/bench/bench_corridor.h"
#include "tests/bench/in_flight.h"

namespace causeway::bench {

// Not synchronised: one run at a time, from one thread.
class CorridorLoad {
 public:
  // `corridor` must outlive it.
  static absl::StatusOr<std::unique_ptr<CorridorLoad>> Connect(const BenchCorridor& corridor);

  // Envelopes are signed before the clock starts. The operations of the sample are calls.
  // Calls of one envelope with `payments` payments each; 1 is a plain payment.
  absl::StatusOr<Sample> PayByEnvelope(std::size_t calls, std::size_t payments,
                                       std::size_t in_flight);
  // Calls that carry `envelopes` envelopes of one payment each.
  absl::StatusOr<Sample> PayByMany(std::size_t calls, std::size_t envelopes, std::size_t in_flight);
  // Each a quote that is asked for, checked, signed and handed in (the bridge adds the provider's
  // signature), and waited for until the commit is booked on both ledgers. After the clock has
  // stopped both ledgers are asked whether that is so.
  absl::StatusOr<Sample> Swap(std::size_t swaps, std::size_t in_flight);

  // Waits until the observer has verified both ledgers to their ends, so that its work on one run
  // does not slow the next; seconds waited. An error when it raised an alert.
  absl::StatusOr<double> WaitForObserver() const;
  // Whether the money that moved is exactly that of every run so far.
  absl::Status CheckBalances() const;

 private:
  // One side of the corridor, as its central bank sees it.
  struct Ledger {
    client::LedgerInfo info;
    std::unique_ptr<client::LedgerClient> central_bank;
  };

  CorridorLoad() = default;

  absl::Status ConnectLedger(const BenchCorridor& corridor, const std::string& currency,
                             const std::string& central_bank);
  absl::Status ConnectBanks(const BenchCorridor& corridor);
  absl::StatusOr<core::Pay> NewPayment();
  absl::StatusOr<core::InstructionId> NewId();
  absl::StatusOr<core::Envelope> NewEnvelope(std::size_t payments);
  absl::StatusOr<core::Hash256> SwapOnce(const core::InstructionId& id);
  absl::Status CheckSettled(const std::vector<core::Hash256>& settlements) const;

  std::vector<Ledger> ledgers_;  // euro, dollar
  std::unique_ptr<client::LedgerClient> bank_;
  std::unique_ptr<client::BridgeClient> bridge_;
  std::unique_ptr<client::ObserverClient> observer_;
  std::unique_ptr<core::SoftwareSigner> signer_;
  core::ParticipantId payer_;
  core::AccountAddress payer_eur_;
  core::AccountAddress payer_usd_;
  core::AccountAddress payee_eur_;
  core::AccountAddress dealer_eur_;
  core::LedgerTime valid_until_;
  std::uint64_t instructions_ = 0;
  std::uint64_t payments_ = 0;
  std::uint64_t swaps_ = 0;
};

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_CORRIDOR_LOAD_H_
