// Histories: the log from a place on, and what touched one account. They look at nothing that
// changes, and the work of one call is bounded.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/core/check.h"

namespace causeway::node {
namespace {

using core::Batch;

// Whether a packed leaf has a posting of that account.
bool Touches(const Batch& batch, const core::BulkResults& bulk, std::uint32_t position,
             std::uint32_t account) {
  if (bulk.kind == core::BulkKind::kResolved) {
    const std::optional<core::ResolvedLeg> leg = core::ReadResolvedLeg(bulk.RecordAt(position));
    return leg.has_value() &&
           (leg->leg.debtor == account ||
            (leg->leg.creditor == account && leg->outcome == core::Outcome::kAccepted));
  }
  const std::optional<core::PaymentResult> result =
      core::ReadPaymentResult(bulk.RecordAt(position));
  if (!result.has_value() || result->outcome != core::Outcome::kAccepted) return false;
  const core::BulkPayment payment = core::PaymentAt(batch, bulk, position);
  // A hold moves money between the debtor's own buckets.
  return payment.debtor.number == account ||
         (payment.creditor.number == account && bulk.kind == core::BulkKind::kPayments);
}

bool Touches(const core::Entry& entry, const core::AccountAddress& address) {
  return std::any_of(entry.postings.begin(), entry.postings.end(),
                     [&](const core::Posting& posting) { return posting.address == address; });
}

// The leaf that touched the account before `entry`; 0: none.
std::uint64_t LeafBefore(const core::Entry& entry, const core::AccountAddress& address) {
  for (const core::Posting& posting : entry.postings) {
    // Several postings of one account in an entry name the entry itself, but for the first.
    if (posting.address == address && posting.previous != entry.index) return posting.previous;
  }
  return 0;
}

}  // namespace

std::optional<AccountMoment> LedgerEngine::MomentOf(const core::AccountAddress& address) const {
  const core::AccountState* account = ledger_->FindAccount(address);
  if (account == nullptr) return std::nullopt;
  const std::optional<core::Amount> balance = core::CheckedAdd(account->available, account->held);
  CW_CHECK(balance.has_value(), "available and held fit together");
  return AccountMoment{.address = address,
                       .number = account->number,
                       .balance = *balance,
                       .last_leaf = account->last_leaf,
                       .log_size = ledger_->next_index()};
}

absl::StatusOr<EntryPage> LedgerEngine::ListEntries(std::uint64_t from_index,
                                                    std::size_t count) const {
  const Head end = head();
  EntryPage page{.entries = {}, .next = std::max(from_index, end.size)};
  if (from_index >= end.size) return page;
  absl::StatusOr<std::uint64_t> first = FindBatch(from_index);
  if (!first.ok()) return first.status();
  for (std::uint64_t number = std::max<std::uint64_t>(*first, 1); number < end.batches; ++number) {
    absl::StatusOr<Batch> batch = ReadBatch(number);
    if (!batch.ok()) return batch.status();
    const std::uint64_t past = batch->header.first_index + 1 + batch->header.entry_count;
    for (std::uint64_t leaf = std::max(from_index, batch->header.first_index + 1); leaf < past;
         ++leaf) {
      if (page.entries.size() == count) {
        page.next = leaf;
        return page;
      }
      absl::StatusOr<DatedEntry> entry = EntryAt(*batch, leaf);
      if (!entry.ok()) return entry.status();
      page.entries.push_back(*std::move(entry));
    }
  }
  return page;
}

// Walks the account's chain back, batch by batch, and gives each of its entries to `take` until
// that says false. False when `batches_max` did not reach so far.
absl::StatusOr<bool> LedgerEngine::WalkBack(
    const AccountMoment& account, std::size_t batches_max,
    const std::function<bool(const DatedEntry&)>& take) const {
  std::unique_ptr<OpenedBatch> batch;
  std::size_t batches = 0;
  std::uint64_t leaf = account.last_leaf;
  while (leaf != 0) {
    const absl::StatusOr<std::uint64_t> number = FindBatch(leaf);
    if (!number.ok()) return number.status();
    if (batch == nullptr || batch->number() != *number) {
      if (batches++ == batches_max) return false;
      absl::StatusOr<std::unique_ptr<OpenedBatch>> opened = OpenBatch(*number);
      if (!opened.ok()) return opened.status();
      batch = *std::move(opened);
    }
    absl::StatusOr<DatedEntry> entry = EntryOf(*batch, leaf);
    if (!entry.ok()) return entry.status();
    if (!take(*entry)) return true;
    leaf = LeafBefore(entry->entry, account.address);
  }
  return true;
}

// From new to old along the account's chain when that is short; else from old to new through all
// entries, a part at a time. A chain leads backwards only, and the page begins at its far end.
absl::StatusOr<EntryPage> LedgerEngine::ListEntriesOf(const AccountMoment& account,
                                                      std::uint64_t from_index,
                                                      std::size_t count) const {
  std::deque<DatedEntry> first;  // of those that the walk has met
  bool more = false;             // behind them
  std::size_t walked = 0;
  const absl::StatusOr<bool> reached =
      WalkBack(account, kHistoryBatchesMax, [&](const DatedEntry& entry) {
        if (entry.entry.index < from_index || ++walked > kHistoryEntriesMax) return false;
        first.push_front(entry);
        if (first.size() <= count) return true;
        first.pop_back();
        return more = true;
      });
  if (!reached.ok()) return reached.status();
  if (!*reached || walked > kHistoryEntriesMax) return ScanEntriesOf(account, from_index, count);
  EntryPage page{.entries = {}, .next = std::max(from_index, account.log_size)};
  page.entries.assign(std::make_move_iterator(first.begin()), std::make_move_iterator(first.end()));
  if (more) page.next = page.entries.back().entry.index + 1;
  return page;
}

absl::StatusOr<NewestPage> LedgerEngine::ListNewestOf(const AccountMoment& account,
                                                      std::uint64_t before,
                                                      std::size_t count) const {
  NewestPage page;
  AccountMoment from = account;
  const bool goes_on = before != 0 && before <= account.last_leaf;
  if (goes_on) {
    from.last_leaf = before - 1;
    const absl::StatusOr<DatedEntry> entry = ReadEntry(from.last_leaf);
    if (!entry.ok() && !absl::IsNotFound(entry.status())) return entry.status();
    if (!entry.ok() || !Touches(entry->entry, account.address)) {
      return absl::InvalidArgumentError(
          fmt::format("is {}; must be 0 or the older_index of a page of this account", before));
    }
  }
  const absl::StatusOr<bool> reached =
      WalkBack(from, kHistoryBatchesMax, [&](const DatedEntry& entry) {
        page.entries.push_back(entry);
        return page.entries.size() < count;
      });
  if (!reached.ok()) return reached.status();
  if (page.entries.empty()) return page;
  const std::uint64_t next = LeafBefore(page.entries.back().entry, account.address);
  page.older = next == 0 ? 0 : next + 1;
  return page;
}

absl::StatusOr<EntryPage> LedgerEngine::ScanEntriesOf(const AccountMoment& account,
                                                      std::uint64_t from_index,
                                                      std::size_t count) const {
  EntryPage page{.entries = {}, .next = from_index};
  for (std::size_t batches = 0; batches < kHistoryBatchesMax; ++batches) {
    if (page.next >= account.log_size) return page;
    absl::StatusOr<std::uint64_t> number = FindBatch(page.next);
    if (!number.ok()) return number.status();
    absl::StatusOr<Batch> batch = ReadBatch(*number);
    if (!batch.ok()) return batch.status();
    const std::uint64_t first = *number == 0 ? 0 : batch->header.first_index;
    const std::uint64_t past = *number == 0 ? 1 : first + 1 + batch->header.entry_count;
    for (std::uint64_t leaf = page.next; leaf < past; ++leaf) {
      const std::optional<core::EntryPlace> place = core::FindEntry(*batch, leaf);
      if (!place.has_value()) continue;  // the header
      if (place->bulk != nullptr &&
          !Touches(*batch, *place->bulk, place->position, account.number)) {
        continue;
      }
      absl::StatusOr<DatedEntry> entry = EntryAt(*batch, leaf);
      if (!entry.ok()) return entry.status();
      if (!Touches(entry->entry, account.address)) continue;
      if (page.entries.size() == count) {
        page.next = leaf;
        return page;
      }
      page.entries.push_back(*std::move(entry));
    }
    page.next = past;
  }
  return page;
}

absl::StatusOr<Statement> LedgerEngine::GetStatement(const AccountMoment& account,
                                                     core::BusinessDate from,
                                                     core::BusinessDate to) const {
  // One line more than there may be: so many show that there are too many.
  absl::StatusOr<Statement> statement =
      GetStatementPage(account, from, to, kStatementLinesMax + 1, std::nullopt);
  if (!statement.ok()) return statement;
  if (statement->older.has_value() || statement->lines.size() > kStatementLinesMax) {
    return absl::ResourceExhaustedError(
        fmt::format("the statement has more than {} lines, or more than {} batches since from_date "
                    "have postings of the account; ask for it in pages (page_lines)",
                    kStatementLinesMax, kStatementBatchesMax));
  }
  return statement;
}

absl::StatusOr<Statement> LedgerEngine::GetStatementPage(
    const AccountMoment& account, core::BusinessDate from, core::BusinessDate to, std::size_t lines,
    const std::optional<StatementPlace>& place) const {
  // Back from the balance of that moment: it needs no more than the entries since `from`.
  AccountMoment end = account;
  if (place.has_value()) {
    const absl::StatusOr<DatedEntry> entry = ReadEntry(place->leaf);
    if (!entry.ok() && !absl::IsNotFound(entry.status())) return entry.status();
    if (!entry.ok() || !Touches(entry->entry, account.address)) {
      return absl::InvalidArgumentError("is not that of a page of this account's statement");
    }
    end.last_leaf = place->leaf;
    end.balance = place->balance;
  }
  Statement page{.opening = end.balance, .closing = end.balance, .lines = {}, .older = {}};
  std::uint64_t next = end.last_leaf;
  bool in_range = true;
  const absl::StatusOr<bool> reached =
      WalkBack(end, kStatementBatchesMax, [&](const DatedEntry& entry) {
        if (entry.date < from) return false;
        const std::vector<core::Posting>& postings = entry.entry.postings;
        for (auto posting = postings.rbegin(); posting != postings.rend(); ++posting) {
          if (posting->address != account.address) continue;
          const auto before = core::CheckedSub(page.opening, posting->amount);
          // A place comes from outside, and so does its balance.
          if (!before.has_value()) return in_range = false;
          page.opening = *before;
          if (entry.date > to) {
            page.closing = *before;
          } else {
            page.lines.push_back({*posting, entry});
          }
        }
        next = LeafBefore(entry.entry, account.address);
        return page.lines.size() < lines;
      });
  if (!reached.ok()) return reached.status();
  if (!in_range) return absl::InvalidArgumentError("names a balance that this account never had");
  const bool full = page.lines.size() >= lines || !*reached;
  if (full && next != 0) page.older = StatementPlace{.leaf = next, .balance = page.opening};
  std::reverse(page.lines.begin(), page.lines.end());
  return page;
}

}  // namespace causeway::node
