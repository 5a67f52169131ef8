#include "settlement/client/ledger_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "settlement/client/call.h"
#include "settlement/client/errors.h"
#include "settlement/client/from_proto.h"
#include "settlement/codec/codec.h"

namespace causeway::client {
namespace {

using Stub = v1::Ledger::Stub;

// As many as a ledger gives at once.
constexpr std::uint32_t kStatementPageLines = 10'000;

void FillRequest(const core::Envelope& envelope, std::span<const std::string> private_data,
                 v1::SubmitRequest* out) {
  codec::ToProto(envelope, out->mutable_envelope());
  for (const std::string& data : private_data) out->add_private_data(data);
}

absl::StatusOr<std::vector<InstructionView>> ReadSubmitted(const v1::SubmitResponse& response) {
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadList<InstructionView>(fields, path, "instructions", response.instructions(),
                                     ReadInstruction);
  });
}

LedgerClient::SubmitResult ReadResult(const v1::SubmitResult& result) {
  if (result.has_response()) return ReadSubmitted(result.response());
  if (!result.has_rejection()) {
    return absl::DataLossError("the ledger's answer does not decode: a result without content");
  }
  return StatusFor(codec::FromProto(result.rejection()));
}

}  // namespace

struct LedgerClient::Impl : ServiceConnection<v1::Ledger> {};

LedgerClient::LedgerClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LedgerClient::~LedgerClient() = default;
LedgerClient::LedgerClient(LedgerClient&&) noexcept = default;
LedgerClient& LedgerClient::operator=(LedgerClient&&) noexcept = default;

absl::StatusOr<LedgerClient> LedgerClient::Connect(const ConnectionOptions& options) {
  absl::StatusOr<std::unique_ptr<Impl>> impl = OpenService<Impl>(options);
  if (!impl.ok()) return impl.status();
  return LedgerClient(*std::move(impl));
}

absl::Status LedgerClient::WaitForConnection(std::chrono::milliseconds deadline) const {
  return impl_->connection.WaitForConnection(deadline);
}

absl::StatusOr<LedgerInfo> LedgerClient::GetInfo(CallOptions call) const {
  const auto response = impl_->Call(&Stub::GetLedger, v1::GetLedgerRequest(), call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadLedgerInfo(fields, path, *response);
  });
}

absl::StatusOr<std::vector<InstructionView>> LedgerClient::Submit(
    const core::Envelope& envelope, std::span<const std::string> private_data,
    CallOptions call) const {
  v1::SubmitRequest request;
  FillRequest(envelope, private_data, &request);
  const auto response = impl_->Call(&Stub::Submit, request, call);
  if (!response.ok()) return response.status();
  return ReadSubmitted(*response);
}

absl::StatusOr<std::vector<InstructionView>> LedgerClient::Submit(const core::Envelope& envelope,
                                                                  CallOptions call) const {
  return Submit(envelope, std::span<const std::string>(), call);
}

absl::StatusOr<std::vector<LedgerClient::SubmitResult>> LedgerClient::SubmitMany(
    std::span<const core::Item> items, CallOptions call) const {
  v1::SubmitManyRequest request;
  for (const core::Item& item : items) {
    FillRequest(item.envelope, item.attachments, request.add_requests());
  }
  const auto response = impl_->Call(&Stub::SubmitMany, request, call);
  if (!response.ok()) return response.status();
  if (static_cast<std::size_t>(response->results_size()) != items.size()) {
    return absl::DataLossError(fmt::format("the ledger answered {} of {} requests",
                                           response->results_size(), items.size()));
  }
  std::vector<SubmitResult> results;
  results.reserve(items.size());
  for (const v1::SubmitResult& result : response->results()) results.push_back(ReadResult(result));
  return results;
}

absl::StatusOr<std::vector<InstructionView>> LedgerClient::SubmitUntilKnown(
    const core::Envelope& envelope, std::span<const std::string> private_data,
    const RetryOptions& retry) const {
  absl::StatusOr<std::vector<InstructionView>> result;
  absl::Status last = RetryUntilKnown(retry, [&](std::chrono::milliseconds deadline) {
    result = Submit(envelope, private_data, {deadline});
    return result.status();
  });
  if (!last.ok()) return last;
  return result;
}

