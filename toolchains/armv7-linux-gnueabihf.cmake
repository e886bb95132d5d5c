# 32-bit ARM Linux with hard float: Raspberry Pi 2 and later, Cortex-A handsets. Thumb-2.
# Needs g++-arm-linux-gnueabihf, and qemu-user to run what it builds. Tests: tests/run --target armv7-linux-gnueabihf
set(CMAKE_SYSTEM_PROCESSOR arm)
set(HANDSYNC_TRIPLE arm-linux-gnueabihf)
set(HANDSYNC_DEBIAN armhf)
set(HANDSYNC_QEMU qemu-arm)
# "+fp": Debian's compiler is hard float and stops at plain armv7-a, which has no registers to pass a double in.
set(HANDSYNC_CPU "-march=armv7-a+fp -mthumb" CACHE STRING "Flags that name the core")
include(${CMAKE_CURRENT_LIST_DIR}/modules/HandsyncLinuxCross.cmake)
