/// What the protocol tests share: requests shown as XML or bytes, answers written from XML and fed in chunks, and a
/// sink that writes down what it is told about items.
#pragma once
#include <array>
#include <string>

#include "engine/wbxml/support.h"
#include "items/properties.h"
#include "protocol/sync.h"

namespace handsync::protocol {

inline constexpr std::size_t kChunkSizes[] = {1, 2, 3, 7, SIZE_MAX};

/// The bytes of a committed WBXML vector.
inline wbxml::Document vector_bytes(const std::string& name) {
  std::ifstream stream(std::string(TESTS_DIR "/engine/wbxml/vectors/") + name + ".txt");
  std::string line, hex;
  bool inside = false;
  while (std::getline(stream, line)) {
    if (!line.empty() && line[0] == '[')
      inside = line == "[hex]";
    else if (inside)
      hex += " " + line;
  }
  return wbxml::from_hex(hex);
}

inline wbxml::Document document_of(const std::string& xml) {
  wbxml::Document room(xml.size() * 2 + 64);
  wbxml::Writer writer(room);
  wbxml::XmlToWbxml reader(xml, writer);
  if (!reader.run() || !writer.status().ok()) return {};
  room.resize(writer.size());
  return room;
}

inline std::string xml_of(Bytes document) {
  wbxml::StringOut out;
  wbxml::XmlSink sink(out, {nullptr, false});
  if (Status status = wbxml::read(sink, document); !status.ok()) return "not WBXML: " + wbxml::outcome(status);
  return out.text;
}

/// What a writer wrote; its error as text.
class Written {
 public:
  template <class Write>
  explicit Written(Write write) : result_(write(Room(room_))) {}
  Bytes bytes() const { return Bytes(room_).first(result_.ok() ? result_.value() : 0); }
  std::string xml() const { return result_.ok() ? xml_of(bytes()) : "error " + std::to_string(result_.error().code); }
  std::string hex() const { return wbxml::to_hex(bytes()); }
  Error error() const { return result_.error(); }

 private:
  std::array<std::byte, 65536> room_{};
  Result<std::size_t> result_;
};

/// One line an event: what a replica would be told.
class ItemLog final : public items::ItemSink {
 public:
  Status item(items::Operation operation) override {
    return add("item " + std::to_string(static_cast<int>(operation)));
  }
  Status server_id(Text id) override { return add("id " + std::string(id)); }
  Status client_id(Text id) override { return add("client " + std::string(id)); }
  Status item_status(std::uint32_t status) override { return add("status " + std::to_string(status)); }
  Status item_is_text() override { return add("text"); }
  Status begin(items::PropertyId id) override {
    property_ = id;
    value_.clear();
    return Done{};
  }
  Status piece(Bytes bytes) override {
    value_ += text_of(bytes);
    return Done{};
  }
  Status end() override {
    const bool shown = property_ == items::kSubject || property_ == items::kBodyData;
    if (shown) return add((property_ == items::kSubject ? "subject " : "body ") + value_);
    ++others;
    return Done{};
  }
  Status item_end(Error fault) override { return add(fault ? "fault " + std::to_string(fault.code) : "end"); }

  std::string text;
  int others = 0;
  std::string refuse_at;  ///< the line at which the sink itself fails

 private:
  Status add(const std::string& line) {
    if (line == refuse_at) return out_of_memory(7);
    text += line + "\n";
    return Done{};
  }
  items::PropertyId property_ = 0;
  std::string value_;
};

}  // namespace handsync::protocol
