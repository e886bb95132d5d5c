#include "handset/host.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <new>

#include "handset/failure.h"
#include "handset/session.h"
#include "handset/wire.h"

namespace handset {
namespace {

struct Command {
  const char* name;
  int (*run)(Session&);
};
constexpr Command kCommands[] = {
    {"account add", account_add},
    {"account list", account_list},
    {"account set", account_set},
    {"account remove", account_remove},
    {"folders", show_folders},
    {"folder select", folder_select},
    {"folder deselect", folder_select},
    {"folder set", folder_set},
    {"folder create", folder_change},
    {"folder rename", folder_change},
    {"folder delete", folder_change},
    {"folder empty", folder_empty},
    {"sync", sync_now},
    {"watch", watch},
    {"list", list_items},
    {"search", search_items},
    {"show", show_item},
    {"body", show_body},
    {"attachment", fetch_attachment},
    {"people", show_people},
    {"free-busy", show_free_busy},
    {"out-of-office show", show_absence},
    {"out-of-office set", set_absence},
    {"mark", mark_item},
    {"send", send_message},
    {"reply", reply_message},
    {"forward", forward_message},
    {"draft add", draft_add},
    {"draft edit", draft_edit},
    {"draft send", draft_send},
    {"sms receive", sms_receive},
    {"sms send", sms_send},
    {"respond", respond_meeting},
    {"move", move_item},
    {"conversation", move_conversation},
    {"delete", delete_item},
    {"event add", add_item},
    {"event edit", edit_item},
    {"event delete", delete_personal},
    {"contact add", add_item},
    {"contact edit", edit_item},
    {"contact delete", delete_personal},
    {"task add", add_item},
    {"task edit", edit_item},
    {"task delete", delete_personal},
    {"note add", add_item},
    {"note edit", edit_item},
    {"note delete", delete_personal},
    {"task done", edit_item},
    {"queue", show_queue},
    {"queue retry", queue_retry},
    {"queue drop", queue_drop},
    {"conflicts", show_conflicts},
    {"conflicts keep-mine", keep_mine},
    {"conflicts keep-theirs", keep_theirs},
    {"policy", show_policy},
    {"status", show_status},
    {"schedule show", schedule_show},
    {"schedule set", schedule_set},
    {"device status", device_status},
    {"device lock", device_lock},
    {"device unlock", device_unlock},
    {"device set-pin", device_set_pin},
    {"device reboot", device_reboot},
    {"device touch", device_touch},
    {"device clock", device_clock},
    {"device recover", device_recover},
    {"device radio", device_radio},
    {"device roaming", device_roaming},
    {"device battery", device_battery},
    {"device card in", device_card},
    {"device card out", device_card},
    {"device card list", device_card},
    {"device card put", device_card},
    {"device card show", device_card},
    {"device program", device_program},
    {"device wipe", device_wipe},
    {"device new", device_new},
    {"device check", device_check},
    {"demo", demo},
};

bool is_movable(const std::string& command) { return command == "watch" || command == "sync"; }

/// Goes on until somebody interrupts it: that is then its normal end.
bool ends_by_hand(const CommandLine& line) { return line.command == "watch" || (line.command == "demo" && line.stay); }

void report(Io& io, bool json, const Failure& failure) {
  io.err(sentence(failure) + "\n");
  if (json) io.out(error_json(failure) + "\n");
}

/// A trace for as long as one command runs.
class Tracing {
 public:
  Tracing(Phone& phone, const std::string& path) : phone_(phone), path_(path) {
    if (path_.empty()) return;
    phone_.traces().open(path_);
    phone_.device().add_trace(path_);
  }
  ~Tracing() {
    if (!path_.empty()) phone_.traces().close(path_);
  }
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

 private:
  Phone& phone_;
  std::string path_;
};

/// A command of another process: its words go through the socket.
class RemoteIo final : public Io {
 public:
  RemoteIo(int fd, const Request& request) : fd_(fd) {
    out_terminal = request.out_terminal;
    err_terminal = request.err_terminal;
    can_ask = request.can_ask;
    columns = request.columns;
    utc_offset_s = request.utc_offset_s;
  }

  void out(std::string_view text) override {
    pending_ += text;
    if (pending_.size() >= kPendingMax) flush();
  }
  void flush() override {
    if (!pending_.empty()) send(Word::kOut, pending_);
    pending_.clear();
  }
  void err(std::string_view text) override {
    flush();
    send(Word::kErr, text);
  }
  std::optional<std::string> ask(std::string_view question, bool secret) override {
    if (!can_ask) return std::nullopt;
    flush();
    send(Word::kAsk, (secret ? "s" : "p") + std::string(question));
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [&] { return !answers_.empty() || stopped() != Stop::kNone; });
    if (answers_.empty()) return std::nullopt;
    std::string answer = std::move(answers_.front());
    answers_.pop_front();
    if (answer.empty() || answer[0] != 'y') return std::nullopt;
    return answer.substr(1);
  }

