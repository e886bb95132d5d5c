// Deletions, moves and categories made here, and what becomes of them.
#include "home.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;
using handsync::replica::OutgoingMove;

TEST_GROUP(Placement) {
  Home home;
  std::byte texts[2048];
  void setup() override { CHECK(fill(home, 6)); }
  void teardown() override {
    CHECK(home.store.check().ok());
    home.store.close();
    LONGS_EQUAL(0, home.heap.live);
  }
  FolderId inbox() { return home.inbox().id; }
  FolderId work() { return home.folder("7").id; }
  ItemId id(int n) { return home.id_of("5:" + std::to_string(n)); }
  std::size_t listed(FolderId folder) {
    Query query;
    query.folder = folder;
    return home.list(query).size();
  }
  std::vector<Outgoing> freeze(std::uint32_t request, std::size_t most = 50) {
    std::vector<Outgoing> out(most);
    out.resize(home.store.freeze_outgoing(inbox(), request, out, texts).value());
    return out;
  }
  std::vector<OutgoingMove> freeze_moves() {
    std::vector<OutgoingMove> out(20);
    out.resize(home.store.freeze_moves(out).value());
    return out;
  }
  void sync_work() {
    CHECK(Response(home, home.folder("7"), 0).commit("w0").ok());
    CHECK(Response(home, home.folder("7"), 0).commit("w1").ok());
  }
  std::uint32_t items_of(const std::string& server_id) { return home.folder_row(server_id).items; }
  std::size_t waiting() { return home.store.queue_length(false).value(); }
  std::size_t parked() { return home.store.queue_length(true).value(); }
};

TEST(Placement, ADeletedItemIsListedNowhereAndGoesWhenTheServerAgrees) {
  const ItemId one = id(1);
  CHECK(home.store.remove(one, false, home.wall).value() != 0);
  LONGS_EQUAL(5, listed(inbox()));
  LONGS_EQUAL(5, items_of("5"));
  LONGS_EQUAL(5, home.inbox_folder().unread);
  LONGS_EQUAL(replica::kNoSuchItem, home.store.mark_read(one, true, home.wall).error().code);
  std::vector<Outgoing> out = freeze(7);
  LONGS_EQUAL(1, out.size());
  CHECK(out[0].remove && !out[0].for_good);
  // The server may still speak of it before it hears: nothing shows.
  Response before(home);
  CHECK(before.read("5:1", 1).commit("k2", true).ok());
  LONGS_EQUAL(5, listed(inbox()));
  LONGS_EQUAL(5, home.inbox_folder().unread);
  LONGS_EQUAL(1, freeze(7).size());
  CHECK(Response(home, 7).commit("k3").ok());
  LONGS_EQUAL(0, waiting());
  LONGS_EQUAL(5, items_of("5"));
  CHECK(home.store.check().ok());
}

TEST(Placement, ARefusedDeletionBringsTheItemBackAndOtherEditsGoOn) {
  const ItemId one = id(1);
  CHECK(home.store.mark_read(one, true, home.wall).ok());
  const std::uint64_t change = home.store.remove(one, false, home.wall).value();
  std::vector<Outgoing> out = freeze(7);
  LONGS_EQUAL(1, out.size());
  CHECK(out[0].remove && !out[0].has_read);
  Response refused(home, 7);
  CHECK(refused.item(Operation::kAnswerDelete, "5:1", 6).end().commit("k2").ok());
  LONGS_EQUAL(1, parked());
  LONGS_EQUAL(6, listed(inbox()));
  CHECK(home.find("5:1").read);
  out = freeze(8);
  LONGS_EQUAL(1, out.size());
  CHECK(out[0].has_read && !out[0].remove);
  CHECK(Response(home, 8).commit("k3").ok());
  // Tried again it is gone again; what the server does not have any more is deleted.
  CHECK(home.store.retry(change).ok());
  LONGS_EQUAL(5, listed(inbox()));
  LONGS_EQUAL(1, freeze(9).size());
  Response gone(home, 9);
  CHECK(gone.item(Operation::kAnswerDelete, "5:1", 8).end().commit("k4").ok());
  LONGS_EQUAL(0, waiting() + parked());
}

TEST(Placement, ADroppedDeletionIsUndone) {
  const std::uint64_t change = home.store.remove(id(2), true, home.wall).value();
  CHECK(home.store.drop(change).ok());
  LONGS_EQUAL(6, listed(inbox()));
  LONGS_EQUAL(6, items_of("5"));
  LONGS_EQUAL(0, waiting());
}

