// Liquidity terms of accounts: what their owners keep back and how much they pay to whom, and the
// credit that a central bank gives.
#include <CLI/CLI.hpp>
#include <memory>

#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"

namespace causeway::wallet {
namespace {

using Words = std::vector<std::string>;  // of an amount

struct TermsFlags {
  InstructionFlags instruction;
  std::string account;
  Words urgent{"0"};
  Words high{"0"};
  Words threshold;
  std::string to;
  Words limit;
  bool lift = false;
  Words collateral{"0"};
  std::uint32_t haircut_basis_points = 0;
  Words uncollateralised{"0"};
  std::uint32_t ppm_per_day = 0;
};

using MakeTerms = absl::StatusOr<core::Action> (*)(const TermsFlags&, const core::AccountAddress&,
                                                   core::Currency);

std::shared_ptr<TermsFlags> AddTermsCommand(CLI::App& command, Context& context,
                                            const char* account_help, std::string_view id_prefix,
                                            MakeTerms make) {
  auto flags = std::make_shared<TermsFlags>();
  command.add_option("account", flags->account, account_help)->required();
  AddInstructionFlags(command, flags->instruction);
  command.callback([&context, flags, id_prefix, make] {
    context.command = [&context, flags, id_prefix, make] {
      return Instruct(context, flags->instruction, id_prefix,
                      [&](const Ledger& ledger) -> absl::StatusOr<core::Action> {
                        const auto address = ParseAddress("the account", flags->account);
                        if (!address.ok()) return address.status();
                        return make(*flags, *address, ledger.info.genesis.currency);
                      });
    };
  });
  return flags;
}

absl::StatusOr<core::Action> MakeReservations(const TermsFlags& flags,
                                              const core::AccountAddress& address,
                                              core::Currency currency) {
  const auto urgent = ParseMoney("--urgent", flags.urgent, currency);
  if (!urgent.ok()) return urgent.status();
  const auto high = ParseMoney("--high", flags.high, currency);
  if (!high.ok()) return high.status();
  return core::SetReservations{address, urgent->amount, high->amount};
}

absl::StatusOr<core::Action> MakeThreshold(const TermsFlags& flags,
                                           const core::AccountAddress& address,
                                           core::Currency currency) {
  const auto threshold = ParseMoney("--threshold", flags.threshold, currency);
  if (!threshold.ok()) return threshold.status();
  return core::SetReleaseThreshold{address, threshold->amount};
}

absl::StatusOr<core::Action> MakeSenderLimit(const TermsFlags& flags,
                                             const core::AccountAddress& address,
                                             core::Currency currency) {
  core::SetSenderLimit set{.address = address, .counterparty = {}, .limit = {}};
  if (!flags.to.empty()) {
    const auto to = ParseAddress("--to", flags.to);
    if (!to.ok()) return to.status();
    set.counterparty = *to;
  }
  if (flags.lift == !flags.limit.empty()) {
    return absl::InvalidArgumentError("give --limit or --lift");
  }
  if (flags.lift) return set;
  const auto limit = ParseMoney("--limit", flags.limit, currency);
  if (!limit.ok()) return limit.status();
  set.limit = limit->amount;
  return set;
}

absl::StatusOr<core::Action> MakeCredit(const TermsFlags& flags,
                                        const core::AccountAddress& address,
                                        core::Currency currency) {
  const auto collateral = ParseMoney("--collateral", flags.collateral, currency);
  if (!collateral.ok()) return collateral.status();
  const auto further = ParseMoney("--uncollateralised", flags.uncollateralised, currency);
  if (!further.ok()) return further.status();
  return core::SetCredit{address, collateral->amount, flags.haircut_basis_points, further->amount};
}

absl::StatusOr<core::Action> MakeCreditPrice(const TermsFlags& flags,
                                             const core::AccountAddress& address, core::Currency) {
  return core::SetCreditPrice{flags.ppm_per_day, address};
}

void AddOwnersCommands(CLI::App& app, Context& context) {
  CLI::App* reserve = app.add_subcommand(
      "set-reservations", "Keep funds for urgent and for high payments (the account's owner)");
  const auto reserved = AddTermsCommand(*reserve, context, "Its address", "RSV", MakeReservations);
  reserve->add_option("--urgent", reserved->urgent, "Left by normal and high payments")
      ->expected(1, 2);
  reserve->add_option("--high", reserved->high, "Left by normal payments too")->expected(1, 2);

  CLI::App* threshold = app.add_subcommand(
      "set-release-threshold", "Let normal payments leave an amount (the account's owner)");
  const auto released = AddTermsCommand(*threshold, context, "Its address", "THR", MakeThreshold);
  threshold->add_option("--threshold", released->threshold, "What they leave; 0: nothing")
      ->required()
      ->expected(1, 2);

  CLI::App* limit = app.add_subcommand(
      "set-sender-limit",
      "Limit what is paid, less what is received, by normal payments (the account's owner)");
  const auto limited = AddTermsCommand(*limit, context, "Its address", "SND", MakeSenderLimit);
  limit->add_option(
      "--to", limited->to,
      "The account that the limit is towards; left out: all without one of their own");
  limit->add_option("--limit", limited->limit, "Such as 150.00 HKD")->expected(1, 2);
  limit->add_flag("--lift", limited->lift, "Have no such limit any more");
}

void AddCreditCommands(CLI::App& app, Context& context) {
  CLI::App* credit =
      app.add_subcommand("set-credit", "Set an account's credit by its collateral (two approvers)");
  const auto given = AddTermsCommand(*credit, context, "Its address", "CRD", MakeCredit);
  credit->add_option("--collateral", given->collateral, "Its value")->expected(1, 2);
  credit
      ->add_option("--haircut-basis-points", given->haircut_basis_points,
                   "The part of the value that does not count, 0 to 10000")
      ->check(CLI::Range(0, 10'000));
  credit->add_option("--uncollateralised", given->uncollateralised, "Further credit")
      ->expected(1, 2);

  CLI::App* price =
      app.add_subcommand("set-credit-price", "Set the price of drawn credit (two approvers)");
  const auto priced = AddTermsCommand(
      *price, context, "The fee account of the central bank that is paid", "PRC", MakeCreditPrice);
  price
      ->add_option("--ppm-per-day", priced->ppm_per_day,
                   "Millionths of what is drawn a day, 0 to 1000000")
      ->required()
      ->check(CLI::Range(0, 1'000'000));
}

}  // namespace

void AddTermsCommands(CLI::App& app, Context& context) {
  AddOwnersCommands(app, context);
  AddCreditCommands(app, context);
}

}  // namespace causeway::wallet