  /// The visitor's thread: everything it sends from now on.
  void listen() {
    while (const std::optional<Frame> frame = receive_frame(fd_)) {
      if (frame->word != Word::kAnswer) continue;
      const std::scoped_lock lock(mutex_);
      answers_.push_back(frame->text);
      answered_.notify_all();
    }
    interrupt(Stop::kUser);
    const std::scoped_lock lock(mutex_);
    answered_.notify_all();
  }

 private:
  static constexpr std::size_t kPendingMax = 32768;
  void send(Word word, std::string_view text) {
    if (!send_frame(fd_, word, text)) interrupt(Stop::kUser);
  }
  int fd_;
  std::string pending_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::deque<std::string> answers_;
};

}  // namespace

struct Host::Visitor {
  int fd = -1;
  bool busy = false, done = false;
  std::thread thread;
};

Host::Host(Home& home, const std::string& hal) : home_(home), hal_(hal), phone_(std::make_unique<Phone>(home, hal)) {}

Host::~Host() { finish(); }

int Host::run(const Request& request, const CommandLine& line, Io& io) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !exclusive_ || finishing_; });
      if (finishing_) return kMoved;
      if (io.stopped() == Stop::kRestart) io.resume();
      running_.push_back({&io, is_movable(line.command)});
    }
    const int exit = run_once(request, line, io);
    const std::scoped_lock lock(mutex_);
    running_.remove_if([&](const Running& each) { return each.io == &io; });
    changed_.notify_all();
    if (exit != kMoved) return exit;
    if (finishing_) return kMoved;
  }
}

int Host::run_once(const Request& request, const CommandLine& line, Io& io) {
  int exit = kBug;
  try {
    if (!line.hal.empty() && line.hal != hal_) {
      throw machine("the home is in use with --hal " + hal_, "wait until the other command has ended");
    }
    for (const std::string& rule : line.connect_to) {
      if (!phone_->connect_to(rule)) {
        throw usage("`" + rule + "` is not of the form HOST:PORT:ADDR:PORT",
                    "for example --connect-to mail.example.test:443:127.0.0.1:8443");
      }
    }
    std::string trace = line.trace;
    if (!trace.empty() && trace.front() != '/') trace = request.working_directory + "/" + trace;
    if (line.command != "device new") {
      const handsync::DeviceView device =
          phone_->call([](handsync::Engine& engine, handsync::Instant) { return engine.device(); });
      if (device.wiped || device.wiping) {
        throw Failure{kWiped, "policy", 0, "this phone has been wiped",
                      "`handset device new` makes a new phone of this home"};
      }
      if (is_content(line.command)) {
        if (device.locked)
          throw Failure{kBlocked, "policy", 0, "the phone is locked", "unlock it with `handset device unlock`"};
        phone_->user_active();
      }
    }
    // A command that replaces the phone cannot hold on to its traces.
    const bool replaces = line.command == "device new" || line.command == "device reboot";
    const Tracing tracing(*phone_, replaces ? "" : trace);
    Session session{line, request, io, *phone_, *this};
    for (const Command& command : kCommands) {
      if (line.command == command.name) exit = command.run(session);
    }
  } catch (const Stopped&) {
    exit = io.stopped() == Stop::kRestart ? kMoved : ends_by_hand(line) ? kDone : kInterrupted;
  } catch (const Failure& failure) {
    report(io, line.json, failure);
    exit = failure.exit;
  } catch (const std::bad_alloc&) {
    report(io, line.json, machine("there is not enough memory", "close other programs and try again"));
    exit = kMachine;
  } catch (const std::exception& error) {
    report(
        io, line.json,
        {kBug, "internal", 0, std::string("internal fault: ") + error.what(), "please report it with what you typed"});
    exit = kBug;
  }
  try {
    io.flush();
  } catch (const Failure& failure) {
    report(io, false, failure);
    return failure.exit;
  }
  if (exit == kMachine) return exit;
  if (exit != kMoved && io.stopped() == Stop::kUser && line.command != "watch" && line.command != "demo")
    exit = kInterrupted;
  return exit;
}

void Host::exclusive(Io& own, const std::function<void(std::unique_ptr<Phone>&, const Start&)>& work) {
  {
    std::unique_lock lock(mutex_);
    while (exclusive_ && own.stopped() == Stop::kNone) changed_.wait_for(lock, std::chrono::milliseconds(100));
    if (own.stopped() != Stop::kNone) throw Stopped{};
    exclusive_ = true;
    for (const Running& each : running_) {
      if (each.io != &own) each.io->interrupt(Stop::kRestart);
    }
    changed_.wait(lock, [&] { return running_.size() <= 1; });
  }
  struct Open {
    Host& host;
    ~Open() {
      const std::scoped_lock lock(host.mutex_);
      host.exclusive_ = false;
      host.changed_.notify_all();
    }
  } open{*this};
  const Start start = [this] { phone_ = std::make_unique<Phone>(home_, hal_); };
  work(phone_, start);
}

void Host::listen() {
  listening_fd_ = listen_in(home_.directory_fd());
  if (listening_fd_ < 0 || ::pipe2(stop_pipe_, 0) != 0) {
    throw machine(std::string("the home's socket cannot be made: ") + std::strerror(errno),
                  "give another directory with --home");
  }
  acceptor_ = std::thread([this] { accept_visitors(); });
}

