// EASProvisionDoc: every element with its default and range, the reader over WBXML, the bytes of a record, the
// strictest merge.
#include "policy/document.h"

#include <array>
#include <string>
#include <vector>

#include "fake_device.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;
namespace tag = handsync::wbxml::provision;

namespace {

constexpr auto kAll = kSettingCount;
Setting nth(std::size_t i) { return static_cast<Setting>(i); }

// Feeds what is inside Data, as protocol/provision.h does.
struct InData final : wbxml::Sink {
  explicit InData(DocumentReader& to) : reader(to) {}
  Status open(wbxml::Tag t) override {
    const bool feed = inside;
    if (t == tag::kData) inside = true;
    return feed ? reader.open(t) : Status(Done{});
  }
  Status text(Bytes piece, bool opaque) override { return inside ? reader.text(piece, opaque) : Status(Done{}); }
  Status close(wbxml::Tag t) override {
    if (t == tag::kData) inside = false;
    return inside ? reader.close(t) : Status(Done{});
  }
  DocumentReader& reader;
  bool inside = false;
};

std::vector<std::byte> policy_bytes(const std::vector<std::pair<wbxml::Tag, std::string>>& elements) {
  std::array<std::byte, 4096> room;
  wbxml::Writer writer(room);
  writer.open(tag::kProvision).open(tag::kData).open(tag::kEASProvisionDoc);
  for (const auto& [t, value] : elements) writer.element(t, value);
  writer.close().close().close();
  CHECK(writer.status().ok());
  const Bytes document = writer.document();
  return {document.begin(), document.end()};
}

Status read_all(Bytes bytes, DocumentReader& reader, std::size_t chunk = 1) {
  InData sink(reader);
  wbxml::Reader wire(sink);
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    const Status fed = wire.feed(bytes.subspan(at, std::min(chunk, bytes.size() - at)));
    if (!fed.ok()) return fed;
  }
  return wire.finish();
}

Document read_one(wbxml::Tag t, const std::string& value) {
  DocumentReader reader;
  CHECK(read_all(policy_bytes({{t, value}}), reader).ok());
  CHECK(reader.complete());
  return reader.document();
}

constexpr unsigned char kExample[] = {
    0x03, 0x01, 0x6A, 0x00, 0x00, 0x0E, 0x45, 0x00, 0x12, 0x56, 0x46, 0x03, 0x31, 0x00, 0x01, 0x01, 0x00, 0x0E,
    0x4B, 0x03, 0x31, 0x00, 0x01, 0x46, 0x47, 0x48, 0x03, 0x4D, 0x53, 0x2D, 0x45, 0x41, 0x53, 0x2D, 0x50, 0x72,
    0x6F, 0x76, 0x69, 0x73, 0x69, 0x6F, 0x6E, 0x69, 0x6E, 0x67, 0x2D, 0x57, 0x42, 0x58, 0x4D, 0x4C, 0x00, 0x01,
    0x4B, 0x03, 0x31, 0x00, 0x01, 0x49, 0x03, 0x31, 0x33, 0x30, 0x37, 0x31, 0x39, 0x39, 0x35, 0x38, 0x34, 0x00,
    0x01, 0x4A, 0x4D, 0x4E, 0x03, 0x31, 0x00, 0x01, 0x4F, 0x03, 0x30, 0x00, 0x01, 0x54, 0x03, 0x34, 0x00, 0x01,
    0x55, 0x03, 0x39, 0x30, 0x30, 0x00, 0x01, 0x56, 0x03, 0x38, 0x00, 0x01, 0x17, 0x58, 0x03, 0x31, 0x00, 0x01,
    0x19, 0x5A, 0x03, 0x30, 0x00, 0x01, 0x64, 0x03, 0x32, 0x00, 0x01, 0x37, 0x01, 0x01, 0x01, 0x01, 0x01};

}  // namespace

TEST_GROUP(Document){};

TEST(Document, names_and_tags_are_those_of_the_code_page) {
  for (std::size_t i = 0; i < kAll; ++i) {
    const SettingRow& row = row_of(nth(i));
    CHECK(row.name == wbxml::tag_name(row.tag));
    CHECK(setting_of(row.tag) == nth(i));
    CHECK(row.normal >= row.min && row.normal <= row.max);
  }
  CHECK(setting_of(tag::kHash) == Setting::kCount);
}

