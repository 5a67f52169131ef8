// Asking a ledger: nothing here signs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <ostream>
#include <thread>

#include "settlement/client/errors.h"
#include "settlement/core/checkpoint.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/look_up.h"
#include "wallet-cli/names.h"
#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

// Lines of one history whose instruction is looked up, each by a call of its own.
constexpr int kHistoryLookUpsMax = 200;
constexpr std::uint32_t kPageMax = 1000;
// Before a watch that was lost is taken up again; the pause doubles while nothing comes.
constexpr std::chrono::milliseconds kResumePauseFirst{500};
constexpr std::chrono::milliseconds kResumePauseMax{30'000};

absl::StatusOr<Json> Info(Context& context) {
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  return InfoJson(ledger->info);
}

absl::StatusOr<Json> Balance(Context& context, const std::string& account) {
  const absl::StatusOr<core::AccountAddress> address = ParseAddress("the account", account);
  if (!address.ok()) return address.status();
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const absl::StatusOr<client::AccountView> view = ledger->client.GetAccount(*address);
  if (!view.ok()) return Annotate(account, view.status());
  return AccountJson(*view);
}

absl::StatusOr<Json> Accounts(Context& context, const std::string& owner) {
  core::ParticipantId party;
  if (!owner.empty()) {
    const absl::StatusOr<core::ParticipantId> parsed = core::ParticipantId::Parse(owner);
    if (!parsed.ok()) return Annotate("--owner", parsed.status());
    party = *parsed;
  } else if (!context.options.participant.empty()) {
    const absl::StatusOr<core::ParticipantId> self = context.Participant();
    if (!self.ok()) return self.status();
    party = *self;
  }
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const auto accounts = ledger->client.ListAccounts(party);
  if (!accounts.ok()) return accounts.status();
  Json all = Json::array();
  for (const client::AccountView& account : *accounts) all.push_back(AccountJson(account));
  return all;
}

// What a bulk names accounts by.
absl::StatusOr<Json> Resolve(Context& context, const std::vector<std::string>& accounts) {
  std::vector<core::AccountAddress> addresses;
  for (const std::string& account : accounts) {
    const absl::StatusOr<core::AccountAddress> address = ParseAddress(account, account);
    if (!address.ok()) return address.status();
    addresses.push_back(*address);
  }
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const auto resolved = ledger->client.ResolveAccounts(addresses);
  if (!resolved.ok()) return resolved.status();
  Json all = Json::array();
  for (const client::ResolvedAccount& account : *resolved) {
    Json row = {{"account", account.address.ToString()}, {"exists", account.exists}};
    row["number"] = account.exists ? Json(account.number) : Json(nullptr);
    row["number_check"] = account.exists ? Json(account.number_check) : Json(nullptr);
    all.push_back(std::move(row));
  }
  return all;
}

absl::StatusOr<Json> Pending(Context& context) {
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  Json all = Json::array();
  core::InstructionKey after;
  absl::StatusOr<client::AwaitingPage> page;
  do {
    page = ledger->client.ListAwaiting(after);
    if (!page.ok()) return page.status();
    for (const client::AwaitingView& view : page->instructions) {
      all.push_back({{"instruction", InstructionKeyJson(view.key)},
                     {"account", view.account.ToString()},
                     {"amount", MoneyJson(view.amount)},
                     {"rtgs_reference",
                      view.rtgs_reference.empty() ? Json(nullptr) : Json(view.rtgs_reference)},
                     {"since", view.time.ToString()},
                     {"entry_index", view.entry_index}});
      after = view.key;
    }
  } while (page->more);
  return all;
}

struct HistoryFlags {
  std::string account;
  std::string from_date;
  std::string to_date;
  std::uint64_t from_index = 0;
  std::uint64_t count = 100;
  bool newest = false;
};

absl::StatusOr<Json> StatementBetween(const Ledger& ledger, const HistoryFlags& flags) {
  if (flags.account.empty()) return Usage("a statement needs --account");
  const absl::StatusOr<core::AccountAddress> address = ParseAddress("--account", flags.account);
  if (!address.ok()) return address.status();
  const std::string& from_text = flags.from_date.empty() ? flags.to_date : flags.from_date;
  const absl::StatusOr<core::BusinessDate> from = core::BusinessDate::Parse(from_text);
  if (!from.ok()) return Annotate("--from-date", from.status());
  core::BusinessDate to = std::max(*from, ledger.info.business_date);
  if (!flags.to_date.empty()) {
    const absl::StatusOr<core::BusinessDate> parsed = core::BusinessDate::Parse(flags.to_date);
    if (!parsed.ok()) return Annotate("--to-date", parsed.status());
    to = *parsed;
  }
  const absl::StatusOr<client::Statement> statement =
      ledger.client.GetStatement(*address, *from, to);
  if (!statement.ok()) return Annotate(flags.account, statement.status());
  return StatementJson(*statement);
}

// A line of a history. What awaits approval or was rejected moved nothing: of the first
// `look_ups_left` of them the instruction itself tells its accounts and amount.
Json HistoryLine(const Context& context, const Ledger& ledger, const client::EntryView& entry,
                 int& look_ups_left) {
  const core::Currency currency = ledger.info.genesis.currency;
  if (context.options.json) return EntryJson(entry, currency);
  Json line = EntrySummaryJson(entry, currency);
  const bool says_nothing =
      entry.postings.empty() && (entry.status == core::InstructionStatus::kAwaitingApproval ||
                                 entry.status == core::InstructionStatus::kRejected);
  if (!says_nothing || look_ups_left-- <= 0) return line;
  const absl::StatusOr<Json> content = ContentAt(ledger, entry.index, entry.instruction);
  if (!content.ok() || !content->is_object()) return line;
  for (const char* field : {"from", "to", "amount"}) {
    if (content->contains(field)) line[field] = content->at(field);
  }
  return line;
}

// A listing that ends at --count although there is more says so, beside the result.
void TellOfMore(Context& context, std::uint64_t count, const std::string& how) {
  if (context.options.json) {
    context.err << Json{{"more_follow", how}}.dump() << "\n";
  } else {
    context.err << fmt::format("causeway-wallet: {} shown, more follow: {}\n", count, how);
  }
}

absl::StatusOr<Json> NewestFirst(Context& context, const Ledger& ledger,
                                 const core::AccountAddress& address, std::uint64_t count) {
  Json entries = Json::array();
  int look_ups_left = kHistoryLookUpsMax;
  std::uint64_t before = 0;
  do {
    const std::uint64_t wanted = std::min<std::uint64_t>(count - entries.size(), kPageMax);
    const absl::StatusOr<client::NewestEntries> page =
        ledger.client.ListNewest(address, before, static_cast<std::uint32_t>(wanted));
    if (!page.ok()) return page.status();
    for (const client::EntryView& entry : page->entries) {
      entries.push_back(HistoryLine(context, ledger, entry, look_ups_left));
    }
    before = page->older_index;
  } while (before != 0 && entries.size() < count);
  if (before != 0) TellOfMore(context, count, "give a larger --count");
  return entries;
}

absl::StatusOr<Json> History(Context& context, const HistoryFlags& flags) {
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  if (!flags.from_date.empty() || !flags.to_date.empty()) return StatementBetween(*ledger, flags);
  core::AccountAddress address;
  if (!flags.account.empty()) {
    const absl::StatusOr<core::AccountAddress> parsed = ParseAddress("--account", flags.account);
    if (!parsed.ok()) return parsed.status();
    address = *parsed;
  }
  if (flags.newest) return NewestFirst(context, *ledger, address, flags.count);
  Json entries = Json::array();
  int look_ups_left = kHistoryLookUpsMax;
  std::uint64_t next = flags.from_index;
  do {
    const std::uint64_t wanted = std::min<std::uint64_t>(flags.count - entries.size(), kPageMax);
    const absl::StatusOr<client::EntriesPage> page =
        ledger->client.ListEntries(next, static_cast<std::uint32_t>(wanted), address);
    if (!page.ok()) return page.status();
    for (const client::EntryView& entry : page->entries) {
      entries.push_back(HistoryLine(context, *ledger, entry, look_ups_left));
    }
    next = page->next_index;
  } while (next != 0 && entries.size() < flags.count);
  if (next != 0) {
    TellOfMore(context, flags.count,
               fmt::format("go on with --from-index {}; --newest shows an account's latest", next));
  }
  return entries;
}

struct StatusFlags {
  ReferenceFlags reference;
  std::string uetr;
  std::string settlement;
};

absl::StatusOr<Json> SettlementStatus(Context& context, const std::string& hex) {
  const std::optional<core::Hash256> id = core::Hash256::FromHex(hex);
  if (!id.has_value()) {
    return absl::InvalidArgumentError("--settlement: must be 64 hexadecimal digits");
  }
  const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
  if (!bridge.ok()) return bridge.status();
  const absl::StatusOr<client::SettlementView> view = bridge->GetDecision(*id);
  if (!view.ok()) return view.status();
  return SettlementJson(*view);
}

absl::StatusOr<Json> UetrStatus(Context& context, const std::string& text) {
  const absl::StatusOr<core::Uetr> uetr = core::Uetr::Parse(text);
  if (!uetr.ok()) return Annotate("--uetr", uetr.status());
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  Json all = Json::array();
  std::uint64_t from_index = 0;
  do {
    const auto page = ledger->client.FindByUetr(*uetr, from_index);
    if (!page.ok()) return page.status();
    for (const client::InstructionView& view : page->instructions) {
      all.push_back(InstructionJson(view, ledger->info.genesis.currency));
    }
    from_index = page->next_index;
  } while (from_index != 0);
  return all;
}

absl::StatusOr<Json> Status(Context& context, const StatusFlags& flags) {
  const int given = (flags.reference.id.empty() ? 0 : 1) + (flags.uetr.empty() ? 0 : 1) +
                    (flags.settlement.empty() ? 0 : 1);
  if (given != 1) {
    return Usage("give exactly one of an instruction id, --uetr and --settlement");
  }
  if (!flags.settlement.empty()) return SettlementStatus(context, flags.settlement);
  if (!flags.uetr.empty()) return UetrStatus(context, flags.uetr);
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const absl::StatusOr<std::vector<core::InstructionKey>> keys =
      FindKeys(context, *ledger, flags.reference);
  if (!keys.ok()) return keys.status();
  Json all = Json::array();
  for (const core::InstructionKey& key : *keys) {
    const absl::StatusOr<KnownInstruction> known = LookUp(*ledger, key);
    if (!known.ok()) return known.status();
    all.push_back(KnownJson(*known, ledger->info.genesis.currency));
  }
  return all.size() == 1 ? all.front() : all;
}

struct WatchFlags {
  std::string account;
  std::uint64_t from_index = 0;
  std::uint64_t count = 0;
};

// One entry a time: a line of JSON, or a record with an empty line behind it.
void PrintEntry(Context& context, const Ledger& ledger, const client::EntryView& entry) {
  const Json json = EntryJson(entry, ledger.info.genesis.currency);
  if (context.options.json) {
    context.out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  } else {
    context.out << RenderText(json) << std::endl;
  }
}

// Where a watch is. An index always, so that nothing is missed or shown twice after an
// interruption.
struct WatchPlace {
  std::uint64_t next_index = 0;
  std::uint64_t seen = 0;
  bool enough = false;
};

// `from_index` 0 means from now on: from the end of the log.
absl::StatusOr<std::uint64_t> FirstIndex(const Ledger& ledger, std::uint64_t from_index) {
  if (from_index != 0) return from_index;
  const absl::StatusOr<std::string> note = ledger.client.GetCheckpoint();
  if (!note.ok()) return Annotate("the ledger's checkpoint", note.status());
  const absl::StatusOr<core::SignedCheckpoint> parsed = core::ParseCheckpoint(*note);
  if (!parsed.ok()) return Annotate("the ledger's checkpoint", parsed.status());
  return parsed->checkpoint.size;
}

// Shows entries until there were enough or the stream ends; why it ended.
absl::Status WatchOnce(Context& context, const Ledger& ledger, const core::AccountAddress& address,
                       std::uint64_t count, WatchPlace& place) {
  const auto stream =
      ledger.client.Watch(address, place.next_index, [&](const client::EntryView& entry) {
        PrintEntry(context, ledger, entry);
        place.next_index = entry.index + 1;
        place.enough = ++place.seen == count;
        return !place.enough;
      });
  if (!stream.ok()) return stream.status();
  return (*stream)->Wait();
}

void TellOfPause(Context& context, const absl::Status& lost, const WatchPlace& place,
                 std::chrono::milliseconds pause) {
  const std::string why = lost.ok() ? "the ledger ended the stream" : std::string(lost.message());
  if (context.options.json) {
    const Json json = {
        {"resuming",
         {{"message", why}, {"from_index", place.next_index}, {"pause_ms", pause.count()}}}};
    context.err << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
    return;
  }
  context.err << fmt::format("causeway-wallet: the stream was lost: {}\n  ", why)
              << fmt::format("resuming from entry {} in {} ms\n", place.next_index, pause.count())
              << std::flush;
}

absl::StatusOr<Json> Watch(Context& context, const WatchFlags& flags) {
  core::AccountAddress address;
  if (!flags.account.empty()) {
    const absl::StatusOr<core::AccountAddress> parsed = ParseAddress("--account", flags.account);
    if (!parsed.ok()) return parsed.status();
    address = *parsed;
  }
  absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const core::Hash256 genesis_hash = ledger->info.genesis.hash;
  const absl::StatusOr<std::uint64_t> first = FirstIndex(*ledger, flags.from_index);
  if (!first.ok()) return first.status();
  WatchPlace place{.next_index = *first};
  std::chrono::milliseconds pause = kResumePauseFirst;
  while (true) {
    const std::uint64_t seen_before = place.seen;
    const absl::Status ended =
        ledger.ok() ? WatchOnce(context, *ledger, address, flags.count, place) : ledger.status();
    if (place.enough) return Json(nullptr);
    if (!ended.ok() && !client::IsTransient(ended)) return Annotate("the stream", ended);
    if (place.seen > seen_before) pause = kResumePauseFirst;
    TellOfPause(context, ended, place, pause);
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kResumePauseMax);
    ledger = context.ConnectLedger();
    if (ledger.ok() && ledger->info.genesis.hash != genesis_hash) {
      return absl::FailedPreconditionError(
          fmt::format("the ledger that answers now has genesis hash {}, not {}: it is another one",
                      ledger->info.genesis.hash.ToHex(), genesis_hash.ToHex()));
    }
  }
}

