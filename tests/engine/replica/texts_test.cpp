// Texts in the replica, with the power going at every write and sync: a mark is there before anything is handed over.
#include <functional>

#include "flash_fake.h"
#include "home.h"
#include "replica/statements.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;
using replica::NewText;
using replica::OutgoingText;

namespace {

const Error kDoubt{Domain::kEngine, 77, 0};

struct FlashHome : Home {
  FlashHome() {
    path = "account.db";
    vfs = "flash";
    arrival_kib = 16;
    page_bytes = 1024;
    cache_kib = 64;
  }
  /// Inbox 5, Sent 6, Outbox 9 with one text.
  bool furnish() {
    if (!open().ok()) return false;
    const bool made = store.hierarchy_begin(true).ok() && store.hierarchy_put("5", "0", "Inbox", 2).ok() &&
                      store.hierarchy_put("6", "0", "Sent", 5).ok() &&
                      store.hierarchy_put("9", "0", "Outbox", 6).ok() && store.hierarchy_commit("h1").ok();
    Arrival arrival(store);
    const auto put = [&](items::PropertyId id, Text value) {
      return arrival.begin(id).ok() && arrival.piece(bytes_of(value)).ok() && arrival.end().ok();
    };
    const auto put_number = [&](items::PropertyId id, std::int64_t value) {
      return arrival.begin(id).ok() && arrival.piece(items::NumberPiece(value).view()).ok() && arrival.end().ok();
    };
    return made && arrival.begin(folder("9"), 0, mono).ok() && arrival.item(Operation::kAdd).ok() &&
           arrival.server_id("9:1").ok() && arrival.item_is_text().ok() &&
           put(items::kTo, "\"+4930\" [MOBILE:+4930]") && put_number(items::kDateReceived, wall) &&
           arrival.begin(items::kBody).ok() && arrival.end().ok() && put_number(items::kBodyType, 1) &&
           put(items::kBodyData, "come home") && arrival.item_end(Error{}).ok() &&
           arrival.commit("k1", false, wall).ok();
  }
  std::int64_t number(const char* sql) { return replica::query_number(store.database(), sql).value(); }
};

std::string value(Store& store, ItemId item, items::PropertyId property) {
  std::byte room[256];
  const auto size = store.item_value(item, property, room);
  return size.ok() ? std::string(text_of(Bytes(room, size.value()))) : "(error)";
}

}  // namespace

TEST_GROUP(TextRows) {
  Flash& flash = Flash::instance();
  void setup() override { flash.clear(); }

  /// As the engine does it: `handed` counts what has left the device, and outlives its power.
  void hand_over(FlashHome & home, int& handed) {
    if (!home.store.texts_in_doubt(kDoubt).ok()) return;
    OutgoingText text;
    for (int i = 0; i < 5; ++i) {
      const auto next = home.store.next_text(true, home.wall, text);
      if (!next.ok() || !next.value()) return;
      ++handed;
      if (!home.store.text_sent(text, "\"+1\" [MOBILE:+1]", "c1", home.wall).ok()) return;
    }
  }
  /// `work` with a cut at each operation in turn and each way for unsynced data to survive, then `judge`.
  long cut_everywhere(const std::function<void(FlashHome&)>& work, const std::function<void(FlashHome&, bool)>& judge) {
    {
      FlashHome home;
      CHECK(home.furnish());
    }
    const auto image = flash.image();
    long points = 0;
    for (long cut = 1;; ++cut) {
      bool any = false;
      for (const Flash::Kept kept : Flash::kAllKinds) {
        flash.restore(image);
        {
          FlashHome home;
          CHECK(home.open().ok());
          flash.cut_at = flash.operations + cut;
          work(home);
          any = any || flash.dead;
          flash.dead = true;
        }
        flash.cut_at = 0;
        flash.power_on(kept, static_cast<std::uint64_t>(cut));
        FlashHome home;
        CHECK(home.open().ok());
        judge(home, any);
        CHECK(home.store.check().ok());
        ++points;
      }
      if (!any) return points;
    }
  }
};

TEST(TextRows, are_of_their_own_class_and_have_their_words) {
  FlashHome home;
  CHECK(home.furnish());
  LONGS_EQUAL(5, home.number("SELECT class FROM item"));
  OutgoingText text;
  CHECK(home.store.next_text(true, home.wall, text).value());
  STRCMP_EQUAL("come home", value(home.store, text.item, items::kBodyData).c_str());
  STRCMP_EQUAL("\"+4930\" [MOBILE:+4930]", value(home.store, text.item, items::kTo).c_str());
}

