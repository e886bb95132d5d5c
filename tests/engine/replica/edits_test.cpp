// What the user changes, and what servers say to it.
#include "home.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

TEST_GROUP(Edits) {
  Home home;
  void setup() override { CHECK(fill(home, 5)); }
  void teardown() override {
    CHECK(home.store.check().ok());
    home.store.close();
    LONGS_EQUAL(0, home.heap.live);
  }
  FolderId inbox() { return home.inbox().id; }
  ItemId id(int n) { return home.id_of("5:" + std::to_string(n)); }
  std::uint64_t mark_read(int n, bool read = true) { return home.store.mark_read(id(n), read, home.wall).value(); }
  std::uint64_t mark_flag(int n, int status = 2) {
    return home.store.mark_flag(id(n), static_cast<std::uint8_t>(status), home.wall).value();
  }
  std::vector<Outgoing> freeze(std::uint32_t request, std::size_t most = 50) {
    std::vector<Outgoing> out(most);
    out.resize(home.store.freeze_outgoing(inbox(), request, out).value());
    return out;
  }
  std::size_t waiting() { return home.store.queue_length(false).value(); }
  std::size_t parked() { return home.store.queue_length(true).value(); }
};

TEST(Edits, AMarkShowsAtOnceAndSurvivesReopening) {
  CHECK(mark_read(1) != 0);
  CHECK(mark_flag(2) != 0);
  CHECK(home.find("5:1").read && home.find("5:1").edited);
  CHECK(home.find("5:2").flagged);
  LONGS_EQUAL(4, home.inbox_folder().unread);
  home.store.close();
  CHECK(home.open().ok());
  LONGS_EQUAL(2, waiting());
  CHECK(home.find("5:1").read);
  CHECK(home.store.has_outgoing(inbox()).value());
  CHECK_FALSE(home.store.has_outgoing(home.folder("6").id).value());
  LONGS_EQUAL(replica::kNoSuchItem, home.store.mark_read(ItemId{999}, true, 0).error().code);
}

TEST(Edits, AMarkOfWhatIsSoAlreadyQueuesNothing) {
  LONGS_EQUAL(0, mark_read(1, false));
  LONGS_EQUAL(0, waiting());
  const std::uint64_t change = mark_read(1);
  CHECK(mark_read(1) == change);
  CHECK(mark_read(1, false) == change);  // the same row, with the newest wish
  LONGS_EQUAL(1, waiting());
  LONGS_EQUAL(5, home.inbox_folder().unread);
}

TEST(Edits, OneCommandForEachItemAndTheSameAgainUntilAnswered) {
  mark_read(3);
  mark_flag(1, 1);
  mark_flag(3);
  std::vector<Outgoing> out = freeze(7);
  LONGS_EQUAL(2, out.size());
  STRCMP_EQUAL("5:3", std::string(out[0].server_id.view()).c_str());
  CHECK(out[0].has_read && out[0].read && out[0].has_flag);
  LONGS_EQUAL(2, out[0].flag_status);
  CHECK_FALSE(out[1].has_read);
  LONGS_EQUAL(1, out[1].flag_status);
  LONGLONGS_EQUAL(home.wall, out[1].flag_wall_ms);
  // Edits made meanwhile wait for their own request, also those of the same items.
  mark_read(2);
  mark_read(3, false);
  out = freeze(8);
  LONGS_EQUAL(2, out.size());
  CHECK(out[0].read);
  // Also after the answer was lost and the device was off: request numbers begin again.
  home.store.close();
  CHECK(home.open().ok());
  out = freeze(1);
  LONGS_EQUAL(2, out.size());
  CHECK(out[0].read && out[0].has_flag);
  const Applied applied = Response(home, 1).commit("k2").value();
  LONGS_EQUAL(2, applied.confirmed);
  CHECK_FALSE(home.find("5:3").read);  // the newest wish is still shown
  CHECK(home.find("5:3").edited);
  out = freeze(2);
  LONGS_EQUAL(2, out.size());
  LONGS_EQUAL(2, Response(home, 2).commit("k3").value().confirmed);
  LONGS_EQUAL(0, waiting());
  CHECK_FALSE(home.find("5:3").edited);
}

TEST(Edits, OnlyTheRequestThatCarriedAChangeConfirmsIt) {
  mark_read(1);
  freeze(7);
  LONGS_EQUAL(0, Response(home, 8).commit("k2").value().confirmed);
  LONGS_EQUAL(0, Response(home, 0).commit("k3").value().confirmed);
  LONGS_EQUAL(1, waiting());
  home.store.close();
  CHECK(home.open().ok());
  // The same number in another boot is another request.
  LONGS_EQUAL(0, Response(home, 7).commit("k4").value().confirmed);
  LONGS_EQUAL(1, freeze(7).size());
  LONGS_EQUAL(1, Response(home, 7).commit("k5").value().confirmed);
}

