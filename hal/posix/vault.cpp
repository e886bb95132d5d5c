#include "posix/vault.h"

#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>

#include <algorithm>
#include <cstring>

#include "posix/sha256.h"

namespace handsync::hal::posix {
namespace {

constexpr std::size_t kNonceBytes = 12, kTagBytes = 16, kSecretBytesMax = 2048, kShaBlock = 64, kShaBytes = 32;
constexpr std::byte kUsed[4] = {std::byte{'K'}, std::byte{'E'}, std::byte{'Y'}, std::byte{1}};
constexpr std::byte kOutside[4] = {std::byte{'O'}, std::byte{'U'}, std::byte{'T'}, std::byte{1}};
constexpr std::uint32_t kRoundsPerStep = 4096;

const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(Room room) { return reinterpret_cast<unsigned char*>(room.data()); }

/// AES-256-GCM. `sealed` is nonce, ciphertext, tag.
class Sealer {
 public:
  explicit Sealer(Bytes key) {
    mbedtls_gcm_init(&gcm_);
    ready_ = mbedtls_gcm_setkey(&gcm_, MBEDTLS_CIPHER_ID_AES, raw(key), 256) == 0;
  }
  ~Sealer() { mbedtls_gcm_free(&gcm_); }
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  bool seal(Entropy& entropy, Text label, Bytes plain, Room sealed) {
    const Room nonce = sealed.first(kNonceBytes), cipher = sealed.subspan(kNonceBytes, plain.size());
    const Room tag = sealed.subspan(kNonceBytes + plain.size(), kTagBytes);
    return ready_ && entropy.fill(nonce).ok() &&
           mbedtls_gcm_crypt_and_tag(&gcm_, MBEDTLS_GCM_ENCRYPT, plain.size(), raw(nonce), kNonceBytes,
                                     raw(bytes_of(label)), label.size(), raw(plain), raw(cipher), kTagBytes,
                                     raw(tag)) == 0;
  }
  bool open(Text label, Bytes sealed, Room plain) {
    const Bytes nonce = sealed.first(kNonceBytes), cipher = sealed.subspan(kNonceBytes, plain.size());
    const Bytes tag = sealed.subspan(kNonceBytes + plain.size(), kTagBytes);
    return ready_ && mbedtls_gcm_auth_decrypt(&gcm_, plain.size(), raw(nonce), kNonceBytes, raw(bytes_of(label)),
                                              label.size(), raw(tag), kTagBytes, raw(cipher), raw(plain)) == 0;
  }

 private:
  mbedtls_gcm_context gcm_;
  bool ready_ = false;
};

std::string slot_label(const char* what, KeySlot slot) { return std::string(what) + " " + std::to_string(slot); }

// HMAC with its two padded states computed once: a round is then two blocks instead of four.
class Hmac {
 public:
  explicit Hmac(Bytes key) {
    unsigned char block[kShaBlock] = {};
    if (key.size() > kShaBlock) {
      mbedtls_sha256_ret(raw(key), key.size(), block, 0);
    } else if (!key.empty()) {
      std::memcpy(block, key.data(), key.size());
    }
    start(inner_, block, 0x36);
    start(outer_, block, 0x5C);
    mbedtls_platform_zeroize(block, sizeof block);
    mbedtls_sha256_init(&work_);
  }
  ~Hmac() {
    mbedtls_sha256_free(&inner_);
    mbedtls_sha256_free(&outer_);
    mbedtls_sha256_free(&work_);
  }
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;
  void begin() { mbedtls_sha256_clone(&work_, &inner_); }
  void add(const unsigned char* in, std::size_t size) { mbedtls_sha256_update_ret(&work_, in, size); }
  void end(unsigned char* out) {
    mbedtls_sha256_finish_ret(&work_, out);
    mbedtls_sha256_clone(&work_, &outer_);
    mbedtls_sha256_update_ret(&work_, out, kShaBytes);
    mbedtls_sha256_finish_ret(&work_, out);
  }

