// Any bytes as the answer to Sync, ItemOperations, FolderSync or Ping, in chunks: what the sinks are told keeps its
// order, and the chunks make no difference to it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "items/properties.h"
#include "protocol/folder_sync.h"
#include "protocol/item_operations.h"
#include "protocol/ping.h"
#include "protocol/sync.h"

using namespace handsync;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Checks the grammar of calls and folds them into one number.
class Grammar final : public items::ItemSink {
 public:
  Status item(items::Operation operation) override {
    require(!in_item_ && !in_property_);
    in_item_ = true;
    return fold(1, static_cast<std::uint32_t>(operation));
  }
  Status server_id(Text id) override { return text(2, id); }
  Status client_id(Text id) override { return text(3, id); }
  Status item_status(std::uint32_t status) override {
    require(in_item_ && !in_property_);
    return fold(4, status);
  }
  Status begin(items::PropertyId id) override {
    require(in_item_ && !in_property_ && id != 0);
    in_property_ = true;
    // WBXML kept as it is: OPAQUE in it is cut as it came.
    raw_ = id == items::kRest || id == items::kMeetingRequest || id == items::kRights;
    return fold(5, id);
  }
  Status piece(Bytes bytes) override {
    require(in_property_);
    if (raw_) return Done{};
    for (std::byte one : bytes) (void)fold(6, static_cast<std::uint32_t>(one));
    return Done{};
  }
  Status end() override {
    require(in_property_);
    in_property_ = false;
    return fold(7, 0);
  }
  Status item_end(Error fault) override {
    require(in_item_ && !in_property_);
    in_item_ = false;
    return fold(8, static_cast<std::uint32_t>(fault.code));
  }
  Status part_end(std::uint32_t items) {
    require(!in_item_ && !in_property_);
    return fold(9, items);
  }
  std::uint64_t sum() const { return sum_; }

 private:
  Status text(std::uint32_t kind, Text value) {
    require(in_item_ && !in_property_ && value.size() <= protocol::kServerIdBytesMax);
    for (char one : value) (void)fold(kind, static_cast<unsigned char>(one));
    return fold(kind, 256);
  }
  Status fold(std::uint32_t kind, std::uint32_t value) {
    sum_ = (sum_ ^ (std::uint64_t{kind} << 32 | value)) * 1099511628211U;
    return Done{};
  }
  bool in_item_ = false, in_property_ = false, raw_ = false;
  std::uint64_t sum_ = 14695981039346656037U;
};

struct Folders final : protocol::FolderSink {
  Status put(Text id, Text parent, Text name, std::uint8_t) override {
    require(!id.empty() && !parent.empty() && name.size() <= protocol::kFolderNameBytesMax);
    return Done{};
  }
  Status remove(Text id) override {
    require(!id.empty());
    return Done{};
  }
};

template <class Response>
bool feed(Response& response, Bytes input, std::size_t chunk) {
  wbxml::Reader reader(response);
  while (!input.empty()) {
    const Bytes piece = input.first(std::min(chunk, input.size()));
    if (!reader.feed(piece).ok()) return false;
    input = input.subspan(piece.size());
  }
  return reader.finish().ok();
}

// 0 for an answer that breaks: how much of it has been told by then depends on the chunks.

/// Asked for: "5", and "6" if both are.
struct Parts final : protocol::SyncParts {
  Parts(Grammar& sink, bool both) : sink_(sink), both_(both) {}
  Result<bool> part_begins(Text id, Class&) override {
    const int which = id == "5" || (id.empty() && !both_) ? 1 : id == "6" && both_ ? 2 : 0;
    if (which == 0 || (ended_ & which) != 0) return false;
    if (open_ == 0) open_ = which;
    return open_ == which;
  }
  Status part_ends(const protocol::SyncPart& part) override {
    require(open_ != 0 && part.sync_key.view().size() <= 64);
    ended_ |= open_;
    open_ = 0;
    return sink_.part_end(part.items);
  }

 private:
  Grammar& sink_;
  const bool both_;
  int open_ = 0, ended_ = 0;
};

std::uint64_t sync(Bytes input, std::size_t chunk, bool both) {
  Grammar sink;
  Parts parts(sink, both);
  protocol::SyncResponse response(sink, parts);
  const bool whole = feed(response, input, chunk);
  return whole ? sink.sum() : 0;
}

std::uint64_t fetch(Bytes input, std::size_t chunk) {
  Grammar sink;
  protocol::FetchResponse response(sink);
  const bool whole = feed(response, input, chunk);
  return whole ? sink.sum() : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  for (const bool both : {false, true}) require(sync(input, SIZE_MAX, both) == sync(input, 1, both));
  require(fetch(input, SIZE_MAX) == fetch(input, 3));
  Folders folders;
  protocol::FolderSyncResponse tree(folders);
  (void)feed(tree, input, 7);
  protocol::PingResponse ping;
  (void)feed(ping, input, 7);
  require(ping.changed_count() <= protocol::kPingFoldersMax);
  return 0;
}
