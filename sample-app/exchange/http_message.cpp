#include "exchange/http_message.h"

#include <array>

#include "exchange/text.h"

namespace exchange {
namespace {

constexpr std::array<std::string_view, 24> kCommands = {"Sync",
                                                        "SendMail",
                                                        "SmartForward",
                                                        "SmartReply",
                                                        "GetAttachment",
                                                        "",
                                                        "",
                                                        "",
                                                        "",
                                                        "FolderSync",
                                                        "FolderCreate",
                                                        "FolderDelete",
                                                        "FolderUpdate",
                                                        "MoveItems",
                                                        "GetItemEstimate",
                                                        "MeetingResponse",
                                                        "Search",
                                                        "Settings",
                                                        "Ping",
                                                        "ItemOperations",
                                                        "Provision",
                                                        "ResolveRecipients",
                                                        "ValidateCert",
                                                        "Find"};

std::optional<Query> parse_plain(std::string_view text) {
  Query query;
  for (const std::string& part : split(text, '&')) {
    const std::size_t equals = part.find('=');
    const std::string name = to_lower(std::string_view(part).substr(0, equals));
    const std::string value =
        equals == std::string::npos ? "" : from_percent(std::string_view(part).substr(equals + 1));
    if (name == "cmd") query.command = value;
    if (name == "user") query.user = value;
    if (name == "deviceid") query.device_id = value;
    if (name == "devicetype") query.device_type = value;
    if (name == "collectionid") query.collection_id = value;
    if (name == "itemid") query.item_id = value;
    if (name == "longid") query.long_id = value;
    if (name == "attachmentname") query.attachment_name = value;
    if (name == "saveinsent") query.save_in_sent = value == "T";
  }
  if (query.command.empty()) return std::nullopt;
  return query;
}

// Takes a run of bytes off the front of what is left; remembers when there were too few.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  std::string_view take(std::size_t size) {
    if (rest_.size() < size) {
      ok_ = false;
      size = rest_.size();
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  unsigned byte() {
    const std::string_view one = take(1);
    return one.empty() ? 0 : static_cast<unsigned char>(one[0]);
  }
  bool more() const { return ok_ && !rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<Query> parse_binary(std::string_view text) {
  const std::optional<std::string> bytes = from_base64(from_percent(text));
  if (!bytes) return std::nullopt;
  Cursor cursor(*bytes);
  Query query;
  query.binary = true;
  const unsigned version = cursor.byte();
  query.version = std::to_string(version / 10) + "." + std::to_string(version % 10);
  const unsigned command = cursor.byte();
  if (command < kCommands.size()) query.command = kCommands[command];
  cursor.take(2);  // the locale
  query.device_id = cursor.take(cursor.byte());
  const unsigned key_bytes = cursor.byte();
  if (key_bytes == 4) {
    const std::string_view key = cursor.take(4);
    std::uint32_t value = 0;
    for (std::size_t i = key.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(key[i]);
    query.policy_key = value;
  } else if (key_bytes != 0) {
    return std::nullopt;
  }
  query.device_type = cursor.take(cursor.byte());
  while (cursor.more()) {
    const unsigned tag = cursor.byte();
    const std::string value(cursor.take(cursor.byte()));
    if (tag == 0) query.attachment_name = value;
    if (tag == 1) query.collection_id = value;
    if (tag == 3) query.item_id = value;
    if (tag == 4) query.long_id = value;
    if (tag == 7 && value.size() == 1) {
      query.save_in_sent = (value[0] & 1) != 0;
      query.accept_multipart = (value[0] & 2) != 0;
    }
    if (tag == 8) query.user = value;
  }
  if (!cursor.ok() || query.command.empty()) return std::nullopt;
  return query;
}

}  // namespace

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const auto& [header, value] : headers) {
    if (same_without_case(header, name)) return &value;
  }
  return nullptr;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Payload Too Large";
    case 429:
      return "Too Many Requests";
    case 449:
      return "Retry after sending a PROVISION command";
    case 451:
      return "Redirect";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

std::optional<Query> parse_query(std::string_view query) {
  if (to_lower(query).find("cmd=") != std::string::npos) return parse_plain(query);
  return parse_binary(query);
}

}  // namespace exchange
