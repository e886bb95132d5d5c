// The port to fill in compiles, says that it is not done, and claims nothing.
#include <array>

#include "policy/compliance.h"
#include "template/port.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using hal::Force;
using hal::Gate;

namespace {

struct Patience final : hal::Progress {
  bool step() override { return true; }
};

template <class Value>
bool not_done(const Result<Value>& result) {
  return result.error() == hal::fault(hal::Fault::kNotDone);
}

}  // namespace

TEST_GROUP(Template) {
  hal::template_port::Port port;
  hal::Device& device = port;
  Patience patience;
  std::array<std::byte, 32> room{};
};

TEST(Template, every_function_says_that_it_is_not_done) {
  CHECK(not_done(device.entropy().fill(room)));
  CHECK(not_done(device.records().get(hal::Record::kPin, room)));
  CHECK(not_done(device.records().put(hal::Record::kPin, room)));
  CHECK(not_done(device.records().remove(hal::Record::kPin)));
  CHECK(not_done(device.keys().create(1)));
  CHECK(not_done(device.keys().unlock(1, room)));
  CHECK(not_done(device.keys().mac(1, {}, room)));
  CHECK(not_done(device.keys().stretch(1, {}, {}, 1, room, patience)));
  CHECK(not_done(device.keys().put_secret(1, room)));
  CHECK(not_done(device.keys().get_secret(1, room)));
  CHECK(not_done(device.keys().destroy(1, patience)));
  CHECK(not_done(device.erase().files(1, patience)));
  CHECK(not_done(device.erase().factory_reset(patience)));
  CHECK(not_done(device.gates()->set(Gate::kWifi, 0)));
  CHECK(not_done(device.gates()->level(Gate::kWifi)));
  CHECK(not_done(device.lock()->now()));
  CHECK(not_done(device.lock()->release()));
  CHECK(not_done(device.lock()->after_idle_s(60)));
  CHECK(not_done(device.lock()->idle_limit_s()));
  CHECK(not_done(device.trust()->roots_pem(0, room)));
  hal::TextRecord record;
  CHECK(not_done(device.messaging()->own_number(room)));
  CHECK(not_done(device.messaging()->oldest(record, room)));
  CHECK(not_done(device.messaging()->done(1)));
  CHECK(not_done(device.messaging()->send({}, {})));
}

TEST(Template, claims_nothing) {
  for (int i = 0; i < static_cast<int>(Gate::kCount); ++i) {
    CHECK(device.gates()->force(static_cast<Gate>(i)) == Force::kAbsent);
  }
  CHECK(device.storage()->device_encryption() == Force::kAbsent);
  CHECK(device.storage()->card_encryption() == Force::kAbsent);
  CHECK(device.keys().destroys_for_good() == Force::kAbsent);
  CHECK(device.lock()->holds() == Force::kAbsent);
  CHECK(device.messaging()->can_gate() == Force::kAbsent);
  CHECK(!device.lock()->locked());
  CHECK(!device.records().replay_protected());
  CHECK(!device.keys().exists(0));
  CHECK(!device.model().empty());
}

TEST(Template, acknowledges_nothing_that_is_asked_for) {
  using namespace policy;
  for (const auto& [setting, value] : {std::pair{Setting::kDevicePasswordEnabled, 1},
                                       {Setting::kAllowCamera, 0},
                                       {Setting::kAllowWiFi, 0},
                                       {Setting::kRequireDeviceEncryption, 1}}) {
    Document document;
    document.set(setting, value);
    CHECK_EQUAL(3, acknowledgement(document, enforce(document, device, Facts{true, true, true}, true)));
  }
}