void AddAccountQueries(CLI::App& app, Context& context) {
  CLI::App* info = app.add_subcommand("info", "The ledger's identity and business day");
  info->callback([&context] { context.command = [&context] { return Info(context); }; });

  auto account = std::make_shared<std::string>();
  CLI::App* balance = app.add_subcommand("balance", "One account");
  balance->add_option("account,--account", *account, "Its address")->required();
  balance->callback([&context, account] {
    context.command = [&context, account] { return Balance(context, *account); };
  });

  auto resolved = std::make_shared<std::vector<std::string>>();
  CLI::App* resolve = app.add_subcommand(
      "resolve", "Numbers and checks of accounts, anybody's: what a bulk names them by");
  resolve->add_option("accounts", *resolved, "Their addresses, up to 1,024")->required();
  resolve->callback([&context, resolved] {
    context.command = [&context, resolved] { return Resolve(context, *resolved); };
  });

  CLI::App* pending = app.add_subcommand(
      "pending", "What awaits approval: all of it for a central bank, for a bank its own");
  pending->callback([&context] { context.command = [&context] { return Pending(context); }; });

  auto owner = std::make_shared<std::string>();
  CLI::App* accounts = app.add_subcommand("accounts", "All accounts of a participant");
  accounts->add_option("--owner", *owner, "Participant; --participant if left out");
  accounts->callback([&context, owner] {
    context.command = [&context, owner] { return Accounts(context, *owner); };
  });
}

