#include "handset/home.h"
#include "handset/layout.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "handset/failure.h"

#include "CppUTest/TestHarness.h"

using handset::Home;

TEST_GROUP(HandsetHome) {
  handset::TemporaryDirectory directory;
  std::string place = directory.path() + "/deep/home";
};

TEST(HandsetHome, IsMadeForThisUserAlone) {
  const Home home(place);
  struct stat state {};
  LONGS_EQUAL(0, ::stat(place.c_str(), &state));
  LONGS_EQUAL(0700, state.st_mode & 0777);
}

TEST(HandsetHome, HasOneOwner) {
  Home first(place);
  Home second(place);
  CHECK(first.try_lock());
  CHECK(!second.try_lock());
  first.unlock();
  CHECK(second.try_lock());
}

TEST(HandsetHome, RemembersTheDevicePortAndAnAccountUnderWay) {
  {
    Home home(place);
    CHECK(home.try_lock());
    STRCMP_EQUAL("simulated", home.hal("").c_str());
    STRCMP_EQUAL("absent", home.hal("absent").c_str());
    home.set_adding(3);
  }
  Home again(place);
  CHECK(again.try_lock());
  STRCMP_EQUAL("absent", again.hal("").c_str());
  LONGS_EQUAL(3, again.adding());
}

TEST(HandsetHome, ForgettingLeavesNothingOfAnAccount) {
  Home home(place);
  CHECK(home.try_lock());
  home.keep_trust(1, "certificate");
  STRCMP_EQUAL("certificate", home.trust(1).value_or("").c_str());
  std::filesystem::create_directory(place + "/replica");
  home.forget_everything();
  CHECK(!home.trust(1));
  CHECK(!std::filesystem::exists(place + "/replica"));
  CHECK(std::filesystem::exists(place + "/lock"));
}

TEST(HandsetHome, IsNoDirectoryOfSomebodysFiles) {
  handset::write_file(directory.path() + "/thesis", "x");
  int exit = 0;
  try {
    const Home home(directory.path());
  } catch (const handset::Failure& failure) {
    exit = failure.exit;
  }
  LONGS_EQUAL(2, exit);
  CHECK(!std::filesystem::exists(directory.path() + "/lock"));
}

TEST(HandsetHome, LeavesWhatIsNotItsOwn) {
  Home home(place);
  CHECK(home.try_lock());
  home.set_adding(1);
  handset::write_file(place + "/thesis", "x");
  home.forget_everything();
  CHECK(std::filesystem::exists(place + "/thesis"));
  LONGS_EQUAL(1, handset::foreign_names(place).size());
}

TEST(HandsetHome, ThatCannotBeUsedEndsWith9) {
  handset::write_file(directory.path() + "/file", "x");
  int exit = 0;
  try {
    const Home home(directory.path() + "/file/home");
  } catch (const handset::Failure& failure) {
    exit = failure.exit;
  }
  LONGS_EQUAL(9, exit);
}
