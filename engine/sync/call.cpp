#include "sync/call.h"

#include <cstring>
#include <new>

#include "items/calendar_date.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::find_header;

namespace {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7) in seconds since 1970; -1 = something else.
std::int64_t parse_http_date(Text date) {
  constexpr Text kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (date.size() != 29 || date.substr(25) != " GMT") return -1;
  const std::size_t month = kMonths.find(date.substr(8, 3));
  std::uint32_t fields[5]{};  // day, year, hour, minute, second
  constexpr std::uint8_t kAt[] = {5, 12, 17, 20, 23};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto number = protocol::parse_number(date.substr(kAt[i], i == 1 ? 4 : 2));
    if (!number.ok()) return -1;
    fields[i] = number.value();
  }
  if (month == Text::npos || month % 3 != 0 || fields[0] < 1 || fields[0] > 31) return -1;
  const std::int64_t days =
      items::days_from_date(fields[1], static_cast<int>(month / 3) + 1, static_cast<int>(fields[0]));
  return ((days * 24 + fields[2]) * 60 + fields[3]) * 60 + fields[4];
}

/// Seconds, or a date: by the server's own clock, which its Date header tells.
std::uint32_t retry_after(std::span<const Header> headers) {
  const Text value = find_header(headers, "Retry-After");
  if (const auto seconds = protocol::parse_number(value); seconds.ok()) return seconds.value();
  const std::int64_t until = parse_http_date(value), now = parse_http_date(find_header(headers, "Date"));
  constexpr std::int64_t kDay_s = 86'400;
  if (until < 0 || now < 0 || until <= now) return 0;
  return static_cast<std::uint32_t>(until - now < kDay_s ? until - now : kDay_s);
}

}  // namespace

Call* Call::make(Memory memory, std::size_t body_bytes_max) {
  void* block = memory.take(memory.self, sizeof(Call) + body_bytes_max);
  if (!block) return nullptr;
  Call* call = new (block) Call;
  call->body_ = static_cast<std::byte*>(block) + sizeof(Call);
  call->body_max_ = body_bytes_max;
  return call;
}

void Call::free(Memory memory) {
  std::size_t whole = sizeof(Call) + body_max_;
  this->~Call();
  // The head held a credential: it must not stay behind in a freed block.
  volatile std::byte* bytes = reinterpret_cast<volatile std::byte*>(this);
  for (std::size_t i = 0; i < whole; ++i) bytes[i] = std::byte{0};
  memory.give(memory.self, this);
}

std::uint32_t Call::words() const {
  std::uint32_t hash = 0x811C9DC5U;  // FNV-1a
  auto take = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193U; };
  for (char c : method) take(c);
  for (char c : plain_target.empty() ? head.target() : plain_target.view()) take(c);
  for (std::byte b : Bytes(body_, body_bytes_)) take(static_cast<char>(b));
  return hash;
}

Result<std::size_t> Call::read_body(Room room) {
  body_begun_ = true;
  if (source_ && body_read_ >= before_ && body_read_ < before_ + source_bytes_) {
    std::uint64_t left = before_ + source_bytes_ - body_read_;
    auto got = source_->read(left < room.size() ? room.first(static_cast<std::size_t>(left)) : room);
    if (!got.ok()) return got.error();
    // The length has been announced: a message that changed under way must not go out in part.
    if (got.value() == 0 && !room.empty()) return Error{Domain::kSqlite, 11, 0};
    body_read_ += got.value();
    return got.value();
  }
  std::uint64_t at = body_read_ < before_ || !source_ ? body_read_ : body_read_ - source_bytes_;
  std::size_t end = source_ && at < before_ ? before_ : body_bytes_;
  std::size_t left = end - static_cast<std::size_t>(at);
  std::size_t count = left < room.size() ? left : room.size();
  if (count) std::memcpy(room.data(), body_ + at, count);
  body_read_ += count;
  return count;
}

