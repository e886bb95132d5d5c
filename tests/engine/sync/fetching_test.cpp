/// Files from the server: whole whatever is lost on the way, never twice the same bytes where Range is known, and never
/// into a sink that has gone.
#include <algorithm>
#include <string>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/text.h"
#include "policy/fault.h"
#include "protocol/command.h"
#include "replica/store.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";

struct Sink final : FileSink {
  void expect(std::uint64_t bytes, bool is_exact) override {
    total = bytes;
    exact = is_exact;
  }
  Status write(Bytes piece) override {
    if (content.size() + piece.size() > room) return Error{Domain::kHal, 7, 0};
    content += std::string(text_of(piece));
    return Done{};
  }
  Status restart() override {
    content.clear();
    ++restarts;
    return Done{};
  }
  void end(Error outcome) override {
    error = outcome;
    ++ends;
  }
  std::string content;
  std::size_t room = SIZE_MAX;
  std::uint64_t total = 0;
  bool exact = false;
  int restarts = 0, ends = 0;
  Error error{};
};

std::string some_bytes(std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return bytes;
}

struct Desk : World {
  explicit Desk(std::size_t bytes, const char* version = "16.1") : World(options(version)), file(some_bytes(bytes)) {
    piece_bytes = 16'000;
    id = add(kEmail);
    Changes& to = engine().changes(id);
    MessageHead head;
    head.to = kEmail;
    head.subject = "Files";
    CHECK(to.compose(head).ok() && to.part({MessagePart::Kind::kAttachment, "a.bin", {}}).ok());
    for (std::size_t at = 0; at < bytes; at += 60'000) CHECK(to.data(bytes_of(Text(file).substr(at, 60'000))).ok());
    CHECK(to.send().ok());
    LONGS_EQUAL(0, sync(id).code);
    LONGS_EQUAL(0, sync(id).code);
    auto reader = engine().reader(id);
    CHECK(reader.ok());
    auto list = reader.value()->list({});
    ItemRow row;
    while (list.ok() && list.value()->step(row).value())
      if (row.subject == "Files" && !row.read) item = row.id;
    AttachmentRow about;
    std::byte room[64];
    CHECK(read_attachment(*reader.value(), item, 1, about, room).value());
    STRCMP_EQUAL("a.bin", std::string(about.name).c_str());
    LONGS_EQUAL(bytes, about.bytes);
    CHECK_FALSE(read_attachment(*reader.value(), item, 2, about, room).value());
    reader.value()->close();
  }
  static exchange::Options options(const char* version) {
    exchange::Options options;
    options.users = {{kEmail, "demo"}};
    options.versions = {version};
    options.mails = 2;
    options.body_bytes = 300;
    options.policy = std::nullopt;
    options.request_bytes_max = 64u << 20;
    return options;
  }
  Error begin(Sink& sink, std::uint16_t attachment = 1) {
    idle[id] = 0;
    return engine().fetch_file(id, {item, attachment, sink.content.size(), &sink}, now()).error();
  }
  Error fetch(Sink& sink, std::uint16_t attachment = 1) {
    if (const Error refused = begin(sink, attachment)) return refused;
    CHECK(run_until_idle(id, 3600'000));
    LONGS_EQUAL(1, sink.ends);
    return sink.error;
  }
  std::string file;
  AccountId id{};
  ItemId item{};
};

}  // namespace

TEST_GROUP(Fetching){};

