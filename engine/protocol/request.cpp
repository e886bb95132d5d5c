#include "protocol/request.h"

namespace handsync::protocol {
namespace {

constexpr Error fault(RequestFault code) { return Error{Domain::kEngine, static_cast<std::int32_t>(code), 0}; }

/// Fills fixed room; what does not fit is remembered, never written in part beyond it.
class Appender {
 public:
  explicit Appender(std::span<char> room) : room_(room) {}
  Appender& put(char value) {
    if (size_ < room_.size()) {
      room_[size_++] = value;
    } else {
      full_ = true;
    }
    return *this;
  }
  Appender& put(Text text) {
    for (char value : text) put(value);
    return *this;
  }
  Appender& put_number(std::uint64_t value) {
    char digits[20];
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count > 0) put(digits[--count]);
    return *this;
  }
  /// RFC 3986: everything but unreserved characters is encoded.
  Appender& put_encoded(Text text) {
    constexpr Text kHex = "0123456789ABCDEF";
    for (char value : text) {
      const auto byte = static_cast<unsigned char>(value);
      const bool unreserved = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                              (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
      if (unreserved) {
        put(value);
      } else {
        put('%').put(kHex[byte >> 4]).put(kHex[byte & 15]);
      }
    }
    return *this;
  }
  bool full() const { return full_; }
  std::size_t size() const { return size_; }

 private:
  std::span<char> room_;
  std::size_t size_ = 0;
  bool full_ = false;
};

/// Base64 as the bytes come, so that a password needs no second copy.
class Base64 {
 public:
  explicit Base64(Appender& out) : out_(out) {}
  void put(std::uint8_t byte) {
    bits_ = bits_ << 8 | byte;
    if (++count_ == 3) flush();
  }
  void put(Text text) {
    for (char value : text) put(static_cast<std::uint8_t>(value));
  }
  void finish() {
    if (count_ != 0) flush();
  }

 private:
  void flush() {
    constexpr Text kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::uint32_t word = bits_ << 8 * (3 - count_);
    for (int i = 0; i < 4; ++i) out_.put(i <= count_ ? kAlphabet[word >> (18 - 6 * i) & 63] : '=');
    bits_ = 0;
    count_ = 0;
  }
  Appender& out_;
  std::uint32_t bits_ = 0;
  int count_ = 0;
};

bool has_control(Text text) {
  for (char value : text) {
    const auto byte = static_cast<unsigned char>(value);
    if (byte < 0x20 || byte == 0x7F) return true;
  }
  return false;
}

/// Letters and digits only: the grammar of device ids, and the one choice of device types no server stumbles over.
bool is_plain_word(Text text, std::size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) return false;
  for (char value : text) {
    const bool plain =
        (value >= 'A' && value <= 'Z') || (value >= 'a' && value <= 'z') || (value >= '0' && value <= '9');
    if (!plain) return false;
  }
  return true;
}

bool is_path(Text path) {
  if (path.empty() || path[0] != '/') return false;
  for (char value : path) {
    if (value <= ' ' || value > '~' || value == '?' || value == '#') return false;
  }
  return true;
}

bool sends_mime(Command command) {
  return command == Command::kSendMail || command == Command::kSmartForward || command == Command::kSmartReply;
}

char lower(char value) { return value >= 'A' && value <= 'Z' ? static_cast<char>(value - 'A' + 'a') : value; }

bool same_name(Text a, Text b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool known(Version version) {
  for (Version one : kVersions) {
    if (one == version) return true;
  }
  return false;
}

void put_binary_query(Appender& out, Command command, const Partner& partner, const Parameters& parameters) {
  Base64 base64(out);
  base64.put(static_cast<std::uint8_t>(partner.version));
  base64.put(static_cast<std::uint8_t>(command));
  base64.put(0x09);  // en-US, little-endian
  base64.put(0x04);
  base64.put(static_cast<std::uint8_t>(partner.device_id.size()));
  base64.put(partner.device_id);
  const bool has_key = partner.has_policy_key && command != Command::kPing;
  base64.put(has_key ? std::uint8_t{4} : std::uint8_t{0});
  for (unsigned shift = 0; has_key && shift < 32; shift += 8) {
    base64.put(static_cast<std::uint8_t>(partner.policy_key >> shift & 0xFF));
  }
  base64.put(static_cast<std::uint8_t>(partner.device_type.size()));
  base64.put(partner.device_type);
  const auto put_text = [&](std::uint8_t tag, Text value) {
    if (value.empty()) return;
    base64.put(tag);
    base64.put(static_cast<std::uint8_t>(value.size()));
    base64.put(value);
  };
  put_text(0, parameters.attachment_name);
  put_text(1, parameters.collection_id);
  put_text(3, parameters.item_id);
  const unsigned options = (parameters.save_in_sent ? 1U : 0U) | (parameters.accept_multipart ? 2U : 0U);
  if (options != 0) {
    base64.put(7);
    base64.put(1);
    base64.put(static_cast<std::uint8_t>(options));
  }
  base64.finish();
}

void put_plain_query(Appender& out, Command command, const Partner& partner, const Parameters& parameters) {
  out.put("Cmd=").put(command_name(command)).put("&User=").put_encoded(partner.user);
  out.put("&DeviceId=").put(partner.device_id).put("&DeviceType=").put(partner.device_type);
  if (!parameters.attachment_name.empty()) out.put("&AttachmentName=").put_encoded(parameters.attachment_name);
  if (!parameters.collection_id.empty()) out.put("&CollectionId=").put_encoded(parameters.collection_id);
  if (!parameters.item_id.empty()) out.put("&ItemId=").put_encoded(parameters.item_id);
  if (parameters.save_in_sent) out.put("&SaveInSent=T");
}

}  // namespace

Text version_text(Version version) {
  switch (version) {
    case 25:
      return "2.5";
    case 120:
      return "12.0";
    case 121:
      return "12.1";
    case 140:
      return "14.0";
    case 141:
      return "14.1";
    case 160:
      return "16.0";
    case 161:
      return "16.1";
    default:
      return {};
  }
}

Version highest_common(Text versions_header) {
  for (Version version : kVersions) {
    const Text wanted = version_text(version);
    Text rest = versions_header;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      Text one = rest.substr(0, comma);
      rest = comma == Text::npos ? Text{} : rest.substr(comma + 1);
      while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
      while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
      if (one == wanted) return version;
    }
  }
  return 0;
}

