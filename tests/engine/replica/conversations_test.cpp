/// A conversation that is moved as a whole: listed there at once, back when it is refused, and what becomes of its
/// mails when the server has done it.
#include "home.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

namespace {

struct Conversations : Home {
  void arrive(const std::string& folder_id, const std::string& key, const std::vector<std::string>& ids,
              const std::string& conversation, const std::vector<std::string>& gone = {}) {
    Response response(*this, folder(folder_id), 0);
    for (const std::string& id : ids) {
      response.item(Operation::kAdd, id).properties(Mail{});
      response.text(items::kConversationId, conversation);
      response.end();
    }
    for (const std::string& id : gone) response.remove(id);
    STRCMP_EQUAL("", response.error.c_str());
    CHECK(response.commit(key).ok());
  }
  std::size_t listed(const std::string& folder_id) {
    Query query;
    query.folder = folder(folder_id).id;
    const std::size_t rows = list(query).size();
    LONGS_EQUAL(rows, folder_row(folder_id).items);
    return rows;
  }
  void lists(std::size_t inbox_mails, std::size_t work, std::size_t deleted, std::size_t sent = 1) {
    LONGS_EQUAL(inbox_mails, listed("5"));
    LONGS_EQUAL(work, listed("7"));
    LONGS_EQUAL(deleted, listed("4"));
    LONGS_EQUAL(sent, listed("6"));
    CHECK(store.check().ok());
  }
  bool nothing_in_doubt() { return store.moves_in_doubt({}).value() == 0; }
};

}  // namespace

TEST_GROUP(Conversation) {
  Conversations home;
  replica::OutgoingConversation next;
  ItemId mail{};
  void setup() override {
    CHECK(home.open().ok() && home.store.hierarchy_begin(true).ok() &&
          home.store.hierarchy_put("5", "0", "Inbox", 2).ok() && home.store.hierarchy_put("6", "0", "Sent", 5).ok() &&
          home.store.hierarchy_put("7", "5", "Work", 12).ok() &&
          home.store.hierarchy_put("4", "0", "Deleted", 4).ok() &&
          home.store.hierarchy_put("3", "0", "Drafts", 3).ok() &&
          home.store.hierarchy_put("8", "0", "Calendar", 8).ok() && home.store.hierarchy_commit("h1").ok());
    home.arrive("5", "k1", {"5:1", "5:2"}, "\x01\xFEtalk");
    home.arrive("5", "k2", {"5:3"}, "other");
    home.arrive("5", "k3", {"5:4"}, "");
    home.arrive("6", "s1", {"6:1"}, "\x01\xFEtalk");
    home.arrive("7", "w1", {"7:1"}, "\x01\xFEtalk");
    mail = home.id_of("5:1");
  }
  std::uint64_t move(FolderId to) {
    const Result<std::uint64_t> change = home.store.move_conversation(mail, to, home.wall);
    CHECK(change.ok());
    return change.value();
  }
};

TEST(Conversation, IsListedThereAtOnceButForWhatWasSent) {
  move(FolderId{});
  home.lists(2, 0, 3);
  LONGS_EQUAL(1, home.queue().size());
  STRCMP_EQUAL("always move", std::string(home.queue()[0].what).c_str());
  LONGS_EQUAL(1, home.store.queue_length(false).value());
  CHECK(home.store.has_moves().value());
  replica::OutgoingMove moves[4];
  LONGS_EQUAL(0, home.store.freeze_moves(moves).value());  // they do not go one by one
  CHECK(home.nothing_in_doubt());
  CHECK(home.store.next_conversation(next).value());
  STRCMP_EQUAL("4", std::string(next.to_server_id.view()).c_str());
  CHECK(text_of(Bytes(next.id, next.id_bytes)) == "\x01\xFEtalk");
}

TEST(Conversation, AnotherFolderIsWantedAndThenNone) {
  move(FolderId{});
  move(home.folder("7").id);
  home.lists(2, 3, 0);
  LONGS_EQUAL(1, home.queue().size());
  CHECK(home.store.drop(home.queue()[0].id).ok());
  home.lists(4, 1, 0);
  LONGS_EQUAL(0, home.queue().size());
  CHECK_FALSE(home.store.next_conversation(next).value());
  CHECK_FALSE(home.store.has_moves().value());
}

TEST(Conversation, RefusedItIsBackAndWaitsForAPerson) {
  move(FolderId{});
  CHECK(home.store.next_conversation(next).value());
  CHECK(home.store.conversation_handed_over(next.change).ok());
  LONGS_EQUAL(replica::kInFlight, home.store.drop(next.change).error().code);
  const Error passing{Domain::kEas, 154, 0};
  CHECK_FALSE(home.store.conversation_refused(next.change, passing, true).value());
  home.lists(2, 0, 3);
  CHECK(home.store.conversation_handed_over(next.change).ok());
  CHECK_FALSE(home.store.conversation_refused(next.change, passing, true).value());
  CHECK(home.store.conversation_handed_over(next.change).ok());
  CHECK(home.store.conversation_refused(next.change, passing, true).value());
  home.lists(4, 1, 0);
  LONGS_EQUAL(1, home.queue().size());
  CHECK(home.queue()[0].parked && home.queue()[0].last.code == 154 && home.queue()[0].tries == 3);
  const std::string subject = home.with_reader([](Reader& reader) {
    QueueRow row;
    CHECK(reader.queue().value()->step(row).value());
    return std::string(row.subject);
  });
  STRCMP_EQUAL("Lunch", subject.c_str());
  CHECK_FALSE(home.store.next_conversation(next).value());
  home.arrive("5", "k4", {"5:9"}, "\x01\xFEtalk");
  CHECK(home.store.retry(home.queue()[0].id).ok());
  home.lists(2, 0, 4);
  CHECK(home.store.next_conversation(next).value());
  LONGS_EQUAL(0, next.tries);
}

