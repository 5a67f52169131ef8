#include "central-bank-node/runtime/ledger_queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>

#include "settlement/codec/codec.h"
#include "settlement/core/bytes.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/rpc/views.h"

namespace causeway::node {
namespace {

using core::Outcome;

QueryEnd Malformed(std::string_view field, const absl::Status& status) {
  return Refusal(Outcome::kMalformed, fmt::format("{}: {}", field, std::string(status.message())));
}

QueryEnd NotYours(std::string what) {
  return Refusal(Outcome::kSenderNotEntitled,
                 fmt::format("the holder of this connection may not see {}, or there is no such "
                             "thing",
                             what));
}

// With the decision log that a hold waits for.
void ShowSettlement(const LedgerEngine& engine, const core::SettlementState& settlement,
                    const std::function<bool(const core::Leg&)>& visible,
                    causeway::v1::LedgerSettlement* out) {
  rpc::ToView(settlement, visible, out);
  if (settlement.status != core::InstructionStatus::kPrepared || !settlement.terms) return;
  const core::SettlementPolicy* policy = engine.ledger().FindPolicy(settlement.terms->policy_hash);
  CW_CHECK(policy != nullptr, "what is prepared is under a policy of the ledger");
  out->set_decision_log(policy->decision_log.ToString());
}

// Whether the caller is one of those who pay in a settlement list; of others, the legs tell.
bool PaysIn(const core::TermsHeader& terms, const Caller& caller) {
  return std::any_of(terms.parts.begin(), terms.parts.end(),
                     [&](const core::ListPart& part) { return part.payer == caller.id; });
}

// Of a list that is complete, of an abort that came first, or of an id that this ledger does not
// know.
QueryEnd ShowCompletion(const LedgerEngine& engine, const Caller& caller, const core::Hash256& id,
                        causeway::v1::LedgerSettlement* out) {
  const auto done = engine.FindCompletion(id);
  if (!done.ok()) return done.status();
  bool visible = caller.SeesSettlements();
  if (!visible && done->has_value()) {
    const auto terms = engine.ReadList(id);
    if (!terms.ok()) return terms.status();
    // What is no list is a tombstone, which has no parties: it tells whoever knows the id that
    // nothing will be held under it.
    visible = !terms->has_value() || PaysIn(**terms, caller);
  }
  if (!visible) return NotYours("settlement " + id.ToHex());
  if (!done->has_value()) {
    return Refusal(Outcome::kNotFound, "this ledger has no settlement " + id.ToHex());
  }
  out->set_settlement_id(std::string(id.view()));
  out->set_status(rpc::ToProto((*done)->status));
  out->set_entry_index((*done)->entry_index);
  return {};
}

// The engine's "not there" is an answer; its other errors are this node's trouble.
QueryEnd FromEngine(const absl::Status& status) {
  if (absl::IsNotFound(status)) {
    return Refusal(Outcome::kNotFound, std::string(status.message()));
  }
  return status;
}

absl::StatusOr<bool> MaySee(const LedgerEngine& engine, const Caller& caller,
                            const core::InstructionState& state) {
  if (caller.SeesEverything() || state.key.party == caller.id) return true;
  absl::StatusOr<DatedEntry> entry = engine.ReadEntry(state.entry_index);
  if (!entry.ok()) return entry.status();
  return MaySee(engine.ledger(), caller, entry->entry);
}

// The state of an instruction that the caller may see.
QueryEnd FindOwnInstruction(const LedgerEngine& engine, const Caller& caller,
                            const causeway::v1::InstructionReference& reference,
                            core::InstructionState* out) {
  absl::StatusOr<core::InstructionKey> key = codec::FromProto(reference);
  if (!key.ok()) return Malformed("reference", key.status());
  absl::StatusOr<std::optional<core::InstructionState>> found = engine.FindInstruction(*key);
  if (!found.ok()) return found.status();
  if (found->has_value()) {
    const absl::StatusOr<bool> visible = MaySee(engine, caller, **found);
    if (!visible.ok()) return visible.status();
    if (*visible) {
      *out = **std::move(found);
      return {};
    }
  }
  const std::string what = fmt::format("instruction \"{}\" ({}) of {}", key->id.text(),
                                       core::ActionKindName(key->kind), key->party.text());
  if (!found->has_value() && (caller.SeesEverything() || key->party == caller.id)) {
    return Refusal(Outcome::kNotFound, "this ledger has no " + what);
  }
  return NotYours(what);
}

void CopyHashes(const std::vector<core::Hash256>& hashes,
                google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const core::Hash256& hash : hashes) out->Add(std::string(hash.view()));
}

}  // namespace