TEST(TextRows, one_is_handed_over_at_most_once_wherever_the_power_goes) {
  int handed = 0, doubtful = 0, sent = 0;
  const long points = cut_everywhere(
      [&](FlashHome& home) {
        handed = 0;
        hand_over(home, handed);
      },
      [&](FlashHome& home, bool) {
        hand_over(home, handed);
        hand_over(home, handed);
        CHECK(handed <= 1);
        const bool held = home.number("SELECT count(*) FROM change WHERE kind=7 AND parked=1") == 1;
        const bool done = home.number("SELECT count(*) FROM change WHERE kind=3 AND value=1") == 1 &&
                          home.number("SELECT count(*) FROM change WHERE kind=11") == 1 &&
                          home.number(
                              "SELECT count(*) FROM item WHERE class=5 AND folder=(SELECT id FROM folder WHERE"
                              " type=5)") == 1;
        CHECK(held != done);
        if (done) LONGS_EQUAL(1, handed);
        (held ? doubtful : sent) += 1;
      });
  CHECK(points > 20);
  CHECK(doubtful > 0 && sent > 0);
}

TEST(TextRows, one_that_the_modem_told_is_here_with_its_number_or_not_at_all) {
  bool told = false;
  cut_everywhere(
      [&](FlashHome& home) {
        NewText text;
        text.from = "\"+49170\" [MOBILE:+49170]";
        text.words = "hello";
        text.wall_ms = home.wall;
        text.client_id = "c7";
        text.modem_id = 7;
        told = home.store.text_told(text).ok();
      },
      [&](FlashHome& home, bool) {
        const bool row = home.number("SELECT count(*) FROM item WHERE author LIKE '%+49170%'") == 1;
        LONGS_EQUAL(row ? 7 : 0, home.store.get_number(Value::kTextsTaken).value());
        LONGS_EQUAL(row ? 1 : 0, home.number("SELECT count(*) FROM change WHERE kind=11 AND client_id='c7'"));
        if (told) CHECK(row);
      });
}

TEST(TextRows, an_add_is_the_same_bytes_each_time) {
  FlashHome home;
  CHECK(home.furnish());
  NewText text;
  text.from = "\"+49170\" [MOBILE:+49170]";
  text.words = "hello";
  text.wall_ms = home.wall;
  text.client_id = "c7";
  text.modem_id = 1;
  CHECK(home.store.text_told(text).ok());
  const FolderId inbox = home.inbox().id;
  CHECK(home.store.has_commands(inbox).value());
  CHECK(home.store.prepare_items(inbox, 141).ok());
  std::vector<std::byte> room(home.store.outgoing_bytes(inbox, 1024).value()), again(room.size());
  Outgoing out[2];
  LONGS_EQUAL(1, home.store.freeze_outgoing(inbox, 1, out, room).value());
  CHECK(out[0].add && out[0].text);
  STRCMP_EQUAL("c7", std::string(out[0].client_id.view()).c_str());
  home.store.close();
  CHECK(home.open().ok());
  CHECK(home.store.hold_texts(kDoubt).ok());  // what has been in a request goes again
  LONGS_EQUAL(1, home.store.freeze_outgoing(inbox, 1, out, again).value());
  CHECK(room == again);
}

TEST(TextRows, none_goes_up_while_they_are_held_and_all_do_afterwards) {
  FlashHome home;
  CHECK(home.furnish());
  NewText text;
  text.words = "hello";
  text.client_id = "c7";
  text.modem_id = 1;
  CHECK(home.store.text_told(text).ok());
  const FolderId inbox = home.inbox().id;
  CHECK(home.store.hold_texts(kDoubt).ok());
  CHECK(!home.store.has_outgoing(inbox).value());
  LONGS_EQUAL(77, home.number("SELECT code FROM change WHERE kind=11 AND parked=0"));
  CHECK(home.store.hold_texts(Error{}).ok());
  CHECK(home.store.has_outgoing(inbox).value());
}

TEST(TextRows, one_that_was_not_sent_waits_and_is_parked_in_the_end) {
  FlashHome home;
  CHECK(home.furnish());
  const Error busy{Domain::kHal, 110, 0};
  OutgoingText text;
  for (int tries = 1; tries <= 20; ++tries) {
    CHECK(home.store.next_text(true, home.wall, text).value());
    CHECK_EQUAL(tries == 20, home.store.text_not_sent(text, busy, false).value());
  }
  OutgoingText next;
  CHECK(!home.store.next_text(true, home.wall, next).value());
  CHECK(home.store.retry(text.change).ok());
  CHECK(home.store.next_text(false, home.wall, next).value());
  CHECK(next.change == text.change && next.item == text.item);
}
