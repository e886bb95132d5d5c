/// The heap, counted by who asked: the engine, SQLite, mbedTLS, zlib, and all else (the carrier, and the C library).
/// Linked with --wrap=malloc,calloc,realloc,free; the numbers are bytes asked for.
#pragma once
#include <cstddef>
#include <cstdint>

namespace firmware {

enum class Owner : std::uint8_t { kEngine, kSqlite, kTls, kInflate, kOther, kAll };
inline constexpr std::size_t kOwners = 6;
inline constexpr const char* kOwnerNames[kOwners] = {"engine", "sqlite", "tls", "inflate", "carrier", "all"};

struct Heap {
  std::int32_t now[kOwners], peak[kOwners];
};
Heap& heap();
void restart_peaks();  ///< from now on

void* take(Owner, std::size_t);
void give(void*);  ///< of any owner; null is allowed
void* change(void*, std::size_t);

/// Makes SQLite and mbedTLS take theirs here. Before either is used.
void count_libraries();

}  // namespace firmware
