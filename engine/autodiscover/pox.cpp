#include "autodiscover/pox.h"

#include <tinyxml2.h>

#include <cstddef>

#include "wbxml/utf8.h"

namespace handsync::autodiscover {
namespace {

constexpr Text kEasPath = "/Microsoft-Server-ActiveSync";
constexpr Text kBlanks = " \t\r\n";

char lower(char value) { return value >= 'A' && value <= 'Z' ? static_cast<char>(value - 'A' + 'a') : value; }

bool same_folded(Text a, Text lower_b) {
  if (a.size() != lower_b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower_b[i]) return false;
  }
  return true;
}

Text trimmed(Text value) {
  const std::size_t first = value.find_first_not_of(kBlanks);
  if (first == Text::npos) return {};
  return value.substr(first, value.find_last_not_of(kBlanks) - first + 1);
}

Text local_name(const tinyxml2::XMLElement& element) {
  const Text name = element.Name();
  const std::size_t colon = name.rfind(':');
  return colon == Text::npos ? name : name.substr(colon + 1);
}

const tinyxml2::XMLElement* find_child(const tinyxml2::XMLElement* parent, Text name) {
  if (parent == nullptr) return nullptr;
  for (const auto* child = parent->FirstChildElement(); child != nullptr; child = child->NextSiblingElement()) {
    if (local_name(*child) == name) return child;
  }
  return nullptr;
}

/// The first text that is not blank, past comments.
Text text_in(const tinyxml2::XMLElement* element) {
  if (element == nullptr) return {};
  for (const auto* child = element->FirstChild(); child != nullptr; child = child->NextSibling()) {
    if (child->ToText() == nullptr) continue;
    if (const Text text = trimmed(child->Value()); !text.empty()) return text;
  }
  return {};
}

Text child_text(const tinyxml2::XMLElement* parent, Text name) { return text_in(find_child(parent, name)); }

std::uint32_t number_of(Text digits) {
  std::uint32_t value = 0;
  for (char digit : digits.substr(0, 9)) {
    if (digit < '0' || digit > '9') return 0;
    value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return value;
}

/// https only; a missing path is the usual one; a query has no place in an endpoint.
Status take_url(Text text, FixedText<512>& url) {
  constexpr Text kScheme = "https://";
  if (text.size() <= kScheme.size() || !same_folded(text.substr(0, kScheme.size()), kScheme)) {
    return fault(Fault::kBadUrl);
  }
  text = text.substr(0, text.find_first_of("?#"));
  const std::size_t slash = text.find('/', kScheme.size());
  const bool bare = slash == Text::npos || slash + 1 == text.size();
  if (!bare) return url.assign(text) ? Status(Done{}) : Status(fault(Fault::kBadUrl));
  const Text host = text.substr(0, slash);
  char whole[512];
  if (host.size() + kEasPath.size() > sizeof whole) return fault(Fault::kBadUrl);
  std::size_t size = 0;
  for (char value : host) whole[size++] = value;
  for (char value : kEasPath) whole[size++] = value;
  return url.assign(Text(whole, size)) ? Status(Done{}) : Status(fault(Fault::kBadUrl));
}

/// The Server of Type MobileSync; failing that, one that does not say what it is.
Text mobile_url(const tinyxml2::XMLElement* settings) {
  Text untyped;
  for (const auto* server = settings->FirstChildElement(); server != nullptr; server = server->NextSiblingElement()) {
    if (local_name(*server) != "Server") continue;
    const Text type = child_text(server, "Type");
    Text url = child_text(server, "Url");
    if (url.empty()) url = child_text(server, "Name");
    if (url.empty()) continue;
    if (same_folded(type, "mobilesync")) return url;
    if (type.empty() && untyped.empty()) untyped = url;
  }
  return untyped;
}

Parsed error_of(const tinyxml2::XMLElement* error) {
  Parsed parsed;
  const Text code = child_text(error, "ErrorCode");
  parsed.error_code = number_of(code.empty() ? child_text(error, "Status") : code);
  return parsed;
}

Result<Parsed> interpret(const tinyxml2::XMLElement* root) {
  if (root == nullptr || local_name(*root) != "Autodiscover") return fault(Fault::kNotXml);
  const auto* response = find_child(root, "Response");
  if (response == nullptr) return fault(Fault::kNothing);
  const auto* action = find_child(response, "Action");

  if (const auto* settings = find_child(action, "Settings"); settings != nullptr) {
    if (const Text url = mobile_url(settings); !url.empty()) {
      Parsed parsed;
      parsed.answer = Answer::kSettings;
      HANDSYNC_TRY(take_url(url, parsed.url));
      const Text address = child_text(find_child(response, "User"), "EMailAddress");
      if (address.find('@') == Text::npos || !parsed.address.assign(address)) parsed.address.clear();
      return parsed;
    }
  }
  if (const Text address = child_text(action, "Redirect"); !address.empty()) {
    Parsed parsed;
    parsed.answer = Answer::kRedirectAddress;
    if (address.find('@') == Text::npos || !parsed.address.assign(address)) return fault(Fault::kBadAddress);
    return parsed;
  }
  if (const auto* error = find_child(action, "Error"); error != nullptr) return error_of(error);
  if (const auto* error = find_child(response, "Error"); error != nullptr) return error_of(error);
  return fault(Fault::kNothing);
}

}  // namespace

Result<std::size_t> write_request(Room room, Text email) {
  constexpr Text kHead =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
      "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006\">"
      "<Request><EMailAddress>";
  constexpr Text kTail =
      "</EMailAddress><AcceptableResponseSchema>"
      "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
      "</AcceptableResponseSchema></Request></Autodiscover>";
  if (!wbxml::is_utf8(email)) return fault(Fault::kBadAddress);
  std::size_t size = 0;
  const auto put = [&room, &size](Text text) {
    for (char value : text) {
      if (size < room.size()) room[size] = static_cast<std::byte>(value);
      ++size;
    }
  };
  put(kHead);
  for (const char& value : email) {
    if (static_cast<unsigned char>(value) < 0x20 || value == 0x7F) return fault(Fault::kBadAddress);
    switch (value) {
      case '&':
        put("&amp;");
        break;
      case '<':
        put("&lt;");
        break;
      case '>':
        put("&gt;");
        break;
      case '"':
        put("&quot;");
        break;
      default:
        put(Text(&value, 1));
        break;
    }
  }
  put(kTail);
  if (size > room.size()) return out_of_memory(size);
  return size;
}

namespace {

constexpr std::size_t aligned(std::size_t bytes) {
  constexpr std::size_t kStep = alignof(std::max_align_t);
  return (bytes + kStep - 1) / kStep * kStep;
}

/// tinyxml2's pools grow by blocks of about 4 KiB, and keep them in an array that doubles.
template <class Node>
std::size_t pool_bytes(std::size_t count) {
  constexpr std::size_t kInBlock = tinyxml2::MemPoolT<sizeof(Node)>::ITEMS_PER_BLOCK;
  const std::size_t blocks = (count + kInBlock - 1) / kInBlock;
  return blocks * (aligned(kInBlock * sizeof(Node)) + aligned(4 * sizeof(void*)));
}

}  // namespace

std::size_t tree_bytes_max(Text xml) {
  std::size_t marks = 0, ends = 0, others = 0, values = 0;
  for (std::size_t i = 0; i < xml.size(); ++i) {
    values += xml[i] == '=';
    if (xml[i] != '<') continue;
    const char next = i + 1 < xml.size() ? xml[i + 1] : '\0';
    ++marks;
    ends += next == '/';  // made as an element, and given back at once
    others += next == '!' || next == '?';
  }
  // Nodes not yet in their places are in one more array, as deep as the document; an error is put in words.
  constexpr std::size_t kUnlinked = 4 * (kAnswerDepthMax + 2) * sizeof(void*), kWords = 4 * 1024;
  return aligned(xml.size() + 1) + pool_bytes<tinyxml2::XMLElement>(marks - ends + 1) +
         pool_bytes<tinyxml2::XMLText>(marks + 1) + pool_bytes<tinyxml2::XMLAttribute>(values) +
         pool_bytes<tinyxml2::XMLComment>(others) + aligned(kUnlinked) + kWords;
}

Result<Parsed> parse(Text xml, Memory memory) {
  HANDSYNC_TRY(check(xml));
  Block reserve(memory);
  HANDSYNC_TRY(reserve.take(tree_bytes_max(xml)));
  struct Lent {
    Lent(Memory memory, Room room) : memory_(memory) {
      if (memory_.lend) memory_.lend(memory_.self, room);
    }
    ~Lent() {
      if (memory_.lend) memory_.lend(memory_.self, {});
    }
    Memory memory_;
  };
  if (!memory.lend) static_cast<void>(reserve.take(0));  // it is there, and operator new finds it
  const Lent lent(memory, reserve.room());
  tinyxml2::XMLDocument document;
  if (document.Parse(xml.data(), xml.size()) != tinyxml2::XML_SUCCESS) return fault(Fault::kNotXml);
  return interpret(document.RootElement());
}

}  // namespace handsync::autodiscover
