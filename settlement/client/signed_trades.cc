#include "settlement/client/signed_trades.h"

#include <map>

#include "fmt/format.h"
#include "settlement/client/errors.h"

namespace causeway::client {
namespace {

enum class LedgerWord : std::uint8_t { kMayBook, kMayPrepare, kNeverBooks, kSettled };

LedgerWord Judge(const SettlementStanding& standing, core::LedgerTime deadline) {
  if (!standing.status.has_value()) {
    return standing.now > deadline + kPastDeadlineMargin ? LedgerWord::kNeverBooks
                                                         : LedgerWord::kMayPrepare;
  }
  switch (*standing.status) {
    case core::InstructionStatus::kSettled:
      return LedgerWord::kSettled;
    // Both stay: a prepare that comes later finds them.
    case core::InstructionStatus::kAborted:
    case core::InstructionStatus::kRejected:
      return LedgerWord::kNeverBooks;
    default:
      return LedgerWord::kMayBook;
  }
}

// The ledger's refusal to tell, which it gives for what it does not have.
bool IsNotThere(const absl::Status& status) {
  const std::optional<core::Rejection> rejection = RejectionOf(status);
  return rejection.has_value() && (rejection->outcome == core::Outcome::kNotFound ||
                                   rejection->outcome == core::Outcome::kSenderNotEntitled);
}

}  // namespace

absl::StatusOr<SettlementStanding> AskForSettlement(const LedgerClient& ledger,
                                                    const core::Hash256& genesis_hash,
                                                    const core::ParticipantId& owner,
                                                    const core::AccountAddress& account,
                                                    const core::Hash256& settlement) {
  const absl::StatusOr<LedgerInfo> info = ledger.GetInfo();
  if (!info.ok()) return info.status();
  if (info->genesis.hash != genesis_hash) {
    return absl::FailedPreconditionError(
        fmt::format("{} is another ledger than before", info->genesis.ledger.text()));
  }
  const absl::StatusOr<AccountView> view = ledger.GetAccount(account);
  if (!view.ok()) return view.status();
  if (view->address != account || view->owner != owner) {
    return absl::FailedPreconditionError(
        fmt::format("{} is not {}'s", account.text(), owner.text()));
  }
  SettlementStanding standing{.now = info->time, .status = std::nullopt};
  const absl::StatusOr<LedgerSettlementView> found = ledger.GetSettlement(settlement);
  if (found.ok()) {
    if (found->settlement_id != settlement) {
      return absl::DataLossError("the ledger answers for another settlement");
    }
    standing.status = found->status;
  } else if (!IsNotThere(found.status())) {
    return found.status();
  }
  return standing;
}

SignedStanding StandingOf(const SignedSettlement& signed_before, const AskLedger& ask) {
  const std::string id = signed_before.settlement_id.ToHex();
  if (signed_before.settled) return {SignedEnd::kSettled, fmt::format("{} has settled", id)};
  if (signed_before.pays_on.empty()) {
    return {SignedEnd::kOpen, fmt::format("no ledger is noted to ask for {}", id)};
  }
  SignedStanding open;
  bool is_open = false;
  bool is_known = false;
  for (const core::LedgerOrigin& ledger : signed_before.pays_on) {
    const absl::StatusOr<SettlementStanding> standing = ask(ledger, signed_before.settlement_id);
    if (!standing.ok()) {
      is_open = true;
      is_known = true;  // it may be
      open.why = fmt::format("asking {} for {}: {}", ledger.text(), id,
                             std::string(standing.status().message()));
      continue;
    }
    is_known = is_known || standing->status.has_value();
    switch (Judge(*standing, signed_before.deadline)) {
      case LedgerWord::kSettled:
        return {SignedEnd::kSettled, fmt::format("{} says that {} has settled", ledger.text(), id)};
      case LedgerWord::kNeverBooks:
        break;
      case LedgerWord::kMayBook:
        is_open = true;
        open.why = fmt::format("{} holds {}", ledger.text(), id);
        break;
      case LedgerWord::kMayPrepare:
        is_open = true;
        open.why = fmt::format("{} does not know {}, whose deadline is {}", ledger.text(), id,
                               signed_before.deadline.ToString());
        break;
    }
  }
  if (!is_open) return {SignedEnd::kNeverBooks, fmt::format("{} never books", id)};
  open.end = is_known ? SignedEnd::kOpen : SignedEnd::kUnknown;
  return open;
}

absl::Status ClaimTrades(const CheckedAttempt& attempt, SignedTrades& records,
                         const AskLedger& ask) {
  std::map<core::Hash256, SignedStanding> asked;  // trades of one set share what was signed before
  for (const core::Hash256& trade : attempt.trades) {
    const absl::StatusOr<std::optional<SignedSettlement>> before = records.SignedFor(trade);
    if (!before.ok()) return before.status();
    if (!before->has_value()) continue;
    SignedSettlement earlier = **before;
    if (earlier.settlement_id == attempt.settlement_id && !earlier.settled) continue;
    auto [found, is_new] = asked.try_emplace(earlier.settlement_id);
    if (is_new || earlier.settled) found->second = StandingOf(earlier, ask);
    const SignedStanding& standing = found->second;
    if (standing.end == SignedEnd::kNeverBooks) continue;
    if (standing.end != SignedEnd::kSettled) {
      return absl::UnavailableError(
          fmt::format("trade {} was signed for before: {}", trade.ToHex(), standing.why));
    }
    if (!earlier.settled) {
      earlier.settled = true;
      if (absl::Status noted = records.NoteSigned(trade, earlier); !noted.ok()) return noted;
    }
    return absl::FailedPreconditionError(
        fmt::format("do not sign: trade {}: {}", trade.ToHex(), standing.why));
  }
  const SignedSettlement now{.settlement_id = attempt.settlement_id,
                             .deadline = attempt.deadline,
                             .pays_on = attempt.pays_on};
  for (const core::Hash256& trade : attempt.trades) {
    if (absl::Status noted = records.NoteSigned(trade, now); !noted.ok()) return noted;
  }
  return absl::OkStatus();
}

}  // namespace causeway::client
