// What the machine can do, measured in the same run as what we do with it, so that results are
// ratios and not the weather of a shared machine.
#ifndef CAUSEWAY_TESTS_BENCH_MACHINE_LIMITS_H_
#define CAUSEWAY_TESTS_BENCH_MACHINE_LIMITS_H_

#include <string>

#include "settlement/core/suite.h"

namespace causeway::bench {

// Median time of overwriting 4 KiB of a file in `directory` with fdatasync, microseconds.
double SyncMicrosMedian(const std::string& directory, int rounds = 200);

// Signature verifications per second of OpenSSL on one core.
double VerificationsPerSecond(core::SuiteId suite, int rounds = 2000);

// Seconds on the steady clock.
double Now();

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_MACHINE_LIMITS_H_
