#include "handset/command_line.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "handset/failure.h"
#include "handset/grammar.h"

namespace handset {
namespace {

std::uint32_t body_bytes(const std::string& text) {
  if (text == "all") return UINT32_MAX;
  if (text.empty() || text.size() > 9 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    throw usage("--body-bytes takes a number of bytes or `all`, not `" + text + "`", "for example --body-bytes 32768");
  }
  return static_cast<std::uint32_t>(std::stoul(text));
}

std::uint16_t whole_days(const std::string& text) {
  if (text.empty() || text.size() > 4 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    throw usage("--days takes a number of days, not `" + text + "`", "for example --days 14; 0 = all");
  }
  return static_cast<std::uint16_t>(std::stoul(text));
}

std::uint64_t seconds_on(const std::string& text) {
  const std::string digits = text.starts_with('+') ? text.substr(1) : text;
  if (digits.empty() || digits.size() > 9 ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    throw usage("`" + text + "` is no number of seconds", "for example `handset device clock +3600`");
  }
  return std::stoull(digits);
}

/// What no typing error of a name can be: it is not looked up.
void check_server(const std::string& server) {
  const std::size_t scheme = server.find("://");
  std::string host = scheme == std::string::npos ? server : server.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  const std::size_t colon = host.rfind(':');
  const std::string port = colon == std::string::npos || host.ends_with(']') ? "443" : host.substr(colon + 1);
  const bool number = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool secure = scheme == std::string::npos || CLI::detail::to_lower(server.substr(0, scheme)) == "https";
  if (!secure || !number || std::stoul(port) == 0 || std::stoul(port) > 65535 || host.empty() ||
      server.find_first_of(" \t") != std::string::npos) {
    throw usage("`" + server + "` is no server's address", "give a host name, HOST:PORT or an https:// address");
  }
}

/// An option of which nothing was given; "" = none. Only what is said of an item or a mail may be empty: that takes it
/// away.
std::string empty_option(const CLI::App& app) {
  static constexpr const char* kMayBeEmpty[] = {"--subject", "--to",       "--cc",      "--bcc",      "--location",
                                                "--body",    "--reminder", "--repeat",  "--attendee", "--name",
                                                "--email",   "--phone",    "--company", "--birthday", "--note",
                                                "--due",     "--start",    "--busy",    "--message",  "--outside"};
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    const auto may = [&](const char* each) { return name == each; };
    if (option->get_positional() || std::any_of(std::begin(kMayBeEmpty), std::end(kMayBeEmpty), may)) continue;
    const std::vector<std::string>& given = option->results();
    if (option->get_expected_max() > 0 && std::find(given.begin(), given.end(), "") != given.end()) return name;
  }
  for (const CLI::App* chosen : app.get_subcommands())
    if (std::string name = empty_option(*chosen); !name.empty()) return name;
  return {};
}

std::string first_line(std::string text) {
  const std::size_t end = text.find('\n');
  if (end != std::string::npos) text.erase(end);
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

Parsed parse_command_line(const std::vector<std::string>& arguments, bool& json_wanted) {
  Parsed parsed;
  CommandLine& line = parsed.line;
  json_wanted = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  Grammar grammar(line);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  const std::string help = "see `handset --help`, or `handset COMMAND --help`";
  try {
    grammar.app().parse(reversed);
  } catch (const CLI::CallForHelp&) {
    parsed.answered = true;
    parsed.answer = grammar.app().help();
    return parsed;
  } catch (const CLI::CallForAllHelp&) {
    parsed.answered = true;
    parsed.answer = grammar.app().help("", CLI::AppFormatMode::All);
    return parsed;
  } catch (const CLI::CallForVersion&) {
    parsed.answered = true;
    parsed.answer = std::string(kVersion) + "\n";
    line.command = "version";
    return parsed;
  } catch (const CLI::RequiredError& error) {
    // What was not understood says more than what is missing.
    const std::vector<std::string> left = grammar.app().remaining(true);
    if (!left.empty()) throw usage("`" + left.front() + "` is no command or option here", help);
    throw usage(first_line(error.what()), help);
  } catch (const CLI::ParseError& error) {
    throw usage(first_line(error.what()), help);
  }
  line.command = grammar.chosen();
  if (const std::string name = empty_option(grammar.app()); !name.empty())
    throw usage(name + " is empty", "give it a value, or leave it out");
  if (line.command == "mark") {
    const bool wants_name = line.mark == "category" || line.mark == "uncategory";
    if (wants_name && line.name.empty()) {
      throw usage("`mark " + line.mark + "` wants the category's name",
                  "for example `handset mark 12 category Travel`");
    }
    if (!wants_name && !line.name.empty()) {
      throw usage("`" + line.name + "` is one word too many", "for example `handset mark 12 read`");
    }
  }
  const bool of_folder = line.command == "folder set";
  line.body_bytes_of_account = of_folder && grammar.body_text() == "account";
  line.has_body_bytes_max = !grammar.body_text().empty() && !line.body_bytes_of_account;
  if (line.has_body_bytes_max) line.body_bytes_max = body_bytes(grammar.body_text());
  if (of_folder) {
    line.days_of_account = grammar.days_text() == "account";
    line.has_days = !grammar.days_text().empty() && !line.days_of_account;
    if (line.has_days) line.days = whole_days(grammar.days_text());
    if (grammar.days_text().empty() && grammar.body_text().empty()) {
      throw usage("nothing is to be changed", "give --days or --body-bytes");
    }
  }
  line.legacy_tls = grammar.tls_text() == "legacy";
  line.on = grammar.switch_text() == "on";
  if (line.command == "device clock") line.number = seconds_on(grammar.clock_text());
  if (line.command == "account set") {
    line.has_days = grammar.days_given();
    if (!line.has_days && !line.has_body_bytes_max && line.password_file.empty() && line.texts.empty() &&
        line.conflict.empty() && line.fields.empty()) {
      throw usage("nothing is to be changed",
                  "give --password-file, --days, --body-bytes, --classes, --conflict or --sms");
    }
  }
  if (line.command == "account add" || line.command == "account remove" || line.command == "account set") {
    const std::size_t at = line.email.find('@');
    if (at == 0 || at == std::string::npos || at + 1 == line.email.size() ||
        line.email.find('@', at + 1) != std::string::npos || line.email.size() > 254 ||
        line.email.find_first_of(" \t\r\n") != std::string::npos) {
      throw usage("`" + line.email + "` is not a mail address", "give it as name@domain");
    }
  }
  if (!line.server.empty()) check_server(line.server);
  const bool one_input = line.text_file != "-" || line.html_file != "-";
  if (!one_input) throw usage("text and HTML cannot both come from standard input", "put one of them into a file");
  if (std::find(line.attach_files.begin(), line.attach_files.end(), "-") != line.attach_files.end()) {
    throw usage("an attachment is a file, not standard input", "put it into a file: its name is sent with it");
  }
  if ((line.password_file == "-" || line.recovery_file == "-") && line.pin_file == "-") {
    throw usage("password and PIN cannot both come from standard input", "put one of them into a file");
  }
  return parsed;
}

bool is_restartable(const std::string& command) {
  static constexpr std::array kOnce = {
      "account add",    "account remove", "device new",  "device reboot",     "device unlock",
      "device set-pin", "device clock",   "device wipe", "device recover",    "send",
      "reply",          "forward",        "respond",     "out-of-office set", "draft add",
      "draft edit",     "draft send",     "sms receive", "sms send"};
  return std::find(kOnce.begin(), kOnce.end(), command) == kOnce.end();
}

bool is_content(const std::string& command) {
  static constexpr std::array kFree = {
      "sync",           "watch",          "status",       "queue",          "policy",         "account list",
      "demo",           "device status",  "device lock",  "device unlock",  "device set-pin", "device reboot",
      "device new",     "device check",   "queue retry",  "queue drop",     "device clock",   "device wipe",
      "device roaming", "device recover", "device radio", "device battery", "device card in", "device card out",
      "schedule show",  "schedule set",   "sms receive"};
  return std::find(kFree.begin(), kFree.end(), command) == kFree.end();
}

}  // namespace handset