absl::StatusOr<std::vector<LedgerClient::SubmitResult>> LedgerClient::SubmitManyUntilKnown(
    std::span<const core::Item> items, const RetryOptions& retry) const {
  absl::StatusOr<std::vector<SubmitResult>> results;
  // Why it is not known whether an item was recorded: by an attempt without an answer to it.
  std::vector<absl::Status> unknown(items.size());
  RetryUntilKnown(retry, [&](std::chrono::milliseconds deadline) {
    results = SubmitMany(items, {deadline});
    for (std::size_t i = 0; i < items.size(); ++i) {
      const absl::Status& each = results.ok() ? (*results)[i].status() : results.status();
      if (OutcomeUnknown(each)) unknown[i] = each;
    }
    if (!results.ok()) return results.status();
    for (const SubmitResult& result : *results) {
      if (IsTransient(result.status())) return result.status();
    }
    return absl::OkStatus();
  }).IgnoreError();
  if (!results.ok()) {
    // A refusal of the last call says nothing of an earlier one.
    for (const absl::Status& each : unknown) {
      if (!each.ok()) return each;
    }
    return results.status();
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!unknown[i].ok() && IsTransient((*results)[i].status())) (*results)[i] = unknown[i];
  }
  return results;
}

std::unique_ptr<SubmitStream> LedgerClient::OpenSubmitStream(const SubmitStreamOptions& options,
                                                             SubmitStream::OnReply on_reply) const {
  return SubmitStream::Open(impl_->connection, options, std::move(on_reply));
}

absl::StatusOr<InstructionView> LedgerClient::GetInstruction(const core::InstructionKey& key,
                                                             CallOptions call) const {
  v1::GetInstructionRequest request;
  codec::ToProto(key, request.mutable_reference());
  const auto response = impl_->Call(&Stub::GetInstruction, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadInstruction(fields, path, *response);
  });
}

absl::StatusOr<InstructionsPage> LedgerClient::FindByUetr(const core::Uetr& uetr,
                                                          std::uint64_t from_index,
                                                          CallOptions call) const {
  v1::FindByUetrRequest request;
  request.set_uetr(std::string(uetr.view()));
  request.set_from_index(from_index);
  const auto response = impl_->Call(&Stub::FindByUetr, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return InstructionsPage{ReadList<InstructionView>(fields, path, "instructions",
                                                      response->instructions(), ReadInstruction),
                            response->next_index()};
  });
}

absl::StatusOr<AccountView> LedgerClient::GetAccount(const core::AccountAddress& address,
                                                     CallOptions call) const {
  v1::GetAccountRequest request;
  request.set_address(address.ToString());
  const auto response = impl_->Call(&Stub::GetAccount, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadAccount(fields, path, *response);
  });
}

absl::StatusOr<std::vector<AccountView>> LedgerClient::ListAccounts(
    const core::ParticipantId& owner, CallOptions call) const {
  v1::ListAccountsRequest request;
  request.set_owner(owner.ToString());
  const auto response = impl_->Call(&Stub::ListAccounts, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadList<AccountView>(fields, path, "accounts", response->accounts(), ReadAccount);
  });
}

absl::StatusOr<std::vector<ResolvedAccount>> LedgerClient::ResolveAccounts(
    std::span<const core::AccountAddress> addresses, CallOptions call) const {
  v1::ResolveAccountsRequest request;
  for (const core::AccountAddress& address : addresses) request.add_addresses(address.ToString());
  const auto response = impl_->Call(&Stub::ResolveAccounts, request, call);
  if (!response.ok()) return response.status();
  absl::StatusOr<std::vector<ResolvedAccount>> resolved =
      ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
        return ReadList<ResolvedAccount>(fields, path, "accounts", response->accounts(),
                                         ReadResolvedAccount);
      });
  if (!resolved.ok()) return resolved;
  const bool same = std::equal(
      resolved->begin(), resolved->end(), addresses.begin(), addresses.end(),
      [](const ResolvedAccount& account, const auto& asked) { return account.address == asked; });
  if (!same) return absl::DataLossError("the ledger resolved other accounts than were asked for");
  return resolved;
}

