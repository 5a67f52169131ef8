// Trades that wait at the bridge until they can settle: entering and withdrawing them, looking at
// them, and answering what the bridge asks a member.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <ostream>
#include <set>
#include <thread>
#include <utility>

#include "settlement/client/commands.h"
#include "settlement/client/errors.h"
#include "settlement/client/queue_client.h"
#include "settlement/client/queue_member.h"
#include "settlement/client/signed_trades.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/queue_views.h"
#include "wallet-cli/trade_book.h"
#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

core::LedgerTime QueueClock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return core::LedgerTime::FromMicros(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

absl::StatusOr<core::Hash256> ParseTradeId(const std::string& hex) {
  const std::optional<core::Hash256> id = core::Hash256::FromHex(hex);
  if (id.has_value()) return *id;
  return absl::InvalidArgumentError("the trade id: must be 64 hexadecimal digits");
}

struct WithdrawFlags {
  std::string trade;
  std::string trades;
};

struct EnterFlags {
  std::string reference;
  std::string counterparty;
  std::vector<std::string> pay;
  std::vector<std::string> get;
  std::string valid_until;
  std::string trades;
};

// "100.00 EUR", in one word or two, on the one ledger of that currency among `accounts`.
absl::StatusOr<std::pair<core::LedgerOrigin, core::Money>> ParseSide(
    std::string_view flag, const std::vector<std::string>& words,
    const client::QueueAccounts& accounts) {
  const std::string& last = words.back();
  const std::size_t space = last.find_last_of(' ');
  const std::string code = space == std::string::npos ? last : last.substr(space + 1);
  std::optional<core::LedgerOrigin> ledger;
  core::Currency currency;
  for (const auto& [origin, account] : accounts) {
    if (account.currency().code() != code) continue;
    if (ledger.has_value()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: you have accounts in {} on several ledgers of this queue", flag, code));
    }
    ledger = origin;
    currency = account.currency();
  }
  if (!ledger.has_value()) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: must be an amount and a currency, such as 100.00 EUR, of an account of yours in this "
        "queue",
        flag));
  }
  const absl::StatusOr<core::Money> money = ParseMoney(flag, words, currency);
  if (!money.ok()) return money.status();
  return std::pair{*ledger, *money};
}

absl::StatusOr<core::QueuedTrade> MakeTrade(const core::ParticipantId& member,
                                            const EnterFlags& flags,
                                            const client::QueueInfo& queue) {
  const auto accounts = queue.members.find(member);
  if (accounts == queue.members.end()) {
    return absl::FailedPreconditionError(
        fmt::format("{} is no member of the queue of {}", member.text(), queue.queue.text()));
  }
  const auto counterparty = core::ParticipantId::Parse(flags.counterparty);
  if (!counterparty.ok()) return Annotate("--counterparty", counterparty.status());
  if (*counterparty == member) {
    return absl::InvalidArgumentError(fmt::format(
        "--counterparty: {} is yourself; must be the other party of the trade", member.text()));
  }
  const auto reference = core::InstructionId::Parse(flags.reference);
  if (!reference.ok()) return Annotate("--reference", reference.status());
  const auto valid_until = core::LedgerTime::Parse(flags.valid_until);
  if (!valid_until.ok()) return Annotate("--valid-until", valid_until.status());
  const auto pays = ParseSide("--pay", flags.pay, accounts->second);
  if (!pays.ok()) return pays.status();
  const auto gets = ParseSide("--get", flags.get, accounts->second);
  if (!gets.ok()) return gets.status();
  core::QueuedTrade trade{
      .queue = queue.queue,
      .reference = *reference,
      .valid_until = *valid_until,
      .sides = {{{member, pays->first, pays->second}, {*counterparty, gets->first, gets->second}}}};
  // The one order in which both parties write it.
  if (trade.sides[1].party < trade.sides[0].party) std::swap(trade.sides[0], trade.sides[1]);
  return trade;
}

