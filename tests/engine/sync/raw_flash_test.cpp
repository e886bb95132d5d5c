/// A wipe as somebody finds it who takes the flash out: every byte that was ever programmed, by the phone and by
/// SQLite, beside a key block that can be erased. The power is cut at every durable operation of the wipe.
#include <sqlite3.h>

#include <fstream>
#include <iterator>
#include <unordered_set>

#include "engine/sync/mailbox_view.h"
#include "storage/sealed_vfs.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr std::size_t kCanaries = 64, kInMails = 62, kWindow = 16;

std::string canary(std::size_t n) { return "canary" + std::to_string(1000 + n) + "q7x"; }
const std::string kEmail = canary(62) + "@example.test", kPassword = canary(63);

// -- SQLite's writes, on their way to the flash
// ------------------------------------------------------------------------------------

std::function<void(const std::string&, std::int64_t, Bytes)> g_written;
sqlite3_vfs* g_below = nullptr;
std::map<const sqlite3_io_methods*, sqlite3_io_methods> g_tables;
std::map<sqlite3_file*, std::pair<std::string, const sqlite3_io_methods*>> g_files;

int write_told(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const auto& [path, methods] = g_files.at(file);
  if (g_written) g_written(path, offset, Bytes(static_cast<const std::byte*>(data), static_cast<std::size_t>(size)));
  return methods->xWrite(file, data, size, offset);
}
int close_told(sqlite3_file* file) {
  const sqlite3_io_methods* methods = g_files.at(file).second;
  g_files.erase(file);
  return methods->xClose(file);
}
int open_told(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  const int code = g_below->xOpen(g_below, name, file, flags, out);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  const auto [table, added] = g_tables.emplace(file->pMethods, *file->pMethods);
  if (added) {
    table->second.xWrite = write_told;
    table->second.xClose = close_told;
  }
  g_files[file] = {name != nullptr ? name : "temporary", file->pMethods};
  file->pMethods = &table->second;
  return code;
}
void register_told() {
  if (g_below != nullptr) return;
  g_below = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs = *g_below;
  vfs.zName = "told";
  vfs.xOpen = open_told;
  sqlite3_vfs_register(&vfs, 0);
}

// -- a phone whose flash is kept
// ---------------------------------------------------------------------------------------------------

exchange::Options mailbox() {
  exchange::Options options;
  options.mails = 0;
  options.users = {{kEmail, kPassword}, {"other@example.test", "demo"}};
  options.policy = mild_policy();
  return options;
}

