// Protobuf text files, with every fault and its place.
#ifndef CAUSEWAY_SCENARIOS_STUDY_PROTO_TEXT_H_
#define CAUSEWAY_SCENARIOS_STUDY_PROTO_TEXT_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "scenarios/study/problems.h"

namespace causeway::study {

// False, with what is wrong by line and column of `file`, when the text is no such message.
bool ParseProtoText(std::string_view text, const std::string& file,
                    google::protobuf::Message& message, ProblemList& problems);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_PROTO_TEXT_H_
