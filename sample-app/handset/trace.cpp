#include "handset/trace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "handset/failure.h"
#include "handset/io.h"
#include "handset/text.h"
#include "wbxml/xml.h"

namespace handset {
namespace {

constexpr std::size_t kShownMax = 8u << 20;  // of one body; what is beyond is only counted

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// Calls `line(name, value)` for each header of a head.
template <class Line>
void each_header(std::string_view head, Line line) {
  std::size_t at = head.find('\n');
  while (at != std::string_view::npos && at + 1 < head.size()) {
    const std::size_t end = std::min(head.find('\n', at + 1), head.size());
    const std::string_view whole = head.substr(at + 1, end - at - 1);
    const std::size_t colon = whole.find(':');
    if (colon != std::string_view::npos) line(trimmed(whole.substr(0, colon)), trimmed(whole.substr(colon + 1)));
    at = end;
  }
}

std::string header_of(std::string_view head, std::string_view wanted) {
  std::string found;
  each_header(head, [&](std::string_view name, std::string_view value) {
    if (found.empty() && same_text(name, wanted)) found = std::string(value);
  });
  return found;
}

bool is_secret_header(std::string_view name) {
  return same_text(name, "Authorization") || same_text(name, "Cookie") || same_text(name, "Set-Cookie") ||
         same_text(name, "Proxy-Authorization");
}

std::string masked_value(std::string_view name, std::string_view value, bool scheme_only) {
  if (!is_secret_header(name)) return std::string(value);
  const char* mask = scheme_only ? "-" : "***";
  if (!same_text(name, "Authorization")) return mask;
  const std::size_t blank = value.find(' ');
  return (blank == std::string_view::npos ? std::string() : std::string(value.substr(0, blank)) + " ") + mask;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : valid_utf8(text)) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char room[8];
      std::snprintf(room, sizeof room, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += room;
    } else {
      result += c;
    }
  }
  return result + '"';
}

void append_shown(std::string& to, std::string_view piece) {
  if (to.size() < kShownMax) to.append(piece.substr(0, kShownMax - to.size()));
}

}  // namespace

std::string masked_head(const std::string& head, bool scheme_only) {
  std::string result(trimmed(std::string_view(head).substr(0, head.find('\n'))));
  result += '\n';
  each_header(head, [&](std::string_view name, std::string_view value) {
    result += std::string(name) + ": " + masked_value(name, value, scheme_only) + "\n";
  });
  return result;
}

/// A body as text: WBXML through the renderer, text as it is, anything else by its size.
class TraceHub::Body final : public handsync::wbxml::TextOut {
 public:
  explicit Body(std::string& text) : text_(text), sink_(*this, style()), reader_(sink_) {}
  void begin(std::string_view type) {
    text_.clear();
    reader_.reset();
    broken_ = false;
    wbxml_ = type.find("wbxml") != std::string_view::npos;
    plain_ = type.find("text/") != std::string_view::npos || type.find("xml") != std::string_view::npos ||
             type.find("json") != std::string_view::npos;
  }
  void piece(handsync::Bytes bytes) {
    if (wbxml_ && !broken_) {
      broken_ = !reader_.feed(bytes).ok();
      if (broken_) append_shown(text_, "\n<!-- not readable from byte " + std::to_string(reader_.offset()) + " on -->");
    } else if (plain_ && !wbxml_) {
      append_shown(text_, handsync::text_of(bytes));
    }
  }

 private:
  static handsync::wbxml::XmlStyle style() {
    handsync::wbxml::XmlStyle style;
    style.indent = true;
    return style;
  }
  handsync::Status put(handsync::Text piece) override {
    append_shown(text_, piece);
    return handsync::Done{};
  }
  std::string& text_;
  handsync::wbxml::XmlSink sink_;
  handsync::wbxml::Reader reader_;
  bool wbxml_ = false, plain_ = false, broken_ = false;
};

struct TraceHub::Live {
  Exchange exchange;
  Body request{exchange.request_xml}, response{exchange.response_xml};
  bool shown = false;  ///< somebody reads the XML: a wire log alone does not want whole answers in memory
};

TraceHub::TraceHub(std::function<std::string(handsync::AccountId)> email_of) : email_of_(std::move(email_of)) {
  const char* path = std::getenv("HANDSYNC_WIRE_LOG");
  if (path != nullptr && *path != '\0') {
    wire_fd_ = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (wire_fd_ < 0) {
      throw machine("`" + std::string(path) + "` of HANDSYNC_WIRE_LOG cannot be written: " + std::strerror(errno),
                    "name another file, or unset it");
    }
  }
}

TraceHub::~TraceHub() {
  for (const File& file : files_) ::close(file.fd);
  if (wire_fd_ >= 0) ::close(wire_fd_);
}

void TraceHub::open(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  for (File& file : files_) {
    if (file.path == path) {
      ++file.users;
      return;
    }
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || ::fchmod(fd, 0600) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    throw machine("the trace file `" + path + "` cannot be written: " + why, "name another file with --trace");
  }
  files_.push_back({path, fd, 1});
}

void TraceHub::close(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(files_, [&](File& file) {
    if (file.path != path || --file.users > 0) return false;
    ::close(file.fd);
    return true;
  });
}

