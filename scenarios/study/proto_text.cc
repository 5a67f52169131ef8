#include "scenarios/study/proto_text.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <utility>

namespace causeway::study {
namespace {

class Collector : public google::protobuf::io::ErrorCollector {
 public:
  Collector(std::string file, ProblemList& problems)
      : file_(std::move(file)), problems_(problems) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    problems_.Add({file_, static_cast<std::uint64_t>(std::max(0, line + 1)),
                   static_cast<std::uint64_t>(std::max(0, column + 1)), message});
  }

 private:
  std::string file_;
  ProblemList& problems_;
};

}  // namespace

bool ParseProtoText(std::string_view text, const std::string& file,
                    google::protobuf::Message& message, ProblemList& problems) {
  Collector collector(file, problems);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  const bool parsed = parser.ParseFromString(std::string(text), &message);
  if (!parsed && problems.empty()) problems.Add({file, 0, 0, "is not a protobuf text file"});
  return problems.empty();
}

}  // namespace causeway::study
