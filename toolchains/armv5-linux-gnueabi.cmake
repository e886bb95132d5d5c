# 32-bit ARM Linux without floating point: ARM926 (ARMv5TE) handsets; also Raspberry Pi 1 and Zero, which are ARMv6.
# Needs g++-arm-linux-gnueabi, and qemu-user to run what it builds. Tests: tests/run --target armv5-linux-gnueabi
set(CMAKE_SYSTEM_PROCESSOR arm)
set(HANDSYNC_TRIPLE arm-linux-gnueabi)
set(HANDSYNC_DEBIAN armel)
set(HANDSYNC_QEMU qemu-arm)
set(HANDSYNC_CPU "-march=armv5te -marm" CACHE STRING "Flags that name the core")
include(${CMAKE_CURRENT_LIST_DIR}/modules/HandsyncLinuxCross.cmake)