struct Bench final : storage::KeySource {
  explicit Bench(bool erasable = true, bool sealed = true) : world(mailbox()), vfs(*this, entropy) {
    register_told();
    image = world.home().string() + "-flash";
    world.adjust_handset = [this, erasable](hal::simulated::Options& options) {
      options.flash_image = image;
      options.erasable_key_block = erasable;
    };
    if (!vfs.install("raw-flash", "told").ok()) std::abort();
    world.adjust_engine = [this, sealed](handsync::Options& options) {
      options.vfs = sealed ? vfs.name() : "told";
      options.replica_sealed = sealed;
    };
    g_written = [this](const std::string& path, std::int64_t offset, Bytes bytes) {
      if (!world.off()) world.handset().flash()->programmed(path, static_cast<std::size_t>(offset), bytes);
    };
    world.restart();
    for (std::size_t i = 0; i < kInMails; ++i) world.server().deliver(kEmail, canary(i));
  }
  ~Bench() {
    g_written = nullptr;
    std::filesystem::remove(image);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Status key_of(Text path, Room key32) override {
    const std::size_t digit = path.rfind("account-") + 8;
    return world.handset().keys().unlock(static_cast<hal::KeySlot>(path[digit] - '0'), key32);
  }
  void power_off() {
    world.handset().flash()->freeze();
    world.power_off();
  }
  std::string flash() const {
    std::ifstream file(image, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string file(const std::string& name) const {
    std::ifstream stream(world.home() / "device" / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  /// Everything that is a key or opens one: of a slot, of the device.
  std::vector<std::string> key_bytes(hal::KeySlot slot, bool device) {
    std::vector<std::string> all;
    std::byte key[32];
    CHECK(world.handset().keys().unlock(slot, key).ok());
    all.emplace_back(text_of(Bytes(key)));
    all.push_back(file("keys").substr(slot * 64U + 4, 60));
    if (device) all.push_back(file("fuse"));
    return all;
  }

  World world;
  std::string image;
  struct Random final : hal::Entropy {
    explicit Random(Bench& bench) : owner(bench) {}
    Status fill(Room room) override { return owner.world.handset().entropy().fill(room); }
    Bench& owner;
  } entropy{*this};
  storage::SealedVfs vfs;
};

std::size_t canaries_in(const std::string& flash) {
  std::set<std::string> found;
  for (std::size_t at = flash.find("canary1"); at != std::string::npos; at = flash.find("canary1", at + 1))
    found.insert(flash.substr(at, canary(0).size()));
  std::size_t count = 0;
  for (std::size_t i = 0; i < kCanaries; ++i) count += found.count(canary(i));
  return count;
}
/// Windows of 16 bytes of the keys that are somewhere in the flash.
std::size_t key_windows_in(const std::string& flash, const std::vector<std::string>& keys) {
  std::unordered_set<std::string_view> windows;
  std::vector<bool> begins(1 << 16);
  const auto first = [](const char* at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(at[0])) << 8 | static_cast<unsigned char>(at[1]);
  };
  for (const std::string& key : keys) {
    for (std::size_t at = 0; at + kWindow <= key.size(); ++at) {
      windows.insert(std::string_view(key).substr(at, kWindow));
      begins[first(key.data() + at)] = true;
    }
  }
  std::size_t found = 0;
  for (std::size_t at = 0; at + kWindow <= flash.size(); ++at)
    if (begins[first(flash.data() + at)]) found += windows.count(std::string_view(flash).substr(at, kWindow));
  return found;
}

}  // namespace

TEST_GROUP(RawFlash){};

TEST(RawFlash, AWipeCutAnywhereLeavesNoCanaryAndNoByteOfAKey) {
  std::size_t operations = 0, points = 0, bytes = 0;
  for (std::size_t cut = SIZE_MAX; cut == SIZE_MAX || cut < operations; cut = cut == SIZE_MAX ? 0 : cut + 1) {
    Bench bench;
    World& world = bench.world;
    const AccountId id = world.add(kEmail, kPassword);
    LONGS_EQUAL(0, world.sync(id).code);
    LONGS_EQUAL(kInMails, world.subjects(id).size());
    std::vector<std::string> keys = bench.key_bytes(1, true);
    for (const std::string& key : bench.key_bytes(0, true)) keys.push_back(key);
    CHECK(key_windows_in(bench.flash().substr(0, hal::simulated::RawFlash::kKeyBlockBytes), keys) > 0);
    world.server().wipe(kEmail);
    std::size_t at = 0;
    world.on_durable = [&](std::string_view) {
      if (at++ == cut) bench.power_off();
    };
    static_cast<void>(world.sync(id));
    world.run_for(120'000);
    world.on_durable = nullptr;
    if (cut == SIZE_MAX) operations = at;
    const std::string where = "operation " + std::to_string(cut) + " of " + std::to_string(operations);
    if (world.off()) {
      world.power_on();
      world.run_for(120'000);
      if (!world.engine().device().wiped) {  // before the order was written down: it comes again
        static_cast<void>(world.sync(id));
        world.run_for(120'000);
      }
    }
    CHECK_TEXT(world.engine().device().wiped, where.c_str());
    CHECK_TEXT(world.engine().device().wipe == Enforcement::kEnforced, where.c_str());
    const std::string flash = bench.flash();
    LONGS_EQUAL_TEXT(0, canaries_in(flash), where.c_str());
    LONGS_EQUAL_TEXT(0, key_windows_in(flash, keys), where.c_str());
    bytes = std::max(bytes, flash.size());
    ++points;
  }
  std::printf("[%zu points, up to %zu bytes of flash] ", points, bytes);
  CHECK(points >= 10);
}

TEST(RawFlash, AnAccountsWipeTakesItsKeyAndLeavesTheOther) {
  Bench bench;
  World& world = bench.world;
  const AccountId first = world.add(kEmail, kPassword), second = world.add("other@example.test", "demo");
  LONGS_EQUAL(0, world.sync(first).code);
  world.server().deliver("other@example.test", "stays");
  LONGS_EQUAL(0, world.sync(second).code);
  const std::vector<std::string> gone = bench.key_bytes(1, false), kept = bench.key_bytes(2, false);
  world.server().wipe(kEmail, true);
  static_cast<void>(world.sync(first));
  world.run_for(120'000);
  CHECK(world.view(first).state == AccountState::kWiped);
  const std::string flash = bench.flash();
  LONGS_EQUAL(0, canaries_in(flash));
  LONGS_EQUAL(0, key_windows_in(flash, gone));
  CHECK(key_windows_in(flash, kept) > 0);
  LONGS_EQUAL(1, world.subjects(second).size());
}

// The test sees what there is to see: of a plain replica every canary, of a key block that cannot be erased the keys.
// Such a phone says so.
TEST(RawFlash, WithoutAnErasableKeyBlockOldKeysStayAndThePhoneSaysPartial) {
  {
    Bench plain(true, false);
    const AccountId id = plain.world.add(kEmail, kPassword);
    LONGS_EQUAL(0, plain.world.sync(id).code);
    CHECK(canaries_in(plain.flash()) >= kInMails);
  }
  Bench bench(false);
  World& world = bench.world;
  world.server().policy(kEmail, exchange::Policy{{"RequireDeviceEncryption", "1", {}}});
  const AccountId id = world.add(kEmail, kPassword);
  LONGS_EQUAL(0, world.sync(id).code);
  Enforcement encryption = Enforcement::kEnforced;
  for (std::size_t i = 0;; ++i) {
    const auto row = world.engine().policy(i);
    if (!row.ok()) break;
    if (row.value().setting == "RequireDeviceEncryption") encryption = row.value().state;
  }
  CHECK(encryption == Enforcement::kPartial);
  CHECK(world.engine().device().wipe == Enforcement::kPartial);
  const std::vector<std::string> keys = bench.key_bytes(1, true);
  world.server().wipe(kEmail);
  static_cast<void>(world.sync(id));
  world.run_for(120'000);
  CHECK(world.engine().device().wiped);
  CHECK(key_windows_in(bench.flash(), keys) > 0);
  LONGS_EQUAL(0, canaries_in(bench.flash()));
}
