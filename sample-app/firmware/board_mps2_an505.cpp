// ARM MPS2+ with image AN505: CMSDK serial line, SysTick. Addresses are those of the secure world.
#include "firmware/board.h"

extern "C" volatile std::uint32_t board_ticks_ms;

namespace board {
namespace {

volatile std::uint32_t& at(std::uintptr_t address) { return *reinterpret_cast<volatile std::uint32_t*>(address); }
constexpr std::uintptr_t kUart = 0x50200000, kSysTick = 0xE000E010;
constexpr std::uint32_t kClock_hz = 20'000'000;

}  // namespace

const char* const kName = "mps2-an505 (Cortex-M33)";
const handsync::lwip::Lan9118 kEthernet = {0x42000000, {0x02, 0, 0, 0, 0, 1}};

void start() {
  at(kUart + 0x10) = 16;  // baud rate
  at(kUart + 0x08) = 1;   // transmitter on
  at(kSysTick + 4) = kClock_hz / 1000 - 1;
  at(kSysTick + 8) = 0;
  at(kSysTick) = 7;  // processor clock, interrupt, on
}

void print(const char* text, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    while ((at(kUart + 0x04) & 1) != 0) {
    }
    at(kUart) = static_cast<unsigned char>(text[i]);
  }
}

std::uint64_t now_ms() {
  static std::uint32_t last = 0;
  static std::uint64_t wraps_ms = 0;
  const std::uint32_t ticks = board_ticks_ms;
  if (ticks < last) wraps_ms += std::uint64_t{1} << 32;
  last = ticks;
  return wraps_ms + ticks;
}

void rest() { __asm volatile("wfi"); }

}  // namespace board
