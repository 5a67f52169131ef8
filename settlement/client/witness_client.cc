#include "settlement/client/witness_client.h"

#include <iterator>
#include <utility>

#include "causeway/v1/witness_service.grpc.pb.h"
#include "settlement/client/call.h"
#include "settlement/client/from_proto.h"
#include "settlement/codec/codec.h"

namespace causeway::client {
namespace {

constexpr std::string_view kEvidenceKindNames[] = {"none", "forked-log", "invalid-record",
                                                   "state-lost"};

WitnessState ReadState(Fields& fields, const Path& path, const v1::WitnessState& state) {
  WitnessState value;
  value.name = state.name();
  absl::StatusOr<core::PublicKey> key = codec::FromProto(state.key());
  if (key.ok()) {
    value.key = *std::move(key);
  } else {
    fields.Fail({&path, "key"}, std::string(key.status().message()));
  }
  value.decision_log =
      fields.Parse<core::LedgerOrigin>({&path, "decision_log"}, state.decision_log());
  value.batches = state.batches();
  value.size = state.size();
  value.checkpoint = state.checkpoint();
  value.refusing = state.refusing();
  if (!state.has_evidence()) return value;
  const v1::WitnessEvidence& found = state.evidence();
  const Path evidence{&path, "evidence"};
  value.evidence = WitnessEvidence{
      .kind = fields.Closed({&evidence, "kind"}, found.kind(), WitnessEvidenceKind::kStateLost),
      .epoch = found.epoch(),
      .message = found.message(),
      .ours = found.ours(),
      .theirs = found.theirs(),
      .batch = found.batch()};
  return value;
}

}  // namespace

std::string_view WitnessEvidenceKindName(WitnessEvidenceKind kind) {
  const auto number = static_cast<std::size_t>(kind);
  return number < std::size(kEvidenceKindNames) ? kEvidenceKindNames[number] : "unknown";
}

struct WitnessClient::Impl : ServiceConnection<v1::Witness> {};

WitnessClient::WitnessClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WitnessClient::~WitnessClient() = default;
WitnessClient::WitnessClient(WitnessClient&&) noexcept = default;
WitnessClient& WitnessClient::operator=(WitnessClient&&) noexcept = default;

absl::StatusOr<WitnessClient> WitnessClient::Connect(const ConnectionOptions& options) {
  absl::StatusOr<std::unique_ptr<Impl>> impl = OpenService<Impl>(options);
  if (!impl.ok()) return impl.status();
  return WitnessClient(*std::move(impl));
}

absl::StatusOr<WitnessState> WitnessClient::GetWitness(CallOptions call) const {
  const auto response = impl_->Call(&v1::Witness::Stub::GetWitness, v1::GetWitnessRequest(), call);
  if (!response.ok()) return response.status();
  return ReadAnswer("witness", [&](Fields& fields, const Path& path) {
    return ReadState(fields, path, *response);
  });
}

}  // namespace causeway::client
