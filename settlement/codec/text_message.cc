#include "settlement/codec/text_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "settlement/codec/near_word.h"

namespace causeway::codec {
namespace {

namespace pb = google::protobuf;
using pb::io::Tokenizer;

// Bytes of names that a message lists; what follows is left out.
constexpr std::size_t kNamesBytesMax = 800;

// Keeps faults as the parser gives them: lines and columns from 0.
class FaultCollector : public pb::io::ErrorCollector {
 public:
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    faults_.push_back({line, column, message});
  }
  // Fields that do not exist come as warnings, so that all of them are said; none is acceptable.
  void AddWarning(int line, pb::io::ColumnNumber column, const std::string& message) override {
    AddError(line, column, message);
  }
  std::vector<TextFault> Take() { return std::move(faults_); }

 private:
  std::vector<TextFault> faults_;
};

class NoErrors : public pb::io::ErrorCollector {
 public:
  void AddError(int /*line*/, pb::io::ColumnNumber /*column*/,
                const std::string& /*message*/) override {}
};

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (text.size() + name.size() > kNamesBytesMax) return text + ", ...";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::string DidYouMean(std::size_t nearest, const std::vector<std::string>& names) {
  return nearest == names.size() ? "" : fmt::format(" (did you mean {}?)", names[nearest]);
}

std::string NoSuchField(const pb::Descriptor& type, const std::string& word) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return fmt::format("{} has no field '{}'{}; it has {}", type.name(), word,
                     DidYouMean(NearestWord(word, names), names), Listed(names));
}

// "QUEUE_RELEASE_" of all names that begin so.
std::string CommonBeginning(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string common = names.front();
  for (const std::string& name : names) {
    std::size_t same = 0;
    while (same < common.size() && same < name.size() && common[same] == name[same]) ++same;
    common.resize(same);
  }
  return common.substr(0, common.rfind('_') + 1);
}

std::string NoSuchValue(const pb::EnumDescriptor& type, const std::string& word) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string& name = type.value(i)->name();
    if (name.ends_with("_UNSPECIFIED")) continue;  // means what leaving the field out means
    names.push_back(name);
  }
  // The names of a type begin alike, and that beginning is what people leave out.
  const std::string common = CommonBeginning(names);
  std::vector<std::string> ends;
  for (const std::string& name : names) ends.push_back(name.substr(common.size()));
  std::size_t nearest = NearestWord(word, ends);
  if (nearest == names.size()) nearest = NearestWord(word, names);
  return fmt::format("'{}' is no {}{}; there are {}", word, type.name(), DidYouMean(nearest, names),
                     Listed(names));
}

// Goes through a text once more, and knows of every word in which field of which message it stands.
// Only for texts with faults, because it is a second pass.
class Locator {
 public:
  Locator(std::string_view text, const pb::Descriptor& root)
      : stream_(text.data(), static_cast<int>(text.size())), tokens_(&stream_, &ignored_) {
    // As TextFormat reads.
    tokens_.set_allow_f_after_float(true);
    tokens_.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
    tokens_.set_require_space_after_number(false);
    tokens_.set_allow_multiline_strings(true);
    levels_.emplace_back().type = &root;
    more_ = tokens_.Next();
  }

  // The parser tells the place behind the word that it cannot take: puts the word's place, and what
  // would be right, in its place. Faults that are none of a name stay as they are. Call in the
  // order of the text; lines and columns from 0.
  void Explain(TextFault& fault) {
    while (more_ && IsBefore(tokens_.current(), fault)) {
      Take(tokens_.current());
      more_ = tokens_.Next();
    }
    if (!last_ || levels_.empty() ||
        fault.message.find('"' + last_->text + '"') == fault.message.npos) {
      return;
    }
    const Level& level = levels_.back();
    std::optional<std::string> better;
    if (level.field == nullptr && level.type != nullptr &&
        fault.message.find(kNoField) != fault.message.npos) {
      better = Path(/*of_field=*/false) + NoSuchField(*level.type, last_->text);
    } else if (level.field != nullptr && level.field->enum_type() != nullptr &&
               fault.message.rfind(kNoValue, 0) == 0) {
      better = Path(/*of_field=*/true) + NoSuchValue(*level.field->enum_type(), last_->text);
    }
    if (!better) return;
    fault = {last_->line, last_->column, *std::move(better)};
  }

