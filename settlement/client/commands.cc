#include "settlement/client/commands.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/quote.h"

namespace causeway::client {
namespace {

constexpr std::size_t kPrefixSizeMax = 14;
constexpr std::size_t kRandomLetters = 20;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

}  // namespace

LedgerAddress AddressOf(const core::Genesis& genesis) { return {genesis.ledger, genesis.hash}; }

core::Command MakeCommand(const LedgerAddress& ledger, const core::ParticipantId& party,
                          const core::InstructionId& id, core::LedgerTime valid_until,
                          core::Action action) {
  return core::Command{ledger.ledger, ledger.genesis_hash, party, id,
                       valid_until,   std::move(action)};
}

absl::StatusOr<core::Envelope> SignCommand(const core::Command& command,
                                           std::span<const core::Signer* const> signers) {
  const std::string payload = codec::EncodeCommand(command);
  // Nobody should sign what every ledger refuses to read.
  const absl::StatusOr<core::Command> readable = codec::DecodeCommand(payload);
  if (!readable.ok()) return readable.status();
  return core::SignEnvelope(core::kCommandPayloadType, payload, signers);
}

absl::StatusOr<core::Envelope> SignCommand(const core::Command& command,
                                           const core::Signer& signer) {
  const core::Signer* const signers[] = {&signer};
  return SignCommand(command, signers);
}

absl::StatusOr<core::Envelope> SignTerms(std::string_view terms,
                                         std::span<const core::Signer* const> signers) {
  const absl::StatusOr<core::TermsHeader> readable = codec::DecodeTerms(terms);
  if (!readable.ok()) return readable.status();
  return core::SignEnvelope(core::kTermsPayloadType, terms, signers);
}

absl::StatusOr<std::string> RandomBytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = getrandom(bytes.data() + filled, size - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return absl::UnavailableError("the system's random generator has nothing to give");
    }
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

absl::StatusOr<core::Uetr> NewUetr() {
  const absl::StatusOr<std::string> random = RandomBytes(16);
  if (!random.ok()) return random.status();
  std::array<std::uint8_t, 16> bytes{};
  std::copy(random->begin(), random->end(), bytes.begin());
  return core::Uetr::FromRandomBytes(bytes);
}

absl::StatusOr<core::InstructionId> NewInstructionId(std::string_view prefix) {
  if (prefix.empty() || prefix.size() > kPrefixSizeMax) {
    return absl::InvalidArgumentError(
        fmt::format("instruction id prefix {}: must have 1 to {} characters", core::Quoted(prefix),
                    kPrefixSizeMax));
  }
  const absl::StatusOr<std::string> random = RandomBytes(kRandomLetters);
  if (!random.ok()) return random.status();
  std::string text = std::string(prefix) + '-';
  for (const char byte : *random) {
    text += kAlphabet[static_cast<unsigned char>(byte) % kAlphabet.size()];
  }
  return core::InstructionId::Parse(text);
}

}  // namespace causeway::client
