#include "items/application_data.h"

#include <map>
#include <string>
#include <vector>

#include "wbxml/code_pages.h"
#include "wbxml/reader.h"
#include "wbxml/writer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
namespace base = wbxml::air_sync_base;
namespace mail = wbxml::email;
namespace mail2 = wbxml::email2;

namespace {

// Writes down what a sink is told, and insists on its grammar.
struct Notes final : items::PropertySink {
  struct Property {
    items::PropertyId id;
    std::string value;
  };
  std::vector<Property> all;
  bool open = false;
  int fail_after = -1;
  Status step() {
    if (fail_after == 0) return Error{Domain::kSqlite, 13, 0};
    if (fail_after > 0) --fail_after;
    return Done{};
  }
  Status begin(items::PropertyId id) override {
    CHECK_FALSE(open);
    open = true;
    all.push_back({id, {}});
    return step();
  }
  Status piece(Bytes bytes) override {
    CHECK(open);
    all.back().value += text_of(bytes);
    return step();
  }
  Status end() override {
    CHECK(open);
    open = false;
    return step();
  }
  const std::string* find(items::PropertyId id) const {
    for (const Property& property : all) {
      if (property.id == id) return &property.value;
    }
    return nullptr;
  }
  std::string text(items::PropertyId id) const { return find(id) == nullptr ? "(none)" : *find(id); }
  std::int64_t number(items::PropertyId id) const {
    return find(id) == nullptr || find(id)->size() != 8 ? -99 : items::number_of(bytes_of(*find(id)));
  }
  int count(items::PropertyId id) const {
    int found = 0;
    for (const Property& property : all) found += property.id == id ? 1 : 0;
    return found;
  }
};

// From a reader's events below the root to ApplicationData, as the protocol does it.
struct Bridge final : wbxml::Sink {
  items::ApplicationData& data;
  int depth = 0;
  explicit Bridge(items::ApplicationData& d) : data(d) {}
  Status open(wbxml::Tag tag) override { return depth++ == 0 ? Status(Done{}) : data.open(tag); }
  Status text(Bytes piece, bool opaque) override { return depth <= 1 ? Status(Done{}) : data.text(piece, opaque); }
  Status close(wbxml::Tag tag) override { return --depth == 0 ? Status(Done{}) : data.close(tag); }
};

}  // namespace

TEST_GROUP(ApplicationData) {
  std::byte room[65536];
  wbxml::Writer writer{Room(room)};
  Notes notes;
  items::ApplicationData data{notes};
  Error fault{};

  void setup() override { writer.open(wbxml::air_sync::kApplicationData); }
  // Reads what was written, in chunks of that size; true = no error but the item's own.
  bool read(std::size_t chunk = 100'000) {
    writer.close();
    CHECK(writer.status().ok());
    return read_document(writer.document(), chunk);
  }
  bool read_document(Bytes document, std::size_t chunk) {
    notes.all.clear();
    notes.open = false;
    Bridge bridge(data);
    wbxml::Reader reader(bridge);
    data.begin(Class::kEmail);
    for (std::size_t at = 0; at < document.size(); at += chunk) {
      const std::size_t size = document.size() - at < chunk ? document.size() - at : chunk;
      if (!reader.feed(document.subspan(at, size)).ok()) return false;
    }
    fault = data.end();
    CHECK_FALSE(notes.open);
    return reader.finish().ok();
  }
};

