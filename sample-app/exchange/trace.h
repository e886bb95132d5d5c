/// Exchanges as text for people: the HTTP head, and WBXML as XML. Secrets are masked.
#pragma once
#include <string>

#include "exchange/http_message.h"

namespace exchange {

std::string trace_request(const HttpRequest& request);
/// Before the body is compressed.
std::string trace_response(const std::string& command, const HttpResponse& response);

}  // namespace exchange
