// The key index alone: what looking up and inserting costs a payment while the ledger grows, in
// front and in the background, and what it takes of memory and disk.
//
//   key_index_bench [--keys N] [--json FILE] [--directory DIR] | --smoke
//
// Every payment has a new instruction id and a new UETR, in batches of 8,192. The windows measured
// begin at 0, 5, 20 and 50 million keys (with --smoke at a hundredth of that). Fingerprints are
// made before the clock runs; their cost is measured by itself.
#include <fmt/format.h>
#include <time.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "settlement/core/check.h"
#include "settlement/store/key_runs.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

using store::KeyFamily;
using store::KeyRuns;

constexpr std::size_t kBatch = 8192;

struct Arguments {
  std::uint64_t keys = 52'000'000;
  std::string json;
  std::string directory;
  bool smoke = false;
};

struct Window {
  std::uint64_t keys_before = 0;
  std::uint64_t keys = 0;
  double find_or_insert_ns = 0;  // of an instruction id
  double insert_ns = 0;          // of a UETR
  double end_batch_ns = 0;       // of a payment: what back-pressure costs
  std::size_t runs = 0;          // of instruction ids, at the end
};

// Processor time of this thread: the machine is shared.
double ThreadNanos() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::uint64_t Mixed(std::uint64_t key) {
  key += 0x9E3779B97F4A7C15;
  key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9;
  key = (key ^ (key >> 27)) * 0x94D049BB133111EB;
  return key ^ (key >> 31);
}

double FingerprintNanos() {
  const store::KeyFingerprinter fingerprint({1, 2, 3, 4});
  char key[24] = "PARTY..";
  std::uint64_t sum = 0;
  constexpr std::uint64_t kRounds = 4'000'000;
  const double start = ThreadNanos();
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    std::memcpy(key + 8, &i, sizeof(i));
    sum += fingerprint({key, sizeof(key)});
  }
  const double nanos = (ThreadNanos() - start) / kRounds;
  CW_CHECK(sum != 0, "the fingerprints are used");
  return nanos;
}

class Load {
 public:
  explicit Load(KeyRuns& index) : index_(index) {}
  std::uint64_t keys() const { return keys_; }

  void Batch(Window& window) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      ids_[i] = Mixed(2 * (keys_ + i));
      uetrs_[i] = Mixed(2 * (keys_ + i) + 1);
    }
    const double start = ThreadNanos();
    CW_CHECK(index_.FindOrInsert(ids_, keys_, candidates_).ok(), "the runs are whole");
    const double found = ThreadNanos();
    index_.Insert(KeyFamily::kUetr, uetrs_, keys_);
    const double inserted = ThreadNanos();
    for (const std::uint64_t candidate : candidates_) {
      CW_CHECK(candidate == store::kNoLeaf, "every id is new");
    }
    keys_ += kBatch;
    index_.MarkDurable(keys_);
    const double ending = ThreadNanos();
    CW_CHECK(index_.EndBatch(keys_).ok(), "the disk has room");
    window.end_batch_ns += ThreadNanos() - ending;
    window.find_or_insert_ns += found - start;
    window.insert_ns += inserted - found;
    window.keys += kBatch;
  }

 private:
  KeyRuns& index_;
  std::uint64_t keys_ = 0;
  std::vector<std::uint64_t> ids_ = std::vector<std::uint64_t>(kBatch);
  std::vector<std::uint64_t> uetrs_ = std::vector<std::uint64_t>(kBatch);
  std::vector<std::uint64_t> candidates_ = std::vector<std::uint64_t>(kBatch);
};

void Print(Window& window, nlohmann::json& json) {
  const auto keys = static_cast<double>(window.keys);
  window.find_or_insert_ns /= keys;
  window.insert_ns /= keys;
  window.end_batch_ns /= keys;
  fmt::print("{:>11} {:>10} {:>15.1f} {:>10.1f} {:>10.1f} {:>6}\n", window.keys_before, window.keys,
             window.find_or_insert_ns, window.insert_ns, window.end_batch_ns, window.runs);
  json.push_back({{"keys_before", window.keys_before},
                  {"find_or_insert_ns", window.find_or_insert_ns},
                  {"insert_ns", window.insert_ns},
                  {"end_batch_ns", window.end_batch_ns}});
}

double FindMicros(const KeyRuns& index, KeyFamily family, std::uint64_t keys) {
  constexpr int kFinds = 2000;
  const double start = Now();
  for (std::uint64_t i = 0; i < kFinds; ++i) {
    const std::uint64_t leaf = Mixed(i) % keys;
    const auto found = index.Find(family, Mixed(2 * leaf + (family == KeyFamily::kUetr ? 1 : 0)));
    CW_CHECK(found.ok() && found->front() == leaf, "what was inserted is found");
  }
  return (Now() - start) * 1e6 / kFinds;
}

