// One result, two readers: a JSON value for programs, and text for people made from the same value.
#ifndef CAUSEWAY_WALLET_CLI_RENDER_H_
#define CAUSEWAY_WALLET_CLI_RENDER_H_

#include <nlohmann/json.hpp>
#include <string>

namespace causeway::wallet {

// Keys keep their order: it is that of the text.
using Json = nlohmann::ordered_json;

// An object becomes lines "key  value", with arrays of objects as tables and other objects as
// sections below; an array of objects becomes a table without its empty columns; null becomes
// nothing. Money (currency, minor_units, amount) is one value, and so are an instruction's key
// (party, kind, id) and a rejection. Ends in a newline unless empty. Control characters
// are shown as escapes: text of strangers must not steer a terminal.
std::string RenderText(const Json& value);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_RENDER_H_
