// Any bytes into the WBXML reader. What must hold: chunks do not change what happens, XML of it can be rendered, and a
// document that is accepted can be written again and then read as the same events.
#include <cstdint>
#include <cstdlib>

#include "../engine/wbxml/support.h"

using namespace handsync;
using namespace handsync::wbxml;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// The events as the writer's calls.
void write_again(const std::vector<Event>& events, Writer& writer) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    switch (event.kind) {
      case Event::kOpen:
        if (i + 1 < events.size() && events[i + 1].kind == Event::kClose) {
          writer.empty(event.tag);
          ++i;
        } else {
          writer.open(event.tag);
        }
        break;
      case Event::kText:
        writer.text(event.text);
        break;
      case Event::kOpaque:
        writer.opaque(bytes_of(event.text));
        break;
      case Event::kClose:
        writer.close();
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes document(reinterpret_cast<const std::byte*>(data), size);
  Recorder whole;
  const std::string found = outcome(read(whole, document));
  for (const std::size_t chunk_bytes : {std::size_t{1}, size % 70 + 2}) {
    Recorder pieces;
    require(outcome(read(pieces, document, chunk_bytes)) == found);
    // Before a fault a text may have been delivered up to the chunk that holds it.
    if (found == "ok") require(pieces.events == whole.events);
  }

  StringOut out;
  XmlSink sink(out, {.masked = nullptr, .indent = size % 2 != 0});
  require(outcome(read(sink, document, size % 5 + 1)) == found);
  require(is_utf8(out.text) || found != "ok");

  if (found != "ok") return 0;
  Writer measure(Room{});
  write_again(whole.events, measure);
  Document room(measure.size());
  Writer writer(room);
  write_again(whole.events, writer);
  require(writer.status().ok() && writer.size() == room.size());
  Recorder again;
  require(read(again, writer.document()).ok());
  require(again.events == whole.events);
  return 0;
}
