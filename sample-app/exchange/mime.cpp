#include "exchange/mime.h"

#include "exchange/mail_generator.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace em = wbxml::email;

std::string to_utf8(std::string_view bytes, std::string_view charset) {
  if (same_without_case(charset, "iso-8859-1") || same_without_case(charset, "windows-1252")) {
    std::string out;
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        out += c;
      } else {
        out += static_cast<char>(0xC0 | byte >> 6);
        out += static_cast<char>(0x80 | (byte & 0x3F));
      }
    }
    return out;
  }
  return repair_utf8(bytes);
}

// RFC 2047: =?charset?B/Q?text?=, white space between two of them is dropped.
std::string decode_words(std::string_view value) {
  std::string out;
  std::size_t at = 0;
  bool after_word = false;
  while (at < value.size()) {
    const std::size_t begin = value.find("=?", at);
    const std::size_t charset_end = begin == std::string_view::npos ? begin : value.find('?', begin + 2);
    const std::size_t end = charset_end == std::string_view::npos ? charset_end : value.find("?=", charset_end + 3);
    if (end == std::string_view::npos || charset_end + 2 >= value.size() || value[charset_end + 2] != '?') break;
    const std::string_view between = value.substr(at, begin - at);
    if (!after_word || !trim(between).empty()) out += between;
    const std::string_view text = value.substr(charset_end + 3, end - charset_end - 3);
    const bool base64 = value[charset_end + 1] == 'B' || value[charset_end + 1] == 'b';
    const std::string bytes =
        base64 ? from_base64(text).value_or(std::string(text)) : from_quoted_printable(text, true);
    out += to_utf8(bytes, value.substr(begin + 2, charset_end - begin - 2));
    at = end + 2;
    after_word = true;
  }
  out += value.substr(at);
  return repair_utf8(out);
}

struct Part {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
  std::string header(std::string_view name) const {
    for (const auto& [header, value] : headers) {
      if (same_without_case(header, name)) return value;
    }
    return {};
  }
};

Part split_part(std::string_view message) {
  Part part;
  while (!message.empty()) {
    const std::size_t end = message.find('\n');
    std::string_view line = message.substr(0, end);
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if ((line[0] == ' ' || line[0] == '\t') && !part.headers.empty()) {
      part.headers.back().second += " " + std::string(trim(line));
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    part.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  part.body = message;
  return part;
}

std::string parameter(const std::string& header, const std::string& name) {
  const std::string lower = to_lower(header);
  std::size_t at = lower.find(name + "=");
  if (at == std::string::npos) return {};
  at += name.size() + 1;
  if (at < header.size() && header[at] == '"') return header.substr(at + 1, header.find('"', at + 1) - at - 1);
  return std::string(trim(header.substr(at, header.find(';', at) - at)));
}

/// As parameter(), and RFC 2231's pieces: name*, name*0*, name*1 ...
std::string long_parameter(const std::string& header, const std::string& name) {
  if (const std::string plain = parameter(header, name); !plain.empty()) return decode_words(plain);
  const auto decoded = [](std::string value, bool first) {
    if (first && value.find('\'') != std::string::npos)
      value = value.substr(value.find('\'', value.find('\'') + 1) + 1);
    return from_percent(value);
  };
  if (const std::string one = parameter(header, name + "*"); !one.empty()) return decoded(one, true);
  std::string whole;
  for (int i = 0;; ++i) {
    const std::string numbered = name + "*" + std::to_string(i);
    if (const std::string piece = parameter(header, numbered + "*"); !piece.empty()) {
      whole += decoded(piece, i == 0);
    } else if (const std::string literal = parameter(header, numbered); !literal.empty()) {
      whole += literal;
    } else {
      return whole;
    }
  }
}

std::string decoded_body(const Part& part) {
  const std::string encoding = to_lower(part.header("Content-Transfer-Encoding"));
  if (encoding == "base64") return from_base64(part.body).value_or(std::string(part.body));
  if (encoding == "quoted-printable") return from_quoted_printable(part.body, false);
  return std::string(part.body);
}

void take_part(const Part& part, ParsedMail& mail, int depth) {
  const std::string type = part.header("Content-Type");
  const std::string lower = to_lower(type);
  const std::string boundary = parameter(type, "boundary");
  if (lower.starts_with("multipart/") && !boundary.empty() && depth < 8) {
    std::string_view rest = part.body;
    const std::string mark = "--" + boundary;
    std::size_t begin = rest.find(mark);
    while (begin != std::string_view::npos) {
      rest.remove_prefix(begin + mark.size());
      if (rest.starts_with("--")) break;
      const std::size_t line = rest.find('\n');
      if (line == std::string_view::npos) break;
      rest.remove_prefix(line + 1);
      begin = rest.find(mark);
      std::string_view inner = rest.substr(0, begin);
      if (inner.ends_with('\n')) inner.remove_suffix(1);
      if (inner.ends_with('\r')) inner.remove_suffix(1);
      take_part(split_part(inner), mail, depth + 1);
    }
    return;
  }
  const std::string disposition = part.header("Content-Disposition");
  const bool is_text = lower.empty() || lower.starts_with("text/plain") || lower.starts_with("text/html");
  if (is_text && !to_lower(disposition).starts_with("attachment")) {
    const int body_type = lower.starts_with("text/html") ? 2 : 1;
    if (mail.body.empty() || body_type > mail.body_type) {
      mail.body_type = body_type;
      mail.body = to_utf8(decoded_body(part), parameter(type, "charset"));
    }
    return;
  }
  Attachment attachment;
  attachment.name = long_parameter(disposition, "filename");
  if (attachment.name.empty()) attachment.name = long_parameter(type, "name");
  if (attachment.name.empty()) attachment.name = "attachment";
  attachment.content_type = type.substr(0, type.find(';'));
  attachment.content.data = decoded_body(part);
  mail.attachments.push_back(std::move(attachment));
}

std::string encoded_header(const std::string& name, std::string_view value) {
  if (value.empty()) return {};
  bool ascii = true;
  for (const char c : value) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  if (ascii) return name + ": " + std::string(value) + "\r\n";
  std::string out = name + ":";
  while (!value.empty()) {
    const std::string_view piece = utf8_prefix(value, 42);
    out += " =?utf-8?B?" + to_base64(piece) + "?=";
    value.remove_prefix(piece.size());
    if (!value.empty()) out += "\r\n";
  }
  return out + "\r\n";
}

// The name of an address list is encoded, its address is not.
std::string encoded_mailbox(const std::string& name, std::string_view value) {
  const std::size_t open = value.rfind('<');
  if (open == std::string_view::npos || value.find(',') != std::string_view::npos) return encoded_header(name, value);
  std::string header = encoded_header(name, trim(value.substr(0, open)));
  if (header.empty()) return name + ": " + std::string(value) + "\r\n";
  header.resize(header.size() - 2);
  return header + " " + std::string(value.substr(open)) + "\r\n";
}

std::string base64_lines(std::string_view bytes) {
  const std::string text = to_base64(bytes);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 76) out += text.substr(i, 76) + "\r\n";
  return out;
}

}  // namespace

