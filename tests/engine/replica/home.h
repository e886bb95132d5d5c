// A replica in a directory of its own, and short words for what tests do with it.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "items/properties.h"
#include "replica/arrival.h"
#include "replica/reader_factory.h"
#include "replica/store.h"

namespace replica_test {

using namespace handsync;
using handsync::items::Operation;
using handsync::replica::Applied;
using handsync::replica::Arrival;
using handsync::replica::Outgoing;
using handsync::replica::Store;
using handsync::replica::StoreOptions;
using handsync::replica::SyncFolder;
using handsync::replica::Value;

// Counts blocks, and refuses the nth.
struct Heap {
  long live = 0, taken = 0, fail_at = 0;
  static void* take(void* self, std::size_t bytes) {
    auto* heap = static_cast<Heap*>(self);
    if (++heap->taken == heap->fail_at) return nullptr;
    ++heap->live;
    return std::malloc(bytes);
  }
  static void give(void* self, void* block) {
    if (block == nullptr) return;
    --static_cast<Heap*>(self)->live;
    std::free(block);
  }
  Memory memory() { return Memory{take, give, this}; }
};

struct Mail {
  std::string subject = "Lunch", from = "Ada <ada@example.com>", body = "Shall we?";
  std::int64_t received = 1'700'000'000'000;
  int read = -1;  // -1: not said
  int flag = -1;  // -1: not said; 0: an empty Flag
  int body_type = 2, truncated = 0;
  std::int64_t body_size = -1;  // -1: the body's
  bool has_body = true, headers = true;
  std::vector<std::string> attachments;
};

struct Home {
  std::string directory;
  std::string path;
  const char* vfs = nullptr;
  std::uint16_t arrival_kib = 256, page_bytes = 4096, cache_kib = 256;
  Heap heap;
  Store store;
  std::uint64_t mono = 1000;
  std::int64_t wall = 1'750'000'000'000;

  Home() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base != nullptr                       ? base
                                   : std::filesystem::exists("/dev/shm") ? "/dev/shm"
                                                                         : "/tmp") +
                       "/replica-XXXXXX";
    directory = mkdtemp(name.data()) != nullptr ? name : std::string("/tmp");
    path = directory + "/account-1.db";
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() {
    store.close();
    std::filesystem::remove_all(directory);
  }

  StoreOptions options() const { return StoreOptions{path, vfs, page_bytes, cache_kib, arrival_kib}; }
  Status open() { return store.open(options(), heap.memory()); }

  // Inbox 5, Sent 6, a folder of the user's 7 below the Inbox, a calendar 8.
  bool folders() {
    return store.hierarchy_begin(true).ok() && store.hierarchy_put("5", "0", "Inbox", 2).ok() &&
           store.hierarchy_put("6", "0", "Sent", 5).ok() && store.hierarchy_put("7", "5", "Work", 12).ok() &&
           store.hierarchy_put("8", "0", "Calendar", 8).ok() && store.hierarchy_commit("h1").ok();
  }
  SyncFolder folder(const std::string& server_id) {
    SyncFolder all[16];
    const std::size_t count = store.sync_folders(all).value();
    for (std::size_t i = 0; i < count; ++i) {
      if (all[i].server_id.view() == server_id) return all[i];
    }
    return {};
  }
  SyncFolder inbox() { return folder("5"); }

