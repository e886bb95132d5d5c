/// Memory that is there.
#pragma once
#include <cstdlib>

#include "handsync/memory.h"

namespace handsync::autodiscover {

inline const Memory kMemory{[](void*, std::size_t bytes) { return std::malloc(bytes); },
                            [](void*, void* block) { std::free(block); }};

}  // namespace handsync::autodiscover
