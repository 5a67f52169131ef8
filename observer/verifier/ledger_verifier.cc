#include "observer/verifier/ledger_verifier.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/liquidity/ledger_selector.h"

namespace causeway::observer {
namespace {

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// What a refusal of an item that stands in the log says about the log.
FindingKind KindOfRefusal(core::Outcome outcome) {
  switch (outcome) {
    case core::Outcome::kMalformed:
      return FindingKind::kMalformedBatch;
    case core::Outcome::kBadSignature:
    case core::Outcome::kUnknownKey:
    case core::Outcome::kNotSignedByParty:
      return FindingKind::kBadSignature;
    default:
      return FindingKind::kEntryDiffers;
  }
}

bool AddTo(core::Amount& sum, core::Amount amount) {
  const std::optional<core::Amount> added = core::CheckedAdd(sum, amount);
  if (!added.has_value()) return false;
  sum = *added;
  return true;
}

bool ChangesSupply(core::TransactionCode code) {
  return code == core::TransactionCode::kIssue || code == core::TransactionCode::kRedemption;
}

}  // namespace

// A batch on its way through the checks.
struct LedgerVerifier::Opened {
  std::vector<core::AdmittedItem> items;
  std::vector<core::Entry> entries;
  core::Amount issued;          // with this batch
  core::Amount in_circulation;  // with this batch
};

std::string Describe(const Override& order) {
  const std::string name = fmt::format("{} {}", core::ActionKindName(order.instruction.kind),
                                       order.instruction.id.text());
  if (order.instruction.kind == core::ActionKind::kOrderAbort) {
    return fmt::format("{} of settlement {}, on the basis of: {}", name,
                       order.settlement_id.ToHex(), order.legal_basis);
  }
  if (order.instruction.kind == core::ActionKind::kSetFreeze) {
    return fmt::format("{}: {} is {}, on the basis of: {}", name, order.account.ToString(),
                       order.frozen ? "frozen" : "free again", order.legal_basis);
  }
  const core::Currency& currency = order.amount.currency;
  return fmt::format("{} of {} {} from {} to {}, on the basis of: {}", name,
                     core::FormatAmount(order.amount.amount, currency.minor_digits()),
                     currency.code(), order.debtor.ToString(), order.creditor.ToString(),
                     order.legal_basis);
}

LedgerVerifier::LedgerVerifier(const core::LedgerOrigin& origin, const core::Hash256& genesis_hash,
                               const core::SignatureVerifier& verifier)
    : origin_(origin),
      genesis_hash_(genesis_hash),
      verifier_(&verifier),
      log_(origin.ToString(), verifier) {}

std::optional<Finding> LedgerVerifier::Halted(std::optional<Finding> finding) {
  if (finding.has_value()) halted_ = true;
  return finding;
}

std::optional<Finding> LedgerVerifier::OnBatch(std::string_view batch_bytes) {
  if (halted_) return std::nullopt;
  transitions_.clear();
  terms_.clear();
  certificates_.clear();
  const auto malformed = [&](std::string message) {
    Finding finding = log_.MakeFinding(FindingKind::kMalformedBatch, std::move(message));
    finding.evidence.push_back({kEvidenceBatch, std::string(batch_bytes)});
    return finding;
  };
  const absl::StatusOr<core::Batch> batch = core::DecodeBatch(batch_bytes);
  if (!batch.ok()) {
    return Halted(
        malformed(fmt::format("The bytes after batch {} are not a batch: {}.",
                              static_cast<std::int64_t>(next_batch_) - 1, Text(batch.status()))));
  }
  const core::BatchHeader& header = batch->header;
  if (header.number != next_batch_ || header.first_index != log_.size()) {
    return Halted(
        malformed(fmt::format("Batch {} at leaf {} was given where batch {} at leaf {} "
                              "follows.",
                              header.number, header.first_index, next_batch_, log_.size())));
  }
  if (next_batch_ > 0 && header.time < time_) {
    return Halted(malformed(fmt::format("Batch {} has time {}, before {} of the one before it.",
                                        header.number, header.time.ToString(), time_.ToString())));
  }
  std::optional<Finding> finding =
      next_batch_ == 0 ? VerifyGenesis(*batch, batch_bytes) : VerifyBatch(*batch, batch_bytes);
  return Halted(std::move(finding));
}

std::optional<Finding> LedgerVerifier::VerifyGenesis(const core::Batch& batch,
                                                     std::string_view bytes) {
  const auto malformed = [&](std::string message) {
    Finding finding = log_.MakeFinding(FindingKind::kMalformedBatch, std::move(message));
    finding.evidence.push_back({kEvidenceBatch, std::string(bytes)});
    return finding;
  };
  const absl::StatusOr<core::Genesis> genesis = codec::DecodeGenesis(batch.genesis);
  if (!genesis.ok()) {
    return malformed(fmt::format("The genesis cannot be read: {}.", Text(genesis.status())));
  }
  if (genesis->hash != genesis_hash_ || genesis->ledger != origin_) {
    return malformed(fmt::format(
        "The genesis is that of '{}' with hash {}; followed is '{}' with "
        "hash {}.",
        genesis->ledger.text(), genesis->hash.ToHex(), origin_.text(), genesis_hash_.ToHex()));
  }
  absl::StatusOr<std::unique_ptr<core::Ledger>> ledger =
      core::Ledger::Create(*genesis, &liquidity::LedgerSelector());
  if (!ledger.ok()) {
    return malformed(fmt::format("No ledger starts from this genesis: {}.", Text(ledger.status())));
  }
  log_.SetKey(genesis->ledger_key);
  const absl::StatusOr<std::vector<std::string>> leaves = core::LeavesOf(batch);
  if (!leaves.ok()) return malformed(fmt::format("{}.", Text(leaves.status())));
  if (auto finding = log_.Stage(*leaves, batch.checkpoint, bytes)) return finding;
  log_.Commit();
  ledger_ = *std::move(ledger);
  next_batch_ = 1;
  return std::nullopt;
}

std::optional<Finding> LedgerVerifier::VerifyBatch(const core::Batch& batch,
                                                   std::string_view bytes) {
  const absl::StatusOr<std::vector<std::string>> leaves = core::LeavesOf(batch);
  if (!leaves.ok()) {
    Finding finding =
        log_.MakeFinding(FindingKind::kMalformedBatch, fmt::format("{}.", Text(leaves.status())));
    finding.evidence.push_back({kEvidenceBatch, std::string(bytes)});
    return finding;
  }
  if (auto finding = log_.Stage(*leaves, batch.checkpoint, bytes)) return finding;
  Opened opened;
  std::optional<Finding> finding = AdmitItems(batch, opened);
  if (!finding.has_value()) finding = CheckDoubleEntry(batch, opened);
  if (!finding.has_value()) finding = Execute(batch, opened);
  if (finding.has_value()) {
    finding->evidence.push_back({kEvidenceBatch, std::string(bytes)});
    return finding;
  }
  log_.Commit();
  ++next_batch_;
  time_ = batch.header.time;
  issued_ = opened.issued;
  in_circulation_ = opened.in_circulation;
  Observe(batch, opened);
  return std::nullopt;
}

// Every item is one that the ledger could have taken: it decodes, and its signatures or its
// certificate verify against the state before the batch.
std::optional<Finding> LedgerVerifier::AdmitItems(const core::Batch& batch, Opened& opened) const {
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    const core::Item& item = batch.items[i];
    const auto finding_of = [&](FindingKind kind, const std::string& what) {
      Finding finding = log_.MakeFinding(
          kind, fmt::format("Item {} of batch {} {}.", i, batch.header.number, what));
      finding.evidence.push_back({kEvidenceItem, core::EncodeItem(item)});
      return finding;
    };
    absl::StatusOr<core::ItemBody> body = codec::DecodeItemBody(item);
    if (!body.ok()) {
      return finding_of(FindingKind::kMalformedBatch,
                        fmt::format("cannot be read: {}", Text(body.status())));
    }
    std::variant<core::AdmittedItem, core::Rejection> admitted =
        ledger_->Admit(item.envelope, *std::move(body), *verifier_);
    if (const auto* rejection = std::get_if<core::Rejection>(&admitted)) {
      return finding_of(KindOfRefusal(rejection->outcome),
                        fmt::format("had to be refused ({}): {}",
                                    core::OutcomeName(rejection->outcome), Describe(*rejection)));
    }
    opened.items.push_back(std::get<core::AdmittedItem>(std::move(admitted)));
  }
  return std::nullopt;
}