TEST(ApplicationData, AMailWithEverything) {
  writer.element(mail::kTo, "me@example.com")
      .element(mail::kFrom, "\"J\xC3\xBC\" <j@example.com>")
      .element(mail::kSubject, "Re: x");
  writer.element(mail::kDateReceived, "2026-03-01T09:30:00.000Z")
      .element(mail::kImportance, 2u)
      .element(mail::kRead, "0");
  writer.open(mail::kCategories).element(mail::kCategory, "Red").element(mail::kCategory, "Blue").close();
  writer.open(mail::kFlag).element(mail::kStatus, 2u).element(mail::kFlagType, "for Follow Up");
  writer.element(wbxml::tasks::kDueDate, "2026-03-02T00:00:00.000Z").close();
  writer.open(base::kAttachments);
  for (const char* name : {"a.pdf", "b.png"}) {
    writer.open(base::kAttachment).element(base::kDisplayName, name).element(base::kFileReference, "5%3a1%3a0");
    writer.element(base::kMethod, 1u).element(base::kEstimatedDataSize, 4711u).empty(base::kIsInline).close();
  }
  writer.close();
  // Data before its type, as some servers send it.
  writer.open(base::kBody)
      .element(base::kData, "<p>Hello</p>")
      .element(base::kType, 2u)
      .element(base::kEstimatedDataSize, 90'000u);
  writer.element(base::kTruncated, 1u).element(base::kPreview, "Hello").close();
  writer.element(base::kNativeBodyType, 2u);
  writer.open(mail2::kConversationId).opaque(bytes_of("\x01\xFF")).close();
  writer.element(mail2::kLastVerbExecuted, 1u).element(mail2::kIsDraft, "0");
  for (const std::size_t chunk : {std::size_t{100'000}, std::size_t{7}, std::size_t{1}}) {
    if (chunk == 100'000) {
      CHECK(read(chunk));
    } else {
      CHECK(read_document(writer.document(), chunk));
    }
    CHECK_FALSE(static_cast<bool>(fault));
    STRCMP_EQUAL("\"J\xC3\xBC\" <j@example.com>", notes.text(items::kFrom).c_str());
    STRCMP_EQUAL("Re: x", notes.text(items::kSubject).c_str());
    LONGLONGS_EQUAL(1'772'357'400'000, notes.number(items::kDateReceived));
    LONGS_EQUAL(2, notes.number(items::kImportance));
    LONGS_EQUAL(0, notes.number(items::kRead));
    STRCMP_EQUAL(
        "Red\x1F"
        "Blue",
        notes.text(items::kCategories).c_str());
    LONGS_EQUAL(1, notes.count(items::kFlag));
    LONGS_EQUAL(2, notes.number(items::kFlagStatus));
    STRCMP_EQUAL("for Follow Up", notes.text(items::kFlagType).c_str());
    LONGLONGS_EQUAL(1'772'409'600'000, notes.number(items::kFlagDue));
    LONGS_EQUAL(1, notes.count(items::kAttachments));
    LONGS_EQUAL(2, notes.count(items::kAttachment));
    LONGS_EQUAL(2, notes.count(items::kAttachmentReference));
    LONGS_EQUAL(1, notes.number(items::kAttachmentInline));  // an empty boolean is true
    LONGS_EQUAL(4711, notes.number(items::kAttachmentSize));
    STRCMP_EQUAL("<p>Hello</p>", notes.text(items::kBodyData).c_str());
    LONGS_EQUAL(2, notes.number(items::kBodyType));
    LONGS_EQUAL(90'000, notes.number(items::kBodySize));
    LONGS_EQUAL(1, notes.number(items::kBodyTruncated));
    STRCMP_EQUAL("Hello", notes.text(items::kPreview).c_str());
    LONGS_EQUAL(2, notes.text(items::kConversationId).size());
    LONGS_EQUAL(0, notes.count(items::kRest));
    LONGS_EQUAL(0, notes.number(items::kIsDraft));
  }
}

TEST(ApplicationData, AMailOf25HasTheSameParts) {
  // In the order in which servers send it: of the body its length and whether it was cut come first.
  writer.element(mail::kSubject, "Old").element(mail::kBodySize, 9'000u).element(mail::kBodyTruncated, "1");
  writer.element(mail::kBody,
                 "Gr\xC3\xBC\xC3\x9F"
                 "e");
  writer.open(mail::kAttachments).open(mail::kAttachment).element(mail::kAttMethod, 1u);
  writer.element(mail::kAttSize, 4711u).element(mail::kDisplayName, "a.pdf").element(mail::kAttName, "5:1:0");
  writer.close().close();
  CHECK(read());
  CHECK_FALSE(static_cast<bool>(fault));
  for (const std::size_t chunk : {std::size_t{7}, std::size_t{1}}) {
    CHECK(read_document(writer.document(), chunk));
    LONGS_EQUAL(1, notes.count(items::kBody));
    LONGS_EQUAL(1, notes.number(items::kBodyType));
    LONGS_EQUAL(9'000, notes.number(items::kBodySize));
    LONGS_EQUAL(1, notes.number(items::kBodyTruncated));
    STRCMP_EQUAL(
        "Gr\xC3\xBC\xC3\x9F"
        "e",
        notes.text(items::kBodyData).c_str());
    LONGS_EQUAL(1, notes.count(items::kAttachment));
    STRCMP_EQUAL("a.pdf", notes.text(items::kAttachmentName).c_str());
    STRCMP_EQUAL("5:1:0", notes.text(items::kAttachmentReference).c_str());
    LONGS_EQUAL(4711, notes.number(items::kAttachmentSize));
    LONGS_EQUAL(0, notes.count(items::kRest));
  }
  // The marker comes before whatever part is first.
  std::size_t marker = 0, first = 0;
  for (std::size_t i = 0; i < notes.all.size(); ++i) {
    if (notes.all[i].id == items::kBody) marker = i + 1;
    const bool part = notes.all[i].id >= items::kBodySize && notes.all[i].id <= items::kBodyData;
    if (part && first == 0) first = i + 1;
  }
  CHECK(marker != 0 && marker < first);
}

TEST(ApplicationData, EachNumberHasOneRowAndThatOfTheLaterVersions) {
  for (const Class kind : {Class::kEmail, Class::kEvent, Class::kContact, Class::kTask, Class::kNote}) {
    std::map<items::PropertyId, int> rows;
    for (const items::Property& row : items::properties(kind)) LONGS_EQUAL(1, ++rows[row.id]);
    LONGS_EQUAL(base::kData, items::find_property(kind, items::kBodyData)->tag);
    CHECK((items::old_body_tag(kind) == 0) == (kind == Class::kNote));
  }
}

TEST(ApplicationData, AnEmptyFlagIsTold) {
  writer.empty(mail::kFlag).empty(mail::kCategories).empty(base::kAttachments);
  CHECK(read());
  LONGS_EQUAL(1, notes.count(items::kFlag));
  LONGS_EQUAL(0, notes.count(items::kFlagStatus));
  LONGS_EQUAL(1, notes.count(items::kCategories));
  STRCMP_EQUAL("", notes.text(items::kCategories).c_str());
  LONGS_EQUAL(1, notes.count(items::kAttachments));
}

TEST(ApplicationData, WhatIsNotKnownIsKeptAsItCame) {
  writer.element(mail::kSubject, "x");
  writer.open(wbxml::make_tag(30, 0x07)).element(wbxml::make_tag(30, 0x08), "new").empty(wbxml::make_tag(31, 0x09));
  writer.open(wbxml::make_tag(30, 0x0A)).opaque(bytes_of("bytes")).close().close();
  writer.open(base::kBody)
      .element(base::kType, 1u)
      .element(wbxml::make_tag(17, 0x3E), "inside")
      .element(base::kData, "t")
      .close();
  writer.empty(wbxml::make_tag(2, 0x3F));
  CHECK(read());
  CHECK_FALSE(static_cast<bool>(fault));
  std::string rest;
  for (const Notes::Property& property : notes.all) {
    if (property.id == items::kRest) rest += property.value;
  }
  constexpr char kExpected[] =
      "\x00\x1E\x47\x48\x03new\x00\x01\x00\x1F\x09\x00\x1E\x4A\xC3\x05"
      "bytes\x01\x01"
      "\x00\x11\x4A\x7E\x03inside\x00\x01\x01"
      "\x00\x02\x3F";
  CHECK(rest == std::string(kExpected, sizeof kExpected - 1));
  STRCMP_EQUAL("t", notes.text(items::kBodyData).c_str());
  // It is WBXML: in a root of its own it reads back to the same elements.
  std::string document("\x03\x01\x6A\x00\x45", 5);
  document += rest + "\x01";
  Notes again;
  struct Count final : wbxml::Sink {
    int opened = 0;
    std::string texts;
    Status open(wbxml::Tag) override {
      ++opened;
      return Done{};
    }
    Status text(Bytes piece, bool) override {
      texts += text_of(piece);
      return Done{};
    }
    Status close(wbxml::Tag) override { return Done{}; }
  } count;
  wbxml::Reader reader(count);
  CHECK(reader.feed(bytes_of(document)).ok());
  CHECK(reader.finish().ok());
  LONGS_EQUAL(8, count.opened);
  STRCMP_EQUAL("newbytesinside", count.texts.c_str());
}

TEST(ApplicationData, AMeetingRequestIsKeptRaw) {
  writer.open(mail::kMeetingRequest).element(mail::kStartTime, "2026-03-01T09:30:00.000Z");
  writer.open(mail::kRecurrences).open(mail::kRecurrence).element(mail::kType, 1u).close().close().close();
  writer.element(mail::kSubject, "after");
  CHECK(read(3));
  LONGS_EQUAL(1, notes.count(items::kMeetingRequest));
  CHECK(notes.text(items::kMeetingRequest)
            .starts_with(std::string("\x00\x02\x62\x71\x03"
                                     "2026",
                                     9)));
  LONGS_EQUAL(0, notes.count(items::kRest));
  STRCMP_EQUAL("after", notes.text(items::kSubject).c_str());
}

TEST(ApplicationData, TextThatIsNotUtf8IsAFaultOfTheItemOnly) {
  for (const char* bad : {"\xFF", "a\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xC3"}) {
    writer = wbxml::Writer(Room(room));
    writer.open(wbxml::air_sync::kApplicationData);
    writer.open(mail::kSubject).opaque(bytes_of(bad)).close().element(mail::kTo, "still read");
    CHECK(read());
    CHECK(fault.domain == Domain::kEas);
    LONGS_EQUAL(6, fault.code);
    LONGS_EQUAL(items::kSubject, fault.where);
    STRCMP_EQUAL("still read", notes.text(items::kTo).c_str());
    CHECK(read_document(writer.document(), 1));
    LONGS_EQUAL(6, fault.code);
  }
  writer = wbxml::Writer(Room(room));
  writer.open(wbxml::air_sync::kApplicationData);
  writer.open(mail::kSubject).opaque(bytes_of("gr\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80 padding to pass eight")).close();
  CHECK(read());
  CHECK_FALSE(static_cast<bool>(fault));
  CHECK(read_document(writer.document(), 1));
  CHECK_FALSE(static_cast<bool>(fault));
}

TEST(ApplicationData, OnlyTextAndHtmlBodiesMustBeUtf8) {
  const auto body = [&](unsigned type, const char* bytes, bool type_first) {
    writer = wbxml::Writer(Room(room));
    writer.open(wbxml::air_sync::kApplicationData).open(base::kBody);
    if (type_first) writer.element(base::kType, type);
    writer.open(base::kData).opaque(bytes_of(bytes)).close();
    if (!type_first) writer.element(base::kType, type);
    writer.close();
    CHECK(read());
    return static_cast<bool>(fault);
  };
  for (const bool type_first : {true, false}) {
    CHECK(body(1, "\xFF", type_first));
    CHECK(body(2, "\xFF", type_first));
    CHECK_FALSE(body(4, "\xFF", type_first));
    CHECK_FALSE(body(2, "cut within a character \xE2\x82", type_first));
  }
}

TEST(ApplicationData, NumbersThatAreNoneAreKeptAsUnknown) {
  writer.element(mail::kImportance, "high").element(mail::kDateReceived, "yesterday").element(mail::kRead, "maybe");
  writer.element(mail::kInternetCPID, "").element(mail2::kLastVerbExecuted, " 3 ");
  writer.element(mail::kSubject, "x");
  CHECK(read());
  CHECK_FALSE(static_cast<bool>(fault));
  LONGS_EQUAL(0, notes.count(items::kImportance) + notes.count(items::kDateReceived) + notes.count(items::kRead));
  LONGS_EQUAL(3, notes.count(items::kRest));
  LONGS_EQUAL(3, notes.number(items::kLastVerb));
  LONGS_EQUAL(0, notes.count(items::kInternetCodePage));
}

TEST(ApplicationData, ElementsInsideALeafAreSkipped) {
  writer.open(mail::kSubject).text("a").open(mail::kTo).element(mail::kCc, "no").close().text("b").close();
  writer.open(mail::kRead).open(mail::kTo).close().text("1").close();
  writer.open(mail::kCategories)
      .open(mail::kCategory)
      .text("c")
      .empty(mail::kTo)
      .close()
      .element(mail::kTo, "no")
      .close();
  CHECK(read());
  STRCMP_EQUAL("ab", notes.text(items::kSubject).c_str());
  LONGS_EQUAL(1, notes.number(items::kRead));
  STRCMP_EQUAL("c", notes.text(items::kCategories).c_str());
  LONGS_EQUAL(0, notes.count(items::kTo) + notes.count(items::kCc));
}

TEST(ApplicationData, ABodyStreamsThroughInPieces) {
  const std::string large(60'000, 'L');
  writer.open(base::kBody).element(base::kData, large).close();
  CHECK(read(1000));
  CHECK(notes.text(items::kBodyData) == large);
}

TEST(ApplicationData, AnErrorOfTheSinkIsAnError) {
  writer.element(mail::kSubject, "x").open(base::kBody).element(base::kData, "y").close().empty(wbxml::make_tag(30, 7));
  writer.close();
  int failures = 0;
  for (int step = 0; step < 40; ++step) {
    notes.fail_after = step;
    Bridge bridge(data);
    wbxml::Reader reader(bridge);
    notes.open = false;
    notes.all.clear();
    data.begin(Class::kEmail);
    const Status outcome = reader.feed(writer.document());
    if (!outcome.ok()) {
      ++failures;
      LONGS_EQUAL(13, outcome.error().code);
    }
  }
  CHECK(failures >= 10 && failures < 40);
}

TEST(ApplicationData, TheTablesAreSound) {
  std::map<std::string, items::PropertyId> mail_columns;
  for (const Class kind : {Class::kEmail, Class::kEvent, Class::kContact, Class::kTask, Class::kNote, Class::kSms}) {
    std::map<items::PropertyId, int> ids;
    std::map<std::string, int> columns;
    CHECK(items::properties(kind).size() <= items::kRowsMax);
    for (const items::Property& row : items::properties(kind)) {
      LONGS_EQUAL(1, ++ids[row.id]);
      CHECK(items::find_property(kind, row.tag, row.parent) == &row);
      CHECK(items::find_property(kind, row.id) == &row);
      CHECK(!wbxml::tag_name(row.tag).empty());
      const bool column = row.place == items::Place::kItem || row.place == items::Place::kAttachment;
      CHECK(column == (row.column != nullptr));
      if (column) LONGS_EQUAL(1, ++columns[row.column]);
      if (row.place == items::Place::kItem) {
        // One statement writes the rows of all classes: a column means the same property in each.
        if (kind == Class::kEmail) mail_columns[row.column] = row.id;
        LONGS_EQUAL(mail_columns[row.column], row.id);
      }
      // A property of a class's own has its element as its number.
      if (row.id >= 256) LONGS_EQUAL(row.tag, row.id);
      CHECK(row.first <= row.last);
    }
  }
  CHECK(items::find_property(Class::kEmail, items::PropertyId{0}) == nullptr);
  CHECK(items::find_property(Class::kEmail, items::PropertyId{60'000}) == nullptr);
  CHECK(items::find_property(Class::kEmail, mail::kSubject, mail::kFlag) == nullptr);
  CHECK(items::find_property(Class::kEmail, wbxml::make_tag(200, 5), 0) == nullptr);
  STRCMP_EQUAL("Calendar", std::string(items::class_name(Class::kEvent)).c_str());
  STRCMP_EQUAL("SMS", std::string(items::class_name(Class::kSms)).c_str());
  CHECK(items::class_of(FolderType::kUserNotes) == Class::kNote);
}
