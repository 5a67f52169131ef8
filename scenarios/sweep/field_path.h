// Names a field of a scenario by its path in the text format, and sets it.
//
//   "generators[0].payments"                        one field
//   "participants[*].opening_balances[*].amount"    of all elements that have it
//   "calendar.holidays[1]"                          an element of a repeated field of values
#ifndef CAUSEWAY_SCENARIOS_SWEEP_FIELD_PATH_H_
#define CAUSEWAY_SCENARIOS_SWEEP_FIELD_PATH_H_

#include <google/protobuf/message.h>

#include <string_view>

#include "absl/status/status.h"

namespace causeway::sim {

// Elements and optional messages that are not there are not made: what is swept must stand in the
// file. Values are written as in the text format, strings and enum values without quotes.
// InvalidArgument names the path, the part of it that is wrong, and what would be right; `message`
// may then be partly changed.
absl::Status SetField(google::protobuf::Message& message, std::string_view path,
                      std::string_view value);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_FIELD_PATH_H_
