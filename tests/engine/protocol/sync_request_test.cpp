#include <string>
#include <vector>

#include "engine/protocol/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

SyncRequest request(Version version, Text key = "3") {
  SyncRequest one;
  one.version = version;
  one.collection_id = "5";
  one.sync_key = key;
  return one;
}

std::string xml(const SyncRequest& one) {
  return Written([&](Room room) { return write_sync(room, one); }).xml();
}

std::string collection(const std::string& content) {
  return "<Sync xmlns=\"AirSync\"><Collections><Collection>" + content + "</Collection></Collections></Sync>";
}

std::string change(const std::string& data) {
  return "<Commands><Change><ServerId>5:1</ServerId><ApplicationData>" + data +
         "</ApplicationData></Change></Commands>";
}

const std::string kBare = "<SyncKey>3</SyncKey><CollectionId>5</CollectionId><DeletesAsMoves>1</DeletesAsMoves>";

}  // namespace

TEST_GROUP(SyncWriter){};

TEST(SyncWriter, PrimingBytes) {
  SyncRequest one = request(141, "0");
  const SyncCommand command{"5:1", true, false, false, false, 0, 0};
  one.commands = std::span(&command, 1);
  const Written written([&](Room room) { return write_sync(room, one); });
  STRCMP_EQUAL(wbxml::to_hex(vector_bytes("04-sync-request-key0")).c_str(), written.hex().c_str());
  one.version = 121;
  STRCMP_EQUAL(collection("<Class>Email</Class><SyncKey>0</SyncKey><CollectionId>5</CollectionId>").c_str(),
               xml(one).c_str());
}