QueryEnd FindOwnAccount(const LedgerEngine& engine, const Caller& caller, const std::string& text,
                        core::AccountAddress* out) {
  absl::StatusOr<core::AccountAddress> address = core::AccountAddress::Parse(text);
  if (!address.ok()) return Malformed("address", address.status());
  *out = *address;
  const core::AccountState* account = engine.ledger().FindAccount(*address);
  if (account != nullptr && MaySee(engine.ledger(), caller, *account)) return {};
  if (account == nullptr && caller.SeesEverything()) {
    return Refusal(Outcome::kNotFound, "this ledger has no account " + text);
  }
  return NotYours("account " + text);
}

absl::StatusOr<EntryPage> VisibleEntries(const LedgerRuntime& runtime, const Caller& caller,
                                         std::uint64_t from, std::size_t count,
                                         const std::optional<core::AccountAddress>& address) {
  if (address.has_value()) {
    const std::optional<AccountMoment> account =
        runtime.Read([&](const LedgerEngine& engine) { return engine.MomentOf(*address); });
    CW_CHECK(account.has_value(), "accounts stay");
    return runtime.ReadHistory(
        [&](const LedgerEngine& engine) { return engine.ListEntriesOf(*account, from, count); });
  }
  EntryPage page{.entries = {}, .next = from};
  const std::size_t wanted = caller.SeesEverything() ? count : kPageEntriesMax;
  for (std::size_t scanned = 0; page.entries.size() < count && scanned < kScanEntriesMax;) {
    absl::StatusOr<EntryPage> chunk = runtime.ReadLog(
        [&](const LedgerEngine& engine) { return engine.ListEntries(page.next, wanted); });
    if (!chunk.ok() || caller.SeesEverything()) return chunk;
    // Who owns an account is asked of the ledger.
    const std::vector<bool> visible = runtime.Read([&](const LedgerEngine& engine) {
      std::vector<bool> seen;
      for (const DatedEntry& entry : chunk->entries) {
        seen.push_back(MaySee(engine.ledger(), caller, entry.entry));
      }
      return seen;
    });
    const bool at_end = chunk->entries.size() < wanted;
    for (std::size_t i = 0; i < visible.size(); ++i) {
      if (page.entries.size() == count) return page;
      page.next = chunk->entries[i].entry.index + 1;
      if (visible[i]) page.entries.push_back(std::move(chunk->entries[i]));
    }
    scanned += visible.size();
    page.next = chunk->next;
    if (at_end) return page;
  }
  return page;
}

QueryEnd GetLedger(const LedgerEngine& engine, core::LedgerTime now,
                   causeway::v1::LedgerInfo* out) {
  const core::Ledger& ledger = engine.ledger();
  const core::Genesis& genesis = ledger.genesis();
  out->set_ledger(genesis.ledger.ToString());
  out->set_genesis_hash(std::string(genesis.hash.view()));
  out->set_genesis(genesis.bytes);
  out->set_currency(genesis.currency.ToString());
  codec::ToProto(genesis.ledger_key, out->mutable_ledger_key());
  out->set_business_date(ledger.date().ToString());
  out->set_phase(rpc::ToProto(ledger.phase()));
  out->set_ledger_time_us(std::max(now, ledger.time()).micros());
  out->set_batch_payments_max(static_cast<std::uint32_t>(core::kBatchPaymentsMax));
  out->set_bulk_payments_max(static_cast<std::uint32_t>(core::kBulkPaymentsMax));
  CopyHashes(ledger.PoliciesInForce(), out->mutable_settlement_policies());
  return {};
}