  // -- reading
  // --------------------------------------------------------------------------------------------------------------------
  struct Row {
    std::uint64_t id = 0;
    std::string server_id, subject, from, conversation;
    bool read = false, flagged = false, edited = false, gone = false;
    std::int64_t when = 0;
    std::uint64_t here = 0, total = 0;
    std::uint32_t attachments = 0, folder = 0;
  };
  template <class Use>
  auto with_reader(Use use) {
    Reader* reader = replica::open_reader(options(), heap.memory()).value();
    auto result = use(*reader);
    reader->close();
    return result;
  }
  static std::vector<Row> rows(Reader& reader, const Query& query) {
    std::vector<Row> result;
    Cursor<ItemRow>* cursor = reader.list(query).value();
    ItemRow row;
    for (;;) {
      const Result<bool> more = cursor->step(row);
      if (!more.ok() || !more.value()) break;
      Row copy;
      copy.id = static_cast<std::uint64_t>(row.id);
      copy.server_id = row.server_id;
      copy.subject = row.subject;
      copy.from = row.from;
      copy.conversation = row.conversation_id;
      copy.read = row.read;
      copy.flagged = row.flagged;
      copy.edited = row.edited_here;
      copy.gone = row.gone;
      copy.when = row.when_ms;
      copy.here = row.body_bytes_here;
      copy.total = row.body_bytes_total;
      copy.attachments = row.attachments;
      copy.folder = static_cast<std::uint32_t>(row.folder);
      result.push_back(copy);
    }
    cursor->close();
    return result;
  }
  std::vector<Row> list(Query query) {
    return with_reader([&](Reader& reader) { return rows(reader, query); });
  }
  std::vector<Row> inbox_rows() {
    Query query;
    query.folder = inbox().id;
    return list(query);
  }
  Row find(const std::string& server_id) {
    for (const Row& row : list(Query{})) {  // in every folder
      if (row.server_id == server_id) return row;
    }
    return {};
  }
  ItemId id_of(const std::string& server_id) { return static_cast<ItemId>(find(server_id).id); }
  std::string body(ItemId id) {
    return with_reader([&](Reader& reader) {
      std::string result, buffer(5000, '\0');
      for (;;) {
        const Result<std::size_t> size =
            reader.body(id, result.size(), std::as_writable_bytes(std::span(buffer.data(), buffer.size())));
        if (!size.ok() || size.value() == 0) return result;
        result.append(buffer.data(), size.value());
      }
    });
  }
  FolderRow inbox_folder() {
    return with_reader([&](Reader& reader) {
      Cursor<FolderRow>* cursor = reader.folders().value();
      FolderRow row, result;
      while (cursor->step(row).value()) {
        if (row.type == FolderType::kInbox) result = row;
      }
      result.name = result.server_id = {};
      return result;
    });
  }
  FolderRow folder_row(const std::string& server_id) {
    return with_reader([&](Reader& reader) {
      Cursor<FolderRow>* cursor = reader.folders().value();
      FolderRow row, result;
      while (cursor->step(row).value()) {
        if (row.server_id == server_id) result = row;
      }
      result.name = result.server_id = {};
      return result;
    });
  }
  std::string categories(const std::string& server_id) {
    Query query;
    query.item = id_of(server_id);
    return with_reader([&](Reader& reader) {
      ItemRow row;
      return reader.list(query).value()->step(row).value() ? std::string(row.categories) : std::string();
    });
  }
  /// The first item of a folder, without its texts.
  ItemRow event(FolderId folder) {
    return with_reader([&](Reader& reader) {
      Query query;
      query.folder = folder;
      ItemRow row;
      static_cast<void>(reader.list(query).value()->step(row));
      return row;
    });
  }
  std::vector<QueueRow> queue() {
    return with_reader([&](Reader& reader) {
      std::vector<QueueRow> result;
      Cursor<QueueRow>* cursor = reader.queue().value();
      QueueRow row;
      while (cursor->step(row).value()) result.push_back(row);  // `what` is a constant text
      return result;
    });
  }
};

// A response on its way, in the words of the protocol.
struct Response {
  Home& home;
  Arrival arrival;
  std::string error;

  explicit Response(Home& h, std::uint32_t request = 0) : home(h), arrival(h.store) { start(h.inbox(), request); }
  Response(Home& h, const SyncFolder& folder, std::uint32_t request) : home(h), arrival(h.store) {
    start(folder, request);
  }
  void start(const SyncFolder& folder, std::uint32_t request) { note(arrival.begin(folder, request, home.mono)); }

