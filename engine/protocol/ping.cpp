#include "protocol/ping.h"

#include <cstring>

#include "protocol/written.h"

namespace handsync::protocol {

namespace page = wbxml::ping;

Result<std::size_t> write_ping(Room room, std::uint32_t heartbeat_s, std::span<const PingFolder> folders) {
  wbxml::Writer writer(room);
  writer.open(page::kPing).element(page::kHeartbeatInterval, heartbeat_s);
  if (!folders.empty()) {
    writer.open(page::kFolders);
    for (const PingFolder& folder : folders) {
      writer.open(page::kFolder).element(page::kId, folder.server_id).element(page::kClass, folder.item_class).close();
    }
    writer.close();
  }
  writer.close();
  return written(writer);
}

Status PingResponse::on_open(Path path) { return expect_root(path, page::kPing, Command::kPing); }

Status PingResponse::on_value(Path path, Text value) {
  if (path.size() == 2) {
    if (path[1] == page::kStatus) take_status(value);
    auto number = parse_number(value);
    if (path[1] == page::kHeartbeatInterval && number.ok()) heartbeat_s_ = number.value();
    if (path[1] == page::kMaxFolders && number.ok()) folders_max_ = number.value();
    return Done{};
  }
  // The id is the text of Folder; some servers repeat the request's form and put it into an Id.
  const bool id = path.size() >= 3 && path[1] == page::kFolders && path[2] == page::kFolder &&
                  (path.size() == 3 || (path.size() == 4 && path[3] == page::kId));
  if (id) take_folder(trimmed(value));
  return Done{};
}

void PingResponse::take_folder(Text id) {
  if (id.empty()) return;
  for (std::size_t i = 0; i < changed_count_; ++i) {
    if (changed(i) == id) return;
  }
  if (changed_count_ == kPingFoldersMax || id.size() > kServerIdBytesMax ||
      changed_bytes_ + 1 + id.size() > sizeof changed_) {
    changed_overflow_ = true;
    return;
  }
  changed_[changed_bytes_++] = static_cast<char>(id.size());
  std::memcpy(changed_ + changed_bytes_, id.data(), id.size());
  changed_bytes_ += id.size();
  ++changed_count_;
}

Text PingResponse::changed(std::size_t index) const {
  const char* at = changed_;
  for (; index != 0; --index) at += 1 + *at;
  return {at + 1, static_cast<std::size_t>(*at)};
}

}  // namespace handsync::protocol