QueryEnd GetInstruction(const LedgerEngine& engine, const Caller& caller,
                        const causeway::v1::GetInstructionRequest& request,
                        causeway::v1::Instruction* out) {
  core::InstructionState state;
  if (QueryEnd end = FindOwnInstruction(engine, caller, request.reference(), &state); !end.ok()) {
    return end;
  }
  rpc::ToView(state, /*repeated=*/false, out);
  return {};
}

QueryEnd FindByUetr(const LedgerEngine& engine, const Caller& caller,
                    const causeway::v1::FindByUetrRequest& request,
                    causeway::v1::FindByUetrResponse* out) {
  absl::StatusOr<core::Uetr> uetr = core::Uetr::FromBytes(request.uetr());
  if (!uetr.ok()) return Malformed("uetr", uetr.status());
  if (request.page_size() > kUetrPageMax) {
    return Refusal(Outcome::kMalformed, fmt::format("page_size: is {}; must be at most {}",
                                                    request.page_size(), kUetrPageMax));
  }
  const std::size_t count = request.page_size() == 0 ? kUetrPageMax : request.page_size();
  absl::StatusOr<LedgerEngine::InstructionPage> page =
      engine.FindByUetr(*uetr, request.from_index(), count);
  if (!page.ok()) return page.status();
  for (const core::InstructionState& state : page->instructions) {
    const absl::StatusOr<bool> visible = MaySee(engine, caller, state);
    if (!visible.ok()) return visible.status();
    if (*visible) rpc::ToView(state, /*repeated=*/false, out->add_instructions());
  }
  out->set_next_index(page->next_index);
  return {};
}

QueryEnd GetAccount(const LedgerEngine& engine, const Caller& caller,
                    const causeway::v1::GetAccountRequest& request, causeway::v1::Account* out) {
  core::AccountAddress address;
  if (QueryEnd end = FindOwnAccount(engine, caller, request.address(), &address); !end.ok()) {
    return end;
  }
  const core::AccountState& account = *engine.ledger().FindAccount(address);
  rpc::ToView(engine.ledger(), account, out);
  return {};
}

QueryEnd ListAccounts(const LedgerRuntime& runtime, const Caller& caller,
                      const causeway::v1::ListAccountsRequest& request,
                      causeway::v1::ListAccountsResponse* out) {
  // A local operator has no accounts of its own: without an owner it gets all.
  core::ParticipantId owner = caller.id;
  if (!request.owner().empty()) {
    absl::StatusOr<core::ParticipantId> parsed = core::ParticipantId::Parse(request.owner());
    if (!parsed.ok()) return Malformed("owner", parsed.status());
    owner = *parsed;
    if (owner != caller.id && !caller.SeesEverything()) {
      return NotYours("the accounts of " + request.owner());
    }
  }
  bool more = true;
  for (std::size_t next = 0; more; next += kScanAccountsMax) {
    more = runtime.Read([&](const LedgerEngine& engine) {
      const core::Ledger& ledger = engine.ledger();
      const std::size_t end = std::min(ledger.accounts().size(), next + kScanAccountsMax);
      for (std::size_t i = next; i < end; ++i) {
        const core::AccountState& account = ledger.accounts()[i];
        if (!owner.IsEmpty() && ledger.OwnerOf(account) != owner) continue;
        rpc::ToView(ledger, account, out->add_accounts());
      }
      return end < ledger.accounts().size();
    });
  }
  return {};
}

