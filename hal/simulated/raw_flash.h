/// The flash below a simulated phone as somebody sees it who takes the chip out: a controller never writes in place, so
/// every page that was ever programmed is still somewhere. Only the key block, where the phone has one, is erased for
/// real. The image is one file: the key block, then every write in the order it came.
///
/// Whatever the port writes comes by itself (posix::Medium::programmed); what is written past the port (a database, by
/// SQLite) is told by whoever watches it. Not locked: told on one thread at a time.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "handsync/base.h"

namespace handsync::hal::simulated {

class RawFlash {
 public:
  static constexpr std::size_t kKeyBlockBytes = 8192;

  /// `home` is the phone's; `image` is made when it is not there and goes on otherwise. Without an erasable key block
  /// what belongs there is kept like everything else.
  RawFlash(std::string home, std::string image, bool erasable_key_block);
  void programmed(std::string_view path, std::size_t offset, Bytes);
  void dropped(std::string_view path);
  /// The power is gone: what a test lets run on in vain does not reach the flash.
  void freeze() { frozen_ = true; }
  const std::string& image() const { return image_; }

 private:
  struct Place {
    std::size_t at, bytes;
  };
  bool in_key_block(std::string_view path, Place& place) const;
  void write_at(std::size_t at, Bytes) const;
  void append(Bytes) const;
  std::string home_, image_;
  bool erasable_, frozen_ = false;
};

}  // namespace handsync::hal::simulated