TEST(Placement, OneRequestDeletesForGoodOrNot) {
  CHECK(home.store.remove(id(1), true, home.wall).ok());
  CHECK(home.store.remove(id(2), false, home.wall).ok());
  CHECK(home.store.remove(id(3), true, home.wall).ok());
  CHECK(home.store.mark_read(id(4), true, home.wall).ok());
  std::vector<Outgoing> out = freeze(7);
  LONGS_EQUAL(3, out.size());
  CHECK(out[0].for_good && out[1].for_good && out[2].has_read);
  LONGS_EQUAL(3, freeze(7).size());
  CHECK(Response(home, 7).commit("k2").ok());
  out = freeze(8);
  LONGS_EQUAL(1, out.size());
  CHECK(out[0].remove && !out[0].for_good);
}

TEST(Placement, WhatTheServerDeletedToo) {
  CHECK(home.store.remove(id(1), false, home.wall).ok());
  CHECK(Response(home).remove("5:1").commit("k2").ok());
  LONGS_EQUAL(0, waiting() + parked());
  LONGS_EQUAL(5, items_of("5"));
}

TEST(Placement, AMovedItemIsListedThereAtOnceAndKeepsItsId) {
  sync_work();
  const ItemId one = id(1);
  CHECK(home.store.move(one, work(), home.wall).value() != 0);
  LONGS_EQUAL(5, listed(inbox()));
  LONGS_EQUAL(1, listed(work()));
  LONGS_EQUAL(1, items_of("7"));
  CHECK(home.store.has_moves().value());
  CHECK_FALSE(home.store.has_outgoing(inbox()).value());
  LONGS_EQUAL(0, freeze(7).size());
  // What the server says of it meanwhile counts where it is listed.
  CHECK(Response(home).read("5:1", 1).commit("k2").ok());
  LONGS_EQUAL(0, home.folder_row("7").unread);
  const std::vector<OutgoingMove> moves = freeze_moves();
  LONGS_EQUAL(1, moves.size());
  STRCMP_EQUAL("5:1", std::string(moves[0].server_id.view()).c_str());
  STRCMP_EQUAL("7", std::string(moves[0].to_server_id.view()).c_str());
  LONGS_EQUAL(0, freeze_moves().size());
  CHECK(home.store.move_done(moves[0].change, "7:9").ok());
  CHECK_FALSE(home.store.has_moves().value());
  CHECK(home.id_of("7:9") == one);
  LONGS_EQUAL(1, listed(work()));
  // The echo of it is nothing new.
  CHECK(Response(home).remove("5:1").commit("k3").ok());
  Mail mail;
  mail.subject = "Mail 1";
  const Applied applied = Response(home, home.folder("7"), 0).add("7:9", mail).commit("w2").value();
  LONGS_EQUAL(0, applied.added);
  CHECK(home.id_of("7:9") == one);
  LONGS_EQUAL(1, items_of("7"));
  LONGS_EQUAL(5, items_of("5"));
}

TEST(Placement, OtherEditsGoBeforeAMoveAndThoseMadeWhileItIsOnItsWayAfterIt) {
  sync_work();
  CHECK(home.store.mark_read(id(1), true, home.wall).ok());
  const ItemId one = id(1);
  CHECK(home.store.move(one, work(), home.wall).ok());
  LONGS_EQUAL(0, freeze_moves().size());
  LONGS_EQUAL(1, freeze(7).size());
  CHECK(Response(home, 7).commit("k2").ok());
  const std::vector<OutgoingMove> moves = freeze_moves();
  LONGS_EQUAL(1, moves.size());
  CHECK(home.store.mark_flag(one, 2, home.wall).ok());
  CHECK_FALSE(home.store.has_outgoing(inbox()).value());
  LONGS_EQUAL(0, freeze(8).size());
  CHECK(home.store.move_done(moves[0].change, "7:9").ok());
  CHECK(home.store.has_outgoing(work()).value());
  std::vector<Outgoing> out(5);
  LONGS_EQUAL(1, home.store.freeze_outgoing(work(), 9, out).value());
  STRCMP_EQUAL("7:9", std::string(out[0].server_id.view()).c_str());
}

TEST(Placement, ThereAndBackIsNoMove) {
  sync_work();
  const ItemId one = id(1);
  CHECK(home.store.move(one, work(), home.wall).value() != 0);
  LONGS_EQUAL(0, home.store.move(one, inbox(), home.wall).value());
  CHECK_FALSE(home.store.has_moves().value());
  LONGS_EQUAL(6, listed(inbox()));
  // But once it has been sent, the way back is a move too.
  CHECK(home.store.move(one, work(), home.wall).ok());
  std::vector<OutgoingMove> moves = freeze_moves();
  CHECK(home.store.move(one, inbox(), home.wall).value() != 0);
  LONGS_EQUAL(6, listed(inbox()));
  CHECK(home.store.move_done(moves[0].change, "7:9").ok());
  LONGS_EQUAL(6, listed(inbox()));
  moves = freeze_moves();
  LONGS_EQUAL(1, moves.size());
  STRCMP_EQUAL("7", std::string(moves[0].from_server_id.view()).c_str());
  CHECK(home.store.move_done(moves[0].change, "5:77").ok());
  CHECK(home.id_of("5:77") == one);
}

