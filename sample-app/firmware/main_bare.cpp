// An image without an operating system: lwIP, SQLite on RAM, a device layer in RAM, and one loop.
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>
#include <sqlite3.h>

#include <cstdio>
#include <cstring>

#include "firmware/board.h"
#include "firmware/client.h"
#include "firmware/counted_heap.h"
#include "lwip/sockets.h"
#include "ram/port.h"
#include "storage/ram_vfs.h"
#include "tls/anchors.h"

using handsync::Text;

extern "C" {
extern std::uint32_t stack_top[], stack_limit[];
extern char heap_begin[], heap_end[], ram_disk_begin[], ram_disk_end[], settings_page[];

[[noreturn]] void board_fault(const char* what) {
  board::print("FAIL ", 5);
  board::print(what, std::strlen(what));
  board::print("\n", 1);
  for (;;) board::rest();
}
[[noreturn]] void abort() { board_fault("abort"); }
[[noreturn]] void _exit(int) { board_fault("exit"); }
void* _sbrk(std::ptrdiff_t bytes) {
  static char* end = heap_begin;
  if (end + bytes > heap_end) return reinterpret_cast<void*>(-1);
  char* block = end;
  end += bytes;
  return block;
}
}

namespace {

constexpr std::size_t kSettingsBytesMax = 65536;
constexpr char kDirectory[] = "ram";
constexpr std::uint32_t kDiskBlockBytes = 4096, kPaint = 0x5AFE57AC;

firmware::Settings settings;
handsync::hal::Device* device = nullptr;

handsync::Instant now() {
  handsync::Instant instant;
  instant.mono_ms = board::now_ms();
  instant.wall_ms = settings.wall_ms + static_cast<std::int64_t>(instant.mono_ms);
  instant.boot = 1;
  instant.wall_trusted = true;
  return instant;
}
std::int64_t wall_ms() { return now().wall_ms; }
handsync::Status random_bytes(handsync::Room room) { return device->entropy().fill(room); }

void print(Text line) { board::print(line.data(), line.size()); }
void say(const char* what, std::size_t number, const char* unit) {
  char line[80];
  const int size = std::snprintf(line, sizeof line, "%s %lu %s\n", what, static_cast<unsigned long>(number), unit);
  print(Text(line, static_cast<std::size_t>(size)));
}

/// Replicas are named by their account: account-N.db and what SQLite puts beside it.
handsync::Status erase_files(handsync::hal::KeySlot slot) {
  char name[32];
  if (slot == handsync::hal::kEverySlot) {
    std::snprintf(name, sizeof name, "%s/account-", kDirectory);
  } else {
    std::snprintf(name, sizeof name, "%s/account-%u.db", kDirectory, unsigned{slot});
  }
  handsync::storage::RamDisk::remove_all(name);
  return handsync::Done{};
}

void __attribute__((noinline)) paint_stack() {
  auto* at = stack_limit;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - 64;
  for (; reinterpret_cast<std::uintptr_t>(at) < here; ++at) *at = kPaint;
}
std::size_t stack_used() {
  const std::uint32_t* at = stack_limit;
  while (*at == kPaint) ++at;
  return static_cast<std::size_t>(stack_top - at) * sizeof *at;
}

}  // namespace

extern "C" std::uint32_t board_random() {
  std::uint32_t number = 0;
  (void)device->entropy().fill(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}
extern "C" std::uint32_t sys_now() { return static_cast<std::uint32_t>(board::now_ms()); }

extern "C" int sqlite3_os_init() {
  return handsync::storage::RamDisk::open(handsync::Room(reinterpret_cast<std::byte*>(ram_disk_begin),
                                                         static_cast<std::size_t>(ram_disk_end - ram_disk_begin)),
                                          kDiskBlockBytes, true, wall_ms, random_bytes);
}
extern "C" int sqlite3_os_end() { return SQLITE_OK; }

int main() {
  paint_stack();
  board::start();
  print("handsync on ");
  print(board::kName);
  print(", no operating system\n");
  if (!firmware::read_settings(Text(settings_page, kSettingsBytesMax), settings)) board_fault("no settings page");

  handsync::hal::ram::Options port_options;
  port_options.model = board::kName;
  port_options.seed = handsync::bytes_of(settings.seed);
  port_options.erase_files = erase_files;
  static handsync::hal::ram::Port port(port_options);
  device = &port;
  firmware::count_libraries();
  if (sqlite3_initialize() != SQLITE_OK) board_fault("SQLite does not start");

  lwip_init();
  static netif ethernet;
  ip4_addr_t address, mask, gateway;
  // The addresses of QEMU's user network: the machine around it answers at 10.0.2.2.
  IP4_ADDR(&address, 10, 0, 2, 15);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&gateway, 10, 0, 2, 2);
  netif_add(&ethernet, &address, &mask, &gateway, const_cast<handsync::lwip::Lan9118*>(&board::kEthernet),
            handsync::lwip::lan9118_init, ethernet_input);
  netif_set_default(&ethernet);
  netif_set_up(&ethernet);

  static handsync::lwip::LwipSockets sockets(now);
  static handsync::tls::MemoryTrust roots(handsync::bytes_of(settings.roots));
  handsync::Options options;
  options.directory = kDirectory;
  options.vfs = handsync::storage::RamDisk::kVfs;
  options.accounts_max = 1;
  options.page_bytes = 1024;
  options.cache_kib = 8;
  options.arrival_kib = 6;
  {
    static firmware::Client client(settings, port, sockets, roots, options, print);
    while (!client.finished()) {
      handsync::lwip::lan9118_poll(&ethernet);
      sys_check_timeouts();
      sockets.poll();
      client.turn();
      board::rest();
    }
    for (std::size_t i = 0; i < firmware::kOwners; ++i) {
      say("heap peak", static_cast<std::size_t>(firmware::heap().peak[i]), firmware::kOwnerNames[i]);
    }
    say("stack", stack_used(), "bytes");
    say("ram disk", handsync::storage::RamDisk::used_bytes(), "bytes");
    print(client.failed() ? "END failed\n" : "END ok\n");
  }
  for (;;) board::rest();
}
