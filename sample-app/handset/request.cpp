#include "handset/request.h"

#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "handset/home.h"
#include "handset/json.h"

namespace handset {
namespace {

constexpr std::size_t kSecretMax = 4096, kIdentityMax = 28'000, kCaMax = 4u << 20, kBodyMax = 4u << 20;
constexpr std::size_t kJsonMax = 1 << 20, kCardMax = 4u << 20;

/// Contents of files are bytes of any kind; JSON carries text.
std::string to_hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string from_hex(const std::string& text) {
  const auto value = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes += static_cast<char>(value(text[at]) << 4 | value(text[at + 1]));
  }
  return bytes;
}

}  // namespace

Request make_request(const std::vector<std::string>& arguments, const CommandLine& line) {
  Request request;
  request.arguments = arguments;
  std::error_code ignored;
  request.working_directory = std::filesystem::current_path(ignored).string();
  for (const std::string& secret : {line.password_file, line.pin_file, line.old_pin_file, line.recovery_file}) {
    if (!secret.empty() && !request.files.contains(secret)) request.files[secret] = read_file(secret, kSecretMax);
  }
  for (const std::string& pem : {line.client_cert_file, line.client_key_file}) {
    if (!pem.empty()) request.files[pem] = read_file(pem, kIdentityMax);
  }
  if (!line.card_file.empty()) request.files[line.card_file] = read_file(line.card_file, kCardMax);
  if (!line.json_file.empty()) request.files[line.json_file] = read_file(line.json_file, kJsonMax);
  for (const std::string& body : {line.text_file, line.html_file}) {
    if (body == "-") request.files[body] = read_file(body, kBodyMax);
  }
  if (!line.ca_file.empty()) request.files[line.ca_file] = read_file(line.ca_file, kCaMax);
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  if (localtime_r(&now, &parts) != nullptr) request.utc_offset_s = parts.tm_gmtoff;
  if (const char* zone = std::getenv("TZ")) request.zone = zone;
  return request;
}

std::string Request::to_json() const {
  Json json, file_contents;
  for (const auto& [name, content] : files) file_contents.set(name.c_str(), to_hex(content));
  json.set("arguments", arguments)
      .set("working_directory", working_directory)
      .set("files", std::move(file_contents))
      .set("out_terminal", out_terminal)
      .set("err_terminal", err_terminal)
      .set("can_ask", can_ask)
      .set("columns", static_cast<std::uint64_t>(columns))
      .set("zone", zone);
  if (utc_offset_s) json.set("utc_offset_s", static_cast<std::int64_t>(*utc_offset_s));
  return json.text();
}

std::optional<Request> Request::from_json(const std::string& text) {
  const Json json(text);
  if (!json.valid()) return std::nullopt;
  Request request;
  request.arguments = json.texts("arguments");
  request.working_directory = json.get("working_directory");
  for (auto& [name, content] : json.pairs("files")) request.files[name] = from_hex(content);
  request.out_terminal = json.flag("out_terminal");
  request.err_terminal = json.flag("err_terminal");
  request.can_ask = json.flag("can_ask");
  request.zone = json.get("zone");
  request.columns = static_cast<std::size_t>(json.number("columns", 80));
  if (json.has("utc_offset_s")) request.utc_offset_s = static_cast<long>(json.number("utc_offset_s"));
  return request;
}

}  // namespace handset
