#include "central-bank-node/runtime/operations_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>

#include "causeway/v1/operations_service.grpc.pb.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::node {
namespace {

using Stub = causeway::v1::Operations::Stub;

absl::StatusOr<std::unique_ptr<Stub>> Connect(const NodeConnection& connection) {
  auto channel = rpc::OpenChannel(connection.address, connection.tls);
  if (!channel.ok()) return channel.status();
  return causeway::v1::Operations::NewStub(*channel);
}

}  // namespace

absl::StatusOr<BackupReport> RequestBackup(const NodeConnection& connection,
                                           const std::string& name) {
  absl::StatusOr<std::unique_ptr<Stub>> stub = Connect(connection);
  if (!stub.ok()) return stub.status();
  grpc::ClientContext context;
  causeway::v1::BackupRequest request;
  request.set_name(name);
  causeway::v1::BackupResponse response;
  const grpc::Status status = (*stub)->Backup(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return BackupReport{.directory = response.directory(),
                      .batches = response.batches(),
                      .checkpoint = response.checkpoint()};
}

absl::StatusOr<std::uint32_t> RequestArchive(const NodeConnection& connection,
                                             std::uint64_t before_batch) {
  absl::StatusOr<std::unique_ptr<Stub>> stub = Connect(connection);
  if (!stub.ok()) return stub.status();
  grpc::ClientContext context;
  causeway::v1::ArchiveRequest request;
  request.set_before_batch(before_batch);
  causeway::v1::ArchiveResponse response;
  const grpc::Status status = (*stub)->Archive(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response.segments();
}

absl::StatusOr<Scrubber::Status> RequestScrub(const NodeConnection& connection) {
  absl::StatusOr<std::unique_ptr<Stub>> stub = Connect(connection);
  if (!stub.ok()) return stub.status();
  grpc::ClientContext context;
  causeway::v1::ScrubStatus response;
  const grpc::Status status = (*stub)->GetScrub(&context, {}, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return Scrubber::Status{
      .passes = response.passes(),
      .bytes = response.bytes(),
      .damaged = {response.damaged().begin(), response.damaged().end()},
  };
}

}  // namespace causeway::node
