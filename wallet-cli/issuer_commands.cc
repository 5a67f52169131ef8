// What a central bank's approvers instruct about money, the business day and settlement.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "settlement/codec/codec.h"
#include "settlement/core/payment_queue.h"
#include "settlement/core/quote.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"

namespace causeway::wallet {
namespace {

struct IssueFlags {
  InstructionFlags instruction;
  std::string to;
  std::vector<std::string> amount;
  std::string rtgs;
};

void AddIssue(CLI::App& app, Context& context) {
  auto flags = std::make_shared<IssueFlags>();
  CLI::App* issue = app.add_subcommand("issue", "Issue against reserves (two approvers)");
  issue->add_option("--to", flags->to, "Account to be credited")->required();
  issue->add_option("--amount", flags->amount, "Such as 150.00 HKD")->required()->expected(1, 2);
  issue->add_option("--rtgs", flags->rtgs, "RTGS transfer that paid for it")->required();
  AddInstructionFlags(*issue, flags->instruction);
  issue->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "ISS",
                      [&](const Ledger& ledger) -> absl::StatusOr<core::Action> {
                        const auto to = ParseAddress("--to", flags->to);
                        if (!to.ok()) return to.status();
                        const auto amount =
                            ParseMoney("--amount", flags->amount, ledger.info.genesis.currency);
                        if (!amount.ok()) return amount.status();
                        return core::Issue{*to, *amount, flags->rtgs};
                      });
    };
  });
}

struct ApproveFlags {
  InstructionFlags instruction;
  ReferenceFlags reference;
  std::string rtgs;
  std::string reason;
};

void AddReferenceFlags(CLI::App& command, ApproveFlags& flags) {
  command.add_option("instruction", flags.reference.id, "Its instruction id")->required();
  command.add_option("--party", flags.reference.party, "The bank that instructed it")->required();
  command.add_option("--kind", flags.reference.kind, "redeem or request-issue")->required();
  AddInstructionFlags(command, flags.instruction);
}

void AddApproveAndRefuse(CLI::App& app, Context& context) {
  auto approved = std::make_shared<ApproveFlags>();
  CLI::App* approve = app.add_subcommand("approve", "Approve what awaits approval (two approvers)");
  AddReferenceFlags(*approve, *approved);
  approve->add_option("--rtgs", approved->rtgs, "RTGS transfer that funds it or pays it out")
      ->required();
  approve->callback([&context, approved] {
    context.command = [&context, approved] {
      return Instruct(context, approved->instruction, "APP",
                      [&](const Ledger&) -> absl::StatusOr<core::Action> {
                        const auto key = ParseReference(context, approved->reference);
                        if (!key.ok()) return key.status();
                        return core::Approve{*key, approved->rtgs};
                      });
    };
  });

  auto refused = std::make_shared<ApproveFlags>();
  CLI::App* refuse = app.add_subcommand("refuse", "Refuse what awaits approval (two approvers)");
  AddReferenceFlags(*refuse, *refused);
  refuse->add_option("--reason", refused->reason, "For people; up to 140 characters")->required();
  refuse->callback([&context, refused] {
    context.command = [&context, refused] {
      return Instruct(context, refused->instruction, "REF",
                      [&](const Ledger&) -> absl::StatusOr<core::Action> {
                        const auto key = ParseReference(context, refused->reference);
                        if (!key.ok()) return key.status();
                        return core::Refuse{*key, refused->reason};
                      });
    };
  });
}

struct DayFlags {
  InstructionFlags instruction;
  std::string phase;
  std::string date;
};

absl::StatusOr<core::Action> MakeDay(const DayFlags& flags, const Ledger& ledger) {
  core::SetDayPhase day{ledger.info.business_date, core::DayPhase::kOpen};
  if (flags.phase == "cut-off") day.phase = core::DayPhase::kCutOff;
  if (flags.phase == "close") day.phase = core::DayPhase::kClosed;
  if (!flags.date.empty()) {
    const absl::StatusOr<core::BusinessDate> date = core::BusinessDate::Parse(flags.date);
    if (!date.ok()) return Annotate("--date", date.status());
    day.date = *date;
  }
  return day;
}

void AddDay(CLI::App& app, Context& context) {
  auto flags = std::make_shared<DayFlags>();
  CLI::App* day = app.add_subcommand("day", "Open, cut off or close the business day");
  day->add_option("phase", flags->phase, "open, cut-off or close")
      ->required()
      ->check(CLI::IsMember({"open", "cut-off", "close"}));
  day->add_option("--date", flags->date,
                  "Business date, YYYY-MM-DD; the current one if left out. A new day needs one");
  AddInstructionFlags(*day, flags->instruction);
  day->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "DAY",
                      [&](const Ledger& ledger) { return MakeDay(*flags, ledger); });
    };
  });
}

struct PolicyFlags {
  InstructionFlags instruction;
  std::string file;
  bool from_bridge = false;
  bool withdraw = false;
  std::string save;
};

