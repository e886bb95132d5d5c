#!/bin/bash
# What the engine's archives may need from outside: no operator new but in the file that calls tinyxml2, no socket, thread, clock,
# stream, Asio or mbedTLS, no exceptions, no RTTI; and they link alone with SQLite and tinyxml2. link_test.sh [BUILD DIRECTORY]
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
build=${1:-build/dev}
engine=$build/libhandsync_engine.a wbxml=$build/libhandsync_wbxml.a
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for a in "$engine" "$wbxml"; do [ -f "$a" ] || { echo "FAIL $a is not there; run the suite build first"; exit 1; }; done

# MEMBER SYMBOL, one line per undefined symbol. -A prints ARCHIVE:MEMBER: before each.
nm -A --undefined-only "$engine" "$wbxml" 2>/dev/null | sed -E 's/^[^:]*:([^:]*): +[Uw] (.*)$/\1 \2/' >"$work/undefined"
nm -A --defined-only "$engine" "$wbxml" 2>/dev/null | sed -E 's/^[^:]*:([^:]*):[0-9a-f]* +[A-Za-z] (.*)$/\1 \2/' >"$work/defined"
[ -s "$work/defined" ] || { echo "FAIL $engine: nm finds nothing in it"; exit 1; }

check() { # what, pattern for the symbol, pattern of members that may
  local found
  found=$(grep -E "^[^ ]+ ($2)" "$work/undefined" | grep -vE "^(${3:-nobody}) " | sort -u)
  if [ -z "$found" ]; then echo "ok $1"; else echo "FAIL $1: $(tr '\n' ';' <<<"$found" | c++filt)"; failed=1; fi
}
# The members that use tinyxml2: those, and no others, may allocate with new.
xml=$(grep -E '^[^ ]+ _ZN.*8tinyxml2' "$work/undefined" | cut -d' ' -f1 | sort -u | paste -sd'|')
if [ "$(tr '|' '\n' <<<"$xml" | grep -c .)" -le 1 ]; then echo "ok one member calls tinyxml2 (${xml:-none yet})"; else echo "FAIL more than one member calls tinyxml2: $xml"; failed=1; fi
check "no operator new or delete" '_Zn[wa]|_Zd[la]Pv' "$xml"
check "no malloc of its own" '(malloc|calloc|realloc|strdup|free|posix_memalign|aligned_alloc)(@|$)'
check "no thread" 'pthread_|_ZNSt6thread|_ZNSt5mutex|sem_|thrd_|mtx_'
check "no clock" '(time|clock|clock_gettime|gettimeofday|localtime|gmtime|mktime|localtime_r|nanosleep|usleep|sleep)(@|$)|_ZNSt6chrono'
check "no socket, file or process" '(socket|connect|bind|listen|accept|send|recv|sendto|recvfrom|poll|select|getaddrinfo|open|fopen|read|write|fork|system|getenv)(@|$)|epoll_'
check "no random source" '(rand|srand|random|getrandom|arc4random)(@|$)|_ZNSt13random_device'
check "no stream" '_ZN?K?St[0-9]*(basic_)?(i|o|io)stream|_ZSt4cout|_ZSt4cerr|_ZNSo|_ZNSi|_ZNSt8ios_base|(printf|fprintf|puts|putchar)(@|$)'
check "no Asio, no mbedTLS, no zlib" '_ZN4asio|mbedtls_|inflate|http_parser'
check "no std::string, no container" '_ZNSs|_ZNK?St7__cxx1112basic_string|_ZSt20__throw_(length|out_of)'
check "no exceptions" '__cxa_(throw|begin_catch|allocate_exception)|__gxx_personality|_Unwind_Resume'
check "no RTTI" '__dynamic_cast|_ZTI|_ZTVN10__cxxabiv'

# It can fail: a member that breaks the rules is seen.
printf '#include <cstdio>\nint* f() { std::puts("x"); return new int; }\n' >"$work/wrong.cpp"
g++ -c "$work/wrong.cpp" -o "$work/wrong.o" && nm --undefined-only "$work/wrong.o" | grep -qE ' _Zn[wa]' && echo "ok a planted operator new is visible to nm" || { echo "FAIL nm does not show operator new"; failed=1; }

# All of it links with SQLite and tinyxml2 and nothing else of ours.
printf 'int main() { return 0; }\n' >"$work/main.cpp"
if g++ "$work/main.cpp" -o "$work/alone" -Wl,--whole-archive "$engine" "$wbxml" -Wl,--no-whole-archive -lsqlite3 -ltinyxml2 -Wl,--no-undefined 2>"$work/link.log"; then
  echo "ok links with SQLite and tinyxml2 alone"
else
  echo "FAIL does not link alone:"; grep 'undefined' "$work/link.log" | sort -u | head -20; failed=1
fi
# And it configures and builds where nothing else is installed.
if cmake -S . -B "$build-engine-only" -G Ninja -DHANDSYNC_ENGINE_ONLY=ON -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1" >"$work/only.log" 2>&1 &&
   cmake --build "$build-engine-only" >>"$work/only.log" 2>&1; then
  echo "ok builds alone (HANDSYNC_ENGINE_ONLY)"
else
  echo "FAIL does not build alone:"; tail -20 "$work/only.log"; failed=1
fi
# And without what a firmware may leave out.
less=$build-engine-less
if cmake -S . -B "$less" -G Ninja -DHANDSYNC_ENGINE_ONLY=ON -DHANDSYNC_CLASSES=calendar -DHANDSYNC_VERSION_MIN=14.0 -DHANDSYNC_SEARCH=OFF \
     -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1" >"$work/less.log" 2>&1 && cmake --build "$less" >>"$work/less.log" 2>&1 &&
   g++ -std=c++20 -O1 -DHANDSYNC_CLASSES=3 -DHANDSYNC_VERSION_MIN=140 -Iengine -Iengine/include -Ihal/include -Itests/engine tests/engine/options_test.cpp \
     tests/main.cpp -o "$work/options_tests" "$less/libhandsync_engine.a" "$less/libhandsync_wbxml.a" -lsqlite3 -ltinyxml2 -lCppUTest 2>>"$work/less.log"; then
  "$work/options_tests" >"$work/less.log" 2>&1 && echo "ok mail and calendar from 14.0 on: $(grep '^OK' "$work/less.log")" ||
    { echo "FAIL mail and calendar from 14.0 on:"; cat "$work/less.log"; failed=1; }
else
  echo "FAIL does not build without classes and old versions:"; tail -20 "$work/less.log"; failed=1
fi
if cmake -S . -B "$less-wrong" -G Ninja -DHANDSYNC_ENGINE_ONLY=ON -DHANDSYNC_CLASSES=calender >/dev/null 2>&1; then
  echo "FAIL a class that does not exist is taken for one"; failed=1
else
  echo "ok a class that does not exist is refused"
fi
rm -rf "$less-wrong"
exit $failed
