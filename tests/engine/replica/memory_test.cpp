// Every allocation fails in turn, ours and SQLite's.
#include <cstdlib>

#include "flash_fake.h"
#include "history.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

namespace {

// SQLite's allocator, with a count and a place to fail.
struct SqlHeap {
  long taken = 0, fail_at = 0;
  bool for_ever = false;
  bool refuse() {
    ++taken;
    return fail_at != 0 && (for_ever ? taken >= fail_at : taken == fail_at);
  }
};
SqlHeap sql_heap;

struct Block {
  alignas(16) std::size_t size;
};
void* sql_malloc(int size) {
  if (sql_heap.refuse()) return nullptr;
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + static_cast<std::size_t>(size)));
  block->size = static_cast<std::size_t>(size);
  return block + 1;
}
void sql_free(void* data) {
  if (data != nullptr) std::free(static_cast<Block*>(data) - 1);
}
void* sql_realloc(void* data, int size) {
  if (sql_heap.refuse()) return nullptr;
  auto* block = static_cast<Block*>(std::realloc(data == nullptr ? nullptr : static_cast<Block*>(data) - 1,
                                                 sizeof(Block) + static_cast<std::size_t>(size)));
  block->size = static_cast<std::size_t>(size);
  return block + 1;
}
int sql_size(void* data) { return data == nullptr ? 0 : static_cast<int>((static_cast<Block*>(data) - 1)->size); }
int sql_round(int size) { return (size + 7) & ~7; }
int sql_start(void*) { return SQLITE_OK; }
void sql_stop(void*) {}

}  // namespace

TEST_GROUP(Memory){};

TEST(Memory, OurOwnAllocationsFailInTurn) {
  for (long fail = 1; fail < 40; ++fail) {
    Home home;
    home.arrival_kib = 64;
    home.heap.fail_at = fail;
    bool reached_end = home.open().ok();
    if (!reached_end) {
      CHECK_FALSE(home.store.is_open());
      CHECK(home.open().ok());
    }
    CHECK(home.folders());
    std::string before;
    for (const Script::Step& step : Script::steps()) {
      before = digest(home.store.database());
      if (step.run(home)) continue;
      reached_end = false;
      STRCMP_EQUAL(before.c_str(), digest(home.store.database()).c_str());
      CHECK_TEXT(step.run(home), step.name);
    }
    CHECK(home.store.check().ok());
    home.store.close();
    LONGS_EQUAL(0, home.heap.live);
    if (home.heap.taken < fail) return;  // nothing was left to fail
  }
  FAIL("more allocations than were thought of");
}

TEST(Memory, AReaderWithoutMemoryIsAnAnswer) {
  Home home;
  CHECK(fill(home, 2));
  home.heap.fail_at = home.heap.taken + 1;
  const Result<Reader*> reader = replica::open_reader(home.options(), home.heap.memory());
  CHECK(reader.error().domain == Domain::kMemory);
  LONGS_EQUAL(2, home.inbox_rows().size());
}

TEST(Memory, SqlitesAllocationsFailInTurn) {
  sqlite3_shutdown();
  sqlite3_mem_methods before{},
      ours{sql_malloc, sql_free, sql_realloc, sql_size, sql_round, sql_start, sql_stop, nullptr};
  LONGS_EQUAL(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_GETMALLOC, &before));
  LONGS_EQUAL(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_MALLOC, &ours));
  sqlite3_initialize();
  Flash& flash = Flash::instance();
  flash.clear();
  const auto life = [](Home& home, bool faults) {
    std::string state;
    for (const Script::Step& step : Script::steps()) {
      if (faults) {
        const SqlHeap kept = sql_heap;
        sql_heap.fail_at = 0;
        state = digest(home.store.database());
        sql_heap.fail_at = kept.fail_at;
        sql_heap.taken = kept.taken;
      }
      if (step.run(home)) continue;
      CHECK(faults);
      sql_heap.fail_at = 0;  // memory is there again
      const std::string found = digest(home.store.database());
      if (found == state) CHECK_TEXT(step.run(home), step.name);
    }
  };
  std::string end;
  long all = 0;
  {
    Home home;
    home.path = "account.db";
    home.vfs = "flash";
    home.arrival_kib = 16;
    sql_heap = {};
    CHECK(home.open().ok());
    life(home, false);
    all = sql_heap.taken;
    end = digest(home.store.database());
  }
  const long stride = all / 120 + 1;
  for (const bool for_ever : {false, true}) {
    for (long fail = 1; fail < all; fail += stride) {
      flash.clear();
      Home home;
      home.path = "account.db";
      home.vfs = "flash";
      home.arrival_kib = 16;
      sql_heap = {0, fail, for_ever};
      if (!home.open().ok()) {
        sql_heap.fail_at = 0;
        CHECK(home.open().ok());
      }
      life(home, true);
      sql_heap.fail_at = 0;
      STRCMP_EQUAL(end.c_str(), digest(home.store.database()).c_str());
      CHECK(home.store.check().ok());
    }
  }
  flash.clear();
  sqlite3_shutdown();
  sqlite3_config(SQLITE_CONFIG_MALLOC, &before);
  sqlite3_initialize();
  Flash::instance();
}