TEST(Document, an_empty_one_asks_for_nothing) {
  Document document;
  CHECK(document.demands_nothing());
  CHECK_EQUAL(0, document.value(Setting::kDevicePasswordEnabled));
  CHECK_EQUAL(1, document.value(Setting::kAllowCamera));
  CHECK_EQUAL(2, document.value(Setting::kAllowBluetooth));
  CHECK_EQUAL(-1, document.value(Setting::kMaxEmailBodyTruncationSize));
}

TEST(Document, is_read_from_the_wire_in_pieces_of_any_size) {
  const Bytes bytes = std::as_bytes(std::span(kExample));
  for (std::size_t chunk : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    DocumentReader reader;
    CHECK(read_all(bytes, reader, chunk).ok());
    CHECK(reader.complete());
    const Document& document = reader.document();
    CHECK_EQUAL(1, document.value(Setting::kDevicePasswordEnabled));
    CHECK_EQUAL(4, document.value(Setting::kMinDevicePasswordLength));
    CHECK_EQUAL(900, document.value(Setting::kMaxInactivityTimeDeviceLock));
    CHECK_EQUAL(8, document.value(Setting::kMaxDevicePasswordFailedAttempts));
    CHECK(!document.has(Setting::kMaxAttachmentSize));
    CHECK(!document.has(Setting::kUnapprovedInROMApplicationList));
    CHECK(!document.has(Setting::kDevicePasswordExpiration));
    CHECK(!document.demands(Setting::kAllowBluetooth));
  }
}

TEST(Document, every_range_is_kept) {
  struct Case {
    wbxml::Tag t;
    const char* wire;
    std::int32_t value;
  };
  const Case cases[] = {
      {tag::kMinDevicePasswordLength, "18", 18},
      {tag::kMinDevicePasswordLength, "999", 255},
      {tag::kMaxInactivityTimeDeviceLock, "9998", 9998},
      {tag::kMaxInactivityTimeDeviceLock, "9999", 0},
      {tag::kMaxInactivityTimeDeviceLock, "4294967295", 0},
      {tag::kMaxDevicePasswordFailedAttempts, "3", 3},
      {tag::kMaxDevicePasswordFailedAttempts, "17", 16},
      {tag::kMaxAttachmentSize, "0", 0},
      {tag::kMaxAttachmentSize, "4294967295", INT32_MAX},
      {tag::kDevicePasswordExpiration, "9999", 730},
      {tag::kDevicePasswordHistory, "99999999999999999999", INT32_MAX},
      {tag::kMinDevicePasswordComplexCharacters, "0", 1},
      {tag::kMinDevicePasswordComplexCharacters, "9", 4},
      {tag::kAllowBluetooth, "1", 1},
      {tag::kAllowBluetooth, "7", 2},
      {tag::kMaxCalendarAgeFilter, "1", 4},
      {tag::kMaxCalendarAgeFilter, "8", 7},
      {tag::kMaxEmailAgeFilter, "6", 5},
      {tag::kMaxEmailBodyTruncationSize, "-1", -1},
      {tag::kMaxEmailBodyTruncationSize, " 0 ", 0},
      {tag::kMaxEmailHTMLBodyTruncationSize, "-7", -1},
  };
  for (const Case& c : cases) {
    const Setting setting = setting_of(c.t);
    CHECK_EQUAL(c.value, read_one(c.t, c.wire).value(setting));
  }
}

TEST(Document, an_empty_element_is_the_default_again) {
  for (std::size_t i = 0; i < kAll; ++i) {
    const Document document = read_one(row_of(nth(i)).tag, "");
    CHECK(!document.demands(nth(i)));
    CHECK_EQUAL(row_of(nth(i)).normal, document.value(nth(i)));
  }
}

