/// Ping (MS-ASCMD 2.2.1.13).
#pragma once
#include "protocol/response.h"

namespace handsync::protocol {

struct PingFolder {
  Text server_id;
  Text item_class;  ///< "Email", "Calendar", ...
};

Result<std::size_t> write_ping(Room, std::uint32_t heartbeat_s, std::span<const PingFolder>);

inline constexpr std::size_t kPingFoldersMax = 64;

class PingResponse final : public ResponseReader {
 public:
  std::uint32_t heartbeat_s() const { return heartbeat_s_; }  ///< Status 5
  std::uint32_t folders_max() const { return folders_max_; }  ///< Status 6
  std::size_t changed_count() const { return changed_count_; }
  Text changed(std::size_t index) const;
  bool changed_overflow() const { return changed_overflow_; }  ///< more were named than fit: sync every folder

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  void take_folder(Text id);
  std::uint32_t heartbeat_s_ = 0, folders_max_ = 0;
  std::size_t changed_count_ = 0;
  bool changed_overflow_ = false;
  std::size_t changed_bytes_ = 0;
  char changed_[profile::kPingAnswerBytes];  ///< each a byte for its length, then the id
};

}  // namespace handsync::protocol
