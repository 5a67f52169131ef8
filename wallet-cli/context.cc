#include "wallet-cli/context.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "settlement/core/key_file.h"

namespace causeway::wallet {
namespace {

// One call never waits longer than this while the whole command may.
constexpr std::chrono::milliseconds kCallDeadlineMax{10'000};

// Turns the terminal's echo off while it lives, if there is a terminal.
class EchoOff {
 public:
  explicit EchoOff(bool wanted) {
    if (!wanted || tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~EchoOff() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string FirstLine(std::string text) {
  text.erase(std::min(text.find('\n'), text.size()));
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

Context::Context(std::istream& input, std::ostream& output, std::ostream& error)
    : in(input), out(output), err(error) {}

std::chrono::milliseconds Context::Timeout() const {
  return std::chrono::seconds(options.timeout_seconds);
}

absl::StatusOr<client::ConnectionOptions> Context::Connection(std::string_view flag,
                                                              const std::string& address) const {
  if (address.empty()) {
    return Usage(fmt::format(
        "{0} is not set; give {0} HOST:PORT, or put {1} = \"HOST:PORT\" into the config file", flag,
        flag.substr(2)));
  }
  client::ConnectionOptions connection;
  connection.address = address;
  connection.deadline = std::min(Timeout(), kCallDeadlineMax);
  const bool any_tls =
      !options.tls_cert.empty() || !options.tls_key.empty() || !options.tls_ca.empty();
  if (options.insecure && any_tls) {
    return Usage("--insecure and --tls-... exclude each other; leave one of them out");
  }
  if (!options.insecure) {
    if (options.tls_cert.empty() || options.tls_key.empty() || options.tls_ca.empty()) {
      return Usage(
          "no credentials: give --tls-cert, --tls-key and --tls-ca, or --insecure for a server on "
          "this machine's loopback address");
    }
    connection.tls.emplace();
    connection.tls->certificate_file = options.tls_cert;
    connection.tls->private_key_file = options.tls_key;
    connection.tls->ca_file = options.tls_ca;
  } else if (!options.participant.empty()) {
    const absl::StatusOr<core::ParticipantId> participant = Participant();
    if (!participant.ok()) return participant.status();
    connection.participant = *participant;
  }
  return connection;
}

absl::StatusOr<Ledger> Context::ConnectLedger() const {
  const absl::StatusOr<client::ConnectionOptions> connection =
      Connection("--ledger", options.ledger);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<std::optional<core::Hash256>> pinned = PinnedGenesis();
  if (!pinned.ok()) return pinned.status();
  absl::StatusOr<client::LedgerClient> client = client::LedgerClient::Connect(*connection);
  if (!client.ok()) return Annotate("--ledger", client.status());
  absl::StatusOr<client::LedgerInfo> info = client->GetInfo();
  if (!info.ok()) return Annotate("the ledger does not answer", info.status());
  if (pinned->has_value() && info->genesis.hash != **pinned) {
    return absl::FailedPreconditionError(fmt::format(
        "the ledger at {} has genesis hash {}, not the {} of --genesis-hash: it is not the ledger "
        "that you meant",
        options.ledger, info->genesis.hash.ToHex(), (*pinned)->ToHex()));
  }
  return Ledger{*std::move(client), *std::move(info)};
}

absl::StatusOr<client::BridgeClient> Context::ConnectBridge() const {
  const absl::StatusOr<client::ConnectionOptions> connection =
      Connection("--bridge", options.bridge);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<client::BridgeClient> client = client::BridgeClient::Connect(*connection);
  if (!client.ok()) return Annotate("--bridge", client.status());
  return client;
}

absl::StatusOr<Ledger> Context::ConnectLedgerAt(std::string_view flag,
                                                const std::string& address) const {
  const absl::StatusOr<client::ConnectionOptions> connection = Connection(flag, address);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<client::LedgerClient> client = client::LedgerClient::Connect(*connection);
  if (!client.ok()) return Annotate(flag, client.status());
  absl::StatusOr<client::LedgerInfo> info = client->GetInfo();
  if (!info.ok()) {
    return Annotate(fmt::format("the ledger at {} does not answer", address), info.status());
  }
  return Ledger{*std::move(client), *std::move(info)};
}

absl::StatusOr<client::QueueClient> Context::ConnectQueue() const {
  const absl::StatusOr<client::ConnectionOptions> connection =
      Connection("--bridge", options.bridge);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<client::QueueClient> client = client::QueueClient::Connect(*connection);
  if (!client.ok()) return Annotate("--bridge", client.status());
  return client;
}

absl::StatusOr<client::WitnessClient> Context::ConnectWitness(const std::string& address) const {
  const absl::StatusOr<client::ConnectionOptions> connection = Connection("--witness", address);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<client::WitnessClient> client = client::WitnessClient::Connect(*connection);
  if (!client.ok()) return Annotate("--witness", client.status());
  return client;
}

absl::StatusOr<core::ParticipantId> Context::Participant() const {
  if (options.participant.empty()) {
    return Usage("--participant is not set; give the id under which the ledger registers you");
  }
  absl::StatusOr<core::ParticipantId> parsed = core::ParticipantId::Parse(options.participant);
  if (!parsed.ok()) return Annotate("--participant", parsed.status());
  return parsed;
}

absl::StatusOr<std::optional<core::Hash256>> Context::PinnedGenesis() const {
  if (options.genesis_hash.empty()) return std::nullopt;
  const std::optional<core::Hash256> hash = core::Hash256::FromHex(options.genesis_hash);
  if (!hash.has_value()) {
    return absl::InvalidArgumentError(
        "--genesis-hash: must be 64 hexadecimal digits, as `info` shows them");
  }
  return hash;
}

std::string Context::AskSecret(std::string_view question) {
  err << question << std::flush;
  std::string answer;
  {
    const EchoOff echo_off(&in == &std::cin && isatty(STDIN_FILENO) == 1);
    std::getline(in, answer);
  }
  err << "\n";
  return FirstLine(std::move(answer));
}

bool Context::Confirm(std::string_view question) {
  err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(in, answer);
  answer = FirstLine(std::move(answer));
  return answer == "y" || answer == "Y" || answer == "yes";
}

// One file serves all keys; several serve them in their order.
absl::StatusOr<std::string> Context::ReadPassphrase(std::size_t key, const std::string& key_file) {
  const std::vector<std::string>& files = options.passphrase_files;
  if (files.empty()) return AskSecret(fmt::format("Passphrase for {}: ", key_file));
  if (files.size() > 1 && files.size() != options.keys.size()) {
    return Usage(
        fmt::format("--passphrase-file: given {} times for {} keys; give it once for all of them "
                    "or once for each",
                    files.size(), options.keys.size()));
  }
  absl::StatusOr<std::string> content = ReadFile(files.size() == 1 ? files[0] : files[key]);
  if (!content.ok()) return Annotate("--passphrase-file", content.status());
  return FirstLine(*std::move(content));
}

absl::StatusOr<std::vector<std::unique_ptr<core::SoftwareSigner>>> Context::LoadSigners() {
  if (options.keys.empty()) {
    return Usage(
        "--key is not set; give the private key file to sign with, once for each approver");
  }
  std::vector<std::unique_ptr<core::SoftwareSigner>> signers;
  for (std::size_t i = 0; i < options.keys.size(); ++i) {
    const std::string& path = options.keys[i];
    const absl::StatusOr<std::string> pem = ReadFile(path);
    if (!pem.ok()) return Annotate("--key", pem.status());
    auto signer = core::DecodePrivateKeyPem(*pem, "");
    if (absl::IsFailedPrecondition(signer.status())) {  // encrypted
      const absl::StatusOr<std::string> passphrase = ReadPassphrase(i, path);
      if (!passphrase.ok()) return passphrase.status();
      signer = core::DecodePrivateKeyPem(*pem, *passphrase);
    }
    if (!signer.ok()) return Annotate(fmt::format("--key {}", path), signer.status());
    signers.push_back(*std::move(signer));
  }
  return signers;
}

absl::StatusOr<std::string> Context::NewPassphrase() {
  if (!options.passphrase_files.empty()) {
    absl::StatusOr<std::string> content = ReadFile(options.passphrase_files[0]);
    if (!content.ok()) return Annotate("--passphrase-file", content.status());
    std::string passphrase = FirstLine(*std::move(content));
    if (passphrase.empty()) {
      return absl::InvalidArgumentError(fmt::format("--passphrase-file {}: its first line is empty",
                                                    options.passphrase_files[0]));
    }
    return passphrase;
  }
  std::string passphrase = AskSecret("New passphrase: ");
  if (passphrase.empty()) {
    return absl::InvalidArgumentError(
        "the passphrase is empty; give one, or --no-passphrase for a file that only the system's "
        "permissions protect");
  }
  if (AskSecret("The same again: ") != passphrase) {
    return absl::InvalidArgumentError("the two passphrases differ; nothing was written");
  }
  return passphrase;
}

void Context::Show(const Json& value) {
  if (value.is_null()) return;
  if (options.json) {
    out << value.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    out << RenderText(value);
  }
}

std::vector<const core::Signer*> Borrow(
    const std::vector<std::unique_ptr<core::SoftwareSigner>>& signers) {
  std::vector<const core::Signer*> borrowed;
  borrowed.reserve(signers.size());
  for (const auto& signer : signers) borrowed.push_back(signer.get());
  return borrowed;
}

}  // namespace causeway::wallet
