// Answers of an observer as text for people and as JSON for programs: one form, whether a running
// observer was asked or a store verified again. JSON has amounts as integers in minor units, hashes
// and evidence in lower-case hexadecimal (docs/protocols/audit.md).
#ifndef CAUSEWAY_OBSERVER_RUNTIME_RENDER_H_
#define CAUSEWAY_OBSERVER_RUNTIME_RENDER_H_

#include <nlohmann/json.hpp>
#include <string>

#include "causeway/v1/ledger_service.pb.h"
#include "causeway/v1/observer_service.pb.h"
#include "observer/verifier/corridor_verifier.h"

namespace causeway::observer {

causeway::v1::Override ViewOf(const LedgerOverride& seen);
causeway::v1::RepeatedReference ViewOf(const LedgerRepeatedReference& seen);
// "forked-log (kind 4), number 1".
std::string NameOf(const causeway::v1::Alert& alert);

// Lines, each with its end.
std::string TextOf(const causeway::v1::ObserverStatus& status);
std::string TextOf(const causeway::v1::Override& order);
std::string TextOf(const causeway::v1::RepeatedReference& repeated);
// What a list of repeated references leaves out; empty when that is nothing.
std::string TextOfUnlisted(std::uint64_t listed, std::uint64_t count, std::uint64_t forgotten);
std::string TextOf(const causeway::v1::Alert& alert);
std::string TextOf(const causeway::v1::ObservedSettlement& settlement);
std::string TextOf(const causeway::v1::Account& account);

nlohmann::ordered_json JsonOf(const causeway::v1::ObserverStatus& status);
nlohmann::ordered_json JsonOf(const causeway::v1::Override& order);
nlohmann::ordered_json JsonOf(const causeway::v1::RepeatedReference& repeated);
nlohmann::ordered_json JsonOf(const causeway::v1::Alert& alert);
nlohmann::ordered_json JsonOf(const causeway::v1::ObservedSettlement& settlement);
nlohmann::ordered_json JsonOf(const causeway::v1::Account& account);

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_RENDER_H_