std::string ParsedMail::header(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (same_without_case(header, name)) return value;
  }
  return {};
}

ParsedMail parse_mime(std::string_view message) {
  const Part part = split_part(message);
  ParsedMail mail;
  for (const auto& [name, value] : part.headers) mail.headers.emplace_back(name, decode_words(value));
  take_part(part, mail, 0);
  return mail;
}

std::vector<std::string> addresses_of(std::string_view list) {
  std::vector<std::string> addresses;
  for (auto& [name, address] : mailboxes_of(list)) addresses.push_back(std::move(address));
  return addresses;
}

std::vector<std::pair<std::string, std::string>> mailboxes_of(std::string_view list) {
  std::vector<std::pair<std::string, std::string>> mailboxes;
  std::string current;
  bool quoted = false;
  const auto take = [&] {
    std::string_view text = trim(current);
    const std::size_t open = text.rfind('<');
    std::string_view name;
    if (open != std::string_view::npos) {
      name = trim(text.substr(0, open));
      if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
      text = trim(text.substr(open + 1, text.find('>', open) - open - 1));
    }
    if (!text.empty()) mailboxes.emplace_back(name, text);
    current.clear();
  };
  for (const char c : list) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ',' || c == ';')) {
      take();
    } else {
      current += c;
    }
  }
  take();
  return mailboxes;
}

std::string build_mime(const Item& item) {
  const bool html = item.body_type == 2;
  std::string out = encoded_mailbox("From", item.value(em::kFrom)) + encoded_mailbox("To", item.value(em::kTo)) +
                    encoded_mailbox("Cc", item.value(em::kCc)) + encoded_header("Subject", item.value(em::kSubject)) +
                    "Date: " + rfc5322_time(item.received_ms) +
                    (item.message_id.empty() ? "" : "\r\nMessage-ID: " + item.message_id) + "\r\nMIME-Version: 1.0\r\n";
  const std::string text = std::string("Content-Type: text/") + (html ? "html" : "plain") +
                           "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                           base64_lines(text_of(item.body, html));
  if (item.attachments.empty()) return out + text;
  const std::string boundary = "part-" + sha256_hex(item.id + std::string(item.value(em::kSubject))).substr(0, 24);
  out += "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n" + text;
  for (const Attachment& attachment : item.attachments) {
    std::string name = encoded_header("X", attachment.name);  // "X: value\r\n"
    name = name.substr(3, name.size() - 5);
    out += "--" + boundary + "\r\nContent-Type: " + attachment.content_type +
           "\r\nContent-Disposition: attachment; filename=\"" + name +
           "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64_lines(bytes_of(attachment));
  }
  return out + "--" + boundary + "--\r\n";
}

}  // namespace exchange
