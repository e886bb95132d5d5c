/// What an image needs of its board. One file a board: board_mps2_an505.cpp, board_vexpress_a9.cpp.
#pragma once
#include "lwip/lan9118.h"

namespace board {

extern const char* const kName;
extern const handsync::lwip::Lan9118 kEthernet;

void start();  ///< serial line and clock
void print(const char* text, std::size_t bytes);
std::uint64_t now_ms();  ///< since start()
void rest();             ///< until something may have happened; a millisecond at most

}  // namespace board
