// What benchmarks of payment versus payment settle on: ledgers with a bank and its accounts each,
// the policy that binds them, and lists of swaps between two of them, signed ahead.
#ifndef CAUSEWAY_TESTS_BENCH_PVP_NETWORK_H_
#define CAUSEWAY_TESTS_BENCH_PVP_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "settlement/client/bridge_client.h"
#include "settlement/client/settlement_list.h"
#include "settlement/core/prng.h"
#include "tests/bench/bulk_ledger.h"

namespace causeway::bench {

// The bank that pays on one ledger.
struct PvpSide {
  core::LedgerOrigin ledger;
  core::ParticipantId bank;
  std::shared_ptr<const core::SoftwareSigner> key;
  std::vector<core::AccountRef> accounts;
};

class PvpTraffic {
 public:
  PvpTraffic(const core::Hash256& policy_hash, std::vector<PvpSide> sides, std::uint64_t seed);
  // From what PvpNetwork::WriteFiles wrote.
  PvpTraffic(const std::string& directory, std::uint64_t seed);

  // A list of `count` swaps between the banks of two ledgers, signed by both. Each call gives
  // others.
  client::Submission MakeList(std::size_t left, std::size_t right, std::size_t count,
                              core::LedgerTime deadline);

  const std::vector<PvpSide>& sides() const { return sides_; }

 private:
  core::Hash256 policy_hash_;
  std::vector<PvpSide> sides_;
  core::RandomStream random_;
};

class PvpNetwork {
 public:
  // Ledgers of `accounts` accounts each, in new directories below `directory`: `ledger-0/data`, ...
  // With `witnesses`, a certificate needs as many of them as leave the most room for faulty ones:
  // three of four.
  PvpNetwork(const std::string& directory, std::size_t ledgers, std::size_t accounts,
             std::size_t witnesses = 0);

  PvpTraffic Traffic(std::uint64_t seed) const;
  // The exact bytes of the policy; its decision log's key.
  const std::string& policy() const { return policy_bytes_; }
  std::shared_ptr<const core::SoftwareSigner> log_key() const { return log_key_; }
  BulkLedger& ledger(std::size_t index) { return *ledgers_[index]; }

  // What the programs need: the files of each ledger below `ledger-N` (bulk_ledger.h) and its
  // bank's public key bank.pub.pem; policy.bin, decision-log-key.pem, witness-N-key.pem.
  void WriteFiles() const;

 private:
  const std::string directory_;
  std::vector<std::unique_ptr<BulkLedger>> ledgers_;
  std::shared_ptr<core::SoftwareSigner> log_key_;
  std::vector<std::shared_ptr<core::SoftwareSigner>> witness_keys_;
  std::string policy_bytes_;
};

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_PVP_NETWORK_H_
