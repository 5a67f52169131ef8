#include "scenarios/simulator/modelled_suite.h"

#include <array>
#include <cstdint>
#include <utility>

#include "settlement/core/bytes.h"
#include "settlement/store/fingerprint.h"

namespace causeway::sim {
namespace {

// Two halves under seeds of their own, both of the key.
struct Halves {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

Halves ModelledSignature(const core::PublicKey& key, std::string_view message) {
  const std::uint64_t first = store::Checksum64(key.bytes, 1);
  const std::uint64_t second = store::Checksum64(key.bytes, 2);
  return {store::Checksum64(message, first), store::Checksum64(message, second)};
}

class ModelledSigner final : public core::Signer {
 public:
  explicit ModelledSigner(core::PublicKey key)
      : key_(std::move(key)), key_id_(core::KeyIdOf(key_)) {}

  absl::StatusOr<std::string> Sign(std::string_view message) const override {
    const Halves halves = ModelledSignature(key_, message);
    core::Writer writer;
    writer.U64(halves.first).U64(halves.second);
    return std::move(writer).Take();
  }
  const core::PublicKey& public_key() const override { return key_; }
  const core::KeyId& key_id() const override { return key_id_; }

 private:
  core::PublicKey key_;
  core::KeyId key_id_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const core::Signer>> MakeModelledSigner(const PlannedKey& key) {
  if (key.key.suite != core::SuiteId::kModelled) {
    return absl::InvalidArgumentError("the key is not of the suite \"modelled\"");
  }
  return std::make_shared<ModelledSigner>(key.key);
}

bool SimulatorSignatureVerifier::Verify(const core::PublicKey& key, std::string_view message,
                                        std::string_view signature) const {
  if (key.suite != core::SuiteId::kModelled) return real_.Verify(key, message, signature);
  const Halves halves = ModelledSignature(key, message);
  core::Reader reader(signature);
  const std::uint64_t first = reader.U64();
  const std::uint64_t second = reader.U64();
  return reader.Done() && first == halves.first && second == halves.second;
}

bool SimulatorSignatureVerifier::VerifySha256(const core::PublicKey& key,
                                              const core::Hash256& digest,
                                              std::string_view signature) const {
  return real_.VerifySha256(key, digest, signature);
}

}  // namespace causeway::sim
