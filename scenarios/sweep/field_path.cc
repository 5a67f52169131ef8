#include "scenarios/sweep/field_path.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string>

#include "fmt/format.h"

namespace causeway::sim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// "generators[0]" or "generators[*]" or "name".
struct Step {
  std::string name;
  bool indexed = false;
  std::optional<int> index;  // none with `indexed`: all
};

std::optional<Step> ParseStep(std::string_view text) {
  Step step;
  const std::size_t bracket = text.find('[');
  step.name = std::string(text.substr(0, bracket));
  if (step.name.empty()) return std::nullopt;
  if (bracket == std::string_view::npos) return step;
  if (text.back() != ']') return std::nullopt;
  step.indexed = true;
  const std::string_view inside = text.substr(bracket + 1, text.size() - bracket - 2);
  if (inside == "*") return step;
  int index = 0;
  const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  if (error != std::errc() || end != inside.data() + inside.size() || index < 0) {
    return std::nullopt;
  }
  step.index = index;
  return step;
}

std::string FieldNames(const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) {
    names += (names.empty() ? "" : ", ") + type.field(i)->name();
  }
  return names;
}

// What a value of the field looks like.
std::string Expected(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_UINT32:
      return "a whole number from 0 to 4294967295";
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number from 0 to 18446744073709551615";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM: {
      std::string names;
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        names += (i == 0 ? "" : ", ") + field.enum_type()->value(i)->name();
      }
      return "one of " + names;
    }
    default:
      return "a number";
  }
}

// A setting under way: knows the whole path for its errors.
class Setter {
 public:
  Setter(std::string_view path, std::string_view value) : path_(path), value_(value) {}

  absl::Status SetAll(Message& message) {
    absl::Status set = Set(message, path_);
    if (!set.ok() || set_ > 0) return set;
    return Wrong("the file has no such field");
  }

 private:
  absl::Status Set(Message& message, std::string_view rest) {
    const std::size_t dot = rest.find('.');
    const std::optional<Step> step = ParseStep(rest.substr(0, dot));
    if (!step) {
      return Wrong(
          fmt::format("'{}' is no field: write name, name[0] or name[*]", rest.substr(0, dot)));
    }
    const Descriptor& type = *message.GetDescriptor();
    const FieldDescriptor* field = type.FindFieldByName(step->name);
    if (field == nullptr) {
      return Wrong(fmt::format("{} has no field '{}'; it has {}", type.name(), step->name,
                               FieldNames(type)));
    }
    const bool last = dot == std::string_view::npos;
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (last && is_message) {
      return Wrong(fmt::format(
          "'{}' is a {}, which has no value of its own; name one of its "
          "fields: {}",
          step->name, field->message_type()->name(), FieldNames(*field->message_type())));
    }
    if (!last && !is_message) {
      return Wrong(fmt::format("'{}' has no fields, so '{}' cannot follow", step->name,
                               rest.substr(dot + 1)));
    }
    if (field->is_repeated()) {
      return SetRepeated(message, *field, *step, last ? "" : rest.substr(dot + 1));
    }
    if (step->indexed) {
      return Wrong(fmt::format("'{}' is a single field: leave out the index", step->name));
    }
    if (last) return SetValue(message, *field, -1);
    if (!message.GetReflection()->HasField(message, field)) {
      return Missing(step->name);
    }
    return Set(*message.GetReflection()->MutableMessage(&message, field), rest.substr(dot + 1));
  }

  absl::Status Wrong(std::string_view what) const {
    return absl::InvalidArgumentError(fmt::format("{}: {}", path_, what));
  }

  // Of all elements of a field, those that have what follows are set.
  absl::Status Missing(const std::string& name) const {
    if (in_all_) return absl::OkStatus();
    return Wrong(fmt::format("the file has no '{}'", name));
  }

  // `rest` is what follows the field in the path; empty for a field of values.
  absl::Status SetRepeated(Message& message, const FieldDescriptor& field, const Step& step,
                           std::string_view rest) {
    const int size = message.GetReflection()->FieldSize(message, &field);
    if (!step.indexed) {
      return Wrong(fmt::format("there may be many '{0}': name one, such as {0}[0], or all, {0}[*]",
                               step.name));
    }
    if (size == 0) return Missing(step.name);
    if (step.index && *step.index >= size) {
      return Wrong(fmt::format("the file has {} '{}', so the last is {}[{}]", size, step.name,
                               step.name, size - 1));
    }
    in_all_ = in_all_ || !step.index;
    for (int i = 0; i < size; ++i) {
      if (step.index && *step.index != i) continue;
      absl::Status set =
          rest.empty()
              ? SetValue(message, field, i)
              : Set(*message.GetReflection()->MutableRepeatedMessage(&message, &field, i), rest);
      if (!set.ok()) return set;
    }
    return absl::OkStatus();
  }

  // Parsed by the text format itself, so that a value means here what it means in a file.
  absl::Status SetValue(Message& message, const FieldDescriptor& field, int index) {
    const auto* reflection = message.GetReflection();
    set_ += 1;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      if (index >= 0) {
        reflection->SetRepeatedString(&message, &field, index, std::string(value_));
      } else {
        reflection->SetString(&message, &field, std::string(value_));
      }
      return absl::OkStatus();
    }
    class Silent : public google::protobuf::io::ErrorCollector {
      void AddError(int /*line*/, google::protobuf::io::ColumnNumber /*column*/,
                    const std::string& /*message*/) override {}
    } silent;
    google::protobuf::TextFormat::Parser parser;
    parser.RecordErrorsTo(&silent);
    const std::unique_ptr<Message> parsed(message.New());
    const bool plain = value_.find_first_of(" \t\n#:{}<>;") == std::string_view::npos;
    if (!plain || value_.empty() ||
        !parser.ParseFromString(fmt::format("{}: {}", field.name(), value_), parsed.get())) {
      return Wrong(fmt::format("'{}' is not {}", value_, Expected(field)));
    }
    if (index < 0) {
      // A value that is the default leaves nothing to merge.
      reflection->ClearField(&message, &field);
      message.MergeFrom(*parsed);
      return absl::OkStatus();
    }
    return SetElement(message, field, index, *parsed);
  }

  // The one element that `parsed` has becomes the element `index`.
  absl::Status SetElement(Message& message, const FieldDescriptor& field, int index,
                          const Message& parsed) const {
    const auto* reflection = message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetRepeatedUInt32(&message, &field, index,
                                      reflection->GetRepeatedUInt32(parsed, &field, 0));
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection->SetRepeatedUInt64(&message, &field, index,
                                      reflection->GetRepeatedUInt64(parsed, &field, 0));
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetRepeatedEnumValue(&message, &field, index,
                                         reflection->GetRepeatedEnumValue(parsed, &field, 0));
        return absl::OkStatus();
      default:
        return Wrong(fmt::format("elements of '{}' cannot be swept", field.name()));
    }
  }

  std::string path_;
  std::string_view value_;
  bool in_all_ = false;
  int set_ = 0;
};

}  // namespace

absl::Status SetField(Message& message, std::string_view path, std::string_view value) {
  return Setter(path, value).SetAll(message);
}

}  // namespace causeway::sim