TEST(Edits, WhatDoesNotFitIntoARequestIsNotTakenForSent) {
  for (int i = 1; i <= 5; ++i) mark_read(i);
  LONGS_EQUAL(2, freeze(1, 2).size());
  LONGS_EQUAL(2, Response(home, 1).commit("k2").value().confirmed);
  LONGS_EQUAL(3, freeze(2).size());
  LONGS_EQUAL(1, freeze(3, 1).size());  // after a refusal of all: one by one
  LONGS_EQUAL(1, Response(home, 3).commit("k3").value().confirmed);
  LONGS_EQUAL(2, waiting());
}

TEST(Edits, ADroppedResponseLeavesChangesFrozen) {
  mark_read(1);
  freeze(1);
  {
    Response response(home, 1);
    response.answer("5:1", 8);
  }
  mark_read(2);
  LONGS_EQUAL(1, freeze(2).size());
}

TEST(Edits, AnEditStaysWhenTheServerChangesTheItem) {
  mark_read(1);
  Mail mail;
  mail.read = 0;
  mail.subject = "Changed there";
  mail.flag = 2;
  CHECK(Response(home).change("5:1", mail).commit("k2").ok());
  Home::Row row = home.find("5:1");
  CHECK(row.read && row.edited && row.flagged);
  STRCMP_EQUAL("Changed there", row.subject.c_str());
  LONGS_EQUAL(1, waiting());
  CHECK(Response(home).add("5:1", mail).commit("k3").ok());  // also when it comes whole
  CHECK(home.find("5:1").read);
  // Dropped, the server's value is shown.
  const std::vector<QueueRow> queue = home.queue();
  STRCMP_EQUAL("read", std::string(queue[0].what).c_str());
  CHECK(home.store.drop(queue[0].id).ok());
  CHECK_FALSE(home.find("5:1").read);
  CHECK_FALSE(home.find("5:1").edited);
}

TEST(Edits, AConflictShowsTheServersVersionAndListsOurs) {
  mark_read(1);
  freeze(1);
  Mail mail;
  mail.headers = mail.has_body = false;
  mail.read = 0;
  mail.flag = 2;
  const Applied applied = Response(home, 1).change("5:1", mail).answer("5:1", 7).commit("k2").value();
  LONGS_EQUAL(1, applied.parked);
  LONGS_EQUAL(0, applied.confirmed);
  CHECK_FALSE(home.find("5:1").read);
  CHECK_FALSE(home.find("5:1").edited);
  const std::vector<QueueRow> queue = home.queue();
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(7, queue[0].last.code);
  CHECK(queue[0].last.domain == Domain::kEas);
  // The user insists.
  CHECK(home.store.retry(queue[0].id).ok());
  CHECK(home.find("5:1").read);
  LONGS_EQUAL(1, freeze(2).size());
  LONGS_EQUAL(1, Response(home, 2).commit("k3").value().confirmed);
  CHECK(home.find("5:1").read);
}

TEST(Edits, AConflictDoesNotUndoANewerWish) {
  mark_read(1);
  freeze(1);
  mark_read(1, false);
  mark_read(1, true);
  CHECK(Response(home, 1).answer("5:1", 7).commit("k2").ok());
  CHECK(home.find("5:1").read);
  LONGS_EQUAL(1, waiting());
  LONGS_EQUAL(1, parked());
}

TEST(Edits, WhatTheServerSaysAfterAcceptingIsLater) {
  mark_read(1);
  freeze(1);
  CHECK(Response(home, 1).read("5:1", 0).commit("k2").ok());  // someone else marked it unread again
  CHECK_FALSE(home.find("5:1").read);
  LONGS_EQUAL(0, waiting());
  mark_read(2);
  freeze(2);
  CHECK(Response(home, 2).answer("5:2", 1).read("5:2", 1).commit("k3").ok());
  CHECK(home.find("5:2").read);
  LONGS_EQUAL(0, home.find("5:2").edited);
}

TEST(Edits, AnItemThatHasGoneParksItsEdits) {
  mark_read(1);
  mark_flag(1);
  mark_read(2);
  freeze(1, 1);  // both of 5:1
  mark_flag(2);
  const Applied applied = Response(home, 1).remove("5:1").remove("5:2").commit("k2").value();
  LONGS_EQUAL(2, applied.deleted);
  LONGS_EQUAL(1, applied.confirmed);  // accepted before it went
  LONGS_EQUAL(2, applied.parked);
  LONGS_EQUAL(0, waiting());
  for (const QueueRow& row : home.queue()) {
    CHECK(row.parked);
    LONGS_EQUAL(8, row.last.code);
    LONGS_EQUAL(replica::kNoSuchItem, home.store.retry(row.id).error().code);
    CHECK(home.store.drop(row.id).ok());
  }
  LONGS_EQUAL(0, parked());
}

