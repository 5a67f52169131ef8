#include "observer/runtime/audit_engine.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::observer {
namespace {

std::string_view SettlementOf(const causeway::v1::Alert& alert) {
  for (const causeway::v1::Evidence& piece : alert.evidence()) {
    if (piece.name() == kEvidenceSettlement) return piece.content();
  }
  return {};
}

bool IsAboutSettlement(FindingKind kind) { return kind == FindingKind::kSettlementNotAtomic; }

// What an operator sends may be too large to be stored or shown as it is, and must not keep the
// alert from being either: the largest pieces stand there as their hashes.
void BoundEvidence(Finding& finding) {
  std::size_t bytes = 0;
  for (const Evidence& piece : finding.evidence) bytes += piece.content.size();
  while (bytes > kEvidenceBytesMax) {
    Evidence& largest = *std::max_element(finding.evidence.begin(), finding.evidence.end(),
                                          [](const Evidence& left, const Evidence& right) {
                                            return left.content.size() < right.content.size();
                                          });
    bytes -= largest.content.size();
    finding.message +=
        fmt::format(" ({} is of {} bytes, too many for an alert: its SHA-256 is kept.)",
                    largest.name, largest.content.size());
    largest.name += kEvidenceHashSuffix;
    largest.content = std::string(core::Sha256(largest.content).view());
    bytes += largest.content.size();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditEngine>> AuditEngine::Open(
    const ObserverConfig& config, std::unique_ptr<AuditStore> store,
    const core::SignatureVerifier& verifier, Clock clock) {
  std::unique_ptr<AuditEngine> engine(new AuditEngine(std::move(store), std::move(clock)));
  engine->corridor_ = std::make_unique<CorridorVerifier>(verifier);
  if (config.bridge.has_value()) {
    absl::Status added = engine->corridor_->AddDecisionLog(config.bridge->policies);
    if (!added.ok()) return added;
  }
  for (const FollowedLedger& ledger : config.ledgers) {
    absl::Status added = engine->corridor_->AddLedger(ledger.origin, ledger.genesis_hash);
    if (!added.ok()) return added;
  }
  for (std::uint64_t number = 1; number <= engine->store_->alert_count(); ++number) {
    absl::StatusOr<causeway::v1::Alert> alert = engine->store_->ReadAlert(number);
    if (!alert.ok()) return alert.status();
    engine->alerts_.push_back(*std::move(alert));
  }
  if (absl::Status replayed = engine->Replay(config); !replayed.ok()) return replayed;
  return engine;
}

absl::Status AuditEngine::Replay(const ObserverConfig& config) {
  std::vector<Finding> findings;
  if (config.bridge.has_value()) {
    absl::Status replayed = ReplayLog(config.bridge->decision_log.text(), findings);
    if (!replayed.ok()) return replayed;
  }
  for (const FollowedLedger& ledger : config.ledgers) {
    absl::Status replayed = ReplayLog(ledger.origin.text(), findings);
    if (!replayed.ok()) return replayed;
  }
  // The batch that halted a log was not stored, so that replaying does not halt it.
  for (const causeway::v1::Alert& alert : alerts_) {
    const std::optional<FindingKind> kind =
        FindingKindFromNumber(static_cast<std::uint64_t>(alert.kind()));
    if (kind.has_value() && !IsAboutSettlement(*kind)) corridor_->Halt(alert.origin());
  }
  return Raise(std::move(findings));
}

absl::Status AuditEngine::ReplayLog(std::string_view origin, std::vector<Finding>& findings) {
  const store::Journal* journal = store_->log(origin);
  CW_CHECK(journal != nullptr, "every followed log has a journal");
  for (std::uint64_t number = 0; number < journal->block_count(); ++number) {
    const absl::StatusOr<store::Block> block = journal->Read(number);
    if (!block.ok()) return block.status();
    Step step = Verify(origin, block->body);
    if (!step.accepted) {
      return absl::DataLossError(
          fmt::format("stored batch {} of '{}' does not verify: {}", number, origin,
                      step.findings.empty() ? "the log is halted" : step.findings.front().message));
    }
    for (Finding& finding : step.findings) findings.push_back(std::move(finding));
  }
  if (SizeOf(origin) == journal->record_count()) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("the stored batches of '{}' have {} leaves; the store "
                  "counts {}",
                  origin, SizeOf(origin), journal->record_count()));
}

Step AuditEngine::Verify(std::string_view origin, std::string_view bytes) {
  const DecisionLogVerifier* decision_log = corridor_->decision_log();
  if (decision_log != nullptr && decision_log->origin().text() == origin) {
    return corridor_->OnDecisionBatch(bytes);
  }
  const absl::StatusOr<core::LedgerOrigin> ledger = core::LedgerOrigin::Parse(origin);
  CW_CHECK(ledger.ok(), "the log is followed");
  return corridor_->OnLedgerBatch(*ledger, bytes);
}

absl::Status AuditEngine::OnBatch(std::string_view origin, std::string_view bytes) {
  const std::uint64_t size_before = SizeOf(origin);
  Step step = Verify(origin, bytes);
  if (step.accepted) {
    const auto leaf_count = static_cast<std::uint32_t>(SizeOf(origin) - size_before);
    absl::Status stored = store_->AppendBatch(origin, leaf_count, std::string(bytes));
    if (!stored.ok()) return stored;
  }
  return Raise(std::move(step.findings));
}

absl::Status AuditEngine::OnHead(std::string_view origin, std::string_view note,
                                 const GivenProof& proof) {
  return Raise(corridor_->OnHead(origin, note, proof));
}

absl::Status AuditEngine::OnCheckpoint(std::string_view origin, std::string_view note) {
  absl::StatusOr<std::vector<Finding>> findings = corridor_->OnCheckpoint(origin, note);
  return findings.ok() ? Raise(*std::move(findings)) : absl::OkStatus();
}

absl::Status AuditEngine::Recount() { return Raise(corridor_->Recount()); }

// Whether an alert of an earlier life says the same. A log is halted once; a settlement is reported
// once.
bool AuditEngine::IsKnown(const Finding& finding) const {
  return std::any_of(alerts_.begin(), alerts_.end(), [&](const causeway::v1::Alert& alert) {
    if (IsAboutSettlement(finding.kind)) {
      const std::string* settlement = finding.Find(kEvidenceSettlement);
      return static_cast<int>(alert.kind()) == static_cast<int>(finding.kind) &&
             settlement != nullptr && *settlement == SettlementOf(alert);
    }
    return alert.origin() == finding.origin &&
           static_cast<int>(alert.kind()) != static_cast<int>(FindingKind::kSettlementNotAtomic);
  });
}

absl::Status AuditEngine::Raise(std::vector<Finding> findings) {
  for (Finding& finding : findings) {
    if (IsKnown(finding)) continue;
    BoundEvidence(finding);
    causeway::v1::Alert alert;
    alert.set_number(alerts_.size() + 1);
    alert.set_kind(static_cast<causeway::v1::AlertKind>(finding.kind));
    alert.set_origin(finding.origin);
    alert.set_message(finding.message);
    for (Evidence& piece : finding.evidence) {
      causeway::v1::Evidence* out = alert.add_evidence();
      out->set_name(std::move(piece.name));
      out->set_content(std::move(piece.content));
    }
    alert.set_raised_us(clock_().micros());
    if (absl::Status stored = store_->AppendAlert(alert); !stored.ok()) return stored;
    alerts_.push_back(std::move(alert));
  }
  return absl::OkStatus();
}

const LogVerifier* AuditEngine::FindLog(std::string_view origin) const {
  const DecisionLogVerifier* decision_log = corridor_->decision_log();
  if (decision_log != nullptr && decision_log->origin().text() == origin) {
    return &decision_log->log();
  }
  const absl::StatusOr<core::LedgerOrigin> name = core::LedgerOrigin::Parse(origin);
  const LedgerVerifier* ledger = name.ok() ? corridor_->FindLedger(*name) : nullptr;
  CW_CHECK(ledger != nullptr, "the log is followed");
  return &ledger->log();
}

absl::StatusOr<std::vector<std::string>> AuditEngine::ReadBatches(std::string_view origin,
                                                                  std::uint64_t first,
                                                                  std::size_t bytes_max) const {
  const store::Journal* journal = store_->log(origin);
  if (journal == nullptr) return absl::NotFoundError(fmt::format("'{}' is not followed", origin));
  std::vector<std::string> batches;
  std::size_t bytes = 0;
  for (std::uint64_t number = first; number < journal->block_count() && bytes <= bytes_max;
       ++number) {
    absl::StatusOr<store::Block> block = journal->Read(number);
    if (!block.ok()) return block.status();
    bytes += block->body.size();
    batches.push_back(std::move(block->body));
  }
  return batches;
}

std::uint64_t AuditEngine::BatchCountOf(std::string_view origin) const {
  const store::Journal* journal = store_->log(origin);
  CW_CHECK(journal != nullptr, "the log is followed");
  return journal->block_count();
}

std::uint64_t AuditEngine::SizeOf(std::string_view origin) const { return FindLog(origin)->size(); }

bool AuditEngine::IsHalted(std::string_view origin) const {
  const DecisionLogVerifier* decision_log = corridor_->decision_log();
  if (decision_log != nullptr && decision_log->origin().text() == origin) {
    return decision_log->halted();
  }
  const absl::StatusOr<core::LedgerOrigin> name = core::LedgerOrigin::Parse(origin);
  const LedgerVerifier* ledger = name.ok() ? corridor_->FindLedger(*name) : nullptr;
  CW_CHECK(ledger != nullptr, "the log is followed");
  return ledger->halted();
}

}  // namespace causeway::observer
