// Batches of both kinds of log, and what stands in them.
#include "settlement/core/batch.h"
#include "settlement/core/decision_batch.h"
#include "settlement/core/settlement.h"
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway;
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckOneEncoding(bytes, core::DecodeBatch, core::EncodeBatch);
  fuzz::CheckOneEncoding(bytes, core::DecodeItem, core::EncodeItem);
  fuzz::CheckOneEncoding(bytes, core::DecodeDecisionBatch, core::EncodeDecisionBatch);
  fuzz::CheckOneEncoding(bytes, core::DecodeDecisionRecord, core::EncodeDecisionRecord);
  fuzz::CheckOneEncoding(bytes, core::DecodeVote, core::EncodeVote);
  return 0;
}
