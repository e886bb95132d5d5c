# What the three ARM Linux targets share. Included by toolchains/TARGET.cmake with HANDSYNC_TRIPLE, HANDSYNC_DEBIAN, HANDSYNC_QEMU and
# HANDSYNC_CPU set.
#
# libc and libstdc++ are the compiler's own (/usr/TRIPLE), so there is no CMAKE_SYSROOT; the prefix adds the libraries, unpacked by
# toolchains/fetch. A firm's own compiler comes in by -DCMAKE_C_COMPILER=... -DCMAKE_CXX_COMPILER=..., its own flags by
# -DHANDSYNC_CPU="-mcpu=...", its own libraries by -DHANDSYNC_PREFIX=DIR.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_LIBRARY_ARCHITECTURE ${HANDSYNC_TRIPLE})
if(NOT CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER ${HANDSYNC_TRIPLE}-gcc)
endif()
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER ${HANDSYNC_TRIPLE}-g++)
endif()
set(CMAKE_C_FLAGS_INIT "${HANDSYNC_CPU}")
# GCC tells of a change of version 7 in how some arguments are passed; nothing here is that old.
set(CMAKE_CXX_FLAGS_INIT "${HANDSYNC_CPU} -Wno-psabi")
set(CMAKE_C_FLAGS_MINSIZEREL_INIT "-ffunction-sections -fdata-sections")
set(CMAKE_CXX_FLAGS_MINSIZEREL_INIT "-ffunction-sections -fdata-sections")
set(CMAKE_EXE_LINKER_FLAGS_MINSIZEREL_INIT "-Wl,--gc-sections")

get_filename_component(HANDSYNC_ROOT "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(HANDSYNC_PREFIX "${HANDSYNC_ROOT}/build/prefix-${HANDSYNC_DEBIAN}" CACHE PATH "Libraries of the target: Debian packages unpacked by toolchains/fetch")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HANDSYNC_PREFIX HANDSYNC_CPU)
if(NOT EXISTS "${HANDSYNC_PREFIX}/usr/include")
  execute_process(COMMAND "${HANDSYNC_ROOT}/toolchains/fetch" libraries ${HANDSYNC_DEBIAN} "${HANDSYNC_PREFIX}" RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "no libraries for ${HANDSYNC_DEBIAN}: toolchains/fetch libraries ${HANDSYNC_DEBIAN} ${HANDSYNC_PREFIX} says why")
  endif()
endif()
# The system's root comes last: programs and packages of the build machine are not the target's.
set(CMAKE_FIND_ROOT_PATH ${HANDSYNC_PREFIX} /usr/${HANDSYNC_TRIPLE})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
include_directories(SYSTEM ${HANDSYNC_PREFIX}/usr/include ${HANDSYNC_PREFIX}/usr/include/${HANDSYNC_TRIPLE})
# Shared libraries name each other; the linker has to find them there.
add_link_options(-Wl,-rpath-link,${HANDSYNC_PREFIX}/usr/lib/${HANDSYNC_TRIPLE}:${HANDSYNC_PREFIX}/lib/${HANDSYNC_TRIPLE})

set(CMAKE_CROSSCOMPILING_EMULATOR ${HANDSYNC_QEMU};-L;/usr/${HANDSYNC_TRIPLE};-E;LD_LIBRARY_PATH=${HANDSYNC_PREFIX}/usr/lib/${HANDSYNC_TRIPLE}:${HANDSYNC_PREFIX}/lib/${HANDSYNC_TRIPLE})
# For scripts, in the cache.
set(HANDSYNC_EMULATOR "${CMAKE_CROSSCOMPILING_EMULATOR}" CACHE INTERNAL "How what is built here runs on the build machine")