TEST(Document, a_value_that_is_no_number_is_refused_and_named) {
  for (const auto& [t, value] :
       {std::pair{tag::kAllowCamera, "yes"}, std::pair{tag::kAllowCamera, "2"},
        std::pair{tag::kMinDevicePasswordLength, "4.5"}, std::pair{tag::kMinDevicePasswordLength, "-4"},
        std::pair{tag::kMaxEmailBodyTruncationSize, "-"},
        std::pair{tag::kMaxAttachmentSize, "0000000000000000000000000000001"}}) {
    DocumentReader reader;
    const Status read = read_all(policy_bytes({{t, value}}), reader);
    CHECK(!read.ok());
    CHECK(read.error() == fault(Fault::kBadValue, static_cast<std::uint32_t>(setting_of(t))));
    CHECK(!reader.complete());
  }
}

TEST(Document, entries_of_lists_go_to_the_device_in_pieces_of_any_size) {
  std::array<std::byte, 2048> room;
  wbxml::Writer writer(room);
  const std::string longest(255, 'n');
  writer.open(tag::kProvision).open(tag::kData).open(tag::kEASProvisionDoc);
  writer.open(tag::kApprovedApplicationList).element(tag::kHash, "AAAA").element(tag::kHash, "BBBB").close();
  writer.open(tag::kUnapprovedInROMApplicationList).element(tag::kApplicationName, "game.exe");
  writer.empty(tag::kApplicationName).element(tag::kApplicationName, longest).close();
  writer.close().close().close();
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{5}, SIZE_MAX}) {
    fake::Device device;
    DocumentReader reader(device.apps(), 1);
    CHECK(read_all(writer.document(), reader, chunk == SIZE_MAX ? writer.document().size() : chunk).ok());
    const auto& approved = device.named.at(reader.document().list_digest(Setting::kApprovedApplicationList));
    const auto& unapproved = device.named.at(reader.document().list_digest(Setting::kUnapprovedInROMApplicationList));
    CHECK(approved == (std::vector<std::string>{"AAAA", "BBBB"}));
    CHECK(unapproved == (std::vector<std::string>{"game.exe", longest}));
  }
  // One that is not taken whole is not named: it is known, and will be reported absent.
  wbxml::Writer other(room);
  other.open(tag::kProvision).open(tag::kData).open(tag::kEASProvisionDoc).open(tag::kUnapprovedInROMApplicationList);
  other.element(tag::kApplicationName, "first").element(tag::kApplicationName, longest + "n").close();
  other.close().close().close();
  fake::Device device;
  DocumentReader reader(device.apps(), 1);
  CHECK(read_all(other.document(), reader).ok());
  CHECK_EQUAL(2, reader.document().value(Setting::kUnapprovedInROMApplicationList));
  CHECK(device.named.empty());
}

TEST(Document, unknown_elements_are_skipped_and_lists_are_counted) {
  std::array<std::byte, 512> room;
  wbxml::Writer writer(room);
  writer.open(tag::kProvision).open(tag::kData).open(tag::kEASProvisionDoc);
  writer.open(wbxml::make_tag(14, 0x3E)).element(tag::kAllowCamera, "0").close();
  writer.open(tag::kApprovedApplicationList).element(tag::kHash, "AAAA").element(tag::kHash, "BBBB").close();
  writer.open(tag::kUnapprovedInROMApplicationList).element(tag::kApplicationName, "game.exe").close();
  writer.close().close().close();
  DocumentReader reader;
  CHECK(read_all(writer.document(), reader).ok());
  CHECK(!reader.document().has(Setting::kAllowCamera));
  CHECK_EQUAL(2, reader.document().value(Setting::kApprovedApplicationList));
  CHECK_EQUAL(1, reader.document().value(Setting::kUnapprovedInROMApplicationList));
  CHECK(reader.document().list_digest(Setting::kApprovedApplicationList) !=
        reader.document().list_digest(Setting::kUnapprovedInROMApplicationList));
}

TEST(Document, a_text_in_place_of_the_document_is_not_one) {
  std::array<std::byte, 128> room;
  wbxml::Writer writer(room);
  writer.open(tag::kProvision).element(tag::kData, "<no-policy/>").close();
  DocumentReader reader;
  CHECK(read_all(writer.document(), reader).ok());
  CHECK(!reader.complete());
}

