/// The server's one random source: seeded, and the same on every machine (std::uniform_int_distribution is not).
#pragma once
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace exchange {

class Random {  // SplitMix64
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class Array>
  const auto& pick(const Array& array) {
    return array[static_cast<std::size_t>(below(std::size(array)))];
  }

 private:
  std::uint64_t state_;
};

/// A number for a text: seeds of things that have a name.
inline std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace exchange