absl::StatusOr<Json> EnterTrade(Context& context, const EnterFlags& flags) {
  const absl::StatusOr<core::ParticipantId> member = context.Participant();
  if (!member.ok()) return member.status();
  const auto signers = context.LoadSigners();
  if (!signers.ok()) return signers.status();
  const absl::StatusOr<client::QueueClient> queue = context.ConnectQueue();
  if (!queue.ok()) return queue.status();
  const absl::StatusOr<client::QueueInfo> info = queue->GetQueue();
  if (!info.ok()) return info.status();
  const absl::StatusOr<core::QueuedTrade> trade = MakeTrade(*member, flags, *info);
  if (!trade.ok()) return trade.status();
  const absl::StatusOr<core::Envelope> envelope = client::SignTrade(*trade, Borrow(*signers));
  if (!envelope.ok()) return envelope.status();
  // First: what is entered must be known to the agent that is asked to sign for it.
  if (absl::Status kept = TradeBook(flags.trades).Keep(*envelope); !kept.ok()) return kept;
  const std::string id = core::QueuedTradeIdOf(envelope->payload).ToHex();
  const absl::StatusOr<client::QueuedTradeView> view = queue->EnterTrade(*envelope);
  if (view.ok()) return QueuedTradeJson(*view, QueueClock());
  const absl::Status failed =
      WithDetails(Annotate(fmt::format("trade {}", id), view.status()), {{"trade_id", id}});
  if (!client::OutcomeUnknown(view.status())) return failed;
  return Unknown(failed, fmt::format("ask `queue show {}`, or enter it again", id));
}

absl::StatusOr<Json> WithdrawTrade(Context& context, const WithdrawFlags& flags) {
  const absl::StatusOr<core::Hash256> id = ParseTradeId(flags.trade);
  if (!id.ok()) return id.status();
  const auto signers = context.LoadSigners();
  if (!signers.ok()) return signers.status();
  const absl::StatusOr<client::QueueClient> queue = context.ConnectQueue();
  if (!queue.ok()) return queue.status();
  const absl::StatusOr<client::QueueInfo> info = queue->GetQueue();
  if (!info.ok()) return info.status();
  const absl::StatusOr<core::Envelope> envelope =
      client::SignTradeWithdrawal({info->queue, *id}, Borrow(*signers));
  if (!envelope.ok()) return envelope.status();
  const absl::StatusOr<client::QueuedTradeView> view = queue->WithdrawTrade(*envelope);
  if (!view.ok()) return view.status();
  // Until it has ended the counterparty may rely on it, and the agent signs for it.
  if (view->state == client::QueuedTradeState::kReturned) {
    if (absl::Status noted = TradeBook(flags.trades).NoteReturned(*id); !noted.ok()) return noted;
  }
  return QueuedTradeJson(*view, QueueClock());
}

absl::StatusOr<Json> ShowTrade(Context& context, const std::string& hex) {
  const absl::StatusOr<core::Hash256> id = ParseTradeId(hex);
  if (!id.ok()) return id.status();
  const absl::StatusOr<client::QueueClient> queue = context.ConnectQueue();
  if (!queue.ok()) return queue.status();
  const absl::StatusOr<client::QueuedTradeView> view = queue->GetTrade(*id);
  if (!view.ok()) return view.status();
  Json json = QueuedTradeJson(*view, QueueClock());
  if (view->state != client::QueuedTradeState::kAwaitingCounterparty) return json;
  const absl::StatusOr<client::QueuedTrades> listed = queue->ListTrades(/*ended=*/false);
  if (listed.ok()) json["differs"] = DiffersJson(*view, listed->trades);
  return json;
}

absl::StatusOr<Json> ListTrades(Context& context, bool all) {
  const absl::StatusOr<client::QueueClient> queue = context.ConnectQueue();
  if (!queue.ok()) return queue.status();
  const absl::StatusOr<client::QueuedTrades> listed = queue->ListTrades(all);
  if (!listed.ok()) return listed.status();
  Json trades = Json::array();
  for (const client::QueuedTradeView& view : listed->trades) {
    trades.push_back(QueuedTradeJson(view, listed->now));
    trades.back()["differs"] = DiffersJson(view, listed->trades);
  }
  return trades;
}

