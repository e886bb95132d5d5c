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

/// The device's time, as its host hands it to the engine.
handsync::Instant now_of_device_under_test();

/// As if the network delivered a text to the device. False = this port cannot have that done inside a program.
bool text_arrives_at_device_under_test(handsync::Text number, handsync::Text text);
/// How often that text has left the device for that number; -1 = this port cannot tell.
int texts_that_left_device_under_test(handsync::Text number, handsync::Text text);

/// What this port has promised to have on the machine it is tested on; the suite fails when it is missing.
struct Promises {
  bool trust = false;   ///< roots to verify servers with
  bool lock = false;    ///< a screen lock that reads back
  bool radios = false;  ///< Wi-Fi and Bluetooth enforced
};
Promises promises_of_device_under_test();

namespace conformance {

struct Patience final : handsync::hal::Progress {
  bool step() override {
    ++steps;
    return true;
  }
  unsigned steps = 0;
};

}  // namespace conformance