QueryEnd ResolveAccounts(const LedgerEngine& engine, const Caller& caller,
                         const causeway::v1::ResolveAccountsRequest& request,
                         causeway::v1::ResolveAccountsResponse* out) {
  if (caller.standing == Standing::kStranger) {
    return Refusal(Outcome::kSenderNotEntitled,
                   "numbers of accounts are for the participants of this ledger");
  }
  const auto count = static_cast<std::size_t>(request.addresses_size());
  if (count == 0 || count > kResolvedAccountsMax) {
    return Refusal(
        count == 0 ? Outcome::kMalformed : Outcome::kBatchTooLarge,
        fmt::format("addresses: has {}; must have 1 to {}", count, kResolvedAccountsMax));
  }
  for (int i = 0; i < request.addresses_size(); ++i) {
    const absl::StatusOr<core::AccountAddress> address =
        core::AccountAddress::Parse(request.addresses(i));
    if (!address.ok()) return Malformed(fmt::format("addresses[{}]", i), address.status());
    causeway::v1::ResolvedAccount* const resolved = out->add_accounts();
    resolved->set_address(request.addresses(i));
    const core::AccountState* const account = engine.ledger().FindAccount(*address);
    if (account == nullptr) continue;
    resolved->set_exists(true);
    resolved->set_number(account->number);
    resolved->set_number_check(account->check);
  }
  return {};
}

QueryEnd ListAwaiting(const LedgerEngine& engine, const Caller& caller,
                      const causeway::v1::ListAwaitingRequest& request,
                      causeway::v1::ListAwaitingResponse* out) {
  if (request.page_size() > kAwaitingPageMax) {
    return Refusal(Outcome::kMalformed, fmt::format("page_size: is {}; must be at most {}",
                                                    request.page_size(), kAwaitingPageMax));
  }
  core::InstructionKey after;
  if (request.has_after()) {
    const absl::StatusOr<core::InstructionKey> key = codec::FromProto(request.after());
    if (!key.ok()) return Malformed("after", key.status());
    after = *key;
  }
  const std::size_t count = request.page_size() == 0 ? kAwaitingPageMax : request.page_size();
  std::vector<core::AwaitingInstruction> found;
  if (caller.SeesEverything()) {
    found = engine.ledger().AwaitingAfter(after, count + 1, {});
  } else if (caller.standing != Standing::kStranger) {
    found = engine.ledger().AwaitingAfter(after, count + 1, caller.id);
  }
  out->set_more(found.size() > count);
  found.resize(std::min(found.size(), count));
  for (const core::AwaitingInstruction& awaiting : found) {
    const core::InstructionState& state = awaiting.instruction;
    causeway::v1::AwaitingInstruction* const view = out->add_instructions();
    codec::ToProto(state.key, view->mutable_reference());
    view->set_account(awaiting.account.ToString());
    view->mutable_amount()->set_currency(awaiting.account.currency().ToString());
    view->mutable_amount()->set_minor_units(awaiting.amount.minor());
    view->set_entry_index(state.entry_index);
    view->set_ledger_time_us(state.time.micros());
    view->set_business_date(state.date.ToString());
    if (state.key.kind != core::ActionKind::kRequestIssue) continue;
    const absl::StatusOr<core::Command> command = engine.ReadCommand(state.entry_index);
    if (!command.ok()) return command.status();
    const auto* issue = std::get_if<core::RequestIssue>(&command->action);
    CW_CHECK(issue != nullptr, "the log has what the ledger executed");
    view->set_rtgs_reference(issue->rtgs_reference);
  }
  return {};
}