// Counts money in the entries as the log has them, without the state machine: nothing is made or
// lost but by issue and redemption.
std::optional<Finding> LedgerVerifier::CheckDoubleEntry(const core::Batch& batch,
                                                        Opened& opened) const {
  const core::AccountAddress& liability = ledger_->genesis().liability_account;
  opened.issued = issued_;
  opened.in_circulation = in_circulation_;
  const std::vector<std::uint64_t> indices = core::EntryIndices(batch);
  for (std::size_t i = 0; i < batch.entries.size(); ++i) {
    const std::uint64_t index = indices[i];
    const auto finding_of = [&](FindingKind kind, const std::string& what) {
      Finding finding = log_.MakeFinding(kind, fmt::format("Entry {} {}.", index, what));
      finding.evidence.push_back({kEvidenceEntry, batch.entries[i]});
      return finding;
    };
    absl::StatusOr<core::Entry> entry = core::DecodeEntry(batch.entries[i]);
    if (!entry.ok()) {
      return finding_of(FindingKind::kMalformedBatch,
                        fmt::format("cannot be read: {}", Text(entry.status())));
    }
    if (entry->index != index) {
      return finding_of(FindingKind::kMalformedBatch, fmt::format("has index {}", entry->index));
    }
    core::Amount sum;
    core::Amount moved;  // on other accounts than the liability
    bool fits = true;
    for (const core::Posting& posting : entry->postings) {
      fits = fits && AddTo(sum, posting.amount);
      if (posting.address == liability) continue;
      fits = fits && AddTo(moved, posting.amount);
      if (ChangesSupply(posting.code)) fits = fits && AddTo(opened.issued, posting.amount);
    }
    fits = fits && AddTo(opened.in_circulation, moved);
    if (!fits || !sum.IsZero() || opened.issued != opened.in_circulation) {
      return finding_of(
          FindingKind::kSupplyMismatch,
          fits ? fmt::format("makes or loses money: its postings sum to {} minor units, and after "
                             "it {} are issued and {} in circulation",
                             sum.minor(), opened.issued.minor(), opened.in_circulation.minor())
               : std::string("has amounts beyond 64 bits of minor units"));
    }
    opened.entries.push_back(*std::move(entry));
  }
  return std::nullopt;
}

