// What the bridge shows and takes: values of the engine as messages of the API, and back. Pure
// functions; any thread. No gRPC here.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_VIEWS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_VIEWS_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "causeway/v1/bridge_service.pb.h"
#include "fx-bridge/engine/bridge_engine.h"

namespace causeway::bridge {

// Whether nothing will change any more.
bool IsFinal(SettlementState state);
// Whether there is a durable decision.
bool IsDecided(SettlementState state);

// Without the certificate. `out` must be empty before.
void ToProto(const SettlementView& view, v1::SettlementView* out);
// The same with attempts and failures, which may show more of the network than parties should see.
void ToOperatorView(const SettlementView& view, v1::SettlementView* out);
// With the certificate once it is decided.
void ToProto(const SettlementView& view, const BridgeEngine& engine, v1::SettlementView* out);
void ToProto(const Quote& quote, v1::Quote* out);
// kMalformed names the field.
std::variant<QuoteRequest, core::Rejection> FromProto(const v1::QuoteRequest& request);
std::variant<AbortOrder, core::Rejection> FromProto(const v1::Receipt& receipt);
// The place of the last settlement of a page, as its token, and back. Nothing for other bytes.
std::string EncodePageToken(const OpenPlace& place);
std::optional<OpenPlace> DecodePageToken(std::string_view token);
void ToProto(const BridgeEngine& engine, v1::BridgeInfo* out);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_VIEWS_H_
