// A corridor of real processes for a measurement: started by causeway-sim in a folder of its own,
// and gone with it.
#ifndef CAUSEWAY_TESTS_BENCH_BENCH_CORRIDOR_H_
#define CAUSEWAY_TESTS_BENCH_BENCH_CORRIDOR_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/live/process.h"
#include "settlement/client/connection.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"

namespace causeway::bench {

// Use it from the thread that started it, which must outlive it: the system ends the processes when
// that thread ends, however it ends.
class BenchCorridor {
 public:
  // The network of `scenario` by the programs in `bin_dir`, in a new folder in `parent_dir`.
  // NotFound names a program that is not built.
  static absl::StatusOr<std::unique_ptr<BenchCorridor>> Start(const std::string& bin_dir,
                                                              const std::string& scenario,
                                                              const std::string& parent_dir);
  // Stops what still runs and removes the folder.
  ~BenchCorridor();
  BenchCorridor(const BenchCorridor&) = delete;
  BenchCorridor& operator=(const BenchCorridor&) = delete;

  // SIGTERM; an error unless every process ends by itself and well.
  absl::Status Stop();

  const std::string& directory() const { return directory_; }

  // Of the description that the corridor wrote (docs/how-to/run-a-corridor.md). NotFound when it
  // has no such currency or participant. Connections use the certificate of `who`.
  absl::StatusOr<client::ConnectionOptions> LedgerConnection(std::string_view currency,
                                                             std::string_view who) const;
  absl::StatusOr<client::ConnectionOptions> BridgeConnection(std::string_view who) const;
  absl::StatusOr<client::ConnectionOptions> ObserverConnection(std::string_view who) const;
  absl::StatusOr<core::AccountAddress> Account(std::string_view who,
                                               std::string_view currency) const;
  absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> Signer(std::string_view who) const;

 private:
  explicit BenchCorridor(std::string directory) : directory_(std::move(directory)) {}

  // The text at `path` ("/bridge/address") of the description.
  absl::StatusOr<std::string> Text(const std::string& path) const;
  absl::StatusOr<client::ConnectionOptions> Connection(const std::string& address_path,
                                                       std::string_view who) const;

  const std::string directory_;
  std::unique_ptr<sim::Process> process_;
  nlohmann::json description_;
};

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_BENCH_CORRIDOR_H_