void Host::accept_visitors() {
  for (;;) {
    std::array<pollfd, 2> ready{{{listening_fd_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    if ((ready[0].revents & POLLIN) == 0) continue;
    const int fd = ::accept4(listening_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::scoped_lock lock(mutex_);
    visitors_.remove_if([](const std::unique_ptr<Visitor>& each) {
      if (!each->done) return false;
      each->thread.join();
      ::close(each->fd);
      return true;
    });
    visitors_.push_back(std::make_unique<Visitor>());
    Visitor& visitor = *visitors_.back();
    visitor.fd = fd;
    visitor.thread = std::thread([this, &visitor] { serve(visitor); });
  }
}

void Host::serve(Visitor& visitor) {
  const auto done = [&] {
    ::shutdown(visitor.fd, SHUT_RDWR);
    const std::scoped_lock lock(mutex_);
    visitor.done = true;
    changed_.notify_all();
  };
  if (!is_same_user(visitor.fd) || !send_frame(visitor.fd, Word::kHello, "")) return done();
  const std::optional<Frame> frame = receive_frame(visitor.fd);
  const std::optional<Request> request =
      frame && frame->word == Word::kRequest ? Request::from_json(frame->text) : std::nullopt;
  if (!request) return done();
  RemoteIo io(visitor.fd, *request);
  {
    const std::scoped_lock lock(mutex_);
    visitor.busy = true;
  }
  std::thread listener([&io] { io.listen(); });
  int exit = kBug;
  bool json = false;
  try {
    exit = run(*request, parse_command_line(request->arguments, json).line, io);
  } catch (const Failure& failure) {
    report(io, json, failure);
    io.flush();
    exit = failure.exit;
  }
  if (exit == kMoved) {
    send_frame(visitor.fd, Word::kElsewhere, "");
  } else {
    send_frame(visitor.fd, Word::kExit, std::to_string(exit));
  }
  ::shutdown(visitor.fd, SHUT_RDWR);
  listener.join();
  done();
}

void Host::finish() {
  std::unique_lock lock(mutex_);
  if (finishing_) return;
  finishing_ = true;
  changed_.notify_all();
  lock.unlock();
  if (acceptor_.joinable()) {
    (void)write_all(stop_pipe_[1], "x");
    acceptor_.join();
    ::unlinkat(home_.directory_fd(), "owner.sock", 0);
  }
  for (const int fd : {listening_fd_, stop_pipe_[0], stop_pipe_[1]}) {
    if (fd >= 0) ::close(fd);
  }
  lock.lock();
  for (const Running& each : running_) {
    if (each.movable) each.io->interrupt(Stop::kRestart);
  }
  for (const std::unique_ptr<Visitor>& each : visitors_) {
    if (!each->busy) ::shutdown(each->fd, SHUT_RDWR);
  }
  while (!visitors_.empty()) {
    std::unique_ptr<Visitor> visitor = std::move(visitors_.front());
    visitors_.pop_front();
    lock.unlock();
    visitor->thread.join();
    ::close(visitor->fd);
    lock.lock();
  }
}

std::optional<int> run_at_owner(const Home& home, const Request& request, LocalIo& io) {
  struct Socket {
    int fd;
    ~Socket() {
      if (fd >= 0) ::close(fd);
    }
  } socket{connect_in(home.directory_fd())};
  if (socket.fd < 0) return std::nullopt;
  // An owner that hangs says nothing; one that works says hello at once.
  constexpr timeval kHelloPatience{5, 0}, kForEver{0, 0};
  ::setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &kHelloPatience, sizeof kHelloPatience);
  const std::optional<Frame> hello = receive_frame(socket.fd);
  if (!hello || hello->word != Word::kHello) return std::nullopt;
  ::setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &kForEver, sizeof kForEver);
  if (!send_frame(socket.fd, Word::kRequest, request.to_json())) return std::nullopt;
  // Half-closing asks the owner to end the command; how it ended is still read.
  io.on_interrupt([&socket] { ::shutdown(socket.fd, SHUT_WR); });
  struct Unhook {
    Io& io;
    ~Unhook() { io.on_interrupt(nullptr); }
  } unhook{io};
  bool written = false;
  while (const std::optional<Frame> frame = receive_frame(socket.fd)) {
    switch (frame->word) {
      case Word::kOut:
        io.out(frame->text);
        io.flush();
        written = true;
        break;
      case Word::kErr:
        io.err(frame->text);
        break;
      case Word::kAsk: {
        const auto answer = io.ask(std::string_view(frame->text).substr(1), frame->text.starts_with('s'));
        send_frame(socket.fd, Word::kAnswer, answer ? "y" + *answer : "n");
        break;
      }
      case Word::kExit:
        return std::atoi(frame->text.c_str());
      case Word::kElsewhere:
        return std::nullopt;
      case Word::kHello:
      case Word::kRequest:
      case Word::kAnswer:
        break;
    }
  }
  if (io.stopped() == Stop::kUser) return kInterrupted;
  if (written) throw machine("the process that held the home has ended in between", "run the command again");
  return std::nullopt;
}

}  // namespace handset
