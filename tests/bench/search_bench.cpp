// What reading costs in a large mailbox: `search_bench make mails=N dir=D [index=1] [cache=256]` syncs N generated
// mails into D/account-1.db, indexes them for search in a replica that was opened anew, and prints the peak of SQLite's
// heap and of ours in that pass. `search_bench list|show|search|open dir=D [times=1] [words=W] [limit=50]` then reads
// as an application does. tests/bench/search counts instructions and holds them against bounds.
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "items/properties.h"
#include "mail_generator.h"
#include "replica/arrival.h"
#include "replica/reader_factory.h"

namespace {

using namespace handsync;

std::size_t g_live = 0, g_peak = 0;
void* take(void*, std::size_t bytes) {
  auto* block = static_cast<std::size_t*>(std::malloc(bytes + 16));
  if (block == nullptr) return nullptr;
  *block = bytes;
  g_live += bytes;
  g_peak = g_peak < g_live ? g_live : g_peak;
  return block + 2;
}
void give(void*, void* data) {
  if (data == nullptr) return;
  auto* block = static_cast<std::size_t*>(data) - 2;
  g_live -= *block;
  std::free(block);
}

template <class Outcome>
auto must(Outcome outcome, const char* what) {
  if (!outcome.ok()) {
    std::fprintf(stderr, "search_bench: %s failed: domain %d code %d\n", what, static_cast<int>(outcome.error().domain),
                 static_cast<int>(outcome.error().code));
    std::exit(1);
  }
  return outcome.value();
}

void send(replica::Arrival& arrival, const bench::Mail& mail, std::uint32_t i) {
  const auto text = [&](items::PropertyId id, Text value) {
    must(arrival.begin(id), "begin");
    must(arrival.piece(bytes_of(value)), "piece");
    must(arrival.end(), "end");
  };
  const auto number = [&](items::PropertyId id, std::int64_t value) {
    must(arrival.begin(id), "begin");
    must(arrival.piece(items::NumberPiece(value).view()), "piece");
    must(arrival.end(), "end");
  };
  must(arrival.item(items::Operation::kAdd), "item");
  must(arrival.server_id(mail.server_id), "server id");
  text(items::kTo, mail.to);
  text(items::kFrom, mail.from);
  text(items::kSubject, mail.subject + " no" + std::to_string(i) + "x");  // one word that no other mail has
  number(items::kDateReceived, (1'700'000'000 + std::int64_t{i} * 613) * 1000);
  text(items::kThreadTopic, mail.thread_topic);
  number(items::kImportance, mail.importance);
  number(items::kRead, mail.read);
  text(items::kMessageClass, "IPM.Note");
  text(items::kBody, "");
  number(items::kBodyType, 2);
  number(items::kBodySize, static_cast<std::int64_t>(mail.body.size()));
  text(items::kBodyData, mail.body);
  text(items::kPreview, mail.preview);
  text(items::kConversationId, Text(reinterpret_cast<const char*>(mail.conversation_id), sizeof mail.conversation_id));
  text(items::kConversationIndex,
       Text(reinterpret_cast<const char*>(mail.conversation_index), sizeof mail.conversation_index));
  must(arrival.item_end({}), "item end");
}

replica::SyncFolder inbox_of(replica::Store& store) {
  replica::SyncFolder inbox;
  static_cast<void>(must(store.sync_folders(std::span(&inbox, 1)), "folders"));
  return inbox;
}

int make(const replica::StoreOptions& options, std::uint32_t mails, bool index) {
  constexpr std::uint32_t kWindow = 100;
  {
    replica::Store store;
    must(store.open(options, {take, give, nullptr}), "open");
    must(store.hierarchy_begin(true), "hierarchy");
    must(store.hierarchy_put("5", "0", "Inbox", 2), "hierarchy");
    must(store.hierarchy_commit("h1"), "hierarchy");
    {
      replica::Arrival first(store);
      must(first.begin(inbox_of(store), 0, 0), "begin");
      must(first.commit("k", true, 0), "commit");
    }
    for (std::uint32_t at = 0; at < mails; at += kWindow) {
      replica::Arrival arrival(store);
      must(arrival.begin(inbox_of(store), 0, at), "begin");
      for (std::uint32_t i = at; i < at + kWindow && i < mails; ++i) send(arrival, bench::make_mail(i), i);
      must(arrival.commit("k" + std::to_string(at), at + kWindow < mails, 0), "commit");
    }
  }
  replica::Store store;
  must(store.open(options, {take, give, nullptr}), "open");
  sqlite3_int64 used = 0, high = 0;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 1);
  g_peak = g_live;
  long steps = 0;
  while (index && must(store.index_some(), "index")) ++steps;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 0);
  std::printf("{\"bench\":\"search\",\"mails\":%u,\"steps\":%ld,\"sqlite_heap_kib\":%lld,\"own_heap_kib\":%zu}\n",
              mails, steps, static_cast<long long>(high / 1024), g_peak / 1024);
  return 0;
}

/// Rows of a list, and their texts.
std::size_t rows(Reader& reader, const Query& query) {
  Cursor<ItemRow>* cursor = must(reader.list(query), "list");
  std::size_t count = 0;
  for (ItemRow row; must(cursor->step(row), "step");) ++count;
  cursor->close();
  return count;
}

}  // namespace

int main(int count, char** arguments) {
  std::map<std::string, std::string> set = {{"mails", "1000"}, {"dir", ""},   {"index", "1"}, {"cache", "256"},
                                            {"times", "1"},    {"words", ""}, {"limit", "50"}};
  for (int i = 2; i < count; ++i) {
    const std::string argument = arguments[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || set.find(argument.substr(0, equals)) == set.end()) return 2;
    set[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const auto value = [&](const char* name) {
    return static_cast<std::uint32_t>(std::strtoul(set[name].c_str(), nullptr, 10));
  };
  const std::string what = count > 1 ? arguments[1] : "";
  const std::string path = set["dir"] + "/account-1.db";
  replica::StoreOptions options;
  options.path = path;
  options.cache_kib = static_cast<std::uint16_t>(value("cache"));
  if (what == "make") return make(options, value("mails"), value("index") != 0);
  std::size_t found = 0;
  sqlite3_int64 used = 0, high = 0;
  for (std::uint32_t i = 0; i < value("times"); ++i) {
    // Each time as a program that has just been started: nothing is in the cache.
    Reader* reader = must(replica::open_reader(options, {take, give, nullptr}), "reader");
    sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 1);
    Query query;
    query.limit = value("limit");
    if (what == "list") {
      query.folder = FolderId{1};
      found += rows(*reader, query);
    } else if (what == "show") {
      query.item = ItemId{value("mails") / 2};
      found += rows(*reader, query);
      std::byte room[16384];
      found += must(reader->body(query.item, 0, room), "body") != 0;
    } else if (what == "search") {
      query.words = set["words"];
      found += rows(*reader, query);
    }
    sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 0);
    reader->close();
  }
  std::printf("{\"bench\":\"search\",\"what\":\"%s\",\"found\":%zu,\"sqlite_heap_kib\":%lld}\n", what.c_str(), found,
              static_cast<long long>(high / 1024));
  return 0;
}
