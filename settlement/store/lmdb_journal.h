// Journal on LMDB, by the rules of docs/architecture.md: every commit is synced (never NOSYNC,
// NOMETASYNC, MAPASYNC or WRITEMAP); each block carries its checksum and the hash chain.
#ifndef CAUSEWAY_SETTLEMENT_STORE_LMDB_JOURNAL_H_
#define CAUSEWAY_SETTLEMENT_STORE_LMDB_JOURNAL_H_

#include <memory>
#include <string>

#include "settlement/store/journal.h"

namespace causeway::store {

struct LmdbOptions {
  std::uint64_t map_bytes_max = std::uint64_t{64} << 30;
  // Blocks at the end whose checksums and chain are verified on open; 0 means all.
  std::uint64_t verify_tail_blocks = 0;
};

// Opens the journal in directory `path`, or creates it there when there is none. Refuses, with the
// place and the reason and without changing anything: FailedPrecondition for a foreign journal
// (other identity or format version) or one that another process has open; DataLoss for a damaged
// or truncated one; Internal for an error of the system.
absl::StatusOr<std::unique_ptr<Journal>> OpenLmdbJournal(const std::string& path,
                                                         const JournalIdentity& identity,
                                                         const LmdbOptions& options = {});

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_LMDB_JOURNAL_H_
