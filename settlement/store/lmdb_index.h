// The LMDB part of a journal of segments: its identity, its own records and its user's metadata.
#ifndef CAUSEWAY_SETTLEMENT_STORE_LMDB_INDEX_H_
#define CAUSEWAY_SETTLEMENT_STORE_LMDB_INDEX_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/journal.h"
#include "settlement/store/lmdb_directory.h"

namespace causeway::store {

// Whose records: the journal's own, or its user's.
enum class IndexSpace { kSystem, kUser };

// Thread-safe. Holds the directory until destruction.
class LmdbIndex {
 public:
  // Opens the index in `directory`, or creates it there with the records `initial`, and `user` in
  // its user's space. Refuses as OpenLmdbJournal does; a journal of format 1 is foreign.
  static absl::StatusOr<std::unique_ptr<LmdbIndex>> Open(HeldDirectory directory,
                                                         const JournalIdentity& identity,
                                                         std::uint64_t map_bytes_max,
                                                         std::span<const MetaWrite> initial,
                                                         std::span<const MetaWrite> user = {});
  ~LmdbIndex();
  LmdbIndex(const LmdbIndex&) = delete;
  LmdbIndex& operator=(const LmdbIndex&) = delete;

  const std::string& path() const;

  // Writes all, durably, or nothing. After an error the outcome is unknown.
  absl::Status Commit(std::span<const MetaWrite> system, std::span<const MetaWrite> user);
  absl::StatusOr<std::optional<std::string>> Get(IndexSpace space, std::string_view key) const;
  // Records whose key begins with `prefix`, in the order of their bytes.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> List(
      IndexSpace space, std::string_view prefix) const;
  // Writes a durable copy of the index, as of one moment, into the existing directory `path`.
  absl::Status CopyTo(const std::string& path) const;

 private:
  struct State;
  explicit LmdbIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_LMDB_INDEX_H_