absl::StatusOr<std::string> PolicyBytes(const Context& context, const PolicyFlags& flags) {
  if (flags.from_bridge == !flags.file.empty()) {
    return Usage("give exactly one of a policy file and --from-bridge");
  }
  if (!flags.from_bridge) return ReadFile(flags.file);
  const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
  if (!bridge.ok()) return bridge.status();
  absl::StatusOr<client::BridgeInfo> info = bridge->GetBridge();
  if (!info.ok()) return Annotate("the bridge does not answer", info.status());
  return std::move(info->policy_bytes);
}

absl::StatusOr<Json> Policy(Context& context, const PolicyFlags& flags) {
  const absl::StatusOr<std::string> bytes = PolicyBytes(context, flags);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<core::SettlementPolicy> policy = codec::DecodePolicy(*bytes);
  if (!policy.ok()) return Annotate("the settlement policy", policy.status());
  if (codec::EncodePolicy(*policy) != *bytes) {
    return absl::InvalidArgumentError(
        "the settlement policy is not in canonical form: its hash would change on the way");
  }
  if (!flags.save.empty()) {
    if (absl::Status written = WriteFile(flags.save, *bytes, /*replace=*/false, /*secret=*/false);
        !written.ok()) {
      return written;
    }
    return Json{{"policy_hash", policy->hash.ToHex()}, {"written_to", flags.save}};
  }
  return Instruct(context, flags.instruction, "POL",
                  [&](const Ledger&) -> absl::StatusOr<core::Action> {
                    return core::SetSettlementPolicy{*policy, flags.withdraw};
                  });
}

void AddPolicy(CLI::App& app, Context& context) {
  auto flags = std::make_shared<PolicyFlags>();
  CLI::App* policy = app.add_subcommand("policy", "Make a settlement policy known (two approvers)");
  policy->add_option("file", flags->file, "File with the policy's exact bytes");
  policy->add_flag("--from-bridge", flags->from_bridge,
                   "Take the policy that --bridge works under");
  policy->add_flag("--withdraw", flags->withdraw, "Withdraw it instead");
  policy->add_option("--save", flags->save, "Only write the policy's bytes to this file");
  AddInstructionFlags(*policy, flags->instruction);
  policy->callback([&context, flags] {
    context.command = [&context, flags] { return Policy(context, *flags); };
  });
}

struct QueueRulesFlags {
  InstructionFlags instruction;
  std::string file;
};

void AddQueueRules(CLI::App& app, Context& context) {
  auto flags = std::make_shared<QueueRulesFlags>();
  CLI::App* rules = app.add_subcommand(
      "queue-rules", "Set how payments that lack funds wait and settle (two approvers)");
  rules
      ->add_option("file", flags->file,
                   "The fields of SetQueueRules (proto/causeway/v1/command.proto) as protobuf "
                   "text; an empty file: no queue")
      ->required();
  AddInstructionFlags(*rules, flags->instruction);
  rules->callback([&context, flags] {
    context.command = [&context, flags]() -> absl::StatusOr<Json> {
      const absl::StatusOr<std::string> text = ReadFile(flags->file);
      if (!text.ok()) return text.status();
      const absl::StatusOr<core::QueueRules> read = codec::ParseQueueRules(*text);
      if (!read.ok()) return Annotate(flags->file, read.status());
      // What the ledger would reject is told before anybody signs it.
      if (const std::string wrong = core::WhyInvalid(*read); !wrong.empty()) {
        return Annotate(flags->file, absl::InvalidArgumentError(wrong));
      }
      return Instruct(context, flags->instruction, "QUE",
                      [&](const Ledger&) -> absl::StatusOr<core::Action> {
                        return core::SetQueueRules{*read};
                      });
    };
  });
}

struct OverrideFlags {
  InstructionFlags instruction;
  std::string from;
  std::string to;
  std::vector<std::string> amount;
  std::string legal_basis;
};

void AddOverride(CLI::App& app, Context& context) {
  auto flags = std::make_shared<OverrideFlags>();
  CLI::App* transfer = app.add_subcommand(
      "override", "Transfer against the owner's will, on a legal basis (two approvers)");
  transfer->add_option("--from", flags->from, "Account to be debited")->required();
  transfer->add_option("--to", flags->to, "Account to be credited")->required();
  transfer->add_option("--amount", flags->amount, "Such as 150.00 HKD")->required()->expected(1, 2);
  transfer->add_option("--legal-basis", flags->legal_basis, "The order or law that it rests on")
      ->required();
  AddInstructionFlags(*transfer, flags->instruction);
  transfer->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "OVR",
                      [&](const Ledger& ledger) -> absl::StatusOr<core::Action> {
                        const auto from = ParseAddress("--from", flags->from);
                        if (!from.ok()) return from.status();
                        const auto to = ParseAddress("--to", flags->to);
                        if (!to.ok()) return to.status();
                        const auto amount =
                            ParseMoney("--amount", flags->amount, ledger.info.genesis.currency);
                        if (!amount.ok()) return amount.status();
                        return core::OperatorOverride{*from, *to, *amount, flags->legal_basis};
                      });
    };
  });
}

}  // namespace

void AddIssuerCommands(CLI::App& app, Context& context) {
  AddIssue(app, context);
  AddApproveAndRefuse(app, context);
  AddDay(app, context);
  AddPolicy(app, context);
  AddQueueRules(app, context);
  AddOverride(app, context);
}

}  // namespace causeway::wallet
