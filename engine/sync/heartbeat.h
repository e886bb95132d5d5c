/// How long a Ping may wait on the network the phone is in: it grows while Pings last, falls back to what has lasted
/// when one is lost in silence, and is remembered per network over restarts. The server's own limits bound it (MS-ASCMD
/// 2.2.1.13: Status 5), and so does what it does without saying so.
#pragma once
#include "handsync/base.h"
#include "sync/limits.h"

namespace handsync::sync {

class Heartbeat {
 public:
  static constexpr std::size_t kNetworksMax = 6;
  static constexpr std::size_t kPackedBytes = 5 + kNetworksMax * 21;

  void enter(Bytes network_id16, std::uint64_t now_ms);
  std::uint32_t next_s(std::uint64_t now_ms);  ///< of the next Ping
  /// The server answers so early, or the network ends connections so soon, that push costs more than asking.
  bool polls(std::uint64_t now_ms);

  // -- how the last Ping ended
  void lasted(std::uint32_t took_s);                         ///< an answer came after so long: the path holds for that
  void lost(std::uint32_t asked_s, std::uint64_t now_ms);    ///< nothing came, nothing broke
  void closed(std::uint32_t after_s, std::uint64_t now_ms);  ///< the connection was ended while it waited
  void capped(std::uint32_t after_s,
              std::uint64_t now_ms);  ///< "nothing new", but before its time: as long as this server waits
  bool bound(std::uint32_t asked_s, std::uint32_t offered_s,
             std::uint64_t now_ms);  ///< Status 5; false: it makes no sense

  bool changed() const { return changed_; }  ///< since the last pack()
  void pack(Room) const;
  void packed() { changed_ = false; }
  void unpack(Bytes, std::uint64_t now_ms);  ///< what is not of our making is ignored

 private:
  struct Known {
    std::byte id[16]{};
    bool used = false;
    std::uint16_t good_s = 0, bad_s = 0;  ///< lasted; was lost; 0 = not known
    std::uint8_t misses = 0;              ///< in a row, at what used to last
    std::uint64_t bad_since_ms = 0;
  };
  Known& here() { return known_[0]; }
  void fail(std::uint32_t at_s, std::uint64_t now_ms);
  void forget_what_is_old(std::uint64_t now_ms);

  Known known_[kNetworksMax];  ///< the present one first
  std::uint16_t least_s_ = kHeartbeatMinS, most_s_ = kHeartbeatMaxS;
  std::uint64_t bounds_since_ms_ = 0;
  bool changed_ = false;
};

}  // namespace handsync::sync
