/// What the WBXML tests share: vector files, feeding in chunks, a recorder of events, XML into and out of WBXML.
#pragma once
#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "wbxml/code_pages.h"
#include "wbxml/reader.h"
#include "wbxml/writer.h"
#include "wbxml/xml.h"

namespace handsync::wbxml {

using Document = std::vector<std::byte>;

struct Event {
  enum Kind : std::uint8_t { kOpen, kText, kOpaque, kClose } kind;
  Tag tag = 0;
  std::string text;
  bool operator==(const Event&) const = default;
};

/// Keeps what happens; pieces of one text become one event.
class Recorder final : public Sink {
 public:
  Status open(Tag tag) override {
    events.push_back({Event::kOpen, tag, {}});
    return Done{};
  }
  Status text(Bytes piece, bool opaque) override {
    const Event::Kind kind = opaque ? Event::kOpaque : Event::kText;
    if (events.empty() || events.back().kind != kind) events.push_back({kind, 0, {}});
    events.back().text += text_of(piece);
    return Done{};
  }
  Status close(Tag tag) override {
    events.push_back({Event::kClose, tag, {}});
    return Done{};
  }

  std::vector<Event> events;
};

struct StringOut final : TextOut {
  Status put(Text piece) override {
    text += piece;
    return Done{};
  }
  std::string text;
};

inline Status read(Sink& sink, Bytes document, std::size_t chunk_bytes = SIZE_MAX) {
  Reader reader(sink);
  while (!document.empty()) {
    const Bytes chunk = document.first(std::min(chunk_bytes, document.size()));
    if (Status status = reader.feed(chunk); !status.ok()) return status;
    document = document.subspan(chunk.size());
  }
  return reader.finish();
}

inline Document from_hex(const std::string& hex) {
  Document document;
  std::istringstream words(hex);
  std::string word;
  while (words >> word) {
    if (word == "+") {  // + XX x N
      std::string value, times;
      std::size_t count = 0;
      words >> value >> times >> count;
      document.insert(document.end(), count, static_cast<std::byte>(std::stoul(value, nullptr, 16)));
    } else {
      document.push_back(static_cast<std::byte>(std::stoul(word, nullptr, 16)));
    }
  }
  return document;
}

inline std::string to_hex(Bytes bytes) {
  std::string hex;
  for (const std::byte value : bytes) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    if (!hex.empty()) hex += ' ';
    hex += kDigits[static_cast<unsigned>(value) >> 4];
    hex += kDigits[static_cast<unsigned>(value) & 0xF];
  }
  return hex;
}

/// Writes XML in the form of XmlSink as WBXML: elements with xmlns and opaque, text, references; nothing else.
class XmlToWbxml {
 public:
  XmlToWbxml(const std::string& xml, Writer& writer) : xml_(xml), writer_(writer) {}

  /// False if the XML is not of that form or names an element that is on no page.
  bool run() {
    std::vector<std::uint8_t> pages{0};
    std::string text, opaque;
    while (at_ < xml_.size()) {
      if (xml_[at_] != '<') {
        text += character();
        continue;
      }
      if (!flush(text, opaque)) return false;
      if (xml_.compare(at_, 2, "</") == 0) {
        at_ = xml_.find('>', at_) + 1;
        writer_.close();
        pages.pop_back();
        opaque.clear();
        continue;
      }
      ++at_;
      const std::string name = until(" />");
      std::uint8_t page = pages.back();
      opaque.clear();
      while (xml_[at_] == ' ') {
        ++at_;
        const std::string attribute = until("=");
        at_ += 2;
        const std::string value = until("\"");
        ++at_;
        if (attribute == "xmlns") {
          page = find_page(value);
        } else if (attribute == "opaque") {
          opaque = value;
        } else {
          return false;
        }
      }
      const Tag tag = find_tag(page, name);
      if (tag == 0) return false;
      if (xml_.compare(at_, 2, "/>") == 0) {
        at_ += 2;
        writer_.empty(tag);
      } else {
        ++at_;
        pages.push_back(page);
        writer_.open(tag);
      }
    }
    return text.empty() || text == "\n";
  }

 private:
  std::string until(const char* ends) {
    const std::size_t end = std::min(xml_.find_first_of(ends, at_), xml_.size());
    const std::string found = xml_.substr(at_, end - at_);
    at_ = end;
    return found;
  }
  std::string character() {
    if (xml_[at_] != '&') return std::string(1, xml_[at_++]);
    ++at_;
    const std::string name = until(";");
    ++at_;
    if (name == "lt") return "<";
    if (name == "gt") return ">";
    if (name == "amp") return "&";
    if (name == "quot") return "\"";
    if (name == "#13") return "\r";
    return "?";
  }
  bool flush(std::string& text, const std::string& opaque) {
    if (text.empty()) return true;
    if (opaque == "base64") {
      std::uint32_t bits = 0;
      int count = 0;
      std::string bytes;
      for (const char digit : text) {
        const std::size_t value =
            std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(digit);
        if (value == std::string_view::npos) break;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        if ((count += 6) < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xFF);
      }
      writer_.opaque(bytes_of(bytes));
    } else if (opaque == "text") {
      writer_.opaque(bytes_of(text));
    } else {
      writer_.text(text);
    }
    text.clear();
    return true;
  }

  const std::string& xml_;
  Writer& writer_;
  std::size_t at_ = 0;
};

inline const char* fault_name(std::int32_t code) {
  switch (static_cast<Fault>(code)) {
    case Fault::kTruncated:
      return "kTruncated";
    case Fault::kHeader:
      return "kHeader";
    case Fault::kDepth:
      return "kDepth";
    case Fault::kEndWithoutElement:
      return "kEndWithoutElement";
    case Fault::kAfterRoot:
      return "kAfterRoot";
    case Fault::kLength:
      return "kLength";
    case Fault::kUtf8:
      return "kUtf8";
    case Fault::kToken:
      return "kToken";
    case Fault::kTextOutside:
      return "kTextOutside";
  }
  return "?";
}

/// "kUtf8 10"; "ok"; the domain's number for an error that is not of WBXML.
inline std::string outcome(const Status& status) {
  if (status.ok()) return "ok";
  const Error error = status.error();
  if (error.domain != Domain::kWbxml) {
    return "domain " + std::to_string(static_cast<int>(error.domain)) + " where " + std::to_string(error.where);
  }
  return std::string(fault_name(error.code)) + " " + std::to_string(error.where);
}

}  // namespace handsync::wbxml
