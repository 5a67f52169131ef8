// What a central bank's approvers instruct about participants and accounts.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "settlement/core/key_file.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/names.h"

namespace causeway::wallet {
namespace {

absl::StatusOr<std::vector<core::PublicKey>> ReadPublicKeys(const std::vector<std::string>& files) {
  std::vector<core::PublicKey> keys;
  for (const std::string& file : files) {
    const absl::StatusOr<std::string> pem = ReadFile(file);
    if (!pem.ok()) return pem.status();
    absl::StatusOr<core::PublicKey> key = core::DecodePublicKeyPem(*pem);
    if (!key.ok()) return Annotate(file, key.status());
    keys.push_back(*std::move(key));
  }
  return keys;
}

struct RegisterFlags {
  InstructionFlags instruction;
  std::string participant;
  std::string role;
  std::string country;
  std::string bic;
  std::string lei;
  std::vector<std::string> public_keys;
};

absl::StatusOr<core::Action> MakeRegister(const RegisterFlags& flags) {
  core::RegisterParticipant made;
  const auto participant = core::ParticipantId::Parse(flags.participant);
  if (!participant.ok()) return participant.status();
  const auto role = ParseRole(flags.role);
  if (!role.ok()) return Annotate("--role", role.status());
  const auto country = core::Country::Parse(flags.country);
  if (!country.ok()) return Annotate("--country", country.status());
  made.participant = *participant;
  made.role = *role;
  made.country = *country;
  if (!flags.bic.empty()) {
    const auto bic = core::Bic::Parse(flags.bic);
    if (!bic.ok()) return Annotate("--bic", bic.status());
    made.bic = *bic;
  }
  if (!flags.lei.empty()) {
    const auto lei = core::Lei::Parse(flags.lei);
    if (!lei.ok()) return Annotate("--lei", lei.status());
    made.lei = *lei;
  }
  absl::StatusOr<std::vector<core::PublicKey>> keys = ReadPublicKeys(flags.public_keys);
  if (!keys.ok()) return Annotate("--public-key", keys.status());
  made.keys = *std::move(keys);
  return made;
}

void AddRegister(CLI::App& app, Context& context) {
  auto flags = std::make_shared<RegisterFlags>();
  CLI::App* command = app.add_subcommand("register", "Admit a participant (two approvers)");
  command->add_option("newcomer", flags->participant, "Its id: 1 to 16 of A-Z, 0-9 and '-'")
      ->required();
  command
      ->add_option("--role", flags->role,
                   "commercial-bank, fx-provider, bridge, observer or central-bank")
      ->required();
  command->add_option("--country", flags->country, "ISO 3166 code, such as HK")->required();
  command->add_option("--bic", flags->bic, "ISO 9362");
  command->add_option("--lei", flags->lei, "ISO 17442");
  command->add_option("--public-key", flags->public_keys, "A .pub.pem file; may be repeated")
      ->allow_extra_args(false);
  AddInstructionFlags(*command, flags->instruction);
  command->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "REG",
                      [&](const Ledger&) { return MakeRegister(*flags); });
    };
  });
}

struct KeysFlags {
  InstructionFlags instruction;
  std::string participant;
  std::vector<std::string> add;
  std::vector<std::string> revoke;
};

absl::StatusOr<core::Action> MakeUpdateKeys(const KeysFlags& flags) {
  core::UpdateKeys update;
  const auto participant = core::ParticipantId::Parse(flags.participant);
  if (!participant.ok()) return participant.status();
  update.participant = *participant;
  absl::StatusOr<std::vector<core::PublicKey>> keys = ReadPublicKeys(flags.add);
  if (!keys.ok()) return Annotate("--add", keys.status());
  update.add = *std::move(keys);
  for (const std::string& hex : flags.revoke) {
    const std::optional<core::Hash256> id = core::Hash256::FromHex(hex);
    if (!id.has_value()) {
      return absl::InvalidArgumentError(
          "--revoke: must be 64 hexadecimal digits, as `key-id` shows them");
    }
    update.revoke.push_back(*id);
  }
  return update;
}

void AddUpdateKeys(CLI::App& app, Context& context) {
  auto flags = std::make_shared<KeysFlags>();
  CLI::App* command = app.add_subcommand(
      "update-keys", "Add and revoke keys (the participant itself, or two approvers)");
  command->add_option("owner", flags->participant, "The participant's id")->required();
  command->add_option("--add", flags->add, "A .pub.pem file; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--revoke", flags->revoke, "A key id; may be repeated")
      ->allow_extra_args(false);
  AddInstructionFlags(*command, flags->instruction);
  command->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "KEY",
                      [&](const Ledger&) { return MakeUpdateKeys(*flags); });
    };
  });
}

struct AccountFlags {
  InstructionFlags instruction;
  std::string account;
  std::string owner;
  std::string purpose = "settlement";
  std::vector<std::string> holding_limit{"0"};
  std::vector<std::string> credit_line{"0"};
  std::string legal_basis;
};

void AddLimitFlags(CLI::App& command, AccountFlags& flags) {
  command.add_option("--holding-limit", flags.holding_limit, "Largest balance; 0: none")
      ->expected(1, 2);
  command.add_option("--credit-line", flags.credit_line, "How far below zero it may go")
      ->expected(1, 2);
}

