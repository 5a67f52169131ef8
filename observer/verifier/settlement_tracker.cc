#include "observer/verifier/settlement_tracker.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/core/checkpoint.h"

namespace causeway::observer {
namespace {

using core::InstructionStatus;

bool IsSettled(InstructionStatus status) { return status == InstructionStatus::kSettled; }

// Whether the ledger gave it up for good.
bool IsGivenUp(InstructionStatus status) {
  return status == InstructionStatus::kAborted || status == InstructionStatus::kRejected;
}

}  // namespace

// Why a settlement is not all or none, and whose log shows it.
struct SettlementTracker::Conflict {
  core::LedgerOrigin origin;
  std::string message;
  std::vector<Evidence> evidence = {};
};

SettlementTracker::Tracked& SettlementTracker::Get(const core::Hash256& settlement_id) {
  const auto [found, inserted] = tracked_.try_emplace(settlement_id);
  if (inserted) {
    found->second.settlement_id = settlement_id;
    order_.push_back(settlement_id);
    ++counts_.open;
  }
  return found->second;
}

void SettlementTracker::AddTerms(Tracked& tracked, const core::TermsHeader& terms) {
  for (const core::TermsLedger& ledger : terms.ledgers) tracked.in_terms.insert(ledger.ledger);
}

std::vector<Finding> SettlementTracker::OnLedger(const LedgerVerifier& ledger) {
  std::vector<Finding> findings;
  const core::LedgerOrigin& origin = ledger.origin();
  std::set<core::Hash256> touched;
  for (const SettlementTransition& transition : ledger.transitions()) {
    Tracked& tracked = Get(transition.settlement_id);
    touched.insert(transition.settlement_id);
    ObservedLeg& leg = tracked.legs[origin];
    leg.ledger = origin;
    if ((IsSettled(leg.status) && IsGivenUp(transition.status)) ||
        (IsGivenUp(leg.status) && IsSettled(transition.status))) {
      Report(tracked,
             {origin,
              fmt::format("ledger '{}' resolved it twice: {} at entry {} and {} at entry {}",
                          origin.text(), core::InstructionStatusName(leg.status), leg.entry_index,
                          core::InstructionStatusName(transition.status), transition.entry_index)},
             findings);
    }
    if (leg.status != transition.status) {
      leg.status = transition.status;
      leg.entry_index = transition.entry_index;
      tracked.entries[origin] = transition.entry;
    }
    if (transition.status == InstructionStatus::kPrepared && !leg.hold.has_value()) {
      leg.hold = transition.entry_index;
      if (!transition.held.empty()) tracked.held.emplace(origin, transition.held);
    }
  }
  for (const core::TermsHeader& terms : ledger.terms()) AddTerms(Get(terms.settlement_id), terms);
  for (const ShownCertificate& certificate : ledger.certificates()) {
    Tracked& tracked = Get(certificate.settlement_id);
    touched.insert(certificate.settlement_id);
    tracked.certificates.try_emplace(origin, certificate);
    LookAgain(certificate.decision_log, certificate.index, certificate.settlement_id);
  }
  sizes_[origin] = ledger.log().size();
  for (const core::Hash256& id : touched) Update(Get(id), findings);
  CheckDue(origin, ledger.log().size(), findings);
  return findings;
}

std::vector<Finding> SettlementTracker::OnDecisions(const DecisionLogVerifier& log) {
  std::vector<Finding> findings;
  sizes_[log.origin()] = log.log().size();
  for (const VerifiedDecision& decision : log.decisions()) {
    Tracked& tracked = Get(decision.record.settlement_id);
    tracked.verdict = decision.record.verdict;
    tracked.record = decision.record_bytes;
    if (decision.terms.has_value()) AddTerms(tracked, *decision.terms);
    for (std::size_t i = 0; i < decision.holds.size(); ++i) {
      const codec::VotedHold& hold = decision.holds[i];
      if (!in_view_.contains(hold.ledger)) continue;
      tracked.voted.emplace(hold.ledger, Voted{hold.leaf, hold.listed, decision.votes[i]});
      LookAgain(hold.ledger, hold.leaf, decision.record.settlement_id);
    }
    Update(tracked, findings);
  }
  CheckDue(log.origin(), log.log().size(), findings);
  return findings;
}

// Remembers to look at the settlement when that log has passed that leaf.
void SettlementTracker::LookAgain(const core::LedgerOrigin& origin, std::uint64_t index,
                                  const core::Hash256& settlement_id) {
  const bool followed = in_view_.contains(origin) || origin == decision_log_;
  if (followed && sizes_[origin] <= index) due_[origin].emplace(index, settlement_id);
}

void SettlementTracker::CheckDue(const core::LedgerOrigin& origin, std::uint64_t size,
                                 std::vector<Finding>& findings) {
  std::multimap<std::uint64_t, core::Hash256>& due = due_[origin];
  while (!due.empty() && due.begin()->first < size) {
    const core::Hash256 id = due.begin()->second;
    due.erase(due.begin());
    Update(Get(id), findings);
  }
}

std::optional<SettlementTracker::Taken> SettlementTracker::FindTaken(
    std::uint64_t size, const core::Hash256& root) const {
  const auto due = due_.find(decision_log_);
  if (due == due_.end()) return std::nullopt;
  for (const auto& [index, id] : due->second) {
    for (const auto& [origin, certificate] : tracked_.at(id).certificates) {
      if (certificate.decision_log != decision_log_) continue;
      const absl::StatusOr<core::SignedCheckpoint> under =
          core::ParseCheckpoint(certificate.checkpoint);
      if (!under.ok() || under->checkpoint.size != size || under->checkpoint.root != root) continue;
      return Taken{origin, id, certificate.record};
    }
  }
  return std::nullopt;
}

bool SettlementTracker::IsComplete(const Tracked& tracked) const {
  if (tracked.verdict == core::Verdict::kNone) return false;
  const bool commit = tracked.verdict == core::Verdict::kCommit;
  for (const auto& [origin, leg] : tracked.legs) {
    if (commit ? !IsSettled(leg.status) : !IsGivenUp(leg.status)) return false;
  }
  if (!commit) return true;
  for (const core::LedgerOrigin& origin : tracked.in_terms) {
    if (in_view_.contains(origin) && !tracked.legs.contains(origin)) return false;
  }
  return true;
}

SettlementTracker::Phase SettlementTracker::PhaseOf(const Tracked& tracked) const {
  if (IsComplete(tracked)) {
    return tracked.verdict == core::Verdict::kCommit ? Phase::kSettled : Phase::kAborted;
  }
  if (!decision_log_.IsEmpty() || tracked.legs.empty()) return Phase::kOpen;
  // Without a decision log in view the ledgers are all there is.
  bool all_settled = true;
  bool all_given_up = true;
  for (const auto& [origin, leg] : tracked.legs) {
    all_settled = all_settled && IsSettled(leg.status);
    all_given_up = all_given_up && IsGivenUp(leg.status);
  }
  for (const core::LedgerOrigin& origin : tracked.in_terms) {
    if (in_view_.contains(origin) && !tracked.legs.contains(origin)) all_settled = false;
  }
  if (all_given_up) return Phase::kAborted;
  return all_settled ? Phase::kSettled : Phase::kOpen;
}

void SettlementTracker::Update(Tracked& tracked, std::vector<Finding>& findings) {
  if (const std::optional<Conflict> conflict = FindConflict(tracked); conflict.has_value()) {
    Report(tracked, *conflict, findings);
  }
  DropShownVotes(tracked);
  const auto counter = [this](Phase phase) -> std::uint64_t& {
    if (phase == Phase::kSettled) return counts_.settled;
    return phase == Phase::kAborted ? counts_.aborted : counts_.open;
  };
  const Phase phase = PhaseOf(tracked);
  --counter(tracked.phase);
  ++counter(phase);
  tracked.phase = phase;
  if (phase != Phase::kOpen) tracked.entries.clear();
  if (tracked.verdict == core::Verdict::kAbort) tracked.held.clear();  // no votes come
}

std::optional<SettlementTracker::Conflict> SettlementTracker::FindConflict(
    const Tracked& tracked) const {
  const ObservedLeg* settled = nullptr;
  const ObservedLeg* given_up = nullptr;
  for (const auto& [origin, leg] : tracked.legs) {
    if (IsSettled(leg.status) && settled == nullptr) settled = &leg;
    if (IsGivenUp(leg.status) && given_up == nullptr) given_up = &leg;
  }
  if (settled != nullptr && tracked.verdict == core::Verdict::kAbort) {
    return Conflict{settled->ledger,
                    fmt::format("ledger '{}' settled it at entry {}, against the abort record",
                                settled->ledger.text(), settled->entry_index)};
  }
  if (given_up != nullptr && tracked.verdict == core::Verdict::kCommit) {
    return Conflict{
        given_up->ledger,
        fmt::format("ledger '{}' has it {} at entry {}, against the commit record",
                    given_up->ledger.text(), core::InstructionStatusName(given_up->status),
                    given_up->entry_index)};
  }
  if (settled != nullptr && given_up != nullptr) {
    return Conflict{
        given_up->ledger,
        fmt::format("ledger '{}' settled it at entry {}, ledger '{}' has it {} at entry {}",
                    settled->ledger.text(), settled->entry_index, given_up->ledger.text(),
                    core::InstructionStatusName(given_up->status), given_up->entry_index)};
  }
  if (std::optional<Conflict> conflict = FindRecordConflict(tracked)) return conflict;
  return FindVoteConflict(tracked);
}

// A ledger was completed by a certificate that is not of the record in the decision log.
std::optional<SettlementTracker::Conflict> SettlementTracker::FindRecordConflict(
    const Tracked& tracked) const {
  for (const auto& [origin, certificate] : tracked.certificates) {
    if (certificate.decision_log != decision_log_) continue;
    const auto size = sizes_.find(decision_log_);
    const bool record_is_due = size != sizes_.end() && size->second > certificate.index;
    if (!record_is_due || certificate.record == tracked.record) continue;
    return Conflict{
        origin,
        fmt::format("ledger '{}' took a certificate of record {} ({}); the decision log {}",
                    origin.text(), certificate.index, core::VerdictName(certificate.verdict),
                    tracked.record.empty() ? "has no record of this settlement there"
                                           : "has another record")};
  }
  return std::nullopt;
}

bool SettlementTracker::IsShown(const Tracked& tracked, const core::LedgerOrigin& origin,
                                const Voted& voted) const {
  const auto leg = tracked.legs.find(origin);
  return leg != tracked.legs.end() && leg->second.hold == voted.hold;
}

// A vote behind the commit speaks of a hold that the ledger's log does not have, or of other
// settlements of a list than are held there.
std::optional<SettlementTracker::Conflict> SettlementTracker::FindVoteConflict(
    const Tracked& tracked) const {
  for (const auto& [origin, voted] : tracked.voted) {
    const auto size = sizes_.find(origin);
    if (size == sizes_.end() || size->second <= voted.hold) continue;
    if (!IsShown(tracked, origin, voted)) {
      return Conflict{origin,
                      fmt::format("ledger '{}' voted for a hold at leaf {} that is not in its log",
                                  origin.text(), voted.hold),
                      {{kEvidenceVote, voted.vote}}};
    }
    const auto held = tracked.held.find(origin);
    if (held == tracked.held.end() || held->second == voted.listed) continue;
    std::uint32_t position = 0;
    while (held->second.Contains(position) == voted.listed.Contains(position)) ++position;
    const bool holds = held->second.Contains(position);
    return Conflict{origin,
                    fmt::format("ledger '{}' voted that it {} settlement {} of the list; its log "
                                "{} it at leaf {}",
                                origin.text(), holds ? "does not hold" : "holds", position,
                                holds ? "holds" : "refused to hold", voted.hold + 1 + position),
                    {{kEvidenceVote, voted.vote}}};
  }
  return std::nullopt;
}

void SettlementTracker::DropShownVotes(Tracked& tracked) const {
  for (auto voted = tracked.voted.begin(); voted != tracked.voted.end();) {
    const core::LedgerOrigin& origin = voted->first;
    const auto held = tracked.held.find(origin);
    const bool bits_differ = held != tracked.held.end() && held->second != voted->second.listed;
    if (!IsShown(tracked, origin, voted->second) || bits_differ) {
      ++voted;
      continue;
    }
    if (held != tracked.held.end()) tracked.held.erase(held);
    voted = tracked.voted.erase(voted);
  }
}

void SettlementTracker::Report(Tracked& tracked, const Conflict& conflict,
                               std::vector<Finding>& findings) {
  if (tracked.reported) return;
  tracked.reported = true;
  Finding finding;
  finding.kind = FindingKind::kSettlementNotAtomic;
  finding.origin = conflict.origin.ToString();
  finding.message = fmt::format("Settlement {} is not all or none: {}.",
                                tracked.settlement_id.ToHex(), conflict.message);
  finding.evidence.push_back({kEvidenceSettlement, std::string(tracked.settlement_id.view())});
  if (!tracked.record.empty()) finding.evidence.push_back({kEvidenceRecord, tracked.record});
  for (const auto& [origin, entry] : tracked.entries) {
    finding.evidence.push_back({fmt::format("entry:{}", origin.text()), entry});
  }
  for (const Evidence& piece : conflict.evidence) finding.evidence.push_back(piece);
  // What a ledger was shown says who is to blame: it, or the log that gave the certificate. First
  // that of the ledger which the finding is about.
  const auto add = [&](const ShownCertificate& shown) {
    finding.evidence.push_back({kEvidenceCertificateRecord, shown.record});
    finding.evidence.push_back({kEvidenceOtherCheckpoint, shown.checkpoint});
  };
  const auto first = tracked.certificates.find(conflict.origin);
  if (first != tracked.certificates.end()) add(first->second);
  for (auto each = tracked.certificates.begin(); each != tracked.certificates.end(); ++each) {
    if (each != first) add(each->second);
  }
  findings.push_back(std::move(finding));
}

ObservedSettlement SettlementTracker::View(const Tracked& tracked) const {
  ObservedSettlement view;
  view.settlement_id = tracked.settlement_id;
  view.verdict = tracked.verdict;
  view.complete = IsComplete(tracked);
  std::map<core::LedgerOrigin, ObservedLeg> legs = tracked.legs;
  for (const core::LedgerOrigin& origin : tracked.in_terms) legs[origin].ledger = origin;
  for (auto& [origin, leg] : legs) view.ledgers.push_back(std::move(leg));
  return view;
}

std::optional<ObservedSettlement> SettlementTracker::Find(
    const core::Hash256& settlement_id) const {
  const auto found = tracked_.find(settlement_id);
  if (found == tracked_.end()) return std::nullopt;
  return View(found->second);
}

std::vector<ObservedSettlement> SettlementTracker::List(std::uint64_t offset, std::size_t count,
                                                        bool open_only) const {
  std::vector<ObservedSettlement> views;
  for (const core::Hash256& id : order_) {
    if (views.size() == count) break;
    const Tracked& tracked = tracked_.at(id);
    if (open_only && tracked.phase != Phase::kOpen) continue;
    if (offset > 0) {
      --offset;
      continue;
    }
    views.push_back(View(tracked));
  }
  return views;
}

}  // namespace causeway::observer