namespace {

// A place as the bytes that a caller gives back: leaf and balance.
std::string PlaceBytes(const StatementPlace& place) {
  return core::Writer().U64(place.leaf).I64(place.balance.minor()).bytes();
}

std::optional<StatementPlace> PlaceFrom(std::string_view bytes) {
  core::Reader reader(bytes);
  const StatementPlace place{.leaf = reader.U64(),
                             .balance = core::Amount::FromMinor(reader.I64())};
  if (!reader.Done()) return std::nullopt;
  return place;
}

struct StatementRange {
  core::BusinessDate from;
  core::BusinessDate to;
  std::size_t page_lines = 0;           // 0: all at once
  std::optional<StatementPlace> place;  // of a page
};

QueryEnd RangeOf(const causeway::v1::GetStatementRequest& request, StatementRange* out) {
  const absl::StatusOr<core::BusinessDate> from = core::BusinessDate::Parse(request.from_date());
  if (!from.ok()) return Malformed("from_date", from.status());
  const absl::StatusOr<core::BusinessDate> to = core::BusinessDate::Parse(request.to_date());
  if (!to.ok()) return Malformed("to_date", to.status());
  if (*to < *from) {
    return Refusal(Outcome::kMalformed, fmt::format("to_date: {} is before from_date {}",
                                                    request.to_date(), request.from_date()));
  }
  if (request.page_lines() > kStatementLinesMax) {
    return Refusal(Outcome::kMalformed, fmt::format("page_lines: is {}; must be at most {}",
                                                    request.page_lines(), kStatementLinesMax));
  }
  *out = {*from, *to, request.page_lines(), std::nullopt};
  if (request.older_page().empty()) return {};
  if (request.page_lines() == 0) {
    return Refusal(Outcome::kMalformed, "older_page: needs page_lines");
  }
  out->place = PlaceFrom(request.older_page());
  if (!out->place.has_value()) {
    return Refusal(Outcome::kMalformed, "older_page: is not that of a statement's page");
  }
  return {};
}

}  // namespace

QueryEnd GetStatement(const LedgerRuntime& runtime, const Caller& caller,
                      const causeway::v1::GetStatementRequest& request,
                      causeway::v1::Statement* out) {
  std::optional<AccountMoment> account;
  QueryEnd found = runtime.Read([&](const LedgerEngine& engine) {
    core::AccountAddress address;
    QueryEnd end = FindOwnAccount(engine, caller, request.address(), &address);
    if (end.ok()) account = engine.MomentOf(address);
    return end;
  });
  if (!found.ok()) return found;
  StatementRange range;
  if (QueryEnd end = RangeOf(request, &range); !end.ok()) return end;
  absl::StatusOr<Statement> statement = runtime.ReadHistory([&](const LedgerEngine& engine) {
    return range.page_lines == 0 ? engine.GetStatement(*account, range.from, range.to)
                                 : engine.GetStatementPage(*account, range.from, range.to,
                                                           range.page_lines, range.place);
  });
  if (absl::IsResourceExhausted(statement.status())) {
    return Refusal(Outcome::kBatchTooLarge, std::string(statement.status().message()));
  }
  if (absl::IsInvalidArgument(statement.status())) {
    return Malformed("older_page", statement.status());
  }
  if (!statement.ok()) return FromEngine(statement.status());
  out->set_address(request.address());
  out->set_currency(account->address.currency().ToString());
  out->set_from_date(request.from_date());
  out->set_to_date(request.to_date());
  out->set_opening_balance(statement->opening.minor());
  out->set_closing_balance(statement->closing.minor());
  for (const StatementLine& line : statement->lines) {
    rpc::ToView(line.posting, line.entry.entry, line.entry.time, line.entry.date, out->add_lines());
  }
  if (statement->older.has_value()) out->set_older_page(PlaceBytes(*statement->older));
  return {};
}

namespace {

QueryEnd ListNewest(const LedgerRuntime& runtime, const causeway::v1::ListEntriesRequest& request,
                    const core::AccountAddress& address, std::size_t count,
                    causeway::v1::ListEntriesResponse* out) {
  const std::optional<AccountMoment> account =
      runtime.Read([&](const LedgerEngine& engine) { return engine.MomentOf(address); });
  CW_CHECK(account.has_value(), "accounts stay");
  absl::StatusOr<NewestPage> page = runtime.ReadHistory([&](const LedgerEngine& engine) {
    return engine.ListNewestOf(*account, request.before_index(), count);
  });
  if (absl::IsInvalidArgument(page.status())) return Malformed("before_index", page.status());
  if (!page.ok()) return FromEngine(page.status());
  for (const DatedEntry& entry : page->entries) {
    rpc::ToView(entry.entry, entry.time, entry.date, out->add_entries());
  }
  out->set_older_index(page->older);
  return {};
}

std::optional<core::Rejection> RefuseOrder(const causeway::v1::ListEntriesRequest& request) {
  if (!request.newest_first() && request.before_index() != 0) {
    return Refusal(Outcome::kMalformed, "before_index: needs newest_first");
  }
  if (request.newest_first() && request.address().empty()) {
    return Refusal(Outcome::kMalformed, "newest_first: needs the address of an account");
  }
  if (request.newest_first() && request.from_index() != 0) {
    return Refusal(Outcome::kMalformed,
                   "from_index: must be 0 with newest_first; see before_index");
  }
  return std::nullopt;
}

}  // namespace

