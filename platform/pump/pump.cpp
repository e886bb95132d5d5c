#include "pump/pump.h"

#include <algorithm>
#include <iterator>

namespace handsync {

Result<std::size_t> EngineListener::read_body(RequestId id, Room room) { return engine_.read_body(id, room); }
Status EngineListener::rewind_body(RequestId id) { return engine_.rewind_body(id); }
void EngineListener::response_head(RequestId id, int http_status, std::span<const Header> headers,
                                   const Channel& channel, Instant now) {
  engine_.response_head(id, http_status, headers, channel, now);
}
void EngineListener::response_body(RequestId id, Bytes bytes, Instant now) { engine_.response_body(id, bytes, now); }
void EngineListener::response_end(RequestId id, Instant now) { engine_.response_end(id, now); }
void EngineListener::failed(RequestId id, Error error, Instant now) { engine_.failed(id, error, now); }
void EngineListener::looked_up(RequestId id, std::span<const Text> hosts, Instant now) {
  engine_.looked_up(id, hosts, now);
}

void report_carried(Engine& engine, const Carrier& carrier) {
  AccountId ids[16];
  const std::size_t count = std::min(engine.accounts(ids), std::size(ids));
  for (std::size_t i = 0; i < count; ++i) {
    const Counters counters = carrier.counters(ids[i]);
    engine.carried(ids[i], {counters.connections, counters.handshakes_full, counters.handshakes_resumed,
                            counters.bytes_in, counters.bytes_out});
  }
}

void pump(Engine& engine, Carrier& carrier, Ui& ui, Jobs& jobs) {
  Effect effect;
  while (engine.next(effect)) {
    if (const auto* send = std::get_if<Send>(&effect)) {
      carrier.begin(*send);
    } else if (const auto* cancel = std::get_if<Cancel>(&effect)) {
      carrier.cancel(cancel->id);
    } else if (const auto* look_up = std::get_if<LookUp>(&effect)) {
      carrier.look_up(*look_up);
    } else if (const auto* run = std::get_if<Run>(&effect)) {
      jobs.post(run->id, engine.job(run->id));
    } else if (const auto* ask = std::get_if<Ask>(&effect)) {
      ui.ask(*ask);
    } else if (const auto* withdraw = std::get_if<Withdraw>(&effect)) {
      ui.withdraw(withdraw->id);
    } else if (const auto* tell = std::get_if<Tell>(&effect)) {
      ui.tell(*tell);
    }
  }
  report_carried(engine, carrier);
}

}  // namespace handsync
