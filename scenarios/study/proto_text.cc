#include "scenarios/study/proto_text.h"

#include <utility>

#include "settlement/codec/text_message.h"

namespace causeway::study {

bool ParseProtoText(std::string_view text, const std::string& file,
                    google::protobuf::Message& message, ProblemList& problems) {
  for (codec::TextFault& fault : codec::ReadText(text, message)) {
    problems.Add({file, static_cast<std::uint64_t>(fault.line),
                  static_cast<std::uint64_t>(fault.column), std::move(fault.message)});
  }
  return problems.empty();
}

}  // namespace causeway::study