QueryEnd ListEntries(const LedgerRuntime& runtime, const Caller& caller,
                     const causeway::v1::ListEntriesRequest& request,
                     causeway::v1::ListEntriesResponse* out) {
  if (request.page_size() > kPageEntriesMax) {
    return Refusal(Outcome::kMalformed, fmt::format("page_size: is {}; must be at most {}",
                                                    request.page_size(), kPageEntriesMax));
  }
  if (std::optional<core::Rejection> refused = RefuseOrder(request)) return *std::move(refused);
  std::optional<core::AccountAddress> address;
  if (!request.address().empty()) {
    core::AccountAddress own;
    QueryEnd end = runtime.Read([&](const LedgerEngine& engine) {
      return FindOwnAccount(engine, caller, request.address(), &own);
    });
    if (!end.ok()) return end;
    address = own;
  }
  const std::size_t count = request.page_size() == 0 ? kPageEntriesDefault : request.page_size();
  if (request.newest_first()) return ListNewest(runtime, request, *address, count, out);
  absl::StatusOr<EntryPage> page =
      VisibleEntries(runtime, caller, request.from_index(), count, address);
  if (!page.ok()) return FromEngine(page.status());
  for (const DatedEntry& entry : page->entries) {
    rpc::ToView(entry.entry, entry.time, entry.date, out->add_entries());
  }
  out->set_next_index(page->next >= runtime.DurableLeaves() ? 0 : page->next);
  return {};
}

QueryEnd GetReceipt(const LedgerEngine& engine, const Caller& caller,
                    const causeway::v1::GetReceiptRequest& request, causeway::v1::Receipt* out) {
  std::uint64_t index = request.entry_index();
  switch (request.by_case()) {
    case causeway::v1::GetReceiptRequest::kEntryIndex:
      break;
    case causeway::v1::GetReceiptRequest::kInstruction: {
      core::InstructionState state;
      if (QueryEnd end = FindOwnInstruction(engine, caller, request.instruction(), &state);
          !end.ok()) {
        return end;
      }
      index = state.entry_index;
      break;
    }
    case causeway::v1::GetReceiptRequest::BY_NOT_SET:
      return Refusal(Outcome::kMalformed,
                     "by: is not set; give entry_index or the instruction's reference");
  }
  absl::StatusOr<DatedEntry> entry = engine.ReadEntry(index);
  if (!entry.ok() && !absl::IsNotFound(entry.status())) return entry.status();
  const bool visible = entry.ok() && MaySee(engine.ledger(), caller, entry->entry);
  if (!visible && !caller.SeesEverything()) return NotYours(fmt::format("entry {}", index));
  if (!entry.ok()) return FromEngine(entry.status());
  absl::StatusOr<Receipt> receipt = engine.GetReceipt(index);
  if (!receipt.ok()) return FromEngine(receipt.status());
  out->set_entry(receipt->entry);
  out->set_entry_index(receipt->entry_index);
  CopyHashes(receipt->entry_proof, out->mutable_entry_proof());
  out->set_batch_header(receipt->batch_header);
  out->set_batch_header_index(receipt->batch_header_index);
  CopyHashes(receipt->batch_header_proof, out->mutable_batch_header_proof());
  if (!receipt->bulk_entry.empty()) {
    out->set_bulk_entry(receipt->bulk_entry);
    out->set_bulk_entry_index(receipt->bulk_entry_index);
    CopyHashes(receipt->bulk_entry_proof, out->mutable_bulk_entry_proof());
  }
  out->set_checkpoint(receipt->checkpoint);
  out->set_genesis(engine.ledger().genesis().bytes);
  // The envelope of a payment batch holds other payments too: its sender's alone.
  // What left the queue, or expired in it, came in a batch before: its envelope is with the receipt
  // of the entry that queued it.
  const bool in_batch = !receipt->item.envelope.payload_type.empty();
  if (in_batch && (caller.SeesEverything() || entry->entry.instruction.party == caller.id)) {
    codec::ToProto(receipt->item.envelope, out->mutable_envelope());
  }
  return {};
}