protocol::ResponseReader* Call::reader_sink() {
  if (auto* folders = std::get_if<protocol::FolderSyncResponse>(&answer)) return folders;
  if (auto* items = std::get_if<protocol::SyncResponse>(&answer)) return items;
  if (auto* ping = std::get_if<protocol::PingResponse>(&answer)) return ping;
  if (auto* provision = std::get_if<protocol::ProvisionResponse>(&answer)) return provision;
  if (auto* settings = std::get_if<protocol::SettingsResponse>(&answer)) return settings;
  if (auto* fetch = std::get_if<protocol::FetchResponse>(&answer)) return fetch;
  if (auto* moves = std::get_if<protocol::MoveItemsResponse>(&answer)) return moves;
  if (auto* compose = std::get_if<protocol::ComposeResponse>(&answer)) return compose;
  if (auto* folder = std::get_if<protocol::FolderChangeResponse>(&answer)) return folder;
  if (auto* operation = std::get_if<protocol::OperationResponse>(&answer)) return operation;
  if (auto* probe = std::get_if<protocol::MimeProbe>(&answer)) return probe;
  if (auto* response = std::get_if<protocol::MeetingResponseReader>(&answer)) return response;
  return nullptr;
}

void Call::read_with_wbxml() {
  if (auto* sink = reader_sink()) {
    reader_ = wbxml::Reader(*sink);
    reading_ = true;
  }
}

void Call::take_head(int status, std::span<const Header> headers, const Channel& peer) {
  http_status = status;
  channel = peer;
  Text where = find_header(headers, "X-MS-Location");
  if (where.empty()) where = find_header(headers, "Location");
  if (!location.assign(where)) location.clear();
  if (!versions.assign(find_header(headers, "MS-ASProtocolVersions"))) versions.clear();
  retry_after_s = retry_after(headers);
  if (!throttled.assign(find_header(headers, "X-MS-ASThrottle"))) throttled.clear();
  version_refresh = !find_header(headers, "X-MS-RP").empty();
  Text type = find_header(headers, "Content-Type");
  looks_like_multipart = type.find("vnd.ms-sync.multipart") != Text::npos;
  looks_like_wbxml = type.empty() || type.find("vnd.ms-sync") != Text::npos;
}

void Call::take(Bytes piece) {
  answer_bytes += piece.size();
  if (kind == Kind::kDiscoveryPost) {
    std::size_t room = body_max_ - gathered_;
    if (piece.size() > room) {
      parse_error_ = Error{Domain::kHttp, 413, static_cast<std::uint32_t>(answer_bytes)};
      return;
    }
    std::memcpy(body_ + gathered_, piece.data(), piece.size());
    gathered_ += piece.size();
    return;
  }
  if (http_status != 200 || (!reading_ && !taker) || parse_error_) return;
  if (taker && command == protocol::Command::kGetAttachment) {
    parse_error_ = taker->take(piece).error();
    return;
  }
  if (!looks_like_wbxml) {
    parse_error_ = protocol::answer_fault(command, AnswerFault::kNotWbxml);
    return;
  }
  if (Status fed = taker ? taker->take(piece) : reader_.feed(piece); !fed.ok()) {
    parse_error_ = fed.error();
    bool in_header = !taker && reader_.depth() == 0 && parse_error_.domain == Domain::kWbxml &&
                     parse_error_.code == static_cast<std::int32_t>(wbxml::Fault::kHeader);
    if (in_header) parse_error_ = protocol::answer_fault(command, AnswerFault::kNotWbxml);
  }
}

Error Call::finish() {
  if (kind != Kind::kCommand && kind != Kind::kOptions) return parse_error_;
  if (http_status != 200) return Error{Domain::kHttp, http_status, 0};
  if (parse_error_) return parse_error_;
  if (taker)
    return answer_bytes == 0 && command != protocol::Command::kGetAttachment ? Error{} : taker->finish().error();
  if (!reading_ || answer_bytes == 0) return {};
  if (Status whole = reader_.finish(); !whole.ok()) return whole.error();
  return {};
}

}  // namespace handsync::sync
