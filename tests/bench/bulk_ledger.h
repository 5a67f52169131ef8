// A ledger under bulks, for benchmarks: one bank with any number of funded accounts, and bulks of
// payments between them, signed ahead.
#ifndef CAUSEWAY_TESTS_BENCH_BULK_LEDGER_H_
#define CAUSEWAY_TESTS_BENCH_BULK_LEDGER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/core/prng.h"

namespace causeway::bench {

// Which ledger it is.
struct BulkLedgerSpec {
  std::string origin = "bench.example/hkd";
  std::string currency = "HKD";
  std::string bank = "ALPHA";  // who owns all accounts
  std::size_t accounts = 0;
};

// A payment of 1 between accounts drawn evenly, with an id and UETR of its own.
core::BulkPayment RandomPayment(const std::vector<core::AccountRef>& accounts,
                                core::RandomStream& random);

class BulkLedger {
 public:
  // In a new directory, which it makes: as a node keeps its ledger.
  BulkLedger(const std::string& directory, BulkLedgerSpec spec);
  BulkLedger(const std::string& directory, std::size_t accounts)
      : BulkLedger(directory, BulkLedgerSpec{.accounts = accounts}) {}

  // A bulk of `count` payments of 1 between accounts drawn evenly; each call gives another.
  core::Item MakeBulk(std::size_t count);

  // Executes what the central bank orders; it must settle.
  void Order(core::Action action) { Run({ByCentralBank(std::move(action))}); }

  const core::Genesis& genesis() const { return genesis_; }
  std::shared_ptr<const core::SoftwareSigner> bank_key() const { return bank_key_; }
  const std::vector<core::AccountRef>& accounts() const { return accounts_; }
  core::LedgerTime now() const { return now_; }
  node::LedgerEngine& engine() { return *engine_; }
  // The engine, for a runtime to own.
  std::unique_ptr<node::LedgerEngine> TakeEngine() { return std::move(engine_); }
  // What else a node and a load generator need, into an existing folder: genesis.bin, key.pem,
  // salt.key, the bank's bank.pem and accounts.txt.
  void WriteFiles(const std::string& folder) const;

 private:
  core::Item ByCentralBank(core::Action action);
  void Run(std::vector<core::Item> items);
  void OpenAccounts(std::size_t accounts);
  std::shared_ptr<core::SoftwareSigner> Key(const std::string& name) const;

  core::AccountAddress Address(std::string_view body) const;

  const BulkLedgerSpec spec_;
  core::LedgerTime now_ = core::LedgerTime::FromMicros(1'660'500'000'000'000);
  core::Genesis genesis_;
  // P-256, whose SHA-256 has instructions of its own on most machines.
  std::shared_ptr<core::SoftwareSigner> bank_key_;
  // P-256: OpenSSL signs and verifies with it in half the time of Ed25519.
  std::shared_ptr<core::SoftwareSigner> ledger_key_;
  std::unique_ptr<node::LedgerEngine> engine_;
  std::vector<core::AccountRef> accounts_;  // those of the bank
  core::RandomStream random_{20221122, "bulk ledger"};
  std::uint64_t ids_ = 0;
};

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_BULK_LEDGER_H_