TEST(Edits, ObjectNotFoundParks) {
  mark_read(1);
  freeze(1);
  LONGS_EQUAL(1, Response(home, 1).answer("5:1", 8).commit("k2").value().parked);
  LONGS_EQUAL(8, home.queue()[0].last.code);
  CHECK(Response(home).remove("5:1").commit("k3").ok());
  LONGS_EQUAL(1, parked());
}

TEST(Edits, PassingErrorsAreTriedThreeTimes) {
  for (const int status : {5, 12, 16}) {
    const int n = status == 5 ? 1 : status == 12 ? 2 : 3;
    mark_read(n);
    for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
      const std::uint32_t request = attempt + static_cast<std::uint32_t>(status) * 10;
      LONGS_EQUAL(1, freeze(request).size());
      const Applied applied = Response(home, request)
                                  .answer("5:" + std::to_string(n), status)
                                  .commit("k" + std::to_string(request))
                                  .value();
      LONGS_EQUAL(attempt == 3 ? 1 : 0, applied.parked);
      LONGS_EQUAL(0, applied.confirmed);
      CHECK(home.queue().back().tries == attempt);
      LONGS_EQUAL(status, home.queue().back().last.code);
    }
    LONGS_EQUAL(0, waiting());
  }
  LONGS_EQUAL(3, parked());
}

TEST(Edits, AFullMailboxParksNothing) {
  mark_read(1);
  for (std::uint32_t attempt = 1; attempt <= 5; ++attempt) {
    LONGS_EQUAL(1, freeze(attempt).size());
    const Applied applied = Response(home, attempt).answer("5:1", 9).commit("k" + std::to_string(attempt)).value();
    LONGS_EQUAL(0, applied.parked);
    LONGS_EQUAL(handsync::replica::kStatusFull, applied.again);
    LONGS_EQUAL(attempt, home.queue().back().tries);
  }
  LONGS_EQUAL(0, parked());
}

TEST(Edits, PermanentRefusalsParkAtOnce) {
  for (const int status : {4, 6, 110}) {
    const int n = status == 4 ? 1 : status == 6 ? 2 : 3;
    mark_read(n);
    freeze(static_cast<std::uint32_t>(status));
    LONGS_EQUAL(1, Response(home, static_cast<std::uint32_t>(status))
                       .answer("5:" + std::to_string(n), status)
                       .commit("k" + std::to_string(status))
                       .value()
                       .parked);
    CHECK(home.find("5:" + std::to_string(n)).read);  // still what the user wants, until dropped
  }
  const std::vector<QueueRow> queue = home.queue();
  CHECK(home.store.drop(queue[0].id).ok());
  CHECK_FALSE(home.find("5:1").read);
  LONGS_EQUAL(2, parked());
}

TEST(Edits, OneOfManyIsRefusedTheOthersAreConfirmed) {
  for (int i = 1; i <= 4; ++i) mark_read(i);
  mark_flag(2);
  freeze(1);
  const Applied applied = Response(home, 1).answer("5:2", 6).answer("5:3", 16).commit("k2").value();
  LONGS_EQUAL(2, applied.confirmed);
  LONGS_EQUAL(2, applied.parked);  // read and flag of 5:2
  LONGS_EQUAL(1, waiting());
}

TEST(Edits, ParkingByHandTakesAllThatWentOutAsOneCommand) {
  const std::uint64_t read = mark_read(1);
  mark_flag(1);
  freeze(1);
  CHECK(home.store.park(read, Error{Domain::kEas, 4, 0}).ok());
  LONGS_EQUAL(2, parked());
  const std::uint64_t other = mark_read(2);
  mark_flag(2);
  CHECK(home.store.park(other, Error{Domain::kEas, 4, 0}).ok());
  LONGS_EQUAL(3, parked());
  LONGS_EQUAL(replica::kNoSuchChange, home.store.park(4711, Error{}).error().code);
  LONGS_EQUAL(replica::kNoSuchChange, home.store.retry(4711).error().code);
  LONGS_EQUAL(replica::kNoSuchChange, home.store.drop(4711).error().code);
}

TEST(Edits, WhatWasSentCannotBeDropped) {
  const std::uint64_t change = mark_read(1);
  freeze(1);
  LONGS_EQUAL(replica::kInFlight, home.store.drop(change).error().code);
  LONGS_EQUAL(1, waiting());
}

// -- re-key
// -----------------------------------------------------------------------------------------------------------------------

