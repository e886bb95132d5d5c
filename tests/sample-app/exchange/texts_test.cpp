// What Exchange checks of text messages: where they may be, with which options, and who sends those of the Outbox.
#include <map>
#include <string>

#include "exchange/mailbox.h"
#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;

namespace {

constexpr const char* kAnna = "anna@example.test";

Node texts_options() {
  return n(as::kOptions,
           {n(as::kFilterType, "0"), n(as::kClass, "SMS"), n(asb::kBodyPreference, {n(asb::kType, "1")})});
}
Node add(const std::string& client_id, const std::string& from = "\"+49170\" [MOBILE:+49170]",
         const char* body_type = "1") {
  return n(as::kAdd,
           {n(as::kClass, "SMS"), n(as::kClientId, client_id),
            n(as::kApplicationData,
              {n(em::kFrom, from), n(em::kDateReceived, "2026-01-01T08:00:00.000Z"), n(em::kImportance, "1"),
               n(em::kRead, "0"), n(asb::kBody, {n(asb::kType, body_type), n(asb::kData, "where are you?")})})});
}

struct Texts {
  explicit Texts(const char* version) : phone(server, version) {
    phone.provision();
    const Node tree = phone.folder_sync();
    for (const Node& folder : tree.find(fh::kChanges)->children)
      folders.emplace(std::string(folder.value(fh::kType)), std::string(folder.value(fh::kServerId)));
  }
  /// The Status of one Add; "" = the request was refused as a whole.
  std::string status(const std::string& type, const Node& command, bool with_options = true) {
    phone.first_sync(folders[type]);
    Node of = Phone::collection(phone.key, folders[type], {n(as::kGetChanges, "0")});
    if (with_options) of.add(texts_options());
    of.add(n(as::kCommands, {command}));
    const Node answer = phone.sync(of);
    const Node* const responses = answer.find(as::kResponses);
    return responses == nullptr ? std::string() : std::string(responses->children[0].value(as::kStatus));
  }
  exchange::Server server{options_with(1)};
  Phone phone;
  std::map<std::string, std::string> folders;  // type -> id
};

constexpr const char *kInboxType = "2", *kDrafts = "3", *kDeleted = "4", *kSent = "5", *kOutbox = "6";

}  // namespace

TEST_GROUP(ExchangeTexts){};

TEST(ExchangeTexts, are_taken_once_and_shown_to_other_devices) {
  Texts a("14.1");
  a.phone.first_sync(a.folders[kInboxType]);
  const std::string before = a.phone.key;
  const Node request = Phone::collection(before, a.folders[kInboxType],
                                         {n(as::kGetChanges, "0"), texts_options(), n(as::kCommands, {add("c1")})});
  const Node answer = a.phone.sync(request);
  const Node& taken = answer.find(as::kResponses)->children[0];
  CHECK_EQUAL(std::string("1"), std::string(taken.value(as::kStatus)));
  CHECK_EQUAL(std::string("SMS"), std::string(taken.value(as::kClass)));
  a.phone.sync(request);  // the answer was lost
  std::size_t texts = 0;
  const std::string all = a.server.contents(kAnna);
  for (std::size_t at = all.find("\"SMS\""); at != std::string::npos; at = all.find("\"SMS\"", at + 1)) ++texts;
  LONGS_EQUAL(1, texts);
  CHECK(a.server.violations().empty());
}

TEST(ExchangeTexts, have_a_version_and_folders) {
  for (const char* version : {"12.1", "14.0", "14.1", "16.1"}) {
    Texts a(version);
    const bool any = version >= std::string("14.0"), everywhere = version >= std::string("14.1");
    CHECK_EQUAL(std::string(any ? "1" : ""), a.status(kInboxType, add("c1")));
    CHECK_EQUAL(std::string(any ? "6" : ""), a.status(kSent, add("c2")));  // to nobody's number
    CHECK_EQUAL(std::string(everywhere ? "1" : ""), a.status(kDeleted, add("c3")));
    if (version >= std::string("16.0")) CHECK_EQUAL(std::string(), a.status(kDrafts, add("c4")));
  }
}

TEST(ExchangeTexts, want_options_and_all_that_makes_a_text) {
  Texts a("14.1");
  CHECK_EQUAL(std::string("6"), a.status(kInboxType, add("c1"), false));
  CHECK(complains(a.server, "without Options for SMS"));
  CHECK_EQUAL(std::string("6"), a.status(kInboxType, add("c2", "+49170")));
  CHECK(complains(a.server, "nobody's number"));
  CHECK_EQUAL(std::string("6"), a.status(kInboxType, add("c3", "\"x\" [MOBILE:+49]", "2")));
  CHECK(complains(a.server, "Body of plain text"));
}

TEST(ExchangeTexts, options_name_each_class_once) {
  Texts a("14.1");
  a.phone.first_sync();
  a.phone.sync(Phone::collection(a.phone.key, kInbox, {n(as::kGetChanges), texts_options(), texts_options()}));
  CHECK(complains(a.server, "two Options for SMS"));
  a.phone.sync(
      Phone::collection(a.phone.key, kInbox, {n(as::kGetChanges), n(as::kOptions, {n(as::kClass, "Contacts")})}));
  CHECK(complains(a.server, "Options for Contacts"));
}

TEST(ExchangeTexts, of_the_outbox_go_to_a_device_that_sends_them) {
  Texts a("14.0");
  CHECK_THROWS(std::invalid_argument, a.server.text(kAnna, "+4930", "come home"));
  const auto set = [&](const char* outbound) {
    const Node answer = a.phone.run(
        "Settings",
        n(st::kSettings, {n(st::kDeviceInformation, {n(st::kSet, {n(st::kModel, "Test"), n(st::kPhoneNumber, "+49170"),
                                                                  n(st::kEnableOutboundSMS, outbound)})})}));
    return std::string(answer.find(st::kDeviceInformation)->value(st::kStatus));
  };
  CHECK_EQUAL(std::string("2"), set("2"));
  CHECK_EQUAL(std::string("1"), set("1"));
  const std::string id = a.server.text(kAnna, "+4930", "come home");
  a.phone.first_sync(a.folders[kOutbox]);
  const Node answer =
      a.phone.sync(Phone::collection(a.phone.key, a.folders[kOutbox], {n(as::kGetChanges), texts_options()}));
  const Node& text = answer.find(as::kCommands)->children[0];
  CHECK_EQUAL(id, std::string(text.value(as::kServerId)));
  CHECK_EQUAL(std::string("SMS"), std::string(text.value(as::kClass)));
  CHECK_EQUAL(std::string("\"+4930\" [MOBILE:+4930]"), std::string(text.find(as::kApplicationData)->value(em::kTo)));
  CHECK_EQUAL(std::string("1"), set("0"));
  CHECK_THROWS(std::invalid_argument, a.server.text(kAnna, "+4930", "come home"));
  Phone older(a.server, "12.1", "phone2");
  older.provision();
  older.run("Settings", n(st::kSettings, {n(st::kDeviceInformation,
                                            {n(st::kSet, {n(st::kModel, "Test"), n(st::kEnableOutboundSMS, "1")})})}));
  CHECK(complains(a.server, "EnableOutboundSMS"));
}
