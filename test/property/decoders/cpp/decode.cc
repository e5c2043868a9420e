// Decodes frames with libprotobuf, generated code. See ../README.md.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "signalbox/v1/frame.pb.h"

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

static std::string Dump(const Message& message);

static std::string Hex(const std::string& bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out = "x";
  for (unsigned char byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// One value of a field: element `index` of a list, or -1 for a singular field.
static std::string Value(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* reflection = message.GetReflection();
  const bool list = index >= 0;
  switch (field->cpp_type()) {
#define NUMBER(TYPE, NAME)   \
  case FieldDescriptor::TYPE: \
    return std::to_string(list ? reflection->GetRepeated##NAME(message, field, index) : reflection->Get##NAME(message, field))
    NUMBER(CPPTYPE_INT32, Int32);
    NUMBER(CPPTYPE_UINT32, UInt32);
    NUMBER(CPPTYPE_INT64, Int64);
    NUMBER(CPPTYPE_UINT64, UInt64);
    NUMBER(CPPTYPE_BOOL, Bool);
    NUMBER(CPPTYPE_ENUM, EnumValue);
#undef NUMBER
    case FieldDescriptor::CPPTYPE_STRING:
      return Hex(list ? reflection->GetRepeatedString(message, field, index) : reflection->GetString(message, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Dump(list ? reflection->GetRepeatedMessage(message, field, index) : reflection->GetMessage(message, field));
    default:
      return "?";
  }
}

static void DumpMap(const Message& message, const FieldDescriptor* field, std::string* out) {
  const Reflection* reflection = message.GetReflection();
  const auto* key = field->message_type()->map_key();
  const auto* value = field->message_type()->map_value();
  std::vector<std::pair<std::string, std::string>> entries;
  for (int index = 0; index < reflection->FieldSize(message, field); ++index) {
    const Message& entry = reflection->GetRepeatedMessage(message, field, index);
    entries.emplace_back(Value(entry, key, -1), Value(entry, value, -1));
  }
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    *out += std::to_string(field->number()) + ":{1:" + entry.first + ";2:" + entry.second + ";};";
  }
}

static std::string Dump(const Message& message) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  std::string out = "{";
  for (const FieldDescriptor* field : fields) {
    const std::string prefix = std::to_string(field->number()) + ":";
    if (field->is_map()) {
      DumpMap(message, field, &out);
    } else if (field->is_repeated()) {
      for (int index = 0; index < reflection->FieldSize(message, field); ++index) out += prefix + Value(message, field, index) + ";";
    } else {
      out += prefix + Value(message, field, -1) + ";";
    }
  }
  return out + "}";
}

static bool Answer(int kind, const std::string& data, std::string* answer) {
  signalbox::v1::ClientFrame client;
  signalbox::v1::ServerFrame server;
  Message* message = (kind & 1) == 1 ? static_cast<Message*>(&server) : &client;
  if (!message->ParseFromString(data)) return false;
  *answer = kind >= 2 ? message->SerializeAsString() : Dump(*message);
  return true;
}

int main() {
  google::protobuf::SetLogHandler(nullptr);
  unsigned char header[5];
  while (std::fread(header, 1, 5, stdin) == 5) {
    uint32_t length = header[1] | header[2] << 8 | header[3] << 16 | static_cast<uint32_t>(header[4]) << 24;
    std::string data(length, '\0');
    if (std::fread(&data[0], 1, length, stdin) != length) return 1;
    std::string answer;
    uint32_t size = Answer(header[0], data, &answer) ? static_cast<uint32_t>(answer.size()) : 0xffffffffu;
    for (int shift = 0; shift < 32; shift += 8) std::fputc(static_cast<int>(size >> shift & 0xff), stdout);
    std::fwrite(answer.data(), 1, answer.size(), stdout);
    std::fflush(stdout);
  }
  return 0;
}
