#include "asio/worker.h"

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include <CppUTest/TestHarness.h>

using namespace handsync;

namespace {

/// Jobs of these tests ask nothing of the device.
struct NoDevice final : hal::Device {
  hal::Entropy& entropy() override { std::abort(); }
  hal::Records& records() override { std::abort(); }
  hal::Keys& keys() override { std::abort(); }
  hal::Erase& erase() override { std::abort(); }
  Text model() const override { return "none"; }
};

struct Noted final : Job {
  explicit Noted(std::vector<int>& log_in, int number_in) : log(log_in), number(number_in) {}
  void run(hal::Device&, hal::Progress&) override {
    thread = std::this_thread::get_id();
    log.push_back(number);
  }
  std::vector<int>& log;
  int number;
  std::thread::id thread;
};

struct Endless final : Job {
  void run(hal::Device&, hal::Progress& progress) override {
    while (progress.step()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    gave_up = true;
  }
  bool gave_up = false;
};

}  // namespace

TEST_GROUP(Worker) { NoDevice device; };

TEST(Worker, RunsJobsInOrderElsewhereAndSaysSoHere) {
  Loop loop;
  std::vector<int> ran;
  std::vector<std::uint32_t> done;
  std::thread::id done_on;
  Worker worker(loop, device, [&](JobId id) {
    done.push_back(static_cast<std::uint32_t>(id));
    done_on = std::this_thread::get_id();
  });
  CHECK_FALSE(worker.busy());
  Noted first(ran, 1), second(ran, 2);
  worker.post(JobId{1}, first);
  worker.post(JobId{2}, second);
  CHECK(worker.busy());
  CHECK(loop.run_until([&] { return done.size() == 2; }, loop.now().mono_ms + 5'000));
  CHECK((ran == std::vector<int>{1, 2}));
  CHECK((done == std::vector<std::uint32_t>{1, 2}));
  CHECK(first.thread != std::this_thread::get_id());
  CHECK(done_on == std::this_thread::get_id());
  CHECK_FALSE(worker.busy());
}

TEST(Worker, GivesUpWhenItEnds) {
  Loop loop;
  Endless job;
  int done = 0;
  {
    Worker worker(loop, device, [&](JobId) { ++done; });
    worker.post(JobId{1}, job);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK_FALSE(loop.run_until([] { return false; }, loop.now().mono_ms + 20));
  LONGS_EQUAL(0, done);  // nobody is left to tell
}
