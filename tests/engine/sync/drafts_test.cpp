/// Drafts: made and changed on either side, sent once, whatever is lost on the way.
#include <algorithm>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/mailbox.h"
#include "items/mime_header.h"
#include "protocol/command.h"
#include "replica/store.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
namespace em = wbxml::email;
namespace em2 = wbxml::email2;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr const char* kOther = "bob@example.test";

/// What of a draft a test names.
struct Words {
  std::optional<std::string> to, cc, bcc, subject, text, html;
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<int> detach;
  std::optional<bool> important;
};

struct Desk : World {
  explicit Desk(const char* version = "16.1") : World(options(version)) {
    id = add(kEmail);
    LONGS_EQUAL(0, sync(id).code);
  }
  static exchange::Options options(const char* version) {
    exchange::Options options;
    options.users = {{kEmail, "demo"}, {kOther, "bob"}};
    options.versions = {version};
    options.mails = 2;
    options.body_bytes = 300;
    options.policy = std::nullopt;
    options.request_bytes_max = 64u << 20;
    return options;
  }
  Changes& changes() { return engine().changes(id); }
  Result<ItemId> keep(const Words& words, ItemId draft = {}) {
    DraftHead head;
    head.draft = draft;
    Text views[4];
    const auto view = [&](const std::optional<std::string>& word, Text& into) -> const Text* {
      if (!word) return nullptr;
      into = *word;
      return &into;
    };
    head.to = view(words.to, views[0]);
    head.cc = view(words.cc, views[1]);
    head.bcc = view(words.bcc, views[2]);
    head.subject = view(words.subject, views[3]);
    head.has_importance = words.important.has_value();
    head.important = words.important.value_or(false);
    if (Status begun = changes().compose_draft(head); !begun.ok()) return begun.error();
    const auto put = [&](MessagePart part, const std::string& bytes) -> Status {
      if (Status begun = changes().part(part); !begun.ok()) return begun;
      for (std::size_t at = 0; at < bytes.size(); at += 10'000)
        if (Status done = changes().data(bytes_of(Text(bytes).substr(at, 10'000))); !done.ok()) return done;
      return Done{};
    };
    Status done = Done{};
    if (words.text) done = put({MessagePart::Kind::kText, {}, {}}, *words.text);
    if (done.ok() && words.html) done = put({MessagePart::Kind::kHtml, {}, {}}, *words.html);
    for (const auto& [name, bytes] : words.files)
      if (done.ok()) done = put({MessagePart::Kind::kAttachment, name, "text/x-test"}, bytes);
    for (int number : words.detach)
      if (done.ok()) done = changes().detach(static_cast<std::uint16_t>(number));
    if (!done.ok()) {
      changes().discard();
      return done.error();
    }
    Result<ItemId> kept = changes().keep_draft();
    if (!kept.ok()) changes().discard();
    return kept;
  }
  Error send(ItemId draft) {
    auto queued = changes().send_draft(draft);
    return queued.ok() ? Error{} : queued.error();
  }
  void settle_down() {
    for (int i = 0; i < 8 && (sync(id) || !queue(id).empty()); ++i) run_for(60'000);
  }
  ItemRow row(ItemId item) {
    ItemRow found;
    with_reader(id, [&](Reader& reader) {
      Query query;
      query.item = item;
      rows<ItemRow>(reader.list(query), [&](const ItemRow& one) {
        found = one;
        subject = std::string(one.subject);
        to = std::string(one.to);
        server_id = std::string(one.server_id);
      });
    });
    return found;
  }
  std::string attachment_names(ItemId item) {
    std::string names;
    with_reader(id, [&](Reader& reader) {
      std::byte room[512];
      AttachmentRow one;
      for (std::uint16_t n = 1;; ++n) {
        auto there = read_attachment(reader, item, n, one, room);
        if (!there.ok() || !there.value()) return;
        names += (names.empty() ? "" : ",") + std::string(one.name);
      }
    });
    return names;
  }
  std::size_t drafts() { return subjects(id, "Drafts").size(); }
  /// Mails of this subject that somebody has, in all folders but Drafts.
  std::size_t mails(const std::string& email, const std::string& wanted) {
    std::size_t count = 0;
    const auto all = server_mails(server(), email);
    for (const auto& [key, mail] : all) count += mail.subject == wanted && !server().item(email, key)->draft;
    return count;
  }
  std::vector<std::string> drafts_there() {
    std::vector<std::string> found;
    for (const auto& [key, mail] : server_mails(server(), kEmail))
      if (server().item(kEmail, key)->draft) found.push_back(key);
    return found;
  }
  const exchange::Item& there(ItemId item) {
    row(item);
    const exchange::Item* found = server().item(kEmail, server_id);
    CHECK(found != nullptr);
    return *found;
  }
  /// What becomes of the next request that carries a draft.
  std::function<void(exchange::HttpResponse&)> to_draft;
  void watch_drafts() {
    on_answer = [this](const Sent& one, exchange::HttpResponse& answer) {
      if (one.label != "Sync" || !to_draft || sync_view(one).commands.empty()) return;
      const auto act = std::move(to_draft);
      to_draft = nullptr;
      act(answer);
    };
  }
  void in_step(bool lost_keys = false) {
    STRCMP_EQUAL("", difference(*this, id, true).c_str());
    CHECK(queue(id).empty());
    if (!lost_keys) STRCMP_EQUAL("", first_violation().c_str());
  }
  AccountId id{};
  std::string subject, to, server_id;
};

Words full() {
  Words words;
  words.to = "Bob Büchner <bob@example.test>";
  words.cc = "carol@example.test";
  words.bcc = "dave@example.test";
  words.subject = "Entwurf № 1";
  words.text = "Hällo\r\nWorld\r\n";
  return words;
}

exchange::Item server_draft(const std::string& subject) {
  exchange::Item item;
  item.class_name = "Email";
  item.draft = true;
  item.set(exchange::Node(em::kTo, "bob@example.test"));
  item.set(exchange::Node(em::kSubject, subject));
  item.set(exchange::Node(em::kFrom, kEmail));
  item.set(exchange::Node(em::kDateReceived, "2026-11-20T10:00:00.000Z"));
  item.set(exchange::Node(em::kRead, "1"));
  item.received_ms = exchange::kDefaultStartMs;
  item.body_type = 1;
  item.body.data = "From elsewhere";
  exchange::Attachment file;
  file.name = "there.txt";
  file.content_type = "text/plain";
  file.content.data = "attached there";
  item.attachments.push_back(file);
  return item;
}

}  // namespace

TEST_GROUP(Drafts){};

TEST(Drafts, OneThatIsMadeHereGoesUpWithAllThatIsInIt) {
  for (const char* version : {"16.0", "16.1"}) {
    Desk desk(version);
    std::string file(100'000, 'x');
    for (std::size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * 7);
    Words words = full();
    words.text = std::string(40'000, 'a') + "\r\nend\r\n";
    words.files = {{"Größe.bin", file}, {"b.txt", "bb"}};
    words.important = true;
    const Result<ItemId> kept = desk.keep(words);
    CHECK(kept.ok());
    LONGS_EQUAL(1, desk.drafts());
    CHECK(desk.row(kept.value()).edited_here);
    STRCMP_EQUAL(words.subject->c_str(), desk.subject.c_str());
    STRCMP_EQUAL("Größe.bin,b.txt", desk.attachment_names(kept.value()).c_str());
    CHECK(*words.text == desk.body(desk.id, kept.value()));
    LONGS_EQUAL(1, desk.queue(desk.id).size());
    STRCMP_EQUAL("draft", desk.queue(desk.id)[0].what.c_str());

    LONGS_EQUAL(0, desk.sync(desk.id).code);
    const exchange::Item& item = desk.there(kept.value());
    CHECK(item.draft);
    STRCMP_EQUAL(words.to->c_str(), std::string(item.value(em::kTo)).c_str());
    STRCMP_EQUAL(words.cc->c_str(), std::string(item.value(em::kCc)).c_str());
    STRCMP_EQUAL(words.bcc->c_str(), std::string(item.value(em2::kBcc)).c_str());
    STRCMP_EQUAL("2", std::string(item.value(em::kImportance)).c_str());
    CHECK(*words.text == item.body.data);
    LONGS_EQUAL(2, item.attachments.size());
    CHECK(file == item.attachments[0].content.data);
    STRCMP_EQUAL("text/x-test", item.attachments[0].content_type.c_str());
    // What it shows now is the server's: its attachments can be had.
    STRCMP_EQUAL("Größe.bin,b.txt", desk.attachment_names(kept.value()).c_str());
    LONGS_EQUAL(1, desk.drafts());
    desk.in_step();
  }
}

TEST(Drafts, ItIsChangedHereBeforeAndAfterTheServerHasIt) {
  Desk desk;
  Words words = full();
  words.files = {{"a.txt", "aa"}, {"b.txt", "bb"}};
  const ItemId draft = desk.keep(words).value();
  Words second;
  second.subject = "Two";
  second.files = {{"c.txt", "cc"}};
  second.detach = {1};
  CHECK(desk.keep(second, draft).value() == draft);
  STRCMP_EQUAL("b.txt,c.txt", desk.attachment_names(draft).c_str());
  LONGS_EQUAL(1, desk.queue(desk.id).size());
  STRCMP_EQUAL(words.text->c_str(), desk.body(desk.id, draft).c_str());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(2, desk.there(draft).attachments.size());
  STRCMP_EQUAL("Two", std::string(desk.there(draft).value(em::kSubject)).c_str());
  STRCMP_EQUAL(words.text->c_str(), desk.there(draft).body.data.c_str());
  STRCMP_EQUAL(words.to->c_str(), std::string(desk.there(draft).value(em::kTo)).c_str());

  Words third;
  third.html = "<p>Three</p>";
  third.cc = "";
  third.detach = {2};
  third.files = {{"d.txt", "dd"}};
  CHECK(desk.keep(third, draft).ok());
  STRCMP_EQUAL("b.txt,d.txt", desk.attachment_names(draft).c_str());
  STRCMP_EQUAL("<p>Three</p>", desk.body(desk.id, draft).c_str());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  const exchange::Item& item = desk.there(draft);
  STRCMP_EQUAL("", std::string(item.value(em::kCc)).c_str());
  STRCMP_EQUAL("Two", std::string(item.value(em::kSubject)).c_str());
  LONGS_EQUAL(2, item.body_type);
  LONGS_EQUAL(2, item.attachments.size());
  STRCMP_EQUAL("d.txt", item.attachments[1].name.c_str());
  STRCMP_EQUAL("b.txt,d.txt", desk.attachment_names(draft).c_str());
  desk.in_step();
}

TEST(Drafts, OneOfTheServersComesWithItsAttachmentsAndIsChangedHere) {
  Desk desk;
  const std::string there = desk.server().put(kEmail, server_draft("Theirs"));
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(1, desk.drafts());
  const ItemId draft = desk.item(desk.id, 0, "Drafts");
  STRCMP_EQUAL("there.txt", desk.attachment_names(draft).c_str());
  Words words;
  words.subject = "Mine now";
  words.files = {{"mine.txt", "mine"}};
  CHECK(desk.keep(words, draft).ok());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  const exchange::Item& item = *desk.server().item(kEmail, there);
  STRCMP_EQUAL("Mine now", std::string(item.value(em::kSubject)).c_str());
  STRCMP_EQUAL("From elsewhere", item.body.data.c_str());
  LONGS_EQUAL(2, item.attachments.size());
  desk.server().change(kEmail, there, [](exchange::Item& one) {
    one.set(exchange::Node(em::kSubject, "Theirs again"));
    one.body.data = "Written elsewhere";
  });
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  desk.row(draft);
  STRCMP_EQUAL("Theirs again", desk.subject.c_str());
  desk.in_step();
}

TEST(Drafts, TheServersWinsAndTheOneThatLostIsKept) {
  for (const bool seen_first : {true, false}) {
    Desk desk;
    const std::string there = desk.server().put(kEmail, server_draft("Theirs"));
    LONGS_EQUAL(0, desk.sync(desk.id).code);
    const ItemId draft = desk.item(desk.id, 0, "Drafts");
    Words words;
    words.subject = "Mine";
    words.text = "My text";
    if (!seen_first) CHECK(desk.keep(words, draft).ok());
    desk.server().change(kEmail, there,
                         [](exchange::Item& one) { one.set(exchange::Node(em::kSubject, "Theirs, later")); });
    if (seen_first) {
      // Its change arrives while the edit waits: nothing of ours is sent.
      desk.fate = [&](const Sent& one) {
        if (one.label == "Sync" && desk.queue(desk.id).empty()) CHECK(desk.keep(words, draft).ok());
        return Fate::kArrives;
      };
    }
    static_cast<void>(desk.sync(desk.id));
    desk.fate = nullptr;
    static_cast<void>(desk.sync(desk.id));
    const auto queue = desk.queue(desk.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(queue[0].parked);
    LONGS_EQUAL(7, protocol::eas_status(queue[0].last));
    desk.row(draft);
    STRCMP_EQUAL("Theirs, later", desk.subject.c_str());
    STRCMP_EQUAL("From elsewhere", desk.body(desk.id, draft).c_str());
    STRCMP_EQUAL("", difference(desk, desk.id, true).c_str());
    // The one that lost is sent after all.
    CHECK(desk.changes().retry(ChangeId{queue[0].id}).ok());
    desk.row(draft);
    STRCMP_EQUAL("Mine", desk.subject.c_str());
    LONGS_EQUAL(0, desk.sync(desk.id).code);
    STRCMP_EQUAL("Mine", std::string(desk.there(draft).value(em::kSubject)).c_str());
    STRCMP_EQUAL("My text", desk.there(draft).body.data.c_str());
    desk.in_step();
  }
}

TEST(Drafts, ItIsSentThroughSyncAndLeavesTheFolder) {
  Desk desk;
  Words words = full();
  words.files = {{"a.txt", "aa"}};
  const ItemId draft = desk.keep(words).value();
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(0, desk.send(draft).code);
  Words late;
  late.subject = "Too late";
  LONGS_EQUAL(replica::kInFlight, desk.keep(late, draft).error().code);
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(0, desk.drafts());
  LONGS_EQUAL(1, desk.mails(kOther, *words.subject));
  LONGS_EQUAL(1, desk.subjects(desk.id, "Sent Items").size());
  LONGS_EQUAL(0, desk.requests("SendMail"));
  desk.in_step();
}

TEST(Drafts, AnEditThatWaitsIsSentWithIt) {
  Desk desk;
  const ItemId draft = desk.keep(full()).value();
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  Words words;
  words.subject = "Changed and sent";
  CHECK(desk.keep(words, draft).ok());
  LONGS_EQUAL(0, desk.send(draft).code);
  LONGS_EQUAL(1, desk.queue(desk.id).size());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(1, desk.mails(kOther, "Changed and sent"));
  desk.in_step();
}

TEST(Drafts, OneThatTheServerDoesNotHaveGoesOutAsAnyMail) {
  for (const char* version : {"12.1", "14.1", "16.1"}) {
    Desk desk(version);
    Words words = full();
    words.html = "<p>Hällo</p>";
    words.files = {{"a.txt", "aa"}};
    const ItemId draft = desk.keep(words).value();
    Words more;
    more.text = "Other words\r\n";
    more.html = "<p>Other words</p>";
    more.files = {{"b.txt", "bb"}};
    CHECK(desk.keep(more, draft).ok());
    LONGS_EQUAL(0, desk.send(draft).code);
    LONGS_EQUAL(0, desk.drafts());
    LONGS_EQUAL(0, desk.sync(desk.id).code);
    LONGS_EQUAL_TEXT(1, desk.mails(kOther, *words.subject), version);
    for (const auto& [key, mail] : server_mails(desk.server(), kOther)) {
      if (mail.subject != *words.subject) continue;
      LONGS_EQUAL(2, desk.server().item(kOther, key)->attachments.size());
      CHECK(desk.server().item(kOther, key)->body.data.find("Other words") != std::string::npos);
    }
    LONGS_EQUAL(1, desk.requests("SendMail"));
    CHECK(desk.queue(desk.id).empty());
    STRCMP_EQUAL("", desk.first_violation().c_str());
  }
}

TEST(Drafts, KeptHereTheyGoUpWhenTheServerIsUpdated) {
  Desk desk("14.1");
  Words words = full();
  words.files = {{"a.txt", "aa"}};
  const ItemId draft = desk.keep(words).value();
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(1, desk.drafts());
  LONGS_EQUAL(1, desk.queue(desk.id).size());
  CHECK_FALSE(desk.queue(desk.id)[0].parked);
  CHECK(desk.drafts_there().empty());
  Words more;
  more.subject = "Still here";
  CHECK(desk.keep(more, draft).ok());
  desk.restart();
  desk.server().set_versions({"14.1", "16.1"});
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(1, desk.drafts_there().size());
  LONGS_EQUAL(1, desk.drafts());
  STRCMP_EQUAL("Still here", std::string(desk.there(draft).value(em::kSubject)).c_str());
  LONGS_EQUAL(1, desk.there(draft).attachments.size());
  LONGS_EQUAL(161, desk.view(desk.id).version);
  desk.in_step();
}

TEST(Drafts, WhateverIsLostEachCountsOnce) {
  int number = 0;
  for (const bool with_key : {true, false})
    for (const char* step : {"add", "change", "send", "change and send"})
      for (const int fault : {0, 1, 2}) {
        Desk desk;
        desk.watch_drafts();
        const std::string name = std::string(step) + " " + std::to_string(fault) + (with_key ? "" : " without key");
        const auto lose = [&](exchange::HttpResponse& answer) {
          if (fault == 0) answer.transport.lose = true;
          if (fault == 1) answer.transport.cut_after_bytes = 20;
          if (fault == 2) answer = http_status(503);
          // With the answer the key: everything comes again, and nobody knows what was taken.
          if (!with_key) desk.server().lose_sync_state(kEmail);
        };
        Words words = full();
        words.subject = "draft " + std::to_string(++number);
        words.files = {{"a.txt", "aa"}};
        const std::string what = step;
        if (what == "add") desk.to_draft = lose;
        const ItemId draft = desk.keep(words).value();
        desk.settle_down();
        const bool sends = what == "send" || what == "change and send";
        if (what != "add") {
          Words more;
          more.files = {{"b.txt", "bb"}};
          more.text = "changed";
          if (what != "send") CHECK(desk.keep(more, draft).ok());
          if (sends) LONGS_EQUAL(0, desk.send(draft).code);
          desk.to_draft = lose;
          desk.settle_down();
        }
        CHECK_TEXT(!desk.to_draft, name.c_str());
        desk.settle_down();
        LONGS_EQUAL_TEXT(sends ? 1 : 0, desk.mails(kOther, *words.subject), name.c_str());
        LONGS_EQUAL_TEXT(sends ? 0 : 1, desk.drafts_there().size(), name.c_str());
        if (!sends) LONGS_EQUAL_TEXT(what == "add" ? 1 : 2, desk.there(draft).attachments.size(), name.c_str());
        desk.in_step(!with_key);
      }
}

TEST(Drafts, ARestartInTheMiddleSendsTheSameAgain) {
  Desk desk;
  const ItemId draft = desk.keep(full()).value();
  bool off = false;
  desk.on_served = [&](const Sent& one) {
    if (off || one.label != "Sync" || sync_view(one).commands.empty()) return;
    off = true;
    desk.power_off();
  };
  static_cast<void>(desk.sync(desk.id));
  desk.on_served = nullptr;
  CHECK(off);
  desk.power_on();
  desk.settle_down();
  LONGS_EQUAL(1, desk.drafts_there().size());
  LONGS_EQUAL(1, desk.drafts());
  LONGS_EQUAL(0, desk.send(desk.item(desk.id, 0, "Drafts")).code);
  off = false;
  desk.on_served = [&](const Sent& one) {
    if (off || one.label != "Sync" || sync_view(one).commands.empty()) return;
    off = true;
    desk.power_off();
  };
  static_cast<void>(desk.sync(desk.id));
  desk.on_served = nullptr;
  desk.power_on();
  desk.settle_down();
  LONGS_EQUAL(1, desk.mails(kOther, *full().subject));
  LONGS_EQUAL(0, desk.drafts());
  desk.in_step();
  (void)draft;
}

TEST(Drafts, OneThatIsRefusedIsParkedAndMayBeDropped) {
  Desk desk;
  CHECK(desk.keep(full()).ok());
  desk.instead = [](const Sent& one) -> std::optional<exchange::HttpResponse> {
    if (one.label != "Sync" || sync_view(one).commands.empty()) return std::nullopt;
    return http_status(413);
  };
  static_cast<void>(desk.sync(desk.id));
  desk.instead = nullptr;
  auto queue = desk.queue(desk.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(1, desk.drafts());
  CHECK(desk.changes().retry(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  LONGS_EQUAL(1, desk.drafts_there().size());
  desk.in_step();
}

TEST(Drafts, WithItsLastChangeGoesOneThatTheServerDoesNotHave) {
  Desk desk;
  const ItemId draft = desk.keep(full()).value();
  bool once = false;
  desk.instead = [&](const Sent& one) -> std::optional<exchange::HttpResponse> {
    if (once || one.label != "Sync" || sync_view(one).commands.empty()) return std::nullopt;
    once = true;
    Words words;
    words.text = "Second";
    CHECK(desk.keep(words, draft).ok());
    const auto queue = desk.queue(desk.id);
    LONGS_EQUAL(2, queue.size());
    CHECK_FALSE(desk.changes().drop(ChangeId{queue[0].id}).ok());
    CHECK(desk.changes().drop(ChangeId{queue[1].id}).ok());
    STRCMP_EQUAL(full().text->c_str(), desk.body(desk.id, draft).c_str());
    return http_status(413);
  };
  static_cast<void>(desk.sync(desk.id));
  const auto queue = desk.queue(desk.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(desk.changes().drop(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(0, desk.drafts());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  CHECK(desk.drafts_there().empty());
  desk.in_step();
}

TEST(Drafts, OneThatIsDeletedHereIsGoneThere) {
  Desk desk;
  const ItemId first = desk.keep(full()).value();
  CHECK(desk.changes().remove(first, true).ok());
  LONGS_EQUAL(0, desk.drafts());
  CHECK(desk.queue(desk.id).empty());
  const ItemId second = desk.keep(full()).value();
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  Words words;
  words.subject = "Never mind";
  CHECK(desk.keep(words, second).ok());
  CHECK(desk.changes().remove(second, true).ok());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  CHECK(desk.drafts_there().empty());
  desk.in_step();
}

TEST(Drafts, WhatCannotBeWrittenIsRefused) {
  Desk desk;
  Words words = full();
  words.to = "nobody";
  CHECK_FALSE(desk.keep(words).ok());
  words = full();
  words.subject = "a\nBcc: x@y.z";
  CHECK_FALSE(desk.keep(words).ok());
  words = full();
  words.text = std::string("a\0b", 3);
  CHECK_FALSE(desk.keep(words).ok());
  words = Words();  // nobody to send it to
  const ItemId draft = desk.keep(words).value();
  CHECK(failed(desk.send(draft)));
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  CHECK(failed(desk.send(draft)));
  words.detach = {1};
  LONGS_EQUAL(replica::kNoSuchAttachment, desk.keep(words, draft).error().code);
  // No draft: a mail of the Inbox.
  words = Words();
  words.subject = "x";
  LONGS_EQUAL(replica::kWrongFolder, desk.keep(words, desk.item(desk.id)).error().code);
  desk.in_step();
}

TEST(Drafts, ARefusedOneKeepsItsWordsAndFilesWhenItIsEdited) {
  for (const char* step : {"edit", "send, then edit", "edit in flight", "retry the sending"}) {
    const std::string what = step;
    Desk desk;
    Words words = full();
    words.files = {{"a.txt", "aa"}, {"b.txt", "bb"}};
    const ItemId draft = desk.keep(words).value();
    bool sent = false;
    desk.instead = [&](const Sent& one) -> std::optional<exchange::HttpResponse> {
      if (sent || one.label != "Sync" || sync_view(one).commands.empty()) return std::nullopt;
      sent = true;
      // Meanwhile the user goes on with it.
      if (what == "send, then edit" || what == "retry the sending") LONGS_EQUAL(0, desk.send(draft).code);
      if (what == "edit in flight") {
        Words early;
        early.cc = "erin@example.test";
        CHECK(desk.keep(early, draft).ok());
        early = Words();
        early.files = {{"early.txt", "ee"}};
        CHECK(desk.keep(early, draft).ok());
      }
      return http_status(413);
    };
    static_cast<void>(desk.sync(desk.id));
    desk.instead = nullptr;
    const std::size_t waits = what == "send, then edit" || what == "retry the sending" ? 2 : 1;
    LONGS_EQUAL_TEXT(waits, desk.queue(desk.id).size(), step);
    for (const auto& one : desk.queue(desk.id)) CHECK_TEXT(one.parked, step);
    CHECK_TEXT(desk.drafts_there().empty(), step);
    if (what == "retry the sending") {
      CHECK(desk.changes().retry(ChangeId{desk.queue(desk.id)[1].id}).ok());
      desk.settle_down();
      LONGS_EQUAL(1, desk.mails(kOther, *words.subject));
      LONGS_EQUAL(0, desk.drafts());
      desk.in_step();
      continue;
    }
    Words edit;
    edit.subject = "Shorter";
    edit.detach = {1};
    CHECK_TEXT(desk.keep(edit, draft).ok(), step);
    LONGS_EQUAL_TEXT(1, desk.queue(desk.id).size(), step);
    STRCMP_EQUAL_TEXT(words.text->c_str(), desk.body(desk.id, draft).c_str(), step);
    LONGS_EQUAL_TEXT(0, desk.sync(desk.id).code, step);
    const exchange::Item& item = desk.there(draft);
    STRCMP_EQUAL_TEXT("Shorter", std::string(item.value(em::kSubject)).c_str(), step);
    STRCMP_EQUAL_TEXT(words.text->c_str(), item.body.data.c_str(), step);
    STRCMP_EQUAL_TEXT(words.to->c_str(), std::string(item.value(em::kTo)).c_str(), step);
    // Of those that it had the first has been taken away.
    LONGS_EQUAL_TEXT(what == "edit in flight" ? 2 : 1, item.attachments.size(), step);
    LONGS_EQUAL_TEXT(0, desk.mails(kOther, "Shorter"), step);
    desk.in_step();
  }
}

TEST(Drafts, OneThatIsOnItsWayIsNotSentAsAMailBeside) {
  Desk desk;
  const ItemId draft = desk.keep(full()).value();
  bool once = false;
  desk.on_served = [&](const Sent& one) {
    if (once || one.label != "Sync" || sync_view(one).commands.empty()) return;
    once = true;
    Words words;
    words.cc = "erin@example.test";
    CHECK(desk.keep(words, draft).ok());
    LONGS_EQUAL(0, desk.send(draft).code);
    LONGS_EQUAL(0, desk.send(draft).code);
  };
  desk.settle_down();
  CHECK(once);
  LONGS_EQUAL(1, desk.mails(kOther, *full().subject));
  LONGS_EQUAL(0, desk.requests("SendMail"));
  CHECK(desk.drafts_there().empty());
  desk.in_step();
}

TEST(Drafts, AnEditOfOneThatHasLeftTheFolderIsNotTriedAgain) {
  Desk desk;
  desk.server().put(kEmail, server_draft("Theirs"));
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  const ItemId draft = desk.item(desk.id, 0, "Drafts");
  Words words;
  words.subject = "Mine";
  CHECK(desk.keep(words, draft).ok());
  desk.instead = [](const Sent& one) -> std::optional<exchange::HttpResponse> {
    if (one.label != "Sync" || sync_view(one).commands.empty()) return std::nullopt;
    return http_status(413);
  };
  static_cast<void>(desk.sync(desk.id));
  desk.instead = nullptr;
  auto queue = desk.queue(desk.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  CHECK(desk.changes().move(draft, desk.folder_id(desk.id, "Inbox")).ok());
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  const auto again = desk.changes().retry(ChangeId{queue[0].id});
  CHECK_FALSE(again.ok());
  LONGS_EQUAL(replica::kWrongFolder, again.error().code);
  const std::size_t before = desk.requests("Sync");
  static_cast<void>(desk.sync(desk.id));
  desk.run_for(60'000);
  CHECK(desk.requests("Sync") < before + 10);
}

TEST(Drafts, WhatNeverLeftTheDeviceWasNotSent) {
  Desk desk;
  desk.server().put(kEmail, server_draft("Theirs"));
  LONGS_EQUAL(0, desk.sync(desk.id).code);
  const ItemId draft = desk.item(desk.id, 0, "Drafts");
  LONGS_EQUAL(0, desk.send(draft).code);
  // The network goes between the folders and the draft.
  int tries = 0;
  desk.on_served = [&](const Sent& one) { desk.online = one.label != "FolderSync"; };
  desk.on_request = [&](const Sent& one) { tries += one.label == "Sync" && !desk.online; };
  for (int i = 0; i < 3; ++i) {
    desk.online = true;
    CHECK(failed(desk.sync(desk.id)));
    desk.run_for(600'000);
  }
  desk.on_served = desk.on_request = nullptr;
  CHECK(tries >= 2);
  // Somebody deletes it meanwhile.
  desk.server().remove(kEmail, 100);
  desk.online = true;
  desk.settle_down();
  const auto queue = desk.queue(desk.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(8, protocol::eas_status(queue[0].last));
}

TEST(Drafts, OneInDoubtIsDeleted) {
  for (const char* step : {"taken", "lost", "refused", "without key"}) {
    const std::string what = step;
    Desk desk;
    const ItemId draft = desk.keep(full()).value();
    bool once = false;
    desk.instead = [&](const Sent& one) -> std::optional<exchange::HttpResponse> {
      if (once || what == "taken" || one.label != "Sync" || sync_view(one).commands.empty()) return std::nullopt;
      once = true;
      if (what == "without key") desk.server().lose_sync_state(kEmail);
      return http_status(503);
    };
    desk.watch_drafts();
    if (what == "taken") desk.to_draft = [](exchange::HttpResponse& answer) { answer.transport.lose = true; };
    bool removed = false;
    desk.on_served = [&](const Sent& one) {
      if (removed || one.label != "Sync" || sync_view(one).commands.empty()) return;
      removed = true;
      CHECK_TEXT(desk.changes().remove(draft, true).ok(), step);
      LONGS_EQUAL_TEXT(0, desk.drafts(), step);
    };
    static_cast<void>(desk.sync(desk.id));
    if (what == "refused")
      desk.instead = [](const Sent& one) -> std::optional<exchange::HttpResponse> {
        if (one.label != "Sync" || sync_view(one).commands.empty()) return std::nullopt;
        return http_status(413);
      };
    desk.settle_down();
    CHECK_TEXT(desk.queue(desk.id).empty(), step);
    CHECK_TEXT(desk.drafts_there().empty(), step);
    LONGS_EQUAL_TEXT(0, desk.drafts(), step);
    desk.in_step(what == "without key");
  }
}

TEST(Drafts, AnotherOneIsNotTakenForIt) {
  for (const char* subject : {"", "Entwurf"}) {
    Desk desk;
    Words words;
    words.to = "bob@example.test";
    words.subject = subject;
    words.text = "Mine";
    const ItemId draft = desk.keep(words).value();
    bool once = false;
    desk.instead = [&](const Sent& one) -> std::optional<exchange::HttpResponse> {
      if (once || one.label != "Sync" || sync_view(one).commands.empty()) return std::nullopt;
      once = true;
      exchange::Item other = server_draft(subject);
      other.attachments.clear();
      if (*subject != 0) other.remove(em::kTo);
      desk.server().put(kEmail, other);
      desk.server().lose_sync_state(kEmail);
      return http_status(503);
    };
    static_cast<void>(desk.sync(desk.id));
    desk.instead = nullptr;
    desk.settle_down();
    CHECK(once);
    LONGS_EQUAL_TEXT(2, desk.drafts_there().size(), subject);
    STRCMP_EQUAL_TEXT("Mine", desk.there(draft).body.data.c_str(), subject);
    desk.in_step(true);
  }
}