TEST(Fetching, ALargeOneComesByRange) {
  Desk world((9u << 20) + 5);
  Sink sink;
  LONGS_EQUAL(0, world.fetch(sink).code);
  CHECK(sink.content == world.file);
  LONGS_EQUAL(world.file.size(), sink.total);
  CHECK(sink.exact);
  LONGS_EQUAL(3, world.requests("ItemOperations"));
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Fetching, WhateverIsLost) {
  Desk world((4u << 20) + 700'000, "14.1");
  for (const char* fault : {"ItemOperations@1:cut:1000", "ItemOperations@1:cut:3000000", "ItemOperations@2:cut:100000",
                            "ItemOperations@1:lose-answer", "ItemOperations@2:http:500", "ItemOperations@1:garbage",
                            "ItemOperations@1:html", "ItemOperations@1:http:451", "ItemOperations%30:cut:600000"}) {
    for (const char* more : {"", "ItemOperations:no-range", "ItemOperations:no-multipart"}) {
      world.server().fault(fault);
      if (*more) world.server().fault(more);
      Sink sink;
      LONGS_EQUAL_TEXT(0, world.fetch(sink).code, (std::string(fault) + " " + more).c_str());
      CHECK_TEXT(sink.content == world.file, fault);
      LONGS_EQUAL(0, sink.restarts);
      world.server().faults_off();
    }
  }
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Fetching, WhatIsHereIsNotAskedForAgain) {
  Desk world(600'000);
  for (const char* fault : {"", "ItemOperations:no-range", "ItemOperations:no-multipart"}) {
    if (*fault) world.server().fault(fault);
    for (const std::size_t here : {std::size_t{1}, std::size_t{300'000}, world.file.size() - 1, world.file.size()}) {
      Sink sink;
      sink.content = world.file.substr(0, here);
      const std::uint64_t before = world.view(world.id).bytes_in;
      LONGS_EQUAL(0, world.fetch(sink).code);
      CHECK(sink.content == world.file);
      const std::uint64_t came = world.view(world.id).bytes_in - before;
      if (!*fault && here < world.file.size()) CHECK(came < world.file.size() - here + 2000);
      LONGS_EQUAL(0, sink.restarts);
    }
    world.server().faults_off();
  }
  // More is here than the file has: these are the remains of another.
  Sink other;
  other.content = world.file + "more";
  LONGS_EQUAL(0, world.fetch(other).code);
  LONGS_EQUAL(1, other.restarts);
  CHECK(other.content == world.file);
}

TEST(Fetching, AServerThatServesSmallerRangesThanAskedFor) {
  Desk world(5u << 20);
  int answers = 0;
  world.instead = [&](const Sent& one) -> std::optional<exchange::HttpResponse> {
    if (one.label != "ItemOperations") return std::nullopt;
    namespace io = wbxml::item_operations;
    const exchange::Node request = exchange::parse_wbxml(one.body);
    const exchange::Node* options = request.children[0].find(io::kOptions);
    const std::size_t first = options ? std::stoul(std::string(options->value(io::kRange))) : 0;
    const std::string bytes = world.file.substr(first, 1'000'000);
    ++answers;
    exchange::Node answer(io::kItemOperations);
    answer.add(io::kStatus, 1);
    exchange::Node& properties = answer.add(io::kResponse).add(io::kFetch).add(io::kProperties);
    properties.add(io::kRange, std::to_string(first) + "-" + std::to_string(first + bytes.size() - 1));
    properties.add(io::kTotal, static_cast<std::int64_t>(world.file.size()));
    properties.add(io::kData, exchange::to_base64(bytes));
    return document(answer);
  };
  Sink sink;
  LONGS_EQUAL(0, world.fetch(sink).code);
  CHECK(sink.content == world.file);
  LONGS_EQUAL(6, answers);
}

TEST(Fetching, GetAttachmentWhereThereIsNothingElse) {
  for (const char* version : {"2.5", "12.1"}) {
    Desk world(500'000, version);
    world.server().fault("ItemOperations:http:501");
    world.server().fault("GetAttachment@1:cut:200000");
    Sink sink;
    LONGS_EQUAL_TEXT(0, world.fetch(sink).code, version);
    CHECK_TEXT(sink.content == world.file, version);
    LONGS_EQUAL_TEXT(2, world.requests("GetAttachment"), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
  // 2.5 has no way to ask for a mail as it travelled.
  Desk world(10'000, "2.5");
  Sink sink;
  CHECK(world.begin(sink, 0) == engine_fault(EngineFault::kNotInVersion));
  LONGS_EQUAL(0, world.requests("ItemOperations"));
}

TEST(Fetching, WhatCannotBeEndsAtOnceAndStopsNothing) {
  Desk world(50'000);
  Sink sink;
  CHECK(world.begin(sink, 2) == (Error{Domain::kSqlite, replica::kNoSuchAttachment, 2}));
  LONGS_EQUAL(0, sink.ends);
  world.server().fault("ItemOperations@1:status:15");
  CHECK(world.fetch(sink) == protocol::eas_error(protocol::Command::kItemOperations, 15));
  CHECK_FALSE(failed(world.error(world.id)));
  world.server().faults_off();
  Sink full;
  full.room = 20'000;
  CHECK(world.fetch(full) == (Error{Domain::kHal, 7, 0}));
  Sink again;
  LONGS_EQUAL(0, world.fetch(again).code);
  CHECK(again.content == world.file);
  LONGS_EQUAL(0, world.sync(world.id).code);
}

TEST(Fetching, TheSinkIsLetGoWhateverEndsIt) {
  Desk world(9u << 20);
  world.server().fault("ItemOperations@2:delay:600000");
  {
    Sink sink;
    CHECK_FALSE(failed(world.begin(sink)));
    Sink second;
    CHECK(world.begin(second) == engine_fault(EngineFault::kBusy));
    world.run_for(1000);
    LONGS_EQUAL(0, sink.ends);
    CHECK(sink.content.size() >= 4u << 20);
    world.engine().abandon(world.id, world.now());
    LONGS_EQUAL(1, sink.ends);
    CHECK(sink.error == engine_fault(EngineFault::kDropped));
    world.run_for(700'000);
    LONGS_EQUAL(1, sink.ends);
  }
  world.server().faults_off();
  world.server().fault("ItemOperations@2:delay:600000");
  Sink sink;
  CHECK_FALSE(failed(world.begin(sink)));
  world.run_for(1000);
  world.remove(world.id);
  LONGS_EQUAL(1, sink.ends);
}

TEST(Fetching, ABrokenNetworkKeepsWhatCame) {
  Desk world(9u << 20);
  world.server().fault("ItemOperations%100:cut:20000");
  Sink sink;
  CHECK(failed(world.fetch(sink)));
  CHECK(!sink.content.empty() && world.file.starts_with(sink.content));
  world.server().faults_off();
  sink.ends = 0;
  LONGS_EQUAL(0, world.fetch(sink).code);
  CHECK(sink.content == world.file);
}

TEST(Fetching, AMailAsItTravelled) {
  for (const char* version : {"12.0", "16.1"}) {
    Desk world(200'000, version);
    Sink sink, inlined;
    LONGS_EQUAL(0, world.fetch(sink, 0).code);
    CHECK(sink.content.find("Subject: Files\r\n") != std::string::npos);
    world.server().fault("ItemOperations@1:cut:100000");
    world.server().fault("ItemOperations:no-multipart");
    LONGS_EQUAL(0, world.fetch(inlined, 0).code);
    CHECK(inlined.content == sink.content);
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(Fetching, ThePolicyHasTheLastWord) {
  Desk world(50'000);
  world.server().policy(kEmail,
                        exchange::Policy{{"DevicePasswordEnabled", "0", {}}, {"MaxAttachmentSize", "20000", {}}});
  LONGS_EQUAL(0, world.sync(world.id).code);
  Sink sink;
  LONGS_EQUAL(static_cast<int>(policy::Fault::kAttachmentTooLarge), world.begin(sink).code);
  LONGS_EQUAL(static_cast<int>(policy::Fault::kAttachmentTooLarge), world.begin(sink, 0).code);
  world.server().policy(kEmail, exchange::Policy{{"DevicePasswordEnabled", "0", {}}, {"AttachmentsEnabled", "0", {}}});
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(static_cast<int>(policy::Fault::kNoAttachments), world.begin(sink).code);
  LONGS_EQUAL(static_cast<int>(policy::Fault::kNoAttachments), world.begin(sink, 0).code);
  world.server().policy(kEmail, exchange::Policy{{"DevicePasswordEnabled", "0", {}}, {"AllowHTMLEmail", "0", {}}});
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(static_cast<int>(policy::Fault::kNoHtml), world.begin(sink, 0).code);
  LONGS_EQUAL(0, sink.ends);
}
