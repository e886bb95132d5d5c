#include "firmware/counted_heap.h"

#include <mbedtls/platform.h>
#include <sqlite3.h>

#include <cstring>
#include <initializer_list>
#include <new>

extern "C" {
void* __real_malloc(std::size_t);
void __real_free(void*);
[[noreturn]] void board_fault(const char* what);
}

namespace firmware {
namespace {

/// Before every block; eight bytes, so that what follows stays aligned.
struct Head {
  std::uint32_t bytes;
  Owner owner;
  std::uint8_t mark[3];
};
static_assert(sizeof(Head) == 8);
constexpr std::uint8_t kMark[3] = {'h', 's', 'y'};
Heap counted;

Head* head_of(void* block) { return static_cast<Head*>(block) - 1; }

void add(Owner owner, std::int32_t bytes) {
  for (const std::size_t i : {static_cast<std::size_t>(owner), static_cast<std::size_t>(Owner::kAll)}) {
    counted.now[i] += bytes;
    if (counted.now[i] > counted.peak[i]) counted.peak[i] = counted.now[i];
  }
}

}  // namespace

Heap& heap() { return counted; }
void restart_peaks() { std::memcpy(counted.peak, counted.now, sizeof counted.peak); }

void* take(Owner owner, std::size_t bytes) {
  auto* head = static_cast<Head*>(__real_malloc(bytes + sizeof(Head)));
  if (head == nullptr) return nullptr;
  *head = {static_cast<std::uint32_t>(bytes), owner, {kMark[0], kMark[1], kMark[2]}};
  add(owner, static_cast<std::int32_t>(bytes));
  return head + 1;
}

void give(void* block) {
  if (block == nullptr) return;
  Head* head = head_of(block);
  if (std::memcmp(head->mark, kMark, sizeof kMark) != 0) return __real_free(block);  // the C library's own
  head->mark[0] = 0;
  add(head->owner, -static_cast<std::int32_t>(head->bytes));
  __real_free(head);
}

void* change(void* block, std::size_t bytes) {
  if (block == nullptr) return take(Owner::kOther, bytes);
  const Head* head = head_of(block);
  void* bigger = take(head->owner, bytes);
  if (bigger == nullptr) return nullptr;
  std::memcpy(bigger, block, head->bytes < bytes ? head->bytes : bytes);
  give(block);
  return bigger;
}

void count_libraries() {
  static const sqlite3_mem_methods kMethods = {
      [](int bytes) { return take(Owner::kSqlite, static_cast<std::size_t>(bytes)); },
      give,
      [](void* block, int bytes) { return change(block, static_cast<std::size_t>(bytes)); },
      [](void* block) { return static_cast<int>(head_of(block)->bytes); },
      [](int bytes) { return (bytes + 7) & ~7; },
      [](void*) { return SQLITE_OK; },
      [](void*) {},
      nullptr};
  sqlite3_config(SQLITE_CONFIG_MALLOC, &kMethods);
  mbedtls_platform_set_calloc_free(
      [](std::size_t count, std::size_t bytes) -> void* {
        void* block = take(Owner::kTls, count * bytes);
        return block != nullptr ? std::memset(block, 0, count * bytes) : nullptr;
      },
      give);
}

}  // namespace firmware

using firmware::Owner;

extern "C" {

void* __wrap_malloc(std::size_t bytes) { return firmware::take(Owner::kOther, bytes); }
void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  void* block = firmware::take(Owner::kOther, count * bytes);
  return block != nullptr ? std::memset(block, 0, count * bytes) : nullptr;
}
void* __wrap_realloc(void* block, std::size_t bytes) { return firmware::change(block, bytes); }
void __wrap_free(void* block) { firmware::give(block); }

/// zlib is built without allocation functions of its own (MY_ZCALLOC).
void* zcalloc(void*, unsigned items, unsigned bytes) {
  return firmware::take(Owner::kInflate, std::size_t{items} * bytes);
}
void zcfree(void*, void* block) { firmware::give(block); }

}  // extern "C"

namespace firmware {
namespace {
handsync::Room lent;
std::size_t lent_used;
}  // namespace

void lend(void*, handsync::Room room) {
  lent = room;
  lent_used = 0;
}

}  // namespace firmware

// Ours instead of libstdc++'s, which throw and so bring the unwinder, the demangler and a reserve for exceptions. While
// the engine lends a block, it is taken from there: as large as all that tinyxml2 may want.
void* operator new(std::size_t bytes) {
  if (!firmware::lent.empty()) {
    constexpr std::size_t kStep = alignof(std::max_align_t);
    const std::size_t at = firmware::lent_used;
    firmware::lent_used += (bytes + kStep - 1) / kStep * kStep;
    if (firmware::lent_used > firmware::lent.size()) board_fault("more than was lent");
    return firmware::lent.data() + at;
  }
  void* block = firmware::take(Owner::kOther, bytes);
  if (block == nullptr) board_fault("out of memory");
  return block;
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return firmware::take(Owner::kOther, bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return firmware::take(Owner::kOther, bytes); }
void operator delete(void* block) noexcept {
  if (block < firmware::lent.data() || block >= firmware::lent.data() + firmware::lent.size()) firmware::give(block);
}
void operator delete[](void* block) noexcept { operator delete(block); }
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
void operator delete[](void* block, std::size_t) noexcept { operator delete(block); }

namespace std {
void __throw_length_error(const char*) { board_fault("length error"); }
void __throw_logic_error(const char*) { board_fault("logic error"); }
void __throw_out_of_range(const char*) { board_fault("out of range"); }
void __throw_out_of_range_fmt(const char*, ...) { board_fault("out of range"); }
void __throw_bad_alloc() { board_fault("out of memory"); }
void __throw_bad_array_new_length() { board_fault("out of memory"); }
}  // namespace std
