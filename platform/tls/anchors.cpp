#include "tls/anchors.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tls/fault.h"

namespace handsync::tls {
namespace {

constexpr Text kBegin = "-----BEGIN CERTIFICATE-----";
constexpr Text kEnd = "-----END CERTIFICATE-----";
constexpr std::size_t kCertificateBytesMax = 65536;

/// A window that slides over the file: what is before the current certificate has been dropped.
struct Window {
  char* data = nullptr;
  std::size_t size = 0, room = 0;
  ~Window() { std::free(data); }
  Text view() const { return {data, size}; }
  void drop(std::size_t bytes) {
    std::memmove(data, data + bytes, size - bytes);
    size -= bytes;
  }
  bool grow(std::size_t bytes) {
    if (size + bytes + 1 <= room) return true;
    const std::size_t wanted = std::max(size + bytes + 1, std::size_t{4096});
    auto* bigger = static_cast<char*>(std::realloc(data, wanted));
    if (bigger == nullptr) return false;
    data = bigger;
    room = wanted;
    return true;
  }
};

}  // namespace

Result<std::size_t> MemoryTrust::roots_pem(std::size_t offset, Room room) {
  if (offset >= contents_.size()) return std::size_t{0};
  const Bytes piece = contents_.subspan(offset, std::min(room.size(), contents_.size() - offset));
  std::copy(piece.begin(), piece.end(), room.begin());
  return piece.size();
}

Status Anchors::load(hal::Trust& trust) {
  clear();
  Window window;
  std::size_t offset = 0;
  bool der = false;
  for (;;) {
    constexpr std::size_t kPiece = 2048;
    if (!window.grow(kPiece)) return out_of_memory(kPiece);
    const auto got = trust.roots_pem(offset, std::as_writable_bytes(std::span(window.data + window.size, kPiece)));
    if (!got.ok()) return got.error();
    if (offset == 0) der = got.value() > 0 && window.data[0] == 0x30;
    offset += got.value();
    window.size += got.value();
    if (der) {
      if (got.value() != 0 && window.size < kCertificateBytesMax) continue;
      if (mbedtls_x509_crt_parse_der(&chain_, reinterpret_cast<unsigned char*>(window.data), window.size) == 0)
        ++count_;
      break;
    }
    for (;;) {
      const std::size_t begin = window.view().find(kBegin);
      if (begin == Text::npos) {
        if (window.size >= kBegin.size()) window.drop(window.size - kBegin.size() + 1);
        break;
      }
      window.drop(begin);
      const std::size_t end = window.view().find(kEnd);
      if (end == Text::npos) {
        if (window.size > kCertificateBytesMax) window.drop(kBegin.size());
        break;
      }
      const std::size_t bytes = end + kEnd.size();
      const char after = window.data[bytes];
      window.data[bytes] = '\0';
      const int rc = mbedtls_x509_crt_parse(&chain_, reinterpret_cast<unsigned char*>(window.data), bytes + 1);
      window.data[bytes] = after;
      if (rc == 0) ++count_;
      if (rc == MBEDTLS_ERR_X509_ALLOC_FAILED) return out_of_memory(bytes);
      window.drop(bytes);
    }
    if (got.value() == 0) break;
  }
  if (count_ == 0) return fault(Fault::kNoTrust);
  return Done{};
}

void Anchors::clear() {
  mbedtls_x509_crt_free(&chain_);
  mbedtls_x509_crt_init(&chain_);
  count_ = 0;
}

bool Anchors::holds(const mbedtls_x509_crt& certificate) const {
  if (count_ == 0) return false;
  for (const mbedtls_x509_crt* one = &chain_; one != nullptr; one = one->next) {
    if (one->raw.len == certificate.raw.len && std::memcmp(one->raw.p, certificate.raw.p, one->raw.len) == 0)
      return true;
  }
  return false;
}

}  // namespace handsync::tls
