#include "scenarios/live/corridor.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "scenarios/live/process.h"
#include "scenarios/live/supervisor.h"

namespace causeway::sim {
namespace {

constexpr char kAnyPort[] = "127.0.0.1:0";

// One program of the corridor. Touched by the supervisor's thread only.
struct Member {
  std::string name;
  std::string program;                 // file name in the folder of programs
  std::vector<std::string> arguments;  // without address and TLS files
  ServerFiles files;
  std::string address;  // empty before its first start
  std::unique_ptr<Process> process;
  bool end_told = false;

  // Nothing while it runs, and after it was killed.
  std::optional<std::string> EndedByItself() {
    if (process == nullptr || process->IsRunning()) return std::nullopt;
    return fmt::format("{} {} by itself{}", name, process->Ending(), process->LogTail());
  }
};

Member LedgerMember(const PlannedLedger& ledger, const LedgerFiles& files) {
  return {.name = std::string(ledger.origin.text()),
          .program = "causeway-node",
          .arguments = {"run", "--genesis", files.genesis, "--key", files.key, "--salt-key",
                        files.salt_key},
          .files = files.server,
          .address = {},
          .process = nullptr};
}

std::vector<std::string> WitnessArguments(const Plan& plan, const std::string& prefix,
                                          std::size_t index, const WitnessFiles& files) {
  const PlannedBridge& bridge = *plan.bridge;
  return {"--" + prefix + "name",   bridge.witnesses[index].name,
          "--" + prefix + "key",    files.key,
          "--" + prefix + "policy", files.policy,
          "--" + prefix + "bridge", plan.participants[bridge.participant].id.ToString()};
}

}  // namespace

class Corridor::Impl {
 public:
  Impl(const Plan& plan, CorridorFiles corridor_files, std::string bin_dir)
      : plan_(plan), files_(std::move(corridor_files)), bin_dir_(std::move(bin_dir)) {}
  ~Impl() {
    supervisor_.Run([this] { return KillAll(); }).IgnoreError();
  }

  const CorridorFiles& files() const { return files_; }
  const CorridorAddresses& addresses() const { return addresses_; }

  absl::Status Start() {
    return supervisor_.Run([this] { return StartAll(); });
  }

  void KillAndRestart(std::string_view process, std::chrono::milliseconds after,
                      std::chrono::milliseconds down) {
    const Supervisor::Clock::time_point kill = Supervisor::Clock::now() + after;
    const std::string name(process);
    supervisor_.At(kill, [this, name] {
      Member* member = Find(name);
      if (member != nullptr && member->process != nullptr) {
        if (member->process->IsRunning()) member->process->Kill();
        member->process.reset();
      }
    });
    supervisor_.At(kill + down, [this, name] {
      Member* member = Find(name);
      if (member == nullptr || member->process != nullptr) return;
      if (absl::Status status = Restart(*member); !status.ok() && failure_.ok()) {
        failure_ = std::move(status);
      }
    });
  }

  absl::Status WaitForRestarts() {
    supervisor_.WaitUntilIdle();
    return CheckRunning();
  }

  absl::Status CheckRunning() {
    return supervisor_.Run([this] {
      if (!failure_.ok()) return failure_;
      for (Member& member : members_) {
        if (const auto ended = member.EndedByItself()) return absl::InternalError(*ended);
      }
      return absl::OkStatus();
    });
  }

  std::vector<std::string> TakeEnded() {
    std::vector<std::string> all;
    supervisor_
        .Run([&] {
          for (Member& member : members_) {
            const auto ended = member.EndedByItself();
            if (ended.has_value() && !std::exchange(member.end_told, true)) all.push_back(*ended);
          }
          return absl::OkStatus();
        })
        .IgnoreError();
    return all;
  }

  absl::Status Stop() {
    supervisor_.WaitUntilIdle();
    return supervisor_.Run([this] {
      absl::Status first = failure_;
      for (auto member = members_.rbegin(); member != members_.rend(); ++member) {
        if (member->process == nullptr) continue;
        first.Update(member->process->Stop(kStopWaitMax));
        member->process.reset();
      }
      return first;
    });
  }

 private:
  Member* Find(std::string_view name) {
    for (Member& member : members_) {
      if (member.name == name) return &member;
    }
    return nullptr;
  }

  absl::Status StartAll() {
    // The ledgers come up together; the others need their addresses.
    for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
      members_.push_back(LedgerMember(plan_.ledgers[i], files_.ledgers[i]));
      if (i < files_.witnesses.size()) {
        std::vector<std::string>& arguments = members_.back().arguments;
        const WitnessFiles& witness = files_.witnesses[i];
        for (std::string& argument : WitnessArguments(plan_, "witness-", i, witness)) {
          arguments.push_back(std::move(argument));
        }
        arguments.insert(arguments.end(), {"--witness-data", witness.server.data});
      }
      if (absl::Status status = Launch(members_.back()); !status.ok()) return status;
    }
    for (Member& member : members_) {
      if (absl::Status status = AwaitAddress(member); !status.ok()) return status;
      addresses_.ledgers.push_back(member.address);
    }
    if (absl::Status status = StartWitnesses(); !status.ok()) return status;
    if (plan_.bridge) {
      if (absl::Status status =
              WriteBridgeConfig(plan_, files_, addresses_.ledgers, addresses_.witnesses);
          !status.ok()) {
        return status;
      }
      absl::StatusOr<std::string> address = StartMember(
          {.name = kBridgeProcess,
           .program = "causeway-bridge",
           .arguments = {"run", "--config", files_.bridge_config, "--key", files_.bridge_key},
           .files = files_.bridge,
           .address = {},
           .process = nullptr});
      if (!address.ok()) return address.status();
      addresses_.bridge = *address;
    }
    if (absl::Status status = WriteObserverConfig(plan_, files_, addresses_.ledgers,
                                                  addresses_.bridge, addresses_.witnesses);
        !status.ok()) {
      return status;
    }
    absl::StatusOr<std::string> address =
        StartMember({.name = kObserverProcess,
                     .program = "causeway-observer",
                     .arguments = {"run", "--config", files_.observer_config},
                     .files = files_.observer,
                     .address = {},
                     .process = nullptr});
    if (!address.ok()) return address.status();
    addresses_.observer = *address;
    return absl::OkStatus();
  }

