// The manifest of a directory of runs: which of them count, and so which leaves they cover. Written
// whole, synced and renamed into place. Format: docs/formats/key-runs.md.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MANIFEST_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MANIFEST_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/key_runs_file.h"

namespace causeway::store {

inline constexpr char kKeyManifestName[] = "keys.manifest";
inline constexpr char kNewKeyManifestName[] = "keys.manifest.new";

struct ManifestRun {
  std::uint8_t level = 0;  // how often its keys have been merged
  std::uint64_t number = 0;
  std::uint64_t from_leaf = 0;
  std::uint64_t to_leaf = 0;
  std::uint64_t keys = 0;

  friend bool operator==(const ManifestRun&, const ManifestRun&) = default;
};

struct KeyManifest {
  std::uint64_t scope = 0;
  std::uint64_t next_number = 1;  // of the next run: higher than any before
  // Oldest first: the first begins at leaf 0, each other where the one before it ends.
  std::array<std::vector<ManifestRun>, kKeyFamilies> runs;

  friend bool operator==(const KeyManifest&, const KeyManifest&) = default;
};

std::string EncodeKeyManifest(const KeyManifest& manifest);
absl::StatusOr<KeyManifest> DecodeKeyManifest(std::string_view bytes);

// NotFound when there is none, DataLoss when it is damaged.
absl::StatusOr<KeyManifest> LoadKeyManifest(const std::string& directory, const IoFault& fault);
// Durable on return. On an error either the old or the new one is there.
absl::Status StoreKeyManifest(const std::string& directory, const KeyManifest& manifest,
                              const IoFault& fault);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_MANIFEST_H_
