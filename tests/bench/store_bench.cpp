// What storing a mail costs, apart from decoding it: `store_bench [mails=2000] [window=100] [body=1465] [page=4096]
// [cache=256] [arrival=256] [dir=/dev/shm]` syncs generated mails into a new replica and prints one JSON line: syncs,
// bytes written and the largest WAL per window, SQLite's peak heap and our own, microseconds a mail. tests/bench/store
// counts instructions and holds all of it against bounds. Mail i is a pure function of i; what making it costs is
// measured by `only=generate`.
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include "items/properties.h"
#include "replica/arrival.h"

namespace {

using namespace handsync;

// -- counting VFS
// ------------------------------------------------------------------------------------------------------------------

long g_syncs = 0, g_written = 0;
sqlite3_vfs* g_below = nullptr;
int (*g_write)(sqlite3_file*, const void*, int, sqlite3_int64) = nullptr;
int (*g_sync)(sqlite3_file*, int) = nullptr;
// A file system has several sets of methods (with locks and without); they share how to write and to sync.
std::map<const sqlite3_io_methods*, sqlite3_io_methods> g_methods;

int counted_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  g_written += size;
  return g_write(file, data, size, offset);
}
int counted_sync(sqlite3_file* file, int flags) {
  ++g_syncs;
  return g_sync(file, flags);
}
int counted_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  const int code = g_below->xOpen(g_below, name, file, flags, out);
  if (code == SQLITE_OK && file->pMethods != nullptr) {
    const auto [entry, added] = g_methods.emplace(file->pMethods, *file->pMethods);
    if (added) {
      g_write = entry->second.xWrite;
      g_sync = entry->second.xSync;
      entry->second.xWrite = counted_write;
      entry->second.xSync = counted_sync;
    }
    file->pMethods = &entry->second;
  }
  return code;
}
void count_files() {
  g_below = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs counted = *g_below;
  counted.zName = "counted";
  counted.xOpen = counted_open;
  sqlite3_vfs_register(&counted, 0);
}

// -- our own heap
// ------------------------------------------------------------------------------------------------------------------

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

// -- mails
// ---------------------------------------------------------------------------------------------------------------------------

struct Mail {
  std::string server_id, subject, from, to, display_to, body, preview;
  unsigned char conversation[16], index[5];
  std::int64_t received = 0;
  bool read = false, attachment = false;
};

struct Random {
  std::uint64_t state;
  std::uint32_t below(std::uint32_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(((state >> 33) * n) >> 31);
  }
};

void words(std::string& to, Random& random, std::size_t bytes) {
  static constexpr const char* kWords[] = {"meeting",
                                           "about",
                                           "the",
                                           "gr\xC3\xBC\xC3\x9F"
                                           "e",
                                           "report",
                                           "for",
                                           "Monday",
                                           "numbers",
                                           "please",
                                           "see",
                                           "attached",
                                           "plan",
                                           "travel"};
  while (to.size() < bytes) {
    to += kWords[random.below(13)];
    to += ' ';
  }
}

void make(Mail& mail, std::uint32_t i, std::size_t body) {
  Random random{i * 2654435761u + 1};
  for (std::string* text :
       {&mail.server_id, &mail.subject, &mail.from, &mail.to, &mail.display_to, &mail.body, &mail.preview}) {
    text->clear();
  }
  mail.server_id = "5:" + std::to_string(i);
  words(mail.subject, random, 45);
  mail.from = "\"Someone " + std::to_string(random.below(400)) + "\" <user@corp.example>";
  mail.to = "\"Another " + std::to_string(random.below(400)) + "\" <user@corp.example>";
  mail.display_to = "Another";
  mail.body = "<html><body><p>";
  words(mail.body, random, body);
  words(mail.preview, random, 110);
  for (unsigned char& byte : mail.conversation) byte = static_cast<unsigned char>(random.below(256));
  for (unsigned char& byte : mail.index) byte = static_cast<unsigned char>(random.below(256));
  mail.received = 1'700'000'000'000 + i * 613'000LL;
  mail.read = random.below(2) != 0;
  mail.attachment = random.below(10) == 0;
}

void must(const Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "store_bench: %s failed: domain %d code %d\n", what, static_cast<int>(status.error().domain),
               static_cast<int>(status.error().code));
  std::exit(1);
}

