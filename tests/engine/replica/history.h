// The same life of a replica for every fault: setting up, windows, edits, answers, a dropped response, a re-key, a
// deselected folder. Each step is one commit; after a fault the replica must be as before the step or as after it.
#pragma once
#include <sqlite3.h>

#include <functional>

#include "home.h"

namespace replica_test {

// All that a user or the protocol can see.
inline std::string digest(sqlite3* database) {
  static constexpr const char* kQueries[] = {
      "SELECT server_id,name,type,selected,synced,sync_key,rekeying,items,unread,window FROM folder WHERE gone=0 ORDER "
      "BY id",
      "SELECT "
      "i.id,i.server_id,folder,shown,categories,subject,read,flag_status,edits,body_here,attachment_count,(SELECT "
      "hex(group_concat(substr(data,1,9),'')) FROM"
      " (SELECT data FROM body_chunk WHERE id>=i.body_blob*65536 AND id<(i.body_blob+1)*65536 ORDER BY id)),"
      " (SELECT sum(length(data)) FROM body_chunk WHERE id>=i.body_blob*65536 AND id<(i.body_blob+1)*65536)"
      " FROM item i WHERE folder NOT IN (SELECT id FROM folder WHERE emptying=1) ORDER BY i.id",
      "SELECT item,kind,CASE WHEN kind<20 THEN value END,request<>0,tries,parked,code FROM change ORDER BY id",
      "SELECT folder,server_id,code FROM parked",
      "SELECT client_id,subject,bytes,(SELECT group_concat(hex(substr(data,1,9))||length(data)) FROM outbox_chunk WHERE"
      " id>>36=o.id),(SELECT group_concat(name) FROM outbox_part WHERE id>>16=o.id) FROM outbox o WHERE whole=1",
      "SELECT key,data FROM value WHERE key<1000 ORDER BY key"};
  std::string all;
  for (const char* query : kQueries) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, query, -1, &statement, nullptr) != SQLITE_OK) return "error";
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        all += text == nullptr ? "-" : text;
        all += '|';
      }
      all += '\n';
    }
    sqlite3_finalize(statement);
    all += "==\n";
  }
  return all;
}

struct Script {
  struct Step {
    const char* name;
    std::function<bool(Home&)> run;  // true: it said ok
  };

