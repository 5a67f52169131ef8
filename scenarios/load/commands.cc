#include "scenarios/load/commands.h"

#include <cstdio>
#include <fstream>
#include <iterator>

#include "fmt/format.h"
#include "settlement/client/commands.h"
#include "settlement/core/bytes.h"
#include "settlement/core/key_file.h"

namespace causeway::load {
namespace {

constexpr std::chrono::milliseconds kConnectWait{10'000};
// Lists of accounts are long.
constexpr std::chrono::milliseconds kCallDeadline{120'000};

}  // namespace

absl::Status Annotate(std::string_view what, const absl::Status& status) {
  return absl::Status(status.code(), fmt::format("{}: {}", what, std::string(status.message())));
}

absl::StatusOr<Target> ConnectTo(const ConnectionFlags& flags) {
  absl::StatusOr<client::ConnectionOptions> options = ConnectionOf(flags);
  if (!options.ok()) return options.status();
  options->deadline = kCallDeadline;
  absl::StatusOr<client::LedgerClient> ledger = client::LedgerClient::Connect(*options);
  if (!ledger.ok()) return ledger.status();
  if (absl::Status status = ledger->WaitForConnection(kConnectWait); !status.ok()) return status;
  absl::StatusOr<client::LedgerInfo> info = ledger->GetInfo();
  if (!info.ok()) return Annotate("the ledger does not answer", info.status());
  return Target{*std::move(ledger), *std::move(info)};
}

absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> LoadSigner(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadTextFile(path);
  if (!pem.ok()) return pem.status();
  auto signer = core::DecodePrivateKeyPem(*pem, "");
  if (!signer.ok()) return Annotate(path, signer.status());
  return signer;
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(fmt::format("cannot open {}", path));
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return absl::UnavailableError(fmt::format("cannot read {}", path));
  return content;
}

absl::Status WriteTextFile(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) return absl::UnavailableError(fmt::format("cannot write {}", path));
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> RandomSeed() {
  const absl::StatusOr<std::string> bytes = client::RandomBytes(sizeof(std::uint64_t));
  if (!bytes.ok()) return bytes.status();
  return core::Reader(*bytes).U64() | 1;
}

int Failed(const absl::Status& status) {
  fmt::print(stderr, "causeway-load: {}\n", std::string(status.message()));
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailed;
}

}  // namespace causeway::load
