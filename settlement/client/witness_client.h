// A connection to a witness of a decision log: how far it is, and what it found. Threads and errors
// as in ledger_client.h. The fields are documented in proto/causeway/v1/witness_service.proto.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_WITNESS_CLIENT_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_WITNESS_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/client/connection.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"

namespace causeway::client {

enum class WitnessEvidenceKind : std::uint8_t {
  kNone = 0,
  kForkedLog = 1,
  kInvalidRecord = 2,
  kStateLost = 3,
};
std::string_view WitnessEvidenceKindName(WitnessEvidenceKind kind);  // "forked-log", ...

// Signed bytes that prove it to anybody: docs/formats/witness.md tells how to check them.
struct WitnessEvidence {
  WitnessEvidenceKind kind = WitnessEvidenceKind::kNone;
  std::uint64_t epoch = 0;
  std::string message;  // for a person
  std::string ours;     // signed notes
  std::string theirs;
  std::string batch;
};

struct WitnessState {
  std::string name;
  core::PublicKey key;
  core::LedgerOrigin decision_log;
  std::uint64_t batches = 0;  // that it holds durably
  std::uint64_t size = 0;     // records in them
  std::string checkpoint;     // the log's signed note of that size; empty while it holds nothing
  bool refusing = false;      // it signs nothing, because of the evidence
  std::optional<WitnessEvidence> evidence;
};

class WitnessClient {
 public:
  // Only checks the options; the first call shows whether the witness is there.
  static absl::StatusOr<WitnessClient> Connect(const ConnectionOptions& options);
  ~WitnessClient();
  WitnessClient(WitnessClient&&) noexcept;
  WitnessClient& operator=(WitnessClient&&) noexcept;

  absl::StatusOr<WitnessState> GetWitness(CallOptions call = {}) const;

 private:
  struct Impl;
  explicit WitnessClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_WITNESS_CLIENT_H_