TEST(Document, its_bytes_bring_it_back_and_no_prefix_of_them_does) {
  Document document;
  for (std::size_t i = 0; i < kAll; ++i) {
    if (row_of(nth(i)).kind == Kind::kList) {
      document.set_list(nth(i), 3, 0x1234567890ABCDEFULL + i);
    } else {
      document.set(nth(i), row_of(nth(i)).max);
    }
  }
  std::array<std::byte, kDocumentBytesMax> room;
  const auto wrote = write_document(document, room);
  CHECK(wrote.ok());
  for (std::size_t size = 0; size <= wrote.value(); ++size) {
    std::size_t used = 0;
    const auto read = read_document(Bytes(room.data(), size), used);
    CHECK_EQUAL(size == wrote.value(), read.ok());
    if (!read.ok()) continue;
    CHECK(read.value() == document);
    CHECK_EQUAL(wrote.value(), used);
    CHECK(!write_document(document, Room(room.data(), size - 1)).ok());
  }
}

TEST(Document, the_merge_asks_for_at_least_what_each_asks_for) {
  for (std::size_t i = 0; i < kAll; ++i) {
    const SettingRow& row = row_of(nth(i));
    if (row.kind == Kind::kList) continue;
    for (const std::int64_t a : {row.min, row.max, row.normal, row.min + 1}) {
      for (const std::int64_t b : {row.min, row.max, row.normal}) {
        Document first, second;
        for (Document* d : {&first, &second}) {
          d->set(Setting::kDevicePasswordEnabled, 1);
          d->set(Setting::kAlphanumericDevicePasswordRequired, 1);
        }
        first.set(nth(i), a);
        second.set(nth(i), b);
        const Document merged = merge_strictest(first, second);
        CHECK(!loosens(first, merged));
        CHECK(!loosens(second, merged));
        CHECK(merged == merge_strictest(second, first));
        const bool one_of_both =
            merged.value(nth(i)) == first.value(nth(i)) || merged.value(nth(i)) == second.value(nth(i));
        CHECK(one_of_both);
      }
    }
  }
}

TEST(Document, the_merge_is_the_strictest_of_each_kind) {
  Document a, b;
  a.set(Setting::kDevicePasswordEnabled, 1);
  a.set(Setting::kMinDevicePasswordLength, 4);
  a.set(Setting::kMaxDevicePasswordFailedAttempts, 10);
  a.set(Setting::kMaxInactivityTimeDeviceLock, 300);
  a.set(Setting::kAllowBluetooth, 1);
  b.set(Setting::kDevicePasswordEnabled, 1);
  b.set(Setting::kMinDevicePasswordLength, 6);
  b.set(Setting::kMaxDevicePasswordFailedAttempts, 0);
  b.set(Setting::kMaxInactivityTimeDeviceLock, 900);
  b.set(Setting::kAllowCamera, 0);
  const Document merged = merge_strictest(a, b);
  CHECK_EQUAL(6, merged.value(Setting::kMinDevicePasswordLength));
  CHECK_EQUAL(10, merged.value(Setting::kMaxDevicePasswordFailedAttempts));
  CHECK_EQUAL(300, merged.value(Setting::kMaxInactivityTimeDeviceLock));
  CHECK_EQUAL(1, merged.value(Setting::kAllowBluetooth));
  CHECK_EQUAL(0, merged.value(Setting::kAllowCamera));
}

TEST(Document, rules_of_a_password_nobody_wants_do_not_count) {
  Document without;
  without.set(Setting::kMinDevicePasswordLength, 12);
  without.set(Setting::kMaxDevicePasswordFailedAttempts, 4);
  without.set(Setting::kMaxInactivityTimeDeviceLock, 60);
  CHECK(without.demands_nothing());
  Document with;
  with.set(Setting::kDevicePasswordEnabled, 1);
  with.set(Setting::kMinDevicePasswordComplexCharacters, 4);
  with.set(Setting::kPasswordRecoveryEnabled, 1);
  CHECK(!with.demands(Setting::kMinDevicePasswordComplexCharacters));
  const Document merged = merge_strictest(without, with);
  CHECK_EQUAL(0, merged.value(Setting::kMinDevicePasswordLength));
  CHECK_EQUAL(0, merged.value(Setting::kMaxDevicePasswordFailedAttempts));
  CHECK_EQUAL(1, merged.value(Setting::kMinDevicePasswordComplexCharacters));
  CHECK_EQUAL(1, merged.value(Setting::kPasswordRecoveryEnabled));
}