std::optional<Finding> LedgerVerifier::Execute(const core::Batch& batch, const Opened& opened) {
  const core::BatchResult result = ledger_->ApplyBatch(batch.header.time, opened.items);
  copy_ahead_ = true;
  for (std::size_t i = 0; i < result.results.size(); ++i) {
    const core::ItemResult& item = result.results[i];
    if (item.sequenced && !item.refused.has_value()) continue;
    Finding finding = log_.MakeFinding(
        FindingKind::kEntryDiffers,
        fmt::format("Item {} of batch {} leaves no trace when it is executed ({}); the log "
                    "sequenced it.",
                    i, batch.header.number,
                    item.refused.has_value() ? core::OutcomeName(item.refused->outcome)
                                             : std::string_view("a repeat")));
    finding.evidence.push_back({kEvidenceItem, core::EncodeItem(batch.items[i])});
    return finding;
  }
  if (auto finding = CompareEntries(batch, opened, result)) return finding;
  if (ledger_->issued() != opened.issued) {
    return log_.MakeFinding(
        FindingKind::kSupplyMismatch,
        fmt::format("After batch {} the issuer owes {} minor units; the entries issued {}.",
                    batch.header.number, ledger_->issued().minor(), opened.issued.minor()));
  }
  copy_ahead_ = false;
  return std::nullopt;
}