absl::StatusOr<Json> ListRuns(Context& context) {
  const absl::StatusOr<client::QueueClient> queue = context.ConnectQueue();
  if (!queue.ok()) return queue.status();
  const absl::StatusOr<std::vector<client::QueueRunView>> runs = queue->ListRuns();
  if (!runs.ok()) return runs.status();
  Json all = Json::array();
  for (const client::QueueRunView& run : *runs) all.push_back(QueueRunJson(run));
  return all;
}

absl::StatusOr<Json> ShowQueue(Context& context) {
  const absl::StatusOr<client::QueueClient> queue = context.ConnectQueue();
  if (!queue.ok()) return queue.status();
  const absl::StatusOr<client::QueueInfo> info = queue->GetQueue();
  if (!info.ok()) return info.status();
  return QueueInfoJson(*info);
}

struct ServeFlags {
  std::vector<std::string> accounts;  // ADDRESS@HOST:PORT
  std::string trades;
  int poll_ms = 200;
  int rounds = 0;  // 0: until it is ended
};

// Answers the bridge for one member.
class MemberAgent {
 public:
  static absl::StatusOr<std::unique_ptr<MemberAgent>> Open(Context& context,
                                                           const ServeFlags& flags);
  // Answers what is asked now. An error is the bridge's.
  absl::Status AnswerOnce();

 private:
  MemberAgent(Context& context, client::QueueClient queue, std::string trades)
      : context_(context), queue_(std::move(queue)), book_(std::move(trades)) {}

  absl::Status OpenAccount(const std::string& text);
  absl::Status CheckAccounts();
  // `bound`: it must not be counted on to pay.
  absl::Status AnswerFunds(const client::FundsRequest& request, bool bound);
  absl::Status AnswerSignature(const client::SignatureRequest& request);
  absl::Status Sign(const client::SignatureRequest& request);
  absl::StatusOr<client::SettlementStanding> Ask(const core::LedgerOrigin& ledger,
                                                 const core::Hash256& settlement) const;
  bool IsBound();
  void TellOnce(std::uint32_t attempt, const char* what, const absl::Status& why);
  void Tell(const Json& line) {
    context_.out << line.dump() << '\n';
    context_.out.flush();
  }

  Context& context_;
  client::QueueClient queue_;
  TradeBook book_;
  client::QueueMembership membership_;
  std::map<core::LedgerOrigin, Ledger> ledgers_;
  std::vector<std::unique_ptr<core::SoftwareSigner>> signers_;
  std::set<std::pair<std::uint32_t, std::string>> told_;  // attempts, and what was said of them
  struct Signature {
    client::SignedSettlement settlement;
    core::LedgerTime until;  // the bridge takes it no longer
  };
  std::map<core::Hash256, Signature> signed_;  // by settlement; until it has ended
};

absl::StatusOr<std::unique_ptr<MemberAgent>> MemberAgent::Open(Context& context,
                                                               const ServeFlags& flags) {
  const absl::StatusOr<core::ParticipantId> member = context.Participant();
  if (!member.ok()) return member.status();
  auto signers = context.LoadSigners();
  if (!signers.ok()) return signers.status();
  absl::StatusOr<client::QueueClient> queue = context.ConnectQueue();
  if (!queue.ok()) return queue.status();
  std::unique_ptr<MemberAgent> agent(new MemberAgent(context, *std::move(queue), flags.trades));
  if (absl::Status held = agent->book_.HoldForSigning(); !held.ok()) return held;
  agent->signers_ = *std::move(signers);
  agent->membership_.member = *member;
  agent->membership_.has_agreed = [book = &agent->book_](const core::Hash256& trade) {
    return book->Has(trade);
  };
  for (const std::string& account : flags.accounts) {
    if (absl::Status opened = agent->OpenAccount(account); !opened.ok()) return opened;
  }
  if (absl::Status checked = agent->CheckAccounts(); !checked.ok()) return checked;
  return agent;
}

