#include "tests/bench/bench_corridor.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "settlement/core/key_file.h"
#include "settlement/rpc/tls.h"

namespace causeway::bench {
namespace {

constexpr std::chrono::milliseconds kStartWait{120'000};
constexpr std::chrono::milliseconds kStopWait{60'000};
// Generous: a measurement on a loaded machine is slow, not wrong.
constexpr std::chrono::milliseconds kCallDeadline{60'000};
constexpr std::size_t kDescriptionBytesMax = 1024 * 1024;
constexpr const char* kPrograms[] = {"causeway-sim", "causeway-node", "causeway-bridge",
                                     "causeway-observer"};

}  // namespace

absl::StatusOr<std::unique_ptr<BenchCorridor>> BenchCorridor::Start(const std::string& bin_dir,
                                                                    const std::string& scenario,
                                                                    const std::string& parent_dir) {
  for (const char* program : kPrograms) {
    const std::string path = fmt::format("{}/{}", bin_dir, program);
    if (::access(path.c_str(), X_OK) == 0) continue;
    return absl::NotFoundError(fmt::format(
        "{} is not there: build the programs first (`./dev build`), or name their folder with "
        "--bin-dir",
        path));
  }
  std::string directory = fmt::format("{}/causeway-bench-XXXXXX", parent_dir);
  if (::mkdtemp(directory.data()) == nullptr) {
    return absl::NotFoundError(
        fmt::format("no folder can be made in {}: {}", parent_dir, std::strerror(errno)));
  }
  std::unique_ptr<BenchCorridor> corridor(new BenchCorridor(directory));
  const std::string work = directory + "/corridor";
  absl::StatusOr<std::unique_ptr<sim::Process>> process =
      sim::Process::Start({.name = "the corridor",
                           .program = bin_dir + "/causeway-sim",
                           .arguments = {"corridor", scenario, "--dir", work, "--bin-dir", bin_dir},
                           .log_file = directory + "/corridor.log"});
  if (!process.ok()) return process.status();
  corridor->process_ = *std::move(process);
  const std::string file = work + "/corridor.json";
  const absl::StatusOr<std::string> line = corridor->process_->WaitForReadyFile(file, kStartWait);
  if (!line.ok()) return line.status();
  const absl::StatusOr<std::string> text = rpc::ReadWholeFile(file, kDescriptionBytesMax);
  if (!text.ok()) return text.status();
  corridor->description_ = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  return corridor;
}

BenchCorridor::~BenchCorridor() {
  // An error on the way out has been told already, or there was another one before it.
  if (process_ != nullptr) Stop().IgnoreError();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

absl::Status BenchCorridor::Stop() { return process_->Stop(kStopWait); }

absl::StatusOr<std::string> BenchCorridor::Text(const std::string& path) const {
  const nlohmann::json::json_pointer pointer(path);
  if (!description_.contains(pointer) || !description_[pointer].is_string()) {
    return absl::NotFoundError(
        fmt::format("{}/corridor/corridor.json has no text at {}", directory_, path));
  }
  return description_[pointer].get<std::string>();
}

absl::StatusOr<client::ConnectionOptions> BenchCorridor::Connection(const std::string& address_path,
                                                                    std::string_view who) const {
  const absl::StatusOr<std::string> address = Text(address_path);
  if (!address.ok()) return address.status();
  const absl::StatusOr<std::string> ca = Text("/ca");
  if (!ca.ok()) return ca.status();
  const absl::StatusOr<std::string> certificate =
      Text(fmt::format("/participants/{}/certificate", who));
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<std::string> key = Text(fmt::format("/participants/{}/tls_key", who));
  if (!key.ok()) return key.status();
  return client::ConnectionOptions{
      .address = *address,
      .tls =
          rpc::TlsFiles{.certificate_file = *certificate, .private_key_file = *key, .ca_file = *ca},
      .deadline = kCallDeadline};
}

absl::StatusOr<client::ConnectionOptions> BenchCorridor::LedgerConnection(
    std::string_view currency, std::string_view who) const {
  for (std::size_t i = 0;; ++i) {
    const absl::StatusOr<std::string> found = Text(fmt::format("/ledgers/{}/currency", i));
    if (!found.ok()) return found.status();
    if (*found == currency) return Connection(fmt::format("/ledgers/{}/address", i), who);
  }
}

absl::StatusOr<client::ConnectionOptions> BenchCorridor::BridgeConnection(
    std::string_view who) const {
  return Connection("/bridge/address", who);
}

absl::StatusOr<client::ConnectionOptions> BenchCorridor::ObserverConnection(
    std::string_view who) const {
  return Connection("/observer/address", who);
}

absl::StatusOr<core::AccountAddress> BenchCorridor::Account(std::string_view who,
                                                            std::string_view currency) const {
  const absl::StatusOr<std::string> text =
      Text(fmt::format("/participants/{}/accounts/{}", who, currency));
  if (!text.ok()) return text.status();
  return core::AccountAddress::Parse(*text);
}

absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> BenchCorridor::Signer(
    std::string_view who) const {
  const absl::StatusOr<std::string> path = Text(fmt::format("/participants/{}/key", who));
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::string> pem = rpc::ReadWholeFile(*path, core::kKeyFileBytesMax);
  if (!pem.ok()) return pem.status();
  return core::DecodePrivateKeyPem(*pem, "");
}

}  // namespace causeway::bench
