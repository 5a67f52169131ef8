// One ledger against the limits of the machine: bulks through the live runtime, durable, beside a
// single-threaded floor (tables, leaf hashes, append and sync, nothing else) and the machine's own
// figures of the same run.
//
//   ledger_bench [--accounts N] [--batch N] [--payments N] [--rounds N] [--only WHAT] [--dir DIR]
//                [--json FILE]
//
// `./dev bench ledger` calls it for one part after the other (tests/bench/ledger).
#include <fmt/format.h>
#include <stdlib.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
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
  std::size_t lookups_per_s = 100;
  std::string only;
  std::string directory;
  std::string json;
};

constexpr std::size_t kInFlight = 16;    // bulks
constexpr std::size_t kOldestKept = 64;  // bulks that are repeated
constexpr std::size_t kWriteProbeBytes = std::size_t{512} << 20;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Keeps as many bulks under way as the runtime likes, and waits for the last.
class Feeder {
 public:
  explicit Feeder(node::LedgerRuntime& runtime) : runtime_(runtime) {}

  // Which of the bulks repeat one that was executed before, byte for byte.
  enum class Repeats { kNone, kEveryOther, kAll };
  void Run(std::vector<core::Item> items, std::size_t in_flight_max,
           Repeats repeats = Repeats::kNone) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      core::Item& item = items[i];
      const bool is_repeat =
          repeats == Repeats::kAll || (repeats == Repeats::kEveryOther && i % 2 == 1);
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return in_flight_ < in_flight_max; });
        ++in_flight_;
      }
      std::vector<core::Item> one;
      one.push_back(std::move(item));
      runtime_.Submit(std::move(one), {}, {}, [=, this](std::vector<node::ItemReply> replies) {
        const core::ItemResult& result = replies.front().result;
        CW_CHECK(result.bulk != nullptr && result.sequenced != is_repeat,
                 "the benchmark's bulks are executed, once");
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

void MeasureLimits(const std::string& directory, nlohmann::ordered_json& report) {
  report["sync_us_median"] = SyncMicrosMedian(directory);
  report["append_sync_us_median"] = AppendSyncMicrosMedian(directory);
  report["sequential_write_bytes_per_s"] = SequentialWriteRate(directory, kWriteProbeBytes);
  report["ed25519_verifications_per_s"] =
      VerificationsPerSecond(core::SuiteId::kEd25519Sha256, 10'000);
  report["p256_verifications_per_s"] = VerificationsPerSecond(core::SuiteId::kP256Sha256, 20'000);
  report["sha256_bytes_per_s"] = Sha256Rate();
}

// Of the calling thread.
double ThreadProcessorSeconds() {
  timespec time{};
  CW_CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0, "a thread has a clock");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Looks up payments of old bulks at a steady rate, on a thread of its own, until it goes: by their
// instruction ids and by their UETRs in turn, as the API does.
class Lookups {
 public:
  struct Cost {
    std::size_t count = 0;
    double us_median = 0;     // from question to answer
    double processor_us = 0;  // mean
  };

  Lookups(const node::LedgerRuntime& runtime, const std::vector<core::Item>& bulks,
          std::size_t per_second)
      : thread_([this, &runtime, &bulks, per_second] { Run(runtime, bulks, per_second); }) {}
  Cost End() {
    ended_ = true;
    thread_.join();
    CW_CHECK(!micros_.empty(), "there was time for a look-up");
    const std::size_t count = micros_.size();
    return {count, Median(micros_), processor_s_ * 1e6 / static_cast<double>(count)};
  }

 private:
  void Run(const node::LedgerRuntime& runtime, const std::vector<core::Item>& bulks,
           std::size_t per_second) {
    const double start = Now();
    for (std::size_t i = 0; !ended_; ++i) {
      const double due = start + static_cast<double>(i) / static_cast<double>(per_second);
      std::this_thread::sleep_for(std::chrono::duration<double>(due - Now()));
      const auto body = codec::DecodeItemBody(bulks[i / 2 % bulks.size()]);
      CW_CHECK(body.ok(), "the benchmark's bulks decode");
      const auto& bulk = std::get<core::Bulk>(*body);
      const core::BulkPayment& payment = bulk.payments[i * 7919 % bulk.payments.size()];
      const double asked = Now();
      const double processor_asked = ThreadProcessorSeconds();
      const bool found = runtime.ReadWithLog([&](const node::LedgerEngine& engine) {
        if (i % 2 == 1) {
          const auto page = engine.FindByUetr(payment.uetr, 0, 1);
          return page.ok() && page->instructions.size() == 1;
        }
        const auto state = engine.FindInstruction(
            {bulk.party, core::ActionKind::kPay, core::InstructionIdOf(payment.id)});
        return state.ok() && state->has_value();
      });
      CW_CHECK(found, "what was executed is found");
      micros_.push_back((Now() - asked) * 1e6);
      processor_s_ += ThreadProcessorSeconds() - processor_asked;
    }
  }

  std::atomic<bool> ended_ = false;
  std::vector<double> micros_;
  double processor_s_ = 0;
  std::thread thread_;
};

// The newest pages of accounts' histories, one after the other, as fast as they come.
class HistoryPages {
 public:
  static constexpr std::size_t kEntries = 50;

  explicit HistoryPages(const node::LedgerRuntime& runtime)
      : thread_([this, &runtime] { Run(runtime); }) {}
  std::size_t End() {
    ended_ = true;
    thread_.join();
    return pages_;
  }

 private:
  void Run(const node::LedgerRuntime& runtime) {
    for (; !ended_; ++pages_) {
      const auto moment = runtime.Read([&](const node::LedgerEngine& engine) {
        const auto& accounts = engine.ledger().accounts();
        return engine.MomentOf(accounts[1 + pages_ * 7919 % (accounts.size() - 1)].address);
      });
      CW_CHECK(moment.has_value(), "the benchmark's accounts are known");
      const auto page = runtime.ReadHistory([&](const node::LedgerEngine& engine) {
        return engine.ListNewestOf(*moment, 0, kEntries);
      });
      CW_CHECK(page.ok() && !page->entries.empty(), "every account has a history");
    }
  }

  std::atomic<bool> ended_ = false;
  std::size_t pages_ = 0;
  std::thread thread_;
};

// A ledger with its runtime, fed with bulks in rounds.
class Rounds {
 public:
  Rounds(const Flags& flags, const std::string& directory)
      : batch_(flags.batch), bulks_(std::max<std::size_t>(1, flags.payments / flags.batch)) {
    const double before = MemoryBytes();
    ledger_ = std::make_unique<BulkLedger>(directory, flags.accounts);
    // The list that payments are drawn from is the benchmark's.
    bytes_per_account_ =
        (MemoryBytes() - before) / static_cast<double>(flags.accounts) - sizeof(core::AccountRef);
    runtime_ = std::make_unique<node::LedgerRuntime>(ledger_->TakeEngine(), node::RuntimeLimits{},
                                                     [now = ledger_->now()] { return now; });
  }

  // Payments per second; they are made before the clock starts.
  double Run() {
    std::vector<core::Item> items;
    for (std::size_t i = 0; i < bulks_; ++i) items.push_back(ledger_->MakeBulk(batch_));
    if (oldest_.empty()) {
      const std::size_t kept = std::min(kOldestKept, items.size());
      oldest_.assign(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(kept));
    }
    Feeder feeder(*runtime_);
    const double processor_start = ProcessorSeconds();
    const double start = Now();
    feeder.Run(std::move(items), kInFlight);
    const double elapsed = Now() - start;
    processor_s_ += ProcessorSeconds() - processor_start;
    payments_ += payments_a_round();
    return payments_a_round() / elapsed;
  }

  // As Run, beside or instead of new bulks, of which the rate counts: repeats of the oldest ones.
  double RunWithRepeats(bool beside) {
    std::vector<core::Item> items;
    for (std::size_t i = 0; i < bulks_; ++i) {
      if (beside) items.push_back(ledger_->MakeBulk(batch_));
      items.push_back(oldest_[i % oldest_.size()]);
    }
    Feeder feeder(*runtime_);
    const double processor_start = ProcessorSeconds();
    const double start = Now();
    feeder.Run(std::move(items), kInFlight,
               beside ? Feeder::Repeats::kEveryOther : Feeder::Repeats::kAll);
    const double elapsed = Now() - start;
    if (!beside) repeat_processor_s_ = ProcessorSeconds() - processor_start;
    return payments_a_round() / elapsed;
  }
  double repeat_processor_s() const { return repeat_processor_s_; }

  // As Run, while payments of the oldest bulks are looked up.
  double RunWithLookups(std::size_t per_second, nlohmann::ordered_json& report) {
    Lookups lookups(*runtime_, oldest_, per_second);
    const double rate = Run();
    const Lookups::Cost cost = lookups.End();
    report["lookups"] = cost.count;
    report["lookup_us_median"] = cost.us_median;
    report["lookup_processor_us"] = cost.processor_us;
    return rate;
  }

  // As Run, while pages of accounts' histories are read without a pause.
  double RunWithHistoryPages(nlohmann::ordered_json& report) {
    HistoryPages pages(*runtime_);
    const double start = Now();
    const double rate = Run();
    report["history_pages_per_s"] = static_cast<double>(pages.End()) / (Now() - start);
    return rate;
  }

  // What the newest page of some accounts' histories costs, with nothing else under way.
  void ReadHistoryPages(nlohmann::ordered_json& report) {
    constexpr std::size_t kPages = 20;
    std::size_t entries = 0;
    const double start = ThreadProcessorSeconds();
    for (std::size_t i = 0; i < kPages; ++i) {
      const auto moment = runtime_->Read([&](const node::LedgerEngine& engine) {
        const auto& accounts = engine.ledger().accounts();
        return engine.MomentOf(accounts[1 + i * 7919 % (accounts.size() - 1)].address);
      });
      CW_CHECK(moment.has_value(), "the benchmark's accounts are known");
      const auto page = runtime_->ReadLog([&](const node::LedgerEngine& engine) {
        return engine.ListNewestOf(*moment, 0, HistoryPages::kEntries);
      });
      CW_CHECK(page.ok() && !page->entries.empty(), "every account has a history");
      entries += page->entries.size();
    }
    report["history_page_entries"] = entries / kPages;
    report["history_page_processor_us"] =
        (ThreadProcessorSeconds() - start) * 1e6 / static_cast<double>(kPages);
  }

  double payments_a_round() const { return static_cast<double>(bulks_ * batch_); }
  // Of all rounds.
  double payments() const { return payments_; }
  double processor_s() const { return processor_s_; }
  double bytes_per_account() const { return bytes_per_account_; }

 private:
  const std::size_t batch_;
  const std::size_t bulks_;
  std::unique_ptr<BulkLedger> ledger_;
  double bytes_per_account_ = 0;
  double payments_ = 0;
  double processor_s_ = 0;
  double repeat_processor_s_ = 0;
  std::vector<core::Item> oldest_;  // some bulks of the first round
  std::unique_ptr<node::LedgerRuntime> runtime_;
};

void MeasureInProcess(const Flags& flags, const std::string& directory,
                      nlohmann::ordered_json& report) {
  Rounds rounds(flags, directory);
  std::vector<double> rates;
  for (int round = 0; round < flags.rounds; ++round) {
    rates.push_back(rounds.Run());
    fmt::print("in process, round {}: {:.0f} payments/s\n", round + 1, rates.back());
    std::fflush(stdout);
  }
  report["in_process_accounts"] = flags.accounts;
  report["in_process_payments_per_s"] = Median(rates);
  report["in_process_processor_ns_per_payment"] = rounds.processor_s() * 1e9 / rounds.payments();
  report["memory_bytes_per_account"] = rounds.bytes_per_account();
}

void MeasureFloor(const Flags& flags, const std::string& directory,
                  nlohmann::ordered_json& report) {
  const double floor = FloorRate(flags, directory);
  report["floor_payments_per_s"] = floor;
  report["in_process_floor_ratio"] = report["in_process_payments_per_s"].get<double>() / floor;
}

// When nothing was written for a second: the index of payments goes on merging after the last
// answer.
double WrittenBytesOnceQuiet() {
  double written = WrittenBytes();
  for (;;) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const double now = WrittenBytes();
    if (now == written) return written;
    written = now;
  }
}

// Rounds on one growing ledger: what the last does against the first, and what a payment leaves.
void MeasureHistory(const Flags& flags, const std::string& directory,
                    nlohmann::ordered_json& report) {
  Rounds rounds(flags, directory);
  const double written_start = WrittenBytesOnceQuiet();
  const double disk_start = DiskBytes(directory);
  std::vector<double> rates;
  double memory_after_first = 0;
  for (int round = 0; round < flags.rounds; ++round) {
    rates.push_back(rounds.Run());
    const double memory = MemoryBytes();
    if (round == 0) memory_after_first = memory;
    fmt::print("history, {:.0f} payments: {:.0f} payments/s, {:.0f} MB and {:.0f} MB of files\n",
               rounds.payments(), rates.back(), memory / 1e6, MappedBytes() / 1e6);
    std::fflush(stdout);
  }
  report["history_memory_bytes"] = MemoryBytes();
  report["history_mapped_bytes"] = MappedBytes();
  const double later_millions = (rounds.payments() - rounds.payments_a_round()) / 1e6;
  report["history_payments"] = rounds.payments();
  report["history_first_payments_per_s"] = rates.front();
  report["history_last_payments_per_s"] = rates.back();
  report["history_growth_ratio"] = rates.back() / rates.front();
  // Between the rounds too, while the next bulks are made.
  const double written = WrittenBytesOnceQuiet() - written_start;
  report["disk_bytes_per_payment"] = (DiskBytes(directory) - disk_start) / rounds.payments();
  report["written_bytes_per_payment"] = written / rounds.payments();
  if (later_millions > 0) {
    report["memory_bytes_per_million_uetrs"] =
        (MemoryBytes() - memory_after_first) / later_millions;
  }
}

// What a flood of exact repeats of the oldest bulks costs: alone, and those who pay beside it. Each
// is answered with what its payments came to, which is read from the log.
void MeasureRepeats(const Flags& flags, const std::string& directory,
                    nlohmann::ordered_json& report) {
  Rounds rounds(flags, directory);
  for (int round = 0; round < flags.rounds; ++round) rounds.Run();
  const double alone = rounds.Run();
  const double repeats = rounds.RunWithRepeats(/*beside=*/false);
  const double beside = rounds.RunWithRepeats(/*beside=*/true);
  const double after = rounds.Run();
  fmt::print(
      "new payments/s: {:.0f} alone, {:.0f} with as many repeats, {:.0f} after; repeats "
      "alone: {:.0f} payments/s\n",
      alone, beside, after, repeats);
  report["repeats_history_payments"] = rounds.payments();
  report["repeats_payments_per_s"] = repeats;
  report["repeats_processor_ns_per_payment"] =
      rounds.repeat_processor_s() * 1e9 / rounds.payments_a_round();
  report["new_payments_per_s_alone"] = (alone + after) / 2;
  report["new_payments_per_s_beside_repeats"] = beside;
}

// What those pay for who write, while others look up old payments.
void MeasureLookups(const Flags& flags, const std::string& directory,
                    nlohmann::ordered_json& report) {
  Rounds rounds(flags, directory);
  rounds.Run();
  std::vector<double> alone;
  std::vector<double> beside;
  std::vector<double> beside_pages;
  for (int round = 0; round < flags.rounds; ++round) {
    alone.push_back(rounds.Run());
    beside.push_back(rounds.RunWithLookups(flags.lookups_per_s, report));
    beside_pages.push_back(rounds.RunWithHistoryPages(report));
    fmt::print(
        "payments/s: {:.0f} alone, {:.0f} beside {} look-ups a second of {:.0f} us, {:.0f} "
        "beside {:.1f} pages of history a second\n",
        alone.back(), beside.back(), flags.lookups_per_s, report["lookup_us_median"].get<double>(),
        beside_pages.back(), report["history_pages_per_s"].get<double>());
    std::fflush(stdout);
  }
  report["lookups_per_s"] = flags.lookups_per_s;
  report["payments_per_s_beside_lookups_ratio"] = Median(beside) / Median(alone);
  report["payments_per_s_beside_history_ratio"] = Median(beside_pages) / Median(alone);
  rounds.ReadHistoryPages(report);
}

// A ledger for a node to serve.
void Prepare(const Flags& flags) {
  std::filesystem::create_directories(flags.directory);
  BulkLedger(flags.directory + "/data", flags.accounts).WriteFiles(flags.directory);
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("One ledger against the limits of the machine.");
  app.add_option("--accounts", flags.accounts, "accounts with funds");
  app.add_option("--batch", flags.batch, "payments in a bulk")
      ->check(CLI::Range(std::size_t{1}, core::kBulkPaymentsMax));
  app.add_option("--payments", flags.payments, "payments in a round");
  app.add_option("--rounds", flags.rounds, "rounds, of which the median counts")
      ->check(CLI::Range(1, 1000));
  app.add_option(
         "--only", flags.only,
         "limits: of the machine; sync, verify: one of them; in-process: without the floor; "
         "history: rounds on one "
         "growing ledger, first against last; repeats: a flood of repeats of old bulks; "
         "lookups: of old payments, beside new ones; prepare: "
         "files and data of a ledger for a node, into --dir")
      ->check(CLI::IsMember(
          {"limits", "sync", "verify", "in-process", "history", "repeats", "lookups", "prepare"}));
  app.add_option("--lookups", flags.lookups_per_s, "look-ups a second, of --only lookups")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--dir", flags.directory,
                 "work below this directory; the temporary one if left out");
  app.add_option("--json", flags.json, "write the figures here");
  CLI11_PARSE(app, argc, argv);
  if (flags.only == "prepare") {
    CW_CHECK(!flags.directory.empty(), "--only prepare needs --dir");
    Prepare(flags);
    return 0;
  }

  const std::string parent =
      flags.directory.empty() ? std::filesystem::temp_directory_path().string() : flags.directory;
  std::string directory = parent + "/causeway-bench-XXXXXX";
  CW_CHECK(::mkdtemp(directory.data()) != nullptr, "a directory can be made for the benchmark");
  nlohmann::ordered_json report;
  if (flags.only.empty() || flags.only == "sync") {
    report["sync_us_median"] = SyncMicrosMedian(directory);
    report["append_sync_us_median"] = AppendSyncMicrosMedian(directory);
  }
  if (flags.only == "verify") {
    report["p256_verifications_per_s"] = VerificationsPerSecond(core::SuiteId::kP256Sha256, 10'000);
  }
  if (flags.only == "limits") MeasureLimits(directory, report);
  if (flags.only.empty() || flags.only == "in-process") {
    MeasureInProcess(flags, directory + "/ledger", report);
  }
  if (flags.only.empty()) MeasureFloor(flags, directory + "/floor", report);
  if (flags.only == "history") MeasureHistory(flags, directory + "/history", report);
  if (flags.only == "repeats") MeasureRepeats(flags, directory + "/repeats", report);
  if (flags.only == "lookups") MeasureLookups(flags, directory + "/lookups", report);
  std::filesystem::remove_all(directory);
  fmt::print("{}\n", report.dump(2));
  if (!flags.json.empty()) std::ofstream(flags.json) << report.dump(2) << "\n";
  return 0;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