TEST(Placement, AMoveInDoubtIsSettledByItsFoldersSync) {
  sync_work();
  CHECK(home.store.move(id(1), work(), home.wall).ok());
  CHECK(home.store.move(id(2), work(), home.wall).ok());
  LONGS_EQUAL(2, freeze_moves().size());
  home.store.close();
  CHECK(home.open().ok());
  FolderId doubtful[4];
  LONGS_EQUAL(1, home.store.moves_in_doubt(doubtful).value());
  CHECK(doubtful[0] == inbox());
  // One has been moved, the other not.
  CHECK(Response(home).remove("5:1").commit("k2").ok());
  CHECK(home.store.thaw_moves(inbox()).ok());
  const std::vector<OutgoingMove> moves = freeze_moves();
  LONGS_EQUAL(1, moves.size());
  STRCMP_EQUAL("5:2", std::string(moves[0].server_id.view()).c_str());
  LONGS_EQUAL(0, parked());
  // Its item has come to the other folder before the answer: what waits is wanted of that one.
  Mail mail;
  mail.subject = "Mail 2";
  CHECK(Response(home, home.folder("7"), 0).add("7:2", mail).commit("w2").ok());
  CHECK(home.store.mark_flag(id(2), 2, home.wall).ok());
  CHECK(home.store.move_done(moves[0].change, "7:2").ok());
  LONGS_EQUAL(1, listed(work()));
  CHECK(home.find("7:2").edited);
  CHECK(home.store.has_outgoing(work()).value());
}

