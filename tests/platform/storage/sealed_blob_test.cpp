#include "storage/sealed_blob.h"

#include <string>

#include "platform/storage/sealed_home.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::storage;

TEST_GROUP(SealedBlob) {
  storage_test::SystemEntropy entropy;
  std::uint8_t key[kKeyBytes]{1, 2, 3};
  std::string sealed, plain;
};

TEST(SealedBlob, ComesBack) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, kBlobBytesMax}) {
    const std::string secret(bytes, 's');
    CHECK(seal_blob(key, entropy, Blob::kIdentity, bytes_of(secret), sealed).ok());
    CHECK(open_blob(key, Blob::kIdentity, bytes_of(sealed), plain).ok());
    CHECK(plain == secret);
    if (bytes > 20) CHECK(sealed.find(std::string(16, 's')) == std::string::npos);
  }
  CHECK(seal_blob(key, entropy, Blob::kIdentity, bytes_of(std::string(kBlobBytesMax + 1, 's')), sealed).error() ==
        hal::fault(hal::Fault::kTooLarge));
}

TEST(SealedBlob, NothingElseIsBelieved) {
  CHECK(seal_blob(key, entropy, Blob::kIdentity, bytes_of("a private key"), sealed).ok());
  const auto damaged = [&](const std::string& bytes) {
    return open_blob(key, Blob::kIdentity, bytes_of(bytes), plain).error() == hal::fault(hal::Fault::kDamaged) &&
           plain.empty();
  };
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string other = sealed;
    other[at] = static_cast<char>(other[at] ^ 1);
    CHECK(damaged(other));
    CHECK(damaged(sealed.substr(0, at)));
  }
  CHECK(open_blob(key, static_cast<Blob>(2), bytes_of(sealed), plain).error() == hal::fault(hal::Fault::kDamaged));
  key[31] = 9;
  CHECK(damaged(sealed));
}
