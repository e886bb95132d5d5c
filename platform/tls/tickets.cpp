#include "tls/tickets.h"

namespace handsync::tls {

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

void Tickets::keep(const Origin& origin, const Peer& peer, const mbedtls_ssl_context& ssl, std::int64_t now_s) {
  Entry* place = nullptr;
  for (Entry& entry : entries_) {
    if (entry.used && entry.origin == origin) release(entry);
    if (place == nullptr || (place->used && (!entry.used || entry.order < place->order))) place = &entry;
  }
  release(*place);
  mbedtls_ssl_session_init(&place->session);
  if (mbedtls_ssl_get_session(&ssl, &place->session) != 0) {
    mbedtls_ssl_session_free(&place->session);
    return;
  }
  place->used = true;
  place->origin = origin;
  place->peer = peer;
  place->kept_s = now_s;
  place->order = ++order_;
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
