#include "central-bank-node/runtime/journal_audit.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "central-bank-node/runtime/node_files.h"
#include "settlement/codec/codec.h"
#include "settlement/core/batch.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/ledger.h"
#include "settlement/core/merkle.h"
#include "settlement/liquidity/ledger_selector.h"
#include "settlement/store/segment_journal.h"

namespace causeway::node {
namespace {

class Auditor {
 public:
  Auditor(std::unique_ptr<core::Ledger> ledger, const core::SignatureVerifier* verifier)
      : ledger_(std::move(ledger)), verifier_(verifier) {}

  absl::Status Take(std::uint64_t number, const core::Batch& batch) {
    if (number == 0) {
      if (batch.genesis != ledger_->genesis().bytes) return Wrong("it holds another genesis");
    } else {
      if (absl::Status status = Execute(batch); !status.ok()) return status;
    }
    absl::StatusOr<std::vector<std::string>> leaves = core::LeavesOf(batch);
    if (!leaves.ok()) return Wrong(std::string(leaves.status().message()));
    for (const std::string& leaf : *leaves) tree_.Append(core::LeafHash(leaf));
    return CheckHead(batch.checkpoint);
  }

  JournalReport Report() const {
    JournalReport report;
    report.leaves = tree_.size();
    report.root = tree_.Root();
    report.state_root = ledger_->StateRoot();
    report.time = ledger_->time();
    report.date = ledger_->date();
    report.phase = ledger_->phase();
    report.issued = ledger_->issued();
    report.participants = ledger_->participants().size();
    report.accounts = ledger_->accounts().size();
    report.prepared_settlements = ledger_->PreparedSettlements().size();
    return report;
  }

 private:
  static absl::Status Wrong(const std::string& what) { return absl::DataLossError(what); }

  absl::StatusOr<core::AdmittedItem> Admit(const core::Item& item) const {
    absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
    if (!body.ok()) return Wrong(std::string(body.status().message()));
    if (verifier_ == nullptr) {
      return core::Ledger::AdmitFromJournal(item.envelope, *std::move(body));
    }
    auto admitted = ledger_->Admit(item.envelope, *std::move(body), *verifier_);
    if (const auto* refused = std::get_if<core::Rejection>(&admitted)) {
      return Wrong("it holds an item that may not be in it: " + core::Describe(*refused));
    }
    return std::get<core::AdmittedItem>(std::move(admitted));
  }

  absl::Status Execute(const core::Batch& batch) {
    std::vector<core::AdmittedItem> admitted;
    for (const core::Item& item : batch.items) {
      absl::StatusOr<core::AdmittedItem> next = Admit(item);
      if (!next.ok()) return next.status();
      admitted.push_back(*std::move(next));
    }
    core::BatchResult result = ledger_->ApplyBatch(batch.header.time, admitted);
    if (result.header != batch.header || result.entries.size() != batch.entries.size()) {
      return Wrong("executing it again gives another batch header");
    }
    for (std::size_t i = 0; i < batch.entries.size(); ++i) {
      absl::StatusOr<core::Entry> entry = core::DecodeEntry(batch.entries[i]);
      if (!entry.ok()) return Wrong(std::string(entry.status().message()));
      result.entries[i].salt = entry->salt;
      if (result.entries[i] == *entry) continue;
      return Wrong(fmt::format("executing it again gives another entry at index {}",
                               result.entries[i].index));
    }
    if (!core::SameBulks(result, batch)) {
      return Wrong("executing it again gives other results of its bulks");
    }
    return absl::OkStatus();
  }

  absl::Status CheckHead(const std::string& note) const {
    absl::StatusOr<core::SignedCheckpoint> head = core::ParseCheckpoint(note);
    if (!head.ok()) return Wrong(std::string(head.status().message()));
    const core::Genesis& genesis = ledger_->genesis();
    if (head->checkpoint.origin != genesis.ledger.text() || head->checkpoint.size != tree_.size() ||
        head->checkpoint.root != tree_.Root()) {
      return Wrong("its checkpoint is not that of its leaves");
    }
    if (verifier_ == nullptr) return absl::OkStatus();
    absl::Status verified =
        core::VerifyCheckpoint(*head, genesis.ledger.text(), genesis.ledger_key, *verifier_);
    return verified.ok() ? verified : Wrong(std::string(verified.message()));
  }

  std::unique_ptr<core::Ledger> ledger_;
  const core::SignatureVerifier* const verifier_;
  core::MerkleTree tree_;
};

}  // namespace

absl::StatusOr<JournalReport> AuditJournal(const core::Genesis& genesis,
                                           const store::Journal& journal,
                                           const core::SignatureVerifier* verifier) {
  absl::StatusOr<std::unique_ptr<core::Ledger>> ledger =
      core::Ledger::Create(genesis, &liquidity::LedgerSelector());
  if (!ledger.ok()) return ledger.status();
  Auditor auditor(*std::move(ledger), verifier);
  for (std::uint64_t number = 0; number < journal.block_count(); ++number) {
    absl::StatusOr<store::Block> block = journal.Read(number);
    if (!block.ok()) return block.status();
    absl::StatusOr<core::Batch> batch = core::DecodeBatch(block->body);
    absl::Status status = batch.ok() ? auditor.Take(number, *batch) : batch.status();
    if (!status.ok()) {
      return absl::DataLossError(
          fmt::format("journal block {}: {}", number, std::string(status.message())));
    }
  }
  JournalReport report = auditor.Report();
  report.batches = journal.block_count();
  return report;
}

absl::StatusOr<JournalReport> AuditDirectory(const core::Genesis& genesis, const std::string& path,
                                             const core::SignatureVerifier* verifier,
                                             const std::string& archive) {
  // Opening creates what is not there, and this must only look.
  std::error_code error;
  if (!std::filesystem::is_directory(path, error) || std::filesystem::is_empty(path, error)) {
    return absl::NotFoundError(fmt::format("there is no journal in {}", path));
  }
  absl::StatusOr<std::unique_ptr<store::SegmentJournal>> journal =
      store::SegmentJournal::Open(path, LedgerJournalIdentity(genesis), {.archive = archive});
  if (!journal.ok()) return journal.status();
  return AuditJournal(genesis, **journal, verifier);
}

}  // namespace causeway::node
