@ Start-up of a Cortex-A: one core, memory mapped one to one (only normal memory allows unaligned access), floating point on,
@ constructors.
    .syntax unified
    .section .vectors, "ax"
    .arm
    .global reset
reset:
    mrc p15, 0, r0, c0, c0, 5       @ MPIDR: every core but the first sleeps
    tst r0, #3
0:  wfine
    bne 0b
    ldr sp, =stack_top
    ldr r0, =vectors
    mcr p15, 0, r0, c12, c0, 0      @ VBAR
    mrc p15, 0, r0, c1, c0, 2       @ CPACR: VFP
    orr r0, r0, #(0xf << 20)
    mcr p15, 0, r0, c1, c0, 2
    isb
    mov r0, #0x40000000
    .fpu vfpv3-d16
    vmsr fpexc, r0
    ldr r0, =data_load              @ .data
    ldr r1, =data_begin
    ldr r2, =data_end
1:  cmp r1, r2
    ldrlo r3, [r0], #4
    strlo r3, [r1], #4
    blo 1b
    ldr r0, =bss_begin
    ldr r1, =bss_end
    mov r2, #0
2:  cmp r0, r1
    strlo r2, [r0], #4
    blo 2b
    ldr r0, =map                    @ 4096 sections of 1 MiB
    mov r1, #0
    ldr r3, =0x00000c06             @ full access, device memory
5:  add r2, r3, r1, lsl #20
    cmp r1, #0x600                  @ 0x60000000 on: RAM, cached
    blo 6f
    cmp r1, #0x680
    bhs 6f
    add r2, r2, #0x1000
    add r2, r2, #0x008
6:  str r2, [r0, r1, lsl #2]
    add r1, r1, #1
    cmp r1, #0x1000
    blo 5b
    mcr p15, 0, r0, c2, c0, 0       @ TTBR0
    mov r1, #1
    mcr p15, 0, r1, c3, c0, 0       @ DACR: domain 0 is checked
    mov r1, #0
    mcr p15, 0, r1, c8, c7, 0       @ no stale translation
    mcr p15, 0, r1, c7, c5, 0
    dsb
    mrc p15, 0, r1, c1, c0, 0
    bic r1, r1, #0x2                @ unaligned access is allowed
    orr r1, r1, #0x1000             @ caches and MMU on
    orr r1, r1, #0x5
    mcr p15, 0, r1, c1, c0, 0
    isb
    ldr r4, =init_array_begin
    ldr r5, =init_array_end
3:  cmp r4, r5
    bhs 4f
    ldr r0, [r4], #4
    blx r0
    b 3b
4:  bl main
7:  wfi
    b 7b

    .align 5
vectors:
    b reset
    b fault
    b fault
    b fault
    b fault
    b fault
    b fault
    b fault
fault:
    ldr sp, =stack_top
    ldr r0, =what
    blx board_fault
8:  b 8b
what:
    .asciz "a fault of the processor"

    .section .bss.map, "aw", %nobits
    .align 14
map:
    .space 16384
