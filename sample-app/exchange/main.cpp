// exchange: the embedded Exchange as a program. Says where it is on one line of JSON, then takes commands on its
// standard input.
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "exchange/console.h"
#include "exchange/faults.h"
#include "exchange/json.h"
#include "exchange/listener.h"
#include "exchange/node.h"
#include "exchange/text.h"

namespace {

constexpr int kUsage = 2, kMachine = 9;

constexpr const char* kHelp =
    R"(exchange: a small Exchange ActiveSync server for one machine

  exchange [--listen 127.0.0.1:PORT] [--state DIR] [--user EMAIL:PASSWORD]... [--mails N] [--body-bytes N] [--events N]
           [--contacts N] [--tasks N] [--notes N] [--sms N] [--versions 14.1,16.1] [--policy FILE|none] [--strict-policy]
           [--request-bytes N] [--heartbeat MIN:MAX] [--fault SPEC]... [--seed N] [--trace FILE]
           [--certificate good|wrong-name|expired|self-signed|unknown-ca] [--client-ca FILE]
           [--start MILLISECONDS-SINCE-1970]

When it is ready it prints {"url":..,"autodiscover":..,"ca":..,"users":[..]}; "ca" is the file for handset --ca. Then it reads
commands, one a line: deliver EMAIL [SUBJECT], text EMAIL NUMBER WORDS (into the Outbox), edit EMAIL N, remove EMAIL N,
policy EMAIL FILE, wipe EMAIL [account], block EMAIL, quarantine EMAIL, allow EMAIL, recovery EMAIL, fault WHEN:WHAT[:ARG], faults off, stats, contents EMAIL, quit.
Without --user there is demo@example.test with the password demo.
)";

struct Settings {
  exchange::Options options;
  exchange::ListenerOptions listener;
  std::vector<std::string> faults;
  std::string trace_file;
};

class Usage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::int64_t number(const std::string& option, const std::string& text, std::int64_t low, std::int64_t high) {
  const auto value = exchange::parse_number(text);
  if (!value || *value < low || *value > high) {
    throw Usage(option + " needs a number from " + std::to_string(low) + " to " + std::to_string(high) + ", not \"" +
                text + "\"");
  }
  return *value;
}

int count(const std::string& option, const std::string& text) {
  return static_cast<int>(number(option, text, 0, 1'000'000));
}

void set_listen(Settings& settings, const std::string& value) {
  const std::size_t colon = value.rfind(':');
  if (colon == std::string::npos) throw Usage("--listen needs ADDRESS:PORT, not \"" + value + "\"");
  settings.listener.address = value.substr(0, colon);
  settings.listener.port = static_cast<std::uint16_t>(number("--listen", value.substr(colon + 1), 0, 65535));
}

void add_user(Settings& settings, const std::string& value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string::npos || value.find('@') > colon || colon + 1 == value.size())
    throw Usage("--user needs EMAIL:PASSWORD");
  for (const auto& user : settings.options.users)
    if (user.email == value.substr(0, colon)) throw Usage("--user: " + user.email + " is there twice");
  settings.options.users.push_back({value.substr(0, colon), value.substr(colon + 1)});
}

void set_policy(Settings& settings, const std::string& file) {
  settings.options.policy.reset();
  if (file == "none") return;
  std::ifstream in(file);
  if (!in) throw Usage("--policy: the file " + file + " cannot be read");
  settings.options.policy = exchange::policy_from_json(std::string(std::istreambuf_iterator<char>(in), {}));
}

void set_versions(Settings& settings, const std::string& value) {
  constexpr std::array kSpoken = {"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"};
  settings.options.versions = exchange::split(value, ',');
  for (const std::string& version : settings.options.versions) {
    if (std::find(kSpoken.begin(), kSpoken.end(), version) == kSpoken.end()) {
      throw Usage("--versions: \"" + version +
                  "\" is not spoken here; there are 2.5, 12.0, 12.1, 14.0, 14.1, 16.0, 16.1");
    }
  }
}

