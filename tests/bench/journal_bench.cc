// What it costs to make blocks durable, for each way to keep them: docs/adr/0006 was decided by it.
// Every way is measured in the same run, in turns, so that the neighbours' load meets all alike.
//
//   journal_bench [--directory DIR] [--rounds N] [--smoke]
//
// One line a size and way: median and 90th percentile of one durable append in microseconds, MB/s
// of block bytes, and the process's CPU time per append.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "settlement/core/check.h"
#include "settlement/store/lmdb_journal.h"
#include "settlement/store/segment_journal.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Result {
  std::vector<double> micros;
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t bytes = 0;
};

double CpuSeconds() {
  rusage usage{};
  CW_CHECK(getrusage(RUSAGE_SELF, &usage) == 0, "the process has a usage");
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Measure(int rounds, std::size_t size, const std::function<void(int)>& append, Result& result) {
  const double cpu = CpuSeconds();
  const double begin = Now();
  for (int i = 0; i < rounds; ++i) {
    const double start = Now();
    append(i);
    result.micros.push_back((Now() - start) * 1e6);
  }
  result.seconds += Now() - begin;
  result.cpu_seconds += CpuSeconds() - cpu;
  result.bytes += size * static_cast<std::size_t>(rounds);
}

// How the space of a bare file comes about.
enum class Space { kAppend, kAllocated, kPrewritten, kPrewrittenBeside };

void MeasureFile(const std::string& directory, Space space, bool direct, int rounds,
                 const std::string& body, Result& result) {
  const std::string path = directory + "/bare";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | (direct ? O_DIRECT : 0), 0600);
  CW_CHECK(file >= 0, "the file opens");
  const std::size_t align = direct ? 4096 : 8;
  const std::size_t step = (body.size() + align - 1) / align * align;
  const std::uint64_t total = (step * static_cast<std::size_t>(rounds) / kMiB + 24) * kMiB;
  void* zeros = nullptr;
  void* staged = nullptr;
  CW_CHECK(posix_memalign(&zeros, 4096, kMiB) == 0, "memory");
  CW_CHECK(posix_memalign(&staged, 4096, step + 4096) == 0, "memory");
  std::memset(zeros, 0, kMiB);
  std::memset(staged, 0, step + 4096);
  const auto prewrite = [&](std::uint64_t at) {
    CW_CHECK(::pwrite(file, zeros, kMiB, static_cast<off_t>(at)) == static_cast<ssize_t>(kMiB),
             "zeros are written");
  };
  if (space != Space::kAppend) {
    CW_CHECK(::fallocate(file, 0, 0, static_cast<off_t>(total)) == 0, "the disk has room");
  }
  if (space == Space::kPrewritten) {
    for (std::uint64_t at = 0; at < total; at += kMiB) prewrite(at);
  }
  CW_CHECK(::fsync(file) == 0, "the file syncs");
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> zeroed{0};
  std::atomic<bool> done{false};
  std::thread beside;
  if (space == Space::kPrewrittenBeside) {
    beside = std::thread([&] {
      while (!done) {
        // What the writer has passed is not zeroed any more.
        const std::uint64_t at = std::max<std::uint64_t>(zeroed, (written / kMiB + 2) * kMiB);
        if (at >= written + 16 * kMiB || at + kMiB > total) {
          std::this_thread::sleep_for(std::chrono::microseconds(200));
          continue;
        }
        prewrite(at);
        CW_CHECK(::fdatasync(file) == 0, "zeros are synced");
        zeroed = at + kMiB;
      }
    });
  }
  Measure(
      rounds, body.size(),
      [&](int i) {
        const void* from = body.data();
        std::size_t count = body.size();
        if (direct) {
          std::memcpy(staged, body.data(), body.size());
          from = staged;
          count = step;
        }
        const auto at = static_cast<off_t>(step * static_cast<std::size_t>(i));
        CW_CHECK(::pwrite(file, from, count, at) == static_cast<ssize_t>(count), "it writes");
        CW_CHECK(::fdatasync(file) == 0, "it syncs");
        written = static_cast<std::uint64_t>(at) + count;
      },
      result);
  done = true;
  if (beside.joinable()) beside.join();
  ::close(file);
  ::unlink(path.c_str());
  ::free(zeros);
  ::free(staged);
}

