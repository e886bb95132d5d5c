#include "tls/tickets.h"

#include <cstring>

namespace handsync::tls {
namespace {

// One session: head, host, then what the library makes of it. The head is copied as it is: it never leaves the machine.
struct Head {
  std::uint32_t magic = 0, session_bytes = 0;
  std::uint16_t port = 0, host_bytes = 0;
  Level level = Level::kModern;
  std::int64_t kept_s = 0;
  Peer peer;
};
constexpr std::uint32_t kMagic = 0x48534B31;

}  // namespace

bool Origin::operator==(const Origin& other) const {
  return account == other.account && port == other.port && level == other.level && host.view() == other.host.view();
}

Tickets::~Tickets() {
  for (Entry& entry : entries_) release(entry);
}

void Tickets::release(Entry& entry) {
  if (!entry.used) return;
  mbedtls_ssl_session_free(&entry.session);
  entry.used = false;
}

Tickets::Entry& Tickets::place_for(const Origin& origin) {
  Entry* place = nullptr;
  for (Entry& entry : entries_) {
    if (entry.used && entry.origin == origin) release(entry);
    if (place == nullptr || (place->used && (!entry.used || entry.order < place->order))) place = &entry;
  }
  release(*place);
  return *place;
}

void Tickets::keep(const Origin& origin, const Peer& peer, const mbedtls_ssl_context& ssl, std::int64_t now_s) {
  Entry& place = place_for(origin);
  mbedtls_ssl_session_init(&place.session);
  if (mbedtls_ssl_get_session(&ssl, &place.session) != 0) {
    mbedtls_ssl_session_free(&place.session);
    return;
  }
  place.used = true;
  place.origin = origin;
  place.peer = peer;
  place.kept_s = now_s;
  place.order = ++order_;
}

std::size_t Tickets::save(std::uint16_t account, Room room) const {
  std::size_t size = 0;
  for (const Entry& entry : entries_) {
    if (!entry.used || entry.origin.account != account) continue;
    const Text host = entry.origin.host.view();
    const std::size_t front = sizeof(Head) + host.size();
    if (room.size() - size < front) continue;
    const Room session = room.subspan(size + front);
    std::size_t session_bytes = 0;
    if (mbedtls_ssl_session_save(&entry.session, reinterpret_cast<unsigned char*>(session.data()), session.size(),
                                 &session_bytes) != 0)
      continue;
    Head head;
    std::memset(static_cast<void*>(&head), 0, sizeof head);
    head.magic = kMagic;
    head.session_bytes = static_cast<std::uint32_t>(session_bytes);
    head.port = entry.origin.port;
    head.host_bytes = static_cast<std::uint16_t>(host.size());
    head.level = entry.origin.level;
    head.kept_s = entry.kept_s;
    head.peer = entry.peer;
    std::memcpy(room.data() + size, &head, sizeof head);
    std::memcpy(room.data() + size + sizeof head, host.data(), host.size());
    size += front + session_bytes;
  }
  return size;
}

void Tickets::load(std::uint16_t account, Bytes bytes) {
  Head head;
  while (bytes.size() >= sizeof head) {
    std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
    bytes = bytes.subspan(sizeof head);
    if (head.magic != kMagic || head.host_bytes > bytes.size()) return;
    Origin origin;
    const bool fits = origin.host.assign(text_of(bytes.first(head.host_bytes)));
    bytes = bytes.subspan(head.host_bytes);
    if (!fits || head.session_bytes > bytes.size() || head.level > Level::kLegacy) return;
    origin.account = account;
    origin.port = head.port;
    origin.level = head.level;
    Entry& place = place_for(origin);
    mbedtls_ssl_session_init(&place.session);
    if (mbedtls_ssl_session_load(&place.session, reinterpret_cast<const unsigned char*>(bytes.data()),
                                 head.session_bytes) == 0) {
      place.used = true;
      place.origin = origin;
      place.peer = head.peer;
      place.kept_s = head.kept_s;
      place.order = ++order_;
    } else {
      mbedtls_ssl_session_free(&place.session);
    }
    bytes = bytes.subspan(head.session_bytes);
  }
}

bool Tickets::offer(const Origin& origin, mbedtls_ssl_context& ssl, Peer& peer, std::int64_t now_s) {
  for (Entry& entry : entries_) {
    if (!entry.used || !(entry.origin == origin)) continue;
    // A clock that went back makes the age unknowable: start afresh.
    if (now_s > entry.peer.expires_s || now_s < entry.kept_s || now_s - entry.kept_s > kAgeMax_s ||
        mbedtls_ssl_set_session(&ssl, &entry.session) != 0) {
      release(entry);
      return false;
    }
    peer = entry.peer;
    entry.order = ++order_;
    return true;
  }
  return false;
}

void Tickets::drop(const Origin& origin) {
  for (Entry& entry : entries_) {
    if (entry.used && entry.origin == origin) release(entry);
  }
}

void Tickets::forget(std::uint16_t account) {
  for (Entry& entry : entries_) {
    if (entry.used && entry.origin.account == account) release(entry);
  }
}

}  // namespace handsync::tls
