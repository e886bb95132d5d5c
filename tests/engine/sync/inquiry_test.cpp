/// Questions to the server: answered once, whatever is lost on the way, and nothing of them is kept.
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr const char* kOther = "bob@example.test";

struct Sink final : InquirySink {
  std::vector<std::string> emails;
  int begins = 0, ends = 0;
  Error error{};
  void begin() override {
    ++begins;
    emails.clear();
  }
  void row(const InquiryRow& row) override { emails.emplace_back(row[InquiryRow::kEmail]); }
  void end(Error outcome, std::uint32_t) override {
    ++ends;
    error = outcome;
  }
};

struct Asked : World {
  explicit Asked(const char* version = "16.1") : World(options(version)) {
    id = add(kEmail, "demo");
    LONGS_EQUAL(0, sync(id).code);
    inquiry.words = "bob";
    inquiry.sink = &sink;
  }
  static exchange::Options options(const char* version) {
    exchange::Options options = of_version(version);
    options.users = {{kEmail, "demo"}, {kOther, "bob"}};
    options.mails = 2;
    return options;
  }
  Status begin() { return engine().inquire(id, inquiry, now()); }
  Error ask() {
    if (Status begun = begin(); !begun.ok()) return begun.error();
    // The account may be idle once more before: of what was asked for earlier.
    for (int i = 0; i < 3 && sink.ends == 0; ++i) {
      idle[id] = 0;
      CHECK(run_until_idle(id, 3'600'000));
    }
    LONGS_EQUAL(1, sink.ends);
    return sink.error;
  }
  AccountId id{};
  Inquiry inquiry;
  Sink sink;
};

}  // namespace

TEST_GROUP(Asking){};

TEST(Asking, IsAnsweredInEveryVersion) {
  for (const char* version : {"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"}) {
    Asked world(version);
    LONGS_EQUAL_TEXT(0, world.ask().code, version);
    LONGS_EQUAL_TEXT(1, world.sink.emails.size(), version);
    STRCMP_EQUAL_TEXT(kOther, world.sink.emails[0].c_str(), version);
    const int number = number_of(version);
    world.inquiry.start_ms = 1'772'357'400'000;
    world.inquiry.end_ms = world.inquiry.start_ms + 1'800'000;
    const auto has = [&](Inquiry::What what) {
      world.inquiry.what = what;
      world.sink = Sink();
      const Error error = world.ask();
      CHECK_TEXT(!error || error == engine_fault(EngineFault::kNotInVersion), version);
      return !error;
    };
    const auto refused = [&](Inquiry::What what) {
      world.inquiry.what = what;
      return world.begin().error() == engine_fault(EngineFault::kNotInVersion);
    };
    CHECK_TEXT(number >= 120 ? has(Inquiry::What::kMails) : refused(Inquiry::What::kMails), version);
    CHECK_TEXT(number >= 120 ? has(Inquiry::What::kAbsence) : refused(Inquiry::What::kAbsence), version);
    CHECK_TEXT(number >= 140 ? has(Inquiry::What::kFreeBusy) : refused(Inquiry::What::kFreeBusy), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(Asking, AfterACutAnywhereItIsAskedAgainAndTheRowsOfTheBrokenAnswerAreVoid) {
  for (int at = 0; at < 160; at += 7) {
    Asked world;
    world.server().fault("Search@1:cut:" + std::to_string(at));
    LONGS_EQUAL(0, world.ask().code);
    LONGS_EQUAL(1, world.sink.emails.size());
    CHECK(world.sink.begins >= 1);
  }
}

TEST(Asking, OneAtATimeAndItCanBeAbandoned) {
  Asked world;
  CHECK(world.begin().ok());
  CHECK(world.begin().error() == engine_fault(EngineFault::kBusy));
  world.engine().abandon(world.id, world.now());
  LONGS_EQUAL(1, world.sink.ends);
  CHECK(world.sink.error == engine_fault(EngineFault::kDropped));
  world.sink = Sink();
  LONGS_EQUAL(0, world.ask().code);
  LONGS_EQUAL(0, world.sync(world.id).code);
}

TEST(Asking, WhatTheServerRefusesEndsItAndWhatItSaysOfTheAccountIsFollowed) {
  Asked world;
  world.server().fault("Search@1:status:3");
  CHECK(world.ask() == protocol::eas_error(protocol::Command::kSearch, 3));
  CHECK(!world.error(world.id));
  world.server().faults_off();
  world.sink = Sink();
  world.server().policy(kEmail, exchange::Policy{{"DevicePasswordEnabled", "0", {}}});
  LONGS_EQUAL(0, world.ask().code);  // the policy first, then the same question
  LONGS_EQUAL(1, world.sink.emails.size());
  world.inquiry.words = {};
  CHECK(!world.begin().ok());
  const std::string too_long(kInquiryWordsBytesMax + 1, 'x');
  world.inquiry.words = too_long;
  CHECK(!world.begin().ok());
}
