// Reads a ledger's journal from its beginning and checks everything in it that can be checked
// without the node's secrets: what `causeway-node info` and `verify` show. An operator's tool:
// independent verification is the observer's (../../observer).
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_JOURNAL_AUDIT_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_JOURNAL_AUDIT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "settlement/core/command.h"
#include "settlement/core/suite.h"
#include "settlement/store/journal.h"

namespace causeway::node {

struct JournalReport {
  std::uint64_t batches = 0;  // with the genesis
  std::uint64_t leaves = 0;
  core::Hash256 root;
  core::Hash256 state_root;
  core::LedgerTime time;
  core::BusinessDate date;
  core::DayPhase phase = core::DayPhase::kNone;
  core::Amount issued;
  std::size_t participants = 0;
  std::size_t accounts = 0;
  std::size_t prepared_settlements = 0;
};

// Executes every batch again and compares headers, entries and checkpoint roots; with `verifier`
// given also checks every signature and certificate. DataLoss names the first block that differs.
absl::StatusOr<JournalReport> AuditJournal(const core::Genesis& genesis,
                                           const store::Journal& journal,
                                           const core::SignatureVerifier* verifier);

// The same for the journal in an existing directory, which no node may have open. NotFound when
// there is none. Archived segments are read from directory `archive`.
absl::StatusOr<JournalReport> AuditDirectory(const core::Genesis& genesis, const std::string& path,
                                             const core::SignatureVerifier* verifier,
                                             const std::string& archive = {});

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_JOURNAL_AUDIT_H_
