/// Power fails at every durable operation in turn, in each way it can. Kit is a device's home: `options.power` is asked
/// before each operation, `open()` starts the device.
#pragma once
#include <string_view>

namespace handsync::test {

/// On a fresh Kit each time: `prepare(kit)`, then `work(device)` with one cut, then `judge(kit, told)`; `told`: the
/// work ended before the power did. Returns how many points there were.
template <class Kit, class Cut, class PowerCut, class Prepare, class Work, class Judge>
unsigned cut_everywhere(Prepare prepare, Work work, Judge judge) {
  unsigned points = 0;
  for (const Cut kind : {Cut::kBefore, Cut::kTorn, Cut::kAfter}) {
    for (unsigned n = 1;; ++n) {
      Kit kit;
      prepare(kit);
      unsigned count = 0;
      bool armed = false, told = false, cut = false;
      kit.options.power = [&](std::string_view, std::string_view) { return armed && ++count == n ? kind : Cut::kNone; };
      {
        auto device = kit.open();
        armed = true;
        try {
          work(*device);
          told = true;
          device->cut_power();
        } catch (const PowerCut&) {
          cut = true;
        }
      }
      kit.options.power = nullptr;
      judge(kit, told);
      ++points;
      if (!cut) break;
    }
  }
  return points;
}

}  // namespace handsync::test
