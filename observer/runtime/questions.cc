#include "observer/runtime/questions.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "causeway/v1/observer_service.grpc.pb.h"
#include "fmt/format.h"
#include "observer/runtime/program.h"
#include "observer/runtime/render.h"
#include "settlement/core/bytes.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::observer {
namespace {

namespace fs = std::filesystem;
namespace v1 = causeway::v1;
using Json = nlohmann::ordered_json;
using Stub = v1::Observer::Stub;

constexpr std::chrono::seconds kDeadline{20};
constexpr std::uint32_t kSettlementsPage = 1000;

int NotAnswered(const absl::Status& status) {
  fmt::print(stderr, "causeway-observer: {}\n", std::string(status.message()));
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitUnavailable;
}

template <typename Request, typename Response>
absl::StatusOr<Response> Ask(const AskOptions& options,
                             grpc::Status (Stub::*call)(grpc::ClientContext*, const Request&,
                                                        Response*),
                             const Request& request) {
  auto channel = rpc::OpenChannel(options.address, options.tls);
  if (!channel.ok()) return channel.status();
  const std::unique_ptr<Stub> stub = v1::Observer::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  Response response;
  const grpc::Status status = (stub.get()->*call)(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response;
}

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void Print(const Json& json) {
  Print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

// All of a list, as one JSON object with that field or as text; `none` when there is nothing.
template <typename List>
void PrintAll(const AskOptions& options, const char* field, const List& list, const char* none) {
  Json json = {{field, Json::array()}};
  for (const auto& each : list) {
    if (options.json) {
      json[field].push_back(JsonOf(each));
    } else {
      Print(TextOf(each));
    }
  }
  if (options.json) {
    Print(json);
  } else if (list.empty()) {
    fmt::print("{}\n", none);
  }
}

// Names come from the observer, which need not be honest to whoever reads its answer.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

absl::Status WriteEvidence(const v1::Alert& alert, const std::string& directory) {
  const fs::path folder = fs::path(directory) / fmt::format("alert-{}", alert.number());
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return absl::UnavailableError(folder.string() + ": " + error.message());
  std::map<std::string, int> seen;
  for (const v1::Evidence& piece : alert.evidence()) {
    // The colon of "entry:hk.example/hkd" and the slash of its ledger are no part of a file's name.
    std::string name = piece.name();
    for (char& c : name) {
      if (c == '/' || c == ':') c = '_';
    }
    if (!IsPlainName(name)) {
      return absl::UnavailableError(fmt::format("alert {}: a piece of evidence has the name '{}'",
                                                alert.number(), core::ToHex(piece.name())));
    }
    const int count = ++seen[name];
    const fs::path path = folder / (count == 1 ? name : fmt::format("{}-{}", name, count));
    if (fs::exists(path, error)) {
      return absl::InvalidArgumentError(
          fmt::format("--evidence: {} is there already; name a new directory", path.string()));
    }
    std::ofstream file(path, std::ios::binary);
    file.write(piece.content().data(), static_cast<std::streamsize>(piece.content().size()));
    if (!file.flush()) return absl::UnavailableError(path.string() + ": cannot be written");
  }
  return absl::OkStatus();
}

}  // namespace

int AskStatus(const AskOptions& options) {
  const auto status = Ask(options, &Stub::GetStatus, v1::GetStatusRequest());
  if (!status.ok()) return NotAnswered(status.status());
  if (options.json) {
    Print(JsonOf(*status));
  } else {
    Print(TextOf(*status));
  }
  return status->alerts() == 0 ? kExitOk : kExitAlerts;
}

int AskAlerts(const AskOptions& options, std::uint64_t from_number,
              const std::optional<std::string>& evidence) {
  google::protobuf::RepeatedPtrField<v1::Alert> alerts;
  // As many as fit come in one answer.
  for (std::uint64_t next = from_number;;) {
    v1::ListAlertsRequest request;
    request.set_from_number(next);
    const auto page = Ask(options, &Stub::ListAlerts, request);
    if (!page.ok()) return NotAnswered(page.status());
    if (page->alerts().empty()) break;
    for (const v1::Alert& alert : page->alerts()) {
      if (alert.number() < next)
        return NotAnswered(absl::UnavailableError("alerts are out of order"));
      next = alert.number() + 1;
      *alerts.Add() = alert;
      if (!evidence.has_value()) continue;
      if (absl::Status written = WriteEvidence(alert, *evidence); !written.ok()) {
        return NotAnswered(written);
      }
    }
  }
  PrintAll(options, "alerts", alerts, "No alerts: everything verified.");
  return alerts.empty() ? kExitOk : kExitAlerts;
}

int AskOverrides(const AskOptions& options) {
  const auto response = Ask(options, &Stub::ListOverrides, v1::ListOverridesRequest());
  if (!response.ok()) return NotAnswered(response.status());
  PrintAll(options, "overrides", response->overrides(), "No orders against owners or settlements.");
  return kExitOk;
}

int AskReferences(const AskOptions& options) {
  const auto response =
      Ask(options, &Stub::ListRepeatedReferences, v1::ListRepeatedReferencesRequest());
  if (!response.ok()) return NotAnswered(response.status());
  if (options.json) {
    Json json = {{"repeated_references", Json::array()},
                 {"repeated_references_count", response->count()},
                 {"references_forgotten", response->forgotten()}};
    for (const v1::RepeatedReference& each : response->references()) {
      json["repeated_references"].push_back(JsonOf(each));
    }
    Print(json);
    return kExitOk;
  }
  PrintAll(options, "repeated_references", response->references(),
           "No RTGS reference was used twice.");
  Print(TextOfUnlisted(static_cast<std::uint64_t>(response->references_size()), response->count(),
                       response->forgotten()));
  return kExitOk;
}

int AskSettlements(const AskOptions& options, const std::string& settlement_id, bool open_only) {
  google::protobuf::RepeatedPtrField<v1::ObservedSettlement> settlements;
  if (!settlement_id.empty()) {
    const auto id = core::Hash256::FromHex(settlement_id);
    if (!id.has_value()) {
      return NotAnswered(absl::InvalidArgumentError("ID: must be 64 hexadecimal digits"));
    }
    v1::GetObservedSettlementRequest request;
    request.set_settlement_id(std::string(id->view()));
    auto found = Ask(options, &Stub::GetSettlement, request);
    if (!found.ok()) return NotAnswered(found.status());
    *settlements.Add() = *std::move(found);
  }
  for (std::uint64_t offset = 0; settlement_id.empty(); offset += kSettlementsPage) {
    v1::ListSettlementsRequest request;
    request.set_page_size(kSettlementsPage);
    request.set_offset(offset);
    request.set_open_only(open_only);
    const auto page = Ask(options, &Stub::ListSettlements, request);
    if (!page.ok()) return NotAnswered(page.status());
    settlements.MergeFrom(page->settlements());
    if (page->settlements_size() < static_cast<int>(kSettlementsPage)) break;
  }
  PrintAll(options, "settlements", settlements,
           open_only ? "No settlement is open." : "No settlements.");
  return kExitOk;
}

int AskAccounts(const AskOptions& options, const std::string& ledger) {
  v1::ListObservedAccountsRequest request;
  request.set_ledger(ledger);
  const auto response = Ask(options, &Stub::ListAccounts, request);
  if (!response.ok()) return NotAnswered(response.status());
  PrintAll(options, "accounts", response->accounts(), "No accounts.");
  return kExitOk;
}

}  // namespace causeway::observer
