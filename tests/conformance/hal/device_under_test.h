// What a port gives to be tested: link the *_test.cpp of this folder, tests/main.cpp and one file that defines these
// functions. The suite writes records, makes and destroys keys in slots 40 to 44 and, at its very end, resets the
// device to its factory state.
#pragma once
#include "handsync/hal/device.h"

handsync::hal::Device& device_under_test();

/// As after switching the device off and on: only what is durable is left. False = this port cannot do that inside a
/// program.
bool restart_device_under_test();

/// Runs `work`, cutting the power at the n-th durable operation (n from 1), before it or after it, and restarts the
/// device. True = it was cut there; false = `work` ended before, or this port cannot cut the power.
bool cut_power_at(unsigned n, bool after, void (*work)(handsync::hal::Device&));

namespace conformance {

struct Patience final : handsync::hal::Progress {
  bool step() override {
    ++steps;
    return true;
  }
  unsigned steps = 0;
};

}  // namespace conformance
