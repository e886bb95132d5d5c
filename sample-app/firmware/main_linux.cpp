// The same client as a static program for Linux: firmware SETTINGS-FILE DIRECTORY [CACHE-KIB [PAGE-BYTES]]. Replicas
// are files of DIRECTORY; keys and records live in RAM and end with the program, as on the bare boards.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "firmware/client.h"
#include "firmware/counted_heap.h"
#include "poll/sockets.h"
#include "ram/port.h"
#include "tls/anchors.h"

using handsync::Text;

namespace {

constexpr std::size_t kSettingsBytesMax = 65536;
char page[kSettingsBytesMax];
const char* directory = nullptr;

void print(Text line) { (void)!::write(STDOUT_FILENO, line.data(), line.size()); }

handsync::Instant now() {
  timespec mono{}, wall{};
  ::clock_gettime(CLOCK_BOOTTIME, &mono);
  ::clock_gettime(CLOCK_REALTIME, &wall);
  handsync::Instant instant;
  instant.mono_ms =
      static_cast<std::uint64_t>(mono.tv_sec) * 1000 + static_cast<std::uint64_t>(mono.tv_nsec) / 1'000'000;
  instant.wall_ms = std::int64_t{wall.tv_sec} * 1000 + wall.tv_nsec / 1'000'000;
  instant.boot = 1;
  instant.wall_trusted = true;
  return instant;
}

handsync::Status erase_files(handsync::hal::KeySlot slot) {
  for (unsigned n = 1; n < handsync::hal::ram::Port::kSlotsMax; ++n) {
    if (slot != handsync::hal::kEverySlot && slot != n) continue;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      char path[512];
      std::snprintf(path, sizeof path, "%s/account-%u.db%s", directory, n, suffix);
      ::unlink(path);
    }
  }
  return handsync::Done{};
}

}  // namespace

extern "C" [[noreturn]] void board_fault(const char* what) {
  print("FAIL ");
  print(what);
  print("\n");
  ::_exit(3);
}

int main(int count, char** words) {
  if (count < 3) {
    print(
        "firmware SETTINGS-FILE DIRECTORY [CACHE-KIB [PAGE-BYTES]]; what the file holds: "
        "sample-app/firmware/settings.h\n");
    return 2;
  }
  directory = words[2];
  const int file = ::open(words[1], O_RDONLY | O_CLOEXEC);
  const ssize_t bytes = file >= 0 ? ::read(file, page, sizeof page - 1) : -1;
  static firmware::Settings settings;
  if (bytes <= 0 || !firmware::read_settings(Text(page, static_cast<std::size_t>(bytes)), settings)) {
    print("FAIL the settings file cannot be read or lacks something; see sample-app/firmware/settings.h\n");
    return 2;
  }
  ::close(file);
  handsync::hal::ram::Options port_options;
  port_options.model = "Linux program";
  port_options.seed = handsync::bytes_of(settings.seed);
  port_options.erase_files = erase_files;
  static handsync::hal::ram::Port port(port_options);
  firmware::count_libraries();
  static handsync::posix::PollSockets sockets(now);
  static handsync::tls::MemoryTrust roots(handsync::bytes_of(settings.roots));
  handsync::Options options;
  options.directory = directory;
  options.accounts_max = 1;
  options.page_bytes = static_cast<std::uint16_t>(count > 4 ? std::atoi(words[4]) : 1024);
  options.cache_kib = static_cast<std::uint16_t>(count > 3 ? std::atoi(words[3]) : 64);
  options.arrival_kib = 6;
  static firmware::Client client(settings, port, sockets, roots, options, print);
  while (!client.finished()) {
    sockets.run_once(client.wakes_at_ms());
    client.turn();
  }
  print(client.failed() ? "END failed\n" : "END ok\n");
  return client.failed() ? 1 : 0;
}
