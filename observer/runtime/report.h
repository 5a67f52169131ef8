// What an observer found, for a person and for a program. Pure functions over the engine.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_REPORT_H_
#define CAUSEWAY_OBSERVER_RUNTIME_REPORT_H_

#include <string>

#include "observer/runtime/audit_engine.h"

namespace causeway::observer {

// Several lines of text: logs, supplies, settlements, alerts.
std::string TextReport(const AuditEngine& engine);

// The same as one JSON object with a newline at its end. Amounts are integers in minor units;
// hashes and evidence are lower-case hexadecimal; see docs/protocols/audit.md.
std::string JsonReport(const AuditEngine& engine);

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_REPORT_H_
