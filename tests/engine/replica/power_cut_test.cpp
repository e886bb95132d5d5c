// The power goes at every write and sync of a replica's life, with four ways for unsynced data to survive.
#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "flash_fake.h"
#include "history.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

namespace {

struct FlashHome : Home {
  FlashHome() {
    path = "account.db";
    vfs = "flash";
    arrival_kib = 16;
    page_bytes = 1024;
    cache_kib = 64;
  }
};

std::vector<Script::Step> kSteps;
std::vector<std::string> kStates;                         // before each step, and after the last
std::vector<std::map<std::string, Flash::File>> kImages;  // the flash before each step, cleanly closed
std::vector<long> kOperations;                            // of each step

long orphans(sqlite3* database) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database,
                     "SELECT (SELECT count(*) FROM body_chunk WHERE id/65536 NOT IN (SELECT body_blob FROM item) AND"
                     " id/65536 NOT IN (SELECT blob FROM extra))+(SELECT count(*) FROM attachment WHERE id/65536 NOT IN"
                     " (SELECT attachment_list FROM item))+(SELECT count(*) FROM arrival_log)+"
                     "(SELECT count(*) FROM hierarchy_stage)",
                     -1, &statement, nullptr);
  sqlite3_step(statement);
  const long count = static_cast<long>(sqlite3_column_int64(statement, 0));
  sqlite3_finalize(statement);
  return count;
}

// A life without faults, remembered.
void rehearse() {
  if (!kSteps.empty()) return;
  kSteps = Script::steps();
  Flash& flash = Flash::instance();
  flash.clear();
  FlashHome home;
  CHECK(home.open().ok());
  for (const Script::Step& step : kSteps) {
    kStates.push_back(digest(home.store.database()));
    home.store.close();
    kImages.push_back(flash.image());
    CHECK(home.open().ok());
    const long before = flash.operations;
    CHECK_TEXT(step.run(home), step.name);
    home.store.close();
    kOperations.push_back(flash.operations - before);
    CHECK(home.open().ok());
    CHECK_TEXT(home.store.check().ok(), step.name);
  }
  kStates.push_back(digest(home.store.database()));
}

std::string where(const Script::Step& step, long cut, int kept) {
  return std::string(step.name) + " cut at " + std::to_string(cut) + " kept " + std::to_string(kept);
}

}  // namespace

TEST_GROUP(PowerCut) {
  Flash& flash = Flash::instance();
  void setup() override { rehearse(); }

  // Opens after a cut; what is found must be one of the two states.
  void recover(std::size_t index, bool said_ok, const std::string& name) {
    FlashHome home;
    CHECK_TEXT(home.open().ok(), name.c_str());
    const std::string found = digest(home.store.database());
    const bool after = found == kStates[index + 1];
    const bool before = found == kStates[index];
    if (!after && (said_ok || !before)) {
      std::printf("%s\n--- found\n%s--- before\n%s--- after\n%s", name.c_str(), found.c_str(), kStates[index].c_str(),
                  kStates[index + 1].c_str());
    }
    CHECK_TEXT(after || (!said_ok && before), name.c_str());
    CHECK_TEXT(home.store.check().ok(), name.c_str());
    for (int i = 0; i < 100; ++i) {
      const Result<bool> more = home.store.idle(home.mono);
      CHECK_TEXT(more.ok(), name.c_str());
      if (!more.value()) break;
    }
    LONGS_EQUAL_TEXT(0, orphans(home.store.database()), name.c_str());
    CHECK_TEXT(home.store.check().ok(), name.c_str());
    STRCMP_EQUAL_TEXT(found.c_str(), digest(home.store.database()).c_str(), name.c_str());
  }
};

TEST(PowerCut, OldOrNewAndNothingBetween) {
  long cuts = 0, second = 0;
  for (std::size_t index = 0; index < kSteps.size(); ++index) {
    // Long steps are cut at every fifth operation, the others at each.
    const long stride = kOperations[index] > 60 ? 5 : 1;
    for (long cut = 1; cut <= kOperations[index]; cut += stride) {
      for (const Flash::Kept kept : Flash::kAllKinds) {
        const std::string name = where(kSteps[index], cut, static_cast<int>(kept));
        flash.restore(kImages[index]);
        bool said_ok = false;
        {
          FlashHome home;
          CHECK(home.open().ok());
          flash.cut_at = flash.operations + cut;
          said_ok = kSteps[index].run(home);
          flash.dead = true;
        }
        flash.power_on(kept, static_cast<std::uint64_t>(cut));
        ++cuts;
        if (cut % 7 == 3) {
          // And once more, while it recovers.
          flash.cut_at = 1 + cut % 11;
          {
            FlashHome home;
            if (home.open().ok()) {
              while (!flash.dead && home.store.idle(home.mono).ok() && home.store.idle(home.mono).value()) {
              }
            }
            flash.dead = true;
          }
          flash.power_on(kept, static_cast<std::uint64_t>(cut) + 1);
          ++second;
        }
        recover(index, said_ok, name);
      }
    }
  }
  std::printf("[%ld cuts, %ld of them twice] ", cuts, second);
}