void AddStreamQueries(CLI::App& app, Context& context) {
  auto flags = std::make_shared<HistoryFlags>();
  CLI::App* history = app.add_subcommand(
      "history", "Entries; with dates, the statement of an account between two business dates");
  CLI::Option* const account =
      history->add_option("account,--account", flags->account, "Only this account");
  CLI::Option* const from_date =
      history->add_option("--from-date", flags->from_date, "Statement from this date, YYYY-MM-DD");
  CLI::Option* const to_date = history->add_option(
      "--to-date", flags->to_date, "Statement to this date; the business date if left out");
  CLI::Option* const from_index =
      history->add_option("--from-index", flags->from_index, "First entry index")
          ->capture_default_str();
  history->add_flag("--newest", flags->newest, "The newest entries of the account, newest first")
      ->needs(account)
      ->excludes(from_index)
      ->excludes(from_date)
      ->excludes(to_date);
  history
      ->add_option("--count", flags->count,
                   "Entries at most: the oldest, or with --newest the newest")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  history->callback([&context, flags] {
    context.command = [&context, flags] { return History(context, *flags); };
  });

  auto watched = std::make_shared<WatchFlags>();
  CLI::App* watch = app.add_subcommand(
      "watch", "Show entries as they come, until interrupted; resumes after a lost connection");
  watch->add_option("account,--account", watched->account, "Only this account");
  watch->add_option("--from-index", watched->from_index, "First entry index; 0: from now on")
      ->capture_default_str();
  watch->add_option("--count", watched->count, "End after so many; 0: never")
      ->capture_default_str();
  watch->callback([&context, watched] {
    context.command = [&context, watched] { return Watch(context, *watched); };
  });
}

}  // namespace

void AddQueryCommands(CLI::App& app, Context& context) {
  AddAccountQueries(app, context);
  AddStreamQueries(app, context);
  auto flags = std::make_shared<StatusFlags>();
  CLI::App* status = app.add_subcommand("status", "Where an instruction or a settlement stands");
  status->add_option("id", flags->reference.id, "Instruction id");
  status->add_option("--kind", flags->reference.kind, KindHelp());
  status->add_option("--party", flags->reference.party,
                     "Who instructed it; --participant if left out");
  status->add_option("--uetr", flags->uetr, "All instructions with this UETR");
  status->add_option("--settlement", flags->settlement,
                     "Settlement id: asks the bridge instead of the ledger");
  status->callback([&context, flags] {
    context.command = [&context, flags] { return Status(context, *flags); };
  });
}

}  // namespace causeway::wallet
