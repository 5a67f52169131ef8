#include "central-bank-node/runtime/operations_service.h"

#include <grpcpp/server_context.h>

#include <functional>
#include <limits>
#include <utility>

#include "causeway/v1/operations_service.grpc.pb.h"
#include "central-bank-node/runtime/access.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::node {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

class OperationsService::Impl final : public causeway::v1::Operations::CallbackService {
 public:
  Impl(LedgerRuntime* runtime, JournalCare* care, const Scrubber* scrubber)
      : runtime_(runtime), care_(care), scrubber_(scrubber) {}

  ServerUnaryReactor* Backup(CallbackServerContext* context,
                             const causeway::v1::BackupRequest* request,
                             causeway::v1::BackupResponse* response) override {
    return Run(context, "backup", [this, name = request->name(), response] {
      absl::StatusOr<BackupReport> report = care_->Backup(name);
      if (!report.ok()) return report.status();
      response->set_directory(report->directory);
      response->set_batches(report->batches);
      response->set_checkpoint(report->checkpoint);
      return absl::OkStatus();
    });
  }

  ServerUnaryReactor* Archive(CallbackServerContext* context,
                              const causeway::v1::ArchiveRequest* request,
                              causeway::v1::ArchiveResponse* response) override {
    const std::uint64_t before = request->before_batch() == 0
                                     ? std::numeric_limits<std::uint64_t>::max()
                                     : request->before_batch();
    return Run(context, "archive", [this, before, response] {
      absl::StatusOr<std::uint32_t> segments = care_->Archive(before);
      if (!segments.ok()) return segments.status();
      response->set_segments(*segments);
      return absl::OkStatus();
    });
  }

  ServerUnaryReactor* GetScrub(CallbackServerContext* context,
                               const causeway::v1::GetScrubRequest* /*request*/,
                               causeway::v1::ScrubStatus* response) override {
    return Run(context, "scrub status", [this, response] {
      if (scrubber_ == nullptr) {
        return absl::FailedPreconditionError("this node was started with --scrub-mib 0");
      }
      const Scrubber::Status status = scrubber_->status();
      response->set_passes(status.passes);
      response->set_bytes(status.bytes);
      for (const std::string& damage : status.damaged) response->add_damaged(damage);
      return absl::OkStatus();
    });
  }

 private:
  // Runs `operation` beside the ledger if the caller operates it.
  ServerUnaryReactor* Run(CallbackServerContext* context, const char* name,
                          std::function<absl::Status()> operation) {
    ServerUnaryReactor* const reactor = context->DefaultReactor();
    const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context);
    if (!peer.ok()) {
      reactor->Finish({grpc::StatusCode::UNAUTHENTICATED, std::string(peer.status().message())});
      return reactor;
    }
    const auto refused = runtime_->Post([this, context, reactor, name, peer = *peer,
                                         operation = std::move(operation)] {
      const Caller caller = runtime_->Read(
          [&](const LedgerEngine& engine) { return CallerOf(engine.ledger(), peer); });
      if (!caller.Operates()) {
        reactor->Finish(rpc::Refuse(core::Outcome::kSenderNotEntitled,
                                    "operations are for the central bank's connection", *context));
        return;
      }
      const absl::Status status = operation();
      rpc::Log("causeway-node",
               std::string(name) + ": " +
                   (status.ok() ? std::string("done") : std::string(status.message())));
      reactor->Finish(rpc::ToGrpc(status));
    });
    if (refused) reactor->Finish(rpc::Refuse(*refused, *context));
    return reactor;
  }

  LedgerRuntime* const runtime_;
  JournalCare* const care_;
  const Scrubber* const scrubber_;
};

OperationsService::OperationsService(LedgerRuntime* runtime, JournalCare* care,
                                     const Scrubber* scrubber)
    : impl_(std::make_unique<Impl>(runtime, care, scrubber)) {}
OperationsService::~OperationsService() = default;
grpc::Service* OperationsService::service() { return impl_.get(); }

}  // namespace causeway::node