  // Those that do not run beside a ledger.
  absl::Status StartWitnesses() {
    for (std::size_t i = 0; i < files_.witnesses.size(); ++i) {
      if (i < addresses_.ledgers.size()) {
        addresses_.witnesses.push_back(addresses_.ledgers[i]);
        continue;
      }
      std::vector<std::string> arguments = {"witness"};
      for (std::string& argument : WitnessArguments(plan_, "", i, files_.witnesses[i])) {
        arguments.push_back(std::move(argument));
      }
      absl::StatusOr<std::string> address = StartMember({.name = WitnessProcess(i),
                                                         .program = "causeway-node",
                                                         .arguments = std::move(arguments),
                                                         .files = files_.witnesses[i].server,
                                                         .address = {},
                                                         .process = nullptr});
      if (!address.ok()) return address.status();
      addresses_.witnesses.push_back(*address);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> StartMember(Member member) {
    members_.push_back(std::move(member));
    Member& added = members_.back();
    if (absl::Status status = Launch(added); !status.ok()) return status;
    if (absl::Status status = AwaitAddress(added); !status.ok()) return status;
    return added.address;
  }

  absl::Status Launch(Member& member) {
    std::error_code error;
    std::filesystem::remove(member.files.ready_file, error);  // a killed process leaves it behind
    ProcessSpec spec{.name = member.name,
                     .program = fmt::format("{}/{}", bin_dir_, member.program),
                     .arguments = member.arguments,
                     .log_file = member.files.log_file};
    const rpc::TlsFiles& tls = member.files.tls;
    for (const std::string& argument :
         {std::string("--data"), member.files.data, std::string("--listen"),
          member.address.empty() ? std::string(kAnyPort) : member.address,
          std::string("--tls-cert"), tls.certificate_file, std::string("--tls-key"),
          tls.private_key_file, std::string("--tls-ca"), tls.ca_file, std::string("--ready-file"),
          member.files.ready_file}) {
      spec.arguments.push_back(argument);
    }
    absl::StatusOr<std::unique_ptr<Process>> process = Process::Start(std::move(spec));
    if (!process.ok()) return process.status();
    member.process = *std::move(process);
    return absl::OkStatus();
  }

  absl::Status AwaitAddress(Member& member) {
    absl::StatusOr<std::string> address =
        member.process->WaitForReadyFile(member.files.ready_file, kStartWaitMax);
    if (!address.ok()) return address.status();
    member.address = *address;
    return absl::OkStatus();
  }

  absl::Status Restart(Member& member) {
    absl::Status status;
    for (int attempt = 0; attempt < kRestartsMax; ++attempt) {
      if (attempt > 0) std::this_thread::sleep_for(kRestartPause);
      status = Launch(member);
      if (status.ok()) status = AwaitAddress(member);
      if (status.ok()) return status;
      member.process.reset();
    }
    return status;
  }

  absl::Status KillAll() {
    for (Member& member : members_) member.process.reset();
    return absl::OkStatus();
  }

  const Plan& plan_;
  const CorridorFiles files_;
  const std::string bin_dir_;
  CorridorAddresses addresses_;  // written before Start returns
  std::vector<Member> members_;  // in the order of starting
  absl::Status failure_;         // of the first restart that failed
  Supervisor supervisor_;        // last: its thread uses the others
};

Corridor::Corridor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Corridor::~Corridor() = default;

absl::StatusOr<std::unique_ptr<Corridor>> Corridor::Start(const Plan& plan, CorridorFiles files,
                                                          const std::string& bin_dir) {
  auto impl = std::make_unique<Impl>(plan, std::move(files), bin_dir);
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<Corridor>(new Corridor(std::move(impl)));
}

const CorridorFiles& Corridor::files() const { return impl_->files(); }
const CorridorAddresses& Corridor::addresses() const { return impl_->addresses(); }
void Corridor::KillAndRestart(std::string_view process, std::chrono::milliseconds after,
                              std::chrono::milliseconds down) {
  impl_->KillAndRestart(process, after, down);
}
absl::Status Corridor::WaitForRestarts() { return impl_->WaitForRestarts(); }
absl::Status Corridor::CheckRunning() { return impl_->CheckRunning(); }
std::vector<std::string> Corridor::TakeEnded() { return impl_->TakeEnded(); }
absl::Status Corridor::Stop() { return impl_->Stop(); }

}  // namespace causeway::sim
