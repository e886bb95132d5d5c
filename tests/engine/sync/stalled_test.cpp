/// A server that stops in the middle of an answer for five minutes holds up nobody: not who marks, not who reads, not
/// the power.
#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint64_t kMinute = 60'000;

/// Stands in the middle of the answer to a Sync: ten mails are here and marked, five large ones are on their way.
struct Stalled : World {
  explicit Stalled(std::size_t at_piece) : World(with()) {
    AccountSettings settings;
    settings.body_bytes_max = UINT32_MAX;
    settings.window_max = 100;
    id = add(kEmail, "demo", settings);
    LONGS_EQUAL(0, sync(id).code);
    for (int i = 0; i < 5; ++i) server().deliver(kEmail, "On its way " + std::to_string(i));
    piece_bytes = 9000;
    stall_at_piece = at_piece;
    stall_ms = 5 * kMinute;
    CHECK(engine().sync(id, FolderId{}, now()).ok());
    CHECK(run_until([this] { return !stall_at_piece.has_value(); }, kMinute));
    run_for(2 * kMinute);
    LONGS_EQUAL(10, subjects(id).size());  // nothing of it is seen yet
  }
  static exchange::Options with() {
    exchange::Options options;
    options.mails = 10;
    options.body_bytes = 30'000;
    options.policy = std::nullopt;
    return options;
  }
  AccountId id{};
};

constexpr std::size_t kPieces = 17;  // of 9,000 bytes: five mails of 30,000

}  // namespace

TEST_GROUP(StalledAnswer){};

TEST(StalledAnswer, MarksAndReadsAnswerAtOnce) {
  for (std::size_t piece = 0; piece < kPieces; piece += 2) {
    Stalled world(piece);
    std::uint64_t from = world.now_ms();
    ItemId item = world.item(world.id, 3), other = world.item(world.id, 4);
    CHECK(world.engine().changes(world.id).mark(item, Mark::kFlag).ok());
    bool shown = false;
    world.for_each_item(world.id, "Inbox",
                        [&](const ItemRow& row) { shown = shown || (row.id == item && row.flagged); });
    CHECK(shown);
    LONGS_EQUAL(30'000, world.body(world.id, item).size());
    CHECK(world.engine().changes(world.id).mark(other, Mark::kDone).ok());
    LONGS_EQUAL(from, world.now_ms());  // no time has passed for any of it
    CHECK(world.run_until_idle(world.id, 30 * kMinute));
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(15, world.subjects(world.id).size());
    STRCMP_EQUAL("", difference(world, world.id, true).c_str());
    CHECK(world.queue(world.id).empty());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(StalledAnswer, AReaderHeldOpenHoldsUpNothing) {
  Stalled world(5);
  auto reader = world.engine().reader(world.id);
  CHECK(reader.ok());
  auto cursor = reader.value()->list(Query{});
  CHECK(cursor.ok());
  ItemRow row;
  CHECK(cursor.value()->step(row).value());
  ItemId first = row.id;
  CHECK(world.engine().changes(world.id).mark(first, Mark::kFlag).ok());
  CHECK(world.run_until_idle(world.id, 30 * kMinute));
  std::size_t count = 1;
  for (auto step = cursor.value()->step(row); step.ok() && step.value(); step = cursor.value()->step(row)) ++count;
  CHECK(count >= 10);  // what it stands on is whole, whatever was committed meanwhile
  cursor.value()->close();
  reader.value()->close();
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(StalledAnswer, APowerCutKeepsTheMarkAndLosesOnlyWhatHadNotArrived) {
  for (std::size_t piece = 0; piece < kPieces; ++piece) {
    Stalled world(piece);
    ItemId item = world.item(world.id, 3);
    CHECK(world.engine().changes(world.id).mark(item, Mark::kFlag).ok());
    world.power_off();
    world.power_on();
    LONGS_EQUAL(10, world.subjects(world.id).size());
    LONGS_EQUAL(1, world.queue(world.id).size());
    CHECK(world.engine().integrity(world.id).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL("", difference(world, world.id, true).c_str());
    CHECK(world.queue(world.id).empty());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(StalledAnswer, SilenceWithoutEndIsATimeOutAndASmallerWindow) {
  Stalled world(4);
  world.stall_at_piece = 0;  // the next one as well, for longer than anyone waits
  world.stall_ms = 24 * 60 * kMinute;
  static_cast<void>(world.run_until_idle(world.id, 60 * kMinute));
  world.stall_at_piece = 0;
  std::size_t before = world.sent.size();
  CHECK(world.engine().sync(world.id, FolderId{}, world.now()).ok());
  CHECK(world.run_until_idle(world.id, 4 * 60 * kMinute));
  LONGS_EQUAL(0, world.error(world.id).code);
  CHECK(world.sent.size() > before + 1);
  LONGS_EQUAL(15, world.subjects(world.id).size());
  STRCMP_EQUAL("", difference(world, world.id, true).c_str());
}

TEST(StalledAnswer, DeselectingOrRemovingDoesNotWaitForIt) {
  {
    Stalled world(6);
    CHECK(world.engine().changes(world.id).select(world.folder_id(world.id, "Inbox"), false).ok());
    LONGS_EQUAL(0, world.subjects(world.id).size());
    CHECK(world.run_until_idle(world.id, kMinute));
  }
  {
    Stalled world(6);
    world.idle[world.id] = 0;
    CHECK(world.engine().remove_account(world.id, world.now()).ok());
    CHECK(world.run_until_idle(world.id, kMinute));
    CHECK_FALSE(world.engine().account(world.id).ok());
  }
}