std::optional<Finding> LedgerVerifier::CompareEntries(const core::Batch& batch,
                                                      const Opened& opened,
                                                      const core::BatchResult& result) const {
  const std::string header = core::EncodeBatchHeader(result.header);
  if (result.entries.empty() || header != core::EncodeBatchHeader(batch.header)) {
    Finding finding = log_.MakeFinding(
        FindingKind::kEntryDiffers,
        fmt::format("The header of batch {} is not what its items give: they give {} entries at {} "
                    "on {}.",
                    batch.header.number, result.entries.size(), result.header.time.ToString(),
                    result.header.date.ToString()));
    finding.evidence.push_back({kEvidenceHeaderExpected, header});
    return finding;
  }
  if (result.entries.size() != opened.entries.size() || !core::SameBulks(result, batch)) {
    // A payment of a bulk moves one amount between two accounts, so that what it says is compared
    // as a whole: the results as journaled are what its leaves were made of.
    return log_.MakeFinding(
        FindingKind::kEntryDiffers,
        fmt::format("The payments of the bulks in batch {} did not come to what the log says.",
                    batch.header.number));
  }
  for (std::size_t i = 0; i < result.entries.size(); ++i) {
    core::Entry expected = result.entries[i];
    expected.salt = opened.entries[i].salt;  // the log's secret until it shows the entry
    std::string leaf = core::EncodeEntry(expected);
    if (leaf == batch.entries[i]) continue;
    Finding finding = log_.MakeFinding(
        FindingKind::kEntryDiffers,
        fmt::format("Entry {} is not what its instruction gives: the log has {} '{}' as {}, "
                    "execution gives '{}' as {}.",
                    expected.index, core::ActionKindName(opened.entries[i].instruction.kind),
                    opened.entries[i].instruction.id.text(),
                    core::InstructionStatusName(opened.entries[i].status),
                    expected.instruction.id.text(), core::InstructionStatusName(expected.status)));
    finding.evidence.push_back({kEvidenceEntry, batch.entries[i]});
    finding.evidence.push_back({kEvidenceEntryExpected, std::move(leaf)});
    return finding;
  }
  return std::nullopt;
}

void LedgerVerifier::Observe(const core::Batch& batch, const Opened& opened) {
  NoteReferences(opened);
  for (std::size_t i = 0; i < opened.entries.size(); ++i) {
    const core::Entry& entry = opened.entries[i];
    NoteOverride(entry, opened);
    // An order to abort asks; it is no step of the settlement itself.
    if (entry.settlement_id.IsZero() || entry.instruction.kind == core::ActionKind::kOrderAbort) {
      continue;
    }
    // The entry of a list's prepare is final by itself; what it does to the list is to hold it.
    const bool holds_list = entry.instruction.kind == core::ActionKind::kPrepare;
    const core::InstructionStatus status =
        holds_list ? core::InstructionStatus::kPrepared : entry.status;
    transitions_.push_back({entry.settlement_id, status, entry.index, batch.entries[i],
                            holds_list ? HeldAfter(batch, entry) : core::PositionSet()});
  }
  for (const core::AdmittedItem& item : opened.items) {
    if (const auto* prepare = std::get_if<core::PrepareSettlement>(&item.body)) {
      terms_.push_back(prepare->terms);
    } else if (const auto* list = std::get_if<core::PrepareList>(&item.body)) {
      terms_.push_back(list->terms);
    }
    const auto* completion = std::get_if<core::CompleteSettlement>(&item.body);
    if (completion == nullptr) continue;
    const core::Certificate& certificate = completion->certificate;
    const core::SettlementPolicy* policy = ledger_->FindPolicy(certificate.record.policy_hash);
    CW_CHECK(policy != nullptr, "an admitted certificate is under a policy of the ledger");
    certificates_.push_back({completion->settlement_id, policy->decision_log,
                             certificate.record.verdict, certificate.record_bytes,
                             certificate.index, certificate.checkpoint});
  }
}

// The holds of a list follow the entry of its prepare.
core::PositionSet LedgerVerifier::HeldAfter(const core::Batch& batch, const core::Entry& entry) {
  const auto holds =
      std::find_if(batch.bulks.begin(), batch.bulks.end(), [&](const core::BulkResults& bulk) {
        return bulk.kind == core::BulkKind::kHolds && bulk.first_index == entry.index + 1;
      });
  CW_CHECK(holds != batch.bulks.end(), "the entry of a verified list is followed by its holds");
  const auto count = static_cast<std::uint32_t>(holds->count());
  core::PositionSet held(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto result = core::ReadPaymentResult(holds->RecordAt(i));
    if (result.has_value() && result->outcome == core::Outcome::kAccepted) held.Insert(i);
  }
  return held;
}