TEST(SyncWriter, Of25TruncationHasStepsAndABodyIsFetchedBySync) {
  const auto options = [](Class kind, std::uint32_t bytes_max) {
    SyncRequest one = request(25);
    one.kind = kind;
    one.filter = 3;
    one.body_bytes_max = bytes_max;
    const std::string all = xml(one);
    const std::size_t at = all.find("<Options>");
    return all.substr(at, all.find("</Options>") - at);
  };
  struct Step {
    std::uint32_t bytes_max;
    const char* step;
  };
  for (const Step& one : {Step{0, "0"},
                          {1, "1"},
                          {512, "1"},
                          {1023, "1"},
                          {4096, "3"},
                          {32'768, "6"},
                          {102'400, "8"},
                          {1'000'000, "8"},
                          {UINT32_MAX, "9"}}) {
    STRCMP_EQUAL(("<Options><FilterType>3</FilterType><Truncation>" + std::string(one.step) + "</Truncation>").c_str(),
                 options(Class::kEmail, one.bytes_max).c_str());
  }
  // What goes back whole must not have been cut.
  CHECK(options(Class::kTask, 512).find("<Truncation>9</Truncation>") != std::string::npos);
  SyncRequest one = request(25);
  SyncCommand fetch;
  fetch.server_id = "5:1";
  fetch.fetch = true;
  one.commands = std::span(&fetch, 1);
  one.get_changes = one.with_options = false;
  STRCMP_EQUAL(collection("<Class>Email</Class>" + kBare +
                          "<GetChanges>0</GetChanges><Commands><Fetch><ServerId>5:1"
                          "</ServerId></Fetch></Commands>")
                   .c_str(),
               xml(one).c_str());
}

TEST(SyncWriter, OtherClassesAskForTextAndSayWhatIsTheirs) {
  const auto of = [](Class kind, Version version, Text key) {
    SyncRequest one = request(version, key);
    one.kind = kind;
    one.filter = 4;
    one.body_bytes_max = 1000;
    return xml(one);
  };
  for (const Version version : kVersions) {
    const std::string name = version <= 121 ? "<Class>Calendar</Class>" : "";
    const std::string event = of(Class::kEvent, version, "3");
    CHECK(event.find(name + kBare) != std::string::npos);
    CHECK(version < 120 ||
          event.find("<Options><FilterType>4</FilterType><BodyPreference xmlns=\"AirSyncBase\"><Type>1</Type>"
                     "<TruncationSize>1000</TruncationSize></BodyPreference></Options>") != std::string::npos);
    // Contacts in every version, the calendar up to 14.1, tasks and notes never (MS-ASCMD 2.2.3.180).
    CHECK(of(Class::kContact, version, "0").find("<Supported>") != std::string::npos);
    CHECK((of(Class::kEvent, version, "0").find("<Supported>") != std::string::npos) == (version < 160));
    CHECK(of(Class::kTask, version, "0").find("<Supported>") == std::string::npos);
    CHECK(of(Class::kNote, version, "0").find("<Supported>") == std::string::npos);
    CHECK(of(Class::kContact, version, "3").find("<Supported>") == std::string::npos);
  }
  // What a calendar must name, all of it and nothing that it does not send.
  const std::string calendar = of(Class::kEvent, 141, "0");
  for (const char* name : {"DtStamp", "Categories", "Sensitivity", "BusyStatus", "UID", "Timezone", "StartTime",
                           "Subject", "Location", "EndTime", "Recurrence", "AllDayEvent", "Reminder", "Exceptions"}) {
    CHECK_TEXT(calendar.find(std::string("<") + name) != std::string::npos, name);
  }
  CHECK(calendar.find("Attendees") == std::string::npos && calendar.find("Body") == std::string::npos);
  const std::string contacts = of(Class::kContact, 161, "0");
  CHECK(contacts.find("Email1Address") != std::string::npos && contacts.find("NickName") != std::string::npos);
  CHECK(contacts.find("Picture") == std::string::npos && contacts.find("WeightedRank") == std::string::npos);
}

TEST(SyncWriter, MailInEveryVersion) {
  for (const Version version : kVersions) {
    SyncRequest one = request(version);
    one.window = 50;
    one.filter = 3;
    one.body_bytes_max = 4096;
    const std::string preview = version >= 140 ? "<Preview>255</Preview>" : "";
    const auto preference = [&](const char* type) {
      return std::string("<BodyPreference xmlns=\"AirSyncBase\"><Type>") + type +
             "</Type><TruncationSize>4096</TruncationSize>" + preview + "</BodyPreference>";
    };
    const std::string expected =
        collection((version <= 121 ? "<Class>Email</Class>" : "") + kBare + "<GetChanges/><WindowSize>50</WindowSize>" +
                   "<Options><FilterType>3</FilterType>" +
                   (version < 120 ? "<Truncation>3</Truncation>"
                                  : preference("1") + preference("2") + "<MIMESupport>0</MIMESupport>") +
                   "</Options>");
    STRCMP_EQUAL(expected.c_str(), xml(one).c_str());
  }
}

TEST(SyncWriter, BodySizes) {
  SyncRequest one = request(141);
  one.html = false;
  one.body_bytes_max = 0;
  CHECK(xml(one).find("<Type>1</Type><TruncationSize>0</TruncationSize><Preview>") != std::string::npos);
  CHECK(xml(one).find("<Type>2</Type>") == std::string::npos);
  one.body_bytes_max = UINT32_MAX;
  CHECK(xml(one).find("TruncationSize") == std::string::npos);
}

TEST(SyncWriter, WindowStaysWithinTheProtocol) {
  SyncRequest one = request(141);
  one.window = 0;
  CHECK(xml(one).find("<WindowSize>1</WindowSize>") != std::string::npos);
  one.window = 60000;
  CHECK(xml(one).find("<WindowSize>512</WindowSize>") != std::string::npos);
}

TEST(SyncWriter, WithoutOptionsThereAreNone) {
  SyncRequest one = request(161);
  one.with_options = false;
  one.get_changes = false;
  one.deletes_as_moves = false;
  STRCMP_EQUAL(collection("<SyncKey>3</SyncKey><CollectionId>5</CollectionId><DeletesAsMoves>0</DeletesAsMoves>"
                          "<GetChanges>0</GetChanges>")
                   .c_str(),
               xml(one).c_str());
}

TEST(SyncWriter, CommandsOfAMail) {
  std::vector<SyncCommand> commands(5);
  commands[0] = {"5:1", false, true, true, false, 0, 0};
  commands[1] = {"5:2", true, false, false, false, 0, 0};
  commands[2] = {"5:3", false, false, false, true, 0, 0};
  commands[3] = {"5:4", false, true, false, true, 2, 0};
  commands[4] = {"5:5", false, false, false, true, 1, 1772357400000};  // 2026-03-01T09:30:00Z
  SyncRequest one = request(141);
  one.with_options = false;
  one.commands = commands;
  STRCMP_EQUAL(
      collection(
          kBare +
          "<GetChanges/><WindowSize>100</WindowSize><Commands>"
          "<Change><ServerId>5:1</ServerId><ApplicationData><Read xmlns=\"Email\">1</Read></ApplicationData></Change>"
          "<Delete><ServerId>5:2</ServerId></Delete>"
          "<Change><ServerId>5:3</ServerId><ApplicationData><Flag xmlns=\"Email\"/></ApplicationData></Change>"
          "<Change><ServerId>5:4</ServerId><ApplicationData><Read xmlns=\"Email\">0</Read><Flag xmlns=\"Email\">"
          "<Status>2</Status><FlagType>Flag for follow up</FlagType></Flag></ApplicationData></Change>"
          "<Change><ServerId>5:5</ServerId><ApplicationData><Flag xmlns=\"Email\"><Status>1</Status>"
          "<FlagType>Flag for follow up</FlagType><CompleteTime>2026-03-01T09:30:00.000Z</CompleteTime>"
          "<DateCompleted xmlns=\"Tasks\">2026-03-01T09:30:00.000Z</DateCompleted></Flag></ApplicationData></Change>"
          "</Commands>")
          .c_str(),
      xml(one).c_str());
}

TEST(SyncWriter, From160OnCommandsComeWithoutChanges) {
  const SyncCommand command{"5:1", false, true, true, false, 0, 0};
  for (const Version version : kVersions) {
    SyncRequest one = request(version);
    one.commands = std::span(&command, 1);
    const std::string written = xml(one);
    CHECK_EQUAL(version >= 160, written.find("<GetChanges>0</GetChanges><Options>") != std::string::npos);
    CHECK_EQUAL(version < 160, written.find("<GetChanges/><WindowSize>100</WindowSize><Options>") != std::string::npos);
    CHECK(written.find(change("<Read xmlns=\"Email\">1</Read>")) != std::string::npos);
  }
}

TEST(SyncWriter, ACommandThatSaysNothingIsNotSent) {
  const SyncCommand command{"5:1", false, false, false, false, 0, 0};
  SyncRequest one = request(161);
  one.with_options = false;
  one.commands = std::span(&command, 1);
  STRCMP_EQUAL(collection(kBare + "<GetChanges/><WindowSize>100</WindowSize>").c_str(), xml(one).c_str());
}

TEST(SyncWriter, RefusesWhatServersWouldRefuse) {
  const SyncCommand twice[] = {{"5:1", false, true, true, false, 0, 0}, {"5:1", true, false, false, false, 0, 0}};
  SyncRequest one = request(161);
  one.commands = twice;
  const Written two([&](Room room) { return write_sync(room, one); });
  LONGS_EQUAL(static_cast<int>(RequestFault::kTwoCommands), two.error().code);
  LONGS_EQUAL(1, two.error().where);

  std::vector<std::string> ids;
  for (int i = 0; i < 201; ++i) ids.push_back("5:" + std::to_string(i));
  std::vector<SyncCommand> many;
  for (const auto& id : ids) many.push_back({id, true, false, false, false, 0, 0});
  one.commands = many;
  const Written refused([&](Room room) { return write_sync(room, one); });
  LONGS_EQUAL(static_cast<int>(RequestFault::kTooManyCommands), refused.error().code);
  one.commands = std::span(many).first(200);
  CHECK_FALSE(Written([&](Room room) { return write_sync(room, one); }).error());
}

TEST(SyncWriter, TooLittleRoomIsAnAnswer) {
  const SyncRequest one = request(161);
  std::array<std::byte, 16> room{};
  CHECK(write_sync(room, one).error().domain == Domain::kMemory);
}

TEST(SyncWriter, SeveralCollectionsAndOneWindowForAll) {
  const auto several = [](Version version, std::uint16_t window) {
    return Written([&](Room room) -> Result<std::size_t> {
             SyncWriter writer(room);
             SyncRequest one = request(version);
             one.with_options = false;
             one.window = 50;
             if (!writer.add(one).ok()) return Error{Domain::kEngine, 1, 0};
             one.collection_id = "6";
             one.sync_key = "0";
             if (!writer.add(one).ok()) return Error{Domain::kEngine, 1, 0};
             return writer.finish(window);
           })
        .xml();
  };
  const std::string first = "<Collection>" + kBare + "<GetChanges/><WindowSize>50</WindowSize></Collection>";
  const std::string second = "<Collection><SyncKey>0</SyncKey><CollectionId>6</CollectionId></Collection>";
  const std::string head = "<Sync xmlns=\"AirSync\"><Collections>" + first + second + "</Collections>";
  STRCMP_EQUAL((head + "<WindowSize>50</WindowSize></Sync>").c_str(), several(161, 50).c_str());
  STRCMP_EQUAL((head + "</Sync>").c_str(), several(161, 0).c_str());
}

TEST(SyncWriter, ARefusedCollectionLeavesTheRequestAsItWas) {
  std::byte room[512];
  SyncWriter writer(room);
  CHECK(writer.add(request(161)).ok());
  const SyncCommand twice[] = {{"5:1", true}, {"5:1", true}};
  SyncRequest bad = request(161);
  bad.commands = twice;
  CHECK_FALSE(writer.add(bad).ok());
  std::byte alone[512];
  const auto one = write_sync(alone, request(161)), same = writer.finish();
  CHECK(one.ok() && same.ok());
  CHECK(text_of(Bytes(alone, one.value())) == text_of(Bytes(room, same.value())));
}

// sync/limits.h: 25 collections in the 6 KiB of a small request, 240 bytes each.
TEST(SyncWriter, ACollectionHasABound) {
  const std::string longest(64, 'i');
  for (const Version version : kVersions) {
    for (const Class kind : {Class::kEmail, Class::kEvent, Class::kContact, Class::kTask, Class::kNote}) {
      for (const bool prime : {false, true}) {
        SyncRequest one = request(version, prime ? Text("0") : Text(longest));
        one.collection_id = longest;
        one.kind = kind;
        one.window = 512;
        one.filter = 5;
        one.body_bytes_max = UINT32_MAX - 1;
        const auto measure = [&](int count) {
          std::byte room[2048];
          SyncWriter writer(room);
          for (int i = 0; i < count; ++i) CHECK(writer.add(one).ok());
          const auto size = writer.finish(512);
          CHECK(size.ok());
          return size.value();
        };
        CHECK_TEXT(measure(2) - measure(1) <= 240, std::to_string(measure(2) - measure(1)).c_str());
        CHECK(measure(1) <= 240 + 64);
      }
    }
  }
}

TEST(SyncWriter, TextsHaveOptionsOfTheirOwnAndAreWhole) {
  SyncRequest one = request(141);
  one.body_bytes_max = 512;
  one.filter = 3;
  one.html = false;
  one.texts = true;
  const std::string all = xml(one);
  const std::size_t at = all.find("<Options>");
  const std::string preview = "<Preview>255</Preview></BodyPreference>";
  const auto plain = [](const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {  // without the namespaces
      const std::size_t space = text.compare(i, 7, " xmlns=") == 0 ? text.find('"', i + 8) + 1 : i;
      i = space;
      if (i < text.size() && text.compare(i, 7, " xmlns=") != 0) result += text[i++];
    }
    return result;
  };
  STRCMP_EQUAL(("<Options><FilterType>3</FilterType><Class>Email</Class><BodyPreference><Type>1</Type>"
                "<TruncationSize>512</TruncationSize>" +
                preview +
                "<MIMESupport>0</MIMESupport></Options><Options><FilterType>3</FilterType><Class>SMS</Class>"
                "<BodyPreference><Type>1</Type>" +
                preview + "</Options></Collection></Collections></Sync>")
                   .c_str(),
               plain(all.substr(at)).c_str());
}

TEST(SyncWriter, AnAddOfATextNamesItsClass) {
  SyncRequest one = request(141);
  SyncCommand add;
  add.add = add.text = true;
  add.client_id = "t1";
  one.commands = std::span(&add, 1);
  one.get_changes = one.with_options = false;
  const std::string all = xml(one);
  CHECK(all.find("<Add><Class>SMS</Class><ClientId>t1</ClientId><ApplicationData") != std::string::npos);
}
