/// The engine's only source of memory. Null is an answer: every allocation may fail without harm.
#pragma once
#include "handsync/base.h"

namespace handsync {

struct Memory {
  void* (*take)(void* self, std::size_t bytes) = nullptr;  ///< aligned for any type; null = none left
  void (*give)(void* self, void* block) = nullptr;
  void* self = nullptr;
  /// Null, or: `operator new` takes from `room` from now on and `operator delete` gives nothing of it back; an empty
  /// room ends that. Called around the parse of an Autodiscover answer (tinyxml2 knows no other way to memory, and no
  /// answer when there is none), on the engine thread. For programs of one thread whose `operator new` is their own;
  /// where it is null, a block as large was there just before.
  void (*lend)(void* self, Room room) = nullptr;
};

/// A block of Memory for the length of a scope. Used on whatever thread its owner runs on; nothing of it survives a
/// reset.
class Block {
 public:
  explicit Block(Memory memory) : memory_(memory) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { give(); }

  /// In place of what it had. None is taken for 0 bytes. Fails when there are no `bytes` left.
  Status take(std::size_t bytes) {
    give();
    if (bytes == 0) return Done{};
    data_ = static_cast<std::byte*>(memory_.take(memory_.self, bytes));
    if (data_ == nullptr) return out_of_memory(bytes);
    bytes_ = bytes;
    return Done{};
  }
  Room room() const { return {data_, bytes_}; }
  std::byte* data() const { return data_; }

 private:
  void give() {
    if (data_ != nullptr) memory_.give(memory_.self, data_);
    data_ = nullptr;
    bytes_ = 0;
  }

  Memory memory_;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace handsync
