// Short names for the values that tests of venues are full of.
#ifndef CAUSEWAY_TESTS_VENUES_SHORTHAND_H_
#define CAUSEWAY_TESTS_VENUES_SHORTHAND_H_

#include <cstdint>
#include <string_view>

#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

inline core::Amount Minor(std::int64_t units) { return core::Amount::FromMinor(units); }
inline core::Rate R(std::string_view text) { return core::Rate::Parse(text).value(); }
inline core::ParticipantId Bank(std::string_view id) {
  return core::ParticipantId::Parse(id).value();
}
inline core::Currency Cur(std::string_view code) { return core::Currency::Parse(code).value(); }
inline core::LedgerTime Now() { return core::LedgerTime::FromMicros(1'000'000); }

}  // namespace causeway::bridge

#endif  // CAUSEWAY_TESTS_VENUES_SHORTHAND_H_
