// A whole corridor over gRPC with mutual TLS on loopback: payments and swaps per second and the
// latency of one payment, beside what the disk and the signature check allow in the same run.
// docs/performance.md tells what is measured and how to read it.
//
//   corridor_bench [--json FILE] [--runs N] [--only KEY] [--smoke] [--dir DIR] [--bin-dir DIR]
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/bench_corridor.h"
#include "tests/bench/corridor_load.h"
#include "tests/bench/in_flight.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

constexpr int kExitUsage = 64;
constexpr int kExitFailed = 70;

struct Flags {
  std::string json;
  std::string directory = std::filesystem::temp_directory_path();
  std::string bin_dir = std::filesystem::canonical("/proc/self/exe").parent_path();
  std::string only;
  int runs = 5;
  bool smoke = false;
};

enum class Kind : std::uint8_t { kEnvelope, kMany, kSwap };

struct Workload {
  std::string key;  // in the JSON
  std::string label;
  Kind kind = Kind::kEnvelope;
  std::size_t calls = 0;
  std::size_t per_call = 1;  // payments or swaps
  std::size_t in_flight = 1;
};

constexpr char kLatencyKey[] = "single_in_flight_1";

// All, or only the one with the key `only`.
std::vector<Workload> Workloads(bool smoke, const std::string& only) {
  std::vector<Workload> workloads = {
      {kLatencyKey, "payments, single, 1 in flight", Kind::kEnvelope, 500, 1, 1},
      {"single_in_flight_16", "payments, single, 16 in flight", Kind::kEnvelope, 4'000, 1, 16},
      {"single_in_flight_256", "payments, single, 256 in flight", Kind::kEnvelope, 6'000, 1, 256},
      {"many_256_in_flight_4", "payments, 256 envelopes a call, 4 in flight", Kind::kMany, 40, 256,
       4},
      {"batch_1000_in_flight_1", "payments, 1,000 an envelope, 1 in flight", Kind::kEnvelope, 30,
       1'000, 1},
      {"batch_1000_in_flight_4", "payments, 1,000 an envelope, 4 in flight", Kind::kEnvelope, 60,
       1'000, 4},
      {"swap_in_flight_1", "swaps, 1 in flight", Kind::kSwap, 60, 1, 1},
      {"swap_in_flight_16", "swaps, 16 in flight", Kind::kSwap, 400, 1, 16},
      {"swap_in_flight_64", "swaps, 64 in flight", Kind::kSwap, 600, 1, 64},
  };
  std::erase_if(workloads, [&only](const Workload& workload) {
    return !only.empty() && workload.key != only;
  });
  if (!smoke) return workloads;
  for (Workload& workload : workloads) workload.calls = 2;
  return workloads;
}

// What one workload or limit came to in every run.
struct Series {
  std::vector<double> rate;
  std::vector<double> latency_us_median;
  std::vector<double> latency_us_p99;
};
struct Measurements {
  std::vector<double> sync_us;
  std::vector<double> ed25519_per_s;
  std::vector<double> p256_per_s;
  std::vector<Series> workloads;
  double observer_behind_s_max = 0;
};

absl::StatusOr<Sample> Run(CorridorLoad& load, const Workload& workload) {
  switch (workload.kind) {
    case Kind::kEnvelope:
      return load.PayByEnvelope(workload.calls, workload.per_call, workload.in_flight);
    case Kind::kMany:
      return load.PayByMany(workload.calls, workload.per_call, workload.in_flight);
    case Kind::kSwap:
      return load.Swap(workload.calls, workload.in_flight);
  }
  return absl::InternalError("no such kind of workload");
}

void MeasureLimits(const std::string& directory, bool smoke, Measurements& out) {
  out.sync_us.push_back(SyncMicrosMedian(directory, smoke ? 10 : 200));
  const int verifications = smoke ? 100 : 2000;
  out.ed25519_per_s.push_back(VerificationsPerSecond(core::SuiteId::kEd25519Sha256, verifications));
  out.p256_per_s.push_back(VerificationsPerSecond(core::SuiteId::kP256Sha256, verifications));
}

// Every run does everything once, so that a change of the machine's load falls on all alike.
absl::StatusOr<Measurements> Measure(const Flags& flags, const std::vector<Workload>& workloads,
                                     const std::string& directory, CorridorLoad& load) {
  Measurements out;
  out.workloads.resize(workloads.size());
  for (int run = 0; run < flags.runs; ++run) {
    fmt::print(stderr, "run {} of {}\n", run + 1, flags.runs);
    MeasureLimits(directory, flags.smoke, out);
    for (std::size_t i = 0; i < workloads.size(); ++i) {
      const absl::StatusOr<Sample> sample = Run(load, workloads[i]);
      if (!sample.ok()) {
        return absl::Status(
            sample.status().code(),
            fmt::format("{}: {}", workloads[i].label, std::string(sample.status().message())));
      }
      Series& series = out.workloads[i];
      series.rate.push_back(sample->operations_per_s * static_cast<double>(workloads[i].per_call));
      series.latency_us_median.push_back(sample->latency_us_median);
      series.latency_us_p99.push_back(sample->latency_us_p99);
      const absl::StatusOr<double> behind_s = load.WaitForObserver();
      if (!behind_s.ok()) return behind_s.status();
      out.observer_behind_s_max = std::max(out.observer_behind_s_max, *behind_s);
    }
  }
  return out;
}

double LoadAverage() {
  double one_minute = 0;
  return getloadavg(&one_minute, 1) == 1 ? one_minute : 0;
}

double Least(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}
double Greatest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

void PrintTable(const Flags& flags, const std::vector<Workload>& workloads,
                const Measurements& measured, double load_average) {
  const double sync_us = Median(measured.sync_us);
  const double verifications = Median(measured.ed25519_per_s);
  fmt::print("{} cores, load {:.2f} before; median of {} runs\n",
             std::thread::hardware_concurrency(), load_average, flags.runs);
  fmt::print("4 KiB fdatasync in {}: {:.0f} us\n", flags.directory, sync_us);
  fmt::print("verifications per second on one core: {:.0f} ed25519, {:.0f} p256\n\n", verifications,
             Median(measured.p256_per_s));
  fmt::print("{:<44} {:>9} {:>19} {:>9} {:>9} {:>9} {:>9}\n", "", "per s", "least - most",
             "ms median", "ms p99", "of verify", "syncs");
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    const Series& series = measured.workloads[i];
    const double rate = Median(series.rate);
    const double latency_us = Median(series.latency_us_median);
    fmt::print("{:<44} {:>9.0f} {:>8.0f} - {:>8.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.1f}\n",
               workloads[i].label, rate, Least(series.rate), Greatest(series.rate),
               latency_us / 1e3, Median(series.latency_us_p99) / 1e3, rate / verifications,
               latency_us / sync_us);
  }
  fmt::print(
      "\nms: of one call, or of one swap. of verify: rate / ed25519 verifications of one core.\n"
      "syncs: median latency / fdatasync. The observer was {:.2f} s behind at most.\n",
      measured.observer_behind_s_max);
  if (workloads.front().key != kLatencyKey) return;
  const double latency_us = Median(measured.workloads.front().latency_us_median);
  fmt::print("one client, one payment at a time: {:.0f} us, {:.1f} times the fdatasync\n",
             latency_us, latency_us / sync_us);
}

nlohmann::ordered_json Report(const Flags& flags, const std::vector<Workload>& workloads,
                              const Measurements& measured, double load_average) {
  const double sync_us = Median(measured.sync_us);
  const double verifications = Median(measured.ed25519_per_s);
  nlohmann::ordered_json report;
  report["runs"] = flags.runs;
  report["cores"] = std::thread::hardware_concurrency();
  report["load_average_1min_before"] = load_average;
  report["sync_us_median"] = sync_us;
  report["ed25519_verifications_per_s"] = verifications;
  report["p256_verifications_per_s"] = Median(measured.p256_per_s);
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    const std::string& key = workloads[i].key;
    const Series& series = measured.workloads[i];
    const double rate = Median(series.rate);
    const char* unit = workloads[i].kind == Kind::kSwap ? "swaps" : "payments";
    report[fmt::format("{}_per_s_{}", unit, key)] = rate;
    report[fmt::format("{}_per_s_{}_least", unit, key)] = Least(series.rate);
    report[fmt::format("{}_per_s_{}_most", unit, key)] = Greatest(series.rate);
    report[fmt::format("latency_us_median_{}", key)] = Median(series.latency_us_median);
    report[fmt::format("latency_us_p99_{}", key)] = Median(series.latency_us_p99);
    report[fmt::format("rate_to_ed25519_ratio_{}", key)] = rate / verifications;
    report[fmt::format("latency_to_sync_ratio_{}", key)] =
        Median(series.latency_us_median) / sync_us;
  }
  report["observer_behind_s_max"] = measured.observer_behind_s_max;
  return report;
}

absl::Status Bench(const Flags& flags) {
  const double load_average = LoadAverage();
  const std::vector<Workload> workloads = Workloads(flags.smoke, flags.only);
  if (workloads.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("--only: no workload has the key {}", flags.only));
  }
  const std::string scenario = CAUSEWAY_SOURCE_DIR "/tests/bench/data/corridor.txtpb";
  const absl::StatusOr<std::unique_ptr<BenchCorridor>> corridor =
      BenchCorridor::Start(flags.bin_dir, scenario, flags.directory);
  if (!corridor.ok()) return corridor.status();
  const absl::StatusOr<std::unique_ptr<CorridorLoad>> load = CorridorLoad::Connect(**corridor);
  if (!load.ok()) return load.status();
  const absl::StatusOr<Measurements> measured =
      Measure(flags, workloads, (*corridor)->directory(), **load);
  if (!measured.ok()) return measured.status();
  if (absl::Status status = (*load)->CheckBalances(); !status.ok()) return status;
  if (absl::Status status = (*corridor)->Stop(); !status.ok()) return status;

  PrintTable(flags, workloads, *measured, load_average);
  if (flags.json.empty()) return absl::OkStatus();
  std::ofstream file(flags.json);
  file << Report(flags, workloads, *measured, load_average).dump(2) << "\n";
  file.close();
  return file ? absl::OkStatus()
              : absl::NotFoundError(fmt::format("--json: {} cannot be written", flags.json));
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app{"Payments and swaps through a corridor of real processes", "corridor_bench"};
  app.add_option("--json", flags.json, "Write the figures to this file");
  app.add_option("--runs", flags.runs, "Runs, of which the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--only", flags.only, "Only this workload, by its key in the JSON");
  app.add_flag("--smoke", flags.smoke, "Tiny and once: shows that it works, measures nothing");
  app.add_option("--dir", flags.directory, "Journals go to a new folder in this one")
      ->capture_default_str();
  app.add_option("--bin-dir", flags.bin_dir, "Where the programs lie");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (flags.smoke) flags.runs = 1;
  // The corridor is stopped and its folder removed on the way out of the run.
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(number, [](int) { InterruptRuns(); });
  }
  const absl::Status status = Bench(flags);
  if (status.ok()) return 0;
  std::cerr << "corridor_bench: " << std::string(status.message()) << "\n";
  return kExitFailed;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
