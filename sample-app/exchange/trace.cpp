#include "exchange/trace.h"

#include "exchange/node.h"
#include "exchange/text.h"

namespace exchange {
namespace {

std::string body_text(const Headers& headers, const std::string& body) {
  if (body.empty()) return {};
  const std::string* const type = find_header(headers, "Content-Type");
  if (type != nullptr && type->starts_with("application/vnd.ms-sync") &&
      find_header(headers, "Content-Encoding") == nullptr) {
    try {
      return to_xml(parse_wbxml(body));
    } catch (const BadDocument& bad) {
      return "<!-- " + std::to_string(body.size()) + " bytes that are no WBXML: " + bad.what() + " -->\n";
    }
  }
  if (type != nullptr && type->starts_with("text/")) return repair_utf8(body) + "\n";
  return "<!-- " + std::to_string(body.size()) + " bytes -->\n";
}

std::string head_text(const Headers& headers) {
  std::string out;
  for (const auto& [name, value] : headers) {
    const bool secret = same_without_case(name, "Authorization") || same_without_case(name, "Cookie") ||
                        same_without_case(name, "Set-Cookie");
    out += name + ": " + (secret ? "***" : value) + "\n";
  }
  return out + "\n";
}

}  // namespace

std::string trace_request(const HttpRequest& request) {
  return "> " + request.method + " " + request.target + "\n" + head_text(request.headers) +
         body_text(request.headers, request.body) + "\n";
}

std::string trace_response(const std::string& command, const HttpResponse& response) {
  std::string out = "< " + std::to_string(response.status) + " " + std::string(reason_phrase(response.status)) + " (" +
                    command + ")\n";
  const Transport& transport = response.transport;
  if (transport.delay_ms > 0) out += "(fault: comes " + std::to_string(transport.delay_ms) + " ms later)\n";
  if (transport.cut_after_bytes)
    out += "(fault: is cut after " + std::to_string(*transport.cut_after_bytes) + " bytes)\n";
  if (transport.lose) out += "(fault: is lost)\n";
  return out + head_text(response.headers) + body_text(response.headers, response.body) + "\n";
}

}  // namespace exchange