 private:
  static void start(mbedtls_sha256_context& state, const unsigned char* block, unsigned char pad) {
    unsigned char padded[kShaBlock];
    for (std::size_t i = 0; i < kShaBlock; ++i) padded[i] = static_cast<unsigned char>(block[i] ^ pad);
    mbedtls_sha256_init(&state);
    mbedtls_sha256_starts_ret(&state, 0);
    mbedtls_sha256_update_ret(&state, padded, sizeof padded);
    mbedtls_platform_zeroize(padded, sizeof padded);
  }
  mbedtls_sha256_context inner_, outer_, work_;
};

}  // namespace

void forget(Room room) { mbedtls_platform_zeroize(room.data(), room.size()); }

Status hmac(Bytes key, Bytes in, Room out32) {
  if (out32.size() != kShaBytes) return fault(Fault::kTooLarge);
  Hmac mac(key);
  mac.begin();
  if (!in.empty()) mac.add(raw(in), in.size());
  mac.end(raw(out32));
  return Done{};
}

Status pbkdf2(Bytes password, Bytes salt, std::uint32_t rounds, Room out32, Progress& progress) {
  if (out32.size() != kShaBytes || rounds == 0) return fault(Fault::kTooLarge);
  Hmac mac(password);
  unsigned char u[kShaBytes], total[kShaBytes];
  const unsigned char first_block[4] = {0, 0, 0, 1};
  mac.begin();
  if (!salt.empty()) mac.add(raw(salt), salt.size());
  mac.add(first_block, sizeof first_block);
  mac.end(u);
  std::memcpy(total, u, sizeof total);
  bool go_on = true;
  for (std::uint32_t round = 1; round < rounds && go_on; ++round) {
    mac.begin();
    mac.add(u, sizeof u);
    mac.end(u);
    for (std::size_t i = 0; i < kShaBytes; ++i) total[i] = static_cast<unsigned char>(total[i] ^ u[i]);
    if (round % kRoundsPerStep == 0) go_on = progress.step();
  }
  std::memcpy(out32.data(), total, sizeof total);
  mbedtls_platform_zeroize(u, sizeof u);
  mbedtls_platform_zeroize(total, sizeof total);
  if (go_on) return Done{};
  forget(out32);
  return fault(Fault::kGivenUp);
}

Vault::Vault(Durable& durable, Entropy& entropy, std::string directory, OutsideSecret outside)
    : durable_(durable),
      entropy_(entropy),
      directory_(std::move(directory)),
      block_(directory_ + "/keys"),
      fuse_path_(directory_ + "/fuse"),
      outside_(std::move(outside)) {}

// The fuse file is 32 bytes of secret, or a mark and the salt for a secret that is kept elsewhere.
Status Vault::open_fuse() {
  Contents contents;
  Key outside;
  const auto there = Durable::read(fuse_path_, contents);
  if (!there.ok() && there.error() != fault(Fault::kNotThere)) return there.error();
  // Nothing but zeros is a fuse that was being destroyed when the power went.
  if (std::all_of(contents.begin(), contents.end(), [](std::byte b) { return b == std::byte{0}; })) {
    contents.clear();
    const Status kept_outside = outside_ ? outside_(outside) : Status(fault(Fault::kNotThere));
    forget(outside);
    if (!kept_outside.ok() && kept_outside.error() != fault(Fault::kNotThere)) return kept_outside;
    if (kept_outside.ok()) contents.assign(std::begin(kOutside), std::end(kOutside));
    Key fresh;
    HANDSYNC_TRY(entropy_.fill(fresh));
    contents.insert(contents.end(), fresh.begin(), fresh.end());
    forget(fresh);
    if (const Status stored = durable_.replace(fuse_path_, contents); !stored.ok()) {
      forget(contents);
      return stored;
    }
  }
  outside_in_use_ = contents.size() == sizeof kOutside + fuse_.size() &&
                    std::equal(std::begin(kOutside), std::end(kOutside), contents.begin());
  if (outside_in_use_) {
    HANDSYNC_TRY(outside_ ? outside_(outside) : Status(fault(Fault::kNotThere)));
    const Status made = hmac(outside, Bytes(contents).subspan(sizeof kOutside), fuse_);
    forget(outside);
    return made;
  }
  if (contents.size() != fuse_.size()) return fault(Fault::kDamaged);
  std::copy(contents.begin(), contents.end(), fuse_.begin());
  forget(contents);
  return Done{};
}

Status Vault::open() {
  HANDSYNC_TRY(open_fuse());
  Contents contents;
  if (const auto there = Durable::read(block_, contents); !there.ok()) {
    if (there.error() != fault(Fault::kNotThere)) return there.error();
    return durable_.replace(block_, Contents(kSlots * kSlotBytes));
  }
  return contents.size() == kSlots * kSlotBytes ? Status(Done{}) : Status(fault(Fault::kDamaged));
}

Status Vault::read_slot(KeySlot slot, std::array<std::byte, kSlotBytes>& sealed) {
  if (slot >= kSlots) return fault(Fault::kNotThere);
  Contents block;
  HANDSYNC_TRY(Durable::read(block_, block));
  if (block.size() != kSlots * kSlotBytes) return fault(Fault::kDamaged);
  std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(slot * kSlotBytes), kSlotBytes, sealed.begin());
  return Done{};
}

Status Vault::load(KeySlot slot, Key& key) {
  std::array<std::byte, kSlotBytes> sealed;
  HANDSYNC_TRY(read_slot(slot, sealed));
  if (!std::equal(std::begin(kUsed), std::end(kUsed), sealed.begin())) return fault(Fault::kNotThere);
  // A slot that does not open was half written when the power went: there is no key in it.
  if (!Sealer(fuse_).open(slot_label("slot", slot), Bytes(sealed).subspan(sizeof kUsed), key))
    return fault(Fault::kNotThere);
  return Done{};
}