QueryEnd GetCheckpoint(const LedgerEngine& engine, causeway::v1::CheckpointResponse* out) {
  out->set_checkpoint(engine.checkpoint());
  return {};
}

QueryEnd GetConsistencyProof(const LedgerEngine& engine,
                             const causeway::v1::GetConsistencyProofRequest& request,
                             causeway::v1::ConsistencyProof* out) {
  const LedgerEngine::Head head = engine.head();
  const std::uint64_t new_size = request.new_size() == 0 ? head.size : request.new_size();
  absl::StatusOr<std::vector<core::Hash256>> proof =
      engine.ConsistencyProof(request.old_size(), new_size);
  if (absl::IsOutOfRange(proof.status())) {
    return Refusal(Outcome::kMalformed,
                   fmt::format("old_size {} and new_size {}: must be in this order and at most {}, "
                               "the size of this log",
                               request.old_size(), new_size, head.size));
  }
  if (!proof.ok()) return FromEngine(proof.status());
  out->set_old_size(request.old_size());
  out->set_new_size(new_size);
  CopyHashes(*proof, out->mutable_proof());
  out->set_checkpoint(head.checkpoint);
  return {};
}

QueryEnd GetSettlement(const LedgerEngine& engine, const Caller& caller,
                       const causeway::v1::GetLedgerSettlementRequest& request,
                       causeway::v1::LedgerSettlement* out) {
  absl::StatusOr<core::Hash256> id = codec::HashFrom(request.settlement_id(), "settlement_id");
  if (!id.ok()) return Refusal(Outcome::kMalformed, std::string(id.status().message()));
  const core::SettlementState* settlement = engine.ledger().FindSettlement(*id);
  std::optional<core::SettlementState> ended;
  if (settlement == nullptr) {
    absl::StatusOr<std::optional<core::SettlementState>> read = engine.ReadSettlement(*id);
    if (!read.ok()) return read.status();
    if (!read->has_value()) return ShowCompletion(engine, caller, *id, out);
    ended = **std::move(read);
    settlement = &*ended;
  }
  const auto visible = [&](const core::Leg& leg) { return MaySee(engine.ledger(), caller, leg); };
  const bool is_party = (settlement->terms && PaysIn(*settlement->terms, caller)) ||
                        std::any_of(settlement->legs.begin(), settlement->legs.end(), visible);
  if (!caller.SeesSettlements() && !is_party) return NotYours("settlement " + id->ToHex());
  ShowSettlement(engine, *settlement, visible, out);
  return {};
}

QueryEnd ListPrepared(const LedgerEngine& engine, const Caller& caller, core::LedgerTime now,
                      const causeway::v1::ListPreparedRequest& request,
                      causeway::v1::ListPreparedResponse* out) {
  if (!caller.SeesSettlements()) {
    return Refusal(Outcome::kSenderNotEntitled,
                   "the list of prepared settlements is for the central bank, the bridge and "
                   "observers");
  }
  const core::Duration age_min = core::Duration::FromMicros(request.age_us_min());
  std::vector<const core::SettlementState*> settlements = engine.ledger().PreparedSettlements();
  std::stable_sort(settlements.begin(), settlements.end(), [](const auto* left, const auto* right) {
    return left->prepared < right->prepared;
  });
  for (const core::SettlementState* settlement : settlements) {
    if (now - settlement->prepared < age_min) continue;
    ShowSettlement(
        engine, *settlement, [](const core::Leg&) { return true; }, out->add_settlements());
  }
  out->set_now_us(now.micros());
  return {};
}

}  // namespace causeway::node
