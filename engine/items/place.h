/// Where an event takes place: a text up to 14.1, a structure with a name from 16.0 on (MS-ASAIRS 2.2.2.28). What was
/// read or wanted in one version may have to be shown or said in another. Pure; any thread.
#pragma once
#include "handsync/profile.h"
#include "wbxml/code_pages.h"
#include "wbxml/reader.h"
#include "wbxml/writer.h"

namespace handsync::items {

inline constexpr std::size_t kPlaceBytesMax = 1024;

constexpr bool is_place(wbxml::Tag tag) {
  return tag == wbxml::calendar::kLocation || tag == wbxml::air_sync_base::kLocation;
}
/// The element that is the place in a version; as a number it is the property as well (properties.h).
constexpr wbxml::Tag place_in(std::uint16_t version) {
  return profile::below(version, 160) ? wbxml::Tag{wbxml::calendar::kLocation}
                                      : wbxml::Tag{wbxml::air_sync_base::kLocation};
}

constexpr wbxml::Tag other_place(wbxml::Tag place) {
  return place == wbxml::calendar::kLocation ? wbxml::Tag{wbxml::air_sync_base::kLocation}
                                             : wbxml::Tag{wbxml::calendar::kLocation};
}

/// Hears a place of either form and gathers its name; what is beyond the room is left out, not within a character.
class PlaceName final : public wbxml::Sink {
 public:
  explicit PlaceName(std::span<char> room) : room_(room) {}
  Status open(wbxml::Tag) override;
  Status text(Bytes piece, bool opaque) override;
  Status close(wbxml::Tag) override;
  /// A structure as it is kept: WBXML without a header. What is none has no name.
  Text read(Bytes element);
  Text found() const { return {room_.data(), size_}; }

 private:
  std::span<char> room_;
  std::size_t size_ = 0;
  bool inside_ = false;
};

/// As an element of a version; without a name an empty one.
void put_place(wbxml::Writer&, Text name, std::uint16_t version);

}  // namespace handsync::items