void MeasureJournal(store::Journal& journal, int rounds, const std::string& body, Result& result) {
  std::vector<store::Block> blocks(1);
  blocks[0].count = 1;
  blocks[0].body = body;
  Measure(
      rounds, body.size(),
      [&](int) {
        blocks[0].number = journal.block_count();
        blocks[0].first_index = journal.record_count();
        CW_CHECK(journal.Append(blocks, {}).ok(), "the journal takes the block");
      },
      result);
}

struct Way {
  std::string name;
  std::function<void(const std::string&, int, const std::string&, Result&)> run;
};

Way BareFile(std::string name, Space space, bool direct = false) {
  return {std::move(name), [space, direct](const std::string& directory, int rounds,
                                           const std::string& body, Result& result) {
            MeasureFile(directory, space, direct, rounds, body, result);
          }};
}

std::vector<Way> Ways() {
  const store::JournalIdentity identity{.kind = "bench", .name = "bench", .genesis = {}};
  return {
      BareFile("plain append", Space::kAppend),
      BareFile("allocated", Space::kAllocated),
      BareFile("prewritten before", Space::kPrewritten),
      BareFile("prewritten beside", Space::kPrewrittenBeside),
      BareFile("allocated, O_DIRECT", Space::kAllocated, true),
      BareFile("prewritten, O_DIRECT", Space::kPrewritten, true),
      {"journal on LMDB",
       [identity](const std::string& directory, int rounds, const std::string& body,
                  Result& result) {
         const std::string path = directory + "/lmdb";
         {
           auto journal = store::OpenLmdbJournal(path, identity);
           CW_CHECK(journal.ok(), "the journal opens");
           MeasureJournal(**journal, rounds, body, result);
         }
         std::filesystem::remove_all(path);
       }},
      {"journal of segments",
       [identity](const std::string& directory, int rounds, const std::string& body,
                  Result& result) {
         const std::string path = directory + "/segments";
         {
           auto journal = store::SegmentJournal::Open(path, identity);
           CW_CHECK(journal.ok(), "the journal opens");
           MeasureJournal(**journal, rounds, body, result);
         }
         std::filesystem::remove_all(path);
       }},
  };
}

double Percentile(std::vector<double>& values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

int Run(const std::string& parent, int rounds, bool smoke) {
  const std::string directory = parent + "/journal-bench";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::printf("overwriting 4 KiB with a data sync: median %.0f us\n",
              SyncMicrosMedian(directory, smoke ? 10 : 200));
  for (const std::size_t size : {300u, 4096u, 65536u, 819200u}) {
    const std::string body(size, 'b');
    const int appends = smoke ? 3 : (size > 100000 ? 100 : 200);
    const std::vector<Way> ways = Ways();
    std::vector<Result> results(ways.size());
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < ways.size(); ++i) {
        ways[i].run(directory, appends, body, results[i]);
      }
    }
    for (std::size_t i = 0; i < ways.size(); ++i) {
      Result& result = results[i];
      const auto count = static_cast<double>(result.micros.size());
      std::printf("%7zu B  %-21s median %6.0f us  p90 %6.0f us  %7.1f MB/s  CPU %5.0f us\n", size,
                  ways[i].name.c_str(), Percentile(result.micros, 0.5),
                  Percentile(result.micros, 0.9),
                  static_cast<double>(result.bytes) / result.seconds / 1e6,
                  result.cpu_seconds / count * 1e6);
    }
    std::fflush(stdout);
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) {
  std::string directory = ".";
  int rounds = 5;
  bool smoke = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--smoke") {
      smoke = true;
      rounds = 1;
    } else if (option == "--directory" && i + 1 < argc) {
      directory = argv[++i];
    } else if (option == "--rounds" && i + 1 < argc) {
      rounds = std::max(1, std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr, "usage: journal_bench [--directory DIR] [--rounds N] [--smoke]\n");
      return 2;
    }
  }
  return causeway::bench::Run(directory, rounds, smoke);
}