  // Ids are found without a Reader: some of these run on file systems that know one connection only.
  static ItemId id_of(Home& home, const std::string& server_id) {
    sqlite3_stmt* statement = nullptr;
    std::uint64_t id = 0;
    if (sqlite3_prepare_v2(home.store.database(), "SELECT id FROM item WHERE server_id=?1", -1, &statement, nullptr) ==
        SQLITE_OK) {
      sqlite3_bind_text(statement, 1, server_id.c_str(), -1, SQLITE_TRANSIENT);
      if (sqlite3_step(statement) == SQLITE_ROW) id = static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
    }
    sqlite3_finalize(statement);
    return static_cast<ItemId>(id);
  }
  static std::int64_t number(Home& home, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    std::int64_t value = -1;  // it cannot be read
    if (sqlite3_prepare_v2(home.store.database(), sql, -1, &statement, nullptr) == SQLITE_OK) {
      const int step = sqlite3_step(statement);
      if (step == SQLITE_ROW) value = sqlite3_column_int64(statement, 0);
      if (step == SQLITE_DONE) value = 0;
    }
    sqlite3_finalize(statement);
    return value;
  }
  static bool message(Home& home, const char* client_id) {
    replica::NewMessage about;
    about.client_id = client_id;
    about.message_id = "<x@y>";
    about.subject = "Out";
    const Result<std::uint64_t> id = home.store.message_begin(about);
    if (!id.ok()) return false;
    items::MimePart part;
    part.kind = items::MimePart::Kind::kAttachment;
    const std::string bytes(replica::kMessagePieceBytes, 'a');
    part.bytes = bytes.size() + 10;
    return home.store.message_piece(id.value(), 0, 0, bytes_of(Text("Subject: Out\r\n"))).ok() &&
           home.store.message_piece(id.value(), 1, 0, bytes_of(bytes)).ok() &&
           home.store.message_piece(id.value(), 1, 1, bytes_of(Text(bytes).substr(0, 10))).ok() &&
           home.store.message_part(id.value(), 1, part).ok() &&
           home.store.message_queue(id.value(), replica::MessageVerb::kSend, 20'000, home.wall).ok();
  }
  static Mail mail(int n) {
    Mail m;
    m.subject = "Mail " + std::to_string(n) + std::string(n % 5 == 0 ? 2000 : 0, 's');
    m.body = std::string(static_cast<std::size_t>(n % 3 == 0 ? 20'000 : 200), static_cast<char>('a' + n % 26)) +
             std::to_string(n);
    m.received += n * 60'000;
    m.read = n % 2;
    if (n % 4 == 0) m.attachments = {"one.pdf", "two.png"};
    if (n % 6 == 0) m.flag = 2;
    return m;
  }
  static bool window(Home& home, int from, int to, const char* prefix, const char* key, bool more) {
    Response response(home);
    for (int n = from; n <= to; ++n) response.add(prefix + std::to_string(n), mail(n));
    return response.error.empty() && response.commit(key, more).ok();
  }

  static std::vector<Step> steps() {
    return {
        {"folders", [](Home& home) { return home.folders(); }},
        {"first key", [](Home& home) { return Response(home).commit("k0").ok(); }},
        {"window 1", [](Home& home) { return window(home, 1, 14, "5:", "k1", true); }},
        {"window 2", [](Home& home) { return window(home, 15, 20, "5:", "k2", false); }},
        {"mark read", [](Home& home) { return home.store.mark_read(id_of(home, "5:2"), true, home.wall).ok(); }},
        {"mark flag", [](Home& home) { return home.store.mark_flag(id_of(home, "5:3"), 2, home.wall).ok(); }},
        {"mark unread", [](Home& home) { return home.store.mark_read(id_of(home, "5:5"), false, home.wall).ok(); }},
        {"delete", [](Home& home) { return home.store.remove(id_of(home, "5:10"), false, home.wall).ok(); }},
        {"category",
         [](Home& home) { return home.store.mark_category(id_of(home, "5:13"), "Red", true, home.wall).ok(); }},
        {"move", [](Home& home) { return home.store.move(id_of(home, "5:12"), home.folder("7").id, home.wall).ok(); }},
        {"move on its way",
         [](Home& home) {
           replica::OutgoingMove out[5];
           return home.store.freeze_moves(out).ok();
         }},
        {"move done",
         [](Home& home) {
           const std::int64_t change = number(home, "SELECT id FROM change WHERE kind=4");
           return change == 0 || (change > 0 && home.store.move_done(static_cast<std::uint64_t>(change), "7:1").ok());
         }},
        {"message", [](Home& home) { return message(home, "one"); }},
        {"message again", [](Home& home) { return message(home, "two"); }},
        {"message on its way",
         [](Home& home) {
           replica::OutgoingMessage next;
           const Result<bool> there = home.store.next_message(next);
           return there.ok() && (!there.value() || home.store.message_sending(next.change).ok());
         }},
        {"message sent",
         [](Home& home) {
           replica::OutgoingMessage next;
           const Result<bool> there = home.store.next_message(next);
           if (!there.ok()) return false;
           return std::string(next.client_id.view()) != "one" || home.store.message_sent(next.change).ok();
         }},
        {"freeze",
         [](Home& home) {
           Outgoing out[10];
           std::byte texts[500];
           const FolderId inbox = home.inbox().id;
           return inbox != FolderId{} && home.store.freeze_outgoing(inbox, 7, out, texts).ok();
         }},
        {"answers and changes",
         [](Home& home) {
           Outgoing out[10];
           std::byte texts[500];
           const FolderId inbox = home.inbox().id;
           if (inbox == FolderId{} || !home.store.freeze_outgoing(inbox, 7, out, texts).ok()) return false;
           Response response(home, 7);
           response.answer("5:3", 7).add("5:21", mail(21)).read("5:4", 1).remove("5:6").change("5:9", mail(10));
           response.item(Operation::kAdd, "5:22").properties(mail(24)).end(Error{Domain::kEas, 6, 0});
           return response.error.empty() && response.commit("k3").ok();
         }},
        {"a dropped response",
         [](Home& home) {
           Response response(home);
           for (int n = 30; n < 36; ++n) response.add("5:" + std::to_string(n), mail(n));
           response.arrival.drop();
           return response.error.empty();
         }},
        {"a new hierarchy",
         [](Home& home) {
           return home.store.hierarchy_begin(false).ok() && home.store.hierarchy_put("7", "0", "Renamed", 12).ok() &&
                  home.store.hierarchy_remove("6").ok() && home.store.hierarchy_commit("h2").ok();
         }},
        {"re-key",
         [](Home& home) {
           const FolderId inbox = home.inbox().id;
           return inbox != FolderId{} && home.store.rekey_begin(inbox).ok();
         }},
        {"key of the re-key", [](Home& home) { return Response(home).commit("r0").ok(); }},
        {"re-key 1", [](Home& home) { return window(home, 1, 8, "5:", "r1", true); }},
        {"mark meanwhile", [](Home& home) { return home.store.mark_flag(id_of(home, "5:11"), 1, home.wall).ok(); }},
        {"re-key 2", [](Home& home) { return window(home, 11, 16, "n:", "r2", false); }},
        {"values", [](Home& home) { return home.store.put_number(Value::kPolicyKey, 12345).ok(); }},
        {"housekeeping",
         [](Home& home) {
           for (;;) {
             const Result<bool> more = home.store.idle(home.mono);
             if (!more.ok()) return false;
             if (!more.value()) return true;
           }
         }},
        {"deselect",
         [](Home& home) {
           const FolderId inbox = home.inbox().id;
           return inbox != FolderId{} && home.store.select(inbox, false).ok();
         }},
        {"emptying",
         [](Home& home) {
           for (;;) {
             const Result<bool> more = home.store.idle(home.mono);
             if (!more.ok()) return false;
             if (!more.value()) return true;
           }
         }},
    };
  }
};

}  // namespace replica_test
