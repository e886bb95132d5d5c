// The key vault: real cryptography, nothing in the clear, nothing left.
#include <mbedtls/pkcs5.h>

#include <array>
#include <cstring>

#include "hal/simulated/home.h"
#include "posix/vault.h"

#include <CppUTest/TestHarness.h>

using namespace simulated_test;
using hal::posix::Key;

namespace {

std::array<std::byte, 32> bytes_of_hex(const char* hex) {
  std::array<std::byte, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(std::stoul(std::string(hex + 2 * i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

TEST_GROUP(Vault) { Home home; };

TEST(Vault, hmac_gives_the_published_values) {  // RFC 4231, cases 2 and 6
  Key out;
  CHECK(hal::posix::hmac(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"), out).ok());
  CHECK(out == bytes_of_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
  const std::string long_key(131, '\xaa');
  CHECK(hal::posix::hmac(bytes_of(long_key), bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"), out)
            .ok());
  CHECK(out == bytes_of_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

TEST(Vault, pbkdf2_is_the_librarys) {
  Patience patience;
  mbedtls_md_context_t md;
  mbedtls_md_init(&md);
  CHECK_EQUAL(0, mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1));
  for (const unsigned rounds : {1U, 2U, 1000U, 4097U}) {
    for (const std::string& pin : {std::string("1234"), std::string(), std::string(100, 'p')}) {
      Key ours;
      unsigned char theirs[32];
      CHECK(hal::posix::pbkdf2(bytes_of(pin), bytes_of("salt and more"), rounds, ours, patience).ok());
      CHECK_EQUAL(0, mbedtls_pkcs5_pbkdf2_hmac(&md, reinterpret_cast<const unsigned char*>(pin.data()), pin.size(),
                                               reinterpret_cast<const unsigned char*>("salt and more"), 13, rounds, 32,
                                               theirs));
      CHECK_EQUAL(0, std::memcmp(ours.data(), theirs, 32));
    }
  }
  mbedtls_md_free(&md);
}

TEST(Vault, nothing_of_a_key_or_a_secret_is_in_any_file) {
  auto phone = home.open();
  CHECK(phone->keys().create(1).ok());
  CHECK(phone->keys().put_secret(1, bytes_of("correct horse battery")).ok());
  Key key;
  CHECK(phone->keys().unlock(1, key).ok());
  CHECK(!home.holds("correct horse"));
  CHECK(!home.holds(std::string(text_of(Bytes(key).first(16)))));
}

TEST(Vault, a_destroyed_key_leaves_no_sealed_byte_behind) {
  auto phone = home.open();
  CHECK(phone->keys().create(1).ok());
  CHECK(phone->keys().put_secret(1, bytes_of("password")).ok());
  const std::string block = Home::read(home.options.home + "/device/keys");
  const std::string sealed = block.substr(64 + 4, 60), secret = Home::read(home.options.home + "/device/secret-1");
  CHECK(home.holds(sealed.substr(0, 16)));
  Patience patience;
  CHECK(phone->keys().destroy(1, patience).ok());
  for (std::size_t at = 0; at + 16 <= sealed.size(); ++at) CHECK(!home.holds(sealed.substr(at, 16)));
  for (std::size_t at = 0; at + 16 <= secret.size(); ++at) CHECK(!home.holds(secret.substr(at, 16)));
}

TEST(Vault, a_block_from_another_phone_opens_nothing) {
  Home other;
  auto phone = home.open();
  CHECK(phone->keys().create(1).ok());
  other.open();
  std::filesystem::copy_file(home.options.home + "/device/keys", other.options.home + "/device/keys",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(!other.open()->keys().exists(1));
}

TEST(Vault, a_key_moved_to_another_slot_opens_nothing) {
  auto phone = home.open();
  CHECK(phone->keys().create(1).ok());
  std::string block = Home::read(home.options.home + "/device/keys");
  block.replace(2 * 64, 64, block.substr(64, 64));
  home.write("device/keys", block);
  CHECK(phone->keys().exists(1));
  CHECK(!phone->keys().exists(2));
  CHECK(!phone->check().ok());
}

TEST(Vault, slots_have_an_end) {
  auto phone = home.open();
  CHECK(phone->keys().create(63).ok());
  CHECK(!phone->keys().create(64).ok());
  CHECK(!phone->keys().exists(64));
  Patience patience;
  CHECK(phone->keys().destroy(64, patience).ok());
}
