/// How a host runs the engine. After every call into it (and after every event of the loop) the host calls pump(), then
/// arms a timer for Engine::wake():
///
///     EngineListener listener(*engine);
///     Carrier carrier(loop.sockets(), listener, device.entropy(), &roots);
///     loop.each_turn([&] {
///       if (engine->wake().at_ms <= loop.now().mono_ms) engine->tick(loop.now());
///       pump(*engine, carrier, ui, jobs);
///       loop.wake_at(engine->wake().at_ms);
///     });
///     loop.run_until([&] { return finished; });
#pragma once
#include "pump/carrier.h"

namespace handsync {

/// A person, or a script in their place. Texts are borrowed until the call returns. Must not call the engine from
/// inside: remember, and call it from the next turn.
class Ui {
 public:
  virtual void ask(const Ask&) = 0;
  virtual void withdraw(QuestionId) = 0;
  virtual void tell(const Tell&) = 0;

 protected:
  ~Ui() = default;
};

/// Runs slow device work one job at a time, then says Engine::job_done on the engine's thread: a worker thread
/// (platform/asio/worker.h), or inline on bare metal.
class Jobs {
 public:
  virtual void post(JobId, Job&) = 0;

 protected:
  ~Jobs() = default;
};

/// Passes everything a Carrier reports on to an engine, with nothing in between.
class EngineListener final : public Listener {
 public:
  explicit EngineListener(Engine& engine) : engine_(engine) {}
  Result<std::size_t> read_body(RequestId, Room) override;
  Status rewind_body(RequestId) override;
  void response_head(RequestId, int http_status, std::span<const Header>, const Channel&, Instant) override;
  void response_body(RequestId, Bytes, Instant) override;
  void response_end(RequestId, Instant) override;
  void failed(RequestId, Error, Instant) override;
  void looked_up(RequestId, std::span<const Text> hosts, Instant) override;

 private:
  Engine& engine_;
};

/// Pulls effects until there are none and hands each to the one who does it; then says what the connections have
/// carried.
void pump(Engine&, Carrier&, Ui&, Jobs&);
/// That last part alone, before a host closes both.
void report_carried(Engine&, const Carrier&);

}  // namespace handsync
