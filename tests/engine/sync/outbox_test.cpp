/// Sending: every message arrives once, whatever is lost on the way, and nothing is sent twice without asking.
#include <cjson/cJSON.h>

#include <algorithm>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "items/mime_header.h"
#include "policy/fault.h"
#include "protocol/command.h"
#include "replica/store.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using protocol::Command;
using protocol::eas_error;

namespace {

constexpr const char* kVersions[] = {"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"};
constexpr const char* kEmail = "demo@example.test";
constexpr const char* kOther = "bob@example.test";

bool has_client_id(const char* version) { return number_of(version) >= 140; }

struct Post : World {
  explicit Post(const char* version = "16.1", int mails = 3) : World(options(mails, version)) {
    id = add(kEmail);
    LONGS_EQUAL(0, sync(id).code);
  }
  static exchange::Options options(int mails, const char* version) {
    exchange::Options options;
    options.users = {{kEmail, "demo"}, {kOther, "bob"}};
    options.versions = {version};
    options.mails = mails;
    options.body_bytes = 300;
    options.policy = std::nullopt;
    options.request_bytes_max = 64u << 20;
    return options;
  }
  Changes& changes() { return engine().changes(id); }
  Result<ChangeId> write(MessageHead head, const std::string& text = "Hello\n", const std::string& html = {},
                         const std::string& file = {}, const std::string& name = "file.bin") {
    Changes& to = changes();
    if (Status begun = to.compose(head); !begun.ok()) return begun.error();
    const auto put = [&](MessagePart part, const std::string& bytes) {
      Status begun = to.part(part);
      for (std::size_t at = 0; begun.ok() && at < bytes.size(); at += 10'000)
        begun = to.data(bytes_of(Text(bytes).substr(at, 10'000)));
      return begun;
    };
    Status outcome = Done{};
    if (!text.empty()) outcome = put({MessagePart::Kind::kText, {}, {}}, text);
    if (outcome.ok() && !html.empty()) outcome = put({MessagePart::Kind::kHtml, {}, {}}, html);
    if (outcome.ok() && !file.empty()) outcome = put({MessagePart::Kind::kAttachment, name, "text/x-test"}, file);
    if (!outcome.ok()) return outcome.error();
    return to.send();
  }
  Result<ChangeId> write(const std::string& subject) {
    MessageHead head;
    head.to = kOther;
    head.subject = subject;
    return write(head);
  }
  Error flush() {
    idle[id] = 0;
    if (Status begun = engine().flush(id, now()); !begun.ok()) return begun.error();
    if (!run_until_idle(id, 3600'000)) return Error{Domain::kEngine, 999, 0};
    return error(id);
  }
  struct Mail {
    std::string id, folder, subject;
  };
  std::vector<Mail> mails(const std::string& email, const std::string& subject) {
    std::vector<Mail> found;
    for (const auto& [server_id, mail] : server_mails(server(), email))
      if (mail.subject == subject) found.push_back({server_id, mail.folder, mail.subject});
    return found;
  }
  std::size_t arrived(const std::string& subject) { return mails(kOther, subject).size(); }
  /// How often the server sent what had this ClientId, or below 14.0 this Message-ID: the most of any.
  int sent_most() {
    std::unique_ptr<cJSON, decltype(&cJSON_Delete)> stats(cJSON_Parse(server().stats().c_str()), cJSON_Delete);
    int most = 0;
    const cJSON* entry = nullptr;
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(stats.get(), "sent")) most =
        std::max(most, entry->valueint);
    return most;
  }
  AccountId id{};
};

}  // namespace

TEST_GROUP(Outbox){};

TEST(Outbox, AMessageArrivesWithAllThatIsInIt) {
  for (const char* version : kVersions) {
    Post world(version);
    MessageHead head;
    head.to = "Bob Büchner <bob@example.test>";
    head.cc = kEmail;
    head.subject = "Grüße aus Köln";
    head.important = true;
    std::string file(100'000, 'x');
    for (std::size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * 7);
    CHECK_TEXT(world.write(head, "Hällo\nWorld\n", "<p>Hällo</p>", file, "Größe (1).bin").ok(), version);
    LONGS_EQUAL(1, world.queue(world.id).size());
    STRCMP_EQUAL("send", world.queue(world.id)[0].what.c_str());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    CHECK(world.queue(world.id).empty());
    LONGS_EQUAL_TEXT(1, world.arrived("Grüße aus Köln"), version);
    // In Sent, and in the Inbox as a copy.
    LONGS_EQUAL(2, world.mails(kEmail, "Grüße aus Köln").size());
    STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), version);
    bool seen = false;
    world.for_each_item(world.id, "Sent Items", [&](const ItemRow& row) {
      seen = true;
      LONGS_EQUAL(1, row.attachments);
      LONGS_EQUAL(2, row.importance);
    });
    CHECK(seen);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(Outbox, RepliesAndForwardsNameTheirOriginal) {
  for (const char* version : kVersions) {
    Post world(version);
    const ItemId item = world.item(world.id);
    MessageHead reply;
    reply.verb = MessageHead::Verb::kReply;
    reply.source = item;
    reply.to = kOther;
    reply.subject = "Re: it";
    CHECK(world.write(reply).ok());
    reply.verb = MessageHead::Verb::kForward;
    reply.subject = "Fwd: it";
    CHECK(world.write(reply).ok());
    STRCMP_EQUAL("reply", world.queue(world.id)[0].what.c_str());
    STRCMP_EQUAL("forward", world.queue(world.id)[1].what.c_str());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL(1, world.arrived("Re: it"));
    LONGS_EQUAL(1, world.arrived("Fwd: it"));
    LONGS_EQUAL(1, world.requests("SmartReply"));
    std::uint8_t state = 0;
    world.for_each_item(world.id, "Inbox", [&](const ItemRow& row) {
      if (row.id == item) state = row.reply_state;
    });
    if (has_client_id(version)) LONGS_EQUAL_TEXT(3, state, version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    reply.source = ItemId{999};
    LONGS_EQUAL(replica::kNoSuchItem, world.write(reply).error().code);
  }
}

TEST(Outbox, AReplyWhoseOriginalHasGoneIsParked) {
  Post world;
  MessageHead reply;
  reply.verb = MessageHead::Verb::kReply;
  reply.source = world.item(world.id);
  reply.to = kOther;
  reply.subject = "Re: it";
  CHECK(world.write(reply).ok());
  world.server().remove(kEmail, 3);
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.queue(world.id).size());
  CHECK(world.queue(world.id)[0].parked);
  LONGS_EQUAL(150, protocol::eas_status(world.queue(world.id)[0].last));
  LONGS_EQUAL(0, world.arrived("Re: it"));
  CHECK(world.changes().drop(ChangeId{world.queue(world.id)[0].id}).ok());
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(Outbox, FlushSendsWithoutFetchingAndPushSendsAtOnce) {
  Post world;
  CHECK(world.write("One").ok());
  const std::uint64_t before = world.now_ms();
  LONGS_EQUAL(0, world.flush().code);
  LONGS_EQUAL(1, world.arrived("One"));
  LONGS_EQUAL(0, world.requests_since(before + 1, "FolderSync"));
  CHECK(world.start_push(world.id));
  CHECK(world.write("Two").ok());
  CHECK(world.run_until([&] { return world.arrived("Two") == 1; }, 10'000));
}

TEST(Outbox, WithoutANetworkItWaitsAndGoesOnceThereIsOne) {
  for (const char* version : {"12.1", "16.1"}) {
    Post world(version);
    world.online = false;
    CHECK(world.write("Later").ok());
    CHECK(failed(world.flush()));
    LONGS_EQUAL(1, world.queue(world.id).size());
    CHECK_FALSE(world.queue(world.id)[0].parked);
    world.restart();
    CHECK(failed(world.flush()));
    world.online = true;
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(1, world.arrived("Later"));
    CHECK(world.queue(world.id).empty());
  }
}

TEST(Outbox, WithAClientIdALostAnswerSendsOnce) {
  for (const char* version : {"14.0", "14.1", "16.1"}) {
    for (const char* what :
         {"lose-answer", "cut:0", "cut:3", "http:503", "http:500", "html", "garbage", "status:111"}) {
      Post world(version);
      for (const char* command : {"SendMail", "SmartReply", "SmartForward"})
        world.server().fault(std::string(command) + "@1:" + what);
      MessageHead head;
      head.to = kOther;
      for (auto [verb, subject] : {std::pair(MessageHead::Verb::kSend, "S"), std::pair(MessageHead::Verb::kReply, "R"),
                                   std::pair(MessageHead::Verb::kForward, "F")}) {
        head.verb = verb;
        head.source = verb == MessageHead::Verb::kSend ? ItemId{} : world.item(world.id);
        head.subject = subject;
        CHECK(world.write(head).ok());
      }
      for (int i = 0; i < 4 && !world.queue(world.id).empty(); ++i) (void)world.sync(world.id);
      for (const char* subject : {"S", "R", "F"}) LONGS_EQUAL_TEXT(1, world.arrived(subject), what);
      LONGS_EQUAL(1, world.sent_most());
      CHECK(world.queue(world.id).empty());
    }
  }
}

// Half of them after the server has accepted, half at a random byte of request or answer.
TEST(Outbox, AThousandLostAnswers) {
  for (const char* version : {"14.1", "12.1"}) {
    Post world(version);
    std::uint32_t seed = 7;
    const auto random = [&](std::uint32_t below) {
      seed = seed * 1'664'525u + 1'013'904'223u;
      return (seed >> 8) % below;
    };
    std::size_t lost = 0;
    bool cut_request = false, lose_answer = false;
    const auto is_message = [](const Sent& sent) {
      return sent.label == "SendMail" || sent.label == "SmartReply" || sent.label == "SmartForward";
    };
    world.on_request = [&](const Sent& sent) {
      cut_request = lose_answer = false;
      if (!is_message(sent) || random(10) == 0) return;
      ++lost;
      (random(2) == 0 ? lose_answer : cut_request) = true;
    };
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      if (!is_message(sent) || !cut_request) return std::nullopt;
      exchange::HttpResponse never;
      never.transport.lose = true;
      return never;
    };
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
      if (is_message(sent) && lose_answer) answer.transport.lose = true;
    };
    int number = 0;
    std::size_t asked = 0;
    while (lost < 1000) {
      MessageHead head;
      head.to = kOther;
      const std::string subject = "N" + std::to_string(++number);
      head.subject = subject;
      head.verb = static_cast<MessageHead::Verb>(number % 3);
      if (number % 3 != 0) head.source = world.item(world.id);
      CHECK(world.write(head).ok());
      for (int i = 0; i < 40; ++i) {
        const auto queue = world.queue(world.id);
        if (queue.empty()) break;
        for (const auto& change : queue) {
          if (!change.parked) continue;  // lost ten times in a row
          asked += change.last.code == static_cast<int>(EngineFault::kUnknownIfSent);
          CHECK(world.changes().retry(ChangeId{change.id}).ok());
        }
        (void)world.sync(world.id);
      }
      CHECK(world.queue(world.id).empty());
    }
    world.on_request = nullptr;
    world.instead = nullptr;
    world.on_answer = nullptr;
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(1, world.sent_most());
    for (int n = 1; n <= number; ++n) LONGS_EQUAL(1, world.arrived("N" + std::to_string(n)));
    if (has_client_id(version)) LONGS_EQUAL(0, asked);
  }
}

TEST(Outbox, BelowALostAnswerIsFoundAmongTheSentMails) {
  for (const char* version : {"12.0", "12.1"}) {
    Post world(version);
    CHECK(world.write("Same").ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    // Another mail of the same subject is there already: it must not be taken for this one.
    world.server().fault("SendMail:lose-answer");
    CHECK(world.write("Same").ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL(2, world.arrived("Same"));
    CHECK(world.queue(world.id).empty());
    LONGS_EQUAL(2, world.requests("SendMail"));
  }
}

TEST(Outbox, BelowWhatMayHaveBeenSentIsParkedUntilAPersonSaysAgain) {
  Post world("12.1");
  CHECK(world.write("Same").ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  world.on_answer = [](const Sent& sent, exchange::HttpResponse& answer) {
    if (sent.label == "SendMail") answer.transport.lose = true;
  };
  world.instead = [](const Sent& sent) -> std::optional<exchange::HttpResponse> {  // it never arrives
    if (sent.label != "SendMail") return std::nullopt;
    return exchange::HttpResponse{};
  };
  CHECK(world.write("Same").ok());
  (void)world.sync(world.id);
  LONGS_EQUAL(1, world.arrived("Same"));
  auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(static_cast<int>(EngineFault::kUnknownIfSent), queue[0].last.code);
  world.on_answer = nullptr;
  world.instead = nullptr;
  for (int i = 0; i < 3; ++i) LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(2, world.requests("SendMail"));
  CHECK(world.changes().retry(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(2, world.arrived("Same"));
  CHECK(world.queue(world.id).empty());
}

TEST(Outbox, BelowRetryLooksAgainBeforeItSends) {
  Post world("12.1");
  // The Sent folder is not kept here: nobody can tell.
  const FolderId sent = world.folder_id(world.id, "Sent Items");
  CHECK(world.changes().select(sent, false).ok());
  world.server().fault("SendMail@1:lose-answer");
  CHECK(world.write("Perhaps").ok());
  (void)world.sync(world.id);
  auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  CHECK(world.changes().select(sent, true).ok());
  CHECK(world.changes().retry(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.arrived("Perhaps"));
  CHECK(world.queue(world.id).empty());
}

TEST(Outbox, APowerCutSendsOnceOrAsks) {
  for (const char* version : {"12.1", "14.0", "16.1"}) {
    for (int cut = 0; cut < 8; ++cut) {
      for (bool served : {false, true}) {
        Post world(version);
        CHECK(world.write(MessageHead{.to = kOther, .subject = "Power"}, "Text\n", {}, std::string(40'000, 'f')).ok());
        int seen = 0;
        auto act = [&](const Sent&) {
          if (seen++ == cut) world.power_off();
        };
        if (served) {
          world.on_served = act;
        } else {
          world.on_request = act;
        }
        (void)world.sync(world.id);
        world.on_served = world.on_request = nullptr;
        if (world.off()) world.power_on();
        for (int i = 0; i < 2; ++i) LONGS_EQUAL(0, world.sync(world.id).code);
        auto queue = world.queue(world.id);
        LONGS_EQUAL(1, world.sent_most() + static_cast<int>(queue.size()));
        if (has_client_id(version)) CHECK(queue.empty());
        if (!queue.empty()) CHECK(queue[0].parked);
        CHECK(world.engine().integrity(world.id).ok());
      }
    }
  }
}

TEST(Outbox, AnUnfinishedMessageLeavesNothingBehind) {
  Post world;
  MessageHead head;
  head.to = kOther;
  CHECK(world.changes().compose(head).ok());
  CHECK(world.changes().part({MessagePart::Kind::kAttachment, "x", {}}).ok());
  CHECK(world.changes().data(bytes_of(std::string(50'000, 'x'))).ok());
  world.power_off();
  world.power_on();
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.engine().integrity(world.id).ok());
  LONGS_EQUAL(static_cast<int>(EngineFault::kNothingComposed), world.changes().send().error().code);
  CHECK(world.queue(world.id).empty());
}

TEST(Outbox, WhatCannotStandInAMessageIsRefusedWhenItIsWritten) {
  Post world;
  MessageHead head;
  head.to = "nobody";
  LONGS_EQUAL(static_cast<int>(items::MimeFault::kBadAddress), world.write(head).error().code);
  head.to = "";
  LONGS_EQUAL(static_cast<int>(items::MimeFault::kNoRecipient), world.write(head).error().code);
  head.to = kOther;
  head.subject = "a\r\nBcc: x@example.test";
  LONGS_EQUAL(static_cast<int>(items::MimeFault::kControlCharacter), world.write(head).error().code);
  head.subject = "ok";
  LONGS_EQUAL(static_cast<int>(items::MimeFault::kNotUtf8), world.write(head, "a\xFF").error().code);
  LONGS_EQUAL(static_cast<int>(items::MimeFault::kNotUtf8), world.write(head, "cut \xC3").error().code);
  CHECK(world.changes().compose(head).ok());
  CHECK(world.changes().part({MessagePart::Kind::kHtml, {}, {}}).ok());
  LONGS_EQUAL(static_cast<int>(items::MimeFault::kWrongOrder),
              world.changes().part({MessagePart::Kind::kText, {}, {}}).error().code);
  world.changes().discard();
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(0, world.requests("SendMail"));
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(Outbox, ATooLargeMessageIsParkedAndTheNextOneRefusedBeforeItIsSent) {
  for (const char* fault : {"SendMail@1:http:413", "SendMail@1:status:122"}) {
    Post world;
    world.server().fault(fault);
    MessageHead head;
    head.to = kOther;
    head.subject = "Large";
    CHECK(world.write(head, "x", {}, std::string(200'000, 'x')).ok());
    CHECK(world.write("Small").ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(1, world.arrived("Small"));
    auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(queue[0].parked);
    LONGS_EQUAL(static_cast<int>(EngineFault::kMessageTooLarge),
                world.write(head, "x", {}, std::string(300'000, 'x')).error().code);
    CHECK(world.write(head, "x", {}, std::string(100'000, 'x')).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(1, world.arrived("Large"));
    CHECK(world.changes().retry(ChangeId{queue[0].id}).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(2, world.arrived("Large"));
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(Outbox, ASmallMessageThatIsCalledTooLargeTeachesNothing) {
  for (const char* fault : {"SendMail@1:http:413", "SendMail@1:status:122"}) {
    Post world;
    world.server().fault(fault);
    CHECK(world.write("One").ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    const auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(queue[0].parked);
    CHECK(world.write("Two").ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(1, world.arrived("Two"));
  }
}

TEST(Outbox, WhoDropsATooLargeMessageMayTryAnother) {
  Post world;
  world.server().fault("SendMail@1:http:413");
  MessageHead head;
  head.to = kOther;
  head.subject = "Large";
  CHECK(world.write(head, "x", {}, std::string(200'000, 'x')).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  const auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(world.changes().drop(ChangeId{queue[0].id}).ok());
  CHECK(world.write(head, "x", {}, std::string(300'000, 'x')).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.arrived("Large"));
}

TEST(Outbox, AServerThatRefusesForEverIsAskedThreeTimes) {
  Post world;
  world.server().fault("SendMail:status:120");
  CHECK(world.write("Never").ok());
  for (int i = 0; i < 5; ++i) (void)world.sync(world.id);
  auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(3, world.requests("SendMail"));
  LONGS_EQUAL(120, protocol::eas_status(queue[0].last));
}

TEST(Outbox, BccIsDeliveredAndNotShown) {
  Post world;
  MessageHead head;
  head.to = kEmail;
  head.bcc = kOther;
  head.subject = "Blind";
  CHECK(world.write(head).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.arrived("Blind"));
}

TEST(Outbox, ALargeMessageNeedsLittleMemory) {
  Post world;
  MessageHead head;
  head.to = kOther;
  head.subject = "25 MB";
  CHECK(world.write(head, "x", {}, std::string(25u << 20, 'y')).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.arrived("25 MB"));
  for (const Sent& sent : world.sent)
    if (sent.label == "SendMail") CHECK(sent.body.size() > (34u << 20));
  CHECK(world.engine().integrity(world.id).ok());
}

namespace {

exchange::Policy asking(const char* name, const char* value) { return {{name, value, {}}}; }

}  // namespace

TEST(Outbox, APolicyAgainstHtmlKeepsHtmlInAndLetsTextOut) {
  Post world;
  MessageHead head;
  head.to = kOther;
  head.subject = "Coloured";
  CHECK(world.write(head, "plain\n", "<b>bold</b>").ok());  // before the policy
  CHECK(world.write("Plain").ok());
  world.server().policy(kEmail, asking("AllowHTMLEmail", "0"));
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(0, world.arrived("Coloured"));
  LONGS_EQUAL(1, world.arrived("Plain"));
  auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  CHECK(queue[0].last == policy::fault(policy::Fault::kNoHtml));
  head.subject = "Again";
  CHECK(world.write(head, "plain\n", "<b>bold</b>").error() == policy::fault(policy::Fault::kNoHtml));
  world.changes().discard();
  CHECK(world.write(head, "plain\n").ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.arrived("Again"));
  // Allowed again: what was kept in goes when a person says so.
  world.server().policy(kEmail, mild_policy());
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.changes().retry(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.arrived("Coloured"));
}

TEST(Outbox, NothingLeavesUnsignedOrOpenWhereThePolicyWantsSmime) {
  for (const char* setting : {"RequireSignedSMIMEMessages", "RequireEncryptedSMIMEMessages"}) {
    Post world;
    CHECK(world.write("Waits").ok());
    CHECK(world.write("Waits too").ok());
    world.server().policy(kEmail, asking(setting, "1"));
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(0, world.requests("SendMail"));
    LONGS_EQUAL(2, world.queue(world.id).size());
    for (const auto& each : world.queue(world.id)) {
      CHECK(each.parked);
      CHECK(each.last == policy::fault(policy::Fault::kWantsSmime));
    }
    CHECK(world.write("Refused").error() == policy::fault(policy::Fault::kWantsSmime));
    CHECK(world.engine().integrity(world.id).ok());
  }
}
