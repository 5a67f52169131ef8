// Changes within a day: what banks and the operator of a system do between payments. docs/formats/
// study.md has their words.
#ifndef CAUSEWAY_SCENARIOS_STUDY_CHANGES_H_
#define CAUSEWAY_SCENARIOS_STUDY_CHANGES_H_

#include <optional>
#include <string>
#include <string_view>

#include "scenarios/study/input.h"
#include "settlement/liquidity/engine.h"

namespace causeway::study {

std::optional<ChangeKind> ParseChangeKind(std::string_view text);
std::string_view Name(ChangeKind kind);
// "add-balance, take-balance, ...": for reports.
std::string ChangeKindNames();

// What a change of that kind names.
bool IsOfPayment(ChangeKind kind);
bool NeedsCounterparty(ChangeKind kind);
bool NeedsValue(ChangeKind kind);
// A blank value lifts the limit.
bool MayLackValue(ChangeKind kind);

// Makes a change of an account's terms at `time`. `terms` are those that the account has now, and
// follow it. kNone, or why nothing was changed.
liquidity::Refusal ChangeAccount(const Change& change, core::LedgerTime time,
                                 liquidity::BankTerms& terms, liquidity::Engine& engine,
                                 liquidity::Engine::Effects& effects);
// The same of a payment, by the engine's number.
liquidity::Refusal ChangePayment(const Change& change, core::LedgerTime time,
                                 liquidity::PaymentId payment, liquidity::Engine& engine,
                                 liquidity::Engine::Effects& effects);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_CHANGES_H_
