// The engine on the Linux port: what depends on a screen lock that does not do what it is asked.
#include <cstdlib>

#include "hal/linux/bench.h"
#include "handsync/engine.h"
#include "policy/enforcer.h"
#include "policy/pin.h"

#include <CppUTest/TestHarness.h>

using namespace linux_test;

namespace {

constexpr char kPower[] = "/sys/class/backlight/panel0/bl_power";
constexpr std::uint32_t kIdleS = 60;

Memory heap() {
  Memory memory;
  memory.take = [](void*, std::size_t bytes) { return std::malloc(bytes); };
  memory.give = [](void*, void* block) { std::free(block); };
  return memory;
}

// A PIN, and a policy that locks after a minute: as an account would have left them.
void prepare(Handset& device) {
  using namespace policy;
  Enforcer enforcer;
  CHECK(enforcer.load(device, Facts{}).ok());
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMaxInactivityTimeDeviceLock, kIdleS);
  CHECK(enforcer.prepare(device, AccountId{1}, document).ok());
  CHECK(enforcer.settle(device, AccountId{1}).ok());
  Pin pin(100);
  CHECK(pin.load(device, device.now()).ok());
  CHECK(pin.begin_change(device, {}, bytes_of("4711"), PinRules{}, device.now()).ok());
  Patience patience;
  pin.job().run(device, patience);
  CHECK(pin.finish(device, PinRules{}, device.now()).ok());
}

}  // namespace

TEST_GROUP(LinuxEngine) { Bench bench; };

TEST(LinuxEngine, locks_after_the_idle_time_and_asks_a_lock_that_stays_open_once_a_second) {
  bench.machine.panel("panel0");
  prepare(*bench.open());
  auto device = bench.open();
  Options options;
  const std::string directory = device->replica_directory();
  options.directory = directory;
  Instant now = device->now();
  auto opened = Engine::open(*device, heap(), options, now);
  CHECK(opened.ok());
  Engine& engine = *opened.value();
  CHECK_EQUAL(kIdleS, engine.device().lock_after_s);
  CHECK_EQUAL(now.mono_ms + kIdleS * 1000, engine.wake().at_ms);
  bench.machine.remove(kPower);
  fs::create_directories(bench.machine.root + kPower);  // cannot be written
  now.mono_ms += kIdleS * 1000;
  for (int i = 0; i < 3; ++i) {
    engine.tick(now);
    CHECK(!engine.device().locked);
    CHECK_EQUAL(now.mono_ms + 1000, engine.wake().at_ms);
    now.mono_ms += 1000;
  }
  bench.machine.remove(kPower);
  bench.machine.panel("panel0");
  engine.tick(now);
  CHECK(engine.device().locked);
  STRCMP_EQUAL("4", bench.machine.get(kPower).c_str());
  engine.close();
}
