# ARM without an operating system: newlib-nano, no exceptions, one image with lwIP and SQLite on RAM (sample-app/firmware).
# Needs gcc-arm-none-eabi and libstdc++-arm-none-eabi-newlib, and qemu-system-arm to run it. Tests: tests/run --target arm-none-eabi
# HANDSYNC_BOARD names the machine: mps2-an505 (Cortex-M33) or vexpress-a9 (Cortex-A9). A board of one's own is a linker script, start-up
# code and a clock (toolchains/boards, sample-app/firmware/board.h); an own compiler comes in by -DCMAKE_C_COMPILER and -DCMAKE_CXX_COMPILER.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(HANDSYNC_BOARD mps2-an505 CACHE STRING "mps2-an505 or vexpress-a9")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HANDSYNC_BOARD)
if(HANDSYNC_BOARD STREQUAL mps2-an505)
  set(HANDSYNC_CPU "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard")
elseif(HANDSYNC_BOARD STREQUAL vexpress-a9)
  set(HANDSYNC_CPU "-mcpu=cortex-a9 -mthumb -mfloat-abi=hard -mfpu=vfpv3-d16")
else()
  message(FATAL_ERROR "HANDSYNC_BOARD=${HANDSYNC_BOARD}: there is mps2-an505 and vexpress-a9; add yours here, in toolchains/boards and in sample-app/firmware")
endif()
foreach(tool C:gcc CXX:g++ ASM:gcc)
  string(REPLACE ":" ";" tool ${tool})
  list(GET tool 0 language)
  list(GET tool 1 program)
  if(NOT CMAKE_${language}_COMPILER)
    set(CMAKE_${language}_COMPILER arm-none-eabi-${program})
  endif()
  set(CMAKE_${language}_FLAGS_INIT "${HANDSYNC_CPU} -ffunction-sections -fdata-sections")
endforeach()
# No unwinder, no exit handlers, no locks around statics: nothing of that is ever called.
string(APPEND CMAKE_CXX_FLAGS_INIT " -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)