Status RequestHead::add_header(Text name, Text value) {
  if (has_control(value)) return fault(RequestFault::kControlCharacter);
  if (header_count_ == kHeadersMax || value.size() > sizeof(values_) - values_size_) {
    return fault(RequestFault::kTooLong);
  }
  char* const copy = values_ + values_size_;
  for (std::size_t i = 0; i < value.size(); ++i) copy[i] = value[i];
  values_size_ += value.size();
  headers_[header_count_++] = Header{name, Text(copy, value.size())};
  return Done{};
}

Status RequestHead::add_common(const Partner& partner) {
  target_size_ = values_size_ = header_count_ = 0;
  if (!is_path(partner.path)) return fault(RequestFault::kBadPath);
  if (!partner.authorization.empty()) HANDSYNC_TRY(add_header("Authorization", partner.authorization));
  if (!partner.user_agent.empty()) HANDSYNC_TRY(add_header("User-Agent", partner.user_agent));
  return Done{};
}

Status RequestHead::build(Command command, const Partner& partner, const Parameters& asked, bool has_body) {
  HANDSYNC_TRY(add_common(partner));
  if (!is_plain_word(partner.device_id, 32)) return fault(RequestFault::kBadDeviceId);
  if (!is_plain_word(partner.device_type, 32)) return fault(RequestFault::kBadDeviceType);
  if (!known(partner.version)) return fault(RequestFault::kBadVersion);
  const bool texts_sound = !has_control(partner.user) && !has_control(asked.attachment_name) &&
                           !has_control(asked.collection_id) && !has_control(asked.item_id);
  if (!texts_sound) return fault(RequestFault::kControlCharacter);
  if (asked.attachment_name.size() > 255 || asked.collection_id.size() > 64 || asked.item_id.size() > 64) {
    return fault(RequestFault::kTooLong);
  }

  Parameters parameters;
  if (command == Command::kGetAttachment) parameters.attachment_name = asked.attachment_name;
  if (sends_mime(command) && command != Command::kSendMail && profile::below(partner.version, 140)) {
    parameters.collection_id = asked.collection_id;
    parameters.item_id = asked.item_id;
  }
  parameters.save_in_sent = asked.save_in_sent && sends_mime(command) && profile::below(partner.version, 140);
  parameters.accept_multipart = asked.accept_multipart && command == Command::kItemOperations;

  const bool plain = partner.form == QueryForm::kPlain || profile::below(partner.version, 121);
  Appender target(target_);
  target.put(partner.path).put('?');
  if (plain) {
    put_plain_query(target, command, partner, parameters);
  } else {
    put_binary_query(target, command, partner, parameters);
  }
  if (target.full()) return fault(RequestFault::kTooLong);
  target_size_ = target.size();

  if (plain) {
    HANDSYNC_TRY(add_header("MS-ASProtocolVersion", version_text(partner.version)));
    if (partner.has_policy_key && command != Command::kPing) {
      char digits[10];
      Appender number(digits);
      number.put_number(partner.policy_key);
      HANDSYNC_TRY(add_header("X-MS-PolicyKey", Text(digits, number.size())));
    }
    if (parameters.accept_multipart) HANDSYNC_TRY(add_header("MS-ASAcceptMultiPart", "T"));
  }
  if (has_body) {
    const bool mime = sends_mime(command) && profile::below(partner.version, 140);
    HANDSYNC_TRY(add_header("Content-Type", mime ? Text("message/rfc822") : Text("application/vnd.ms-sync.wbxml")));
  }
  return Done{};
}

Status RequestHead::build_options(const Partner& partner) {
  HANDSYNC_TRY(add_common(partner));
  Appender target(target_);
  target.put(partner.path);
  if (target.full()) return fault(RequestFault::kTooLong);
  target_size_ = target.size();
  return Done{};
}

Result<Text> basic_authorization(Text user, Bytes password, Room room) {
  // RFC 7617: the first colon ends the name, so a name cannot hold one.
  if (has_control(user) || user.find(':') != Text::npos) return fault(RequestFault::kControlCharacter);
  const std::size_t bytes = user.size() + 1 + password.size();
  const std::size_t needed = 6 + (bytes + 2) / 3 * 4;
  if (room.size() < needed) return out_of_memory(needed);
  Appender out(std::span(reinterpret_cast<char*>(room.data()), room.size()));
  out.put("Basic ");
  Base64 base64(out);
  base64.put(user);
  base64.put(std::uint8_t{':'});
  base64.put(text_of(password));
  base64.finish();
  return Text(reinterpret_cast<const char*>(room.data()), out.size());
}

Text find_header(std::span<const Header> headers, Text name) {
  for (const Header& header : headers) {
    if (same_name(header.name, name)) return header.value;
  }
  return {};
}

}  // namespace handsync::protocol
