# SQLite, mbedTLS, tinyxml2, zlib and http-parser (and lwIP) from the folder that toolchains/fetch sources fills, configured for a small
# client: what a distribution's libraries cost in flash is two thirds more. Sets the variables that find_library would set.
# Each library alone can be replaced by the firm's own: -DSQLITE_LIBRARY=... etc. before this is included.
if(NOT EXISTS "${HANDSYNC_SOURCES}/.complete")
  execute_process(COMMAND "${CMAKE_SOURCE_DIR}/toolchains/fetch" sources "${HANDSYNC_SOURCES}" RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "no sources in ${HANDSYNC_SOURCES}: toolchains/fetch sources ${HANDSYNC_SOURCES} says why")
  endif()
endif()
set(HANDSYNC_TLS_OUT_BYTES 4096 CACHE STRING "Plaintext of one record that mbedTLS sends; it receives 16 KiB, as every server may send")

# Everything these need from us, in one place. Their warnings are theirs.
function(handsync_third_party name)
  add_library(${name} STATIC ${ARGN})
  target_compile_options(${name} PRIVATE -w $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
endfunction()

file(READ "${CMAKE_SOURCE_DIR}/toolchains/libraries/sqlite.flags" sqlite_flags)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/toolchains/libraries/sqlite.flags")
string(REGEX MATCHALL "SQLITE_[A-Z0-9_]+[^ \n]*" sqlite_flags "${sqlite_flags}")
if(HANDSYNC_SEARCH)
  list(APPEND sqlite_flags SQLITE_ENABLE_FTS5)
endif()
if(CMAKE_SYSTEM_NAME STREQUAL Generic)
  # The image brings its own file system: sqlite3_os_init and a VFS (platform/storage/ram_vfs.h).
  list(APPEND sqlite_flags SQLITE_OS_OTHER=1 SQLITE_OMIT_LOCALTIME)
endif()
# The index of the write-ahead log comes in tables for 4,096 pages, 32 KiB of RAM each: too much where the log is copied back after 150
# pages (profile::kCheckpointPages). Here one is for 256 pages, 2 KiB. No file has them, and where there is no operating system there is
# no other process that shares them.
set(sqlite_source ${HANDSYNC_SOURCES}/sqlite-amalgamation/sqlite3.c)
if(CMAKE_SYSTEM_NAME STREQUAL Generic)
  set(changed_source ${CMAKE_BINARY_DIR}/sqlite3.c)
  if(${sqlite_source} IS_NEWER_THAN ${changed_source})
    file(READ ${sqlite_source} text)
    string(REGEX REPLACE "(#define HASHTABLE_NPAGE +)4096 " "\\1 256 " changed "${text}")
    if(changed STREQUAL text)
      message(FATAL_ERROR "${sqlite_source} has no HASHTABLE_NPAGE of 4096: how large is the index of its log?")
    endif()
    file(WRITE ${changed_source} "${changed}")
  endif()
  set(sqlite_source ${changed_source})
endif()
handsync_third_party(third_sqlite ${sqlite_source})
target_compile_definitions(third_sqlite PRIVATE ${sqlite_flags})
target_include_directories(third_sqlite SYSTEM PUBLIC ${HANDSYNC_SOURCES}/sqlite-amalgamation)

file(GLOB mbedtls_sources ${HANDSYNC_SOURCES}/mbedtls/library/*.c)
handsync_third_party(third_mbedtls ${mbedtls_sources})
target_include_directories(third_mbedtls SYSTEM PUBLIC ${HANDSYNC_SOURCES}/mbedtls/include ${CMAKE_SOURCE_DIR}/toolchains/libraries)
target_include_directories(third_mbedtls SYSTEM PRIVATE ${HANDSYNC_SOURCES}/mbedtls/library)
target_compile_definitions(third_mbedtls PUBLIC MBEDTLS_CONFIG_FILE="handsync_mbedtls_config.h" HANDSYNC_TLS_OUT_BYTES=${HANDSYNC_TLS_OUT_BYTES})

handsync_third_party(third_tinyxml2 ${HANDSYNC_SOURCES}/tinyxml2/tinyxml2.cpp)
target_include_directories(third_tinyxml2 SYSTEM PUBLIC ${HANDSYNC_SOURCES}/tinyxml2)

set(zlib_sources adler32 crc32 inffast inflate inftrees zutil)
list(TRANSFORM zlib_sources PREPEND ${HANDSYNC_SOURCES}/zlib/)
list(TRANSFORM zlib_sources APPEND .c)
handsync_third_party(third_zlib ${zlib_sources})
# The image names who takes memory for inflating, and counts it (sample-app/firmware/counted_heap.h).
target_compile_definitions(third_zlib PRIVATE MY_ZCALLOC)
target_include_directories(third_zlib SYSTEM PUBLIC ${HANDSYNC_SOURCES}/zlib)

handsync_third_party(third_http_parser ${HANDSYNC_SOURCES}/http-parser/http_parser.c)
target_compile_definitions(third_http_parser PRIVATE HTTP_PARSER_STRICT=1)
target_include_directories(third_http_parser SYSTEM PUBLIC ${HANDSYNC_SOURCES}/http-parser)

set(SQLITE_LIBRARY third_sqlite)
set(SQLITE_INCLUDE ${HANDSYNC_SOURCES}/sqlite-amalgamation)
set(TINYXML2_LIBRARY third_tinyxml2)
set(MBEDTLS_LIBRARY third_mbedtls)
set(MBEDX509_LIBRARY third_mbedtls)
set(MBEDCRYPTO_LIBRARY third_mbedtls)
set(ZLIB_LIBRARY third_zlib)
set(HTTP_PARSER_LIBRARY third_http_parser)
