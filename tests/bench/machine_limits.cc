#include "tests/bench/machine_limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "settlement/core/check.h"

namespace causeway::bench {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double SyncMicrosMedian(const std::string& directory, int rounds) {
  const std::string path = directory + "/sync-probe";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  CW_CHECK(file >= 0, "the probe file opens");
  const std::string block(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const double start = Now();
    CW_CHECK(::pwrite(file, block.data(), block.size(), 0) == 4096, "the probe writes");
    CW_CHECK(::fdatasync(file) == 0, "the probe syncs");
    times.push_back((Now() - start) * 1e6);
  }
  ::close(file);
  ::unlink(path.c_str());
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds) / 2];
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

}  // namespace causeway::bench
