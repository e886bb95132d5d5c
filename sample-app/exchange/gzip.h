/// Content-Encoding: gzip, in memory.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace exchange {

std::string gzip(std::string_view bytes);
/// `head`, then `count` times `filler`, without holding them.
std::string gzip_repeated(std::string_view head, char filler, std::size_t count);
/// The opposite, for tests. Throws std::runtime_error when it is not gzip or has more than `bytes_max`.
std::string gunzip(std::string_view bytes, std::size_t bytes_max);

}  // namespace exchange
