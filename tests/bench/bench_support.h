// What benchmarks of engines have in common.
#ifndef CAUSEWAY_TESTS_BENCH_BENCH_SUPPORT_H_
#define CAUSEWAY_TESTS_BENCH_BENCH_SUPPORT_H_

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "settlement/core/suite.h"

namespace causeway::bench {

// Ends the program with what is wrong.
template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", std::string(result.status().message()));
    std::exit(70);
  }
  return *std::move(result);
}

// Where signatures are not what is measured.
class TakesAll final : public core::SignatureVerifier {
 public:
  bool Verify(const core::PublicKey&, std::string_view, std::string_view) const override {
    return true;
  }
  bool VerifySha256(const core::PublicKey&, const core::Hash256&, std::string_view) const override {
    return true;
  }
};

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_BENCH_SUPPORT_H_
