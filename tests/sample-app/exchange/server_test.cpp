#include <stdexcept>
#include <string>

#include "exchange/console.h"
#include "exchange/json.h"
#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;

namespace {

HttpRequest autodiscover_request(const std::string& email, const std::string& login) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/AutoDiscover/AutoDiscover.xml";
  request.headers = {{"Authorization", "Basic " + exchange::to_base64(login + ":secret")},
                     {"Content-Type", "text/xml; charset=utf-8"}};
  request.body =
      "<?xml version=\"1.0\"?><Autodiscover "
      "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006\"><Request>"
      "<EMailAddress>" +
      email +
      "</EMailAddress><AcceptableResponseSchema>"
      "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006</AcceptableResponseSchema></"
      "Request></Autodiscover>";
  return request;
}

}  // namespace

TEST_GROUP(ExchangeServer) {
  exchange::Options options = options_with(12);
  exchange::Server server{options};
  Phone phone{server};
};

TEST(ExchangeServer, OptionsNamesVersionsAndCommands) {
  HttpRequest request = phone.request("Sync", "");
  request.method = "OPTIONS";
  request.target = "/Microsoft-Server-ActiveSync";
  request.headers.pop_back();  // the policy key
  const HttpResponse response = phone.send(request).value();
  CHECK_EQUAL(std::string("12.1,14.0,14.1,16.0,16.1"), *response.header("ms-asprotocolversions"));
  CHECK(response.header("MS-ASProtocolCommands")->find("Provision") != std::string::npos);
}

TEST(ExchangeServer, RefusesWrongCredentialsAndUnknownPlaces) {
  phone.password = "wrong";
  LONGS_EQUAL(401, phone.http("FolderSync", "x").status);
  HttpRequest request = phone.request("Sync", "");
  request.target = "/owa";
  LONGS_EQUAL(404, phone.send(request)->status);
}

TEST(ExchangeServer, TheBinaryQueryMeansTheSame) {
  phone.provision();
  HttpRequest request = phone.request("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")})));
  std::string query("\x8D\x09\x09\x04\x06phone1\x04", 12);
  const auto key = static_cast<std::uint32_t>(exchange::parse_number(phone.policy_key).value());
  for (int shift = 0; shift < 32; shift += 8) query += static_cast<char>(key >> shift & 0xFF);
  query += std::string("\x04Test", 5);
  request.target = "/Microsoft-Server-ActiveSync?" + exchange::to_base64(query);
  std::erase_if(request.headers,
                [](const auto& header) { return header.first.starts_with("X-MS") || header.first.starts_with("MS-"); });
  const HttpResponse response = phone.send(request).value();
  LONGS_EQUAL(200, response.status);
  CHECK_EQUAL(std::string("1"), phone.status_of(exchange::parse_wbxml(response.body)));
  LONGS_EQUAL(0, server.violations().size());
}

TEST(ExchangeServer, FolderSyncRepeatsItsAnswerAndForgetsNothing) {
  phone.provision();
  const Node tree = phone.folder_sync();
  CHECK_EQUAL(std::string("12"), std::string(tree.find(fh::kChanges)->value(fh::kCount)));
  const std::string first_key = phone.folder_key;
  CHECK_EQUAL(std::string("0"), std::string(phone.folder_sync(first_key).find(fh::kChanges)->value(fh::kCount)));
  const Node created =
      phone.run("FolderCreate", n(fh::kFolderCreate, {n(fh::kSyncKey, first_key), n(fh::kParentId, "0"),
                                                      n(fh::kDisplayName, "New"), n(fh::kType, "12")}));
  CHECK_EQUAL(std::string("1"), phone.status_of(created));
  CHECK_EQUAL(std::string("9"), phone.status_of(phone.folder_sync("4711")));
  Phone other(server, "14.1", "phone2");
  other.provision();
  CHECK_EQUAL(std::string("13"), std::string(other.folder_sync().find(fh::kChanges)->value(fh::kCount)));
}

