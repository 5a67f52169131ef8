// What a study costs: a T2 day from its CSV files to its indicators, a day on scarce liquidity with
// offsetting, how cost grows with the number of payments, and how all that compares with a plain
// loop of the same rules.
//
//   sim_bench [--smoke] [--rounds N] [--most N] [--dir DIR] [--json FILE]
//
// The payments are those of scenarios/studies/t2-day.txtpb, with more or fewer of them. Figures are
// medians of N rounds (3; growth is measured once a size), in seconds of the wall clock; those
// named cpu, and the ratios to the floor, in seconds of the processor, which neighbours do not
// lengthen.
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/study/folder.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/output.h"
#include "scenarios/study/preset.h"
#include "scenarios/study/runner.h"
#include "settlement/core/check.h"
#include "tests/bench/sim_floor.h"

namespace causeway::bench {
namespace {

using Json = nlohmann::ordered_json;

double SecondsOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double CpuSecondsOf(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

double MedianOf(int rounds, const std::function<double()>& measure) {
  std::vector<double> seconds;
  for (int i = 0; i < rounds; ++i) seconds.push_back(measure());
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

double MedianSecondsOf(int rounds, const std::function<void()>& work) {
  return MedianOf(rounds, [&work] { return SecondsOf(work); });
}

double MedianCpuSecondsOf(int rounds, const std::function<void()>& work) {
  return MedianOf(rounds, [&work] { return CpuSecondsOf(work); });
}

// A line of /proc/self/status in bytes.
std::uint64_t MemoryOf(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stoull(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

study::Preset LoadT2Day() {
  const std::string path = CAUSEWAY_SOURCE_DIR "/scenarios/studies/t2-day.txtpb";
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  study::ProblemList problems;
  absl::StatusOr<study::Preset> preset = study::ParsePreset(text, path, std::nullopt, problems);
  CW_CHECK(preset.ok(), "the preset is in the tree");
  return *std::move(preset);
}

study::Input DrawDay(const study::Preset& preset, std::uint32_t payments) {
  study::Workload workload = preset.workload;
  workload.streams[0].payments_per_day = payments;
  absl::StatusOr<study::Input> input = study::DrawWorkload(workload);
  CW_CHECK(input.ok(), "the preset is sound");
  return *std::move(input);
}

study::RunOptions ScarceOptions(const study::Preset& preset) {
  study::RunOptions options = preset.options;
  options.alpha = *study::ParseAlpha("0.03");
  options.lsm = {liquidity::Algorithm::kBechSoramaki};
  options.lsm_every = 2 * study::kMinuteUs;
  return options;
}

study::RunResult RunOf(const study::Input& input, const study::RunOptions& options) {
  absl::StatusOr<study::RunResult> result = study::RunStudy(input, options);
  CW_CHECK(result.ok(), "the options are sound");
  return *std::move(result);
}

class Bench {
 public:
  Bench(int rounds, std::string directory)
      : rounds_(rounds), directory_(std::move(directory)), preset_(LoadT2Day()) {}

  // From the files of a day on ample liquidity to its indicators.
  void MeasureT2Day(std::uint32_t payments) {
    fmt::print("a T2 day of {} payments ...\n", payments);
    const study::Input drawn = DrawDay(preset_, payments);
    CW_CHECK(study::WriteInputFolder(drawn, directory_).ok(), "the folder can be written");
    const study::DiskFolder folder(directory_);
    figures["t2_day_payments"] = payments;
    const auto from_files = [&] {
      const study::FolderResult read = study::ReadFolder(folder, 2);
      const study::RunResult result = RunOf(read.input, preset_.options);
      const study::Indicators indicators = study::ComputeIndicators(read.input, result);
      CW_CHECK(indicators.days[0].settled.count == payments, "ample liquidity settles everything");
    };
    figures["t2_day_s"] = MedianSecondsOf(rounds_, from_files);
    figures["t2_day_cpu_s"] = MedianCpuSecondsOf(rounds_, from_files);
    study::Input input;
    figures["t2_read_s"] =
        MedianSecondsOf(rounds_, [&] { input = study::ReadFolder(folder, 2).input; });
    MeasureParts("t2", input, preset_.options);
    const study::RunResult result = RunOf(input, preset_.options);
    const study::Indicators indicators = study::ComputeIndicators(input, result);
    figures["t2_write_s"] = MedianSecondsOf(rounds_, [&] {
      CW_CHECK(study::WriteResults(input, result, indicators, {}, directory_ + "/results").ok(),
               "results can be written");
    });
  }

  // On scarce liquidity with offsetting, from memory to indicators.
  void MeasureScarce(std::uint32_t payments) {
    fmt::print("{} payments on scarce liquidity ...\n", payments);
    const study::Input input = DrawDay(preset_, payments);
    const study::RunOptions options = ScarceOptions(preset_);
    figures["scarce_payments"] = payments;
    figures["million_scarce_lsm_s"] =
        MedianSecondsOf(rounds_, [&] { study::ComputeIndicators(input, RunOf(input, options)); });
    MeasureParts("scarce", input, options);
    figures["floor_ratio"] = figures["scarce_floor_ratio"];
  }

  // The smallest day from `least` to `most` payments, ten times as many each; ample liquidity.
  void MeasureGrowth(std::uint32_t least, std::uint32_t most) {
    std::vector<double> logs;
    std::vector<double> seconds;
    Json sizes = Json::object();
    for (std::uint32_t payments = least; payments <= most; payments *= 10) {
      fmt::print("growth: {} payments ...\n", payments);
      const study::Input input = DrawDay(preset_, payments);
      ::malloc_trim(0);  // else memory of earlier parts is taken for this one
      const std::uint64_t before = MemoryOf("VmRSS");
      std::ofstream("/proc/self/clear_refs") << "5";  // resets the high-water mark
      const double took = MedianSecondsOf(payments < 1'000'000 ? rounds_ : 1, [&] {
        study::ComputeIndicators(input, RunOf(input, preset_.options));
      });
      const std::uint64_t high = MemoryOf("VmHWM");
      // The input was there before, and is part of what a payment takes.
      const double input_bytes = sizeof(study::Payment) + sizeof(std::uint32_t);
      figures["bytes_per_payment"] =
          static_cast<double>(high > before ? high - before : 0) / payments + input_bytes;
      sizes[std::to_string(payments)] = took;
      logs.push_back(std::log(payments));
      seconds.push_back(took);
    }
    figures["growth_s"] = sizes;
    // n log n from 10,000 to 10 million is an exponent of 1.081.
    if (seconds.size() > 1) {
      figures["growth_exponent"] =
          std::log(seconds.back() / seconds.front()) / (logs.back() - logs.front());
      const double n_log_n =
          1 + std::log(logs.back() / logs.front()) / (logs.back() - logs.front());
      figures["growth_exponent_of_n_log_n"] = n_log_n;
    }
  }

  Json figures;

 private:
  // The run, the indicators and the floor of one day, which must agree on what settled.
  void MeasureParts(const std::string& name, const study::Input& input,
                    const study::RunOptions& options) {
    study::RunResult result;
    figures[name + "_run_s"] = MedianSecondsOf(rounds_, [&] { result = RunOf(input, options); });
    const double run = MedianCpuSecondsOf(rounds_, [&] { result = RunOf(input, options); });
    figures[name + "_run_cpu_s"] = run;
    figures[name + "_indicators_s"] =
        MedianSecondsOf(rounds_, [&] { study::ComputeIndicators(input, result); });
    std::vector<std::int64_t> balances;
    for (const study::AccountDay& day : result.account_days) balances.push_back(day.opening);
    FloorResult floor;
    const double floor_s = MedianCpuSecondsOf(rounds_, [&] {
      floor = RunFloor(input, balances, result.opens, result.closes,
                       options.lsm.empty() ? 0 : options.lsm_every);
    });
    std::int64_t settled_value = 0;
    for (const study::PaymentIndex i : result.settlement_order) {
      settled_value += input.payments[i].amount;
    }
    CW_CHECK(floor.settled == result.settlement_order.size(), "the floor has the same rules");
    CW_CHECK(floor.settled_value == settled_value, "the floor has the same rules");
    figures[name + "_settled"] = floor.settled;
    figures[name + "_floor_cpu_s"] = floor_s;
    figures[name + "_floor_ratio"] = run / floor_s;
  }

  int rounds_;
  std::string directory_;
  study::Preset preset_;
};

void PrintBars(const Json& figures) {
  const auto bar = [&](const char* what, const char* key, double most) {
    const double value = figures[key].get<double>();
    fmt::print("  {:<58}{:>10.4g}  at most {:<8.4g}{}\n", what, value, most,
               value <= most ? "" : "  MISSED");
  };
  bar("a T2 day from CSV to indicators, s", "t2_day_s", 1);
  bar("a million on scarce liquidity with offsetting, s", "million_scarce_lsm_s", 10);
  bar("that run / a plain loop of the same rules", "floor_ratio", 3);
  bar("growth exponent", "growth_exponent", figures["growth_exponent_of_n_log_n"].get<double>());
  fmt::print("  {:<58}{:>10.4g}\n", "bytes a payment", figures["bytes_per_payment"].get<double>());
}

int Main(int argc, char** argv) {
  CLI::App app{"Measures studies: causeway-sim run --csv.", "sim_bench"};
  bool smoke = false;
  int rounds = 3;
  std::uint32_t most = 10'000'000;
  std::string directory;
  std::string json;
  app.add_flag("--smoke", smoke, "Tiny: whether everything works");
  app.add_option("--rounds", rounds, "Of which the median counts")->check(CLI::Range(1, 100));
  app.add_option("--most", most, "Payments of the largest day")
      ->check(CLI::Range(100'000U, 100'000'000U));
  app.add_option("--dir", directory, "Below which to work (the temporary folder)");
  app.add_option("--json", json, "Write the figures as one flat object");
  CLI11_PARSE(app, argc, argv);
  const std::filesystem::path below =
      directory.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(directory);
  const std::filesystem::path work = below / fmt::format("sim_bench-{}", ::getpid());
  Bench bench(smoke ? 1 : rounds, work.string());
  bench.figures["size"] = smoke ? "smoke" : "full";
  bench.figures["rounds"] = smoke ? 1 : rounds;
  bench.MeasureT2Day(smoke ? 2'000 : 409'444);
  bench.MeasureScarce(smoke ? 5'000 : 1'000'000);
  bench.MeasureGrowth(smoke ? 100 : 10'000, smoke ? 10'000 : most);
  std::error_code ignored;
  std::filesystem::remove_all(work, ignored);
  fmt::print("\n{}\n\n", bench.figures.dump(2));
  PrintBars(bench.figures);
  if (json.empty()) return 0;
  std::ofstream file(json);
  file << bench.figures.dump(2) << "\n";
  file.close();
  if (!file.fail()) return 0;
  fmt::print(stderr, "cannot write {}\n", json);
  return 1;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
