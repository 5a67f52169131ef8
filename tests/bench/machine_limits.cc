#include "tests/bench/machine_limits.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <vector>

#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::bench {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

namespace {

// Of writing 4 KiB `step` bytes behind those before, with fdatasync.
double BlockSyncMicrosMedian(const std::string& directory, int rounds, off_t step) {
  const std::string path = directory + "/sync-probe";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  CW_CHECK(file >= 0, "the probe file opens");
  const std::string block(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const double start = Now();
    CW_CHECK(::pwrite(file, block.data(), block.size(), i * step) == 4096, "the probe writes");
    CW_CHECK(::fdatasync(file) == 0, "the probe syncs");
    times.push_back((Now() - start) * 1e6);
  }
  ::close(file);
  ::unlink(path.c_str());
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds) / 2];
}

struct ResidentPages {
  double all = 0;
  double of_files = 0;
};

ResidentPages ReadResidentPages() {
  std::ifstream file("/proc/self/statm");
  double virtual_pages = 0;
  ResidentPages pages;
  file >> virtual_pages >> pages.all >> pages.of_files;
  return pages;
}

}  // namespace

double SyncMicrosMedian(const std::string& directory, int rounds) {
  return BlockSyncMicrosMedian(directory, rounds, 0);
}

double AppendSyncMicrosMedian(const std::string& directory, int rounds) {
  return BlockSyncMicrosMedian(directory, rounds, 4096);
}

double SequentialWriteRate(const std::string& directory, std::size_t bytes) {
  const std::string path = directory + "/write-probe";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  CW_CHECK(file >= 0, "the probe file opens");
  const std::string block(std::size_t{1} << 20, 'x');
  const double start = Now();
  for (std::size_t written = 0; written < bytes; written += block.size()) {
    CW_CHECK(::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()),
             "the probe writes");
  }
  CW_CHECK(::fdatasync(file) == 0, "the probe syncs");
  const double elapsed = Now() - start;
  ::close(file);
  ::unlink(path.c_str());
  return static_cast<double>((bytes + block.size() - 1) / block.size() * block.size()) / elapsed;
}

double Sha256Rate(std::size_t bytes) {
  const std::string block(std::size_t{64} << 10, 'x');
  const std::size_t blocks = std::max<std::size_t>(1, bytes / block.size());
  core::Hash256 digest;
  const double start = Now();
  for (std::size_t i = 0; i < blocks; ++i) digest = core::Sha256(block);
  const double elapsed = Now() - start;
  CW_CHECK(!digest.IsZero(), "a digest is used");
  return static_cast<double>(blocks * block.size()) / elapsed;
}

double VerificationsPerSecond(core::SuiteId suite, int rounds) {
  const auto key = core::GenerateKey(suite);
  CW_CHECK(key.ok(), "the suite is built in");
  const std::string message(200, 'm');
  const auto signature = (*key)->Sign(message);
  CW_CHECK(signature.ok(), "a software key signs");
  const core::OpenSslSignatureVerifier verifier;
  const double start = Now();
  for (int i = 0; i < rounds; ++i) {
    CW_CHECK(verifier.Verify((*key)->public_key(), message, *signature), "it verifies");
  }
  return rounds / (Now() - start);
}

double ProcessorSeconds() {
  rusage usage{};
  CW_CHECK(::getrusage(RUSAGE_SELF, &usage) == 0, "a process may ask for its own usage");
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double MemoryBytes() {
  ::malloc_trim(0);
  const ResidentPages pages = ReadResidentPages();
  return (pages.all - pages.of_files) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double MappedBytes() {
  return ReadResidentPages().of_files * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double WrittenBytes() {
  std::ifstream file("/proc/self/io");
  std::string name;
  double value = 0;
  while (file >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

double DiskBytes(const std::string& directory) {
  double bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      bytes += static_cast<double>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

}  // namespace causeway::bench