int Run(const Arguments& arguments) {
  const std::string directory = arguments.directory.empty()
                                    ? std::filesystem::temp_directory_path() / "key-index-bench"
                                    : std::filesystem::path(arguments.directory);
  std::filesystem::remove_all(directory);
  KeyRuns::Options options{.directory = directory};
  if (arguments.smoke) options.table_keys_max = 64 << 10;
  const std::uint64_t scale = arguments.smoke ? 100 : 1;
  auto opened = KeyRuns::Open(options, 0);
  CW_CHECK(opened.ok(), "the index opens");
  KeyRuns& index = **opened;
  Load load(index);
  nlohmann::json json = {{"fingerprint_ns", FingerprintNanos()}};
  fmt::print("a fingerprint of 24 bytes: {:.1f} ns\n\n", json["fingerprint_ns"].get<double>());
  fmt::print(
      "keys before  in window  find or insert     insert  end batch   runs\n"
      "                         ns / ins. id  ns / UETR ns / paym.\n");
  const double start = Now();
  Window all;
  for (const std::uint64_t from : {0, 5'000'000, 20'000'000, 50'000'000}) {
    if (from > arguments.keys) break;
    while (load.keys() < from / scale) load.Batch(all);
    Window window{.keys_before = load.keys()};
    while (window.keys < 2'000'000 / scale) load.Batch(window);
    window.runs = index.stats().runs[0];
    all.keys += window.keys;
    all.find_or_insert_ns += window.find_or_insert_ns;
    all.insert_ns += window.insert_ns;
    all.end_batch_ns += window.end_batch_ns;
    Print(window, json["windows"]);
  }
  const double seconds = Now() - start;
  fmt::print("all of it\n");
  all.runs = index.stats().runs[0];
  Print(all, json["all"]);
  index.WaitUntilIdle();
  const KeyRuns::Stats stats = index.stats();
  const auto keys = static_cast<double>(load.keys());
  json["background_ns_per_payment"] = stats.background_seconds * 1e9 / keys;
  json["written_bytes_per_payment"] = static_cast<double>(stats.written_bytes) / keys;
  for (std::size_t family = 0; family < store::kKeyFamilies; ++family) {
    const auto in_runs = static_cast<double>(stats.run_keys[family]);
    json["disk_bytes_per_key"].push_back(static_cast<double>(stats.disk_bytes[family]) / in_runs);
  }
  json["find_instruction_us"] = FindMicros(index, KeyFamily::kInstruction, load.keys());
  json["find_uetr_us"] = FindMicros(index, KeyFamily::kUetr, load.keys());
  fmt::print(
      "\n{} payments in {:.1f} s, of which waiting for the background {:.1f} s; merges: {}\n"
      "instruction ids that the filters did not rule out: {:.3f}%\n"
      "background: {:.1f} ns of processor and {:.1f} bytes written a payment (both families)\n"
      "disk, bytes a key: instruction ids {:.2f} in {} runs, UETRs {:.2f} in {} runs\n"
      "memory: {:.0f} MiB in all\n"
      "one lookup: instruction id {:.1f} us, UETR {:.1f} us\n",
      load.keys(), seconds, stats.waited_seconds, stats.merges,
      100 * static_cast<double>(stats.uncertain) / keys,
      json["background_ns_per_payment"].get<double>(),
      json["written_bytes_per_payment"].get<double>(), json["disk_bytes_per_key"][0].get<double>(),
      stats.runs[0], json["disk_bytes_per_key"][1].get<double>(), stats.runs[1],
      static_cast<double>(stats.memory_bytes) / (1 << 20),
      json["find_instruction_us"].get<double>(), json["find_uetr_us"].get<double>());
  opened->reset();
  const double opening = Now();
  auto again = KeyRuns::Open(options, load.keys());
  CW_CHECK(again.ok() && (*again)->covered() + 2 * options.table_keys_max >= load.keys(),
           "the runs are taken again");
  json["open_ms"] = (Now() - opening) * 1e3;
  fmt::print("opening again: {:.0f} ms, {} keys to insert from the journal\n",
             json["open_ms"].get<double>(), load.keys() - (*again)->covered());
  again->reset();
  std::filesystem::remove_all(directory);
  if (!arguments.json.empty()) std::ofstream(arguments.json) << json.dump(2) << "\n";
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--smoke") {
      arguments.smoke = true;
    } else if (name == "--keys" && i + 1 < argc) {
      arguments.keys = std::strtoull(argv[++i], nullptr, 10);
    } else if (name == "--json" && i + 1 < argc) {
      arguments.json = argv[++i];
    } else if (name == "--directory" && i + 1 < argc) {
      arguments.directory = argv[++i];
    } else {
      fmt::print(stderr,
                 "usage: key_index_bench [--keys N] [--json FILE] [--directory DIR] | --smoke\n");
      return 64;
    }
  }
  return Run(arguments);
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
