// Keys and addresses: nothing here needs a network.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "settlement/core/key_file.h"
#include "settlement/core/quote.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"

namespace causeway::wallet {
namespace {

Json KeyJson(const core::PublicKey& key) {
  return {{"suite", std::string(core::SuiteName(key.suite))},
          {"key_id", core::KeyIdOf(key).ToHex()}};
}

struct KeygenFlags {
  std::string name;
  std::string suite = "ed25519-sha256";
  bool no_passphrase = false;
};

absl::StatusOr<Json> Keygen(Context& context, const KeygenFlags& flags) {
  const std::optional<core::SuiteId> suite = core::ParseSuiteName(flags.suite);
  if (suite != core::SuiteId::kEd25519Sha256 && suite != core::SuiteId::kP256Sha256) {
    return absl::InvalidArgumentError(fmt::format(
        "--suite {}: must be ed25519-sha256 or p256-sha256", core::Quoted(flags.suite)));
  }
  std::string passphrase;
  if (!flags.no_passphrase) {
    absl::StatusOr<std::string> given = context.NewPassphrase();
    if (!given.ok()) return given.status();
    passphrase = *std::move(given);
  }
  const auto signer = core::GenerateKey(*suite);
  if (!signer.ok()) return Annotate("--suite", signer.status());
  const absl::StatusOr<std::string> private_pem = core::EncodePrivateKeyPem(**signer, passphrase);
  if (!private_pem.ok()) return private_pem.status();
  const absl::StatusOr<std::string> public_pem = core::EncodePublicKeyPem((*signer)->public_key());
  if (!public_pem.ok()) return public_pem.status();
  const std::string private_file = flags.name + ".pem";
  const std::string public_file = flags.name + ".pub.pem";
  if (absl::Status written =
          WriteFile(private_file, *private_pem, /*replace=*/false, /*secret=*/true);
      !written.ok()) {
    return written;
  }
  if (absl::Status written =
          WriteFile(public_file, *public_pem, /*replace=*/false, /*secret=*/false);
      !written.ok()) {
    return written;
  }
  Json json = KeyJson((*signer)->public_key());
  json["private_key"] = private_file;
  json["public_key"] = public_file;
  json["encrypted"] = !flags.no_passphrase;
  return json;
}

absl::StatusOr<Json> KeyId(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadFile(path);
  if (!pem.ok()) return pem.status();
  const absl::StatusOr<core::PublicKey> key = core::DecodePublicKeyPem(*pem);
  if (!key.ok()) return Annotate(path, key.status());
  return KeyJson(*key);
}

Json AddressJson(const core::AccountAddress& address) {
  return {{"account", address.ToString()},
          {"currency", address.currency().ToString()},
          {"body", std::string(address.body())},
          {"valid", true}};
}

absl::StatusOr<Json> MakeAddress(const std::string& code, const std::string& body) {
  const absl::StatusOr<core::Currency> currency = core::Currency::Parse(code);
  if (!currency.ok()) return Annotate("the currency", currency.status());
  const absl::StatusOr<core::AccountAddress> address = core::AccountAddress::Make(*currency, body);
  if (!address.ok()) return address.status();
  return AddressJson(*address);
}

absl::StatusOr<Json> CheckAddress(const std::string& text) {
  const absl::StatusOr<core::AccountAddress> address = core::AccountAddress::Parse(text);
  if (!address.ok()) return address.status();
  return AddressJson(*address);
}

}  // namespace

void AddKeyCommands(CLI::App& app, Context& context) {
  auto keygen_flags = std::make_shared<KeygenFlags>();
  CLI::App* keygen = app.add_subcommand("keygen", "Make a key: NAME.pem and NAME.pub.pem");
  keygen->add_option("name", keygen_flags->name, "Path of the files without .pem")->required();
  keygen->add_option("--suite", keygen_flags->suite, "ed25519-sha256 or p256-sha256")
      ->capture_default_str();
  keygen->add_flag("--no-passphrase", keygen_flags->no_passphrase,
                   "Do not encrypt the private key: only the file's permissions protect it");
  keygen->callback([&context, keygen_flags] {
    context.command = [&context, keygen_flags] { return Keygen(context, *keygen_flags); };
  });

  auto key_file = std::make_shared<std::string>();
  CLI::App* key_id = app.add_subcommand("key-id", "Suite and id of a public key");
  key_id->add_option("file", *key_file, "A .pub.pem file")->required();
  key_id->callback(
      [&context, key_file] { context.command = [key_file] { return KeyId(*key_file); }; });

  CLI::App* address = app.add_subcommand("address", "Make or check an account address");
  address->require_subcommand(1);
  auto currency = std::make_shared<std::string>();
  auto text = std::make_shared<std::string>();
  CLI::App* make = address->add_subcommand("make", "Compute the check digits");
  make->add_option("currency", *currency, "ISO 4217 code, such as HKD")->required();
  make->add_option("body", *text, "1 to 29 capital letters and digits")->required();
  make->callback([&context, currency, text] {
    context.command = [currency, text] { return MakeAddress(*currency, *text); };
  });
  CLI::App* check = address->add_subcommand("check", "Tell whether an address is well-formed");
  check->add_option("address", *text, "Such as HKD94ALPHA0001")->required();
  check->callback([&context, text] { context.command = [text] { return CheckAddress(*text); }; });
}

}  // namespace causeway::wallet
