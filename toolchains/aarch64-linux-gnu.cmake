# 64-bit ARM Linux: Raspberry Pi 3 and later with a 64-bit system.
# Needs g++-aarch64-linux-gnu, and qemu-user to run what it builds. Tests: tests/run --target aarch64-linux-gnu
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(HANDSYNC_TRIPLE aarch64-linux-gnu)
set(HANDSYNC_DEBIAN arm64)
set(HANDSYNC_QEMU qemu-aarch64)
set(HANDSYNC_CPU "" CACHE STRING "Flags that name the core")
include(${CMAKE_CURRENT_LIST_DIR}/modules/HandsyncLinuxCross.cmake)
