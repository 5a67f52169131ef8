// How a refused input is shown in an error message.
#ifndef CAUSEWAY_SETTLEMENT_CORE_QUOTE_H_
#define CAUSEWAY_SETTLEMENT_CORE_QUOTE_H_

#include <string>
#include <string_view>

namespace causeway::core {

// `input` between double quotes: bytes outside printable ASCII, quotes and backslashes appear as
// \xNN, and what exceeds 64 bytes is replaced by "..." and the true size. Inputs come from
// strangers and messages go to logs and terminals: neither may be flooded nor steered.
std::string Quoted(std::string_view input);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_QUOTE_H_