absl::Status MemberAgent::OpenAccount(const std::string& text) {
  const std::size_t at = text.find('@');
  if (at == std::string::npos) return Usage("--account: must be ADDRESS@HOST:PORT");
  const absl::StatusOr<core::AccountAddress> account =
      ParseAddress("--account", text.substr(0, at));
  if (!account.ok()) return account.status();
  absl::StatusOr<Ledger> ledger = context_.ConnectLedgerAt("--account", text.substr(at + 1));
  if (!ledger.ok()) return ledger.status();
  const core::LedgerOrigin origin = ledger->info.genesis.ledger;
  if (ledger->info.genesis.currency != account->currency()) {
    return absl::InvalidArgumentError(
        fmt::format("--account: {} is in {}", origin.text(), ledger->info.genesis.currency.code()));
  }
  if (!membership_.accounts.emplace(origin, *account).second) {
    return Usage(fmt::format("--account: {} stands twice", origin.text()));
  }
  const std::vector<core::Hash256>& policies = ledger->info.settlement_policies;
  membership_.policies.insert(membership_.policies.end(), policies.begin(), policies.end());
  ledgers_.emplace(origin, *std::move(ledger));
  return absl::OkStatus();
}

// The queue must know these accounts and no others: it would ask for what is refused.
absl::Status MemberAgent::CheckAccounts() {
  const absl::StatusOr<client::QueueInfo> info = queue_.GetQueue();
  if (!info.ok()) return info.status();
  membership_.queue = info->queue;
  const auto own = info->members.find(membership_.member);
  if (own == info->members.end()) {
    return absl::FailedPreconditionError(
        fmt::format("{} is no member of the queue", membership_.member.text()));
  }
  if (own->second == membership_.accounts) return absl::OkStatus();
  std::string known;
  for (const auto& [ledger, account] : own->second) {
    known += fmt::format("{}{} on {}", known.empty() ? "" : ", ", account.text(), ledger.text());
  }
  return absl::FailedPreconditionError(
      fmt::format("--account: the queue has other accounts of yours: {}", known));
}

absl::Status MemberAgent::AnswerFunds(const client::FundsRequest& request, bool bound) {
  const auto ledger = ledgers_.find(request.ledger);
  const auto account = membership_.accounts.find(request.ledger);
  if (ledger == ledgers_.end() || account->second != request.account) return absl::OkStatus();
  const absl::StatusOr<client::AccountView> view =
      ledger->second.client.GetAccount(account->second);
  // A ledger that does not answer: the queue passes over what needs it.
  if (!view.ok()) return absl::OkStatus();
  core::Amount funds = core::Amount::Zero();
  if (!view->frozen && !view->closed && !bound) {
    funds = core::CheckedAdd(view->available, view->credit_line).value_or(core::Amount::Max());
    funds = std::max(funds, core::Amount::Zero());
  }
  const absl::Status told = queue_.TellFunds(request.run, request.ledger, funds);
  if (absl::IsNotFound(told)) return absl::OkStatus();  // the run did not wait
  if (told.ok()) {
    Tell({{"told_funds", MoneyJson(account->second.currency(), funds)}, {"run", request.run}});
  }
  return told;
}

absl::StatusOr<client::SettlementStanding> MemberAgent::Ask(const core::LedgerOrigin& ledger,
                                                            const core::Hash256& settlement) const {
  const auto found = ledgers_.find(ledger);
  if (found == ledgers_.end()) {
    return absl::FailedPreconditionError("no --account is on that ledger");
  }
  return client::AskForSettlement(found->second.client, found->second.info.genesis.hash,
                                  membership_.member, membership_.accounts.at(ledger), settlement);
}

