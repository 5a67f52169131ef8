#include "wallet-cli/envelope_file.h"

#include <fmt/format.h>

#include "settlement/core/bytes.h"
#include "wallet-cli/render.h"

namespace causeway::wallet {

std::string FormatEnvelope(const core::Envelope& envelope) {
  Json signatures = Json::array();
  for (const core::Signature& signature : envelope.signatures) {
    signatures.push_back({{"key_id", core::ToBase64(signature.key_id.view())},
                          {"signature", core::ToBase64(signature.signature)}});
  }
  const Json json = {{"payload_type", envelope.payload_type},
                     {"payload", core::ToBase64(envelope.payload)},
                     {"signatures", std::move(signatures)}};
  return json.dump(2) + "\n";
}

absl::StatusOr<core::Envelope> ParseEnvelope(std::string_view text) {
  const auto wrong = [](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format(
        "{}; must be the JSON of a signed envelope, as `--out` of a command writes it", what));
  };
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return wrong("not a JSON object");
  const auto field = [](const Json& object, const char* name) -> std::string {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  core::Envelope envelope;
  envelope.payload_type = field(json, "payload_type");
  const auto payload = core::FromBase64(field(json, "payload"));
  if (!payload.has_value()) return wrong("payload: not base64");
  envelope.payload = *payload;
  const auto signatures = json.find("signatures");
  if (signatures == json.end() || !signatures->is_array()) return wrong("signatures: not a list");
  for (const Json& signature : *signatures) {
    if (!signature.is_object()) return wrong("signatures: not a list of objects");
    const auto key_id = core::FromBase64(field(signature, "key_id"));
    const auto bytes = core::FromBase64(field(signature, "signature"));
    const auto hash = key_id.has_value() ? core::Hash256::FromBytes(*key_id) : std::nullopt;
    if (!hash.has_value()) return wrong("signatures: a key_id is not base64 of 32 bytes");
    if (!bytes.has_value()) return wrong("signatures: a signature is not base64");
    envelope.signatures.push_back({*hash, *bytes});
  }
  if (absl::Status status = core::CheckEnvelope(envelope); !status.ok()) return status;
  return envelope;
}

}  // namespace causeway::wallet
