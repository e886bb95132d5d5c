// ARM Versatile Express with a Cortex-A9: PL011 serial line, SP804 timer.
#include "firmware/board.h"

namespace board {
namespace {

volatile std::uint32_t& at(std::uintptr_t address) { return *reinterpret_cast<volatile std::uint32_t*>(address); }
constexpr std::uintptr_t kUart = 0x10009000, kTimer = 0x10011000;

}  // namespace

const char* const kName = "vexpress-a9 (Cortex-A9)";
const handsync::lwip::Lan9118 kEthernet = {0x4E000000, {0x02, 0, 0, 0, 0, 2}};

void start() {
  at(kUart + 0x30) = 0x101;      // transmitter on
  at(kTimer) = 0xFFFFFFFF;       // counts down at 1 MHz
  at(kTimer + 0x08) = 0x80 | 2;  // on, 32 bits, free running
}

void print(const char* text, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    while ((at(kUart + 0x18) & 0x20) != 0) {
    }
    at(kUart) = static_cast<unsigned char>(text[i]);
  }
}

std::uint64_t now_ms() {
  static std::uint32_t last_us = 0;
  static std::uint64_t total_us = 0;
  const std::uint32_t now_us = 0xFFFFFFFF - at(kTimer + 0x04);
  total_us += now_us - last_us;  // right over one wrap, 71 minutes
  last_us = now_us;
  return total_us / 1000;
}

void rest() {}

}  // namespace board