TEST(ExchangeServer, RecipientsAreListedFrom14OnAndChangedByNobody) {
  phone.provision();
  Node tree = phone.folder_sync();
  const auto lists = [](const Node& answer) {
    std::size_t found = 0;
    for (const Node& child : answer.find(fh::kChanges)->children) {
      if (child.value(fh::kType) == "19" && child.value(fh::kServerId) == "RI") ++found;
    }
    return found;
  };
  LONGS_EQUAL(1, lists(tree));
  LONGS_EQUAL(0, server.violations().size());
  const Node emptied =
      phone.run("ItemOperations",
                n(io::kItemOperations, {n(io::kEmptyFolderContents, {n(wbxml::air_sync::kCollectionId, "RI")})}));
  CHECK_EQUAL(std::string("6"), std::string(emptied.find(io::kResponse)->children[0].value(io::kStatus)));
  const Node deleted =
      phone.run("FolderDelete", n(fh::kFolderDelete, {n(fh::kSyncKey, phone.folder_key), n(fh::kServerId, "RI")}));
  CHECK_EQUAL(std::string("3"), phone.status_of(deleted));
  LONGS_EQUAL(1, server.violations().size());
  Phone old(server, "12.1", "phone3");
  old.provision();
  LONGS_EQUAL(0, lists(old.folder_sync()));
}

TEST(ExchangeServer, ContentTypeAndShapeAreChecked) {
  phone.provision();
  HttpRequest request = phone.request("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")})));
  request.headers.back().second = "text/plain";
  CHECK_EQUAL(std::string("101"), phone.status_of(exchange::parse_wbxml(phone.send(request)->body)));
  CHECK_EQUAL(std::string("102"), phone.status_of(exchange::parse_wbxml(phone.http("FolderSync", "nonsense").body)));
  CHECK_EQUAL(std::string("103"), phone.status_of(phone.run("FolderSync", n(pg::kPing))));
  CHECK_EQUAL(std::string("10"), phone.status_of(phone.run("FolderSync", n(fh::kFolderSync))));
  LONGS_EQUAL(4, server.violations().size());
}

TEST(ExchangeServer, AnotherVersionStartsAnew) {
  phone.ready();
  Phone same_device(server, "16.1");
  same_device.policy_key = phone.policy_key;
  CHECK_EQUAL(std::string("3"), std::string(same_device.sync(Phone::collection(phone.key, kInbox)).value(as::kStatus)));
}

TEST(ExchangeServer, UserAgentAndCookiesStayWhatTheyWere) {
  phone.ready();
  phone.agent = "phone/2";
  phone.folder_sync();
  CHECK(complains(server, "changes its User-Agent"));
  Phone modern(server, "16.1", "phone2");
  HttpRequest request = modern.request("Ping", "");
  request.connection = 7;
  const HttpResponse first = modern.send(request).value();
  CHECK(first.header("Set-Cookie") != nullptr);
  modern.send(request);
  CHECK(complains(server, "does not return the cookie"));
  const std::string cookie = first.header("Set-Cookie")->substr(0, first.header("Set-Cookie")->find(';'));
  const std::size_t before = server.violations().size();
  request.headers.emplace_back("Cookie", cookie);
  CHECK(modern.send(request)->header("Set-Cookie") == nullptr);
  LONGS_EQUAL(before, server.violations().size());
}