TEST(PowerCut, AlsoWhileTheReplicaIsMade) {
  for (long cut = 1; cut < 200; ++cut) {
    for (const Flash::Kept kept : Flash::kAllKinds) {
      flash.clear();
      flash.cut_at = cut;
      bool opened = false;
      {
        FlashHome home;
        opened = home.open().ok();
        flash.dead = true;
      }
      flash.power_on(kept, static_cast<std::uint64_t>(cut));
      FlashHome home;
      CHECK(home.open().ok());
      CHECK(home.store.check().ok());
      if (opened && !flash.dead && kept == Flash::Kept::kNothing && cut > 150) return;
    }
  }
}

TEST(PowerCut, AnOperationThatFailsIsAnAnswerAndCanBeRepeated) {
  for (std::size_t index = 0; index < kSteps.size(); ++index) {
    const long stride = kOperations[index] > 100 ? 5 : 1;
    for (long fail = 1; fail <= kOperations[index]; fail += stride) {
      for (const int code : {SQLITE_IOERR_WRITE, SQLITE_FULL}) {
        const std::string name = where(kSteps[index], fail, code);
        flash.restore(kImages[index]);
        FlashHome home;
        CHECK(home.open().ok());
        flash.fail_with = code;
        flash.fail_at = flash.operations + fail;
        const bool said_ok = kSteps[index].run(home);
        std::string found = digest(home.store.database());
        CHECK_TEXT(found == kStates[index + 1] || (!said_ok && found == kStates[index]), name.c_str());
        if (!said_ok && found == kStates[index]) {
          CHECK_TEXT(kSteps[index].run(home), name.c_str());
          found = digest(home.store.database());
          STRCMP_EQUAL_TEXT(kStates[index + 1].c_str(), found.c_str(), name.c_str());
        }
        CHECK_TEXT(home.store.check().ok(), name.c_str());
      }
    }
  }
}

/// Reads, sizes and locks as well, once and from there on until the program starts again; a disk is full when it
/// writes.
TEST(PowerCut, EveryCallOfTheFileSystemFailsInTurn) {
  static constexpr std::pair<std::string_view, int> kCodes[] = {
      {"read", SQLITE_IOERR_READ},         {"write", SQLITE_FULL},        {"sync", SQLITE_IOERR_FSYNC},
      {"truncate", SQLITE_IOERR_TRUNCATE}, {"create", SQLITE_CANTOPEN},   {"delete", SQLITE_IOERR_DELETE},
      {"size", SQLITE_IOERR_FSTAT},        {"lock", SQLITE_IOERR_RDLOCK}, {"map", SQLITE_IOERR_SHMMAP}};
  constexpr long kNever = LONG_MAX;
  const bool all = std::getenv("HANDSYNC_LONG") != nullptr;
  long calls = 0, fail_at = kNever, lives = 0;
  bool for_ever = false;
  const auto hook = [&](std::string_view what) {
    ++calls;
    if (for_ever ? calls < fail_at : calls != fail_at) return SQLITE_OK;
    const auto* row =
        std::find_if(std::begin(kCodes), std::end(kCodes), [&](auto& each) { return each.first == what; });
    return row == std::end(kCodes) ? SQLITE_IOERR : row->second;
  };
  for (std::size_t index = 0; index < kSteps.size(); ++index) {
    const auto run = [&](bool ever, long at, const std::string& name) {
      flash.restore(kImages[index]);
      auto home = std::make_unique<FlashHome>();
      calls = 0;
      fail_at = at;
      for_ever = ever;
      flash.on_operation = hook;
      const bool said_ok = home->open().ok() && kSteps[index].run(*home);
      home->store.close();
      flash.on_operation = nullptr;
      ++lives;
      home = std::make_unique<FlashHome>();
      CHECK_TEXT(home->open().ok(), name.c_str());
      std::string found = digest(home->store.database());
      CHECK_TEXT(found == kStates[index + 1] || (!said_ok && found == kStates[index]), name.c_str());
      if (found == kStates[index] && !said_ok) CHECK_TEXT(kSteps[index].run(*home), name.c_str());
      STRCMP_EQUAL_TEXT(kStates[index + 1].c_str(), digest(home->store.database()).c_str(), name.c_str());
      CHECK_TEXT(home->store.check().ok(), name.c_str());
    };
    run(false, kNever, kSteps[index].name);
    const long count = calls, stride = all ? 1 : count / 20 + 1;
    for (long at = 1 + static_cast<long>(index) % stride; at <= count; at += stride)
      for (const bool ever : {false, true}) run(ever, at, where(kSteps[index], at, ever));
  }
  std::printf("[%ld lives] ", lives);
}

TEST(PowerCut, SyncsAreCounted) {
  // What must last costs one sync; a response is one, whatever it brings.
  flash.restore(kImages[3]);
  FlashHome home;
  CHECK(home.open().ok());
  CHECK(home.store.put_number(Value::kHeartbeat, 480).ok());  // the first frame of a new log also syncs its header
  long before = flash.syncs;
  CHECK(home.store.mark_read(Script::id_of(home, "5:2"), true, home.wall).ok());
  LONGS_EQUAL(1, flash.syncs - before);
  before = flash.syncs;
  CHECK(Script::window(home, 15, 20, "5:", "k2", false));
  LONGS_EQUAL(1, flash.syncs - before);
}
