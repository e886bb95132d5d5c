#include "policy/recovery.h"

#include "policy/sealed.h"

namespace handsync::policy {
namespace {

// Without the letters that are taken for others.
constexpr Text kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr Text kLabel = "recovery:";

Status check_of(hal::Device& device, const Recovery& recovery, Text letters, Room out32) {
  std::byte in[64];
  Packer packer{in};
  packer.raw(bytes_of(kLabel));
  packer.raw(recovery.salt);
  packer.raw(bytes_of(letters));
  const Status done = device.keys().mac(0, Bytes(in, packer.size), out32);
  zero(in);
  return done;
}

char as_meant(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  if (c == 'O') return '0';
  return c == 'I' || c == 'L' ? '1' : c;
}

}  // namespace

Status make_recovery(hal::Device& device, AccountId account, Recovery& recovery, char (&out)[kRecoveryBytes]) {
  Recovery made;
  std::byte random[kRecoveryLetters];
  HANDSYNC_TRY(device.entropy().fill(made.salt));
  HANDSYNC_TRY(device.entropy().fill(random));
  char letters[kRecoveryLetters];
  std::size_t size = 0;
  for (std::size_t i = 0; i < kRecoveryLetters; ++i) {
    letters[i] = kAlphabet[std::to_integer<std::size_t>(random[i]) % kAlphabet.size()];
    if (i != 0 && i % 4 == 0) out[size++] = '-';
    out[size++] = letters[i];
  }
  const Status done = check_of(device, made, Text(letters, kRecoveryLetters), made.mac);
  zero(random);
  zero(std::as_writable_bytes(std::span(letters)));
  HANDSYNC_TRY(done);
  made.account = account;
  recovery = made;
  return Done{};
}

Result<bool> recovery_matches(hal::Device& device, const Recovery& recovery, Bytes typed) {
  char letters[kRecoveryLetters];
  std::size_t size = 0;
  bool fits = true;
  for (const char c : text_of(typed)) {
    if (c == '-' || c == ' ') continue;
    fits = fits && size < kRecoveryLetters;
    if (fits) letters[size++] = as_meant(c);
  }
  std::byte mac[32];
  const Status done = check_of(device, recovery, Text(letters, size), mac);
  zero(std::as_writable_bytes(std::span(letters)));
  HANDSYNC_TRY(done);
  return fits && size == kRecoveryLetters && same_bytes(mac, recovery.mac);
}

}  // namespace handsync::policy