void TraceHub::close_all() {
  const std::scoped_lock lock(mutex_);
  for (const File& file : files_) {
    ::unlink(file.path.c_str());
    ::close(file.fd);
  }
  files_.clear();
}

bool TraceHub::tracing() const {
  const std::scoped_lock lock(mutex_);
  return !files_.empty() || wire_fd_ >= 0;
}

void TraceHub::request_head(handsync::RequestId id, handsync::AccountId account, handsync::Text label,
                            handsync::Text host, handsync::Text head) {
  if (!tracing()) return;
  std::unique_ptr<Live>& live = live_[id];
  live = std::make_unique<Live>();
  Exchange& exchange = live->exchange;
  exchange.account = email_of_(account);
  exchange.label = std::string(label);
  exchange.host = std::string(host);
  exchange.head = std::string(head);
  exchange.announced_bytes = std::strtoull(header_of(head, "Content-Length").c_str(), nullptr, 10);
  live->request.begin(header_of(head, "Content-Type"));
  {
    const std::scoped_lock lock(mutex_);
    live->shown = !files_.empty();
  }
  if (exchange.announced_bytes == 0) log_request(exchange);
}

void TraceHub::request_body(handsync::RequestId id, handsync::Bytes bytes) {
  const auto live = live_.find(id);
  if (live == live_.end()) return;
  Exchange& exchange = live->second->exchange;
  exchange.request_bytes += bytes.size();
  if (wire_fd_ >= 0) exchange.request_body += handsync::text_of(bytes);
  if (live->second->shown) live->second->request.piece(bytes);
  if (exchange.request_bytes >= exchange.announced_bytes) log_request(exchange);
}

void TraceHub::response_head(handsync::RequestId id, int http_status, std::span<const handsync::Header> headers) {
  const auto live = live_.find(id);
  if (live == live_.end()) return;
  std::string head = "HTTP " + std::to_string(http_status) + "\n", type;
  for (const handsync::Header& header : headers) {
    if (same_text(header.name, "Content-Type")) type = std::string(header.value);
    head += std::string(header.name) + ": " + masked_value(header.name, header.value, false) + "\n";
  }
  live->second->exchange.response_head = head;
  live->second->response.begin(type);
}

void TraceHub::response_body(handsync::RequestId id, handsync::Bytes bytes) {
  const auto live = live_.find(id);
  if (live == live_.end()) return;
  live->second->exchange.response_bytes += bytes.size();
  if (live->second->shown) live->second->response.piece(bytes);
}

void TraceHub::ended(handsync::RequestId id, handsync::Error error) {
  const auto found = live_.find(id);
  if (found == live_.end()) return;
  const Exchange& exchange = found->second->exchange;
  const auto wall =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  std::string text = "=== " + iso_utc(wall.count()) + " " + exchange.label + " " + exchange.host +
                     (exchange.account.empty() ? "" : " " + exchange.account) + "\n" +
                     masked_head(exchange.head, false);
  if (exchange.request_bytes != 0) {
    text += "\n" + exchange.request_xml + "\n";
  }
  text += "\n" + exchange.response_head;
  if (exchange.response_bytes != 0) {
    text += "\n" +
            (exchange.response_xml.empty() ? "(" + std::to_string(exchange.response_bytes) + " bytes)"
                                           : exchange.response_xml) +
            "\n";
  }
  if (error) text += "\n(ended: " + sentence(failure_of(error)) + ")\n";
  text += "\n";
  {
    const std::scoped_lock lock(mutex_);
    for (const File& file : files_) (void)write_all(file.fd, text);
  }
  live_.erase(found);
}

void TraceHub::log_request(Exchange& exchange) {
  if (wire_fd_ < 0 || exchange.logged) return;
  exchange.logged = true;
  // One write: several processes may share the file.
  (void)write_all(wire_fd_, wire_line(exchange) + "\n");
  exchange.request_body.clear();
}

std::string wire_line(const Exchange& exchange) {
  const std::string_view head = exchange.head;
  const std::size_t blank = head.find(' '), second = head.find(' ', blank + 1);
  const std::string_view method = head.substr(0, blank);
  const std::string_view target =
      blank == std::string_view::npos ? std::string_view() : head.substr(blank + 1, second - blank - 1);
  // Only Autodiscover's unauthenticated GET goes without TLS, and it is the only GET.
  const bool tls = method != "GET";
  std::string host = header_of(head, "Host");
  if (host.empty()) host = exchange.host;
  const std::size_t colon = host.rfind(':');
  if (colon == std::string::npos || host.ends_with(']')) host += tls ? ":443" : ":80";
  std::string line = "{\"account\":" + quoted(exchange.account) +
                     ",\"origin\":" + quoted((tls ? "https://" : "http://") + host) + ",\"method\":" + quoted(method) +
                     ",\"target\":" + quoted(target) + ",\"headers\":[";
  bool first = true;
  each_header(head, [&](std::string_view name, std::string_view value) {
    line += std::string(first ? "" : ",") + "[" + quoted(name) + "," + quoted(masked_value(name, value, true)) + "]";
    first = false;
  });
  return line + "],\"body_base64\":\"" + base64(exchange.request_body) + "\"}";
}

}  // namespace handset
