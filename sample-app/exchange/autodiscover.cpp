// Autodiscover POX for mobilesync (MS-ASCMD 2.2.1.1).
#include "exchange/mail_generator.h"
#include "exchange/state.h"
#include "exchange/text.h"

namespace exchange {
namespace {

constexpr std::string_view kMobileSchema =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006";
constexpr std::string_view kFrameSchema = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";

struct Found {
  int count = 0;
  std::string text;  // of the first
};

// Looks for start tags by their local names. Requests are small and flat: no tree is needed to read two texts.
Found find_element(std::string_view xml, std::string_view name) {
  Found found;
  for (std::size_t at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find_first_of(" \t\r\n/>", at + 1);
    if (end == std::string_view::npos) break;
    std::string_view tag = xml.substr(at + 1, end - at - 1);
    if (const std::size_t colon = tag.find(':'); colon != std::string_view::npos) tag.remove_prefix(colon + 1);
    if (tag != name) continue;
    const std::size_t close = xml.find('>', end == at + 1 ? at : end);
    if (close == std::string_view::npos) break;
    if (++found.count == 1) found.text = trim(xml.substr(close + 1, xml.find('<', close + 1) - close - 1));
  }
  return found;
}

HttpResponse xml_answer(const std::string& inside) {
  HttpResponse response;
  response.set("Content-Type", "text/xml; charset=utf-8");
  response.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" + std::string(kFrameSchema) +
                  "\">" + inside + "</Autodiscover>";
  return response;
}

HttpResponse error_answer(const State& state, int code, const std::string& message) {
  return xml_answer("<Response><Error Time=\"" + iso_time(state.now_ms).substr(11, 12) + "\" Id=\"1\"><ErrorCode>" +
                    std::to_string(code) + "</ErrorCode><Message>" + message +
                    "</Message><DebugData/></Error></Response>");
}

}  // namespace

HttpResponse autodiscover(State& state, const Account& account, const HttpRequest& request) {
  const std::string* const type = request.header("Content-Type");
  if (request.method != "POST" || type == nullptr || !type->starts_with("text/xml")) {
    state.violation("Autodiscover: is no POST of text/xml");
    return error_answer(state, 600, "Invalid Request");
  }
  if (request.header("X-MS-PolicyKey") != nullptr) state.violation("Autodiscover: carries X-MS-PolicyKey");
  const Found address = find_element(request.body, "EMailAddress");
  const Found schema = find_element(request.body, "AcceptableResponseSchema");
  if (find_element(request.body, "Request").count != 1 || address.text.empty()) {
    state.violation("Autodiscover: has not exactly one Request with an EMailAddress");
    return error_answer(state, 600, "Invalid Request");
  }
  if (schema.text != kMobileSchema) {
    state.violation("Autodiscover: asks for the schema \"" + schema.text + "\"");
    return error_answer(state, 601, "Provider is not available");
  }
  const std::string email = to_lower(address.text);
  if (const auto url = state.options.autodiscover_urls.find(email); url != state.options.autodiscover_urls.end()) {
    HttpResponse response;
    response.status = 302;
    response.set("Location", url->second);
    return response;
  }
  const std::string head = "<Response xmlns=\"" + std::string(kMobileSchema) +
                           "\"><Culture>en:us</Culture><User><DisplayName>" + escape_xml(name_of(account.user.email)) +
                           "</DisplayName><EMailAddress>" + escape_xml(account.user.email) +
                           "</EMailAddress></User><Action>";
  const std::string tail = "</Action></Response>";
  if (const auto other = state.options.autodiscover_addresses.find(email);
      other != state.options.autodiscover_addresses.end()) {
    return xml_answer(head + "<Redirect>" + escape_xml(other->second) + "</Redirect>" + tail);
  }
  if (email != to_lower(account.user.email)) {
    return xml_answer(
        head +
        "<Error><Status>1</Status><Message>The address is not known here</Message><DebugData>User</DebugData></Error>" +
        tail);
  }
  const std::string url = escape_xml(state.options.url);
  return xml_answer(head + "<Settings><Server><Type>MobileSync</Type><Url>" + url + "</Url><Name>" + url +
                    "</Name></Server></Settings>" + tail);
}

}  // namespace exchange
