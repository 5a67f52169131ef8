// Invariants that hold in every build, release included. A broken one stops the process before
// anything that depends on it can leave: a ledger that is wrong is worse than one that is down.
#ifndef CAUSEWAY_SETTLEMENT_CORE_CHECK_H_
#define CAUSEWAY_SETTLEMENT_CORE_CHECK_H_

#include <cstdio>
#include <cstdlib>

namespace causeway::core::internal {
[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition,
                                     const char* why) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s (%s)\n", file, line, condition, why);
  std::abort();
}
}  // namespace causeway::core::internal

// Aborts with file, line, condition and `why` (a C string) unless `condition` holds.
#define CW_CHECK(condition, why) \
  (static_cast<bool>(condition)  \
       ? static_cast<void>(0)    \
       : ::causeway::core::internal::CheckFailed(__FILE__, __LINE__, #condition, (why)))

#endif  // CAUSEWAY_SETTLEMENT_CORE_CHECK_H_