absl::StatusOr<AwaitingPage> LedgerClient::ListAwaiting(const core::InstructionKey& after,
                                                        CallOptions call) const {
  v1::ListAwaitingRequest request;
  if (!after.party.IsEmpty()) codec::ToProto(after, request.mutable_after());
  const auto response = impl_->Call(&Stub::ListAwaiting, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    AwaitingPage page{ReadList<AwaitingView>(fields, path, "instructions", response->instructions(),
                                             ReadAwaiting),
                      response->more()};
    // Whoever goes on behind the last would go round for ever.
    if (page.more && page.instructions.empty()) fields.Fail({&path, "more"}, "behind nothing");
    return page;
  });
}

absl::StatusOr<Statement> LedgerClient::GetStatementPage(const core::AccountAddress& address,
                                                         core::BusinessDate from,
                                                         core::BusinessDate to, std::uint32_t lines,
                                                         const std::string& older_page,
                                                         CallOptions call) const {
  v1::GetStatementRequest request;
  request.set_address(address.ToString());
  request.set_from_date(from.ToString());
  request.set_to_date(to.ToString());
  request.set_page_lines(lines);
  request.set_older_page(older_page);
  const auto response = impl_->Call(&Stub::GetStatement, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadStatement(fields, path, *response);
  });
}

absl::StatusOr<Statement> LedgerClient::GetStatement(const core::AccountAddress& address,
                                                     core::BusinessDate from, core::BusinessDate to,
                                                     CallOptions call) const {
  absl::StatusOr<Statement> page =
      GetStatementPage(address, from, to, kStatementPageLines, /*older_page=*/"", call);
  if (!page.ok()) return page;
  Statement whole = *page;
  std::vector<std::vector<StatementLine>> pages;  // newest first
  pages.push_back(std::exchange(whole.lines, {}));
  while (!page->older_page.empty()) {
    const std::string older = page->older_page;
    page = GetStatementPage(address, from, to, kStatementPageLines, older, call);
    if (!page.ok()) return page;
    if (page->closing != whole.opening || page->older_page == older) {
      return absl::DataLossError("the pages of the ledger's statement do not follow one another");
    }
    whole.opening = page->opening;
    pages.push_back(std::move(page->lines));
  }
  for (auto lines = pages.rbegin(); lines != pages.rend(); ++lines) {
    whole.lines.insert(whole.lines.end(), std::make_move_iterator(lines->begin()),
                       std::make_move_iterator(lines->end()));
  }
  whole.older_page.clear();
  return whole;
}

absl::StatusOr<EntriesPage> LedgerClient::ListEntries(std::uint64_t from_index,
                                                      std::uint32_t page_size,
                                                      const core::AccountAddress& address,
                                                      CallOptions call) const {
  v1::ListEntriesRequest request;
  request.set_from_index(from_index);
  request.set_page_size(page_size);
  request.set_address(address.ToString());
  const auto response = impl_->Call(&Stub::ListEntries, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return EntriesPage{ReadList<EntryView>(fields, path, "entries", response->entries(), ReadEntry),
                       response->next_index()};
  });
}

absl::StatusOr<NewestEntries> LedgerClient::ListNewest(const core::AccountAddress& address,
                                                       std::uint64_t before_index,
                                                       std::uint32_t page_size,
                                                       CallOptions call) const {
  v1::ListEntriesRequest request;
  request.set_address(address.ToString());
  request.set_newest_first(true);
  request.set_before_index(before_index);
  request.set_page_size(page_size);
  const auto response = impl_->Call(&Stub::ListEntries, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return NewestEntries{
        ReadList<EntryView>(fields, path, "entries", response->entries(), ReadEntry),
        response->older_index()};
  });
}

absl::StatusOr<Receipt> LedgerClient::GetReceipt(std::uint64_t entry_index,
                                                 CallOptions call) const {
  v1::GetReceiptRequest request;
  request.set_entry_index(entry_index);
  const auto response = impl_->Call(&Stub::GetReceipt, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadReceipt(fields, path, *response);
  });
}

absl::StatusOr<Receipt> LedgerClient::GetReceipt(const core::InstructionKey& key,
                                                 CallOptions call) const {
  v1::GetReceiptRequest request;
  codec::ToProto(key, request.mutable_instruction());
  const auto response = impl_->Call(&Stub::GetReceipt, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadReceipt(fields, path, *response);
  });
}

absl::StatusOr<std::string> LedgerClient::GetCheckpoint(CallOptions call) const {
  auto response = impl_->Call(&Stub::GetCheckpoint, v1::GetCheckpointRequest(), call);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_checkpoint());
}

