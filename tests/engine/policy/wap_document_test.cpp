// The policy of version 2.5: a text with security policies and registry keys.
#include <string>

#include "policy/document.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;

namespace {

std::string parameter(const char* name, const char* value) {
  return std::string("<parm name=\"") + name + "\" value=\"" + value + "\"/>";
}
std::string document(const std::string& password, const std::string& parameters) {
  return "<?xml version=\"1.0\"?>\r\n<!-- a = \"policy --><wap-provisioningdoc><characteristic "
         "type=\"SecurityPolicy\">" +
         (password.empty() ? "" : parameter("4131", password.c_str())) +
         "<parm name='4133' value='0' /></characteristic><characteristic type=\"Registry\"><characteristic "
         "type=\"HKLM\\Comm\\Security\\Policy\\LASSD\\AE\\{50C13377-C66D-400C-889E-C316FC4AB374}\">" +
         parameters + "</characteristic></characteristic></wap-provisioningdoc>\n";
}
std::string typical() {
  return document("0", parameter("AEFrequencyType", "1") + parameter("AEFrequencyValue", "15") +
                           parameter("DeviceWipeThreshold", "6") + parameter("CodewordFrequency", "3") +
                           parameter("MinimumPasswordLength", "5") + parameter("PasswordComplexity", "0"));
}

struct Read {
  explicit Read(const std::string& text, std::size_t chunk = SIZE_MAX) {
    for (std::size_t at = 0; at < text.size(); at += chunk) {
      if (chunk > text.size()) chunk = text.size();
      outcome = reader.text(bytes_of(Text(text).substr(at, chunk)), false);
      if (!outcome.ok()) return;
    }
  }
  std::int32_t value(Setting setting) const { return reader.document().value(setting); }
  DocumentReader reader;
  Status outcome = Done{};
};

}  // namespace

TEST_GROUP(WapDocument){};

TEST(WapDocument, IsReadInPiecesOfAnySize) {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, std::size_t{64}, std::size_t{100'000}}) {
    const Read read(typical(), chunk);
    CHECK(read.outcome.ok());
    CHECK(read.reader.complete());
    CHECK(read.reader.as_text());
    LONGS_EQUAL(1, read.value(Setting::kDevicePasswordEnabled));
    LONGS_EQUAL(1, read.value(Setting::kAlphanumericDevicePasswordRequired));
    LONGS_EQUAL(5, read.value(Setting::kMinDevicePasswordLength));
    LONGS_EQUAL(900, read.value(Setting::kMaxInactivityTimeDeviceLock));
    LONGS_EQUAL(6, read.value(Setting::kMaxDevicePasswordFailedAttempts));
    unsigned demanded = 0;
    for (std::size_t i = 0; i < kSettingCount; ++i) {
      demanded += read.reader.document().demands(static_cast<Setting>(i)) ? 1 : 0;
    }
    LONGS_EQUAL(5, demanded);
  }
}

TEST(WapDocument, EveryValueHasItsMeaning) {
  struct Case {
    const char *name, *value;
    Setting setting;
    std::int32_t meant;
  };
  const Case cases[] = {
      {"AEFrequencyValue", "0", Setting::kMaxInactivityTimeDeviceLock, 60},
      {"AEFrequencyValue", "1", Setting::kMaxInactivityTimeDeviceLock, 60},
      {"AEFrequencyValue", "9999", Setting::kMaxInactivityTimeDeviceLock, 0},
      {"DeviceWipeThreshold", "0", Setting::kMaxDevicePasswordFailedAttempts, 0},
      {"DeviceWipeThreshold", "-1", Setting::kMaxDevicePasswordFailedAttempts, 0},
      {"DeviceWipeThreshold", "4294967295", Setting::kMaxDevicePasswordFailedAttempts, 0},
      {"DeviceWipeThreshold", "20", Setting::kMaxDevicePasswordFailedAttempts, 16},
      {"MinimumPasswordLength", "1", Setting::kMinDevicePasswordLength, 1},
      {"PasswordComplexity", "1", Setting::kAlphanumericDevicePasswordRequired, 0},
      {"PasswordComplexity", "2", Setting::kAlphanumericDevicePasswordRequired, 0},
  };
  for (const Case& each : cases) {
    const Read read(document("0", parameter(each.name, each.value)));
    CHECK(read.outcome.ok());
    LONGS_EQUAL_TEXT(each.meant, read.value(each.setting), each.name);
  }
  const Read off(document("1", parameter("MinimumPasswordLength", "4")));
  CHECK(off.reader.document().demands_nothing());
  const Read idle(document("0", parameter("AEFrequencyValue", "5") + parameter("AEFrequencyType", "0")));
  LONGS_EQUAL(0, idle.value(Setting::kMaxInactivityTimeDeviceLock));
  CHECK(Read("<wap-provisioningdoc/>").reader.document().demands_nothing());
  CHECK(Read("<wap-provisioningdoc/>").reader.complete());
}

TEST(WapDocument, AValueThatIsNoNumberIsNamedAndTheRestIsSkipped) {
  const Read bad(document("0", parameter("MinimumPasswordLength", "four")));
  CHECK(bad.outcome.error() == fault(Fault::kBadValue, static_cast<std::uint32_t>(Setting::kMinDevicePasswordLength)));
  const Read strange(document("0", "<parm name=\"Other\" value=\"four\"/><parm/><x y=z>" + std::string(5000, 'x') +
                                       "</x>" + "<parm value=\"" + std::string(300, '1') +
                                       "\" name=\"MinimumPasswordLengths\"/>"));
  CHECK(strange.outcome.ok());
  LONGS_EQUAL(1, strange.value(Setting::kDevicePasswordEnabled));
  LONGS_EQUAL(0, strange.value(Setting::kMinDevicePasswordLength));
}

TEST(WapDocument, WhatEndsBeforeItsEndIsNoPolicy) {
  const std::string text = typical();
  const std::size_t whole = text.rfind('>') + 1;
  for (std::size_t end = 0; end < whole; ++end) {
    const Read cut(text.substr(0, end));
    CHECK_FALSE(cut.reader.complete());
    CHECK(cut.reader.document().demands_nothing());
  }
}
