// One ledger against the limits of the machine: bulks through the live runtime, durable, beside a
// single-threaded floor (tables, leaf hashes, append and sync, nothing else) and the machine's own
// figures of the same run.
//
//   ledger_bench [--accounts N] [--batch N] [--payments N] [--rounds N] [--json FILE]
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/ledger_runtime.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/merkle.h"
#include "tests/bench/bulk_ledger.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

struct Flags {
  std::size_t accounts = 1'000'000;
  std::size_t batch = 8192;
  std::size_t payments = 4'000'000;  // a round
  int rounds = 5;
  std::string json;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Keeps as many bulks under way as the runtime likes, and waits for the last.
class Feeder {
 public:
  explicit Feeder(node::LedgerRuntime& runtime) : runtime_(runtime) {}

  void Run(std::vector<core::Item> items, std::size_t in_flight_max) {
    for (core::Item& item : items) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return in_flight_ < in_flight_max; });
        ++in_flight_;
      }
      std::vector<core::Item> one;
      one.push_back(std::move(item));
      runtime_.Submit(std::move(one), {}, {}, [this](std::vector<node::ItemReply> replies) {
        const core::ItemResult& result = replies.front().result;
        CW_CHECK(result.bulk != nullptr && result.sequenced, "the benchmark's bulks are executed");
        for (const core::PaymentResult& payment : result.bulk->results) {
          CW_CHECK(payment.outcome == core::Outcome::kAccepted, "and their payments settle");
        }
        const std::lock_guard lock(mutex_);
        --in_flight_;
        changed_.notify_all();
      });
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ == 0; });
  }

 private:
  node::LedgerRuntime& runtime_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t in_flight_ = 0;
};

// What no design on these tables can avoid, in one loop: execute, hash, append and sync.
double FloorRate(const Flags& flags, const std::string& directory) {
  BulkLedger bench(directory, flags.accounts);
  std::vector<core::Item> items;
  std::vector<core::AdmittedItem> admitted;
  const std::size_t bulks = std::max<std::size_t>(1, flags.payments / flags.batch);
  for (std::size_t i = 0; i < bulks; ++i) {
    items.push_back(bench.MakeBulk(flags.batch));
    auto body = codec::DecodeItemBody(items.back());
    CW_CHECK(body.ok(), "the benchmark's bulks decode");
    admitted.push_back(core::Ledger::AdmitFromJournal(items.back().envelope, *std::move(body)));
  }
  node::LedgerEngine& engine = bench.engine();
  const double start = Now();
  for (std::size_t i = 0; i < bulks; ++i) {
    std::vector<core::Item> item;
    item.push_back(std::move(items[i]));
    std::vector<core::AdmittedItem> body;
    body.push_back(std::move(admitted[i]));
    CW_CHECK(engine.Execute(bench.now(), std::move(item), std::move(body)).ok(), "it executes");
  }
  return static_cast<double>(bulks * flags.batch) / (Now() - start);
}

void MeasureInProcess(const Flags& flags, const std::string& directory,
                      nlohmann::ordered_json& report) {
  BulkLedger bench(directory + "/ledger", flags.accounts);
  const core::LedgerTime now = bench.now();
  node::LedgerRuntime runtime(bench.TakeEngine(), {}, [now] { return now; });
  std::vector<double> rates;
  const std::size_t bulks = std::max<std::size_t>(1, flags.payments / flags.batch);
  for (int round = 0; round < flags.rounds; ++round) {
    std::vector<core::Item> items;
    for (std::size_t i = 0; i < bulks; ++i) items.push_back(bench.MakeBulk(flags.batch));
    Feeder feeder(runtime);
    const double start = Now();
    feeder.Run(std::move(items), 16);
    rates.push_back(static_cast<double>(bulks * flags.batch) / (Now() - start));
    fmt::print("in process, round {}: {:.0f} payments/s\n", round + 1, rates.back());
  }
  report["in_process_payments_per_s"] = Median(rates);
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("One ledger against the limits of the machine.");
  app.add_option("--accounts", flags.accounts, "accounts with funds");
  app.add_option("--batch", flags.batch, "payments in a bulk")
      ->check(CLI::Range(std::size_t{1}, core::kBulkPaymentsMax));
  app.add_option("--payments", flags.payments, "payments in a round");
  app.add_option("--rounds", flags.rounds, "rounds, of which the median counts");
  app.add_option("--json", flags.json, "write the figures here");
  CLI11_PARSE(app, argc, argv);

  std::string directory = std::filesystem::temp_directory_path() / "causeway-bench-XXXXXX";
  CW_CHECK(::mkdtemp(directory.data()) != nullptr, "a temporary directory can be made");
  nlohmann::ordered_json report;
  report["sync_us_median"] = SyncMicrosMedian(directory, 100);
  MeasureInProcess(flags, directory, report);
  const double floor = FloorRate(flags, directory + "/floor");
  report["floor_payments_per_s"] = floor;
  report["in_process_floor_ratio"] = report["in_process_payments_per_s"].get<double>() / floor;
  std::filesystem::remove_all(directory);
  fmt::print("{}\n", report.dump(2));
  if (!flags.json.empty()) std::ofstream(flags.json) << report.dump(2) << "\n";
  return 0;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