 private:
  // What the parser of protobuf 3 calls the two.
  static constexpr char kNoField[] = "has no field named \"";
  static constexpr char kNoValue[] = "Unknown enumeration value of \"";

  struct Level {
    const pb::Descriptor* type = nullptr;        // null in a field that does not exist
    const pb::FieldDescriptor* field = nullptr;  // the last that was named
    bool wants_value = false;                    // behind a field's name
    bool in_list = false;
    bool in_brackets = false;  // the name of an extension
    std::map<const pb::FieldDescriptor*, int> seen;
  };

  static bool IsBefore(const Tokenizer::Token& token, const TextFault& fault) {
    return std::pair(token.line, token.column) < std::pair(fault.line, fault.column);
  }

  void Take(const Tokenizer::Token& token) {
    last_ = token;
    if (levels_.empty()) return;
    Level& level = levels_.back();
    if (level.in_brackets) {
      if (token.text == "]") level.in_brackets = false;
    } else if (token.text == "}" || token.text == ">") {
      levels_.pop_back();
      if (!levels_.empty()) EndValue(levels_.back());
    } else if (level.wants_value) {
      TakeValue(level, token.text, token.type);
    } else if (token.text == "[") {
      level.field = nullptr;
      level.wants_value = level.in_brackets = true;
    } else if (token.type == Tokenizer::TYPE_IDENTIFIER) {
      level.field = level.type == nullptr ? nullptr : level.type->FindFieldByName(token.text);
      if (level.field != nullptr) ++level.seen[level.field];
      level.wants_value = true;
    }
  }

  void TakeValue(Level& level, const std::string& text, Tokenizer::TokenType type) {
    if (text == "{" || text == "<") {
      Level inner;
      inner.type = level.field == nullptr ? nullptr : level.field->message_type();
      levels_.push_back(std::move(inner));
    } else if (text == "[") {
      level.in_list = true;
    } else if (text == "]") {
      level.in_list = level.wants_value = false;
    } else if (text == ",") {
      if (level.field != nullptr) ++level.seen[level.field];
    } else if (type != Tokenizer::TYPE_SYMBOL) {
      EndValue(level);
    }
  }

  static void EndValue(Level& level) { level.wants_value = level.in_list; }

  // "ledgers[0].queue: ", or "ledgers[0].queue.release: " with the field of the innermost message;
  // nothing for the whole text.
  std::string Path(bool of_field) const {
    std::string path;
    for (std::size_t i = 0; i + (of_field ? 0 : 1) < levels_.size(); ++i) {
      const pb::FieldDescriptor* field = levels_[i].field;
      if (field == nullptr) continue;
      path += (path.empty() ? "" : ".") + field->name();
      if (field->is_repeated()) path += fmt::format("[{}]", levels_[i].seen.at(field) - 1);
    }
    return path.empty() ? path : path + ": ";
  }

  pb::io::ArrayInputStream stream_;
  NoErrors ignored_;
  Tokenizer tokens_;
  bool more_ = false;
  std::vector<Level> levels_;
  std::optional<Tokenizer::Token> last_;
};

}  // namespace

std::vector<TextFault> ReadText(std::string_view text, pb::Message& message,
                                pb::TextFormat::ParseInfoTree* places) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return {{0, 0, fmt::format("has {} bytes, which are too many", text.size())}};
  }
  FaultCollector collector;
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.AllowUnknownField(true);
  if (places != nullptr) parser.WriteLocationsTo(places);
  const bool parsed = parser.ParseFromString(std::string(text), &message);
  std::vector<TextFault> faults = collector.Take();
  if (!faults.empty()) {
    Locator locator(text, *message.GetDescriptor());
    for (TextFault& fault : faults) {
      if (fault.line >= 0) locator.Explain(fault);
      fault.line += 1;
      fault.column = fault.line == 0 ? 0 : fault.column + 1;
    }
  } else if (!parsed) {
    faults.push_back({0, 0, "is no protobuf text"});
  }
  return faults;
}

absl::Status ReadTextMessage(std::string_view text, pb::Message& message) {
  const std::vector<TextFault> faults = ReadText(text, message);
  if (faults.empty()) return absl::OkStatus();
  const TextFault& first = faults.front();
  return absl::InvalidArgumentError(
      first.line == 0 ? first.message
                      : fmt::format("{}:{}: {}", first.line, first.column, first.message));
}

}  // namespace causeway::codec
