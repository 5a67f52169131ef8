// What parties bring to the settlement queue, and its log.
#include "fx-bridge/engine/queue_event.h"
#include "settlement/core/queued_trade.h"
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway;
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckOneEncoding(bytes, core::DecodeQueuedTrade, core::EncodeQueuedTrade);
  fuzz::CheckOneEncoding(bytes, core::DecodeTradeWithdrawal, core::EncodeTradeWithdrawal);
  fuzz::CheckOneEncoding(bytes, bridge::DecodeQueueEvents, bridge::EncodeQueueEvents);
  return 0;
}
