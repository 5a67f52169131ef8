// What the machine can do, measured in the same run as what we do with it, so that results are
// ratios and not the weather of a shared machine.
#ifndef CAUSEWAY_TESTS_BENCH_MACHINE_LIMITS_H_
#define CAUSEWAY_TESTS_BENCH_MACHINE_LIMITS_H_

#include <cstddef>
#include <string>

#include "settlement/core/suite.h"

namespace causeway::bench {

// Median time of overwriting 4 KiB of a file in `directory` with fdatasync, microseconds.
double SyncMicrosMedian(const std::string& directory, int rounds = 200);

// The same of appending 4 KiB to a file that grows: the file system has its size, and where the new
// block lies, to write as well.
double AppendSyncMicrosMedian(const std::string& directory, int rounds = 200);

// Bytes per second of writing `bytes` to a new file of `directory` from start to end in blocks of
// 1 MiB, the sync at the end included.
double SequentialWriteRate(const std::string& directory, std::size_t bytes);

// Bytes per second of SHA-256 over blocks of 64 KiB on one core.
double Sha256Rate(std::size_t bytes = std::size_t{256} << 20);

// Signature verifications per second of OpenSSL on one core.
double VerificationsPerSecond(core::SuiteId suite, int rounds = 2000);

// Seconds on the steady clock.
double Now();

// Of this process: processor time of all threads in seconds, memory in bytes that is its own (what
// it freed given back first), bytes of files that are mapped and in memory, which the system takes
// back when it needs them, and bytes that it caused to be written to disks.
double ProcessorSeconds();
double MemoryBytes();
double MappedBytes();
double WrittenBytes();

// Bytes that the files below `directory` occupy on the disk.
double DiskBytes(const std::string& directory);

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_MACHINE_LIMITS_H_
