/// The phone in this process: engine, carrier, worker and device on one thread of their own. Commands run on other
/// threads; they reach the engine through call() and hear of it through an Inbox.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "asio/system_trust.h"
#include "handset/home.h"
#include "handset/replicas.h"
#include "handset/trace.h"
#include "posix/hosted.h"
#include "pump/pump.h"

namespace handsync {
class Loop;
class Worker;
}  // namespace handsync

namespace handset {

/// What the engine told or asked, as a copy.
struct Event {
  enum class Kind : std::uint8_t { kTell, kAsk, kWithdraw };
  Kind kind = Kind::kTell;
  handsync::AccountId account{};
  handsync::Notice notice{};
  std::uint32_t folder = 0, count = 0;
  std::uint64_t generation = 0;
  handsync::QuestionId question_id{};
  handsync::Question question{};
  std::string detail;
};

/// One command's queue of events. put() and wake() may come from any thread.
class Inbox {
 public:
  void put(const Event&);
  void wake();
  /// The next event; nothing after `patience`, or when woken.
  std::optional<Event> next(std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Event> events_;
  bool woken_ = false;
};

/// What the person gives for an account's connections, PEM each; empty = none.
struct TlsFiles {
  std::string ca, certificate, key;
};

handsync::Memory heap();  ///< of the process

class Phone final : private handsync::Ui, private handsync::Listener {
 public:
  /// Switches the phone on: opens device and engine, so that the boot gate has run when this returns. Throws Failure.
  Phone(Home&, const std::string& hal);
  /// Waits for device work that must not be cut short, then closes everything.
  ~Phone();
  Phone(const Phone&) = delete;
  Phone& operator=(const Phone&) = delete;

  /// Runs `work(Engine&, Instant)` on the phone's thread and waits for it. Its effects are carried out afterwards. Not
  /// to be called from inside `work`.
  template <class Work>
  auto call(Work work) -> std::invoke_result_t<Work, handsync::Engine&, handsync::Instant> {
    using Answer = std::invoke_result_t<Work, handsync::Engine&, handsync::Instant>;
    std::packaged_task<Answer()> task([&] { return work(*engine_, device_->now()); });
    std::future<Answer> answer = task.get_future();
    post([&task] { task(); });
    return answer.get();
  }

  /// From now on; questions that are open already come first.
  std::shared_ptr<Inbox> subscribe();
  /// True: this was the first answer.
  bool answer(handsync::QuestionId, std::uint16_t choice, const std::string& secret);

  /// HOST:PORT:ADDR:PORT as in curl. False: not of that form.
  bool connect_to(const std::string&);
  /// In one step, so that nothing is sent before it is known whom the account trusts; marked as half-added in the home.
  handsync::Result<handsync::AccountId> add_account(const handsync::AccountSettings&, const std::string& password,
                                                    const TlsFiles&);
  /// Removes it with all that belongs to it, and waits until that is done.
  handsync::Status remove_account(handsync::AccountId);
  /// After an account has gone: connections, tickets, cookies, and what the home keeps of it.
  void forget(handsync::AccountId);

  /// Where the phone is, from now on and for later processes.
  void set_battery(unsigned percent);
  void set_roaming(bool);

  TraceHub& traces() { return *traces_; }
  handsync::hal::posix::HostedDevice& device() { return *device_; }
  Home& home() { return home_; }
  handsync::Counters counters();
  /// The person did something: the screen lock's time starts again, here and for the next process.
  void user_active();
  std::int64_t wall_ms() const { return device_->now().wall_ms; }

  /// Push is on while somebody watches.
  handsync::Status watch(handsync::AccountId);
  void unwatch(handsync::AccountId);

 private:
  void post(std::function<void()>);
  void run(std::promise<handsync::Error>& ready);
  void broadcast(const Event&);
  handsync::Network network() const;
  void tell_zone();
  void trust_accounts();
  void save_tickets();
  handsync::Status keep(handsync::AccountId, const TlsFiles&);
  void save_traffic();
  void settle_accounts();

  void ask(const handsync::Ask&) override;
  void withdraw(handsync::QuestionId) override;
  void tell(const handsync::Tell&) override;

  handsync::Result<std::size_t> read_body(handsync::RequestId, handsync::Room) override;
  handsync::Status rewind_body(handsync::RequestId) override;
  void response_head(handsync::RequestId, int, std::span<const handsync::Header>, const handsync::Channel&,
                     handsync::Instant) override;
  void response_body(handsync::RequestId, handsync::Bytes, handsync::Instant) override;
  void response_end(handsync::RequestId, handsync::Instant) override;
  void failed(handsync::RequestId, handsync::Error, handsync::Instant) override;
  void looked_up(handsync::RequestId, std::span<const handsync::Text>, handsync::Instant) override;

  Home& home_;
  std::unique_ptr<handsync::hal::posix::HostedDevice> device_;
  std::unique_ptr<Replicas> replicas_;
  handsync::SystemTrust roots_;
  std::unique_ptr<TraceHub> traces_;
  std::string replica_directory_;

  // Of the phone's thread.
  handsync::Loop* loop_ = nullptr;
  handsync::Engine* engine_ = nullptr;
  handsync::Carrier* carrier_ = nullptr;
  handsync::Worker* worker_ = nullptr;
  bool stopping_ = false;
  std::int64_t zone_told_min_ = -1;
  std::map<handsync::AccountId, int> watchers_;

  std::mutex mutex_;  // of the two below
  std::vector<std::weak_ptr<Inbox>> inboxes_;
  std::map<handsync::QuestionId, Event> open_;

  std::thread thread_;
};

}  // namespace handset
