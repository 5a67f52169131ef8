// Messages in protobuf's text format, as scenario and configuration files have them: what is wrong
// is said with its place, the path of the field, and what would be right. Every program that reads
// such a file reads it here. Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CODEC_TEXT_MESSAGE_H_
#define CAUSEWAY_SETTLEMENT_CODEC_TEXT_MESSAGE_H_

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace causeway::codec {

struct TextFault {
  int line = 0;    // from 1; 0: it is about the text as a whole
  int column = 0;  // from 1
  std::string message;

  friend bool operator==(const TextFault&, const TextFault&) = default;
};

// Reads `text` into `message`, which is cleared first; nothing when it is sound. Else the faults in
// the order of the text, at least one: every field that does not exist, and the first fault of
// another kind, behind which nothing is read. Of a field that does not exist, and of the unknown
// name of an enumeration value, the place is that of the word itself, and the message has the path
// of the message or field ("ledgers[0].queue.release"), the word, the nearest name and all names.
// With `places`: where each field stands, as of TextFormat::Parser::WriteLocationsTo.
std::vector<TextFault> ReadText(std::string_view text, google::protobuf::Message& message,
                                google::protobuf::TextFormat::ParseInfoTree* places = nullptr);

// The same with the first fault alone: InvalidArgument, "3:14: what", or "what" of the whole.
absl::Status ReadTextMessage(std::string_view text, google::protobuf::Message& message);

}  // namespace causeway::codec

#endif  // CAUSEWAY_SETTLEMENT_CODEC_TEXT_MESSAGE_H_
