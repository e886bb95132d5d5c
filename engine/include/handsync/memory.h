/// The engine's only source of memory. Null is an answer: every allocation may fail without harm.
#pragma once
#include "handsync/base.h"

namespace handsync {

struct Memory {
  void* (*take)(void* self, std::size_t bytes) = nullptr;  ///< aligned for any type; null = none left
  void (*give)(void* self, void* block) = nullptr;
  void* self = nullptr;
};

}  // namespace handsync
