// Verifies the file of an LMDB 0.9 environment without LMDB, by reading and never by mapping.
//
// LMDB trusts its file: it has no page checksums, a truncated file kills the process with SIGBUS
// and a damaged page makes it read or write anywhere. So nothing is handed to LMDB before every
// structure that it would follow has been followed here: both meta pages, every tree, every page
// that they own, and the list of free pages. What the records themselves hold is not looked at.
#ifndef CAUSEWAY_SETTLEMENT_STORE_LMDB_CHECK_H_
#define CAUSEWAY_SETTLEMENT_STORE_LMDB_CHECK_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace causeway::store {

// A named database that the environment must have.
struct LmdbDatabase {
  std::string_view name;
  bool integer_keys = false;  // 8-byte integers in the machine's order, else byte strings
};

// OK when the file at `path` is a whole environment with exactly `databases`. FailedPrecondition
// when it is no LMDB file or one with other databases; DataLoss with the place when it is damaged
// or truncated; Internal when it cannot be read.
absl::Status CheckLmdbFile(const std::string& path, std::span<const LmdbDatabase> databases);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_LMDB_CHECK_H_
