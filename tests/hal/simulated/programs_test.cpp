// Lists of programs and the storage card of the simulated phone, over power cuts too.
#include <cstdio>
#include <functional>

#include "hal/cut_everywhere.h"
#include "hal/simulated/home.h"

#include <CppUTest/TestHarness.h>

using namespace simulated_test;
using hal::AppList;
using hal::Fault;
using hal::Gate;
using hal::simulated::PowerCut;

namespace {

constexpr const char* kHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
constexpr const char* kOther = "0123456789abcdef0123456789abcdef01234567";

void arrive(Handset& phone, hal::KeySlot slot, AppList list, std::uint64_t id, std::initializer_list<Text> entries) {
  hal::Apps& apps = *phone.apps();
  CHECK(apps.begin(slot, list).ok());
  for (const Text entry : entries) CHECK(apps.add(slot, entry).ok());
  CHECK(apps.name(slot, id).ok());
}
Status enforce(Handset& phone, AppList list, std::initializer_list<std::uint64_t> ids) {
  return phone.apps()->enforce(list, std::span(ids.begin(), ids.size()));
}
std::size_t in_force(Handset& phone, AppList list) { return phone.apps()->in_force(list, {}).value(); }
std::string on_card(Handset& phone, const std::string& name) {
  std::vector<std::byte> contents;
  const Status read = phone.card()->read(name, contents);
  return read.ok() ? std::string(text_of(contents)) : "(error)";
}

// `work` with a cut at each operation in turn, then `judge` on the phone as it starts again.
unsigned cut_everywhere(const std::function<void(Handset&)>& prepare, const std::function<void(Handset&)>& work,
                        const std::function<void(Home&, Handset&, bool told)>& judge) {
  return test::cut_everywhere<Home, Cut, PowerCut>([&](Home& home) { prepare(*home.open()); }, work,
                                                   [&](Home& home, bool told) { judge(home, *home.open(), told); });
}

}  // namespace

TEST_GROUP(Programs) { Home home; };