TEST(ExchangeServer, CompressesWhenAsked) {
  phone.provision();
  HttpRequest request = phone.request("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")})));
  request.headers.emplace_back("Accept-Encoding", "gzip");
  const HttpResponse response = phone.send(request).value();
  CHECK_EQUAL(std::string("gzip"), *response.header("Content-Encoding"));
  CHECK_EQUAL(std::string("1"), phone.status_of(exchange::parse_wbxml(exchange::gunzip(response.body, 100'000))));
}

TEST(ExchangeServer, AutodiscoverAnswersSettingsRedirectsAndErrors) {
  const HttpResponse found = phone.send(autodiscover_request("anna@example.test", "anna@example.test")).value();
  CHECK(found.body.find("<Url>https://localhost/Microsoft-Server-ActiveSync</Url>") != std::string::npos);
  HttpRequest twice = autodiscover_request("anna@example.test", "anna@example.test");
  twice.body.insert(twice.body.find("<Request>"), "<Request></Request>");
  CHECK(phone.send(twice)->body.find("<ErrorCode>600</ErrorCode>") != std::string::npos);
  options.autodiscover_addresses["anna@example.test"] = "ben@example.test";
  options.autodiscover_urls["ben@example.test"] = "https://mail.example.test/autodiscover/autodiscover.xml";
  exchange::Server moved(options);
  Phone other(moved);
  CHECK(other.send(autodiscover_request("anna@example.test", "anna@example.test"))
            ->body.find("<Redirect>ben@example.test</Redirect>") != std::string::npos);
  LONGS_EQUAL(302, other.send(autodiscover_request("ben@example.test", "ben@example.test"))->status);
}

TEST(ExchangeServer, OneSeedOneMailbox) {
  exchange::Server twin(options);
  CHECK_EQUAL(server.contents("anna@example.test"), twin.contents("anna@example.test"));
  options.seed = 2;
  exchange::Server other(options);
  CHECK(server.contents("anna@example.test") != other.contents("anna@example.test"));
  CHECK(server.contents("anna@example.test") != server.contents("ben@example.test"));
}

TEST(ExchangeServer, OneSeedOneHistory) {
  const auto history = [this] {
    exchange::Server one(options);
    Phone client(one);
    client.ready();
    one.edit("anna@example.test", 3);
    one.remove("anna@example.test", 2);
    one.deliver("anna@example.test");
    client.drain();
    return client.key + one.contents("anna@example.test") + one.stats();
  };
  CHECK_EQUAL(history(), history());
}

TEST(ExchangeServer, BodiesHaveTheSizeAskedForAndTheDigestOfWhatIsFetched) {
  options.body_bytes = 32768;
  exchange::Server large(options);
  Phone client(large);
  client.ready();
  namespace io = wbxml::item_operations;
  const auto contents = exchange::Json::parse(large.contents("anna@example.test"));
  const cJSON* const items = cJSON_GetObjectItem(contents.get(), "items");
  LONGS_EQUAL(12, cJSON_GetArraySize(items));
  const cJSON* item = nullptr;
  cJSON_ArrayForEach(item, items) {
    const std::string id = cJSON_GetObjectItem(item, "server_id")->valuestring;
    const Node answer =
        client.run("ItemOperations",
                   n(io::kItemOperations,
                     {n(io::kFetch, {n(io::kStore, "Mailbox"), n(as::kCollectionId, kInbox), n(as::kServerId, id),
                                     n(io::kOptions, {n(asb::kBodyPreference, {n(asb::kType, "2")}),
                                                      n(asb::kBodyPreference, {n(asb::kType, "1")})})})}));
    const Node& body = *answer.find(io::kResponse)->find(io::kFetch)->find(io::kProperties)->find(asb::kBody);
    const std::string text(body.value(asb::kData));
    LONGS_EQUAL(32768, text.size());
    CHECK_EQUAL(exchange::repair_utf8(text), text);
    CHECK_EQUAL(std::string(cJSON_GetObjectItem(item, "digest")->valuestring), exchange::sha256_hex(text));
    CHECK_EQUAL(std::string(body.value(asb::kType) == "2" ? "<html>" : ""),
                text.starts_with("<html>") ? std::string("<html>") : std::string());
  }
}

TEST(ExchangeServer, AttachmentsComeWholeAndInRanges) {
  phone.ready();
  namespace io = wbxml::item_operations;
  std::string reference, size;
  phone.first_sync();
  const Node part = phone.sync(Phone::collection(phone.key, kInbox, {n(as::kGetChanges)}));
  for (const Node& add : part.find(as::kCommands)->children) {
    if (const Node* const attachments = add.find(as::kApplicationData)->find(asb::kAttachments)) {
      reference = attachments->children[0].value(asb::kFileReference);
      size = attachments->children[0].value(asb::kEstimatedDataSize);
    }
  }
  CHECK(!reference.empty());
  const auto fetch = [&](std::initializer_list<Node> more) {
    Node one = n(io::kFetch, {n(io::kStore, "Mailbox"), n(asb::kFileReference, reference)});
    one.children.insert(one.children.end(), more);
    return *phone.run("ItemOperations", n(io::kItemOperations, {one})).find(io::kResponse)->find(io::kFetch);
  };
  const std::string whole = exchange::from_base64(fetch({}).find(io::kProperties)->value(io::kData)).value();
  CHECK_EQUAL(size, std::to_string(whole.size()));
  const Node piece = *fetch({n(io::kOptions, {n(io::kRange, "10-19")})}).find(io::kProperties);
  CHECK_EQUAL(whole.substr(10, 10), exchange::from_base64(piece.value(io::kData)).value());
  CHECK_EQUAL(size, std::string(piece.value(io::kTotal)));
  CHECK_EQUAL(std::string("8"),
              std::string(fetch({n(io::kOptions, {n(io::kRange, "999999-1000000")})}).value(io::kStatus)));
}

TEST(ExchangeServer, AMailIsSentOnceHoweverOftenItIsAsked) {
  namespace cm = wbxml::compose_mail;
  phone.provision();
  Node mail = n(cm::kSendMail, {n(cm::kClientId, "id-1"), n(cm::kSaveInSentItems)});
  mail.add_opaque(cm::kMime,
                  "To: Ben <ben@example.test>\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\nContent-Type: text/plain; "
                  "charset=utf-8\r\n\r\nHello\r\n");
  LONGS_EQUAL(0, phone.http("SendMail", exchange::to_wbxml(mail)).body.size());
  CHECK_EQUAL(std::string("118"), phone.status_of(phone.run("SendMail", mail)));
  CHECK(server.stats().find("\"sent\":{\"id-1\":1}") != std::string::npos);
  CHECK(server.contents("ben@example.test").find("Grüße") != std::string::npos);
  CHECK(server.contents("anna@example.test").find("Grüße") != std::string::npos);
  Phone old(server, "12.1", "phone2");
  old.provision();
  HttpRequest raw = old.request("SendMail", "To: ben@example.test\r\nSubject: raw\r\n\r\nText\r\n");
  raw.headers.back().second = "message/rfc822";
  LONGS_EQUAL(200, old.send(raw)->status);
  CHECK(server.contents("ben@example.test").find("\"raw\"") != std::string::npos);
}

TEST(ExchangeServer, MovesAndEstimates) {
  namespace mv = wbxml::move;
  namespace ge = wbxml::get_item_estimate;
  phone.ready();
  const Node moved = phone.run(
      "MoveItems",
      n(mv::kMoveItems, {n(mv::kMove, {n(mv::kSrcMsgId, "5:1"), n(mv::kSrcFldId, "5"), n(mv::kDstFldId, "11")})}));
  CHECK_EQUAL(std::string("3"), std::string(moved.children[0].value(mv::kStatus)));
  CHECK_EQUAL(std::string("11:1"), std::string(moved.children[0].value(mv::kDstMsgId)));
  server.deliver("anna@example.test");
  const Node estimate = phone.run(
      "GetItemEstimate",
      n(ge::kGetItemEstimate,
        {n(ge::kCollections, {n(ge::kCollection, {n(as::kSyncKey, phone.key), n(ge::kCollectionId, kInbox)})})}));
  CHECK_EQUAL(std::string("2"), std::string(estimate.find(ge::kResponse)->find(ge::kCollection)->value(ge::kEstimate)));
}

TEST(ExchangeServer, ASavedServerGoesOnWhereItWas) {
  phone.ready();
  server.deliver("anna@example.test", "before the stop");
  const std::string saved = server.save();
  exchange::Server next(options);
  next.restore(saved);
  CHECK_EQUAL(server.contents("anna@example.test"), next.contents("anna@example.test"));
  Phone same(next);
  same.key = phone.key;
  same.policy_key = phone.policy_key;
  LONGS_EQUAL(1, same.drain().size());
  CHECK_THROWS(std::invalid_argument, next.restore("{}"));
}

TEST(ExchangeServer, TheConsoleAnswersEveryLine) {
  bool quit = false;
  const auto run = [&](const std::string& line) { return exchange::run_console_line(server, line, quit); };
  CHECK_EQUAL(std::string(R"({"ok":true,"server_id":"5:13"})"), run("deliver anna@example.test Two words"));
  CHECK(run("contents anna@example.test").find("\"Two words\"") != std::string::npos);
  CHECK(run("edit anna@example.test 2").starts_with(R"({"ok":true)"));
  CHECK(run("deliver nobody@example.test").starts_with(R"({"error":)"));
  CHECK(run("wipe anna@example.test").starts_with(R"({"error":)"));
  CHECK(run("dance").starts_with(R"({"error":)"));
  CHECK_EQUAL(std::string(R"({"ok":true})"), run("fault Sync:html"));
  CHECK_EQUAL(std::string(R"({"ok":true})"), run("faults off"));
  CHECK(run("stats").starts_with(R"({"requests":)"));
  CHECK(!quit);
  run("quit");
  CHECK(quit);
}

TEST(ExchangeServer, TracesWithoutSecrets) {
  std::string trace;
  server.set_trace([&](const std::string& text) { trace += text; });
  phone.provision();
  CHECK(trace.find("<MinDevicePasswordLength>4</MinDevicePasswordLength>") != std::string::npos);
  CHECK(trace.find(exchange::to_base64("anna@example.test:secret")) == std::string::npos);
}
