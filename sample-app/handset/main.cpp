/// `handset`: a phone in a directory. This file is the process: its surroundings, its signals, and who runs the
/// command.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "handset/command_line.h"
#include "handset/failure.h"
#include "handset/home.h"
#include "handset/host.h"
#include "handset/io.h"
#include "handset/json.h"
#include "handset/request.h"
#include "handset/text.h"

namespace {

using handset::Failure;

constexpr auto kHomePatience = std::chrono::seconds(10);
constexpr auto kHomePause = std::chrono::milliseconds(50);

void set_up_process() {
  // Secrets pass through this memory: no core files, and nothing made here is for others to read.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::umask(077);
  // A reader that has gone and a file that may not grow are errors to report, not reasons to die.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

/// The phone of this home, switched on. `device check` says what it fails on, and `device new` does without it.
void switch_on(std::optional<handset::Host>& host, handset::Home& home, const handset::CommandLine& line,
               handset::LocalIo& io) {
  const std::string hal = home.hal(line.hal);
  try {
    host.emplace(home, hal);
  } catch (const Failure& failure) {
    if (line.command == "device check") {
      io.out(line.json
                 ? handset::Json().set("what", "device").set("ok", false).set("message", failure.message).text() + "\n"
                 : handset::padded("device", 40) + " " + handset::printable(failure.message) + "\n");
    }
    if (line.command != "device new" || failure.exit != handset::kMachine) throw;
    home.forget_everything();
    std::error_code ignored;
    std::filesystem::remove_all(home.directory() + "/device", ignored);
    host.emplace(home, hal);
  }
}

/// Ctrl-C and its like end the command quietly; a second time they end the process.
void watch_signals(handset::Io& io) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, &io] {
    for (bool again = false;; again = true) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0) return;
      if (again) ::_exit(handset::kInterrupted);
      io.interrupt(handset::Stop::kUser);
    }
  }).detach();
}

int run(const std::vector<std::string>& arguments, handset::LocalIo& io, bool& json) {
  const handset::Parsed parsed = handset::parse_command_line(arguments, json);
  if (parsed.answered) {
    io.out(json
               ? handset::Json().set(parsed.line.command == "version" ? "version" : "help", parsed.answer).text() + "\n"
               : parsed.answer);
    io.flush();
    return handset::kDone;
  }
  const handset::CommandLine& line = parsed.line;
  handset::Request request = handset::make_request(arguments, line);
  request.out_terminal = io.out_terminal;
  request.err_terminal = io.err_terminal;
  request.can_ask = io.can_ask;
  request.columns = io.columns;

  std::optional<handset::TemporaryDirectory> temporary;
  std::string directory = line.home;
  if (directory.empty() && line.command == "demo") directory = temporary.emplace().path();
  if (directory.empty()) directory = handset::Home::default_directory();
  handset::Home home(directory);

  for (auto give_up = std::chrono::steady_clock::now() + kHomePatience;;) {
    if (home.try_lock()) {
      std::optional<handset::Host> host;
      switch_on(host, home, line, io);
      host->listen();
      const int exit = host->run(request, line, io);
      host->finish();
      return exit;
    }
    if (const std::optional<int> exit = handset::run_at_owner(home, request, io)) return *exit;
    if (io.stopped() != handset::Stop::kNone) return handset::kInterrupted;
    if (std::chrono::steady_clock::now() > give_up) {
      throw handset::Failure{handset::kMachine, "machine", 0,
                             "`" + directory + "` is in use by another process that does not answer",
                             "end that process, or give another directory with --home"};
    }
    std::this_thread::sleep_for(kHomePause);
  }
}

}  // namespace

int main(int count, char** words) {
  set_up_process();
  // Lives as long as the thread that waits for signals.
  static handset::LocalIo io;
  watch_signals(io);
  bool json = false;
  Failure failure;
  try {
    return run({words + 1, words + count}, io, json);
  } catch (const Failure& caught) {
    failure = caught;
  } catch (const std::bad_alloc&) {
    failure = handset::machine("there is not enough memory", "close other programs and try again");
  } catch (const std::exception& error) {
    failure = {handset::kBug, "internal", 0, std::string("internal fault: ") + error.what(),
               "please report it with what you typed"};
  }
  try {
    io.err(handset::sentence(failure) + "\n");
    if (json) io.out(handset::error_json(failure) + "\n");
    io.flush();
  } catch (const Failure&) {
    // Nobody can be told.
  }
  return failure.exit;
}