class Sender {
 public:
  explicit Sender(replica::Arrival& arrival) : arrival_(arrival) {}
  void send(const Mail& mail) {
    must(arrival_.item(items::Operation::kAdd), "item");
    must(arrival_.server_id(mail.server_id), "server id");
    text(items::kTo, mail.to);
    text(items::kFrom, mail.from);
    text(items::kSubject, mail.subject);
    number(items::kDateReceived, mail.received);
    text(items::kDisplayTo, mail.display_to);
    text(items::kThreadTopic, mail.subject);
    number(items::kImportance, 1);
    number(items::kRead, mail.read ? 1 : 0);
    text(items::kMessageClass, "IPM.Note");
    number(items::kInternetCodePage, 65001);
    text(items::kFlag, "");
    text(items::kBody, "");
    number(items::kBodyType, 2);
    number(items::kBodySize, static_cast<std::int64_t>(mail.body.size()));
    text(items::kBodyData, mail.body);
    text(items::kPreview, mail.preview);
    number(items::kNativeBodyType, 2);
    text(items::kConversationId, Text(reinterpret_cast<const char*>(mail.conversation), sizeof mail.conversation));
    text(items::kConversationIndex, Text(reinterpret_cast<const char*>(mail.index), sizeof mail.index));
    if (mail.attachment) {
      text(items::kAttachments, "");
      text(items::kAttachment, "");
      text(items::kAttachmentName, "report.pdf");
      text(items::kAttachmentReference, "5%3a1%3a0");
      number(items::kAttachmentMethod, 1);
      number(items::kAttachmentSize, 123'456);
    }
    must(arrival_.item_end({}), "item end");
  }

 private:
  void text(items::PropertyId id, Text value) {
    must(arrival_.begin(id), "begin");
    must(arrival_.piece(bytes_of(value)), "piece");
    must(arrival_.end(), "end");
  }
  void number(items::PropertyId id, std::int64_t value) {
    must(arrival_.begin(id), "begin");
    must(arrival_.piece(items::NumberPiece(value).view()), "piece");
    must(arrival_.end(), "end");
  }
  replica::Arrival& arrival_;
};

long file_size(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<long>(info.st_size) : 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::map<std::string, std::string> set = {{"mails", "2000"},   {"window", "100"}, {"body", "1465"},
                                            {"page", "4096"},    {"cache", "256"},  {"arrival", "256"},
                                            {"dir", "/dev/shm"}, {"only", ""}};
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || set.find(argument.substr(0, equals)) == set.end()) {
      std::fprintf(stderr, "store_bench: unknown argument %s\n", argument.c_str());
      return 2;
    }
    set[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const auto value = [&](const char* name) {
    return static_cast<std::uint32_t>(std::strtoul(set[name].c_str(), nullptr, 10));
  };
  const std::uint32_t mails = value("mails"), window = value("window"), body = value("body");
  Mail mail;
  if (set["only"] == "generate") {
    std::size_t bytes = 0;
    for (std::uint32_t i = 0; i < mails; ++i) {
      make(mail, i, body);
      bytes += mail.body.size();
    }
    std::printf("{\"bench\":\"store\",\"only\":\"generate\",\"mails\":%u,\"bytes\":%zu}\n", mails, bytes);
    return 0;
  }
  count_files();
  std::string directory = set["dir"] + "/store-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return 1;
  const std::string path = directory + "/account-1.db";
  long largest_wal = 0, windows = 0, syncs = 0, written = 0;
  double micro = 0;
  {
    replica::Store store;
    must(store.open({path, "counted", static_cast<std::uint16_t>(value("page")),
                     static_cast<std::uint16_t>(value("cache")), static_cast<std::uint16_t>(value("arrival"))},
                    {take, give, nullptr}),
         "open");
    must(store.hierarchy_begin(true), "hierarchy");
    must(store.hierarchy_put("5", "0", "Inbox", 2), "hierarchy");
    if (!store.hierarchy_commit("h1").ok()) return 1;
    replica::SyncFolder inbox;
    const auto folder = [&] {
      static_cast<void>(store.sync_folders(std::span(&inbox, 1)));
      return inbox;
    };
    {
      replica::Arrival first(store);
      must(first.begin(folder(), 0, 0), "begin");
      if (!first.commit("k", true, 0).ok()) return 1;
    }
    sqlite3_int64 used = 0, high = 0;
    sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 1);
    const long syncs_before = g_syncs, written_before = g_written;
    const auto start = std::chrono::steady_clock::now();
    for (std::uint32_t at = 0; at < mails; at += window, ++windows) {
      replica::Arrival arrival(store);
      must(arrival.begin(folder(), 0, windows), "begin");
      Sender sender(arrival);
      for (std::uint32_t i = at; i < at + window && i < mails; ++i) {
        make(mail, i, body);
        sender.send(mail);
        const long wal = file_size(path + "-wal");
        largest_wal = largest_wal < wal ? wal : largest_wal;
      }
      const Result<replica::Applied> applied = arrival.commit("k" + std::to_string(at), at + window < mails, 0);
      if (!applied.ok()) must(applied.error(), "commit");
    }
    micro = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
    syncs = g_syncs - syncs_before;
    written = g_written - written_before;
    const long wal = file_size(path + "-wal");
    largest_wal = largest_wal < wal ? wal : largest_wal;
  }
  const long bytes = file_size(path);
  sqlite3_int64 used = 0, high = 0;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 0);
  std::printf(
      "{\"bench\":\"store\",\"mails\":%u,\"window\":%u,\"body\":%u,\"page\":%u,\"cache_kib\":%u,\"syncs_per_window\":%."
      "2f,"
      "\"written_per_mail\":%ld,\"wal_max_kib\":%ld,\"sqlite_heap_kib\":%lld,\"own_heap_kib\":%zu,\"file_per_mail\":%"
      "ld,"
      "\"us_per_mail\":%.1f}\n",
      mails, window, body, value("page"), value("cache"), static_cast<double>(syncs) / static_cast<double>(windows),
      written / static_cast<long>(mails), largest_wal / 1024, static_cast<long long>(high / 1024), g_peak / 1024,
      bytes / static_cast<long>(mails), micro / mails);
  std::filesystem::remove_all(directory);
  return 0;
}
