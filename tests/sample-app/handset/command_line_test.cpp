#include "handset/command_line.h"

#include <string>
#include <vector>

#include "handset/failure.h"

#include "CppUTest/TestHarness.h"

using handset::CommandLine;
using handset::Failure;

namespace {

CommandLine parsed(const std::vector<std::string>& words) {
  bool json = false;
  return handset::parse_command_line(words, json).line;
}

/// The message of the refusal, with its exit status in front.
std::string refused(const std::vector<std::string>& words) {
  bool json = false;
  try {
    handset::parse_command_line(words, json);
  } catch (const Failure& failure) {
    return std::to_string(failure.exit) + " " + handset::sentence(failure);
  }
  return "not refused";
}

}  // namespace

TEST_GROUP(HandsetCommandLine){};

TEST(HandsetCommandLine, OptionsOfEveryCommandStandBeforeOrAfterIt) {
  const CommandLine before = parsed({"--json", "--home", "/h", "sync"});
  const CommandLine after = parsed({"sync", "--json", "--home", "/h"});
  CHECK(before.json && after.json);
  STRCMP_EQUAL("/h", before.home.c_str());
  STRCMP_EQUAL("/h", after.home.c_str());
  STRCMP_EQUAL("sync", after.command.c_str());
}

TEST(HandsetCommandLine, AccountAddTakesAll) {
  const CommandLine line = parsed({"--connect-to",
                                   "a:443:127.0.0.1:1",
                                   "--connect-to",
                                   "b:443:127.0.0.1:2",
                                   "account",
                                   "add",
                                   "anna@example.test",
                                   "--user",
                                   "CORP\\anna",
                                   "--server",
                                   "mail.example.test",
                                   "--accept-policy",
                                   "--accept-redirect",
                                   "x.test",
                                   "--accept-redirect",
                                   "y.test",
                                   "--days",
                                   "0",
                                   "--body-bytes",
                                   "all",
                                   "--tls",
                                   "legacy",
                                   "--window",
                                   "25",
                                   "--password-file",
                                   "p",
                                   "--pin-file",
                                   "-"});
  STRCMP_EQUAL("account add", line.command.c_str());
  STRCMP_EQUAL("CORP\\anna", line.user.c_str());
  LONGS_EQUAL(2, line.connect_to.size());
  LONGS_EQUAL(2, line.redirect_hosts.size());
  LONGS_EQUAL(0, line.days);
  CHECK(line.body_bytes_max == UINT32_MAX);
  CHECK(line.legacy_tls && line.accept_policy);
  LONGS_EQUAL(25, line.window);
}

TEST(HandsetCommandLine, DefaultsAreTheContracts) {
  const CommandLine line = parsed({"account", "add", "anna@example.test"});
  LONGS_EQUAL(30, line.days);
  LONGS_EQUAL(32768, line.body_bytes_max);
  CHECK(!line.legacy_tls && !line.accept_policy && !line.json);
}

TEST(HandsetCommandLine, EveryCommandOfThisVersion) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"account", "list"},
           {"account", "remove", "a@b.test"},
           {"folders"},
           {"folder", "select", "A", "B"},
           {"folder", "deselect", "A"},
           {"sync", "--folder", "A", "--folder", "B"},
           {"watch", "--for", "2.5"},
           {"list", "INBOX", "--limit", "3", "--unread", "--flagged"},
           {"show", "3", "--mime"},
           {"body", "3", "--html"},
           {"mark", "3", "done"},
           {"policy"},
           {"device", "status"},
           {"device", "lock"},
           {"device", "unlock", "--pin-file", "f"},
           {"device", "set-pin", "--pin-file", "f"},
           {"device", "reboot"},
           {"device", "new"},
           {"device", "check"},
           {"queue"},
           {"queue", "retry", "1"},
           {"queue", "drop", "1"},
           {"status"},
           {"mark", "3", "category", "Red"},
           {"mark", "3", "uncategory", "Red"},
           {"move", "3", "Archive"},
           {"delete", "3", "--for-good"},
           {"send", "--to", "a@b.test", "--to", "c@d.test", "--subject", "s", "--text", "-"},
           {"reply", "3", "--text", "f", "--attach", "x"},
           {"forward", "3", "--to", "a@b.test"},
           {"respond", "3", "decline", "--message", "m", "--only", "2026-03-01"},
           {"event", "edit", "3", "--only", "2026-03-01", "--subject", "s"},
           {"event", "delete", "3", "--only", "2026-03-01"},
           {"demo", "--stay", "--items", "3"}}) {
    const CommandLine line = parsed(words);
    CHECK(line.command.starts_with(words[0]));
  }
}

