/// The heap, counted by who asked: the engine, SQLite, mbedTLS, zlib, and all else (the carrier, and the C library).
/// Linked with --wrap=malloc,calloc,realloc,free; the numbers are bytes asked for.
#pragma once
#include <cstddef>
#include <cstdint>

#include "handsync/base.h"

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

/// Memory::lend: operator new takes from `room`, until it is an empty one.
void lend(void*, handsync::Room room);

/// Makes SQLite and mbedTLS take theirs here. Before either is used.
void count_libraries();

}  // namespace firmware