TEST(Placement, ARefusedMoveIsBackInItsFolderAfterThreeTries) {
  sync_work();
  CHECK(home.store.move(id(1), work(), home.wall).ok());
  const Error reason{Domain::kEas, 13'005, 0};
  for (int i = 0; i < 3; ++i) {
    const std::vector<OutgoingMove> moves = freeze_moves();
    LONGS_EQUAL(1, moves.size());
    LONGS_EQUAL(i == 2, home.store.move_refused(moves[0].change, reason, true).value());
    CHECK(home.store.thaw_moves(inbox()).ok());
  }
  LONGS_EQUAL(1, parked());
  LONGS_EQUAL(6, listed(inbox()));
  LONGS_EQUAL(0, listed(work()));
  const std::uint64_t change = home.queue()[0].id;
  CHECK(home.store.retry(change).ok());
  LONGS_EQUAL(1, listed(work()));
  CHECK(home.store.drop(change).ok());
  LONGS_EQUAL(6, listed(inbox()));
}

TEST(Placement, WhereNothingIsKeptAMovedItemIsNotListed) {
  CHECK(home.store.select(work(), false).ok());
  CHECK(home.store.move(id(1), work(), home.wall).ok());
  LONGS_EQUAL(5, listed(inbox()));
  LONGS_EQUAL(0, listed(work()));
  CHECK(home.store.select(work(), true).ok());
  LONGS_EQUAL(1, listed(work()));
  CHECK(home.store.select(work(), false).ok());
  const std::vector<OutgoingMove> moves = freeze_moves();
  CHECK(home.store.move_done(moves[0].change, "7:9").ok());
  CHECK(home.id_of("7:9") == ItemId{});
  LONGS_EQUAL(0, waiting() + parked());
}

TEST(Placement, AFolderDeselectedAndSelectedAgainHasItsItemsBackWithoutTheEditsThatWereParked) {
  CHECK(home.store.mark_read(id(1), true, home.wall).ok());
  CHECK(home.store.remove(id(2), true, home.wall).ok());
  CHECK(home.store.move(id(3), work(), home.wall).ok());
  CHECK(home.store.select(inbox(), false).ok());
  LONGS_EQUAL(0, listed(work()));
  LONGS_EQUAL(3, parked());
  CHECK(home.store.select(inbox(), true).ok());
  LONGS_EQUAL(6, listed(inbox()));
}

TEST(Placement, AFolderThatGoesParksWhatWasToBeMovedThere) {
  CHECK(home.store.move(id(1), work(), home.wall).ok());
  CHECK(home.store.hierarchy_begin(false).ok());
  CHECK(home.store.hierarchy_remove("7").ok());
  CHECK(home.store.hierarchy_commit("h2").value());
  LONGS_EQUAL(6, listed(inbox()));
  LONGS_EQUAL(1, parked());
  LONGS_EQUAL(replica::kNoSuchFolder, home.store.retry(home.queue()[0].id).error().code);
  LONGS_EQUAL(replica::kNoSuchFolder, home.store.move(id(1), FolderId{99}, home.wall).error().code);
  FolderId calendar{};
  home.with_reader([&](Reader& reader) {
    Cursor<FolderRow>* cursor = reader.folders().value();
    FolderRow row;
    for (Result<bool> more = cursor->step(row); more.ok() && more.value(); more = cursor->step(row)) {
      if (row.server_id == "8") calendar = row.id;
    }
    cursor->close();
    return 0;
  });
  LONGS_EQUAL(replica::kWrongFolder, home.store.move(id(1), calendar, home.wall).error().code);
}

TEST(Placement, AReKeyConfirmsWhatIsListedElsewhere) {
  sync_work();
  const ItemId two = id(2);
  CHECK(home.store.remove(id(1), false, home.wall).ok());
  CHECK(home.store.move(two, work(), home.wall).ok());
  CHECK(home.store.rekey_begin(inbox()).ok());
  CHECK(Response(home).commit("r0").ok());
  Response all(home);
  for (int n = 1; n <= 5; ++n) {  // the same mails under new ids, but for the last
    Mail mail;
    mail.subject = "Mail " + std::to_string(n);
    mail.received += n * 60'000;
    all.add("n:" + std::to_string(n), mail);
  }
  CHECK(all.commit("r1").ok());
  LONGS_EQUAL(3, listed(inbox()));
  LONGS_EQUAL(1, listed(work()));
  CHECK(home.id_of("n:2") == two);
  LONGS_EQUAL(1, freeze(7).size());
  LONGS_EQUAL(1, freeze_moves().size());
}

TEST(Placement, CategoriesAreAListThatIsSentWhole) {
  CHECK(home.store.mark_category(id(1), "Travel", true, home.wall).value() != 0);
  CHECK(home.store.mark_category(id(1), "Größe", true, home.wall).value() != 0);
  LONGS_EQUAL(0, home.store.mark_category(id(2), "Travel", false, home.wall).value());
  std::vector<Outgoing> out = freeze(7);
  LONGS_EQUAL(1, out.size());
  STRCMP_EQUAL("Travel\x1FGröße", std::string(out[0].categories).c_str());
  // The server's own word waits beside the edit.
  Response said(home);
  said.item(Operation::kChange, "5:1");
  said.text(items::kCategories, "Work");
  CHECK(said.end().commit("k2", true).ok());
  STRCMP_EQUAL("Travel\x1FGröße", home.categories("5:1").c_str());
  LONGS_EQUAL(1, freeze(7).size());
  Response refused(home, 7);
  CHECK(refused.answer("5:1", 7).commit("k3").ok());
  LONGS_EQUAL(1, parked());
  STRCMP_EQUAL("Work", home.categories("5:1").c_str());
  CHECK(home.store.mark_category(id(1), "Work", false, home.wall).ok());
  STRCMP_EQUAL("", home.categories("5:1").c_str());
  out = freeze(8);
  CHECK(out[0].has_categories && out[0].categories.empty());
  CHECK(Response(home, 8).commit("k4").ok());
  LONGS_EQUAL(replica::kTooManyCategories, home.store.mark_category(id(3), "", true, 0).error().code);
  LONGS_EQUAL(replica::kTooManyCategories, home.store.mark_category(id(3), "a\nb", true, 0).error().code);
  for (int i = 0; i < 4; ++i) {
    CHECK(home.store.mark_category(id(3), std::string(250, static_cast<char>('a' + i)), true, 0).ok());
  }
  LONGS_EQUAL(replica::kTooManyCategories,
              home.store.mark_category(id(3), std::string(250, 'z'), true, 0).error().code);
}

TEST(Placement, MoreNamesThanARequestHoldsWaitForTheNext) {
  for (int n = 1; n <= 6; ++n)
    CHECK(home.store.mark_category(id(n), std::string(240, 'c') + std::to_string(n), true, 0).ok());
  std::vector<Outgoing> out(50);
  std::byte small[500];
  LONGS_EQUAL(2, home.store.freeze_outgoing(inbox(), 7, out, small).value());
  LONGS_EQUAL(2, home.store.freeze_outgoing(inbox(), 7, out, small).value());
  CHECK(Response(home, 7).commit("k2").ok());
  LONGS_EQUAL(4, waiting());
}