// Whether it signed what the bridge, whose time for it is over, has not brought to the ledgers: it
// cannot sign for those trades until the deadline. If it signed for others meanwhile, members that
// wait so for one another could go on doing so for ever.
bool MemberAgent::IsBound() {
  bool bound = false;
  for (auto each = signed_.begin(); each != signed_.end();) {
    const Signature& signature = each->second;
    if (QueueClock() <= signature.until) {
      ++each;
      continue;
    }
    const client::SignedStanding standing = client::StandingOf(
        signature.settlement,
        [this](const auto& ledger, const auto& settlement) { return Ask(ledger, settlement); });
    bound = bound || standing.end == client::SignedEnd::kUnknown;
    const bool ended = standing.end == client::SignedEnd::kNeverBooks ||
                       standing.end == client::SignedEnd::kSettled;
    each = ended ? signed_.erase(each) : std::next(each);
  }
  return bound;
}

absl::Status MemberAgent::Sign(const client::SignatureRequest& request) {
  const auto checked = client::CheckSignatureRequest(membership_, request, QueueClock());
  if (!checked.ok()) return checked.status();
  const absl::Status claimed = client::ClaimTrades(
      *checked, book_,
      [this](const auto& ledger, const auto& settlement) { return Ask(ledger, settlement); });
  if (absl::IsUnavailable(claimed)) {
    TellOnce(request.attempt, "not_yet", claimed);
    return absl::OkStatus();
  }
  if (!claimed.ok()) return claimed;
  const absl::StatusOr<core::Envelope> envelope =
      client::SignTerms(request.terms, Borrow(signers_));
  if (!envelope.ok()) return envelope.status();
  signed_[checked->settlement_id] = {{checked->settlement_id, checked->deadline, checked->pays_on},
                                     request.until};
  absl::Status sent = queue_.SignAttempt(request.attempt, *envelope);
  if (!sent.ok()) return sent;
  Tell({{"signed", checked->settlement_id.ToHex()},
        {"attempt", request.attempt},
        {"trades", checked->trades.size()}});
  return absl::OkStatus();
}

void MemberAgent::TellOnce(std::uint32_t attempt, const char* what, const absl::Status& why) {
  if (!told_.emplace(attempt, what).second) return;
  Tell({{what, std::string(why.message())}, {"attempt", attempt}});
}

absl::Status MemberAgent::AnswerSignature(const client::SignatureRequest& request) {
  const absl::Status done = Sign(request);
  if (done.ok() || absl::IsUnavailable(done) || absl::IsNotFound(done)) return absl::OkStatus();
  TellOnce(request.attempt, "refused", done);
  return absl::OkStatus();
}

absl::Status MemberAgent::AnswerOnce() {
  const absl::StatusOr<client::MemberRequests> requests = queue_.GetRequests();
  if (!requests.ok()) return requests.status();
  const bool bound = !requests->funds.empty() && IsBound();
  for (const client::FundsRequest& request : requests->funds) {
    if (absl::Status answered = AnswerFunds(request, bound); !answered.ok()) return answered;
  }
  for (const client::SignatureRequest& request : requests->signatures) {
    if (absl::Status answered = AnswerSignature(request); !answered.ok()) return answered;
  }
  return absl::OkStatus();
}

// Goes on through failures of the network; what another try cannot change ends it.
absl::StatusOr<Json> ServeMember(Context& context, const ServeFlags& flags) {
  const absl::StatusOr<std::unique_ptr<MemberAgent>> agent = MemberAgent::Open(context, flags);
  if (!agent.ok()) return agent.status();
  context.out << Json{{"serving", context.options.participant}}.dump() << '\n';
  context.out.flush();
  std::string trouble;
  for (int round = 0; flags.rounds == 0 || round < flags.rounds; ++round) {
    const absl::Status answered = (*agent)->AnswerOnce();
    if (absl::IsPermissionDenied(answered) || absl::IsUnauthenticated(answered) ||
        absl::IsUnimplemented(answered)) {
      return answered;
    }
    const std::string now = answered.ok() ? "" : std::string(answered.message());
    if (now != trouble) {
      context.err << (now.empty() ? "the bridge answers again" : now) << '\n';
      context.err.flush();
      trouble = now;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(flags.poll_ms));
  }
  return Json(nullptr);
}

