// Checkpoints and the notes that carry them.
#include "settlement/core/checkpoint.h"
#include "settlement/core/note.h"
#include "tests/fuzz/one_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway;
  const std::string_view bytes = fuzz::AsBytes(data, size);
  fuzz::CheckOneEncoding(bytes, core::ParseCheckpoint, core::FormatCheckpoint);
  fuzz::CheckOneEncoding(bytes, core::ParseNote, core::FormatNote);
  return 0;
}
