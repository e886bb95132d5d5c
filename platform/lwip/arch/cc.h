/* What lwIP asks of the compiler and the board. */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
[[noreturn]]
#else
__attribute__((noreturn))
#endif
void board_fault(const char* what);
uint32_t board_random(void);
#ifdef __cplusplus
}
#endif
#define LWIP_PLATFORM_DIAG(x) \
  do {                        \
  } while (0)
#define LWIP_PLATFORM_ASSERT(x) board_fault(x)
#define LWIP_RAND() board_random()
