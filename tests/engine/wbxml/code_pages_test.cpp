// The table of code pages: as large as the specification's, one name for one number, and a few rows known by heart.
#include <set>
#include <string>

#include "engine/wbxml/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::wbxml;

TEST_GROUP(WbxmlCodePages){};

TEST(WbxmlCodePages, NamesAndNumbersLeadToEachOther) {
  int rows = 0;
  std::set<Text> pages;
  for (unsigned number = 0; number < 256; ++number) {
    const auto page = static_cast<std::uint8_t>(number);
    CHECK_EQUAL(page < kPages, !page_name(page).empty());
    if (page < kPages) {
      CHECK(pages.insert(page_name(page)).second);
      CHECK_EQUAL(page, find_page(page_name(page)));
      CHECK_EQUAL(page, find_page(std::string(page_name(page)) + ":"));
    }
    for (unsigned token = 0; token < 256; ++token) {
      const Tag tag = make_tag(page, static_cast<std::uint8_t>(token));
      if (tag_name(tag).empty()) continue;
      ++rows;
      CHECK(token >= 5 && token < 0x40);
      CHECK_EQUAL(tag, find_tag(page, tag_name(tag)));
    }
  }
  CHECK_EQUAL(644, rows);
}

TEST(WbxmlCodePages, KnowTheRowsEveryoneUses) {
  CHECK_EQUAL(0x000B, air_sync::kSyncKey);
  CHECK_EQUAL(0x0214, email::kSubject);
  CHECK_EQUAL(0x0716, folder_hierarchy::kFolderSync);
  CHECK_EQUAL(0x0D08, ping::kHeartbeatInterval);
  CHECK_EQUAL(0x0E09, provision::kPolicyKey);
  CHECK_EQUAL(0x110A, air_sync_base::kBody);
  CHECK_EQUAL(0x1216, settings::kDeviceInformation);
  CHECK_EQUAL(0x1510, compose_mail::kMime);
  CHECK_EQUAL(0x1609, email2::kConversationId);
  STRCMP_EQUAL("AirSyncBase", std::string(page_name(17)).c_str());
  STRCMP_EQUAL("Find", std::string(tag_name(find::kFind)).c_str());
}

TEST(WbxmlCodePages, AnswerNothingForTheUnknown) {
  CHECK(page_name(26).empty());
  CHECK(tag_name(make_tag(0, 0x3F)).empty());
  CHECK(tag_name(make_tag(0xFF, 0x3F)).empty());
  CHECK_EQUAL(kNoPage, find_page("Nowhere"));
  CHECK_EQUAL(kNoPage, find_page(""));
  CHECK_EQUAL(0, find_tag(0, "Subject"));
  CHECK_EQUAL(0, find_tag(kNoPage, "Sync"));
}

TEST(WbxmlCodePages, ByteArraysAreTheEightOfTheSpecification) {
  int count = 0;
  for (unsigned tag = 0; tag < 0x10000; ++tag) count += is_opaque_tag(static_cast<Tag>(tag)) ? 1 : 0;
  CHECK_EQUAL(8, count);
  CHECK(is_opaque_tag(compose_mail::kMime));
  CHECK(is_opaque_tag(search::kConversationId));
  CHECK_FALSE(is_opaque_tag(air_sync_base::kData));
}
