#include "items/place.h"

#include "wbxml/utf8.h"

namespace handsync::items {

namespace base = wbxml::air_sync_base;

Status PlaceName::open(wbxml::Tag tag) {
  inside_ = tag == base::kDisplayName || tag == wbxml::calendar::kLocation;
  return Done{};
}

Status PlaceName::text(Bytes piece, bool) {
  if (!inside_) return Done{};
  Text more = text_of(piece);
  if (more.size() > room_.size() - size_) {
    more = wbxml::beginning(more, room_.size() - size_);
    inside_ = false;
  }
  for (const char c : more) room_[size_++] = c;
  return Done{};
}

Status PlaceName::close(wbxml::Tag) {
  inside_ = false;
  return Done{};
}

Text PlaceName::read(Bytes element) {
  constexpr std::uint8_t kHead[] = {0x03, 0x01, 0x6A, 0x00};  // WBXML 1.3, no public id, UTF-8, no strings
  wbxml::Reader reader(*this);
  const bool sound = reader.feed(std::as_bytes(std::span(kHead))).ok() && reader.feed(element).ok();
  return sound ? found() : Text();
}

void put_place(wbxml::Writer& writer, Text name, std::uint16_t version) {
  const wbxml::Tag tag = place_in(version);
  if (name.empty() || tag == wbxml::calendar::kLocation) {
    writer.element(tag, name);
  } else {
    writer.open(tag).element(base::kDisplayName, name).close();
  }
}

}  // namespace handsync::items
