/// Slow device work on one thread of its own, one job at a time in the order posted.
#pragma once
#include <functional>
#include <memory>

#include "asio/loop.h"
#include "pump/pump.h"

namespace handsync {

class Worker final : public Jobs {
 public:
  /// `done` runs on the loop's thread: there say engine.job_done(id, loop.now()).
  Worker(Loop&, hal::Device&, std::function<void(JobId)> done);
  ~Worker();  ///< asks the running job to give up (Progress::step() becomes false), then waits for it
  void post(JobId, Job&) override;
  bool busy() const;  ///< a job runs or waits, or its `done` has not been called yet

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace handsync