absl::StatusOr<ConsistencyProof> LedgerClient::GetConsistencyProof(std::uint64_t old_size,
                                                                   std::uint64_t new_size,
                                                                   CallOptions call) const {
  v1::GetConsistencyProofRequest request;
  request.set_old_size(old_size);
  request.set_new_size(new_size);
  const auto response = impl_->Call(&Stub::GetConsistencyProof, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ConsistencyProof{response->old_size(), response->new_size(),
                            fields.Hashes(path, "proof", response->proof(), core::kProofHashesMax),
                            response->checkpoint()};
  });
}

absl::StatusOr<PrepareReply> LedgerClient::Prepare(const core::Envelope& terms,
                                                   std::span<const core::ProvenLeg> legs,
                                                   CallOptions call) const {
  v1::PrepareRequest request;
  codec::ToProto(terms, request.mutable_terms());
  for (const core::ProvenLeg& leg : legs) codec::ToProto(leg, request.add_legs());
  const auto response = impl_->Call(&Stub::Prepare, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return PrepareReply{fields.Hash({&path, "settlement_id"}, response->settlement_id()),
                        ReadStatus(fields, {&path, "status"}, response->status()), response->vote(),
                        ReadRejection(response->has_rejection(), response->rejection()),
                        response->entry_index()};
  });
}

absl::StatusOr<CompleteReply> LedgerClient::Complete(std::string_view completion,
                                                     CallOptions call) const {
  v1::CompleteRequest request;
  request.set_completion(std::string(completion));
  const auto response = impl_->Call(&Stub::Complete, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return CompleteReply{fields.Hash({&path, "settlement_id"}, response->settlement_id()),
                         ReadStatus(fields, {&path, "status"}, response->status()),
                         response->entry_index()};
  });
}

absl::StatusOr<LedgerSettlementView> LedgerClient::GetSettlement(const core::Hash256& settlement_id,
                                                                 CallOptions call) const {
  v1::GetLedgerSettlementRequest request;
  request.set_settlement_id(std::string(settlement_id.view()));
  const auto response = impl_->Call(&Stub::GetSettlement, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return ReadLedgerSettlement(fields, path, *response);
  });
}

absl::StatusOr<PreparedSettlements> LedgerClient::ListPrepared(core::Duration age_min,
                                                               CallOptions call) const {
  v1::ListPreparedRequest request;
  request.set_age_us_min(age_min.micros());
  const auto response = impl_->Call(&Stub::ListPrepared, request, call);
  if (!response.ok()) return response.status();
  return ReadAnswer("ledger", [&](Fields& fields, const Path& path) {
    return PreparedSettlements{
        core::LedgerTime::FromMicros(response->now_us()),
        ReadList<LedgerSettlementView>(fields, path, "settlements", response->settlements(),
                                       ReadLedgerSettlement)};
  });
}

absl::StatusOr<std::unique_ptr<Subscription>> LedgerClient::Subscribe(
    std::uint64_t from_index, std::function<bool(BatchEvent)> on_batch) const {
  v1::SubscribeRequest request;
  request.set_from_index(from_index);
  return impl_->connection.Stream<v1::BatchMessage>(
      [stub = impl_->stub.get(), request](grpc::ClientContext* context) {
        return stub->Subscribe(context, request);
      },
      [on_batch = std::move(on_batch)](const v1::BatchMessage& message) -> absl::StatusOr<bool> {
        return on_batch(BatchEvent{message.number(), message.batch()});
      });
}

absl::StatusOr<std::unique_ptr<Subscription>> LedgerClient::Watch(
    const core::AccountAddress& address, std::uint64_t from_index,
    std::function<bool(EntryView)> on_entry) const {
  v1::WatchRequest request;
  request.set_address(address.ToString());
  request.set_from_index(from_index);
  return impl_->connection.Stream<v1::EntryView>(
      [stub = impl_->stub.get(), request](grpc::ClientContext* context) {
        return stub->Watch(context, request);
      },
      [on_entry = std::move(on_entry)](const v1::EntryView& message) -> absl::StatusOr<bool> {
        absl::StatusOr<EntryView> entry = ReadAnswer(
            "ledger",
            [&](Fields& fields, const Path& path) { return ReadEntry(fields, path, message); });
        if (!entry.ok()) return entry.status();
        return on_entry(*std::move(entry));
      });
}

}  // namespace causeway::client
