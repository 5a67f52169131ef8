#include "observer/runtime/program.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "observer/runtime/audit_engine.h"
#include "observer/runtime/audit_store.h"
#include "observer/runtime/config.h"
#include "observer/runtime/report.h"
#include "observer/runtime/runtime.h"
#include "observer/runtime/service.h"
#include "settlement/rpc/log.h"

namespace causeway::observer {
namespace {

constexpr char kProgram[] = "causeway-observer";

int Fail(const absl::Status& status) {
  fmt::print(stderr, "{}: {}\n", kProgram, std::string(status.message()));
  return absl::IsInternal(status) || absl::IsUnavailable(status) ? kExitInternal : kExitData;
}

int ExitStatusOf(const AuditEngine& engine) {
  return engine.alerts().empty() ? kExitOk : kExitAlerts;
}

absl::StatusOr<std::unique_ptr<AuditEngine>> OpenEngine(const ObserverConfig& config,
                                                        const std::string& data,
                                                        const core::SignatureVerifier& verifier) {
  absl::StatusOr<std::unique_ptr<AuditStore>> store = AuditStore::OpenLmdb(data, config);
  if (!store.ok()) return store.status();
  return AuditEngine::Open(config, *std::move(store), verifier, rpc::Now);
}

[[noreturn]] void ExitOnStoreFailure(const absl::Status& status) {
  rpc::Log(kProgram,
           fmt::format("the store failed, what is durable is unknown: {}", status.ToString()));
  std::_Exit(kExitInternal);
}

}  // namespace

int RunObserver(const RunOptions& options) {
  rpc::BlockStopSignals();
  const absl::StatusOr<ObserverConfig> config = LoadConfig(options.config);
  if (!config.ok()) return Fail(config.status());
  const core::OpenSslSignatureVerifier verifier;
  absl::StatusOr<std::unique_ptr<AuditEngine>> engine = OpenEngine(*config, options.data, verifier);
  if (!engine.ok()) return Fail(engine.status());

  std::unique_ptr<ObserverRuntime> runtime;
  ObserverService service(
      {[&runtime](const auto& read) { runtime->Read(read); },
       [&runtime](std::string_view origin) { return runtime->IsConnected(origin); },
       [&runtime] { return runtime->Witnesses(); }, config->readers});
  absl::StatusOr<std::unique_ptr<ObserverRuntime>> started = ObserverRuntime::Start(
      {*config, options.server.tls, ExitOnStoreFailure, [&service] { service.OnAlert(); }},
      *std::move(engine));
  if (!started.ok()) return Fail(started.status());
  runtime = *std::move(started);
  const absl::Status served = rpc::Serve(kProgram, options.server, {service.service()}, [&] {
    service.EndStreams();
    runtime->Stop();
  });
  if (!served.ok()) return Fail(served);
  int exit_status = kExitOk;
  runtime->Read([&](const AuditEngine& end) { exit_status = ExitStatusOf(end); });
  return exit_status;
}

int ReportObserver(const ReportOptions& options) {
  const absl::StatusOr<ObserverConfig> config = LoadConfig(options.config);
  if (!config.ok()) return Fail(config.status());
  if (absl::Status exists = AuditStore::CheckExists(options.data); !exists.ok()) {
    return Fail(exists);
  }
  const core::OpenSslSignatureVerifier verifier;
  absl::StatusOr<std::unique_ptr<AuditEngine>> engine = OpenEngine(*config, options.data, verifier);
  if (!engine.ok()) return Fail(engine.status());
  if (absl::Status recounted = (*engine)->Recount(); !recounted.ok()) return Fail(recounted);
  const std::string report = options.json ? JsonReport(**engine) : TextReport(**engine);
  std::fwrite(report.data(), 1, report.size(), stdout);
  return ExitStatusOf(**engine);
}

}  // namespace causeway::observer
