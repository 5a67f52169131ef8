#include "observer/runtime/witness_watch.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "causeway/v1/witness_service.grpc.pb.h"
#include "fmt/format.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/cosignature.h"
#include "settlement/rpc/log.h"

namespace causeway::observer {
namespace {

void LogLine(const std::string& message) { rpc::Log("causeway-observer", message); }

}  // namespace

class WitnessWatch::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}
  ~Impl() { Stop(); }

  absl::Status Connect() {
    for (const WitnessAddress& witness : options_.witnesses) {
      absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
          rpc::OpenChannel(witness.address, options_.tls);
      if (!channel.ok()) return channel.status();
      stubs_.push_back(causeway::v1::Witness::NewStub(*std::move(channel)));
      shown_.emplace_back().set_name(witness.name);
    }
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      if (context_ != nullptr) context_->TryCancel();
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  std::vector<causeway::v1::WatchedWitness> Witnesses() const {
    const std::lock_guard lock(mutex_);
    return shown_;
  }

 private:
  void Run() {
    for (;;) {
      for (std::size_t i = 0; i < stubs_.size(); ++i) {
        causeway::v1::WatchedWitness now = Ask(i);
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        LogChange(shown_[i], now);
        shown_[i] = std::move(now);
      }
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, options_.pause, [this] { return stopping_; })) return;
    }
  }

  // `call` with a context that Stop reaches.
  template <typename Call>
  grpc::Status Within(const Call& call) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kWitnessAnswerWaitMax);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return {grpc::StatusCode::CANCELLED, "the observer stops"};
      context_ = &context;
    }
    grpc::Status status = call(context);
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
    return status;
  }

  causeway::v1::WatchedWitness Ask(std::size_t index) {
    causeway::v1::WatchedWitness now;
    now.set_name(options_.witnesses[index].name);
    causeway::v1::CosignRequest request;
    request.set_known(options_.known());
    causeway::v1::CosignResponse answer;
    grpc::Status status = Within([&](grpc::ClientContext& context) {
      return stubs_[index]->Cosign(&context, request, &answer);
    });
    std::vector<std::string> notes = {answer.checkpoint()};
    if (status.ok() && answer.refusal() == causeway::v1::WITNESS_REFUSAL_REFUSING) {
      causeway::v1::WitnessState state;
      status = Within([&](grpc::ClientContext& context) {
        return stubs_[index]->GetWitness(&context, causeway::v1::GetWitnessRequest(), &state);
      });
      now.set_refusing(true);
      notes = {state.checkpoint(), state.evidence().ours(), state.evidence().theirs()};
      *now.mutable_evidence() = std::move(*state.mutable_evidence());
      now.mutable_evidence()->clear_batch();
    }
    if (!status.ok()) {
      now.Clear();
      now.set_name(options_.witnesses[index].name);
      now.set_message("does not answer: " + status.error_message());
      return now;
    }
    now.set_reached(true);
    now.set_size(answer.size());
    if (answer.refusal() != causeway::v1::WITNESS_REFUSAL_NONE) now.set_message(answer.message());
    if (IsCosigned(now.name(), answer.checkpoint())) now.set_cosigned(answer.size());
    for (std::string& note : notes) {
      if (!note.empty() && !options_.show(std::move(note))) break;
    }
    return now;
  }

  // By a key that a policy gives that name. The verifier looks at the log's own signature.
  bool IsCosigned(const std::string& name, const std::string& note) const {
    const absl::StatusOr<core::SignedCheckpoint> parsed = core::ParseCheckpoint(note);
    if (!parsed.ok()) return false;
    const std::string text = core::CheckpointText(parsed->checkpoint);
    for (const core::SettlementPolicy& policy : options_.policies.all()) {
      for (const core::PolicyWitness& witness : policy.witnesses) {
        if (witness.name != name) continue;
        const bool signed_by_it = std::any_of(
            parsed->signatures.begin(), parsed->signatures.end(),
            [&](const core::NoteSignature& line) {
              return core::VerifyCosignature(text, line, name, witness.key, verifier_).ok();
            });
        if (signed_by_it) return true;
      }
    }
    return false;
  }

  // One line when a witness is lost, finds something, or comes back.
  static void LogChange(const causeway::v1::WatchedWitness& before,
                        const causeway::v1::WatchedWitness& now) {
    if (before.message() == now.message() && before.refusing() == now.refusing()) return;
    if (now.refusing()) {
      LogLine(fmt::format("WITNESS '{}' signs no more ({}): {}", now.name(),
                          causeway::v1::WitnessEvidence::Kind_Name(now.evidence().kind()),
                          now.evidence().message()));
    } else {
      LogLine(fmt::format("witness '{}' {}", now.name(),
                          now.message().empty() ? "answers" : now.message()));
    }
  }

  const Options options_;
  const core::OpenSslSignatureVerifier verifier_;
  std::vector<std::unique_ptr<causeway::v1::Witness::Stub>> stubs_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  grpc::ClientContext* context_ = nullptr;  // of the call under way
  std::vector<causeway::v1::WatchedWitness> shown_;
  std::thread thread_;
};

WitnessWatch::WitnessWatch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WitnessWatch::~WitnessWatch() = default;

absl::StatusOr<std::unique_ptr<WitnessWatch>> WitnessWatch::Start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status connected = impl->Connect(); !connected.ok()) return connected;
  return std::unique_ptr<WitnessWatch>(new WitnessWatch(std::move(impl)));
}

void WitnessWatch::Stop() { impl_->Stop(); }

std::vector<causeway::v1::WatchedWitness> WitnessWatch::Witnesses() const {
  return impl_->Witnesses();
}

}  // namespace causeway::observer
