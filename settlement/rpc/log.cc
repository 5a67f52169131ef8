#include "settlement/rpc/log.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace causeway::rpc {

void Log(std::string_view program, std::string_view message) {
  // One write per line: stdio locks the stream for its length.
  const std::string line = fmt::format("{} {}: {}\n", Now().ToString(), program, message);
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

core::LedgerTime Now() {
  return core::LedgerTime::FromMicros(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

}  // namespace causeway::rpc
