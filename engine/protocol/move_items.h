/// MoveItems (MS-ASCMD 2.2.1.12).
#pragma once
#include "protocol/response.h"

namespace handsync::protocol {

inline constexpr std::size_t kMovesMax = profile::kMovesPerRequestMax;  ///< servers take 1000
inline constexpr std::uint32_t kMoveDone = 3;                           ///< the Status that is success here

struct Move {
  Text server_id, from_collection_id, to_collection_id;
};

Result<std::size_t> write_move_items(Room, std::span<const Move>);

/// Feed it through a wbxml::Reader. status(): of the whole, given only when all of it was refused.
class MoveItemsResponse final : public ResponseReader {
 public:
  struct Answer {
    FixedText<kServerIdBytesMax> server_id, new_server_id;
    std::uint32_t status = 0;
  };
  /// The answer for an item; null = none came.
  const Answer* find(Text server_id) const;

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Answer answers_[kMovesMax];
  Answer open_;
  std::size_t count_ = 0;
};

}  // namespace handsync::protocol
