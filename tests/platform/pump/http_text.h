// Requests and answers of the embedded server as the text that HTTP/1.1 makes of them, for ends that tests hold both
// of. Whole messages only.
#pragma once
#include <string>

#include "exchange/http_message.h"

namespace http_text {

inline std::string text_of(const exchange::HttpRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n" + request.body;
}

inline exchange::HttpRequest request_of(const std::string& text) {
  exchange::HttpRequest request;
  const std::size_t head = text.find("\r\n\r\n");
  std::size_t at = text.find("\r\n");
  const std::string line = text.substr(0, at);
  request.method = line.substr(0, line.find(' '));
  request.target = line.substr(request.method.size() + 1, line.rfind(' ') - request.method.size() - 1);
  while (at < head) {
    const std::size_t end = text.find("\r\n", at + 2), colon = text.find(": ", at + 2);
    request.headers.emplace_back(text.substr(at + 2, colon - at - 2), text.substr(colon + 2, end - colon - 2));
    at = end;
  }
  request.body = text.substr(head + 4);
  return request;
}

inline std::string head_of(const exchange::HttpResponse& response) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " OK\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  return text + "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n";
}

}  // namespace http_text