TEST_GROUP_BASE(Rekey, TEST_GROUP_CppUTestGroupEdits){Mail mail(int n){Mail m;
m.subject = "Mail " + std::to_string(n);
m.body = "Body of " + std::to_string(n);
m.received += n * 60'000;
m.read = 0;
return m;
}
}
;

TEST(Rekey, NothingIsShownAsGoneUntilTheNewStateIsComplete) {
  const ItemId first = id(1), second = id(2);
  mark_read(1);
  mark_read(4);
  freeze(1);
  CHECK(home.store.rekey_begin(inbox()).ok());
  CHECK(home.inbox().rekeying);
  STRCMP_EQUAL("0", std::string(home.inbox().sync_key.view()).c_str());
  LONGS_EQUAL(5, home.inbox_rows().size());
  CHECK(Response(home).commit("r0").ok());  // the handshake brings nothing and ends nothing
  CHECK(home.inbox().rekeying);
  LONGS_EQUAL(5, home.inbox_rows().size());
  CHECK(Response(home).add("5:1", mail(1)).commit("r1", true).ok());
  LONGS_EQUAL(5, home.inbox_rows().size());
  home.store.close();
  CHECK(home.open().ok());
  // 5:3 is gone, 5:2 and 5:5 have new ids, 5:9 is new.
  const Applied applied =
      Response(home).add("n:2", mail(2)).add("n:5", mail(5)).add("5:9", mail(9)).commit("r2", false).value();
  LONGS_EQUAL(1, applied.added);
  LONGS_EQUAL(2, applied.changed);
  LONGS_EQUAL(2, applied.deleted);
  LONGS_EQUAL(1, applied.parked);  // the edit of 5:4
  CHECK_FALSE(home.inbox().rekeying);
  LONGS_EQUAL(4, home.inbox_rows().size());
  CHECK(id(1) == first);
  CHECK(home.id_of("n:2") == second);
  CHECK(home.find("5:1").read);  // the edit is still shown, and still waits
  LONGS_EQUAL(1, waiting());
  LONGS_EQUAL(1, freeze(9).size());
  LONGS_EQUAL(1, Response(home, 9).commit("r3").value().confirmed);
}

TEST(Rekey, TwinsAreNotGuessedAt) {
  Mail twin = mail(1);
  CHECK(Response(home).add("5:11", twin).commit("k2").ok());
  CHECK(home.store.rekey_begin(inbox()).ok());
  CHECK(Response(home).commit("r0").ok());
  const Applied applied = Response(home).add("n:1", twin).add("n:11", twin).commit("r1").value();
  LONGS_EQUAL(2, applied.added);
  LONGS_EQUAL(6, applied.deleted);
  LONGS_EQUAL(2, home.inbox_rows().size());
}

TEST(Rekey, ASecondResetStartsOverAndLosesNothing) {
  mark_flag(2);
  CHECK(home.store.rekey_begin(inbox()).ok());
  CHECK(Response(home).commit("r0").ok());
  CHECK(Response(home).add("5:1", mail(1)).add("5:2", mail(2)).commit("r1", true).ok());
  CHECK(home.store.rekey_begin(inbox()).ok());
  CHECK(Response(home).commit("s0").ok());
  CHECK(Response(home).add("5:2", mail(2)).commit("s1", true).ok());
  LONGS_EQUAL(5, home.inbox_rows().size());
  LONGS_EQUAL(3, Response(home).add("5:3", mail(3)).commit("s2").value().deleted);
  LONGS_EQUAL(2, home.inbox_rows().size());
  CHECK(home.find("5:2").flagged);
  LONGS_EQUAL(1, waiting());
}

TEST(Rekey, AnItemThatCannotBeUnderstoodNowIsNotRemoved) {
  CHECK(home.store.rekey_begin(inbox()).ok());
  CHECK(Response(home).commit("r0").ok());
  Response response(home);
  response.item(Operation::kAdd, "5:1").properties(mail(1)).end(Error{Domain::kEas, 6, 0});
  const Applied applied = response.commit("r1").value();
  LONGS_EQUAL(4, applied.deleted);
  LONGS_EQUAL(1, home.inbox_rows().size());
}

TEST(Rekey, AFetchMeanwhileDoesNotEndIt) {
  CHECK(home.store.rekey_begin(inbox()).ok());
  CHECK(Response(home).commit("r0").ok());
  Response fetch(home);
  Mail body = mail(1);
  body.headers = false;
  fetch.item(Operation::kAnswerFetch, "5:1", 1).properties(body).end();
  CHECK(fetch.arrival.commit({}, false, home.wall).ok());
  CHECK(home.inbox().rekeying);
  LONGS_EQUAL(5, home.inbox_rows().size());
  // It was there when it was fetched; what the complete resync does not name has gone since.
  LONGS_EQUAL(5, Response(home).commit("r1").value().deleted);
}
