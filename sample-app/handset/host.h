/// The process that owns a home: it runs the commands of this and of other processes on one phone.
#pragma once
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "handset/home.h"
#include "handset/io.h"
#include "handset/phone.h"
#include "handset/request.h"

namespace handset {

class Host {
 public:
  /// The lock is held already. Throws Failure when the phone does not start.
  Host(Home&, const std::string& hal);
  ~Host();  ///< as finish()
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  static constexpr int kMoved = -1;
  /// Runs one command to its end and reports its failure; its exit status, or kMoved: to be begun again elsewhere. Any
  /// thread.
  int run(const Request&, const CommandLine&, Io&);
  /// Takes commands of other processes from now on.
  void listen();
  /// Takes none any more, sends on what can be begun again elsewhere, and waits for the rest.
  void finish();

  Phone& phone() { return *phone_; }
  using Start = std::function<void()>;
  /// Ends every other command (they begin again afterwards) and runs `work` alone; it may replace the phone by calling
  /// `start` after resetting it.
  void exclusive(Io& own, const std::function<void(std::unique_ptr<Phone>&, const Start&)>& work);

 private:
  struct Visitor;
  void accept_visitors();
  void serve(Visitor&);
  int run_once(const Request&, const CommandLine&, Io&);

  Home& home_;
  std::string hal_;
  std::unique_ptr<Phone> phone_;

  std::mutex mutex_;
  std::condition_variable changed_;
  struct Running {
    Io* io = nullptr;
    bool movable = false;  ///< runs long, and loses nothing when it begins again in another process
  };
  std::list<Running> running_;
  bool exclusive_ = false, finishing_ = false;
  std::list<std::unique_ptr<Visitor>> visitors_;
  int listening_fd_ = -1, stop_pipe_[2] = {-1, -1};
  std::thread acceptor_;
};

/// Hands the command to the owner of the home and copies what it writes. Nothing: there is no owner (any more) and
/// nothing has been done; try to become it.
std::optional<int> run_at_owner(const Home&, const Request&, LocalIo&);

}  // namespace handset
