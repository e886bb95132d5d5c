// Answers on their way out: at once, or when a request that waits has something to say.
#include <algorithm>

#include "exchange/gzip.h"
#include "exchange/state.h"
#include "exchange/trace.h"

namespace exchange {
namespace {

constexpr std::string_view kWbxmlType = "application/vnd.ms-sync.wbxml";
constexpr std::size_t kGzipMin = 256;

// Elements that a later protocol might have, in everything that has elements.
void add_unknown(Node& node) {
  constexpr std::uint8_t kNoSuchPage = 40;
  for (Node& child : node.children) {
    if (!child.children.empty()) add_unknown(child);
  }
  if (!node.children.empty())
    node.children.insert(node.children.begin(), Node(wbxml::make_tag(kNoSuchPage, 0x05), "from a later protocol"));
}

// Little-endian: how many parts, then of each where it begins and its length, then the parts.
std::string to_multipart(const std::string& document, const std::vector<std::string>& parts) {
  std::string head, content;
  const auto put = [&head](std::size_t number) {
    for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>(number >> shift & 0xFF);
  };
  put(parts.size() + 1);
  std::size_t at = 4 + 8 * (parts.size() + 1);
  const auto add = [&](const std::string& part) {
    put(at);
    put(part.size());
    at += part.size();
    content += part;
  };
  add(document);
  for (const std::string& part : parts) add(part);
  return head + content;
}

void drop_success(Node& node) {
  std::erase_if(node.children,
                [](const Node& child) { return wbxml::tag_name(child.tag) == "Status" && child.text == "1"; });
  for (Node& child : node.children) drop_success(child);
}

}  // namespace

void State::violation(std::string sentence) {
  constexpr std::size_t kKept = 1000;
  if (violations.size() < kKept) violations.push_back(std::move(sentence));
}

void State::finish(const Call& call, Outcome outcome, const Transport& transport, bool gzip, const Server::Reply& reply,
                   const std::string& set_cookie) {
  HttpResponse response;
  response.transport = transport;
  switch (outcome.kind) {
    case Outcome::Kind::kDocument:
      response.set("Content-Type", std::string(kWbxmlType));
      if (call.unknown_page) add_unknown(outcome.document);
      if (call.no_status) drop_success(outcome.document);
      response.body = to_wbxml(outcome.document);
      break;
    case Outcome::Kind::kMultipart:
      response.set("Content-Type", "application/vnd.ms-sync.multipart");
      if (call.unknown_page) add_unknown(outcome.document);
      if (call.no_status) drop_success(outcome.document);
      response.body = to_multipart(to_wbxml(outcome.document), outcome.parts);
      break;
    case Outcome::Kind::kRaw:
      response.set("Content-Type", outcome.content_type);
      response.body = std::move(outcome.raw);
      break;
    case Outcome::Kind::kHttp:
      response.status = outcome.http;
      break;
    case Outcome::Kind::kEmpty:
    case Outcome::Kind::kWait:
      break;
  }
  if (!set_cookie.empty()) response.set("Set-Cookie", set_cookie + "; Path=/; Secure; HttpOnly");
  const bool folder_key_0 = call.query.command == "FolderSync" && call.document &&
                            call.document->value(wbxml::folder_hierarchy::kSyncKey) == "0";
  if (folder_key_0) {
    response.set("MS-ASProtocolVersions", version_list(options));
    response.set("MS-ASProtocolCommands", command_list());
  }
  if (call.device != nullptr && (folder_key_0 || call.device->server_changed)) {
    response.set("X-MS-RP", version_list(options));
    call.device->server_changed = false;
  }
  send(std::move(response), call.query.command, gzip, reply);
}

void State::send(HttpResponse response, const std::string& label, bool gzip_wanted, const Server::Reply& reply) {
  response.set("MS-Server-ActiveSync", "15.2");
  response.set("Cache-Control", "private");
  if (trace) trace(trace_response(label, response));
  if (options.gzip && gzip_wanted && response.body.size() >= kGzipMin &&
      response.header("Content-Encoding") == nullptr) {
    response.body = gzip(response.body);
    response.set("Content-Encoding", "gzip");
  }
  outbox.emplace_back([reply, answer = std::move(response)]() mutable { reply(std::move(answer)); });
}

void State::flush() {
  while (!outbox.empty()) {
    const auto give = std::move(outbox.front());
    outbox.pop_front();
    give();
  }
}

void State::wake() {
  for (auto entry = waiting.begin(); entry != waiting.end();) {
    const std::uint64_t revision = entry->call.account->mailbox.revision();
    Outcome outcome = Outcome::wait(0);
    if (entry->seen_revision != revision) outcome = entry->resume(entry->call, false);
    entry->seen_revision = revision;
    if (outcome.kind == Outcome::Kind::kWait) {
      ++entry;
      continue;
    }
    finish(entry->call, std::move(outcome), entry->transport, entry->gzip, entry->reply);
    entry = waiting.erase(entry);
  }
}

void State::expire() {
  for (auto entry = waiting.begin(); entry != waiting.end();) {
    if (entry->until_ms > now_ms) {
      ++entry;
      continue;
    }
    Outcome outcome = entry->resume(entry->call, true);
    finish(entry->call, std::move(outcome), entry->transport, entry->gzip, entry->reply);
    entry = waiting.erase(entry);
  }
}

void State::release(Account& account) {
  for (auto entry = waiting.begin(); entry != waiting.end();) {
    if (entry->call.account != &account) {
      ++entry;
      continue;
    }
    // A Ping is told to look at the folders (7), a hanging Sync that there is nothing: the next command with a policy
    // key learns why.
    Outcome outcome = Outcome::empty();
    if (entry->resume == resume_ping) {
      Node answer(wbxml::ping::kPing);
      answer.add(wbxml::ping::kStatus, 7);
      outcome = Outcome::answer(std::move(answer));
    }
    finish(entry->call, std::move(outcome), entry->transport, entry->gzip, entry->reply);
    entry = waiting.erase(entry);
  }
}

}  // namespace exchange