  void note(const Status& status) {
    if (!status.ok() && error.empty()) {
      error = std::to_string(static_cast<int>(status.error().domain)) + "/" + std::to_string(status.error().code);
    }
  }
  void text(items::PropertyId id, const std::string& value) {
    note(arrival.begin(id));
    for (std::size_t at = 0; at < value.size(); at += 700) note(arrival.piece(bytes_of(Text(value).substr(at, 700))));
    note(arrival.end());
  }
  void number(items::PropertyId id, std::int64_t value) {
    note(arrival.begin(id));
    note(arrival.piece(items::NumberPiece(value).view()));
    note(arrival.end());
  }
  void marker(items::PropertyId id) { text(id, ""); }

  Response& item(Operation operation, const std::string& server_id, int status = -1) {
    note(arrival.item(operation));
    note(arrival.server_id(server_id));
    if (status >= 0) note(arrival.item_status(static_cast<std::uint32_t>(status)));
    return *this;
  }
  Response& properties(const Mail& mail) {
    if (mail.headers) {
      text(items::kSubject, mail.subject);
      text(items::kFrom, mail.from);
      text(items::kTo, "me@example.com");
      text(items::kMessageClass, "IPM.Note");
      number(items::kDateReceived, mail.received);
    }
    if (mail.read >= 0) number(items::kRead, mail.read);
    if (mail.flag >= 0) {
      marker(items::kFlag);
      if (mail.flag > 0) {
        number(items::kFlagStatus, mail.flag);
        text(items::kFlagType, "for Follow Up");
      }
    }
    if (mail.has_body) {
      marker(items::kBody);
      text(items::kBodyData, mail.body);  // before its type, as some servers do
      number(items::kBodyType, mail.body_type);
      number(items::kBodySize, mail.body_size >= 0 ? mail.body_size : static_cast<std::int64_t>(mail.body.size()));
      if (mail.truncated != 0) number(items::kBodyTruncated, 1);
    }
    if (!mail.attachments.empty()) {
      marker(items::kAttachments);
      for (const std::string& name : mail.attachments) {
        marker(items::kAttachment);
        text(items::kAttachmentName, name);
        text(items::kAttachmentReference, "5:1:" + name);
        number(items::kAttachmentSize, 1234);
      }
    }
    return *this;
  }
  Response& end(Error fault = {}) {
    note(arrival.item_end(fault));
    return *this;
  }
  Response& add(const std::string& server_id, const Mail& mail = {}) {
    return item(Operation::kAdd, server_id).properties(mail).end();
  }
  Response& change(const std::string& server_id, const Mail& mail) {
    return item(Operation::kChange, server_id).properties(mail).end();
  }
  Response& read(const std::string& server_id, int value) {
    Mail mail;
    mail.headers = mail.has_body = false;
    mail.read = value;
    return change(server_id, mail);
  }
  Response& remove(const std::string& server_id) { return item(Operation::kDelete, server_id).end(); }
  Response& answer(const std::string& server_id, int status) {
    return item(Operation::kAnswerChange, server_id, status).end();
  }
  Result<Applied> commit(const std::string& key, bool more = false) { return arrival.commit(key, more, home.wall); }
};

// The Inbox with a first key and these mails in it.
inline bool fill(Home& home, int mails, int read = 0) {
  if (!home.open().ok() || !home.folders()) return false;
  if (!Response(home).commit("k0").ok()) return false;
  Response response(home);
  for (int i = 1; i <= mails; ++i) {
    Mail mail;
    mail.subject = "Mail " + std::to_string(i);
    mail.body = "Body of " + std::to_string(i);
    mail.received += i * 60'000;
    mail.read = read;
    response.add("5:" + std::to_string(i), mail);
  }
  return response.error.empty() && response.commit("k1").ok();
}

}  // namespace replica_test