void LedgerVerifier::NoteOverride(const core::Entry& entry, const Opened& opened) {
  const core::ActionKind kind = entry.instruction.kind;
  if (kind != core::ActionKind::kOperatorOverride && kind != core::ActionKind::kOrderAbort &&
      kind != core::ActionKind::kSetFreeze) {
    return;
  }
  if (entry.status != core::InstructionStatus::kSettled) return;
  const auto item = std::find_if(
      opened.items.begin(), opened.items.end(),
      [&](const core::AdmittedItem& each) { return each.payload_hash == entry.payload_hash; });
  CW_CHECK(item != opened.items.end(), "a verified entry is of an item of its batch");
  const auto& command = std::get<core::Command>(item->body);
  Override& noted = overrides_.emplace_back();
  noted.entry_index = entry.index;
  noted.time = time_;
  noted.instruction = entry.instruction;
  if (const auto* transfer = std::get_if<core::OperatorOverride>(&command.action)) {
    noted.legal_basis = transfer->legal_basis;
    noted.debtor = transfer->debtor;
    noted.creditor = transfer->creditor;
    noted.amount = transfer->amount;
  } else if (const auto* freeze = std::get_if<core::SetFreeze>(&command.action)) {
    noted.legal_basis = freeze->legal_basis;
    noted.account = freeze->address;
    noted.frozen = freeze->frozen;
  } else {
    noted.legal_basis = std::get<core::OrderAbort>(command.action).legal_basis;
    noted.settlement_id = entry.settlement_id;
  }
}

// A request names its transfer when it is made, but only what was approved was paid for.
void LedgerVerifier::NoteReferences(const Opened& opened) {
  absl::flat_hash_map<core::Hash256, const std::string*>
      references;  // by the payload; looked up only
  for (const core::AdmittedItem& item : opened.items) {
    const auto* command = std::get_if<core::Command>(&item.body);
    if (command == nullptr) continue;
    if (const auto* issue = std::get_if<core::Issue>(&command->action)) {
      references.emplace(item.payload_hash, &issue->rtgs_reference);
    } else if (const auto* approve = std::get_if<core::Approve>(&command->action)) {
      references.emplace(item.payload_hash, &approve->rtgs_reference);
    }
  }
  if (references.empty()) return;
  const core::Genesis& genesis = ledger_->genesis();
  for (const core::Entry& entry : opened.entries) {
    const auto found = references.find(entry.payload_hash);
    if (found == references.end() || entry.status != core::InstructionStatus::kSettled) continue;
    for (const core::Posting& posting : entry.postings) {
      if (!ChangesSupply(posting.code) || posting.address == genesis.liability_account) continue;
      const std::optional<core::Amount> paid = posting.amount.IsNegative()
                                                   ? core::CheckedNegate(posting.amount)
                                                   : std::optional(posting.amount);
      references_.OnUse({entry.index,
                         time_,
                         entry.instruction,
                         *found->second,
                         posting.address,
                         {genesis.currency, paid.value_or(core::Amount())}});
    }
  }
}

absl::StatusOr<std::optional<Finding>> LedgerVerifier::OnCheckpoint(std::string_view note,
                                                                    const GivenProof& proof) {
  if (halted_) return std::optional<Finding>();
  absl::StatusOr<std::optional<Finding>> found = log_.OnCheckpoint(note, proof);
  if (!found.ok()) return found.status();
  return Halted(*std::move(found));
}

std::optional<Finding> LedgerVerifier::OnHead(std::string_view note, const GivenProof& proof) {
  if (halted_) return std::nullopt;
  return Halted(log_.OnHead(note, proof));
}

Supply LedgerVerifier::supply() const {
  Supply supply;
  if (ledger_ != nullptr) supply.currency = ledger_->genesis().currency;
  supply.issued = issued_;
  supply.in_circulation = in_circulation_;
  return supply;
}

std::optional<core::Hash256> LedgerVerifier::StateRoot() const {
  if (ledger_ == nullptr || copy_ahead_) return std::nullopt;
  return ledger_->StateRoot();
}

std::optional<Finding> LedgerVerifier::Recount() {
  if (halted_ || ledger_ == nullptr) return std::nullopt;
  core::Amount sum;
  bool fits = true;
  for (const core::AccountState& account : ledger_->accounts()) {
    if (account.address == ledger_->genesis().liability_account) continue;
    fits = fits && AddTo(sum, account.available) && AddTo(sum, account.held);
  }
  if (fits && sum == issued_) return std::nullopt;
  return Halted(
      log_.MakeFinding(FindingKind::kSupplyMismatch,
                       fmt::format("All balances sum to {} minor units; the entries issued {}.",
                                   sum.minor(), issued_.minor())));
}

}  // namespace causeway::observer
