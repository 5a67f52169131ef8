// What a bank instructs on one ledger.
#include <CLI/CLI.hpp>
#include <memory>

#include "settlement/client/commands.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/names.h"

namespace causeway::wallet {
namespace {

struct PayFlags {
  InstructionFlags instruction;
  std::string from;
  std::string to;
  std::vector<std::string> amount;
  std::string uetr;
  std::string purpose;
  std::string priority = "normal";
  std::string returns;
  std::string returns_party;
  std::string returns_kind = "pay";
};

absl::StatusOr<core::Action> MakePay(const Context& context, const PayFlags& flags,
                                     const Ledger& ledger) {
  core::Pay pay;
  const absl::StatusOr<core::AccountAddress> from = ParseAddress("--from", flags.from);
  if (!from.ok()) return from.status();
  const absl::StatusOr<core::AccountAddress> to = ParseAddress("--to", flags.to);
  if (!to.ok()) return to.status();
  const absl::StatusOr<core::Money> amount =
      ParseMoney("--amount", flags.amount, ledger.info.genesis.currency);
  if (!amount.ok()) return amount.status();
  const absl::StatusOr<core::Uetr> uetr =
      flags.uetr.empty() ? client::NewUetr() : core::Uetr::Parse(flags.uetr);
  if (!uetr.ok()) return Annotate("--uetr", uetr.status());
  if (!flags.returns.empty()) {
    const absl::StatusOr<core::InstructionKey> cites =
        ParseReference(context, {flags.returns, flags.returns_party, flags.returns_kind});
    if (!cites.ok()) return Annotate("--returns", cites.status());
    pay.cites = *cites;
  }
  pay.debtor = *from;
  pay.creditor = *to;
  pay.amount = *amount;
  pay.uetr = *uetr;
  pay.purpose = flags.purpose;
  const auto priority = ParsePriority(flags.priority);
  if (!priority.ok()) return Annotate("--priority", priority.status());
  pay.priority = *priority;
  return pay;
}

void AddPay(CLI::App& app, Context& context) {
  auto flags = std::make_shared<PayFlags>();
  CLI::App* pay = app.add_subcommand("pay", "Pay from an account of yours");
  pay->add_option("--from", flags->from, "Account that pays")->required();
  pay->add_option("--to", flags->to, "Account that receives")->required();
  pay->add_option("--amount", flags->amount, "Such as 150.00 HKD, or 150.00")
      ->required()
      ->expected(1, 2);
  pay->add_option("--uetr", flags->uetr, "End-to-end reference; a new one if left out");
  pay->add_option("--purpose", flags->purpose, "ISO 20022 purpose code, such as TRAD");
  pay->add_option("--priority", flags->priority,
                  "normal, high or urgent: what it may use of reserved funds, and its place in a "
                  "queue by priority")
      ->capture_default_str();
  pay->add_option("--returns", flags->returns, "Id of the payment that this one gives back");
  pay->add_option("--returns-party", flags->returns_party, "Who instructed that payment");
  pay->add_option("--returns-kind", flags->returns_kind,
                  "pay, or settlement-leg for a leg of a settlement or of a list")
      ->capture_default_str();
  AddInstructionFlags(*pay, flags->instruction);
  pay->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "PAY",
                      [&](const Ledger& ledger) { return MakePay(context, *flags, ledger); });
    };
  });
}

struct FundsFlags {
  InstructionFlags instruction;
  std::string account;
  std::vector<std::string> amount;
  std::string rtgs;
};

void AddRequestIssue(CLI::App& app, Context& context) {
  auto flags = std::make_shared<FundsFlags>();
  CLI::App* request =
      app.add_subcommand("request-issue", "Ask the central bank to issue against reserves");
  request->add_option("--to", flags->account, "Account to be credited")->required();
  request->add_option("--amount", flags->amount, "Such as 150.00 HKD")->required()->expected(1, 2);
  request->add_option("--rtgs", flags->rtgs, "RTGS transfer that pays for it")->required();
  AddInstructionFlags(*request, flags->instruction);
  request->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "REQ",
                      [&](const Ledger& ledger) -> absl::StatusOr<core::Action> {
                        const auto to = ParseAddress("--to", flags->account);
                        if (!to.ok()) return to.status();
                        const auto amount =
                            ParseMoney("--amount", flags->amount, ledger.info.genesis.currency);
                        if (!amount.ok()) return amount.status();
                        return core::RequestIssue{*to, *amount, flags->rtgs};
                      });
    };
  });
}

void AddRedeem(CLI::App& app, Context& context) {
  auto flags = std::make_shared<FundsFlags>();
  CLI::App* redeem = app.add_subcommand("redeem", "Give tokens back for reserves");
  redeem->add_option("--from", flags->account, "Account to be debited")->required();
  redeem->add_option("--amount", flags->amount, "Such as 150.00 HKD")->required()->expected(1, 2);
  AddInstructionFlags(*redeem, flags->instruction);
  redeem->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "RED",
                      [&](const Ledger& ledger) -> absl::StatusOr<core::Action> {
                        const auto from = ParseAddress("--from", flags->account);
                        if (!from.ok()) return from.status();
                        const auto amount =
                            ParseMoney("--amount", flags->amount, ledger.info.genesis.currency);
                        if (!amount.ok()) return amount.status();
                        return core::Redeem{*from, *amount};
                      });
    };
  });
}

struct CancelFlags {
  InstructionFlags instruction;
  ReferenceFlags reference;
};

void AddCancel(CLI::App& app, Context& context) {
  auto flags = std::make_shared<CancelFlags>();
  CLI::App* cancel =
      app.add_subcommand("cancel", "Withdraw an instruction of yours that awaits approval");
  cancel->add_option("instruction", flags->reference.id, "Its instruction id")->required();
  cancel->add_option("--kind", flags->reference.kind, "redeem or request-issue")->required();
  AddInstructionFlags(*cancel, flags->instruction);
  cancel->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "CAN",
                      [&](const Ledger&) -> absl::StatusOr<core::Action> {
                        const auto key = ParseReference(context, flags->reference);
                        if (!key.ok()) return key.status();
                        return core::Cancel{*key};
                      });
    };
  });
}

}  // namespace

void AddPaymentCommands(CLI::App& app, Context& context) {
  AddPay(app, context);
  AddRequestIssue(app, context);
  AddRedeem(app, context);
  AddCancel(app, context);
}

}  // namespace causeway::wallet
