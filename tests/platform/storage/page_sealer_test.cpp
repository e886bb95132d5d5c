// Sealing and opening one page, and that no nonce comes twice.
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <set>
#include <string>

#include "storage/page_sealer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::storage;

namespace {

struct Dice final : hal::Entropy {
  std::mt19937_64 random{7};
  bool seeded = true;
  Status fill(Room room) override {
    if (!seeded) return hal::fault(hal::Fault::kNotSeeded);
    for (std::byte& byte : room) byte = static_cast<std::byte>(random());
    return Done{};
  }
};

using Nonce = std::uint8_t[kNonceBytes];
std::string text_of_nonce(const Nonce& nonce) { return {reinterpret_cast<const char*>(nonce), sizeof nonce}; }

}  // namespace

TEST_GROUP(PageSealer) {
  static constexpr std::uint32_t kPage = 512;
  std::uint8_t key[kKeyBytes]{9, 8, 7};
  Nonce nonce{1, 2, 3};
  std::uint8_t plain[kPage]{}, sealed[kPage]{}, opened[kPage]{};
  PageSealer sealer;
  void setup() override {
    for (std::uint32_t i = 0; i < kPage - kReserveBytes; ++i) plain[i] = static_cast<std::uint8_t>(i * 7);
    CHECK(sealer.set_key(key).ok());
  }
};

TEST(PageSealer, WhatIsSealedOpensWithZerosInTheReserve) {
  CHECK(sealer.seal(3, nonce, plain, sealed, kPage));
  CHECK(std::memcmp(plain, sealed, 64) != 0);
  CHECK(sealer.open(3, sealed, opened, kPage));
  MEMCMP_EQUAL(plain, opened, kPage);
  CHECK(sealer.open(3, sealed, sealed, kPage));  // in place
  MEMCMP_EQUAL(plain, sealed, kPage);
}

TEST(PageSealer, AnotherPageAnotherKeyAndAnyBitAreRefused) {
  CHECK(sealer.seal(3, nonce, plain, sealed, kPage));
  CHECK_FALSE(sealer.open(4, sealed, opened, kPage));
  for (std::uint32_t at = 0; at < kPage; at += 5) {
    sealed[at] = static_cast<std::uint8_t>(sealed[at] ^ 4);
    CHECK_FALSE(sealer.open(3, sealed, opened, kPage));
    sealed[at] = static_cast<std::uint8_t>(sealed[at] ^ 4);
  }
  CHECK(sealer.open(3, sealed, opened, kPage));
  PageSealer other;
  key[31] = 1;
  CHECK(other.set_key(key).ok());
  CHECK_FALSE(other.open(3, sealed, opened, kPage));
}

TEST(PageSealer, PiecesGiveTheSameAsTheWhole) {
  CHECK(sealer.seal(3, nonce, plain, sealed, kPage));
  for (const std::uint32_t cut : {1U, 8U, 63U, 64U, 65U, 480U, 483U, 484U, 485U, 500U, 511U}) {
    std::uint8_t whole[kPage]{};
    CHECK(sealer.begin(3, nonce, kPage));
    CHECK(sealer.piece(plain, whole, cut));
    CHECK(sealer.piece(plain + cut, whole + cut, kPage - cut));
    MEMCMP_EQUAL(sealed, whole, kPage);
    CHECK_FALSE(sealer.piece(plain, whole, 1));  // it is complete
  }
  CHECK(sealer.begin(3, nonce, kPage));
  CHECK(sealer.piece(plain, opened, 100));
  std::uint8_t other[kPage];
  CHECK(sealer.seal(5, nonce, plain, other, kPage));
  CHECK_FALSE(sealer.piece(plain + 100, opened, 100));  // interrupted
}

TEST(PageSealer, AForgottenKeyDoesNothing) {
  CHECK(sealer.seal(3, nonce, plain, sealed, kPage));
  sealer.forget();
  CHECK_FALSE(sealer.has_key());
  CHECK_FALSE(sealer.open(3, sealed, opened, kPage));
  CHECK_FALSE(sealer.seal(3, nonce, plain, sealed, kPage));
  CHECK_FALSE(sealer.begin(3, nonce, kPage));
}

TEST(PageSealer, NoncesGoOnPastTheEndOfTheCounter) {
  Dice dice;
  Nonces nonces(UINT32_MAX - 3);
  std::set<std::string> seen, prefixes;
  for (int i = 0; i < 1000; ++i) {
    CHECK(nonces.next(dice, nonce).ok());
    CHECK(seen.insert(text_of_nonce(nonce)).second);
    prefixes.insert(text_of_nonce(nonce).substr(0, 8));
  }
  LONGS_EQUAL(2, prefixes.size());
}

TEST(PageSealer, TwoFilesTwoPrefixesAndNoneWithoutEntropy) {
  Dice dice;
  Nonces first, second;
  Nonce other;
  CHECK(first.next(dice, nonce).ok());
  CHECK(second.next(dice, other).ok());
  CHECK(std::memcmp(nonce, other, 8) != 0);
  dice.seeded = false;
  Nonces third;
  CHECK_FALSE(third.next(dice, nonce).ok());
  CHECK(first.next(dice, nonce).ok());  // has drawn
}

TEST(PageSealer, AForkedProcessGetsNoNonce) {
  Dice dice;
  Nonces nonces;
  CHECK(nonces.next(dice, nonce).ok());
  const pid_t child = fork();
  if (child == 0) _exit(nonces.next(dice, nonce).ok() ? 1 : 0);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  LONGS_EQUAL(0, WEXITSTATUS(status));
  CHECK(nonces.next(dice, nonce).ok());
}
