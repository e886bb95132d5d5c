/* Start-up of a Cortex-M: vectors, memory, floating point, constructors. SysTick counts milliseconds. */
#include <stdint.h>
#include <string.h>

extern uint32_t data_load[], data_begin[], data_end[], bss_begin[], bss_end[], stack_top[], stack_limit[];
extern void (*init_array_begin[])(void);
extern void (*init_array_end[])(void);
extern int main(void);
extern void board_fault(const char* what);

volatile uint32_t board_ticks_ms;

void reset(void) __attribute__((noreturn));
void reset(void) {
  memcpy(data_begin, data_load, (size_t)((char*)data_end - (char*)data_begin));
  memset(bss_begin, 0, (size_t)((char*)bss_end - (char*)bss_begin));
#if defined(__ARM_FP)
  *(volatile uint32_t*)0xE000ED88 |= 0xFu << 20; /* CPACR: coprocessors 10 and 11 */
  __asm volatile("dsb; isb");
#endif
#if __ARM_ARCH >= 8
  /* The stack has a floor: what grows through it is a fault and not somebody else's data. */
  __asm volatile("msr msplim, %0" ::"r"(stack_limit));
#endif
  for (void (**each)(void) = init_array_begin; each != init_array_end; ++each) (*each)();
  main();
  for (;;) __asm volatile("wfi");
}

static void say_fault(void) __attribute__((used));
static void say_fault(void) {
  board_fault("a fault of the processor, or the stack is full");
}
/* What is left of the stack may be nothing, so the report starts it anew. */
__attribute__((naked)) static void hard_fault(void) {
  __asm volatile(
#if __ARM_ARCH >= 8
      "mov r0, #0 \n msr msplim, r0 \n"
#endif
      "ldr r0, =stack_top \n mov sp, r0 \n b say_fault");
}
static void sys_tick(void) {
  ++board_ticks_ms;
}
__attribute__((section(".vectors"), used)) void (*const vectors[16])(void) = {
    __extension__(void (*)(void)) stack_top, reset, hard_fault, hard_fault, hard_fault, hard_fault, hard_fault, hard_fault,
    0, 0, 0, hard_fault, hard_fault, 0, hard_fault, sys_tick};
