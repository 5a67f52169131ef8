#include "settlement/client/queue_member.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"

namespace causeway::client {
namespace {

// What the member gets on each ledger (below zero: pays).
using MemberPositions = std::map<core::LedgerOrigin, core::Amount>;

absl::Status DoNotSign(std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("do not sign: {}", why));
}

absl::Status Move(MemberPositions& positions, const core::LedgerOrigin& ledger, core::Amount amount,
                  bool pays) {
  core::Amount& position = positions[ledger];
  const std::optional<core::Amount> after =
      pays ? core::CheckedSub(position, amount) : core::CheckedAdd(position, amount);
  if (!after) return DoNotSign("positions do not fit 64 bits");
  position = *after;
  return absl::OkStatus();
}

absl::Status AddTrade(const QueueMembership& membership, const std::string& bytes,
                      core::LedgerTime now, std::set<core::Hash256>& seen,
                      MemberPositions& positions) {
  const absl::StatusOr<core::QueuedTrade> trade = core::DecodeQueuedTrade(bytes);
  if (!trade.ok())
    return DoNotSign(fmt::format("a trade: {}", std::string(trade.status().message())));
  const core::Hash256 id = core::QueuedTradeIdOf(bytes);
  if (trade->queue != membership.queue) {
    return DoNotSign(fmt::format("trade {} is for another queue", id.ToHex()));
  }
  if (!seen.insert(id).second) return DoNotSign(fmt::format("trade {} stands twice", id.ToHex()));
  if (!membership.has_agreed(id)) {
    return DoNotSign(fmt::format("trade {} is none that was agreed to", id.ToHex()));
  }
  if (now > trade->valid_until + kSignedAfterValidityMax) {
    return DoNotSign(
        fmt::format("trade {} was valid until {}", id.ToHex(), trade->valid_until.ToString()));
  }
  bool is_party = false;
  for (const core::QueuedTrade::Side& side : trade->sides) {
    is_party = is_party || side.party == membership.member;
    const auto account = membership.accounts.find(side.ledger);
    if (account == membership.accounts.end() || account->second.currency() != side.pays.currency) {
      return DoNotSign(fmt::format("trade {}: no account in {} on {}", id.ToHex(),
                                   side.pays.currency.code(), side.ledger.text()));
    }
    if (absl::Status moved =
            Move(positions, side.ledger, side.pays.amount, side.party == membership.member);
        !moved.ok()) {
      return moved;
    }
  }
  return is_party ? absl::OkStatus() : DoNotSign(fmt::format("trade {} is of others", id.ToHex()));
}

absl::Status AddLeg(const QueueMembership& membership, const core::Leg& leg,
                    MemberPositions& positions) {
  const auto account = membership.accounts.find(leg.ledger);
  const bool debits = account != membership.accounts.end() && leg.debtor == account->second;
  const bool credits = account != membership.accounts.end() && leg.creditor == account->second;
  if (debits != (leg.party == membership.member)) {
    return DoNotSign(fmt::format("a leg on {} debits {} by order of {}", leg.ledger.text(),
                                 leg.debtor.text(), leg.party.text()));
  }
  if (debits && credits) return DoNotSign("a leg pays the account that it debits");
  if ((debits || credits) && leg.amount.currency != account->second.currency()) {
    return DoNotSign(
        fmt::format("a leg on {} is in {}", leg.ledger.text(), leg.amount.currency.code()));
  }
  if (!leg.amount.amount.IsPositive()) return DoNotSign("a leg moves nothing");
  if (!leg.approvals.empty()) return DoNotSign("a leg asks for approvals");
  if (!debits && !credits) return absl::OkStatus();
  return Move(positions, leg.ledger, leg.amount.amount, debits);
}

absl::Status CheckTermsOf(const QueueMembership& membership, const core::TermsHeader& terms,
                          const std::vector<std::string>& legs, core::LedgerTime now) {
  if (terms.is_list()) return DoNotSign("the terms are a settlement list");
  if (!terms.quote_id.empty()) return DoNotSign("the terms accept a quote");
  if (std::find(membership.policies.begin(), membership.policies.end(), terms.policy_hash) ==
      membership.policies.end()) {
    return DoNotSign(fmt::format("the settlement policy {} is none that was made known",
                                 terms.policy_hash.ToHex()));
  }
  if (terms.deadline <= now || terms.deadline > now + kSignedDeadlineAheadMax) {
    return DoNotSign(
        fmt::format("the deadline {} is past, or too far ahead", terms.deadline.ToString()));
  }
  if (legs.empty() || core::LegsRoot(legs) != terms.legs_root || terms.LegCount() != legs.size()) {
    return DoNotSign("the legs are not those of the terms");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckedAttempt> CheckSignatureRequest(const QueueMembership& membership,
                                                     const SignatureRequest& request,
                                                     core::LedgerTime now) {
  const absl::StatusOr<core::TermsHeader> terms = codec::DecodeTerms(request.terms);
  if (!terms.ok()) return DoNotSign(std::string(terms.status().message()));
  if (absl::Status good = CheckTermsOf(membership, *terms, request.legs, now); !good.ok()) {
    return good;
  }
  std::set<core::Hash256> trades;
  MemberPositions expected;
  for (const std::string& trade : request.trades) {
    if (absl::Status good = AddTrade(membership, trade, now, trades, expected); !good.ok()) {
      return good;
    }
  }
  MemberPositions moved;
  std::set<core::LedgerOrigin> pays_on;
  for (const std::string& bytes : request.legs) {
    const absl::StatusOr<core::Leg> leg = codec::DecodeLeg(bytes);
    if (!leg.ok()) return DoNotSign(fmt::format("a leg: {}", std::string(leg.status().message())));
    if (absl::Status good = AddLeg(membership, *leg, moved); !good.ok()) return good;
    if (leg->party == membership.member) pays_on.insert(leg->ledger);
  }
  for (const auto& [ledger, account] : membership.accounts) {
    if (expected[ledger] == moved[ledger]) continue;
    return DoNotSign(fmt::format("on {} the trades come to {} minor units, the legs to {}",
                                 ledger.text(), expected[ledger].minor(), moved[ledger].minor()));
  }
  // Its signature would be for nothing, and no ledger could say later what became of it.
  if (pays_on.empty()) return DoNotSign("it pays nothing in these terms");
  return CheckedAttempt{terms->settlement_id,
                        terms->deadline,
                        {trades.begin(), trades.end()},
                        {pays_on.begin(), pays_on.end()}};
}

}  // namespace causeway::client
