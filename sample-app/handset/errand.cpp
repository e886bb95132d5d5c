#include "handset/errand.h"

#include <chrono>
#include <thread>

namespace handset {

using handsync::Engine;
using handsync::Instant;

constexpr auto kBusyPause = std::chrono::milliseconds(50);

void run_errand(Session& session, handsync::AccountId account, Answers& answers, const ErrandWork& work) {
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  for (;;) {
    const handsync::Status begun = session.phone.call(work.begin);
    if (begun.ok()) break;
    if (begun.error() != handsync::engine_fault(handsync::EngineFault::kBusy)) throw failure_of(begun.error());
    check_stop(session);
    std::this_thread::sleep_for(kBusyPause);
  }
  struct Abandoner {
    Session& session;
    handsync::AccountId account;
    const ErrandWork& work;
    ~Abandoner() {
      if (work.ended()) return;
      session.phone.call([&](Engine& engine, Instant now) {
        engine.abandon(account, now);
        return true;
      });
    }
  } abandoner{session, account, work};
  // The account may be idle once more before: of what was asked for earlier.
  while (!work.ended()) wait_idle(session, *inbox, account, answers, work.doing, work.detail);
}

}  // namespace handset