TEST(HandsetCommandLine, TextMessages) {
  const CommandLine received = parsed({"sms", "receive", "--from", "+49170", "--text", "hi"});
  STRCMP_EQUAL("sms receive", received.command.c_str());
  STRCMP_EQUAL("+49170", received.from.c_str());
  STRCMP_EQUAL("hi", received.message.c_str());
  LONGS_EQUAL(2, parsed({"sms", "send", "--to", "1", "--to", "2", "--text", "hi"}).recipients.size());
  CHECK(refused({"sms", "send", "--to", "1"}).starts_with("2 "));
  CHECK(refused({"sms", "receive", "--text", "hi"}).starts_with("2 "));
  STRCMP_EQUAL("send", parsed({"account", "set", "a@b.test", "--sms", "send"}).texts.c_str());
  CHECK(refused({"account", "set", "a@b.test", "--sms", "maybe"}).starts_with("2 "));
  CHECK(!handset::is_restartable("sms send") && handset::is_content("sms send") && !handset::is_content("sms receive"));
}

TEST(HandsetCommandLine, EventsContactsTasksAndNotesTakeTheirFields) {
  const CommandLine event = parsed({"event", "edit", "7", "--subject", "S", "--location", "", "--all-day", "--attendee",
                                    "a@b.test", "--attendee", "c@d.test", "--zone", "Europe/Berlin"});
  STRCMP_EQUAL("event edit", event.command.c_str());
  LONGS_EQUAL(7, event.number);
  STRCMP_EQUAL("S", event.fields.at("subject").c_str());
  CHECK(event.fields.contains("location") && event.fields.at("location").empty() && event.fields.contains("all-day"));
  LONGS_EQUAL(2, event.attendees.size());
  STRCMP_EQUAL("Europe/Berlin", event.zone.c_str());
  STRCMP_EQUAL("low", parsed({"task", "add", "--importance", "low"}).fields.at("importance").c_str());
  LONGS_EQUAL(3, parsed({"task", "done", "3"}).number);
  STRCMP_CONTAINS("2 handset: ", refused({"note", "add", "--company", "x"}).c_str());
}

TEST(HandsetCommandLine, UsageIsRefusedInOneLineThatHelps) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"list"},
                                             {"sync", "--nonsense"},
                                             {"mark", "1", "purple"},
                                             {"mark", "x", "read"},
                                             {"mark", "1", "category"},
                                             {"mark", "1", "read", "Red"},
                                             {"move", "1"},
                                             {"send", "--to", "a@b.test"},
                                             {"send", "--subject", "s", "--text", "-", "--html", "-"},
                                             {"send", "--subject", "s", "--attach", "-"},
                                             {"account"},
                                             {"account", "add", "nobody"},
                                             {"account", "add", "a@b.test", "--body-bytes", "-5"},
                                             {"account", "add", "a@b.test", "--window", "0"},
                                             {"account", "add", "a@b.test", "--password-file", "-", "--pin-file", "-"},
                                             {"--hal", "toaster", "sync"},
                                             {"mark", "1", "read", "now"}}) {
    const std::string answer = refused(words);
    CHECK_TEXT(answer.starts_with("2 handset: ") && answer.find("; ") != std::string::npos &&
                   answer.find('\n') == std::string::npos,
               answer.c_str());
  }
}

TEST(HandsetCommandLine, HelpAndVersionAreAnswers) {
  bool json = false;
  CHECK(handset::parse_command_line({"--help"}, json).answered);
  CHECK(handset::parse_command_line({"--version"}, json).answer.starts_with("handset "));
  STRCMP_CONTAINS("--accept-redirect", handset::parse_command_line({"account", "add", "--help"}, json).answer.c_str());
}

TEST(HandsetCommandLine, SyncAndStatusWorkWhileLocked) {
  for (const char* free : {"sync", "watch", "status", "queue", "policy", "device unlock", "device status"})
    CHECK(!handset::is_content(free));
  for (const char* content : {"list", "show", "body", "mark", "folders", "account add"})
    CHECK(handset::is_content(content));
}

TEST(HandsetCommandLine, PartsOfTheDeviceTakeTheirWords) {
  const CommandLine radio = parsed({"device", "radio", "wifi", "on"});
  STRCMP_EQUAL("device radio", radio.command.c_str());
  STRCMP_EQUAL("wifi", radio.name.c_str());
  CHECK(radio.on);
  STRCMP_EQUAL("device card put", parsed({"device", "card", "put", "x.txt"}).command.c_str());
  LONGS_EQUAL(15, parsed({"device", "battery", "15"}).number);
  STRCMP_EQUAL("f", parsed({"device", "recover", "--recovery-file", "f", "--pin-file", "g"}).recovery_file.c_str());
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"device", "battery", "101"},
                                                                                     {"device", "battery", "-1"},
                                                                                     {"device", "radio", "wifi", "dim"},
                                                                                     {"device", "radio", "wifi"},
                                                                                     {"device", "card"},
                                                                                     {"device", "card", "up"}})
    CHECK(refused(words).starts_with("2 handset: "));
  CHECK(refused({"device", "recover", "--recovery-file", "-", "--pin-file", "-"}).starts_with("2 handset: "));
}
