/// A growing run of bytes on malloc, where "no" is an answer and the size has a limit. What it held may be a password:
/// memory is overwritten before it goes back.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "handsync/base.h"

namespace handsync::http {

class Buffer {
 public:
  explicit Buffer(std::size_t bytes_max = SIZE_MAX) : bytes_max_(bytes_max) {}
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  /// False: no memory, or beyond the limit; nothing was added.
  [[nodiscard]] bool append(Text text) {
    if (text.empty()) return true;
    if (text.size() > bytes_max_ - size_ || !reserve(size_ + text.size())) return false;
    std::memcpy(data_ + size_, text.data(), text.size());
    size_ += text.size();
    return true;
  }
  [[nodiscard]] bool append(std::uint64_t number) {
    char digits[20];
    std::size_t at = sizeof digits;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return append(Text(digits + at, sizeof digits - at));
  }
  Text view() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }  ///< keeps the memory
  void release() {             ///< gives it back
    give_back();
    data_ = nullptr;
    size_ = room_ = 0;
  }

 private:
  void give_back() {
    volatile char* at = data_;  // else the compiler leaves it out: nobody reads it any more
    for (std::size_t i = 0; i < room_; ++i) at[i] = 0;
    std::free(data_);
  }
  bool reserve(std::size_t bytes) {
    if (bytes <= room_) return true;
    const std::size_t room =
        std::min(std::max({bytes, room_ + room_ / 2, std::size_t{256}}), std::max(bytes, bytes_max_));
    auto* bigger = static_cast<char*>(std::malloc(room));
    if (bigger == nullptr) return false;
    if (size_ != 0) std::memcpy(bigger, data_, size_);
    give_back();
    data_ = bigger;
    room_ = room;
    return true;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0, room_ = 0, bytes_max_;
};

}  // namespace handsync::http
