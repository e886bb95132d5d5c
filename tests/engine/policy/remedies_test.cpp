// One sentence and one way on for everything that can go wrong.
#include "policy/remedies.h"

#include <string>

#include "policy/fault.h"
#include "policy/settings.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;
using protocol::Command;

namespace {

std::string filled(Text text, Text detail, std::size_t room_bytes = 512) {
  std::byte room[512];
  const std::size_t size = fill_in(text, detail, Room(room, room_bytes));
  return std::string(text_of(Bytes(room, size)));
}

}  // namespace

TEST_GROUP(Remedies){};

TEST(Remedies, the_remedy_alone_is_the_one_of_the_advice) {
  for (int domain = 0; domain <= static_cast<int>(Domain::kEngine); ++domain) {
    for (std::int32_t code = -400; code < 30'000; ++code) {
      const Error error{static_cast<Domain>(domain), code, 0};
      if (advice_for(error).remedy != remedy_for(error)) FAIL("another remedy");
    }
  }
}

TEST(Remedies, every_domain_has_an_answer_and_a_name) {
  for (int domain = 0; domain <= static_cast<int>(Domain::kEngine); ++domain) {
    for (const std::int32_t code : {-123456, -1, 0, 1, 7, 99, 404, 999999}) {
      const Error error{static_cast<Domain>(domain), code, 0};
      const Advice& advice = advice_for(error);
      CHECK(advice.remedy == remedy_for(error));
      CHECK(!advice.happened.empty());
      if (domain == 0) continue;
      CHECK(advice.exit == Exit::kDone || !advice.todo.empty());
    }
    CHECK(!domain_name(static_cast<Domain>(domain)).empty());
  }
}

TEST(Remedies, statuses_are_the_commands_own_first_and_then_those_of_all) {
  CHECK(remedy_for(protocol::eas_error(Command::kSync, 3)) == Remedy::kReKey);
  CHECK(remedy_for(protocol::eas_error(Command::kSync, 12)) == Remedy::kRefreshFolders);
  CHECK(remedy_for(protocol::eas_error(Command::kFolderSync, 9)) == Remedy::kRestartFolders);
  CHECK(remedy_for(protocol::eas_error(Command::kPing, 7)) == Remedy::kRefreshFolders);
  CHECK(remedy_for(protocol::eas_error(Command::kProvision, 2)) == Remedy::kGiveUp);
  CHECK(remedy_for(protocol::eas_error(Command::kProvision, kPolicyLevel + 5)) == Remedy::kReProvision);
  for (const Command command : {Command::kSync, Command::kFolderSync, Command::kPing, Command::kSettings}) {
    CHECK(remedy_for(protocol::eas_error(command, 140)) == Remedy::kWipe);
    for (const std::uint32_t status : {142U, 143U, 144U})
      CHECK(remedy_for(protocol::eas_error(command, status)) == Remedy::kReProvision);
    for (const std::uint32_t status : {126U, 129U, 131U, 139U, 177U}) {
      CHECK(remedy_for(protocol::eas_error(command, status)) == Remedy::kBlocked);
      CHECK(advice_for(protocol::eas_error(command, status)).exit == Exit::kBlocked);
    }
  }
  CHECK(remedy_for(protocol::eas_error(Command::kSendMail, 118)) == Remedy::kSuccess);
  CHECK(remedy_for(protocol::answer_fault(Command::kSync, protocol::AnswerFault::kNoProgress)) ==
        Remedy::kRetryBackOff);
}

TEST(Remedies, exits_are_those_of_the_command_lines_contract) {
  const auto exit_of = [](Domain domain, std::int32_t code) {
    return static_cast<int>(advice_for(Error{domain, code, 0}).exit);
  };
  CHECK_EQUAL(3, exit_of(Domain::kHttp, 401));
  CHECK_EQUAL(5, exit_of(Domain::kHttp, 403));
  CHECK_EQUAL(6, exit_of(Domain::kHttp, 503));
  CHECK_EQUAL(4, exit_of(Domain::kHttp, 13));
  CHECK_EQUAL(4, exit_of(Domain::kDns, 1));
  for (int code = 1; code <= 8; ++code) CHECK_EQUAL(4, exit_of(Domain::kTls, code));
  CHECK_EQUAL(4, exit_of(Domain::kTls, -0x7780));
  CHECK_EQUAL(9, exit_of(Domain::kSqlite, 13));
  CHECK_EQUAL(9, exit_of(Domain::kSqlite, 13 | 7 << 8));
  CHECK_EQUAL(9, exit_of(Domain::kSqlite, -1));
  CHECK_EQUAL(9, exit_of(Domain::kMemory, 1));
  CHECK_EQUAL(9, exit_of(Domain::kHal, 28));
  CHECK_EQUAL(7, exit_of(Domain::kPolicy, static_cast<std::int32_t>(Fault::kWiped)));
  CHECK_EQUAL(5, exit_of(Domain::kPolicy, static_cast<std::int32_t>(Fault::kLocked)));
  CHECK_EQUAL(5, exit_of(Domain::kPolicy, static_cast<std::int32_t>(Fault::kPinWrong)));
}

TEST(Remedies, a_certificate_that_is_refused_says_what_to_do) {
  const Advice& name = advice_for(Error{Domain::kTls, 5, 0});
  CHECK(filled(name.happened, "mail.example.org") ==
        "the certificate of mail.example.org is not for this name; no password was sent");
  CHECK(filled(name.happened, "").starts_with("the certificate of the server is not"));
  CHECK(filled(advice_for(Error{Domain::kTls, 2, 0}).todo, "").find("--ca") != std::string::npos);
}

TEST(Remedies, a_detail_cannot_steer_the_terminal_and_nothing_is_cut_inside_a_character) {
  CHECK(filled("at {x}!", "a\x1b[31mb\n") == "at a?[31mb?!");
  CHECK(filled("no place", "detail") == "no place");
  const std::string text = filled("{x}", "äöü", 5);
  CHECK(text == "äö");
  CHECK(filled("{x}", "äöü", 6) == "äöü");
  CHECK(filled("abc", "", 2) == "ab");
}

TEST(Remedies, a_setting_is_named) {
  CHECK(detail_of(fault(Fault::kBadValue, static_cast<std::uint32_t>(Setting::kAllowCamera))) == "AllowCamera");
  CHECK(detail_of(fault(Fault::kNotEnforceable, 999)).empty());
  CHECK(detail_of(fault(Fault::kPinWrong, 3)).empty());
}

TEST(Remedies, the_graver_exit_counts) {
  CHECK(graver(Exit::kDone, Exit::kParked) == Exit::kParked);
  CHECK(graver(Exit::kWiped, Exit::kMachine) == Exit::kWiped);
  CHECK(graver(Exit::kCredentials, Exit::kServer) == Exit::kCredentials);
}