template <typename Command>
void OnCommand(CLI::App& app, Context& context, Command command) {
  app.callback(
      [&context, command] { context.command = [&context, command] { return command(context); }; });
}

void AddEnter(CLI::App& queue, Context& context) {
  auto flags = std::make_shared<EnterFlags>();
  CLI::App* enter = queue.add_subcommand(
      "enter", "Sign a trade and enter it; it waits once the counterparty has entered the same");
  enter->add_option("--reference", flags->reference, "What both parties call the trade")
      ->required();
  enter->add_option("--counterparty", flags->counterparty, "The other party")->required();
  enter->add_option("--pay", flags->pay, "What you pay, such as 100.00 EUR")
      ->required()
      ->expected(1, 2);
  enter->add_option("--get", flags->get, "What you get, such as 110.00 USD")
      ->required()
      ->expected(1, 2);
  enter
      ->add_option("--valid-until", flags->valid_until,
                   "When it is returned unless it has settled: the same for both parties, such as "
                   "2026-12-01T16:00:00Z")
      ->required();
  enter->add_option("--trades", flags->trades, "Folder of the trades that you have agreed to")
      ->required();
  OnCommand(*enter, context, [flags](Context& each) { return EnterTrade(each, *flags); });
}

void AddServe(CLI::App& queue, Context& context) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* serve = queue.add_subcommand(
      "serve",
      "Answer what the bridge asks a member: what its accounts can pay, and signatures of net "
      "positions, checked against its own trades");
  serve
      ->add_option("--account", flags->accounts,
                   "ADDRESS@HOST:PORT of its ledger, for each account in the queue")
      ->required()
      ->take_all()
      ->allow_extra_args(false);
  serve->add_option("--trades", flags->trades, "Folder of the trades that you have agreed to")
      ->required();
  serve->add_option("--poll-ms", flags->poll_ms, "Milliseconds between two questions")
      ->capture_default_str()
      ->check(CLI::Range(10, 60'000));
  serve->add_option("--rounds", flags->rounds, "End after so many questions; 0: never")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  OnCommand(*serve, context, [flags](Context& each) { return ServeMember(each, *flags); });
}

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  CLI::App* queue =
      app.add_subcommand("queue", "Trades that wait at the bridge until they can settle");
  queue->require_subcommand(1);
  AddEnter(*queue, context);
  auto withdrawn = std::make_shared<WithdrawFlags>();
  CLI::App* withdraw = queue->add_subcommand(
      "withdraw", "Take a trade back: alone while you alone have entered it, else both must");
  withdraw->add_option("trade", withdrawn->trade, "Trade id")->required();
  withdraw
      ->add_option("--trades", withdrawn->trades, "Folder of the trades that you have agreed to")
      ->required();
  OnCommand(*withdraw, context,
            [withdrawn](Context& each) { return WithdrawTrade(each, *withdrawn); });
  auto shown = std::make_shared<std::string>();
  CLI::App* show = queue->add_subcommand("show", "A trade, and why it waits");
  show->add_option("trade", *shown, "Trade id")->required();
  OnCommand(*show, context, [shown](Context& each) { return ShowTrade(each, *shown); });
  auto all = std::make_shared<bool>(false);
  CLI::App* list = queue->add_subcommand("list", "Your trades that wait, and why");
  list->add_flag("--all", *all, "Also those that have ended");
  OnCommand(*list, context, [all](Context& each) { return ListTrades(each, *all); });
  OnCommand(*queue->add_subcommand("runs", "The latest runs, and what each selected"), context,
            ListRuns);
  OnCommand(*queue->add_subcommand("info", "The queue's rules, your accounts in it, and figures"),
            context, ShowQueue);
  AddServe(*queue, context);
}

}  // namespace causeway::wallet