TEST(Conversation, WhatTheServerHasMovedComesBackThereAndTheRestGoesByItself) {
  move(FolderId{});
  CHECK(home.store.next_conversation(next).value());
  CHECK(home.store.conversation_handed_over(next.change).ok());
  CHECK(home.store.conversation_done(next.change).ok());
  home.lists(2, 0, 3);
  FolderId folders[4];
  LONGS_EQUAL(2, home.store.moves_in_doubt(folders).value());
  // The server has moved one of the two, and the one of another folder.
  home.arrive("5", "k4", {}, "", {"5:1"});
  CHECK(home.store.thaw_moves(home.inbox().id).ok());
  home.arrive("7", "w2", {}, "", {"7:1"});
  CHECK(home.store.thaw_moves(home.folder("7").id).ok());
  home.arrive("4", "d1", {"4:1", "4:2"}, "\x01\xFEtalk");
  home.lists(2, 0, 3);
  CHECK(home.nothing_in_doubt());
  replica::OutgoingMove moves[4];
  LONGS_EQUAL(1, home.store.freeze_moves(moves).value());
  STRCMP_EQUAL("5:2", std::string(moves[0].server_id.view()).c_str());
  CHECK(home.store.move_done(moves[0].change, "4:3").ok());
  home.lists(2, 0, 3);
  LONGS_EQUAL(0, home.queue().size());
}

TEST(Conversation, OtherEditsOfItsMailsGoFirst) {
  CHECK(home.store.mark_read(mail, true, 1).ok());
  move(FolderId{});
  CHECK_FALSE(home.store.next_conversation(next).value());
  Outgoing out[4];
  LONGS_EQUAL(1, home.store.freeze_outgoing(home.inbox().id, 7, out).value());
  CHECK(out[0].has_read && out[0].read);
  CHECK(Response(home, 7).commit("k4").ok());
  CHECK(home.store.next_conversation(next).value());
  home.lists(2, 0, 3);
}

TEST(Conversation, ADeletedMailIsDeletedAndOneThatIsMovedElsewhereGoesThereFirst) {
  move(FolderId{});
  CHECK(home.store.remove(home.id_of("5:2"), true, 1).ok());
  home.lists(2, 0, 2);
  CHECK(home.store.move(mail, home.folder("7").id, 1).ok());
  home.lists(2, 1, 1);
  replica::OutgoingMove moves[4];
  LONGS_EQUAL(1, home.store.freeze_moves(moves).value());
  CHECK(home.store.move_done(moves[0].change, "7:9").ok());
  CHECK_FALSE(home.store.next_conversation(next).value());  // the deletion first
  Outgoing out[4];
  LONGS_EQUAL(1, home.store.freeze_outgoing(home.inbox().id, 7, out).value());
  CHECK(Response(home, 7).commit("k4").ok());
  CHECK(home.store.next_conversation(next).value());
}

TEST(Conversation, FoldersThatGoTakeTheirPartOfIt) {
  const std::uint64_t change = move(home.folder("7").id);
  home.lists(2, 3, 0);
  CHECK(home.store.select(home.inbox().id, false).ok());  // its mails are not here any more
  LONGS_EQUAL(1, home.listed("7"));
  LONGS_EQUAL(1, home.queue().size());
  CHECK(home.store.check().ok());
  CHECK(home.store.hierarchy_begin(false).ok() && home.store.hierarchy_remove("7").ok() &&
        home.store.hierarchy_commit("h2").ok());
  LONGS_EQUAL(1, home.queue().size());
  CHECK(home.queue()[0].id == change && home.queue()[0].parked);
  LONGS_EQUAL(replica::kNoSuchFolder, home.store.retry(change).error().code);
  while (home.store.idle(home.mono).value()) {
  }
  CHECK(home.store.check().ok());
}

TEST(Conversation, HeldMovesOutliveTheNight) {
  move(FolderId{});
  CHECK(home.store.next_conversation(next).value());
  CHECK(home.store.conversation_handed_over(next.change).ok());
  home.store.close();
  CHECK(home.open().ok());
  home.lists(2, 0, 3);
  CHECK(home.nothing_in_doubt());
  CHECK(home.store.next_conversation(next).value() && next.handed_over);  // and goes again
  // Whatever is wanted of its mails meanwhile.
  CHECK(home.store.mark_read(mail, true, 1).ok());
  CHECK(home.store.next_conversation(next).value() && next.handed_over);
}

TEST(Conversation, OnlyMailsToFoldersOfMails) {
  const auto fails = [&](ItemId item, FolderId to) {
    const Result<std::uint64_t> change = home.store.move_conversation(item, to, 1);
    CHECK_FALSE(change.ok());
    return change.error().code;
  };
  LONGS_EQUAL(replica::kNoConversation, fails(home.id_of("5:4"), FolderId{}));
  LONGS_EQUAL(replica::kNoSuchItem, fails(ItemId{4711}, FolderId{}));
  LONGS_EQUAL(replica::kNoSuchFolder, fails(mail, FolderId{4711}));
  for (const char* folder : {"3", "6", "8"}) LONGS_EQUAL(replica::kWrongFolder, fails(mail, home.folder(folder).id));
  home.lists(4, 1, 0);
  LONGS_EQUAL(0, home.queue().size());
}
