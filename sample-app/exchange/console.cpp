#include "exchange/console.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "exchange/json.h"
#include "exchange/node.h"
#include "exchange/text.h"

namespace exchange {
namespace {

// The first word, which is taken off.
std::string take_word(std::string_view& line) {
  line = trim(line);
  const std::size_t end = line.find_first_of(" \t");
  const std::string word(line.substr(0, end));
  line = end == std::string_view::npos ? std::string_view() : trim(line.substr(end));
  return word;
}

std::string ok() { return R"({"ok":true})"; }

std::string ok_ids(const std::vector<std::string>& ids) {
  Json root = Json::object(), list = Json::array();
  for (const std::string& id : ids) list.push(id);
  root.set("ok", true);
  root.set("server_ids", std::move(list));
  return root.text();
}

std::string needed(std::string_view& line, const std::string& what) {
  std::string word = take_word(line);
  if (word.empty()) throw std::invalid_argument("the command needs " + what);
  return word;
}

int count_word(std::string_view& line) {
  const std::string word = needed(line, "a number of items");
  const auto count = parse_number(word);
  if (!count || *count < 0 || *count > 1'000'000) throw std::invalid_argument("\"" + word + "\" is no number of items");
  return static_cast<int>(*count);
}

std::optional<Policy> read_policy(const std::string& file) {
  if (file == "none") return std::nullopt;
  std::ifstream in(file);
  if (!in) throw std::invalid_argument("the file " + file + " cannot be read");
  return policy_from_json(std::string(std::istreambuf_iterator<char>(in), {}));
}

std::string run(Server& server, std::string_view line, bool& quit) {
  const std::string command = take_word(line);
  if (command == "quit") {
    quit = true;
    return ok();
  }
  if (command == "stats") return server.stats();
  if (command == "contents") return server.contents(needed(line, "an address"));
  if (command == "deliver") {
    const std::string email = needed(line, "an address");
    Json root = Json::object();
    root.set("ok", true);
    root.set("server_id", server.deliver(email, std::string(line)));
    return root.text();
  }
  if (command == "text") {
    const std::string email = needed(line, "an address");
    const std::string number = needed(line, "a phone number");
    if (line.empty()) throw std::invalid_argument("the command needs words to send");
    Json root = Json::object();
    root.set("ok", true);
    root.set("server_id", server.text(email, number, std::string(line)));
    return root.text();
  }
  if (command == "invite") {
    const std::string organizer = needed(line, "the organizer's address");
    const std::string email = needed(line, "an address");
    const bool weekly = line == "weekly" || line.starts_with("weekly ");
    if (weekly) take_word(line);
    Json root = Json::object();
    root.set("ok", true);
    root.set("server_id", server.invite(organizer, email, std::string(line), weekly));
    return root.text();
  }
  if (command == "edit" || command == "remove") {
    const std::string email = needed(line, "an address");
    const int count = count_word(line);
    return ok_ids(command == "edit" ? server.edit(email, count) : server.remove(email, count));
  }
  if (command == "policy") {
    const std::string email = needed(line, "an address");
    server.policy(email, read_policy(needed(line, "a file, or none")));
    return ok();
  }
  if (command == "wipe") {
    const std::string email = needed(line, "an address");
    const std::string what = take_word(line);
    if (!what.empty() && what != "account")
      throw std::invalid_argument("wipe takes \"account\" or nothing, not \"" + what + "\"");
    Json root = Json::object();
    root.set("ok", true);
    root.set("devices", static_cast<std::uint64_t>(server.wipe(email, what == "account")));
    return root.text();
  }
  if (command == "block") return server.block(needed(line, "an address")), ok();
  if (command == "quarantine") return server.quarantine(needed(line, "an address")), ok();
  if (command == "allow") return server.allow(needed(line, "an address")), ok();
  if (command == "recovery") {
    Json root = Json::object(), all = Json::array();
    for (const std::string& each : server.recovery_passwords(needed(line, "an address"))) all.push(each);
    root.set("ok", true);
    root.set("recovery", std::move(all));
    return root.text();
  }
  if (command == "password") {
    const std::string email = needed(line, "an address");
    if (line.empty()) throw std::invalid_argument("the command needs a password");
    return server.set_password(email, std::string(line)), ok();
  }
  if (command == "versions") return server.set_versions(split(needed(line, "a list of versions"), ',')), ok();
  if (command == "lose-sync-state") return server.lose_sync_state(needed(line, "an address")), ok();
  if (command == "fault") return server.fault(needed(line, "WHEN:WHAT[:ARG]")), ok();
  if (command == "faults" && take_word(line) == "off") return server.faults_off(), ok();
  throw std::invalid_argument(
      "there is no command \"" + command +
      "\"; there are deliver, invite, text, edit, remove, policy, wipe, block, quarantine, allow, recovery, "
      "fault, faults off, stats, "
      "contents, quit");
}

}  // namespace

std::string run_console_line(Server& server, const std::string& line, bool& quit) {
  try {
    return run(server, line, quit);
  } catch (const std::invalid_argument& error) {
    Json root = Json::object();
    root.set("error", std::string(error.what()));
    return root.text();
  }
}

}  // namespace exchange