TEST(Programs, start_unless_a_list_that_is_in_force_is_against_it) {
  auto phone = home.open();
  CHECK(phone->may_run("solitaire.exe", "", true));
  CHECK(phone->may_run("", kOther, false));
  arrive(*phone, 1, AppList::kUnapproved, 7, {"Solitaire.exe", "camera"});
  CHECK(phone->may_run("solitaire.exe", "", true));  // it has arrived; nobody has put it in force
  CHECK(enforce(*phone, AppList::kUnapproved, {7}).ok());
  CHECK(!phone->may_run("solitaire.exe", "", true));
  CHECK(phone->may_run("mail", "", true));
  arrive(*phone, 1, AppList::kApproved, 8, {kHash, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80700"});
  CHECK(enforce(*phone, AppList::kApproved, {8}).ok());
  CHECK(phone->may_run("game", kHash, false));
  CHECK(!phone->may_run("game", kOther, false));
  CHECK(phone->may_run("mail", kOther, true));  // preinstalled ones are the other list's business
  // Of two accounts, both have to let it.
  arrive(*phone, 2, AppList::kApproved, 9, {kOther, kHash});
  CHECK(enforce(*phone, AppList::kApproved, {8, 9}).ok());
  CHECK(phone->may_run("game", kHash, false));
  CHECK(!phone->may_run("game", kOther, false));
  CHECK(enforce(*phone, AppList::kApproved, {9}).ok());
  CHECK(phone->may_run("game", kOther, false));
  CHECK(enforce(*phone, AppList::kApproved, {}).ok());
  CHECK(phone->may_run("game", "ffff", false));
}

TEST(Programs, last_over_restarts_and_go_with_a_factory_reset) {
  {
    auto phone = home.open();
    arrive(*phone, 1, AppList::kUnapproved, 7, {"one"});
    CHECK(enforce(*phone, AppList::kUnapproved, {7}).ok());
  }
  auto phone = home.open();
  CHECK(!phone->may_run("one", "", true));
  CHECK(enforce(*phone, AppList::kUnapproved, {8}).error() == hal::fault(Fault::kNotThere));
  CHECK_EQUAL(1U, in_force(*phone, AppList::kUnapproved));
  Patience patience;
  CHECK(phone->erase().factory_reset(patience).ok());
  CHECK(phone->may_run("one", "", true));
  CHECK_EQUAL(0U, in_force(*home.open(), AppList::kUnapproved));
}

TEST(Programs, that_are_damaged_or_without_end_are_not_in_force) {
  {
    auto phone = home.open();
    arrive(*phone, 1, AppList::kUnapproved, 7, {"one"});
    CHECK(enforce(*phone, AppList::kUnapproved, {7}).ok());
    CHECK(phone->apps()->add(1, "alone").error() == hal::fault(Fault::kNotThere));
    CHECK(phone->apps()->begin(2, AppList::kApproved).ok());
    Status added = Done{};
    for (int i = 0; i < 3000 && added.ok(); ++i)
      added = phone->apps()->add(2, std::to_string(i) + std::string(200, 'x'));
    CHECK(added.error() == hal::fault(Fault::kTooLarge));
  }
  home.write("device/programs", "HSL1\x01");
  CHECK_EQUAL(0U, in_force(*home.open(), AppList::kUnapproved));
}

TEST(Programs, are_the_old_list_or_the_new_one_after_a_power_cut_and_never_neither) {
  const unsigned points = cut_everywhere(
      [](Handset& phone) {
        arrive(phone, 1, AppList::kUnapproved, 7, {"old", "both"});
        CHECK(enforce(phone, AppList::kUnapproved, {7}).ok());
      },
      [](Handset& phone) {
        arrive(phone, 1, AppList::kUnapproved, 8, {"new", "both"});
        CHECK(!phone.may_run("old", "", true));  // until the new one is whole
        CHECK(enforce(phone, AppList::kUnapproved, {8}).ok());
      },
      [](Home&, Handset& phone, bool told) {
        CHECK(!phone.may_run("both", "", true));
        CHECK(phone.may_run("old", "", true) != phone.may_run("new", "", true));
        if (told) CHECK(!phone.may_run("new", "", true));
      });
  std::printf("[%u cut points] ", points);
}

TEST_GROUP(Card) { Home home; };

TEST(Card, is_there_when_it_is_in) {
  auto phone = home.open();
  CHECK(!phone->card()->inserted());
  CHECK(phone->card()->write("a", bytes_of("1")).error() == hal::fault(Fault::kNotThere));
  CHECK(phone->card()->insert().ok());
  CHECK(phone->card()->write("a", bytes_of("1")).ok());
  CHECK(phone->card()->pull().ok());
  STRCMP_EQUAL("(error)", on_card(*phone, "a").c_str());
  CHECK(phone->card()->names().empty());
  CHECK(phone->card()->insert().ok());
  STRCMP_EQUAL("1", on_card(*phone, "a").c_str());
  for (const char* bad : {"", "../x", "a/b", ".hidden", "x.sealed"})
    CHECK(phone->card()->write(bad, bytes_of("1")).error() == hal::fault(Fault::kRefused));
  CHECK(phone->gates()->set(Gate::kCard, 0).ok());
  STRCMP_EQUAL("(error)", on_card(*phone, "a").c_str());
  CHECK(phone->card()->write("b", bytes_of("1")).error() == hal::fault(Fault::kRefused));
}

TEST(Card, is_sealed_while_the_policy_asks_and_what_lay_openly_too) {
  auto phone = home.open();
  CHECK(phone->card()->insert().ok());
  CHECK(phone->card()->write("before", bytes_of("canary-before")).ok());
  CHECK(home.holds("canary-before"));
  CHECK(phone->storage()->encrypt_card(true).ok());
  CHECK(phone->storage()->encrypts_card().value());
  CHECK(phone->card()->write("after", bytes_of("canary-after")).ok());
  CHECK(!home.holds("canary-before"));
  CHECK(!home.holds("canary-after"));
  phone = home.open();
  CHECK(phone->storage()->encrypts_card().value());
  STRCMP_EQUAL("canary-before", on_card(*phone, "before").c_str());
  STRCMP_EQUAL("canary-after", on_card(*phone, "after").c_str());
  CHECK_EQUAL(2U, phone->card()->names().size());
  // A card that comes with open files is sealed when it is put in.
  CHECK(phone->card()->pull().ok());
  home.write("card-outside/foreign", "canary-foreign");
  CHECK(phone->card()->insert().ok());
  CHECK(phone->storage()->encrypts_card().value());
  CHECK(!home.holds("canary-foreign"));
  STRCMP_EQUAL("canary-foreign", on_card(*phone, "foreign").c_str());
  // Allowed to be open again: what is sealed stays readable here.
  CHECK(phone->storage()->encrypt_card(false).ok());
  CHECK(!phone->storage()->encrypts_card().value());
  STRCMP_EQUAL("canary-after", on_card(*phone, "after").c_str());
  CHECK(phone->card()->write("open", bytes_of("canary-open")).ok());
  CHECK(home.holds("canary-open"));
}

TEST(Card, goes_with_a_wipe) {
  auto phone = home.open();
  CHECK(phone->card()->insert().ok());
  CHECK(phone->card()->write("a", bytes_of("canary-a")).ok());
  Patience patience;
  CHECK(phone->erase().files(3, patience).ok());
  STRCMP_EQUAL("canary-a", on_card(*phone, "a").c_str());  // an account's wipe leaves it
  CHECK(phone->erase().files(hal::kEverySlot, patience).ok());
  CHECK(phone->card()->names().empty());
  CHECK(!home.holds("canary-a"));
}

TEST(Card, sealing_goes_through_power_cuts_and_loses_nothing) {
  const unsigned points = cut_everywhere(
      [](Handset& phone) {
        CHECK(phone.card()->insert().ok());
        CHECK(phone.card()->write("one", bytes_of("canary-one")).ok());
        CHECK(phone.card()->write("two", bytes_of("canary-two")).ok());
      },
      [](Handset& phone) { CHECK(phone.storage()->encrypt_card(true).ok()); },
      [](Home& phones_home, Handset& phone, bool told) {
        STRCMP_EQUAL("canary-one", on_card(phone, "one").c_str());
        STRCMP_EQUAL("canary-two", on_card(phone, "two").c_str());
        const bool encrypts = phone.storage()->encrypts_card().value();
        if (told) CHECK(encrypts);
        CHECK_EQUAL(!encrypts, phones_home.holds("canary-one"));
        CHECK_EQUAL(!encrypts, phones_home.holds("canary-two"));
      });
  std::printf("[%u cut points] ", points);
}

TEST_GROUP(Switches) { Home home; };

TEST(Switches, are_the_users_within_what_the_policy_lets_be) {
  auto phone = home.open();
  CHECK(phone->switches()->on(Gate::kWifi));
  CHECK(phone->gates()->set(Gate::kWifi, 0).ok());
  CHECK(!phone->switches()->on(Gate::kWifi));
  CHECK(phone->switches()->turn(Gate::kWifi, true).error() == hal::fault(Fault::kRefused));
  CHECK(phone->switches()->turn(Gate::kWifi, false).ok());
  phone = home.open();
  CHECK(phone->gates()->set(Gate::kWifi, 2).ok());
  CHECK(!phone->switches()->on(Gate::kWifi));  // to allow is not to switch on
  CHECK_EQUAL(2, phone->gates()->level(Gate::kWifi).value());
  CHECK(phone->switches()->turn(Gate::kWifi, true).ok());
  CHECK(home.open()->switches()->on(Gate::kWifi));
}