struct Limits {
  core::Amount holding_limit;
  core::Amount credit_line;
};

absl::StatusOr<Limits> ParseLimits(const AccountFlags& flags, core::Currency currency) {
  const auto holding_limit = ParseMoney("--holding-limit", flags.holding_limit, currency);
  if (!holding_limit.ok()) return holding_limit.status();
  const auto credit_line = ParseMoney("--credit-line", flags.credit_line, currency);
  if (!credit_line.ok()) return credit_line.status();
  return Limits{holding_limit->amount, credit_line->amount};
}

absl::StatusOr<core::Action> MakeOpenAccount(const AccountFlags& flags, const Ledger& ledger) {
  const auto address = ParseAddress("the account", flags.account);
  if (!address.ok()) return address.status();
  const auto owner = core::ParticipantId::Parse(flags.owner);
  if (!owner.ok()) return Annotate("--owner", owner.status());
  const auto purpose = ParsePurpose(flags.purpose);
  if (!purpose.ok()) return Annotate("--purpose", purpose.status());
  const auto limits = ParseLimits(flags, ledger.info.genesis.currency);
  if (!limits.ok()) return limits.status();
  return core::OpenAccount{*address, *owner, *purpose, limits->holding_limit, limits->credit_line};
}

void AddOpenAccount(CLI::App& app, Context& context) {
  auto flags = std::make_shared<AccountFlags>();
  CLI::App* command =
      app.add_subcommand("open-account", "Open an account (two approvers; a wallet: its servicer)");
  command->add_option("account", flags->account, "Address, as `address make` gives it")->required();
  command->add_option("--owner", flags->owner, "Participant that owns it")->required();
  command->add_option("--purpose", flags->purpose, "settlement, wallet or fees")
      ->capture_default_str();
  AddLimitFlags(*command, *flags);
  AddInstructionFlags(*command, flags->instruction);
  command->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "OPEN",
                      [&](const Ledger& ledger) { return MakeOpenAccount(*flags, ledger); });
    };
  });
}

// Commands with one account and nothing else but what `make` takes from the flags.
using MakeForAccount = absl::StatusOr<core::Action> (*)(const AccountFlags&, const Ledger&,
                                                        core::AccountAddress);

std::pair<CLI::App*, std::shared_ptr<AccountFlags>> AddAccountCommand(
    CLI::App& app, Context& context, const std::string& name, const std::string& description,
    std::string_view id_prefix, MakeForAccount make) {
  auto flags = std::make_shared<AccountFlags>();
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("account", flags->account, "Its address")->required();
  AddInstructionFlags(*command, flags->instruction);
  command->callback([&context, flags, id_prefix, make] {
    context.command = [&context, flags, id_prefix, make] {
      return Instruct(context, flags->instruction, id_prefix,
                      [&](const Ledger& ledger) -> absl::StatusOr<core::Action> {
                        const auto address = ParseAddress("the account", flags->account);
                        if (!address.ok()) return address.status();
                        return make(*flags, ledger, *address);
                      });
    };
  });
  return {command, flags};
}

void AddAccountCommands(CLI::App& app, Context& context) {
  AddAccountCommand(app, context, "close-account",
                    "Close an empty account (its owner, or two approvers)", "CLOSE",
                    [](const AccountFlags&, const Ledger&, core::AccountAddress address)
                        -> absl::StatusOr<core::Action> { return core::CloseAccount{address}; });
  const auto [freeze, freeze_flags] = AddAccountCommand(
      app, context, "freeze", "Let no money leave an account (two approvers)", "FRZ",
      [](const AccountFlags& flags, const Ledger&,
         core::AccountAddress address) -> absl::StatusOr<core::Action> {
        return core::SetFreeze{address, true, flags.legal_basis};
      });
  freeze->add_option("--legal-basis", freeze_flags->legal_basis, "The order or law")->required();
  const auto [unfreeze, unfreeze_flags] =
      AddAccountCommand(app, context, "unfreeze", "Lift a freeze (two approvers)", "UNF",
                        [](const AccountFlags& flags, const Ledger&,
                           core::AccountAddress address) -> absl::StatusOr<core::Action> {
                          return core::SetFreeze{address, false, flags.legal_basis};
                        });
  unfreeze->add_option("--legal-basis", unfreeze_flags->legal_basis, "The order or law")
      ->required();
  const auto [limits, limit_flags] = AddAccountCommand(
      app, context, "set-limits", "Set an account's limits, both at once (two approvers)", "LIM",
      [](const AccountFlags& flags, const Ledger& ledger,
         core::AccountAddress address) -> absl::StatusOr<core::Action> {
        const auto parsed = ParseLimits(flags, ledger.info.genesis.currency);
        if (!parsed.ok()) return parsed.status();
        return core::SetLimits{address, parsed->holding_limit, parsed->credit_line};
      });
  AddLimitFlags(*limits, *limit_flags);
}

}  // namespace

void AddRegisterCommands(CLI::App& app, Context& context) {
  AddRegister(app, context);
  AddUpdateKeys(app, context);
  AddOpenAccount(app, context);
  AddAccountCommands(app, context);
}

}  // namespace causeway::wallet
