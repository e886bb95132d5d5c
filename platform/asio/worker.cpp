#include "asio/worker.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace handsync {

struct Worker::Impl {
  struct Stop final : hal::Progress {
    bool step() override { return !wanted; }
    std::atomic<bool> wanted{false};
  };
  struct Entry {
    JobId id;
    Job* job;
  };
  /// What a posted `done` looks at: the worker may be gone by then. Loop's thread only.
  struct Account {
    std::function<void(JobId)> done;
    std::size_t open = 0;
  };

  void work() {
    for (;;) {
      Entry entry{};
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [this] { return stop.wanted || !queue.empty(); });
        if (stop.wanted) return;
        entry = queue.front();
        queue.pop_front();
      }
      entry.job->run(device, stop);
      loop.post([account = account, id = entry.id] {
        --account->open;
        if (account->done) account->done(id);
      });
    }
  }

  Loop& loop;
  hal::Device& device;
  std::shared_ptr<Account> account = std::make_shared<Account>();
  Stop stop;
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<Entry> queue;
  std::thread thread;
};

Worker::Worker(Loop& loop, hal::Device& device, std::function<void(JobId)> done) : impl_(new Impl{loop, device}) {
  impl_->account->done = std::move(done);
  impl_->thread = std::thread([impl = impl_.get()] { impl->work(); });
}

Worker::~Worker() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop.wanted = true;
  }
  impl_->ready.notify_one();
  impl_->thread.join();
  impl_->account->done = nullptr;
}

void Worker::post(JobId id, Job& job) {
  ++impl_->account->open;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->queue.push_back({id, &job});
  }
  impl_->ready.notify_one();
}

bool Worker::busy() const { return impl_->account->open != 0; }

}  // namespace handsync
