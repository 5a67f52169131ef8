// Payments of ledgers that come from studies: who makes them, what accounts begin with, and when
// each falls due.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/core/account_terms.h"
#include "settlement/core/quote.h"

namespace causeway::sim {
namespace {

// A bank's name as a participant's id, if it can be one.
std::string IdOfBank(std::string_view name) {
  std::string id;
  for (const char c : name) {
    const bool small = c >= 'a' && c <= 'z';
    const bool fits = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    id += small ? static_cast<char>(c - 'a' + 'A') : fits ? c : '-';
  }
  return id;
}

const std::string& BankOf(const study::Account& account) {
  return account.owner.empty() ? account.id : account.owner;
}

core::PaymentPriority PriorityOf(liquidity::Priority priority) {
  if (priority == liquidity::Priority::kUrgent) return core::PaymentPriority::kUrgent;
  if (priority == liquidity::Priority::kHigh) return core::PaymentPriority::kHigh;
  return core::PaymentPriority::kNormal;
}

std::size_t DayOf(const study::Payment& payment) {
  return static_cast<std::size_t>(payment.due / study::kDaySpanUs);
}

std::string PathIn(const std::string& directory, const std::string& path) {
  if (path.empty() || directory.empty()) return path;
  return (std::filesystem::path(directory) / path).string();
}

// Whether a participant that has these needs terms of its account.
bool SaysAnything(const PlannedAccountTerms& terms) {
  return terms.reserved_urgent.IsPositive() || terms.reserved_high.IsPositive() ||
         terms.release_threshold.IsPositive() || terms.multilateral_limit.has_value() ||
         !terms.bilateral_limits.empty() || terms.collateral.IsPositive() ||
         terms.uncollateralised.IsPositive();
}

}  // namespace

void Compiler::ReadPaymentsFrom() {
  for (std::size_t i = 0; i < plan_.participants.size(); ++i) {
    banks_by_id_.emplace(plan_.participants[i].id.text(), static_cast<ParticipantIndex>(i));
  }
  for (int i = 0; i < spec_.ledgers_size(); ++i) {
    const Node ledger = root_.Child("ledgers", i);
    for (int j = 0; j < spec_.ledgers(i).payments_from_size(); ++j) {
      PaymentsEntry entry;
      entry.ledger = static_cast<LedgerIndex>(i);
      entry.index = j;
      ReadPaymentsEntry(ledger.Child("payments_from", j), spec_.ledgers(i).payments_from(j), entry);
      payments_from_.push_back(std::move(entry));
    }
  }
  file_participants_ = plan_.participants.size();
}

void Compiler::ReadPaymentsEntry(const Node& node, const causeway::v1::PaymentsFrom& spec,
                                 PaymentsEntry& entry) {
  ReadTrafficName(node.Of("name"), spec.name());
  if (spec.study().empty() && spec.csv().empty()) {
    Fail(node.Of("name"), "one of study and csv must say where the payments come from");
    return;
  }
  PaymentsRequest request;
  request.name = spec.name();
  request.study = PathIn(directory_, spec.study());
  request.csv = PathIn(directory_, spec.csv());
  request.draws_as = spec.draws_as();
  request.seed = plan_.seed;
  request.currency = plan_.ledgers[entry.ledger].currency;
  request.payments = spec.payments();
  request.liquidity = spec.liquidity();
  if (!spec.draws_as().empty() && spec.study().empty()) {
    Fail(node.Of("draws_as"), "draws_as: of a study only; nothing is drawn of a folder");
  }
  std::vector<PaymentsProblem> problems;
  std::optional<SourcedPayments> sourced = SourcePayments(request, problems);
  if (sourced) {
    entry.sourced = *std::move(sourced);
    entry.terms = TermsByDay(entry.sourced, problems);
  }
  for (PaymentsProblem& problem : problems) Fail(node.Of(problem.field), problem.message);
  if (!problems.empty()) return;
  plan_.payments_from.push_back(
      {spec.name(), entry.ledger, spec.study().empty() ? spec.csv() : spec.study(),
       entry.sourced.sha256, entry.sourced.input.payments.size(), entry.sourced.payments_all});
  ReadPaymentsDays(node, spec, entry);
  ReadPaymentsBanks(node, spec, entry);
}

void Compiler::ReadPaymentsDays(const Node& node, const causeway::v1::PaymentsFrom& spec,
                                PaymentsEntry& entry) {
  const PlannedLedger& ledger = plan_.ledgers[entry.ledger];
  const auto first = spec.first_date().empty()
                         ? std::optional(ledger.days.front().date)
                         : Read<core::BusinessDate>(node.Of("first_date"), spec.first_date());
  if (!first) return;
  const auto day = std::find_if(ledger.days.begin(), ledger.days.end(),
                                [&](const PlannedDay& each) { return each.date == *first; });
  if (day == ledger.days.end()) {
    Fail(node.Of("first_date"),
         fmt::format("first_date: {} is no business day of the ledger", first->ToString()));
    return;
  }
  entry.first_day = static_cast<std::size_t>(day - ledger.days.begin());
  const std::size_t days = entry.sourced.input.days.size();
  const std::size_t left = ledger.days.size() - entry.first_day;
  if (days > left) {
    Fail(node.Of("first_date"), fmt::format("the payments are of {} days, and from {} on the "
                                            "ledger has {}",
                                            days, first->ToString(), left));
  }
  if (days < 2) return;
  const study::RunOptions& options = entry.sourced.options;
  const bool anew = options.alpha || options.liquidity_total;
  if (anew && options.credit_share) {
    Fail(node.Of("study"), "study: with a credit_share it must be of one day");
  }
  if (anew && !ledger.redeem_at_cut_off) {
    Fail(node.Of("liquidity"),
         "liquidity is given anew each day: of several days, the ledger must redeem_at_cut_off");
  } else if (!anew && ledger.redeem_at_cut_off) {
    Fail(node.Of("liquidity"),
         "balances of a folder are carried from day to day: not with redeem_at_cut_off");
  }
}

void Compiler::ReadPaymentsBanks(const Node& node, const causeway::v1::PaymentsFrom& spec,
                                 PaymentsEntry& entry) {
  std::map<std::string, ParticipantIndex> named;
  for (int i = 0; i < spec.banks_size(); ++i) {
    const Node bank = node.Child("banks", i);
    const causeway::v1::PaymentsFromBank& each = spec.banks(i);
    const std::vector<study::Account>& accounts = entry.sourced.input.accounts;
    if (std::none_of(accounts.begin(), accounts.end(), [&](const study::Account& account) {
          return BankOf(account) == each.bank();
        })) {
      Fail(bank.Of("bank"),
           fmt::format("bank {} has no account in the source", core::Quoted(each.bank())));
    }
    const auto found = banks_by_id_.find(each.participant());
    if (found == banks_by_id_.end()) {
      Fail(bank.Of("participant"), fmt::format("participant {} is not listed in participants",
                                               core::Quoted(each.participant())));
    } else if (!named.emplace(each.bank(), found->second).second) {
      Fail(bank.Of("bank"), fmt::format("bank {} is named twice", core::Quoted(each.bank())));
    }
  }
  std::map<ParticipantIndex, const study::Account*> taken;
  for (const study::Account& account : entry.sourced.input.accounts) {
    const std::string& bank = BankOf(account);
    const auto found = named.find(bank);
    const std::optional<ParticipantIndex> who =
        found != named.end() ? std::optional(found->second)
                             : FindOrMakeBank(node, spec, entry.ledger, bank);
    if (!who) return;  // one finding is enough: all may be named alike
    const PlannedParticipant& participant = plan_.participants[*who];
    if (participant.accounts[entry.ledger].IsEmpty()) {
      Fail(node.Of("banks"),
           fmt::format("bank {} is participant {}, which has no account on {}", core::Quoted(bank),
                       participant.id.text(), plan_.ledgers[entry.ledger].origin.text()));
      return;
    }
    const auto [other, alone] = taken.emplace(*who, &account);
    if (!alone) {
      Fail(node.Of("banks"),
           fmt::format("accounts {} and {} are both participant {}'s, which has one on a ledger",
                       core::Quoted(other->second->id), core::Quoted(account.id),
                       participant.id.text()));
      return;
    }
    entry.banks.push_back(*who);
  }
}

std::optional<ParticipantIndex> Compiler::FindOrMakeBank(const Node& node,
                                                         const causeway::v1::PaymentsFrom& spec,
                                                         LedgerIndex ledger,
                                                         const std::string& bank) {
  const std::string id = IdOfBank(bank);
  if (const auto known = banks_by_id_.find(id); known != banks_by_id_.end()) {
    if (plan_.participants[known->second].of_payments) OpenAccount(known->second, ledger);
    return known->second;
  }
  const absl::StatusOr<core::ParticipantId> parsed = core::ParticipantId::Parse(id);
  if (!parsed.ok()) {
    Fail(node.Of("banks"), fmt::format("bank {}: {}; name a participant for it in banks",
                                       core::Quoted(bank), std::string(parsed.status().message())));
    return std::nullopt;
  }
  std::string body = id;
  std::erase(body, '-');
  if (!participant_bodies_.insert(body).second) {
    Fail(node.Of("banks"), fmt::format("bank {}: participant {} exists already (ids that differ "
                                       "only by '-' are alike); name a participant for it in banks",
                                       core::Quoted(bank), id));
    return std::nullopt;
  }
  PlannedParticipant participant;
  participant.id = *parsed;
  participant.role = core::Role::kCommercialBank;
  participant.country = plan_.ledgers[ledger].country;
  participant.of_payments = true;
  if (!spec.country().empty()) {
    const auto country = Read<core::Country>(node.Of("country"), spec.country());
    if (!country) return std::nullopt;
    participant.country = *country;
  }
  std::vector<bool> here(plan_.ledgers.size(), false);
  here[ledger] = true;
  AddParticipant(std::move(participant), here);
  made_participants_ += 1;
  const auto index = static_cast<ParticipantIndex>(plan_.participants.size() - 1);
  banks_by_id_.emplace(id, index);
  return index;
}

void Compiler::CompilePaymentsFrom() {
  for (const PaymentsEntry& entry : payments_from_) {
    const Node node =
        root_.Child("ledgers", static_cast<int>(entry.ledger)).Child("payments_from", entry.index);
    const std::string& name =
        spec_.ledgers(static_cast<int>(entry.ledger)).payments_from(entry.index).name();
    AddSourcedTerms(node.Of("name"), entry);
    AddSourcedIssues(node.Of("name"), name, entry);
    AddSourcedPayments(node.Of("name"), name, entry);
  }
  // What was read is in the plan now.
  payments_from_.clear();
}

void Compiler::AddSourcedTerms(Place place, const PaymentsEntry& entry) {
  PlannedLedger& ledger = plan_.ledgers[entry.ledger];
  const study::DayTerms& first = entry.terms.front();
  std::vector<PlannedAccountTerms> all(entry.banks.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const liquidity::BankTerms& bank = first.banks[i];
    all[i].holder = entry.banks[i];
    all[i].reserved_urgent = bank.reserved_urgent;
    all[i].reserved_high = bank.reserved_high;
    all[i].release_threshold = bank.release_threshold;
    all[i].multilateral_limit = bank.multilateral_limit;
    all[i].collateral = bank.collateral;
    all[i].haircut_basis_points = bank.collateral.IsZero() ? 0 : bank.haircut_basis_points;
    all[i].uncollateralised = bank.uncollateralised_credit;
  }
  for (const liquidity::BilateralLimit& limit : first.limits) {
    all[limit.sender].bilateral_limits.push_back({entry.banks[limit.receiver], limit.limit});
  }
  for (PlannedAccountTerms& terms : all) {
    if (!SaysAnything(terms)) continue;
    const std::string_view id = plan_.participants[terms.holder].id.text();
    if (plan_.mechanism.kind != MechanismKind::kCoordinated) {
      Fail(place, "terms of accounts, as the source has them, are for MECHANISM_COORDINATED alone");
      return;
    }
    if (terms.bilateral_limits.size() > core::kBilateralLimitsMax) {
      Fail(place,
           fmt::format("{} has more than {} bilateral limits", id, core::kBilateralLimitsMax));
    }
    if (std::any_of(
            ledger.account_terms.begin(), ledger.account_terms.end(),
            [&](const PlannedAccountTerms& other) { return other.holder == terms.holder; })) {
      Fail(place, fmt::format("{} has account_terms, and others by the source", id));
    }
    ledger.account_terms.push_back(std::move(terms));
  }
}

// At each opening, so that payments of that moment wait for it.
void Compiler::AddSourcedIssues(Place place, const std::string& name, const PaymentsEntry& entry) {
  const std::vector<PlannedDay>& days = plan_.ledgers[entry.ledger].days;
  for (std::size_t day = 0; day < entry.terms.size(); ++day) {
    const PlannedDay& on = days[entry.first_day + day];
    for (std::size_t i = 0; i < entry.banks.size(); ++i) {
      const core::Amount amount = entry.terms[day].banks[i].balance;
      if (amount.IsNegative()) {
        Fail(place, fmt::format("account {} begins below zero: on a ledger it cannot",
                                core::Quoted(entry.sourced.input.accounts[i].id)));
        return;
      }
      if (amount.IsZero()) continue;
      AddAction(place, fmt::format("{}-f{}-{}", name, day + 1, i + 1), on.opens, on.date,
                IssueTo{entry.ledger, entry.banks[i], amount});
    }
  }
}

void Compiler::AddSourcedPayments(Place place, const std::string& name,
                                  const PaymentsEntry& entry) {
  const PlannedLedger& ledger = plan_.ledgers[entry.ledger];
  // Times of a study count from the midnight before the opening, on the ledger's clocks.
  const causeway::v1::LedgerSpec& spec = spec_.ledgers(static_cast<int>(entry.ledger));
  const Node hours = root_.Child("ledgers", static_cast<int>(entry.ledger));
  const core::Duration opens =
      spec.has_hours()
          ? ReadTimeOfDay(hours.Of("hours"), spec.hours().opens()).value_or(core::Duration::Zero())
          : opens_;
  const std::vector<study::Payment>& payments = entry.sourced.input.payments;
  const std::size_t digits =
      std::max<std::size_t>(6, std::to_string(entry.sourced.payments_all).size());
  for (std::size_t i = 0; i < payments.size(); ++i) {
    const study::Payment& payment = payments[i];
    const PlannedDay& day = ledger.days[entry.first_day + DayOf(payment)];
    const core::LedgerTime due =
        day.opens - opens + core::Duration::FromMicros(payment.due % study::kDaySpanUs);
    AddAction(place, fmt::format("{}-{:0{}}", name, entry.sourced.places[i], digits), due, day.date,
              PayOneWay{entry.ledger, entry.banks[payment.sender], entry.banks[payment.recipient],
                        core::Amount::FromMinor(payment.amount), "", PriorityOf(payment.priority)});
  }
}

}  // namespace causeway::sim