void set_heartbeat(Settings& settings, const std::string& value) {
  const std::vector<std::string> parts = exchange::split(value, ':');
  if (parts.size() != 2) throw Usage("--heartbeat needs MIN:MAX in seconds");
  settings.options.heartbeat_min_s = static_cast<int>(number("--heartbeat", parts[0], 1, 86'400));
  settings.options.heartbeat_max_s =
      static_cast<int>(number("--heartbeat", parts[1], settings.options.heartbeat_min_s, 86'400));
}

Settings read_arguments(const std::vector<std::string>& arguments) {
  Settings settings;
  exchange::Options& options = settings.options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string option = arguments[i], value;
    if (option == "--strict-policy") {
      options.strict_policy = true;
      continue;
    }
    if (const std::size_t equals = option.find('='); equals != std::string::npos) {
      value = option.substr(equals + 1);
      option.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      throw Usage(option + " is not an option, or lacks its value");
    }
    if (option == "--listen")
      set_listen(settings, value);
    else if (option == "--state")
      settings.listener.state_dir = value;
    else if (option == "--user")
      add_user(settings, value);
    else if (option == "--mails")
      options.mails = count(option, value);
    else if (option == "--request-bytes")
      options.request_bytes_max = static_cast<std::size_t>(number(option, value, 1000, 1'000'000'000));
    else if (option == "--body-bytes")
      options.body_bytes = static_cast<std::size_t>(number(option, value, 0, 100'000'000));
    else if (option == "--events")
      options.events = count(option, value);
    else if (option == "--contacts")
      options.contacts = count(option, value);
    else if (option == "--tasks")
      options.tasks = count(option, value);
    else if (option == "--notes")
      options.notes = count(option, value);
    else if (option == "--sms")
      options.sms = count(option, value);
    else if (option == "--versions")
      set_versions(settings, value);
    else if (option == "--policy")
      set_policy(settings, value);
    else if (option == "--heartbeat")
      set_heartbeat(settings, value);
    else if (option == "--fault")
      exchange::parse_fault(value), settings.faults.push_back(value);
    else if (option == "--seed")
      options.seed = static_cast<std::uint64_t>(number(option, value, 0, INT64_MAX));
    else if (option == "--start")
      options.start_ms = number(option, value, 0, INT64_MAX);
    else if (option == "--trace")
      settings.trace_file = value;
    else if (option == "--certificate")
      settings.listener.certificate = exchange::certificate_kind(value);
    else if (option == "--client-ca")
      settings.listener.client_ca = value;
    else
      throw Usage("there is no option " + option);
  }
  if (options.users.empty()) options.users.push_back({"demo@example.test", "demo"});
  return settings;
}

std::string ready_line(const exchange::Listener& listener, const exchange::Options& options) {
  exchange::Json root = exchange::Json::object(), users = exchange::Json::array();
  for (const exchange::User& user : options.users) users.push(user.email);
  root.set("url", listener.url());
  root.set("autodiscover", listener.autodiscover());
  root.set("ca", listener.ca_path());
  root.set("users", std::move(users));
  return root.text();
}

void serve(const Settings& settings) {
  std::ofstream trace;
  exchange::Listener listener(settings.options, settings.listener);
  listener.call([&](exchange::Server& server) {
    for (const std::string& fault : settings.faults) server.fault(fault);
    if (settings.trace_file.empty()) return;
    ::umask(077);  // what a trace shows is its user's
    trace.open(settings.trace_file, std::ios::app);
    if (!trace) throw std::runtime_error("the trace file " + settings.trace_file + " cannot be written");
    server.set_trace([&trace](const std::string& text) { trace << text << std::flush; });
  });
  std::cout << ready_line(listener, settings.options) << std::endl;
  std::string line;
  bool quit = false;
  while (!quit && std::getline(std::cin, line)) {
    std::string answer;
    listener.call([&](exchange::Server& server) { answer = exchange::run_console_line(server, line, quit); });
    std::cout << answer << std::endl;
  }
  listener.call([](exchange::Server& server) { server.set_trace(nullptr); });
}

extern "C" void stop_reading(int) {}

}  // namespace

int main(int argc, char** argv) {
  // A signal interrupts the read of the next command, which ends the program as the end of its input does.
  struct sigaction action {};
  action.sa_handler = stop_reading;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const std::string& argument : arguments) {
    if (argument == "--help" || argument == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (argument == "--version") {
      std::puts("exchange 0.1.0");
      return 0;
    }
  }
  Settings settings;
  try {
    settings = read_arguments(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exchange: %s; see exchange --help\n", error.what());
    return kUsage;
  }
  try {
    serve(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exchange: %s\n", error.what());
    return kMachine;
  }
  return 0;
}