bool Vault::exists(KeySlot slot) {
  Key key;
  const bool there = load(slot, key).ok();
  forget(key);
  return there;
}

Status Vault::create(KeySlot slot) {
  if (slot >= kSlots) return fault(Fault::kNoSpace);
  if (exists(slot)) return fault(Fault::kExists);
  Key key;
  HANDSYNC_TRY(entropy_.fill(key));
  std::array<std::byte, kSlotBytes> sealed{};
  std::copy(std::begin(kUsed), std::end(kUsed), sealed.begin());
  const bool done = Sealer(fuse_).seal(entropy_, slot_label("slot", slot), key, Room(sealed).subspan(sizeof kUsed));
  forget(key);
  if (!done) return fault(Fault::kRefused);
  // A secret left from a key that is gone opens under no other key; it only must not be taken for this one's.
  HANDSYNC_TRY(durable_.unlink(secret_path(slot)));
  return durable_.overwrite(block_, slot * kSlotBytes, sealed);
}

Status Vault::derive(KeySlot slot, Text purpose, Key& key) {
  Key own;
  HANDSYNC_TRY(load(slot, own));
  const Status done = hmac(own, bytes_of(purpose), key);
  forget(own);
  return done;
}

Status Vault::put_secret(KeySlot slot, Bytes secret) {
  if (secret.size() > kSecretBytesMax) return fault(Fault::kTooLarge);
  Key key;
  HANDSYNC_TRY(derive(slot, "secret", key));
  if (secret.empty()) return durable_.unlink(secret_path(slot));
  Contents sealed(kNonceBytes + secret.size() + kTagBytes);
  const bool done = Sealer(key).seal(entropy_, slot_label("secret", slot), secret, sealed);
  forget(key);
  if (!done) return fault(Fault::kRefused);
  return durable_.replace(secret_path(slot), sealed);
}

Result<std::size_t> Vault::get_secret(KeySlot slot, Room room) {
  Key key;
  HANDSYNC_TRY(derive(slot, "secret", key));
  Contents sealed;
  if (const auto there = Durable::read(secret_path(slot), sealed); !there.ok()) {
    if (there.error() == fault(Fault::kNotThere)) return std::size_t{0};
    return there.error();
  }
  if (sealed.size() < kNonceBytes + kTagBytes) return fault(Fault::kDamaged);
  const std::size_t size = sealed.size() - kNonceBytes - kTagBytes;
  if (size > room.size()) return fault(Fault::kTooLarge);
  const bool opened = Sealer(key).open(slot_label("secret", slot), sealed, room.first(size));
  forget(key);
  if (!opened) return fault(Fault::kDamaged);
  return size;
}

Status Vault::destroy(KeySlot slot) {
  if (slot >= kSlots) return Done{};
  std::array<std::byte, kSlotBytes> sealed{};
  HANDSYNC_TRY(read_slot(slot, sealed));
  const bool used = std::any_of(sealed.begin(), sealed.end(), [](std::byte b) { return b != std::byte{0}; });
  if (used) HANDSYNC_TRY(durable_.overwrite(block_, slot * kSlotBytes, std::array<std::byte, kSlotBytes>{}));
  return durable_.unlink(secret_path(slot));
}

Status Vault::seal(Text name, Bytes plain, Contents& sealed) {
  Key key;
  HANDSYNC_TRY(hmac(fuse_, bytes_of("record"), key));
  sealed.resize(kNonceBytes + plain.size() + kTagBytes);
  const bool done = Sealer(key).seal(entropy_, name, plain, sealed);
  forget(key);
  return done ? Status(Done{}) : Status(fault(Fault::kRefused));
}

Status Vault::unseal(Text name, Bytes sealed, Contents& plain) const {
  if (sealed.size() < kNonceBytes + kTagBytes) return fault(Fault::kDamaged);
  Key key;
  HANDSYNC_TRY(hmac(fuse_, bytes_of("record"), key));
  plain.resize(sealed.size() - kNonceBytes - kTagBytes);
  const bool done = Sealer(key).open(name, sealed, plain);
  forget(key);
  return done ? Status(Done{}) : Status(fault(Fault::kDamaged));
}

Status Vault::check() {
  for (KeySlot slot = 0; slot < kSlots; ++slot) {
    std::array<std::byte, kSlotBytes> sealed{};
    HANDSYNC_TRY(read_slot(slot, sealed));
    const bool used = std::equal(std::begin(kUsed), std::end(kUsed), sealed.begin());
    if (!used) continue;
    Key key;
    if (const Status loaded = load(slot, key); !loaded.ok()) return fault(Fault::kDamaged, slot);
    forget(key);
    std::byte room[kSecretBytesMax];
    const auto secret = get_secret(slot, room);
    forget(room);
    HANDSYNC_TRY(secret);
  }
  return Done{};
}

}  // namespace handsync::hal::posix
