/// State of the simulated phone as bytes: numbers of eight bytes, little-endian, and texts behind their length.
#pragma once
#include <string>

#include "handsync/base.h"

namespace handsync::hal::simulated {

inline void put_number(std::string& to, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) to += static_cast<char>(value >> (8 * i));
}
inline void put_bytes(std::string& to, Text bytes) {
  put_number(to, bytes.size());
  to += bytes;
}

/// What is not there turns `good` off, and everything after it is empty.
struct PackedIn {
  Text bytes;
  bool good = true;
  Text take(std::uint64_t count) {
    good = good && count <= bytes.size();
    const Text taken = good ? bytes.substr(0, static_cast<std::size_t>(count)) : Text();
    if (good) bytes.remove_prefix(taken.size());
    return taken;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    const Text eight = take(8);
    for (std::size_t i = 0; i < eight.size(); ++i)
      value |= std::uint64_t{static_cast<unsigned char>(eight[i])} << (8 * i);
    return value;
  }
};

}  // namespace handsync::hal::simulated
