// Modelled signatures: a cheap, deterministic stand-in for signatures in large simulations. A
// signature is 16 bytes of a hash over public key and message, so whoever knows the public key
// could make it: it holds only because nobody in a simulation does so but whoever has the signer.
// In this library alone, which no live program links.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_MODELLED_SUITE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_MODELLED_SUITE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"
#include "settlement/core/suite.h"

namespace causeway::sim {

// Of a key of the suite `modelled`, whose bytes are the key's seed.
absl::StatusOr<std::shared_ptr<const core::Signer>> MakeModelledSigner(const PlannedKey& key);

// Knows the suite `modelled`, and all that OpenSSL knows.
class SimulatorSignatureVerifier final : public core::SignatureVerifier {
 public:
  bool Verify(const core::PublicKey& key, std::string_view message,
              std::string_view signature) const override;
  bool VerifySha256(const core::PublicKey& key, const core::Hash256& digest,
                    std::string_view signature) const override;

 private:
  core::OpenSslSignatureVerifier real_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_MODELLED_SUITE_H_
